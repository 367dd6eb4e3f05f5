package payouts

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/i18n"
	"relais/internal/mail"
	"relais/internal/notices"
	"relais/internal/postgres"
)

// payoutLetter is what the letters about a payout read.
type payoutLetter struct {
	Payout
	Title, Text, Next string // why it failed, and what to do, in the payee's language
	Path              string // the page of the payout
}

func (s *Service) letterSent(ctx context.Context, tx *sqlx.Tx, p Payout) error {
	payee, path, err := letterTo(ctx, tx, p.PayeeID)
	if err != nil {
		return err
	}
	path = fmt.Sprintf("%s/%d", path, p.ID)
	letter := mail.Letter{To: payee.Email, Lang: i18n.Lang(payee.Lang), Template: "payout_sent", Reference: fmt.Sprintf("payout:%d:sent", p.ID), Data: payoutLetter{Payout: p, Path: path}}
	now := true
	if payee.MemberID != nil {
		letter.MemberID, letter.Kind = *payee.MemberID, string(notices.Payout)
		if now, err = notices.LetterNow(ctx, tx, *payee.MemberID, notices.Payout); err != nil {
			return err
		}
	}
	if now {
		if err := s.mail.Queue(ctx, tx, letter); err != nil {
			return err
		}
	}
	return s.tell(ctx, tx, payee, notices.Notice{Event: "sent", Subject: fmt.Sprintf("payout:%d", p.ID), Path: path, Written: now, Args: notices.Args{"Amount": p.Amount}})
}

// tell tells the payee of a payout: a member, or the team of a brand.
func (s *Service) tell(ctx context.Context, tx *sqlx.Tx, payee Payee, n notices.Notice) error {
	n.At = s.now()
	if payee.MemberID != nil {
		n.MemberID, n.Kind = *payee.MemberID, notices.Payout
		return notices.Tell(ctx, tx, n)
	}
	n.Kind, n.Written = notices.BrandPayout, false // the letter goes to the brand's own address
	n.Args["Brand"] = payee.Name
	return notices.TellTeam(ctx, tx, *payee.BrandID, n)
}

const selectTold = `
select exists (select 1 from payouts where payee_id = $1 and id <> $2 and state = 'failed' and failure_code = $3 and ended_at > $4)`

// letterFailed tells the payee why a payout did not go out, and what to do: once, and not again within a week for the same
// reason, as runs may try them daily. A payee can do nothing about the platform's own troubles, and is not told of them.
func (s *Service) letterFailed(ctx context.Context, tx *sqlx.Tx, p Payout, now time.Time) error {
	why := p.Reason()
	if why.Platform() || why == FailNotSent {
		return nil
	}
	var told bool
	if err := tx.GetContext(ctx, &told, selectTold, p.PayeeID, p.ID, p.FailureCode, now.AddDate(0, 0, -7)); err != nil || told {
		return postgres.Translate(err)
	}
	payee, path, err := letterTo(ctx, tx, p.PayeeID)
	if err != nil {
		return err
	}
	l := i18n.Lang(payee.Lang)
	data := payoutLetter{Payout: p, Title: l.T("payout.failure." + string(why) + ".title"), Text: l.T("payout.failure." + string(why) + ".text"),
		Next: l.T("payout.failure." + string(why) + ".todo"), Path: fmt.Sprintf("%s/%d", path, p.ID)}
	err = s.mail.Queue(ctx, tx, mail.Letter{To: payee.Email, Lang: l, Template: "payout_failed", Reference: fmt.Sprintf("payout:%d:failed", p.ID), Data: data})
	if err != nil {
		return err
	}
	return s.tell(ctx, tx, payee, notices.Notice{Event: "failed", Subject: fmt.Sprintf("payout:%d", p.ID), Path: data.Path, Written: true,
		Args: notices.Args{"Amount": p.Amount, "Why": notices.Words("payout.failure." + string(why) + ".title")}})
}

// bankLetter is what the letter about a payout that a bank sent back reads.
type bankLetter struct {
	BankPayout
	Why  string
	Path string
}

func (s *Service) letterBank(ctx context.Context, tx *sqlx.Tx, payee Payee, b BankPayout) error {
	_, path, err := letterTo(ctx, tx, payee.ID)
	if err != nil {
		return err
	}
	l := i18n.Lang(payee.Lang)
	err = s.mail.Queue(ctx, tx, mail.Letter{To: payee.Email, Lang: l, Template: "payout_bank", Reference: "bank:" + b.StripeID + ":failed",
		Data: bankLetter{BankPayout: b, Why: l.T("payout.bank." + b.Reason()), Path: path}})
	if err != nil {
		return err
	}
	return s.tell(ctx, tx, payee, notices.Notice{Event: "bank", Subject: "bank:" + b.StripeID, Path: path, Written: true, Args: notices.Args{"Amount": b.Amount}})
}

// letterTo is who is written to, and their page of payouts.
func letterTo(ctx context.Context, tx *sqlx.Tx, payeeID int64) (Payee, string, error) {
	payee, err := payeeWhere(ctx, tx, `p.id = $1`, payeeID)
	if err != nil || payee.BrandID == nil {
		return payee, "/me/payouts", err
	}
	var handle string
	err = tx.GetContext(ctx, &handle, `select handle from brands where id = $1`, *payee.BrandID)
	return payee, "/brand/" + handle + "/payouts", postgres.Translate(err)
}
