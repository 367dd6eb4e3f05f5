package pos

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/money"
	"relais/internal/orders"
	"relais/internal/payments"
	"relais/internal/postgres"
)

// PaymentState says where a payment at a reader stands.
type PaymentState string

// The states of a payment at a reader. Pending is not known to the provider yet, or nobody knows whether it is.
const (
	Pending          PaymentState = "new"
	Waiting          PaymentState = "open"      // known to the provider; no reader asks for it
	AtReader         PaymentState = "at_reader" // handed to a reader
	Succeeded        PaymentState = "succeeded" // the money is ours: its order's payment, or on its way back
	PaymentCancelled PaymentState = "cancelled"
)

// ReaderPayment is a payment of an order by a card that is there.
type ReaderPayment struct {
	ID              int64        `db:"id"`
	SaleID          int64        `db:"sale_id"`
	OrderID         int64        `db:"order_id"`
	ReaderID        *int64       `db:"reader_id"` // nil: an application on the seller's phone
	Amount          money.Amount `db:"amount"`
	State           PaymentState `db:"state"`
	Attempt         int          `db:"attempt"`
	Turn            int          `db:"turn"`
	PaymentIntentID *string      `db:"payment_intent_id"`
	Failure         string       `db:"failure"` // why the last turn did not succeed; empty: it was not, or there was none
	ReaderLabel     string       `db:"reader_label"`
	ReaderStripeID  string       `db:"reader_stripe_id"`
}

// Open says whether it may still be paid.
func (p ReaderPayment) Open() bool {
	return p.State == Pending || p.State == Waiting || p.State == AtReader
}

const selectPayment = `
select p.id, p.sale_id, p.order_id, p.reader_id, p.amount_minor as "amount.minor", p.currency as "amount.currency", p.state, p.attempt, p.turn, p.payment_intent_id,
  p.failure, coalesce(r.label, '') as reader_label, coalesce(r.stripe_id, '') as reader_stripe_id
from reader_payments p left join readers r on r.id = p.reader_id where `

func newestPayment(ctx context.Context, q sqlx.QueryerContext, saleID int64) (*ReaderPayment, error) {
	var p ReaderPayment
	err := postgres.Translate(sqlx.GetContext(ctx, q, &p, selectPayment+`p.sale_id = $1 order by p.id desc limit 1`, saleID))
	if errors.Is(err, fault.NotFound) {
		return nil, nil
	}
	return &p, err
}

const insertPayment = `
insert into reader_payments (sale_id, order_id, amount_minor, currency, created_at) values ($1, $2, $3, $4, $5)
on conflict (order_id) where state in ('new','open','at_reader') do nothing`

// AtTheReader is the Buyer of a sale of which the seller takes the card: no browser.
const AtTheReader = "reader"

// Present has a reader ask for the card of a sale's buyer, again after a card was declined or a reader did not answer. email is the buyer's,
// where they want the receipt by mail. Faults: those of Agree; ErrPaid, ErrBegun, ErrNoReader; what the reader said is in the Failure of
// the sale's Payment.
func (s *Service) Present(ctx context.Context, memberID, saleID, readerID int64, email string) error {
	p, err := s.prepare(ctx, memberID, saleID, email)
	if err != nil {
		return err
	}
	sale, err := saleWhere(ctx, s.db, `c.id = $1`, saleID)
	if err != nil {
		return err
	}
	owner := OwnerOf(sale)
	var r Reader
	err = s.db.GetContext(ctx, &r, `select `+readerColumns+` from readers where`+ofOwner+` and id = $3 and state = 'ready'`, owner.MemberID, owner.BrandID, readerID)
	if errors.Is(postgres.Translate(err), fault.NotFound) {
		return ErrNoReader
	}
	if err != nil {
		return postgres.Translate(err)
	}
	if p.State == AtReader { // the reader may be asking, or have ended what it did: look before asking again
		if err := s.Settle(ctx, saleID); err != nil {
			return err
		}
		now, err := newestPayment(ctx, s.db, saleID)
		if err != nil || now.State != Waiting {
			return err
		}
		p = *now
	}
	return s.hand(ctx, p, r)
}

// Tap prepares a payment of a sale for an application on the seller's phone that takes the card itself, and returns what it needs for that, which is
// never kept. What came of it is read by Settle.
func (s *Service) Tap(ctx context.Context, memberID, saleID int64, email string) (paymentID, secret string, err error) {
	p, err := s.prepare(ctx, memberID, saleID, email)
	if err != nil {
		return "", "", err
	}
	c, err := s.pay.CardPayment(ctx, *p.PaymentIntentID)
	return c.ID, c.ClientSecret, err
}

// prepare makes the order of a sale, if there is none, and the one payment at a reader that it has open, known to the provider.
func (s *Service) prepare(ctx context.Context, memberID, saleID int64, email string) (ReaderPayment, error) {
	none := ReaderPayment{}
	sale, err := s.of(ctx, memberID, saleID)
	if err != nil {
		return none, err
	}
	v, err := s.ByID(ctx, memberID, saleID, sale.Lang)
	if err != nil {
		return none, err
	}
	if v.State == Cancelled {
		return none, ErrBegun
	}
	if v.Order == nil {
		if _, err := s.place(ctx, v, Agreement{Mark: AtTheReader, Email: email, Lang: v.Lang}); err != nil {
			return none, err
		}
		if v, err = s.ByID(ctx, memberID, saleID, sale.Lang); err != nil || v.Order == nil {
			return none, errors.Join(err, ErrBegun)
		}
	}
	switch o := v.Order; {
	case o.State.WasPaid():
		return none, ErrPaid
	case o.State != orders.AwaitingPayment || !s.now().Before(o.ExpiresAt):
		return none, ErrBegun
	}
	o := v.Order
	if _, err := s.db.ExecContext(ctx, insertPayment, saleID, o.ID, o.TotalMinor, o.Currency, s.now()); err != nil {
		return none, postgres.Translate(err)
	}
	p, err := newestPayment(ctx, s.db, saleID)
	if err != nil || p == nil || !p.Open() {
		return none, errors.Join(err, ErrBegun)
	}
	if p.PaymentIntentID != nil {
		return *p, nil
	}
	return s.open(ctx, *p, o.Order)
}

const spendPayment = `update reader_payments set attempt = attempt + 1 where id = $1 and attempt = $2`

const updateOpened = `
update reader_payments set payment_intent_id = coalesce(payment_intent_id, $2), state = case state when 'new' then 'open' else state end, tried_at = $3
where id = $1 and state in ('new','open','at_reader')`

const updateLoose = `
update reader_payments set payment_intent_id = coalesce(payment_intent_id, $2), loose = true, tried_at = $3
where id = $1 and state = 'cancelled' and coalesce(payment_intent_id, $2) = $2`

// open has the provider know a payment. Nobody can pay one whose number nobody has, so that one whose answer was lost does no harm: under the
// same reference it is the same, and after a failure that the reference repeats, another.
func (s *Service) open(ctx context.Context, p ReaderPayment, o orders.Order) (ReaderPayment, error) {
	c, err := s.pay.OpenCardPayment(ctx, payments.CardPaymentRequest{Reference: fmt.Sprintf("reader-payment-%d-%s-%d", p.ID, o.Token[:8], p.Attempt), OrderNumber: o.Number,
		OrderID: fmt.Sprint(o.ID), Amount: p.Amount, TransferGroup: fmt.Sprintf("order_%d", o.ID)})
	if err != nil {
		if payments.OutcomeOf(err) != payments.Retry {
			if _, err := s.db.ExecContext(ctx, spendPayment, p.ID, p.Attempt); err != nil {
				return p, postgres.Translate(err)
			}
		}
		return p, s.away(ctx, "open card payment", p, err)
	}
	opened, err := s.db.ExecContext(ctx, updateOpened, p.ID, c.ID, s.clock())
	if err != nil {
		return p, postgres.Translate(err)
	}
	if n, err := opened.RowsAffected(); err != nil || n == 0 {
		return p, errors.Join(err, s.tooLate(ctx, p, c.ID))
	}
	now, err := newestPayment(ctx, s.db, p.SaleID)
	if err != nil || !now.Open() || now.PaymentIntentID == nil { // given up since
		return p, errors.Join(err, ErrBegun)
	}
	return *now, nil
}

// tooLate has nobody pay a payment that was given up while it was being made. That it is there is committed first, so that the sweep looks
// after it where the provider does not answer now.
func (s *Service) tooLate(ctx context.Context, p ReaderPayment, id string) error {
	if _, err := s.db.ExecContext(ctx, updateLoose, p.ID, id, s.clock()); err != nil {
		return postgres.Translate(err)
	}
	if err := s.settleLoose(ctx, `p.id = $1`, p.ID); err != nil {
		s.log.WarnContext(ctx, "give up card payment", "payment", p.ID, "error", err)
	}
	return ErrBegun
}

// away is the fault while the provider is not there.
func (s *Service) away(ctx context.Context, what string, p ReaderPayment, err error) error {
	s.log.WarnContext(ctx, what, "payment", p.ID, "order", p.OrderID, "error", err)
	return fault.New(fault.Conflict, "pos.fault.provider").Because(err)
}

// A payment is handed over only while no reader has it: of two requests at once one does it.
const updateHanded = `
update reader_payments set state = 'at_reader', reader_id = $2, turn = turn + 1, failure = '', tried_at = $3
where id = $1 and state = 'open' and turn = $4`

const updateNotHanded = `update reader_payments set state = 'open', failure = $3 where id = $1 and state = 'at_reader' and turn = $2`

// hand has a reader ask. That it is about to is committed before.
func (s *Service) hand(ctx context.Context, p ReaderPayment, r Reader) error {
	done, err := s.db.ExecContext(ctx, updateHanded, p.ID, r.ID, s.clock(), p.Turn)
	if err != nil {
		return postgres.Translate(err)
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return err // somebody else does
	}
	p.Turn++
	_, err = s.pay.Present(ctx, *r.StripeID, *p.PaymentIntentID, fmt.Sprintf("reader-payment-%d-turn-%d-%s", p.ID, p.Turn, *p.PaymentIntentID))
	if err == nil {
		return nil
	}
	s.log.InfoContext(ctx, "hand to reader", "payment", p.ID, "reader", r.ID, "error", err)
	code := payments.CodeOf(err)
	if payments.OutcomeOf(err) == payments.Final && code != payments.CodePaymentOver {
		_, err := s.db.ExecContext(ctx, updateNotHanded, p.ID, p.Turn, code)
		return postgres.Translate(err)
	}
	// It may have begun, or be over: read what is true. Where that fails too, it stays with the reader, and is read again soon.
	if _, err := s.db.ExecContext(ctx, `update reader_payments set failure = $2 where id = $1`, p.ID, payments.CodeReaderTimeout); err != nil {
		return postgres.Translate(err)
	}
	if err := s.Settle(ctx, p.SaleID); err != nil {
		s.log.WarnContext(ctx, "read reader", "payment", p.ID, "error", err)
	}
	return nil
}

// Stop has a reader stop asking. The payment waits and may be handed over again; a card that was presented before may have paid it.
func (s *Service) Stop(ctx context.Context, memberID, saleID int64) error {
	if _, err := s.of(ctx, memberID, saleID); err != nil {
		return err
	}
	p, err := newestPayment(ctx, s.db, saleID)
	if err != nil || p == nil || p.State != AtReader {
		return err
	}
	if err := s.stop(ctx, *p); err != nil {
		return s.away(ctx, "stop reader", *p, err)
	}
	return s.Settle(ctx, saleID)
}

// stop has the reader of a payment let go of it, if it still has it.
func (s *Service) stop(ctx context.Context, p ReaderPayment) error {
	if p.ReaderStripeID == "" {
		return nil
	}
	r, err := s.pay.Reader(ctx, p.ReaderStripeID)
	switch {
	case payments.CodeOf(err) == payments.CodeNotFound:
		return nil
	case err != nil:
		return err
	case r.Action == payments.ActionInProgress && r.PaymentID == *p.PaymentIntentID:
		_, err = s.pay.CancelAction(ctx, p.ReaderStripeID)
	}
	return err
}

// after is how long a seller's page may ask the provider no more than once.
const after = 2 * time.Second

const claimLook = `update counter_sales set asked_at = $2 where id = $1 and (asked_at is null or asked_at <= $3)`

// Look is Settle for a page that asks again and again: it asks the provider once in a while.
func (s *Service) Look(ctx context.Context, saleID int64) error {
	now := s.clock()
	r, err := s.db.ExecContext(ctx, claimLook, saleID, now, now.Add(-after))
	if err != nil {
		return postgres.Translate(err)
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return err
	}
	return s.Settle(ctx, saleID)
}
