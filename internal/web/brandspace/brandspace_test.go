package brandspace_test

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/catalog/shopify"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/jobs"
	"relais/internal/media"
	"relais/internal/postgres"
	"relais/internal/postgres/pgtest"
	"relais/internal/web/brandspace"
	"relais/internal/web/page"
	"relais/static"
	"relais/templates"
)

// space is the real handler on a real database. Who is signed in is said by a header, in place of the session.
type space struct {
	t       *testing.T
	db      *postgres.DB
	catalog *catalog.Service
	jobs    *jobs.Runner
	echo    *echo.Echo
	now     time.Time
}

func newSpace(t *testing.T) *space {
	t.Helper()
	s := &space{t: t, db: pgtest.DB(t), now: time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return s.now }
	log := slog.New(slog.DiscardHandler)
	store, err := media.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	s.catalog = catalog.New(s.db, store, clock, "GBP", "JPY")
	importer := shopify.New(s.db, store, func(context.Context, string) ([]byte, error) {
		return nil, fault.New(fault.Unavailable, "fault.photo_unreachable")
	}, 2000, clock)
	s.jobs = jobs.New(s.db, log, jobs.Options{})
	s.jobs.Handle(shopify.JobKind, shopify.JobLease, importer.Handle)
	pages, err := page.New(page.Options{Templates: templates.FS, Static: static.FS, Now: clock, Uploads: brandspace.Uploads(), Log: log})
	if err != nil {
		t.Fatal(err)
	}
	s.echo = echo.New()
	if err := pages.Use(s.echo); err != nil {
		t.Fatal(err)
	}
	s.echo.Use(s.identify)
	s.echo.GET("/static/*", pages.Static)
	brandspace.New(brandspace.Options{Site: pages, DB: s.db, Catalog: s.catalog, Importer: importer, FeeBps: 500, Now: clock}).Routes(s.echo)
	return s
}

func (s *space) identify(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		id, err := strconv.ParseInt(c.Request().Header.Get("Test-Member"), 10, 64)
		if err != nil {
			return next(c)
		}
		v := &page.Viewer{ID: id, Handle: "m" + strconv.FormatInt(id, 10), Name: "Membre", Email: "m@example.org", Lang: i18n.FR}
		list, err := catalog.BrandsOf(c.Request().Context(), s.db, id)
		if err != nil {
			return err
		}
		for _, b := range list {
			role, err := catalog.Role(c.Request().Context(), s.db, b.ID, id)
			if err != nil {
				return err
			}
			v.Brands = append(v.Brands, page.BrandRef{ID: b.ID, Handle: b.Handle, Name: b.Name, Role: string(role)})
		}
		page.SetViewer(c, v)
		return next(c)
	}
}

// member adds a member and returns a way to act as them.
func (s *space) member(handle string) *visitor {
	s.t.Helper()
	var id int64
	err := s.db.Get(&id, `insert into members (email, email_normal, password_hash, name, handle) values ($1, $1, 'x', $2, $2) returning id`,
		handle+"@example.org", handle)
	if err != nil {
		s.t.Fatal(err)
	}
	return &visitor{space: s, id: id, lang: "fr"}
}

type visitor struct {
	*space
	id   int64
	lang string
}

func (v *visitor) send(r *http.Request) *httptest.ResponseRecorder {
	v.t.Helper()
	if v.id != 0 {
		r.Header.Set("Test-Member", strconv.FormatInt(v.id, 10))
	}
	r.Header.Set("Accept-Language", v.lang)
	w := httptest.NewRecorder()
	v.echo.ServeHTTP(w, r)
	return w
}

// see gets a page and checks what it holds.
func (v *visitor) see(path string, status int, parts ...string) string {
	v.t.Helper()
	w := v.send(httptest.NewRequest(http.MethodGet, path, nil))
	v.want(path, w, status, parts...)
	return w.Body.String()
}

func (v *visitor) want(what string, w *httptest.ResponseRecorder, status int, parts ...string) {
	v.t.Helper()
	if w.Code != status {
		v.t.Fatalf("%s: status %d, want %d: %s", what, w.Code, status, w.Body)
	}
	for _, part := range parts {
		if !strings.Contains(w.Body.String(), part) {
			v.t.Errorf("%s lacks %q", what, part)
		}
	}
}

// post sends a form and returns where it leads to; a refused form must hold the parts.
func (v *visitor) post(path string, form url.Values, status int, parts ...string) string {
	v.t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := v.send(r)
	v.want("answer of "+path, w, status, parts...)
	return w.Header().Get("Location")
}

// upload sends a file with a form.
func (v *visitor) upload(path, field, name string, content []byte, status int, parts ...string) string {
	v.t.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	f, err := m.CreateFormFile(field, name)
	if err != nil {
		v.t.Fatal(err)
	}
	if _, err := f.Write(content); err != nil {
		v.t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		v.t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, path, &body)
	r.Header.Set("Content-Type", m.FormDataContentType())
	w := v.send(r)
	v.want("answer of "+path, w, status, parts...)
	return w.Header().Get("Location")
}

func form(pairs ...string) url.Values {
	f := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Add(pairs[i], pairs[i+1])
	}
	return f
}

func brandForm() url.Values {
	return form("name", "Atelier du Sud", "handle", "atelier-sud", "lang", "fr", "tagline", "Terre et feu", "maker_name", "Atelier SARL",
		"maker_address", "3 rue des Potiers, 13400 Aubagne", "contact_email", "a@example.org", "country", "FR", "trader", "yes")
}

// open is a visitor with a brand.
func (s *space) open() *visitor {
	v := s.member("anne")
	if to := v.post("/brand/new", brandForm(), 303); to != "/brand/atelier-sud" {
		s.t.Fatalf("led to %s", to)
	}
	return v
}

func picture(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, image.NewGray(image.Rect(0, 0, 60, 40))); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestOnlyTheTeamSeesABrand(t *testing.T) {
	s := newSpace(t)
	owner := s.open()
	stranger, guest := s.member("bruno"), &visitor{space: s, lang: "en"}
	owner.post("/brand/atelier-sud/products/new", form("title", "Vase", "vat", "2000", "variants.0.price", "24,90"), 303)
	for _, r := range s.echo.Routes() {
		if !strings.HasPrefix(r.Path, "/brand/:handle") || r.Method != http.MethodGet && r.Method != http.MethodPost {
			continue
		}
		path := strings.NewReplacer(":handle", "atelier-sud", ":id", "1").Replace(r.Path)
		w := stranger.send(httptest.NewRequest(r.Method, path, nil))
		if w.Code != http.StatusNotFound {
			t.Errorf("%s %s for a stranger: %d", r.Method, path, w.Code)
		}
		w = guest.send(httptest.NewRequest(r.Method, path, nil))
		if w.Code != http.StatusSeeOther && w.Code != http.StatusUnauthorized {
			t.Errorf("%s %s for a guest: %d", r.Method, path, w.Code)
		}
	}
	if to := stranger.post("/brand/new", func() url.Values { f := brandForm(); f.Set("handle", "autre-maison"); return f }(), 303); to == "" {
		t.Fatal("no second brand")
	}
	stranger.see("/brand/autre-maison/products/1", 404)
	stranger.see("/brand/autre-maison/products/x", 404)
	stranger.post("/brand/autre-maison/products/1/state", form("state", "published"), 404)
	if err := s.catalog.SetTeam(t.Context(), owner.id, 1, stranger.id, catalog.Staff); err != nil {
		t.Fatal(err)
	}
	stranger.see("/brand/atelier-sud/products/1", 200, "Vase")
	stranger.see("/brand/atelier-sud/terms", 200, "Seules les personnes propriétaires")
	stranger.post("/brand/atelier-sud/terms", form("commission", "20", "hold_days", "14", "window_days", "30"), 403)
}

func TestBrandIsOpenedAndSetUp(t *testing.T) {
	s := newSpace(t)
	v := s.member("anne")
	v.see("/brand/new", 200, "Ouvrir une marque", "France", `value="m@example.org"`)
	bad := brandForm()
	bad.Set("handle", "Été")
	bad.Set("maker_address", "")
	v.post("/brand/new", bad, 422, "3 à 30 lettres", "À remplir", `value="Atelier du Sud"`)
	v.post("/brand/new", brandForm(), 303)
	other := s.member("bruno")
	other.post("/brand/new", brandForm(), 409, "déjà pris")

	base := "/brand/atelier-sud"
	v.see(base, 200, "Aperçu", "Proposer un mode de livraison", "10\u00a0%")
	v.see(base+"/settings", 200, "Terre et feu", "13400 Aubagne", "En anglais")
	changed := brandForm()
	changed.Set("name", "Atelier <b>Nord</b>")
	changed.Set("story", "Depuis **1950**.")
	v.post(base+"/settings", changed, 303)
	v.see(base+"/settings", 200, "Atelier &lt;b&gt;Nord", "Depuis **1950**.")
	changed.Set("contact_email", "nobody")
	v.post(base+"/settings", changed, 422, "pas valable")
	v.post(base+"/settings/translation", form("tagline_other", "Earth and fire", "story_other", "Since 1950."), 303)
	v.see(base+"/settings", 200, "Earth and fire")
	v.post(base+"/settings/translation", form("tagline_other", strings.Repeat("x", 161)), 422, "trop long")
	v.upload(base+"/settings/pictures", "cover", "c.png", picture(t), 303)
	v.see(base+"/settings", 200, "/media/")
	v.upload(base+"/settings/pictures", "logo", "c.png", []byte("<svg onload=alert(1)>"), 422, "pas une photo")

	v.see(base+"/settings/delivery", 200, "personne ne peut commander", "Belgique")
	method := form("name", "Colissimo", "price", "5,90", "free_from", "60", "days_min", "2", "days_max", "4", "countries", "FR", "countries", "BE", "active", "yes")
	v.post(base+"/settings/delivery", method, 303)
	v.see(base+"/settings/delivery", 200, "5,90\u00a0€", "60,00\u00a0€", "Belgique, France")
	v.see(base+"/settings/delivery?edit=1", 200, `value="5.90"`, "Modifier ce mode")
	method.Set("id", "1")
	method.Set("price", "x")
	v.post(base+"/settings/delivery", method, 422, "Un prix entre")
	method.Set("price", "6.90")
	method.Set("days_max", "1")
	v.post(base+"/settings/delivery", method, 422, "Un nombre de jours")
}

func productForm() url.Values {
	return form("title", "Bol à thé", "description", "Grès **noir**.", "category", "Tasses", "tags", "thé, grès", "vat", "2000", "warnings", "Ne va pas au four.",
		"option0", "Taille", "variants.0.value0", "Petit", "variants.0.price", "18,00", "variants.0.stock", "3", "variants.0.sku", "B-P",
		"variants.2.value0", "Grand", "variants.2.price", "24", "variants.2.stock", "2", "variants.2.weight", "450")
}

func TestProductIsMadeAndPublished(t *testing.T) {
	s := newSpace(t)
	v := s.open()
	base := "/brand/atelier-sud/products"
	v.see(base, 200, "Pas encore de produit")
	v.see(base+"/new", 200, "Nouveau produit", `name="variants.0.price"`)
	bad := productForm()
	bad.Set("variants.2.price", "cher")
	bad.Set("title", "")
	v.post(base+"/new", bad, 422, "Un prix entre", `value="cher"`, `value="Petit"`, `name="variants.1.price"`)
	more := productForm()
	more.Set("more", "yes")
	v.post(base+"/new", more, 200, `name="variants.6.price"`, `value="Grand"`)
	if to := v.post(base+"/new", productForm(), 303); to != base+"/1/photos" {
		t.Fatalf("led to %s", to)
	}
	v.see(base+"/1/photos", 200, "Pas encore de photo")
	v.upload(base+"/1/photos", "photo", "a.png", picture(t), 303)
	v.upload(base+"/1/photos", "photo", "a.html", []byte("<!doctype html>"), 422, "pas une photo")
	v.see(base+"/1/photos", 200, "-720.jpg", `name="alt.1"`)
	v.post(base+"/1/photos/arrange", form("at.1", "1", "alt.1", "Un bol noir"), 303)
	v.see(base+"/1/photos", 200, `value="Un bol noir"`)

	v.see(base+"/1", 200, "Bol à thé", "Brouillon", `value="18.00"`, "1,50\u00a0€", "0,75\u00a0€", "12,75\u00a0€")
	v.post(base+"/1/state", form("state", "published"), 303)
	v.see(base+"/1", 200, "Publié", "/p/bol-a-the")
	v.post(base+"/1/state", form("state", "nonsense"), 303)
	v.see(base, 200, "Bol à thé", "dès 18,00\u00a0€", "Publié · 1", "1,50\u00a0€")
	v.see(base+"?state=draft", 200, "Aucun produit dans cet état")

	english := form("title", "Tea bowl", "option.0", "Size", "value.1.0", "Small")
	v.post(base+"/1/translation", english, 303)
	v.see(base+"/1/translation", 200, `value="Tea bowl"`, `value="Small"`, `value="Grand"`)
	edited := productForm()
	edited.Set("variants.0.id", "1")
	edited.Set("variants.0.seen", "3")
	edited.Set("variants.0.stock", "10")
	edited.Set("variants.2.id", "2")
	edited.Set("variants.2.remove", "yes")
	v.post(base+"/1", edited, 303)
	p, err := catalog.ByID(t.Context(), s.db, 1, i18n.EN, s.now)
	if err != nil || len(p.Variants) != 1 || p.Variants[0].Stock != 10 || p.Variants[0].Title() != "Small" || p.Photos[0].Alt != "Un bol noir" {
		t.Errorf("after editing: %+v, %v", p, err)
	}
	edited.Set("variants.0.seen", "30")
	v.post(base+"/1", edited, 409, "vendues entre-temps")
	v.post(base+"/1/photos/arrange", form("remove.1", "yes"), 303)
	v.see(base+"/1/photos", 200, "Pas encore de photo")
}

func TestImportShowsEveryRow(t *testing.T) {
	s := newSpace(t)
	v := s.open()
	base := "/brand/atelier-sud/import"
	v.see(base, 200, "Aucun import pour l’instant")
	v.post(base, form("file", "x"), 422, "À remplir")
	raw, err := os.ReadFile(filepath.Join("..", "..", "catalog", "shopify", "testdata", "home-and-garden.csv"))
	if err != nil {
		t.Fatal(err)
	}
	columns := bytes.Count(raw[:bytes.IndexByte(raw, '\n')], []byte(","))
	raw = append(raw, "\nbad,=cmd|x"+strings.Repeat(",", columns-1)...)
	to := v.upload(base, "file", "home-and-garden.csv", raw, 303)
	v.see(to, 200, "en cours", `hx-trigger="every 2s"`, "0 lignes sur 22")
	if err := s.jobs.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	body := v.see(to, 200, "terminé", "22 lignes traitées", "créée · 21", "refusée · 1", "n’a pas pu être téléchargée de «\u00a0burst.shopifycdn.com\u00a0»")
	if strings.Contains(body, "hx-trigger") {
		t.Error("an import that ended is still asked for")
	}
	v.see(to+"?outcome=refused", 200, "signe de formule")
	r := httptest.NewRequest(http.MethodGet, to+"?outcome=refused", nil)
	r.Header.Set("HX-Request", "true")
	if w := v.send(r); strings.Contains(w.Body.String(), "<html") || !strings.Contains(w.Body.String(), `id="import-status"`) {
		t.Error("htmx does not get the piece alone")
	}
	csv := v.see(to+"/report.csv?outcome=refused", 200, "Ligne,Handle,Résultat,Raison", "bad,refusée")
	if n := strings.Count(csv, "\n"); n != 2 {
		t.Errorf("%d lines in the report: %s", n, csv)
	}
	v.lang = "en"
	v.see(base, 200, "home-and-garden.csv", "done")
	to = v.upload(base, "file", "x.csv", []byte("Handle;Title;Type;Variant Price\n"), 303)
	v.see(to, 200, "File refused.", "separated by semicolons", "Nothing was changed")
	v.see("/brand/atelier-sud/import/99", 404)
	big := append([]byte("Handle,Title,Variant Price\n"), bytes.Repeat([]byte("a"), shopify.MaxBytes+1)...)
	to = v.upload(base, "file", "big.csv", big, 303)
	v.see(to, 200, "larger than 20 MB")
	v.upload(base, "file", "huge.csv", bytes.Repeat([]byte("a"), 30<<20), 413)
}

func TestTermsAreOffered(t *testing.T) {
	s := newSpace(t)
	v := s.open()
	base := "/brand/atelier-sud/terms"
	v.see(base, 200, `<option value="0" selected>Tous les produits`) // browsers do not send a required choice without a value
	v.see(base, 200, "10\u00a0%", "14 jours", "en vigueur", "100,00\u00a0€", "16,67\u00a0€", "8,33\u00a0€", "4,16\u00a0€", "70,84\u00a0€")
	v.see(base+"?price=24,90&vat=550&commission=15", 200, "24,90\u00a0€", "1,30\u00a0€", "3,54\u00a0€", "1,18\u00a0€", "18,88\u00a0€")
	v.see(base+"?price=-5&vat=9999&commission=x", 200, "100,00\u00a0€")
	s.now = s.now.Add(time.Hour)
	v.post(base, form("commission", "12,5", "hold_days", "20", "window_days", "45"), 303)
	body := v.see(base, 200, "12,5\u00a0%", "20 jours", "passées")
	if n := len(regexp.MustCompile(`chip-good">en vigueur`).FindAllString(body, -1)); n != 1 {
		t.Errorf("%d versions are in force", n)
	}
	v.post(base, form("commission", "96", "hold_days", "20", "window_days", "45"), 422, "entre 0 et 80")
	v.post(base, form("commission", "10", "hold_days", "3", "window_days", "45"), 422, "14 à 60 jours")
	v.post(base, form("commission", "10", "hold_days", "14", "window_days", "45", "product", "99"), 404)
	v.post("/brand/atelier-sud/products/new", form("title", "Vase", "vat", "2000", "variants.0.price", "24,90"), 303)
	v.post(base, form("commission", "30", "hold_days", "14", "window_days", "45", "product", "1"), 303)
	v.post(base, form("commission", "10", "hold_days", "14", "window_days", "45", "credit", "split", "split_last", "100"), 422, "Une part entre 0,01 et 99,99", `value="100"`)
	v.post(base, form("commission", "10", "hold_days", "14", "window_days", "45", "credit", "other"), 422, "Choisissez quel lien est payé")
	s.now = s.now.Add(time.Hour)
	v.post(base, form("commission", "10", "hold_days", "14", "window_days", "45", "credit", "split", "split_last", "70"), 303)
	v.see(base+"?price=120&vat=2000&commission=10", 200, "Partagé entre les deux", "Le dernier touche 7,00\u00a0€ (70\u00a0% de la commission), le premier 3,00\u00a0€.")
	v.lang = "en"
	v.see(base, 200, "30%", "Vase", "Shared by both (70%)")
	v.see("/brand/atelier-sud/products", 200, "€6.22")
}

// A product made to its buyer's wishes is said to be so on its form, and can be said not to be.
func TestCustomMade(t *testing.T) {
	s := newSpace(t)
	owner := s.open()
	owner.see("/brand/atelier-sud/products/new", 200, `name="custom_made"`)
	path := owner.post("/brand/atelier-sud/products/new", form("title", "Vase", "vat", "2000", "custom_made", "yes", "variants.0.price", "24,90"), 303)
	page := owner.see(strings.TrimSuffix(path, "/photos"), 200)
	if !strings.Contains(page, `name="custom_made" value="yes" checked`) {
		t.Error("the box is not ticked after it was")
	}
}
