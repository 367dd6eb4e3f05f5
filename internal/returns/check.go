package returns

import (
	"context"

	"github.com/jmoiron/sqlx"

	"relais/internal/ledger"
)

var checks = []ledger.Invariant{
	{Number: "I10", Name: "returns_hold", Description: "while a return is open the earnings on it wait, and not for it afterwards",
		Query: `select count(*) from returns r where (r.state in ('asked','approved','received'))
		  <> exists (select 1 from holds h where h.reference = 'return:' || r.id and h.lifted_at is null)`},
	{Number: "I8", Name: "returns_pieces", Description: "nobody sends back more pieces than were sold, or what was made to their wishes",
		Query: `select count(*) from (select l.order_line_id from return_lines l join returns r on r.id = l.return_id and r.state not in ('refused','withdrawn')
		    join order_lines o on o.id = l.order_line_id group by l.order_line_id, o.quantity having sum(l.quantity) > o.quantity) more`},
	{Number: "I19", Name: "returns_custom_made", Description: "no withdrawal is of a piece made to its buyer's wishes",
		Query: `select count(*) from return_lines l join returns r on r.id = l.return_id join order_lines o on o.id = l.order_line_id where r.kind = 'withdrawal' and o.custom_made`},
}

// Check counts what breaks each invariant of returns.
func Check(ctx context.Context, q sqlx.QueryerContext) ([]ledger.Finding, error) {
	return ledger.Run(ctx, q, checks)
}
