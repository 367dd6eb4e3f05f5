package catalog

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

const (
	copyTranslations = `
insert into product_translations (product_id, lang, title, description, warnings, options)
select n.id, t.lang, n.title, t.description, t.warnings, t.options from product_translations t, products n where t.product_id = $1 and n.id = $2 and t.lang <> n.lang on conflict do nothing`
	copyTerms = `
insert into terms (brand_id, product_id, commission_bps, hold_days, window_days, valid_from, created_by, created_at, credit, split_last_bps, margin_bps, steps, royalty_bps, idea_bps)
select brand_id, $2, commission_bps, hold_days, window_days, $3, created_by, $3, credit, split_last_bps, margin_bps, steps, royalty_bps, idea_bps from terms where product_id = $1 and valid_from <= $3 order by valid_from desc, id desc limit 1` // the newest version
)

// Derive gives a product what the one has that it is made of, beside its draft, in the caller's transaction: its words, warnings and options in the other language, and terms of its own, if any.
func Derive(ctx context.Context, tx *sqlx.Tx, baseID, productID int64, now time.Time) error {
	_, err := tx.ExecContext(ctx, copyTranslations, baseID, productID)
	if err == nil {
		_, err = tx.ExecContext(ctx, copyTerms, baseID, productID, now)
	}
	if err != nil {
		return fmt.Errorf("derive product %d: %w", productID, err)
	}
	return nil
}

// DraftOf is what a product says now, as a draft that changes nothing: that of a page in the product's own language.
func DraftOf(p ProductPage) ProductDraft {
	d := ProductDraft{Title: p.Title, Description: p.Description, Category: p.Category, Tags: p.Tags, Warnings: p.Warnings, Options: p.Options, VATBps: p.VATBps}
	for _, v := range p.Variants {
		d.Variants = append(d.Variants, VariantDraft{ID: v.ID, SKU: v.SKU, Values: v.Values, ValuesOther: v.ValuesOther, PriceMinor: v.PriceMinor, CompareAtMinor: v.CompareAtMinor,
			Stock: v.Stock, StockSeen: v.Stock, WeightGrams: v.WeightGrams, Barcode: v.Barcode})
	}
	return d
}
