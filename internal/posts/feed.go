package posts

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/groups"
	"relais/internal/postgres"
)

// PageSize is how many posts a page of a feed has.
const PageSize = 20

// Cursor is a place in a feed: before it lies what was published later. Its zero value is the beginning.
type Cursor struct {
	At   time.Time `db:"published_at"`
	ID   int64     `db:"post_id"` // of the post, listing, product or story
	Rank Rank      `db:"-"`
}

// String writes the cursor for an address; empty for the beginning.
func (c Cursor) String() string {
	if c.ID == 0 {
		return ""
	}
	s := strconv.FormatInt(c.At.UnixMicro(), 36) + "-" + strconv.FormatInt(c.ID, 36)
	if c.Rank != APost {
		s += "-" + strconv.Itoa(int(c.Rank))
	}
	return s
}

// ParseCursor reads one; what is none is the beginning.
func ParseCursor(s string) Cursor {
	at, id, _ := strings.Cut(s, "-")
	id, what, _ := strings.Cut(id, "-")
	rank := slices.Index([]string{"", "1", "2", "3"}, what) // APost, AListing, AProduct, AStory
	micro, err := strconv.ParseInt(at, 36, 64)
	if err != nil || micro <= 0 || micro > 1<<52 {
		return Cursor{}
	}
	n, err := strconv.ParseInt(id, 36, 64)
	if err != nil || n <= 0 || rank < 0 {
		return Cursor{}
	}
	return Cursor{At: time.UnixMicro(micro).UTC(), ID: n, Rank: Rank(rank)}
}

// Item is a post in a feed, with those of its circles that the feed is of.
type Item struct {
	Post
	At       time.Time // when it was published in the circle that was the last to get it
	Places   []Seen    // those that the viewer is in, by name; without one it is shown outside
	Follower Follower  // why it reaches them besides
}

// Seen is a circle of a post for somebody who is in it.
type Seen struct {
	Place
	Counts map[string]int64 // of each reaction there
	Mine   string           // the viewer's own; empty: none
}

// A post that reaches the viewer in several ways (circles that they are in, circles and authors that they follow) stands where the last of
// them got it. Only ranges whose newest post is among the newest PageSize posts of all can have one that belongs to the page, so that no more
// than so many are read, from the index alone: the page costs the same whatever there is behind it.
const selectHome = `
with newest as materialized (
  select 1 as way, s.id, '' as sphere, n.published_at, n.post_id from unnest($1::bigint[]) s(id) cross join lateral (
    select f.published_at, f.post_id from post_groups f
    where f.group_id = s.id and f.published_at is not null and f.removed_at is null and f.gone_at is null and (f.published_at, f.post_id) < ($5, $6)
    order by f.published_at desc, f.post_id desc limit 1) n
  union all select 2 as way, s.id, '' as sphere, n.published_at, n.post_id from unnest($2::bigint[]) s(id) cross join lateral (
    select f.published_at, f.post_id from post_groups f
    where f.group_id = s.id and f.shown_by is not null and f.published_at is not null and f.removed_at is null and f.gone_at is null and (f.published_at, f.post_id) < ($5, $6)
    order by f.published_at desc, f.post_id desc limit 1) n
  union all select 3 as way, s.id, s.sphere as sphere, n.published_at, n.post_id from unnest($3::bigint[], $4::text[]) s(id, sphere) cross join lateral (
    select f.published_at, f.post_id from post_groups f
    where f.shown_by = s.id and f.shown_sphere = s.sphere and f.published_at is not null and f.removed_at is null and f.gone_at is null and (f.published_at, f.post_id) < ($5, $6)
    order by f.published_at desc, f.post_id desc limit 1) n
),
least as (select published_at, post_id from (select distinct published_at, post_id from newest) x order by published_at desc, post_id desc offset $7 - 1 limit 1),
near as materialized (
  select way, id, sphere from newest where (published_at, post_id) >= (select published_at, post_id from least) or not exists (select 1 from least)
),
found as (
  select l.published_at, l.post_id from near n cross join lateral (
    select f.published_at, f.post_id from post_groups f
    where f.group_id = n.id and f.published_at is not null and f.removed_at is null and f.gone_at is null and (f.published_at, f.post_id) < ($5, $6)
    order by f.published_at desc, f.post_id desc limit $7) l where n.way = 1
  union all select l.published_at, l.post_id from near n cross join lateral (
    select f.published_at, f.post_id from post_groups f
    where f.group_id = n.id and f.shown_by is not null and f.published_at is not null and f.removed_at is null and f.gone_at is null and (f.published_at, f.post_id) < ($5, $6)
    order by f.published_at desc, f.post_id desc limit $7) l where n.way = 2
  union all select l.published_at, l.post_id from near n cross join lateral (
    select f.published_at, f.post_id from post_groups f
    where f.shown_by = n.id and f.shown_sphere = n.sphere and f.published_at is not null and f.removed_at is null and f.gone_at is null and (f.published_at, f.post_id) < ($5, $6)
    order by f.published_at desc, f.post_id desc limit $7) l where n.way = 3
)
select published_at, post_id from (select distinct published_at, post_id from found) x order by published_at desc, post_id desc limit $7`

// lastOf drops what stands further up already: where the post came later.
const lastOf = `
select distinct f.post_id from post_groups f
where f.post_id = any($5) and f.published_at is not null and f.removed_at is null and f.gone_at is null
  and (f.group_id = any($1) or f.shown_by is not null and (f.group_id = any($2) or (f.shown_by, f.shown_sphere) in (select * from unnest($3::bigint[], $4::text[]))))
  and f.published_at > (select x.at from unnest($5::bigint[], $6::timestamptz[]) x(id, at) where x.id = f.post_id)`

// firstOnly keeps of each post the uppermost row, and none where that lies on an earlier page.
func firstOnly(ctx context.Context, q sqlx.QueryerContext, rows []Cursor, src Sources) ([]Cursor, error) {
	seen := map[int64]bool{}
	rows = slices.DeleteFunc(rows, func(r Cursor) bool {
		twice := seen[r.ID]
		seen[r.ID] = true
		return twice
	})
	ids, times := make([]int64, len(rows)), make([]string, len(rows))
	for i, r := range rows {
		ids[i], times[i] = r.ID, r.At.UTC().Format(time.RFC3339Nano)
	}
	var later []int64
	if err := sqlx.SelectContext(ctx, q, &later, lastOf, append(src.args(), pq.Array(ids), pq.Array(times))...); err != nil {
		return nil, fmt.Errorf("read feed: %w", postgres.Translate(err))
	}
	return slices.DeleteFunc(rows, func(r Cursor) bool { return slices.Contains(later, r.ID) }), nil
}

// InGroup is a page of the feed of one circle, which the viewer must be in.
func InGroup(ctx context.Context, q sqlx.QueryerContext, viewer, groupID int64, from Cursor) (Feed, error) {
	return Home(ctx, q, viewer, Sources{Circles: []int64{groupID}}, from)
}

// items reads the posts of a page. Those of members whom the platform has blocked are left out.
func items(ctx context.Context, q sqlx.QueryerContext, viewer int64, rows []Cursor, src Sources) ([]Item, error) {
	ids := make([]int64, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	list, err := postsWhere(ctx, q, `where p.id = any($1) and m.blocked_at is null and p.state = 'published'`, pq.Array(ids))
	if err != nil {
		return nil, err
	}
	seen, err := seenOf(ctx, q, viewer, ids, src.Circles)
	if err != nil {
		return nil, err
	}
	shown, since, err := outside(ctx, q, ids, src)
	if err != nil {
		return nil, err
	}
	var out []Item
	for _, r := range rows {
		i := slices.IndexFunc(list, func(p Post) bool { return p.ID == r.ID })
		follower, followed := shown[r.ID]
		if i < 0 || len(seen[r.ID]) == 0 && !followed {
			continue
		}
		item := Item{Post: list[i], At: r.At, Places: seen[r.ID], Follower: follower}
		var first *time.Time // when it came to the viewer
		if at, ok := since[r.ID]; ok {
			first = &at
		}
		for _, p := range item.Places {
			if first == nil || p.PublishedAt.Before(*first) {
				first = p.PublishedAt
			}
		}
		item.EditedAt = editedSince(item.EditedAt, first)
		out = append(out, item)
	}
	return out, nil
}

const selectReactions = `
select post_id, group_id, kind, count(*) as n, bool_or(member_id = $3) as mine from reactions where post_id = any($1) and group_id = any($2) group by 1, 2, 3`

// seenOf are the live places of posts in those circles, with their reactions.
func seenOf(ctx context.Context, q sqlx.QueryerContext, viewer int64, postIDs, groupIDs []int64) (map[int64][]Seen, error) {
	there, err := places(ctx, q, postIDs, false, groupIDs)
	if err != nil {
		return nil, err
	}
	var rows []struct {
		PostID  int64  `db:"post_id"`
		GroupID int64  `db:"group_id"`
		Kind    string `db:"kind"`
		N       int64  `db:"n"`
		Mine    bool   `db:"mine"`
	}
	if err := sqlx.SelectContext(ctx, q, &rows, selectReactions, pq.Array(postIDs), pq.Array(groupIDs), viewer); err != nil {
		return nil, fmt.Errorf("read reactions: %w", postgres.Translate(err))
	}
	seen := map[int64][]Seen{}
	for _, p := range there {
		if !p.Live() {
			continue
		}
		at := Seen{Place: p, Counts: map[string]int64{}}
		for _, r := range rows {
			if r.PostID == p.PostID && r.GroupID == p.GroupID {
				at.Counts[r.Kind] = r.N
				if r.Mine {
					at.Mine = r.Kind
				}
			}
		}
		seen[p.PostID] = append(seen[p.PostID], at)
	}
	return seen, nil
}

// CirclesOf are the numbers of the circles that a feed is of: those of one sphere, or of both where sphere is empty.
func CirclesOf(mine []groups.Membership, sphere groups.Sphere) []int64 {
	var ids []int64
	for _, m := range mine {
		if (sphere == "" || m.Sphere == sphere) && groups.CanRead(m.Group, m.Role) {
			ids = append(ids, m.ID)
		}
	}
	return ids
}
