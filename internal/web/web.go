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
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/carts"
	"relais/internal/catalog"
	"relais/internal/catalog/shopify"
	"relais/internal/changes"
	"relais/internal/clicks"
	"relais/internal/debts"
	"relais/internal/designs"
	"relais/internal/disputes"
	"relais/internal/fediverse"
	"relais/internal/follows"
	"relais/internal/groups"
	"relais/internal/ideas"
	"relais/internal/ledger"
	"relais/internal/mail"
	"relais/internal/making"
	"relais/internal/media"
	"relais/internal/members"
	"relais/internal/notices"
	"relais/internal/orders"
	"relais/internal/payments"
	"relais/internal/payouts"
	"relais/internal/pledges"
	"relais/internal/pledges/late"
	"relais/internal/polls"
	"relais/internal/pos"
	"relais/internal/postgres"
	"relais/internal/posts"
	"relais/internal/publications"
	"relais/internal/questions"
	"relais/internal/ratings"
	"relais/internal/reconcile"
	"relais/internal/referrals"
	"relais/internal/returns"
	"relais/internal/reviews"
	"relais/internal/storefronts"
	"relais/internal/stories"
	"relais/internal/support"
	"relais/internal/token"
	"relais/internal/web/account"
	"relais/internal/web/admin"
	"relais/internal/web/aftersale"
	"relais/internal/web/ask"
	"relais/internal/web/ballot"
	"relais/internal/web/brandspace"
	"relais/internal/web/card"
	"relais/internal/web/circle"
	"relais/internal/web/counter"
	"relais/internal/web/federation"
	"relais/internal/web/feed"
	"relais/internal/web/gallery"
	"relais/internal/web/groupbuy"
	"relais/internal/web/idea"
	"relais/internal/web/inbox"
	"relais/internal/web/launch"
	"relais/internal/web/notice"
	"relais/internal/web/opinion"
	"relais/internal/web/page"
	"relais/internal/web/preview"
	"relais/internal/web/relay"
	"relais/internal/web/review"
	"relais/internal/web/shop"
	"relais/internal/web/story"
	"relais/internal/web/studio"
	"relais/internal/web/till"
	"relais/internal/web/withdrawal"
	"relais/internal/web/workshop"
	"relais/internal/webhooks"
	"relais/static"
	"relais/templates"
)

// Options is what the site needs: the use cases, and how it is reached.
type Options struct {
	DB           *postgres.DB
	Keys         *token.Keys
	Media        *media.Store
	Members      *members.Service
	Groups       *groups.Service
	Notices      *notices.Service
	Catalog      *catalog.Service
	Imports      *shopify.Importer
	Storefronts  *storefronts.Service
	Clicks       *clicks.Service
	Referrals    *referrals.Service
	Fediverse    *fediverse.Service
	Carts        *carts.Service
	Orders       *orders.Service
	Counter      *pos.Service
	Pledges      *pledges.Service
	Late         *late.Service
	Support      *support.Service
	Returns      *returns.Service
	Disputes     *disputes.Service
	Reviews      *reviews.Service
	Posts        *posts.Service
	Stories      *stories.Service
	Designs      *designs.Service
	Making       *making.Service
	Publications *publications.Service
	Follows      *follows.Service
	Ratings      *ratings.Service
	Questions    *questions.Service
	Ideas        *ideas.Service
	Polls        *polls.Service
	Debts        *debts.Service
	Payouts      *payouts.Service
	Webhooks     *webhooks.Service
	Reconcile    *reconcile.Service
	Audit        func(context.Context) ([]ledger.Finding, error) // looks at every invariant of the books
	Advance      func(ctx context.Context, days int) error       // moves the demo's clock; nil: this is no demo

	Now             func() time.Time // business time
	Clock           func() time.Time // real time
	FeeBps          int64            // what Relais keeps of the price without VAT, basis points
	BaseURL         string           // without a slash at its end
	PaymentOrigins  []string         // where forms may lead besides ourselves: the provider's hosted pages
	TrustedProxies  []netip.Prefix   // whose word on the visitor's address counts; none: the connection's
	Dev             bool             // development: mailbox, style guide, errors in full
	SimulatedReader string           // address of the local sandbox's simulated readers, before a reader's number; empty: there is none
	Mailbox         bool             // letters are not sent: show them at /dev/mail
	MailSecret      string           // of who hands mail in at /webhooks/mail; empty: nobody does
	Mail            *mail.Outbox     // for the mailbox
	Changes         *changes.Feed    // what changed of the public pages
	Wake            func()           // tells the job runner that something may have been enqueued
	Log             *slog.Logger
}

// New makes the site.
func New(o Options) (http.Handler, error) {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.IPExtractor = extractor(o.TrustedProxies)
	secure := isHTTPS(o.BaseURL)
	var shops *shop.Shop     // made with the site, which shows its basket
	var relays *relay.Server // made after the accounts, whose sign-up asks it who came
	site, err := page.New(page.Options{Templates: templates.FS, Static: static.FS, BaseURL: o.BaseURL, Secure: secure,
		Dev: o.Dev, PaymentOrigins: o.PaymentOrigins, Log: o.Log,
		CartCount: func(c echo.Context) int { return shops.CartCount(c) }, Unread: o.unread, Now: o.Now, Changes: o.Changes, Uploads: uploads(account.Uploads(), relay.Uploads(), brandspace.Uploads(), studio.Uploads(), aftersale.Uploads(), circle.Uploads(), feed.Uploads(), opinion.Uploads(), idea.Uploads(), ballot.Uploads(), story.Uploads(), inbox.Uploads(), mailUploads()), Slow: workshop.Slow()})
	if err != nil {
		return nil, err
	}
	if err := site.Use(e); err != nil {
		return nil, err
	}
	accounts := account.New(account.Options{Site: site, Members: o.Members, DB: o.DB, Media: o.Media, Brands: o.teams, Secure: secure,
		Mailbox: o.Mailbox, Answer: o.answer, Now: o.Clock, Referrals: o.Referrals, Visitor: func(c echo.Context) string { return relays.Visitor(c) }})
	e.Use(accounts.Identify, o.waking)
	agents, err := clicks.NewAgents()
	if err != nil {
		return nil, err
	}
	cards, err := card.NewCache(cardsKept)
	if err != nil {
		return nil, err
	}
	relays = relay.New(relay.Options{DB: o.DB, Site: site, Clicks: o.Clicks, Referrals: o.Referrals, Agents: agents, Storefronts: o.Storefronts, Payouts: o.Payouts, Pictures: preview.Pictures{Cards: cards, Media: o.Media},
		Keys: o.Keys, Now: o.Now, Clock: o.Clock, BaseURL: o.BaseURL, Secure: secure, Log: o.Log})
	shops = shop.New(shop.Options{DB: o.DB, Site: site, Carts: o.Carts, Orders: o.Orders, Pledges: o.Pledges, Returns: o.Returns, Designs: o.Designs, Now: o.Now, BaseURL: o.BaseURL, Secure: secure, Log: o.Log, Visitor: relays.Visitor, Together: true})
	brands := brandspace.New(brandspace.Options{Site: site, DB: o.DB, Catalog: o.Catalog, Importer: o.Imports, FeeBps: o.FeeBps, Now: o.Now})
	after := aftersale.New(aftersale.Options{Site: site, DB: o.DB, Orders: o.Orders, Returns: o.Returns, Disputes: o.Disputes, Now: o.Now})
	money := till.New(till.Options{Site: site, DB: o.DB, Orders: o.Orders, Aftersale: after, Payouts: o.Payouts, Now: o.Now, BaseURL: o.BaseURL})
	pictures := preview.Pictures{Cards: cards, Media: o.Media}
	preview.New(preview.Options{Pictures: pictures, DB: o.DB, Now: o.Now}).Routes(e)
	shops.Routes(e)
	money.Routes(e)
	o.afterwards(e, site, after)
	o.otherSales(e, site, pictures, relays.Visitor)
	review.New(review.Options{Site: site, DB: o.DB, Reviews: o.Reviews, Now: o.Now}).Routes(e)
	o.circles(e, site, pictures)
	admins := admin.New(admin.Options{Site: site, DB: o.DB, Members: o.Members, Catalog: o.Catalog, Orders: o.Orders, Aftersale: after, Debts: o.Debts, Payouts: o.Payouts,
		Webhooks: o.Webhooks, Reconcile: o.Reconcile, Audit: o.Audit, Now: o.Now, Clock: o.Clock, Advance: o.Advance})
	admins.Routes(e)
	accounts.Routes(e)
	relays.Routes(e)
	brands.Routes(e)
	notice.New(notice.Options{Site: site, DB: o.DB, Notices: o.Notices, Now: o.Now, Session: func(c echo.Context) string {
		id, _ := account.IdentityFrom(c)
		return id.SessionID
	}, Secure: secure}).Routes(e)
	e.GET("/static/*", site.Static)
	e.GET("/media/:file", o.photograph(new(everybodys)))
	e.POST("/webhooks/stripe", o.notice(payments.Platform))
	e.POST("/webhooks/stripe/connect", o.notice(payments.Connect))
	if o.Dev {
		e.GET("/dev/styleguide", site.StyleGuide(o.someMedia))
	}
	return heads(e), nil
}

// afterwards adds what comes after a sale: what comes back of it, and what its sides write to each other.
func (o Options) afterwards(e *echo.Echo, site *page.Site, after *aftersale.Server) {
	after.Routes(e)
	inbox.New(inbox.Options{Site: site, DB: o.DB, Orders: o.Orders, Support: o.Support, Aftersale: after, Media: o.Media, Now: o.Now}).Routes(e)
	e.POST(mailRoute, o.mailIn)
}

// otherSales adds what is sold otherwise than through a basket: face to face, and together.
func (o Options) otherSales(e *echo.Echo, site *page.Site, pictures preview.Pictures, visitor func(echo.Context) string) {
	counter.New(counter.Options{Site: site, DB: o.DB, Counter: o.Counter, Orders: o.Orders, Fronts: o.Storefronts, Now: o.Now, BaseURL: o.BaseURL, Secure: isHTTPS(o.BaseURL), Simulated: o.SimulatedReader, Log: o.Log}).Routes(e)
	launch.New(launch.Options{Site: site, DB: o.DB, Pledges: o.Pledges, Late: o.Late, Now: o.Now}).Routes(e)
	groupbuy.New(groupbuy.Options{Site: site, DB: o.DB, Pledges: o.Pledges, Carts: o.Carts, Pictures: pictures, Visitor: visitor, Now: o.Now, Clock: o.Clock, BaseURL: o.BaseURL, Log: o.Log}).Routes(e)
}

// circles adds what members do among themselves, for themselves and with whoever follows them from elsewhere, what buyers say, and what is told at length.
func (o Options) circles(e *echo.Echo, site *page.Site, pictures preview.Pictures) {
	studio.New(studio.Options{Site: site, DB: o.DB, Designs: o.Designs, Publications: o.Publications, Now: o.Now}).Routes(e)
	gallery.New(gallery.Options{Site: site, DB: o.DB, Designs: o.Designs, Publications: o.Publications, Now: o.Now, Clock: o.Clock, FeeBps: o.FeeBps}).Routes(e)
	withdrawal.New(site, o.Orders, o.Returns).Routes(e)
	workshop.New(workshop.Options{Site: site, DB: o.DB, Orders: o.Orders, Designs: o.Designs, Making: o.Making, Now: o.Now}).Routes(e)
	feeds := feed.New(feed.Options{Site: site, DB: o.DB, Posts: o.Posts, Follows: o.Follows, Media: o.Media, Now: o.Now, Clock: o.Clock, BaseURL: o.BaseURL})
	feeds.Routes(e)
	story.New(story.Options{Site: site, DB: o.DB, Stories: o.Stories, Pictures: pictures, Now: o.Now, BaseURL: o.BaseURL}).Routes(e)
	opinion.New(opinion.Options{Site: site, DB: o.DB, Orders: o.Orders, Ratings: o.Ratings, Media: o.Media, Now: o.Now}).Routes(e)
	ask.New(ask.Options{Site: site, DB: o.DB, Questions: o.Questions, Now: o.Now, BaseURL: o.BaseURL}).Routes(e)
	idea.New(idea.Options{Site: site, DB: o.DB, Ideas: o.Ideas, Media: o.Media, Now: o.Now, BaseURL: o.BaseURL}).Routes(e)
	ballot.New(ballot.Options{Site: site, DB: o.DB, Polls: o.Polls, Pictures: pictures, Now: o.Now, BaseURL: o.BaseURL}).Routes(e)
	circle.New(circle.Options{Site: site, DB: o.DB, Groups: o.Groups, Media: o.Media, Now: o.Now, BaseURL: o.BaseURL, Feed: feeds.Circle}).Routes(e)
	federation.New(federation.Options{DB: o.DB, Site: site, Fediverse: o.Fediverse, Media: o.Media, Now: o.Now, BaseURL: o.BaseURL, Log: o.Log}).Routes(e)
}

// waking has what a request enqueued begun at once, and what it changed noticed at once, rather than at the next poll.
func (o Options) waking(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		err := next(c)
		if method := c.Request().Method; method != http.MethodGet && method != http.MethodHead {
			o.Wake()
			if err := o.Changes.Poll(c.Request().Context()); err != nil {
				o.Log.DebugContext(c.Request().Context(), "changes were not read", "error", err) // the next poll reads them
			}
		}
		return err
	}
}

// heads answers HEAD as GET, whose body the server leaves out: what looks at a link before its readers do asks so. Share links tell the two apart
// themselves, as only who opens one counts.
func heads(pages http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead && !strings.HasPrefix(r.URL.Path, "/r/") {
			asked := r.Clone(r.Context())
			asked.Method, r = http.MethodGet, asked
		}
		pages.ServeHTTP(w, r)
	})
}

// unreadPatience is how long a page waits for the count at its bell.
const unreadPatience = time.Second

// unread is how many notices the member who looks has not read. Where it cannot be told, the page is shown without.
func (o Options) unread(c echo.Context) int {
	ctx := context.WithoutCancel(c.Request().Context()) // the page of an error is made after its request is over
	n, err := postgres.Within(ctx, unreadPatience, func(ctx context.Context) (int, error) {
		return notices.Unread(ctx, o.DB, page.ViewerFrom(c).ID, notice.Side(c))
	})
	if err != nil {
		o.Log.WarnContext(c.Request().Context(), "unread notices were not counted", "error", err)
	}
	return n
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
	return media.Newest(ctx, o.DB, 12)
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
			return c.NoContent(http.StatusNotFound)
		case err != nil:
			o.Log.Error("webhook", "endpoint", endpoint, "error", err)
			return c.NoContent(http.StatusServiceUnavailable) // the provider tries again
		}
		return c.NoContent(http.StatusOK)
	}
}

// teams are the brands that a member works for.
func (o Options) teams(ctx context.Context, memberID int64) ([]page.BrandRef, error) {
	seats, err := catalog.Seats(ctx, o.DB, memberID)
	refs := make([]page.BrandRef, len(seats))
	for i, s := range seats {
		refs[i] = page.BrandRef{ID: s.BrandID, Handle: s.Handle, Name: s.Name, Role: string(s.Role)}
	}
	return refs, err
}

func ipNet(p netip.Prefix) *net.IPNet {
	bits := 32
	if p.Addr().Is6() {
		bits = 128
	}
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), bits)}
}
