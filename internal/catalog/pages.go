package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/i18n"
	"relais/internal/money"
)

const selectBrand = `
select b.id, b.handle, b.name, coalesce(t.lang, b.lang) as lang, coalesce(t.tagline, b.tagline) as tagline, coalesce(t.story, b.story) as story,
  b.logo_id, b.cover_id, coalesce(l.hash, '') as logo_hash, coalesce(c.hash, '') as cover_hash, b.maker_name, b.maker_address,
  b.contact_email, b.country, b.vat_number, b.currency, b.trader, b.blocked_at, b.created_at
from brands b
left join brand_translations t on t.brand_id = b.id and t.lang = $1 and b.lang <> $1
left join media l on l.id = b.logo_id
left join media c on c.id = b.cover_id `

func oneBrand(ctx context.Context, q sqlx.QueryerContext, lang i18n.Lang, where string, arg any) (Brand, error) {
	var b Brand
	err := sqlx.GetContext(ctx, q, &b, selectBrand+where, lang, arg)
	if errors.Is(err, sql.ErrNoRows) {
		return Brand{}, notFound()
	}
	if err != nil {
		return Brand{}, fmt.Errorf("read brand: %w", err)
	}
	return b, nil
}

// BrandByID returns a brand in its main language. Fault NotFound.
func BrandByID(ctx context.Context, q sqlx.QueryerContext, id int64) (Brand, error) {
	return oneBrand(ctx, q, "", `where b.id = $2`, id)
}

// BrandByHandle returns a brand, blocked or not, in the language asked for if it is translated; Lang says
// which it is ("" asks for the main language). Fault NotFound.
func BrandByHandle(ctx context.Context, q sqlx.QueryerContext, handle string, lang i18n.Lang) (Brand, error) {
	return oneBrand(ctx, q, lang, `where b.handle = $2`, handle)
}

// Brands returns the brands that can be seen, in the order of their names.
func Brands(ctx context.Context, q sqlx.QueryerContext, lang i18n.Lang) ([]Brand, error) {
	var list []Brand
	err := sqlx.SelectContext(ctx, q, &list, selectBrand+`where b.blocked_at is null
and exists (select 1 from products p where p.brand_id = b.id and p.state = 'published') order by b.name collate "fr-x-icu", b.id`, lang)
	if err != nil {
		return nil, fmt.Errorf("read brands: %w", err)
	}
	return list, nil
}

// BrandsOf returns the brands in whose team a member is, in their main language.
func BrandsOf(ctx context.Context, q sqlx.QueryerContext, memberID int64) ([]Brand, error) {
	var list []Brand
	err := sqlx.SelectContext(ctx, q, &list, selectBrand+`join brand_members bm on bm.brand_id = b.id and bm.member_id = $2
order by b.name collate "fr-x-icu", b.id`, "", memberID)
	if err != nil {
		return nil, fmt.Errorf("read brands of member %d: %w", memberID, err)
	}
	return list, nil
}

// ProductCard is a product in a list. Prices are of one piece, including VAT.
type ProductCard struct {
	ID            int64          `db:"id"`
	Slug          string         `db:"slug"`
	Title         string         `db:"title"`
	Lang          i18n.Lang      `db:"lang"` // of the title
	Category      string         `db:"category"`
	BrandID       int64          `db:"brand_id"`
	BrandHandle   string         `db:"brand_handle"`
	BrandName     string         `db:"brand_name"`
	MinMinor      int64          `db:"min_minor"` // of the cheapest variant
	MaxMinor      int64          `db:"max_minor"`
	Currency      money.Currency `db:"currency"`
	VATBps        int64          `db:"vat_bps"`
	Stock         int64          `db:"stock"` // of all variants
	MediaHash     string         `db:"media_hash"`
	MediaAlt      string         `db:"media_alt"`
	CommissionBps int64          `db:"commission_bps"`
	MarginBps     int64          `db:"margin_bps"` // that a storefront may put on the price at most
	State         State          `db:"state"`
	CreatedAt     time.Time      `db:"created_at"`
	Ratings       int64          `db:"ratings"` // of buyers, that are shown
	Stars         int64          `db:"stars"`   // of all of them together
}

// From is the price of the cheapest variant.
func (c ProductCard) From() money.Amount {
	return money.Amount{Minor: c.MinMinor, Currency: c.Currency}
}

// Earn is what whoever recommends it gets for one piece of the cheapest variant.
func (c ProductCard) Earn() money.Amount {
	return Preview(c.From(), c.VATBps, c.CommissionBps, 0).Commission
}

// cardColumns and cardJoins read ProductCards of products p; $1 is the language, $2 the moment.
const cardColumns = `p.id, p.slug, coalesce(t.title, p.title) as title, coalesce(t.lang, p.lang) as lang, p.category, p.brand_id,
  b.handle as brand_handle, b.name as brand_name, coalesce(v.min_minor, 0) as min_minor, coalesce(v.max_minor, 0) as max_minor, p.currency, p.vat_bps,
  coalesce(v.stock, 0) as stock, coalesce(f.hash, '') as media_hash, coalesce(f.alt, '') as media_alt, coalesce(o.commission_bps, 0) as commission_bps, coalesce(o.margin_bps, 0) as margin_bps,
  p.state, p.created_at, coalesce(st.n1 + st.n2 + st.n3 + st.n4 + st.n5, 0) as ratings,
  coalesce(st.n1 + 2 * st.n2 + 3 * st.n3 + 4 * st.n4 + 5 * st.n5, 0) as stars`

const cardJoins = `
join brands b on b.id = p.brand_id
left join product_stars st on st.product_id = p.id
left join product_translations t on t.product_id = p.id and t.lang = $1 and p.lang <> $1
left join lateral (select min(price_minor) as min_minor, max(price_minor) as max_minor, sum(stock) as stock
  from variants where product_id = p.id and active) v on true
left join lateral (select m.hash, pp.alt from product_photos pp join media m on m.id = pp.media_id
  where pp.product_id = p.id order by pp.position limit 1) f on true
left join lateral (select commission_bps, margin_bps from terms where brand_id = p.brand_id and (product_id is null or product_id = p.id)
  and valid_from <= $2 order by product_id is null, valid_from desc, id desc limit 1) o on true`

// Cards returns the cards of these products that can be bought, are sold out or are being launched, in the order of the ids.
// Products that cannot be seen (draft, archived, of a blocked brand) are left out.
func Cards(ctx context.Context, q sqlx.QueryerContext, lang i18n.Lang, at time.Time, productIDs ...int64) ([]ProductCard, error) {
	var list []ProductCard
	err := sqlx.SelectContext(ctx, q, &list, `select `+cardColumns+` from unnest($3::bigint[]) with ordinality as asked (id, n)
join products p on p.id = asked.id`+cardJoins+`
where p.state in ('published','launch') and b.blocked_at is null and v.min_minor is not null order by asked.n`, lang, at, int64s(productIDs))
	if err != nil {
		return nil, fmt.Errorf("read product cards: %w", err)
	}
	return list, nil
}

const selectMore = `select ` + cardColumns + ` from (
  select id, row_number() over (order by created_at desc, id desc) as n from products p where brand_id = $3 and id <> $4 and state = 'published'
    and exists (select 1 from variants where product_id = p.id and active and stock > 0)
  order by n limit $5
) page join products p on p.id = page.id` + cardJoins + `
where b.blocked_at is null order by page.n`

// More returns the newest products of a brand that can be bought, without one of them: for the foot of that one's page.
func More(ctx context.Context, q sqlx.QueryerContext, lang i18n.Lang, at time.Time, of Product, limit int) ([]ProductCard, error) {
	var list []ProductCard
	if err := sqlx.SelectContext(ctx, q, &list, selectMore, lang, at, of.BrandID, of.ID, limit); err != nil {
		return nil, fmt.Errorf("read more products of brand %d: %w", of.BrandID, err)
	}
	return list, nil
}

// BrandCards returns all products of a brand for its workspace, whatever their state, the newest first.
func BrandCards(ctx context.Context, q sqlx.QueryerContext, lang i18n.Lang, at time.Time, brandID int64) ([]ProductCard, error) {
	var list []ProductCard
	err := sqlx.SelectContext(ctx, q, &list, `select `+cardColumns+` from products p`+cardJoins+`
where p.brand_id = $3 and p.state in ('draft','published','archived','launch') order by p.state = 'archived', p.id desc`, lang, at, brandID)
	if err != nil {
		return nil, fmt.Errorf("read products of brand %d: %w", brandID, err)
	}
	return list, nil
}

// VariantView is a variant as a page shows it. PriorMinor and ReductionBps are 0 when no reduction may be
// announced (see Reduction).
type VariantView struct {
	Variant
	Price        money.Amount
	PriorMinor   int64 // lowest price of the 30 days before the reduction
	ReductionBps int64
}

// Prior is the lowest price of the 30 days before the reduction.
func (v VariantView) Prior() money.Amount {
	return money.Amount{Minor: v.PriorMinor, Currency: v.Price.Currency}
}

// ProductPage is everything that a product's page shows. Texts are in Product.Lang, which is the language
// asked for when the product is translated.
type ProductPage struct {
	Product
	Brand    Brand
	Variants []VariantView // active ones
	Photos   []Picture
	Terms    Terms
	Visible  bool // published or being launched, brand not blocked, something to sell
}

// Stock is the number of pieces of all variants.
func (p ProductPage) Stock() int {
	sum := 0
	for _, v := range p.Variants {
		sum += v.Stock
	}
	return sum
}

// BySlug returns a product's page, in any state: the caller looks at Visible. Fault NotFound.
func BySlug(ctx context.Context, q sqlx.QueryerContext, slug string, lang i18n.Lang, at time.Time) (ProductPage, error) {
	return productPage(ctx, q, `p.slug = $1`, slug, lang, at)
}

// ByID is BySlug by id; lang "" asks for the product's own language.
func ByID(ctx context.Context, q sqlx.QueryerContext, id int64, lang i18n.Lang, at time.Time) (ProductPage, error) {
	return productPage(ctx, q, `p.id = $1`, id, lang, at)
}

func productPage(ctx context.Context, q sqlx.QueryerContext, where string, arg any, lang i18n.Lang, at time.Time) (ProductPage, error) {
	var page ProductPage
	err := sqlx.GetContext(ctx, q, &page.Product, `select `+productColumns+` from products p where p.state <> 'typed' and `+where, arg)
	if errors.Is(err, sql.ErrNoRows) {
		return ProductPage{}, notFound()
	}
	if err != nil {
		return ProductPage{}, fmt.Errorf("read product: %w", err)
	}
	translated, err := translate(ctx, q, &page.Product, lang)
	if err != nil {
		return ProductPage{}, err
	}
	if page.Brand, err = oneBrand(ctx, q, lang, `where b.id = $2`, page.BrandID); err != nil {
		return ProductPage{}, err
	}
	photos, err := Pictures(ctx, q, page.ID)
	if err != nil {
		return ProductPage{}, err
	}
	page.Photos = photos[page.ID]
	if page.Variants, err = variantViews(ctx, q, page.Product, translated, at); err != nil {
		return ProductPage{}, err
	}
	if page.Terms, err = TermsAt(ctx, q, page.BrandID, page.ID, at); err != nil {
		return ProductPage{}, err
	}
	page.Visible = (page.State == Published || page.State == Launching) && page.Brand.BlockedAt == nil && len(page.Variants) > 0
	return page, nil
}

// Translation returns a product's texts in one language. Fault NotFound when it has none.
func Translation(ctx context.Context, q sqlx.QueryerContext, productID int64, lang i18n.Lang) (ProductTranslation, error) {
	var t ProductTranslation
	err := sqlx.GetContext(ctx, q, &t, `
select lang, title, description, warnings, options from product_translations where product_id = $1 and lang = $2`, productID, lang)
	if errors.Is(err, sql.ErrNoRows) {
		return ProductTranslation{}, notFound()
	}
	if err != nil {
		return ProductTranslation{}, fmt.Errorf("read translation of product %d: %w", productID, err)
	}
	return t, nil
}

// translate puts a product's texts into the language asked for, and says whether it could. An empty text of a
// translation keeps the original one: better in the other language than not at all, above all for warnings.
func translate(ctx context.Context, q sqlx.QueryerContext, p *Product, lang i18n.Lang) (bool, error) {
	if lang == "" || lang == p.Lang {
		return false, nil
	}
	t, err := Translation(ctx, q, p.ID, lang)
	if err != nil {
		return false, ignoreNotFound(err)
	}
	p.Lang, p.Title = lang, t.Title
	if t.Description != "" {
		p.Description = t.Description
	}
	if t.Warnings != "" {
		p.Warnings = t.Warnings
	}
	if len(t.Options) == len(p.Options) {
		p.Options = t.Options
	}
	return true, nil
}

func variantViews(ctx context.Context, q sqlx.QueryerContext, p Product, translated bool, at time.Time) ([]VariantView, error) {
	all, err := allVariants(ctx, q, p.ID)
	if err != nil {
		return nil, err
	}
	var ids pq.Int64Array
	for _, v := range all {
		ids = append(ids, v.ID)
	}
	history, err := PriceHistory(ctx, q, ids...)
	if err != nil {
		return nil, err
	}
	var list []VariantView
	for _, v := range all {
		if !v.Active {
			continue
		}
		if translated && len(v.ValuesOther) == len(v.Values) {
			v.Values, v.ValuesOther = v.ValuesOther, v.Values
		}
		view := VariantView{Variant: v, Price: money.Amount{Minor: v.PriceMinor, Currency: p.Currency}}
		if prior, bps, ok := Reduction(history[v.ID], at); ok {
			view.PriorMinor, view.ReductionBps = prior, bps
		}
		list = append(list, view)
	}
	return list, nil
}
