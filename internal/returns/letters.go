package returns

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/i18n"
	"relais/internal/mail"
	"relais/internal/notices"
	"relais/internal/orders"
	"relais/internal/orders/told"
)

// letter is what letters about a return read.
type letter struct {
	orders.Order
	Shipment  orders.Shipment   // of the brand that the letter is to
	Shipments []orders.Shipment // those of the returns, for letters to the buyer
	Returns   []Return
	Days      int // within which the money goes back
}

// AskedAt is when the buyer declared it.
func (l letter) AskedAt() time.Time { return l.Returns[0].AskedAt }

// SendTo is the shipment whose brand a return goes to; nil where nothing had left.
func (l letter) SendTo(r Return) *orders.Shipment {
	for i, sh := range l.Shipments {
		if sh.ID == r.ShipmentID && (sh.State == orders.Shipped || sh.State == orders.Delivered) {
			return &l.Shipments[i]
		}
	}
	return nil
}

// Reason is what the buyer said, for letters about one return.
func (l letter) Reason() string { return l.Returns[0].Reason }

// Answer is what the brand said, for letters about one return.
func (l letter) Answer() string { return l.Returns[0].Answer }

// letterBuyer acknowledges what a buyer declared, dated and with its content (Directive 2011/83/EU art. 11(3)), or says what a
// brand answered.
func (s *Service) letterBuyer(ctx context.Context, tx *sqlx.Tx, o orders.Order, template, key string, rs []Return) error {
	if o.Email == "" { // bought face to face: the page says it
		return nil
	}
	shipments, err := orders.ShipmentsOf(ctx, tx, o.ID)
	if err != nil {
		return err
	}
	err = s.mail.Queue(ctx, tx, mail.Letter{To: o.Email, Lang: o.Lang, Template: template,
		Reference: fmt.Sprintf("order:%d:%s:%s", o.ID, template, key), Data: letter{Order: o, Shipments: shipments, Returns: rs, Days: RefundDays}})
	if err != nil {
		return err
	}
	event := template // return_approved, return_refused
	if !strings.HasPrefix(template, "return_") {
		event = "return_asked"
	}
	return told.Buyer(ctx, tx, o.Told(s.now()), event, template+":"+key, notices.Args{})
}

// letterBrand tells a brand what comes back.
func (s *Service) letterBrand(ctx context.Context, tx *sqlx.Tx, o orders.Order, sh orders.Shipment, r Return) error {
	var lang i18n.Lang
	if err := tx.GetContext(ctx, &lang, `select lang from brands where id = $1`, sh.BrandID); err != nil {
		return err
	}
	reference := fmt.Sprintf("order:%d:%s", o.ID, r.Hold())
	err := s.mail.Queue(ctx, tx, mail.Letter{To: sh.BrandEmail, Lang: lang, Template: string(r.Kind) + "_brand",
		Reference: reference, Data: letter{Order: o, Shipment: sh, Returns: []Return{r}, Days: RefundDays}})
	if err != nil {
		return err
	}
	return notices.TellTeam(ctx, tx, sh.BrandID, notices.Notice{Kind: notices.BrandReturn, Event: string(r.Kind), Subject: reference, At: s.now(),
		Path: "/brand/" + sh.BrandHandle + "/orders/" + o.Number, Args: notices.Args{"Brand": sh.BrandName, "Number": o.Number}})
}
