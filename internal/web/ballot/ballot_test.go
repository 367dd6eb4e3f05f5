package ballot_test

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"relais/internal/clicks"
	"relais/internal/i18n"
	"relais/internal/ideas"
	"relais/internal/polls"
	"relais/internal/referrals"
)

// The main job: drafted with its faults said at each field, pictured, opened, voted with the price shown, decided, answered, and thanked for on the product's page.
func TestFromTheDraftToTheProduct(t *testing.T) {
	w := open(t)
	owner := w.shop.Owner
	w.Shows(w.Ask(0, "/polls", nil), http.StatusOK, "Aucun sondage pour le moment", "/brands")
	w.Shows(w.Ask(owner, desk, nil), http.StatusOK, "Pas encore de sondage", desk+"/new")
	w.Shows(w.Ask(owner, desk+"/new?product="+strconv.FormatInt(w.shop.Product, 10), nil), http.StatusOK, "!L’idée d’où elle vient", "Bol terre", "Question 5", `selected>Bol terre`)
	w.Shows(w.Ask(w.lea, desk, nil), http.StatusNotFound)
	bad := w.filled()
	bad.Set("floor", "116,01")
	bad.Set("days", "61")
	w.Shows(w.Ask(owner, desk+"/new", bad), http.StatusUnprocessableEntity, "De 1 à 60 jours.", "Il sera tourné", `value="116,01"`, `value="&#43; 10"`)
	bad.Set("days", "10")
	w.Shows(w.Ask(owner, desk+"/new", bad), http.StatusUnprocessableEntity, "Une combinaison d’options coûte moins que ce plancher.") // 115.00
	bad.Set("q.0.o.0.effect", "beaucoup")
	w.Shows(w.Ask(owner, desk+"/new", bad), http.StatusUnprocessableEntity, "Ce montant n’est pas lisible", "beaucoup")

	at := w.leads(w.Ask(owner, desk+"/new", w.filled()), desk+"/")
	code := strings.TrimPrefix(at, desk+"/")
	w.Shows(w.Ask(owner, at, nil), http.StatusOK, "Le bol d’automne", `value="2.10"`, `value="-5.00"`, "Ouvrir le vote", "Céladon")
	v, err := w.Polls.OfTeam(t.Context(), w.shop.Brand, code, "fr")
	w.must(err)
	w.Shows(w.sends(at, v.Questions[0].Options[0].ID, []byte("no picture")), http.StatusUnprocessableEntity, `id="p-`+strconv.FormatInt(v.Questions[0].Options[0].ID, 10)+`-error"`)
	w.leads(w.sends(at, v.Questions[0].Options[0].ID, picture(t)), at)
	edited := w.filled()
	edited.Set("q.0.o.0.id", strconv.FormatInt(v.Questions[0].Options[0].ID, 10))
	w.leads(w.Ask(owner, at, edited), at) // it keeps the picture
	w.Shows(w.Ask(0, "/polls/"+code, nil), http.StatusNotFound)
	w.leads(w.Ask(owner, at+"/open", url.Values{}), at)

	page := "/polls/" + code
	w.Shows(w.Ask(0, page, nil), http.StatusOK, "Quel émail ?", "Céladon", "2,10", "−5,00", "même prix", "/media/", "Se connecter pour voter", `formaction="/polls/`+code+`/login"`, "entre 115,00", "et 132,10", "L’équipe de la marque ne vote pas.", "!Voter<")
	for _, at := range []string{"/polls", "/", "/b/terre", "/p/" + w.shop.Slug} {
		w.Shows(w.Ask(0, at, nil), http.StatusOK, "Le bol d’automne", page)
	}
	choice := w.choice(code, 0, 0)
	choice.Set("price", "yes")
	w.Shows(w.Ask(0, page+"?"+choice.Encode(), nil), http.StatusOK, "<output>132,10") // 120.00 + 2.10 + 10.00
	w.leads(w.Ask(0, page+"/vote", w.choice(code, 0, 0)), "/login")
	// Who has to log in finds their choice again.
	back, err := url.Parse(w.leads(w.Ask(0, page+"/login?"+w.choice(code, 1, 0).Encode()+"&c=abc", nil), "/login?next="))
	w.must(err)
	kept, err := url.Parse(back.Query().Get("next"))
	w.must(err)
	if kept.Path != page || kept.Query().Get("c") != "abc" {
		t.Errorf("leads back to %s", kept)
	}
	w.Shows(w.Ask(w.lea, kept.RequestURI(), nil), http.StatusOK, `value="`+w.choice(code, 1).Get("q.0")+`" data-effect="-500" checked`, "<output>125,00")
	if at := w.leads(w.Ask(0, page+"/login", nil), "/login?next="); at != "/login?"+(url.Values{"next": {page + "#ballot"}}).Encode() {
		t.Errorf("without a choice to %s", at)
	}
	half := w.choice(code, 1)
	w.Shows(w.Ask(w.lea, page+"/vote", half), http.StatusUnprocessableEntity, "Choisissez une option.", `value="`+half.Get("q.0")+`" data-effect="-500" checked`)
	w.votes(code, w.lea, 0, 0)
	w.votes(code, w.max, 1, 0)
	w.votes(code, w.max, 0, 0)
	w.Shows(w.Ask(w.max, page, nil), http.StatusOK, "Changer mon vote", "2 votes, 100", "votre choix", "Les votes jusqu’ici")
	w.Shows(w.Ask(owner, page, nil), http.StatusOK, "L’équipe de la marque ne vote pas dans ses sondages")
	w.Shows(w.Ask(owner, at, edited), http.StatusConflict, "il ne se modifie plus")

	w.Clock.Set(*w.view(code).ClosesAt)
	w.Shows(w.Ask(0, page, nil), http.StatusOK, "Le vote est clos, on compte", "!Se connecter pour voter")
	w.Shows(w.Ask(0, "/polls", nil), http.StatusOK, "on compte", "!>ouvert<")
	w.at(w.Clock.Now())
	w.Shows(w.Ask(0, page, nil), http.StatusOK, "2 personnes ont décidé", "Céladon", "132,10", "dira avant le", "!On compte")
	w.at(*w.view(code).AnswerBy)
	w.Shows(w.Ask(0, page, nil), http.StatusOK, "Elle ne l’a pas encore fait")
	w.Shows(w.Ask(0, "/polls", nil), http.StatusOK, "Réponse attendue depuis")
	w.Shows(w.Ask(owner, desk, nil), http.StatusOK, "réponse en retard")
	w.Shows(w.Ask(owner, at+"/answer", url.Values{"answer": {" "}}), http.StatusUnprocessableEntity, "Dire ce que vous en avez fait")
	w.leads(w.Ask(owner, at+"/answer", url.Values{"answer": {"Il est tourné."}, "product": {strconv.FormatInt(w.shop.Product, 10)}}), at)
	w.Shows(w.Ask(0, page, nil), http.StatusOK, "Il est tourné.", "/p/"+w.shop.Slug, "Proposé moins cher", "120,00", "!ne l’a pas encore fait")
	dear := w.Shop("cher", 20000, 5)
	w.DB.MustExec(`update products set brand_id = $2 where id = $1`, dear.Product, w.shop.Brand)
	named := url.Values{"product": {strconv.FormatInt(dear.Product, 10)}}
	w.Shows(w.Ask(owner, at+"/piece", named), http.StatusUnprocessableEntity, "Elle coûte plus que ce qui a été décidé", "132,10")
	named.Set("why", "Le bois a doublé.")
	w.leads(w.Ask(owner, at+"/piece", named), at)
	w.Shows(w.Ask(0, page, nil), http.StatusOK, "Proposé plus cher", "200,00", "Le bois a doublé.")
	w.Shows(w.Ask(0, "/p/"+dear.Slug, nil), http.StatusOK, "2 personnes ont décidé")
	w.Shows(w.Ask(0, "/p/"+w.shop.Slug, nil), http.StatusOK, "2 personnes ont décidé", "Céladon, Grande", page)
	w.Shows(w.Ask(0, page, nil, "Accept-Language", "en"), http.StatusOK, "2 people decided", "What the brand did about it", "!ballot.outcome", "!ballot.facts")
}

// A poll of an idea: chosen on the form, refused at its field where it is none of the brand's, said on its page, and carried on to the launch once it is decided.
func TestPollOfAnIdea(t *testing.T) {
	w := open(t)
	owner := w.shop.Owner
	w.must(w.Ideas.Set(t.Context(), owner, w.shop.Brand, ideas.Settings{Taken: true, Threshold: 5, Days: 60, AnswerDays: 21}))
	i, err := w.Ideas.Propose(t.Context(), w.lea, w.shop.Brand, ideas.Draft{Operation: "operation-1", Lang: i18n.FR, Title: "Un bol d’hiver", Text: "Pour la soupe.", Named: true})
	w.must(err)
	id := strconv.FormatInt(i.ID, 10)
	w.Shows(w.Ask(owner, desk+"/new?idea="+id, nil), http.StatusOK, "L’idée d’où elle vient", `selected>Un bol d’hiver`)
	form := w.filled()
	form.Set("quorum", "1")
	form.Set("idea", "100"+id)
	w.Shows(w.Ask(owner, desk+"/new", form), http.StatusUnprocessableEntity, `id="f-idea-error"`, "Il sera tourné")
	form.Set("idea", id)
	code := w.asks(form)
	w.Shows(w.Ask(0, "/polls/"+code, nil), http.StatusOK, "D’une idée de Lea", i.Path())
	w.votes(code, w.max, 0, 0)
	w.at(*w.view(code).ClosesAt)
	w.Shows(w.Ask(owner, desk+"/"+code, nil), http.StatusOK, `href="/brand/terre/launches/new?poll=`+code+`"`, `href="/brand/terre/products/new?poll=`+code+`"`)
	w.Shows(w.Ask(owner, desk+"/"+code, nil), http.StatusOK, "Pourquoi plus cher")
	late := w.leads(w.Ask(owner, desk+"/new", form), desk+"/")
	w.must(w.Ideas.Withdraw(t.Context(), w.lea, i.ID))
	w.Shows(w.Ask(owner, late+"/open", url.Values{}), http.StatusUnprocessableEntity, "ne s’est pas arrêtée", "Il sera tourné")
}

// What was voted is read by those who have voted, on every route, until it is over; then by everybody.
func TestResultsOnEveryRoute(t *testing.T) {
	w := open(t)
	third := w.Member("zoe")
	code := w.asks(w.filled())
	for i, member := range []int64{w.lea, w.max, third} {
		w.votes(code, member, min(i, 1), 0) // 33 % and 66 %, 100 % and none
	}
	marks := []string{"poll-bars", "2 votes, 66", "1 vote, 33", "Les votes jusqu", "comptent", `class="chosen"`, `class="chip">votre choix`}
	hidden := func(words []string) (list []string) {
		for _, word := range words {
			list = append(list, "!"+word)
		}
		return list
	}(marks)
	looker := w.Member("looker")
	pages := map[string][]int64{"/polls/" + code: {0, looker, w.shop.Owner, w.admin}, "/polls/" + code + "?price=yes": {0, looker}, "/polls": {0, looker, w.lea}, "/": {0}, "/b/terre": {0, looker}, "/p/" + w.shop.Slug: {0, looker},
		"/polls/" + code + "/report": {looker}, desk: {w.shop.Owner}, desk + "/" + code: {w.shop.Owner}, "/admin/polls": {w.admin}, "/admin/polls/" + code: {w.admin}}
	for at, viewers := range pages {
		for _, viewer := range viewers {
			for _, headers := range [][]string{nil, {"HX-Request", "true"}, {"Accept", "application/json"}} {
				rw := w.Ask(viewer, at, nil, headers...)
				w.Shows(rw, http.StatusOK, hidden...)
				if t.Failed() {
					t.Fatalf("%s as %d, %v", at, viewer, headers)
				}
			}
		}
	}
	// A refused ballot shows nothing either.
	w.Shows(w.Ask(looker, "/polls/"+code+"/vote", url.Values{}), http.StatusUnprocessableEntity, hidden...)
	w.Shows(w.Ask(w.lea, "/polls/"+code, nil), http.StatusOK, "2 votes, 66", "1 vote, 33", "3 votes comptent", `class="chip">votre choix`)
	w.at(*w.view(code).ClosesAt)
	for _, viewer := range []int64{0, looker} {
		w.Shows(w.Ask(viewer, "/polls/"+code, nil), http.StatusOK, "2 votes, 66", "3 votes comptent", "poll-bars")
	}
	w.Shows(w.Ask(w.shop.Owner, desk+"/"+code, nil), http.StatusOK, "2 votes, 66", "poll-bars")
}

// Ballots in doubt: their voter reads why, and the result says how many there are and for what reason.
func TestDoubtsAreSaid(t *testing.T) {
	w := open(t)
	code := w.asks(w.filled())
	_, err := w.DB.Exec(`update members set created_at = $2 where id = $1`, w.max, time.Now().Add(time.Hour))
	w.must(err)
	w.votes(code, w.lea, 0, 0)
	w.votes(code, w.max, 0, 0)
	w.Shows(w.Ask(w.max, "/polls/"+code, nil), http.StatusOK, "Votre vote est compté à part", "compte créé après l’ouverture")
	w.Shows(w.Ask(w.lea, "/polls/"+code, nil), http.StatusOK, "1 vote n’est pas compté", "1 · compte créé après l’ouverture", "1 vote compte.", "!Votre vote est compté à part")
	w.at(*w.view(code).ClosesAt)
	w.Shows(w.Ask(0, "/polls/"+code, nil), http.StatusOK, "1 sur 2 nécessaires", "1 vote n’est pas compté")
}

// The brand cancels, with a reason; a member reports and the platform takes a poll off.
func TestCancelReportStop(t *testing.T) {
	w := open(t)
	code := w.asks(w.filled())
	w.Shows(w.Ask(w.shop.Owner, desk+"/"+code+"/cancel", url.Values{"why": {""}}), http.StatusUnprocessableEntity, "Annuler le sondage")
	w.leads(w.Ask(w.shop.Owner, desk+"/"+code+"/cancel", url.Values{"why": {"Le four a rendu l’âme."}}), desk)
	w.Shows(w.Ask(0, "/polls/"+code, nil), http.StatusOK, "Le four a rendu l’âme.", "!Se connecter pour voter")
	binding := w.filled()
	binding.Set("quorum", "1")
	bound := w.asks(binding)
	w.votes(bound, w.lea, 0, 0)
	w.Shows(w.Ask(w.shop.Owner, desk+"/"+bound, nil), http.StatusOK, "ce sondage vous engage", "!Annuler le sondage")
	w.leads(w.Ask(w.shop.Owner, desk+"/"+bound+"/cancel", url.Values{"why": {"Pas pour nous."}}), desk)
	w.Shows(w.Ask(0, "/polls/"+bound, nil), http.StatusOK, "!Pas pour nous.", "La marque ne peut plus l’annuler")
	second := w.asks(w.filled())
	w.Shows(w.Ask(0, "/polls/"+second+"/report", url.Values{}), http.StatusUnprocessableEntity, "Signaler un sondage", "f-reason-error")
	w.leads(w.Ask(0, "/polls/"+second+"/report", url.Values{"reason": {"misleading"}}), "/polls/"+second)
	w.leads(w.Ask(w.lea, "/polls/"+second+"/report", url.Values{"reason": {"other"}, "text": {"Prix inventés"}}), "/polls/"+second)
	w.Shows(w.Ask(w.lea, "/polls/"+second+"/report", url.Values{"reason": {"other"}, "text": {"Encore"}}), http.StatusConflict)
	var id string
	w.must(w.DB.Get(&id, `select id from polls where code = $1`, second))
	judge := "/admin/polls/poll/" + id
	w.Shows(w.Ask(w.lea, "/admin/polls", nil), http.StatusNotFound)
	w.Shows(w.Ask(w.admin, "/admin/polls", nil), http.StatusOK, "Trompeur", "Prix inventés", "Céladon", "Un visiteur")
	w.Shows(w.Ask(w.admin, "/admin/polls/"+second, nil), http.StatusOK, "#q-poll-"+id, "!/reopen")
	w.Shows(w.Ask(w.admin, "/admin/polls/"+code, nil), http.StatusOK, "/reopen")
	w.Shows(w.Ask(w.admin, "/admin/polls/all", nil), http.StatusOK, "/admin/polls/"+second)
	w.Shows(w.Ask(w.admin, judge, url.Values{"do": {"hide"}}), http.StatusUnprocessableEntity, "Prix inventés")
	w.leads(w.Ask(w.admin, judge, url.Values{"do": {"hide"}, "why": {"Promesse fausse."}}), "/admin/polls")
	w.Shows(w.Ask(w.shop.Owner, "/hidden/poll/"+id, nil), http.StatusOK, "Promesse fausse.", "Contester cette décision")
	w.Shows(w.Ask(0, "/polls/"+second, nil), http.StatusOK, "Promesse fausse.", "!Le bol d’automne", "!Céladon")
	w.Shows(w.Ask(0, "/polls", nil), http.StatusOK, "!/polls/"+second)
	w.Shows(w.Ask(w.shop.Owner, desk+"/"+second, nil), http.StatusOK, "Promesse fausse.")
	var logged int
	w.must(w.DB.Get(&logged, `select count(*) from audit_log where actor_id = $1 and action = 'poll stopped'`, w.admin))
	if logged != 1 {
		t.Errorf("logged %d times", logged)
	}
	w.Shows(w.Ask(w.lea, "/polls/"+second+"/report", nil), http.StatusNotFound)
	w.leads(w.Ask(w.shop.Owner, desk+"/"+w.draft()+"/delete", url.Values{}), desk)
}

// draft keeps a draft.
func (w *world) draft() string {
	return strings.TrimPrefix(w.leads(w.Ask(w.shop.Owner, desk+"/new", w.filled()), desk+"/"), desk+"/")
}

// In the pages of a poll with all of its questions, each is answered; a form that names more is not.
func TestFiveQuestions(t *testing.T) {
	w := open(t)
	form := w.filled()
	form.Set("floor", "1")
	for i := range polls.MaxQuestions {
		n := "q." + strconv.Itoa(i)
		form.Set(n+".text", "Question "+strconv.Itoa(i))
		for j := range polls.MaxOptions {
			form.Set(n+".o."+strconv.Itoa(j)+".text", "Option "+strconv.Itoa(j))
			form.Set(n+".o."+strconv.Itoa(j)+".effect", strconv.Itoa(j))
		}
	}
	code := w.asks(form)
	w.votes(code, w.lea, 5, 4, 3, 2, 1)
	w.Shows(w.Ask(w.lea, "/polls/"+code, nil), http.StatusOK, "<output>135,00")
	v := w.view(code)
	if len(v.Questions) != 5 || len(v.Questions[4].Options) != 6 {
		t.Errorf("%+v", v.Questions)
	}
}

// A member's link to a poll leads to its page, which says that they earn; a link to a poll that does not exist is refused by the database.
func TestLinkToAPoll(t *testing.T) {
	w := open(t)
	code := w.asks(w.filled())
	v, err := w.Polls.ByCode(t.Context(), code, 0, i18n.FR)
	w.must(err)
	link, err := w.Referrals.Create(t.Context(), w.lea, referrals.Share{Target: referrals.ToPoll, PollID: v.ID, Channel: "copy"})
	w.must(err)
	if link.Landing("") != "/polls/"+code || link.PollTitle != v.Title || !link.ForSale {
		t.Errorf("%+v leads to %s", link, link.Landing(""))
	}
	if again, err := w.Referrals.Create(t.Context(), w.lea, referrals.Share{Target: referrals.ToPoll, PollID: v.ID, Channel: "copy"}); err != nil || again.ID != link.ID {
		t.Errorf("twice: %+v, %v", again, err)
	}
	if _, err := w.Referrals.Create(t.Context(), w.lea, referrals.Share{Target: referrals.ToPoll, PollID: v.ID + 1000}); err != referrals.ErrPoll && !errors.Is(err, referrals.ErrPoll) {
		t.Errorf("of none: %v", err)
	}
	w.Shows(w.Ask(w.max, "/polls/"+code, nil), http.StatusOK, `name="poll" value="`+code+`"`, "/me/posts/new?poll="+code, `!class="ad-label"`)
	click, err := w.Clicks.Record(t.Context(), clicks.Visit{LinkID: link.ID, Address: "203.0.113.9", UserAgent: "Mozilla/5.0"})
	w.must(err)
	w.Shows(w.Ask(w.max, "/polls/"+code+"?c="+click.Token, nil), http.StatusOK, `class="ad-label"`, "?c="+click.Token)
}
