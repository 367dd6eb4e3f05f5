package inbox

import (
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"relais/internal/support"
	"relais/internal/web/casedesk"
	"relais/internal/web/page"
)

// report is what a side finds wrong with a message of the other; back is the page of the conversation, brand the handle of the team that reports.
func (s *Server) report(c echo.Context, talk int64, side support.Side, back, brand string) error {
	id, err := number(c, "message")
	if err != nil {
		return err
	}
	f := casedesk.Form[support.Message]{Back: back, Brand: brand, Reasons: casedesk.Reasons(page.Lang(c), "inbox.reason.", support.Reasons())}
	if f.Subject, err = support.Reportable(c.Request().Context(), s.DB, talk, id, side); err != nil {
		return err
	}
	said := support.Complaint{ConversationID: talk, MessageID: id, Side: side}
	if v := page.ViewerFrom(c); v != nil {
		said.MemberID = v.ID
	}
	return casedesk.Answer(c, s.Site, "inbox/report", f, func(reason, text string) error {
		said.Reason, said.Text = reason, text
		return s.Support.Report(c.Request().Context(), said)
	})
}

func (s *Server) buyerReports(c echo.Context, t talkPage) error {
	return s.report(c, t.Talk.ID, support.FromBuyer, t.Base, "")
}

func (s *Server) brandReports(c echo.Context, t conversationPage) error {
	return s.report(c, t.Talk.ID, support.FromBrand, t.Here, t.Brand.Handle)
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
	Action  string
	Key     string // of the report on the page
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
		j := judged{Report: r, Form: page.NewForm(), Key: strconv.FormatInt(r.ID, 10), Choices: []page.Option{{Value: "keep", Label: l.T("inbox.queue.keep")}, {Value: "hide", Label: l.T("inbox.queue.hide")}}}
		j.Action = "/admin/talks/" + j.Key + "#q-" + j.Key
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
	hide, err := casedesk.Chosen(form)
	if err == nil {
		err = s.Support.Decide(c.Request().Context(), id, page.ViewerFrom(c).ID, hide, form.Raw("why"))
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
