package openapi_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"relais/internal/payments/paymentstest/openapi"
)

func load(t *testing.T) *openapi.Spec {
	t.Helper()
	s, err := openapi.Load()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRequests(t *testing.T) {
	const good = "amount=100&currency=eur&destination=acct_1&metadata[payout_id]=9&expand[]=balance_transaction"
	tests := []struct {
		name, method, path, params, want string
	}{
		{"right", "POST", "/v1/transfers", good, ""},
		{"right list", "GET", "/v1/transfers", "limit=3&transfer_group=g&created[gte]=12&expand[0]=data.destination", ""},
		{"right nested", "POST", "/v1/checkout/sessions", "mode=payment&success_url=u&line_items[0][quantity]=1&line_items[0][price_data][currency]=eur&line_items[0][price_data][unit_amount]=5&line_items[0][price_data][product_data][name]=n", ""},
		{"missing parameter", "POST", "/v1/transfers", "amount=100&currency=eur", "destination"},
		{"invented parameter", "POST", "/v1/transfers", good + "&colour=red", "colour"},
		{"invented nested parameter", "POST", "/v1/checkout/sessions", "line_items[0][price_data][colour]=red", "colour"},
		{"word instead of number", "POST", "/v1/transfers", strings.Replace(good, "100", "much", 1), "amount"},
		{"wrong enum", "POST", "/v1/refunds", "reason=regret", "reason"},
		{"invented filter", "GET", "/v1/transfers", "colour=red", "colour"},
		{"no such route", "POST", "/v1/transfer", good, "no POST"},
		{"given twice", "POST", "/v1/transfers", good + "&amount=2", "twice"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { expect(t, load(t).Request(tt.method, tt.path, tt.params), tt.want) })
	}
}

func expect(t *testing.T, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("refused: %v", err)
	case want != "" && err == nil:
		t.Errorf("accepted, want a fault that names %q", want)
	case want != "" && !strings.Contains(err.Error(), want):
		t.Errorf("fault %v does not name %q", err, want)
	}
}

// aTransfer is a right answer, to be changed into wrong ones.
func aTransfer() map[string]any {
	return map[string]any{
		"id": "tr_1", "object": "transfer", "amount": 100, "amount_reversed": 0, "created": 1, "currency": "eur", "livemode": false,
		"metadata": map[string]any{"payout_id": "9"}, "destination": "acct_1", "reversed": false, "source_type": "card",
		"reversals": map[string]any{"object": "list", "data": []any{}, "has_more": false, "url": "/v1/transfers/tr_1/reversals"},
	}
}

func TestAnswers(t *testing.T) {
	tests := []struct {
		name   string
		change map[string]any // nil removes the field
		want   string
	}{
		{"right", map[string]any{}, ""},
		{"right, expanded", map[string]any{"destination": map[string]any{"id": "acct_1", "object": "account"}}, ""},
		{"missing field", map[string]any{"reversed": nil}, "reversed"},
		{"invented field", map[string]any{"status": "paid"}, "status"},
		{"wrong object", map[string]any{"object": "payout"}, "object"},
		{"text for a number", map[string]any{"amount": "100"}, "amount"},
		{"fraction of a cent", map[string]any{"amount": 1.5}, "amount"},
		{"number in metadata", map[string]any{"metadata": map[string]any{"payout_id": 9}}, "metadata"},
		{"number for an id", map[string]any{"destination": 7}, "destination"},
		{"list without url", map[string]any{"reversals": map[string]any{"object": "list", "data": []any{}, "has_more": false}}, "reversals"},
		{"our table: nothing sent", map[string]any{"amount": 0}, "transfer.amount"},
		{"our table: no such source", map[string]any{"source_type": "cash"}, "source_type"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body := aTransfer()
			maps.Copy(body, tt.change)
			maps.DeleteFunc(body, func(_ string, v any) bool { return v == nil })
			expect(t, load(t).Answer("POST", "/v1/transfers", 200, encode(t, body)), tt.want)
		})
	}
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestErrors(t *testing.T) {
	good := map[string]any{"error": map[string]any{"type": "invalid_request_error", "message": "No."}}
	expect(t, load(t).Answer("POST", "/v1/transfers", 400, encode(t, good)), "")
	bad := map[string]any{"error": map[string]any{"type": "rate_limit_error", "message": "No."}}
	expect(t, load(t).Answer("POST", "/v1/transfers", 429, encode(t, bad)), "type")
	expect(t, load(t).Answer("POST", "/v1/transfers", 500, []byte(`{"message":"No."}`)), "error")
}

func TestEvents(t *testing.T) {
	event := func(kind string, object map[string]any) []byte {
		return encode(t, map[string]any{
			"id": "evt_1", "object": "event", "api_version": "2023-10-16", "created": 1, "livemode": false, "pending_webhooks": 1,
			"request": map[string]any{"id": nil, "idempotency_key": nil}, "type": kind, "data": map[string]any{"object": object},
		})
	}
	expect(t, load(t).Event(event("transfer.created", aTransfer())), "")
	expect(t, load(t).Event(event("transfer.paid", aTransfer())), "event.type")
	wrong := aTransfer()
	delete(wrong, "currency")
	expect(t, load(t).Event(event("transfer.created", wrong)), "currency")
}

// quiet is a test that only counts its faults.
type quiet struct {
	testing.TB
	faults int
}

func (q *quiet) Errorf(string, ...any) { q.faults++ }

func TestMiddleware(t *testing.T) {
	const right = `{"object":"balance","livemode":false,"available":[],"pending":[]}`
	tests := []struct {
		name, method, target, body, answer string
		faults                             int
	}{
		{"right", "GET", "/v1/balance", "", right, 0},
		{"not the API", "GET", "/c/pay/x?colour=red", "", "<p>", 0},
		{"wrong request", "GET", "/v1/balance?colour=red", "", right, 1},
		{"wrong answer", "GET", "/v1/balance", "", `{"object":"balance"}`, 1},
		{"both", "POST", "/v1/transfers", "amount=1", `{}`, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			q := &quiet{TB: t}
			var seen string
			h := openapi.Middleware(q, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				text, err := io.ReadAll(r.Body)
				if seen = string(text); err != nil {
					t.Error(err)
				}
				if _, err := io.WriteString(w, tt.answer); err != nil {
					t.Error(err)
				}
			}))
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(tt.method, tt.target, strings.NewReader(tt.body)))
			if q.faults != tt.faults {
				t.Errorf("%d faults, want %d", q.faults, tt.faults)
			}
			if seen != tt.body || w.Body.String() != tt.answer {
				t.Errorf("passed on %q and %q", seen, w.Body)
			}
		})
	}
}
