package e2e_test

import (
	"strings"
	"testing"

	"relais/internal/demo"
)

// A buyer asks about an order with a photograph; the brand answers from its inbox with a canned answer; the buyer answers by mail; the brand
// says that it is solved, and the buyer that they are pleased. All on phones.
func TestStoryOfAConversation(t *testing.T) {
	buyer := phone(t, "conversation-acheteuse", "fr")
	buyer.goes("/p/pelle-a-rempoter-vert-serre")
	buys(buyer, "Ajouter au panier", "Commander", "Commander avec obligation de paiement", address{
		email: "solene.riou@poste.example", name: "Solène Riou", street: "3 quai du Port", postcode: "44000", city: "Nantes"})
	pays(buyer, "4242 4242 4242 4242")
	buyer.reads("Merci, Solène Riou")
	number := orderNumber(buyer)
	buyer.pressesElement("#messages a")
	talk := buyer.path()
	buyer.fits("an empty conversation")
	buyer.shot("empty")
	buyer.types("body", "Cette pelle ira-t-elle avec mes pots ? Les voici.")
	buyer.chooses("input[type=file][name=photos]", "nathan-fertig-249917-unsplash.jpg")
	buyer.presses("Envoyer")
	buyer.reads("Message envoyé")
	buyer.reads("Réponse attendue au plus tard")
	buyer.until("see the photograph", `[...document.querySelectorAll(".message img")].some(i => { i.loading = "eager"; return i.complete && i.naturalWidth > 0 })`)
	buyer.shot("asked")

	brand := phone(t, "conversation-marque", "fr")
	brand.logsIn("guillaume@serres-morvelle.example", demo.Password)
	brand.goes("/brand/serres-morvelle/inbox?q=" + number)
	brand.reads("Cette pelle ira-t-elle")
	brand.shot("inbox")
	brand.presses("Solène Riou")
	brand.until("see the photograph", `[...document.querySelectorAll(".message img")].some(i => { i.loading = "eager"; return i.complete && i.naturalWidth > 0 })`)
	brand.presses("C’est parti")
	brand.fits("a conversation with a canned answer")
	if text := evaluate[string](brand, `document.querySelector("textarea[name=body]").value`); !strings.Contains(text, "Bonjour Solène") || !strings.Contains(text, number) {
		t.Errorf("the canned answer is %q", text)
	}
	brand.shot("canned")
	brand.pressesElement(`button[name=do][value=send]`)
	brand.reads("Le message est parti.")
	brand.reads("Attend l’acheteur")
	conversation := brand.path()

	buyer.goes("/dev/mail?to=solene.riou@poste.example")
	buyer.presses("vous écrit au sujet de la commande " + number)
	buyer.fits("a letter that can be answered")
	buyer.types("body", "Merci, c’est tout ce que je voulais savoir.")
	buyer.presses("Envoyer la réponse")
	buyer.reads("La réponse est arrivée.")
	buyer.goes(talk)
	buyer.reads("c’est tout ce que je voulais savoir")
	if text := buyer.text(); strings.Contains(text, "a écrit :") || strings.Contains(text, "##-") {
		t.Error("the mail's history is in the message")
	}
	buyer.shot("by-mail")

	brand.goes(conversation)
	brand.reads("par mail")
	brand.presses("C’est réglé")
	brand.reads("Conversation réglée.")
	brand.shot("solved")

	buyer.goes(talk)
	buyer.reads("Êtes-vous satisfait")
	buyer.pressesChoice(`input[name=pleased][value=yes]`)
	buyer.types("words", "Rapide et clair.")
	buyer.fits("the question at the end")
	buyer.shot("pleased")
	buyer.pressesElement(`#pleased form button`)
	buyer.reads("Merci, c’est noté.")
	brand.goes(conversation)
	brand.reads("L’acheteur est satisfait.")
	brand.reads("Rapide et clair.")
	holds(t)
}
