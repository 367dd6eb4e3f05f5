package orders_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"relais/internal/fault"
	"relais/internal/orders"
	"relais/internal/refunds"
)

func id(n int64) *int64 { return &n }

// parcels are two: of the first, line 11 (3 pieces at 10.00, one refunded, 5.00 more on its way) and line 12 (one piece at 0.01) with delivery at
// 5.00, of which 2.00 went back; of the second, line 21 (one piece at 100.00, all of it back) without delivery.
func parcels() []orders.Shipment {
	return []orders.Shipment{
		{ID: 1, BrandID: 1, ShippingMinor: 500, ReturnedMinor: 200, Lines: []orders.Line{
			{ID: 11, ShipmentID: 1, Quantity: 3, PriceMinor: 1000, TotalMinor: 3000, ReturnedMinor: 1000, AskedMinor: 500, RefundedQuantity: 1},
			{ID: 12, ShipmentID: 1, Quantity: 1, PriceMinor: 1, TotalMinor: 1}}},
		{ID: 2, BrandID: 2, Lines: []orders.Line{{ID: 21, ShipmentID: 2, Quantity: 1, PriceMinor: 10000, TotalMinor: 10000, ReturnedMinor: 10000, RefundedQuantity: 1}}},
	}
}

func TestLeft(t *testing.T) {
	ps := parcels()
	if got := orders.Left(ps); got != 1500+1+300 {
		t.Errorf("left %d", got)
	}
	if got := ps[0].ToSend(); got != 3 {
		t.Errorf("%d to send of the first", got)
	}
	if got := ps[1].ToSend(); got != 0 {
		t.Errorf("%d to send of the second", got)
	}
}

func TestParts(t *testing.T) {
	line := func(id, quantity, minor int64) orders.RefundWish {
		return orders.RefundWish{Lines: []orders.RefundLine{{LineID: id, Quantity: quantity, Minor: minor, Restock: true}}}
	}
	for name, c := range map[string]struct {
		wish orders.RefundWish
		want []refunds.Item
	}{
		"a piece at its price":                    {line(11, 1, 0), []refunds.Item{{ShipmentID: 1, OrderLineID: id(11), Quantity: 1, Restock: true, Minor: 1000}}},
		"two pieces for what is left":             {line(11, 2, 0), []refunds.Item{{ShipmentID: 1, OrderLineID: id(11), Quantity: 2, Restock: true, Minor: 1500}}},
		"a piece for less":                        {line(11, 1, 700), []refunds.Item{{ShipmentID: 1, OrderLineID: id(11), Quantity: 1, Restock: true, Minor: 700}}},
		"only money: nothing to put on the shelf": {line(11, 0, 700), []refunds.Item{{ShipmentID: 1, OrderLineID: id(11), Minor: 700}}},
		"delivery, what is left of it":            {orders.RefundWish{Delivery: []int64{1}}, []refunds.Item{{ShipmentID: 1, Minor: 300}}},
		"a sum of the goods first":                {orders.RefundWish{Minor: 1501}, []refunds.Item{{ShipmentID: 1, OrderLineID: id(11), Minor: 1500}, {ShipmentID: 1, OrderLineID: id(12), Minor: 1}}},
		"and then of the delivery": {orders.RefundWish{Minor: 1801, ShipmentID: 1}, []refunds.Item{{ShipmentID: 1, OrderLineID: id(11), Minor: 1500},
			{ShipmentID: 1, OrderLineID: id(12), Minor: 1}, {ShipmentID: 1, Minor: 300}}},
		"the parts of one that failed": {orders.RefundWish{Again: []refunds.Item{{ShipmentID: 1, Minor: 200}, {ShipmentID: 1, OrderLineID: id(11), Quantity: 1, Minor: 400}}},
			[]refunds.Item{{ShipmentID: 1, Minor: 200}, {ShipmentID: 1, OrderLineID: id(11), Quantity: 1, Minor: 400}}},
	} {
		got, err := orders.Parts(parcels(), c.wish)
		if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
}

func TestPartsRefuses(t *testing.T) {
	line := func(ls ...orders.RefundLine) orders.RefundWish { return orders.RefundWish{Lines: ls} }
	for name, c := range map[string]struct {
		wish  orders.RefundWish
		field string
	}{
		"more pieces than are left":     {line(orders.RefundLine{LineID: 11, Quantity: 3}), "line-11"},
		"less than no piece":            {line(orders.RefundLine{LineID: 11, Quantity: -1, Minor: 5}), "line-11"},
		"less than no money":            {line(orders.RefundLine{LineID: 11, Quantity: 1, Minor: -5}), "line-11"},
		"more money than is left":       {line(orders.RefundLine{LineID: 11, Minor: 1501}), "line-11"},
		"no piece and no money":         {line(orders.RefundLine{LineID: 11}), "line-11"},
		"of what went back whole":       {line(orders.RefundLine{LineID: 21, Minor: 1}), "line-21"},
		"a line twice":                  {line(orders.RefundLine{LineID: 11, Minor: 1}, orders.RefundLine{LineID: 11, Minor: 1}), "line-11"},
		"a line of another order":       {line(orders.RefundLine{LineID: 99, Quantity: 1}), "line-99"},
		"a delivery that cost nothing":  {orders.RefundWish{Delivery: []int64{2}}, "delivery-2"},
		"a delivery of another order":   {orders.RefundWish{Delivery: []int64{9}}, "delivery-9"},
		"a sum above what is left":      {orders.RefundWish{Minor: 1802}, "amount"},
		"a sum below nothing":           {orders.RefundWish{Minor: -1}, "amount"},
		"a sum of a parcel without any": {orders.RefundWish{Minor: 1, ShipmentID: 2}, "amount"},
		"a sum beside pieces":           {orders.RefundWish{Lines: []orders.RefundLine{{LineID: 11, Quantity: 1}}, Minor: 1}, "amount"},
		"again, more delivery":          {orders.RefundWish{Again: []refunds.Item{{ShipmentID: 1, Minor: 301}}}, "delivery-1"},
		"again, more money":             {orders.RefundWish{Again: []refunds.Item{{ShipmentID: 1, OrderLineID: id(11), Minor: 1501}}}, "line-11"},
		"again, more pieces":            {orders.RefundWish{Again: []refunds.Item{{ShipmentID: 1, OrderLineID: id(11), Quantity: 3, Minor: 1}}}, "line-11"},
		"again, another order's":        {orders.RefundWish{Again: []refunds.Item{{ShipmentID: 1, OrderLineID: id(99), Minor: 1}}}, "line-99"},
	} {
		_, err := orders.Parts(parcels(), c.wish)
		var f *fault.Error
		if !errors.As(err, &f) || f.Fields[c.field] == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := orders.Parts(parcels(), orders.RefundWish{}); !errors.Is(err, orders.ErrNothingLeft) {
		t.Errorf("nothing: %v", err)
	}
}

// What a bank took is spread over what is left, never over what went back or is on its way, and what exceeds it is nobody's share.
func TestLossParts(t *testing.T) {
	for _, c := range []struct {
		minor, items, excess int64
	}{{0, 0, 0}, {1801, 1801, 0}, {1802, 1801, 1}, {99999, 1801, 99999 - 1801}, {1, 1, 0}} {
		items, excess := orders.LossParts(parcels(), c.minor)
		var sum int64
		for _, i := range items {
			sum += i.Minor
		}
		if sum != c.items || excess != c.excess {
			t.Errorf("%d: parts of %d, excess %d", c.minor, sum, excess)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		minor, ps := rapid.Int64Range(0, 5000).Draw(t, "minor"), parcels()
		items, excess := orders.LossParts(ps, minor)
		for _, i := range items {
			minor -= i.Minor
			left := ps[0].DeliveryLeft()
			if i.OrderLineID != nil {
				left = map[int64]int64{11: 1500, 12: 1}[*i.OrderLineID]
			}
			if i.Minor <= 0 || i.Minor > left {
				t.Fatalf("%+v of %d", i, left)
			}
		}
		if minor != excess {
			t.Fatalf("%d is not the excess %d", minor, excess)
		}
	})
}

func TestStateAfter(t *testing.T) {
	for _, c := range []struct {
		refunded, lost int64
		want           orders.State
	}{{0, 0, orders.Paid}, {99, 0, orders.Paid}, {50, 49, orders.Paid}, {100, 0, orders.Refunded}, {99, 1, orders.ChargedBack}, {0, 100, orders.ChargedBack}} {
		if got := orders.StateAfter(100, c.refunded, c.lost); got != c.want {
			t.Errorf("%d refunded, %d lost of 100: %s", c.refunded, c.lost, got)
		}
	}
}
