package ratings_test

import (
	"context"
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
	"relais/internal/mail"
	"relais/internal/notices"
	"relais/internal/orders"
	"relais/internal/postgres/pgtest"
	"relais/internal/ratings"
	"relais/internal/reports"
	"relais/internal/stripesandbox"
)

// world is Relais with a brand and two members who recommend.
type world struct {
	*apptest.World
	t        *testing.T
	shop     apptest.Shop
	lea, max int64
}

func open(t *testing.T) *world {
	t.Helper()
	w := &world{World: apptest.New(t), t: t}
	w.shop, w.lea, w.max = w.Shop("terre", 12000, 500), w.Member("lea"), w.Member("max")
	return w
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// bought is an order of one piece by a buyer of that e-mail, received.
func (w *world) bought(p apptest.Purchase) orders.Page {
	w.t.Helper()
	if p.Variant == 0 {
		p.Variant = w.shop.Variant
	}
	o := w.Paid(p)
	w.Deliver(o.ID)
	return o
}

// withCard is bought, paid with the second card: everybody else has the first.
func (w *world) withCard(p apptest.Purchase) orders.Page {
	w.t.Helper()
	p.Variant = w.shop.Variant
	o := w.Order(p)
	w.Pay(o, stripesandbox.SecondCard)
	w.Settle()
	w.Deliver(o.ID)
	page, err := w.Orders.ByID(w.t.Context(), o.ID)
	w.ok(err)
	return page
}

func (w *world) draft(o orders.Page, stars int) ratings.Draft {
	return ratings.Draft{OrderID: o.ID, LineID: o.Shipments[0].Lines[0].ID, Lang: i18n.FR, Stars: stars, Title: "Titre", Body: "Un bol qui tient bien en main.", Name: "Anne"}
}

func (w *world) rated(o orders.Page, stars int) int64 {
	w.t.Helper()
	id, err := w.Ratings.Save(w.t.Context(), w.draft(o, stars))
	w.ok(err)
	return id
}

func (w *world) sums() ratings.Sums {
	w.t.Helper()
	s, err := ratings.SumsOf(w.t.Context(), w.DB, w.shop.Product)
	w.ok(err)
	return s
}

// audited fails where a recount gives other sums, or a rating rests on nothing.
func (w *world) audited() {
	w.t.Helper()
	found, err := ratings.Check(w.t.Context(), w.DB)
	w.ok(err)
	for _, f := range found {
		if f.Count != 0 {
			w.t.Errorf("%s is broken %d times", f.Name, f.Count)
		}
	}
}

func (w *world) letters(template string) (n int) {
	w.t.Helper()
	w.ok(w.DB.GetContext(w.t.Context(), &n, `select count(*) from letters where template = $1`, template))
	return n
}

func TestWhoMayRate(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	staff := w.Member("staff")
	w.ok(w.Catalog.SetTeam(ctx, w.shop.Owner, w.shop.Brand, staff, catalog.Staff))
	_, err := w.Storefronts.AddListing(ctx, w.lea, w.shop.Product)
	w.ok(err)
	under := w.Paid(apptest.Purchase{Variant: w.shop.Variant, Email: "en-route@poste.example"})
	back := w.bought(apptest.Purchase{Email: "rendu@poste.example"})
	w.ok(w.RefundAll(back.ID, 0))
	w.Settle()
	for name, c := range map[string]struct {
		o    orders.Page
		want error
	}{
		"a guest":                           {w.bought(apptest.Purchase{Email: "anne@poste.example"}), nil},
		"a guest of a friend":               {w.bought(apptest.Purchase{Email: "zoe@poste.example", Storefront: w.lea}), nil},
		"a member":                          {w.bought(apptest.Purchase{Email: "max@relais.example", Member: w.max}), nil},
		"whose parcel is under way":         {under, ratings.ErrNotReceived},
		"who has the money back":            {back, ratings.ErrPaidBack},
		"the owner of the brand":            {w.withCard(apptest.Purchase{Email: "o@poste.example", Member: w.shop.Owner}), ratings.ErrInterested},
		"its staff, as a guest":             {w.bought(apptest.Purchase{Email: "Staff+test@relais.example"}), ratings.ErrInterested},
		"the brand's address":               {w.bought(apptest.Purchase{Email: "terre@marque.example"}), ratings.ErrInterested},
		"who lists it":                      {w.withCard(apptest.Purchase{Email: "x@poste.example", Member: w.lea}), ratings.ErrInterested},
		"who lists it, as a guest":          {w.bought(apptest.Purchase{Email: "lea@relais.example"}), ratings.ErrInterested},
		"another member beside the staff's": {w.bought(apptest.Purchase{Email: fmt.Sprintf("m%d@poste.example", staff)}), nil},
	} {
		_, err := w.Ratings.Save(ctx, w.draft(c.o, 4))
		if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if got := w.sums(); got != (ratings.Sums{0, 0, 0, 4, 0}) {
		t.Errorf("sums %v", got)
	}
	list, err := ratings.Of(ctx, w.DB, w.shop.Product, 0, 10, 0)
	w.ok(err)
	relayed := 0
	for _, r := range list {
		if r.Relayed {
			relayed++
		}
	}
	if len(list) != 4 || relayed != 1 {
		t.Errorf("%d ratings, %d bought through a friend; want 4 and 1", len(list), relayed)
	}
	other := w.draft(under, 5)
	other.OrderID = back.ID // a line of another order
	if _, err := w.Ratings.Save(ctx, other); !errors.Is(err, ratings.ErrGone) {
		t.Errorf("a line of another order: %v", err)
	}
	w.audited()
}

// The card of somebody who gains by the sale is theirs, whatever the name on the order.
func TestCardOfWhoGains(t *testing.T) {
	w := open(t)
	_, err := w.Storefronts.AddListing(t.Context(), w.lea, w.shop.Product)
	w.ok(err)
	w.withCard(apptest.Purchase{Member: w.lea, Email: "lea@relais.example"})
	o := w.withCard(apptest.Purchase{Email: "inconnue@poste.example"})
	if _, err := w.Ratings.Save(t.Context(), w.draft(o, 5)); !errors.Is(err, ratings.ErrInterested) {
		t.Errorf("%v", err)
	}
}

// Cards of which the provider says no fingerprint are not one card.
func TestCardsWithoutFingerprint(t *testing.T) {
	w := open(t)
	_, err := w.Storefronts.AddListing(t.Context(), w.lea, w.shop.Product)
	w.ok(err)
	w.bought(apptest.Purchase{Member: w.lea, Email: "lea@relais.example"})
	o := w.bought(apptest.Purchase{Email: "inconnue@poste.example"})
	_, err = w.DB.Exec(`update orders set card_fingerprint = ''`)
	w.ok(err)
	if _, err := w.Ratings.Save(t.Context(), w.draft(o, 5)); err != nil {
		t.Errorf("%v", err)
	}
}

func TestOneRatingOfABuyer(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	first, second := w.bought(apptest.Purchase{Email: "anne@poste.example"}), w.bought(apptest.Purchase{Email: "Anne@poste.example"})
	id := w.rated(first, 2)
	w.Pass(1)
	d := w.draft(second, 5)
	if again, err := w.Ratings.Save(ctx, d); err != nil || again != id {
		t.Errorf("a second rating %d, %v; want %d again", again, err, id)
	}
	r, err := ratings.ByID(ctx, w.DB, id)
	w.ok(err)
	if r.Stars != 5 || r.EditedAt == nil || r.OrderLineID != first.Shipments[0].Lines[0].ID {
		t.Errorf("%+v", r)
	}
	edited := *r.EditedAt
	w.Pass(1)
	w.rated(second, 5) // nothing new
	if r, err = ratings.ByID(ctx, w.DB, id); err != nil || !r.EditedAt.Equal(edited) {
		t.Errorf("edited %v, %v; want %v still", r.EditedAt, err, edited)
	}
	w.ok(w.Ratings.Withdraw(ctx, first.ID, first.Shipments[0].Lines[0].ID))
	if w.sums().Count() != 0 {
		t.Error("a withdrawn rating counts")
	}
	w.rated(first, 3)
	if w.sums() != (ratings.Sums{0, 0, 1, 0, 0}) {
		t.Errorf("sums %v", w.sums())
	}
	// Listing it afterwards closes nothing, and is said.
	m := w.bought(apptest.Purchase{Email: "max@relais.example", Member: w.max})
	mine := w.rated(m, 4)
	_, err = w.Storefronts.AddListing(ctx, w.max, w.shop.Product)
	w.ok(err)
	w.rated(m, 5)
	if r, err = ratings.ByID(ctx, w.DB, mine); err != nil || !r.Recommends || r.Stars != 5 {
		t.Errorf("%+v, %v", r, err)
	}
	w.audited()
}

// Buyers who write at once are all counted.
func TestSumsUnderRaces(t *testing.T) {
	w := open(t)
	var all []orders.Page
	for i := range 6 {
		all = append(all, w.bought(apptest.Purchase{Email: fmt.Sprintf("b%d@poste.example", i)}))
	}
	var group sync.WaitGroup
	failed := make(chan error, 18)
	for i, o := range all {
		for n := range 3 { // each changes their mind
			group.Go(func() {
				_, err := w.Ratings.Save(context.WithoutCancel(t.Context()), w.draft(o, 1+(i+n)%5))
				if err != nil && !errors.Is(err, fault.Conflict) {
					failed <- err
				}
			})
		}
	}
	group.Wait()
	close(failed)
	for err := range failed {
		t.Error(err)
	}
	if w.sums().Count() != 6 {
		t.Errorf("%v", w.sums())
	}
	w.audited()
}

func TestReplyAndReports(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	admin := w.Member("alma")
	id := w.rated(w.bought(apptest.Purchase{Email: "anne@poste.example"}), 1)
	other := w.Shop("verre", 5000, 5)
	if err := w.Ratings.Reply(ctx, other.Brand, id, other.Owner, "Merci"); !errors.Is(err, ratings.ErrGone) {
		t.Errorf("another brand replies: %v", err)
	}
	w.ok(w.Ratings.Reply(ctx, w.shop.Brand, id, w.shop.Owner, "Nous sommes désolés."))
	w.ok(w.Ratings.Reply(ctx, w.shop.Brand, id, w.shop.Owner, "Nous sommes désolés, écrivez-nous."))
	r, err := ratings.ByID(ctx, w.DB, id)
	w.ok(err)
	if r.ReplyEditedAt == nil || w.letters("rating_reply") != 1 {
		t.Errorf("%+v, %d letters", r, w.letters("rating_reply"))
	}
	if told := w.Told(w.shop.Owner, notices.BrandRating); !slices.Equal(told, []string{"written"}) {
		t.Errorf("the brand's team was told %q", told)
	}
	brand := reports.Complaint{Part: ratings.PartRating, ID: id, BrandID: w.shop.Brand, MemberID: w.shop.Owner, Reason: "fake"}
	if err := w.Ratings.Report(ctx, brand); !errors.Is(err, fault.Invalid) {
		t.Errorf("a brand reports without saying why: %v", err)
	}
	brand.Text = "Nous ne connaissons pas cette personne."
	w.ok(w.Ratings.Report(ctx, brand))
	guest := reports.Complaint{Part: ratings.PartRating, ID: id, Reason: "insult"}
	w.ok(w.Ratings.Report(ctx, guest))
	for _, again := range []reports.Complaint{brand, guest} {
		if err := w.Ratings.Report(ctx, again); !errors.Is(err, reports.ErrReported) {
			t.Errorf("reported again: %v", err)
		}
	}
	cases, total, err := w.Ratings.Reports().Cases(ctx, w.DB, 10, 0)
	w.ok(err)
	if total != 1 || len(cases) != 1 || len(cases[0].Reports) != 2 {
		t.Fatalf("%d cases: %+v", total, cases)
	}
	d := reports.Decision{Part: ratings.PartRating, ID: id, By: w.shop.Owner, Hide: true, Why: "Mauvais."}
	if err := w.Ratings.Decide(ctx, d); !errors.Is(err, reports.ErrYourOwn) {
		t.Errorf("the brand's own admin decides: %v", err)
	}
	d.By, d.Hide, d.Why = admin, false, "Un avis vérifié, et poli."
	w.ok(w.Ratings.Decide(ctx, d))
	if got := w.letters("report_decided"); got != 1 || w.sums().Count() != 1 {
		t.Errorf("%d letters to who reported, %v", got, w.sums())
	}
	w.ok(w.Ratings.Report(ctx, guest))
	d.Hide, d.Why = true, "Une insulte s’y est glissée."
	w.ok(w.Ratings.Decide(ctx, d))
	if w.sums().Count() != 0 || w.letters("rating_hidden") != 1 {
		t.Errorf("%v, %d letters", w.sums(), w.letters("rating_hidden"))
	}
	w.audited()
}

// A reply that was hidden stays hidden when the brand writes it anew, until the platform looked again.
func TestHiddenReply(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	id, admin := w.rated(w.bought(apptest.Purchase{Email: "anne@poste.example"}), 1), w.Member("alma")
	w.ok(w.Ratings.Reply(ctx, w.shop.Brand, id, w.shop.Owner, "Menteuse."))
	if err := w.Ratings.Report(ctx, reports.Complaint{Part: ratings.PartReply, ID: id, BrandID: w.shop.Brand, Reason: "other", Text: "La nôtre."}); !errors.Is(err, reports.ErrYourOwn) {
		t.Errorf("the brand reports its own reply: %v", err)
	}
	if err := w.Ratings.Report(ctx, reports.Complaint{Part: ratings.PartReply, ID: id, MemberID: w.shop.Owner, Reason: "insult"}); !errors.Is(err, reports.ErrYourOwn) {
		t.Errorf("one of the brand's team reports its reply: %v", err)
	}
	w.ok(w.Ratings.Report(ctx, reports.Complaint{Part: ratings.PartReply, ID: id, MemberID: w.max, Reason: "insult"}))
	d := reports.Decision{Part: ratings.PartReply, ID: id, By: admin, Hide: true, Why: "Une insulte."}
	w.ok(w.Ratings.Decide(ctx, d))
	w.ok(w.Ratings.Reply(ctx, w.shop.Brand, id, w.shop.Owner, "Nous sommes désolés."))
	cases, _, err := w.Ratings.Reports().Cases(ctx, w.DB, 10, 0)
	w.ok(err)
	if r, err := ratings.ByID(ctx, w.DB, id); err != nil || r.ReplyShown() || len(cases) != 1 || cases[0].Reports[0].Reason != "edited" {
		t.Fatalf("%+v, %v; %+v", r, err, cases)
	}
	d.Hide, d.Why = false, "Polie, maintenant."
	w.ok(w.Ratings.Decide(ctx, d))
	if r, err := ratings.ByID(ctx, w.DB, id); err != nil || !r.ReplyShown() {
		t.Errorf("%+v, %v", r, err)
	}
	if told := w.Told(w.shop.Owner, notices.BrandRating); !slices.Contains(told, "reply_hidden") {
		t.Errorf("of its hidden reply the brand is told %q", told)
	}
}

// Whoever contests in vain is told, and what was shown again and is hidden anew is contested anew.
func TestContestsOfARating(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	id, admin, desk := w.rated(w.bought(apptest.Purchase{Email: "anne@relais.example"}), 1), w.Member("alma"), w.Ratings.Reports()
	anne := w.Member("anne")
	decide := func(hide bool) {
		t.Helper()
		w.ok(w.Ratings.Decide(ctx, reports.Decision{Part: ratings.PartRating, ID: id, By: admin, Hide: hide, Why: "Vu."}))
	}
	contest := func() error { return desk.Contest(ctx, w.DB, ratings.PartRating, id, anne, "C’est vrai.") }
	w.ok(w.Ratings.Report(ctx, reports.Complaint{Part: ratings.PartRating, ID: id, Reason: "insult"}))
	decide(true)
	var letter string
	w.ok(w.DB.Get(&letter, `select body_text from letters where template = 'rating_hidden'`))
	if path := reports.HiddenPath(ratings.PartRating, id); !strings.Contains(letter, path) {
		t.Errorf("the letter does not lead to %s:\n%s", path, letter)
	}
	w.ok(contest())
	decide(true)
	if told := w.Told(anne, notices.Appeal); !slices.Equal(told, []string{"refused"}) {
		t.Errorf("of what stays hidden she is told %q", told)
	}
	if err := contest(); !errors.Is(err, reports.ErrContested) {
		t.Errorf("contested twice: %v", err)
	}
	w.Clock.Set(w.Clock.Now().Add(time.Hour))
	w.ok(desk.Reopen(ctx, w.DB, reports.Decision{Part: ratings.PartRating, ID: id, By: admin, Why: "Encore."}, w.Clock.Now()))
	decide(false)
	w.Clock.Set(w.Clock.Now().Add(time.Hour))
	w.ok(w.Ratings.Report(ctx, reports.Complaint{Part: ratings.PartRating, ID: id, Reason: "fake"}))
	decide(true)
	w.ok(contest())
	if err := contest(); !errors.Is(err, reports.ErrOpen) {
		t.Errorf("contested while it is open: %v", err)
	}
}

// What was hidden stays hidden when it is written anew, until the platform looked again.
func TestHiddenIsLookedAtAgain(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	o := w.bought(apptest.Purchase{Email: "anne@relais.example"})
	id, admin := w.rated(o, 1), w.Member("alma")
	if err := w.Ratings.Report(ctx, reports.Complaint{Part: ratings.PartRating, ID: id, MemberID: w.Member("anne"), Reason: "insult"}); !errors.Is(err, reports.ErrYourOwn) {
		t.Errorf("its author reports it: %v", err)
	}
	w.ok(w.Ratings.Report(ctx, reports.Complaint{Part: ratings.PartRating, ID: id, Reason: "insult"}))
	d := reports.Decision{Part: ratings.PartRating, ID: id, By: admin, Hide: true, Why: "Une insulte."}
	w.ok(w.Ratings.Decide(ctx, d))
	w.ok(w.Ratings.Withdraw(ctx, o.ID, o.Shipments[0].Lines[0].ID)) // no way around it
	for _, body := range []string{"Poli, cette fois.", "Encore plus poli."} {
		again := w.draft(o, 1)
		again.Body = body
		_, err := w.Ratings.Save(ctx, again)
		w.ok(err)
	}
	cases, _, err := w.Ratings.Reports().Cases(ctx, w.DB, 10, 0)
	w.ok(err)
	if r, err := ratings.ByID(ctx, w.DB, id); err != nil || r.State != ratings.Hidden || len(cases) != 1 || cases[0].Reports[0].Reason != "edited" {
		t.Fatalf("%+v, %v; %+v", r, err, cases)
	}
	d.Hide, d.Why = false, "Bien."
	w.ok(w.Ratings.Decide(ctx, d))
	if w.sums() != (ratings.Sums{1, 0, 0, 0, 0}) {
		t.Errorf("%v", w.sums())
	}
	w.audited()
}

func TestGuestBook(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	o := w.Paid(apptest.Purchase{Variant: w.shop.Variant, Email: "anne@poste.example", Storefront: w.lea})
	note := ratings.Note{OrderID: o.ID, Handle: "lea", Lang: i18n.FR, Name: "Anne", Body: "Merci pour le conseil."}
	w.ok(w.Ratings.Thank(ctx, note))
	for name, n := range map[string]ratings.Note{
		"who recommended nothing": {OrderID: o.ID, Handle: "max", Lang: i18n.FR, Name: "Anne", Body: "Merci."},
		"bought of own accord":    {OrderID: w.Paid(apptest.Purchase{Variant: w.shop.Variant, Email: "seul@poste.example"}).ID, Handle: "lea", Lang: i18n.FR, Name: "S", Body: "Merci."},
	} {
		if err := w.Ratings.Thank(ctx, n); !errors.Is(err, ratings.ErrNotThankable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	book := func() []ratings.Thanks {
		list, err := ratings.Book(ctx, w.DB, w.lea, 10, 0)
		w.ok(err)
		return list
	}
	id := book()[0].ID
	w.ok(w.Ratings.Answer(ctx, w.lea, id, "Avec plaisir."))
	if err := w.Ratings.Answer(ctx, w.max, id, "Moi aussi."); !errors.Is(err, ratings.ErrGone) {
		t.Errorf("somebody else answers: %v", err)
	}
	w.ok(w.Ratings.Hide(ctx, w.lea, id, true))
	note.Body = "Merci encore."
	w.ok(w.Ratings.Thank(ctx, note)) // written anew, and still not shown
	if told := w.Told(w.lea, notices.Thanks); !slices.Equal(told, []string{"written"}) {
		t.Errorf("the owner of the guest book was told %q", told)
	}
	if list := book(); len(list) != 0 {
		t.Errorf("shown: %+v", list)
	}
	w.ok(w.Ratings.Hide(ctx, w.lea, id, false))
	if list := book(); len(list) != 1 || list[0].EditedAt == nil || list[0].Answer == "" {
		t.Errorf("%+v", list)
	}
	w.ok(w.Ratings.Report(ctx, reports.Complaint{Part: ratings.PartThanks, ID: id, MemberID: w.max, Reason: "advert"}))
	w.ok(w.Ratings.Decide(ctx, reports.Decision{Part: ratings.PartThanks, ID: id, By: w.Member("alma"), Hide: true, Why: "Publicité."}))
	w.ok(w.Ratings.Hide(ctx, w.lea, id, false)) // the owner cannot bring it back
	if list := book(); len(list) != 0 || w.letters("thanks_removed") != 1 {
		t.Errorf("%+v, %d letters", list, w.letters("thanks_removed"))
	}
	w.audited()
}

// A word that was taken back, or that the platform removed, is in nobody's list any more; written and taken back in a loop, it floods nobody.
func TestWordsTakenBackAreNotTold(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	told := func(when string, want ...string) {
		t.Helper()
		if got := w.Told(w.lea, notices.Thanks); !slices.Equal(got, want) {
			t.Errorf("%s: the owner was told %q, want %q", when, got, want)
		}
	}
	thank := func(email string) ratings.Note {
		o := w.Paid(apptest.Purchase{Variant: w.shop.Variant, Email: email, Storefront: w.lea})
		note := ratings.Note{OrderID: o.ID, Handle: "lea", Lang: i18n.FR, Name: "Anne", Body: "Merci."}
		w.ok(w.Ratings.Thank(ctx, note))
		return note
	}
	note := thank("anne@poste.example")
	told("written", "written")
	for range 2 {
		w.ok(w.Ratings.Unthank(ctx, note.OrderID, "lea"))
		told("taken back")
		w.ok(w.Ratings.Thank(ctx, note))
		told("written once more")
	}
	thank("jean@relais.example")
	told("by somebody else", "written")
	list, err := ratings.Book(ctx, w.DB, w.lea, 1, 0)
	w.ok(err)
	if err := w.Ratings.Report(ctx, reports.Complaint{Part: ratings.PartThanks, ID: list[0].ID, MemberID: w.Member("jean"), Reason: "advert"}); !errors.Is(err, reports.ErrYourOwn) {
		t.Errorf("its author reports it: %v", err)
	}
	w.ok(w.Ratings.Report(ctx, reports.Complaint{Part: ratings.PartThanks, ID: list[0].ID, MemberID: w.max, Reason: "advert"}))
	w.ok(w.Ratings.Decide(ctx, reports.Decision{Part: ratings.PartThanks, ID: list[0].ID, By: w.Member("alma"), Why: "Non."}))
	told("kept", "written")
	w.ok(w.Ratings.Report(ctx, reports.Complaint{Part: ratings.PartThanks, ID: list[0].ID, MemberID: w.max, Reason: "advert"}))
	w.ok(w.Ratings.Decide(ctx, reports.Decision{Part: ratings.PartThanks, ID: list[0].ID, By: w.Member("alba"), Hide: true, Why: "Publicité."}))
	told("removed")
}

func TestBuyersAreAskedOnce(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	asked := w.bought(apptest.Purchase{Email: "anne@poste.example"})
	rated := w.bought(apptest.Purchase{Email: "zoe@poste.example"})
	w.rated(rated, 5)
	refused := w.bought(apptest.Purchase{Email: "non@poste.example"})
	w.ok(w.Ratings.Refuse(ctx, refused.ID, true))
	w.bought(apptest.Purchase{Email: "lea@relais.example", Member: w.lea})
	w.Paid(apptest.Purchase{Variant: w.shop.Variant, Email: "en-route@poste.example"})
	sweep := func(want int) {
		t.Helper()
		w.ok(w.Ratings.Sweep(ctx))
		if got := w.letters("rating_invite"); got != want {
			t.Errorf("%d letters, want %d", got, want)
		}
	}
	sweep(0)
	w.ok(w.Clock.Advance(ctx, ratings.InviteDays-1))
	sweep(0)
	w.ok(w.Clock.Advance(ctx, 1))
	sweep(2) // the guest and the member
	sweep(2)
	list, err := mail.List(ctx, w.DB, "anne@poste.example", 1)
	w.ok(err)
	l, err := mail.ByID(ctx, w.DB, list[0].ID)
	w.ok(err)
	for _, want := range []string{"/o/" + asked.Token + "#rate", "/o/" + asked.Token + "/letters"} {
		if !strings.Contains(l.HTML, want) {
			t.Errorf("the letter does not lead to %s", want)
		}
	}
	w.ok(w.Ratings.Refuse(ctx, refused.ID, false))
	if no, err := ratings.Refuses(ctx, w.DB, "non@poste.example"); err != nil || no {
		t.Errorf("still refuses: %v, %v", no, err)
	}
}

// The application can neither delete a rating nor touch the sums, and each corruption is named by the audit.
func TestGuards(t *testing.T) {
	w := open(t)
	o := w.bought(apptest.Purchase{Email: "anne@poste.example", Storefront: w.lea})
	w.rated(o, 4)
	w.ok(w.Ratings.Thank(t.Context(), ratings.Note{OrderID: o.ID, Handle: "lea", Lang: i18n.FR, Name: "Anne", Body: "Merci."}))
	for _, q := range []string{`delete from ratings`, `update product_stars set n5 = 9`, `insert into product_stars (product_id) values (1)`, `delete from thanks`,
		`delete from rating_reports`, `update ratings set buyer = 'x'`, `update ratings set product_id = product_id + 1`} {
		if _, err := w.DB.Exec(q); err == nil {
			t.Errorf("%s is allowed", q)
		}
	}
	owner := pgtest.Owner(t, w.DB)
	for query, want := range map[string]string{
		`update product_stars set n5 = n5 + 1`:                        "stars_summed",
		`delete from product_stars`:                                   "stars_summed",
		`update ratings set buyer = 'somebody@else.example'`:          "ratings_verified",
		`update shipments set state = 'shipped', delivered_at = null`: "ratings_verified",
		`delete from attribution_credits`:                             "ratings_verified",
		`alter table ratings disable trigger ratings_sum`:             "rating_guards",
		`grant delete on ratings to relais_app`:                       "rating_guards",
	} {
		tx := owner.MustBegin()
		tx.MustExec(`set local session_replication_role = replica`)
		tx.MustExec(query)
		found, err := ratings.Check(t.Context(), tx)
		w.ok(err)
		named := false
		for _, f := range found {
			named = named || f.Count > 0 && f.Name == want
		}
		if !named {
			t.Errorf("%s: the audit does not name %s", query, want)
		}
		w.ok(tx.Rollback())
	}
	w.audited()
}
