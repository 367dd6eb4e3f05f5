package app

import (
	"log/slog"
	"net"
	"net/http"
	"net/mail"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"

	"relais/internal/clicks"
	"relais/internal/crash"
	"relais/internal/documents"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/notices"
)

// Config is what the environment says. Nothing reads it but New: constructors receive the values that they need.
type Config struct {
	Addr           string
	BaseURL        string // without a slash at the end; empty: the address listened on
	Production     bool
	DataDir        string
	Database       Database
	Secret         Secret // empty in development: made once, kept in DataDir
	PushKey        Secret // of web push; empty in development: made once, kept in DataDir; empty in production: none is sent
	Stripe         Stripe
	Mail           Mail
	PlatformFeeBps int64
	AutoDelivery   int              // days
	ClickRetention int              // months
	Currencies     []money.Currency // that brands may sell in; the euro among them
	Legal          documents.Legal  // who we are on documents
	TrustedProxies []netip.Prefix
	FediverseLocal bool // servers of the fediverse on this machine are spoken to: for tests
	MetricsAddr    string
	LogLevel       slog.Level
	Unknown        []string // variables that look like ours and are not

	// Demo, when it is set, has a server in development fill an empty database with the demo, and is told the per cent
	// done. It is not of the environment.
	Demo func(percent int) `json:"-"`

	// PushClient is what a test speaks to push services with.
	PushClient *http.Client `json:"-"`

	demoDays int // 0: all of them
}

// Database says where the data is. Empty URL: the private cluster.
type Database struct {
	URL, OwnerURL Secret
}

// Stripe says how to reach it. Empty Key: the local sandbox.
type Stripe struct {
	Key, WebhookSecret, ConnectWebhookSecret Secret
	Capabilities                             []string
	URL                                      string // of a sandbox on this machine; empty: Stripe itself
	PayoutsPerSecond                         int    // transfers asked for in a second by one process
}

// Live tells whether the key moves real money.
func (s Stripe) Live() bool {
	return strings.HasPrefix(s.Key.Reveal(), "sk_live_") || strings.HasPrefix(s.Key.Reveal(), "rk_live_")
}

// Mail says how letters leave. Empty SMTP: they stay in the development mailbox.
type Mail struct {
	SMTP Secret // smtp:// or smtps:// address with user and password
	From string

	InDomain string // of the addresses that letters are answered to; empty: none
	InSecret Secret // of who hands in the mail of that domain
}

// ConfigError is everything that is wrong with the environment, a line each with its remedy.
type ConfigError struct{ Problems []string }

func (e *ConfigError) Error() string { return strings.Join(e.Problems, "\n") }

// secretLength is how many characters a secret has at least.
const secretLength = 32

// ReadConfig reads the environment of this process.
func ReadConfig() (Config, error) {
	c, err := readConfig(os.LookupEnv)
	c.Unknown = unknown(os.Environ())
	return c, err
}

// readConfig reads everything, then reports all problems at once as a *ConfigError.
func readConfig(get func(name string) (string, bool)) (Config, error) {
	e := &environment{get: get}
	c := Config{
		Addr:           e.text("RELAIS_ADDR", "127.0.0.1:8080"),
		BaseURL:        strings.TrimRight(e.text("RELAIS_BASE_URL", ""), "/"),
		Production:     e.choice("RELAIS_ENV", "development", "production") == "production",
		DataDir:        e.text("RELAIS_DATA_DIR", "var"),
		Database:       Database{URL: e.secret("RELAIS_DATABASE_URL"), OwnerURL: e.secret("RELAIS_DATABASE_OWNER_URL")},
		Secret:         e.secret("RELAIS_SECRET"),
		PushKey:        e.secret("RELAIS_PUSH_KEY"),
		PlatformFeeBps: e.whole("RELAIS_PLATFORM_FEE_BPS", 500, 0, 2000),
		AutoDelivery:   int(e.whole("RELAIS_AUTO_DELIVERY_DAYS", 7, 1, 60)),
		ClickRetention: int(e.whole("RELAIS_CLICK_RETENTION_MONTHS", clicks.KeptMonths, clicks.LeastMonths, 600)),
		TrustedProxies: e.networks("RELAIS_TRUSTED_PROXIES"),
		MetricsAddr:    e.text("RELAIS_METRICS_ADDR", ""),
		FediverseLocal: e.choice("RELAIS_FEDIVERSE_LOCAL", "no", "yes") == "yes",
		Stripe: Stripe{
			Key:                  e.secret("RELAIS_STRIPE_SECRET_KEY"),
			URL:                  strings.TrimRight(e.text("RELAIS_STRIPE_URL", ""), "/"),
			WebhookSecret:        e.secret("RELAIS_STRIPE_WEBHOOK_SECRET"),
			ConnectWebhookSecret: e.secret("RELAIS_STRIPE_CONNECT_WEBHOOK_SECRET"),
			Capabilities:         e.list("RELAIS_STRIPE_CAPABILITIES", "transfers"),
			PayoutsPerSecond:     int(e.whole("RELAIS_STRIPE_PAYOUTS_PER_SECOND", 20, 1, 100)),
		},
		Mail: Mail{SMTP: e.secret("RELAIS_SMTP_URL"), From: e.text("RELAIS_MAIL_FROM", "Relais <relais@localhost>"),
			InDomain: strings.ToLower(e.text("RELAIS_MAIL_IN_DOMAIN", "")), InSecret: e.secret("RELAIS_MAIL_IN_SECRET")},
	}
	c.Currencies = currencies(e)
	c.Legal = legal(e, c.Production)
	_ = c.LogLevel.UnmarshalText([]byte(e.choice("RELAIS_LOG_LEVEL", "info", "debug", "warn", "error"))) // one of four
	c.checkAddresses(e)
	c.checkSecret(e)
	c.checkStripe(e)
	c.checkTests(e)
	c.checkMail(e)
	if len(e.problems) > 0 {
		slices.Sort(e.problems)
		return c, &ConfigError{e.problems}
	}
	return c, nil
}

// currencies are those that brands may sell in, the euro first. Stripe counts in the minor units of ISO 4217 for all of them; the
// ones in which it does not, and those of three decimals, are not on offer.
func currencies(e *environment) []money.Currency {
	list := []money.Currency{"EUR"}
	for _, code := range e.list("RELAIS_CURRENCIES", "") {
		c := money.Currency(strings.ToUpper(code))
		switch {
		case c.Valid() != nil || !i18n.EN.Has("currency.name."+string(c)):
			e.problem("RELAIS_CURRENCIES has %q: Relais sells in %s", code, strings.Join(i18n.EN.Keys("currency.name."), ", "))
		case !slices.Contains(list, c):
			list = append(list, c)
		}
	}
	return list
}

// legal is who the platform is on documents: a demonstration in development, required in production.
func legal(e *environment, production bool) documents.Legal {
	l := documents.Legal{Name: e.text("RELAIS_LEGAL_NAME", ""), Form: e.text("RELAIS_LEGAL_FORM", ""), Address: e.text("RELAIS_LEGAL_ADDRESS", ""),
		SIREN: e.text("RELAIS_LEGAL_SIREN", ""), VATNumber: e.text("RELAIS_LEGAL_VAT", ""), Email: e.text("RELAIS_LEGAL_EMAIL", "")}
	for _, field := range []struct {
		name  string
		value *string
		demo  string
	}{
		{"RELAIS_LEGAL_NAME", &l.Name, "Relais (démonstration)"}, {"RELAIS_LEGAL_ADDRESS", &l.Address, "1 rue de la Démonstration, 75000 Paris, France"},
		{"RELAIS_LEGAL_SIREN", &l.SIREN, "000 000 000"}, {"RELAIS_LEGAL_VAT", &l.VATNumber, "FR00000000000"},
	} {
		switch {
		case *field.value != "":
		case production:
			e.problem("%s is required in production: it is printed on every invoice", field.name)
		default:
			*field.value = field.demo
		}
	}
	return l
}

func (c Config) checkAddresses(e *environment) {
	for name, addr := range map[string]string{"RELAIS_ADDR": c.Addr, "RELAIS_METRICS_ADDR": c.MetricsAddr} {
		if _, _, err := net.SplitHostPort(addr); addr != "" && err != nil {
			e.problem("%s is %q: write host:port, such as 127.0.0.1:8080", name, addr)
		}
	}
	u, err := url.Parse(c.BaseURL)
	switch {
	case c.BaseURL == "" && c.Production:
		e.problem("RELAIS_BASE_URL is required in production: set it to the https:// address that people see")
	case c.BaseURL == "":
	case err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.Path != "" || u.RawQuery != "":
		e.problem("RELAIS_BASE_URL is %q: write it like https://relais.example", c.BaseURL)
	case c.Production && u.Scheme != "https":
		e.problem("RELAIS_BASE_URL is %q: production needs https, sessions travel on it", c.BaseURL)
	}
	if c.Database.OwnerURL != "" && c.Database.URL == "" {
		e.problem("RELAIS_DATABASE_OWNER_URL is set without RELAIS_DATABASE_URL: set both, or neither for the private database")
	}
}

func (c Config) checkSecret(e *environment) {
	if key := c.PushKey.Reveal(); key != "" && notices.CheckPushKey(key) != nil {
		e.problem("RELAIS_PUSH_KEY is not 32 random bytes: make it once with openssl rand -base64 32, and keep it: browsers subscribe with it")
	}
	value := c.Secret.Reveal()
	switch {
	case value == "" && c.Production:
		e.problem("RELAIS_SECRET is required in production: make one with openssl rand -hex 32")
	case value == "":
	case len(value) < secretLength:
		e.problem("RELAIS_SECRET has %d characters: give %d or more, made with openssl rand -hex 32", len(value), secretLength)
	case weak(value):
		e.problem("RELAIS_SECRET can be guessed: make one with openssl rand -hex 32")
	}
}

// weak finds secrets that came out of a manual or from a resting finger.
func weak(secret string) bool {
	lower := strings.ToLower(secret)
	if strings.Contains(lower, "changeme") || strings.Contains(lower, "change-me") || strings.Contains(lower, "secret") {
		return true
	}
	letters := []byte(secret)
	slices.Sort(letters)
	return len(slices.Compact(letters)) < 10
}

func (c Config) checkStripe(e *environment) {
	key := c.Stripe.Key.Reveal()
	if key == "" {
		if c.Production {
			e.problem("RELAIS_STRIPE_SECRET_KEY is required in production: the sandbox moves no money; copy the key from Stripe's dashboard")
		}
		return
	}
	test := strings.HasPrefix(key, "sk_test_") || strings.HasPrefix(key, "rk_test_")
	switch {
	case !test && !c.Stripe.Live():
		e.problem("RELAIS_STRIPE_SECRET_KEY is no secret key of Stripe's: it begins with sk_test_, sk_live_, rk_test_ or rk_live_")
	case c.Stripe.Live() && !c.Production:
		e.problem("RELAIS_STRIPE_SECRET_KEY is a live key: use it with RELAIS_ENV=production only, and a test key or none here")
	}
	for name, s := range map[string]Secret{"RELAIS_STRIPE_WEBHOOK_SECRET": c.Stripe.WebhookSecret, "RELAIS_STRIPE_CONNECT_WEBHOOK_SECRET": c.Stripe.ConnectWebhookSecret} {
		if s == "" {
			e.problem("%s is required with a Stripe key: copy the endpoint's signing secret (whsec_...)", name)
		}
	}
	for _, capability := range c.Stripe.Capabilities {
		if capability != "transfers" && capability != "card_payments" {
			e.problem("RELAIS_STRIPE_CAPABILITIES has %q: use transfers, or transfers,card_payments", capability)
		}
	}
}

// checkTests refuses what only tests may set wherever money could be real.
func (c Config) checkTests(e *environment) {
	if at := e.text(crash.Variable, ""); at != "" {
		switch {
		case c.Production:
			e.problem("%s kills the program at a step, for tests: production does not start with it", crash.Variable)
		case !crash.Valid(at):
			e.problem("%s is %q: write a step such as %s or %s:2, of %s", crash.Variable, at, crash.RefundAnswered, crash.RefundAnswered, strings.Join(crash.Points(), ", "))
		}
	}
	if c.FediverseLocal && c.Production {
		e.problem("RELAIS_FEDIVERSE_LOCAL lets strangers reach this machine: production speaks to public servers only")
	}
	if c.Stripe.URL == "" {
		return
	}
	u, err := url.Parse(c.Stripe.URL)
	switch {
	case c.Production:
		e.problem("RELAIS_STRIPE_URL is for tests: production speaks to Stripe itself")
	case c.Stripe.Key == "" || c.Stripe.Live():
		e.problem("RELAIS_STRIPE_URL needs a test key in RELAIS_STRIPE_SECRET_KEY")
	case err != nil || u.Scheme != "http" || !loopback(u.Hostname()):
		e.problem("RELAIS_STRIPE_URL is %q: only a sandbox on this machine, such as http://127.0.0.1:9000/stripe", c.Stripe.URL)
	}
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// mailIn is the domain of the addresses that letters are answered to. In development answers are written in the mailbox.
func (c Config) mailIn() string {
	if c.Mail.InDomain == "" && !c.Production && c.Mail.SMTP == "" {
		return "relais.localhost"
	}
	return c.Mail.InDomain
}

var domainForm = regexp.MustCompile(`^[a-z0-9-]+(\.[a-z0-9-]+)+$`)

func (c Config) checkMail(e *environment) {
	switch in := c.Mail; {
	case (in.InDomain == "") != (in.InSecret == ""):
		e.problem("RELAIS_MAIL_IN_DOMAIN and RELAIS_MAIL_IN_SECRET go together: set both, or neither where letters are not answered by mail")
	case in.InDomain != "" && !domainForm.MatchString(in.InDomain):
		e.problem("RELAIS_MAIL_IN_DOMAIN is %q: write a domain whose mail is handed in, such as in.relais.example", in.InDomain)
	case in.InSecret != "" && len(in.InSecret.Reveal()) < secretLength:
		e.problem("RELAIS_MAIL_IN_SECRET is too short: give %d characters or more, made with openssl rand -hex 32", secretLength)
	}
	if _, err := mail.ParseAddress(c.Mail.From); err != nil {
		e.problem("RELAIS_MAIL_FROM is %q: write it like Relais <relais@example.org>", c.Mail.From)
	} else if c.Production && strings.Contains(c.Mail.From, "localhost") {
		e.problem("RELAIS_MAIL_FROM is required in production: an address of your domain")
	}
	if c.Mail.SMTP == "" {
		if c.Production {
			e.problem("RELAIS_SMTP_URL is required in production: smtp://user:password@host:587")
		}
		return
	}
	u, err := url.Parse(c.Mail.SMTP.Reveal())
	if err != nil || u.Host == "" || (u.Scheme != "smtp" && u.Scheme != "smtps") {
		e.problem("RELAIS_SMTP_URL is no mail server: write it like smtp://user:password@host:587")
	}
}
