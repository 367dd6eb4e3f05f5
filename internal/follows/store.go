package follows

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/groups"
	"relais/internal/postgres"
)

// Those whom the platform has blocked follow nobody, as far as others see: triggers keep the count.
var selectStanding = map[Kind]string{
	Member: standingOf(`member_id`),
	Brand:  standingOf(`brand_id`),
	Circle: standingOf(`group_id`),
}

func standingOf(column string) string {
	return `
select coalesce((select followers from follow_counts where kind = $3 and target_id = $1), 0) as followers,
  coalesce((select f.sphere from follows f where f.` + column + ` = $1 and f.follower_id = $2), '') as sphere`
}

// OfMember is a member's storefront as something to follow; viewer is 0 for a guest.
func OfMember(ctx context.Context, q sqlx.QueryerContext, viewer, memberID int64, handle string) (Standing, error) {
	return standing(ctx, q, viewer, memberID, Standing{Kind: Member, Handle: handle, Can: viewer != memberID})
}

// OfBrand is a brand as something to follow.
func OfBrand(ctx context.Context, q sqlx.QueryerContext, viewer, brandID int64, handle string) (Standing, error) {
	return standing(ctx, q, viewer, brandID, Standing{Kind: Brand, Handle: handle, Can: true})
}

// OfCircle is a circle as something to follow for somebody who may know of it and has that standing in it.
func OfCircle(ctx context.Context, q sqlx.QueryerContext, viewer int64, g groups.Group, s groups.Standing) (Standing, error) {
	return standing(ctx, q, viewer, g.ID, Standing{Kind: Circle, Handle: g.Handle, Can: MayFollow(g, s) == nil})
}

func standing(ctx context.Context, q sqlx.QueryerContext, viewer, id int64, s Standing) (Standing, error) {
	if err := sqlx.GetContext(ctx, q, &s, selectStanding[s.Kind], id, viewer, s.Kind); err != nil {
		return s, fmt.Errorf("read who follows: %w", postgres.Translate(err))
	}
	return s, nil
}

const selectMine = `
select case when f.member_id is not null then 'member' when f.brand_id is not null then 'brand' else 'circle' end as kind,
  coalesce(m.id, b.id, g.id) as id, coalesce(m.handle, b.handle, g.handle) as handle, coalesce(m.name, b.name, g.name) as name,
  coalesce(mx.hash, bx.hash, g.picture, '') as picture, f.sphere, f.at
from follows f left join members m on m.id = f.member_id left join media mx on mx.id = m.picture_id
left join brands b on b.id = f.brand_id left join media bx on bx.id = b.logo_id left join groups g on g.id = f.group_id
where f.follower_id = $1 and ($2 = '' or f.sphere = $2) and m.blocked_at is null and b.blocked_at is null
order by lower(coalesce(m.name, b.name, g.name)), f.id`

// Mine is what a member follows, by name, in one sphere or where it is empty in both: for themselves, and nobody else. Who is blocked is
// not among it.
func Mine(ctx context.Context, q sqlx.QueryerContext, followerID int64, sphere groups.Sphere) ([]Follow, error) {
	var list []Follow
	if err := sqlx.SelectContext(ctx, q, &list, selectMine, followerID, sphere); err != nil {
		return nil, fmt.Errorf("read what member %d follows: %w", followerID, postgres.Translate(err))
	}
	return list, nil
}

// Record is everything that this package keeps of a member, to be handed out. Who follows them is no part of it: that is those others' own.
type Record struct {
	Follows []Kept `json:"follows"`
}

// Kept is a follow as it is handed out.
type Kept struct {
	Kind   Kind          `db:"kind" json:"kind"`
	Handle string        `db:"handle" json:"-"`
	Path   string        `db:"-" json:"path"`
	Name   string        `db:"name" json:"name"`
	Sphere groups.Sphere `db:"sphere" json:"sphere"`
	At     time.Time     `db:"at" json:"at"`
}

const selectKept = `
select f.kind, coalesce(m.handle, b.handle, g.handle) as handle, coalesce(m.name, b.name, g.name) as name, f.sphere, f.at
from follows f left join members m on m.id = f.member_id left join brands b on b.id = f.brand_id left join groups g on g.id = f.group_id
where f.follower_id = $1 order by f.id`

// Export is everything that is kept of a member.
func Export(ctx context.Context, q sqlx.QueryerContext, memberID int64) (Record, error) {
	r := Record{Follows: []Kept{}}
	if err := sqlx.SelectContext(ctx, q, &r.Follows, selectKept, memberID); err != nil {
		return r, fmt.Errorf("export what member %d follows: %w", memberID, postgres.Translate(err))
	}
	for i, f := range r.Follows {
		r.Follows[i].Path = PathOf(f.Kind, f.Handle)
	}
	return r, nil
}

// Forget deletes everything that is kept of a member: they follow nothing any more.
func Forget(ctx context.Context, tx *sqlx.Tx, memberID int64) error {
	if _, err := tx.ExecContext(ctx, `delete from follows where follower_id = $1`, memberID); err != nil {
		return fmt.Errorf("forget what member %d follows: %w", memberID, postgres.Translate(err))
	}
	return nil
}

// Piece is something new of a storefront or brand that is followed.
type Piece struct {
	ID        int64     `db:"id"` // of the listing, or of the product
	At        time.Time `db:"at"`
	ProductID int64     `db:"product_id"`
	MemberID  int64     `db:"member_id"` // whose storefront it is in; 0: its brand published it
	Handle    string    `db:"handle"`    // of the member or brand
	Name      string    `db:"name"`
	Picture   string    `db:"picture"` // empty: none
	Note      string    `db:"note"`    // what the member says of it
}

// Owner is what is followed.
func (p Piece) Owner() Kind {
	if p.MemberID == 0 {
		return Brand
	}
	return Member
}

// Only those whose newest piece is among the newest so many of all can have one that belongs to the page; see posts.Feed.
const selectListings = `
with newest as materialized (
  select o.id as owner, n.at, n.id from unnest($1::bigint[]) o(id) cross join lateral (
    select l.created_at as at, l.id from listings l join products p on p.id = l.product_id join brands b on b.id = p.brand_id
    where l.member_id = o.id and (l.created_at, l.id) < ($2, $3) and p.state = 'published' and b.blocked_at is null
    order by l.created_at desc, l.id desc limit 1) n
),
first as (select owner from newest order by at desc, id desc limit $4)
select n.*, m.handle, m.name, coalesce(x.hash, '') as picture from first cross join lateral (
  select l.id, l.created_at as at, l.product_id, l.member_id, l.note from listings l join products p on p.id = l.product_id join brands b on b.id = p.brand_id
  where l.member_id = first.owner and (l.created_at, l.id) < ($2, $3) and p.state = 'published' and b.blocked_at is null
  order by l.created_at desc, l.id desc limit $4) n
join members m on m.id = n.member_id left join media x on x.id = m.picture_id
where m.blocked_at is null order by n.at desc, n.id desc limit $4`

const selectProducts = `
with newest as materialized (
  select o.id as owner, n.at, n.id from unnest($1::bigint[]) o(id) cross join lateral (
    select p.published_at as at, p.id from products p where p.brand_id = o.id and p.state = 'published' and (p.published_at, p.id) < ($2, $3)
    order by p.published_at desc, p.id desc limit 1) n
),
first as (select owner from newest order by at desc, id desc limit $4)
select n.id, n.at, n.product_id, 0::bigint as member_id, '' as note, b.handle, b.name, coalesce(x.hash, '') as picture from first cross join lateral (
  select p.id, p.published_at as at, p.id as product_id, p.brand_id from products p where p.brand_id = first.owner and p.state = 'published' and (p.published_at, p.id) < ($2, $3)
  order by p.published_at desc, p.id desc limit $4) n
join brands b on b.id = n.brand_id left join media x on x.id = b.logo_id
where b.blocked_at is null order by n.at desc, n.id desc limit $4`

// Listings are the pieces in the storefronts of those members, the newest first, that lie before a time and number.
func Listings(ctx context.Context, q sqlx.QueryerContext, members []int64, at time.Time, id int64, limit int) ([]Piece, error) {
	return pieces(ctx, q, selectListings, members, at, id, limit)
}

// Products are what those brands published, the newest first, before a time and number.
func Products(ctx context.Context, q sqlx.QueryerContext, brands []int64, at time.Time, id int64, limit int) ([]Piece, error) {
	return pieces(ctx, q, selectProducts, brands, at, id, limit)
}

func pieces(ctx context.Context, q sqlx.QueryerContext, query string, owners []int64, at time.Time, id int64, limit int) ([]Piece, error) {
	if len(owners) == 0 {
		return nil, nil
	}
	var list []Piece
	if err := sqlx.SelectContext(ctx, q, &list, query, pq.Array(owners), at, id, limit); err != nil {
		return nil, fmt.Errorf("read what is new: %w", postgres.Translate(err))
	}
	return list, nil
}
