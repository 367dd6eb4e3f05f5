package shop_test

import (
	"net/http"
	"testing"

	"relais/internal/catalog"
	"relais/internal/catalog/steps"
	"relais/internal/i18n"
	"relais/internal/web/page"
)

// steps has the brand offer two steps for all its products, with a margin of 20 % at most.
func (w *world) steps() {
	w.t.Helper()
	terms := catalog.FirstTerms()
	terms.MarginBps, terms.Steps = 2000, steps.Steps{{People: 5, LessBps: 1000}, {People: 12, LessBps: 1250}}
	_, err := w.catalog.OfferTerms(w.t.Context(), catalog.System, w.sud.ID, terms)
	w.ok(err)
}

// A product says what it costs several people together, and where such an order is opened. It is the price of a group, not a reduction of the product's.
func TestProductSaysItsStepsOfPrice(t *testing.T) {
	w := newWorld(t)
	path := "/p/" + w.bowl.Slug
	w.get(path).is(http.StatusOK).lacks("À plusieurs", path+"/together")
	w.steps()
	w.get(path).is(http.StatusOK, "24,00 €", "À plusieurs : dès 5 personnes, 10 % de moins, soit 21,60 €", "dès 12 personnes, 12,5 % de moins, soit 21,00 €",
		`href="`+path+`/together"`, `"price":"24.00"`, `product:price:amount" content="24.00"`).lacks("price-down", "<s>", "Prix le plus bas", `"21.60"`, "lowPrice")
	w.get("/p/"+w.shirt.Slug).is(http.StatusOK, "dès 5 personnes, 10 % de moins, soit dès 44,10 €")
	w.get("/p/"+w.ax.Slug).is(http.StatusOK).lacks("À plusieurs", "together") // another brand
	w.get("/b/atelier-sud").is(http.StatusOK, "À plusieurs", "dès 5 : 10 % de moins, dès 12 : 12,5 % de moins", "La commission se calcule alors sur le prix qu’ils paient")
	w.client = w.buyer("en")
	w.get(path).is(http.StatusOK, "Together: from 5 people, 10% less, so €21.60", "Order together")
}

// In a storefront the steps are off the brand's price, whatever the storefront puts on it, and the order knows where its opener came from.
func TestStorefrontSaysItsStepsOfPrice(t *testing.T) {
	w := newWorld(t)
	path := "/@camille/p/" + w.bowl.Slug
	together := `href="/p/` + w.bowl.Slug + `/together?from=camille"`
	w.steps()
	w.get(path).is(http.StatusOK, "À plusieurs : dès 5 personnes, 10 % de moins, soit 21,60 €", together)
	w.db.MustExec(`update listings set margin_minor = 300, margin_currency = 'EUR' where member_id = $1`, w.camille)
	w.get(path).is(http.StatusOK, "27,00 €", "dès 5 personnes, 10 % de moins que le prix de Atelier du Sud, soit 21,60 €", together).lacks("24,30")
	w.viewer = &page.Viewer{ID: w.camille, Handle: "camille", Name: "Camille", Lang: i18n.FR}
	w.get(path).is(http.StatusOK, "À plusieurs : dès 5 personnes, 10 % de moins, soit 21,60 €", together)
}

// Steps that change are shown at once to guests, whose pages come from memory.
func TestStepsChangeKeptPages(t *testing.T) {
	w := newWorld(t)
	w.poll()
	for _, path := range []string{"/p/" + w.bowl.Slug, "/@camille/p/" + w.bowl.Slug} {
		w.get(path).is(http.StatusOK).lacks("À plusieurs")
	}
	w.steps()
	w.poll()
	for _, path := range []string{"/p/" + w.bowl.Slug, "/@camille/p/" + w.bowl.Slug} {
		w.get(path).is(http.StatusOK, "21,60")
	}
}
