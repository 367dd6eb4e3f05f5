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
	path += fmt.Sprint("/", p.ID)
	return s.tell(ctx, tx, payee, mail.Letter{Template: "payout_sent", Reference: fmt.Sprintf("payout:%d:sent", p.ID), Data: payoutLetter{Payout: p, Path: path}},
		notices.Notice{Event: "sent", Path: path, Args: notices.Args{"Amount": p.Amount}})
}

func (s *Service) tell(ctx context.Context, tx *sqlx.Tx, payee Payee, l mail.Letter, n notices.Notice) error {
	l.To, l.Lang, n.At = payee.Email, i18n.Lang(payee.Lang), s.now()
	return notices.TellPayee(ctx, tx, s.mail, notices.Payee{MemberID: payee.MemberID, BrandID: payee.BrandID, Name: payee.Name}, l, n)
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
	l, key := i18n.Lang(payee.Lang), "payout.failure."+string(why)
	data := payoutLetter{Payout: p, Title: l.T(key + ".title"), Text: l.T(key + ".text"), Next: l.T(key + ".todo"), Path: fmt.Sprintf("%s/%d", path, p.ID)}
	return s.tell(ctx, tx, payee, mail.Letter{Template: "payout_failed", Reference: fmt.Sprintf("payout:%d:failed", p.ID), Data: data},
		notices.Notice{Event: "failed", Path: data.Path, Args: notices.Args{"Amount": p.Amount, "Why": notices.Words(key + ".title")}})
}

// letterBank tells a payee that their bank sent a payout back.
func (s *Service) letterBank(ctx context.Context, tx *sqlx.Tx, payee Payee, b BankPayout) error {
	_, path, err := letterTo(ctx, tx, payee.ID)
	if err != nil {
		return err
	}
	data := struct {
		BankPayout
		Why, Path string
	}{b, i18n.Lang(payee.Lang).T("payout.bank." + b.Reason()), path}
	return s.tell(ctx, tx, payee, mail.Letter{Template: "payout_bank", Reference: "bank:" + b.StripeID + ":failed", Data: data},
		notices.Notice{Event: "bank", Path: path, Args: notices.Args{"Amount": b.Amount}})
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
