package orders

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/earnings"
	"relais/internal/i18n"
	"relais/internal/mail"
	"relais/internal/money"
	"relais/internal/notices"
	"relais/internal/orders/told"
	"relais/internal/refunds"
)

// orderLetter is what letters about an order read.
type orderLetter struct {
	Order
	Shipment  Shipment    // the one that the letter is about, where it is about one
	Shipments []Shipment  // all of them
	Until     time.Time   // end of the withdrawal period, where it is known
	Days      int         // of the withdrawal period
	Parts     []told.Part // who the letter says earns from the order
	Refund    *refunds.Refund
}

// Month is that in which what was promised in a launch is delivered, in words.
func (l orderLetter) Month() string { return l.Lang.Month(*l.Expected) }

// TitleOf names a part of the order; empty for a delivery cost.
func (l orderLetter) TitleOf(i refunds.Item) string {
	if i.OrderLineID == nil {
		return ""
	}
	line, _ := lineIn(l.Shipments, *i.OrderLineID)
	return line.Title
}

// AmountOf is what a part is refunded, with its currency.
func (l orderLetter) AmountOf(i refunds.Item) money.Amount { return money.New(i.Minor, l.Currency) }

// PriceOf is the total of a line with its currency.
func (l orderLetter) PriceOf(line Line) money.Amount { return money.New(line.TotalMinor, l.Currency) }

func (s *Service) toBuyer(ctx context.Context, tx *sqlx.Tx, o Order, template, key string, data orderLetter) error {
	data.Order, data.Days = o, o.WithdrawalDays
	if o.Email != "" { // who bought face to face may want no letter
		if err := s.mail.Queue(ctx, tx, mail.Letter{To: o.Email, Lang: o.Lang, Template: template, Reference: fmt.Sprintf("order:%d:%s", o.ID, key), Data: data}); err != nil {
			return err
		}
	}
	args := notices.Args{"Brand": data.Shipment.BrandName}
	if data.Refund != nil {
		args["Amount"] = data.Refund.Amount
	}
	return told.Buyer(ctx, tx, o.Told(s.now()), strings.TrimPrefix(template, "order_"), key, args)
}

// Told is what those whom the order concerns are told of it.
func (o Order) Told(at time.Time) told.Order {
	return told.Order{ID: o.ID, Number: o.Number, Token: o.Token, MemberID: o.MemberID, InPerson: o.InPerson(), At: at}
}

// ToBrand writes to the brand of a shipment about its order; key says once what the letter is about.
func (s *Service) ToBrand(ctx context.Context, tx *sqlx.Tx, o Order, sh Shipment, template, key string, r *refunds.Refund) error {
	var lang i18n.Lang
	if err := tx.GetContext(ctx, &lang, `select lang from brands where id = $1`, sh.BrandID); err != nil {
		return err
	}
	return s.mail.Queue(ctx, tx, mail.Letter{To: sh.BrandEmail, Lang: lang, Template: template,
		Reference: fmt.Sprintf("order:%d:%s:%d", o.ID, key, sh.BrandID), Data: orderLetter{Order: o, Shipment: sh, Shipments: []Shipment{sh}, Days: WithdrawalDays, Refund: r}})
}

// lettersPaid tells the buyer, each brand, and each member who earned.
func (s *Service) lettersPaid(ctx context.Context, tx *sqlx.Tx, o Order, shipments []Shipment, paid earnings.Booking) error {
	var variants []int64
	for _, sh := range shipments {
		if err := s.ToBrand(ctx, tx, o, sh, "order_brand", "paid", nil); err != nil {
			return err
		}
		sold := told.Sold{BrandID: sh.BrandID, Name: sh.BrandName, Handle: sh.BrandHandle, Amount: money.New(sh.ShippingMinor, o.Currency)}
		for _, l := range sh.Lines {
			sold.Amount.Minor += l.TotalMinor
			variants = append(variants, l.VariantID)
		}
		if err := told.Team(ctx, tx, o.Told(s.now()), sold); err != nil {
			return err
		}
	}
	parts, err := told.Earners(ctx, tx, s.mail, o.Told(s.now()), paid)
	if err != nil {
		return err
	}
	if o.Expected == nil {
		if err := told.Stock(ctx, tx, s.now(), variants); err != nil {
			return err
		}
	}
	return s.toBuyer(ctx, tx, o, "order_paid", "paid", orderLetter{Shipments: shipments, Parts: parts})
}

func (s *Service) letterShipped(ctx context.Context, tx *sqlx.Tx, o Order, sh Shipment) error {
	return s.toBuyer(ctx, tx, o, "order_shipped", fmt.Sprintf("shipped:%d", sh.ID), orderLetter{Shipment: sh})
}

func (s *Service) letterDelivered(ctx context.Context, tx *sqlx.Tx, o Order, sh Shipment) error {
	return s.toBuyer(ctx, tx, o, "order_delivered", fmt.Sprintf("delivered:%d", sh.ID), orderLetter{Shipment: sh, Until: s.now().AddDate(0, 0, WithdrawalDays)})
}

// letterRefunded tells the buyer what went back, part by part.
func (s *Service) letterRefunded(ctx context.Context, tx *sqlx.Tx, o Order, r refunds.Refund) error {
	shipments, err := ShipmentsOf(ctx, tx, o.ID)
	if err != nil {
		return err
	}
	return s.toBuyer(ctx, tx, o, "order_refunded", r.Booking(), orderLetter{Shipments: shipments, Refund: &r})
}

// lettersRefundFailed tells the brands whose parts a refund was of that its buyer does not have the money.
func (s *Service) lettersRefundFailed(ctx context.Context, tx *sqlx.Tx, o Order, r refunds.Refund) error {
	shipments, err := ShipmentsOf(ctx, tx, o.ID)
	if err != nil {
		return err
	}
	for _, sh := range shipments {
		if !slices.ContainsFunc(r.Items, func(i refunds.Item) bool { return i.ShipmentID == sh.ID }) {
			continue
		}
		if err := s.ToBrand(ctx, tx, o, sh, "refund_failed", r.Booking()+":failed", &r); err != nil {
			return err
		}
	}
	return nil
}
