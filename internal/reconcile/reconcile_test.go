package reconcile_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"testing"
	"time"

	"relais/internal/ledger"
	"relais/internal/money"
	"relais/internal/payments"
	"relais/internal/reconcile"
	"relais/internal/stripesandbox"
)

func (w *world) refund(co payments.Checkout, minor int64) payments.Refund {
	w.t.Helper()
	w.n++
	r, err := w.stripe.Refund(w.t.Context(), payments.RefundRequest{Reference: fmt.Sprintf("refund-%d", w.n), PaymentIntentID: co.PaymentIntentID, Amount: money.New(minor, co.Amount.Currency)})
	w.must(err)
	return r
}

func (w *world) send(account string, minor int64, group string) payments.Transfer {
	w.t.Helper()
	w.n++
	tr, err := w.stripe.Send(w.t.Context(), payments.TransferRequest{Reference: fmt.Sprintf("transfer-%d", w.n), Destination: account, Amount: money.New(minor, "EUR"), Group: group})
	w.must(err)
	return tr
}

// All that moves at Stripe and is booked under its object ties out, fees included, and Stripe's balance is minus our account.
func TestEverythingTiesOut(t *testing.T) {
	w := open(t)
	first, second := w.sold(10000), w.sold(5000)
	account := w.account()
	tr := w.send(account, 3000, "payout_1_x")
	w.books(-3000, "EUR", tr.ID)
	back, err := w.stripe.Reverse(t.Context(), payments.ReversalRequest{Reference: "r1", TransferID: tr.ID, Amount: money.New(1000, "EUR")})
	w.must(err)
	w.books(1000, "EUR", back.ID)
	part := w.refund(first, 2500)
	w.books(-2500, "EUR", part.ID)
	w.dispute(second)
	w.call("payouts", url.Values{"amount": {"1000"}, "currency": {"eur"}})
	w.call("topups", url.Values{"amount": {"400"}, "currency": {"eur"}, "description": {"x"}, "statement_descriptor": {"x"}})
	w.later()
	w.finds()
	w.audited()
	if got := w.sum(ledger.Costs, "EUR"); got != -(175 + 100 + 1500) {
		t.Errorf("costs are %d", got)
	}
	if got := w.sum(ledger.Bank, "EUR"); got != -600 {
		t.Errorf("our bank has %d", got)
	}
	funds, err := w.stripe.Funds(t.Context())
	w.must(err)
	if total := funds[0].Available + funds[0].Pending + funds[0].Reserved; len(funds) != 1 || total != -w.sum(ledger.Stripe, "EUR") {
		t.Errorf("Stripe has %+v, the books %d", funds, -w.sum(ledger.Stripe, "EUR"))
	}
}

// dispute has a payment disputed, lost, won after all, and each of its movements booked under its own id.
func (w *world) dispute(co payments.Checkout) {
	w.t.Helper()
	id, err := w.sandbox.OpenDispute(co.ChargeID, 0, "fraudulent", false)
	w.must(err)
	w.must(w.sandbox.DecideDispute(id, true))
	d, err := w.stripe.Dispute(w.t.Context(), id)
	w.must(err)
	for i, m := range d.Movements {
		postings := []ledger.Posting{entry(ledger.Disputed, m.Amount.Minor)}
		if m.FeeMinor != 0 {
			postings = append(postings, entry(ledger.Costs, -m.FeeMinor))
		}
		w.post(ledger.Transaction{Reference: fmt.Sprintf("dispute:%s:%d", id, i), Kind: "dispute", Currency: m.Amount.Currency, At: w.clock.Now(), Object: m.ID, Postings: postings})
	}
}

// A refund that fails days later comes back under the same object, and so does its booking.
func TestRefundFailsLate(t *testing.T) {
	w := open(t)
	co := w.sold(8000)
	r := w.refund(co, 3000)
	w.books(-3000, "EUR", r.ID)
	w.later()
	w.finds()
	w.must(w.sandbox.SetRefundState(r.ID, "failed", "expired_or_canceled_card"))
	w.later()
	w.finds() // just seen
	w.later()
	w.finds("amount_differs " + r.ID + " -3000 0 EUR")
	w.books(3000, "EUR", r.ID)
	w.later()
	w.finds()
	w.audited()
}

// The alarms of I23: something more at Stripe, something less, something else.
func TestThreeAlarms(t *testing.T) {
	w := open(t)
	whole := w.sold(10000)
	w.finds()
	extra := w.refund(whole, 1200) // in the dashboard, behind our back
	changed := w.charge(7000, "EUR")
	w.books(7001, "EUR", changed.ChargeID)
	w.books(500, "EUR", "ch_never")
	w.finds() // all of it may be in flight
	w.later()
	w.finds("missing_in_books "+extra.ID+" 0 -1200 EUR", "missing_at_stripe ch_never 500 0 EUR", "amount_differs "+changed.ChargeID+" 7001 7000 EUR")
	w.finds("missing_in_books "+extra.ID+" 0 -1200 EUR", "missing_at_stripe ch_never 500 0 EUR", "amount_differs "+changed.ChargeID+" 7001 7000 EUR")
	if n := w.count(`select count(*) from differences`); n != 3 {
		t.Errorf("%d rows for 3 differences", n)
	}
	w.books(-1200, "EUR", extra.ID) // the use case catches up
	w.later()
	w.finds("missing_at_stripe ch_never 500 0 EUR", "amount_differs "+changed.ChargeID+" 7001 7000 EUR")
	if resolved, err := w.Resolved(t.Context(), 10); err != nil || len(resolved) != 1 || resolved[0].Object != extra.ID || resolved[0].Resolved == nil {
		t.Errorf("resolved are %+v, %v", resolved, err)
	}
	if found, err := reconcile.Check(t.Context(), w.db); err != nil || found[0].Name != "stripe_moved" || found[0].Count != 2 {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestCurrencyDiffers(t *testing.T) {
	w := open(t)
	co := w.charge(4000, "CHF")
	w.books(4000, "EUR", co.ChargeID)
	w.later()
	w.finds("currency_differs " + co.ChargeID + " 4000 4000 EUR")
}

// Each currency has its own balance; what is right in one does not excuse the other.
func TestCurrencies(t *testing.T) {
	w := open(t)
	a, b := w.charge(4000, "CHF"), w.charge(2000, "EUR")
	w.books(4000, "CHF", a.ChargeID)
	w.finds()
	w.later()
	w.finds("missing_in_books " + b.ChargeID + " 0 2000 EUR")
	figures, err := w.Figures(t.Context())
	w.must(err)
	if len(figures) != 2 || figures[0].Currency != "CHF" || figures[0].Total() != figures[0].Booked || figures[0].Costs != -85 || figures[1].Apart != 0 ||
		figures[1].Total()-figures[1].Booked != 2000 {
		t.Errorf("figures %+v", figures)
	}
}

// A fee is booked once, however often its movement is read, by however many processes.
func TestFeeOnce(t *testing.T) {
	w := open(t)
	w.sold(10000)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if _, err := w.Feed(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if fresh, err := w.Feed(t.Context()); err != nil || fresh != 0 {
		t.Errorf("%d movements are new, %v", fresh, err)
	}
	if n, costs := w.count(`select count(*) from ledger_transactions where kind = 'provider_fee'`), w.sum(ledger.Costs, "EUR"); n != 1 || costs != -175 {
		t.Errorf("%d fees of %d", n, costs)
	}
}

// A list that lags shows a movement after newer ones; reading overlaps, so it is seen.
func TestListLag(t *testing.T) {
	w := open(t)
	w.sandbox.LagLists(3 * time.Hour)
	w.sold(1000)
	w.finds()
	w.clock.Set(w.clock.Now().Add(2 * time.Hour))
	w.sandbox.LagLists(0)
	w.sold(2000)
	w.finds()
	w.later()
	w.finds()
	w.audited()
}

// The list is read newest first: a reading that breaks off keeps its cursor, and the next one finds the rest.
func TestFeedBreaksOff(t *testing.T) {
	w := open(t)
	for range 105 { // more than one page
		w.charge(100, "EUR")
	}
	w.sandbox.Inject(stripesandbox.Fault{Method: "GET", Path: "/v1/balance_transactions", Status: 400, Times: 1})
	if _, err := w.Feed(t.Context()); err == nil {
		t.Fatal("no error")
	}
	if n := w.count(`select count(*) from stripe_cursors where list = 'movements'`); n != 0 {
		t.Error("the cursor moved")
	}
	if fresh, err := w.Feed(t.Context()); err != nil || fresh != 105 {
		t.Errorf("%d movements, %v", fresh, err)
	}
}

// What a movement was when it was first seen is kept; when Stripe shows it otherwise, somebody must look.
func TestMovementChanges(t *testing.T) {
	w := open(t)
	m := payments.Movement{ID: "txn_1", Type: "charge", Category: "charge", Source: "ch_1", Amount: money.New(1000, "EUR"), FeeMinor: 40, Created: w.clock.Now(), AvailableOn: w.clock.Now()}
	w.fake(&stub{movements: []payments.Movement{m}, funds: 960})
	w.books(1000, "EUR", "ch_1")
	w.finds()
	m.Amount.Minor = 1100
	w.fake(&stub{movements: []payments.Movement{m}, funds: 960})
	w.finds("movement_changed txn_1 960 1060 EUR")
	if costs := w.sum(ledger.Costs, "EUR"); costs != -40 {
		t.Errorf("costs %d", costs)
	}
}

// A balance that no object explains is an alarm that stops scheduled runs, and freezes nobody, for nobody knows whom it touches.
func TestBalanceDiffers(t *testing.T) {
	w := open(t)
	w.fake(&stub{funds: 70})
	w.finds() // the list may lag behind the balance
	w.later()
	w.finds("balance_differs balance 0 70 EUR")
	w.fake(&stub{funds: 71})
	w.finds("balance_differs balance 0 71 EUR") // as long as anything is left
	w.fake(&stub{funds: 70})
	w.finds("balance_differs balance 0 70 EUR")
	if halted, err := reconcile.Halted(t.Context(), w.db); err != nil || !halted {
		t.Errorf("halted: %v, %v", halted, err)
	}
	w.fake(&stub{})
	w.finds()
	if halted, err := reconcile.Halted(t.Context(), w.db); err != nil || halted {
		t.Errorf("halted: %v, %v", halted, err)
	}
	for i := range 7 { // another amount each time: still an alarm after some hours
		w.fake(&stub{funds: int64(10 + i)})
		w.ahead += time.Hour
		if i < 6 {
			w.finds()
		}
	}
	w.finds("balance_differs balance 0 16 EUR")
	w.fake(&stub{})
	w.finds()
	w.fake(&stub{funds: 5})
	r, err := w.Run(t.Context(), true) // who looks at everything is told at once
	w.must(err)
	w.same(r.Open, []string{"balance_differs balance 0 5 EUR"})
}

// What nobody knows is a difference, not a guess; what Stripe only moves inside the balance is none.
func TestUnknownMovement(t *testing.T) {
	w := open(t)
	at := w.clock.Now()
	w.fake(&stub{funds: -300, movements: []payments.Movement{
		{ID: "txn_a", Type: "adjustment", Category: "other_adjustment", Amount: money.New(-300, "EUR"), Created: at, AvailableOn: at},
		{ID: "txn_b", Type: "reserve_transaction", Category: "connect_reserved_funds", Source: "rt_1", Amount: money.New(-50, "EUR"), Created: at, AvailableOn: at}}})
	w.finds("unknown_movement txn_a 0 -300 EUR")
}

// Every fee that Stripe takes by itself is a cost, and given back a cost less.
func TestStandaloneFees(t *testing.T) {
	w := open(t)
	at := w.clock.Now()
	w.fake(&stub{funds: -150, movements: []payments.Movement{
		{ID: "txn_a", Type: "stripe_fee", Category: "fee", Amount: money.New(-200, "EUR"), Created: at, AvailableOn: at},
		{ID: "txn_b", Type: "stripe_fee", Category: "fee", Amount: money.New(80, "EUR"), Created: at, AvailableOn: at},
		{ID: "txn_c", Type: "charge", Category: "charge", Source: "ch_1", Amount: money.New(100, "EUR"), FeeMinor: -30, Created: at, AvailableOn: at},
		{ID: "txn_d", Type: "payout", Category: "payout", Source: "po_1", Amount: money.New(-150, "EUR"), FeeMinor: 10, Created: at, AvailableOn: at}}})
	w.books(100, "EUR", "ch_1")
	w.finds()
	w.later()
	w.finds()
	w.audited()
	if costs, bank := w.sum(ledger.Costs, "EUR"), w.sum(ledger.Bank, "EUR"); costs != -200+80+30-10 || bank != -150 {
		t.Errorf("costs %d, bank %d", costs, bank)
	}
}

// Money that stays between two accounts, and rules that do not hold, are on the same list.
func TestBrokenRules(t *testing.T) {
	w := open(t)
	w.broken = []ledger.Finding{{Name: "ledger_zero"}, {Name: "ledger_history", Count: 3}}
	w.finds("books_broken ledger_history 0 3 ")
	if halted, err := reconcile.Halted(t.Context(), w.db); err != nil || !halted {
		t.Errorf("halted: %v, %v", halted, err)
	}
	w.broken = nil
	w.finds() // as long as one is broken each run looks at all
	w.broken = []ledger.Finding{{Name: "ledger_zero", Count: 1}}
	w.finds() // then once a day
	w.ahead += 25 * time.Hour
	w.finds("books_broken ledger_zero 0 1 ")
}

// When Stripe does not answer, the run says so, keeps what was known, and is no good run.
func TestStripeDown(t *testing.T) {
	w := open(t)
	w.books(500, "EUR", "ch_never")
	w.later()
	w.finds("missing_at_stripe ch_never 500 0 EUR")
	w.sandbox.Inject(stripesandbox.Fault{Method: "GET", Path: "/v1/balance_transactions", Status: 400, Times: 1})
	if _, err := w.Run(t.Context(), false); err == nil {
		t.Error("no error")
	}
	open, err := w.Unexplained(t.Context())
	w.must(err)
	w.same(open, []string{"missing_at_stripe ch_never 500 0 EUR"})
	last, err := w.LastRun(t.Context())
	w.must(err)
	if last.Error == "" || last.EndedAt == nil {
		t.Errorf("last run %+v", last)
	}
	before, err := reconcile.Stats(t.Context(), w.db, time.Now().Add(w.ahead+time.Hour))
	w.must(err)
	if before.Age < time.Hour || before.ByKind[reconcile.MissingAtStripe] != 1 || len(before.ByKind) != 11 {
		t.Errorf("stats %+v", before)
	}
	w.finds("missing_at_stripe ch_never 500 0 EUR")
}

// A difference is written about once, to every admin.
func TestLetters(t *testing.T) {
	w := open(t)
	w.admin("alma")
	w.admin("bea")
	w.books(500, "EUR", "ch_never")
	w.later()
	w.finds("missing_at_stripe ch_never 500 0 EUR")
	w.finds("missing_at_stripe ch_never 500 0 EUR")
	if n := w.count(`select count(*) from letters where template = 'differences' and body_text like '%ch_never%'`); n != 2 {
		t.Errorf("%d letters", n)
	}
}

func TestExplain(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	alma, bea := w.admin("alma"), w.admin("bea")
	w.books(500, "EUR", "ch_small")
	w.books(50000, "EUR", "ch_large")
	w.later()
	w.finds("missing_at_stripe ch_small 500 0 EUR", "missing_at_stripe ch_large 50000 0 EUR")
	ids := map[string]int64{}
	all, err := w.Open(ctx)
	w.must(err)
	for _, d := range all {
		ids[d.Object] = d.ID
	}
	small, large := ids["ch_small"], ids["ch_large"]
	if _, err := w.Explain(ctx, alma, small, "too short"); !errors.Is(err, reconcile.ErrReason) {
		t.Errorf("a short reason: %v", err)
	}
	w.must(w.Annotate(ctx, alma, small, "asked Stripe"))
	if waits, err := w.Explain(ctx, alma, small, "booked by hand in a test"); err != nil || waits {
		t.Errorf("explain: %v, %v", waits, err)
	}
	if waits, err := w.Explain(ctx, alma, large, "booked by hand in a test"); err != nil || !waits {
		t.Errorf("explain: %v, %v", waits, err)
	}
	w.finds("missing_at_stripe ch_large 50000 0 EUR")
	for _, c := range []struct {
		name string
		err  error
		want error
	}{
		{"explained twice", second(w.Explain(ctx, bea, small, "booked by hand again")), reconcile.ErrExplained},
		{"one's own word confirmed", w.Confirm(ctx, alma, large), reconcile.ErrSecondPerson},
		{"confirmed where nothing waits", w.Confirm(ctx, bea, small), reconcile.ErrExplained},
		{"of no difference", w.Confirm(ctx, bea, 999), reconcile.ErrNotFound},
	} {
		if !errors.Is(c.err, c.want) {
			t.Errorf("%s: %v", c.name, c.err)
		}
	}
	w.must(w.Confirm(ctx, bea, large))
	w.finds()
	w.audited()
	w.must(w.Reopen(ctx, bea, large))
	w.finds("missing_at_stripe ch_large 50000 0 EUR")
	w.books(-1, "EUR", "ch_small") // another amount than the one that was explained
	w.later()
	w.finds("missing_at_stripe ch_small 499 0 EUR", "missing_at_stripe ch_large 50000 0 EUR")
	w.books(-499, "EUR", "ch_small")
	w.later()
	w.finds("missing_at_stripe ch_large 50000 0 EUR")
	if err := w.Annotate(ctx, alma, small, "late"); !errors.Is(err, reconcile.ErrOver) {
		t.Errorf("a note on what is resolved: %v", err)
	}
	w.books(1, "EUR", "ch_small") // it comes again: another difference
	w.later()
	w.finds("missing_at_stripe ch_small 1 0 EUR", "missing_at_stripe ch_large 50000 0 EUR")
	if n := w.count(`select count(*) from differences where object = 'ch_small'`); n != 2 {
		t.Errorf("%d rows for what came twice", n)
	}
	if n := w.count(`select count(*) from audit_log where subject like 'difference %'`); n != 5 {
		t.Errorf("%d lines in the log", n)
	}
}

func second(_ bool, err error) error { return err }

// Notices that never came are found by the next sweep, once.
func TestLostNotices(t *testing.T) {
	w := open(t)
	w.charge(1000, "EUR")
	w.must(w.sandbox.Drain(t.Context()))
	came := w.count(`select count(*) from webhook_events`)
	w.sandbox.DropWebhooks(100)
	w.charge(2000, "EUR")
	w.must(w.sandbox.Drain(t.Context()))
	if n := w.count(`select count(*) from webhook_events`); n != came {
		t.Fatal("nothing was lost")
	}
	r, err := w.Run(t.Context(), false)
	w.must(err)
	if r.Recovered == 0 || w.count(`select count(*) from webhook_events where recovered`) != int(r.Recovered) {
		t.Errorf("recovered %d", r.Recovered)
	}
	if lost := w.count(`select count(*) from webhook_events where type = 'checkout.session.completed'`); lost != 2 {
		t.Errorf("%d payments were told of", lost)
	}
	if jobs := w.count(`select count(*) from jobs where kind = 'webhooks.event'`); jobs != w.count(`select count(*) from webhook_events`) {
		t.Errorf("%d jobs", jobs)
	}
	if r, err = w.Run(t.Context(), false); err != nil || r.Recovered != 0 {
		t.Errorf("recovered %d again, %v", r.Recovered, err)
	}
}

// The fast comparison finds what the whole one finds.
func TestWindow(t *testing.T) {
	w := open(t)
	w.sold(1000)
	w.finds()
	w.ahead += 26 * time.Hour
	w.finds()
	w.ahead += 26 * time.Hour
	co := w.sold(2000)
	extra := w.refund(co, 10)
	w.ahead += 26 * time.Hour
	w.finds() // first seen now
	w.later()
	w.finds("missing_in_books " + extra.ID + " 0 -10 EUR")
	w.ahead += 60 * time.Hour
	w.finds("missing_in_books " + extra.ID + " 0 -10 EUR")
	r, err := w.Run(t.Context(), true)
	w.must(err)
	w.same(r.Open, []string{"missing_in_books " + extra.ID + " 0 -10 EUR"})
}

func TestMonths(t *testing.T) {
	w := open(t)
	w.sold(10000)
	w.post(ledger.Transaction{Reference: "loss", Kind: "write_off", Currency: "EUR", At: w.clock.Now(), Postings: []ledger.Posting{
		{Source: ledger.Account{Kind: ledger.Losses}, Destination: ledger.Account{Kind: ledger.VAT}, Amount: 7}}})
	w.clock.Set(time.Date(2026, 3, 31, 22, 30, 0, 0, time.UTC)) // April in Paris
	w.sold(2000)
	w.finds()
	months, err := w.Months(t.Context(), time.Time{})
	w.must(err)
	want := []reconcile.Month{{Currency: "EUR", Fees: 2000, Costs: -55}, {Currency: "EUR", Fees: 10000, VAT: 7, Costs: -175, Losses: -7}}
	if len(months) != 2 {
		t.Fatalf("months %+v", months)
	}
	for i, m := range months {
		start := m.Start
		m.Start = time.Time{}
		if m != want[i] || start.Month() != time.April-time.Month(i) || m.Net() != want[i].Fees+want[i].Costs+want[i].Losses {
			t.Errorf("month %v %+v; want %+v", start, m, want[i])
		}
	}
}

// stub is a Stripe whose list and balance the test writes itself.
type stub struct {
	payments.Books
	movements []payments.Movement
	funds     int64
}

func (s *stub) Movements(_ context.Context, _ time.Time, each func(payments.Movement) error) error {
	for _, m := range s.movements {
		if err := each(m); err != nil {
			return err
		}
	}
	return nil
}

func (s *stub) Funds(context.Context) ([]payments.Funds, error) {
	return []payments.Funds{{Currency: "EUR", Available: s.funds}}, nil
}
