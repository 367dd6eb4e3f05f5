package app

import (
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"

	"relais/internal/crash"
)

// Variable is one variable of the environment that Relais reads.
type Variable struct {
	Name    string
	Default string
	Secret  bool // also read from the file that NAME_FILE names
	Help    string
}

// Variables are all of them, in the order of the README's table.
func Variables() []Variable {
	return []Variable{
		{"RELAIS_ADDR", "127.0.0.1:8080", false, "address to listen on"},
		{"RELAIS_BASE_URL", "http:// + the address", false, "address that people see; https in production"},
		{"RELAIS_ENV", "development", false, "development or production; production refuses what is unsafe"},
		{"RELAIS_DATA_DIR", "var", false, "folder for photographs, the development secret and the private database"},
		{"RELAIS_DATABASE_URL", "", true, "Postgres for the role relais_app; empty: a private one under RELAIS_DATA_DIR"},
		{"RELAIS_DATABASE_OWNER_URL", "", true, "the same database for the role that owns the schema; only migrations use it"},
		{"RELAIS_SECRET", "made once", true, "signs sessions; 32 characters or more; required in production"},
		{"RELAIS_PUSH_KEY", "made once", true, "signs web push: openssl rand -base64 32, made once and kept; empty in production: no web push"},
		{"RELAIS_STRIPE_SECRET_KEY", "", true, "Stripe's key; empty: the local sandbox (not in production)"},
		{"RELAIS_STRIPE_WEBHOOK_SECRET", "", true, "signing secret of the endpoint /webhooks/stripe"},
		{"RELAIS_STRIPE_CONNECT_WEBHOOK_SECRET", "", true, "signing secret of the endpoint /webhooks/stripe/connect"},
		{"RELAIS_STRIPE_URL", "", false, "a Stripe sandbox on this machine, for tests; needs a test key, never in production"},
		{"RELAIS_STRIPE_CAPABILITIES", "transfers", false, "capabilities asked for connected accounts: transfers, or transfers,card_payments"},
		{"RELAIS_SMTP_URL", "", true, "smtp://user:password@host:587 or smtps://...; empty: letters stay readable at /dev/mail"},
		{"RELAIS_MAIL_FROM", "Relais <relais@localhost>", false, "sender of every letter"},
		{"RELAIS_MAIL_IN_DOMAIN", "", false, "domain of the addresses reply+…@ that letters are answered to; empty: they are not answered by mail"},
		{"RELAIS_MAIL_IN_SECRET", "", true, "secret in the header X-Relais-Secret of who hands mail of that domain in at /webhooks/mail"},
		{"RELAIS_PLATFORM_FEE_BPS", "500", false, "the platform's fee in basis points of the price excluding VAT and delivery"},
		{"RELAIS_CURRENCIES", "EUR", false, "currencies that brands may sell in, such as EUR,GBP,CHF; the euro always is one"},
		{"RELAIS_LEGAL_NAME", "Relais (démonstration)", false, "name of the company on documents; required in production, as the next three"},
		{"RELAIS_LEGAL_ADDRESS", "1 rue de la Démonstration, 75000 Paris, France", false, "its address, lines apart by commas"},
		{"RELAIS_LEGAL_SIREN", "000 000 000", false, "its registration number"},
		{"RELAIS_LEGAL_VAT", "FR00000000000", false, "its VAT number"},
		{"RELAIS_LEGAL_FORM", "", false, "its legal form, capital and registry, such as SAS au capital de 10 000 €, RCS Paris"},
		{"RELAIS_LEGAL_EMAIL", "", false, "its address for questions about documents"},
		{"RELAIS_AUTO_DELIVERY_DAYS", "7", false, "days after shipping until a parcel counts as delivered"},
		{"RELAIS_CLICK_RETENTION_MONTHS", "13", false, "months for which each click is kept; the sums by link and day stay"},
		{"RELAIS_TRUSTED_PROXIES", "", false, "networks whose X-Forwarded-For is believed, such as 10.0.0.0/8"},
		{"RELAIS_METRICS_ADDR", "", false, "address of a second listener for /metrics; empty: /metrics for callers on this machine only"},
		{"RELAIS_FEDIVERSE_LOCAL", "no", false, "yes: speak to servers of the fediverse on this machine, for tests; never in production"},
		{crash.Variable, "", false, "the step at which the program kills itself, for tests; never in production"},
		{"RELAIS_LOG_LEVEL", "info", false, "debug, info, warn or error"},
	}
}

// environment reads variables and remembers everything that is wrong with them.
type environment struct {
	get      func(name string) (string, bool)
	problems []string
}

func (e *environment) problem(format string, args ...any) {
	e.problems = append(e.problems, fmt.Sprintf(format, args...))
}

// text is the variable's value without the white space around it; empty counts as not set.
func (e *environment) text(name, otherwise string) string {
	if v, _ := e.get(name); strings.TrimSpace(v) != "" {
		return strings.TrimSpace(v)
	}
	return otherwise
}

// secret is the variable's value, or the content of the file that NAME_FILE names.
func (e *environment) secret(name string) Secret {
	value, file := e.text(name, ""), e.text(name+"_FILE", "")
	if file == "" {
		return Secret(value)
	}
	if value != "" {
		e.problem("%s and %s_FILE are both set: keep one", name, name)
		return Secret(value)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		e.problem("%s_FILE cannot be read: %v", name, err)
		return ""
	}
	if v := strings.TrimSpace(string(b)); v != "" {
		return Secret(v)
	}
	e.problem("%s_FILE: %s is empty: put the secret into it", name, file)
	return ""
}

func (e *environment) whole(name string, otherwise, low, high int64) int64 {
	v := e.text(name, "")
	if v == "" {
		return otherwise
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n < low || n > high {
		e.problem("%s is %q: give a whole number from %d to %d", name, v, low, high)
		return otherwise
	}
	return n
}

func (e *environment) choice(name string, options ...string) string {
	v := e.text(name, options[0])
	if !slices.Contains(options, v) {
		e.problem("%s is %q: choose %s", name, v, strings.Join(options, " or "))
		return options[0]
	}
	return v
}

func (e *environment) list(name, otherwise string) []string {
	var out []string
	for v := range strings.SplitSeq(e.text(name, otherwise), ",") {
		if v = strings.TrimSpace(v); v != "" {
			out = append(out, v)
		}
	}
	return out
}

func (e *environment) networks(name string) []netip.Prefix {
	var out []netip.Prefix
	for _, v := range e.list(name, "") {
		p, err := netip.ParsePrefix(v)
		if err != nil {
			a, errA := netip.ParseAddr(v)
			if errA != nil {
				e.problem("%s: %q is no network: write it like 10.0.0.0/8 or 192.0.2.7", name, v)
				continue
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		out = append(out, p.Masked())
	}
	return out
}

// unknown are the variables with our prefix that mean nothing: a misspelling, mostly.
func unknown(environ []string) []string {
	known := map[string]bool{}
	for _, v := range Variables() {
		known[v.Name] = true
		known[v.Name+"_FILE"] = v.Secret
	}
	var out []string
	for _, kv := range environ {
		name, _, _ := strings.Cut(kv, "=")
		if strings.HasPrefix(name, "RELAIS_") && !strings.HasPrefix(name, "RELAIS_TEST_") && !known[name] {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}
