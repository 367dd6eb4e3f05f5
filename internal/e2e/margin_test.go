package e2e_test

import (
	"strings"
	"testing"

	"relais/internal/demo"
)

// A relay asks 2.40 on top of a brand's 13.00 and sees at once what is theirs; a friend sees it too, with the brand's own price, and pays it;
// margin and commission are earned, wait, come free and are paid out.
func TestMarginOnAPhone(t *testing.T) {
	relay := phone(t, "marge-relais", "fr")
	joins(relay, "Nina Courtois", "nina.courtois@poste.example")
	relay.goes("/products?q=pelle")
	relay.presses("Pelle à rempoter")
	relay.presses("Recommander et gagner")
	relay.reads("Ma marge")
	relay.reads("jusqu’à 2,60 € par pièce")
	relay.types("margin", "2,61") // a cent too much
	relay.reads("Au plus 2,60 €")
	relay.types("margin", "2,40")
	relay.reads("15,40 €") // without a page of its own: the sums follow what is typed
	relay.reads("3,62 €")  // 15 % of 10.83, and 2.40 without 20 % VAT
	relay.shot("typed")
	relay.presses("Afficher ce prix")
	relay.reads("C’est le prix de votre vitrine")
	relay.reads("15,40 €")
	link := evaluate[string](relay, `[...document.querySelectorAll("input, a, code, span")].map(e => e.value || e.href || e.textContent).find(s => /\/r\/[0-9A-Za-z]{6,12}$/.test(s || ""))`)
	relay.goes("/me/storefront")
	relay.reads("15,40 € dans votre vitrine, dont 2,40 € de marge")
	relay.shot("storefront")

	buyer := phone(t, "marge-amie", "fr")
	buyer.goes(link)
	buyer.reads("Nina Courtois gagne 3,62 € par pièce")
	buyer.reads("Au prix direct de Les Serres de Morvelle : 13,00 €")
	buyer.shot("product")
	buyer.presses("Ajouter au panier")
	buyer.goes("/cart")
	buyer.reads("15,40 €")
	buyer.reads("dont 2,40 € de marge de Nina Courtois")
	buyer.shot("cart")
	orders(buyer, "Commander", "Commander avec obligation de paiement", address{
		email: "ines.morel@poste.example", name: "Inès Morel", street: "3 rue des Lilas", postcode: "35000", city: "Rennes"})
	pays(buyer, "4242 4242 4242 4242")
	buyer.reads("Nina Courtois vous a conseillé")
	buyer.reads("dont 2,40 € de marge de Nina Courtois")
	buyer.shot("paid")

	relay.goes("/me/earnings")
	relay.reads("1,62 €")
	relay.reads("2,00 €")
	relay.shot("earnings")

	number := evaluate[string](buyer, `document.body.innerText.match(/R-[0-9A-Z]{7}/)[0]`)
	brand := phone(t, "marge-marque", "fr")
	brand.logsIn("guillaume@serres-morvelle.example", demo.Password)
	brand.goes("/brand/serres-morvelle/orders/" + number)
	brand.reads("dont 2,40 € de marge de la vitrine")
	brand.types("carrier", "Colissimo")
	brand.presses("C’est parti")
	brand.shot("sent")
	buyer.goes(buyer.path())
	buyer.presses("J’ai reçu ce colis")

	relay.goes("/me/payouts")
	relay.presses("Ouvrir mon compte")
	relay.presses("Tout confirmer")
	admin := phone(t, "marge-admin", "fr")
	admin.logsIn("admin@relais.example", demo.Password)
	paysOut(admin, "Nina Courtois")

	relay.goes("/me/earnings")
	relay.until("be paid", `document.body.innerText.toLowerCase().includes("versé") || (location.reload(), false)`)
	relay.goes("/me/payouts")
	relay.pressesElement(`main a[href^="/me/payouts/"]:not([href$=csv])`)
	relay.reads("3,62 €")
	if !strings.Contains(strings.ToLower(relay.text()), "marge") {
		t.Error("the statement does not name the margin")
	}
	relay.shot("statement")
	holds(t)
}
