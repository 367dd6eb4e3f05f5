package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/app"
	"relais/internal/catalog"
	"relais/internal/clock"
	"relais/internal/documents"
	"relais/internal/earnings"
	"relais/internal/i18n"
	"relais/internal/members"
	"relais/internal/postgres"
	"relais/internal/stripe"
	"relais/internal/stripesandbox"
)

// Keys and secrets that open nothing but the sandbox of this run.
const (
	stripeKey      = "sk_test_torture"
	platformSecret = "whsec_platform_torture"
	connectSecret  = "whsec_connect_torture"
	siteSecret     = "q7Zt0cVbM2xKp9Lw4Rj8Ny3Hs6Gd1Fa5"
)

// Sizes of the catalogue: enough people that two of them are seldom at the same row, few enough that they often are.
const (
	brandCount  = 4
	perBrand    = 2
	memberCount = 5
	inStock     = 100_000
	funds       = 50_000_00 // what the platform has at Stripe at the beginning, in cents
)

// world is a database, a Stripe and the people around a Relais that dies all the time. Its own use cases share the database and
// the Stripe with that Relais, as a second instance that never runs a job.
type world struct {
	dir     string
	cluster *postgres.Cluster
	owner   *sqlx.DB // of the schema's owner: for looking at rows, and for letting time pass
	shared  *sqlx.DB // of the application's role, for use cases
	domains *app.Domains
	sandbox *stripesandbox.Sandbox
	stripe  *http.Server
	calls   atomic.Int64 // calls that the sandbox is answering
	at      string       // where the sandbox listens: http://127.0.0.1:port
	addr    string       // where Relais listens, before and after it died
	binary  string

	gate    sync.RWMutex // held by whoever acts; alone by time
	behind  atomic.Bool  // there is more work than is done: people wait, or it would never come to an end
	goods   []good
	members []int64
	readers []reader
	counts  counts
}

// good is one variant on sale.
type good struct {
	brand, variant int64
	slug           string
}

// open makes everything but the Relais that will be killed.
func open(ctx context.Context) (*world, error) {
	dir, err := os.MkdirTemp("", "relais-torture-")
	if err != nil {
		return nil, fmt.Errorf("make a folder: %w", err)
	}
	w := &world{dir: dir}
	for _, step := range []func(context.Context) error{w.build, w.database, w.host, w.wire, w.fill} {
		if err := step(ctx); err != nil {
			return nil, errors.Join(err, w.close())
		}
	}
	return w, nil
}

// build makes the real program.
func (w *world) build(ctx context.Context) error {
	if err := os.Chmod(w.dir, 0o755); err != nil { // the cluster's user has to pass
		return err
	}
	w.binary = filepath.Join(w.dir, "relais")
	out, err := exec.CommandContext(ctx, "go", "build", "-o", w.binary, "relais/cmd/relais").CombinedOutput()
	if err != nil {
		return fmt.Errorf("build relais: %w\n%s", err, out)
	}
	return nil
}

// database starts a cluster. It does not wait for the disk: what dies here is programs, not machines, and what a program has
// written outlives it.
func (w *world) database(ctx context.Context) error {
	var err error
	if w.cluster, err = postgres.StartCluster(ctx, postgres.Options{DataDir: w.dir}); err != nil {
		return err
	}
	if w.owner, err = postgres.Open(w.cluster.OwnerURL(), 4); err != nil {
		return err
	}
	if err := postgres.Migrate(ctx, w.owner); err != nil {
		return err
	}
	for _, setting := range []string{`alter system set fsync = off`, `alter system set full_page_writes = off`, `select pg_reload_conf()`} {
		if _, err := w.owner.ExecContext(ctx, setting); err != nil {
			return fmt.Errorf("%s: %w", setting, err)
		}
	}
	w.shared, err = postgres.Open(w.cluster.AppURL(), 20)
	return err
}

// host serves the sandbox, and chooses the address at which Relais will be reached.
func (w *world) host(ctx context.Context) error {
	site, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	w.addr = site.Addr().String()
	if err := site.Close(); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	w.at = "http://" + l.Addr().String()
	business, err := clock.New(ctx, w.shared)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	w.domains = &app.Domains{Clock: business}
	w.sandbox, err = stripesandbox.New(stripesandbox.Options{Now: business.Now, RealNow: time.Now, BaseURL: w.at + "/stripe",
		PlatformURL: w.site("/webhooks/stripe"), PlatformSecret: platformSecret, ConnectURL: w.site("/webhooks/stripe/connect"), ConnectSecret: connectSecret,
		SettleDelay: 48 * time.Hour, FeeBps: 150, FeeMinor: 25})
	if err != nil {
		return errors.Join(err, l.Close())
	}
	handler := http.StripPrefix("/stripe", w.sandbox.Handler())
	w.stripe = &http.Server{ReadHeaderTimeout: 5 * time.Second, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
		Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			w.calls.Add(1)
			defer w.calls.Add(-1)
			handler.ServeHTTP(rw, r)
		})}
	go func() { _ = w.stripe.Serve(l) }() // it ends with close
	return nil
}

func (w *world) site(path string) string { return "http://" + w.addr + path }

// options are how the sandbox is spoken to.
func (w *world) options() stripe.Options {
	return stripe.Options{Key: stripeKey, URL: w.at + "/stripe", PlatformSecret: platformSecret, ConnectSecret: connectSecret,
		Capabilities: []string{"transfers"}, Now: time.Now}
}

// wire makes the use cases of the people whose clicks do not go over HTTP.
func (w *world) wire(context.Context) error {
	var err error
	w.domains, err = app.Wire(app.Parts{DB: w.shared, Work: w.shared, Clock: w.domains.Clock, Stripe: w.options(), Secret: siteSecret,
		MediaDir: filepath.Join(w.dir, "media"), BaseURL: w.site(""), MailFrom: "Relais <relais@localhost>", FeeBps: 500, AutoDelivery: 7,
		Legal: documents.Legal{Name: "Relais SAS", Address: "1 rue du Test, 75000 Paris, France", SIREN: "123 456 789", VATNumber: "FR00123456789"},
		Log:   slog.New(slog.DiscardHandler)})
	return err
}

// fill makes members, brands with products, payees with accounts, and money at Stripe to begin with.
func (w *world) fill(ctx context.Context) error {
	for i := range memberCount {
		id, err := w.member(ctx, fmt.Sprintf("relais-%d", i))
		if err != nil {
			return err
		}
		w.members = append(w.members, id)
	}
	for i := range brandCount {
		if err := w.brand(ctx, i); err != nil {
			return fmt.Errorf("brand %d: %w", i, err)
		}
	}
	for _, id := range w.members[1:] { // one never registers with Stripe
		if err := w.onboard(ctx, earnings.Owner{MemberID: id}); err != nil {
			return err
		}
	}
	if err := w.stands(ctx); err != nil {
		return err
	}
	form := url.Values{"amount": {fmt.Sprint(funds)}, "currency": {"eur"}}
	return w.callStripe(ctx, http.MethodPost, "/v1/topups", form, nil)
}

func (w *world) member(ctx context.Context, handle string) (int64, error) {
	m, err := w.domains.Members.Create(ctx, members.NewMember{Handle: handle, Name: "Relais " + handle, Email: handle + "@relais.example",
		Password: "a good long password", Lang: i18n.FR, Confirmed: true})
	return m.ID, err
}

func (w *world) brand(ctx context.Context, n int) error {
	handle := fmt.Sprintf("atelier-%d", n)
	owner, err := w.member(ctx, handle+"-owner")
	if err != nil {
		return err
	}
	b, err := w.domains.Catalog.CreateBrand(ctx, owner, catalog.BrandDraft{Handle: handle, Name: "Atelier " + handle, Lang: i18n.FR, MakerName: "SARL " + handle,
		MakerAddress: "1 rue du Port\n29000 Quimper", ContactEmail: handle + "@marque.example", Country: "FR", Currency: "EUR", Trader: true})
	if err != nil {
		return err
	}
	_, err = w.domains.Catalog.PutDelivery(ctx, owner, b.ID, catalog.DeliveryMethod{Name: "Colissimo", PriceMinor: 500, DaysMin: 2, DaysMax: 4, Countries: []string{"FR"}, Active: true})
	if err != nil {
		return err
	}
	if err := w.offerSteps(ctx, owner, b.ID); err != nil {
		return err
	}
	for i := range perBrand {
		if err := w.product(ctx, owner, b.ID, n*perBrand+i); err != nil {
			return err
		}
	}
	return w.onboard(ctx, earnings.Owner{BrandID: b.ID})
}

func (w *world) product(ctx context.Context, owner, brand int64, n int) error {
	p, err := w.domains.Catalog.CreateProduct(ctx, owner, brand, catalog.ProductDraft{Lang: i18n.FR, Title: fmt.Sprintf("Bol n° %d", n), VATBps: 2000,
		Variants: []catalog.VariantDraft{{PriceMinor: int64(1999 + 1303*n), Stock: inStock, SKU: fmt.Sprintf("BOL-%d", n)}}})
	if err != nil {
		return err
	}
	if err := w.domains.Catalog.MoveProduct(ctx, owner, brand, p.ID, catalog.Published); err != nil {
		return err
	}
	g := good{brand: brand, slug: p.Slug}
	if err := w.owner.GetContext(ctx, &g.variant, `select id from variants where product_id = $1`, p.ID); err != nil {
		return err
	}
	for _, m := range w.members {
		if _, err := w.domains.Storefronts.AddListing(ctx, m, p.ID); err != nil {
			return err
		}
	}
	w.goods = append(w.goods, g)
	return nil
}

// onboard takes a payee through Stripe's registration.
func (w *world) onboard(ctx context.Context, o earnings.Owner) error {
	payee, err := w.domains.Payouts.PayeeOf(ctx, o)
	if err != nil {
		return err
	}
	link, err := w.domains.Payouts.Onboard(ctx, payee.ID, "FR", w.site("/done"), w.site("/again"))
	if err != nil {
		return err
	}
	link, _, _ = strings.Cut(link, "#")
	if err := (stripesandbox.Visitor{}).Onboard(ctx, link); err != nil {
		return err
	}
	_, err = w.domains.Payouts.Refresh(ctx, payee.ID)
	return err
}

// close leaves nothing behind.
func (w *world) close() error {
	var errs []error
	if w.stripe != nil {
		errs = append(errs, w.stripe.Close())
	}
	for _, db := range []*sqlx.DB{w.shared, w.owner} {
		if db != nil {
			_ = db.Close() // the restarts of Postgres broke some of its connections, and closing those fails
		}
	}
	if w.cluster != nil {
		dir := w.cluster.Dir()
		w.cluster.Stop()
		errs = append(errs, os.RemoveAll(dir))
	}
	return errors.Join(append(errs, os.RemoveAll(w.dir))...)
}
