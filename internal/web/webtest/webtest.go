// Package webtest asks pages of an area as their visitors would, for tests: through the real middleware and handlers, with the word of the
// request for who is signed in.
package webtest

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/i18n"
	"relais/internal/web/page"
	"relais/static"
	"relais/templates"
)

// memberHeader has the id of the member who asks.
const memberHeader = "X-Test-Member"

// Visitors ask the pages of a site.
type Visitors struct {
	Site *page.Site
	Echo *echo.Echo // what answers: routes are added to it

	t testing.TB
}

// New makes a site without routes, of the real templates and files and what o adds, and its visitors. db says of which brands a member is;
// admin, which members are admins; nil: none.
func New(t testing.TB, db sqlx.QueryerContext, o page.Options, admin func(id int64) bool) *Visitors {
	t.Helper()
	o.Templates, o.Static, o.Log = templates.FS, static.FS, slog.New(slog.DiscardHandler)
	site, err := page.New(o)
	if err != nil {
		t.Fatal(err)
	}
	v := &Visitors{Site: site, Echo: echo.New(), t: t}
	if err := site.Use(v.Echo); err != nil {
		t.Fatal(err)
	}
	v.Echo.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			id, err := strconv.ParseInt(c.Request().Header.Get(memberHeader), 10, 64)
			if err != nil {
				return next(c)
			}
			viewer := &page.Viewer{ID: id, Handle: "somebody", Name: "Somebody", Lang: i18n.FR, Confirmed: true, Admin: admin != nil && admin(id)}
			seats, err := catalog.Seats(c.Request().Context(), db, id)
			if err != nil {
				return err
			}
			for _, s := range seats {
				viewer.Brands = append(viewer.Brands, page.BrandRef{ID: s.BrandID, Handle: s.Handle, Name: s.Name, Role: string(s.Role)})
			}
			page.SetViewer(c, viewer)
			return next(c)
		}
	})
	return v
}

// Ask is a request of a member, 0 for a guest; form nil: GET.
func (v *Visitors) Ask(member int64, target string, form url.Values, headers ...string) *httptest.ResponseRecorder {
	v.t.Helper()
	method := http.MethodGet
	if form != nil {
		method = http.MethodPost
	}
	r := httptest.NewRequestWithContext(v.t.Context(), method, target, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return v.Send(member, r, headers...)
}

// Send sends a request of a member, 0 for a guest.
func (v *Visitors) Send(member int64, r *http.Request, headers ...string) *httptest.ResponseRecorder {
	v.t.Helper()
	if r.Method != http.MethodGet {
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	if member != 0 {
		r.Header.Set(memberHeader, strconv.FormatInt(member, 10))
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	rw := httptest.NewRecorder()
	v.Echo.ServeHTTP(rw, r)
	return rw
}

// Shows fails where the answer is not a page with all of the words; a word with a ! before it must not appear.
func (v *Visitors) Shows(rw *httptest.ResponseRecorder, status int, words ...string) {
	v.t.Helper()
	if rw.Code != status {
		v.t.Errorf("status %d to %q; want %d\n%.800s", rw.Code, rw.Header().Get("Location"), status, rw.Body)
	}
	for _, word := range words {
		if word, absent := strings.CutPrefix(word, "!"); absent == strings.Contains(rw.Body.String(), word) {
			v.t.Errorf("%q: appears %v; want %v", word, absent, !absent)
		}
	}
}
