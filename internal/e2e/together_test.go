package e2e_test

import (
	"strings"
	"testing"

	"relais/internal/demo"
)

// A group order, on phones: a brand offers a step, Léa opens a group order for a piece, two friends join with cards, the day comes, one is charged, the
// other's card is refused and they pay by hand at the same price, and Léa earns on both.
func TestTogetherOnPhones(t *testing.T) {
	brand := phone(t, "ensemble-marque", "fr")
	brand.logsIn("guillaume@serres-morvelle.example", demo.Password)
	brand.goes("/brand/serres-morvelle/terms")
	brand.types("steps.0.people", "2")
	brand.types("steps.0.less", "10")
	brand.presses("Proposer ces conditions")

	lea := phone(t, "ensemble-lea", "fr")
	lea.logsIn("lea@relais.example", demo.Password)
	lea.goes("/p/pelle-a-rempoter-vert-serre")
	lea.presses("Commander à plusieurs")
	lea.reads("Dès 2 personnes")
	lea.fits("the form that opens one")
	lea.shot("opening")
	lea.types("days", "1")
	lea.types("note", "Une pelle chacun, et le balcon commun sera beau au printemps.")
	lea.presses("Ouvrir la commande groupée")
	lea.reads("C’est ouvert")
	lea.reads("Donnez l’adresse")
	lea.fits("one's own group order")
	lea.shot("opened")
	at := lea.path()

	anne, anneAt := joinsTogether(t, "anne", at, "4242 4242 4242 4242")
	anne.reads("Vous en êtes")
	anne.fits("the promise")
	anne.shot("joined")
	bruno, brunoAt := joinsTogether(t, "bruno", at, "4000 0000 0000 0341")
	lea.until("see both without doing anything", `document.querySelector("#standing .standing-count strong").textContent === "2"`)
	lea.reads("Le dernier palier est atteint")
	lea.fits("the standing that came by itself")
	lea.shot("reached-step")
	lea.goes(at + "/end")
	lea.reads("2 personnes ont rejoint")
	lea.fits("ending it")
	lea.shot("ending")

	admin := desktop(t, "ensemble-admin", "fr")
	admin.logsIn("admin@relais.example", demo.Password)
	admin.goes("/admin/together")
	admin.reads("Pelle à rempoter")
	admin.shot("admin")
	admin.goes("/admin" + at + "/stop")
	admin.fits("the form that stops one")
	admin.shot("stop")
	brand.goes("/brand/serres-morvelle/together")
	brand.reads("Pelle à rempoter")
	brand.fits("the brand's list")
	brand.shot("brand")
	admin.goes("/admin/clock")
	admin.presses("Avancer de 1 jour")
	admin.reads("Le temps a avancé")

	anne.goes(anneAt)
	anne.becomes("C’est payé")
	anne.fits("charged")
	anne.shot("charged")
	anne.presses("Voir ma commande")
	anne.reads("Cette commande vient de la commande groupée de Léa Marchetti")
	anne.fits("the order of a group order")
	anne.shot("order")

	bruno.goes(brunoAt)
	bruno.becomes("Votre carte a été refusée")
	bruno.fits("refused")
	bruno.shot("refused")
	bruno.presses("Payer")
	bruno.reads("Vous gardez votre prix de groupe")
	bruno.fits("the order whose card was refused")
	bruno.shot("order-refused")
	bruno.presses("Payer")
	pays(bruno, "5555 5555 5555 4444")
	bruno.reads("Merci, Bruno Kerdoncuff")
	bruno.shot("paid")
	if anneAt == brunoAt {
		t.Error("two people have one promise")
	}

	lea.goes(at)
	lea.becomes("Réussie, à 2 personnes")
	lea.until("have both paid", `/Commandes payées\s*2/.test(document.querySelector("#standing").innerText) || (location.reload(), false)`)
	lea.fits("what became of it")
	lea.shot("succeeded")
	lea.presses("Voir vos gains")
	lea.reads("Pelle à rempoter")
	lea.shot("earnings")
	lea.goes("/me/together")
	lea.reads("réussie")
	holds(t)
}

// joinsTogether joins the group order at an address with a card, as a guest on a phone, and says where the promise is.
func joinsTogether(t *testing.T, name, at, card string) (p *person, promise string) {
	t.Helper()
	p = phone(t, "ensemble-"+name, "fr")
	p.goes(at)
	p.reads("Léa Marchetti touche une commission")
	p.fits("the group order")
	p.shot("group-order")
	p.presses("Rejoindre")
	p.reads("Ce qui peut être débité")
	p.fits("the form that joins")
	for field, value := range map[string]string{"email": name + ".kerdoncuff@poste.example", "name": strings.ToUpper(name[:1]) + name[1:] + " Kerdoncuff", "street": "3 rue des Lilas", "postcode": "35000", "city": "Rennes"} {
		p.types(field, value)
	}
	p.types("quantity", "2")
	p.until("have it worked out again", `document.querySelector("#join-parts").innerText.includes("2 ×")`)
	p.types("quantity", "1")
	p.until("have it worked out again", `document.querySelector("#join-parts").innerText.includes("1 ×")`)
	p.taps("[name=consent]")
	p.fits("the form that joins, filled in")
	p.shot("joining")
	p.presses("Autoriser le débit")
	p.until("the page for the card", `document.querySelector("input[name=number]")`)
	p.reads("Vous autorisez le débit")
	p.shot("card")
	pays(p, card)
	p.until("come back", `location.pathname.startsWith("/pledge/")`)
	return p, p.path()
}
