package relay_test

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/labstack/echo/v4"

	"relais/internal/clicks"
	"relais/internal/i18n"
	"relais/internal/media"
	"relais/internal/payouts"
	"relais/internal/postgres/pgtest"
	"relais/internal/referrals"
	"relais/internal/storefronts"
	"relais/internal/storefronts/storefronttest"
	"relais/internal/token"
	"relais/internal/web/card"
	"relais/internal/web/page"
	"relais/internal/web/preview"
	"relais/internal/web/relay"
	"relais/static"
	"relais/templates"
)

const (
	phone    = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
	whatsApp = "WhatsApp/2.23.20.0 A"
	secret   = "a secret of at least thirty-two bytes"
)

// site is the real handler on a database of its own, with two members, a brand and two products.
type site struct {
	t                   testing.TB
	db                  *sqlx.DB
	echo                *echo.Echo
	server              *relay.Server
	referrals           *referrals.Service
	clicks              *clicks.Service
	now                 time.Time
	alice, bruno, brand int64
	soap, candle        int64
}

func open(t testing.TB) *site {
	t.Helper()
	db := pgtest.DB(t)
	s := &site{t: t, db: db, now: storefronttest.Start}
	clock := func() time.Time { return s.now }
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	pages, err := page.New(page.Options{Templates: templates.FS, Static: static.FS, BaseURL: "https://relais.example", Now: clock, Log: quiet, Uploads: relay.Uploads()})
	must(t, err)
	s.referrals = referrals.New(referrals.Config{DB: db, Now: clock, Clock: clock})
	s.clicks, err = clicks.New(clicks.Config{DB: db, Now: clock, Clock: clock, Secret: []byte(secret)})
	must(t, err)
	agents, err := clicks.NewAgents()
	must(t, err)
	photos, err := media.Open(t.TempDir())
	must(t, err)
	keys, err := token.NewKeys(secret)
	must(t, err)
	cards, err := card.NewCache(8)
	must(t, err)
	s.server = relay.New(relay.Options{DB: db, Site: pages, Clicks: s.clicks, Referrals: s.referrals, Agents: agents, Storefronts: storefronts.New(db, clock, nil), Pictures: preview.Pictures{Cards: cards, Media: photos},
		Payouts: payouts.New(payouts.Config{DB: db, Now: clock, Clock: clock, Log: quiet}),
		Keys:    keys, Now: clock, Clock: clock, BaseURL: "https://relais.example", Log: quiet})
	s.echo = echo.New()
	must(t, pages.Use(s.echo))
	s.echo.Use(s.identify)
	s.server.Routes(s.echo)
	s.alice, s.bruno = storefronttest.Member(t, db, "alice"), storefronttest.Member(t, db, "bruno")
	s.brand = storefronttest.Brand(t, db, "savonnerie")
	s.soap, s.candle = storefronttest.Product(t, db, s.brand, "savon"), storefronttest.Product(t, db, s.brand, "bougie")
	storefronttest.Terms(t, db, s.brand, 0, 1000, 30, s.now.AddDate(0, -6, 0))
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// identify takes the word of the request for who is signed in.
func (s *site) identify(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		switch c.Request().Header.Get("X-Test-Member") {
		case "alice":
			page.SetViewer(c, &page.Viewer{ID: s.alice, Handle: "alice", Name: "Alice", Lang: i18n.FR, Confirmed: true})
		case "bruno":
			page.SetViewer(c, &page.Viewer{ID: s.bruno, Handle: "bruno", Name: "Bruno", Lang: i18n.EN})
		}
		return next(c)
	}
}

// ask is a request with headers as pairs; "member" says who is signed in.
func (s *site) ask(method, target string, form url.Values, headers ...string) *httptest.ResponseRecorder {
	s.t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(form.Encode()))
	r.Header.Set("User-Agent", phone)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(strings.Replace(headers[i], "member", "X-Test-Member", 1), headers[i+1])
	}
	w := httptest.NewRecorder()
	s.echo.ServeHTTP(w, r)
	return w
}

func (s *site) link(member int64, sh referrals.Share) referrals.Link {
	s.t.Helper()
	l, err := s.referrals.Create(context.Background(), member, sh)
	must(s.t, err)
	return l
}

func (s *site) soapLink() referrals.Link {
	s.t.Helper()
	return s.link(s.alice, referrals.Share{Target: referrals.ToProduct, ProductID: s.soap})
}

func (s *site) count(query string, args ...any) (n int) {
	s.t.Helper()
	must(s.t, s.db.Get(&n, query, args...))
	return n
}

// shows fails where the answer is not a page with all of the words; a word with a ! before it must not appear.
func (s *site) shows(w *httptest.ResponseRecorder, status int, words ...string) {
	s.t.Helper()
	if w.Code != status {
		s.t.Errorf("status %d; want %d\n%.400s", w.Code, status, w.Body)
	}
	for _, word := range words {
		if word, absent := strings.CutPrefix(word, "!"); absent == strings.Contains(w.Body.String(), word) {
			s.t.Errorf("%q: appears %v; want %v", word, absent, !absent)
		}
	}
}

func TestFollow(t *testing.T) {
	s := open(t)
	l := s.soapLink()
	for _, tt := range []struct {
		name    string
		method  string
		headers []string
		kept    int    // clicks kept
		reason  string // of the one kept
		token   bool
	}{
		{"person", "GET", []string{"Sec-Fetch-Dest", "document", "Sec-Fetch-Mode", "navigate"}, 1, "", true},
		{"the same person again", "GET", nil, 1, "repeat", true},
		{"HEAD", "HEAD", nil, 0, "", false},
		{"prefetch", "GET", []string{"Sec-Purpose", "prefetch"}, 0, "", false},
		{"older prefetch", "GET", []string{"X-Moz", "prefetch"}, 0, "", false},
		{"curl", "GET", []string{"User-Agent", "curl/8.5.0"}, 0, "", false},
		{"hidden image", "GET", []string{"Sec-Fetch-Dest", "image", "Sec-Fetch-Mode", "no-cors"}, 1, "embedded", false},
		{"the member", "GET", []string{"member", "alice"}, 1, "self", true},
	} {
		before := s.count(`select count(*) from clicks`)
		w := s.ask(tt.method, l.Path(), nil, tt.headers...)
		if w.Code != http.StatusFound || w.Header().Get("X-Robots-Tag") != "noindex, nofollow" || w.Header().Get("Cache-Control") != "private, no-store" {
			t.Errorf("%s: %d, %v", tt.name, w.Code, w.Header())
		}
		path, clickToken, _ := strings.Cut(w.Header().Get("Location"), "?c=")
		if path != "/@alice/p/savon" || (clickToken != "") != tt.token {
			t.Errorf("%s: leads to %s", tt.name, w.Header().Get("Location"))
		}
		if got := s.count(`select count(*) from clicks`) - before; got != tt.kept {
			t.Errorf("%s: %d clicks kept; want %d", tt.name, got, tt.kept)
		}
		if tt.kept == 1 && s.count(`select count(*) from clicks where reason = $1 and id = (select max(id) from clicks)`, tt.reason) != 1 {
			t.Errorf("%s: not kept for %q", tt.name, tt.reason)
		}
		if clickToken != "" && s.count(`select count(*) from clicks where token = $1`, clickToken) != 1 {
			t.Errorf("%s: the click is not kept when the answer is there", tt.name)
		}
	}
	s.shows(s.ask("GET", "/r/unknown1", nil), http.StatusNotFound)
	must(t, s.referrals.Switch(context.Background(), s.alice, l.Code, false))
	if w := s.ask("GET", l.Path(), nil); w.Header().Get("Location") != "/p/savon" {
		t.Errorf("switched off, it leads to %s", w.Header().Get("Location"))
	}
}

// Whoever follows a link arrives, also when the click cannot be kept.
func TestFollowWhenClicksCannotBeKept(t *testing.T) {
	s := open(t)
	l := s.soapLink()
	if _, err := pgtest.Owner(t, s.db).Exec(`alter table clicks rename to gone`); err != nil {
		t.Fatal(err)
	}
	if w := s.ask("GET", l.Path(), nil); w.Code != http.StatusFound || w.Header().Get("Location") != "/@alice/p/savon" {
		t.Errorf("%d to %s", w.Code, w.Header().Get("Location"))
	}
}

func TestFlood(t *testing.T) {
	s := open(t)
	l := s.soapLink()
	for range 200 {
		if w := s.ask("GET", l.Path(), nil); w.Code != http.StatusFound {
			t.Fatalf("status %d", w.Code)
		}
	}
	if n := s.count(`select count(*) from clicks`); n != 120 {
		t.Errorf("%d clicks kept of 200 at once from one address; want 120", n)
	}
	if n := s.count(`select count(*) from clicks where eligible`); n != 1 {
		t.Errorf("%d count", n)
	}
}

func TestPreview(t *testing.T) {
	s := open(t)
	l := s.soapLink()
	s.db.MustExec(`update listings set note = 'Il sent <b>le foin</b>'`)
	w := s.ask("GET", l.Path(), nil, "User-Agent", whatsApp)
	s.shows(w, http.StatusOK, `<html lang="fr">`, `property="og:title" content="Produit savon · 24,00`, "Publicité\u00a0: Alice touche une commission.",
		`property="og:url" content="https://relais.example/r/`+l.Code, `property="og:image" content="https://relais.example/r/`+l.Code+`/card.jpg?v=`,
		`Il sent &lt;b&gt;le foin`, "!<b>le foin")
	if w.Header().Get("X-Robots-Tag") == "" || s.count(`select count(*) from clicks`) != 0 {
		t.Error("a preview is indexed or counted")
	}
	s.db.MustExec(`update members set lang = 'en' where handle = 'bruno'`)
	for _, sh := range []referrals.Share{{Target: referrals.ToStorefront}, {Target: referrals.ToBrand, BrandID: s.brand}} {
		w := s.ask("GET", s.link(s.bruno, sh).Path(), nil, "User-Agent", whatsApp)
		s.shows(w, http.StatusOK, `<html lang="en">`, "Ad: Bruno earns a commission.")
	}
}

func TestCard(t *testing.T) {
	s := open(t)
	l := s.soapLink()
	w := s.ask("GET", l.Path()+"/card.jpg", nil, "User-Agent", whatsApp)
	picture, format, err := image.DecodeConfig(bytes.NewReader(w.Body.Bytes()))
	if err != nil || format != "jpeg" || picture.Width != 1200 || picture.Height != 630 || w.Body.Len() > 300_000 {
		t.Errorf("%s of %d × %d in %d bytes, %v", format, picture.Width, picture.Height, w.Body.Len(), err)
	}
	etag := w.Header().Get("ETag")
	if w = s.ask("GET", l.Path()+"/card.jpg", nil, "If-None-Match", etag); w.Code != http.StatusNotModified || w.Body.Len() != 0 {
		t.Errorf("asked again: %d", w.Code)
	}
	s.db.MustExec(`update variants set price_minor = 1900`)
	if w = s.ask("GET", l.Path()+"/card.jpg", nil, "If-None-Match", etag); w.Code != http.StatusOK || w.Header().Get("ETag") == etag {
		t.Errorf("at another price: %d, %s", w.Code, w.Header().Get("ETag"))
	}
	w = s.ask("GET", l.Path()+"/qr.png", nil)
	if _, format, err := image.DecodeConfig(bytes.NewReader(w.Body.Bytes())); err != nil || format != "png" {
		t.Errorf("QR: %s, %v", format, err)
	}
}

func TestConsent(t *testing.T) {
	s := open(t)
	l := s.soapLink()
	landing := s.ask("GET", l.Path(), nil).Header().Get("Location")
	s.shows(s.ask("GET", "/consent", nil), http.StatusOK, "30 jours", "Rien n’est retenu")

	w := s.ask("POST", "/consent", url.Values{"choice": {"yes"}, "next": {landing}})
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != landing {
		t.Fatalf("yes: %d to %s", w.Code, w.Header().Get("Location"))
	}
	cookie := cookieOf(w, "visitor")
	if cookie == nil || !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.MaxAge != 30*24*3600 || cookieOf(w, page.ConsentCookie) == nil {
		t.Fatalf("cookies: %v", w.Result().Cookies())
	}
	if n := s.count(`select count(*) from clicks where visitor <> '' and eligible`); n != 1 {
		t.Errorf("%d clicks are the visitor's", n)
	}
	// The next click is theirs at once, and the 30 days begin anew.
	s.now = s.now.Add(2 * time.Hour)
	w = s.ask("GET", l.Path(), nil, "Cookie", "visitor="+cookie.Value)
	if cookieOf(w, "visitor") == nil || s.count(`select count(distinct visitor) from clicks`) != 1 {
		t.Errorf("second click: %v", w.Result().Cookies())
	}
	s.shows(s.ask("GET", "/consent", nil, "Cookie", "visitor="+cookie.Value), http.StatusOK, "Vous avez dit oui")
	if w = s.ask("GET", l.Path(), nil, "Cookie", "consent=yes", "User-Agent", phone+" another"); cookieOf(w, "visitor") == nil {
		t.Error("a yes that still stands gives no visitor")
	}
	if w = s.ask("GET", l.Path(), nil, "Cookie", "consent=no"); cookieOf(w, "visitor") != nil {
		t.Error("a no gives a visitor")
	}
	for _, forged := range []string{"x", cookie.Value + "x", strings.Repeat("a.", 5000)} {
		s.shows(s.ask("GET", "/consent", nil, "Cookie", "visitor="+forged), http.StatusOK, "Rien n’est retenu")
	}
	w = s.ask("POST", "/consent", url.Values{"choice": {"no"}, "next": {"//evil.example"}}, "Cookie", "visitor="+cookie.Value)
	if c := cookieOf(w, "visitor"); c == nil || c.MaxAge >= 0 || w.Header().Get("Location") != "/" {
		t.Errorf("no: %v to %s", c, w.Header().Get("Location"))
	}
	s.shows(s.ask("POST", "/consent", url.Values{"choice": {"maybe"}}), http.StatusUnprocessableEntity)
	// Whoever took it back is forgotten at once: a cookie that was kept somewhere joins nothing any more.
	if n := s.count(`select count(*) from clicks where visitor = (select visitor from clicks where token = $1) and visitor <> ''`, landing[strings.Index(landing, "c=")+2:]); n != 0 {
		t.Errorf("%d clicks are still the visitor's", n)
	}
}

// A no costs nothing: the same page, nothing more in the address, and no cookie but the answer.
func TestRefusingConsent(t *testing.T) {
	s := open(t)
	l := s.soapLink()
	w := s.ask("POST", "/consent", url.Values{"choice": {"no"}})
	if c := cookieOf(w, "visitor"); c != nil && c.MaxAge >= 0 {
		t.Errorf("a no sets %v", c)
	}
	landing := func(headers ...string) string {
		at := s.ask("GET", l.Path(), nil, headers...).Header().Get("Location")
		return at[:strings.Index(at, "?c=")]
	}
	if no, none := landing("Cookie", "consent=no"), landing("User-Agent", phone+" other"); no != none || no != "/@alice/p/savon" {
		t.Errorf("who refused is led to %q, others to %q", no, none)
	}
	if n := s.count(`select count(*) from clicks where eligible and visitor = ''`); n != 2 {
		t.Errorf("%d clicks count without consent", n)
	}
}

func cookieOf(w *httptest.ResponseRecorder, name string) *http.Cookie {
	for _, c := range w.Result().Cookies() {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// photograph is a JPEG to send.
func photograph(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, jpeg.Encode(&b, image.NewRGBA(image.Rect(0, 0, 800, 400)), nil))
	return b.Bytes()
}

// upload sends one file.
func (s *site) upload(target, field string, content []byte, member string) *httptest.ResponseRecorder {
	s.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile(field, "../../x.jpg")
	must(s.t, err)
	_, err = part.Write(content)
	must(s.t, err)
	must(s.t, form.Close())
	r := httptest.NewRequest(http.MethodPost, target, &body)
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("X-Test-Member", member)
	w := httptest.NewRecorder()
	s.echo.ServeHTTP(w, r)
	return w
}

// BenchmarkFollow is a person following a link: one row committed for each.
func BenchmarkFollow(b *testing.B) {
	s := open(b)
	l := s.soapLink()
	for b.Loop() {
		s.now = s.now.Add(time.Second) // keeps the limit of clicks per address open
		if w := s.ask("GET", l.Path(), nil); w.Code != http.StatusFound {
			b.Fatal(w.Code)
		}
	}
}
