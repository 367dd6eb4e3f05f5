package main

import (
	"context"
	"fmt"
	"slices"

	"relais/internal/torture/rules"
)

func (w *world) judgeRows(ctx context.Context, v *verdict) error {
	for _, r := range rules.Rows {
		var n int
		if err := w.owner.GetContext(ctx, &n, r.Query, inStock); err != nil {
			return fmt.Errorf("%s: %w", r.Words, err)
		}
		if n > 0 {
			v.other = append(v.other, fmt.Sprintf("%d %s", n, r.Words))
		}
	}
	for _, r := range append(slices.Clone(rules.Stuck), rules.Pledges...) {
		var n int
		if err := w.owner.GetContext(ctx, &n, r.Query); err != nil {
			return fmt.Errorf("%s: %w", r.Words, err)
		}
		if v.stuck += n; n > 0 {
			v.words = append(v.words, fmt.Sprintf("stuck: %d %s", n, r.Words))
		}
	}
	return nil
}
