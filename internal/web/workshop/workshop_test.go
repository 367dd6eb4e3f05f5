package workshop_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"image/png"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"relais/internal/app/apptest"
	"relais/internal/catalog"
	"relais/internal/designs/designstest"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/orders"
	"relais/internal/web/aftersale"
	"relais/internal/web/page"
	"relais/internal/web/shop"
	"relais/internal/web/studio"
	"relais/internal/web/till"
	"relais/internal/web/webtest"
	"relais/internal/web/workshop"
)

// world is a shop whose product is a base, Zoé who resells it, Léa who designs on it, and the pages on their way.
type world struct {
	*apptest.World
	*webtest.Visitors
	shop, other apptest.Shop
	lea, zoe    int64
	cart        string // Léa's cookie
}

func (w *world) ok(err error) {
	w.T.Helper()
	if err != nil {
		w.T.Fatal(err)
	}
}

func open(t *testing.T) *world {
	t.Helper()
	w := &world{World: apptest.New(t)}
	ctx, now := t.Context(), w.Clock.Now
	w.Visitors = webtest.New(t, w.DB, page.Options{BaseURL: w.URL, Now: now, PaymentOrigins: []string{w.URL}}, nil)
	after := aftersale.New(aftersale.Options{Site: w.Site, DB: w.DB, Orders: w.Orders, Returns: w.Returns, Disputes: w.Disputes, Now: now})
	till.New(till.Options{Site: w.Site, DB: w.DB, Orders: w.Orders, Aftersale: after, Payouts: w.Payouts, Now: now, BaseURL: w.URL}).Routes(w.Echo)
	shop.New(shop.Options{DB: w.DB, Site: w.Site, Carts: w.Carts, Orders: w.Orders, Pledges: w.Pledges, Returns: w.Returns, Designs: w.Designs, Now: now, BaseURL: w.URL, Log: slog.New(slog.DiscardHandler)}).Routes(w.Echo)
	studio.New(studio.Options{Site: w.Site, DB: w.DB, Designs: w.Designs, Now: now}).Routes(w.Echo)
	workshop.New(workshop.Options{Site: w.Site, DB: w.DB, Orders: w.Orders, Designs: w.Designs, Making: w.Making, Now: now}).Routes(w.Echo)
	w.shop, w.other, w.lea, w.zoe = w.Shop("terre", 3000, 9), w.Shop("verre", 5000, 5), w.Member("lea"), w.Member("zoe")
	terms := catalog.FirstTerms()
	terms.MarginBps = 2000
	_, err := w.Catalog.OfferTerms(ctx, w.shop.Owner, w.shop.Brand, terms)
	w.ok(err)
	w.ok(w.Storefronts.SetMargin(ctx, w.zoe, w.shop.Product, money.New(600, "EUR")))
	v, err := w.Designs.SaveBase(ctx, w.shop.Owner, w.shop.Brand, w.shop.Product, 0, designstest.Shirt())
	w.ok(err)
	w.ok(w.Designs.Publish(ctx, w.shop.Owner, w.shop.Brand, w.shop.Product, v.Revision))
	return w
}

// asks as Léa, with her basket.
func (w *world) asks(target string, form url.Values) (body, location string) {
	w.T.Helper()
	rw := w.Ask(w.lea, target, form, "Cookie", w.cart)
	for _, c := range rw.Result().Cookies() {
		if c.Name == "cart" {
			w.cart = "cart=" + c.Value
		}
	}
	if rw.Code != http.StatusOK && rw.Code != http.StatusSeeOther {
		w.T.Fatalf("%s: %d\n%s", target, rw.Code, regexp.MustCompile(`(?s)(class="error"|form-errors).{0,300}`).FindString(rw.Body.String()))
	}
	return rw.Body.String(), rw.Header().Get("Location")
}

func (w *world) has(body string, words ...string) {
	w.T.Helper()
	for _, word := range words {
		wanted := !strings.HasPrefix(word, "!")
		if strings.Contains(body, strings.TrimPrefix(word, "!")) != wanted {
			w.T.Errorf("shown %v, want %v: %s", !wanted, wanted, word)
		}
	}
}

func one(body, pattern string) string {
	if m := regexp.MustCompile(pattern).FindStringSubmatch(body); m != nil {
		return strings.ReplaceAll(m[1], "&amp;", "&")
	}
	return ""
}

// designs begins a design in Zoé's storefront, by the links of its pages, and writes on it; it returns its page, as Léa came to it.
func (w *world) designs(click, text string) (path string) {
	w.T.Helper()
	body, _ := w.asks("/@zoe/p/"+w.shop.Slug+"?c="+click, nil)
	start := one(body, `href="(/p/[^"]+/design[^"]*)"`)
	body, _ = w.asks(start, nil)
	_, path = w.asks(one(body, `action="(/p/[^"]+)"`), url.Values{"title": {"Secret de Léa"}})
	body, _ = w.asks(path, nil)
	w.has(body, "encore vide", "!Commander cette pièce</button>")
	_, at := w.asks(one(body, `id="studio" method="post" action="([^"]+)"`), url.Values{"revision": {"1"}, "title": {"Secret de Léa"}, "do": {"add.chest.text"}})
	if at = strings.SplitN(at, "#", 2)[0]; at != path {
		w.T.Errorf("a button leads from %s to %s", path, at)
	}
	_, _ = w.asks(path, url.Values{"revision": {"2"}, "title": {"Secret de Léa"}, "chest.0.kind": {"text"}, "chest.0.text": {text}, "chest.0.x": {"90"}, "chest.0.y": {"45"}, "chest.0.size": {"20"},
		"chest.0.font": {"source-sans"}, "chest.0.colour": {"#1a1a1a"}})
	return path
}

// field is the value of a hidden field.
func field(body, name string) string {
	return one(body, `name="`+regexp.QuoteMeta(name)+`" value="([^"]*)"`)
}

// buys puts a design into the basket by the form of its page.
func (w *world) adds(path, quantity string) {
	w.T.Helper()
	body, _ := w.asks(path, nil)
	_, to := w.asks("/cart", url.Values{"product": {field(body, "product")}, "design": {field(body, "design")}, "storefront": {field(body, "storefront")}, "c": {field(body, "c")}, "variant": {field(body, "variant")}, "quantity": {quantity}})
	if to != "/cart" {
		w.T.Errorf("into the basket: %s", to)
	}
}

// orders fills in the checkout.
func (w *world) orders() orders.Page {
	w.T.Helper()
	body, _ := w.asks("/checkout", nil)
	w.has(body, "Fabriqué en 10 jours", "Fait sur mesure", "L221-28", "!pendant 14 jours")
	_, pay := w.asks("/checkout", url.Values{"operation": {field(body, "operation")}, "seen": {field(body, "seen")}, "designs": {field(body, "designs")}, "email": {"lea@relais.example"}, "name": {"Léa"},
		"street": {"3 rue des Lilas"}, "postcode": {"35000"}, "city": {"Rennes"}, "country": {"FR"}, fmt.Sprintf("method-%d", w.shop.Brand): {one(body, fmt.Sprintf(`name="method-%d" value="(\d+)"`, w.shop.Brand))}})
	w.PayAt(pay, apptest.Good)
	w.Settle()
	var id int64
	w.ok(w.DB.Get(&id, `select max(id) from orders`))
	p, err := w.Orders.ByID(w.T.Context(), id)
	w.ok(err)
	return p
}

// From a friend's storefront to the maker: the friend is credited, the title stays the author's, the brand sees what to make, and the buyer where it stands.
func TestADesignFromAStorefrontToItsMaker(t *testing.T) {
	w := open(t)
	click := w.Follow(w.shop.Product, "v", w.zoe)
	one, two := w.designs(click, "Léa"), w.designs(click, "Tom")
	body, _ := w.asks(one, nil)
	w.has(body, `name="storefront" value="zoe"`, `name="c" value="`+click+`"`, "41,00\u00a0€", "Publicité", "Zoe vous recommande", "/@zoe/p/"+w.shop.Slug)
	w.adds(one, "2")
	w.adds(two, "1")
	body, _ = w.asks("/cart", nil)
	w.has(body, "Fabriqué en 10 jours, puis expédié", "Secret de Léa", "création n°\u00a01", "création n°\u00a02", "/designs/1/picture?r=3", "123,00\u00a0€", "L221-28")
	p := w.orders()
	if l := p.Shipments[0].Lines; p.State != orders.Paid || len(l) != 2 || l[0].MarginMinor != 600 || l[0].OptionMinor != 500 || len(l[0].Relays) != 1 || l[0].Relays[0].MemberID != w.zoe {
		t.Fatalf("%s: %+v", p.State, l)
	}
	first := fmt.Sprintf("/brand/terre/orders/%s/designs/%d", p.Number, p.Shipments[0].Lines[0].ID)
	for _, asked := range []string{first, first + "/picture", first + "/picture/front", first + "/job", first + "/print", first + "/print/0", "/brand/terre/making", "/brand/terre/making.zip", "/brand/terre/orders/" + p.Number} {
		for _, stranger := range []int64{w.lea, w.zoe, w.other.Owner} {
			w.Shows(w.Ask(stranger, asked, nil), http.StatusNotFound)
		}
		if rw := w.Ask(0, asked, nil); rw.Code == http.StatusOK {
			t.Errorf("a guest sees %s", asked)
		}
		rw := w.Ask(w.shop.Owner, asked, nil)
		w.Shows(rw, http.StatusOK, "!Secret")
	}
	w.Shows(w.Ask(w.other.Owner, strings.Replace(first, "terre", "verre", 1), nil), http.StatusNotFound)
	w.Shows(w.Ask(w.shop.Owner, first+"/print/7", nil), http.StatusNotFound)
	w.Shows(w.Ask(w.shop.Owner, "/brand/terre/making", nil), 200, "création n°\u00a01", "création n°\u00a02", "2 à fabriquer", first)
	w.Shows(w.Ask(w.shop.Owner, "/brand/terre/orders/"+p.Number, nil), 200, first, "création n°\u00a02", "2 à fabriquer")

	rw := w.Ask(w.shop.Owner, first+"/picture?r=3", nil)
	if picture, err := png.Decode(rw.Body); err != nil || picture.Bounds().Dx() < 400 || !strings.Contains(rw.Header().Get("Cache-Control"), "immutable") {
		t.Errorf("picture: %v, %v", err, rw.Header())
	}
	if rw = w.Ask(w.shop.Owner, first+"/job", nil); !bytes.HasPrefix(rw.Body.Bytes(), []byte("%PDF-")) || !strings.Contains(rw.Header().Get("Cache-Control"), "no-store") {
		t.Errorf("job sheet: %v", rw.Header())
	}
	w.reads(rw.Body.Bytes(), p)
	w.chooses(p)
	rw = w.Ask(w.shop.Owner, "/brand/terre/making.zip", nil)
	archive, err := zip.NewReader(bytes.NewReader(rw.Body.Bytes()), int64(rw.Body.Len()))
	w.ok(err)
	if len(archive.File) != 4 {
		t.Errorf("the archive has %d files", len(archive.File))
	}
	for _, f := range archive.File {
		r, err := f.Open()
		w.ok(err)
		raw, err := io.ReadAll(r)
		if err != nil || !bytes.HasPrefix(raw, []byte("%PDF-")) || !strings.HasPrefix(f.Name, p.Number+"-") {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
	var letter string
	w.ok(w.DB.Get(&letter, `select body_html from letters where reference = $1`, fmt.Sprintf("order:%d:paid", p.ID)))
	w.has(letter, "Fabriqué en 10 jours", "L221-28", "création n°\u00a01", "création n°\u00a02", "!Secret")
	w.steps(p, first)
}

// reads the job sheet of the first line as its maker does: everything that is needed to make it is there.
func (w *world) reads(pdf []byte, p orders.Page) {
	w.T.Helper()
	read := exec.CommandContext(w.T.Context(), "pdftotext", "-layout", "-", "-")
	read.Stdin = bytes.NewReader(pdf)
	out, err := read.CombinedOutput()
	if err != nil {
		w.T.Fatalf("pdftotext (make test installs it): %v\n%s", err, out)
	}
	words := strings.Join(strings.Fields(string(out)), " ")
	due := strings.Join(strings.Fields(i18n.FR.Date(p.PaidAt.AddDate(0, 0, 10))), " ")
	w.has(words, "Fiche de fabrication · "+p.Number, "Pièce "+p.Shipments[0].Lines[0].Title, "Quantité à fabriquer 2", "avant le "+due, "Devant · Poitrine · 1 Texte · Source Sans", "#1a1a1a", "20 mm", "Texte Léa",
		"Devant · Poitrine 300 points par pouce", "5,00 €", "!Tom", "!Secret")
}

// chooses ticks lines for an archive: it has those and no others, whatever else is typed.
func (w *world) chooses(p orders.Page) {
	w.T.Helper()
	for asked, want := range map[string]int{"line=%[1]d&else=%[2]d": 2, "line=%[1]d&line=%[2]d&line=999999&line=x": 4, "line=%[2]d&line=%[2]d&else=%[1]d": 2} {
		rw := w.Ask(w.shop.Owner, "/brand/terre/making.zip?choice=yes&"+fmt.Sprintf(asked, p.Shipments[0].Lines[1].ID, p.Shipments[0].Lines[0].ID), nil)
		archive, err := zip.NewReader(bytes.NewReader(rw.Body.Bytes()), int64(rw.Body.Len()))
		w.ok(err)
		if len(archive.File) != want || !strings.HasPrefix(archive.File[0].Name, p.Number+"-") {
			w.T.Errorf("%s: %d files, want %d", asked, len(archive.File), want)
		}
	}
	rw := w.Ask(w.shop.Owner, "/brand/terre/making.zip?choice=yes", nil)
	if rw.Code != http.StatusSeeOther {
		w.T.Errorf("nothing is ticked: %d", rw.Code)
	}
	routes := map[string]bool{}
	for _, r := range w.Echo.Routes() {
		routes[r.Path] = true
	}
	for slow := range workshop.Slow() {
		if !routes[slow] {
			w.T.Errorf("no route %s", slow)
		}
	}
	w.Shows(w.Ask(w.shop.Owner, "/brand/terre/making", nil), 200, fmt.Sprintf(`name="line" value="%d" checked`, p.Shipments[0].Lines[0].ID))
}

// steps makes the pieces by the form of their page.
func (w *world) steps(p orders.Page, path string) {
	w.T.Helper()
	post := func(typed ...string) int {
		body := w.Ask(w.shop.Owner, path, nil).Body.String()
		f := url.Values{"to_make": {field(body, "to_make")}, "under": {field(body, "under")}, "made": {field(body, "made")}}
		for i := 0; i+1 < len(typed); i += 2 {
			f.Set(typed[i], typed[i+1])
		}
		rw := w.Ask(w.shop.Owner, path, f)
		if rw.Code != http.StatusSeeOther {
			w.has(rw.Body.String(), `class="error"`, `role="alert"`)
		}
		return rw.Code
	}
	w.Shows(w.Ask(w.other.Owner, path, url.Values{"kind": {"made"}, "pieces": {"1"}}), http.StatusNotFound)
	ship := "/brand/terre/orders/" + p.Number + "/ship"
	if rw := w.Ask(w.shop.Owner, ship, url.Values{}); rw.Code != http.StatusSeeOther {
		w.T.Errorf("sent too early: %d", rw.Code)
	}
	for i, c := range []struct {
		typed []string
		want  int
	}{
		{[]string{"kind", "made", "pieces", "3"}, 422}, {[]string{"kind", "begun", "pieces", "1"}, 303}, {[]string{"kind", "made", "pieces", "2"}, 303},
		{[]string{"kind", "again", "of", "made", "pieces", "1"}, 422}, {[]string{"kind", "again", "of", "made", "pieces", "1", "reason", "Encre <pâle>"}, 303},
	} {
		if got := post(c.typed...); got != c.want {
			w.T.Errorf("step %d: %d, want %d", i, got, c.want)
		}
	}
	w.Shows(w.Ask(w.shop.Owner, path, url.Values{"kind": {"made"}, "pieces": {"1"}, "to_make": {"2"}, "under": {"0"}, "made": {"0"}}), http.StatusConflict, "entre-temps", "1 à fabriquer")
	w.Shows(w.Ask(0, "/o/"+p.Token, nil), http.StatusOK, "1 à fabriquer", "À faire avant le "+i18n.FR.Date(p.PaidAt.AddDate(0, 0, 10)), "1 faite", "Encre &lt;pâle&gt;", "création n°\u00a01", "!Secret", fmt.Sprintf("/o/%s/designs/%d?r=3", p.Token, p.Shipments[0].Lines[0].ID))
	w.Shows(w.Ask(0, fmt.Sprintf("/o/%s/designs/%d", p.Token, p.Shipments[0].Lines[0].ID), nil), http.StatusOK)
	w.Shows(w.Ask(0, fmt.Sprintf("/o/%s/designs/%d", p.Token, 999), nil), http.StatusNotFound)
	if p, err := w.Orders.ByID(w.T.Context(), p.ID); err != nil || p.Shipments[0].State != orders.Preparing {
		w.T.Errorf("it was sent before it was made: %s, %v", p.Shipments[0].State, err)
	}
}

// Before it is paid nobody but its author sees it.
func TestAnUnpaidDesignIsNobodysToMake(t *testing.T) {
	w := open(t)
	w.Shows(w.Ask(w.shop.Owner, "/brand/terre/making", nil), 200, "Rien à fabriquer")
	if rw := w.Ask(w.shop.Owner, "/brand/terre/making.zip", nil); rw.Code != http.StatusSeeOther {
		t.Errorf("an archive of nothing: %d", rw.Code)
	}
	path := w.designs("", "Léa")
	w.adds(path, "1")
	body, _ := w.asks("/checkout", nil)
	w.asks("/checkout", url.Values{"operation": {field(body, "operation")}, "seen": {field(body, "seen")}, "designs": {field(body, "designs")}, "email": {"lea@relais.example"}, "name": {"Léa"},
		"street": {"3 rue des Lilas"}, "postcode": {"35000"}, "city": {"Rennes"}, "country": {"FR"}, fmt.Sprintf("method-%d", w.shop.Brand): {one(body, fmt.Sprintf(`name="method-%d" value="(\d+)"`, w.shop.Brand))}})
	var at struct {
		Number string `db:"number"`
		ID     int64  `db:"id"`
	}
	w.ok(w.DB.Get(&at, `select o.number, l.id from orders o join order_lines l on l.order_id = o.id`))
	for _, end := range []string{"", "/picture", "/job", "/print", "/print/0"} {
		w.Shows(w.Ask(w.shop.Owner, fmt.Sprintf("/brand/terre/orders/%s/designs/%d%s", at.Number, at.ID, end), nil), http.StatusNotFound)
	}
	w.Shows(w.Ask(w.shop.Owner, "/brand/terre/making", nil), 200, "Rien à fabriquer")
}
