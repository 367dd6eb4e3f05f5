package posts_test

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"relais/internal/follows"
	"relais/internal/groups"
	"relais/internal/posts"
	"relais/internal/posts/poststest"
)

// lines are what somebody reads in their feed of a sphere, or of both: each entry with its circles and why it is there.
func (w *world) lines(member int64, sphere groups.Sphere) (list []string) {
	w.T.Helper()
	mine, err := groups.Of(w.T.Context(), w.DB, member)
	w.must(err)
	followed, err := follows.Mine(w.T.Context(), w.DB, member, "")
	w.must(err)
	at := posts.Cursor{}
	for range 20 {
		p, err := posts.Home(w.T.Context(), w.DB, member, posts.SourcesOf(mine, followed, sphere), at)
		w.must(err)
		for _, e := range p.Entries {
			list = append(list, said(e))
		}
		if p.Next.ID == 0 {
			return list
		}
		at = posts.ParseCursor(p.Next.String())
	}
	w.T.Fatal("the feed has no end")
	return nil
}

// said is an entry in words.
func said(e posts.Entry) string {
	if e.Piece != nil {
		return fmt.Sprintf("%s of %s", e.Piece.Owner(), e.Piece.Handle)
	}
	line := e.Item.Text
	for _, at := range e.Item.Places {
		line += " | in " + at.Handle
	}
	for _, at := range e.Item.Follower.Circles {
		line += " | follows " + at.Handle
	}
	if e.Item.Follower.Author {
		line += " | follows " + e.Item.AuthorHandle
	}
	return line
}

func (w *world) follow(member int64, k follows.Kind, handle string, s groups.Sphere) {
	w.T.Helper()
	w.must(w.Follows.Follow(w.T.Context(), member, k, handle, s))
}

// What a follower reads of a post, for each sphere and visibility of its circle, for each sphere of the follow, and for what its author chose.
func TestOutsideMatrix(t *testing.T) {
	w := open(t)
	n := 0
	for _, sphere := range groups.Spheres() {
		for _, visibility := range []groups.Visibility{groups.Open, groups.Private} {
			for _, outside := range []bool{false, true} {
				n++
				author := w.Member(fmt.Sprintf("auteur%d", n))
				g := poststest.Circle(t, w.DB, fmt.Sprintf("cercle-%d", n), sphere, visibility, author)
				_, err := w.Posts.Save(t.Context(), author, 0, rand.Text(), posts.Content{Kind: posts.Story, Text: "Dehors"}, posts.Where{Groups: []int64{g.ID}, Outside: outside}, posts.When{Now: true})
				w.must(err)
				for i, followed := range groups.Spheres() {
					reader := w.Member(fmt.Sprintf("lecteur%d-%d", n, i))
					w.follow(reader, follows.Member, fmt.Sprintf("auteur%d", n), followed)
					for _, tab := range append([]groups.Sphere{""}, groups.Spheres()...) {
						var want []string
						if outside && visibility == groups.Open && followed == sphere && (tab == "" || tab == sphere) {
							want = []string{fmt.Sprintf("Dehors | follows auteur%d", n)}
						}
						w.reads(fmt.Sprintf("%s %s circle, outside %v, author followed in %s, feed of %q", visibility, sphere, outside, followed, tab), w.lines(reader, tab), want...)
					}
				}
				if visibility == groups.Private {
					continue
				}
				reader := w.Member(fmt.Sprintf("suiveur%d", n))
				w.follow(reader, follows.Circle, g.Handle, "")
				for _, tab := range append([]groups.Sphere{""}, groups.Spheres()...) {
					var want []string
					if outside && (tab == "" || tab == sphere) {
						want = []string{"Dehors | follows " + g.Handle}
					}
					w.reads(fmt.Sprintf("%s circle followed, outside %v, feed of %q", sphere, outside, tab), w.lines(reader, tab), want...)
				}
			}
		}
	}
}

// A post is there once, however it reaches somebody, and says all of the ways; it goes from outside with whatever took it away.
func TestOutsideOnce(t *testing.T) {
	w := open(t)
	pause := func() { w.Clock.Set(w.Clock.Now().Add(time.Hour)) }
	c := posts.Content{Kind: posts.Story, Text: "Partout"}
	to := posts.Where{Groups: []int64{w.work.ID, w.garden.ID, w.family.ID}, Outside: true}
	id, err := w.Posts.Save(t.Context(), w.lea, 0, rand.Text(), c, to, posts.When{Now: true})
	w.must(err)
	w.follow(w.bob, follows.Member, "lea", groups.Personal)
	w.follow(w.zed, follows.Member, "lea", groups.Personal)
	w.follow(w.zed, follows.Circle, "jardin", "")
	w.follow(w.zed, follows.Circle, "bureau", "")
	w.reads("who is in two of its circles", w.lines(w.bob, ""), "Partout | in bureau | in jardin | follows lea")
	w.reads("who is in none", w.lines(w.zed, ""), "Partout | follows bureau | follows jardin | follows lea")
	w.reads("at work", w.lines(w.zed, groups.Professional), "Partout | follows bureau")

	pause()
	w.must(w.Posts.RemovePost(t.Context(), w.ana, "jardin", id, "Hors sujet"))
	w.reads("removed from the garden", w.lines(w.zed, ""), "Partout | follows bureau")
	w.sound("removed from the garden")
	pause()
	to = posts.Where{Groups: []int64{w.work.ID, w.family.ID}}
	_, err = w.Posts.Save(t.Context(), w.lea, id, "", c, to, posts.When{})
	w.must(err)
	w.reads("taken back from outside", w.lines(w.zed, ""))
	w.sound("taken back from outside")
	w.reads("and read inside", w.lines(w.bob, ""), "Partout | in bureau")
	to.Outside = true
	_, err = w.Posts.Save(t.Context(), w.lea, id, "", c, to, posts.When{})
	w.must(err)
	w.reads("shown again", w.lines(w.zed, ""), "Partout | follows bureau")
	w.sound("shown again")
	w.must(w.Members.Block(t.Context(), 0, w.lea, true))
	w.reads("of somebody blocked", w.lines(w.zed, ""))
	w.sound("of somebody blocked")
	w.must(w.Members.Block(t.Context(), 0, w.lea, false))
	w.must(w.Groups.Close(t.Context(), w.work.ID, w.bob, ""))
	w.reads("of a closed circle", w.lines(w.zed, ""))
	w.sound("of a closed circle")
}

// The feed has posts, new pieces in storefronts and new products in one order of time, through all its pages, each once.
func TestHomeOfEverything(t *testing.T) {
	w := open(t)
	w.follow(w.zed, follows.Member, "lea", "")
	w.follow(w.zed, follows.Brand, "terre", "")
	var want []string
	w.DB.MustExec(`update products set published_at = null`)
	for i := range 70 {
		if i%4 != 1 { // some at the same moment
			w.Clock.Set(w.Clock.Now().Add(3 * time.Hour))
		}
		at := w.Clock.Now()
		switch i % 3 {
		case 0:
			_, err := w.Posts.Save(t.Context(), w.lea, 0, rand.Text(), posts.Content{Kind: posts.Story, Text: fmt.Sprint("n", i)}, posts.Where{Groups: []int64{w.garden.ID}, Outside: true}, posts.When{Now: true})
			w.must(err)
			want = append(want, fmt.Sprintf("n%d | follows lea", i))
		default:
			var product int64
			w.must(w.DB.Get(&product, `insert into products (brand_id, slug, lang, title, vat_bps, currency, state) select brand_id, 'p-' || $1::int, lang, title, vat_bps, currency, state from products where id = $2 returning id`, i, w.shop.Product))
			if i%3 == 1 {
				w.DB.MustExec(`insert into listings (member_id, product_id, position, created_at) values ($1, $2, 0, $3)`, w.lea, product, at)
				want = append(want, "member of lea")
			} else {
				w.DB.MustExec(`update products set published_at = $2 where id = $1`, product, at)
				want = append(want, "brand of terre")
			}
		}
	}
	slices.Reverse(want)
	got := w.lines(w.zed, "")
	sorted := func(list []string) string {
		list = slices.Clone(list)
		slices.Sort(list)
		return strings.Join(list, ", ")
	}
	if sorted(got) != sorted(want) {
		t.Errorf("%d entries of %d:\n%q\n%q", len(got), len(want), got, want)
	}
	texts := func(list []string) []string {
		return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return !strings.HasPrefix(s, "n") })
	}
	w.reads("the posts", texts(got), texts(want)...)
	w.reads("of the other sphere", w.lines(w.zed, groups.Professional))

	w.DB.MustExec(`update products set state = 'archived'`)
	w.reads("with nothing for sale", w.lines(w.zed, ""), texts(want)...)
}

// A cursor says where it is, whatever stands there.
func TestCursorOfEveryRank(t *testing.T) {
	for _, r := range []posts.Rank{posts.APost, posts.AListing, posts.AProduct} {
		c := posts.Cursor{At: time.UnixMicro(1_770_000_000_123_456).UTC(), ID: 42, Rank: r}
		if got := posts.ParseCursor(c.String()); got != c {
			t.Errorf("%v is read as %v", c, got)
		}
	}
	if got := posts.ParseCursor("zz-1-9"); got != (posts.Cursor{}) {
		t.Errorf("no rank: %v", got)
	}
}
