package ledger_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/ledger"
	"relais/internal/postgres/pgtest"
)

const (
	header  = `insert into ledger_transactions (reference, kind, currency, content, at) values ('attack', 'attack', 'EUR', sha256('x'), now());`
	account = `(select id from ledger_accounts where kind = 'held' and owner_id = 1 and currency = 'EUR')`
	other   = `(select id from ledger_accounts where kind = 'held' and owner_id = 2 and currency = 'EUR')`
	source  = `(select id from ledger_accounts where kind = 'stripe' and currency = 'EUR')`
	dollars = `(select id from ledger_accounts where kind = 'held' and currency = 'USD')`
	into    = `insert into ledger_postings (transaction_id, source_account_id, destination_account_id, currency, amount) select `
	last    = `(select max(id) from ledger_transactions), `
)

type attack struct {
	name, sql string
	code      string // SQLSTATE of the refusal; empty: accepted, without effect
	guard     string // name of the constraint, where there is one
}

// These nobody gets past: neither the application's role nor the owner.
var onTheBooks = []attack{
	{"a header without postings", header, "23514", "ledger_transactions_not_empty"},
	{"a posting of nothing", header + into + last + source + `, ` + account + `, 'EUR', 0`, "23514", "ledger_postings_amount_check"},
	{"a posting backwards", header + into + last + source + `, ` + account + `, 'EUR', -5`, "23514", "ledger_postings_amount_check"},
	{"an account to itself", header + into + last + account + `, ` + account + `, 'EUR', 5`, "23514", "ledger_postings_accounts_check"},
	{"another currency than the accounts", header + into + last + source + `, ` + account + `, 'USD', 5`, "23503", ""},
	{"an account of another currency", header + into + last + source + `, ` + dollars + `, 'EUR', 5`, "23503", "ledger_postings_destination_fkey"},
	{"accounts that do not exist", header + into + last + `-1, -2, 'EUR', 5`, "23503", ""},
	{"a posting without a header", into + `-1, ` + source + `, ` + account + `, 'EUR', 5`, "23503", "ledger_postings_transaction_fkey"},
	{"a posting added to an old transaction", into + `(select min(id) from ledger_transactions), ` + source + `, ` + account + `, 'EUR', 5`, "23514", "ledger_transactions_closed"},
	{"more than the payee has", header + into + last + account + `, ` + source + `, 'EUR', 8501`, "23514", "ledger_balances_not_negative"},
	{"a reference that was used", `insert into ledger_transactions (reference, kind, currency, content, at) values ('order:1:paid', 'x', 'EUR', sha256('x'), now())`, "23505", "ledger_transactions_reference_key"},
	{"an amount changed", `update ledger_postings set amount = amount + 1`, "42501", ""},
	{"a posting taken away", `delete from ledger_postings`, "42501", ""},
	{"a transaction renamed", `update ledger_transactions set reference = reference || 'x'`, "42501", ""},
	{"a transaction taken away", `delete from ledger_transactions`, "42501", ""},
	{"an account given to somebody else", `update ledger_accounts set owner_id = 99 where owner_id = 1`, "42501", ""},
	{"an account taken away", `delete from ledger_accounts`, "42501", ""},
	{"all postings forgotten", `truncate ledger_postings`, "42501", ""},
	{"everything forgotten", `truncate ledger_accounts, ledger_balances, ledger_transactions, ledger_postings cascade`, "42501", ""},
	{"a balance written", `update ledger_balances set balance = balance + 100`, "42501", ""},
	{"a balance taken away", `delete from ledger_balances`, "42501", ""},
	{"a balance for the platform", `insert into ledger_balances values (` + source + `, 5)`, "42501", ""},
}

// These are only for the owner, so the application's role is refused.
var onTheGuards = []attack{
	{"an id of one's own", `insert into ledger_transactions (id, reference, kind, currency, content, at) overriding system value values (0, 'a', 'a', 'EUR', sha256('x'), now())`, "42501", ""},
	{"another transaction's number", `insert into ledger_transactions (db_xid, reference, kind, currency, content, at) values ('3', 'a', 'a', 'EUR', sha256('x'), now())`, "42501", ""},
	{"an account by hand", `insert into ledger_accounts (kind, currency) values ('fees', 'GBP')`, "42501", ""},
	{"ids set back", `select setval('ledger_postings_id_seq', 1)`, "42501", ""},
	{"triggers off for the session", `set session_replication_role = replica`, "42501", ""},
	{"triggers off for the table", `alter table ledger_postings disable trigger all`, "42501", ""},
	{"a constraint dropped", `alter table ledger_balances drop constraint ledger_balances_not_negative`, "42501", ""},
	{"a guard replaced", `create or replace function ledger_refuse() returns trigger language plpgsql as 'begin return new; end'`, "42501", ""},
	{"a guard called", `select ledger_posted()`, "42501", ""},
	{"a table of the same name", `create table public.ledger_postings_2 (id bigint)`, "42501", ""},
	{"rights for oneself", `grant update on ledger_postings to relais_app`, "", ""}, // a warning, and nothing granted
	{"the owner's role", `do $$ begin execute 'set role ' || quote_ident((select pg_get_userbyid(relowner) from pg_class where relname = 'ledger_postings')); end $$`, "42501", ""},
	{"the table dropped", `drop table ledger_postings cascade`, "42501", ""},
	{"balances hidden behind a temporary table", `create temp table ledger_balances (account_id bigint, balance bigint); ` +
		header + into + last + account + `, ` + source + `, 'EUR', 8501`, "23514", "ledger_balances_not_negative"},
	{"postings hidden behind a temporary table", `create temp table ledger_postings as select max(id) + 1 as transaction_id from ledger_transactions; ` +
		header, "23514", "ledger_transactions_not_empty"},
}

func TestAttacks(t *testing.T) {
	db := pgtest.DB(t)
	owner := pgtest.Owner(t, db)
	mustPost(t, db, sale("order:1:paid"))
	dollar := move("dollars", 5, clearing, held(3))
	dollar.Currency = "USD"
	mustPost(t, db, dollar)
	before := everything(t, db)
	run := func(role string, q *sqlx.DB, attacks []attack) {
		for _, a := range attacks {
			t.Run(role+"/"+a.name, func(t *testing.T) {
				_, err := q.Exec(a.sql) // several statements in one call are one transaction
				refusal, ok := errors.AsType[*pq.Error](err)
				if a.code == "" && err == nil {
					return
				}
				if !ok || string(refusal.Code) != a.code || (a.guard != "" && refusal.Constraint != a.guard) {
					t.Errorf("Exec = %v, want %s %s", err, a.code, a.guard)
				}
			})
		}
	}
	run("app", db, onTheBooks)
	run("app", db, onTheGuards)
	run("owner", owner, onTheBooks)
	if diff := cmp.Diff(before, everything(t, db)); diff != "" {
		t.Errorf("the attacks left traces:\n%s", diff)
	}
	mustHold(t, db)
	mustHold(t, owner)
}

func everything(t *testing.T, db *sqlx.DB) (rows []string) {
	t.Helper()
	err := db.Select(&rows, `select a::text from ledger_accounts a union all select b::text from ledger_balances b
		union all select h::text from ledger_transactions h union all select p::text from ledger_postings p order by 1`)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// What an owner with bad intentions, or a bad restore, can do: Check says so by name.
func TestCheckNamesWhatIsBroken(t *testing.T) {
	const unguarded = `set session_replication_role = replica; `
	tests := []struct {
		name, sql string
		want      []string
	}{
		{"a posting taken away", unguarded + `delete from ledger_postings where transaction_id = 2`, []string{"ledger_headers", "ledger_balances"}},
		{"a header taken away", unguarded + `delete from ledger_transactions where id = 2`, []string{"ledger_headers"}},
		{"an amount changed", unguarded + `update ledger_postings set amount = amount + 1 where id = 2`, []string{"ledger_history", "ledger_balances", "ledger_zero"}},
		{"an amount and its balance changed", unguarded + `update ledger_postings set amount = amount + 1 where id = 2;
			update ledger_balances set balance = balance + 1 where account_id = (select destination_account_id from ledger_postings where id = 2)`, []string{"ledger_history"}},
		{"a balance changed", unguarded + `update ledger_balances set balance = balance + 1 where account_id = ` + account, []string{"ledger_balances", "ledger_zero"}},
		{"a reference twice", `alter table ledger_transactions drop constraint ledger_transactions_reference_key; ` + unguarded +
			`update ledger_transactions set reference = 'order:1:paid'`, []string{"ledger_references", "ledger_guards"}},
		{"a currency changed", unguarded + `update ledger_postings set currency = 'USD' where id = 1`, []string{"ledger_currencies"}},
		{"a posting backwards", `alter table ledger_postings drop constraint ledger_postings_amount_check; ` + unguarded +
			`update ledger_postings set amount = -amount where id = 2`, []string{"ledger_amounts", "ledger_history", "ledger_balances", "ledger_not_negative", "ledger_zero", "ledger_guards"}},
		{"a payee below nothing", `alter table ledger_balances drop constraint ledger_balances_not_negative; ` + unguarded +
			`update ledger_balances set balance = -1 where account_id = ` + account, []string{"ledger_balances", "ledger_not_negative", "ledger_zero", "ledger_guards"}},
		{"a trigger off", `alter table ledger_postings disable trigger ledger_postings_append_only`, []string{"ledger_guards"}},
		{"a trigger gone", `drop trigger ledger_postings_posted on ledger_postings`, []string{"ledger_guards"}},
		{"a right too many", `grant update on ledger_balances to relais_app`, []string{"ledger_role"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			db := pgtest.DB(t)
			mustPost(t, db, sale("order:1:paid"))
			mustPost(t, db, move("release", 500, held(1), free(1)))
			mustHold(t, db)
			if _, err := pgtest.Owner(t, db).Exec(tt.sql); err != nil {
				t.Fatal(err)
			}
			findings, err := ledger.Check(t.Context(), db)
			if err != nil {
				t.Fatal(err)
			}
			var broken []string
			for _, f := range findings {
				if f.Count != 0 {
					broken = append(broken, f.Name)
				}
			}
			if diff := cmp.Diff(tt.want, broken); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
	if _, err := ledger.Run(t.Context(), pgtest.DB(t), []ledger.Invariant{{Name: "wrong", Query: `select x`}}); err == nil {
		t.Error("Run accepted a query that fails")
	}
}
