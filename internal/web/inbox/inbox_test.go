package inbox_test

import (
	"bytes"
	"image"
	"image/jpeg"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"relais/internal/app/apptest"
	"relais/internal/catalog"
	"relais/internal/orders"
	"relais/internal/support"
	"relais/internal/web/aftersale"
	"relais/internal/web/inbox"
	"relais/internal/web/page"
	"relais/internal/web/webtest"
)

// world is the pages over all of Relais, with an order of two brands of which one has a colleague.
type world struct {
	*apptest.World
	*webtest.Visitors
	shop, other      apptest.Shop
	colleague, admin int64
	stranger         int64
	order            orders.Page
	buyer, brand     string // addresses of the conversation with the shop
}

func open(t *testing.T) *world {
	t.Helper()
	w := &world{World: apptest.New(t)}
	w.shop, w.other = w.Shop("terre", 12000, 50), w.Shop("verre", 5000, 50)
	w.colleague, w.admin, w.stranger = w.Member("colette"), w.Member("adele"), w.Member("simon")
	w.Visitors = webtest.New(t, w.DB, page.Options{BaseURL: w.URL, Now: w.Clock.Now, Uploads: inbox.Uploads()}, func(id int64) bool { return id == w.admin })
	after := aftersale.New(aftersale.Options{Site: w.Site, DB: w.DB, Orders: w.Orders, Returns: w.Returns, Disputes: w.Disputes, Now: w.Clock.Now})
	inbox.New(inbox.Options{Site: w.Site, DB: w.DB, Orders: w.Orders, Support: w.Support, Aftersale: after, Media: w.Media, Now: w.Clock.Now}).Routes(w.Echo)
	if err := w.Catalog.SetTeam(t.Context(), w.shop.Owner, w.shop.Brand, w.colleague, catalog.Staff); err != nil {
		t.Fatal(err)
	}
	w.order = w.Paid(apptest.Purchase{Variant: w.shop.Variant}, apptest.Purchase{Variant: w.other.Variant})
	w.buyer, w.brand = "/o/"+w.order.Token+"/talk/terre", "/brand/terre/inbox/"+w.order.Number
	return w
}

func (w *world) leads(rw *httptest.ResponseRecorder, to string) {
	w.T.Helper()
	if rw.Code != http.StatusSeeOther || !strings.HasPrefix(rw.Header().Get("Location"), to) {
		w.T.Errorf("%d to %q; want to %q\n%.900s", rw.Code, rw.Header().Get("Location"), to, rw.Body)
	}
}

// sends posts a form with files.
func (w *world) sends(member int64, path string, fields map[string]string, photos ...[]byte) *httptest.ResponseRecorder {
	w.T.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	for name, value := range fields {
		if err := m.WriteField(name, value); err != nil {
			w.T.Fatal(err)
		}
	}
	for _, p := range photos {
		f, err := m.CreateFormFile("photos", "a.jpg")
		if err == nil {
			_, err = f.Write(p)
		}
		if err != nil {
			w.T.Fatal(err)
		}
	}
	if err := m.Close(); err != nil {
		w.T.Fatal(err)
	}
	r := httptest.NewRequestWithContext(w.T.Context(), http.MethodPost, path, &body)
	r.Header.Set("Content-Type", m.FormDataContentType())
	return w.Send(member, r)
}

func picture(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewRGBA(image.Rect(0, 0, 60, 40)), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var (
	photo   = regexp.MustCompile(`/photos/([0-9a-f]{40}-320\.jpg)`)
	seen    = regexp.MustCompile(`name="seen" value="(\d+)"`)
	english = []string{"Accept-Language", "en"}
)

func find(t *testing.T, re *regexp.Regexp, rw *httptest.ResponseRecorder) string {
	t.Helper()
	m := re.FindStringSubmatch(rw.Body.String())
	if m == nil {
		t.Fatalf("no %s in\n%.3000s", re, rw.Body)
	}
	return m[1]
}

// Who reads and writes: the buyer by the order's address, the brand's team, and nobody else.
func TestWhoMayWhat(t *testing.T) {
	w := open(t)
	w.leads(w.sends(0, w.buyer, map[string]string{"body": "Il est ébréché."}, picture(t)), w.buyer)
	w.leads(w.sends(w.shop.Owner, w.brand, map[string]string{"body": "C’est Paul qui emballe.", "do": "note", "seen": "99"}, picture(t)), w.brand)
	file := find(t, photo, w.Ask(0, w.buyer, nil))
	second := w.Paid(apptest.Purchase{Variant: w.shop.Variant})
	team := map[string]bool{"owner": true, "colleague": true}
	for path, may := range map[string]map[string]bool{
		w.buyer:                     {"buyer": true, "other buyer": true, "owner": true, "colleague": true, "other brand": true, "admin": true, "guest": true}, // the address is the key
		w.buyer + "/photos/" + file: {"buyer": true, "other buyer": true, "owner": true, "colleague": true, "other brand": true, "admin": true, "guest": true},
		"/o/" + second.Token + "/talk/terre/photos/" + file:  {},
		"/o/" + w.order.Token + "/talk/verre/photos/" + file: {},
		"/o/" + strings.Repeat("x", 26) + "/talk/terre":      {},
		w.brand:                       team,
		w.brand + "/photos/" + file:   team,
		"/brand/terre/inbox":          team,
		"/brand/terre/inbox/settings": team,
		"/brand/verre/inbox/" + w.order.Number + "/photos/" + file: {},
	} {
		for who, id := range map[string]int64{"buyer": 0, "guest": 0, "other buyer": w.stranger, "owner": w.shop.Owner, "colleague": w.colleague, "other brand": w.other.Owner, "admin": w.admin} {
			want := http.StatusNotFound
			switch {
			case may[who]:
				want = http.StatusOK
			case id == 0 && strings.HasPrefix(path, "/brand/"):
				want = http.StatusSeeOther // to the log-in
			}
			if rw := w.Ask(id, path, nil, "Accept", "text/html"); rw.Code != want {
				t.Errorf("%s at %s: %d; want %d", who, path, rw.Code, want)
			}
		}
	}
	w.Shows(w.Ask(0, w.buyer, nil), http.StatusOK, "ébréché", "!Paul")
	w.Shows(w.Ask(w.colleague, w.brand, nil), http.StatusOK, "ébréché", "Paul", "Note de Terre-owner")
	w.Shows(w.Ask(w.other.Owner, "/brand/verre/inbox/"+w.order.Number, nil), http.StatusOK, "!ébréché", "!Paul")
	for _, path := range []string{"", "/solve", "/assign", "/tags"} {
		for _, id := range []int64{w.stranger, w.admin, w.other.Owner} {
			w.Shows(w.Ask(id, w.brand+path, url.Values{"body": {"x"}}), http.StatusNotFound)
		}
	}
	for _, path := range []string{"/hours", "/tags", "/replies", "/replies/1", "/replies/1/remove", "/tags/1/remove"} {
		w.Shows(w.Ask(w.other.Owner, "/brand/terre/inbox"+path, url.Values{"tag": {"x"}}), http.StatusNotFound)
	}
}

func TestTheBuyersSide(t *testing.T) {
	w := open(t)
	w.Shows(w.Ask(0, w.buyer, nil), http.StatusOK, "Pas encore de message", "Vise une réponse en 24 heures ouvrées", "en préparation", "!Réglée", "!C’est réglé")
	w.Shows(w.Ask(0, w.buyer, nil, english...), http.StatusOK, "Means to answer within 24 business hours")
	w.Shows(w.sends(0, w.buyer, map[string]string{"body": " "}), http.StatusUnprocessableEntity, "À remplir")
	w.Shows(w.sends(0, w.buyer, map[string]string{"body": "Bonjour"}, []byte("MZ")), http.StatusUnprocessableEntity, ">Bonjour</textarea>", "à choisir de nouveau")
	w.Shows(w.sends(0, w.buyer, map[string]string{"body": strings.Repeat("é", support.MaxMessage+1)}), http.StatusUnprocessableEntity, "trop long")
	w.leads(w.sends(0, w.buyer, map[string]string{"body": "Il est <b>ébréché</b>."}), w.buyer)
	w.Shows(w.Ask(0, w.buyer, nil), http.StatusOK, "&lt;b&gt;ébréché", "Réponse attendue au plus tard le", "Attend la marque")
	w.leads(w.Ask(0, w.buyer+"/pleased", url.Values{"pleased": {"yes"}}), w.buyer) // not asked yet: said on the page, and nothing is kept
	w.Shows(w.Ask(0, w.buyer, nil), http.StatusOK, "!est noté")
	w.leads(w.Ask(0, w.buyer+"/solve", url.Values{}), w.buyer)
	w.Shows(w.Ask(0, w.buyer+"/pleased", url.Values{"words": {"Très bien"}}), http.StatusUnprocessableEntity, "À remplir", "Très bien")
	w.leads(w.Ask(0, w.buyer+"/pleased", url.Values{"pleased": {"yes"}, "words": {"Très bien"}}), w.buyer)
	w.Shows(w.Ask(0, w.buyer, nil), http.StatusOK, "est noté", "!name=\"pleased\"")
	w.Shows(w.Ask(w.shop.Owner, w.brand, nil), http.StatusOK, "L’acheteur est satisfait", "Très bien")
	for range support.MaxMessagesADay - 1 {
		w.leads(w.sends(0, w.buyer, map[string]string{"body": "Bonjour"}), w.buyer)
	}
	w.Shows(w.sends(0, w.buyer, map[string]string{"body": "Encore"}), http.StatusTooManyRequests, "beaucoup écrit", ">Encore</textarea>")
}

func TestTheBrandsSide(t *testing.T) {
	w := open(t)
	owner, list := w.shop.Owner, "/brand/terre/inbox"
	w.Shows(w.Ask(owner, list, nil), http.StatusOK, "Aucune conversation pour l’instant")
	w.Shows(w.Ask(owner, w.brand+"/assign", url.Values{"member": {"1"}}), http.StatusNotFound)
	w.leads(w.sends(0, w.buyer, map[string]string{"body": "Où est mon bol ?"}), w.buyer)
	w.Shows(w.Ask(owner, list, nil), http.StatusOK, "Où est mon bol", w.order.Number, "Attend la marque", "réponse attendue")
	w.Shows(w.Ask(owner, list+"?show=overdue", nil), http.StatusOK, "!Où est mon bol", "Rien ici")
	if err := w.Clock.Advance(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	w.Shows(w.Ask(owner, list+"?show=overdue", nil), http.StatusOK, "Où est mon bol", "En retard")
	w.Shows(w.Ask(owner, list+"?q=bols", nil), http.StatusOK, "Où est mon bol")
	w.Shows(w.Ask(owner, list+"?q=assiette", nil), http.StatusOK, "Rien de tel")

	w.leads(w.Ask(owner, list+"/replies", url.Values{"title": {"Parti"}, "text": {"Bonjour {prénom}, la commande {commande} est partie."}}), list)
	w.Shows(w.Ask(owner, list+"/replies", url.Values{"title": {"parti"}, "text": {"Gardé"}}), http.StatusUnprocessableEntity, "existe déjà", ">Gardé</textarea>")
	w.leads(w.Ask(owner, list+"/tags", url.Values{"tag": {"Colis"}}), list)
	w.Shows(w.Ask(owner, list+"/tags", url.Values{"tag": {" "}}), http.StatusUnprocessableEntity, "À remplir")
	w.Shows(w.Ask(owner, list+"/hours", url.Values{"hours": {"999"}}), http.StatusUnprocessableEntity, "De 1 à 120 heures", `value="999"`)
	w.leads(w.Ask(owner, list+"/hours", url.Values{"hours": {"8"}}), list)

	conversation := w.Ask(owner, w.brand, nil)
	w.Shows(conversation, http.StatusOK, "Où est mon bol", "Parti", "Colis", "/brand/terre/orders/"+w.order.Number+"/refund", "en préparation")
	canned := w.Ask(owner, w.brand+find(t, regexp.MustCompile(`(\?reply=\d+)`), conversation), nil)
	w.Shows(canned, http.StatusOK, "la commande "+w.order.Number+" est partie.</textarea>", "!{prénom}")
	w.leads(w.Ask(owner, w.brand+"/tags", url.Values{"tag": {find(t, regexp.MustCompile(`name="tag" value="(\d+)"`), conversation)}}), w.brand)
	w.leads(w.Ask(owner, w.brand+"/assign", url.Values{"member": {"0"}}), w.brand)
	w.Shows(w.Ask(owner, w.brand+"/assign", url.Values{"member": {"999999"}}), http.StatusUnprocessableEntity, "pas de l’équipe")
	w.Shows(w.Ask(owner, list+"?show=unassigned", nil), http.StatusOK, "Où est mon bol", "Colis")

	w.leads(w.sends(owner, w.brand, map[string]string{"body": "Il part demain.", "do": "send", "seen": find(t, seen, conversation)}), w.brand)
	w.Shows(w.Ask(0, w.buyer, nil), http.StatusOK, "Il part demain.", "Maison terre", "!Terre-owner")
	w.leads(w.Ask(owner, w.brand+"/solve", url.Values{}), w.brand)
	w.Shows(w.Ask(owner, list+"?show=solved", nil), http.StatusOK, w.order.Number)
	w.Shows(w.Ask(owner, list+"?show=solved", nil, english...), http.StatusOK, "Inbox", "Solved")
}

// A colleague who answers what was answered sees that, keeps what they typed, and can send it all the same.
func TestSomebodyHasWrittenSince(t *testing.T) {
	w := open(t)
	w.leads(w.sends(0, w.buyer, map[string]string{"body": "Bonjour ?"}), w.buyer)
	old := find(t, seen, w.Ask(w.colleague, w.brand, nil))
	w.leads(w.sends(w.shop.Owner, w.brand, map[string]string{"body": "Le premier mot.", "seen": old}), w.brand)
	late := w.sends(w.colleague, w.brand, map[string]string{"body": "Le second mot.", "seen": old})
	w.Shows(late, http.StatusConflict, "Quelqu’un a écrit entre-temps", "Le premier mot.", ">Le second mot.</textarea>")
	w.Shows(w.Ask(0, w.buyer, nil), http.StatusOK, "!Le second mot.")
	w.leads(w.sends(w.colleague, w.brand, map[string]string{"body": "Le second mot.", "seen": find(t, seen, late)}), w.brand)
	w.Shows(w.Ask(0, w.buyer, nil), http.StatusOK, "Le second mot.")
}

// What comes by mail says so on both pages, with the names of the files that were not kept.
func TestMailOnThePage(t *testing.T) {
	w := open(t)
	w.Support.Domain = "in.example"
	w.leads(w.sends(0, w.buyer, map[string]string{"body": "Bonjour"}), w.buyer)
	c, err := support.Of(t.Context(), w.DB, w.order.ID, w.shop.Brand)
	if err != nil {
		t.Fatal(err)
	}
	raw := "From: terre@marque.example\r\nTo: reply+" + c.BrandKey + "@in.example\r\nMessage-ID: <1@x.y>\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: text/plain\r\n\r\nIl part <b>demain</b>.\r\n" +
		"--m\r\nContent-Type: application/pdf; name=\"bon.pdf\"\r\n\r\n%PDF\r\n--m--"
	if err := w.Support.Receive(t.Context(), []byte(raw)); err != nil {
		t.Fatal(err)
	}
	w.Shows(w.Ask(0, w.buyer, nil), http.StatusOK, "part &lt;b&gt;demain", "par mail", "bon.pdf", "Maison terre", "Attend l’acheteur")
	w.Shows(w.Ask(w.colleague, w.brand, nil, english...), http.StatusOK, "part &lt;b&gt;demain", "by mail", "Not kept: bon.pdf")
}

// Mail from an address that is not known waits on the page of its own side, and shows nowhere else until that side says that it is theirs.
func TestHeldMailOnThePage(t *testing.T) {
	w := open(t)
	w.Support.Domain = "in.example"
	w.leads(w.sends(0, w.buyer, map[string]string{"body": "Bonjour"}), w.buyer)
	c, err := support.Of(t.Context(), w.DB, w.order.ID, w.shop.Brand)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"1", "2"} {
		raw := "From: nobody@evil.example\r\nTo: reply+" + c.BrandKey + "@in.example\r\nMessage-ID: <" + id + "@x.y>\r\n\r\nVirez " + id + " sur ce compte"
		if err := w.Support.Receive(t.Context(), []byte(raw)); err != nil {
			t.Fatal(err)
		}
	}
	w.Shows(w.Ask(0, w.buyer, nil), http.StatusOK, "!Virez", "!evil.example")
	shown := w.Ask(w.colleague, w.brand, nil)
	w.Shows(shown, http.StatusOK, "Ce mail est-il de vous", "nobody@evil.example", "Virez 1 sur ce compte")
	w.Shows(w.Ask(w.colleague, w.brand, nil, english...), http.StatusOK, "Is this mail yours?")
	path := "/held/" + find(t, regexp.MustCompile(`/held/(\d+)"`), shown)
	w.Shows(w.Ask(0, w.buyer+path, url.Values{"do": {"send"}}), http.StatusNotFound)
	w.Shows(w.Ask(w.other.Owner, w.brand+path, url.Values{"do": {"send"}}), http.StatusNotFound)
	w.leads(w.Ask(w.colleague, w.brand+path, url.Values{"do": {"discard"}}), w.brand)
	shown = w.Ask(w.colleague, w.brand, nil)
	w.Shows(shown, http.StatusOK, "!Virez 1", "Virez 2")
	path = "/held/" + find(t, regexp.MustCompile(`/held/(\d+)"`), shown)
	w.leads(w.Ask(w.colleague, w.brand+path, url.Values{"do": {"send"}, "know": {"yes"}}), w.brand)
	w.Shows(w.Ask(0, w.buyer, nil), http.StatusOK, "Virez 2", "!evil.example")
	w.Shows(w.Ask(w.colleague, w.brand, nil), http.StatusOK, "nobody@evil.example", "!Ce mail est-il de vous")
	settings := "/brand/terre/inbox/settings"
	w.Shows(w.Ask(w.colleague, settings, nil), http.StatusOK, "nobody@evil.example")
	w.Shows(w.Ask(w.colleague, "/brand/terre/inbox/senders", url.Values{"sender": {"aide"}}), http.StatusUnprocessableEntity, "ressemble pas", `value="aide"`)
	w.leads(w.Ask(w.colleague, "/brand/terre/inbox/senders/remove", url.Values{"address": {"nobody@evil.example"}}), "/brand/terre/inbox")
	w.Shows(w.Ask(w.colleague, settings, nil), http.StatusOK, "!nobody@evil.example")
}

// A note is of the team alone: the buyer reads of no conversation, and has nothing to call solved.
func TestANoteIsNoConversationOfTheBuyers(t *testing.T) {
	w := open(t)
	w.leads(w.sends(w.shop.Owner, w.brand, map[string]string{"body": "Emballer doublement.", "do": "note", "seen": "0"}), w.brand)
	w.Shows(w.Ask(0, w.buyer, nil), http.StatusOK, "Pas encore de message", "!Attend la marque", "!C’est réglé", "!seulement")
	w.Shows(w.Ask(0, w.buyer+"/solve", url.Values{}), http.StatusNotFound)
	w.Shows(w.Ask(w.shop.Owner, w.brand, nil), http.StatusOK, "Emballer doublement.", "Des notes seulement", "!C’est réglé")
	w.Shows(w.Ask(w.shop.Owner, "/brand/terre/inbox", nil), http.StatusOK, "!"+w.order.Number)
}

// Either side reports the other to the platform, which reads the conversation until it has decided.
func TestReportedMessages(t *testing.T) {
	w := open(t)
	w.leads(w.sends(0, w.buyer, map[string]string{"body": "Des injures"}, picture(t)), w.buyer)
	link := regexp.MustCompile(`(/report/\d+)"`)
	shown := w.Ask(w.shop.Owner, w.brand, nil)
	path, file := w.brand+find(t, link, shown), find(t, photo, shown)
	w.Shows(w.Ask(0, w.buyer, nil), http.StatusOK, "!/report/")
	w.Shows(w.Ask(w.shop.Owner, path, nil), http.StatusOK, "Des injures", "Injurieux")
	w.Shows(w.Ask(w.other.Owner, path, nil), http.StatusNotFound)
	w.Shows(w.Ask(0, w.buyer+find(t, link, shown), nil), http.StatusNotFound) // their own words
	w.Shows(w.Ask(w.shop.Owner, path, url.Values{"text": {"Lisez"}}), http.StatusUnprocessableEntity, "À remplir", ">Lisez</textarea>")
	w.Shows(w.Ask(w.admin, "/admin/talks", nil), http.StatusOK, "!Des injures")
	w.leads(w.Ask(w.shop.Owner, path, url.Values{"reason": {"insult"}, "text": {"Lisez"}}), w.brand)
	w.Shows(w.Ask(w.shop.Owner, w.brand, nil), http.StatusOK, "une personne va regarder")
	w.Shows(w.Ask(w.shop.Owner, "/admin/talks", nil), http.StatusNotFound)
	queue := w.Ask(w.admin, "/admin/talks", nil)
	w.Shows(queue, http.StatusOK, "Des injures", "Lisez", "signalé par la marque")
	decide := "/admin/talks/" + find(t, regexp.MustCompile(`action="/admin/talks/(\d+)`), queue)
	w.Shows(w.Ask(w.admin, decide+"/photos/"+file, nil), http.StatusOK)
	w.Shows(w.Ask(w.admin, w.brand+"/photos/"+file, nil), http.StatusNotFound)
	w.Shows(w.Ask(w.admin, decide, url.Values{"why": {"Injurieux"}}), http.StatusUnprocessableEntity, "À remplir", ">Injurieux</textarea>")
	w.leads(w.Ask(w.admin, decide, url.Values{"do": {"hide"}, "why": {"Contraire à nos règles"}}), "/admin/talks")
	w.Shows(w.Ask(w.admin, decide+"/photos/"+file, nil), http.StatusNotFound)
	w.Shows(w.Ask(w.admin, "/admin/talks", nil), http.StatusOK, "!Des injures", "Masqué", "Contraire à nos règles")
	w.Shows(w.Ask(0, w.buyer, nil), http.StatusOK, "!Des injures", "Contraire à nos règles")
	w.Shows(w.Ask(0, w.buyer, nil, english...), http.StatusOK, "Hidden by Relais")
}
