package catalog

import (
	"slices"
	"time"

	"relais/internal/money"
)

// moves are the edges of a product's life.
var moves = map[State][]State{
	Draft:     {Published, Archived},
	Published: {Draft, Archived},
	Archived:  {Published, Draft},
}

// MayMove says whether a product may go from one state to another.
func MayMove(from, to State) bool { return slices.Contains(moves[from], to) }

// PricePoint is a price, in minor units, and the moment from which it was asked.
type PricePoint struct {
	VariantID  int64     `db:"variant_id"`
	PriceMinor int64     `db:"price_minor"`
	Since      time.Time `db:"since"`
}

const thirtyDays = 30 * 24 * time.Hour

// LowestPrice30 is the prior price of Directive 98/6/EC, article 6a: the lowest price asked during the 30 days
// before the price that is asked now was applied. history is in order of time. ok is false when the variant
// has had only one price: then there is nothing that a reduction could be measured against, and none may be
// announced.
func LowestPrice30(history []PricePoint, now time.Time) (minor int64, ok bool) {
	past := history
	for len(past) > 0 && past[len(past)-1].Since.After(now) {
		past = past[:len(past)-1]
	}
	if len(past) == 0 {
		return 0, false
	}
	current := past[len(past)-1]
	for len(past) > 1 && past[len(past)-2].PriceMinor == current.PriceMinor {
		past = past[:len(past)-1] // the same price written twice began with the first
	}
	applied := past[len(past)-1].Since
	for i := len(past) - 2; i >= 0; i-- {
		if !ok || past[i].PriceMinor < minor {
			minor, ok = past[i].PriceMinor, true
		}
		if !past[i].Since.After(applied.Add(-thirtyDays)) {
			break // this price was already asked when the 30 days began
		}
	}
	return minor, ok
}

// Reduction is what may be announced beside a price: the lowest price of the 30 days before it, and by how
// many basis points the price is below that. ok is false when there is no reduction.
func Reduction(history []PricePoint, now time.Time) (priorMinor, bps int64, ok bool) {
	prior, known := LowestPrice30(history, now)
	if !known {
		return 0, 0, false
	}
	current := int64(0)
	for _, p := range history {
		if !p.Since.After(now) {
			current = p.PriceMinor
		}
	}
	if current >= prior {
		return 0, 0, false
	}
	return prior, (prior - current) * 10000 / prior, true
}

// Choose returns the terms in force for a product at a moment: its own when it has any by then, else those of
// its brand; of several, the newest.
func Choose(all []Terms, productID int64, at time.Time) (Terms, bool) {
	var best Terms
	found := false
	for _, t := range all {
		own := t.ProductID != nil
		if t.ValidFrom.After(at) || own && *t.ProductID != productID {
			continue
		}
		if !found || stronger(t, best) {
			best, found = t, true
		}
	}
	return best, found
}

func stronger(a, b Terms) bool {
	if (a.ProductID != nil) != (b.ProductID != nil) {
		return a.ProductID != nil
	}
	if !a.ValidFrom.Equal(b.ValidFrom) {
		return a.ValidFrom.After(b.ValidFrom)
	}
	return a.ID > b.ID
}

// Earnings shows where a price goes; every part is in minor units and VAT + Commission + Fee + Brand = Price.
type Earnings struct {
	Price, VAT, Net, Commission, Fee, Brand money.Amount
}

// Preview computes what a sale of one piece would pay, in the order of an order line: the price without VAT,
// of it the commission and the platform's fee, each rounded down; the brand has what is left.
func Preview(price money.Amount, vatBps, commissionBps, feeBps int64) Earnings {
	of := func(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: price.Currency} }
	net := money.NetOfVAT(price.Minor, vatBps)
	commission, fee := money.Share(net, commissionBps), money.Share(net, feeBps)
	return Earnings{
		Price: price, VAT: of(price.Minor - net), Net: of(net), Commission: of(commission), Fee: of(fee),
		Brand: of(net - commission - fee),
	}
}
