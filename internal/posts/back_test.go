package posts_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"testing"
	"time"

	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/follows"
	"relais/internal/groups"
	"relais/internal/posts"
	"relais/internal/posts/poststest"
)

// codes are the share links of a post, by circle and network.
func (w *world) codes(id int64) map[string]string {
	w.T.Helper()
	there, err := posts.Places(w.T.Context(), w.DB, id)
	w.must(err)
	networks, err := posts.NetworksOf(w.T.Context(), w.DB, id)
	w.must(err)
	list := map[string]string{}
	for _, p := range there {
		list[p.Handle] = p.Code
	}
	for _, n := range networks {
		list[n.Channel] = n.Code
	}
	return list
}

func (w *world) saves(id int64, c posts.Content, to posts.Where) {
	w.T.Helper()
	_, err := w.Posts.Save(w.T.Context(), w.lea, id, "", c, to, posts.When{})
	w.must(err)
}

// What is not for sale any more is taken back from outside, out of circles and of networks, and the words are corrected: the links that were
// shown stay. It comes into no circle that did not have it.
func TestTakenBackWhenNothingIsForSale(t *testing.T) {
	w := open(t)
	id := w.publish(w.bowl(), []string{"mail", "sms"}, w.work, w.garden)
	before := w.codes(id)
	w.must(w.Catalog.MoveProduct(t.Context(), w.shop.Owner, w.shop.Brand, w.shop.Product, catalog.Archived))
	to := where([]string{"mail", "sms"}, w.work, w.garden)
	to.Outside = true
	w.saves(id, w.bowl(), to)
	to.Outside = false
	w.saves(id, w.bowl(), to)
	w.saves(id, posts.Content{Kind: posts.Recommendation, Text: "Il n’y en a plus.", Attach: posts.Product, ProductID: w.shop.Product}, where([]string{"mail"}, w.garden))
	w.reads("Bob", w.home(w.bob), "Il n’y en a plus. | jardin")
	delete(before, "sms")
	if after := w.codes(id); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("links %v, and were %v", after, before)
	}
	for name, to := range map[string]posts.Where{"a circle": where([]string{"mail"}, w.garden, w.family), "a network": where([]string{"mail", "x"}, w.garden)} {
		_, err := w.Posts.Save(t.Context(), w.lea, id, "", w.bowl(), to, posts.When{})
		if f, ok := errors.AsType[*fault.Error](err); !ok || f.Fields["attach"] != "posts.product_gone" {
			t.Errorf("into %s more: %v", name, err)
		}
	}
}

// The links of a post lead to what is attached to it, also where it was changed while the post was not there.
func TestLinksFollowWhatIsAttached(t *testing.T) {
	w := open(t)
	other := w.Shop("mer", 9000, 5)
	id := w.publish(w.bowl(), []string{"mail"}, w.garden, w.work)
	before := w.codes(id)
	c := w.bowl()
	c.ProductID = other.Product
	w.saves(id, c, where([]string{"mail"}, w.garden))
	w.saves(id, c, where([]string{"mail"}, w.garden, w.work))
	after := w.codes(id)
	for at, code := range after {
		if code == before[at] || w.count(`select count(*) from share_links where code = $1 and product_id = $2`, code, other.Product) != 1 {
			t.Errorf("%s: %s, before %s", at, code, before[at])
		}
	}
	c.Attach, c.ProductID = posts.Storefront, 0
	w.saves(id, c, where([]string{"mail"}, w.garden))
	if n := w.count(`select count(*) from share_links where code = $1 and target = 'storefront'`, w.codes(id)["mail"]); n != 1 {
		t.Error("the storefront has no link")
	}
	c.Attach = posts.Nothing
	w.saves(id, c, where([]string{"mail"}, w.garden))
	if after := w.codes(id); after["mail"]+after["jardin"] != "" {
		t.Errorf("links to nothing: %v", after)
	}
	c.Attach, c.ProductID = posts.Product, w.shop.Product
	w.saves(id, c, where([]string{"mail"}, w.garden))
	if after := w.codes(id); after["mail"] != before["mail"] || after["jardin"] != before["jardin"] {
		t.Errorf("links %v, and were %v", after, before)
	}
}

// Who was banned, or left, shows nothing anew to those who follow the circle; what was shown before stays until they take it back.
func TestWhoIsOutShowsNothingAnew(t *testing.T) {
	w := open(t)
	w.follow(w.zed, follows.Circle, "jardin", "")
	c := posts.Content{Kind: posts.Story, Text: "Dedans"}
	in := where(nil, w.garden)
	inside := w.publish(c, nil, w.garden)
	in.Outside, c.Text = true, "Dehors"
	outside := w.publish(c, nil, w.garden)
	w.saves(outside, c, in)
	w.reads("before", w.lines(w.zed, ""), "Dehors | follows jardin")

	poststest.Role(t, w.DB, w.garden.ID, w.lea, groups.None)
	w.saves(inside, posts.Content{Kind: posts.Story, Text: "Dedans"}, in)
	w.saves(outside, c, in)
	w.reads("after she is out", w.lines(w.zed, ""), "Dehors | follows jardin")
	in.Outside = false
	w.saves(outside, c, in)
	w.reads("taken back", w.lines(w.zed, ""))
	in.Outside = true
	w.saves(outside, c, in)
	w.reads("and not shown again", w.lines(w.zed, ""))
	poststest.Role(t, w.DB, w.garden.ID, w.lea, groups.Member)
	w.saves(outside, c, in)
	w.reads("once she is back", w.lines(w.zed, ""), "Dehors | follows jardin")
}

// sound asks the audit about what is shown outside.
func (w *world) sound(when string) {
	w.T.Helper()
	found, err := follows.Check(w.T.Context(), w.DB)
	w.must(err)
	for _, f := range found {
		if f.Count != 0 {
			w.T.Errorf("%s: %s is broken %d times", when, f.Name, f.Count)
		}
	}
}

// Nothing of what is taken back, or was removed or deleted, is marked as shown outside.
func TestNothingStaysShown(t *testing.T) {
	w := open(t)
	c := posts.Content{Kind: posts.Story, Text: "Dehors"}
	both := where(nil, w.garden, w.work)
	both.Outside = true
	for name, take := range map[string]func(id int64){
		"a circle alone":           func(id int64) { w.saves(id, c, posts.Where{Groups: []int64{w.work.ID}, Outside: true}) },
		"a circle and the outside": func(id int64) { w.saves(id, c, where(nil, w.work)) },
		"removed, then the outside": func(id int64) {
			w.must(w.Posts.RemovePost(t.Context(), w.ana, "jardin", id, "Non."))
			w.saves(id, c, where(nil, w.garden, w.work))
		},
		"deleted": func(id int64) { w.must(w.Posts.Delete(t.Context(), w.lea, id)) },
	} {
		id := w.publish(c, nil, w.garden, w.work)
		w.saves(id, c, both)
		if n := w.count(`select count(*) from post_groups where post_id = $1 and shown_by is not null`, id); n != 2 {
			t.Fatalf("%s: shown in %d circles before", name, n)
		}
		take(id)
		if n := w.count(`select count(*) from post_groups where post_id = $1 and group_id = $2 and shown_by is not null`, id, w.garden.ID); n != 0 {
			t.Errorf("%s: it is marked as shown", name)
		}
		w.sound(name)
	}
}

// A circle becomes private while posts come into it and out of it: whichever is first, nothing of it is shown outside.
func TestPrivateWhileAPostIsShown(t *testing.T) {
	w := open(t)
	c := posts.Content{Kind: posts.Story, Text: "Dehors"}
	for i, name := range []string{"a new one", "one that comes back", "one whose time has come"} {
		g := poststest.Circle(t, w.DB, fmt.Sprint("cercle-", i), groups.Personal, groups.Open, w.ana, w.lea)
		to := posts.Where{Groups: []int64{g.ID}, Outside: true}
		at := w.Clock.Now().Add(time.Hour)
		_, err := w.Posts.Save(t.Context(), w.lea, 0, rand.Text(), c, to, posts.When{At: at, Zone: "UTC"})
		w.must(err)
		again := w.publish(c, nil, g)
		w.saves(again, c, to)
		w.saves(again, c, where(nil, w.work))

		tx, err := w.DB.Beginx()
		w.must(err)
		_, err = tx.Exec(`update groups set visibility = 'private' where id = $1`, g.ID)
		w.must(err)
		done := make(chan error, 1)
		go func() {
			var err error
			switch i {
			case 0:
				_, err = w.Posts.Save(t.Context(), w.lea, 0, rand.Text(), c, to, posts.When{Now: true})
			case 1:
				_, err = w.Posts.Save(t.Context(), w.lea, again, "", c, to, posts.When{})
			case 2:
				w.Clock.Set(at)
				err = w.Posts.Sweep(t.Context())
			}
			done <- err
		}()
		for waits := false; !waits && len(done) == 0; {
			w.must(w.DB.Get(&waits, `select exists (select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')`))
		}
		w.must(tx.Commit())
		w.must(<-done)
		w.sound(name)
		if n := w.count(`select count(*) from post_groups where group_id = $1 and published_at is not null and gone_at is null`, g.ID); n != 1 {
			t.Errorf("%s: %d posts came in", name, n)
		}
	}
}
