package till_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"relais/internal/app/apptest"
	"relais/internal/earnings"
	"relais/internal/orders"
	"relais/internal/web/aftersale"
	"relais/internal/web/page"
	"relais/internal/web/till"
	"relais/internal/web/webtest"
)

// world is the pages over all of Relais, with a brand that sells a bowl for 120.00 (100.00 without VAT), another brand,
// and a member who recommends.
type world struct {
	*apptest.World
	*webtest.Visitors
	shop, other apptest.Shop
	lea, bruno  int64
}

func open(t *testing.T) *world {
	t.Helper()
	w := &world{World: apptest.New(t)}
	w.Visitors = webtest.New(t, w.DB, page.Options{BaseURL: w.URL, Now: w.Clock.Now, PaymentOrigins: []string{w.URL}}, nil)
	after := aftersale.New(aftersale.Options{Site: w.Site, DB: w.DB, Orders: w.Orders, Returns: w.Returns, Disputes: w.Disputes, Now: w.Clock.Now})
	after.Routes(w.Echo)
	till.New(till.Options{Site: w.Site, DB: w.DB, Orders: w.Orders, Aftersale: after, Payouts: w.Payouts, Now: w.Clock.Now, BaseURL: w.URL}).Routes(w.Echo)
	w.shop, w.other = w.Shop("terre", 12000, 50), w.Shop("verre", 5000, 50)
	w.lea, w.bruno = w.Member("lea"), w.Member("bruno")
	return w
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
