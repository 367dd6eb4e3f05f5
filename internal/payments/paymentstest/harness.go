// Package paymentstest lets tests take payments and pay people out: a Stripe sandbox and the real adapter that speaks
// to it over loopback HTTP, and a buyer and a payee who fill in the hosted pages.
package paymentstest

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"relais/internal/payments"
	"relais/internal/stripe"
	"relais/internal/stripesandbox"
)

// The webhook secrets of every harness.
const (
	PlatformSecret = "whsec_platform_for_tests"
	ConnectSecret  = "whsec_connect_for_tests"
)

// Test cards that Pay understands.
const (
	CardOK       = "4242424242424242"
	CardDeclined = "4000000000000002"
	CardNoFunds  = "4000000000009995"
	CardSecure   = "4000002500003155" // asks for 3-D Secure
	CardInstant  = "4000000000000077" // the money is available at once

	// These can be kept, and refuse to be charged later without their owner; so does CardNoFunds.
	CardRefusesLater = "4000000000000341" // card_declined, generic_decline
	CardAlwaysSecure = "4000002760003184" // authentication_required

	// These are accepted, and make trouble afterwards.
	CardFraud       = "4000000000000259" // a dispute: fraudulent
	CardNotReceived = "4000000000002685" // a dispute: product_not_received
	CardInquiry     = "4000000000001976" // an inquiry
	CardRefundSlow  = "4000000000007726" // refunds are pending for an hour
	CardRefundFails = "4000000000005126" // refunds succeed, and fail an hour later
)

// Options configure a harness. The zero value is good.
type Options struct {
	Now         func() time.Time // the business clock; nil: a Clock of its own
	PlatformURL string           // where webhooks go; empty: Harness collects them
	ConnectURL  string
	SettleDelay time.Duration
	FeeBps      int64 // Stripe's fee on a charge
	FeeMinor    int64
	Path        string                          // journal
	Wrap        func(http.Handler) http.Handler // around the sandbox
}

// Harness is a running sandbox with a client for it.
type Harness struct {
	Client  *stripe.Client
	Sandbox *stripesandbox.Sandbox
	Clock   *Clock // nil when Options.Now was given
	URL     string // of the sandbox

	mu     sync.Mutex
	events []payments.Event
}

// Clock is a time that only tests move.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now returns the clock's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock forward.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Start runs a sandbox until the test ends.
func Start(t testing.TB, o Options) *Harness {
	t.Helper()
	h := &Harness{}
	if o.Now == nil {
		h.Clock = &Clock{now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
		o.Now = h.Clock.Now
	}
	server := httptest.NewUnstartedServer(nil)
	h.URL = "http://" + server.Listener.Addr().String()
	hooks := httptest.NewServer(http.HandlerFunc(h.collect))
	t.Cleanup(hooks.Close)
	if o.PlatformURL == "" {
		o.PlatformURL = hooks.URL + "/platform"
	}
	if o.ConnectURL == "" {
		o.ConnectURL = hooks.URL + "/connect"
	}
	var err error
	h.Sandbox, err = stripesandbox.New(stripesandbox.Options{
		Path: o.Path, Now: o.Now, BaseURL: h.URL, SettleDelay: o.SettleDelay, FeeBps: o.FeeBps, FeeMinor: o.FeeMinor,
		PlatformURL: o.PlatformURL, PlatformSecret: PlatformSecret, ConnectURL: o.ConnectURL, ConnectSecret: ConnectSecret,
	})
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = h.Sandbox.Handler()
	if o.Wrap != nil {
		server.Config.Handler = o.Wrap(server.Config.Handler)
	}
	server.Start()
	t.Cleanup(func() {
		server.Close()
		if err := h.Sandbox.Close(); err != nil {
			t.Error(err)
		}
	})
	h.Client, err = stripe.New(stripe.Options{
		Key: "sk_test_sandbox", URL: h.URL, PlatformSecret: PlatformSecret, ConnectSecret: ConnectSecret,
		Timeout: stripe.UserTimeout, Now: o.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// collect is the harness's own webhook receiver.
func (h *Harness) collect(w http.ResponseWriter, r *http.Request) {
	endpoint := payments.Endpoint(strings.TrimPrefix(r.URL.Path, "/"))
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	e, err := h.Client.ParseEvent(body, r.Header.Get("Stripe-Signature"), endpoint)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, e)
}

// Events delivers every waiting webhook, and returns all that arrived since the last time, in order. It is for
// harnesses that collect webhooks themselves.
func (h *Harness) Events(t testing.TB) []payments.Event {
	t.Helper()
	if err := h.Sandbox.Drain(context.Background()); err != nil {
		t.Fatal(err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	out := h.events
	h.events = nil
	return out
}

// PayOut lets a day go by, after which an account's money goes to its bank, and returns the payout's id. It is for
// harnesses with a Clock.
func (h *Harness) PayOut(t testing.TB, accountID string) string {
	t.Helper()
	h.Clock.Advance(24 * time.Hour)
	if err := h.Sandbox.Tick(); err != nil {
		t.Fatal(err)
	}
	made := h.Sandbox.BankPayouts(accountID)
	if len(made) == 0 {
		t.Fatalf("account %s was not paid out", accountID)
	}
	return made[len(made)-1]
}

// Browser returns a client that keeps cookies and stops at the first redirect that leaves the sandbox.
func (h *Harness) Browser(t testing.TB) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), h.URL) {
			return nil
		}
		return http.ErrUseLastResponse
	}}
}

// Post sends a form as a page's button would, and returns the page that came back, or where it redirects to outside
// the sandbox.
func (h *Harness) Post(t testing.TB, address string, form url.Values) (page, location string, status int) {
	t.Helper()
	res, err := h.Browser(t).PostForm(address, form)
	if err != nil {
		t.Fatal(err)
	}
	return read(t, res)
}

// Get fetches a page, as Post does.
func (h *Harness) Get(t testing.TB, address string) (page, location string, status int) {
	t.Helper()
	res, err := h.Browser(t).Get(address)
	if err != nil {
		t.Fatal(err)
	}
	return read(t, res)
}

func read(t testing.TB, res *http.Response) (page, location string, status int) {
	t.Helper()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return string(body), res.Header.Get("Location"), res.StatusCode
}

// Pay fills in a checkout's hosted page with a card and submits it. It returns the address that the buyer is sent to:
// the success page, or "" when the payment did not go through (declined, or 3-D Secure comes next).
func (h *Harness) Pay(t testing.TB, checkoutURL, card string) string {
	t.Helper()
	_, location, _ := h.Post(t, checkoutURL, url.Values{
		"email": {"buyer@example.com"}, "name": {"Camille Essai"}, "number": {card}, "expiry": {"12 / 34"}, "cvc": {"123"}, "pay": {"1"},
	})
	return location
}

// Keep fills in a setup's hosted page with a card, and confirms it where the bank asks. It returns the address that the buyer is
// sent to: the success page, or "" when the card was refused.
func (h *Harness) Keep(t testing.TB, setupURL, card string) string {
	t.Helper()
	if location := h.Pay(t, setupURL, card); location != "" {
		return location
	}
	_, location, _ := h.Post(t, setupURL+"/secure", url.Values{"answer": {"confirm"}})
	return location
}

// Ways for a payee to leave onboarding.
const (
	OnboardComplete = "complete"
	OnboardNoBank   = "no_bank"
	OnboardLeave    = "leave"
)

// Onboard opens the onboarding of an account and leaves it in one of those ways.
func (h *Harness) Onboard(t testing.TB, accountID, finish string) {
	t.Helper()
	const back = "https://shop.example/back"
	link, err := h.Client.OnboardingLink(context.Background(), accountID, back, "https://shop.example/again")
	if err != nil {
		t.Fatal(err)
	}
	res, err := h.Browser(t).Get(link)
	if err != nil {
		t.Fatal(err)
	}
	form := res.Request.URL.String() // the link leads to the form
	read(t, res)
	if _, location, _ := h.Post(t, form, url.Values{"finish": {finish}}); location != back {
		t.Fatalf("onboarding led to %q, want %q", location, back)
	}
}
