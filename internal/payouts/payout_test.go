package payouts_test

import (
	"testing"
	"time"

	"relais/internal/payouts"
)

func TestReadiness(t *testing.T) {
	account := "acct_1"
	for _, c := range []struct {
		payee payouts.Payee
		want  payouts.Readiness
	}{
		{payouts.Payee{}, payouts.NoAccount},
		{payouts.Payee{StripeAccountID: &account}, payouts.Unfinished},
		{payouts.Payee{StripeAccountID: &account, DetailsSubmitted: true}, payouts.Checking},
		{payouts.Payee{StripeAccountID: &account, DetailsSubmitted: true, DisabledReason: "requirements.past_due"}, payouts.Restricted},
		{payouts.Payee{StripeAccountID: &account, DetailsSubmitted: true, TransfersActive: true}, payouts.Ready},
		{payouts.Payee{StripeAccountID: &account, DetailsSubmitted: true, TransfersActive: true, Blocked: true}, payouts.Blocked},
	} {
		if got := c.payee.Readiness(); got != c.want {
			t.Errorf("%+v is %s, want %s", c.payee, got, c.want)
		}
	}
}

func TestKeyAlive(t *testing.T) {
	first := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	if !payouts.KeyAlive(nil, first) || !payouts.KeyAlive(&first, first.Add(22*time.Hour+59*time.Minute)) {
		t.Error("a young key must be used again")
	}
	if payouts.KeyAlive(&first, first.Add(23*time.Hour)) {
		t.Error("a key of 23 hours must not be used again")
	}
}
