package storefronts_test

import (
	"testing"

	"relais/internal/money"
	"relais/internal/storefronts"
)

func TestMarginOnAndCapped(t *testing.T) {
	eur, gbp := money.Currency("EUR"), money.Currency("GBP")
	m := func(minor int64, c *money.Currency, staff bool) storefronts.Margin {
		return storefronts.Margin{Minor: minor, Currency: c, Staff: staff}
	}
	for _, c := range []struct {
		name   string
		margin storefronts.Margin
		bps    int64
		on     int64 // on 10.00 euros
		capped int64
		why    storefronts.Why // empty: it stays
	}{
		{"none", m(0, nil, false), 2000, 0, 0, ""},
		{"within", m(150, &eur, false), 2000, 150, 150, ""},
		{"exactly the most", m(200, &eur, false), 2000, 200, 200, ""},
		{"a cent too much", m(201, &eur, false), 2000, 200, 200, storefronts.CutByTerms},
		{"no longer allowed", m(150, &eur, false), 0, 0, 0, storefronts.CutByTerms},
		{"in another currency", m(150, &gbp, false), 2000, 0, 0, storefronts.CutByCurrency},
		{"of the brand's team", m(150, &eur, true), 2000, 0, 150, ""},
	} {
		low := money.New(1000, "EUR")
		if got := c.margin.On(low, c.bps); got != money.New(c.on, "EUR") {
			t.Errorf("%s: %s", c.name, got)
		}
		minor, why, ok := storefronts.Capped(c.margin, low, c.bps, storefronts.CutByTerms)
		if ok != (c.why != "") || minor != c.capped || ok && why != c.why {
			t.Errorf("%s: lowered to %d because of %q, %t", c.name, minor, why, ok)
		}
	}
}
