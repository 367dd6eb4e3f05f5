package support_test

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/app/apptest"
	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/mail"
	"relais/internal/mail/mailtest"
	"relais/internal/orders"
	"relais/internal/postgres/pgtest"
	"relais/internal/support"
)

// world is a paid order of a brand, and another brand.
type world struct {
	*apptest.World
	support     *support.Service
	outbox      *mail.Outbox
	shop, other apptest.Shop
	order       orders.Page
}

const domain = "in.example"

func open(t *testing.T) *world {
	t.Helper()
	w := &world{World: apptest.New(t)}
	w.shop, w.other = w.Shop("terre", 12000, 50), w.Shop("verre", 5000, 50)
	w.order = w.Paid(apptest.Purchase{Variant: w.shop.Variant})
	w.outbox = mailtest.Outbox(t, w.DB, w.Clock.Now)
	w.support = support.New(support.Config{DB: w.DB, Now: w.Clock.Now, Mail: w.outbox, Media: w.Media, Domain: domain})
	return w
}

func (w *world) ok(err error) {
	w.T.Helper()
	if err != nil {
		w.T.Fatal(err)
	}
}

func (w *world) asks(body string) {
	w.T.Helper()
	w.ok(w.support.Write(w.T.Context(), w.order.ID, w.shop.Brand, support.Draft{Side: support.FromBuyer, Body: body}))
}

func (w *world) answers(body string) {
	w.T.Helper()
	w.ok(w.support.Write(w.T.Context(), w.order.ID, w.shop.Brand, support.Draft{Side: support.FromBrand, MemberID: w.shop.Owner, Body: body}))
}

func (w *world) talk() support.Conversation {
	w.T.Helper()
	c, err := support.Of(w.T.Context(), w.DB, w.order.ID, w.shop.Brand)
	w.ok(err)
	return c
}

func (w *world) bodies(side support.Side) (all []string) {
	w.T.Helper()
	ms, err := support.Messages(w.T.Context(), w.DB, w.talk().ID, side)
	w.ok(err)
	for _, m := range ms {
		all = append(all, m.Body)
	}
	return all
}

func (w *world) count(query string) (n int) {
	w.T.Helper()
	w.ok(w.DB.Get(&n, query))
	return n
}

func picture(t *testing.T, shade uint8) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 60, 40))
	for i := range img.Pix {
		img.Pix[i] = shade
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestAConversationGoesThroughItsStates(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	if err := w.support.Solve(ctx, w.order.ID, w.shop.Brand, support.FromBuyer); !errors.Is(err, support.ErrGone) {
		t.Errorf("nothing is solved before anybody wrote: %v", err)
	}
	w.asks("Où est mon bol ?")
	c := w.talk()
	if c.State != support.Open || c.DueAt == nil || !c.DueAt.Equal(apptest.Start.Add(24*time.Hour)) {
		t.Errorf("after the question: %+v", c)
	}
	w.ok(w.Clock.Advance(ctx, 1))
	w.asks("Toujours rien ?")
	if again := w.talk(); !again.DueAt.Equal(*c.DueAt) {
		t.Errorf("the clock was set back to %v by a second question", again.DueAt)
	}
	w.ok(w.support.Write(ctx, w.order.ID, w.shop.Brand, support.Draft{Side: support.FromBrand, MemberID: w.shop.Owner, Body: "Qui s’en occupe ?", Note: true}))
	if c := w.talk(); c.State != support.Open || c.DueAt == nil {
		t.Errorf("a note is no answer: %+v", c)
	}
	w.answers("Il est parti.")
	if c := w.talk(); c.State != support.Waiting || c.DueAt != nil {
		t.Errorf("after the answer: %+v", c)
	}
	if n := w.count(`select took from answer_times`); n != 24*3600 {
		t.Errorf("the answer took %d s", n)
	}
	w.ok(w.support.Solve(ctx, w.order.ID, w.shop.Brand, support.FromBrand))
	if err := w.support.Solve(ctx, w.order.ID, w.shop.Brand, support.FromBuyer); !errors.Is(err, support.ErrSolved) {
		t.Errorf("twice: %v", err)
	}
	w.asks("Merci !")
	if c := w.talk(); c.State != support.Open || c.SolvedBy != "" {
		t.Errorf("a message opens it again: %+v", c)
	}
	w.ok(w.support.Solve(ctx, w.order.ID, w.shop.Brand, support.FromBrand))
	if n := w.count(`select count(*) from letters where template = 'order_solved'`); n != 2 {
		t.Errorf("the buyer heard %d times that it is solved", n)
	}
	if got := strings.Join(w.bodies(support.FromBuyer), "|"); strings.Contains(got, "occupe") || len(w.bodies(support.FromBrand)) != 5 {
		t.Errorf("the buyer reads %s", got)
	}
}

func TestTheBuyerSaysOnceWhetherTheyArePleased(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	rate := func(pleased bool, words string) error {
		return w.support.Rate(ctx, w.order.ID, w.shop.Brand, pleased, words)
	}
	w.asks("Bonjour")
	if err := rate(true, ""); !errors.Is(err, support.ErrRated) {
		t.Errorf("before it was solved: %v", err)
	}
	w.ok(w.support.Solve(ctx, w.order.ID, w.shop.Brand, support.FromBuyer))
	if err := rate(true, strings.Repeat("a", support.MaxWords+1)); !errors.Is(err, fault.Invalid) {
		t.Errorf("many words: %v", err)
	}
	w.ok(rate(false, "Trop lent."))
	if err := rate(true, ""); !errors.Is(err, support.ErrRated) {
		t.Errorf("twice: %v", err)
	}
	if _, err := w.DB.Exec(`update conversations set pleased = true`); err == nil {
		t.Error("what the buyer said could be changed")
	}
	w.ok(w.Clock.Advance(ctx, 1))
	w.asks("Et mon remboursement ?")
	w.answers("Il est parti.")
	if err := rate(true, ""); !errors.Is(err, support.ErrRated) {
		t.Errorf("while it is open: %v", err)
	}
	w.ok(w.support.Solve(ctx, w.order.ID, w.shop.Brand, support.FromBrand))
	w.ok(rate(true, "Finalement oui."))
	if c := w.talk(); !c.WasPleased() || c.PleasedWords != "Finalement oui." || c.Asks() {
		t.Errorf("said anew: %+v", c)
	}
	if _, err := w.DB.Exec(`update conversations set pleased = null, pleased_words = '', pleased_at = null`); err == nil {
		t.Error("what the buyer said could be taken away")
	}
	w.asks("Le remboursement n’est pas le bon.")
	w.Clock.Set(w.Clock.Now().Add(time.Hour))
	w.ok(w.support.Solve(ctx, w.order.ID, w.shop.Brand, support.FromBuyer))
	w.ok(rate(false, "Non."))
	o, err := support.OpinionOf(ctx, w.DB, w.shop.Brand)
	w.ok(err)
	if o != (support.Opinion{Said: 1}) || o.Known() {
		t.Errorf("%+v", o)
	}
	if got := (support.Opinion{Pleased: 9, Said: 11}); !got.Known() || got.Bps() != 8181 {
		t.Errorf("%d", got.Bps())
	}
}

func TestWhatIsRefused(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	for body, want := range map[string]string{" \n ": "fault.required", "a\u202eb": "fault.message_unreadable", strings.Repeat("é", support.MaxMessage+1): "fault.too_long"} {
		err := w.support.Write(ctx, w.order.ID, w.shop.Brand, support.Draft{Side: support.FromBuyer, Body: body})
		if f, ok := errors.AsType[*fault.Error](err); !ok || f.Fields["body"] != want {
			t.Errorf("%.10q: %v", body, err)
		}
	}
	if err := w.support.Write(ctx, w.order.ID, w.other.Brand, support.Draft{Side: support.FromBuyer, Body: "Bonjour"}); !errors.Is(err, orders.ErrOrderGone) {
		t.Errorf("a brand without a part: %v", err)
	}
	for range support.MaxMessagesADay {
		w.asks("Bonjour")
	}
	if err := w.support.Write(ctx, w.order.ID, w.shop.Brand, support.Draft{Side: support.FromBuyer, Body: "Encore"}); !errors.Is(err, support.ErrTooManyMessages) {
		t.Errorf("one more: %v", err)
	}
	w.answers("Chacun a son compte.")
	w.ok(w.Clock.Advance(ctx, 2))
	w.asks("Le lendemain")
	w.ok(w.Clock.Advance(ctx, 365))
	w.ok(w.Clock.Advance(ctx, 365))
	w.ok(w.Clock.Advance(ctx, 100))
	if err := w.support.Write(ctx, w.order.ID, w.shop.Brand, support.Draft{Side: support.FromBuyer, Body: "Encore"}); !errors.Is(err, support.ErrClosed) {
		t.Errorf("years later: %v", err)
	}
}

// Of two colleagues who answer at once, one sees first what the other wrote; nothing is lost or doubled.
func TestTwoAnswersAtOnce(t *testing.T) {
	w := open(t)
	w.asks("Bonjour")
	seen := w.talk().LastID
	errs := make([]error, 6)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() {
			errs[i] = w.support.Write(t.Context(), w.order.ID, w.shop.Brand, support.Draft{Side: support.FromBrand, MemberID: w.shop.Owner, Body: fmt.Sprint("Réponse ", i), Seen: &seen})
		})
	}
	all.Wait()
	written := 0
	for _, err := range errs {
		switch {
		case err == nil:
			written++
		case !errors.Is(err, support.ErrNewer):
			t.Error(err)
		}
	}
	if n := len(w.bodies(support.FromBrand)); written != 1 || n != 2 {
		t.Errorf("%d answers were taken, %d messages", written, n)
	}
	if n := w.count(`select count(*) from answer_times`); n != 1 {
		t.Errorf("%d times", n)
	}
}

func TestSpeedIsMeasured(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	for i := range 5 {
		if hours, err := support.Speed(ctx, w.DB, w.shop.Brand, w.Clock.Now()); err != nil || hours != 0 {
			t.Errorf("after %d answers: %d h, %v", i, hours, err)
		}
		w.asks("Bonjour")
		w.ok(w.Clock.Advance(ctx, 1)) // a weekend is among the days, and does not count
		w.answers("Bonjour")
	}
	if hours, err := support.Speed(ctx, w.DB, w.shop.Brand, w.Clock.Now()); err != nil || hours != 24 {
		t.Errorf("%d h, %v", hours, err)
	}
	if hours, err := support.Speed(ctx, w.DB, w.shop.Brand, w.Clock.Now().AddDate(0, 4, 0)); err != nil || hours != 0 {
		t.Errorf("of long ago: %d h, %v", hours, err)
	}
}

// A brand that answers what is easy and leaves the rest is not quick: whoever waits for too long, or was called solved without an answer, counts.
func TestSpeedCountsWhoWasLeft(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	speed := func() int {
		t.Helper()
		hours, err := support.Speed(ctx, w.DB, w.shop.Brand, w.Clock.Now())
		w.ok(err)
		return hours
	}
	for range 6 {
		w.asks("Bonjour")
		w.Clock.Set(w.Clock.Now().Add(2 * time.Hour))
		w.answers("Bonjour")
	}
	if got := speed(); got != 2 {
		t.Fatalf("six answers within two hours: %d h", got)
	}
	written := func(by support.Side, thanks bool) orders.Page {
		t.Helper()
		o := w.Paid(apptest.Purchase{Variant: w.shop.Variant})
		if thanks {
			w.ok(w.support.Write(ctx, o.ID, w.shop.Brand, support.Draft{Side: support.FromBrand, Body: "Il part demain."}))
		}
		w.ok(w.support.Write(ctx, o.ID, w.shop.Brand, support.Draft{Side: support.FromBuyer, Body: "Bonjour"}))
		if by != "" {
			w.ok(w.support.Solve(ctx, o.ID, w.shop.Brand, by))
		}
		return o
	}
	for range 3 {
		written(support.FromBuyer, false) // found out by themselves
		written(support.FromBrand, true)  // thanked for an answer
		written("", false)                // waits, and not for long
	}
	if got := speed(); got != 2 {
		t.Errorf("nobody was left yet: %d h", got)
	}
	written(support.FromBrand, false)
	written(support.FromBrand, false)
	if got := speed(); got != 2 {
		t.Errorf("six of eight were answered: %d h", got)
	}
	written(support.FromBrand, false)
	if got := speed(); got != 0 {
		t.Errorf("a third was called solved without a word: %d h", got)
	}
	w.ok(w.support.SetHours(ctx, w.shop.Brand, 1))
	late := open(t)
	for range 5 {
		late.asks("Bonjour")
		late.answers("Bonjour")
	}
	for range 2 {
		o := late.Paid(apptest.Purchase{Variant: late.shop.Variant})
		late.ok(late.support.Write(ctx, o.ID, late.shop.Brand, support.Draft{Side: support.FromBuyer, Body: "Bonjour"}))
	}
	late.ok(late.Clock.Advance(ctx, 7))
	if hours, err := support.Speed(ctx, late.DB, late.shop.Brand, late.Clock.Now()); err != nil || hours != 0 {
		t.Errorf("two of seven wait for a week: %d h, %v", hours, err)
	}
}

// Where there are only notes there is no conversation for the buyer, nothing to answer, and nothing that could be solved.
func TestANoteBeginsNothing(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	note := func(body string) {
		t.Helper()
		w.ok(w.support.Write(ctx, w.order.ID, w.shop.Brand, support.Draft{Side: support.FromBrand, MemberID: w.shop.Owner, Body: body, Note: true}))
	}
	note("Emballer doublement.")
	if c := w.talk(); c.Begun() || c.State != support.Noted || c.Asks() {
		t.Errorf("after a note: %+v", c)
	}
	for _, side := range []support.Side{support.FromBuyer, support.FromBrand} {
		if err := w.support.Solve(ctx, w.order.ID, w.shop.Brand, side); !errors.Is(err, support.ErrGone) {
			t.Errorf("solved by the %s: %v", side, err)
		}
	}
	if err := w.support.Rate(ctx, w.order.ID, w.shop.Brand, true, ""); !errors.Is(err, support.ErrRated) {
		t.Errorf("rated: %v", err)
	}
	w.ok(w.support.Assign(ctx, w.shop.Brand, w.talk().ID, w.shop.Owner, w.shop.Owner))
	counts, err := support.Counts(ctx, w.DB, w.shop.Brand, w.shop.Owner, w.Clock.Now())
	w.ok(err)
	if counts[support.ToAnswer]+counts[support.Unassigned]+counts[support.ForBuyer]+counts[support.Done] != 0 || counts[support.All] != 1 || counts[support.Mine] != 1 {
		t.Errorf("counts %v", counts)
	}
	for range 3 {
		w.ok(w.Clock.Advance(ctx, 250))
		note("Toujours là.")
	}
	w.ok(w.Clock.Advance(ctx, 100))
	if err := w.support.Write(ctx, w.order.ID, w.shop.Brand, support.Draft{Side: support.FromBuyer, Body: "Bonjour"}); !errors.Is(err, support.ErrClosed) {
		t.Errorf("notes keep an order open: %v", err)
	}
	if _, err := w.DB.Exec(`update conversations set state = 'open'; update conversations set state = 'noted'`); err == nil {
		t.Error("what was written could be forgotten")
	}
}

// Who leaves the team leaves their conversations to nobody, and not to themselves.
func TestWhoLeavesTheTeamIsGivenNothing(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	colleague := w.Member("colette")
	w.ok(w.Catalog.SetTeam(ctx, w.shop.Owner, w.shop.Brand, colleague, catalog.Staff))
	w.asks("Bonjour")
	w.ok(w.support.Assign(ctx, w.shop.Brand, w.talk().ID, colleague, w.shop.Owner))
	w.ok(w.Catalog.SetTeam(ctx, w.shop.Owner, w.shop.Brand, colleague, catalog.NoRole))
	counts, err := support.Counts(ctx, w.DB, w.shop.Brand, w.shop.Owner, w.Clock.Now())
	w.ok(err)
	if c := w.talk(); c.AssigneeID != nil || counts[support.Unassigned] != 1 {
		t.Errorf("%+v, %v", c, counts)
	}
}

func TestTheInboxIsSearchedAndSorted(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	second := w.Paid(apptest.Purchase{Variant: w.shop.Variant})
	foreign := w.Paid(apptest.Purchase{Variant: w.other.Variant})
	w.asks("Il est ébréché sur le bord")
	w.ok(w.support.Write(ctx, foreign.ID, w.other.Brand, support.Draft{Side: support.FromBuyer, Body: "Un autre est ébréché"}))
	w.ok(w.Clock.Advance(ctx, 3))
	w.ok(w.support.Write(ctx, second.ID, w.shop.Brand, support.Draft{Side: support.FromBuyer, Body: "Quand part-il ?"}))
	w.ok(w.support.AddTag(ctx, w.shop.Brand, "Casse"))
	if err := w.support.AddTag(ctx, w.shop.Brand, " casse "); !errors.Is(err, fault.Invalid) {
		t.Errorf("the same tag: %v", err)
	}
	tags, err := support.Tags(ctx, w.DB, w.shop.Brand)
	w.ok(err)
	w.ok(w.support.AddTag(ctx, w.other.Brand, "À eux"))
	theirs, err := support.Tags(ctx, w.DB, w.other.Brand)
	w.ok(err)
	w.ok(w.support.Tag(ctx, w.shop.Brand, w.talk().ID, []int64{tags[0].ID, theirs[0].ID}))
	w.ok(w.support.Assign(ctx, w.shop.Brand, w.talk().ID, w.shop.Owner, w.shop.Owner))
	if err := w.support.Assign(ctx, w.shop.Brand, w.talk().ID, w.other.Owner, w.shop.Owner); !errors.Is(err, fault.Invalid) {
		t.Errorf("given to a stranger: %v", err)
	}
	if err := w.support.Assign(ctx, w.other.Brand, w.talk().ID, w.other.Owner, w.shop.Owner); !errors.Is(err, fault.Invalid) {
		t.Errorf("taken by a stranger: %v", err)
	}
	if got := strings.Join(w.talk().Tags, " "); got != "Casse" {
		t.Errorf("tags %q", got)
	}
	first := w.order.Number
	for name, c := range map[string]struct {
		q    support.Query
		want string
	}{
		"open":       {support.Query{View: support.ToAnswer}, first + " " + second.Number},
		"overdue":    {support.Query{View: support.Late}, first},
		"mine":       {support.Query{View: support.Mine}, first},
		"unassigned": {support.Query{View: support.Unassigned}, second.Number},
		"waiting":    {support.Query{View: support.ForBuyer}, ""},
		"tag":        {support.Query{View: support.All, TagID: tags[0].ID}, first},
		"word":       {support.Query{View: support.All, Text: "ebreche"}, first},
		"words":      {support.Query{View: support.All, Text: "bord ébréchés"}, first},
		"number":     {support.Query{View: support.All, Text: second.Number}, second.Number},
		"lower case": {support.Query{View: support.All, Text: strings.ToLower(second.Number)}, second.Number},
		"name":       {support.Query{View: support.All, Text: "Lebrun"}, first + " " + second.Number},
		"name+word":  {support.Query{View: support.All, Text: "lebrun bord"}, first},
		"a part":     {support.Query{View: support.All, Text: strings.ToLower(second.Number[3:])}, second.Number},
		"a begin":    {support.Query{View: support.All, Text: first[:len(first)-1]}, first},
		"of a name":  {support.Query{View: support.All, Text: "lebr"}, first + " " + second.Number},
		"within one": {support.Query{View: support.All, Text: "ebrun"}, ""},
		"wildcards":  {support.Query{View: support.All, Text: "%%"}, ""},
		"brand":      {support.Query{View: support.All, Text: fmt.Sprintf("brand:%d", w.shop.Brand)}, ""},
		"no word":    {support.Query{View: support.All, Text: `"' & | ! (:*`}, ""},
	} {
		c.q.BrandID, c.q.MemberID, c.q.Limit = w.shop.Brand, w.shop.Owner, 10
		list, total, err := support.List(ctx, w.DB, c.q, w.Clock.Now())
		w.ok(err)
		var got []string
		for _, f := range list {
			got = append(got, f.Number)
		}
		if strings.Join(got, " ") != c.want || total != len(got) {
			t.Errorf("%s: %v of %d; want %s", name, got, total, c.want)
		}
	}
	counts, err := support.Counts(ctx, w.DB, w.shop.Brand, w.shop.Owner, w.Clock.Now())
	w.ok(err)
	if counts[support.All] != 2 || counts[support.Late] != 1 || counts[support.Mine] != 1 || counts[support.Done] != 0 {
		t.Errorf("counts %v", counts)
	}
}

func TestCannedAnswersAreTheBrands(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	w.ok(w.support.PutReply(ctx, w.shop.Brand, support.Reply{Title: "Envoi", Body: "Bonjour {prénom}"}))
	w.ok(w.support.PutReply(ctx, w.shop.Brand, support.Reply{Title: "Retour", Body: "Bonjour"}))
	rs, err := support.Replies(ctx, w.DB, w.shop.Brand)
	w.ok(err)
	if len(rs) != 2 || rs[0].Title != "Envoi" {
		t.Fatalf("%+v", rs)
	}
	for name, err := range map[string]error{
		"the same title":         w.support.PutReply(ctx, w.shop.Brand, support.Reply{Title: "envoi", Body: "x"}),
		"the title of another":   w.support.PutReply(ctx, w.shop.Brand, support.Reply{ID: rs[1].ID, Title: "ENVOI", Body: "x"}),
		"somebody else's":        w.support.PutReply(ctx, w.other.Brand, support.Reply{ID: rs[1].ID, Title: "Autre", Body: "x"}),
		"without words":          w.support.PutReply(ctx, w.shop.Brand, support.Reply{Title: "Vide", Body: " "}),
		"more hours than a week": w.support.SetHours(ctx, w.shop.Brand, support.MaxHours+1),
	} {
		if _, ok := errors.AsType[*fault.Error](err); !ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.ok(w.support.RemoveReply(ctx, w.other.Brand, rs[0].ID))
	w.ok(w.support.RemoveReply(ctx, w.shop.Brand, rs[1].ID))
	if rs, err = support.Replies(ctx, w.DB, w.shop.Brand); err != nil || len(rs) != 1 || rs[0].Body != "Bonjour {prénom}" {
		t.Errorf("%+v, %v", rs, err)
	}
	w.ok(w.support.SetHours(ctx, w.shop.Brand, 8))
	w.asks("Bonjour")
	if c := w.talk(); !c.DueAt.Equal(apptest.Start.Add(8 * time.Hour)) {
		t.Errorf("due %v", c.DueAt)
	}
}

func (w *world) told(member int64, event string) (n int) {
	w.T.Helper()
	w.ok(w.DB.Get(&n, `select count(*) from notices where member_id = $1 and kind || '.' || event = $2`, member, event))
	return n
}

// Who is to answer is reminded before the time is over, the whole team when it is, each once; and an answer ends that.
func TestTheTeamIsReminded(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	colleague := w.Member("colette")
	w.ok(w.Catalog.SetTeam(ctx, w.shop.Owner, w.shop.Brand, colleague, catalog.Staff))
	sweeps := func(after time.Duration) {
		t.Helper()
		w.Clock.Set(w.Clock.Now().Add(after))
		w.ok(w.support.Sweep(ctx))
		w.ok(w.support.Sweep(ctx))
	}
	w.asks("Bonjour")
	w.ok(w.support.Assign(ctx, w.shop.Brand, w.talk().ID, colleague, w.shop.Owner))
	w.ok(w.support.Assign(ctx, w.shop.Brand, w.talk().ID, colleague, w.shop.Owner))
	if w.told(colleague, "brand_inbox.assigned") != 1 || w.told(w.shop.Owner, "brand_inbox.assigned") != 0 {
		t.Error("who was given the conversation is told of it, once")
	}
	sweeps(17 * time.Hour)
	if w.told(colleague, "brand_inbox.due") != 0 {
		t.Error("too early")
	}
	sweeps(2 * time.Hour)
	if w.told(colleague, "brand_inbox.due") != 1 || w.told(w.shop.Owner, "brand_inbox.due") != 0 {
		t.Error("whose it is has been told that it is due")
	}
	sweeps(6 * time.Hour)
	sweeps(48 * time.Hour)
	if w.told(colleague, "brand_inbox.overdue") != 1 || w.told(w.shop.Owner, "brand_inbox.overdue") != 1 {
		t.Error("the team has been told that it is late")
	}
	w.answers("Voilà.")
	w.asks("Merci, et l’autre ?")
	w.answers("Demain.")
	sweeps(200 * time.Hour)
	if w.told(w.shop.Owner, "brand_inbox.overdue") != 1 || w.told(colleague, "brand_inbox.due") != 1 {
		t.Error("what is answered is not reminded of")
	}
	w.asks("Toujours rien")
	sweeps(200 * time.Hour)
	if w.told(w.shop.Owner, "brand_inbox.overdue") != 2 || w.told(colleague, "brand_inbox.due") != 1 {
		t.Error("a sweep that comes late says only that it is late")
	}
}

// What the audit looks at is found where somebody with all rights changes it.
func TestAuditOfConversations(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	w.asks("Bonjour")
	w.ok(w.support.Receive(ctx, mailedBy("x@y.example", w.addressOf(support.FromBrand), "1@x.y", "Bonjour")))
	w.ok(w.support.Release(ctx, w.says(w.held(support.FromBrand)[0], support.FromBrand, false)))
	owner := pgtest.Owner(t, w.DB)
	broken := func(q sqlx.QueryerContext) (all []string) {
		t.Helper()
		found, err := support.Check(ctx, q)
		w.ok(err)
		for _, f := range found {
			if f.Count != 0 {
				all = append(all, f.Name)
			}
		}
		return all
	}
	if got := broken(w.DB); len(got) != 0 {
		t.Fatalf("broken before: %v", got)
	}
	for want, sql := range map[string]string{
		"talks_noted":    `update conversations set state = 'noted', asked_at = null, due_at = null, remind_at = null`,
		"talks_assigned": fmt.Sprintf(`update conversations set assignee_id = %d`, w.other.Owner),
		"mail_held":      `update held_mails set decided = 'discarded'`,
	} {
		tx := owner.MustBegin()
		tx.MustExec(`set local session_replication_role = replica`)
		tx.MustExec(sql)
		if got := broken(tx); len(got) != 1 || got[0] != want {
			t.Errorf("%s: %v", want, got)
		}
		w.ok(tx.Rollback())
	}
}
