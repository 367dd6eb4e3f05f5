package stripesandbox

import (
	"fmt"

	"relais/internal/stripesandbox/cards"
	"relais/internal/stripesandbox/params"
)

// readSetup reads what a session in setup mode has of its own, and makes its setup intent.
func (s *session) readSetup(c *call) {
	f := c.form
	id := newID("seti_", 24)
	si := setupIntent{ID: id, Object: "setup_intent", ClientSecret: optional(id + "_secret_" + newID("", 25)), Created: c.tx.now.Unix(),
		Customer: optional(f.Need("customer")), Description: optional(f.Text("setup_intent_data[description]")), Metadata: f.Metadata("setup_intent_data[metadata]"),
		PaymentMethodTypes: []string{"card"}, Status: "requires_payment_method", Usage: "off_session"}
	owner, ok := c.tx.owner(string(si.Customer))
	if f.Good() && !ok {
		f.Fail(params.Missing("customer", string(si.Customer), "customer"))
	}
	s.Customer, s.SetupIntent, s.PaymentStatus = si.Customer, optional(id), "no_payment_required"
	if owner.Email != "" {
		s.CustomerDetails = &customerDetails{Email: owner.Email, Name: owner.Name}
	}
	c.tx.put(si)
	c.tx.emit("setup_intent.created", si, "")
}

// consent is the sentence beside the button.
func (s session) consent() string {
	submit, _ := s.CustomText["submit"].(map[string]any)
	text, _ := submit["message"].(string)
	return text
}

// keep makes one attempt to keep a card. Its bank may want to see its owner first.
func (s *Sandbox) keep(t *tx, cs session, p payer) {
	si, _ := load[setupIntent](t, string(cs.SetupIntent))
	cs.CustomerDetails = &customerDetails{Email: optional(p.email), Name: optional(p.name)}
	t.put(cs)
	pm := newMethod(t, p)
	switch {
	case p.card.Decline != "" && !p.card.Keeps:
		t.failSetup(si, cards.Refusal(p.card.Decline))
	case p.card.Secure:
		si.Status, si.PaymentMethod, si.LastSetupError = "requires_action", optional(pm.ID), nil
		si.NextAction = map[string]any{"type": "redirect_to_url", "redirect_to_url": map[string]any{
			"return_url": string(cs.URL), "url": s.options.BaseURL + "/c/pay/" + cs.ID + "/secure",
		}}
		t.put(pm)
		t.put(si)
		t.emit("setup_intent.requires_action", si, "")
	default:
		t.kept(cs, si, pm)
	}
}

// confirmSetup is what the owner of a card answers their bank.
func (t *tx) confirmSetup(cs session, yes bool) {
	si, _ := load[setupIntent](t, string(cs.SetupIntent))
	pm, _ := load[paymentMethod](t, string(si.PaymentMethod))
	switch {
	case si.Status != "requires_action":
	case yes:
		t.kept(cs, si, pm)
	default:
		t.failSetup(si, params.Body{Type: params.InvalidRequest, Code: "setup_intent_authentication_failure", Message: "The latest attempt to set up the payment method has failed because authentication failed."})
	}
}

// failSetup leaves the setup waiting for another card.
func (t *tx) failSetup(si setupIntent, why params.Body) {
	si.Status, si.LastSetupError, si.NextAction, si.PaymentMethod = "requires_payment_method", &why, nil, ""
	t.put(si)
	t.emit("setup_intent.setup_failed", si, "")
}

// kept gives the customer their card: the card, the setup intent and the session, in one commit. One who was deleted is given none.
func (t *tx) kept(cs session, si setupIntent, pm paymentMethod) {
	if _, ok := t.owner(string(si.Customer)); !ok {
		t.failSetup(si, params.Missing("customer", string(si.Customer), "customer").Body)
		return
	}
	pm.Customer, pm.SetUp = si.Customer, true
	si.Status, si.PaymentMethod, si.LastSetupError, si.NextAction = "succeeded", optional(pm.ID), nil, nil
	cs.Status, cs.URL = "complete", ""
	t.put(pm)
	t.put(si)
	t.put(cs)
	t.emit("payment_method.attached", pm, "")
	t.emit("setup_intent.succeeded", si, "")
	t.emit("checkout.session.completed", cs, "")
}

// TurnCard changes what a kept card's bank says to charges from now on: a word of its own (insufficient_funds, lost_card,
// authentication_required, …), or "" when it pays.
func (s *Sandbox) TurnCard(cardID, word string) error {
	return with(s, cardID, func(t *tx, pm paymentMethod) error {
		if pm.Customer == "" {
			return fmt.Errorf("card %s is kept no more", cardID)
		}
		pm.Turned = &word
		t.put(pm)
		return nil
	})
}
