package review_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"relais/internal/app/apptest"
	"relais/internal/reviews"
	"relais/internal/stripesandbox"
	"relais/internal/web/page"
	"relais/internal/web/review"
	"relais/internal/web/webtest"
)

// world is the pages over all of Relais, with two brands, an admin, a member who recommends, and another.
type world struct {
	*apptest.World
	*webtest.Visitors
	shop, other    apptest.Shop
	alma, lea, max int64
}

func open(t *testing.T) *world {
	t.Helper()
	w := &world{World: apptest.New(t)}
	w.Visitors = webtest.New(t, w.DB, page.Options{BaseURL: w.URL, Now: w.Clock.Now}, func(id int64) bool { return id == w.alma })
	review.New(review.Options{Site: w.Site, DB: w.DB, Reviews: w.Reviews, Now: w.Clock.Now}).Routes(w.Echo)
	w.shop, w.other = w.Shop("terre", 12000, 50), w.Shop("verre", 5000, 50)
	w.alma, w.lea, w.max = w.Member("alma"), w.Member("lea"), w.Member("max")
	if err := w.Members.Promote(t.Context(), 0, w.alma, true); err != nil {
		t.Fatal(err)
	}
	return w
}

// leads fails where the answer does not lead there.
func (w *world) leads(rw *httptest.ResponseRecorder, to string) {
	w.T.Helper()
	if rw.Code != http.StatusSeeOther || !strings.HasPrefix(rw.Header().Get("Location"), to) {
		w.T.Errorf("%d to %q; want to %q\n%.900s", rw.Code, rw.Header().Get("Location"), to, rw.Body)
	}
}

// doubted is the id of a review of a sale of Lea's that was paid with her own card.
func (w *world) doubted() int64 {
	w.T.Helper()
	for _, p := range []apptest.Purchase{{Variant: w.shop.Variant, Member: w.lea, Email: "lea@relais.example"}, {Variant: w.shop.Variant, Storefront: w.lea, Email: "secret@poste.example"}} {
		w.Pay(w.Order(p), stripesandbox.SecondCard)
		w.Settle()
	}
	list, err := reviews.Opened(w.T.Context(), w.DB, 0)
	if err != nil || len(list) != 1 {
		w.T.Fatalf("%+v, %v", list, err)
	}
	return list[0].ID
}

func answer(do, why string) url.Values { return url.Values{"do": {do}, "why": {why}} }

var english = []string{"Accept-Language", "en"}

func TestReviewOnPages(t *testing.T) {
	w := open(t)
	desk := "/brand/terre/reviews"
	w.Shows(w.Ask(w.shop.Owner, desk, nil), http.StatusOK, "Rien ne vous attend")
	w.Shows(w.Ask(w.alma, "/admin/reviews", nil, english...), http.StatusOK, "Nothing waits for you")
	id := w.doubted()
	mine, brand, admin := fmt.Sprintf("/me/reviews/%d", id), fmt.Sprintf("%s/%d", desk, id), fmt.Sprintf("/admin/reviews/%d", id)
	for who, at := range map[int64]string{w.max: mine, w.shop.Owner: admin, w.other.Owner: brand, w.lea: brand} {
		w.Shows(w.Ask(who, at, nil), http.StatusNotFound)
	}
	w.Shows(w.Ask(w.other.Owner, fmt.Sprintf("/brand/verre/reviews/%d", id), nil), http.StatusNotFound)
	w.leads(w.Ask(0, mine, nil), "/login")
	w.Shows(w.Ask(w.lea, mine, nil), http.StatusOK, "Quelqu’un regarde cette vente", "La carte qui a payé", "elle reste à la marque", "10,00", "!secret@", "!Envoyer le recours")
	w.Shows(w.Ask(w.lea, mine, nil, english...), http.StatusOK, "These are reasons to look, and no accusation")
	w.Shows(w.Ask(w.shop.Owner, desk, nil), http.StatusOK, "Bol terre", "Lea", "La carte qui a payé", "se termine tout seul le")
	w.Shows(w.Ask(w.shop.Owner, brand, nil), http.StatusOK, "La même carte a payé une autre commande", "Si personne ne décide", "La commission est au membre", "!secret@")
	w.Shows(w.Ask(w.alma, admin, nil, english...), http.StatusOK, "The same card has paid", "Maison terre")

	w.Shows(w.Ask(w.shop.Owner, brand, answer("no", "  ")), http.StatusUnprocessableEntity, "f-why", `value="no" checked`)
	w.Shows(w.Ask(w.shop.Owner, brand, answer("", "typed and kept")), http.StatusUnprocessableEntity, "f-do", "typed and kept")
	w.Shows(w.Ask(w.other.Owner, brand, answer("yes", "mine")), http.StatusNotFound)
	w.leads(w.Ask(w.shop.Owner, brand, answer("no", "C’est sa propre carte.")), desk)
	w.Shows(w.Ask(w.shop.Owner, brand, answer("yes", "too late")), http.StatusConflict, "déjà décidé")
	w.Shows(w.Ask(w.lea, mine, nil), http.StatusOK, "La commission a été refusée", "Décidé par Maison terre", "C’est sa propre carte.", "Faites un recours")

	w.Shows(w.Ask(w.lea, mine+"/appeal", url.Values{"text": {strings.Repeat("x", 2001)}}), http.StatusUnprocessableEntity, "trop long", "xxxx")
	w.Shows(w.Ask(w.max, mine+"/appeal", url.Values{"text": {"mine"}}), http.StatusNotFound)
	w.leads(w.Ask(w.lea, mine+"/appeal", url.Values{"text": {"Ma sœur avait ma carte."}}), mine)
	w.Shows(w.Ask(w.lea, mine+"/appeal", url.Values{"text": {"encore"}}), http.StatusConflict, "déjà fait un recours")
	w.Shows(w.Ask(w.lea, mine, nil), http.StatusOK, "La réponse vient d’ici le", "Ma sœur avait ma carte.", "!Envoyer le recours")
	w.Shows(w.Ask(w.shop.Owner, brand, nil), http.StatusOK, "Ma sœur avait ma carte.", "!Répondre au recours")
	w.Shows(w.Ask(w.shop.Owner, brand+"/appeal", answer("yes", "x")), http.StatusNotFound)
	w.Shows(w.Ask(w.alma, "/admin/reviews", nil), http.StatusOK, "Recours", "Bol terre")
	if err := w.Clock.Advance(t.Context(), 15); err != nil {
		t.Fatal(err)
	}
	w.Shows(w.Ask(w.alma, "/admin/reviews", nil), http.StatusOK, "en retard depuis")
	w.Shows(w.Ask(w.lea, mine, nil), http.StatusOK, "Relais a été relancé")
	w.Shows(w.Ask(w.alma, admin+"/appeal", answer("yes", "")), http.StatusUnprocessableEntity, "f-why", "Répondre au recours")
	w.leads(w.Ask(w.alma, admin+"/appeal", answer("yes", "C’est crédible.")), "/admin/reviews")
	w.Shows(w.Ask(w.lea, mine, nil), http.StatusOK, "Votre recours est accepté", "C’est crédible.")
	w.Shows(w.Ask(w.shop.Owner, desk, nil), http.StatusOK, "Rien ne vous attend", "recours accepté")
	w.Audit()
}

func TestClaimOnPages(t *testing.T) {
	w := open(t)
	o := w.Paid(apptest.Purchase{Variant: w.shop.Variant, Email: "secret@poste.example"})
	w.leads(w.Ask(0, "/me/claims", nil), "/login")
	w.Shows(w.Ask(w.lea, "/me/claims", nil), http.StatusOK, "Aucune vente ne vous manque", "/me/claims/new")
	w.Shows(w.Ask(w.lea, "/me/claims/new?brand=terre", nil), http.StatusOK, `value="terre" selected`, "Maison verre")
	w.Shows(w.Ask(w.lea, "/me/claims/new", nil, english...), http.StatusOK, "A sale of mine is missing")
	form := url.Values{"brand": {"terre"}, "number": {strings.ToLower(o.Number)}, "shared": {"talk"}, "text": {"Je lui en ai parlé dimanche."}}
	without := func(name string) url.Values {
		f := url.Values{}
		for k, v := range form {
			if k != name {
				f[k] = v
			}
		}
		return f
	}
	for field, shown := range map[string]string{"brand": "f-brand", "number": "f-number", "shared": "f-shared", "text": "f-text"} {
		kept := "Je lui en ai parlé dimanche."
		if field == "text" {
			kept = strings.ToLower(o.Number)
		}
		w.Shows(w.Ask(w.lea, "/me/claims", without(field)), http.StatusUnprocessableEntity, shown+"-error", kept)
	}
	rw := w.Ask(w.lea, "/me/claims", form)
	w.leads(rw, "/me/claims/")
	mine := rw.Header().Get("Location")
	number := strings.TrimPrefix(mine, "/me/claims/")
	w.Shows(w.Ask(w.lea, "/me/claims", form), http.StatusUnprocessableEntity, "déjà demandé pour cette vente")
	w.Shows(w.Ask(w.lea, mine, nil), http.StatusOK, "Réponse avant le", "Je lui en ai parlé", "!secret@", "!Bol terre")
	w.Shows(w.Ask(w.max, mine, nil), http.StatusNotFound)
	w.Shows(w.Ask(w.lea, "/me/claims", nil), http.StatusOK, o.Number, "attend une réponse")

	brand, admin := "/brand/terre/claims/"+number, "/admin/claims/"+number
	for who, at := range map[int64]string{w.lea: brand, w.shop.Owner: admin, w.other.Owner: "/brand/verre/claims/" + number} {
		w.Shows(w.Ask(who, at, nil), http.StatusNotFound)
		w.Shows(w.Ask(who, at, answer("yes", "mine")), http.StatusNotFound)
	}
	w.Shows(w.Ask(w.shop.Owner, "/brand/terre/reviews", nil), http.StatusOK, "Ventes manquantes", o.Number)
	w.Shows(w.Ask(w.shop.Owner, brand, nil), http.StatusOK, "Je lui en ai parlé", "Bol terre", "aucun dans les 90 jours", "10,00", "115,00", "personne")
	w.Shows(w.Ask(w.alma, admin, nil, english...), http.StatusOK, "What Relais knows", "nothing of theirs was weighed")
	if err := w.Clock.Advance(t.Context(), 8); err != nil {
		t.Fatal(err)
	}
	w.Shows(w.Ask(w.alma, "/admin/reviews", nil), http.StatusOK, "en retard depuis")
	w.Shows(w.Ask(w.lea, mine, nil), http.StatusOK, "Relais est prévenu")
	w.Shows(w.Ask(w.alma, admin, answer("yes", "")), http.StatusUnprocessableEntity, "f-why")
	w.leads(w.Ask(w.alma, admin, answer("yes", "Son lien était en panne ce jour-là.")), "/admin/reviews")
	w.Shows(w.Ask(w.alma, admin, answer("no", "after all")), http.StatusConflict, "déjà sa réponse")
	w.Shows(w.Ask(w.lea, mine, nil), http.StatusOK, "10,00", "sont à vous", "Réponse de Relais", "Son lien était en panne", "!secret@")
	w.Audit()
}

func TestClaimRefusedOnPages(t *testing.T) {
	w := open(t)
	w.Paid(apptest.Purchase{Variant: w.shop.Variant})
	w.Paid(apptest.Purchase{Variant: w.shop.Variant, Storefront: w.max})
	rw := w.Ask(w.lea, "/me/claims", url.Values{"brand": {"terre"}, "day": {"2026-03-02"}, "product": {"un bol"}, "shared": {"link"}, "text": {"Mon lien."}})
	w.leads(rw, "/me/claims/")
	number := strings.TrimPrefix(rw.Header().Get("Location"), "/me/claims/")
	at := "/admin/claims/" + number
	w.Shows(w.Ask(w.alma, at, nil), http.StatusOK, "De quelle vente s’agit-il", "Un autre membre a la commission", "un bol")
	w.Shows(w.Ask(w.alma, at, answer("yes", "sans choisir")), http.StatusConflict, "Choisissez la vente", "sans choisir")
	w.leads(w.Ask(w.alma, at, answer("no", "Aucun clic de votre part ce jour-là.")), "/admin/reviews")
	w.Shows(w.Ask(w.lea, "/me/claims/"+number, nil), http.StatusOK, "Aucun clic de votre part ce jour-là.", "Non accordé", "!Max")
	w.Shows(w.Ask(w.lea, "/me/claims/"+number, nil, english...), http.StatusOK, "Not granted")
	w.Audit()
}

// A doubt about purchases both ways names the buyer to nobody, and tells only the platform what the member bought where.
func TestRingOnPages(t *testing.T) {
	w := open(t)
	o := w.Paid(apptest.Purchase{Variant: w.shop.Variant, Storefront: w.lea, Member: w.max, Email: "max@relais.example"})
	var earning, id int64
	if err := w.DB.Get(&earning, `select id from earnings where order_id = $1 and role = 'commission'`, o.ID); err != nil {
		t.Fatal(err)
	}
	if err := w.DB.Get(&id, `insert into reviews (earning_id, doubts, opened_at, due_at) values ($1, '[{"reason":"ring","count":987}]', $2, $2) returning id`, earning, w.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	named, neutral := "L’acheteur et la personne", "Des achats qui vont dans les deux sens ont été comptés"
	w.Shows(w.Ask(w.lea, fmt.Sprintf("/me/reviews/%d", id), nil), http.StatusOK, neutral, "!"+named, "!987 fois", "!par l’acheteur", "!Max")
	w.Shows(w.Ask(w.shop.Owner, "/brand/terre/reviews", nil), http.StatusOK, neutral, "!"+named, "!987 fois", "!par l’acheteur")
	w.Shows(w.Ask(w.shop.Owner, fmt.Sprintf("/brand/terre/reviews/%d", id), nil), http.StatusOK, neutral, "Relais voit le compte", "!"+named, "!987 fois", "!par l’acheteur")
	w.Shows(w.Ask(w.alma, fmt.Sprintf("/admin/reviews/%d", id), nil), http.StatusOK, neutral, "acheté 987 fois par l’acheteur")
}

// Who is of the platform or of the team reads why they cannot decide about their own, with what they typed kept.
func TestOwnMoneyOnPages(t *testing.T) {
	w := open(t)
	o := w.Paid(apptest.Purchase{Variant: w.shop.Variant})
	ask := func(who int64) string {
		rw := w.Ask(who, "/me/claims", url.Values{"brand": {"terre"}, "number": {o.Number}, "shared": {"talk"}, "text": {"À moi."}})
		w.leads(rw, "/me/claims/")
		return strings.TrimPrefix(rw.Header().Get("Location"), "/me/claims/")
	}
	own := "votre propre commission"
	for who, at := range map[int64]string{w.alma: "/admin/claims/" + ask(w.alma), w.shop.Owner: "/brand/terre/claims/" + ask(w.shop.Owner)} {
		w.Shows(w.Ask(who, at, nil), http.StatusOK, own)
		w.Shows(w.Ask(who, at, answer("yes", "Je me l’accorde.")), http.StatusConflict, own, "Je me l’accorde.")
		w.Shows(w.Ask(who, at, answer("no", "Je me le refuse.")), http.StatusConflict, own)
	}
	lea := "/admin/claims/" + ask(w.lea)
	w.Shows(w.Ask(w.alma, lea, nil), http.StatusOK, "!"+own)
	if _, err := w.DB.Exec(`insert into brand_members (brand_id, member_id, role) values ($1, $2, 'staff')`, w.shop.Brand, w.lea); err != nil {
		t.Fatal(err)
	}
	w.Shows(w.Ask(w.alma, lea, nil), http.StatusOK, "fait partie de l’équipe de la marque")
	w.Shows(w.Ask(w.alma, lea, answer("yes", "Oui.")), http.StatusConflict, "fait partie de l’équipe de la marque")
	w.Audit()
}
