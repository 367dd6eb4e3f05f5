package polls_test

import (
	"errors"
	"testing"

	"relais/internal/catalog"
	"relais/internal/follows"
	"relais/internal/groups"
	"relais/internal/i18n"
	"relais/internal/ideas"
	"relais/internal/notices"
	"relais/internal/pledges"
	"relais/internal/polls"
)

// from launches a product from a poll.
func (w *world) from(code string, product int64, idea *int64, why string) (pledges.Campaign, error) {
	w.T.Helper()
	return w.Pledges.Launch(w.T.Context(), w.shop.Owner, w.shop.Brand, pledges.LaunchDraft{ProductID: product, Goal: 1, Days: 10, Expected: w.Clock.Now().AddDate(0, 2, 0), Plan: "Le tissu.", Poll: code, Why: why, IdeaID: idea})
}

func (w *world) proposes(author int64, operation string) int64 {
	w.T.Helper()
	w.must(w.Ideas.Set(w.T.Context(), w.shop.Owner, w.shop.Brand, ideas.Settings{Taken: true, Threshold: 5, Days: 60, AnswerDays: 21}))
	i, err := w.Ideas.Propose(w.T.Context(), author, w.shop.Brand, ideas.Draft{Operation: operation, Lang: i18n.FR, Title: "Une chemise d’été", Text: "En lin."})
	w.must(err)
	return i.ID
}

// stems is the idea that a launch says it stems from; 0: none.
func (w *world) stems(c pledges.Campaign) (id int64) {
	w.T.Helper()
	w.must(w.DB.Get(&id, `select coalesce(idea_id, 0) from campaigns where id = $1`, c.ID))
	return id
}

// Nobody moves the share of the author from whose idea a poll stems to another author by what a launch from it says. It stays theirs where too few people supported the idea, and where it was
// merged after the poll was opened, but not where they withdrew it.
func TestALaunchStemsFromTheIdeaOfItsPoll(t *testing.T) {
	w := open(t)
	ctx, max := t.Context(), w.Member("max")
	hers, his, gone, double := w.proposes(w.lea, "operation-1"), w.proposes(max, "operation-2"), w.proposes(w.lea, "operation-3"), w.proposes(w.lea, "operation-4")
	asks := func(idea int64) polls.View {
		d := draft()
		d.IdeaID = idea
		code := w.asks(d)
		w.must(w.votes(code, w.lea, 0, 0))
		return w.view(code, 0)
	}
	first, second, third := asks(hers), asks(gone), asks(double)
	w.must(w.Ideas.Merge(ctx, w.shop.Owner, w.shop.Brand, double, his))
	w.must(w.Ideas.Withdraw(ctx, w.lea, gone))
	w.closes(first.Code)
	product, _ := w.drafts("Chemise", 8360)
	if _, err := w.from(first.Code, product, &his, ""); !errors.Is(err, ideas.ErrThread) {
		t.Errorf("from the poll of one idea, for another: %v", err)
	}
	for title, idea := range map[string]*int64{"Une": &his, "Deux": nil} { // what theirs was merged into is no other idea
		product, _ := w.drafts(title, 8360)
		c, err := w.from(third.Code, product, idea, "")
		w.must(err)
		if got := w.stems(c); got != double {
			t.Errorf("it stems from %d, want %d", got, double)
		}
		w.must(w.Pledges.End(ctx, w.shop.Owner, w.shop.Brand, c.ID))
	}
	w.Clock.Set(w.Clock.Now().AddDate(0, 0, 70)) // too few supported it
	w.must(w.Ideas.Sweep(ctx))
	w.must(w.Jobs.Drain(ctx))
	c, err := w.from(first.Code, product, nil, "")
	w.must(err)
	steps, err := ideas.Steps(ctx, w.DB, hers, i18n.FR)
	if got := w.stems(c); err != nil || got != hers || len(steps) != 1 {
		t.Errorf("it stems from %d, want %d: %+v, %v", got, hers, steps, err)
	}
	other, _ := w.drafts("Autre", 8360)
	c, err = w.from(second.Code, other, nil, "")
	w.must(err)
	if got := w.stems(c); got != 0 {
		t.Errorf("it stems from %d, which was withdrawn", got)
	}
	w.sound()
}

// A piece whose launch missed is launched again for more only for a reason, which is kept; and once it is for sale, however that comes, those who voted are told, once.
func TestAPieceWhoseLaunchMissed(t *testing.T) {
	w := open(t)
	ctx, owner, brand := t.Context(), w.shop.Owner, w.shop.Brand
	idea := w.proposes(w.lea, "operation-1")
	d := draft()
	d.IdeaID = idea
	v := w.decides(d)
	var voter int64
	w.must(w.DB.Get(&voter, `select member_id from poll_ballots where poll_id = $1`, v.ID))
	product, variant := w.drafts("Chemise", 8360)
	c, err := w.from(v.Code, product, nil, "")
	w.must(err)
	w.must(w.Polls.Answer(ctx, owner, brand, v.Code, polls.Said{Text: "Elle se lance.", ProductID: product}))
	w.must(w.Pledges.End(ctx, owner, brand, c.ID))
	w.DB.MustExec(`update variants set price_minor = 25000 where id = $1`, variant)
	if _, err := w.from(v.Code, product, nil, ""); !errors.Is(err, polls.ErrDearer) {
		t.Errorf("launched again for three times as much: %v", err)
	}
	c, err = w.from(v.Code, product, nil, "Le tissu a triplé.")
	w.must(err)
	if got := w.view(v.Code, 0).Pieces; len(got) != 1 || got[0].PriceMinor != 25000 || got[0].Why != "Le tissu a triplé." {
		t.Errorf("%+v", got)
	}
	w.must(w.Pledges.End(ctx, owner, brand, c.ID))
	w.must(w.Catalog.MoveProduct(ctx, owner, brand, product, catalog.Published))
	for range 2 {
		w.sweeps()
		w.must(w.Polls.Name(ctx, owner, brand, v.Code, product, ""))
	}
	if n := w.told(voter, string(notices.Poll), "made"); n != 1 {
		t.Errorf("told %d times that it is for sale", n)
	}
	if from, err := ideas.From(ctx, w.DB, ideas.Product, product); err != nil || from == nil || from.ID != idea {
		t.Errorf("it is of %+v, %v", from, err)
	}
	for _, sql := range []string{`update poll_pieces set made_at = null`, `update poll_pieces set price_minor = price_minor - 1`, `update poll_pieces set why = 'x'`} {
		if _, err := w.DB.Exec(sql); err == nil {
			t.Errorf("done: %s", sql)
		}
	}
	w.sound()
}

// Whoever voted while they were invited changes their ballot, whatever the audience is told apart by since, and however many of their network voted after them.
func TestABallotIsJudgedOnce(t *testing.T) {
	w := open(t)
	poll := draft()
	poll.Audience = polls.Followers
	w.must(w.Follows.Follow(t.Context(), w.lea, follows.Brand, "terre", groups.Personal))
	code := w.asks(poll)
	w.must(w.votes(code, w.lea, 0, 0))
	w.DB.MustExec(`update follows set at = $1`, w.Clock.Now().AddDate(0, 0, 1))
	w.must(w.votes(code, w.lea, 1, 1))
	if v := w.view(code, w.lea); v.Mine == nil || v.Mine.Doubt != "" || w.Polls.MayVote(t.Context(), v.Poll, w.lea) != nil {
		t.Errorf("%+v", v.Mine)
	}
}
