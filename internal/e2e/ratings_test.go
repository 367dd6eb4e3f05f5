package e2e_test

import (
	"fmt"
	"strings"
	"testing"

	"relais/internal/demo"
)

// A guest buys in a friend's storefront, receives, rates with a photograph and thanks; the brand replies; both are read on the product's page
// and in the storefront, which its owner then arranges.
func TestStoryOfARating(t *testing.T) {
	buyer := phone(t, "avis-acheteuse", "fr")
	buyer.goes("/@yvonne/p/pelle-a-rempoter-vert-serre")
	buyer.reads("Achat vérifié")
	buys(buyer, "Ajouter au panier", "Commander", "Commander avec obligation de paiement", address{
		email: "perrine.aubry@poste.example", name: "Perrine Aubry", street: "4 rue des Glycines", postcode: "35000", city: "Rennes"})
	pays(buyer, "4000 0566 5566 5556")
	buyer.reads("Yvonne Le Goff vous a conseillé")
	order := buyer.path()
	number := evaluate[string](buyer, `document.body.innerText.match(/R-[0-9A-Z]{7}/)[0]`)
	if strings.Contains(buyer.text(), "Donner mon avis") {
		t.Error("a rating is asked for before anything came")
	}

	brand := phone(t, "avis-marque", "fr")
	brand.logsIn("guillaume@serres-morvelle.example", demo.Password)
	brand.goes("/brand/serres-morvelle/orders/" + number)
	brand.types("carrier", "Colissimo")
	brand.types("tracking", "6A98765432101")
	brand.presses("C’est parti")

	buyer.goes(order)
	buyer.presses("J’ai reçu ce colis")
	buyer.shot("order")
	buyer.presses("Donner mon avis")
	buyer.fits("the form of a rating")
	buyer.pressesChoice(`input[name=stars][value="4"]`)
	buyer.types("title", "Une pelle pour la vie")
	buyer.types("body", "Elle tranche les racines sans forcer, et le manche ne glisse pas sous la pluie.")
	buyer.chooses("input[type=file][name=photos]", "nathan-fertig-249917-unsplash.jpg")
	buyer.shot("rate")
	buyer.presses("Publier mon avis")
	buyer.reads("Merci, votre avis est enregistré.")
	buyer.presses("Dire merci")
	buyer.types("body", "Merci Yvonne, elle est parfaite.")
	buyer.fits("the form of thanks")
	buyer.presses("Écrire dans le livre d’or")
	buyer.reads("Votre mot est dans le livre d’or")
	buyer.shot("rated")

	brand.goes("/brand/serres-morvelle/ratings?show=open")
	brand.reads("Une pelle pour la vie")
	brand.types("reply", "Merci Perrine, au plaisir de vous revoir aux serres.")
	brand.shot("reply")
	brand.presses("Répondre")
	brand.reads("Votre réponse est publiée.")

	reader := phone(t, "avis-lectrice", "fr")
	for _, path := range []string{"/p/pelle-a-rempoter-vert-serre", "/@yvonne/p/pelle-a-rempoter-vert-serre"} {
		reader.goes(path)
		reader.reads("Une pelle pour la vie")
		reader.reads("Merci Perrine, au plaisir")
		reader.reads("Perrine A.")
		reader.until("see the photograph", `[...document.querySelectorAll("#ratings .rating-photos img")].some(i => { i.loading = "eager"; return i.complete && i.naturalWidth > 0 })`)
		reader.shot("product")
	}
	reader.goes("/@yvonne")
	reader.reads("Merci Yvonne, elle est parfaite.")

	owner := phone(t, "avis-vitrine", "fr")
	owner.logsIn("yvonne@relais.example", demo.Password)
	owner.goes("/me/storefront")
	owner.presses("Apparence et congés")
	owner.pressesChoice(`input[name=theme][value="plum"]`)
	owner.presses("Garder ces couleurs")
	owner.goes("/me/storefront/collections")
	owner.types("name", "Mes outils")
	owner.presses("Créer la collection")
	owner.reads("Collection créée")
	owner.shot("collections")
	evaluate[bool](owner, `(() => { const s = document.querySelector("form[action^='/me/storefront/shelf/'] select"); s.selectedIndex = s.options.length - 1; return true })()`)
	owner.pressesElement(`form[action^="/me/storefront/shelf/"]:has(select) button`)
	owner.shot("shelved")
	reader.goes("/@yvonne")
	reader.reads("Mes outils")
	if got := evaluate[string](reader, `getComputedStyle(document.documentElement).getPropertyValue("--accent").trim()`); got != "#8a1f67" {
		t.Errorf("the accent of the storefront is %s", got)
	}
	reader.shot("storefront")
	reader.goes("/products")
	if got := evaluate[string](reader, `getComputedStyle(document.documentElement).getPropertyValue("--accent").trim()`); got != "#c2321a" {
		t.Errorf("the accent of the market is %s", got)
	}
	holds(t)
}

// pressesChoice chooses a radio button by its selector, which leads nowhere.
func (p *person) pressesChoice(selector string) {
	p.t.Helper()
	if !evaluate[bool](p, `(() => { const e = document.querySelector(`+quote(selector)+`); if (!e) return false; e.click(); return e.checked })()`) {
		p.lost("choose "+selector, fmt.Errorf("it is not there"))
	}
}
