package pos

import (
	"context"

	"github.com/jmoiron/sqlx"

	"relais/internal/ledger"
)

var checks = []ledger.Invariant{
	{Number: "I27", Name: "reader_payments_kept", Description: "each payment at a reader that was made is its order's, of the same amount, or is being sent back",
		Query: `select count(*) from reader_payments p join orders o on o.id = p.order_id where p.amount_minor <> o.total_minor or p.currency <> o.currency
		  or p.state = 'succeeded' and o.payment_intent_id is distinct from p.payment_intent_id
		    and not exists (select 1 from refunds r where r.order_id = p.order_id and r.payment_intent_id = p.payment_intent_id and r.stray)`},
	{Number: "I27", Name: "reader_payments_known", Description: "an order that was paid at a reader knows that payment as made",
		Query: `select count(*) from orders o join reader_payments p on p.order_id = o.id and p.payment_intent_id = o.payment_intent_id where p.state = 'cancelled'
		  or p.state <> 'succeeded' and o.paid_at < now() - interval '1 hour' and p.created_at < now() - interval '1 hour'`},
	{Number: "I28", Name: "counter_orders", Description: "each order made face to face has its sale, with the same place and total, and each sale's order was made face to face",
		Query: `select (select count(*) from orders o where o.place <> 'distance' and o.operation not like 'counter-sale-%')
		  + (select count(*) from counter_sales c join orders o on o.id = c.order_id where c.place <> o.place or c.total_minor <> o.total_minor or c.currency <> o.currency
		    or o.operation <> 'counter-sale-' || lpad(c.id::text, 12, '0'))`},
	{Number: "I28", Name: "handed_over", Description: "what was sold face to face and paid is handed over, without a delivery cost, and where it was sold decides the right of withdrawal",
		Query: `select count(*) from orders o where o.place <> 'distance' and (o.shipping_minor <> 0 or (o.place in ('premises','market','fair')) <> (o.withdrawal_days = 0)
		  or o.paid_at is not null and exists (select 1 from shipments s where s.order_id = o.id and (s.state not in ('delivered','cancelled') or s.delivered_at is null)))`},
	{Number: "I2", Name: "counter_guards", Description: "the triggers and rights that keep sales face to face and payments at readers as they were agreed are there and on",
		Query: `select (select count(*) from (values ('orders', 'orders_place_fixed'), ('counter_sales', 'counter_sales_move'), ('reader_payments', 'reader_payments_move'),
		    ('products', 'products_typed_fixed'), ('listings', 'listings_typed'), ('ratings', 'ratings_typed'), ('share_links', 'share_links_typed'), ('product_photos', 'product_photos_typed'), ('posts', 'posts_typed')) expected(relation, name)
		    where not exists (select 1 from pg_trigger t where t.tgrelid = to_regclass(expected.relation) and t.tgname = expected.name and t.tgenabled in ('O','A')))
		  + (select count(*) from (values ('counter_sales'), ('readers'), ('reader_payments')) expected(relation) where has_table_privilege('relais_app', expected.relation, 'DELETE, TRUNCATE'))`},
}

// Check counts what breaks each invariant of sales face to face.
func Check(ctx context.Context, q sqlx.QueryerContext) ([]ledger.Finding, error) {
	return ledger.Run(ctx, q, checks)
}
