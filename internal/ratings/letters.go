package ratings

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"relais/internal/i18n"
	"relais/internal/mail"
	"relais/internal/postgres"
	"relais/internal/reports"
)

// letter is what letters of this package read.
type letter struct {
	Rating Rating
	Thanks Thanks
	Number string // of the order
	Token  string // that opens its page
	Bought []Bought
	Report reports.Report
	Why    string
	Own    string // page where the author contests a decision; empty: they have no account
}

// Path is the page that a letter about a report leads to.
func (l letter) Path() string {
	if l.Report.Part == PartThanks {
		return "/@" + l.Thanks.Handle + "/thanks"
	}
	return "/p/" + l.Rating.Slug + "/ratings"
}

const selectBuyer = `select o.email, o.lang, o.number, o.token from order_lines l join orders o on o.id = l.order_id where l.id = $1`

// bought is where letters to who bought a line go; without an address: bought face to face, and no letter wanted.
type bought struct {
	Email  string    `db:"email"`
	Lang   i18n.Lang `db:"lang"`
	Number string    `db:"number"`
	Token  string    `db:"token"`
}

func buyerOfLine(ctx context.Context, tx *sqlx.Tx, lineID int64) (to bought, err error) {
	if err := tx.GetContext(ctx, &to, selectBuyer, lineID); err != nil {
		return to, fmt.Errorf("write to the buyer of line %d: %w", lineID, postgres.Translate(err))
	}
	return to, nil
}

// toBuyer writes to who bought a line.
func (s *Service) toBuyer(ctx context.Context, tx *sqlx.Tx, lineID int64, template, reference string, l letter) error {
	to, err := buyerOfLine(ctx, tx, lineID)
	if err != nil || to.Email == "" {
		return err
	}
	l.Number, l.Token = to.Number, to.Token
	return s.mail.Queue(ctx, tx, mail.Letter{To: to.Email, Lang: to.Lang, Template: template, Reference: reference, Data: l})
}

const selectReporter = `
select email, lang from members where $1::bigint = 0 and id = $2 and blocked_at is null
union all select contact_email, lang from brands where id = $1`

// toReporter tells who reported something what became of it: a brand at its address, a member at theirs.
func (s *Service) toReporter(ctx context.Context, tx *sqlx.Tx, l letter) error {
	var to []struct {
		Email string    `db:"email"`
		Lang  i18n.Lang `db:"lang"`
	}
	if err := tx.SelectContext(ctx, &to, selectReporter, l.Report.BrandID, l.Report.MemberID); err != nil {
		return fmt.Errorf("write to who reported %d: %w", l.Report.ID, postgres.Translate(err))
	}
	for _, a := range to {
		err := s.mail.Queue(ctx, tx, mail.Letter{To: a.Email, Lang: a.Lang, Template: "report_decided", Reference: fmt.Sprintf("rating_report:%d", l.Report.ID), Data: l})
		if err != nil {
			return err
		}
	}
	return nil
}
