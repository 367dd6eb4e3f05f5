package till_test

import (
	"fmt"
	"net/http"
	"testing"

	"relais/internal/app/apptest"
	"relais/internal/earnings"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/pos"
)

// What was typed at a counter has no page, so what the brand earned with it leads to none; what is in the catalogue does.
func TestEarningOfATypedAmount(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	id, err := w.Counter.Begin(ctx, pos.Beginning{Operation: "operation-of-a-basket", SellerID: w.shop.Owner, BrandID: w.shop.Brand, Place: pos.Fair, Country: "FR", Lang: i18n.FR})
	must(err)
	must(w.Counter.Put(ctx, w.shop.Owner, id, w.shop.Variant, 1))
	must(w.Counter.Type(ctx, w.shop.Owner, id, pos.Typed{Operation: "operation-of-a-typed-amount", Title: "Retouche", Price: money.New(1200, "EUR"), VATBps: 2000}))
	must(w.Counter.Show(ctx, w.shop.Owner, id))
	var token string
	must(w.DB.Get(&token, `select token from counter_sales where id = $1`, id))
	o, err := w.Counter.Agree(ctx, pos.Agreement{Token: token, Mark: "phone", Lang: i18n.FR})
	must(err)
	w.Pay(o, apptest.Good)
	w.Settle()
	list, err := earnings.OfOrder(ctx, w.DB, o.ID)
	must(err)
	for _, e := range list {
		link := "!href=\"/p/"
		if e.ProductTitle != "Retouche" {
			link = "href=\"/p/" + w.shop.Slug
		}
		w.Shows(w.Ask(w.shop.Owner, fmt.Sprintf("/brand/terre/earnings/%d", e.ID), nil), http.StatusOK, e.ProductTitle, link)
	}
	if len(list) != 2 {
		t.Errorf("%d earnings", len(list))
	}
}
