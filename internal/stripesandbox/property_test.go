package stripesandbox_test

import (
	"encoding/json"
	"net/url"
	"path/filepath"
	"slices"
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
	reserved, setAside int64 // for accounts below zero: as /v1/balance says, and as the movements do
}

// readBooks reads those of the platform, or of a connected account. As long as nothing has happened there are none.
func readBooks(t *testing.T, h *paymentstest.Harness, acct string) books {
	t.Helper()
	as := map[string]string{}
	if acct != "" {
		as["Stripe-Account"] = acct
	}
	var b books
	var balance struct {
		Available, Pending []struct{ Amount int64 }
		Reserved           []struct{ Amount int64 } `json:"connect_reserved"`
	}
	_, text, _ := raw(t, h, "GET", "/v1/balance", nil, as)
	ok(t, json.Unmarshal([]byte(text), &balance))
	b.available, b.pending = balance.Available[0].Amount, balance.Pending[0].Amount
	if len(balance.Reserved) > 0 {
		b.reserved = balance.Reserved[0].Amount
	}
	form := url.Values{"limit": {"100"}}
	for more := true; more; {
		var page struct {
			HasMore bool `json:"has_more"`
			Data    []struct {
				ID               string
				Amount, Fee, Net int64
				Status           string
				Category         string                   `json:"reporting_category"`
				Fees             []struct{ Amount int64 } `json:"fee_details"`
			}
		}
		_, text, _ := raw(t, h, "GET", "/v1/balance_transactions", form, as)
		ok(t, json.Unmarshal([]byte(text), &page))
		for _, m := range page.Data {
			b.moved += m.Net
			if m.Status == "available" {
				b.settled += m.Net
			}
			if m.Category == "connect_reserved_funds" {
				b.setAside -= m.Net
			}
			fees := int64(0)
			for _, f := range m.Fees {
				fees += f.Amount
			}
			if m.Net != m.Amount-m.Fee || m.Fee != fees {
				t.Errorf("movement %+v does not add up", m)
			}
			form.Set("starting_after", m.ID)
		}
		more = page.HasMore
	}
	return b
}

// check reports what does not hold: the balance is the sum of its movements, and what is kept for accounts below zero
// is what was set aside.
func (b books) check(r *rapid.T) {
	r.Helper()
	if b.available+b.pending != b.moved || b.available != b.settled || b.reserved != b.setAside {
		r.Errorf("books %+v", b)
	}
}

// life is a shop whose payments, payouts and troubles are drawn at random.
type life struct {
	t        *testing.T
	h        *paymentstest.Harness
	acct     string
	n        int
	paid     []payments.Checkout
	refunds  []string
	sent     []payments.Transfer
	disputes []string
}

// tolerated says whether a refusal is one that the rules have.
func tolerated(r *rapid.T, what string, err error, codes ...string) {
	r.Helper()
	if code := payments.CodeOf(err); err != nil && !slices.Contains(codes, code) {
		r.Errorf("%s: %v", what, err)
	}
}

func (l *life) step(r *rapid.T, what string) {
	l.n++
	reference, amount := strconv.Itoa(l.n), rapid.Int64Range(1, 3000).Draw(r, "amount")
	switch what {
	case "pay":
		c := open(l.t, l.h, reference)
		l.h.Pay(l.t, c.URL, rapid.SampledFrom(cards).Draw(r, "card"))
		if c = reread(l.t, l.h, c); c.Paid {
			l.paid = append(l.paid, c)
		}
	case "refund":
		c, drawn := some(r, l.paid)
		if !drawn {
			return
		}
		got, err := l.h.Client.Refund(ctx, payments.RefundRequest{Reference: reference, PaymentIntentID: c.PaymentIntentID, Amount: money.New(amount, "EUR")})
		tolerated(r, "refund", err, payments.CodeRefundTooLarge, payments.CodeAlreadyRefunded, payments.CodeDisputed)
		if err == nil {
			l.refunds = append(l.refunds, got.ID)
		}
	case "send":
		before := readBooks(l.t, l.h, "")
		got, err := l.h.Client.Send(ctx, transfer(reference, l.acct, amount))
		if short := payments.CodeOf(err) == payments.CodeBalanceShort; short != (before.available < amount) || (err != nil && !short) {
			r.Errorf("send %d of %d: %v", amount, before.available, err)
		}
		if err == nil {
			l.sent = append(l.sent, got)
		}
	case "reverse":
		if tr, drawn := some(r, l.sent); drawn {
			_, err := l.h.Client.Reverse(ctx, payments.ReversalRequest{Reference: reference, TransferID: tr.ID, Amount: money.New(amount, "EUR")})
			tolerated(r, "reverse", err, payments.CodeReversalTooLarge, payments.CodeBalanceShort)
		}
	case "wait":
		l.h.Clock.Advance(time.Duration(rapid.Int64Range(1, 60).Draw(r, "hours")) * time.Hour)
	default:
		l.trouble(r, what, amount)
	}
}

// trouble is what banks do. What they cannot do in a state is refused, and changes nothing.
func (l *life) trouble(r *rapid.T, what string, amount int64) {
	before := readBooks(l.t, l.h, "")
	var err error
	switch what {
	case "dispute":
		if c, drawn := some(r, l.paid); drawn {
			var id string
			if id, err = l.h.Sandbox.OpenDispute(c.ChargeID, amount, "fraudulent", rapid.Bool().Draw(r, "inquiry")); err == nil {
				l.disputes = append(l.disputes, id)
			}
		}
	case "decide":
		if id, drawn := some(r, l.disputes); drawn {
			err = l.h.Sandbox.DecideDispute(id, rapid.Bool().Draw(r, "won"))
		}
	case "escalate":
		if id, drawn := some(r, l.disputes); drawn {
			err = l.h.Sandbox.EscalateInquiry(id)
		}
	case "bounce":
		if id, drawn := some(r, l.refunds); drawn {
			err = l.h.Sandbox.SetRefundState(id, rapid.SampledFrom([]string{"failed", "canceled", "succeeded"}).Draw(r, "state"), "unknown")
		}
	case "adjust":
		err = l.h.Sandbox.AdjustAccountBalance(l.acct, "eur", amount-2000) // sometimes by nothing
	case "return":
		if id, drawn := some(r, l.h.Sandbox.BankPayouts(l.acct)); drawn {
			if err = l.h.Sandbox.FailBankPayout(id, "account_closed"); err == nil {
				ok(l.t, l.h.Sandbox.RestoreAccount(l.acct))
			}
		}
	}
	if after := readBooks(l.t, l.h, ""); err != nil && after != before {
		r.Errorf("%s was refused (%v) and changed %+v to %+v", what, err, before, after)
	}
}

func some[T any](r *rapid.T, of []T) (one T, drawn bool) {
	if len(of) == 0 {
		return one, false
	}
	return rapid.SampledFrom(of).Draw(r, "which"), true
}

var (
	cards = []string{
		paymentstest.CardOK, paymentstest.CardInstant, paymentstest.CardInstant, paymentstest.CardDeclined, paymentstest.CardFraud,
		paymentstest.CardInquiry, paymentstest.CardRefundSlow, paymentstest.CardRefundFails,
	}
	steps = []string{
		"pay", "pay", "pay", "refund", "send", "send", "reverse", "wait", "dispute", "decide", "escalate", "bounce", "adjust", "return",
	}
)

// Whatever happens in whatever order, the balance is the sum of its movements, nobody is sent money that is not there,
// and a sandbox that is killed comes back with the same books.
func TestBooksHold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	o := paymentstest.Options{Path: path, SettleDelay: 36 * time.Hour, FeeBps: 150, FeeMinor: 25}
	h := paymentstest.Start(t, o)
	l := &life{t: t, h: h, acct: payee(t, h, "p")}
	rapid.Check(t, func(r *rapid.T) {
		for range 3 {
			l.step(r, rapid.SampledFrom(steps).Draw(r, "what"))
		}
		readBooks(t, h, "").check(r)
		readBooks(t, h, l.acct).check(r)
	})
	o.Path, o.Now = copyOf(t, path, ""), h.Clock.Now
	after := paymentstest.Start(t, o)
	for _, acct := range []string{"", l.acct} {
		if got, want := readBooks(t, after, acct), readBooks(t, h, acct); got != want {
			t.Errorf("books after a restart %+v, want %+v", got, want)
		}
	}
}
