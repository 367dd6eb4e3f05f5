package shop_test

import (
	"net/http"
	"strings"
	"testing"

	"relais/internal/i18n"
	"relais/internal/web/page"
)

func (w *world) poll() {
	w.t.Helper()
	w.ok(w.feed.Poll(w.t.Context()))
}

// Guests get a page from memory until what it shows changes: then they get the new one, of this page and of no other.
func TestGuestsSharePages(t *testing.T) {
	w := newWorld(t)
	w.poll()
	pages := []string{"/p/" + w.bowl.Slug, "/@camille/p/" + w.bowl.Slug, "/@camille", "/b/atelier-sud", "/", "/products", "/brands"}
	n := 0
	changed := func(change func(), want ...bool) {
		t.Helper()
		n++
		before := make([]string, len(pages))
		for i, p := range pages {
			before[i] = w.get(p).is(http.StatusOK).body
		}
		change()
		for i, p := range pages {
			if w.get(p).body != before[i] {
				t.Errorf("%s changed before anybody heard of it: it does not come from memory", p)
			}
		}
		w.poll()
		for i, p := range pages {
			if got := w.get(p).is(http.StatusOK).body != before[i]; got != want[i] {
				t.Errorf("%s changed: %v, want %v, after %d", p, got, want[i], n)
			}
		}
	}
	changed(func() { w.db.MustExec(`update variants set price_minor = 2600 where product_id = $1`, w.bowl.ID) }, true, true, true, true, false, true, false) // the first page shows its photograph only
	changed(func() { w.db.MustExec(`update members set name = 'Camille D.' where id = $1`, w.camille) }, true, true, true, false, true, false, false)
	changed(func() {
		w.db.MustExec(`update variants set price_minor = price_minor + 1 where product_id = $1`, w.ax.ID)
	}, false, false, false, false, false, true, false)
}

// Each visitor by a share link is given the token of their own click, in every place of a page that all of them share.
func TestGuestsShareAPageAndKeepTheirClicks(t *testing.T) {
	w := newWorld(t)
	w.poll()
	for _, path := range []string{"/@camille/p/" + w.bowl.Slug, "/@camille"} {
		first, second := strings.Repeat("A", 26), strings.Repeat("B", 26)
		a, b := w.get(path+"?c="+first).is(http.StatusOK), w.get(path+"?c="+second).is(http.StatusOK)
		if a.body != strings.ReplaceAll(b.body, second, first) || strings.Count(a.body, first) < 2 {
			t.Errorf("%s: the pages differ by more than the click, or it is not on them", path)
		}
		for _, other := range []string{"", "?c=" + strings.Repeat("a", 26), "?c=" + first + "&x=1", "?c=%22%3E%3Cscript%3E"} {
			w.get(path+other).is(http.StatusOK).lacks(second, "stand-in", `"><script>`)
		}
	}
	if got := w.get("/@camille/p/" + w.bowl.Slug + "?c=" + w.click().Token); got.field("c") == "" {
		t.Error("the click does not go into the basket")
	}
}

// Nobody gets a page that was made for somebody else.
func TestWhoGetsAPageOfTheirOwn(t *testing.T) {
	w := newWorld(t)
	w.poll()
	path := "/p/" + w.bowl.Slug
	guest := w.get(path)
	w.viewer = &page.Viewer{ID: w.camille, Handle: "camille", Name: "Camille", Lang: i18n.FR}
	w.get(path).is(http.StatusOK, "Camille")
	w.viewer = nil
	if w.get(path).body != guest.body {
		t.Error("what a member saw is shown to a guest")
	}
	english := w.buyer("en")
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+path, nil)
	w.ok(err)
	w.do(english, r).is(http.StatusOK, "Add to basket")
	w.add(w.ax, "1")
	w.get(path).is(http.StatusOK, "Panier 1")
	w.client = w.buyer("fr")
	if w.get(path).body != guest.body {
		t.Error("another guest does not get what guests get")
	}
	w.get("/p/nothing").is(http.StatusNotFound)
	w.get("/p/nothing").is(http.StatusNotFound)
}
