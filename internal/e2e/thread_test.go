package e2e_test

import (
	"fmt"
	"strings"
	"testing"

	"relais/internal/demo"
	"relais/internal/ideas"
)

// One thread, on phones: Inès proposes a piece, enough people support it, the brand says yes and asks in a poll whose answers move the price, Léa votes, the piece is launched at
// the price that was decided, three back it: a member, one who confirms at their bank, and one whose card is refused and who pays with another; it is made, its page says whose idea
// it was and who decided, the member who backed it is told and shares it, a friend buys it in their storefront, and they earn.
func TestThread(t *testing.T) {
	const name = "Un arrosoir d’intérieur"
	author, at, id := proposesToSerres(t, name)
	brand := phone(t, "fil-marque", "fr")
	brand.logsIn("guillaume@serres-morvelle.example", demo.Password)
	evaluateConfirm := func() { evaluate[bool](brand, `(window.confirm = () => true, true)`) }
	desk := fmt.Sprintf("/brand/serres-morvelle/ideas/%d", id)
	brand.goes(desk)
	brand.pressesChoice(`input[name=answer][value="yes"]`)
	brand.types("reason", "Le zinc nous va. Reste à choisir le bec, et c’est à vous.")
	evaluateConfirm()
	brand.presses("Publier la réponse")
	brand.reads("Votre réponse est publiée")
	brand.goes(desk)
	brand.fits("an idea that goes on")
	brand.shot("desk")

	admin := desktop(t, "fil-admin", "fr")
	admin.logsIn("admin@relais.example", demo.Password)
	aDayPasses := func() {
		admin.goes("/admin/clock")
		admin.presses("Avancer de 1 jour")
		admin.reads("Le temps a avancé")
	}
	lea := phone(t, "fil-lea", "fr")
	lea.logsIn("lea@relais.example", demo.Password)
	poll, pollDesk := asksInAPoll(t, brand, lea, at)
	aDayPasses()
	lea.goes(poll)
	lea.reads("1 personne a décidé")
	lea.reads("44,10")

	brand.goes("/brand/serres-morvelle/products/new")
	for field, value := range map[string]string{"title": name, "description": "En zinc, un litre, le bec en col de cygne.", "variants.0.price": "44,10", "variants.0.stock": "5"} {
		brand.types(field, value)
	}
	brand.presses("Créer")
	brand.reads("Lancer une pièce")
	brand.goes(pollDesk)
	brand.presses("Lancer la pièce")
	product := launches(t, brand, name, id)
	lea.goes(poll)
	lea.reads("en lancement")
	lea.reads("Au prix décidé")
	lea.fits("a poll whose piece is being launched")
	lea.shot("launched")
	bakary := phone(t, "fil-bakary", "fr")
	bakary.logsIn("bakary@relais.example", demo.Password)
	backsAs(bakary, "Bakary", product, "5555 5555 5555 4444")
	bakary.reads("Partager mon lien")
	bakary.fits("the pledge of a member")
	bakary.shot("pledge")
	bruno, claire := backs(t, "bruno", product, "4000 0027 6000 3184"), backs(t, "claire", product, "4000 0000 0000 0341")
	promises := map[*person]string{bakary: bakary.path(), bruno: bruno.path(), claire: claire.path()}
	aDayPasses()
	bakary.goes(promises[bakary])
	bakary.becomes("C’est payé, et ce sera fabriqué")
	claire.goes(promises[claire])
	claire.becomes("Votre carte a été refusée")
	claire.reads("Vous gardez votre prix : payez avec cette carte ou une autre")
	claire.presses("Payer")
	claire.presses("Payer")
	claire.until("the page for the card", `document.querySelector("input[name=number]")`)
	pays(claire, "4242 4242 4242 4242")
	claire.reads("Merci, Claire Kerdoncuff")
	bruno.goes(promises[bruno])
	bruno.becomes("confirmiez vous-même")
	bruno.fits("a card that its bank wants confirmed")
	bruno.shot("confirm")
	bruno.presses("Payer")
	bruno.presses("Payer")
	paysAndConfirms(bruno, "4000 0027 6000 3184")
	bruno.reads("Merci, Bruno Kerdoncuff")

	brand.goes("/brand/serres-morvelle/launches")
	brand.taps("li.card details summary")
	brand.presses("La mettre en vente")
	brand.reads("Elle est en vente")
	brand.goes(pollDesk)
	brand.types("answer", "Le col de cygne est là.")
	brand.until("find the piece chosen already", `document.querySelector("select[name=product]").selectedOptions[0].text.startsWith(`+quote(name)+`)`)
	evaluateConfirm()
	brand.presses("Publier la réponse")
	brand.reads("Votre réponse est publiée")
	bruno.goes(product)
	bruno.reads("D’une idée de Inès")
	bruno.reads("1 personne a décidé : Col de cygne")
	bruno.fits("the product that came of it")
	bruno.shot("product")
	author.goes(at)
	for _, said := range []string{"La marque dit oui", "Un vote en découle", "décidé", "Un lancement en découle", "réussi", "Le produit est là"} {
		author.reads(said)
	}
	author.fits("the whole thread")
	author.shot("thread")
	resells(t, bakary, name, product)
	holds(t)
}

// proposesToSerres has Inès propose a piece that five support, and says where the idea is.
func proposesToSerres(t *testing.T, title string) (author *person, at string, id int64) {
	t.Helper()
	ctx, s := t.Context(), site.Services()
	var brand struct {
		ID    int64 `db:"id"`
		Owner int64 `db:"owner"`
	}
	if err := s.DB.Get(&brand, `select b.id, (select member_id from brand_members m where m.brand_id = b.id limit 1) as owner from brands b where b.handle = 'serres-morvelle'`); err != nil {
		t.Fatal(err)
	}
	if err := s.Ideas.Set(ctx, brand.Owner, brand.ID, ideas.Settings{Taken: true, Threshold: 5, Days: 30, AnswerDays: 10}); err != nil {
		t.Fatal(err)
	}
	author = phone(t, "fil-ines", "fr")
	author.logsIn("ines@relais.example", demo.Password)
	author.goes("/b/serres-morvelle/ideas")
	author.presses("Proposer une idée")
	author.types("title", title)
	author.types("text", "Assez petit pour l’étagère, assez beau pour y rester.")
	author.presses("Proposer cette idée")
	author.reads("Votre idée est en ligne")
	at = author.path()
	if _, err := fmt.Sscanf(at, "/ideas/%d", &id); err != nil {
		t.Fatal(err)
	}
	var fans []int64
	if err := s.DB.Select(&fans, `select id from members where handle = any('{lea,bakary,camille,tom,odile}')`); err != nil || len(fans) != 5 {
		t.Fatal(fans, err)
	}
	for _, fan := range fans {
		if err := s.Ideas.Support(ctx, fan, id, ""); err != nil {
			t.Fatal(err)
		}
	}
	author.goes(at)
	author.reads("Attend sa réponse")
	author.fits("an idea that was reached")
	return author, at, id
}

// asksInAPoll has the brand ask what the piece is to be like, from its desk of the idea, and a member vote as she sees the price of it.
func asksInAPoll(t *testing.T, brand, voter *person, idea string) (at, desk string) {
	t.Helper()
	brand.presses("Demander par un vote")
	for field, value := range map[string]string{"title": "Quel arrosoir d’intérieur ?", "text": "Un litre, en zinc.", "base": "42", "floor": "38", "days": "1", "answer_days": "10", "quorum": "1",
		"q.0.text": "Quel bec ?", "q.0.o.0.text": "Col de cygne", "q.0.o.0.effect": "2,10", "q.0.o.1.text": "Court", "q.0.o.1.effect": "-1,50"} {
		brand.types(field, value)
	}
	brand.fits("a poll of an idea")
	brand.presses("Enregistrer le brouillon")
	brand.reads("C’est enregistré")
	desk = brand.path()
	evaluate[bool](brand, `(window.confirm = () => true, true)`)
	brand.presses("Ouvrir le vote")
	brand.reads("Vous découvrirez le résultat à la clôture")
	at = "/polls/" + desk[strings.LastIndex(desk, "/")+1:]
	voter.goes(at)
	voter.reads("D’une idée de Inès")
	voter.taps("[data-effect='210']")
	voter.until("see the price of her choice", `document.querySelector("output").textContent.startsWith("44,10")`)
	voter.presses("Voter")
	voter.reads("Les votes jusqu’ici")
	voter.shot("voted")
	voter.presses("Voir l’idée")
	if got := voter.path(); got != idea {
		t.Errorf("the poll leads to %s", got)
	}
	return at, desk
}

// launches has the brand launch a draft of the idea that the form has from the poll, three pieces in a day, and says where its page is.
func launches(t *testing.T, brand *person, title string, idea int64) (product string) {
	t.Helper()
	if got := evaluate[string](brand, `document.querySelector("[name=idea]").value`); got != fmt.Sprint(idea) {
		t.Errorf("the launch is of idea %s", got)
	}
	picks(brand, "product", title)
	for field, value := range map[string]string{"goal": "3", "days": "1", "plan": "Le zinc, et deux semaines d’atelier."} {
		brand.types(field, value)
	}
	brand.types("expected", evaluate[string](brand, `document.querySelector("[name=expected]").options[3].value`))
	brand.fits("a launch of an idea")
	brand.shot("launching")
	brand.presses("Ouvrir le lancement")
	brand.reads("C’est ouvert")
	var slug string
	if err := site.Services().DB.Get(&slug, `select p.slug from campaigns c join products p on p.id = c.product_id where c.idea_id = $1`, idea); err != nil {
		t.Fatal(err)
	}
	return "/p/" + slug
}

// picks chooses what begins with a text in a select.
func picks(p *person, field, text string) {
	p.t.Helper()
	p.until("find "+text+" in "+field, `(() => { const s = document.querySelector("select[name=`+field+`]"); if (!s) return false; const n = [...s.options].findIndex(o => o.text.startsWith(`+quote(text)+`)); s.selectedIndex = n; return n >= 0 })()`)
}

// backs promises one piece of a launch as a guest, and comes back to the promise.
func backs(t *testing.T, name, product, card string) *person {
	t.Helper()
	p := phone(t, "fil-"+name, "fr")
	backsAs(p, strings.ToUpper(name[:1])+name[1:], product, card)
	return p
}

// backsAs promises one piece of a launch, and comes back to the promise.
func backsAs(p *person, name, product, card string) {
	p.t.Helper()
	p.goes(product)
	p.reads("D’une idée de Inès")
	p.presses("Je soutiens")
	for field, value := range map[string]string{"email": strings.ToLower(name) + ".kerdoncuff@poste.example", "name": name + " Kerdoncuff", "street": "3 rue des Lilas", "postcode": "35000", "city": "Rennes", "quantity": "1"} {
		p.types(field, value)
	}
	p.until("have it worked out", `document.querySelector("#join-parts").innerText.includes("1 ×")`)
	// What is worked out anew meanwhile asks again: who reads on ticks it then.
	p.until("agree", `(() => { const box = document.querySelector("[name=consent]"); if (document.querySelector(".htmx-request") || box.checked) return box.checked; box.click(); return false })()`)
	p.presses("Autoriser le débit")
	p.until("the page for the card", `document.querySelector("input[name=number]")`)
	if strings.HasSuffix(card, "3184") {
		paysAndConfirms(p, card)
	} else {
		pays(p, card)
	}
	p.until("come back", `location.pathname.startsWith("/pledge/")`)
	p.reads("Votre promesse est notée")
}

// paysAndConfirms pays with a card whose bank asks, and confirms on its page.
func paysAndConfirms(p *person, card string) {
	p.t.Helper()
	p.until("the page for the card", `document.querySelector("input[name=number]")`)
	pays(p, card)
	p.pressesElement(`button[name=answer][value=confirm]`)
}

// resells has a member who backed a piece be told that it is for sale, and share it; a friend buys it in their storefront, and they see what they earn.
func resells(t *testing.T, backer *person, title, product string) {
	t.Helper()
	backer.goes("/me/notices")
	backer.becomes(title + " est prête, et en vente")
	backer.shot("told")
	backer.presses(title + " est prête, et en vente")
	if got := backer.path(); got != "/share" {
		t.Errorf("the notice leads to %s", got)
	}
	backer.presses("Faire ce lien")
	backer.reads("Publicité")
	backer.shot("share")
	friend := phone(t, "fil-amie", "fr")
	friend.goes("/@bakary" + product)
	friend.reads("Bakary")
	buys(friend, "Ajouter au panier", "Commander", "Commander avec obligation de paiement",
		address{email: "amie@poste.example", name: "Zoé Le Bihan", street: "3 rue des Lilas", postcode: "35000", city: "Rennes"})
	pays(friend, "5555 5555 5555 4444")
	friend.reads("Merci, Zoé Le Bihan")
	friend.shot("bought")
	backer.goes("/me/notices")
	backer.becomes(title + ". Disponible vers") // what they earned on it
	backer.shot("earned")
}
