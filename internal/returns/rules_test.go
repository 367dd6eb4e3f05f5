package returns_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"relais/internal/fault"
	"relais/internal/orders"
	"relais/internal/returns"
)

var received = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// parcels are two that were received: line 11 (3 pieces at 10.00) and line 12 (one, made to the buyer's wishes, at 50.00) with delivery at
// 5.00, and line 21 (2 pieces at 0.01) without.
func parcels() []orders.Shipment {
	return []orders.Shipment{
		{ID: 1, State: orders.Delivered, DeliveredAt: &received, ShippingMinor: 500, Lines: []orders.Line{
			{ID: 11, ShipmentID: 1, Quantity: 3, PriceMinor: 1000, TotalMinor: 3000, Title: "Bol"},
			{ID: 12, ShipmentID: 1, Quantity: 1, PriceMinor: 5000, TotalMinor: 5000, CustomMade: true}}},
		{ID: 2, State: orders.Delivered, DeliveredAt: &received, Lines: []orders.Line{{ID: 21, ShipmentID: 2, Quantity: 2, PriceMinor: 1, TotalMinor: 2}}},
	}
}

func TestWithdrawable(t *testing.T) {
	paid, all, end := orders.Order{State: orders.Paid}, map[int64]int64{11: 3, 21: 2}, received.AddDate(0, 0, 14)
	plain := parcels()
	plain[0].Lines = plain[0].Lines[:1]
	sent := parcels()
	sent[1].State, sent[1].DeliveredAt = orders.Shipped, nil
	for _, c := range []struct {
		name    string
		order   orders.Order
		parcels []orders.Shipment
		coming  map[int64]int64
		now     time.Time
		want    error
	}{
		{"on the last moment", paid, parcels(), nil, end, nil},
		{"a second later", paid, parcels(), nil, end.Add(time.Second), returns.ErrWindowOver},
		{"a parcel is still on its way", paid, sent, nil, end.AddDate(1, 0, 0), nil},
		{"unpaid", orders.Order{State: orders.AwaitingPayment}, parcels(), nil, received, returns.ErrNotPaid},
		{"refunded", orders.Order{State: orders.Refunded}, parcels(), nil, received, returns.ErrNotPaid},
		{"only what was made to wishes is left", paid, parcels(), all, received, returns.ErrCustomMade},
		{"all of it comes back", paid, plain, all, received, returns.ErrAgain},
		{"some of it does", paid, plain, map[int64]int64{11: 2, 21: 2}, received, nil},
	} {
		if got := returns.Withdrawable(c.order, c.parcels, c.coming, c.now); !errors.Is(got, c.want) || (got == nil) != (c.want == nil) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestGather(t *testing.T) {
	for _, c := range []struct {
		name   string
		chosen map[int64]int64
		right  bool
		want   map[int64]bool // parcel → nothing of it stays
		fault  error
		field  string
	}{
		{"some pieces of one parcel", map[int64]int64{11: 2}, true, map[int64]bool{1: false}, nil, ""},
		{"a whole parcel", map[int64]int64{21: 2}, true, map[int64]bool{2: true}, nil, ""},
		{"of both", map[int64]int64{11: 3, 21: 1}, true, map[int64]bool{1: false, 2: false}, nil, ""},
		{"made to wishes, by right", map[int64]int64{12: 1}, true, nil, returns.ErrCustomMade, ""},
		{"made to wishes, asked for", map[int64]int64{11: 3, 12: 1}, false, map[int64]bool{1: true}, nil, ""},
		{"nothing", map[int64]int64{11: 0}, true, nil, returns.ErrNothing, ""},
		{"of another order", map[int64]int64{99: 1}, true, nil, returns.ErrGone, ""},
		{"more than there is", map[int64]int64{11: 4}, true, nil, nil, "line-11"},
		{"less than none", map[int64]int64{11: -1}, true, nil, nil, "line-11"},
	} {
		got, err := returns.Gather(parcels(), nil, c.chosen, c.right)
		whole := map[int64]bool{}
		for _, p := range got {
			whole[p.Shipment.ID] = p.Whole
		}
		var f *fault.Error
		if c.field != "" && (!errors.As(err, &f) || f.Fields[c.field] == "") {
			t.Errorf("%s: %v", c.name, err)
		}
		if c.field == "" && !errors.Is(err, c.fault) {
			t.Errorf("%s: %v, want %v", c.name, err, c.fault)
		}
		if diff := cmp.Diff(c.want, whole, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
	if _, err := returns.Gather(parcels(), map[int64]int64{11: 2}, map[int64]int64{11: 2}, true); err == nil {
		t.Error("pieces that come back already come back again")
	}
	if diff := cmp.Diff(map[int64]int64{11: 1, 21: 2}, returns.All(parcels(), map[int64]int64{11: 2})); diff != "" {
		t.Error(diff)
	}
}

func TestWish(t *testing.T) {
	ps := parcels()
	part, gone := ps[0], ps[0]
	part.Lines = part.Lines[:1]
	gone.Lines = []orders.Line{{ID: 11, Quantity: 3, PriceMinor: 1000, TotalMinor: 3000, ReturnedMinor: 3000}}
	back := func(kind returns.Kind, kept int64, lines ...returns.Line) returns.Return {
		return returns.Return{Kind: kind, DeductedMinor: kept, Lines: lines}
	}
	line := func(id, n int64) returns.Line { return returns.Line{OrderLineID: id, Quantity: n} }
	for _, c := range []struct {
		name   string
		r      returns.Return
		parcel orders.Shipment
		want   orders.RefundWish
		fault  error
	}{
		{"a piece", back(returns.Withdrawal, 0, line(11, 1)), ps[0], orders.RefundWish{Lines: []orders.RefundLine{{LineID: 11, Quantity: 1, Minor: 1000, Restock: true}}}, nil},
		{"all, with delivery", back(returns.Withdrawal, 0, line(11, 3)), part, orders.RefundWish{Lines: []orders.RefundLine{{LineID: 11, Quantity: 3, Minor: 3000, Restock: true}}, Delivery: []int64{1}}, nil},
		{"all by kindness, without", back(returns.Request, 0, line(11, 3)), part, orders.RefundWish{Lines: []orders.RefundLine{{LineID: 11, Quantity: 3, Minor: 3000, Restock: true}}}, nil},
		{"less what was used", back(returns.Withdrawal, 300, line(11, 1)), ps[0], orders.RefundWish{Lines: []orders.RefundLine{{LineID: 11, Quantity: 1, Minor: 700, Restock: true}}}, nil},
		{"nothing is left of its money", back(returns.Withdrawal, 0, line(11, 3)), gone, orders.RefundWish{Delivery: []int64{1}}, nil},
		{"more is kept than it is worth", back(returns.Withdrawal, 1000, line(11, 1)), ps[0], orders.RefundWish{}, returns.ErrDeduction},
		{"less than nothing is kept", back(returns.Withdrawal, -1, line(11, 1)), ps[0], orders.RefundWish{}, returns.ErrDeduction},
		{"no line keeps a cent", back(returns.Request, 5999, line(11, 1), line(12, 1)), ps[0], orders.RefundWish{}, returns.ErrDeduction},
	} {
		got, err := returns.Wish(c.r, c.parcel, true)
		if !errors.Is(err, c.fault) || (err == nil) != (c.fault == nil) {
			t.Errorf("%s: %v", c.name, err)
		}
		if diff := cmp.Diff(c.want, got); err == nil && diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func TestDue(t *testing.T) {
	asked := received
	for _, c := range []struct {
		name string
		r    returns.Return
		want bool
	}{
		{"not sent yet", returns.Return{Kind: returns.Withdrawal, State: returns.Approved, AskedAt: asked}, false},
		{"sent", returns.Return{Kind: returns.Withdrawal, State: returns.Approved, AskedAt: asked, SentAt: &asked}, true},
		{"received", returns.Return{Kind: returns.Withdrawal, State: returns.Received, AskedAt: asked, ReceivedAt: &asked}, true},
		{"refunded", returns.Return{Kind: returns.Withdrawal, State: returns.Refunded, AskedAt: asked, ReceivedAt: &asked}, false},
		{"asked for", returns.Return{Kind: returns.Request, State: returns.Received, AskedAt: asked, ReceivedAt: &asked}, false},
	} {
		at, due := c.r.Due()
		if due != c.want || due && !at.Equal(asked.AddDate(0, 0, 14)) {
			t.Errorf("%s: %v %v", c.name, at, due)
		}
	}
}
