package referrals_test

import (
	"context"
	"errors"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/changes"
	"relais/internal/clicks"
	"relais/internal/fault"
	"relais/internal/postgres/pgtest"
	"relais/internal/referrals"
	"relais/internal/storefronts"
	"relais/internal/storefronts/storefronttest"
)

// world is a database with a service, two members, a brand at 10 % for 30 days, and two products.
type world struct {
	db                  *sqlx.DB
	s                   *referrals.Service
	feed                *changes.Feed
	recorder            *clicks.Service
	now, clock          time.Time
	alice, bruno, brand int64
	soap, candle        int64
	terms               int64
}

func open(t testing.TB) *world {
	t.Helper()
	db := pgtest.DB(t)
	w := &world{db: db, now: storefronttest.Start, clock: storefronttest.Start}
	w.s, w.feed = w.instance()
	w.look(t, w.feed)
	var err error
	w.recorder, err = clicks.New(clicks.Config{DB: db, Now: func() time.Time { return w.now }, Clock: func() time.Time { return w.clock }, Secret: []byte(strings.Repeat("s", 32))})
	if err != nil {
		t.Fatal(err)
	}
	w.alice, w.bruno = storefronttest.Member(t, db, "alice"), storefronttest.Member(t, db, "bruno")
	w.brand = storefronttest.Brand(t, db, "savonnerie")
	w.soap, w.candle = storefronttest.Product(t, db, w.brand, "savon"), storefronttest.Product(t, db, w.brand, "bougie")
	w.terms = storefronttest.Terms(t, db, w.brand, 0, 1000, 30, w.now.AddDate(0, -6, 0))
	return w
}

// instance is another process over the same database.
func (w *world) instance() (*referrals.Service, *changes.Feed) {
	clock := func() time.Time { return w.clock }
	feed := changes.NewFeed(w.db, clock, slog.New(slog.DiscardHandler))
	return referrals.New(referrals.Config{DB: w.db, Now: func() time.Time { return w.now }, Clock: clock, Changes: feed}), feed
}

// look has instances know what changed.
func (w *world) look(t testing.TB, feeds ...*changes.Feed) {
	t.Helper()
	for _, f := range feeds {
		if err := f.Poll(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
}

func (w *world) link(t testing.TB, member int64, sh referrals.Share) referrals.Link {
	t.Helper()
	l, err := w.s.Create(context.Background(), member, sh)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (w *world) count(t testing.TB, query string, args ...any) (n int) {
	t.Helper()
	if err := w.db.Get(&n, query, args...); err != nil {
		t.Fatal(err)
	}
	return n
}

func product(id int64) referrals.Share {
	return referrals.Share{Target: referrals.ToProduct, ProductID: id}
}

func TestCreate(t *testing.T) {
	ctx := context.Background()
	w := open(t)
	first := w.link(t, w.alice, product(w.soap))
	if !regexp.MustCompile(`^[0-9A-Za-z]{8}$`).MatchString(first.Code) {
		t.Errorf("code %q", first.Code)
	}
	if again := w.link(t, w.alice, product(w.soap)); again != first {
		t.Errorf("the same again = %+v; want %+v", again, first)
	}
	if listed, err := storefronts.Listed(ctx, w.db, w.alice, w.soap); err != nil || !listed {
		t.Errorf("shared product is listed: %v, %v", listed, err)
	}
	codes := []string{first.Code}
	for _, sh := range []referrals.Share{
		product(w.candle),
		{Target: referrals.ToProduct, ProductID: w.soap, Channel: "whatsapp"},
		{Target: referrals.ToProduct, ProductID: w.soap, Circle: "Club de lecture"},
		{Target: referrals.ToBrand, BrandID: w.brand},
		{Target: referrals.ToStorefront},
	} {
		codes = append(codes, w.link(t, w.alice, sh).Code)
	}
	codes = append(codes, w.link(t, w.bruno, product(w.soap)).Code)
	slices.Sort(codes)
	if len(slices.Compact(codes)) != 7 {
		t.Errorf("codes are not all different: %v", codes)
	}
	spaced := w.link(t, w.alice, referrals.Share{Target: referrals.ToProduct, ProductID: w.soap, Circle: "  Club   de lecture "})
	if spaced.Circle != "Club de lecture" || w.count(t, `select count(*) from share_links`) != 7 {
		t.Errorf("circle %q makes another link", spaced.Circle)
	}
}

func TestCreateRefuses(t *testing.T) {
	ctx := context.Background()
	w := open(t)
	w.db.MustExec(`update products set state = 'draft' where id = $1`, w.candle)
	for _, tt := range []struct {
		name string
		sh   referrals.Share
		want error
	}{
		{"draft", product(w.candle), fault.NotFound},
		{"no such product", product(999_999), fault.NotFound},
		{"no such brand", referrals.Share{Target: referrals.ToBrand, BrandID: 999_999}, fault.NotFound},
		{"no target", referrals.Share{}, fault.NotFound},
		{"two targets", referrals.Share{Target: referrals.ToProduct, ProductID: w.soap, BrandID: w.brand}, fault.NotFound},
		{"channel", referrals.Share{Target: referrals.ToStorefront, Channel: "pigeon"}, fault.Invalid},
		{"long circle", referrals.Share{Target: referrals.ToStorefront, Circle: strings.Repeat("é", 81)}, fault.Invalid},
		{"unreadable circle", referrals.Share{Target: referrals.ToStorefront, Circle: "a\x00b"}, fault.Invalid},
	} {
		if _, err := w.s.Create(ctx, w.alice, tt.sh); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v; want %v", tt.name, err, tt.want)
		}
	}
	if n := w.count(t, `select (select count(*) from share_links) + (select count(*) from listings)`); n != 0 {
		t.Errorf("%d rows are left of what was refused", n)
	}
}

func TestManyLinks(t *testing.T) {
	w := open(t)
	l := w.link(t, w.alice, product(w.soap))
	w.db.MustExec(`insert into share_links (code, member_id, target, circle, created_at)
		select 'full' || lpad(n::text, 4, '0'), $1, 'storefront', 'Circle ' || n, now() from generate_series(2, $2) n`, w.alice, referrals.MaxLinks)
	if _, err := w.s.Create(context.Background(), w.alice, product(w.candle)); !errors.Is(err, referrals.ErrManyLinks) {
		t.Errorf("one link more = %v", err)
	}
	if again := w.link(t, w.alice, product(w.soap)); again != l {
		t.Errorf("the same again = %+v", again)
	}
}

func TestCreateAtOnce(t *testing.T) {
	w := open(t)
	codes := make([]string, 12)
	var wg sync.WaitGroup
	for i := range codes {
		wg.Go(func() {
			l, err := w.s.Create(context.Background(), w.alice, product(w.soap))
			if err != nil {
				t.Error(err)
			}
			codes[i] = l.Code
		})
	}
	wg.Wait()
	if len(slices.Compact(codes)) != 1 || w.count(t, `select count(*) from share_links`) != 1 {
		t.Errorf("codes = %v", codes)
	}
}

func TestByCode(t *testing.T) {
	ctx := context.Background()
	w := open(t)
	made := w.link(t, w.alice, product(w.soap))
	for range 2 {
		if got, err := w.s.ByCode(ctx, made.Code); err != nil || got != made {
			t.Errorf("ByCode = %+v, %v; want %+v", got, err, made)
		}
	}
	for _, code := range []string{"", "abc", "zzzzzzzz", "../../etc", strings.Repeat("a", 13), "abcdefg\x00"} {
		if _, err := w.s.ByCode(ctx, code); !errors.Is(err, referrals.ErrNoLink) {
			t.Errorf("ByCode(%q) = %v", code, err)
		}
	}
	// Switched off elsewhere, it is answered from memory until this instance looks at what changed.
	w.db.MustExec(`update share_links set disabled_at = now()`)
	if l, _ := w.s.ByCode(ctx, made.Code); l.Disabled {
		t.Error("not remembered")
	}
	w.look(t, w.feed)
	if l, _ := w.s.ByCode(ctx, made.Code); !l.Disabled {
		t.Error("answered from memory after a look")
	}
	// Shared again, it is on again, here at once.
	if l := w.link(t, w.alice, product(w.soap)); l.Disabled || l.Code != made.Code {
		t.Errorf("shared again: %+v", l)
	}
	if l, _ := w.s.ByCode(ctx, made.Code); l.Disabled {
		t.Error("off in memory after it was switched on")
	}
}

func TestSwitch(t *testing.T) {
	ctx := context.Background()
	w := open(t)
	l := w.link(t, w.alice, product(w.soap))
	if _, err := w.s.ByCode(ctx, l.Code); err != nil {
		t.Fatal(err)
	}
	if err := w.s.Switch(ctx, w.bruno, l.Code, false); !errors.Is(err, referrals.ErrNoLink) {
		t.Errorf("somebody else's link: %v", err)
	}
	if err := w.s.Switch(ctx, w.alice, l.Code, false); err != nil {
		t.Fatal(err)
	}
	if got, _ := w.s.ByCode(ctx, l.Code); !got.Disabled {
		t.Error("on after it was switched off here")
	}
	if _, err := w.s.Own(ctx, w.bruno, l.Code); !errors.Is(err, referrals.ErrNoLink) {
		t.Errorf("Own of somebody else's = %v", err)
	}
	if err := w.s.Switch(ctx, w.alice, l.Code, true); err != nil {
		t.Fatal(err)
	}
	if got, err := w.s.Own(ctx, w.alice, l.Code); err != nil || got.Disabled {
		t.Errorf("Own = %+v, %v", got, err)
	}
	w.db.MustExec(`update members set blocked_at = now() where id = $1`, w.alice)
	w.look(t, w.feed)
	if got, _ := w.s.ByCode(ctx, l.Code); !got.Disabled {
		t.Error("the link of a blocked member is on")
	}
}

func TestLanding(t *testing.T) {
	p := referrals.Link{Handle: "alice", Target: referrals.ToProduct, ProductSlug: "savon", ForSale: true, Listed: true}
	b := referrals.Link{Handle: "alice", Target: referrals.ToBrand, BrandHandle: "savonnerie", ForSale: true}
	s := referrals.Link{Handle: "alice", Target: referrals.ToStorefront, ForSale: true}
	hidden := p
	hidden.Listed = false
	with := func(l referrals.Link, off, sold bool) referrals.Link {
		l.Disabled, l.ForSale = off, !sold
		return l
	}
	for want, got := range map[string]string{
		"/@alice/p/savon?c=T":   p.Landing("T"),
		"/@alice/p/savon":       p.Landing(""),
		"/@alice?c=T":           with(p, false, true).Landing("T"),
		"/p/savon":              with(p, true, false).Landing("T"),
		"/p/savon?c=T":          hidden.Landing("T"),
		"/":                     with(p, true, true).Landing("T"),
		"/b/savonnerie?c=T":     b.Landing("T"),
		"/b/savonnerie":         with(b, true, false).Landing("T"),
		"/@alice":               s.Landing(""),
		"/@alice?c=a%26b%3D%2F": s.Landing("a&b=/"),
	} {
		if got != want {
			t.Errorf("Landing = %s; want %s", got, want)
		}
	}
}

func TestRecommender(t *testing.T) {
	ctx := context.Background()
	w := open(t)
	c := w.click(t, clicks.Visit{LinkID: w.link(t, w.alice, product(w.soap)).ID, Address: "192.0.2.1", UserAgent: phone})
	for token, want := range map[string]string{c.Token: "Alice", "": "", "unknown": "", strings.Repeat("x", 65): ""} {
		if name, err := referrals.Recommender(ctx, w.db, token, w.now); err != nil || name != want {
			t.Errorf("Recommender(%.10q) = %q, %v; want %q", token, name, err, want)
		}
	}
}
