package earnings

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/postgres"
)

// Cover says which earnings of an order a hold is on.
type Cover string

// What a hold can be on.
const (
	WholeOrder    Cover = "order"
	WholeShipment Cover = "shipment" // its lines and its delivery cost
	OneLine       Cover = "line"
	OneDelivery   Cover = "delivery" // the delivery cost of a shipment
	OneEarning    Cover = "earning"
)

// Hold keeps earnings of an order from coming free until it is lifted. Several may be on one earning; it comes free when
// none is left. Earnings that are free already are untouched.
type Hold struct {
	OrderID     int64      `db:"order_id"`
	Part        Cover      `db:"part"`
	ShipmentID  *int64     `db:"shipment_id"`
	OrderLineID *int64     `db:"order_line_id"`
	EarningID   *int64     `db:"earning_id"`
	Reason      Reason     `db:"reason"`
	Reference   string     `db:"reference"` // what lifts it: refund:12, return:5, dispute:3, review:8
	PlacedAt    time.Time  `db:"placed_at"`
	LiftedAt    *time.Time `db:"lifted_at"`
}

const insertHold = `
insert into holds (order_id, part, shipment_id, order_line_id, earning_id, reason, reference, placed_at) values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict on constraint holds_once do update set lifted_at = null, reason = excluded.reason`

// Place puts holds on earnings of one order, which must be locked. A hold that was lifted and is placed again goes on.
func Place(ctx context.Context, tx *sqlx.Tx, holds ...Hold) error {
	for _, h := range holds {
		if _, err := tx.ExecContext(ctx, insertHold, h.OrderID, h.Part, h.ShipmentID, h.OrderLineID, h.EarningID, h.Reason, h.Reference, h.PlacedAt); err != nil {
			return fmt.Errorf("hold %s: %w", h.Reference, postgres.Translate(err))
		}
	}
	if len(holds) == 0 {
		return nil
	}
	return review(ctx, tx, holds[0].OrderID)
}

const updateLifted = `update holds set lifted_at = greatest($3::timestamptz, placed_at) where order_id = $1 and reference = $2 and lifted_at is null`

// Lift ends every hold of a reference on an order, which must be locked. Twice it changes nothing.
func Lift(ctx context.Context, tx *sqlx.Tx, orderID int64, reference string, at time.Time) error {
	if _, err := tx.ExecContext(ctx, updateLifted, orderID, reference, at); err != nil {
		return fmt.Errorf("lift %s: %w", reference, postgres.Translate(err))
	}
	return review(ctx, tx, orderID)
}

// An earning is frozen while a hold covers it, for the reason of the oldest; else it waits for what its shipment is at. What
// is free, voided or right as it is stays untouched.
const updateReviewed = `
update earnings e set state = n.state, reason = n.reason
from (select x.id, case when h.reason is null then 'held' else 'frozen' end as state,
    coalesce(h.reason, case when x.free_at_known and o.withdrawal_days = 0 then 'brand_hold' when x.free_at_known then 'withdrawal_period' when s.state in ('shipped','delivered') then 'awaiting_delivery' else 'awaiting_shipment' end) as reason
  from earnings x join shipments s on s.id = x.shipment_id join orders o on o.id = x.order_id
  left join lateral (select h.reason from holds h where h.order_id = x.order_id and h.lifted_at is null and (h.part = 'order'
    or h.part = 'shipment' and h.shipment_id = x.shipment_id or h.part = 'line' and h.order_line_id = x.order_line_id
    or h.part = 'delivery' and h.shipment_id = x.shipment_id and x.order_line_id is null or h.part = 'earning' and h.earning_id = x.id) order by h.placed_at, h.id limit 1) h on true
  where x.order_id = $1 and x.state in ('held','frozen')) n
where e.id = n.id and (e.state, e.reason) is distinct from (n.state, n.reason)`

// review brings the state and the reason of an order's waiting earnings in line with the holds on them.
func review(ctx context.Context, tx *sqlx.Tx, orderID int64) error {
	if _, err := lockByOrder(ctx, tx, orderID); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, updateReviewed, orderID)
	return postgres.Translate(err)
}

const selectHolds = `
select order_id, part, shipment_id, order_line_id, earning_id, reason, reference, placed_at, lifted_at from holds h where h.order_id = $1 and (h.part = 'order'
  or h.part = 'shipment' and h.shipment_id = $2 or h.part = 'line' and h.order_line_id = $3::bigint
  or h.part = 'delivery' and h.shipment_id = $2 and $3::bigint is null or h.part = 'earning' and h.earning_id = $4) order by h.placed_at, h.id`

// HoldsOn is every hold that there was on an earning, oldest first.
func HoldsOn(ctx context.Context, q sqlx.QueryerContext, e Earning) ([]Hold, error) {
	var hs []Hold
	err := sqlx.SelectContext(ctx, q, &hs, selectHolds, e.OrderID, e.ShipmentID, e.OrderLineID, e.ID)
	return hs, postgres.Translate(err)
}

const selectHeldUp = `
select exists (select 1 from holds where order_id = $1 and lifted_at is null and reason = $2)`

// HeldFor says whether any part of an order is held for a reason now.
func HeldFor(ctx context.Context, q sqlx.QueryerContext, orderID int64, why Reason) (held bool, err error) {
	return held, sqlx.GetContext(ctx, q, &held, selectHeldUp, orderID, why)
}
