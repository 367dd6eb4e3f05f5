// Package groupbuy has the pages of buying together: a member opens a group order, hands its address round, and those who have it join with a card
// that is charged only if enough of them do.
//
//	/p/SLUG/together ──▶ /together/CODE ──▶ /together/CODE/join ──▶ the provider's page for the card ──▶ /pledge/TOKEN ──▶ /o/TOKEN
//	the product's steps   handed round       what, where to,         nothing is taken there               until the       once it is
//	                                         how much at most                                             deadline        charged
//
// A launch of a brand is joined and promised to in the same way: its own page is that of its product, and what a pledge and its form say is in words of its own.
//
// A group order is known by its address alone: no list of the site shows it but those of who opened it, of the brand and of the platform, and search
// engines are told to leave it. Prices, stock and people are read again with every step; what a form says is compared, never believed.
package groupbuy

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/carts"
	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/members"
	"relais/internal/money"
	"relais/internal/pace"
	"relais/internal/pledges"
	"relais/internal/postgres"
	"relais/internal/web/page"
	"relais/internal/web/preview"
)

// Options is what the pages need.
type Options struct {
	Site     *page.Site
	DB       *postgres.DB
	Pledges  *pledges.Service
	Carts    *carts.Service
	Pictures preview.Pictures
	Visitor  func(echo.Context) string // who agreed to be remembered, from the consent cookie; empty without
	Now      func() time.Time          // business time
	Clock    func() time.Time          // real time
	BaseURL  string                    // of the site, without a slash at its end
	Log      *slog.Logger
}

// Server answers the pages. Create it with New.
type Server struct {
	Options
	floods *pace.Buckets // of addresses
}

// New returns the server.
func New(o Options) *Server { return &Server{o, pace.New(joiners, o.Clock)} }

// The pace at which one address may join: each promise writes, and asks the provider for a page.
const (
	joinEvery = 2 * time.Second
	joinBurst = 60
	joiners   = 20_000 // addresses that are remembered
)

// paced refuses to join from an address that has emptied its bucket.
func (s *Server) paced(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if !s.floods.Allow(c.RealIP(), pace.Pace{Every: joinEvery, Burst: joinBurst}) {
			soon := &members.TooSoon{After: joinEvery}
			c.Response().Header().Set("Retry-After", strconv.Itoa(soon.Seconds()))
			return fault.New(fault.TooMany, "fault.too_soon").Arg("Count", soon.Seconds()).Because(soon)
		}
		return next(c)
	}
}

// Routes registers the pages.
func (s *Server) Routes(e *echo.Echo) {
	e.GET("/p/:slug/together", s.opening, page.RequireMember)
	e.POST("/p/:slug/together", s.open, page.RequireMember)
	l := e.Group("/launches/:code")
	l.GET("/join", s.joining, page.Private)
	l.POST("/join", s.join, page.Private, s.paced)
	l.POST("/join/review", s.review, page.Private)
	g := e.Group("/together/:code", page.Private)
	g.GET("", s.campaign)
	g.GET("/standing", s.standing)
	g.GET("/card.jpg", s.card)
	g.GET("/join", s.joining)
	g.POST("/join", s.join, s.paced)
	g.POST("/join/review", s.review)
	g.POST("/note", s.note, page.RequireMember)
	g.GET("/end", s.ending, page.RequireMember)
	g.POST("/end", s.end, page.RequireMember)
	p := e.Group("/pledge/:token", page.Private)
	p.GET("", s.pledge)
	p.POST("/card", s.leaveCard)
	p.POST("/leave", s.leave)
	e.GET("/me/together", s.mine, page.RequireMember)
	e.GET("/brand/:handle/together", s.ofBrand, page.RequireBrand)
	e.POST("/brand/:handle/together/:id/end", s.endOfBrand, page.RequireBrand)
	e.GET("/admin/together", s.all, page.RequireAdmin)
	e.GET("/admin/together/:code/stop", s.stopping, page.RequireAdmin)
	e.POST("/admin/together/:code/stop", s.stop, page.RequireAdmin)
}

// cheapest is the lowest price of a piece that is for sale, and whether others cost more. p has a variant.
func cheapest(p catalog.ProductPage) (lowest money.Amount, several bool) {
	by := func(a, b catalog.VariantView) int { return int(a.PriceMinor - b.PriceMinor) }
	low, high := slices.MinFunc(p.Variants, by), slices.MaxFunc(p.Variants, by)
	return low.Price, low.PriceMinor != high.PriceMinor
}

// earns says whether who opens a group order for a brand's product is paid for it: its own team is not.
func (s *Server) earns(ctx context.Context, memberID, brandID int64) (bool, error) {
	seats, err := catalog.Seats(ctx, s.DB, memberID)
	return !slices.ContainsFunc(seats, func(seat catalog.Seat) bool { return seat.BrandID == brandID }), err
}

// adOf says that it is an advertisement, and for whose good; of a launch nobody earns who opened it.
func adOf(l i18n.Lang, v pledges.View, earns bool) string {
	if v.IsLaunch() {
		return l.T("launches.ad", "Brand", v.BrandName)
	}
	if earns {
		return l.T("together.ad.earns", "Name", v.OpenerName)
	}
	return l.T("together.ad.team", "Name", v.OpenerName, "Brand", v.BrandName)
}

// productOf is the product of a group order, as it is today.
func (s *Server) productOf(c echo.Context, v pledges.View) (catalog.ProductPage, error) {
	return catalog.ByID(c.Request().Context(), s.DB, v.ProductID, page.Lang(c), s.Now())
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
