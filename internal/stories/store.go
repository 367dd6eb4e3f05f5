package stories

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/fault"
	"relais/internal/postgres"
)

const selectStories = `
select s.id, s.code, s.slug, s.author_id, m.name as author_name, m.handle as author_handle, coalesce(s.brand_id, 0) as brand_id, coalesce(b.name, '') as brand_name,
  coalesce(b.handle, '') as brand_handle, coalesce(x.hash, '') as picture, s.lang, s.title, s.body, s.video, coalesce(v.hash, '') as video_photo,
  coalesce(s.series_id, 0) as series_id, coalesce(r.title, '') as series, s.state, s.publish_at, s.zone, s.published_at, s.edited_at, s.hidden_at, s.hidden_why,
  case when s.brand_id is null then m.blocked_at else b.blocked_at end is not null as blocked, s.problem, s.version, s.form, s.updated_at
from stories s join members m on m.id = s.author_id left join brands b on b.id = s.brand_id
left join media x on x.id = case when s.brand_id is null then m.picture_id else b.logo_id end
left join media v on v.id = s.video_photo_id left join story_series r on r.id = s.series_id
`

// live is what everybody reads.
const live = ` s.state = 'published' and s.hidden_at is null and case when s.brand_id is null then m.blocked_at else b.blocked_at end is null `

const selectPhotos = `
select f.story_id, x.hash, f.alt from story_photos f join media x on x.id = f.media_id where f.story_id = any($1) order by f.story_id, f.position`

const selectProducts = `
select story_id, product_id from story_products where story_id = any($1) and off_at is null order by story_id, position`

// where reads stories with their photographs and products.
func where(ctx context.Context, q sqlx.QueryerContext, where string, args ...any) ([]Story, error) {
	var list []Story
	if err := sqlx.SelectContext(ctx, q, &list, selectStories+where, args...); err != nil {
		return nil, fmt.Errorf("read stories: %w", postgres.Translate(err))
	}
	if len(list) == 0 {
		return nil, nil
	}
	ids, at := make([]int64, len(list)), make(map[int64]*Story, len(list))
	for i := range list {
		ids[i], at[list[i].ID] = list[i].ID, &list[i]
	}
	var photos []Photo
	if err := sqlx.SelectContext(ctx, q, &photos, selectPhotos, pq.Array(ids)); err != nil {
		return nil, fmt.Errorf("read photographs of stories: %w", postgres.Translate(err))
	}
	for _, f := range photos {
		at[f.StoryID].Photos = append(at[f.StoryID].Photos, f)
	}
	var shown []struct {
		StoryID   int64 `db:"story_id"`
		ProductID int64 `db:"product_id"`
	}
	if err := sqlx.SelectContext(ctx, q, &shown, selectProducts, pq.Array(ids)); err != nil {
		return nil, fmt.Errorf("read products of stories: %w", postgres.Translate(err))
	}
	for _, p := range shown {
		at[p.StoryID].Products = append(at[p.StoryID].Products, p.ProductID)
	}
	return list, nil
}

func one(ctx context.Context, q sqlx.QueryerContext, what string, args ...any) (Story, error) {
	list, err := where(ctx, q, what, args...)
	if err != nil {
		return Story{}, err
	}
	if len(list) == 0 {
		return Story{}, ErrGone
	}
	return list[0], nil
}

// owned is of an owner: $1 is the member, $2 the brand.
const owned = ` case when $2 = 0 then s.brand_id is null and s.author_id = $1 else s.brand_id = $2 end and s.state <> 'deleted' `

// Own is a story for its owner, whatever its state. Who acts for the owner is the caller's to know. ErrGone for those of others.
func Own(ctx context.Context, q sqlx.QueryerContext, o Owner, id int64) (Story, error) {
	return one(ctx, q, `where s.id = $3 and`+owned, o.MemberID, o.BrandID, id)
}

// OwnList are an owner's stories: what is not published first, then the newest.
func OwnList(ctx context.Context, q sqlx.QueryerContext, o Owner, limit, offset int) ([]Story, error) {
	return where(ctx, q, `where`+owned+`order by s.published_at is not null, coalesce(s.published_at, s.created_at) desc, s.id desc limit $3 offset $4`, o.MemberID, o.BrandID, limit, offset)
}

// OwnCount is how many an owner has, and how many of them are not published.
func OwnCount(ctx context.Context, q sqlx.QueryerContext, o Owner) (all, drafts int, err error) {
	var n struct {
		All    int `db:"all"`
		Drafts int `db:"drafts"`
	}
	err = sqlx.GetContext(ctx, q, &n, `select count(*) as "all", count(*) filter (where s.published_at is null) as drafts from stories s where`+owned, o.MemberID, o.BrandID)
	if err != nil {
		return 0, 0, fmt.Errorf("count stories: %w", postgres.Translate(err))
	}
	return n.All, n.Drafts, nil
}

// ByCode is a story that everybody reads, by the code in its address. ErrGone where nobody does.
func ByCode(ctx context.Context, q sqlx.QueryerContext, code string) (Story, error) {
	return one(ctx, q, `where s.code = $1 and`+live, code)
}

// ByID is ByCode by its number: for whoever has it from a link.
func ByID(ctx context.Context, q sqlx.QueryerContext, id int64) (Story, error) {
	return one(ctx, q, `where s.id = $1 and`+live, id)
}

// publicly is of an owner and read by everybody.
const publicly = ` case when $2 = 0 then s.brand_id is null and s.author_id = $1 else s.brand_id = $2 end and` + live

// Of are those of a brand or member that everybody reads, the newest first.
func Of(ctx context.Context, q sqlx.QueryerContext, o Owner, limit, offset int) ([]Story, error) {
	return where(ctx, q, `where`+publicly+`order by s.published_at desc, s.id desc limit $3 offset $4`, o.MemberID, o.BrandID, limit, offset)
}

// CountOf is how many Of finds.
func CountOf(ctx context.Context, q sqlx.QueryerContext, o Owner) (int, error) {
	var n int
	err := sqlx.GetContext(ctx, q, &n, `select count(*) from stories s join members m on m.id = s.author_id left join brands b on b.id = s.brand_id where`+publicly, o.MemberID, o.BrandID)
	if err != nil {
		return 0, fmt.Errorf("count stories: %w", postgres.Translate(err))
	}
	return n, nil
}

const selectNewest = `
where s.id in (
  select n.id from unnest($1::bigint[]) o(id) cross join lateral (
    select s.id from stories s where s.author_id = o.id and s.brand_id is null and s.state = 'published' and s.hidden_at is null and (s.published_at, s.id) < ($3, $4)
    order by s.published_at desc, s.id desc limit $5) n
  union all select n.id from unnest($2::bigint[]) o(id) cross join lateral (
    select s.id from stories s where s.brand_id = o.id and s.state = 'published' and s.hidden_at is null and (s.published_at, s.id) < ($3, $4)
    order by s.published_at desc, s.id desc limit $5) n)
and` + live + `order by s.published_at desc, s.id desc limit $5`

// Newest are the stories of those members and brands that lie before a time and number, the newest first: for the feeds of who follows them.
func Newest(ctx context.Context, q sqlx.QueryerContext, members, brands []int64, at time.Time, id int64, limit int) ([]Story, error) {
	if len(members)+len(brands) == 0 {
		return nil, nil
	}
	return where(ctx, q, selectNewest, pq.Array(members), pq.Array(brands), at, id, limit)
}

// InSeries are the stories of a series that everybody reads, in its order.
func InSeries(ctx context.Context, q sqlx.QueryerContext, seriesID int64) ([]Story, error) {
	return where(ctx, q, `where s.series_id = $1 and`+live+`order by s.series_position, s.id`, seriesID)
}

const selectShown = `
select exists (select 1 from media x join story_photos f on f.media_id = x.id join stories s on s.id = f.story_id
    join members m on m.id = s.author_id left join brands b on b.id = s.brand_id where x.hash = $1 and` + live + `)
  or exists (select 1 from media x join stories s on s.video_photo_id = x.id
    join members m on m.id = s.author_id left join brands b on b.id = s.brand_id where x.hash = $1 and` + live + `)`

// Shows says whether a photograph stands in a story that everybody reads: it is for everybody as long.
func Shows(ctx context.Context, q sqlx.QueryerContext, hash string) (shown bool, err error) {
	if err := sqlx.GetContext(ctx, q, &shown, selectShown, hash); err != nil {
		return false, fmt.Errorf("look for story with photograph %s: %w", hash, postgres.Translate(err))
	}
	return shown, nil
}

const selectLook = `
select exists (select 1 from story_uploads u join media m on m.id = u.media_id where m.hash = $2 and u.member_id = $1) or exists (
  select 1 from stories s join brand_members t on t.brand_id = s.brand_id and t.member_id = $1
  left join story_photos f on f.story_id = s.id join media m on m.id in (f.media_id, s.video_photo_id) where m.hash = $2 and s.state <> 'deleted') or exists (
  select 1 from members a join story_reports r on r.decided = '' join stories s on s.id = r.story_id left join story_photos f on f.story_id = s.id
  join media m on m.id in (f.media_id, s.video_photo_id) where a.id = $1 and a.admin and m.hash = $2)`

// Look is nil for who may look at a photograph of a story that not everybody reads: who sent it in, the team of the brand in whose story it
// stands, and the platform while it has to decide about the story. ErrGone else. Viewer 0 is a guest.
func Look(ctx context.Context, q sqlx.QueryerContext, viewer int64, hash string) error {
	if viewer == 0 {
		return ErrGone
	}
	var may bool
	if err := sqlx.GetContext(ctx, q, &may, selectLook, viewer, hash); err != nil {
		return fmt.Errorf("look for who sees photograph %s: %w", hash, postgres.Translate(err))
	}
	if !may {
		return ErrGone
	}
	return nil
}

const updateStory = `
update stories set lang = $2, title = $3, slug = $4, body = $5, video = $6, video_photo_id = $7, series_id = $8, series_position = $9,
  edited_at = case when $10 then $11 else edited_at end, updated_at = $11, version = version + 1, form = $12 where id = $1`

// rewrite writes what a story says, in place of what it said.
func rewrite(ctx context.Context, tx *sqlx.Tx, by int64, was Story, c Content, form string, now time.Time) error {
	position, err := placeInSeries(ctx, tx, was, c.SeriesID)
	if err != nil {
		return err
	}
	picture, err := setPhotos(ctx, tx, by, was.ID, c)
	if err != nil {
		return err
	}
	edited := was.PublishedAt != nil && Changed(was.Content(), c)
	_, err = tx.ExecContext(ctx, updateStory, was.ID, c.Lang, c.Title, slugOf(c.Title), c.Body, c.Video, picture, orNull(c.SeriesID), position, edited, now, form)
	if err != nil {
		return fmt.Errorf("write story %d: %w", was.ID, postgres.Translate(err))
	}
	return setProducts(ctx, tx, was, c.Products, now)
}

const selectUsable = `
select m.id, m.hash from media m where m.hash = any($1) and (
  exists (select 1 from story_uploads u where u.media_id = m.id and u.member_id = $2)
  or exists (select 1 from story_photos f where f.story_id = $3 and f.media_id = m.id) or exists (select 1 from stories s where s.id = $3 and s.video_photo_id = m.id))`

// setPhotos makes these the photographs of a story, and returns the number of the one that stands for its video. Only what the writer sent in
// themselves, or the story has already, can be put into it.
func setPhotos(ctx context.Context, tx *sqlx.Tx, by, storyID int64, c Content) (*int64, error) {
	hashes := []string{c.VideoPhoto}
	for _, f := range c.Photos {
		hashes = append(hashes, f.Hash)
	}
	var rows []struct {
		ID   int64  `db:"id"`
		Hash string `db:"hash"`
	}
	if err := tx.SelectContext(ctx, &rows, selectUsable, pq.Array(hashes), by, storyID); err != nil {
		return nil, fmt.Errorf("read photographs of story %d: %w", storyID, postgres.Translate(err))
	}
	known := map[string]int64{}
	for _, r := range rows {
		known[r.Hash] = r.ID
	}
	if _, err := tx.ExecContext(ctx, `delete from story_photos where story_id = $1`, storyID); err != nil {
		return nil, postgres.Translate(err)
	}
	for i, f := range c.Photos {
		if known[f.Hash] == 0 {
			return nil, fault.Field("file", "posts.photo_gone")
		}
		_, err := tx.ExecContext(ctx, `insert into story_photos (story_id, position, media_id, alt) values ($1, $2, $3, $4)`, storyID, i, known[f.Hash], f.Alt)
		if err != nil {
			return nil, fmt.Errorf("put photograph on story %d: %w", storyID, postgres.Translate(err))
		}
	}
	if c.VideoPhoto == "" {
		return nil, nil
	}
	if known[c.VideoPhoto] == 0 {
		return nil, fault.Field("video_file", "posts.photo_gone")
	}
	return orNull(known[c.VideoPhoto]), nil
}

const selectTaggable = `
select count(*) from products p join brands b on b.id = p.brand_id where p.id = any($1) and (p.id = any($4) or p.state = 'published' and b.blocked_at is null
  and case when $3 = 0 then exists (select 1 from listings l where l.member_id = $2 and l.product_id = p.id) else p.brand_id = $3 end)`

const (
	dropProducts = `delete from story_products where story_id = $1 and product_id <> all ($2)`
	takeOff      = `update story_products set off_at = $3 where story_id = $1 and product_id <> all ($2) and off_at is null`
	putOn        = `
insert into story_products (story_id, product_id, position, tagged_at) select $1, x.id, x.n - 1, $3 from unnest($2::bigint[]) with ordinality x(id, n)
on conflict (story_id, product_id) where off_at is null do update set position = excluded.position`
)

// setProducts makes these the products that a story shows. A brand shows its own, a member what stands in their storefront; what the story shows
// already may stay. Once it was published, what is taken off is kept with the day.
func setProducts(ctx context.Context, tx *sqlx.Tx, was Story, ids []int64, now time.Time) error {
	o, n := was.Owner(), 0
	ids = append([]int64{}, ids...) // none is not null
	if err := tx.GetContext(ctx, &n, selectTaggable, pq.Array(ids), o.MemberID, o.BrandID, pq.Array(was.Products)); err != nil {
		return fmt.Errorf("read products for story %d: %w", was.ID, postgres.Translate(err))
	}
	if n != len(ids) {
		return fault.Field("products", "story.product_gone")
	}
	off, args := dropProducts, []any{was.ID, pq.Array(ids)}
	if was.PublishedAt != nil {
		off, args = takeOff, append(args, now)
	}
	if _, err := tx.ExecContext(ctx, off, args...); err != nil {
		return fmt.Errorf("take products off story %d: %w", was.ID, postgres.Translate(err))
	}
	if _, err := tx.ExecContext(ctx, putOn, was.ID, pq.Array(ids), now); err != nil {
		return fmt.Errorf("show products in story %d: %w", was.ID, postgres.Translate(err))
	}
	return nil
}

func orNull(id int64) *int64 {
	if id == 0 {
		return nil
	}
	return &id
}

// exactlyOne is missing where a statement changed nothing.
func exactlyOne(r interface{ RowsAffected() (int64, error) }, err, missing error) error {
	if err != nil {
		return postgres.Translate(err)
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return errors.Join(missing, err)
	}
	return nil
}
