package e2e_test

import (
	"fmt"
	"strings"
	"testing"

	"relais/internal/demo"
)

// A piece made one's own, on a phone: the brand prepares a cushion, Léa writes on it, drags and turns with her finger, goes back a step, finds it
// all again after she loads the page anew, and buys it; the brand makes it by its job sheet, and Léa sees that it is made.
func TestStoryOfADesign(t *testing.T) {
	brand := phone(t, "marque-base", "fr")
	brand.logsIn("mathilde@maison-brevane.example", demo.Password)
	brand.goes("/brand/maison-brevane/products")
	product := evaluate[string](brand, `[...document.querySelectorAll("a[href*='/products/']")].find(a => /Coussin en lin/.test((a.closest("li, tr, article") || a).textContent)).getAttribute("href")`)
	brand.goes(product + "/base")
	brand.fits("a base that begins")
	brand.pressesElement(`button[value="zone.add.0"]`)
	brand.types("views.0.name", "Devant")
	brand.pressesElement(`button[value="publish"]`)
	brand.reads("Version 1 en ligne")
	brand.fits("a base")
	brand.shot("base")
	slug := evaluate[string](brand, `document.querySelector("a[href$='/design']").getAttribute("href")`)

	lea := phone(t, "lea-dessine", "fr")
	complaints := lea.complaints()
	lea.logsIn("lea@relais.example", demo.Password)
	lea.goes(strings.TrimSuffix(slug, "/design"))
	lea.presses("Personnaliser cette pièce")
	lea.presses("Commencer")
	lea.taps(`button[value="add.z1.text"]`)
	lea.until("a layer", `!!document.querySelector("[name='z1.0.text']")`)
	lea.types("z1.0.text", "Léa & Tom")
	lea.until("it is kept and shown", `document.querySelector("[data-state]").textContent === "Enregistré" && !!document.querySelector("#stage [data-layer='0'] path")`)
	lea.fits("the studio")
	lea.shot("text")

	// A finger drags by 40 pixels.
	x := `Number(document.querySelector("[name='z1.0.x']").value)`
	before := evaluate[float64](lea, x)
	moved := evaluate[float64](lea, `(() => { const g = document.querySelector("#stage [data-layer='0']"), r = g.getBoundingClientRect(), at = (type, dx) => (type === "pointerdown" ? g : document).dispatchEvent(new PointerEvent(type,
		{bubbles: true, cancelable: true, pointerId: 1, pointerType: "touch", button: 0, clientX: r.x + r.width / 2 + dx, clientY: r.y + r.height / 2}));
		at("pointerdown", 0); at("pointermove", 20); at("pointermove", 40); at("pointerup", 40); return 40 / document.querySelector("#stage svg").getScreenCTM().a })()`)
	if got := evaluate[float64](lea, x); got-before < moved*0.95 || got-before > moved*1.05 {
		t.Errorf("dragged by %.1f mm, moved by %.1f", moved, got-before)
	}
	lea.until("it is kept", `document.querySelector("[data-state]").textContent === "Enregistré" && !document.querySelector("[data-undo]").disabled`)
	lea.until("the picture follows", fmt.Sprintf(`document.querySelector("#studio").dataset.doc.includes('"x":') && !document.querySelector("#studio").dataset.doc.includes('"x":%d,')`, int(before*100)))
	// The keys, with Alt in a field.
	turn := `document.querySelector("[name='z1.0.turn']").value`
	evaluate[bool](lea, `(() => { const f = document.querySelector("[name='z1.0.text']"); f.focus(); for (let i = 0; i < 3; i++) f.dispatchEvent(new KeyboardEvent("keydown", {key: "]", altKey: true, bubbles: true, cancelable: true})); return true })()`)
	if got := evaluate[string](lea, turn); got != "3" {
		t.Errorf("turned to %s", got)
	}
	lea.until("it is kept", `document.querySelector("#studio").dataset.doc.includes('"turn":3')`)
	lea.taps("[data-undo]")
	lea.until("it is back", turn+` === "0"`)
	lea.taps("[data-redo]")
	lea.until("and forth", turn+` === "3"`)
	// A limit is said where it is hit.
	lea.types("z1.0.text", "Léa 🎉")
	lea.until("the limit", `/emoji/.test(document.getElementById("f-z1.0.text-error")?.textContent || "")`)
	lea.fits("a limit")
	lea.shot("limit")
	lea.types("z1.0.text", "Léa")
	lea.until("all is well", `!document.querySelector("[aria-invalid]") && !document.getElementById("f-z1.0.text-error") && document.querySelector("[data-state]").textContent === "Enregistré"`)
	lea.goes(lea.path())
	if got := evaluate[string](lea, `document.querySelector("[name='z1.0.text']").value`); got != "Léa" {
		t.Errorf("found again: %q", got)
	}
	lea.fits("a design that can be ordered")
	design := lea.path()
	lea.goes("/designs")
	lea.fits("/designs")
	lea.shot("mine")
	lea.goes(design)
	lea.presses("Commander cette pièce")
	lea.until("the basket", `location.pathname === "/cart"`)
	lea.reads("création n°")
	lea.reads("L221-28")
	lea.fits("a basket with a design")
	lea.shot("cart")
	orders(lea, "Commander", "Commander avec obligation de paiement", address{email: "lea@relais.example", name: "Léa Fontaine", street: "8 rue du Moulin", postcode: "44000", city: "Nantes"})
	pays(lea, "6200 0000 0000 0005")
	lea.becomes("1 à fabriquer")
	lea.fits("an order with a design")
	lea.shot("ordered")
	order := lea.path()
	number := evaluate[string](lea, `document.body.innerText.match(/R-[0-9A-Z]{7}/)[0]`)

	brand.goes("/brand/maison-brevane/making")
	brand.reads(number)
	brand.fits("what is to make")
	brand.shot("making")
	brand.pressesElement(`main a[href*="/orders/` + number + `/designs/"]`)
	brand.reads("Fiche de fabrication")
	brand.fits("a piece to make")
	brand.shot("piece")
	for file, kind := range map[string]string{"/job": "application/pdf", "/print": "application/pdf", "/print/0": "image/png"} {
		if got := evaluate[string](brand, `fetch(location.pathname + "`+file+`").then(async r => r.ok && (await r.blob()).type)`); got != kind {
			t.Errorf("%s is %s", file, got)
		}
	}
	if got := evaluate[string](brand, `fetch("/brand/maison-brevane/making.zip").then(async r => new TextDecoder("latin1").decode((await r.arrayBuffer()).slice(0, 2)))`); got != "PK" {
		t.Errorf("all of it in one file begins with %q", got)
	}
	brand.types("pieces", "1")
	brand.presses("Pièces faites")
	brand.reads("1 faite")
	lea.goes(order)
	lea.reads("1 faite")
	holds(t)
	select {
	case c := <-complaints:
		t.Errorf("the browser complains: %s", c)
	default:
	}
}
