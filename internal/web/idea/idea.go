// Package idea has the pages of ideas: where members propose pieces to brands and support what others proposed, and where brands answer.
//
//	/ideas   /b/:handle/ideas   /ideas/ID-title     everybody's: what is open, a brand's, one with its thread and what is said about it
//	/ideas/new   /me/ideas                          a member's
//	/brand/:handle/ideas…                           a team's desk: what is due, what is open, what was answered, and on which terms it takes ideas
//	/admin/ideas                                    what was reported
package idea

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/fault"
	"relais/internal/ideas"
	"relais/internal/media"
	"relais/internal/postgres"
	"relais/internal/web/page"
)

// Options is what the pages need.
type Options struct {
	Site    *page.Site
	DB      *postgres.DB
	Ideas   *ideas.Service
	Media   *media.Store
	Now     func() time.Time // business time
	BaseURL string           // of the site, without a slash at its end
}

// Server answers the pages. Create it with New.
type Server struct{ Options }

// New returns the server.
func New(o Options) *Server { return &Server{o} }

// Uploads names the route that takes files, with its limit in bytes: for page.Options.Uploads.
func Uploads() map[string]int64 {
	return map[string]int64{"/ideas/new": ideas.MaxPhotos*media.MaxBytes + 64<<10}
}

// Routes registers the pages.
func (s *Server) Routes(e *echo.Echo) {
	e.GET("/ideas", s.market)
	e.GET("/b/:handle/ideas", s.ofBrand)
	e.GET("/ideas/new", s.proposing, page.RequireMember)
	e.POST("/ideas/new", s.propose, page.RequireMember)
	e.GET("/ideas/:idea", s.one)
	e.POST("/ideas/:idea/support", s.support, page.RequireMember)
	e.POST("/ideas/:idea/unsupport", s.act(s.Ideas.TakeBack, "ideas.page.taken_back"), page.RequireMember)
	e.POST("/ideas/:idea/withdraw", s.act(s.Ideas.Withdraw, "ideas.own.withdrawn"), page.RequireMember)
	e.POST("/ideas/:idea/erase", s.act(s.Ideas.Erase, "ideas.own.erased"), page.RequireMember)
	e.POST("/ideas/:idea/name", s.name, page.RequireMember)
	e.POST("/ideas/:idea/comments", s.comment, page.RequireMember)
	e.POST("/ideas/:idea/comments/:comment/erase", s.eraseComment, page.RequireMember)
	e.GET("/ideas/:idea/report", s.report)
	e.POST("/ideas/:idea/report", s.report)
	e.GET("/ideas/:idea/comments/:comment/report", s.report)
	e.POST("/ideas/:idea/comments/:comment/report", s.report)
	e.GET("/me/ideas", s.mine, page.RequireMember)

	b := e.Group("/brand/:handle/ideas", page.RequireBrand)
	b.GET("", s.desk)
	b.GET("/settings", s.settings)
	b.POST("/settings", s.set)
	b.GET("/:idea", s.deskIdea)
	b.POST("/:idea/answer", s.answer)
	b.POST("/:idea/merge", s.merge)
	b.POST("/:idea/product", s.product)

	s.queue().Routes(e)
}

// number reads the number at the head of a part of the address, "7-a-title"; what is none does not exist.
func number(c echo.Context, name string) (int64, error) {
	digits, _, _ := strings.Cut(c.Param(name), "-")
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 {
		return 0, ideas.ErrGone
	}
	return n, nil
}

// viewer is the number of who looks; 0: a guest.
func viewer(c echo.Context) int64 {
	if v := page.ViewerFrom(c); v != nil {
		return v.ID
	}
	return 0
}

func brandOf(c echo.Context) page.BrandRef {
	b, _ := page.ViewerFrom(c).Brand(c.Param("handle")) // RequireBrand stands before
	return b
}

// said tells of a fault that somebody can do something about at the head of the page to which they are led.
func (s *Server) said(c echo.Context, err error, done, path string) error {
	var refused *fault.Error
	switch {
	case err == nil:
		s.Site.Good(c, done)
	case errors.As(err, &refused) && (refused.Kind == fault.Conflict || refused.Kind == fault.TooMany):
		s.Site.Bad(c, refused.Message)
	default:
		return err
	}
	return page.Redirect(c, path)
}

// seen is the idea of the address as the viewer may see it.
func (s *Server) seen(c echo.Context) (ideas.View, error) {
	id, err := number(c, "idea")
	if err != nil {
		return ideas.View{}, err
	}
	return ideas.ByID(c.Request().Context(), s.DB, id, viewer(c))
}

// listed is how many ideas a page of a list has.
const listed = 20

type listPage struct {
	Brand   *ideas.Taker // nil: of all brands
	Counts  ideas.Counts // of the brand
	List    []ideas.View
	Tabs    []page.Tab
	Takers  []ideas.Taker
	Filter  *page.Form
	Choices []page.Option // brands
	Pager   *page.Pager
	Empty   page.Empty
	Propose string // address of the form; empty: nobody takes ideas
}

// market is all ideas that are open, the newest or the most supported first, of all brands or of one.
func (s *Server) market(c echo.Context) error {
	ctx, l := c.Request().Context(), page.Lang(c)
	data := listPage{Filter: page.QueryForm(c), Pager: page.NewPager(c, listed, 0), Choices: []page.Option{{Label: l.T("ideas.list.all_brands")}}}
	var err error
	if data.Takers, err = ideas.Takers(ctx, s.DB); err != nil {
		return err
	}
	q := ideas.Query{States: []ideas.State{ideas.Open}, Viewer: viewer(c)}
	for _, t := range data.Takers {
		data.Choices = append(data.Choices, page.Option{Value: t.Handle, Label: t.Name})
		if t.Handle == data.Filter.Get("brand") {
			q.BrandID = t.ID
		}
	}
	if data.Filter.Get("sort") == "most" {
		q.Order = ideas.Most
	} else {
		data.Filter.Set("sort", "")
	}
	if data.List, data.Pager.Total, err = ideas.List(ctx, s.DB, q, listed, data.Pager.Offset()); err != nil {
		return err
	}
	data.Empty = page.Empty{Icon: "sparkles", Title: l.T("ideas.list.empty"), Text: l.T("ideas.list.empty_text"), URL: "/brands", Action: l.T("shop.home.all_brands")}
	if len(data.Takers) > 0 {
		data.Propose = "/ideas/new"
		data.Empty.URL, data.Empty.Action = data.Propose, l.T("ideas.propose")
	}
	return s.Site.Render(c, http.StatusOK, "idea/list", data)
}

type minePage struct {
	Proposed  []ideas.View
	Supported []ideas.View
	Empty     page.Empty
}

// mostMine is how many of each its page shows.
const mostMine = 50

// mine is what a member proposed and what they support.
func (s *Server) mine(c echo.Context) (err error) {
	ctx, l := c.Request().Context(), page.Lang(c)
	data := minePage{Empty: page.Empty{Icon: "sparkles", Title: l.T("ideas.mine.empty"), Text: l.T("ideas.mine.empty_text"), URL: "/ideas", Action: l.T("ideas.mine.to_list")}}
	if data.Proposed, err = ideas.ProposedBy(ctx, s.DB, viewer(c), mostMine, 0); err != nil {
		return err
	}
	if data.Supported, err = ideas.SupportedBy(ctx, s.DB, viewer(c), mostMine, 0); err != nil {
		return err
	}
	return s.Site.Render(c, http.StatusOK, "idea/mine", data)
}
