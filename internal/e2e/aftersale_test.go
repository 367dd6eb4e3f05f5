package e2e_test

import (
	"testing"

	"relais/internal/demo"
)

// A part of an order goes back, on phones, in French: the brand refunds one of two pieces, after it has seen what that costs
// whom; buyer, relay and brand see the same numbers. Then the buyer sends the other piece back.
func TestStoryOfAPartialRefund(t *testing.T) {
	buyer := phone(t, "retour-acheteuse", "fr")
	buyer.goes("/@lea")
	buyer.presses("Coussin")
	buyer.types("quantity", "2")
	buys(buyer, "Ajouter au panier", "Commander", "Commander avec obligation de paiement", address{
		email: "nadia.faure@poste.example", name: "Nadia Faure", street: "4 quai des Carmes", postcode: "49000", city: "Angers"})
	pays(buyer, "4242 4242 4242 4242")
	buyer.reads("Merci, Nadia Faure")
	order, number := buyer.path(), orderNumber(buyer)

	brand := phone(t, "retour-marque", "fr")
	brand.logsIn("mathilde@maison-brevane.example", demo.Password)
	path := "/brand/maison-brevane/orders/" + number
	brand.goes(path + "/refund")
	brand.shot("refund")
	brand.types(evaluate[string](brand, `document.querySelector("input[name^='line-']").name`), "1")
	brand.presses("Voir qui paie quoi")
	brand.reads("Qui le rend")
	brand.reads("Léa Marchetti")
	brand.shot("refund-check")
	brand.presses("Rembourser")
	brand.becomes("1 article remboursé")
	brand.reads("décidé par la marque")
	brand.shot("order")
	brand.goes(path + "/slip")
	brand.shot("slip")

	buyer.goes(order)
	buyer.becomes("Remboursé sur la carte qui a payé")
	buyer.reads("1 article remboursé")
	buyer.shot("partly-refunded")

	relay := phone(t, "retour-lea", "fr")
	relay.logsIn("lea@relais.example", demo.Password)
	earningOf(relay, "held", number)
	relay.reads("Ce qui a été rendu")
	relay.reads("arrondi vers le bas")
	relay.shot("earning")

	brand.goes(path)
	brand.types("carrier", "Colissimo")
	brand.presses("C’est parti")
	buyer.goes(order + "/withdraw")
	buyer.shot("withdraw")
	buyer.presses("Déclarer ma rétractation")
	buyer.shot("withdraw-check")
	buyer.presses("Confirmer la rétractation")
	buyer.reads("Votre rétractation est enregistrée")
	buyer.types("tracking", "6A 1234")
	buyer.presses("Je l’ai renvoyé")
	buyer.reads("Vous avez renvoyé les articles")
	buyer.shot("sent-back")
	buyer.goes(order)
	buyer.shot("coming-back")

	brand.goes("/brand/maison-brevane/orders?show=returns")
	brand.reads(number)
	brand.goes(path)
	brand.presses("Noter l’arrivée")
	brand.shot("return")
	brand.presses("C’est arrivé")
	brand.becomes("remboursée")
	brand.shot("all-refunded")
	buyer.goes(order)
	buyer.becomes("Commande remboursée")
	buyer.shot("refunded")
	holds(t)
}

// A bank takes a payment back, at a desk, in English: the brand answers it, the platform sees it.
func TestStoryOfADispute(t *testing.T) {
	buyer := desktop(t, "dispute-buyer", "en")
	buyer.goes("/@lea")
	buyer.presses("Washed linen cushion")
	buys(buyer, "Add to basket", "Check out", "Order and pay", address{
		email: "tom.hale@poste.example", name: "Tom Hale", street: "9 rue du Port", postcode: "56000", city: "Vannes"})
	pays(buyer, "4000 0000 0000 2685")
	buyer.reads("Thank you, Tom Hale")
	number := orderNumber(buyer)

	brand := desktop(t, "dispute-brand", "en")
	brand.logsIn("mathilde@maison-brevane.example", demo.Password)
	brand.goes("/brand/maison-brevane/disputes")
	brand.becomes(number)
	brand.shot("disputes")
	brand.presses(number)
	brand.reads("did not arrive")
	brand.types("text", "Sent on the day of the order with Colissimo; the carrier has a signature.")
	brand.shot("dispute")
	brand.presses("Check before sending")
	brand.reads("This is what the bank will read")
	brand.shot("answer")
	brand.presses("Send to the bank")
	brand.becomes("with the bank")
	brand.shot("answered")
	brand.goes("/brand/maison-brevane/orders/" + number)
	brand.shot("order")

	admin := desktop(t, "dispute-admin", "en")
	admin.logsIn("admin@relais.example", demo.Password)
	admin.goes("/admin/disputes")
	admin.reads(number)
	admin.goes("/admin/orders/" + number)
	evaluate[bool](admin, `[...document.querySelectorAll("details")].every(d => d.open = true)`)
	admin.shot("order")
	buyer.becomes("Your bank has the money")
	buyer.shot("order")
	holds(t)
}
