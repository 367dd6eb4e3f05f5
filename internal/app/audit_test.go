package app_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"relais/internal/app"
	"relais/internal/app/apptest"
	"relais/internal/earnings"
	"relais/internal/postgres/pgtest"
)

// traded is a database in which everything has happened that the books know: a sale recommended, delivered, freed and paid
// out; one freed since; one held; one refunded; one order that expired and whose payment was sent back; a refused payout.
func traded(t *testing.T) *apptest.World {
	t.Helper()
	w := apptest.New(t)
	ctx := t.Context()
	shop, relay := w.Shop("terre", 12000, 50), w.Member("lea")
	sell := func() int64 { return w.Paid(apptest.Purchase{Variant: shop.Variant, Storefront: relay}).ID }
	first := sell()
	w.Onboard(earnings.Owner{MemberID: relay})
	w.Onboard(earnings.Owner{BrandID: shop.Brand})
	w.Deliver(first)
	w.Pass(15)
	if r, err := w.Payouts.Run(ctx, 0); err != nil || r.Made != 2 {
		t.Fatalf("run: %+v, %v", r, err)
	}
	w.Settle()
	w.Deliver(sell())
	w.Pass(15)
	sell()
	if err := w.Withdraw(sell(), ""); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	late := w.Order(apptest.Purchase{Variant: shop.Variant})
	w.Pay(late, apptest.Good)
	if _, err := w.DB.Exec(`update variants set stock = 0`); err != nil {
		t.Fatal(err)
	}
	if _, err := w.DB.Exec(`update orders set state = 'expired', ended_at = now() where id = $1`, late.ID); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	w.Audit()
	return w
}

// broken are the names of the invariants that do not hold.
func broken(ctx context.Context, t testing.TB, q sqlx.QueryerContext) (names []string) {
	t.Helper()
	findings, err := app.Audit(ctx, q)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		if f.Count != 0 {
			names = append(names, f.Name)
		}
	}
	return names
}

const (
	paidOut  = `(select e.id from earnings e join payouts p on p.payee_id = e.payee_id and e.free_posting_id < p.to_posting where e.role = 'commission' limit 1)`
	heldOne  = `(select id from earnings where state = 'held' and role = 'commission' limit 1)`
	refunded = `(select id from orders where state = 'refunded')`
)

// Somebody with all rights changes the data behind the program's back, with every trigger and constraint of rows switched
// off. The audit names what they did.
func TestAuditNamesEachCorruption(t *testing.T) {
	w := traded(t)
	owner := pgtest.Owner(t, w.DB)
	for _, c := range []struct{ name, sql, want string }{
		{"a posting's amount changed", `update ledger_postings set amount = amount + 1 where id = (select min(id) from ledger_postings)`, "ledger_history"},
		{"a posting deleted", `delete from ledger_postings where id = (select max(free_posting_id) from earnings)`, "ledger_balances"},
		{"a transaction deleted with its postings", `with gone as (delete from ledger_postings p using ledger_transactions t where t.id = p.transaction_id
			and t.kind = 'sale' returning transaction_id) delete from ledger_transactions where id in (select transaction_id from gone)`, "sale_posted"},
		{"a balance raised", `update ledger_balances set balance = balance + 100 where balance > 0`, "ledger_balances"},
		{"an earning raised", `update earnings set amount_minor = amount_minor + 100 where id = ` + heldOne, "held_equals_earnings"},
		{"money moved between two earnings of one payee", `update earnings set amount_minor = amount_minor + case role when 'sale' then 100 else -100 end
			where state = 'held' and role <> 'commission'`, "earning_amounts"},
		{"an earning given to another payee", `update earnings set payee_id = (select id from payees where brand_id is not null) where id = ` + heldOne, "commission_attributed"},
		{"an earning deleted", `delete from earnings where id = ` + heldOne, "sale_split"},
		{"an earning freed without a posting", `update earnings set state = 'free', released_at = free_at, free_at_known = true, free_posting_id = 1 where id = ` + heldOne, "release_posted"},
		{"two releases exchanged", `update earnings e set free_posting_id = o.free_posting_id from earnings o where e.role = 'sale' and o.role = 'delivery'
			and e.order_id = o.order_id and e.state = 'free'`, "release_posted"},
		{"a paid earning held again", `update earnings set state = 'held', free_posting_id = null where id = ` + paidOut, "payout_items"},
		{"an earning freed before its day", `update earnings set released_at = free_at - interval '1 day' where id = ` + paidOut, "released_in_time"},
		{"a payout's amount changed", `update payouts set amount_minor = amount_minor + 1 where state = 'sent'`, "payout_items"},
		{"a payout's range begun earlier", `update payouts set from_posting = from_posting - 1 where state = 'sent'`, "payout_ranges"},
		{"a payout's range ended elsewhere", `update payouts set to_posting = to_posting + 1 where state = 'sent'`, "payout_posted"},
		{"a payout deleted", `delete from payouts`, "free_equals_earnings"},
		{"a sent payout called failed", `update payouts set state = 'failed', transfer_id = null`, "payout_posted"},
		{"an order called refunded", `update orders set state = 'refunded', refunded_minor = total_minor where id = (select order_id from earnings where id = ` + heldOne + `)`, "refunded_orders"},
		{"a refunded order called paid", `update orders set state = 'paid', refunded_minor = 0 where id = ` + refunded, "refund_posted"},
		{"a refund deleted", `delete from refunds where order_id = ` + refunded, "refunded_orders"},
		{"a refund doubled", `insert into refunds (order_id, amount_minor, currency, reason, payment_intent_id, state, asked_at)
			select order_id, amount_minor, currency, 'again', payment_intent_id || '', 'failed', asked_at from refunds where order_id = ` + refunded + `;
			drop index refunds_one_live; update refunds set state = 'succeeded' where reason = 'again'`, "refunds_within_payment"},
		{"a payment in suspense called returned", `update refunds set state = 'failed' where reason = 'no_stock'`, "suspense_explained"},
		{"an order's total changed", `update orders set total_minor = total_minor + 1, goods_minor = goods_minor + 1 where id = (select min(id) from orders)`, "order_totals"},
		{"a line and its order made cheaper", `update order_lines set price_minor = price_minor - 100, total_minor = total_minor - 100 where id = 1;
			update orders set goods_minor = goods_minor - 100, total_minor = total_minor - 100 where id = 1`, "sale_amounts"},
		{"an attribution moved", `update attributions set member_id = (select min(id) from members) where member_id is not null`, "commission_attributed"},
		{"an attribution deleted", `delete from attributions`, "attribution_frozen"},
		{"a trigger switched off", `alter table earnings disable trigger earnings_move`, "sale_guards"},
		{"a right given", `grant update on order_lines to relais_app`, "sale_guards"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tx := owner.MustBegin()
			defer func() { _ = tx.Rollback() }()
			tx.MustExec(`set local session_replication_role = replica`)
			for _, s := range strings.Split(c.sql, ";") {
				if n, err := tx.MustExec(s).RowsAffected(); err != nil || n == 0 && !strings.Contains(s, "alter") && !strings.Contains(s, "grant") && !strings.Contains(s, "drop") {
					t.Fatalf("nothing was corrupted: %d rows, %v", n, err)
				}
			}
			if got := broken(t.Context(), t, tx); !slices.Contains(got, c.want) {
				t.Errorf("the audit names %v, not %s", got, c.want)
			}
		})
	}
	w.Audit()
}

// What the application's role may not do, whatever the program does wrong.
func TestSalesAreGuarded(t *testing.T) {
	w := traded(t)
	for name, sql := range map[string]string{
		"an order made cheaper":        `update orders set goods_minor = goods_minor - 1, total_minor = total_minor - 1`,
		"an order paid by another":     `update orders set payment_intent_id = 'pi_other' where payment_intent_id is not null`,
		"an order deleted":             `delete from orders`,
		"a refunded order paid again":  `update orders set state = 'paid', refunded_minor = 0 where state = 'refunded'`,
		"refunded with nothing given":  `update orders set state = 'refunded' where state = 'paid'`,
		"a line made cheaper":          `update order_lines set price_minor = 1, total_minor = quantity`,
		"a refund unmade":              `update refunds set state = 'failed' where state = 'succeeded'`,
		"a refund made larger":         `update refunds set amount_minor = amount_minor + 1`,
		"a second refund":              `insert into refunds (order_id, amount_minor, currency, reason, payment_intent_id, asked_at) select order_id, 1, currency, 'again', payment_intent_id, asked_at from refunds`,
		"a refund deleted":             `delete from refunds`,
		"an earning raised":            `update earnings set amount_minor = amount_minor + 1`,
		"a free earning held again":    `update earnings set state = 'held', free_posting_id = null where state = 'free'`,
		"a payout to somebody else":    `update payouts set destination = 'acct_other'`,
		"a sent payout failed":         `update payouts set state = 'failed', transfer_id = null`,
		"an attribution changed":       `update attributions set rule = 'none', member_id = null`,
		"the story of an order edited": `update order_events set kind = 'paid'`,
	} {
		_, err := w.DB.Exec(sql)
		var refused interface{ SQLState() string }
		if !errors.As(err, &refused) || !slices.Contains([]string{"23514", "23505", "42501"}, refused.SQLState()) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.Audit()
}
