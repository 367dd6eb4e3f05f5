package payouts_test

import (
	"testing"

	"github.com/jmoiron/sqlx"

	"relais/internal/app/apptest"
	"relais/internal/earnings"
	"relais/internal/ledger"
	"relais/internal/money"
	"relais/internal/payments"
	"relais/internal/payouts"
	"relais/internal/postgres"
	"relais/internal/stripesandbox"
)

// A database begun anew counts its payouts from one again, while Stripe remembers those of the old one: by their keys, which it would
// answer with the old transfer, and by their groups, in which we look for what may have been sent.
func TestPayoutIsNotTakenForOneOfAnOlderDatabase(t *testing.T) {
	for name, fault := range map[string]*stripesandbox.Fault{"by its key": nil, "by its group": {Path: "/v1/transfers", Method: "POST", Status: 500}} {
		t.Run(name, func(t *testing.T) {
			w := apptest.New(t)
			payee, _ := sold(w)
			var account string
			if err := w.DB.Get(&account, `select stripe_account_id from payees where id = $1`, payee); err != nil {
				t.Fatal(err)
			}
			old, err := w.Stripe.Send(t.Context(), payments.TransferRequest{Reference: "payout-1-1", Group: "payout_1", Destination: account,
				Amount: money.New(1000, "EUR"), Metadata: map[string]string{"payout_id": "1", "payee_id": "1"}})
			if err != nil {
				t.Fatal(err)
			}
			if fault != nil {
				w.Sandbox.Inject(*fault)
			}
			run(w)
			push(w, 4)
			p := only(w, payee)
			if p.State != payouts.Sent || *p.TransferID == old.ID {
				t.Errorf("payout is %s by %v, a transfer of another database", p.State, p.TransferID)
			}
			w.Audit()
		})
	}
}

// One payee whose payout cannot be booked does not keep the others waiting.
func TestRunPaysTheOthers(t *testing.T) {
	w := apptest.New(t)
	lea, shop := sold(w)
	brand := w.Onboard(earnings.Owner{BrandID: shop.Brand}) // has more, so it comes first
	in, out := ledger.Account{Kind: ledger.Stripe}, ledger.Account{Kind: ledger.Suspense}
	err := postgres.InTx(t.Context(), w.DB, func(tx *sqlx.Tx) error {
		_, err := ledger.Post(t.Context(), tx, ledger.Transaction{Reference: "run:1:EUR:1", Kind: "in_the_way", Currency: "EUR", At: w.Clock.Now(),
			Postings: []ledger.Posting{{Source: in, Destination: out, Amount: 1}, {Source: out, Destination: in, Amount: 1}}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Payouts.Run(t.Context(), 0); err == nil {
		t.Error("the run does not say that a payee could not be paid")
	}
	if p := only(w, lea); p.Amount.Minor != 1000 {
		t.Errorf("payout of %v", p.Amount)
	}
	run(w)
	w.Settle()
	if got := w.Totals(brand); got.Paid == 0 || got.Free != 0 {
		t.Errorf("the next run: %+v", got)
	}
}

// A payee who revoked our access can connect another account, and is not sent failures until then.
func TestAccountThatIsGone(t *testing.T) {
	w := apptest.New(t)
	payee, _ := sold(w)
	var account string
	if err := w.DB.Get(&account, `select stripe_account_id from payees where id = $1`, payee); err != nil {
		t.Fatal(err)
	}
	gone := stripesandbox.Fault{Path: "/v1/accounts/" + account, Method: "GET", Status: 403, Code: "account_invalid", Message: "Application access may have been revoked."}
	w.Sandbox.Inject(gone)
	w.Sandbox.Inject(stripesandbox.Fault{Path: "/v1/transfers", Method: "POST", Status: 400, Code: "account_invalid", Message: "No such destination: " + account})
	run(w)
	w.Settle()
	if p := only(w, payee); p.State != payouts.Failed {
		t.Fatalf("payout is %s", p.State)
	}
	if r := run(w); r.Made != 0 {
		t.Errorf("another payout to an account that is gone: %+v", r)
	}
	var relay int64
	if err := w.DB.Get(&relay, `select member_id from payees where id = $1`, payee); err != nil {
		t.Fatal(err)
	}
	if again := w.Onboard(earnings.Owner{MemberID: relay}); again != payee {
		t.Fatalf("payee %d became %d", payee, again)
	}
	var fresh string
	if err := w.DB.Get(&fresh, `select stripe_account_id from payees where id = $1`, payee); err != nil || fresh == account {
		t.Errorf("connected to %s again, %v", fresh, err)
	}
	run(w)
	w.Settle()
	if got := w.Totals(payee); got.Paid != 1000 {
		t.Errorf("after connecting again: %+v", got)
	}
	w.Audit()
}

// The provider repeats a stored failure for as long as it keeps the key.
func TestOnboardingAfterAFailureOfTheProvider(t *testing.T) {
	w := apptest.New(t)
	relay := w.Member("lea")
	payee, err := w.Payouts.PayeeOf(t.Context(), earnings.Owner{MemberID: relay})
	if err != nil {
		t.Fatal(err)
	}
	w.Sandbox.Inject(stripesandbox.Fault{Path: "/v1/accounts", Method: "POST", Status: 500})
	if _, err := w.Payouts.Onboard(t.Context(), payee.ID, "FR", w.URL, w.URL); err == nil {
		t.Error("no error on a 500")
	}
	w.Onboard(earnings.Owner{MemberID: relay})
}

func TestRejectedPayeeIsNotReady(t *testing.T) {
	account := "acct_1"
	p := payouts.Payee{StripeAccountID: &account, DetailsSubmitted: true, TransfersActive: true, DisabledReason: "rejected.fraud"}
	if got := p.Readiness(); got != payouts.Restricted {
		t.Errorf("rejected: %s", got)
	}
}

// A key is forgotten by Stripe after a day. What was asked for before that is looked up, and never asked for again.
func TestOldKeyIsNotUsedAgain(t *testing.T) {
	for _, made := range []bool{true, false} {
		w := apptest.New(t)
		payee, _ := sold(w)
		w.Sandbox.Inject(stripesandbox.Fault{Path: "/v1/transfers", Method: "POST", Effect: made, Times: 100})
		run(w)
		push(w, 1)
		w.Sandbox.ClearFaults()
		if _, err := w.DB.Exec(`update payouts set first_sent_at = first_sent_at - interval '23 hours 30 minutes'`); err != nil {
			t.Fatal(err)
		}
		push(w, 2)
		p := only(w, payee)
		n, _ := atStripe(w, p)
		if made && (p.State != payouts.Sent || n != 1) || !made && (p.State != payouts.Sending || n != 0) {
			t.Errorf("made %v: payout is %s, %d transfers", made, p.State, n)
		}
		w.Audit()
	}
}
