package clicks

import (
	"context"
	"fmt"
	"time"

	"relais/internal/jobs"
)

// jobMonths keeps the tables by month.
const jobMonths = "clicks.months"

// monthsAhead is for how many months to come there is a table.
const monthsAhead = 3

// How long clicks are kept, in whole months: their sums by link and day stay.
const (
	KeptMonths  = 13
	LeastMonths = 4 // attribution looks back 90 days
)

// Register hands the daily work to the runner.
func (s *Service) Register(r *jobs.Runner) {
	r.Handle(jobMonths, time.Minute, func(ctx context.Context, _ jobs.Work) error { _, err := s.KeepMonths(ctx); return err })
	r.Every(jobMonths, 24*time.Hour, jobMonths)
}

// KeepMonths makes the tables of the months to come, moves clicks that came while theirs was missing, and drops those older than the
// retention. It returns what it did, "+" or "-" and the name of a table. Twice is once.
func (s *Service) KeepMonths(ctx context.Context) (did []string, err error) {
	if err := s.db.SelectContext(ctx, &did, `select clicks_partitions($1, $2, $3)`, s.now(), monthsAhead, s.kept); err != nil {
		return nil, fmt.Errorf("keep the months of clicks: %w", err)
	}
	if len(did) > 0 {
		s.log.Info("months of clicks", "did", did)
	}
	return did, nil
}
