package earnings

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/ledger"
	"relais/internal/money"
)

func debt(payeeID int64) ledger.Account { return ledger.Account{Kind: ledger.Debt, Owner: payeeID} }

// Net pays what a payee owes in a currency out of what they have free, as far as it goes, and returns how much that was, in
// minor units. Whoever puts money on a payee's free account calls it in the same transaction, so that a debt never stands
// beside free money. The reference names what put it there ("earning:7", "payout:9:failed"): one such event nets once.
func Net(ctx context.Context, tx *sqlx.Tx, payeeID int64, c money.Currency, reference string, at time.Time) (int64, error) {
	balances, err := ledger.LockAll(ctx, tx, []ledger.Account{free(payeeID), debt(payeeID)}, c)
	if err != nil {
		return 0, err
	}
	paid := Netting(balances[free(payeeID)], balances[debt(payeeID)])
	if paid == 0 {
		return 0, nil
	}
	_, err = ledger.Post(ctx, tx, ledger.Transaction{Reference: "netting:" + reference, Kind: "netting", Currency: c, At: at,
		Postings: []ledger.Posting{{Source: free(payeeID), Destination: debt(payeeID), Amount: paid}}})
	if err != nil {
		return 0, fmt.Errorf("net the debt of payee %d: %w", payeeID, err)
	}
	return paid, nil
}

// Owed is what a payee owes in a currency, in minor units; 0 or more.
func Owed(ctx context.Context, q sqlx.QueryerContext, payeeID int64, c money.Currency) (int64, error) {
	balance, err := ledger.Balance(ctx, q, debt(payeeID), c)
	return -balance, err
}

// DebtMove is one thing that made a payee owe, or paid what they owed.
type DebtMove struct {
	ID          int64          `db:"id"` // of the ledger's transaction
	At          time.Time      `db:"at"`
	Kind        string         `db:"kind"` // refund, dispute_lost, reassign … made it; netting paid it
	Currency    money.Currency `db:"currency"`
	Minor       int64          `db:"minor"` // positive: they owe so much more
	LeftMinor   int64          `db:"left_minor"`
	EarningID   int64          `db:"earning_id"`   // that is given back, or whose money paid; 0: several, or none
	OrderNumber string         `db:"order_number"` // of those earnings; empty: none
}

// Size is how much more is owed, or less, without its sign.
func (m DebtMove) Size() money.Amount { return money.New(max(m.Minor, -m.Minor), m.Currency) }

// Left is what was owed afterwards.
func (m DebtMove) Left() money.Amount { return money.New(m.LeftMinor, m.Currency) }

const selectDebtMoves = `
select m.id, m.at, m.kind, m.currency, m.minor, m.left_minor, coalesce(n.earning_id, k.earning_id, r.from_earning_id, 0) as earning_id, coalesce(n.number, k.number, '') as order_number
from (select t.id, t.at, t.kind, t.reference, t.currency, sum(p.amount)::bigint as minor, sum(sum(p.amount)) over (partition by t.currency order by t.id)::bigint as left_minor
  from ledger_accounts a cross join lateral (select transaction_id, amount from ledger_postings where source_account_id = a.id
    union all select transaction_id, -amount from ledger_postings where destination_account_id = a.id) p join ledger_transactions t on t.id = p.transaction_id
  where a.owner_id = $1 and a.kind = 'debt' group by t.id) m
left join lateral (select case when count(distinct e.id) = 1 then min(e.id) end as earning_id, min(o.number) as number from clawbacks c
  join earnings e on e.id = c.earning_id join orders o on o.id = e.order_id where c.transaction_id = m.id and c.payee_id = $1 and c.debt_minor <> 0) k on true
left join lateral (select e.id as earning_id, o.number from earnings e join orders o on o.id = e.order_id
  where e.id = substring(m.reference from '^netting:earning:([0-9]+)$')::bigint and e.payee_id = $1) n on true
left join reassignments r on r.transaction_id = m.id
order by m.id desc limit $2`

// DebtMoves is what made a payee's debts and what paid them, newest first.
func DebtMoves(ctx context.Context, q sqlx.QueryerContext, payeeID int64, limit int) ([]DebtMove, error) {
	var ms []DebtMove
	if err := sqlx.SelectContext(ctx, q, &ms, selectDebtMoves, payeeID, limit); err != nil {
		return nil, fmt.Errorf("read the debts of payee %d: %w", payeeID, err)
	}
	return ms, nil
}

const selectIndebted = `
select exists (select 1 from ledger_accounts a where a.owner_id = $1 and a.kind = 'debt'
  and exists (select 1 from ledger_postings p where p.source_account_id = a.id))`

// Indebted says whether a payee ever owed anything.
func Indebted(ctx context.Context, q sqlx.QueryerContext, payeeID int64) (ever bool, err error) {
	return ever, sqlx.GetContext(ctx, q, &ever, selectIndebted, payeeID)
}
