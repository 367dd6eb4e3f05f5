package referrals

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
)

const selectSharing = `
select exists (select 1 from share_links where member_id = $1 and target = 'product' and product_id = $2 and disabled_at is null)`

// Shared says whether a member has a link to a product that is not switched off.
func Shared(ctx context.Context, q sqlx.QueryerContext, memberID, productID int64) (bool, error) {
	var shared bool
	if err := sqlx.GetContext(ctx, q, &shared, selectSharing, memberID, productID); err != nil {
		return false, fmt.Errorf("read shared: %w", err)
	}
	return shared, nil
}
