package royalties_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"relais/internal/catalog"
	"relais/internal/earnings"
	"relais/internal/royalties"
)

func design(member, bps int64) royalties.Royalty {
	r := royalties.Of(earnings.Royalty, bps)
	r.MemberID = member
	return r
}

func idea(member, bps int64) royalties.Royalty {
	r := royalties.Of(earnings.Idea, bps)
	r.MemberID = member
	return r
}

func rates(rs []royalties.Royalty) (list []int64) {
	for _, r := range rs {
		list = append(list, r.RateBps)
	}
	return list
}

// A member with several parts has one share of each kind, where their nearest stands.
func TestGather(t *testing.T) {
	got := royalties.Gather([]royalties.Royalty{design(1, 500), design(2, 300), design(1, 200), idea(1, 100), design(2, 50)})
	want := []royalties.Royalty{design(1, 700), design(2, 350), idea(1, 100)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if royalties.Together(got) != 1150 {
		t.Errorf("together %d", royalties.Together(got))
	}
	if royalties.Gather(nil) != nil {
		t.Error("something of nothing")
	}
}

func TestAllowed(t *testing.T) {
	for _, c := range []struct {
		most int64
		rs   []royalties.Royalty
		want error
	}{
		{0, nil, nil}, {0, []royalties.Royalty{design(1, 1)}, royalties.ErrTooMuch}, {1000, []royalties.Royalty{design(1, 600), design(2, 400)}, nil},
		{1000, []royalties.Royalty{design(1, 600), design(2, 401)}, royalties.ErrTooMuch},
	} {
		if err := royalties.Allowed(catalog.Terms{RoyaltyBps: c.most}, c.rs); !errors.Is(err, c.want) {
			t.Errorf("%d: %v, want %v", c.most, err, c.want)
		}
	}
}

func TestFit(t *testing.T) {
	whole := func(bps int64) []earnings.Credit {
		return []earnings.Credit{{MemberID: 9, RateBps: bps, PartBps: 10000}}
	}
	for name, c := range map[string]struct {
		credits []earnings.Credit
		fee     int64
		agreed  []royalties.Royalty
		want    []int64
	}{
		"there is room":           {whole(1000), 500, []royalties.Royalty{design(1, 1000), design(2, 300), idea(3, 200)}, []int64{1000, 300, 200}},
		"to the last basis point": {whole(7000), 500, []royalties.Royalty{design(1, 2000), design(2, 500)}, []int64{2000, 500}},
		"in proportion":           {whole(8000), 500, []royalties.Royalty{design(1, 2000), idea(2, 1000)}, []int64{1000, 500}},
		"each rounded down":       {whole(8000), 500, []royalties.Royalty{design(1, 1001), design(2, 1000)}, []int64{750, 749}},
		"none is left":            {whole(8000), 2000, []royalties.Royalty{design(1, 1000), design(2, 1)}, []int64{0, 0}},
		"less than none is left":  {whole(9000), 2000, []royalties.Royalty{design(1, 1000)}, []int64{0}},
		"of two who share a line": {[]earnings.Credit{{RateBps: 7501, PartBps: 5000}, {RateBps: 7500, PartBps: 5000}}, 500, []royalties.Royalty{design(1, 2000)}, []int64{1999}},
		"nobody brought it":       {nil, 0, []royalties.Royalty{design(1, 10000)}, []int64{10000}},
	} {
		before := rates(c.agreed)
		fitted, r := royalties.Fit(c.agreed, earnings.Rates{Credits: c.credits, FeeBps: c.fee})
		if diff := cmp.Diff(c.want, rates(fitted)); diff != "" || !cmp.Equal(c.want, r.Royalties) {
			t.Errorf("%s: %s%v", name, diff, r.Royalties)
		}
		if !cmp.Equal(before, rates(c.agreed)) {
			t.Errorf("%s: what was agreed is changed", name)
		}
		for i, f := range fitted {
			if f.AgreedBps != c.agreed[i].AgreedBps || f.Reduced() != (f.RateBps < c.agreed[i].RateBps) {
				t.Errorf("%s: %+v of %+v", name, f, c.agreed[i])
			}
		}
	}
}

// Whatever was agreed under whatever terms: what Fit leaves can be split, nobody has more than they agreed on, a rate is lowered only where there is
// no room, and then no more than rounding asks for.
func TestFitAlwaysSplits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.Int64Range(1, 9999).Draw(t, "part")
		credits := []earnings.Credit{{RateBps: rapid.Int64Range(0, 8000).Draw(t, "first"), PartBps: part}, {RateBps: rapid.Int64Range(0, 8000).Draw(t, "second"), PartBps: 10000 - part}}
		fee := rapid.Int64Range(0, 2000).Draw(t, "fee")
		var agreed []royalties.Royalty
		for i, bps := range rapid.SliceOfN(rapid.Int64Range(1, 2500), 0, 6).Draw(t, "agreed") {
			agreed = append(agreed, design(int64(i), bps))
		}
		fitted, r := royalties.Fit(agreed, earnings.Rates{Credits: credits, FeeBps: fee})
		total := rapid.Int64Range(1, 1<<40).Draw(t, "total")
		s, err := earnings.SplitLine(total, rapid.Int64Range(0, 5000).Draw(t, "vat"), r)
		if err != nil {
			t.Fatalf("%v: %v of %v", err, r, rates(agreed))
		}
		sum := s.Sale + s.Fee + s.Commissions[0] + s.Commissions[1]
		for i, minor := range s.Royalties {
			if sum += minor; minor < 0 || fitted[i].RateBps > agreed[i].RateBps {
				t.Fatalf("%+v of %v", s, rates(agreed))
			}
		}
		if sum != total || s.Sale < 0 {
			t.Fatalf("%+v of %d", s, total)
		}
		taken := credits[0].RateBps*credits[0].PartBps + credits[1].RateBps*credits[1].PartBps
		room := 10000 - fee - (taken+9999)/10000
		if asked := royalties.Together(agreed); asked <= room && royalties.Together(fitted) != asked || asked > room && royalties.Together(fitted) < room-int64(len(agreed)) {
			t.Fatalf("%v of %v where there is room for %d", rates(fitted), rates(agreed), room)
		}
	})
}

// A bowl at 120.00 with 20 % VAT is 100.00 net: 10 % commission, a royalty of 8 % and one of 2 % of the design that it varies, 1 % for the idea,
// 5 % fee; the storefront asks 6.00 more, of which 5.00 are its member's.
func TestExample(t *testing.T) {
	terms := catalog.Terms{CommissionBps: 1000, RoyaltyBps: 1000, IdeaBps: 100}
	got, err := royalties.Example(12000, 2000, 600, terms, []royalties.Royalty{design(1, 800), design(2, 200), idea(3, 100)}, 500)
	want := earnings.Split{Net: 10000, Margin: 500, Commissions: []int64{1000}, Royalties: []int64{800, 200, 100}, Fee: 500, Sale: 9400 + 100}
	if err != nil || !cmp.Equal(want, got) {
		t.Errorf("%v %s", err, cmp.Diff(want, got))
	}
	terms.CommissionBps = 8000
	if got, err := royalties.Example(12000, 2000, 0, terms, []royalties.Royalty{design(1, 2000), design(2, 1000)}, 500); err != nil || !cmp.Equal([]int64{1000, 500}, got.Royalties) {
		t.Errorf("without room: %v %v", got, err)
	}
	if _, err := royalties.Example(0, 2000, 0, terms, nil, 500); !errors.Is(err, earnings.ErrShares) {
		t.Errorf("of no price: %v", err)
	}
}

func FuzzExample(f *testing.F) {
	f.Add(int64(12000), int64(2000), int64(600), int64(1000), int64(800), int64(200), int64(500))
	f.Add(int64(1), int64(0), int64(0), int64(8000), int64(2500), int64(1000), int64(2000))
	f.Fuzz(func(t *testing.T, price, vat, margin, commission, first, second, fee int64) {
		if price < 1 || price > 1<<40 || vat < 0 || vat > 5000 || margin < 0 || margin > price || commission < 0 || commission > 8000 || first < 0 || first > 2500 || second < 0 || second > 2500 ||
			fee < 0 || fee > 2000 {
			return
		}
		s, err := royalties.Example(price, vat, margin, catalog.Terms{CommissionBps: commission}, []royalties.Royalty{design(1, first), design(2, second)}, fee)
		if err != nil {
			t.Fatal(err)
		}
		if s.Sale < 0 || s.Royalties[0] < 0 || s.Royalties[1] < 0 || s.Sale+s.Fee+s.Margin+s.Commissions[0]+s.Royalties[0]+s.Royalties[1] != price+margin {
			t.Fatalf("%+v of %d + %d", s, price, margin)
		}
	})
}
