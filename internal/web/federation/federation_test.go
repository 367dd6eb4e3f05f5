package federation_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"relais/internal/app/apptest"
	"relais/internal/catalog"
	"relais/internal/fediverse"
	"relais/internal/i18n"
	"relais/internal/storefronts/storefronttest"
	"relais/internal/stories"
	"relais/internal/web/federation"
	"relais/internal/web/page"
	"relais/static"
	"relais/templates"
)

// world is the pages over all of Relais: a member, a brand with an owner and staff, and an admin.
type world struct {
	*apptest.World
	echo                            *echo.Echo
	lea, owner, staff, other, admin int64
}

func open(t *testing.T) *world {
	t.Helper()
	w := &world{World: apptest.New(t)}
	site, err := page.New(page.Options{Templates: templates.FS, Static: static.FS, BaseURL: w.URL, Now: w.Clock.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	w.echo = echo.New()
	if err := site.Use(w.echo); err != nil {
		t.Fatal(err)
	}
	w.echo.Use(w.identify)
	federation.New(federation.Options{DB: w.DB, Site: site, Fediverse: w.Fediverse, Media: w.Media, Now: w.Clock.Now, BaseURL: w.URL, Log: slog.New(slog.DiscardHandler)}).Routes(w.echo)
	brand := storefronttest.Brand(t, w.DB, "savonnerie")
	w.lea, w.owner, w.staff, w.other, w.admin = w.Member("lea"), w.Member("owner"), w.Member("staff"), w.Member("other"), w.Member("admin")
	w.DB.MustExec(`insert into brand_members (brand_id, member_id, role) values ($1, $2, 'owner'), ($1, $3, 'staff')`, brand, w.owner, w.staff)
	soap := storefronttest.Product(t, w.DB, brand, "savon")
	if _, err := w.Storefronts.AddListing(t.Context(), w.lea, soap); err != nil {
		t.Fatal(err)
	}
	if err := w.Storefronts.Note(t.Context(), w.lea, soap, "Il mousse."); err != nil {
		t.Fatal(err)
	}
	return w
}

// identify takes the word of the request for who is signed in.
func (w *world) identify(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		id, err := strconv.ParseInt(c.Request().Header.Get("X-Test-Member"), 10, 64)
		if err != nil {
			return next(c)
		}
		v := &page.Viewer{ID: id, Handle: "lea", Name: "Somebody", Lang: i18n.FR, Confirmed: true, Admin: id == w.admin}
		seats, err := catalog.Seats(c.Request().Context(), w.DB, id)
		if err != nil {
			return err
		}
		for _, s := range seats {
			v.Brands = append(v.Brands, page.BrandRef{ID: s.BrandID, Handle: s.Handle, Name: s.Name, Role: string(s.Role)})
		}
		page.SetViewer(c, v)
		return next(c)
	}
}

// shows asks as a member (0: a guest; form nil: GET) and fails where the answer has another status or not all of the words; one with a !
// before it must not appear.
func (w *world) shows(member int64, target string, form url.Values, status int, words ...string) {
	w.T.Helper()
	method := http.MethodGet
	if form != nil {
		method = http.MethodPost
	}
	r := httptest.NewRequestWithContext(w.T.Context(), method, target, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Accept-Language", "fr")
	if member != 0 {
		r.Header.Set("X-Test-Member", strconv.FormatInt(member, 10))
	}
	rw := httptest.NewRecorder()
	w.echo.ServeHTTP(rw, r)
	if rw.Code != status {
		w.T.Errorf("%s %s: status %d to %q; want %d\n%.900s", method, target, rw.Code, rw.Header().Get("Location"), status, rw.Body)
	}
	for _, word := range words {
		if word, absent := strings.CutPrefix(word, "!"); absent == strings.Contains(rw.Body.String(), word) {
			w.T.Errorf("%s %s: %q appears %v; want %v", method, target, word, absent, !absent)
		}
	}
}

func TestOpeningIsTheOwners(t *testing.T) {
	w := open(t)
	yes, no := url.Values{"open": {"yes"}}, url.Values{"open": {"no"}}
	w.shows(0, "/me/storefront/followers", nil, http.StatusSeeOther)
	w.shows(w.lea, "/me/storefront/followers", nil, http.StatusOK, "Ce qui devient public", "Ouvrir à l’extérieur", "!feed.atom")
	w.shows(w.lea, "/me/storefront/followers", url.Values{"open": {"maybe"}}, http.StatusUnprocessableEntity)
	w.shows(w.lea, "/me/storefront/followers", yes, http.StatusSeeOther)
	w.shows(w.lea, "/me/storefront/followers", yes, http.StatusSeeOther)
	w.shows(w.lea, "/me/storefront/followers", nil, http.StatusOK, "/@lea/feed.atom", "Produit savon", "Fermer", "!Ouvrir à l’extérieur")
	w.shows(w.lea, "/me/storefront/followers", no, http.StatusSeeOther)
	w.shows(w.lea, "/me/storefront/followers", nil, http.StatusOK, "Ouvrir à l’extérieur")
	for _, form := range []url.Values{nil, yes, no} {
		w.shows(w.other, "/brand/savonnerie/followers", form, http.StatusNotFound)
	}
	w.shows(w.staff, "/brand/savonnerie/followers", nil, http.StatusOK, "Seules les personnes propriétaires", "!Ouvrir à l’extérieur")
	w.shows(w.staff, "/brand/savonnerie/followers", yes, http.StatusForbidden)
	w.shows(w.owner, "/brand/savonnerie/followers", yes, http.StatusSeeOther)
	w.shows(w.staff, "/brand/savonnerie/followers", nil, http.StatusOK, "b.savonnerie@", "!Fermer</button>")
	w.shows(w.owner, "/brand/savonnerie/followers", no, http.StatusSeeOther)
}

// fill puts into the database what other servers would: one in each state, a post, a follower, deliveries.
func (w *world) fill() {
	w.T.Helper()
	if err := w.Fediverse.Open(w.T.Context(), w.lea, fediverse.Owner{Kind: fediverse.Storefront, ID: w.lea}); err != nil {
		w.T.Fatal(err)
	}
	w.DB.MustExec(`insert into fediverse_servers (host, seen_at, ok_at, failures, failing_since, not_before, dead_at, error) values ('well.example', now(), now(), 0, null, null, null, ''),
		('failing.example', now(), null, 3, now(), now(), null, 'post: status 502'), ('dead.example', now(), null, 9, now(), null, now(), ''), ('new.example', now(), null, 0, null, null, null, '')`)
	w.DB.MustExec(`insert into fediverse_remotes (uri, host, kind, username, name, url, inbox, key_id, public_key, fetched_at)
		select 'https://well.example/' || n, 'well.example', 'Person', n, initcap(n), 'https://well.example/@' || n, 'https://well.example/inbox', 'k', 'k', now() from unnest(array['ann','bob','cyd']) n`)
	w.DB.MustExec(`insert into fediverse_follows (actor_id, remote_id, state, asked_at)
		select a.id, r.id, (array['accepted','asked','refused'])[row_number() over (order by r.id)], now() from fediverse_actors a, fediverse_remotes r where a.kind = 'storefront'`)
	w.DB.MustExec(`insert into fediverse_posts (remote_id, uri, url, html, warning, lang, pictures, published_at, received_at)
		select (select min(id) from fediverse_remotes), 'https://well.example/n/' || n, 'https://well.example/n/' || n, '<p>post ' || n || '</p><script>x</script>', case n when 21 then 'spoiler' else '' end, 'de', n % 3, now() + n * interval '1 second', now() from generate_series(1, 21) n`)
	w.DB.MustExec(`insert into fediverse_deliveries (actor_id, host, inbox, kind, object_id, state, created_at, ended_at)
		select a.id, 'well.example', 'x', k, o.id, s, now(), case when s <> 'waiting' then now() end from fediverse_actors a join fediverse_objects o on o.actor_id = a.id,
		unnest(array['create','update','delete','profile','gone','accept','follow','unfollow'], array['waiting','sent','dropped','refused','given_up','sent','sent','sent']) x(k, s)`)
}

func TestPagesWithOtherServers(t *testing.T) {
	w := open(t)
	w.shows(w.lea, "/me/following/remote", nil, http.StatusOK, "Ouvrez d’abord votre vitrine")
	w.shows(w.lea, "/me/following/remote", url.Values{"address": {"@ann@well.example"}}, http.StatusConflict)
	w.fill()
	w.shows(w.lea, "/me/following/remote", nil, http.StatusOK, "<p>post 20</p>", "Avertissement\u00a0: spoiler", "@ann@well.example", "Demandé", "Refusé", "2 images", "!<script>x", "!<p>post 1</p>", "before=")
	var oldest int64
	if err := w.DB.Get(&oldest, `select id from fediverse_posts order by published_at limit 1 offset 1`); err != nil {
		t.Fatal(err)
	}
	w.shows(w.lea, "/me/following/remote?before="+strconv.FormatInt(oldest, 10), nil, http.StatusOK, "<p>post 1</p>", "!<p>post 20</p>")
	w.shows(w.lea, "/me/following/remote", url.Values{"address": {"ann"}}, http.StatusUnprocessableEntity, `value="ann"`, "Écrivez une adresse comme")
	w.shows(w.lea, "/me/storefront/followers", nil, http.StatusOK, "Abandonné", "En attente", "Fin d’un abonnement")

	for _, target := range []string{"/admin/fediverse", "/admin/fediverse/lift"} {
		w.shows(w.lea, target, url.Values{"domain": {"well.example"}}, http.StatusNotFound)
	}
	w.shows(w.lea, "/admin/fediverse", nil, http.StatusNotFound)
	w.shows(w.admin, "/admin/fediverse", nil, http.StatusOK, "well.example", "Va bien", "Ne répond pas depuis", "Abandonné", "Rien envoyé", "status 502")
	w.shows(w.admin, "/admin/fediverse?q=dead", nil, http.StatusOK, "dead.example", "!well.example")
	w.shows(w.admin, "/admin/fediverse", url.Values{"domain": {"well.example"}}, http.StatusUnprocessableEntity, `value="well.example"`, "Dites pourquoi")
	w.shows(w.admin, "/admin/fediverse", url.Values{"domain": {"well.example"}, "reason": {"pourriel"}}, http.StatusSeeOther)
	w.shows(w.admin, "/admin/fediverse", nil, http.StatusOK, "pourriel", "Lever")
	w.shows(w.lea, "/me/following/remote", nil, http.StatusOK, "!post 20", "Rien à lire encore")
	w.shows(w.lea, "/me/following/remote", url.Values{"address": {"@ann@sub.well.example"}}, http.StatusUnprocessableEntity, "échange rien avec ce serveur")
	w.shows(w.admin, "/admin/fediverse/lift", url.Values{"domain": {"well.example"}}, http.StatusSeeOther)
	w.shows(w.admin, "/admin/fediverse", nil, http.StatusOK, "!pourriel")
}

// Whoever follows by a feed reads of a story: its title, where it is and how it begins, in both formats; not once it is taken down.
func TestFeedsHaveStories(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var brand int64
	must(w.DB.Get(&brand, `select brand_id from brand_members where member_id = $1`, w.owner))
	must(w.Fediverse.Open(ctx, w.owner, fediverse.Owner{Kind: fediverse.Brand, ID: brand}))
	o := stories.Owner{BrandID: brand}
	id, err := w.Stories.Start(ctx, w.owner, o, i18n.FR)
	must(err)
	told, err := w.Stories.Save(ctx, w.owner, o, id, stories.Seen{Version: 1}, stories.Content{Lang: i18n.FR, Title: "Un savon, trois mois", Body: "On coule, puis on attend."}, stories.When{Now: true})
	must(err)
	for _, feed := range []string{"/b/savonnerie/feed.atom", "/b/savonnerie/feed.rss"} {
		w.shows(0, feed, nil, http.StatusOK, "Un savon, trois mois", "On coule, puis on attend.", told.Path())
	}
	must(w.Stories.Do(ctx, w.owner, o, id, stories.TakeDown))
	for _, feed := range []string{"/b/savonnerie/feed.atom", "/b/savonnerie/feed.rss"} {
		w.shows(0, feed, nil, http.StatusOK, "!Un savon, trois mois", "!On coule")
	}
}
