package polls

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/ideas"
	"relais/internal/members"
	"relais/internal/postgres"
	"relais/internal/prose"
)

const updateOpen = `update polls set state = 'open', base_minor = $2, opened_at = $3, opened_real_at = $4, closes_at = $5, answer_by = $6 where id = $1`

// Open asks the public what a draft says, which stays so from now on. Of a product the price is that of today. For the team, to others ErrGone. ErrAsked,
// ErrMany, ErrProduct, ErrFloor, ErrHighest, ideas.ErrThread.
func (s *Service) Open(ctx context.Context, by, brandID int64, code string) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		currency, err := teamCurrency(ctx, tx, by, brandID)
		if err != nil {
			return err
		}
		p, err := ofTeam(ctx, tx, by, brandID, code)
		if err != nil {
			return err
		}
		if p.State != Drafted || p.Currency != currency {
			return ErrAsked
		}
		var open int
		if err := tx.GetContext(ctx, &open, `select count(*) from polls where brand_id = $1 and state = 'open'`, brandID); err != nil {
			return postgres.Translate(err)
		}
		if open >= MaxOpen {
			return ErrMany
		}
		if p.ProductID != nil {
			if p.BaseMinor, err = priceOf(ctx, tx, brandID, *p.ProductID); err != nil {
				return err
			}
		}
		questions, err := questionsOf(ctx, tx, p.ID)
		if err != nil {
			return err
		}
		if err := Priced(p.BaseMinor, p.FloorMinor, questions); err != nil {
			return err
		}
		now := s.now()
		closes := now.AddDate(0, 0, p.Days).Truncate(time.Minute)
		if _, err := tx.ExecContext(ctx, updateOpen, p.ID, p.BaseMinor, now, s.clock(), closes, closes.AddDate(0, 0, p.AnswerDays)); err != nil || p.IdeaID == nil {
			return postgres.Translate(err)
		}
		return ideas.Attach(ctx, tx, brandID, *p.IdeaID, ideas.Step{Kind: ideas.Poll, RefID: p.ID, Title: p.Title, Path: p.Path(), At: now})
	})
}

// reason cleans a reason that is read in public.
func reason(field, text string, most int) (string, error) {
	text = prose.Line(text)
	switch {
	case text == "":
		return "", fault.Field(field, "fault.required")
	case utf8.RuneCountInString(text) > most:
		return "", fault.Field(field, "fault.too_long")
	}
	return text, nil
}

// Cancel ends an open poll before its close, with a reason that everybody reads; nothing is decided. For the team, to others ErrGone. ErrNotOpen, the field why.
func (s *Service) Cancel(ctx context.Context, by, brandID int64, code, why string) error {
	why, err := reason("why", why, MaxReason)
	if err != nil {
		return err
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		p, err := ofTeam(ctx, tx, by, brandID, code)
		if err != nil {
			return err
		}
		if !p.Votable(s.now()) { // once its time has come it is decided
			return ErrNotOpen
		}
		if err := s.end(ctx, tx, p, why); err != nil {
			return err
		}
		return members.Audit(ctx, tx, members.AuditEntry{At: s.now(), ActorID: by, Action: "poll cancelled by its brand", Subject: fmt.Sprintf("poll %d", p.ID)})
	})
}

// Answer publishes what the brand did about what was decided, once and for all; productID is the product that came of it, 0: none yet. Voters are told, and the idea
// that the poll stems from has the product. For the
// team, to others ErrGone. ErrAnswered, ErrNotOpen where nothing was decided, ErrProduct, the field answer.
func (s *Service) Answer(ctx context.Context, by, brandID int64, code, text string, productID int64) error {
	text = prose.Lines(prose.Printable(text))
	switch {
	case text == "":
		return fault.Field("answer", "fault.required")
	case utf8.RuneCountInString(text) > MaxText:
		return fault.Field("answer", "fault.too_long")
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		p, err := ofTeam(ctx, tx, by, brandID, code)
		switch {
		case err != nil:
			return err
		case p.AnsweredAt != nil:
			return ErrAnswered
		case p.State != Decided || p.StoppedAt != nil:
			return ErrNotOpen
		}
		if productID != 0 {
			if _, err := priceOf(ctx, tx, brandID, productID); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, `update polls set answer = $2, answer_product_id = nullif($3::bigint, 0), answered_at = $4 where id = $1`, p.ID, text, productID, s.now()); err != nil {
			return postgres.Translate(err)
		}
		if productID != 0 {
			if err := ideas.Became(ctx, tx, s.now(), p.IdeaID, productID); err != nil {
				return err
			}
		}
		return s.enqueueTelling(ctx, tx, tellArgs{Poll: p.ID, Event: "answered"})
	})
}
