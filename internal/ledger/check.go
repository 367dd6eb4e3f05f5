package ledger

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
)

// Invariant is a statement about stored data, with the query that counts what breaks it. The query returns one number.
type Invariant struct {
	Number      string // in the list of invariants that a marketplace's money needs: "I1"; empty: one of our own
	Name        string // stable: what scripts and alarms know it by
	Description string // the statement, as it should be
	Query       string
}

// Finding is what an invariant's query counted.
type Finding struct {
	Number      string
	Name        string
	Description string
	Count       int64 // 0: it holds
}

// Run counts what breaks each invariant.
func Run(ctx context.Context, q sqlx.QueryerContext, invariants []Invariant) ([]Finding, error) {
	findings := make([]Finding, 0, len(invariants))
	for _, i := range invariants {
		f := Finding{Number: i.Number, Name: i.Name, Description: i.Description}
		if err := sqlx.GetContext(ctx, q, &f.Count, i.Query); err != nil {
			return nil, fmt.Errorf("check %s: %w", i.Name, err)
		}
		findings = append(findings, f)
	}
	return findings, nil
}

// Check counts what breaks each invariant of the ledger. It trusts no constraint and no trigger: it looks at every row, and
// then at the guards themselves.
func Check(ctx context.Context, q sqlx.QueryerContext) ([]Finding, error) {
	return Run(ctx, q, invariants)
}

// perAccount is what the postings say each account has.
const perAccount = `(
  select account_id, sum(amount) as net from (
    select destination_account_id as account_id, amount from ledger_postings
    union all select source_account_id, -amount from ledger_postings) legs
  group by account_id)`

var invariants = []Invariant{
	{Number: "I3", Name: "ledger_references", Description: "each reference is in the books once",
		Query: `select count(*) from (select reference from ledger_transactions group by reference having count(*) > 1) twice`},
	{Number: "I1", Name: "ledger_headers", Description: "each transaction has a posting, each posting a transaction and two accounts",
		Query: `select (select count(*) from ledger_transactions t where not exists (select 1 from ledger_postings p where p.transaction_id = t.id))
		  + (select count(*) from ledger_postings p where not exists (select 1 from ledger_transactions t where t.id = p.transaction_id)
		     or not exists (select 1 from ledger_accounts a where a.id = p.source_account_id)
		     or not exists (select 1 from ledger_accounts a where a.id = p.destination_account_id))`},
	{Number: "I1", Name: "ledger_amounts", Description: "each posting moves more than nothing, from one account to another",
		Query: `select count(*) from ledger_postings where amount <= 0 or source_account_id = destination_account_id`},
	{Number: "I1", Name: "ledger_currencies", Description: "a posting has the currency of its transaction and of both accounts",
		Query: `select count(*) from ledger_postings p join ledger_transactions t on t.id = p.transaction_id
		  join ledger_accounts s on s.id = p.source_account_id join ledger_accounts d on d.id = p.destination_account_id
		  where p.currency <> t.currency or p.currency <> s.currency or p.currency <> d.currency`},
	{Number: "I2", Name: "ledger_history", Description: "each transaction is what it was when it was booked: its digest is that of its content",
		Query: `select count(*) from (
		    select t.content, sha256(convert_to(t.kind || ' ' || t.currency || string_agg(E'\n' || s.kind || ':' || s.owner_id || '>' ||
		      d.kind || ':' || d.owner_id || ' ' || p.amount, '' order by p.id), 'UTF8')) as now
		    from ledger_transactions t join ledger_postings p on p.transaction_id = t.id
		    join ledger_accounts s on s.id = p.source_account_id join ledger_accounts d on d.id = p.destination_account_id
		    group by t.id) digests where content <> now`},
	{Number: "I5", Name: "ledger_balances", Description: "each payee's balance is the sum of the postings, and only payees have one",
		Query: `select count(*) from ledger_accounts a left join ledger_balances b on b.account_id = a.id left join ` + perAccount + ` s on s.account_id = a.id
		  where case when a.payee then b.balance is distinct from coalesce(s.net, 0) else b.account_id is not null end`},
	{Number: "I4", Name: "ledger_not_negative", Description: "no payee has less than nothing, and no debt is more, by balance or by postings",
		Query: `select count(*) from ledger_accounts a left join ledger_balances b on b.account_id = a.id left join ` + perAccount + ` s on s.account_id = a.id
		  where a.payee and case a.kind when 'debt' then b.balance > 0 or s.net > 0 or not b.debt else b.balance < 0 or s.net < 0 or b.debt end`},
	{Number: "I1", Name: "ledger_zero", Description: "balances and sums of all accounts of a currency are nothing together",
		Query: `select count(*) from (
		    select a.currency from ledger_accounts a left join ledger_balances b on b.account_id = a.id left join ` + perAccount + ` s on s.account_id = a.id
		    group by a.currency having sum(coalesce(b.balance, s.net, 0)) <> 0) apart`},
	{Number: "I2", Name: "ledger_guards", Description: "every trigger and constraint that guards the books is there and on",
		Query: guardsMissing},
	{Number: "I2", Name: "ledger_role", Description: "the application's role neither owns the books nor may change what is written in them",
		Query: roleRights},
}

// guardsMissing counts guards that are absent, unvalidated or switched off.
const guardsMissing = `
select (
  select count(*) from (values
    ('ledger_accounts', 'ledger_accounts_append_only'), ('ledger_accounts', 'ledger_accounts_no_truncate'),
    ('ledger_accounts', 'ledger_accounts_opened'),
    ('ledger_transactions', 'ledger_transactions_append_only'), ('ledger_transactions', 'ledger_transactions_no_truncate'),
    ('ledger_transactions', 'ledger_transactions_not_empty'),
    ('ledger_postings', 'ledger_postings_append_only'), ('ledger_postings', 'ledger_postings_no_truncate'),
    ('ledger_postings', 'ledger_postings_posted'),
    ('ledger_balances', 'ledger_balances_no_delete'), ('ledger_balances', 'ledger_balances_no_truncate'),
    ('ledger_objects', 'ledger_objects_append_only'), ('ledger_objects', 'ledger_objects_no_truncate'),
    ('ledger_balances', 'ledger_balances_follow')) expected(relation, name)
  where not exists (select 1 from pg_trigger t where t.tgrelid = to_regclass(expected.relation) and t.tgname = expected.name)
) + (
  select count(*) from pg_trigger where tgenabled not in ('O', 'A') and tgrelid in
    (to_regclass('ledger_accounts'), to_regclass('ledger_transactions'), to_regclass('ledger_postings'), to_regclass('ledger_objects'), to_regclass('ledger_balances'))
) + (
  select count(*) from (values
    ('ledger_accounts', 'ledger_accounts_key'), ('ledger_accounts', 'ledger_accounts_owner_check'),
    ('ledger_transactions', 'ledger_transactions_reference_key'),
    ('ledger_postings', 'ledger_postings_amount_check'), ('ledger_postings', 'ledger_postings_accounts_check'),
    ('ledger_balances', 'ledger_balances_not_negative')) expected(relation, name)
  where not exists (select 1 from pg_constraint c where c.conrelid = to_regclass(expected.relation) and c.conname = expected.name and c.convalidated)
)`

// roleRights counts what the application's role could do to the books and must not.
const roleRights = `
select (
  select count(*) from pg_roles where rolname = 'relais_app' and (rolsuper or rolbypassrls or rolcreaterole or rolreplication)
) + (
  select count(*) from (values ('ledger_accounts'), ('ledger_transactions'), ('ledger_postings'), ('ledger_balances')) t(relation)
    join pg_class c on c.oid = to_regclass(t.relation)
  where pg_has_role('relais_app', c.relowner, 'MEMBER')
     or has_table_privilege('relais_app', c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER')
     or has_any_column_privilege('relais_app', c.oid, 'UPDATE')
     or (t.relation in ('ledger_accounts', 'ledger_balances') and has_any_column_privilege('relais_app', c.oid, 'INSERT'))
) + (
  select count(*) from pg_attribute where attrelid = to_regclass('ledger_transactions') and attname in ('id', 'db_xid', 'created_at')
    and has_column_privilege('relais_app', attrelid, attnum, 'INSERT')
) + (select count(*) where has_schema_privilege('relais_app', 'public', 'CREATE'))`
