package returns

import (
	"context"
	"errors"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/jobs"
	"relais/internal/orders"
	"relais/internal/postgres"
)

// JobRemind is the kind of the job that writes to brands whose buyers wait.
const JobRemind = "returns.remind"

// Register hands the jobs of this package to a runner.
func (s *Service) Register(r *jobs.Runner) {
	r.Handle(JobRemind, 2*time.Minute, func(ctx context.Context, _ jobs.Work) error { return s.Remind(ctx) })
	r.Every(JobRemind, time.Hour, JobRemind)
}

const selectOverdue = `
select id from returns where kind = 'withdrawal' and state = 'approved' and sent_at is not null and asked_at <= $1
  or state = 'asked' and asked_at <= $2 order by id limit 500`

// Remind writes once to each brand whose buyer sent goods back 12 days ago and has no money yet (the law gives 14 days), or
// asked something a week ago without an answer.
func (s *Service) Remind(ctx context.Context) error {
	var ids []int64
	now := s.now()
	if err := s.db.SelectContext(ctx, &ids, selectOverdue, now.AddDate(0, 0, 2-RefundDays), now.AddDate(0, 0, -7)); err != nil {
		return postgres.Translate(err)
	}
	var failed []error
	for _, id := range ids {
		failed = append(failed, s.with(ctx, 0, id, func(tx *sqlx.Tx, o orders.Order, sh orders.Shipment, r Return) error {
			return s.orders.ToBrand(ctx, tx, o, sh, "return_reminder", r.Hold()+":remind", nil)
		}))
	}
	return errors.Join(failed...)
}
