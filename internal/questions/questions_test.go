package questions_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"relais/internal/app/apptest"
	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/ledger"
	"relais/internal/notices"
	"relais/internal/postgres"
	"relais/internal/postgres/pgtest"
	"relais/internal/questions"
	"relais/internal/referrals"
	"relais/internal/reports"

	"github.com/jmoiron/sqlx"
)

// world is Relais with a brand and its staff, somebody who asks, two earlier buyers and a stranger.
type world struct {
	*apptest.World
	shop                                  apptest.Shop
	staff, asker, buyer, second, stranger int64
}

func open(t *testing.T) *world {
	t.Helper()
	w := &world{World: apptest.New(t)}
	w.shop = w.Shop("terre", 12000, 500)
	w.staff, w.asker, w.buyer, w.second, w.stranger = w.Member("staff"), w.Member("zoe"), w.Member("anne"), w.Member("paul"), w.Member("ivo")
	w.ok(w.Catalog.SetTeam(t.Context(), w.shop.Owner, w.shop.Brand, w.staff, catalog.Staff))
	w.receives(w.buyer, "anne@relais.example")
	w.receives(w.second, "paul@relais.example")
	return w
}

func (w *world) ok(err error) {
	w.T.Helper()
	if err != nil {
		w.T.Fatal(err)
	}
}

// receives has a member, 0 for a guest of that address, buy the product and receive it.
func (w *world) receives(member int64, email string) {
	w.T.Helper()
	w.Deliver(w.Paid(apptest.Purchase{Variant: w.shop.Variant, Member: member, Email: email}).ID)
}

func (w *world) asks(title string) int64 {
	w.T.Helper()
	id, err := w.Questions.Ask(w.T.Context(), questions.Draft{MemberID: w.asker, ProductID: w.shop.Product, Lang: i18n.FR, Title: title})
	w.ok(err)
	return id
}

func (w *world) answers(member, question int64, body string) int64 {
	w.T.Helper()
	id, err := w.Questions.Answer(w.T.Context(), questions.Reply{MemberID: member, QuestionID: question, Lang: i18n.FR, Body: body})
	w.ok(err)
	return id
}

func (w *world) question(id int64) questions.Question {
	w.T.Helper()
	q, err := questions.ByID(w.T.Context(), w.DB, 0, id)
	w.ok(err)
	return q
}

// told is how often a member was told that.
func (w *world) told(member int64, k notices.Kind, event string) (n int) {
	w.T.Helper()
	w.ok(w.DB.GetContext(w.T.Context(), &n, `select count(*) from notices where member_id = $1 and kind = $2 and event = $3`, member, k, event))
	return n
}

func refuses(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

// wrong fails where a field does not have that fault.
func wrong(t *testing.T, err error, field, key string) {
	t.Helper()
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Fields[field] != key {
		t.Errorf("%s: %v, want %s", field, err, key)
	}
}

func TestWhoAnswersAndAsWhat(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	id := w.asks("Passe-t-il au lave-vaisselle ?")
	reply := func(member int64, body string) error {
		_, err := w.Questions.Answer(ctx, questions.Reply{MemberID: member, QuestionID: id, Lang: i18n.FR, Body: body})
		return err
	}
	refuses(t, "a stranger", reply(w.stranger, "Sans doute."), questions.ErrNotBuyer)
	refuses(t, "a guest", reply(0, "Sans doute."), questions.ErrSignIn)
	under := w.Member("lea")
	w.Paid(apptest.Purchase{Variant: w.shop.Variant, Member: under, Email: "lea@relais.example"})
	refuses(t, "whose parcel is under way", reply(under, "Sans doute."), questions.ErrNotBuyer)
	back := w.Member("max")
	o := w.Paid(apptest.Purchase{Variant: w.shop.Variant, Member: back, Email: "max@relais.example"})
	w.Deliver(o.ID)
	w.ok(w.RefundAll(o.ID, 0))
	w.Settle()
	refuses(t, "who has the money back", reply(back, "Non."), questions.ErrNotBuyer)
	guest := w.Member("rose")
	w.receives(0, "rose@relais.example")
	w.ok(reply(guest, "Oui, je l’ai acheté avant d’avoir un compte."))
	w.ok(reply(w.buyer, "Oui, depuis un an."))
	w.ok(reply(w.buyer, "Oui, depuis un an.")) // sent twice
	refuses(t, "a second answer", reply(w.buyer, "J’ajoute."), questions.ErrAnswered)
	w.ok(reply(w.staff, "Oui, en haut."))
	refuses(t, "a second answer of the brand", reply(w.shop.Owner, "Oui !"), questions.ErrAnswered)
	wrong(t, reply(w.second, " \n "), "body", "fault.required")
	wrong(t, reply(w.second, strings.Repeat("é", 2001)), "body", "relay.text_too_long")

	var said []string
	for _, a := range w.question(id).Answers {
		said = append(said, fmt.Sprint(a.Author(), " ", a.ByBrand, " ", a.Earns))
	}
	if want := []string{"Maison terre true false", "Rose false false", "Anne false false"}; !slices.Equal(said, want) {
		t.Errorf("answers %q, want %q", said, want)
	}
	if n := w.told(w.asker, notices.Question, "buyer"); n != 2 {
		t.Errorf("who asked was told of buyers %d times", n)
	}
	if n := w.told(w.asker, notices.Question, "brand"); n != 1 {
		t.Errorf("who asked was told of the brand %d times", n)
	}
}

// Who recommends the product is labelled, whether they did when they wrote or do now.
func TestWhoEarnsIsLabelled(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	earns := func(id int64) bool {
		q := w.question(id)
		return q.Answers[0].Earns
	}
	first := w.asks("Est-il lourd ?")
	w.answers(w.buyer, first, "Non.")
	if earns(first) {
		t.Error("who recommends nothing is labelled")
	}
	_, err := w.Storefronts.AddListing(ctx, w.buyer, w.shop.Product)
	w.ok(err)
	if !earns(first) {
		t.Error("who lists it since is not labelled")
	}
	second := w.asks("Est-il grand ?")
	w.answers(w.buyer, second, "Oui.")
	w.ok(w.Storefronts.RemoveListing(ctx, w.buyer, w.shop.Product))
	if earns(first) || !earns(second) {
		t.Errorf("listed no more: %v and %v", earns(first), earns(second))
	}
	third := w.asks("Est-il profond ?")
	w.answers(w.second, third, "Assez.")
	link, err := w.Referrals.Create(ctx, w.second, referrals.Share{Target: referrals.ToProduct, ProductID: w.shop.Product})
	w.ok(err)
	w.ok(w.Storefronts.RemoveListing(ctx, w.second, w.shop.Product)) // sharing had listed it
	if !earns(third) {
		t.Error("who shares a link is not labelled")
	}
	if _, err := w.DB.ExecContext(ctx, `update share_links set disabled_at = $2 where id = $1`, link.ID, w.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	if earns(third) {
		t.Error("whose link is off is labelled")
	}
	fourth := w.asks("Est-il rond ?")
	w.answers(w.second, fourth, "Oui.")
	w.DB.MustExec(`with told as (insert into stories (code, author_id, lang, created_at, updated_at) values ('abcdefgh', $1, 'fr', now(), now()) returning id),
	  shown as (insert into story_products (story_id, product_id, position, tagged_at) select id, $2, 0, now() from told)
	  insert into share_links (code, member_id, target, story_id, channel, created_at) select 'storylnk', $1, 'story', id, 'copy', now() from told`, w.second, w.shop.Product)
	if !earns(fourth) {
		t.Error("who shares a story that shows it is not labelled")
	}
	w.DB.MustExec(`update story_products set off_at = now()`)
	if earns(fourth) {
		t.Error("a story that shows it no more is labelled")
	}
}

func TestAuthorsEditForHalfAnHourAndDelete(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	id := w.asks("Passe-t-il au four ?")
	answer := w.answers(w.buyer, id, "Oui.")
	w.ok(w.Questions.EditQuestion(ctx, w.asker, id, "Passe-t-il au four ?", ""))
	if w.question(id).EditedAt != nil {
		t.Error("the same words count as edited")
	}
	w.ok(w.Questions.EditQuestion(ctx, w.asker, id, "Passe-t-il au four à 200 degrés ?", "Pour du pain."))
	w.ok(w.Questions.EditAnswer(ctx, w.buyer, answer, "Oui, à 180."))
	q := w.question(id)
	if q.Details != "Pour du pain." || q.EditedAt == nil || q.Answers[0].Body != "Oui, à 180." || q.Answers[0].EditedAt == nil {
		t.Errorf("%+v", q)
	}
	err := w.Questions.EditQuestion(ctx, w.asker, id, " ", strings.Repeat("a", 1001))
	wrong(t, err, "title", "fault.required")
	wrong(t, err, "details", "relay.text_too_long")
	refuses(t, "edited by the brand", w.Questions.EditQuestion(ctx, w.staff, id, "Moche", ""), questions.ErrNotYours)
	refuses(t, "deleted by the brand", w.Questions.DeleteQuestion(ctx, w.shop.Owner, id), questions.ErrNotYours)
	refuses(t, "an answer edited by the brand", w.Questions.EditAnswer(ctx, w.staff, answer, "Non."), questions.ErrNotYours)
	refuses(t, "an answer deleted by who asked", w.Questions.DeleteAnswer(ctx, w.asker, answer), questions.ErrNotYours)
	brand := w.answers(w.staff, id, "Oui.")
	w.ok(w.Questions.EditAnswer(ctx, w.shop.Owner, brand, "Oui, à 200.")) // the brand's words are its team's
	w.Pass(1)
	refuses(t, "edited late", w.Questions.EditQuestion(ctx, w.asker, id, "Et au micro-ondes ?", ""), questions.ErrTooLate)
	refuses(t, "an answer edited late", w.Questions.EditAnswer(ctx, w.buyer, answer, "Non."), questions.ErrTooLate)
	w.ok(w.Questions.Pin(ctx, w.staff, answer, true))
	w.ok(w.Questions.DeleteAnswer(ctx, w.buyer, answer))
	again := w.answers(w.buyer, id, "En fait non.")
	refuses(t, "deleted again", w.Questions.DeleteAnswer(ctx, w.buyer, answer), questions.ErrGone)
	w.ok(w.Questions.DeleteQuestion(ctx, w.asker, id))
	_, err = questions.ByID(ctx, w.DB, 0, id)
	refuses(t, "deleted", err, questions.ErrGone)
	refuses(t, "an answer under it", w.Questions.Mark(ctx, w.stranger, again, true), questions.ErrGone)
	if _, err := w.DB.ExecContext(ctx, `update questions set state = 'shown' where id = $1`, id); err == nil {
		t.Error("what was deleted came back")
	}
}

// Two hundred marks at once, of ten members, are ten; and a brand pins one answer, whoever of its team is faster.
func TestMarksAndPinsAtOnce(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	id := w.asks("Est-il solide ?")
	answers := []int64{w.answers(w.buyer, id, "Très."), w.answers(w.second, id, "Assez.")}
	people := make([]int64, 10)
	for i := range people {
		people[i] = w.Member(fmt.Sprintf("lecteur%d", i))
	}
	var all sync.WaitGroup
	for i := range 200 {
		all.Go(func() {
			if err := w.Questions.Mark(ctx, people[i%10], answers[1], true); err != nil {
				t.Error(err)
			}
		})
		if i%20 == 0 {
			all.Go(func() {
				if err := w.Questions.Pin(ctx, w.staff, answers[i/20%2], true); err != nil {
					t.Error(err)
				}
			})
		}
	}
	all.Wait()
	refuses(t, "one's own", w.Questions.Mark(ctx, w.buyer, answers[0], true), questions.ErrOwnMark)
	w.ok(w.Questions.Mark(ctx, people[0], answers[1], false))
	w.ok(w.Questions.Mark(ctx, people[0], answers[1], false))
	q := w.question(id)
	pinned := 0
	for _, a := range q.Answers {
		if a.Pinned {
			pinned++
		}
		if want := map[int64]int64{answers[0]: 0, answers[1]: 9}[a.ID]; a.Helpful != want {
			t.Errorf("answer %d helped %d, want %d", a.ID, a.Helpful, want)
		}
	}
	if pinned != 1 || !q.Answers[0].Pinned || q.Useful != 9 {
		t.Errorf("%d pinned, first %v, useful %d", pinned, q.Answers[0].Pinned, q.Useful)
	}
	w.ok(w.Questions.Pin(ctx, w.staff, q.Answers[0].ID, false))
	if got := w.question(id).Answers[0]; got.Pinned || got.ID != answers[1] {
		t.Errorf("nothing is pinned, and %+v is first", got)
	}
	refuses(t, "pinned by a buyer", w.Questions.Pin(ctx, w.buyer, answers[0], true), questions.ErrNotYours)
	seen, err := questions.ByID(ctx, w.DB, people[1], id)
	if err != nil || !seen.Answers[0].Marked || seen.Answers[1].Marked {
		t.Errorf("what one marked: %+v, %v", seen.Answers, err)
	}
}

// Words are found in both languages whatever their form, in questions and answers; similar ones have answers already.
func TestSearch(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	dish, fridge := w.asks("Passe-t-il au lave-vaisselle sans perdre ses couleurs ?"), w.asks("Rentre-t-il dans un petit réfrigérateur ?")
	english, err := w.Questions.Ask(ctx, questions.Draft{MemberID: w.asker, ProductID: w.shop.Product, Lang: i18n.EN, Title: "Can the glazed surface be scratched?", Details: "We have knives."})
	w.ok(err)
	w.answers(w.buyer, fridge, "Oui, sur la clayette du bas, même avec un couvercle.")
	for text, want := range map[string][]int64{
		"couleur":        {dish},
		"réfrigerateurs": {fridge},
		"clayettes":      {fridge},
		"scratch":        {english},
		"knife":          {},
		"knives":         {english},
		"lave couleurs":  {dish},
		"camion":         {},
		"":               {fridge, english, dish},
	} {
		f := questions.Filter{ProductID: w.shop.Product, Words: text, Limit: 10}
		list, err := questions.Of(ctx, w.DB, f)
		w.ok(err)
		got := []int64{}
		for _, q := range list {
			got = append(got, q.ID)
		}
		if n, err := questions.CountOf(ctx, w.DB, f); err != nil || n != len(want) || !slices.Equal(got, want) {
			t.Errorf("%q: %v of %d, %v; want %v", text, got, n, err, want)
		}
	}
	newest, err := questions.Of(ctx, w.DB, questions.Filter{ProductID: w.shop.Product, Sort: questions.Newest, Limit: 1, Offset: 1})
	if err != nil || len(newest) != 1 || newest[0].ID != fridge || len(newest[0].Answers) != 1 {
		t.Errorf("newest: %+v, %v", newest, err)
	}
	w.answers(w.staff, english, "Hardly.")
	for _, c := range []struct {
		lang i18n.Lang
		text string
		want []int64
	}{
		{i18n.FR, "Est-ce qu’il rentre dans mon réfrigérateur ?", []int64{fridge}},
		{i18n.FR, "Les couleurs passent-elles ?", []int64{}}, // nobody answered that one yet
		{i18n.EN, "Does it scratch?", []int64{english}},
		{i18n.FR, "Quel est son poids ?", []int64{}},
		{i18n.FR, "Passe-t-il au four ? Rentre-t-il ?", []int64{fridge}},
		{i18n.FR, "Comment-t-il ?", []int64{}},
	} {
		list, err := questions.Similar(ctx, w.DB, w.shop.Product, c.lang, c.text)
		got := []int64{}
		for _, q := range list {
			got = append(got, q.ID)
		}
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("similar to %q: %v, %v; want %v", c.text, got, err, c.want)
		}
	}
}

// The team is told once; at most five earlier buyers are asked, none twice in a month, and none who do not want it.
func TestWhoIsTold(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	off := w.Member("muet")
	w.receives(off, "muet@relais.example")
	w.ok(w.Notices.Save(ctx, off, []notices.Setting{{Kind: notices.BuyerQuestion, Mail: notices.Never}}, "Europe/Paris"))
	w.receives(w.staff, "staff@relais.example")
	w.receives(w.asker, "zoe@relais.example")
	called := func() (n int) {
		w.ok(w.DB.GetContext(ctx, &n, `select count(*) from notices where kind = 'buyer_question'`))
		return n
	}
	var all sync.WaitGroup
	for i := range 8 { // at once, sent twice each
		all.Go(func() {
			_, err := w.Questions.Ask(ctx, questions.Draft{MemberID: w.asker, ProductID: w.shop.Product, Lang: i18n.FR, Title: fmt.Sprintf("Question %d ?", i/2)})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if w.told(w.shop.Owner, notices.BrandQuestion, "asked") != 4 || w.told(w.staff, notices.BrandQuestion, "asked") != 4 {
		t.Error("the team was not told once of each question")
	}
	if n := called(); n != 2 || w.told(w.buyer, notices.BuyerQuestion, "asked") != 1 || w.told(w.second, notices.BuyerQuestion, "asked") != 1 {
		t.Errorf("%d were asked", n)
	}
	for i := range 7 {
		w.receives(w.Member(fmt.Sprintf("client%d", i)), fmt.Sprintf("client%d@relais.example", i))
	}
	w.asks("Et la garantie ?")
	if n := called(); n != 7 {
		t.Errorf("%d were asked after a question that may ask five", n)
	}
	w.Pass(32)
	w.asks("Et après ?")
	if n := called(); n != 12 {
		t.Errorf("%d were asked after a month", n)
	}
	if w.told(off, notices.BuyerQuestion, "asked")+w.told(w.staff, notices.BuyerQuestion, "asked")+w.told(w.asker, notices.BuyerQuestion, "asked") != 0 {
		t.Error("who wants no such notice, the team or the author was asked")
	}
}

// Who publishes the design that a product is answers as that: told of the question, and not asked as a buyer too.
func TestTheDesignerAnswers(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	designer := w.Member("ines")
	w.receives(designer, "ines@relais.example")
	w.Published(w.shop.Product, designer, 800, 0)
	id := w.asks("Que représente le dessin ?")
	if w.told(designer, notices.Question, "asked") != 1 || w.told(designer, notices.BuyerQuestion, "asked") != 0 {
		t.Error("who designed it is told once, as that")
	}
	answer := w.answers(designer, id, "Une vague.")
	if q := w.question(id); len(q.Answers) != 1 || !q.Answers[0].ByDesigner || q.Answers[0].ByBrand || q.Answers[0].Author() != "Ines" {
		t.Errorf("%+v", q.Answers)
	}
	if w.told(w.asker, notices.Question, "designer") != 1 || w.told(w.asker, notices.Question, "buyer") != 0 {
		t.Error("who asked was not told who answers")
	}
	_, err := w.Questions.Answer(ctx, questions.Reply{MemberID: designer, QuestionID: id, Lang: i18n.FR, Body: "Encore."})
	refuses(t, "a second answer", err, questions.ErrAnswered)
	_, err = w.Questions.Answer(ctx, questions.Reply{MemberID: w.stranger, QuestionID: id, Lang: i18n.FR, Body: "Moi."})
	refuses(t, "a stranger", err, questions.ErrNotBuyer)
	var proof int
	w.ok(w.DB.GetContext(ctx, &proof, `select count(*) from question_answers where id = $1 and publication_id is not null and order_line_id is null`, answer))
	found, err := questions.Check(ctx, w.DB)
	w.ok(err)
	for _, f := range found {
		if f.Count != 0 {
			t.Errorf("%s: %d", f.Name, f.Count)
		}
	}
	if _, err := w.DB.Exec(`insert into question_answers (question_id, member_id, by_brand, publication_id, earns, lang, body, at) select question_id, $1, false, publication_id, false, 'fr', 'Moi', at from question_answers`, w.stranger); err == nil || proof != 1 {
		t.Errorf("an answer rests on what somebody else published: %d", proof)
	}
	tx := pgtest.Owner(t, w.DB).MustBegin()
	tx.MustExec(`set local session_replication_role = replica`)
	tx.MustExec(`update publications set author_id = $1`, w.stranger)
	found, err = questions.Check(ctx, tx)
	w.ok(errors.Join(err, tx.Rollback()))
	if !slices.ContainsFunc(found, func(f ledger.Finding) bool { return f.Name == "answers_proven" && f.Count == 1 }) {
		t.Errorf("the audit does not see an answer without its proof: %+v", found)
	}
}

// A report keeps what was said then. An answer that is hidden is read by who wrote it, who writes it anew, contests the decision once, and is told when it is shown again.
func TestAHiddenAnswerComesBack(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	admin := w.Member("alma")
	w.ok(w.Members.Promote(ctx, 0, admin, true))
	id := w.asks("Est-il lourd ?")
	answer := w.answers(w.buyer, id, "Achetez ailleurs.")
	w.ok(w.Questions.Report(ctx, reports.Complaint{Part: questions.PartAnswer, ID: answer, MemberID: w.stranger, Reason: "advert"}))
	if w.told(admin, notices.Desk, "waits") != 1 {
		t.Error("the administrators are not told that something waits")
	}
	w.ok(w.Questions.Report(ctx, reports.Complaint{Part: questions.PartQuestion, ID: id, MemberID: w.stranger, Reason: "insult"}))
	if w.told(admin, notices.Desk, "waits") != 1 {
		t.Error("the administrators are told of each report")
	}
	w.ok(w.Questions.EditAnswer(ctx, w.buyer, answer, "Deux kilos."))
	desk := w.Questions.Reports()
	c, err := desk.Case(ctx, w.DB, questions.PartAnswer, answer)
	if err != nil || c.Reports[0].Body != "Achetez ailleurs." || c.Reports[0].Title != "Est-il lourd ?" || c.Subject.Answer.Body != "Deux kilos." {
		t.Errorf("the desk reads %+v, %v", c, err)
	}
	decide := func(hide bool, why string) {
		t.Helper()
		w.ok(w.Questions.Decide(ctx, reports.Decision{Part: questions.PartAnswer, ID: answer, By: admin, Hide: hide, Why: why}))
	}
	decide(true, "Publicité.")
	seen, err := questions.HiddenAnswer(ctx, w.DB, w.buyer, id)
	if err != nil || seen == nil || seen.HiddenWhy != "Publicité." {
		t.Errorf("its author reads %+v, %v", seen, err)
	}
	if seen, err := questions.HiddenAnswer(ctx, w.DB, w.second, id); seen != nil || err != nil {
		t.Errorf("somebody else reads %+v, %v", seen, err)
	}
	w.Clock.Set(w.Clock.Now().Add(2 * time.Hour))
	refuses(t, "written anew by somebody else", w.Questions.EditAnswer(ctx, w.second, answer, "Moi."), questions.ErrGone)
	refuses(t, "deleted", w.Questions.DeleteAnswer(ctx, w.buyer, answer), questions.ErrGone)
	w.ok(w.Questions.EditAnswer(ctx, w.buyer, answer, "Deux kilos, sans la boîte."))
	w.ok(w.Questions.EditAnswer(ctx, w.buyer, answer, "Deux kilos, avec la boîte."))
	if q := w.question(id); len(q.Answers) != 0 {
		t.Error("what was written anew is read before the platform looked")
	}
	refuses(t, "contested while it waits", desk.Contest(ctx, w.DB, questions.PartAnswer, answer, w.buyer, "Relisez."), reports.ErrOpen)
	decide(true, "Toujours.")
	wrong(t, desk.Contest(ctx, w.DB, questions.PartAnswer, answer, w.buyer, " "), "text", "fault.required")
	refuses(t, "contested by somebody else", desk.Contest(ctx, w.DB, questions.PartAnswer, answer, w.second, "Relisez."), reports.ErrNotHidden)
	w.ok(desk.Contest(ctx, w.DB, questions.PartAnswer, answer, w.buyer, "Je n’y gagne rien."))
	decide(true, "Toujours pas.")
	refuses(t, "contested twice", desk.Contest(ctx, w.DB, questions.PartAnswer, answer, w.buyer, "Relisez."), reports.ErrContested)
	refuses(t, "reopened by who reported it", desk.Reopen(ctx, w.DB, reports.Decision{Part: questions.PartAnswer, ID: answer, By: w.stranger, Why: "x"}, w.Clock.Now()), reports.ErrYourOwn)
	w.ok(desk.Reopen(ctx, w.DB, reports.Decision{Part: questions.PartAnswer, ID: answer, By: admin, Why: "Un collègue en doute."}, w.Clock.Now()))
	decide(false, "Rien à redire.")
	if q := w.question(id); len(q.Answers) != 1 || q.Answers[0].Body != "Deux kilos, avec la boîte." || w.told(w.buyer, notices.Appeal, "shown") != 1 {
		t.Errorf("shown again: %+v", q.Answers)
	}
	var kept int
	w.ok(w.DB.GetContext(ctx, &kept, `select count(*) from question_reports where answer_id = $1 and decided <> ''`, answer))
	if kept != 4 {
		t.Errorf("the history has %d reports", kept)
	}
	for _, q := range []string{`update question_reports set why = 'autre' where decided <> ''`, `update question_reports set decided = 'kept' where decided = 'hidden'`, `update question_reports set reason = 'other'`} {
		if _, err := w.DB.Exec(q); err == nil {
			t.Errorf("%s is allowed", q)
		}
	}
}

// The application can neither delete what was said nor give it to somebody else, and each corruption is named by the audit.
func TestGuards(t *testing.T) {
	w := open(t)
	id := w.asks("Est-il lourd ?")
	answer := w.answers(w.buyer, id, "Non.")
	w.ok(w.Questions.Mark(t.Context(), w.stranger, answer, true))
	for _, q := range []string{`delete from questions`, `delete from question_answers`, `delete from question_reports`, `update questions set member_id = member_id + 1`,
		`update question_answers set order_line_id = null, by_brand = true`, `update questions set at = at - interval '1 day'`} {
		if _, err := w.DB.Exec(q); err == nil {
			t.Errorf("%s is allowed", q)
		}
	}
	broken := func(q sqlx.QueryerContext) (names []string) {
		found, err := questions.Check(t.Context(), q)
		w.ok(err)
		for _, f := range found {
			if f.Count > 0 {
				names = append(names, f.Name)
			}
		}
		return names
	}
	if got := broken(w.DB); got != nil {
		t.Errorf("broken without a reason: %v", got)
	}
	owner := pgtest.Owner(t, w.DB)
	for query, want := range map[string]string{
		`update shipments set state = 'shipped', delivered_at = null`:                 "answers_proven",
		`update question_answers set member_id = 1`:                                   "answers_proven",
		`update question_marks k set member_id = a.member_id from question_answers a`: "marks_of_others",
		`alter table questions disable trigger questions_move`:                        "question_guards",
		`grant delete on question_answers to relais_app`:                              "question_guards",
	} {
		tx := owner.MustBegin()
		tx.MustExec(`set local session_replication_role = replica`)
		tx.MustExec(query)
		if got := broken(tx); !slices.Contains(got, want) {
			t.Errorf("%s: the audit names %v, not %s", query, got, want)
		}
		w.ok(tx.Rollback())
	}
}

func TestFloodsAreRefused(t *testing.T) {
	w := open(t)
	for i := range 5 {
		w.asks(fmt.Sprintf("Question %d ?", i))
	}
	_, err := w.Questions.Ask(t.Context(), questions.Draft{MemberID: w.asker, ProductID: w.shop.Product, Lang: i18n.FR, Title: "Encore une ?"})
	refuses(t, "a sixth", err, fault.TooMany)
	if w.asks("Question 4 ?") != w.question(w.asks("Question 4 ?")).ID {
		t.Error("the same words are another question")
	}
}

func TestReportsAndDecisions(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	admin := w.Member("alma")
	w.ok(w.Members.Promote(ctx, 0, admin, true))
	id := w.asks("Cette marque ment-elle ?")
	answer := w.answers(w.buyer, id, "Achetez plutôt ailleurs.")
	report := func(part reports.Part, on, by int64, reason, text string) error {
		return w.Questions.Report(ctx, reports.Complaint{Part: part, ID: on, MemberID: by, Reason: reason, Text: text})
	}
	wrong(t, report(questions.PartQuestion, id, w.stranger, "ugly", ""), "reason", "fault.required")
	wrong(t, report(questions.PartQuestion, id, w.stranger, "other", ""), "text", "fault.required")
	wrong(t, report(questions.PartQuestion, id, w.staff, "insult", ""), "text", "fault.required") // a brand says why
	refuses(t, "one's own", report(questions.PartQuestion, id, w.asker, "insult", ""), reports.ErrYourOwn)
	refuses(t, "something else", report("rating", id, w.stranger, "insult", ""), questions.ErrGone)
	w.ok(report(questions.PartQuestion, id, w.staff, "insult", "Nous ne mentons pas."))
	w.ok(report(questions.PartQuestion, id, 0, "insult", ""))
	w.ok(report(questions.PartAnswer, answer, w.stranger, "advert", ""))
	refuses(t, "twice", report(questions.PartAnswer, answer, w.stranger, "other", "Vraiment."), reports.ErrReported)

	cases, total, err := w.Questions.Reports().Cases(ctx, w.DB, 10, 0)
	if err != nil || total != 2 || len(cases[0].Reports) != 2 || cases[0].Reports[0].By != "Maison terre" || cases[1].Subject.Answer == nil {
		t.Fatalf("%+v, %d, %v", cases, total, err)
	}
	refuses(t, "decided by the brand", w.Questions.Decide(ctx, reports.Decision{Part: questions.PartQuestion, ID: id, By: w.shop.Owner, Hide: true, Why: "Non."}), reports.ErrYourOwn)
	wrong(t, w.Questions.Decide(ctx, reports.Decision{Part: questions.PartAnswer, ID: answer, By: admin, Hide: true}), "why", "fault.required")
	w.ok(w.Questions.Pin(ctx, w.staff, answer, true))
	w.ok(w.Questions.Decide(ctx, reports.Decision{Part: questions.PartAnswer, ID: answer, By: admin, Hide: true, Why: "Publicité pour un autre site."}))
	if q := w.question(id); len(q.Answers) != 0 || q.Count != 0 {
		t.Errorf("a hidden answer is read: %+v", q)
	}
	if w.told(w.buyer, notices.Question, "hidden") != 1 || w.told(w.stranger, notices.Question, "report_hidden") != 1 {
		t.Error("the author and who reported were not told")
	}
	_, err = w.Questions.Answer(ctx, questions.Reply{MemberID: w.buyer, QuestionID: id, Lang: i18n.FR, Body: "Encore."})
	refuses(t, "another in its place", err, questions.ErrAnswered)
	w.ok(w.Questions.Decide(ctx, reports.Decision{Part: questions.PartQuestion, ID: id, By: admin, Hide: true, Why: "Injurieux."}))
	_, err = questions.ByID(ctx, w.DB, 0, id)
	refuses(t, "hidden", err, questions.ErrGone)
	refuses(t, "hidden, to its author", w.Questions.EditQuestion(ctx, w.asker, id, "Autre ?", ""), questions.ErrGone)
	refuses(t, "decided again", w.Questions.Decide(ctx, reports.Decision{Part: questions.PartQuestion, ID: id, By: admin, Why: "Non."}), reports.ErrDecided)
	desk := w.Questions.Reports()
	refuses(t, "taken up again by the brand", desk.Reopen(ctx, w.DB, reports.Decision{Part: questions.PartQuestion, ID: id, By: w.shop.Owner, Why: "x"}, w.Clock.Now()), reports.ErrYourOwn)
	w.ok(desk.Reopen(ctx, w.DB, reports.Decision{Part: questions.PartQuestion, ID: id, By: admin, Why: "Relisons."}, w.Clock.Now()))
	refuses(t, "taken up twice", desk.Reopen(ctx, w.DB, reports.Decision{Part: questions.PartQuestion, ID: id, By: admin, Why: "Encore."}, w.Clock.Now()), reports.ErrOpen)
	w.ok(w.Questions.Decide(ctx, reports.Decision{Part: questions.PartQuestion, ID: id, By: admin, Why: "À la réflexion, non."}))
	w.question(id)
	done, err := w.Questions.Reports().Decided(ctx, w.DB, 10)
	if err != nil || len(done) != 4 {
		t.Errorf("%+v, %v", done, err)
	}
	var logged int
	w.ok(w.DB.GetContext(ctx, &logged, `select count(*) from audit_log where action = 'question decided'`))
	if logged != 3 {
		t.Errorf("%d decisions in the log", logged)
	}
}

func TestTheDeskAndTheClockOfABrand(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	first, second, third := w.asks("Un ?"), w.asks("Deux ?"), w.asks("Trois ?")
	ids := func(open bool) (list []int64) {
		qs, err := questions.OfBrand(ctx, w.DB, w.shop.Brand, open, 10, 0)
		w.ok(err)
		for _, q := range qs {
			list = append(list, q.ID)
		}
		n, err := questions.CountOfBrand(ctx, w.DB, w.shop.Brand, open)
		if err != nil || n != len(list) {
			t.Errorf("counts %d of %d, %v", n, len(list), err)
		}
		return list
	}
	w.answers(w.buyer, first, "Oui.") // not the brand's
	w.answers(w.staff, second, "Oui.")
	if !slices.Equal(ids(true), []int64{first, third}) || !slices.Equal(ids(false), []int64{third, second, first}) {
		t.Errorf("open %v, all %v", ids(true), ids(false))
	}
	if _, ok, err := questions.ClockOf(ctx, w.DB, w.shop.Brand, w.Clock.Now()); ok || err != nil {
		t.Errorf("one answer tells how soon the brand answers: %v, %v", ok, err)
	}
	w.Pass(2)
	w.answers(w.staff, first, "Oui.")
	w.answers(w.staff, third, "Oui.")
	if days, ok, err := questions.ClockOf(ctx, w.DB, w.shop.Brand, w.Clock.Now()); !ok || err != nil || days < 2 || days > 3 {
		t.Errorf("within %d days, %v, %v", days, ok, err)
	}
	if _, ok, _ := questions.ClockOf(ctx, w.DB, w.shop.Brand, w.Clock.Now().Add(200*24*time.Hour)); ok {
		t.Error("what is old tells how soon the brand answers now")
	}
}

// Of a member whose account goes, what others rely on stays without their name; of the rest nothing can be read.
func TestWhatStaysOfAFormerMember(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	both, alone := w.asks("Passe-t-il au four ?"), w.asks("Est-ce que je peux venir le voir à l’atelier ?")
	useful, useless := w.answers(w.buyer, both, "Oui, à 180 degrés."), w.answers(w.buyer, alone, "Je ne sais pas.")
	w.ok(w.Questions.DeleteAnswer(ctx, w.buyer, useless))
	third := w.asks("Et au micro-ondes ?")
	w.answers(w.buyer, third, "Aucune idée.")
	w.ok(w.Questions.Mark(ctx, w.stranger, useful, true))
	forget := func(member int64) {
		w.ok(postgres.InTx(ctx, w.DB, func(tx *sqlx.Tx) error { return questions.Forget(ctx, tx, member) }))
	}
	forget(w.buyer)
	forget(w.asker)
	q := w.question(both)
	if q.Author() != "" || len(q.Answers) != 1 || q.Answers[0].Author() != "" || q.Answers[0].Body != "Oui, à 180 degrés." || q.Answers[0].ByBrand {
		t.Errorf("%+v", q)
	}
	var left []string
	w.ok(w.DB.SelectContext(ctx, &left, `select title || details from questions where id <> $1 union all select body from question_answers where id <> $2`, both, useful))
	if slices.Max(left) != "" {
		t.Errorf("left: %q", left)
	}
	var named int
	w.ok(w.DB.GetContext(ctx, &named, `select (select count(*) from questions where member_id is not null) + (select count(*) from question_answers where member_id is not null) + (select count(*) from question_calls where member_id = $1)`, w.buyer))
	if named != 0 {
		t.Errorf("%d rows still name them", named)
	}
}
