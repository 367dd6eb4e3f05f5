package stripe_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"relais/internal/money"
	"relais/internal/payments"
	"relais/internal/payments/paymentstest"
	"relais/internal/stripe"
)

// answering is a client whose every call gets the same answer, and the requests that it made.
func answering(t *testing.T, status int, body string, seen *[]*http.Request) *stripe.Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			t.Error(err)
		}
		if seen != nil {
			*seen = append(*seen, r)
		}
		w.Header().Set("Request-Id", "req_1")
		w.WriteHeader(status)
		if _, err := io.WriteString(w, body); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return client(t, func(o *stripe.Options) { o.URL = server.URL })
}

func refusal(kind, code, message string) string {
	return `{"error":{"type":"` + kind + `","code":"` + code + `","message":"` + message + `"}}`
}

var send = payments.TransferRequest{Reference: "payout:9:1", Destination: "acct_1", Amount: money.New(100, "EUR"), Group: "payout_9"}

func TestErrorsBecomeOutcomes(t *testing.T) {
	const invalid = "invalid_request_error"
	tests := []struct {
		name    string
		status  int
		body    string
		outcome payments.Outcome
		code    string
	}{
		{"balance short", 400, refusal(invalid, "balance_insufficient", "Insufficient funds."), payments.Final, payments.CodeBalanceShort},
		{"account not ready", 400, refusal(invalid, "insufficient_capabilities_for_transfer", "Your destination account needs…"), payments.Final, payments.CodeNotReady},
		{"account unknown", 400, refusal(invalid, "resource_missing", "No such destination: 'acct_1'"), payments.Final, payments.CodeAccountGone},
		{"access revoked", 403, refusal(invalid, "account_invalid", "The provided key…"), payments.Final, payments.CodeAccountGone},
		{"region", 400, refusal(invalid, "", "Funds can't be sent to accounts located in JP when…"), payments.Final, payments.CodeRegion},
		{"approval missing", 400, refusal(invalid, "", "Your platform needs approval for accounts to have requested the `transfers` capability without the `card_payments` capability."), payments.Final, payments.CodeSetup},
		{"accounts v1 off", 400, refusal(invalid, "", "See https://docs.stripe.com/connect/accounts-v2"), payments.Final, payments.CodeSetup},
		{"wrong key", 401, refusal(invalid, "", "Invalid API Key provided"), payments.Final, invalid},
		{"same key, other content", 400, refusal("idempotency_error", "", "Keys for idempotent requests…"), payments.LookUp, payments.CodeIdempotency},
		{"key in use", 409, refusal("idempotency_error", "idempotency_key_in_use", "There is currently another in-progress request…"), payments.Retry, "idempotency_key_in_use"},
		{"rate limit", 429, refusal(invalid, "rate_limit", "Too many requests"), payments.Retry, "rate_limit"},
		{"internal error", 500, refusal("api_error", "", "Sorry"), payments.LookUp, "api_error"},
		{"gateway", 502, "<html>Bad gateway</html>", payments.Retry, payments.CodeUnreadable},
		{"unavailable", 503, refusal("api_error", "", "Later"), payments.Retry, "api_error"},
		{"cut answer", 200, `{"id":"tr_1","obj`, payments.Retry, payments.CodeUnreadable},
		{"disputed", 400, refusal(invalid, "refund_disputed_payment", "Charge is disputed"), payments.Final, payments.CodeDisputed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var seen []*http.Request
			_, err := answering(t, tt.status, tt.body, &seen).Send(context.Background(), send)
			paymentstest.Refused(t, err, tt.outcome, tt.code)
			for _, r := range seen {
				if got := r.Header.Get("Idempotency-Key"); got != send.Reference {
					t.Errorf("idempotency key %q, want %q", got, send.Reference)
				}
			}
			if len(seen) > 2 {
				t.Errorf("asked %d times", len(seen))
			}
		})
	}
}

func TestSetupErrorsNameTheRemedy(t *testing.T) {
	c := answering(t, 400, refusal("invalid_request_error", "", "Accounts v1 support is not enabled."), nil)
	_, err := c.CreateAccount(context.Background(), payments.AccountRequest{Reference: "a", Country: "FR"})
	paymentstest.Refused(t, err, payments.Final, payments.CodeSetup)
	if !strings.Contains(err.Error(), "remedy") {
		t.Errorf("no remedy in %v", err)
	}
}

func TestDeadlines(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	c := client(t, func(o *stripe.Options) { o.URL, o.Timeout = server.URL, 20*time.Millisecond })
	_, err := c.Send(context.Background(), send)
	paymentstest.Refused(t, err, payments.Retry, payments.CodeUnreadable)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = client(t, func(o *stripe.Options) { o.URL = server.URL }).Send(ctx, send)
	paymentstest.Refused(t, err, payments.Retry, payments.CodeUnreadable)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the cause is lost: %v", err)
	}
}
