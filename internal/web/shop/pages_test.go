package shop_test

import (
	"net/http"
	"strings"
	"testing"

	"relais/internal/catalog"
	"relais/internal/web/page"
)

// TestPagesInBothLanguages opens every page that needs no order, as a guest and as a member.
func TestPagesInBothLanguages(t *testing.T) {
	w := newWorld(t)
	pages := map[string][2]string{ // path → words in French and English
		"/":                              {"on le fait passer", "we pass on"},
		"/products":                      {"Tous les produits", "All products"},
		"/products?q=bol&category=table": {"Bol en grès", "Bol en grès"},
		"/products?q=xyzzy":              {"Rien ne correspond", "Nothing matches"},
		"/p/" + w.bowl.Slug:              {"14 jours pour changer d’avis", "14 days to change your mind"},
		"/p/" + w.shirt.Slug:             {"Plus que 2 en stock", "Only 2 left"},
		"/brands":                        {"Les marques", "The brands"},
		"/b/atelier-sud":                 {"Ce qu’elle offre aux relais", "What it offers to relays"},
		"/@camille":                      {"Publicité", "Ad"},
		"/@odile":                        {"est vide", "is empty"},
		"/@camille/p/" + w.bowl.Slug:     {"touche une commission de", "earns a commission of"},
		"/cart":                          {"Votre panier est vide", "Your basket is empty"},
		"/help":                          {"Comment ça marche", "How it works"},
		"/legal":                         {"Mentions légales", "Legal notice"},
	}
	for i, lang := range []string{"fr", "en"} {
		w.client = w.buyer(lang)
		for _, viewer := range []*page.Viewer{nil, {ID: w.camille, Handle: "camille", Name: "Camille", Email: "camille@example.org"}} {
			w.viewer = viewer
			for path, words := range pages {
				if viewer != nil && strings.HasPrefix(path, "/@camille/p/") {
					continue // her own storefront says something else
				}
				w.get(path).is(http.StatusOK, words[i], `<html lang="`+lang+`"`)
			}
		}
	}
}

func TestProductPage(t *testing.T) {
	w := newWorld(t)
	w.get("/p/"+w.bowl.Slug).is(http.StatusOK, "24,00 €", "TVA comprise", "Atelier du Sud SARL", "3 rue des Potiers", "Ne va pas au four", "Point relais", "3,90 €",
		"Professionnel", "Recommander et gagner 2,00 €", `/share?product=`+w.bowl.Slug, "Camille", "Celui de mon petit déjeuner",
		`<link rel="canonical" href="`+w.url+`/p/`+w.bowl.Slug, `property="og:image" content="`+w.url+`/p/`+w.bowl.Slug+`/card.jpg?lang=fr&amp;v=`, `"@type":"Product"`, `"price":"24.00"`).
		lacks("Publicité.</strong>", "price-down")
	w.get("/p/"+w.shirt.Slug).is(http.StatusOK, "dès 49,00 €", "54,00 €", "Épuisé", `"lowPrice":"49.00"`)
	w.get("/p/nothing").is(http.StatusNotFound)
}

func TestAReductionShowsTheLowestPriceOfThirtyDays(t *testing.T) {
	w := newWorld(t)
	d := catalog.ProductDraft{Title: w.bowl.Title, VATBps: 2000, Variants: []catalog.VariantDraft{{ID: w.bowl.Variants[0].ID, PriceMinor: 1900, Stock: 5, StockSeen: 5, CompareAtMinor: 9900}}}
	w.later(40 * 24 * hour)
	w.ok(w.catalog.EditProduct(t.Context(), catalog.System, w.sud.ID, w.bowl.ID, d))
	w.get("/p/"+w.bowl.Slug).is(http.StatusOK, "19,00 €", "Prix le plus bas des 30 derniers jours : 24,00 €").lacks("99,00")
}

func TestWhatCannotBeSeenIsNotFound(t *testing.T) {
	w := newWorld(t)
	w.ok(w.catalog.MoveProduct(t.Context(), catalog.System, w.sud.ID, w.shirt.ID, catalog.Draft))
	w.get("/p/" + w.shirt.Slug).is(http.StatusNotFound)
	w.get("/@camille/p/" + w.shirt.Slug).is(http.StatusNotFound)
	w.post("/cart", "product", w.shirt.Slug, "variant", id(w.shirt.Variants[0].ID), "quantity", "1").is(http.StatusNotFound)
	if _, err := w.db.Exec(`update brands set blocked_at = now() where id = $1`, w.nord.ID); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/b/forge-nord", "/p/" + w.ax.Slug, "/b/nobody", "/@nobody", "/@nobody/p/x", "/p/%00", "/@%ff", "/products?q=%00", "/o/NOSUCHTOKEN", "/o/NOSUCHTOKEN/receipt", "/o/NOSUCHTOKEN/withdraw"} {
		w.get(path).is(http.StatusNotFound)
	}
	w.get("/products").is(http.StatusOK).lacks("Hachette")
}

func TestAStorefrontShowsOnlyWhatItsMemberRecommends(t *testing.T) {
	w := newWorld(t)
	if a := w.get("/@camille/p/" + w.ax.Slug).is(http.StatusOK); a.path != "/p/"+w.ax.Slug {
		t.Errorf("led to %s", a.path)
	}
	if a := w.get("/@nobody/p/" + w.bowl.Slug).is(http.StatusOK); a.path != "/p/"+w.bowl.Slug {
		t.Errorf("led to %s", a.path)
	}
	a := w.get("/@camille/p/"+w.bowl.Slug+"?c=CLICK").is(http.StatusOK, "Publicité", "Camille touche une commission de 2,00 €", "Celui de mon petit déjeuner")
	if a.field("storefront") != "camille" || a.field("c") != "CLICK" {
		t.Error("the form does not carry storefront and click")
	}
	w.viewer = &page.Viewer{ID: w.camille, Handle: "camille", Name: "Camille"}
	w.get("/@camille/p/"+w.bowl.Slug).is(http.StatusOK, "C’est votre vitrine")
	w.get("/@camille").is(http.StatusOK, "Arranger ma vitrine")
}

func TestABrandOpenedByALinkSaysWhoEarnsAndKeepsTheClick(t *testing.T) {
	w := newWorld(t)
	token := w.click().Token
	w.get("/b/atelier-sud").is(http.StatusOK, "/p/"+w.bowl.Slug).lacks("Publicité.", "?c=")
	w.get("/b/atelier-sud?c="+token).is(http.StatusOK, "Publicité.", "Camille", "/p/"+w.bowl.Slug+"?c="+token)
	w.get("/b/atelier-sud?c=unknown").is(http.StatusOK).lacks("Publicité.")
	a := w.get("/p/"+w.shirt.Slug+"?c="+token).is(http.StatusOK, "Publicité.", "Camille touche une commission")
	if a.field("c") != token {
		t.Error("the form does not carry the click")
	}
}

func TestCatalogueFiltersAndKeepsWhatWasTyped(t *testing.T) {
	w := newWorld(t)
	w.get("/products?q=achette").is(http.StatusOK, "Hachette de camp", "s’en approche")
	w.get("/products?brand=atelier-sud").is(http.StatusOK, "Bol en grès", "Tablier").lacks("Hachette")
	w.get("/products?min=50&max=100").is(http.StatusOK, "Hachette", `value="50"`, `value="100"`).lacks("Bol en")
	w.get("/products?category=mode&stock=yes&sort=-price").is(http.StatusOK, "Tablier", `selected`, "Mode")
	w.get("/products?min=cher").is(http.StatusOK, `value="cher"`, "Écrivez un prix", "Bol en grès")
	w.get("/products?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E").is(http.StatusOK).lacks("<script>alert(1)")
	w.get("/products?page=7&brand=no&category=no&sort=%27--").is(http.StatusOK, "Rien ne correspond")
}

func TestHomeShowsWhoRecommends(t *testing.T) {
	w := newWorld(t)
	home := w.get("/").is(http.StatusOK, "Publicité", "/@camille/p/"+w.bowl.Slug, "/@camille\"", "Atelier du Sud", "10 % par vente")
	w.viewer = &page.Viewer{ID: w.camille, Handle: "camille", Name: "Camille"}
	w.get("/products").is(http.StatusOK, "2,00 € pour vous")
	if strings.Contains(home.text(), "pour vous") {
		t.Error("a guest is shown what a member would earn")
	}
}
