// Package rules has what must hold in our own rows once everything is quiet, in words of its own: without the code that is tortured.
package rules

// Rule counts what is wrong.
type Rule struct{ Words, Query string }

// Rows are what our own rows must say. $1: the pieces of each variant that there were.
var Rows = []Rule{
	{"stock that does not add up: what there was, less what is reserved or sold, plus what came back; of a launch there is none", `
		select count(*) from variants v where v.stock <> case when exists (select 1 from campaigns c where c.product_id = v.product_id and c.kind = 'launch') then 0 else $1::int
		  - coalesce((select sum(l.quantity) from order_lines l join orders o on o.id = l.order_id where l.variant_id = v.id and o.state not in ('expired','cancelled')), 0)
		  - coalesce((select sum(p.quantity) from pledges p where p.variant_id = v.id and (p.state in ('pending','joined','due') or p.state = 'released' and p.told_at is null)), 0)
		  + coalesce((select sum(i.quantity) from refund_items i join order_lines l on l.id = i.order_line_id join refunds r on r.id = i.refund_id
		      where l.variant_id = v.id and i.restock and r.booked_times > 0), 0) end`},
	{"letters that were written twice", `
		select count(*) from (select 1 from letters where template in ('payout_sent','order_paid')
		  group by recipient, template, subject, body_text having count(*) > 1) twice where $1::int > 0`},
	{"letters about sent payouts, against sent payouts", `
		select abs((select count(*) from letters where template = 'payout_sent') - (select count(*) from payouts where state = 'sent')) where $1::int > 0`},
	{"sales in person that do not have the order that was made of them", `
		select count(*) from counter_sales c join orders o on o.operation = 'counter-sale-' || lpad(c.id::text, 12, '0') where c.order_id is distinct from o.id and $1::int > 0`},
	{"orders of one form", `
		select count(*) from (select operation from orders group by operation having count(*) > 1) twice where $1::int > 0`},
}

// Stuck are rows that nobody works at any more and that are not at an end.
var Stuck = []Rule{
	{"jobs past their lease", `select count(*) from jobs where done_at is null and parked_at is null and leased_until < clock_timestamp()`},
	{"jobs parked", `select count(*) from jobs where parked_at is not null and done_at is null`},
	{"payouts under way", `select count(*) from payouts where state in ('new','sending')`},
	{"refunds under way", `select count(*) from refunds where state in ('new','sending')`},
	{"reversals under way", `select count(*) from reversals where state in ('new','sending')`},
	{"payments at a reader that may still be made", `select count(*) from reader_payments where state in ('new','open','at_reader') or loose`},
	{"notices not acted on", `select count(*) from webhook_events where handled_at is null`},
	{"orders that wait for a payment past their time", `select count(*) from orders where state = 'awaiting_payment' and expires_at < now() + (select ahead from demo_clock) - interval '1 day'`},
}

// Pledges are what group orders and launches must have come to.
var Pledges = []Rule{
	{"letters about group orders that were written twice", `
		select count(*) from (select 1 from letters where template like 'pledge_%' and template <> 'pledge_joined' group by reference having count(*) > 1) twice`},
	{"campaigns past their deadline", `select count(*) from campaigns where state = 'open' and deadline < now() + (select ahead from demo_clock) - interval '1 day'`},
	{"pledges that nobody decided", `select count(*) from pledges p join campaigns c on c.id = p.campaign_id where p.state in ('due','joined') and c.state <> 'open'
		or p.state = 'pending' and p.expires_at < now() + (select ahead from demo_clock) - interval '1 day'`},
	{"pledges at their end of which nobody was told", `select count(*) from pledges p left join orders o on o.id = p.order_id where p.told_at is null and (p.state = 'released' or o.state <> 'awaiting_payment')`},
	{"cards that are still kept", `select count(*) from pledges p where customer_id <> '' and forgotten_at is null and (told_at is not null or state in ('left','lapsed'))`},
}

// Backers is what became of those who backed a launch, by the kind of card that is named in their address: how many orders there are, how many of them are paid, and how many were never
// paid; how often their cards were refused; and how many letters they had of each kind. $1: the campaign.
const Backers = `
select split_part(o.email, '-', 2) as kind, count(*) as orders, count(*) filter (where o.state = 'paid') as paid, count(*) filter (where o.state = 'expired') as unpaid, sum(p.refusals) as refusals,
  sum((select count(*) from letters l where l.reference like 'pledge:' || p.id || ':refused:%')) as told, sum((select count(*) from letters l where l.reference = 'pledge:' || p.id || ':unpaid')) as ended,
  sum((select count(*) from letters l where l.template = 'order_paid' and l.recipient = o.email)) as receipts
from pledges p join orders o on o.id = p.order_id where p.campaign_id = $1 group by kind`

// Refused are the backers of a launch whose card was refused and whose order waits. $1: the campaign.
const Refused = `
select p.order_id, split_part(o.email, '-', 2) as kind, p.card_id from pledges p join orders o on o.id = p.order_id
where p.campaign_id = $1 and o.state = 'awaiting_payment' and p.refusals > 0 order by p.id`

// Uncharged counts the pledges of a launch that are still to be charged now. $1: the campaign.
const Uncharged = `
select count(*) from pledges p left join orders o on o.id = p.order_id where p.campaign_id = $1 and (p.state = 'due' or p.state = 'ordered' and o.state = 'awaiting_payment' and (p.refusals = 0 or p.next_at <= now() + (select ahead from demo_clock)))`

// Backed is what became of the backers of a launch, all together. $1: the campaign.
const Backed = `
select count(*) as all, count(*) filter (where o.state = 'paid') as paid, count(*) filter (where o.state = 'expired') as unpaid, count(distinct o.payment_intent_id) as payments,
  count(*) filter (where p.told_at is not null and p.forgotten_at is not null) as forgotten
from pledges p left join orders o on o.id = p.order_id where p.campaign_id = $1 and p.state = 'ordered'`
