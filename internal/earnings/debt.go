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
