package referrals

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"relais/internal/catalog"
)

// PathStands says of each line of a sale, were it placed now, whether the storefront path that it was added from would decide it (rule 1):
// what a storefront puts on a price may be asked only then. It weighs the path as Attribute does and reads no clicks; a line without a
// path does not stand. Where the buyer is not known yet, who is self cannot be known either: Attribute decides.
func PathStands(ctx context.Context, q sqlx.QueryerContext, s Sale) ([]bool, error) {
	stand := make([]bool, len(s.Lines))
	buyer, err := BuyerOf(ctx, q, s)
	if err != nil {
		return nil, err
	}
	s.CodeMemberID = nil
	for i, l := range s.Lines {
		if l.StorefrontMemberID == nil {
			continue
		}
		cs, err := candidatesOf(ctx, q, s, l, found{})
		if err != nil {
			return nil, fmt.Errorf("weigh storefront of line %d: %w", i, err)
		}
		terms, err := catalog.TermsHistory(ctx, q, l.BrandID)
		if err != nil {
			return nil, err
		}
		line := Line{ProductID: l.ProductID, BrandID: l.BrandID, Terms: terms}
		stand[i] = weigh(Moment{At: s.At, Checkout: s.At}, buyer, line, cs[0]).Eligible
	}
	return stand, nil
}
