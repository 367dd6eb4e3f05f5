package ideas

import (
	"context"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/members"
	"relais/internal/postgres"
	"relais/internal/prose"
)

// Reply answers an idea that was reached, for the team of its brand: once, with a reason that everybody reads. ErrGone, ErrOver, the fields answer and reason.
func (s *Service) Reply(ctx context.Context, memberID, brandID, id int64, a Answer, reason string) error {
	reason, err := prose.Words("reason", reason, MaxAnswer, false)
	if !slices.Contains(Answers(), a) {
		err = fault.Merge(fault.Field("answer", "fault.required"), err)
	}
	if err != nil {
		return err
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		i, err := ofBrand(ctx, tx, memberID, brandID, id)
		if err != nil {
			return err
		}
		if err := move(ctx, tx, &i, Reply, `answer = $3, answer_text = $4, answered_by = $5, answered_at = $6`, a, reason, memberID, s.now()); err != nil {
			return err
		}
		i.Answer = a
		return s.tellAll(ctx, tx, i, "answered_"+string(a))
	})
}

// unite has those who support one idea, and its author, support another one: each once, but for its author and the team that is to answer. Who supports it, or proposed it, under another account
// of the same mailbox is counted apart.
const unite = `
insert into idea_supports (idea_id, member_id, at, doubt)
select $2, f.member_id, f.at, case when f.doubt = '' and (f.place > 1 or f.email_normal = (select email_normal from members where id = $3) or exists (select 1 from idea_supports s
    join members t on t.id = s.member_id where s.idea_id = $2 and s.doubt = '' and s.member_id <> f.member_id and t.email_normal = f.email_normal)) then 'address' else f.doubt end
from (select s.*, m.email_normal, row_number() over (partition by m.email_normal, s.doubt order by s.at, s.member_id) as place
  from (select member_id, at, doubt from idea_supports where idea_id = $1 union all select author_id, proposed_at, '' from ideas where id = $1) s join members m on m.id = s.member_id) f
where f.member_id <> $3 and not exists (select 1 from brand_members t where t.brand_id = $4 and t.member_id = f.member_id) on conflict do nothing`

// extend has an open idea close no earlier than was promised to who supports another one.
const extend = `update ideas set closes_at = least(greatest(closes_at, $2), proposed_at + interval '361 days') where id = $1`

// Merge merges an idea of a brand that is open into another one of its, that Takes it: who supports the one supports the other, each counted
// once, its author among them. What stems from the one stems from the other. For its team. ErrGone, ErrOver, ErrInto.
func (s *Service) Merge(ctx context.Context, memberID, brandID, id, into int64) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		if err := onTeam(ctx, tx, memberID, brandID); err != nil {
			return err
		}
		from, target, err := lockBoth(ctx, tx, memberID, brandID, id, into)
		if err != nil {
			return err
		}
		now := s.now()
		if !from.OpenAt(now) {
			return ErrOver
		}
		if !target.Takes(from, now) {
			return ErrInto
		}
		if err := move(ctx, tx, &from, Unite, `ended_at = $3, merged_into = $4`, now, into); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, unite, id, into, target.AuthorID, brandID); err != nil {
			return fmt.Errorf("unite supporters of ideas %d and %d: %w", id, into, postgres.Translate(err))
		}
		if target.State == Open {
			if _, err := tx.ExecContext(ctx, extend, into, from.ClosesAt); err != nil {
				return fmt.Errorf("extend idea %d: %w", into, postgres.Translate(err))
			}
		}
		if err := s.tellAll(ctx, tx, from, "merged"); err != nil {
			return err
		}
		if err := s.count(ctx, tx, &target); err != nil {
			return err
		}
		return members.Audit(ctx, tx, members.AuditEntry{At: now, ActorID: memberID, Action: "idea merged", Subject: fmt.Sprintf("idea %d", id), Detail: map[string]any{"into": into}})
	})
}

// lockBoth locks two different ideas of a brand, the lower number first.
func lockBoth(ctx context.Context, tx *sqlx.Tx, memberID, brandID, id, into int64) (from, target Idea, err error) {
	if into < id {
		target, err = ofBrand(ctx, tx, memberID, brandID, into)
		if err != nil {
			return from, target, intoFault(err)
		}
	}
	if from, err = ofBrand(ctx, tx, memberID, brandID, id); err != nil {
		return from, target, err
	}
	if into == id {
		return from, target, ErrInto
	}
	if into > id {
		target, err = ofBrand(ctx, tx, memberID, brandID, into)
	}
	return from, target, intoFault(err)
}

// intoFault is ErrInto where the idea to merge into is not there.
func intoFault(err error) error {
	if err == ErrGone {
		return ErrInto
	}
	return err
}
