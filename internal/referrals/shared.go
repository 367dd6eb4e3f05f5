package referrals

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/clicks"
)

const selectSharing = `
select exists (select 1 from share_links where member_id = $1 and target = 'product' and product_id = $2 and disabled_at is null and group_id is null)`

// Shared says whether a member has a link to a product that is not switched off. Those
// in circles do not count: what is shared there is nobody else's to know.
func Shared(ctx context.Context, q sqlx.QueryerContext, memberID, productID int64) (bool, error) {
	var shared bool
	if err := sqlx.GetContext(ctx, q, &shared, selectSharing, memberID, productID); err != nil {
		return false, fmt.Errorf("read shared: %w", err)
	}
	return shared, nil
}

const selectRecommender = `
select m.name from clicks c join share_links l on l.id = c.link_id join members m on m.id = l.member_id
where c.token = $1 and c.at > $2 and m.blocked_at is null`

// Recommender is the name of whose link brought a visitor, by the token of the click; empty where it is not known,
// or was clicked longer ago than it can matter.
func Recommender(ctx context.Context, q sqlx.QueryerContext, clickToken string, now time.Time) (string, error) {
	if clickToken == "" || len(clickToken) > clicks.MaxToken {
		return "", nil
	}
	var name string
	err := sqlx.GetContext(ctx, q, &name, selectRecommender, clickToken, now.Add(-clicks.LookBack))
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("read recommender: %w", err)
	}
	return name, nil
}
