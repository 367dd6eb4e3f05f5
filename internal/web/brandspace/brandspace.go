// Package brandspace has the pages in which a brand's team keeps its catalogue: opening a brand, its settings,
// products, imports and terms. To anybody else a brand's pages do not exist.
//
// Every handler decodes a form, calls one use case of package catalog and redirects; a refused form is shown
// again with what was typed.
package brandspace

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/catalog/shopify"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/media"
	"relais/internal/postgres"
	"relais/internal/web/page"
)

// Options is what the pages need.
type Options struct {
	Site     *page.Site
	DB       *postgres.DB
	Catalog  *catalog.Service
	Importer *shopify.Importer
	FeeBps   int64            // the platform's fee, of the price without VAT: for worked examples
	Now      func() time.Time // the business clock
}

// Server answers the brand pages. Create it with New.
type Server struct {
	Options
	site *page.Site
}

// New returns the server.
func New(o Options) *Server { return &Server{Options: o, site: o.Site} }

// Uploads names the routes that take files, with their limit in bytes: for page.Options.Uploads.
func Uploads() map[string]int64 {
	const form = 64 << 10 // what comes with the file
	return map[string]int64{
		"/brand/:handle/settings/pictures":   2*media.MaxBytes + form,
		"/brand/:handle/products/:id/photos": 5*media.MaxBytes + form,
		"/brand/:handle/import":              shopify.MaxBytes + 1<<20, // a little more, so that the refusal can be recorded
	}
}

// Routes registers the pages.
func (s *Server) Routes(e *echo.Echo) {
	e.GET("/brand/new", s.newBrand, page.RequireMember)
	e.POST("/brand/new", s.createBrand, page.RequireMember)
	g := e.Group("/brand/:handle", page.RequireBrand)
	g.GET("", s.overview)

	g.GET("/settings", s.settings)
	g.POST("/settings", s.saveSettings)
	g.POST("/settings/pictures", s.savePictures)
	g.POST("/settings/translation", s.saveBrandTranslation)
	g.POST("/settings/currency", s.saveCurrency)
	g.GET("/settings/delivery", s.delivery)
	g.POST("/settings/delivery", s.saveDelivery)

	g.GET("/products", s.products)
	g.GET("/products/new", s.newProduct)
	g.POST("/products/new", s.createProduct)
	g.GET("/products/:id", s.product)
	g.POST("/products/:id", s.saveProduct)
	g.POST("/products/:id/state", s.moveProduct)
	g.GET("/products/:id/photos", s.photos)
	g.POST("/products/:id/photos", s.addPhotos)
	g.POST("/products/:id/photos/arrange", s.arrangePhotos)
	g.GET("/products/:id/translation", s.translation)
	g.POST("/products/:id/translation", s.saveTranslation)

	g.GET("/import", s.imports)
	g.POST("/import", s.startImport)
	g.GET("/import/:id", s.importReport)
	g.GET("/import/:id/report.csv", s.importCSV)

	g.GET("/terms", s.terms)
	g.POST("/terms", s.saveTerms)
}

// frame is what every page of a brand shows around its own content.
type frame struct {
	Brand catalog.Brand
	Base  string // "/brand/handle"
	Owner bool   // the viewer may change settings and terms
}

// brand reads the brand of the route, in its main language. The guard has made sure that the viewer is on its team.
func (s *Server) brand(c echo.Context) (frame, error) {
	b, err := catalog.BrandByHandle(c.Request().Context(), s.DB, c.Param("handle"), "")
	if err != nil {
		return frame{}, err
	}
	ref, _ := page.ViewerFrom(c).Brand(b.Handle)
	return frame{Brand: b, Base: "/brand/" + b.Handle, Owner: ref.Role == string(catalog.Owner)}, nil
}

// by is the member who acts.
func by(c echo.Context) int64 { return page.ViewerFrom(c).ID }

// id reads the number in a route; what is no number does not exist.
func id(c echo.Context) (int64, error) {
	n, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil || n <= 0 {
		return 0, fault.New(fault.NotFound, "fault.page_not_found")
	}
	return n, nil
}

// productOf reads the product of the route; that of another brand does not exist.
func (s *Server) productOf(c echo.Context, brandID int64) (catalog.ProductPage, error) {
	n, err := id(c)
	if err != nil {
		return catalog.ProductPage{}, err
	}
	p, err := catalog.ByID(c.Request().Context(), s.DB, n, "", s.Now())
	if err == nil && p.BrandID != brandID {
		return catalog.ProductPage{}, fault.New(fault.NotFound, "fault.page_not_found")
	}
	return p, err
}

// answer shows a form again when err is something the person can put right, and returns err otherwise.
func (s *Server) answer(c echo.Context, form *page.Form, err error, name string, data any) error {
	if form.Refused(err) {
		return s.site.Render(c, form.Status(), name, data)
	}
	return err
}

// other is the language that a text in l is translated into.
func other(l i18n.Lang) i18n.Lang {
	if l == i18n.FR {
		return i18n.EN
	}
	return i18n.FR
}

type overviewPage struct {
	frame
	Published, Drafts int
	SoldOut           []catalog.ProductCard
	Terms             catalog.Terms
	Steps             []step
	ToDo              int
}

// step is one thing to do before a brand can sell well.
type step struct {
	Label, URL string
	Done       bool
}

func (s *Server) overview(c echo.Context) error {
	f, err := s.brand(c)
	if err != nil {
		return err
	}
	data, err := s.overviewPage(c.Request().Context(), f, page.Lang(c))
	if err != nil {
		return err
	}
	return s.site.Render(c, http.StatusOK, "brandspace/overview", data)
}

func (s *Server) overviewPage(ctx context.Context, f frame, l i18n.Lang) (overviewPage, error) {
	data := overviewPage{frame: f}
	cards, err := catalog.BrandCards(ctx, s.DB, l, s.Now(), f.Brand.ID)
	if err != nil {
		return data, err
	}
	methods, err := catalog.DeliveryMethods(ctx, s.DB, f.Brand.ID)
	if err != nil {
		return data, err
	}
	if data.Terms, err = catalog.TermsAt(ctx, s.DB, f.Brand.ID, 0, s.Now()); err != nil {
		return data, err
	}
	for _, card := range cards {
		switch {
		case card.State == catalog.Draft:
			data.Drafts++
		case card.State == catalog.Published:
			data.Published++
			if card.Stock == 0 {
				data.SoldOut = append(data.SoldOut, card)
			}
		}
	}
	delivers := len(methods) > 0 && methods[0].Active // active ones come first
	data.Steps = []step{
		{l.T("brandspace.step.story"), f.Base + "/settings", f.Brand.Story != ""},
		{l.T("brandspace.step.pictures"), f.Base + "/settings#pictures", f.Brand.LogoID != nil && f.Brand.CoverID != nil},
		{l.T("brandspace.step.delivery"), f.Base + "/settings/delivery", delivers},
		{l.T("brandspace.step.products"), f.Base + "/products", data.Published > 0},
	}
	for _, st := range data.Steps {
		if !st.Done {
			data.ToDo++
		}
	}
	return data, nil
}
