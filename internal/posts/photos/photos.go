// Package photos keeps the photographs of posts, and says who looks at one: whoever reads a post in which it stands, and nobody else, however
// they came by its address.
//
//	its author              always
//	in a circle of the post while the post is there, with that photograph
//	who follows             while the post is shown outside to them
//	who moderates a circle  what stood in the post while it was there, also after it was taken out
//
// Its address, /photos/HASH-720.jpg, answers to the session of who looks, each time anew; under /media/ it is not there, unless the same
// photograph was also sent in for everybody, as that of a product is.
package photos

import (
	"context"
	"fmt"
	"io"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/media"
	"relais/internal/postgres"
)

// ErrGone says that there is no such photograph, or none for who looks.
var ErrGone = fault.New(fault.NotFound, "fault.not_found")

// Keep stores a photograph that a member sends in for a post of theirs. Faults of media.Save.
func Keep(ctx context.Context, db sqlx.ExtContext, store *media.Store, memberID int64, r io.Reader) (media.Photo, error) {
	p, err := store.SavePrivate(ctx, db, r)
	if err != nil {
		return p, err
	}
	return p, Take(ctx, db, memberID, p.ID)
}

const insertUpload = `insert into post_uploads (member_id, media_id) values ($1, $2) on conflict do nothing`

// Take lets a member put a photograph that is stored into posts of theirs. Again it changes nothing.
func Take(ctx context.Context, db sqlx.ExecerContext, memberID, mediaID int64) error {
	if _, err := db.ExecContext(ctx, insertUpload, memberID, mediaID); err != nil {
		return fmt.Errorf("take photograph %d: %w", mediaID, postgres.Translate(err))
	}
	return nil
}

// selectShown finds the posts that say a photograph, now or in what they said before, with from when to when.
const selectShown = `
with said as (
  select f.post_id, (select max(b.until) from post_versions b where b.post_id = f.post_id) as since, timestamptz 'infinity' as until, true as now
  from post_photos f join media m on m.id = f.media_id where m.hash = $2
  union all
  select v.post_id, (select max(b.until) from post_versions b where b.post_id = v.post_id and b.version < v.version), v.until, false
  from post_versions v where v.photos @> jsonb_build_array(jsonb_build_object('hash', $2::text))
)
select exists (select 1 from post_uploads u join media m on m.id = u.media_id where m.hash = $2 and u.member_id = $1) or exists (
  select 1 from said s join posts p on p.id = s.post_id join members a on a.id = p.author_id
  join post_groups f on f.post_id = p.id and f.published_at is not null join groups g on g.id = f.group_id
  left join group_members i on i.group_id = f.group_id and i.member_id = $1
  where exists (select 1 from group_reports t join members m on m.id = $1 and m.admin where t.group_id = f.group_id and t.desk = 'platform' and t.state = 'open'
      and t.subject_kind = 'post' and t.subject_id = f.id and s.until >= t.at and coalesce(s.since, '-infinity') <= t.at)
    or i.role in ('owner','moderator') and post_was_read(f.id, s.since, s.until)
    or s.now and p.state = 'published' and f.removed_at is null and f.gone_at is null and a.blocked_at is null
      and (i.role is not null or f.shown_by is not null and g.visibility = 'open' and g.closed_at is null and exists (
        select 1 from follows w where w.follower_id = $1 and (w.group_id = f.group_id or w.member_id = f.shown_by and w.sphere = f.shown_sphere))))`

// Look is nil for who may look at a photograph, by its hash, in some post; else ErrGone. Viewer 0 is a guest.
func Look(ctx context.Context, q sqlx.QueryerContext, viewer int64, hash string) error {
	if viewer == 0 {
		return ErrGone
	}
	var may bool
	if err := sqlx.GetContext(ctx, q, &may, selectShown, viewer, hash); err != nil {
		return fmt.Errorf("look for who sees photograph %s: %w", hash, postgres.Translate(err))
	}
	if !may {
		return ErrGone
	}
	return nil
}
