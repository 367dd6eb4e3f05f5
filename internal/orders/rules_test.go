package orders_test

import (
	"errors"
	"testing"
	"time"

	"relais/internal/carts"
	"relais/internal/money"
	"relais/internal/orders"
)

func eur(minor int64) money.Amount { return money.New(minor, "EUR") }

func ptr[T any](v T) *T { return &v }

func TestMethodCost(t *testing.T) {
	m := carts.Method{PriceMinor: 590, FreeFromMinor: ptr(int64(8000))}
	for goods, want := range map[int64]int64{1: 590, 7999: 590, 8000: 0, 90000: 0} {
		if got := m.Cost(goods); got != want {
			t.Errorf("cost of %d = %d, want %d", goods, got, want)
		}
	}
	if got := (carts.Method{PriceMinor: 590}).Cost(1 << 40); got != 590 {
		t.Errorf("never free = %d, want 590", got)
	}
}

func TestChoose(t *testing.T) {
	methods := []carts.Method{
		{ID: 1, PriceMinor: 900, Countries: []string{"FR", "BE"}},
		{ID: 2, PriceMinor: 500, Countries: []string{"FR"}},
		{ID: 3, PriceMinor: 700, Countries: []string{"FR"}, FreeFromMinor: ptr(int64(5000))},
	}
	for _, c := range []struct {
		name    string
		chosen  int64
		country string
		want    int64
	}{
		{"the chosen one", 1, "FR", 1},
		{"none chosen: the first offered", 0, "FR", 1},
		{"the chosen one does not go there", 2, "BE", 1},
		{"somebody else's id", 99, "FR", 1},
	} {
		m, err := carts.Choose(methods, c.chosen, c.country)
		if err != nil || m.ID != c.want {
			t.Errorf("%s: %d, %v; want %d", c.name, m.ID, err, c.want)
		}
	}
	if _, err := carts.Choose(methods, 1, "SE"); !errors.Is(err, carts.ErrNoDelivery) {
		t.Errorf("nobody delivers there: %v", err)
	}
}

func TestWithdrawUntil(t *testing.T) {
	day := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	received := func(days ...int) (ss []orders.Shipment) {
		for _, d := range days {
			ss = append(ss, orders.Shipment{State: orders.Delivered, DeliveredAt: ptr(day.AddDate(0, 0, d))})
		}
		return ss
	}
	for _, c := range []struct {
		name      string
		shipments []orders.Shipment
		want      time.Time // zero: not begun
	}{
		{"nothing received yet", []orders.Shipment{{State: orders.Shipped}}, time.Time{}},
		{"one of two received", append(received(0), orders.Shipment{State: orders.Preparing}), time.Time{}},
		{"received", received(0), day.AddDate(0, 0, 14)},
		{"counted from the last parcel", received(0, 5), day.AddDate(0, 0, 19)},
		{"a parcel that is not sent is not waited for", append(received(3), orders.Shipment{State: orders.ShipmentCancelled}), day.AddDate(0, 0, 17)},
		{"nothing is sent at all", []orders.Shipment{{State: orders.ShipmentCancelled}}, time.Time{}},
	} {
		until, begun := orders.WithdrawUntil(c.shipments)
		if begun != !c.want.IsZero() || begun && !until.Equal(c.want) {
			t.Errorf("%s: %v, %v; want %v", c.name, until, begun, c.want)
		}
	}
}

func TestJudge(t *testing.T) {
	order := func(state orders.State, intent *string) orders.Order {
		return orders.Order{State: state, PaymentIntentID: intent, TotalMinor: 5000, Currency: "EUR"}
	}
	for _, c := range []struct {
		name    string
		order   orders.Order
		payment orders.Payment
		want    orders.Verdict
		reason  string
	}{
		{"in time", order(orders.AwaitingPayment, nil), orders.Payment{Amount: eur(5000), PaymentIntentID: "pi_1"}, orders.Accept, ""},
		{"told twice", order(orders.Paid, ptr("pi_1")), orders.Payment{Amount: eur(5000), PaymentIntentID: "pi_1"}, orders.Known, ""},
		{"told again after the refund", order(orders.Refunded, ptr("pi_1")), orders.Payment{Amount: eur(5000), PaymentIntentID: "pi_1"}, orders.Known, ""},
		{"a second payment", order(orders.Paid, ptr("pi_1")), orders.Payment{Amount: eur(5000), PaymentIntentID: "pi_2"}, orders.SendBack, "second_payment"},
		{"one cent short", order(orders.AwaitingPayment, nil), orders.Payment{Amount: eur(4999), PaymentIntentID: "pi_1"}, orders.SendBack, "amount_differs"},
		{"another currency", order(orders.AwaitingPayment, nil), orders.Payment{Amount: money.New(5000, "USD"), PaymentIntentID: "pi_1"}, orders.SendBack, "amount_differs"},
		{"after the reservation", order(orders.Expired, nil), orders.Payment{Amount: eur(5000), PaymentIntentID: "pi_1"}, orders.Retake, "no_stock"},
		{"after it was cancelled", order(orders.Cancelled, nil), orders.Payment{Amount: eur(5000), PaymentIntentID: "pi_1"}, orders.SendBack, "order_cancelled"},
	} {
		verdict, reason := orders.Judge(c.order, c.payment)
		if verdict != c.want || reason != c.reason {
			t.Errorf("%s: %s %q, want %s %q", c.name, verdict, reason, c.want, c.reason)
		}
	}
}
