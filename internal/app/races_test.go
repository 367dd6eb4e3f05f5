package app_test

import (
	"fmt"
	"testing"
	"time"

	"relais/internal/app/apptest"
	"relais/internal/earnings"
	"relais/internal/ledger"
	"relais/internal/money"
	"relais/internal/orders"
	"relais/internal/payments"
	"relais/internal/stripesandbox"
)

// rounds is how often two things meet.
const rounds = 30

// heardAtOnce takes each notice in four times at the same moment, and has four workers act on them.
func (e *edge) heardAtOnce(notices [][]byte) {
	e.T.Helper()
	var receive, act []func()
	for range 4 {
		for _, n := range notices {
			receive = append(receive, func() {
				err := e.Webhooks.Receive(e.T.Context(), n, stripesandbox.Sign(time.Now(), n, "whsec_platform"), payments.Platform)
				if err != nil {
					e.T.Error(err)
				}
			})
		}
		act = append(act, func() {
			if err := e.Jobs.Drain(e.T.Context()); err != nil {
				e.T.Error(err)
			}
		})
	}
	atOnce(append(receive, act...)...)
	e.calm()
}

// calm has everything end that waits for another try.
func (e *edge) calm() {
	e.T.Helper()
	_, err := e.DB.Exec(`update jobs set run_at = now() where done_at is null and parked_at is null and leased_until is null`)
	e.ok(err)
	e.Settle()
}

// Notices of a refund that was made at Stripe, and of a dispute and its end, each heard four times at once by four workers: each is
// booked once.
func TestNoticesOfRefundsAndDisputesAtOnce(t *testing.T) {
	e := newEdge(t)
	for range 5 {
		p := e.sold(2, instantCard)
		e.heardAtOnce(e.CatchNotices(func() {
			_, err := e.Stripe.Refund(t.Context(), payments.RefundRequest{Reference: fmt.Sprintf("by-hand-%d", p.ID), PaymentIntentID: *p.PaymentIntentID, Amount: money.New(3001, "EUR")})
			e.ok(err)
			id, err := e.Sandbox.OpenDispute(*p.PaymentIntentID, 9000, "fraudulent", false)
			e.ok(err)
			e.ok(e.Sandbox.DecideDispute(id, false))
		}))
		if p = e.now(p.ID); p.RefundedMinor != 3001 || p.LostMinor != 9000 {
			t.Errorf("%d refunded and %d lost, want 3001 and 9000", p.RefundedMinor, p.LostMinor)
		}
	}
	e.look()
}

// meet has two things happen at once to an order whose hold is over, many times, and looks at the books in the end.
func meet(t *testing.T, prepare func(e *edge, p orders.Page), first, second func(e *edge, p orders.Page)) *edge {
	t.Helper()
	e := newEdge(t)
	for range rounds {
		p := e.sold(2, instantCard)
		e.Deliver(p.ID)
		e.ok(e.Clock.Advance(t.Context(), 15))
		prepare(e, p)
		atOnce(func() { first(e, p) }, func() { second(e, p) })
		e.calm()
	}
	e.look()
	return e
}

func releases(e *edge, _ orders.Page) {
	if err := e.Orders.Release(e.T.Context()); err != nil {
		e.T.Error(err)
	}
}

func runs(e *edge, _ orders.Page) {
	if _, err := e.Payouts.Run(e.T.Context(), 0); err != nil {
		e.T.Error(err)
	}
}

// asks has one of two pieces refunded, up to the call of the provider.
func asks(e *edge, p orders.Page) {
	_, err := e.Orders.Refund(e.T.Context(), orders.RefundRequest{OrderID: p.ID, Operation: fmt.Sprintf("meets-%d", p.ID), Reason: "admin", Wish: pieces(p, 1)})
	if err != nil {
		e.T.Error(err)
	}
	if err := e.Jobs.Drain(e.T.Context()); err != nil {
		e.T.Error(err)
	}
}

// half is what the relay has in the end of orders of two pieces of which one went back: 10.00 of each, wherever it is, less debts.
func (e *edge) half(what string) {
	e.T.Helper()
	got := e.Totals(e.member)
	if sum := got.Held + got.Frozen + got.Free + got.Paying + got.Paid - got.Owed; sum != rounds*1000 {
		e.T.Errorf("%s: the relay has %d, want %d: %+v", what, sum, rounds*1000, got)
	}
}

func TestRefundAndReleaseAtOnce(t *testing.T) {
	meet(t, func(*edge, orders.Page) {}, asks, releases).half("refund and release")
}

func TestRefundAndPayoutAtOnce(t *testing.T) {
	meet(t, releases, asks, runs).half("refund and payout")
}

// The bank takes the payment back for good while the run pays the relay: the relay has nothing in the end, or owes it.
func TestLostDisputeAndPayoutAtOnce(t *testing.T) {
	e := meet(t, func(e *edge, p orders.Page) {
		releases(e, p)
		id, err := e.Sandbox.OpenDispute(*p.PaymentIntentID, 0, "fraudulent", false)
		e.ok(err)
		e.ok(e.Sandbox.DecideDispute(id, false))
	}, func(e *edge, _ orders.Page) {
		if err := e.Sandbox.Drain(e.T.Context()); err != nil {
			e.T.Error(err)
		}
		if err := e.Jobs.Drain(e.T.Context()); err != nil {
			e.T.Error(err)
		}
	}, runs)
	got := e.Totals(e.member)
	if sum := got.Held + got.Frozen + got.Free + got.Paying + got.Paid - got.Owed; sum != 0 {
		t.Errorf("the relay has %d of lost payments: %+v", sum, got)
	}
}

// Stripe's fee on a sale may be more than ours, and ours nothing: brand and relay have their shares all the same, the loss is Relais's.
func TestStripesFeeAboveOurs(t *testing.T) {
	e := newEdge(t)
	shop := e.Shop("sou", 100, 50)
	brand := e.Onboard(earnings.Owner{BrandID: shop.Brand})
	_, err := e.DB.Exec(`update delivery_methods set price_minor = 0 where brand_id = $1`, shop.Brand)
	e.ok(err)
	result := func() int64 { return e.sum(ledger.Fees) + e.sum(ledger.Costs) }
	e.look()
	before := result()
	o := e.Order(apptest.Purchase{Variant: shop.Variant, Storefront: e.relay})
	e.Pay(o, instantCard)
	e.Settle()
	e.look()
	e.are("the relay has a tenth of 0.83", e.member, 8)
	e.are("the brand has the rest but our fee", brand, 88)
	if kept := result() - before; kept != 4-27 { // 5 % of 0.83, less 1.5 % of 1.00 and 0.25
		t.Errorf("Relais kept %d", kept)
	}
}
