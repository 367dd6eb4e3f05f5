package e2e_test

import (
	"strings"
	"testing"

	"relais/internal/demo"
)

// A poll, on phones: a brand asks what a shirt is to be like, Léa sees the price of her choice as she makes it, votes, and only then how it stands; the close comes, the brand
// says what it did, and Léa is told.
func TestPollOnPhones(t *testing.T) {
	brand := phone(t, "sondage-marque", "fr")
	brand.logsIn("guillaume@serres-morvelle.example", demo.Password)
	brand.goes("/brand/serres-morvelle/polls")
	brand.fits("the team's list")
	brand.shot("desk")
	brand.presses("Nouveau sondage")
	brand.reads("De quelle pièce s’agit-il")
	for field, value := range map[string]string{"title": "Un sécateur à nous", "text": "Forgé dans la Drôme, réparable.", "base": "42", "floor": "38", "days": "1", "answer_days": "10", "quorum": "1",
		"q.0.text": "Quel manche ?", "q.0.o.0.text": "Frêne", "q.0.o.0.effect": "2,10", "q.0.o.1.text": "Hêtre", "q.0.o.1.effect": "-1,50"} {
		brand.types(field, value)
	}
	brand.fits("the form of a poll")
	brand.shot("drafting")
	brand.presses("Enregistrer le brouillon")
	brand.reads("C’est enregistré")
	brand.fits("a draft")
	brand.shot("draft")
	desk := brand.path()
	evaluate[bool](brand, `(window.confirm = () => true, true)`)
	brand.presses("Ouvrir le vote")
	brand.reads("Vous découvrirez le résultat à la clôture")
	brand.fits("an open poll, for the team")
	brand.shot("opened")
	at := "/polls/" + desk[strings.LastIndex(desk, "/")+1:]

	guest := phone(t, "sondage-tom", "fr")
	guest.goes(at)
	guest.taps("[data-effect='-150']")
	guest.presses("Se connecter pour voter")
	guest.types("email", "tom@relais.example")
	guest.types("password", demo.Password)
	guest.pressesElement(`main form button[type=submit], main form button:not([type])`)
	guest.until("find their choice again", `document.querySelector("[data-effect='-150']")?.checked && document.querySelector("output").textContent.startsWith("40,50")`)
	guest.fits("the ballot with what was chosen before")
	guest.shot("kept")

	lea := phone(t, "sondage-lea", "fr")
	lea.logsIn("lea@relais.example", demo.Password)
	lea.goes("/polls")
	lea.reads("Un sécateur à nous")
	lea.fits("the list of polls")
	lea.shot("list")
	lea.goes(at)
	lea.reads("Le résultat se découvre quand on a voté")
	lea.until("see from what to what it goes", `/40,50.*44,10/.test(document.querySelector("#price").innerText.replace(/\s/g, " "))`)
	lea.taps("[data-effect='210']")
	lea.until("see the price of her choice", `document.querySelector("output").textContent.startsWith("44,10")`)
	lea.taps("[data-effect='-150']")
	lea.until("see the price of the other", `document.querySelector("output").textContent.startsWith("40,50")`)
	lea.fits("the ballot")
	lea.shot("ballot")
	lea.presses("Voter")
	lea.reads("Les votes jusqu’ici")
	lea.reads("1 vote compte")
	lea.fits("how the votes stand")
	lea.shot("voted")

	admin := desktop(t, "sondage-admin", "fr")
	admin.logsIn("admin@relais.example", demo.Password)
	admin.goes("/admin/polls")
	admin.fits("the platform's list")
	admin.shot("admin")
	admin.goes("/admin/clock")
	admin.presses("Avancer de 1 jour")
	admin.reads("Le temps a avancé")

	lea.goes(at)
	lea.reads("1 personne a décidé")
	lea.reads("40,50")
	lea.fits("what was decided")
	lea.shot("decided")
	brand.goes(desk)
	brand.types("answer", "Le hêtre est commandé. Les premiers arrivent en avril.")
	brand.fits("the answer")
	brand.shot("answering")
	evaluate[bool](brand, `(window.confirm = () => true, true)`)
	brand.presses("Publier la réponse")
	brand.reads("Votre réponse est publiée")
	lea.goes(at)
	lea.reads("Le hêtre est commandé")
	lea.shot("answered")
	lea.goes("/me/notices")
	lea.becomes("a répondu")
	lea.shot("told")
}
