package stripesandbox

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"
	"time"

	"relais/internal/stripesandbox/params"
	"relais/internal/stripesandbox/words"
)

// A testCard is one of Stripe's test numbers and what happens to a payment with it.
type testCard struct {
	number  string
	brand   string
	decline string // decline code; empty: accepted
	secure  bool   // asks for 3-D Secure
	instant bool   // straight to the available balance
	dispute string // the reason for which the buyer's bank takes the payment back, or asks about it …
	inquiry bool   // … when it only asks
	refunds string // what becomes of refunds in time: succeeded (pending until then) or failed (succeeded until then)
	word    string // names it on the page; empty: it is not shown
}

// later reports whether the card is accepted at first and makes trouble afterwards.
func (c testCard) later() bool { return c.dispute != "" || c.refunds != "" }

var testCards = []testCard{
	{number: "4242424242424242", brand: "visa", word: "card.ok"},
	{number: "4000002500003155", brand: "visa", secure: true, word: "card.secure"},
	{number: "4000000000000002", brand: "visa", decline: "generic_decline", word: "card.declined"},
	{number: "4000000000009995", brand: "visa", decline: "insufficient_funds", word: "card.poor"},
	{number: "4000000000000077", brand: "visa", instant: true, word: "card.instant"},
	{number: "5555555555554444", brand: "mastercard"},
	{number: "2223003122003222", brand: "mastercard"},
	{number: "5200828282828210", brand: "mastercard"},
	{number: "5105105105105100", brand: "mastercard"},
	{number: "4000056655665556", brand: "visa"},
	{number: "6011111111111117", brand: "discover"},
	{number: "6011000990139424", brand: "discover"},
	{number: "3056930009020004", brand: "diners"},
	{number: "3566002020360505", brand: "jcb"},
	{number: "6200000000000005", brand: "unionpay"},
	{number: "4000000000003220", brand: "visa", secure: true},
	{number: "4000000000000259", brand: "visa", dispute: "fraudulent", word: "card.fraudulent"},
	{number: "4000000000002685", brand: "visa", dispute: "product_not_received", word: "card.not_received"},
	{number: "4000000000001976", brand: "visa", dispute: "fraudulent", inquiry: true, word: "card.inquiry"},
	{number: "4000000000007726", brand: "visa", refunds: "succeeded", word: "card.refund_slow"},
	{number: "4000000000005126", brand: "visa", refunds: "failed", word: "card.refund_fails"},
}

func cardByNumber(number string) (testCard, bool) {
	for _, c := range testCards {
		if c.number == number {
			return c, true
		}
	}
	return testCard{}, false
}

// fingerprint is the same for the same number, and tells nothing about it.
func fingerprint(number string) string {
	sum := sha256.Sum256([]byte("relais sandbox card " + number))
	return base32.StdEncoding.EncodeToString(sum[:])[:16]
}

var declines = map[string]params.Body{
	"generic_decline":    {Type: "card_error", Code: "card_declined", DeclineCode: "generic_decline", Message: "Your card was declined."},
	"insufficient_funds": {Type: "card_error", Code: "card_declined", DeclineCode: "insufficient_funds", Message: "Your card has insufficient funds."},
	"test_mode":          {Type: "card_error", Code: "card_declined", DeclineCode: "test_mode_live_card", Message: "Your card was declined. Your request was in test mode, but used a non test card."},
}

// payer is what the buyer typed on the hosted page.
type payer struct {
	email, name string
	card        testCard
}

// pay makes one attempt to pay a session, and returns the intent as it stands then: succeeded, requires_action (3-D
// Secure comes next) or requires_payment_method (declined: the session stays open for another card).
func (s *Sandbox) pay(t *tx, cs session, p payer) paymentIntent {
	pi := t.intent(cs, p)
	method := newID("pm_", 24)
	switch {
	case p.card.decline != "":
		body := declines[p.card.decline]
		ch := newCharge(t, pi, p.card, method)
		ch.Status, ch.Paid, ch.Captured, ch.AmountCaptured = "failed", false, false, 0
		ch.FailureCode, ch.FailureMessage = optional(body.Code), optional(body.Message)
		ch.Outcome = &outcome{NetworkStatus: "declined_by_network", Reason: optional(body.DeclineCode), RiskLevel: "normal", SellerMessage: "The bank did not approve the payment.", Type: "issuer_declined"}
		t.put(ch)
		t.emit("charge.failed", ch, "")
		body.Charge = ch.ID
		pi.LatestCharge = optional(ch.ID)
		return t.failPayment(pi, body)
	case p.card.secure:
		pi.Status, pi.PaymentMethod, pi.Card = "requires_action", optional(method), p.card.number
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

// failPayment leaves the intent waiting for another card.
func (t *tx) failPayment(pi paymentIntent, why params.Body) paymentIntent {
	pi.Status, pi.LastPaymentError, pi.NextAction, pi.PaymentMethod, pi.Card = "requires_payment_method", &why, nil, "", ""
	t.put(pi)
	t.emit("payment_intent.payment_failed", pi, "")
	return pi
}

// succeed takes the money: the charge, its balance transaction, the intent and the session, in one commit.
func (s *Sandbox) succeed(t *tx, cs session, pi paymentIntent, card testCard, method string) paymentIntent {
	cs, _ = load[session](t, cs.ID)
	cs.Status, cs.PaymentStatus, cs.URL = "complete", "paid", ""
	t.put(cs)
	pi, ch := s.take(t, pi, newCharge(t, pi, card, method), cs.CustomerDetails, card)
	t.emit("checkout.session.completed", cs, "")
	if card.dispute != "" {
		if _, err := t.openDispute(ch, ch.Amount, card.dispute, card.inquiry); err != nil {
			panic("stripesandbox: " + err.Error()) // a new charge can be disputed, and the card names a known reason
		}
	}
	return pi
}

// take takes the money of a payment by a charge that was accepted.
func (s *Sandbox) take(t *tx, pi paymentIntent, ch charge, buyer *customerDetails, card testCard) (paymentIntent, charge) {
	settles := t.now.Add(s.options.SettleDelay)
	if card.instant {
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
	ch.RefundFate = card.refunds
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

func newCharge(t *tx, pi paymentIntent, card testCard, method string) charge {
	return charge{
		ID: newID("ch_", 24), Object: "charge", Amount: pi.Amount, AmountCaptured: pi.Amount, Captured: true,
		BillingDetails: billingDetails{Address: map[string]any{"country": "FR"}},
		Created:        t.now.Unix(), Currency: pi.Currency, Description: pi.Description, Metadata: pi.Metadata, Paid: true,
		PaymentIntent: optional(pi.ID), PaymentMethod: optional(method), Status: "succeeded", TransferGroup: pi.TransferGroup,
		Outcome: &outcome{NetworkStatus: "approved_by_network", RiskLevel: "normal", SellerMessage: "Payment complete.", Type: "authorized"},
		PaymentMethodDetails: map[string]any{"type": "card", "card": map[string]any{
			"brand": card.brand, "country": "FR", "exp_month": 12, "exp_year": t.now.Year() + 3,
			"fingerprint": fingerprint(card.number), "funding": "credit", "last4": card.number[len(card.number)-4:], "network": card.brand,
			"checks": map[string]any{"address_line1_check": nil, "address_postal_code_check": nil, "cvc_check": "pass"},
		}},
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

// digits keeps the digits of what was typed into the card field.
func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}

func readIntent(c *call) (any, *params.Refusal) { return read[paymentIntent](c, "payment_intent") }
func readCharge(c *call) (any, *params.Refusal) { return read[charge](c, "charge") }

func listIntents(c *call) (any, *params.Refusal) {
	within := c.form.Created()
	return page(c, "payment_intent", "/v1/payment_intents", func(pi paymentIntent) bool {
		return within(pi.Created)
	})
}

func listCharges(c *call) (any, *params.Refusal) {
	intent, group, within := c.form.Text("payment_intent"), c.form.Text("transfer_group"), c.form.Created()
	return page(c, "charge", "/v1/charges", func(ch charge) bool {
		return ch.Account == c.account && (intent == "" || string(ch.PaymentIntent) == intent) &&
			(group == "" || string(ch.TransferGroup) == group) && within(ch.Created)
	})
}
