package payouts_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/app/apptest"
	"relais/internal/earnings"
	"relais/internal/fault"
	"relais/internal/ledger"
	"relais/internal/money"
	"relais/internal/payments"
	"relais/internal/payouts"
	"relais/internal/postgres"
	"relais/internal/stripesandbox"
)

// start begins a run and makes its payouts without sending any.
func start(w *apptest.World) int64 { return run(w).RunID }

func exec(w *apptest.World, sql string, args ...any) {
	w.T.Helper()
	if _, err := w.DB.Exec(sql, args...); err != nil {
		w.T.Fatal(err)
	}
}

func count(w *apptest.World, sql string, args ...any) (n int) {
	w.T.Helper()
	if err := w.DB.Get(&n, sql, args...); err != nil {
		w.T.Fatal(err)
	}
	return n
}

func accountOf(w *apptest.World, payee int64) (account string) {
	w.T.Helper()
	if err := w.DB.Get(&account, `select stripe_account_id from payees where id = $1`, payee); err != nil {
		w.T.Fatal(err)
	}
	return account
}

// Whatever happens to the payee between the intent and the call, nobody is called, the money is free again, and they are told
// once, in words.
func TestPayoutIsCancelledBeforeAnybodyIsCalled(t *testing.T) {
	for name, c := range map[string]struct {
		happens func(w *apptest.World, payee int64)
		want    payouts.FailureReason
	}{
		"blocked": {func(w *apptest.World, payee int64) {
			exec(w, `update members set blocked_at = now() where id = (select member_id from payees where id = $1)`, payee)
		}, payouts.FailBlocked},
		"frozen": {func(w *apptest.World, payee int64) {
			exec(w, `update payees set frozen_at = now(), frozen_reason = 'a transfer that we do not know' where id = $1`, payee)
		}, payouts.FailFrozen},
		"another account": {func(w *apptest.World, payee int64) {
			exec(w, `update payees set stripe_account_id = 'acct_another' where id = $1`, payee)
		}, payouts.FailDestination},
		"account forgotten": {func(w *apptest.World, payee int64) {
			if err := w.Payouts.Forget(w.T.Context(), payee); err != nil {
				w.T.Fatal(err)
			}
		}, payouts.FailDestination},
		"restricted": {func(w *apptest.World, payee int64) {
			if err := w.Sandbox.RestrictAccount(accountOf(w, payee)); err != nil {
				w.T.Fatal(err)
			}
		}, payouts.FailNotReady},
		"owes Stripe": {func(w *apptest.World, payee int64) {
			if err := w.Sandbox.AdjustAccountBalance(accountOf(w, payee), "EUR", -700); err != nil {
				w.T.Fatal(err)
			}
		}, payouts.FailNegative},
		"account closed": {func(w *apptest.World, payee int64) {
			if err := w.Sandbox.CloseAccount(accountOf(w, payee)); err != nil {
				w.T.Fatal(err)
			}
		}, payouts.FailGone},
	} {
		t.Run(name, func(t *testing.T) {
			w := apptest.New(t)
			payee, _ := sold(w)
			start(w)
			c.happens(w, payee)
			w.Settle()
			p := only(w, payee)
			if p.State != payouts.Failed || p.Reason() != c.want {
				t.Errorf("payout is %s because %q (%s)", p.State, p.FailureCode, p.Failure)
			}
			if n, _ := atStripe(w, p); n != 0 {
				t.Errorf("%d transfers were made", n)
			}
			if got := w.Totals(payee); got.Free != 1000 || got.Paying != 0 {
				t.Errorf("%+v, want 10.00 free again", got)
			}
			if n := count(w, `select count(*) from letters where template = 'payout_failed'`); n != 1 {
				t.Errorf("%d letters", n)
			}
			w.Audit()
		})
	}
}

// Runs may fail daily for the same reason: one letter a week is enough.
func TestOneLetterForTheSameReasonInAWeek(t *testing.T) {
	w := apptest.New(t)
	payee, _ := sold(w)
	for _, days := range []int{0, 1, 8} {
		if days > 0 {
			w.Pass(days)
		}
		w.Sandbox.Inject(stripesandbox.Fault{Path: "/v1/transfers", Method: "POST", Status: 400, Code: "transfers_not_allowed", Message: "Not now."})
		run(w)
		w.Settle()
	}
	if ps, err := w.Payouts.List(t.Context(), payee, 10); err != nil || len(ps) != 3 || ps[0].Reason() != payouts.FailOther {
		t.Fatalf("%+v, %v", ps, err)
	}
	if n := count(w, `select count(*) from letters where template = 'payout_failed'`); n != 2 {
		t.Errorf("%d letters about three failures, the second within a week", n)
	}
	w.Audit()
}

// The platform has too little at Stripe after all: one payout finds that out, the run pauses, and goes on when an admin says so.
func TestRunPausesItselfWhenTheFundsAreShort(t *testing.T) {
	w := apptest.New(t)
	payee, shop := sold(w)
	w.Onboard(earnings.Owner{BrandID: shop.Brand})
	w.Sandbox.Inject(stripesandbox.Fault{Path: "/v1/transfers", Method: "POST", Status: 400, Code: "balance_insufficient", Message: "You have insufficient available funds in your Stripe account.", Times: 1})
	id := start(w)
	w.Settle()
	r, err := w.Payouts.RunByID(t.Context(), id, "", 10)
	if err != nil || r.State != payouts.PausedRun || r.PausedReason == "" {
		t.Fatalf("run %+v, %v", r.Run, err)
	}
	if n := count(w, `select count(*) from payouts where state = 'failed' and failure_code = 'balance_insufficient'`); n != 1 {
		t.Errorf("%d payouts failed, want the one that found it out", n)
	}
	if n := count(w, `select count(*) from letters where template = 'payout_failed'`); n != 0 {
		t.Error("a payee was written to about the platform's balance")
	}
	if err := w.Payouts.Resume(t.Context(), 0, id); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	run(w)
	w.Settle()
	if got := w.Totals(payee); got.Paid != 1000 {
		t.Errorf("%+v", got)
	}
	if err := w.Payouts.Resume(t.Context(), 0, id); !errors.Is(err, fault.Conflict) {
		t.Errorf("a run that is over was resumed: %v", err)
	}
	w.Audit()
}

// Short funds are looked at before a run: who has waited longest is paid first, and the others wait for the platform.
func TestShortFundsPayTheOldestFirst(t *testing.T) {
	w := apptest.New(t)
	lea, shop := sold(w) // 10.00, and 115.00 for the brand, which came free later in the same release
	brand := w.Onboard(earnings.Owner{BrandID: shop.Brand})
	balance, err := w.Stripe.AvailableBalance(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// Somebody takes from the platform's balance until it is short for the second of them.
	out := balance[0].Minor - 11_000
	if _, err := w.Stripe.Send(t.Context(), payments.TransferRequest{Reference: "elsewhere", Destination: accountOf(w, lea), Amount: money.New(out, "EUR")}); err != nil {
		t.Fatal(err)
	}
	p, err := w.Payouts.Preview(t.Context(), 10)
	if err != nil || len(p.Currencies) != 1 || !p.Currencies[0].Short || p.Currencies[0].Fits != 1 || p.Currencies[0].Waits() != 1 {
		t.Fatalf("%+v, %v", p, err)
	}
	first := count(w, `select p.id from payees p join ledger_accounts a on a.owner_id = p.id and a.kind = 'free' join ledger_postings x on x.destination_account_id = a.id order by x.id limit 1`)
	r := run(w)
	if r.Made != 1 || r.Waiting != 1 {
		t.Errorf("%+v", r)
	}
	w.Settle()
	if n := count(w, `select count(*) from payouts where payee_id = $1 and state = 'sent'`, first); n != 1 {
		t.Errorf("payee %d, whose money is the oldest, of %d and %d, was not paid", first, lea, brand)
	}
	w.Audit()
}

// An admin pauses a run: nothing new is sent. Resumed, it goes on.
func TestPauseAndResume(t *testing.T) {
	w := apptest.New(t)
	payee, _ := sold(w)
	id := start(w)
	if err := w.Payouts.Pause(t.Context(), 0, id, "looking"); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	if p := only(w, payee); p.State != payouts.Prepared {
		t.Errorf("payout is %s in a paused run", p.State)
	}
	if err := w.Payouts.Pause(t.Context(), 0, id, "again"); !errors.Is(err, fault.Conflict) {
		t.Errorf("paused twice: %v", err)
	}
	if err := w.Payouts.Schedule(t.Context()); err != nil { // the sweep leaves it alone
		t.Fatal(err)
	}
	w.Settle()
	if err := w.Payouts.Resume(t.Context(), 0, id); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	if p := only(w, payee); p.State != payouts.Sent {
		t.Errorf("payout is %s", p.State)
	}
	w.Audit()
}

// Whoever had a run died: before it was planned, after it was made, in the middle of a call. It is taken up, and nothing doubles.
func TestRunIsTakenUpAfterACrash(t *testing.T) {
	for name, die := range map[string]func(w *apptest.World){
		"before it was planned": func(w *apptest.World) {
			if _, err := w.Payouts.Start(w.T.Context(), 0); err != nil {
				w.T.Fatal(err)
			}
		},
		"after it was made": func(w *apptest.World) { start(w) },
		"in a call, which had its effect": func(w *apptest.World) {
			w.Sandbox.Inject(stripesandbox.Fault{Path: "/v1/transfers", Method: "POST", Effect: true})
			start(w)
			_ = w.Jobs.Drain(w.T.Context())
			exec(w, `update payouts set last_error = '', next_at = clock_timestamp() - interval '1 second'`) // its lease, over
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := apptest.New(t)
			payee, _ := sold(w)
			die(w)
			exec(w, `delete from jobs`) // as if none had been kept
			if err := w.Payouts.Schedule(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.Settle()
			p := only(w, payee)
			if n, minor := atStripe(w, p); p.State != payouts.Sent || n != 1 || minor != 1000 {
				t.Errorf("payout is %s; %d transfers of %d", p.State, n, minor)
			}
			if n := count(w, `select count(*) from payout_runs where state <> 'done'`); n != 0 {
				t.Errorf("%d runs are not done", n)
			}
			w.Audit()
		})
	}
}

// A refund while the payout is in flight makes a debt. The payout fails, and the money that comes back pays it.
func TestRefundWhileAPayoutIsInFlight(t *testing.T) {
	w := apptest.New(t)
	payee, _ := sold(w)
	start(w)
	order := int64(count(w, `select max(id) from orders`))
	if err := w.RefundAll(order, 0); err != nil {
		t.Fatal(err)
	}
	w.Sandbox.Inject(stripesandbox.Fault{Path: "/v1/transfers", Method: "POST", Status: 400, Code: "transfers_not_allowed", Message: "Not now."})
	w.Settle()
	push(w, 2)
	if p := only(w, payee); p.State != payouts.Failed {
		t.Fatalf("payout is %s", p.State)
	}
	owed, err := earnings.Owed(t.Context(), w.DB, payee, "EUR")
	if err != nil {
		t.Fatal(err)
	}
	free, err := ledger.Balance(t.Context(), w.DB, ledger.Account{Kind: ledger.Free, Owner: payee}, "EUR")
	if err != nil || owed != 0 || free != 0 {
		t.Errorf("%d free beside a debt of %d, %v; want neither", free, owed, err)
	}
	w.Audit()
}

// A scheduled run starts once for its period, whoever asks; after weeks in which nothing ran, one run catches up.
func TestSchedule(t *testing.T) {
	w := apptest.New(t)
	sold(w)
	rules, err := w.Payouts.Settings(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Payouts.Configure(t.Context(), 0, rules); err != nil { // from now on
		t.Fatal(err)
	}
	tick := func() {
		t.Helper()
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				if err := w.Payouts.Schedule(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		w.Settle()
	}
	runs := func(kind string) int { return count(w, `select count(*) from payout_runs where kind = $1`, kind) }
	tick()
	if runs("weekly")+runs("monthly") != 0 {
		t.Error("a run was made up for a day before the schedule was set")
	}
	w.Pass(7)
	tick()
	if runs("weekly") != 1 {
		t.Errorf("%d weekly runs after a week", runs("weekly"))
	}
	w.Pass(70)
	tick()
	tick()
	if runs("weekly") != 2 || runs("monthly") != 1 {
		t.Errorf("%d weekly and %d monthly runs after ten weeks of silence, want one each more", runs("weekly"), runs("monthly"))
	}
	if n := count(w, `select count(*) from payouts where state = 'sent'`); n != 1 {
		t.Errorf("%d payouts", n)
	}
	w.Audit()
}

func TestCadenceMinimumAndPayNow(t *testing.T) {
	w := apptest.New(t)
	payee, shop := sold(w)
	if err := w.Payouts.ChooseCadence(t.Context(), payee, "sometimes"); !errors.Is(err, fault.Invalid) {
		t.Errorf("a cadence that is none: %v", err)
	}
	if err := w.Payouts.ChooseCadence(t.Context(), payee, payouts.WhenAsked); err != nil {
		t.Fatal(err)
	}
	if r := run(w); r.Made != 0 {
		t.Errorf("who wants to ask was paid without asking: %+v", r)
	}
	rules, err := w.Payouts.Settings(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	rules.Minimums["EUR"] = 1001
	if err := w.Payouts.Configure(t.Context(), 0, rules); err != nil {
		t.Fatal(err)
	}
	if err := w.Payouts.PayNow(t.Context(), 0, payee); !errors.Is(err, payouts.ErrNotYet) {
		t.Errorf("paid below the minimum: %v", err)
	}
	rules.Minimums["EUR"] = 1000
	if err := w.Payouts.Configure(t.Context(), 0, rules); err != nil {
		t.Fatal(err)
	}
	if err := w.Payouts.PayNow(t.Context(), 0, payee); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	if p := only(w, payee); p.State != payouts.Sent {
		t.Errorf("payout is %s", p.State)
	}
	sellOne(w, shop, int64(count(w, `select member_id from payees where id = $1`, payee)))
	if err := w.Payouts.PayNow(t.Context(), 0, payee); err != nil { // more than a day later
		t.Errorf("asked again after days: %v", err)
	}
	if err := w.Payouts.PayNow(t.Context(), 0, payee); !errors.Is(err, payouts.ErrAskedToday) {
		t.Errorf("asked twice in a day: %v", err)
	}
	w.Settle()
	w.Audit()
}

// A bank sends back what had arrived: the payee sees why, is told once, and the transfer stays what it was.
func TestBankBounceAfterPaid(t *testing.T) {
	w := apptest.New(t)
	payee, _ := sold(w)
	run(w)
	w.Settle()
	w.Pass(1)
	w.Pass(3)
	ids := w.Sandbox.BankPayouts(accountOf(w, payee))
	if len(ids) == 0 {
		t.Fatal("nothing went to the bank")
	}
	if err := w.Sandbox.FailBankPayout(ids[0], "account_closed"); err != nil {
		t.Fatal(err)
	}
	w.Sandbox.DuplicateWebhooks(2)
	w.Settle()
	bank, err := w.Payouts.AtBank(t.Context(), payee, 10)
	if err != nil || len(bank) == 0 || bank[0].State != "failed" || bank[0].Reason() != "account_closed" {
		t.Errorf("%+v, %v", bank, err)
	}
	if n := count(w, `select count(*) from letters where template = 'payout_bank'`); n != 1 {
		t.Errorf("%d letters", n)
	}
	if p := only(w, payee); p.State != payouts.Sent {
		t.Errorf("payout is %s", p.State)
	}
	w.Audit()
}

// faultOnce has Stripe refuse the next transfer for good.
func faultOnce() stripesandbox.Fault {
	return stripesandbox.Fault{Path: "/v1/transfers", Method: "POST", Status: 400, Code: "transfers_not_allowed", Message: "Not now."}
}

// gift puts money on a payee's free account.
func gift(w *apptest.World, payee int64, reference string, amount money.Amount) {
	w.T.Helper()
	err := postgres.InTx(w.T.Context(), w.DB, func(tx *sqlx.Tx) error {
		_, err := ledger.Post(w.T.Context(), tx, ledger.Transaction{Reference: reference, Kind: "gift", Currency: amount.Currency, At: w.Clock.Now(),
			Postings: []ledger.Posting{{Source: ledger.Account{Kind: ledger.Stripe}, Destination: ledger.Account{Kind: ledger.Free, Owner: payee}, Amount: amount.Minor}}})
		return err
	})
	if err != nil {
		w.T.Fatal(err)
	}
}

func TestPayable(t *testing.T) {
	for _, c := range []struct {
		free, amount, carried int64
		currency              money.Currency
	}{{1234, 1234, 0, "EUR"}, {1234, 1234, 0, "JPY"}, {123_456, 123_400, 56, "HUF"}, {99, 0, 99, "TWD"}, {150_000, 150_000, 0, "ISK"}, {4_000_001, 4_000_000, 1, "UGX"}} {
		if amount, carried := payouts.Payable(c.free, c.currency); amount != c.amount || carried != c.carried {
			t.Errorf("%d %s: %d and %d", c.free, c.currency, amount, carried)
		}
	}
}

func TestLastDue(t *testing.T) {
	rules := payouts.Settings{Weekday: time.Monday, MonthDay: 28}
	at := func(day, hour int) time.Time { return time.Date(2026, 3, day, hour, 0, 0, 0, time.UTC) }
	for _, c := range []struct {
		kind payouts.Kind
		now  time.Time
		want string
	}{{payouts.WeeklyRun, at(2, 5), "weekly:2026-02-23"}, {payouts.WeeklyRun, at(2, 6), "weekly:2026-03-02"}, {payouts.WeeklyRun, at(8, 23), "weekly:2026-03-02"},
		{payouts.MonthlyRun, at(1, 12), "monthly:2026-02-28"}, {payouts.MonthlyRun, at(28, 6), "monthly:2026-03-28"}} {
		if _, got := rules.LastDue(c.kind, c.now); got != c.want {
			t.Errorf("%s at %v is %s, want %s", c.kind, c.now, got, c.want)
		}
	}
}

// Currencies without small coins are paid in whole ones; the rest is on the statement, and in the next payout.
func TestRoundedCurrencyCarriesTheRest(t *testing.T) {
	w := apptest.New(t)
	payee, err := w.Payouts.PayeeOf(t.Context(), earnings.Owner{MemberID: w.Member("lea")})
	if err != nil {
		t.Fatal(err)
	}
	exec(w, `update payees set stripe_account_id = 'acct_lea', details_submitted = true, transfers_active = true where id = $1`, payee.ID)
	huf := &till{available: money.New(100_000_000, "HUF")}
	s := serviceWith(w, huf)
	for i, gifted := range []int64{500_056, 500_050} {
		gift(w, payee.ID, []string{"one", "two"}[i], money.New(gifted, "HUF"))
		if _, err := s.Run(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		deliver(w, s)
	}
	ps, err := s.List(t.Context(), payee.ID, 10)
	if err != nil || len(ps) != 2 || ps[1].Amount.Minor != 500_000 || ps[1].Carried != 56 || ps[0].Amount.Minor != 500_100 || ps[0].Carried != 6 {
		t.Fatalf("%+v, %v", ps, err)
	}
	st, err := s.StatementOf(t.Context(), payee.ID, ps[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	if sum, err := st.Sum(); err != nil || sum != st.Amount || len(st.Lines) != 3 || st.Lines[0].Kind != payouts.Carried || st.Lines[2].Kind != payouts.Forward {
		t.Errorf("%v: %+v, %v", sum, st.Lines, err)
	}
	hold(w)
}
