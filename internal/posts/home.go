package posts

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/follows"
	"relais/internal/groups"
	"relais/internal/postgres"
	"relais/internal/stories"
)

// Sources are what a feed is of.
type Sources struct {
	Circles  []int64 // in which the viewer is
	Followed []int64 // open circles that they follow
	Brands   []int64
	Members  []int64         // whom they follow
	Spheres  []groups.Sphere // in which they follow each of them
}

// SourcesOf are the circles and follows of a member, of one sphere, or of both where sphere is empty.
func SourcesOf(mine []groups.Membership, followed []follows.Follow, sphere groups.Sphere) Sources {
	src := Sources{Circles: CirclesOf(mine, sphere)}
	for _, f := range followed {
		switch {
		case sphere != "" && f.Sphere != sphere:
		case f.Kind == follows.Circle:
			src.Followed = append(src.Followed, f.ID)
		case f.Kind == follows.Brand:
			src.Brands = append(src.Brands, f.ID)
		default:
			src.Members, src.Spheres = append(src.Members, f.ID), append(src.Spheres, f.Sphere)
		}
	}
	return src
}

// args are the sources as the queries take them, from the first parameter on.
func (s Sources) args() []any {
	return []any{pq.Array(s.Circles), pq.Array(s.Followed), pq.Array(s.Members), pq.Array(s.Spheres)}
}

// Rank is what an entry of a feed is; of those of the same moment the lower comes first.
type Rank int

// The ranks.
const (
	APost Rank = iota
	AListing
	AProduct
	AStory
)

// Entry is one thing in the home feed: a post, or a piece or story of a storefront or brand that the viewer follows.
type Entry struct {
	Item  *Item
	Piece *follows.Piece
	Story *stories.Story
}

// Feed is a page of the home feed.
type Feed struct {
	Entries []Entry
	Next    Cursor // zero: nothing lies behind
}

// bound is where a range of that rank begins, so that what it has is after the cursor.
func (c Cursor) bound(r Rank) (at time.Time, id int64) {
	switch {
	case c.ID == 0:
		return time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), 1
	case r == c.Rank:
		return c.At, c.ID
	case r > c.Rank:
		return c.At, math.MaxInt64
	}
	return c.At, 0
}

// order is negative where a stands before b in a feed: the newest first, and nothing else decides.
func order(a, b Cursor) int {
	return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Rank, b.Rank), cmp.Compare(b.ID, a.ID))
}

// Home is a page of everything that the sources have, in the order of time: posts, each once and with all the ways in which it reaches the
// viewer, new pieces in storefronts, new products of brands, stories of both.
func Home(ctx context.Context, q sqlx.QueryerContext, viewer int64, src Sources, from Cursor) (Feed, error) {
	at, id := from.bound(APost)
	var all []Cursor
	if err := sqlx.SelectContext(ctx, q, &all, selectHome, append(src.args(), at, id, PageSize+1)...); err != nil {
		return Feed{}, fmt.Errorf("read feed: %w", postgres.Translate(err))
	}
	pieces := map[Cursor]*follows.Piece{}
	add := func(r Rank, list []follows.Piece, err error) error {
		for _, p := range list {
			c := Cursor{At: p.At, ID: p.ID, Rank: r}
			all, pieces[c] = append(all, c), &p
		}
		return err
	}
	at, id = from.bound(AListing)
	listings, err := follows.Listings(ctx, q, src.Members, at, id, PageSize+1)
	if err := add(AListing, listings, err); err != nil {
		return Feed{}, err
	}
	at, id = from.bound(AProduct)
	products, err := follows.Products(ctx, q, src.Brands, at, id, PageSize+1)
	if err := add(AProduct, products, err); err != nil {
		return Feed{}, err
	}
	at, id = from.bound(AStory)
	told, err := stories.Newest(ctx, q, src.Members, src.Brands, at, id, PageSize+1)
	if err != nil {
		return Feed{}, err
	}
	tales := map[Cursor]*stories.Story{}
	for _, s := range told {
		c := Cursor{At: *s.PublishedAt, ID: s.ID, Rank: AStory}
		all, tales[c] = append(all, c), &s
	}
	var f Feed
	slices.SortFunc(all, order)
	if len(all) > PageSize {
		all = all[:PageSize]
		f.Next = all[PageSize-1]
	}
	posts, err := reading{q, viewer, src}.posts(ctx, all)
	if err != nil {
		return f, err
	}
	for _, c := range all {
		if c.Rank != APost {
			f.Entries = append(f.Entries, Entry{Piece: pieces[c], Story: tales[c]})
		} else if i := slices.IndexFunc(posts, func(item Item) bool { return item.ID == c.ID && item.At.Equal(c.At) }); i >= 0 {
			f.Entries = append(f.Entries, Entry{Item: &posts[i]})
		}
	}
	return f, nil
}

// reading is a viewer who reads a feed.
type reading struct {
	q      sqlx.QueryerContext
	viewer int64
	src    Sources
}

// posts are those of a page, each where its uppermost row is.
func (r reading) posts(ctx context.Context, page []Cursor) ([]Item, error) {
	rows := slices.DeleteFunc(slices.Clone(page), func(c Cursor) bool { return c.Rank != APost })
	if len(rows) == 0 {
		return nil, nil
	}
	rows, err := firstOnly(ctx, r.q, rows, r.src)
	if err != nil {
		return nil, err
	}
	return items(ctx, r.q, r.viewer, rows, r.src)
}

// Follower is why somebody reads a post who is in none of its circles.
type Follower struct {
	Circles []OpenCircle // open circles of it that they follow
	Author  bool         // they follow its author
	Code    string       // of the share link by which what is attached is reached; empty: nothing is attached
}

// OpenCircle is a circle of a post as those see it who follow it.
type OpenCircle struct {
	Handle string
	Name   string
	Sphere groups.Sphere
}

const selectOutside = `
select f.post_id, f.published_at, g.handle, g.name, g.sphere, coalesce(l.code, '') as code, coalesce(g.id = any($2), false) as circle,
  coalesce((f.shown_by, f.shown_sphere) in (select * from unnest($3::bigint[], $4::text[])), false) as author
from post_groups f join groups g on g.id = f.group_id and g.visibility = 'open' and g.closed_at is null left join share_links l on l.id = f.link_id
where f.post_id = any($1) and f.shown_by is not null and f.published_at is not null and f.removed_at is null and f.gone_at is null
  and (g.id = any($2) or (f.shown_by, f.shown_sphere) in (select * from unnest($3::bigint[], $4::text[])))
order by f.post_id, coalesce(g.id = any($2), false) desc, lower(g.name), g.id`

// outside is why posts reach a follower, and when each first did.
func outside(ctx context.Context, q sqlx.QueryerContext, postIDs []int64, src Sources) (map[int64]Follower, map[int64]time.Time, error) {
	var rows []struct {
		PostID      int64         `db:"post_id"`
		PublishedAt time.Time     `db:"published_at"`
		Handle      string        `db:"handle"`
		Name        string        `db:"name"`
		Sphere      groups.Sphere `db:"sphere"`
		Code        string        `db:"code"`
		Circle      bool          `db:"circle"`
		Author      bool          `db:"author"`
	}
	if len(src.Followed)+len(src.Members) == 0 {
		return nil, nil, nil
	}
	if err := sqlx.SelectContext(ctx, q, &rows, selectOutside, pq.Array(postIDs), pq.Array(src.Followed), pq.Array(src.Members), pq.Array(src.Spheres)); err != nil {
		return nil, nil, fmt.Errorf("read what posts show outside: %w", postgres.Translate(err))
	}
	found, since := map[int64]Follower{}, map[int64]time.Time{}
	for _, r := range rows {
		f := found[r.PostID]
		f.Author, f.Code = f.Author || r.Author, cmp.Or(f.Code, r.Code)
		if r.Circle {
			f.Circles = append(f.Circles, OpenCircle{r.Handle, r.Name, r.Sphere})
		}
		found[r.PostID] = f
		if at, ok := since[r.PostID]; !ok || r.PublishedAt.Before(at) {
			since[r.PostID] = r.PublishedAt
		}
	}
	return found, since, nil
}
