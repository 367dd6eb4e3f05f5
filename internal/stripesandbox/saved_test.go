package stripesandbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"relais/internal/money"
	"relais/internal/payments"
	"relais/internal/payments/paymentstest"
	"relais/internal/payments/paymentstest/openapi"
	"relais/internal/stripesandbox"
)

func openSetup(t *testing.T, h *paymentstest.Harness, reference, locale string) payments.Setup {
	t.Helper()
	r := subject(h).SetupRequest(reference)
	r.Locale = locale
	s, err := h.Client.OpenSetup(ctx, r)
	ok(t, err)
	return s
}

// keep leaves a card on a page of its own.
func keep(t *testing.T, h *paymentstest.Harness, reference, card string) payments.SavedCard {
	t.Helper()
	s := openSetup(t, h, reference, "fr")
	h.Keep(t, s.URL, card)
	s, err := h.Client.Setup(ctx, s.ID)
	if err != nil || !s.Saved {
		t.Fatalf("card %s was not kept: %+v, %v", card, s, err)
	}
	return s.Card
}

func chargeOf(card payments.SavedCard, reference string) payments.ChargeRequest {
	return payments.ChargeRequest{Reference: reference, CardID: card.ID, CustomerID: card.CustomerID, Amount: money.New(2440, "EUR"), OrderID: "42", OrderNumber: "R-7K2MQ4"}
}

func TestSetupPage(t *testing.T) {
	h := paymentstest.Start(t, paymentstest.Options{})
	s := openSetup(t, h, "page", "fr")
	says := func(page string, words ...string) {
		t.Helper()
		for _, w := range words {
			if !strings.Contains(page, w) {
				t.Errorf("the page does not say %q", w)
			}
		}
	}
	page, _, status := h.Get(t, s.URL)
	says(page, `lang="fr"`, "Laisser une carte à Relais", "Rien à payer aujourd’hui", "J’accepte que Relais débite ma carte de 24,40", `aria-describedby="consent"`,
		"Enregistrer la carte", "buyer@example.com", "https://shop.example/pledge/12", "•••• 0341", "•••• 9995", "•••• 3184", "•••• 0259")
	if status != http.StatusOK || strings.Contains(page, "0,00") || strings.Contains(page, "Payer") || strings.Contains(page, "•••• 5126") {
		t.Errorf("the page (%d) speaks of paying", status)
	}
	page, _, _ = h.Get(t, openSetup(t, h, "english", "en").URL)
	says(page, `lang="en"`, "Leave a card with Relais", "Nothing to pay today", "Save the card", "Declined when charged")
	page, _, _ = h.Post(t, s.URL, url.Values{"email": {"other@example.com"}, "fill": {paymentstest.CardAlwaysSecure}})
	says(page, "4000 0027 6000 3184", "other@example.com")
	page, _, status = h.Post(t, s.URL, url.Values{"number": {"4242424242424241"}})
	if got := strings.Count(page, `aria-invalid="true"`); status != http.StatusUnprocessableEntity || got != 5 {
		t.Errorf("%d faults shown with status %d, want 5 with 422", got, status)
	}
	h.Pay(t, s.URL, paymentstest.CardDeclined)
	page, _, _ = h.Get(t, s.URL)
	says(page, "Votre carte a été refusée")
	h.Pay(t, s.URL, paymentstest.CardSecure)
	page, _, _ = h.Get(t, s.URL+"/secure")
	says(page, "Confirmer cette carte", "•••• 3155", "Confirmer la carte")
	if strings.Contains(page, "Montant") {
		t.Error("the bank's page names an amount")
	}
	page, _, _ = h.Post(t, s.URL+"/secure", url.Values{"answer": {"refuse"}})
	says(page, "Votre banque n’a pas confirmé cette carte")
	if location := h.Keep(t, s.URL, paymentstest.CardSecure); location != "https://shop.example/pledge/12?setup="+s.ID {
		t.Errorf("led to %q", location)
	}
	page, _, _ = h.Get(t, s.URL)
	says(page, "Carte enregistrée")
	late := openSetup(t, h, "late", "fr")
	h.Clock.Advance(2 * time.Hour)
	page, _, status = h.Get(t, late.URL)
	if says(page, "Aucune carte n’a été enregistrée"); status != http.StatusGone {
		t.Errorf("page of an expired setup: %d", status)
	}
}

func TestSetupFlows(t *testing.T) {
	h := paymentstest.Start(t, paymentstest.Options{})
	const opened, kept = "customer.created setup_intent.created ", "payment_method.attached setup_intent.succeeded checkout.session.completed"
	for card, want := range map[string]string{
		paymentstest.CardOK:           opened + kept,
		paymentstest.CardRefusesLater: opened + kept,
		paymentstest.CardNoFunds:      opened + kept,
		paymentstest.CardSecure:       opened + "setup_intent.requires_action " + kept,
		paymentstest.CardAlwaysSecure: opened + "setup_intent.requires_action " + kept,
		paymentstest.CardDeclined:     opened + "setup_intent.setup_failed",
		"378282246310005":             opened + "setup_intent.setup_failed",
	} {
		h.Keep(t, openSetup(t, h, "flow "+card, "fr").URL, card)
		if got := types(h.Events(t)); got != want {
			t.Errorf("%s: events %s\nwant   %s", card, got, want)
		}
	}
	s := openSetup(t, h, "expires", "fr")
	ok(t, h.Client.ExpireSetup(ctx, s.ID))
	if got := types(h.Events(t)); got != opened+"setup_intent.canceled checkout.session.expired" {
		t.Errorf("events %s", got)
	}
	if location := h.Keep(t, h.URL+"/c/pay/"+s.ID, paymentstest.CardOK); location != "" {
		t.Errorf("a card was kept on an expired page, and the buyer sent to %q", location)
	}
	card := keep(t, h, "charged", paymentstest.CardNoFunds)
	h.Events(t)
	_, err := h.Client.ChargeSaved(ctx, chargeOf(card, "1"))
	paymentstest.Refused(t, err, payments.Final, payments.CodeCardDeclined)
	ok(t, h.Sandbox.TurnCard(card.ID, ""))
	_, err = h.Client.ChargeSaved(ctx, chargeOf(card, "2"))
	ok(t, err)
	ok(t, h.Client.Forget(ctx, card.CustomerID))
	want := "payment_intent.created charge.failed payment_intent.payment_failed payment_intent.canceled " +
		"payment_intent.created charge.succeeded payment_intent.succeeded payment_method.detached customer.deleted"
	if got := types(h.Events(t)); got != want {
		t.Errorf("events %s\nwant   %s", got, want)
	}
	if err := h.Sandbox.TurnCard(card.ID, ""); err == nil {
		t.Error("a forgotten card was turned")
	}
}

// What callers do after each way in which a charge can go wrong, and that nobody is ever charged twice by it.
func TestUnknownOutcomesOfCharges(t *testing.T) {
	tests := []struct {
		name    string
		fault   stripesandbox.Fault
		outcome payments.Outcome
		happens int // charges after the failed call
	}{
		{"cut before", stripesandbox.Fault{}, payments.Retry, 0},
		{"cut after", stripesandbox.Fault{Effect: true}, payments.Retry, 1},
		{"half an answer", stripesandbox.Fault{Effect: true, Truncate: true}, payments.Retry, 1},
		{"unavailable", stripesandbox.Fault{Status: 503}, payments.Retry, 0},
		{"internal error, nothing done", stripesandbox.Fault{Status: 500}, payments.LookUp, 0},
		{"internal error, done", stripesandbox.Fault{Status: 500, Effect: true}, payments.LookUp, 1},
	}
	for _, tt := range tests {
		for card, code := range map[string]string{paymentstest.CardOK: "", paymentstest.CardNoFunds: payments.CodeCardDeclined} {
			t.Run(tt.name+" "+card, func(t *testing.T) {
				h := paymentstest.Start(t, paymentstest.Options{})
				kept := keep(t, h, "k", card)
				tt.fault.Method, tt.fault.Path, tt.fault.Times = "POST", "/v1/payment_intents", 1
				if tt.outcome == payments.Retry {
					tt.fault.Times = 10 // more than the client tries by itself
				}
				h.Sandbox.Inject(tt.fault)
				_, err := h.Client.ChargeSaved(ctx, chargeOf(kept, "1"))
				if got := payments.OutcomeOf(err); err == nil || got != tt.outcome {
					t.Fatalf("outcome %s (%v), want %s", got, err, tt.outcome)
				}
				h.Sandbox.ClearFaults()
				if tt.outcome == payments.Retry {
					_, err := h.Client.ChargeSaved(ctx, chargeOf(kept, "1"))
					if payments.CodeOf(err) != code {
						t.Errorf("asked again: %v, want %q", err, code)
					}
					tt.happens = 1
				}
				found, err := h.Client.FindCharges(ctx, kept.CustomerID)
				if err != nil || len(found) != tt.happens {
					t.Fatalf("found %+v, %v, want %d", found, err, tt.happens)
				}
				closed(t, h, found, code)
			})
		}
	}
}

// closed checks that charges are paid, or refused with that code and canceled at the provider.
func closed(t *testing.T, h *paymentstest.Harness, found []payments.Charge, code string) {
	t.Helper()
	for _, ch := range found {
		_, text, _ := raw(t, h, "GET", "/v1/payment_intents/"+ch.PaymentIntentID, nil, nil)
		var intent struct{ Status string }
		ok(t, json.Unmarshal([]byte(text), &intent))
		status := intent.Status
		if code == "" && (!ch.Paid || status != "succeeded") || code != "" && (ch.State != payments.ChargeRefused || ch.Failure != code || status != "canceled") {
			t.Errorf("it ends as %+v, %s, want %q", ch, status, code)
		}
	}
}

// Whatever goes wrong while a refused charge is closed, its refusal is told only afterwards.
func TestARefusalThatIsNotClosedYet(t *testing.T) {
	for name, fault := range map[string]stripesandbox.Fault{
		"cut before": {}, "cut after": {Effect: true}, "internal error": {Status: 500}, "internal error, done": {Status: 500, Effect: true}, "gateway": {Status: 502, HTML: true},
	} {
		t.Run(name, func(t *testing.T) {
			h := paymentstest.Start(t, paymentstest.Options{})
			kept := keep(t, h, "k", paymentstest.CardNoFunds)
			fault.Method, fault.Path, fault.Times = "POST", "/v1/payment_intents/", 10
			h.Sandbox.Inject(fault)
			_, err := h.Client.ChargeSaved(ctx, chargeOf(kept, "1"))
			if payments.OutcomeOf(err) != payments.Retry {
				t.Errorf("not closed, and told %v", err)
			}
			h.Sandbox.ClearFaults()
			_, err = h.Client.ChargeSaved(ctx, chargeOf(kept, "1"))
			paymentstest.Refused(t, err, payments.Final, payments.CodeCardDeclined)
			found, err := h.Client.FindCharges(ctx, kept.CustomerID)
			if err != nil || len(found) != 1 {
				t.Errorf("found %+v, %v", found, err)
			}
			closed(t, h, found, payments.CodeCardDeclined)
		})
	}
}

// forget has a customer forgotten as a job does: it asks until it is told so.
func forget(t *testing.T, h *paymentstest.Harness, customerID string) {
	t.Helper()
	err := h.Client.Forget(ctx, customerID)
	for range 100 {
		if err == nil || payments.OutcomeOf(err) == payments.Final {
			break
		}
		err = h.Client.Forget(ctx, customerID)
	}
	if err != nil {
		t.Error(err)
	}
}

// forgotten checks that the provider knows no more of a customer than that they were deleted.
func forgotten(t *testing.T, h *paymentstest.Harness, customerID string) {
	t.Helper()
	want := `{"deleted":true,"id":"` + customerID + `","object":"customer"}`
	if _, text, _ := raw(t, h, "GET", "/v1/customers/"+customerID, nil, nil); text != want {
		t.Errorf("customer %s, want %s", text, want)
	}
}

// However the first call goes wrong, a customer is forgotten once, and asking again is no error.
func TestUnknownOutcomesOfForgetting(t *testing.T) {
	for name, fault := range map[string]stripesandbox.Fault{
		"cut before": {}, "cut after": {Effect: true}, "half an answer": {Effect: true, Truncate: true}, "unavailable": {Status: 503},
		"internal error, nothing done": {Status: 500}, "internal error, done": {Status: 500, Effect: true},
	} {
		for _, times := range []int{1, 10} { // less and more than the client tries by itself
			t.Run(fmt.Sprint(name, " ", times), func(t *testing.T) {
				h := paymentstest.Start(t, paymentstest.Options{})
				kept := keep(t, h, "k", paymentstest.CardOK)
				h.Events(t)
				fault.Method, fault.Path, fault.Times = "DELETE", "/v1/customers/", times
				h.Sandbox.Inject(fault)
				if err := h.Client.Forget(ctx, kept.CustomerID); payments.OutcomeOf(err) == payments.Final && err != nil {
					t.Errorf("it ends as %v", err)
				}
				h.Sandbox.ClearFaults()
				ok(t, h.Client.Forget(ctx, kept.CustomerID))
				forgotten(t, h, kept.CustomerID)
				if got := types(h.Events(t)); got != "payment_method.detached customer.deleted" {
					t.Errorf("events %s", got)
				}
			})
		}
	}
}

// Nobody leaves a card for a customer who is gone, and be it that their bank is just looking at it.
func TestNoCardIsKeptForTheForgotten(t *testing.T) {
	h := paymentstest.Start(t, paymentstest.Options{})
	s := openSetup(t, h, "secure", "fr")
	h.Pay(t, s.URL, paymentstest.CardSecure)
	ok(t, h.Client.Forget(ctx, s.CustomerID))
	h.Events(t)
	h.Post(t, s.URL+"/secure", url.Values{"answer": {"confirm"}})
	if got := types(h.Events(t)); got != "setup_intent.setup_failed" {
		t.Errorf("events %s", got)
	}
	if after, err := h.Client.Setup(ctx, s.ID); err != nil || after != s {
		t.Errorf("it reads %+v, %v, want %+v", after, err, s)
	}
}

// Whoever keeps to the rule of outcomes charges everybody once, or nobody who refuses, and leaves nothing open. Everybody is forgotten.
func TestNobodyIsChargedTwiceInChaos(t *testing.T) {
	t.Parallel()
	h := paymentstest.Start(t, paymentstest.Options{})
	const buyers = 30
	var kept [buyers]payments.SavedCard
	for i := range kept {
		kept[i] = keep(t, h, fmt.Sprint(i), []string{paymentstest.CardOK, paymentstest.CardNoFunds, paymentstest.CardAlwaysSecure}[i%3])
	}
	h.Sandbox.Chaos(stripesandbox.ChaosOptions{Seed: 11, Rate: 400, MostDelay: time.Millisecond})
	var all sync.WaitGroup
	for worker := range 6 {
		all.Go(func() {
			for i := worker; i < buyers; i += 6 {
				chargeOnce(t, h, chargeOf(kept[i], fmt.Sprint("charge ", i)))
				forget(t, h, kept[i].CustomerID)
			}
		})
	}
	all.Wait()
	h.Sandbox.Chaos(stripesandbox.ChaosOptions{})
	for i, card := range kept {
		_, text, _ := raw(t, h, "GET", "/v1/payment_intents", url.Values{"customer": {card.CustomerID}}, nil)
		statuses := map[string]int{}
		for _, pi := range parse(t, text).Data {
			statuses[pi.Status]++
		}
		paid := 0
		if i%3 == 0 {
			paid = 1
		}
		if statuses["succeeded"] != paid || statuses["succeeded"]+statuses["canceled"] != len(parse(t, text).Data) {
			t.Errorf("buyer %d: %v, want %d paid and nothing open", i, statuses, paid)
		}
		forgotten(t, h, card.CustomerID)
	}
}

// chargeOnce charges as a job does: the same key as long as nobody knows, and a new one when it was looked and nothing was found.
func chargeOnce(t *testing.T, h *paymentstest.Harness, r payments.ChargeRequest) {
	for range 100 {
		_, err := h.Client.ChargeSaved(ctx, r)
		switch {
		case err == nil, payments.OutcomeOf(err) == payments.Final:
			return
		case payments.OutcomeOf(err) == payments.Retry:
			continue
		}
		found, err := h.Client.FindCharges(ctx, r.CustomerID)
		for err != nil {
			found, err = h.Client.FindCharges(ctx, r.CustomerID)
		}
		if len(found) > 0 && found[0].Reference == r.Reference {
			return
		}
		r.Reference += "'"
	}
	t.Errorf("charge %s does not get through", r.Reference)
}

// A charge of a kept card is money as any other: with a fee, pending until it settles, given back, disputed.
func TestChargesOfKeptCardsAreMoney(t *testing.T) {
	h := paymentstest.Start(t, paymentstest.Options{FeeBps: 150, FeeMinor: 25, SettleDelay: 24 * time.Hour})
	charged := func(reference, card string) payments.Charge {
		t.Helper()
		ch, err := h.Client.ChargeSaved(ctx, chargeOf(keep(t, h, reference, card), reference))
		ok(t, err)
		return ch
	}
	ch := charged("fee", paymentstest.CardOK)
	moved, err := h.Client.MovementsOf(ctx, ch.ChargeID)
	if err != nil || len(moved) != 1 || moved[0].FeeMinor != 62 || !moved[0].AvailableOn.Equal(h.Clock.Now().Add(24*time.Hour)) {
		t.Errorf("it moved %+v, %v", moved, err)
	}
	refund, err := h.Client.Refund(ctx, payments.RefundRequest{Reference: "back", PaymentIntentID: ch.PaymentIntentID, Amount: money.New(440, "EUR"), OrderID: "42"})
	if err != nil || refund.State != payments.RefundSucceeded {
		t.Errorf("refund %+v, %v", refund, err)
	}
	_, err = h.Sandbox.OpenDispute(ch.PaymentIntentID, 0, "fraudulent", false)
	ok(t, err)
	fraud := charged("fraud", paymentstest.CardFraud)
	slow := charged("slow", paymentstest.CardRefundSlow)
	refund, err = h.Client.Refund(ctx, payments.RefundRequest{Reference: "slow back", PaymentIntentID: slow.PaymentIntentID, Amount: slow.Amount, OrderID: "42"})
	if err != nil || refund.State != payments.RefundPending {
		t.Errorf("a slow refund is %+v, %v", refund, err)
	}
	for _, intent := range []string{ch.PaymentIntentID, fraud.PaymentIntentID} {
		if found, err := h.Client.FindDisputes(ctx, intent); err != nil || len(found) != 1 || found[0].State != payments.DisputeNeedsResponse {
			t.Errorf("disputes %+v, %v", found, err)
		}
	}
}

func TestKeptCardsOutliveTheSandbox(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	h := paymentstest.Start(t, paymentstest.Options{Path: path})
	card := keep(t, h, "kept", paymentstest.CardAlwaysSecure)
	ok(t, h.Sandbox.TurnCard(card.ID, "lost_card"))
	s := openSetup(t, h, "open", "fr")
	gone := keep(t, h, "gone", paymentstest.CardOK)
	ok(t, h.Client.Forget(ctx, gone.CustomerID))
	after := paymentstest.Start(t, paymentstest.Options{Path: copyOf(t, path, ""), Now: h.Clock.Now})
	_, err := after.Client.ChargeSaved(ctx, chargeOf(card, "1"))
	paymentstest.Refused(t, err, payments.Final, payments.CodeCardDeclined)
	_, err = after.Client.ChargeSaved(ctx, chargeOf(gone, "2"))
	paymentstest.Refused(t, err, payments.Final, payments.CodeCardGone)
	forgotten(t, after, gone.CustomerID)
	if page, _, _ := after.Get(t, after.URL+strings.TrimPrefix(s.URL, h.URL)); !strings.Contains(page, "J’accepte que Relais débite ma carte") {
		t.Error("the page has forgotten to what the buyer agrees")
	}
}

func TestKeptCardsExpire(t *testing.T) {
	h := paymentstest.Start(t, paymentstest.Options{})
	card := keep(t, h, "kept", paymentstest.CardOK) // until 12/34
	h.Clock.Advance(time.Date(2034, 12, 31, 23, 0, 0, 0, time.UTC).Sub(h.Clock.Now()))
	_, err := h.Client.ChargeSaved(ctx, chargeOf(card, "in its last hour"))
	ok(t, err)
	h.Clock.Advance(time.Hour)
	_, err = h.Client.ChargeSaved(ctx, chargeOf(card, "too late"))
	if e, is := err.(*payments.Error); !is || e.Code != payments.CodeCardDeclined || e.Decline != "expired_card" {
		t.Errorf("an expired card: %v", err)
	}
}

// What our adapter does not call, or never wrongly.
func TestKeptCardsByTheAPI(t *testing.T) {
	h := paymentstest.Start(t, paymentstest.Options{Wrap: func(next http.Handler) http.Handler { return openapi.Middleware(t, next) }})
	card := keep(t, h, "kept", paymentstest.CardSecure)
	other := keep(t, h, "other", paymentstest.CardOK)
	call := func(method, path string, form url.Values, want int, code string) {
		t.Helper()
		status, text, _ := raw(t, h, method, path, form, nil)
		var answer struct{ Error struct{ Code string } }
		ok(t, json.Unmarshal([]byte(text), &answer))
		if status != want || answer.Error.Code != code {
			t.Errorf("%s %s: %d %s, want %d %s", method, path, status, text, want, code)
		}
	}
	call("GET", "/v1/customers/"+card.CustomerID, nil, 200, "")
	call("GET", "/v1/payment_methods/"+card.ID, url.Values{"expand[]": {"customer"}}, 200, "")
	call("GET", "/v1/checkout/sessions", url.Values{"expand[]": {"data.setup_intent", "data.customer"}}, 200, "")
	charge := func(change ...string) url.Values {
		v := url.Values{"amount": {"100"}, "currency": {"eur"}, "customer": {card.CustomerID}, "payment_method": {card.ID}, "payment_method_types[]": {"card"},
			"off_session": {"true"}, "confirm": {"true"}}
		for i := 0; i < len(change); i += 2 {
			v.Set(change[i], change[i+1])
		}
		return v
	}
	call("POST", "/v1/payment_intents", charge("expand[0]", "customer", "expand[1]", "latest_charge"), 200, "")
	call("POST", "/v1/payment_intents", charge("confirm", "false"), 400, "")
	call("POST", "/v1/payment_intents", charge("customer", "cus_unknown"), 400, "resource_missing")
	call("POST", "/v1/payment_intents", charge("customer", other.CustomerID), 400, "")
	call("POST", "/v1/payment_intents", charge("amount", "1"), 400, "amount_too_small")
	call("POST", "/v1/payment_methods/"+card.ID+"/attach", url.Values{"customer": {card.CustomerID}}, 200, "")
	call("POST", "/v1/payment_methods/"+card.ID+"/attach", url.Values{"customer": {other.CustomerID}}, 400, "")
	call("POST", "/v1/payment_methods/pm_card_unknown/attach", url.Values{"customer": {other.CustomerID}}, 404, "resource_missing")
	call("DELETE", "/v1/customers/"+card.CustomerID, nil, 200, "")
	call("DELETE", "/v1/customers/"+card.CustomerID, nil, 404, "resource_missing")
	call("GET", "/v1/customers/"+card.CustomerID, nil, 200, "")
	call("GET", "/v1/payment_methods/"+card.ID, nil, 200, "")
	call("GET", "/v1/payment_intents", url.Values{"customer": {card.CustomerID}}, 200, "")
	call("POST", "/v1/payment_intents", charge(), 400, "resource_missing")
	call("POST", "/v1/payment_intents", charge("customer", other.CustomerID), 400, "")
	call("POST", "/v1/payment_methods/pm_card_visa/attach", url.Values{"customer": {card.CustomerID}}, 400, "resource_missing")
	session := url.Values{"mode": {"setup"}, "success_url": {"https://a.example"}, "customer": {other.CustomerID}}
	call("POST", "/v1/checkout/sessions", session, 200, "")
	session.Set("customer", card.CustomerID)
	call("POST", "/v1/checkout/sessions", session, 400, "resource_missing")
	session.Set("customer", "cus_unknown")
	call("POST", "/v1/checkout/sessions", session, 400, "resource_missing")
	session.Del("customer")
	call("POST", "/v1/checkout/sessions", session, 400, "parameter_missing")
	checkEvents(t, h)
}
