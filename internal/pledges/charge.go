package pledges

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/carts"
	"relais/internal/catalog"
	"relais/internal/crash"
	"relais/internal/money"
	"relais/internal/orders"
	"relais/internal/payments"
	"relais/internal/pledges/consent"
	"relais/internal/postgres"
)

// Charge makes the order of a pledge that is due, once, and charges its card for it. At once or again: what happened before is found. A card that is
// refused is no error: its buyer is told. An error says that the provider's answer is not known, or that something is wrong here: it is to be tried again.
func (s *Service) Charge(ctx context.Context, id int64) error {
	p, o, stop, err := s.order(ctx, id)
	switch {
	case err != nil || p.State != Ordered || o.State != orders.AwaitingPayment:
		return err
	case stop:
		return s.orders.Cancel(ctx, o.ID)
	case !p.Tries(s.now()):
		if p.NextAt != nil && p.NextAt.Sub(s.now()) < skew {
			return errEarly
		}
		return nil
	}
	// Its buyer may have a page open on which they pay themselves, or have paid there a moment ago.
	if err := s.orders.ClosePage(ctx, o.ID); err != nil {
		return err
	}
	if now, err := s.orders.ByID(ctx, o.ID); err != nil || now.State != orders.AwaitingPayment {
		return err
	}
	charge, err := s.atProvider(ctx, &p, o)
	crash.At(crash.PledgeCharged)
	var refused *payments.Error
	switch {
	case err == nil && charge.Paid:
		return s.orders.ConfirmPayment(ctx, o.ID, paid(charge))
	case err == nil && charge.State != payments.ChargeRefused:
		return fmt.Errorf("charge of pledge %d is %s", p.ID, charge.State)
	case errors.As(err, &refused) && refused.Outcome == payments.Final && Declined(refused.Code):
		return s.refused(ctx, p, refused.Code, refused.Decline)
	case err == nil, errors.As(err, &refused) && refused.Outcome != payments.Retry:
		// It was closed before a bank was asked, or it is refused for what is our affair, or nobody knows: the key is spent: the next run looks for the charge first, and asks under a new key only if there is none.
		if _, err := s.db.ExecContext(ctx, spendKey, p.ID, p.Attempt); err != nil {
			return postgres.Translate(err)
		}
	}
	if err == nil {
		err = errors.New("closed before a bank was asked")
	}
	return fmt.Errorf("charge pledge %d: %w", p.ID, err)
}

const updateOrdered = `update pledges set state = 'ordered', order_id = $2, ended_at = $3 where id = $1`

// order is the order of a pledge that is due, made now or before; stop: it is not to be charged any more. A pledge of which no order can be made, or
// too late, is released.
func (s *Service) order(ctx context.Context, id int64) (p Pledge, o orders.Order, stop bool, err error) {
	err = postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		if p, err = lockPledge(ctx, tx, id); err != nil || p.State != Due && p.State != Ordered {
			return err
		}
		c, err := campaignWhere(ctx, tx, `c.id = $1`, p.CampaignID)
		if err != nil {
			return err
		}
		if p.State == Ordered {
			if o, err = orders.Lock(ctx, tx, *p.OrderID); err != nil {
				return err
			}
			_, err = s.priced(ctx, tx, c, p)
			stop = c.StoppedAt != nil || errors.Is(err, carts.ErrUnavailable)
			if stop {
				return nil
			}
			return err
		}
		late := s.now().Sub(c.Deadline) > GraceTime
		if !late {
			o, err = s.place(ctx, tx, c, p)
		}
		if late || errors.Is(err, carts.ErrUnavailable) {
			why := Unavailable
			if late {
				why = TooLong
			}
			_, err = tx.ExecContext(ctx, `update pledges set state = 'released', ended_at = $2, ended_why = $3 where id = $1`, p.ID, s.now(), why)
			p.State = Released
			return postgres.Translate(err)
		}
		if err != nil {
			return fmt.Errorf("order of pledge %d: %w", p.ID, err)
		}
		if o.TotalMinor > p.MostMinor || o.EmailNormal != p.EmailNormal {
			return fmt.Errorf("order %d is not what pledge %d allows", o.ID, p.ID)
		}
		p.State, p.OrderID = Ordered, &o.ID
		if _, err := tx.ExecContext(ctx, updateOrdered, p.ID, o.ID, s.now()); err != nil {
			return postgres.Translate(err)
		}
		err = consent.Keep(ctx, tx, consent.Consent{OrderID: o.ID, Words: p.Consent, Lang: p.Lang, MostMinor: p.MostMinor, Currency: c.Currency, GivenAt: p.AskedAt, CardAt: *p.JoinedAt})
		crash.At(crash.PledgeOrdered)
		return err
	})
	return p, o, stop, err
}

// skew is how far two servers' clocks may be apart.
const skew = time.Minute

// errEarly says that another server's clock is ahead of this one: it is to be tried again in a moment.
var errEarly = errors.New("it is not due yet by this clock")

// priced reads what a pledge is of, if it can be sold. carts.ErrUnavailable.
func (s *Service) priced(ctx context.Context, tx *sqlx.Tx, c Campaign, p Pledge) (catalog.PricedVariant, error) {
	priced, err := catalog.Priced(ctx, tx, p.Lang, p.VariantID)
	v := priced[p.VariantID]
	if err == nil && (!promised(c, v) || v.Currency != c.Currency) {
		err = carts.ErrUnavailable
	}
	return v, err
}

func (s *Service) place(ctx context.Context, tx *sqlx.Tx, c Campaign, p Pledge) (orders.Order, error) {
	v, err := s.priced(ctx, tx, c, p)
	if err != nil {
		return orders.Order{}, err
	}
	openedBy := c.OpenedBy
	if c.IsLaunch() {
		openedBy = 0
	}
	return s.orders.PlacePromised(ctx, tx, orders.Placement{CartID: p.CartID, Operation: fmt.Sprintf("pledge-%012d", p.ID), Email: p.Email, Address: p.Address, MemberID: p.MemberID,
		Visitor: p.Visitor, Lang: p.Lang}, orders.Promise{At: *p.JoinedAt, OpenedBy: openedBy, PriceMinor: Unit(p.PriceMinor, v.PriceMinor, c.LessBps),
		Method: carts.Method{Name: p.MethodName, DaysMin: p.DaysMin, DaysMax: p.DaysMax}, CostMinor: p.ShippingMinor, ExpiresAt: s.now().Add(GraceTime), Expected: c.Expected})
}

const (
	spendKey    = `update pledges set attempt = attempt + 1, first_sent_at = null where id = $1 and attempt = $2`
	updateTried = `update pledges set tried_at = $3, first_sent_at = coalesce(first_sent_at, $3) where id = $1 and attempt = $2`
)

// errTooSoon says that a charge may be under way, or made and not listed yet.
var errTooSoon = errors.New("the last call was a moment ago: looking has to wait")

// reference is the key of the charges of a pledge at the provider, to which the attempt is added.
func (p Pledge) reference() string { return fmt.Sprintf("pledge-%d-%s-charge-", p.ID, p.Operation) }

// atProvider finds the charge of a pledge if the provider has made it, and else asks for it. Under a new key it is asked for only when lists are certain
// to be complete.
func (s *Service) atProvider(ctx context.Context, p *Pledge, o orders.Order) (payments.Charge, error) {
	forgotten := !payments.KeyAlive(p.FirstSentAt, s.clock())
	if p.Attempt > 1 && p.FirstSentAt == nil || forgotten {
		if found, err := s.find(ctx, *p); err != nil || found.PaymentIntentID != "" {
			return found, err
		}
	}
	if forgotten {
		if _, err := s.db.ExecContext(ctx, spendKey, p.ID, p.Attempt); err != nil {
			return payments.Charge{}, postgres.Translate(err)
		}
		p.Attempt++
	}
	if _, err := s.db.ExecContext(ctx, updateTried, p.ID, p.Attempt, s.clock()); err != nil {
		return payments.Charge{}, postgres.Translate(err)
	}
	crash.At(crash.PledgeCharging)
	return s.charges.ChargeSaved(ctx, payments.ChargeRequest{Reference: fmt.Sprintf("%s%d", p.reference(), p.Attempt), CardID: p.CardID, CustomerID: p.CustomerID,
		Amount: money.New(o.TotalMinor, o.Currency), OrderID: fmt.Sprint(o.ID), OrderNumber: o.Number, TransferGroup: fmt.Sprintf("order_%d", o.ID)})
}

// find is the charge of a pledge that the provider made or is making; none has no PaymentIntentID. Those that were refused are closed, and do not count: looking
// closes what stands open, so nobody looks while a call may still be under way.
func (s *Service) find(ctx context.Context, p Pledge) (payments.Charge, error) {
	if !payments.Quiet(p.TriedAt, s.clock()) {
		return payments.Charge{}, errTooSoon
	}
	all, err := s.charges.FindCharges(ctx, p.CustomerID)
	if err != nil {
		return payments.Charge{}, err
	}
	for _, c := range all {
		if !strings.HasPrefix(c.Reference, p.reference()) {
			continue
		}
		if c.Paid || c.State == payments.ChargeProcessing {
			return c, nil
		}
		// Refused, and the answer was lost: the bank is not asked a second time.
		if p.TriedAt != nil && c.State == payments.ChargeRefused && Declined(c.Failure) && c.Reference == fmt.Sprintf("%s%d", p.reference(), p.Attempt-1) {
			return payments.Charge{}, &payments.Error{Outcome: payments.Final, Code: c.Failure, Decline: c.Decline, Message: "refused before"}
		}
	}
	return payments.Charge{}, nil
}

const updateRefused = `
update pledges set attempt = attempt + 1, first_sent_at = null, tried_at = null, refusals = refusals + 1, refused_at = $2, refused_code = $3, next_at = $4 where id = $1`

// refused records that a card was refused, and tells its buyer how to pay and until when.
func (s *Service) refused(ctx context.Context, p Pledge, code, decline string) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		now, attempt := s.now(), p.Attempt
		p, err := lockPledge(ctx, tx, p.ID)
		if err != nil || p.Attempt != attempt {
			return err // recorded by somebody else
		}
		o, err := orders.Lock(ctx, tx, *p.OrderID)
		if err != nil {
			return err
		}
		p.Refusals, p.RefusedAt, p.RefusedCode, p.NextAt = p.Refusals+1, &now, said(code, decline), nil
		if next := NextTry(code, decline, now, o.ExpiresAt); !next.IsZero() {
			p.NextAt = &next
		}
		if _, err := tx.ExecContext(ctx, updateRefused, p.ID, now, p.RefusedCode, p.NextAt); err != nil {
			return postgres.Translate(err)
		}
		crash.At(crash.PledgeRefused)
		if o.State != orders.AwaitingPayment {
			return nil
		}
		c, err := campaignWhere(ctx, tx, `c.id = $1`, p.CampaignID)
		if err != nil {
			return err
		}
		return s.refusalLetter(ctx, tx, c, p, o)
	})
}

// said is the finer of the two words for a refusal.
func said(code, decline string) string {
	if decline != "" {
		return decline
	}
	return code
}

// Settle does what follows from the end of a pledge, once: its stock goes back where nobody will pay, its buyer is told, and the provider forgets them and their card.
func (s *Service) Settle(ctx context.Context, id int64) error {
	p, err := pledgeWhere(ctx, s.db, `id = $1`, id)
	if err != nil {
		return err
	}
	if p.ToldAt == nil {
		if err := s.lookBack(ctx, p); err != nil {
			return err
		}
		if err := s.tell(ctx, id); err != nil {
			return err
		}
		if p, err = pledgeWhere(ctx, s.db, `id = $1`, id); err != nil || p.ToldAt == nil {
			return err
		}
	}
	if p.CustomerID == "" || p.ForgottenAt != nil {
		return nil
	}
	if err := s.charges.Forget(ctx, p.CustomerID); err != nil {
		return fmt.Errorf("forget the customer of pledge %d: %w", id, err)
	}
	crash.At(crash.CardForgotten)
	_, err = s.db.ExecContext(ctx, `update pledges set forgotten_at = $2 where id = $1`, id, s.now())
	return postgres.Translate(err)
}

// lookBack finds a charge of which nobody had heard when the order of its pledge came to its end in another way, paid by its buyer or too late: it is
// confirmed like any other payment, and so goes back where the order cannot keep it.
func (s *Service) lookBack(ctx context.Context, p Pledge) error {
	if p.State != Ordered {
		return nil
	}
	o, err := s.orders.ByID(ctx, *p.OrderID)
	if err != nil || o.State == orders.AwaitingPayment || o.State.WasPaid() && o.CheckoutID == nil {
		return err
	}
	charge, err := s.find(ctx, p)
	switch {
	case payments.OutcomeOf(err) == payments.Final && Declined(payments.CodeOf(err)):
		return nil
	case err != nil:
		return err
	case charge.Paid:
		return s.orders.ConfirmPayment(ctx, o.ID, paid(charge))
	case charge.PaymentIntentID != "":
		return fmt.Errorf("charge of pledge %d is %s", p.ID, charge.State)
	}
	return nil
}

// paid is a charge as orders see payments.
func paid(c payments.Charge) payments.Checkout {
	return payments.Checkout{State: payments.CheckoutComplete, Paid: true, Amount: c.Amount, PaymentIntentID: c.PaymentIntentID, ChargeID: c.ChargeID,
		CardFingerprint: c.CardFingerprint, OrderID: c.OrderID, OrderNumber: c.OrderNumber}
}

// tell does what follows in the database. A pledge that is not at its end stays as it is.
func (s *Service) tell(ctx context.Context, id int64) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		p, err := lockPledge(ctx, tx, id)
		if err != nil || p.ToldAt != nil {
			return err
		}
		c, err := campaignWhere(ctx, tx, `c.id = $1`, p.CampaignID)
		if err != nil {
			return err
		}
		switch p.State {
		case Released:
			if err := giveBack(ctx, tx, c, p); err != nil {
				return err
			}
			err = s.letter(ctx, tx, c, p, "pledge_released", "released")
		case Ordered:
			o, err := orders.Lock(ctx, tx, *p.OrderID)
			if err != nil || o.State == orders.AwaitingPayment {
				return err
			}
			if !o.State.WasPaid() {
				if err := s.write(ctx, tx, c, letter{Pledge: p, Stopped: o.State == orders.Cancelled}, "pledge_unpaid", "unpaid"); err != nil {
					return err
				}
			}
		case Lapsed:
			if p.CardID != "" {
				err = s.letter(ctx, tx, c, p, "pledge_released", "late")
			}
		case Left:
		default:
			return nil
		}
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `update pledges set told_at = $2 where id = $1`, id, s.now())
		return postgres.Translate(err)
	})
}
