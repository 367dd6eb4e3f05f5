package e2e_test

import (
	"strconv"
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
	admin := phone(t, "publie-admin", "fr")
	admin.logsIn("admin@relais.example", demo.Password)
	admin.goes("/admin/orders/" + number)
	fee, all := cents(t, cell(admin, "tbody tr", "Relais")), cents(t, cell(admin, "tfoot tr", ""))
	addsUp(t, fee, all, earned(author, "/me", number), earned(relay, "/me", number), earned(brand, "/brand/la-ravaudiere", number))
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

// earned is what the pages that explain somebody's earnings say they have of an order, in cents, by what it is for.
func earned(p *person, base, number string) map[string]int64 {
	p.t.Helper()
	p.goes(base + "/earnings")
	out := map[string]int64{}
	for _, path := range evaluate[[]string](p, `[...new Set([...document.querySelectorAll("main a")].map(a => a.getAttribute("href")).filter(h => /\/earnings\/\d+$/.test(h)))].slice(0, 6)`) {
		p.goes(path)
		if !evaluate[bool](p, `document.querySelector("main").innerText.includes("`+number+`")`) {
			continue
		}
		p.fits("an earning explained")
		out[evaluate[string](p, `document.querySelector("h1 .soft").textContent.trim()`)] += cents(p.t, evaluate[string](p, `document.querySelector("[aria-labelledby=sum] dd.total").textContent`))
	}
	return out
}

// cell is what an administrator reads was earned, in the row of somebody's share of an order.
func cell(p *person, rows, who string) string {
	p.t.Helper()
	return evaluate[string](p, `[...document.querySelectorAll("[aria-labelledby=shares] `+rows+`")].find(r => r.textContent.trim().startsWith("`+who+`")).querySelector("td.num").textContent`)
}

// cents is an amount as a page in French writes it.
func cents(t *testing.T, written string) int64 {
	t.Helper()
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, written)
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || !strings.Contains(written, ",") || !strings.Contains(written, "€") {
		t.Fatalf("%q is no amount", written)
	}
	return n
}

// addsUp says that what the pages of everybody say that they have of the piece, and the fee, is what it was sold for, to the cent; with the delivery, all that was paid.
func addsUp(t *testing.T, fee, all int64, pages ...map[string]int64) {
	t.Helper()
	const goods = 26_20
	sum := map[string]int64{}
	for _, page := range pages {
		for role, minor := range page {
			sum[role] += minor
		}
	}
	got := fee
	for _, role := range []string{"vente", "commission", "redevance", "marge"} {
		if sum[role] <= 0 {
			t.Errorf("no page says what the %s comes to: %v", role, sum)
		}
		got += sum[role]
	}
	if got != goods || fee <= 0 {
		t.Errorf("%d of %d: %v and a fee of %d", got, goods, sum, fee)
	}
	if delivery := sum["livraison"]; goods+delivery != all || len(sum) != 5 {
		t.Errorf("%d paid, of it %d of delivery: %v", all, delivery, sum)
	}
}
