package orders

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/catalog"
	"relais/internal/crash"
	"relais/internal/earnings"
	"relais/internal/fault"
	"relais/internal/money"
	"relais/internal/payments"
	"relais/internal/postgres"
	"relais/internal/refunds"
)

// OpenCheckout opens the page on which the order is paid, and says its address. Called again it opens the same one: the
// provider knows our reference. ErrOrderOver where the order no longer waits for payment.
func (s *Service) OpenCheckout(ctx context.Context, orderID int64) (string, error) {
	o, err := orderWhere(ctx, s.db, `id = $1`, orderID)
	if err != nil {
		return "", err
	}
	if o.State != AwaitingPayment || !s.now().Before(o.ExpiresAt) {
		return "", ErrOrderOver
	}
	if o.CheckoutURL != "" {
		return o.CheckoutURL, nil
	}
	shipments, err := ShipmentsOf(ctx, s.db, orderID)
	if err != nil {
		return "", err
	}
	if err := s.pageEnds(ctx, &o); err != nil {
		return "", err
	}
	checkout, err := s.pay.OpenCheckout(ctx, s.checkoutRequest(o, shipments))
	crash.At(crash.CheckoutOpened)
	if payments.OutcomeOf(err) == payments.LookUp {
		// The reference only repeats the failure from now on. A page that was made all the same has an address that nobody has.
		if _, err := s.db.ExecContext(ctx, spendCheckout, orderID, o.CheckoutAttempt); err != nil {
			return "", fmt.Errorf("open checkout of order %d: %w", orderID, err)
		}
	}
	if err != nil {
		return "", fmt.Errorf("open checkout of order %d: %w", orderID, err)
	}
	var now State
	if err := s.db.GetContext(ctx, &now, updateOpened, orderID, checkout.ID, checkout.URL); err != nil {
		return "", postgres.Translate(err)
	}
	if now == AwaitingPayment {
		return checkout.URL, nil
	}
	// The order ended while its page was being made, and whoever ended it did not know the page.
	if _, err := s.closeCheckout(ctx, checkout.ID); err != nil {
		return "", err
	}
	return "", ErrOrderOver
}

const spendCheckout = `update orders set checkout_attempt = checkout_attempt + 1, checkout_until = null where id = $1 and checkout_attempt = $2`

const updateOpened = `
update orders set checkout_id = coalesce(checkout_id, $2), checkout_url = case when checkout_id is null then $3 else checkout_url end
where id = $1 returning state`

// pageLife is how long a payment page stays open at most: Stripe allows a day. An order that waits for longer is given another one.
const pageLife = 23 * time.Hour

// pageLeast is how long a page stays open at least: Stripe wants half an hour by its own clock, and the margin keeps a slow call within it.
const pageLeast = ReservationTime + time.Minute

// long reports whether the order waits for its payment for longer than one page can.
func (o Order) long() bool { return o.ExpiresAt.Sub(o.PlacedAt) > pageLife }

// A call that is made again asks for the same; what it asks for is too old after most of a day, and then it is another one.
const updateUntil = `
update orders set checkout_attempt = checkout_attempt + case when checkout_until < $3 then 1 else 0 end,
  checkout_until = case when checkout_until >= $3 then checkout_until else $2 end where id = $1 returning checkout_until, checkout_attempt`

// pageEnds says until when the page of an order is to be open. That of an order that waits for days may end after it, which closes the page.
func (s *Service) pageEnds(ctx context.Context, o *Order) error {
	until, now := o.ExpiresAt.Add(time.Minute), s.now()
	if !o.long() {
		o.CheckoutUntil = &until
		return nil
	}
	if most := now.Add(pageLife); until.After(most) {
		until = most
	} else if least := now.Add(pageLeast); until.Before(least) {
		until = least
	}
	err := s.db.QueryRowxContext(ctx, updateUntil, o.ID, until, now.Add(ReservationTime)).Scan(&o.CheckoutUntil, &o.CheckoutAttempt)
	return postgres.Translate(err)
}

func (s *Service) checkoutRequest(o Order, shipments []Shipment) payments.CheckoutRequest {
	page := s.baseURL + "/o/" + o.Token
	r := payments.CheckoutRequest{
		Reference: fmt.Sprintf("order-%d-checkout-%s-%d", o.ID, o.Token[:8], o.CheckoutAttempt), OrderID: fmt.Sprint(o.ID), OrderNumber: o.Number, Currency: o.Currency, Email: o.Email,
		Locale: string(o.Lang), SuccessURL: page + "?paid=1", CancelURL: page, TransferGroup: fmt.Sprintf("order_%d", o.ID),
		ExpiresAt: *o.CheckoutUntil,
	}
	for _, sh := range shipments {
		for _, l := range sh.Lines {
			name := l.Title
			if l.VariantTitle != "" {
				name += " (" + l.VariantTitle + ")"
			}
			r.Lines = append(r.Lines, payments.CheckoutLine{Name: name, UnitMinor: l.PriceMinor, Quantity: l.Quantity})
		}
		if sh.ShippingMinor > 0 {
			r.Lines = append(r.Lines, payments.CheckoutLine{Name: sh.MethodName + " · " + sh.BrandName, UnitMinor: sh.ShippingMinor, Quantity: 1})
		}
	}
	return r
}

// Confirm asks the provider about a checkout and does what follows from it. It is called by the webhook's job, by the
// page the buyer comes back to, and by the sweep, at once or again: what it decides it decides under the order's lock.
// An unpaid checkout changes nothing. ErrOrderGone where no order belongs to it (yet): the job tries again.
func (s *Service) Confirm(ctx context.Context, checkoutID string) error {
	c, err := s.pay.Checkout(ctx, checkoutID)
	if err != nil {
		return fmt.Errorf("read checkout %s: %w", checkoutID, err)
	}
	if !c.Paid {
		return nil
	}
	crash.At(crash.CheckoutRead)
	o, err := s.orderOf(ctx, c)
	if err != nil {
		return fmt.Errorf("confirm checkout %s: %w", checkoutID, err)
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		locked, err := Lock(ctx, tx, o.ID)
		if err != nil {
			return err
		}
		err = s.confirm(ctx, tx, locked, c)
		crash.At(crash.OrderConfirmed)
		return err
	})
}

// orderOf is the order that a checkout was opened for. Its notice may come before its id was recorded: then what it carries
// must name the order by id and by number, as another database on the same account at the provider has the same ids.
func (s *Service) orderOf(ctx context.Context, c payments.Checkout) (Order, error) {
	o, err := orderWhere(ctx, s.db, `checkout_id = $1`, c.ID)
	if !errors.Is(err, fault.NotFound) {
		return o, err
	}
	id, err := strconv.ParseInt(c.OrderID, 10, 64)
	if err != nil {
		return Order{}, ErrOrderGone
	}
	return orderWhere(ctx, s.db, `id = $1 and number = $2`, id, c.OrderNumber)
}

const selectAskedBack = `select exists (select 1 from refunds where order_id = $1 and payment_intent_id = $2)`

func (s *Service) confirm(ctx context.Context, tx *sqlx.Tx, o Order, c payments.Checkout) error {
	verdict, reason := Judge(o, Payment{Amount: c.Amount, PaymentIntentID: c.PaymentIntentID})
	if verdict == Known {
		return nil
	}
	// A payment on its way back stays on its way back, even if the stock has come in since.
	var askedBack bool
	if err := tx.GetContext(ctx, &askedBack, selectAskedBack, o.ID, c.PaymentIntentID); err != nil || askedBack {
		return err
	}
	shipments, err := ShipmentsOf(ctx, tx, o.ID)
	if err != nil {
		return err
	}
	if verdict == Retake && o.Expected == nil { // of a launch nothing is in stock
		if err := retake(ctx, tx, shipments); errors.Is(err, fault.Conflict) {
			verdict = SendBack
		} else if err != nil {
			return err
		}
	}
	if verdict == SendBack {
		return s.sendBack(ctx, tx, o, c, reason)
	}
	return s.accept(ctx, tx, o, shipments, c)
}

// retake reserves the stock of an order again whose reservation was over, all of it or none.
func retake(ctx context.Context, tx *sqlx.Tx, shipments []Shipment) error {
	if _, err := tx.ExecContext(ctx, `savepoint retake`); err != nil {
		return err
	}
	for _, l := range linesByVariant(shipments) {
		if err := catalog.Reserve(ctx, tx, l.VariantID, int(l.Quantity)); err != nil {
			if _, back := tx.ExecContext(ctx, `rollback to savepoint retake`); back != nil {
				return back
			}
			return err
		}
	}
	return nil
}

const updatePaid = `
update orders set state = 'paid', paid_at = $2, payment_intent_id = $3, charge_id = $4, card_fingerprint = $5, checkout_id = coalesce(checkout_id, nullif($6, '')),
  ended_at = null where id = $1`

func (s *Service) accept(ctx context.Context, tx *sqlx.Tx, o Order, shipments []Shipment, c payments.Checkout) error {
	now := s.now()
	if _, err := tx.ExecContext(ctx, updatePaid, o.ID, now, c.PaymentIntentID, c.ChargeID, c.CardFingerprint, c.ID); err != nil {
		return postgres.Translate(err)
	}
	if _, err := tx.ExecContext(ctx, `update shipments set state = 'preparing' where order_id = $1 and state in ('waiting','cancelled')`, o.ID); err != nil {
		return err
	}
	paid, err := s.shares(ctx, tx, o, shipments, c, now)
	if err != nil {
		return err
	}
	if err := earnings.Book(ctx, tx, paid); err != nil {
		return err
	}
	if err := Tell(ctx, tx, o.ID, now, "paid", nil); err != nil {
		return err
	}
	if o.PaidAt = &now; o.InPerson() {
		if err := handOver(ctx, tx, o, shipments); err != nil {
			return err
		}
	}
	if err := s.lettersPaid(ctx, tx, o, shipments, paid); err != nil || s.whenSold == nil {
		return err
	}
	return s.whenSold(ctx, tx, o)
}

// WhenSold has f called in the transaction that has an order paid, after its earnings were booked: what else a sale begins. It is for
// wiring, once.
func (s *Service) WhenSold(f func(ctx context.Context, tx *sqlx.Tx, o Order) error) { s.whenSold = f }

// shares splits a paid order: of each line what is left to the brand, the commission to whoever brought the buyer, the margin to the
// member of the storefront that it was bought in and the royalties to those who made it what it is; of each shipment the delivery cost to
// the brand.
func (s *Service) shares(ctx context.Context, tx *sqlx.Tx, o Order, shipments []Shipment, c payments.Checkout, now time.Time) (earnings.Booking, error) {
	p := earnings.Booking{OrderID: o.ID, Currency: o.Currency, ChargeID: c.ChargeID, At: now}
	for _, sh := range shipments {
		brand, err := earnings.EnsurePayee(ctx, tx, earnings.Owner{BrandID: sh.BrandID})
		if err != nil {
			return p, err
		}
		hold := 0
		for _, l := range sh.Lines {
			hold = max(hold, earnings.HoldDays(l.HoldDays, o.WithdrawalDays))
			line, fee, err := s.lineShares(ctx, tx, o, sh, l, brand, now)
			if err != nil {
				return p, err
			}
			p.Fee += fee
			p.Shares = append(p.Shares, line...)
		}
		p.Shares = append(p.Shares, earnings.Earning{PayeeID: brand, ShipmentID: sh.ID, Role: earnings.Delivery,
			Amount: money.New(sh.ShippingMinor, o.Currency), BaseMinor: sh.ShippingMinor, FreeAt: earnings.Expected(now, sh.DaysMax, hold)})
	}
	return p, nil
}

func (s *Service) lineShares(ctx context.Context, tx *sqlx.Tx, o Order, sh Shipment, l Line, brand int64, now time.Time) ([]earnings.Earning, int64, error) {
	split, err := earnings.SplitResale(l.TotalMinor, l.Margin(), l.VATBps, l.Rates())
	if err != nil {
		return nil, 0, err
	}
	id, free := l.ID, earnings.Expected(now, sh.DaysMax, earnings.HoldDays(l.HoldDays, o.WithdrawalDays))
	shares := []earnings.Earning{{PayeeID: brand, Role: earnings.Sale, Amount: money.New(split.Sale, o.Currency), BaseMinor: l.TotalMinor}}
	add := func(memberID int64, name string, e earnings.Earning, minor int64) error {
		if minor == 0 {
			return nil
		}
		e.MemberID, e.PayeeName, e.ProductTitle, e.Amount = memberID, name, l.Title, money.New(minor, o.Currency)
		e.PayeeID, err = earnings.EnsurePayee(ctx, tx, earnings.Owner{MemberID: memberID})
		shares = append(shares, e)
		return err
	}
	for i, c := range l.Relays {
		if err := add(c.MemberID, c.Name, earnings.Earning{Role: earnings.Commission, BaseMinor: split.Net, RateBps: c.RateBps, PartBps: c.PartBps}, split.Commissions[i]); err != nil {
			return nil, 0, err
		}
		if err := add(c.MemberID, c.Name, earnings.Earning{Role: earnings.Margin, BaseMinor: l.Margin()}, split.Margin); err != nil { // of the only one
			return nil, 0, err
		}
	}
	for i, r := range l.Royalties {
		if err := add(r.MemberID, r.Name, earnings.Earning{Role: r.Role, BaseMinor: split.Net, RateBps: r.RateBps}, split.Royalties[i]); err != nil {
			return nil, 0, err
		}
	}
	for i := range shares {
		shares[i].ShipmentID, shares[i].OrderLineID, shares[i].FreeAt = sh.ID, &id, free
	}
	return shares, split.Fee, nil
}

// sendBack refunds a payment that an order cannot keep, and says so on the order. An expired order stays expired.
func (s *Service) sendBack(ctx context.Context, tx *sqlx.Tx, o Order, c payments.Checkout, reason string) error {
	now := s.now()
	_, err := refunds.Ask(ctx, tx, refunds.Refund{OrderID: o.ID, Amount: c.Amount, Reason: reason, Stray: true, Operation: "stray:" + c.PaymentIntentID,
		PaymentIntentID: c.PaymentIntentID, AskedAt: now})
	if errors.Is(err, refunds.ErrAsked) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := postStray(ctx, tx, "stray:"+c.PaymentIntentID+":in", c.Amount, now, c.ChargeID, clearing, suspense); err != nil {
		return err
	}
	return Tell(ctx, tx, o.ID, now, "sent_back", map[string]any{"reason": reason, "minor": c.Amount.Minor, "currency": c.Amount.Currency})
}
