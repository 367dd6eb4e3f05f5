package fediverse_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"relais/internal/fediverse"
	"relais/internal/fediverse/wire"
)

// Only what a server says to be a document of ActivityPub is one: not what somebody uploaded there, nor what another server says.
func TestWhatIsAnActor(t *testing.T) {
	w := open(t)
	w.opens()
	address := "@ann@" + w.them.host()
	for _, kind := range []string{"text/html", "application/json", "text/plain; charset=utf-8", ""} {
		w.them.kind = kind
		w.later(time.Hour)
		if err := w.s.Follow(t.Context(), w.lea, address); !errors.Is(err, fediverse.ErrUnanswered) {
			t.Errorf("a document of type %q: %v", kind, err)
		}
	}
	w.later(time.Hour)
	w.them.kind = wire.LinkedJSON
	w.must(w.s.Follow(t.Context(), w.lea, address))

	moved := newElsewhere(t)
	other := httptest.NewServer(http.RedirectHandler(moved.URL+"/ann", http.StatusFound))
	t.Cleanup(other.Close)
	moved.document = func(m map[string]any) { // as another server would have to say it
		for _, key := range []string{"id", "inbox"} {
			m[key] = strings.ReplaceAll(m[key].(string), moved.URL, other.URL)
		}
		delete(m, "endpoints")
		key := m["publicKey"].(map[string]any)
		key["id"], key["owner"] = other.URL+"/ann#key", other.URL+"/ann"
	}
	follow := map[string]any{"id": other.URL + "/1", "type": "Follow", "actor": other.URL + "/ann", "object": wire.Site(base).Actor(1)}
	r := moved.signsAs(t, other.URL+"/ann#key", w.now(), follow)
	if err := w.s.Receive(t.Context(), r, "192.0.2.3"); !errors.Is(err, fediverse.ErrUnproved) || moved.asked != 0 {
		t.Errorf("what another server says: %v, asked %d times", err, moved.asked)
	}
}
