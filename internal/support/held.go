package support

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/mail/incoming"
	"relais/internal/notices"
	"relais/internal/orders"
	"relais/internal/postgres"
)

// MaxHeld is how many mails may wait for a side of a conversation, and how many of those that programs wrote besides; more are refused.
const MaxHeld = 10

// heldDays is for how many days mail waits; then it comes to nothing.
const heldDays = 30

// Why a mail is held.
const (
	heldSender    = "sender"    // its side is not known by the address
	heldAutomatic = "automatic" // a program wrote it, as it says
	heldRetired   = "retired"   // its key was replaced, as somebody left the team
)

// Held is a mail that waits for the word of the side whose key it was sent to. The other side knows nothing of it.
type Held struct {
	ID      int64          `db:"id"`
	At      time.Time      `db:"at"`
	From    string         `db:"sender"` // empty: none that can be read
	Why     string         `db:"why"`    // sender, automatic or retired
	Body    string         `db:"body"`
	LeftOut pq.StringArray `db:"left_out"`
	Photos  int            `db:"photos"`
}

const selectHeld = `
select h.id, h.at, h.sender, h.why, h.body, h.left_out, (select count(*) from held_photos p where p.held_id = h.id) as photos
from held_mails h where h.conversation_id = $1 and h.side = $2 and h.decided = '' order by h.id`

// HeldFor is what waits for a side's word, oldest first.
func HeldFor(ctx context.Context, q sqlx.QueryerContext, conversationID int64, side Side) (hs []Held, err error) {
	if err := sqlx.SelectContext(ctx, q, &hs, selectHeld, conversationID, side); err != nil {
		return nil, fmt.Errorf("read held mail: %w", postgres.Translate(err))
	}
	return hs, nil
}

// The side is known by what is written in lower case.
const (
	selectTeamSender = `
select coalesce((select m.id from brand_members t join members m on m.id = t.member_id
    where t.brand_id = $1 and lower(m.email) = $2 and m.email_confirmed_at is not null and m.blocked_at is null order by m.id limit 1), 0) as member,
  exists (select 1 from brands b where b.id = $1 and lower(b.contact_email) = $2) or exists (select 1 from brand_senders x where x.brand_id = $1 and x.address = $2) as known`
	selectBuyerSender = `
select 0 as member, exists (select 1 from conversations c join orders o on o.id = c.order_id where c.id = $1 and lower(o.email) = $2)
  or exists (select 1 from buyer_senders x where x.conversation_id = $1 and x.address = $2) as known`
)

// doubt is why a mail is held, empty where it is not.
type doubt struct {
	why    string
	known  bool  // its address is
	member int64 // of the team, who wrote it; 0: that is not known
}

// doubtOf looks whether a side is known by the address of a mail.
func (s *Service) doubtOf(ctx context.Context, to addressee, m incoming.Mail) (d doubt, err error) {
	query, of := selectTeamSender, to.BrandID
	if to.Side == FromBuyer {
		query, of = selectBuyerSender, to.ConversationID
	}
	var by struct {
		Member int64 `db:"member"`
		Known  bool  `db:"known"`
	}
	if m.From != "" {
		if err := s.DB.GetContext(ctx, &by, query, of, m.From); err != nil {
			return d, fmt.Errorf("look who wrote: %w", postgres.Translate(err))
		}
	}
	d.member, d.known = by.Member, by.Known || by.Member != 0
	switch {
	case m.Marked:
		d.why = heldAutomatic
	case to.Retired:
		d.why = heldRetired
	case !d.known:
		d.why = heldSender
	}
	return d, nil
}

const (
	selectWaiting  = `select count(*) from held_mails where conversation_id = $1 and side = $2 and (why = 'automatic') = ($3 = 'automatic') and decided = ''`
	selectPrograms = `select count(*) from held_mails where conversation_id = $1 and side = $2 and why = 'automatic'`
	insertHeld     = `
insert into held_mails (conversation_id, side, sender, why, body, left_out, message_key, mail_key, at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict do nothing returning id`
	insertHeldPhoto = `insert into held_photos (held_id, position, media_id) values ($1, $2, $3)`
)

// room is how many mails of a sort wait for a side. Fault: ErrTooManyMessages where no other one may.
func (c Conversation) room(ctx context.Context, tx *sqlx.Tx, side Side, why string) (waiting int, err error) {
	if err := tx.GetContext(ctx, &waiting, selectWaiting, c.ID, side, why); err != nil {
		return 0, fmt.Errorf("count held mail: %w", postgres.Translate(err))
	}
	if waiting >= MaxHeld {
		return waiting, ErrTooManyMessages
	}
	return waiting, nil
}

// quiet says whether a side has no letter about a mail that is held: one is enough while others wait. Programs answer letters, so none is about
// what a program wrote, but for the first that came from the buyer's own address: they may have written it themselves.
func (c Conversation) quiet(ctx context.Context, tx *sqlx.Tx, side Side, d doubt, waiting int) (bool, error) {
	switch {
	case d.why != heldAutomatic:
		return waiting > 0, nil
	case side != FromBuyer || !d.known:
		return true, nil
	}
	before := 0
	if err := tx.GetContext(ctx, &before, selectPrograms, c.ID, side); err != nil {
		return false, fmt.Errorf("count mail of programs: %w", postgres.Translate(err))
	}
	return before > 0, nil
}

// hold keeps a mail for its side, once, and tells it: see quiet.
func (s *Service) hold(ctx context.Context, to addressee, d Draft, doubt doubt) error {
	d, err := d.Clean()
	if err != nil {
		return err
	}
	return s.part(ctx, to.OrderID, to.BrandID, func(tx *sqlx.Tx, o orders.Order, sh orders.Shipment) error {
		c, err := lock(ctx, tx, o.ID, sh.BrandID)
		if err != nil {
			return err
		}
		if again, err := c.came(ctx, tx, d); again || err != nil {
			return err
		}
		waiting, err := c.room(ctx, tx, d.Side, doubt.why)
		if err != nil {
			return err
		}
		quiet, err := c.quiet(ctx, tx, d.Side, doubt, waiting)
		if err != nil {
			return err
		}
		var ids []int64
		err = tx.SelectContext(ctx, &ids, insertHeld, c.ID, d.Side, d.mail.from, doubt.why, d.Body, pq.Array(append([]string{}, d.mail.leftOut...)), d.mail.messageID, d.mail.key, s.Now())
		if err != nil || len(ids) == 0 { // it came before
			return postgres.Translate(err)
		}
		for i, photo := range d.Photos {
			if _, err := tx.ExecContext(ctx, insertHeldPhoto, ids[0], i, photo); err != nil {
				return fmt.Errorf("hold photograph of mail: %w", postgres.Translate(err))
			}
		}
		from := any(d.mail.from)
		if from == "" {
			from = notices.Words("inbox.held.nobody")
		}
		return s.tellSide(ctx, tx, c, told{side: d.Side, event: "held", subject: fmt.Sprintf("conversation:%d:held:%d", c.ID, ids[0]),
			args: notices.Args{"From": from}, team: sh.BrandEmail, quiet: quiet})
	})
}

const (
	lockHeld = `
select h.id, h.at, h.sender, h.why, h.body, h.left_out, 0 as photos, h.message_key, h.mail_key
from held_mails h where h.id = $1 and h.conversation_id = $2 and h.side = $3 and h.decided = '' for update`
	selectHeldPhotos = `select media_id from held_photos where held_id = $1 order by position`
	deleteHeldPhotos = `delete from held_photos where held_id = $1`
	decideHeld       = `update held_mails set decided = $2, decided_by = nullif($3, 0::bigint), decided_at = $4, body = '', left_out = '{}' where id = $1 and decided = ''`
	insertSender     = `insert into brand_senders (brand_id, address, member_id, at) values ($1, $2, nullif($3, 0::bigint), $4) on conflict do nothing`
	insertOwnSender  = `insert into buyer_senders (conversation_id, address, at) values ($1, $2, $3) on conflict do nothing`
)

// Word is what a side says about a mail that is held for it.
type Word struct {
	OrderID, BrandID int64
	HeldID           int64
	Side             Side
	MemberID         int64 // who says it; 0: a guest
	Know             bool  // Release: mail from that address is theirs from now on
}

// heldRow is a mail with what makes it one message.
type heldRow struct {
	Held
	MessageKey string `db:"message_key"`
	MailKey    string `db:"mail_key"`
}

const selectSame = `select id from held_mails where conversation_id = $1 and side = $2 and mail_key = $3 and decided = '' for update`

// settle ends the wait of a mail that became a message: its side released it, or it came again from an address that is known by now.
func (s *Service) settle(ctx context.Context, tx *sqlx.Tx, c Conversation, d Draft) error {
	if d.mail == nil {
		return nil
	}
	var ids []int64
	if err := tx.SelectContext(ctx, &ids, selectSame, c.ID, d.Side, d.mail.key); err != nil {
		return fmt.Errorf("look for held mail: %w", postgres.Translate(err))
	}
	for _, id := range ids {
		if err := s.end(ctx, tx, id, "sent", d.MemberID); err != nil {
			return err
		}
	}
	return nil
}

// end decides about a held mail, of which nothing is kept then; by 0: a guest, or nobody.
func (s *Service) end(ctx context.Context, tx *sqlx.Tx, id int64, decided string, by int64) error {
	if _, err := tx.ExecContext(ctx, deleteHeldPhotos, id); err != nil {
		return fmt.Errorf("forget photographs of mail: %w", postgres.Translate(err))
	}
	if _, err := tx.ExecContext(ctx, decideHeld, id, decided, by, s.Now()); err != nil {
		return fmt.Errorf("decide about held mail: %w", postgres.Translate(err))
	}
	return nil
}

const selectOldHeld = `select id from held_mails where decided = '' and at < $1 order by id limit $2 for update skip locked`

// forgetHeld discards mail that waited for heldDays days.
func (s *Service) forgetHeld(ctx context.Context) error {
	return postgres.InTx(ctx, s.DB, func(tx *sqlx.Tx) error {
		var ids []int64
		if err := tx.SelectContext(ctx, &ids, selectOldHeld, s.Now().AddDate(0, 0, -heldDays), sweepMost); err != nil {
			return fmt.Errorf("find mail that waited: %w", postgres.Translate(err))
		}
		for _, id := range ids {
			if err := s.end(ctx, tx, id, "discarded", 0); err != nil {
				return err
			}
		}
		return nil
	})
}

// Release makes a message of a mail that was held: its side says that it is theirs. Faults: ErrGone, also where it was decided; those of Write.
func (s *Service) Release(ctx context.Context, w Word) error {
	return s.say(ctx, w, "sent", func(tx *sqlx.Tx, o orders.Order, sh orders.Shipment, c Conversation, h heldRow) error {
		d := Draft{Side: w.Side, MemberID: w.MemberID, Body: h.Body, mail: &received{messageID: h.MessageKey, key: h.MailKey, from: h.From, leftOut: h.LeftOut}}
		if err := tx.SelectContext(ctx, &d.Photos, selectHeldPhotos, h.ID); err != nil {
			return fmt.Errorf("read photographs of mail: %w", postgres.Translate(err))
		}
		if w.Know && len(h.From) >= 3 {
			query, args := insertSender, []any{sh.BrandID, h.From, w.MemberID, s.Now()}
			if w.Side == FromBuyer {
				query, args = insertOwnSender, []any{c.ID, h.From, s.Now()}
			}
			if _, err := tx.ExecContext(ctx, query, args...); err != nil {
				return fmt.Errorf("know sender: %w", postgres.Translate(err))
			}
		}
		return s.write(ctx, tx, o, sh, d)
	})
}

// Discard has a mail that was held come to nothing; its words are forgotten. Fault: ErrGone.
func (s *Service) Discard(ctx context.Context, w Word) error {
	return s.say(ctx, w, "discarded", func(*sqlx.Tx, orders.Order, orders.Shipment, Conversation, heldRow) error { return nil })
}

func (s *Service) say(ctx context.Context, w Word, decided string, do func(*sqlx.Tx, orders.Order, orders.Shipment, Conversation, heldRow) error) error {
	return s.part(ctx, w.OrderID, w.BrandID, func(tx *sqlx.Tx, o orders.Order, sh orders.Shipment) error {
		c, err := lock(ctx, tx, o.ID, sh.BrandID)
		if err != nil {
			return err
		}
		var found []heldRow
		if err := tx.SelectContext(ctx, &found, lockHeld, w.HeldID, c.ID, w.Side); err != nil {
			return fmt.Errorf("lock held mail: %w", postgres.Translate(err))
		}
		if len(found) == 0 {
			return ErrGone
		}
		if err := do(tx, o, sh, c, found[0]); err != nil {
			return err
		}
		return s.end(ctx, tx, w.HeldID, decided, w.MemberID)
	})
}
