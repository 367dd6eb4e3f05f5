package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	netmail "net/mail"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/carts"
	"relais/internal/catalog"
	"relais/internal/catalog/shopify"
	"relais/internal/changes"
	"relais/internal/clicks"
	"relais/internal/clock"
	"relais/internal/debts"
	"relais/internal/designs"
	"relais/internal/disputes"
	"relais/internal/documents"
	"relais/internal/fediverse"
	"relais/internal/follows"
	"relais/internal/groups"
	"relais/internal/ideas"
	"relais/internal/jobs"
	"relais/internal/mail"
	"relais/internal/making"
	"relais/internal/media"
	"relais/internal/members"
	"relais/internal/money"
	"relais/internal/notices"
	"relais/internal/orders"
	"relais/internal/payouts"
	"relais/internal/pledges"
	"relais/internal/pledges/late"
	"relais/internal/pledges/made"
	"relais/internal/polls"
	"relais/internal/pos"
	"relais/internal/postgres"
	"relais/internal/posts"
	"relais/internal/publications"
	"relais/internal/questions"
	"relais/internal/ratings"
	"relais/internal/reconcile"
	"relais/internal/referrals"
	"relais/internal/refunds"
	"relais/internal/reports"
	"relais/internal/returns"
	"relais/internal/reviews"
	"relais/internal/storefronts"
	"relais/internal/stories"
	"relais/internal/stripe"
	"relais/internal/stripesandbox"
	"relais/internal/support"
	"relais/internal/token"
	"relais/internal/webhooks"
)

// Domains are the use cases of Relais over one database, one clock and one Stripe.
type Domains struct {
	DB           *sqlx.DB
	Clock        *clock.Clock
	Jobs         *jobs.Runner
	Keys         *token.Keys
	Mail         *mail.Outbox
	Media        *media.Store
	Members      *members.Service
	Groups       *groups.Service
	Notices      *notices.Service
	Catalog      *catalog.Service
	Imports      *shopify.Importer
	Storefronts  *storefronts.Service
	Changes      *changes.Feed
	Clicks       *clicks.Service
	Referrals    *referrals.Service
	Fediverse    *fediverse.Service
	Carts        *carts.Service
	Orders       *orders.Service
	Counter      *pos.Service
	Pledges      *pledges.Service
	Late         *late.Service
	Backers      *made.Service
	Designs      *designs.Service
	Making       *making.Service
	Publications *publications.Service
	Support      *support.Service
	Refunds      *refunds.Service
	Returns      *returns.Service
	Disputes     *disputes.Service
	Reviews      *reviews.Service
	Posts        *posts.Service
	Stories      *stories.Service
	Follows      *follows.Service
	Ratings      *ratings.Service
	Questions    *questions.Service
	Ideas        *ideas.Service
	Polls        *polls.Service
	Payouts      *payouts.Service
	Debts        *debts.Service
	Documents    *documents.Service
	Webhooks     *webhooks.Service
	Reconcile    *reconcile.Service
}

// Parts is what Domains are wired from.
type Parts struct {
	DB           *sqlx.DB // pages and commands
	Work         *sqlx.DB // jobs
	Clock        *clock.Clock
	RealNow      func() time.Time // of accounts, sessions and letters; nil: time.Now
	Stripe       stripe.Options
	Secret       string
	MediaDir     string
	BaseURL      string // without a slash at its end
	MailFrom     string
	MailIn       string       // domain of the addresses that letters are answered to; empty: they are not answered by mail
	SMTP         *mail.SMTP   // nil: letters stay readable and are not sent
	PushKey      string       // of web push; empty: none is sent
	PushClient   *http.Client // to push services; nil: one that reaches public addresses only
	Spool        string       // folder for clicks while Postgres is away; empty: none, as for commands
	FeeBps       int64
	AutoDelivery int // days
	ClickMonths  int // for which clicks are kept; 0: clicks.KeptMonths
	Legal        documents.Legal
	Currencies   []money.Currency // besides EUR

	FediverseLocal   bool // servers of the fediverse on this machine are spoken to
	PayoutsPerSecond int  // transfers asked for in a second at most; 0: no limit

	Log *slog.Logger
}

// Wire makes the use cases, from the bottom of the import order to its top, and registers their jobs.
func Wire(p Parts) (d *Domains, err error) {
	d = &Domains{DB: p.DB, Clock: p.Clock, Jobs: jobs.New(p.Work, p.Log, jobs.Options{})}
	if p.RealNow == nil {
		p.RealNow = time.Now
	}
	if d.Keys, err = token.NewKeys(p.Secret); err != nil {
		return nil, err
	}
	if d.Media, err = media.Open(p.MediaDir); err != nil {
		return nil, err
	}
	unsubscribe := func(memberID int64, kind string) (string, error) {
		return notices.UnsubscribePath(d.Keys, memberID, kind, p.RealNow())
	}
	if d.Mail, err = mail.New(mail.Options{DB: p.DB, BaseURL: p.BaseURL, From: p.MailFrom, SMTP: p.SMTP, Now: p.RealNow, Unsubscribe: unsubscribe}); err != nil {
		return nil, err
	}
	pages, workers := p.Stripe, p.Stripe
	pages.Timeout, workers.Timeout = stripe.UserTimeout, stripe.WorkerTimeout
	forPages, err := stripe.New(pages)
	if err != nil {
		return nil, err
	}
	forWorkers, err := stripe.New(workers)
	if err != nil {
		return nil, err
	}
	d.Members = members.New(members.Options{DB: p.DB, Mail: d.Mail, Keys: d.Keys, Now: p.RealNow})
	d.Catalog = catalog.New(p.DB, d.Media, p.Clock.Now, p.Currencies...)
	d.Designs, d.Making = designs.New(p.DB, d.Media, p.Clock.Now), making.New(p.DB, p.Clock.Now)
	d.Publications = publications.New(p.DB, d.Designs, d.Media, d.Mail, p.Clock.Now)
	d.Imports = shopify.New(p.DB, d.Media, media.NewFetcher().Get, importVAT, p.Clock.Now)
	d.Storefronts = storefronts.New(p.DB, p.Clock.Now, d.Mail)
	d.Changes = changes.NewFeed(p.DB, time.Now, p.Log)
	d.Referrals = referrals.New(referrals.Config{DB: p.DB, Now: p.Clock.Now, Clock: time.Now, Changes: d.Changes})
	if err := d.wireCircles(p); err != nil {
		return nil, err
	}
	if d.Clicks, err = clicks.New(clicks.Config{DB: p.DB, Now: p.Clock.Now, Clock: time.Now, Secret: []byte(p.Secret), Spool: p.Spool, Months: p.ClickMonths, Log: p.Log}); err != nil {
		return nil, err
	}
	d.wireSales(p, forPages, forWorkers)
	d.wireWritten(p)
	d.Returns = returns.New(p.DB, d.Orders, p.Clock.Now, d.Mail)
	d.Refunds = refunds.New(refunds.Config{DB: p.DB, Payments: forWorkers, Now: p.Clock.Now, Clock: time.Now, Outcomes: d.Returns, Log: p.Log})
	d.Disputes = disputes.New(p.DB, forWorkers, d.Orders, p.Clock.Now, d.Mail)
	d.Reviews = reviews.New(p.DB, d.Orders, p.Clock.Now, d.Mail)
	d.Payouts = payouts.New(payouts.Config{DB: p.DB, Accounts: forPages, Transfers: forWorkers, Reversals: forWorkers, Books: forWorkers,
		Now: p.Clock.Now, Clock: time.Now, PerSecond: p.PayoutsPerSecond,
		Halted: func(ctx context.Context) (bool, error) { return reconcile.Halted(ctx, p.DB) }, BaseURL: p.BaseURL, Mail: d.Mail, Log: p.Log})
	d.Documents = documents.New(p.DB, p.Clock.Now, p.Legal)
	d.Debts = debts.New(p.DB, forWorkers, p.Clock.Now, time.Now, p.Log)
	d.Webhooks = webhooks.New(webhooks.Config{DB: p.DB, Provider: forWorkers, Orders: d.Orders, Counter: d.Counter, Pledges: d.Pledges, Refunds: d.Refunds, Disputes: d.Disputes, Payouts: d.Payouts, Now: time.Now, Log: p.Log})
	d.Reconcile = reconcile.New(reconcile.Config{DB: p.DB, Books: forWorkers, Transfers: forWorkers, Webhooks: d.Webhooks, Audit: auditBooks, Mail: d.Mail,
		Now: p.Clock.Now, Clock: time.Now, Log: p.Log})
	d.register()
	return d, nil
}

// wireWritten makes what members, buyers and brands write to each other and decide together.
func (d *Domains) wireWritten(p Parts) {
	d.Support = support.New(support.Config{DB: p.DB, Now: p.Clock.Now, Mail: d.Mail, Media: d.Media, Domain: p.MailIn})
	d.Ratings = ratings.New(p.DB, p.Clock.Now, d.Mail)
	d.Questions = questions.New(p.DB, p.Clock.Now)
	d.Ideas = ideas.New(p.DB, []byte(p.Secret), p.Clock.Now, p.RealNow)
	d.Polls = polls.New(p.DB, d.Media, []byte(p.Secret), p.Clock.Now, p.RealNow)
}

// wireSales makes the ways of a sale.
func (d *Domains) wireSales(p Parts, forPages, forWorkers *stripe.Client) {
	d.Orders = orders.New(orders.Config{DB: p.DB, Payments: forPages, Now: p.Clock.Now, BaseURL: p.BaseURL, FeeBps: p.FeeBps,
		AutoDays: p.AutoDelivery, Mail: d.Mail, Log: p.Log})
	d.Carts = carts.New(p.DB, p.Clock.Now)
	d.Counter = pos.New(pos.Config{DB: p.DB, Orders: d.Orders, Carts: d.Carts, Payments: forPages, Now: p.Clock.Now, Clock: time.Now, Log: p.Log})
	d.Pledges = pledges.New(pledges.Config{DB: p.DB, Pages: forPages, Charges: forWorkers, Orders: d.Orders, Carts: d.Carts, Now: p.Clock.Now, Clock: time.Now, BaseURL: p.BaseURL, Mail: d.Mail, Log: p.Log})
	d.Late = late.New(p.DB, p.Clock.Now, d.Mail, late.PerJob)
	d.Backers = made.New(p.DB, p.Clock.Now, d.Mail, made.PerSweep)
}

// wireCircles makes what members do among themselves, how they are told, and who follows them from elsewhere.
func (d *Domains) wireCircles(p Parts) (err error) {
	d.Groups = groups.New(groups.Options{DB: p.DB, Now: p.Clock.Now, Mail: d.Mail, Keys: d.Keys, Members: d.Members})
	d.Follows = follows.New(p.DB, p.Clock.Now)
	d.Posts = posts.New(p.DB, d.Referrals, p.Clock.Now, d.Mail)
	for _, k := range []groups.Kind{groups.APost, groups.AComment} {
		d.Groups.About(k, d.Posts.Subjects(k))
	}
	d.Stories = stories.New(p.DB, d.Media, d.Referrals, p.Clock.Now)
	d.Notices, err = notices.New(notices.Options{DB: p.DB, Mail: d.Mail, Keys: d.Keys, Now: p.Clock.Now, Clock: p.RealNow, PushKey: p.PushKey, Contact: pushContact(p), Client: p.PushClient, Log: p.Log})
	if err != nil {
		return err
	}
	d.Fediverse, err = fediverse.New(fediverse.Config{DB: p.DB, Referrals: d.Referrals, Now: p.Clock.Now, Clock: time.Now, BaseURL: p.BaseURL, Secret: []byte(p.Secret),
		Local: p.FediverseLocal, Log: p.Log})
	return err
}

// pushContact is whom push services can ask about us: the site, or in development, which has no https, the sender of letters.
func pushContact(p Parts) string {
	if strings.HasPrefix(p.BaseURL, "https:") {
		return p.BaseURL
	}
	from, err := netmail.ParseAddress(p.MailFrom)
	if err != nil {
		return ""
	}
	return from.Address
}

// importVAT is the rate of products that a file brings, in basis points: France's normal one, to be changed on the product.
const importVAT = 2000

// register hands every job to the runner.
func (d *Domains) register() {
	d.Jobs.Handle(mail.JobSend, 2*time.Minute, d.Mail.Send)
	d.Jobs.Handle(shopify.JobKind, shopify.JobLease, d.Imports.Handle)
	d.Jobs.Handle(members.JobSweep, 5*time.Minute, d.Members.Sweep)
	d.Jobs.Every(members.JobSweep, 24*time.Hour, members.JobSweep)
	d.Groups.Register(d.Jobs)
	d.Storefronts.Register(d.Jobs)
	d.Notices.Register(d.Jobs)
	d.Jobs.Handle(catalog.JobTerms, 10*time.Minute, d.Referrals.TermsChanged)
	d.Clicks.Register(d.Jobs)
	d.Fediverse.Register(d.Jobs)
	d.Orders.Register(d.Jobs)
	d.Counter.Register(d.Jobs)
	d.Pledges.Register(d.Jobs)
	d.Late.Register(d.Jobs)
	d.Backers.Register(d.Jobs)
	d.Refunds.Register(d.Jobs)
	d.Returns.Register(d.Jobs)
	d.Disputes.Register(d.Jobs)
	d.Reviews.Register(d.Jobs)
	d.Posts.Register(d.Jobs)
	d.Stories.Register(d.Jobs)
	d.Support.Register(d.Jobs)
	d.Ratings.Register(d.Jobs)
	d.Publications.Register(d.Jobs)
	d.Ideas.Register(d.Jobs)
	d.Polls.Register(d.Jobs)
	d.Payouts.Register(d.Jobs)
	d.Debts.Register(d.Jobs)
	d.Documents.Register(d.Jobs)
	d.Webhooks.Register(d.Jobs)
	d.Reconcile.Register(d.Jobs)
}

// sandboxKey is what the sandbox is spoken to with; it opens nothing else.
const sandboxKey = "sk_test_sandbox"

// Where the sandbox is mounted on our own server, so that it is reached wherever the site is.
const sandboxPath = "/stripe-sandbox"

// sandboxOptions are those of the local Stripe of a site.
func sandboxOptions(baseURL, journal, secret string, c *clock.Clock, log *slog.Logger) stripesandbox.Options {
	return stripesandbox.Options{
		Path: journal, Now: c.Now, RealNow: time.Now, BaseURL: baseURL + sandboxPath,
		PlatformURL: baseURL + "/webhooks/stripe", PlatformSecret: sandboxSecret(secret, "platform"),
		ConnectURL: baseURL + "/webhooks/stripe/connect", ConnectSecret: sandboxSecret(secret, "connect"),
		SettleDelay: 2 * 24 * time.Hour, FeeBps: 150, FeeMinor: 25, Log: log,
	}
}

// sandboxClient are the options of a client of the sandbox at that address.
func sandboxClient(baseURL, secret string, capabilities []string) stripe.Options {
	return stripe.Options{Key: sandboxKey, URL: baseURL + sandboxPath, Capabilities: capabilities, Now: time.Now,
		PlatformSecret: sandboxSecret(secret, "platform"), ConnectSecret: sandboxSecret(secret, "connect")}
}

func sandboxSecret(secret, endpoint string) string { return "whsec_" + endpoint + "_" + secret }

// mountSandbox serves the sandbox beside the site. Its API answers this machine only.
func mountSandbox(mux *http.ServeMux, s *stripesandbox.Sandbox) {
	h := http.StripPrefix(sandboxPath, s.Handler())
	mux.Handle(sandboxPath+"/v1/", local(h))
	mux.Handle(sandboxPath+"/", h)
}

// patience is for books of millions: what pages may take would not be enough for some invariants.
const patience = `set local statement_timeout = '15min'`

// Audit counts what breaks each invariant of the books, between them and Stripe's, of clicks, circles, and what members and brands write.
func Audit(ctx context.Context, db *sqlx.DB) (all []Finding, err error) {
	err = postgres.InTx(ctx, db, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, patience); err != nil {
			return err
		}
		all, err = AuditIn(ctx, tx)
		return err
	})
	return all, err
}

// AuditIn is Audit as its caller's transaction sees things.
func AuditIn(ctx context.Context, q sqlx.QueryerContext) ([]Finding, error) {
	all, err := auditBooks(ctx, q)
	if err != nil {
		return nil, err
	}
	for _, check := range []func(context.Context, sqlx.QueryerContext) ([]Finding, error){reconcile.Check, clicks.Check, groups.Check, follows.Check, ratings.Check, support.Check, questions.Check, reports.Check, ideas.Check, polls.Check, stories.Check, publications.Check} {
		found, err := check(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("audit: %w", err)
		}
		all = append(all, found...)
	}
	return all, nil
}

// auditBooks counts what breaks each invariant of our own books.
func auditBooks(ctx context.Context, q sqlx.QueryerContext) ([]Finding, error) {
	var all []Finding
	for _, check := range invariants {
		found, err := check(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("audit: %w", err)
		}
		all = append(all, found...)
	}
	return all, nil
}

// ErrBooks says that an invariant of the books is broken.
var ErrBooks = errors.New("the books do not add up")
