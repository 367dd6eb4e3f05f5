package catalog

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/fault"
)

// saveVariants makes a product's variants those of the drafts, in their order. The caller holds the locks on
// brand and product and has validated the drafts.
func saveVariants(ctx context.Context, tx *sqlx.Tx, brandID, productID int64, drafts []VariantDraft, now time.Time) error {
	if err := checkSKUs(ctx, tx, brandID, productID, drafts); err != nil {
		return err
	}
	existing, err := allVariants(ctx, tx, productID)
	if err != nil {
		return err
	}
	if err := makeRoom(ctx, tx, productID, existing, drafts); err != nil {
		return err
	}
	for i, d := range drafts {
		id, err := saveVariant(ctx, tx, productID, i, d)
		if err != nil {
			return err
		}
		if err := recordPrice(ctx, tx, id, d.PriceMinor, now); err != nil {
			return err
		}
	}
	return nil
}

const takenSKUs = `
select distinct v.sku from variants v join products p on p.id = v.product_id
where p.brand_id = $1 and p.id <> $2 and v.active and p.state <> 'archived' and v.sku = any($3)`

func checkSKUs(ctx context.Context, tx *sqlx.Tx, brandID, productID int64, drafts []VariantDraft) error {
	var skus []string
	for _, d := range drafts {
		if d.SKU != "" {
			skus = append(skus, d.SKU)
		}
	}
	if len(skus) == 0 {
		return nil
	}
	var taken []string
	if err := tx.SelectContext(ctx, &taken, takenSKUs, brandID, productID, pq.Array(skus)); err != nil {
		return fmt.Errorf("check article numbers: %w", err)
	}
	var p problems
	for i, d := range drafts {
		p.check(d.SKU == "" || !slices.Contains(taken, d.SKU), fmt.Sprintf("variants.%d.sku", i), "fault.catalog.sku_taken")
	}
	return p.fault()
}

const variantColumns = `id, product_id, position, sku, option_values, option_values_other, price_minor, coalesce(compare_at_minor, 0) as compare_at_minor,
  stock, weight_grams, barcode, active`

func allVariants(ctx context.Context, q sqlx.QueryerContext, productID int64) ([]Variant, error) {
	var list []Variant
	err := sqlx.SelectContext(ctx, q, &list, `select `+variantColumns+` from variants where product_id = $1 order by position, id`, productID)
	if err != nil {
		return nil, fmt.Errorf("read variants: %w", err)
	}
	return list, nil
}

// makeRoom ends the variants that the drafts leave out, and frees the option values that drafts will take:
// two variants may swap theirs, and one may take those of a variant that is no longer sold.
func makeRoom(ctx context.Context, tx *sqlx.Tx, productID int64, existing []Variant, drafts []VariantDraft) error {
	var kept, parked []int64
	for _, d := range drafts {
		if d.ID == 0 {
			continue
		}
		if !slices.ContainsFunc(existing, func(v Variant) bool { return v.ID == d.ID }) || slices.Contains(kept, d.ID) {
			return notFound()
		}
		kept = append(kept, d.ID)
	}
	for _, v := range existing {
		if slices.Contains(kept, v.ID) || slices.ContainsFunc(drafts, func(d VariantDraft) bool {
			return d.ID != 0 && slices.Equal(d.Values, v.Values)
		}) {
			parked = append(parked, v.ID)
		}
	}
	if _, err := tx.ExecContext(ctx, `update variants set active = false where product_id = $1 and active and not id = any($2)`,
		productID, int64s(kept)); err != nil {
		return fmt.Errorf("end variants: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `update variants set option_values = array['#' || id] where product_id = $1 and id = any($2)`,
		productID, int64s(parked)); err != nil {
		return fmt.Errorf("free option values: %w", err)
	}
	return nil
}

func int64s(list []int64) pq.Int64Array {
	if list == nil {
		return pq.Int64Array{}
	}
	return list
}

const insertVariant = `
insert into variants (product_id, position, sku, option_values, option_values_other, price_minor, compare_at_minor, stock, weight_grams, barcode)
values ($1, $2, $3, $4, $5, $6, nullif($7, 0::bigint), $8, $9, $10)
on conflict (product_id, option_values) do update
set position = excluded.position, sku = excluded.sku, option_values_other = excluded.option_values_other, price_minor = excluded.price_minor,
  compare_at_minor = excluded.compare_at_minor, stock = excluded.stock, weight_grams = excluded.weight_grams, barcode = excluded.barcode, active = true
returning id`

const updateVariant = `
update variants set position = $3, sku = $4, option_values = $5, option_values_other = $6, price_minor = $7,
  compare_at_minor = nullif($8, 0::bigint), stock = stock + $9, weight_grams = $10, barcode = $11, active = true
where product_id = $1 and id = $2 and stock + $9 >= 0`

// saveVariant writes one variant and returns its id. A new one with the values of one that was ended wakes
// that one up again.
func saveVariant(ctx context.Context, tx *sqlx.Tx, productID int64, position int, d VariantDraft) (int64, error) {
	if d.ID == 0 {
		err := tx.GetContext(ctx, &d.ID, insertVariant, productID, position, d.SKU, texts(d.Values), texts(d.ValuesOther), d.PriceMinor,
			d.CompareAtMinor, d.Stock, d.WeightGrams, d.Barcode)
		if err != nil {
			return 0, fmt.Errorf("add variant: %w", err)
		}
		return d.ID, nil
	}
	r, err := tx.ExecContext(ctx, updateVariant, productID, d.ID, position, d.SKU, texts(d.Values), texts(d.ValuesOther), d.PriceMinor,
		d.CompareAtMinor, d.Stock-d.StockSeen, d.WeightGrams, d.Barcode)
	if err != nil {
		return 0, fmt.Errorf("edit variant %d: %w", d.ID, err)
	}
	if n, err := r.RowsAffected(); err != nil {
		return 0, err
	} else if n == 0 {
		e := fault.New(fault.Conflict, "fault.catalog.stock_moved")
		e.Fields = map[string]string{"variants." + strconv.Itoa(position) + ".stock": "fault.catalog.stock_moved"}
		return 0, e
	}
	return d.ID, nil
}

const insertPrice = `
insert into variant_prices (variant_id, price_minor, currency, since)
select v.id, $2, p.currency, $3 from variants v join products p on p.id = v.product_id where v.id = $1 and p.currency || $2::bigint is distinct from
  (select currency || price_minor from variant_prices where variant_id = $1 order by since desc, id desc limit 1)`

// recordPrice adds to a variant's history when the price is another than the last one.
func recordPrice(ctx context.Context, tx *sqlx.Tx, variantID, priceMinor int64, now time.Time) error {
	if _, err := tx.ExecContext(ctx, insertPrice, variantID, priceMinor, now); err != nil {
		return fmt.Errorf("record price of variant %d: %w", variantID, err)
	}
	return nil
}

const adjustStock = `
update variants v set stock = v.stock + $3 from products p
where p.id = v.product_id and p.brand_id = $1 and v.id = $2 and v.stock + $3 >= 0 and v.stock + $3 <= 1000000`

// AdjustStock adds (or takes away) pieces: a delivery came in, a piece broke. The whole team may. Fault
// Conflict when there are fewer pieces than that.
func (s *Service) AdjustStock(ctx context.Context, by, brandID, variantID int64, pieces int) error {
	return s.inBrand(ctx, by, brandID, Staff, func(tx *sqlx.Tx) error {
		var known bool
		err := tx.GetContext(ctx, &known, `select exists (select 1 from variants v join products p on p.id = v.product_id
where p.brand_id = $1 and v.id = $2)`, brandID, variantID)
		if err != nil {
			return fmt.Errorf("adjust stock: %w", err)
		}
		if !known {
			return notFound()
		}
		r, err := tx.ExecContext(ctx, adjustStock, brandID, variantID, pieces)
		if err != nil {
			return fmt.Errorf("adjust stock: %w", err)
		}
		if n, err := r.RowsAffected(); err != nil || n == 1 {
			return err
		}
		return fault.New(fault.Conflict, "fault.catalog.stock_moved")
	})
}

const selectPrices = `
select h.variant_id, h.price_minor, h.since from variant_prices h join variants v on v.id = h.variant_id join products p on p.id = v.product_id
where h.variant_id = any($1) and h.currency = p.currency order by h.variant_id, h.since, h.id`

// PriceHistory returns every price of these variants, the oldest first, by variant.
func PriceHistory(ctx context.Context, q sqlx.QueryerContext, variantIDs ...int64) (map[int64][]PricePoint, error) {
	var rows []PricePoint
	if err := sqlx.SelectContext(ctx, q, &rows, selectPrices, int64s(variantIDs)); err != nil {
		return nil, fmt.Errorf("read prices: %w", err)
	}
	byVariant := map[int64][]PricePoint{}
	for _, r := range rows {
		byVariant[r.VariantID] = append(byVariant[r.VariantID], r)
	}
	return byVariant, nil
}
