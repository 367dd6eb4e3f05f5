// Package checks has the invariants of orders and of who is credited for them: what must hold in the database whatever happened.
package checks

import (
	"context"

	"github.com/jmoiron/sqlx"

	"relais/internal/ledger"
)

var checks = []ledger.Invariant{
	{Number: "I6", Name: "order_totals", Description: "lines and delivery costs of an order are its total",
		Query: `select count(*) from orders o where total_minor <> (select coalesce(sum(total_minor), 0) from order_lines l where l.order_id = o.id)
		  + (select coalesce(sum(shipping_minor), 0) from shipments s where s.order_id = o.id)`},
	{Number: "I8", Name: "refunds_within_payment", Description: "refunds and lost disputes of an order are never more than its payment, and what is open fits too",
		Query: `select count(*) from orders o where o.refunded_minor + o.lost_minor + coalesce((select sum(r.amount_minor) from refunds r
		  where r.order_id = o.id and not r.stray and r.state in ('new','sending','pending','requires_action')), 0) > o.total_minor`},
	{Number: "I8", Name: "refunded_orders", Description: "what an order says was refunded and lost is its refunds and disputes in the books",
		Query: `select count(*) from orders o where o.refunded_minor <> coalesce((select sum(r.amount_minor) from refunds r where r.order_id = o.id and not r.stray and r.booked), 0)
		  or o.lost_minor <> coalesce((select sum(d.lost_minor) from disputes d where d.order_id = o.id and d.booked = 'lost'), 0)`},
	{Number: "I9", Name: "parts_returned", Description: "what went back of each line and delivery is the parts of its booked refunds and lost disputes",
		Query: `select (select count(*) from order_lines l where l.returned_minor <> coalesce((select sum(i.amount_minor) from refund_items i join refunds r on r.id = i.refund_id
		      where i.order_line_id = l.id and r.booked), 0) + coalesce((select sum(i.amount_minor) from dispute_items i join disputes d on d.id = i.dispute_id
		      where i.order_line_id = l.id and d.booked = 'lost'), 0))
		  + (select count(*) from shipments s where s.returned_minor <> coalesce((select sum(i.amount_minor) from refund_items i join refunds r on r.id = i.refund_id
		      where i.shipment_id = s.id and i.order_line_id is null and r.booked), 0) + coalesce((select sum(i.amount_minor) from dispute_items i join disputes d on d.id = i.dispute_id
		      where i.shipment_id = s.id and i.order_line_id is null and d.booked = 'lost'), 0))`},
	{Number: "I8", Name: "refund_parts", Description: "each refund of an order is the sum of its parts, which are of that order; a stray payment's has none",
		Query: `select count(*) from refunds r where case when r.stray then exists (select 1 from refund_items i where i.refund_id = r.id)
		  else r.amount_minor <> (select coalesce(sum(i.amount_minor), 0) from refund_items i join shipments s on s.id = i.shipment_id and s.order_id = r.order_id where i.refund_id = r.id) end`},
	{Number: "I3", Name: "refund_posted", Description: "each refund stands in the books exactly as often as it was made and came back",
		Query: `select count(*) from refunds r left join (select split_part(reference, ':', 2) as id, count(*) as times from ledger_transactions where reference like 'refund:%:%' group by 1) t
		  on t.id = r.id::text where r.operation not like 'before:%' and r.booked_times <> coalesce(t.times, 0) or r.booked <> (r.booked_times % 2 = 1) or r.booked <> (r.state = 'succeeded')`},
	{Number: "I14", Name: "refund_objects", Description: "each refund that was made is one object at Stripe, or was paid from our bank",
		Query: `select count(*) from refunds where booked and stripe_id is null and reason <> 'bank_transfer'`},
	{Number: "I19", Name: "orders_where_they_belong", Description: "an order is refunded or charged back exactly when nothing of it is left",
		Query: `select count(*) from orders where state in ('paid','refunded','charged_back') and state <> case when refunded_minor + lost_minor < total_minor then 'paid'
		  when lost_minor > 0 then 'charged_back' else 'refunded' end`},
	{Number: "I16", Name: "stock_not_negative", Description: "no stock is below nothing", Query: `select count(*) from variants where stock < 0`},
	{Number: "I20", Name: "attribution_frozen", Description: "each order line has its attribution, which is never the buyer's own",
		Query: `select (select count(*) from order_lines l left join attributions a on a.order_line_id = l.id where a.order_line_id is null)
		  + (select count(*) from attribution_credits c join order_lines l on l.id = c.order_line_id join orders o on o.id = l.order_id
		    join members m on m.id = c.member_id where m.id = o.member_id or m.email_normal = o.email_normal)`},
	{Number: "I20", Name: "credits_whole", Description: "the parts of those who brought the buyer of a line are the whole of it, two at most and by clicks only; of nobody's line there are none",
		Query: `select count(*) from attributions a left join lateral (select count(*) as n, coalesce(sum(part_bps), 0) as parts
		    from attribution_credits c where c.order_line_id = a.order_line_id) c on true
		  where c.parts <> case a.rule when 'none' then 0 else 10000 end or c.n > case a.rule when 'click' then 2 else 1 end`},
	{Number: "I24", Name: "suspense_explained", Description: "what stands in suspense is the payments that are being sent back, and that no bank has taken back for good",
		Query: `select count(*) from (select currency from (
		    select p.currency, case when d.kind = 'suspense' then p.amount else -p.amount end as minor from ledger_postings p
		      join ledger_accounts d on d.id = p.destination_account_id join ledger_accounts s on s.id = p.source_account_id
		      where 'suspense' in (d.kind, s.kind)
		    union all select currency, -amount_minor from refunds where state not in ('succeeded')
		      and reason in ('second_payment','amount_differs','order_cancelled','no_stock') and not exists (select 1 from disputes d where d.stray_refund_id = refunds.id)) moves
		  group by currency having sum(minor) <> 0) unexplained`},
	{Number: "I20", Name: "margin_allowed", Description: "each line costs the brand's price and the margin of the storefront that decided it, of nobody else's, and that is no more than its terms allowed",
		Query: `select count(*) from order_lines l join terms t on t.id = l.terms_id left join attributions a on a.order_line_id = l.id
		  where l.price_minor <> l.brand_price_minor + l.margin_minor or l.margin_minor < 0 or l.margin_minor > div((l.brand_price_minor - l.option_minor)::numeric * t.margin_bps, 10000)
		    or l.margin_minor > 0 and a.rule is distinct from 'storefront'`},
	{Number: "I20", Name: "designs_priced", Description: "each line with a design of one's own costs what the options of its revision cost, is of the product that was designed, and is made to wishes; one with a published design is of its product, and what is sent of that has it; no other has options",
		Query: `select (select count(*) from order_lines l join orders o on o.id = l.order_id join publications u on u.product_id = l.product_id where o.place = 'distance' and l.design_id is distinct from u.design_id)
		  + (select count(*) from order_lines l left join design_revisions r on r.design_id = l.design_id and r.revision = l.design_revision
		  left join base_versions v on v.id = r.version_id
		  where case when l.design_id is null then l.option_minor <> 0
		    when exists (select 1 from publications u where u.product_id = l.product_id) then l.custom_made or l.option_minor <> 0 or v.product_id is null
		    else not l.custom_made or v.product_id is distinct from l.product_id or r.option_minor is distinct from l.option_minor or r.option_minor <> (
		      select coalesce(sum((z->'extra'->>(y->>'kind'))::bigint), 0) from jsonb_path_query(v.content, '$.views[*].zones[*]') z
		        join jsonb_path_query(r.content, '$.parts[*]') p on p->>'zone' = z->>'id' cross join jsonb_path_query(p, '$.layers[*]') y) end)`},
	{Name: "margins_remembered", Description: "the margin of each listing is the last one in the history of its storefront's prices; what is not listed has none",
		Query: `select count(*) from (select distinct on (member_id, product_id) member_id, product_id, margin_minor, currency from listing_margins order by member_id, product_id, since desc, id desc) h
		  full join listings l using (member_id, product_id)
		  where coalesce(l.margin_minor, 0) <> coalesce(h.margin_minor, 0) or l.margin_minor > 0 and l.margin_currency is distinct from h.currency`},
	{Number: "I2", Name: "sale_guards", Description: "the triggers and rights that keep orders, refunds, earnings and payouts as they were agreed are there and on",
		Query: `select (select count(*) from (values ('orders', 'orders_move'), ('orders', 'orders_fixed'), ('refunds', 'refunds_move'),
		      ('earnings', 'earnings_move'), ('payouts', 'payouts_move'), ('returns', 'returns_move'),
		      ('fee_parts', 'fee_parts_append_only'), ('fee_parts', 'fee_parts_no_truncate'),
		      ('design_revisions', 'design_revisions_kept'), ('design_revisions', 'design_revisions_no_truncate'), ('design_photos', 'design_photos_kept'), ('design_photos', 'design_photos_no_truncate'),
		      ('base_versions', 'base_versions_move'), ('order_lines', 'order_lines_design_sent'), ('makings', 'makings_start'), ('making_steps', 'making_steps_kept')) expected(relation, name)
		    where not exists (select 1 from pg_trigger t where t.tgrelid = to_regclass(expected.relation) and t.tgname = expected.name and t.tgenabled in ('O','A')))
		  + (select count(*) from (values ('orders', 'DELETE, TRUNCATE'), ('refunds', 'DELETE, TRUNCATE'), ('earnings', 'DELETE, TRUNCATE'),
		      ('payouts', 'DELETE, TRUNCATE'), ('shipments', 'DELETE, TRUNCATE'), ('order_lines', 'UPDATE, DELETE, TRUNCATE'),
      ('clawbacks', 'UPDATE, DELETE, TRUNCATE'), ('fee_parts', 'UPDATE, DELETE, TRUNCATE'), ('refund_items', 'UPDATE, DELETE, TRUNCATE'), ('holds', 'DELETE, TRUNCATE'),
      ('disputes', 'DELETE, TRUNCATE'), ('returns', 'DELETE, TRUNCATE'), ('write_offs', 'DELETE, TRUNCATE'), ('reversals', 'DELETE, TRUNCATE'),
		      ('attributions', 'UPDATE, DELETE, TRUNCATE'), ('attribution_credits', 'UPDATE, DELETE, TRUNCATE'), ('member_codes', 'UPDATE, DELETE, TRUNCATE'), ('pins', 'UPDATE, DELETE, TRUNCATE'), ('terms', 'UPDATE, DELETE, TRUNCATE'), ('listing_margins', 'UPDATE, DELETE, TRUNCATE'),
		      ('design_revisions', 'UPDATE, DELETE, TRUNCATE'), ('design_photos', 'DELETE, TRUNCATE'), ('base_versions', 'DELETE, TRUNCATE'), ('makings', 'DELETE, TRUNCATE'), ('making_steps', 'UPDATE, DELETE, TRUNCATE')) expected(relation, rights)
		    where has_table_privilege('relais_app', expected.relation, expected.rights))`},
	{Number: "I17", Name: "reservations_end", Description: "no order waits for payment a day after its reservation was over",
		Query: `select count(*) from orders where state = 'awaiting_payment' and expires_at < now() - interval '1 day'`},
}

// Check counts what breaks each invariant of orders.
func Check(ctx context.Context, q sqlx.QueryerContext) ([]ledger.Finding, error) {
	return ledger.Run(ctx, q, checks)
}
