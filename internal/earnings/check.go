package earnings

import (
	"context"

	"github.com/jmoiron/sqlx"

	"relais/internal/ledger"
)

// Checks are the invariants between earnings, orders and the ledger, each as a query that counts what breaks it.
var checks = []ledger.Invariant{
	{Number: "I6", Name: "sale_split", Description: "earnings and fee of a paid order are its total",
		Query: `select count(*) from orders o where o.state in ('paid','refunded','charged_back') and o.total_minor <>
		  (select coalesce(sum(amount_minor - moved_minor), 0) from earnings e where e.order_id = o.id) +
		  (select coalesce(sum(net_minor * fee_bps / 10000), 0) from order_lines l where l.order_id = o.id)`},
	{Number: "I3", Name: "sale_posted", Description: "each paid order has its posting in the ledger, and no other order has one",
		Query: `select count(*) from orders o full join ledger_transactions t on t.reference = 'order:' || o.id || ':paid'
		  where (t.kind = 'sale' or t.id is null) and (o.id is null or (o.state in ('paid','refunded','charged_back')) <> (t.id is not null))`},
	{Number: "I6", Name: "sale_amounts", Description: "a sale moves the order's total, and of it the fee to Relais",
		Query: `select count(*) from ledger_transactions t join orders o on t.reference = 'order:' || o.id || ':paid'
		  where t.kind = 'sale' and (
		    (select coalesce(sum(p.amount), 0) from ledger_postings p where p.transaction_id = t.id) <> o.total_minor or
		    (select coalesce(sum(p.amount), 0) from ledger_postings p join ledger_accounts a on a.kind = 'fees' and a.id in (p.source_account_id, p.destination_account_id)
		      where p.transaction_id = t.id) <> (select sum(net_minor * fee_bps / 10000) from order_lines l where l.order_id = o.id))`},
	{Number: "I6", Name: "earning_amounts", Description: "each earning is of its order, and what is left of its line or the delivery cost",
		Query: `select count(*) from earnings e join shipments s on s.id = e.shipment_id left join order_lines l on l.id = e.order_line_id
		  where e.order_id <> s.order_id or l.shipment_id <> e.shipment_id or case e.role when 'delivery' then e.amount_minor <> s.shipping_minor
		    when 'margin' then e.amount_minor <> l.margin_net_minor
		    when 'sale' then e.amount_minor <> l.total_minor - l.margin_net_minor - l.net_minor * l.fee_bps / 10000 - (select coalesce(sum(c.amount_minor), 0)
		      from earnings c where c.shipment_id = e.shipment_id and c.order_line_id = l.id and c.role in ('commission','royalty','idea') and c.from_earning_id is null) end`},
	{Name: "brand_earnings", Description: "what is left of a sale, its delivery cost, and commissions and margins that were refused, are the brand's that sent it",
		Query: `select count(*) from earnings e join shipments s on s.id = e.shipment_id join payees p on p.id = e.payee_id
		  where e.role in ('sale','delivery','kept') and p.brand_id is distinct from s.brand_id`},
	{Number: "I7", Name: "returned_in_proportion", Description: "each beneficiary has given back their share of what went back to the buyer, rounded down: never more, all of it at the end",
		Query: `select count(*) from earnings e join shipments s on s.id = e.shipment_id left join order_lines l on l.id = e.order_line_id
		  where e.returned_minor <> case when l.id is null then (e.amount_minor::numeric * s.returned_minor / s.shipping_minor)
		    else div((e.amount_minor - e.moved_minor)::numeric * l.returned_minor, l.total_minor) end`},
	{Number: "I7", Name: "clawbacks_sum", Description: "what was given back of each earning is its clawbacks, with those that it took over with a share and without those that it passed on, and each of them is of its payee and currency",
		Query: `select count(*) from earnings e full join (select earning_id, sum(amount_minor) as given, min(payee_id) as least, max(payee_id) as most
		    from (select earning_id, payee_id, amount_minor from clawbacks union all select to_earning_id, null, returned_minor from reassignments
		      union all select from_earning_id, null, -returned_minor from reassignments) given group by 1) c
		  on c.earning_id = e.id where e.id is null or e.returned_minor <> coalesce(c.given, 0) or coalesce(c.least, e.payee_id) <> e.payee_id or coalesce(c.most, e.payee_id) <> e.payee_id`},
	{Number: "I9", Name: "changes_posted", Description: "each refund and lost dispute in the books moves what its parts sum to, and its clawbacks, the platform and what waited in suspense bear it together",
		Query: `select count(*) from (select t.id, t.kind,
		    (select coalesce(sum(case when a.kind in ('stripe','disputed','bank') then p.amount else 0 end), 0) - coalesce(sum(case when b.kind in ('stripe','disputed','bank') then p.amount else 0 end), 0)
		      from ledger_postings p join ledger_accounts a on a.id = p.destination_account_id join ledger_accounts b on b.id = p.source_account_id where p.transaction_id = t.id) as moved,
		    coalesce(c.given, 0) as clawed,
		    (select coalesce(sum(case when b.kind in ('fees','losses','suspense') then p.amount when a.kind in ('fees','losses','suspense') then -p.amount else 0 end), 0)
		      from ledger_postings p join ledger_accounts a on a.id = p.destination_account_id join ledger_accounts b on b.id = p.source_account_id where p.transaction_id = t.id) as borne
		  from ledger_transactions t left join (select transaction_id, sum(amount_minor) as given from clawbacks group by 1) c on c.transaction_id = t.id
		  where t.kind in ('refund','refund_failed','dispute_lost','dispute_won') and t.reference like any (array['refund:%','dispute:%'])) x
		  where moved <> clawed + borne or (moved > 0) <> (kind in ('refund','dispute_lost'))`},
	{Number: "I9", Name: "fee_parts", Description: "what Relais gave back of its fee in each change is the sum of its parts by shipment, each of the change's order",
		Query: `select (select count(*) from (select t.id,
		    (select coalesce(sum(case b.kind when 'fees' then p.amount else -p.amount end), 0) from ledger_postings p join ledger_accounts a on a.id = p.destination_account_id
		      join ledger_accounts b on b.id = p.source_account_id where p.transaction_id = t.id and 'fees' in (a.kind, b.kind)) as fee,
		    (select coalesce(sum(f.minor), 0) from fee_parts f where f.transaction_id = t.id) as parts
		  from ledger_transactions t where t.kind in ('refund','refund_failed','dispute_lost','dispute_won')) x where fee <> parts)
		  + (select count(*) from fee_parts f join shipments s on s.id = f.shipment_id join clawbacks c on c.transaction_id = f.transaction_id join earnings e on e.id = c.earning_id
		     where e.order_id <> s.order_id)`},
	{Number: "I10", Name: "release_posted", Description: "each free earning has its own posting to its payee of what was left of it, and each such posting its earning",
		Query: `select count(*) from (select id, payee_id, released_minor, free_posting_id from earnings where free_posting_id is not null) e
		  full join (select p.id, p.amount, t.reference, a.kind, a.owner_id from ledger_transactions t join ledger_postings p on p.transaction_id = t.id
		    join ledger_accounts a on a.id = p.destination_account_id where t.kind = 'release') r on r.id = e.free_posting_id
		  where e.id is null or r.id is null or r.reference <> 'earning:' || e.id || ':free' or r.amount <> e.released_minor or r.owner_id <> e.payee_id or r.kind <> 'free'`},
	{Number: "I10", Name: "held_equals_earnings", Description: "each payee's held account is what is left of their held and frozen earnings",
		Query: balanceQuery("held", `select payee_id, currency, amount_minor - moved_minor - returned_minor as minor from earnings where state in ('held','frozen')`)},
	{Number: "I5", Name: "free_equals_earnings", Description: "each payee's free account is what was released, less what was given back of it, paid out or netted from debts",
		Query: balanceQuery("free", `select payee_id, currency, released_minor as minor from earnings where state = 'free'
		    union all select payee_id, currency, -free_minor from clawbacks
		    union all select from_payee_id, currency, -free_minor from reassignments
		    union all select payee_id, currency, -amount_minor from payouts where state <> 'failed'
		    union all `+moved("netting", "free", "-")+`
		    union all `+moved("reversal", "free", ""))},
	{Number: "I5", Name: "debt_equals_clawbacks", Description: "each payee's debt is what they could not give back, less what was netted, taken back or written off",
		Query: balanceQuery("debt", `select payee_id, currency, -debt_minor as minor from clawbacks
		    union all select from_payee_id, currency, -debt_minor from reassignments
		    union all `+moved("netting", "debt", "")+`
		    union all `+moved("reversal", "debt", "")+`
		    union all select payee_id, currency, amount_minor from write_offs where state = 'booked'`)},
	{Name: "no_debt_beside_money", Description: "nobody owes money and has free money of the same currency",
		Query: `select count(*) from ledger_accounts f join ledger_balances fb on fb.account_id = f.id and fb.balance > 0
		  join ledger_accounts d on d.kind = 'debt' and d.owner_id = f.owner_id and d.currency = f.currency
		  join ledger_balances db on db.account_id = d.id and db.balance < 0 where f.kind = 'free'`},
	{Number: "I10", Name: "frozen_while_held_up", Description: "an earning waits frozen exactly while a hold is on it",
		Query: `select count(*) from earnings e where e.state in ('held','frozen') and (e.state = 'frozen') <> exists (select 1 from holds h
		  where h.order_id = e.order_id and h.lifted_at is null and (h.part = 'order' or h.part = 'shipment' and h.shipment_id = e.shipment_id
		    or h.part = 'line' and h.order_line_id = e.order_line_id or h.part = 'delivery' and h.shipment_id = e.shipment_id and e.order_line_id is null or h.part = 'earning' and h.earning_id = e.id))`},
	{Number: "I10", Name: "released_in_time", Description: "no earning was freed before its day",
		Query: `select count(*) from earnings where state = 'free' and (released_at < free_at or not free_at_known)`},
	{Number: "I9", Name: "reassigned", Description: "what each earning passed to others is what the record of shares that passed says, and each share that passed is of one line and currency",
		Query: `select (select count(*) from (select id, moved_minor - case when from_earning_id is null then 0 else amount_minor end as moved from earnings
		      where moved_minor > 0 or from_earning_id is not null) e
		    full join (select earning_id, sum(minor) as moved from (select from_earning_id as earning_id, minor from reassignments
		      union all select to_earning_id, -minor from reassignments) legs group by 1) r on r.earning_id = e.id where coalesce(e.moved, 0) <> coalesce(r.moved, 0))
		  + (select count(*) from reassignments r join earnings f on f.id = r.from_earning_id join earnings t on t.id = r.to_earning_id
		    where f.order_line_id is distinct from t.order_line_id or f.order_id <> t.order_id or f.currency <> t.currency or f.currency <> r.currency or f.payee_id <> r.from_payee_id
		      or t.from_earning_id is distinct from f.id and f.from_earning_id is distinct from t.id)`},
	{Number: "I3", Name: "reassign_posted", Description: "each share that passed moves what was left of it from its payee's accounts to the other's held account, and no other transaction does",
		Query: `select count(*) from (select r.id, r.transaction_id, r.from_payee_id, t.payee_id, r.currency, r.held_minor, r.free_minor, r.debt_minor, r.free_posting_id, r.reference
		    from reassignments r join earnings t on t.id = r.to_earning_id where r.transaction_id is not null) r
		  full join (select x.id, x.reference, x.currency, sum(p.amount) filter (where s.kind = 'held') as held, sum(p.amount) filter (where s.kind = 'free') as free,
		      sum(p.amount) filter (where s.kind = 'debt') as debt, max(p.id) filter (where s.kind = 'free') as free_posting, min(s.owner_id) as least, max(s.owner_id) as most,
		      min(d.owner_id) as to_least, max(d.owner_id) as to_most, bool_and(d.kind = 'held') as into_held
		    from ledger_transactions x join ledger_postings p on p.transaction_id = x.id join ledger_accounts s on s.id = p.source_account_id
		      join ledger_accounts d on d.id = p.destination_account_id where x.kind = 'reassign' group by x.id) x on x.id = r.transaction_id
		  where r.id is null or x.id is null or r.reference <> x.reference or r.currency <> x.currency or not x.into_held
		    or (r.held_minor, r.free_minor, r.debt_minor) is distinct from (coalesce(x.held, 0)::bigint, coalesce(x.free, 0)::bigint, coalesce(x.debt, 0)::bigint)
		    or r.free_posting_id is distinct from x.free_posting
		    or r.from_payee_id <> x.least or x.least <> x.most or r.payee_id <> x.to_least or x.to_least <> x.to_most`},
	{Number: "I21", Name: "commission_base", Description: "the base of each commission is the brand's price of its line, without VAT and without a storefront's margin, and the rate frozen on the line is what its members have together",
		Query: `select (select count(*) from earnings e join order_lines l on l.id = e.order_line_id where e.role = 'commission'
		    and (e.base_minor <> l.net_minor or l.net_minor <> div(l.quantity * l.brand_price_minor::numeric * 10000, 10000 + l.vat_bps)))
		  + (select count(*) from order_lines l where l.commission_bps <> coalesce((select ceil(sum(c.rate_bps::numeric * c.part_bps) / 10000)
		      from attribution_credits c where c.order_line_id = l.id), 0))`},
	{Number: "I21", Name: "margin_earned", Description: "of each line that was paid with a margin, what is left of it without VAT, rounded down, is one earning of the member whose storefront decided the line, and nobody has another",
		Query: `select (select count(*) from order_lines where margin_net_minor <> div(quantity * margin_minor::numeric * 10000, 10000 + vat_bps))
		  + (select count(*) from (select l.id, l.quantity * l.margin_minor as gross, l.margin_net_minor as net, c.member_id from order_lines l join orders o on o.id = l.order_id and o.state in ('paid','refunded','charged_back')
		        join attributions a on a.order_line_id = l.id left join attribution_credits c on c.order_line_id = l.id and a.rule = 'storefront' where l.margin_net_minor > 0) l
		      full join (select e.order_line_id, e.amount_minor, e.base_minor, p.member_id from earnings e join payees p on p.id = e.payee_id where e.role = 'margin') e on e.order_line_id = l.id
		      where l.id is null or e.order_line_id is null or e.amount_minor <> l.net or e.base_minor <> l.gross or e.member_id is distinct from l.member_id)`},
	{Number: "I20", Name: "commission_attributed", Description: "each commission is a credited member's: the net price times their rate times their part, rounded down",
		Query: `select count(*) from earnings e join order_lines l on l.id = e.order_line_id join payees p on p.id = e.payee_id
		  left join attribution_credits c on c.order_line_id = l.id and c.member_id = p.member_id
		  where e.role = 'commission' and e.from_earning_id is null and (c.member_id is null or e.rate_bps <> c.rate_bps or e.part_bps <> c.part_bps
		    or e.amount_minor <> div(l.net_minor::numeric * c.rate_bps * c.part_bps, 100000000))`},
}

// moved is what the ledger's transactions of a kind put on payees' accounts of another kind, or took from there with sign "-".
func moved(transactions, account, sign string) string {
	side := "destination_account_id"
	if sign != "" {
		side = "source_account_id"
	}
	return `select a.owner_id, a.currency, ` + sign + `p.amount from ledger_transactions t join ledger_postings p on p.transaction_id = t.id
	      join ledger_accounts a on a.id = p.` + side + ` and a.kind = '` + account + `' where t.kind = '` + transactions + `'`
}

// balanceQuery counts the payees whose account of a kind has something else than the rows sum to.
func balanceQuery(kind, rows string) string {
	return `select count(*) from (
	    select payee_id, currency, sum(minor) as owed from (` + rows + `) rows group by 1, 2) owed
	  full join (
	    select a.owner_id, a.currency, b.balance from ledger_balances b join ledger_accounts a on a.id = b.account_id where a.kind = '` + kind + `') kept
	  on kept.owner_id = owed.payee_id and kept.currency = owed.currency
	  where coalesce(owed.owed, 0) <> coalesce(kept.balance, 0)`
}

// Check counts what breaks each invariant of earnings.
func Check(ctx context.Context, q sqlx.QueryerContext) ([]ledger.Finding, error) {
	return ledger.Run(ctx, q, checks)
}
