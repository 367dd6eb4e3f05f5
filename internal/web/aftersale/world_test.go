package aftersale_test

import (
	"bytes"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"relais/internal/app/apptest"
	"relais/internal/catalog"
	"relais/internal/i18n"
	"relais/internal/orders"
	"relais/internal/web/aftersale"
	"relais/internal/web/page"
	"relais/static"
	"relais/templates"
)

// world is the pages over all of Relais, with two brands (a bowl for 120.00, a glass for 50.00), an admin, and a member who
// recommends.
type world struct {
	*apptest.World
	echo        *echo.Echo
	shop, other apptest.Shop
	alma, lea   int64
}

func open(t *testing.T) *world {
	t.Helper()
	w := &world{World: apptest.New(t)}
	site, err := page.New(page.Options{Templates: templates.FS, Static: static.FS, BaseURL: w.URL, Now: w.Clock.Now, Log: slog.New(slog.DiscardHandler), Uploads: aftersale.Uploads()})
	if err != nil {
		t.Fatal(err)
	}
	w.echo = echo.New()
	if err := site.Use(w.echo); err != nil {
		t.Fatal(err)
	}
	w.echo.Use(w.identify)
	aftersale.New(aftersale.Options{Site: site, DB: w.DB, Orders: w.Orders, Returns: w.Returns, Disputes: w.Disputes, Now: w.Clock.Now}).Routes(w.echo)
	w.shop, w.other = w.Shop("terre", 12000, 50), w.Shop("verre", 5000, 50)
	w.alma, w.lea = w.Member("alma"), w.Member("lea")
	if err := w.Members.Promote(t.Context(), 0, w.alma, true); err != nil {
		t.Fatal(err)
	}
	return w
}

// identify takes the word of the request for who is signed in: the id of a member.
func (w *world) identify(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		id, err := strconv.ParseInt(c.Request().Header.Get("X-Test-Member"), 10, 64)
		if err != nil {
			return next(c)
		}
		v := &page.Viewer{ID: id, Handle: "somebody", Name: "Somebody", Lang: i18n.FR, Confirmed: true, Admin: id == w.alma}
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

// ask is a request of a member, 0 for a guest; form nil: GET.
func (w *world) ask(member int64, target string, form url.Values, headers ...string) *httptest.ResponseRecorder {
	w.T.Helper()
	method := http.MethodGet
	if form != nil {
		method = http.MethodPost
		headers = append([]string{"Content-Type", "application/x-www-form-urlencoded"}, headers...)
	}
	return w.send(member, httptest.NewRequestWithContext(w.T.Context(), method, target, strings.NewReader(form.Encode())), headers...)
}

func (w *world) send(member int64, r *http.Request, headers ...string) *httptest.ResponseRecorder {
	r.Header.Set("Sec-Fetch-Site", "same-origin")
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

// upload sends a file as a form does.
func (w *world) upload(member int64, target, kind string, content []byte) *httptest.ResponseRecorder {
	w.T.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", "preuve.png")
	if err != nil {
		w.T.Fatal(err)
	}
	if _, err := part.Write(content); err != nil {
		w.T.Fatal(err)
	}
	if err := form.WriteField("kind", kind); err != nil {
		w.T.Fatal(err)
	}
	if err := form.Close(); err != nil {
		w.T.Fatal(err)
	}
	r := httptest.NewRequestWithContext(w.T.Context(), http.MethodPost, target, &body)
	return w.send(member, r, "Content-Type", form.FormDataContentType())
}

// shows fails where the answer is not a page with all of the words; a word with a ! before it must not appear.
func (w *world) shows(rw *httptest.ResponseRecorder, status int, words ...string) {
	w.T.Helper()
	if rw.Code != status {
		w.T.Errorf("status %d to %q; want %d\n%.600s", rw.Code, rw.Header().Get("Location"), status, rw.Body)
	}
	for _, word := range words {
		if word, absent := strings.CutPrefix(word, "!"); absent == strings.Contains(rw.Body.String(), word) {
			w.T.Errorf("%q: appears %v; want %v", word, absent, !absent)
		}
	}
}

// leads fails where the answer does not lead there.
func (w *world) leads(rw *httptest.ResponseRecorder, to string) {
	w.T.Helper()
	if rw.Code != http.StatusSeeOther || !strings.HasPrefix(rw.Header().Get("Location"), to) {
		w.T.Errorf("%d to %q; want to %q\n%.600s", rw.Code, rw.Header().Get("Location"), to, rw.Body)
	}
}

func (w *world) order(id int64) orders.Page {
	w.T.Helper()
	p, err := w.Orders.ByID(w.T.Context(), id)
	if err != nil {
		w.T.Fatal(err)
	}
	return p
}

var english = []string{"Accept-Language", "en"}

// once is a one-time value as forms carry it.
const once = "ONCEONCEONCEONCEONCE"
