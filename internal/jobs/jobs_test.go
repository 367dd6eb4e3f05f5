package jobs_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/jobs"
	"relais/internal/postgres"
	"relais/internal/postgres/pgtest"
)

// clock is a clock that tests move ahead of the real one.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

func newRunner(t *testing.T, db *sqlx.DB, c *clock, o jobs.Options) *jobs.Runner {
	t.Helper()
	o.Now = c.now
	return jobs.New(db, slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})), o)
}

func enqueue(t *testing.T, db *sqlx.DB, all ...jobs.Job) {
	t.Helper()
	err := postgres.InTx(t.Context(), db, func(tx *sqlx.Tx) error {
		for _, j := range all {
			if err := jobs.Enqueue(t.Context(), tx, j); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatalf("enqueue: %v", err)
	}
}

// the returns the one job of a kind.
func the(t *testing.T, db *sqlx.DB, kind string) jobs.Entry {
	t.Helper()
	list, err := jobs.List(t.Context(), db, jobs.Filter{Kind: kind})
	if err != nil || len(list) != 1 {
		t.Fatalf("List(%s) = %d jobs, %v; want one", kind, len(list), err)
	}
	return list[0]
}

// effects is a table with one row per effect, so that effect and completion can share a transaction.
func effects(t *testing.T, db *sqlx.DB) {
	t.Helper()
	owner := pgtest.Owner(t, db)
	owner.MustExec(`create table effects (job bigint not null, attempt integer not null)`)
}

func effect(ctx context.Context, db *sqlx.DB, w jobs.Work) error {
	return postgres.InTx(ctx, db, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, `insert into effects values ($1, $2)`, w.ID, w.Attempt); err != nil {
			return err
		}
		return w.Done(ctx, tx)
	})
}

func count(t *testing.T, db *sqlx.DB, query string, args ...any) (n int) {
	t.Helper()
	if err := db.Get(&n, query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

func TestEnqueuedWithItsTransaction(t *testing.T) {
	db := pgtest.DB(t)
	abandoned := errors.New("abandoned")
	err := postgres.InTx(t.Context(), db, func(tx *sqlx.Tx) error {
		if err := jobs.Enqueue(t.Context(), tx, jobs.Job{Kind: "a"}); err != nil {
			return err
		}
		return abandoned
	})
	if !errors.Is(err, abandoned) {
		t.Fatalf("InTx = %v", err)
	}
	if n := count(t, db, `select count(*) from jobs`); n != 0 {
		t.Errorf("%d jobs outlived their transaction", n)
	}
	enqueue(t, db, jobs.Job{Kind: "a", Args: map[string]int{"order_id": 7}})

	r := newRunner(t, db, &clock{}, jobs.Options{})
	var got struct {
		OrderID int `json:"order_id"`
	}
	r.Handle("a", time.Minute, func(_ context.Context, w jobs.Work) error { return w.Decode(&got) })
	if err := r.Drain(t.Context()); err != nil {
		t.Fatalf("Drain: %v", err)
	}
	if got.OrderID != 7 {
		t.Errorf("order id = %d, want 7", got.OrderID)
	}
	if e := the(t, db, "a"); e.State != jobs.Done || e.Attempt != 1 || e.EndedAt == nil {
		t.Errorf("job = %+v, want done at the first attempt", e)
	}
}

func TestUniqueKeyIsEnqueuedOnce(t *testing.T) {
	db := pgtest.DB(t)
	job := jobs.Job{Kind: "a", UniqueKey: "expire:7"}
	enqueue(t, db, job, job, jobs.Job{Kind: "a"}, jobs.Job{Kind: "a"})
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() { enqueue(t, db, job) })
	}
	callers.Wait()
	if n := count(t, db, `select count(*) from jobs`); n != 3 {
		t.Errorf("%d jobs, want one with the key and two without", n)
	}
}

func TestRunAt(t *testing.T) {
	db, c, runs := pgtest.DB(t), &clock{}, 0
	r := newRunner(t, db, c, jobs.Options{})
	r.Handle("a", time.Minute, func(context.Context, jobs.Work) error { runs++; return nil })
	enqueue(t, db, jobs.Job{Kind: "a", RunAt: c.now().Add(time.Hour)}, jobs.Job{Kind: "unknown"})
	for _, step := range []struct {
		ahead time.Duration
		want  int
	}{{0, 0}, {59 * time.Minute, 0}, {2 * time.Minute, 1}, {time.Hour, 1}} {
		c.advance(step.ahead)
		if err := r.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if runs != step.want {
			t.Errorf("%d runs %v later, want %d", runs, step.ahead, step.want)
		}
	}
	if e := the(t, db, "unknown"); e.State != jobs.Waiting || e.Attempt != 0 {
		t.Errorf("a job that nobody here handles = %+v, want untouched", e)
	}
}

// Each handler run twice: the process died after the effect was written but before it was committed, or after the commit.
func TestRunTwiceOneEffect(t *testing.T) {
	db, c := pgtest.DB(t), &clock{}
	effects(t, db)
	r := newRunner(t, db, c, jobs.Options{})
	var first jobs.Work
	r.Handle("a", time.Minute, func(ctx context.Context, w jobs.Work) error {
		if w.Attempt == 1 {
			first = w
			c.advance(2 * time.Minute) // it stalls past its lease, and somebody else takes the job
			if err := r.Drain(ctx); err != nil {
				t.Errorf("the second lease: %v", err)
			}
		}
		return effect(ctx, db, w)
	})
	enqueue(t, db, jobs.Job{Kind: "a"})
	if err := r.Drain(t.Context()); !errors.Is(err, jobs.ErrLeaseLost) {
		t.Errorf("the first lease = %v, want ErrLeaseLost", err)
	}
	if n := count(t, db, `select count(*) from effects where attempt = 2`); n != 1 || count(t, db, `select count(*) from effects`) != 1 {
		t.Errorf("want one effect, of the second attempt")
	}
	if err := effect(t.Context(), db, first); !errors.Is(err, jobs.ErrLeaseLost) {
		t.Errorf("an effect after the end = %v, want ErrLeaseLost", err)
	}
	if e := the(t, db, "a"); e.State != jobs.Done || e.Attempt != 2 {
		t.Errorf("job = %+v, want done at the second attempt", e)
	}
}

func TestFailureOfALateWorkerChangesNothing(t *testing.T) {
	db, c := pgtest.DB(t), &clock{}
	r := newRunner(t, db, c, jobs.Options{})
	r.Handle("a", time.Minute, func(ctx context.Context, w jobs.Work) error {
		if w.Attempt > 1 {
			return nil
		}
		c.advance(2 * time.Minute)
		if err := r.Drain(ctx); err != nil {
			t.Errorf("the second lease: %v", err)
		}
		return errors.New("too late to fail")
	})
	enqueue(t, db, jobs.Job{Kind: "a"})
	_ = r.Drain(t.Context())
	if e := the(t, db, "a"); e.State != jobs.Done || e.LastError != "" {
		t.Errorf("job = %+v, want done without error", e)
	}
}

func TestBackoffThenParkedThenRetried(t *testing.T) {
	db, c := pgtest.DB(t), &clock{}
	broken := true
	r := newRunner(t, db, c, jobs.Options{})
	r.Handle("a", time.Minute, func(context.Context, jobs.Work) error {
		if broken {
			return errors.New("bank closed\x00\xff")
		}
		return nil
	})
	enqueue(t, db, jobs.Job{Kind: "a", MaxAttempts: 3}, jobs.Job{Kind: "b"})
	for attempt, pause := range []time.Duration{0, 2 * time.Second, 20 * time.Second} {
		c.advance(pause)
		if err := r.Drain(t.Context()); err == nil {
			t.Errorf("attempt %d: Drain kept the failure to itself", attempt+1)
		}
		if e := the(t, db, "a"); e.Attempt != attempt+1 || e.LastError != "bank closed\uFFFD" {
			t.Errorf("after attempt %d: %+v", attempt+1, e)
		}
	}
	parked := the(t, db, "a")
	c.advance(48 * time.Hour)
	if err := r.Drain(t.Context()); err != nil || parked.State != jobs.Parked || the(t, db, "a").Attempt != 3 {
		t.Errorf("job = %+v, want parked and left alone (%v)", parked, err)
	}
	broken = false
	if err := jobs.Retry(t.Context(), db, parked.ID); err != nil {
		t.Fatalf("Retry: %v", err)
	}
	if err := r.Drain(t.Context()); err != nil {
		t.Fatalf("Drain: %v", err)
	}
	if e := the(t, db, "a"); e.State != jobs.Done || e.Attempt != 4 || e.LastError != "" {
		t.Errorf("job = %+v, want done at the fourth attempt", e)
	}
	for _, id := range []int64{parked.ID, 1 << 40} {
		if err := jobs.Retry(t.Context(), db, id); !errors.Is(err, fault.Conflict) {
			t.Errorf("Retry of what is done or absent = %v, want a conflict", err)
		}
	}
}

func TestRetryGivesAllAttemptsAgain(t *testing.T) {
	db, c := pgtest.DB(t), &clock{}
	r := newRunner(t, db, c, jobs.Options{})
	r.Handle("a", time.Minute, func(context.Context, jobs.Work) error { return errors.New("no") })
	enqueue(t, db, jobs.Job{Kind: "a", MaxAttempts: 2})
	for round := range 2 {
		for range 2 {
			if e := the(t, db, "a"); e.State != jobs.Waiting {
				t.Fatalf("round %d: %+v, want waiting", round, e)
			}
			_ = r.Drain(t.Context())
			c.advance(time.Minute)
		}
		if e := the(t, db, "a"); e.State != jobs.Parked {
			t.Fatalf("round %d: %+v, want parked", round, e)
		}
		if err := jobs.Retry(t.Context(), db, the(t, db, "a").ID); err != nil {
			t.Fatal(err)
		}
	}
}

// A job that kills its process each time never reports back. It must not go on for ever.
func TestPoisonIsParked(t *testing.T) {
	db, c := pgtest.DB(t), &clock{}
	r := newRunner(t, db, c, jobs.Options{})
	runs := 0
	r.Handle("a", time.Minute, func(context.Context, jobs.Work) error { runs++; return nil })
	enqueue(t, db, jobs.Job{Kind: "a", MaxAttempts: 2})
	// Two processes leased it and died.
	db.MustExec(`update jobs set attempt = 2, leased_until = now() + interval '1 minute', run_at = now() + interval '1 minute'`)
	if err := r.Drain(t.Context()); err != nil || runs != 0 {
		t.Errorf("Drain = %v with %d runs while it is leased", err, runs)
	}
	if err := jobs.Retry(t.Context(), db, the(t, db, "a").ID); !errors.Is(err, jobs.ErrNotWaiting) {
		t.Errorf("Retry of a running job = %v, want ErrNotWaiting", err)
	}
	c.advance(2 * time.Minute)
	if err := r.Drain(t.Context()); err == nil || runs != 0 {
		t.Errorf("Drain = %v with %d runs, want it abandoned", err, runs)
	}
	if e := the(t, db, "a"); e.State != jobs.Parked {
		t.Errorf("job = %+v, want parked", e)
	}
}

func TestPanicIsAFailure(t *testing.T) {
	db, c := pgtest.DB(t), &clock{}
	r := newRunner(t, db, c, jobs.Options{})
	r.Handle("a", time.Minute, func(context.Context, jobs.Work) error { panic("out of cheese") })
	enqueue(t, db, jobs.Job{Kind: "a"})
	if err := r.Drain(t.Context()); err == nil {
		t.Error("Drain = nil, want the panic")
	}
	if e := the(t, db, "a"); e.State != jobs.Waiting || e.LastError[:20] != "panic: out of cheese" {
		t.Errorf("job = %+v, want waiting with the panic", e)
	}
}
