package launch_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/app/apptest"
	"relais/internal/catalog"
	"relais/internal/i18n"
	"relais/internal/pledges"
	"relais/internal/polls"
	"relais/internal/stripesandbox"
	"relais/internal/web/card"
	"relais/internal/web/groupbuy"
	"relais/internal/web/launch"
	"relais/internal/web/page"
	"relais/internal/web/preview"
	"relais/internal/web/shop"
	"relais/internal/web/webtest"
)

// world is the pages over all of Relais, with a brand that has a draft of a bowl for 120.00 that was never sold, and nothing in stock.
type world struct {
	*apptest.World
	*webtest.Visitors
	shop       apptest.Shop
	lea, admin int64
}

func open(t *testing.T) *world {
	t.Helper()
	w := &world{World: apptest.New(t)}
	log := slog.New(slog.DiscardHandler)
	w.Visitors = webtest.New(t, w.DB, page.Options{BaseURL: w.URL, Now: w.Clock.Now, PaymentOrigins: []string{w.URL}}, func(id int64) bool { return id == w.admin })
	cards, err := card.NewCache(2)
	w.must(err)
	groupbuy.New(groupbuy.Options{Site: w.Site, DB: w.DB, Pledges: w.Pledges, Carts: w.Carts, Pictures: preview.Pictures{Cards: cards, Media: w.Media},
		Visitor: func(echo.Context) string { return "" }, Now: w.Clock.Now, Clock: w.Clock.Now, BaseURL: w.URL, Log: log}).Routes(w.Echo)
	shop.New(shop.Options{DB: w.DB, Site: w.Site, Carts: w.Carts, Orders: w.Orders, Pledges: w.Pledges, Returns: w.Returns, Now: w.Clock.Now, BaseURL: w.URL, Log: log, Together: true}).Routes(w.Echo)
	launch.New(launch.Options{Site: w.Site, DB: w.DB, Pledges: w.Pledges, Late: w.Late, Now: w.Clock.Now}).Routes(w.Echo)
	w.shop, w.lea, w.admin = w.Shop("terre", 12000, 0), w.Member("lea"), w.Member("admin")
	_, err = w.Catalog.OfferTerms(t.Context(), w.shop.Owner, w.shop.Brand, catalog.FirstTerms())
	w.must(err)
	w.must(w.Catalog.MoveProduct(t.Context(), w.shop.Owner, w.shop.Brand, w.shop.Product, catalog.Draft))
	return w
}

func (w *world) must(err error) {
	w.T.Helper()
	if err != nil {
		w.T.Fatal(err)
	}
}

func (w *world) leads(rw *httptest.ResponseRecorder, to string) string {
	w.T.Helper()
	at := rw.Header().Get("Location")
	if rw.Code != http.StatusSeeOther || !strings.HasPrefix(at, to) {
		w.T.Fatalf("%d to %q; want to %q\n%.1500s", rw.Code, at, to, rw.Body)
	}
	return at
}

const list = "/brand/terre/launches"

// draft is the form, filled in well: two pieces, from three on 10 % less, at most four, in three months.
func (w *world) draft() url.Values {
	return url.Values{"product": {fmt.Sprint(w.shop.Product)}, "goal": {"2"}, "max": {"4"}, "steps.1.people": {"3"}, "steps.1.less": {"10"}, "days": {"20"},
		"expected": {w.Clock.Now().AddDate(0, 3, 0).Format("2006-01")}, "plan": {"La terre, la cuisson et l’émail."}}
}

// launches opens it, and says where it is joined.
func (w *world) launches() (join string) {
	w.T.Helper()
	w.leads(w.Ask(w.shop.Owner, list+"/new", w.draft()), list)
	v, err := w.Pledges.LaunchOf(w.T.Context(), w.shop.Product, i18n.FR)
	w.must(err)
	return v.JoinPath()
}

func (w *world) id() (id int64) {
	w.T.Helper()
	w.must(w.DB.Get(&id, `select max(id) from campaigns`))
	return id
}

var hidden = regexp.MustCompile(`name="(operation|seen|from|c)" value="([^"]*)"`)

// backs fills in the form, leaves a card and comes back to the pledge.
func (w *world) backs(at, who string, n int, pieces string) (promise string) {
	w.T.Helper()
	form := url.Values{"variant": {fmt.Sprint(w.shop.Variant)}, "quantity": {pieces}, "email": {who + "@poste.example"}, "name": {who}, "street": {"3 rue des Lilas"}, "postcode": {"35000"},
		"city": {"Rennes"}, "country": {"FR"}}
	path, query, _ := strings.Cut(at, "?")
	fill := func(rw *httptest.ResponseRecorder) {
		w.Shows(rw, http.StatusOK)
		for _, m := range hidden.FindAllStringSubmatch(rw.Body.String(), -1) {
			form.Set(m[1], m[2])
		}
	}
	fill(w.Ask(0, path+"?"+query, nil))
	fill(w.Ask(0, path+"/review", form))
	form.Set("consent", "yes")
	where := w.leads(w.Ask(0, path, form), w.URL+"/stripe/")
	var token string
	w.must(w.DB.Get(&token, `select token from pledges where email = $1 order by id desc limit 1`, who+"@poste.example"))
	_, err := stripesandbox.Visitor{}.Pay(w.T.Context(), where, stripesandbox.Payer{Email: "a@poste.example", Name: "A", Card: stripesandbox.PersonalCards()[n]}, w.Clock.Now())
	w.must(err)
	w.leads(w.Ask(0, "/pledge/"+token+"?kept=1", nil), "/pledge/"+token)
	return "/pledge/" + token
}

func (w *world) ends() {
	w.T.Helper()
	w.Pass(20)
	for range 4 {
		w.must(w.Pledges.Sweep(w.T.Context()))
		w.Settle()
	}
}

// The main job: opened on its form, backed by two with cards, charged at the deadline, made; everybody reads what concerns them.
func TestFromOpeningToTheSale(t *testing.T) {
	w := open(t)
	product := "/p/" + w.shop.Slug
	w.leads(w.Ask(0, list, nil), "/login")
	w.Shows(w.Ask(w.lea, list, nil), http.StatusNotFound)
	w.Shows(w.Ask(w.shop.Owner, list, nil), http.StatusOK, "Pas encore de lancement", list+"/new")
	w.Shows(w.Ask(w.shop.Owner, list+"/new", nil), http.StatusOK, "Lancer une pièce", "Bol terre", "120,00")
	w.Shows(w.Ask(0, "/launches", nil), http.StatusOK, "Aucun lancement pour le moment")
	w.Shows(w.Ask(0, product, nil), http.StatusNotFound)
	join := w.launches()

	month := i18n.FR.Month(w.Clock.Now().AddDate(0, 3, 0))
	w.Shows(w.Ask(0, "/launches", nil), http.StatusOK, "Bol terre", "0 pièces promises sur 2", product, month)
	w.Shows(w.Ask(0, product, nil), http.StatusOK, "Lancement", "<strong>0</strong>", "sur 2 pièces promises", "Encore 2 pièces, et on la fabrique", "dès 2 pièces", "120,00", "dès 3 pièces", "108,00",
		"4 pièces au plus", "Livraison prévue en "+month, "La terre, la cuisson", "Je soutiens", join, "dans 20 jours", "schema.org/PreOrder", `!action="/cart"`, "!Ajouter", "!épuisé")
	w.Shows(w.Ask(0, "/cart", url.Values{"product": {w.shop.Slug}, "variant": {fmt.Sprint(w.shop.Variant)}, "quantity": {"1"}}), http.StatusConflict, `!action="/cart"`)
	w.Shows(w.Ask(0, join, nil), http.StatusOK, "Soutenir ce lancement", "Dès 3 pièces", "125,00", "seulement si au moins 2 pièces sont promises", month, "Personne ne touche rien", "!commande groupée")
	anne := w.backs(join, "anne", 0, "1")
	w.Shows(w.Ask(0, anne, nil), http.StatusOK, "Votre promesse est notée", "Votre promesse pour Bol terre", "mastercard •••• 4444", "125,00", "113,00", "Retirer ma promesse", product, month, "!commande groupée")
	bruno := w.backs(join, "bruno", 1, "2")
	w.Shows(w.Ask(0, product, nil), http.StatusOK, "<strong>3</strong>", "elle sera fabriquée")
	w.Shows(w.Ask(w.shop.Owner, list, nil), http.StatusOK, "3 pièces promises sur 2", "Arrêter avant la fin", "!Elle est fabriquée")

	w.ends()
	w.Shows(w.Ask(0, anne, nil), http.StatusOK, "C’est payé, et ce sera fabriqué", "113,00")
	var order string
	w.must(w.DB.Get(&order, `select o.token from orders o join pledges p on p.order_id = o.id where p.token = $1`, strings.TrimPrefix(anne, "/pledge/")))
	w.Shows(w.Ask(0, "/o/"+order, nil), http.StatusOK, "En fabrication, prévue en "+month, "votre promesse pour Bol terre", anne, "!commande groupée",
		"Ce que vous avez accepté", "seulement si au moins 2 pièces sont promises", "Accepté le")
	w.Shows(w.Ask(0, bruno, nil), http.StatusOK, "221,00")
	w.Shows(w.Ask(0, product, nil), http.StatusOK, "réussi", "La fabrication va suivre", "!Je soutiens", `!action="/cart"`)
	w.Shows(w.Ask(w.shop.Owner, list, nil), http.StatusOK, "2 payées", "La fabrication a commencé", "Elle est fabriquée", "pas commencée")

	w.leads(w.Ask(w.shop.Owner, fmt.Sprintf("%s/%d/start", list, w.id()), url.Values{}), list)
	w.Shows(w.Ask(0, product, nil), http.StatusOK, "Elle est en fabrication")
	w.leads(w.Ask(w.shop.Owner, fmt.Sprintf("%s/%d/made", list, w.id()), url.Values{}), list)
	w.Settle()
	w.Shows(w.Ask(0, product, nil), http.StatusOK, "!Je soutiens", "!sur 2 pièces")
	w.Shows(w.Ask(w.shop.Owner, list, nil), http.StatusOK, "en vente depuis", "!Elle est fabriquée")
	var subject string
	w.must(w.DB.Get(&subject, `select subject from letters where template = 'pledge_made' and recipient = 'anne@poste.example'`))
	if subject != "« Bol terre » est prête, et en vente" && !strings.Contains(subject, "est prête, et en vente") {
		t.Errorf("the letter says %q", subject)
	}
	w.Audit()
}

// What is wrong is said at its field, and what was typed stays.
func TestOpeningALaunchIsRefused(t *testing.T) {
	w := open(t)
	for field, tt := range map[string]struct{ value, says string }{
		"product": {"0", "obligatoire"}, "goal": {"zéro", "De 1 à 100"}, "max": {"1", "Au moins l’objectif"}, "days": {"61", "De 1 à 60 jours"},
		"expected": {"2019-01", "Choisissez un mois"}, "plan": {"", "obligatoire"}, "steps.0.people": {"2", "Plus de pièces"},
	} {
		form := w.draft()
		if field == "steps.0.people" {
			form.Del("steps.1.people")
			form.Del("steps.1.less")
			form.Set("steps.0.less", "5")
		}
		form.Set(field, tt.value)
		form.Set("note", "")
		rw := w.Ask(w.shop.Owner, list+"/new", form)
		w.Shows(rw, http.StatusUnprocessableEntity, `id="f-`+field+`-error"`)
		if field != "plan" {
			w.Shows(rw, http.StatusUnprocessableEntity, "La terre, la cuisson")
		}
		if field != "product" && field != "plan" {
			w.Shows(rw, http.StatusUnprocessableEntity, tt.says)
		}
	}
	other := w.Shop("verre", 5000, 0)
	form := w.draft()
	form.Set("product", fmt.Sprint(other.Product))
	w.Shows(w.Ask(w.shop.Owner, list+"/new", form), http.StatusUnprocessableEntity, `id="f-product-error"`)
	w.Shows(w.Ask(other.Owner, list+"/new", w.draft()), http.StatusNotFound)
	w.launches()
	w.Shows(w.Ask(w.shop.Owner, list+"/new", nil), http.StatusOK, "Aucun brouillon à lancer")
}

// In a storefront a launch is shown without a margin, and whoever joins there has that storefront credited; a storefront that does not list it has nothing of it.
func TestALaunchInAStorefront(t *testing.T) {
	w := open(t)
	join := w.launches()
	_, err := w.Storefronts.AddListing(t.Context(), w.lea, w.shop.Product)
	w.must(err)
	w.Shows(w.Ask(0, "/@lea", nil), http.StatusOK, "Bol terre", "Lancement", "120,00", "!épuisé")
	w.Shows(w.Ask(0, "/@lea/p/"+w.shop.Slug, nil), http.StatusOK, "Je soutiens", `name="from" value="lea"`, "touche une commission")
	w.Shows(w.Ask(0, join+"?from=lea", nil), http.StatusOK, "Lea touche une commission de 10,00", `name="from" value="lea"`, `href="/@lea/p/`+w.shop.Slug+`"`)
	w.Shows(w.Ask(0, join+"?from=admin", nil), http.StatusOK, "!Admin touche", "Personne ne touche rien")
	w.backs(join+"?from=lea", "anne", 0, "2")
	w.ends()
	var credited int64
	w.must(w.DB.Get(&credited, `select member_id from attribution_credits`))
	if credited != w.lea {
		t.Errorf("credited: %d", credited)
	}
	w.Audit()
}

// More than is left cannot be asked for; a launch that is full says so, and has room again when somebody takes theirs back.
func TestAFullLaunch(t *testing.T) {
	w := open(t)
	join := w.launches()
	anne := w.backs(join, "anne", 0, "4")
	w.Shows(w.Ask(0, "/p/"+w.shop.Slug, nil), http.StatusOK, "Toutes les pièces qui peuvent être fabriquées sont promises", "!Je soutiens")
	w.Shows(w.Ask(0, join, nil), http.StatusOK, "Toutes les pièces")
	w.leads(w.Ask(0, anne+"/leave", url.Values{}), anne)
	w.Shows(w.Ask(0, anne, nil), http.StatusOK, "Vous avez retiré votre promesse", "Soutenir à nouveau")
	w.Shows(w.Ask(0, join+"/review", url.Values{"variant": {fmt.Sprint(w.shop.Variant)}, "quantity": {"5"}, "country": {"FR"}}), http.StatusUnprocessableEntity, "Il ne reste pas autant de pièces")
}

// Its brand ends it; the platform stops it from the list of all.
func TestEndingALaunch(t *testing.T) {
	w := open(t)
	join := w.launches()
	w.Shows(w.Ask(w.lea, fmt.Sprintf("%s/%d/end", list, w.id()), url.Values{}), http.StatusNotFound)
	w.leads(w.Ask(w.shop.Owner, fmt.Sprintf("%s/%d/end", list, w.id()), url.Values{}), list)
	w.Shows(w.Ask(0, "/p/"+w.shop.Slug, nil), http.StatusNotFound)
	w.leads(w.Ask(0, join, nil), strings.TrimSuffix(join, "/join"))
	w.Shows(w.Ask(0, strings.TrimSuffix(join, "/join"), nil), http.StatusOK, "Bol terre", "l’a arrêté le", "Personne n’a été débité", "0 pièces promises sur 2", "La terre, la cuisson", "!Je soutiens", `!href="/p/`)
	w.Shows(w.Ask(w.shop.Owner, list, nil), http.StatusOK, strings.TrimSuffix(join, "/join"))
	join = w.launches()
	code := strings.Split(join, "/")[2]
	w.Shows(w.Ask(w.admin, "/admin/together", nil), http.StatusOK, "Bol terre", "Lancement", "arrêté", "ouvert", "La terre, la cuisson", "/admin/together/"+code+"/stop")
	w.Shows(w.Ask(0, "/launches/"+code, nil), http.StatusFound)
	w.Shows(w.Ask(w.admin, "/admin/together/"+code+"/stop", nil), http.StatusOK, "Arrêter un lancement")
	w.leads(w.Ask(w.admin, "/admin/together/"+code+"/stop", url.Values{"reason": {"tromperie"}}), "/admin/together")
	w.Shows(w.Ask(w.shop.Owner, list, nil), http.StatusOK, "arrêté", "!ouvert<")
	w.Shows(w.Ask(0, "/launches/"+code, nil), http.StatusOK, "Relais l’a arrêté", "Personne n’a été débité", "!tromperie", "!La terre, la cuisson")
	w.Shows(w.Ask(0, "/launches/rien", nil), http.StatusNotFound)
	w.Shows(w.Ask(w.shop.Owner, "/together/"+code, nil), http.StatusNotFound)
	w.Shows(w.Ask(w.shop.Owner, "/together/"+code+"/end", url.Values{}), http.StatusNotFound)
	w.Shows(w.Ask(w.shop.Owner, fmt.Sprintf("%s/%d/made", list, w.id()), url.Values{}), http.StatusSeeOther)
	if v, err := w.Pledges.ByCode(t.Context(), code, i18n.FR); err != nil || v.State != pledges.Cancelled || v.MadeAt != nil {
		t.Errorf("%+v, %v", v, err)
	}
}

// A launch that was missed has a page that says so; whoever promised is led there by their page and by their letter, as the page of the piece is gone.
func TestAMissedLaunch(t *testing.T) {
	w := open(t)
	join := w.launches()
	anne := w.backs(join, "anne", 0, "1")
	w.Shows(w.Ask(w.lea, anne, nil), http.StatusOK, "10,00", "Partager mon lien", `name="product" value="`+w.shop.Slug+`"`, "une publicité")
	w.Shows(w.Ask(0, anne, nil), http.StatusOK, "!Partager mon lien", "!10,00", w.URL+"/p/"+w.shop.Slug)
	w.Shows(w.Ask(w.shop.Owner, anne, nil), http.StatusOK, "!Partager mon lien", w.URL+"/p/"+w.shop.Slug)
	w.ends()
	over := strings.TrimSuffix(join, "/join")
	w.Shows(w.Ask(0, "/p/"+w.shop.Slug, nil), http.StatusNotFound)
	w.Shows(w.Ask(0, over, nil), http.StatusOK, "Bol terre", "sous l’objectif", "1 pièces sur 2 étaient promises", "Personne n’a été débité", "La terre, la cuisson", "!Je soutiens", `!href="/p/`)
	w.Shows(w.Ask(0, anne, nil), http.StatusOK, "Rien n’est débité", "Voir comment il s’est terminé", `href="`+over+`"`, `!href="/p/`)
	var body string
	w.must(w.DB.Get(&body, `select body_text from letters where template = 'pledge_released' and recipient = 'anne@poste.example'`))
	if !strings.Contains(body, over) {
		t.Errorf("the letter does not say where to read how it ended:\n%s", body)
	}
	w.launches() // the same piece once more
	w.Shows(w.Ask(0, over, nil), http.StatusOK, "sous l’objectif")
	w.Shows(w.Ask(0, anne, nil), http.StatusOK, `href="`+over+`"`)
}

// A launch that was reached is given up with a reason, which its buyers read; without one, or with one that is too long, nothing happens, and what was typed stays.
func TestGivingALaunchUp(t *testing.T) {
	w := open(t)
	join := w.launches()
	at := list + "/" + strings.Split(join, "/")[2] + "/unmade"
	w.leads(w.Ask(w.shop.Owner, at, nil), list) // it is open still
	anne := w.backs(join, "anne", 0, "2")
	w.ends()
	other := w.Shop("verre", 5000, 0)
	w.Shows(w.Ask(other.Owner, strings.Replace(at, "terre", "verre", 1), nil), http.StatusNotFound)
	w.Shows(w.Ask(other.Owner, strings.Replace(at, "terre", "verre", 1), url.Values{"reason": {"non"}}), http.StatusNotFound)
	w.Shows(w.Ask(w.shop.Owner, list, nil), http.StatusOK, "Elle ne sera pas fabriquée", `href="`+at+`"`)
	w.Shows(w.Ask(w.shop.Owner, at, nil), http.StatusOK, "Bol terre", "Abandonner et rembourser", `action="`+at+`"`)
	w.Shows(w.Ask(w.shop.Owner, at, url.Values{"reason": {" "}}), http.StatusUnprocessableEntity, `id="f-reason-error"`, "À remplir")
	w.Shows(w.Ask(w.shop.Owner, at, url.Values{"reason": {strings.Repeat("é", 501)}}), http.StatusUnprocessableEntity, `id="f-reason-error"`, "trop long", `value="`+strings.Repeat("é", 501)+`"`)
	w.Shows(w.Ask(w.shop.Owner, list, nil), http.StatusOK, "!remboursée</dd>")
	w.leads(w.Ask(w.shop.Owner, at, url.Values{"reason": {"L’atelier a brûlé."}}), list)
	w.leads(w.Ask(w.shop.Owner, at, url.Values{"reason": {"Encore."}}), list)
	w.Shows(w.Ask(w.shop.Owner, list, nil), http.StatusOK, "ne sera pas fabriquée, remboursée", "abandonné", "!réussi", "!Elle est fabriquée")
	over := strings.TrimSuffix(join, "/join")
	w.Shows(w.Ask(0, over, nil), http.StatusOK, "Bol terre", "abandonné", "!réussi", "2 pièces promises, il en fallait 2", "ne sera finalement pas fabriquée", "L’atelier a brûlé.", "Qui a payé est remboursé en entier", "La terre, la cuisson")
	w.Shows(w.Ask(0, anne, nil), http.StatusOK, `href="`+over+`"`, "abandonné", "!réussi", `!href="/p/`)
	w.must(w.Pledges.Sweep(t.Context()))
	w.Settle()
	w.must(w.Pledges.Sweep(t.Context()))
	w.Settle()
	var body string
	w.must(w.DB.Get(&body, `select body_text from letters where recipient = 'anne@poste.example' order by id desc limit 1`))
	if !strings.Contains(body, "L’atelier a brûlé.") {
		t.Errorf("what anne reads does not say why:\n%s", body)
	}
}

// A launch whose month is over is late: for its brand, on the page of its product, on the order, and for the platform; until it is made.
func TestALateLaunch(t *testing.T) {
	w := open(t)
	w.backs(w.launches(), "anne", 0, "2")
	w.ends()
	var order string
	w.must(w.DB.Get(&order, `select '/o/' || token from orders where state = 'paid'`))
	month, late := i18n.FR.Month(w.Clock.Now().AddDate(0, 3, 0).AddDate(0, 0, -20)), "en retard</span>"
	everywhere := func(want ...string) {
		t.Helper()
		w.Shows(w.Ask(w.shop.Owner, list, nil), http.StatusOK, want...)
		w.Shows(w.Ask(0, "/p/"+w.shop.Slug, nil), http.StatusOK, want...)
		w.Shows(w.Ask(w.admin, "/admin/together", nil), http.StatusOK, want...)
	}
	w.Pass(100) // 30 June
	everywhere("!en retard")
	w.Shows(w.Ask(0, order, nil), http.StatusOK, "En fabrication, prévue en "+month, "!en retard")
	w.Pass(1)
	everywhere(late, month)
	w.Shows(w.Ask(0, order, nil), http.StatusOK, "Prévue en "+month+", en retard")
	w.Pass(31)
	everywhere("en retard, 2ᵉ mois", month)
	w.must(w.Pledges.Made(t.Context(), w.shop.Owner, w.shop.Brand, w.id()))
	everywhere("!en retard")
	w.Shows(w.Ask(0, order, nil), http.StatusOK, "!en retard")
}

// The month of a launch is moved once, with a reason that who backs it reads; what is wrong is said at its field, and what was typed stays.
func TestMovingTheMonth(t *testing.T) {
	w := open(t)
	join := w.launches()
	at := list + "/" + strings.Split(join, "/")[2] + "/later"
	w.backs(join, "anne", 0, "2")
	other := w.Shop("verre", 5000, 0)
	w.Shows(w.Ask(other.Owner, strings.Replace(at, "terre", "verre", 1), url.Values{"reason": {"non"}}), http.StatusNotFound)
	var before time.Time
	w.must(w.DB.Get(&before, `select expected from campaigns`))
	month := before.AddDate(0, 2, 0).Format("2006-01")
	w.Shows(w.Ask(w.shop.Owner, list, nil), http.StatusOK, `href="`+at+`"`, "!Promise d’abord")
	w.Shows(w.Ask(0, "/p/"+w.shop.Slug, nil), http.StatusOK, "!Promise d’abord")
	w.Shows(w.Ask(w.shop.Owner, at, nil), http.StatusOK, `value="`+month+`"`, `action="`+at+`"`)
	w.Shows(w.Ask(w.shop.Owner, at, url.Values{"month": {month}, "reason": {" "}}), http.StatusUnprocessableEntity, `id="f-reason-error"`)
	w.Shows(w.Ask(w.shop.Owner, at, url.Values{"month": {before.Format("2006-01")}, "reason": {"Le four."}}), http.StatusUnprocessableEntity, `id="f-month-error"`, "Le four.")
	w.leads(w.Ask(w.shop.Owner, at, url.Values{"month": {month}, "reason": {"Le four a lâché."}}), list)
	from := "Promise d’abord pour " + i18n.FR.Month(before)
	w.Shows(w.Ask(w.shop.Owner, list, nil), http.StatusOK, `!href="`+at+`"`, from, "Le four a lâché.")
	w.Shows(w.Ask(0, "/p/"+w.shop.Slug, nil), http.StatusOK, from, "Le four a lâché.")
	w.leads(w.Ask(w.shop.Owner, at, nil), list)
	w.leads(w.Ask(w.shop.Owner, at, url.Values{"month": {before.AddDate(0, 3, 0).Format("2006-01")}, "reason": {"Encore."}}), list)
	w.Settle()
	var letters []string
	w.must(w.DB.Select(&letters, `select body_text from letters where template = 'pledge_postponed'`))
	if len(letters) != 1 || !strings.Contains(letters[0], "Le four a lâché.") || !strings.Contains(letters[0], "/pledge/") {
		t.Errorf("%q", letters)
	}
	var after time.Time
	w.must(w.DB.Get(&after, `select expected from campaigns`))
	if !after.Equal(before.AddDate(0, 2, 0)) {
		t.Errorf("moved from %s to %s", before, after)
	}
}

// A launch that is opened from a poll says what was decided there; a piece that is dearer says why, and the page of the poll names it.
func TestFromAPoll(t *testing.T) {
	w := open(t)
	ctx, owner, brand := t.Context(), w.shop.Owner, w.shop.Brand
	voter := w.Member("votante")
	w.DB.MustExec(`update members set created_at = created_at - interval '1 year'`)
	code, err := w.Polls.Save(ctx, owner, brand, "", polls.Draft{Title: "Quel bol ?", Text: "Au choix.", BaseMinor: 10000, FloorMinor: 9000, Days: 5, AnswerDays: 30, Quorum: 1, Audience: polls.Everybody,
		Questions: []polls.QuestionDraft{{Text: "Quel émail ?", Options: []polls.OptionDraft{{Text: "Céladon", EffectMinor: 500}, {Text: "Tenmoku"}}}}})
	w.must(err)
	w.must(w.Polls.Open(ctx, owner, brand, code))
	v, err := w.Polls.ByCode(ctx, code, 0, i18n.FR)
	w.must(err)
	w.Shows(w.Ask(owner, list+"/new?poll="+code, nil), http.StatusNotFound) // nothing is decided yet
	w.must(w.Polls.Vote(ctx, polls.Cast{Code: code, MemberID: voter, Choice: []int64{v.Questions[0].Options[0].ID}}))
	w.Clock.Set(*v.ClosesAt)
	w.must(w.Polls.Sweep(ctx))
	w.must(w.Jobs.Drain(ctx))
	w.Shows(w.Ask(owner, list+"/new?poll="+code, nil), http.StatusOK, "Quel bol ?", "Céladon", "105,00", `name="poll" value="`+code+`"`, "Pourquoi plus cher")
	w.Shows(w.Ask(owner, list+"/new", nil), http.StatusOK, "!Pourquoi plus cher")
	form := w.draft()
	form.Set("poll", code)
	w.Shows(w.Ask(owner, list+"/new", form), http.StatusUnprocessableEntity, `id="f-why-error"`, "Elle coûte plus que ce qui a été décidé", "La terre, la cuisson") // 120.00
	form.Set("why", "L’émail a doublé.")
	w.leads(w.Ask(owner, list+"/new", form), list)
	if v, err = w.Polls.ByCode(ctx, code, 0, i18n.FR); err != nil || len(v.Pieces) != 1 || v.Pieces[0].ProductID != w.shop.Product || v.Pieces[0].Why != "L’émail a doublé." {
		t.Errorf("%+v, %v", v.Pieces, err)
	}
}
