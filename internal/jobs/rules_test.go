package jobs

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestBackoff(t *testing.T) {
	for attempt, want := range map[int]time.Duration{1: time.Second, 2: 16 * time.Second, 3: 81 * time.Second, 9: 6561 * time.Second, 20: 24 * time.Hour, 1000: 24 * time.Hour} {
		if got := Backoff(attempt, 0.5); got != want {
			t.Errorf("Backoff(%d) = %v, want %v", attempt, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		attempt := rapid.IntRange(1, 100).Draw(t, "attempt")
		got, middle := Backoff(attempt, rapid.Float64Range(0, 1).Draw(t, "jitter")), Backoff(attempt, 0.5)
		if got < middle*89/100 || got > middle*111/100 {
			t.Fatalf("Backoff(%d) = %v, more than a tenth from %v", attempt, got, middle)
		}
	})
}

func TestNext(t *testing.T) {
	for _, tt := range []struct {
		attempt, forgiven, most int
		pause                   time.Duration
		park                    bool
	}{
		{1, 0, 3, time.Second, false},
		{2, 0, 3, 16 * time.Second, false},
		{3, 0, 3, 81 * time.Second, true},
		{4, 3, 3, time.Second, false},
		{6, 3, 3, 81 * time.Second, true},
	} {
		pause, park := next(Work{Attempt: tt.attempt, forgiven: tt.forgiven, maxAttempts: tt.most}, 0.5)
		if pause != tt.pause || park != tt.park {
			t.Errorf("next(%+v) = %v, %v", tt, pause, park)
		}
	}
}

func TestStorable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")) + strings.Repeat("é", rapid.IntRange(0, 3000).Draw(t, "length"))
		got := storable(s)
		if len(got) > maxError || !utf8.ValidString(got) || strings.Contains(got, "\x00") {
			t.Fatalf("storable(%q) = %q", s, got)
		}
	})
}
