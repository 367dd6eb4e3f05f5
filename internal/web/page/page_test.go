package page_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/fault"
	"relais/internal/web/page"
	"relais/static"
	"relais/templates"
)

var today = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// probe is a page of the tests beside the real ones.
const probe = `{{define "title"}}Probe{{end}}{{define "content"}}<p id="probe">{{.Data.Text}} {{money .Data.Price}}</p>{{end}}
{{define "piece"}}<b>{{.Data.Text}}</b>{{end}}`

// withPages lays pages over the frame: layout, partials, and the pages of this package.
func withPages(t *testing.T, pages map[string]string) fs.FS {
	t.Helper()
	all := fstest.MapFS{}
	err := fs.WalkDir(templates.FS, ".", func(name string, d fs.DirEntry, err error) error {
		own := !strings.HasPrefix(name, "pages/") || strings.HasPrefix(name, "pages/errors/") || strings.HasPrefix(name, "pages/dev/")
		if err != nil || d.IsDir() || !own {
			return err
		}
		text, err := fs.ReadFile(templates.FS, name)
		all[name] = &fstest.MapFile{Data: text}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range pages {
		all[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return all
}

type server struct {
	*testing.T
	echo *echo.Echo
	site *page.Site
}

func newServer(t *testing.T, change func(*page.Options)) *server {
	t.Helper()
	options := page.Options{
		Templates: withPages(t, map[string]string{"pages/test/probe.html": probe}), Static: static.FS,
		BaseURL: "https://relais.example", Dev: true, Now: func() time.Time { return today },
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)), PaymentOrigins: []string{"https://checkout.stripe.com"},
		CartCount: func(echo.Context) int { return 2 }, Uploads: map[string]int64{"/upload": 8 << 20}, Slow: map[string]time.Duration{"/slow": time.Hour},
	}
	if change != nil {
		change(&options)
	}
	site, err := page.New(options)
	if err != nil {
		t.Fatal(err)
	}
	e := echo.New()
	if err := site.Use(e); err != nil {
		t.Fatal(err)
	}
	e.GET("/static/*", site.Static)
	e.POST("/lang", site.ChooseLang)
	e.GET("/dev/styleguide", site.StyleGuide(func(context.Context) ([]string, error) {
		return []string{strings.Repeat("a", 32), strings.Repeat("b", 32)}, nil
	}))
	return &server{t, e, site}
}

// do sends a request with pairs of header names and values and returns the answer.
func (s *server) do(method, target, body string, headers ...string) *httptest.ResponseRecorder {
	s.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Host = "relais.example"
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.echo.ServeHTTP(w, r)
	return w
}

func (s *server) want(w *httptest.ResponseRecorder, status int, contains ...string) {
	s.Helper()
	if w.Code != status {
		s.Errorf("status %d, want %d: %s", w.Code, status, w.Body)
	}
	for _, text := range contains {
		if !strings.Contains(w.Body.String(), text) {
			s.Errorf("the answer lacks %q", text)
		}
	}
}

func TestStyleGuideRendersEveryComponent(t *testing.T) {
	s := newServer(t, nil)
	s.want(s.do("GET", "/dev/styleguide", "", "Accept-Language", "fr"), 200, `<html lang="fr">`, "La vitrine de Camille", "Épuisé",
		"129,00\u00a0€", "Disponible le 5\u00a0décembre 2026 (dans 12 jours)", `aria-describedby="f-email-hint f-email-error"`, "/media/"+strings.Repeat("a", 32)+"-720.jpg")
	s.want(s.do("GET", "/dev/styleguide", "", "Accept-Language", "en"), 200, `<html lang="en">`, "€129.00", "Free on 5\u00a0December 2026 (in 12 days)")

	closed := newServer(t, func(o *page.Options) { o.Dev = false })
	closed.want(closed.do("GET", "/dev/styleguide", ""), 404)
}

func TestHeaders(t *testing.T) {
	s := newServer(t, func(o *page.Options) { o.Secure = true })
	h := s.do("GET", "/dev/styleguide", "").Header()
	for name, want := range map[string]string{
		"Content-Security-Policy":    "form-action 'self' https://checkout.stripe.com",
		"X-Content-Type-Options":     "nosniff",
		"Referrer-Policy":            "strict-origin-when-cross-origin",
		"Cross-Origin-Opener-Policy": "same-origin",
		"Strict-Transport-Security":  "max-age=",
		"Permissions-Policy":         "camera=()",
		"Vary":                       "Accept-Language, Cookie",
		"X-Request-Id":               "",
	} {
		if got := h.Get(name); got == "" || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want something with %q", name, got, want)
		}
	}
	if policy := h.Get("Content-Security-Policy"); strings.Contains(policy, "unsafe") || !strings.Contains(policy, "default-src 'self'") {
		t.Errorf("policy is not strict: %s", policy)
	}
}

func TestPageFragmentAndRedirect(t *testing.T) {
	s := newServer(t, nil)
	data := struct {
		Text  string
		Price any
	}{Text: "<script>", Price: page.Price{}.Now}
	s.echo.GET("/probe", func(c echo.Context) error {
		if page.IsPartial(c) {
			return s.site.Fragment(c, 200, "test/probe", "piece", data)
		}
		return s.site.Render(c, 200, "test/probe", data)
	})
	s.echo.POST("/probe", func(c echo.Context) error { return page.Redirect(c, "/me") })
	s.want(s.do("GET", "/probe", ""), 200, "<title>Probe · Relais</title>", "&lt;script&gt;", `<span class="count">2</span>`)
	if w := s.do("GET", "/probe", "", "HX-Request", "true"); w.Body.String() != "<b>&lt;script&gt;</b>" {
		t.Errorf("fragment: %q", w.Body)
	}
	if w := s.do("POST", "/probe", ""); w.Code != 303 || w.Header().Get("Location") != "/me" {
		t.Errorf("redirect: %d to %q", w.Code, w.Header().Get("Location"))
	}
	if w := s.do("POST", "/probe", "", "HX-Request", "true"); w.Header().Get("HX-Redirect") != "/me" {
		t.Errorf("htmx redirect: %v", w.Header())
	}
}

func TestErrors(t *testing.T) {
	s := newServer(t, func(o *page.Options) { o.Dev = false })
	for path, err := range map[string]error{
		"/conflict": fault.New(fault.Conflict, "fault.out_of_stock"),
		"/wrapped":  errors.Join(errors.New("why"), fault.New(fault.NotFound, "fault.not_found")),
		"/internal": errors.New("pq: secret detail"),
		"/late":     context.DeadlineExceeded,
		"/unknown":  fault.New(fault.Invalid, "fault.no_such_message"),
	} {
		s.echo.GET(path, func(echo.Context) error { return err })
	}
	s.echo.GET("/panic", func(echo.Context) error { panic("secret detail") })
	for path, want := range map[string]struct {
		status int
		text   string
	}{
		"/conflict": {409, "not enough left in stock"},
		"/wrapped":  {404, "did not find"},
		"/internal": {500, "Something broke on our side"},
		"/panic":    {500, "Something broke on our side"},
		"/late":     {503, "One moment please"},
		"/unknown":  {422, "could not be accepted"},
		"/nowhere":  {404, "This page does not exist"},
	} {
		w := s.do("GET", path, "", "Accept-Language", "en")
		s.want(w, want.status, want.text, "<!doctype html>")
		if strings.Contains(w.Body.String(), "secret detail") {
			t.Errorf("%s tells a visitor what is not theirs to know", path)
		}
	}
	w := s.do("GET", "/conflict", "", "HX-Request", "true", "Accept-Language", "en")
	s.want(w, 409, `role="alert"`)
	if w.Header().Get("HX-Retarget") != "#flash" || strings.Contains(w.Body.String(), "<html") {
		t.Errorf("htmx gets a whole page: %v", w.Header())
	}
	s.want(s.do("GET", "/conflict", "", "Accept", "application/json"), 409, `"error":"`, `"request_id":"`)
	if w := s.do("HEAD", "/nowhere", ""); w.Code != 404 || w.Body.Len() != 0 {
		t.Errorf("HEAD: %d with %d bytes", w.Code, w.Body.Len())
	}
}

func TestGuards(t *testing.T) {
	s := newServer(t, nil)
	viewer := &page.Viewer{ID: 7, Brands: []page.BrandRef{{Handle: "solstice"}}}
	asViewer := func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if c.QueryParam("as") == "member" {
				page.SetViewer(c, viewer)
			}
			return next(c)
		}
	}
	ok := func(c echo.Context) error { return c.NoContent(204) }
	s.echo.GET("/me", ok, asViewer, page.RequireMember)
	s.echo.GET("/admin", ok, asViewer, page.RequireAdmin)
	s.echo.GET("/brand/:handle", ok, asViewer, page.RequireBrand)
	for target, want := range map[string]int{
		"/me?as=member": 204, "/admin?as=member": 404, "/brand/solstice?as=member": 204, "/brand/other?as=member": 404,
		"/me": 303, "/admin": 303, "/brand/solstice": 303,
	} {
		if w := s.do("GET", target, ""); w.Code != want {
			t.Errorf("%s: %d, want %d", target, w.Code, want)
		}
	}
	if to := s.do("GET", "/me?x=1", "").Header().Get("Location"); to != "/login?next=%2Fme%3Fx%3D1" {
		t.Errorf("a guest is sent to %q", to)
	}
}

func TestLimits(t *testing.T) {
	s := newServer(t, nil)
	read := func(c echo.Context) error {
		_, err := io.Copy(io.Discard, c.Request().Body)
		return err
	}
	s.echo.POST("/form", read)
	s.echo.POST("/upload", read)
	large := strings.Repeat("x", 3<<20)
	s.want(s.do("POST", "/form", large), 413)
	s.want(s.do("POST", "/upload", large), 200)
}

// Whoever sends a form a byte at a time has as long as whoever sends it at once.
func TestASlowRequestEnds(t *testing.T) {
	s := newServer(t, nil)
	var ends time.Time
	s.echo.POST("/form", func(c echo.Context) error { return c.NoContent(204) })
	w := &deadlines{ResponseRecorder: httptest.NewRecorder(), read: &ends}
	r := httptest.NewRequest("POST", "/form", strings.NewReader("a=b"))
	r.Host = "relais.example"
	begun := time.Now()
	s.echo.ServeHTTP(w, r)
	if ends.Before(begun) || ends.After(begun.Add(time.Minute)) {
		t.Errorf("a request may be read for %s", ends.Sub(begun))
	}
}

// deadlines is an answer that knows until when its request may be read.
type deadlines struct {
	*httptest.ResponseRecorder
	read *time.Time
}

func (d *deadlines) SetReadDeadline(at time.Time) error { *d.read = at; return nil }

// The server's own deadline for an answer is too short for what is drawn as it is sent; each route has its own. Here the server's is over before any answer begins.
func TestASlowAnswerArrives(t *testing.T) {
	s := newServer(t, nil)
	var ends time.Time
	s.echo.GET("/slow", func(c echo.Context) error {
		ends, _ = c.Request().Context().Deadline()
		return c.Blob(200, "application/zip", bytes.Repeat([]byte("x"), 1<<20))
	})
	server := httptest.NewUnstartedServer(s.echo)
	server.Config.WriteTimeout = time.Nanosecond
	server.Start()
	defer server.Close()
	begun := time.Now()
	request, err := http.NewRequestWithContext(t.Context(), "GET", server.URL+"/slow", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := server.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if body, err := io.ReadAll(answer.Body); err != nil || len(body) != 1<<20 {
		t.Errorf("%d bytes, %v", len(body), err)
	}
	if ends.Before(begun.Add(time.Hour)) {
		t.Errorf("a slow route ends after %s", ends.Sub(begun))
	}
}

// Files come at a pace: what is sent is stored before anybody knows what it is for.
func TestUploadsHaveAPace(t *testing.T) {
	s := newServer(t, nil)
	s.echo.POST("/upload", func(c echo.Context) error { return c.NoContent(204) })
	send := func(kind string) int {
		r := httptest.NewRequest("POST", "/upload", strings.NewReader("--x--"))
		r.Host = "relais.example"
		r.Header.Set("Content-Type", kind)
		w := httptest.NewRecorder()
		s.echo.ServeHTTP(w, r)
		return w.Code
	}
	taken := 0
	for range 100 {
		if send("multipart/form-data; boundary=x") == 204 {
			taken++
		}
	}
	if taken < 50 || taken > 70 {
		t.Errorf("%d of 100 at once", taken)
	}
	if send("application/x-www-form-urlencoded") != 204 {
		t.Error("a form without files is refused, too")
	}
}

func TestOtherSitesCannotPost(t *testing.T) {
	s := newServer(t, nil)
	s.echo.POST("/form", func(c echo.Context) error { return c.NoContent(204) })
	for _, c := range []struct {
		name, value string
		want        int
	}{
		{"Sec-Fetch-Site", "same-origin", 204}, {"Sec-Fetch-Site", "cross-site", 403}, {"Sec-Fetch-Site", "same-site", 403},
		{"Origin", "https://relais.example", 204}, {"Origin", "https://evil.example", 403}, {"X-None", "", 204},
	} {
		if w := s.do("POST", "/form", "a=b", c.name, c.value); w.Code != c.want {
			t.Errorf("%s %s: %d, want %d", c.name, c.value, w.Code, c.want)
		}
	}
}

func TestChooseLang(t *testing.T) {
	s := newServer(t, nil)
	for next, want := range map[string]string{
		"%2Fproducts%3Fq%3Dx": "/products?q=x", "https://evil.example": "/", "%2F%2Fevil.example": "/", "%2F%5Cevil.example": "/", "": "/",
	} {
		w := s.do("POST", "/lang", "lang=en&next="+next)
		if got := w.Header().Get("Location"); w.Code != 303 || got != want {
			t.Errorf("next=%s leads to %d %q, want %q", next, w.Code, got, want)
		}
	}
	s.want(s.do("GET", "/nowhere", "", "Accept-Language", "fr", "Cookie", "lang=en"), 404, `<html lang="en">`)
	s.want(s.do("POST", "/lang", "lang=xx"), 422)
}

func TestFlashIsShownOnce(t *testing.T) {
	s := newServer(t, nil)
	s.echo.POST("/do", func(c echo.Context) error {
		s.site.Good(c, "page.storefront.title", "Name", "<b>Ada</b>")
		return page.Redirect(c, "/dev/styleguide")
	})
	cookie := s.do("POST", "/do", "a=b").Result().Cookies()[0]
	w := s.do("GET", "/dev/styleguide", "", "Cookie", cookie.Name+"="+cookie.Value, "Accept-Language", "en")
	s.want(w, 200, "notice-good", "&lt;b&gt;Ada&lt;/b&gt;’s storefront")
	if cleared := w.Result().Cookies(); len(cleared) != 1 || cleared[0].MaxAge >= 0 {
		t.Errorf("the message is not forgotten: %v", cleared)
	}
	for _, forged := range []string{"%%%", "W3s", "W3sidCI6Imdvb2QiLCJrIjoibm8uc3VjaCJ9XQ"} {
		s.want(s.do("GET", "/dev/styleguide", "", "Cookie", "flash="+forged), 200)
	}
}

func TestStatic(t *testing.T) {
	s := newServer(t, nil)
	body := s.do("GET", "/dev/styleguide", "").Body.String()
	_, rest, _ := strings.Cut(body, `<link rel="stylesheet" href="`)
	href, _, _ := strings.Cut(rest, `"`)
	w := s.do("GET", href, "", "Accept-Encoding", "gzip")
	if w.Code != 200 || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") || w.Header().Get("Content-Encoding") != "gzip" {
		t.Errorf("%s: %d %v", href, w.Code, w.Header())
	}
	plain := s.do("GET", "/static/css/relais.css", "")
	s.want(plain, 200, `url("/static/fonts/fraunces-latin-opsz-normal.woff2?v=`)
	s.want(s.do("GET", "/static/css/relais.css", "", "If-None-Match", plain.Header().Get("ETag")), 304)
	for _, missing := range []string{"/static/nothing.css", "/static/embed.go", "/static/../go.mod"} {
		s.want(s.do("GET", missing, ""), 404)
	}
}

func TestBrokenTemplatesAreRefusedAtStart(t *testing.T) {
	for name, text := range map[string]string{"syntax": "{{if}}", "function": "{{nothing 1}}"} {
		_, err := page.New(page.Options{Templates: withPages(t, map[string]string{"pages/test/broken.html": text}), Static: static.FS,
			Now: func() time.Time { return today }})
		if err == nil || !strings.Contains(err.Error(), "broken.html") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := page.New(page.Options{}); err == nil {
		t.Error("a site without templates was made")
	}
}

// TestDevelopmentReadsAgain changes a template and a style under a running site.
func TestDevelopmentReadsAgain(t *testing.T) {
	dir := t.TempDir()
	for folder, files := range map[string]fs.FS{"templates": withPages(t, map[string]string{"pages/test/live.html": `{{define "content"}}one{{end}}`}), "static": static.FS} {
		if err := os.CopyFS(dir+"/"+folder, files); err != nil {
			t.Fatal(err)
		}
	}
	s := newServer(t, func(o *page.Options) { o.SourceDir = dir })
	s.echo.GET("/live", func(c echo.Context) error { return s.site.Render(c, http.StatusOK, "test/live", nil) })
	s.want(s.do("GET", "/live", ""), 200, "one")
	if err := os.WriteFile(dir+"/templates/pages/test/live.html", []byte(`{{define "content"}}two{{end}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	s.want(s.do("GET", "/live", ""), 200, "two")
}

func TestEveryIconIsAnSVGOfOurs(t *testing.T) {
	names, err := fs.Glob(static.FS, "icons/*.svg")
	if err != nil || len(names) < 40 {
		t.Fatalf("%d icons, %v", len(names), err)
	}
	all := ""
	for _, name := range names {
		all += `{{icon "` + strings.TrimSuffix(strings.TrimPrefix(name, "icons/"), ".svg") + `"}}`
	}
	s := newServer(t, func(o *page.Options) {
		o.Templates = withPages(t, map[string]string{"pages/test/icons.html": `{{define "content"}}` + all + `{{end}}`})
	})
	s.echo.GET("/icons", func(c echo.Context) error { return s.site.Fragment(c, http.StatusOK, "test/icons", "content", nil) })
	text := s.do("GET", "/icons", "").Body.String()
	for _, icon := range strings.SplitAfter(strings.TrimSuffix(text, "</svg>"), "</svg>") {
		if !strings.HasPrefix(icon, `<svg class="icon" viewBox="0 0 24 24"`) || !strings.Contains(icon, `aria-hidden="true"`) ||
			strings.Contains(icon, "<script") || strings.Contains(icon, "style=") {
			t.Errorf("not a plain drawing: %s", icon)
		}
	}
	if n := strings.Count(text, "<svg "); n != len(names) {
		t.Errorf("%d of %d icons are drawn", n, len(names))
	}
}

// TestEveryPageParses makes the site of production: a page that does not parse is named here.
func TestEveryPageParses(t *testing.T) {
	if _, err := page.New(page.Options{Templates: templates.FS, Static: static.FS, Now: func() time.Time { return today }}); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkStyleGuide(b *testing.B) {
	site, err := page.New(page.Options{Templates: templates.FS, Static: static.FS, Dev: true, Now: func() time.Time { return today },
		Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	e := echo.New()
	show := site.StyleGuide(func(context.Context) ([]string, error) { return []string{strings.Repeat("a", 32)}, nil })
	for b.Loop() {
		w := httptest.NewRecorder()
		if err := show(e.NewContext(httptest.NewRequest("GET", "/dev/styleguide", nil), w)); err != nil || w.Code != 200 {
			b.Fatal(err)
		}
	}
}
