// Package gallery has the pages of published designs.
//
//	/designs/:id/publish            an author asks: title, note, royalty, what others may do, and what a sale would pay whom
//	/me/publications                what they publish, with its state, what it sold and earned
//	/p/:slug/vary                   a member begins a variation of a design that is sold
//	/p/:slug/report                 anybody reports one that breaks rights
//	/brand/:handle/publications…    the team's desk: what waits, what is sold; accept, refuse
//	/admin/publications             what was reported
//
// The settings of a base stand on its page, package studio; who drew a product stands on the product's, package shop (Credit of package publications).
package gallery

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/designs"
	"relais/internal/fault"
	"relais/internal/pace"
	"relais/internal/postgres"
	"relais/internal/publications"
	"relais/internal/web/orderform"
	"relais/internal/web/page"
)

// Options is what the pages need.
type Options struct {
	Site         *page.Site
	DB           *postgres.DB
	Designs      *designs.Service
	Publications *publications.Service
	Now          func() time.Time // business time
	Clock        func() time.Time // real time
	FeeBps       int64            // what Relais keeps of the price without VAT, basis points
}

// Server answers the pages. Create it with New.
type Server struct {
	Options
	floods *pace.Buckets // of the addresses of visitors
}

// New returns the server.
func New(o Options) *Server { return &Server{o, pace.New(reporters, o.Clock)} }

// Routes registers the pages.
func (s *Server) Routes(e *echo.Echo) {
	e.GET("/designs/:id/publish", s.publishing, page.RequireMember)
	e.POST("/designs/:id/publish", s.publish, page.RequireMember)
	e.GET("/me/publications", s.mine, page.RequireMember)
	e.POST("/me/publications/:id/leave", s.leave, page.RequireMember)
	e.POST("/me/publications/:id/take-back", s.takeBack, page.RequireMember)
	e.GET("/publications/:id/picture", s.picture, page.RequireMember)
	e.GET("/publications/:id/picture/:view", s.picture, page.RequireMember)
	e.GET("/p/:slug/vary", s.varying)
	e.POST("/p/:slug/vary", s.vary, page.RequireMember)
	e.GET("/p/:slug/report", s.showReport)
	e.POST("/p/:slug/report", s.report, s.paced)

	b := e.Group("/brand/:handle/publications", page.RequireBrand)
	b.GET("", s.desk)
	b.GET("/:id", s.one)
	b.POST("/:id/accept", s.accept)
	b.POST("/:id/refuse", s.refuse)

	desk := s.queue()
	e.GET("/admin/publications", desk.Show, page.RequireAdmin)
	e.POST("/admin/publications/:part/:id", desk.Judge, page.RequireAdmin)
}

// number reads the id of the address; what is none does not exist.
func number(c echo.Context) (int64, error) {
	n, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil || n <= 0 {
		return 0, publications.ErrGone
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
	case errors.As(err, &refused) && refused.Kind == fault.Conflict:
		s.Site.Bad(c, refused.Message)
	default:
		return err
	}
	return page.Redirect(c, path)
}

// picture is a view of a revision as PNG, for those who may see it before it is sold.
func (s *Server) picture(c echo.Context) error {
	id, err := number(c)
	if err != nil {
		return err
	}
	revision, err := strconv.Atoi(c.QueryParam("r"))
	if err != nil {
		return publications.ErrGone
	}
	v := page.ViewerFrom(c)
	_, d, err := publications.Seen(c.Request().Context(), s.DB, v.ID, v.Admin, id, revision)
	if err != nil {
		return err
	}
	return orderform.Picture(c, s.Designs, d, c.Param("view"))
}

type minePage struct {
	List  []mine
	Empty page.Empty
}

type mine struct {
	publications.Mine
	Again bool // it is over, and the same design can be asked for once more
}

// again says of publications, the newest first, which can be asked for once more: the last one of a design that its author has still.
func again(list []publications.Mine) (out []mine) {
	seen, down := map[int64]bool{}, map[int64]bool{}
	for _, p := range list {
		down[p.DesignID] = down[p.DesignID] || p.State == publications.TakenDown
	}
	for _, p := range list {
		over := p.State == publications.Refused || p.State == publications.Left
		out = append(out, mine{p, over && p.Kept && !seen[p.DesignID] && !down[p.DesignID]})
		seen[p.DesignID] = true
	}
	return out
}

func (s *Server) mine(c echo.Context) (err error) {
	l := page.Lang(c)
	data := minePage{Empty: page.Empty{Icon: "sparkles", Title: l.T("publish.mine.none"), Text: l.T("publish.mine.none_text"), URL: "/designs", Action: l.T("publish.mine.to_designs")}}
	list, err := publications.MineOf(c.Request().Context(), s.DB, viewer(c))
	if err != nil {
		return err
	}
	data.List = again(list)
	return s.Site.Render(c, http.StatusOK, "gallery/mine", data)
}

func (s *Server) leave(c echo.Context) error {
	id, err := number(c)
	if err != nil {
		return err
	}
	return s.said(c, s.Publications.Withdraw(c.Request().Context(), viewer(c), id), "publish.mine.left", "/me/publications")
}

func (s *Server) takeBack(c echo.Context) error {
	id, err := number(c)
	if err != nil {
		return err
	}
	return s.said(c, s.Publications.TakeBack(c.Request().Context(), viewer(c), id), "publish.mine.taken_back", "/me/publications")
}

type varyPage struct {
	publications.Publication
	Form  *page.Form
	Trail orderform.Trail
	Photo string
}

// On is where the form goes, and On "" the product, with the visitor's way here.
func (p varyPage) On(path string) string { return p.Trail.On("/p/" + p.Slug + path) }

func (s *Server) varyPage(c echo.Context, form *page.Form) (varyPage, error) {
	ctx := c.Request().Context()
	p, err := publications.Variable(ctx, s.DB, c.Param("slug"))
	data := varyPage{Publication: p, Form: form, Trail: orderform.TrailOf(c)}
	if err == nil {
		data.Photo, err = publications.CoverOf(ctx, s.DB, *p.ProductID)
	}
	return data, err
}

func (s *Server) varying(c echo.Context) error {
	data, err := s.varyPage(c, nil)
	if err != nil {
		return s.noVarying(c, err)
	}
	data.Form = page.NewForm("title", page.Lang(c).T("publish.vary.suggest", "Title", data.Title))
	return s.Site.Render(c, http.StatusOK, "gallery/vary", data)
}

// noVarying leads back to a product that cannot be varied, and says so.
func (s *Server) noVarying(c echo.Context, err error) error {
	return s.said(c, err, "", "/p/"+c.Param("slug"))
}

func (s *Server) vary(c echo.Context) error {
	form := page.PostedForm(c)
	data, err := s.varyPage(c, form)
	if err != nil {
		return s.noVarying(c, err)
	}
	id, err := s.Publications.Vary(c.Request().Context(), viewer(c), data.Slug, form.Get("title"))
	if form.Refused(err) {
		return s.Site.Render(c, form.Status(), "gallery/vary", data)
	}
	if err != nil {
		return err
	}
	return page.Redirect(c, data.Trail.On(designs.Design{ID: id}.Path()))
}
