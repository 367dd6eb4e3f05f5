package polls

import (
	"cmp"
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"

	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/ideas"
	"relais/internal/members"
	"relais/internal/postgres"
	"relais/internal/prose"
)

// The idea from which it stems is that into which it was merged until now; merged later it has its share of what comes of the poll.
const updateOpen = `update polls set state = 'open', idea_id = idea_root(idea_id), base_minor = $2, opened_at = $3, opened_real_at = $4, closes_at = $5, answer_by = $6 where id = $1`

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

// selectQuorum says whether as many ballots that count were cast as the poll asked for.
const selectQuorum = `select (select count(*) from poll_ballots b join members m on m.id = b.member_id where b.poll_id = p.id and ` + countsNow + `) >= p.quorum from polls p where p.id = $1`

// Binds says whether a poll has as many ballots that count as it asked for: its brand is bound by it from then on, and cannot cancel it any more.
func Binds(ctx context.Context, q sqlx.QueryerContext, pollID int64) (is bool, err error) {
	err = sqlx.GetContext(ctx, q, &is, selectQuorum, pollID)
	return is, postgres.Translate(err)
}

// Cancel ends an open poll before its close, with a reason that everybody reads; nothing is decided. For the team, to others ErrGone. ErrNotOpen, ErrBinds, the field why.
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
		if binds, err := Binds(ctx, tx, p.ID); err != nil || binds {
			return cmp.Or(err, error(ErrBinds))
		}
		if err := s.end(ctx, tx, p, why); err != nil {
			return err
		}
		return members.Audit(ctx, tx, members.AuditEntry{At: s.now(), ActorID: by, Action: "poll cancelled by its brand", Subject: fmt.Sprintf("poll %d", p.ID)})
	})
}

// Said is what a brand says it did about what was decided.
type Said struct {
	Text      string
	ProductID int64  // that came of it, for sale or being launched; 0: none yet, and Name names one later
	Why       string // why that costs more than was decided
}

// Answer publishes what the brand did about what was decided, once and for all. Voters are told, and the idea that the poll stems from has a product that is for sale. For the
// team, to others ErrGone. ErrAnswered, ErrNotOpen where nothing was decided, ErrProduct, the fields answer and why.
func (s *Service) Answer(ctx context.Context, by, brandID int64, code string, said Said) error {
	text := prose.Lines(prose.Printable(said.Text))
	switch {
	case text == "":
		return fault.Field("answer", "fault.required")
	case utf8.RuneCountInString(text) > MaxText:
		return fault.Field("answer", "fault.too_long")
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		p, err := naming(ctx, tx, by, brandID, code, said.ProductID)
		switch {
		case err != nil:
			return err
		case p.AnsweredAt != nil:
			return ErrAnswered
		case p.State != Decided || p.StoppedAt != nil:
			return ErrNotOpen
		}
		now := s.now()
		if _, err := tx.ExecContext(ctx, `update polls set answer = $2, answered_at = $3 where id = $1`, p.ID, text, now); err != nil {
			return postgres.Translate(err)
		}
		if said.ProductID != 0 {
			state, _, err := name(ctx, tx, p, said.ProductID, said.Why, now)
			if err == nil && state == catalog.Published {
				_, err = made(ctx, tx, p, said.ProductID, now)
			}
			if err != nil {
				return err
			}
		}
		return enqueueTelling(ctx, tx, tellArgs{Poll: p.ID, Event: "answered"})
	})
}
