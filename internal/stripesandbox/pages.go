package stripesandbox

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"relais/internal/stripesandbox/words"
)

//go:embed pages
var pageFiles embed.FS

var pageTemplates = template.Must(template.ParseFS(pageFiles, "pages/*.html"))

// sheet is what every hosted page has.
type sheet struct {
	Lang, Title, Base, Merchant string
}

// T returns a word of the page's language.
func (s sheet) T(key string) string { return words.Word(s.Lang, key) }

type noticePage struct {
	sheet
	Text, Next string
}

// pages adds the hosted pages. They are addressed by unguessable ids, as Stripe's are, and need no cookie.
func (s *Sandbox) pages(mux *http.ServeMux) {
	guard := http.NewCrossOriginProtection()
	page := func(pattern string, h http.HandlerFunc) { mux.Handle(pattern, guard.Handler(h)) }
	page("GET /c/pay/{id}", s.showCheckout)
	page("POST /c/pay/{id}", s.postCheckout)
	page("GET /c/pay/{id}/secure", s.showSecure)
	page("POST /c/pay/{id}/secure", s.postSecure)
	page("GET /setup/e/{token}", s.openLink)
	page("GET /express/{token}", s.openLink)
	page("GET /setup/f/{flow}", s.showOnboarding)
	page("POST /setup/f/{flow}", s.postOnboarding)
	page("GET /dashboard/{flow}", s.showDashboard)
	page("GET /reader/{id}", s.showReader)
	page("POST /reader/{id}", s.postReader)
	mux.HandleFunc("GET /assets/sandbox.css", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=300")
		http.ServeFileFS(w, r, pageFiles, "pages/sandbox.css")
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { s.showMissing(w, r) })
}

func (s *Sandbox) sheet(lang, title string) sheet {
	return sheet{Lang: lang, Title: words.Word(lang, title), Base: s.base, Merchant: s.options.Merchant}
}

// render writes a page. Its forms post here and are answered by a redirect to one of the given addresses, which the
// policy has to name.
func (s *Sandbox) render(w http.ResponseWriter, status int, name string, data any, next ...string) {
	var out bytes.Buffer
	if err := pageTemplates.ExecuteTemplate(&out, name, data); err != nil {
		s.log.Error("sandbox page", "page", name, "error", err)
		http.Error(w, "The page could not be made.", http.StatusInternalServerError)
		return
	}
	actions := []string{"'self'"}
	for _, address := range next {
		if u, err := url.Parse(address); err == nil && u.Host != "" && !slices.Contains(actions, u.Scheme+"://"+u.Host) {
			actions = append(actions, u.Scheme+"://"+u.Host)
		}
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src http: https: data:; base-uri 'none'; frame-ancestors 'none'; form-action "+strings.Join(actions, " "))
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if _, err := out.WriteTo(w); err != nil {
		s.log.Debug("sandbox page", "page", name, "error", err)
	}
}

func (s *Sandbox) notice(w http.ResponseWriter, r *http.Request, status int, key, locale, next string) {
	lang := words.LanguageOf(r, locale)
	s.render(w, status, "notice", noticePage{sheet: s.sheet(lang, key+".title"), Text: words.Word(lang, key+".text"), Next: next}, next)
}

func (s *Sandbox) showMissing(w http.ResponseWriter, r *http.Request) {
	s.notice(w, r, http.StatusNotFound, "missing", "", "")
}

// change runs fn alone in the sandbox and commits what it did.
func (s *Sandbox) change(w http.ResponseWriter, fn func(t *tx)) bool {
	err := s.control(func(t *tx) error {
		fn(t)
		return nil
	})
	if err != nil {
		s.log.Error("sandbox page", "error", err)
		http.Error(w, "The sandbox could not write its journal.", http.StatusInternalServerError)
	}
	return err == nil
}
