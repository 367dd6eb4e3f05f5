package shop_test

import (
	"net/http"
	"testing"

	"relais/internal/catalog"
)

// abroad is a product of a brand that sells in pounds.
func (w *world) abroad() catalog.ProductPage {
	w.t.Helper()
	b := w.brand(w.member("ada"), "dimmock", "Dimmock")
	w.ok(w.catalog.SetCurrency(w.t.Context(), catalog.System, b.ID, "GBP"))
	_, err := w.catalog.PutDelivery(w.t.Context(), catalog.System, b.ID, catalog.DeliveryMethod{BrandID: b.ID, Name: "Post", PriceMinor: 450, DaysMin: 3, DaysMax: 5,
		Countries: []string{"FR"}, Active: true})
	w.ok(err)
	return w.product(b, catalog.ProductDraft{Title: "Lampe", Category: "table", VATBps: 2000, Variants: []catalog.VariantDraft{{PriceMinor: 3000, Stock: 9}}})
}

func TestBasketHoldsOneCurrency(t *testing.T) {
	w := newWorld(t)
	lamp := w.abroad()
	w.get("/p/"+lamp.Slug).is(http.StatusOK, "30,00 £", "4,50 £")
	w.add(w.bowl, "2")
	w.add(lamp, "1").is(http.StatusOK, "Commandez d’abord votre panier", "Bol en grès", "48,00 €", "Commander").lacks("Lampe</a>")
	order, _ := w.buy()
	order.is(http.StatusOK, "51,90 €")
	w.add(lamp, "1").is(http.StatusOK, "Lampe", "30,00 £")
	order, token := w.buy()
	order.is(http.StatusOK, "34,50 £", "Factures")
	w.get("/o/"+token+"/receipt").is(http.StatusOK, "34,50 £")
}

// A brand changes its currency while its goods lie in a basket with others: everything stays, and the basket says what to do.
func TestBasketThatCameToHoldTwoCurrencies(t *testing.T) {
	w := newWorld(t)
	w.add(w.bowl, "1")
	w.add(w.ax, "1")
	if _, err := w.db.Exec(`update products set currency = 'GBP' where id = $1`, w.ax.ID); err != nil {
		t.Fatal(err)
	}
	w.get("/cart").is(http.StatusOK, "Deux monnaies dans un panier", "euro, livre sterling", "Bol en grès", "Hachette", "24,00 €", "89,00 £").lacks(`href="/checkout"`)
	if to := w.get("/checkout").path; to != "/cart" {
		t.Errorf("the checkout led to %s", to)
	}
	w.post("/cart/lines/"+id(w.ax.Variants[0].ID), "quantity", "0").is(http.StatusOK, "24,00 €", `href="/checkout"`).lacks("Deux monnaies")
	w.get("/products?max=100").is(http.StatusOK, "Bol en grès").lacks("Hachette")
}

func TestDocumentsOfAnOrderAreForWhoeverHasItsAddress(t *testing.T) {
	w := newWorld(t)
	w.add(w.bowl, "1")
	_, token := w.buy()
	w.add(w.ax, "1")
	_, other := w.buy()
	w.get("/o/"+token).is(http.StatusOK, "La facture paraît ici")
	w.ok(w.documents.Sweep(t.Context(), w.stripe.Clock.Now().AddDate(0, 0, -2)))
	w.get("/o/"+token).is(http.StatusOK, "ATELIER-SUD-2", "/invoices/ATELIER-SUD-")
	w.get("/o/"+token+"/receipt").is(http.StatusOK, "ATELIER-SUD-2")
	var number string
	w.ok(w.db.Get(&number, `select number from documents where order_id = (select id from orders where token = $1)`, token))
	file := w.get("/o/" + token + "/invoices/" + number + ".pdf").is(http.StatusOK)
	if file.header.Get("Content-Type") != "application/pdf" || file.header.Get("Cache-Control") != "private, no-store" || file.body[:5] != "%PDF-" {
		t.Errorf("%v", file.header)
	}
	for _, path := range []string{"/o/" + other + "/invoices/" + number + ".pdf", "/o/" + token + "/invoices/" + number, "/o/" + token + "/invoices/none.pdf", "/o/NOSUCHTOKEN/invoices/" + number + ".pdf"} {
		w.get(path).is(http.StatusNotFound)
	}
}
