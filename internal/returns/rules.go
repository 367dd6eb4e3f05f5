package returns

import (
	"time"

	"relais/internal/fault"
	"relais/internal/orders"
)

// The faults of this package.
var (
	ErrGone       = fault.New(fault.NotFound, "fault.return_not_found")
	ErrNotPaid    = fault.New(fault.Conflict, "fault.order_not_paid")
	ErrWindowOver = fault.New(fault.Conflict, "fault.withdrawal_over")   // 14 days after receipt have passed
	ErrNothing    = fault.New(fault.Invalid, "fault.return_nothing")     // no piece is chosen
	ErrNoRight    = fault.New(fault.Conflict, "fault.withdrawal_none")   // bought in a shop or on a stand
	ErrCustomMade = fault.New(fault.Conflict, "fault.return_custom")     // made to the buyer's wishes
	ErrAgain      = fault.New(fault.Conflict, "fault.already_withdrawn") // these pieces come back already
	ErrMoved      = fault.New(fault.Conflict, "fault.return_moved")      // it is no longer where this could be done
	ErrDeduction  = fault.Field("deducted", "fault.return_deduction")    // more than it is worth
)

// Options are the lines of an order with what can still be sent back of each. coming is how many pieces of each line come
// back already.
func Options(shipments []orders.Shipment, coming map[int64]int64) []Option {
	var os []Option
	for _, sh := range shipments {
		for _, l := range sh.Lines {
			o := Option{Line: l, Left: max(0, l.PiecesLeft()-coming[l.ID])}
			if l.CustomMade {
				o.Excluded = "custom_made"
			}
			os = append(os, o)
		}
	}
	return os
}

// Withdrawable says whether the buyer may withdraw from anything of an order now: nil, ErrNotPaid, ErrWindowOver, ErrCustomMade
// where all that is left was made to their wishes, ErrAgain where all of it comes back already.
func Withdrawable(o orders.Order, shipments []orders.Shipment, coming map[int64]int64, now time.Time) error {
	if o.State != orders.Paid {
		return ErrNotPaid
	}
	if o.InPerson() && o.WithdrawalDays == 0 {
		return ErrNoRight
	}
	if until, begun := orders.WithdrawUntil(shipments); begun && now.After(until) {
		return ErrWindowOver
	}
	custom := false
	for _, option := range Options(shipments, coming) {
		switch {
		case option.Left == 0:
		case option.Excluded != "":
			custom = true
		default:
			return nil
		}
	}
	if custom {
		return ErrCustomMade
	}
	return ErrAgain
}

// Parcel is what comes back of one shipment.
type Parcel struct {
	Shipment orders.Shipment
	Lines    []Line
	Whole    bool // nothing of the shipment stays with the buyer
}

// Gather sorts the pieces that a buyer chose (line → pieces) by shipment. With right, it is a withdrawal, which leaves out what
// was made to the buyer's wishes. ErrNothing, ErrCustomMade; the field "line-ID" where more is chosen than is left.
func Gather(shipments []orders.Shipment, coming, chosen map[int64]int64, right bool) ([]Parcel, error) {
	var parcels []Parcel
	found := 0
	for _, sh := range shipments {
		p := Parcel{Shipment: sh, Whole: true}
		for _, o := range Options([]orders.Shipment{sh}, coming) {
			n, picked := chosen[o.Line.ID]
			if picked {
				found++
			}
			switch {
			case n < 0 || n > o.Left:
				return nil, fault.Field(fieldOf(o.Line.ID), "fault.return_quantity")
			case n > 0 && right && o.Excluded != "":
				return nil, ErrCustomMade
			case n > 0:
				p.Lines = append(p.Lines, Line{OrderLineID: o.Line.ID, Quantity: n, Title: o.Line.Title, Variant: o.Line.VariantTitle, PriceMinor: o.Line.PriceMinor})
			}
			p.Whole = p.Whole && n == o.Left
		}
		if len(p.Lines) > 0 {
			parcels = append(parcels, p)
		}
	}
	switch {
	case found < len(chosen):
		return nil, ErrGone
	case len(parcels) == 0:
		return nil, ErrNothing
	}
	return parcels, nil
}

// All chooses every piece that can be withdrawn.
func All(shipments []orders.Shipment, coming map[int64]int64) map[int64]int64 {
	chosen := map[int64]int64{}
	for _, o := range Options(shipments, coming) {
		if o.Excluded == "" && o.Left > 0 {
			chosen[o.Line.ID] = o.Left
		}
	}
	return chosen
}

// Wish is the refund of a return: its pieces at their price, less what the brand keeps, and the delivery cost where nothing
// of the shipment stays with a buyer who withdrew (Directive 2011/83/EU art. 13(1)). ErrDeduction where the brand would keep more
// than the pieces are worth.
func Wish(r Return, sh orders.Shipment, restock bool) (orders.RefundWish, error) {
	var w orders.RefundWish
	var goods int64
	back := map[int64]int64{}
	for _, l := range r.Lines {
		back[l.OrderLineID] = l.Quantity
	}
	whole := true
	for _, l := range sh.Lines {
		n := min(back[l.ID], l.PiecesLeft())
		whole = whole && l.PiecesLeft() == n
		if worth := min(l.PriceMinor*n, l.Left()); worth > 0 {
			w.Lines = append(w.Lines, orders.RefundLine{LineID: l.ID, Quantity: n, Minor: worth, Restock: restock})
			goods += worth
		}
	}
	if r.DeductedMinor < 0 || r.DeductedMinor >= goods && r.DeductedMinor > 0 {
		return w, ErrDeduction
	}
	keep := r.DeductedMinor
	for i := range w.Lines { // from the first lines on; a line keeps at least one minor unit, as a refund has no empty part
		kept := min(keep, w.Lines[i].Minor-1)
		w.Lines[i].Minor -= kept
		keep -= kept
	}
	if keep > 0 {
		return w, ErrDeduction
	}
	if whole && r.Kind == Withdrawal && sh.DeliveryLeft() > 0 {
		w.Delivery = []int64{sh.ID}
	}
	return w, nil
}
