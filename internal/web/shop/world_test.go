package shop_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/labstack/echo/v4"

	"relais/internal/carts"
	"relais/internal/catalog"
	"relais/internal/changes"
	"relais/internal/clicks"
	"relais/internal/documents"
	"relais/internal/i18n"
	"relais/internal/jobs"
	"relais/internal/mail"
	"relais/internal/media"
	"relais/internal/orders"
	"relais/internal/payments/paymentstest"
	"relais/internal/pledges"
	"relais/internal/postgres/pgtest"
	"relais/internal/referrals"
	"relais/internal/refunds"
	"relais/internal/returns"
	"relais/internal/storefronts"
	"relais/internal/support"
	"relais/internal/web/page"
	"relais/internal/web/shop"
	"relais/internal/web/withdrawal"
	"relais/static"
	"relais/templates"
)

// world is a shop with two brands and a member who recommends, served over HTTP, on a database and a Stripe of its own.
type world struct {
	t         testing.TB
	db        *sqlx.DB
	stripe    *paymentstest.Harness
	catalog   *catalog.Service
	orders    *orders.Service
	support   *support.Service
	documents *documents.Service
	returns   *returns.Service
	runner    *jobs.Runner
	feed      *changes.Feed // nothing is kept for guests before it is polled
	url       string
	client    *http.Client // of a buyer: keeps cookies, follows redirects on the site, stops where they leave it

	sud, nord       catalog.Brand
	bowl, shirt, ax catalog.ProductPage // one piece; four variants; of the other brand
	camille         int64
	viewer          *page.Viewer // who is signed in; nil: nobody
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, db: pgtest.DB(t), stripe: paymentstest.Start(t, paymentstest.Options{})}
	now := w.stripe.Clock.Now
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	e := echo.New()
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	w.url = server.URL
	photos, err := media.Open(t.TempDir())
	w.ok(err)
	t.Cleanup(func() { _ = photos.Close() })
	w.documents = documents.New(w.db, now, documents.Legal{Name: "Relais SAS"})
	w.catalog = catalog.New(w.db, photos, now, "GBP", "JPY")
	outbox, err := mail.New(mail.Options{DB: w.db, BaseURL: w.url, From: "Relais <bonjour@relais.test>", Now: now})
	w.ok(err)
	w.orders = orders.New(orders.Config{DB: w.db, Payments: w.stripe.Client, Now: now, BaseURL: w.url, FeeBps: 300, AutoDays: 14, Mail: outbox, Log: log})
	w.runner = jobs.New(w.db, log, jobs.Options{})
	w.orders.Register(w.runner)
	w.support = support.New(support.Config{DB: w.db, Now: now, Mail: outbox, Media: photos})
	w.returns = returns.New(w.db, w.orders, now, outbox)
	refunds.New(refunds.Config{DB: w.db, Payments: w.stripe.Client, Now: now, Clock: time.Now, Outcomes: w.returns, Log: log}).Register(w.runner)
	w.feed = changes.NewFeed(w.db, func() time.Time { return time.Time{} }, log)
	var s *shop.Shop
	site, err := page.New(page.Options{Templates: templates.FS, Static: static.FS, BaseURL: w.url, PaymentOrigins: []string{w.stripe.URL},
		Log: log, Now: now, Changes: w.feed, CartCount: func(c echo.Context) int { return s.CartCount(c) }})
	w.ok(err)
	s = shop.New(shop.Options{DB: w.db, Site: site, Carts: carts.New(w.db, now), Orders: w.orders, Pledges: pledges.New(pledges.Config{DB: w.db, Orders: w.orders}), Returns: w.returns, Now: now, BaseURL: w.url, Log: log, Together: true})
	w.ok(site.Use(e))
	e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error { page.SetViewer(c, w.viewer); return next(c) }
	})
	e.POST("/lang", site.ChooseLang)
	s.Routes(e)
	withdrawal.New(site, w.orders, w.returns).Routes(e)
	w.client = w.buyer("fr")
	w.fill()
	return w
}

// buyer is a browser of its own.
func (w *world) buyer(lang string) *http.Client {
	jar, err := cookiejar.New(nil)
	w.ok(err)
	at, err := url.Parse(w.url)
	w.ok(err)
	jar.SetCookies(at, []*http.Cookie{{Name: "lang", Value: lang, Path: "/"}})
	return &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if r.URL.Host != at.Host {
			return http.ErrUseLastResponse
		}
		return nil
	}}
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) fill() {
	ctx := w.t.Context()
	owner := w.member("odile")
	w.camille = w.member("camille")
	w.sud = w.brand(owner, "atelier-sud", "Atelier du Sud")
	w.nord = w.brand(owner, "forge-nord", "Forge du Nord")
	w.bowl = w.product(w.sud, catalog.ProductDraft{Title: "Bol en grès", Description: "Tourné à **Aubagne**.", Category: "table", VATBps: 2000,
		Warnings: "Ne va pas au four.", Variants: []catalog.VariantDraft{{SKU: "BOL", PriceMinor: 2400, Stock: 5}}})
	w.shirt = w.product(w.sud, catalog.ProductDraft{Title: "Tablier de lin", Description: "Lin lavé.", Category: "mode", VATBps: 2000, Options: []string{"Taille"},
		Variants: []catalog.VariantDraft{{Values: []string{"S"}, PriceMinor: 4900, Stock: 2}, {Values: []string{"M"}, PriceMinor: 4900, Stock: 0},
			{Values: []string{"L"}, PriceMinor: 5400, Stock: 40}}})
	w.ax = w.product(w.nord, catalog.ProductDraft{Title: "Hachette de camp", Description: "Forgée.", Category: "voyage", VATBps: 550,
		Variants: []catalog.VariantDraft{{PriceMinor: 8900, Stock: 3}}})
	w.ok(w.catalog.AddPhoto(ctx, owner, w.sud.ID, w.bowl.ID, sample(w.t), "Un bol", "Anne Photo, Unsplash"))
	fronts := storefronts.New(w.db, w.stripe.Clock.Now, nil)
	_, err := fronts.AddListing(ctx, w.camille, w.bowl.ID)
	w.ok(err)
	w.ok(fronts.Note(ctx, w.camille, w.bowl.ID, "Celui de mon petit déjeuner."))
}

func (w *world) member(handle string) int64 {
	w.t.Helper()
	var id int64
	w.ok(w.db.Get(&id, `insert into members (email, email_normal, password_hash, name, handle, email_confirmed_at) values ($1, $1, 'x', $2, $3, now()) returning id`,
		handle+"@example.org", strings.ToUpper(handle[:1])+handle[1:], handle))
	return id
}

func (w *world) brand(owner int64, handle, name string) catalog.Brand {
	w.t.Helper()
	b, err := w.catalog.CreateBrand(w.t.Context(), owner, catalog.BrandDraft{Handle: handle, Name: name, Lang: i18n.FR, Tagline: "Terre et feu",
		Story: "Depuis **1950**.", MakerName: name + " SARL", MakerAddress: "3 rue des Potiers, 13400 Aubagne", ContactEmail: handle + "@example.org",
		Country: "FR", Trader: true})
	w.ok(err)
	free := int64(6000)
	for _, m := range []catalog.DeliveryMethod{
		{BrandID: b.ID, Name: "Point relais", PriceMinor: 390, FreeFromMinor: &free, DaysMin: 3, DaysMax: 5, Countries: []string{"FR"}, Active: true},
		{BrandID: b.ID, Name: "Domicile", PriceMinor: 790, DaysMin: 2, DaysMax: 2, Countries: []string{"FR", "BE"}, Active: true, Position: 1},
	} {
		_, err := w.catalog.PutDelivery(w.t.Context(), owner, b.ID, m)
		w.ok(err)
	}
	return b
}

func (w *world) product(b catalog.Brand, d catalog.ProductDraft) catalog.ProductPage {
	w.t.Helper()
	p, err := w.catalog.CreateProduct(w.t.Context(), catalog.System, b.ID, d)
	w.ok(err)
	w.ok(w.catalog.MoveProduct(w.t.Context(), catalog.System, b.ID, p.ID, catalog.Published))
	shown, err := catalog.ByID(w.t.Context(), w.db, p.ID, i18n.FR, w.stripe.Clock.Now())
	w.ok(err)
	return shown
}

func sample(t testing.TB) io.Reader {
	t.Helper()
	picture := image.NewRGBA(image.Rect(0, 0, 200, 250))
	for x := range 200 {
		for y := range 250 {
			picture.Set(x, y, color.RGBA{200, 90, 40, 255})
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		t.Fatal(err)
	}
	return &out
}

// answer is what a browser got.
type answer struct {
	t      testing.TB
	status int
	path   string // where redirects led, with its query; a whole address when off the site
	header http.Header
	body   string
}

func (w *world) do(c *http.Client, r *http.Request) answer {
	w.t.Helper()
	res, err := c.Do(r)
	w.ok(err)
	body, err := io.ReadAll(res.Body)
	w.ok(err)
	w.ok(res.Body.Close())
	a := answer{t: w.t, status: res.StatusCode, path: res.Request.URL.RequestURI(), header: res.Header, body: string(body)}
	if to := res.Header.Get("Location"); to != "" {
		a.path = to
	}
	return a
}

func (w *world) get(path string) answer {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.url+path, nil)
	w.ok(err)
	return w.do(w.client, r)
}

func (w *world) post(path string, pairs ...string) answer {
	w.t.Helper()
	return w.postForm(path, values(pairs...))
}

func (w *world) postForm(path string, form url.Values) answer {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.url+path, strings.NewReader(form.Encode()))
	w.ok(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", w.url)
	return w.do(w.client, r)
}

func values(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}

// is checks the status, and that the page shows all of these.
func (a answer) is(status int, shows ...string) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("%s: status %d, want %d\n%s", a.path, a.status, status, a.text())
	}
	for _, s := range shows {
		if !strings.Contains(a.body, s) && !strings.Contains(a.text(), s) {
			a.t.Errorf("%s does not show %q\n%s", a.path, s, a.text())
		}
	}
	return a
}

// lacks checks that the page shows none of these.
func (a answer) lacks(texts ...string) answer {
	a.t.Helper()
	for _, s := range texts {
		if strings.Contains(a.body, s) {
			a.t.Errorf("%s shows %q", a.path, s)
		}
	}
	return a
}

var (
	tags   = regexp.MustCompile(`(?s)<(script|style|svg).*?</(script|style|svg)>|<[^>]*>`)
	spaces = regexp.MustCompile(`[\s\x{a0}\x{202f}]+`)
)

// text is what a person reads of the page, with plain spaces.
func (a answer) text() string {
	return spaces.ReplaceAllString(strings.NewReplacer("&#39;", "'", "&#34;", `"`, "&amp;", "&").Replace(tags.ReplaceAllString(a.body, " ")), " ")
}

// field is the value of a hidden or typed field of the page.
func (a answer) field(name string) string {
	a.t.Helper()
	for _, tag := range regexp.MustCompile(`<input[^>]*>`).FindAllString(a.body, -1) {
		if strings.Contains(tag, `name="`+name+`"`) && (!strings.Contains(tag, `type="radio"`) || strings.Contains(tag, " checked")) {
			if m := regexp.MustCompile(`value="([^"]*)"`).FindStringSubmatch(tag); m != nil {
				return m[1]
			}
			return ""
		}
	}
	a.t.Fatalf("%s has no field %q", a.path, name)
	return ""
}

func id(n int64) string { return strconv.FormatInt(n, 10) }

// add puts pieces of a product's first variant in the basket.
func (w *world) add(p catalog.ProductPage, quantity string, more ...string) answer {
	w.t.Helper()
	form := append([]string{"product", p.Slug, "variant", id(p.Variants[0].ID), "quantity", quantity}, more...)
	return w.post("/cart", form...)
}

// typed is the checkout as a buyer fills it in, from the page.
func (w *world) typed(page answer, changes ...string) url.Values {
	w.t.Helper()
	form := values("operation", page.field("operation"), "seen", page.field("seen"), "designs", page.field("designs"), "email", "Lea@Example.org", "name", "Léa Durand",
		"street", "12 rue des Lilas", "street2", "", "postcode", "75011", "city", "Paris", "country", "FR", "phone", "")
	for i := 0; i+1 < len(changes); i += 2 {
		form.Set(changes[i], changes[i+1])
	}
	return form
}

// buy orders what is in the basket and pays it; the answer is the order's page, and its path the token.
func (w *world) buy() (order answer, token string) {
	w.t.Helper()
	away := w.postForm("/checkout", w.typed(w.get("/checkout").is(http.StatusOK))).is(http.StatusSeeOther)
	back := w.stripe.Pay(w.t, away.path, paymentstest.CardOK)
	if !strings.HasPrefix(back, w.url+"/o/") {
		w.t.Fatalf("payment led to %q", back)
	}
	order = w.get(strings.TrimPrefix(back, w.url)).is(http.StatusOK)
	return order, strings.TrimPrefix(order.path, "/o/")
}

// click is a click on Camille's link to the bowl.
func (w *world) click() clicks.Click {
	w.t.Helper()
	now := w.stripe.Clock.Now
	s := referrals.New(referrals.Config{DB: w.db, Now: now, Clock: now})
	link, err := s.Create(w.t.Context(), w.camille, referrals.Share{Target: referrals.ToProduct, ProductID: w.bowl.ID})
	w.ok(err)
	recorder, err := clicks.New(clicks.Config{DB: w.db, Now: now, Clock: now, Secret: bytes.Repeat([]byte("s"), 32)})
	w.ok(err)
	click, err := recorder.Record(w.t.Context(), clicks.Visit{LinkID: link.ID, Address: "192.0.2.7", UserAgent: "Mozilla/5.0 (iPhone)"})
	w.ok(err)
	return click
}

func (w *world) count(query string, args ...any) int {
	w.t.Helper()
	var n int
	w.ok(w.db.Get(&n, query, args...))
	return n
}

// once is a one-time value as forms carry it.
const once = "ONCEONCEONCEONCEONCE"

// line is the first line of the newest order.
func (w *world) line() (id int64) {
	w.t.Helper()
	w.ok(w.db.Get(&id, `select min(id) from order_lines where order_id = (select max(id) from orders)`))
	return id
}

func (w *world) later(d time.Duration) { w.stripe.Clock.Advance(d) }
