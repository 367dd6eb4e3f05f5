package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/money"
)

const takeStock = `update variants set stock = stock - $2 where id = $1 and stock >= $2 and active`

// Reserve takes pieces out of a variant's stock, all of them or none: two buyers of the last piece cannot both
// have it. Whoever reserves several variants does so in the order of their ids. Fault Conflict
// "fault.out_of_stock" (args Title, Left) when there are not enough.
func Reserve(ctx context.Context, tx *sqlx.Tx, variantID int64, quantity int) error {
	if quantity <= 0 {
		return fault.New(fault.Invalid, "fault.catalog.quantity")
	}
	r, err := tx.ExecContext(ctx, takeStock, variantID, quantity)
	if err != nil {
		return fmt.Errorf("reserve stock of variant %d: %w", variantID, err)
	}
	if n, err := r.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return outOfStock(ctx, tx, variantID)
}

func outOfStock(ctx context.Context, q sqlx.QueryerContext, variantID int64) error {
	var left struct {
		Title string `db:"title"`
		Stock int    `db:"stock"`
	}
	err := sqlx.GetContext(ctx, q, &left, `
select p.title, case when v.active then v.stock else 0 end as stock
from variants v join products p on p.id = v.product_id where v.id = $1`, variantID)
	if errors.Is(err, sql.ErrNoRows) {
		return notFound()
	}
	if err != nil {
		return fmt.Errorf("read stock: %w", err)
	}
	e := fault.New(fault.Conflict, "fault.out_of_stock")
	e.Args = map[string]any{"Title": left.Title, "Left": left.Stock}
	return e
}

// GiveBack returns reserved or sold pieces to the stock. It does not know whether that was done before: the
// caller's own state move does.
func GiveBack(ctx context.Context, tx *sqlx.Tx, variantID int64, quantity int) error {
	if quantity <= 0 {
		return fault.New(fault.Invalid, "fault.catalog.quantity")
	}
	r, err := tx.ExecContext(ctx, `update variants set stock = stock + $2 where id = $1`, variantID, quantity)
	if err := exactlyOne(r, err); err != nil {
		return fmt.Errorf("give back stock of variant %d: %w", variantID, err)
	}
	return nil
}

// PricedVariant is what an order freezes of a variant.
type PricedVariant struct {
	VariantID    int64          `db:"variant_id"`
	ProductID    int64          `db:"product_id"`
	BrandID      int64          `db:"brand_id"`
	Title        string         `db:"title"`         // of the product, in the language asked for if there is one
	VariantTitle string         `db:"variant_title"` // "Grand / Bleu"; empty for the only variant
	Slug         string         `db:"slug"`
	SKU          string         `db:"sku"`
	PriceMinor   int64          `db:"price_minor"`
	Currency     money.Currency `db:"currency"`
	VATBps       int64          `db:"vat_bps"`
	WeightGrams  int            `db:"weight_grams"`
	MediaID      *int64         `db:"media_id"`   // the first photograph
	MediaHash    string         `db:"media_hash"` // its name; empty without one
	State        State          `db:"state"`
	Sellable     bool           `db:"sellable"`  // published, variant active, brand not blocked
	Launching    bool           `db:"launching"` // being launched, variant active, brand not blocked
	Stock        int            `db:"stock"`
}

// Price is the price of one piece.
func (v PricedVariant) Price() money.Amount {
	return money.Amount{Minor: v.PriceMinor, Currency: v.Currency}
}

const selectPriced = `
select v.id as variant_id, p.id as product_id, p.brand_id, coalesce(t.title, p.title) as title, p.slug, v.sku, v.price_minor, p.currency,
  p.vat_bps, v.weight_grams, f.media_id, coalesce(f.hash, '') as media_hash, p.state, v.stock,
  p.state = 'published' and v.active and b.blocked_at is null as sellable, p.state = 'launch' and v.active and b.blocked_at is null as launching,
  array_to_string(case when t.lang is not null and cardinality(v.option_values_other) > 0 then v.option_values_other else v.option_values end, ' / ')
    as variant_title
from variants v
join products p on p.id = v.product_id
join brands b on b.id = p.brand_id
left join product_translations t on t.product_id = p.id and t.lang = $2 and p.lang <> $2
left join lateral (select m.id as media_id, m.hash from product_photos pp join media m on m.id = pp.media_id
  where pp.product_id = p.id order by pp.position limit 1) f on true
where v.id = any($1) order by v.id`

// Priced returns, for these variants, what an order or a cart needs to know now. Unknown ids are left out.
func Priced(ctx context.Context, q sqlx.QueryerContext, lang i18n.Lang, variantIDs ...int64) (map[int64]PricedVariant, error) {
	var rows []PricedVariant
	if err := sqlx.SelectContext(ctx, q, &rows, selectPriced, pq.Array(variantIDs), lang); err != nil {
		return nil, fmt.Errorf("price variants: %w", err)
	}
	byID := make(map[int64]PricedVariant, len(rows))
	for _, v := range rows {
		byID[v.VariantID] = v
	}
	return byID, nil
}
