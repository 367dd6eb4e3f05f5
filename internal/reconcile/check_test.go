package reconcile_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"relais/internal/app/apptest"
	"relais/internal/postgres/pgtest"
	"relais/internal/reconcile"
)

// Somebody with all rights changes rows behind the program's back. The audit names what they did.
func TestCheckNamesEachCorruption(t *testing.T) {
	m := trade(t)
	shop, _, lea, _ := m.paid()
	m.Paid(apptest.Purchase{Variant: shop.Variant})
	m.finds()
	m.later()
	m.finds()
	m.audited()
	payee := strconv.FormatInt(lea, 10)
	owner := pgtest.Owner(t, m.DB)
	for _, c := range []struct{ name, sql, want string }{
		{"a movement at Stripe raised", `update stripe_movements set amount_minor = amount_minor + 1 where category = 'transfer'`, "stripe_moved"},
		{"a movement forgotten", `delete from stripe_movements where id = (select min(id) from stripe_movements where category = 'charge')`, "stripe_moved"},
		{"a booking taken away", `delete from ledger_postings where transaction_id = (select min(transaction_id) from ledger_objects)`, "stripe_moved"},
		{"a booking given another object", `update ledger_objects set object = 'ch_other' where transaction_id = (select min(transaction_id) from ledger_objects)`, "stripe_moved"},
		{"a fee that was never booked", `update stripe_movements set fee_minor = fee_minor + 10 where category = 'charge'`, "stripe_fees"},
		{"an object forgotten", `delete from ledger_objects where transaction_id = (select min(transaction_id) from ledger_objects)`, "stripe_named"},
		{"one charge for two orders", `update orders set charge_id = (select min(charge_id) from orders) where charge_id is not null`, "stripe_objects"},
		{"a transfer that is also a reversal", `insert into reversals (payee_id, payout_id, amount_minor, currency, state, stripe_id, asked_at)
			select payee_id, id, 1, currency, 'done', transfer_id, now() from payouts limit 1`, "stripe_objects"},
		{"a payout that sends for days", `update payouts set state = 'sending', transfer_id = null, first_sent_at = now() - interval '2 days'`, "clearing_in_time"},
		{"a reversal that sends for days", `insert into reversals (payee_id, payout_id, amount_minor, currency, state, first_sent_at, asked_at)
			select payee_id, id, 1, currency, 'sending', now() - interval '2 days', now() from payouts limit 1`, "clearing_in_time"},
		{"a refund that waits for weeks", `insert into differences (kind, object, first_seen, last_seen) values ('clearing_overdue', 'refund 1', now(), now())`, "clearing_in_time"},
		{"a payee frozen without a difference", `update payees set frozen_at = now(), frozen_reason = 'difference' where id = ` + payee, "differences_freeze"},
		{"a difference that freezes nobody", `insert into differences (kind, object, payee_id, first_seen, last_seen) values ('twice', 'tr_x', ` + payee + `, now(), now())`, "differences_freeze"},
		{"a trigger switched off", `alter table stripe_movements disable trigger stripe_movements_append_only`, "reconcile_guards"},
		{"a trigger dropped", `drop trigger differences_move on differences`, "reconcile_guards"},
		{"a right given", `grant update on stripe_movements to relais_app`, "reconcile_guards"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tx := owner.MustBegin()
			defer func() { _ = tx.Rollback() }()
			tx.MustExec(`set local session_replication_role = replica`)
			if n, err := tx.MustExec(c.sql).RowsAffected(); err != nil || n == 0 && !slices.Contains([]string{"alter", "grant", "drop "}, c.sql[:5]) {
				t.Fatalf("nothing was corrupted: %d rows, %v", n, err)
			}
			found, err := reconcile.Check(t.Context(), tx)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, f := range found {
				if f.Count != 0 {
					names = append(names, f.Name)
				}
			}
			if !slices.Contains(names, c.want) {
				t.Errorf("the audit names %v, not %s", names, c.want)
			}
		})
	}
	m.audited()
}

// What the application's role may not do to Stripe's books, and what nobody may.
func TestKeptAsItWas(t *testing.T) {
	w := open(t)
	w.sold(1000)
	w.books(5, "EUR", "ch_never")
	w.finds()
	w.later()
	w.finds("missing_at_stripe ch_never 5 0 EUR")
	for _, sql := range []string{
		`update stripe_movements set amount_minor = 1`, `delete from stripe_movements`, `truncate stripe_movements cascade`, `delete from stripe_movement_changes`,
		`delete from differences`, `truncate differences`, `delete from reconcile_runs`, `update differences set object = 'another'`,
		`update differences set explained_by = 1, explained_at = now()`, `delete from stripe_funds`, `delete from stripe_cursors`,
	} {
		if _, err := w.db.Exec(sql); err == nil {
			t.Errorf("allowed: %s", sql)
		}
	}
	owner := pgtest.Owner(t, w.db)
	if _, err := owner.Exec(`delete from stripe_movements`); err == nil || !strings.Contains(err.Error(), "stripe_movements") {
		t.Errorf("the owner may delete movements: %v", err)
	}
}

// Money on its way for too long is on the list, with whom it is about.
func TestOverdue(t *testing.T) {
	m := trade(t)
	_, order, lea, _ := m.paid()
	m.later()
	m.finds()
	owner := pgtest.Owner(t, m.DB)
	tx := owner.MustBegin()
	tx.MustExec(`set local session_replication_role = replica`)
	now, real := m.World.Clock.Now(), time.Now().Add(m.ahead)
	reversal := func(state string, first time.Time) {
		tx.MustExec(`insert into reversals (payee_id, payout_id, amount_minor, currency, state, first_sent_at, asked_at)
			select payee_id, id, 7, currency, $1, $2, $3 from payouts where payee_id = $4`, state, first, now, lea)
	}
	reversal("sending", real.Add(-24*time.Hour))
	reversal("failed", real.Add(-24*time.Hour))
	for _, r := range []struct {
		state string
		stray bool
		days  int
	}{{"pending", false, 11}, {"pending", false, 9}, {"succeeded", false, 20}, {"failed", true, 3}, {"new", true, 1}} {
		tx.MustExec(`insert into refunds (order_id, amount_minor, currency, reason, payment_intent_id, state, operation, stray, asked_at)
			values ($1, 3, 'EUR', 'admin', 'pi_' || $2::text || $5::text, $3, 'op' || $2::text || $3::text || $5::text, $4, $6)`, order, r.days, r.state, r.stray, r.stray, now.AddDate(0, 0, -r.days))
	}
	dispute := func(id, state string, due, decided *time.Time, withdrawn int64) {
		tx.MustExec(`insert into disputes (stripe_id, order_id, payment_intent_id, charge_id, amount_minor, currency, state, due_by, opened_at, decided_at, withdrawn_minor, updated_at)
			values ($1, $2, 'pi', 'ch', 9, 'EUR', $3, $4, $5, $6, $7, $5)`, id, order, state, due, now.AddDate(0, -2, 0), decided, withdrawn)
	}
	past, future, long := now.Add(-time.Hour), now.Add(time.Hour), now.AddDate(0, 0, -11)
	dispute("dp_late", "needs_response", &past, nil, 9)
	dispute("dp_open", "needs_response", &future, nil, 9)
	dispute("dp_won", "won", nil, &long, 9)
	dispute("dp_back", "won", nil, &long, 0)
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	_, err := m.Run(t.Context(), false)
	m.must(err)
	open, err := m.Unexplained(t.Context())
	m.must(err)
	var got []string
	for _, d := range open {
		if d.Kind == reconcile.ClearingOverdue {
			what, _, _ := strings.Cut(d.Object, " ")
			got = append(got, what+" "+strconv.FormatInt(d.Expected, 10))
			if what == "reversal" && (d.PayeeID == nil || *d.PayeeID != lea) || what == "refund" && (d.OrderID == nil || *d.OrderID != order) {
				t.Errorf("%v is about nobody", d)
			}
		}
	}
	slices.Sort(got)
	if want := []string{"dispute 9", "dispute 9", "refund 3", "refund 3", "reversal 7"}; !slices.Equal(got, want) {
		t.Errorf("overdue are %v; want %v", got, want)
	}
	if m.frozen(lea) {
		t.Error("what is only late freezes")
	}
}
