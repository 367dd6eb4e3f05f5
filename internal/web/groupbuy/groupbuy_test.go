package groupbuy_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"relais/internal/catalog"
	"relais/internal/pledges"
	"relais/internal/stripesandbox"
)

// The main job: opened on its form, joined by two with cards, charged at the deadline, and everybody reads what became of it.
func TestFromOpeningToTheOrder(t *testing.T) {
	w := open(t, 50)
	form := "/p/" + w.shop.Slug + "/together"
	w.leads(w.Ask(0, form+"?from=lea", nil), "/login?next="+url.QueryEscape(form+"?from=lea"))
	w.leads(w.Ask(0, form, url.Values{"days": {"10"}}), "/login")
	// 10 % of 90.00 and of 80.00 a piece, for 2 and 4 people
	w.Shows(w.Ask(w.lea, form, nil), http.StatusOK, "Ouvrir une commande groupée", "Bol terre", "120,00", "108,00", "96,00", "dont 9,00", "18,00", "dont 8,00", "32,00",
		`value="10" selected`, "10 jours, jusqu’au 12", "Personne ne paie maintenant", "Une carte compte une fois", "plus tôt", "!<s>")
	at := w.campaign()

	w.Shows(w.Ask(0, at, nil), http.StatusOK, "Publicité", "Lea touche une commission", "On s’y met ?", "108,00", "96,00", "<strong>0</strong>", "Encore 2 personnes", "Jusqu’au 12", "dans 10 jours",
		"Rejoindre", "L’histoire de Maison terre", `content="noindex, nofollow"`, `property="og:title" content="Commande groupée : Bol terre"`, at+"/card.jpg?lang=fr",
		"/standing?seen=open-", "!Arrêter", "!Enregistrer le mot")
	anne := w.joins(at, "anne", personal(0))
	w.Shows(w.Ask(0, anne, nil), http.StatusOK, "Vous en êtes", "mastercard •••• 4444", "125,00", "113,00", "101,00", "Me retirer", "Faites venir du monde", "3 rue des Lilas", "Lea touche une commission sur ce qui est acheté dans cette commande groupée. J’ai rejoint")
	bruno := w.joins(at, "bruno", personal(1))
	w.Shows(w.Ask(0, at, nil), http.StatusOK, "<strong>2</strong> personnes ont rejoint", "atteint", "Encore 2 personnes, et tout le monde paie 96,00")

	w.Clock.Set(w.view(at).Deadline)
	w.Shows(w.Ask(0, at, nil), http.StatusOK, "on compte", "!Rejoindre")
	w.Shows(w.Ask(0, anne, nil), http.StatusOK, "on compte", "!Me retirer")
	w.must(w.Pledges.Close(t.Context(), w.view(at).ID))
	w.Shows(w.Ask(0, anne, nil), http.StatusOK, "Votre carte est débitée", "Vous n’avez rien à faire")
	w.sweeps()
	w.Shows(w.Ask(0, at, nil), http.StatusOK, "Réussie, à 2 personnes", "Chacun paie 108,00", "!Orders", "!Ce que vous touchez", "!hx-get")
	w.Shows(w.Ask(w.lea, at, nil), http.StatusOK, "Réussie, à 2 personnes", "Commandes payées", "18,00", "/me/earnings", "!En attente de paiement")
	for _, promise := range []string{anne, bruno} {
		w.Shows(w.Ask(0, promise, nil), http.StatusOK, "C’est payé", "113,00", w.order(promise), "(oubliée)")
	}
	w.Shows(w.Ask(0, w.order(anne), nil), http.StatusOK, "Merci, anne", "Cette commande vient de la commande groupée de Lea", anne)
	w.Audit()
}

func TestOpeningIsRefused(t *testing.T) {
	w := open(t, 5)
	form := "/p/" + w.shop.Slug + "/together"
	for _, days := range []string{"", "0", "31", "dix"} {
		w.Shows(w.Ask(w.lea, form, url.Values{"days": {days}, "note": {"gardez-moi"}}), http.StatusUnprocessableEntity, "De 1 à 30 jours", `id="f-days-error"`, "gardez-moi")
	}
	w.Shows(w.Ask(w.lea, form, url.Values{"days": {"3"}, "note": {strings.Repeat("é", pledges.MaxNote+1)}}), http.StatusUnprocessableEntity, `id="f-note-error"`, "ééé", `value="3" selected`)
	w.Shows(w.Ask(w.lea, "/p/nowhere/together", nil), http.StatusNotFound)
	plain := w.Shop("verre", 5000, 5)
	w.Shows(w.Ask(w.lea, "/p/"+plain.Slug+"/together", nil), http.StatusConflict, "ne propose pas de prix de groupe")
	w.Shows(w.Ask(w.lea, "/p/"+plain.Slug+"/together", url.Values{"days": {"3"}}), http.StatusConflict)
	w.Shows(w.Ask(w.lea, form+"?from=max", nil), http.StatusOK, "la vitrine de Max", `href="/@max/p/`+w.shop.Slug+`"`)
	w.Shows(w.Ask(w.lea, form+"?from=nobody", nil), http.StatusOK, "!vitrine de", `href="/p/`+w.shop.Slug+`"`)
	w.Shows(w.Ask(w.shop.Owner, form, nil), http.StatusOK, "vous ne touchez pas de commission", "!pour vous")
	for range pledges.MaxOpen {
		w.campaign()
	}
	w.Shows(w.Ask(w.lea, form, url.Values{"days": {"3"}, "note": {"encore une"}}), http.StatusConflict, "dix commandes groupées", "encore une")
	w.must(w.Catalog.MoveProduct(t.Context(), w.shop.Owner, w.shop.Brand, w.shop.Product, catalog.Archived))
	w.Shows(w.Ask(w.lea, form, nil), http.StatusNotFound)
}

// What a team opens for its own brand earns nobody a commission, and says so.
func TestOpenedByTheBrand(t *testing.T) {
	w := open(t, 5)
	at := w.leads(w.Ask(w.shop.Owner, "/p/"+w.shop.Slug+"/together", url.Values{"days": {"3"}}), "/together/")
	w.Shows(w.Ask(0, at, nil), http.StatusOK, "Publicité", "Terre-owner fait partie de l’équipe de Maison terre", "!owner touche")
	w.Shows(w.Ask(0, at+"/join", nil), http.StatusOK, "fait partie de l’équipe de Maison terre")
}

// Who opened it edits the word and ends it; to others that does not exist, and a stranger without the address sees nothing.
func TestItsOwnPanel(t *testing.T) {
	w := open(t, 5)
	at := w.campaign()
	anne := w.joins(at, "anne", personal(0))
	w.Shows(w.Ask(w.lea, at, nil), http.StatusOK, "Donnez l’adresse", "data-share", "WhatsApp", "Enregistrer le mot", at+"/end", "Pièces promises")
	for _, who := range []int64{0, w.other, w.shop.Owner, w.admin} {
		w.Shows(w.Ask(who, at, nil), http.StatusOK, "!Donnez l’adresse", "!Enregistrer le mot", "!"+at+"/end", "!Pièces promises")
	}
	for _, who := range []int64{w.other, w.shop.Owner, w.admin} {
		w.Shows(w.Ask(who, at+"/end", nil), http.StatusNotFound)
		w.Shows(w.Ask(who, at+"/end", url.Values{}), http.StatusNotFound)
		w.Shows(w.Ask(who, at+"/note", url.Values{"note": {"moi"}}), http.StatusNotFound)
	}
	w.leads(w.Ask(0, at+"/end", url.Values{}), "/login")
	w.leads(w.Ask(0, at+"/note", url.Values{"note": {"moi"}}), "/login")
	w.Shows(w.Ask(0, "/together/aaaaaaaaaa", nil), http.StatusNotFound)
	w.Shows(w.Ask(0, "/together/aaaaaaaaaa/card.jpg", nil), http.StatusNotFound)
	w.Shows(w.Ask(0, "/together/aaaaaaaaaa/join", nil), http.StatusNotFound)
	w.Shows(w.Ask(0, "/products", nil), http.StatusOK, "!/together/")
	w.Shows(w.Ask(0, "/p/"+w.shop.Slug, nil), http.StatusOK, "!"+at)

	w.Shows(w.Ask(w.lea, at+"/note", url.Values{"note": {strings.Repeat("x", pledges.MaxNote+1)}}), http.StatusUnprocessableEntity, `id="f-note-error"`, "xxx")
	rw := w.Ask(w.lea, at+"/note", url.Values{"note": {"Pour la\nfête <b>de juin</b>"}})
	w.Shows(w.Ask(w.lea, w.leads(rw, at), nil, "Cookie", w.told(rw)), http.StatusOK, "Votre mot est à jour", "fête &lt;b&gt;de juin")

	w.Shows(w.Ask(w.lea, at+"/end", nil), http.StatusOK, "Arrêter maintenant", "1 personne a rejoint", "La laisser ouverte")
	rw = w.Ask(w.lea, at+"/end", url.Values{})
	w.Shows(w.Ask(w.lea, w.leads(rw, at), nil, "Cookie", w.told(rw)), http.StatusOK, "Personne n’est débité", "Lea l’a arrêtée avant la fin", "!Rejoindre")
	w.leads(w.Ask(w.lea, at+"/end", nil), at)
	rw = w.Ask(w.lea, at+"/end", url.Values{})
	w.Shows(w.Ask(w.lea, w.leads(rw, at), nil, "Cookie", w.told(rw)), http.StatusOK, "Cette commande groupée est terminée")
	rw = w.Ask(w.lea, at+"/note", url.Values{"note": {"trop tard"}})
	w.Shows(w.Ask(w.lea, w.leads(rw, at), nil, "Cookie", w.told(rw)), http.StatusOK, "est terminée", "!trop tard")
	w.sweeps()
	w.Shows(w.Ask(0, anne, nil), http.StatusOK, "Rien n’est débité", "a été arrêtée", "(oubliée)")
	w.Audit()
}

// seen is what the page asks for.
func (w *world) seen(at string) string {
	w.T.Helper()
	found := regexp.MustCompile(at + `/standing\?seen=open-[0-9a-f]{12}`).FindString(w.Ask(0, at, nil).Body.String())
	if found == "" {
		w.T.Fatal("the page asks for nothing")
	}
	return found
}

// The page asks for how things stand, and is told only when that has changed.
func TestStanding(t *testing.T) {
	w := open(t, 50)
	at := w.campaign()
	first := w.seen(at)
	w.Shows(w.Ask(0, first, nil, "HX-Request", "true"), http.StatusNoContent)
	w.joins(at, "anne", personal(0))
	w.Shows(w.Ask(0, first, nil, "HX-Request", "true"), http.StatusOK, "<strong>1</strong> personne a rejoint", "Encore 1 personne", "!"+first, "!<html")
	w.leads(w.Ask(0, first, nil), at)
	second := w.seen(at)
	w.Shows(w.Ask(0, second, nil, "HX-Request", "true"), http.StatusNoContent)
	w.ends()
	rw := w.Ask(0, second, nil, "HX-Request", "true")
	if rw.Code != http.StatusOK || rw.Header().Get("HX-Redirect") != at {
		t.Errorf("%d, %q", rw.Code, rw.Header().Get("HX-Redirect"))
	}
	w.Shows(w.Ask(0, at, nil), http.StatusOK, "Pas assez de monde", "1 personne avait rejoint, il en fallait 2", "Voir la pièce", "!hx-get")
}

// What is wrong with the form is said at its field, with what was typed; and the page works out again what may be taken.
func TestJoiningIsRefused(t *testing.T) {
	w := open(t, 6)
	at := w.campaign()
	w.Shows(w.Ask(0, at+"/join", nil), http.StatusOK, "120,00", "113,00", "101,00", "125,00", "Vous autorisez le débit de 125,00", "Autoriser le débit de 125,00", "changer d’avis pendant 14", `value="12500"`, "Colissimo", "Recalculer")
	for name, tt := range map[string]struct {
		field, value string
		status       int
		shows        string
	}{
		"no consent":      {"consent", "", 422, `id="f-consent-error"`},
		"none":            {"quantity", "0", 422, `id="f-quantity-error"`},
		"eleven":          {"quantity", "11", 422, `id="f-quantity-error"`},
		"no number":       {"quantity", "deux", 422, `id="f-quantity-error"`},
		"no street":       {"street", " ", 422, `id="f-street-error"`},
		"no mail":         {"email", "anne", 422, `id="f-email-error"`},
		"wrong postcode":  {"postcode", "1", 422, `id="f-postcode-error"`},
		"no variant":      {"variant", "", 422, "Choisissez une version"},
		"far away":        {"country", "BE", 422, "ne livre pas dans ce pays"},
		"another price":   {"seen", "11300", 409, `value="12500"`},
		"no price seen":   {"seen", "", 409, `value="12500"`},
		"more than there": {"quantity", "7", 409, "plus assez en stock"},
		"too old":         {"operation", "short", 422, "trop ancienne"},
	} {
		form := w.form(at, "anne")
		form.Set("city", "Rennes-sur-Vilaine")
		form.Set(tt.field, tt.value)
		if name == "more than there" {
			form.Set("seen", fmt.Sprint(7*12000+500))
		}
		if name == "far away" {
			form.Set("postcode", "1000")
		}
		w.Shows(w.Ask(0, at+"/join", form), tt.status, tt.shows, `value="Rennes-sur-Vilaine"`, "!<title>Mince")
	}
	// A consent to another amount is none: the box has to be ticked again.
	form := w.form(at, "anne")
	form.Set("seen", "11300")
	w.Shows(w.Ask(0, at+"/join", form), http.StatusConflict, `!value="yes" checked`)
	form = w.form(at, "anne")
	form.Set("street", "")
	w.Shows(w.Ask(0, at+"/join", form), http.StatusUnprocessableEntity, `value="yes" checked`)

	form = w.form(at, "anne")
	form.Set("quantity", "3")
	w.Shows(w.Ask(0, at+"/join/review", form), http.StatusOK, "3 × Bol terre", "360,00", "365,00", "329,00", "anne@poste.example", `value="36500"`, `!value="yes" checked`)
	w.Shows(w.Ask(0, at+"/join/review", form, "HX-Request", "true"), http.StatusOK, `id="join-parts"`, "365,00", "!<html", "!anne@poste.example")
	form.Set("country", "BE")
	w.Shows(w.Ask(0, at+"/join/review", form), http.StatusOK, "ne livre pas dans ce pays", " disabled>")
	form.Set("quantity", "9")
	w.Shows(w.Ask(0, at+"/join/review", form), http.StatusUnprocessableEntity, "plus assez en stock")
	var n int
	w.must(w.DB.Get(&n, `select count(*) from pledges`))
	if n != 0 {
		t.Errorf("%d promises of forms that were refused", n)
	}
}

func TestJoiningWhatCannotBeJoined(t *testing.T) {
	w := open(t, 1)
	at := w.campaign()
	form := w.form(at, "bruno")
	w.joins(at, "anne", personal(0))
	w.Shows(w.Ask(0, at, nil), http.StatusOK, "Toutes les pièces sont prises", "!/join")
	w.Shows(w.Ask(0, at+"/join", nil), http.StatusOK, "Toutes les pièces sont prises", `!name="email"`)
	w.Shows(w.Ask(0, at+"/join", form), http.StatusConflict, "Toutes les pièces sont prises")
	w.Clock.Set(w.view(at).Deadline)
	w.leads(w.Ask(0, at+"/join", nil), at)
	rw := w.Ask(0, at+"/join", form)
	w.Shows(w.Ask(0, w.leads(rw, at), nil, "Cookie", w.told(rw)), http.StatusOK, "Cette commande groupée est terminée")
	gone := w.campaign()
	w.must(w.Catalog.MoveProduct(t.Context(), w.shop.Owner, w.shop.Brand, w.shop.Product, catalog.Archived))
	w.Shows(w.Ask(0, gone, nil), http.StatusOK, "n’est plus en vente", "!/join")
	w.leads(w.Ask(0, gone+"/join", nil), gone)
}

// A member finds what they typed before; the click that brought them and the cookie go along; custom-made pieces cannot be given back.
func TestJoiningAsAMember(t *testing.T) {
	w := open(t, 9)
	_, err := w.DB.Exec(`update products set custom_made = true where id = $1`, w.shop.Product)
	w.must(err)
	at := w.campaign()
	token := w.Follow(w.shop.Product, "max-phone", w.other)
	form := w.form(at, "max")
	w.Shows(w.Ask(w.other, at+"?c="+token, nil), http.StatusOK, at+"/join?c="+token)
	w.Shows(w.Ask(w.other, at+"/join?c="+token, nil), http.StatusOK, `name="c" value="`+token+`"`, `value="Somebody"`, "!changer d’avis pendant 14", "vos souhaits", "!Vous en avez un")
	form.Set("c", token)
	first := w.leads(w.Ask(w.other, at+"/join", form, "X-Visitor", "max-phone"), w.URL+"/stripe/")
	if again := w.leads(w.Ask(w.other, at+"/join", form, "X-Visitor", "max-phone"), w.URL+"/stripe/"); again != first {
		t.Errorf("sent twice: %s and %s", first, again)
	}
	var p struct {
		MemberID int64  `db:"member_id"`
		Visitor  string `db:"visitor"`
		Click    string `db:"click_token"`
		N        int    `db:"n"`
	}
	w.must(w.DB.Get(&p, `select p.member_id, p.visitor, l.click_token, count(*) over () as n from pledges p join cart_lines l on l.cart_id = p.cart_id`))
	if p.MemberID != w.other || p.Visitor != "max-phone" || p.Click != token || p.N != 1 {
		t.Errorf("%+v", p)
	}
	w.leaves(first, personal(0))
	w.Settle()
	w.Shows(w.Ask(w.other, "/me/together", nil), http.StatusOK, "Que vous avez rejointes", "vous en êtes", "125,00", "!Que vous avez ouvertes")
}

// A variant is chosen, and the money follows it.
func TestJoiningWithVariants(t *testing.T) {
	w := open(t, 9)
	p, err := w.Catalog.CreateProduct(t.Context(), w.shop.Owner, w.shop.Brand, catalog.ProductDraft{Lang: "fr", Title: "Tablier", VATBps: 2000, Options: []string{"Taille"},
		Variants: []catalog.VariantDraft{{Values: []string{"S"}, PriceMinor: 4900, Stock: 0, SKU: "T-S"}, {Values: []string{"M"}, PriceMinor: 5000, Stock: 3, SKU: "T-M"}, {Values: []string{"L"}, PriceMinor: 6000, Stock: 3, SKU: "T-L"}}})
	w.must(err)
	w.must(w.Catalog.MoveProduct(t.Context(), w.shop.Owner, w.shop.Brand, p.ID, catalog.Published))
	w.Shows(w.Ask(w.lea, "/p/"+p.Slug+"/together", nil), http.StatusOK, "49,00", "ou plus", "44,10")
	at := w.leads(w.Ask(w.lea, "/p/"+p.Slug+"/together", url.Values{"days": {"3"}}), "/together/")
	w.Shows(w.Ask(0, at, nil), http.StatusOK, "dès", "44,10", "Plus que 6 en stock")
	var small, large int64
	w.must(w.DB.Get(&small, `select id from variants where sku = 'T-S'`))
	w.must(w.DB.Get(&large, `select id from variants where sku = 'T-L'`))
	w.Shows(w.Ask(0, at+"/join", nil), http.StatusOK, "Tablier", "(M)", "55,00", "50,00")
	form := w.form(at, "anne")
	form.Set("variant", fmt.Sprint(large))
	rw := w.Ask(0, at+"/join/review", form)
	w.Shows(rw, http.StatusOK, "(L)", "65,00", "59,00", "53,00")
	form.Set("seen", "6500")
	card := w.leads(w.Ask(0, at+"/join", form), w.URL+"/stripe/")
	w.leaves(card, personal(0))
	w.Settle()
	form = w.form(at, "bruno")
	form.Set("variant", fmt.Sprint(small))
	form.Set("seen", "5400")
	w.Shows(w.Ask(0, at+"/join", form), http.StatusConflict, "plus assez en stock")
}

// The provider is away: the promise is made, and its page leads to the card as soon as it is back. Whoever leaves no card has no place.
func TestTheCardIsMissing(t *testing.T) {
	w := open(t, 5)
	at := w.campaign()
	w.Sandbox.Inject(stripesandbox.Fault{Method: http.MethodPost, Path: "/v1/checkout/sessions", Status: http.StatusServiceUnavailable, Times: 9})
	form := w.form(at, "anne")
	rw := w.Ask(0, at+"/join", form)
	promise := w.leads(rw, "/pledge/")
	w.Shows(w.Ask(0, promise, nil, "Cookie", w.told(rw)), http.StatusOK, "ne répond pas", "Il manque votre carte", "Laisser ma carte", "gardée jusqu’au", "!Me retirer")
	w.Sandbox.ClearFaults()
	card := w.leads(w.Ask(0, promise+"/card", url.Values{}), w.URL+"/stripe/")
	w.Shows(w.Ask(0, promise+"?kept=1", nil), http.StatusOK, "On vérifie votre carte", `http-equiv="refresh"`, "!Laisser ma carte")
	w.Clock.Set(w.Clock.Now().Add(pledges.CardTime + time.Minute))
	w.Shows(w.Ask(0, promise, nil), http.StatusOK, "Votre place n’a pas été gardée", "Rejoindre à nouveau")
	w.leads(w.Ask(0, promise+"/card", url.Values{}), promise)
	w.sweeps()
	w.Shows(w.Ask(0, promise, nil), http.StatusOK, "Votre place n’a pas été gardée", "Rejoindre à nouveau", "!"+card)
	w.leads(w.Ask(0, at+"/join", form), promise) // the same form again is the same promise
	for _, path := range []string{"", "?kept=1"} {
		w.Shows(w.Ask(0, "/pledge/NOBODY"+path, nil), http.StatusNotFound)
	}
	w.Shows(w.Ask(0, "/pledge/NOBODY/card", url.Values{}), http.StatusNotFound)
	w.Shows(w.Ask(0, "/pledge/NOBODY/leave", url.Values{}), http.StatusNotFound)
	w.Audit()
}

func TestLeaving(t *testing.T) {
	w := open(t, 5)
	at := w.campaign()
	anne, bruno := w.joins(at, "anne", personal(0)), w.joins(at, "bruno", personal(1))
	for range 2 {
		rw := w.Ask(0, anne+"/leave", url.Values{})
		w.Shows(w.Ask(0, w.leads(rw, anne), nil, "Cookie", w.told(rw)), http.StatusOK, "Vous vous êtes retiré(e)", "Rejoindre à nouveau", "!Oui, me retirer")
	}
	w.Shows(w.Ask(0, at, nil), http.StatusOK, "<strong>1</strong> personne a rejoint")
	w.Clock.Set(w.view(at).Deadline)
	rw := w.Ask(0, bruno+"/leave", url.Values{})
	w.Shows(w.Ask(0, w.leads(rw, bruno), nil, "Cookie", w.told(rw)), http.StatusOK, "Il est trop tard pour vous retirer")
	w.sweeps()
	w.Shows(w.Ask(0, bruno, nil), http.StatusOK, "pas assez de monde", "Rien n’est débité", "!Oui, me retirer")
	w.Shows(w.Ask(0, anne, nil), http.StatusOK, "retiré(e)", "!Rejoindre à nouveau")
	w.Pass(31)
	w.sweeps()
	w.Shows(w.Ask(0, anne, nil), http.StatusOK, "retiré(e)", "!rue des Lilas", "!anne")
}

// While its card is charged an order is neither paid by hand nor cancelled; once it is refused, it can be, until a day that is said.
func TestTheOrderOfAPromise(t *testing.T) {
	w := open(t, 9)
	at := w.campaign()
	anne, bruno := w.joins(at, "anne", "4000000000009995"), w.joins(at, "bruno", "4000000000000341")
	w.must(w.Clock.Advance(t.Context(), 10))
	w.must(w.Pledges.Close(t.Context(), w.view(at).ID))
	w.Sandbox.Inject(stripesandbox.Fault{Method: http.MethodPost, Path: "/v1/payment_intents", Status: http.StatusServiceUnavailable, Times: 99})
	for _, id := range []int64{w.id(anne), w.id(bruno)} {
		if err := w.Pledges.Charge(t.Context(), id); err == nil {
			t.Error("charged while the provider is away")
		}
	}
	order := w.order(anne)
	w.Shows(w.Ask(0, order, nil), http.StatusOK, "Votre carte est débitée", "visa •••• 9995", `http-equiv="refresh"`, "!Payer 113,00", "!Annuler la commande", "!Plus qu’à payer")
	w.leads(w.Ask(0, order+"/pay", url.Values{}), order)
	rw := w.Ask(0, order+"/cancel", url.Values{})
	w.Shows(w.Ask(0, w.leads(rw, order), nil, "Cookie", w.told(rw)), http.StatusOK, "Votre carte est débitée", "!Commande annulée")

	w.Sandbox.ClearFaults()
	_, err := w.DB.Exec(`update pledges set tried_at = tried_at - interval '2 minutes' where tried_at is not null`)
	w.must(err)
	w.sweeps()
	w.Shows(w.Ask(0, order, nil), http.StatusOK, "Votre carte a été refusée", "le compte ou un plafond", "Payer 113,00", "jusqu’au 15", "nous essayons de nouveau", "Annuler la commande", "!réservés encore", `!http-equiv="refresh"`)
	w.Shows(w.Ask(0, anne, nil), http.StatusOK, "Votre carte a été refusée", "le compte ou un plafond", "Payer 113,00", order, "nous essayons de nouveau")
	w.Shows(w.Ask(0, bruno, nil), http.StatusOK, "sans dire pourquoi", "!nous essayons de nouveau")
	w.Shows(w.Ask(w.lea, at, nil), http.StatusOK, "En attente de paiement", "hx-get")
	pay := w.leads(w.Ask(0, order+"/pay", url.Values{}), w.URL+"/stripe/")
	w.PayAt(pay, "4242424242424242")
	w.Settle()
	w.sweeps()
	w.Shows(w.Ask(0, anne, nil), http.StatusOK, "C’est payé")
	w.Shows(w.Ask(0, order, nil), http.StatusOK, "Merci, anne", "!Votre carte a été refusée", "!Vous gardez votre prix")
	for range 4 {
		w.Pass(1)
		w.sweeps()
	}
	w.Shows(w.Ask(0, bruno, nil), http.StatusOK, "Non payée", "n’a pas été payée à temps")
	w.Shows(w.Ask(w.lea, at, nil), http.StatusOK, "Jamais payées", "!En attente de paiement")
	w.Shows(w.Ask(w.lea, "/me/together", nil), http.StatusOK, "réussie", "9,00")
	w.Audit()
}

func (w *world) id(promise string) (id int64) {
	w.T.Helper()
	w.must(w.DB.Get(&id, `select id from pledges where token = $1`, strings.TrimPrefix(promise, "/pledge/")))
	return id
}

func TestLists(t *testing.T) {
	w := open(t, 50)
	for _, path := range []string{"/me/together", "/brand/terre/together", "/admin/together"} {
		w.leads(w.Ask(0, path, nil), "/login")
	}
	w.Shows(w.Ask(w.lea, "/me/together", nil), http.StatusOK, "Pas encore de commande groupée", "Voir les produits")
	w.Shows(w.Ask(w.shop.Owner, "/brand/terre/together", nil), http.StatusOK, "Aucune commande groupée", "/brand/terre/terms")
	w.Shows(w.Ask(w.lea, "/brand/terre/together", nil), http.StatusNotFound)
	w.Shows(w.Ask(w.lea, "/admin/together", nil), http.StatusNotFound)
	at := w.campaign()
	w.joins(at, "anne", personal(0))
	w.joins(at, "bruno", personal(1))
	w.Shows(w.Ask(w.lea, "/me/together", nil), http.StatusOK, "Que vous avez ouvertes", at, "2 personnes", "ouverte")
	w.Shows(w.Ask(w.other, "/me/together", nil), http.StatusOK, "!"+at)
	// 2 pieces at 108.00
	w.Shows(w.Ask(w.shop.Owner, "/brand/terre/together", nil), http.StatusOK, "Bol terre", "Lea", "216,00", "!"+at, "!anne")
	w.Shows(w.Ask(w.admin, "/admin/together", nil), http.StatusOK, "Bol terre", at, "On s’y met ?", "216,00", "!anne")
	var id int64
	w.must(w.DB.Get(&id, `select max(id) from campaigns`))
	end := fmt.Sprintf("/brand/terre/together/%d/end", id)
	w.Shows(w.Ask(w.lea, end, url.Values{}), http.StatusNotFound)
	w.Shows(w.Ask(w.shop.Owner, "/brand/terre/together/999999/end", url.Values{}), http.StatusNotFound)
	other := w.campaign()
	w.must(w.DB.Get(&id, `select max(id) from campaigns`))
	w.leads(w.Ask(w.shop.Owner, fmt.Sprintf("/brand/terre/together/%d/end", id), url.Values{}), "/brand/terre/together")
	w.Shows(w.Ask(0, other, nil), http.StatusOK, "La marque l’a arrêtée")
	stop := "/admin" + at + "/stop"
	w.Shows(w.Ask(w.lea, stop, nil), http.StatusNotFound)
	w.Shows(w.Ask(w.lea, stop, url.Values{"reason": {"moi"}}), http.StatusNotFound)
	w.Shows(w.Ask(w.admin, stop, nil), http.StatusOK, "Bol terre", "Lea")
	w.Shows(w.Ask(w.admin, stop, url.Values{"reason": {" "}}), http.StatusUnprocessableEntity, `id="f-reason-error"`)
	rw := w.Ask(w.admin, stop, url.Values{"reason": {"annonce trompeuse"}})
	w.Shows(w.Ask(w.admin, w.leads(rw, "/admin/together"), nil, "Cookie", w.told(rw)), http.StatusOK, "est arrêtée", "annulée", "!"+stop)
	rw = w.Ask(w.admin, stop, url.Values{"reason": {"encore"}})
	w.Shows(w.Ask(w.admin, w.leads(rw, "/admin/together"), nil, "Cookie", w.told(rw)), http.StatusOK, "est terminée")
	w.leads(w.Ask(w.admin, stop, nil), "/admin/together")
	w.Shows(w.Ask(0, at, nil), http.StatusOK, "Relais l’a arrêtée", "!annonce trompeuse")
	w.sweeps()
	w.Audit()
}

// A page has so many rows, and says where the rest is.
func TestLongLists(t *testing.T) {
	w := open(t, 5)
	for i := range 31 {
		if i == 20 { // so many in a day
			w.Clock.Set(w.Clock.Now().AddDate(0, 0, 2))
		}
		at := w.campaign()
		if i%10 == 9 || i > 28 {
			continue
		}
		w.leads(w.Ask(w.lea, at+"/end", url.Values{}), at)
	}
	for who, path := range map[int64]string{w.lea: "/me/together", w.shop.Owner: "/brand/terre/together", w.admin: "/admin/together"} {
		rw := w.Ask(who, path, nil)
		w.Shows(rw, http.StatusOK, path+"?page=2")
		w.Shows(w.Ask(who, path+"?page=2", nil), http.StatusOK, "Bol terre", "!page=3")
	}
}

func TestCard(t *testing.T) {
	w := open(t, 5)
	at := w.campaign()
	for _, lang := range []string{"fr", "en", "xx", ""} {
		rw := w.Ask(0, at+"/card.jpg?lang="+lang, nil)
		if rw.Code != http.StatusOK || rw.Header().Get("Content-Type") != "image/jpeg" || rw.Body.Len() < 5000 {
			t.Errorf("%s: %d, %s, %d bytes", lang, rw.Code, rw.Header().Get("Content-Type"), rw.Body.Len())
		}
	}
}

// The addresses that open something to whoever has them stay out of searches, caches and other sites.
func TestAddressesStayPrivate(t *testing.T) {
	w := open(t, 5)
	at := w.campaign()
	promise := w.joins(at, "anne", personal(0))
	for _, path := range []string{at, at + "/join", promise} {
		h := w.Ask(0, path, nil).Header()
		if h.Get("X-Robots-Tag") != "noindex, nofollow" || h.Get("Referrer-Policy") != "same-origin" || h.Get("Cache-Control") != "private, no-store" {
			t.Errorf("%s: %v", path, h)
		}
	}
}

func TestInEnglish(t *testing.T) {
	w := open(t, 9)
	at := w.campaign()
	anne := w.joins(at, "anne", personal(0))
	en := func(who int64, path string, words ...string) {
		t.Helper()
		w.Shows(w.Ask(who, path, nil, "Accept-Language", "en"), http.StatusOK, append(words, "!Commande groupée", "!{{", "!%!")...)
	}
	en(w.lea, "/p/"+w.shop.Slug+"/together", "Open a group order", "10 days, until 12", "With 2 people", "€18.00", "A card counts once")
	en(0, at, "Ad: Lea earns a commission", "1 more person, and everybody pays €108.00", "in 10 days", "Join", "The story of Maison terre")
	en(w.lea, at, "Hand its address round", "End this group order")
	en(0, at+"/join", "Never more than", "Allow the charge of €125.00 at most", "You let us charge this card €125.00 at most")
	en(0, anne, "You are in", "Leave", "mastercard •••• 4444")
	en(w.lea, "/me/together", "That you opened", "1 person")
	en(w.shop.Owner, "/brand/terre/together", "Group orders", "Expected")
	en(w.admin, "/admin"+at+"/stop", "End a group order", "For the log")
	w.ends()
	en(0, at, "Not enough people", "1 person had joined, 2 were needed")
	en(0, anne, "Nothing is charged", "There were not enough people in the end.")
}
