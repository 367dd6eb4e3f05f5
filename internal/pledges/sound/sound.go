// Package sound has the invariants of campaigns and pledges: what must hold in the database whatever happened.
package sound

import (
	"context"

	"github.com/jmoiron/sqlx"

	"relais/internal/ledger"
)

var checks = []ledger.Invariant{
	{Number: "I29", Name: "pledges_within_consent", Description: "no order of a pledge takes more than its buyer authorised, nor more for a piece than the price of the day of joining less the step that was reached",
		Query: `select count(*) from pledges p join campaigns c on c.id = p.campaign_id join orders o on o.id = p.order_id left join order_lines l on l.order_id = o.id
		  where o.total_minor > p.most_minor or o.currency <> c.currency or o.shipping_minor <> p.shipping_minor or l.id is null or l.variant_id <> p.variant_id or l.quantity <> p.quantity
		    or l.price_minor > p.price_minor - p.price_minor * c.less_bps / 10000 or o.placed_at < c.deadline`},
	{Number: "I29", Name: "pledges_charged_when_reached", Description: "only a campaign that was reached has orders, each of a pledge of its own, and nothing that was promised to one that has ended stands undecided",
		Query: `select (select count(*) from pledges p join campaigns c on c.id = p.campaign_id where c.state <> 'reached' and p.state in ('due','ordered') or c.state <> 'open' and p.state = 'joined'
		    or p.state = 'released' and c.state in ('open','reached') and p.ended_why not in ('unavailable','late','not_offered') and c.stopped_at is null)
		  + (select count(*) from orders o where o.operation like 'pledge-%' and not exists (select 1 from pledges p where p.order_id = o.id and o.operation = 'pledge-' || lpad(p.id::text, 12, '0')))`},
	{Number: "I29", Name: "launches_reached_goal", Description: "a launch that was reached had at least the pieces of its goal that could be ordered at its end, and exactly these were decided: to be charged, charged or released since",
		Query: `select count(*) from campaigns c where c.kind = 'launch' and (c.state = 'reached' and c.people < (c.steps->0->>'people')::integer
		    or c.state = 'reached' and c.people <> (select coalesce(sum(p.quantity), 0) from pledges p where p.campaign_id = c.id and p.state in ('due','ordered','released') and p.ended_why <> 'not_offered')
		    or c.state <> 'reached' and exists (select 1 from pledges p where p.campaign_id = c.id and p.order_id is not null))`},
	{Number: "I29", Name: "launches_within_max", Description: "the pieces promised with a card in a launch are never more than its brand can make",
		Query: `select count(*) from campaigns c where c.max_units < (select sum(p.quantity) from pledges p where p.campaign_id = c.id and p.state in ('joined','due','ordered'))`},
	{Number: "I29", Name: "launches_made_before_sent", Description: "no parcel of a launch was sent or received before its brand said that it is made",
		Query: `select count(*) from shipments s join orders o on o.id = s.order_id where o.expected is not null and s.state in ('shipped','delivered')
		    and not exists (select 1 from pledges p join campaigns c on c.id = p.campaign_id where p.order_id = o.id and c.made_at <= s.shipped_at)`},
	{Number: "I29", Name: "launches_given_up_paid_back", Description: "a day after a launch was given up or stopped, every paid order of it is on its way back, but for what a bank disputes",
		Query: `select count(*) from campaigns c join pledges p on p.campaign_id = c.id join orders o on o.id = p.order_id
		    where c.kind = 'launch' and c.stopped_at < now() - interval '1 day' and o.state = 'paid' and not exists (select 1 from refunds r where r.operation = 'unmade:' || o.id)
		      and not exists (select 1 from disputes d where d.order_id = o.id and d.state in ('needs_response','under_review'))`},
	{Number: "I29", Name: "launch_orders_promised", Description: "an order of a launch is that of a pledge to it, with its month or the one that it had before it was moved, and what is being launched was ordered in no other way",
		Query: `select (select count(*) from orders o where o.expected is not null
		    and not exists (select 1 from pledges p join campaigns c on c.id = p.campaign_id left join launch_postponements m on m.campaign_id = c.id
		      where p.order_id = o.id and c.kind = 'launch' and o.expected in (c.expected, m.from_month)))
		  + (select count(*) from campaigns c join order_lines l on l.product_id = c.product_id join orders o on o.id = l.order_id
		    where c.kind = 'launch' and o.placed_at >= c.opened_at and o.placed_at < coalesce(c.made_at, c.stopped_at, case when c.state in ('open','reached') then 'infinity' else c.ended_at end)
		      and not exists (select 1 from pledges p where p.order_id = o.id and p.campaign_id = c.id))
		  + (select count(*) from campaigns c join products p on p.id = c.product_id where c.kind = 'launch' and p.state <> 'launch' and (c.state = 'open' or c.state = 'reached' and c.made_at is null and c.stopped_at is null))
		  + (select count(*) from products p where p.state = 'launch' and not exists (select 1 from campaigns c where c.product_id = p.id and c.kind = 'launch' and (c.state = 'open' or c.state = 'reached' and c.made_at is null and c.stopped_at is null)))`},
	{Number: "I29", Name: "launches_moved_once", Description: "a campaign whose month was moved is a launch that promises the month to which it was moved",
		Query: `select count(*) from launch_postponements m join campaigns c on c.id = m.campaign_id where c.kind <> 'launch' or c.expected is distinct from m.to_month`},
	{Number: "I29", Name: "consents_kept", Description: "every order of a pledge has with it what its buyer agreed to, when and how much at most, in the words of the pledge while that has them, and no other order has",
		Query: `select (select count(*) from pledges p left join order_consents k on k.order_id = p.order_id where p.order_id is not null
		    and (k.order_id is null or k.given_at <> p.asked_at or k.most_minor <> p.most_minor or p.consent <> '' and k.words <> p.consent))
		  + (select count(*) from order_consents k where not exists (select 1 from pledges p where p.order_id = k.order_id))`},
	{Number: "I29", Name: "cards_forgotten", Description: "no card is kept by the provider a day after what it was kept for is over",
		Query: `select count(*) from pledges p left join orders o on o.id = p.order_id where p.customer_id <> '' and p.forgotten_at is null and p.told_at is not null and p.told_at < now() - interval '1 day'`},
	{Number: "I2", Name: "pledge_guards", Description: "the triggers and rights that keep campaigns and pledges as they were agreed are there and on",
		Query: `select (select count(*) from (values ('campaigns', 'campaigns_move'), ('pledges', 'pledges_move'), ('order_consents', 'order_consents_kept')) expected(relation, name)
		    where not exists (select 1 from pg_trigger t where t.tgrelid = to_regclass(expected.relation) and t.tgname = expected.name and t.tgenabled in ('O','A')))
		  + (select count(*) from (values ('campaigns', 'DELETE, TRUNCATE'), ('pledges', 'DELETE, TRUNCATE'), ('pledge_moves', 'INSERT, UPDATE, DELETE, TRUNCATE'),
		      ('launch_postponements', 'UPDATE, DELETE, TRUNCATE'), ('order_consents', 'UPDATE, DELETE, TRUNCATE')) expected(relation, rights)
		    where has_table_privilege('relais_app', expected.relation, expected.rights))`},
}

// Check counts what breaks each invariant of campaigns and pledges.
func Check(ctx context.Context, q sqlx.QueryerContext) ([]ledger.Finding, error) {
	return ledger.Run(ctx, q, checks)
}
