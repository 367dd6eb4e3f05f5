package jobs_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"relais/internal/jobs"
	"relais/internal/postgres/pgtest"
)

// A worker comes back from a stall while somebody else is in the middle of its job: its effect is refused, and the job stays the other's.
func TestLateWorkerCannotEndSomebodyElsesLease(t *testing.T) {
	db, c := pgtest.DB(t), &clock{}
	effects(t, db)
	r := newRunner(t, db, c, jobs.Options{})
	var first jobs.Work
	r.Handle("a", time.Minute, func(ctx context.Context, w jobs.Work) error {
		if w.Attempt == 1 {
			first = w
			c.advance(2 * time.Minute)
			return r.Drain(ctx)
		}
		if err := effect(ctx, db, first); !errors.Is(err, jobs.ErrLeaseLost) {
			t.Errorf("the late worker's effect = %v, want ErrLeaseLost", err)
		}
		if e := the(t, db, "a"); e.EndedAt != nil {
			t.Errorf("the late worker ended the job: %+v", e)
		}
		return effect(ctx, db, w)
	})
	enqueue(t, db, jobs.Job{Kind: "a"})
	if err := r.Drain(t.Context()); err != nil {
		t.Error(err)
	}
	if n := count(t, db, `select count(*) from effects where attempt = 2`); n != 1 || count(t, db, `select count(*) from effects`) != 1 {
		t.Error("want one effect, of the second attempt")
	}
}
