package ideas_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/app/apptest"
	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/ideas"
	"relais/internal/postgres"
	"relais/internal/postgres/pgtest"
	"relais/internal/reports"
)

// world is Relais with a brand that takes ideas, from five supporters on, and Léa, who proposes.
type world struct {
	*apptest.World
	t    *testing.T
	shop apptest.Shop
	lea  int64
	n    int // members made by grown
}

func open(t *testing.T) *world {
	t.Helper()
	w := &world{World: apptest.New(t), t: t}
	w.shop, w.lea = w.Shop("terre", 12000, 50), w.Member("lea")
	w.ok(w.Ideas.Set(t.Context(), w.shop.Owner, w.shop.Brand, terms(5)))
	return w
}

func terms(threshold int) ideas.Settings {
	return ideas.Settings{Taken: true, Threshold: threshold, Days: 60, AnswerDays: 21}
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) is(err, want error) {
	w.t.Helper()
	if !errors.Is(err, want) {
		w.t.Errorf("%v; want %v", err, want)
	}
}

// grown makes members whose accounts are a week old, quickly.
func (w *world) grown(n int) []int64 {
	w.t.Helper()
	var list []int64
	w.ok(w.DB.Select(&list, `insert into members (email, email_normal, password_hash, name, handle, created_at, email_confirmed_at)
select 'm' || g || '@relais.example', 'm' || g || '@relais.example', 'x', 'M' || g, 'membre-' || g, now() - interval '7 days', now() from generate_series($1::int, $2::int) g returning id`, w.n+1, w.n+n))
	w.n += n
	return list
}

func (w *world) propose(by int64, title string) ideas.Idea {
	w.t.Helper()
	i, err := w.Ideas.Propose(w.t.Context(), by, w.shop.Brand, ideas.Draft{Operation: rand.Text(), Lang: i18n.FR, Title: title, Text: "Pour les petits matins.", Named: true})
	w.ok(err)
	return i
}

func (w *world) support(id int64, who ...int64) {
	w.t.Helper()
	for _, m := range who {
		w.ok(w.Ideas.Support(w.t.Context(), m, id, ""))
	}
}

func (w *world) idea(id int64) ideas.View {
	w.t.Helper()
	v, err := ideas.ByID(w.t.Context(), w.DB, id, 0)
	w.ok(err)
	return v
}

// stands fails where an idea is not in that state with so many supporters, or the audit finds something.
func (w *world) stands(id int64, state ideas.State, supporters int) {
	w.t.Helper()
	if v := w.idea(id); v.State != state || v.Supporters != supporters {
		w.t.Errorf("idea %d is %s with %d; want %s with %d", id, v.State, v.Supporters, state, supporters)
	}
	found, err := ideas.Check(w.t.Context(), w.DB)
	w.ok(err)
	for _, f := range found {
		if f.Count != 0 {
			w.t.Errorf("%s is broken %d times", f.Name, f.Count)
		}
	}
}

// told is how often notices of an event of ideas were told; of a member, or with 0 of anybody.
func (w *world) told(member int64, event string) (n int) {
	w.t.Helper()
	w.ok(w.DB.Get(&n, `select count(*) from notices where kind in ('idea','brand_idea','appeal') and kind || '.' || event = $2 and ($1 = 0 or member_id = $1)`, member, event))
	return n
}

// From the proposal to the product, with everybody who is told.
func TestFromIdeaToProduct(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	i := w.propose(w.lea, "Un bol à anses")
	fans := w.grown(5)
	w.support(i.ID, fans[:4]...)
	w.support(i.ID, fans[3]) // a second time
	w.stands(i.ID, ideas.Open, 4)
	w.is(w.Ideas.Reply(ctx, w.shop.Owner, w.shop.Brand, i.ID, ideas.Yes, "Oui"), ideas.ErrOver)
	w.ok(w.Ideas.TakeBack(ctx, fans[0], i.ID))
	w.ok(w.Ideas.TakeBack(ctx, fans[0], i.ID))
	w.stands(i.ID, ideas.Open, 3)
	w.support(i.ID, fans[0], fans[4])
	w.stands(i.ID, ideas.Reached, 5)
	w.Settle()
	if v := w.idea(i.ID); !v.AnswerBy.Equal(w.Clock.Now().AddDate(0, 0, 21)) {
		t.Errorf("to be answered by %v", v.AnswerBy)
	}
	if w.told(w.lea, "idea.reached") != 1 || w.told(0, "idea.reached") != 6 || w.told(w.shop.Owner, "brand_idea.reached") != 1 {
		t.Error("somebody was not told that it is reached")
	}
	w.is(w.Ideas.TakeBack(ctx, fans[0], i.ID), ideas.ErrOver)
	w.support(i.ID, w.grown(1)...) // until it is answered
	w.stands(i.ID, ideas.Reached, 6)
	w.is(w.Ideas.Withdraw(ctx, w.lea, i.ID), ideas.ErrOver)
	w.is(w.Ideas.Make(ctx, w.shop.Owner, w.shop.Brand, i.ID, w.shop.Product), ideas.ErrOver)

	w.is(w.Ideas.Reply(ctx, w.lea, w.shop.Brand, i.ID, ideas.Yes, "Oui"), ideas.ErrGone)
	w.is(w.Ideas.Reply(ctx, w.shop.Owner, w.shop.Brand, i.ID, "perhaps", " "), fault.Invalid)
	w.ok(w.Ideas.Reply(ctx, w.shop.Owner, w.shop.Brand, i.ID, ideas.Yes, "Oui, pour l’automne."))
	w.is(w.Ideas.Reply(ctx, w.shop.Owner, w.shop.Brand, i.ID, ideas.No, "Non."), ideas.ErrOver)
	w.Settle()
	w.is(w.Ideas.Support(ctx, w.grown(1)[0], i.ID, ""), ideas.ErrOver)
	if w.told(0, "idea.answered_yes") != 7 {
		t.Error("somebody was not told of the answer")
	}
	other := w.Shop("verre", 5000, 5)
	w.is(w.Ideas.Make(ctx, w.shop.Owner, w.shop.Brand, i.ID, other.Product), ideas.ErrProduct)
	w.stands(i.ID, ideas.Answered, 6)
	w.ok(w.Ideas.Make(ctx, w.shop.Owner, w.shop.Brand, i.ID, w.shop.Product))
	w.is(w.Ideas.Make(ctx, w.shop.Owner, w.shop.Brand, i.ID, w.shop.Product), ideas.ErrProduct)
	w.Settle()
	w.stands(i.ID, ideas.Made, 6)
	if w.told(0, "idea.made") != 7 {
		t.Error("somebody was not told that it is made")
	}
	from, err := ideas.From(ctx, w.DB, ideas.Product, w.shop.Product)
	w.ok(err)
	if from == nil || from.Author != "Lea" || from.Supporters != 6 || from.Path() != i.Path() {
		t.Errorf("%+v", from)
	}
	w.ok(w.Ideas.Name(ctx, w.lea, i.ID, false))
	w.is(w.Ideas.Name(ctx, fans[0], i.ID, true), ideas.ErrGone)
	if from, err = ideas.From(ctx, w.DB, ideas.Product, w.shop.Product); err != nil || from.Author != "" || from.AuthorID != 0 || from.Handle != "" {
		t.Errorf("%+v, %v", from, err)
	}
	if none, err := ideas.From(ctx, w.DB, ideas.Product, other.Product); none != nil || err != nil {
		t.Errorf("%+v, %v", none, err)
	}
}

// What a brand sets is fixed for an idea when it is proposed.
func TestTermsAreFixed(t *testing.T) {
	w := open(t)
	i := w.propose(w.lea, "Un bol à anses")
	later := ideas.Settings{Taken: true, Threshold: 6, Days: 14, AnswerDays: 7}
	w.is(w.Ideas.Set(t.Context(), w.lea, w.shop.Brand, later), ideas.ErrGone)
	w.ok(w.Ideas.Set(t.Context(), w.shop.Owner, w.shop.Brand, later))
	if v := w.idea(i.ID); v.Threshold != 5 || !v.ClosesAt.Equal(apptest.Start.AddDate(0, 0, 60)) || v.AnswerDays != 21 {
		t.Errorf("%+v", v)
	}
	if v := w.idea(w.propose(w.lea, "Une tasse").ID); v.Threshold != 6 || !v.ClosesAt.Equal(apptest.Start.AddDate(0, 0, 14)) || v.AnswerDays != 7 {
		t.Errorf("%+v", v)
	}
	w.ok(w.Ideas.Set(t.Context(), w.shop.Owner, w.shop.Brand, ideas.FirstSettings()))
	_, err := w.Ideas.Propose(t.Context(), w.lea, w.shop.Brand, ideas.Draft{Operation: rand.Text(), Lang: i18n.FR, Title: "x", Text: "y"})
	w.is(err, ideas.ErrNotTaken)
	_, err = w.Ideas.Propose(t.Context(), w.lea, w.shop.Brand+1000, ideas.Draft{Operation: rand.Text(), Lang: i18n.FR, Title: "x", Text: "y"})
	w.is(err, ideas.ErrNotTaken)
	w.support(i.ID, w.grown(5)...)
	w.stands(i.ID, ideas.Reached, 5)
}

func TestProposing(t *testing.T) {
	w := open(t)
	d := ideas.Draft{Operation: rand.Text(), Lang: i18n.FR, Title: "Un bol", Text: "Rond."}
	first, err := w.Ideas.Propose(t.Context(), w.lea, w.shop.Brand, d)
	w.ok(err)
	if again, err := w.Ideas.Propose(t.Context(), w.lea, w.shop.Brand, d); err != nil || again.ID != first.ID {
		t.Errorf("sent twice: %d and %d, %v", first.ID, again.ID, err)
	}
	for range ideas.MaxProposals - 1 {
		w.propose(w.lea, "Encore")
	}
	d.Operation = rand.Text()
	_, err = w.Ideas.Propose(t.Context(), w.lea, w.shop.Brand, d)
	w.is(err, ideas.ErrPace)
	w.ok(w.Clock.Advance(t.Context(), 2))
	w.propose(w.lea, "Le lendemain")
	w.DB.MustExec(`update members set email_confirmed_at = null where id = $1`, w.lea)
	_, err = w.Ideas.Propose(t.Context(), w.lea, w.shop.Brand, d)
	w.is(err, ideas.ErrUnverified)
	w.is(w.Ideas.Comment(t.Context(), w.lea, first.ID, rand.Text(), i18n.FR, "Oui"), ideas.ErrUnverified)
}

func TestWhoSupports(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	i, max := w.propose(w.lea, "Un bol à anses"), w.Member("max")
	w.is(w.Ideas.Support(ctx, max, i.ID, ""), ideas.ErrNew)
	w.Paid(apptest.Purchase{Variant: w.shop.Variant, Member: max, Email: "max@relais.example"})
	w.support(i.ID, max)
	w.DB.MustExec(`update members set created_at = now() - interval '3 days'`)
	w.is(w.Ideas.Support(ctx, w.lea, i.ID, ""), ideas.ErrYours)
	w.is(w.Ideas.Support(ctx, w.shop.Owner, i.ID, ""), ideas.ErrTeam)
	w.is(w.Ideas.Support(ctx, max, i.ID+1000, ""), ideas.ErrGone)
	unsure := w.grown(1)[0]
	w.DB.MustExec(`update members set email_confirmed_at = null where id = $1`, unsure)
	w.is(w.Ideas.Support(ctx, unsure, i.ID, ""), ideas.ErrUnverified)
	w.stands(i.ID, ideas.Open, 1)
}

func TestPaceOfSupports(t *testing.T) {
	w := open(t)
	fan := w.grown(1)[0]
	authors := w.grown(7)
	var list []int64
	for n := range ideas.MaxSupports + 1 {
		list = append(list, w.propose(authors[n/ideas.MaxProposals], fmt.Sprintf("Idée %d", n)).ID)
	}
	w.support(list[0], fan)
	w.support(list[1], fan)
	w.support(list[0], fan)
	w.support(list[2], fan)
	for _, id := range list[3:ideas.MaxSupports] {
		w.support(id, fan)
	}
	w.is(w.Ideas.Support(t.Context(), fan, list[ideas.MaxSupports], ""), ideas.ErrPace)
	w.support(list[0], fan) // what is supported already
	w.ok(w.Clock.Advance(t.Context(), 1))
	w.support(list[ideas.MaxSupports], fan)
}

// Two hundred at once, some of them twice: each is counted once, and the idea is reached once.
func TestSupportsAtOnce(t *testing.T) {
	w := open(t)
	w.ok(w.Ideas.Set(t.Context(), w.shop.Owner, w.shop.Brand, terms(100)))
	i, fans := w.propose(w.lea, "Un bol à anses"), w.grown(200)
	var all sync.WaitGroup
	for n, fan := range append(fans, fans[:40]...) {
		all.Go(func() {
			if err := w.Ideas.Support(t.Context(), fan, i.ID, ""); err != nil {
				t.Errorf("%d: %v", n, err)
			}
		})
	}
	all.Wait()
	w.stands(i.ID, ideas.Reached, 200)
	w.Settle()
	if n := w.told(0, "idea.reached"); n != 201 {
		t.Errorf("%d are told", n)
	}
	if n := w.told(w.shop.Owner, "brand_idea.reached"); n != 1 {
		t.Errorf("the brand is told %d times", n)
	}
}

// Supports and what takes them back, at once: the count is what a recount gives.
func TestSupportsAndTakingBackAtOnce(t *testing.T) {
	w := open(t)
	w.ok(w.Ideas.Set(t.Context(), w.shop.Owner, w.shop.Brand, terms(500)))
	i, fans := w.propose(w.lea, "Un bol à anses"), w.grown(40)
	w.support(i.ID, fans[:20]...)
	var all sync.WaitGroup
	for n, fan := range fans {
		all.Go(func() {
			do := func(ctx context.Context, member, id int64) error { return w.Ideas.Support(ctx, member, id, "") }
			if n < 20 {
				do = w.Ideas.TakeBack
			}
			if err := do(t.Context(), fan, i.ID); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	w.stands(i.ID, ideas.Open, 20)
}

func TestSweep(t *testing.T) {
	w := open(t)
	few, enough := w.propose(w.lea, "Trop peu"), w.propose(w.lea, "Assez")
	fans := w.grown(5)
	w.support(few.ID, fans[0])
	w.Pass(50)
	w.support(enough.ID, fans...)
	w.Pass(9)
	w.stands(few.ID, ideas.Open, 1)
	w.ok(w.Clock.Advance(t.Context(), 1))
	w.is(w.Ideas.Support(t.Context(), fans[1], few.ID, ""), ideas.ErrOver) // before the sweep came by
	w.is(w.Ideas.Withdraw(t.Context(), w.lea, few.ID), ideas.ErrOver)
	w.ok(w.Ideas.Sweep(t.Context()))
	w.Settle()
	w.stands(few.ID, ideas.Expired, 1)
	if w.told(w.lea, "idea.expired") != 1 || w.told(fans[0], "idea.expired") != 0 || w.told(fans[0], "idea.ended_short") != 1 || w.told(w.lea, "idea.ended_short") != 0 {
		t.Error("who is told that it expired?")
	}
	w.Pass(8) // 18 days since it was reached
	if w.told(w.shop.Owner, "brand_idea.due") != 1 || w.told(w.shop.Owner, "brand_idea.late") != 0 {
		t.Error("three days before")
	}
	late := func() int {
		c, err := ideas.CountsOf(t.Context(), w.DB, w.shop.Brand, w.Clock.Now())
		w.ok(err)
		return c.Late
	}
	if late() != 0 || w.idea(enough.ID).Late(w.Clock.Now()) {
		t.Error("late before its time")
	}
	w.Pass(3)
	w.ok(w.Ideas.Turn(t.Context(), enough.ID))
	if w.told(w.shop.Owner, "brand_idea.due") != 1 || w.told(w.shop.Owner, "brand_idea.late") != 1 {
		t.Error("on the day")
	}
	if late() != 1 || !w.idea(enough.ID).Late(w.Clock.Now()) {
		t.Error("not late on its day")
	}
	w.ok(w.Ideas.Reply(t.Context(), w.shop.Owner, w.shop.Brand, enough.ID, ideas.Later, "Pas cette année."))
	if late() != 0 {
		t.Error("late after the answer")
	}
	w.stands(enough.ID, ideas.Answered, 5)
}

// The supporters of two ideas are united, each counted once, without the author of the one that stays; with enough of them it is reached.
func TestMerging(t *testing.T) {
	w := open(t)
	ctx, owner, brand := t.Context(), w.shop.Owner, w.shop.Brand
	max := w.Member("max")
	w.DB.MustExec(`update members set created_at = now() - interval '3 days'`)
	double, third := w.propose(max, "Un bol avec des anses"), w.propose(max, "Des anses !")
	w.Clock.Set(w.Clock.Now().Add(time.Hour))
	keep := w.propose(w.lea, "Un bol à anses")
	fans := w.grown(5)
	w.support(keep.ID, fans[:2]...)
	w.support(double.ID, fans[1], fans[3], w.lea)
	w.is(w.Ideas.Merge(ctx, owner, brand, double.ID, double.ID), ideas.ErrInto)
	w.is(w.Ideas.Merge(ctx, owner, brand, double.ID, keep.ID+1000), ideas.ErrInto)
	w.is(w.Ideas.Merge(ctx, w.lea, brand, double.ID, keep.ID), ideas.ErrGone)
	w.ok(w.Ideas.Set(ctx, owner, brand, terms(6)))
	w.is(w.Ideas.Merge(ctx, owner, brand, double.ID, w.propose(max, "Deux anses").ID), ideas.ErrInto) // it needs more
	w.ok(w.Ideas.Set(ctx, owner, brand, terms(5)))
	other := w.Shop("verre", 5000, 5)
	w.is(w.Ideas.Merge(ctx, other.Owner, other.Brand, double.ID, keep.ID), ideas.ErrGone)
	w.ok(w.Ideas.Merge(ctx, owner, brand, double.ID, keep.ID))
	w.is(w.Ideas.Merge(ctx, owner, brand, double.ID, keep.ID), ideas.ErrOver)
	w.is(w.Ideas.Merge(ctx, owner, brand, keep.ID, double.ID), ideas.ErrInto) // it is merged
	w.Settle()
	w.stands(keep.ID, ideas.Open, 4) // its author among them
	w.stands(double.ID, ideas.Merged, 3)
	if v := w.idea(double.ID); v.Into() != keep.Path() {
		t.Errorf("leads to %s", v.Into())
	}
	if w.told(max, "idea.merged") != 1 || w.told(0, "idea.merged") != 4 {
		t.Error("who is told of the merger?")
	}
	w.is(w.Ideas.Support(ctx, fans[4], double.ID, ""), ideas.ErrOver)
	w.support(third.ID, fans[3], fans[4])
	w.ok(w.Ideas.Merge(ctx, owner, brand, third.ID, keep.ID))
	w.stands(keep.ID, ideas.Reached, 5)
	older := w.propose(max, "Une anse")
	w.Clock.Set(w.Clock.Now().Add(time.Hour))
	newer := w.propose(w.lea, "Une seule anse")
	w.ok(w.Ideas.Merge(ctx, owner, brand, newer.ID, older.ID))
	if v := w.idea(older.ID); !v.ClosesAt.Equal(newer.ClosesAt) {
		t.Errorf("closes %v, and %v was promised", v.ClosesAt, newer.ClosesAt)
	}
	late := w.propose(max, "Anses")
	w.support(late.ID, w.grown(1)[0])
	w.ok(w.Ideas.Merge(ctx, owner, brand, late.ID, keep.ID)) // into one that waits for its answer
	w.stands(keep.ID, ideas.Reached, 6)
	list, err := ideas.MergedInto(ctx, w.DB, keep.ID)
	w.ok(err)
	if len(list) != 3 || list[0].Path() != double.Path() {
		t.Errorf("%+v", list)
	}
}

// Two of a team merge two ideas into each other at once: one of them comes too late, and nobody is lost.
func TestMergingIntoEachOther(t *testing.T) {
	w := open(t)
	a, b, fans := w.propose(w.lea, "Un"), w.propose(w.lea, "Deux"), w.grown(3)
	w.support(a.ID, fans[0], fans[1])
	w.support(b.ID, fans[1], fans[2])
	var all sync.WaitGroup
	errs := make([]error, 2)
	all.Go(func() { errs[0] = w.Ideas.Merge(t.Context(), w.shop.Owner, w.shop.Brand, a.ID, b.ID) })
	all.Go(func() { errs[1] = w.Ideas.Merge(t.Context(), w.shop.Owner, w.shop.Brand, b.ID, a.ID) })
	all.Wait()
	if (errs[0] == nil) == (errs[1] == nil) {
		t.Fatalf("%v, %v", errs[0], errs[1])
	}
	if errs[0] == nil {
		a, b = b, a
	}
	w.stands(a.ID, ideas.Open, 3)
	w.stands(b.ID, ideas.Merged, 2)
}

func TestWithdrawingAndErasing(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	i, fan := w.propose(w.lea, "Un bol à anses"), w.grown(1)[0]
	w.support(i.ID, fan)
	w.is(w.Ideas.Erase(ctx, w.lea, i.ID), ideas.ErrOver)
	w.is(w.Ideas.Withdraw(ctx, fan, i.ID), ideas.ErrGone)
	w.ok(w.Ideas.Withdraw(ctx, w.lea, i.ID))
	w.is(w.Ideas.Withdraw(ctx, w.lea, i.ID), ideas.ErrOver)
	w.stands(i.ID, ideas.Withdrawn, 1)
	mine, err := ideas.SupportedBy(ctx, w.DB, fan, 10, 0)
	w.ok(err)
	if len(mine) != 1 || !mine[0].Supported {
		t.Errorf("%+v", mine)
	}
	w.is(w.Ideas.Erase(ctx, fan, i.ID), ideas.ErrGone)
	w.ok(w.Ideas.Erase(ctx, w.lea, i.ID))
	w.is(w.Ideas.Erase(ctx, w.lea, i.ID), ideas.ErrOver)
	if v := w.idea(i.ID); v.Title+v.Text+v.AuthorName != "" || v.Supporters != 1 {
		t.Errorf("%+v", v)
	}
	w.is(w.Ideas.Comment(ctx, fan, i.ID, rand.Text(), i18n.FR, "Dommage"), ideas.ErrOver)
}

func TestCommentsAndReports(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	admin, max := w.Member("admin"), w.Member("max")
	i := w.propose(w.lea, "Un bol à anses")
	op := rand.Text()
	w.ok(w.Ideas.Comment(ctx, max, i.ID, op, i18n.FR, "Et un couvercle ?"))
	w.ok(w.Ideas.Comment(ctx, max, i.ID, op, i18n.FR, "Et un couvercle ?"))
	w.ok(w.Ideas.Comment(ctx, w.shop.Owner, i.ID, rand.Text(), i18n.FR, "On y pense."))
	w.is(w.Ideas.Comment(ctx, max, i.ID, rand.Text(), i18n.FR, " "), fault.Invalid)
	list, total, err := ideas.Comments(ctx, w.DB, i.ID, 10, 0)
	w.ok(err)
	if total != 2 || len(list) != 2 || !list[0].Team || list[1].Team || list[1].AuthorName != "Max" {
		t.Fatalf("%d, %+v", total, list)
	}
	said := list[1].ID
	w.is(w.Ideas.Report(ctx, reports.Complaint{Part: ideas.AComment, ID: said, MemberID: max, Reason: "advert"}), reports.ErrYourOwn)
	w.is(w.Ideas.Report(ctx, reports.Complaint{Part: ideas.AComment, ID: said, MemberID: w.lea, Reason: "other"}), fault.Invalid)
	w.ok(w.Ideas.Report(ctx, reports.Complaint{Part: ideas.AComment, ID: said, MemberID: w.lea, Reason: "advert"}))
	w.is(w.Ideas.Report(ctx, reports.Complaint{Part: ideas.AComment, ID: said, MemberID: w.lea, Reason: "insult"}), reports.ErrReported)
	w.ok(w.Ideas.Report(ctx, reports.Complaint{Part: ideas.AComment, ID: said, Reason: "advert"})) // a visitor
	w.ok(w.Ideas.Report(ctx, reports.Complaint{Part: ideas.AnIdea, ID: i.ID, MemberID: max, Reason: "copied"}))
	cases, total, err := w.Ideas.Reports().Cases(ctx, w.DB, 10, 0)
	w.ok(err)
	if total != 2 || cases[0].Subject.Comment != nil || cases[1].Subject.CommentID() != said || len(cases[1].Reports) != 2 {
		t.Fatalf("%d, %+v", total, cases)
	}
	w.is(w.Ideas.Decide(ctx, reports.Decision{Part: ideas.AComment, ID: said, By: max, Hide: true, Why: "x"}), reports.ErrYourOwn)
	w.is(w.Ideas.Decide(ctx, reports.Decision{Part: ideas.AnIdea, ID: i.ID, By: w.shop.Owner, Hide: true, Why: "x"}), reports.ErrYourOwn)
	w.is(w.Ideas.Decide(ctx, reports.Decision{Part: ideas.AnIdea, ID: i.ID, By: admin, Hide: true}), fault.Invalid)
	w.ok(w.Ideas.Decide(ctx, reports.Decision{Part: ideas.AComment, ID: said, By: admin, Hide: true, Why: "Publicité."}))
	if _, total, _ := ideas.Comments(ctx, w.DB, i.ID, 10, 0); total != 1 {
		t.Errorf("%d comments are read", total)
	}
	w.ok(w.Ideas.Decide(ctx, reports.Decision{Part: ideas.AnIdea, ID: i.ID, By: admin, Hide: true, Why: "Copié."}))
	if w.told(max, "idea.comment_hidden") != 1 || w.told(w.lea, "idea.report_hidden") != 1 || w.told(w.lea, "idea.hidden") != 1 || w.told(max, "idea.report_hidden") != 1 {
		t.Error("somebody was not told of the decision")
	}
	_, err = ideas.ByID(ctx, w.DB, i.ID, max)
	w.is(err, ideas.ErrGone)
	if v, err := ideas.ByID(ctx, w.DB, i.ID, w.lea); err != nil || v.HiddenWhy != "Copié." {
		t.Errorf("%+v, %v", v, err)
	}
	w.is(w.Ideas.Support(ctx, w.grown(1)[0], i.ID, ""), ideas.ErrOver)
	w.is(w.Ideas.Comment(ctx, max, i.ID, rand.Text(), i18n.FR, "Encore"), ideas.ErrGone)
	if list, n, err := ideas.List(ctx, w.DB, ideas.Query{States: []ideas.State{ideas.Open}}, 10, 0); err != nil || n != 0 || len(list) != 0 {
		t.Errorf("a list shows what is hidden: %d, %v", n, err)
	}
	var n int
	w.ok(w.DB.Get(&n, `select count(*) from audit_log where action = 'idea report hidden'`))
	if n != 2 {
		t.Errorf("%d decisions in the log", n)
	}
	again := reports.Decision{Part: ideas.AnIdea, ID: i.ID, By: admin, Why: "Vérifié : ce n’est pas copié."}
	w.is(w.Ideas.Decide(ctx, again), reports.ErrDecided)
	w.is(w.Ideas.Reports().Contest(ctx, w.DB, ideas.AnIdea, i.ID, max, "Ce n’est pas copié."), reports.ErrNotHidden)
	w.ok(w.Ideas.Reports().Contest(ctx, w.DB, ideas.AnIdea, i.ID, w.lea, "Mon croquis est de 2019."))
	w.is(w.Ideas.Reports().Contest(ctx, w.DB, ideas.AnIdea, i.ID, w.lea, "Vraiment."), reports.ErrOpen)
	w.ok(w.Ideas.Decide(ctx, again))
	if w.told(w.lea, "appeal.shown") != 1 || w.told(w.lea, "idea.report_kept") != 0 {
		t.Error("its author was not told that it is shown again, or was told of a report that is not theirs")
	}
	w.stands(i.ID, ideas.Open, 0)
	w.ok(w.Ideas.Comment(ctx, max, i.ID, rand.Text(), i18n.FR, "Ravi"))
	list, _, _ = ideas.Comments(ctx, w.DB, i.ID, 10, 0)
	w.ok(w.Ideas.EraseComment(ctx, w.lea, i.ID, list[0].ID))
	if _, total, _ := ideas.Comments(ctx, w.DB, i.ID, 10, 0); total != 2 {
		t.Error("somebody else erased a comment")
	}
	w.ok(w.Ideas.EraseComment(ctx, max, i.ID, list[0].ID))
	if _, total, _ := ideas.Comments(ctx, w.DB, i.ID, 10, 0); total != 1 {
		t.Error("a comment was not erased")
	}
}

func TestAttach(t *testing.T) {
	w := open(t)
	i := w.propose(w.lea, "Un bol à anses")
	attach := func(brand, id int64, s ideas.Step) error {
		return postgres.InTx(t.Context(), w.DB, func(tx *sqlx.Tx) error { return ideas.Attach(t.Context(), tx, brand, id, s) })
	}
	poll := ideas.Step{Kind: ideas.Poll, RefID: 3, Title: "Une ou deux anses ?", Path: "/polls/3", At: w.Clock.Now().Add(time.Hour)}
	w.ok(attach(w.shop.Brand, i.ID, poll))
	w.ok(attach(w.shop.Brand, i.ID, poll))
	w.is(attach(w.shop.Brand+1000, i.ID, poll), ideas.ErrThread)
	w.is(attach(w.shop.Brand, i.ID+1000, poll), ideas.ErrThread)
	w.ok(attach(w.shop.Brand, i.ID, ideas.Step{Kind: ideas.Launch, RefID: 3, Title: "Le bol à anses", Path: "/launches/3", At: w.Clock.Now()}))
	w.support(i.ID, w.grown(5)...)
	w.ok(w.Ideas.Reply(t.Context(), w.shop.Owner, w.shop.Brand, i.ID, ideas.Yes, "Oui."))
	w.ok(w.Clock.Advance(t.Context(), 1))
	w.ok(w.Ideas.Make(t.Context(), w.shop.Owner, w.shop.Brand, i.ID, w.shop.Product))
	steps, err := ideas.Steps(t.Context(), w.DB, i.ID, i18n.FR)
	w.ok(err)
	var got []string
	for _, s := range steps {
		got = append(got, fmt.Sprintf("%s %s %s", s.Kind, s.Title, s.Path))
	}
	if strings.Join(got, "; ") != "launch Le bol à anses /launches/3; poll Une ou deux anses ? /polls/3; product Bol terre /p/"+w.shop.Slug {
		t.Errorf("%q", got)
	}
	gone := w.propose(w.lea, "Une tasse")
	w.ok(w.Ideas.Withdraw(t.Context(), w.lea, gone.ID))
	w.is(attach(w.shop.Brand, gone.ID, poll), ideas.ErrThread)
}

func TestLists(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	first, second := w.propose(w.lea, "Une"), w.propose(w.lea, "Deux")
	other := w.Shop("verre", 5000, 5)
	w.ok(w.Ideas.Set(ctx, other.Owner, other.Brand, terms(5)))
	fans := w.grown(2)
	w.support(first.ID, fans...)
	w.support(second.ID, fans[1])
	titles := func(q ideas.Query) string {
		t.Helper()
		q.States = []ideas.State{ideas.Open}
		list, n, err := ideas.List(ctx, w.DB, q, 10, 0)
		w.ok(err)
		var all []string
		for _, v := range list {
			all = append(all, v.Title)
		}
		return fmt.Sprint(n, all)
	}
	for want, q := range map[string]ideas.Query{"2 [Deux Une]": {}, "2 [Une Deux]": {Order: ideas.Most}, "0 []": {BrandID: other.Brand}} {
		if got := titles(q); got != want {
			t.Errorf("%+v: %s; want %s", q, got, want)
		}
	}
	takers, err := ideas.Takers(ctx, w.DB)
	w.ok(err)
	if len(takers) != 2 || takers[0].Handle != "terre" || takers[0].Threshold != 5 {
		t.Errorf("%+v", takers)
	}
	mine, err := ideas.ProposedBy(ctx, w.DB, w.lea, 10, 0)
	w.ok(err)
	if len(mine) != 2 || mine[1].AuthorName != "Lea" {
		t.Errorf("%+v", mine)
	}
	w.ok(w.Catalog.BlockBrand(ctx, w.lea, w.shop.Brand, true))
	if got := titles(ideas.Query{}); got != "0 []" {
		t.Errorf("of a brand that is blocked: %s", got)
	}
	w.is(w.Ideas.Support(ctx, fans[0], second.ID, ""), ideas.ErrGone)
}

// Whose idea a product was, and the way to a brand's ideas, are on pages that are kept: what changes them is noted.
func TestChangesAreNoted(t *testing.T) {
	w := open(t)
	i := w.propose(w.lea, "Un bol à anses")
	topic := fmt.Sprintf("brand:%d", w.shop.Brand)
	noted := func(do func()) {
		t.Helper()
		w.DB.MustExec(`delete from changes`)
		do()
		var n int
		w.ok(w.DB.Get(&n, `select count(*) from changes where topic = $1`, topic))
		if n == 0 {
			t.Error("nothing was noted")
		}
	}
	noted(func() { w.ok(w.Ideas.Set(t.Context(), w.shop.Owner, w.shop.Brand, terms(6))) })
	noted(func() { w.support(i.ID, w.grown(5)...) })
	w.ok(w.Ideas.Reply(t.Context(), w.shop.Owner, w.shop.Brand, i.ID, ideas.Yes, "Oui."))
	noted(func() { w.ok(w.Ideas.Make(t.Context(), w.shop.Owner, w.shop.Brand, i.ID, w.shop.Product)) })
	noted(func() { w.ok(w.Ideas.Name(t.Context(), w.lea, i.ID, false)) })
}

// The application cannot change what people supported or what was answered, and each corruption is named by the audit.
func TestGuards(t *testing.T) {
	w := open(t)
	i := w.propose(w.lea, "Un bol à anses")
	w.support(i.ID, w.grown(5)...)
	w.ok(w.Ideas.Reply(t.Context(), w.shop.Owner, w.shop.Brand, i.ID, ideas.No, "Non."))
	w.ok(w.Ideas.Make(t.Context(), w.shop.Owner, w.shop.Brand, i.ID, w.shop.Product))
	for _, q := range []string{`delete from ideas`, `update ideas set title = 'x'`, `update ideas set threshold = 6`, `update ideas set state = 'open'`, `update ideas set answer = 'yes'`,
		`update ideas set answer_by = now()`, `delete from idea_supports`, `update idea_supports set at = now()`, `insert into idea_supports select id, author_id, now() from ideas`,
		`delete from idea_steps`, `update idea_steps set at = now()`, `insert into idea_moves values ('made', 'open')`, `update ideas set supporters = 4`} {
		if _, err := w.DB.Exec(q); err == nil {
			t.Errorf("%s is allowed", q)
		}
	}
	owner := pgtest.Owner(t, w.DB)
	for query, want := range map[string]string{
		`update ideas set supporters = supporters + 1`:                              "ideas_counted",
		`delete from idea_supports where member_id = (select max(id) from members)`: "ideas_counted",
		`insert into idea_supports select id, author_id, now() from ideas`:          "ideas_counted",
		`delete from idea_steps`:                                          "ideas_made",
		`update ideas set state = 'answered', made_at = null`:             "ideas_made",
		`update products set brand_id = (select max(id) + 1 from brands)`: "ideas_made",
		`alter table ideas disable trigger ideas_move`:                    "idea_guards",
		`alter table idea_supports disable trigger idea_supports_move`:    "idea_guards",
		`grant delete on ideas to relais_app`:                             "idea_guards",
	} {
		tx := owner.MustBegin()
		tx.MustExec(`set local session_replication_role = replica`)
		tx.MustExec(query)
		found, err := ideas.Check(t.Context(), tx)
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
	w.ok(w.Catalog.MoveProduct(t.Context(), w.shop.Owner, w.shop.Brand, w.shop.Product, catalog.Archived))
	w.stands(i.ID, ideas.Made, 5)
}
