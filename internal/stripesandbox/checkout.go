package stripesandbox

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"relais/internal/stripesandbox/params"
	"relais/internal/stripesandbox/words"
)

const (
	shortestCheckout = 30 * time.Minute
	longestCheckout  = 24 * time.Hour
)

func isWebURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

func createSession(c *call) (any, *params.Refusal) {
	f, now := c.form, c.tx.now
	s := session{
		ID: newID("cs_test_", 58), Object: "checkout.session", Created: now.Unix(), ExpiresAt: now.Add(longestCheckout).Unix(),
		Mode: f.Choice("mode", "payment", "setup", "subscription"), UIMode: f.Choice("ui_mode", "hosted", "embedded"),
		SuccessURL: optional(f.Need("success_url")), CancelURL: optional(f.Text("cancel_url")),
		ClientReferenceID: optional(f.Text("client_reference_id")),
		Locale:            optional(f.Choice("locale", "", "auto", "fr", "en", "en-GB", "fr-CA")), Metadata: f.Metadata("metadata"),
		Status: "open", PaymentStatus: "unpaid", PaymentMethodTypes: f.Texts("payment_method_types"),
		AutomaticTax: map[string]any{"enabled": false, "status": nil},
		CustomText:   map[string]any{"after_submit": nil, "shipping_address": nil, "submit": nil, "terms_of_service_acceptance": nil},
		CustomFields: []string{}, ShippingOptions: []string{},
	}
	s.URL = optional(c.sandbox.options.BaseURL + "/c/pay/" + s.ID)
	if len(s.PaymentMethodTypes) == 0 {
		s.PaymentMethodTypes = []string{"card"}
	}
	if text := f.LongText("custom_text[submit][message]", 1200); text != "" {
		s.CustomText["submit"] = map[string]any{"message": text}
	}
	s.readExpiry(f, now)
	if s.Mode == "setup" {
		s.readSetup(c)
	} else {
		s.readPayment(f)
	}
	s.check(f)
	if err := f.Done(); err != nil {
		return nil, err
	}
	c.tx.put(s)
	return s, nil
}

// readPayment reads what a session in payment mode has of its own.
func (s *session) readPayment(f *params.Form) {
	s.CustomerEmail, s.SubmitType = optional(f.Text("customer_email")), optional(f.Choice("submit_type", "", "auto", "book", "donate", "pay"))
	s.IntentMetadata = f.Metadata("payment_intent_data[metadata]")
	s.Intent = map[string]string{
		"description":    f.Text("payment_intent_data[description]"),
		"transfer_group": f.Text("payment_intent_data[transfer_group]"),
		"receipt_email":  f.Text("payment_intent_data[receipt_email]"),
	}
	s.readLines(f)
}

func (s *session) readExpiry(f *params.Form, now time.Time) {
	if !f.Has("expires_at") {
		return
	}
	s.ExpiresAt = f.Number("expires_at", 0)
	switch {
	case s.ExpiresAt < now.Add(shortestCheckout).Unix():
		f.Fail(params.Malformed("", "expires_at", "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation."))
	case s.ExpiresAt > now.Add(longestCheckout).Unix():
		f.Fail(params.Malformed("", "expires_at", "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation."))
	}
}

func (s *session) readLines(f *params.Form) {
	n := f.Rows("line_items")
	if n == 0 {
		f.Fail(params.Malformed("parameter_missing", "line_items", "Missing required param: line_items."))
	}
	for i := range n {
		at := "line_items[" + strconv.Itoa(i) + "]"
		price := at + "[price_data]"
		l := line{
			Name: f.Need(price + "[product_data][name]"), Unit: f.NeedNumber(price+"[unit_amount]", 0),
			Quantity: f.NeedNumber(at+"[quantity]", 1),
		}
		f.Text(price + "[product_data][description]")
		if images := f.Texts(price + "[product_data][images]"); len(images) > 0 {
			l.Image = images[0]
		}
		currency := f.Currency(price + "[currency]")
		if s.Currency != "" && currency != s.Currency {
			f.Fail(params.Malformed("", price+"[currency]", "All line items must have the same currency."))
		}
		s.Currency = currency
		if l.Quantity > 999_999 || (l.Quantity > 0 && l.Unit > 99_999_999/l.Quantity) {
			f.Fail(params.Malformed("amount_too_large", "line_items", "The Checkout Session's total amount due must be no more than %s.", words.Money(99_999_999, currency, words.English)))
			return
		}
		s.Lines = append(s.Lines, l)
		s.AmountTotal += l.Unit * l.Quantity
	}
	s.AmountSubtotal = s.AmountTotal
}

// check refuses what the sandbox does not do and what Stripe would not take.
func (s *session) check(f *params.Form) {
	switch {
	case !f.Good():
	case s.Mode == "subscription" || s.UIMode != "hosted":
		f.Fail(params.Malformed("", "mode", "The sandbox serves hosted sessions in payment and setup mode only."))
	case len(s.PaymentMethodTypes) != 1 || s.PaymentMethodTypes[0] != "card":
		f.Fail(params.Malformed("", "payment_method_types", "The sandbox takes cards only: payment_method_types[0]=card."))
	case !isWebURL(string(s.SuccessURL)) || (s.CancelURL != "" && !isWebURL(string(s.CancelURL))):
		f.Fail(params.Malformed("url_invalid", "success_url", "Not a valid URL"))
	case s.Mode == "payment" && s.AmountTotal < words.Smallest(s.Currency):
		f.Fail(params.Malformed("amount_too_small", "line_items", "The Checkout Session's total amount due must add up to at least %s.", words.Money(words.Smallest(s.Currency), s.Currency, words.English)))
	}
	if s.Mode == "payment" {
		f.MultipleOf("line_items", s.AmountTotal, words.Step(s.Currency, false))
	}
}

func readSession(c *call) (any, *params.Refusal) { return read[session](c, "checkout.session") }

func listSessions(c *call) (any, *params.Refusal) {
	intent, within := c.form.Text("payment_intent"), c.form.Created()
	return page(c, "checkout.session", "/v1/checkout/sessions", func(s session) bool {
		return (intent == "" || string(s.PaymentIntent) == intent) && within(s.Created)
	})
}

func expireSession(c *call) (any, *params.Refusal) {
	if err := c.form.Done(); err != nil {
		return nil, err
	}
	s, ok := load[session](c.tx, c.path("id"))
	if !ok {
		return nil, params.Missing("checkout.session", c.path("id"), "session")
	}
	if s.Status != "open" {
		return nil, params.Refused("", "", "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a status of `%s`.", s.Status)
	}
	return c.tx.expire(s), nil
}

// expire closes an open session, and the payment or setup that was begun on it.
func (t *tx) expire(s session) session {
	s.Status, s.URL = "expired", ""
	t.put(s)
	if pi, ok := load[paymentIntent](t, string(s.PaymentIntent)); ok && pi.Status != "succeeded" {
		at := t.now.Unix()
		pi.Status, pi.CanceledAt, pi.CancellationReason, pi.NextAction = "canceled", &at, "void_invoice", nil
		t.put(pi)
		t.emit("payment_intent.canceled", pi, "")
	}
	if si, ok := load[setupIntent](t, string(s.SetupIntent)); ok {
		si.Status, si.CancellationReason, si.NextAction = "canceled", "abandoned", nil
		t.put(si)
		t.emit("setup_intent.canceled", si, "")
	}
	t.emit("checkout.session.expired", s, "")
	return s
}

// successURL is where the buyer goes after paying.
func (s session) successURL() string {
	return strings.ReplaceAll(string(s.SuccessURL), "{CHECKOUT_SESSION_ID}", s.ID)
}
