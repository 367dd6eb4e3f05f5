package earnings_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"relais/internal/earnings"
)

// all is one member who has all of a line.
func all(rateBps int64) []earnings.Credit {
	if rateBps == 0 {
		return nil
	}
	return []earnings.Credit{{MemberID: 1, RateBps: rateBps, PartBps: 10000}}
}

// two are members who share a line: the first has that part.
func two(rate1, part1, rate2 int64) []earnings.Credit {
	return []earnings.Credit{{MemberID: 1, RateBps: rate1, PartBps: part1}, {MemberID: 2, RateBps: rate2, PartBps: 10000 - part1}}
}

func TestSplitLine(t *testing.T) {
	for _, c := range []struct {
		name       string
		total, vat int64
		credits    []earnings.Credit
		fee        int64
		net        int64
		want       []int64
		wantFee    int64
	}{
		{"10 % of 100 € without 20 % VAT", 12000, 2000, all(1000), 500, 10000, []int64{1000}, 500},
		{"everything rounds down, the brand has the rest", 999, 2000, all(1250), 500, 832, []int64{104}, 41},
		{"books at 5.5 %", 2110, 550, all(1500), 500, 2000, []int64{300}, 100},
		{"nobody brought the buyer", 12000, 2000, nil, 500, 10000, nil, 500},
		{"one cent", 1, 2000, all(8000), 2000, 0, []int64{0}, 0},
		{"rates take all of the net", 12000, 2000, all(8000), 2000, 10000, []int64{8000}, 2000},
		{"two share 10 % by 70 and 30 %", 12000, 2000, two(1000, 7000, 1000), 500, 10000, []int64{700, 300}, 500},
		{"two at rates of their own", 12000, 2000, two(1200, 7000, 1000), 500, 10000, []int64{840, 300}, 500},
		{"each part rounds down once, not twice", 1799, 2000, two(1250, 3333, 1250), 500, 1499, []int64{62, 124}, 74},
		{"two of one cent", 1, 0, two(8000, 5000, 8000), 0, 1, []int64{0, 0}, 0},
	} {
		s, err := earnings.SplitLine(c.total, c.vat, earnings.Rates{Credits: c.credits, FeeBps: c.fee})
		want := earnings.Split{Net: c.net, Commissions: c.want, Fee: c.wantFee, Sale: c.total - c.wantFee}
		for _, minor := range c.want {
			want.Sale -= minor
		}
		if err != nil || !reflect.DeepEqual(s, want) {
			t.Errorf("%s: got %+v, %v; want %+v", c.name, s, err, want)
		}
	}
}

func TestSplitLineRefuses(t *testing.T) {
	for _, c := range []struct {
		total, vat int64
		credits    []earnings.Credit
		fee        int64
	}{
		{0, 2000, nil, 0}, {-5, 2000, nil, 0}, {100, -1, nil, 0}, {100, 2000, all(-1), 0}, {100, 2000, nil, -1}, {100, 0, all(9000), 1001}, {100, 0, nil, 10001},
		{100, 0, all(10001), 0}, {100, 0, two(1000, 0, 1000), 0}, {100, 0, two(1000, 10000, 1000), 0},
		{100, 0, []earnings.Credit{{RateBps: 100, PartBps: 6000}, {RateBps: 100, PartBps: 4001}}, 0}, {100, 0, two(9000, 5000, 9500), 751},
	} {
		if s, err := earnings.SplitLine(c.total, c.vat, earnings.Rates{Credits: c.credits, FeeBps: c.fee}); !errors.Is(err, earnings.ErrShares) {
			t.Errorf("SplitLine%v = %+v, %v; want ErrShares", c, s, err)
		}
	}
}

// Whatever the price, the rates and the parts, the shares are the price, and none is negative or above its rate. Two who share a line
// at one rate never get more than one would alone, and at most one minor unit less.
func TestSplitLineAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := rapid.Int64Range(1, 1<<50).Draw(t, "total")
		vat := rapid.Int64Range(0, 5000).Draw(t, "vat")
		fee := rapid.Int64Range(0, 10000).Draw(t, "fee")
		rate := rapid.Int64Range(0, 10000-fee).Draw(t, "rate")
		part := rapid.Int64Range(1, 9999).Draw(t, "part")
		alone, err := earnings.SplitLine(total, vat, earnings.Rates{Credits: []earnings.Credit{{RateBps: rate, PartBps: 10000}}, FeeBps: fee})
		if err != nil {
			t.Fatal(err)
		}
		shared, err := earnings.SplitLine(total, vat, earnings.Rates{Credits: two(rate, part, rate), FeeBps: fee})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []earnings.Split{alone, shared} {
			sum := s.Sale + s.Fee
			for _, minor := range s.Commissions {
				if sum += minor; minor < 0 {
					t.Fatalf("%+v of %d", s, total)
				}
			}
			if sum != total || s.Sale < 0 || s.Fee < 0 || s.Net > total {
				t.Fatalf("%+v of %d", s, total)
			}
		}
		if rest := alone.Commissions[0] - shared.Commissions[0] - shared.Commissions[1]; rest < 0 || rest > 1 {
			t.Fatalf("alone %+v, shared %+v", alone, shared)
		}
	})
}

// A royalty is the price without VAT times its rate, rounded down by itself, and the brand's loss alone: whoever brought the buyer, the platform
// and the other authors have what they would have without it. More than there is is refused.
func TestSplitRoyalties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total, vat := rapid.Int64Range(1, 1<<50).Draw(t, "total"), rapid.Int64Range(0, 5000).Draw(t, "vat")
		r := earnings.Rates{Credits: two(rapid.Int64Range(0, 4000).Draw(t, "rate"), rapid.Int64Range(1, 9999).Draw(t, "part"), rapid.Int64Range(0, 4000).Draw(t, "other rate")),
			FeeBps: rapid.Int64Range(0, 2000).Draw(t, "fee")}
		plain, err := earnings.SplitLine(total, vat, r)
		if err != nil {
			t.Fatal(err)
		}
		r.Royalties = rapid.SliceOfN(rapid.Int64Range(0, 1000), 0, 4).Draw(t, "royalties")
		s, err := earnings.SplitLine(total, vat, r)
		if err != nil {
			t.Fatal(err)
		}
		sum := s.Sale
		for i, bps := range r.Royalties {
			if sum += s.Royalties[i]; s.Royalties[i] != floor(s.Net, bps, 10000) {
				t.Fatalf("%d of %d at %d", s.Royalties[i], s.Net, bps)
			}
		}
		if sum != plain.Sale || s.Sale < 0 || s.Fee != plain.Fee || !reflect.DeepEqual(s.Commissions, plain.Commissions) {
			t.Fatalf("%+v, without royalties %+v", s, plain)
		}
	})
	for _, r := range []earnings.Rates{{Royalties: []int64{-1}}, {Royalties: []int64{10001}}, {Royalties: []int64{5000, 5001}}, {Credits: all(8000), FeeBps: 500, Royalties: []int64{1501}},
		{Credits: two(9000, 5000, 9000), Royalties: []int64{1001}}} {
		if s, err := earnings.SplitLine(100, 0, r); !errors.Is(err, earnings.ErrShares) {
			t.Errorf("%+v: %+v, %v; want ErrShares", r, s, err)
		}
	}
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

// A margin is shared by itself: whatever it is, fee and commission are those of the brand's own price, its member has what is left of it
// without VAT, rounded down, the brand the VAT, and together they are the price.
func TestSplitResale(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		brand, margin := rapid.Int64Range(1, 1_000_000).Draw(t, "brand"), rapid.Int64Range(0, 1_000_000).Draw(t, "margin")
		vat, fee := rapid.Int64Range(0, 5000).Draw(t, "vat"), rapid.Int64Range(0, 2000).Draw(t, "fee")
		credits := []earnings.Credit{{RateBps: rapid.Int64Range(0, 8000).Draw(t, "rate"), PartBps: 10000}}
		plain, err := earnings.SplitLine(brand, vat, earnings.Rates{Credits: credits, FeeBps: fee})
		if err != nil {
			t.Fatal(err)
		}
		s, err := earnings.SplitResale(brand+margin, margin, vat, earnings.Rates{Credits: credits, FeeBps: fee})
		if err != nil {
			t.Fatal(err)
		}
		if s.Net != plain.Net || s.Fee != plain.Fee || s.Commissions[0] != plain.Commissions[0] {
			t.Fatalf("a margin of %d changes %+v to %+v", margin, plain, s)
		}
		if s.Margin != floor(margin, 10000, 10000+vat) || s.Sale+s.Commissions[0]+s.Fee+s.Margin != brand+margin || s.Sale < plain.Sale {
			t.Fatalf("%+v of %d + %d", s, brand, margin)
		}
		if vatOwed := brand + margin - floor(brand+margin, 10000, 10000+vat); s.Sale < vatOwed {
			t.Fatalf("the brand has %d and owes %d VAT", s.Sale, vatOwed)
		}
	})
	one, several := []earnings.Credit{{RateBps: 1000, PartBps: 10000}}, two(1000, 5000, 1000)
	for name, c := range map[string]struct {
		total, margin int64
		credits       []earnings.Credit
	}{"more than the price": {100, 100, one}, "less than nothing": {100, -1, one}, "nobody's": {100, 10, nil}, "of two": {100, 10, several}} {
		if s, err := earnings.SplitResale(c.total, c.margin, 2000, earnings.Rates{Credits: c.credits, FeeBps: 500}); !errors.Is(err, earnings.ErrShares) {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
}
