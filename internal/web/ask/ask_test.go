package ask_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"relais/internal/app/apptest"
	"relais/internal/i18n"
	"relais/internal/questions"
	"relais/internal/ratings"
	"relais/internal/reports"
	"relais/internal/web/ask"
	"relais/internal/web/page"
	"relais/internal/web/shop"
	"relais/internal/web/webtest"
)

// world is the pages over all of Relais, with two brands, an admin, a member who recommends, an earlier buyer and somebody who asks.
type world struct {
	*apptest.World
	*webtest.Visitors
	shop, other             apptest.Shop
	alma, lea, buyer, asker int64
	list                    string // path of the questions about the product
}

func open(t *testing.T) *world {
	t.Helper()
	w := &world{World: apptest.New(t)}
	w.shop, w.other = w.Shop("terre", 12000, 50), w.Shop("verre", 5000, 50)
	w.alma, w.lea, w.buyer, w.asker = w.Member("alma"), w.Member("lea"), w.Member("anne"), w.Member("zoe")
	w.Visitors = webtest.New(t, w.DB, page.Options{BaseURL: w.URL, Now: w.Clock.Now, Changes: w.Changes}, func(id int64) bool { return id == w.alma })
	ask.New(ask.Options{Site: w.Site, DB: w.DB, Questions: w.Questions, Now: w.Clock.Now, BaseURL: w.URL}).Routes(w.Echo)
	shop.New(shop.Options{DB: w.DB, Site: w.Site, Carts: w.Carts, Orders: w.Orders, Pledges: w.Pledges, Returns: w.Returns, Now: w.Clock.Now, BaseURL: w.URL, Log: slog.New(slog.DiscardHandler)}).Routes(w.Echo)
	if _, err := w.Storefronts.AddListing(t.Context(), w.lea, w.shop.Product); err != nil {
		t.Fatal(err)
	}
	w.Deliver(w.Paid(apptest.Purchase{Variant: w.shop.Variant, Member: w.buyer, Email: "anne@relais.example"}).ID)
	w.list = "/p/" + w.shop.Slug + "/questions"
	return w
}

// asks asks a question by its form and returns the path of its page.
func (w *world) asks(title string) string {
	w.T.Helper()
	rw := w.Ask(w.asker, w.list+"/new", url.Values{"title": {title}, "seen": {"yes"}})
	if rw.Code != http.StatusSeeOther {
		w.T.Fatalf("%d\n%.800s", rw.Code, rw.Body)
	}
	return rw.Header().Get("Location")
}

func (w *world) leads(rw *httptest.ResponseRecorder, want string) {
	w.T.Helper()
	if got := rw.Header().Get("Location"); rw.Code != http.StatusSeeOther || got != want {
		w.T.Errorf("%d to %q, want %q\n%.600s", rw.Code, got, want, rw.Body)
	}
}

func TestAskingAndAnswering(t *testing.T) {
	w := open(t)
	w.Shows(w.Ask(0, w.list, nil), http.StatusOK, "Pas encore de question", "!application/ld+json")
	rw := w.Ask(w.asker, w.list+"/new", url.Values{"title": {" "}, "details": {strings.Repeat("Pour du pain. ", 80)}})
	w.Shows(rw, http.StatusUnprocessableEntity, `id="f-title-error"`, `id="f-details-error"`, "Pour du pain. Pour du pain.")
	one := w.asks("Passe-t-il au lave-vaisselle ?")
	w.Shows(w.Ask(0, one, nil), http.StatusOK, "Passe-t-il au lave-vaisselle", "Pas encore de réponse", "!Votre réponse", "!Modifier", "!application/ld+json")
	w.Shows(w.Ask(w.asker, one, nil), http.StatusOK, "Modifier", "Supprimer", "!Votre réponse", "!Signaler")

	w.Shows(w.Ask(w.lea, one, url.Values{"body": {"Sans doute."}}), http.StatusForbidden, "Seules la marque, la personne qui a dessiné cet article")
	w.Shows(w.Ask(w.buyer, one, nil), http.StatusOK, "Votre réponse", "L’a acheté")
	w.Shows(w.Ask(w.buyer, one, url.Values{"body": {strings.Repeat("Oui, très souvent. ", 150)}}), http.StatusUnprocessableEntity, `id="f-body-error"`, "Oui, très souvent. Oui, très souvent.")
	w.leads(w.Ask(w.buyer, one, url.Values{"body": {"Oui, depuis un an."}}), one+"#a-1")
	w.Shows(w.Ask(w.buyer, one, url.Values{"body": {"Encore."}}), http.StatusConflict, "une par personne")
	w.Shows(w.Ask(0, one, nil), http.StatusOK, "Oui, depuis un an.", "L’a acheté", "!La marque</span>", "Utile", "application/ld+json")

	for path, words := range map[string][]string{
		"/p/" + w.shop.Slug:     {"Passe-t-il au lave-vaisselle", "Oui, depuis un an.", "Voir la question"},
		w.list:                  {"Passe-t-il au lave-vaisselle", "Oui, depuis un an.", "FAQPage"},
		w.list + "?q=vaisselle": {"Passe-t-il au lave-vaisselle"},
		w.list + "?q=camion":    {"Rien avec ces mots", "/new?title=camion", "!Passe-t-il"},
		w.list + "?sort=new":    {"Passe-t-il au lave-vaisselle"},
	} {
		w.Shows(w.Ask(0, path, nil), http.StatusOK, words...)
	}
	w.Shows(w.Ask(0, one, nil, "Accept-Language", "en"), http.StatusOK, "Bought it", "Helpful")
	w.Shows(w.Ask(0, "/p/"+w.other.Slug+"/questions/1", nil), http.StatusNotFound)
	w.Shows(w.Ask(0, "/p/"+w.other.Slug, nil), http.StatusOK, "Personne n’a encore posé de question")
}

// Similar questions that were answered are shown once before a question is sent, with what was typed.
func TestSimilarQuestionsComeFirst(t *testing.T) {
	w := open(t)
	one := w.asks("Passe-t-il au lave-vaisselle ?")
	w.Ask(w.buyer, one, url.Values{"body": {"Oui."}})
	like := url.Values{"title": {"Et le lave-vaisselle, souvent ?"}, "details": {"Tous les soirs."}}
	rw := w.Ask(w.lea, w.list+"/new", like)
	w.Shows(rw, http.StatusOK, "Peut-être déjà répondu", "Passe-t-il au lave-vaisselle", `name="seen" value="yes"`, "Et le lave-vaisselle, souvent", "Tous les soirs.", "quand même")
	like.Set("seen", "yes")
	w.leads(w.Ask(w.lea, w.list+"/new", like), w.list+"/2")
	w.leads(w.Ask(w.lea, w.list+"/new", url.Values{"title": {"Quel est son poids ?"}}), w.list+"/3")
}

// From a friend's storefront to the questions and back, on every way, who recommended the product is not lost.
func TestTheTrailIsKept(t *testing.T) {
	w := open(t)
	one := w.asks("Est-il lourd ?")
	o := w.Paid(apptest.Purchase{Variant: w.shop.Variant, Email: "rose@poste.example"})
	w.Deliver(o.ID)
	if _, err := w.Ratings.Save(t.Context(), ratings.Draft{OrderID: o.ID, LineID: o.Shipments[0].Lines[0].ID, Lang: i18n.FR, Stars: 4, Body: "Bien.", Name: "Rose"}); err != nil {
		t.Fatal(err)
	}
	click := w.Follow(w.shop.Product, "visitor", w.lea)
	trail := "?c=" + click + "&amp;from=lea"
	for range 2 { // made, and from memory
		w.Shows(w.Ask(0, "/@lea/p/"+w.shop.Slug+"?c="+click, nil), http.StatusOK, w.list+trail, w.list+"/new"+trail, one+trail, "/ratings"+trail, "!stand-in")
	}
	here := strings.ReplaceAll(trail, "&amp;", "&")
	back := `href="/@lea/p/` + w.shop.Slug + "?c=" + click + `"`
	w.Shows(w.Ask(0, w.list+here, nil), http.StatusOK, back, one+trail, `name="from" value="lea"`, `name="c" value="`+click+`"`)
	w.Shows(w.Ask(w.buyer, one+here, nil), http.StatusOK, back, w.list+trail, `action="`+one+trail+`"`)
	w.leads(w.Ask(w.buyer, one+here, url.Values{"body": {"Non."}}), one+here+"#a-1")
	w.leads(w.Ask(w.asker, one+"/answers/1/helpful"+here, url.Values{"helpful": {"yes"}}), one+here+"#a-1")
	w.leads(w.Ask(w.asker, w.list+"/new"+here, url.Values{"title": {"Est-il grand ?"}}), w.list+"/2"+here)
	w.Shows(w.Ask(0, w.list+"?from=%22%3E&c=x", nil), http.StatusOK, `href="/p/`+w.shop.Slug+`"`, `!name="from"`, `!name="c"`)
}

// Who may do what by the pages' own forms: everybody tries everything.
func TestMatrix(t *testing.T) {
	w := open(t)
	one := w.asks("Est-il solide ?")
	w.Ask(w.buyer, one, url.Values{"body": {"Très."}})
	answer := one + "/answers/1"
	yes := url.Values{"title": {"Est-il solide ?"}, "body": {"Très."}, "helpful": {"yes"}, "pin": {"yes"}}
	for _, c := range []struct {
		path  string
		form  url.Values
		codes [5]int // of a guest, a stranger, who asked, the earlier buyer, the brand's owner
	}{
		{one + "/edit", nil, [5]int{303, 403, 200, 403, 403}},
		{one + "/edit", yes, [5]int{303, 403, 303, 403, 403}},
		{answer + "/edit", nil, [5]int{303, 403, 403, 200, 403}},
		{answer + "/edit", yes, [5]int{303, 403, 403, 303, 403}},
		{answer + "/pin", yes, [5]int{303, 403, 403, 403, 303}},
		{answer + "/helpful", yes, [5]int{303, 303, 303, 409, 303}},
		{one, yes, [5]int{303, 403, 403, 303, 303}},
		{"/report/question/1", nil, [5]int{200, 200, 409, 200, 200}},
		{"/report/answer/1", nil, [5]int{200, 200, 200, 409, 200}},
		{"/brand/terre/questions", nil, [5]int{303, 404, 404, 404, 200}},
		{"/brand/verre/questions", nil, [5]int{303, 404, 404, 404, 404}},
		{"/brand/verre/questions/1", yes, [5]int{303, 404, 404, 404, 404}},
		{"/admin/questions", nil, [5]int{303, 404, 404, 404, 404}},
		{"/admin/questions/answer/1", yes, [5]int{303, 404, 404, 404, 404}},
		{one + "/answers/7/helpful", yes, [5]int{303, 404, 404, 404, 404}},
		{answer + "/delete", yes, [5]int{303, 403, 403, 303, 404}},
		{one + "/delete", yes, [5]int{303, 403, 303, 404, 404}},
	} {
		for i, who := range []int64{0, w.lea, w.asker, w.buyer, w.shop.Owner} {
			rw := w.Ask(who, c.path, c.form)
			if rw.Code != c.codes[i] {
				t.Errorf("%s by %d (post %v): %d, want %d", c.path, i, c.form != nil, rw.Code, c.codes[i])
			}
			if who == 0 && c.codes[0] == 303 && !strings.HasPrefix(rw.Header().Get("Location"), "/login") {
				t.Errorf("%s leads a guest to %q", c.path, rw.Header().Get("Location"))
			}
		}
	}
}

func TestEditingAndMarkingByForms(t *testing.T) {
	w := open(t)
	one := w.asks("Est-il solide ?")
	w.Ask(w.buyer, one, url.Values{"body": {"Très."}})
	w.Shows(w.Ask(w.asker, one+"/edit", url.Values{"title": {""}, "details": {"Pour des enfants."}}), http.StatusUnprocessableEntity, `id="f-title-error"`, "Pour des enfants.")
	w.leads(w.Ask(w.asker, one+"/edit", url.Values{"title": {"Est-il vraiment solide ?"}}), one)
	w.Shows(w.Ask(w.buyer, one+"/answers/1/edit", url.Values{"body": {" "}}), http.StatusUnprocessableEntity, `id="f-body-error"`)
	w.leads(w.Ask(w.buyer, one+"/answers/1/edit", url.Values{"body": {"Il est tombé deux fois."}}), one)
	w.Shows(w.Ask(0, one, nil), http.StatusOK, "Est-il vraiment solide", "Il est tombé deux fois.", "modifié")
	w.Ask(w.lea, one+"/answers/1/helpful", url.Values{"helpful": {"yes"}})
	w.Shows(w.Ask(w.lea, one, nil), http.StatusOK, "utile à 1 personne", "Utile, merci", `aria-pressed="true"`)
	w.Ask(w.lea, one+"/answers/1/helpful", url.Values{"helpful": {"no"}})
	w.Shows(w.Ask(w.lea, one, nil), http.StatusOK, "!utile à 1 personne")
	w.Ask(w.shop.Owner, one+"/answers/1/pin", url.Values{"pin": {"yes"}})
	w.Shows(w.Ask(0, one, nil), http.StatusOK, "Maison terre dit de même")
	w.Pass(1)
	w.Shows(w.Ask(w.asker, one+"/edit", url.Values{"title": {"Trop tard ?"}}), http.StatusConflict, "30 minutes", "Trop tard")
}

func TestTheDeskOfABrand(t *testing.T) {
	w := open(t)
	w.Shows(w.Ask(w.shop.Owner, "/brand/terre/questions", nil), http.StatusOK, "Aucune question ne vous attend")
	w.asks("Est-il lourd ?")
	w.Shows(w.Ask(w.shop.Owner, "/brand/terre/questions", nil), http.StatusOK, "Est-il lourd", "Votre réponse, publique")
	w.Shows(w.Ask(w.shop.Owner, "/brand/terre/questions/1?show=all", url.Values{"body": {strings.Repeat("Six cents grammes. ", 200)}}), http.StatusUnprocessableEntity,
		`id="f-body-1-error"`, "Six cents grammes. Six cents grammes.")
	w.leads(w.Ask(w.shop.Owner, "/brand/terre/questions/1", url.Values{"body": {"Six cents grammes."}}), "/brand/terre/questions")
	w.Shows(w.Ask(w.shop.Owner, "/brand/terre/questions", nil), http.StatusOK, "!Est-il lourd")
	w.Shows(w.Ask(w.shop.Owner, "/brand/terre/questions?show=all", nil), http.StatusOK, "Est-il lourd", "Six cents grammes.", "!Votre réponse, publique")
	w.asks("Est-il grand ?")
	w.asks("Est-il rond ?")
	w.Ask(w.shop.Owner, "/brand/terre/questions/2", url.Values{"body": {"Oui."}})
	w.Ask(w.shop.Owner, "/brand/terre/questions/3", url.Values{"body": {"Oui."}})
	for _, path := range []string{"/p/" + w.shop.Slug, w.list, "/brand/terre/questions"} {
		w.Shows(w.Ask(w.shop.Owner, path, nil), http.StatusOK, "Maison terre répond d’habitude sous 1")
	}
}

func TestReportingAndDeciding(t *testing.T) {
	w := open(t)
	one := w.asks("Cette marque ment-elle ?")
	w.Shows(w.Ask(0, "/report/question/1", url.Values{"reason": {""}, "text": {"Regardez bien."}}), http.StatusUnprocessableEntity, `id="f-reason-error"`, "Regardez bien.")
	w.Shows(w.Ask(w.shop.Owner, "/report/question/1", nil), http.StatusOK, "ne peut pas être retirée par la marque")
	w.Shows(w.Ask(w.shop.Owner, "/report/question/1", url.Values{"reason": {"insult"}}), http.StatusUnprocessableEntity, `id="f-text-error"`)
	w.leads(w.Ask(w.shop.Owner, "/report/question/1", url.Values{"reason": {"insult"}, "text": {"Nous ne mentons pas."}}), one)
	w.leads(w.Ask(0, "/report/question/1", url.Values{"reason": {"false"}}), one)
	w.Shows(w.Ask(0, "/report/question/1", url.Values{"reason": {"false"}}), http.StatusConflict, "déjà")
	w.Shows(w.Ask(w.alma, "/admin/questions", nil), http.StatusOK, "Cette marque ment-elle", "Maison terre", "Nous ne mentons pas.", "Un visiteur")
	w.Shows(w.Ask(w.alma, "/admin/questions/question/1", url.Values{"why": {"Parce que."}}), http.StatusUnprocessableEntity, "Parce que.")
	w.Shows(w.Ask(w.alma, "/admin/questions/question/1", url.Values{"do": {"hide"}}), http.StatusUnprocessableEntity, "f-why-question-1-error")
	w.leads(w.Ask(w.alma, "/admin/questions/question/1", url.Values{"do": {"hide"}, "why": {"Injurieux."}}), "/admin/questions")
	w.Shows(w.Ask(w.alma, "/admin/questions", nil), http.StatusOK, "Rien ne vous attend", "Injurieux.")
	w.Shows(w.Ask(0, one, nil), http.StatusNotFound)
	w.Shows(w.Ask(0, w.list, nil), http.StatusOK, "!Cette marque ment-elle")
}

// What is hidden is read by whose it is, with the reason; they write an answer anew, and contest a decision once. The platform takes a case up again from what it decided.
func TestWhatIsHiddenComesBack(t *testing.T) {
	w := open(t)
	one := w.asks("Est-il lourd ?")
	w.Ask(w.shop.Owner, one, url.Values{"body": {"Demandez à votre mère."}})
	w.leads(w.Ask(w.lea, "/report/answer/1", url.Values{"reason": {"insult"}}), one)
	w.leads(w.Ask(w.alma, "/admin/questions/answer/1", url.Values{"do": {"hide"}, "why": {"Moqueur."}}), "/admin/questions")
	w.Shows(w.Ask(w.lea, one, nil), http.StatusOK, "!votre mère")
	w.Shows(w.Ask(w.shop.Owner, one, nil), http.StatusOK, "votre mère", "Moqueur.", "/answers/1/edit", "/hidden/answer/1", "!Votre réponse")
	for _, show := range []string{"", "?show=all"} {
		w.Shows(w.Ask(w.shop.Owner, "/brand/terre/questions"+show, nil), http.StatusOK, "Est-il lourd", "Moqueur.", "/answers/1/edit", "!Votre réponse, publique")
	}
	w.Shows(w.Ask(w.lea, "/hidden/answer/1", nil), http.StatusNotFound)
	w.Shows(w.Ask(w.shop.Owner, one+"/answers/1/edit", nil), http.StatusOK, "votre mère", "jusqu’à ce qu’une personne de Relais")
	w.leads(w.Ask(w.shop.Owner, one+"/answers/1/edit", url.Values{"body": {"Deux kilos."}}), one)
	w.Shows(w.Ask(w.shop.Owner, "/hidden/answer/1", nil), http.StatusOK, "Deux kilos.", "Moqueur.", "le regarde de nouveau", "!Contester cette décision")
	w.Shows(w.Ask(w.alma, "/admin/questions", nil), http.StatusOK, "Deux kilos.", "Récrit par son auteur", "Questions signalées (1)")
	w.leads(w.Ask(w.alma, "/admin/questions/answer/1", url.Values{"do": {"hide"}, "why": {"Trop court."}}), "/admin/questions")
	w.Shows(w.Ask(w.shop.Owner, "/hidden/answer/1", url.Values{"text": {" "}}), http.StatusUnprocessableEntity, `id="f-text-error"`)
	w.leads(w.Ask(w.shop.Owner, "/hidden/answer/1", url.Values{"text": {"C’est le poids exact."}}), "/hidden/answer/1")
	w.Shows(w.Ask(w.alma, "/admin/questions", nil), http.StatusOK, "Contesté par son auteur", "C’est le poids exact.")
	w.leads(w.Ask(w.alma, "/admin/questions/answer/1", url.Values{"do": {"hide"}, "why": {"Toujours."}}), "/admin/questions")
	w.Shows(w.Ask(w.shop.Owner, "/hidden/answer/1", nil), http.StatusOK, "Toujours.", "maintenue", "!Demander une nouvelle décision")
	w.Shows(w.Ask(w.shop.Owner, "/hidden/answer/1", url.Values{"text": {"Encore."}}), http.StatusConflict, "déjà contesté")
	again := "/admin/questions/answer/1/reopen"
	w.Shows(w.Ask(w.alma, "/admin/questions", nil), http.StatusOK, `action="`+again+`#past"`)
	w.Shows(w.Ask(w.lea, again, url.Values{"why": {"x"}}), http.StatusNotFound)
	w.Shows(w.Ask(w.alma, again, url.Values{"why": {""}}), http.StatusUnprocessableEntity, `id="f-again-answer-1-error"`)
	w.leads(w.Ask(w.alma, again, url.Values{"why": {"Je me suis trompée."}}), "/admin/questions#q-answer-1")
	w.Shows(w.Ask(w.alma, again, url.Values{"why": {"Encore."}}), http.StatusConflict, "déjà sur le bureau")
	w.Shows(w.Ask(w.alma, "/admin/questions", nil), http.StatusOK, "Je me suis trompée.", "Repris par l’équipe")
	w.leads(w.Ask(w.alma, "/admin/questions/answer/1", url.Values{"do": {"keep"}, "why": {"Exact."}}), "/admin/questions")
	w.Shows(w.Ask(0, one, nil), http.StatusOK, "Deux kilos.")
	w.Shows(w.Ask(w.shop.Owner, "/hidden/answer/1", nil), http.StatusNotFound)
}

// Whose answer is hidden does not read there what the platform hides of the asker's; who judges it does.
func TestAHiddenQuestionStaysHiddenBesideItsAnswer(t *testing.T) {
	w := open(t)
	one := w.asks("Cette marque ment-elle ?")
	w.Ask(w.shop.Owner, one, url.Values{"body": {"Demandez à votre mère."}})
	w.leads(w.Ask(w.lea, "/report/answer/1", url.Values{"reason": {"insult"}}), one)
	w.leads(w.Ask(0, "/report/question/1", url.Values{"reason": {"insult"}}), one)
	for _, what := range []string{"answer", "question"} {
		w.leads(w.Ask(w.alma, "/admin/questions/"+what+"/1", url.Values{"do": {"hide"}, "why": {"Injurieux."}}), "/admin/questions")
	}
	w.leads(w.Ask(w.shop.Owner, "/hidden/answer/1", url.Values{"text": {"Une plaisanterie."}}), "/hidden/answer/1")
	w.Shows(w.Ask(w.shop.Owner, "/hidden/answer/1", nil), http.StatusOK, "votre mère", "!Cette marque ment-elle")
	w.Shows(w.Ask(w.alma, "/admin/questions", nil), http.StatusOK, "votre mère", "Cette marque ment-elle")
}

// Who reported something does not decide about it; where nobody else is there, the desk says so.
func TestACaseThatNobodyCanDecide(t *testing.T) {
	w := open(t)
	if err := w.Members.Promote(t.Context(), 0, w.alma, true); err != nil {
		t.Fatal(err)
	}
	one := w.asks("Est-il lourd ?")
	w.leads(w.Ask(w.alma, "/report/question/1", url.Values{"reason": {"insult"}}), one)
	w.Shows(w.Ask(w.alma, "/admin/questions", nil), http.StatusOK, "Personne ne peut décider", "/admin/members", "!f-why-question-1")
	if err := w.Members.Promote(t.Context(), 0, w.lea, true); err != nil {
		t.Fatal(err)
	}
	w.Shows(w.Ask(w.alma, "/admin/questions", nil), http.StatusOK, "À quelqu’un d’autre de décider", "!Personne ne peut décider", "!f-why-question-1")
}

// Who designed what is sold answers, and the page says so.
func TestADesignerAnswers(t *testing.T) {
	w := open(t)
	w.Published(w.shop.Product, w.lea, 800, 0)
	one := w.asks("Que représente le dessin ?")
	w.Shows(w.Ask(w.lea, one, nil), http.StatusOK, "L’a dessiné")
	w.leads(w.Ask(w.lea, one, url.Values{"body": {"Une vague."}}), one+"#a-1")
	w.Shows(w.Ask(0, one, nil), http.StatusOK, "Une vague.", "</svg>L’a dessiné", "!</svg>L’a acheté")
}

// A refused decision about a case of the second page is shown there with what was typed, also once the list has that case elsewhere.
func TestADecisionOfTheSecondPage(t *testing.T) {
	w := open(t)
	for i := range 22 {
		if i%5 == 0 {
			w.Pass(1)
		}
		id, err := w.Questions.Ask(t.Context(), questions.Draft{MemberID: w.asker, ProductID: w.shop.Product, Lang: i18n.FR, Title: fmt.Sprintf("Question n° %02d ?", i)})
		if err == nil {
			err = w.Questions.Report(t.Context(), reports.Complaint{Part: questions.PartQuestion, ID: id, Reason: "insult"})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	decide := func(at, do, why string) *httptest.ResponseRecorder {
		return w.Ask(w.alma, "/admin/questions/question/"+at, url.Values{"do": {do}, "why": {why}})
	}
	w.Shows(w.Ask(w.alma, "/admin/questions", nil), http.StatusOK, "n° 00", "!n° 21", `action="/admin/questions/question/1#q-question-1"`)
	w.Shows(w.Ask(w.alma, "/admin/questions?page=2", nil), http.StatusOK, "n° 21", "!n° 00", `action="/admin/questions/question/22?page=2#q-question-22"`)
	w.Shows(decide("22?page=2", "", "Tapé."), http.StatusUnprocessableEntity, "n° 21", "!n° 00", "Tapé.</textarea>", `id="f-do-question-22-error"`, `href="/admin/questions"`, `!href="/admin/questions/question`)
	w.Shows(decide("22?page=2", "hide", ""), http.StatusUnprocessableEntity, "n° 21", `id="f-why-question-22-error"`)
	w.Shows(decide("22", "", "Tapé."), http.StatusUnprocessableEntity, "n° 00", "n° 21", "Tapé.</textarea>", `id="f-do-question-22-error"`, `href="/admin/questions?page=2"`)
	w.leads(decide("22?page=2", "keep", "Rien."), "/admin/questions?page=2")
	w.Shows(decide("22?page=2", "hide", "Encore."), http.StatusConflict, "Une autre personne a décidé entre-temps", "n° 20", "!f-why-question-22")
	w.leads(decide("21?page=2", "keep", "Rien."), "/admin/questions?page=2")
	w.Shows(w.Ask(w.alma, "/admin/questions?page=2", nil), http.StatusOK, "n° 00", "!Rien ne vous attend")
}

var ldJSON = regexp.MustCompile(`(?s)<script type="application/ld\+json">(.*?)</script>`)

// What search engines read is JSON of schema.org with everything that they ask of it, whatever people write.
func TestLinkedData(t *testing.T) {
	w := open(t)
	one := w.asks(`Passe-t-il au four ? </script><b>"`)
	w.asks("Sans réponse ?")
	w.Ask(w.buyer, one, url.Values{"body": {"Oui, à 180 degrés."}})
	w.Ask(w.shop.Owner, one, url.Values{"body": {"Oui, à 200."}})
	w.Ask(w.shop.Owner, one+"/answers/2/pin", url.Values{"pin": {"yes"}})
	read := func(path string, into any) {
		t.Helper()
		body := w.Ask(0, path, nil).Body.String()
		m := ldJSON.FindStringSubmatch(body)
		if len(m) == 0 {
			t.Fatalf("%s has no linked data", path)
		}
		if err := json.Unmarshal([]byte(m[1]), into); err != nil {
			t.Fatalf("%s: %v in %s", path, err, m[1])
		}
		for _, meta := range []string{`property="og:title"`, `property="og:image" content="` + w.URL + "/p/" + w.shop.Slug + "/card.jpg", `rel="canonical" href="` + w.URL + path + `"`} {
			if !strings.Contains(body, meta) {
				t.Errorf("%s lacks %s", path, meta)
			}
		}
	}
	type answer struct {
		Type   string `json:"@type"`
		Text   string `json:"text"`
		URL    string `json:"url"`
		Votes  *int   `json:"upvoteCount"`
		Author struct {
			Type string `json:"@type"`
			Name string `json:"name"`
		} `json:"author"`
	}
	type question struct {
		Type      string   `json:"@type"`
		Name      string   `json:"name"`
		Count     int      `json:"answerCount"`
		Accepted  *answer  `json:"acceptedAnswer"`
		Suggested []answer `json:"suggestedAnswer"`
	}
	var qa struct {
		Context string   `json:"@context"`
		Type    string   `json:"@type"`
		Main    question `json:"mainEntity"`
	}
	read(one, &qa)
	m := qa.Main
	if qa.Context != "https://schema.org" || qa.Type != "QAPage" || m.Type != "Question" || m.Name != `Passe-t-il au four ? </script><b>"` || m.Count != 2 ||
		m.Accepted == nil || m.Accepted.Type != "Answer" || m.Accepted.Author.Type != "Organization" || m.Accepted.Author.Name != "Maison terre" || len(m.Suggested) != 1 ||
		m.Suggested[0].Author.Type != "Person" || m.Suggested[0].URL != w.URL+one+"#a-1" || m.Suggested[0].Votes == nil {
		t.Errorf("%+v", qa)
	}
	var faq struct {
		Type string     `json:"@type"`
		Main []question `json:"mainEntity"`
	}
	read(w.list, &faq)
	if faq.Type != "FAQPage" || len(faq.Main) != 1 || faq.Main[0].Accepted == nil || faq.Main[0].Accepted.Text != "Oui, à 200." {
		t.Errorf("%+v", faq)
	}
}

func TestLongListsHavePages(t *testing.T) {
	w := open(t)
	for i := range 12 {
		if i%5 == 0 {
			w.Pass(1)
		}
		_, err := w.Questions.Ask(t.Context(), questions.Draft{MemberID: w.asker, ProductID: w.shop.Product, Lang: i18n.FR, Title: fmt.Sprintf("Question n° %02d ?", i)})
		if err != nil {
			t.Fatal(err)
		}
	}
	w.Shows(w.Ask(0, w.list+"?sort=new", nil), http.StatusOK, "n° 11", "n° 02", "!n° 01")
	w.Shows(w.Ask(0, w.list+"?sort=new&page=2", nil), http.StatusOK, "n° 01", "n° 00", "!n° 02")
	w.Shows(w.Ask(0, "/p/"+w.shop.Slug, nil), http.StatusOK, "Voir les 12 questions", "n° 11", "!n° 08")
}
