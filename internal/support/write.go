package support

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/notices"
	"relais/internal/orders"
	"relais/internal/postgres"
)

// Write adds a word between the buyer and a brand that sold a part of the order, and has it sent to the other side. A mail that came before
// changes nothing. Faults: the fields body and photos; orders.ErrOrderGone where the brand has no part in the order; ErrClosed;
// ErrTooManyMessages; ErrNewer where the author has not seen all of it.
func (s *Service) Write(ctx context.Context, orderID, brandID int64, d Draft) error {
	d, err := d.Clean()
	if err != nil {
		return err
	}
	return s.part(ctx, orderID, brandID, func(tx *sqlx.Tx, o orders.Order, sh orders.Shipment) error {
		return s.write(ctx, tx, o, sh, d)
	})
}

// May says what would refuse a draft as Write does, for who has photographs to store first: those of a refused message are not kept. d.Photos may
// be of zeros, as many as there are.
func (s *Service) May(ctx context.Context, orderID, brandID int64, d Draft) error {
	d, err := d.Clean()
	if err != nil {
		return err
	}
	return s.part(ctx, orderID, brandID, func(tx *sqlx.Tx, o orders.Order, _ orders.Shipment) error {
		c, err := lock(ctx, tx, orderID, brandID)
		if err != nil && !errors.Is(err, ErrGone) {
			return err
		}
		return c.takes(ctx, tx, o, d, s.Now())
	})
}

// part runs a step on what a brand has in an order, which is locked. Fault: orders.ErrOrderGone where it has none.
func (s *Service) part(ctx context.Context, orderID, brandID int64, step func(*sqlx.Tx, orders.Order, orders.Shipment) error) error {
	return postgres.InTx(ctx, s.DB, func(tx *sqlx.Tx) error {
		o, err := orders.Lock(ctx, tx, orderID)
		if err != nil {
			return err
		}
		shipments, err := orders.ShipmentsOf(ctx, tx, orderID)
		if err != nil {
			return err
		}
		for _, sh := range shipments {
			if sh.BrandID == brandID {
				return step(tx, o, sh)
			}
		}
		return orders.ErrOrderGone
	})
}

func (s *Service) write(ctx context.Context, tx *sqlx.Tx, o orders.Order, sh orders.Shipment, d Draft) error {
	now := s.Now()
	c, err := begin(ctx, tx, o.ID, sh.BrandID, now)
	if err != nil {
		return err
	}
	if again, err := c.has(ctx, tx, d); again || err != nil {
		return err
	}
	if err := c.takes(ctx, tx, o, d, now); err != nil {
		return err
	}
	id, err := c.insert(ctx, tx, o, d, now)
	if err != nil || d.Note {
		return err
	}
	if err := s.settle(ctx, tx, c, d); err != nil {
		return err
	}
	if err := c.move(ctx, tx, d, id, now); err != nil {
		return err
	}
	if err := s.letter(ctx, tx, o, sh, c, id, d); err != nil {
		return err
	}
	return s.tell(ctx, tx, o, sh, id, d.Side)
}

// takes says what refuses a draft. Faults: ErrClosed, ErrNewer, ErrTooManyMessages.
func (c Conversation) takes(ctx context.Context, tx *sqlx.Tx, o orders.Order, d Draft, now time.Time) error {
	switch {
	case Closed(o, c.Wrote(), now):
		return ErrClosed
	case d.Seen != nil && *d.Seen < c.LastID:
		return ErrNewer
	}
	return c.often(ctx, tx, d, now)
}

const (
	insertConversation = `insert into conversations (order_id, brand_id, last_at) values ($1, $2, $3) on conflict do nothing`
	lockConversation   = `select id from conversations where order_id = $1 and brand_id = $2 for update`
)

// begin locks the conversation, which it makes where nobody has written yet.
func begin(ctx context.Context, tx *sqlx.Tx, orderID, brandID int64, now time.Time) (c Conversation, err error) {
	if _, err := tx.ExecContext(ctx, insertConversation, orderID, brandID, now); err != nil {
		return c, fmt.Errorf("begin conversation: %w", postgres.Translate(err))
	}
	return lock(ctx, tx, orderID, brandID)
}

func lock(ctx context.Context, tx *sqlx.Tx, orderID, brandID int64) (c Conversation, err error) {
	var id int64
	if err := tx.GetContext(ctx, &id, lockConversation, orderID, brandID); errors.Is(err, sql.ErrNoRows) {
		return c, ErrGone
	} else if err != nil {
		return c, fmt.Errorf("lock conversation: %w", postgres.Translate(err))
	}
	return one(ctx, tx, `c.id = $1`, id)
}

const (
	selectMailed = `select exists (select 1 from order_messages where conversation_id = $1 and author = $2 and mail_key = $3)
  or exists (select 1 from held_mails where conversation_id = $1 and side = $2 and mail_key = $3 and decided = 'discarded')`
	selectHere = `select exists (select 1 from held_mails where conversation_id = $1 and side = $2 and mail_key = $3)`
)

// has says whether a mail has made its message already, or was discarded by its side.
func (c Conversation) has(ctx context.Context, tx *sqlx.Tx, d Draft) (again bool, err error) {
	if d.mail == nil {
		return false, nil
	}
	if err := tx.GetContext(ctx, &again, selectMailed, c.ID, d.Side, d.mail.key); err != nil {
		return false, fmt.Errorf("look for mail: %w", err)
	}
	return again, nil
}

// came says whether a mail that is to be held came before.
func (c Conversation) came(ctx context.Context, tx *sqlx.Tx, d Draft) (again bool, err error) {
	if again, err = c.has(ctx, tx, d); again || err != nil {
		return again, err
	}
	if err := tx.GetContext(ctx, &again, selectHere, c.ID, d.Side, d.mail.key); err != nil {
		return false, fmt.Errorf("look for held mail: %w", postgres.Translate(err))
	}
	return again, nil
}

const selectRecent = `select count(*) from order_messages where conversation_id = $1 and author = $2 and not note and at > $3`

func (c Conversation) often(ctx context.Context, tx *sqlx.Tx, d Draft, now time.Time) error {
	if d.Note {
		return nil
	}
	var recent int
	if err := tx.GetContext(ctx, &recent, selectRecent, c.ID, d.Side, now.Add(-24*time.Hour)); err != nil {
		return fmt.Errorf("count messages: %w", err)
	}
	if recent >= MaxMessagesADay {
		return ErrTooManyMessages
	}
	return nil
}

const (
	insertMessage = `
insert into order_messages (conversation_id, author, member_id, body, at, note, by_mail, mail_key, left_out, search, mail_from)
values ($1, $2, nullif($3, 0::bigint), $4, $5, $6, $7, $8, $9, message_words($10, $11), $12) returning id`
	insertPhoto = `insert into message_photos (message_id, position, media_id) values ($1, $2, $3)`
)

func (c Conversation) insert(ctx context.Context, tx *sqlx.Tx, o orders.Order, d Draft, now time.Time) (id int64, err error) {
	var m received
	if d.mail != nil {
		m = *d.mail
	}
	err = tx.GetContext(ctx, &id, insertMessage, c.ID, d.Side, d.MemberID, d.Body, now, d.Note, d.mail != nil, m.key, pq.Array(append([]string{}, m.leftOut...)),
		c.BrandID, o.Number+" "+o.Name+" "+d.Body, m.from)
	if err != nil {
		return 0, fmt.Errorf("write message: %w", postgres.Translate(err))
	}
	for i, photo := range d.Photos {
		if _, err := tx.ExecContext(ctx, insertPhoto, id, i, photo); err != nil {
			return 0, fmt.Errorf("write photograph of message: %w", postgres.Translate(err))
		}
	}
	return id, nil
}

const (
	moveConversation = `
update conversations set state = $2, solved_by = '', last_at = $3, asked_at = $4, due_at = $5, remind_at = $8,
  buyer_mail_id = case when $6 = 'buyer' and $7 <> '' then $7 else buyer_mail_id end, brand_mail_id = case when $6 = 'brand' and $7 <> '' then $7 else brand_mail_id end
where id = $1`
	insertTime = `insert into answer_times (message_id, brand_id, at, took, ended) values ($1, $2, $3, $4, $5)`
)

// waited keeps how long a buyer's message had no answer, and what ended that: a word of answer_times.ended. messageID is that of the message
// that did, or else the last one.
func (c Conversation) waited(ctx context.Context, tx *sqlx.Tx, messageID int64, ended string, now time.Time) error {
	if _, err := tx.ExecContext(ctx, insertTime, messageID, c.BrandID, now, int64(Worked(*c.AskedAt, now)/time.Second), ended); err != nil {
		return fmt.Errorf("note time of answer: %w", postgres.Translate(err))
	}
	return nil
}

// move has the conversation wait for the other side. The clock of the brand runs from the buyer's first message without an answer.
func (c Conversation) move(ctx context.Context, tx *sqlx.Tx, d Draft, id int64, now time.Time) error {
	asked, due, remind := c.AskedAt, c.DueAt, c.RemindAt
	switch {
	case d.Side == FromBrand && asked != nil:
		if err := c.waited(ctx, tx, id, "answer", now); err != nil {
			return err
		}
		asked, due, remind = nil, nil, nil
	case d.Side == FromBuyer && asked == nil:
		by, soon := Due(now, c.AnswerHours), remindAt(now, c.AnswerHours)
		asked, due, remind = &now, &by, &soon
	}
	mailed := ""
	if d.mail != nil {
		mailed = d.mail.messageID
	}
	if _, err := tx.ExecContext(ctx, moveConversation, c.ID, next(d.Side), now, asked, due, d.Side, mailed, remind); err != nil {
		return fmt.Errorf("move conversation: %w", postgres.Translate(err))
	}
	return nil
}

// tell tells the team of the brand, or the buyer if they are a member.
func (s *Service) tell(ctx context.Context, tx *sqlx.Tx, o orders.Order, sh orders.Shipment, id int64, author Side) error {
	n := notices.Notice{Kind: notices.Message, Event: "written", Subject: reference(o, id), Path: BuyerPath(o.Token, sh.BrandHandle), At: s.Now(),
		Args: notices.Args{"Brand": sh.BrandName, "Number": o.Number}}
	if author == FromBuyer {
		n.Kind, n.Path = notices.BrandMessage, BrandPath(sh.BrandHandle, o.Number)
		return notices.TellTeam(ctx, tx, sh.BrandID, n)
	}
	if o.MemberID == nil {
		return nil
	}
	n.MemberID, n.Written = *o.MemberID, true
	return notices.Tell(ctx, tx, n)
}

func reference(o orders.Order, message int64) string {
	return fmt.Sprintf("order:%d:message:%d", o.ID, message)
}

// BuyerPath is the page of a conversation for the buyer; BrandPath for the brand's team.
func BuyerPath(token, brandHandle string) string { return "/o/" + token + "/talk/" + brandHandle }

// BrandPath is the page of a conversation for the brand's team.
func BrandPath(brandHandle, number string) string {
	return "/brand/" + brandHandle + "/inbox/" + number
}
