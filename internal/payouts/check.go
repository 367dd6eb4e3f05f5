package payouts

import (
	"context"

	"github.com/jmoiron/sqlx"

	"relais/internal/ledger"
)

var checks = []ledger.Invariant{
	{Name: "payout_items", Description: "each payout is the sum of the earnings that it pays",
		Query: `select count(*) from payouts p where p.state <> 'failed' and p.amount_minor <> (select coalesce(sum(e.amount_minor), 0) from earnings e
		  where e.payee_id = p.payee_id and e.currency = p.currency and e.free_posting_id > p.from_posting and e.free_posting_id < p.to_posting)`},
	{Name: "payout_ranges", Description: "the ranges of a payee's payouts follow each other without gap or overlap",
		Query: `select count(*) from (select from_posting, coalesce(lag(to_posting) over (partition by payee_id, currency order by to_posting), 0) as expected
		  from payouts where state <> 'failed') ranges where from_posting <> expected`},
	{Name: "payout_posted", Description: "each payout has exactly the postings of its state",
		Query: `select count(*) from payouts p where not exists (select 1 from ledger_transactions t join ledger_postings x on x.transaction_id = t.id
		    where t.reference = 'payout:' || p.id || ':new' and x.id = p.to_posting and x.amount = p.amount_minor)
		  or (p.state = 'sent') <> exists (select 1 from ledger_transactions where reference = 'payout:' || p.id || ':sent')
		  or (p.state = 'failed') <> exists (select 1 from ledger_transactions where reference = 'payout:' || p.id || ':failed')`},
	{Name: "paying_equals_payouts", Description: "each payee's paying account is the sum of their payouts under way",
		Query: `select count(*) from (
		    select payee_id, currency, sum(amount_minor) as due from payouts where state in ('new','sending') group by 1, 2) due
		  full join (select a.owner_id, a.currency, b.balance from ledger_balances b join ledger_accounts a on a.id = b.account_id where a.kind = 'paying') kept
		  on kept.owner_id = due.payee_id and kept.currency = due.currency where coalesce(due.due, 0) <> coalesce(kept.balance, 0)`},
}

// Check counts what breaks each invariant of payouts.
func Check(ctx context.Context, q sqlx.QueryerContext) ([]ledger.Finding, error) {
	return ledger.Run(ctx, q, checks)
}
