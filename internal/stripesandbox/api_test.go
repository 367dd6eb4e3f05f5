package stripesandbox_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"relais/internal/payments/paymentstest"
	"relais/internal/payments/paymentstest/openapi"
)

// object reads the fields of an answer that tests look at.
type object struct {
	ID      string `json:"id"`
	HasMore bool   `json:"has_more"`
	Data    []struct {
		ID     string `json:"id"`
		Status string `json:"status"`
		Type   string `json:"type"`
	} `json:"data"`
	Status          string `json:"status"`
	AmountReversed  int64  `json:"amount_reversed"`
	PendingWebhooks int    `json:"pending_webhooks"`
	LatestCharge    struct {
		ID                 string `json:"id"`
		BalanceTransaction struct {
			Net int64 `json:"net"`
		} `json:"balance_transaction"`
	} `json:"latest_charge"`
	Error struct {
		Type    string `json:"type"`
		Code    string `json:"code"`
		Message string `json:"message"`
		Param   string `json:"param"`
	} `json:"error"`
}

func parse(t *testing.T, text string) object {
	t.Helper()
	var o object
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		t.Fatalf("answer %s: %v", text, err)
	}
	return o
}

func TestOnlyTestKeys(t *testing.T) {
	h := paymentstest.Start(t, paymentstest.Options{})
	for key, want := range map[string]int{"sk_test_x": 200, "rk_test_x": 200, "sk_live_x": 401, "rk_live_x": 401, "sk_test_": 401, "": 401, "hello": 401} {
		status, text, header := raw(t, h, "GET", "/v1/balance", nil, map[string]string{"Authorization": "Bearer " + key})
		if status != want {
			t.Errorf("key %q: %d %s", key, status, text)
		}
		if !strings.HasPrefix(header.Get("Request-Id"), "req_") {
			t.Errorf("key %q: no Request-Id", key)
		}
	}
	if status, text, _ := raw(t, h, "GET", "/v1/balance", nil, map[string]string{"Stripe-Version": "2020-08-27"}); status != 400 {
		t.Errorf("other API version: %d %s", status, text)
	}
	if status, _, _ := raw(t, h, "GET", "/v1/customers", nil, nil); status != 404 {
		t.Errorf("unserved route: %d", status)
	}
}

func TestParametersAreChecked(t *testing.T) {
	h := paymentstest.Start(t, paymentstest.Options{})
	good := func(change ...string) url.Values {
		v := url.Values{"amount": {"100"}, "currency": {"eur"}, "destination": {"acct_x"}}
		for i := 0; i < len(change); i += 2 {
			v.Set(change[i], change[i+1])
		}
		return v
	}
	tests := []struct {
		name, path  string
		form        url.Values
		code, param string
	}{
		{"missing", "/v1/transfers", url.Values{"amount": {"1"}, "currency": {"eur"}}, "parameter_missing", "destination"},
		{"empty", "/v1/transfers", good("destination", ""), "parameter_invalid_empty", "destination"},
		{"unknown", "/v1/transfers", good("colour", "red"), "parameter_unknown", "colour"},
		{"not a number", "/v1/transfers", good("amount", "1.5"), "parameter_invalid_integer", "amount"},
		{"zero", "/v1/transfers", good("amount", "0"), "parameter_invalid_integer", "amount"},
		{"negative", "/v1/transfers", good("amount", "-5"), "parameter_invalid_integer", "amount"},
		{"too large", "/v1/transfers", good("amount", "100000000000"), "parameter_invalid_integer", "amount"},
		{"currency", "/v1/transfers", good("currency", "xyz"), "", "currency"},
		{"nobody", "/v1/transfers", good(), "resource_missing", "destination"},
		{"expand", "/v1/transfers", good("expand[]", "a.b.c.d.e.f"), "resource_missing", "destination"},
		{"reason", "/v1/refunds", url.Values{"payment_intent": {"pi_x"}, "reason": {"regret"}}, "", "reason"},
		{"neither charge nor intent", "/v1/refunds", nil, "parameter_missing", ""},
		{"long metadata key", "/v1/transfers", good("metadata["+strings.Repeat("k", 41)+"]", "v"), "", "metadata[" + strings.Repeat("k", 41) + "]"},
		{"custom account", "/v1/accounts", url.Values{"type": {"custom"}}, "", "type"},
		{"country", "/v1/accounts", url.Values{"type": {"express"}, "country": {"XX"}}, "", "country"},
		{"no lines", "/v1/checkout/sessions", url.Values{"mode": {"payment"}, "success_url": {"https://a.example"}}, "parameter_missing", "line_items"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, text, _ := raw(t, h, "POST", tt.path, tt.form, nil)
			if got := parse(t, text).Error; status != 400 || got.Code != tt.code || got.Param != tt.param {
				t.Errorf("%d %s", status, text)
			}
		})
	}
}

func TestCheckoutLimits(t *testing.T) {
	h := paymentstest.Start(t, paymentstest.Options{})
	ask := func(unit string, life time.Duration) (int, object) {
		status, text, _ := raw(t, h, "POST", "/v1/checkout/sessions", url.Values{
			"mode": {"payment"}, "success_url": {"https://a.example"}, "line_items[0][quantity]": {"1"}, "line_items[0][price_data][currency]": {"eur"},
			"line_items[0][price_data][unit_amount]": {unit}, "line_items[0][price_data][product_data][name]": {"n"},
			"expires_at": {strings.TrimSpace(string(mustJSON(t, h.Clock.Now().Add(life).Unix())))},
		}, nil)
		return status, parse(t, text)
	}
	tests := []struct {
		unit string
		life time.Duration
		want int
	}{
		{"50", 30 * time.Minute, 200}, {"49", 30 * time.Minute, 400}, {"100000000", 30 * time.Minute, 400},
		{"50", 30*time.Minute - time.Second, 400}, {"50", 24 * time.Hour, 200}, {"50", 25 * time.Hour, 400},
	}
	for _, tt := range tests {
		if status, o := ask(tt.unit, tt.life); status != tt.want {
			t.Errorf("%s minor units for %v: %d %s", tt.unit, tt.life, status, o.Error.Message)
		}
	}
}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestIdempotency(t *testing.T) {
	h := paymentstest.Start(t, paymentstest.Options{})
	h.Pay(t, open(t, h, "funds").URL, paymentstest.CardInstant)
	form := url.Values{"amount": {"100"}, "currency": {"eur"}, "destination": {payee(t, h, "p")}, "metadata[a]": {"1"}, "metadata[b]": {"2"}}
	post := func(key string, form url.Values) (int, string, http.Header) {
		return raw(t, h, "POST", "/v1/transfers", form, map[string]string{"Idempotency-Key": key})
	}
	_, first, header := post("k1", form)
	if header.Get("Idempotent-Replayed") != "" {
		t.Error("the first answer says it is a replay")
	}
	_, again, header := post("k1", form)
	if again != first || header.Get("Idempotent-Replayed") != "true" || header.Get("Original-Request") == "" {
		t.Errorf("replay differs, or does not say so: %s", again)
	}
	if got := available(t, h); got != 2340 {
		t.Errorf("two calls with one key took %d", 2440-got)
	}
	status, text, _ := post("k1", url.Values{"amount": {"101"}, "currency": {"eur"}, "destination": form["destination"]})
	if got := parse(t, text).Error; status != 400 || got.Type != "idempotency_error" {
		t.Errorf("other parameters: %d %s", status, text)
	}
	short := url.Values{"amount": {"999999"}, "currency": {"eur"}, "destination": form["destination"]}
	post("k2", short)
	h.Pay(t, open(t, h, "more").URL, paymentstest.CardInstant)
	if status, _, header := post("k2", short); status != 400 || header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("a refusal was not repeated: %d", status)
	}
	bad := url.Values{"amount": {"1"}, "currency": {"eur"}}
	post("k3", bad)
	bad.Set("destination", form.Get("destination"))
	if status, text, _ := post("k3", bad); status != 200 {
		t.Errorf("a malformed request was remembered: %d %s", status, text)
	}
}

// Every route that we serve answers as Stripe describes it, also where our adapter does not call it.
func TestAnswersAreAsDescribed(t *testing.T) {
	h := paymentstest.Start(t, paymentstest.Options{Wrap: func(next http.Handler) http.Handler { return openapi.Middleware(t, next) }})
	acct := payee(t, h, "p")
	c := open(t, h, "sale")
	h.Pay(t, c.URL, paymentstest.CardInstant)
	h.Pay(t, open(t, h, "declined").URL, paymentstest.CardDeclined)
	h.Pay(t, open(t, h, "secure").URL, paymentstest.CardSecure)
	c = reread(t, h, c)
	as := map[string]string{"Stripe-Account": acct}
	call := func(method, path string, form url.Values, header map[string]string) object {
		t.Helper()
		status, text, _ := raw(t, h, method, path, form, header)
		if status != 200 {
			t.Errorf("%s %s: %d %s", method, path, status, text)
		}
		return parse(t, text)
	}
	tr := call("POST", "/v1/transfers", url.Values{"amount": {"1000"}, "currency": {"eur"}, "destination": {acct}, "source_transaction": {c.ChargeID}, "transfer_group": {"g"}, "expand[]": {"destination_payment.balance_transaction"}}, nil)
	call("POST", "/v1/transfers/"+tr.ID+"/reversals", url.Values{"amount": {"300"}}, nil)
	call("GET", "/v1/transfers/"+tr.ID+"/reversals", nil, nil)
	if got := call("GET", "/v1/transfers/"+tr.ID, nil, nil); got.AmountReversed != 300 {
		t.Errorf("reversed %d, want 300", got.AmountReversed)
	}
	po := call("POST", "/v1/payouts", url.Values{"amount": {"200"}, "currency": {"eur"}}, as)
	call("GET", "/v1/payouts/"+po.ID, nil, as)
	call("GET", "/v1/payouts", url.Values{"status": {"pending"}}, as)
	call("GET", "/v1/balance", nil, as)
	call("GET", "/v1/balance_transactions", url.Values{"expand[]": {"data.source"}}, as)
	call("POST", "/v1/accounts/"+acct, url.Values{"metadata[a]": {"b"}, "email": {"new@example.com"}}, nil)
	intent := call("GET", "/v1/payment_intents/"+c.PaymentIntentID, url.Values{"expand[]": {"latest_charge.balance_transaction"}}, nil)
	if intent.LatestCharge.ID != c.ChargeID || intent.LatestCharge.BalanceTransaction.Net != 2440 {
		t.Errorf("expanded to %+v", intent.LatestCharge)
	}
	call("GET", "/v1/charges/"+c.ChargeID, nil, nil)
	call("POST", "/v1/refunds", url.Values{"charge": {c.ChargeID}, "amount": {"5"}}, nil)
	for _, path := range []string{"accounts", "checkout/sessions", "payment_intents", "charges", "refunds", "transfers", "balance_transactions", "payouts", "events"} {
		call("GET", "/v1/"+path, url.Values{"limit": {"2"}, "created[gte]": {"0"}}, nil)
	}
	call("POST", "/v1/accounts/"+acct+"/reject", url.Values{"reason": {"other"}}, nil)
	call("DELETE", "/v1/accounts/"+acct, nil, nil)
	checkEvents(t, h)
}

func checkEvents(t *testing.T, h *paymentstest.Harness) {
	t.Helper()
	spec, err := openapi.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range h.Events(t) {
		if err := spec.Event(e.Payload); err != nil {
			t.Error(err)
		}
	}
}

func TestListsArePaged(t *testing.T) {
	h := paymentstest.Start(t, paymentstest.Options{})
	h.Pay(t, open(t, h, "funds").URL, paymentstest.CardInstant)
	acct := payee(t, h, "p")
	var want []string
	for i := range 5 {
		tr, err := h.Client.Send(ctx, transfer(string(rune('a'+i)), acct, 100))
		if err != nil {
			t.Fatal(err)
		}
		want = append([]string{tr.ID}, want...)
	}
	var got []string
	form := url.Values{"limit": {"2"}}
	for range 3 {
		_, text, _ := raw(t, h, "GET", "/v1/transfers", form, nil)
		page := parse(t, text)
		for _, o := range page.Data {
			got = append(got, o.ID)
		}
		if page.HasMore != (len(got) < 5) {
			t.Errorf("after %d: has_more %v", len(got), page.HasMore)
		}
		form.Set("starting_after", got[len(got)-1])
	}
	if !slices.Equal(got, want) {
		t.Errorf("pages gave %v, want %v", got, want)
	}
	_, text, _ := raw(t, h, "GET", "/v1/transfers", url.Values{"limit": {"2"}, "ending_before": {want[4]}}, nil)
	if page := parse(t, text); len(page.Data) != 2 || page.Data[0].ID != want[2] || !page.HasMore {
		t.Errorf("before the last: %+v, want to begin with %s", page, want[2])
	}
}

func TestTransfersDrawOnTheirCharge(t *testing.T) {
	h := paymentstest.Start(t, paymentstest.Options{SettleDelay: 24 * time.Hour})
	acct := payee(t, h, "p")
	c := open(t, h, "sale")
	h.Pay(t, c.URL, paymentstest.CardOK)
	c = reread(t, h, c)
	send := func(amount, currency string) (int, string) {
		status, text, _ := raw(t, h, "POST", "/v1/transfers", url.Values{"amount": {amount}, "currency": {currency}, "destination": {acct}, "source_transaction": {c.ChargeID}}, nil)
		return status, parse(t, text).Error.Message
	}
	if status, message := send("2000", "eur"); status != 200 {
		t.Errorf("from an unsettled charge: %s", message)
	}
	if status, message := send("441", "eur"); status != 400 || !strings.Contains(message, "must not exceed the source amount of €24.40. (There is already a transfer using this source, amounting to €20.00.)") {
		t.Errorf("beyond the charge: %d %s", status, message)
	}
	if status, message := send("1", "usd"); status != 400 || !strings.Contains(message, "(eur) must be the same as the transfer currency (usd)") {
		t.Errorf("other currency: %d %s", status, message)
	}
	if status, _ := send("440", "eur"); status != 200 {
		t.Error("the rest of the charge was refused")
	}
}

func TestReversalsNeedTheMoney(t *testing.T) {
	h := paymentstest.Start(t, paymentstest.Options{})
	h.Pay(t, open(t, h, "funds").URL, paymentstest.CardInstant)
	acct := payee(t, h, "p")
	tr, err := h.Client.Send(ctx, transfer("1", acct, 1000))
	if err != nil {
		t.Fatal(err)
	}
	reverse := func(amount string) object {
		_, text, _ := raw(t, h, "POST", "/v1/transfers/"+tr.ID+"/reversals", url.Values{"amount": {amount}}, nil)
		return parse(t, text)
	}
	if got := reverse("1001").Error.Param; got != "amount" {
		t.Error("more than the transfer was reversed")
	}
	h.Clock.Advance(24 * time.Hour) // the account's automatic payout takes the rest
	raw(t, h, "GET", "/v1/balance", nil, nil)
	if got := reverse("1000").Error.Code; got != "balance_insufficient" {
		t.Errorf("reversed from an empty account: %q", got)
	}
	found, err := h.Client.FindTransfers(ctx, "payout_1")
	if err != nil || len(found) != 1 || found[0].Reversed != 0 {
		t.Errorf("transfer %+v, %v", found, err)
	}
}

func TestAutomaticPayouts(t *testing.T) {
	h := paymentstest.Start(t, paymentstest.Options{})
	h.Pay(t, open(t, h, "funds").URL, paymentstest.CardInstant)
	acct := payee(t, h, "p")
	if _, err := h.Client.Send(ctx, transfer("1", acct, 1000)); err != nil {
		t.Fatal(err)
	}
	h.Events(t)
	h.Clock.Advance(24 * time.Hour)
	if err := h.Sandbox.Tick(); err != nil {
		t.Fatal(err)
	}
	h.Clock.Advance(48 * time.Hour)
	if err := h.Sandbox.Tick(); err != nil {
		t.Fatal(err)
	}
	events := h.Events(t)
	if types(events) != "payout.created payout.paid" || events[0].Account != acct {
		t.Errorf("events %+v", events)
	}
	_, text, _ := raw(t, h, "GET", "/v1/payouts", nil, map[string]string{"Stripe-Account": acct})
	if page := parse(t, text); len(page.Data) != 1 || page.Data[0].Status != "paid" {
		t.Errorf("payouts %s", text)
	}
	checkEvents(t, h)
}
