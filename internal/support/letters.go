package support

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/jmoiron/sqlx"

	"relais/internal/i18n"
	"relais/internal/mail"
	"relais/internal/notices"
	"relais/internal/orders"
	"relais/internal/postgres"
)

// messageLetter is what the letter about a message reads.
type messageLetter struct {
	Number     string
	From       string   // the brand, or the buyer's name
	Path       string   // of the page where it is answered
	ToBrand    bool     // false: to the buyer
	Sentences  []string // the message, paragraph by paragraph
	Photos     int      // that the page shows
	Answerable bool     // by mail
}

const (
	selectLang   = `select lang from brands where id = $1`
	keepBuyerID  = `update conversations set buyer_mail_id = $2 where id = $1`
	keepBrandsID = `update conversations set brand_mail_id = $2 where id = $1`
)

// letter sends a message to the other side. What the side has of the conversation so far is named, so that its mail program shows all of it
// as one; the letter is then the newest of it.
func (s *Service) letter(ctx context.Context, tx *sqlx.Tx, o orders.Order, sh orders.Shipment, c Conversation, id int64, d Draft) error {
	l := mail.Letter{To: o.Email, Lang: o.Lang, Template: "order_message", Reference: reference(o, id),
		Thread: s.thread(c, FromBuyer, c.BuyerMailID, fmt.Sprintf("message.%d", id))}
	data := messageLetter{Number: o.Number, From: sh.BrandName, Path: BuyerPath(o.Token, sh.BrandHandle), Photos: len(d.Photos), Answerable: s.Domain != ""}
	keep := keepBuyerID
	if d.Side == FromBuyer {
		l.Thread, keep = s.thread(c, FromBrand, c.BrandMailID, fmt.Sprintf("message.%d", id)), keepBrandsID
		var err error
		if l.Lang, err = langOf(ctx, tx, sh.BrandID); err != nil {
			return err
		}
		l.To = sh.BrandEmail
		data.From, data.Path, data.ToBrand = o.Name, BrandPath(sh.BrandHandle, o.Number), true
	}
	if d.Body != "" {
		data.Sentences = strings.Split(d.Body, "\n")
	}
	l.Data = data
	if l.To == "" { // bought face to face, and no letter wanted: the page of the order has it
		return nil
	}
	if err := s.Mail.Queue(ctx, tx, l); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, keep, c.ID, l.Thread.MessageID); err != nil {
		return fmt.Errorf("keep thread: %w", postgres.Translate(err))
	}
	return nil
}

// thread is how a letter to a side stands in the conversation. newest is what the side has of it already.
func (s *Service) thread(c Conversation, to Side, newest, left string) mail.Thread {
	key := c.BuyerKey
	if to == FromBrand {
		key = c.BrandKey
	}
	t := mail.Thread{ReplyTo: address(key, s.Domain), MessageID: s.Mail.MessageID(left), Before: []string{s.Mail.MessageID(fmt.Sprintf("conversation.%d.%s", c.ID, to))}}
	if newest != "" {
		t.Before = append(t.Before, newest)
	}
	return t
}

func langOf(ctx context.Context, q sqlx.QueryerContext, brandID int64) (l i18n.Lang, err error) {
	if err := sqlx.GetContext(ctx, q, &l, selectLang, brandID); err != nil {
		return "", fmt.Errorf("read language of brand: %w", err)
	}
	return l, nil
}

// solvedLetter is what the letter reads that asks a buyer whether they are pleased.
type solvedLetter struct{ Number, Brand, Path string }

func (s *Service) ask(ctx context.Context, tx *sqlx.Tx, o orders.Order, c Conversation) error {
	if o.Email == "" {
		return nil
	}
	return s.Mail.Queue(ctx, tx, mail.Letter{To: o.Email, Lang: o.Lang, Template: "order_solved", Reference: fmt.Sprintf("conversation:%d:solved:%d", c.ID, c.LastID),
		Thread: s.thread(c, FromBuyer, c.BuyerMailID, fmt.Sprintf("solved.%d.%d", c.ID, c.LastID)),
		Data:   solvedLetter{Number: o.Number, Brand: c.BrandName, Path: BuyerPath(o.Token, c.BrandHandle)}})
}

// toldLetter is what the letter reads that tells a side of its conversation without being a message of it.
type toldLetter struct {
	Number, Brand, Path string
	Event               string
	ToBrand             bool // false: to the buyer
	Args                notices.Args
}

// From is the sender of a mail that is held; empty: none that can be read, or the letter is of something else.
func (l toldLetter) From() string { from, _ := l.Args["From"].(string); return from }

// Why is the reason of a decision.
func (l toldLetter) Why() string { why, _ := l.Args["Why"].(string); return why }

// told is what a side learns of its conversation.
type told struct {
	side    Side
	event   string // of notices.Message and notices.BrandInbox
	subject string
	args    notices.Args
	team    string // the brand's own address, where it has a letter too
	quiet   bool   // no letter
}

// tellSide tells a side what became of its conversation: the team of the brand, or the buyer by a letter, and in the app too where they are a
// member. Of a subject each event is told once. Nobody can answer such a letter.
func (s *Service) tellSide(ctx context.Context, tx *sqlx.Tx, c Conversation, t told) error {
	o, err := orders.Lock(ctx, tx, c.OrderID)
	if err != nil {
		return err
	}
	n := s.forTeam(c, t.event, t.subject)
	maps.Copy(n.Args, t.args)
	l := mail.Letter{To: t.team, Template: "order_told", Reference: t.subject + ":" + t.event}
	data := toldLetter{Number: o.Number, Brand: c.BrandName, Path: n.Path, Event: t.event, ToBrand: true, Args: t.args}
	if t.side == FromBuyer {
		l.To, l.Lang, data.ToBrand, data.Path = o.Email, o.Lang, false, BuyerPath(o.Token, c.BrandHandle)
	} else if l.Lang, err = langOf(ctx, tx, c.BrandID); err != nil {
		return err
	}
	l.Data = data
	written := l.To != "" && !t.quiet
	if written {
		if err := s.Mail.Queue(ctx, tx, l); err != nil {
			return err
		}
	}
	if t.side == FromBrand {
		return notices.TellTeam(ctx, tx, c.BrandID, n)
	}
	if o.MemberID == nil {
		return nil
	}
	n.Kind, n.Path, n.MemberID, n.Written = notices.Message, data.Path, *o.MemberID, written
	return notices.Tell(ctx, tx, n)
}
