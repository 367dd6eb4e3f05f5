package shop_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"relais/internal/catalog"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/storefronts"
	"relais/internal/web/page"
)

// margins has Camille ask 3.00 more for the bowl of 24.00, of which the terms allow 20 %.
func (w *world) margins(minor int64) {
	w.t.Helper()
	terms := catalog.FirstTerms()
	terms.MarginBps = 2000
	_, err := w.catalog.OfferTerms(w.t.Context(), catalog.System, w.sud.ID, terms)
	w.ok(err)
	w.ok(storefronts.New(w.db, w.stripe.Clock.Now, nil).SetMargin(w.t.Context(), w.camille, w.bowl.ID, money.New(minor, "EUR")))
}

// The storefront shows its price, whose margin it includes and what they earn, to the cent, and the brand's own price with the way there;
// everywhere else the brand's price stays.
func TestStorefrontWithMargin(t *testing.T) {
	w := newWorld(t)
	w.margins(300)
	path := "/@camille/p/" + w.bowl.Slug
	w.get(path).is(http.StatusOK, "27,00", "Camille gagne 4,50", "2,00", "2,50", "3,00", "Le vendeur est Atelier du Sud", "Au prix direct de Atelier du Sud", "24,00", `href="/p/`+w.bowl.Slug+`"`,
		`product:price:amount" content="27.00"`, `"price":"27.00"`, `/@camille/p/`+w.bowl.Slug+`"`).lacks("achetez ici. Vous payez")
	w.get("/@camille").is(http.StatusOK, "27,00").lacks("24,00")
	for _, elsewhere := range []string{"/p/" + w.bowl.Slug, "/products", "/b/atelier-sud"} {
		w.get(elsewhere).is(http.StatusOK, "24,00").lacks("27,00")
	}
	// Her own price is the brand's.
	w.viewer = &page.Viewer{ID: w.camille, Handle: "camille", Name: "Camille", Lang: i18n.FR}
	w.get(path).is(http.StatusOK, "24,00", "Vos proches paient ici", "27,00", `product:price:amount" content="24.00"`)
	w.viewer = nil
	// From the basket to the order, the line says what of its price is whose margin.
	w.post("/cart", "product", w.bowl.Slug, "variant", id(w.bowl.Variants[0].ID), "quantity", "2", "storefront", "camille").is(http.StatusOK, "54,00", "6,00", "marge de Camille", "environ 9,00")
	w.get("/checkout").is(http.StatusOK, "54,00", "marge de Camille")
}

// A margin that changes is shown at once to guests, whose pages come from memory.
func TestMarginChangesKeptPages(t *testing.T) {
	w := newWorld(t)
	w.margins(300)
	w.poll()
	path := "/@camille/p/" + w.bowl.Slug
	for _, p := range []string{path, "/@camille"} {
		w.get(p).is(http.StatusOK, "27,00")
	}
	w.margins(400)
	w.poll()
	for _, p := range []string{path, "/@camille"} {
		w.get(p).is(http.StatusOK, "28,00")
	}
	w.db.MustExec(`insert into brand_members (brand_id, member_id, role) values ($1, $2, 'staff')`, w.sud.ID, w.camille)
	w.poll()
	w.get(path).is(http.StatusOK, "24,00").lacks("28,00", "marge")
}

// A reduction is announced by the storefront's own prices of 30 days.
func TestReductionOfAStorefront(t *testing.T) {
	w := newWorld(t)
	w.margins(100)
	draft := func(price int64) catalog.ProductDraft {
		return catalog.ProductDraft{Title: "Bol en grès", Category: "table", VATBps: 2000,
			Variants: []catalog.VariantDraft{{ID: w.bowl.Variants[0].ID, SKU: "BOL", PriceMinor: price, Stock: 5, StockSeen: 5}}}
	}
	w.later(5 * 24 * time.Hour)
	w.ok(w.catalog.EditProduct(t.Context(), catalog.System, w.sud.ID, w.bowl.ID, draft(2000)))
	w.get("/p/"+w.bowl.Slug).is(http.StatusOK, "Prix le plus bas", "24,00", "20,00")
	w.get("/@camille/p/"+w.bowl.Slug).is(http.StatusOK, "Prix le plus bas", "25,00", "21,00")
	w.later(24 * time.Hour)
	w.margins(400) // 24.00 again, while the brand asks 20.00: no reduction to announce in this storefront
	got := w.get("/@camille/p/"+w.bowl.Slug).is(http.StatusOK, "24,00")
	if strings.Contains(got.body, "Prix le plus bas") {
		t.Error("a reduction is announced that the margin has eaten")
	}
}

// What the brand sells decides whether its delivery is free, not what a storefront asks more.
func TestMarginDoesNotEarnFreeDelivery(t *testing.T) {
	w := newWorld(t)
	w.margins(300)
	w.db.MustExec(`update delivery_methods set price_minor = 590, free_from_minor = 5000 where brand_id = $1`, w.sud.ID)
	w.post("/cart", "product", w.bowl.Slug, "variant", id(w.bowl.Variants[0].ID), "quantity", "2", "storefront", "camille").is(http.StatusOK, "54,00")
	w.get("/checkout").is(http.StatusOK, "5,90", "59,90")
	w.post("/cart", "product", w.bowl.Slug, "variant", id(w.bowl.Variants[0].ID), "quantity", "1", "storefront", "camille").is(http.StatusOK, "81,00")
	w.get("/checkout").is(http.StatusOK, "Livraison offerte", "81,00").lacks("5,90")
}

// Who resells says as what, in the storefront and on its product pages, and nowhere else; the seller stays the brand. Kept pages learn of it.
func TestWhatAResellerIs(t *testing.T) {
	w := newWorld(t)
	pages := []string{"/@camille", "/@camille/p/" + w.bowl.Slug}
	for _, p := range pages { // she recommends, and said nothing
		w.get(p).is(http.StatusOK).lacks("agit ici")
	}
	w.margins(300)
	w.poll()
	for _, p := range pages { // without a word, she is a private person
		w.get(p).is(http.StatusOK, "Camille agit ici en particulier", "Le vendeur est toujours la marque").lacks("en professionnel")
	}
	says := func(s storefronts.Status) {
		w.ok(storefronts.New(w.db, w.stripe.Clock.Now, nil).SayStatus(t.Context(), w.camille, s))
		w.poll()
	}
	says(storefronts.Status{Trader: true, LegalName: "Camille <EI>", Address: "1 rue du Bac\n75007 Paris", Registration: "SIREN 123 456 789"})
	for _, p := range pages {
		w.get(p).is(http.StatusOK, "Camille agit ici en professionnel", "Camille &lt;EI&gt;", "75007 Paris", "immatriculation SIREN 123 456 789", "Le vendeur est toujours la marque").lacks("en particulier")
	}
	w.get("/p/"+w.bowl.Slug).is(http.StatusOK).lacks("agit ici", "SIREN")
	says(storefronts.Status{})
	w.margins(0)
	w.poll()
	for _, p := range pages { // she said so
		w.get(p).is(http.StatusOK, "Camille agit ici en particulier")
	}
}
