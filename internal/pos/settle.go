package pos

import (
	"context"
	"errors"
	"fmt"

	"relais/internal/crash"
	"relais/internal/orders"
	"relais/internal/payments"
	"relais/internal/postgres"
)

// Settle reads at the provider what came of a sale's payments and does what follows, at once or again: the order is paid, or a payment
// that it cannot keep goes back; what cannot be needed any more is closed, so that nobody pays it.
func (s *Service) Settle(ctx context.Context, saleID int64) error {
	if err := s.link(ctx, saleID); err != nil {
		return err
	}
	sale, err := saleWhere(ctx, s.db, `c.id = $1`, saleID)
	if err != nil || sale.OrderID == nil {
		return err
	}
	p, err := newestPayment(ctx, s.db, saleID)
	if err != nil {
		return err
	}
	if p != nil && p.Open() && p.PaymentIntentID != nil {
		if err := s.read(ctx, *p); err != nil {
			return err
		}
	}
	o, err := s.orders.ByID(ctx, *sale.OrderID)
	if err != nil {
		return err
	}
	if o.State == orders.AwaitingPayment && o.CheckoutID != nil {
		if err := s.orders.Confirm(ctx, *o.CheckoutID); err != nil {
			return err
		}
		if o, err = s.orders.ByID(ctx, *sale.OrderID); err != nil {
			return err
		}
	}
	if o.State == orders.AwaitingPayment || p == nil || !p.Open() {
		return nil
	}
	if err := s.giveUp(ctx, sale); err != nil {
		return err
	}
	return s.closePage(ctx, o)
}

const updateSucceeded = `
update reader_payments set state = 'succeeded', failure = '', ended_at = $2 where id = $1 and state in ('new','open','at_reader')`

// read takes over what the provider says of a payment that is open here.
func (s *Service) read(ctx context.Context, p ReaderPayment) error {
	asking, failure := false, p.Failure
	if p.State == AtReader && p.ReaderStripeID != "" {
		r, err := s.pay.Reader(ctx, p.ReaderStripeID) // before the payment: what it ended meanwhile is in there
		switch {
		case payments.CodeOf(err) == payments.CodeNotFound:
			failure = payments.CodeNotFound
		case err != nil:
			return fmt.Errorf("read reader: %w", err)
		case r.PaymentID == *p.PaymentIntentID:
			asking, failure = r.Action == payments.ActionInProgress, r.Failure
		}
	}
	c, err := s.pay.CardPayment(ctx, *p.PaymentIntentID)
	if err != nil {
		return fmt.Errorf("read card payment: %w", err)
	}
	switch {
	case c.State == payments.CardPaymentPaid:
		return s.paid(ctx, p, c)
	case c.State == payments.CardPaymentCancelled:
		return s.end(ctx, p)
	case asking || c.State == payments.CardPaymentProcessing:
		if p.State == AtReader && p.Failure != "" { // it answered late, and asks all the same
			_, err = s.db.ExecContext(ctx, `update reader_payments set failure = '' where id = $1 and state = 'at_reader' and turn = $2`, p.ID, p.Turn)
		}
		return postgres.Translate(err)
	case p.State == AtReader:
		if c.Failure != "" && (failure == "" || failure == "card_declined") {
			failure = c.Failure
		}
		if failure == "" {
			failure = "stopped"
		}
		_, err = s.db.ExecContext(ctx, updateNotHanded, p.ID, p.Turn, failure)
		return postgres.Translate(err)
	}
	return nil
}

// paid has the order keep the payment, or send it back.
func (s *Service) paid(ctx context.Context, p ReaderPayment, c payments.CardPayment) error {
	crash.At(crash.ReaderRead)
	if err := s.orders.ConfirmPayment(ctx, p.OrderID, checkoutOf(c)); err != nil {
		return err
	}
	crash.At(crash.ReaderConfirmed)
	o, err := s.orders.ByID(ctx, p.OrderID)
	if err != nil {
		return err
	}
	if err := s.closePage(ctx, o); err != nil { // the payment stays open here, so that all of it is done again
		return err
	}
	_, err = s.db.ExecContext(ctx, updateSucceeded, p.ID, s.now())
	return postgres.Translate(err)
}

func (s *Service) end(ctx context.Context, p ReaderPayment) error {
	_, err := s.db.ExecContext(ctx, `update reader_payments set state = 'cancelled', ended_at = $2 where id = $1 and state in ('new','open','at_reader')`, p.ID, s.now())
	return postgres.Translate(err)
}

// closePage makes sure that nobody can pay an order on its page that was paid at a reader. Who was quicker has it back.
func (s *Service) closePage(ctx context.Context, o orders.Page) error {
	if o.CheckoutID == nil || o.State == orders.AwaitingPayment {
		return nil
	}
	c, err := s.pay.Checkout(ctx, *o.CheckoutID)
	switch {
	case err != nil:
		return fmt.Errorf("read checkout of order %d: %w", o.ID, err)
	case c.Paid:
		return s.orders.Confirm(ctx, c.ID)
	case c.State != payments.CheckoutOpen:
		return nil
	}
	if err := s.pay.ExpireCheckout(ctx, c.ID); payments.CodeOf(err) != payments.CodeCheckoutNotOpen {
		return err
	}
	return s.orders.Confirm(ctx, c.ID) // paid between the two calls, perhaps
}

const updateUnknown = `
update reader_payments set state = 'cancelled', ended_at = $2 where id = $1 and state in ('new','open','at_reader') and payment_intent_id is null`

// giveUp ends the payment at a reader that a sale has open. One that was paid meanwhile is taken over instead.
func (s *Service) giveUp(ctx context.Context, sale Sale) error {
	p, err := newestPayment(ctx, s.db, sale.ID)
	if err != nil || p == nil || !p.Open() {
		return err
	}
	if p.PaymentIntentID == nil { // nobody has its number, so that nobody can pay it
		ended, err := s.db.ExecContext(ctx, updateUnknown, p.ID, s.now())
		if err != nil {
			return postgres.Translate(err)
		}
		if n, err := ended.RowsAffected(); err != nil || n == 1 {
			return err
		}
		return s.giveUp(ctx, sale) // its number is known since
	}
	if p.State == AtReader {
		if err := s.stop(ctx, *p); err != nil && payments.OutcomeOf(err) != payments.Final {
			return fmt.Errorf("stop reader: %w", err)
		}
	}
	_, err = s.pay.CancelCardPayment(ctx, *p.PaymentIntentID)
	if err != nil && payments.OutcomeOf(err) != payments.Final {
		return fmt.Errorf("give up card payment: %w", err)
	}
	return s.read(ctx, *p) // given up, or paid
}

// ReaderChanged is for a notice about a reader.
func (s *Service) ReaderChanged(ctx context.Context, readerStripeID string) error {
	return s.settleWhere(ctx, `p.reader_id in (select id from readers where stripe_id = $1)`, readerStripeID)
}

// PaymentChanged is for a notice about a payment.
func (s *Service) PaymentChanged(ctx context.Context, paymentIntentID string) error {
	return s.settleWhere(ctx, `p.payment_intent_id = $1`, paymentIntentID)
}

func (s *Service) settleWhere(ctx context.Context, where string, args ...any) error {
	var ids []int64
	if err := s.db.SelectContext(ctx, &ids, `select p.sale_id from reader_payments p where p.state in ('new','open','at_reader') and `+where+` order by p.id limit 200`, args...); err != nil {
		return postgres.Translate(err)
	}
	var faults []error
	for _, id := range ids {
		faults = append(faults, s.Settle(ctx, id))
	}
	return errors.Join(append(faults, s.settleLoose(ctx, where, args...))...)
}

// settleLoose ends at the provider what was given up here before its number was known. What was paid all the same goes back.
func (s *Service) settleLoose(ctx context.Context, where string, args ...any) error {
	var list []ReaderPayment
	if err := s.db.SelectContext(ctx, &list, selectPayment+`p.loose and `+where+` order by p.id limit 200`, args...); err != nil {
		return postgres.Translate(err)
	}
	var faults []error
	for _, p := range list {
		if err := s.tie(ctx, p); err != nil {
			faults = append(faults, fmt.Errorf("loose payment %d: %w", p.ID, err))
		}
	}
	return errors.Join(faults...)
}

func (s *Service) tie(ctx context.Context, p ReaderPayment) error {
	_, err := s.pay.CancelCardPayment(ctx, *p.PaymentIntentID)
	if err != nil && payments.OutcomeOf(err) != payments.Final {
		return err
	}
	c, err := s.pay.CardPayment(ctx, *p.PaymentIntentID)
	if err != nil {
		return err
	}
	switch c.State {
	case payments.CardPaymentPaid:
		if err := s.orders.RefuseReader(ctx, p.OrderID, checkoutOf(c)); err != nil {
			return err
		}
	case payments.CardPaymentCancelled:
	default:
		return nil // the next sweep will see
	}
	_, err = s.db.ExecContext(ctx, `update reader_payments set loose = false where id = $1`, p.ID)
	return postgres.Translate(err)
}

func checkoutOf(c payments.CardPayment) payments.Checkout {
	return payments.Checkout{Paid: true, Amount: c.Amount, PaymentIntentID: c.ID, ChargeID: c.ChargeID, CardFingerprint: c.CardFingerprint}
}

// Sweep settles every payment at a reader that is open, and those that were given up and may still be paid.
// It also notes down the orders of sales that were made and not noted down.
func (s *Service) Sweep(ctx context.Context) error {
	_, err := s.db.ExecContext(ctx, linkAll)
	return errors.Join(postgres.Translate(err), s.settleWhere(ctx, `true`))
}
