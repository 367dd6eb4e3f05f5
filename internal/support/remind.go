package support

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/jobs"
	"relais/internal/notices"
	"relais/internal/postgres"
)

// JobSweep reminds the teams of brands of what is to be answered.
const JobSweep = "support.sweep"

// sweepMost is how many conversations a sweep takes up of each sort; the next one takes up the rest.
const sweepMost = 500

// Register hands the job of this package to a runner.
func (s *Service) Register(r *jobs.Runner) {
	r.Handle(JobSweep, 5*time.Minute, func(ctx context.Context, _ jobs.Work) error { return s.Sweep(ctx) })
	r.Every(JobSweep, 5*time.Minute, JobSweep)
}

const (
	selectRemind = `select id from conversations where remind_at <= $1 order by remind_at, id limit $2`
	lockRemind   = `select id from conversations where id = $1 and remind_at <= $2 for update skip locked`
	setRemind    = `update conversations set remind_at = $2 where id = $1`
)

// Sweep tells who is to answer that three quarters of the time are over, and the whole team that all of it is: each once for a question that has
// no answer. Mail that nobody spoke about for a month comes to nothing. Each is a transaction of its own; several sweeps at once do not come in each other's way.
func (s *Service) Sweep(ctx context.Context) error {
	var ids []int64
	if err := s.DB.SelectContext(ctx, &ids, selectRemind, s.Now(), sweepMost); err != nil {
		return fmt.Errorf("find answers that are due: %w", postgres.Translate(err))
	}
	failed := []error{s.forgetHeld(ctx)}
	for _, id := range ids {
		if err := postgres.InTx(ctx, s.DB, func(tx *sqlx.Tx) error { return s.remind(ctx, tx, id) }); err != nil {
			failed = append(failed, fmt.Errorf("remind of conversation %d: %w", id, err))
		}
	}
	return errors.Join(failed...)
}

func (s *Service) remind(ctx context.Context, tx *sqlx.Tx, id int64) error {
	now := s.Now()
	var found []int64
	if err := tx.SelectContext(ctx, &found, lockRemind, id, now); err != nil || len(found) == 0 {
		return postgres.Translate(err)
	}
	c, err := one(ctx, tx, `c.id = $1`, id)
	if err != nil {
		return err
	}
	event, next := "overdue", (*time.Time)(nil)
	if now.Before(*c.DueAt) {
		event, next = "due", c.DueAt
	}
	if _, err := tx.ExecContext(ctx, setRemind, id, next); err != nil {
		return fmt.Errorf("set next reminder: %w", postgres.Translate(err))
	}
	n := s.forTeam(c, event, fmt.Sprintf("conversation:%d:due:%d", c.ID, c.DueAt.Unix()))
	n.Args["Due"] = *c.DueAt
	if c.AssigneeID == nil || event == "overdue" {
		return notices.TellTeam(ctx, tx, c.BrandID, n)
	}
	n.MemberID = *c.AssigneeID
	return notices.Tell(ctx, tx, n)
}

// forTeam is what the team of a brand, or one of it, is told of a conversation.
func (s *Service) forTeam(c Conversation, event, subject string) notices.Notice {
	return notices.Notice{Kind: notices.BrandInbox, Event: event, Subject: subject, Path: BrandPath(c.BrandHandle, c.Number), At: s.Now(),
		Args: notices.Args{"Brand": c.BrandName, "Number": c.Number}}
}
