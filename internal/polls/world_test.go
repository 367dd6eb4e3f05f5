package polls_test

import (
	"fmt"
	"testing"
	"time"

	"relais/internal/app/apptest"
	"relais/internal/i18n"
	"relais/internal/polls"
)

// world is a brand that sells a bowl for 120.00, and a member.
type world struct {
	*apptest.World
	shop apptest.Shop
	lea  int64
}

func open(t *testing.T) *world {
	t.Helper()
	w := &world{World: apptest.New(t)}
	w.shop, w.lea = w.Shop("terre", 12000, 5), w.Member("lea")
	return w
}

func (w *world) must(err error) {
	w.T.Helper()
	if err != nil {
		w.T.Fatal(err)
	}
}

// draft asks for fabric and button of a shirt yet to be made.
func draft() polls.Draft {
	return polls.Draft{Title: "Une chemise", Text: "Nous la coudrons au printemps.", BaseMinor: 8000, FloorMinor: 7500, Days: 10, AnswerDays: 30, Quorum: 1, Changeable: true, Audience: polls.Everybody,
		Questions: []polls.QuestionDraft{
			{Text: "Quel tissu ?", Options: []polls.OptionDraft{{Text: "Coton bio", EffectMinor: 210}, {Text: "Lin", EffectMinor: 600}, {Text: "Coton", EffectMinor: 0}}},
			{Text: "Quels boutons ?", Options: []polls.OptionDraft{{Text: "Nacre", EffectMinor: 150}, {Text: "Corozo", EffectMinor: -100}}}}}
}

// asks opens a poll.
func (w *world) asks(d polls.Draft) string {
	w.T.Helper()
	code, err := w.Polls.Save(w.T.Context(), w.shop.Owner, w.shop.Brand, "", d)
	w.must(err)
	w.must(w.Polls.Open(w.T.Context(), w.shop.Owner, w.shop.Brand, code))
	return code
}

func (w *world) view(code string, viewer int64) polls.View {
	w.T.Helper()
	v, err := w.Polls.ByCode(w.T.Context(), code, viewer, i18n.FR)
	w.must(err)
	return v
}

// choice is a choice by the places of its options.
func (w *world) choice(code string, places ...int) []int64 {
	w.T.Helper()
	var ids []int64
	for i, q := range w.view(code, 0).Questions {
		ids = append(ids, q.Options[places[i]].ID)
	}
	return ids
}

func (w *world) votes(code string, member int64, places ...int) error {
	w.T.Helper()
	return w.Polls.Vote(w.T.Context(), polls.Cast{Code: code, MemberID: member, Choice: w.choice(code, places...)})
}

// people are so many members, made behind the program's back, older than any poll.
func (w *world) people(n int) []int64 {
	w.T.Helper()
	var ids []int64
	w.must(w.DB.Select(&ids, `insert into members (email, email_normal, password_hash, name, handle, created_at, email_confirmed_at)
select 'n' || i || '@poste.example', 'n' || i || '@poste.example', 'x', 'N' || i, 'n' || i || 'n', $2, $2 from generate_series(1, $1) i returning id`, n, time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)))
	return ids
}

// closes lets the close of a poll come, and everything that follows.
func (w *world) closes(code string) polls.View {
	w.T.Helper()
	w.Clock.Set(*w.view(code, 0).ClosesAt)
	w.sweeps()
	return w.view(code, 0)
}

func (w *world) sweeps() {
	w.T.Helper()
	w.must(w.Polls.Sweep(w.T.Context()))
	w.must(w.Jobs.Drain(w.T.Context()))
}

// told is how often somebody was told that of a poll.
func (w *world) told(member int64, kind, event string) (n int) {
	w.T.Helper()
	w.must(w.DB.Get(&n, `select count(*) from notices where member_id = $1 and kind = $2 and event = $3`, member, kind, event))
	return n
}

// sound fails where an invariant of polls is broken.
func (w *world) sound() {
	w.T.Helper()
	found, err := polls.Check(w.T.Context(), w.DB)
	w.must(err)
	for _, f := range found {
		if f.Count != 0 {
			w.T.Errorf("%s is broken %d times", f.Name, f.Count)
		}
	}
}

func ids(list []polls.View) string {
	s := ""
	for _, v := range list {
		s += fmt.Sprint(v.Code, " ")
	}
	return s
}
