package e2e_test

import (
	"math"
	"strconv"
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
	brand.types("views.0.zones.0.colours.0.fr", "Encre de Chine")
	brand.pressesElement(`button[value="view.add"]`)
	brand.types("views.1.name", "Dos")
	brand.pressesElement(`button[value="zone.add.1"]`)
	brand.taps(`input[name="views.1.zones.0.kinds"][value="image"]`)
	brand.taps(`input[name="views.0.photo"]:not([value=""])`)
	brand.until("the piece itself is shown", `!!document.querySelector("#pictures image[href^='/media/']")`)
	brand.pressesElement(`button[value="publish"]`)
	brand.reads("Version 1 en ligne")
	brand.fits("a base")
	brand.shot("base")
	slug := evaluate[string](brand, `document.querySelector("a[href$='/design']").getAttribute("href")`)

	lea := phone(t, "lea-dessine", "fr")
	complaints := lea.complaints()
	lea.attentive()
	lea.logsIn("lea@relais.example", demo.Password)
	lea.goes(strings.TrimSuffix(slug, "/design"))
	lea.presses("Personnaliser cette pièce")
	lea.presses("Commencer")
	lea.reads("Cette création est encore vide")
	lea.taps(`button[value="add.z1.text"]`)
	lea.until("a layer", `!!document.querySelector("[name='z1.0.text']")`)
	lea.types("z1.0.text", "Léa & Tom")
	lea.until("it is shown on the piece itself", `!!document.querySelector("#stage image[href^='/media/']") && !!document.querySelector("#stage [data-layer='0'] path")`)
	// What is ready can be ordered, at its price, on the page as it stands.
	lea.until("it can be ordered", `!!document.querySelector("#buy form") && !document.getElementById("order").textContent.includes("encore vide")`)
	lea.kept()
	lea.fits("the studio")
	lea.shot("text")

	looksAtTheBack(lea)
	fingers(t, lea)
	keysAndUndo(t, lea)
	lea.fits("a limit")
	curvesAndPhotographs(lea)
	lea.fits("a design that can be ordered")
	lea.shot("ready")
	comesBack(t, lea)
	design := lea.path()
	lea.goes("/designs")
	lea.fits("/designs")
	lea.shot("mine")
	lea.goes(design)
	lea.types("title", "Coussin de Léa") // and at once: what is ordered is what was written
	lea.presses("Commander cette pièce")
	lea.until("the basket", `location.pathname === "/cart"`)
	lea.reads("création n°")
	lea.reads("Coussin de Léa")
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

// looksAtTheBack has somebody write on the back: it stays in sight while it is kept, and the front comes back with its own fields.
func looksAtTheBack(lea *person) {
	lea.t.Helper()
	lea.taps(`[data-side="view-v2"]`)
	lea.until("the back", `document.querySelector("[data-views]").scrollLeft > 100`)
	lea.taps(`button[value="add.z2.text"]`)
	lea.until("a layer", `!!document.querySelector("[name='z2.0.text']")`)
	lea.types("z2.0.text", "Dos")
	lea.until("it is drawn", `!!document.querySelector("#view-v2 [data-layer='0'] path")`)
	lea.kept()
	lea.until("still the back", `document.querySelector("[data-views]").scrollLeft > 100`)
	lea.types("z2.0.text", "Au dos")
	lea.until("it is sent", `document.querySelector("#studio").dataset.doc.includes("Au dos")`)
	if at := evaluate[float64](lea, `document.querySelector("[data-views]").scrollLeft`); at < 100 {
		lea.t.Errorf("keeping what is on the back shows the front: scrolled to %.0f", at)
	}
	lea.fits("the back")
	lea.shot("back")
	evaluate[bool](lea, `(document.querySelector("[name='z1.0.text']").focus({preventScroll: true}), true)`)
	lea.until("the front", `document.querySelector("[data-views]").scrollLeft < 5`)
}

// fingers moves with one finger, and scales and turns with two, beside the ink as fingers do.
func fingers(t *testing.T, lea *person) {
	t.Helper()
	num := func(name string) float64 {
		f, err := strconv.ParseFloat(lea.studioField("z1.0."+name), 64)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	evaluate[bool](lea, `(document.getElementById("zones").scrollIntoView({behavior: "instant"}), true)`) // where the fields are, the picture is above them
	scale := evaluate[float64](lea, `document.querySelector("#view-v1 svg").getScreenCTM().a`)
	grip := `(() => { const r = document.querySelector("#view-v1 [data-grip-layer='0']").getBoundingClientRect(); return {X: r.x + r.width / 2, Y: r.y + r.height / 2, Top: r.y + 6} })()`
	at := evaluate[struct{ X, Y, Top float64 }](lea, grip)
	page, x, y := evaluate[float64](lea, `window.scrollY`), num("x"), num("y")
	lea.touches([]point{{at.X, at.Top}}, []point{{at.X - 24, at.Top + 18}})
	if dx, dy := num("x")-x, num("y")-y; math.Abs(dx+24/scale) > 0.5 || math.Abs(dy-18/scale) > 0.5 {
		t.Errorf("a finger moved by %.1f and %.1f mm, the text by %.1f and %.1f", -24/scale, 18/scale, dx, dy)
	}
	if now := evaluate[float64](lea, `window.scrollY`); now != page {
		t.Errorf("the page scrolled from %.0f to %.0f under the finger", page, now)
	}
	lea.until("it is kept", `JSON.parse(document.querySelector("#studio").dataset.doc).parts.find(p => p.zone === "z1").layers[0].x !== `+strconv.FormatFloat(x*100, 'f', 0, 64))
	lea.kept()
	at = evaluate[struct{ X, Y, Top float64 }](lea, grip)
	size := num("size")
	lea.touches(around(point{at.X, at.Y}, 30, 0), around(point{at.X, at.Y}, 24, 40))
	if got, turn := num("size")/size, num("turn"); math.Abs(got-0.8) > 0.03 || math.Abs(turn-40) > 2 {
		t.Errorf("two fingers scaled by %.2f and turned by %.0f, want 0.80 and 40", got, turn)
	}
	lea.until("it is kept", `document.querySelector("#studio").dataset.doc.includes('"turn":')`)
	lea.kept()
	lea.shot("pinched")
	lea.taps("[data-undo]")
	lea.until("it is straight again", `document.querySelector("[name='z1.0.turn']").value === "0"`)
}

// keysAndUndo goes on by keyboard, in the picture and out of it.
func keysAndUndo(t *testing.T, lea *person) {
	t.Helper()
	lea.kept()
	const x = `Number(document.querySelector("[name='z1.0.x']").value)`
	before := evaluate[float64](lea, x)
	evaluate[bool](lea, `(document.getElementById("view-v1").focus(), true)`)
	for n := 1; n <= 2; n++ { // the second one after the answer to the first
		doc := evaluate[string](lea, `document.querySelector("#studio").dataset.doc`)
		lea.keys("\u0303") // ArrowRight
		lea.until("another document is kept", `document.querySelector("#studio").dataset.doc !== `+quote(doc))
		lea.kept()
		if got := evaluate[float64](lea, x); math.Abs(got-before-float64(n)) > 0.001 {
			t.Fatalf("after %d arrows it moved by %.2f; the focus is on %s", n, got-before, evaluate[string](lea, `document.activeElement.outerHTML.slice(0, 60)`))
		}
	}
	lea.keys("]]]+")
	lea.until("it is turned and larger", `document.querySelector("#studio").dataset.doc.includes('"turn":3')`)
	lea.kept()
	// What is typed just before going back is a step of its own.
	lea.types("z1.0.text", "Tom & Léa")
	lea.taps("[data-undo]")
	lea.until("it is back", `document.querySelector("[name='z1.0.text']").value === "Léa & Tom"`)
	lea.kept()
	lea.taps("[data-redo]")
	lea.until("and forth", `document.querySelector("[name='z1.0.text']").value === "Tom & Léa"`)
	// A limit is said where it is hit, to ears as well.
	lea.types("z1.0.text", "Léa 🎉")
	lea.until("the limit", `/emoji/i.test(document.getElementById("f-z1.0.text-error")?.textContent || "")`)
	lea.until("it is heard at the field", `document.querySelector("[name='z1.0.text']").getAttribute("aria-describedby").split(" ").includes("f-z1.0.text-error")`)
	lea.until("and as it happens", `/emoji/i.test(document.querySelector("#sum[role=status]").textContent)`)
	lea.until("it cannot be ordered", `!document.querySelector("#buy form")`)
	lea.shot("limit")
	lea.types("z1.0.text", "Léa ♥️")
	lea.until("all is well", `!document.querySelector("#studio [aria-invalid]") && !document.getElementById("f-z1.0.text-error") && !document.querySelector("[name='z1.0.text']").getAttribute("aria-describedby").includes("error")`)
	lea.kept()
}

// curvesAndPhotographs bends a text, chooses a font and a colour by what they look like, and puts a photograph on the back.
func curvesAndPhotographs(lea *person) {
	lea.t.Helper()
	lea.taps("[id='fine-z1.0'] summary")
	lea.types("z1.0.arc", "120")
	lea.until("it is bent", `document.querySelector("#studio").dataset.doc.includes('"arc":120')`)
	lea.taps(`input[name="z1.0.font"][value="source-sans"]`)
	lea.taps(`input[name="z1.0.colour"][value="#c2321a"]`)
	lea.until("it is red", `!!document.querySelector("#view-v1 [data-layer='0'] path[fill='#c2321a']")`)
	lea.reads("Encre de Chine")
	lea.kept()
	lea.shot("arc")
	lea.chooses("#f-photo", "annie-spratt-78044-unsplash-echeveria.jpg")
	lea.taps("#photos form[data-photos] button")
	lea.until("the photograph", `!!document.querySelector("#photos .studio-photos img") && /ajoutée/.test(document.querySelector("[data-photo-state]").textContent)`)
	lea.taps(`button[value="add.z2.image"]`)
	lea.until("it is on the back", `!!document.querySelector("#view-v2 image[href^='/designs/photos/']")`)
	lea.kept()
	lea.until("it can be ordered", `!!document.querySelector("#buy form")`)
}

// comesBack has somebody logged out in the middle of a word, who finds it again.
func comesBack(t *testing.T, lea *person) {
	t.Helper()
	design := lea.path()
	lea.forgotten()
	lea.types("z1.0.text", "Léa revient")
	lea.until("the log-in page", `location.pathname === "/login" && document.readyState === "complete"`)
	lea.types("email", "lea@relais.example")
	lea.types("password", demo.Password)
	lea.pressesElement(`main form button[type=submit], main form button:not([type])`)
	if got := lea.path(); got != design {
		t.Fatalf("the log-in leads to %s", got)
	}
	lea.until("it is typed again and kept", `document.querySelector("#studio").dataset.doc.includes("Léa revient")`)
	lea.kept()
	lea.types("z1.0.text", "Léa")
	lea.until("it is kept", `document.querySelector("#studio").dataset.doc.includes('"text":"Léa"')`)
	lea.kept()
}
