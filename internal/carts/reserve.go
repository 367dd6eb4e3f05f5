package carts

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"

	"relais/internal/catalog"
)

// Reserve takes the stock of lines in the caller's transaction, in the order of variants so that two orders never wait for each other. A fault
// where one has not enough.
func Reserve(ctx context.Context, tx *sqlx.Tx, lines []Line) error {
	sorted := slices.SortedStableFunc(slices.Values(lines), func(a, b Line) int { return cmp.Compare(a.VariantID, b.VariantID) })
	for _, l := range sorted {
		if err := catalog.Reserve(ctx, tx, l.VariantID, int(l.Quantity)); err != nil {
			return fmt.Errorf("reserve %s: %w", l.Title, err)
		}
	}
	return nil
}
