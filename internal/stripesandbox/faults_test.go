package stripesandbox_test

import (
	"testing"

	"relais/internal/payments"
	"relais/internal/payments/paymentstest"
	"relais/internal/stripesandbox"
)

// What callers do after each way in which a transfer can go wrong, and that nobody is ever paid twice by it.
func TestUnknownOutcomes(t *testing.T) {
	tests := []struct {
		name    string
		fault   stripesandbox.Fault
		outcome payments.Outcome
		happens int // transfers after the failed call
	}{
		{"cut before", stripesandbox.Fault{}, payments.Retry, 0},
		{"cut after", stripesandbox.Fault{Effect: true}, payments.Retry, 1},
		{"half an answer", stripesandbox.Fault{Effect: true, Truncate: true}, payments.Retry, 1},
		{"too many requests", stripesandbox.Fault{Status: 429, Code: "rate_limit"}, payments.Retry, 0},
		{"in use", stripesandbox.Fault{Status: 409}, payments.Retry, 0},
		{"unavailable", stripesandbox.Fault{Status: 503}, payments.Retry, 0},
		{"internal error, nothing done", stripesandbox.Fault{Status: 500}, payments.LookUp, 0},
		{"internal error, done", stripesandbox.Fault{Status: 500, Effect: true}, payments.LookUp, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := paymentstest.Start(t, paymentstest.Options{})
			h.Pay(t, open(t, h, "funds").URL, paymentstest.CardInstant)
			acct := payee(t, h, "p")
			tt.fault.Method, tt.fault.Path, tt.fault.Times = "POST", "/v1/transfers", 1
			if tt.outcome == payments.Retry {
				tt.fault.Times = 10 // more than the client tries by itself
			}
			h.Sandbox.Inject(tt.fault)
			_, err := h.Client.Send(ctx, transfer("1", acct, 1000))
			if got := payments.OutcomeOf(err); err == nil || got != tt.outcome {
				t.Fatalf("outcome %s (%v), want %s", got, err, tt.outcome)
			}
			found, err := h.Client.FindTransfers(ctx, "payout_1")
			if err != nil || len(found) != tt.happens {
				t.Fatalf("found %d transfers, %v, want %d", len(found), err, tt.happens)
			}
			settle(t, h, acct, tt.outcome)
		})
	}
}

// settle does what the outcome asks for, and checks that exactly one transfer comes of it.
func settle(t *testing.T, h *paymentstest.Harness, acct string, outcome payments.Outcome) {
	t.Helper()
	h.Sandbox.ClearFaults()
	r := transfer("1", acct, 1000)
	if outcome == payments.LookUp {
		_, err := h.Client.Send(ctx, r)
		paymentstest.Refused(t, err, payments.LookUp, "api_error") // the same key leads nowhere
		r.Reference = "1, second key"
	}
	found, err := h.Client.FindTransfers(ctx, r.Group)
	if err != nil {
		t.Fatal(err)
	}
	if outcome != payments.LookUp || len(found) == 0 {
		if _, err := h.Client.Send(ctx, r); err != nil {
			t.Fatal(err)
		}
	}
	if found, err = h.Client.FindTransfers(ctx, r.Group); err != nil || len(found) != 1 {
		t.Errorf("%d transfers, %v, want 1", len(found), err)
	}
	if got := available(t, h); got != 1440 {
		t.Errorf("available %d, want 1440", got)
	}
}

func TestSetupErrorsTellTheRemedy(t *testing.T) {
	h := paymentstest.Start(t, paymentstest.Options{})
	for _, message := range []string{
		"Your platform needs approval for accounts to have requested the `transfers` capability without the `card_payments` capability.",
		"New Connect integrations must use Accounts v2. Learn more: https://docs.stripe.com/connect/accounts-v2",
	} {
		h.Sandbox.Inject(stripesandbox.Fault{Method: "POST", Path: "/v1/accounts", Status: 400, Message: message})
		_, err := h.Client.CreateAccount(ctx, payments.AccountRequest{Reference: message, Country: "FR"})
		paymentstest.Refused(t, err, payments.Final, payments.CodeSetup)
	}
}
