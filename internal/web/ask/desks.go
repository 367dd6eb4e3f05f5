package ask

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"relais/internal/fault"
	"relais/internal/questions"
	"relais/internal/web/page"
)

// deskSize is how much a page of a desk shows.
const deskSize = 20

type deskPage struct {
	Brand   page.BrandRef
	Clock   Clock
	List    []deskQuestion
	Tabs    []page.Tab
	Pager   *page.Pager
	Empty   page.Empty
	Problem *page.Form // an answer that was refused; nil: none
	Query   string     // that keeps the filter when an answer is sent
}

// deskQuestion is a question with the form of the brand's answer; Form nil: the brand answered.
type deskQuestion struct {
	questions.Question
	Form *page.Form
}

func brandOf(c echo.Context) page.BrandRef {
	b, _ := page.ViewerFrom(c).Brand(c.Param("handle")) // RequireBrand stands before
	return b
}

func (s *Server) desk(c echo.Context) error { return s.showDesk(c, 0, nil) }

// showDesk is what people ask a brand, what it has not answered first; form is a refused answer to the question of that number.
func (s *Server) showDesk(c echo.Context, refused int64, form *page.Form) error {
	ctx, l, b := c.Request().Context(), page.Lang(c), brandOf(c)
	open := c.QueryParam("show") != "all"
	n, err := questions.CountOfBrand(ctx, s.DB, b.ID, open)
	if err != nil {
		return err
	}
	data := deskPage{Brand: b, Pager: page.NewPager(c, deskSize, n), Problem: form, Clock: Clock{Brand: b.Name}}
	list, err := questions.OfBrand(ctx, s.DB, b.ID, open, deskSize, data.Pager.Offset())
	if err != nil {
		return err
	}
	if data.Clock.Days, _, err = questions.ClockOf(ctx, s.DB, b.ID, s.Now()); err != nil {
		return err
	}
	for _, q := range list {
		one := deskQuestion{Question: q, Form: page.NewForm()}
		for _, a := range q.Answers {
			if a.ByBrand {
				one.Form = nil
			}
		}
		if form != nil && q.ID == refused {
			one.Form = form
		}
		data.List = append(data.List, one)
	}
	base, status := "/brand/"+b.Handle+"/questions", http.StatusOK
	data.Tabs = []page.Tab{{URL: base, Label: l.T("ask.desk.open"), Current: open}, {URL: base + "?show=all", Label: l.T("ask.desk.all"), Current: !open}}
	data.Empty = page.Empty{Icon: "message-circle", Title: l.T("ask.desk.empty"), Text: l.T("ask.desk.empty_text"), URL: "/brand/" + b.Handle + "/products", Action: l.T("ask.desk.to_products")}
	if !open {
		data.Query = "?show=all"
	}
	if form != nil {
		status = form.Status()
	}
	return s.Site.Render(c, status, "ask/desk", data)
}

// deskAnswer answers a question in place; to other brands it does not exist.
func (s *Server) deskAnswer(c echo.Context) error {
	ctx, form, b := c.Request().Context(), page.PostedForm(c), brandOf(c)
	n, err := number(c, "id")
	if err != nil {
		return err
	}
	q, err := questions.ByID(ctx, s.DB, 0, n)
	if err == nil && q.BrandID != b.ID {
		err = questions.ErrGone
	}
	if err == nil {
		_, err = s.Questions.Answer(ctx, questions.Reply{MemberID: viewer(c), QuestionID: n, Lang: page.Lang(c), Body: form.Raw("body")})
	}
	if form.Refused(err) {
		return s.showDesk(c, n, form)
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, "ask.answered")
	path := "/brand/" + b.Handle + "/questions"
	if c.QueryParam("show") == "all" {
		path += "?show=all#q-" + id(n)
	}
	return page.Redirect(c, path)
}

type reportPage struct {
	Part    questions.Part
	Subject questions.Subject
	Team    bool // it is the brand that reports
	Form    *page.Form
	Reasons []page.Option
	Action  string
	Back    string
}

func (s *Server) reportPage(c echo.Context, part questions.Part, form *page.Form) (data reportPage, err error) {
	n, err := number(c, "id")
	if err != nil {
		return data, err
	}
	l := page.Lang(c)
	data = reportPage{Part: part, Form: form, Action: c.Request().URL.Path, Reasons: []page.Option{{Label: l.T("opinion.report.choose")}}}
	for _, r := range questions.Reasons() {
		data.Reasons = append(data.Reasons, page.Option{Value: r, Label: l.T("ask.reason." + r)})
	}
	data.Subject, data.Team, err = questions.About(c.Request().Context(), s.DB, viewer(c), part, n, s.Now())
	data.Back = data.Subject.Question.Path()
	return data, err
}

func (s *Server) showReport(part questions.Part) echo.HandlerFunc {
	return func(c echo.Context) error {
		data, err := s.reportPage(c, part, page.NewForm())
		if err != nil {
			return err
		}
		return s.Site.Render(c, http.StatusOK, "ask/report", data)
	}
}

// report takes in what somebody found wrong, with an account or without.
func (s *Server) report(part questions.Part) echo.HandlerFunc {
	return func(c echo.Context) error {
		data, err := s.reportPage(c, part, page.PostedForm(c))
		if err != nil {
			return err
		}
		n, err := number(c, "id")
		if err != nil {
			return err
		}
		err = s.Questions.Report(c.Request().Context(), questions.Complaint{Part: part, ID: n, MemberID: viewer(c), Reason: data.Form.Get("reason"), Text: data.Form.Raw("text")})
		if data.Form.Refused(err) {
			return s.Site.Render(c, data.Form.Status(), "ask/report", data)
		}
		if err != nil {
			return err
		}
		s.Site.Good(c, "opinion.report.done")
		return page.Redirect(c, data.Back)
	}
}

type queuePage struct {
	Cases   []caseForm
	Decided []questions.Report
	Pager   *page.Pager
}

// caseForm is something reported with the form that decides.
type caseForm struct {
	questions.Case
	Form    *page.Form
	Choices []page.Option
}

func (s *Server) queue(c echo.Context) error { return s.showQueue(c, questions.Decision{}, nil) }

// decidedLately is how many decisions the queue shows.
const decidedLately = 20

// showQueue is what was reported and waits, the oldest first; form is a refused decision.
func (s *Server) showQueue(c echo.Context, d questions.Decision, form *page.Form) error {
	ctx, l := c.Request().Context(), page.Lang(c)
	data := queuePage{Pager: page.NewPager(c, deskSize, 0)}
	cases, total, err := questions.Cases(ctx, s.DB, deskSize, data.Pager.Offset())
	if err != nil {
		return err
	}
	data.Pager.Total = total
	status := http.StatusOK
	for _, one := range cases {
		f := caseForm{Case: one, Form: page.NewForm(), Choices: []page.Option{
			{Value: "keep", Label: l.T("opinion.queue.keep"), Hint: l.T("opinion.queue.keep_hint")},
			{Value: "hide", Label: l.T("opinion.queue.hide"), Hint: l.T("ask.queue.hide_hint")}}}
		if form != nil && one.Part == d.Part && one.ID == d.ID {
			f.Form, status = form, form.Status()
		}
		data.Cases = append(data.Cases, f)
	}
	if data.Decided, err = questions.Decided(ctx, s.DB, decidedLately); err != nil {
		return err
	}
	return s.Site.Render(c, status, "ask/queue", data)
}

// decide ends the reports about one thing. A form without a choice is a fault of its field.
func (s *Server) decide(c echo.Context) error {
	n, err := number(c, "id")
	if err != nil {
		return err
	}
	form := page.PostedForm(c)
	d := questions.Decision{Part: questions.Part(c.Param("part")), ID: n, By: viewer(c), Hide: form.Get("do") == "hide", Why: form.Raw("why")}
	if do := form.Get("do"); do != "keep" && do != "hide" {
		err = fault.Field("do", "fault.required")
	} else {
		err = s.Questions.Decide(c.Request().Context(), d)
	}
	if form.Refused(err) {
		return s.showQueue(c, d, form)
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, "opinion.queue.done")
	return page.Redirect(c, "/admin/questions")
}
