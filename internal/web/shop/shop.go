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

	"relais/internal/orders"
	"relais/internal/web/page"
)

// Options is what a Shop needs.
type Options struct {
	DB      *sqlx.DB
	Site    *page.Site
	Orders  *orders.Service
	Now     func() time.Time // business time
	BaseURL string           // of the site, without a slash at its end
	Secure  bool             // the site is served over https
	Log     *slog.Logger

	// Visitor is who agreed to be remembered, from the consent cookie; empty without.
	Visitor func(echo.Context) string
}

// Shop answers the pages of this package.
type Shop struct {
	db      *sqlx.DB
	site    *page.Site
	orders  *orders.Service
	now     func() time.Time
	baseURL string
	secure  bool
	log     *slog.Logger
	visitor func(echo.Context) string
}

// New makes the Shop.
func New(o Options) *Shop {
	if o.Visitor == nil {
		o.Visitor = func(echo.Context) string { return "" }
	}
	return &Shop{db: o.DB, site: o.Site, orders: o.Orders, now: o.Now, baseURL: o.BaseURL, secure: o.Secure, log: o.Log, visitor: o.Visitor}
}

// Routes adds the pages to the site.
func (s *Shop) Routes(e *echo.Echo) {
	e.GET("/", s.home)
	e.GET("/products", s.catalogue)
	e.GET("/p/:slug", s.product)
	e.GET("/brands", s.brands)
	e.GET("/b/:handle", s.brand)
	e.GET("/@:handle", s.storefront)
	e.GET("/@:handle/p/:slug", s.storefrontProduct)

	e.GET("/cart", s.cart)
	e.POST("/cart", s.addToCart)
	e.POST("/cart/lines/:variant", s.changeLine)
	e.GET("/checkout", s.checkout)
	e.POST("/checkout", s.placeOrder)
	e.POST("/checkout/review", s.reviewCheckout)

	o := e.Group("/o/:token", private)
	o.GET("", s.order)
	o.GET("/receipt", s.receipt)
	o.POST("/pay", s.payOrder)
	o.POST("/cancel", s.cancelOrder)
	o.POST("/received", s.receivedShipment)
	o.POST("/messages", s.writeToBrand)
	o.GET("/withdraw", s.withdrawal)
	o.POST("/withdraw", s.withdraw)

	e.GET("/help", s.text("shop/help"))
	e.GET("/legal", s.text("shop/legal"))
}

// private keeps the address of an order, which opens it to whoever has it, from other sites, search engines and
// caches. The policy is same-origin rather than no-referrer: under that one browsers without Sec-Fetch-Site send
// "Origin: null" with our own forms, which the check for other sites' forms refuses.
func private(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("Referrer-Policy", "same-origin")
		h.Set("X-Robots-Tag", "noindex, nofollow")
		h.Set("Cache-Control", "private, no-store")
		return next(c)
	}
}

// text answers a page that is only text.
func (s *Shop) text(name string) echo.HandlerFunc {
	return func(c echo.Context) error { return s.site.Render(c, http.StatusOK, name, nil) }
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
	n, err := s.orders.CartCount(c.Request().Context(), id)
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
