package catalog

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/catalog/slug"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/postgres"
)

// CreateProduct adds a product, as a draft, and returns it. The whole team may. Faults: Invalid by field.
func (s *Service) CreateProduct(ctx context.Context, by, brandID int64, d ProductDraft) (Product, error) {
	var p Product
	err := s.inBrand(ctx, by, brandID, Staff, func(tx *sqlx.Tx) error {
		var err error
		p, err = InsertProduct(ctx, tx, brandID, d, s.now())
		return err
	})
	return p, err
}

// EditProduct replaces a product's texts, options and variants by those of the draft. Variants that are
// missing in it are no longer sold; a new price is kept in the history. What is being launched stays what was promised, but for its
// texts, prices and stock. The whole team may. Faults: Invalid by field, NotFound, Conflict when more was sold meanwhile than the new stock leaves.
func (s *Service) EditProduct(ctx context.Context, by, brandID, productID int64, d ProductDraft) error {
	return s.inBrand(ctx, by, brandID, Staff, func(tx *sqlx.Tx) error {
		return UpdateProduct(ctx, tx, brandID, productID, d, s.now())
	})
}

// MoveProduct publishes, withdraws or archives a product. The whole team may. Fault Conflict for a move that
// does not exist; moving to where it is does nothing.
func (s *Service) MoveProduct(ctx context.Context, by, brandID, productID int64, to State) error {
	return s.inBrand(ctx, by, brandID, Staff, func(tx *sqlx.Tx) error {
		return SetState(ctx, tx, brandID, productID, to, s.now())
	})
}

const insertProduct = `
insert into products (brand_id, slug, import_key, lang, title, description, category, tags, warnings, options, vat_bps, custom_made, currency, created_at, updated_at)
select id, $2, nullif($3, ''), coalesce(nullif($4, ''), lang), $5, $6, $7, $8, $9, $10, $11, coalesce($13::boolean, false), currency, $12, $12 from brands where id = $1
on conflict (slug) do nothing
returning id`

// InsertProduct is CreateProduct inside the caller's transaction.
func InsertProduct(ctx context.Context, tx *sqlx.Tx, brandID int64, d ProductDraft, now time.Time) (Product, error) {
	d, err := d.validated()
	if err != nil {
		return Product{}, err
	}
	if err := lockBrand(ctx, tx, brandID); err != nil {
		return Product{}, err
	}
	base := cmp.Or(d.Slug, slug.Of(d.Title))
	for n, address := 1, base; ; n++ {
		var id int64
		err := tx.GetContext(ctx, &id, insertProduct, brandID, address, d.ImportKey, d.Lang, d.Title, d.Description, d.Category,
			texts(d.Tags), d.Warnings, texts(d.Options), d.VATBps, now, d.CustomMade)
		switch {
		case errors.Is(err, sql.ErrNoRows): // the slug is taken
			if address, err = freeSlug(ctx, tx, base, n); err != nil {
				return Product{}, err
			}
			continue
		case err != nil:
			return Product{}, fmt.Errorf("create product: %w", err)
		}
		if err := saveVariants(ctx, tx, brandID, id, d.Variants, now); err != nil {
			return Product{}, err
		}
		return productForUpdate(ctx, tx, brandID, id)
	}
}

// freeSlug proposes base-2, base-3 and so on: the one after the highest in use.
func freeSlug(ctx context.Context, tx *sqlx.Tx, base string, attempt int) (string, error) {
	if attempt > 20 {
		return "", fault.New(fault.Conflict, "fault.catalog.try_again")
	}
	var n int
	err := tx.GetContext(ctx, &n, `
select coalesce(max(substr(slug, length($1) + 2)::int), 1) + $2 from products where slug ~ ('^' || $1 || '-[0-9]{1,6}$')`, base, attempt)
	if err != nil {
		return "", fmt.Errorf("find free slug: %w", err)
	}
	return fmt.Sprintf("%s-%d", base, n), nil
}

const updateProduct = `
update products set title = $3, description = $4, category = $5, tags = $6, warnings = $7, options = $8, vat_bps = $9, updated_at = $10, custom_made = coalesce($11::boolean, custom_made),
  currency = (select currency from brands where id = $1)
where brand_id = $1 and id = $2`

// UpdateProduct is EditProduct inside the caller's transaction. The prices of the draft are of the brand's currency, which the
// product has from then on.
func UpdateProduct(ctx context.Context, tx *sqlx.Tx, brandID, productID int64, d ProductDraft, now time.Time) error {
	d, err := d.validated()
	if err != nil {
		return err
	}
	if err := lockBrand(ctx, tx, brandID); err != nil {
		return err
	}
	p, err := productForUpdate(ctx, tx, brandID, productID)
	if err == nil && p.State == Launching {
		err = staysPromised(ctx, tx, p, d)
	}
	if err != nil {
		return err
	}
	before, err := LowestPrice(ctx, tx, productID)
	if err != nil {
		return err
	}
	err = exactlyOne(tx.ExecContext(ctx, updateProduct, brandID, productID, d.Title, d.Description, d.Category, texts(d.Tags),
		d.Warnings, texts(d.Options), d.VATBps, now, d.CustomMade))
	if err != nil {
		return fmt.Errorf("edit product %d: %w", productID, postgres.Translate(err))
	}
	if err := saveVariants(ctx, tx, brandID, productID, d.Variants, now); err != nil {
		return fmt.Errorf("edit product %d: %w", productID, err)
	}
	after, err := LowestPrice(ctx, tx, productID)
	if err != nil || before.PriceMinor > 0 && after.PriceMinor >= before.PriceMinor && after.Currency == before.Currency {
		return err
	}
	return tellRepriced(ctx, tx, Repriced{BrandID: brandID, ProductID: productID, Why: "price"})
}

// SetState is MoveProduct inside the caller's transaction. ErrPricedElsewhere: it is to be published with prices of a currency
// that its brand gave up.
func SetState(ctx context.Context, tx *sqlx.Tx, brandID, productID int64, to State, now time.Time) error {
	if err := lockBrand(ctx, tx, brandID); err != nil {
		return err
	}
	p, err := productForUpdate(ctx, tx, brandID, productID)
	if err != nil || p.State == to {
		return err
	}
	if !MayMove(p.State, to) {
		return fault.New(fault.Conflict, "fault.catalog.product_state")
	}
	if to == Published {
		if err := pricedInOwn(ctx, tx, productID); err != nil {
			return err
		}
	}
	_, err = tx.ExecContext(ctx, `update products set state = $2, updated_at = $3, published_at = case when $2 = 'published' then coalesce(published_at, $3) else published_at end where id = $1`, productID, to, now)
	return postgres.Translate(err)
}

// lockBrand lets one change of a brand's catalogue run at a time: what must be unique within a brand is
// checked, not constrained. Orders do not wait for it.
func lockBrand(ctx context.Context, tx *sqlx.Tx, brandID int64) error {
	return exactlyOne(tx.ExecContext(ctx, `select 1 from brands where id = $1 for no key update`, brandID))
}

const productColumns = `p.id, p.brand_id, p.slug, coalesce(p.import_key, '') as import_key, p.lang, p.title, p.description, p.category, p.tags,
  p.warnings, p.options, p.vat_bps, p.currency, p.state, p.custom_made, p.created_at, p.updated_at`

func productForUpdate(ctx context.Context, tx *sqlx.Tx, brandID, productID int64) (Product, error) {
	var p Product
	err := tx.GetContext(ctx, &p, `select `+productColumns+` from products p where p.brand_id = $1 and p.id = $2 and p.state <> 'typed' for no key update`, brandID, productID)
	if errors.Is(err, sql.ErrNoRows) {
		return Product{}, notFound()
	}
	return p, err
}

// ProductTranslation is a product's texts in its other language.
type ProductTranslation struct {
	Lang        i18n.Lang      `db:"lang"`
	Title       string         `db:"title"`
	Description string         `db:"description"`
	Warnings    string         `db:"warnings"`
	Options     pq.StringArray `db:"options"` // as many as the product has; empty: the same
}

const putProductTranslation = `
insert into product_translations (product_id, lang, title, description, warnings, options) values ($1, $2, $3, $4, $5, $6)
on conflict (product_id, lang) do update
set title = excluded.title, description = excluded.description, warnings = excluded.warnings, options = excluded.options`

// TranslateProduct stores a product's texts in its other language; values are the option values by variant.
// An empty title takes the translation away. The whole team may.
func (s *Service) TranslateProduct(ctx context.Context, by, brandID, productID int64, t ProductTranslation, values map[int64][]string) error {
	return s.inBrand(ctx, by, brandID, Staff, func(tx *sqlx.Tx) error {
		p, err := productForUpdate(ctx, tx, brandID, productID)
		if err != nil {
			return err
		}
		if t.Title == "" {
			_, err := tx.ExecContext(ctx, `delete from product_translations where product_id = $1 and lang = $2`, productID, t.Lang)
			return err
		}
		if err := t.validate(p); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, putProductTranslation, productID, t.Lang, t.Title, t.Description, t.Warnings, texts(trimmed(t.Options)))
		if err != nil {
			return fmt.Errorf("translate product %d: %w", productID, err)
		}
		for id, list := range values {
			v := VariantDraft{ValuesOther: list}
			v.tidy()
			if len(v.ValuesOther) != 0 && len(v.ValuesOther) != len(p.Options) {
				return fault.Field("values", "fault.catalog.option_values")
			}
			if _, err := tx.ExecContext(ctx, `update variants set option_values_other = $3 where product_id = $1 and id = $2`,
				productID, id, texts(v.ValuesOther)); err != nil {
				return fmt.Errorf("translate variant %d: %w", id, err)
			}
		}
		_, err = tx.ExecContext(ctx, `update products set updated_at = $2 where id = $1`, productID, s.now())
		return err
	})
}

func (t ProductTranslation) validate(p Product) error {
	var found problems
	found.check(t.Lang != p.Lang && (t.Lang == i18n.FR || t.Lang == i18n.EN), "lang", "fault.catalog.choose")
	found.text("title", t.Title, 1, 160)
	found.text("description", t.Description, 0, 20000)
	found.text("warnings", t.Warnings, 0, 4000)
	found.check(len(t.Options) == 0 || len(t.Options) == len(p.Options), "options", "fault.catalog.option_values")
	return found.fault()
}

// texts is a list for a column that is never null.
func texts(list []string) pq.StringArray {
	if list == nil {
		return pq.StringArray{}
	}
	return list
}
