package posts_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"relais/internal/app/apptest"
	"relais/internal/catalog"
	"relais/internal/clicks"
	"relais/internal/fault"
	"relais/internal/groups"
	"relais/internal/posts"
	"relais/internal/posts/photos"
	"relais/internal/posts/poststest"
)

// world has Lea, who writes: in her family's private circle, with Ana; at work in an open one, with Bob; and in a garden with both.
type world struct {
	*apptest.World
	shop                 apptest.Shop
	lea, ana, bob, zed   int64
	family, work, garden groups.Group
}

func open(t *testing.T) *world {
	t.Helper()
	w := &world{World: apptest.New(t)}
	w.shop = w.Shop("terre", 12000, 50)
	w.lea, w.ana, w.bob, w.zed = w.Member("lea"), w.Member("ana"), w.Member("bob"), w.Member("zed")
	w.family = poststest.Circle(t, w.DB, "famille", groups.Personal, groups.Private, w.ana, w.lea)
	w.work = poststest.Circle(t, w.DB, "bureau", groups.Professional, groups.Open, w.bob, w.lea)
	w.garden = poststest.Circle(t, w.DB, "jardin", groups.Personal, groups.Open, w.ana, w.lea, w.bob)
	return w
}

func (w *world) must(err error) {
	w.T.Helper()
	if err != nil {
		w.T.Fatal(err)
	}
}

// bowl is a recommendation of the shop's product.
func (w *world) bowl() posts.Content {
	return posts.Content{Kind: posts.Recommendation, Text: "Un bol qui dure.", Attach: posts.Product, ProductID: w.shop.Product}
}

// publish has Lea publish in circles and networks.
func (w *world) publish(c posts.Content, networks []string, in ...groups.Group) int64 {
	w.T.Helper()
	id, err := w.Posts.Save(w.T.Context(), w.lea, 0, rand.Text(), c, where(networks, in...), posts.When{Now: true})
	w.must(err)
	return id
}

func where(networks []string, in ...groups.Group) posts.Where {
	v := posts.Where{Networks: networks}
	for _, g := range in {
		v.Groups = append(v.Groups, g.ID)
	}
	return v
}

// home is what somebody reads in their home feed: text and circles of each post.
func (w *world) home(member int64) (list []string) {
	w.T.Helper()
	mine, err := groups.Of(w.T.Context(), w.DB, member)
	w.must(err)
	p, err := posts.Home(w.T.Context(), w.DB, member, posts.SourcesOf(mine, nil, ""), posts.Cursor{})
	w.must(err)
	for _, e := range p.Entries {
		i := e.Item
		line := i.Text
		for _, at := range i.Places {
			line += " | " + at.Handle
		}
		list = append(list, line)
	}
	return list
}

func (w *world) count(query string, args ...any) (n int) {
	w.T.Helper()
	w.must(w.DB.Get(&n, query, args...))
	return n
}

func (w *world) reads(what string, got []string, want ...string) {
	w.T.Helper()
	if !slices.Equal(got, want) {
		w.T.Errorf("%s: %q, want %q", what, got, want)
	}
}

// One contribution, three circles: each reader sees those that they are in, once, and each circle has a link of its own.
func TestOnceForAllCircles(t *testing.T) {
	w := open(t)
	id := w.publish(w.bowl(), []string{"whatsapp", "mail"}, w.family, w.work, w.garden)
	w.reads("Ana", w.home(w.ana), "Un bol qui dure. | famille | jardin")
	w.reads("Bob", w.home(w.bob), "Un bol qui dure. | bureau | jardin")
	w.reads("Lea", w.home(w.lea), "Un bol qui dure. | bureau | famille | jardin")
	w.reads("Zed", w.home(w.zed))
	there, err := posts.Places(t.Context(), w.DB, id)
	w.must(err)
	networks, err := posts.NetworksOf(t.Context(), w.DB, id)
	w.must(err)
	codes := map[string]bool{}
	for _, p := range there {
		codes[p.Code] = true
	}
	for _, n := range networks {
		codes[n.Code] = true
	}
	if len(codes) != 5 || codes[""] {
		t.Errorf("%d links for five places: %v", len(codes), codes)
	}
	if n := w.count(`select count(*) from share_links where group_id = $1 and circle = $2 and channel = 'relais'`, w.family.ID, w.family.Name); n != 1 {
		t.Errorf("%d links of the family", n)
	}

	again := w.publish(posts.Content{Kind: posts.Story, Text: "Toujours là.", Attach: posts.Product, ProductID: w.shop.Product}, nil, w.family)
	w.reads("Ana, later", w.home(w.ana), "Toujours là. | famille", "Un bol qui dure. | famille | jardin")
	more, err := posts.Places(t.Context(), w.DB, again)
	w.must(err)
	if i := slices.IndexFunc(there, func(p posts.Place) bool { return p.GroupID == w.family.ID }); more[0].Code != there[i].Code {
		t.Error("the same product in the same circle has two links")
	}
}

func TestSentTwiceIsOne(t *testing.T) {
	w := open(t)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if _, err := w.Posts.Save(t.Context(), w.lea, 0, "operation-1", w.bowl(), where(nil, w.family), posts.When{Now: true}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := w.count(`select count(*) from posts`); n != 1 {
		t.Errorf("%d posts", n)
	}
	var id int64 // of the one whose number was not lost to another try
	w.must(w.DB.Get(&id, `select id from posts`))
	for range 2 {
		said := posts.Said{Author: w.ana, Handle: "famille", PostID: id, Operation: "operation-2", Text: "Oui."}
		if _, err := w.Posts.Comment(t.Context(), said); err != nil {
			t.Fatal(err)
		}
	}
	if n := w.count(`select count(*) from comments`); n != 1 {
		t.Errorf("%d comments", n)
	}
}

func TestWhereOneMayNotWrite(t *testing.T) {
	w := open(t)
	for name, in := range map[string]posts.Where{"a stranger's circle": {Groups: []int64{w.family.ID}}, "no circle": {Groups: []int64{999}}, "no network": {Networks: []string{"myspace"}}} {
		if _, err := w.Posts.Save(t.Context(), w.bob, 0, rand.Text(), w.bowl(), in, posts.When{Now: true}); !errors.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	poststest.Close(t, w.DB, w.garden.ID)
	if _, err := w.Posts.Save(t.Context(), w.lea, 0, rand.Text(), w.bowl(), where(nil, w.garden), posts.When{Now: true}); !errors.Is(err, fault.Invalid) {
		t.Errorf("a closed circle: %v", err)
	}
	if n := w.count(`select count(*) from posts`) + w.count(`select count(*) from share_links`); n != 0 {
		t.Errorf("%d rows of what was refused", n)
	}
}

// A comment in one circle is not in the other, nor counted there; so are reactions.
func TestTalkStaysInItsCircle(t *testing.T) {
	w := open(t)
	id := w.publish(w.bowl(), nil, w.family, w.work)
	first, err := w.Posts.Comment(t.Context(), posts.Said{Author: w.ana, Handle: "famille", PostID: id, Operation: rand.Text(), Text: "Joli !"})
	w.must(err)
	_, err = w.Posts.Comment(t.Context(), posts.Said{Author: w.lea, Handle: "famille", PostID: id, ParentID: first, Operation: rand.Text(), Text: "Merci."})
	w.must(err)
	w.must(w.Posts.React(t.Context(), w.ana, "famille", id, "thanks"))
	w.must(w.Posts.React(t.Context(), w.ana, "famille", id, "like"))
	for handle, want := range map[string][2]int{"famille": {1, 1}, "bureau": {0, 0}} {
		g, err := groups.ByHandle(t.Context(), w.DB, handle)
		w.must(err)
		list, err := posts.Comments(t.Context(), w.DB, id, g.ID, 10, 0)
		w.must(err)
		v, err := posts.Look(t.Context(), w.DB, w.lea, handle, id, posts.See)
		w.must(err)
		if len(list) != want[0] || int(v.Seat.Place.Reactions) != want[1] {
			t.Errorf("%s: %d comments, %d reactions", handle, len(list), v.Seat.Place.Reactions)
		}
		if handle == "famille" && (len(list[0].Answers) != 1 || v.Seat.Comments != 2 || v.Seat.Counts["like"] != 1 || v.Seat.Counts["thanks"] != 0) {
			t.Errorf("famille: %+v, %+v", list, v.Seat)
		}
	}
	for name, said := range map[string]posts.Said{
		"in a circle of others":         {Author: w.bob, Handle: "famille", PostID: id}, // private: not there
		"in a circle that it is not in": {Author: w.ana, Handle: "jardin", PostID: id},
		"an answer across circles":      {Author: w.bob, Handle: "bureau", PostID: id, ParentID: first},
		"an answer to an answer":        {Author: w.ana, Handle: "famille", PostID: id, ParentID: first + 1},
	} {
		said.Operation, said.Text = rand.Text(), "x"
		if _, err := w.Posts.Comment(t.Context(), said); !errors.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := w.Posts.React(t.Context(), w.ana, "famille", id, "hate"); !errors.Is(err, fault.Invalid) {
		t.Errorf("another reaction: %v", err)
	}
	w.must(w.Posts.React(t.Context(), w.ana, "famille", id, ""))
	if n := w.count(`select count(*) from reactions`); n != 0 {
		t.Errorf("%d reactions", n)
	}
}

func TestScheduled(t *testing.T) {
	w := open(t)
	at := w.Clock.Now().Add(48 * time.Hour)
	later := posts.When{At: at, Zone: "Europe/Paris"}
	id, err := w.Posts.Save(t.Context(), w.lea, 0, rand.Text(), w.bowl(), where(nil, w.family, w.work), later)
	w.must(err)
	w.must(w.Posts.Sweep(t.Context()))
	w.reads("before", w.home(w.ana))
	words := w.bowl()
	words.Text = "Un bol."
	_, err = w.Posts.Save(t.Context(), w.lea, id, "", words, where(nil, w.family, w.work), later)
	w.must(err)
	poststest.Role(t, w.DB, w.work.ID, w.lea, groups.None)
	w.Clock.Set(at)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if err := w.Posts.Sweep(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	w.reads("Ana", w.home(w.ana), "Un bol. | famille")
	w.reads("Bob, whose circle she left", w.home(w.bob))
	p, err := posts.Own(t.Context(), w.DB, w.lea, id)
	w.must(err)
	there, err := posts.Places(t.Context(), w.DB, id)
	w.must(err)
	if p.State != posts.Published || !p.PublishedAt.Equal(at) || p.EditedAt != nil || there[0].SkippedAt == nil {
		t.Errorf("%+v in %+v", p, there)
	}
	if err := w.Posts.Withdraw(t.Context(), w.lea, id); !errors.Is(err, fault.Conflict) {
		t.Errorf("what is published is withdrawn: %v", err)
	}

	id, err = w.Posts.Save(t.Context(), w.lea, 0, rand.Text(), w.bowl(), where(nil, w.family), posts.When{At: at.Add(time.Hour), Zone: "UTC"})
	w.must(err)
	w.must(w.Posts.Withdraw(t.Context(), w.lea, id))
	w.must(w.Posts.Withdraw(t.Context(), w.lea, id))
	w.Clock.Set(at.Add(2 * time.Hour))
	w.must(w.Posts.Sweep(t.Context()))
	w.reads("Ana, after one is withdrawn", w.home(w.ana), "Un bol. | famille")
}

// What cannot be published when its time comes is a draft again, whole, and its author is told once.
func TestScheduledAndStuck(t *testing.T) {
	w := open(t)
	at := w.Clock.Now().Add(time.Hour)
	id, err := w.Posts.Save(t.Context(), w.lea, 0, rand.Text(), w.bowl(), where(nil, w.family), posts.When{At: at, Zone: "Europe/Paris"})
	w.must(err)
	w.must(w.Catalog.MoveProduct(t.Context(), w.shop.Owner, w.shop.Brand, w.shop.Product, catalog.Archived))
	w.Clock.Set(at)
	for range 2 {
		w.must(w.Posts.Sweep(t.Context()))
	}
	p, err := posts.Own(t.Context(), w.DB, w.lea, id)
	w.must(err)
	if p.State != posts.Draft || p.Problem != "posts.product_gone" || p.Text != "Un bol qui dure." {
		t.Errorf("%+v", p)
	}
	if n := w.count(`select count(*) from letters where template = 'post_stuck' and body_text like '%plus en vente%'`); n != 1 {
		t.Errorf("%d letters", n)
	}
	if n := w.count(`select count(*) from post_groups where published_at is not null`) + w.count(`select count(*) from share_links`); n != 0 {
		t.Errorf("%d traces of what was not published", n)
	}
}

// An edit is marked; the words before are kept for those who moderate; a circle can be left out, and one be added, which has it as new.
func TestEdit(t *testing.T) {
	w := open(t)
	id := w.publish(w.bowl(), []string{"sms"}, w.family, w.garden)
	w.Clock.Set(w.Clock.Now().Add(time.Hour))
	w.publish(posts.Content{Kind: posts.Question, Text: "Et vous ?"}, nil, w.garden, w.work)
	w.Clock.Set(w.Clock.Now().Add(time.Hour))
	c := w.bowl()
	c.Text = "Un bol, un vrai."
	_, err := w.Posts.Save(t.Context(), w.lea, id, "", c, where(nil, w.family, w.work), posts.When{})
	w.must(err)
	w.reads("Ana", w.home(w.ana), "Et vous ? | jardin", "Un bol, un vrai. | famille")
	w.reads("Bob", w.home(w.bob), "Un bol, un vrai. | bureau", "Et vous ? | bureau | jardin")
	w.reads("Lea", w.home(w.lea), "Un bol, un vrai. | bureau | famille", "Et vous ? | bureau | jardin")
	_, versions, err := posts.History(t.Context(), w.DB, w.ana, "famille", id)
	w.must(err)
	if len(versions) != 1 || versions[0].Text != "Un bol qui dure." || versions[0].ProductID != w.shop.Product {
		t.Errorf("%+v", versions)
	}
	if _, _, err := posts.History(t.Context(), w.DB, w.lea, "famille", id); !errors.Is(err, fault.Forbidden) {
		t.Errorf("a member reads the history: %v", err)
	}
	if _, err := w.Posts.Save(t.Context(), w.bob, id, "", c, where(nil, w.work), posts.When{}); !errors.Is(err, fault.NotFound) {
		t.Errorf("somebody else edits: %v", err)
	}
	if _, err := w.Posts.Save(t.Context(), w.lea, id, "", posts.Content{Kind: posts.Story}, where(nil, w.work), posts.When{}); !errors.Is(err, fault.Invalid) {
		t.Errorf("a published post loses its words: %v", err)
	}
	_, err = w.Posts.Save(t.Context(), w.lea, id, "", c, where(nil, w.family, w.garden), posts.When{})
	w.must(err)
	w.reads("Ana, with the garden again", w.home(w.ana), "Et vous ? | jardin", "Un bol, un vrai. | famille | jardin")
	if p, err := posts.Own(t.Context(), w.DB, w.lea, id); err != nil || p.Version != 2 {
		t.Errorf("version %d, %v: an edit that changes nothing readers see is counted", p.Version, err)
	}
}

func TestDelete(t *testing.T) {
	w := open(t)
	id := w.publish(w.bowl(), nil, w.family)
	w.must(w.Posts.Delete(t.Context(), w.lea, id))
	w.reads("Ana", w.home(w.ana))
	for member, see := range map[int64]bool{w.ana: true, w.lea: false} { // Ana moderates
		if _, err := posts.Look(t.Context(), w.DB, member, "famille", id, posts.See); (err == nil) != see {
			t.Errorf("%d: %v", member, err)
		}
	}
	if err := w.Posts.Delete(t.Context(), w.lea, id); !errors.Is(err, fault.NotFound) {
		t.Errorf("twice: %v", err)
	}
	w.Clock.Set(w.Clock.Now().AddDate(0, 0, posts.KeptDays+1))
	w.must(w.Posts.Sweep(t.Context()))
	if n := w.count(`select count(*) from posts where text <> ''`); n != 0 {
		t.Error("the words are kept for ever")
	}
}

// What a moderator removes is gone from that circle only; its author reads why, and it is logged.
func TestRemoved(t *testing.T) {
	w := open(t)
	id := w.publish(w.bowl(), nil, w.family, w.garden)
	comment, err := w.Posts.Comment(t.Context(), posts.Said{Author: w.lea, Handle: "famille", PostID: id, Operation: rand.Text(), Text: "Encore un."})
	w.must(err)
	if err := w.Posts.RemovePost(t.Context(), w.bob, "jardin", id, "Non."); !errors.Is(err, fault.Forbidden) {
		t.Errorf("a member removes: %v", err)
	}
	if err := w.Posts.RemovePost(t.Context(), w.ana, "jardin", id, " "); !errors.Is(err, fault.Invalid) {
		t.Errorf("without a reason: %v", err)
	}
	w.must(w.Posts.RemovePost(t.Context(), w.ana, "jardin", id, "Pas de réclame au jardin."))
	if err := w.Posts.RemovePost(t.Context(), w.ana, "jardin", id, "Encore."); !errors.Is(err, fault.Conflict) {
		t.Errorf("twice: %v", err)
	}
	w.reads("Bob", w.home(w.bob))
	w.reads("Ana", w.home(w.ana), "Un bol qui dure. | famille")
	_, err = w.Posts.Save(t.Context(), w.lea, id, "", w.bowl(), where(nil, w.family, w.garden), posts.When{})
	w.must(err)
	w.reads("Bob, after its author tried again", w.home(w.bob))
	w.must(w.Posts.RemoveComment(t.Context(), w.ana, "famille", id, comment, "Hors sujet."))
	if n := w.count(`select count(*) from letters where template in ('post_removed', 'comment_removed') and recipient = 'lea@relais.example' and (body_text like '%réclame%' or body_text like '%Hors sujet%')`); n != 2 {
		t.Errorf("%d letters", n)
	}
	if n := w.count(`select count(*) from audit_log where action in ('post removed', 'comment removed') and actor_id = $1`, w.ana); n != 2 {
		t.Errorf("%d log entries", n)
	}
	list, err := posts.Comments(t.Context(), w.DB, id, w.family.ID, 10, 0)
	w.must(err)
	if list[0].RemovedWhy != "Hors sujet." || !list[0].Gone() {
		t.Errorf("%+v", list[0])
	}
}

// A report reaches those who decide, with what it is about; what they decide is done in that circle only.
func TestReport(t *testing.T) {
	w := open(t)
	id := w.publish(w.bowl(), nil, w.family, w.garden)
	w.must(w.Posts.Report(t.Context(), w.bob, "jardin", id, 0, "spam", "Trop."))
	w.must(w.Posts.Report(t.Context(), w.bob, "jardin", id, 0, "spam", "Trop."))
	there, err := posts.Places(t.Context(), w.DB, id)
	w.must(err)
	if n := w.count(`select count(*) from group_reports where subject_kind = 'post' and subject_id = $1 and about_id = $2 and desk = 'group'`, there[1].ID, w.lea); n != 1 {
		t.Errorf("%d reports", n)
	}
	if err := w.Posts.Report(t.Context(), w.zed, "jardin", id, 0, "spam", ""); !errors.Is(err, fault.Forbidden) {
		t.Errorf("a stranger reports: %v", err)
	}
	if err := w.Posts.Report(t.Context(), w.lea, "jardin", id, 0, "spam", ""); !errors.Is(err, fault.Forbidden) {
		t.Errorf("the author reports: %v", err)
	}
	rows, err := w.Groups.Reports(t.Context(), groups.ByCircle, w.garden.ID, groups.StateOpen, 10)
	w.must(err)
	if s := rows[0].Subject; s.Excerpt != "Un bol qui dure." || s.Gone || s.URL != fmt.Sprintf("/g/jardin/p/%d", id) {
		t.Errorf("%+v", s)
	}
	w.must(w.Groups.Decide(t.Context(), rows[0].ID, groups.Verdict{Desk: groups.ByCircle, GroupID: w.garden.ID, By: w.ana, Decision: groups.Removed, Why: "Trop, en effet."}))
	w.reads("Bob", w.home(w.bob))
	w.reads("Ana", w.home(w.ana), "Un bol qui dure. | famille")
	there, err = posts.Places(t.Context(), w.DB, id)
	w.must(err)
	if there[1].RemovedWhy != "Trop, en effet." || there[0].RemovedAt != nil {
		t.Errorf("%+v", there)
	}
}

// Members whom the platform has blocked are not read any more; those who moderate still can.
func TestBlockedAuthor(t *testing.T) {
	w := open(t)
	id := w.publish(w.bowl(), nil, w.garden)
	w.must(w.Members.Block(t.Context(), 0, w.lea, true))
	w.reads("Bob", w.home(w.bob))
	if _, err := posts.Look(t.Context(), w.DB, w.bob, "jardin", id, posts.See); !errors.Is(err, fault.NotFound) {
		t.Errorf("read: %v", err)
	}
	if _, err := posts.Look(t.Context(), w.DB, w.ana, "jardin", id, posts.See); err != nil {
		t.Errorf("moderator: %v", err)
	}
	if _, err := w.Posts.Save(t.Context(), w.lea, 0, rand.Text(), w.bowl(), where(nil, w.garden), posts.When{Now: true}); !errors.Is(err, fault.Forbidden) {
		t.Errorf("a blocked member publishes: %v", err)
	}
}

func TestFloods(t *testing.T) {
	w := open(t)
	for range posts.PostPaces[0].Most {
		w.publish(w.bowl(), nil, w.family)
	}
	_, err := w.Posts.Save(t.Context(), w.lea, 0, rand.Text(), w.bowl(), where(nil, w.family), posts.When{Now: true})
	if f, ok := errors.AsType[*fault.Error](err); !ok || f.Kind != fault.TooMany || f.Args["Count"] != 11 {
		t.Errorf("a flood of posts: %v", err)
	}
	if n := w.count(`select count(*) from posts`); n != posts.PostPaces[0].Most {
		t.Errorf("%d posts: something of what was refused stays", n)
	}
	var all sync.WaitGroup
	for range 2 * posts.CommentPaces[0].Most {
		all.Go(func() {
			_, err := w.Posts.Comment(t.Context(), posts.Said{Author: w.ana, Handle: "famille", PostID: 1, Operation: rand.Text(), Text: "!"})
			if err != nil && !errors.Is(err, fault.TooMany) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := w.count(`select count(*) from comments`); n != posts.CommentPaces[0].Most {
		t.Errorf("%d comments at once", n)
	}
}

// Clicks and orders are seen for the circle whose link was followed.
func TestResultsOfEachCircle(t *testing.T) {
	w := open(t)
	id := w.publish(w.bowl(), nil, w.family, w.work)
	there, err := posts.Places(t.Context(), w.DB, id)
	w.must(err)
	i := slices.IndexFunc(there, func(p posts.Place) bool { return p.GroupID == w.family.ID })
	click, err := w.Clicks.Record(t.Context(), clicks.Visit{LinkID: there[i].LinkID, Address: "192.0.2.7", UserAgent: "Mozilla/5.0 (iPhone)"})
	w.must(err)
	w.Paid(apptest.Purchase{Variant: w.shop.Variant, Click: click.Token}) // from the product's own page: nothing stands in the storefront
	if n := w.count(`select count(*) from listings where member_id = $1 and product_id = $2`, w.lea, w.shop.Product); n != 0 {
		t.Errorf("%d listings of what was shared with circles", n)
	}
	w.must(w.Clicks.Roll(t.Context()))
	p, err := posts.Own(t.Context(), w.DB, w.lea, id)
	w.must(err)
	networks, err := posts.NetworksOf(t.Context(), w.DB, id)
	w.must(err)
	results, err := posts.ResultsOf(t.Context(), w.DB, p, there, networks, w.Clock.Now())
	w.must(err)
	for _, r := range results {
		want := int64(0)
		if r.Place != nil && r.Place.GroupID == w.family.ID {
			want = 1
		}
		if r.People != want || r.Orders != want || (len(r.Earned) == 1) != (want == 1) {
			t.Errorf("%+v", r)
		}
	}
	if len(results) != 2 {
		t.Errorf("%d results", len(results))
	}
}

// Pages of a feed follow each other without gap or double, whatever circles the posts are in and however many have the same time.
func TestFeedPages(t *testing.T) {
	w := open(t)
	circles := []groups.Group{w.family, w.work, w.garden}
	const all = 95
	for i := range all {
		var in []groups.Group
		for j, g := range circles {
			if (i>>j)%2 == 1 || j == i%3 {
				in = append(in, g)
			}
		}
		if i%2 == 0 {
			w.Clock.Set(w.Clock.Now().Add(3 * time.Hour))
		}
		w.publish(posts.Content{Kind: posts.Story, Text: fmt.Sprint("n", i)}, nil, in...)
	}
	in := posts.Sources{Circles: []int64{w.family.ID, w.work.ID, w.garden.ID}}
	var read []string
	var last posts.Cursor
	for range 10 {
		p, err := posts.Home(t.Context(), w.DB, w.lea, in, last)
		w.must(err)
		for _, e := range p.Entries {
			read = append(read, e.Item.Text)
		}
		if p.Next.ID == 0 {
			break
		}
		last = posts.ParseCursor(p.Next.String())
	}
	for i := range all {
		if want := fmt.Sprint("n", all-1-i); i >= len(read) || read[i] != want {
			t.Fatalf("at %d: %v", i, read)
		}
	}
	if len(read) != all {
		t.Errorf("%d posts", len(read))
	}
}

// A photograph is one that was stored; the draft keeps it.
func TestPhotographs(t *testing.T) {
	w := open(t)
	var raw bytes.Buffer
	w.must(jpeg.Encode(&raw, image.NewRGBA(image.Rect(0, 0, 40, 30)), nil))
	photo, err := photos.Keep(t.Context(), w.DB, w.Media, w.lea, &raw)
	w.must(err)
	c := posts.Content{Kind: posts.Story, Photos: []posts.Photo{{Hash: photo.Hash, Alt: "Un  bol\nbleu"}}}
	id, err := w.Posts.Save(t.Context(), w.lea, 0, rand.Text(), c, posts.Where{}, posts.When{})
	w.must(err)
	p, err := posts.Own(t.Context(), w.DB, w.lea, id)
	w.must(err)
	if len(p.Photos) != 1 || p.Photos[0].Alt != "Un bol bleu" || p.State != posts.Draft {
		t.Errorf("%+v", p)
	}
	c.Photos = []posts.Photo{{Hash: strings.Repeat("ab", 20)}}
	if _, err := w.Posts.Save(t.Context(), w.lea, id, "", c, posts.Where{}, posts.When{}); !errors.Is(err, fault.Invalid) {
		t.Errorf("a photograph of nowhere: %v", err)
	}
	if p, err = posts.Own(t.Context(), w.DB, w.lea, id); err != nil || len(p.Photos) != 1 {
		t.Errorf("%+v, %v: the refused edit is half done", p.Photos, err)
	}
}

// The steps of the share queue are ticked off one by one, by their author.
func TestTick(t *testing.T) {
	w := open(t)
	id := w.publish(w.bowl(), []string{"x", "sms"})
	w.must(w.Posts.Tick(t.Context(), w.lea, id, "x", true))
	w.must(w.Posts.Tick(t.Context(), w.lea, id, "x", true))
	if n := w.count(`select count(*) from post_networks where done_at is not null`); n != 1 {
		t.Errorf("%d done", n)
	}
	w.must(w.Posts.Tick(t.Context(), w.lea, id, "x", false))
	if n := w.count(`select count(*) from post_networks where done_at is not null`); n != 0 {
		t.Errorf("%d done", n)
	}
	for member, channel := range map[int64]string{w.ana: "x", w.lea: "mail"} {
		if err := w.Posts.Tick(t.Context(), member, id, channel, true); !errors.Is(err, fault.NotFound) {
			t.Errorf("%d ticks %s: %v", member, channel, err)
		}
	}
}

// The same comment is sent twice at once: it is one, and both are answered with it.
func TestCommentSentTwiceAtOnce(t *testing.T) {
	w := open(t)
	said := posts.Said{Author: w.ana, Handle: "famille", PostID: w.publish(w.bowl(), nil, w.family), Operation: "operation-2", Text: "Oui."}
	tx, err := w.DB.Beginx()
	w.must(err)
	_, err = tx.Exec(`select 1 from members where id = $1 for update`, w.ana)
	w.must(err)
	var all sync.WaitGroup
	var ids [2]int64
	for i := range ids {
		all.Go(func() {
			var err error
			if ids[i], err = w.Posts.Comment(t.Context(), said); err != nil {
				t.Error(err)
			}
		})
	}
	for w.count(`select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`) < len(ids) {
	}
	w.must(tx.Commit())
	all.Wait()
	if n := w.count(`select count(*) from comments`); n != 1 || ids[0] != ids[1] {
		t.Errorf("%d comments, %v", n, ids)
	}
}
