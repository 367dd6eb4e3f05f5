package jobs

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/lib/pq"
)

const claimJobs = `
with moment as (select coalesce($1::timestamptz, clock_timestamp()) as now),
leases as (select * from unnest($2::text[], $3::bigint[]) as l(kind, milliseconds)),
ready as (
  select id from jobs where done_at is null and parked_at is null and run_at <= (select now from moment) and kind = any($2::text[])
  order by run_at, id limit $4 for update skip locked)
update jobs j set attempt = j.attempt + 1,
  leased_until = moment.now + leases.milliseconds * interval '1 millisecond',
  run_at       = moment.now + leases.milliseconds * interval '1 millisecond'
from ready, moment, leases where j.id = ready.id and leases.kind = j.kind
returning j.id, j.kind, j.args, j.attempt, j.max_attempts, j.forgiven`

// claim leases up to n jobs that are ready, oldest first.
func (r *Runner) claim(ctx context.Context, n int) ([]Work, error) {
	kinds, leases := r.kinds()
	rows, err := r.db.QueryContext(ctx, claimJobs, r.now(), pq.Array(kinds), pq.Array(leases), n)
	if err != nil {
		return nil, fmt.Errorf("claim jobs: %w", err)
	}
	defer rows.Close()
	var works []Work
	for rows.Next() {
		var w Work
		if err := rows.Scan(&w.ID, &w.Kind, (*[]byte)(&w.Args), &w.Attempt, &w.maxAttempts, &w.forgiven); err != nil {
			return nil, fmt.Errorf("claim jobs: %w", err)
		}
		works = append(works, w)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("claim jobs: %w", err)
	}
	slices.SortFunc(works, func(a, b Work) int { return int(a.ID - b.ID) })
	return works, nil
}

const failJob = `
update jobs set leased_until = null, last_error = $3,
  run_at = coalesce($4::timestamptz, clock_timestamp()) + $5 * interval '1 millisecond',
  parked_at = case when $6 then coalesce($4::timestamptz, clock_timestamp()) end
where id = $1 and attempt = $2 and done_at is null and parked_at is null`

// recordFailure ends the lease; it does nothing if the lease went to somebody else.
func (r *Runner) recordFailure(ctx context.Context, w Work, cause error, pause time.Duration, park bool) error {
	_, err := r.db.ExecContext(ctx, failJob, w.ID, w.Attempt, storable(cause.Error()), r.now(), pause.Milliseconds(), park)
	return err
}

const insertPeriodic = `
with moment as (select coalesce($1::timestamptz, clock_timestamp()) as now),
due as (
  select p.kind, 'every:' || p.name || ':' as prefix,
    to_char(date_bin(p.seconds * interval '1 second', moment.now, '2000-01-01T00:00:00Z') at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as slot
  from moment, unnest($2::text[], $3::text[], $4::bigint[]) as p(name, kind, seconds))
insert into jobs (kind, unique_key, run_at, max_attempts)
select kind, prefix || slot, moment.now, 5 from due, moment
where not exists (select 1 from jobs where unique_key = prefix || slot)
  and not exists (select 1 from jobs where done_at is null and parked_at is null and jobs.kind = due.kind and starts_with(unique_key, prefix))
on conflict (unique_key) do nothing`

// enqueuePeriodic enqueues what no process has enqueued in the present period. The database knows the time, so that all
// processes mean the same period.
func (r *Runner) enqueuePeriodic(ctx context.Context) {
	if _, err := r.db.ExecContext(ctx, insertPeriodic, r.now(), pq.Array(r.periodic.names), pq.Array(r.periodic.kinds),
		pq.Array(r.periodic.seconds)); err != nil && ctx.Err() == nil {
		r.log.Error("enqueue periodic jobs", "err", err)
	}
}

// purgeKind deletes done jobs after keepDone, in batches that hold no lock for long.
const (
	purgeKind  = "jobs.purge"
	keepDone   = 7 * 24 * time.Hour
	purgeBatch = 1000
)

const deleteDone = `
delete from jobs where id in (
  select id from jobs where done_at < coalesce($1::timestamptz, clock_timestamp()) - $2 * interval '1 second'
  order by done_at limit $3 for update skip locked)`

func (r *Runner) purge(ctx context.Context, _ Work) error {
	for {
		result, err := r.db.ExecContext(ctx, deleteDone, r.now(), int64(keepDone.Seconds()), purgeBatch)
		if err != nil {
			return fmt.Errorf("delete done jobs: %w", err)
		}
		if n, err := result.RowsAffected(); err != nil || n < purgeBatch {
			return err
		}
	}
}
