package insight

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/i18n"
)

// ForMember is what came of a member's links in a period. Titles are in that language where they are translated.
func ForMember(ctx context.Context, q sqlx.QueryerContext, memberID int64, p Period, lang i18n.Lang) (Report, error) {
	by, err := count(ctx, q, selectMember, memberID, p, 0)
	if err != nil {
		return Report{}, err
	}
	r := report(p, by)
	r.Circles = named(by["circle"])
	if r.Links, err = linkRows(ctx, q, memberID, by["link"], lang); err != nil {
		return Report{}, err
	}
	r.Products, err = productRows(ctx, q, by["product"], lang)
	return r, err
}

// ForBrand is what members brought a brand in a period. It names them, as their storefronts do, and not their groups.
func ForBrand(ctx context.Context, q sqlx.QueryerContext, brandID int64, p Period, lang i18n.Lang) (Report, error) {
	by, err := count(ctx, q, selectBrand, brandID, p, 0)
	if err != nil {
		return Report{}, err
	}
	r := report(p, by)
	if r.Relays, err = relays(ctx, q, brandID, by["member"]); err != nil {
		return Report{}, err
	}
	r.Products, err = productRows(ctx, q, by["product"], lang)
	return r, err
}

// Days is what came of a member's links on each day of a period; linkID 0 means all of them.
func Days(ctx context.Context, q sqlx.QueryerContext, memberID, linkID int64, p Period) ([]Step, error) {
	by, err := count(ctx, q, selectMember, memberID, p, linkID)
	if err != nil {
		return nil, err
	}
	return steps(p, by["step"]), nil
}

// ByLink is what came of each of a member's links in a period, by the number of the link; 0 stands for sales without one.
func ByLink(ctx context.Context, q sqlx.QueryerContext, memberID int64, p Period) (map[int64]Figures, error) {
	by, err := count(ctx, q, selectMember, memberID, p, 0)
	if err != nil {
		return nil, err
	}
	list := make(map[int64]Figures, len(by["link"]))
	for key, f := range by["link"] {
		if id, err := strconv.ParseInt(key, 10, 64); err == nil {
			list[id] = f
		}
	}
	return list, nil
}

func report(p Period, by map[string]map[string]Figures) Report {
	return Report{Period: p, Total: by["total"][""], Steps: steps(p, by["step"]), Channels: named(by["channel"])}
}

// ids are the keys of a cut by number.
func ids(by map[string]Figures) (list []int64) {
	for _, key := range slices.Sorted(maps.Keys(by)) {
		if id, err := strconv.ParseInt(key, 10, 64); err == nil && id != 0 {
			list = append(list, id)
		}
	}
	return list
}

func of(by map[string]Figures, id int64) Figures { return by[strconv.FormatInt(id, 10)] }

// linkRows are the links of a cut, the best first; sales without a link are the last.
func linkRows(ctx context.Context, q sqlx.QueryerContext, memberID int64, by map[string]Figures, lang i18n.Lang) ([]LinkRow, error) {
	var rows []LinkRow
	if err := sqlx.SelectContext(ctx, q, &rows, selectLinks+` and l.id = any($3)`, memberID, lang, pq.Array(ids(by))); err != nil {
		return nil, fmt.Errorf("read links: %w", err)
	}
	for i := range rows {
		rows[i].Figures = of(by, rows[i].ID)
	}
	slices.SortFunc(rows, func(a, b LinkRow) int { return cmp.Or(best(a.Figures, b.Figures), cmp.Compare(b.ID, a.ID)) })
	if direct, ok := by["0"]; ok {
		rows = append(rows, LinkRow{Figures: direct})
	}
	return rows, nil
}

const selectProducts = `
select p.id, p.slug, coalesce(t.title, p.title) as title
from products p left join product_translations t on t.product_id = p.id and t.lang = $2 where p.id = any($1)`

func productRows(ctx context.Context, q sqlx.QueryerContext, by map[string]Figures, lang i18n.Lang) ([]ProductRow, error) {
	var rows []ProductRow
	if err := sqlx.SelectContext(ctx, q, &rows, selectProducts, pq.Array(ids(by)), lang); err != nil {
		return nil, fmt.Errorf("read products: %w", err)
	}
	for i := range rows {
		rows[i].Figures = of(by, rows[i].ID)
	}
	slices.SortFunc(rows, func(a, b ProductRow) int { return cmp.Or(best(a.Figures, b.Figures), cmp.Compare(b.ID, a.ID)) })
	return rows, nil
}

// selectRelays has also those who list products of the brand and to whom nothing came yet.
const selectRelays = `
with lists as (select l.member_id, count(*) as n from listings l join products p on p.id = l.product_id where p.brand_id = $1 group by 1)
select m.id as member_id, m.handle, m.name, coalesce(x.hash, '') as picture_hash, coalesce(l.n, 0) as listed
from members m left join lists l on l.member_id = m.id left join media x on x.id = m.picture_id
where m.id = any($2) or m.id in (select member_id from lists)`

func relays(ctx context.Context, q sqlx.QueryerContext, brandID int64, by map[string]Figures) ([]Relay, error) {
	var rows []Relay
	if err := sqlx.SelectContext(ctx, q, &rows, selectRelays, brandID, pq.Array(ids(by))); err != nil {
		return nil, fmt.Errorf("read relays of brand: %w", err)
	}
	for i := range rows {
		rows[i].Figures = of(by, rows[i].MemberID)
	}
	slices.SortFunc(rows, func(a, b Relay) int {
		return cmp.Or(best(a.Figures, b.Figures), cmp.Compare(b.Listed, a.Listed), cmp.Compare(a.MemberID, b.MemberID))
	})
	return rows, nil
}
