package jobs

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
)

// State is where a job stands.
type State string

// The states of a job.
const (
	Waiting State = "waiting" // for its time, or for a worker
	Running State = "running"
	Done    State = "done"
	Parked  State = "parked" // no attempt left: somebody must look
)

// Entry is a job as it is kept.
type Entry struct {
	ID          int64           `db:"id"`
	Kind        string          `db:"kind"`
	Args        json.RawMessage `db:"args"`
	UniqueKey   string          `db:"unique_key"`
	State       State           `db:"state"`
	RunAt       time.Time       `db:"run_at"`
	Attempt     int             `db:"attempt"`
	MaxAttempts int             `db:"max_attempts"`
	LastError   string          `db:"last_error"` // of the last failed attempt; for engineers, not for the public
	EnqueuedAt  time.Time       `db:"enqueued_at"`
	EndedAt     *time.Time      `db:"ended_at"` // done or parked
}

// Filter chooses jobs for List. Zero values choose everything.
type Filter struct {
	State  State
	Kind   string
	Before int64 // only ids below: for the next page
	Limit  int   // 0: 50
}

const stateOf = `case when done_at is not null then 'done' when parked_at is not null then 'parked'
  when leased_until > clock_timestamp() then 'running' else 'waiting' end`

const selectJobs = `
select id, kind, args, unique_key, state, run_at, attempt, max_attempts, last_error, enqueued_at, ended_at from (
  select id, kind, args, coalesce(unique_key, '') as unique_key, ` + stateOf + ` as state, run_at, attempt, max_attempts, last_error,
    enqueued_at, coalesce(done_at, parked_at) as ended_at from jobs) j
where ($1 = '' or state = $1) and ($2 = '' or kind = $2) and ($3::bigint = 0 or id < $3) order by id desc limit $4`

// List returns jobs, newest first.
func List(ctx context.Context, q sqlx.QueryerContext, f Filter) ([]Entry, error) {
	if f.Limit == 0 {
		f.Limit = 50
	}
	entries := []Entry{}
	if err := sqlx.SelectContext(ctx, q, &entries, selectJobs, string(f.State), f.Kind, f.Before, f.Limit); err != nil {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	return entries, nil
}

// Summary counts jobs by state.
type Summary struct {
	Waiting int64 `db:"waiting"`
	Failing int64 `db:"failing"` // of those that wait: failed before
	Running int64 `db:"running"`
	Parked  int64 `db:"parked"`
	Done    int64 `db:"done"` // in the last seven days
	// Late is how many seconds the oldest job that is ready has waited for a worker.
	Late float64 `db:"late"`
}

const selectSummary = `
select count(*) filter (where state = 'waiting') as waiting, count(*) filter (where state = 'waiting' and last_error <> '') as failing,
  count(*) filter (where state = 'running') as running, count(*) filter (where state = 'parked') as parked,
  count(*) filter (where state = 'done') as done,
  coalesce(extract(epoch from clock_timestamp() - min(run_at) filter (where state = 'waiting' and run_at <= clock_timestamp())), 0)::float8 as late
from (select ` + stateOf + ` as state, last_error, run_at from jobs) j`

// Stats counts all jobs.
func Stats(ctx context.Context, q sqlx.QueryerContext) (Summary, error) {
	var s Summary
	if err := sqlx.GetContext(ctx, q, &s, selectSummary); err != nil {
		return Summary{}, fmt.Errorf("count jobs: %w", err)
	}
	return s, nil
}

// ErrNotWaiting: the job is running, done or gone, so it cannot be tried again.
var ErrNotWaiting = fault.New(fault.Conflict, "fault.job_not_waiting")

const retryJob = `
update jobs set parked_at = null, leased_until = null, run_at = clock_timestamp(), forgiven = attempt
where id = $1 and done_at is null and (leased_until is null or leased_until <= clock_timestamp())`

// Retry has a parked or waiting job tried now, with all its attempts before it again. ErrNotWaiting for any other job. The
// caller wakes the runner.
func Retry(ctx context.Context, db *sqlx.DB, id int64) error {
	result, err := db.ExecContext(ctx, retryJob, id)
	if err != nil {
		return fmt.Errorf("try job %d again: %w", id, err)
	}
	n, err := result.RowsAffected()
	if err == nil && n == 0 {
		err = ErrNotWaiting
	}
	return err
}
