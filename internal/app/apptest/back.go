package apptest

import (
	"fmt"
	"slices"

	"relais/internal/notices"
	"relais/internal/orders"
	"relais/internal/refunds"
	"relais/internal/returns"
)

// Withdraw declares the withdrawal of an order's buyer from everything that they can send back.
func (w *World) Withdraw(orderID int64, reason string) error {
	return w.Returns.Withdraw(w.T.Context(), returns.Declaration{OrderID: orderID, Reason: reason})
}

// TakeBack has every return of an order that is on its way arrive, in the platform's name.
func (w *World) TakeBack(orderID int64) {
	w.T.Helper()
	rs, err := w.Returns.OfOrder(w.T.Context(), orderID, 0)
	must(w.T, err)
	for _, r := range rs {
		if r.State == returns.Approved {
			must(w.T, w.Returns.Receive(w.T.Context(), returns.Receipt{ReturnID: r.ID, Restock: true}))
		}
	}
}

var wishes int

// Refund asks for a part of an order back, in the platform's name or in that of brand.
func (w *World) Refund(orderID, brand int64, wish orders.RefundWish) (refunds.Refund, error) {
	w.T.Helper()
	wishes++
	return w.Orders.Refund(w.T.Context(), orders.RefundRequest{OrderID: orderID, BrandID: brand, Operation: fmt.Sprintf("wish-%08d", wishes), Reason: "admin", Wish: wish})
}

// RefundAll asks for everything back that is left of an order, pieces and delivery, in the platform's name or in that of brand.
func (w *World) RefundAll(orderID, brand int64) error {
	w.T.Helper()
	p, err := w.Orders.ByID(w.T.Context(), orderID)
	must(w.T, err)
	_, err = w.Refund(orderID, brand, Everything(p, brand))
	return err
}

// Everything is the wish for all that is left of an order, or of a brand's part of it.
func Everything(p orders.Page, brand int64) (wish orders.RefundWish) {
	for _, sh := range p.Shipments {
		if brand != 0 && sh.BrandID != brand {
			continue
		}
		for _, l := range sh.Lines {
			if l.Left() > 0 {
				wish.Lines = append(wish.Lines, orders.RefundLine{LineID: l.ID, Quantity: l.PiecesLeft(), Minor: l.Left(), Restock: true})
			}
		}
		if sh.DeliveryLeft() > 0 {
			wish.Delivery = append(wish.Delivery, sh.ID)
		}
	}
	return wish
}

// Told is what a member was told of a kind, oldest first.
func (w *World) Told(memberID int64, kind notices.Kind) (events []string) {
	w.T.Helper()
	list, _, err := notices.List(w.T.Context(), w.DB, memberID, notices.Filter{})
	if err != nil {
		w.T.Fatal(err)
	}
	for _, n := range slices.Backward(list) {
		if n.Kind == kind {
			events = append(events, n.Event)
		}
	}
	return events
}
