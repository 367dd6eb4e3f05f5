package account_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/i18n"
	"relais/internal/mail/mailtest"
	"relais/internal/media"
	"relais/internal/members"
	"relais/internal/postgres"
	"relais/internal/postgres/pgtest"
	"relais/internal/referrals"
	"relais/internal/token"
	"relais/internal/web/account"
	"relais/internal/web/page"
	"relais/static"
	"relais/templates"
)

const (
	zoeMail = "zoe@example.org"
	zoePass = "trois vélos bleus"
	newPass = "quatre vélos rouges"
)

// site is the real handler on a real database, with a clock that moves by hand.
type site struct {
	t       *testing.T
	db      *postgres.DB
	members *members.Service
	server  *httptest.Server
	mu      sync.Mutex
	at      time.Time
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, db: pgtest.DB(t), at: time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)}
	keys, err := token.NewKeys("a secret of the tests that is long enough")
	if err != nil {
		t.Fatal(err)
	}
	s.members = members.New(members.Options{DB: s.db, Mail: mailtest.Outbox(t, s.db, s.now), Keys: keys, Now: s.now})
	pages, err := page.New(page.Options{Templates: templates.FS, Static: static.FS, Now: s.now, Uploads: account.Uploads(),
		Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	store, err := media.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	e := echo.New()
	e.IPExtractor = echo.ExtractIPDirect()
	if err := pages.Use(e); err != nil {
		t.Fatal(err)
	}
	relays := referrals.New(referrals.Config{DB: s.db, Now: s.now, Clock: s.now})
	pagesOf := account.New(account.Options{Site: pages, Members: s.members, DB: s.db, Media: store, Mailbox: true, Now: s.now, Referrals: relays,
		Visitor: func(c echo.Context) string { return c.Request().Header.Get("X-Visitor") },
		Brands:  func(context.Context, int64) ([]page.BrandRef, error) { return nil, nil }})
	e.Use(pagesOf.Identify)
	pagesOf.Routes(e)
	e.GET("/me", func(c echo.Context) error { return c.String(http.StatusOK, "home of "+page.ViewerFrom(c).Name) }, page.RequireMember)
	s.server = httptest.NewServer(e)
	t.Cleanup(s.server.Close)
	return s
}

func (s *site) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at
}

func (s *site) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = s.at.Add(d)
}

func (s *site) create(email string) members.Member {
	s.t.Helper()
	m, err := s.members.Create(s.t.Context(), members.NewMember{
		Email: email, Name: "Zoé Martin", Lang: i18n.FR, Password: zoePass, Confirmed: true})
	if err != nil {
		s.t.Fatal(err)
	}
	return m
}

// browser keeps cookies and does not follow redirects by itself.
type browser struct {
	*site
	client *http.Client
	lang   string
}

func (s *site) browser(lang string) *browser {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &browser{site: s, lang: lang, client: &http.Client{Jar: jar, CheckRedirect: stay}}
}

// answer is what a browser got.
type answer struct {
	*http.Response
	body string
}

func (b *browser) do(r *http.Request) answer {
	b.t.Helper()
	r.Header.Set("Accept-Language", b.lang)
	r.Header.Set("User-Agent", "Firefox")
	response, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{response, string(body)}
}

func (b *browser) get(path string) answer {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.server.URL+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.do(r)
}

// post sends a form, as pairs of names and values.
func (b *browser) post(path string, pairs ...string) answer {
	b.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.server.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.do(r)
}

func (b *browser) logIn() {
	b.t.Helper()
	b.post("/login", "email", zoeMail, "password", zoePass).leads(b.t, "/me")
}

// shows checks the status and that each text stands in the page.
func (a answer) shows(t *testing.T, status int, texts ...string) {
	t.Helper()
	if a.StatusCode != status {
		t.Errorf("%s %s: status %d, want %d\n%s", a.Request.Method, a.Request.URL.Path, a.StatusCode, status, a.body)
	}
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			t.Errorf("%s %s lacks %q:\n%s", a.Request.Method, a.Request.URL.Path, text, a.body)
		}
	}
}

func (a answer) leads(t *testing.T, to string) {
	t.Helper()
	if got := a.Header.Get("Location"); a.StatusCode != http.StatusSeeOther || got != to {
		t.Errorf("%s %s: %d to %q, want 303 to %q\n%s", a.Request.Method, a.Request.URL.Path, a.StatusCode, got, to, a.body)
	}
}
