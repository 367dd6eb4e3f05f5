package ask

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"relais/internal/questions"
	"relais/internal/web/page"
)

type newPage struct {
	about
	Form    *page.Form
	Action  string
	Similar []Listed // that have answers, shown before the question is sent
}

func (s *Server) newPage(c echo.Context, form *page.Form) (newPage, error) {
	a, err := s.below(c, page.Lang(c).T("ask.ask"))
	return newPage{about: a, Form: form, Action: a.URL("/new")}, err
}

func (s *Server) showNew(c echo.Context) error {
	data, err := s.newPage(c, page.NewForm("title", c.QueryParam("title")))
	if err != nil {
		return err
	}
	return s.Site.Render(c, http.StatusOK, "ask/new", data)
}

// ask sends the question; before that, once, it shows similar ones that were answered already.
func (s *Server) ask(c echo.Context) error {
	ctx, form, l := c.Request().Context(), page.PostedForm(c), page.Lang(c)
	data, err := s.newPage(c, form)
	if err != nil {
		return err
	}
	title, _, err := questions.Tidy(form.Raw("title"), form.Raw("details"))
	if err == nil && !form.Has("seen", "yes") {
		similar, err := questions.Similar(ctx, s.DB, data.Product.ID, l, title)
		if err != nil {
			return err
		}
		if data.Similar = listed(similar, data.Trail); len(similar) > 0 {
			return s.Site.Render(c, http.StatusOK, "ask/new", data)
		}
	}
	var n int64
	if err == nil {
		n, err = s.Questions.Ask(ctx, questions.Draft{MemberID: viewer(c), ProductID: data.Product.ID, Lang: l, Title: title, Details: form.Raw("details")})
	}
	if form.Refused(err) {
		return s.Site.Render(c, form.Status(), "ask/new", data)
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, "ask.asked")
	return page.Redirect(c, data.URL("/"+id(n)))
}

// answer answers the question of the address.
func (s *Server) answer(c echo.Context) error {
	q, err := s.question(c)
	if err != nil {
		return err
	}
	form := page.PostedForm(c)
	n, err := s.Questions.Answer(c.Request().Context(), questions.Reply{MemberID: viewer(c), QuestionID: q.ID, Lang: page.Lang(c), Body: form.Raw("body")})
	if form.Refused(err) {
		return s.showOne(c, form)
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, "ask.answered")
	return page.Redirect(c, page.TrailOf(c).To(q.Path())+"#a-"+id(n))
}

type editPage struct {
	about
	Form   *page.Form
	Answer bool // it is an answer that is edited, not the question
	Hidden bool // it is hidden, and the platform will look again
	Title  string
	Action string
	Back   string
}

func (s *Server) editPage(c echo.Context, q questions.Question, form *page.Form) (editPage, error) {
	a, err := s.below(c, page.Lang(c).T("ask.edit"))
	return editPage{about: a, Form: form, Title: q.Title, Action: a.Trail.To(c.Request().URL.Path), Back: a.URL("/" + id(q.ID))}, err
}

// may asks the rules before a form is shown, as the use case will when it is sent.
func (s *Server) may(c echo.Context, q questions.Question, about func(questions.Standing) questions.Standing) error {
	st, err := questions.StandingOf(c.Request().Context(), s.DB, viewer(c), q.ProductID, s.Now())
	if err != nil {
		return err
	}
	return questions.May(questions.Edit, about(st))
}

func (s *Server) showEdit(c echo.Context) error {
	q, err := s.question(c)
	if err == nil {
		err = s.may(c, q, func(st questions.Standing) questions.Standing { return st.About(q) })
	}
	if err != nil {
		return err
	}
	data, err := s.editPage(c, q, page.NewForm("title", q.Title, "details", q.Details))
	if err != nil {
		return err
	}
	return s.Site.Render(c, http.StatusOK, "ask/edit", data)
}

func (s *Server) edit(c echo.Context) error {
	q, err := s.question(c)
	if err != nil {
		return err
	}
	form := page.PostedForm(c)
	data, err := s.editPage(c, q, form)
	if err != nil {
		return err
	}
	err = s.Questions.EditQuestion(c.Request().Context(), viewer(c), q.ID, form.Raw("title"), form.Raw("details"))
	return s.edited(c, data, err)
}

// edited ends an edit: shown again where it was refused, else on the question's page.
func (s *Server) edited(c echo.Context, data editPage, err error) error {
	if data.Form.Refused(err) {
		return s.Site.Render(c, data.Form.Status(), "ask/edit", data)
	}
	if err != nil {
		return err
	}
	if data.Hidden {
		s.Site.Good(c, "ask.hidden.edited")
	} else {
		s.Site.Good(c, "ask.edited_done")
	}
	return page.Redirect(c, data.Back)
}

// answerOf is the answer of the address with its question: one that readers see, or that the platform hides of the viewer's.
func (s *Server) answerOf(c echo.Context) (q questions.Question, a questions.Answer, err error) {
	if q, err = s.question(c); err != nil {
		return q, a, err
	}
	n, err := number(c, "answer")
	if err != nil {
		return q, a, err
	}
	for _, a := range q.Answers {
		if a.ID == n {
			return q, a, nil
		}
	}
	hidden, err := questions.HiddenAnswer(c.Request().Context(), s.DB, viewer(c), q.ID)
	if err == nil && (hidden == nil || hidden.ID != n) {
		err = questions.ErrGone
	}
	if err != nil {
		return q, a, err
	}
	return q, *hidden, nil
}

func (s *Server) showEditAnswer(c echo.Context) error {
	q, a, err := s.answerOf(c)
	if err == nil {
		err = s.may(c, q, func(st questions.Standing) questions.Standing { return st.AboutAnswer(a) })
	}
	if err != nil {
		return err
	}
	data, err := s.editPage(c, q, page.NewForm("body", a.Body))
	if err != nil {
		return err
	}
	data.Answer, data.Hidden = true, a.State == questions.Hidden
	return s.Site.Render(c, http.StatusOK, "ask/edit", data)
}

func (s *Server) editAnswer(c echo.Context) error {
	q, a, err := s.answerOf(c)
	if err != nil {
		return err
	}
	form := page.PostedForm(c)
	data, err := s.editPage(c, q, form)
	if err != nil {
		return err
	}
	data.Answer, data.Hidden = true, a.State == questions.Hidden
	return s.edited(c, data, s.Questions.EditAnswer(c.Request().Context(), viewer(c), a.ID, form.Raw("body")))
}

func (s *Server) remove(c echo.Context) error {
	q, err := s.question(c)
	if err == nil {
		err = s.Questions.DeleteQuestion(c.Request().Context(), viewer(c), q.ID)
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, "ask.deleted")
	return page.Redirect(c, page.TrailOf(c).To("/p/"+q.Slug+"/questions"))
}

// onAnswer runs a use case on the answer of the address and returns to it.
func (s *Server) onAnswer(c echo.Context, done string, do func(ctx context.Context, a questions.Answer) error) error {
	q, a, err := s.answerOf(c)
	if err == nil {
		err = do(c.Request().Context(), a)
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, done)
	return page.Redirect(c, page.TrailOf(c).To(q.Path())+"#a-"+id(a.ID))
}

func (s *Server) removeAnswer(c echo.Context) error {
	return s.onAnswer(c, "ask.deleted", func(ctx context.Context, a questions.Answer) error {
		return s.Questions.DeleteAnswer(ctx, viewer(c), a.ID)
	})
}

func (s *Server) helpful(c echo.Context) error {
	helped := c.FormValue("helpful") != "no"
	return s.onAnswer(c, map[bool]string{true: "ask.marked", false: "ask.unmarked"}[helped], func(ctx context.Context, a questions.Answer) error {
		return s.Questions.Mark(ctx, viewer(c), a.ID, helped)
	})
}

func (s *Server) pin(c echo.Context) error {
	pin := c.FormValue("pin") != "no"
	return s.onAnswer(c, map[bool]string{true: "ask.pinned_done", false: "ask.unpinned_done"}[pin], func(ctx context.Context, a questions.Answer) error {
		return s.Questions.Pin(ctx, viewer(c), a.ID, pin)
	})
}
