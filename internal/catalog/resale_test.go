package catalog_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"relais/internal/catalog"
	"relais/internal/money"
)

// The worked example of the pages: 24.00 with 20 % VAT, 10 % commission, 5 % fee, and 3.00 on top.
func TestPreviewResale(t *testing.T) {
	eur := func(minor int64) money.Amount { return money.New(minor, "EUR") }
	want := catalog.Resale{BrandPrice: eur(2400), Margin: eur(300), Price: eur(2700), VAT: eur(450), Net: eur(2000), Commission: eur(200), Kept: eur(250),
		MarginVAT: eur(50), Profit: eur(450), Fee: eur(100), Brand: eur(1700)}
	if diff := cmp.Diff(want, catalog.PreviewResale(eur(2400), 300, 2000, 1000, 500)); diff != "" {
		t.Error(diff)
	}
	rapid.Check(t, func(t *rapid.T) {
		price, vat := rapid.Int64Range(1, 100_000_000).Draw(t, "price"), rapid.Int64Range(0, 5000).Draw(t, "vat")
		most := rapid.Int64Range(0, catalog.MostMarginBps).Draw(t, "most")
		margin := catalog.MarginOn(price, rapid.Int64Range(0, 200_000_000).Draw(t, "typed"), most)
		if margin < 0 || margin > catalog.MaxMargin(price, most) || margin > price {
			t.Fatalf("a margin of %d on %d at %d bps", margin, price, most)
		}
		r := catalog.PreviewResale(eur(price), margin, vat, rapid.Int64Range(0, 8000).Draw(t, "commission"), rapid.Int64Range(0, 2000).Draw(t, "fee"))
		if sum := r.VAT.Minor + r.Commission.Minor + r.Kept.Minor + r.Fee.Minor + r.Brand.Minor; sum != r.Price.Minor || r.Brand.Minor < 0 {
			t.Fatalf("%+v sums to %d", r, sum)
		}
	})
}

// The lowest price of 30 days is of one seller's own prices: the storefront's, margin included.
func TestWithMargins(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n) }
	at := func(n int, minor int64) catalog.PricePoint {
		return catalog.PricePoint{PriceMinor: minor, Since: day(n)}
	}
	brand := []catalog.PricePoint{at(0, 10000), at(40, 9000)}
	for _, c := range []struct {
		name    string
		margins []catalog.PricePoint
		prior   int64 // 0: no reduction may be announced
	}{
		{"no margin", nil, 10000},
		{"the same margin all the time", []catalog.PricePoint{at(1, 500)}, 10500},
		{"a margin that eats the reduction", []catalog.PricePoint{at(40, 1500)}, 0},
		{"a margin since yesterday, still cheaper", []catalog.PricePoint{at(49, 500)}, 9000 + 0},
		{"lowered on the same day", []catalog.PricePoint{at(1, 2000), at(40, 1000)}, 12000},
		{"a margin from before the product had a price", []catalog.PricePoint{at(-5, 300)}, 10300},
	} {
		prior, _, ok := catalog.Reduction(catalog.WithMargins(brand, c.margins), day(50))
		if c.name == "a margin since yesterday, still cheaper" {
			if ok { // 95.00 was 90.00 the day before: dearer, not reduced
				t.Errorf("%s: reduced from %d", c.name, prior)
			}
			continue
		}
		if ok != (c.prior > 0) || prior != c.prior {
			t.Errorf("%s: %d, %t; want %d", c.name, prior, ok, c.prior)
		}
	}
}
