package notices_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"relais/internal/i18n"
	"relais/internal/notices"
)

func place(t *testing.T, name string) *time.Location {
	t.Helper()
	l, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestCutoffs(t *testing.T) {
	paris, noumea := place(t, "Europe/Paris"), place(t, "Pacific/Noumea")
	at := func(text string, l *time.Location) time.Time {
		d, err := time.ParseInLocation("2006-01-02 15:04", text, l)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, c := range []struct {
		name, now     string
		zone          *time.Location
		daily, weekly string
		awake         bool
	}{
		{"a morning", "2026-11-27 07:00", paris, "2026-11-27 07:00", "2026-11-23 07:00", true},
		{"before the morning", "2026-11-27 06:59", paris, "2026-11-26 07:00", "2026-11-23 07:00", false},
		{"Monday morning", "2026-11-23 07:10", paris, "2026-11-23 07:00", "2026-11-23 07:00", true},
		{"Monday before seven is of the week before", "2026-11-23 06:00", paris, "2026-11-22 07:00", "2026-11-16 07:00", false},
		{"Sunday evening", "2026-11-29 20:59", paris, "2026-11-29 07:00", "2026-11-23 07:00", true},
		{"at night nothing goes out", "2026-11-29 21:00", paris, "2026-11-29 07:00", "2026-11-23 07:00", false},
		{"the clocks go forward", "2026-03-29 07:30", paris, "2026-03-29 07:00", "2026-03-23 07:00", true},
		{"on the other side of the world", "2026-11-27 08:00", noumea, "2026-11-27 07:00", "2026-11-23 07:00", true},
	} {
		now := at(c.now, c.zone).UTC()
		if got, want := notices.DailyCutoff(now, c.zone), at(c.daily, c.zone); !got.Equal(want) {
			t.Errorf("%s: daily %v, want %v", c.name, got, want)
		}
		if got, want := notices.WeeklyCutoff(now, c.zone), at(c.weekly, c.zone); !got.Equal(want) {
			t.Errorf("%s: weekly %v, want %v", c.name, got, want)
		}
		if got := notices.Awake(now, c.zone); got != c.awake {
			t.Errorf("%s: awake %v", c.name, got)
		}
	}
}

// A cutoff is a morning that is over, and never further back than a day, or a week.
func TestCutoffsAreNearAndPast(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		zone, err := time.LoadLocation(rapid.SampledFrom(notices.Zones()).Draw(r, "zone"))
		if err != nil {
			r.Fatal(err)
		}
		now := time.Unix(rapid.Int64Range(1_600_000_000, 2_200_000_000).Draw(r, "now"), 0)
		daily, weekly := notices.DailyCutoff(now, zone), notices.WeeklyCutoff(now, zone)
		if daily.After(now) || now.Sub(daily) > 25*time.Hour || daily.Hour() != 7 {
			r.Errorf("daily %v at %v", daily, now.In(zone))
		}
		if weekly.After(daily) || now.Sub(weekly) > 7*24*time.Hour+time.Hour || weekly.Weekday() != time.Monday || weekly.Hour() != 7 {
			r.Errorf("weekly %v at %v", weekly, now.In(zone))
		}
	})
}

func TestJudge(t *testing.T) {
	for status, want := range map[int]notices.Verdict{0: notices.Later, 200: notices.Taken, 201: notices.Taken, 202: notices.Taken, 404: notices.Gone, 410: notices.Gone,
		429: notices.Later, 408: notices.Later, 500: notices.Later, 503: notices.Later, 302: notices.Refused, 400: notices.Refused, 401: notices.Refused, 403: notices.Refused, 413: notices.Refused} {
		if got := notices.Judge(status); got != want {
			t.Errorf("%d means %s, want %s", status, got, want)
		}
	}
}

func TestPause(t *testing.T) {
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		header string
		try    int
		want   time.Duration
	}{
		{"", 0, time.Minute}, {"", 1, 4 * time.Minute}, {"", 3, 64 * time.Minute}, {"", 99, 6 * time.Hour},
		{"120", 0, 2 * time.Minute}, {"-5", 0, time.Minute}, {"999999", 0, 6 * time.Hour}, {"soon", 2, 16 * time.Minute},
		{"Fri, 27 Nov 2026 12:10:00 GMT", 0, 10 * time.Minute}, {"Fri, 27 Nov 2026 11:00:00 GMT", 0, time.Minute},
	} {
		if got := notices.Pause(c.header, now, c.try); got != c.want {
			t.Errorf("%q, try %d: %v, want %v", c.header, c.try, got, c.want)
		}
	}
}

// Each kind has its words on the settings page, and each of its events in the list, in both languages.
func TestEveryKindHasItsWords(t *testing.T) {
	seen := map[notices.Kind]bool{}
	for _, n := range notices.Kinds() {
		if seen[n.Kind] {
			t.Errorf("%s stands there twice", n.Kind)
		}
		seen[n.Kind] = true
		if n.Topic == notices.Money && !n.Stays {
			t.Errorf("%s is about money and can be switched off everywhere", n.Kind)
		}
		if n.Life <= 0 || n.Urgency == "" || len(n.Events) == 0 || !n.Due && !slices.Contains(notices.Choices(), n.Mail) {
			t.Errorf("%s: %+v", n.Kind, n)
		}
		for _, l := range i18n.Langs() {
			keys := []string{"notice.kind." + string(n.Kind) + ".title", "notice.kind." + string(n.Kind) + ".hint", "notice.topic." + string(n.Topic)}
			for _, e := range n.Events {
				keys = append(keys, "notice.words."+string(n.Kind)+"."+e+".title", "notice.words."+string(n.Kind)+"."+e+".text")
			}
			for _, key := range keys {
				if !l.Has(key) {
					t.Errorf("%s lacks %s", l, key)
				}
			}
		}
	}
}
