package storefronts

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
)

// Pick is a product as a member recommends it.
type Pick struct {
	ProductID int64  `db:"product_id"`
	MemberID  int64  `db:"member_id"`
	Handle    string `db:"handle"`
	Name      string `db:"name"`
	Note      string `db:"note"`
	Margin    Margin `db:"margin"`
}

// Each product once, by the member who wrote about it last; a member's second pick comes after everybody's first.
const selectRecommended = `
with picks as (
  select l.product_id, l.member_id, m.handle, m.name, l.note, l.created_at, l.position, l.margin_minor, l.margin_currency,
    exists (select 1 from brand_members s where s.brand_id = p.brand_id and s.member_id = l.member_id) as staff,
    row_number() over (partition by l.product_id order by l.note <> '' desc, l.created_at desc, l.member_id) as of_product
  from listings l join members m on m.id = l.member_id and m.blocked_at is null
  join products p on p.id = l.product_id and p.state = 'published' join brands b on b.id = p.brand_id and b.blocked_at is null
  where exists (select 1 from variants v where v.product_id = p.id and v.active and v.stock > 0)
), ranked as (
  select *, row_number() over (partition by member_id order by note <> '' desc, position, product_id) as of_member
  from picks where of_product = 1
)
select product_id, member_id, handle, name, note, margin_minor as "margin.margin_minor", margin_currency as "margin.margin_currency", staff as "margin.staff" from ranked order by of_member, note <> '' desc, created_at desc, product_id limit $1`

// Recommended is what members recommend now, no product twice, and no member again before every other had a turn.
// What is sold out or cannot be seen is left out.
func Recommended(ctx context.Context, q sqlx.QueryerContext, limit int) ([]Pick, error) {
	var list []Pick
	if err := sqlx.SelectContext(ctx, q, &list, selectRecommended, limit); err != nil {
		return nil, fmt.Errorf("read recommended products: %w", err)
	}
	return list, nil
}

// Window is a storefront in a list.
type Window struct {
	Storefront
	Products int `db:"products"` // that visitors see
}

const selectWindows = `
select m.id as member_id, m.handle, m.name as member_name, m.city, m.bio, coalesce(pic.hash, '') as picture_hash,
  coalesce(s.title, '') as title, coalesce(s.intro, '') as intro, s.cover_id, coalesce(cov.hash, photo.hash, '') as cover_hash,
  coalesce(s.updated_at, timestamptz '0001-01-01 00:00:00+00') as updated_at, n.products
from members m join lateral (
  select count(*) as products, min(l.product_id) as first from listings l
  join products p on p.id = l.product_id and p.state = 'published' join brands b on b.id = p.brand_id and b.blocked_at is null
  where l.member_id = m.id) n on n.products > 0
left join storefronts s on s.member_id = m.id
left join media pic on pic.id = m.picture_id left join media cov on cov.id = s.cover_id
left join product_photos f on f.product_id = n.first and f.position = 0 left join media photo on photo.id = f.media_id
where m.blocked_at is null order by coalesce(s.intro, '') <> '' desc, n.products desc, m.id limit $1`

// Windows are the storefronts with something to see, those that tell something about themselves first. One without a
// cover shows the photograph of a product.
func Windows(ctx context.Context, q sqlx.QueryerContext, limit int) ([]Window, error) {
	var list []Window
	if err := sqlx.SelectContext(ctx, q, &list, selectWindows, limit); err != nil {
		return nil, fmt.Errorf("read storefronts: %w", err)
	}
	return list, nil
}

// Fan is a member who lists a product.
type Fan struct {
	MemberID    int64  `db:"member_id"`
	Handle      string `db:"handle"`
	Name        string `db:"name"`
	PictureHash string `db:"picture_hash"`
	Note        string `db:"note"`
	Total       int    `db:"total"` // of all members who list it
}

const selectFans = `
select m.id as member_id, m.handle, m.name, coalesce(pic.hash, '') as picture_hash, l.note, count(*) over () as total
from listings l join members m on m.id = l.member_id and m.blocked_at is null left join media pic on pic.id = m.picture_id
where l.product_id = $1 order by l.note <> '' desc, l.created_at desc, m.id limit $2`

// Fans are the members who list a product, those with a note of their own first.
func Fans(ctx context.Context, q sqlx.QueryerContext, productID int64, limit int) ([]Fan, error) {
	var list []Fan
	if err := sqlx.SelectContext(ctx, q, &list, selectFans, productID, limit); err != nil {
		return nil, fmt.Errorf("read who lists product %d: %w", productID, err)
	}
	return list, nil
}
