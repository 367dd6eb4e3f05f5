package orders

import (
	"fmt"

	"relais/internal/fault"
	"relais/internal/money"
	"relais/internal/refunds"
)

// RefundWish is what of an order is to go back to its buyer: pieces of lines, delivery costs, or a sum.
type RefundWish struct {
	Lines    []RefundLine
	Delivery []int64 // shipments whose delivery cost goes back, what is left of it
	// A sum without pieces, of one shipment (or, with ShipmentID 0, of the order): spread over what is left of its goods,
	// and of its delivery once that is not enough.
	Minor      int64
	ShipmentID int64
	Again      []refunds.Item // the parts of a refund that failed, as they were, and nothing else
}

// RefundLine is a part of one line.
type RefundLine struct {
	LineID   int64
	Quantity int64 // pieces that come back or never left; 0: only money
	Minor    int64 // how much of their price; 0: all of it, as far as it is not refunded yet
	Restock  bool  // the pieces can be sold again
}

// Left is what of the line's price was not refunded, asked back, or lost to a dispute, in minor units.
func (l Line) Left() int64 { return l.TotalMinor - l.ReturnedMinor - l.AskedMinor }

// PiecesLeft is how many pieces of the line were not refunded.
func (l Line) PiecesLeft() int64 { return l.Quantity - l.RefundedQuantity }

// DeliveryLeft is what of the delivery cost was not refunded, asked back, or lost to a dispute, in minor units.
func (s Shipment) DeliveryLeft() int64 { return s.ShippingMinor - s.ReturnedMinor - s.AskedMinor }

// ToSend is how many pieces of a shipment its buyer still wants.
func (s Shipment) ToSend() (pieces int64) {
	for _, l := range s.Lines {
		pieces += l.PiecesLeft()
	}
	return pieces
}

// Left is what of an order can still be refunded, in minor units.
func Left(shipments []Shipment) (minor int64) {
	for _, s := range shipments {
		minor += s.DeliveryLeft()
		for _, l := range s.Lines {
			minor += l.Left()
		}
	}
	return minor
}

// Parts turns a wish into the parts of a refund. fault.Invalid with the field "line-ID", "delivery-ID" or "amount" where it
// asks for more than is left; ErrNothingLeft where it asks for nothing.
func Parts(shipments []Shipment, w RefundWish) ([]refunds.Item, error) {
	if w.Again != nil {
		return sameParts(shipments, w.Again)
	}
	items, err := lineParts(shipments, w.Lines)
	if err != nil {
		return nil, err
	}
	for _, id := range w.Delivery {
		sh, ok := shipmentIn(shipments, id)
		if !ok || sh.DeliveryLeft() <= 0 {
			return nil, fault.Field(fmt.Sprintf("delivery-%d", id), "fault.refund_too_much")
		}
		items = append(items, refunds.Item{ShipmentID: id, Minor: sh.DeliveryLeft()})
	}
	if w.Minor != 0 {
		if len(items) > 0 { // a sum beside pieces would be spread over what they leave, which nobody can foresee
			return nil, fault.Field("amount", "fault.refund_one_way")
		}
		if items, err = spread(shipments, w.ShipmentID, w.Minor); err != nil {
			return nil, err
		}
	}
	if len(items) == 0 {
		return nil, ErrNothingLeft
	}
	return items, nil
}

// sameParts are parts as they are, as far as all of each is still left.
func sameParts(shipments []Shipment, items []refunds.Item) ([]refunds.Item, error) {
	for _, i := range items {
		if i.OrderLineID == nil {
			if sh, ok := shipmentIn(shipments, i.ShipmentID); !ok || i.Minor > sh.DeliveryLeft() {
				return nil, fault.Field(fmt.Sprintf("delivery-%d", i.ShipmentID), "fault.refund_too_much")
			}
		} else if l, ok := lineIn(shipments, *i.OrderLineID); !ok || i.Minor > l.Left() || i.Quantity > l.PiecesLeft() {
			return nil, fault.Field(fmt.Sprintf("line-%d", *i.OrderLineID), "fault.refund_too_much")
		}
	}
	return items, nil
}

func lineParts(shipments []Shipment, wanted []RefundLine) ([]refunds.Item, error) {
	var items []refunds.Item
	seen := map[int64]bool{}
	for _, w := range wanted {
		tooMuch := fault.Field(fmt.Sprintf("line-%d", w.LineID), "fault.refund_too_much")
		l, ok := lineIn(shipments, w.LineID)
		if !ok || seen[w.LineID] || w.Quantity < 0 || w.Quantity > l.PiecesLeft() || w.Minor < 0 {
			return nil, tooMuch
		}
		seen[w.LineID] = true
		minor := w.Minor
		if minor == 0 {
			minor = min(l.PriceMinor*w.Quantity, l.Left())
		}
		if minor <= 0 || minor > l.Left() {
			return nil, tooMuch
		}
		// Who never gets a piece gets its whole price back: what the brand would keep, nobody could ever earn.
		if sh, _ := shipmentIn(shipments, l.ShipmentID); sh.unsent() && minor < min(l.PriceMinor*w.Quantity, l.Left()) {
			return nil, fault.Field(fmt.Sprintf("line-%d", w.LineID), "fault.refund_unsent")
		}
		id := l.ID
		items = append(items, refunds.Item{ShipmentID: l.ShipmentID, OrderLineID: &id, Quantity: w.Quantity, Restock: w.Restock && w.Quantity > 0, Minor: minor})
	}
	return items, nil
}

// spread shares a sum among what is left of the goods of a shipment, or of all, and then of the delivery.
func spread(shipments []Shipment, shipmentID, minor int64) ([]refunds.Item, error) {
	var parts, deliveries []refunds.Item
	var goods int64
	for _, sh := range shipments {
		if shipmentID != 0 && sh.ID != shipmentID {
			continue
		}
		for _, l := range sh.Lines {
			id := l.ID
			parts = append(parts, refunds.Item{ShipmentID: sh.ID, OrderLineID: &id, Minor: l.Left()})
			goods += l.Left()
		}
		deliveries = append(deliveries, refunds.Item{ShipmentID: sh.ID, Minor: sh.DeliveryLeft()})
	}
	share := func(minor int64, parts []refunds.Item) (kept []refunds.Item) {
		weights := make([]int64, len(parts))
		for i, p := range parts {
			weights[i] = p.Minor
		}
		for i, m := range money.Spread(minor, weights) {
			if parts[i].Minor = m; m > 0 {
				kept = append(kept, parts[i])
			}
		}
		return kept
	}
	var delivery int64
	for _, d := range deliveries {
		delivery += d.Minor
	}
	if minor < 0 || minor > goods+delivery {
		return nil, fault.Field("amount", "fault.refund_too_much")
	}
	return append(share(min(minor, goods), parts), share(max(0, minor-goods), deliveries)...), nil
}

// unsent says whether a shipment is still with its brand.
func (s Shipment) unsent() bool { return s.State == Waiting || s.State == Preparing }

func lineIn(shipments []Shipment, id int64) (Line, bool) {
	for _, s := range shipments {
		for _, l := range s.Lines {
			if l.ID == id {
				return l, true
			}
		}
	}
	return Line{}, false
}

func shipmentIn(shipments []Shipment, id int64) (Shipment, bool) {
	for _, s := range shipments {
		if s.ID == id {
			return s, true
		}
	}
	return Shipment{}, false
}

// StateAfter is where a paid order stands when so much of its total was refunded and lost to disputes, in minor units.
func StateAfter(total, refunded, lost int64) State {
	switch {
	case refunded+lost < total:
		return Paid
	case lost > 0:
		return ChargedBack
	default:
		return Refunded
	}
}
