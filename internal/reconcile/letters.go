package reconcile

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/i18n"
	"relais/internal/mail"
	"relais/internal/money"
	"relais/internal/postgres"
)

// alarmLetter is what the letter to the admins reads.
type alarmLetter struct {
	Lines []alarmLine
	More  int64 // differences beyond the lines
}

type alarmLine struct {
	Kind   Kind
	Object string
	Amount money.Amount // what Stripe has more than the books
	Count  int64        // of a broken rule: how often
}

// Money reports whether the line has an amount.
func (l alarmLine) Money() bool { return l.Amount.Currency != "" }

// letterLines is how many differences a letter names.
const letterLines = 20

// markMailed takes what nobody was written to about, the gravest first.
const markMailed = `
update differences set mailed_at = $1 where resolved_at is null and mailed_at is null
returning id, kind, object, currency, expected_minor, found_minor`

// alarm writes one letter to each admin about what is new since the last one. Each difference is in one letter.
func (s *Service) alarm(ctx context.Context, tx *sqlx.Tx, now time.Time) error {
	var fresh []Difference
	if err := tx.SelectContext(ctx, &fresh, markMailed, now); err != nil {
		return fmt.Errorf("mark differences as mailed: %w", postgres.Translate(err))
	}
	if len(fresh) == 0 {
		return nil
	}
	var l alarmLetter
	newest := int64(0)
	for _, kind := range Kinds() {
		for _, d := range fresh {
			newest = max(newest, d.ID)
			switch {
			case d.Kind != kind:
			case len(l.Lines) == letterLines:
				l.More++
			default:
				l.Lines = append(l.Lines, alarmLine{Kind: d.Kind, Object: d.Object, Amount: money.New(d.Apart(), currency(d.Currency)), Count: d.Found})
			}
		}
	}
	s.log.WarnContext(ctx, "differences", "new", len(fresh), "gravest", fmt.Sprint(l.Lines[0].Kind, " ", l.Lines[0].Object))
	var admins []struct {
		ID    int64     `db:"id"`
		Email string    `db:"email"`
		Lang  i18n.Lang `db:"lang"`
	}
	if err := tx.SelectContext(ctx, &admins, `select id, email, lang from members where admin and blocked_at is null and email_confirmed_at is not null`); err != nil {
		return fmt.Errorf("find the admins: %w", postgres.Translate(err))
	}
	for _, a := range admins {
		err := s.mail.Queue(ctx, tx, mail.Letter{To: a.Email, Lang: a.Lang, Template: "differences", Reference: fmt.Sprintf("differences:%d:%d", newest, a.ID), Data: l})
		if err != nil {
			return err
		}
	}
	return nil
}
