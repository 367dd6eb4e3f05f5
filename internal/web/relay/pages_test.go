package relay_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/clicks"
	"relais/internal/ledger"
	"relais/internal/postgres"
	"relais/internal/referrals"
	"relais/internal/storefronts"
	"relais/internal/storefronts/storefronttest"
)

func TestGuestsAreSentToLogIn(t *testing.T) {
	s := open(t)
	for _, path := range []string{"/me", "/me/links", "/me/links/abcdefgh", "/me/sales/1", "/me/storefront", "/share?product=savon"} {
		if w := s.ask("GET", path, nil, "Accept", "text/html"); w.Code != http.StatusSeeOther || !strings.HasPrefix(w.Header().Get("Location"), "/login") {
			t.Errorf("%s: %d to %s", path, w.Code, w.Header().Get("Location"))
		}
	}
}

func TestShare(t *testing.T) {
	s := open(t)
	s.shows(s.ask("GET", "/share?product=savon", nil, "member", "alice"), http.StatusOK, "Produit savon", "Faire mon lien", "2,00")
	if s.count(`select count(*) from share_links`) != 0 {
		t.Error("looking makes a link")
	}
	for _, product := range []string{strconv.FormatInt(s.soap, 10), "savon"} {
		w := s.ask("POST", "/share", url.Values{"product": {product}}, "member", "alice")
		if w.Code != http.StatusSeeOther || !strings.HasPrefix(w.Header().Get("Location"), "/share?link=") {
			t.Fatalf("%d to %s", w.Code, w.Header().Get("Location"))
		}
		page := s.ask("GET", w.Header().Get("Location"), nil, "member", "alice")
		s.shows(page, http.StatusOK, "Publicité\u00a0: Alice touche une commission.", "https://wa.me/?text=Publicit%C3%A9", "t.me/share", "facebook.com/sharer",
			"linkedin.com", "x.com/intent", "bsky.app", "mailto:", "sms:", "/qr.png", "/card.jpg?v=", `class="qr"`, "https://relais.example/r/")
	}
	if n := s.count(`select count(*) from share_links`); n != 1 || s.count(`select count(*) from listings`) != 1 {
		t.Errorf("%d links", n)
	}
	w := s.ask("POST", "/share", url.Values{"product": {"savon"}, "circle": {"Voisins"}, "channel": {"whatsapp"}}, "member", "alice")
	s.shows(s.ask("GET", w.Header().Get("Location"), nil, "member", "alice"), http.StatusOK, "Voisins", "WhatsApp")
	s.shows(s.ask("GET", w.Header().Get("Location"), nil, "member", "bruno"), http.StatusNotFound)

	s.shows(s.ask("POST", "/share", url.Values{"product": {"savon"}, "circle": {strings.Repeat("x", 81)}}, "member", "alice"),
		http.StatusUnprocessableEntity, "80 caractères", strings.Repeat("x", 81))
	s.shows(s.ask("POST", "/share", url.Values{"product": {"nothing"}}, "member", "alice"), http.StatusNotFound)
	for _, form := range []url.Values{{"storefront": {"yes"}}, {"brand": {"savonnerie"}}} {
		w = s.ask("POST", "/share", form, "member", "bruno")
		s.shows(s.ask("GET", w.Header().Get("Location"), nil, "member", "bruno", "Accept-Language", "en"), http.StatusOK, "Ad: Bruno earns a commission.", "Your link is ready")
	}
}

// Whoever shares a product whose terms offer steps of price reads what groups pay, and what it then earns.
func TestShareSaysTheStepsOfPrice(t *testing.T) {
	s := open(t)
	s.shows(s.ask("GET", "/share?product=savon", nil, "member", "alice"), http.StatusOK, "24,00", "!À plusieurs")
	s.db.MustExec(`insert into terms (brand_id, product_id, commission_bps, hold_days, window_days, valid_from, steps) values ($1, $2, 1500, 14, 30, $3, '[{"people": 5, "less_bps": 1000}]')`,
		s.brand, s.soap, s.now.AddDate(0, 0, -1))
	s.shows(s.ask("GET", "/share?product=savon", nil, "member", "alice"), http.StatusOK, "À plusieurs", "Dès 5 personnes", "21,60", "2,70")
}

func TestStorefrontPage(t *testing.T) {
	s := open(t)
	s.shows(s.ask("GET", "/me/storefront", nil, "member", "alice"), http.StatusOK, "attend son premier produit")
	for _, p := range []int64{s.soap, s.candle} {
		w := s.ask("POST", "/me/storefront/listings", url.Values{"product": {strconv.FormatInt(p, 10)}}, "member", "alice")
		if w.Code != http.StatusSeeOther {
			t.Fatalf("add: %d", w.Code)
		}
	}
	listing := "/me/storefront/listings/" + strconv.FormatInt(s.soap, 10)
	s.ask("POST", listing+"/note", url.Values{"note": {"Sent <i>bon</i>"}}, "member", "alice")
	s.ask("POST", listing+"/move", url.Values{"to": {"0"}}, "member", "alice")
	s.ask("POST", "/me/storefront", url.Values{"title": {"Chez Alice"}, "intro": {"Bonjour"}}, "member", "alice")
	w := s.ask("GET", "/me/storefront", nil, "member", "alice")
	s.shows(w, http.StatusOK, "2 produits", "Sent &lt;i&gt;bon", "Chez Alice", "2,00", "!attend son premier")
	if body := w.Body.String(); strings.Index(body, "Produit savon") > strings.Index(body, "Produit bougie") {
		t.Error("the soap is not first after it was moved")
	}
	s.shows(s.ask("POST", listing+"/note", url.Values{"note": {strings.Repeat("x", 601)}}, "member", "alice"), http.StatusUnprocessableEntity, "trop long", strings.Repeat("x", 601))
	s.shows(s.ask("POST", "/me/storefront", url.Values{"title": {strings.Repeat("y", 81)}}, "member", "alice"), http.StatusUnprocessableEntity, "trop long", strings.Repeat("y", 81))
	s.shows(s.ask("POST", listing+"/note", url.Values{"note": {"not mine"}}, "member", "bruno"), http.StatusNotFound)
	for _, path := range []string{"/me/storefront/listings/x/move", "/me/storefront/listings/999999/move"} {
		s.shows(s.ask("POST", path, url.Values{"to": {"0"}}, "member", "alice"), http.StatusNotFound)
	}
	s.shows(s.ask("POST", listing+"/move", url.Values{"to": {"up"}}, "member", "alice"), http.StatusUnprocessableEntity)
	s.shows(s.ask("POST", "/me/storefront/listings", url.Values{"product": {"x"}}, "member", "alice"), http.StatusNotFound)
	s.ask("POST", listing+"/remove", nil, "member", "alice")
	s.shows(s.ask("GET", "/me/storefront", nil, "member", "alice"), http.StatusOK, "1 produit", "!Produit savon")
	s.db.MustExec(`update products set state = 'archived'`)
	s.shows(s.ask("GET", "/me/storefront", nil, "member", "alice"), http.StatusOK, "Plus en vente")
}

func TestCover(t *testing.T) {
	s := open(t)
	front := func() storefronts.Storefront {
		f, err := storefronts.ByMember(context.Background(), s.db, s.alice)
		must(t, err)
		return f
	}
	if w := s.upload("/me/storefront/cover", "cover", photograph(t), "alice"); w.Code != http.StatusSeeOther || front().CoverHash == "" {
		t.Fatalf("%d, %+v", w.Code, front())
	}
	s.shows(s.ask("GET", "/me/storefront", nil, "member", "alice"), http.StatusOK, "/media/"+front().CoverHash)
	before := front().CoverHash
	for _, junk := range [][]byte{nil, []byte("GIF89a<script>"), []byte("%PDF-1.4")} {
		if w := s.upload("/me/storefront/cover", "cover", junk, "alice"); w.Code != http.StatusSeeOther || front().CoverHash != before || cookieOf(w, "flash") == nil {
			t.Errorf("junk: %d, %q", w.Code, front().CoverHash)
		}
	}
	if w := s.ask("POST", "/me/storefront/cover", url.Values{"remove": {"yes"}}, "member", "alice"); w.Code != http.StatusSeeOther || front().CoverHash != "" {
		t.Errorf("remove: %d", w.Code)
	}
}

// sell is a paid order of the soap by the visitor, attributed.
func (s *site) sell(visitor string) (line string) {
	s.t.Helper()
	_, id := storefronttest.OrderLine(s.t, s.db, s.soap, s.now)
	ctx := context.Background()
	must(s.t, postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		ds, err := referrals.Attribute(ctx, tx, referrals.Sale{At: s.now, Visitor: visitor, Lines: []referrals.SaleLine{{ProductID: s.soap, BrandID: s.brand, AddedAt: s.now}}})
		if err != nil {
			return err
		}
		return referrals.Save(ctx, tx, id, ds[0])
	}))
	return strconv.FormatInt(id, 10)
}

func TestLinksAndSales(t *testing.T) {
	s := open(t)
	s.shows(s.ask("GET", "/me/links", nil, "member", "alice"), http.StatusOK, "Pas encore de lien")
	s.shows(s.ask("GET", "/me", nil, "member", "alice"), http.StatusOK, "Bonjour Alice", "Choisissez un premier produit", "Pas encore de vente", "!Confirmez votre adresse")
	s.shows(s.ask("GET", "/me", nil, "member", "bruno", "Accept-Language", "en"), http.StatusOK, "Hello Bruno", "Confirm your address")

	bruno := s.link(s.bruno, referrals.Share{Target: referrals.ToProduct, ProductID: s.soap, Circle: "Cousins"})
	l := s.link(s.alice, referrals.Share{Target: referrals.ToProduct, ProductID: s.soap, Channel: "qr"})
	ctx := context.Background()
	for _, v := range []referrals.Link{bruno, l} {
		_, err := s.clicks.Record(ctx, clicks.Visit{LinkID: v.ID, Address: "192.0.2.7", UserAgent: phone, Visitor: "V1"})
		must(t, err)
	}
	line := s.sell("V1")

	s.shows(s.ask("GET", "/me/links", nil, "member", "alice"), http.StatusOK, "Produit savon", "Code QR", "!Passées près de vous", "<svg")
	s.shows(s.ask("GET", "/me/links/"+l.Code, nil, "member", "alice"), http.StatusOK, "Produit savon", "/me/sales/"+line, "https://relais.example/r/"+l.Code)
	s.shows(s.ask("GET", "/me", nil, "member", "alice"), http.StatusOK, "Produit savon", "1 commande")
	s.db.MustExec(`insert into payees (member_id) values ($1)`, s.alice)
	s.db.MustExec(`insert into earnings (payee_id, order_id, shipment_id, order_line_id, role, amount_minor, currency, base_minor, rate_bps, reason, free_at, earned_at)
		select p.id, l.order_id, l.shipment_id, l.id, 'commission', 217, 'EUR', 2000, 1000, 'awaiting_shipment', $1, $1 from payees p, order_lines l`, s.now.AddDate(0, 0, 20))
	must(t, postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		var payee int64
		if err := tx.Get(&payee, `select id from payees where member_id = $1`, s.alice); err != nil {
			return err
		}
		_, err := ledger.Post(ctx, tx, ledger.Transaction{Reference: "order:1:paid", Kind: "sale", Currency: "EUR", At: s.now, Postings: []ledger.Posting{
			{Source: ledger.Account{Kind: ledger.Stripe}, Destination: ledger.Account{Kind: ledger.Held, Owner: payee}, Amount: 217}}})
		return err
	}))
	s.shows(s.ask("GET", "/me", nil, "member", "alice"), http.StatusOK, "2,17", "Disponible à partir du 22", "Dites où vous payer", "/me/payouts")
	s.shows(s.ask("GET", "/me/links", nil, "member", "alice"), http.StatusOK, "2,17")
	s.shows(s.ask("GET", "/me/sales/"+line, nil, "member", "alice"), http.StatusOK, "Pourquoi cette vente est à vous", "Votre lien est le dernier", "1 autre membre", "10", "!guest@", "!Guest")

	s.shows(s.ask("GET", "/me/links", nil, "member", "bruno"), http.StatusOK, "Passées près de vous", "/me/sales/"+line)
	s.shows(s.ask("GET", "/me/sales/"+line, nil, "member", "bruno"), http.StatusOK, "n’est pas à vous", "Un autre lien a été ouvert après le vôtre", "!guest@", "!Alice", "!"+l.Code)
	s.shows(s.ask("GET", "/me/sales/"+line, nil, "member", "bruno", "Accept-Language", "en"), http.StatusOK, "Another link was opened after yours",
		"Without a later visit by somebody else’s link, it would have been yours.")
	s.shows(s.ask("GET", "/me/sales/"+line, nil, "member", "alice"), http.StatusOK, "toute la commission aurait été à un autre membre.")

	for _, path := range []string{"/me/sales/x", "/me/sales/999999", "/me/links/" + bruno.Code, "/me/links/nothing1"} {
		s.shows(s.ask("GET", path, nil, "member", "alice"), http.StatusNotFound)
	}
	w := s.ask("POST", "/me/links/"+l.Code+"/switch", url.Values{"on": {"no"}}, "member", "alice")
	if w.Code != http.StatusSeeOther {
		t.Errorf("switch: %d", w.Code)
	}
	s.shows(s.ask("GET", "/me/links/"+l.Code, nil, "member", "alice"), http.StatusOK, "Désactivé", "Activer ce lien")
	s.shows(s.ask("POST", "/me/links/"+l.Code+"/switch", url.Values{"on": {"yes"}}, "member", "bruno"), http.StatusNotFound)
}

// Where a brand has them share, each sees their part, the other's without a name, and what would have changed it.
func TestSharedSale(t *testing.T) {
	s := open(t)
	must(t, func() error {
		_, err := s.db.Exec(`insert into terms (brand_id, commission_bps, hold_days, window_days, valid_from, credit, split_last_bps) values ($1, 1000, 14, 30, $2, 'split', 7000)`,
			s.brand, s.now)
		return err
	}())
	for _, member := range []int64{s.bruno, s.alice} {
		l := s.link(member, referrals.Share{Target: referrals.ToProduct, ProductID: s.soap})
		_, err := s.clicks.Record(t.Context(), clicks.Visit{LinkID: l.ID, Address: "192.0.2.7", UserAgent: phone, Visitor: "V1"})
		must(t, err)
		s.now = s.now.Add(time.Hour)
	}
	line := s.sell("V1")
	s.shows(s.ask("GET", "/me/sales/"+line, nil, "member", "alice"), http.StatusOK, "Cette marque partage la commission", "70\u00a0% de la commission", "un autre membre a 30\u00a0%",
		"Sans une visite plus ancienne", "!Bruno")
	s.shows(s.ask("GET", "/me/sales/"+line, nil, "member", "bruno", "Accept-Language", "en"), http.StatusOK, "30% of the commission; another member has 70%",
		"Without a later visit by somebody else’s link, it would have been yours, all of it.", "!Alice")
	s.shows(s.ask("GET", "/me/links", nil, "member", "bruno"), http.StatusOK, "!Passées près de vous")
}

func TestCodesPage(t *testing.T) {
	s := open(t)
	s.shows(s.ask("GET", "/me/codes", nil, "member", "alice"), http.StatusOK, "Pas encore de code", "Pas encore de commande avec un code", `name="code"`)
	try := func(code, member string) *httptest.ResponseRecorder {
		return s.ask("POST", "/me/codes", url.Values{"code": {code}}, "member", member)
	}
	s.shows(try("marché", "alice"), http.StatusUnprocessableEntity, "3 à 20 lettres sans accent", `value="marché"`, `aria-invalid="true"`)
	s.shows(try("promo", "bruno"), http.StatusUnprocessableEntity, "pourrait passer pour celui de Relais", `value="promo"`)
	if w := try("marche-10", "alice"); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/me/codes" {
		t.Fatalf("made: %d, %s", w.Code, w.Body)
	}
	s.shows(try("Marche-10", "bruno"), http.StatusUnprocessableEntity, "Ce code est pris")
	s.shows(s.ask("GET", "/me/codes", nil, "member", "alice"), http.StatusOK, "MARCHE-10", "Désactiver", "!Pas encore de code<")
	s.shows(s.ask("GET", "/me/links", nil, "member", "alice"), http.StatusOK, `href="/me/codes"`)
	off := url.Values{"on": {"no"}}
	s.shows(s.ask("POST", "/me/codes/MARCHE-10/switch", off, "member", "bruno"), http.StatusNotFound)
	if w := s.ask("POST", "/me/codes/MARCHE-10/switch", off, "member", "alice"); w.Code != http.StatusSeeOther {
		t.Errorf("switched off: %d", w.Code)
	}
	s.shows(s.ask("GET", "/me/codes", nil, "member", "alice"), http.StatusOK, "Désactivé", "Activer")
	s.shows(s.ask("GET", "/me/codes", nil), http.StatusSeeOther)
}
