// Package support is what buyers and brands write to each other about an order.
//
// Each message is a letter to the other side and a line on the order's page, never more than MaxMessagesADay from one side.
package support

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/mail"
	"relais/internal/notices"
	"relais/internal/orders"
	"relais/internal/postgres"
	"relais/internal/prose"
)

// Service is the use cases of this package.
type Service struct {
	db   *sqlx.DB
	now  func() time.Time // business time
	mail *mail.Outbox
}

// New makes the Service.
func New(db *sqlx.DB, now func() time.Time, m *mail.Outbox) *Service {
	return &Service{db: db, now: now, mail: m}
}

// Who writes about an order.
const (
	FromBuyer = "buyer"
	FromBrand = "brand"
)

// MaxMessage is the length of a message in characters; MaxMessagesADay how many either side may write about one
// order to one brand in 24 hours: each is a letter to the other side.
const (
	MaxMessage      = 4000
	MaxMessagesADay = 20
)

// ErrTooManyMessages says that one side wrote MaxMessagesADay times within 24 hours.
var ErrTooManyMessages = fault.New(fault.TooMany, "fault.order_messages")

const insertMessage = `
insert into order_messages (order_id, brand_id, author, member_id, body, at) values ($1, $2, $3, nullif($4, 0::bigint), $5, $6) returning id`

const selectRecentMessages = `
select count(*) from order_messages where order_id = $1 and brand_id = $2 and author = $3 and at > $4`

// Write adds a word between the buyer and a brand that sold a part of the order, and has it sent to the other side.
// author is FromBuyer or FromBrand; memberID is who wrote, 0 for a guest. Faults: the field body; orders.ErrOrderGone where
// the brand has no part in the order; ErrTooManyMessages.
func (s *Service) Write(ctx context.Context, orderID, brandID int64, author string, memberID int64, body string) error {
	body, err := cleanMessage(body)
	if err != nil {
		return err
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
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
				return s.write(ctx, tx, o, sh, message{author, memberID, body})
			}
		}
		return orders.ErrOrderGone
	})
}

type message struct {
	author   string
	memberID int64
	body     string
}

func cleanMessage(body string) (string, error) {
	body = prose.Lines(body)
	switch {
	case body == "":
		return "", fault.Field("body", "fault.required")
	case !utf8.ValidString(body) || strings.ContainsRune(body, 0):
		return "", fault.Field("body", "fault.message_unreadable")
	case utf8.RuneCountInString(body) > MaxMessage:
		return "", fault.Field("body", "fault.too_long")
	}
	return body, nil
}

func (s *Service) write(ctx context.Context, tx *sqlx.Tx, o orders.Order, sh orders.Shipment, m message) error {
	now := s.now()
	var recent int
	if err := tx.GetContext(ctx, &recent, selectRecentMessages, o.ID, sh.BrandID, m.author, now.Add(-24*time.Hour)); err != nil {
		return fmt.Errorf("count messages: %w", err)
	}
	if recent >= MaxMessagesADay {
		return ErrTooManyMessages
	}
	var id int64
	if err := tx.GetContext(ctx, &id, insertMessage, o.ID, sh.BrandID, m.author, m.memberID, m.body, now); err != nil {
		return fmt.Errorf("write message: %w", postgres.Translate(err))
	}
	return s.letterMessage(ctx, tx, o, sh, id, m)
}

// messageLetter is what the letter about a message reads.
type messageLetter struct {
	Number    string
	From      string   // the brand, or the buyer's name
	Path      string   // of the page where it is answered
	ToBrand   bool     // false: to the buyer
	Sentences []string // the message, paragraph by paragraph
}

func (s *Service) letterMessage(ctx context.Context, tx *sqlx.Tx, o orders.Order, sh orders.Shipment, id int64, m message) error {
	l := mail.Letter{To: o.Email, Lang: o.Lang, Template: "order_message", Reference: fmt.Sprintf("order:%d:message:%d", o.ID, id)}
	data := messageLetter{Number: o.Number, From: sh.BrandName, Path: "/o/" + o.Token, Sentences: strings.Split(m.body, "\n")}
	if m.author == FromBuyer {
		var lang i18n.Lang
		if err := tx.GetContext(ctx, &lang, `select lang from brands where id = $1`, sh.BrandID); err != nil {
			return fmt.Errorf("read language of brand: %w", err)
		}
		l.To, l.Lang = sh.BrandEmail, lang
		data.From, data.Path, data.ToBrand = o.Name, "/brand/"+sh.BrandHandle+"/orders/"+o.Number, true
	}
	l.Data = data
	if l.To != "" { // else bought face to face, and no letter wanted: the page of the order has it
		if err := s.mail.Queue(ctx, tx, l); err != nil {
			return err
		}
	}
	return s.tell(ctx, tx, o, sh, l.Reference, m.author, data.Path)
}

// tell tells the team of the brand, or the buyer if they are a member.
func (s *Service) tell(ctx context.Context, tx *sqlx.Tx, o orders.Order, sh orders.Shipment, subject, author, path string) error {
	n := notices.Notice{Kind: notices.Message, Event: "written", Subject: subject, Path: path, At: s.now(), Args: notices.Args{"Brand": sh.BrandName, "Number": o.Number}}
	if author == FromBuyer {
		n.Kind = notices.BrandMessage
		return notices.TellTeam(ctx, tx, sh.BrandID, n)
	}
	if o.MemberID == nil {
		return nil
	}
	n.MemberID, n.Written = *o.MemberID, true
	return notices.Tell(ctx, tx, n)
}

// Message is one word between a buyer and a brand about an order.
type Message struct {
	At        time.Time `db:"at"`
	Author    string    `db:"author"` // buyer or brand
	BrandID   int64     `db:"brand_id"`
	BrandName string    `db:"brand_name"`
	Body      string    `db:"body"`
}

// Messages is what was written about an order, oldest first; brandID 0: with every brand.
func (s *Service) Messages(ctx context.Context, orderID, brandID int64) ([]Message, error) {
	var ms []Message
	err := s.db.SelectContext(ctx, &ms, `select m.at, m.author, m.brand_id, b.name as brand_name, m.body from order_messages m
		join brands b on b.id = m.brand_id where m.order_id = $1 and ($2 = 0 or m.brand_id = $2) order by m.id`, orderID, brandID)
	return ms, postgres.Translate(err)
}
