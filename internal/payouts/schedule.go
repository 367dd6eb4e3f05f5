package payouts

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/jobs"
	"relais/internal/members"
	"relais/internal/money"
	"relais/internal/postgres"
)

// Schedule starts the weekly and the monthly run once their day has come, each once for its period whatever process asks first.
// After a time in which nothing ran, the last period's run pays for all of them. Then it takes up runs that lie still, because
// whoever had them died. While the books and Stripe's differ and nobody knows whom that touches, no run starts.
func (s *Service) Schedule(ctx context.Context) error {
	if s.halted != nil {
		if halted, err := s.halted(ctx); err != nil || halted {
			return err
		}
	}
	rules, err := s.Settings(ctx)
	if err != nil {
		return err
	}
	for _, k := range []Kind{WeeklyRun, MonthlyRun} {
		at, period := rules.LastDue(k, s.now())
		if !at.After(rules.Since) {
			continue
		}
		err := postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
			_, err := s.begin(ctx, tx, starting{kind: k, period: period})
			return err
		})
		if err != nil {
			return fmt.Errorf("start the run %s: %w", period, err)
		}
	}
	return s.sweep(ctx)
}

const selectStill = `
select r.id from payout_runs r where r.state = 'making' or r.state = 'sending' and (
  not exists (select 1 from payouts p where p.run_id = r.id and p.state in ('new','sending'))
  or exists (select 1 from payouts p where p.run_id = r.id and p.state in ('new','sending') and p.parked_at is null and (p.next_at is null or p.next_at <= $1)))
order by r.id limit 100`

// sweep enqueues the work of every run that could go on. Where somebody is at it already, the job finds nothing to do.
func (s *Service) sweep(ctx context.Context) error {
	var ids []int64
	if err := s.db.SelectContext(ctx, &ids, selectStill, s.clock()); err != nil {
		return postgres.Translate(err)
	}
	for _, id := range ids {
		if err := postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error { return s.takeUp(ctx, tx, id) }); err != nil {
			return fmt.Errorf("take up run %d: %w", id, err)
		}
	}
	return nil
}

// takeUp enqueues what a run has to do next.
func (s *Service) takeUp(ctx context.Context, tx *sqlx.Tx, runID int64) error {
	r, err := runWhere(ctx, tx, runID, "")
	switch {
	case err != nil:
		return err
	case r.State == Making:
		return jobs.Enqueue(ctx, tx, jobs.Job{Kind: JobMake, Args: runArgs{runID}})
	case r.State == SendingRun:
		return s.enqueueSend(ctx, tx, runID, time.Time{})
	}
	return nil
}

const selectAsked = `
select exists (select 1 from payout_runs where payee_id = $1 and started_at > $2)`

// PayNow starts a run for one payee, who asks for it. Once a day: ErrAskedToday. ErrNotYet where nothing of theirs can be
// paid: they are not ready, have too little, or are being paid already.
func (s *Service) PayNow(ctx context.Context, by, payeeID int64) error {
	now, ready := s.now(), false
	waits, err := s.Waits(ctx, payeeID)
	if err != nil {
		return err
	}
	for _, d := range waits {
		ready = ready || d.Wait == NoWait
	}
	if !ready {
		return ErrNotYet
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		var asked bool
		if _, err := tx.ExecContext(ctx, `select 1 from payees where id = $1 for update`, payeeID); err != nil {
			return postgres.Translate(err)
		}
		if err := tx.GetContext(ctx, &asked, selectAsked, payeeID, now.AddDate(0, 0, -1)); err != nil {
			return postgres.Translate(err)
		}
		if asked {
			return ErrAskedToday
		}
		_, err := s.begin(ctx, tx, starting{by: by, kind: OnDemand, payee: payeeID})
		return err
	})
}

// Waits is what a payee has free in each currency, with why it would not be paid if they asked now.
func (s *Service) Waits(ctx context.Context, payeeID int64) ([]Due, error) {
	if payeeID == 0 { // to the query, 0 is everybody
		return nil, nil
	}
	rules, err := s.Settings(ctx)
	if err != nil {
		return nil, err
	}
	ds, err := due(ctx, s.db, scope{limit: 100, payee: payeeID})
	for i := range ds {
		ds[i].Wait = rules.Wait(ds[i], OnDemand)
	}
	return ds, err
}

// ChooseCadence says how often a payee is paid; empty: as the platform's other payees. ErrCadence.
func (s *Service) ChooseCadence(ctx context.Context, payeeID int64, c Cadence) error {
	if c != "" && !c.Valid() {
		return ErrCadence
	}
	_, err := s.db.ExecContext(ctx, `update payees set cadence = nullif($2, '') where id = $1`, payeeID, c)
	return postgres.Translate(err)
}

const updateSchedule = `update payout_schedule set cadence = $1, weekday = $2, monthday = $3, since = $4`

const upsertMinimum = `
insert into payout_settings (currency, minimum_minor) values ($1, $2) on conflict (currency) do update set minimum_minor = excluded.minimum_minor`

// Configure changes what runs go by. Days that have passed are not made up for; a currency that is left out keeps its minimum.
// ErrSettings, ErrCadence.
func (s *Service) Configure(ctx context.Context, by int64, to Settings) error {
	if !to.Cadence.Valid() {
		return ErrCadence
	}
	if to.Weekday < time.Sunday || to.Weekday > time.Saturday || to.MonthDay < 1 || to.MonthDay > 28 {
		return ErrSettings
	}
	for c, minor := range to.Minimums {
		if money.Currency(c).Valid() != nil || minor < 1 {
			return ErrSettings
		}
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		weekday := int(to.Weekday)
		if weekday == 0 {
			weekday = 7
		}
		if _, err := tx.ExecContext(ctx, updateSchedule, to.Cadence, weekday, to.MonthDay, s.now()); err != nil {
			return postgres.Translate(err)
		}
		for c, minor := range to.Minimums {
			if _, err := tx.ExecContext(ctx, upsertMinimum, c, minor); err != nil {
				return postgres.Translate(err)
			}
		}
		return members.Audit(ctx, tx, members.AuditEntry{At: s.now(), ActorID: by, Action: "payout settings changed", Subject: "payouts",
			Detail: map[string]any{"cadence": to.Cadence, "weekday": weekday, "monthday": to.MonthDay, "minimums": to.Minimums}})
	})
}
