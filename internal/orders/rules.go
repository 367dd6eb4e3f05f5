package orders

import (
	"slices"
	"time"

	"relais/internal/carts"
	"relais/internal/fault"
	"relais/internal/money"
)

// The faults of this package.
var (
	ErrNotPaid      = fault.New(fault.Conflict, "fault.order_not_paid")     // the order is not paid, or no longer
	ErrNotShippable = fault.New(fault.Conflict, "fault.not_shippable")      // sent already, cancelled or unpaid
	ErrUnmade       = fault.New(fault.Conflict, "fault.not_made")           // pieces with a design are not made yet
	ErrLaunchUnmade = fault.New(fault.Conflict, "fault.launch_not_made")    // what was promised in a launch is not made yet
	ErrNotUnderWay  = fault.New(fault.Conflict, "fault.not_under_way")      // delivered already, or not sent
	ErrNothingLeft  = fault.New(fault.Invalid, "fault.refund_nothing")      // nothing is chosen, or nothing is left
	ErrDisputed     = fault.New(fault.Conflict, "fault.refund_disputed")    // the buyer's bank has the money already
	ErrNotFailed    = fault.New(fault.Conflict, "fault.refund_not_failed")  // the refund did not fail, or was paid again
	ErrOrderOver    = fault.New(fault.Conflict, "fault.order_not_waiting")  // not waiting for payment any more
	ErrOrderGone    = fault.New(fault.NotFound, "fault.order_not_found")    // no such order, or somebody else's
	ErrPriceMoved   = fault.New(fault.Conflict, "fault.cart_price_changed") // the total differs from what the buyer saw
)

// Parcel is the part of a cart that one brand sends: its goods and the method chosen.
type Parcel struct {
	BrandID int64
	Goods   money.Amount
	Method  carts.Method
	Cost    money.Amount
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
