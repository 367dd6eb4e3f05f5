package stripesandbox

import (
	"fmt"
	"slices"
	"time"

	"relais/internal/stripesandbox/params"
	"relais/internal/stripesandbox/words"
)

// refundDelay is how long a refund to a slow card is pending, and how long until one to a closed card comes back.
const refundDelay = time.Hour

func createRefund(c *call) (any, *params.Refusal) {
	f := c.form
	chargeID, intentID, amount := f.Text("charge"), f.Text("payment_intent"), f.Number("amount", 1)
	r := refund{
		ID: newID("re_", 24), Object: "refund", Created: c.tx.now.Unix(), Metadata: f.Metadata("metadata"), Status: "succeeded",
		Reason: optional(f.Choice("reason", "", "duplicate", "fraudulent", "requested_by_customer")),
	}
	if chargeID == "" && intentID == "" {
		f.Fail(params.Malformed("parameter_missing", "", "One of the following params should be provided for this request: payment_intent or charge."))
	}
	if err := f.Done(); err != nil {
		return nil, err
	}
	ch, refusal := c.refundable(chargeID, intentID, amount)
	if refusal != nil {
		return nil, refusal
	}
	if r.Amount = amount; amount == 0 {
		r.Amount = ch.Amount - ch.AmountRefunded
	}
	r.Charge, r.PaymentIntent, r.Currency = optional(ch.ID), ch.PaymentIntent, ch.Currency
	r.DestinationDetails = map[string]any{"type": "card", "card": map[string]any{"type": "refund", "reference_status": "pending", "reference_type": "acquirer_reference_number"}}
	if r.Amount%words.Step(r.Currency, false) != 0 {
		return nil, params.Refused("", "amount", "Invalid amount: amounts in %s must be a multiple of 100 here.", r.Currency)
	}
	ch.AmountRefunded += r.Amount
	ch.Refunded = ch.AmountRefunded == ch.Amount
	r = c.tx.draw(r, ch).fated(ch, c.tx.now)
	c.tx.put(ch)
	c.tx.put(r)
	c.tx.emit("refund.created", r, "")
	c.tx.emit("charge.refunded", ch, "")
	c.tx.closeInquiry(ch)
	return r, nil
}

// refundable finds the charge, and refuses what Stripe would.
func (c *call) refundable(chargeID, intentID string, amount int64) (charge, *params.Refusal) {
	if intentID != "" {
		pi, ok := load[paymentIntent](c.tx, intentID)
		if !ok {
			return charge{}, params.Missing("payment_intent", intentID, "payment_intent")
		}
		if pi.Status != "succeeded" {
			return charge{}, params.Refused("payment_intent_unexpected_state", "", "This PaymentIntent (%s) does not have a successful charge to refund.", intentID)
		}
		chargeID = string(pi.LatestCharge)
	}
	ch, ok := load[charge](c.tx, chargeID)
	left := ch.Amount - ch.AmountRefunded
	switch {
	case !ok:
		return ch, params.Missing("charge", chargeID, "charge")
	case !ch.Paid:
		return ch, params.Refused("charge_not_refundable", "charge", "Charge %s has not been paid and cannot be refunded.", ch.ID)
	case c.tx.chargedBack(ch.ID):
		return ch, params.Refused("charge_disputed", "charge", "Charge %s has been charged back; cannot issue a refund.", ch.ID)
	case left == 0:
		return ch, params.Refused("charge_already_refunded", "charge", "Charge %s has already been refunded.", ch.ID)
	case amount > left:
		return ch, params.Refused("", "amount", "Refund amount (%s) is greater than unrefunded amount on charge (%s)",
			words.Money(amount, ch.Currency, words.English), words.Money(left, ch.Currency, words.English))
	}
	return ch, nil
}

// draw takes a refund's money: from what the same charge will still bring when that has not settled, else from the
// available balance. Short of it the refund is pending, and done when the balance allows.
func (t *tx) draw(r refund, ch charge) refund {
	available, _ := t.state.funds("", r.Currency).at(t.now)
	own, _ := load[balanceTransaction](t, string(ch.BalanceTransaction))
	when := t.now
	switch {
	case own.AvailableOn > t.now.Unix():
		when = unix(own.AvailableOn)
	case available < r.Amount:
		r.Status = "pending"
		return r
	}
	bt := newMovement(t, "refund", "refund", r.ID, r.Currency, -r.Amount, when)
	t.put(bt)
	r.Status, r.BalanceTransaction = "succeeded", optional(bt.ID)
	return r
}

// fated is a refund to a card that takes its time: one that waits before it succeeds, or that comes back.
func (r refund) fated(ch charge, now time.Time) refund {
	if ch.RefundFate == "" || r.Status != "succeeded" {
		return r
	}
	r.Fate, r.Ripens = ch.RefundFate, now.Add(refundDelay).Unix()
	if r.Fate == "succeeded" {
		r.Status = "pending"
	}
	return r
}

// ripen finishes a refund when its time has come, or the money for it.
func (t *tx) ripen(r refund) {
	ch, _ := load[charge](t, string(r.Charge))
	switch {
	case r.Ripens > t.now.Unix():
	case r.Ripens > 0:
		if _, err := t.turn(r, r.Fate, "expired_or_canceled_card"); err != nil {
			panic("stripesandbox: " + err.Error()) // its fate follows from its state
		}
	case r.BalanceTransaction == "":
		if r = t.draw(r, ch).fated(ch, t.now); r.BalanceTransaction != "" {
			t.put(r)
			t.emit("charge.refund.updated", r, "")
			t.emit("refund.updated", r, "")
		}
	}
}

// nextRefundStates are where a refund can go from a state.
var nextRefundStates = map[string][]string{
	"pending":         {"succeeded", "failed", "canceled", "requires_action"},
	"requires_action": {"succeeded", "failed", "canceled", "pending"},
	"succeeded":       {"failed"},
}

// turn moves a refund to another state. When it fails or is canceled its money comes back, and the charge can be
// refunded again; reason is why it failed.
func (t *tx) turn(r refund, state, reason string) (refund, error) {
	if !slices.Contains(nextRefundStates[r.Status], state) {
		return r, fmt.Errorf("refund %s is %s and cannot become %s", r.ID, r.Status, state)
	}
	ch, _ := load[charge](t, string(r.Charge))
	back := state == "failed" || state == "canceled"
	switch {
	case back && r.BalanceTransaction != "":
		bt := newMovement(t, "refund_failure", "refund_failure", r.ID, r.Currency, r.Amount, t.now)
		t.put(bt)
		r.FailureMovement = bt.ID
	case state == "succeeded" && r.BalanceTransaction == "":
		bt := newMovement(t, "refund", "refund", r.ID, r.Currency, -r.Amount, t.now)
		t.put(bt)
		r.BalanceTransaction = optional(bt.ID)
	}
	r.Status, r.Fate, r.Ripens = state, "", 0
	if state == "failed" {
		r.FailureReason = reason
	}
	t.put(r)
	if back {
		ch.AmountRefunded -= r.Amount
		ch.Refunded = false
		t.put(ch)
	}
	t.emit("charge.refund.updated", r, "")
	t.emit("refund.updated", r, "")
	if state == "failed" {
		t.emit("refund.failed", r, "")
	}
	if back {
		t.emit("charge.updated", ch, "")
	}
	return r, nil
}

func readRefund(c *call) (any, *params.Refusal) { return read[refund](c, "refund") }

func listRefunds(c *call) (any, *params.Refusal) {
	chargeID, intent, within := c.form.Text("charge"), c.form.Text("payment_intent"), c.form.Created()
	return page(c, "refund", "/v1/refunds", func(r refund) bool {
		return (chargeID == "" || string(r.Charge) == chargeID) && (intent == "" || string(r.PaymentIntent) == intent) && within(r.Created)
	})
}
