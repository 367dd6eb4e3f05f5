package storefronts_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"relais/internal/fault"
	"relais/internal/storefronts"
	"relais/internal/storefronts/storefronttest"
)

// owned is a shop with two members and two products by their names here.
type owned struct {
	shop
	lea, other, bowl, cup int64
}

func own(t *testing.T) owned {
	t.Helper()
	sh := open(t)
	return owned{shop: sh, lea: sh.alice, other: storefronttest.Member(t, sh.db, "bruno"), bowl: sh.products[0], cup: sh.products[1]}
}

func (o owned) now() time.Time { return start }

func field(err error) string {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return ""
	}
	for name := range f.Fields {
		return name
	}
	return ""
}

// Days off are days of the calendar in Paris, both included.
func TestAway(t *testing.T) {
	day := func(s string) *time.Time {
		d, err := time.Parse(time.DateOnly, s)
		if err != nil {
			t.Fatal(err)
		}
		d = d.Add(12 * time.Hour)
		return &d
	}
	f := storefronts.Storefront{AwayFrom: day("2026-07-10"), AwayUntil: day("2026-07-12")}
	for at, want := range map[string]bool{
		"2026-07-09T21:59:59Z": false, "2026-07-09T22:00:00Z": true, // midnight in Paris
		"2026-07-12T21:59:59Z": true, "2026-07-12T22:00:00Z": false,
	} {
		now, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.Away(now); got != want {
			t.Errorf("%s: away %v", at, got)
		}
	}
	now, _ := time.Parse(time.RFC3339, "2026-07-01T10:00:00Z")
	if !f.AwaySoon(now) || (storefronts.Storefront{}).Away(now) {
		t.Error("days off to come, or none, are not what they are")
	}
}

func TestLook(t *testing.T) {
	w := own(t)
	ctx := t.Context()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ok(w.s.Choose(ctx, w.lea, "garden"))
	if err := w.s.Choose(ctx, w.lea, "neon"); field(err) != "theme" {
		t.Errorf("a theme that is none: %v", err)
	}
	if err := w.s.Pin(ctx, w.lea, w.bowl); !errors.Is(err, storefronts.ErrProduct) {
		t.Errorf("pins what is not listed: %v", err)
	}
	_, err := w.s.AddListing(ctx, w.lea, w.bowl)
	ok(err)
	ok(w.s.Pin(ctx, w.lea, w.bowl))
	head := func() storefronts.Storefront {
		t.Helper()
		f, err := storefronts.ByMember(ctx, w.db, w.lea)
		ok(err)
		return f
	}
	if f := head(); f.Theme != "garden" || f.PinnedID == nil || *f.PinnedID != w.bowl {
		t.Errorf("%+v", f)
	}
	ok(w.s.RemoveListing(ctx, w.lea, w.bowl)) // and with it, what was pinned
	if f := head(); f.PinnedID != nil {
		t.Errorf("%+v", f)
	}
	for name, days := range map[string][2]string{"from": {"soon", "2031-01-02"}, "until": {"2031-01-02", ""}} {
		if err := w.s.Leave(ctx, w.lea, days[0], days[1], ""); field(err) != name {
			t.Errorf("%v: %v", days, err)
		}
	}
	today := w.now().Format(time.DateOnly)
	for name, days := range map[string][2]string{"order": {"2031-01-03", "2031-01-02"}, "past": {"2020-01-01", "2020-01-02"}, "long": {today, "2099-01-01"}} {
		if err := w.s.Leave(ctx, w.lea, days[0], days[1], ""); field(err) != "until" {
			t.Errorf("%s: %v", name, err)
		}
	}
	ok(w.s.Leave(ctx, w.lea, today, today, "À demain."))
	if err := storefronts.Open(ctx, w.db, w.lea, w.now()); !errors.Is(err, storefronts.ErrAway) {
		t.Errorf("open on its day off: %v", err)
	}
	ok(w.s.Return(ctx, w.lea))
	ok(storefronts.Open(ctx, w.db, w.lea, w.now()))
	ok(storefronts.Open(ctx, w.db, 1<<40, w.now())) // whose storefront nobody knows has no days off
}

func TestLinks(t *testing.T) {
	w := own(t)
	ctx := t.Context()
	for _, bad := range []string{"", "http://a.example", "https://", "https://localhost/x", "javascript:alert(1)", "https://me:pw@a.example", "https://a.example:8443/", "https://a.example/é",
		"https://a.example/ x", "//a.example", "https:a.example", "https://a.example/" + strings.Repeat("x", 300)} {
		if err := w.s.AddLink(ctx, w.lea, "Ailleurs", bad); field(err) != "url" {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if err := w.s.AddLink(ctx, w.lea, " ", "https://a.example"); field(err) != "label" {
		t.Errorf("no label: %v", err)
	}
	for i := range storefronts.MaxLinks {
		if err := w.s.AddLink(ctx, w.lea, fmt.Sprint("L", i), "https://www.a.example/?q=1"); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.s.AddLink(ctx, w.lea, "Un de trop", "https://a.example"); !errors.Is(err, storefronts.ErrLinksFull) {
		t.Errorf("one too many: %v", err)
	}
	list, err := storefronts.Links(ctx, w.db, w.lea)
	if err != nil || list[0].Host() != "a.example" {
		t.Fatalf("%+v, %v", list, err)
	}
	if err := w.s.MoveLink(ctx, w.lea, list[2].ID, 0); err != nil {
		t.Fatal(err)
	}
	if err := w.s.MoveLink(ctx, w.other, list[2].ID, 0); !errors.Is(err, storefronts.ErrNoLink) {
		t.Errorf("somebody else's link moves: %v", err)
	}
	if err := w.s.RemoveLink(ctx, w.other, list[1].ID); err != nil {
		t.Fatal(err)
	}
	if list, err = storefronts.Links(ctx, w.db, w.lea); err != nil || len(list) != storefronts.MaxLinks || list[0].Label != "L2" || list[1].Label != "L0" {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestCollections(t *testing.T) {
	w := own(t)
	ctx := t.Context()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := w.s.AddListing(ctx, w.lea, w.bowl)
	ok(err)
	first, err := w.s.AddCollection(ctx, w.lea, "Cuisine", "")
	ok(err)
	second, err := w.s.AddCollection(ctx, w.lea, "Salon", "Pour le soir.")
	ok(err)
	foreign, err := w.s.AddCollection(ctx, w.other, "À moi", "")
	ok(err)
	for name, err := range map[string]error{"into somebody else's": w.s.Shelve(ctx, w.lea, w.bowl, foreign), "move": w.s.MoveCollection(ctx, w.lea, foreign, 0), "edit": w.s.EditCollection(ctx, w.lea, foreign, "X", "")} {
		if !errors.Is(err, storefronts.ErrCollection) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := w.s.Shelve(ctx, w.lea, w.cup, first); !errors.Is(err, storefronts.ErrProduct) {
		t.Errorf("what is not listed: %v", err)
	}
	ok(w.s.Shelve(ctx, w.lea, w.bowl, first))
	ok(w.s.Shelve(ctx, w.lea, w.bowl, second)) // one at a time
	ok(w.s.MoveCollection(ctx, w.lea, second, 0))
	list, err := storefronts.Collections(ctx, w.db, w.lea)
	ok(err)
	in, err := storefronts.Shelves(ctx, w.db, w.lea)
	ok(err)
	if len(list) != 2 || list[0].ID != second || in[w.bowl] != second {
		t.Errorf("%+v, %v", list, in)
	}
	ok(w.s.RemoveCollection(ctx, w.lea, foreign)) // not theirs: nothing happens
	ok(w.s.RemoveCollection(ctx, w.lea, second))
	if in, err = storefronts.Shelves(ctx, w.db, w.lea); err != nil || len(in) != 0 {
		t.Errorf("%v, %v", in, err)
	}
	if listed, err := storefronts.Listed(ctx, w.db, w.lea, w.bowl); err != nil || !listed {
		t.Errorf("the listing went with its collection: %v", err)
	}
	for i := range storefronts.MaxCollections - 1 {
		_, err := w.s.AddCollection(ctx, w.lea, fmt.Sprint("C", i), "")
		ok(err)
	}
	if _, err := w.s.AddCollection(ctx, w.lea, "Une de trop", ""); !errors.Is(err, storefronts.ErrCollectionsFull) {
		t.Errorf("one too many: %v", err)
	}
}
