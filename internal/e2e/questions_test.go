package e2e_test

import (
	"fmt"
	"strings"
	"testing"

	"relais/internal/demo"
)

// A public question, on phones: asked from a friend's storefront after similar ones were shown, answered by an earlier buyer with a badge, and by the
// brand at its desk, which pins the buyer's; a third member marks it as helpful, and a guest reads it all.
func TestStoryOfAQuestion(t *testing.T) {
	asker := phone(t, "question-pose", "fr")
	asker.logsIn("claire@relais.example", demo.Password)
	asker.goes("/@yvonne/p/pelle-a-rempoter-vert-serre")
	asker.reads("Le manche convient-il à une petite main ?")
	asker.reads("Les Serres de Morvelle répond d’habitude sous")
	asker.shot("product")
	asker.presses("Poser une question")
	asker.fits("the form that asks")
	asker.types("title", "Passe-t-elle au lave-vaisselle tous les jours ?")
	asker.types("details", "Je m’en sers à l’atelier, avec de l’argile.")
	asker.presses("Publier ma question")
	asker.reads("Peut-être déjà répondu")
	asker.reads("sans perdre son vert")
	asker.fits("similar questions")
	asker.shot("similar")
	asker.types("title", "Convient-elle pour de l’argile mouillée ?")
	asker.presses("Poser ma question quand même")
	asker.reads("Votre question est publiée")
	if !asker.has(`a[href^="/@yvonne/p/pelle-a-rempoter-vert-serre"]`) || !asker.has(`a[href*="/questions?from=yvonne"]`) {
		t.Error("the way back to the storefront is lost")
	}
	asker.fits("one's own question")
	asker.shot("asked")
	question := asker.path()
	number := question[strings.LastIndex(question, "/")+1:]

	buyer := phone(t, "question-acheteur", "fr")
	buyer.logsIn("mehdi@relais.example", demo.Password)
	buyer.goes(question)
	buyer.types("body", "Oui, elle se rince en deux secondes, rien ne colle.")
	buyer.fits("the form that answers")
	buyer.shot("answer")
	buyer.presses("Répondre")
	buyer.reads("Votre réponse est publiée")
	buyer.reads("L’a acheté")
	answer := evaluate[string](buyer, `location.hash`)

	brand := phone(t, "question-marque", "fr")
	brand.logsIn("guillaume@serres-morvelle.example", demo.Password)
	brand.goes("/brand/serres-morvelle/questions")
	brand.reads("Convient-elle pour de l’argile mouillée ?")
	brand.fits("the desk of a brand")
	evaluate[bool](brand, fmt.Sprintf(`(() => { document.querySelector("#q-%s textarea").value = "Oui : le polypropylène ne retient rien. Évitez seulement de la tordre."; return true })()`, number))
	brand.shot("desk")
	brand.pressesElement("#q-" + number + " form button")
	brand.reads("Votre réponse est publiée")
	brand.goes(question)
	brand.pressesElement(answer + ` form[action*="/pin"] button`)
	brand.reads("Les Serres de Morvelle dit de même")
	brand.fits("a question for its brand")

	third := phone(t, "question-tiers", "fr")
	third.logsIn("camille@relais.example", demo.Password)
	third.goes(question)
	third.pressesElement(answer + ` form[action*="/helpful"] button`)
	third.reads("utile à 1 personne")
	third.shot("helped")

	asker.goes("/me/notices")
	asker.reads("Les Serres de Morvelle répond à votre question")
	asker.reads("Une réponse à votre question")

	guest := phone(t, "question-invite", "en")
	guest.goes("/p/pelle-a-rempoter-vert-serre/questions?q=argile")
	guest.reads("Convient-elle pour de l’argile mouillée ?")
	guest.fits("a search")
	guest.shot("search")
	guest.goes(question)
	guest.reads("Bought it")
	guest.reads("The brand")
	guest.reads("rien ne colle")
	guest.reads("helped 1 person")
	guest.fits("a question")
	guest.shot("read")
	holds(t)
}
