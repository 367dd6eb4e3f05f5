package payouts

import (
	"context"

	"github.com/jmoiron/sqlx"

	"relais/internal/ledger"
)

// live payouts, each with what the one before carried into it and the entries of the free account in its range.
const entries = `
(select coalesce(sum(x.amount), 0) from ledger_postings x join ledger_accounts a on a.id = x.destination_account_id
   where a.kind = 'free' and a.owner_id = p.payee_id and a.currency = p.currency and x.id > p.from_posting and x.id < p.to_posting)
- (select coalesce(sum(x.amount), 0) from ledger_postings x join ledger_accounts a on a.id = x.source_account_id
   where a.kind = 'free' and a.owner_id = p.payee_id and a.currency = p.currency and x.id > p.from_posting and x.id < p.to_posting)`

var checks = []ledger.Invariant{
	{Number: "I12", Name: "payout_items", Description: "each payout is the sum of the entries that it took, with what was carried in and out",
		Query: `select count(*) from payouts p where p.state <> 'failed' and p.amount_minor + p.carried_minor <> ` + entries + ` +
		  coalesce((select b.carried_minor from payouts b where b.payee_id = p.payee_id and b.currency = p.currency and b.to_posting = p.from_posting and b.state <> 'failed'), 0)`},
	{Number: "I12", Name: "payout_ranges", Description: "the ranges of a payee's payouts follow each other without gap or overlap",
		Query: `select count(*) from (select from_posting, coalesce(lag(to_posting) over (partition by payee_id, currency order by to_posting), 0) as expected
		  from payouts where state <> 'failed') ranges where from_posting <> expected`},
	{Number: "I12", Name: "payout_earnings", Description: "each earning is in one live payout at most",
		Query: `select count(*) from (select e.id from earnings e join payouts p on p.payee_id = e.payee_id and p.currency = e.currency and p.state <> 'failed'
		  and e.free_posting_id > p.from_posting and e.free_posting_id < p.to_posting group by e.id having count(*) > 1) twice`},
	{Number: "I13", Name: "payout_one_live", Description: "a payee has one payout on its way in a currency at most, and each says where it goes",
		Query: `select (select count(*) from (select 1 from payouts where state in ('new','sending') group by payee_id, currency having count(*) > 1) twice)
		  + (select count(*) from payouts where destination = '')
		  + (select count(*) from (values ('payouts_move')) guard(name) where not exists (select 1 from pg_trigger t where t.tgrelid = 'payouts'::regclass
		     and t.tgname = guard.name and t.tgenabled in ('O','A')))`},
	{Number: "I14", Name: "payout_transfers", Description: "each sent payout has a transfer of its own, which the books name, and no other has one",
		Query: `select (select count(*) from payouts where (state = 'sent') <> (transfer_id is not null))
		  + (select count(*) from (select 1 from payouts where transfer_id is not null group by transfer_id having count(*) > 1) twice)
		  + (select count(*) from payouts p left join ledger_transactions t on t.reference = 'payout:' || p.id || ':sent'
		     left join ledger_objects o on o.transaction_id = t.id where p.state = 'sent' and o.object is distinct from p.transfer_id)`},
	{Number: "I15", Name: "payout_final", Description: "a payout that failed never acts again, and one that was sent never failed",
		Query: `select count(*) from payouts p where p.state in ('sent','failed') and (p.ended_at is null
		  or p.state = 'failed' and (p.transfer_id is not null or p.failure_code = '' or exists (select 1 from ledger_transactions where reference = 'payout:' || p.id || ':sent'))
		  or p.state = 'sent' and exists (select 1 from ledger_transactions where reference = 'payout:' || p.id || ':failed'))`},
	{Number: "I3", Name: "payout_posted", Description: "each payout has exactly the postings of its state",
		Query: `select (select count(*) from payouts p where not exists (select 1 from ledger_postings x join ledger_transactions t on t.id = x.transaction_id
		    join ledger_accounts s on s.id = x.source_account_id join ledger_accounts d on d.id = x.destination_account_id
		    where x.id = p.to_posting and x.amount = p.amount_minor and t.kind = 'payout' and s.kind = 'free' and s.owner_id = p.payee_id
		      and d.kind = 'paying' and d.owner_id = p.payee_id and t.currency = p.currency)
		  or (p.state = 'sent') <> exists (select 1 from ledger_transactions where reference = 'payout:' || p.id || ':sent')
		  or (p.state = 'failed') <> exists (select 1 from ledger_transactions where reference = 'payout:' || p.id || ':failed'))
		  + (select count(*) from ledger_transactions t join ledger_postings x on x.transaction_id = t.id left join payouts p on p.to_posting = x.id
		     where t.kind = 'payout' and p.id is null)`},
	{Number: "I5", Name: "paying_equals_payouts", Description: "each payee's paying account is the sum of their payouts under way",
		Query: `select count(*) from (
		    select payee_id, currency, sum(amount_minor) as due from payouts where state in ('new','sending') group by 1, 2) due
		  full join (select a.owner_id, a.currency, b.balance from ledger_balances b join ledger_accounts a on a.id = b.account_id where a.kind = 'paying') kept
		  on kept.owner_id = due.payee_id and kept.currency = due.currency where coalesce(due.due, 0) <> coalesce(kept.balance, 0)`},
}

// Check counts what breaks each invariant of payouts.
func Check(ctx context.Context, q sqlx.QueryerContext) ([]ledger.Finding, error) {
	return ledger.Run(ctx, q, checks)
}
