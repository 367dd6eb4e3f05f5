package ratings

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"relais/internal/postgres"
)

// Lines of orders of product $1 by which member m received it: paid for by their account or with their address, delivered, and not all paid
// back, nor on its way back.
const receivedBy = `
from order_lines l join orders o on o.id = l.order_id join shipments s on s.id = l.shipment_id join products p on p.id = l.product_id
join members m on m.email_confirmed_at is not null and m.blocked_at is null and (m.id = o.member_id or o.member_id is null and m.email = o.email)
where l.product_id = $1 and o.paid_at is not null and s.state = 'delivered' and p.state <> 'typed'
  and l.returned_minor + coalesce((select sum(i.amount_minor) from refund_items i join refunds f on f.id = i.refund_id
    where i.order_line_id = l.id and f.state in ('new','sending','pending','requires_action')), 0) < l.total_minor`

const selectProof = `select coalesce((select l.id ` + receivedBy + ` and m.id = $2 order by l.id limit 1), 0)`

// Proof is the line of an order by which a member received a product and kept it; 0: there is none.
func Proof(ctx context.Context, q sqlx.QueryerContext, memberID, productID int64) (lineID int64, err error) {
	if err := sqlx.GetContext(ctx, q, &lineID, selectProof, productID, memberID); err != nil {
		return 0, fmt.Errorf("look whether member %d received product %d: %w", memberID, productID, postgres.Translate(err))
	}
	return lineID, nil
}

const selectReceivers = `select m.id ` + receivedBy + ` group by m.id order by max(s.delivered_at) desc, m.id limit $2`

// Receivers are members who received a product and kept it, who received it last first.
func Receivers(ctx context.Context, q sqlx.QueryerContext, productID int64, limit int) (members []int64, err error) {
	if err := sqlx.SelectContext(ctx, q, &members, selectReceivers, productID, limit); err != nil {
		return nil, fmt.Errorf("find who received product %d: %w", productID, postgres.Translate(err))
	}
	return members, nil
}
