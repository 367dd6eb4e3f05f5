package fediverse_test

import (
	"errors"
	"testing"
	"time"

	"relais/internal/fault"
	"relais/internal/fediverse"
)

// A member who asks for one address after the other does not make us one who asks around.
func TestThePaceOfFollowing(t *testing.T) {
	w := open(t)
	w.opens()
	ask := func(by int64, host string) error { return w.s.Follow(t.Context(), by, "@bob@"+host) }
	if err := ask(w.lea, w.them.host()); !errors.Is(err, fediverse.ErrUnanswered) {
		t.Errorf("the first: %v", err)
	}
	for range 2 {
		_ = ask(w.lea, w.them.host())
	}
	if err := ask(w.lea, w.them.host()); !errors.Is(err, fault.TooMany) {
		t.Errorf("the same server at once: %v", err)
	}
	paced := 0
	for range 12 {
		w.later(2 * time.Second)
		if errors.Is(ask(w.lea, w.them.host()), fault.TooMany) {
			paced++
		}
	}
	if paced == 0 {
		t.Error("a member asks as often as they like")
	}
	w.later(time.Minute)
	w.must(w.s.Follow(t.Context(), w.lea, "@ann@"+w.them.host()))
}
