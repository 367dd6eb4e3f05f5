package ideas_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/catalog"
	"relais/internal/doubts"
	"relais/internal/i18n"
	"relais/internal/ideas"
	"relais/internal/pledges"
	"relais/internal/polls"
	"relais/internal/postgres"
	"relais/internal/referrals"
	"relais/internal/royalties"
)

// launches opens a launch of a new draft that stems from an idea, and says what is launched.
func (w *world) launches(idea int64) (c pledges.Campaign, product int64) {
	w.t.Helper()
	ctx := w.t.Context()
	p, err := w.Catalog.CreateProduct(ctx, w.shop.Owner, w.shop.Brand, catalog.ProductDraft{Lang: i18n.FR, Title: "Bol à anses", VATBps: 2000, Variants: []catalog.VariantDraft{{PriceMinor: 6000, Stock: 5}}})
	w.ok(err)
	c, err = w.Pledges.Launch(ctx, w.shop.Owner, w.shop.Brand, pledges.LaunchDraft{ProductID: p.ID, Goal: 1, Days: 10, Expected: w.Clock.Now().AddDate(0, 2, 0), Plan: "La terre et l’émail.", IdeaID: &idea})
	w.ok(err)
	return c, p.ID
}

// makes says that what was launched is made, as if its goal had been reached.
func (w *world) makes(c pledges.Campaign) {
	w.t.Helper()
	w.DB.MustExec(`update campaigns set state = 'reached', ended_at = $2, people = 1 where id = $1`, c.ID, w.Clock.Now())
	w.ok(w.Pledges.Made(w.t.Context(), w.shop.Owner, w.shop.Brand, c.ID))
	w.Settle()
}

// authors are who has a share in a product as the author of its idea, were it ordered now.
func (w *world) authors(product int64) (list []int64) {
	w.t.Helper()
	var terms int64
	w.ok(w.DB.Get(&terms, `select id from terms where brand_id = $1 order by id desc limit 1`, w.shop.Brand))
	w.ok(postgres.InTx(w.t.Context(), w.DB, func(tx *sqlx.Tx) error {
		rs, err := royalties.For(w.t.Context(), tx, product, terms, referrals.Buyer{})
		for _, r := range rs {
			list = append(list, r.MemberID)
		}
		return err
	}))
	return list
}

// A launch answers an idea that waits for its answer, or for more supporters: yes, in its own words, in public; and what is made of it says whose idea it was.
func TestALaunchIsAnAnswer(t *testing.T) {
	for _, supporters := range []int{5, 2} {
		w := open(t)
		i, fans := w.propose(w.lea, "Un bol à anses"), w.grown(supporters)
		w.support(i.ID, fans...)
		c, product := w.launches(i.ID)
		w.Settle()
		w.stands(i.ID, ideas.Answered, supporters)
		if v := w.idea(i.ID); v.Answer != ideas.Yes || v.AnswerText != "La terre et l’émail." || v.AnsweredAt == nil || w.told(w.lea, "idea.launched") != 1 || w.told(fans[1], "idea.launched") != 1 {
			t.Errorf("answered %q, %q; told %d times", v.Answer, v.AnswerText, w.told(fans[1], "idea.launched"))
		}
		w.is(w.Ideas.Support(t.Context(), w.grown(1)[0], i.ID, ""), ideas.ErrOver)
		w.makes(c)
		w.stands(i.ID, ideas.Made, supporters)
		from, err := ideas.From(t.Context(), w.DB, ideas.Product, product)
		w.ok(err)
		if from == nil || from.ID != i.ID || w.told(fans[1], "idea.made") != 1 {
			t.Errorf("%+v", from)
		}
	}
}

// A brand that said no may change its mind, and that is said; what came of an idea that its author withdrew meanwhile is not attached to it, and the team is told.
func TestChangingOnesMind(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	i := w.propose(w.lea, "Un bol à anses")
	w.support(i.ID, w.grown(5)...)
	w.ok(w.Ideas.Reply(ctx, w.shop.Owner, w.shop.Brand, i.ID, ideas.No, "Trop fragile."))
	w.Clock.Set(w.Clock.Now().Add(time.Hour))
	c, _ := w.launches(i.ID)
	steps, err := ideas.Steps(ctx, w.DB, i.ID, i18n.FR)
	w.ok(err)
	if v := w.idea(i.ID); v.Answer != ideas.No || v.AnswerText != "Trop fragile." || !v.Changed(steps) || v.Changed(nil) {
		t.Errorf("%+v", v.Idea)
	}
	w.makes(c)
	w.stands(i.ID, ideas.Made, 5)

	gone := w.propose(w.lea, "Une tasse")
	w.ok(w.Ideas.Withdraw(ctx, w.lea, gone.ID))
	w.ok(postgres.InTx(ctx, w.DB, func(tx *sqlx.Tx) error { return ideas.Became(ctx, tx, w.Clock.Now(), &gone.ID, w.shop.Product) }))
	w.stands(gone.ID, ideas.Withdrawn, 0)
	if n := w.told(w.shop.Owner, "brand_idea.unattached"); n != 1 {
		t.Errorf("the team was told %d times", n)
	}
}

// What expired can still be made, by what hung on it; the thread says both.
func TestMadeThoughItExpired(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	i := w.propose(w.lea, "Un bol à anses")
	w.support(i.ID, w.grown(1)...)
	w.Pass(61)
	w.stands(i.ID, ideas.Expired, 1)
	w.Clock.Set(w.Clock.Now().Add(time.Hour))
	for range 2 {
		w.ok(postgres.InTx(ctx, w.DB, func(tx *sqlx.Tx) error { return ideas.Became(ctx, tx, w.Clock.Now(), &i.ID, w.shop.Product) }))
	}
	w.stands(i.ID, ideas.Made, 1)
	steps, err := ideas.Steps(ctx, w.DB, i.ID, i18n.FR)
	w.ok(err)
	var words []string
	for _, m := range ideas.Thread(w.idea(i.ID).Idea, nil, steps, w.Clock.Now()) {
		words = append(words, m.What)
	}
	if len(words) != 3 || words[1] != "expired" || words[2] != "product" || w.told(w.shop.Owner, "brand_idea.unattached") != 0 {
		t.Errorf("%v", words)
	}
}

// What hung on an idea that is merged hangs on the other one: its poll and its launch, its comments. What comes of a launch that was opened before is its author's share all the same. They
// support the other, and are told what becomes of it.
func TestWhatHungOnAMergedIdea(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	max := w.Member("max")
	offer := catalog.FirstTerms()
	offer.IdeaBps = 200
	_, err := w.Catalog.OfferTerms(ctx, w.shop.Owner, w.shop.Brand, offer)
	w.ok(err)
	double, keep := w.propose(max, "Des anses"), w.propose(w.lea, "Un bol à anses")
	w.ok(w.Ideas.Comment(ctx, max, double.ID, rand.Text(), i18n.FR, "Et deux anses ?"))
	asks := polls.Draft{IdeaID: double.ID, Title: "Quelles anses ?", Text: "Au choix.", BaseMinor: 6000, FloorMinor: 5000, Days: 5, AnswerDays: 30, Quorum: 1, Audience: polls.Everybody,
		Questions: []polls.QuestionDraft{{Text: "Combien ?", Options: []polls.OptionDraft{{Text: "Une"}, {Text: "Deux"}}}}}
	code, err := w.Polls.Save(ctx, w.shop.Owner, w.shop.Brand, "", asks)
	w.ok(err)
	w.ok(w.Polls.Open(ctx, w.shop.Owner, w.shop.Brand, code))
	waiting, err := w.Polls.Save(ctx, w.shop.Owner, w.shop.Brand, "", asks)
	w.ok(err)
	w.ok(w.Ideas.Merge(ctx, w.shop.Owner, w.shop.Brand, double.ID, keep.ID))
	w.stands(keep.ID, ideas.Open, 1) // max
	w.ok(w.Polls.Open(ctx, w.shop.Owner, w.shop.Brand, waiting))
	steps, err := ideas.Steps(ctx, w.DB, keep.ID, i18n.FR)
	w.ok(err)
	v, err := w.Polls.ByCode(ctx, code, 0, i18n.FR)
	w.ok(err)
	from, err := ideas.From(ctx, w.DB, ideas.Poll, v.ID)
	w.ok(err)
	if len(steps) != 2 || from == nil || from.ID != keep.ID {
		t.Errorf("%+v; the poll is of %+v", steps, from)
	}
	said, total, err := ideas.Comments(ctx, w.DB, keep.ID, 10, 0)
	w.ok(err)
	if total != 1 || len(said) != 1 || said[0].IdeaID != double.ID || w.idea(keep.ID).Comments != 1 {
		t.Errorf("%d comments: %+v", total, said)
	}
	// A launch that stems from the merged one, and was opened before.
	c, product := w.launches(keep.ID)
	w.DB.MustExec(`update campaigns set idea_id = $2 where id = $1`, c.ID, double.ID)
	if got := w.authors(product); len(got) != 1 || got[0] != max {
		t.Errorf("the share is of %v; want %d", got, max)
	}
	w.makes(c)
	w.stands(keep.ID, ideas.Made, 1)
	if from, err := ideas.From(ctx, w.DB, ideas.Product, product); err != nil || from == nil || from.ID != double.ID {
		t.Errorf("%+v, %v", from, err)
	}
	if got := w.authors(product); len(got) != 1 || got[0] != max {
		t.Errorf("made, the share is of %v; want %d", got, max)
	}
	if w.told(max, "idea.launched") != 1 || w.told(max, "idea.made") != 1 {
		t.Errorf("its author was told %d times that it is launched, %d that it is made", w.told(max, "idea.launched"), w.told(max, "idea.made"))
	}
}

// One person supports an idea once, whichever of their accounts it is that proposed it.
func TestAnAuthorsSecondAccount(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	same := func(one, other int64) {
		t.Helper()
		w.DB.MustExec(`update members set email_normal = (select email_normal from members where id = $1) where id = $2`, one, other)
	}
	max, fans := w.Member("max"), w.grown(3)
	same(w.lea, fans[0])
	same(max, fans[1])
	double, keep := w.propose(max, "Des anses"), w.propose(w.lea, "Un bol à anses")
	w.support(keep.ID, fans[0])
	w.stands(keep.ID, ideas.Open, 0)
	w.support(double.ID, fans...)
	w.DB.MustExec(`update idea_supports set doubt = '' where idea_id = $1`, double.ID) // as before one looked
	w.DB.MustExec(`update ideas set supporters = 3 where id = $1`, double.ID)
	w.ok(w.Ideas.Merge(ctx, w.shop.Owner, w.shop.Brand, double.ID, keep.ID))
	w.stands(keep.ID, ideas.Open, 2) // max, and the third
}

// Who supports an idea is told that its author withdrew it, even where the words are erased at once.
func TestWithdrawnIsTold(t *testing.T) {
	w := open(t)
	i, fan := w.propose(w.lea, "Un bol à anses"), w.grown(1)[0]
	w.support(i.ID, fan)
	w.ok(w.Ideas.Withdraw(t.Context(), w.lea, i.ID))
	w.ok(w.Ideas.Erase(t.Context(), w.lea, i.ID))
	w.Settle()
	if w.told(fan, "idea.withdrawn") != 1 || w.told(w.lea, "idea.withdrawn") != 0 {
		t.Error("who is told that it was withdrawn?")
	}
}

// Supports in doubt are kept and counted apart, as ballots are: of a mailbox that supports already, of too many of one network, of those who are blocked; who bought something and kept it counts.
func TestSupportsInDoubt(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	w.ok(w.Ideas.Set(ctx, w.shop.Owner, w.shop.Brand, terms(50)))
	i, fans := w.propose(w.lea, "Un bol à anses"), w.grown(40)
	w.support(i.ID, fans[0])
	w.DB.MustExec(`update members set email_normal = (select email_normal from members where id = $1) where id = $2`, fans[0], fans[1])
	w.support(i.ID, fans[1])
	w.stands(i.ID, ideas.Open, 1)
	for n, fan := range fans[2:36] { // one network, never more than eight in an hour
		w.ok(w.Ideas.Support(ctx, fan, i.ID, "192.0.2.1"))
		if n%doubts.MaxNetwork == doubts.MaxNetwork-1 {
			w.Clock.Set(w.Clock.Now().Add(2 * time.Hour))
		}
	}
	w.stands(i.ID, ideas.Open, 1+doubts.MostOfNetwork)
	if v, err := ideas.ByID(ctx, w.DB, i.ID, fans[35]); err != nil || v.Doubt != doubts.SameNetwork || !v.Supported || v.Aside != 1+34-doubts.MostOfNetwork {
		t.Errorf("%q, %d aside, %v", v.Doubt, v.Aside, err)
	}
	for range 9 { // and too many at once
		w.ok(w.Ideas.Support(ctx, w.grown(1)[0], i.ID, "198.51.100.7"))
	}
	w.stands(i.ID, ideas.Open, 1+doubts.MostOfNetwork+doubts.MaxNetwork)
	block := func(is bool, want int) {
		t.Helper()
		w.DB.MustExec(`update members set blocked_at = case when $2 then now() end where id = $1`, fans[0], is)
		w.ok(w.Ideas.Sweep(ctx))
		w.Settle()
		w.stands(i.ID, ideas.Open, want)
	}
	block(true, doubts.MostOfNetwork+doubts.MaxNetwork)
	w.Clock.Set(w.Clock.Now().Add(7 * time.Hour)) // the sweep looks once in six
	block(false, 1+doubts.MostOfNetwork+doubts.MaxNetwork)
	w.ok(w.Ideas.Withdraw(ctx, w.lea, i.ID))
	var kept int
	w.ok(w.DB.Get(&kept, `select count(*) from idea_supports where network <> ''`))
	if kept != 0 {
		t.Errorf("%d networks are kept of an idea that is over", kept)
	}
}
