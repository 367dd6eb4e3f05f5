package ideas

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"relais/internal/postgres"
)

const selectSettings = `select taken, threshold, days, answer_days from brand_ideas where brand_id = $1`

// SettingsOf are what a brand set, or FirstSettings.
func SettingsOf(ctx context.Context, q sqlx.QueryerContext, brandID int64) (Settings, error) {
	var found []Settings
	if err := sqlx.SelectContext(ctx, q, &found, selectSettings, brandID); err != nil {
		return Settings{}, fmt.Errorf("read how brand %d takes ideas: %w", brandID, postgres.Translate(err))
	}
	if len(found) == 0 {
		return FirstSettings(), nil
	}
	return found[0], nil
}

const putSettings = `
insert into brand_ideas (brand_id, taken, threshold, days, answer_days, changed_at) values ($1, $2, $3, $4, $5, $6)
on conflict (brand_id) do update set taken = excluded.taken, threshold = excluded.threshold, days = excluded.days, answer_days = excluded.answer_days, changed_at = excluded.changed_at`

// Set says whether a brand takes ideas, and on which terms those are that are proposed from now on. For its team. ErrGone, the fields of Check.
func (s *Service) Set(ctx context.Context, memberID, brandID int64, to Settings) error {
	if err := to.Check(); err != nil {
		return err
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		if err := onTeam(ctx, tx, memberID, brandID); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, putSettings, brandID, to.Taken, to.Threshold, to.Days, to.AnswerDays, s.now())
		return postgres.Translate(err)
	})
}

const selectTaking = selectSettings + ` and taken and exists (select 1 from brands b where b.id = brand_id and b.blocked_at is null) for share`

const insertIdea = `
insert into ideas (brand_id, author_id, operation, lang, title, text, named, threshold, answer_days, proposed_at, closes_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
returning id`

const countProposed = `select count(*) from ideas where author_id = $1 and proposed_at > $2`

// Propose proposes an idea to a brand, on the terms that it has today, and returns it. A second time with the same operation it is the same. Faults: the
// fields of Clean, ErrNotTaken, ErrUnverified, ErrPace.
func (s *Service) Propose(ctx context.Context, memberID, brandID int64, d Draft) (i Idea, err error) {
	if d, err = d.Clean(); err != nil {
		return i, err
	}
	return i, postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		if err := person(ctx, tx, memberID); err != nil {
			return err
		}
		known, err := proposed(ctx, tx, memberID, d.Operation)
		if len(known) > 0 || err != nil {
			if err == nil {
				i = known[0]
			}
			return err
		}
		if err := s.inPace(ctx, tx, memberID, countProposed, MaxProposals); err != nil {
			return err
		}
		var terms []Settings
		if err := tx.SelectContext(ctx, &terms, selectTaking, brandID); err != nil {
			return postgres.Translate(err)
		}
		if len(terms) == 0 {
			return ErrNotTaken
		}
		i = Idea{BrandID: brandID, AuthorID: memberID, Lang: d.Lang, Title: d.Title, Text: d.Text, Named: d.Named, Threshold: terms[0].Threshold, AnswerDays: terms[0].AnswerDays,
			State: Open, ProposedAt: s.now(), ClosesAt: s.now().AddDate(0, 0, terms[0].Days)}
		if err := tx.GetContext(ctx, &i.ID, insertIdea, i.BrandID, i.AuthorID, d.Operation, i.Lang, i.Title, i.Text, i.Named, i.Threshold, i.AnswerDays, i.ProposedAt, i.ClosesAt); err != nil {
			return fmt.Errorf("propose idea: %w", postgres.Translate(err))
		}
		for n, photo := range d.Photos {
			if _, err := tx.ExecContext(ctx, `insert into idea_photos (idea_id, position, media_id) values ($1, $2, $3)`, i.ID, n, photo); err != nil {
				return fmt.Errorf("keep photographs of idea: %w", postgres.Translate(err))
			}
		}
		return nil
	})
}

func proposed(ctx context.Context, tx *sqlx.Tx, memberID int64, operation string) (list []Idea, err error) {
	err = tx.SelectContext(ctx, &list, `select `+ideaColumns+` from ideas i where i.author_id = $1 and i.operation = $2`, memberID, operation)
	return list, postgres.Translate(err)
}

// own locks an idea of its author's.
func own(ctx context.Context, tx *sqlx.Tx, memberID, id int64) (Idea, error) {
	i, err := lock(ctx, tx, id)
	if err == nil && i.AuthorID != memberID {
		err = ErrGone
	}
	return i, err
}

// Withdraw ends an idea that is open, for its author. Who supported it stays known, and is told. ErrGone, ErrOver.
func (s *Service) Withdraw(ctx context.Context, memberID, id int64) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		i, err := own(ctx, tx, memberID, id)
		if err != nil {
			return err
		}
		if !i.OpenAt(s.now()) {
			return ErrOver
		}
		if err := move(ctx, tx, &i, TakeOff, `ended_at = $3`, s.now()); err != nil {
			return err
		}
		return s.tellSupporting(ctx, tx, i, "withdrawn")
	})
}

// Erase takes the words and photographs of an idea away that its author withdrew, or that found too few. ErrGone, ErrOver.
func (s *Service) Erase(ctx context.Context, memberID, id int64) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		i, err := own(ctx, tx, memberID, id)
		if err != nil {
			return err
		}
		if !i.Erasable() {
			return ErrOver
		}
		if _, err := tx.ExecContext(ctx, `update ideas set title = '', text = '', named = false, erased_at = $2 where id = $1`, id, s.now()); err != nil {
			return postgres.Translate(err)
		}
		_, err = tx.ExecContext(ctx, `delete from idea_photos where idea_id = $1`, id)
		return postgres.Translate(err)
	})
}

// Name says whether the name of its author is shown with an idea, and on the product that comes of it. For its author, at any time. ErrGone.
func (s *Service) Name(ctx context.Context, memberID, id int64, named bool) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		if _, err := own(ctx, tx, memberID, id); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `update ideas set named = $2 where id = $1`, id, named)
		return postgres.Translate(err)
	})
}
