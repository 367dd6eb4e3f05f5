package catalog

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/jobs"
	"relais/internal/money"
)

// MaxMargin is the most that a storefront may put on a brand's price, in minor units, rounded down.
func MaxMargin(priceMinor, marginBps int64) int64 { return money.Share(priceMinor, marginBps) }

// MarginOn is what a storefront's margin comes to on a brand's price: what its member typed, but never more than the terms allow.
func MarginOn(priceMinor, typed, marginBps int64) int64 {
	return max(0, min(typed, MaxMargin(priceMinor, marginBps)))
}

// Resale shows where the price of one piece goes that is sold in a storefront with a margin; every part is in minor units.
//
//	BrandPrice + Margin = Price = VAT + Commission + Fee + Kept + Brand,  Commission + Kept = Profit
//
// The brand sells it, and owes the VAT on the whole price. So of the margin its member keeps what is left without VAT, rounded down.
// Commission and fee stay of the brand's own price: a margin makes neither dearer.
type Resale struct {
	BrandPrice, Margin, Price, VAT, Net money.Amount // Net: of the brand's price, without VAT
	Commission, Kept, MarginVAT, Profit money.Amount // Kept: of the margin; MarginVAT: the rest of it
	Fee, Brand                          money.Amount
}

// PreviewResale computes what one piece would pay, in the order of an order line.
func PreviewResale(brandPrice money.Amount, margin, vatBps, commissionBps, feeBps int64) Resale {
	of := func(minor int64) money.Amount { return money.New(minor, brandPrice.Currency) }
	plain := Preview(brandPrice, vatBps, commissionBps, feeBps)
	price, kept := brandPrice.Minor+margin, money.NetOfVAT(margin, vatBps)
	vat := price - money.NetOfVAT(price, vatBps)
	profit := plain.Commission.Minor + kept
	return Resale{BrandPrice: brandPrice, Margin: of(margin), Price: of(price), VAT: of(vat), Net: plain.Net, Commission: plain.Commission,
		Kept: of(kept), MarginVAT: of(margin - kept), Profit: of(profit), Fee: plain.Fee, Brand: of(price - vat - profit - plain.Fee.Minor)}
}

// WithMargins is the history of the prices of one storefront: those of the brand and, on top, the margin that the storefront had at each
// moment. Both are in order of time. Before its first margin a storefront asked the brand's price.
func WithMargins(prices, margins []PricePoint) []PricePoint {
	var moments []time.Time
	for _, list := range [][]PricePoint{prices, margins} {
		for _, p := range list {
			moments = append(moments, p.Since)
		}
	}
	slices.SortFunc(moments, time.Time.Compare)
	moments = slices.CompactFunc(moments, time.Time.Equal)
	var out []PricePoint
	for _, at := range moments {
		price, known := asked(prices, at)
		if !known {
			continue // the storefront cannot have sold what had no price
		}
		margin, _ := asked(margins, at)
		price.PriceMinor, price.Since = price.PriceMinor+margin.PriceMinor, at
		out = append(out, price)
	}
	return out
}

// asked is the last point that began by then.
func asked(history []PricePoint, at time.Time) (PricePoint, bool) {
	for i := len(history) - 1; i >= 0; i-- {
		if !history[i].Since.After(at) {
			return history[i], true
		}
	}
	return PricePoint{}, false
}

// JobRepriced tells whoever follows what may be put on a price that terms or prices changed; its arguments are a Repriced.
const JobRepriced = "catalog.repriced"

// Repriced is a change of terms, or of the price of a product.
type Repriced struct {
	BrandID   int64  `json:"brand"`
	ProductID int64  `json:"product,omitempty"` // 0: any of the brand
	Why       string `json:"why"`               // terms or price
}

func tellRepriced(ctx context.Context, tx *sqlx.Tx, p Repriced) error {
	return jobs.Enqueue(ctx, tx, jobs.Job{Kind: JobRepriced, Args: p})
}

// Lowest is the price of the cheapest variant of a product that is sold, and its currency.
type Lowest struct {
	BrandID    int64          `db:"brand_id"`
	PriceMinor int64          `db:"price_minor"` // 0: no variant is sold
	Currency   money.Currency `db:"currency"`
}

// LowestPrice reads the price of a product's cheapest variant; one that is not for sale at present has one too.
func LowestPrice(ctx context.Context, q sqlx.QueryerContext, productID int64) (Lowest, error) {
	var l Lowest
	err := sqlx.GetContext(ctx, q, &l, `select p.brand_id, coalesce((select min(price_minor) from variants where product_id = p.id and active), 0) as price_minor, p.currency
from products p where p.id = $1`, productID)
	if err != nil {
		return l, fmt.Errorf("read lowest price of product %d: %w", productID, err)
	}
	return l, nil
}
