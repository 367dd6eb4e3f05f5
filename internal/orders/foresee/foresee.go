// Package foresee says what a refund will be before it is asked for.
package foresee

import (
	"slices"

	"relais/internal/earnings"
	"relais/internal/orders"
	"relais/internal/refunds"
)

// Refund is what a refund will be before it is asked for: its parts, and who gives back how much of them. Gives and FeeMinor
// sum to Minor.
type Refund struct {
	Items    []refunds.Item
	Minor    int64
	Gives    []earnings.Move
	FeeMinor int64 // of the platform's fee
}

// Of works out a refund without asking for it: the same parts as Refund of the orders, and the same shares as are booked once it is made.
// es are the earnings of the order. Refunds that are on their way count as made. Faults: those of orders.Parts.
func Of(shipments []orders.Shipment, es []earnings.Earning, w orders.RefundWish) (Refund, error) {
	items, err := orders.Parts(shipments, w)
	if err != nil {
		return Refund{}, err
	}
	f := Refund{Items: items}
	var parts []earnings.Part
	for _, item := range items {
		f.Minor += item.Minor
		p := earnings.Part{ShipmentID: item.ShipmentID, OrderLineID: item.OrderLineID}
		if item.OrderLineID != nil {
			if l := line(shipments, *item.OrderLineID); l != nil {
				p.Total, p.Before = l.TotalMinor, l.ReturnedMinor+l.AskedMinor
			}
		} else if i := slices.IndexFunc(shipments, func(sh orders.Shipment) bool { return sh.ID == item.ShipmentID }); i >= 0 {
			sh := shipments[i]
			p.Total, p.Before = sh.ShippingMinor, sh.ReturnedMinor+sh.AskedMinor
		}
		p.After = p.Before + item.Minor
		parts = append(parts, p)
	}
	f.Gives, f.FeeMinor = earnings.Foresee(earnings.AsOf(es, parts), parts)
	return f, nil
}

func line(shipments []orders.Shipment, id int64) *orders.Line {
	for _, sh := range shipments {
		if i := slices.IndexFunc(sh.Lines, func(l orders.Line) bool { return l.ID == id }); i >= 0 {
			return &sh.Lines[i]
		}
	}
	return nil
}
