package waits_test

import (
	"testing"
	"time"

	"relais/internal/waits"
)

func TestUsually(t *testing.T) {
	done := func(hours ...int) (all []waits.Wait) {
		for _, h := range hours {
			all = append(all, waits.Wait{For: time.Duration(h) * time.Hour, Answered: true})
		}
		return all
	}
	open := func(hours ...int) (all []waits.Wait) {
		for _, h := range hours {
			all = append(all, waits.Wait{For: time.Duration(h) * time.Hour})
		}
		return all
	}
	for name, c := range map[string]struct {
		all   []waits.Wait
		hours int
		ok    bool
	}{
		"nothing":                       {nil, 0, false},
		"too few":                       {done(1, 1), 0, false},
		"three of four":                 {done(9, 1, 2, 3), 3, true},
		"of three, all":                 {done(1, 2, 3), 3, true},
		"one of four left":              {append(done(1, 2, 3), open(24)...), 3, true},
		"two of four left":              {append(done(1, 2), open(24, 99)...), 0, false},
		"those that wait count neither": {append(done(1, 2, 3), open(23, 23, 23)...), 3, true},
		"all left":                      {open(99, 99, 99), 0, false},
	} {
		got, ok := waits.Usually(c.all, 3, 24*time.Hour)
		if got != time.Duration(c.hours)*time.Hour || ok != c.ok {
			t.Errorf("%s: %v, %v", name, got, ok)
		}
	}
}
