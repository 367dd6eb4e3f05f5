package paymentstest_test

import (
	"net/http"
	"testing"

	"relais/internal/payments/paymentstest"
	"relais/internal/payments/paymentstest/openapi"
)

// Every request that the adapter makes, every answer and every event of the sandbox is as Stripe describes them.
func TestSandboxThroughTheAdapter(t *testing.T) {
	h := paymentstest.Start(t, paymentstest.Options{
		Wrap: func(next http.Handler) http.Handler { return openapi.Middleware(t, next) },
	})
	paymentstest.Run(t, paymentstest.Subject{
		Checkouts: h.Client, Accounts: h.Client, Transfers: h.Client, Reversals: h.Client, Disputes: h.Client, Books: h.Client,
		Readers: h.Client, Cards: h.Client, Present: h.Sandbox.PresentCard, Turn: h.Sandbox.TurnReader,
		Saved: h.Client, API: h.URL, Key: "sk_test_sandbox", Keep: h.Keep, TurnCard: h.Sandbox.TurnCard,
		Now: h.Clock.Now, Pay: h.Pay, Onboard: h.Onboard, PayOut: h.PayOut,
	})
	spec, err := openapi.Load()
	if err != nil {
		t.Fatal(err)
	}
	events := h.Events(t)
	if len(events) == 0 {
		t.Fatal("nothing happened")
	}
	for _, e := range events {
		if err := spec.Event(e.Payload); err != nil {
			t.Error(err)
		}
	}
}
