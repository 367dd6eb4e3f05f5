package stripesandbox

import (
	"time"

	"relais/internal/stripesandbox/cards"
	"relais/internal/stripesandbox/params"
	"relais/internal/stripesandbox/words"
)

// payer is what the buyer typed on the hosted page.
type payer struct {
	email, name string
	card        cards.Card
	month, year int // until when it is good
}

// pay makes one attempt to pay a session, and returns the intent as it stands then: succeeded, requires_action (3-D
// Secure comes next) or requires_payment_method (declined: the session stays open for another card).
func (s *Sandbox) pay(t *tx, cs session, p payer) paymentIntent {
	pi := t.intent(cs, p)
	method := newID("pm_", 24)
	switch {
	case p.card.Decline != "":
		return t.refuse(pi, newCharge(t, pi, p.card, method), cards.Refusal(p.card.Decline))
	case p.card.Secure:
		pi.Status, pi.PaymentMethod, pi.Card = "requires_action", optional(method), p.card.Number
		pi.NextAction = map[string]any{"type": "redirect_to_url", "redirect_to_url": map[string]any{
			"return_url": string(cs.URL), "url": s.options.BaseURL + "/c/pay/" + cs.ID + "/secure",
		}}
		t.put(pi)
		t.emit("payment_intent.requires_action", pi, "")
		return pi
	}
	return s.succeed(t, cs, pi, p.card, method)
}

// intent returns the session's payment intent, made on the first attempt, with what the buyer typed.
func (t *tx) intent(cs session, p payer) paymentIntent {
	details := &customerDetails{Email: optional(p.email), Name: optional(p.name)}
	if pi, ok := load[paymentIntent](t, string(cs.PaymentIntent)); ok {
		cs.CustomerDetails = details
		t.put(cs)
		return pi
	}
	id := newID("pi_", 24)
	pi := paymentIntent{
		ID: id, Object: "payment_intent", Amount: cs.AmountTotal, CaptureMethod: "automatic", ConfirmationMethod: "automatic",
		ClientSecret: optional(id + "_secret_" + newID("", 25)), Created: t.now.Unix(), Currency: cs.Currency,
		Description: optional(cs.Intent["description"]), Metadata: cs.IntentMetadata, PaymentMethodTypes: []string{"card"},
		ReceiptEmail: optional(cs.Intent["receipt_email"]), Status: "requires_payment_method",
		TransferGroup: optional(cs.Intent["transfer_group"]), Session: cs.ID,
	}
	cs.PaymentIntent, cs.CustomerDetails = optional(id), details
	t.put(cs)
	t.put(pi)
	t.emit("payment_intent.created", pi, "")
	return pi
}

// refuse records that a bank refused a charge, and leaves the intent waiting for another card.
func (t *tx) refuse(pi paymentIntent, ch charge, why params.Body) paymentIntent {
	ch.Status, ch.Paid, ch.Captured, ch.AmountCaptured = "failed", false, false, 0
	ch.FailureCode, ch.FailureMessage = optional(why.Code), optional(why.Message)
	ch.Outcome = &outcome{NetworkStatus: "declined_by_network", Reason: optional(why.DeclineCode), RiskLevel: "normal", SellerMessage: "The bank did not approve the payment.", Type: "issuer_declined"}
	t.put(ch)
	t.emit("charge.failed", ch, "")
	why.Charge = ch.ID
	pi.LatestCharge = optional(ch.ID)
	return t.failPayment(pi, why)
}

// failPayment leaves the intent waiting for another card.
func (t *tx) failPayment(pi paymentIntent, why params.Body) paymentIntent {
	pi.Status, pi.LastPaymentError, pi.NextAction, pi.PaymentMethod, pi.Card = "requires_payment_method", &why, nil, "", ""
	t.put(pi)
	t.emit("payment_intent.payment_failed", pi, "")
	return pi
}

// succeed takes the money: the charge, its balance transaction, the intent and the session, in one commit.
func (s *Sandbox) succeed(t *tx, cs session, pi paymentIntent, card cards.Card, method string) paymentIntent {
	cs, _ = load[session](t, cs.ID)
	cs.Status, cs.PaymentStatus, cs.URL = "complete", "paid", ""
	t.put(cs)
	pi, ch := s.take(t, pi, newCharge(t, pi, card, method), cs.CustomerDetails, card)
	t.emit("checkout.session.completed", cs, "")
	t.trouble(ch, card)
	return pi
}

// trouble is what the buyer's bank does about a new charge by some cards.
func (t *tx) trouble(ch charge, card cards.Card) {
	if card.Dispute == "" {
		return
	}
	if _, err := t.openDispute(ch, ch.Amount, card.Dispute, card.Inquiry); err != nil {
		panic("stripesandbox: " + err.Error()) // a new charge can be disputed, and the card names a known reason
	}
}

// take takes the money of a payment by a charge that was accepted.
func (s *Sandbox) take(t *tx, pi paymentIntent, ch charge, buyer *customerDetails, card cards.Card) (paymentIntent, charge) {
	settles := t.now.Add(s.options.SettleDelay)
	if card.Instant {
		settles = t.now
	}
	bt := newMovement(t, "charge", "charge", ch.ID, ch.Currency, ch.Amount, settles)
	if fee := s.options.fee(ch.Amount, ch.Currency); fee > 0 {
		bt.Fee, bt.Net = fee, ch.Amount-fee
		bt.FeeDetails = []feeDetail{{Amount: fee, Currency: ch.Currency, Description: "Stripe processing fees", Type: "stripe_fee"}}
	}
	ch.BalanceTransaction = optional(bt.ID)
	pi.Status, pi.AmountReceived, pi.LatestCharge, pi.PaymentMethod = "succeeded", pi.Amount, optional(ch.ID), ch.PaymentMethod
	pi.LastPaymentError, pi.NextAction, pi.Card = nil, nil, ""
	if buyer != nil {
		ch.BillingDetails.Email, ch.BillingDetails.Name = buyer.Email, buyer.Name
	}
	ch.RefundFate = card.Refunds
	t.put(bt)
	t.put(ch)
	t.put(pi)
	t.emit("charge.succeeded", ch, "")
	t.emit("payment_intent.succeeded", pi, "")
	return pi, ch
}

// fee is what Stripe keeps of a charge, never more than all of it.
func (o Options) fee(amount int64, currency string) int64 {
	if o.FeeBps == 0 && o.FeeMinor == 0 {
		return 0
	}
	fee, step := (amount*o.FeeBps+9_999)/10_000+o.FeeMinor, words.Step(currency, false)
	return min((fee+step-1)/step*step, amount)
}

func newCharge(t *tx, pi paymentIntent, card cards.Card, method string) charge {
	return charge{
		ID: newID("ch_", 24), Object: "charge", Amount: pi.Amount, AmountCaptured: pi.Amount, Captured: true,
		BillingDetails: billingDetails{Address: map[string]any{"country": "FR"}},
		Created:        t.now.Unix(), Currency: pi.Currency, Description: pi.Description, Metadata: pi.Metadata, Paid: true,
		PaymentIntent: optional(pi.ID), PaymentMethod: optional(method), Status: "succeeded", TransferGroup: pi.TransferGroup, Customer: pi.Customer,
		Outcome:              &outcome{NetworkStatus: "approved_by_network", RiskLevel: "normal", SellerMessage: "Payment complete.", Type: "authorized"},
		PaymentMethodDetails: map[string]any{"type": "card", "card": card.OnCharge(12, t.now.Year()+3)},
	}
}

// newMovement is a movement of a balance, without fee. The caller puts it.
func newMovement(t *tx, kind, category, source, currency string, amount int64, available time.Time) balanceTransaction {
	return balanceTransaction{
		ID: newID("txn_", 24), Object: "balance_transaction", Amount: amount, AvailableOn: available.Unix(), Created: t.now.Unix(),
		Currency: currency, FeeDetails: []feeDetail{}, Net: amount, ReportingCategory: category, Source: optional(source),
		Status: "pending", Type: kind,
	}
}

func readIntent(c *call) (any, *params.Refusal) { return read[paymentIntent](c, "payment_intent") }
func readCharge(c *call) (any, *params.Refusal) { return read[charge](c, "charge") }

func listIntents(c *call) (any, *params.Refusal) {
	of, within := c.form.Text("customer"), c.form.Created()
	return page(c, "payment_intent", "/v1/payment_intents", func(pi paymentIntent) bool {
		return (of == "" || string(pi.Customer) == of) && within(pi.Created)
	})
}

func listCharges(c *call) (any, *params.Refusal) {
	intent, group, within := c.form.Text("payment_intent"), c.form.Text("transfer_group"), c.form.Created()
	return page(c, "charge", "/v1/charges", func(ch charge) bool {
		return ch.Account == c.account && (intent == "" || string(ch.PaymentIntent) == intent) &&
			(group == "" || string(ch.TransferGroup) == group) && within(ch.Created)
	})
}
