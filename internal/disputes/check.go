package disputes

import (
	"context"

	"github.com/jmoiron/sqlx"

	"relais/internal/ledger"
)

var checks = []ledger.Invariant{
	{Number: "I24", Name: "disputed_explained", Description: "what stands on the account disputed is what banks have taken and not decided about",
		Query: `select count(*) from (select currency from (
		    select p.currency, case when d.kind = 'disputed' then p.amount else -p.amount end as minor from ledger_postings p
		      join ledger_accounts d on d.id = p.destination_account_id join ledger_accounts s on s.id = p.source_account_id where 'disputed' in (d.kind, s.kind)
		    union all select currency, withdrawn_minor - lost_minor - excess_minor from disputes) moves
		  group by currency having sum(minor) <> 0) unexplained`},
	{Number: "I9", Name: "disputes_booked", Description: "a dispute is booked as lost exactly while its bank says so and has the money",
		Query: `select count(*) from disputes where (booked = 'lost') <> (state in ('lost','charge_refunded') and withdrawn_minor > 0)
		  or (booked = '' and (lost_minor <> 0 or excess_minor <> 0)) or (booked = 'lost') <> (booked_times % 2 = 1)`},
	{Number: "I9", Name: "dispute_parts", Description: "what was lost of an order's parts to a dispute is what it says it lost",
		Query: `select count(*) from disputes d where d.lost_minor <> coalesce((select sum(i.amount_minor) from dispute_items i where i.dispute_id = d.id), 0)`},
	{Number: "I9", Name: "disputes_strays", Description: "what a lost dispute took from suspense is a payment of its own that no order kept and that did not go back",
		Query: `select count(*) from disputes d left join refunds r on r.id = d.stray_refund_id where d.stray_refund_id is not null
		  and (d.booked <> 'lost' or not r.stray or r.state not in ('failed','canceled') or r.payment_intent_id <> d.payment_intent_id or r.currency <> d.currency or r.amount_minor > d.excess_minor)`},
	{Number: "I10", Name: "disputes_hold", Description: "while a dispute is open its order's earnings wait, and not for it afterwards",
		Query: `select count(*) from disputes d join orders o on o.id = d.order_id and o.payment_intent_id = d.payment_intent_id
		  where (d.state in ('needs_response','under_review','warning_needs_response','warning_under_review'))
		  <> exists (select 1 from holds h where h.reference = 'dispute:' || d.id and h.lifted_at is null)`},
}

// Check counts what breaks each invariant of disputes.
func Check(ctx context.Context, q sqlx.QueryerContext) ([]ledger.Finding, error) {
	return ledger.Run(ctx, q, checks)
}
