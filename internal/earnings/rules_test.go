package earnings_test

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"relais/internal/earnings"
)

func TestSplitLine(t *testing.T) {
	for _, c := range []struct {
		name                         string
		total, vat, commission, fee  int64
		net, wantCommission, wantFee int64
	}{
		{"10 % of 100 € without 20 % VAT", 12000, 2000, 1000, 500, 10000, 1000, 500},
		{"everything rounds down, the brand has the rest", 999, 2000, 1250, 500, 832, 104, 41},
		{"books at 5.5 %", 2110, 550, 1500, 500, 2000, 300, 100},
		{"nobody brought the buyer", 12000, 2000, 0, 500, 10000, 0, 500},
		{"one cent", 1, 2000, 8000, 2000, 0, 0, 0},
		{"rates take all of the net", 12000, 2000, 8000, 2000, 10000, 8000, 2000},
	} {
		s, err := earnings.SplitLine(c.total, c.vat, c.commission, c.fee)
		want := earnings.Split{Net: c.net, Commission: c.wantCommission, Fee: c.wantFee, Sale: c.total - c.wantCommission - c.wantFee}
		if err != nil || s != want {
			t.Errorf("%s: got %+v, %v; want %+v", c.name, s, err, want)
		}
	}
}

func TestSplitLineRefuses(t *testing.T) {
	for _, c := range [][4]int64{{0, 2000, 0, 0}, {-5, 2000, 0, 0}, {100, -1, 0, 0}, {100, 2000, -1, 0}, {100, 2000, 0, -1}, {100, 0, 9000, 1001}} {
		if s, err := earnings.SplitLine(c[0], c[1], c[2], c[3]); !errors.Is(err, earnings.ErrShares) {
			t.Errorf("SplitLine%v = %+v, %v; want ErrShares", c, s, err)
		}
	}
}

// Whatever the price and the rates, the shares are the price, and none is negative or above its rate.
func TestSplitLineAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := rapid.Int64Range(1, 1<<50).Draw(t, "total")
		vat := rapid.Int64Range(0, 5000).Draw(t, "vat")
		commission := rapid.Int64Range(0, 10000).Draw(t, "commission")
		fee := rapid.Int64Range(0, 10000-commission).Draw(t, "fee")
		s, err := earnings.SplitLine(total, vat, commission, fee)
		if err != nil {
			t.Fatal(err)
		}
		if s.Sale+s.Commission+s.Fee != total || s.Sale < 0 || s.Commission < 0 || s.Fee < 0 || s.Net > total {
			t.Fatalf("%+v of %d", s, total)
		}
	})
}

func TestFreeAt(t *testing.T) {
	delivered := time.Date(2026, 2, 20, 23, 30, 0, 0, time.UTC)
	if got, want := earnings.FreeAt(delivered, 14), time.Date(2026, 3, 6, 23, 30, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("FreeAt = %v, want %v", got, want)
	}
	if got, want := earnings.Expected(delivered, 5, 14), time.Date(2026, 3, 11, 23, 30, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("Expected = %v, want %v", got, want)
	}
}
