package changes_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/changes"
	"relais/internal/postgres/pgtest"
	"relais/internal/storefronts/storefronttest"
)

// world is a database with a brand, a product and a member, and a feed over it whose clock is ours.
type world struct {
	t                      *testing.T
	db                     *sqlx.DB
	feed                   *changes.Feed
	now                    time.Time
	made                   int
	alice, bruno, soap     int64
	savonnerie, chandelier int64
}

func open(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, db: pgtest.DB(t), now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	w.alice, w.bruno = storefronttest.Member(t, w.db, "alice"), storefronttest.Member(t, w.db, "bruno")
	w.savonnerie, w.chandelier = storefronttest.Brand(t, w.db, "savonnerie"), storefronttest.Brand(t, w.db, "chandelier")
	w.soap = storefronttest.Product(t, w.db, w.savonnerie, "savon")
	w.feed = changes.NewFeed(w.db, func() time.Time { return w.now }, slog.New(slog.DiscardHandler))
	w.poll()
	return w
}

func (w *world) poll() {
	w.t.Helper()
	if err := w.feed.Poll(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) exec(q sqlx.Execer, query string, args ...any) {
	w.t.Helper()
	if _, err := q.Exec(query, args...); err != nil {
		w.t.Fatalf("%s: %v", query, err)
	}
}

// get is the value of a key of these topics: how many were made so far when it was.
func (w *world) get(c *changes.Cache[int], topics ...string) int {
	w.t.Helper()
	v, err := c.Get("key", func() (int, []string, error) {
		w.made++
		return w.made, topics, nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

func TestEveryChangeOfAPageIsNoted(t *testing.T) {
	w := open(t)
	for _, c := range []struct {
		statement     string
		brand, member bool
	}{
		{`update products set title = title || '!' where id = $1`, true, false},
		{`update variants set stock = stock - 1 where product_id = $1`, true, false},
		{`update variants set price_minor = price_minor + 1 where product_id = $1`, true, false},
		{`insert into variant_prices (variant_id, price_minor, currency, since) select id, 1, 'EUR', now() from variants where product_id = $1`, true, false},
		{`insert into product_translations (product_id, lang, title) values ($1, 'en', 'Soap')`, true, false},
		{`delete from product_translations where product_id = $1`, true, false},
		{`insert into product_photos (product_id, media_id, position) select $1, id, 7 from media`, false, false}, // there is none
		{`update brands set tagline = 'x' where id = (select brand_id from products where id = $1)`, true, false},
		{`update brands set blocked_at = now() where id = (select brand_id from products where id = $1)`, true, false},
		{`insert into terms (brand_id, commission_bps, hold_days, window_days, valid_from) select brand_id, 1000, 14, 30, now() from products where id = $1`, true, false},
		{`insert into delivery_methods (brand_id, name, countries, price_minor, days_min, days_max) select brand_id, 'x', '{FR}', 500, 1, 2 from products where id = $1`, true, false},
		{`insert into listings (member_id, product_id, position) select id, $1, 0 from members where handle = 'alice'`, true, true},
		{`update listings set note = 'x' where product_id = $1`, true, true},
		{`delete from listings where product_id = $1`, true, true},
		{`insert into storefronts (member_id) select id from members where handle = 'alice' and $1 > 0`, false, true},
		{`update members set name = 'Alix' where handle = 'alice' and $1 > 0`, false, true},
		{`update members set blocked_at = now() where handle = 'alice' and $1 > 0`, false, true},
		{`update members set session_version = 2 where handle = 'alice' and $1 > 0`, false, false}, // nobody sees it
		{`insert into share_links (code, member_id, target, created_at) select 'abcdefg', id, 'storefront', now() from members where handle = 'alice' and $1 > 0`, false, false},
		{`update share_links set disabled_at = now() where $1 > 0`, false, true},
		{`insert into fediverse_actors (kind, member_id, public_key, opened_at) select 'storefront', id, 'k', now() from members where handle = 'alice' and $1 > 0`, false, true},
		{`update fediverse_actors set reconciled_at = now() where $1 > 0`, false, false}, // nobody sees it
		{`update fediverse_actors set closed_at = now() where $1 > 0`, false, true},
		{`insert into fediverse_actors (kind, brand_id, public_key, opened_at) select 'brand', brand_id, 'k', now() from products where id = $1`, true, false},
	} {
		ofBrand, ofMember, ofOthers := changes.NewCache[int](w.feed, 8), changes.NewCache[int](w.feed, 8), changes.NewCache[int](w.feed, 8)
		before := []int{w.get(ofBrand, changes.Brand(w.savonnerie)), w.get(ofMember, changes.Member(w.alice)), w.get(ofOthers, changes.Brand(w.chandelier), changes.Member(w.bruno))}
		w.exec(w.db, c.statement, w.soap)
		w.poll()
		after := []int{w.get(ofBrand, changes.Brand(w.savonnerie)), w.get(ofMember, changes.Member(w.alice)), w.get(ofOthers, changes.Brand(w.chandelier), changes.Member(w.bruno))}
		got := []bool{before[0] != after[0], before[1] != after[1], before[2] != after[2]}
		if want := []bool{c.brand, c.member, false}; !slices.Equal(got, want) {
			t.Errorf("%s: brand, member, others are made again: %v, want %v", c.statement, got, want)
		}
	}
}

// A transaction that is given its number first and commits last is missed by whoever reads by number.
func TestWhatCommitsLateIsNoticed(t *testing.T) {
	w := open(t)
	c := changes.NewCache[int](w.feed, 8)
	late := w.db.MustBegin()
	defer late.Rollback()
	w.exec(late, `update brands set tagline = 'late' where id = $1`, w.savonnerie)
	w.exec(w.db, `update brands set tagline = 'early' where id = $1`, w.chandelier)
	w.poll()
	before := w.get(c, changes.Brand(w.savonnerie))
	for range 3 {
		w.poll()
		if w.get(c, changes.Brand(w.savonnerie)) != before {
			t.Error("made again before anything was committed")
		}
	}
	if err := late.Commit(); err != nil {
		t.Fatal(err)
	}
	w.poll()
	if w.get(c, changes.Brand(w.savonnerie)) == before {
		t.Error("what committed late was not noticed")
	}
}

// While a transaction stays open, what committed meanwhile is read again and again, and noticed once.
func TestNoticedOnce(t *testing.T) {
	w := open(t)
	c := changes.NewCache[int](w.feed, 8)
	open := w.db.MustBegin()
	defer open.Rollback()
	w.exec(open, `update brands set tagline = 'x' where id = $1`, w.chandelier)
	w.exec(w.db, `update brands set tagline = 'x' where id = $1`, w.savonnerie)
	w.poll()
	before := w.get(c, changes.Brand(w.savonnerie))
	w.poll()
	if w.get(c, changes.Brand(w.savonnerie)) != before {
		t.Error("one change made it again twice")
	}
}

// What is read before a change and kept after it was noticed would stay wrong.
func TestAChangeWhileAValueIsMade(t *testing.T) {
	w := open(t)
	c := changes.NewCache[string](w.feed, 8)
	tagline := func() (string, []string, error) {
		var line string
		err := w.db.Get(&line, `select tagline from brands where id = $1`, w.savonnerie)
		return line, []string{changes.Brand(w.savonnerie)}, err
	}
	_, err := c.Get("key", func() (string, []string, error) {
		line, topics, err := tagline()
		w.exec(w.db, `update brands set tagline = 'new' where id = $1`, w.savonnerie)
		w.poll()
		return line, topics, err
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := c.Get("key", tagline); err != nil || got != "new" {
		t.Errorf("Get = %q, %v; want the new one", got, err)
	}
}

func TestEverything(t *testing.T) {
	w := open(t)
	c := changes.NewCache[int](w.feed, 8)
	before := w.get(c, changes.Everything)
	if w.poll(); w.get(c, changes.Everything) != before {
		t.Error("made again though nothing changed")
	}
	w.exec(w.db, `update brands set tagline = 'x' where id = $1`, w.chandelier)
	if w.poll(); w.get(c, changes.Everything) == before {
		t.Error("not made again")
	}
}

// Whoever does not hear of changes answers nothing from memory.
func TestSilence(t *testing.T) {
	w := open(t)
	c := changes.NewCache[int](w.feed, 8)
	before := w.get(c, changes.Brand(w.savonnerie))
	w.now = w.now.Add(3 * time.Second)
	if w.get(c, changes.Brand(w.savonnerie)) == before {
		t.Error("answered from memory without word from Postgres")
	}
	w.poll()
	again := w.get(c, changes.Brand(w.savonnerie))
	if w.get(c, changes.Brand(w.savonnerie)) != again {
		t.Error("not kept afterwards")
	}
	for range 40 { // a minute
		w.now = w.now.Add(1500 * time.Millisecond)
		w.poll()
	}
	if w.get(c, changes.Brand(w.savonnerie)) == again {
		t.Error("kept for longer than a minute")
	}
}

func TestErrorsAndNoFeed(t *testing.T) {
	w := open(t)
	c := changes.NewCache[int](w.feed, 8)
	wrong := errors.New("wrong")
	if _, err := c.Get("key", func() (int, []string, error) { return 0, nil, wrong }); !errors.Is(err, wrong) {
		t.Errorf("Get = %v", err)
	}
	if first, second := w.get(c), w.get(c); first != 1 || second != 1 {
		t.Error("an error was kept, or a value was not")
	}
	none := changes.NewCache[int](nil, 8)
	if first, second := w.get(none), w.get(none); first == second {
		t.Error("kept without a feed")
	}
}

// Two instances, many writers and readers: after a poll, no reader is told what was overwritten before it.
func TestTwoInstances(t *testing.T) {
	w := open(t)
	other := changes.NewFeed(w.db, func() time.Time { return w.now }, slog.New(slog.DiscardHandler))
	var writers sync.WaitGroup
	for i := range 4 {
		writers.Go(func() {
			for n := range 25 {
				if _, err := w.db.Exec(`update brands set tagline = $2 where id = $1`, w.savonnerie, fmt.Sprintf("%d %d", i, n)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for _, feed := range []*changes.Feed{w.feed, other} {
		c := changes.NewCache[int](feed, 8)
		stock := func() (int, []string, error) {
			var n int
			err := w.db.Get(&n, `select max(stock) from variants where product_id = $1`, w.soap)
			return n, []string{changes.Brand(w.savonnerie)}, err
		}
		writers.Go(func() {
			for range 50 {
				var want int
				if err := w.db.Get(&want, `update variants set stock = stock + 1 where product_id = $1 returning stock`, w.soap); err != nil {
					t.Error(err)
				}
				if err := feed.Poll(t.Context()); err != nil {
					t.Error(err)
				}
				if got, err := c.Get("key", stock); err != nil || got < want {
					t.Errorf("Get = %d, %v; at least %d was written before", got, err, want)
				}
			}
		})
	}
	writers.Wait()
}

// A visitor who leaves while their form is answered makes nobody's pages anew.
func TestWhoeverLeavesTakesNothingAlong(t *testing.T) {
	w := open(t)
	c := changes.NewCache[int](w.feed, 8)
	before := w.get(c, changes.Brand(w.savonnerie))
	gone, leave := context.WithCancel(t.Context())
	leave()
	if err := w.feed.Poll(gone); err != nil {
		t.Errorf("Poll = %v", err)
	}
	w.poll()
	if w.get(c, changes.Brand(w.savonnerie)) != before {
		t.Error("made again")
	}
}

// Many who ask at once share looks, and each still knows of what was committed before they asked.
func TestLooksAreShared(t *testing.T) {
	w := open(t)
	c := changes.NewCache[int](w.feed, 8)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 20 {
				var want int
				if err := w.db.Get(&want, `update variants set stock = stock + 1 where product_id = $1 returning stock`, w.soap); err != nil {
					t.Error(err)
				}
				if err := w.feed.Poll(t.Context()); err != nil {
					t.Error(err)
				}
				got, err := c.Get("stock", func() (int, []string, error) {
					var n int
					err := w.db.Get(&n, `select max(stock) from variants where product_id = $1`, w.soap)
					return n, []string{changes.Brand(w.savonnerie)}, err
				})
				if err != nil || got < want {
					t.Errorf("Get = %d, %v; at least %d was written before", got, err, want)
				}
			}
		})
	}
	all.Wait()
}
