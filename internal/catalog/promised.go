package catalog

import (
	"context"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"
)

// staysPromised refuses a draft that makes something else of what is being launched.
func staysPromised(ctx context.Context, tx *sqlx.Tx, p Product, d ProductDraft) error {
	if err := pricedInOwn(ctx, tx, p.ID); err != nil { // a draft has the currency of its brand
		return err
	}
	variants, err := allVariants(ctx, tx, p.ID)
	if err != nil {
		return err
	}
	return Promised(p, variants, d)
}

// Promised says what of a draft is not what people promised to, by field: nobody who waits for a piece gets another one, or with other rights. Nil: all of it
// is. Its texts, prices and stock may change, and it may have more variants.
func Promised(p Product, variants []Variant, d ProductDraft) error {
	const key = "fault.catalog.promised"
	var found problems
	found.check(d.CustomMade == nil || *d.CustomMade == p.CustomMade, "custom_made", key)
	found.check(d.VATBps == p.VATBps, "vat", key)
	found.check(slices.Equal(d.Options, p.Options), "options", key)
	for _, v := range variants {
		i := slices.IndexFunc(d.Variants, func(o VariantDraft) bool { return o.ID == v.ID })
		switch {
		case !v.Active:
		case i < 0:
			found.check(false, "variants", key)
		default:
			found.check(slices.Equal(d.Variants[i].Values, v.Values), fmt.Sprintf("variants.%d.values", i), key)
		}
	}
	return found.fault()
}
