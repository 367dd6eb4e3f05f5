package reviews_test

import (
	"errors"
	"testing"
	"time"

	"relais/internal/app/apptest"
	"relais/internal/earnings"
	"relais/internal/orders"
	"relais/internal/postgres/pgtest"
	"relais/internal/reviews"
)

// blocked waits until n sessions of this database wait for another.
func (w *world) blocked(n int) {
	w.T.Helper()
	for deadline := time.After(20 * time.Second); ; {
		var got int
		w.must(w.DB.Get(&got, `select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`))
		if got >= n {
			return
		}
		select {
		case <-deadline:
			w.T.Fatalf("%d sessions wait; want %d", got, n)
		default:
		}
	}
}

// unseen makes the one open review undone, as if nobody had looked yet.
func (w *world) unseen(o orders.Page) {
	w.T.Helper()
	w.must(w.Reviews.Decide(w.T.Context(), w.opened(1)[0].ID, reviews.Verdict{By: w.alma, Yes: true, Why: "A real buyer."}))
	e := w.earning(o.ID, earnings.Commission)
	for _, stmt := range []string{`delete from holds where earning_id = $1`, `delete from reviews where earning_id = $1`} {
		_, err := pgtest.Owner(w.T, w.DB).Exec(stmt, e.ID)
		w.must(err)
	}
}

// cameBack is a sale of Lea's that is refunded, so that the sweep looks at her others.
func (w *world) cameBack() {
	w.T.Helper()
	w.must(w.RefundAll(w.paid("4000000000000077", "").ID, 0))
	w.Settle()
}

// A commission that comes free while the sweep is about to look at it is free: no review of it opens.
func TestNoReviewOfWhatCameFreeMeanwhile(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	o := w.paid(apptest.Good, "quelquun@yopmail.com")
	w.unseen(o)
	w.Deliver(o.ID)
	w.Pass(13)
	w.is(o.ID, earnings.Commission, earnings.Held, earnings.WithdrawalPeriod, 1000)
	w.cameBack()
	w.must(w.Clock.Advance(ctx, 1))
	owner := pgtest.Owner(t, w.DB)
	// The release stops half-way, in a transaction that has the row.
	for _, stmt := range []string{
		`create function stop_here() returns trigger language plpgsql as $$ begin perform pg_advisory_xact_lock(4711); return new; end $$`,
		`create trigger stop_here before update on earnings for each row when (new.state = 'free') execute function stop_here()`} {
		_, err := owner.Exec(stmt)
		w.must(err)
	}
	gate := owner.MustBegin()
	gate.MustExec(`select pg_advisory_xact_lock(4711)`)
	released, swept := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := earnings.ReleaseDue(ctx, w.DB, w.Clock.Now())
		released <- err
	}()
	w.blocked(1)
	go func() { swept <- w.Reviews.Sweep(ctx) }()
	w.blocked(2)
	w.must(gate.Rollback())
	w.must(errors.Join(<-released, <-swept))
	w.is(o.ID, earnings.Commission, earnings.Free, earnings.Released, 1000)
	w.opened(0)
	w.Audit()
}

// A sweep looks at all of them, however many there are without a doubt before the one that has one.
func TestTheSweepLooksAtAll(t *testing.T) {
	w := open(t)
	for range 3 {
		w.paid(apptest.Good, "")
	}
	o := w.paid(apptest.Good, "quelquun@yopmail.com")
	w.unseen(o)
	w.cameBack()
	w.Reviews.TakeUp(1)
	w.must(w.Reviews.Sweep(t.Context()))
	if r := w.opened(1)[0]; r.OrderID != o.ID {
		t.Errorf("%+v", r)
	}
	w.Audit()
}
