package earnings

import (
	"context"

	"github.com/jmoiron/sqlx"

	"relais/internal/ledger"
)

// Checks are the invariants between earnings, orders and the ledger, each as a query that counts what breaks it.
var checks = []ledger.Invariant{
	{Name: "sale_split", Description: "earnings and fee of a paid order are its total",
		Query: `select count(*) from orders o where o.state in ('paid','refunded') and o.total_minor <>
		  (select coalesce(sum(amount_minor), 0) from earnings e where e.order_id = o.id) +
		  (select coalesce(sum(net_minor * fee_bps / 10000), 0) from order_lines l where l.order_id = o.id)`},
	{Name: "sale_posted", Description: "each paid order has its posting in the ledger, and no other order has one",
		Query: `select count(*) from orders o full join ledger_transactions t on t.reference = 'order:' || o.id || ':paid'
		  where (t.kind = 'sale' or t.id is null) and (o.id is null or (o.state in ('paid','refunded')) <> (t.id is not null))`},
	{Name: "sale_amounts", Description: "a sale and its refund move the order's total, and of it the fee to and from Relais",
		Query: `select count(*) from ledger_transactions t join orders o on t.reference = 'order:' || o.id || case t.kind when 'sale' then ':paid' else ':refunded' end
		  where t.kind in ('sale','refund') and (
		    (select coalesce(sum(p.amount), 0) from ledger_postings p where p.transaction_id = t.id) <> o.total_minor or
		    (select coalesce(sum(p.amount), 0) from ledger_postings p join ledger_accounts a on a.kind = 'fees' and a.id in (p.source_account_id, p.destination_account_id)
		      where p.transaction_id = t.id) <> (select sum(net_minor * fee_bps / 10000) from order_lines l where l.order_id = o.id))`},
	{Name: "refund_posted", Description: "each refunded order has its posting in the ledger, and no other order has one",
		Query: `select count(*) from orders o full join ledger_transactions t on t.reference = 'order:' || o.id || ':refunded'
		  where (t.kind = 'refund' or t.id is null) and (o.id is null or (o.state = 'refunded') <> (t.id is not null))`},
	{Name: "earning_amounts", Description: "each earning is of its order, and what is left of its line or the delivery cost",
		Query: `select count(*) from earnings e join shipments s on s.id = e.shipment_id left join order_lines l on l.id = e.order_line_id
		  where e.order_id <> s.order_id or l.shipment_id <> e.shipment_id or case e.role when 'delivery' then e.amount_minor <> s.shipping_minor
		    when 'sale' then e.amount_minor <> l.total_minor - l.net_minor * l.fee_bps / 10000 - (select coalesce(sum(c.amount_minor), 0)
		      from earnings c where c.order_line_id = l.id and c.role = 'commission') end`},
	{Name: "brand_earnings", Description: "what is left of a sale, and its delivery cost, are the brand's that sent it",
		Query: `select count(*) from earnings e join shipments s on s.id = e.shipment_id join payees p on p.id = e.payee_id
		  where e.role in ('sale','delivery') and p.brand_id is distinct from s.brand_id`},
	{Name: "release_posted", Description: "each free earning has its own posting of its amount to its payee, and each such posting its earning",
		Query: `select count(*) from (select id, payee_id, amount_minor, free_posting_id from earnings where free_posting_id is not null) e
		  full join (select p.id, p.amount, t.reference, a.kind, a.owner_id from ledger_transactions t join ledger_postings p on p.transaction_id = t.id
		    join ledger_accounts a on a.id = p.destination_account_id where t.kind = 'release') r on r.id = e.free_posting_id
		  where e.id is null or r.id is null or r.reference <> 'earning:' || e.id || ':free' or r.amount <> e.amount_minor or r.owner_id <> e.payee_id or r.kind <> 'free'`},
	{Name: "held_equals_earnings", Description: "each payee's held account is the sum of their held and frozen earnings",
		Query: balanceQuery("held", `e.state in ('held','frozen')`)},
	{Name: "free_equals_earnings", Description: "each payee's free account is the sum of their free earnings in no payout",
		Query: balanceQuery("free", `e.state = 'free' and not exists (select 1 from payouts p where p.payee_id = e.payee_id and p.currency = e.currency
		  and p.state <> 'failed' and e.free_posting_id > p.from_posting and e.free_posting_id < p.to_posting)`)},
	{Name: "voided_when_refunded", Description: "earnings are voided exactly where their order was refunded",
		Query: `select count(*) from earnings e join orders o on o.id = e.order_id where (e.state = 'voided') <> (o.state = 'refunded')`},
	{Name: "released_in_time", Description: "no earning was freed before its day",
		Query: `select count(*) from earnings where state = 'free' and (released_at < free_at or not free_at_known)`},
	{Name: "commission_attributed", Description: "each commission is the attributed member's, at the rate frozen on the line",
		Query: `select count(*) from earnings e join order_lines l on l.id = e.order_line_id join payees p on p.id = e.payee_id
		  left join attributions a on a.order_line_id = l.id
		  where e.role = 'commission' and (a.member_id is distinct from p.member_id or e.amount_minor <> l.net_minor * l.commission_bps / 10000)`},
}

func balanceQuery(kind, where string) string {
	return `select count(*) from (
	    select e.payee_id, e.currency, sum(e.amount_minor) as owed from earnings e where ` + where + ` group by 1, 2) owed
	  full join (
	    select a.owner_id, a.currency, b.balance from ledger_balances b join ledger_accounts a on a.id = b.account_id where a.kind = '` + kind + `') kept
	  on kept.owner_id = owed.payee_id and kept.currency = owed.currency
	  where coalesce(owed.owed, 0) <> coalesce(kept.balance, 0)`
}

// Check counts what breaks each invariant of earnings.
func Check(ctx context.Context, q sqlx.QueryerContext) ([]ledger.Finding, error) {
	return ledger.Run(ctx, q, checks)
}
