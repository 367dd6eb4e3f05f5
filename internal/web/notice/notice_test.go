package notice_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/labstack/echo/v4"

	"relais/internal/app/apptest"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/notices"
	"relais/internal/postgres"
	"relais/internal/web/notice"
	"relais/internal/web/page"
	"relais/static"
	"relais/templates"
)

// world is the pages over all of Relais, with two members; lea is on the team of a brand.
type world struct {
	*apptest.World
	echo    *echo.Echo
	lea, mo int64
	counted int // how often unread notices were counted
}

func open(t *testing.T) *world {
	t.Helper()
	w := &world{World: apptest.New(t)}
	site, err := page.New(page.Options{Templates: templates.FS, Static: static.FS, BaseURL: w.URL, Now: w.Clock.Now, Log: slog.New(slog.DiscardHandler),
		Unread: func(c echo.Context) int {
			w.counted++
			n, err := notices.Unread(t.Context(), w.DB, page.ViewerFrom(c).ID, notice.Side(c))
			if err != nil {
				t.Error(err)
			}
			return n
		}})
	if err != nil {
		t.Fatal(err)
	}
	w.echo = echo.New()
	if err := site.Use(w.echo); err != nil {
		t.Fatal(err)
	}
	w.echo.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if id, err := strconv.ParseInt(c.Request().Header.Get("X-Test-Member"), 10, 64); err == nil {
				v := &page.Viewer{ID: id, Handle: "somebody", Name: "Somebody", Lang: i18n.FR}
				if id == w.lea {
					v.Brands = []page.BrandRef{{ID: 1, Handle: "osier", Name: "Osier", Role: "owner"}}
				}
				page.SetViewer(c, v)
			}
			return next(c)
		}
	})
	notice.New(notice.Options{Site: site, DB: w.DB, Notices: w.Notices, Now: w.Clock.Now, Session: func(echo.Context) string { return "s1" }}).Routes(w.echo)
	w.lea, w.mo = w.Member("lea"), w.Member("max")
	return w
}

// ask is a request of a member, 0 for a guest; body nil: GET.
func (w *world) ask(member int64, target string, body *string, headers ...string) *httptest.ResponseRecorder {
	w.T.Helper()
	method, text := http.MethodGet, ""
	if body != nil {
		method, text = http.MethodPost, *body
	}
	r := httptest.NewRequestWithContext(w.T.Context(), method, target, strings.NewReader(text))
	if body != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("Accept-Language", "fr")
	if member != 0 {
		r.Header.Set("X-Test-Member", strconv.FormatInt(member, 10))
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	rw := httptest.NewRecorder()
	w.echo.ServeHTTP(rw, r)
	return rw
}

func form(pairs ...string) *string {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	text := v.Encode()
	return &text
}

func (w *world) shows(rw *httptest.ResponseRecorder, status int, words ...string) {
	w.T.Helper()
	if rw.Code != status {
		w.T.Errorf("status %d to %q; want %d\n%.700s", rw.Code, rw.Header().Get("Location"), status, rw.Body)
	}
	for _, word := range words {
		if word, absent := strings.CutPrefix(word, "!"); absent == strings.Contains(rw.Body.String(), word) {
			w.T.Errorf("%q: appears %v; want %v", word, absent, !absent)
		}
	}
}

// tells tells Léa of n sales.
func (w *world) tells(n int) {
	w.T.Helper()
	err := postgres.InTx(w.T.Context(), w.DB, func(tx *sqlx.Tx) error {
		for i := range n {
			err := notices.Tell(w.T.Context(), tx, notices.Notice{MemberID: w.lea, Kind: notices.Sale, Event: "made", Subject: fmt.Sprintf("order:%d:%d", time.Now().UnixNano(), i), Path: "/me/earnings/7",
				At: w.Clock.Now(), Args: notices.Args{"Amount": money.New(1000, "EUR"), "Title": "Bol <b>bleu</b>", "Date": w.Clock.Now()}})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		w.T.Fatal(err)
	}
}

func TestListIsItsMembers(t *testing.T) {
	w := open(t)
	w.shows(w.ask(w.lea, "/me/notices", nil), 200, "Rien de nouveau", "Partager un lien", "!Tout marquer")
	w.tells(2)
	w.shows(w.ask(w.lea, "/me/notices", nil), 200, "Un proche a acheté", "aujourd", "Bol &lt;b&gt;bleu", `<span class="count" aria-hidden="true">2</span>`, "2 non lues", "Marque</a>")
	w.shows(w.ask(w.mo, "/me/notices", nil), 200, "!Un proche a acheté", `!class="count"`, "!Marque</a>")
	w.shows(w.ask(w.lea, "/me/notices?topic=orders", nil), 200, "!Un proche a acheté")
	w.shows(w.ask(w.lea, "/me/notices?topic=gossip&before=x&unread=yes", nil), 200, "Un proche a acheté")
	w.counted = 0
	w.shows(w.ask(0, "/me/notices", nil), 303)
	w.shows(w.ask(0, "/offline", nil), 200, "Pas de connexion")
	if w.counted != 0 {
		t.Errorf("notices of guests were counted %d times", w.counted)
	}
}

func TestOpeningAndMarking(t *testing.T) {
	w := open(t)
	w.tells(2)
	list, _, err := notices.List(t.Context(), w.DB, w.lea, notices.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	one := fmt.Sprintf("/me/notices/%d", list[0].ID)
	unread := func(want int) {
		t.Helper()
		if n, err := notices.Unread(t.Context(), w.DB, w.lea, ""); err != nil || n != want {
			t.Errorf("%d unread, want %d, %v", n, want, err)
		}
	}
	w.shows(w.ask(w.mo, one, nil), 404)
	w.shows(w.ask(w.mo, one, form("read", "yes")), 404)
	w.shows(w.ask(w.lea, "/me/notices/x", nil), 404)
	w.shows(w.ask(w.lea, "/me/notices/999999", nil), 404)
	if rw := w.ask(w.lea, one, nil, "Sec-Purpose", "prefetch"); rw.Code != 303 {
		t.Errorf("looking ahead: %d", rw.Code)
	}
	unread(2)
	if rw := w.ask(w.lea, one, nil); rw.Header().Get("Location") != "/me/earnings/7" {
		t.Errorf("leads to %q", rw.Header().Get("Location"))
	}
	unread(1)
	if rw := w.ask(w.lea, one, form("read", "no", "topic", "money")); rw.Header().Get("Location") != "/me/notices?topic=money" {
		t.Errorf("back to %q", rw.Header().Get("Location"))
	}
	unread(2)
	w.shows(w.ask(w.lea, "/me/notices/read", form("newest", strconv.FormatInt(list[0].ID, 10))), 303)
	unread(0)
	w.shows(w.ask(w.lea, "/me/notices?unread=yes", nil), 200, "Vous avez tout lu")
}

func TestMoreThanNinetyNine(t *testing.T) {
	w := open(t)
	w.tells(101)
	w.shows(w.ask(w.lea, "/me/notices", nil), 200, ">99+</span>", "plus de 99 non lues", "Plus anciennes")
}

func TestSettings(t *testing.T) {
	w := open(t)
	w.shows(w.ask(w.lea, "/me/notices/settings", nil), 200, "Rien de ce qui touche à l’argent", "Stock bas", "Toujours dans la liste", "Aucun appareil", "data-push=")
	w.shows(w.ask(w.mo, "/me/notices/settings", nil), 200, "!Stock bas")
	w.shows(w.ask(w.lea, "/me/notices/settings", form("zone", "Mars", "kinds", "sale", "mail_sale", "sometimes")), 422, `id="f-mail_sale-error"`, `id="f-zone-error"`)
	w.shows(w.ask(w.lea, "/me/notices/settings", form("zone", "Indian/Reunion", "kinds", "sale", "mail_sale", "weekly", "kinds", "order", "push_order", "yes")), 303)
	all, err := notices.Settings(t.Context(), w.DB, w.lea)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		n, _ := notices.NatureOf(s.Kind)
		want := notices.Setting{Kind: s.Kind, Mail: n.Mail, Push: n.Push, Listed: true}
		switch s.Kind {
		case notices.Sale:
			want.Mail, want.Push = notices.Weekly, false // and stays in the list
		case notices.Order:
			want.Listed = false
		}
		if s != want {
			t.Errorf("%+v, want %+v", s, want)
		}
	}
	w.shows(w.ask(w.lea, "/me/notices/settings", nil), 200, `value="weekly" selected`, `value="Indian/Reunion" selected`)
}

// RFC 8058: the button of a mail program posts without cookies and from nowhere; whatever only looks at links ends nothing.
func TestOneClick(t *testing.T) {
	w := open(t)
	path, err := notices.UnsubscribePath(w.Keys, w.lea, string(notices.Sale), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	mail := func() notices.Choice {
		t.Helper()
		all, err := notices.Settings(t.Context(), w.DB, w.lea)
		if err != nil {
			t.Fatal(err)
		}
		return all[0].Mail
	}
	rw := w.ask(0, path, nil)
	w.shows(rw, 200, "Un proche achète", "Ne plus les recevoir", `name="List-Unsubscribe" value="One-Click"`)
	if rw.Header().Get("Referrer-Policy") != "same-origin" || rw.Header().Get("Cache-Control") != "private, no-store" || mail() != notices.AtOnce {
		t.Errorf("after a look: %v, mail %s", rw.Header(), mail())
	}
	w.shows(w.ask(0, path, form()), 422)
	if mail() != notices.AtOnce {
		t.Error("a post without the words of the RFC ended something")
	}
	for range 2 {
		w.shows(w.ask(0, path, form("List-Unsubscribe", "One-Click")), 200, "C’est fait")
	}
	if mail() != notices.Never {
		t.Error("the button did nothing")
	}
	w.shows(w.ask(0, path, nil), 200, "C’est fait", "!Ne plus les recevoir")
	w.shows(w.ask(0, path+"x", form("List-Unsubscribe", "One-Click")), 404)
	// A page of another site cannot press it in a browser.
	w.shows(w.ask(0, path, form("List-Unsubscribe", "One-Click"), "Sec-Fetch-Site", "cross-site"), 403)
}

const subscription = `{"endpoint":"https://push.example.net/one","expirationTime":null,"keys":{"p256dh":"BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM","auth":"tBHItJI5svbpez7KI4CCXg"}}`

func TestDevices(t *testing.T) {
	w := open(t)
	w.DB.MustExec(`insert into sessions (id, member_id, created_at, last_seen_at, auth_at) select 's1', $1, t, t, t from (select $2::timestamptz as t) x`, w.lea, time.Now())
	text := subscription
	json := []string{"Content-Type", "application/json", "User-Agent", "Mozilla/5.0 (Android 14; Mobile) Firefox/130.0"}
	if rw := w.ask(w.lea, "/me/notices/devices", &text); rw.Code != 422 {
		t.Errorf("a form of another site could be it: %d", rw.Code)
	}
	w.shows(w.ask(0, "/me/notices/devices", &text, json...), 303)
	for _, bad := range []string{"", "{", `{"endpoint":"https://127.0.0.1/x"}`, `{"endpoint":"http://push.example.net/"}`, strings.Repeat(" ", 9000) + subscription} {
		w.shows(w.ask(w.lea, "/me/notices/devices", &bad, json...), 422)
	}
	for range 2 {
		w.shows(w.ask(w.lea, "/me/notices/devices", &text, json...), 204)
	}
	w.shows(w.ask(w.lea, "/me/notices/settings", nil), 200, "Firefox, Android", "Aucune alerte envoyée", `data-endpoint="https://push.example.net/one"`)
	devices, err := notices.Devices(t.Context(), w.DB, w.lea)
	if err != nil || len(devices) != 1 {
		t.Fatalf("%v, %v", devices, err)
	}
	base := fmt.Sprintf("/me/notices/devices/%d/", devices[0].ID)
	w.shows(w.ask(w.mo, base+"remove", form()), 404)
	w.shows(w.ask(w.mo, base+"test", form()), 404)
	w.shows(w.ask(w.lea, base+"test", form()), 303)
	w.shows(w.ask(w.lea, base+"remove", form()), 303)
	w.shows(w.ask(w.lea, base+"remove", form()), 404)
	w.shows(w.ask(w.lea, "/me/notices/devices", &text, json...), 204)
	w.shows(w.ask(w.lea, "/me/notices/devices/off", &text, json...), 204)
	w.shows(w.ask(w.lea, "/me/notices/devices/off", &text, json...), 204)
	w.shows(w.ask(w.lea, "/me/notices/settings", nil), 200, "Aucun appareil")
}

func TestExportAndErase(t *testing.T) {
	w := open(t)
	w.tells(1)
	rw := w.ask(w.lea, "/me/notices/export", nil)
	w.shows(rw, 200, "Un proche a acheté", "time_zone")
	if !strings.Contains(rw.Header().Get("Content-Disposition"), "attachment") {
		t.Error("it is not handed out as a file")
	}
	w.shows(w.ask(w.lea, "/me/notices/erase", form()), 303)
	w.shows(w.ask(w.lea, "/me/notices", nil), 200, "Rien de nouveau")
}

func TestApp(t *testing.T) {
	w := open(t)
	for lang, share := range map[string]string{"fr": "Partager une pièce", "en": "Share a piece"} {
		rw := w.ask(0, "/app.webmanifest?lang="+lang, nil)
		var m struct {
			ID, Lang, Name string
			StartURL       string `json:"start_url"`
			Icons          []struct{ Src, Sizes, Purpose string }
			Shortcuts      []struct{ Name, URL string }
		}
		if err := json.Unmarshal(rw.Body.Bytes(), &m); err != nil || rw.Header().Get("Content-Type") != "application/manifest+json" {
			t.Fatalf("%v, %q", err, rw.Header().Get("Content-Type"))
		}
		if m.Lang != lang || m.StartURL != "/" || m.Shortcuts[0].Name != share || len(m.Icons) != 4 {
			t.Errorf("%+v", m)
		}
	}
	rw := w.ask(0, "/sw.js", nil)
	w.shows(rw, 200, "/static/css/relais.css?v=", "/static/icon-192.png?v=", `!["ASSETS"]`, "!ICON-ADDRESS", "!VERSION", "!skipWaiting")
	if rw.Header().Get("Cache-Control") != "no-cache" || !strings.HasPrefix(rw.Header().Get("Content-Type"), "text/javascript") {
		t.Errorf("%v", rw.Header())
	}
	policy := w.ask(0, "/offline", nil).Header().Get("Content-Security-Policy")
	for _, want := range []string{"worker-src 'self'", "manifest-src 'self'", "default-src 'self'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("policy %q lacks %s", policy, want)
		}
	}
}
