package earnings

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/ledger"
	"relais/internal/money"
	"relais/internal/postgres"
)

// Reassignment is a decision that a share of an earning is another payee's.
type Reassignment struct {
	OrderID   int64
	FromID    int64 // the earning
	Minor     int64 // of its share, minor units; 0: all of it
	BackToID  int64 // the earning that gets its share again; 0: a new one, as follows
	PayeeID   int64
	Role      Role
	BaseMinor int64
	RateBps   int64
	Reference string // in the ledger and here: one decision passes a share once
	By        int64  // the member who decided; 0: time
	Why       string
	At        time.Time // business time
}

const selectReassigned = `select to_earning_id from reassignments where reference = $1`

// Reassign passes a share of an earning to another payee, who has it held, with the same day of release; what had been given back of it
// is taken over. It comes from where its payee has it: held while it waits, else from what is free, and what is missing is their debt
// (TakeBack). The order must be locked. It returns the earning that has the share now; the same reference again changes nothing.
// Faults: ErrBeyondShare, ErrWentBack.
func Reassign(ctx context.Context, tx *sqlx.Tx, r Reassignment) (int64, error) {
	var known int64
	if err := postgres.Translate(tx.GetContext(ctx, &known, selectReassigned, r.Reference)); !errors.Is(err, fault.NotFound) {
		return known, err
	}
	es, err := lockByOrder(ctx, tx, r.OrderID)
	if err != nil {
		return 0, err
	}
	from, to, err := ends(es, &r)
	if err != nil {
		return 0, err
	}
	balances, err := ledger.LockAll(ctx, tx, []ledger.Account{held(from.PayeeID), free(from.PayeeID), debt(from.PayeeID), held(to.PayeeID)}, from.Amount.Currency)
	if err != nil {
		return 0, err
	}
	p, err := Pass(from, r.Minor, balances[free(from.PayeeID)])
	if err != nil {
		return 0, err
	}
	if to, err = keepPassed(ctx, tx, p.After(from), p.Onto(to, from), r.At); err != nil {
		return 0, fmt.Errorf("reassign earning %d: %w", from.ID, err)
	}
	if err := bookPassed(ctx, tx, r, p, from, to); err != nil {
		return 0, fmt.Errorf("reassign earning %d: %w", from.ID, err)
	}
	return to.ID, review(ctx, tx, r.OrderID)
}

// ends are the earnings that a share passes from and to, of those of its order; the second may be a new one.
func ends(es []Earning, r *Reassignment) (from, to Earning, err error) {
	at := func(id int64) int { return slices.IndexFunc(es, func(e Earning) bool { return e.ID == id }) }
	i := at(r.FromID)
	if i < 0 {
		return from, to, fmt.Errorf("reassign earning %d: %w", r.FromID, fault.NotFound)
	}
	if from = es[i]; r.Minor == 0 {
		r.Minor = from.Share()
	}
	if r.BackToID == 0 {
		to = Opened(from, r.Minor, r.PayeeID, r.Role, r.RateBps)
		if r.BaseMinor != 0 {
			to.BaseMinor = r.BaseMinor
		}
		return from, to, nil
	}
	if i = at(r.BackToID); i < 0 {
		return from, to, fmt.Errorf("reassign to earning %d: %w", r.BackToID, fault.NotFound)
	}
	return from, es[i], nil
}

const insertPassed = `
insert into earnings (payee_id, order_id, shipment_id, order_line_id, role, amount_minor, currency, base_minor, rate_bps, state, reason, free_at, free_at_known,
  earned_at, returned_minor, from_earning_id, voided_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, case when $10 = 'voided' then $17::timestamptz end) returning id`

const updatePassed = `
update earnings set moved_minor = $2, returned_minor = $3, state = $4, reason = $5, free_at = $6, free_at_known = $7,
  voided_at = case when $4 = 'voided' then coalesce(voided_at, $8::timestamptz) end where id = $1`

// keepPassed writes both earnings as they stand after a share has passed.
func keepPassed(ctx context.Context, tx *sqlx.Tx, from, to Earning, at time.Time) (Earning, error) {
	for _, e := range []Earning{from, to} {
		if e.ID == 0 {
			continue
		}
		if _, err := tx.ExecContext(ctx, updatePassed, e.ID, e.MovedMinor, e.ReturnedMinor, e.State, e.Reason, e.FreeAt, e.FreeAtKnown, at); err != nil {
			return to, postgres.Translate(err)
		}
	}
	if to.ID != 0 {
		return to, nil
	}
	err := tx.GetContext(ctx, &to.ID, insertPassed, to.PayeeID, to.OrderID, to.ShipmentID, to.OrderLineID, to.Role, to.Amount.Minor, to.Amount.Currency,
		to.BaseMinor, to.RateBps, to.State, to.Reason, to.FreeAt, to.FreeAtKnown, to.EarnedAt, to.ReturnedMinor, to.FromEarningID, at)
	return to, postgres.Translate(err)
}

const insertReassignment = `
insert into reassignments (from_earning_id, to_earning_id, from_payee_id, currency, minor, returned_minor, held_minor, free_minor, debt_minor, free_posting_id,
  transaction_id, reference, at, by_id, why)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, nullif($14::bigint, 0), $15)`

// bookPassed posts what moves, where anything does, and keeps the record.
func bookPassed(ctx context.Context, tx *sqlx.Tx, r Reassignment, p Passed, from, to Earning) error {
	t, at := DraftPassed(ledger.Transaction{Reference: r.Reference, Kind: "reassign", Currency: from.Amount.Currency, At: r.At}, p, from.PayeeID, to.PayeeID)
	var transactionID, freePosting *int64
	if len(t.Postings) > 0 {
		posted, err := ledger.Post(ctx, tx, t)
		if err != nil {
			return err
		}
		transactionID = &posted.ID
		if at >= 0 {
			freePosting = &posted.PostingIDs[at]
		}
	}
	_, err := tx.ExecContext(ctx, insertReassignment, from.ID, to.ID, from.PayeeID, from.Amount.Currency, p.Minor, p.Returned, p.Taken.Held, p.Taken.Free,
		p.Taken.Debt, freePosting, transactionID, r.Reference, r.At, r.By, r.Why)
	return postgres.Translate(err)
}

// Passage is a share that an earning passed on or took over, in minor units.
type Passage struct {
	At            time.Time      `db:"at"`
	Currency      money.Currency `db:"currency"`
	Minor         int64          `db:"minor"`
	ReturnedMinor int64          `db:"returned_minor"` // of it, had gone back to the buyer before
	Gone          bool           `db:"gone"`           // passed on; false: taken over
	ToBrand       bool           `db:"to_brand"`       // who has it afterwards: the brand, or a member
	FreeMinor     int64          `db:"free_minor"`
	DebtMinor     int64          `db:"debt_minor"`
}

// Size is the share that passed.
func (p Passage) Size() money.Amount { return money.New(p.Minor, p.Currency) }

const selectPassages = `
select r.at, r.currency, r.minor, r.returned_minor, r.from_earning_id = $1 as gone, y.brand_id is not null as to_brand, r.free_minor, r.debt_minor
from reassignments r join earnings e on e.id = r.to_earning_id join payees y on y.id = e.payee_id where $1 in (r.from_earning_id, r.to_earning_id) order by r.id`

// Passages is every share that an earning passed on or took over, oldest first. It does not say why: that is of whoever decided.
func Passages(ctx context.Context, q sqlx.QueryerContext, earningID int64) ([]Passage, error) {
	var ps []Passage
	err := sqlx.SelectContext(ctx, q, &ps, selectPassages, earningID)
	return ps, postgres.Translate(err)
}
