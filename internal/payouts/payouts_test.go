package payouts_test

import (
	"strconv"
	"sync"
	"testing"

	"relais/internal/app/apptest"
	"relais/internal/earnings"
	"relais/internal/payouts"
	"relais/internal/stripesandbox"
)

// sold makes a relay with 10.00 free, ready to be paid, and says which payee they are.
func sold(w *apptest.World) (payee int64, shop apptest.Shop) {
	w.T.Helper()
	shop = w.Shop("terre", 12000, 50)
	relay := w.Member("lea")
	sellOne(w, shop, relay)
	return w.Onboard(earnings.Owner{MemberID: relay}), shop
}

func sellOne(w *apptest.World, shop apptest.Shop, relay int64) {
	w.T.Helper()
	o := w.Paid(apptest.Purchase{Variant: shop.Variant, Storefront: relay})
	w.Deliver(o.ID)
	w.Pass(15)
}

func run(w *apptest.World) payouts.Report {
	w.T.Helper()
	r, err := w.Payouts.Run(w.T.Context(), 0)
	if err != nil {
		w.T.Fatal(err)
	}
	return r
}

// push runs the jobs although some fail, and lets the time pass that payouts wait for.
func push(w *apptest.World, times int) {
	w.T.Helper()
	for range times {
		_ = w.Jobs.Drain(w.T.Context())
		for _, wait := range []string{`update jobs set run_at = clock_timestamp() where done_at is null`,
			`update payouts set next_at = null, tried_at = tried_at - interval '1 hour' where state in ('new','sending')`} {
			if _, err := w.DB.Exec(wait); err != nil {
				w.T.Fatal(err)
			}
		}
		if err := w.Payouts.Schedule(w.T.Context()); err != nil {
			w.T.Fatal(err)
		}
	}
}

func only(w *apptest.World, payee int64) payouts.Payout {
	w.T.Helper()
	ps, err := w.Payouts.List(w.T.Context(), payee, 10)
	if err != nil || len(ps) != 1 {
		w.T.Fatalf("payouts: %+v, %v; want one", ps, err)
	}
	return ps[0]
}

// atStripe is what was really sent for a payout.
func atStripe(w *apptest.World, p payouts.Payout) (n int, minor int64) {
	w.T.Helper()
	ts, err := w.Stripe.FindTransfers(w.T.Context(), "payout_"+strconv.FormatInt(p.ID, 10)+"_"+p.Key)
	if err != nil {
		w.T.Fatal(err)
	}
	for _, t := range ts {
		minor += t.Amount.Minor
	}
	return len(ts), minor
}

// Whatever happens to the answer of the transfer, one transfer is made, and the books know it.
func TestTransferOfUnknownOutcomeHappensOnce(t *testing.T) {
	for name, f := range map[string]stripesandbox.Fault{
		"cut after the effect":  {Effect: true, Times: 3},
		"cut before the effect": {Times: 3},
		"500 after the effect":  {Status: 500, Effect: true},
		"500 before the effect": {Status: 500},
		"500 twice":             {Status: 500, Effect: true, Times: 2},
		"429":                   {Status: 429},
		"503":                   {Status: 503, Times: 3},
		"409":                   {Status: 409, Times: 3},
		"half an answer":        {Effect: true, Truncate: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := apptest.New(t)
			payee, _ := sold(w)
			f.Path, f.Method = "/v1/transfers", "POST"
			w.Sandbox.Inject(f)
			run(w)
			push(w, 6)
			p := only(w, payee)
			if p.State != payouts.Sent || p.Amount.Minor != 1000 {
				t.Errorf("payout is %s, %v", p.State, p.Amount)
			}
			if n, minor := atStripe(w, p); n != 1 || minor != 1000 {
				t.Errorf("Stripe made %d transfers of %d together; want one of 1000", n, minor)
			}
			w.Audit()
		})
	}
}

func TestRefusedPayoutIsPaidByTheNext(t *testing.T) {
	w := apptest.New(t)
	payee, shop := sold(w)
	w.Sandbox.Inject(stripesandbox.Fault{Path: "/v1/transfers", Method: "POST", Status: 400, Code: "insufficient_capabilities_for_transfer",
		Message: "Your destination account needs to have at least one of the following capabilities enabled: transfers"})
	run(w)
	w.Settle()
	p := only(w, payee)
	if p.State != payouts.Failed || p.Failure == "" {
		t.Fatalf("payout is %s, %q", p.State, p.Failure)
	}
	if got := w.Totals(payee); got.Free != 1000 || got.Paying != 0 {
		t.Errorf("after the refusal: %+v, want 10.00 free again", got)
	}
	w.Audit()
	// Another sale in between; the next payout pays both, and its statement adds up.
	var relay int64
	if err := w.DB.Get(&relay, `select member_id from payees where id = $1`, payee); err != nil {
		t.Fatal(err)
	}
	sellOne(w, shop, relay)
	run(w)
	w.Settle()
	ps, err := w.Payouts.List(t.Context(), payee, 10)
	if err != nil || len(ps) != 2 || ps[0].State != payouts.Sent || ps[0].Amount.Minor != 2000 {
		t.Fatalf("payouts: %+v, %v", ps, err)
	}
	statement, err := w.Payouts.StatementOf(t.Context(), payee, ps[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	if sum, err := statement.Sum(); err != nil || sum != statement.Amount || len(statement.Items) != 2 {
		t.Errorf("%d items on a statement of %v: %+v", len(statement.Items), statement.Amount, statement.Lines)
	}
	var letters int
	if err := w.DB.Get(&letters, `select count(*) from letters where template in ('payout_sent','payout_failed')`); err != nil || letters != 2 {
		t.Errorf("%d letters about payouts, %v; want one each", letters, err)
	}
	w.Audit()
}

func TestNobodyIsPaidBeforeTheyAreReady(t *testing.T) {
	w := apptest.New(t)
	shop, relay := w.Shop("terre", 12000, 50), w.Member("lea")
	sellOne(w, shop, relay)
	if r := run(w); r.Made != 0 || r.Waiting != 2 {
		t.Errorf("run without accounts: %+v", r)
	}
	w.Onboard(earnings.Owner{MemberID: relay})
	if _, err := w.DB.Exec(`update members set blocked_at = now() where id = $1`, relay); err != nil {
		t.Fatal(err)
	}
	if r := run(w); r.Made != 0 {
		t.Errorf("a blocked member was paid: %+v", r)
	}
	w.Audit()
}

// Several runs at once, and jobs run twice: one payout, one transfer.
func TestRunsAtOnce(t *testing.T) {
	w := apptest.New(t)
	payee, _ := sold(w)
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			if _, err := w.Payouts.Run(t.Context(), 0); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for range 4 {
		wg.Go(func() {
			if err := w.Jobs.Drain(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	p := only(w, payee)
	if n, minor := atStripe(w, p); p.State != payouts.Sent || n != 1 || minor != 1000 {
		t.Errorf("payout is %s; %d transfers of %d together", p.State, n, minor)
	}
	w.Audit()
}

// A release and a payout at once: what comes free is in this payout or in the next, never in none and never in both.
func TestReleaseDuringRuns(t *testing.T) {
	w := apptest.New(t)
	payee, shop := sold(w)
	var relay int64
	if err := w.DB.Get(&relay, `select member_id from payees where id = $1`, payee); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		o := w.Paid(apptest.Purchase{Variant: shop.Variant, Storefront: relay})
		w.Deliver(o.ID)
	}
	if err := w.Clock.Advance(t.Context(), 15); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if err := w.Orders.Release(t.Context()); err != nil {
				t.Error(err)
			}
		})
		wg.Go(func() {
			if _, err := w.Payouts.Run(t.Context(), 0); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	w.Settle()
	run(w)
	w.Settle()
	if got := w.Totals(payee); got.Paid != 6000 || got.Free != 0 || got.Paying != 0 {
		t.Errorf("after all payouts: %+v, want 60.00 paid", got)
	}
	w.Audit()
}

func TestAnotherPayeesPayoutIsNotFound(t *testing.T) {
	w := apptest.New(t)
	payee, _ := sold(w)
	run(w)
	w.Settle()
	p := only(w, payee)
	if _, err := w.Payouts.StatementOf(t.Context(), payee+1, p.ID); err == nil {
		t.Error("somebody else's statement was shown")
	}
}
