package ideas

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"relais/internal/postgres"
)

const selectSupporter = `
select i.author_id = m.id as author, exists (select 1 from brand_members t where t.brand_id = i.brand_id and t.member_id = m.id) as team,
  m.blocked_at is null and m.email_confirmed_at is not null as confirmed, m.created_at as since, exists (select 1 from orders o where o.member_id = m.id and o.paid_at is not null) as bought
from members m, ideas i where m.id = $1 and i.id = $2 for no key update of m`

const insertSupport = `insert into idea_supports (idea_id, member_id, at) values ($1, $2, $3) on conflict do nothing`

const countSupports = `select count(*) from idea_supports where member_id = $1 and at > $2`

// Support has a member support an idea until its brand has answered; with the last one that the brand asked for it is reached. A second time it changes nothing.
// Faults: ErrGone, ErrOver, those of May, ErrPace.
func (s *Service) Support(ctx context.Context, memberID, id int64) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		var who Supporter
		if err := tx.GetContext(ctx, &who, selectSupporter, memberID, id); err != nil {
			return orGone(err)
		}
		if err := who.May(s.clock()); err != nil {
			return err
		}
		var is bool
		if err := tx.GetContext(ctx, &is, `select exists (select 1 from idea_supports where idea_id = $1 and member_id = $2)`, id, memberID); err != nil || is {
			return postgres.Translate(err)
		}
		if err := s.inPace(ctx, tx, memberID, countSupports, MaxSupports); err != nil {
			return err
		}
		i, err := lock(ctx, tx, id)
		if err == nil && !i.Supportable(s.now()) {
			err = ErrOver
		}
		if err != nil {
			return err
		}
		r, err := tx.ExecContext(ctx, insertSupport, id, memberID, s.now())
		if err != nil {
			return fmt.Errorf("support idea %d: %w", id, postgres.Translate(err))
		}
		n, err := r.RowsAffected()
		if err != nil {
			return err
		}
		return s.count(ctx, tx, &i, int(n))
	})
}

// TakeBack ends the support of a member, while the idea is open. Where there is none it changes nothing. ErrGone, ErrOver.
func (s *Service) TakeBack(ctx context.Context, memberID, id int64) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		i, err := lock(ctx, tx, id)
		if err == nil && !i.OpenAt(s.now()) {
			err = ErrOver
		}
		if err != nil {
			return err
		}
		r, err := tx.ExecContext(ctx, `delete from idea_supports where idea_id = $1 and member_id = $2`, id, memberID)
		if err != nil {
			return fmt.Errorf("take back support of idea %d: %w", id, postgres.Translate(err))
		}
		n, err := r.RowsAffected()
		if err != nil {
			return err
		}
		return s.count(ctx, tx, &i, -int(n))
	})
}

// count adds to the supporters of an idea that is locked. Where there are enough it is reached: its brand has to answer from now on.
func (s *Service) count(ctx context.Context, tx *sqlx.Tx, i *Idea, more int) error {
	i.Supporters += more
	if _, err := tx.ExecContext(ctx, `update ideas set supporters = $2 where id = $1`, i.ID, i.Supporters); err != nil {
		return fmt.Errorf("count supporters of idea %d: %w", i.ID, postgres.Translate(err))
	}
	if i.State != Open || i.Missing() > 0 {
		return nil
	}
	now := s.now()
	by := now.AddDate(0, 0, i.AnswerDays)
	if err := move(ctx, tx, i, Enough, `reached_at = $3, answer_by = $4`, now, by); err != nil {
		return err
	}
	i.ReachedAt, i.AnswerBy = &now, &by
	if err := s.tellTeam(ctx, tx, *i, "reached"); err != nil {
		return err
	}
	return s.tellAll(ctx, tx, *i, "reached")
}
