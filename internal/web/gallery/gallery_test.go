package gallery_test

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"relais/internal/app/apptest"
	"relais/internal/catalog"
	"relais/internal/designs/designstest"
	"relais/internal/publications"
	"relais/internal/web/gallery"
	"relais/internal/web/page"
	"relais/internal/web/studio"
	"relais/internal/web/webtest"
)

// world is a shop whose product is a base, the pages of published designs, and Léa with a design that can be made.
type world struct {
	*apptest.World
	*webtest.Visitors
	shop            apptest.Shop
	lea, tom, admin int64
	design          int64
}

func open(t *testing.T) *world {
	w := apptest.New(t)
	x := &world{World: w, shop: w.Shop("terre", 3000, 5), lea: w.Member("lea"), tom: w.Member("tom"), admin: w.Member("ada")}
	x.Visitors = webtest.New(t, w.DB, page.Options{BaseURL: "https://relais.example", Now: w.Clock.Now}, func(id int64) bool { return id == x.admin })
	gallery.New(gallery.Options{Site: x.Site, DB: w.DB, Designs: w.Designs, Publications: w.Publications, Now: w.Clock.Now, Clock: w.Clock.Now, FeeBps: 500}).Routes(x.Echo)
	studio.New(studio.Options{Site: x.Site, DB: w.DB, Designs: w.Designs, Publications: w.Publications, Now: w.Clock.Now}).Routes(x.Echo)
	ctx := t.Context()
	v, err := w.Designs.SaveBase(ctx, x.shop.Owner, x.shop.Brand, x.shop.Product, 0, designstest.Shirt())
	x.ok(err)
	x.ok(w.Designs.Publish(ctx, x.shop.Owner, x.shop.Brand, x.shop.Product, v.Revision))
	terms := catalog.FirstTerms()
	terms.RoyaltyBps, terms.MarginBps = 1500, 2000
	_, err = w.Catalog.OfferTerms(ctx, x.shop.Owner, x.shop.Brand, terms)
	x.ok(err)
	x.design, err = w.Designs.Start(ctx, x.lea, x.shop.Product, "Vagues")
	x.ok(err)
	_, err = w.Designs.Save(ctx, x.lea, x.design, 1, "Vagues", designstest.Doc(designstest.Text("Vagues")))
	x.ok(err)
	return x
}

func (w *world) ok(err error) {
	w.T.Helper()
	if err != nil {
		w.T.Fatal(err)
	}
}

// goes sends a form that is accepted, and says where it leads.
func (w *world) goes(member int64, path string, form url.Values) string {
	w.T.Helper()
	rw := w.Ask(member, path, form)
	if rw.Code != 303 {
		w.T.Fatalf("%s: %d\n%s", path, rw.Code, regexp.MustCompile(`(?s)class="error".{0,300}`).FindString(rw.Body.String()))
	}
	return rw.Header().Get("Location")
}

func (w *world) settings() string {
	return fmt.Sprintf("/brand/terre/products/%d/base/publishing", w.shop.Product)
}

func (w *world) publishing() string { return fmt.Sprintf("/designs/%d/publish", w.design) }

func (w *world) last() publications.Publication {
	w.T.Helper()
	var id int64
	w.ok(w.DB.Get(&id, `select max(id) from publications`))
	p, err := publications.ByID(w.T.Context(), w.DB, id)
	w.ok(err)
	return p
}

// listed has Léa's design asked for and accepted.
func (w *world) listed() publications.Publication {
	w.T.Helper()
	w.goes(w.shop.Owner, w.settings(), url.Values{"offered": {"yes"}, "review": {"yes"}, "stock": {"9"}})
	w.goes(w.lea, w.publishing(), url.Values{"do": {"publish"}, "revision": {"2"}, "title": {"Vagues"}, "royalty": {"10"}, "vary": {"yes"}, "resell": {"yes"}, "rights": {"yes"}})
	w.goes(w.shop.Owner, w.last().Desk()+"/accept", url.Values{"revision": {"2"}})
	return w.last()
}

// A brand opens publishing; an author asks, with what is wrong said where it is and what was typed kept; the example follows the share.
func TestPublishing(t *testing.T) {
	w := open(t)
	base := strings.TrimSuffix(w.settings(), "/publishing")
	w.Shows(w.Ask(w.lea, w.publishing(), nil), 200, "ne publie pas de créations")
	w.Shows(w.Ask(w.lea, w.settings(), url.Values{"offered": {"yes"}}), 404)
	w.Shows(w.Ask(w.shop.Owner, w.settings(), url.Values{"offered": {"yes"}, "stock": {"0"}}), 422, "De 1 à 10")
	w.goes(w.shop.Owner, w.settings(), url.Values{"offered": {"yes"}, "review": {"yes"}, "stock": {"9"}})
	w.Shows(w.Ask(w.shop.Owner, base, nil), 200, "jusqu’à 15", `value="9"`)
	w.Shows(w.Ask(w.tom, w.publishing(), nil), 404)
	w.Shows(w.Ask(0, w.publishing(), nil), 303)
	// 35.00 with VAT, 29.16 without: 10 % of it are 2.91, and half of the margin allowed is 3.50.
	w.Shows(w.Ask(w.lea, w.publishing(), nil), 200, "2,91", "3,50", "38,50", "Maison terre", "de 0 à 15")
	look := url.Values{"do": {"look"}, "revision": {"2"}, "title": {"Vagues d’été"}, "royalty": {"15"}}
	w.Shows(w.Ask(w.lea, w.publishing(), look), 200, "4,37", "Vagues d’été")
	w.Shows(w.Ask(w.lea, w.publishing(), look, "HX-Request", "true"), 200, "4,37", `id="example"`, "!<html")
	wrong := url.Values{"do": {"publish"}, "revision": {"2"}, "title": {""}, "note": {"Dessiné à la plage"}, "royalty": {"16"}}
	w.Shows(w.Ask(w.lea, w.publishing(), wrong), 422, "De 0 à 15", "Déclarez que c’est votre œuvre", "Dessiné à la plage", `value="16"`)
	w.listed()
	w.Shows(w.Ask(w.lea, "/me/publications", nil), 200, "Vagues", "En vente", "Nouvelle version")
	w.Shows(w.Ask(w.tom, "/me/publications", nil), 200, "!Vagues", "Rien de publié")
	p := w.last()
	w.Shows(w.Ask(w.shop.Owner, "/brand/terre/publications?show=all", nil), 200, "Vagues", "Lea", "10")
	for who, status := range map[int64]int{w.lea: 200, w.shop.Owner: 200, w.admin: 200, w.tom: 404} {
		if rw := w.Ask(who, p.Picture(2), nil); rw.Code != status {
			t.Errorf("%d has the picture: %d", who, rw.Code)
		}
	}
}

// The team sees what is asked with its picture and what it would leave them, refuses with a reason, accepts a new version; nobody else is there.
func TestTheDesk(t *testing.T) {
	w := open(t)
	w.goes(w.shop.Owner, w.settings(), url.Values{"offered": {"yes"}, "review": {"yes"}, "stock": {"9"}})
	ask := url.Values{"do": {"publish"}, "revision": {"2"}, "title": {"Vagues"}, "royalty": {"10"}, "resell": {"yes"}, "rights": {"yes"}}
	w.goes(w.lea, w.publishing(), ask)
	p := w.last()
	w.Shows(w.Ask(w.shop.Owner, "/brand/terre/publications", nil), 200, "Vagues", "Attend la marque")
	w.Shows(w.Ask(w.shop.Owner, p.Desk(), nil), 200, "Vagues", "2,91", "Mettre en vente", p.Picture(2)[:len(p.Picture(2))-4])
	w.Shows(w.Ask(w.tom, p.Desk(), nil), 404)
	w.Shows(w.Ask(w.shop.Owner, p.Desk()+"/refuse", url.Values{"revision": {"2"}, "why": {" "}}), 422, "form-errors")
	w.goes(w.shop.Owner, p.Desk()+"/refuse", url.Values{"revision": {"2"}, "why": {"Trop proche de notre logo."}})
	w.Shows(w.Ask(w.lea, "/me/publications", nil), 200, "Refusée", "Trop proche de notre logo.", "Proposer à nouveau", w.publishing(), `href="`+strings.TrimSuffix(w.publishing(), "/publish")+`"`)
	w.pictures("/brand/terre/publications?show=all", 0)
	w.goes(w.lea, w.publishing(), ask)
	p = w.last()
	w.Shows(w.Ask(w.lea, "/me/publications", nil), 200, "Refusée", "!Proposer à nouveau")
	w.pictures("/brand/terre/publications?show=all", 1)
	w.goes(w.shop.Owner, p.Desk()+"/accept", url.Values{"revision": {"1"}}) // says that another version is asked for
	if w.last().State != publications.Asked {
		t.Error("a version that the page did not show was accepted")
	}
	w.goes(w.shop.Owner, p.Desk()+"/accept", url.Values{"revision": {"2"}})
	_, err := w.Designs.Save(t.Context(), w.lea, w.design, 2, "Vagues", designstest.Doc(designstest.Text("Tempête")))
	w.ok(err)
	w.Shows(w.Ask(w.lea, w.publishing(), nil), 200, "Publier la nouvelle version", "!f-royalty")
	w.goes(w.lea, w.publishing(), url.Values{"do": {"publish"}, "revision": {"3"}, "rights": {"yes"}})
	w.Shows(w.Ask(w.shop.Owner, "/brand/terre/publications", nil), 200, "Nouvelle version proposée")
	back := fmt.Sprintf("/me/publications/%d/take-back", p.ID)
	w.Shows(w.Ask(w.tom, back, url.Values{}), 404)
	w.Shows(w.Ask(w.lea, "/me/publications", nil), 200, back)
	w.goes(w.lea, back, url.Values{})
	w.goes(w.lea, back, url.Values{}) // again: says that none waits
	w.Shows(w.Ask(w.lea, "/me/publications", nil), 200, "En vente", "!"+back)
	w.goes(w.shop.Owner, p.Desk()+"/accept", url.Values{"revision": {"3"}}) // says that none waits
	if now := w.last(); now.State != publications.Listed || now.Revision != 2 || now.Next != nil {
		t.Errorf("taken back: %+v", now)
	}
	w.Shows(w.Ask(w.shop.Owner, p.Desk(), nil), 200, "Nouvelle version reprise par l’auteur", "38,50") // 35.00, and half of the margin that the terms allow
	_, err = w.DB.Exec(`update variants set price_minor = 5500 where product_id = $1`, *w.last().ProductID)
	w.ok(err)
	w.Shows(w.Ask(w.shop.Owner, p.Desk(), nil), 200, "60,50", "!38,50") // at the price of the product, not of its base
	w.goes(w.lea, w.publishing(), url.Values{"do": {"publish"}, "revision": {"3"}, "rights": {"yes"}})
	w.goes(w.shop.Owner, p.Desk()+"/accept", url.Values{"revision": {"3"}})
	w.goes(w.lea, fmt.Sprintf("/me/publications/%d/leave", p.ID), url.Values{})
	w.Shows(w.Ask(w.lea, "/me/publications", nil), 200, "Retirée", "!Retirer de la vente")
}

// pictures says that a page of the brand's has so many pictures of designs, and each can be seen.
func (w *world) pictures(target string, want int) {
	w.T.Helper()
	found := regexp.MustCompile(`src="(/publications/[^"]+)"`).FindAllStringSubmatch(w.Ask(w.shop.Owner, target, nil).Body.String(), -1)
	if len(found) != want {
		w.T.Errorf("%d pictures, want %d", len(found), want)
	}
	for _, m := range found {
		w.Shows(w.Ask(w.shop.Owner, m[1], nil), 200)
	}
}

// A member begins a variation; a guest is asked to log in; what is not allowed leads back.
func TestVarying(t *testing.T) {
	w := open(t)
	p := w.listed()
	at := "/p/" + p.Slug + "/vary"
	w.Shows(w.Ask(0, at+"?from=tom", nil), 200, "/login?next=", "Lea")
	w.Shows(w.Ask(w.tom, at+"?from=tom", nil), 200, "Vagues, ma version", "10")
	w.Shows(w.Ask(w.tom, at, url.Values{"title": {" "}}), 422, "form-errors")
	design := w.goes(w.tom, at+"?from=lea", url.Values{"title": {"Vagues de nuit"}})
	if !strings.HasSuffix(design, "?from=lea") {
		t.Errorf("it leads to %s", design)
	}
	w.Shows(w.Ask(w.tom, strings.TrimSuffix(design, "?from=lea")+"/publish", nil), 200, "Ce que votre déclinaison doit déjà", "de Lea", "de 0 à 5 %")
	w.Shows(w.Ask(w.lea, strings.TrimSuffix(design, "?from=lea"), nil), 404)
	if to := w.goes(w.tom, "/p/"+w.shop.Slug+"/vary", url.Values{"title": {"x"}}); to != "/p/"+w.shop.Slug {
		t.Errorf("it leads to %s", to)
	}
}

// A visitor reports with an address, a member without; the platform decides, and all are told.
func TestReports(t *testing.T) {
	w := open(t)
	p := w.listed()
	at := "/p/" + p.Slug + "/report"
	said := func(more ...string) url.Values {
		f := url.Values{"reason": {"copied"}, "text": {"C’est mon dessin de 2019."}}
		for i := 0; i+1 < len(more); i += 2 {
			f.Set(more[i], more[i+1])
		}
		return f
	}
	w.Shows(w.Ask(0, at, nil), 200, "Vagues", "f-email")
	w.Shows(w.Ask(w.tom, at, nil), 200, "!f-email")
	w.Shows(w.Ask(0, at, said("email", "nobody", "text", " ")), 422, "adresse e-mail", "form-errors")
	w.goes(0, at, said("email", "autrice@poste.example"))
	w.goes(0, at, said("email", "autrice@poste.example")) // again: no word of that address
	w.goes(w.tom, at, said())
	w.Shows(w.Ask(w.lea, at, said()), 409)
	w.Shows(w.Ask(w.tom, "/admin/publications", nil), 404)
	w.Shows(w.Ask(w.admin, "/admin/publications", nil), 200, "C’est mon dessin de 2019.", "Vagues", "Œuvre copiée")
	decide := fmt.Sprintf("/admin/publications/publication/%d", p.ID)
	w.Shows(w.Ask(w.admin, decide, url.Values{"do": {"hide"}}), 422, "form-errors")
	w.goes(w.admin, decide, url.Values{"do": {"hide"}, "why": {"C’est une copie."}})
	if now := w.last(); now.State != publications.TakenDown || now.ProductState != catalog.Archived {
		t.Errorf("%+v", now)
	}
	var told int
	w.ok(w.DB.Get(&told, `select count(*) from notices where kind in ('publication','brand_design') and (member_id, event) in (($1, 'taken_down'), ($2, 'taken_down'), ($3, 'report_hidden'))`, w.lea, w.shop.Owner, w.tom))
	var letters int
	w.ok(w.DB.Get(&letters, `select count(*) from letters where template = 'publication_decided' and recipient = 'autrice@poste.example'`))
	if told != 3 || letters != 1 {
		t.Errorf("%d notices, %d letters", told, letters)
	}
	w.Shows(w.Ask(w.lea, w.publishing(), nil), 200, "a été retirée par Relais")
	w.Shows(w.Ask(w.lea, "/me/publications", nil), 200, "Retirée par Relais", "C’est une copie.")
	w.Shows(w.Ask(w.admin, "/admin/publications", nil), 200, "C’est une copie.", "Œuvre copiée")
	w.Audit()
}
