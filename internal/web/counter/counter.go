// Package counter has the pages of selling face to face: the seller's, at /sell, on a phone in their hand, and the buyer's, at /s/TOKEN, on
// theirs, where the code leads.
//
//	/sell ── what for, where ──▶ /sell/ID ── pick ── show the code ──┬── the buyer: /s/TOKEN ── agrees ──▶ the provider's page ──▶ /o/TOKEN
//	                               ▲  asks how things are, again     └── or a card at a reader
//	                               └── until it is paid
//
// Every page works without script, by being loaded again; with it, the seller's screen turns to paid by itself, and what was picked while the
// phone had no network is kept in the phone and sent when it is back (static/js/sell.js). All forms of a basket say how it is to be, never by
// how much it changes, so that whatever is sent twice is done once.
//
// POST /sell/ID/connection-token and POST /sell/ID/tap are for a native application in which a member is signed in and that takes cards on the phone
// itself by the provider's own kit (Tap to Pay): the first answers {"secret"} for the kit's connection, which reaches the readers at one place of
// whose sale it is and nobody else's, so that a reader has to be registered first; the second {"payment_intent", "client_secret"} of the
// sale, to be collected and confirmed there; GET /sell/ID/state, or a notice, then finds it paid. The application itself is not part of Relais.
package counter

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/labstack/echo/v4"

	"relais/internal/address"
	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/orders"
	"relais/internal/pos"
	"relais/internal/storefronts"
	"relais/internal/web/orderform"
	"relais/internal/web/page"
	"relais/internal/web/relay"
)

// Options is what the pages need.
type Options struct {
	Site    *page.Site
	DB      *sqlx.DB
	Counter *pos.Service
	Orders  *orders.Service
	Fronts  *storefronts.Service
	Now     func() time.Time // business time
	BaseURL string           // of the site, without a slash at its end
	Secure  bool             // the site is served over https
	// Simulated is the address at which the local sandbox shows a simulated reader, before the reader's number; empty: readers are real.
	Simulated string
	Log       *slog.Logger
}

// Server answers the pages. Create it with New.
type Server struct{ Options }

// New returns the server.
func New(o Options) *Server { return &Server{o} }

// Routes registers the pages.
func (s *Server) Routes(e *echo.Echo) {
	g := e.Group("/sell", page.RequireMember)
	g.GET("", s.home)
	g.POST("", s.begin)
	g.GET("/sales", s.sales)
	g.GET("/readers", s.readers)
	g.POST("/readers", s.register)
	g.POST("/readers/:id/remove", s.remove)
	g.GET("/rules/:handle", s.rules)
	g.POST("/rules/:handle", s.saveRules)
	g.GET("/:id", s.sale)
	g.GET("/:id/state", s.state)
	g.POST("/:id/lines", s.put)
	g.POST("/:id/typed", s.typed)
	g.POST("/:id/place", s.move)
	g.POST("/:id/show", s.show)
	g.POST("/:id/edit", s.edit)
	g.POST("/:id/cancel", s.cancel)
	g.POST("/:id/reader", s.present)
	g.POST("/:id/stop", s.stop)
	g.POST("/:id/connection-token", s.token)
	g.POST("/:id/tap", s.tap)
	e.GET("/s/:token", s.offer, private)
	e.POST("/s/:token", s.agree, private)
}

// private keeps the address of a sale, which opens it to whoever has it, from other sites, search engines and caches.
func private(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("Referrer-Policy", "same-origin")
		h.Set("X-Robots-Tag", "noindex, nofollow")
		h.Set("Cache-Control", "private, no-store")
		return next(c)
	}
}

var errNotFound = fault.New(fault.NotFound, "fault.page_not_found")

// number reads a positive number of the address; what is none does not exist.
func number(c echo.Context) (int64, error) {
	n, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil || n <= 0 {
		return 0, errNotFound
	}
	return n, nil
}

// desk is who sells: the viewer's own storefront, or a brand whose team they are on.
type desk struct {
	For   string // "me", or the brand's handle
	Brand page.BrandRef
	Tabs  []page.Tab
}

// Owner is whose readers the desk has.
func (d desk) Owner(v *page.Viewer) pos.Owner {
	if d.Brand.ID != 0 {
		return pos.Owner{BrandID: d.Brand.ID}
	}
	return pos.Owner{MemberID: v.ID}
}

// deskOf reads who sells from a name; of a brand of others the page does not exist.
func deskOf(c echo.Context, name, path string) (desk, error) {
	v, l := page.ViewerFrom(c), page.Lang(c)
	d := desk{For: "me", Tabs: []page.Tab{{URL: path + "?for=me", Label: l.T("counter.mine"), Icon: "user", Current: name == "" || name == "me"}}}
	for _, b := range v.Brands {
		d.Tabs = append(d.Tabs, page.Tab{URL: path + "?for=" + b.Handle, Label: b.Name, Icon: "store", Current: name == b.Handle})
	}
	if name == "" || name == "me" {
		return d, nil
	}
	b, ok := v.Brand(name)
	if !ok {
		return d, errNotFound
	}
	d.For, d.Brand = b.Handle, b
	return d, nil
}

// placeOptions are the places as cards: each with what the law says of it there, those where nothing may be sold not to be chosen.
func placeOptions(l i18n.Lang, country string) []page.Option {
	var list []page.Option
	for _, p := range pos.Places() {
		law := pos.LawOf(country, p)
		list = append(list, page.Option{Value: string(p), Label: l.T("pos.place." + string(p)), Hint: l.T("pos.law." + law.Why), Disabled: !law.Payable})
	}
	return list
}

type homePage struct {
	desk
	Form      *page.Form
	Country   string
	Countries []page.Option
	Places    []page.Option
	Open      []pos.Sale
	Today     []pos.Sums
	Asks      bool // whether the member is a trader: they sell from their own storefront and never said
}

func (s *Server) home(c echo.Context) error {
	form := page.NewForm("operation", rand.Text(), "place", string(pos.Market), "country", c.QueryParam("country"))
	return s.showHome(c, c.QueryParam("for"), form)
}

func (s *Server) showHome(c echo.Context, name string, form *page.Form) error {
	ctx, v, l := c.Request().Context(), page.ViewerFrom(c), page.Lang(c)
	d, err := deskOf(c, name, "/sell")
	if err != nil {
		return err
	}
	data := homePage{desk: d, Form: form, Country: form.Get("country"), Countries: orderform.Countries(l)}
	if !address.Known(data.Country) {
		if data.Country, err = s.countryOf(ctx, d); err != nil {
			return err
		}
		form.Set("country", data.Country)
	}
	data.Places = placeOptions(l, data.Country)
	if d.Brand.ID == 0 {
		said, err := storefronts.StatusOf(ctx, s.DB, v.ID)
		if err != nil {
			return err
		}
		if data.Asks = said.At == nil; data.Asks {
			relay.AskStatus(form, said)
		}
	}
	if data.Open, err = s.Counter.Open(ctx, v.ID); err != nil {
		return err
	}
	if _, data.Today, err = s.Counter.SoldOn(ctx, v.ID, d.Brand.ID, today(s.Now()), 0, 1); err != nil {
		return err
	}
	return s.Site.Render(c, form.Status(), "counter/home", data)
}

// countryOf is where a desk most likely sells: where its brand is, else in France.
func (s *Server) countryOf(ctx context.Context, d desk) (string, error) {
	if d.Brand.ID == 0 {
		return "FR", nil
	}
	b, err := catalog.BrandByID(ctx, s.DB, d.Brand.ID)
	return b.Country, err
}

// begin opens a basket.
func (s *Server) begin(c echo.Context) error {
	form, v := page.PostedForm(c), page.ViewerFrom(c)
	d, err := deskOf(c, form.Get("for"), "/sell")
	if err != nil {
		return err
	}
	status, asked := relay.StatusIn(form)
	var id int64
	if asked && d.Brand.ID == 0 {
		err = s.Fronts.SayStatus(c.Request().Context(), v.ID, status)
	}
	if err == nil {
		id, err = s.begun(c, d, form)
	}
	if form.Refused(err) {
		form.Set("operation", rand.Text())
		return s.showHome(c, form.Get("for"), form)
	}
	if err != nil {
		return err
	}
	return page.Redirect(c, "/sell/"+strconv.FormatInt(id, 10))
}

// begun is the basket that a form opens.
func (s *Server) begun(c echo.Context, d desk, form *page.Form) (int64, error) {
	return s.Counter.Begin(c.Request().Context(), pos.Beginning{Operation: form.Get("operation"), SellerID: page.ViewerFrom(c).ID, BrandID: d.Brand.ID,
		Place: pos.Place(form.Get("place")), Country: form.Get("country"), Lang: page.Lang(c)})
}

// today is the day in Paris.
func today(now time.Time) time.Time { return i18n.DayStart(now) }

// said tells the seller of a fault that they can do something about, on the page of the sale.
func (s *Server) said(c echo.Context, id int64, err error) error {
	if key, args, told := wordsOf(err); told {
		s.Site.Bad(c, key, args...)
		err = nil
	}
	if err != nil {
		return err
	}
	return page.Redirect(c, "/sell/"+strconv.FormatInt(id, 10))
}

// token is for a native application: see the package.
func (s *Server) token(c echo.Context) error {
	id, err := number(c)
	if err != nil {
		return err
	}
	secret, err := s.Counter.Token(c.Request().Context(), page.ViewerFrom(c).ID, id)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.JSON(http.StatusOK, map[string]string{"secret": secret})
}
