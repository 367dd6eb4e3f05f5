package refunds_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"relais/internal/app/apptest"
	"relais/internal/orders"
	"relais/internal/payments"
	"relais/internal/stripesandbox"
)

// asked is a paid order of 24.00 and delivery, of which 2.00 are asked back, and the refund's id.
func asked(t *testing.T) (*apptest.World, orders.Page, int64) {
	t.Helper()
	w := apptest.New(t)
	shop := w.Shop("terre", 2400, 5)
	o := w.Paid(apptest.Purchase{Variant: shop.Variant})
	r, err := w.Refund(o.ID, 0, orders.RefundWish{Minor: 200})
	if err != nil {
		t.Fatal(err)
	}
	return w, o, r.ID
}

// tries has the refund's job tried as if so much real time had passed since the last time.
func tries(w *apptest.World, later time.Duration) {
	w.T.Helper()
	if _, err := w.DB.Exec(`update jobs set run_at = clock_timestamp() where done_at is null`); err != nil {
		w.T.Fatal(err)
	}
	if _, err := w.DB.Exec(`update refunds set tried_at = tried_at - make_interval(secs => $1), first_sent_at = first_sent_at - make_interval(secs => $1)`, later.Seconds()); err != nil {
		w.T.Fatal(err)
	}
	_ = w.Jobs.Drain(w.T.Context()) // what fails is seen in what became of the refund
}

// made are the states of the refunds that Stripe has of the payment.
func made(w *apptest.World, o orders.Page) []payments.RefundState {
	w.T.Helper()
	w.Sandbox.LagLists(0)
	found, err := w.Stripe.FindRefunds(w.T.Context(), *o.PaymentIntentID)
	if err != nil {
		w.T.Fatal(err)
	}
	var states []payments.RefundState
	for _, f := range found {
		states = append(states, f.State)
	}
	return states
}

// Stripe answers 500 although the refund was made, and its list does not show it yet: the refund must not be asked for under a
// new key until the list is certain to be complete.
func TestRefundIsNotMadeTwiceWhileListsLag(t *testing.T) {
	w, o, _ := asked(t)
	w.Sandbox.LagLists(5 * time.Second)
	w.Sandbox.Inject(stripesandbox.Fault{Method: "POST", Path: "/v1/refunds", Status: 500, Effect: true})
	tries(w, 0)
	tries(w, time.Second)
	if diff := cmp.Diff([]payments.RefundState{payments.RefundSucceeded}, made(w, o)); diff != "" {
		t.Errorf("refunds at Stripe:\n%s", diff)
	}
	tries(w, time.Minute)
	w.Settle()
	p, err := w.Orders.ByID(t.Context(), o.ID)
	if err != nil || p.RefundedMinor != 200 {
		t.Errorf("refunded: %d, %v", p.RefundedMinor, err)
	}
	w.Audit()
}

// Stripe answered 500 and did nothing: once the list is certain to be complete, the refund is asked for under a new key.
func TestRefundIsAskedForAgainOnceListsAreComplete(t *testing.T) {
	w, o, _ := asked(t)
	w.Sandbox.Inject(stripesandbox.Fault{Method: "POST", Path: "/v1/refunds", Status: 500})
	tries(w, 0)
	tries(w, time.Second)
	if got := made(w, o); len(got) != 0 {
		t.Errorf("asked again after a second: %v", got)
	}
	tries(w, time.Minute)
	if diff := cmp.Diff([]payments.RefundState{payments.RefundSucceeded}, made(w, o)); diff != "" {
		t.Errorf("refunds at Stripe:\n%s", diff)
	}
	w.Settle()
	w.Audit()
}

// A refund was made and nobody recorded it for two days: Stripe has forgotten its key, so it is looked for before it is asked for.
func TestRefundIsLookedForOnceItsKeyIsForgotten(t *testing.T) {
	w, o, id := asked(t)
	r := payments.RefundRequest{Reference: "of another key", PaymentIntentID: *o.PaymentIntentID, Amount: o.Total(), OrderID: "1", Reason: payments.RefundRequested}
	if err := w.DB.Get(&r.Reference, `select 'refund-' || id || '-' || key || '-1' from refunds where id = $1`, id); err != nil {
		t.Fatal(err)
	}
	r.Amount.Minor = 200
	forgotten := r
	forgotten.Reference += "1" // the sandbox remembers keys for ever: with another one it is as if it had forgotten the first
	if _, err := w.Stripe.Refund(t.Context(), forgotten); err != nil {
		t.Fatal(err)
	}
	w.DB.MustExec(`update refunds set state = 'sending', first_sent_at = clock_timestamp(), tried_at = clock_timestamp() where id = $1`, id)
	tries(w, 48*time.Hour)
	if diff := cmp.Diff([]payments.RefundState{payments.RefundSucceeded}, made(w, o)); diff != "" {
		t.Errorf("refunds at Stripe:\n%s", diff)
	}
	w.Settle()
	w.Audit()
}

// A refund that the provider has, and that we have not recorded yet, is under way when the bank decides that the whole payment goes
// back: both are true, and what the buyer has too much is the platform's loss.
func TestLostDisputeLeavesRoomForARefundNotYetRecorded(t *testing.T) {
	w, o, id := asked(t)
	w.Sandbox.Inject(stripesandbox.Fault{Method: "POST", Path: "/v1/refunds", Effect: true, Times: 100})
	tries(w, 0)
	d, err := w.Sandbox.OpenDispute(*o.PaymentIntentID, 0, "fraudulent", false)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Sandbox.DecideDispute(d, false); err != nil {
		t.Fatal(err)
	}
	if err := w.Disputes.Changed(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	w.Sandbox.ClearFaults()
	tries(w, time.Minute)
	var state string
	if err := w.DB.Get(&state, `select state from refunds where id = $1`, id); err != nil || state != "succeeded" {
		t.Errorf("the refund is %s, %v", state, err)
	}
	w.Settle()
	w.Audit()
}
