package stripesandbox_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"relais/internal/payments/paymentstest"

	"github.com/stripe/stripe-go/v76/webhook"
)

// inbox takes webhooks as stripe-go would, and can be made to refuse.
type inbox struct {
	mu     sync.Mutex
	refuse int
	types  []string
	ids    []string
	faults []error
	took   chan struct{}
}

func (b *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	e, signed := webhook.ConstructEvent(body, r.Header.Get("Stripe-Signature"), paymentstest.PlatformSecret)
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := errors.Join(err, signed); err != nil {
		b.faults = append(b.faults, err)
	}
	if b.refuse > 0 {
		b.refuse--
		http.Error(w, "not now", http.StatusServiceUnavailable)
		return
	}
	b.types = append(b.types, string(e.Type))
	b.ids = append(b.ids, e.ID)
	if b.took != nil {
		b.took <- struct{}{}
	}
}

func startInbox(t *testing.T, b *inbox) *paymentstest.Harness {
	t.Helper()
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	t.Cleanup(func() {
		for _, err := range b.faults {
			t.Errorf("stripe-go refuses the webhook: %v", err)
		}
	})
	return paymentstest.Start(t, paymentstest.Options{PlatformURL: server.URL, Now: time.Now})
}

func expire(t *testing.T, h *paymentstest.Harness, reference string) {
	t.Helper()
	r := paymentstest.Subject{Now: time.Now}.Request(reference)
	c, err := h.Client.OpenCheckout(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Client.ExpireCheckout(ctx, c.ID); err != nil {
		t.Fatal(err)
	}
}

func TestWebhooksAreSignedAndRetried(t *testing.T) {
	b := &inbox{refuse: 1}
	h := startInbox(t, b)
	expire(t, h, "1")
	if err := h.Sandbox.Drain(ctx); err == nil {
		t.Error("a refused webhook counts as delivered")
	}
	_, text, _ := raw(t, h, "GET", "/v1/events", url.Values{"delivery_success": {"false"}}, nil)
	if got := parse(t, text); len(got.Data) != 1 {
		t.Errorf("undelivered events: %s", text)
	}
	if err := h.Sandbox.Drain(ctx); err != nil {
		t.Error(err)
	}
	if len(b.types) != 1 || b.types[0] != "checkout.session.expired" {
		t.Errorf("received %v", b.types)
	}
	_, text, _ = raw(t, h, "GET", "/v1/events", url.Values{"type": {"checkout.session.expired"}, "delivery_success": {"true"}}, nil)
	if got := parse(t, text); len(got.Data) != 1 {
		t.Errorf("delivered events: %s", text)
	}
}

func TestWebhooksAreLostAndDoubledOnDemand(t *testing.T) {
	b := &inbox{}
	h := startInbox(t, b)
	h.Sandbox.DropWebhooks(1)
	expire(t, h, "1")
	if err := h.Sandbox.Drain(ctx); err != nil || len(b.types) != 0 {
		t.Errorf("a lost webhook arrived: %v, %v", b.types, err)
	}
	h.Sandbox.DuplicateWebhooks(1)
	expire(t, h, "2")
	if err := h.Sandbox.Drain(ctx); err != nil || len(b.types) != 2 {
		t.Errorf("received %v, %v, want one twice", b.types, err)
	}
}

func TestRunDeliversByItself(t *testing.T) {
	b := &inbox{took: make(chan struct{}, 8), refuse: 1}
	h := startInbox(t, b)
	run, cancel := context.WithCancel(ctx)
	ended := make(chan error)
	go func() { ended <- h.Sandbox.Run(run) }()
	expire(t, h, "refused at first")
	expire(t, h, "not held up by it")
	<-b.took
	<-b.took
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
