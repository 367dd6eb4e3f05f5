package payouts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/members"
	"relais/internal/money"
	"relais/internal/postgres"
)

// RunState is where a run stands.
type RunState string

// The states of a run. A paused one goes on where it stood.
const (
	Making     RunState = "making"
	SendingRun RunState = "sending"
	PausedRun  RunState = "paused"
	DoneRun    RunState = "done"
)

// Run is a run of payouts.
type Run struct {
	ID           int64      `db:"id"`
	Kind         Kind       `db:"kind"`
	Period       *string    `db:"period"`   // "weekly:2026-03-02"; nil where nobody scheduled it
	PayeeID      *int64     `db:"payee_id"` // of a run that a payee asked for
	State        RunState   `db:"state"`
	StartedBy    string     `db:"started_by"` // a member's name; empty: the schedule, the command line or the payee
	StartedAt    time.Time  `db:"started_at"`
	PlannedAt    *time.Time `db:"planned_at"`
	EndedAt      *time.Time `db:"ended_at"`
	PausedAt     *time.Time `db:"paused_at"`
	PausedBy     string     `db:"paused_by"`     // empty: it paused itself
	PausedReason string     `db:"paused_reason"` // a FailureReason and Stripe's words, or what an admin wrote
}

func (r Run) payee() int64 {
	if r.PayeeID == nil {
		return 0
	}
	return *r.PayeeID
}

// Open says that the run is not over.
func (r Run) Open() bool { return r.State != DoneRun }

const selectRun = `
select r.id, r.kind, r.period, r.payee_id, r.state, coalesce((select name from members where id = r.started_by), '') as started_by, r.started_at, r.planned_at, r.ended_at,
  r.paused_at, coalesce((select name from members where id = r.paused_by), '') as paused_by, r.paused_reason from payout_runs r where r.id = $1 `

// runWhere reads a run; lock is empty or "for update".
func runWhere(ctx context.Context, q sqlx.QueryerContext, id int64, lock string) (Run, error) {
	var r Run
	err := sqlx.GetContext(ctx, q, &r, selectRun+lock, id)
	if err = postgres.Translate(err); errors.Is(err, fault.NotFound) {
		err = ErrNotFound
	}
	return r, err
}

// RunRow is one run with what became of its payouts in one currency.
type RunRow struct {
	ID        int64          `db:"id"`
	Kind      Kind           `db:"kind"`
	State     RunState       `db:"state"`
	StartedBy string         `db:"started_by"` // a member's name; empty: the schedule, the command line or the payee
	StartedAt time.Time      `db:"started_at"`
	EndedAt   *time.Time     `db:"ended_at"`
	Currency  money.Currency `db:"currency"` // EUR where the run made nothing
	Made      int64          `db:"made"`
	Sent      int64          `db:"sent"`
	Failed    int64          `db:"failed"`
	SentMinor int64          `db:"sent_minor"`
}

// Amount is what the run's transfers come to.
func (r RunRow) Amount() money.Amount { return money.New(r.SentMinor, r.Currency) }

const selectRuns = `
select r.id, r.kind, r.state, coalesce(m.name, '') as started_by, r.started_at, r.ended_at, coalesce(p.currency, 'EUR') as currency, coalesce(p.made, 0) as made,
  coalesce(p.sent, 0) as sent, coalesce(p.failed, 0) as failed, coalesce(p.sent_minor, 0) as sent_minor
from (select id, kind, state, started_by, started_at, ended_at from payout_runs order by id desc limit $1) r
left join lateral (select currency, count(*) as made, count(*) filter (where state = 'sent') as sent, count(*) filter (where state = 'failed') as failed,
  (sum(amount_minor) filter (where state = 'sent'))::bigint as sent_minor from payouts where run_id = r.id group by currency) p on true
left join members m on m.id = r.started_by order by r.id desc, p.currency`

// Runs is the newest runs, one row for each currency that they paid in.
func (s *Service) Runs(ctx context.Context, limit int) ([]RunRow, error) {
	var rs []RunRow
	err := s.db.SelectContext(ctx, &rs, selectRuns, limit)
	return rs, postgres.Translate(err)
}

// Failures is the newest payouts that failed. Their money is free again and goes with the next run.
func (s *Service) Failures(ctx context.Context, limit int) ([]Payout, error) {
	return payoutsWhere(ctx, s.db, `p.state = 'failed' order by p.id desc limit $1`, limit)
}

// Parked is payouts of which nobody knows whether they were sent: a person has to decide.
func (s *Service) Parked(ctx context.Context, limit int) ([]Payout, error) {
	return payoutsWhere(ctx, s.db, `p.state = 'sending' and p.parked_at is not null order by p.id limit $1`, limit)
}

// Count is how many payouts of a run in one currency are in one state, and what they come to.
type Count struct {
	Currency money.Currency `db:"currency"`
	State    State          `db:"state"`
	Number   int64          `db:"number"`
	Minor    int64          `db:"minor"`
}

// Amount is what they come to.
func (c Count) Amount() money.Amount { return money.New(c.Minor, c.Currency) }

// Plan is what a run set out to do in one currency.
type Plan struct {
	Currency   money.Currency `db:"currency"`
	FundsMinor int64          `db:"funds_minor"` // what Stripe could send, less what was on its way
	Due        int64          `db:"due"`
	DueMinor   int64          `db:"due_minor"`
	Waiting    int64          `db:"waiting"`
	Short      bool           `db:"short"` // the funds did not suffice for everybody
	Made       int64          `db:"made"`
	Skipped    int64          `db:"skipped"`
}

// Funds is what Stripe could send when the run was planned.
func (p Plan) Funds() money.Amount { return money.New(p.FundsMinor, p.Currency) }

// Total is what the run set out to pay.
func (p Plan) Total() money.Amount { return money.New(p.DueMinor, p.Currency) }

// RunPage is a run with its progress.
type RunPage struct {
	Run
	Plans  []Plan
	Counts []Count
	Rows   []Payout // of the state asked for, the newest first
}

const selectPlans = `
select currency, funds_minor, due, due_minor, waiting, cutoff_posting is not null as short, made, skipped from payout_run_currencies where run_id = $1 order by currency`

const selectCounts = `
select currency, state, count(*) as number, sum(amount_minor)::bigint as minor from payouts where run_id = $1 group by currency, state order by currency, state`

// RunByID is a run with how far it is, and the newest of its payouts in one state; state empty: in any.
func (s *Service) RunByID(ctx context.Context, id int64, state State, limit int) (RunPage, error) {
	r, err := runWhere(ctx, s.db, id, "")
	page := RunPage{Run: r}
	if err != nil {
		return page, err
	}
	if err := s.db.SelectContext(ctx, &page.Plans, selectPlans, id); err != nil {
		return page, postgres.Translate(err)
	}
	if err := s.db.SelectContext(ctx, &page.Counts, selectCounts, id); err != nil {
		return page, postgres.Translate(err)
	}
	page.Rows, err = payoutsWhere(ctx, s.db, `p.run_id = $1 and ($2 = '' or p.state = $2) order by p.id desc limit $3`, id, state, limit)
	return page, err
}

const pauseRun = `
update payout_runs set state = 'paused', resumes = state, paused_at = $2, paused_by = nullif($3::bigint, 0), paused_reason = $4 where id = $1 and state in ('making','sending')`

// Pause stops a run: nothing new is made or sent; what is with Stripe already ends. ErrRunState where it is paused or over.
func (s *Service) Pause(ctx context.Context, by, runID int64, reason string) error {
	return s.turn(ctx, by, runID, "payouts paused", reason, func(tx *sqlx.Tx) (bool, error) {
		return changed(tx.ExecContext(ctx, pauseRun, runID, s.now(), by, reason))
	})
}

const resumeRun = `
update payout_runs set state = resumes, paused_at = null, paused_by = null, paused_reason = '' where id = $1 and state = 'paused'`

// Resume lets a paused run go on. ErrRunState where it is not paused.
func (s *Service) Resume(ctx context.Context, by, runID int64) error {
	return s.turn(ctx, by, runID, "payouts resumed", "", func(tx *sqlx.Tx) (bool, error) {
		turned, err := changed(tx.ExecContext(ctx, resumeRun, runID))
		if err != nil || !turned {
			return turned, err
		}
		return true, s.takeUp(ctx, tx, runID)
	})
}

// turn changes a run's state and writes who did it into the log.
func (s *Service) turn(ctx context.Context, by, runID int64, action, reason string, change func(*sqlx.Tx) (bool, error)) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		if _, err := runWhere(ctx, tx, runID, "for update"); err != nil {
			return err
		}
		turned, err := change(tx)
		if err != nil {
			return err
		}
		if !turned {
			return ErrRunState
		}
		return members.Audit(ctx, tx, members.AuditEntry{At: s.now(), ActorID: by, Action: action, Subject: fmt.Sprintf("run %d", runID),
			Detail: map[string]any{"reason": reason}})
	})
}

// pauseItself stops a run for a reason that would meet all its payouts. Once it is paused, others change nothing.
func (s *Service) pauseItself(ctx context.Context, runID int64, why FailureReason, words string) error {
	err := s.Pause(ctx, 0, runID, string(why)+": "+words)
	if errors.Is(err, ErrRunState) {
		return nil
	}
	s.log.ErrorContext(ctx, "a run of payouts paused itself", "run", runID, "why", why, "words", words)
	return err
}
