package stripesandbox

import (
	"slices"

	"relais/internal/stripesandbox/cards"
	"relais/internal/stripesandbox/params"
	"relais/internal/stripesandbox/words"
)

// createIntent makes a payment for a card that is there, which a reader asks for, or charges a kept card at once without its owner.
func createIntent(c *call) (any, *params.Refusal) {
	f, id := c.form, newID("pi_", 24)
	pi := paymentIntent{
		ID: id, Object: "payment_intent", Amount: f.NeedNumber("amount", 1), Currency: f.Currency("currency"), Created: c.tx.now.Unix(),
		CaptureMethod: f.Choice("capture_method", "automatic"), ConfirmationMethod: "automatic", ClientSecret: optional(id + "_secret_" + newID("", 25)),
		Customer: optional(f.Text("customer")), Description: optional(f.Text("description")), Metadata: f.Metadata("metadata"),
		PaymentMethodTypes: f.Texts("payment_method_types"), Status: "requires_payment_method", TransferGroup: optional(f.Text("transfer_group")),
	}
	method, confirm, away := f.Text("payment_method"), f.Boolean("confirm"), f.Boolean("off_session")
	there := slices.Equal(pi.PaymentMethodTypes, []string{"card_present"}) && method == "" && !confirm && !away
	kept := slices.Equal(pi.PaymentMethodTypes, []string{"card"}) && method != "" && confirm && away && pi.Customer != ""
	if f.Good() && !there && !kept {
		f.Fail(params.Malformed("", "payment_method_types", "The sandbox makes payments of cards that are there (payment_method_types[0]=card_present), and of kept cards without their owner (payment_method_types[0]=card, with customer, payment_method, off_session=true and confirm=true)."))
	}
	if f.Good() && pi.Amount < words.Smallest(pi.Currency) {
		f.Fail(params.Malformed("amount_too_small", "amount", "Amount must be at least %s.", words.Money(words.Smallest(pi.Currency), pi.Currency, words.English)))
	}
	f.MultipleOf("amount", pi.Amount, words.Step(pi.Currency, false))
	if err := f.Done(); err != nil {
		return nil, err
	}
	if kept {
		return c.offSession(pi, method)
	}
	c.tx.put(pi)
	c.tx.emit("payment_intent.created", pi, "")
	return pi, nil
}

// offSession charges a kept card. What a bank refuses is there all the same: it waits for another card, and could be paid later.
func (c *call) offSession(pi paymentIntent, method string) (any, *params.Refusal) {
	t := c.tx
	pm, ok := load[paymentMethod](t, method)
	switch _, known := t.owner(string(pi.Customer)); {
	case !known:
		return nil, params.Missing("customer", string(pi.Customer), "customer")
	case !ok:
		return nil, params.Missing("PaymentMethod", method, "payment_method")
	case pm.Customer != pi.Customer:
		return nil, params.Refused("", "payment_method", "The customer does not have a payment method with the ID %s. The payment method must be attached to the customer.", method)
	}
	t.put(pi)
	t.emit("payment_intent.created", pi, "")
	ch := newCharge(t, pi, pm.card(), pm.ID)
	ch.PaymentMethodDetails["card"] = pm.card().OnCharge(pm.Month, pm.Year)
	if word := pm.refusal(t.now); word != "" {
		pi = t.refuse(pi, ch, cards.Refusal(word))
		return nil, params.Declined(*pi.LastPaymentError, t.present(pi))
	}
	pi, ch = c.sandbox.take(t, pi, ch, &customerDetails{Email: pm.BillingDetails.Email, Name: pm.BillingDetails.Name}, pm.card())
	t.trouble(ch, pm.card())
	return pi, nil
}

func cancelIntent(c *call) (any, *params.Refusal) {
	reason := c.form.Choice("cancellation_reason", "", "abandoned", "duplicate", "fraudulent", "requested_by_customer")
	if err := c.form.Done(); err != nil {
		return nil, err
	}
	pi, ok := load[paymentIntent](c.tx, c.path("id"))
	if !ok {
		return nil, params.Missing("payment_intent", c.path("id"), "intent")
	}
	if pi.Status == "succeeded" || pi.Status == "canceled" {
		return nil, params.Refused("payment_intent_unexpected_state", "", "You cannot cancel this PaymentIntent because it has a status of %s.", pi.Status)
	}
	at := c.tx.now.Unix()
	pi.Status, pi.CanceledAt, pi.CancellationReason, pi.NextAction = "canceled", &at, optional(reason), nil
	c.tx.put(pi)
	c.tx.emit("payment_intent.canceled", pi, "")
	return pi, nil
}
