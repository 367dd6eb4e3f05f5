package earnings

import (
	"maps"

	"relais/internal/ledger"
)

// Move is what one earning gives back in a change (positive), or gets back (negative), in minor units, and from where.
type Move struct {
	Earning Earning
	Give    int64
	Taken   Taken // set by Draft

	posting int // index of its posting from or to the free account, where there is one
}

// Plan says what each earning of an order gives back in a change: its share of what has gone back now, less what it gave before.
func Plan(es []Earning, parts []Part) []Move {
	var moves []Move
	for _, p := range parts {
		for _, e := range es {
			if !p.covers(e) {
				continue
			}
			if give := Returned(e.Share(), p.After, p.Total) - e.ReturnedMinor; give != 0 {
				moves = append(moves, Move{Earning: e, Give: give})
			}
		}
	}
	return moves
}

// Draft is the transaction of a change: each move from where its payee has the money (TakeBack), what is left of the parts from what the
// platform earned, what exceeds them as its loss. It sets where each move is taken from. frees is what each payee has free, in minor
// units; what is taken from there is taken off it.
func Draft(c Change, moves []Move, frees map[int64]int64) ledger.Transaction {
	t := transaction{ledger.Transaction{Reference: c.Reference, Kind: string(c.Cause), Currency: c.Currency, At: c.At, Object: c.Object}}
	t.add(residue(c.Parts, moves), fees, c.Counter)
	t.add(c.Excess, losses, c.Counter)
	for i := range moves {
		m := &moves[i]
		payee := m.Earning.PayeeID
		m.Taken = TakeBack(m.Earning.FreePostingID != nil, m.Give, frees[payee])
		frees[payee] -= m.Taken.Free
		t.add(m.Taken.Held, held(payee), c.Counter)
		if at := t.add(m.Taken.Free, free(payee), c.Counter); at >= 0 {
			m.posting = at
		}
		t.add(m.Taken.Debt, debt(payee), c.Counter)
	}
	return t.Transaction
}

// residue is what the platform gives back in all, minor units.
func residue(parts []Part, moves []Move) (fee int64) {
	for _, minor := range feeParts(parts, moves) {
		fee += minor
	}
	return fee
}

// feeParts are what the platform gives back, by shipment: what of its parts the moves leave, minor units. Shipments with nothing are
// left out.
func feeParts(parts []Part, moves []Move) map[int64]int64 {
	fee := map[int64]int64{}
	for _, p := range parts {
		fee[p.ShipmentID] += p.After - p.Before
	}
	for _, m := range moves {
		fee[m.Earning.ShipmentID] -= m.Give
	}
	maps.DeleteFunc(fee, func(_, minor int64) bool { return minor == 0 })
	return fee
}

// transaction is a ledger transaction that grows by signed amounts.
type transaction struct{ ledger.Transaction }

// add moves amount from a to b, or back if it is negative, and returns the index of the posting; -1 for nothing.
func (t *transaction) add(amount int64, a, b ledger.Account) int {
	switch {
	case amount > 0:
		t.Postings = append(t.Postings, ledger.Posting{Source: a, Destination: b, Amount: amount})
	case amount < 0:
		t.Postings = append(t.Postings, ledger.Posting{Source: b, Destination: a, Amount: -amount})
	default:
		return -1
	}
	return len(t.Postings) - 1
}

func (p Part) covers(e Earning) bool {
	if p.OrderLineID == nil {
		return e.OrderLineID == nil && e.ShipmentID == p.ShipmentID
	}
	return e.OrderLineID != nil && *e.OrderLineID == *p.OrderLineID
}
