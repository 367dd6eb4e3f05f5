package till_test

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
	"relais/internal/earnings"
	"relais/internal/i18n"
	"relais/internal/orders"
	"relais/internal/web/aftersale"
	"relais/internal/web/page"
	"relais/internal/web/till"
	"relais/static"
	"relais/templates"
)

// world is the pages over all of Relais, with a brand that sells a bowl for 120.00 (100.00 without VAT), another brand,
// and a member who recommends.
type world struct {
	*apptest.World
	echo        *echo.Echo
	shop, other apptest.Shop
	lea, bruno  int64
}

func open(t *testing.T) *world {
	t.Helper()
	w := &world{World: apptest.New(t)}
	site, err := page.New(page.Options{Templates: templates.FS, Static: static.FS, BaseURL: w.URL, Now: w.Clock.Now, Log: slog.New(slog.DiscardHandler),
		PaymentOrigins: []string{w.URL}})
	if err != nil {
		t.Fatal(err)
	}
	w.echo = echo.New()
	if err := site.Use(w.echo); err != nil {
		t.Fatal(err)
	}
	w.echo.Use(w.identify)
	after := aftersale.New(aftersale.Options{Site: site, DB: w.DB, Orders: w.Orders, Returns: w.Returns, Disputes: w.Disputes, Now: w.Clock.Now})
	after.Routes(w.echo)
	till.New(till.Options{Site: site, DB: w.DB, Orders: w.Orders, Support: w.Support, Aftersale: after, Payouts: w.Payouts, Now: w.Clock.Now, BaseURL: w.URL}).Routes(w.echo)
	w.shop, w.other = w.Shop("terre", 12000, 50), w.Shop("verre", 5000, 50)
	w.lea, w.bruno = w.Member("lea"), w.Member("bruno")
	return w
}

// identify takes the word of the request for who is signed in: the id of a member.
func (w *world) identify(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		id, err := strconv.ParseInt(c.Request().Header.Get("X-Test-Member"), 10, 64)
		if err != nil {
			return next(c)
		}
		v := &page.Viewer{ID: id, Handle: "somebody", Name: "Somebody", Lang: i18n.FR, Confirmed: true}
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
	}
	r := httptest.NewRequestWithContext(w.T.Context(), method, target, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
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

// shows fails where the answer is not a page with all of the words; a word with a ! before it must not appear.
func (w *world) shows(rw *httptest.ResponseRecorder, status int, words ...string) {
	w.T.Helper()
	if rw.Code != status {
		w.T.Errorf("status %d; want %d\n%.600s", rw.Code, status, rw.Body)
	}
	for _, word := range words {
		if word, absent := strings.CutPrefix(word, "!"); absent == strings.Contains(rw.Body.String(), word) {
			w.T.Errorf("%q: appears %v; want %v", word, absent, !absent)
		}
	}
}

// leads fails where the answer does not lead there; it returns the message left for the next page.
func (w *world) leads(rw *httptest.ResponseRecorder, to string) (flash string) {
	w.T.Helper()
	if rw.Code != http.StatusSeeOther || !strings.HasPrefix(rw.Header().Get("Location"), to) {
		w.T.Errorf("%d to %q; want to %q\n%.600s", rw.Code, rw.Header().Get("Location"), to, rw.Body)
	}
	for _, c := range rw.Result().Cookies() {
		if c.Name == "flash" {
			return "flash=" + c.Value
		}
	}
	return ""
}

// sale is a bowl sold through Léa's storefront.
func (w *world) sale() orders.Page {
	w.T.Helper()
	return w.Paid(apptest.Purchase{Variant: w.shop.Variant, Storefront: w.lea})
}

// earningOf is the newest earning of a payee.
func (w *world) earningOf(o earnings.Owner) earnings.Earning {
	w.T.Helper()
	payee, err := earnings.PayeeID(w.T.Context(), w.DB, o)
	if err != nil {
		w.T.Fatal(err)
	}
	list, err := earnings.List(w.T.Context(), w.DB, payee, earnings.Filter{Limit: 1})
	if err != nil || len(list) != 1 {
		w.T.Fatalf("%v, %v", list, err)
	}
	return list[0]
}

var english = []string{"Accept-Language", "en"}
