package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/money"
)

const selectBalance = `
select coalesce((select b.balance from ledger_accounts a join ledger_balances b on b.account_id = a.id
  where a.kind = $1 and a.owner_id = $2 and a.currency = $3), 0)`

// Balance returns what an account has, in minor units; 0 for one that was never used. An account of the platform is
// summed from its postings. Whoever decides by it calls Lock instead.
func Balance(ctx context.Context, q sqlx.QueryerContext, a Account, c money.Currency) (int64, error) {
	if !a.Kind.Payee() {
		return Sum(ctx, q, a.Kind, c)
	}
	var balance int64
	if err := sqlx.GetContext(ctx, q, &balance, selectBalance, string(a.Kind), a.Owner, string(c)); err != nil {
		return 0, fmt.Errorf("balance of %v: %w", a, err)
	}
	return balance, nil
}

const sumBalances = `
select coalesce(sum(b.balance), 0)::bigint from ledger_accounts a join ledger_balances b on b.account_id = a.id
where a.kind = $1 and a.currency = $2`

const sumPostings = `
select coalesce((select sum(amount) from ledger_postings where destination_account_id = a.id), 0)::bigint
     - coalesce((select sum(amount) from ledger_postings where source_account_id = a.id), 0)::bigint
from (select coalesce((select id from ledger_accounts where kind = $1 and owner_id = 0 and currency = $2), 0) as id) a`

// Sum returns what all accounts of a kind have together, in minor units. For the platform's kinds it reads every posting
// of the account: it is for overviews and audits, not for a sale.
func Sum(ctx context.Context, q sqlx.QueryerContext, kind Kind, c money.Currency) (int64, error) {
	query := sumPostings
	if kind.Payee() {
		query = sumBalances
	}
	var sum int64
	if err := sqlx.GetContext(ctx, q, &sum, query, string(kind), string(c)); err != nil {
		return 0, fmt.Errorf("sum of %s: %w", kind, err)
	}
	return sum, nil
}

// Entry is a posting as one of its two accounts sees it.
type Entry struct {
	PostingID     int64     `db:"posting_id"`
	TransactionID int64     `db:"transaction_id"`
	Reference     string    `db:"reference"`
	Kind          string    `db:"kind"`   // of the transaction
	Amount        int64     `db:"amount"` // minor units: positive came in, negative went out
	At            time.Time `db:"at"`     // business time
	OtherKind     Kind      `db:"other_kind"`
	OtherOwner    int64     `db:"other_owner"`
}

// Other is the account on the other side.
func (e Entry) Other() Account { return Account{e.OtherKind, e.OtherOwner} }

const selectEntries = `
with account as (select id from ledger_accounts where kind = $1 and owner_id = $2 and currency = $3),
legs as (
  select p.id, p.transaction_id, p.amount, p.source_account_id as other_id from ledger_postings p
    where p.destination_account_id = (select id from account) and p.id > $4 and p.id <= $5
  union all
  select p.id, p.transaction_id, -p.amount, p.destination_account_id from ledger_postings p
    where p.source_account_id = (select id from account) and p.id > $4 and p.id <= $5)
select l.id as posting_id, t.id as transaction_id, t.reference, t.kind, l.amount, t.at, o.kind as other_kind, o.owner_id as other_owner
from legs l join ledger_transactions t on t.id = l.transaction_id join ledger_accounts o on o.id = l.other_id
order by l.id`

// Postings returns the entries of an account with fromID < posting id <= toID, oldest first. Their amounts sum to what the
// account's balance rose by between the two.
func Postings(ctx context.Context, q sqlx.QueryerContext, a Account, c money.Currency, fromID, toID int64) ([]Entry, error) {
	var entries []Entry
	if err := sqlx.SelectContext(ctx, q, &entries, selectEntries, string(a.Kind), a.Owner, string(c), fromID, toID); err != nil {
		return nil, fmt.Errorf("postings of %v: %w", a, err)
	}
	return entries, nil
}
