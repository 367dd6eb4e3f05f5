package support

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"

	"relais/internal/fault"
	"relais/internal/mail/incoming"
	"relais/internal/orders"
	"relais/internal/postgres"
)

const selectByKey = `
select c.order_id, c.brand_id, case when c.buyer_key = $1 then 'buyer' else 'brand' end as side, o.token, c.buyer_key, c.brand_key
from conversations c join orders o on o.id = c.order_id where c.buyer_key = $1 or c.brand_key = $1`

// Receive takes in a mail (RFC 5322, as a mail server hands it on) that answers a letter of a conversation: what it says becomes a message of the
// side whose key stands in its address, whoever sent it, as a letter reaches its recipient under several addresses.
//
//	by a program, or the same mail again    nothing; no error
//	photographs, up to MaxPhotos            kept; one that is none, or too large, is named as left out
//	other attachments                       named as left out
//	a text of more than MaxMessage          shortened
//	nothing but such attachments            a message without words that names them
//	nothing but what is quoted              the field body
//	larger than incoming.MaxBytes           incoming.ErrTooLarge
//	no mail                                 incoming.ErrUnreadable
//	an unknown key, or none                 ErrGone
//	a closed order                          ErrClosed
//	the side wrote a lot today              ErrTooManyMessages
//
// A mail may quote the letter that it answers anywhere, whatever incoming takes for a quote. So the addresses that open the order's pages, or that
// letters are answered to, never stand in the message: the other side could come by them.
//
// Whoever hands mail on refuses it on an error, so that its sender hears of that from their own mail server, and we write to nobody.
func (s *Service) Receive(ctx context.Context, raw []byte) error {
	m, err := incoming.Parse(raw)
	if err != nil || m.Automatic {
		return err
	}
	var to struct {
		OrderID  int64  `db:"order_id"`
		BrandID  int64  `db:"brand_id"`
		Side     Side   `db:"side"`
		Token    string `db:"token"`
		BuyerKey string `db:"buyer_key"`
		BrandKey string `db:"brand_key"`
	}
	found := false
	for _, key := range keysOf(m.To, s.Domain) {
		err := s.DB.GetContext(ctx, &to, selectByKey, key)
		if found = err == nil; found {
			break
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("find conversation of mail: %w", postgres.Translate(err))
		}
	}
	if !found {
		return ErrGone
	}
	text := incoming.Cut(withhold(m.Whole, to.Token, to.BuyerKey, to.BrandKey)) // before it is cut: a line that goes may have the rest of an address
	d := Draft{Side: to.Side, Body: shorten(text, MaxMessage), mail: &received{messageID: m.MessageID, key: m.Key, leftOut: m.LeftOut}}
	if err := s.keep(ctx, &d, m.Photos); err != nil {
		return err
	}
	err = s.Write(ctx, to.OrderID, to.BrandID, d)
	if errors.Is(err, orders.ErrOrderGone) {
		return ErrGone
	}
	return err
}

// keep stores the photographs of a mail; what is none is left out.
func (s *Service) keep(ctx context.Context, d *Draft, photos []incoming.Photo) error {
	for _, p := range photos {
		stored, err := s.Media.SavePrivate(ctx, s.DB, bytes.NewReader(p.Raw))
		switch {
		case errors.Is(err, fault.Invalid):
			d.mail.leftOut = append(d.mail.leftOut, p.Name)
		case err != nil:
			return fmt.Errorf("keep photograph of mail: %w", err)
		default:
			d.Photos = append(d.Photos, stored.ID)
		}
	}
	return nil
}
