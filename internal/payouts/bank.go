package payouts

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/money"
	"relais/internal/postgres"
)

// BankPayout is what Stripe sent on from a payee's account to their bank, as it last told us. One that failed lies on the
// account at Stripe: the transfer to the account stays as it was, and new bank details bring the money on.
type BankPayout struct {
	StripeID    string       `db:"stripe_id"`
	Amount      money.Amount `db:"amount"`
	State       string       `db:"state"` // Stripe's: pending, in_transit, paid, failed, canceled
	FailureCode string       `db:"failure_code"`
	Failure     string       `db:"failure"`
	ArrivesOn   time.Time    `db:"arrives_on"`
	ChangedAt   time.Time    `db:"changed_at"`
}

// Reason is the word for why a bank sent it back: key "payout.bank." + Reason.
func (b BankPayout) Reason() string {
	switch b.FailureCode {
	case "account_closed", "account_frozen", "no_account", "invalid_account_number", "incorrect_account_holder_name", "invalid_currency", "debit_not_authorized":
		return b.FailureCode
	}
	return "other"
}

const upsertBankPayout = `
insert into bank_payouts (payee_id, stripe_id, amount_minor, currency, state, failure_code, failure, arrives_on, changed_at)
values ($1,$2,$3,$4,$5,$6,$7,$8,$9) on conflict (stripe_id) do update set state = excluded.state, failure_code = excluded.failure_code,
  failure = excluded.failure, arrives_on = excluded.arrives_on, changed_at = excluded.changed_at`

// BankChanged reads what became of a payout from a payee's account to their bank and keeps it. When the bank sent it back, the payee is
// told once, and their account is looked at again. ErrNotFound where the account is nobody's.
func (s *Service) BankChanged(ctx context.Context, accountID, id string) error {
	payee, err := payeeWhere(ctx, s.db, `p.stripe_account_id = $1`, accountID)
	if err != nil {
		return err
	}
	b, err := s.books.BankPayout(ctx, accountID, id)
	if err != nil {
		return fmt.Errorf("read payout %s of account %s: %w", id, accountID, err)
	}
	err = postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, upsertBankPayout, payee.ID, b.ID, b.Amount.Minor, b.Amount.Currency, b.State, b.FailureCode, b.Failure, b.ArrivesOn, s.now())
		if err != nil || b.State != "failed" {
			return postgres.Translate(err)
		}
		return s.letterBank(ctx, tx, payee, BankPayout{StripeID: b.ID, Amount: b.Amount, State: b.State, FailureCode: b.FailureCode, Failure: b.Failure})
	})
	if err != nil || b.State != "failed" {
		return err
	}
	_, err = s.Refresh(ctx, payee.ID)
	return err
}

const selectBankPayouts = `
select stripe_id, amount_minor as "amount.minor", currency as "amount.currency", state, failure_code, failure, arrives_on, changed_at
from bank_payouts where payee_id = $1 order by id desc limit $2`

// AtBank is what went from a payee's account to their bank, the newest first.
func (s *Service) AtBank(ctx context.Context, payeeID int64, limit int) ([]BankPayout, error) {
	var bs []BankPayout
	err := s.db.SelectContext(ctx, &bs, selectBankPayouts, payeeID, limit)
	return bs, postgres.Translate(err)
}
