// Package page is what all pages of Relais share: the template engine, the frame (language, viewer, flash messages),
// forms and their errors, the answer to an error, security headers and static files. It knows HTTP and how things
// look; it knows nothing of orders, products or money beyond how to write an amount.
//
// A handler decodes the request, calls one use case, and ends in a redirect or in
//
//	return s.site.Render(c, http.StatusOK, "shop/product", productPage{…})
//
// which executes templates/pages/shop/product.html inside the layout. templates/README.md teaches the templates.
package page

import (
	"bytes"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/changes"
	"relais/internal/i18n"
	"relais/internal/pace"
)

// Options are what a Site is made of. Templates and Static are required.
type Options struct {
	Templates fs.FS  // layout/, partials/, pages/
	Static    fs.FS  // css/, fonts/, icons/, js/, vendor/
	SourceDir string // in development: the repository, whose templates/ and static/ are read again for each page
	BaseURL   string // absolute, without a final slash: "https://relais.example"
	Secure    bool   // served by TLS: HSTS and cookies marked Secure
	Dev       bool   // development: the style guide, and errors in full

	PaymentOrigins []string         // origins to which a form may lead: the payment provider's hosted pages
	Log            *slog.Logger     // nil: slog.Default
	Now            func() time.Time // business clock, for what pages call "today"; nil is refused by New

	CartCount func(echo.Context) int // articles in the visitor's cart; nil: none
	Unread    func(echo.Context) int // notices that the member has not read; asked for members only, where the header shows it; nil: none
	Timeout   time.Duration          // of a request; 0: 15 s
	BodyLimit int64                  // bytes of a request; 0: 2 MiB

	Changes *changes.Feed // what changed, so that pages are kept for guests until then; nil: none is kept

	// Uploads names routes, as registered ("/brand/:handle/import"), with a larger limit in bytes and five minutes to finish.
	Uploads map[string]int64
	Slow    map[string]time.Duration // routes, as registered, whose answers take longer than Timeout: they are drawn as they are sent
}

// Site renders pages and answers errors.
type Site struct {
	options Options
	engine  *engine
	assets  *assets
	log     *slog.Logger
	shared  *changes.Cache[[]byte]
	uploads *pace.Buckets
}

// New parses every template in every language and returns an error that names the first broken one.
func New(o Options) (*Site, error) {
	if o.Templates == nil || o.Static == nil || o.Now == nil {
		return nil, fmt.Errorf("make site: templates, static files and clock are required")
	}
	if o.Dev && o.SourceDir != "" {
		o.Templates, o.Static = os.DirFS(o.SourceDir+"/templates"), os.DirFS(o.SourceDir+"/static")
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Timeout == 0 {
		o.Timeout = 15 * time.Second
	}
	if o.BodyLimit == 0 {
		o.BodyLimit = 2 << 20
	}
	o.BaseURL = strings.TrimSuffix(o.BaseURL, "/")
	s := &Site{options: o, log: o.Log, shared: newShared(o.Changes), uploads: newUploads()}
	var err error
	fresh := o.Dev && o.SourceDir != ""
	if fresh {
		s.shared = nil // a template may have changed
	}
	if s.assets, err = newAssets(o.Static, fresh); err != nil {
		return nil, err
	}
	if s.engine, err = newEngine(o.Templates, s.assets, o.Now, fresh); err != nil {
		return nil, err
	}
	return s, nil
}

// Render answers with the page templates/pages/NAME.html in its layout. The page sees a View whose Data is data.
// A template that fails answers nothing of itself: the error goes to HandleError.
func (s *Site) Render(c echo.Context, status int, name string, data any) error {
	return s.write(c, status, name, "layout", s.view(c, data))
}

// Fragment answers with one block that the page NAME defines, without layout: for htmx requests.
// The block sees the same View as the page.
func (s *Site) Fragment(c echo.Context, status int, name, block string, data any) error {
	return s.write(c, status, name, block, s.view(c, data))
}

func (s *Site) write(c echo.Context, status int, name, block string, v *View) error {
	var out bytes.Buffer
	if err := s.engine.execute(&out, v.Lang, name, block, v); err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	if k, ok := c.Get(keepKey).(*kept); ok && k != nil && status == http.StatusOK && block == "layout" {
		k.body = out.Bytes()
		return nil
	}
	if block == "layout" {
		s.clearFlash(c)
	}
	return respond(c, status, out.Bytes())
}

func respond(c echo.Context, status int, body []byte) error {
	h := c.Response().Header()
	h.Add("Vary", "Accept-Language, Cookie, HX-Request")
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "private, no-cache")
	}
	return c.HTMLBlob(status, body)
}

// IsPartial reports whether htmx asks for a piece of the page rather than for a page.
func IsPartial(c echo.Context) bool {
	h := c.Request().Header
	return h.Get("HX-Request") == "true" && h.Get("HX-Boosted") != "true" && h.Get("HX-History-Restore-Request") != "true"
}

// Redirect answers a form with 303 See Other to a path of ours; htmx follows it as a whole page.
func Redirect(c echo.Context, path string) error {
	if IsPartial(c) {
		c.Response().Header().Set("HX-Redirect", path)
		return c.NoContent(http.StatusOK)
	}
	return c.Redirect(http.StatusSeeOther, path)
}

// LocalPath returns path when it is a path on this site, and fallback otherwise: for "next" parameters, which must
// not lead to another site.
func LocalPath(path, fallback string) string {
	if len(path) == 0 || path[0] != '/' || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n\t") {
		return fallback
	}
	return path
}

// View is what a template sees as its dot and as $: the frame, and the page's own Data.
type View struct {
	Lang       i18n.Lang
	Langs      []i18n.Lang
	Viewer     *Viewer // nil for a guest
	Path       string  // of the request, without query
	Query      string  // raw query of the request
	BaseURL    string
	Canonical  string // absolute address of this page, without query
	Flash      []Flash
	CartCount  int
	AskConsent bool // whether to ask for the long-lived attribution cookie
	Dev        bool
	Now        time.Time // business clock
	Data       any

	unread func() int
}

// Unread is how many notices the member has not read.
func (v *View) Unread() int {
	if v.unread == nil || v.Viewer == nil {
		return 0
	}
	return v.unread()
}

// ConsentCookie holds the visitor's answer to the question for the long-lived attribution cookie: "yes" or "no".
const ConsentCookie = "consent"

func (s *Site) view(c echo.Context, data any) *View {
	path := c.Request().URL.Path
	v := &View{
		Lang: Lang(c), Langs: i18n.Langs(), Viewer: ViewerFrom(c), Path: path, Query: c.Request().URL.RawQuery,
		BaseURL: s.options.BaseURL, Canonical: s.options.BaseURL + path, Flash: flashFrom(c),
		AskConsent: asksConsent(c, c.QueryParam("c") != ""),
		Dev:        s.options.Dev, Now: s.options.Now(), Data: data,
	}
	if s.options.Unread != nil {
		v.unread = func() int { return s.options.Unread(c) }
	}
	if s.options.CartCount != nil {
		v.CartCount = s.options.CartCount(c)
	}
	return v
}

// asksConsent says whether a visitor who came by a click, or is on a storefront, still has to answer.
func asksConsent(c echo.Context, clicked bool) bool {
	_, noAnswer := c.Cookie(ConsentCookie)
	return noAnswer != nil && (clicked || strings.HasPrefix(c.Request().URL.Path, "/@"))
}

// In reports whether the page lies at or below the path: for the current entry of a menu.
func (v *View) In(path string) bool {
	return v.Path == path || strings.HasPrefix(v.Path, strings.TrimSuffix(path, "/")+"/")
}
