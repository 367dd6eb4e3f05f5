package earnings_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"relais/internal/earnings"
	"relais/internal/ledger"
	"relais/internal/money"
)

func TestNetting(t *testing.T) {
	for _, c := range [][3]int64{{0, 0, 0}, {100, 0, 0}, {0, -100, 0}, {100, -30, 30}, {30, -100, 30}, {30, -30, 30}} {
		if got := earnings.Netting(c[0], c[1]); got != c[2] {
			t.Errorf("Netting(%d, %d) = %d, want %d", c[0], c[1], got, c[2])
		}
	}
}

func TestTakeBack(t *testing.T) {
	for _, c := range []struct {
		name       string
		released   bool
		give, free int64
		want       earnings.Taken
	}{
		{"while it waits, from where it lies", false, 30, 100, earnings.Taken{Held: 30}},
		{"and back there", false, -30, 0, earnings.Taken{Held: -30}},
		{"released, from what is free", true, 30, 100, earnings.Taken{Free: 30}},
		{"as far as it goes", true, 30, 10, earnings.Taken{Free: 10, Debt: 20}},
		{"paid out, a debt", true, 30, 0, earnings.Taken{Debt: 30}},
		{"back to the free account, whatever is owed", true, -30, 0, earnings.Taken{Free: -30}},
		{"nothing", true, 0, 10, earnings.Taken{}},
	} {
		if got := earnings.TakeBack(c.released, c.give, c.free); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

// sequences is how many sequences of refunds one check of TestRefundsInProportion makes: with the 100 checks of rapid, 20,000.
const sequences = 200

// Any sequence of refunds of a line: nobody is given money by a refund, nobody gives more than in proportion, at the end everybody gave
// exactly their share, and the platform takes at most one minor unit for each beneficiary that rounding leaves (I7).
func TestRefundsInProportion(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for range sequences {
			shares := rapid.SliceOfN(rapid.OneOf(rapid.Int64Range(0, 5), rapid.Int64Range(0, 1<<40)), 1, 6).Draw(t, "shares")
			var total int64 = 1 // the platform's
			for _, s := range shares {
				total += s
			}
			given, back := make([]int64, len(shares)), int64(0)
			for back < total {
				step := rapid.OneOf(rapid.Int64Range(1, total-back), rapid.Just(total-back)).Draw(t, "refund")
				back += step
				var sum int64
				for i, s := range shares {
					now := earnings.Returned(s, back, total)
					if now < given[i] || now > s || now != floor(s, back, total) {
						t.Fatalf("%d of %d: share %d of %d gave %d, and now %d", back, total, i, s, given[i], now)
					}
					given[i], sum = now, sum+now
				}
				if rest := back - sum; rest < floor(1, back, total) || rest > int64(len(shares))+1 {
					t.Fatalf("%d of %d: the platform bears %d beside %d beneficiaries", back, total, rest, len(shares))
				}
			}
			for i, s := range shares {
				if given[i] != s {
					t.Fatalf("at the end share %d of %d gave %d", i, s, given[i])
				}
			}
		}
	})
}

func TestPlanAndDraft(t *testing.T) {
	line, other, posting := int64(7), int64(8), int64(99)
	es := []earnings.Earning{
		{ID: 1, PayeeID: 1, ShipmentID: 3, OrderLineID: &line, Role: earnings.Sale, Amount: money.New(8500, "EUR")},
		{ID: 2, PayeeID: 2, ShipmentID: 3, OrderLineID: &line, Role: earnings.Commission, Amount: money.New(1000, "EUR"), FreePostingID: &posting},
		{ID: 3, PayeeID: 1, ShipmentID: 3, OrderLineID: &other, Role: earnings.Sale, Amount: money.New(100, "EUR")},
		{ID: 4, PayeeID: 1, ShipmentID: 3, Role: earnings.Delivery, Amount: money.New(500, "EUR")},
		{ID: 5, PayeeID: 3, ShipmentID: 4, Role: earnings.Delivery, Amount: money.New(700, "EUR")},
	}
	c := earnings.Change{Cause: earnings.DisputeLost, Reference: "dispute:1", Currency: "EUR", Excess: 40, Counter: ledger.Account{Kind: ledger.Disputed}, Parts: []earnings.Part{
		{ShipmentID: 3, OrderLineID: &line, Total: 10000, After: 5000}, {ShipmentID: 3, Total: 500, After: 500}}}
	moves := earnings.Plan(es, c.Parts)
	got := earnings.Draft(c, moves, map[int64]int64{2: 300})
	counter := ledger.Account{Kind: ledger.Disputed}
	want := []ledger.Posting{
		{Source: ledger.Account{Kind: ledger.Fees}, Destination: counter, Amount: 250},
		{Source: ledger.Account{Kind: ledger.Losses}, Destination: counter, Amount: 40},
		{Source: ledger.Account{Kind: ledger.Held, Owner: 1}, Destination: counter, Amount: 4250},
		{Source: ledger.Account{Kind: ledger.Free, Owner: 2}, Destination: counter, Amount: 300},
		{Source: ledger.Account{Kind: ledger.Debt, Owner: 2}, Destination: counter, Amount: 200},
		{Source: ledger.Account{Kind: ledger.Held, Owner: 1}, Destination: counter, Amount: 500},
	}
	if diff := cmp.Diff(want, got.Postings); diff != "" {
		t.Error(diff)
	}
	taken := []earnings.Taken{{Held: 4250}, {Free: 300, Debt: 200}, {Held: 500}}
	for i, m := range moves {
		if diff := cmp.Diff(taken[i], m.Taken, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("move %d: %s", i, diff)
		}
	}
	// And back: what a rounding left with the platform comes from there.
	c.Cause, c.Parts = earnings.DisputeWon, []earnings.Part{{ShipmentID: 3, OrderLineID: &line, Total: 10000, Before: 5000, After: 0}}
	c.Excess = -40
	es[0].ReturnedMinor, es[1].ReturnedMinor = 4250, 500
	got = earnings.Draft(c, earnings.Plan(es, c.Parts), map[int64]int64{})
	for _, p := range got.Postings {
		if p.Source != counter {
			t.Errorf("%+v takes from somebody", p)
		}
	}
}
