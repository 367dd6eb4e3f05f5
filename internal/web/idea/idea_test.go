package idea_test

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"relais/internal/app/apptest"
	"relais/internal/i18n"
	"relais/internal/ideas"
	"relais/internal/web/idea"
	"relais/internal/web/page"
	"relais/internal/web/shop"
	"relais/internal/web/webtest"
)

// world is the pages over all of Relais, with a brand that takes ideas, Léa who proposes, and five people who support.
type world struct {
	*apptest.World
	*webtest.Visitors
	shop       apptest.Shop
	lea, admin int64
	fans       []int64
}

func open(t *testing.T) *world {
	t.Helper()
	w := &world{World: apptest.New(t)}
	w.Visitors = webtest.New(t, w.DB, page.Options{BaseURL: w.URL, Now: w.Clock.Now, Changes: w.Changes, Uploads: idea.Uploads()}, func(id int64) bool { return id == w.admin })
	idea.New(idea.Options{Site: w.Site, DB: w.DB, Ideas: w.Ideas, Media: w.Media, Now: w.Clock.Now, BaseURL: w.URL}).Routes(w.Echo)
	shop.New(shop.Options{DB: w.DB, Site: w.Site, Carts: w.Carts, Orders: w.Orders, Pledges: w.Pledges, Returns: w.Returns, Now: w.Clock.Now, BaseURL: w.URL, Log: slog.New(slog.DiscardHandler)}).Routes(w.Echo)
	w.shop, w.lea, w.admin = w.Shop("terre", 12000, 50), w.Member("lea"), w.Member("admin")
	for n := range 5 {
		w.fans = append(w.fans, w.Member(fmt.Sprintf("fan-%d", n)))
	}
	w.DB.MustExec(`update members set created_at = created_at - interval '3 days'`)
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
		w.T.Fatalf("%d to %q; want to %q\n%.900s", rw.Code, at, to, rw.Body)
	}
	return at
}

// after is the page that a form leads to, with what it says was done.
func (w *world) after(member int64, rw *httptest.ResponseRecorder, to string) *httptest.ResponseRecorder {
	w.T.Helper()
	at, said := w.leads(rw, to), ""
	for _, c := range rw.Result().Cookies() {
		if c.Name == "flash" {
			said = "flash=" + c.Value
		}
	}
	path, _, _ := strings.Cut(at, "#")
	return w.Ask(member, path, nil, "Cookie", said)
}

const desk = "/brand/terre/ideas"

func settings() url.Values {
	return url.Values{"taken": {"yes"}, "threshold": {"5"}, "days": {"60"}, "answer_days": {"21"}}
}

// taking has the brand take ideas, on its form.
func (w *world) taking() {
	w.T.Helper()
	w.leads(w.Ask(w.shop.Owner, desk+"/settings", settings()), desk)
}

func words() url.Values {
	return url.Values{"brand": {"terre"}, "operation": {"operation-0001"}, "title": {"Un bol à anses"}, "text": {"Pour les petits matins <b>froids</b>."}, "named": {"yes"}}
}

// proposed is the address of an idea that Léa proposes on its form.
func (w *world) proposed() string {
	w.T.Helper()
	w.taking()
	return w.leads(w.Ask(w.lea, "/ideas/new", words()), "/ideas/")
}

// id is that of an idea, as posts name it.
func id(at string) string { return regexp.MustCompile(`^/ideas/\d+`).FindString(at) }

func (w *world) supported(at string, fans ...int64) {
	w.T.Helper()
	for _, fan := range fans {
		w.leads(w.Ask(fan, id(at)+"/support", url.Values{}), at)
	}
}

// The main job: settings, the proposal, supporters, the answer and the product, with what everybody reads on the way.
func TestFromIdeaToProduct(t *testing.T) {
	w := open(t)
	w.Shows(w.Ask(0, "/ideas", nil), http.StatusOK, "Pas encore d’idée ici", "!/ideas/new")
	w.Shows(w.Ask(0, "/b/terre", nil), http.StatusOK, "!/b/terre/ideas")
	w.Shows(w.Ask(w.shop.Owner, desk, nil), http.StatusOK, "Vous ne prenez pas d’idées", desk+"/settings")
	w.Shows(w.Ask(w.shop.Owner, desk+"/settings", nil), http.StatusOK, `value="100"`, `value="60"`, `value="21"`, "!checked")
	w.taking()
	w.Shows(w.Ask(0, "/b/terre", nil), http.StatusOK, "/b/terre/ideas", "Voir les idées")
	w.Shows(w.Ask(0, "/b/terre/ideas", nil), http.StatusOK, "À partir de 5 soutiens en 60 jours", "/ideas/new?brand=terre")
	w.Shows(w.Ask(w.lea, "/ideas/new", nil), http.StatusOK, "À quelle marque", "/ideas/new?brand=terre", `!name="title"`)
	w.Shows(w.Ask(w.lea, "/ideas/new?brand=terre", nil), http.StatusOK, "si 5 personnes soutiennent", `name="title"`, `name="named" value="yes" checked`, `name="operation"`)
	w.leads(w.Ask(0, "/ideas/new?brand=terre", nil), "/login")

	rw := w.Ask(w.lea, "/ideas/new", words())
	at := w.leads(rw, "/ideas/")
	if !strings.HasSuffix(at, "-un-bol-a-anses") {
		t.Errorf("the idea is at %s", at)
	}
	w.Shows(w.after(w.lea, rw, at), http.StatusOK, "Votre idée est en ligne", "Un bol à anses", "&lt;b&gt;froids", "0 soutien", "sur 5 demandés", "Proposée par", "Lea", "C’est votre idée", "Retirer l’idée", "Proposée", "!Soutenir cette idée", "!/report\"")
	if again := w.Ask(w.lea, "/ideas/new", words()); again.Header().Get("Location") != at {
		t.Errorf("sent twice: %s and %s", at, again.Header().Get("Location"))
	}
	if rw := w.Ask(0, id(at)+"-autre", nil); rw.Code != http.StatusFound || rw.Header().Get("Location") != at {
		t.Errorf("another title: %d to %s", rw.Code, rw.Header().Get("Location"))
	}
	w.Shows(w.Ask(0, at, nil), http.StatusOK, "/login?next=%2fideas%2f", `rel="canonical" href="`+w.URL+at, "Signaler cette idée", "!Retirer l’idée")
	w.Shows(w.Ask(0, "/ideas?sort=most&brand=terre", nil), http.StatusOK, at, "Maison terre", `value="most" selected`, `value="terre" selected`)
	w.Shows(w.Ask(0, "/b/terre", nil), http.StatusOK, "1 idée ouverte")
	w.leads(w.Ask(0, id(at)+"/support", url.Values{}), "/login")
	w.Shows(w.Ask(w.shop.Owner, at, nil), http.StatusOK, "Votre marque y répondra", desk+"/", "!Soutenir cette idée")

	w.Shows(w.Ask(w.fans[0], at, nil), http.StatusOK, "Soutenir cette idée")
	w.Shows(w.after(w.fans[0], w.Ask(w.fans[0], id(at)+"/support", url.Values{}), at), http.StatusOK, "Merci pour votre soutien", "Vous soutenez cette idée", "1 soutien")
	w.Shows(w.after(w.fans[0], w.Ask(w.fans[0], id(at)+"/unsupport", url.Values{}), at), http.StatusOK, "Vous ne soutenez plus", "Soutenir cette idée", "0 soutien")
	w.supported(at, w.fans...)
	w.Shows(w.Ask(w.fans[0], at, nil), http.StatusOK, "Attend sa réponse", "doit répondre avant le 23", "Assez de soutiens", "Vous soutenez cette idée", "!unsupport", "!Soutenir cette idée")
	w.Shows(w.Ask(w.admin, at, nil), http.StatusOK, "Soutenir cette idée")
	w.Shows(w.Ask(w.fans[0], "/me/ideas", nil), http.StatusOK, "Que vous soutenez", at, "!Que vous proposez")
	w.Shows(w.Ask(w.lea, "/me/ideas", nil), http.StatusOK, "Que vous proposez", at)
	w.Shows(w.Ask(0, "/ideas", nil), http.StatusOK, "!"+at)
	w.Shows(w.Ask(0, "/b/terre/ideas?show=waiting", nil), http.StatusOK, at)

	number := strings.TrimPrefix(id(at), "/ideas/")
	w.Shows(w.Ask(w.shop.Owner, desk, nil), http.StatusOK, "À répondre (1)", desk+"/"+number)
	w.Shows(w.Ask(w.shop.Owner, desk+"/"+number, nil), http.StatusOK, "Répondre en public", "Oui, on la fait", "!Réunir à une autre idée", "!Rattacher")
	w.Shows(w.after(w.shop.Owner, w.Ask(w.shop.Owner, desk+"/"+number+"/answer", url.Values{"answer": {"yes"}, "reason": {"Pour l’automne."}}), desk), http.StatusOK, "Votre réponse est publiée", "Rattacher", "Bol terre")
	w.Shows(w.Ask(0, at, nil), http.StatusOK, "La réponse de Maison terre", "Oui, on la fait", "Pour l’automne", "La marque dit oui")

	w.Shows(w.Ask(0, "/p/"+w.shop.Slug, nil), http.StatusOK, "!D’une idée de")
	w.Shows(w.after(w.shop.Owner, w.Ask(w.shop.Owner, desk+"/"+number+"/product", url.Values{"product": {fmt.Sprint(w.shop.Product)}}), desk), http.StatusOK, "Le produit est rattaché")
	w.must(w.Changes.Poll(t.Context()))
	w.Shows(w.Ask(0, "/p/"+w.shop.Slug, nil), http.StatusOK, "D’une idée de Lea, soutenue par 5 personnes", at)
	w.Shows(w.Ask(0, at, nil), http.StatusOK, "Fabriquée", "Le produit est là", "/p/"+w.shop.Slug)
	w.Shows(w.after(w.lea, w.Ask(w.lea, id(at)+"/name", url.Values{}), at), http.StatusOK, "n’est plus affiché", "Proposée par un membre")
	w.must(w.Changes.Poll(t.Context()))
	w.Shows(w.Ask(0, "/p/"+w.shop.Slug, nil), http.StatusOK, "De l’idée d’un membre, soutenue par 5 personnes", "!Lea")
}

// What is wrong is said at its field, with what was typed.
func TestFormsThatAreRefused(t *testing.T) {
	w := open(t)
	for field, value := range map[string]string{"threshold": "4", "days": "deux", "answer_days": "61"} {
		form := settings()
		form.Set(field, value)
		w.Shows(w.Ask(w.shop.Owner, desk+"/settings", form), http.StatusUnprocessableEntity, `id="f-`+field+`-error"`, `value="`+value+`"`, `name="taken" value="yes" checked`)
	}
	w.Shows(w.Ask(w.lea, "/ideas/new", words()), http.StatusConflict, "ne prend pas d’idées")
	w.taking()
	for field, value := range map[string]string{"title": " ", "text": strings.Repeat("é", ideas.MaxText+1)} {
		form := words()
		form.Set(field, value)
		w.Shows(w.Ask(w.lea, "/ideas/new", form), http.StatusUnprocessableEntity, `id="f-`+field+`-error"`, "operation-0001", map[string]string{"title": "petits matins", "text": "Un bol à anses"}[field])
	}
	at := w.leads(w.Ask(w.lea, "/ideas/new", words()), "/ideas/")
	w.Shows(w.Ask(w.fans[0], id(at)+"/comments", url.Values{"text": {strings.Repeat("x", ideas.MaxComment+1)}}), http.StatusUnprocessableEntity, `id="f-text-error"`, "xxx")
	w.Shows(w.Ask(w.fans[0], id(at)+"/report", url.Values{"reason": {"other"}}), http.StatusUnprocessableEntity, `id="f-text-error"`, `value="other" selected`)
	w.Shows(w.Ask(w.fans[0], id(at)+"/report", url.Values{"text": {"gardez-moi"}}), http.StatusUnprocessableEntity, `id="f-reason-error"`, "gardez-moi")
	number := strings.TrimPrefix(id(at), "/ideas/")
	w.Shows(w.Ask(w.shop.Owner, desk+"/"+number+"/merge", url.Values{"into": {number}}), http.StatusUnprocessableEntity, `id="f-into-error"`)
	w.supported(at, w.fans...)
	w.Shows(w.Ask(w.shop.Owner, desk+"/"+number+"/answer", url.Values{"reason": {"gardez-moi"}}), http.StatusUnprocessableEntity, `id="f-answer-error"`, "gardez-moi")
	w.Shows(w.Ask(w.shop.Owner, desk+"/"+number+"/answer", url.Values{"answer": {"no"}}), http.StatusUnprocessableEntity, `id="f-reason-error"`, `value="no" checked`)
	w.Shows(w.after(w.fans[0], w.Ask(w.fans[0], id(at)+"/unsupport", url.Values{}), at), http.StatusOK, "Ce n’est plus possible")
	w.leads(w.Ask(w.shop.Owner, desk+"/"+number+"/answer", url.Values{"answer": {"no"}, "reason": {"Trop fragile."}}), desk)
	w.Shows(w.Ask(w.shop.Owner, desk+"/"+number+"/product", url.Values{"product": {"0"}}), http.StatusUnprocessableEntity, `id="f-product-error"`)
}

func picture(t *testing.T, side int) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, image.NewGray(image.Rect(0, 0, side, side))); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// upload posts the form with files.
func (w *world) upload(form url.Values, sent ...[]byte) *httptest.ResponseRecorder {
	w.T.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	for name := range form {
		w.must(m.WriteField(name, form.Get(name)))
	}
	for n, f := range sent {
		part, err := m.CreateFormFile("photos", fmt.Sprintf("p%d.png", n))
		w.must(err)
		_, err = part.Write(f)
		w.must(err)
	}
	w.must(m.Close())
	r := httptest.NewRequestWithContext(w.T.Context(), http.MethodPost, "/ideas/new", &body)
	r.Header.Set("Content-Type", m.FormDataContentType())
	return w.Send(w.lea, r)
}

func TestSketches(t *testing.T) {
	w := open(t)
	w.taking()
	w.Shows(w.upload(words(), []byte("<svg onload=alert(1)>")), http.StatusUnprocessableEntity, `id="f-photos-error"`, "Un bol à anses", "petits matins")
	w.Shows(w.upload(words(), picture(t, 8), picture(t, 9), picture(t, 10), picture(t, 11), picture(t, 12)), http.StatusUnprocessableEntity, `id="f-photos-error"`)
	at := w.leads(w.upload(words(), picture(t, 40), picture(t, 50)), "/ideas/")
	rw := w.Ask(0, at, nil)
	w.Shows(rw, http.StatusOK, "image 1", "image 2", "!image 3")
	w.Shows(w.Ask(0, "/ideas", nil), http.StatusOK, `class="photo photo-square"`)
	w.leads(w.Ask(w.lea, id(at)+"/withdraw", url.Values{}), at)
	w.Shows(w.Ask(w.lea, at, nil), http.StatusOK, "Effacer le texte", "Retirée", "!Retirer l’idée")
	w.Shows(w.after(w.lea, w.Ask(w.lea, id(at)+"/erase", url.Values{}), "/me/ideas"), http.StatusOK, "est effacé", "Idée effacée par son auteur")
	w.Shows(w.Ask(0, id(at), nil), http.StatusOK, "Idée effacée par son auteur", "noindex", "!anses", "!image 1", "!Lea")
}

// Other brands' teams, other members and guests find no way to what is not theirs.
func TestWhoMayDoWhat(t *testing.T) {
	w := open(t)
	at := w.proposed()
	other, number := w.Shop("verre", 5000, 5), strings.TrimPrefix(id(at), "/ideas/")
	for _, path := range []string{desk, desk + "/settings", desk + "/" + number} {
		w.leads(w.Ask(0, path, nil), "/login")
		w.Shows(w.Ask(other.Owner, path, nil), http.StatusNotFound)
	}
	w.Shows(w.Ask(other.Owner, "/brand/verre/ideas/"+number, nil), http.StatusNotFound)
	for _, act := range []string{"answer", "merge", "product"} {
		w.Shows(w.Ask(w.lea, desk+"/"+number+"/"+act, url.Values{}), http.StatusNotFound)
	}
	w.Shows(w.Ask(other.Owner, "/brand/verre/ideas/"+number+"/answer", url.Values{"answer": {"yes"}, "reason": {"Oui"}}), http.StatusNotFound)
	for _, act := range []string{"withdraw", "erase", "name"} {
		w.Shows(w.Ask(w.fans[0], id(at)+"/"+act, url.Values{}), http.StatusNotFound)
		w.leads(w.Ask(0, id(at)+"/"+act, url.Values{}), "/login")
	}
	w.Shows(w.Ask(w.lea, "/admin/ideas", nil), http.StatusNotFound)
	for _, path := range []string{"/ideas/0", "/ideas/999", "/ideas/x", "/ideas/-1", "/ideas/1x/report", "/ideas/999/report"} {
		w.Shows(w.Ask(0, path, nil), http.StatusNotFound)
	}
	w.must(w.Catalog.BlockBrand(t.Context(), w.admin, w.shop.Brand, true))
	w.Shows(w.Ask(0, at, nil), http.StatusNotFound)
	w.Shows(w.Ask(0, "/b/terre/ideas", nil), http.StatusNotFound)
}

// Two ideas are merged: the page of the one leads to the other, whose thread says so.
func TestMerging(t *testing.T) {
	w := open(t)
	double := w.proposed()
	form := words()
	form.Set("operation", "operation-0002")
	form.Set("title", "Des anses")
	keep := w.leads(w.Ask(w.lea, "/ideas/new", form), "/ideas/")
	w.supported(keep, w.fans[0], w.fans[1])
	w.supported(double, w.fans[1], w.fans[2])
	number, into := strings.TrimPrefix(id(double), "/ideas/"), strings.TrimPrefix(id(keep), "/ideas/")
	w.Shows(w.Ask(w.shop.Owner, desk+"/"+number, nil), http.StatusOK, "Réunir à une autre idée", "Des anses (2)", "!Répondre en public")
	w.Shows(w.after(w.shop.Owner, w.Ask(w.shop.Owner, desk+"/"+number+"/merge", url.Values{"into": {into}}), desk), http.StatusOK, "Les deux idées sont réunies")
	w.Shows(w.Ask(w.fans[2], double, nil), http.StatusOK, "a été réunie à une autre", `href="`+keep+`"`, "Des anses", "!Soutenir cette idée")
	w.Shows(w.Ask(w.fans[2], keep, nil), http.StatusOK, "3 soutiens", "Vous soutenez cette idée", "Une autre idée lui est réunie", double)
	w.Shows(w.Ask(0, "/b/terre/ideas?show=ended", nil), http.StatusOK, double, "Réunie à une autre", "!"+keep)
}

// A brand that does not answer in time is late for everybody to see.
func TestLate(t *testing.T) {
	w := open(t)
	at := w.proposed()
	w.supported(at, w.fans...)
	w.Pass(20)
	w.Shows(w.Ask(0, at, nil), http.StatusOK, "!en retard")
	w.Pass(1)
	w.Shows(w.Ask(0, at, nil), http.StatusOK, "devait répondre avant le 23", "Réponse en retard")
	w.Shows(w.Ask(0, "/b/terre/ideas", nil), http.StatusOK, "Maison terre a 1 réponse en retard")
	w.Shows(w.Ask(w.shop.Owner, desk, nil), http.StatusOK, "1 réponse est en retard", at[len("/ideas/"):][:1])
}

func TestTalkAndModeration(t *testing.T) {
	w := open(t)
	at := w.proposed()
	w.Shows(w.Ask(0, at, nil), http.StatusOK, "il faut un compte", `!name="text"`)
	w.Shows(w.after(w.fans[0], w.Ask(w.fans[0], id(at)+"/comments", url.Values{"text": {"Et un\ncouvercle <i>?"}}), at), http.StatusOK, "est publié", "couvercle &lt;i&gt;?", "Effacer")
	w.leads(w.Ask(w.shop.Owner, id(at)+"/comments", url.Values{"text": {"On y pense."}}), at)
	w.Shows(w.Ask(0, at, nil), http.StatusOK, `class="chip">Maison terre`, "!/erase")
	list, _, err := ideas.Comments(t.Context(), w.DB, 1, 10, 0)
	w.must(err)
	said := fmt.Sprintf("%s/comments/%d", id(at), list[1].ID)
	w.Shows(w.Ask(0, said+"/report", nil), http.StatusOK, "couvercle", "Signaler")
	w.leads(w.Ask(0, said+"/report", url.Values{"reason": {"advert"}, "text": {"Il vend les siens."}}), at)
	w.Shows(w.Ask(0, said+"/report", url.Values{"reason": {"advert"}}), http.StatusConflict)
	w.leads(w.Ask(w.fans[1], id(at)+"/report", url.Values{"reason": {"copied"}}), at)
	w.Shows(w.Ask(w.admin, "/admin/ideas", nil), http.StatusOK, "Il vend les siens", "couvercle", "petits matins", "Publicité")
	w.Shows(w.Ask(w.admin, "/admin/ideas/idea/1", url.Values{"do": {"hide"}}), http.StatusUnprocessableEntity, `id="f-why-idea-1-error"`, `value="hide" required checked`)
	w.Shows(w.Ask(w.admin, "/admin/ideas/idea/1", url.Values{"why": {"gardez-moi"}}), http.StatusUnprocessableEntity, "gardez-moi")
	w.Shows(w.after(w.admin, w.Ask(w.admin, fmt.Sprintf("/admin/ideas/comment/%d", list[1].ID), url.Values{"do": {"hide"}, "why": {"Réclame."}}), "/admin/ideas"), http.StatusOK, "Réclame.", "petits matins")
	w.Shows(w.Ask(0, at, nil), http.StatusOK, "!couvercle", "On y pense")
	w.Shows(w.Ask(w.fans[1], said+"/report", nil), http.StatusNotFound)
	w.leads(w.Ask(w.admin, "/admin/ideas/idea/1", url.Values{"do": {"hide"}, "why": {"Copié."}}), "/admin/ideas")
	w.Shows(w.Ask(w.fans[1], at, nil), http.StatusNotFound)
	w.Shows(w.Ask(w.lea, at, nil), http.StatusOK, "Relais a masqué cette idée", "Copié.", "/hidden/idea/1")
	w.Shows(w.Ask(w.lea, "/hidden/idea/1", nil), http.StatusOK, "Copié.", "Contester cette décision")
	w.Shows(w.Ask(w.fans[1], "/hidden/idea/1", nil), http.StatusNotFound)
	w.Shows(w.Ask(w.fans[0], fmt.Sprintf("/hidden/comment/%d", list[1].ID), nil), http.StatusOK, "couvercle", "Réclame.")
	w.Shows(w.Ask(w.shop.Owner, desk+"/1", nil), http.StatusNotFound)
	w.Shows(w.Ask(0, "/ideas", nil), http.StatusOK, "!"+at)
	mine := fmt.Sprintf("%s/comments/%d/erase", id(at), list[0].ID)
	w.Shows(w.Ask(w.shop.Owner, mine, url.Values{}), http.StatusNotFound) // of an idea that is hidden
}

// Every page in English too.
func TestInEnglish(t *testing.T) {
	w := open(t)
	at := w.proposed()
	for _, path := range []string{"/ideas", "/b/terre/ideas", at, id(at) + "/report"} {
		w.Shows(w.Ask(0, path, nil, "Accept-Language", string(i18n.EN)), http.StatusOK, `lang="en"`, "!ideas.", "!Idées")
	}
}
