package reconcile_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"relais/internal/money"
	"relais/internal/payments"
	"relais/internal/reconcile"
)

func TestClassify(t *testing.T) {
	for _, c := range []struct {
		category, source, currency string
		want                       reconcile.Treatment
	}{
		{"charge", "ch_1", "EUR", reconcile.BySource},
		{"charge", "", "EUR", reconcile.Unknown},
		{"refund", "re_1", "EUR", reconcile.BySource},
		{"refund_failure", "re_1", "EUR", reconcile.BySource},
		{"transfer", "tr_1", "EUR", reconcile.BySource},
		{"transfer_reversal", "trr_1", "EUR", reconcile.BySource},
		{"dispute", "dp_1", "EUR", reconcile.ByMovement},
		{"dispute_reversal", "dp_1", "EUR", reconcile.ByMovement},
		{"payout", "po_1", "EUR", reconcile.Ours},
		{"payout_reversal", "po_1", "EUR", reconcile.Ours},
		{"topup", "tu_1", "EUR", reconcile.Ours},
		{"fee", "", "EUR", reconcile.Ours},
		{"connect_reserved_funds", "rt_1", "EUR", reconcile.Inside},
		{"other_adjustment", "", "EUR", reconcile.Unknown},
		{"risk_reserved_funds", "", "EUR", reconcile.Unknown},
		{"", "", "EUR", reconcile.Unknown},
		{"charge", "ch_1", "eur", reconcile.Unknown},
	} {
		m := payments.Movement{Category: c.category, Source: c.source, Amount: money.New(100, money.Currency(c.currency))}
		if got := reconcile.Classify(m); got != c.want {
			t.Errorf("%s of %q in %s is %s; want %s", c.category, c.source, c.currency, got, c.want)
		}
	}
}

func TestJudge(t *testing.T) {
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	old, young := now.Add(-2*time.Hour), now.Add(-reconcile.Grace+time.Second)
	for _, c := range []struct {
		name  string
		sides []reconcile.Pair
		want  []reconcile.Kind
	}{
		{"only at Stripe", []reconcile.Pair{{Moved: 100, MovedAt: &old}}, []reconcile.Kind{reconcile.MissingInBooks}},
		{"only at Stripe, just seen", []reconcile.Pair{{Moved: 100, MovedAt: &young}}, nil},
		{"a refund that waits", []reconcile.Pair{{Moved: -100, MovedAt: &old, Pending: true}}, nil},
		{"only in the books", []reconcile.Pair{{Booked: 100, BookedAt: &old}}, []reconcile.Kind{reconcile.MissingAtStripe}},
		{"only in the books, in flight", []reconcile.Pair{{Booked: 100, BookedAt: &young}}, nil},
		{"another amount", []reconcile.Pair{{Booked: 100, BookedAt: &old, Moved: 99, MovedAt: &old}}, []reconcile.Kind{reconcile.AmountDiffers}},
		{"booked again just now", []reconcile.Pair{{Booked: 200, BookedAt: &young, Moved: 100, MovedAt: &old}}, nil},
		{"the same amount", []reconcile.Pair{{Booked: 100, BookedAt: &old, Moved: 100, MovedAt: &old}}, nil},
		{"a fee", []reconcile.Pair{{Booked: -30, BookedAt: &old, Moved: -25, MovedAt: &old, Fee: true}}, []reconcile.Kind{reconcile.FeeDiffers}},
		{"something new", []reconcile.Pair{{Moved: -5, MovedAt: &young, Unknown: true}}, []reconcile.Kind{reconcile.UnknownMovement}},
		{"another currency", []reconcile.Pair{{Currency: "CHF", Moved: 100, MovedAt: &old}, {Currency: "EUR", Booked: 90, BookedAt: &old}}, []reconcile.Kind{reconcile.CurrencyDiffers}},
		{"two currencies, both wrong", []reconcile.Pair{{Currency: "CHF", Moved: 100, MovedAt: &old}, {Currency: "EUR", Moved: 90, MovedAt: &old}},
			[]reconcile.Kind{reconcile.MissingInBooks, reconcile.MissingInBooks}},
		{"nothing", nil, nil},
	} {
		var got []reconcile.Kind
		for _, d := range reconcile.Judge(c.sides, now) {
			got = append(got, d.Kind)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

// Whatever is late on either side, the balance has nothing that the objects do not explain; what neither side knows about remains.
func TestApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		amount := rapid.Int64Range(-1_000_000, 1_000_000)
		both, stripeOnly, oursOnly, hidden := amount.Draw(t, "both"), amount.Draw(t, "stripe only"), amount.Draw(t, "ours only"), amount.Draw(t, "hidden")
		total, booked, known := both+stripeOnly+hidden, both+oursOnly, stripeOnly-oursOnly
		got := reconcile.Apart(total, booked, known)
		if total != booked && got != hidden || total == booked && got != 0 {
			t.Fatalf("apart %d; %d are hidden", got, hidden)
		}
	})
}

func TestSweepable(t *testing.T) {
	for _, c := range []struct{ available, owed, want int64 }{
		{10000, 0, 10000}, {10000, 8000, 1600}, {10000, 9999, 0}, {8399, 8000, 0}, {-50, 0, 0}, {1000, 1, 998},
	} {
		if got := reconcile.Sweepable(c.available, c.owed); got != c.want {
			t.Errorf("of %d with %d owed %d can be sent; want %d", c.available, c.owed, got, c.want)
		}
	}
}

func TestNeedsTwo(t *testing.T) {
	for _, c := range []struct {
		d    reconcile.Difference
		want bool
	}{
		{reconcile.Difference{Kind: reconcile.AmountDiffers, Currency: "EUR", Expected: 20000, Found: 10000}, false},
		{reconcile.Difference{Kind: reconcile.AmountDiffers, Currency: "EUR", Expected: 20001, Found: 10000}, true},
		{reconcile.Difference{Kind: reconcile.AmountDiffers, Currency: "EUR", Expected: 10000, Found: 20001}, true},
		{reconcile.Difference{Kind: reconcile.AmountDiffers, Currency: "JPY", Expected: 101}, true},
		{reconcile.Difference{Kind: reconcile.BalanceDiffers, Expected: 1, Found: 2}, true},
		{reconcile.Difference{Kind: reconcile.BooksBroken, Found: 1}, true},
	} {
		if got := reconcile.NeedsTwo(c.d); got != c.want {
			t.Errorf("%v needs two: %v", c.d, got)
		}
	}
}

// Each kind has its words, freezes or not, halts or not; none is forgotten.
func TestKinds(t *testing.T) {
	if n := len(reconcile.Kinds()); n != 11 {
		t.Errorf("%d kinds; the schema and the catalogue know 11", n)
	}
	for _, k := range reconcile.Kinds() {
		if k.Freezes() && (k == reconcile.FeeDiffers || k == reconcile.ClearingOverdue || k == reconcile.BooksBroken) {
			t.Errorf("%s freezes payees whom it does not touch", k)
		}
		if k.Halts() != (k == reconcile.BalanceDiffers || k == reconcile.BooksBroken) {
			t.Errorf("%s halts: %v", k, k.Halts())
		}
	}
}
