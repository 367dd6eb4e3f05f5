package catalog

import (
	"context"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/money"
)

// Faults about currencies.
var (
	// ErrCurrencyFixed: the brand sells in its currency already.
	ErrCurrencyFixed = fault.Field("currency", "fault.catalog.currency_fixed")
	// ErrPricedElsewhere: the prices of a product are of a currency that its brand gave up.
	ErrPricedElsewhere = fault.New(fault.Conflict, "fault.catalog.currency_old")
)

// MayChangeCurrency says whether a brand may sell in another currency than now: nil, or ErrCurrencyFixed. It may while
// nothing of it is for sale in the old one and nothing was ever ordered.
func MayChangeCurrency(published int, ordered bool) error {
	if published > 0 || ordered {
		return ErrCurrencyFixed
	}
	return nil
}

const selectBound = `
select (select count(*) from products where brand_id = $1 and state in ('published','launch')) as published, exists (select 1 from shipments where brand_id = $1) as ordered`

// CurrencyOpen says whether a brand may still change its currency: nil or ErrCurrencyFixed.
func CurrencyOpen(ctx context.Context, q sqlx.QueryerContext, brandID int64) error {
	var bound struct {
		Published int  `db:"published"`
		Ordered   bool `db:"ordered"`
	}
	if err := sqlx.GetContext(ctx, q, &bound, selectBound, brandID); err != nil {
		return fmt.Errorf("look what brand %d sells: %w", brandID, err)
	}
	return MayChangeCurrency(bound.Published, bound.Ordered)
}

// SetCurrency has a brand sell in another currency from now on. No price is converted: products keep their own until they are
// priced anew, and cannot be published before; delivery methods are switched off until somebody has looked at their cost.
// Owners only. Faults: a currency that is not enabled, ErrCurrencyFixed.
func (s *Service) SetCurrency(ctx context.Context, by, brandID int64, c money.Currency) error {
	if !slices.Contains(s.currencies, c) {
		return fault.Field("currency", "fault.catalog.currency")
	}
	return s.inBrand(ctx, by, brandID, Owner, func(tx *sqlx.Tx) error {
		if err := lockBrand(ctx, tx, brandID); err != nil {
			return err
		}
		var now money.Currency
		if err := tx.GetContext(ctx, &now, `select currency from brands where id = $1`, brandID); err != nil || now == c {
			return err
		}
		if err := CurrencyOpen(ctx, tx, brandID); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `update delivery_methods set active = false where brand_id = $1`, brandID); err != nil {
			return fmt.Errorf("switch off delivery: %w", err)
		}
		return exactlyOne(tx.ExecContext(ctx, `update brands set currency = $2 where id = $1`, brandID, c))
	})
}

// pricedInOwn refuses a product whose prices are not of its brand's currency; the brand must be locked.
func pricedInOwn(ctx context.Context, tx *sqlx.Tx, productID int64) error {
	var same bool
	err := tx.GetContext(ctx, &same, `select p.currency = b.currency from products p join brands b on b.id = p.brand_id where p.id = $1`, productID)
	if err == nil && !same {
		return ErrPricedElsewhere
	}
	return err
}
