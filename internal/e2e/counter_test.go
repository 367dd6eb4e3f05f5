package e2e_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"relais/internal/demo"
)

// Selling by the code, on two phones: Léa picks on the market and shows the code; the buyer reads on their own phone what, from whom and who
// earns, agrees and pays; Léa's screen turns to paid by itself. What she picks while her phone has no network is kept and sent.
func TestStoryOfASaleByTheCode(t *testing.T) {
	lea := phone(t, "lea-vend", "fr")
	lea.logsIn("lea@relais.example", demo.Password)
	lea.goes("/sell")
	lea.fits("/sell")
	lea.shot("where")
	lea.presses("Choisir les articles")
	lea.reads("Coussin en lin")
	lea.fits("picking")
	sale := lea.path()
	lea.goes(sale + "?q=coussin")
	lea.shot("search")

	// Without a network.
	lea.network(true)
	lea.taps("[data-more]")
	lea.until("be told that there is no network", `!document.getElementById("offline").hidden`)
	lea.until("see what was picked", `document.querySelector("[data-count]").textContent === "1"`)
	lea.shot("offline")
	lea.network(false)
	lea.until("have it sent", `document.querySelector("#picking .mini-lines:not([data-waiting])") && document.getElementById("offline").hidden && document.querySelector("[data-count]").textContent === "1"`)
	lea.taps("[data-more]")
	lea.until("have two", `document.querySelector("[data-count]").textContent === "2" && document.querySelector("#picking .mini-lines:not([data-waiting])").innerText.includes("2 ×")`)
	lea.shot("picked")
	lea.presses("Montrer le code")
	lea.reads("À scanner par l’acheteur")
	lea.fits("the code")
	lea.shot("code")
	link := evaluate[string](lea, `document.querySelector(".counter-qr .qr").getAttribute("aria-label").match(/http\S+\/s\/[A-Z2-7]{26}/)[0]`)

	buyer := phone(t, "passante", "fr")
	buyer.goes(link)
	buyer.reads("Léa Marchetti touche une commission")
	buyer.reads("vous n’avez pas de droit de rétractation")
	buyer.fits("the buyer's page")
	buyer.shot("offer")
	buyer.presses("Commander avec obligation de paiement")
	lea.reads("L’acheteur paie")
	lea.shot("paying")
	buyer.types("email", "passante@poste.example") // the provider wants one, and keeps it
	pays(buyer, "4242 4242 4242 4242")
	buyer.reads("Merci pour votre achat")
	buyer.reads("Remis en main propre")
	buyer.fits("the order")
	buyer.shot("receipt")
	lea.reads("Vous pouvez remettre les articles") // by itself
	lea.fits("paid")
	lea.shot("paid")

	other := phone(t, "autre-passante", "fr")
	other.goes(link)
	other.reads("Quelqu’un paie déjà ce panier")
	other.fits("a code that is used")
	other.shot("taken")
	lea.goes("/sell/sales")
	lea.reads("par code")
	lea.shot("day")
	holds(t)
}

// Selling at a reader: the first card is refused, the second is taken, at the simulated reader in another tab.
func TestStoryOfASaleAtTheReader(t *testing.T) {
	brand := phone(t, "marque-vend", "fr")
	brand.logsIn("mathilde@maison-brevane.example", demo.Password)
	brand.goes("/sell/readers?for=maison-brevane")
	brand.reads("en ligne")
	brand.fits("/sell/readers")
	brand.shot("readers")
	address := evaluate[string](brand, `document.querySelector("a[href*='/reader/tmr_']").getAttribute("href")`)
	brand.goes("/sell?for=maison-brevane")
	brand.taps("input[name=place][value=fair]")
	brand.presses("Choisir les articles")
	brand.reads("Choisir les articles")
	brand.taps("[data-more]:not([disabled])")
	brand.until("have one", `!!document.querySelector("#picking .mini-lines:not([data-waiting])")`)
	brand.taps("details summary") // and something that the catalogue does not have
	brand.fits("typing an amount")
	brand.types("title", "Retouche d’ourlet")
	brand.types("price", "zéro")
	brand.taps("form[data-typed] button")
	brand.until("read what is wrong", `!!document.getElementById("f-price-error")?.textContent && document.getElementById("f-title").value === "Retouche d’ourlet"`)
	brand.shot("typed-wrong")
	brand.types("price", "12,50")
	brand.taps("form[data-typed] button")
	brand.until("have it in the basket", `document.querySelector("#picking .mini-lines:not([data-waiting])").innerText.includes("Retouche")`)
	brand.fits("a typed amount")
	brand.shot("typed")
	brand.presses("Montrer le code")
	brand.reads("Encaisser")
	brand.presses("Encaisser")
	brand.reads("attend la carte")
	brand.fits("the reader asks")
	brand.shot("asking")

	card := phone(t, "lecteur", "fr")
	card.goes(address)
	card.reads("Présentez une carte")
	card.shot("asking")
	card.presses("Refusée")
	card.reads("Paiement non abouti")
	brand.reads("La carte a été refusée")
	brand.fits("declined")
	brand.shot("declined")
	brand.presses("Demander la carte à nouveau")
	brand.reads("attend la carte")
	card.goes(address)
	card.presses("Acceptée")
	card.reads("Paiement accepté")
	brand.reads("Vous pouvez remettre les articles")
	brand.reads("Le reçu de l’acheteur")
	brand.fits("paid at the reader")
	brand.shot("paid")
	receipt := evaluate[string](brand, `document.querySelector(".counter-qr .qr").getAttribute("aria-label").match(/http\S+\/o\/[A-Z2-7]+/)[0]`)
	buyer := phone(t, "acheteur-carte", "fr")
	buyer.goes(receipt)
	buyer.reads("il n’y a pas de droit de rétractation")
	buyer.shot("receipt")
	brand.presses("Voir la commande")
	brand.reads("Acheté en personne")
	brand.fits("the order of the brand")
	brand.shot("order")
	holds(t)
}

// taps clicks something that changes the page and does not leave it.
func (p *person) taps(selector string) {
	p.t.Helper()
	p.until("find "+selector, fmt.Sprintf(`!!document.querySelector(%s)`, quote(selector)))
	evaluate[bool](p, fmt.Sprintf(`(document.querySelector(%s).click(), true)`, quote(selector)))
}

// network takes the phone's network away, or gives it back.
func (p *person) network(away bool) {
	p.t.Helper()
	p.do("the network", func(ctx context.Context, _ *chromedp.Target) (chromedp.Void, error) {
		if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
			return chromedp.Void{}, err
		}
		rules := []*network.Conditions{{Offline: away, DownloadThroughput: -1, UploadThroughput: -1}}
		if _, err := chromedp.Call(ctx, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{MatchedNetworkConditions: rules}); err != nil {
			return chromedp.Void{}, err
		}
		_, err := chromedp.Call(ctx, network.OverrideNetworkState, network.OverrideNetworkStateParams{Offline: away, DownloadThroughput: -1, UploadThroughput: -1})
		return chromedp.Void{}, err
	})
}
