package app

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"time"

	"relais/internal/clock"
	"relais/internal/mail"
	"relais/internal/stripe"
	"relais/internal/stripesandbox"
	"relais/internal/web"
)

// Services is everything Relais can do, over an opened database. The server and the commands use the same ones.
type Services struct {
	*Domains
	Sandbox *stripesandbox.Sandbox // nil: the real Stripe, or the sandbox of a server that runs already

	data    *database
	baseURL string
	site    http.Handler // nil for commands

	// workers run while the server does: started in this order, stopped in the opposite one after the last request.
	workers []worker
}

// worker runs until its context ends; an error before that stops the server.
type worker struct {
	name string
	run  func(ctx context.Context) error
}

// Open connects to the database, migrates it when the owner's address is known, and wires the services for a command.
// Without a Stripe key it speaks to the sandbox of the running server; see Beside. Close ends it.
func Open(ctx context.Context, cfg Config, log *slog.Logger) (*Services, error) {
	return open(ctx, cfg, log, "http://"+reachable(cfg.Addr), false)
}

// open does the same for a server that listens on own, which hosts the sandbox and runs the jobs.
func open(ctx context.Context, cfg Config, log *slog.Logger, own string, server bool) (*Services, error) {
	data, err := connect(ctx, cfg, log)
	if err != nil {
		return nil, err
	}
	s := &Services{data: data}
	if err := s.wire(ctx, cfg, log, own, server); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Services) wire(ctx context.Context, cfg Config, log *slog.Logger, own string, hosting bool) error {
	if s.data.owner != "" {
		if err := s.data.migrate(ctx); err != nil {
			return err
		}
	}
	if err := s.data.open(ctx); err != nil {
		return err
	}
	business, err := clock.New(ctx, s.data.pages)
	if err != nil {
		return err
	}
	if cfg, err = withSecrets(cfg); err != nil {
		return err
	}
	secret := cfg.Secret
	if cfg.BaseURL == "" {
		cfg.BaseURL = own
	}
	if hosting {
		if err := s.data.seed(ctx, cfg, log); err != nil {
			return err
		}
	}
	s.baseURL = cfg.BaseURL
	client, err := s.provider(cfg, secret.Reveal(), own, business, log, hosting)
	if err != nil {
		return err
	}
	server, err := mailServer(cfg.Mail)
	if err != nil {
		return err
	}
	perSecond := 0 // a sandbox takes as many as come
	if cfg.Stripe.Key != "" && cfg.Stripe.URL == "" {
		perSecond = cfg.Stripe.PayoutsPerSecond
	}
	spool := ""
	if hosting {
		spool = filepath.Join(cfg.DataDir, "spool")
	}
	s.Domains, err = Wire(Parts{
		DB: s.data.pages, Work: s.data.work, Clock: business, Stripe: client, Secret: secret.Reveal(),
		MediaDir: filepath.Join(cfg.DataDir, "media"), BaseURL: cfg.BaseURL, MailFrom: cfg.Mail.From, MailIn: cfg.mailIn(), SMTP: server, Spool: spool, PushKey: cfg.PushKey.Reveal(), PushClient: cfg.PushClient,
		FeeBps: cfg.PlatformFeeBps, AutoDelivery: cfg.AutoDelivery, ClickMonths: cfg.ClickRetention, PayoutsPerSecond: perSecond, FediverseLocal: cfg.FediverseLocal, Legal: cfg.Legal, Currencies: cfg.Currencies, Log: log,
	})
	if err != nil {
		return err
	}
	s.workers = append(s.workers, worker{"jobs", s.Jobs.Run}, worker{"clicks", s.Clicks.Run}, worker{"changes", s.Changes.Run}, worker{"fediverse", s.Fediverse.Run})
	if hosting {
		s.site, err = s.pages(cfg, log)
	}
	return err
}

func mailServer(m Mail) (*mail.SMTP, error) {
	if m.SMTP == "" {
		return nil, nil
	}
	return mail.ParseSMTP(m.SMTP.Reveal())
}

// provider says how Stripe is reached: itself with a key, otherwise the sandbox, which a server hosts.
func (s *Services) provider(cfg Config, secret, own string, business *clock.Clock, log *slog.Logger, server bool) (stripe.Options, error) {
	if cfg.Stripe.Key != "" {
		return stripe.Options{
			Key: cfg.Stripe.Key.Reveal(), URL: cfg.Stripe.URL, PlatformSecret: cfg.Stripe.WebhookSecret.Reveal(),
			ConnectSecret: cfg.Stripe.ConnectWebhookSecret.Reveal(), Capabilities: cfg.Stripe.Capabilities, Now: time.Now,
		}, nil
	}
	client := sandboxClient(own, secret, cfg.Stripe.Capabilities)
	if !server {
		return client, nil
	}
	var err error
	journal := filepath.Join(cfg.DataDir, "sandbox.journal")
	if s.Sandbox, err = stripesandbox.New(sandboxOptions(cfg.BaseURL, journal, secret, business, log)); err != nil {
		return client, fmt.Errorf("start the Stripe sandbox: %w", err)
	}
	s.workers = append(s.workers, worker{"stripe sandbox", s.Sandbox.Run})
	return client, nil
}

// reachable is a listening address as a program on this machine calls it.
func reachable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// stripeOrigins are where Stripe's own pages lie, to which our forms lead.
var stripeOrigins = []string{"https://checkout.stripe.com", "https://connect.stripe.com"}

// origins adds the sandbox that a test hosts elsewhere on this machine.
func origins(stripeURL string) []string {
	u, err := url.Parse(stripeURL)
	if err != nil || u.Host == "" {
		return stripeOrigins
	}
	return append([]string{u.Scheme + "://" + u.Host}, stripeOrigins...)
}

// pages is the site, with the sandbox's pages beside it when there is one.
func (s *Services) pages(cfg Config, log *slog.Logger) (http.Handler, error) {
	site, err := web.New(web.Options{
		DB: s.DB, Keys: s.Keys, Media: s.Media, Designs: s.Designs, Making: s.Making, Publications: s.Publications, Members: s.Members, Groups: s.Groups, Notices: s.Notices, Catalog: s.Catalog, Imports: s.Imports, Storefronts: s.Storefronts,
		Clicks: s.Clicks, Referrals: s.Referrals, Fediverse: s.Fediverse, Carts: s.Carts, Orders: s.Orders, Counter: s.Counter, Pledges: s.Pledges, Late: s.Late, SimulatedReader: s.simulatedReader(), Support: s.Support, Returns: s.Returns, Disputes: s.Disputes, Reviews: s.Reviews, Posts: s.Posts, Stories: s.Stories, Follows: s.Follows, Ratings: s.Ratings, Questions: s.Questions, Ideas: s.Ideas, Polls: s.Polls, Debts: s.Debts, Payouts: s.Payouts, Webhooks: s.Webhooks, Reconcile: s.Reconcile, Now: s.Clock.Now, Clock: time.Now, FeeBps: cfg.PlatformFeeBps,
		BaseURL: s.baseURL, PaymentOrigins: origins(cfg.Stripe.URL), TrustedProxies: cfg.TrustedProxies, Dev: !cfg.Production,
		Mailbox: cfg.Mail.SMTP == "", Mail: s.Mail, MailSecret: cfg.Mail.InSecret.Reveal(), Changes: s.Changes, Wake: s.Jobs.Wake, Log: log,
		Audit: func(ctx context.Context) ([]Finding, error) { return Audit(ctx, s.DB) }, Advance: s.advance(),
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	if s.Sandbox != nil {
		mountSandbox(mux, s.Sandbox)
	}
	mux.Handle("/", site)
	return mux, nil
}

// simulatedReader is where the sandbox that we host shows its readers.
func (s *Services) simulatedReader() string {
	if s.Sandbox == nil {
		return ""
	}
	return sandboxPath + "/reader/"
}

// Close ends what Open began.
func (s *Services) Close() {
	if s.Sandbox != nil {
		_ = s.Sandbox.Close() // its journal is written before every answer
	}
	s.data.close()
}
