package pace_test

import (
	"testing"
	"time"

	"relais/internal/pace"
)

func TestEachNameHasItsBucket(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	b := pace.New(2, func() time.Time { return now })
	p := pace.Pace{Every: time.Minute, Burst: 2}
	is := func(name string, want ...bool) {
		t.Helper()
		for i, w := range want {
			if got := b.Allow(name, p); got != w {
				t.Errorf("%s, %d: %v", name, i, got)
			}
		}
	}
	is("a", true, true, false)
	is("b", true)
	now = now.Add(time.Minute)
	is("a", true, false)
	is("b", true, true, false)
	is("c", true) // and the one that came longest ago is forgotten
	is("a", true, true)
}
