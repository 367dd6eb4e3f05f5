package payouts_test

import (
	"testing"

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
