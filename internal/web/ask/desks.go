package ask

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"relais/internal/questions"
	"relais/internal/reports"
	"relais/internal/web/casedesk"
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

// deskQuestion is a question with the form of the brand's answer; Form nil: the brand answered, though the platform may hide that.
type deskQuestion struct {
	questions.Question
	Form   *page.Form
	Hidden *hiddenAnswer
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
		if one.Form != nil {
			if one.Hidden, err = s.hidden(c, q); err != nil {
				return err
			}
			if one.Hidden != nil && one.Hidden.ByBrand {
				one.Form = nil
			} else {
				one.Hidden = nil
			}
		}
		if form != nil && q.ID == refused {
			one.Form = form
		}
		data.List = append(data.List, one)
	}
	base, status := "/brand/"+b.Handle+"/questions", http.StatusOK
	data.Pager.Path = base
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

// report is what somebody finds wrong, with an account or without.
func (s *Server) report(part reports.Part) echo.HandlerFunc {
	return func(c echo.Context) error {
		n, err := number(c, "id")
		if err != nil {
			return err
		}
		f := casedesk.Form[questions.Subject]{Part: part, Reasons: casedesk.Reasons(page.Lang(c), "ask.reason.", questions.Reasons())}
		if f.Subject, f.Words, err = questions.About(c.Request().Context(), s.DB, viewer(c), part, n, s.Now()); err != nil {
			return err
		}
		f.Back = f.Subject.Question.Path()
		return casedesk.Answer(c, s.Site, "ask/report", f, func(reason, text string) error {
			return s.Questions.Report(c.Request().Context(), reports.Complaint{Part: part, ID: n, MemberID: viewer(c), Reason: reason, Text: text})
		})
	}
}

// queue is where the platform decides.
func (s *Server) queue() casedesk.Desk[questions.Subject] {
	return casedesk.Desk[questions.Subject]{Site: s.Site, DB: s.DB, Reports: s.Questions.Reports(), Decide: s.Questions.Decide, Now: s.Now, Page: "ask/queue", Path: "/admin/questions",
		Own: "ask/hidden", Kinds: []reports.Part{questions.PartQuestion, questions.PartAnswer},
		Reasons: "ask.reason.", Parts: "ask.part.", Keep: "opinion.queue.keep_hint", Hide: "ask.queue.hide_hint"}
}
