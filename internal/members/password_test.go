package members

import (
	"context"
	"errors"
	"testing"

	"github.com/alexedwards/argon2id"

	"relais/internal/fault"
)

// TestNoMoreHashesThanCores fills the places by hand, so that everybody else waits outside.
func TestNoMoreHashesThanCores(t *testing.T) {
	h := newHasher()
	for range cap(h.slots) {
		h.slots <- struct{}{}
	}
	h.most = 1
	ctx, cancel := context.WithCancel(t.Context())
	waiting := make(chan error)
	go func() {
		_, err := h.Hash(ctx, "trois vélos bleus")
		waiting <- err
	}()
	for h.waiting.Load() == 0 { // until the first one waits
		select {
		case err := <-waiting:
			t.Fatalf("did not wait: %v", err)
		default:
		}
	}
	if _, err := h.Hash(t.Context(), "trois vélos bleus"); !errors.Is(err, fault.Unavailable) {
		t.Errorf("the second in the queue: %v", err)
	}
	cancel()
	if err := <-waiting; !errors.Is(err, fault.Unavailable) {
		t.Errorf("who gave up: %v", err)
	}
	<-h.slots
	hash, err := h.Hash(t.Context(), "trois vélos bleus")
	if err != nil {
		t.Fatalf("a free place: %v", err)
	}
	if ok, stale, err := h.Matches(t.Context(), "trois vélos bleus", hash); !ok || stale || err != nil {
		t.Errorf("%v, %v, %v", ok, stale, err)
	}
}

func TestMatches(t *testing.T) {
	h := newHasher()
	weak := params
	weak.Memory = 8 * 1024
	old, err := argon2id.CreateHash("🦔 et 🍋", &weak)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		password, hash string
		ok, stale      bool
	}{
		{"🦔 et 🍋", old, true, true},
		{"🦔 et 🍋 ", old, false, true},
		{"no member has this one", "", false, false}, // the password of the dummy
		{"", "", false, false},
	} {
		ok, stale, err := h.Matches(t.Context(), tc.password, tc.hash)
		if ok != tc.ok || stale != tc.stale || err != nil {
			t.Errorf("%q: %v, %v, %v", tc.password, ok, stale, err)
		}
	}
	if _, _, err := h.Matches(t.Context(), "x", "junk"); err == nil {
		t.Error("a broken hash was compared")
	}
}
