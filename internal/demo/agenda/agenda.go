// Package agenda keeps what is still to happen in the days of the demo, the next first.
package agenda

import (
	"container/heap"
	"context"
	"time"
)

// Entry is something that happens at a moment.
type Entry struct {
	At time.Time
	Do func(ctx context.Context) error

	nth int // among those of the same moment
}

// Agenda is what is still to happen. The zero value has nothing on it.
type Agenda struct {
	entries entries
	added   int
}

// Add puts something on the agenda. What is of one moment happens in the order in which it was added.
func (a *Agenda) Add(at time.Time, do func(ctx context.Context) error) {
	a.added++
	heap.Push(&a.entries, Entry{at, do, a.added})
}

// Next takes the next entry off the agenda, if one is not after end.
func (a *Agenda) Next(end time.Time) (Entry, bool) {
	if len(a.entries) == 0 || a.entries[0].At.After(end) {
		return Entry{}, false
	}
	return heap.Pop(&a.entries).(Entry), true
}

type entries []Entry

// Len is part of heap.Interface.
func (e entries) Len() int { return len(e) }

// Less is part of heap.Interface.
func (e entries) Less(i, j int) bool {
	if !e[i].At.Equal(e[j].At) {
		return e[i].At.Before(e[j].At)
	}
	return e[i].nth < e[j].nth
}

// Swap is part of heap.Interface.
func (e entries) Swap(i, j int) { e[i], e[j] = e[j], e[i] }

// Push is part of heap.Interface.
func (e *entries) Push(x any) { *e = append(*e, x.(Entry)) }

// Pop is part of heap.Interface.
func (e *entries) Pop() any {
	last := len(*e) - 1
	x := (*e)[last]
	*e = (*e)[:last]
	return x
}
