package e2e_test

import (
	"strings"
	"testing"

	"relais/internal/demo"
)

// A design drawn on a phone is published: the brand accepts it, another member lists it with a margin, a guest buys it there, the brand makes and sends it, and each reads
// what they have of it, to the cent.
func TestStoryOfAPublishedDesign(t *testing.T) {
	author := phone(t, "publie-autrice", "fr")
	joins(author, "Maud Keller", "maud.keller@poste.example")
	author.goes("/p/ballon-de-football-recousu-taille-5/design")
	author.presses("Commencer")
	author.taps(`button[value="add.z1.text"]`)
	author.until("a layer", `!!document.querySelector("[name='z1.0.text']")`)
	author.types("z1.0.text", "OH !")
	author.until("it is kept", `document.querySelector("[data-state]").textContent === "Enregistré" && !document.querySelector("[aria-invalid]") && !!document.querySelector("#publish a")`)
	author.presses("La publier")
	author.reads("Un exemple de vente")
	author.types("title", "Ballon Oh")
	author.types("royalty", "12")
	author.reads("Vous, 12 %") // worked out again as it is typed
	author.reads("2,49 €")     // of 25.00 with VAT, 20.83 without
	author.fits("the form of a publication")
	author.shot("form")
	author.ticks("C’est mon œuvre")
	author.presses("Proposer")
	author.until("the list", `location.pathname === "/me/publications"`)
	author.reads("Attend la marque")
	author.fits("what one publishes")
	author.shot("asked")

	brand := phone(t, "publie-marque", "fr")
	brand.logsIn("nadia@la-ravaudiere.example", demo.Password)
	brand.goes("/brand/la-ravaudiere/publications")
	brand.presses("Ballon Oh")
	brand.reads("Maud Keller")
	brand.reads("2,49 €")
	brand.fits("a design to decide about")
	brand.shot("asked")
	brand.presses("Mettre en vente")
	brand.reads("C’est en vente")
	product := evaluate[string](brand, `document.querySelector("main a[href^='/p/']").getAttribute("href")`)

	relay := phone(t, "publie-relais", "fr")
	joins(relay, "Ugo Marin", "ugo.marin@poste.example")
	relay.goes(product)
	relay.reads("Dessiné par")
	relay.reads("Maud Keller")
	relay.fits("a published design")
	relay.shot("product")
	relay.presses("Recommander et gagner")
	relay.types("margin", "1,20")
	relay.reads("26,20 €")
	relay.presses("Afficher ce prix")
	relay.reads("C’est le prix de votre vitrine")
	link := evaluate[string](relay, `[...document.querySelectorAll("input, a, code, span")].map(e => e.value || e.href || e.textContent).find(s => /\/r\/[0-9A-Za-z]{6,12}$/.test(s || ""))`)

	guest := phone(t, "publie-amie", "fr")
	guest.goes(link)
	guest.reads("26,20 €")
	guest.reads("Maud Keller")
	buys(guest, "Ajouter au panier", "Commander", "Commander avec obligation de paiement", address{email: "amie.ballon@poste.example", name: "Zoé Le Bihan", street: "3 rue des Lilas", postcode: "35000", city: "Rennes"})
	pays(guest, "4242 4242 4242 4242")
	guest.becomes("1 à fabriquer")
	guest.fits("an order of a published design")
	guest.shot("paid")
	number := evaluate[string](guest, `document.body.innerText.match(/R-[0-9A-Z]{7}/)[0]`)

	brand.goes("/brand/la-ravaudiere/making")
	brand.pressesElement(`main a[href*="/orders/` + number + `/designs/"]`)
	brand.types("pieces", "1")
	brand.presses("Pièces faites")
	brand.reads("1 faite")
	brand.goes("/brand/la-ravaudiere/orders/" + number)
	brand.types("carrier", "Colissimo")
	brand.presses("C’est parti")
	guest.goes(guest.path())
	guest.presses("J’ai reçu ce colis")

	explained(author, "/me/earnings", "2,49 €")
	author.shot("royalty")
	relay.goes("/me/earnings")
	relay.reads("1,00 €") // the margin without VAT
	author.goes("/me/publications")
	author.reads("2,49 €")
	shares(t, number)
	holds(t)
}

// explained follows an earning of that amount to the page that explains it.
func explained(p *person, list, amount string) {
	p.t.Helper()
	p.goes(list)
	p.reads(amount)
	p.pressesElement(`main a[href^="/me/earnings/"]`)
	p.reads(amount)
	p.reads("Ballon Oh")
	p.fits("an earning explained")
}

// shares says that what everybody has of an order, and the fee, are together what its buyer paid for goods and delivery.
func shares(t *testing.T, number string) {
	t.Helper()
	var sums struct {
		Paid  int64 `db:"paid"`
		Given int64 `db:"given"`
		Fee   int64 `db:"fee"`
	}
	db := site.Services().DB
	if err := db.GetContext(t.Context(), &sums, `select o.total_minor as paid, (select sum(amount_minor) from earnings e where e.order_id = o.id)::bigint as given,
		(select sum(l.net_minor * l.fee_bps / 10000) from order_lines l where l.order_id = o.id)::bigint as fee from orders o where o.number = $1`, number); err != nil {
		t.Fatal(err)
	}
	if sums.Given+sums.Fee != sums.Paid {
		t.Errorf("%d paid, %d given and %d of fee", sums.Paid, sums.Given, sums.Fee)
	}
	var roles string
	if err := db.GetContext(t.Context(), &roles, `select string_agg(distinct role, ' ' order by role) from earnings where order_id = (select id from orders where number = $1)`, number); err != nil {
		t.Fatal(err)
	}
	if want := "commission delivery margin royalty sale"; strings.TrimSpace(roles) != want {
		t.Errorf("shares of %q, not of %q", roles, want)
	}
}
