package money_test

import (
	"errors"
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"relais/internal/money"
)

func TestCurrency(t *testing.T) {
	for c, want := range map[money.Currency]int{"EUR": 2, "USD": 2, "JPY": 0, "KRW": 0, "ISK": 0, "KWD": 3, "TND": 3, "CLF": 4} {
		if got := c.Exponent(); got != want {
			t.Errorf("%s.Exponent() = %d, want %d", c, got, want)
		}
		if err := c.Valid(); err != nil {
			t.Errorf("%s.Valid() = %v", c, err)
		}
	}
	for _, c := range []money.Currency{"", "EU", "EURO", "eur", "E1R", "ÉU"} {
		if err := c.Valid(); !errors.Is(err, money.ErrCurrency) {
			t.Errorf("%q.Valid() = %v, want ErrCurrency", c, err)
		}
	}
}

func TestArithmetic(t *testing.T) {
	eur := func(minor int64) money.Amount { return money.New(minor, "EUR") }
	add := func(a, b money.Amount) (money.Amount, error) { return a.Add(b) }
	sub := func(a, b money.Amount) (money.Amount, error) { return a.Sub(b) }
	mul := func(a, b money.Amount) (money.Amount, error) { return a.Mul(b.Minor) }
	tests := []struct {
		name string
		op   func(a, b money.Amount) (money.Amount, error)
		a, b money.Amount
		want int64
		err  error
	}{
		{"add", add, eur(1), eur(2), 3, nil},
		{"add nothing", add, eur(math.MaxInt64), eur(0), math.MaxInt64, nil},
		{"add past the top", add, eur(math.MaxInt64), eur(1), 0, money.ErrOverflow},
		{"add past the bottom", add, eur(math.MinInt64), eur(-1), 0, money.ErrOverflow},
		{"add another currency", add, eur(1), money.New(1, "USD"), 0, money.ErrMixed},
		{"subtract", sub, eur(1), eur(2), -1, nil},
		{"subtract past the bottom", sub, eur(math.MinInt64), eur(1), 0, money.ErrOverflow},
		{"subtract past the top", sub, eur(0), eur(math.MinInt64), 0, money.ErrOverflow},
		{"subtract another currency", sub, eur(1), money.New(1, "USD"), 0, money.ErrMixed},
		{"multiply", mul, eur(-7), eur(6), -42, nil},
		{"multiply nothing", mul, eur(0), eur(math.MaxInt64), 0, nil},
		{"multiply past the top", mul, eur(math.MaxInt64), eur(2), 0, money.ErrOverflow},
		{"turn the bottom round", mul, eur(math.MinInt64), eur(-1), 0, money.ErrOverflow},
		{"turn round the bottom", mul, eur(-1), eur(math.MinInt64), 0, money.ErrOverflow},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.op(tt.a, tt.b)
			if !errors.Is(err, tt.err) || got.Minor != tt.want {
				t.Errorf("got %v, %v; want %d, %v", got, err, tt.want, tt.err)
			}
		})
	}
}

func TestSign(t *testing.T) {
	for minor, want := range map[int64]int{-5: -1, 0: 0, 5: 1} {
		a := money.New(minor, "EUR")
		if a.Sign() != want || a.IsZero() != (want == 0) || a.Neg().Minor != -minor {
			t.Errorf("%v: Sign %d, IsZero %v, Neg %v", a, a.Sign(), a.IsZero(), a.Neg())
		}
	}
	mustPanic(t, "the negation of the smallest amount", func() { money.New(math.MinInt64, "EUR").Neg() })
}

func TestString(t *testing.T) {
	for want, a := range map[string]money.Amount{
		"1234.50 EUR":               money.New(123450, "EUR"),
		"0.05 EUR":                  money.New(5, "EUR"),
		"-0.05 EUR":                 money.New(-5, "EUR"),
		"0.00 EUR":                  money.New(0, "EUR"),
		"1500 JPY":                  money.New(1500, "JPY"),
		"-1.005 KWD":                money.New(-1005, "KWD"),
		"-92233720368547758.08 EUR": money.New(math.MinInt64, "EUR"),
	} {
		if got := a.String(); got != want {
			t.Errorf("String() = %q, want %q", got, want)
		}
	}
}

func TestShareAndNet(t *testing.T) {
	tests := []struct{ base, bps, share, net int64 }{
		{10000, 1000, 1000, 9090},
		{2990, 2000, 598, 2491},
		{1, 9999, 0, 0},
		{999, 10000, 999, 499},
		{0, 500, 0, 0},
		{math.MaxInt64, 10000, math.MaxInt64, math.MaxInt64 / 2},
	}
	for _, tt := range tests {
		if got := money.Share(tt.base, tt.bps); got != tt.share {
			t.Errorf("Share(%d, %d) = %d, want %d", tt.base, tt.bps, got, tt.share)
		}
		if got := money.NetOfVAT(tt.base, tt.bps); got != tt.net {
			t.Errorf("NetOfVAT(%d, %d) = %d, want %d", tt.base, tt.bps, got, tt.net)
		}
	}
	mustPanic(t, "a share of less than nothing", func() { money.Share(-1, 1) })
	mustPanic(t, "a negative rate", func() { money.Share(1, -1) })
	mustPanic(t, "more than everything", func() { money.Share(1, 10001) })
	mustPanic(t, "a negative price", func() { money.NetOfVAT(-1, 2000) })
	mustPanic(t, "a negative VAT", func() { money.NetOfVAT(1, -1) })
	mustPanic(t, "a VAT out of range", func() { money.NetOfVAT(1, math.MaxInt64) })
}

func mustPanic(t *testing.T, what string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if recover() == nil {
			t.Errorf("%s did not panic", what)
		}
	}()
	f()
}

// exact is floor(a*b/c) in arbitrary precision.
func exact(a, b, c int64) int64 {
	n := new(big.Int).Mul(big.NewInt(a), big.NewInt(b))
	return n.Quo(n, big.NewInt(c)).Int64()
}

func TestSharesAreExactAndMonotonic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base := rapid.Int64Range(0, math.MaxInt64).Draw(t, "base")
		bps := rapid.Int64Range(0, 10000).Draw(t, "bps")
		got := money.Share(base, bps)
		if want := exact(base, bps, 10000); got != want {
			t.Fatalf("Share = %d, want %d", got, want)
		}
		if rest := base - got - money.Share(base, 10000-bps); rest < 0 || rest > 1 {
			t.Fatalf("two shares of everything leave %d", rest)
		}
		if bps < 10000 && money.Share(base, bps+1) < got {
			t.Fatalf("a higher rate gives less")
		}
		if want := exact(base, 10000, 10000+bps); money.NetOfVAT(base, bps) != want {
			t.Fatalf("NetOfVAT = %d, want %d", money.NetOfVAT(base, bps), want)
		}
	})
}

func TestArithmeticAgreesWithBigNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Int64().Draw(t, "a"), rapid.Int64().Draw(t, "b")
		x, y := big.NewInt(a), big.NewInt(b)
		agree := func(name string, got money.Amount, err error, want *big.Int) {
			t.Helper()
			if want.IsInt64() != (err == nil) || (err == nil && got.Minor != want.Int64()) {
				t.Fatalf("%s(%d, %d) = %v, %v; want %v", name, a, b, got, err, want)
			}
		}
		p, q := money.New(a, "EUR"), money.New(b, "EUR")
		sum, err := p.Add(q)
		agree("Add", sum, err, new(big.Int).Add(x, y))
		difference, err := p.Sub(q)
		agree("Sub", difference, err, new(big.Int).Sub(x, y))
		product, err := p.Mul(b)
		agree("Mul", product, err, new(big.Int).Mul(x, y))
	})
}
