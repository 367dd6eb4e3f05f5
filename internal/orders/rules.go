package orders

import (
	"slices"
	"time"

	"relais/internal/fault"
	"relais/internal/money"
)

// The faults of this package.
var (
	ErrEmptyCart    = fault.New(fault.Invalid, "fault.cart_empty")
	ErrUnavailable  = fault.New(fault.Conflict, "fault.cart_changed")       // something in the cart is no longer for sale
	ErrCurrencies   = fault.New(fault.Conflict, "fault.cart_currencies")    // goods in two currencies: they are ordered one after the other
	ErrNoDelivery   = fault.New(fault.Invalid, "fault.no_delivery")         // a brand does not deliver there
	ErrNotPaid      = fault.New(fault.Conflict, "fault.order_not_paid")     // the order is not paid, or no longer
	ErrNotShippable = fault.New(fault.Conflict, "fault.not_shippable")      // sent already, cancelled or unpaid
	ErrNotUnderWay  = fault.New(fault.Conflict, "fault.not_under_way")      // delivered already, or not sent
	ErrNothingLeft  = fault.New(fault.Invalid, "fault.refund_nothing")      // nothing is chosen, or nothing is left
	ErrDisputed     = fault.New(fault.Conflict, "fault.refund_disputed")    // the buyer's bank has the money already
	ErrNotFailed    = fault.New(fault.Conflict, "fault.refund_not_failed")  // the refund did not fail, or was paid again
	ErrOrderOver    = fault.New(fault.Conflict, "fault.order_not_waiting")  // not waiting for payment any more
	ErrOrderGone    = fault.New(fault.NotFound, "fault.order_not_found")    // no such order, or somebody else's
	ErrPriceMoved   = fault.New(fault.Conflict, "fault.cart_price_changed") // the total differs from what the buyer saw
)

// Method is a way of delivery that a brand offers.
type Method struct {
	ID            int64    `db:"id"`
	BrandID       int64    `db:"brand_id"`
	Name          string   `db:"name"`
	PriceMinor    int64    `db:"price_minor"`
	FreeFromMinor *int64   `db:"free_from_minor"` // goods total of the brand from which it is free
	DaysMin       int      `db:"days_min"`
	DaysMax       int      `db:"days_max"`
	Countries     []string `db:"-"`
}

// Cost is the price of delivery of goods worth so much, in minor units.
func (m Method) Cost(goods int64) int64 {
	if m.FreeFromMinor != nil && goods >= *m.FreeFromMinor {
		return 0
	}
	return m.PriceMinor
}

// Reaches says whether the method delivers to a country.
func (m Method) Reaches(country string) bool {
	return slices.Contains(m.Countries, country)
}

// Parcel is the part of a cart that one brand sends: its goods and the method chosen.
type Parcel struct {
	BrandID int64
	Goods   money.Amount
	Method  Method
	Cost    money.Amount
}

// Choose picks the method for a parcel: the one that the buyer chose if it reaches the country, else the first offered
// that does, as the brand knows best what most want. ErrNoDelivery where none does.
func Choose(methods []Method, chosen int64, country string) (Method, error) {
	reach := func(m Method) bool { return m.Reaches(country) }
	if i := slices.IndexFunc(methods, func(m Method) bool { return m.ID == chosen && reach(m) }); i >= 0 {
		return methods[i], nil
	}
	if i := slices.IndexFunc(methods, reach); i >= 0 {
		return methods[i], nil
	}
	return Method{}, ErrNoDelivery
}

// WithdrawUntil is the last moment of the withdrawal period: 14 days after the last shipment was received; one that is not
// sent is not waited for. The second value is false while something is still to be received: then the period has not begun
// and withdrawal is open.
func WithdrawUntil(shipments []Shipment) (time.Time, bool) {
	var last time.Time
	for _, s := range shipments {
		switch {
		case s.State == ShipmentCancelled:
		case s.DeliveredAt == nil:
			return time.Time{}, false
		case s.DeliveredAt.After(last):
			last = *s.DeliveredAt
		}
	}
	return last.AddDate(0, 0, WithdrawalDays), !last.IsZero()
}

// Sent says whether anything of the order has left.
func Sent(shipments []Shipment) bool {
	return slices.ContainsFunc(shipments, func(s Shipment) bool { return s.State == Shipped || s.State == Delivered })
}

// Payment is what the provider says of a checkout that was paid.
type Payment struct {
	Amount          money.Amount
	PaymentIntentID string
}

// Verdict is what becomes of a payment.
type Verdict string

// The verdicts on a payment.
const (
	Accept   Verdict = "accept"   // the order is paid
	Retake   Verdict = "retake"   // the reservation was over: paid, if the stock can be had again
	Known    Verdict = "known"    // told before: nothing to do
	SendBack Verdict = "sendback" // refunded by itself, and shown
)

// Judge decides what becomes of a payment for an order: a second payment, one of another amount or currency, or one
// for a cancelled order goes back by itself. The reason is that of the refund.
func Judge(o Order, p Payment) (Verdict, string) {
	if o.PaymentIntentID != nil {
		if *o.PaymentIntentID == p.PaymentIntentID {
			return Known, ""
		}
		return SendBack, "second_payment"
	}
	if p.Amount != o.Total() {
		return SendBack, "amount_differs"
	}
	switch o.State {
	case AwaitingPayment:
		return Accept, ""
	case Expired:
		return Retake, "no_stock"
	default:
		return SendBack, "order_cancelled"
	}
}
