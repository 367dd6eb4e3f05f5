package stripesandbox

func createRefund(c *call) (any, *apiError) {
	f := c.form
	chargeID, intentID, amount := f.text("charge"), f.text("payment_intent"), f.number("amount", 1)
	r := refund{
		ID: newID("re_", 24), Object: "refund", Created: c.tx.now.Unix(), Metadata: f.metadata("metadata"), Status: "succeeded",
		Reason: optional(f.choice("reason", "", "duplicate", "fraudulent", "requested_by_customer")),
	}
	if chargeID == "" && intentID == "" {
		f.fail(malformed("parameter_missing", "", "One of the following params should be provided for this request: payment_intent or charge."))
	}
	if err := f.done(); err != nil {
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
	ch.AmountRefunded += r.Amount
	ch.Refunded = ch.AmountRefunded == ch.Amount
	r = c.tx.draw(r, ch)
	c.tx.put(ch)
	c.tx.put(r)
	c.tx.emit("refund.created", r, "")
	c.tx.emit("charge.refunded", ch, "")
	return r, nil
}

// refundable finds the charge, and refuses what Stripe would.
func (c *call) refundable(chargeID, intentID string, amount int64) (charge, *apiError) {
	if intentID != "" {
		pi, ok := load[paymentIntent](c.tx, intentID)
		if !ok {
			return charge{}, missing("payment_intent", intentID, "payment_intent")
		}
		if pi.Status != "succeeded" {
			return charge{}, refused("payment_intent_unexpected_state", "", "This PaymentIntent (%s) does not have a successful charge to refund.", intentID)
		}
		chargeID = string(pi.LatestCharge)
	}
	ch, ok := load[charge](c.tx, chargeID)
	left := ch.Amount - ch.AmountRefunded
	switch {
	case !ok:
		return ch, missing("charge", chargeID, "charge")
	case !ch.Paid:
		return ch, refused("charge_not_refundable", "charge", "Charge %s has not been paid and cannot be refunded.", ch.ID)
	case ch.Disputed:
		return ch, refused("charge_disputed", "charge", "Charge %s has been charged back; cannot issue a refund.", ch.ID)
	case left == 0:
		return ch, refused("charge_already_refunded", "charge", "Charge %s has already been refunded.", ch.ID)
	case amount > left:
		return ch, refused("", "amount", "Refund amount (%s) is greater than unrefunded amount on charge (%s)",
			money(amount, ch.Currency, english), money(left, ch.Currency, english))
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

func readRefund(c *call) (any, *apiError) { return read[refund](c, "refund") }

func listRefunds(c *call) (any, *apiError) {
	chargeID, intent, within := c.form.text("charge"), c.form.text("payment_intent"), c.form.created()
	return page(c, "refund", "/v1/refunds", func(r refund) bool {
		return (chargeID == "" || string(r.Charge) == chargeID) && (intent == "" || string(r.PaymentIntent) == intent) && within(r.Created)
	})
}
