package storefronts

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/catalog"
	"relais/internal/i18n"
	"relais/internal/postgres"
)

const selectHead = `
select m.id as member_id, m.handle, m.name as member_name, m.city, m.bio, coalesce(pic.hash, '') as picture_hash,
  coalesce(s.title, '') as title, coalesce(s.intro, '') as intro, s.cover_id, coalesce(cov.hash, '') as cover_hash,
  coalesce(s.updated_at, timestamptz '0001-01-01 00:00:00+00') as updated_at,
  coalesce(s.theme, 'paper') as theme, s.pinned_id, s.away_from + time '12:00' as away_from, s.away_until + time '12:00' as away_until, coalesce(s.away_text, '') as away_text
from members m left join storefronts s on s.member_id = m.id
left join media pic on pic.id = m.picture_id left join media cov on cov.id = s.cover_id
where m.blocked_at is null and `

// ByHandle is the head of a member's storefront. ErrNotFound where there is no such member, or a blocked one.
func ByHandle(ctx context.Context, q sqlx.QueryerContext, handle string) (Storefront, error) {
	return head(ctx, q, selectHead+`m.handle = $1`, handle)
}

// ByMember is the head of the storefront of a member known by number.
func ByMember(ctx context.Context, q sqlx.QueryerContext, memberID int64) (Storefront, error) {
	return head(ctx, q, selectHead+`m.id = $1`, memberID)
}

func head(ctx context.Context, q sqlx.QueryerContext, query string, arg any) (Storefront, error) {
	var s Storefront
	err := sqlx.GetContext(ctx, q, &s, query, arg)
	if errors.Is(err, sql.ErrNoRows) {
		return s, ErrNotFound
	}
	if err != nil {
		return s, fmt.Errorf("read storefront: %w", err)
	}
	return s, nil
}

const selectListings = `
select l.member_id, l.product_id, p.slug, coalesce(t.title, p.title) as title, p.brand_id, b.name as brand_name, b.handle as brand_handle,
  l.note, l.position, l.created_at
from listings l join products p on p.id = l.product_id join brands b on b.id = p.brand_id
left join product_translations t on t.product_id = p.id and t.lang = $2
where l.member_id = $1`

type listingRow struct {
	MemberID    int64     `db:"member_id"`
	ProductID   int64     `db:"product_id"`
	Slug        string    `db:"slug"`
	Title       string    `db:"title"`
	BrandID     int64     `db:"brand_id"`
	BrandName   string    `db:"brand_name"`
	BrandHandle string    `db:"brand_handle"`
	Note        string    `db:"note"`
	Position    int       `db:"position"`
	ListedAt    time.Time `db:"created_at"`
}

// Listings is what visitors see of a storefront: products for sale, in its owner's order, in the reader's language where
// translated. now is business time, by which terms are in force.
func Listings(ctx context.Context, q sqlx.QueryerContext, memberID int64, lang i18n.Lang, now time.Time) ([]Listing, error) {
	all, err := AllListings(ctx, q, memberID, lang, now)
	return slices.DeleteFunc(all, func(l Listing) bool { return !l.Published }), err
}

// AllListings is what the owner sees: also what is not for sale at present.
func AllListings(ctx context.Context, q sqlx.QueryerContext, memberID int64, lang i18n.Lang, now time.Time) ([]Listing, error) {
	var rows []listingRow
	if err := sqlx.SelectContext(ctx, q, &rows, selectListings+` order by l.position, l.product_id`, memberID, lang); err != nil {
		return nil, fmt.Errorf("read listings: %w", err)
	}
	return listings(ctx, q, rows, lang, now)
}

// ListingBySlug is one product of a storefront, for /@handle/p/slug. ErrProduct where it is not listed or not for sale.
func ListingBySlug(ctx context.Context, q sqlx.QueryerContext, memberID int64, slug string, lang i18n.Lang, now time.Time) (Listing, error) {
	var rows []listingRow
	if err := sqlx.SelectContext(ctx, q, &rows, selectListings+` and p.slug = $3`, memberID, lang, slug); err != nil {
		return Listing{}, fmt.Errorf("read listing: %w", err)
	}
	ls, err := listings(ctx, q, rows, lang, now)
	if err != nil {
		return Listing{}, err
	}
	if len(ls) == 0 || !ls[0].Published {
		return Listing{}, ErrProduct
	}
	return ls[0], nil
}

// listings joins what storefronts know with the cards of the catalogue.
func listings(ctx context.Context, q sqlx.QueryerContext, rows []listingRow, lang i18n.Lang, now time.Time) ([]Listing, error) {
	ids := make([]int64, len(rows))
	for i, r := range rows {
		ids[i] = r.ProductID
	}
	cards, err := catalog.Cards(ctx, q, lang, now, ids...)
	if err != nil {
		return nil, err
	}
	byID := make(map[int64]catalog.ProductCard, len(cards))
	for _, c := range cards {
		byID[c.ID] = c
	}
	var margins map[int64]Margin
	if len(rows) > 0 {
		if margins, err = MarginsOf(ctx, q, rows[0].MemberID, ids...); err != nil {
			return nil, err
		}
	}
	ls := make([]Listing, len(rows))
	for i, r := range rows {
		card, published := byID[r.ProductID]
		if !published {
			card = catalog.ProductCard{ID: r.ProductID, Slug: r.Slug, Title: r.Title, BrandID: r.BrandID, BrandName: r.BrandName, BrandHandle: r.BrandHandle}
		}
		ls[i] = Listing{ProductCard: card, Published: published, Note: r.Note, Margin: margins[r.ProductID], Position: r.Position, ListedAt: r.ListedAt}
	}
	return ls, nil
}

// Listed says whether a member's storefront lists a product, for sale or not.
func Listed(ctx context.Context, q sqlx.QueryerContext, memberID, productID int64) (bool, error) {
	var listed bool
	err := sqlx.GetContext(ctx, q, &listed,
		`select exists (select 1 from listings where member_id = $1 and product_id = $2)`, memberID, productID)
	if err != nil {
		return false, fmt.Errorf("read listing: %w", err)
	}
	return listed, nil
}

const insertStorefront = `insert into storefronts (member_id, updated_at) values ($1, $2) on conflict (member_id) do nothing`

// lock makes the storefront if there is none yet and keeps others from changing it until the transaction ends.
func lock(ctx context.Context, tx *sqlx.Tx, memberID int64, now time.Time) error {
	if _, err := tx.ExecContext(ctx, insertStorefront, memberID, now); err != nil {
		return fmt.Errorf("make storefront: %w", postgres.Translate(err))
	}
	_, err := tx.ExecContext(ctx, `update storefronts set updated_at = $2 where member_id = $1`, memberID, now)
	if err != nil {
		return fmt.Errorf("lock storefront: %w", err)
	}
	return nil
}

func order(ctx context.Context, tx *sqlx.Tx, memberID int64) ([]int64, error) {
	var ids []int64
	err := tx.SelectContext(ctx, &ids, `select product_id from listings where member_id = $1 order by position, product_id`, memberID)
	if err != nil {
		return nil, fmt.Errorf("read order of listings: %w", err)
	}
	return ids, nil
}

const updateOrder = `
update listings l set position = o.position - 1
from unnest($2::bigint[]) with ordinality o(product_id, position)
where l.member_id = $1 and l.product_id = o.product_id and l.position <> o.position - 1`

func saveOrder(ctx context.Context, tx *sqlx.Tx, memberID int64, ids []int64) error {
	if _, err := tx.ExecContext(ctx, updateOrder, memberID, pq.Array(ids)); err != nil {
		return fmt.Errorf("save order of listings: %w", err)
	}
	return nil
}
