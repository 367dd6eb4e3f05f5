package counter_test

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

	"relais/internal/app/apptest"
	"relais/internal/catalog"
	"relais/internal/stripesandbox"
	"relais/internal/web/counter"
	"relais/internal/web/page"
	"relais/internal/web/webtest"
)

// world is the pages over all of Relais, with a brand that sells a bowl for 120.00 and a member who lists it.
type world struct {
	*apptest.World
	*webtest.Visitors
	shop apptest.Shop
	lea  int64
	nth  int
}

func open(t *testing.T) *world {
	t.Helper()
	w := &world{World: apptest.New(t)}
	w.Visitors = webtest.New(t, w.DB, page.Options{BaseURL: w.URL, Now: w.Clock.Now, PaymentOrigins: []string{w.URL}}, nil)
	counter.New(counter.Options{Site: w.Site, DB: w.DB, Counter: w.Counter, Orders: w.Orders, Fronts: w.Storefronts, Now: w.Clock.Now, BaseURL: w.URL, Simulated: "/sandbox/reader/", Log: slog.New(slog.DiscardHandler)}).Routes(w.Echo)
	w.shop, w.lea = w.Shop("terre", 12000, 5), w.Member("lea")
	if _, err := w.Storefronts.AddListing(t.Context(), w.lea, w.shop.Product); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) leads(rw *httptest.ResponseRecorder, to string) string {
	w.T.Helper()
	at := rw.Header().Get("Location")
	if rw.Code != http.StatusSeeOther || !strings.HasPrefix(at, to) {
		w.T.Fatalf("%d to %q; want to %q\n%.600s", rw.Code, at, to, rw.Body)
	}
	return at
}

func (w *world) flash(rw *httptest.ResponseRecorder) string {
	for _, c := range rw.Result().Cookies() {
		if c.Name == "flash" {
			return "flash=" + c.Value
		}
	}
	return ""
}

// basket opens one on a stand, with a bowl in it.
func (w *world) basket(member int64, of, place string) string {
	w.T.Helper()
	w.nth++
	form := url.Values{"operation": {fmt.Sprintf("operation-operation-%d", w.nth)}, "for": {of}, "place": {place}, "country": {"FR"}}
	at := w.leads(w.Ask(member, "/sell", form), "/sell/")
	if again := w.leads(w.Ask(member, "/sell", form), "/sell/"); again != at {
		w.T.Errorf("sent twice: %s and %s", at, again)
	}
	w.leads(w.Ask(member, at+"/lines", url.Values{"variant": {fmt.Sprint(w.shop.Variant)}, "quantity": {"1"}}), at)
	return at
}

var code = regexp.MustCompile(`/s/[A-Z2-7]{26}`)

func TestFromPickToPaid(t *testing.T) {
	w := open(t)
	w.Shows(w.Ask(w.lea, "/sell", nil), http.StatusOK, "Vendre maintenant", "Stand de foire", "art. L221-10", "!Maison terre")
	w.Shows(w.Ask(w.shop.Owner, "/sell?for=terre", nil), http.StatusOK, "Maison terre", "Où l’on vend en personne")
	w.Shows(w.Ask(w.lea, "/sell?for=terre", nil), http.StatusNotFound)
	at := w.basket(w.lea, "me", "fair")
	w.Shows(w.Ask(w.lea, at, nil), http.StatusOK, "Bol terre", "120,00", "Montrer le code", "pas de rétractation")
	w.Shows(w.Ask(w.lea, at+"?q=assiette", nil), http.StatusOK, "Rien ne porte ce nom", "Bol terre") // what is in the basket stays to be seen
	w.Shows(w.Ask(w.shop.Owner, at, nil), http.StatusNotFound)
	w.Shows(w.Ask(w.lea, at+"/lines", url.Values{"variant": {fmt.Sprint(w.shop.Variant)}, "quantity": {"2"}}, "HX-Request", "true"), http.StatusOK, `id="picking"`, "240,00")
	w.Shows(w.Ask(w.lea, at+"/lines", url.Values{"variant": {fmt.Sprint(w.shop.Variant)}, "quantity": {"150"}}, "HX-Request", "true"), http.StatusOK, "entre 1 et 99", "240,00")
	w.leads(w.Ask(w.lea, at+"/show", url.Values{}), at)
	rw := w.Ask(w.lea, at, nil)
	w.Shows(rw, http.StatusOK, "À scanner par l’acheteur", "240,00", at+"/state?seen=shown", `http-equiv="refresh"`)
	link := code.FindString(rw.Body.String())
	w.Shows(w.Ask(w.lea, at+"/state?seen=shown", nil, "HX-Request", "true"), http.StatusNoContent)
	w.Shows(w.Ask(0, "/s/AAAAAAAAAAAAAAAAAAAAAAAAAA", nil), http.StatusGone, "Ce code ne sert plus", "Rien n’a été débité")

	offer := w.Ask(0, link, nil)
	w.Shows(offer, http.StatusOK, "Bol terre", "240,00", "Maison terre", "Publicité", "Lea touche", "20,00", "ne bénéficie pas d’un droit de rétractation", "Commander avec obligation de paiement", "Seulement si vous voulez le reçu")
	mark := ""
	for _, c := range offer.Result().Cookies() {
		if c.Name == "counter" {
			mark = "counter=" + c.Value
		}
	}
	w.Shows(w.Ask(0, link, url.Values{"email": {"nobody"}}, "Cookie", mark), http.StatusUnprocessableEntity, "ne semble pas complète", `value="nobody"`)
	pay := w.leads(w.Ask(0, link, url.Values{}, "Cookie", mark), w.URL+"/stripe/c/pay/")
	if again := w.leads(w.Ask(0, link, url.Values{}, "Cookie", mark), w.URL); again != pay {
		t.Errorf("sent twice: %s and %s", pay, again)
	}
	w.Shows(w.Ask(0, link, url.Values{}), http.StatusGone, "Quelqu’un paie déjà ce panier")
	w.leads(w.Ask(0, link, nil, "Cookie", mark), "/o/")
	w.Shows(w.Ask(w.lea, at, nil), http.StatusOK, "L’acheteur paie")
	w.PayAt(pay, apptest.Good)
	if _, err := w.DB.Exec(`update counter_sales set asked_at = null`); err != nil { // a while later
		t.Fatal(err)
	}
	w.Shows(w.Ask(w.lea, at+"/state?seen=paying", nil, "HX-Request", "true"), http.StatusOK, "Payé", "240,00", "!hx-get")
	w.Shows(w.Ask(w.lea, at+"/state?seen=paying", nil), http.StatusSeeOther)
	w.Shows(w.Ask(w.lea, at, nil), http.StatusOK, "L’acheteur a son reçu sur son téléphone", "!/o/")
	w.Shows(w.Ask(w.lea, "/sell/sales", nil), http.StatusOK, "1 vente", "240,00", "par code", "Bol terre")
	w.Shows(w.Ask(w.lea, "/sell/sales?day=2026-03-01", nil), http.StatusOK, "Aucune vente ce jour-là")
	w.Shows(w.Ask(w.shop.Owner, "/sell/sales?for=terre", nil), http.StatusOK, "Aucune vente")
	rw = w.Ask(w.lea, at+"/cancel", url.Values{})
	w.Shows(w.Ask(w.lea, w.leads(rw, at), nil, "Cookie", w.flash(rw)), http.StatusOK, "déjà payé")
}

// The advert names nobody who earns nothing.
func TestTheOfferNamesWhoEarns(t *testing.T) {
	w := open(t)
	at := w.basket(w.lea, "me", "fair")
	w.leads(w.Ask(w.lea, at+"/show", url.Values{}), at)
	link := code.FindString(w.Ask(w.lea, at, nil).Body.String())
	w.Shows(w.Ask(0, link, nil), http.StatusOK, "Publicité", "Lea touche")
	if err := w.Catalog.SetTeam(t.Context(), w.shop.Owner, w.shop.Brand, w.lea, catalog.Staff); err != nil {
		t.Fatal(err)
	}
	w.Shows(w.Ask(0, link, nil), http.StatusOK, "Bol terre", "!Lea touche")
}

func TestWhereItIsRefused(t *testing.T) {
	w := open(t)
	at := w.basket(w.lea, "me", "home")
	w.Shows(w.Ask(w.lea, at, nil), http.StatusOK, "Refusé", "La loi n’y permet pas", "disabled")
	rw := w.Ask(w.lea, at+"/show", url.Values{})
	w.Shows(w.Ask(w.lea, w.leads(rw, at), nil, "Cookie", w.flash(rw)), http.StatusOK, "La loi n’y permet pas")
	rules := "/sell/rules/terre"
	w.Shows(w.Ask(w.lea, rules, nil), http.StatusNotFound)
	w.Shows(w.Ask(w.shop.Owner, rules, nil), http.StatusOK, "Lieux permis", "Étal de marché")
	w.leads(w.Ask(w.shop.Owner, rules, url.Values{"country": {"FR"}, "place": {"market", "home"}, "members": {"yes"}, "warning": {"Pièces uniques."}}), rules)
	w.leads(w.Ask(w.lea, at+"/place", url.Values{"place": {"fair"}}), at)
	w.Shows(w.Ask(w.lea, at, nil), http.StatusOK, "Maison terre ne veut pas")
	w.leads(w.Ask(w.lea, at+"/place", url.Values{"place": {"market"}}), at)
	w.leads(w.Ask(w.lea, at+"/show", url.Values{}), at)
	link := code.FindString(w.Ask(w.lea, at, nil).Body.String())
	w.Shows(w.Ask(0, link, nil), http.StatusOK, "Pièces uniques.")
	w.leads(w.Ask(w.lea, at+"/edit", url.Values{}), at)
	w.Shows(w.Ask(0, link, nil), http.StatusGone, "Ce code ne sert plus")
	w.leads(w.Ask(w.lea, at+"/cancel", url.Values{}), at)
	w.Shows(w.Ask(w.lea, at, nil), http.StatusOK, "Vente annulée")
}

func TestAtTheReader(t *testing.T) {
	w := open(t)
	form := url.Values{"operation": {"register-this-reader"}, "for": {"terre"}, "code": {"wrong"}, "label": {"Stand halle"}, "street": {"1 place du Marché"}, "postcode": {"25000"}, "city": {"Besançon"}, "country": {"FR"}}
	w.Shows(w.Ask(w.shop.Owner, "/sell/readers?for=terre", nil), http.StatusOK, "Aucun lecteur")
	w.Shows(w.Ask(w.shop.Owner, "/sell/readers", form), http.StatusUnprocessableEntity, "Aucun lecteur n’affiche ce code", "Stand halle")
	form.Set("code", "simulated-wpe")
	w.leads(w.Ask(w.shop.Owner, "/sell/readers", form), "/sell/readers?for=terre")
	rw := w.Ask(w.shop.Owner, "/sell/readers?for=terre", nil)
	w.Shows(rw, http.StatusOK, "Stand halle", "en ligne")
	tmr := regexp.MustCompile(`tmr_\w+`).FindString(rw.Body.String())
	at := w.basket(w.shop.Owner, "terre", "premises")
	w.leads(w.Ask(w.shop.Owner, at+"/show", url.Values{}), at)
	w.Shows(w.Ask(w.shop.Owner, at, nil), http.StatusOK, "Stand halle", "Encaisser")
	var reader int64
	if err := w.DB.Get(&reader, `select id from readers`); err != nil {
		t.Fatal(err)
	}
	present := url.Values{"reader": {fmt.Sprint(reader)}}
	w.leads(w.Ask(w.shop.Owner, at+"/reader", present), at)
	w.Shows(w.Ask(w.shop.Owner, at, nil), http.StatusOK, "Présentez la carte", "Arrêter le lecteur")
	if err := w.Sandbox.PresentCard(tmr, stripesandbox.DeclinedCard); err != nil {
		t.Fatal(err)
	}
	w.Shows(w.Ask(w.shop.Owner, at+"/state?seen=reader", nil, "HX-Request", "true"), http.StatusOK, "La carte a été refusée", "Demander la carte à nouveau")
	w.leads(w.Ask(w.shop.Owner, at+"/reader", present), at)
	if err := w.Sandbox.PresentCard(tmr, stripesandbox.AcceptedCard); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	w.Shows(w.Ask(w.shop.Owner, at, nil), http.StatusOK, "Payé", "Le reçu de l’acheteur", "/brand/terre/orders/R-")
	w.Clock.Set(w.Clock.Now().Add(10 * time.Minute))
	w.Shows(w.Ask(w.shop.Owner, at, nil), http.StatusOK, "Payé", "!Le reçu de l’acheteur", "il n’est que pour l’acheteur")
	w.Shows(w.Ask(w.shop.Owner, at+"/connection-token", url.Values{}), http.StatusOK, "pst_test_")
	w.Shows(w.Ask(w.lea, at+"/connection-token", url.Values{}), http.StatusNotFound)
	w.Shows(w.Ask(w.lea, w.basket(w.lea, "me", "fair")+"/connection-token", url.Values{}), http.StatusConflict, "!pst_test_")
	w.Shows(w.Ask(0, at+"/connection-token", url.Values{}), http.StatusSeeOther)
	w.leads(w.Ask(w.shop.Owner, fmt.Sprintf("/sell/readers/%d/remove", reader), url.Values{"for": {"terre"}}), "/sell/readers")
	w.Shows(w.Ask(w.shop.Owner, "/sell/readers?for=terre", nil), http.StatusOK, "Aucun lecteur")
	w.Audit()
}

// A brand's team types what its catalogue does not have; a member does not, and what is wrong is said at its field, with what was typed.
func TestAnAmountIsTyped(t *testing.T) {
	w := open(t)
	mine := w.basket(w.lea, "me", "fair")
	w.Shows(w.Ask(w.lea, mine, nil), http.StatusOK, "!Taper un montant")
	good := func(n string) url.Values {
		return url.Values{"operation": {"typed-operation-" + n}, "title": {"Retouche d’ourlet"}, "price": {"12,50"}, "vat": {"2000"}}
	}
	w.Shows(w.Ask(w.lea, mine+"/typed", good("1")), http.StatusForbidden)
	own := w.basket(w.shop.Owner, "terre", "fair")
	w.Shows(w.Ask(w.shop.Owner, own, nil), http.StatusOK, "Taper un montant", `name="operation"`, "data-typed")
	w.Shows(w.Ask(w.lea, own+"/typed", good("2")), http.StatusNotFound)
	for field, values := range map[string][]string{"title": {"", " ", strings.Repeat("x", 161)}, "price": {"", "0", "-5", "douze", "12,345", "9999999"}, "vat": {"", "19", "-1"}} {
		for _, value := range values {
			form := good("3")
			form.Set(field, value)
			w.Shows(w.Ask(w.shop.Owner, own+"/typed", form), http.StatusUnprocessableEntity, `id="f-`+field+`-error"`, `value="typed-operation-3"`)
			w.Shows(w.Ask(w.shop.Owner, own+"/typed", form, "HX-Request", "true"), http.StatusUnprocessableEntity, `id="f-`+field+`-error"`, "!<html")
		}
	}
	for range 2 {
		w.leads(w.Ask(w.shop.Owner, own+"/typed", good("4")), own)
	}
	w.Shows(w.Ask(w.shop.Owner, own+"/typed", good("5"), "HX-Request", "true"), http.StatusOK, `id="picking"`, "Retouche d’ourlet", "145,00", "Retirer")
	w.leads(w.Ask(w.shop.Owner, own+"/show", url.Values{}), own)
	rw := w.Ask(w.shop.Owner, own, nil)
	w.Shows(w.Ask(0, code.FindString(rw.Body.String()), nil), http.StatusOK, "Retouche d’ourlet", "145,00", "!Publicité")
	rw = w.Ask(w.shop.Owner, own+"/typed", good("6"))
	w.Shows(w.Ask(w.shop.Owner, w.leads(rw, own), nil, "Cookie", w.flash(rw)), http.StatusOK, "ne se modifie plus")
}

// Who sells from their storefront is asked once whether they are a trader, and the buyer reads it before they order; a brand's team is not asked.
func TestWhoSellsSaysAsWhat(t *testing.T) {
	w := open(t)
	w.Shows(w.Ask(w.lea, "/sell", nil), http.StatusOK, `name="status" value="private" checked`)
	w.Shows(w.Ask(w.shop.Owner, "/sell?for=terre", nil), http.StatusOK, `!name="status"`)
	form := url.Values{"operation": {"operation-of-a-trader"}, "for": {"me"}, "place": {"fair"}, "country": {"FR"}, "status": {"trader"}, "legal_name": {"Léa EI"}}
	w.Shows(w.Ask(w.lea, "/sell", form), http.StatusUnprocessableEntity, `id="f-legal_address-error"`, `value="Léa EI"`, `value="trader" checked`)
	offered := func() string {
		at := w.basket(w.lea, "me", "fair")
		w.leads(w.Ask(w.lea, at+"/show", url.Values{}), at)
		return code.FindString(w.Ask(w.lea, at, nil).Body.String())
	}
	w.Shows(w.Ask(0, offered(), nil), http.StatusOK, "Lea agit ici en particulier", "Le vendeur est toujours la marque")
	form.Set("legal_address", "1 rue du Bac\n75007 Paris")
	form.Set("registration", "SIREN 123 456 789")
	w.leads(w.Ask(w.lea, "/sell", form), "/sell/")
	w.Shows(w.Ask(w.lea, "/sell", nil), http.StatusOK, `!name="status"`)
	w.Shows(w.Ask(0, offered(), nil), http.StatusOK, "Lea agit ici en professionnel", "Léa EI", "SIREN 123 456 789", "75007 Paris")
	at := w.basket(w.shop.Owner, "terre", "fair")
	w.leads(w.Ask(w.shop.Owner, at+"/show", url.Values{}), at)
	w.Shows(w.Ask(0, code.FindString(w.Ask(w.shop.Owner, at, nil).Body.String()), nil), http.StatusOK, "!agit ici")
}
