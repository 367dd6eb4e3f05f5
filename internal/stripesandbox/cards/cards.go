// Package cards holds Stripe's test cards, what their banks say to a payment, and what a buyer types of a card.
package cards

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"

	"relais/internal/stripesandbox/params"
)

// A Card is one of Stripe's test numbers and what happens to a payment with it.
type Card struct {
	Number  string
	Brand   string
	Decline string // the bank's word against a payment; empty: accepted
	Keeps   bool   // can be kept for later although it is declined
	Secure  bool   // asks for 3-D Secure while its owner is there
	Always  bool   // … and refuses payments without them, although it was kept with 3-D Secure
	Instant bool   // straight to the available balance
	Dispute string // the reason for which the buyer's bank takes the payment back, or asks about it …
	Inquiry bool   // … when it only asks
	Refunds string // what becomes of refunds in time: succeeded (pending until then) or failed (succeeded until then)
	Word    string // names it on the payment page; empty: it is not shown
	Kept    string // names it on the page on which a card is kept
}

// Later reports whether the card is accepted at first and makes trouble afterwards.
func (c Card) Later() bool { return c.Dispute != "" || c.Refunds != "" }

// Last4 is what its owner recognizes it by.
func (c Card) Last4() string { return c.Number[len(c.Number)-4:] }

// OnCharge is what a charge shows of the card.
func (c Card) OnCharge(month, year int) map[string]any {
	return map[string]any{
		"brand": c.Brand, "country": "FR", "exp_month": month, "exp_year": year, "fingerprint": Fingerprint(c.Number), "funding": "credit", "last4": c.Last4(),
		"checks": map[string]any{"address_line1_check": nil, "address_postal_code_check": nil, "cvc_check": "pass"}, "network": c.Brand,
	}
}

// OnMethod is what a payment method shows of the card.
func (c Card) OnMethod(month, year int) map[string]any {
	shown := c.OnCharge(month, year)
	delete(shown, "network")
	shown["networks"] = map[string]any{"available": []string{c.Brand}, "preferred": nil}
	shown["three_d_secure_usage"], shown["wallet"] = map[string]any{"supported": true}, nil
	return shown
}

// All returns the cards that the sandbox knows. Stripe itself lets …9995 be kept by nobody; here it is the card of a buyer who has
// no money on the day.
func All() []Card {
	return []Card{
		{Number: "4242424242424242", Brand: "visa", Word: "card.ok", Kept: "card.ok"},
		{Number: "4000002500003155", Brand: "visa", Secure: true, Word: "card.secure", Kept: "card.secure"},
		{Number: "4000000000000002", Brand: "visa", Decline: "generic_decline", Word: "card.declined", Kept: "card.declined"},
		{Number: "4000000000009995", Brand: "visa", Decline: "insufficient_funds", Keeps: true, Word: "card.poor", Kept: "card.poor"},
		{Number: "4000000000000341", Brand: "visa", Decline: "generic_decline", Keeps: true, Kept: "card.declined_later"},
		{Number: "4000002760003184", Brand: "visa", Secure: true, Always: true, Kept: "card.always"},
		{Number: "4000000000000077", Brand: "visa", Instant: true, Word: "card.instant"},
		{Number: "5555555555554444", Brand: "mastercard"},
		{Number: "2223003122003222", Brand: "mastercard"},
		{Number: "5200828282828210", Brand: "mastercard"},
		{Number: "5105105105105100", Brand: "mastercard"},
		{Number: "4000056655665556", Brand: "visa"},
		{Number: "6011111111111117", Brand: "discover"},
		{Number: "6011000990139424", Brand: "discover"},
		{Number: "3056930009020004", Brand: "diners"},
		{Number: "3566002020360505", Brand: "jcb"},
		{Number: "6200000000000005", Brand: "unionpay"},
		{Number: "4000000000003220", Brand: "visa", Secure: true, Always: true},
		{Number: "4000000000000259", Brand: "visa", Dispute: "fraudulent", Word: "card.fraudulent", Kept: "card.fraudulent"},
		{Number: "4000000000002685", Brand: "visa", Dispute: "product_not_received", Word: "card.not_received"},
		{Number: "4000000000001976", Brand: "visa", Dispute: "fraudulent", Inquiry: true, Word: "card.inquiry"},
		{Number: "4000000000007726", Brand: "visa", Refunds: "succeeded", Word: "card.refund_slow"},
		{Number: "4000000000005126", Brand: "visa", Refunds: "failed", Word: "card.refund_fails"},
	}
}

// ByNumber returns the card with that number.
func ByNumber(number string) (Card, bool) {
	for _, c := range All() {
		if c.Number == number {
			return c, true
		}
	}
	return Card{}, false
}

// ByToken returns the card that a test name of Stripe's stands for where no page is ("pm_card_visa").
func ByToken(token string) (Card, bool) {
	return ByNumber(map[string]string{
		"pm_card_visa":                          "4242424242424242",
		"pm_card_mastercard":                    "5555555555554444",
		"pm_card_bypassPending":                 "4000000000000077",
		"pm_card_chargeCustomerFail":            "4000000000000341",
		"pm_card_authenticationRequired":        "4000002760003184",
		"pm_card_authenticationRequiredOnSetup": "4000002500003155",
		"pm_card_createDispute":                 "4000000000000259",
	}[token])
}

// Strange is a card that is none of Stripe's: somebody's own, perhaps. No more of it is kept than its end.
func Strange(number string) Card {
	return Card{Number: "000000000000" + number[len(number)-4:], Brand: "visa", Decline: "test_mode_live_card"}
}

// Fingerprint is the same for the same number, and tells nothing about it.
func Fingerprint(number string) string {
	sum := sha256.Sum256([]byte("relais sandbox card " + number))
	return base32.StdEncoding.EncodeToString(sum[:])[:16]
}

// Refusal is what Stripe answers when a bank refuses a payment with that word.
func Refusal(decline string) params.Body {
	b := params.Body{Type: "card_error", Code: "card_declined", DeclineCode: decline, Message: "Your card was declined."}
	switch decline {
	case "insufficient_funds":
		b.Message = "Your card has insufficient funds."
	case "test_mode_live_card":
		b.Message = "Your card was declined. Your request was in test mode, but used a non test card."
	case "authentication_required":
		b.Code, b.Message = decline, "Your card was declined. This transaction requires authentication."
	case "expired_card":
		b.Code, b.Message = decline, "Your card has expired."
	case "processing_error":
		b.Code, b.Message = decline, "An error occurred while processing your card. Try again in a little bit."
	}
	return b
}

// Digits keeps the digits of what was typed.
func Digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}
