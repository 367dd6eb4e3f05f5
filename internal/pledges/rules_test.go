package pledges_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"relais/internal/payments"
	"relais/internal/pledges"
)

func TestPeople(t *testing.T) {
	for _, tt := range []struct {
		name string
		ps   []pledges.Person
		want int
	}{
		{"nobody", nil, 0},
		{"two strangers", []pledges.Person{{Email: "a", Card: "1"}, {Email: "b", Card: "2"}}, 2},
		{"one address, two cards", []pledges.Person{{Email: "a", Card: "1"}, {Email: "a", Card: "2"}}, 1},
		{"two addresses, one card", []pledges.Person{{Email: "a", Card: "1"}, {Email: "b", Card: "1"}}, 1},
		{"two addresses and cards, one account", []pledges.Person{{Email: "a", Card: "1", MemberID: 7}, {Email: "b", Card: "2", MemberID: 7}}, 1},
		{"two people, and somebody with the address of one and the card of the other", []pledges.Person{{Email: "a", Card: "1"}, {Email: "b", Card: "2"}, {Email: "a", Card: "2"}}, 2},
		{"four people, and somebody who joins in the name of all with one card", []pledges.Person{{Email: "a", Card: "1"}, {Email: "b", Card: "2"}, {Email: "c", Card: "3"}, {Email: "d", Card: "4"},
			{Email: "a", Card: "9"}, {Email: "b", Card: "9"}, {Email: "c", Card: "9"}, {Email: "d", Card: "9"}}, 4},
		{"cards whose number is not known are not the same card", []pledges.Person{{Email: "a"}, {Email: "b"}}, 2},
		{"an address is no card", []pledges.Person{{Email: "x", Card: "1"}, {Email: "y", Card: "x"}}, 2},
	} {
		if got := pledges.People(tt.ps); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
}

// However they come in, people are as many; and one more pledge is at most one person more.
func FuzzPeople(f *testing.F) {
	f.Add(uint64(1), 12)
	f.Fuzz(func(t *testing.T, seed uint64, n int) {
		r := rand.New(rand.NewPCG(seed, 1))
		n = min(max(n, 0), 60)
		ps := make([]pledges.Person, n)
		for i := range ps {
			ps[i] = pledges.Person{Email: fmt.Sprint("m", r.IntN(n)), Card: fmt.Sprint("c", r.IntN(n))}
			if r.IntN(3) == 0 {
				ps[i].MemberID = int64(r.IntN(5))
			}
		}
		last := 0
		for i := range ps { // nobody who joins makes others fewer
			now := pledges.People(ps[:i+1])
			if now > last+1 || now < last || now > i+1 || now < 1 {
				t.Fatalf("%d people among %d pledges, %d before", now, i+1, last)
			}
			last = now
		}
		r.Shuffle(n, func(i, j int) { ps[i], ps[j] = ps[j], ps[i] })
		if again := pledges.People(ps); again != last {
			t.Fatalf("%d people, in another order %d", last, again)
		}
	})
}

func TestUnit(t *testing.T) {
	for _, tt := range []struct{ shown, today, less, want int64 }{
		{12000, 12000, 1000, 10800}, {12000, 11000, 1000, 9900}, {12000, 13000, 1000, 10800}, {999, 999, 1000, 900}, {1, 1, 7000, 1},
	} {
		if got := pledges.Unit(tt.shown, tt.today, tt.less); got != tt.want {
			t.Errorf("Unit(%d, %d, %d) = %d, want %d", tt.shown, tt.today, tt.less, got, tt.want)
		}
	}
}

func TestNextTry(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	until := now.Add(pledges.GraceTime)
	if next := pledges.NextTry(payments.CodeCardDeclined, "insufficient_funds", now, until); !next.Equal(now.Add(pledges.RetryTime)) {
		t.Errorf("insufficient funds: %s", next)
	}
	for _, word := range [][2]string{{payments.CodeCardDeclined, "stolen_card"}, {payments.CodeCardDeclined, ""}, {payments.CodeAuthentication, ""}, {payments.CodeCardGone, ""}} {
		if next := pledges.NextTry(word[0], word[1], now, until); !next.IsZero() {
			t.Errorf("%v: %s", word, next)
		}
	}
	if next := pledges.NextTry(payments.CodeCardDeclined, "insufficient_funds", until.Add(-pledges.RetryTime), until); !next.IsZero() {
		t.Errorf("when the order ends: %s", next)
	}
}

func TestRefusal(t *testing.T) {
	for code, want := range map[string]pledges.Refusal{payments.CodeAuthentication: pledges.NotThere, "insufficient_funds": pledges.NoMoney, "expired_card": pledges.Expired,
		"stolen_card": pledges.Blocked, "generic_decline": pledges.Unsaid, "": pledges.Unsaid, "a word of tomorrow": pledges.Unsaid} {
		if got := (pledges.Pledge{RefusedCode: code}).Refusal(); got != want {
			t.Errorf("%q: %s, want %s", code, got, want)
		}
	}
}

func TestDeclined(t *testing.T) {
	for code, want := range map[string]bool{payments.CodeCardDeclined: true, payments.CodeAuthentication: true, payments.CodeCardGone: true, payments.CodeSetup: false, "": false,
		"invalid_request_error": false} {
		if got := pledges.Declined(code); got != want {
			t.Errorf("%q: %v", code, got)
		}
	}
}
