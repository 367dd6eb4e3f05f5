// Package debts is about what payees owe: a refund or a lost dispute came after their share was paid.
//
//	clawback ──▶ debt ──▶ netted from what comes free next (earnings.Net, by itself)
//	               ├────▶ taken back from an earlier transfer, where it is worth it (Recover)
//	               └────▶ written off by the platform, with a reason (WriteOff); above a limit by two people
//
// A debt is the payee's account debt in the ledger, which is never above nothing. Nothing here lends or collects: who earns
// nothing more owes until somebody writes it off.
//
// A transfer is reversed as it was sent: the intent is committed before Stripe is called, the same key is asked again until
// there is an answer, and what comes back is booked with it in one commit. While a reversal is under way the debt may shrink by
// netting; what comes back beyond it goes to the payee's free account.
package debts

import (
	"time"

	"relais/internal/fault"
	"relais/internal/money"
)

// Debt is what one payee owes in one currency.
type Debt struct {
	PayeeID   int64        `db:"payee_id"`
	PayeeName string       `db:"payee_name"`
	Brand     bool         `db:"brand"`
	Amount    money.Amount `db:"amount"`
	Since     *time.Time   `db:"since"`     // the last clawback that made it
	Reversing bool         `db:"reversing"` // a transfer is being taken back
	Tried     string       `db:"tried"`     // why the last attempt to take a transfer back failed; empty without one
}

// ReversalState is where a reversal stands.
type ReversalState string

// The states of a reversal.
const (
	Prepared ReversalState = "new"
	Sending  ReversalState = "sending"
	Done     ReversalState = "done"
	Failed   ReversalState = "failed"
)

// Reversal is a part of a transfer that is taken back to pay a debt.
type Reversal struct {
	ID          int64         `db:"id"`
	PayeeID     int64         `db:"payee_id"`
	PayoutID    int64         `db:"payout_id"`
	TransferID  string        `db:"transfer_id"`
	Amount      money.Amount  `db:"amount"`
	Key         string        `db:"key"`
	State       ReversalState `db:"state"`
	Attempt     int           `db:"attempt"`
	FirstSentAt *time.Time    `db:"first_sent_at"` // real time of the first call with this attempt's key
	TriedAt     *time.Time    `db:"tried_at"`      // real time of the last call
	FailureCode string        `db:"failure_code"`
	Failure     string        `db:"failure"`
	AskedAt     time.Time     `db:"asked_at"`
	EndedAt     *time.Time    `db:"ended_at"`
}

// WriteOffState is where a write-off stands.
type WriteOffState string

// The states of a write-off.
const (
	Waiting  WriteOffState = "waiting" // for a second person
	Booked   WriteOffState = "booked"
	Rejected WriteOffState = "refused"
)

// WriteOff is the platform's decision that a debt will not be paid.
type WriteOff struct {
	ID        int64         `db:"id"`
	PayeeID   int64         `db:"payee_id"`
	PayeeName string        `db:"payee_name"`
	Amount    money.Amount  `db:"amount"`
	Reason    string        `db:"reason"`
	State     WriteOffState `db:"state"`
	AskedBy   int64         `db:"asked_by"`
	AskedName string        `db:"asked_name"`
	AskedAt   time.Time     `db:"asked_at"`
	DecidedBy *int64        `db:"decided_by"`
	DecidedAt *time.Time    `db:"decided_at"`
	NeedsTwo  bool          `db:"needs_two"`
}

// The faults of this package.
var (
	ErrGone     = fault.New(fault.NotFound, "fault.debt_not_found")
	ErrTooMuch  = fault.Field("amount", "fault.debt_too_much")       // more than is owed
	ErrReason   = fault.Field("reason", "fault.debt_reason")         // ten characters at least
	ErrSame     = fault.New(fault.Forbidden, "fault.debt_second")    // the second person is somebody else
	ErrDecided  = fault.New(fault.Conflict, "fault.debt_decided")    // it was decided before
	ErrNothing  = fault.New(fault.Conflict, "fault.debt_no_reverse") // no transfer is worth taking back
	ErrUnderWay = fault.New(fault.Conflict, "fault.debt_reversing")  // one is being taken back
)
