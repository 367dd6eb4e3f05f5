package ask

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/changes"
	"relais/internal/fault"
	"relais/internal/prose"
	"relais/internal/questions"
	"relais/internal/reports"
	"relais/internal/web/page"
	"relais/internal/web/preview"
)

// listSize is how many questions a page lists.
const listSize = 10

// about is what all pages of a product's questions have.
type about struct {
	Product catalog.ProductPage
	Trail   page.Trail
	Crumbs  []page.Crumb
	Base    string // path of the list, without the trail
	Image   string // absolute address of the picture that conversations show
}

// About reads the product of the address, whose page is there to be seen; crumbs lead from it to a page, of which the last is named by label.
func (s *Server) about(c echo.Context, label string, crumbs ...page.Crumb) (a about, err error) {
	ctx, l := c.Request().Context(), page.Lang(c)
	if a.Product, err = catalog.BySlug(ctx, s.DB, c.Param("slug"), l, s.Now()); err != nil {
		return a, err
	}
	if !a.Product.Visible {
		return a, fault.New(fault.NotFound, "fault.page_not_found")
	}
	a.Trail, a.Base = page.TrailOf(c), "/p/"+a.Product.Slug+"/questions"
	a.Crumbs = append([]page.Crumb{{URL: a.Trail.Product(a.Product.Slug), Label: a.Product.Title}}, crumbs...)
	a.Crumbs = append(a.Crumbs, page.Crumb{Label: label})
	cards, err := catalog.Cards(ctx, s.DB, l, s.Now(), a.Product.ID)
	if err != nil {
		return a, err
	}
	shown := preview.Subject{Lang: l}
	for _, card := range cards {
		shown.Product(card)
	}
	a.Image = shown.Of(s.BaseURL + "/p/" + a.Product.Slug)
	page.Shows(c, changes.Brand(a.Product.BrandID))
	return a, nil
}

// below is about with the list of questions among the crumbs.
func (s *Server) below(c echo.Context, label string) (about, error) {
	return s.about(c, label, page.Crumb{URL: page.TrailOf(c).To("/p/" + c.Param("slug") + "/questions"), Label: page.Lang(c).T("ask.title")})
}

// URL is the address of a page below the list, with the trail.
func (a about) URL(below string) string { return a.Trail.To(a.Base + below) }

type listPage struct {
	about
	List   []Listed
	Words  string
	Sort   questions.Sort
	Sorts  []page.Tab
	Pager  *page.Pager
	Empty  page.Empty
	Clock  Clock
	New    string // where one asks, with the words that were searched
	Linked *linkedFAQ
}

// mostWords is how long a search may be.
const mostWords = 200

// list is the questions about a product, the most useful first or the newest, or those with some words.
func (s *Server) list(c echo.Context) error {
	ctx, l := c.Request().Context(), page.Lang(c)
	a, err := s.about(c, l.T("ask.title"))
	if err != nil {
		return err
	}
	data := listPage{about: a, Words: prose.Line(c.QueryParam("q")), Sort: questions.Useful}
	if r := []rune(data.Words); len(r) > mostWords {
		data.Words = string(r[:mostWords])
	}
	if c.QueryParam("sort") == string(questions.Newest) {
		data.Sort = questions.Newest
	}
	f := questions.Filter{ProductID: a.Product.ID, Words: data.Words, Sort: data.Sort, Viewer: viewer(c), Limit: listSize}
	n, err := questions.CountOf(ctx, s.DB, f)
	if err != nil {
		return err
	}
	data.Pager = page.NewPager(c, listSize, n)
	f.Offset = data.Pager.Offset()
	list, err := questions.Of(ctx, s.DB, f)
	if err != nil {
		return err
	}
	if data.Clock, err = clockOf(c, s.DB, a.Product, s.Now()); err != nil {
		return err
	}
	data.List, data.Linked = listed(list, a.Trail), faqOf(list)
	for _, sort := range []questions.Sort{questions.Useful, questions.Newest} {
		tab := page.Tab{URL: a.Trail.To(a.Base, "q", data.Words, "sort", strings.TrimPrefix(string(sort), string(questions.Useful))), Label: l.T("ask.sort." + string(sort))}
		tab.Current = sort == data.Sort
		data.Sorts = append(data.Sorts, tab)
	}
	data.New = a.Trail.To(a.Base+"/new", "title", data.Words)
	data.Empty = page.Empty{Icon: "message-circle", Title: l.T("ask.empty"), Text: l.T("ask.empty_text"), URL: data.New, Action: l.T("ask.ask")}
	if data.Words != "" {
		data.Empty.Title, data.Empty.Text = l.T("ask.none_found"), l.T("ask.none_found_text")
	}
	return s.Site.Render(c, http.StatusOK, "ask/list", data)
}

// acts is what the viewer may do with a question or an answer.
type acts struct{ Edit, Delete, Mark, Pin, Report bool }

func actsOf(st questions.Standing) acts {
	may := func(a questions.Act) bool { return questions.May(a, st) == nil }
	return acts{Edit: may(questions.Edit), Delete: may(questions.Delete), Mark: may(questions.Mark), Pin: may(questions.Pin), Report: may(questions.ReportAct)}
}

// answerView is an answer with what the viewer may do with it.
type answerView struct {
	questions.Answer
	May acts
	URL string // below which its forms are
}

// hiddenAnswer is what the platform hides of the viewer's, or their brand's.
type hiddenAnswer struct {
	questions.Answer
	Edit string // where it is written anew
	Own  string // where the reason is read, and contested
}

// hidden is that of a question; nil: none.
func (s *Server) hidden(c echo.Context, q questions.Question) (*hiddenAnswer, error) {
	a, err := questions.HiddenAnswer(c.Request().Context(), s.DB, viewer(c), q.ID)
	if err != nil || a == nil {
		return nil, err
	}
	return &hiddenAnswer{*a, q.Path() + "/answers/" + id(a.ID) + "/edit", reports.HiddenPath(questions.PartAnswer, a.ID)}, nil
}

type onePage struct {
	about
	Question questions.Question
	May      acts
	Answers  []answerView
	Reply    *page.Form // nil: the viewer cannot answer, or has
	Team     bool       // they answer for the brand
	Designer bool       // or as who designed the product
	Hidden   *hiddenAnswer
	Clock    Clock
	Linked   *linkedQA
}

// one is a question with all its answers.
func (s *Server) one(c echo.Context) error { return s.showOne(c, page.NewForm()) }

// showOne answers the page of the question of the address; form is the viewer's answer.
func (s *Server) showOne(c echo.Context, form *page.Form) error {
	ctx := c.Request().Context()
	q, err := s.question(c)
	if err != nil {
		return err
	}
	a, err := s.below(c, page.Lang(c).T("ask.one"))
	if err != nil {
		return err
	}
	st, err := questions.StandingOf(ctx, s.DB, viewer(c), q.ProductID, s.Now())
	if err != nil {
		return err
	}
	data := onePage{about: a, Question: q, May: actsOf(st.About(q)), Team: st.Team, Designer: st.Designer, Linked: qaOf(page.Lang(c), q, s.BaseURL)}
	if data.Hidden, err = s.hidden(c, q); err != nil {
		return err
	}
	said := data.Hidden != nil
	for _, one := range q.Answers {
		on := st.AboutAnswer(one)
		said = said || on.Own
		data.Answers = append(data.Answers, answerView{one, actsOf(on), a.Base + "/" + id(q.ID) + "/answers/" + id(one.ID)})
	}
	if (!said || form.Failed()) && questions.May(questions.AnswerIt, st.About(q)) == nil {
		data.Reply = form
	}
	if data.Clock, err = clockOf(c, s.DB, a.Product, s.Now()); err != nil {
		return err
	}
	return s.Site.Render(c, form.Status(), "ask/one", data)
}

// question is that of the address, about the product of the address.
func (s *Server) question(c echo.Context) (q questions.Question, err error) {
	n, err := number(c, "id")
	if err != nil {
		return q, err
	}
	q, err = questions.ByID(c.Request().Context(), s.DB, viewer(c), n)
	if err == nil && q.Slug != c.Param("slug") {
		err = questions.ErrGone
	}
	return q, err
}
