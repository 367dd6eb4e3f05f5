// Package ask has the pages of public questions about products: those of a product, one with all its answers, the forms that ask, answer and
// edit; the way to report; the desk where a brand answers, and the platform's queue.
//
//	/p/:slug/questions, …/:id                       everybody's; they carry the trail of who recommended the product (page.Trail)
//	/p/:slug/questions/new, …/:id/edit, …           members'
//	/report/question/:id, /report/answer/:id        everybody's
//	/hidden/question/:id, /hidden/answer/:id        whose it is
//	/brand/:handle/questions…, /admin/questions…    a brand's team, the platform
//
// Panel is what a product's page shows of it.
package ask

import (
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/postgres"
	"relais/internal/questions"
	"relais/internal/reports"
	"relais/internal/web/page"
)

// Options is what the pages need.
type Options struct {
	Site      *page.Site
	DB        *postgres.DB
	Questions *questions.Service
	Now       func() time.Time // business time
	BaseURL   string           // of the site, without a slash at its end
}

// Server answers the pages. Create it with New.
type Server struct{ Options }

// New returns the server.
func New(o Options) *Server { return &Server{o} }

// Routes registers the pages.
func (s *Server) Routes(e *echo.Echo) {
	e.GET("/p/:slug/questions", s.list, s.Site.Shared(false))
	e.GET("/p/:slug/questions/new", s.showNew, page.RequireMember)
	e.POST("/p/:slug/questions/new", s.ask, page.RequireMember)
	e.GET("/p/:slug/questions/:id", s.one, s.Site.Shared(false))
	e.POST("/p/:slug/questions/:id", s.answer, page.RequireMember)
	e.GET("/p/:slug/questions/:id/edit", s.showEdit, page.RequireMember)
	e.POST("/p/:slug/questions/:id/edit", s.edit, page.RequireMember)
	e.POST("/p/:slug/questions/:id/delete", s.remove, page.RequireMember)
	a := e.Group("/p/:slug/questions/:id/answers/:answer", page.RequireMember)
	a.GET("/edit", s.showEditAnswer)
	a.POST("/edit", s.editAnswer)
	a.POST("/delete", s.removeAnswer)
	a.POST("/helpful", s.helpful)
	a.POST("/pin", s.pin)

	for _, part := range []reports.Part{questions.PartQuestion, questions.PartAnswer} {
		e.GET("/report/"+string(part)+"/:id", s.report(part))
		e.POST("/report/"+string(part)+"/:id", s.report(part))
	}
	e.GET("/brand/:handle/questions", s.desk, page.RequireBrand)
	e.POST("/brand/:handle/questions/:id", s.deskAnswer, page.RequireBrand)
	s.queue().Routes(e)
}

// number reads a number in a route; what is none does not exist.
func number(c echo.Context, name string) (int64, error) {
	n, err := strconv.ParseInt(c.Param(name), 10, 64)
	if err != nil || n <= 0 {
		return 0, fault.New(fault.NotFound, "fault.page_not_found")
	}
	return n, nil
}

func id(n int64) string { return strconv.FormatInt(n, 10) }

// viewer is the number of who looks; 0: a guest.
func viewer(c echo.Context) int64 {
	if v := page.ViewerFrom(c); v != nil {
		return v.ID
	}
	return 0
}

// Listed is a question with its best answer, as lists show it.
type Listed struct {
	questions.Question
	URL string
}

// Clock is how soon a brand usually answers; Days 0: nothing is said.
type Clock struct {
	Brand string
	Days  int
}

// Panel is what a product's page shows of its questions.
type Panel struct {
	List  []Listed
	Total int
	Clock Clock
	URL   string // of all of them
	New   string // where one asks
}

// onProduct is how many questions the page of a product shows.
const onProduct = 3

// PanelOf reads the questions about a product that have the best answers.
func PanelOf(c echo.Context, db *postgres.DB, p catalog.ProductPage, t page.Trail, now time.Time) (panel Panel, err error) {
	f := questions.Filter{ProductID: p.ID, Viewer: viewer(c), Limit: onProduct}
	panel.URL, panel.New = t.To("/p/"+p.Slug+"/questions"), t.To("/p/"+p.Slug+"/questions/new")
	if panel.Total, err = questions.CountOf(c.Request().Context(), db, f); err != nil {
		return panel, err
	}
	if panel.Clock, err = clockOf(c, db, p, now); err != nil || panel.Total == 0 {
		return panel, err
	}
	list, err := questions.Of(c.Request().Context(), db, f)
	panel.List = listed(list, t)
	return panel, err
}

func listed(list []questions.Question, t page.Trail) (out []Listed) {
	for _, q := range list {
		out = append(out, Listed{q, t.To(q.Path())})
	}
	return out
}

func clockOf(c echo.Context, db *postgres.DB, p catalog.ProductPage, now time.Time) (Clock, error) {
	days, _, err := questions.ClockOf(c.Request().Context(), db, p.BrandID, now)
	return Clock{p.Brand.Name, days}, err
}
