package reconcile

import (
	"context"

	"github.com/jmoiron/sqlx"

	"relais/internal/ledger"
)

// compared are the objects of which the books or Stripe have something that the last good run looked at in full: what came
// less than an hour before it may still lack its other side.
const compared = `
with last as (select max(started_at) - interval '1 hour' as at from reconcile_runs where ended_at is not null and error = ''),
ours as (
  select coalesce(o.object, t.reference) as object, t.currency::text, sum(case when a.kind = 'stripe' then p.amount else -p.amount end) as minor, max(t.created_at) as at
  from ledger_transactions t join ledger_postings p on p.transaction_id = t.id left join ledger_objects o on o.transaction_id = t.id
  join ledger_accounts a on a.id = p.source_account_id join ledger_accounts b on b.id = p.destination_account_id where 'stripe' in (a.kind, b.kind) group by 1, 2),
theirs as (select object, currency::text, sum(minor) as minor, max(seen_at) as at from stripe_legs group by 1, 2),
apart as (
  select coalesce(ours.object, theirs.object) as object, coalesce(ours.currency, theirs.currency) as currency
  from ours full join theirs on theirs.object = ours.object and theirs.currency = ours.currency
  where coalesce(ours.minor, 0) <> coalesce(theirs.minor, 0) and greatest(ours.at, theirs.at) < (select at from last))`

var checks = []ledger.Invariant{
	{Number: "I23", Name: "stripe_moved", Description: "what the last good comparison saw at Stripe is in the books to the cent, both ways, or is a refund that waits, or a difference that an admin explained",
		Query: compared + ` select count(*) from apart
		  where not exists (select 1 from refunds r where r.stripe_id = apart.object and r.state in ('pending','requires_action'))
		    and not exists (select 1 from differences d where d.object = apart.object and d.currency = apart.currency and d.resolved_at is null and d.settled)`},
	{Number: "I23", Name: "stripe_fees", Description: "each fee that Stripe kept is among the costs once",
		Query: `select count(*) from stripe_movements m left join (
		    select o.object, t.currency, sum(case when a.kind = 'costs' then p.amount else -p.amount end) as minor from ledger_objects o
		    join ledger_transactions t on t.id = o.transaction_id join ledger_postings p on p.transaction_id = t.id
		    join ledger_accounts a on a.id = p.source_account_id join ledger_accounts b on b.id = p.destination_account_id
		    where 'costs' in (a.kind, b.kind) and t.reference like 'fee:%' group by 1, 2) c on c.object = m.id and c.currency = m.currency
		  where m.treatment in ('source','inside') and m.fee_minor <> coalesce(c.minor, 0)`},
	{Number: "I14", Name: "stripe_named", Description: "each booking that moves our account at Stripe names the object that it books",
		Query: `select count(*) from ledger_transactions t where not exists (select 1 from ledger_objects o where o.transaction_id = t.id)
		  and exists (select 1 from ledger_postings p join ledger_accounts a on a.id in (p.source_account_id, p.destination_account_id) and a.kind = 'stripe'
		    where p.transaction_id = t.id)`},
	{Number: "I14", Name: "stripe_objects", Description: "no object at Stripe belongs to two rows of ours: orders, refunds, payouts, reversals, disputes",
		Query: `select count(*) from (select object from (
		    select charge_id as object from orders where charge_id <> '' union all select stripe_id from refunds where stripe_id <> ''
		    union all select transfer_id from payouts where transfer_id <> '' union all select stripe_id from reversals where stripe_id <> ''
		    union all select stripe_id from disputes) named group by object having count(*) > 1) twice`},
	{Number: "I24", Name: "clearing_in_time", Description: "no payout or reversal is on its way for more than a day, and nothing that the last comparison found overdue is unexplained",
		Query: `select count(*) from (
		    select 'payout ' || id as object from payouts where state in ('new','sending') and first_sent_at < clock_timestamp() - interval '24 hours'
		    union select 'reversal ' || id from reversals where state in ('new','sending') and first_sent_at < clock_timestamp() - interval '24 hours'
		    union select object from differences where kind = 'clearing_overdue' and resolved_at is null) late
		  where not exists (select 1 from differences d where d.object = late.object and d.kind = 'clearing_overdue' and d.resolved_at is null and d.settled)`},
	{Number: "I23", Name: "differences_freeze", Description: "exactly the payees whom an unexplained difference touches are frozen for it",
		Query: `select count(*) from payees p where (p.frozen_reason = 'difference') <> (p.id in (
		    select payee_id from differences where resolved_at is null and not settled and kind not in ('fee_differs','clearing_overdue','books_broken') and payee_id is not null
		    union select e.payee_id from differences d join earnings e on e.order_id = d.order_id
		      where d.resolved_at is null and not d.settled and d.kind not in ('fee_differs','clearing_overdue','books_broken')))
		  and not (p.frozen_at is not null and p.frozen_reason not in ('', 'difference'))`},
	{Number: "I23", Name: "reconcile_guards", Description: "the triggers and rights that keep what Stripe booked, and the differences, as they were are there and on",
		Query: `select (select count(*) from (values ('stripe_movements', 'stripe_movements_append_only'), ('stripe_movements', 'stripe_movements_no_truncate'),
		      ('stripe_movement_changes', 'stripe_movement_changes_append_only'), ('differences', 'differences_move')) expected(relation, name)
		    where not exists (select 1 from pg_trigger t where t.tgrelid = to_regclass(expected.relation) and t.tgname = expected.name and t.tgenabled in ('O','A')))
		  + (select count(*) from (values ('stripe_movements', 'UPDATE, DELETE, TRUNCATE'), ('stripe_movement_changes', 'UPDATE, DELETE, TRUNCATE'),
		      ('differences', 'DELETE, TRUNCATE'), ('reconcile_runs', 'DELETE, TRUNCATE')) expected(relation, rights)
		    where has_table_privilege('relais_app', expected.relation, expected.rights))`},
}

// Check counts what breaks each invariant between Stripe's books and ours, over what is stored of both.
func Check(ctx context.Context, q sqlx.QueryerContext) ([]ledger.Finding, error) {
	return ledger.Run(ctx, q, checks)
}
