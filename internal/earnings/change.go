package earnings

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/ledger"
	"relais/internal/money"
	"relais/internal/postgres"
)

// Cause is why earnings were taken back, or given back again.
type Cause string

// The causes of a change. The second of each pair undoes the first.
const (
	RefundMade   Cause = "refund"
	RefundFailed Cause = "refund_failed" // days after it was made: the buyer's bank sent it back
	DisputeLost  Cause = "dispute_lost"
	DisputeWon   Cause = "dispute_won" // after it was lost
)

// Part is one line or the delivery cost of one shipment, and what of it went back to its buyer: before the change and
// after it, in minor units, refunds and lost disputes together.
type Part struct {
	ShipmentID    int64
	OrderLineID   *int64 // nil: delivery cost
	Total         int64
	Before, After int64
}

// Change is money of a paid order that went back to its buyer, or came back from there.
type Change struct {
	OrderID   int64
	Currency  money.Currency
	Cause     Cause
	Reference string // of the ledger's transaction; the ledger's kind is the cause
	RefundID  *int64 // exactly one of the two is set
	DisputeID *int64
	Parts     []Part
	Excess    int64          // of a dispute, beyond what the order's parts can bear, minor units: the platform's loss. Negative: undone
	Counter   ledger.Account // where the money goes to, or comes back from: Stripe, or Disputed
	Object    string         // the provider's object that moved the money; empty where the counter is not Stripe
	At        time.Time      // business time
}

// Apply books a change: every beneficiary of a part gives back their share of it in proportion, cumulatively and rounded
// down, and the platform takes what is left, so that at a full refund everybody is exactly at zero (Returned). What a
// payee gives back comes from where it lies: their held account while the earning waits, else what they have free, else
// it becomes a debt. What comes back to them goes to held or to free, and there pays their debt first. The order must be
// locked; the ledger's reference makes it happen once.
func Apply(ctx context.Context, tx *sqlx.Tx, c Change) error {
	es, err := lockByOrder(ctx, tx, c.OrderID)
	if err != nil {
		return err
	}
	moves := Plan(es, c.Parts)
	frees, err := lockMoved(ctx, tx, moves, c.Currency)
	if err != nil {
		return err
	}
	posted, err := ledger.Post(ctx, tx, Draft(c, moves, frees))
	if err != nil || posted.Replayed {
		return err
	}
	for _, m := range moves {
		if err := record(ctx, tx, c, m, posted); err != nil {
			return err
		}
	}
	for shipmentID, minor := range feeParts(c.Parts, moves) {
		if _, err := tx.ExecContext(ctx, insertFeePart, posted.ID, shipmentID, minor); err != nil {
			return fmt.Errorf("part of shipment %d in the fee: %w", shipmentID, postgres.Translate(err))
		}
	}
	if err := tellBack(ctx, tx, c, moves); err != nil {
		return err
	}
	return review(ctx, tx, c.OrderID)
}

// lockMoved locks every balance that the moves may touch, at once and in order, and returns what each payee has free.
func lockMoved(ctx context.Context, tx *sqlx.Tx, moves []Move, c money.Currency) (map[int64]int64, error) {
	var accounts []ledger.Account
	for _, m := range moves {
		id := m.Earning.PayeeID
		accounts = append(accounts, held(id), free(id), debt(id))
	}
	balances, err := ledger.LockAll(ctx, tx, accounts, c)
	if err != nil {
		return nil, err
	}
	frees := make(map[int64]int64, len(moves))
	for _, m := range moves {
		frees[m.Earning.PayeeID] = balances[free(m.Earning.PayeeID)]
	}
	return frees, nil
}

const insertFeePart = `insert into fee_parts (transaction_id, shipment_id, minor) values ($1, $2, $3)`

const insertClawback = `
insert into clawbacks (earning_id, payee_id, currency, cause, refund_id, dispute_id, amount_minor, held_minor, free_minor, debt_minor,
  free_posting_id, transaction_id, at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`

// A share that went back whole before it was free is voided; one that comes back waits again.
const updateReturned = `
update earnings set returned_minor = returned_minor + $2,
  state = case when free_posting_id is not null then state when returned_minor + $2 = amount_minor - moved_minor then 'voided' when state = 'voided' then 'held' else state end,
  reason = case when free_posting_id is null and returned_minor + $2 = amount_minor - moved_minor then 'refunded' else reason end,
  voided_at = case when free_posting_id is null and returned_minor + $2 = amount_minor - moved_minor then $3::timestamptz end
where id = $1`

func record(ctx context.Context, tx *sqlx.Tx, c Change, m Move, posted ledger.Posted) error {
	var freePosting *int64
	if m.Taken.Free != 0 {
		freePosting = &posted.PostingIDs[m.posting]
	}
	e := m.Earning
	if _, err := tx.ExecContext(ctx, insertClawback, e.ID, e.PayeeID, c.Currency, c.Cause, c.RefundID, c.DisputeID, m.Give,
		m.Taken.Held, m.Taken.Free, m.Taken.Debt, freePosting, posted.ID, c.At); err != nil {
		return fmt.Errorf("claw back of earning %d: %w", e.ID, postgres.Translate(err))
	}
	if _, err := tx.ExecContext(ctx, updateReturned, e.ID, m.Give, c.At); err != nil {
		return fmt.Errorf("claw back of earning %d: %w", e.ID, postgres.Translate(err))
	}
	if m.Taken.Free < 0 {
		_, err := Net(ctx, tx, e.PayeeID, c.Currency, fmt.Sprintf("%s:earning:%d", c.Reference, e.ID), c.At)
		return err
	}
	return nil
}

// Clawback is what a payee gave back of an earning, or got back (negative), in minor units, and from which account.
type Clawback struct {
	ID            int64          `db:"id"`
	EarningID     int64          `db:"earning_id"`
	Currency      money.Currency `db:"currency"`
	Cause         Cause          `db:"cause"`
	RefundID      *int64         `db:"refund_id"`
	DisputeID     *int64         `db:"dispute_id"`
	AmountMinor   int64          `db:"amount_minor"`
	HeldMinor     int64          `db:"held_minor"`
	FreeMinor     int64          `db:"free_minor"`
	DebtMinor     int64          `db:"debt_minor"`
	FreePostingID *int64         `db:"free_posting_id"`
	At            time.Time      `db:"at"`
	RefundedMinor int64          `db:"refunded_minor"` // of the earning's line or delivery cost, by this refund or dispute
}

// Amount is what was given back, with its currency.
func (c Clawback) Amount() money.Amount { return money.New(c.AmountMinor, c.Currency) }

// Size is how much was given back, or came back, without its sign.
func (c Clawback) Size() money.Amount {
	return money.New(max(c.AmountMinor, -c.AmountMinor), c.Currency)
}

const selectClawbacks = `
select c.id, c.earning_id, c.currency, c.cause, c.refund_id, c.dispute_id, c.amount_minor, c.held_minor, c.free_minor, c.debt_minor, c.free_posting_id, c.at,
  coalesce((select i.amount_minor from refund_items i where i.refund_id = c.refund_id and i.shipment_id = e.shipment_id and i.order_line_id is not distinct from e.order_line_id),
    (select i.amount_minor from dispute_items i where i.dispute_id = c.dispute_id and i.shipment_id = e.shipment_id and i.order_line_id is not distinct from e.order_line_id), 0) as refunded_minor
from clawbacks c join earnings e on e.id = c.earning_id where c.earning_id = $1 order by c.id`

// Clawbacks is everything that was given back of one earning, oldest first.
func Clawbacks(ctx context.Context, q sqlx.QueryerContext, earningID int64) ([]Clawback, error) {
	var cs []Clawback
	err := sqlx.SelectContext(ctx, q, &cs, selectClawbacks, earningID)
	return cs, postgres.Translate(err)
}
