// Package jobs is durable work: what must happen after a transaction commits, however often the process dies before.
//
// A job is enqueued in the transaction that makes it necessary, so it exists exactly when its reason does. A runner leases
// it, works outside of any transaction, and completes it, if the handler wishes, inside the transaction of its effect.
//
//	                    ┌────────── error: attempt⁴ seconds later ──────────┐
//	                    ▼                                                   │
//	Enqueue ───► waiting ───── leased, attempt+1 ─────► running ────────────┤
//	                ▲  ▲                                 │   │              │
//	                │  └── lease over (process died) ────┘   ├─ nil, Done ──┼─► done ──► deleted after 7 days
//	                │                                        │              │
//	                └────────── Retry, by hand ─────────── parked ◄─────────┘ error, no attempt left
//
// A job runs at least once. Its handler must therefore be idempotent: run twice it has one effect. Two things help. Each
// lease raises the job's attempt, and Work.Done, called inside the effect's transaction, returns ErrLeaseLost to whoever
// holds an older attempt: that transaction must roll back, for somebody else has the job. And a unique key makes a second
// Enqueue a no-op for as long as the first job is kept (seven days after it is done).
//
// Nothing is dropped: a job without attempts left is parked, with its error, until somebody has it tried again. Periodic
// work needs no leader: every process enqueues the same job under the same unique key, and one of them wins.
//
// All times are the database's own: clocks of servers may differ.
package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// Job is work to be done.
type Job struct {
	Kind        string    // who handles it: "orders.expire"
	Args        any       // as JSON; ids rather than contents
	UniqueKey   string    // empty: none
	RunAt       time.Time // not before, by the real clock; zero: now
	MaxAttempts int       // until it is parked; 0: 10
}

// defaultAttempts is about four hours of trying.
const defaultAttempts = 10

const insertJob = `
insert into jobs (kind, args, unique_key, run_at, max_attempts)
values ($1, $2, nullif($3, ''), coalesce($4::timestamptz, clock_timestamp()), $5) on conflict (unique_key) do nothing`

// Enqueue has j done once tx commits. A job whose unique key exists already is not added again.
func Enqueue(ctx context.Context, tx *sqlx.Tx, j Job) error {
	args := []byte("{}")
	if j.Args != nil {
		var err error
		if args, err = json.Marshal(j.Args); err != nil {
			return fmt.Errorf("enqueue %s: %w", j.Kind, err)
		}
	}
	if j.MaxAttempts == 0 {
		j.MaxAttempts = defaultAttempts
	}
	if _, err := tx.ExecContext(ctx, insertJob, j.Kind, string(args), j.UniqueKey, timeOrNull(j.RunAt), j.MaxAttempts); err != nil {
		return fmt.Errorf("enqueue %s: %w", j.Kind, err)
	}
	return nil
}

func timeOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// ErrLeaseLost tells a handler that its lease ran out and somebody else has the job: roll back.
var ErrLeaseLost = errors.New("the lease of this job is lost")

// Work is a job as its handler gets it.
type Work struct {
	ID      int64
	Kind    string
	Args    json.RawMessage
	Attempt int // 1 at first; grows with each lease

	maxAttempts, forgiven int
}

// Decode reads the arguments into v.
func (w Work) Decode(v any) error {
	if err := json.Unmarshal(w.Args, v); err != nil {
		return fmt.Errorf("arguments of job %d: %w", w.ID, err)
	}
	return nil
}

const completeJob = `
update jobs set done_at = clock_timestamp(), leased_until = null, last_error = ''
where id = $1 and attempt = $2 and done_at is null and parked_at is null`

// Done completes the job in the transaction of its effect, so that both are there or neither. ErrLeaseLost when the lease
// went to somebody else, or the job is complete: then tx must be rolled back.
func (w Work) Done(ctx context.Context, tx *sqlx.Tx) error {
	completed, err := w.complete(ctx, tx)
	if err == nil && !completed {
		err = ErrLeaseLost
	}
	if err != nil {
		return fmt.Errorf("complete job %d: %w", w.ID, err)
	}
	return nil
}

func (w Work) complete(ctx context.Context, e sqlx.ExecerContext) (bool, error) {
	result, err := e.ExecContext(ctx, completeJob, w.ID, w.Attempt)
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n == 1, err
}

// Handler does the work of a kind of job. It must be idempotent and stop when ctx ends, which is before the lease does.
// nil completes the job, if Done has not; an error has it tried again later, and parked when no attempt is left.
type Handler func(ctx context.Context, w Work) error
