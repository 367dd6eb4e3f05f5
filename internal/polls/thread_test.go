package polls_test

import (
	"testing"

	"relais/internal/i18n"
	"relais/internal/ideas"
	"relais/internal/polls"
)

// A poll that stems from an idea is in the thread of it once it is open; one of another brand's idea, or one that is over, is refused at its field.
func TestPollOfAnIdea(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	idea := func(owner, brand int64, operation string) ideas.Idea {
		w.must(w.Ideas.Set(ctx, owner, brand, ideas.Settings{Taken: true, Threshold: 5, Days: 60, AnswerDays: 21}))
		i, err := w.Ideas.Propose(ctx, w.lea, brand, ideas.Draft{Operation: operation, Lang: i18n.FR, Title: "Une chemise d’été", Text: "En lin."})
		w.must(err)
		return i
	}
	other := w.Shop("verre", 5000, 5)
	mine, theirs := idea(w.shop.Owner, w.shop.Brand, "operation-1"), idea(other.Owner, other.Brand, "operation-2")
	d := draft()
	for _, d.IdeaID = range []int64{theirs.ID, mine.ID + 1000} {
		if _, err := w.Polls.Save(ctx, w.shop.Owner, w.shop.Brand, "", d); err != ideas.ErrThread {
			t.Errorf("of idea %d: %v", d.IdeaID, err)
		}
	}
	d.IdeaID = mine.ID
	v := w.view(w.asks(d), 0)
	steps, err := ideas.Steps(ctx, w.DB, mine.ID, i18n.FR)
	if err != nil || len(steps) != 1 || steps[0].Kind != ideas.Poll || steps[0].RefID != v.ID || steps[0].Title != v.Title || steps[0].Path != v.Path() {
		t.Errorf("%+v, %v", steps, err)
	}
	if from, err := ideas.From(ctx, w.DB, ideas.Poll, v.ID); err != nil || from == nil || from.Path() != mine.Path() {
		t.Errorf("%+v, %v", from, err)
	}
	late, err := w.Polls.Save(ctx, w.shop.Owner, w.shop.Brand, "", d)
	w.must(err)
	w.must(w.Ideas.Withdraw(ctx, w.lea, mine.ID))
	if err := w.Polls.Open(ctx, w.shop.Owner, w.shop.Brand, late); err != ideas.ErrThread {
		t.Errorf("of an idea that was withdrawn: %v", err)
	}
}

// What the brand says came of a poll is attached to the idea of the poll by itself, and its author and those who support it are told; nobody attaches it by hand.
func TestAnIdeaBecomesWhatCameOfItsPoll(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	w.must(w.Ideas.Set(ctx, w.shop.Owner, w.shop.Brand, ideas.Settings{Taken: true, Threshold: 5, Days: 60, AnswerDays: 21}))
	idea, err := w.Ideas.Propose(ctx, w.lea, w.shop.Brand, ideas.Draft{Operation: "operation-1", Lang: i18n.FR, Title: "Une chemise d’été", Text: "En lin."})
	w.must(err)
	fans := w.people(5)
	for _, fan := range fans {
		w.must(w.Ideas.Support(ctx, fan, idea.ID, ""))
	}
	w.must(w.Ideas.Reply(ctx, w.shop.Owner, w.shop.Brand, idea.ID, ideas.Yes, "Oui, en lin."))
	d := draft()
	d.IdeaID = idea.ID
	code := w.asks(d)
	w.must(w.votes(code, fans[0], 0, 0))
	w.closes(code)
	w.must(w.Polls.Answer(ctx, w.shop.Owner, w.shop.Brand, code, polls.Said{Text: "Elle est là.", ProductID: w.shop.Product, Why: "Elle est doublée."}))
	w.sweeps()
	from, err := ideas.From(ctx, w.DB, ideas.Product, w.shop.Product)
	if err != nil || from == nil || from.ID != idea.ID {
		t.Errorf("the product is of %+v, %v", from, err)
	}
	steps, err := ideas.Steps(ctx, w.DB, idea.ID, i18n.FR)
	if err != nil || len(steps) != 2 || steps[1].Kind != ideas.Product || steps[1].RefID != w.shop.Product {
		t.Errorf("%+v, %v", steps, err)
	}
	if author, fan := w.told(w.lea, "idea", "made"), w.told(fans[4], "idea", "made"); author != 1 || fan != 1 {
		t.Errorf("its author was told %d times, who supports it %d times", author, fan)
	}
	if err := w.Ideas.Make(ctx, w.shop.Owner, w.shop.Brand, idea.ID, w.shop.Product); err != ideas.ErrProduct {
		t.Errorf("attached by hand as well: %v", err)
	}
}
