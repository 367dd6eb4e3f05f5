package stripe_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"relais/internal/money"
	"relais/internal/payments"
	"relais/internal/payments/paymentstest"
	"relais/internal/stripe"
)

// inTurn is a client of a Stripe that gives these answers, by method and path, the last of them for ever, and the calls that it got.
func inTurn(t *testing.T, script map[string][]string) (*stripe.Client, *[]string) {
	t.Helper()
	calls := &[]string{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		call := r.Method + " " + r.URL.Path
		*calls = append(*calls, call)
		answers := script[call]
		if len(answers) == 0 {
			t.Errorf("unexpected call %s", call)
			return
		}
		if len(answers) > 1 {
			script[call] = answers[1:]
		}
		status := map[byte]int{'2': 200, '4': 402, '0': 400, '5': 500}[answers[0][0]]
		w.WriteHeader(status)
		if _, err := io.WriteString(w, answers[0][1:]); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return client(t, func(o *stripe.Options) { o.URL = server.URL }), calls
}

const (
	intentOpen     = `{"id":"pi_1","object":"payment_intent","amount":500,"currency":"eur","status":"requires_payment_method"}`
	intentCanceled = `{"id":"pi_1","object":"payment_intent","amount":500,"currency":"eur","status":"canceled"}`
	intentPaid     = `{"id":"pi_1","object":"payment_intent","amount":500,"currency":"eur","status":"succeeded"}`
	intentAsks     = `{"id":"pi_1","object":"payment_intent","amount":500,"currency":"eur","status":"requires_action"}`
	poor           = `4{"error":{"type":"card_error","code":"card_declined","decline_code":"insufficient_funds","message":"No.","payment_intent":` + intentOpen + `}}`
	broken         = `5{"error":{"type":"api_error","message":"Sorry"}}`
	overAlready    = `0{"error":{"type":"invalid_request_error","code":"payment_intent_unexpected_state","message":"Too late."}}`

	create = "POST /v1/payment_intents"
	cancel = "POST /v1/payment_intents/pi_1/cancel"
	look   = "GET /v1/payment_intents/pi_1"
)

var kept = payments.ChargeRequest{Reference: "pledge:7:1", CardID: "pm_1", CustomerID: "cus_1", Amount: money.New(500, "EUR"), OrderID: "7", OrderNumber: "R-7"}

// A refusal is not told before what was refused is closed.
func TestARefusedChargeIsClosedFirst(t *testing.T) {
	ctx := context.Background()
	c, calls := inTurn(t, map[string][]string{create: {poor}, cancel: {broken, "2" + intentCanceled}})
	_, err := c.ChargeSaved(ctx, kept)
	paymentstest.Refused(t, err, payments.Retry, "api_error")
	_, err = c.ChargeSaved(ctx, kept)
	paymentstest.Refused(t, err, payments.Final, payments.CodeCardDeclined)
	if want := []string{create, cancel, create, cancel}; !slices.Equal(*calls, want) {
		t.Errorf("calls %v, want %v", *calls, want)
	}
}

func TestARefusedChargeThatIsOver(t *testing.T) {
	tests := []struct {
		name    string
		intent  string
		want    payments.ChargeState // empty: refused
		outcome payments.Outcome
	}{
		{"closed by another call", intentCanceled, "", payments.Final},
		{"paid by somebody", intentPaid, payments.ChargePaid, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := inTurn(t, map[string][]string{create: {poor}, cancel: {overAlready}, look: {"2" + tt.intent}})
			ch, err := c.ChargeSaved(context.Background(), kept)
			if tt.want == "" {
				paymentstest.Refused(t, err, tt.outcome, payments.CodeCardDeclined)
			} else if err != nil || ch.State != tt.want || !ch.Paid {
				t.Errorf("%+v, %v, want %s", ch, err, tt.want)
			}
		})
	}
}

func TestAChargeThatAsksForItsOwnerIsRefused(t *testing.T) {
	c, calls := inTurn(t, map[string][]string{create: {"2" + intentAsks}, cancel: {"2" + intentCanceled}})
	_, err := c.ChargeSaved(context.Background(), kept)
	paymentstest.Refused(t, err, payments.Final, payments.CodeAuthentication)
	if want := []string{create, cancel}; !slices.Equal(*calls, want) {
		t.Errorf("calls %v, want %v", *calls, want)
	}
}

// A look-up closes what a call without an answer left open, and leaves alone what is on its way.
func TestFindChargesClosesWhatIsOpen(t *testing.T) {
	const list = `{"object":"list","has_more":false,"url":"/v1/payment_intents","data":[` +
		`{"id":"pi_2","object":"payment_intent","amount":500,"currency":"eur","status":"processing"},` + intentOpen + `]}`
	c, calls := inTurn(t, map[string][]string{"GET /v1/payment_intents": {"2" + list}, cancel: {"2" + intentCanceled}})
	found, err := c.FindCharges(context.Background(), "cus_1")
	if err != nil || len(found) != 2 || found[0].State != payments.ChargeProcessing || found[1].State != payments.ChargeRefused {
		t.Errorf("found %+v, %v", found, err)
	}
	if want := []string{"GET /v1/payment_intents", cancel}; !slices.Equal(*calls, want) {
		t.Errorf("calls %v, want %v", *calls, want)
	}
	c, _ = inTurn(t, map[string][]string{"GET /v1/payment_intents": {"2" + list}, cancel: {broken}})
	if found, err := c.FindCharges(context.Background(), "cus_1"); err == nil {
		t.Errorf("it could not close one, and lists %+v", found)
	}
}

// Whatever Stripe calls the refusal of a card, callers see one of two codes and the bank's word.
func TestRefusalsOfCards(t *testing.T) {
	tests := []struct{ code, word, want, decline string }{
		{"card_declined", "lost_card", payments.CodeCardDeclined, "lost_card"},
		{"card_declined", "", payments.CodeCardDeclined, ""},
		{"expired_card", "", payments.CodeCardDeclined, "expired_card"},
		{"processing_error", "", payments.CodeCardDeclined, "processing_error"},
		{"authentication_required", "authentication_required", payments.CodeAuthentication, "authentication_required"},
		{"authentication_required", "", payments.CodeAuthentication, "authentication_required"},
		{"card_declined", "authentication_required", payments.CodeAuthentication, "authentication_required"},
	}
	for _, tt := range tests {
		body := `4{"error":{"type":"card_error","code":"` + tt.code + `","decline_code":"` + tt.word + `","message":"No."}}`
		c, _ := inTurn(t, map[string][]string{create: {body}})
		_, err := c.ChargeSaved(context.Background(), kept)
		paymentstest.Refused(t, err, payments.Final, tt.want)
		if e, ok := err.(*payments.Error); !ok || e.Decline != tt.decline {
			t.Errorf("%s, %s: the bank's word is %+v, want %s", tt.code, tt.word, err, tt.decline)
		}
	}
}

// Stripe may take the error away when a refused intent is canceled; its charge still says why.
func TestAClosedChargeSaysWhyItWasRefused(t *testing.T) {
	const intent = `{"id":"pi_1","object":"payment_intent","amount":500,"currency":"eur","status":"canceled","metadata":{"reference":"pledge:7:1"},` +
		`"latest_charge":{"id":"ch_1","object":"charge","failure_code":"card_declined","outcome":{"reason":"lost_card"},"payment_method_details":{"card":{"fingerprint":"F"}}}}`
	c, _ := inTurn(t, map[string][]string{look: {"2" + intent}})
	got, err := c.Charge(context.Background(), "pi_1")
	want := payments.Charge{PaymentIntentID: "pi_1", ChargeID: "ch_1", State: payments.ChargeRefused, Amount: money.New(500, "EUR"), Reference: "pledge:7:1",
		CardFingerprint: "F", Failure: payments.CodeCardDeclined, Decline: "lost_card"}
	if err != nil || got != want {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
}

// Stripe refuses to delete a customer twice: whether it deleted them, it says when it is asked for them.
func TestForgetting(t *testing.T) {
	const (
		del     = "DELETE /v1/customers/cus_1"
		ask     = "GET /v1/customers/cus_1"
		gone    = `2{"id":"cus_1","object":"customer","deleted":true}`
		missing = `0{"error":{"type":"invalid_request_error","code":"resource_missing","param":"id","message":"No such customer: 'cus_1'"}}`
	)
	tests := []struct {
		name   string
		script map[string][]string
		calls  []string
		code   string
	}{
		{"at once", map[string][]string{del: {gone}}, []string{del}, ""},
		{"gone already", map[string][]string{del: {missing}, ask: {gone}}, []string{del, ask}, ""},
		{"never known", map[string][]string{del: {missing}, ask: {missing}}, []string{del, ask}, payments.CodeNotFound},
		{"still there", map[string][]string{del: {missing}, ask: {`2{"id":"cus_1","object":"customer"}`}}, []string{del, ask}, payments.CodeNotFound},
		{"out of order, then gone already", map[string][]string{del: {broken, missing}, ask: {gone}}, []string{del, del, ask}, ""},
		{"nobody says", map[string][]string{del: {missing}, ask: {broken}}, []string{del, ask, ask}, "api_error"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, calls := inTurn(t, tt.script)
			if err := c.Forget(context.Background(), "cus_1"); payments.CodeOf(err) != tt.code || (err == nil) != (tt.code == "") {
				t.Errorf("it ends as %v, want %q", err, tt.code)
			}
			if !slices.Equal(*calls, tt.calls) {
				t.Errorf("calls %v, want %v", *calls, tt.calls)
			}
		})
	}
	c, _ := inTurn(t, map[string][]string{create: {missing}})
	_, err := c.ChargeSaved(context.Background(), kept)
	paymentstest.Refused(t, err, payments.Final, payments.CodeCardGone)
}

// A card counts as kept only as long as its customer is there, whatever Stripe still shows of it.
func TestACardIsKeptWithItsCustomer(t *testing.T) {
	for customer, saved := range map[string]bool{`{"id":"cus_1","object":"customer"}`: true, `{"id":"cus_1","object":"customer","deleted":true}`: false} {
		c, _ := inTurn(t, map[string][]string{"GET /v1/checkout/sessions/cs_1": {`2{"id":"cs_1","object":"checkout.session","mode":"setup","status":"complete","customer":` + customer +
			`,"setup_intent":{"id":"seti_1","object":"setup_intent","status":"succeeded","payment_method":` +
			`{"id":"pm_1","object":"payment_method","customer":"cus_1","type":"card","card":{"brand":"visa","last4":"4242"}}}}`}})
		if s, err := c.Setup(context.Background(), "cs_1"); err != nil || s.Saved != saved || s.CustomerID != "cus_1" {
			t.Errorf("with %s it reads %+v, %v", customer, s, err)
		}
	}
}
