package money_test

import (
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"

	"relais/internal/money"
)

func TestParse(t *testing.T) {
	tests := []struct {
		in       string
		currency money.Currency
		want     int64
		err      error
	}{
		{"12", "EUR", 1200, nil},
		{"0", "EUR", 0, nil},
		{"1234.56", "EUR", 123456, nil},
		{"1 234,56", "EUR", 123456, nil},
		{"1\u202f234\u202f567,8", "EUR", 123456780, nil},
		{"1\u00a0234,56", "EUR", 123456, nil},
		{"1'234.56", "CHF", 123456, nil},
		{"1’234.56", "CHF", 123456, nil},
		{"1,234.56", "USD", 123456, nil},
		{"1.234,56", "EUR", 123456, nil},
		{"1,234,567", "USD", 123456700, nil},
		{"  7,5 ", "EUR", 750, nil},
		{"1,234", "KWD", 1234, nil},
		{"1,234", "JPY", 1234, nil},
		{"1500", "JPY", 1500, nil},
		{"92233720368547758.07", "EUR", math.MaxInt64, nil},
		{"92233720368547758.08", "EUR", 0, money.ErrOverflow},
		{"999999999999999999999", "EUR", 0, money.ErrOverflow},
		{"1,234", "EUR", 0, money.ErrFormat},
		{"12.345", "EUR", 0, money.ErrFormat},
		{"1.5", "JPY", 0, money.ErrFormat},
		{"", "EUR", 0, money.ErrFormat},
		{",5", "EUR", 0, money.ErrFormat},
		{"5,", "EUR", 0, money.ErrFormat},
		{"-5", "EUR", 0, money.ErrFormat},
		{"+5", "EUR", 0, money.ErrFormat},
		{"1e3", "EUR", 0, money.ErrFormat},
		{"5,x", "EUR", 0, money.ErrFormat},
		{"1 2345", "EUR", 0, money.ErrFormat},
		{"1234 567", "EUR", 0, money.ErrFormat},
		{"1 234.567,89", "EUR", 0, money.ErrFormat},
		{" 1 234", "EUR", 123400, nil},
		{"=1+1", "EUR", 0, money.ErrFormat},
		{"١٢", "EUR", 0, money.ErrFormat},
		{"12", "euro", 0, money.ErrCurrency},
	}
	for _, tt := range tests {
		t.Run(tt.in+" "+string(tt.currency), func(t *testing.T) {
			got, err := money.Parse(tt.in, tt.currency)
			if !errors.Is(err, tt.err) || got.Minor != tt.want {
				t.Errorf("Parse(%q, %s) = %v, %v; want %d, %v", tt.in, tt.currency, got, err, tt.want, tt.err)
			}
		})
	}
}

func TestParseReadsWhatDecimalWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := money.New(rapid.Int64Range(0, math.MaxInt64).Draw(t, "minor"),
			rapid.SampledFrom([]money.Currency{"EUR", "JPY", "KWD", "CLF"}).Draw(t, "currency"))
		if got, err := money.Parse(want.Decimal(), want.Currency); err != nil || got != want {
			t.Fatalf("Parse(%q) = %v, %v; want %v", want.Decimal(), got, err, want)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"12", "1 234,56", "1,234.56", "-1", "", ".", "1'000", "١٢", "9999999999999999999"} {
		f.Add(s, "EUR")
	}
	f.Fuzz(func(t *testing.T, s, currency string) {
		a, err := money.Parse(s, money.Currency(currency))
		if err != nil {
			if a != (money.Amount{}) {
				t.Fatalf("Parse(%q) = %v with %v", s, a, err)
			}
			return
		}
		if a.Minor < 0 || a.Currency != money.Currency(currency) {
			t.Fatalf("Parse(%q, %q) = %v", s, currency, a)
		}
		if again, err := money.Parse(a.Decimal(), a.Currency); err != nil || again != a {
			t.Fatalf("%v is read back as %v, %v", a, again, err)
		}
	})
}

func FuzzShare(f *testing.F) {
	f.Add(int64(2990), int64(2000))
	f.Add(int64(math.MaxInt64), int64(10000))
	f.Fuzz(func(t *testing.T, base, bps int64) {
		if base < 0 || bps < 0 || bps > 10000 {
			return
		}
		if got, want := money.Share(base, bps), exact(base, bps, 10000); got != want {
			t.Fatalf("Share(%d, %d) = %d, want %d", base, bps, got, want)
		}
		if got, want := money.NetOfVAT(base, bps), exact(base, 10000, 10000+bps); got != want {
			t.Fatalf("NetOfVAT(%d, %d) = %d, want %d", base, bps, got, want)
		}
	})
}
