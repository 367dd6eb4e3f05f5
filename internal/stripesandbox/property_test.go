package stripesandbox_test

import (
	"encoding/json"
	"net/url"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"relais/internal/money"
	"relais/internal/payments"
	"relais/internal/payments/paymentstest"

	"pgregory.net/rapid"
)

// books are the platform's balance as the API tells it, in two ways.
type books struct {
	available, pending int64 // from /v1/balance
	moved              int64 // Σ net of /v1/balance_transactions
	settled            int64 // of those, what is available
}

func readBooks(t *testing.T, h *paymentstest.Harness) books {
	t.Helper()
	var b books
	var balance struct {
		Available, Pending []struct{ Amount int64 }
	}
	_, text, _ := raw(t, h, "GET", "/v1/balance", nil, nil)
	if err := json.Unmarshal([]byte(text), &balance); err != nil {
		t.Fatal(err)
	}
	b.available, b.pending = balance.Available[0].Amount, balance.Pending[0].Amount
	form := url.Values{"limit": {"100"}}
	for more := true; more; {
		var page struct {
			HasMore bool `json:"has_more"`
			Data    []struct {
				ID     string
				Net    int64
				Status string
			}
		}
		_, text, _ := raw(t, h, "GET", "/v1/balance_transactions", form, nil)
		if err := json.Unmarshal([]byte(text), &page); err != nil {
			t.Fatal(err)
		}
		for _, m := range page.Data {
			b.moved += m.Net
			if m.Status == "available" {
				b.settled += m.Net
			}
			form.Set("starting_after", m.ID)
		}
		more = page.HasMore
	}
	return b
}

// Whatever happens in whatever order, the balance is the sum of its movements, nobody is sent money that is not there,
// and a sandbox that is killed comes back with the same books.
func TestBooksHold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	h := paymentstest.Start(t, paymentstest.Options{Path: path, SettleDelay: 36 * time.Hour})
	acct := payee(t, h, "p")
	var paid []payments.Checkout
	n := 0
	rapid.Check(t, func(r *rapid.T) {
		n++
		reference := strconv.Itoa(n)
		amount := rapid.Int64Range(1, 3000).Draw(r, "amount")
		before := readBooks(t, h)
		switch rapid.SampledFrom([]string{"pay", "pay", "refund", "send", "send", "wait"}).Draw(r, "what") {
		case "pay":
			c := open(t, h, reference)
			h.Pay(t, c.URL, rapid.SampledFrom([]string{paymentstest.CardOK, paymentstest.CardInstant, paymentstest.CardDeclined}).Draw(r, "card"))
			if c = reread(t, h, c); c.Paid {
				paid = append(paid, c)
			}
		case "refund":
			if len(paid) == 0 {
				return
			}
			c := rapid.SampledFrom(paid).Draw(r, "payment")
			_, err := h.Client.Refund(ctx, payments.RefundRequest{Reference: reference, PaymentIntentID: c.PaymentIntentID, Amount: money.New(amount, "EUR")})
			if code := payments.CodeOf(err); err != nil && code != payments.CodeRefundTooLarge && code != payments.CodeAlreadyRefunded {
				r.Errorf("refund: %v", err)
			}
		case "send":
			_, err := h.Client.Send(ctx, transfer(reference, acct, amount))
			if short := payments.CodeOf(err) == payments.CodeBalanceShort; short != (before.available < amount) || (err != nil && !short) {
				r.Errorf("send %d of %d: %v", amount, before.available, err)
			}
		case "wait":
			h.Clock.Advance(time.Duration(rapid.Int64Range(1, 40).Draw(r, "hours")) * time.Hour)
		}
		b := readBooks(t, h)
		if b.available+b.pending != b.moved || b.available != b.settled || b.available < 0 {
			r.Errorf("books %+v", b)
		}
	})
	after := paymentstest.Start(t, paymentstest.Options{Path: copyOf(t, path, ""), SettleDelay: 36 * time.Hour, Now: h.Clock.Now})
	if got, want := readBooks(t, after), readBooks(t, h); got != want {
		t.Errorf("books after a restart %+v, want %+v", got, want)
	}
}
