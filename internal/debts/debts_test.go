package debts_test

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"relais/internal/app/apptest"
	"relais/internal/debts"
	"relais/internal/earnings"
	"relais/internal/money"
	"relais/internal/postgres/pgtest"
	"relais/internal/stripesandbox"
)

// indebted is a member who was paid 20.00 of commission for an order that was then refunded, and their shop.
func indebted(t *testing.T) (w *apptest.World, shop apptest.Shop, member int64, payee int64) {
	t.Helper()
	w = apptest.New(t)
	shop, member = w.Shop("terre", 24000, 50), w.Member("lea")
	payee = w.Onboard(earnings.Owner{MemberID: member})
	w.Onboard(earnings.Owner{BrandID: shop.Brand})
	o := w.Paid(apptest.Purchase{Variant: shop.Variant, Storefront: member})
	w.Deliver(o.ID)
	w.Paid(apptest.Purchase{Variant: shop.Variant, Quantity: 3}) // what is held for others pays the refund until it is recovered
	w.Pass(20)
	if _, err := w.Payouts.Run(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	if got := w.Totals(payee); got.Paid != 2000 || got.Free != 0 {
		t.Fatalf("after the payout: %+v", got)
	}
	if err := w.RefundAll(o.ID, 0); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	if got := w.Totals(payee); got.Owed != 2000 || got.Free != 0 || got.Paid != 2000 {
		t.Fatalf("after the refund: %+v, want 20.00 owed", got)
	}
	w.Audit()
	return w, shop, member, payee
}

func owed(w *apptest.World, payee, want int64) {
	w.T.Helper()
	if got := w.Totals(payee).Owed; got != want {
		w.T.Errorf("owed: %d, want %d", got, want)
	}
	w.Audit()
}

func TestDebtIsNettedFromTheNextEarnings(t *testing.T) {
	w, shop, member, payee := indebted(t)
	o := w.Paid(apptest.Purchase{Variant: shop.Variant, Storefront: member})
	w.Deliver(o.ID)
	w.Pass(20)
	owed(w, payee, 0)
	if got := w.Totals(payee); got.Free != 0 || got.Held != 0 {
		t.Errorf("after netting: %+v", got)
	}
	o = w.Paid(apptest.Purchase{Variant: shop.Variant, Storefront: member, Quantity: 2})
	w.Deliver(o.ID)
	w.Pass(20)
	if got := w.Totals(payee).Free; got != 4000 {
		t.Errorf("free after the debt is paid: %d", got)
	}
	w.Audit()
}

func TestTransferIsTakenBack(t *testing.T) {
	w, _, _, payee := indebted(t)
	if err := w.Debts.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	rs, err := w.Debts.Reversals(t.Context(), payee, 10)
	if err != nil || len(rs) != 1 || rs[0].State != debts.Done || rs[0].Amount.Minor != 2000 {
		t.Fatalf("reversals: %+v, %v", rs, err)
	}
	owed(w, payee, 0)
	if err := w.Debts.Recover(t.Context(), payee, "EUR"); !errors.Is(err, debts.ErrNothing) {
		t.Errorf("nothing is owed any more: %v", err)
	}
}

// Whatever becomes of the answer, what was asked for once comes back once.
func TestReversalOfUnknownOutcomeIsMadeOnce(t *testing.T) {
	for name, fault := range map[string]stripesandbox.Fault{
		"cut before":          {},
		"cut after":           {Effect: true},
		"500 without effect":  {Status: 500},
		"500 with effect":     {Status: 500, Effect: true},
		"503":                 {Status: 503},
		"429":                 {Status: 429},
		"half of the answer":  {Effect: true, Truncate: true},
		"a key that is taken": {Status: 409, Code: "idempotency_key_in_use"},
	} {
		t.Run(name, func(t *testing.T) {
			w, _, _, payee := indebted(t)
			fault.Method, fault.Path, fault.Times = "POST", "/v1/transfers", 2
			w.Sandbox.Inject(fault)
			if err := w.Debts.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			for range 4 {
				_ = w.Jobs.Drain(t.Context())
				w.DB.MustExec(`update jobs set run_at = clock_timestamp() where done_at is null`)
				w.DB.MustExec(`update reversals set tried_at = tried_at - interval '1 minute'`)
			}
			w.Settle()
			owed(w, payee, 0)
			var stripe []string
			if err := w.DB.Select(&stripe, `select distinct transfer_id from payouts where transfer_id is not null`); err != nil {
				t.Fatal(err)
			}
			var back int64
			for _, id := range stripe {
				found, err := w.Stripe.FindReversals(t.Context(), id)
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range found {
					if r.Metadata["payee_id"] == money.New(payee, "JPY").Decimal() {
						back += r.Amount.Minor
					}
				}
			}
			if back != 2000 {
				t.Errorf("Stripe took back %d, want 2000", back)
			}
		})
	}
}

// Stripe answers 500 although the transfer was taken back, and its list does not show it yet.
func TestReversalIsNotMadeTwiceWhileListsLag(t *testing.T) {
	w, _, _, payee := indebted(t)
	w.Sandbox.LagLists(5 * time.Second)
	w.Sandbox.Inject(stripesandbox.Fault{Method: "POST", Path: "/v1/transfers", Status: 500, Effect: true})
	if err := w.Debts.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		_ = w.Jobs.Drain(t.Context())
		w.DB.MustExec(`update jobs set run_at = clock_timestamp() where done_at is null`)
	}
	w.Sandbox.LagLists(0)
	var transfer string
	if err := w.DB.Get(&transfer, `select p.transfer_id from reversals r join payouts p on p.id = r.payout_id where r.payee_id = $1`, payee); err != nil {
		t.Fatal(err)
	}
	found, err := w.Stripe.FindReversals(t.Context(), transfer)
	if err != nil || len(found) != 1 {
		t.Errorf("taken back %d times, %v", len(found), err)
	}
	w.Settle()
	owed(w, payee, 0)
}

// The account is empty: the debt stays, and nobody asks again within the week.
func TestEmptyAccountGivesNothingBack(t *testing.T) {
	w, _, _, payee := indebted(t)
	lie(w, member(w, payee), -1900)
	if err := w.Debts.Recover(t.Context(), payee, "EUR"); !errors.Is(err, debts.ErrNothing) {
		t.Errorf("recover from 1.00: %v", err)
	}
	owed(w, payee, 2000)
}

// lie moves what lies on a member's account at Stripe.
func lie(w *apptest.World, memberID, by int64) {
	w.T.Helper()
	p, err := w.Payouts.PayeeOf(w.T.Context(), earnings.Owner{MemberID: memberID})
	if err != nil {
		w.T.Fatal(err)
	}
	if err := w.Sandbox.AdjustAccountBalance(*p.StripeAccountID, "EUR", by); err != nil {
		w.T.Fatal(err)
	}
}

func member(w *apptest.World, payee int64) (id int64) {
	w.T.Helper()
	if err := w.DB.Get(&id, `select member_id from payees where id = $1`, payee); err != nil {
		w.T.Fatal(err)
	}
	return id
}

// While a transfer is being taken back the debt is paid by a sale: what comes back is the payee's.
func TestWhatComesBackTooMuchIsFree(t *testing.T) {
	w, shop, lea, payee := indebted(t)
	o := w.Paid(apptest.Purchase{Variant: shop.Variant, Storefront: lea})
	w.Deliver(o.ID)
	w.Pass(13)
	lie(w, lea, 2000) // what was paid has gone to the bank; the next sale elsewhere lies there
	if err := w.Debts.Recover(t.Context(), payee, "EUR"); err != nil {
		t.Fatal(err)
	}
	if err := w.Clock.Advance(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	if err := w.Orders.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	owed(w, payee, 0)
	if err := w.Sandbox.Tick(); err != nil { // the account's own payouts of the day
		t.Fatal(err)
	}
	lie(w, lea, 2000)
	w.Settle()
	if got := w.Totals(payee); got.Free != 2000 || got.Owed != 0 {
		t.Errorf("after both: %+v, want 20.00 free", got)
	}
	w.Audit()
}

func TestWriteOffTakesTwoAboveTheLimit(t *testing.T) {
	w, _, _, payee := indebted(t)
	first, second := w.Member("helene"), w.Member("paul")
	ctx := t.Context()
	if err := w.Debts.WriteOff(ctx, payee, money.New(2001, "EUR"), "the account was closed", first); !errors.Is(err, debts.ErrTooMuch) {
		t.Errorf("more than is owed: %v", err)
	}
	if err := w.Debts.WriteOff(ctx, payee, money.New(500, "EUR"), "short", first); !errors.Is(err, debts.ErrReason) {
		t.Errorf("without a reason: %v", err)
	}
	if err := w.Debts.WriteOff(ctx, payee, money.New(500, "EUR"), "a small sum, the account was closed", first); err != nil {
		t.Fatal(err)
	}
	owed(w, payee, 1500)
	w.DB.MustExec(`insert into write_offs (payee_id, currency, amount_minor, reason, asked_by, asked_at, needs_two) values ($1, 'EUR', 1500, 'as if it were large enough', $2, now(), true)`, payee, first)
	ws, err := w.Debts.WriteOffs(ctx, 10)
	if err != nil || len(ws) != 2 || ws[0].State != debts.Waiting {
		t.Fatalf("write-offs: %+v, %v", ws, err)
	}
	if err := w.Debts.WriteOff(ctx, payee, money.New(20000, "EUR"), "another one, while one waits", first); !errors.Is(err, debts.ErrTooMuch) {
		t.Errorf("too much: %v", err)
	}
	if err := w.Debts.Decide(ctx, ws[0].ID, first, true); !errors.Is(err, debts.ErrSame) {
		t.Errorf("the same person: %v", err)
	}
	if err := w.Debts.Decide(ctx, ws[0].ID, second, true); err != nil {
		t.Fatal(err)
	}
	if err := w.Debts.Decide(ctx, ws[0].ID, second, true); !errors.Is(err, debts.ErrDecided) {
		t.Errorf("twice: %v", err)
	}
	owed(w, payee, 0)
}

func TestRules(t *testing.T) {
	for _, c := range []struct {
		currency              money.Currency
		owed, left, on, takes int64
	}{
		{"EUR", 2000, 5000, 9000, 2000},
		{"EUR", 9000, 5000, 9000, 5000},
		{"EUR", 9000, 5000, 700, 700},
		{"EUR", 499, 5000, 9000, 0},
		{"EUR", 9000, 5000, 499, 0},
		{"EUR", 9000, 5000, -100, 0},
		{"JPY", 5, 5000, 9000, 5},
		{"JPY", 4, 5000, 9000, 0},
	} {
		if got := debts.Worthwhile(c.currency, c.owed, c.left, c.on); got != c.takes {
			t.Errorf("%+v: %d", c, got)
		}
	}
	for minor, want := range map[int64]bool{10000: false, 10001: true} {
		if got := debts.NeedsTwo(money.New(minor, "EUR")); got != want {
			t.Errorf("NeedsTwo(%d) = %v", minor, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		back, owed := rapid.Int64Range(1, 1<<40).Draw(t, "back"), rapid.Int64Range(-5, 1<<40).Draw(t, "owed")
		debt, free := debts.Paid(back, owed)
		if debt+free != back || debt < 0 || free < 0 || debt > max(owed, 0) {
			t.Fatalf("Paid(%d, %d) = %d, %d", back, owed, debt, free)
		}
	})
}

// Somebody with all rights changes what was recorded. The audit names what they did.
func TestAuditNamesEachCorruption(t *testing.T) {
	w, _, _, payee := indebted(t)
	if err := w.Debts.WriteOff(t.Context(), payee, money.New(500, "EUR"), "a small sum, the account was closed", w.Member("helene")); err != nil {
		t.Fatal(err)
	}
	if err := w.Debts.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	owed(w, payee, 0)
	owner := pgtest.Owner(t, w.DB)
	for name, corruption := range map[string]string{
		"reversals_posted":  `update reversals set amount_minor = amount_minor + 1`,
		"reversals_within":  `update payouts set amount_minor = 1 where id in (select payout_id from reversals)`,
		"write_offs_posted": `update write_offs set amount_minor = amount_minor + 1`,
	} {
		tx := owner.MustBegin()
		tx.MustExec(`set local session_replication_role = replica`)
		tx.MustExec(corruption)
		found, err := debts.Check(t.Context(), tx)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			if f.Name == name && f.Count == 0 {
				t.Errorf("the audit does not name %s", name)
			}
		}
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
	}
}
