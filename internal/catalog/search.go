package catalog

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/i18n"
)

// Sort is an order of search results.
type Sort string

// The orders. Relevance without words to search for is Newest.
const (
	Relevance Sort = "relevance"
	Newest    Sort = "newest"
	Cheapest  Sort = "price"
	Dearest   Sort = "-price"
)

// Query is a search in the catalogue. Zero values do not filter.
type Query struct {
	Text     string // as people type it: words, "a phrase", -without
	Category string
	Brand    string // handle
	MinMinor int64
	MaxMinor int64
	InStock  bool
	Sort     Sort
	Page     int // from 1
	PerPage  int // 24 when 0, 96 at most
	Lang     i18n.Lang
	At       time.Time // for the terms shown
}

// Facet is one value of a filter and how many products it would leave, the other filters applied.
type Facet struct {
	Value string `db:"value"` // what Query takes
	Label string `db:"label"`
	Count int    `db:"count"`
}

// Results is one page of a search.
type Results struct {
	Cards       []ProductCard
	Total       int
	Page, Pages int
	Fuzzy       bool // nothing had these words; these are the titles that look like them
	Categories  []Facet
	Brands      []Facet
}

const (
	defaultPerPage = 24
	maxPerPage     = 96
	maxPage        = 1000
	maxText        = 200
)

func (q Query) tidied() Query {
	q.Text = strings.ToValidUTF8(strings.ReplaceAll(strings.TrimSpace(q.Text), "\x00", ""), "")
	if runes := []rune(q.Text); len(runes) > maxText {
		q.Text = string(runes[:maxText])
	}
	if q.PerPage <= 0 {
		q.PerPage = defaultPerPage
	}
	q.PerPage = min(q.PerPage, maxPerPage)
	q.Page = min(max(q.Page, 1), maxPage)
	if q.Text == "" && q.Sort != Cheapest && q.Sort != Dearest {
		q.Sort = Newest
	}
	return q
}

// Search finds published products. Words are looked for in title, category and description of both languages
// and in the brand's name, accents and endings forgiven; when nothing has them, titles that look alike are
// found instead (a letter too few, two letters swapped).
func Search(ctx context.Context, db sqlx.QueryerContext, q Query) (Results, error) {
	q = q.tidied()
	r, err := search(ctx, db, q, exactly)
	if err == nil && r.Total == 0 && q.Text != "" && len(r.Categories) == 0 && len(r.Brands) == 0 {
		r, err = search(ctx, db, q, roughly)
		r.Fuzzy = r.Total > 0
	}
	if err != nil {
		return Results{}, fmt.Errorf("search the catalogue: %w", err)
	}
	return r, nil
}

// Candidates by words: $3 is the text. Each finds (id, rank).
const (
	everything = `select id, 0::real as rank from products where $3 = '' and state = 'published'`

	exactly = `
select id, max(rank) as rank from (
  select p.id, ts_rank(p.search, w.q) as rank from words w, products p where p.search @@ w.q
  union all
  select t.product_id, ts_rank(t.search, w.q) from words w, product_translations t where t.search @@ w.q
  union all
  select p.id, 0.1 from words w, brands b join products p on p.brand_id = b.id and p.state = 'published'
    where to_tsvector('public.fr', b.name) @@ w.q
) found group by id`

	roughly = `
select id, max(rank) as rank from (
  select p.id, word_similarity(w.plain, public.unaccent(lower(p.title))) as rank from words w, products p where p.state = 'published'
  union all
  select t.product_id, word_similarity(w.plain, public.unaccent(lower(t.title))) from words w, product_translations t
) found where rank > 0.4 group by id`
)

// hits are the products found by words, with what the filters look at.
const hits = `
with words as materialized (
  select websearch_to_tsquery('public.fr', $3) || websearch_to_tsquery('public.en', $3) as q, public.unaccent(lower($3)) as plain
), candidates as materialized (%s
), hits as materialized (
  select p.id, c.rank, p.category, p.currency, b.handle, b.name as brand_name, p.created_at, v.price, v.stock
  from candidates c join products p on p.id = c.id join brands b on b.id = p.brand_id
  join lateral (select min(price_minor) as price, sum(stock) as stock from variants where product_id = p.id and active) v on v.price is not null
  where p.state = 'published' and b.blocked_at is null
    and ($6 = 0::bigint and $7 = 0::bigint or p.currency = 'EUR')
    and ($6 = 0::bigint or v.price >= $6) and ($7 = 0::bigint or v.price <= $7) and (not $8 or v.stock > 0)
)`

const (
	inCategory = `($4 = '' or category = $4)`
	inBrand    = `($5 = '' or handle = $5)`
)

// Every statement below names all eight parameters, since Postgres wants each of them used.
const allUsed = ` and ($1::text, $2::timestamptz) is not null and $4::text is not null and $5::text is not null`

var orders = map[Sort]string{
	Relevance: `rank desc, id desc`,
	Newest:    `created_at desc, id desc`,
	Cheapest:  `currency <> 'EUR', currency, price, id`, // prices of different currencies are not compared
	Dearest:   `currency <> 'EUR', currency, price desc, id desc`,
}

func search(ctx context.Context, db sqlx.QueryerContext, q Query, candidates string) (Results, error) {
	if q.Text == "" {
		candidates = everything
	}
	with := fmt.Sprintf(hits, candidates)
	args := []any{q.Lang, q.At, q.Text, q.Category, q.Brand, q.MinMinor, q.MaxMinor, q.InStock}
	r := Results{Page: q.Page}
	err := sqlx.SelectContext(ctx, db, &r.Categories, with+`
select category as value, category as label, count(*) as count from hits where category <> '' and `+inBrand+allUsed+`
group by category order by count(*) desc, category limit 30`, args...)
	if err != nil {
		return Results{}, err
	}
	err = sqlx.SelectContext(ctx, db, &r.Brands, with+`
select handle as value, min(brand_name) as label, count(*) as count from hits where `+inCategory+allUsed+`
group by handle order by count(*) desc, handle limit 30`, args...)
	if err != nil {
		return Results{}, err
	}
	err = sqlx.GetContext(ctx, db, &r.Total, with+`
select count(*) from hits where `+inCategory+` and `+inBrand+allUsed, args...)
	if err != nil {
		return Results{}, err
	}
	r.Pages = (r.Total + q.PerPage - 1) / q.PerPage
	order, known := orders[q.Sort]
	if !known {
		order = orders[Relevance]
	}
	err = sqlx.SelectContext(ctx, db, &r.Cards, with+`, page as (
  select id, row_number() over (order by `+order+`) as n from hits where `+inCategory+` and `+inBrand+`
  order by n limit $9 offset $10)
select `+cardColumns+` from page join products p on p.id = page.id`+cardJoins+` order by page.n`,
		append(args, q.PerPage, (q.Page-1)*q.PerPage)...)
	return r, err
}
