package shopify

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/catalog"
)

const importedProducts = `
select id, import_key, state, lang, title, description, category, tags, warnings, options, vat_bps
from products where brand_id = $1 and import_key is not null`

type productRow struct {
	ID          int64          `db:"id"`
	ImportKey   string         `db:"import_key"`
	State       catalog.State  `db:"state"`
	Lang        string         `db:"lang"`
	Title       string         `db:"title"`
	Description string         `db:"description"`
	Category    string         `db:"category"`
	Tags        pq.StringArray `db:"tags"`
	Warnings    string         `db:"warnings"`
	Options     pq.StringArray `db:"options"`
	VATBps      int64          `db:"vat_bps"`
}

const importedVariants = `
select v.id, v.product_id, v.position, v.sku, v.option_values, v.option_values_other, v.price_minor,
  coalesce(v.compare_at_minor, 0) as compare_at_minor, v.stock, v.weight_grams, v.barcode, v.active
from variants v join products p on p.id = v.product_id
where p.brand_id = $1 and p.import_key is not null and v.active order by v.product_id, v.position, v.id`

const usedSKUs = `
select v.sku, coalesce(p.import_key, '') as import_key from variants v join products p on p.id = v.product_id
where p.brand_id = $1 and v.active and p.state <> 'archived' and v.sku <> ''`

const importedPictures = `
select pp.product_id, pp.source_url from product_photos pp join products p on p.id = pp.product_id
where p.brand_id = $1 and p.import_key is not null order by pp.product_id, pp.position`

// existing reads what a brand has, in a handful of queries whatever the size of the file.
func existing(ctx context.Context, q sqlx.QueryerContext, brand catalog.Brand, vatBps int64) (Existing, error) {
	have := Existing{Currency: brand.Currency, VATBps: vatBps, Products: map[string]ExistingProduct{}, SKUs: map[string]string{}}
	var products []productRow
	if err := sqlx.SelectContext(ctx, q, &products, importedProducts, brand.ID); err != nil {
		return have, fmt.Errorf("read products of brand: %w", err)
	}
	var variants []catalog.Variant
	if err := sqlx.SelectContext(ctx, q, &variants, importedVariants, brand.ID); err != nil {
		return have, fmt.Errorf("read variants of brand: %w", err)
	}
	var pictures []catalog.Picture
	if err := sqlx.SelectContext(ctx, q, &pictures, importedPictures, brand.ID); err != nil {
		return have, fmt.Errorf("read pictures of brand: %w", err)
	}
	var skus []struct {
		SKU string `db:"sku"`
		Key string `db:"import_key"`
	}
	if err := sqlx.SelectContext(ctx, q, &skus, usedSKUs, brand.ID); err != nil {
		return have, fmt.Errorf("read article numbers of brand: %w", err)
	}
	for _, s := range skus {
		have.SKUs[s.SKU] = s.Key
	}
	drafts := map[int64][]catalog.VariantDraft{}
	for _, v := range variants {
		drafts[v.ProductID] = append(drafts[v.ProductID], catalog.VariantDraft{ID: v.ID, SKU: v.SKU, Values: v.Values, ValuesOther: v.ValuesOther,
			PriceMinor: v.PriceMinor, CompareAtMinor: v.CompareAtMinor, Stock: v.Stock, StockSeen: v.Stock, WeightGrams: v.WeightGrams,
			Barcode: v.Barcode})
	}
	sources := map[int64][]string{}
	for _, p := range pictures {
		sources[p.ProductID] = append(sources[p.ProductID], p.SourceURL)
	}
	for _, p := range products {
		have.Products[p.ImportKey] = ExistingProduct{ID: p.ID, State: p.State, Pictures: sources[p.ID], Draft: catalog.ProductDraft{
			ImportKey: p.ImportKey, Title: p.Title, Description: p.Description, Category: p.Category, Tags: p.Tags, Warnings: p.Warnings,
			Options: p.Options, VATBps: p.VATBps, Variants: drafts[p.ID]}}
	}
	return have, nil
}
