package e2e_test

import (
	"strings"
	"testing"

	"relais/internal/app"
	"relais/internal/demo"
)

// The story of the main job, on phones, in French: a new member recommends, a guest buys through their storefront, the
// commission is there at once, the brand sends, the window ends, the run pays, the statement adds up.
func TestStoryOnAPhoneInFrench(t *testing.T) {
	relay := phone(t, "relais-fr", "fr")
	joins(relay, "Zoé Martin", "zoe.martin@poste.example")
	relay.goes("/products?q=pelle")
	relay.reads("Pelle à rempoter")
	relay.shot("search")
	relay.presses("Pelle à rempoter")
	relay.presses("Recommander et gagner")
	relay.reads("Publicité")
	relay.shot("share")
	relay.types("circle", "Les voisins du 12")
	relay.presses("Faire ce lien")
	relay.reads("Les voisins du 12")
	link := evaluate[string](relay, `[...document.querySelectorAll("input, a, code, span")].map(e => e.value || e.href || e.textContent).find(s => /\/r\/[0-9A-Za-z]{6,12}$/.test(s || ""))`)
	if !strings.HasPrefix(link, site.URL()+"/r/") {
		t.Fatalf("no link of one's own on the share page: %q", link)
	}

	buyer := phone(t, "acheteuse-fr", "fr")
	buyer.goes(link)
	if path := buyer.path(); !strings.HasPrefix(path, "/@zoe-martin/p/") {
		t.Fatalf("the link leads to %s", path)
	}
	buyer.reads("Zoé Martin touche une commission")
	buyer.reads("Publicité")
	buyer.shot("product")
	buys(buyer, "Ajouter au panier", "Commander", "Commander avec obligation de paiement", address{
		email: "lucie.durand@poste.example", name: "Lucie Durand", street: "8 rue du Moulin", postcode: "44000", city: "Nantes"})
	pays(buyer, "4000 0000 0000 0002")
	buyer.reads("refusée")
	buyer.shot("declined")
	pays(buyer, "4242 4242 4242 4242")
	buyer.reads("Zoé Martin vous a conseillé")
	buyer.shot("paid")
	order := buyer.path()

	relay.goes("/me/earnings")
	relay.reads("en attente")
	relay.reads("1,62 €") // 15 % of 13.00 without 20 % VAT, rounded down
	relay.shot("earnings")

	number := evaluate[string](buyer, `document.body.innerText.match(/R-[0-9A-Z]{7}/)[0]`)
	brand := phone(t, "marque-fr", "fr")
	brand.logsIn("guillaume@serres-morvelle.example", demo.Password)
	brand.goes("/brand/serres-morvelle/orders")
	brand.shot("orders")
	brand.goes("/brand/serres-morvelle/orders/" + number)
	brand.types("carrier", "Colissimo")
	brand.types("tracking", "6A12345678901")
	brand.presses("C’est parti")
	brand.reads("6A12345678901")
	brand.shot("sent")

	buyer.goes(order)
	buyer.reads("6A12345678901")
	buyer.presses("J’ai reçu ce colis")
	buyer.reads("Bonne réception")
	buyer.shot("received")

	// The relay opens a payout account while the money waits.
	relay.goes("/me/payouts")
	relay.shot("no-account")
	relay.presses("Ouvrir mon compte")
	relay.reads("Recevoir vos versements")
	relay.fits("the registration of the provider")
	relay.shot("onboarding")
	relay.presses("Tout confirmer")
	relay.goes("/me/payouts")
	relay.reads("Votre compte est prêt")

	admin := phone(t, "admin-fr", "fr")
	admin.logsIn("admin@relais.example", demo.Password)
	paysOut(admin, "Zoé Martin")

	relay.goes("/me/earnings")
	relay.until("be paid", `document.body.innerText.toLowerCase().includes("versé") || (location.reload(), false)`)
	relay.shot("paid")
	relay.goes("/me/payouts")
	relay.pressesElement(`main a[href^="/me/payouts/"]:not([href$=csv])`)
	relay.reads("Pelle à rempoter")
	relay.reads("1,62 €")
	relay.shot("statement")
	holds(t)
}

// paysOut lets 15 days pass, so that what somebody earned comes free, and starts the run that pays them. Until it starts, they wait for a
// minimum that nobody of these stories reaches: a run of the week, due in those days, would have paid them before.
func paysOut(admin *person, name string) {
	admin.t.Helper()
	minimum := func(amount string) {
		admin.goes("/admin/payouts")
		admin.types("minimum_EUR", amount)
		admin.presses("Enregistrer")
		admin.until("find the new minimum", `document.querySelector("[name=minimum_EUR]")?.value.replace(".", ",") === "`+amount+`"`)
	}
	minimum("90,00")
	admin.goes("/admin/clock")
	admin.shot("clock")
	admin.presses("Avancer de 15 jours")
	admin.reads("Le temps a avancé")
	admin.goes("/admin/payouts")
	admin.until("see who waits, once the earnings are released", `document.body.innerText.includes("`+name+`") || (location.reload(), false)`)
	admin.shot("payouts")
	minimum("1,00")
	evaluate[bool](admin, `(window.confirm = () => true, true)`)
	admin.presses("Verser maintenant")
	admin.reads("Le passage a commencé")
	admin.shot("run")
}

// joins makes an account and confirms it by the letter.
func joins(p *person, name, email string) {
	p.t.Helper()
	p.goes("/signup")
	p.types("name", name)
	p.types("email", email)
	p.types("password", "un mot de passe bien long")
	p.shot("signup")
	p.pressesElement(`main form button`)
	p.goes("/dev/mail?to=" + email)
	p.shot("mailbox")
	p.goes(evaluate[string](p, `[...document.querySelectorAll("a[href^='/dev/mail/']")][0].getAttribute("href")`)) // the newest letter
	p.reads(email)
	p.until("the letter", `document.querySelector("iframe")`)
	p.goes(evaluate[string](p, `fetch(document.querySelector("iframe").src).then(r => r.text()).then(h => h.match(/\/confirm\/[A-Za-z0-9_.-]+/)[0])`))
	p.pressesElement(`main form button`)
	p.until("be in", `location.pathname === "/me"`)
	p.shot("home")
}

// address is a buyer as the form asks for them.
type address struct{ email, name, street, postcode, city, country string }

// buys puts the product of the page into the basket and orders, up to the payment page.
func buys(p *person, add, checkout, order string, a address) {
	p.t.Helper()
	p.presses(add)
	p.goes("/cart")
	p.shot("cart")
	orders(p, checkout, order, a)
}

// orders sends the basket's order, up to the payment page.
func orders(p *person, checkout, order string, a address) {
	p.t.Helper()
	p.presses(checkout)
	p.types("email", a.email)
	p.types("name", a.name)
	p.types("street", a.street)
	p.types("postcode", a.postcode)
	p.types("city", a.city)
	if a.country != "" {
		p.types("country", a.country)
	}
	p.shot("checkout")
	p.presses(order)
	p.until("the payment page", `document.querySelector("input[name=number]")`)
	p.fits("the payment page")
	p.shot("pay")
}

// pays fills in a card at the payment page.
func pays(p *person, card string) {
	p.t.Helper()
	p.types("number", card)
	p.types("expiry", "12 / 31")
	p.types("cvc", "123")
	p.types("name", "Lucie Durand")
	p.pressesElement("button.pay")
}

// holds audits the books.
func holds(t *testing.T) {
	t.Helper()
	findings, err := app.Audit(t.Context(), site.Services().DB)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		if f.Count != 0 {
			t.Errorf("%s is broken %d times: %s", f.Name, f.Count, f.Description)
		}
	}
}
