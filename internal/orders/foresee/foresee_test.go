package foresee_test

import (
	"testing"

	"relais/internal/app/apptest"
	"relais/internal/earnings"
	"relais/internal/orders"
	"relais/internal/orders/foresee"
)

// TestForeseenIsWhatIsBooked: what a refund is said to cost before it is asked for is what everybody has given back once it is made,
// also while another is on its way.
func TestForeseenIsWhatIsBooked(t *testing.T) {
	w := apptest.New(t)
	terre, verre, relay := w.Shop("terre", 3333, 50), w.Shop("verre", 1999, 50), w.Member("lea")
	o := w.Paid(apptest.Purchase{Variant: terre.Variant, Quantity: 3, Storefront: relay}, apptest.Purchase{Variant: verre.Variant, Quantity: 2, Storefront: relay})
	one, two := o.Shipments[0].Lines[0].ID, o.Shipments[1].Lines[0].ID
	wishes := []orders.RefundWish{
		{Lines: []orders.RefundLine{{LineID: one, Quantity: 1}}},
		{Minor: 777},
		{Lines: []orders.RefundLine{{LineID: two, Minor: 1001}, {LineID: one, Minor: 1}}, Delivery: []int64{o.Shipments[1].ID}},
		{Minor: 3001, ShipmentID: o.Shipments[0].ID},
	}
	for i := 0; i < len(wishes); i += 2 { // two at a time: the second is foreseen while the first is on its way
		before := given(w, o.ID)
		total := map[int64]int64{}
		for _, wish := range wishes[i : i+2] {
			p := state(w, o.ID)
			f, err := foresee.Of(p.Shipments, earningsOf(w, o.ID), wish)
			if err != nil {
				t.Fatal(err)
			}
			sum := f.FeeMinor
			for _, g := range f.Gives {
				total[g.Earning.ID] += g.Give
				sum += g.Give
			}
			if sum != f.Minor {
				t.Errorf("%d go back, %d are given", f.Minor, sum)
			}
			r, err := w.Refund(o.ID, 0, wish)
			if err != nil || r.Amount.Minor != f.Minor {
				t.Fatalf("refund of %v, %v; foreseen %d", r.Amount, err, f.Minor)
			}
		}
		w.Settle()
		for id, minor := range given(w, o.ID) {
			if minor-before[id] != total[id] {
				t.Errorf("earning %d gave %d; foreseen %d", id, minor-before[id], total[id])
			}
		}
	}
	if _, err := foresee.Of(state(w, o.ID).Shipments, nil, orders.RefundWish{Minor: 1_000_000}); err == nil {
		t.Error("more than is left is foreseen")
	}
	w.Audit()
}

func earningsOf(w *apptest.World, orderID int64) []earnings.Earning {
	w.T.Helper()
	es, err := earnings.OfOrder(w.T.Context(), w.DB, orderID)
	if err != nil {
		w.T.Fatal(err)
	}
	return es
}

// given is what each earning of an order has given back.
func given(w *apptest.World, orderID int64) map[int64]int64 {
	w.T.Helper()
	all := map[int64]int64{}
	for _, e := range earningsOf(w, orderID) {
		all[e.ID] = e.ReturnedMinor
	}
	return all
}

func state(w *apptest.World, orderID int64) orders.Page {
	w.T.Helper()
	p, err := w.Orders.ByID(w.T.Context(), orderID)
	if err != nil {
		w.T.Fatal(err)
	}
	return p
}
