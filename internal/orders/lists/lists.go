// Package lists is orders as lists show them, to a buyer, a brand, or the platform: one row each, newest first, and how many
// wait for what. It only reads.
package lists

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/orders"
	"relais/internal/postgres"
)

// Row is an order in a list.
type Row struct {
	orders.Order
	Pieces       int64                `db:"pieces"`
	FirstTitle   string               `db:"first_title"`
	MediaHash    string               `db:"media_hash"`
	ShipmentID   int64                `db:"shipment_id"` // of the brand that asks; else 0
	Shipment     orders.ShipmentState `db:"shipment_state"`
	PartMinor    int64                `db:"part_minor"` // the brand's goods and delivery; else the total
	ShippedAt    *time.Time           `db:"shipped_at"`
	BrandsJoined string               `db:"brands"`
	Returning    bool                 `db:"returning"` // something is on its way back, or asked for
}

// Query chooses orders for a list, newest first.
type Query struct {
	BrandID  int64                // only with a shipment of this brand
	MemberID int64                // only of this buyer
	Shipment orders.ShipmentState // with BrandID
	State    orders.State
	Text     string // number, name or e-mail begins with it
	Before   int64  // only ids below
	Limit    int    // 0: 50
	Returns  bool   // only those of which something is to come back: the money is still to go back
}

const selectRows = `
select o.id, o.number, o.token, o.member_id, o.email, o.email_normal, o.name, o.street, o.street2, o.postcode, o.city, o.country, o.phone, o.lang,
  o.currency, o.goods_minor, o.shipping_minor, o.total_minor, o.state, o.placed_at, o.expires_at, o.checkout_id, o.checkout_url, o.checkout_attempt,
  o.payment_intent_id, o.paid_at, o.ended_at, o.refunded_minor, o.lost_minor, o.place, o.withdrawal_days,
  exists (select 1 from returns r where r.order_id = o.id and ($1 = 0 or r.brand_id = $1) and r.state in ('asked','approved','received')) as returning,
  (select coalesce(sum(quantity), 0) from order_lines l where l.order_id = o.id and ($1 = 0 or l.brand_id = $1)) as pieces,
  coalesce(f.title, '') as first_title, coalesce(m.hash, '') as media_hash, coalesce(s.id, 0) as shipment_id, coalesce(s.state, '') as shipment_state, s.shipped_at,
  case when s.id is null then o.total_minor else s.shipping_minor + (select coalesce(sum(total_minor), 0) from order_lines l where l.shipment_id = s.id) end as part_minor,
  coalesce((select string_agg(b.name, ', ' order by b.name) from shipments x join brands b on b.id = x.brand_id where x.order_id = o.id), '') as brands
from orders o
left join shipments s on s.order_id = o.id and s.brand_id = $1
left join lateral (select title, media_id from order_lines l where l.order_id = o.id and ($1 = 0 or l.brand_id = $1) order by l.id limit 1) f on true
left join media m on m.id = f.media_id
where ($1 = 0 or (s.id is not null and o.state in ('paid','refunded','charged_back'))) and ($2 = 0 or o.member_id = $2) and ($3 = '' or s.state = $3)
  and ($4 = '' or o.state = $4) and ($5 = '' or starts_with(lower(o.number), lower($5)) or starts_with(lower(o.name), lower($5)) or starts_with(o.email, lower($5)))
  and ($6 = 0 or o.id < $6) and (not $8 or exists (select 1 from returns r where r.order_id = o.id and ($1 = 0 or r.brand_id = $1) and r.state in ('asked','approved','received')))
order by o.id desc limit $7`

// List is the orders that a query chooses.
func List(ctx context.Context, db sqlx.QueryerContext, q Query) ([]Row, error) {
	if q.Limit <= 0 {
		q.Limit = 50
	}
	var rows []Row
	err := sqlx.SelectContext(ctx, db, &rows, selectRows, q.BrandID, q.MemberID, q.Shipment, q.State, q.Text, q.Before, q.Limit, q.Returns)
	for i := range rows {
		if q.BrandID != 0 { // the key to the buyer's own page is the buyer's
			rows[i].Token, rows[i].CheckoutURL, rows[i].CheckoutID, rows[i].BrandsJoined = "", "", nil, ""
		}
	}
	return rows, postgres.Translate(err)
}

// Count says how many orders of a brand wait for something, and how many it has.
type Count struct {
	Preparing int64 `db:"preparing"` // to be sent
	Shipped   int64 `db:"shipped"`   // under way
	Delivered int64 `db:"delivered"`
	Returns   int64 `db:"returns"` // coming back, to be paid back
	Refunded  int64 `db:"refunded"`
	All       int64 `db:"all"`
}

const selectCount = `
select count(*) filter (where o.state = 'paid' and s.state = 'preparing') as preparing,
  count(*) filter (where o.state = 'paid' and s.state = 'shipped') as shipped,
  count(*) filter (where o.state = 'paid' and s.state = 'delivered') as delivered,
  count(*) filter (where exists (select 1 from returns r where r.shipment_id = s.id and r.state in ('asked','approved','received'))) as returns,
  count(*) filter (where o.state in ('refunded','charged_back')) as refunded, count(*) as all
from shipments s join orders o on o.id = s.order_id where s.brand_id = $1 and o.state in ('paid','refunded','charged_back')`

// CountOf counts the orders of a brand by what they wait for.
func CountOf(ctx context.Context, db sqlx.QueryerContext, brandID int64) (Count, error) {
	var n Count
	err := sqlx.GetContext(ctx, db, &n, selectCount, brandID)
	return n, postgres.Translate(err)
}
