package referrals

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/i18n"
	"relais/internal/money"
)

// LinkFigures is a link with what came of it.
type LinkFigures struct {
	Link
	People int64          `db:"people"` // eligible clicks
	Orders int64          `db:"orders"` // paid, refunded ones included
	Earned []money.Amount // commissions that were not voided, one for each currency
}

const selectLinkFigures = `
select l.id, l.code, l.member_id, l.target, coalesce(l.product_id, 0) as product_id, coalesce(l.brand_id, 0) as brand_id, l.channel,
  l.circle, l.created_at, l.disabled_at is not null or m.blocked_at is not null as disabled, m.handle, m.name as member_name,
  m.lang as member_lang, coalesce(p.slug, '') as product_slug, coalesce(t.title, p.title, '') as product_title,
  coalesce(b.blocked_at is null and (p.id is null or p.state = 'published'), true) as for_sale,
  coalesce(b.handle, '') as brand_handle, coalesce(b.name, '') as brand_name,
  (select count(*) from clicks c where c.link_id = l.id and c.eligible) as people,
  (select count(distinct ol.order_id) from attributions a join order_lines ol on ol.id = a.order_line_id
    join orders o on o.id = ol.order_id where a.link_id = l.id and a.member_id = l.member_id and o.paid_at is not null) as orders
from share_links l join members m on m.id = l.member_id
left join products p on p.id = l.product_id left join product_translations t on t.product_id = p.id and t.lang = $2
left join brands b on b.id = coalesce(l.brand_id, p.brand_id)
where l.member_id = $1`

// Links are a member's links with their figures, the newest first, with product titles in that language where translated.
func Links(ctx context.Context, q sqlx.QueryerContext, memberID int64, lang i18n.Lang, limit, offset int) ([]LinkFigures, error) {
	var ls []LinkFigures
	err := sqlx.SelectContext(ctx, q, &ls, selectLinkFigures+` order by l.id desc limit $3 offset $4`, memberID, lang, limit, offset)
	if err != nil {
		return nil, fmt.Errorf("read links: %w", err)
	}
	return ls, addEarned(ctx, q, ls)
}

// LinkCount is how many links a member has made.
func LinkCount(ctx context.Context, q sqlx.QueryerContext, memberID int64) (int, error) {
	var n int
	if err := sqlx.GetContext(ctx, q, &n, `select count(*) from share_links where member_id = $1`, memberID); err != nil {
		return 0, fmt.Errorf("count links: %w", err)
	}
	return n, nil
}

// LinkByCode is one link of a member with its figures. ErrNoLink also where it is somebody else's.
func LinkByCode(ctx context.Context, q sqlx.QueryerContext, memberID int64, code string, lang i18n.Lang) (LinkFigures, error) {
	var ls []LinkFigures
	if err := sqlx.SelectContext(ctx, q, &ls, selectLinkFigures+` and l.code = $3`, memberID, lang, code); err != nil {
		return LinkFigures{}, fmt.Errorf("read link: %w", err)
	}
	if len(ls) == 0 {
		return LinkFigures{}, ErrNoLink
	}
	return ls[0], addEarned(ctx, q, ls)
}

const selectEarned = `
select a.link_id, e.currency, sum(e.amount_minor - e.returned_minor) as minor
from attributions a join earnings e on e.order_line_id = a.order_line_id and e.role = 'commission' and e.state <> 'voided'
where a.link_id = any($1) group by a.link_id, e.currency order by e.currency`

func addEarned(ctx context.Context, q sqlx.QueryerContext, ls []LinkFigures) error {
	ids := make([]int64, len(ls))
	at := make(map[int64]int, len(ls))
	for i, l := range ls {
		ids[i], at[l.ID] = l.ID, i
	}
	var rows []struct {
		LinkID   int64          `db:"link_id"`
		Currency money.Currency `db:"currency"`
		Minor    int64          `db:"minor"`
	}
	if err := sqlx.SelectContext(ctx, q, &rows, selectEarned, pq.Array(ids)); err != nil {
		return fmt.Errorf("read earnings of links: %w", err)
	}
	for _, r := range rows {
		l := &ls[at[r.LinkID]]
		l.Earned = append(l.Earned, money.New(r.Minor, r.Currency))
	}
	return nil
}

// Day is what happened on one day in Paris.
type Day struct {
	Start  time.Time `db:"start"`  // its midnight in Paris
	People int64     `db:"people"` // eligible clicks
	Orders int64     `db:"orders"` // paid orders that were brought
}

// selectDays has every day of the period, also those on which nothing happened. $4 is one link, 0 for all of the member's.
const selectDays = `
with days as (
  select d as local, d at time zone 'Europe/Paris' as start
  from generate_series(date_trunc('day', $2::timestamptz at time zone 'Europe/Paris'), $3::timestamptz at time zone 'Europe/Paris', interval '1 day') d
), visits as (
  select date_trunc('day', c.at at time zone 'Europe/Paris') as local, count(*) as n
  from clicks c join share_links l on l.id = c.link_id
  where l.member_id = $1 and ($4 = 0 or l.id = $4) and c.eligible and c.at >= (select min(start) from days) and c.at <= $3 group by 1
), sales as (
  select date_trunc('day', o.paid_at at time zone 'Europe/Paris') as local, count(distinct o.id) as n
  from attributions a join order_lines ol on ol.id = a.order_line_id join orders o on o.id = ol.order_id
  where a.member_id = $1 and ($4 = 0 or a.link_id = $4) and o.paid_at >= (select min(start) from days) and o.paid_at <= $3 group by 1
)
select d.start, coalesce(v.n, 0) as people, coalesce(s.n, 0) as orders
from days d left join visits v using (local) left join sales s using (local) order by d.local`

// Days counts, for each day from one moment to another, both included, what a member's links brought; linkID 0 means all of them.
func Days(ctx context.Context, q sqlx.QueryerContext, memberID, linkID int64, from, to time.Time) ([]Day, error) {
	var ds []Day
	if err := sqlx.SelectContext(ctx, q, &ds, selectDays, memberID, from, to, linkID); err != nil {
		return nil, fmt.Errorf("count days: %w", err)
	}
	return ds, nil
}

// Circles are the names that a member gave to their groups, the last used first.
func Circles(ctx context.Context, q sqlx.QueryerContext, memberID int64) ([]string, error) {
	var cs []string
	err := sqlx.SelectContext(ctx, q, &cs, `select circle from share_links where member_id = $1 and circle <> '' group by circle order by max(id) desc limit 20`, memberID)
	if err != nil {
		return nil, fmt.Errorf("read circles: %w", err)
	}
	return cs, nil
}

// Relay is a member who recommends a brand, as that brand sees them.
type Relay struct {
	MemberID    int64     `db:"member_id"`
	Handle      string    `db:"handle"`
	Name        string    `db:"name"`
	PictureHash string    `db:"picture_hash"` // empty: none
	Products    int64     `db:"products"`     // of the brand, in their storefront
	People      int64     `db:"people"`       // eligible clicks on links to the brand and its products
	Orders      int64     `db:"orders"`       // paid orders that they brought
	GoodsMinor  int64     `db:"goods_minor"`  // what was bought, including VAT, refunds left out; minor units of the brand's currency
	EarnedMinor int64     `db:"earned_minor"` // their commissions on it that were not voided
	LastAt      time.Time `db:"last_at"`      // of the last paid order; zero: none yet
}

const selectRelays = `
with visits as (
  select l.member_id, count(*) as n from clicks c join share_links l on l.id = c.link_id left join products p on p.id = l.product_id
  where c.eligible and (l.brand_id = $1 or p.brand_id = $1) group by 1
), sales as (
  select a.member_id, count(distinct o.id) as n, sum(ol.total_minor) filter (where o.state = 'paid') as goods, max(o.paid_at) as last,
    sum((select sum(e.amount_minor - e.returned_minor) from earnings e where e.order_line_id = ol.id and e.role = 'commission' and e.state <> 'voided')) as earned
  from attributions a join order_lines ol on ol.id = a.order_line_id join orders o on o.id = ol.order_id
  where ol.brand_id = $1 and a.member_id is not null and o.paid_at is not null and o.currency = (select currency from brands where id = $1) group by 1
), lists as (
  select l.member_id, count(*) as n from listings l join products p on p.id = l.product_id where p.brand_id = $1 group by 1
)
select m.id as member_id, m.handle, m.name, coalesce(x.hash, '') as picture_hash, coalesce(l.n, 0) as products, coalesce(v.n, 0) as people,
  coalesce(s.n, 0) as orders, coalesce(s.goods, 0) as goods_minor, coalesce(s.earned, 0) as earned_minor,
  coalesce(s.last, timestamptz '0001-01-01 00:00:00+00') as last_at
from members m left join visits v on v.member_id = m.id left join sales s on s.member_id = m.id left join lists l on l.member_id = m.id
left join media x on x.id = m.picture_id
where v.member_id is not null or s.member_id is not null or l.member_id is not null
order by earned_minor desc, people desc, products desc, m.id limit $2`

// Relays are the members who recommend a brand, whoever brought most first.
func Relays(ctx context.Context, q sqlx.QueryerContext, brandID int64, limit int) ([]Relay, error) {
	var rs []Relay
	if err := sqlx.SelectContext(ctx, q, &rs, selectRelays, brandID, limit); err != nil {
		return nil, fmt.Errorf("read relays of brand: %w", err)
	}
	return rs, nil
}
