package money_test

import (
	"math"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"relais/internal/money"
)

func TestProportion(t *testing.T) {
	for _, c := range []struct{ amount, part, total, want int64 }{
		{0, 0, 1, 0}, {0, 5, 5, 0}, {1, 0, 3, 0}, {1, 2, 3, 0}, {1, 3, 3, 1}, {100, 1, 3, 33}, {100, 2, 3, 66}, {7, 50, 100, 3},
		{math.MaxInt64, math.MaxInt64, math.MaxInt64, math.MaxInt64}, {math.MaxInt64, 1, 2, math.MaxInt64 / 2},
	} {
		if got := money.Proportion(c.amount, c.part, c.total); got != c.want {
			t.Errorf("Proportion(%d, %d, %d) = %d, want %d", c.amount, c.part, c.total, got, c.want)
		}
	}
	for _, c := range [][3]int64{{-1, 0, 1}, {1, -1, 1}, {1, 2, 1}, {1, 0, 0}, {1, 0, -1}} {
		mustPanic(t, "Proportion", func() { money.Proportion(c[0], c[1], c[2]) })
	}
}

func TestSpread(t *testing.T) {
	for _, c := range []struct {
		amount  int64
		weights []int64
		want    []int64
	}{
		{0, nil, []int64{}},
		{0, []int64{0, 0}, []int64{0, 0}},
		{0, []int64{3, 4}, []int64{0, 0}},
		{7, []int64{3, 4}, []int64{3, 4}},
		{3, []int64{1, 3, 3}, []int64{1, 1, 1}},
		{4, []int64{1, 3, 3}, []int64{0, 2, 2}}, // why clawbacks are not spread like this: the first would get one back
		{1, []int64{0, 5, 5}, []int64{0, 1, 0}}, // ties go to the first
		{5, []int64{0, 10, 0}, []int64{0, 5, 0}},
		{math.MaxInt64, []int64{math.MaxInt64 - 1, 1}, []int64{math.MaxInt64 - 1, 1}},
	} {
		if got := money.Spread(c.amount, c.weights); !slices.Equal(got, c.want) {
			t.Errorf("Spread(%d, %d) = %d, want %d", c.amount, c.weights, got, c.want)
		}
	}
	for _, c := range []struct {
		amount  int64
		weights []int64
	}{{1, nil}, {-1, []int64{1}}, {2, []int64{1}}, {0, []int64{-1}}, {1, []int64{math.MaxInt64, 1}}} {
		mustPanic(t, "Spread", func() { money.Spread(c.amount, c.weights) })
	}
}

// Parts sum to the amount, none exceeds its weight, and each is its exact share, rounded down or up.
func TestSpreadIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weights := rapid.SliceOfN(rapid.OneOf(rapid.Int64Range(0, 9), rapid.Int64Range(0, 1<<58)), 1, 12).Draw(t, "weights")
		var sum int64
		for _, w := range weights {
			sum += w
		}
		amount := rapid.Int64Range(0, sum).Draw(t, "amount")
		var got int64
		for i, p := range money.Spread(amount, weights) {
			got += p
			if p < 0 || p > weights[i] || sum > 0 && (p < exact(amount, weights[i], sum) || p > exact(amount, weights[i], sum)+1) {
				t.Fatalf("part %d of %d over %d is %d", i, amount, weights, p)
			}
		}
		if got != amount {
			t.Fatalf("the parts of %d over %d sum to %d", amount, weights, got)
		}
	})
}

// Whatever the numbers, a proportion is the exact quotient rounded down.
func FuzzProportion(f *testing.F) {
	f.Add(int64(100), int64(1), int64(3))
	f.Add(int64(math.MaxInt64), int64(math.MaxInt64-1), int64(math.MaxInt64))
	f.Fuzz(func(t *testing.T, amount, part, total int64) {
		if amount < 0 || part < 0 || total <= 0 || part > total {
			return
		}
		want := new(big.Int).Mul(big.NewInt(amount), big.NewInt(part))
		if want.Div(want, big.NewInt(total)); money.Proportion(amount, part, total) != want.Int64() {
			t.Errorf("Proportion(%d, %d, %d) = %d, want %d", amount, part, total, money.Proportion(amount, part, total), want)
		}
	})
}
