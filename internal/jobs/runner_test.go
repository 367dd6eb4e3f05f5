package jobs_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jmoiron/sqlx"

	"relais/internal/jobs"
	"relais/internal/postgres"
	"relais/internal/postgres/pgtest"
)

func TestTwoRunnersShareTheWork(t *testing.T) {
	db := pgtest.DB(t)
	effects(t, db)
	const n = 500
	all := make([]jobs.Job, n)
	for i := range all {
		all[i] = jobs.Job{Kind: "a", Args: i, UniqueKey: fmt.Sprint(i)}
	}
	enqueue(t, db, all...)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var left atomic.Int64
	left.Store(n)
	var runners sync.WaitGroup
	for range 2 {
		r := newRunner(t, db, &clock{}, jobs.Options{Workers: 4, Poll: 50 * time.Millisecond})
		r.Handle("a", time.Minute, func(ctx context.Context, w jobs.Work) error {
			if err := effect(ctx, db, w); err != nil {
				return err
			}
			if left.Add(-1) == 0 {
				stop()
			}
			return nil
		})
		runners.Go(func() {
			if err := r.Run(ctx); err != nil {
				t.Errorf("Run: %v", err)
			}
		})
	}
	runners.Wait()
	if done := count(t, db, `select count(*) from jobs where done_at is not null and kind = 'a' and attempt = 1`); done != n {
		t.Errorf("%d jobs done at the first attempt, want %d", done, n)
	}
	if distinct := count(t, db, `select count(distinct job) from effects`); distinct != n || count(t, db, `select count(*) from effects`) != n {
		t.Errorf("%d jobs had an effect, want %d once each", distinct, n)
	}
}

func TestWakeAndStop(t *testing.T) {
	db := pgtest.DB(t)
	r := newRunner(t, db, &clock{}, jobs.Options{Poll: time.Hour}) // nothing happens without Wake
	begun, release := make(chan struct{}), make(chan struct{})
	r.Handle("slow", time.Minute, func(ctx context.Context, _ jobs.Work) error {
		close(begun)
		<-release
		return ctx.Err()
	})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- r.Run(ctx) }()
	enqueue(t, db, jobs.Job{Kind: "slow"})
	r.Wake()
	<-begun
	stop()
	select {
	case <-ended:
		t.Error("Run returned while a job was running")
	default:
	}
	close(release)
	if err := <-ended; err != nil {
		t.Errorf("Run: %v", err)
	}
	if e := the(t, db, "slow"); e.State != jobs.Done {
		t.Errorf("job = %+v, want done: it was let finish", e)
	}
}

// TestDrainBesideRun: what Run took up a moment before is done when it returns, with what that enqueued.
func TestDrainBesideRun(t *testing.T) {
	db := pgtest.DB(t)
	r := newRunner(t, db, &clock{}, jobs.Options{Poll: time.Hour})
	begun, release := make(chan struct{}), make(chan struct{})
	var followed atomic.Bool
	r.Handle("first", time.Minute, func(ctx context.Context, _ jobs.Work) error {
		close(begun)
		<-release
		return postgres.InTx(ctx, db, func(tx *sqlx.Tx) error { return jobs.Enqueue(ctx, tx, jobs.Job{Kind: "second"}) })
	})
	r.Handle("second", time.Minute, func(context.Context, jobs.Work) error { followed.Store(true); return nil })
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- r.Run(ctx) }()
	enqueue(t, db, jobs.Job{Kind: "first"})
	r.Wake()
	<-begun
	drained := make(chan error)
	go func() { drained <- r.DrainBeside(ctx, time.Hour) }()
	select {
	case <-drained:
		t.Error("it returned while a job was running")
	case release <- struct{}{}:
		if err := <-drained; err != nil || !followed.Load() {
			t.Errorf("drain: %v, what followed was done: %v", err, followed.Load())
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("Run: %v", err)
	}
}

func TestStopCancelsAfterGrace(t *testing.T) {
	db := pgtest.DB(t)
	r := newRunner(t, db, &clock{}, jobs.Options{Grace: time.Millisecond})
	begun := make(chan struct{})
	r.Handle("endless", time.Minute, func(ctx context.Context, _ jobs.Work) error {
		close(begun)
		<-ctx.Done()
		return ctx.Err()
	})
	enqueue(t, db, jobs.Job{Kind: "endless"})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- r.Run(ctx) }()
	<-begun
	stop()
	if err := <-ended; err != nil {
		t.Errorf("Run: %v", err)
	}
	if n := count(t, db, `select count(*) from jobs where kind = 'endless' and leased_until is null and run_at <= clock_timestamp()`); n != 1 {
		t.Error("the job was not put back for others to take at once")
	}
}

func TestPeriodicOncePerPeriod(t *testing.T) {
	db, c := pgtest.DB(t), &clock{}
	var runs atomic.Int64
	ran := make(chan struct{}, 100)
	period := func() {
		ctx, stop := context.WithCancel(t.Context())
		var runners sync.WaitGroup
		for range 3 {
			r := newRunner(t, db, c, jobs.Options{Poll: 20 * time.Millisecond})
			r.Handle("sweep", time.Minute, func(context.Context, jobs.Work) error {
				runs.Add(1)
				ran <- struct{}{}
				return nil
			})
			r.Every("sweep", 24*time.Hour, "sweep")
			runners.Go(func() { _ = r.Run(ctx) })
		}
		<-ran
		stop()
		runners.Wait()
	}
	period()
	c.advance(24 * time.Hour)
	period()
	if runs.Load() != 2 || count(t, db, `select count(*) from jobs where kind = 'sweep'`) != 2 {
		t.Errorf("%d runs in two periods of three processes, want 2", runs.Load())
	}
	r := newRunner(t, db, c, jobs.Options{})
	r.Every("nobody", time.Hour, "nobody")
	if err := r.Run(t.Context()); err == nil {
		t.Error("Run accepted a periodic job that nobody handles")
	}
}

func TestDoneJobsAreDeletedAfterAWeek(t *testing.T) {
	db, c := pgtest.DB(t), &clock{}
	db.MustExec(`insert into jobs (kind, run_at, done_at) select 'old', now(), now() - interval '6 days' from generate_series(1, 2500)`)
	enqueue(t, db, jobs.Job{Kind: "waiting", RunAt: time.Now().Add(time.Hour * 1000)})
	r := newRunner(t, db, c, jobs.Options{})
	for _, want := range []int{2500, 0} {
		enqueue(t, db, jobs.Job{Kind: "jobs.purge"})
		if err := r.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := count(t, db, `select count(*) from jobs where kind = 'old'`); n != want {
			t.Errorf("%d old jobs, want %d", n, want)
		}
		c.advance(48 * time.Hour)
	}
	if e := the(t, db, "waiting"); e.State != jobs.Waiting {
		t.Errorf("job = %+v, want it still waiting", e)
	}
}

func TestStatsAndList(t *testing.T) {
	db := pgtest.DB(t)
	db.MustExec(`insert into jobs (kind, run_at, attempt, leased_until, last_error, done_at, parked_at) values
		('a', now() - interval '30 seconds', 0, null, '', null, null),
		('a', now() + interval '1 hour', 1, null, 'no', null, null),
		('b', now() + interval '1 hour', 1, now() + interval '1 hour', '', null, null),
		('b', now(), 1, null, '', now(), null),
		('b', now(), 10, null, 'no', null, now())`)
	s, err := jobs.Stats(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	if s.Late < 30 || s.Late > 300 {
		t.Errorf("late by %v s, want at least 30", s.Late)
	}
	s.Late = 0
	if diff := cmp.Diff(jobs.Summary{Waiting: 2, Failing: 1, Running: 1, Parked: 1, Done: 1}, s); diff != "" {
		t.Errorf("stats (-want +got):\n%s", diff)
	}
	for _, tt := range []struct {
		filter jobs.Filter
		want   []int64
	}{
		{jobs.Filter{}, []int64{5, 4, 3, 2, 1}},
		{jobs.Filter{State: jobs.Waiting}, []int64{2, 1}},
		{jobs.Filter{State: jobs.Parked}, []int64{5}},
		{jobs.Filter{Kind: "b", Before: 5, Limit: 1}, []int64{4}},
	} {
		list, err := jobs.List(t.Context(), db, tt.filter)
		var ids []int64
		for _, e := range list {
			ids = append(ids, e.ID)
		}
		if diff := cmp.Diff(tt.want, ids); diff != "" || err != nil {
			t.Errorf("List(%+v) (-want +got), %v:\n%s", tt.filter, err, diff)
		}
	}
}

func TestMistakesOfTheWiringPanic(t *testing.T) {
	r := newRunner(t, nil, &clock{}, jobs.Options{})
	nothing := func(context.Context, jobs.Work) error { return nil }
	for name, f := range map[string]func(){
		"a kind twice":    func() { r.Handle("a", time.Minute, nothing); r.Handle("a", time.Minute, nothing) },
		"a lease of none": func() { r.Handle("b", 0, nothing) },
		"a period of ms":  func() { r.Every("c", time.Millisecond, "a") },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s did not panic", name)
				}
			}()
			f()
		}()
	}
}
