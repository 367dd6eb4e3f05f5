package reconcile_test

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/app/apptest"
	"relais/internal/earnings"
	"relais/internal/ledger"
	"relais/internal/money"
	"relais/internal/orders"
	"relais/internal/orders/checks"
	"relais/internal/payments"
	"relais/internal/payouts"
	"relais/internal/reconcile"
)

// market is all of Relais over the local Stripe, with a reconciliation whose real time the test moves.
type market struct {
	*apptest.World
	*world
}

func trade(t *testing.T) *market {
	t.Helper()
	m := &market{World: apptest.New(t)}
	m.world = &world{t: t, db: m.DB, clock: m.World.Clock, sandbox: m.Sandbox, stripe: m.World.Stripe, hooks: m.Webhooks}
	m.Service = reconcile.New(reconcile.Config{DB: m.DB, Books: m.World.Stripe, Transfers: m.World.Stripe, Webhooks: m.Webhooks, Mail: m.World.Mail, Now: m.World.Clock.Now,
		Log: slog.New(slog.DiscardHandler), Clock: func() time.Time { return time.Now().Add(m.ahead) }, Audit: invariants})
	return m
}

// invariants are those of the packages below this one.
func invariants(ctx context.Context, q sqlx.QueryerContext) (all []ledger.Finding, err error) {
	for _, check := range []func(context.Context, sqlx.QueryerContext) ([]ledger.Finding, error){ledger.Check, earnings.Check, checks.Check, payouts.Check} {
		found, err := check(ctx, q)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// paid is a shop and a member who were both paid for one sale.
func (m *market) paid() (shop apptest.Shop, order, lea, brand int64) {
	m.t.Helper()
	shop = m.Shop("terre", 12000, 50)
	member := m.World.Member("lea")
	order = m.Paid(apptest.Purchase{Variant: shop.Variant, Storefront: member}).ID
	lea, brand = m.Onboard(earnings.Owner{MemberID: member}), m.Onboard(earnings.Owner{BrandID: shop.Brand})
	m.Deliver(order)
	m.Pass(15)
	if r, err := m.Payouts.Run(m.t.Context(), 0); err != nil || r.Made != 2 {
		m.t.Fatalf("run: %+v, %v", r, err)
	}
	m.Settle()
	return shop, order, lea, brand
}

func (m *market) frozen(payee int64) bool {
	m.t.Helper()
	return m.count(`select count(*) from payees where id = $1 and frozen_at is not null`, payee) == 1
}

// A second transfer for a payout is found, whose it is; its payee is not paid until somebody has explained it, and nobody else waits.
func TestTwice(t *testing.T) {
	m := trade(t)
	ctx := t.Context()
	shop, _, lea, brand := m.paid()
	m.Paid(apptest.Purchase{Variant: shop.Variant}) // something to pay it from
	m.Pass(3)
	m.later()
	m.finds()
	var p struct {
		ID          int64  `db:"id"`
		Key         string `db:"key"`
		Amount      int64  `db:"amount_minor"`
		Destination string `db:"destination"`
	}
	m.must(m.DB.Get(&p, `select id, key, amount_minor, destination from payouts where payee_id = $1`, lea))
	again, err := m.World.Stripe.Send(ctx, payments.TransferRequest{Reference: "behind our back", Destination: p.Destination, Amount: money.New(p.Amount, "EUR"),
		Group: "payout_" + strconv.FormatInt(p.ID, 10) + "_" + p.Key})
	m.must(err)
	m.finds()
	m.later()
	m.finds("twice " + again.ID + " 0 -" + strconv.FormatInt(p.Amount, 10) + " EUR")
	if !m.frozen(lea) || m.frozen(brand) {
		t.Errorf("frozen: the member %v, the brand %v", m.frozen(lea), m.frozen(brand))
	}
	member := m.count(`select member_id from payees where id = $1`, lea)
	order := m.Paid(apptest.Purchase{Variant: shop.Variant, Storefront: int64(member)}).ID
	m.Deliver(order)
	m.Pass(15)
	if r, err := m.Payouts.Run(ctx, 0); err != nil || r.Made != 1 {
		t.Errorf("run: %+v, %v", r, err)
	}
	m.Settle()
	open, err := m.Unexplained(ctx)
	m.must(err)
	alma := m.World.Member("alma")
	if _, err := m.Explain(ctx, alma, open[0].ID, "reversed by hand in Stripe's dashboard"); err != nil {
		t.Fatal(err)
	}
	if m.frozen(lea) {
		t.Error("still frozen")
	}
	if r, err := m.Payouts.Run(ctx, 0); err != nil || r.Made != 1 {
		t.Errorf("run: %+v, %v", r, err)
	}
	m.Settle()
	m.later()
	m.finds()
	m.audited()
	m.Audit()
}

// Whoever earns from an order whose payment differs waits, and is freed when it does not differ any more.
func TestOrderFreezes(t *testing.T) {
	m := trade(t)
	_, order, lea, brand := m.paid()
	m.later()
	m.finds()
	var charge, intent string
	m.must(m.DB.Get(&charge, `select charge_id from orders where id = $1`, order))
	m.must(m.DB.Get(&intent, `select payment_intent_id from orders where id = $1`, order))
	m.books(5, "EUR", charge)
	m.later()
	total := m.count(`select total_minor from orders where id = $1`, order)
	m.finds("amount_differs " + charge + " " + strconv.Itoa(total+5) + " " + strconv.Itoa(total) + " EUR")
	if !m.frozen(lea) || !m.frozen(brand) {
		t.Error("not frozen")
	}
	m.breaks("stripe_moved")
	m.books(-5, "EUR", charge)
	m.later()
	m.finds()
	if m.frozen(lea) || m.frozen(brand) {
		t.Error("still frozen")
	}
	m.audited()
	if n := m.count(`select count(*) from audit_log where action in ('payee frozen', 'payee freed')`); n != 4 {
		t.Errorf("%d lines in the log", n)
	}
}

// breaks fails where another invariant of this package than that one does not hold.
func (w *world) breaks(broken string) {
	w.t.Helper()
	found, err := reconcile.Check(w.t.Context(), w.db)
	w.must(err)
	for _, f := range found {
		if (f.Count != 0) != (f.Name == broken) {
			w.t.Errorf("%s is broken %d times", f.Name, f.Count)
		}
	}
}

// A payment of which nobody told us is found by the next sweep, and its order is paid.
func TestLostPayment(t *testing.T) {
	m := trade(t)
	shop := m.Shop("terre", 12000, 50)
	m.Paid(apptest.Purchase{Variant: shop.Variant})
	o := m.Order(apptest.Purchase{Variant: shop.Variant})
	m.Sandbox.DropWebhooks(100)
	m.Pay(o, apptest.Good)
	m.Settle()
	r, err := m.Run(t.Context(), false)
	m.must(err)
	m.Settle()
	if page, err := m.Orders.ByID(t.Context(), o.ID); err != nil || page.State != orders.Paid || r.Recovered == 0 {
		t.Errorf("order is %s after %d notices were recovered, %v", page.State, r.Recovered, err)
	}
	m.later()
	m.finds()
	m.audited()
}

// What happened on a payee's account, and nobody told us, is found too.
func TestLostAccountNotice(t *testing.T) {
	m := trade(t)
	_, _, lea, brand := m.paid()
	var account string
	m.must(m.DB.Get(&account, `select stripe_account_id from payees where id = $1`, lea))
	m.Sandbox.DropWebhooks(100)
	m.must(m.Sandbox.RestrictAccount(account))
	m.Settle()
	active := func(payee int64) bool {
		return m.count(`select count(*) from payees where id = $1 and transfers_active`, payee) == 1
	}
	if !active(lea) {
		t.Fatal("nothing was lost")
	}
	r, err := m.Run(t.Context(), false)
	m.must(err)
	m.Settle()
	if r.Recovered == 0 || active(lea) || !active(brand) {
		t.Errorf("%d recovered; the member can be paid: %v, the brand: %v", r.Recovered, active(lea), active(brand))
	}
	if n := m.count(`select count(*) from webhook_events where recovered and account = $1 and endpoint = 'connect'`, account); n == 0 {
		t.Error("nothing was recovered of the account")
	}
}

// Several processes reconcile at once: what they find is one row, one letter, one fee.
func TestRunsAtOnce(t *testing.T) {
	m := trade(t)
	_, order, _, _ := m.paid()
	m.must(m.Members.Promote(t.Context(), 0, m.World.Member("alma"), true))
	var charge string
	m.must(m.DB.Get(&charge, `select charge_id from orders where id = $1`, order))
	m.books(5, "EUR", charge)
	m.finds()
	m.later()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if _, err := m.Run(t.Context(), false); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	rows, letters := m.count(`select count(*) from differences`), m.count(`select count(*) from letters where template = 'differences'`)
	if rows != 1 || letters != 1 {
		t.Errorf("%d rows, %d letters", rows, letters)
	}
}
