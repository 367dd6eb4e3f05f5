package reviews

import (
	"context"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"relais/internal/orders"
	"relais/internal/postgres"
)

// sweepMost is how many rows of a kind a sweep reads at a time.
const sweepMost = 500

// Sweep looks again at the commissions of members of whose sales something came back since two days ago, ends the reviews whose time is over,
// and writes to the platform about appeals and claims that nobody has answered in time. It may run twice, and at any time.
func (s *Service) Sweep(ctx context.Context) error {
	return errors.Join(s.lookAgain(ctx), s.endDue(ctx), s.remind(ctx))
}

// Those of members with a clawback lately, after one of them.
const selectChanged = selectWaiting + `
  and e.payee_id in (select payee_id from clawbacks where at > $1) and e.id > $2 order by e.id limit $3`

// lookAgain goes through all of them: those without a doubt stay among them, and must not hide the ones behind.
func (s *Service) lookAgain(ctx context.Context) error {
	since := s.now().AddDate(0, 0, -2)
	var failed []error
	for last := int64(0); ; {
		var ids []int64
		if err := s.db.SelectContext(ctx, &ids, selectChanged, since, last, s.most); err != nil {
			return errors.Join(append(failed, fmt.Errorf("find commissions to look at: %w", postgres.Translate(err)))...)
		}
		for _, id := range ids {
			failed = append(failed, s.lookAt(ctx, id))
			last = id
		}
		if len(ids) < s.most {
			return errors.Join(failed...)
		}
	}
}

// lookAt looks at one commission, where it still waits. The order goes with it, as it is locked first.
func (s *Service) lookAt(ctx context.Context, earningID int64) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		var orderID int64
		if err := tx.GetContext(ctx, &orderID, `select order_id from earnings where id = $1`, earningID); err != nil {
			return postgres.Translate(err)
		}
		if _, err := orders.Lock(ctx, tx, orderID); err != nil {
			return err
		}
		// What releases it does not lock the order, so the earning is locked too before it is asked whether it still waits.
		if _, err := tx.ExecContext(ctx, `select 1 from earnings where id = $1 for update`, earningID); err != nil {
			return postgres.Translate(err)
		}
		var waits bool
		if err := tx.GetContext(ctx, &waits, `select exists (`+selectWaiting+` and e.id = $1)`, earningID); err != nil || !waits {
			return postgres.Translate(err)
		}
		return s.look(ctx, tx, orderID, earningID)
	})
}

const selectDue = `select id from reviews where state = 'open' and due_at <= $1 order by due_at, id limit $2`

// endDue ends what nobody decided.
func (s *Service) endDue(ctx context.Context) error {
	var ids []int64
	now := s.now()
	if err := s.db.SelectContext(ctx, &ids, selectDue, now, sweepMost); err != nil {
		return fmt.Errorf("find reviews that end: %w", postgres.Translate(err))
	}
	var failed []error
	for _, id := range ids {
		failed = append(failed, s.with(ctx, 0, id, func(tx *sqlx.Tx, r Review) error {
			if r.State != Open || r.DueAt.After(now) {
				return nil
			}
			r.State, r.DecidedAs = AtItsEnd(r.Doubts), ByTime
			return s.end(ctx, tx, r)
		}))
	}
	return errors.Join(failed...)
}

const markLate = `
with claims_late as (update claims set late_at = $1 where state = 'open' and due_at <= $1 and late_at is null returning id),
appeals_late as (update reviews set appeal_late_at = $1 where appeal_state = 'open' and appeal_due_at <= $1 and appeal_late_at is null returning id)
select (select count(*) from claims_late) as claims, (select count(*) from appeals_late) as appeals,
  coalesce((select max(id) from claims_late), 0) as claim, coalesce((select max(id) from appeals_late), 0) as appeal`

// late is what the letter to the platform counts.
type late struct {
	Claims  int64 `db:"claims"`
	Appeals int64 `db:"appeals"`
	Claim   int64 `db:"claim"` // the newest of each, for the letter's reference
	Appeal  int64 `db:"appeal"`
}

// remind writes once about each that is late.
func (s *Service) remind(ctx context.Context) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		var l late
		if err := tx.GetContext(ctx, &l, markLate, s.now()); err != nil {
			return fmt.Errorf("mark what is late: %w", postgres.Translate(err))
		}
		if l.Claims+l.Appeals == 0 {
			return nil
		}
		return s.toPlatform(ctx, tx, l)
	})
}
