package fediverse_test

import (
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"relais/internal/fault"
	"relais/internal/fediverse"
	"relais/internal/fediverse/wire"
	"relais/internal/storefronts/storefronttest"
)

func TestFollowAndUndo(t *testing.T) {
	w := open(t)
	a := w.opens()
	follow := w.them.activity("Follow", wire.Site(base).Actor(a.ID))
	r := w.them.signs(t, w.now(), follow)
	w.must(w.s.Receive(t.Context(), r, "192.0.2.1"))
	if err := w.s.Receive(t.Context(), r, "192.0.2.1"); !errors.Is(err, fediverse.ErrUnproved) {
		t.Errorf("the same request again: %v", err)
	}
	w.later(time.Second)
	w.must(w.receives(follow)) // tried again, signed anew: taken, without another effect
	w.drains()
	if got := w.them.told(); got != "Accept:Follow" {
		t.Errorf("told %q", got)
	}
	if o := w.them.last()["object"].(map[string]any); o["id"] != follow["id"] || o["actor"] != w.them.actor() {
		t.Errorf("accepted %v", o)
	}
	w.is(1, `select count(*) from fediverse_followers`)
	w.must(w.receives(w.them.activity("Undo", follow["id"])))
	w.is(0, `select count(*) from fediverse_followers`)
	w.follows(a)
	w.must(w.receives(w.them.activity("Undo", follow)))
	w.is(0, `select count(*) from fediverse_followers`)
	w.follows(a)
	w.must(w.receives(w.them.activity("Block", wire.Site(base).Actor(a.ID))))
	w.is(0, `select count(*) from fediverse_followers`)
	w.follows(a)
	w.must(w.receives(w.them.activity("Delete", w.them.actor())))
	w.is(0, `select count(*) from fediverse_followers`)
	w.must(w.s.Close(t.Context(), w.lea, w.storefront()))
	w.follows(a) // taken, without an effect
	w.is(0, `select count(*) from fediverse_followers`)
	if w.them.asked != 2 { // once at first, and once after the farewell
		t.Errorf("its actor was asked for %d times", w.them.asked)
	}
}

func TestReactionsAreCounted(t *testing.T) {
	w := open(t)
	w.recommends(w.soap, "Il mousse.")
	a := w.opens()
	note := wire.Site(base).Note(1)
	w.must(w.receives(w.them.activity("Like", note)))
	w.must(w.receives(w.them.activity("Like", note))) // one of each
	boost := w.them.activity("Announce", note)
	w.must(w.receives(boost))
	w.must(w.receives(w.them.activity("Like", wire.Site(base).Note(77))))
	shown := func() (int, int) {
		p, err := fediverse.PanelOf(t.Context(), w.db, a.ID)
		w.must(err)
		return p.Objects[0].Likes, p.Objects[0].Boosts
	}
	if likes, boosts := shown(); likes != 1 || boosts != 1 {
		t.Errorf("%d likes, %d boosts", likes, boosts)
	}
	w.must(w.receives(w.them.activity("Undo", boost["id"])))
	w.must(w.receives(w.them.activity("Undo", map[string]any{"type": "Like", "object": note})))
	if likes, boosts := shown(); likes != 0 || boosts != 0 {
		t.Errorf("%d likes, %d boosts after the undo", likes, boosts)
	}
}

func TestWhoIsRefused(t *testing.T) {
	w := open(t)
	a := w.opens()
	admin := storefronttest.Member(t, w.db, "admin")
	follow := func() map[string]any { return w.them.activity("Follow", wire.Site(base).Actor(a.ID)) }
	for name, c := range map[string]struct {
		do   func() error
		want error
	}{
		"no JSON": {func() error {
			r := w.them.signs(t, w.now(), follow())
			r.Body = []byte("hello")
			return w.s.Receive(t.Context(), r, "192.0.2.1")
		}, fediverse.ErrUnreadable},
		"another body": {func() error {
			r := w.them.signs(t, w.now(), follow())
			r.Body = append(r.Body, ' ')
			return w.s.Receive(t.Context(), r, "192.0.2.1")
		}, fediverse.ErrUnproved},
		"an old one": {func() error {
			return w.s.Receive(t.Context(), w.them.signs(t, w.now().Add(-2*time.Hour), follow()), "192.0.2.1")
		}, fediverse.ErrUnproved},
		"in another's name": {func() error {
			f := follow()
			f["actor"] = "https://e.example/bob"
			return w.receives(f)
		}, fediverse.ErrUnproved},
		"in our own name": {func() error {
			f := follow()
			f["actor"] = wire.Site(base).Actor(a.ID)
			return w.receives(f)
		}, fediverse.ErrUnproved},
	} {
		if err := c.do(); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	w.is(0, `select count(*) from fediverse_followers`)
	w.them.document = func(m map[string]any) { m["publicKey"].(map[string]any)["owner"] = "https://e.example/bob" }
	if err := w.receives(follow()); !errors.Is(err, fediverse.ErrUnproved) {
		t.Errorf("by a key of another's: %v", err)
	}
	w.them.document = nil
	w.must(w.s.Suspend(t.Context(), admin, "127.0.0.1", "spam"))
	if err := w.receives(follow()); !errors.Is(err, fediverse.ErrShutOut) {
		t.Errorf("from a suspended domain: %v", err)
	}
	w.must(w.s.Lift(t.Context(), admin, "127.0.0.1"))
	w.must(w.receives(follow()))
	w.is(1, `select count(*) from fediverse_followers`)
	w.must(w.s.Suspend(t.Context(), admin, "127.0.0.1", "spam again"))
	w.is(0, `select count(*) from fediverse_followers`)
	for _, domain := range []string{"", "a b", "https://e.example", "relais.example", "e.example/x"} {
		if err := w.s.Suspend(t.Context(), admin, domain, "x"); !errors.Is(err, fault.Invalid) {
			t.Errorf("suspension of %q: %v", domain, err)
		}
	}
	flooded := false
	for range 500 {
		if errors.Is(w.s.Receive(t.Context(), wire.Request{Body: []byte("{}")}, "198.51.100.9"), fediverse.ErrFlood) {
			flooded = true
		}
	}
	if !flooded {
		t.Error("a flood is taken in")
	}
}

// A key that was replaced is asked for once, and not again for each wrong signature.
func TestReplacedKeys(t *testing.T) {
	w := open(t)
	a := w.opens()
	w.follows(a)
	w.them.key = keys()[1]
	if err := w.receives(w.them.activity("Like", wire.Site(base).Note(1))); !errors.Is(err, fediverse.ErrUnproved) || w.them.asked != 1 {
		t.Errorf("at once: %v, asked %d times", err, w.them.asked)
	}
	w.later(6 * time.Minute)
	w.must(w.receives(w.them.activity("Like", wire.Site(base).Note(1))))
	w.them.key = keys()[0] // the old one, as a thief has it
	w.them.document = func(m map[string]any) { m["publicKey"].(map[string]any)["publicKeyPem"] = mustPEM(t) }
	for range 5 {
		if err := w.receives(w.them.activity("Like", wire.Site(base).Note(1))); !errors.Is(err, fediverse.ErrUnproved) {
			t.Errorf("with the old key: %v", err)
		}
	}
	if w.them.asked != 2 {
		t.Errorf("asked %d times", w.them.asked)
	}
}

func mustPEM(t *testing.T) string {
	t.Helper()
	text, err := wire.PublicPEM(&keys()[1].PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// A server in trouble is tried ever more seldom, in the order of what waits, and given up after days, until it speaks to us.
func TestTrouble(t *testing.T) {
	w := open(t)
	a := w.opens()
	w.follows(a)
	w.drains()
	w.them.answers(http.StatusBadGateway)
	w.recommends(w.soap, "Il mousse.")
	w.drains()
	w.is(1, `select failures from fediverse_servers`)
	w.recommends(w.brush, "Elle brosse.")
	w.drains()
	w.is(1, `select failures from fediverse_servers`) // not hammered
	w.later(70 * time.Second)
	w.drains()
	w.is(2, `select failures from fediverse_servers`)
	w.them.answers(http.StatusAccepted)
	w.later(3 * time.Minute)
	w.drains()
	if got := w.them.told(); got != "Accept:Follow Create:Note Create:Note" {
		t.Errorf("told %q", got)
	}
	w.is(0, `select failures from fediverse_servers`)

	w.them.answers(http.StatusServiceUnavailable)
	w.must(w.storefronts.Note(t.Context(), w.lea, w.brush, "Elle brosse bien."))
	w.publishes()
	for range 60 {
		w.drains()
		w.later(3 * time.Hour)
	}
	w.is(1, `select count(*) from fediverse_servers where dead_at is not null`)
	w.is(1, `select count(*) from fediverse_deliveries where state = 'given_up'`)
	w.must(w.storefronts.Note(t.Context(), w.lea, w.brush, "Elle brosse très bien."))
	w.publishes()
	w.is(0, `select count(*) from fediverse_deliveries where state = 'waiting'`)
	w.them.answers(http.StatusAccepted)
	w.must(w.receives(w.them.activity("Like", wire.Site(base).Note(1))))
	w.must(w.storefronts.Note(t.Context(), w.lea, w.brush, "Elle brosse encore."))
	w.publishes()
	w.drains()
	if got := w.them.told(); got != "Accept:Follow Create:Note Create:Note Update:Note" {
		t.Errorf("told %q", got)
	}
}

func TestDefiniteAnswers(t *testing.T) {
	w := open(t)
	a := w.opens()
	w.follows(a)
	w.drains()
	w.them.answers(http.StatusNotFound)
	w.recommends(w.soap, "Il mousse.")
	w.drains()
	w.is(1, `select count(*) from fediverse_deliveries where state = 'refused' and attempts = 1`)
	w.is(0, `select failures from fediverse_servers`)
	w.them.answers(http.StatusUnauthorized)
	w.recommends(w.brush, "Elle brosse.")
	for range 6 {
		w.drains()
		w.later(2 * time.Minute)
	}
	w.is(1, `select count(*) from fediverse_deliveries where state = 'refused' and attempts = 4`)
}

// What is published while jobs are at work is neither lost nor sent twice, and comes in its order.
func TestDeliveryAtOnce(t *testing.T) {
	w := open(t)
	a := w.opens()
	w.follows(a)
	w.drains()
	var all sync.WaitGroup
	_, err := w.storefronts.AddListing(t.Context(), w.lea, w.soap)
	w.must(err)
	for _, words := range []string{"a", "b", "c", "d", "e", "f"} {
		w.must(w.storefronts.Note(t.Context(), w.lea, w.soap, words))
		w.publishes()
		for range 2 {
			all.Go(func() { _ = w.jobs.Drain(t.Context()) })
		}
	}
	all.Wait()
	w.drains()
	w.is(0, `select count(*) from fediverse_deliveries where state <> 'sent'`)
	if got := w.them.told(); got != "Accept:Follow Create:Note Update:Note Update:Note Update:Note Update:Note Update:Note" {
		t.Errorf("told %q", got)
	}
}

func TestFollowingOthers(t *testing.T) {
	w := open(t)
	address := "@ann@" + w.them.host()
	if err := w.s.Follow(t.Context(), w.lea, address); !errors.Is(err, fediverse.ErrNotOpen) {
		t.Errorf("before she is open: %v", err)
	}
	a := w.opens()
	for text, want := range map[string]error{"": fediverse.ErrAddress, "ann": fediverse.ErrAddress, "@lea@relais.example": fediverse.ErrHere, "@bob@" + w.them.host(): fediverse.ErrUnanswered} {
		if err := w.s.Follow(t.Context(), w.lea, text); !errors.Is(err, want) {
			t.Errorf("Follow(%q) = %v, want %v", text, err, want)
		}
	}
	w.must(w.s.Follow(t.Context(), w.lea, address))
	w.must(w.s.Follow(t.Context(), w.lea, address))
	w.drains()
	if got := w.them.told(); got != "Follow" {
		t.Fatalf("told %q", got)
	}
	post := func(id, words string, to string) map[string]any {
		return w.them.activity("Create", map[string]any{"type": "Note", "id": w.them.URL + "/notes/" + id, "attributedTo": w.them.actor(), "content": words, "to": []string{to}, "published": "2026-03-01T10:00:00Z"})
	}
	w.must(w.receives(post("0", "too early", wire.Public)))
	w.must(w.receives(w.them.activity("Accept", w.them.last()["id"])))
	w.must(w.receives(post("1", `<p>one</p><img src="https://track.example/x">`, wire.Public)))
	w.must(w.receives(post("2", "two", wire.Public)))
	w.must(w.receives(post("3", "for her eyes", wire.Site(base).Actor(a.ID))))
	posts, err := fediverse.Posts(t.Context(), w.db, a.ID, 0, 10)
	w.must(err)
	if len(posts) != 2 || posts[0].HTML != "two" || posts[1].HTML != "<p>one</p>" {
		t.Fatalf("she reads %+v", posts)
	}
	if older, err := fediverse.Posts(t.Context(), w.db, a.ID, posts[0].ID, 10); err != nil || len(older) != 1 || older[0].ID != posts[1].ID {
		t.Errorf("older ones: %+v, %v", older, err)
	}
	w.must(w.receives(w.them.activity("Delete", w.them.URL+"/notes/2")))
	w.is(1, `select count(*) from fediverse_posts`)
	list, err := fediverse.FollowedBy(t.Context(), w.db, a.ID)
	w.must(err)
	stranger := storefronttest.Member(t, w.db, "stranger")
	w.must(w.s.Unfollow(t.Context(), stranger, list[0].FollowID))
	w.is(1, `select count(*) from fediverse_follows where state = 'accepted'`)
	w.must(w.receives(w.them.activity("Reject", map[string]any{"type": "Follow", "actor": wire.Site(base).Actor(a.ID), "object": w.them.actor()})))
	w.is(1, `select count(*) from fediverse_follows where state = 'refused'`)
	w.must(w.s.Unfollow(t.Context(), w.lea, list[0].FollowID))
	w.drains()
	if got := w.them.told(); got != "Follow Undo:Follow" {
		t.Errorf("told %q", got)
	}
	w.is(0, `select count(*) from fediverse_posts`)
}

// In production no address of this machine or its network is spoken to, however it is written.
func TestOnlyPublicServers(t *testing.T) {
	w := open(t)
	s, err := fediverse.New(fediverse.Config{DB: w.db, Referrals: w.referrals, Now: w.now, Clock: w.now, BaseURL: base, Secret: []byte("a secret of the test, long enough for it")})
	w.must(err)
	w.opens()
	for _, address := range []string{"@ann@" + w.them.host(), "@ann@localhost", "@ann@127.0.0.1", "@ann@localtest.example.invalid", "@ann@[::1]"} {
		if err := s.Follow(t.Context(), w.lea, address); !errors.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", address, err)
		}
	}
	if err := s.Receive(t.Context(), w.them.signs(t, w.now(), w.them.activity("Follow", wire.Site(base).Actor(1))), "192.0.2.1"); !errors.Is(err, fediverse.ErrUnreadable) {
		t.Errorf("an activity of this machine: %v", err)
	}
	if w.them.asked != 0 {
		t.Error("this machine was asked")
	}
}

func TestSweep(t *testing.T) {
	w := open(t)
	a := w.opens()
	w.follows(a)
	w.recommends(w.soap, "Il mousse.")
	w.drains()
	w.must(w.s.Close(t.Context(), w.lea, w.storefront()))
	w.drains()
	w.is(1, `select count(*) from fediverse_deliveries where kind = 'gone' and state = 'sent'`)
	w.db.MustExec(`update fediverse_deliveries set ended_at = ended_at - interval '31 days'`)
	w.db.MustExec(`update fediverse_seen set at = at - interval '31 days'`)
	w.db.MustExec(`update fediverse_remotes set fetched_at = fetched_at - interval '31 days'`)
	w.must(w.s.Sweep(t.Context(), jobsWork))
	w.is(0, `select (select count(*) from fediverse_deliveries) + (select count(*) from fediverse_seen) + (select count(*) from fediverse_remotes)`)
	w.is(0, `select count(*) from fediverse_actors where closed_at is not null and private_key is not null`)
}

// A server for which something waits and no job does is found by the sweep.
func TestALostJob(t *testing.T) {
	w := open(t)
	a := w.opens()
	w.follows(a)
	w.db.MustExec(`delete from jobs where kind = 'fediverse.deliver'`)
	w.db.MustExec(`update fediverse_deliveries set created_at = created_at - interval '2 hours'`)
	w.db.MustExec(`update fediverse_servers set not_before = now() - interval '1 hour'`)
	w.must(w.s.Sweep(t.Context(), jobsWork))
	w.drains()
	if got := w.them.told(); got != "Accept:Follow" {
		t.Errorf("told %q", got)
	}
}
