package catalog_test

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/money"
)

func TestLowestPrice30(t *testing.T) {
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	type step struct {
		daysAgo int
		price   int64
	}
	for name, c := range map[string]struct {
		history   []step
		want      int64
		known     bool
		reduction int64
	}{
		"no price yet":                             {nil, 0, false, 0},
		"only one price":                           {[]step{{40, 100}}, 0, false, 0},
		"one step down":                            {[]step{{40, 100}, {1, 80}}, 100, true, 2000},
		"one step up":                              {[]step{{40, 100}, {1, 120}}, 100, true, 0},
		"raised just before":                       {[]step{{90, 100}, {10, 150}, {1, 110}}, 100, true, 0},
		"raised long before":                       {[]step{{90, 100}, {40, 150}, {1, 110}}, 150, true, 2666},
		"raised 30 days before to the hour":        {[]step{{90, 100}, {31, 150}, {1, 110}}, 150, true, 2666},
		"raised 29 days before":                    {[]step{{90, 100}, {30, 150}, {1, 110}}, 100, true, 0},
		"down and down again":                      {[]step{{90, 100}, {20, 80}, {5, 60}}, 80, true, 2500},
		"a dip within the 30 days":                 {[]step{{90, 100}, {20, 70}, {15, 100}, {1, 80}}, 70, true, 0},
		"a dip that ended before the 30 days":      {[]step{{90, 100}, {60, 70}, {50, 100}, {1, 80}}, 100, true, 2000},
		"the reduction has lasted for half a year": {[]step{{400, 100}, {180, 80}}, 100, true, 2000},
		"the same price written twice":             {[]step{{90, 100}, {20, 80}, {5, 80}}, 100, true, 2000},
		"sold for a week only":                     {[]step{{8, 100}, {1, 90}}, 100, true, 1000},
		"a price of tomorrow does not count":       {[]step{{90, 100}, {5, 80}, {-1, 10}}, 100, true, 2000},
	} {
		t.Run(name, func(t *testing.T) {
			var history []catalog.PricePoint
			for _, s := range c.history {
				history = append(history, catalog.PricePoint{PriceMinor: s.price, Since: now.AddDate(0, 0, -s.daysAgo)})
			}
			got, known := catalog.LowestPrice30(history, now)
			if got != c.want || known != c.known {
				t.Errorf("lowest %d, %v, want %d, %v", got, known, c.want, c.known)
			}
			prior, bps, reduced := catalog.Reduction(history, now)
			if reduced != (c.reduction > 0) || bps != c.reduction || reduced && prior != c.want {
				t.Errorf("reduction %d of %d, %v, want %d", bps, prior, reduced, c.reduction)
			}
		})
	}
}

func TestLowestPriceWasAsked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
		var history []catalog.PricePoint
		at := now.AddDate(-1, 0, 0)
		for range rapid.IntRange(0, 12).Draw(t, "steps") {
			at = at.Add(time.Duration(rapid.IntRange(1, 24*60).Draw(t, "hours")) * time.Hour)
			history = append(history, catalog.PricePoint{PriceMinor: rapid.Int64Range(1, 50).Draw(t, "price"), Since: at})
		}
		lowest, ok := catalog.LowestPrice30(history, now)
		asked := false
		for _, p := range history {
			asked = asked || p.PriceMinor == lowest && !p.Since.After(now)
		}
		if ok && !asked {
			t.Errorf("%d was never asked in %v", lowest, history)
		}
		if prior, bps, reduced := catalog.Reduction(history, now); reduced && (bps < 0 || bps >= 10000 || prior != lowest) {
			t.Errorf("reduction of %d bps from %d", bps, prior)
		}
	})
}

func TestPreviewAddsUp(t *testing.T) {
	eur := func(minor int64) money.Amount { return money.New(minor, "EUR") }
	want := catalog.Earnings{Price: eur(2490), VAT: eur(415), Net: eur(2075), Commission: eur(311), Fee: eur(103), Brand: eur(1661)}
	if got := catalog.Preview(eur(2490), 2000, 1500, 500); got != want {
		t.Errorf("preview %+v, want %+v", got, want)
	}
	rapid.Check(t, func(t *rapid.T) {
		price := rapid.Int64Range(1, 100_000_000).Draw(t, "price")
		commission := rapid.Int64Range(0, 8000).Draw(t, "commission")
		e := catalog.Preview(eur(price), rapid.Int64Range(0, 5000).Draw(t, "vat"), commission, rapid.Int64Range(0, 10000-commission).Draw(t, "fee"))
		if e.VAT.Minor+e.Commission.Minor+e.Fee.Minor+e.Brand.Minor != price || e.Brand.Minor < 0 {
			t.Errorf("%+v", e)
		}
	})
}

func TestChoose(t *testing.T) {
	at := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	seven, eight := int64(7), int64(8)
	all := []catalog.Terms{
		{ID: 1, CommissionBps: 100, ValidFrom: at.AddDate(0, 0, -9)},
		{ID: 2, CommissionBps: 200, ValidFrom: at.AddDate(0, 0, -1)},
		{ID: 3, CommissionBps: 300, ValidFrom: at.AddDate(0, 0, 1)},
		{ID: 4, CommissionBps: 400, ValidFrom: at.AddDate(0, 0, -5), ProductID: &seven},
		{ID: 5, CommissionBps: 500, ValidFrom: at.AddDate(0, 0, -5), ProductID: &seven},
		{ID: 6, CommissionBps: 600, ValidFrom: at.AddDate(0, 0, 5), ProductID: &eight},
	}
	for _, c := range []struct {
		product int64
		days    int
		want    int64
	}{{1, 0, 200}, {1, -5, 100}, {1, 1, 300}, {7, 0, 500}, {7, -6, 100}, {8, 0, 200}, {8, 6, 600}, {1, -10, 0}} {
		got, ok := catalog.Choose(all, c.product, at.AddDate(0, 0, c.days))
		if got.CommissionBps != c.want || ok != (c.want > 0) {
			t.Errorf("product %d, day %d: %d, %v, want %d", c.product, c.days, got.CommissionBps, ok, c.want)
		}
	}
}

func TestPromised(t *testing.T) {
	p := catalog.Product{VATBps: 2000, Options: []string{"Taille"}}
	variants := []catalog.Variant{{ID: 1, Values: []string{"S"}, PriceMinor: 100, Active: true}, {ID: 2, Values: []string{"L"}, PriceMinor: 100, Active: true}, {ID: 3, Values: []string{"XL"}}}
	yes, no := true, false
	draft := func(change func(d *catalog.ProductDraft)) catalog.ProductDraft {
		d := catalog.ProductDraft{Title: "Autre", VATBps: 2000, Options: []string{"Taille"}, CustomMade: &no, Variants: []catalog.VariantDraft{
			{Values: []string{"M"}, PriceMinor: 5}, {ID: 2, Values: []string{"L"}, PriceMinor: 70, Stock: 8}, {ID: 1, Values: []string{"S"}, PriceMinor: 200}}}
		if change != nil {
			change(&d)
		}
		return d
	}
	if err := catalog.Promised(p, variants, draft(nil)); err != nil {
		t.Errorf("texts, prices, stock and one more: %v", err)
	}
	for field, change := range map[string]func(d *catalog.ProductDraft){
		"custom_made":       func(d *catalog.ProductDraft) { d.CustomMade = &yes },
		"vat":               func(d *catalog.ProductDraft) { d.VATBps = 0 },
		"options":           func(d *catalog.ProductDraft) { d.Options = []string{"Couleur"} },
		"variants":          func(d *catalog.ProductDraft) { d.Variants = d.Variants[:2] },
		"variants.1.values": func(d *catalog.ProductDraft) { d.Variants[1].Values = []string{"XXL"} },
	} {
		problem, ok := errors.AsType[*fault.Error](catalog.Promised(p, variants, draft(change)))
		if !ok || len(problem.Fields) != 1 || problem.Fields[field] == "" {
			t.Errorf("%s: %v", field, problem)
		}
	}
}
