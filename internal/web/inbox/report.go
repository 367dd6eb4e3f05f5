package inbox

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/support"
	"relais/internal/web/page"
)

// reportPage is the form by which a side reports a message of the other.
type reportPage struct {
	Message support.Message
	Back    string
	Action  string
	Brand   string // whose page it is; empty: the buyer's
	Form    *page.Form
	Reasons []page.Option

	talk int64
	side support.Side
}

func (s *Server) reportPage(c echo.Context, talk int64, side support.Side, back string) (d reportPage, err error) {
	id, err := number(c, "message")
	if err != nil {
		return d, err
	}
	d = reportPage{Back: back, Action: back + "/report/" + c.Param("message"), Form: page.NewForm(), Reasons: reasons(page.Lang(c)), talk: talk, side: side}
	d.Message, err = support.Reportable(c.Request().Context(), s.DB, talk, id, side)
	return d, err
}

func reasons(l i18n.Lang) []page.Option {
	list := []page.Option{{Value: "", Label: l.T("opinion.report.choose")}}
	for _, r := range support.Reasons() {
		list = append(list, page.Option{Value: r, Label: l.T("inbox.reason." + r)})
	}
	return list
}

// report shows the form, and on POST takes it in.
func (s *Server) report(c echo.Context, d reportPage) error {
	if c.Request().Method != http.MethodPost {
		return s.Site.Render(c, http.StatusOK, "inbox/report", d)
	}
	d.Form = page.PostedForm(c)
	complaint := support.Complaint{ConversationID: d.talk, MessageID: d.Message.ID, Side: d.side, Reason: d.Form.Get("reason"), Text: d.Form.Raw("text")}
	if v := page.ViewerFrom(c); v != nil {
		complaint.MemberID = v.ID
	}
	err := s.Support.Report(c.Request().Context(), complaint)
	if d.Form.Refused(err) {
		return s.Site.Render(c, d.Form.Status(), "inbox/report", d)
	}
	return s.done(c, err, "opinion.report.done", d.Back)
}

func (s *Server) buyerReports(c echo.Context, t talkPage) error {
	d, err := s.reportPage(c, t.Talk.ID, support.FromBuyer, t.Base)
	if err != nil {
		return err
	}
	return s.report(c, d)
}

func (s *Server) brandReports(c echo.Context, t conversationPage) error {
	d, err := s.reportPage(c, t.Talk.ID, support.FromBrand, t.Here)
	if err != nil {
		return err
	}
	d.Brand = t.Brand.Handle
	return s.report(c, d)
}

type queuePage struct {
	Waiting []judged
	Decided []support.Report
}

// judged is a report that waits, with the form of the decision.
type judged struct {
	support.Report
	Form    *page.Form
	Choices []page.Option
}

// inQueue is how many reports the queue shows.
const inQueue = 50

func (s *Server) queue(c echo.Context) error { return s.showQueue(c, 0, nil) }

// showQueue is what was reported and waits; form is the refused decision about one of them.
func (s *Server) showQueue(c echo.Context, of int64, form *page.Form) error {
	l, status := page.Lang(c), http.StatusOK
	waiting, decided, err := support.Reports(c.Request().Context(), s.DB, inQueue)
	if err != nil {
		return err
	}
	d := queuePage{Decided: decided}
	for _, r := range waiting {
		j := judged{r, page.NewForm(), []page.Option{{Value: "keep", Label: l.T("inbox.queue.keep")}, {Value: "hide", Label: l.T("inbox.queue.hide")}}}
		if form != nil && r.ID == of {
			j.Form, status = form, form.Status()
		}
		d.Waiting = append(d.Waiting, j)
	}
	return s.Site.Render(c, status, "inbox/queue", d)
}

func (s *Server) decide(c echo.Context) error {
	id, err := number(c, "id")
	if err != nil {
		return err
	}
	form := page.PostedForm(c)
	switch form.Get("do") {
	case "keep", "hide":
		err = s.Support.Decide(c.Request().Context(), id, page.ViewerFrom(c).ID, form.Get("do") == "hide", form.Raw("why"))
	default:
		err = fault.Field("do", "fault.required")
	}
	if form.Refused(err) {
		return s.showQueue(c, id, form)
	}
	return s.done(c, err, "opinion.queue.done", "/admin/talks")
}

// judgedPhoto answers a photograph of a conversation that the platform decides about.
func (s *Server) judgedPhoto(c echo.Context) error {
	id, err := number(c, "id")
	if err != nil {
		return err
	}
	talk, err := support.Judged(c.Request().Context(), s.DB, id)
	if err != nil {
		return err
	}
	return s.photograph(c, talk, support.FromBuyer)
}
