// Package waits says how soon somebody usually answers, from how long those who asked waited. It is what brands are measured by, in public: so
// whoever is left without an answer counts as well, and nobody looks quick by answering only what is easy.
package waits

import (
	"slices"
	"time"
)

// Wait is how long somebody waited for an answer, or has waited until now.
type Wait struct {
	For      time.Duration
	Answered bool
}

// Usually is within how long three of four were answered; ok is false where fewer than so many count, or where too many of them were left without
// an answer. A wait without an answer counts as left from so long on; a shorter one counts neither way.
func Usually(all []Wait, fewest int, left time.Duration) (within time.Duration, ok bool) {
	var answered []time.Duration
	lost := 0
	for _, w := range all {
		if w.Answered {
			answered = append(answered, w.For)
		} else if w.For >= left {
			lost++
		}
	}
	n := len(answered) + lost
	at := (3*n+3)/4 - 1
	if n < fewest || at >= len(answered) {
		return 0, false
	}
	slices.Sort(answered)
	return answered[at], true
}
