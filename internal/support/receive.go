package support

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/mail/incoming"
	"relais/internal/orders"
	"relais/internal/postgres"
)

// addressee is the side of a conversation whose key stands in an address.
type addressee struct {
	OrderID        int64  `db:"order_id"`
	BrandID        int64  `db:"brand_id"`
	ConversationID int64  `db:"id"`
	Side           Side   `db:"side"`
	Token          string `db:"token"`
	BuyerKey       string `db:"buyer_key"`
	BrandKey       string `db:"brand_key"`
	Retired        bool   `db:"retired"` // the brand's key was replaced since
}

const selectByKey = `
select c.order_id, c.brand_id, c.id, case when c.buyer_key = $1 then 'buyer' else 'brand' end as side, o.token, c.buyer_key, c.brand_key, $1 not in (c.buyer_key, c.brand_key) as retired
from conversations c join orders o on o.id = c.order_id where c.buyer_key = $1 or c.brand_key = $1 or c.id = (select r.conversation_id from retired_keys r where r.key = $1)`

// Receive takes in a mail (RFC 5322, as a mail server hands it on) that answers letters of conversations: what it says becomes a message of each
// side whose key stands in its addresses, once for each, or is held until that side says on its page that it is theirs (Release, Discard).
//
//	a program's reply, a bounce             nothing; no error
//	a notice of a buyer's program           nothing; no error
//	the same mail again, also a discarded   nothing; no error
//	from an address that the side is not
//	known by, marked as a program's, or to
//	a key that was replaced                 held: nobody but that side learns of it
//	photographs, up to MaxPhotos            kept; one that is none, or too large, is named as left out
//	other attachments                       named as left out
//	a text of more than MaxMessage          shortened
//	nothing but such attachments            a message without words that names them
//	nothing but what is quoted              the field body
//	larger than incoming.MaxBytes           incoming.ErrTooLarge
//	no mail                                 incoming.ErrUnreadable
//	unknown keys, or none                   ErrGone
//	a closed order                          ErrClosed
//	the side wrote a lot today              ErrTooManyMessages
//
// A brand is known by its own address, those of its team (confirmed, and only while they are on it), and what it says it writes from; a buyer by
// the order's address and what they said on the page. What that proves: whoever writes had a letter of that side, in which alone the key stands, and
// knows an address of it. What it does not: that the mail came from that address. A From header is whatever its sender wrote, and what a mail server
// says about it (Authentication-Results) anybody may write as well; the way in has no name of a server whose word would count. So a key is as good
// as a password: a brand's are replaced when somebody leaves its team, and domains should publish DMARC, by which mail servers refuse what is forged.
//
// A mail may quote the letter that it answers anywhere, whatever incoming takes for a quote. So the addresses that open the order's pages, or that
// letters are answered to, never stand in the message: the other side could come by them.
//
// Whoever hands mail on refuses it on an error, so that its sender hears of that from their own mail server. We write to nobody but the known address
// of a side, when mail is held for it. Where one of several sides is refused, the others have their message.
func (s *Service) Receive(ctx context.Context, raw []byte) error {
	m, err := incoming.Parse(raw)
	if err != nil || m.Automatic {
		return err
	}
	found, err := s.addressees(ctx, keysOf(m.To, s.Domain))
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return ErrGone
	}
	secrets := keysOf(m.To, s.Domain)
	for _, to := range found {
		secrets = append(secrets, to.Token, to.BuyerKey, to.BrandKey)
	}
	text := incoming.Cut(withhold(m.Whole, secrets...)) // before it is cut: a line that goes may have the rest of an address
	m.Text = shorten(text, MaxMessage)
	var refused error
	for _, to := range found {
		err := s.take(ctx, to, m)
		if _, known := errors.AsType[*fault.Error](err); err != nil && !known {
			return err
		}
		if refused == nil {
			refused = err
		}
	}
	return refused
}

// addressees are the sides whose keys these are, those with a key of today first.
func (s *Service) addressees(ctx context.Context, keys []string) (found []addressee, err error) {
	var old []addressee
	for _, key := range keys {
		var to addressee
		err := s.DB.GetContext(ctx, &to, selectByKey, key)
		switch {
		case errors.Is(err, sql.ErrNoRows):
		case err != nil:
			return nil, fmt.Errorf("find conversation of mail: %w", postgres.Translate(err))
		case to.Retired:
			old = append(old, to)
		default:
			found = append(found, to)
		}
	}
	return append(found, old...), nil
}

// take makes a message of a mail for one side, or holds it.
func (s *Service) take(ctx context.Context, to addressee, m incoming.Mail) error {
	d := Draft{Side: to.Side, Body: m.Text, Photos: make([]int64, len(m.Photos)), mail: &received{messageID: m.MessageID, key: m.Key, from: m.From, leftOut: slices.Clone(m.LeftOut)}}
	doubt, err := s.doubtOf(ctx, to, m)
	if err != nil {
		return err
	}
	if m.Notice && to.Side == FromBuyer {
		return nil // a holiday notice: buyers have no help desk
	}
	d.MemberID = doubt.member
	again, err := s.admits(ctx, to, d, doubt.why)
	if err == nil && !again {
		err = s.keep(ctx, &d, m.Photos)
	}
	switch {
	case err != nil || again:
	case doubt.why != "":
		err = s.hold(ctx, to, d, doubt)
	default:
		err = s.Write(ctx, to.OrderID, to.BrandID, d)
	}
	if errors.Is(err, orders.ErrOrderGone) {
		return ErrGone
	}
	return err
}

// admits says what would refuse a mail, or whether it came before (again), for as long as nothing of it is stored.
func (s *Service) admits(ctx context.Context, to addressee, d Draft, why string) (again bool, err error) {
	if d, err = d.Clean(); err != nil {
		return false, err
	}
	err = s.part(ctx, to.OrderID, to.BrandID, func(tx *sqlx.Tx, o orders.Order, sh orders.Shipment) error {
		c, err := lock(ctx, tx, o.ID, sh.BrandID)
		if err != nil {
			return err
		}
		looks := c.has
		if why != "" {
			looks = c.came
		}
		if again, err = looks(ctx, tx, d); again || err != nil {
			return err
		}
		if err := c.takes(ctx, tx, o, d, s.Now()); err != nil || why == "" {
			return err
		}
		_, err = c.room(ctx, tx, d.Side, why)
		return err
	})
	return again, err
}

// keep stores the photographs of a mail; what is none is left out.
func (s *Service) keep(ctx context.Context, d *Draft, photos []incoming.Photo) error {
	d.Photos = nil
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
