package cards_test

import (
	"testing"
	"time"

	"relais/internal/stripesandbox/cards"
)

var now = time.Date(2026, 11, 30, 23, 59, 0, 0, time.UTC)

// Each test card can be typed as the page fills it in, and nothing is wrong with it.
func TestEveryCardCanBeTyped(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range cards.All() {
		typed := cards.Typed{"email": "b@example.com"}
		typed.Fill(c, now)
		if faults := typed.Faults(now); len(faults) > 0 || len(c.Number) != 16 {
			t.Errorf("%s: %v", c.Number, faults)
		}
		if got := typed.Card(); got != c || seen[c.Number] {
			t.Errorf("typed %s, and got %+v", c.Number, got)
		}
		seen[c.Number] = true
	}
}

func TestSomebodysOwnCardIsRefused(t *testing.T) {
	got := cards.Typed{"number": "3782 822463 10005"}.Card()
	if got.Number != "0000000000000005" || got.Decline == "" || got.Keeps {
		t.Errorf("it is %+v", got)
	}
}

func TestExpiry(t *testing.T) {
	tests := []struct {
		typed       string
		month, year int
		ok          bool
	}{
		{"12 / 26", 12, 2026, true}, {"1126", 11, 2026, true}, {"10/26", 10, 2026, false}, {"13/30", 13, 2030, false}, {"00/30", 0, 2030, false},
		{"1/30", 0, 0, false}, {"", 0, 0, false}, {"12/2034", 0, 0, false},
	}
	for _, tt := range tests {
		if month, year, ok := (cards.Typed{"expiry": tt.typed}).Expiry(now); month != tt.month || year != tt.year || ok != tt.ok {
			t.Errorf("%q is %d/%d, %v", tt.typed, month, year, ok)
		}
	}
	if cards.Expired(11, 2026, now) || !cards.Expired(11, 2026, now.Add(time.Minute)) {
		t.Error("a card is good until its last month is over")
	}
}
