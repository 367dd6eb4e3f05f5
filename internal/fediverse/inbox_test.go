package fediverse_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"relais/internal/fediverse"
	"relais/internal/fediverse/wire"
)

// What a server calls its activities is its own: nobody uses up the name of another's, so that it would be taken for one that came before.
func TestTheNameOfAnothersActivity(t *testing.T) {
	w := open(t)
	a := w.opens()
	evil := newElsewhere(t)
	follow := w.them.activity("Follow", wire.Site(base).Actor(a.ID))
	like := evil.activity("Like", wire.Site(base).Note(1))
	like["id"] = follow["id"]
	if err := w.s.Receive(t.Context(), evil.signs(t, w.now(), like), "192.0.2.2"); !errors.Is(err, fediverse.ErrUnproved) {
		t.Errorf("under the name of another's: %v", err)
	}
	w.must(w.receives(follow))
	w.is(1, `select count(*) from fediverse_followers`)
}

// Whoever signs wrongly in the name of a server uses up what it may have fetched, and nothing of its own pace.
func TestNobodyShutsAServerOut(t *testing.T) {
	w := open(t)
	a := w.opens()
	w.follows(a)
	flooded, asked := 0, w.them.asked
	for i := range 400 {
		forged := w.them.activity("Follow", wire.Site(base).Actor(a.ID))
		forged["actor"] = fmt.Sprintf("%s/nobody/%d", w.them.URL, i)
		r := w.them.signs(t, w.now(), forged)
		if errors.Is(w.s.Receive(t.Context(), r, fmt.Sprintf("198.51.100.%d", i%200)), fediverse.ErrFlood) {
			flooded++
		}
	}
	if flooded == 0 {
		t.Error("its server is asked as often as a stranger likes")
	}
	if err := w.receives(w.them.activity("Like", wire.Site(base).Note(1))); err != nil {
		t.Errorf("the server itself: %v", err)
	}
	if w.them.asked != asked {
		t.Errorf("ann was asked for %d times", w.them.asked-asked)
	}
	w.later(time.Hour)
	flooded = 0
	for i := range 300 { // one customer has all of these addresses
		if errors.Is(w.s.Receive(t.Context(), wire.Request{Body: []byte("{}")}, fmt.Sprintf("2001:db8::%x", i+1)), fediverse.ErrFlood) {
			flooded++
		}
	}
	if flooded == 0 {
		t.Error("a flood from one network is taken in")
	}
}
