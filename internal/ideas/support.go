package ideas

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"relais/internal/doubts"
	"relais/internal/postgres"
)

// selectSupporter is who a member ($1) is to an idea ($2), and what is known of them: their network is $3, $4 since when too many of it are too fast.
const selectSupporter = `
select i.author_id = m.id as author, exists (select 1 from brand_members t where t.brand_id = i.brand_id and t.member_id = m.id) as team,
  m.blocked_at is null and m.email_confirmed_at is not null as confirmed, m.created_at as since, ` + doubts.Bought + ` as bought,
  exists (select 1 from idea_supports s join members t on t.id = s.member_id where s.idea_id = i.id and t.id <> m.id and t.email_normal = m.email_normal and s.doubt = '')
    or exists (select 1 from members a where a.id = i.author_id and a.email_normal = m.email_normal) as twin,
  n.hour as network, n.every as network_all
from members m, ideas i, lateral (select count(*) filter (where s.at > $4::timestamptz) as hour, count(*) as every from idea_supports s
  where s.idea_id = i.id and s.network = $3 and $3 <> '' and s.member_id <> m.id) n
where m.id = $1 and i.id = $2`

const insertSupport = `insert into idea_supports (idea_id, member_id, at, doubt, network) values ($1, $2, $3, $4, $5) on conflict do nothing`

const countSupports = `select count(*) from idea_supports where member_id = $1 and at > $2`

// Support has a member support an idea until its brand has answered; with the last one that the brand asked for it is reached. A second time it changes nothing. network is where it comes
// from, members.Network, empty: unknown; what is in doubt is counted apart. Faults: ErrGone, ErrOver, those of May, ErrPace.
func (s *Service) Support(ctx context.Context, memberID, id int64, network string) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, `select 1 from members where id = $1 for no key update`, memberID); err != nil {
			return postgres.Translate(err)
		}
		network := doubts.Digest(s.secret, fmt.Sprint("idea:", id), network)
		who, err := s.supporter(ctx, tx, memberID, id, network)
		if err == nil {
			err = who.May(s.clock())
		}
		if err != nil {
			return err
		}
		var is bool
		if err := tx.GetContext(ctx, &is, `select exists (select 1 from idea_supports where idea_id = $1 and member_id = $2)`, id, memberID); err != nil || is {
			return postgres.Translate(err)
		}
		if err := s.inPace(ctx, tx, memberID, countSupports, MaxSupports); err != nil {
			return err
		}
		i, err := lock(ctx, tx, id) // those who support it at once are judged one after the other
		if err == nil && !i.Supportable(s.now()) {
			err = ErrOver
		}
		if err != nil {
			return err
		}
		if who, err = s.supporter(ctx, tx, memberID, id, network); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, insertSupport, id, memberID, s.now(), doubts.Of(who.Facts), network); err != nil {
			return fmt.Errorf("support idea %d: %w", id, postgres.Translate(err))
		}
		return s.count(ctx, tx, &i)
	})
}

func (s *Service) supporter(ctx context.Context, tx *sqlx.Tx, memberID, id int64, network string) (who Supporter, err error) {
	err = tx.GetContext(ctx, &who, selectSupporter, memberID, id, network, s.now().Add(-doubts.NetworkTime))
	return who, orGone(err)
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
		if _, err := tx.ExecContext(ctx, `delete from idea_supports where idea_id = $1 and member_id = $2`, id, memberID); err != nil {
			return fmt.Errorf("take back support of idea %d: %w", id, postgres.Translate(err))
		}
		return s.count(ctx, tx, &i)
	})
}

// settleSupports counts those apart who are blocked now, and those again who are not any more.
const settleSupports = `
update idea_supports s set doubt = case when m.blocked_at is null then '' else 'blocked' end
from members m where m.id = s.member_id and s.idea_id = $1 and s.doubt in ('','blocked') and (m.blocked_at is null) <> (s.doubt = '')`

const recount = `update ideas set supporters = (select count(*) from idea_supports where idea_id = $1 and doubt = '') where id = $1 returning supporters`

// count counts the supporters of an idea that is locked, those in doubt aside. Where there are enough it is reached: its brand has to answer from now on.
func (s *Service) count(ctx context.Context, tx *sqlx.Tx, i *Idea) error {
	if i.State == Open {
		if _, err := tx.ExecContext(ctx, settleSupports, i.ID); err != nil {
			return fmt.Errorf("settle supports of idea %d: %w", i.ID, postgres.Translate(err))
		}
	}
	if err := tx.GetContext(ctx, &i.Supporters, recount, i.ID); err != nil {
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
