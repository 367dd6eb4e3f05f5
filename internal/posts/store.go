package posts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/fault"
	"relais/internal/postgres"
)

const postColumns = `
select p.id, p.author_id, m.name as author_name, m.handle as author_handle, coalesce(x.hash, '') as author_picture, m.blocked_at is not null as author_blocked,
  m.lang as author_lang, p.kind, p.text, p.attach, coalesce(p.product_id, 0) as product_id, coalesce(p.poll_id, 0) as poll_id, p.state, p.publish_at, p.zone, p.published_at, p.edited_at, p.deleted_at, p.problem,
  p.outside, p.version, p.created_at, p.updated_at
from posts p join members m on m.id = p.author_id left join media x on x.id = m.picture_id
`

// postsWhere reads posts with their photographs.
func postsWhere(ctx context.Context, q sqlx.QueryerContext, where string, args ...any) ([]Post, error) {
	var list []Post
	if err := sqlx.SelectContext(ctx, q, &list, postColumns+where, args...); err != nil {
		return nil, fmt.Errorf("read posts: %w", postgres.Translate(err))
	}
	ids, at := make([]int64, len(list)), make(map[int64]*Post, len(list))
	for i := range list {
		ids[i], at[list[i].ID] = list[i].ID, &list[i]
	}
	var photos []Photo
	if err := sqlx.SelectContext(ctx, q, &photos, selectPhotos, pq.Array(ids)); err != nil {
		return nil, fmt.Errorf("read photographs of posts: %w", postgres.Translate(err))
	}
	for _, f := range photos {
		at[f.PostID].Photos = append(at[f.PostID].Photos, f)
	}
	return list, nil
}

const selectPhotos = `
select f.post_id, x.hash, f.alt from post_photos f join media x on x.id = f.media_id where f.post_id = any($1) order by f.post_id, f.position`

// one is a post of an author's own, whatever its state but deleted. ErrNotYours also for those of others.
func one(ctx context.Context, q sqlx.QueryerContext, authorID, id int64, lock string) (Post, error) {
	list, err := postsWhere(ctx, q, `where p.id = $1 and p.author_id = $2 and p.state <> 'deleted'`+lock, id, authorID)
	if err != nil {
		return Post{}, err
	}
	if len(list) == 0 {
		return Post{}, ErrNotYours
	}
	return list[0], nil
}

// Own is a post for its author. ErrNotYours also for those of others.
func Own(ctx context.Context, q sqlx.QueryerContext, authorID, id int64) (Post, error) {
	return one(ctx, q, authorID, id, "")
}

// OwnCount is how many posts an author has.
func OwnCount(ctx context.Context, q sqlx.QueryerContext, authorID int64) (int, error) {
	var n int
	if err := sqlx.GetContext(ctx, q, &n, `select count(*) from posts where author_id = $1 and state <> 'deleted'`, authorID); err != nil {
		return 0, fmt.Errorf("count posts: %w", postgres.Translate(err))
	}
	return n, nil
}

// OwnPosts are an author's posts: what is not published yet first, then the newest.
func OwnPosts(ctx context.Context, q sqlx.QueryerContext, authorID int64, limit, offset int) ([]Post, error) {
	return postsWhere(ctx, q, `where p.author_id = $1 and p.state <> 'deleted'
order by p.published_at is not null, coalesce(p.published_at, p.created_at) desc, p.id desc limit $2 offset $3`, authorID, limit, offset)
}

// selectPlaces tells an author of a circle that they are not in only what everybody may know: its name where it is open, and else the name
// that it had when they wrote there; nothing of what is said there.
const selectPlaces = `
select p.id, p.post_id, p.group_id, case when k.known then g.handle else '' end as handle, k.inside, n.name, g.sphere, coalesce(p.link_id, 0) as link_id, coalesce(l.code, '') as code,
  p.published_at, p.skipped_at, p.gone_at, p.removed_at, p.removed_why,
  case when k.inside then (select count(*) from comments c where c.post_id = p.post_id and c.group_id = p.group_id and c.deleted_at is null and c.removed_at is null) else 0 end as comments,
  case when k.inside then (select count(*) from reactions r where r.post_id = p.post_id and r.group_id = p.group_id) else 0 end as reactions
from post_groups p join groups g on g.id = p.group_id left join share_links l on l.id = p.link_id
cross join lateral (select not $2 or exists (select 1 from posts o join group_members m on m.member_id = o.author_id where o.id = p.post_id and m.group_id = g.id) as inside) i
cross join lateral (select i.inside, i.inside or g.visibility = 'open' and g.closed_at is null as known) k
cross join lateral (select case when k.known then g.name else coalesce(l.circle, '') end as name) n
where p.post_id = any($1) and ($2 or p.group_id = any($3))
order by p.post_id, lower(n.name), g.id`

// Places are all circles of an author's own posts. For others there is only what their circles show: Home, InGroup.
func Places(ctx context.Context, q sqlx.QueryerContext, postIDs ...int64) ([]Place, error) {
	return places(ctx, q, postIDs, true, nil)
}

func places(ctx context.Context, q sqlx.QueryerContext, postIDs []int64, all bool, groupIDs []int64) ([]Place, error) {
	var list []Place
	if err := sqlx.SelectContext(ctx, q, &list, selectPlaces, pq.Array(postIDs), all, pq.Array(groupIDs)); err != nil {
		return nil, fmt.Errorf("read places of posts: %w", postgres.Translate(err))
	}
	return list, nil
}

const selectNetworks = `
select n.post_id, n.channel, coalesce(n.link_id, 0) as link_id, coalesce(l.code, '') as code, n.done_at
from post_networks n left join share_links l on l.id = n.link_id where n.post_id = any($1)
order by n.post_id, array_position(array['whatsapp','facebook','linkedin','x','bluesky','telegram','mail','sms','copy'], n.channel)`

// NetworksOf are the steps of the share queues of an author's own posts, in the order of Networks.
func NetworksOf(ctx context.Context, q sqlx.QueryerContext, postIDs ...int64) ([]Network, error) {
	var list []Network
	if err := sqlx.SelectContext(ctx, q, &list, selectNetworks, pq.Array(postIDs)); err != nil {
		return nil, fmt.Errorf("read networks of posts: %w", postgres.Translate(err))
	}
	return list, nil
}

const insertPost = `
insert into posts (author_id, operation, kind, text, attach, product_id, poll_id, created_at, updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $8)
on conflict (author_id, operation) do nothing returning id`

// insert makes a draft; sent again with the same operation it is the post that is there, and made is false.
func insert(ctx context.Context, tx *sqlx.Tx, authorID int64, operation string, c Content, now time.Time) (id int64, made bool, err error) {
	err = postgres.Translate(tx.GetContext(ctx, &id, insertPost, authorID, operation, c.Kind, c.Text, c.Attach, orNull(c.ProductID), orNull(c.PollID), now))
	if errors.Is(err, fault.NotFound) {
		err = tx.GetContext(ctx, &id, `select id from posts where author_id = $1 and operation = $2`, authorID, operation)
		return id, false, postgres.Translate(err)
	}
	if err != nil {
		return 0, false, fmt.Errorf("write post: %w", err)
	}
	return id, true, nil
}

func orNull(id int64) *int64 {
	if id == 0 {
		return nil
	}
	return &id
}

const updatePost = `
update posts set kind = $2, text = $3, attach = $4, product_id = $5, poll_id = $6, updated_at = $7, version = version + case when $8 then 1 else 0 end,
  edited_at = case when $8 then $7 else edited_at end, problem = '' where id = $1`

const insertVersion = `
insert into post_versions (post_id, version, kind, text, attach, product_id, poll_id, photos, until) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`

// rewrite replaces what a post says. Of a published one the words before are kept.
func rewrite(ctx context.Context, tx *sqlx.Tx, p Post, c Content, now time.Time) error {
	edited := p.State == Published && Changed(p.Content(), c)
	if edited {
		photos, err := json.Marshal(append([]Photo{}, p.Photos...))
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, insertVersion, p.ID, p.Version, p.Kind, p.Text, p.Attach, orNull(p.ProductID), orNull(p.PollID), string(photos), now); err != nil {
			return fmt.Errorf("keep the words before of post %d: %w", p.ID, postgres.Translate(err))
		}
	}
	if _, err := tx.ExecContext(ctx, updatePost, p.ID, c.Kind, c.Text, c.Attach, orNull(c.ProductID), orNull(c.PollID), now, edited); err != nil {
		return fmt.Errorf("rewrite post %d: %w", p.ID, postgres.Translate(err))
	}
	return setPhotos(ctx, tx, p.ID, c.Photos)
}

const insertPhotos = `
insert into post_photos (post_id, position, media_id, alt)
select $1, h.position, m.id, h.alt from posts p cross join unnest($2::text[], $3::text[]) with ordinality h(hash, alt, position) join media m on m.hash = h.hash
join post_uploads u on u.media_id = m.id and u.member_id = p.author_id where p.id = $1`

// setPhotos has a post show those photographs, which its author sent in before.
func setPhotos(ctx context.Context, tx *sqlx.Tx, postID int64, photos []Photo) error {
	if _, err := tx.ExecContext(ctx, `delete from post_photos where post_id = $1`, postID); err != nil {
		return fmt.Errorf("take photographs off post %d: %w", postID, postgres.Translate(err))
	}
	hashes, alts := make([]string, len(photos)), make([]string, len(photos))
	for i, f := range photos {
		hashes[i], alts[i] = f.Hash, f.Alt
	}
	r, err := tx.ExecContext(ctx, insertPhotos, postID, pq.Array(hashes), pq.Array(alts))
	if err != nil {
		return fmt.Errorf("put photographs on post %d: %w", postID, postgres.Translate(err))
	}
	if n, err := r.RowsAffected(); err != nil || n != int64(len(photos)) {
		return errors.Join(fault.Field("photo", "posts.photo_gone"), err)
	}
	return nil
}

const hideOutside = `update post_groups set shown_by = null, shown_sphere = null where post_id = $1 and shown_by is not null`

const setGroups = `
with chosen as (select unnest($2::bigint[]) as id),
dropped as (delete from post_groups where post_id = $1 and published_at is null and group_id <> all ($2)),
gone as (update post_groups set gone_at = $3, shown_by = null, shown_sphere = null where post_id = $1 and published_at is not null and gone_at is null and group_id <> all ($2)),
back as (update post_groups set gone_at = null where post_id = $1 and published_at is not null and gone_at is not null and group_id = any ($2)),
absent as (insert into post_absences (place_id, from_at, until_at)
  select id, gone_at, $3 from post_groups where post_id = $1 and published_at is not null and gone_at is not null and group_id = any ($2) on conflict do nothing)
insert into post_groups (post_id, group_id) select $1, id from chosen on conflict (post_id, group_id) do nothing`

const setNetworks = `
with dropped as (delete from post_networks where post_id = $1 and channel <> all ($2))
insert into post_networks (post_id, channel) select $1, unnest($2::text[]) on conflict (post_id, channel) do nothing`

// setWhere has a post go to those circles and networks: what was published in others is taken out there.
func setWhere(ctx context.Context, tx *sqlx.Tx, postID int64, w Where, now time.Time) error {
	if _, err := tx.ExecContext(ctx, `update posts set outside = $2 where id = $1`, postID, w.Outside); err != nil {
		return fmt.Errorf("choose who reads post %d: %w", postID, postgres.Translate(err))
	}
	if !w.Outside {
		if _, err := tx.ExecContext(ctx, hideOutside, postID); err != nil {
			return fmt.Errorf("hide post %d outside: %w", postID, postgres.Translate(err))
		}
	}
	if _, err := tx.ExecContext(ctx, setGroups, postID, pq.Array(w.Groups), now); err != nil {
		return fmt.Errorf("choose the circles of post %d: %w", postID, postgres.Translate(err))
	}
	if _, err := tx.ExecContext(ctx, setNetworks, postID, pq.Array(w.Networks)); err != nil {
		return fmt.Errorf("choose the networks of post %d: %w", postID, postgres.Translate(err))
	}
	return nil
}

const selectVersions = `
select * from (select version, kind, text, attach, coalesce(product_id, 0) as product_id, coalesce(poll_id, 0) as poll_id, photos, until,
  (select max(b.until) from post_versions b where b.post_id = v.post_id and b.version < v.version) as since
from post_versions v where post_id = $1) v where `

const (
	readThere = `post_was_read($2, since, until) and ($3::timestamptz is null or until < $3) order by version desc limit 50`
	readAt    = `until >= $2 order by version limit 1`
)

// versions are what a post said while it was read in a place, and does not say now or at the end of that, the last first: see History.
func versions(ctx context.Context, q sqlx.QueryerContext, at Place) ([]Version, error) {
	return versionsWhere(ctx, q, readThere, at.PostID, at.ID, at.Ended())
}

// wordsAt is what a post said at a time; nil where it says so still.
func wordsAt(ctx context.Context, q sqlx.QueryerContext, postID int64, at time.Time) (*Version, error) {
	list, err := versionsWhere(ctx, q, readAt, postID, at)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}

func versionsWhere(ctx context.Context, q sqlx.QueryerContext, where string, args ...any) ([]Version, error) {
	var rows []struct {
		Version   int             `db:"version"`
		Kind      Kind            `db:"kind"`
		Text      string          `db:"text"`
		Attach    Attach          `db:"attach"`
		ProductID int64           `db:"product_id"`
		PollID    int64           `db:"poll_id"`
		Photos    json.RawMessage `db:"photos"`
		Until     time.Time       `db:"until"`
		Since     *time.Time      `db:"since"`
	}
	if err := sqlx.SelectContext(ctx, q, &rows, selectVersions+where, args...); err != nil {
		return nil, fmt.Errorf("read what a post said before: %w", postgres.Translate(err))
	}
	list := make([]Version, len(rows))
	for i, r := range rows {
		list[i] = Version{Version: r.Version, Content: Content{Kind: r.Kind, Text: r.Text, Attach: r.Attach, ProductID: r.ProductID, PollID: r.PollID}, Since: r.Since, Until: r.Until}
		if err := json.Unmarshal(r.Photos, &list[i].Photos); err != nil {
			return nil, fmt.Errorf("read photographs of what a post said before: %w", err)
		}
	}
	return list, nil
}
