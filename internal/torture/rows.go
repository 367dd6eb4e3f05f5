package main

import (
	"context"
	"fmt"
)

// What our own rows must say once everything is quiet; each counts what is wrong.
var rowRules = []struct{ words, query string }{
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

// Rows that nobody works at any more and that are not at an end.
var stuckRules = []struct{ words, query string }{
	{"jobs past their lease", `select count(*) from jobs where done_at is null and parked_at is null and leased_until < clock_timestamp()`},
	{"jobs parked", `select count(*) from jobs where parked_at is not null and done_at is null`},
	{"payouts under way", `select count(*) from payouts where state in ('new','sending')`},
	{"refunds under way", `select count(*) from refunds where state in ('new','sending')`},
	{"reversals under way", `select count(*) from reversals where state in ('new','sending')`},
	{"payments at a reader that may still be made", `select count(*) from reader_payments where state in ('new','open','at_reader') or loose`},
	{"notices not acted on", `select count(*) from webhook_events where handled_at is null`},
	{"orders that wait for a payment past their time", `select count(*) from orders where state = 'awaiting_payment' and expires_at < now() + (select ahead from demo_clock) - interval '1 day'`},
}

func (w *world) judgeRows(ctx context.Context, v *verdict) error {
	for _, r := range rowRules {
		var n int
		if err := w.owner.GetContext(ctx, &n, r.query, inStock); err != nil {
			return fmt.Errorf("%s: %w", r.words, err)
		}
		if n > 0 {
			v.other = append(v.other, fmt.Sprintf("%d %s", n, r.words))
		}
	}
	for _, r := range append(stuckRules, pledgeRules...) {
		var n int
		if err := w.owner.GetContext(ctx, &n, r.query); err != nil {
			return fmt.Errorf("%s: %w", r.words, err)
		}
		if v.stuck += n; n > 0 {
			v.words = append(v.words, fmt.Sprintf("stuck: %d %s", n, r.words))
		}
	}
	return nil
}
