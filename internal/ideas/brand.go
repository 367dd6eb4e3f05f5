package ideas

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

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

const unite = `
insert into idea_supports (idea_id, member_id, at) select $2, f.member_id, f.at from idea_supports f where f.idea_id = $1 and f.member_id <> $3 on conflict do nothing`

// extend has an open idea close no earlier than was promised to who supports another one.
const extend = `update ideas set closes_at = least(greatest(closes_at, $2), proposed_at + interval '361 days') where id = $1`

// Merge merges an idea of a brand that is open into another one of its, that Takes it: who supports the one supports the other, each counted
// once. For its team. ErrGone, ErrOver, ErrInto.
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
		r, err := tx.ExecContext(ctx, unite, id, into, target.AuthorID)
		if err != nil {
			return fmt.Errorf("unite supporters of ideas %d and %d: %w", id, into, postgres.Translate(err))
		}
		more, err := r.RowsAffected()
		if err != nil {
			return err
		}
		if target.State == Open {
			if _, err := tx.ExecContext(ctx, extend, into, from.ClosesAt); err != nil {
				return fmt.Errorf("extend idea %d: %w", into, postgres.Translate(err))
			}
		}
		if err := s.tellAll(ctx, tx, from, "merged"); err != nil {
			return err
		}
		if err := s.count(ctx, tx, &target, int(more)); err != nil {
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

const selectOwnProduct = `select exists (select 1 from products where id = $1 and brand_id = $2 and state = 'published')`

// Make says that a product of the brand, which is for sale, was made of an idea that it answered: from then on the product says whose idea it was. For its team.
// ErrGone, ErrOver, ErrProduct.
func (s *Service) Make(ctx context.Context, memberID, brandID, id, productID int64) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		i, err := ofBrand(ctx, tx, memberID, brandID, id)
		if err != nil {
			return err
		}
		added, err := s.became(ctx, tx, i, productID)
		if err == nil && !added {
			err = ErrProduct
		}
		return err
	})
}

// Became is Make where something that stems from an idea was made, in the caller's transaction: the launch or the poll that carried the idea says what came
// of it, and nobody has to attach the product by hand. id nil is no idea. Where Make would refuse it, or the product is attached already, it changes nothing.
func Became(ctx context.Context, tx *sqlx.Tx, at time.Time, id *int64, productID int64) error {
	if id == nil {
		return nil
	}
	i, err := lock(ctx, tx, *id)
	if err == nil && i.Shown() {
		s := Service{now: func() time.Time { return at }}
		_, err = s.became(ctx, tx, i, productID)
	}
	if errors.Is(err, ErrGone) || errors.Is(err, ErrOver) || errors.Is(err, ErrProduct) {
		return nil
	}
	return err
}

// became attaches a product to an idea that is locked, and tells its author and those who support it; added is false where it was attached before.
func (s *Service) became(ctx context.Context, tx *sqlx.Tx, i Idea, productID int64) (added bool, err error) {
	if _, err := Next(i.State, Make); err != nil {
		return false, err
	}
	var sold bool
	if err := tx.GetContext(ctx, &sold, selectOwnProduct, productID, i.BrandID); err != nil {
		return false, postgres.Translate(err)
	}
	if !sold {
		return false, ErrProduct
	}
	now := s.now()
	if added, err = insertStep(ctx, tx, i.ID, Step{Kind: Product, RefID: productID, At: now}); err != nil || !added {
		return false, err
	}
	if err := move(ctx, tx, &i, Make, `made_at = coalesce(made_at, $3)`, now); err != nil {
		return false, err
	}
	return true, s.tellAll(ctx, tx, i, "made")
}
