// Package relay has the pages of whoever recommends: share links and what visitors of a link get, the share sheet, the
// member's own storefront, links and sales, and their home.
//
// A link is answered to each as they need it:
//
//	a person          click durable ─▶ 302 to the storefront, with the click's token
//	a messenger       the page with the card: photograph, price, who recommends it, and that it is an advertisement
//	HEAD, prefetch,   302 without a token; nothing is kept
//	bot, switched off
//
// The long-lived cookie that remembers a visitor is set by /consent only, after they said yes.
package relay

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/clicks"
	"relais/internal/media"
	"relais/internal/pace"
	"relais/internal/payouts"
	"relais/internal/postgres"
	"relais/internal/referrals"
	"relais/internal/storefronts"
	"relais/internal/token"
	"relais/internal/web/page"
	"relais/internal/web/preview"
)

// Options is what a Server needs.
type Options struct {
	DB          *postgres.DB
	Site        *page.Site
	Clicks      *clicks.Service
	Referrals   *referrals.Service
	Agents      *clicks.Agents
	Storefronts *storefronts.Service
	Payouts     *payouts.Service
	Pictures    preview.Pictures
	Keys        *token.Keys
	Now         func() time.Time // business time
	Clock       func() time.Time // real time: cookies, limits
	BaseURL     string           // of the site, without a slash at its end
	Secure      bool             // the site is served over https
	Log         *slog.Logger
}

// Server answers the pages of this package. Create it with New.
type Server struct {
	Options
	floods *pace.Buckets
}

// New makes the Server.
func New(o Options) *Server { return &Server{Options: o, floods: pace.New(clickers, o.Clock)} }

// Uploads names the routes that take files, with their limit in bytes: for page.Options.Uploads.
func Uploads() map[string]int64 {
	return map[string]int64{"/me/storefront/cover": media.MaxBytes + 64<<10}
}

// Routes adds the pages to the site.
func (s *Server) Routes(e *echo.Echo) {
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		e.Add(method, "/r/:code", s.follow)
		e.Add(method, "/r/:code/card.jpg", s.card)
		e.Add(method, "/r/:code/qr.png", s.qr)
	}
	e.GET("/consent", s.showConsent)
	e.POST("/consent", s.consent)

	member := page.RequireMember
	e.GET("/share", s.showShare, member)
	e.POST("/share", s.share, member)
	e.GET("/me", s.home, member)
	e.GET("/me/links", s.links, member)
	e.GET("/me/links/:code", s.link, member)
	e.POST("/me/links/:code/switch", s.switchLink, member)
	e.GET("/me/codes", s.codes, member)
	e.POST("/me/codes", s.makeCode, member)
	e.POST("/me/codes/:code/switch", s.switchCode, member)
	e.GET("/me/sales/:line", s.sale, member)
	e.GET("/me/storefront", s.showStorefront, member)
	e.POST("/me/storefront", s.editStorefront, member)
	e.POST("/me/storefront/cover", s.setCover, member)
	e.POST("/me/storefront/listings", s.addListing, member)
	e.POST("/me/storefront/listings/:product/note", s.setNote, member)
	e.GET("/me/storefront/listings/:product/margin", s.showMargin, member)
	e.POST("/me/storefront/listings/:product/margin", s.setMargin, member)
	e.GET("/me/storefront/status", s.showStatus, member)
	e.POST("/me/storefront/status", s.setStatus, member)
	e.POST("/me/storefront/listings/:product/move", s.moveListing, member)
	e.POST("/me/storefront/listings/:product/remove", s.removeListing, member)
	s.lookRoutes(e)
}

// visitorLife is how long a visitor who agreed is remembered after each click: what the question says.
const visitorLife = 30 * 24 * time.Hour

type visitorClaims struct{ token.Registered }

func (s *Server) visitorCookie() string {
	if s.Secure {
		return "__Host-visitor"
	}
	return "visitor"
}

// Visitor is who agreed to be remembered, from the consent cookie; empty without. A cookie that we did not write is none.
func (s *Server) Visitor(c echo.Context) string {
	cookie, err := c.Cookie(s.visitorCookie())
	if err != nil {
		return ""
	}
	claims, err := token.Open[visitorClaims](s.Keys, token.Attribution, cookie.Value, s.Clock())
	if err != nil {
		return ""
	}
	return claims.Subject
}

// remember gives the browser the cookie of a visitor who agreed.
func (s *Server) remember(c echo.Context, visitor string) error {
	raw, err := s.Keys.Sign(visitorClaims{s.Keys.Issue(token.Attribution, visitor, s.Clock(), visitorLife)})
	if err != nil {
		return err
	}
	s.setCookie(c, s.visitorCookie(), raw, visitorLife)
	return nil
}

// setCookie has the browser keep a value for that long; a negative life drops it.
func (s *Server) setCookie(c echo.Context, name, value string, life time.Duration) {
	age := int(life.Seconds())
	if life < 0 {
		age = -1
	}
	c.SetCookie(&http.Cookie{Name: name, Value: value, Path: "/", MaxAge: age, Secure: s.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// The pace at which clicks of one address are kept: a whole office behind one address passes, a flood does not fill the table.
const (
	clickEvery = 500 * time.Millisecond
	clickBurst = 120
	clickers   = 20_000 // addresses that are remembered
)
