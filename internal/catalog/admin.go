package catalog

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/members"
	"relais/internal/money"
	"relais/internal/postgres"
)

// BrandRow is a brand as the platform's admins see it.
type BrandRow struct {
	ID         int64          `db:"id"`
	Handle     string         `db:"handle"`
	Name       string         `db:"name"`
	Country    string         `db:"country"`
	Currency   money.Currency `db:"currency"`
	BlockedAt  *time.Time     `db:"blocked_at"`
	CreatedAt  time.Time      `db:"created_at"`
	Published  int64          `db:"published"`   // products
	Orders     int64          `db:"orders"`      // paid ones
	GoodsMinor int64          `db:"goods_minor"` // sold in its currency and not refunded, including VAT
	Owners     string         `db:"owners"`      // names of members
}

const selectBrandRows = `
select b.id, b.handle, b.name, b.country, b.currency, b.blocked_at, b.created_at,
  (select count(*) from products p where p.brand_id = b.id and p.state = 'published') as published,
  (select count(*) from shipments s join orders o on o.id = s.order_id where s.brand_id = b.id and o.state = 'paid') as orders,
  (select coalesce(sum(l.total_minor), 0) from order_lines l join orders o on o.id = l.order_id where l.brand_id = b.id and o.state = 'paid' and o.currency = b.currency) as goods_minor,
  coalesce((select string_agg(m.name, ', ' order by m.name) from brand_members t join members m on m.id = t.member_id where t.brand_id = b.id and t.role = 'owner'), '') as owners
from brands b where $1 = '' or b.handle = lower($1) or position(lower($1) in lower(b.name)) > 0
order by b.id desc limit $2 offset $3`

// BrandRows is the brands whose name contains the query or whose handle it is, newest first; all for an empty query.
func BrandRows(ctx context.Context, q sqlx.QueryerContext, query string, limit, offset int) ([]BrandRow, error) {
	var rows []BrandRow
	if err := sqlx.SelectContext(ctx, q, &rows, selectBrandRows, query, limit, offset); err != nil {
		return nil, fmt.Errorf("list brands: %w", err)
	}
	return rows, nil
}

// BlockBrand takes a brand off the market and stops its payouts, or lets it back. Orders under way are still carried out. Doing
// it twice does nothing more. The actor is an admin. Fault NotFound.
func (s *Service) BlockBrand(ctx context.Context, actorID, brandID int64, blocked bool) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		var was bool
		err := tx.GetContext(ctx, &was, `select blocked_at is not null from brands where id = $1 for no key update`, brandID)
		if err != nil || was == blocked {
			return postgres.Translate(err)
		}
		now, action := s.now(), "brand unblocked"
		var at *time.Time
		if blocked {
			at, action = &now, "brand blocked"
		}
		if _, err := tx.ExecContext(ctx, `update brands set blocked_at = $2 where id = $1`, brandID, at); err != nil {
			return fmt.Errorf("%s: %w", action, err)
		}
		return members.Audit(ctx, tx, members.AuditEntry{At: now, ActorID: actorID, Action: action, Subject: fmt.Sprintf("brand %d", brandID)})
	})
}
