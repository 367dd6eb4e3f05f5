package feed_test

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"relais/internal/groups"
	"relais/internal/posts"
	"relais/internal/posts/poststest"
)

// A member follows a storefront, a brand and an open circle by the buttons, reads in the feed what is new with why it is there and what is an
// advertisement, moves one to the other sphere, and stops.
func TestFollowAndRead(t *testing.T) {
	w := open(t)
	lea, zoe := w.Member("lea"), w.Member("zoe")
	shop := w.Shop("terre", 12000, 50)
	garden := poststest.Circle(t, w.DB, "jardin", groups.Personal, groups.Open, zoe)
	if rw := w.ask(lea, "/feed", nil); !strings.Contains(rw.Body.String(), "dans aucun cercle") {
		t.Error("the empty feed does not say what to do")
	}
	for kind, handle := range map[string]string{"member": "zoe", "brand": "terre", "circle": "jardin"} {
		rw := w.ask(lea, "/follow", url.Values{"kind": {kind}, "handle": {handle}})
		if want := map[string]string{"member": "/@zoe", "brand": "/b/terre", "circle": "/g/jardin"}[kind]; rw.Code != http.StatusSeeOther || rw.Header().Get("Location") != want {
			t.Errorf("follow a %s: %d %s", kind, rw.Code, rw.Header().Get("Location"))
		}
	}
	w.DB.MustExec(`update products set published_at = $1`, w.Clock.Now())
	if _, err := w.Storefronts.AddListing(t.Context(), zoe, shop.Product); err != nil {
		t.Fatal(err)
	}
	w.must(w.Storefronts.Note(t.Context(), zoe, shop.Product, "Je m’en sers tous les matins."))
	long := strings.Repeat("Un long récit. ", 60) + "La fin."
	for text, outside := range map[string]bool{"Pour le cercle.": false, long: true} {
		_, err := w.Posts.Save(t.Context(), zoe, 0, rand.Text(), posts.Content{Kind: posts.Story, Text: text}, posts.Where{Groups: []int64{garden.ID}, Outside: outside}, posts.When{Now: true})
		w.must(err)
	}
	body := w.ask(lea, "/feed", nil).Body.String()
	for _, want := range []string{"Vous suivez zoe", "Vous suivez Maison terre", "Vous suivez Cercle jardin", "Nouveau dans sa vitrine", "Nouveau produit", "Je m’en sers tous les matins.", "/@zoe/p/", "vend ce produit et le présente", "La fin.", "Vous avez tout vu."} {
		if !strings.Contains(strings.ToLower(body), strings.ToLower(want)) {
			t.Errorf("the feed does not say %q", want)
		}
	}
	if n := strings.Count(body, `class="ad-label"`); n != 2 {
		t.Errorf("%d labels of advertisements", n)
	}
	for _, never := range []string{"Pour le cercle.", `/reaction"`, "/g/jardin/p/"} {
		if strings.Contains(body, never) {
			t.Errorf("a follower reads %q", never)
		}
	}
	if body := w.ask(lea, "/feed?sphere=professional", nil).Body.String(); strings.Contains(body, "<article") {
		t.Error("the feed of the other sphere has something")
	}
	w.ask(lea, "/follow", url.Values{"kind": {"brand"}, "handle": {"terre"}, "sphere": {"professional"}, "next": {"/me/follows"}})
	if body := w.ask(lea, "/me/follows?sphere=professional", nil).Body.String(); !strings.Contains(body, "/b/terre") || strings.Contains(body, "/@zoe") {
		t.Error("the list of one sphere is of another")
	}
	for kind, handle := range map[string]string{"member": "zoe", "brand": "terre", "circle": "jardin"} {
		if rw := w.ask(lea, "/unfollow", url.Values{"kind": {kind}, "handle": {handle}, "next": {"https://elsewhere.example/"}}); rw.Header().Get("Location") != "/me/follows" {
			t.Errorf("unfollow leads to %s", rw.Header().Get("Location"))
		}
	}
	if body := w.ask(lea, "/feed", nil).Body.String(); strings.Contains(body, "<article") {
		t.Error("something is left in the feed")
	}
}

// What cannot be followed is refused in words, whatever the form says.
func TestFollowRefusals(t *testing.T) {
	w := open(t)
	lea, zoe := w.Member("lea"), w.Member("zoe")
	poststest.Circle(t, w.DB, "secret", groups.Personal, groups.Private, zoe)
	for name, c := range map[string]struct {
		form url.Values
		code int
	}{
		"oneself":          {url.Values{"kind": {"member"}, "handle": {"lea"}}, http.StatusConflict},
		"nobody":           {url.Values{"kind": {"member"}, "handle": {"personne"}}, http.StatusNotFound},
		"nothing":          {url.Values{}, http.StatusNotFound},
		"a private circle": {url.Values{"kind": {"circle"}, "handle": {"secret"}}, http.StatusNotFound},
		"no sphere":        {url.Values{"kind": {"member"}, "handle": {"zoe"}, "sphere": {"both"}}, http.StatusUnprocessableEntity},
	} {
		if rw := w.ask(lea, "/follow", c.form); rw.Code != c.code || strings.Contains(rw.Body.String(), "follow.") {
			t.Errorf("%s: %d\n%s", name, rw.Code, rw.Body)
		}
	}
}

// The form of a post keeps the choice to show it outside, also through a refusal.
func TestShowOutsideIsKept(t *testing.T) {
	w := open(t)
	lea := w.Member("lea")
	g := poststest.Circle(t, w.DB, "jardin", groups.Personal, groups.Open, lea)
	const ticked = `name="outside" value="yes" checked`
	if body := w.ask(lea, "/me/posts/new", nil).Body.String(); strings.Contains(body, ticked) || !strings.Contains(body, `name="outside"`) {
		t.Error("the new form is not as it should be")
	}
	form := url.Values{"kind": {"story"}, "text": {""}, "group": {strconv.FormatInt(g.ID, 10)}, "outside": {"yes"}, "do": {"publish"}, "operation": {rand.Text()}}
	if rw := w.ask(lea, "/me/posts", form); rw.Code != http.StatusUnprocessableEntity || !strings.Contains(rw.Body.String(), ticked) {
		t.Errorf("%d: the choice is lost", rw.Code)
	}
	form.Set("text", "Bonjour")
	rw := w.ask(lea, "/me/posts", form)
	if body := w.ask(lea, rw.Header().Get("Location")+"/edit", nil).Body.String(); !strings.Contains(body, ticked) {
		t.Error("the choice is not shown")
	}
}

// Who follows and stops in a loop is asked to wait; others are not, and with time it goes on.
func TestFollowPace(t *testing.T) {
	w := open(t)
	lea, zoe := w.Member("lea"), w.Member("zoe")
	w.Shop("terre", 12000, 50)
	form := url.Values{"kind": {"brand"}, "handle": {"terre"}}
	refused := 0
	for range 30 {
		for _, path := range []string{"/follow", "/unfollow"} {
			if rw := w.ask(lea, path, form); rw.Code == http.StatusTooManyRequests && rw.Header().Get("Retry-After") != "" {
				refused++
			}
		}
	}
	if refused != 20 {
		t.Errorf("%d of 60 at once were refused", refused)
	}
	if rw := w.ask(zoe, "/follow", form); rw.Code != http.StatusSeeOther {
		t.Errorf("somebody else: %d", rw.Code)
	}
	w.Clock.Set(w.Clock.Now().Add(time.Minute))
	if rw := w.ask(lea, "/follow", form); rw.Code != http.StatusSeeOther {
		t.Errorf("a minute later: %d", rw.Code)
	}
}

// A member takes along what they follow, and erases it; a guest is asked who they are.
func TestFollowsAreHandedOutAndErased(t *testing.T) {
	w := open(t)
	lea := w.Member("lea")
	w.Shop("terre", 12000, 50)
	w.ask(lea, "/follow", url.Values{"kind": {"brand"}, "handle": {"terre"}})
	body := w.ask(lea, "/me/follows", nil).Body.String()
	for _, want := range []string{`href="/me/follows/export"`, `action="/me/follows/erase"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	rw := w.ask(lea, "/me/follows/export", nil)
	if body := rw.Body.String(); rw.Code != http.StatusOK || !strings.Contains(rw.Header().Get("Content-Disposition"), "attachment") || !strings.Contains(body, `"path": "/b/terre"`) || !strings.Contains(body, `"sphere": "personal"`) {
		t.Errorf("%d %s\n%s", rw.Code, rw.Header(), body)
	}
	if rw := w.ask(lea, "/me/follows/erase", url.Values{}); rw.Code != http.StatusSeeOther || rw.Header().Get("Location") != "/me/follows" {
		t.Errorf("erase: %d %s", rw.Code, rw.Header().Get("Location"))
	}
	if body := w.ask(lea, "/me/follows", nil).Body.String(); strings.Contains(body, "/b/terre") {
		t.Error("it is followed still")
	}
	if rw := w.ask(0, "/me/follows/export", nil); rw.Code == http.StatusOK {
		t.Errorf("a guest gets %d", rw.Code)
	}
}

// Who reads a post outside reports it from the feed, with a reason; whom it does not reach finds nothing there.
func TestReportOutside(t *testing.T) {
	w := open(t)
	lea, zoe, max := w.Member("lea"), w.Member("zoe"), w.Member("max")
	garden := poststest.Circle(t, w.DB, "jardin", groups.Personal, groups.Open, max, zoe)
	id, err := w.Posts.Save(t.Context(), zoe, 0, rand.Text(), posts.Content{Kind: posts.Story, Text: "Au jardin."}, posts.Where{Groups: []int64{garden.ID}, Outside: true}, posts.When{Now: true})
	w.must(err)
	at := "/feed/posts/" + strconv.FormatInt(id, 10) + "/report"
	form := url.Values{"reason": {"insult"}, "text": {"Lisez la fin."}}
	for who, member := range map[string]int64{"a stranger": lea, "who is inside": max, "its author": zoe} {
		if get, post := w.ask(member, at, nil), w.ask(member, at, form); get.Code != http.StatusNotFound || post.Code != http.StatusNotFound || strings.Contains(get.Body.String(), "Au jardin.") {
			t.Errorf("%s: %d, %d", who, get.Code, post.Code)
		}
	}
	w.ask(lea, "/follow", url.Values{"kind": {"member"}, "handle": {"zoe"}})
	if body := w.ask(lea, "/feed", nil).Body.String(); !strings.Contains(body, `href="`+at+`"`) {
		t.Error("the feed does not lead to the report")
	}
	if body := w.ask(max, "/feed", nil).Body.String(); strings.Contains(body, at) {
		t.Error("who is inside is led outside")
	}
	page := w.ask(lea, at, nil).Body.String()
	if !strings.Contains(page, "Au jardin.") || !strings.Contains(page, "et Relais") || strings.Contains(page, garden.Name) || strings.Contains(page, "/g/") {
		t.Errorf("the page of the report:\n%s", page)
	}
	if rw := w.ask(lea, at, url.Values{"text": {"Lisez la fin."}}); rw.Code != http.StatusUnprocessableEntity || !strings.Contains(rw.Body.String(), "Lisez la fin.") {
		t.Errorf("without a reason: %d", rw.Code)
	}
	if rw := w.ask(lea, at, form); rw.Header().Get("Location") != "/feed" {
		t.Errorf("%d %s", rw.Code, rw.Header().Get("Location"))
	}
	var n int
	w.must(w.DB.Get(&n, `select count(*) from group_reports where reporter = $1 and reason = 'insult' and outside`, lea))
	if n != 2 { // the circle and the platform
		t.Errorf("%d reports", n)
	}
}
