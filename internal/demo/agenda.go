package demo

import (
	"container/heap"
	"context"
	"time"
)

// entry is something that happens at a moment of the demo.
type entry struct {
	at  time.Time
	nth int // among those of the same moment
	do  func(ctx context.Context) error
}

// agenda is what is still to happen, the next first.
type agenda struct {
	entries entries
	added   int
}

// add puts something on the agenda.
func (a *agenda) add(at time.Time, do func(ctx context.Context) error) {
	a.added++
	heap.Push(&a.entries, entry{at, a.added, do})
}

// next takes the next entry off the agenda, if one is before end.
func (a *agenda) next(end time.Time) (entry, bool) {
	if len(a.entries) == 0 || a.entries[0].at.After(end) {
		return entry{}, false
	}
	return heap.Pop(&a.entries).(entry), true
}

type entries []entry

// Len is part of heap.Interface.
func (e entries) Len() int { return len(e) }

// Less is part of heap.Interface.
func (e entries) Less(i, j int) bool {
	if !e[i].at.Equal(e[j].at) {
		return e[i].at.Before(e[j].at)
	}
	return e[i].nth < e[j].nth
}

// Swap is part of heap.Interface.
func (e entries) Swap(i, j int) { e[i], e[j] = e[j], e[i] }

// Push is part of heap.Interface.
func (e *entries) Push(x any) { *e = append(*e, x.(entry)) }

// Pop is part of heap.Interface.
func (e *entries) Pop() any {
	last := len(*e) - 1
	x := (*e)[last]
	*e = (*e)[:last]
	return x
}
