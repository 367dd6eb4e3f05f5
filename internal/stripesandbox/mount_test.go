package stripesandbox_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"relais/internal/payments"
	"relais/internal/payments/paymentstest"
	"relais/internal/stripe"
	"relais/internal/stripesandbox"
)

// A site serves the sandbox below a path of its own address: no page may lead out of it, but to the shop.
func TestMountedBelowAPath(t *testing.T) {
	server := httptest.NewUnstartedServer(nil)
	h := &paymentstest.Harness{URL: "http://" + server.Listener.Addr().String()}
	base := h.URL + "/stripe"
	var err error
	h.Sandbox, err = stripesandbox.New(stripesandbox.Options{Now: time.Now, BaseURL: base + "/"})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/stripe/", http.StripPrefix("/stripe", h.Sandbox.Handler()))
	server.Config.Handler = mux
	server.Start()
	t.Cleanup(server.Close)
	if h.Client, err = stripe.New(stripe.Options{Key: "sk_test_x", URL: base, Now: time.Now}); err != nil {
		t.Fatal(err)
	}

	c, err := h.Client.OpenCheckout(ctx, paymentstest.Subject{Now: time.Now}.Request("mounted"))
	if err != nil {
		t.Fatal(err)
	}
	page, _, _ := h.Get(t, c.URL)
	for _, link := range regexp.MustCompile(`(?:href|action)="(/[^"]*)"`).FindAllStringSubmatch(page, -1) {
		if !strings.HasPrefix(link[1], "/stripe/") {
			t.Errorf("the page leads to %s", link[1])
		}
		if _, _, status := h.Get(t, h.URL+link[1]); status != http.StatusOK {
			t.Errorf("%s: %d", link[1], status)
		}
	}
	h.Pay(t, c.URL, paymentstest.CardSecure)
	if _, location, _ := h.Post(t, c.URL+"/secure", url.Values{"answer": {"confirm"}}); !strings.HasSuffix(location, c.ID) {
		t.Errorf("after paying led to %q", location)
	}
	a, err := h.Client.CreateAccount(ctx, payments.AccountRequest{Reference: "a", Country: "FR"})
	if err != nil {
		t.Fatal(err)
	}
	h.Onboard(t, a.ID, paymentstest.OnboardComplete)
	dashboard, err := h.Client.DashboardLink(ctx, a.ID)
	if err != nil {
		t.Fatal(err)
	}
	if page, _, status := h.Get(t, dashboard); status != http.StatusOK || !strings.Contains(page, "/stripe/assets/sandbox.css") {
		t.Errorf("dashboard: %d", status)
	}
}
