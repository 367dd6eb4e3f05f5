// Package backing is who backs a launch in the torture: kinds of people by their cards and by what they do about a refusal, and what must become of each.
package backing

import (
	"errors"
	"fmt"

	"relais/internal/stripesandbox"
)

// Kind is a kind of backer, by their card and by what they do about it when it is refused.
type Kind struct {
	Nth    int64 // of twenty backers, the one that is so
	Card   string
	ByHand string // the card with which they pay by hand; empty: they do nothing
	Paid   bool   // in the end
	Told   int    // letters that their card was refused
}

// Always is a card of which its bank asks each time, poor one without money on the day, refused one that is refused for good.
const Always, poor, refused = "4000002760003184", "4000000000009995", "4000000000000341"

// Kinds are those of backers; the rest are good.
var Kinds = map[string]Kind{
	"good":     {Nth: -1, Card: stripesandbox.AcceptedCard, Paid: true},
	"refused":  {Nth: 0, Card: refused, Told: 1},
	"replaces": {Nth: 4, Card: refused, ByHand: stripesandbox.AcceptedCard, Paid: true, Told: 1},
	"confirms": {Nth: 8, Card: Always, ByHand: Always, Paid: true, Told: 1},
	"asleep":   {Nth: 12, Card: Always, Told: 1},
	"poor":     {Nth: 16, Card: poor, Paid: true, Told: 1}, // and is charged the next day
}

// KindOf is the kind of the nth backer.
func KindOf(n int64) string {
	for name, k := range Kinds {
		if k.Nth == n%20 {
			return name
		}
	}
	return "good"
}

// Row is what became of the backers of a kind.
type Row struct {
	Kind                                                  string
	Orders, Paid, Unpaid, Refusals, Told, Ended, Receipts int
}

// Wrong says where what became of so many backers, and what they were told, differs from what their kinds should have come to.
func Wrong(rows []Row, people int) (wrong error) {
	want := map[string]Row{}
	for n := range people {
		name := KindOf(int64(n + 1))
		k, r := Kinds[name], want[name]
		r.Kind, r.Orders, r.Refusals, r.Told = name, r.Orders+1, r.Refusals+k.Told, r.Told+k.Told
		if k.Paid {
			r.Paid, r.Receipts = r.Paid+1, r.Receipts+1
		} else {
			r.Unpaid, r.Ended = r.Unpaid+1, r.Ended+1
		}
		want[name] = r
	}
	for _, r := range rows {
		if r != want[r.Kind] {
			wrong = errors.Join(wrong, fmt.Errorf("of backers: %+v, want %+v", r, want[r.Kind]))
		}
		delete(want, r.Kind)
	}
	if len(want) > 0 {
		wrong = errors.Join(wrong, fmt.Errorf("backers without orders: %v", want))
	}
	return wrong
}

// Patiently does something again, as a person presses again, while the database says that it is busy: a few times.
func Patiently(do func() error) error {
	const most = 10
	for n := 1; ; n++ {
		err := do()
		busy, ok := errors.AsType[interface {
			error
			SQLState() string
		}](err)
		if !ok || n == most || busy.SQLState() != "55P03" && busy.SQLState() != "57014" { // a lock, or a statement, took too long
			return err
		}
	}
}
