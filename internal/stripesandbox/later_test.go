package stripesandbox_test

import (
	"net/url"
	"strings"
	"testing"

	"relais/internal/money"
	"relais/internal/payments"
	"relais/internal/payments/paymentstest"
	"relais/internal/stripesandbox"
)

// The payment page offers what may go wrong later, in words, and each card does what its words say.
func TestCardsThatMakeTroubleLater(t *testing.T) {
	h := paymentstest.Start(t, paymentstest.Options{})
	c := open(t, h, "page")
	page, _, _ := h.Get(t, c.URL)
	for _, want := range []string{"Acceptées, puis un ennui", "Contestée : fraude", "Contestée : rien reçu", "La banque pose une question", "Remboursement lent"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	for _, card := range []string{stripesandbox.FraudCard, stripesandbox.NotReceivedCard, stripesandbox.InquiryCard, stripesandbox.SlowRefundCard, stripesandbox.FailingRefundCard} {
		if filled, _, _ := h.Post(t, c.URL, url.Values{"fill": {card}}); !strings.Contains(filled, card[:4]+" "+card[4:8]) || strings.Count(filled, "chosen") != 1 {
			t.Errorf("card %s is not filled in", card)
		}
	}
	for card, want := range map[string]struct {
		state  payments.DisputeState
		reason string
	}{
		stripesandbox.FraudCard:       {payments.DisputeNeedsResponse, "fraudulent"},
		stripesandbox.NotReceivedCard: {payments.DisputeNeedsResponse, "product_not_received"},
		stripesandbox.InquiryCard:     {payments.DisputeWarningNeedsResponse, "fraudulent"},
	} {
		c := bought(t, h, card, card)
		found, err := h.Client.FindDisputes(ctx, c.PaymentIntentID)
		if err != nil || len(found) != 1 || found[0].State != want.state || found[0].Reason != want.reason || found[0].Amount != money.New(2440, "EUR") {
			t.Errorf("card %s: %+v, %v", card, found, err)
		}
	}
	h.Events(t)
	bought(t, h, "events", stripesandbox.FraudCard)
	want := "payment_intent.created charge.succeeded payment_intent.succeeded checkout.session.completed charge.dispute.created charge.dispute.funds_withdrawn"
	if got := types(h.Events(t)); got != want {
		t.Errorf("events %s\nwant   %s", got, want)
	}
}
