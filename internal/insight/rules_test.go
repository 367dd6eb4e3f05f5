package insight

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"relais/internal/i18n"
	"relais/internal/money"
)

func TestPeriodOf(t *testing.T) {
	for _, tt := range []struct {
		name, now, want string
		steps           int
	}{
		{"7", "2026-11-27T12:00:00Z", "7 2026-11-21 2026-11-27 days", 7},
		{"30", "2026-03-01T23:30:00Z", "30 2026-02-01 2026-03-02 days", 30}, // after midnight in Paris
		{"90", "2026-04-10T12:00:00Z", "90 2026-01-11 2026-04-10 days", 90}, // a day of 23 hours among them
		{"90", "2026-11-10T12:00:00Z", "90 2026-08-13 2026-11-10 days", 90}, // one of 25
		{"year", "2026-11-27T12:00:00Z", "year 2025-12-01 2026-11-27 months", 12},
		{"year", "2026-03-31T22:30:00Z", "year 2025-05-01 2026-04-01 months", 12}, // April in Paris
		{"", "2026-11-27T12:00:00Z", "30 2026-10-29 2026-11-27 days", 30},
		{"for ever", "2026-11-27T12:00:00Z", "30 2026-10-29 2026-11-27 days", 30},
	} {
		now, err := time.Parse(time.RFC3339, tt.now)
		if err != nil {
			t.Fatal(err)
		}
		p := PeriodOf(tt.name, now)
		unit := map[bool]string{true: "months", false: "days"}[p.Monthly]
		if got := fmt.Sprint(p.Name, " ", i18n.Day(p.From), " ", i18n.Day(p.To), " ", unit); got != tt.want {
			t.Errorf("PeriodOf(%q, %s) = %s; want %s", tt.name, tt.now, got, tt.want)
		}
		starts := p.Starts()
		if len(starts) != tt.steps || !starts[0].Equal(p.From) {
			t.Errorf("%q at %s has %d steps; want %d", tt.name, tt.now, len(starts), tt.steps)
		}
		for _, at := range starts {
			if !i18n.DayStart(at).Equal(at) {
				t.Errorf("%q at %s has a step at %v", tt.name, tt.now, at)
			}
		}
	}
}

func TestConversion(t *testing.T) {
	for _, tt := range []struct {
		f    Figures
		want int64
		ok   bool
	}{{Figures{}, 0, false}, {Figures{Orders: 3}, 0, false}, {Figures{People: 3}, 0, true}, {Figures{People: 3, Orders: 1}, 3333, true}, {Figures{People: 1, Orders: 2}, 20_000, true}} {
		if got, ok := tt.f.ConversionBps(); got != tt.want || ok != tt.ok {
			t.Errorf("%+v: %d, %v", tt.f, got, ok)
		}
	}
}

// Whatever the order of the parts, what is folded adds up to them, with one amount for each currency in the order of their codes.
func TestFoldAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type key struct {
			cut, key string
			currency money.Currency
		}
		seen := map[key]bool{}
		var parts []part
		var people, orders, earned int64
		for range rapid.IntRange(0, 30).Draw(t, "parts") {
			k := key{rapid.SampledFrom([]string{"total", "step", "link"}).Draw(t, "cut"), rapid.SampledFrom([]string{"", "1", "2"}).Draw(t, "key"),
				rapid.SampledFrom([]money.Currency{"", "CHF", "EUR", "GBP"}).Draw(t, "currency")}
			if seen[k] {
				continue
			}
			seen[k] = true
			p := part{Cut: k.cut, Key: k.key, Currency: k.currency}
			if k.currency == "" {
				p.People = rapid.Int64Range(0, 1000).Draw(t, "people")
			} else {
				p.Orders, p.Earned = rapid.Int64Range(0, 1000).Draw(t, "orders"), rapid.Int64Range(0, 1000).Draw(t, "earned")
			}
			people, orders, earned = people+p.People, orders+p.Orders, earned+p.Earned
			parts = append(parts, p)
		}
		for _, by := range fold(parts) {
			for _, f := range by {
				people, orders = people-f.People, orders-f.Orders
				for i, a := range f.Earned {
					earned -= a.Minor
					if i > 0 && f.Earned[i-1].Currency >= a.Currency || f.Goods[i].Currency != a.Currency {
						t.Errorf("currencies of %+v", f)
					}
				}
			}
		}
		if people != 0 || orders != 0 || earned != 0 {
			t.Errorf("folded, %d people, %d orders and %d earned are missing", people, orders, earned)
		}
	})
}

func TestNamedBestFirst(t *testing.T) {
	eur := func(n int64) []money.Amount { return []money.Amount{money.New(n, "EUR")} }
	var names []string
	for _, n := range named(map[string]Figures{"d": {Visits: 1}, "c": {People: 9}, "b": {Orders: 1, Earned: eur(1)}, "a": {Orders: 1, Earned: eur(5)}, "e": {Visits: 1}}) {
		names = append(names, n.Name)
	}
	if diff := cmp.Diff([]string{"a", "b", "c", "d", "e"}, names); diff != "" {
		t.Error(diff)
	}
}
