// Package shop is the part of the site where people look around and buy: the catalogue, products, brands, the
// storefronts of members, the basket, the checkout, and the page of an order.
//
// Nobody needs an account here. A basket is known by a cookie, an order by the token in its address. What a page
// offers it only offers: prices, stock, terms and attribution are read from the database again when the order is
// placed.
//
//	/p/slug ─────────▶ POST /cart ─▶ /cart ─▶ /checkout ─▶ the provider's page ─▶ /o/TOKEN?paid=1 ─▶ /o/TOKEN
//	/@handle/p/slug ───▲ with the storefront and the click that brought the visitor
package shop

import (
	"log/slog"
	"net/http"
	"regexp"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/labstack/echo/v4"

	"relais/internal/carts"
	"relais/internal/designs"
	"relais/internal/orders"
	"relais/internal/pledges"
	"relais/internal/returns"
	"relais/internal/web/page"
)

// Options is what a Shop needs.
type Options struct {
	DB      *sqlx.DB
	Site    *page.Site
	Carts   *carts.Service
	Orders  *orders.Service
	Pledges *pledges.Service
	Returns *returns.Service
	Designs *designs.Service
	Now     func() time.Time // business time
	BaseURL string           // of the site, without a slash at its end
	Secure  bool             // the site is served over https
	Log     *slog.Logger

	Together bool // people can order together: the site has the pages below /p/SLUG/together

	// Visitor is who agreed to be remembered, from the consent cookie; empty without.
	Visitor func(echo.Context) string
}

// Shop answers the pages of this package.
type Shop struct {
	db      *sqlx.DB
	site    *page.Site
	carts   *carts.Service
	orders  *orders.Service
	pledges *pledges.Service
	returns *returns.Service
	designs *designs.Service
	now     func() time.Time
	baseURL string
	secure  bool
	log     *slog.Logger
	visitor func(echo.Context) string

	together bool
}

// New makes the Shop.
func New(o Options) *Shop {
	if o.Visitor == nil {
		o.Visitor = func(echo.Context) string { return "" }
	}
	return &Shop{db: o.DB, site: o.Site, carts: o.Carts, orders: o.Orders, pledges: o.Pledges, returns: o.Returns, designs: o.Designs, now: o.Now, baseURL: o.BaseURL, secure: o.Secure, log: o.Log, visitor: o.Visitor, together: o.Together}
}

const cartLife = 30 * 24 * time.Hour

var cartID = regexp.MustCompile(`^[A-Z2-7]{26}$`)

// cartCookie is bound to the host over https; a browser takes no __Host- cookie without it.
func (s *Shop) cartCookie() string {
	if s.secure {
		return "__Host-cart"
	}
	return "cart"
}

// cartFrom is the visitor's basket; empty where there is none yet.
func (s *Shop) cartFrom(c echo.Context) string {
	cookie, err := c.Cookie(s.cartCookie())
	if err != nil || !cartID.MatchString(cookie.Value) {
		return ""
	}
	return cookie.Value
}

func (s *Shop) keepCart(c echo.Context, id string) {
	c.SetCookie(&http.Cookie{Name: s.cartCookie(), Value: id, Path: "/", MaxAge: int(cartLife.Seconds()),
		Secure: s.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// CartCount is how many pieces are in the visitor's basket, for the head of every page.
func (s *Shop) CartCount(c echo.Context) int {
	id := s.cartFrom(c)
	if id == "" {
		return 0
	}
	n, err := s.carts.Count(c.Request().Context(), id)
	if err != nil {
		s.log.ErrorContext(c.Request().Context(), "count basket", "id", page.RequestID(c), "error", err)
		return 0 // a page is worth more than its badge
	}
	return int(n)
}

// viewerID is the signed-in member; nil for a guest.
func viewerID(c echo.Context) *int64 {
	v := page.ViewerFrom(c)
	if v == nil {
		return nil
	}
	return &v.ID
}

// viewerOrGuest is the member who looks; 0: a guest.
func viewerOrGuest(c echo.Context) int64 {
	if id := viewerID(c); id != nil {
		return *id
	}
	return 0
}
