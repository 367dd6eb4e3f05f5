package paymentstest

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"relais/internal/money"
	"relais/internal/payments"

	"github.com/google/go-cmp/cmp"
)

// SetupRequest is a setup request that any provider takes.
func (s Subject) SetupRequest(reference string) payments.SetupRequest {
	return payments.SetupRequest{
		Reference: "setup:" + reference + s.Unique, Subject: "pledge:12", Email: "buyer@example.com", Locale: "fr",
		SuccessURL: "https://shop.example/pledge/12?setup={CHECKOUT_SESSION_ID}", CancelURL: "https://shop.example/pledge/12",
		Consent:   "J’accepte que Relais débite ma carte de 24,40 € au plus le 30 novembre 2026, si l’objectif est atteint.",
		ExpiresAt: s.Now().Add(time.Hour).Truncate(time.Second),
	}
}

func (s Subject) openSetup(t *testing.T, reference string) payments.Setup {
	t.Helper()
	got, err := s.Saved.OpenSetup(context.Background(), s.SetupRequest(reference))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func (s Subject) setupOnce(t *testing.T) {
	ctx := context.Background()
	first, again := s.openSetup(t, "once"), s.openSetup(t, "once")
	if first != again || first.ID == "" || first.CustomerID == "" || first.URL == "" || first.State != payments.CheckoutOpen || first.Subject != "pledge:12" || first.Saved {
		t.Errorf("a new setup is %+v, then %+v", first, again)
	}
	if read, err := s.Saved.Setup(ctx, first.ID); err != nil || read != first {
		t.Errorf("read %+v, %v, want %+v", read, err, first)
	}
	if c, err := s.Checkouts.Checkout(ctx, first.ID); err != nil || c.Paid || c.PaymentIntentID != "" {
		t.Errorf("as a checkout it is %+v, %v", c, err)
	}
	r := s.SetupRequest("once")
	r.Consent = "Autre chose."
	_, err := s.Saved.OpenSetup(ctx, r)
	Refused(t, err, payments.LookUp, payments.CodeIdempotency)
}

func (s Subject) setupExpires(t *testing.T) {
	ctx := context.Background()
	open := s.openSetup(t, "expires")
	if err := s.Saved.ExpireSetup(ctx, open.ID); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Saved.Setup(ctx, open.ID); err != nil || got.State != payments.CheckoutExpired || got.URL != "" || got.Saved {
		t.Errorf("after expiry: %+v, %v", got, err)
	}
	Refused(t, s.Saved.ExpireSetup(ctx, open.ID), payments.Final, payments.CodeCheckoutNotOpen)
	if err := s.Saved.Forget(ctx, open.CustomerID); err != nil {
		t.Error(err)
	}
	if got, err := s.Saved.Setup(ctx, open.ID); err != nil || got.State != payments.CheckoutExpired || got.CustomerID != open.CustomerID || got.Saved {
		t.Errorf("when its customer is forgotten: %+v, %v", got, err)
	}
}

func (s Subject) unknownSaved(t *testing.T) {
	ctx := context.Background()
	_, err := s.Saved.Setup(ctx, "cs_test_unknown")
	Refused(t, err, payments.Final, payments.CodeNotFound)
	_, err = s.Saved.Charge(ctx, "pi_unknown")
	Refused(t, err, payments.Final, payments.CodeNotFound)
	Refused(t, s.Saved.Forget(ctx, "cus_unknown"), payments.Final, payments.CodeNotFound)
}

// attach keeps one of the provider's test cards where nobody can fill in a page. Only tests do: a buyer's consent needs the page.
func (s Subject) attach(t *testing.T, token string) (customerID, cardID string) {
	t.Helper()
	call := func(path string, form url.Values) string {
		r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, s.API+path, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+s.Key)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Stripe-Version", "2023-10-16")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		var made struct{ ID string }
		if err := json.NewDecoder(answer.Body).Decode(&made); err != nil || made.ID == "" {
			t.Fatalf("%s: %s, %v", path, answer.Status, err)
		}
		return made.ID
	}
	customerID = call("/v1/customers", url.Values{"email": {"buyer@example.com"}})
	return customerID, call("/v1/payment_methods/"+token+"/attach", url.Values{"customer": {customerID}})
}

func (s Subject) charge(reference, customerID, cardID string) payments.ChargeRequest {
	return payments.ChargeRequest{
		Reference: "charge:" + reference + s.Unique, CardID: cardID, CustomerID: customerID, Amount: money.New(2440, "EUR"),
		OrderID: "42", OrderNumber: "R-7K2MQ4", TransferGroup: "order_42", Description: "R-7K2MQ4",
	}
}

func (s Subject) chargesOnce(t *testing.T) {
	ctx := context.Background()
	customerID, cardID := s.attach(t, "pm_card_visa")
	r := s.charge("once", customerID, cardID)
	first, err := s.Saved.ChargeSaved(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	want := payments.Charge{PaymentIntentID: first.PaymentIntentID, ChargeID: first.ChargeID, Paid: true, State: payments.ChargePaid, Amount: r.Amount,
		Reference: r.Reference, CardFingerprint: first.CardFingerprint, OrderID: "42", OrderNumber: "R-7K2MQ4"}
	if diff := cmp.Diff(want, first); diff != "" || first.PaymentIntentID == "" || first.ChargeID == "" || first.CardFingerprint == "" {
		t.Errorf("charge %+v (-want +got):\n%s", first, diff)
	}
	if again, err := s.Saved.ChargeSaved(ctx, r); err != nil || again != first {
		t.Errorf("the same reference made %+v, %v", again, err)
	}
	if read, err := s.Saved.Charge(ctx, first.PaymentIntentID); err != nil || read != first {
		t.Errorf("read %+v, %v", read, err)
	}
	other := r
	other.Amount = money.New(2441, "EUR")
	_, err = s.Saved.ChargeSaved(ctx, other)
	Refused(t, err, payments.LookUp, payments.CodeIdempotency)
	second, err := s.Saved.ChargeSaved(ctx, s.charge("twice", customerID, cardID))
	if err != nil {
		t.Fatal(err)
	}
	found, err := s.Saved.FindCharges(ctx, customerID)
	if diff := cmp.Diff([]payments.Charge{second, first}, found); err != nil || diff != "" {
		t.Errorf("found: %v (-want +got):\n%s", err, diff)
	}
	back := payments.RefundRequest{Reference: "refund:kept" + s.Unique, PaymentIntentID: first.PaymentIntentID, Amount: first.Amount, OrderID: "42"}
	if refund, err := s.Checkouts.Refund(ctx, back); err != nil || refund.Amount != first.Amount {
		t.Errorf("given back: %+v, %v", refund, err)
	}
	if moved, err := s.Books.MovementsOf(ctx, first.ChargeID); err != nil || len(moved) != 1 || moved[0].Amount != first.Amount || moved[0].Category != "charge" {
		t.Errorf("it moved %+v, %v", moved, err)
	}
}

// refuses charges a card, which must be refused with that code and word, and leave one charge behind that is closed.
func (s Subject) refuses(t *testing.T, r payments.ChargeRequest, code, word string) {
	t.Helper()
	ctx := context.Background()
	for range 2 { // the second time the provider only repeats itself
		_, err := s.Saved.ChargeSaved(ctx, r)
		Refused(t, err, payments.Final, code)
		if e, ok := err.(*payments.Error); !ok || e.Decline != word {
			t.Errorf("the bank's word is %+v, want %s", err, word)
		}
	}
	found, err := s.Saved.FindCharges(ctx, r.CustomerID)
	if err != nil || len(found) == 0 {
		t.Fatalf("found %+v, %v", found, err)
	}
	got := found[0]
	want := payments.Charge{PaymentIntentID: got.PaymentIntentID, ChargeID: got.ChargeID, State: payments.ChargeRefused, Amount: r.Amount, Reference: r.Reference,
		CardFingerprint: got.CardFingerprint, OrderID: r.OrderID, OrderNumber: r.OrderNumber, Failure: code, Decline: word}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("a refused charge (-want +got):\n%s", diff)
	}
	if len(found) > 1 && found[1].Reference == r.Reference {
		t.Errorf("it was tried twice: %+v", found)
	}
}

func (s Subject) chargeRefused(t *testing.T) {
	for _, tt := range []struct{ token, code, word string }{
		{"pm_card_chargeCustomerFail", payments.CodeCardDeclined, "generic_decline"},
		{"pm_card_authenticationRequired", payments.CodeAuthentication, "authentication_required"},
	} {
		customerID, cardID := s.attach(t, tt.token)
		s.refuses(t, s.charge(tt.token, customerID, cardID), tt.code, tt.word)
	}
}

func (s Subject) forgets(t *testing.T) {
	ctx := context.Background()
	customerID, cardID := s.attach(t, "pm_card_visa")
	paid, err := s.Saved.ChargeSaved(ctx, s.charge("before", customerID, cardID))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Saved.Forget(ctx, customerID); err != nil {
			t.Error(err)
		}
	}
	_, err = s.Saved.ChargeSaved(ctx, s.charge("forgotten", customerID, cardID))
	Refused(t, err, payments.Final, payments.CodeCardGone)
	if read, err := s.Saved.Charge(ctx, paid.PaymentIntentID); err != nil || read != paid {
		t.Errorf("what was paid reads %+v, %v, want %+v", read, err, paid)
	}
	found, err := s.Saved.FindCharges(ctx, customerID)
	if payments.CodeOf(err) == payments.CodeNotFound {
		t.Log("the charges of a customer who is gone are listed no more")
	} else if diff := cmp.Diff([]payments.Charge{paid}, found); err != nil || diff != "" {
		t.Errorf("found: %v (-want +got):\n%s", err, diff)
	}
	back := payments.RefundRequest{Reference: "refund:forgotten" + s.Unique, PaymentIntentID: paid.PaymentIntentID, Amount: paid.Amount, OrderID: "42"}
	if refund, err := s.Checkouts.Refund(ctx, back); err != nil || refund.Amount != paid.Amount {
		t.Errorf("given back: %+v, %v", refund, err)
	}
}

// kept opens a setup and leaves a card there.
func (s Subject) kept(t *testing.T, reference, card string) payments.Setup {
	t.Helper()
	open := s.openSetup(t, reference)
	if location := s.Keep(t, open.URL, card); !strings.HasSuffix(location, "setup="+open.ID) {
		t.Fatalf("after keeping a card the buyer is sent to %q", location)
	}
	got, err := s.Saved.Setup(context.Background(), open.ID)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func (s Subject) keeps(t *testing.T) {
	ctx := context.Background()
	got := s.kept(t, "kept", CardOK)
	want := payments.Setup{ID: got.ID, CustomerID: got.Card.CustomerID, State: payments.CheckoutComplete, Subject: "pledge:12", Saved: true, Card: payments.SavedCard{
		ID: got.Card.ID, CustomerID: got.Card.CustomerID, Brand: "visa", Last4: "4242", ExpMonth: 12, ExpYear: 2034, Fingerprint: got.Card.Fingerprint,
	}}
	if diff := cmp.Diff(want, got); diff != "" || got.Card.ID == "" || got.Card.CustomerID == "" || got.Card.Fingerprint == "" {
		t.Errorf("a kept card (-want +got):\n%s", diff)
	}
	if c, err := s.Checkouts.Checkout(ctx, got.ID); err != nil || c.Paid || c.State != payments.CheckoutComplete || c.PaymentIntentID != "" {
		t.Errorf("as a checkout it is %+v, %v", c, err)
	}
	Refused(t, s.Saved.ExpireSetup(ctx, got.ID), payments.Final, payments.CodeCheckoutNotOpen)
	if again := s.kept(t, "kept again", CardOK); again.Card.Fingerprint != got.Card.Fingerprint || again.Card.CustomerID == got.Card.CustomerID {
		t.Errorf("the same card kept twice: %+v, %+v", got.Card, again.Card)
	}
	if err := s.Saved.Forget(ctx, got.CustomerID); err != nil {
		t.Fatal(err)
	}
	want.Saved, want.Card = false, payments.SavedCard{}
	if after, err := s.Saved.Setup(ctx, got.ID); err != nil || after != want {
		t.Errorf("after it was forgotten: %+v, %v, want %+v", after, err, want)
	}
	open := s.openSetup(t, "forgotten")
	if err := s.Saved.Forget(ctx, open.CustomerID); err != nil {
		t.Fatal(err)
	}
	if location := s.Keep(t, open.URL, CardOK); location != "" {
		t.Errorf("on the page of a customer who is gone a card led to %q", location)
	}
}

func (s Subject) keepsNot(t *testing.T) {
	open := s.openSetup(t, "declined")
	if location := s.Keep(t, open.URL, CardDeclined); location != "" {
		t.Errorf("a declined card led to %q", location)
	}
	if got, err := s.Saved.Setup(context.Background(), open.ID); err != nil || got != open {
		t.Errorf("after a refusal: %+v, %v, want %+v", got, err, open)
	}
	if location := s.Keep(t, open.URL, CardSecure); location == "" {
		t.Error("another card was not kept")
	}
}

func (s Subject) chargesKept(t *testing.T) {
	ctx := context.Background()
	for _, card := range []string{CardOK, CardSecure, CardInstant} {
		kept := s.kept(t, "charged "+card, card).Card
		ch, err := s.Saved.ChargeSaved(ctx, s.charge(card, kept.CustomerID, kept.ID))
		if err != nil || !ch.Paid || ch.CardFingerprint != kept.Fingerprint {
			t.Errorf("%s: %+v, %v", card, ch, err)
		}
	}
	for _, tt := range []struct{ card, code, word string }{
		{CardRefusesLater, payments.CodeCardDeclined, "generic_decline"},
		{CardAlwaysSecure, payments.CodeAuthentication, "authentication_required"},
		{CardNoFunds, payments.CodeCardDeclined, "insufficient_funds"},
	} {
		kept := s.kept(t, "refused "+tt.card, tt.card).Card
		s.refuses(t, s.charge(tt.card, kept.CustomerID, kept.ID), tt.code, tt.word)
		if err := s.TurnCard(kept.ID, ""); err != nil {
			t.Fatal(err)
		}
		if ch, err := s.Saved.ChargeSaved(ctx, s.charge(tt.card+" again", kept.CustomerID, kept.ID)); err != nil || !ch.Paid {
			t.Errorf("%s, when its bank has changed its mind: %+v, %v", tt.card, ch, err)
		}
		if err := s.TurnCard(kept.ID, "lost_card"); err != nil {
			t.Fatal(err)
		}
		s.refuses(t, s.charge(tt.card+" lost", kept.CustomerID, kept.ID), payments.CodeCardDeclined, "lost_card")
	}
}
