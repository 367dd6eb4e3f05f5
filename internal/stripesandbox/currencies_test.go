package stripesandbox_test

import (
	"testing"
	"time"

	"relais/internal/money"
	"relais/internal/payments"
	"relais/internal/payments/paymentstest"
)

// A sale, a refund, a dispute and a payout in every currency, in minor units as package money counts them.
func TestEveryCurrency(t *testing.T) {
	for currency, disputeFee := range map[money.Currency]int64{
		"EUR": 1500, "GBP": 1500, "USD": 1500, "CHF": 1500, "JPY": 15, "HUF": 1500, "ISK": 15, "SEK": 1500, "DKK": 1500, "PLN": 1500,
	} {
		t.Run(string(currency), func(t *testing.T) {
			h := paymentstest.Start(t, paymentstest.Options{FeeBps: 150, FeeMinor: 25})
			buy := func(reference string) payments.Checkout {
				r := subject(h).Request(reference)
				r.Currency, r.Lines = currency, []payments.CheckoutLine{{Name: "Savon", UnitMinor: 20_001, Quantity: 3}}
				c, err := h.Client.OpenCheckout(ctx, r)
				ok(t, err)
				h.Pay(t, c.URL, paymentstest.CardInstant)
				if c = reread(t, h, c); !c.Paid || c.Amount != money.New(60_003, currency) {
					t.Fatalf("checkout %+v", c)
				}
				return c
			}
			c := buy("sale")
			disputed := buy("disputed")
			_, err := h.Client.Refund(ctx, payments.RefundRequest{Reference: "r", PaymentIntentID: c.PaymentIntentID, Amount: money.New(3, currency)})
			ok(t, err)
			acct := payee(t, h, "p")
			sent, err := h.Client.Send(ctx, payments.TransferRequest{Reference: "t", Destination: acct, Amount: money.New(50_000, currency), Group: "g"})
			ok(t, err)
			_, err = h.Client.Reverse(ctx, payments.ReversalRequest{Reference: "rr", TransferID: sent.ID, Amount: money.New(1, currency)})
			ok(t, err)
			id, err := h.Sandbox.OpenDispute(disputed.ChargeID, 0, "fraudulent", false)
			ok(t, err)
			d, err := h.Client.Dispute(ctx, id)
			if err != nil || d.Amount != money.New(60_003, currency) || d.Movements[0].FeeMinor != disputeFee {
				t.Errorf("dispute %+v, %v", d, err)
			}
			sum := int64(0)
			ok(t, h.Client.Movements(ctx, h.Clock.Now().Add(-time.Hour), func(m payments.Movement) error {
				sum += m.Net().Minor
				return nil
			}))
			fee := chargeFee(t, h, c)
			want := 2*(60_003-fee) - 3 - 50_000 + 1 - 60_003 - disputeFee
			if got := funds(t, h); got.Available != want || sum != want || fee <= 0 {
				t.Errorf("funds %+v, moved %d, want %d", got, sum, want)
			}
			po, err := h.Client.BankPayout(ctx, acct, h.PayOut(t, acct))
			if err != nil || (po.Amount != money.New(49_999, currency) && currency != "HUF") || (currency == "HUF" && po.Amount.Minor != 49_900) {
				t.Errorf("bank payout %+v, %v", po, err)
			}
		})
	}
}

func chargeFee(t *testing.T, h *paymentstest.Harness, c payments.Checkout) int64 {
	t.Helper()
	got, err := h.Client.MovementsOf(ctx, c.ChargeID)
	if err != nil || len(got) != 1 {
		t.Fatalf("movements %+v, %v", got, err)
	}
	return got[0].FeeMinor
}
