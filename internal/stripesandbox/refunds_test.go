package stripesandbox_test

import (
	"testing"
	"time"

	"relais/internal/money"
	"relais/internal/payments"
	"relais/internal/payments/paymentstest"
)

func refundOf(t *testing.T, h *paymentstest.Harness, c payments.Checkout, reference string, minor int64) payments.Refund {
	t.Helper()
	r, err := h.Client.Refund(ctx, payments.RefundRequest{Reference: reference, PaymentIntentID: c.PaymentIntentID, Amount: money.New(minor, "EUR")})
	ok(t, err)
	return r
}

// refundIs checks a payment's newest refund, and the balance.
func refundIs(t *testing.T, h *paymentstest.Harness, c payments.Checkout, state payments.RefundState, balance int64) payments.Refund {
	t.Helper()
	found, err := h.Client.FindRefunds(ctx, c.PaymentIntentID)
	if err != nil || len(found) == 0 || found[0].State != state {
		t.Fatalf("refunds %+v, %v, want one that is %s", found, err, state)
	}
	if got := available(t, h); got != balance {
		t.Errorf("available %d, want %d", got, balance)
	}
	return found[0]
}

func TestSlowRefunds(t *testing.T) {
	h := paymentstest.Start(t, paymentstest.Options{})
	bought(t, h, "funds", paymentstest.CardInstant)
	c := bought(t, h, "slow", paymentstest.CardRefundSlow)
	refundOf(t, h, c, "1", 1000)
	refundIs(t, h, c, payments.RefundPending, 2440+2440-1000)
	h.Events(t)
	h.Clock.Advance(time.Hour)
	refundIs(t, h, c, payments.RefundSucceeded, 2440+2440-1000)
	if got := types(h.Events(t)); got != "charge.refund.updated refund.updated" {
		t.Errorf("events %s", got)
	}
}

func TestRefundsComeBack(t *testing.T) {
	h := paymentstest.Start(t, paymentstest.Options{})
	c := bought(t, h, "closed card", paymentstest.CardRefundFails)
	first := refundOf(t, h, c, "1", 2440)
	refundIs(t, h, c, payments.RefundSucceeded, 0)
	h.Events(t)
	h.Clock.Advance(time.Hour)
	if got := refundIs(t, h, c, payments.RefundFailed, 2440); got.FailureReason != "expired_or_canceled_card" {
		t.Errorf("failed as %q", got.FailureReason)
	}
	if got := types(h.Events(t)); got != "charge.refund.updated refund.updated refund.failed charge.updated" {
		t.Errorf("events %s", got)
	}
	moved, err := h.Client.MovementsOf(ctx, first.ID)
	if err != nil || len(moved) != 2 || moved[0].Category != "refund_failure" || moved[0].Amount != money.New(2440, "EUR") {
		t.Errorf("movements of a failed refund: %+v, %v", moved, err)
	}
	refundOf(t, h, c, "2", 1000) // the buyer is owed again, and the charge lets it
	refundOf(t, h, c, "3", 1440)
	refundIs(t, h, c, payments.RefundSucceeded, 0)
	checkEvents(t, h)
}

func TestRefundStates(t *testing.T) {
	h := paymentstest.Start(t, paymentstest.Options{})
	c := bought(t, h, "slow", paymentstest.CardRefundSlow)
	bought(t, h, "funds", paymentstest.CardInstant)
	h.Clock.Advance(time.Minute)
	id := refundOf(t, h, c, "1", 440).ID
	for _, step := range []struct {
		state   payments.RefundState
		fine    bool
		is      payments.RefundState
		balance int64
	}{
		{payments.RefundRequiresAction, true, payments.RefundRequiresAction, 4440},
		{payments.RefundRequiresAction, false, payments.RefundRequiresAction, 4440},
		{payments.RefundPending, true, payments.RefundPending, 4440},
		{payments.RefundCanceled, true, payments.RefundCanceled, 4880},
		{payments.RefundSucceeded, false, payments.RefundCanceled, 4880},
	} {
		if err := h.Sandbox.SetRefundState(id, string(step.state), ""); (err == nil) != step.fine {
			t.Errorf("to %s: %v", step.state, err)
		}
		h.Clock.Advance(2 * time.Hour)
		refundIs(t, h, c, step.is, step.balance)
	}
	id = refundOf(t, h, c, "2", 2440).ID
	ok(t, h.Sandbox.SetRefundState(id, "succeeded", ""))
	ok(t, h.Sandbox.SetRefundState(id, "failed", "lost_or_stolen_card"))
	if got := refundIs(t, h, c, payments.RefundFailed, 4880); got.FailureReason != "lost_or_stolen_card" {
		t.Errorf("failed as %q", got.FailureReason)
	}
	checkEvents(t, h)
}

// A refund that waits for money can be told to fail before it took any.
func TestAShortRefundFails(t *testing.T) {
	h := paymentstest.Start(t, paymentstest.Options{})
	c := bought(t, h, "sale", paymentstest.CardInstant)
	_, err := h.Client.Send(ctx, transfer("all", payee(t, h, "p"), 2440))
	ok(t, err)
	r := refundOf(t, h, c, "1", 2440)
	refundIs(t, h, c, payments.RefundPending, 0)
	ok(t, h.Sandbox.SetRefundState(r.ID, "failed", "unknown"))
	refundIs(t, h, c, payments.RefundFailed, 0)
	if moved, err := h.Client.MovementsOf(ctx, r.ID); err != nil || len(moved) != 0 {
		t.Errorf("it moved %+v, %v", moved, err)
	}
}
