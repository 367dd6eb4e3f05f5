package stories_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"image"
	"image/color"
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
	"relais/internal/fediverse"
	"relais/internal/i18n"
	"relais/internal/media"
	"relais/internal/money"
	"relais/internal/notices"
	"relais/internal/referrals"
	"relais/internal/reports"
	"relais/internal/stories"
)

// world has a brand, a member who lists its product, somebody else, and an administrator.
type world struct {
	*apptest.World
	shop                       apptest.Shop
	lea, noe, admin            int64
	storefront, brand, another stories.Owner
	shade                      uint8
}

func open(t *testing.T) *world {
	t.Helper()
	w := &world{World: apptest.New(t)}
	w.shop = w.Shop("terre", 12000, 50)
	w.lea, w.noe, w.admin = w.Member("lea"), w.Member("noe"), w.Member("admin")
	_, err := w.Storefronts.AddListing(t.Context(), w.lea, w.shop.Product)
	w.must(err)
	w.storefront, w.another, w.brand = stories.Owner{MemberID: w.lea}, stories.Owner{MemberID: w.noe}, stories.Owner{BrandID: w.shop.Brand}
	return w
}

func (w *world) must(err error) {
	w.T.Helper()
	if err != nil {
		w.T.Fatal(err)
	}
}

// is fails where a query counts something else.
func (w *world) is(want int, query string, args ...any) {
	w.T.Helper()
	var n int
	w.must(w.DB.Get(&n, query, args...))
	if n != want {
		w.T.Errorf("%d, want %d: %s", n, want, query)
	}
}

// photo is a new photograph that a member sends in.
func (w *world) photo(by int64) media.Photo {
	w.T.Helper()
	w.shade += 8
	m := image.NewRGBA(image.Rect(0, 0, 40, 30))
	for i := range 40 * 30 {
		m.Set(i%40, i/40, color.Gray{w.shade})
	}
	var raw bytes.Buffer
	w.must(jpeg.Encode(&raw, m, nil))
	p, err := w.Stories.KeepPhoto(w.T.Context(), by, &raw)
	w.must(err)
	return p
}

// content is a story about products.
func content(products ...int64) stories.Content {
	return stories.Content{Lang: i18n.FR, Title: "Un four, une terre", Body: "On pétrit.\n\n## Ensuite\n- on tourne\n- on cuit", Products: products}
}

// starts has somebody begin a story.
func (w *world) starts(by int64, o stories.Owner) int64 {
	w.T.Helper()
	id, err := w.Stories.Start(w.T.Context(), by, o, i18n.FR)
	w.must(err)
	return id
}

// saves has somebody write a story as it is now.
func (w *world) saves(by int64, o stories.Owner, id int64, c stories.Content, when stories.When) (stories.Story, error) {
	w.T.Helper()
	was, err := stories.Own(w.T.Context(), w.DB, o, id)
	w.must(err)
	return w.Stories.Save(w.T.Context(), by, o, id, stories.Seen{Version: was.Version}, c, when)
}

// tells has somebody write a story and publish it.
func (w *world) tells(by int64, o stories.Owner, c stories.Content) stories.Story {
	w.T.Helper()
	told, err := w.saves(by, o, w.starts(by, o), c, stories.When{Now: true})
	w.must(err)
	return told
}

func (w *world) refused(what string, err error, want error) {
	w.T.Helper()
	if !errors.Is(err, want) {
		w.T.Errorf("%s: %v; want %v", what, err, want)
	}
}

// shows fails where a photograph is, or is not, for everybody as that of a story, or is so for ever.
func (w *world) shows(what, hash string, want bool) {
	w.T.Helper()
	if shown, err := stories.Shows(w.T.Context(), w.DB, hash); err != nil || shown != want {
		w.T.Errorf("%s: its photograph is for everybody: %v, %v", what, shown, err)
	}
	if public, err := media.Public(w.T.Context(), w.DB, hash); err != nil || public {
		w.T.Errorf("%s: its photograph stays for everybody: %v", what, err)
	}
}

// Nobody but who writes it reads a draft, a scheduled story or one that was taken down, nor its photographs.
func TestNobodyElseReadsADraft(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	staff := w.Member("staff")
	w.must(w.Catalog.SetTeam(ctx, w.shop.Owner, w.shop.Brand, staff, catalog.Staff))
	for _, c := range []struct {
		by    int64
		owner stories.Owner
		reads []int64
	}{{w.lea, w.storefront, []int64{w.lea}}, {w.shop.Owner, w.brand, []int64{w.shop.Owner, staff}}} {
		id, f := w.starts(c.by, c.owner), w.photo(c.by)
		with := content()
		with.Photos = []stories.Photo{{Hash: f.Hash, Alt: "Un four"}}
		hidden := func(state string) {
			t.Helper()
			var code string
			w.must(w.DB.Get(&code, `select code from stories where id = $1`, id))
			_, err := stories.ByCode(ctx, w.DB, code)
			w.refused(state+" by its address", err, fault.NotFound)
			for _, viewer := range []int64{0, w.lea, w.noe, w.admin, w.shop.Owner, staff} {
				err := stories.Look(ctx, w.DB, viewer, f.Hash)
				if reads := slices.Contains(c.reads, viewer); reads != (err == nil) {
					t.Errorf("%s: %d looks at its photograph: %v", state, viewer, err)
				}
				for _, o := range []stories.Owner{w.storefront, w.another, w.brand, {MemberID: viewer}} {
					if o != c.owner {
						_, err := stories.Own(ctx, w.DB, o, id)
						w.refused(state+" of another", err, fault.NotFound)
					}
				}
				if !slices.Contains(c.reads, viewer) && viewer != 0 {
					_, err := w.Stories.Save(ctx, viewer, c.owner, id, stories.Seen{Version: 1}, with, stories.When{})
					w.refused(state+" is written", err, fault.NotFound)
					w.refused(state+" is deleted", w.Stories.Do(ctx, viewer, c.owner, id, stories.Delete), fault.NotFound)
				}
			}
			if list, err := stories.Of(ctx, w.DB, c.owner, 10, 0); err != nil || len(list) != 0 {
				t.Errorf("%s stands on the public page: %v, %v", state, list, err)
			}
			if list, err := stories.Newest(ctx, w.DB, []int64{w.lea, w.shop.Owner}, []int64{w.shop.Brand}, w.Clock.Now().AddDate(1, 0, 0), 1, 10); err != nil || len(list) != 0 {
				t.Errorf("%s stands in feeds: %v, %v", state, list, err)
			}
		}
		_, err := w.saves(c.by, c.owner, id, with, stories.When{})
		w.must(err)
		hidden("draft")
		if public, err := media.Public(ctx, w.DB, f.Hash); err != nil || public {
			t.Errorf("the photograph of a draft is public: %v", err)
		}
		_, err = w.saves(c.by, c.owner, id, with, stories.When{At: w.Clock.Now().Add(time.Hour), Zone: "Europe/Paris"})
		w.must(err)
		hidden("scheduled")
		told, err := w.saves(c.by, c.owner, id, with, stories.When{Now: true})
		w.must(err)
		w.shows("published", f.Hash, true)
		if got, err := stories.ByCode(ctx, w.DB, told.Code); err != nil || got.ID != id || got.Slug != "un-four-une-terre" || len(got.Photos) != 1 {
			t.Errorf("published: %+v, %v", got, err)
		}
		w.must(w.Stories.Do(ctx, c.by, c.owner, id, stories.TakeDown))
		hidden("down")
		w.shows("down", f.Hash, false)
		w.must(w.Stories.Do(ctx, c.by, c.owner, id, stories.Publish))
		w.shows("published again", f.Hash, true)
		w.must(w.Stories.Do(ctx, c.by, c.owner, id, stories.Delete))
		w.shows("deleted", f.Hash, false)
		w.refused("deleted twice", w.Stories.Do(ctx, c.by, c.owner, id, stories.Delete), fault.NotFound)
	}
}

// What is scheduled is published once, however many look for it, and its author is told once; what cannot be is a draft again.
func TestScheduledOnce(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	w.must(w.Fediverse.Open(ctx, w.lea, fediverse.Owner{Kind: fediverse.Storefront, ID: w.lea}))
	at := w.Clock.Now().Add(time.Hour)
	id := w.starts(w.lea, w.storefront)
	_, err := w.saves(w.lea, w.storefront, id, content(w.shop.Product), stories.When{At: at, Zone: "Europe/Paris"})
	w.must(err)
	w.Clock.Set(at.Add(-time.Second))
	w.must(w.Stories.Sweep(ctx))
	w.is(0, `select count(*) from stories where published_at is not null`)
	w.Clock.Set(at)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if err := w.Stories.Sweep(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	w.is(1, `select count(*) from stories where state = 'published' and published_at = $1`, at)
	w.is(1, `select count(*) from fediverse_objects where ref = 'story:' || $1`, id)
	w.is(1, `select count(*) from notices where kind = 'story' and event = 'published' and member_id = $1`, w.lea)

	id = w.starts(w.shop.Owner, w.brand)
	_, err = w.saves(w.shop.Owner, w.brand, id, content(), stories.When{At: at.Add(time.Hour), Zone: "UTC"})
	w.must(err)
	second := w.Member("second")
	w.must(w.Catalog.SetTeam(ctx, w.shop.Owner, w.shop.Brand, second, catalog.Owner))
	w.must(w.Catalog.SetTeam(ctx, second, w.shop.Brand, w.shop.Owner, catalog.NoRole))
	w.Clock.Set(at.Add(2 * time.Hour))
	w.must(w.Stories.Sweep(ctx))
	w.must(w.Stories.Sweep(ctx))
	w.is(1, `select count(*) from stories where id = $1 and state = 'draft' and problem <> ''`, id)
	if got, left := w.Told(second, notices.Story), w.Told(w.shop.Owner, notices.Story); !slices.Equal(got, []string{"stuck"}) || len(left) != 0 {
		t.Errorf("its team was told %v, and who left it %v", got, left)
	}
}

// Who has more due than may be published in a day does not hold up others.
func TestSweepPassesOverWhoHasPublishedMuch(t *testing.T) {
	w := open(t)
	now := w.Clock.Now()
	insert := `insert into stories (code, author_id, lang, title, slug, body, state, publish_at, zone, published_at, created_at, updated_at)
		select $1 || lpad(n::text, 7, '0'), $2, 'fr', 'T', 't', 'B', $3, $4, 'UTC', $5, $6, $6 from generate_series(1, $7::int) n`
	w.DB.MustExec(insert, "a", w.lea, "published", nil, now.Add(-time.Hour), now, stories.MaxADay)
	w.DB.MustExec(insert, "b", w.lea, "scheduled", now.Add(-time.Hour), nil, now, 300)
	w.DB.MustExec(insert, "c", w.noe, "scheduled", now, nil, now, 1)
	w.must(w.Stories.Sweep(t.Context()))
	w.is(1, `select count(*) from stories where author_id = $1 and state = 'published'`, w.noe)
	w.is(stories.MaxADay, `select count(*) from stories where author_id = $1 and state = 'published'`, w.lea)
	w.Clock.Set(now.Add(24 * time.Hour))
	w.must(w.Stories.Sweep(t.Context()))
	w.is(2*stories.MaxADay, `select count(*) from stories where author_id = $1 and state = 'published'`, w.lea)
}

// What is published is changed, or published again, so many times a day by a member; drafts as often as they like.
func TestEditsOfPublishedStoriesAreLimited(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	one, two, draft := w.tells(w.lea, w.storefront, content()), w.tells(w.lea, w.storefront, content()), w.starts(w.lea, w.storefront)
	theirs := w.tells(w.noe, w.another, content())
	edit := func(by int64, o stories.Owner, id int64) error {
		_, err := w.saves(by, o, id, content(), stories.When{})
		return err
	}
	for i := range stories.MaxEdits - 1 {
		w.must(edit(w.lea, w.storefront, []int64{one.ID, two.ID}[i%2]))
		w.must(edit(w.lea, w.storefront, draft))
	}
	w.must(w.Stories.Do(ctx, w.lea, w.storefront, two.ID, stories.TakeDown))
	w.must(w.Stories.Do(ctx, w.lea, w.storefront, two.ID, stories.Publish))
	w.refused("once more", edit(w.lea, w.storefront, one.ID), stories.ErrEdits)
	w.must(w.Stories.Do(ctx, w.lea, w.storefront, two.ID, stories.TakeDown))
	w.refused("published once more", w.Stories.Do(ctx, w.lea, w.storefront, two.ID, stories.Publish), stories.ErrEdits)
	w.must(edit(w.lea, w.storefront, two.ID)) // nobody reads it, and nobody is told
	w.must(edit(w.noe, w.another, theirs.ID))
	w.tells(w.lea, w.storefront, content())
	w.Clock.Set(w.Clock.Now().Add(24 * time.Hour))
	w.must(edit(w.lea, w.storefront, one.ID))
	w.is(1, `select count(*) from story_edits where member_id = $1`, w.lea)
}

// A story shows what its owner may show, in photographs that are the writer's own, and says that it was changed.
func TestWhatAStoryMayShow(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	other := w.Shop("bois", 5000, 5)
	id := w.starts(w.lea, w.storefront)
	if again := w.starts(w.lea, w.storefront); again != id {
		t.Error("an empty draft is begun twice")
	}
	_, err := w.saves(w.lea, w.storefront, id, content(other.Product), stories.When{})
	w.refused("a product that is not in the storefront", err, fault.Invalid)
	brand := w.starts(w.shop.Owner, w.brand)
	_, err = w.saves(w.shop.Owner, w.brand, brand, content(other.Product), stories.When{})
	w.refused("a product of another brand", err, fault.Invalid)
	stolen := content()
	stolen.Photos = []stories.Photo{{Hash: w.photo(w.noe).Hash, Alt: "x"}}
	_, err = w.saves(w.lea, w.storefront, id, stolen, stories.When{})
	w.refused("somebody else's photograph", err, fault.Invalid)
	stolen.Photos, stolen.VideoPhoto = nil, stolen.Photos[0].Hash
	_, err = w.saves(w.lea, w.storefront, id, stolen, stories.When{})
	w.refused("somebody else's picture of a video", err, fault.Invalid)
	_, err = w.saves(w.lea, w.storefront, id, stories.Content{Lang: i18n.FR}, stories.When{Now: true})
	w.refused("nothing", err, fault.Invalid)

	told, err := w.saves(w.lea, w.storefront, id, content(w.shop.Product), stories.When{Now: true})
	w.must(err)
	_, err = w.Stories.Save(ctx, w.lea, w.storefront, id, stories.Seen{Version: told.Version - 1}, content(), stories.When{})
	w.refused("written meanwhile", err, stories.ErrMeanwhile)
	same, err := w.saves(w.lea, w.storefront, id, told.Content(), stories.When{})
	if err != nil || same.EditedAt != nil {
		t.Errorf("written as it was: edited %v, %v", same.EditedAt, err)
	}
	w.must(w.Storefronts.RemoveListing(ctx, w.lea, w.shop.Product))
	changed := told.Content()
	changed.Title = "Deux fours"
	edited, err := w.saves(w.lea, w.storefront, id, changed, stories.When{})
	if err != nil || edited.EditedAt == nil || edited.Slug != "deux-fours" || len(edited.Products) != 1 || !edited.PublishedAt.Equal(*told.PublishedAt) {
		t.Errorf("edited: %+v, %v", edited, err)
	}
	_, err = w.saves(w.lea, w.storefront, id, changed, stories.When{At: w.Clock.Now().Add(time.Hour), Zone: "UTC"})
	w.refused("scheduled after it was published", err, stories.ErrState)
	w.must(w.Members.Block(ctx, 0, w.lea, true))
	if _, err := stories.ByCode(ctx, w.DB, told.Code); !errors.Is(err, fault.NotFound) {
		t.Errorf("its author is blocked: %v", err)
	}
	_, err = w.saves(w.lea, w.storefront, id, changed, stories.When{})
	w.refused("its author is blocked", err, fault.Forbidden)
}

func TestSeries(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	series, err := w.Stories.AddSeries(ctx, w.lea, w.storefront, " La  terre ")
	w.must(err)
	if again, err := w.Stories.AddSeries(ctx, w.lea, w.storefront, "la terre"); err != nil || again != series {
		t.Errorf("made twice: %d, %v", again, err)
	}
	var ids []int64
	for range 3 {
		c := content()
		c.SeriesID = series
		ids = append(ids, w.tells(w.lea, w.storefront, c).ID)
	}
	theirs := content()
	theirs.SeriesID = series
	_, err = w.saves(w.noe, w.another, w.starts(w.noe, w.another), theirs, stories.When{})
	w.refused("in the series of somebody else", err, stories.ErrSeries)
	order := func(want ...int64) {
		t.Helper()
		list, err := stories.InSeries(ctx, w.DB, series)
		w.must(err)
		var got []int64
		for _, s := range list {
			got = append(got, s.ID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("order %v, want %v", got, want)
		}
	}
	order(ids...)
	w.must(w.Stories.MoveInSeries(ctx, w.lea, w.storefront, ids[2], -1))
	w.must(w.Stories.MoveInSeries(ctx, w.lea, w.storefront, ids[0], -1))
	order(ids[0], ids[2], ids[1])
	w.refused("moved by a stranger", w.Stories.MoveInSeries(ctx, w.noe, w.another, ids[0], 1), fault.NotFound)
	w.must(w.Stories.Do(ctx, w.lea, w.storefront, ids[2], stories.TakeDown))
	order(ids[0], ids[1])
	w.refused("given up by a stranger", w.Stories.EditSeries(ctx, w.noe, w.another, series, ""), stories.ErrSeries)
	w.must(w.Stories.EditSeries(ctx, w.lea, w.storefront, series, ""))
	order()
	w.is(3, `select count(*) from stories where series_id is null and author_id = $1`, w.lea)
}

// follows has a visitor follow a member's link to a story.
func (w *world) follows(member, story int64, visitor string) (link referrals.Link, token string) {
	w.T.Helper()
	link, err := w.Referrals.Create(w.T.Context(), member, referrals.Share{Target: referrals.ToStory, StoryID: story, Channel: "copy"})
	w.must(err)
	click, err := w.Clicks.Record(w.T.Context(), clicks.Visit{LinkID: link.ID, Address: "192.0.2.1", UserAgent: "Mozilla/5.0 (iPhone) " + visitor, Visitor: visitor})
	w.must(err)
	return link, click.Token
}

// brought says who has the commission of an order of one piece.
func (w *world) brought(want int64, p apptest.Purchase) int64 {
	w.T.Helper()
	o := w.Order(p)
	var who []int64
	w.must(w.DB.Select(&who, `select c.member_id from attribution_credits c join order_lines l on l.id = c.order_line_id where l.order_id = $1`, o.ID))
	if want == 0 && len(who) != 0 || want != 0 && !slices.Equal(who, []int64{want}) {
		w.T.Errorf("credited %v, want %d", who, want)
	}
	return o.ID
}

// The link to a story covers what the story shows, or showed when it was clicked, and nothing else; it is the link's member who earns.
func TestLinksOfStoriesEarn(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	other := w.Shop("bois", 5000, 9)
	story := w.tells(w.shop.Owner, w.brand, content(w.shop.Product))
	link, token := w.follows(w.noe, story.ID, "un")
	if got := link.Landing(token); got != story.Path()+"?c="+token {
		t.Errorf("leads to %s", got)
	}
	order := w.brought(w.noe, apptest.Purchase{Variant: w.shop.Variant, Click: token})
	w.brought(0, apptest.Purchase{Variant: other.Variant, Click: token})
	w.brought(w.lea, apptest.Purchase{Variant: w.shop.Variant, Click: token, Storefront: w.lea})
	_, staff := w.follows(w.shop.Owner, story.ID, "trois")
	w.brought(0, apptest.Purchase{Variant: w.shop.Variant, Click: staff})

	w.Pay(orderOf(w, order), apptest.Good)
	w.Settle()
	var line int64
	w.must(w.DB.Get(&line, `select id from order_lines where order_id = $1`, order))
	why, err := referrals.WhyYours(ctx, w.DB, w.noe, line)
	if err != nil || !why.Yours || why.Story != story.Title || why.StoryPath != story.Path() || why.Commission.Minor != 1000 {
		t.Errorf("explained: %+v, %v", why.SaleOf, err)
	}

	w.Clock.Set(w.Clock.Now().Add(2 * time.Hour))
	empty := story.Content()
	empty.Products = nil
	story, err = w.saves(w.shop.Owner, w.brand, story.ID, empty, stories.When{})
	w.must(err)
	w.brought(w.noe, apptest.Purchase{Variant: w.shop.Variant, Click: token})
	w.Clock.Set(w.Clock.Now().Add(2 * time.Hour))
	click, err := w.Clicks.Record(ctx, clicks.Visit{LinkID: link.ID, Address: "192.0.2.9", UserAgent: "Mozilla/5.0 (iPhone) quatre", Visitor: "quatre"})
	w.must(err)
	w.brought(0, apptest.Purchase{Variant: w.shop.Variant, Click: click.Token})
	_, err = w.Referrals.Create(ctx, w.lea, referrals.Share{Target: referrals.ToStory, StoryID: story.ID})
	w.refused("a story that pays nothing is shared", err, referrals.ErrStoryPaysNothing)
	w.must(w.Stories.Do(ctx, w.shop.Owner, w.brand, story.ID, stories.TakeDown))
	w.brought(w.noe, apptest.Purchase{Variant: w.shop.Variant, Click: token})
	_, err = w.Referrals.Create(ctx, w.lea, referrals.Share{Target: referrals.ToStory, StoryID: story.ID})
	w.refused("a story that is down is shared", err, fault.NotFound)
	w.must(w.Changes.Poll(ctx))
	if gone, err := w.Referrals.ByCode(ctx, link.Code); err != nil || gone.Landing(token) != "/@noe?c="+token {
		t.Errorf("of a story that is down: %s, %v", gone.Landing(token), err)
	}
	found, err := stories.Check(ctx, w.DB)
	if err != nil || slices.ContainsFunc(found, func(f ledgerFinding) bool { return f.Count > 0 }) {
		t.Errorf("%+v, %v", found, err)
	}
}

// A click is paid for what the story showed when it was made, or shows at the order, and for nothing that came and went in between.
func TestLinksOfStoriesCoverWhatWasShown(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	other := w.Shop("bois", 5000, 9)
	_, err := w.Storefronts.AddListing(ctx, w.lea, other.Product)
	w.must(err)
	story := w.tells(w.lea, w.storefront, content(other.Product))
	link, before := w.follows(w.noe, story.ID, "avant")
	shows := func(products ...int64) {
		w.Clock.Set(w.Clock.Now().Add(2 * time.Hour))
		_, err := w.saves(w.lea, w.storefront, story.ID, content(products...), stories.When{})
		w.must(err)
		w.Clock.Set(w.Clock.Now().Add(2 * time.Hour))
	}
	clicked := func(visitor string) string {
		click, err := w.Clicks.Record(ctx, clicks.Visit{LinkID: link.ID, Address: "192.0.2.9", UserAgent: "Mozilla/5.0 (iPhone) " + visitor, Visitor: visitor})
		w.must(err)
		return click.Token
	}
	shows(other.Product, w.shop.Product)
	during := clicked("pendant")
	w.brought(w.noe, apptest.Purchase{Variant: w.shop.Variant, Click: before}) // it is shown at the order
	shows(other.Product)
	w.brought(0, apptest.Purchase{Variant: w.shop.Variant, Click: before})
	w.brought(w.noe, apptest.Purchase{Variant: w.shop.Variant, Click: during})
	between := clicked("entre")
	shows(other.Product, w.shop.Product)
	shows(other.Product)
	w.brought(0, apptest.Purchase{Variant: w.shop.Variant, Click: between})
	w.brought(w.noe, apptest.Purchase{Variant: w.shop.Variant, Click: during})
	w.is(2, `select count(*) from story_products where product_id = $1 and off_at is not null`, w.shop.Product)
	found, err := stories.Check(ctx, w.DB)
	if err != nil || slices.ContainsFunc(found, func(f ledgerFinding) bool { return f.Count > 0 }) {
		t.Errorf("%+v, %v", found, err)
	}
}

// Elsewhere a story is created, updated and deleted; that of a member leads through a link of their own and says that they earn.
func TestStoriesElsewhere(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	before := w.tells(w.shop.Owner, w.brand, content(w.shop.Product))
	w.is(0, `select count(*) from fediverse_objects`)
	w.must(w.Fediverse.Open(ctx, w.shop.Owner, fediverse.Owner{Kind: fediverse.Brand, ID: w.shop.Brand}))
	w.must(w.Fediverse.Open(ctx, w.lea, fediverse.Owner{Kind: fediverse.Storefront, ID: w.lea}))
	w.must(w.Stories.Sweep(ctx))
	w.must(w.Stories.Sweep(ctx))
	w.is(1, `select count(*) from fediverse_objects where ref = 'story:' || $1 and path = $2 and earner = '' and published_at = $3`, before.ID, before.Path(), *before.PublishedAt)

	w.DB.MustExec(`insert into fediverse_servers (host, seen_at) values ('far.example', now())`)
	w.DB.MustExec(`insert into fediverse_remotes (uri, host, kind, username, name, url, inbox, shared_inbox, key_id, public_key, fetched_at)
		values ('https://far.example/u/ami', 'far.example', 'Person', 'ami', 'Ami', '', 'https://far.example/inbox', '', 'https://far.example/u/ami#k', 'key', now())`)
	w.DB.MustExec(`insert into fediverse_followers (actor_id, remote_id, activity, at) select a.id, r.id, 'https://far.example/1', now() from fediverse_actors a, fediverse_remotes r where a.member_id = $1`, w.lea)
	own := w.tells(w.lea, w.storefront, content(w.shop.Product))
	w.is(1, `select count(*) from fediverse_objects o join share_links l on o.path = '/r/' || l.code and l.channel = 'fediverse' join share_links f on o.feed_path = '/r/' || f.code and f.channel = 'feed'
		where o.ref = 'story:' || $1::bigint and o.earner = 'Lea' and l.story_id = $1 and l.member_id = $2 and o.body like 'On pétrit.%'`, own.ID, w.lea)
	changed := own.Content()
	changed.Title = "Autre chose"
	_, err := w.saves(w.lea, w.storefront, own.ID, changed, stories.When{})
	w.must(err)
	w.is(1, `select count(*) from fediverse_objects where ref = 'story:' || $1 and title = 'Autre chose'`, own.ID)
	var object int64
	w.must(w.DB.Get(&object, `select id from fediverse_objects where ref = 'story:' || $1::bigint`, own.ID))
	note, err := w.Fediverse.NoteDocument(ctx, object)
	w.must(err)
	said, err := json.Marshal(note.Document)
	for _, word := range []string{"Publicité", "Autre chose", "/r/", "On pétrit."} {
		if err != nil || note.Gone || !strings.Contains(string(said), word) {
			t.Errorf("without %q: %s, %v", word, said, err)
		}
	}
	w.must(w.Stories.Do(ctx, w.lea, w.storefront, own.ID, stories.TakeDown))
	if note, err := w.Fediverse.NoteDocument(ctx, object); err != nil || !note.Gone {
		t.Errorf("taken down: %+v, %v", note, err)
	}
	w.must(w.Stories.Sweep(ctx))
	w.is(0, `select count(*) from fediverse_objects where ref = 'story:' || $1 and deleted_at is null`, own.ID)
	var kinds []string
	w.must(w.DB.Select(&kinds, `select d.kind from fediverse_deliveries d join fediverse_objects o on o.id = d.object_id where o.ref = 'story:' || $1 order by d.id`, own.ID))
	if !slices.Equal(kinds, []string{"create", "update", "delete"}) {
		t.Errorf("told %v", kinds)
	}
}

// A margin in the author's storefront is something that they earn, as a commission is: a story that pays only after it was changed leads through their own link then.
func TestStoriesThatPayAMargin(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	terms := catalog.FirstTerms()
	terms.CommissionBps, terms.MarginBps = 0, 2000
	_, err := w.Catalog.OfferTerms(ctx, w.shop.Owner, w.shop.Brand, terms)
	w.must(err)
	w.must(w.Fediverse.Open(ctx, w.lea, fediverse.Owner{Kind: fediverse.Storefront, ID: w.lea}))
	own := w.tells(w.lea, w.storefront, content(w.shop.Product))
	w.is(1, `select count(*) from fediverse_objects where ref = 'story:' || $1::bigint and earner = '' and path = $2 and feed_path = $2`, own.ID, own.Path())
	w.must(w.Storefronts.SetMargin(ctx, w.lea, w.shop.Product, money.New(600, "EUR")))
	pays := func(member int64) bool {
		pays, err := referrals.StoryPays(ctx, w.DB, own.ID, member, w.Clock.Now())
		w.must(err)
		return pays
	}
	if !pays(w.lea) || pays(w.noe) || pays(0) {
		t.Errorf("pays its author %v, who has no margin %v, nobody %v", pays(w.lea), pays(w.noe), pays(0))
	}
	changed := own.Content()
	changed.Title = "Autre chose"
	_, err = w.saves(w.lea, w.storefront, own.ID, changed, stories.When{})
	w.must(err)
	w.is(1, `select count(*) from fediverse_objects o join share_links l on o.path = '/r/' || l.code and l.channel = 'fediverse' join share_links f on o.feed_path = '/r/' || f.code and f.channel = 'feed'
		where o.ref = 'story:' || $1::bigint and o.earner = 'Lea' and l.member_id = $2 and f.member_id = $2`, own.ID, w.lea)
	_, err = w.Referrals.Create(ctx, w.noe, referrals.Share{Target: referrals.ToStory, StoryID: own.ID, Channel: "copy"})
	w.refused("shared by who would earn nothing", err, referrals.ErrStoryPaysNothing)
}

// What is reported waits for the platform; what it hides nobody reads, until it is decided otherwise.
func TestReports(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	w.must(w.Fediverse.Open(ctx, w.lea, fediverse.Owner{Kind: fediverse.Storefront, ID: w.lea}))
	with, f := content(), w.photo(w.lea)
	with.Photos = []stories.Photo{{Hash: f.Hash, Alt: "Un four"}}
	told := w.tells(w.lea, w.storefront, with)
	report := func(by int64, reason, text string) error {
		return w.Stories.Report(ctx, reports.Complaint{ID: told.ID, MemberID: by, Reason: reason, Text: text})
	}
	w.refused("of one's own", report(w.lea, "fake", ""), reports.ErrYourOwn)
	w.refused("without a reason", report(w.noe, "edited", ""), fault.Invalid)
	w.refused("another reason without words", report(w.noe, "other", " "), fault.Invalid)
	w.must(report(w.noe, "other", "Ce n’est pas vrai."))
	w.refused("twice", report(w.noe, "fake", ""), reports.ErrReported)
	w.must(report(0, "fake", ""))
	list, total, err := w.Stories.Reports().Cases(ctx, w.DB, 10, 0)
	if err != nil || total != 1 || len(list[0].Reports) != 2 || list[0].Reports[0].Body != told.Body {
		t.Fatalf("waits: %+v, %v", list, err)
	}
	decide := func(by int64, hide bool, why string) error {
		return w.Stories.Decide(ctx, reports.Decision{Part: stories.AStory, ID: told.ID, By: by, Hide: hide, Why: why})
	}
	w.refused("by its author", decide(w.lea, false, "x"), reports.ErrYourOwn)
	w.refused("without words", decide(w.admin, true, ""), fault.Invalid)
	w.must(decide(w.admin, true, "C’est faux."))
	w.refused("again", decide(w.admin, true, "x"), reports.ErrDecided)
	_, err = stories.ByCode(ctx, w.DB, told.Code)
	w.refused("hidden", err, fault.NotFound)
	w.shows("hidden", f.Hash, false)
	w.is(0, `select count(*) from fediverse_objects where deleted_at is null and ref like 'story:%'`)
	w.must(w.Stories.Sweep(ctx))
	w.is(0, `select count(*) from fediverse_objects where deleted_at is null and ref like 'story:%'`)
	changed := told.Content()
	changed.Body = "On pétrit vraiment."
	_, err = w.saves(w.lea, w.storefront, told.ID, changed, stories.When{})
	w.must(err)
	w.is(1, `select count(*) from story_reports where reason = 'edited' and decided = '' and body = $1`, changed.Body) // what is to be decided about
	w.DB.MustExec(`update members set admin = true where id = $1`, w.admin)
	w.must(stories.Look(ctx, w.DB, w.admin, f.Hash))
	w.refused("others look", stories.Look(ctx, w.DB, w.noe, f.Hash), fault.NotFound)
	w.must(decide(w.admin, false, "C’est vrai maintenant."))
	w.shows("shown again", f.Hash, true)
	w.refused("the platform looks at what it has decided", stories.Look(ctx, w.DB, w.admin, f.Hash), fault.NotFound)
	w.must(w.Members.Block(ctx, 0, w.lea, true))
	w.shows("of who is blocked", f.Hash, false)
	w.must(w.Members.Block(ctx, 0, w.lea, false))
	if _, err := stories.ByCode(ctx, w.DB, told.Code); err != nil {
		t.Errorf("shown again: %v", err)
	}
	w.is(1, `select count(*) from fediverse_objects where deleted_at is null and ref like 'story:%'`)
	if got := w.Told(w.lea, notices.Story); !slices.Equal(got, []string{"hidden"}) {
		t.Errorf("its author is told %v", got)
	}
	if got := w.Told(w.lea, notices.Appeal); !slices.Equal(got, []string{"shown"}) {
		t.Errorf("its author is told %v", got)
	}
	if got := w.Told(w.noe, notices.Story); !slices.Equal(got, []string{"report_hidden"}) {
		t.Errorf("who reported is told %v", got)
	}
	w.is(2, `select count(*) from audit_log where action in ('story hidden', 'story kept') and actor_id = $1`, w.admin)

	w.must(report(w.noe, "fake", ""))
	w.must(w.Stories.Do(ctx, w.lea, w.storefront, told.ID, stories.Delete))
	w.Clock.Set(w.Clock.Now().AddDate(0, 0, stories.KeptDays+1))
	w.must(w.Stories.Sweep(ctx))
	w.is(1, `select count(*) from stories where id = $1 and body <> ''`, told.ID)
	w.must(decide(w.admin, true, "Effacé."))
	w.must(w.Stories.Sweep(ctx))
	w.is(0, `select count(*) from stories where id = $1 and body || title <> ''`, told.ID)
	w.is(0, `select count(*) from story_reports where body <> ''`)
}

// Of a story of a brand its whole team is told: also that it could not be published, as its author has left.
func TestTheTeamIsTold(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	w.must(w.Catalog.SetTeam(ctx, w.shop.Owner, w.shop.Brand, w.noe, catalog.Staff))
	_, err := w.saves(w.noe, w.brand, w.starts(w.noe, w.brand), content(w.shop.Product), stories.When{At: w.Clock.Now().Add(time.Hour), Zone: "Europe/Paris"})
	w.must(err)
	told := w.tells(w.noe, w.brand, content())
	w.must(w.Stories.Report(ctx, reports.Complaint{ID: told.ID, MemberID: w.lea, Reason: "fake"}))
	w.must(w.Stories.Decide(ctx, reports.Decision{Part: stories.AStory, ID: told.ID, By: w.admin, Hide: true, Why: "Faux."}))
	w.must(w.Catalog.SetTeam(ctx, w.shop.Owner, w.shop.Brand, w.noe, catalog.NoRole))
	w.Clock.Set(w.Clock.Now().Add(2 * time.Hour))
	w.must(w.Stories.Sweep(ctx))
	if got := w.Told(w.shop.Owner, notices.Story); !slices.Contains(got, "stuck") || !slices.Contains(got, "hidden") || len(got) != 2 {
		t.Errorf("the team is told %v", got)
	}
	if got := w.Told(w.noe, notices.Story); !slices.Equal(got, []string{"hidden"}) {
		t.Errorf("who left is told %v", got)
	}
}

// The audit counts what breaks each invariant.
func TestCheck(t *testing.T) {
	w := open(t)
	story := w.tells(w.shop.Owner, w.brand, content(w.shop.Product))
	_, token := w.follows(w.noe, story.ID, "un")
	w.Paid(apptest.Purchase{Variant: w.shop.Variant, Click: token})
	w.Audit()
	if _, err := w.DB.Exec(`delete from story_products`); err == nil {
		t.Error("what a story showed is forgotten")
	}
	if _, err := w.DB.Exec(`update stories set published_at = published_at + interval '1 day'`); err == nil {
		t.Error("a story is published anew")
	}
	for statement, want := range map[string]string{
		`update story_products set tagged_at = now() + interval '10 years'`:                                                "story_links_cover",
		`update story_products set tagged_at = tagged_at - interval '2 minutes', off_at = tagged_at - interval '1 minute'`: "story_links_cover", // before the click
		`alter table story_products disable trigger story_products_kept`:                                                   "story_guards",
		`grant delete on stories to relais_app`:                                                                            "story_guards",
	} {
		tx := owner(t, w)
		tx.MustExec(`set local session_replication_role = replica`)
		tx.MustExec(statement)
		found, err := stories.Check(t.Context(), tx)
		if err != nil || !slices.ContainsFunc(found, func(f ledgerFinding) bool { return f.Name == want && f.Count > 0 }) {
			t.Errorf("%s: %+v, %v", statement, found, err)
		}
		w.must(tx.Rollback())
	}
}
