package app_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"

	"relais/internal/app/apptest"
	"relais/internal/money"
	"relais/internal/orders"
	"relais/internal/payments"
)

// permutations of 0 to n-1.
func permutations(n int) [][]int {
	if n == 0 {
		return [][]int{nil}
	}
	var all [][]int
	for _, p := range permutations(n - 1) {
		for i := range n {
			all = append(all, slices.Insert(slices.Clone(p), i, n-1))
		}
	}
	return all
}

// A refund in part, a dispute, its decision and a refund of the rest, in every order that there is: never both claw (I9). What Stripe or
// we refuse in an order is refused, and changes nothing.
func TestRefundsAndDisputesInEveryOrder(t *testing.T) {
	e := newEdge(t)
	for _, won := range []bool{true, false} {
		for _, order := range permutations(4) {
			p, dispute := e.sold(2, instantCard), ""
			acts := []func(){
				func() { _, _ = e.Refund(p.ID, 0, orders.RefundWish{Minor: 3001}) },
				func() { dispute, _ = e.Sandbox.OpenDispute(*p.PaymentIntentID, 0, "fraudulent", false) },
				func() { _ = e.Sandbox.DecideDispute(dispute, won) },
				func() { _ = e.RefundAll(p.ID, 0) },
			}
			for _, i := range order {
				acts[i]()
				e.Settle()
			}
			if p = e.now(p.ID); p.RefundedMinor+p.LostMinor > p.TotalMinor {
				t.Errorf("%d, won %v: %d refunded and %d lost of %d", order, won, p.RefundedMinor, p.LostMinor, p.TotalMinor)
			}
		}
		e.look()
	}
}

func TestDisputeAboveThePaymentIsCapped(t *testing.T) {
	e := newEdge(t)
	p := e.sold(1, instantCard)
	e.decided(e.disputed(p, 20000, false), false)
	if p = e.now(p.ID); p.State != orders.ChargedBack || p.LostMinor != p.TotalMinor {
		t.Errorf("%s, %d lost of %d", p.State, p.LostMinor, p.TotalMinor)
	}
	e.are("gave back their share and no more", e.member, 0, 0, 0, 0, 0)
	e.look()
}

// Nobody gives anything back before a dispute is lost, and everybody has it back when it is won after all.
func TestDisputeAfterPayout(t *testing.T) {
	e := newEdge(t)
	p := e.sold(1, instantCard)
	e.freed(p.ID)
	e.paidOut()
	d := e.disputed(p, 0, false)
	e.are("open", e.member, 0, 0, 0, 1000, 0)
	e.decided(d, true)
	e.are("won", e.member, 0, 0, 0, 1000, 0)
	e.look()
	e.decided(d, false)
	e.are("lost", e.member, 0, 0, 0, 1000, 1000)
	e.look()
	e.freed(e.sold(2, instantCard).ID)
	e.are("netted from the next", e.member, 0, 0, 1000, 1000, 0)
	e.look()
	e.decided(d, true)
	e.are("won after lost: back to everybody", e.member, 0, 0, 2000, 1000, 0)
	e.look()
}

// A parcel of which a bank had taken all is sent when the dispute is won.
func TestDisputeWonAfterLostBeforeSending(t *testing.T) {
	e := newEdge(t)
	p := e.sold(1, instantCard)
	d := e.disputed(p, 0, false)
	e.decided(d, false)
	if got := e.now(p.ID).Shipments[0].State; got != orders.ShipmentCancelled {
		t.Errorf("lost: the parcel is %s", got)
	}
	e.decided(d, true)
	e.freed(p.ID)
	e.are("free in the end", e.member, 0, 0, 1000)
	e.look()
}

func TestInquiry(t *testing.T) {
	e := newEdge(t)
	p := e.sold(1, instantCard)
	e.disputed(p, 0, true)
	e.are("asked about", e.member, 0, 1000)
	e.ok(e.RefundAll(p.ID, 0)) // an inquiry leaves the money with us
	e.Settle()
	if got := e.now(p.ID).State; got != orders.Refunded {
		t.Errorf("refunded during an inquiry: %s", got)
	}
	e.look()
	second := e.sold(1, instantCard)
	d := e.disputed(second, 0, true)
	e.ok(e.Sandbox.EscalateInquiry(d))
	e.Settle()
	if _, err := e.Refund(second.ID, 0, pieces(second, 1)); err == nil {
		t.Error("refunded what the bank has")
	}
	e.decided(d, false)
	if got := e.now(second.ID).State; got != orders.ChargedBack {
		t.Errorf("an inquiry that was escalated and lost: %s", got)
	}
	e.look()
}

// A refund that waits at the bank may still arrive when the rest is lost to a dispute; when it does not, the loss is the order's.
func TestPendingRefundBesideALostDispute(t *testing.T) {
	for _, arrives := range []bool{true, false} {
		e := newEdge(t)
		p := e.sold(1, slowRefund)
		r := e.refunds(p, orders.RefundWish{Minor: 5000})
		e.decided(e.disputed(p, 0, false), false)
		e.look()
		end := map[bool]string{true: "succeeded", false: "failed"}[arrives]
		e.ok(e.Sandbox.SetRefundState(*r.StripeID, end, "declined"))
		e.Settle()
		e.ok(e.Disputes.Sweep(t.Context()))
		p = e.now(p.ID)
		if want := map[bool]int64{true: 5000}[arrives]; p.RefundedMinor != want || p.LostMinor != p.TotalMinor-want {
			t.Errorf("%s: %d refunded and %d lost of %d", end, p.RefundedMinor, p.LostMinor, p.TotalMinor)
		}
		e.are("nothing is left of the order", e.member, 0, 0, 0, 0, 0)
		e.look()
	}
}

// Whatever order notices come in, and however often, the end is the same: the dispute before the payment, the refund before both.
func TestNoticesInEveryOrder(t *testing.T) {
	e := newEdge(t)
	wanted := []string{"checkout.session.completed", "charge.refunded", "charge.dispute.created", "charge.dispute.closed"}
	ends := map[string][]int{}
	for _, order := range permutations(len(wanted)) {
		o := e.Order(apptest.Purchase{Variant: e.shop.Variant, Quantity: 2, Storefront: e.relay})
		notices := e.CatchNotices(func() {
			e.Pay(o, instantCard)
			c, err := e.Stripe.Checkout(t.Context(), e.checkout(o.ID))
			e.ok(err)
			_, err = e.Stripe.Refund(t.Context(), payments.RefundRequest{Reference: fmt.Sprintf("by-hand-%d", o.ID), PaymentIntentID: c.PaymentIntentID, Amount: money.New(3001, "EUR")})
			e.ok(err)
			id, err := e.Sandbox.OpenDispute(c.PaymentIntentID, 9000, "fraudulent", false)
			e.ok(err)
			e.ok(e.Sandbox.DecideDispute(id, false))
		})
		for _, i := range order {
			for _, n := range notices {
				if slices.Contains(kinds(n), wanted[i]) {
					e.Hear(n)
					e.Hear(n)
				}
			}
		}
		p := e.now(o.ID)
		end := fmt.Sprintf("%s refunded %d lost %d", p.State, p.RefundedMinor, p.LostMinor)
		ends[end] = order
	}
	if len(ends) != 1 {
		t.Errorf("ends that differ, each with an order that leads there: %v", ends)
	}
	e.look()
}

// kinds is what a notice is of.
func kinds(notice []byte) []string {
	var n struct{ Type string }
	if json.Unmarshal(notice, &n) != nil {
		return nil
	}
	return []string{n.Type}
}

func (e *edge) checkout(orderID int64) (id string) {
	e.ok(e.DB.Get(&id, `select checkout_id from orders where id = $1`, orderID))
	return id
}

// atOnce does both at the same moment.
func atOnce(fs ...func()) {
	start := make(chan struct{})
	var all sync.WaitGroup
	for _, f := range fs {
		all.Go(func() {
			<-start
			f()
		})
	}
	close(start)
	all.Wait()
}

// Twenty people refund the same last piece: one does.
func TestLastPieceIsRefundedOnce(t *testing.T) {
	e := newEdge(t)
	p := e.sold(1, instantCard)
	var mu sync.Mutex
	won := 0
	fs := make([]func(), 20)
	for i := range fs {
		fs[i] = func() {
			_, err := e.Orders.Refund(t.Context(), orders.RefundRequest{OrderID: p.ID, Operation: fmt.Sprintf("at-once-%d", i), Reason: "admin", Wish: pieces(p, 1)})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
			}
		}
	}
	atOnce(fs...)
	if won != 1 {
		t.Errorf("%d refunds of one piece", won)
	}
	e.look()
}

// A refund, a release, a run of payouts and a dispute at the same moments: each cent is counted once.
func TestRefundReleasePayoutAndDisputeAtOnce(t *testing.T) {
	e := newEdge(t)
	for round := range 10 {
		p := e.sold(2, instantCard)
		e.Deliver(p.ID)
		e.ok(e.Clock.Advance(t.Context(), 15))
		disputed := round%2 == 0
		if disputed {
			id, err := e.Sandbox.OpenDispute(*p.PaymentIntentID, 0, "fraudulent", false)
			e.ok(err)
			e.ok(e.Sandbox.DecideDispute(id, false))
		} else {
			_, err := e.Refund(p.ID, 0, pieces(p, 1))
			e.ok(err)
		}
		atOnce(func() { e.ok(e.Orders.Release(t.Context())) }, func() { _ = e.Sandbox.Drain(t.Context()); _ = e.Jobs.Drain(t.Context()) },
			func() { _, _ = e.Payouts.Run(t.Context(), 0) }, func() { _ = e.Jobs.Drain(t.Context()) })
		if _, err := e.DB.Exec(`update jobs set run_at = now() where done_at is null and parked_at is null and leased_until is null`); err != nil {
			t.Fatal(err)
		}
		e.Settle()
	}
	e.look()
}
