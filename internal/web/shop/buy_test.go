package shop_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"relais/internal/i18n"
	"relais/internal/mail"
	"relais/internal/payments/paymentstest"
	"relais/internal/referrals"
	"relais/internal/stripesandbox"
	"relais/internal/support"
	framed "relais/internal/web/page"
)

const hour = time.Hour

func TestBasket(t *testing.T) {
	w := newWorld(t)
	a := w.add(w.bowl, "2", "storefront", "camille").is(http.StatusOK, "Dans votre panier", "Bol en grès", "48,00 €", "conseillé par Camille")
	if a.path != "/cart" {
		t.Errorf("led to %s", a.path)
	}
	for _, cookie := range w.client.Jar.Cookies(mustURL(t, w.url)) {
		if cookie.Name == "cart" && len(cookie.Value) != 26 {
			t.Errorf("cookie %q", cookie.Value)
		}
	}
	line := "/cart/lines/" + id(w.bowl.Variants[0].ID)
	w.post(line, "quantity", "3").is(http.StatusOK, "72,00 €")
	w.post(line, "quantity", "100").is(http.StatusOK, "entre 1 et 99", "72,00 €")
	w.post(line, "quantity", "many").is(http.StatusOK, "entre 1 et 99", "72,00 €")
	w.post(line, "quantity", "9").is(http.StatusOK, "Il n’en reste que 5", "Corrigez-le")
	w.post(line, "quantity", "0").is(http.StatusOK, "Votre panier est vide")
	w.post("/cart/lines/x", "quantity", "1").is(http.StatusNotFound)
}

func TestARefusedAdditionKeepsWhatWasTyped(t *testing.T) {
	w := newWorld(t)
	w.add(w.bowl, "9", "storefront", "camille", "c", "CLICK").is(http.StatusUnprocessableEntity, "Il n’en reste que 5", `value="9"`, `value="CLICK"`, "Celui de mon petit déjeuner")
	w.post("/cart", "product", w.shirt.Slug, "quantity", "1").is(http.StatusUnprocessableEntity, "Choisissez une option")
	w.post("/cart", "product", w.bowl.Slug, "variant", id(w.ax.Variants[0].ID), "quantity", "1").is(http.StatusUnprocessableEntity, "Choisissez une option")
	w.post("/cart", "product", w.shirt.Slug, "variant", id(w.shirt.Variants[1].ID), "quantity", "1").is(http.StatusUnprocessableEntity, "épuisé")
	w.add(w.bowl, "-1").is(http.StatusUnprocessableEntity, "entre 1 et 99")
}

func TestBasketsAreTheirOwners(t *testing.T) {
	w := newWorld(t)
	w.add(w.bowl, "1").is(http.StatusOK)
	w.client = w.buyer("fr")
	w.get("/cart").is(http.StatusOK, "Votre panier est vide")
	w.post("/cart/lines/"+id(w.bowl.Variants[0].ID), "quantity", "3").is(http.StatusOK, "Votre panier est vide")
	if n := w.count(`select sum(quantity) from cart_lines`); n != 1 {
		t.Errorf("%d pieces", n)
	}
}

func TestCheckoutRefusesAtTheFieldAndKeepsTyping(t *testing.T) {
	w := newWorld(t)
	if a := w.get("/checkout"); a.path != "/cart" {
		t.Errorf("an empty basket came to %s", a.path)
	}
	w.add(w.bowl, "1").is(http.StatusOK)
	checkout := w.get("/checkout").is(http.StatusOK, "Commander avec obligation de paiement", "27,90 €", "Pas besoin de compte")
	refused := w.postForm("/checkout", w.typed(checkout, "email", "lea@", "city", "", "postcode", "7501", "name", "Léa <b>")).
		is(http.StatusUnprocessableEntity, "ne semble pas complète", "À remplir", "n’est pas de ce pays", `value="lea@"`, `value="Léa &lt;b&gt;"`, `aria-invalid="true"`)
	if refused.field("operation") != checkout.field("operation") {
		t.Error("the form got another operation")
	}
	w.postForm("/checkout", w.typed(checkout, "operation", "")).is(http.StatusUnprocessableEntity, "Rechargez", `value="Léa Durand"`)
	w.postForm("/checkout", w.typed(checkout, "country", "PL", "postcode", "00-001")).is(http.StatusUnprocessableEntity, "ne livre pas dans ce pays", `value="12 rue des Lilas"`)
	if n := w.count(`select count(*) from orders`); n != 0 {
		t.Errorf("%d orders", n)
	}
}

// TestTheBuyerSeesTheTotalBeforeOrdering: a method or a country that changes the total is shown first.
func TestTheBuyerSeesTheTotalBeforeOrdering(t *testing.T) {
	w := newWorld(t)
	w.add(w.bowl, "1").is(http.StatusOK)
	checkout := w.get("/checkout").is(http.StatusOK, "27,90 €")
	field := "method-" + id(w.sud.ID)
	home := checkoutMethod(t, checkout, field, "Domicile")
	again := w.postForm("/checkout", w.typed(checkout, field, home)).is(http.StatusConflict, "Le total a changé", "31,90 €")
	if again.field(field) != home || again.field("seen") != "3190" {
		t.Errorf("method %s, total %s", again.field(field), again.field("seen"))
	}
	w.postForm("/checkout/review", w.typed(checkout, "country", "BE")).is(http.StatusOK, "31,90 €", `value="12 rue des Lilas"`).lacks("Point relais")
	w.postForm("/checkout", w.typed(again, field, home)).is(http.StatusSeeOther)
	if n := w.count(`select total_minor from orders`); n != 3190 {
		t.Errorf("total %d", n)
	}
}

// checkoutMethod is the value of the choice with that name.
func checkoutMethod(t *testing.T, a answer, field, name string) string {
	t.Helper()
	_, rest, _ := strings.Cut(a.body, `id="f-`+field+`"`)
	before, _, found := strings.Cut(rest, name)
	if i := strings.LastIndex(before, `value="`); found && i >= 0 {
		value, _, _ := strings.Cut(before[i+len(`value="`):], `"`)
		return value
	}
	t.Fatalf("no method %q", name)
	return ""
}

func TestThePriceIsNeverReadFromTheForm(t *testing.T) {
	w := newWorld(t)
	w.add(w.bowl, "1", "price", "1", "price_minor", "1", "commission", "9000").is(http.StatusOK)
	checkout := w.get("/checkout").is(http.StatusOK)
	w.postForm("/checkout", w.typed(checkout, "seen", "1")).is(http.StatusConflict, "Le total a changé")
	w.postForm("/checkout", w.typed(checkout, "total", "1", "goods", "1", "price", "1")).is(http.StatusSeeOther)
	if n := w.count(`select total_minor from orders`); n != 2790 {
		t.Errorf("total %d", n)
	}
}

func TestADoublePostIsOneOrder(t *testing.T) {
	w := newWorld(t)
	w.add(w.bowl, "2").is(http.StatusOK)
	form := w.typed(w.get("/checkout"))
	var wait sync.WaitGroup
	to := make([]string, 4)
	for i := range to {
		wait.Go(func() { to[i] = w.postForm("/checkout", form).path })
	}
	wait.Wait()
	for _, address := range to {
		if address != to[0] || !strings.HasPrefix(address, w.stripe.URL) {
			t.Errorf("led to %q and %q", to[0], address)
		}
	}
	if n := w.count(`select count(*) from orders`); n != 1 {
		t.Errorf("%d orders", n)
	}
	if n := w.count(`select stock from variants where id = $1`, w.bowl.Variants[0].ID); n != 3 {
		t.Errorf("stock %d", n)
	}
}

func TestBuyFromTwoBrandsAsAGuest(t *testing.T) {
	w := newWorld(t)
	w.add(w.bowl, "1", "storefront", "camille", "c", w.click().Token).is(http.StatusOK)
	w.add(w.ax, "1").is(http.StatusOK, "2 envois")
	order, token := w.buy()
	if n := w.count(`select count(*) from attributions a join attribution_credits c using (order_line_id) where a.rule = 'storefront' and c.member_id = $1 and c.click_id is not null`, w.camille); n != 1 {
		t.Errorf("%d lines are Camille's", n)
	}
	order.is(http.StatusOK, "Merci, Léa Durand", "116,90 €", "Préparation par Forge du Nord", "Camille vous a conseillé « Bol en grès » et touche 2,00 €",
		"lea@example.org", "12 rue des Lilas", "Se rétracter")
	if h := order.header; h.Get("Referrer-Policy") != "same-origin" || !strings.Contains(h.Get("X-Robots-Tag"), "noindex") || !strings.Contains(h.Get("Cache-Control"), "no-store") {
		t.Errorf("headers %v", h)
	}
	w.get("/cart").is(http.StatusOK, "Votre panier est vide")
	w.get("/o/"+token+"/receipt").is(http.StatusOK, "Reçu", "116,90 €", "5,5", "20", "Forge du Nord SARL")
	w.client = w.buyer("en")
	w.get("/o/"+token).is(http.StatusOK, "Thank you", "Camille recommended")
	w.get("/o/"+token+"/receipt").is(http.StatusOK, "Receipt", "€116.90")
	w.get("/o/"+token+"/withdraw").is(http.StatusOK, "Declare my withdrawal")
}

func TestAnUnpaidOrder(t *testing.T) {
	w := newWorld(t)
	w.add(w.bowl, "1").is(http.StatusOK)
	w.postForm("/checkout", w.typed(w.get("/checkout"))).is(http.StatusSeeOther)
	var token string
	w.ok(w.db.Get(&token, `select token from orders`))
	w.get("/o/"+token).is(http.StatusOK, "Plus qu’à payer", "réservés encore 30 minutes", "Payer 27,90 €")
	w.get("/o/"+token+"?paid=1").is(http.StatusOK, "Stripe nous confirme").lacks("Payer 27")
	if a := w.get("/o/" + token + "/receipt"); a.path != "/o/"+token {
		t.Errorf("the receipt of an unpaid order led to %s", a.path)
	}
	w.get("/o/"+token+"/withdraw").is(http.StatusOK, "rien dont se rétracter").lacks("Déclarer ma rétractation")
	w.post("/o/"+token+"/withdraw", "operation", once).is(http.StatusConflict, "n’est pas payée")
	if a := w.post("/o/" + token + "/pay").is(http.StatusSeeOther); !strings.HasPrefix(a.path, w.stripe.URL) {
		t.Errorf("paying led to %s", a.path)
	}
	w.post("/o/"+token+"/cancel").is(http.StatusOK, "La commande est annulée", "Commande annulée").lacks("Payer 27")
	w.post("/o/"+token+"/cancel").is(http.StatusOK, "n’attend plus de paiement")
	w.post("/o/"+token+"/pay").is(http.StatusOK, "Commande annulée")
	if n := w.count(`select stock from variants where id = $1`, w.bowl.Variants[0].ID); n != 5 {
		t.Errorf("stock %d", n)
	}
}

func TestWhileTheProviderIsAwayTheOrderWaits(t *testing.T) {
	w := newWorld(t)
	w.add(w.bowl, "1").is(http.StatusOK)
	w.stripe.Sandbox.Inject(stripesandbox.Fault{Path: "/v1/checkout/sessions", Times: 9, Status: http.StatusServiceUnavailable})
	w.postForm("/checkout", w.typed(w.get("/checkout"))).is(http.StatusOK, "ne répond pas", "Payer 27,90 €")
}

func TestReceiveWriteAndWithdraw(t *testing.T) {
	w := newWorld(t)
	w.add(w.bowl, "1", "storefront", "camille").is(http.StatusOK)
	_, token := w.buy()
	base := "/o/" + token
	var shipment, orderID int64
	w.ok(w.db.Get(&shipment, `select id from shipments`))
	w.ok(w.db.Get(&orderID, `select id from orders`))
	w.post(base+"/received", "shipment", id(shipment)).is(http.StatusOK, "n’est pas en route")
	w.ok(w.orders.Ship(t.Context(), w.sud.ID, shipment, "Colissimo", "https://suivi.example/6A1"))
	w.get(base).is(http.StatusOK, "Suivre le colis", "J’ai reçu ce colis", "https://suivi.example/6A1")
	w.post(base+"/received", "shipment", id(shipment+1)).is(http.StatusNotFound)
	w.post(base+"/received", "shipment", id(shipment)).is(http.StatusOK, "Bonne réception", "7 décembre 2026")

	w.get(base).is(http.StatusOK, "Écrire à Atelier du Sud", base+"/talk/atelier-sud").lacks("Forge du Nord")
	w.ok(w.support.Write(t.Context(), orderID, w.sud.ID, support.Draft{Side: support.FromBuyer, Body: "Il est <b>ébréché</b>.\r\nQue faire ?"}))
	w.get(base).is(http.StatusOK, "Attend la marque", "&lt;b&gt;ébréché")
	w.ok(w.support.Write(t.Context(), orderID, w.sud.ID, support.Draft{Side: support.FromBrand, MemberID: w.camille, Body: "Nous le remplaçons."}))
	w.get(base).is(http.StatusOK, "Nous le remplaçons.", "Attend l’acheteur")
	letters, err := mail.List(t.Context(), w.db, "", 20)
	w.ok(err)
	told := map[string]int{}
	for _, l := range letters {
		if l.Template == "order_message" {
			told[l.Recipient]++
		}
	}
	if told["atelier-sud@example.org"] != 1 || told["lea@example.org"] != 1 {
		t.Errorf("letters %v", told)
	}

	form := w.get(base+"/withdraw").is(http.StatusOK, "jusqu’au 7 décembre 2026", "Je me rétracte du contrat")
	check := w.post(base+"/withdraw", "operation", form.field("operation"), "line-"+id(w.line()), "1", "reason", "Trop <b>petit</b>").
		is(http.StatusOK, "Confirmer la rétractation", "À renvoyer à", "3 rue des Potiers", "27,90 €", "Trop &lt;b&gt;petit")
	if n := w.count(`select count(*) from returns`); n != 0 {
		t.Errorf("%d returns before the confirmation", n)
	}
	w.post(base+"/withdraw", "operation", check.field("operation"), "line-"+id(w.line()), "1", "reason", "Trop petit", "step", "edit").is(http.StatusOK, "Déclarer ma rétractation", "Trop petit")
	confirmed := []string{"operation", check.field("operation"), "line-" + id(w.line()), check.field("line-" + id(w.line())), "reason", "Trop petit", "step", "confirm"}
	a := w.post(base+"/withdraw", confirmed...).is(http.StatusOK, "Votre rétractation est enregistrée", "Déclarée le 23 novembre 2026", "3 rue des Potiers", "Je l’ai renvoyé")
	if a.path != base+"/withdraw" {
		t.Errorf("led to %s", a.path)
	}
	w.post(base+"/withdraw", confirmed...).is(http.StatusOK, "Votre rétractation est enregistrée").lacks("Quelques points")
	w.get(base).is(http.StatusOK, "Rétractation déclarée", "Suspendu")
	if n := w.count(`select count(*) from order_events where kind = 'withdrawal'`); n != 1 {
		t.Errorf("%d withdrawals", n)
	}
}

func TestWithdrawBeforeSendingIsRefundedAtOnce(t *testing.T) {
	w := newWorld(t)
	w.add(w.bowl, "1").is(http.StatusOK)
	_, token := w.buy()
	w.post("/o/"+token+"/withdraw", "operation", once, "line-"+id(w.line()), "1", "step", "confirm").is(http.StatusOK, "Votre rétractation est enregistrée", "part tout de suite")
	w.get("/o/"+token).is(http.StatusOK, "Remboursements", "27,90 €", "pas encore fait")
	w.ok(w.runner.Drain(t.Context()))
	w.get("/o/"+token).is(http.StatusOK, "Commande remboursée", "Remboursé sur la carte qui a payé")
	w.get("/o/"+token+"/receipt").is(http.StatusOK, "27,90 € remboursés")
}

func TestWithdrawalEnds(t *testing.T) {
	w := newWorld(t)
	w.add(w.bowl, "1").is(http.StatusOK)
	_, token := w.buy()
	var shipment int64
	w.ok(w.db.Get(&shipment, `select id from shipments`))
	w.ok(w.orders.Ship(t.Context(), w.sud.ID, shipment, "", ""))
	w.ok(w.orders.Deliver(t.Context(), w.sud.ID, shipment, "brand"))
	w.later(15 * 24 * hour)
	w.get("/o/"+token+"/withdraw").is(http.StatusOK, "terminé le 7 décembre 2026", "garantie légale").lacks("Confirmer la rétractation")
	w.post("/o/"+token+"/withdraw", "operation", once, "line-"+id(w.line()), "1").is(http.StatusConflict, "Le délai de rétractation est passé")
}

func TestAMemberFindsTheirDetails(t *testing.T) {
	w := newWorld(t)
	w.viewer = &framed.Viewer{ID: w.camille, Handle: "camille", Name: "Camille", Email: "camille@example.org"}
	w.add(w.bowl, "1").is(http.StatusOK)
	checkout := w.get("/checkout").is(http.StatusOK, `value="camille@example.org"`, `value="Camille"`)
	w.postForm("/checkout", w.typed(checkout)).is(http.StatusSeeOther)
	w.add(w.bowl, "1").is(http.StatusOK)
	w.get("/checkout").is(http.StatusOK, `value="12 rue des Lilas"`, `value="camille@example.org"`)
}

func TestHTMXAsksForPieces(t *testing.T) {
	w := newWorld(t)
	w.add(w.bowl, "1").is(http.StatusOK)
	form := w.typed(w.get("/checkout"), "country", "BE")
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+"/checkout/review", strings.NewReader(form.Encode()))
	w.ok(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("HX-Request", "true")
	a := w.do(w.client, r).is(http.StatusOK, "31,90 €")
	if !strings.HasPrefix(strings.TrimSpace(a.body), `<div class="stack checkout-parts`) {
		t.Errorf("got\n%s", a.body)
	}
}

func mustURL(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// A code is typed at checkout: one that is nobody's is said at the field and keeps what was typed; a good one says whom it thanks, and
// one of the buyer's own that it does not count.
func TestCodeAtCheckout(t *testing.T) {
	w := newWorld(t)
	now := w.stripe.Clock.Now
	s := referrals.New(referrals.Config{DB: w.db, Now: now, Clock: now})
	_, err := s.MakeCode(t.Context(), w.camille, "camille-10")
	w.ok(err)
	w.add(w.bowl, "1").is(http.StatusOK)
	page := w.get("/checkout").is(http.StatusOK, "Code de la personne qui vous l’a conseillé", "facultatif")
	w.postForm("/checkout", w.typed(page, "code", "CAMILLE-11")).is(http.StatusUnprocessableEntity, "Nous ne connaissons pas ce code", `value="CAMILLE-11"`, `value="12 rue des Lilas"`, `id="f-code-error"`)
	w.postForm("/checkout/review", w.typed(page, "code", "nobody's")).is(http.StatusUnprocessableEntity, "Nous ne connaissons pas ce code")
	w.postForm("/checkout/review", w.typed(page, "code", "camille-10")).is(http.StatusOK, "sera remercié")
	// Nobody learns by it whose an address is.
	w.postForm("/checkout/review", w.typed(page, "code", "Camille-10", "email", "camille@example.org")).is(http.StatusOK, "sera remercié")
	w.viewer = &framed.Viewer{ID: w.camille, Handle: "camille", Name: "Camille", Lang: i18n.FR}
	w.postForm("/checkout/review", w.typed(page, "code", "Camille-10")).is(http.StatusOK, "Ce code est le vôtre")
	w.viewer = nil
	away := w.postForm("/checkout", w.typed(page, "code", " camille-10 ")).is(http.StatusSeeOther)
	back := w.stripe.Pay(t, away.path, paymentstest.CardOK)
	w.get(strings.TrimPrefix(back, w.url)).is(http.StatusOK, "Camille vous a conseillé « Bol en grès » et touche 2,00 €")
	if n := w.count(`select count(*) from orders o join order_lines l on l.order_id = o.id join attributions a on a.order_line_id = l.id where o.code = 'CAMILLE-10' and a.rule = 'code'`); n != 1 {
		t.Errorf("%d lines by the code", n)
	}
	w.add(w.bowl, "1").is(http.StatusOK)
	away = w.postForm("/checkout", w.typed(w.get("/checkout"), "code", "CAMILLE-10", "email", "camille@example.org")).is(http.StatusSeeOther)
	back = w.stripe.Pay(t, away.path, paymentstest.CardOK)
	w.get(strings.TrimPrefix(back, w.url)).is(http.StatusOK, "Le code CAMILLE-10 est le vôtre").lacks("vous a conseillé")
}
