package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"relais/internal/money"
)

const good = "0f9b1c2d3e4f5a6b7c8d9e0f1a2b3c4d"

func from(m map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { v, ok := m[name]; return v, ok }
}

// production is a configuration without fault.
func production(change map[string]string) map[string]string {
	m := map[string]string{
		"RELAIS_ENV": "production", "RELAIS_BASE_URL": "https://relais.example/", "RELAIS_SECRET": good,
		"RELAIS_LEGAL_NAME": "Relais SAS", "RELAIS_LEGAL_ADDRESS": "1 rue du Port, 29000 Quimper, France", "RELAIS_LEGAL_SIREN": "123 456 789", "RELAIS_LEGAL_VAT": "FR00123456789",
		"RELAIS_STRIPE_SECRET_KEY": "sk_live_1", "RELAIS_STRIPE_WEBHOOK_SECRET": "whsec_1", "RELAIS_STRIPE_CONNECT_WEBHOOK_SECRET": "whsec_2",
		"RELAIS_SMTP_URL": "smtps://u:p@mail.example", "RELAIS_MAIL_FROM": "Relais <bonjour@relais.example>",
	}
	for k, v := range change {
		m[k] = v
	}
	return m
}

func TestDevelopmentNeedsNothing(t *testing.T) {
	c, err := readConfig(from(nil))
	if err != nil {
		t.Fatal(err)
	}
	if c.Addr != "127.0.0.1:8080" || c.DataDir != "var" || c.PlatformFeeBps != 500 || c.AutoDelivery != 7 || c.Production || c.Stripe.Live() {
		t.Errorf("defaults: %+v", c)
	}
}

func TestProductionIsAccepted(t *testing.T) {
	c, err := readConfig(from(production(map[string]string{"RELAIS_TRUSTED_PROXIES": "10.1.2.3/8, 192.0.2.7"})))
	if err != nil {
		t.Fatal(err)
	}
	if c.BaseURL != "https://relais.example" || !c.Stripe.Live() || fmt.Sprint(c.TrustedProxies) != "[10.0.0.0/8 192.0.2.7/32]" {
		t.Errorf("config: %+v", c)
	}
}

func TestProblems(t *testing.T) {
	cases := []struct {
		name string
		env  map[string]string
		want string
	}{
		{"no secret", production(map[string]string{"RELAIS_SECRET": ""}), "RELAIS_SECRET is required"},
		{"short secret", production(map[string]string{"RELAIS_SECRET": "short"}), "RELAIS_SECRET has 5 characters"},
		{"push key of another kind", map[string]string{"RELAIS_PUSH_KEY": "hello"}, "RELAIS_PUSH_KEY is not 32 random bytes"},
		{"short in development too", map[string]string{"RELAIS_SECRET": "short"}, "RELAIS_SECRET has 5 characters"},
		{"resting finger", production(map[string]string{"RELAIS_SECRET": strings.Repeat("a", 40)}), "RELAIS_SECRET can be guessed"},
		{"manual's secret", production(map[string]string{"RELAIS_SECRET": "changeme-0f9b1c2d3e4f5a6b7c8d9e0f"}), "RELAIS_SECRET can be guessed"},
		{"sandbox", production(map[string]string{"RELAIS_STRIPE_SECRET_KEY": ""}), "the sandbox moves no money"},
		{"no mail", production(map[string]string{"RELAIS_SMTP_URL": ""}), "RELAIS_SMTP_URL is required"},
		{"mail in without a secret", map[string]string{"RELAIS_MAIL_IN_DOMAIN": "in.relais.example"}, "go together"},
		{"mail in with a short secret", map[string]string{"RELAIS_MAIL_IN_DOMAIN": "in.relais.example", "RELAIS_MAIL_IN_SECRET": "short"}, "RELAIS_MAIL_IN_SECRET is too short"},
		{"mail in to an address", map[string]string{"RELAIS_MAIL_IN_DOMAIN": "reply@relais.example", "RELAIS_MAIL_IN_SECRET": good}, "RELAIS_MAIL_IN_DOMAIN is"},
		{"no sender", production(map[string]string{"RELAIS_MAIL_FROM": ""}), "RELAIS_MAIL_FROM is required"},
		{"plain http", production(map[string]string{"RELAIS_BASE_URL": "http://relais.example"}), "production needs https"},
		{"no base", production(map[string]string{"RELAIS_BASE_URL": ""}), "RELAIS_BASE_URL is required"},
		{"no webhook secret", production(map[string]string{"RELAIS_STRIPE_WEBHOOK_SECRET": ""}), "RELAIS_STRIPE_WEBHOOK_SECRET is required"},
		{"live key in development", map[string]string{"RELAIS_STRIPE_SECRET_KEY": "sk_live_1"}, "is a live key"},
		{"publishable key", map[string]string{"RELAIS_STRIPE_SECRET_KEY": "pk_test_1"}, "no secret key"},
		{"environment", map[string]string{"RELAIS_ENV": "staging"}, "choose development or production"},
		{"address", map[string]string{"RELAIS_ADDR": "8080"}, "write host:port"},
		{"base with a path", map[string]string{"RELAIS_BASE_URL": "http://x/y"}, "RELAIS_BASE_URL is"},
		{"currency of three decimals", map[string]string{"RELAIS_CURRENCIES": "GBP,KWD"}, `RELAIS_CURRENCIES has "KWD": Relais sells in AUD`},
		{"no currency", map[string]string{"RELAIS_CURRENCIES": "pounds"}, "RELAIS_CURRENCIES has"},
		{"no company", production(map[string]string{"RELAIS_LEGAL_NAME": ""}), "RELAIS_LEGAL_NAME is required"},
		{"no VAT number", production(map[string]string{"RELAIS_LEGAL_VAT": ""}), "RELAIS_LEGAL_VAT is required"},
		{"fee", map[string]string{"RELAIS_PLATFORM_FEE_BPS": "5%"}, "whole number from 0 to 2000"},
		{"clicks gone too soon", map[string]string{"RELAIS_CLICK_RETENTION_MONTHS": "3"}, "whole number from 4 to 600"},
		{"network", map[string]string{"RELAIS_TRUSTED_PROXIES": "everyone"}, "is no network"},
		{"sandbox elsewhere in production", production(map[string]string{"RELAIS_STRIPE_URL": "http://127.0.0.1:1"}), "RELAIS_STRIPE_URL is for tests"},
		{"sandbox elsewhere without a key", map[string]string{"RELAIS_STRIPE_URL": "http://127.0.0.1:1"}, "RELAIS_STRIPE_URL needs a test key"},
		{"sandbox on another machine", map[string]string{"RELAIS_STRIPE_SECRET_KEY": "sk_test_1", "RELAIS_STRIPE_WEBHOOK_SECRET": "whsec_1",
			"RELAIS_STRIPE_CONNECT_WEBHOOK_SECRET": "whsec_2", "RELAIS_STRIPE_URL": "http://10.0.0.1:1"}, "only a sandbox on this machine"},
		{"this machine's fediverse in production", production(map[string]string{"RELAIS_FEDIVERSE_LOCAL": "yes"}), "production speaks to public servers only"},
		{"crash in production", production(map[string]string{"RELAIS_CRASH_AT": "refunds.answered"}), "production does not start with it"},
		{"crash nowhere", map[string]string{"RELAIS_CRASH_AT": "refunds.elsewhere"}, "RELAIS_CRASH_AT is \"refunds.elsewhere\""},
		{"crash never", map[string]string{"RELAIS_CRASH_AT": "refunds.answered:0"}, "RELAIS_CRASH_AT is"},
		{"capability", map[string]string{"RELAIS_STRIPE_SECRET_KEY": "sk_test_1", "RELAIS_STRIPE_CAPABILITIES": "all"}, "RELAIS_STRIPE_CAPABILITIES has"},
		{"owner alone", map[string]string{"RELAIS_DATABASE_OWNER_URL": "postgres://x"}, "set both"},
		{"mail server", map[string]string{"RELAIS_SMTP_URL": "mail.example"}, "no mail server"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := readConfig(from(c.env))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v; want %q", err, c.want)
			}
		})
	}
}

func TestCurrenciesAndLegalIdentity(t *testing.T) {
	c, err := readConfig(from(map[string]string{"RELAIS_CURRENCIES": "gbp, EUR,CHF,GBP"}))
	if err != nil || !slices.Equal(c.Currencies, []money.Currency{"EUR", "GBP", "CHF"}) || c.Legal.Name != "Relais (démonstration)" {
		t.Errorf("%v, %+v, %v", c.Currencies, c.Legal, err)
	}
	c, err = readConfig(from(production(nil)))
	if err != nil || c.Legal.VATNumber != "FR00123456789" || !slices.Equal(c.Currencies, []money.Currency{"EUR"}) {
		t.Errorf("%v, %+v, %v", c.Currencies, c.Legal, err)
	}
}

func TestAllProblemsAtOnceALineEach(t *testing.T) {
	_, err := readConfig(from(map[string]string{"RELAIS_ENV": "production", "RELAIS_PLATFORM_FEE_BPS": "x"}))
	problems, ok := errors.AsType[*ConfigError](err)
	if !ok || len(problems.Problems) != 10 {
		t.Fatalf("problems: %v", err)
	}
	for _, p := range problems.Problems {
		if strings.Contains(p, "\n") || !strings.Contains(p, ":") {
			t.Errorf("no line with a remedy: %q", p)
		}
	}
}

func TestSecretsFromFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte(good+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := readConfig(from(map[string]string{"RELAIS_SECRET_FILE": path}))
	if err != nil || c.Secret.Reveal() != good {
		t.Errorf("secret %q, %v", c.Secret.Reveal(), err)
	}
	for want, env := range map[string]map[string]string{
		"both set":       {"RELAIS_SECRET_FILE": path, "RELAIS_SECRET": good},
		"cannot be read": {"RELAIS_SECRET_FILE": path + "x"},
		"is empty":       {"RELAIS_SECRET_FILE": os.DevNull},
	} {
		if _, err := readConfig(from(env)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v; want %q", err, want)
		}
	}
}

func TestSecretsAreNeverPrinted(t *testing.T) {
	c, err := readConfig(from(production(nil)))
	if err != nil {
		t.Fatal(err)
	}
	js, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("config", "config", c, "secret", c.Secret)
	for _, printed := range []string{fmt.Sprint(c), fmt.Sprintf("%+v %#v %s %q", c, c, c.Secret, c.Secret), string(js), log.String()} {
		for _, s := range []string{good, "sk_live_1", "whsec_1", "u:p@"} {
			if strings.Contains(printed, s) {
				t.Errorf("%q is in %s", s, printed)
			}
		}
	}
}

func TestUnknownVariables(t *testing.T) {
	got := unknown([]string{"HOME=/", "RELAIS_ADR=x", "RELAIS_ADDR=x", "RELAIS_SECRET_FILE=x", "RELAIS_ADDR_FILE=x", "RELAIS_TEST_POSTGRES=x"})
	if fmt.Sprint(got) != "[RELAIS_ADDR_FILE RELAIS_ADR]" {
		t.Errorf("unknown: %v", got)
	}
}

func TestDevelopmentSecretIsKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "var")
	first, err := developmentSecret(dir)
	if err != nil {
		t.Fatal(err)
	}
	second, err := developmentSecret(dir)
	if err != nil || first != second || len(first) < secretLength {
		t.Errorf("%q, then %q, %v", first.Reveal(), second.Reveal(), err)
	}
	if info, err := os.Stat(filepath.Join(dir, "secret")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("file: %v, %v", info, err)
	}
}
