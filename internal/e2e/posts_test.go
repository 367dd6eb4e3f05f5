package e2e_test

import (
	"strings"
	"testing"

	"relais/internal/demo"
)

// One contribution for all circles, on phones, in French: from a photograph to a post in three circles of both spheres and two networks, in
// few taps; a friend in one circle follows that circle's link, with the site's service worker at work, and buys; the author sees the order under
// that circle, and nowhere else.
func TestStoryOfOnePostInThreeCircles(t *testing.T) {
	lea := phone(t, "post-lea", "fr")
	lea.logsIn("lea@relais.example", demo.Password)
	lea.goes("/feed")
	lea.reads("Mon fil")
	lea.shot("feed")

	// Taps are counted from here: the form, the photograph, the words, the product, five boxes, publish, then two steps of two taps each.
	taps := 0
	tap := func(do func()) { taps++; do() }
	tap(func() { lea.presses("Écrire") })
	tap(func() { lea.chooses("input[name=file]", "nathan-fertig-249917-unsplash.jpg") })
	tap(func() { lea.types("text", "Le coussin du canapé rouge : lavé vingt fois, toujours aussi doux.") })
	tap(func() { lea.types("q", "coussin lin") })
	lea.until("find the cushion", `[...document.querySelectorAll("#picks label")].some(l => l.innerText.includes("Coussin"))`)
	tap(func() { lea.ticks("Coussin") })
	for _, box := range []string{"Les voisins du 12", "Jardins et balcons", "Réseau archi Rhône", "WhatsApp", "LinkedIn"} {
		tap(func() { lea.ticks(box) })
	}
	lea.shot("form")
	tap(func() { lea.presses("Publier") })
	lea.reads("Partager sur vos réseaux")
	lea.reads("0 sur 2")
	queue := lea.path()
	lea.fits("the share queue")
	lea.shot("queue")
	for _, network := range []string{"whatsapp", "linkedin"} {
		tap(func() {
			href := evaluate[string](lea, `document.querySelector("#s-`+network+` a.button-main").href`)
			if !strings.Contains(href, "%2Fr%2F") || network == "whatsapp" && !strings.Contains(href, "Publicit%C3%A9") {
				t.Errorf("%s opens %s", network, href)
			}
		})
		tap(func() { lea.pressesElement(`#s-` + network + ` button[name=done]`) })
	}
	lea.reads("2 sur 2")
	if taps > 15 {
		t.Errorf("%d taps for three circles and two networks", taps)
	}
	lea.goes(queue) // nothing is lost when one comes back
	lea.reads("2 sur 2")
	own := strings.TrimSuffix(queue, "/share")
	lea.goes(own)
	lea.reads("Les voisins du 12")
	lea.shot("own")

	// A neighbour, who is in no professional circle of hers, reads it among the neighbours and learns of no other circle.
	ines := phone(t, "post-ines", "fr")
	ines.logsIn("ines@relais.example", demo.Password)
	ines.goes("/feed")
	ines.reads("lavé vingt fois")
	ines.reads("Publicité")
	if text := ines.text(); strings.Contains(text, "Réseau archi") || strings.Contains(text, "Jardins et balcons") {
		t.Errorf("a neighbour reads of other circles:\n%s", text)
	}
	ines.shot("feed")
	ines.goes(evaluate[string](ines, `[...document.querySelectorAll("article.post")].find(a => a.innerText.includes("lavé vingt fois")).querySelector(".post-talk").getAttribute("href").split("#")[0]`))
	ines.types("text", "Il est déjà dans mon panier.")
	ines.presses("Envoyer")
	ines.reads("Il est déjà dans mon panier.")
	evaluate[bool](ines, `(document.querySelector("button.reaction[value=tempted]").click(), true)`)
	ines.until("react", `document.querySelector("button.reaction[aria-pressed=true]")`)
	ines.fits("a post with comments")
	ines.shot("post")

	// A colleague reads the same post, and nothing of what the neighbours say.
	camille := phone(t, "post-priya", "fr")
	camille.logsIn("priya@relais.example", demo.Password)
	camille.goes("/feed?sphere=professional")
	camille.reads("lavé vingt fois")
	if text := camille.text(); strings.Contains(text, "voisins") || strings.Contains(text, "dans mon panier") {
		t.Errorf("a colleague reads of the neighbours:\n%s", text)
	}
	camille.shot("feed")

	ines.pressesElement(`article.post .post-card a.cover-link`)
	ines.reads("Léa Marchetti gagne")
	buys(ines, "Ajouter au panier", "Commander", "Commander avec obligation de paiement", address{
		email: "ines@relais.example", name: "Inès Ferrand", street: "12 rue Dumenge", postcode: "69004", city: "Lyon"})
	pays(ines, "4242 4242 4242 4242")
	ines.reads("Merci")

	lea.goes(own)
	lea.until("see the order", `[...document.querySelectorAll("table tbody tr")].some(r => r.innerText.includes("Les voisins du 12") && r.querySelectorAll("td.num")[2].innerText.trim() === "1") || (location.reload(), false)`)
	for _, row := range evaluate[[]string](lea, `[...document.querySelectorAll("table tbody tr")].map(r => r.cells[0].innerText.trim() + "|" + r.querySelectorAll("td.num")[2].innerText.trim())`) {
		name, orders, _ := strings.Cut(row, "|")
		if (name == "Les voisins du 12") != (orders == "1") {
			t.Errorf("orders by %s: %s", name, orders)
		}
	}
	lea.fits("what came of a post")
	lea.shot("results")
	lea.goes(own + "/edit")
	lea.fits("the form of a published post")
	lea.shot("edit")
	holds(t)
}

// ticks taps the box, pill or choice whose label begins with that text.
func (p *person) ticks(label string) {
	p.t.Helper()
	p.until("tick "+label, `(() => { const l = [...document.querySelectorAll("main label")].find(l => l.querySelector("input[type=checkbox], input[type=radio]") && l.innerText.trim().startsWith(`+quote(label)+`));
		if (!l) return false; l.querySelector("input").click(); return true })()`)
}
