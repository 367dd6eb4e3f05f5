package studio_test

import (
	"bytes"
	"fmt"
	"image/png"
	"mime/multipart"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"relais/internal/app/apptest"
	"relais/internal/designs"
	"relais/internal/designs/designstest"
	"relais/internal/web/page"
	"relais/internal/web/studio"
	"relais/internal/web/webtest"
)

// world is a shop whose product is a base, and who asks the pages.
type world struct {
	*apptest.World
	*webtest.Visitors
	shop apptest.Shop
	lea  int64
	slug string
}

func open(t *testing.T) *world {
	w := apptest.New(t)
	v := webtest.New(t, w.DB, page.Options{BaseURL: "https://relais.example", Now: w.Clock.Now, Uploads: studio.Uploads()}, nil)
	studio.New(studio.Options{Site: v.Site, DB: w.DB, Designs: w.Designs, Publications: w.Publications, Now: w.Clock.Now}).Routes(v.Echo)
	x := &world{World: w, Visitors: v, shop: w.Shop("terre", 3000, 5), lea: w.Member("lea")}
	x.must(w.DB.GetContext(t.Context(), &x.slug, `select slug from products where id = $1`, x.shop.Product))
	return x
}

func (w *world) must(err error) {
	w.T.Helper()
	if err != nil {
		w.T.Fatal(err)
	}
}

func (w *world) base() string { return fmt.Sprintf("/brand/terre/products/%d/base", w.shop.Product) }

// offers publishes the shirt, and starts Léa's design on it.
func (w *world) offers() (path string) {
	w.T.Helper()
	v, err := w.Designs.SaveBase(w.T.Context(), w.shop.Owner, w.shop.Brand, w.shop.Product, 0, designstest.Shirt())
	w.must(err)
	w.must(w.Designs.Publish(w.T.Context(), w.shop.Owner, w.shop.Brand, w.shop.Product, v.Revision))
	rw := w.Ask(w.lea, "/p/"+w.slug+"/design", url.Values{"title": {"Pour Tom"}})
	if rw.Code != 303 {
		w.T.Fatalf("%d %s", rw.Code, rw.Body)
	}
	return rw.Header().Get("Location")
}

var (
	input    = regexp.MustCompile(`<input[^>]* name="([^"]+)"[^>]*>`)
	checked  = regexp.MustCompile(`<input[^>]*type="(checkbox|radio)"[^>]*>`)
	value    = regexp.MustCompile(` value="([^"]*)"`)
	choice   = regexp.MustCompile(`(?s)<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>`)
	selected = regexp.MustCompile(`<option value="([^"]*)" selected>`)
	words    = regexp.MustCompile(`(?s)<textarea[^>]* name="([^"]+)"[^>]*>(.*?)</textarea>`)
)

// form is what a browser would send of a page.
func form(body string) url.Values {
	f := url.Values{}
	for _, m := range input.FindAllStringSubmatch(body, -1) {
		if checked.MatchString(m[0]) && !strings.Contains(m[0], " checked") || strings.Contains(m[0], `type="file"`) {
			continue
		}
		if v := value.FindStringSubmatch(m[0]); v != nil {
			f.Add(m[1], strings.ReplaceAll(v[1], "&#34;", `"`))
		}
	}
	for _, m := range choice.FindAllStringSubmatch(body, -1) {
		if v := selected.FindStringSubmatch(m[2]); v != nil {
			f.Add(m[1], v[1])
		}
	}
	for _, m := range words.FindAllStringSubmatch(body, -1) {
		f.Add(m[1], m[2])
	}
	return f
}

// press sends the page's form by a button, with what was typed, and follows to the page after it.
func (w *world) press(member int64, path, do string, typed ...string) string {
	w.T.Helper()
	f := form(w.Ask(member, path, nil).Body.String())
	f.Set("do", do)
	for i := 0; i+1 < len(typed); i += 2 {
		if !f.Has(typed[i]) {
			w.T.Fatalf("the page has no field %s", typed[i])
		}
		f.Set(typed[i], typed[i+1])
	}
	if rw := w.Ask(member, path, f); rw.Code != 303 {
		w.T.Fatalf("%s: %d\n%s", do, rw.Code, regexp.MustCompile(`(?s)class="error".{0,300}`).FindString(rw.Body.String()))
	}
	return w.Ask(member, path, nil).Body.String()
}

// The brand's way: a view, a zone, what is wrong said where it is, published.
func TestABrandPreparesABase(t *testing.T) {
	w := open(t)
	w.Shows(w.Ask(w.lea, w.base(), nil), 404)
	w.Shows(w.Ask(w.lea, "/p/"+w.slug+"/design", nil), 404)
	w.Shows(w.Ask(w.shop.Owner, w.base(), nil), 200, "Pas encore proposé", "Ajoutez au moins une zone", "<svg", "!Retirer cette zone")
	body := w.press(w.shop.Owner, w.base(), "zone.add.0", "views.0.name", "Recto", "views.0.shape", "mug", "forbidden", "Merde\nzut")
	if !strings.Contains(body, `value="Recto"`) || !strings.Contains(body, "merde\nzut") || strings.Contains(body, "Avant de publier") {
		t.Errorf("after the first zone:\n%s", body)
	}
	if f := form(body); f.Get("views.0.zones.0.width") != "150" || len(f["views.0.zones.0.fonts"]) != 6 || f.Get("views.0.zones.0.kinds") != "text" {
		t.Errorf("the zone is %v", f)
	}
	// What cannot be made is kept in the draft, and said at its field.
	body = w.press(w.shop.Owner, w.base(), "", "views.0.zones.0.x", "299,5", "views.0.zones.0.extra.text", "4,50")
	for _, want := range []string{`id="f-views.0.zones.0.x-error"`, "La zone dépasse de la vue", `value="299.5"`, `value="4.50"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	f := form(body)
	f.Set("do", "publish")
	w.Shows(w.Ask(w.shop.Owner, w.base(), f), 409, "Corrigez d’abord")
	f = form(w.Ask(w.shop.Owner, w.base(), nil).Body.String())
	f.Set("views.0.zones.0.x", "beaucoup")
	w.Shows(w.Ask(w.shop.Owner, w.base(), f), 422, `value="beaucoup"`, `id="f-views.0.zones.0.x-error"`)
	w.Shows(w.Ask(w.shop.Owner, w.base(), f, "HX-Request", "true"), 200, `id="pictures"`, "!<html")
	// Colours come one by one, and have names.
	body = w.press(w.shop.Owner, w.base(), "colour.add.0.0", "views.0.zones.0.colours.1.fr", "Capucine")
	if f := form(body); f.Get("views.0.zones.0.colours.2.code") != "#ffffff" || f.Get("views.0.zones.0.colours.1.fr") != "Capucine" || !strings.Contains(body, `placeholder="Blanc"`) {
		t.Errorf("a third colour: %v", f)
	}
	body = w.press(w.shop.Owner, w.base(), "colour.remove.0.0.0")
	if f := form(body); f.Get("views.0.zones.0.colours.0.fr") != "Capucine" || f.Has("views.0.zones.0.colours.2.code") {
		t.Errorf("without the first colour: %v", f)
	}
	f = form(body)
	f.Set("views.0.photo", strings.Repeat("ab", 20))
	w.Shows(w.Ask(w.shop.Owner, w.base(), f), 422, "Choisissez une des photos du produit", `data-confirm="Retirer la vue`)
	body = w.press(w.shop.Owner, w.base(), "publish", "views.0.zones.0.x", "10")
	if !strings.Contains(body, "Version 1 en ligne") {
		t.Errorf("published:\n%s", body)
	}
	w.Shows(w.Ask(0, "/p/"+w.slug+"/design", nil), 200, "Se connecter pour commencer")
	w.Shows(w.Ask(w.lea, "/p/"+w.slug+"/design", nil), 200, "Commencer", "Fabriqué en 10 jours")
	// Another window is behind.
	stale := form(body)
	w.press(w.shop.Owner, w.base(), "view.add")
	w.Shows(w.Ask(w.shop.Owner, w.base(), stale), 409, "dans une autre fenêtre")
	w.press(w.shop.Owner, w.base(), "view.remove.1")
	if rw := w.Ask(w.shop.Owner, w.base()+"/withdraw", url.Values{}); rw.Code != 303 {
		t.Errorf("withdraw: %d", rw.Code)
	}
	w.Shows(w.Ask(w.lea, "/p/"+w.slug+"/design", nil), 404)
}

// The member's way, without script: each button keeps what was typed.
func TestAMemberDesignsWithoutScript(t *testing.T) {
	w := open(t)
	path := w.offers()
	w.Shows(w.Ask(w.lea, path, nil), 200, "attend quelque chose", "1 chose à régler", "<svg", "ajoutez-y quelque chose pour la commander", "!La publier", "10 Mo et 40 mégapixels")
	w.press(w.lea, path, "add.chest.text")
	body := w.press(w.lea, path, "left.chest.0", "chest.0.text", "Léa", "chest.0.font", "fraunces")
	if f := form(body); f.Get("chest.0.text") != "Léa" || f.Get("chest.0.x") != "88" || f.Get("chest.0.font") != "fraunces" || f.Get("title") != "Pour Tom" {
		t.Errorf("kept: %v", f)
	}
	for _, want := range []string{"Tout est prêt", "5,00\u00a0€", "<title>Devant, Léa</title>", `data-zone="chest" data-layer="0"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	// A limit is said where it is hit, and what was typed is kept.
	body = w.press(w.lea, path, "", "chest.0.text", "Léa 🎉")
	for _, want := range []string{`id="f-chest.0.text-error"`, "emojis ne s’impriment pas", "Léa 🎉", "1 chose à régler"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	body = w.press(w.lea, path, "", "chest.0.text", "ليا")
	if !strings.Contains(body, "Amiri l’a") {
		t.Error("the font that could is not named")
	}
	f := form(body)
	f.Set("chest.0.size", "grand")
	w.Shows(w.Ask(w.lea, path, f), 422, `value="grand"`, `id="f-chest.0.size-error"`)
	w.press(w.lea, path, "add.band.pattern")
	body = w.press(w.lea, path, "remove.chest.0")
	if strings.Contains(body, `name="chest.0.kind"`) || !strings.Contains(body, `name="band.0.pattern"`) {
		t.Error("the layer is not removed")
	}
}

// The script sends the same form and gets the same HTML; two windows do not overwrite each other.
func TestAutosaveAndTwoWindows(t *testing.T) {
	w := open(t)
	path := w.offers()
	w.press(w.lea, path, "add.chest.text")
	f := form(w.Ask(w.lea, path, nil).Body.String())
	f.Set("chest.0.text", "Léa")
	rw := w.Ask(w.lea, path, f, "HX-Request", "true")
	// All that a change can change comes with it: it can be ordered now.
	w.Shows(rw, 200, `id="studio"`, `name="revision" value="3"`, "!<html", "&#34;text&#34;:&#34;Léa&#34;", `id="order"`, `action="/cart"`, "!encore vide", `role="status"`)
	f.Set("chest.0.text", "Tom")
	w.Shows(w.Ask(w.lea, path, f, "HX-Request", "true"), 409, "dans une autre fenêtre")
	// Undo sends a document back.
	back := form(rw.Body.String())
	back.Set("doc", `{"version":1,"parts":[]}`)
	w.Shows(w.Ask(w.lea, path, back, "HX-Request", "true"), 200, `name="revision" value="4"`, "!name=\"chest.0.text\"")
	back.Set("revision", "4")
	back.Set("doc", `{"version":1,"parts":[{"zone":"<script>","layers":[]}]}`)
	if rw := w.Ask(w.lea, path, back, "HX-Request", "true"); rw.Code != 422 {
		t.Errorf("a document that is none: %d", rw.Code)
	}
}

func (w *world) uploads(member int64, path string, raw []byte) *httptest.ResponseRecorder {
	w.T.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	part, err := m.CreateFormFile("photo", "moi.jpg")
	w.must(err)
	_, err = part.Write(raw)
	w.must(err)
	w.must(m.Close())
	r := httptest.NewRequestWithContext(w.T.Context(), "POST", path+"/photos", &body)
	r.Header.Set("Content-Type", m.FormDataContentType())
	return w.Send(member, r)
}

func TestPhotographsAreSeenByTheirOwnerAlone(t *testing.T) {
	w := open(t)
	path := w.offers()
	w.Shows(w.uploads(w.lea, path, []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="x"/>`)), 422, `role="alert"`)
	if rw := w.uploads(w.lea, path, designstest.Photo(t, 900, 600).JPEG); rw.Code != 303 {
		t.Fatalf("%d %s", rw.Code, rw.Body)
	}
	body := w.press(w.lea, path, "add.chest.image")
	address := regexp.MustCompile(`/designs/photos/\d+`).FindString(body)
	if !strings.Contains(body, `href="`+address+`"`) {
		t.Error("the picture does not show it")
	}
	rw := w.Ask(w.lea, address, nil)
	if rw.Code != 200 || rw.Header().Get("Content-Type") != "image/jpeg" || !strings.Contains(rw.Header().Get("Cache-Control"), "private") {
		t.Errorf("%d %v", rw.Code, rw.Header())
	}
	tom := w.Member("tom")
	for _, asked := range []string{address, path, path + "/picture/front"} {
		w.Shows(w.Ask(tom, asked, nil), 404)
		if rw := w.Ask(0, asked, nil); rw.Code == 200 {
			t.Errorf("a guest sees %s", asked)
		}
	}
	for _, posted := range []string{path, path + "/drop", address + "/remove"} {
		w.Shows(w.Ask(tom, posted, url.Values{"title": {"x"}, "revision": {"1"}}), 404)
	}
	rw = w.Ask(w.lea, path+"/picture/front", nil)
	picture, err := png.Decode(rw.Body)
	w.must(err)
	if s := picture.Bounds().Size(); s.X < 400 || s.Y < 480 {
		t.Errorf("the preview is %v", s)
	}
	w.Shows(w.Ask(w.lea, path+"/picture/side", nil), 404)
	w.Shows(w.Ask(w.lea, "/designs", nil), 200, "Pour Tom", "<svg")
	if rw := w.Ask(w.lea, path+"/drop", url.Values{}); rw.Code != 303 {
		t.Errorf("drop: %d", rw.Code)
	}
	w.Shows(w.Ask(w.lea, "/designs", nil), 200, "Aucune création", "!Pour Tom")
	if _, err := designs.ByID(t.Context(), w.DB, w.lea, 1); err == nil {
		t.Error("a dropped design is read")
	}
}
