package making

import (
	"context"

	"github.com/jmoiron/sqlx"

	"relais/internal/ledger"
)

var checks = []ledger.Invariant{
	{Name: "makings_counted", Description: "no line counts more pieces made than begun, nor than were ordered, each count is what its last step says, and nothing was sent that is not made",
		Query: `select (select count(*) from makings m join order_lines l on l.id = m.order_line_id
		    left join lateral (select begun, made from making_steps s where s.order_line_id = m.order_line_id order by id desc limit 1) s on true
		    where l.design_id is null or m.pieces <> l.quantity or not (0 <= m.made and m.made <= m.begun and m.begun <= m.pieces) or (m.begun, m.made) is distinct from (s.begun, s.made))
		  + (select count(*) from shipments s join orders o on o.id = s.order_id and o.state = 'paid' join order_lines l on l.shipment_id = s.id and l.design_id is not null
		    left join makings m on m.order_line_id = l.id where s.state in ('shipped','delivered') and coalesce(m.made, 0) < l.quantity
		      - coalesce((select sum(i.quantity) from refund_items i where i.order_line_id = l.id), 0))`},
}

// Check counts what breaks each invariant of making.
func Check(ctx context.Context, q sqlx.QueryerContext) ([]ledger.Finding, error) {
	return ledger.Run(ctx, q, checks)
}
