package payouts

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"relais/internal/i18n"
	"relais/internal/mail"
)

// payoutLetter is what the letters about a payout read.
type payoutLetter struct {
	Payout
	Path string // the page of the payout
}

// letterEnded tells the payee once how a payout ended: "sent" or "failed".
func (s *Service) letterEnded(ctx context.Context, tx *sqlx.Tx, p Payout, how string) error {
	payee, err := payeeWhere(ctx, tx, `p.id = $1`, p.PayeeID)
	if err != nil {
		return err
	}
	path := "/me/payouts"
	if payee.BrandID != nil {
		var handle string
		if err := tx.GetContext(ctx, &handle, `select handle from brands where id = $1`, *payee.BrandID); err != nil {
			return err
		}
		path = "/brand/" + handle + "/payouts"
	}
	return s.mail.Queue(ctx, tx, mail.Letter{To: payee.Email, Lang: i18n.Lang(payee.Lang), Template: "payout_" + how,
		Reference: fmt.Sprintf("payout:%d:%s", p.ID, how), Data: payoutLetter{Payout: p, Path: fmt.Sprintf("%s/%d", path, p.ID)}})
}
