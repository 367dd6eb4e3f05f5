package orders

import (
	"context"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"relais/internal/catalog"
	"relais/internal/crash"
	"relais/internal/fault"
	"relais/internal/payments"
	"relais/internal/postgres"
)

// Expire ends an order whose reservation is over. The provider's page is closed first: if it was paid in the
// meantime, the order is confirmed instead. The stock goes back once.
func (s *Service) Expire(ctx context.Context, orderID int64) error {
	return s.end(ctx, orderID, Expired)
}

const forgetCheckout = `
update orders set checkout_id = null, checkout_url = '', checkout_until = null, checkout_attempt = checkout_attempt + 1
where id = $1 and checkout_id = $2 and state = 'awaiting_payment' and payment_intent_id is null`

// CheckoutExpired ends the order whose payment page the provider closed; one that waits for more than a day longer can be given another page.
// A page that is not ours changes nothing.
func (s *Service) CheckoutExpired(ctx context.Context, checkoutID string) error {
	o, err := orderWhere(ctx, s.db, `checkout_id = $1`, checkoutID)
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if o.long() && s.now().Before(o.ExpiresAt) {
		return s.ClosePage(ctx, o.ID)
	}
	return s.Expire(ctx, o.ID)
}

// ClosePage makes sure that an order that waits for payment has no page on which it could be paid at this moment; what was paid there before is confirmed.
func (s *Service) ClosePage(ctx context.Context, orderID int64) error {
	o, err := orderWhere(ctx, s.db, `id = $1`, orderID)
	if err != nil || o.State != AwaitingPayment || o.CheckoutID == nil {
		return err
	}
	paid, err := s.closeCheckout(ctx, *o.CheckoutID)
	if err != nil {
		return err
	}
	if paid {
		return s.Confirm(ctx, *o.CheckoutID)
	}
	_, err = s.db.ExecContext(ctx, forgetCheckout, o.ID, *o.CheckoutID)
	return postgres.Translate(err)
}

// Cancel ends an unpaid order at its buyer's wish.
func (s *Service) Cancel(ctx context.Context, orderID int64) error {
	return s.end(ctx, orderID, Cancelled)
}

func (s *Service) end(ctx context.Context, orderID int64, state State) error {
	o, err := orderWhere(ctx, s.db, `id = $1`, orderID)
	if err != nil || o.State != AwaitingPayment {
		return err
	}
	if o.CheckoutID != nil {
		paid, err := s.closeCheckout(ctx, *o.CheckoutID)
		if err != nil {
			return err
		}
		if paid { // a payment that the order cannot keep leaves it waiting: then it ends all the same
			if err := s.Confirm(ctx, *o.CheckoutID); err != nil {
				return err
			}
		}
	}
	crash.At(crash.CheckoutClosed)
	err = postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		closed := o.CheckoutID != nil
		o, err := Lock(ctx, tx, orderID)
		if err != nil || o.State != AwaitingPayment {
			return err
		}
		if o.CheckoutID != nil && !closed {
			return errOpened
		}
		now := s.now()
		if _, err := tx.ExecContext(ctx, `update orders set state = $2, ended_at = $3 where id = $1`, o.ID, state, now); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `update shipments set state = 'cancelled' where order_id = $1`, o.ID); err != nil {
			return err
		}
		if o.Expected == nil { // of a launch nothing was taken from the stock
			if err := giveBack(ctx, tx, o.ID); err != nil {
				return err
			}
		}
		return Tell(ctx, tx, o.ID, now, string(state), nil)
	})
	if errors.Is(err, errOpened) {
		return s.end(ctx, orderID, state)
	}
	return err
}

// errOpened says that a payment page was recorded while the order was about to end: it must be closed first.
var errOpened = errors.New("the payment page has been opened meanwhile")

// closeCheckout makes sure that nobody can pay any more, and says whether somebody had.
func (s *Service) closeCheckout(ctx context.Context, checkoutID string) (paid bool, err error) {
	c, err := s.pay.Checkout(ctx, checkoutID)
	if err != nil {
		return false, fmt.Errorf("read checkout %s: %w", checkoutID, err)
	}
	if c.Paid || c.State != payments.CheckoutOpen {
		return c.Paid, nil
	}
	if err := s.pay.ExpireCheckout(ctx, checkoutID); err != nil {
		// Paid or expired between the two calls: look once more.
		if c, again := s.pay.Checkout(ctx, checkoutID); again == nil && c.State != payments.CheckoutOpen {
			return c.Paid, nil
		}
		return false, fmt.Errorf("close checkout %s: %w", checkoutID, err)
	}
	return false, nil
}

func giveBack(ctx context.Context, tx *sqlx.Tx, orderID int64) error {
	shipments, err := ShipmentsOf(ctx, tx, orderID)
	if err != nil {
		return err
	}
	for _, l := range linesByVariant(shipments) {
		if err := catalog.GiveBack(ctx, tx, l.VariantID, int(l.Quantity)); err != nil {
			return err
		}
	}
	return nil
}
