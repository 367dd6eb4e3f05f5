package stripe_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"relais/internal/money"
	"relais/internal/payments"
	"relais/internal/payments/paymentstest"
	"relais/internal/stripe"

	"github.com/google/go-cmp/cmp"
)

// scripted is a client whose calls are answered by path and query, and the calls that it made.
func scripted(t *testing.T, answers map[string]string) (*stripe.Client, *[]string) {
	t.Helper()
	var calls []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		call := r.Method + " " + r.URL.RequestURI()
		if acct := r.Header.Get("Stripe-Account"); acct != "" {
			call += " as " + acct
		}
		calls = append(calls, call)
		answer, known := answers[call]
		if !known {
			t.Errorf("unexpected call %s", call)
			w.WriteHeader(http.StatusNotFound)
			answer = refusal("invalid_request_error", "resource_missing", "unexpected")
		}
		if _, err := io.WriteString(w, answer); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return client(t, func(o *stripe.Options) { o.URL = server.URL }), &calls
}

func eventText(n int) string {
	return fmt.Sprintf(`{"id":"evt_%d","object":"event","type":"refund.updated","created":%d,"data":{"object":{"id":"re_%d","object":"refund","new_field":1}}}`, n, 1000+n, n)
}

func TestRecentEventsArePagedAndKeepTheirText(t *testing.T) {
	c, calls := scripted(t, map[string]string{
		"GET /v1/events?limit=100&created[gte]=1000 as acct_1":                      `{"object":"list","has_more":true,"data":[` + eventText(4) + `,` + eventText(3) + `]}`,
		"GET /v1/events?limit=100&created[gte]=1000&starting_after=evt_3 as acct_1": `{"object":"list","has_more":false,"data":[` + eventText(2) + `]}`,
	})
	var got []payments.Event
	err := c.RecentEvents(context.Background(), "acct_1", time.Unix(1000, 0), func(e payments.Event) error {
		got = append(got, e)
		return nil
	})
	if err != nil || len(*calls) != 2 {
		t.Fatalf("%v after %v", err, *calls)
	}
	for i, n := range []int{4, 3, 2} {
		want := payments.Event{
			ID: fmt.Sprint("evt_", n), Type: "refund.updated", Account: "acct_1", ObjectType: "refund", ObjectID: fmt.Sprint("re_", n),
			Created: time.Unix(int64(1000+n), 0).UTC(), Payload: []byte(eventText(n)),
		}
		if diff := cmp.Diff(want, got[i]); diff != "" {
			t.Errorf("event (-want +got):\n%s", diff)
		}
	}
	enough := errors.New("enough")
	if err := c.RecentEvents(context.Background(), "acct_1", time.Unix(1000, 0), func(payments.Event) error { return enough }); !errors.Is(err, enough) || len(*calls) != 3 {
		t.Errorf("stopped with %v after %d calls", err, len(*calls))
	}
}

func TestMovementsArePaged(t *testing.T) {
	line := func(id, currency string, amount, fee int) string {
		return fmt.Sprintf(`{"id":"%s","object":"balance_transaction","type":"charge","reporting_category":"charge","source":"ch_1","currency":"%s","amount":%d,"fee":%d,"net":%d,"created":1000,"available_on":2000}`,
			id, currency, amount, fee, amount-fee)
	}
	c, _ := scripted(t, map[string]string{
		"GET /v1/balance_transactions?limit=100&created[gte]=1000":                      `{"object":"list","has_more":true,"data":[` + line("txn_2", "eur", 100, 3) + `]}`,
		"GET /v1/balance_transactions?limit=100&created[gte]=1000&starting_after=txn_2": `{"object":"list","has_more":false,"data":[` + line("txn_1", "isk", 5000, 300) + `]}`,
	})
	var got []payments.Movement
	if err := c.Movements(context.Background(), time.Unix(1000, 0), func(m payments.Movement) error { got = append(got, m); return nil }); err != nil {
		t.Fatal(err)
	}
	movement := payments.Movement{Type: "charge", Category: "charge", Source: "ch_1", Created: time.Unix(1000, 0).UTC(), AvailableOn: time.Unix(2000, 0).UTC()}
	first, last := movement, movement
	first.ID, first.Amount, first.FeeMinor = "txn_2", money.New(100, "EUR"), 3
	last.ID, last.Amount, last.FeeMinor = "txn_1", money.New(50, "ISK"), 3
	if diff := cmp.Diff([]payments.Movement{first, last}, got); diff != "" {
		t.Errorf("movements (-want +got):\n%s", diff)
	}
}

func TestFundsArePutTogether(t *testing.T) {
	c, _ := scripted(t, map[string]string{
		"GET /v1/balance": `{"object":"balance","available":[{"amount":-5,"currency":"eur"},{"amount":7,"currency":"jpy"}],
			"pending":[{"amount":3,"currency":"usd"},{"amount":2,"currency":"eur"}],"connect_reserved":[{"amount":9,"currency":"eur"}]}`,
		"GET /v1/balance as acct_1": `{"object":"balance","available":[{"amount":-5,"currency":"eur"}],"pending":[{"amount":3,"currency":"eur"}]}`,
	})
	got, err := c.Funds(context.Background())
	want := []payments.Funds{{Currency: "EUR", Available: -5, Pending: 2, Reserved: 9}, {Currency: "JPY", Available: 7}, {Currency: "USD", Pending: 3}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("funds (-want +got), %v:\n%s", err, diff)
	}
	held, err := c.AccountBalance(context.Background(), "acct_1")
	if diff := cmp.Diff([]money.Amount{money.New(-2, "EUR")}, held); diff != "" || err != nil {
		t.Errorf("account balance (-want +got), %v:\n%s", err, diff)
	}
}

func TestRefusalsOfReversalsAndDisputes(t *testing.T) {
	const invalid = "invalid_request_error"
	ctx := context.Background()
	reverse := func(c *stripe.Client) error {
		_, err := c.Reverse(ctx, payments.ReversalRequest{Reference: "r", TransferID: "tr_1", Amount: money.New(1, "EUR")})
		return err
	}
	answer := func(c *stripe.Client) error {
		_, err := c.SaveEvidence(ctx, payments.EvidenceRequest{DisputeID: "du_1", Submit: true})
		return err
	}
	refund := func(c *stripe.Client) error {
		_, err := c.Refund(ctx, payments.RefundRequest{Reference: "r", PaymentIntentID: "pi_1", Amount: money.New(1, "EUR")})
		return err
	}
	for _, tt := range []struct {
		call          func(*stripe.Client) error
		code, message string
		want          string
	}{
		{reverse, "", "Transfer tr_1 is already fully reversed.", payments.CodeReversalTooLarge},
		{reverse, "", "Transfer reversal amount (€2.00) is greater than unreversed amount on transfer (€1.00)", payments.CodeReversalTooLarge},
		{reverse, "balance_insufficient", "Insufficient funds in the connected account.", payments.CodeBalanceShort},
		{reverse, "insufficient_funds", "Insufficient funds.", payments.CodeBalanceShort},
		{answer, "", "This dispute is already closed", payments.CodeDisputeClosed},
		{answer, "", "Evidence for this dispute has already been submitted to the bank.", payments.CodeDisputeClosed},
		{answer, "resource_missing", "No such dispute: 'du_1'", payments.CodeNotFound},
		{refund, "charge_disputed", "Charge ch_1 has been charged back; cannot issue a refund.", payments.CodeDisputed},
	} {
		err := tt.call(answering(t, 400, refusal(invalid, tt.code, tt.message), nil))
		paymentstest.Refused(t, err, payments.Final, tt.want)
	}
}

// Files go where calls go, in sandbox and tests; with Stripe's own addresses they go to another.
func TestFilesFollowTheAddress(t *testing.T) {
	var seen *http.Request
	var body string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		seen, body = r, string(text)
		if _, err := io.WriteString(w, `{"id":"file_1","object":"file"}`); err != nil {
			t.Error(err)
		}
	}))
	defer server.Close()
	c := client(t, func(o *stripe.Options) { o.URL = server.URL + "/stripe" })
	id, err := c.UploadEvidence(context.Background(), payments.EvidenceFile{Reference: "evidence:1", Name: "a.pdf", Content: []byte("%PDF-1.4")})
	if err != nil || id != "file_1" {
		t.Fatalf("file %q, %v", id, err)
	}
	if seen.URL.Path != "/stripe/v1/files" || seen.Header.Get("Idempotency-Key") != "evidence:1" || !strings.HasPrefix(seen.Header.Get("Content-Type"), "multipart/form-data") {
		t.Errorf("asked %s with %v", seen.URL, seen.Header)
	}
	if !strings.Contains(body, "dispute_evidence") || !strings.Contains(body, "%PDF-1.4") {
		t.Errorf("sent %q", body)
	}
}
