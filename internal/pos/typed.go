package pos

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/carts"
	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/money"
	"relais/internal/postgres"
	"relais/internal/prose"
)

// Typed is an amount that somebody types in for what they sell and no catalogue has.
type Typed struct {
	Operation string // one-time value of the page: sent twice, it is one line
	Title     string // what is sold, on the receipt and the invoice
	Price     money.Amount
	VATBps    int64 // rate of VAT in the price, in basis points
}

// MaxTyped is how many amounts may be typed into one basket.
const MaxTyped = 20

// ErrTypedByBrand is for a member who would type an amount for goods of others: only whose goods they are says what they cost.
var ErrTypedByBrand = fault.New(fault.Forbidden, "pos.fault.typed_by_brand")

// Clean tidies what was typed and says what is wrong with it, for a brand that sells in that currency: the fields operation, title, price, vat.
func (t Typed) Clean(c money.Currency) (Typed, error) {
	t.Title = prose.Line(t.Title)
	var wrong []error
	if len(t.Operation) < 16 || len(t.Operation) > 64 {
		wrong = append(wrong, fault.Field("operation", "fault.form_stale"))
	}
	switch n := len([]rune(t.Title)); {
	case n == 0:
		wrong = append(wrong, fault.Field("title", "fault.required"))
	case n > 160:
		wrong = append(wrong, fault.Field("title", "fault.catalog.too_long"))
	case !prose.Readable(t.Title):
		wrong = append(wrong, fault.Field("title", "fault.catalog.text_form"))
	}
	if t.Price.Minor <= 0 || t.Price.Minor > catalog.MaxPrice || t.Price.Currency != c {
		wrong = append(wrong, fault.Field("price", "fault.catalog.price"))
	}
	if !slices.Contains(catalog.VATRates(), t.VATBps) {
		wrong = append(wrong, fault.Field("vat", "fault.catalog.vat"))
	}
	return t, fault.Merge(wrong...)
}

const selectHeld = `
select coalesce(bool_or(p.typed_operation = $2), false) as this, count(*) as count
from cart_lines c join variants v on v.id = c.variant_id join products p on p.id = v.product_id where c.cart_id = $1 and p.state = 'typed'`

// Type puts an amount into a basket of a brand's team, at once or again. It is a product of one piece that this basket alone can hold, so
// that its order, its VAT, its invoice and its refunds are as of any other; nobody recommended it, so nobody earns by it. Faults: ErrTypedByBrand, ErrBegun,
// those of Typed.Clean, the field title where there are MaxTyped already.
func (s *Service) Type(ctx context.Context, memberID, saleID int64, t Typed) error {
	sale, err := s.of(ctx, memberID, saleID)
	switch {
	case err != nil:
		return err
	case sale.BrandID == nil:
		return ErrTypedByBrand
	case sale.State != Draft:
		return ErrBegun
	}
	brand, err := catalog.BrandByID(ctx, s.db, *sale.BrandID)
	if err != nil {
		return err
	}
	if t, err = t.Clean(brand.Currency); err != nil {
		return err
	}
	var held struct {
		This  bool  `db:"this"`
		Count int64 `db:"count"`
	}
	if err := s.db.GetContext(ctx, &held, selectHeld, sale.CartID, t.Operation); err != nil {
		return postgres.Translate(err)
	}
	switch {
	case held.This:
		return nil
	case held.Count >= MaxTyped: // before a product is made that no basket would hold
		return fault.Field("title", "pos.fault.typed_many").Arg("Count", MaxTyped)
	}
	var variant int64
	err = postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		variant, err = s.insertTyped(ctx, tx, sale, t)
		return err
	})
	if err != nil {
		return err
	}
	if _, err := s.carts.Add(ctx, carts.Addition{CartID: sale.CartID, VariantID: variant, Quantity: 1, Lang: sale.Lang}); err != nil {
		return err
	}
	return s.carts.SetQuantity(ctx, sale.CartID, variant, 1) // of two requests at once both say the same number
}

const selectTyped = `
select v.id from products p join variants v on v.product_id = p.id where p.typed_operation = $1 and p.typed_for = $2 and p.brand_id = $3`

const updateTyped = `update products set state = 'typed', typed_for = $2, typed_operation = $3 where id = $1`

// insertTyped makes the product of a typed amount and returns its variant, or the one that was made of the same form before.
func (s *Service) insertTyped(ctx context.Context, tx *sqlx.Tx, sale Sale, t Typed) (variantID int64, err error) {
	// A form that is sent twice is two requests at once: the second waits here and then finds the product.
	if _, err := tx.ExecContext(ctx, `select pg_advisory_xact_lock(hashtextextended($1, 0))`, "typed:"+t.Operation); err != nil {
		return 0, err
	}
	err = tx.GetContext(ctx, &variantID, selectTyped, t.Operation, sale.CartID, *sale.BrandID)
	if !errors.Is(err, sql.ErrNoRows) {
		return variantID, postgres.Translate(err)
	}
	var used bool
	if err := tx.GetContext(ctx, &used, `select exists (select 1 from products where typed_operation = $1)`, t.Operation); err != nil {
		return 0, postgres.Translate(err)
	}
	if used { // in another basket
		return 0, fault.Field("operation", "fault.form_stale")
	}
	// Its address is nobody's to take beforehand, or to guess.
	p, err := catalog.InsertProduct(ctx, tx, *sale.BrandID, catalog.ProductDraft{Title: t.Title, Slug: "typed-" + strings.ToLower(rand.Text()), VATBps: t.VATBps,
		Variants: []catalog.VariantDraft{{PriceMinor: t.Price.Minor, Stock: 1}}}, s.now())
	if err != nil {
		return 0, err
	}
	if _, err := tx.ExecContext(ctx, updateTyped, p.ID, sale.CartID, t.Operation); err != nil {
		return 0, fmt.Errorf("type product %d: %w", p.ID, postgres.Translate(err))
	}
	return variantID, tx.GetContext(ctx, &variantID, `select id from variants where product_id = $1`, p.ID)
}

const (
	typedRest  = 24 * time.Hour // since its basket was last touched
	typedBatch = 200
)

// SweepTyped forgets the typed amounts of baskets that were left alone for a day; never one that an order names, be that paid or not.
func (s *Service) SweepTyped(ctx context.Context) error {
	for {
		var swept int
		if err := s.db.GetContext(ctx, &swept, `select sweep_typed($1, $2)`, s.now().Add(-typedRest), typedBatch); err != nil {
			return fmt.Errorf("sweep typed amounts: %w", postgres.Translate(err))
		}
		if swept < typedBatch {
			return nil
		}
	}
}
