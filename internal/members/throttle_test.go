package members

import (
	"testing"
	"time"
)

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func TestPausesGrowAndEnd(t *testing.T) {
	for _, tc := range []struct {
		count int
		want  time.Duration
	}{
		{0, 0}, {4, 0}, {5, 15 * time.Second}, {6, 30 * time.Second}, {8, 2 * time.Minute}, {11, 15 * time.Minute},
		{12, 15 * time.Minute}, {1 << 30, 15 * time.Minute},
	} {
		if got := loginHere.pause(tc.count); got != tc.want {
			t.Errorf("after %d tries: %v, want %v", tc.count, got, tc.want)
		}
	}
}

func TestWait(t *testing.T) {
	end := noon.Add(loginHere.window) // the last try was at noon
	for _, tc := range []struct {
		count int
		after time.Duration
		want  time.Duration
	}{
		{3, 0, 0},
		{5, 0, 15 * time.Second},
		{5, 10 * time.Second, 5 * time.Second},
		{5, 15 * time.Second, 0},
		{100, time.Minute, 14 * time.Minute},
		{100, 15 * time.Minute, 0}, // never for good
	} {
		if got := loginHere.wait(tc.count, end, noon.Add(tc.after)); got != tc.want {
			t.Errorf("%d tries, %v later: wait %v, want %v", tc.count, tc.after, got, tc.want)
		}
	}
	if got := loginHere.next(7, end, noon.Add(time.Minute)); got != 8 {
		t.Errorf("count %d within the window, want 8", got)
	}
	if got := loginHere.next(7, end, end); got != 1 {
		t.Errorf("count %d after the window, want 1", got)
	}
}

// TestEveryLimitLetsIn checks what the limits promise: no pause outlasts the window in which tries are remembered.
func TestEveryLimitLetsIn(t *testing.T) {
	for name, l := range map[string]limit{"here": loginHere, "account": loginAccount, "address": loginAddress, "to": letterTo, "from": letterFrom} {
		if l.most > l.window || l.first > l.most || l.free < 1 {
			t.Errorf("%s: %+v", name, l)
		}
	}
}

func TestNetwork(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.7":           "192.0.2.7",
		"::ffff:192.0.2.7":    "192.0.2.7",
		"2001:db8:1:2:3::4":   "2001:db8:1:2::/64",
		"2001:db8:1:2:ffff::": "2001:db8:1:2::/64",
		"fe80::1%eth0":        "fe80::/64",
		"":                    "unknown",
		"evil":                "unknown",
	} {
		if got := Network(in); got != want {
			t.Errorf("Network(%q) = %q, want %q", in, got, want)
		}
	}
}
