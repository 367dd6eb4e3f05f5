package orders

import (
	"relais/internal/earnings"
	"relais/internal/refunds"
)

// Foreseen is what a refund will be before it is asked for: its parts, and who gives back how much of them. Gives and FeeMinor
// sum to Minor.
type Foreseen struct {
	Items    []refunds.Item
	Minor    int64
	Gives    []earnings.Move
	FeeMinor int64 // of the platform's fee
}

// Foresee works out a refund without asking for it: the same parts as Refund, and the same shares as are booked once it is made.
// es are the earnings of the order. Refunds that are on their way count as made. Faults: those of Parts.
func Foresee(shipments []Shipment, es []earnings.Earning, w RefundWish) (Foreseen, error) {
	items, err := Parts(shipments, w)
	if err != nil {
		return Foreseen{}, err
	}
	f := Foreseen{Items: items, Minor: sum(items)}
	var parts []earnings.Part
	for _, item := range items {
		p := earnings.Part{ShipmentID: item.ShipmentID, OrderLineID: item.OrderLineID}
		if item.OrderLineID != nil {
			if l, ok := lineIn(shipments, *item.OrderLineID); ok {
				p.Total, p.Before = l.TotalMinor, l.ReturnedMinor+l.AskedMinor
			}
		} else if sh, ok := shipmentIn(shipments, item.ShipmentID); ok {
			p.Total, p.Before = sh.ShippingMinor, sh.ReturnedMinor+sh.AskedMinor
		}
		p.After = p.Before + item.Minor
		parts = append(parts, p)
	}
	f.Gives, f.FeeMinor = earnings.Foresee(earnings.AsOf(es, parts), parts)
	return f, nil
}
