package groupbuy_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"relais/internal/app/apptest"
	"relais/internal/catalog"
	"relais/internal/catalog/steps"
	"relais/internal/i18n"
	"relais/internal/pledges"
	"relais/internal/stripesandbox"
	"relais/internal/web/card"
	"relais/internal/web/groupbuy"
	"relais/internal/web/page"
	"relais/internal/web/preview"
	"relais/internal/web/shop"
	"relais/internal/web/webtest"
)

// world is the pages over all of Relais, with a brand that sells a bowl for 120.00: from 2 people 10 % less, from 4 people 20 %. Léa opens, and two
// others look on.
type world struct {
	*apptest.World
	*webtest.Visitors
	shop       apptest.Shop
	lea, other int64
	admin      int64
}

func open(t *testing.T, stock int) *world {
	t.Helper()
	w := &world{World: apptest.New(t)}
	log := slog.New(slog.DiscardHandler)
	w.Visitors = webtest.New(t, w.DB, page.Options{BaseURL: w.URL, Now: w.Clock.Now, PaymentOrigins: []string{w.URL}}, func(id int64) bool { return id == w.admin })
	cards, err := card.NewCache(2)
	w.must(err)
	groupbuy.New(groupbuy.Options{Site: w.Site, DB: w.DB, Pledges: w.Pledges, Carts: w.Carts, Pictures: preview.Pictures{Cards: cards, Media: w.Media},
		Visitor: func(c echo.Context) string { return c.Request().Header.Get("X-Visitor") }, Now: w.Clock.Now, Clock: w.Clock.Now, BaseURL: w.URL, Log: log}).Routes(w.Echo)
	shop.New(shop.Options{DB: w.DB, Site: w.Site, Carts: w.Carts, Orders: w.Orders, Pledges: w.Pledges, Returns: w.Returns, Now: w.Clock.Now, BaseURL: w.URL, Log: log}).Routes(w.Echo)
	w.shop, w.lea, w.other, w.admin = w.Shop("terre", 12000, stock), w.Member("lea"), w.Member("max"), w.Member("admin")
	w.offer(w.shop)
	return w
}

func (w *world) offer(s apptest.Shop) {
	w.T.Helper()
	terms := catalog.FirstTerms()
	terms.Steps = steps.Steps{{People: 2, LessBps: 1000}, {People: 4, LessBps: 2000}}
	_, err := w.Catalog.OfferTerms(w.T.Context(), s.Owner, s.Brand, terms)
	w.must(err)
}

func (w *world) must(err error) {
	w.T.Helper()
	if err != nil {
		w.T.Fatal(err)
	}
}

func (w *world) leads(rw *httptest.ResponseRecorder, to string) string {
	w.T.Helper()
	at := rw.Header().Get("Location")
	if rw.Code != http.StatusSeeOther || !strings.HasPrefix(at, to) {
		w.T.Fatalf("%d to %q; want to %q\n%.900s", rw.Code, at, to, rw.Body)
	}
	return at
}

// told is what the next page says of what was done.
func (w *world) told(rw *httptest.ResponseRecorder) string {
	for _, c := range rw.Result().Cookies() {
		if c.Name == "flash" {
			return "flash=" + c.Value
		}
	}
	return ""
}

// campaign is one that Léa opened on its form.
func (w *world) campaign() string {
	w.T.Helper()
	return w.leads(w.Ask(w.lea, "/p/"+w.shop.Slug+"/together", url.Values{"days": {"10"}, "note": {"On s’y met ?"}}), "/together/")
}

var hidden = regexp.MustCompile(`name="(operation|seen)" value="([^"]*)"`)

// form is the form of a group order, filled in well by somebody who looked at it.
func (w *world) form(at, who string) url.Values {
	w.T.Helper()
	rw := w.Ask(0, at+"/join", nil)
	w.Shows(rw, http.StatusOK)
	form := url.Values{"variant": {fmt.Sprint(w.shop.Variant)}, "quantity": {"1"}, "email": {who + "@poste.example"}, "name": {who}, "street": {"3 rue des Lilas"}, "postcode": {"35000"},
		"city": {"Rennes"}, "country": {"FR"}, "consent": {"yes"}}
	for _, m := range hidden.FindAllStringSubmatch(rw.Body.String(), -1) {
		form.Set(m[1], m[2])
	}
	return form
}

// asks sends the form, and says where the card is to be left and where the promise is.
func (w *world) asks(at, who string) (card, promise string) {
	w.T.Helper()
	card = w.leads(w.Ask(0, at+"/join", w.form(at, who)), w.URL+"/stripe/")
	var token string
	w.must(w.DB.Get(&token, `select token from pledges where email = $1 order by id desc limit 1`, who+"@poste.example"))
	return card, "/pledge/" + token
}

// joins joins with a card, and comes back to the site.
func (w *world) joins(at, who, number string) (promise string) {
	w.T.Helper()
	where, promise := w.asks(at, who)
	w.leaves(where, number)
	if at := w.Ask(0, promise+"?kept=1", nil); at.Header().Get("Location") != promise {
		w.T.Fatalf("%s stays: %d, %.600s", who, at.Code, at.Body)
	}
	return promise
}

func (w *world) leaves(at, number string) {
	w.T.Helper()
	_, err := stripesandbox.Visitor{}.Pay(w.T.Context(), at, stripesandbox.Payer{Email: "a@poste.example", Name: "A", Card: number}, w.Clock.Now())
	w.must(err)
}

func personal(n int) string { return stripesandbox.PersonalCards()[n] }

// ends lets the deadline come and everything that follows.
func (w *world) ends() {
	w.T.Helper()
	w.Pass(10)
	w.sweeps()
}

func (w *world) sweeps() {
	w.T.Helper()
	for range 4 {
		w.must(w.Pledges.Sweep(w.T.Context()))
		w.Settle()
	}
}

// order is the path of the order of a promise.
func (w *world) order(promise string) string {
	w.T.Helper()
	p, err := w.Pledges.ByToken(w.T.Context(), strings.TrimPrefix(promise, "/pledge/"), i18n.FR)
	w.must(err)
	if p.Order == nil {
		w.T.Fatalf("the promise is %s, without an order", p.State)
	}
	return "/o/" + p.Order.Token
}

func (w *world) view(at string) pledges.View {
	w.T.Helper()
	v, err := w.Pledges.ByCode(w.T.Context(), strings.TrimPrefix(at, "/together/"), i18n.FR)
	w.must(err)
	return v
}
