package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"relais/internal/clock"
	"relais/internal/demo"
	"relais/internal/demo/studio"
	"relais/internal/money"
	"relais/internal/postgres"
	"relais/internal/stripesandbox"
)

// Seed makes the demo in the empty database of the configuration. progress is told the per cent done.
func Seed(ctx context.Context, cfg Config, log *slog.Logger, progress func(percent int)) error {
	switch {
	case cfg.Production:
		return errors.New("the demo is not made in production: unset RELAIS_ENV")
	case cfg.Stripe.Key != "":
		return errors.New("the demo pays at the local sandbox: unset RELAIS_STRIPE_SECRET_KEY")
	}
	data, err := connect(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer data.close()
	if data.owner != "" {
		if err := data.migrate(ctx); err != nil {
			return err
		}
	}
	if err := data.open(ctx); err != nil {
		return err
	}
	if cfg.BaseURL == "" {
		cfg.BaseURL = "http://" + reachable(cfg.Addr)
	}
	secret := cfg.Secret
	if secret == "" {
		if secret, err = developmentSecret(cfg.DataDir); err != nil {
			return err
		}
	}
	cfg.Secret = secret
	cfg.Demo = progress
	return data.makeDemo(ctx, cfg, log)
}

// seed makes the demo when a server starts on an empty database in development, and says what to do about one that was
// interrupted.
func (d *database) seed(ctx context.Context, cfg Config, log *slog.Logger) error {
	state, err := demo.Look(ctx, d.pages)
	switch {
	case err != nil:
		return err
	case state == demo.Unfinished:
		return d.explain(cfg, demo.ErrUnfinished)
	case state == demo.Done:
		d.demo = !cfg.Production
		return nil
	case state != demo.Empty || cfg.Demo == nil || cfg.Production || cfg.Stripe.Key != "":
		return nil
	}
	d.demo = true
	return d.makeDemo(ctx, cfg, log)
}

// demoDoors says who can log in to the demo, for the terminal; nothing where it is not the demo.
func (d *database) demoDoors() string {
	if !d.demo {
		return ""
	}
	return fmt.Sprintf("demo: log in as %s, %s or %s with %s; ", demo.Relay, demo.Owner, demo.Admin, demo.Password)
}

// explain adds the remedy, which is never to take anything out of the books.
func (d *database) explain(cfg Config, err error) error {
	switch {
	case !errors.Is(err, demo.ErrUnfinished):
		return err
	case d.cluster == nil:
		return fmt.Errorf("%w: give RELAIS_DATABASE_URL a new database, and RELAIS_DATA_DIR a new folder", err)
	}
	return fmt.Errorf("%w: stop Relais, move the folder %s away and start again", err, cfg.DataDir)
}

// makeDemo wires the use cases a second time, over a clock of the past and a sandbox of their own that keeps the same
// journal as the server's and tells nobody what happens in it.
func (d *database) makeDemo(ctx context.Context, cfg Config, log *slog.Logger) error {
	business, err := clock.New(ctx, d.pages)
	if err != nil {
		return err
	}
	moment := clock.At(business.Now())
	if err := demo.Free(ctx, d.pages); err != nil {
		return d.explain(cfg, err)
	}
	journal := filepath.Join(cfg.DataDir, "sandbox.journal")
	if info, err := os.Stat(journal); err == nil && info.Size() > 0 {
		return fmt.Errorf("%s belongs to another database: move it away first", journal)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	options := sandboxOptions(cfg.BaseURL, journal, cfg.Secret.Reveal(), moment, log)
	options.PlatformURL, options.ConnectURL = "", ""
	sandbox, err := stripesandbox.New(options)
	if err != nil {
		return fmt.Errorf("start the Stripe sandbox: %w", err)
	}
	defer sandbox.Close()
	local, stop, err := serveSandbox(sandbox)
	if err != nil {
		return err
	}
	defer stop()
	db, err := postgres.OpenHasty(d.url, workConnections)
	if err != nil {
		return err
	}
	defer db.Close()
	domains, err := Wire(Parts{DB: db, Work: db, Clock: moment, RealNow: moment.Now, Stripe: sandboxClient(local, cfg.Secret.Reveal(), cfg.Stripe.Capabilities),
		Secret: cfg.Secret.Reveal(), MediaDir: filepath.Join(cfg.DataDir, "media"), BaseURL: cfg.BaseURL, MailFrom: cfg.Mail.From, FeeBps: cfg.PlatformFeeBps,
		AutoDelivery: cfg.AutoDelivery, Legal: cfg.Legal, Currencies: demoCurrencies(cfg.Currencies), Log: log})
	if err != nil {
		return err
	}
	defer domains.Media.Close()
	visitor := stripesandbox.Visitor{Site: cfg.BaseURL, At: local}
	err = demo.Seed(ctx, domains.forDemo(cfg, sandbox, visitor), demo.Options{Now: business.Now(), Days: cfg.demoDays, Progress: cfg.Demo, Log: log, Real: time.Now})
	return d.explain(cfg, err)
}

// demoCurrencies are those of the configuration and that of the demo's British brand: the demo shows what several look like.
func demoCurrencies(list []money.Currency) []money.Currency { return append(slices.Clone(list), "GBP") }

// forDemo is what the demo needs of the domains.
func (d *Domains) forDemo(cfg Config, sandbox *stripesandbox.Sandbox, visitor stripesandbox.Visitor) demo.Services {
	return demo.Services{DB: d.DB, Clock: d.Clock, Secret: []byte(cfg.Secret.Reveal()), Jobs: d.Jobs, Media: d.Media, Members: d.Members, Notices: d.Notices, Groups: d.Groups,
		Catalog: d.Catalog, Storefronts: d.Storefronts, Referrals: d.Referrals, Fediverse: d.Fediverse, Carts: d.Carts, Orders: d.Orders, Counter: d.Counter, Pledges: d.Pledges, Support: d.Support, Returns: d.Returns, Disputes: d.Disputes, Reviews: d.Reviews, Posts: d.Posts, Stories: d.Stories, Follows: d.Follows, Ratings: d.Ratings, Questions: d.Questions, Ideas: d.Ideas, Polls: d.Polls, Payouts: d.Payouts, Documents: d.Documents,
		Sandbox: sandbox, Visitor: visitor, BaseURL: cfg.BaseURL, Makers: studio.Makers{Designs: d.Designs, Making: d.Making, Catalog: d.Catalog, Storefronts: d.Storefronts, Publications: d.Publications}}
}

// serveSandbox lets a sandbox be reached on this machine while the site is not served yet.
func serveSandbox(s *stripesandbox.Sandbox) (address string, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("listen for the Stripe sandbox: %w", err)
	}
	mux := http.NewServeMux()
	mountSandbox(mux, s)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = server.Serve(l) }()
	return "http://" + l.Addr().String(), func() { _ = server.Close(); <-ended }, nil
}
