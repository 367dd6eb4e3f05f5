package earnings

import (
	"relais/internal/fault"
	"relais/internal/ledger"
)

// Faults of a share that is to pass to another payee.
var (
	ErrBeyondShare = fault.New(fault.Conflict, "fault.reassign_beyond") // more than what is left of the earning
	ErrWentBack    = fault.New(fault.Conflict, "fault.reassign_back")   // a part of it, while some of it went back to the buyer
)

// Passed is what passes from one earning to another, in minor units: so much of the share, of which so much had gone back to the buyer
// already and is taken over as given back; the rest comes from where its payee has it.
type Passed struct {
	Minor, Returned int64
	Taken           Taken
}

// Pass says what moves when so much of an earning's share passes to another payee, who has it held. free is what its payee has free,
// minor units. All of a share takes all that was given back along, so both are exactly in proportion afterwards; a part may pass only
// while nothing was given back, as rounding could leave a cent on neither side.
func Pass(from Earning, minor, free int64) (Passed, error) {
	switch {
	case minor <= 0 || minor > from.Share():
		return Passed{}, ErrBeyondShare
	case minor < from.Share() && from.ReturnedMinor > 0:
		return Passed{}, ErrWentBack
	}
	return Passed{Minor: minor, Returned: from.ReturnedMinor, Taken: TakeBack(from.FreePostingID != nil, minor-from.ReturnedMinor, free)}, nil
}

// DraftPassed is the transaction of a share that passes from one payee to another's held account, and which of its postings is from
// the free account; -1: none. Without postings there is nothing to book.
func DraftPassed(t ledger.Transaction, p Passed, from, to int64) (ledger.Transaction, int) {
	draft := transaction{t}
	draft.add(p.Taken.Held, held(from), held(to))
	at := draft.add(p.Taken.Free, free(from), held(to))
	draft.add(p.Taken.Debt, debt(from), held(to))
	return draft.Transaction, at
}

// After is an earning that has passed a share on, as it stands then.
func (p Passed) After(from Earning) Earning {
	from.MovedMinor += p.Minor
	from.ReturnedMinor -= p.Returned
	if from.FreePostingID == nil && from.Left().Minor == 0 {
		from.State, from.Reason = Voided, Reassigned
	}
	return from
}

// Onto is the earning that has taken a share over, as it stands then: a new one with its amount set and all of it moved elsewhere
// (Opened), or one that gets its share again. It has the day of the earning that the share comes from.
func (p Passed) Onto(to, from Earning) Earning {
	to.MovedMinor -= p.Minor
	to.ReturnedMinor += p.Returned
	to.FreeAt, to.FreeAtKnown = from.FreeAt, from.FreeAtKnown
	to.State, to.Reason = Held, AwaitingShipment // brought in line with its shipment and its holds when it is kept
	if to.Left().Minor == 0 {
		to.State, to.Reason = Voided, Refunded
	}
	return to
}

// Opened is a new earning of a payee for a share of another, before it has taken the share over.
func Opened(from Earning, minor, payeeID int64, role Role, rateBps int64) Earning {
	to := Earning{PayeeID: payeeID, OrderID: from.OrderID, ShipmentID: from.ShipmentID, OrderLineID: from.OrderLineID, Role: role, Amount: from.Amount,
		BaseMinor: from.BaseMinor, RateBps: rateBps, EarnedAt: from.EarnedAt, FromEarningID: &from.ID, MovedMinor: minor}
	to.Amount.Minor = minor
	return to
}
