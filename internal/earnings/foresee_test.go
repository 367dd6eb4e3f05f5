package earnings_test

import (
	"testing"

	"pgregory.net/rapid"

	"relais/internal/earnings"
	"relais/internal/money"
)

// TestForesee: what everybody gives back sums to what goes back, however it goes back in parts, and nobody gives more than they had.
func TestForesee(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		line := int64(7)
		total := rapid.Int64Range(1, 1_000_000).Draw(t, "total")
		split, err := earnings.SplitLine(total, 2000, earnings.Rates{Credits: two(rapid.Int64Range(0, 4000).Draw(t, "commission"), rapid.Int64Range(1, 9999).Draw(t, "part"),
			rapid.Int64Range(0, 4000).Draw(t, "other commission")), Royalties: []int64{rapid.Int64Range(0, 2500).Draw(t, "royalty"), rapid.Int64Range(0, 1000).Draw(t, "idea")},
			FeeBps: rapid.Int64Range(0, 2000).Draw(t, "fee")})
		if err != nil {
			t.Fatal(err)
		}
		es := []earnings.Earning{
			{ID: 1, OrderLineID: &line, Role: earnings.Sale, Amount: money.New(split.Sale, "EUR")},
			{ID: 2, OrderLineID: &line, Role: earnings.Commission, Amount: money.New(split.Commissions[0], "EUR")},
			{ID: 3, OrderLineID: &line, Role: earnings.Commission, Amount: money.New(split.Commissions[1], "EUR")},
			{ID: 4, OrderLineID: &line, Role: earnings.Royalty, Amount: money.New(split.Royalties[0], "EUR")},
			{ID: 5, OrderLineID: &line, Role: earnings.Idea, Amount: money.New(split.Royalties[1], "EUR")},
		}
		var before, fees int64
		for before < total {
			after := rapid.Int64Range(before+1, total).Draw(t, "after")
			part := earnings.Part{OrderLineID: &line, Total: total, Before: before, After: after}
			if got := earnings.AsOf(es, []earnings.Part{part}); got[0].ReturnedMinor != es[0].ReturnedMinor {
				t.Fatalf("as of %d: %d given back, want %d", before, got[0].ReturnedMinor, es[0].ReturnedMinor)
			}
			gives, fee := earnings.Foresee(es, []earnings.Part{part})
			sum := fee
			for _, g := range gives {
				sum += g.Give
				es[g.Earning.ID-1].ReturnedMinor += g.Give
			}
			if sum != after-before {
				t.Fatalf("%d go back, %d are given", after-before, sum)
			}
			before, fees = after, fees+fee
		}
		if es[0].Left().Minor != 0 || es[1].Left().Minor != 0 || es[2].Left().Minor != 0 || fees != split.Fee {
			t.Fatalf("left %v, %v and %v, fee %d of %d", es[0].Left(), es[1].Left(), es[2].Left(), fees, split.Fee)
		}
	})
}

// TestSteps: each clawback follows from the share, what had gone back, and what was given before; what is undone is said to be.
func TestSteps(t *testing.T) {
	steps := earnings.Steps(1000, 12000, []earnings.Clawback{
		{Cause: earnings.RefundMade, AmountMinor: 83, RefundedMinor: 1000},
		{Cause: earnings.RefundMade, AmountMinor: 83, RefundedMinor: 1000},
		{Cause: earnings.RefundFailed, AmountMinor: -83, RefundedMinor: 1000},
		{Cause: earnings.DisputeLost, AmountMinor: 917}, // its parts are not known any more:
		{Cause: earnings.DisputeWon, AmountMinor: -917}, // it was won after all
		{Cause: earnings.RefundMade, AmountMinor: 917, RefundedMinor: 11000},
	})
	type row struct {
		soFar, given int64
		exact        bool
	}
	want := []row{{1000, 0, true}, {2000, 83, true}, {1000, 166, true}, {1000, 83, false}, {1000, 1000, false}, {12000, 83, true}}
	for i, s := range steps {
		if got := (row{s.SoFar, s.Given, s.Exact}); got != want[i] {
			t.Errorf("step %d: %+v; want %+v", i, got, want[i])
		}
	}
}
