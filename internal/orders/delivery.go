package orders

import (
	"context"

	"relais/internal/i18n"
)

// Delivery is the ways of delivery that a brand offers, in its order.
func (s *Service) Delivery(ctx context.Context, brandID int64, lang i18n.Lang) ([]Method, error) {
	return methods(ctx, s.db, brandID, lang)
}
