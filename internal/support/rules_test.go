package support

import (
	"strings"
	"testing"
	"time"

	"relais/internal/orders"
)

func at(t testing.TB, text string) time.Time {
	t.Helper()
	moment, err := time.ParseInLocation("2006-01-02 15:04", text, paris)
	if err != nil {
		t.Fatal(err)
	}
	return moment.UTC()
}

// 2 March 2026 is a Monday; clocks go ahead on the Sunday of 29 March.
func TestAnAnswerIsDueInHoursOfWorkingDays(t *testing.T) {
	for _, c := range []struct {
		asked string
		hours int
		due   string
	}{
		{"2026-03-02 09:00", 24, "2026-03-03 09:00"},
		{"2026-03-06 17:00", 24, "2026-03-09 17:00"}, // Friday to Monday
		{"2026-03-07 12:00", 24, "2026-03-10 00:00"}, // Saturday counts from Monday
		{"2026-03-08 23:59", 1, "2026-03-09 01:00"},
		{"2026-03-27 20:00", 8, "2026-03-30 04:00"}, // over the change of clocks
		{"2026-03-02 00:00", 120, "2026-03-07 00:00"},
		{"2026-03-02 00:01", 120, "2026-03-09 00:01"},
	} {
		if got, want := Due(at(t, c.asked), c.hours), at(t, c.due); !got.Equal(want) {
			t.Errorf("%s + %d h: %s; want %s", c.asked, c.hours, got.In(paris), c.due)
		}
	}
}

func TestWorkedLeavesWeekendsOut(t *testing.T) {
	for _, c := range []struct {
		from, to string
		want     time.Duration
	}{
		{"2026-03-02 09:00", "2026-03-02 11:30", 150 * time.Minute},
		{"2026-03-06 23:00", "2026-03-09 01:00", 2 * time.Hour},
		{"2026-03-07 10:00", "2026-03-08 10:00", 0},
		{"2026-03-03 10:00", "2026-03-02 10:00", 0},
		{"2026-03-02 00:00", "2026-03-16 00:00", 240 * time.Hour},
	} {
		if got := Worked(at(t, c.from), at(t, c.to)); got != c.want {
			t.Errorf("%s to %s: %s; want %s", c.from, c.to, got, c.want)
		}
	}
}

// What was asked and is answered when it is due took as long as was stated.
func FuzzDue(f *testing.F) {
	f.Add(int64(1_772_438_400), 24)
	f.Fuzz(func(t *testing.T, seconds int64, hours int) {
		if seconds < 0 || seconds > 4e9 || hours < 1 || hours > MaxHours {
			return
		}
		from := time.Unix(seconds, 0)
		due := Due(from, hours)
		if due.Before(from.Add(time.Duration(hours) * time.Hour)) {
			t.Errorf("%s: due %s", from, due)
		}
		if got := Worked(from, due); got != time.Duration(hours)*time.Hour {
			t.Errorf("%s + %d h: %s", from, hours, got)
		}
	})
}

func TestBlanksAreFilled(t *testing.T) {
	for body, want := range map[string]string{
		"Bonjour {prénom}, la commande {commande} part.": "Bonjour Zoé, la commande R-1 part.",
		"Hello {name}, { order }":                        "Hello Zoé, R-1",
		"{autre} {{name}} {":                             "{autre} {Zoé} {",
	} {
		if got := Fill(body, "R-1", " Zoé Martin "); got != want {
			t.Errorf("%q; want %q", got, want)
		}
	}
	if got := Fill("Bonjour {name}!", "R-1", ""); got != "Bonjour !" {
		t.Errorf("nameless: %q", got)
	}
}

func TestOrdersCloseForMessages(t *testing.T) {
	day := 24 * time.Hour
	now := at(t, "2026-03-02 09:00")
	paid := now.Add(-10 * day)
	for name, c := range map[string]struct {
		o    orders.Order
		last time.Time
		want bool
	}{
		"paid":             {orders.Order{PlacedAt: paid, PaidAt: &paid}, time.Time{}, false},
		"never paid":       {orders.Order{PlacedAt: paid}, time.Time{}, true},
		"long ago":         {orders.Order{PlacedAt: now.Add(-Life - day), PaidAt: &paid}, time.Time{}, true},
		"long ago, talked": {orders.Order{PlacedAt: now.Add(-Life - day), PaidAt: &paid}, now.Add(-Life + day), false},
	} {
		if got := Closed(c.o, c.last, now); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestShorten(t *testing.T) {
	if got := shorten(strings.Repeat("é", MaxMessage), MaxMessage); len([]rune(got)) != MaxMessage || strings.HasSuffix(got, "…]") {
		t.Error("a text that fits was shortened")
	}
	if got := shorten(strings.Repeat("é", MaxMessage+1), MaxMessage); len([]rune(got)) > MaxMessage || !strings.HasSuffix(got, " […]") {
		t.Errorf("%d characters", len([]rune(got)))
	}
}

// Only keys of the right shape and domain are looked up, and what we write we read.
func FuzzKeys(f *testing.F) {
	f.Add("reply+0123456789abcdef0123456789abcdef@in.example")
	f.Add("reply+0123456789ABCDEF0123456789abcdef@in.example.org")
	f.Add("reply+@in.example@in.example")
	f.Fuzz(func(t *testing.T, a string) {
		for _, key := range keysOf([]string{a, a}, "in.example") {
			if a != address(key, "in.example") {
				t.Errorf("%q has the key %q", a, key)
			}
		}
		if n := len(keysOf([]string{a}, "")); n != 0 {
			t.Errorf("%q: %d keys of no domain", a, n)
		}
	})
	if got := keysOf([]string{address("0123456789abcdef0123456789abcdef", "in.example")}, "IN.example"); len(got) != 1 {
		f.Errorf("keys %v", got)
	}
}
