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

// Recommended is who brought a visitor by a link of theirs, and earns by it.
type Recommended struct {
	MemberID int64  `db:"id"`
	Name     string `db:"name"`
	Handle   string `db:"handle"`
}

const selectRecommender = `
select m.id, m.name, m.handle from clicks c join share_links l on l.id = c.link_id join members m on m.id = l.member_id
where c.token = $1 and c.at > $2 and m.blocked_at is null`

// Recommender is the name of whose link brought a visitor, by the token of the click; empty where it is not known,
// or was clicked longer ago than it can matter.
func Recommender(ctx context.Context, q sqlx.QueryerContext, clickToken string, now time.Time) (string, error) {
	r, err := RecommenderOf(ctx, q, clickToken, now)
	return r.Name, err
}

// RecommenderOf is Recommender with who they are; zero where it is not known.
func RecommenderOf(ctx context.Context, q sqlx.QueryerContext, clickToken string, now time.Time) (r Recommended, err error) {
	if clickToken == "" || len(clickToken) > clicks.MaxToken {
		return r, nil
	}
	err = sqlx.GetContext(ctx, q, &r, selectRecommender, clickToken, now.Add(-clicks.LookBack))
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return r, fmt.Errorf("read recommender: %w", err)
	}
	return r, nil
}
