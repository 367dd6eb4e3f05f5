package polls_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"relais/internal/app/apptest"
	"relais/internal/catalog"
	"relais/internal/doubts"
	"relais/internal/fault"
	"relais/internal/follows"
	"relais/internal/groups"
	"relais/internal/i18n"
	"relais/internal/polls"
	"relais/internal/postgres/pgtest"
	"relais/internal/posts/poststest"
	"relais/internal/reports"
)

// A thousand vote at once, each twice and differently: each has one ballot, and the count is exact, while it is open and when it is over.
func TestAThousandAtOnce(t *testing.T) {
	for _, changeable := range []bool{true, false} {
		w := open(t)
		d := draft()
		d.Changeable, d.Quorum = changeable, 1000
		code := w.asks(d)
		choices := [][]int64{w.choice(code, 0, 0), w.choice(code, 1, 1)}
		var each sync.WaitGroup
		var refused atomic.Int64
		voters := w.people(1000)
		for i, member := range voters {
			for _, choice := range choices {
				each.Go(func() {
					err := w.Polls.Vote(t.Context(), polls.Cast{Code: code, MemberID: member, Choice: choice, Network: "2001:db8::" + string(rune('a'+i%26)) + string(rune('0'+i%10))})
					switch {
					case errors.Is(err, polls.ErrVoted):
						refused.Add(1)
					case err != nil:
						t.Error(err)
					}
				})
			}
		}
		each.Wait()
		if want := map[bool]int64{true: 0, false: 1000}[changeable]; refused.Load() != want {
			t.Errorf("%d refused; want %d", refused.Load(), want)
		}
		now := w.view(code, voters[0])
		if now.Cast != 1000 || now.Results.Counted != 1000 || now.Results.NotCounted() != 0 { // 130 networks, of none more than count
			t.Errorf("%d ballots, %d and %d", now.Cast, now.Results.Counted, now.Results.NotCounted())
		}
		for _, q := range now.Questions {
			var n int64
			for _, o := range q.Options {
				n += now.Results.Votes[o.ID]
			}
			if n != int64(now.Results.Counted) {
				t.Errorf("%q: %d votes of %d", q.Text, n, now.Results.Counted)
			}
		}
		over := w.closes(code)
		if over.Results.Counted != now.Results.Counted || over.Counted != now.Results.Counted {
			t.Errorf("%d when it is over; %d before", over.Counted, now.Results.Counted)
		}
		w.sound()
	}
}

// What was voted is read by those who have voted, and by everybody once it is over.
func TestHiddenUntilVoted(t *testing.T) {
	w := open(t)
	code, people := w.asks(draft()), w.people(2)
	w.must(w.votes(code, people[0], 0, 1))
	for who, viewer := range map[string]int64{"a guest": 0, "who has not voted": people[1], "the team": w.shop.Owner} {
		if v := w.view(code, viewer); v.Results != nil || len(v.Chosen) != 0 || v.Mine != nil {
			t.Errorf("%s sees %+v", who, v.Results)
		}
	}
	if v, err := w.Polls.OfTeam(t.Context(), w.shop.Brand, code, i18n.FR); err != nil || v.Results != nil {
		t.Errorf("the team, on its desk: %v, %v", v.Results, err)
	}
	v := w.view(code, people[0])
	if v.Results == nil || v.Results.Votes[w.choice(code, 0, 1)[1]] != 1 || !v.Picked(w.choice(code, 0, 1)[0]) {
		t.Errorf("who voted sees %+v", v.Results)
	}
	w.Clock.Set(*v.ClosesAt) // its time has come, and nobody has counted yet
	if w.view(code, people[1]).Results != nil {
		t.Error("shown before it was counted")
	}
	if err := w.votes(code, people[1], 0, 0); !errors.Is(err, polls.ErrNotOpen) {
		t.Errorf("voted after its close: %v", err)
	}
	if w.closes(code); w.view(code, 0).Results == nil {
		t.Error("hidden when it is over")
	}
}

// Each question is decided by itself; the brand answers once, late answers are asked for once, and everybody is told once.
func TestDecidedAndAnswered(t *testing.T) {
	w := open(t)
	d := draft()
	d.MarginPct, d.Quorum = 10, 5
	code, people := w.asks(d), w.people(5)
	for i, member := range people {
		w.must(w.votes(code, member, min(i, 1), i%2)) // 1 to 4, and 3 to 2: a lead of 20 %
	}
	v := w.closes(code)
	w.sweeps()
	low, high, ok := v.Outcome()
	if v.State != polls.Decided || strings.Join(v.Chosen, ", ") != "Lin, Nacre" || !ok || low.Minor != 8750 || high.Minor != 8750 {
		t.Errorf("%s: %v for %v to %v", v.State, v.Chosen, low, high)
	}
	if w.told(people[3], "poll", "decided") != 1 || w.told(w.shop.Owner, "brand_poll", "decided") != 1 {
		t.Error("not everybody was told once")
	}
	ctx := t.Context()
	if err := w.Polls.Answer(ctx, w.lea, w.shop.Brand, code, polls.Said{Text: "Fait"}); !errors.Is(err, polls.ErrGone) {
		t.Errorf("answered by a stranger: %v", err)
	}
	w.Clock.Set(v.AnswerBy.Add(-time.Minute))
	w.sweeps()
	if w.view(code, 0).Late(w.Clock.Now()) || w.told(w.shop.Owner, "brand_poll", "late") != 0 {
		t.Error("late before the day")
	}
	w.Clock.Set(*v.AnswerBy)
	w.sweeps()
	w.sweeps()
	if !w.view(code, 0).Late(w.Clock.Now()) || w.told(w.shop.Owner, "brand_poll", "late") != 1 {
		t.Error("not late on the day, or not told once")
	}
	other := w.Shop("bois", 5000, 5)
	if err := w.Polls.Answer(ctx, w.shop.Owner, w.shop.Brand, code, polls.Said{Text: "Fait", ProductID: other.Product}); !errors.Is(err, polls.ErrProduct) {
		t.Errorf("answered with the product of another brand: %v", err)
	}
	w.must(w.Polls.Answer(ctx, w.shop.Owner, w.shop.Brand, code, polls.Said{Text: "Elle est là, en lin.", ProductID: w.shop.Product, Why: "Le lin a doublé de prix."}))
	if err := w.Polls.Answer(ctx, w.shop.Owner, w.shop.Brand, code, polls.Said{Text: "Ou pas"}); !errors.Is(err, polls.ErrAnswered) {
		t.Errorf("answered again: %v", err)
	}
	w.sweeps()
	list, err := polls.DecidedFor(ctx, w.DB, i18n.FR, w.shop.Product)
	if err != nil || len(list) != 1 || list[0].Counted != 5 || w.told(people[0], "poll", "answered") != 1 || w.view(code, 0).Late(w.Clock.Now()) {
		t.Errorf("%v, %s", err, ids(list))
	}
	w.sound()
}

// Level, or below the margin: two variants, for which the outcome has two prices. Too few: nothing.
func TestTwoVariantsAndNoQuorum(t *testing.T) {
	w := open(t)
	d := draft()
	d.MarginPct = 25
	code, people := w.asks(d), w.people(5)
	for i, member := range people {
		w.must(w.votes(code, member, i%2, 0)) // 3 to 2: a lead of 20 %
	}
	v := w.closes(code)
	if low, high, _ := v.Outcome(); strings.Join(v.Chosen, ", ") != "Coton bio, Lin, Nacre" || low.Minor != 8360 || high.Minor != 8750 {
		t.Errorf("%v for %v to %v", v.Chosen, low, high)
	}
	d.Quorum = 2
	few := w.asks(d)
	w.must(w.votes(few, people[0], 0, 0))
	if v := w.closes(few); v.State != polls.NoQuorum || len(v.Chosen) != 0 || v.Results.Counted != 1 || w.told(people[0], "poll", "no_quorum") != 1 {
		t.Errorf("%s: %v", v.State, v.Chosen)
	}
	if err := w.Polls.Answer(t.Context(), w.shop.Owner, w.shop.Brand, few, polls.Said{Text: "Rien"}); !errors.Is(err, polls.ErrNotOpen) {
		t.Errorf("answered what was not decided: %v", err)
	}
	w.sound()
}

// Who may vote: those whom the poll asks, and nobody of the team.
func TestAudiences(t *testing.T) {
	w := open(t)
	other := w.Member("max")
	poststest.Circle(t, w.DB, "jardin", groups.Personal, groups.Open, w.lea)
	hidden := poststest.Circle(t, w.DB, "secret", groups.Personal, groups.Private, w.lea)
	w.must(w.Follows.Follow(t.Context(), w.lea, follows.Brand, "terre", groups.Personal))
	w.DB.MustExec(`update group_members set joined_at = $1`, w.Clock.Now())
	bought := w.Order(apptest.Purchase{Variant: w.shop.Variant, Member: w.lea})
	for _, audience := range polls.Audiences() {
		d := draft()
		d.Audience, d.Circle = audience, "jardin"
		code := w.asks(d)
		if audience == polls.Buyers {
			if err := w.votes(code, w.lea, 0, 0); !errors.Is(err, polls.ErrAudience) {
				t.Errorf("voted with an order that is not paid: %v", err)
			}
			w.Pay(bought, apptest.Good)
			w.Settle()
		}
		if err := w.votes(code, w.lea, 0, 0); err != nil {
			t.Errorf("%s: %v", audience, err)
		}
		var want error
		if audience != polls.Everybody {
			want = polls.ErrAudience
		}
		if err := w.votes(code, other, 0, 0); !errors.Is(err, want) {
			t.Errorf("%s: who is not of them: %v", audience, err)
		}
		if err := w.votes(code, w.shop.Owner, 0, 0); !errors.Is(err, polls.ErrTeam) {
			t.Errorf("%s: the team: %v", audience, err)
		}
	}
	// Nobody joins to vote.
	for _, audience := range []polls.Audience{polls.Followers, polls.Circle} {
		d := draft()
		d.Audience, d.Circle = audience, "jardin"
		code := w.asks(d)
		w.DB.MustExec(`update group_members set joined_at = $1`, w.Clock.Now().Add(time.Minute))
		w.DB.MustExec(`update follows set at = $1`, w.Clock.Now().Add(time.Minute))
		if err := w.votes(code, w.lea, 0, 0); !errors.Is(err, polls.ErrAudience) {
			t.Errorf("%s: who joined after it was opened: %v", audience, err)
		}
	}
	d := draft()
	d.Audience, d.Circle = polls.Circle, hidden.Handle
	if _, err := w.Polls.Save(t.Context(), w.shop.Owner, w.shop.Brand, "", d); !errors.Is(err, polls.ErrCircle) {
		t.Errorf("a private circle: %v", err)
	}
}

// Ballots in doubt are kept with their reason and counted apart; whoever is blocked when it closes does not count.
func TestDoubts(t *testing.T) {
	w := open(t)
	code, people := w.asks(draft()), w.people(20)
	w.must(w.votes(code, people[0], 0, 0))
	_, err := w.DB.Exec(`update members set email_normal = (select email_normal from members where id = $1) where id = $2`, people[0], people[1])
	w.must(err)
	_, err = w.DB.Exec(`update members set created_at = now() + interval '1 hour' where id = $1`, people[2])
	w.must(err)
	for _, member := range people[1:4] {
		w.must(w.votes(code, member, 1, 0))
	}
	choice := w.choice(code, 1, 1)
	for _, member := range people[4:16] { // of one network, at once
		w.must(w.Polls.Vote(t.Context(), polls.Cast{Code: code, MemberID: member, Choice: choice, Network: "192.0.2.1"}))
	}
	for again := range 2 { // whoever changes their ballot keeps their place
		for _, member := range []int64{people[0], people[4], people[15]} {
			w.must(w.Polls.Vote(t.Context(), polls.Cast{Code: code, MemberID: member, Choice: choice, Network: "198.51.100.7"}))
		}
		r := w.view(code, people[0]).Results
		if r.Counted != 2+doubts.MaxNetwork || len(r.Aside) != 3 || r.Aside[0] != (polls.Aside{Doubt: doubts.SameAddress, Count: 1}) || r.Aside[1] != (polls.Aside{Doubt: doubts.SameNetwork, Count: 4}) ||
			r.Aside[2] != (polls.Aside{Doubt: doubts.NewAccount, Count: 1}) {
			t.Errorf("%d: %+v", again, r)
		}
	}
	if v := w.view(code, people[2]); v.Mine.Doubt != doubts.NewAccount || v.Results == nil {
		t.Errorf("%+v", v.Mine)
	}
	_, err = w.DB.Exec(`update members set blocked_at = now() where id = $1`, people[3])
	w.must(err)
	if r := w.view(code, people[0]).Results; r.Counted != 1+doubts.MaxNetwork || r.Votes[w.choice(code, 1, 0)[1]] != 0 {
		t.Errorf("with one who is blocked: %+v", r)
	}
	v := w.closes(code)
	var known int
	w.must(w.DB.Get(&known, `select count(*) from poll_ballots where network <> ''`))
	if v.Counted != 1+doubts.MaxNetwork || v.Results.NotCounted() != 7 || known != 0 {
		t.Errorf("%d counted, %d not, %d networks kept", v.Counted, v.Results.NotCounted(), known)
	}
	if err := w.votes(code, people[3], 0, 0); !errors.Is(err, polls.ErrNotOpen) {
		t.Errorf("%v", err)
	}
	w.sound()
}

// A draft is refused with what is wrong at each field; prices are looked at again when it opens.
func TestDrafts(t *testing.T) {
	w := open(t)
	ctx, owner, brand := t.Context(), w.shop.Owner, w.shop.Brand
	bad := draft()
	bad.Title, bad.BaseMinor, bad.FloorMinor, bad.Days, bad.AnswerDays, bad.Quorum, bad.MarginPct, bad.Audience = " ", 0, 0, 61, 0, 0, 51, "all"
	bad.Questions = []polls.QuestionDraft{{Text: "Un ?", Options: []polls.OptionDraft{{Text: "Seul"}, {EffectMinor: 5}}}, {}, {Options: []polls.OptionDraft{{Text: "A"}, {Text: " A "}}}}
	var f *fault.Error
	if _, err := w.Polls.Save(ctx, owner, brand, "", bad); !errors.As(err, &f) {
		t.Fatal(err)
	}
	for _, field := range []string{"title", "base", "floor", "days", "answer_days", "quorum", "margin", "audience", "q.0.o.1.text", "q.2.text", "q.2.o.1.text"} {
		if f.Fields[field] == "" {
			t.Errorf("nothing is said of %s", field)
		}
	}
	low := draft()
	low.FloorMinor = 7901
	if _, err := w.Polls.Save(ctx, owner, brand, "", low); !errors.Is(err, polls.ErrFloor) {
		t.Errorf("below its floor: %v", err)
	}
	ofProduct := draft()
	ofProduct.ProductID, ofProduct.BaseMinor, ofProduct.FloorMinor, ofProduct.Text = w.shop.Product, 1, 11900, ""
	code, err := w.Polls.Save(ctx, owner, brand, "", ofProduct)
	w.must(err)
	if v, err := w.Polls.OfTeam(ctx, brand, code, i18n.FR); err != nil || v.BaseMinor != 12000 || len(v.Questions) != 2 {
		t.Errorf("%v, %+v", err, v.Poll)
	}
	if _, err := w.Polls.Save(ctx, w.lea, brand, code, draft()); !errors.Is(err, polls.ErrGone) {
		t.Errorf("written by a stranger: %v", err)
	}
	if _, err := w.Polls.ByCode(ctx, code, owner, i18n.FR); !errors.Is(err, polls.ErrGone) {
		t.Errorf("a draft in public: %v", err)
	}
	_, err = w.DB.Exec(`update variants set price_minor = 11990 where id = $1`, w.shop.Variant)
	w.must(err)
	if err := w.Polls.Open(ctx, owner, brand, code); !errors.Is(err, polls.ErrFloor) {
		t.Errorf("opened below its floor: %v", err)
	}
	w.must(w.Polls.Delete(ctx, owner, brand, code))
	other := w.Shop("bois", 5000, 5)
	ofProduct.ProductID = other.Product
	if _, err := w.Polls.Save(ctx, owner, brand, "", ofProduct); !errors.Is(err, polls.ErrProduct) {
		t.Errorf("about the product of another brand: %v", err)
	}
	w.must(w.Catalog.MoveProduct(ctx, owner, brand, w.shop.Product, catalog.Archived))
}

// What was asked stays, whoever writes; ballots come while it is open.
func TestGuards(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	d := draft()
	d.Changeable = false
	code := w.asks(d)
	w.must(w.votes(code, w.lea, 0, 0))
	w.must(w.votes(code, w.lea, 0, 0)) // the same
	if err := w.votes(code, w.lea, 1, 0); !errors.Is(err, polls.ErrVoted) {
		t.Errorf("changed: %v", err)
	}
	if _, err := w.Polls.Save(ctx, w.shop.Owner, w.shop.Brand, code, draft()); !errors.Is(err, polls.ErrAsked) {
		t.Errorf("written over: %v", err)
	}
	if err := w.Polls.Delete(ctx, w.shop.Owner, w.shop.Brand, code); !errors.Is(err, polls.ErrAsked) {
		t.Errorf("deleted: %v", err)
	}
	refused := func(sqls ...string) {
		t.Helper()
		for _, sql := range sqls {
			if _, err := w.DB.Exec(sql); err == nil {
				t.Errorf("done: %s", sql)
			}
		}
	}
	refused(`update polls set title = 'x'`, `update polls set floor_minor = 1`, `update polls set closes_at = closes_at + interval '1 day'`, `update polls set state = 'draft'`, `delete from polls`,
		`update poll_options set effect_minor = 0`, `update poll_options set media_id = 1`, `update poll_questions set text = 'x'`, `delete from poll_options`, `delete from poll_questions`,
		`insert into poll_questions (poll_id, position, text) select id, 4, 'x' from polls`, `delete from poll_ballots`, `update poll_ballots set changed_at = now()`, `delete from poll_choices`,
		`insert into poll_ballots (poll_id, member_id, at) select poll_id, member_id, now() from poll_ballots`)
	w.closes(code)
	refused(`update poll_ballots set doubt = 'new'`, `update poll_outcomes set votes = 9`, `update polls set counted = 9`, `update polls set state = 'open'`,
		`insert into poll_ballots (poll_id, member_id, at) select p.id, m.id, now() from polls p, members m`)
	w.sound()
}

// The brand cancels with a reason, and what was voted so far is read; the platform takes a poll off, and nothing that it asked is.
func TestCancelledAndStopped(t *testing.T) {
	w := open(t)
	ctx, admin := t.Context(), w.Member("admin")
	d := draft()
	d.Quorum = 2
	code := w.asks(d)
	w.must(w.votes(code, w.lea, 0, 0))
	if err := w.Polls.Cancel(ctx, w.shop.Owner, w.shop.Brand, code, " "); !errors.Is(err, fault.Invalid) {
		t.Errorf("without a reason: %v", err)
	}
	w.must(w.Polls.Cancel(ctx, w.shop.Owner, w.shop.Brand, code, "Le tissu n’arrive pas."))
	w.sweeps()
	if v := w.view(code, 0); v.State != polls.Cancelled || v.EndedWhy != "Le tissu n’arrive pas." || v.Results.Counted != 1 || len(v.Chosen) != 0 || w.told(w.lea, "poll", "cancelled") != 1 {
		t.Errorf("%+v", v.Poll)
	}
	second := w.asks(draft())
	w.must(w.votes(second, w.lea, 0, 0))
	report := func(by int64, reason, text string) error {
		return w.Polls.Report(ctx, second, reports.Complaint{Part: polls.APoll, MemberID: by, Reason: reason, Text: text})
	}
	id := w.view(second, 0).ID
	decide := func(by int64, hide bool, why string) error {
		return w.Polls.Decide(ctx, reports.Decision{Part: polls.APoll, ID: id, By: by, Hide: hide, Why: why})
	}
	w.must(report(w.lea, "misleading", "C’est une arnaque."))
	w.must(report(0, "illegal", "")) // a visitor
	for want, err := range map[error]error{reports.ErrReported: report(w.lea, "misleading", "Encore."), reports.ErrYourOwn: report(w.shop.Owner, "illegal", ""), fault.Invalid: report(w.lea, "", "x")} {
		if !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
	if err := decide(w.shop.Owner, true, "Gênant."); !errors.Is(err, reports.ErrYourOwn) {
		t.Errorf("decided by its brand: %v", err)
	}
	w.must(decide(admin, false, "Rien à redire."))
	w.must(report(w.lea, "other", "Regardez mieux."))
	w.must(decide(admin, true, "Promesse trompeuse."))
	if err := decide(admin, true, "Encore."); !errors.Is(err, reports.ErrDecided) {
		t.Errorf("stopped twice: %v", err)
	}
	if w.told(w.lea, "poll", "report_kept") != 1 || w.told(w.lea, "poll", "report_hidden") != 1 {
		t.Error("who reported it was not told")
	}
	w.sweeps()
	v := w.view(second, w.lea)
	if v.State != polls.Cancelled || v.Title != "" || v.Text != "" || v.Questions != nil || v.Results != nil || v.StoppedWhy == "" || v.OpenReports != 0 || w.told(w.shop.Owner, "brand_poll", "stopped") != 1 {
		t.Errorf("%+v", v)
	}
	for name, list := range map[string]func() ([]polls.View, error){
		"lately": func() ([]polls.View, error) { return polls.Lately(ctx, w.DB, i18n.FR, 9, 0) }, "open": func() ([]polls.View, error) { return polls.OpenNow(ctx, w.DB, i18n.FR, 9, 0) },
		"brand": func() ([]polls.View, error) { return polls.OpenOfBrand(ctx, w.DB, i18n.FR, w.shop.Brand) },
	} {
		if vs, err := list(); err != nil || strings.Contains(ids(vs), second) {
			t.Errorf("%s: %v, %s", name, err, ids(vs))
		}
	}
	desk := w.Polls.Reports() // what was decided can be looked at again: its brand contests it, and it is read again, as it ended
	w.must(desk.Contest(ctx, w.DB, polls.APoll, id, w.shop.Owner, "Tout est vrai."))
	w.must(decide(admin, false, "En effet."))
	if v := w.view(second, 0); v.StoppedAt != nil || v.Title == "" || v.State != polls.Cancelled || w.told(w.shop.Owner, "appeal", "shown") != 1 {
		t.Errorf("shown again: %+v", v.Poll)
	}
	w.must(desk.Reopen(ctx, w.DB, reports.Decision{Part: polls.APoll, ID: id, By: admin, Why: "Encore un doute."}, w.Clock.Now()))
	w.Clock.Set(w.Clock.Now().Add(time.Hour))
	w.must(decide(admin, true, "Non, trompeur."))
	if v := w.view(second, 0); v.StoppedWhy != "Non, trompeur." || w.told(w.shop.Owner, "brand_poll", "stopped") != 2 {
		t.Errorf("stopped again: %+v", v.Poll)
	}
	w.sound()
}

// Somebody with all rights changes polls behind the program's back: the audit names what they did.
func TestCheckNamesEachCorruption(t *testing.T) {
	w := open(t)
	code := w.asks(draft())
	w.must(w.votes(code, w.lea, 0, 0))
	w.closes(code)
	owner := pgtest.Owner(t, w.DB)
	for _, c := range []struct{ sql, want string }{
		{``, ""},
		{`update polls set counted = 2`, "polls_counted"},
		{`update poll_outcomes set votes = votes + 1`, "polls_counted"},
		{`update poll_ballots set doubt = 'new'`, "polls_counted"},
		{`delete from poll_outcomes`, "polls_counted"},
		{`delete from poll_choices; update poll_outcomes set votes = 0`, "polls_answered"},
		{`update poll_options set effect_minor = -5000 where text = 'Corozo'`, "polls_floor"},
		{`alter table poll_options disable trigger poll_options_asked`, "polls_guarded"},
		{`grant update on poll_outcomes to relais_app`, "polls_guarded"},
	} {
		tx, err := owner.Beginx()
		w.must(err)
		_, err = tx.Exec(`set local session_replication_role = replica`)
		w.must(err)
		_, err = tx.Exec(c.sql)
		w.must(err)
		found, err := polls.Check(t.Context(), tx)
		w.must(err)
		for _, f := range found {
			if broken := f.Count != 0; broken != (f.Name == c.want) {
				t.Errorf("%q: %s is broken %d times", c.sql, f.Name, f.Count)
			}
		}
		w.must(tx.Rollback())
	}
}

// Who is blocked while a poll is being ended counts as those who are counted, and in each question.
func TestBlockedWhileItEnds(t *testing.T) {
	w := open(t)
	code, people := w.asks(draft()), w.people(3)
	for _, p := range people {
		w.must(w.votes(code, p, 0, 0))
	}
	// Between the settling of the ballots and the count.
	pgtest.Owner(t, w.DB).MustExec(fmt.Sprintf(`create function block_meanwhile() returns trigger language plpgsql security definer as $$ begin update members set blocked_at = now() where id = %d; return null; end $$;
create trigger block_meanwhile after update on poll_ballots for each statement execute function block_meanwhile()`, people[0]))
	v := w.closes(code)
	if v.State != polls.Decided || v.Results.Counted != v.Counted || v.Results.NotCounted() != 3-v.Counted {
		t.Errorf("%s with %d, of which are shown %+v", v.State, v.Counted, v.Results)
	}
	for _, q := range v.Questions {
		sum := 0
		for _, o := range q.Options {
			sum += int(v.Results.Votes[o.ID])
		}
		if sum != v.Counted {
			t.Errorf("%s: %d votes of %d ballots", q.Text, sum, v.Counted)
		}
	}
	w.sound()
}
