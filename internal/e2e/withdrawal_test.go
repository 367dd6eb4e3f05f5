package e2e_test

import (
	"strings"
	"testing"

	"relais/internal/demo"
)

// The other way a sale can go, at a desk, in English: a guest fills a basket from a storefront with things of two brands,
// turns back at the payment page, pays after all and changes their mind before anything has left. The money goes back, the
// relay sees why the earning is gone, the brand has nothing to send. A second order is never paid, and its time runs out.
func TestStoryOnADesktopInEnglish(t *testing.T) {
	buyer := desktop(t, "buyer-en", "en")
	buyer.goes("/@lea")
	buyer.reads("Léa Marchetti")
	buyer.shot("storefront")
	buyer.presses("Washed linen cushion")
	buyer.reads("Léa Marchetti earns")
	cushion := buyer.path()
	buyer.shot("product")
	buyer.presses("Add to basket")
	buyer.goes("/@lea")
	buyer.presses("Norfolk")
	ada := address{email: "ada.byrne@poste.example", name: "Ada Byrne", street: "12 rue des Lilas", postcode: "75011", city: "Paris"}
	buys(buyer, "Add to basket", "Check out", "Order and pay", ada)
	buyer.presses("Back to")
	buyer.reads("All that is left is to pay")
	buyer.shot("turned-back")
	buyer.presses("Pay €")
	pays(buyer, "4242 4242 4242 4242")
	buyer.reads("Thank you, Ada Byrne")
	buyer.reads("Being prepared by Maison Brévane")
	buyer.reads("Being prepared by Les Serres de Morvelle")
	buyer.shot("paid")
	number := orderNumber(buyer)

	relay := desktop(t, "lea-en", "en")
	relay.logsIn("lea@relais.example", demo.Password)
	earning := earningOf(relay, "held", number)
	relay.reads("The brand has not sent it yet")
	relay.shot("waiting")

	buyer.presses("Withdraw from contract here")
	buyer.reads("I withdraw from the contract about order " + number)
	buyer.shot("withdraw")
	buyer.presses("Declare my withdrawal")
	buyer.reads("You get back")
	buyer.shot("withdraw-check")
	buyer.presses("Confirm withdrawal")
	buyer.reads("Your withdrawal is recorded")
	buyer.shot("acknowledged")
	buyer.becomes("You are refunded for these items")
	buyer.presses("Back to the order")
	buyer.becomes("Refunded to the card that paid")
	buyer.shot("refunded")
	buyer.goes("/dev/mail?to=" + ada.email)
	buyer.reads(number)

	relay.goes(earning)
	relay.becomes("Cancelled: the order was refunded")
	relay.shot("voided")

	brand := desktop(t, "brand-desk-en", "en")
	brand.logsIn("mathilde@maison-brevane.example", demo.Password)
	brand.goes("/brand/maison-brevane/orders/" + number)
	brand.reads("refunded")
	if brand.has(`input[name=tracking]`) {
		t.Error("the brand is still asked to send what was refunded")
	}
	brand.shot("order")

	buyer.goes(cushion)
	buys(buyer, "Add to basket", "Check out", "Order and pay", ada)
	buyer.presses("Back to")
	buyer.reads("Your goods are reserved")
	admin := desktop(t, "admin-en", "en")
	admin.logsIn("admin@relais.example", demo.Password)
	admin.goes("/admin/clock")
	admin.presses("Move on by 1 day")
	admin.shot("clock")
	buyer.becomes("The reservation is over")
	if text := buyer.text(); strings.Contains(text, "Pay €") {
		t.Errorf("an order whose time is over can be paid:\n%s", text)
	}
	buyer.shot("expired")
	holds(t)
}

// orderNumber is that of the order whose page is open.
func orderNumber(p *person) string {
	p.t.Helper()
	return evaluate[string](p, `document.body.innerText.match(/R-[0-9A-Z]{7}/)[0]`)
}

// earningOf opens the earning of an order, the newest of those in that state, and returns its address.
func earningOf(p *person, state, number string) string {
	p.t.Helper()
	p.goes("/me/earnings?state=" + state)
	p.shot("earnings")
	paths := evaluate[[]string](p, `[...document.querySelectorAll("main a[href^='/me/earnings/']")].slice(0, 6).map(a => a.getAttribute("href"))`)
	for _, path := range paths {
		p.goes(path)
		if strings.Contains(p.text(), number) {
			return path
		}
	}
	p.t.Fatalf("%s: no earning of %s among %v", p.name, number, paths)
	return ""
}
