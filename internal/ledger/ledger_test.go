package ledger_test

import (
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/ledger"
	"relais/internal/postgres"
	"relais/internal/postgres/pgtest"
)

var (
	noon     = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	clearing = ledger.Account{Kind: ledger.Stripe}
	fees     = ledger.Account{Kind: ledger.Fees}
)

func held(payee int64) ledger.Account   { return ledger.Account{Kind: ledger.Held, Owner: payee} }
func free(payee int64) ledger.Account   { return ledger.Account{Kind: ledger.Free, Owner: payee} }
func paying(payee int64) ledger.Account { return ledger.Account{Kind: ledger.Paying, Owner: payee} }

func move(reference string, amount int64, from, to ledger.Account) ledger.Transaction {
	return ledger.Transaction{Reference: reference, Kind: "test", Currency: "EUR", At: noon,
		Postings: []ledger.Posting{{Source: from, Destination: to, Amount: amount}}}
}

func sale(reference string) ledger.Transaction {
	return ledger.Transaction{Reference: reference, Kind: "sale", Currency: "EUR", At: noon, Postings: []ledger.Posting{
		{Source: clearing, Destination: held(1), Amount: 8500},
		{Source: clearing, Destination: held(2), Amount: 1000},
		{Source: clearing, Destination: fees, Amount: 500},
	}}
}

func post(t *testing.T, db *sqlx.DB, tr ledger.Transaction) (ledger.Posted, error) {
	t.Helper()
	var posted ledger.Posted
	err := postgres.InTx(t.Context(), db, func(tx *sqlx.Tx) (err error) {
		posted, err = ledger.Post(t.Context(), tx, tr)
		return err
	})
	return posted, err
}

func mustPost(t *testing.T, db *sqlx.DB, tr ledger.Transaction) ledger.Posted {
	t.Helper()
	posted, err := post(t, db, tr)
	if err != nil {
		t.Fatalf("post %s: %v", tr.Reference, err)
	}
	return posted
}

func balance(t *testing.T, q sqlx.QueryerContext, a ledger.Account) int64 {
	t.Helper()
	b, err := ledger.Balance(t.Context(), q, a, "EUR")
	if err != nil {
		t.Fatalf("balance of %v: %v", a, err)
	}
	return b
}

// mustHold checks the books.
func mustHold(t *testing.T, q sqlx.QueryerContext) {
	t.Helper()
	findings, err := ledger.Check(t.Context(), q)
	if err != nil {
		t.Fatalf("check: %v", err)
	}
	for _, f := range findings {
		if f.Count != 0 {
			t.Errorf("%s is broken %d times (%s)", f.Name, f.Count, f.Description)
		}
	}
}

func TestPostMovesMoney(t *testing.T) {
	db := pgtest.DB(t)
	posted := mustPost(t, db, sale("order:1:paid"))
	if posted.ID == 0 || len(posted.PostingIDs) != 3 || posted.Replayed {
		t.Errorf("posted = %+v, want an id, three posting ids, no replay", posted)
	}
	for a, want := range map[ledger.Account]int64{clearing: -10000, fees: 500, held(1): 8500, held(2): 1000, free(1): 0} {
		if got := balance(t, db, a); got != want {
			t.Errorf("balance of %v = %d, want %d", a, got, want)
		}
	}
	mustHold(t, db)
}
