package orders

import (
	"context"

	"github.com/jmoiron/sqlx"

	"relais/internal/ledger"
)

var checks = []ledger.Invariant{
	{Name: "order_totals", Description: "lines and delivery costs of an order are its total",
		Query: `select count(*) from orders o where total_minor <> (select coalesce(sum(total_minor), 0) from order_lines l where l.order_id = o.id)
		  + (select coalesce(sum(shipping_minor), 0) from shipments s where s.order_id = o.id)`},
	{Name: "refunds_within_payment", Description: "no payment was refunded beyond what it brought",
		Query: `select count(*) from (select r.payment_intent_id from refunds r join orders o on o.payment_intent_id = r.payment_intent_id
		  where r.state = 'succeeded' group by 1, o.total_minor having sum(r.amount_minor) > o.total_minor) over_paid`},
	{Name: "refunded_orders", Description: "an order is refunded exactly where a refund of its payment succeeded",
		Query: `select count(*) from orders o where (o.state = 'refunded') <> exists
		  (select 1 from refunds r where r.payment_intent_id = o.payment_intent_id and r.state = 'succeeded')`},
	{Name: "attribution_frozen", Description: "each order line has its attribution, which is never the buyer's own",
		Query: `select count(*) from order_lines l join orders o on o.id = l.order_id left join attributions a on a.order_line_id = l.id
		  left join members m on m.id = a.member_id where a.order_line_id is null or m.id = o.member_id or m.email_normal = o.email_normal`},
	{Name: "suspense_explained", Description: "what stands in suspense is the payments that are being sent back",
		Query: `select count(*) from (select currency from (
		    select p.currency, case when d.kind = 'suspense' then p.amount else -p.amount end as minor from ledger_postings p
		      join ledger_accounts d on d.id = p.destination_account_id join ledger_accounts s on s.id = p.source_account_id
		      where 'suspense' in (d.kind, s.kind)
		    union all select currency, -amount_minor from refunds where state not in ('succeeded')
		      and reason in ('second_payment','amount_differs','order_cancelled','no_stock')) moves
		  group by currency having sum(minor) <> 0) unexplained`},
	{Name: "sale_guards", Description: "the triggers and rights that keep orders, refunds, earnings and payouts as they were agreed are there and on",
		Query: `select (select count(*) from (values ('orders', 'orders_move'), ('orders', 'orders_fixed'), ('refunds', 'refunds_move'),
		      ('earnings', 'earnings_move'), ('payouts', 'payouts_move')) expected(relation, name)
		    where not exists (select 1 from pg_trigger t where t.tgrelid = to_regclass(expected.relation) and t.tgname = expected.name and t.tgenabled in ('O','A')))
		  + (select count(*) from (values ('orders', 'DELETE, TRUNCATE'), ('refunds', 'DELETE, TRUNCATE'), ('earnings', 'DELETE, TRUNCATE'),
		      ('payouts', 'DELETE, TRUNCATE'), ('shipments', 'DELETE, TRUNCATE'), ('order_lines', 'UPDATE, DELETE, TRUNCATE'),
		      ('attributions', 'UPDATE, DELETE, TRUNCATE'), ('terms', 'UPDATE, DELETE, TRUNCATE')) expected(relation, rights)
		    where has_table_privilege('relais_app', expected.relation, expected.rights))`},
	{Name: "reservations_end", Description: "no order waits for payment a day after its reservation was over",
		Query: `select count(*) from orders where state = 'awaiting_payment' and expires_at < now() - interval '1 day'`},
}

// Check counts what breaks each invariant of orders.
func Check(ctx context.Context, q sqlx.QueryerContext) ([]ledger.Finding, error) {
	return ledger.Run(ctx, q, checks)
}
