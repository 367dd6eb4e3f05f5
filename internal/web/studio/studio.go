// Package studio has the pages in which a brand prepares a product for members to make their own, and those in which a member does.
//
//	/brand/HANDLE/products/ID/base    the brand's: views, zones, rules; saved as a draft, published as a version
//	/p/SLUG/design ──▶ /designs/ID    the member's: layers, picture, price, what is left to do
//
// Every page is a form that works without script: each button sends the whole form, what was typed is kept, and one thing is done to it (add a
// layer, move it a step). With script (static/js/studio.js) the same form is sent while one drags, pinches or types, and the answer is the same HTML: there
// is one renderer, package draw. How the visitor came to the product (a friend's storefront, a click) stands in the address of each page, until the piece is in the
// basket (orderform.Trail). Whoever is not the author, or not of the brand's team, is told that there is no such page.
package studio

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/labstack/echo/v4"

	"relais/internal/designs"
	"relais/internal/designs/draw"
	"relais/internal/designs/letters"
	"relais/internal/designs/model"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/media"
	"relais/internal/publications"
	"relais/internal/web/orderform"
	"relais/internal/web/page"
)

// Options is what the pages need.
type Options struct {
	Site    *page.Site
	DB      *sqlx.DB
	Designs *designs.Service
	Now     func() time.Time // business time

	Publications *publications.Service
}

// Server answers the pages. Create it with New.
type Server struct{ Options }

// New returns the server.
func New(o Options) *Server { return &Server{o} }

// Uploads names the routes that take files, with their limit in bytes: for page.Options.Uploads.
func Uploads() map[string]int64 {
	return map[string]int64{"/designs/:id/photos": media.MaxBytes + 64<<10}
}

// Routes registers the pages.
func (s *Server) Routes(e *echo.Echo) {
	e.GET("/p/:slug/design", s.start)
	e.POST("/p/:slug/design", s.begin, page.RequireMember)
	g := e.Group("/designs", page.RequireMember, private)
	g.GET("", s.mine)
	g.GET("/photos/:id", s.photo)
	g.POST("/photos/:id/remove", s.removePhoto)
	g.GET("/:id", s.design)
	g.POST("/:id", s.save)
	g.POST("/:id/drop", s.drop)
	g.POST("/:id/photos", s.addPhoto)
	g.POST("/:id/carry", s.carry)
	g.GET("/:id/picture", s.picture)
	g.GET("/:id/picture/:view", s.picture)
	b := e.Group("/brand/:handle/products/:id/base", page.RequireBrand)
	b.GET("", s.base)
	b.POST("", s.saveBase)
	b.POST("/withdraw", s.withdraw)
	b.POST("/publishing", s.publishing)
}

// private keeps what only one member may see from caches, search engines and other sites.
func private(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("X-Robots-Tag", "noindex, nofollow")
		h.Set("Cache-Control", "private, no-store")
		h.Set("Referrer-Policy", "same-origin")
		return next(c)
	}
}

// number reads the id of the address; what is none does not exist.
func number(c echo.Context) (int64, error) {
	n, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil || n <= 0 {
		return 0, fault.New(fault.NotFound, "fault.page_not_found")
	}
	return n, nil
}

func by(c echo.Context) int64 { return page.ViewerFrom(c).ID }

// say marks the fields of a form that have a problem.
func say(l i18n.Lang, form *page.Form, problems []model.Problem) {
	for _, p := range problems {
		form.Say(p.Field, words(l, p))
	}
}

// words are what a problem says.
func words(l i18n.Lang, p model.Problem) string {
	var args []any
	for name, value := range p.Args {
		args = append(args, name, value)
	}
	return l.T(p.Key, args...)
}

// options are choices whose words are of the catalogue of messages.
func options[T ~string](l i18n.Lang, prefix string, values []T) []page.Option {
	var list []page.Option
	for _, v := range values {
		list = append(list, page.Option{Value: string(v), Label: l.T(prefix + string(v))})
	}
	return list
}

// face is a font to choose, shown in itself.
type face struct {
	page.Option
	Specimen draw.Specimen
}

// faces are choices among these fonts, with the scripts that each writes.
func faces(l i18n.Lang, ids []string) []face {
	var list []face
	for _, id := range ids {
		if f, ok := letters.ByID(id); ok {
			var scripts []string
			for _, script := range f.Scripts {
				scripts = append(scripts, l.T("studio.script."+strings.ToLower(script)))
			}
			list = append(list, face{page.Option{Value: f.ID, Label: f.Name, Hint: strings.Join(scripts, ", ")}, draw.SpecimenOf(f)})
		}
	}
	return list
}

// swatches are the colours of a zone by their names: the brand's, or else plain ones, numbered where two would be called the same.
func swatches(l i18n.Lang, z model.Zone) []page.Option {
	var list []page.Option
	times := map[string]int{}
	for _, c := range z.Colours {
		name := z.Called(c, string(l))
		if name == "" {
			name = l.T("studio.hue." + c.Plain())
		}
		if times[name]++; times[name] > 1 {
			name += " " + strconv.Itoa(times[name])
		}
		list = append(list, page.Option{Value: string(c), Label: name})
	}
	return list
}

func everyFont() []string {
	var ids []string
	for _, f := range letters.All() {
		ids = append(ids, f.ID)
	}
	return ids
}

type startPage struct {
	Slug, Title string
	Days        int
	Form        *page.Form
	Trail       orderform.Trail
}

// Path is where the form is and goes to.
func (p startPage) Path() string { return p.Trail.On("/p/" + p.Slug + "/design") }

// Back is the product as its visitor saw it.
func (p startPage) Back() string { return productPath(p.Trail, p.Slug) }

// productPath is the page of a product as its visitor came to it.
func productPath(t orderform.Trail, slug string) string {
	path := "/p/" + slug
	if t.From != "" {
		path, t.From = "/@"+url.PathEscape(t.From)+path, ""
	}
	return t.On(path)
}

func (s *Server) startPage(c echo.Context) (startPage, designs.Version, error) {
	p, v, err := designs.OfferedAs(c.Request().Context(), s.DB, c.Param("slug"), page.Lang(c), s.Now())
	if err != nil {
		return startPage{}, v, err
	}
	return startPage{p.Slug, p.Title, v.Base.Days, page.NewForm("title", page.Lang(c).T("studio.start.suggest", "Title", p.Title)), orderform.TrailOf(c)}, v, nil
}

func (s *Server) start(c echo.Context) error {
	data, _, err := s.startPage(c)
	if err != nil {
		return err
	}
	return s.Site.Render(c, http.StatusOK, "studio/start", data)
}

func (s *Server) begin(c echo.Context) error {
	data, v, err := s.startPage(c)
	if err != nil {
		return err
	}
	data.Form = page.PostedForm(c)
	id, err := s.Designs.Start(c.Request().Context(), by(c), v.ProductID, data.Form.Get("title"))
	if data.Form.Refused(err) {
		return s.Site.Render(c, data.Form.Status(), "studio/start", data)
	}
	if err != nil {
		return err
	}
	return page.Redirect(c, data.Trail.On(designs.Design{ID: id}.Path()))
}
