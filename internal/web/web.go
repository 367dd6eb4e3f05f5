// Package web is the site: every page of every area behind one chain of middleware, in one router.
//
// The areas are packages of their own (shop, account, relay, brandspace …), each with its routes in one table; New puts
// them together. What is not a page of people (photographs, static files, the payment provider's notices) is here.
package web

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/media"
	"relais/internal/members"
	"relais/internal/orders"
	"relais/internal/payments"
	"relais/internal/postgres"
	"relais/internal/referrals"
	"relais/internal/storefronts"
	"relais/internal/token"
	"relais/internal/web/account"
	"relais/internal/web/card"
	"relais/internal/web/page"
	"relais/internal/web/relay"
	"relais/internal/webhooks"
	"relais/static"
	"relais/templates"
)

// Options is what the site needs: the use cases, and how it is reached.
type Options struct {
	DB          *postgres.DB
	Keys        *token.Keys
	Media       *media.Store
	Members     *members.Service
	Catalog     *catalog.Service
	Storefronts *storefronts.Service
	Referrals   *referrals.Service
	Orders      *orders.Service
	Webhooks    *webhooks.Service

	Now            func() time.Time // business time
	Clock          func() time.Time // real time
	BaseURL        string           // without a slash at its end
	PaymentOrigins []string         // where forms may lead besides ourselves: the provider's hosted pages
	TrustedProxies []netip.Prefix   // whose word on the visitor's address counts; none: the connection's
	Dev            bool             // development: mailbox, style guide, errors in full
	Mailbox        bool             // letters are not sent: show them at /dev/mail
	SourceDir      string           // in development: the repository, to read templates afresh
	Log            *slog.Logger
}

// New makes the site.
func New(o Options) (http.Handler, error) {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.IPExtractor = extractor(o.TrustedProxies)
	secure := isHTTPS(o.BaseURL)
	site, err := page.New(page.Options{Templates: templates.FS, Static: static.FS, SourceDir: o.SourceDir, BaseURL: o.BaseURL, Secure: secure,
		Dev: o.Dev, PaymentOrigins: o.PaymentOrigins, Log: o.Log, Now: o.Now, Uploads: uploads(account.Uploads(), relay.Uploads())})
	if err != nil {
		return nil, err
	}
	if err := site.Use(e); err != nil {
		return nil, err
	}
	accounts := account.New(account.Options{Site: site, Members: o.Members, DB: o.DB, Media: o.Media, Brands: o.teams, Secure: secure,
		Mailbox: o.Mailbox, Now: o.Clock})
	e.Use(accounts.Identify)
	agents, err := referrals.NewAgents()
	if err != nil {
		return nil, err
	}
	relays := relay.New(relay.Options{DB: o.DB, Site: site, Referrals: o.Referrals, Agents: agents, Storefronts: o.Storefronts, Media: o.Media,
		Keys: o.Keys, Cards: card.NewCache(cardsKept), Now: o.Now, Clock: o.Clock, BaseURL: o.BaseURL, Secure: secure, Log: o.Log})
	accounts.Routes(e)
	relays.Routes(e)
	e.GET("/static/*", site.Static)
	e.GET("/media/:file", o.photograph)
	e.POST("/webhooks/stripe", o.notice(payments.Platform))
	e.POST("/webhooks/stripe/connect", o.notice(payments.Connect))
	if o.Dev {
		e.GET("/dev/styleguide", site.StyleGuide(o.someMedia))
	}
	return e, nil
}

// cardsKept is how many share cards are kept drawn: about 100 KB each.
const cardsKept = 200

func isHTTPS(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "https"
}

// extractor says where a request came from. X-Forwarded-For counts only when it comes through proxies of ours.
func extractor(trusted []netip.Prefix) echo.IPExtractor {
	if len(trusted) == 0 {
		return echo.ExtractIPDirect()
	}
	options := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, p := range trusted {
		options = append(options, echo.TrustIPRange(ipNet(p)))
	}
	return echo.ExtractIPFromXFFHeader(options...)
}

func uploads(sets ...map[string]int64) map[string]int64 {
	all := map[string]int64{}
	for _, set := range sets {
		for route, limit := range set {
			all[route] = limit
		}
	}
	return all
}


func (o Options) someMedia(ctx context.Context) ([]string, error) {
	var hashes []string
	err := o.DB.SelectContext(ctx, &hashes, `select hash from media order by id limit 12`)
	return hashes, err
}

// photograph answers one rendition of a photograph. Its name says its content, so it may be kept for ever.
func (o Options) photograph(c echo.Context) error {
	f, err := o.Media.OpenNamed(c.Param("file"))
	if err != nil {
		return err
	}
	defer f.Close()
	h := c.Response().Header()
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Content-Type", "image/jpeg")
	http.ServeContent(c.Response(), c.Request(), "", time.Time{}, f)
	return nil
}

// noticeBytes is how large a notice of the provider may be.
const noticeBytes = 256 << 10

// notice takes in what the payment provider tells: kept, then answered. One that is not the provider's is refused.
func (o Options) notice(endpoint payments.Endpoint) echo.HandlerFunc {
	return func(c echo.Context) error {
		body, err := io.ReadAll(http.MaxBytesReader(c.Response(), c.Request().Body, noticeBytes))
		if err != nil {
			return c.NoContent(http.StatusRequestEntityTooLarge)
		}
		err = o.Webhooks.Receive(c.Request().Context(), body, c.Request().Header.Get("Stripe-Signature"), endpoint)
		switch {
		case errors.Is(err, payments.ErrSignature):
			return c.NoContent(http.StatusBadRequest)
		case errors.Is(err, payments.ErrNoSecret):
			return fault.New(fault.NotFound, "fault.not_found")
		case err != nil:
			return fault.New(fault.Unavailable, "fault.unavailable").Because(err)
		}
		return c.NoContent(http.StatusOK)
	}
}

// teams are the brands that a member works for.
func (o Options) teams(ctx context.Context, memberID int64) ([]page.BrandRef, error) {
	var refs []page.BrandRef
	err := o.DB.SelectContext(ctx, &refs, `select b.id, b.handle, b.name, m.role from brand_members m join brands b on b.id = m.brand_id
		where m.member_id = $1 order by b.name, b.id`, memberID)
	return refs, err
}

func ipNet(p netip.Prefix) *net.IPNet {
	bits := 32
	if p.Addr().Is6() {
		bits = 128
	}
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), bits)}
}
