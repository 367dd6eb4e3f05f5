package e2e_test

import (
	"strings"
	"testing"

	"relais/internal/demo"
)

// An idea, on phones: a member proposes it with a sketch, others support it until there are enough, the brand answers in public and attaches the product that it made, whose
// page says whose idea it was.
func TestStoryOfAnIdea(t *testing.T) {
	brand := phone(t, "idee-marque", "fr")
	brand.logsIn("mathilde@maison-brevane.example", demo.Password)
	brand.goes("/brand/maison-brevane/ideas/settings")
	brand.fits("how the brand takes ideas")
	brand.types("threshold", "5")
	brand.presses("Enregistrer")
	brand.reads("Vos réglages sont enregistrés")

	author := phone(t, "idee-auteur", "fr")
	author.logsIn("ines@relais.example", demo.Password)
	author.goes("/")
	author.goes("/b/maison-brevane")
	author.presses("idée ouverte")
	author.presses("Proposer une idée")
	author.fits("the form of an idea")
	author.types("title", "Un canapé pour le chat")
	author.types("text", "Le même, en tout petit, avec le velours des chutes. Le mien dort déjà sur le vôtre.")
	author.chooses("input[type=file][name=photos]", "nathan-fertig-249917-unsplash.jpg")
	author.shot("form")
	author.presses("Proposer cette idée")
	author.reads("Votre idée est en ligne")
	author.fits("one's own idea")
	author.shot("proposed")
	at := author.path()

	var last *person
	for i, name := range []string{"lea", "bakary", "camille", "tom", "odile"} {
		last = phone(t, "idee-"+name, "fr")
		last.logsIn(name+"@relais.example", demo.Password)
		last.goes(at)
		if i == 0 {
			last.fits("an idea to support")
			last.types("text", "Avec un coussin qui se lave, et je signe.")
			last.presses("Publier")
			last.reads("Votre commentaire est publié")
		}
		last.presses("Soutenir cette idée")
		last.reads("Merci pour votre soutien")
	}
	last.reads("Attend sa réponse")
	last.fits("an idea that was reached")
	last.shot("reached")

	brand.goes("/brand/maison-brevane/ideas")
	brand.reads("Un canapé pour le chat")
	brand.fits("the desk of ideas")
	brand.shot("desk")
	brand.presses("Un canapé pour le chat")
	brand.fits("the form of an answer")
	brand.pressesChoice(`input[name=answer][value="yes"]`)
	brand.types("reason", "Nos chutes de velours n’attendaient que cela. Il arrive au printemps.")
	brand.shot("answer")
	evaluate[bool](brand, `(window.confirm = () => true, true)`)
	brand.presses("Publier la réponse")
	brand.reads("Votre réponse est publiée")
	evaluate[bool](brand, `(() => { const s = document.querySelector("select[name=product]"); s.selectedIndex = [...s.options].findIndex(o => /cavalier/i.test(o.text)); return s.selectedIndex > 0 })()`)
	brand.presses("Rattacher")
	brand.reads("Le produit est rattaché")

	reader := phone(t, "idee-lectrice", "fr")
	reader.goes("/p/canape-cavalier-cuir-cognac")
	reader.reads("D’une idée de Inès")
	reader.reads("soutenue par 5 personnes")
	reader.fits("a product that was an idea")
	reader.shot("product")
	reader.presses("Voir l’idée")
	if got := reader.path(); got != at {
		t.Errorf("the product leads to %s", got)
	}
	reader.reads("Le produit est là")
	if !strings.Contains(reader.text(), "Nos chutes de velours") {
		t.Error("the answer is not read")
	}
	reader.fits("an idea that was made")
	reader.shot("made")
	holds(t)
}
