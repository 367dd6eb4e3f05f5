package orders

import (
	"context"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/money"
	"relais/internal/orders/form"
	"relais/internal/orders/told"
	"relais/internal/payments"
	"relais/internal/postgres"
	"relais/internal/prose"
)

// InPerson is what an order has that is made face to face, in place of an address and a way of delivery.
type InPerson struct {
	Place          string
	WithdrawalDays int
}

// check cleans the form of an order in place, and says what is missing. Of a buyer face to face it wants nothing but an e-mail address, if they want letters.
func (p *Placement) check() error {
	if p.InPerson == nil {
		return form.Check(&p.Email, &p.Address, p.Operation)
	}
	p.Email, p.Address.Name = prose.Line(p.Email), prose.Line(p.Address.Name)
	if p.Email == "" {
		return nil
	}
	if e := form.Email(fault.New(fault.Invalid, "fault.form"), &p.Email); len(e.Fields) > 0 {
		return e
	}
	return nil
}

// ErrOwnSale is for a sale face to face whose buyer gives the address of its seller.
var ErrOwnSale = fault.Field("email", "pos.fault.own_mail")

// unearned is why nobody would earn the margin that a price shown face to face has in it: by the address it is the seller's own, or something
// changed between two looks.
func unearned(p Placement) error {
	if p.Email != "" {
		return ErrOwnSale
	}
	return ErrPriceMoved
}

const updateHandedOver = `
update shipments set state = 'delivered', shipped_at = $2, delivered_at = $2, delivered_by = 'seller' where order_id = $1 and state = 'preparing'`

// handOver records that the goods of an order made face to face are in the hands of their buyer, which begins the period of
// withdrawal, where there is one, and the hold of what it earned.
func handOver(ctx context.Context, tx *sqlx.Tx, o Order, shipments []Shipment) error {
	if _, err := tx.ExecContext(ctx, updateHandedOver, o.ID, o.PaidAt); err != nil {
		return postgres.Translate(err)
	}
	if err := settle(ctx, tx, o.ID, *o.PaidAt); err != nil {
		return err
	}
	if err := told.AtCounter(ctx, tx, o.Told(*o.PaidAt), money.New(o.TotalMinor, o.Currency)); err != nil {
		return err
	}
	return Tell(ctx, tx, o.ID, *o.PaidAt, "handed_over", map[string]any{"brand": shipments[0].BrandName})
}

// ConfirmPayment does for a payment that was made without a payment page, at a card reader or with a card that its buyer let us keep, what Confirm
// does for one on the page, at once or again: of two payments of one order the second goes back by itself. c has no page: its ID is empty.
func (s *Service) ConfirmPayment(ctx context.Context, orderID int64, c payments.Checkout) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		o, err := Lock(ctx, tx, orderID)
		if err != nil {
			return err
		}
		return s.confirm(ctx, tx, o, c)
	})
}

// RefuseReader has a payment at a card reader go back that was given up there and paid all the same, at once or again.
func (s *Service) RefuseReader(ctx context.Context, orderID int64, c payments.Checkout) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		o, err := Lock(ctx, tx, orderID)
		if err != nil {
			return err
		}
		verdict, reason := Judge(o, Payment{Amount: c.Amount, PaymentIntentID: c.PaymentIntentID})
		if verdict == Known {
			return nil
		}
		if verdict != SendBack {
			reason = "order_cancelled"
		}
		return s.sendBack(ctx, tx, o, c, reason)
	})
}
