package insight

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// credits says whom an order line is credited to, and by which link. It is the one place here that knows how that is kept.
const credits = `credits as (select order_line_id, member_id, link_id from attribution_credits)`

// Of the queries below $1 is the member or the brand, $2 and $3 are the first and the last day, $4 is day or month, $5 is one link, 0
// for all. What a member earned is for having brought a sale: royalties come of what was sold and are not counted here. They read everything in one statement, so that clicks that are being rolled are there once.
const (
	memberLinks = `links as (
  select l.id, l.circle, l.channel, l.product_id, l.member_id from share_links l where l.member_id = $1 and ($5::bigint = 0 or l.id = $5)
)`
	brandLinks = `links as (
  select l.id, null::text as circle, l.channel, l.product_id, l.member_id from share_links l where l.brand_id = $1 and $5::bigint = 0
  union all select l.id, null, l.channel, l.product_id, l.member_id from products p join share_links l on l.product_id = p.id where p.brand_id = $1
  union all select l.id, null, l.channel, null, l.member_id from stories s join share_links l on l.story_id = s.id where s.brand_id = $1 and $5::bigint = 0
  union all select l.id, null, l.channel, null, l.member_id from polls o join share_links l on l.poll_id = o.id where o.brand_id = $1 and $5::bigint = 0
)`
	memberLines = `lines as materialized (
  select o.id as order_id, coalesce(a.link_id, 0) as link_id, l.circle, l.channel, ol.product_id, a.member_id, ` + lineFigures + `
  from credits a join order_lines ol on ol.id = a.order_line_id join orders o on o.id = ol.order_id left join share_links l on l.id = a.link_id
  where a.member_id = $1 and ($5 = 0 or a.link_id = $5) and ` + linePaid + `
)`
	brandLines = `lines as materialized (
  select o.id as order_id, null::bigint as link_id, null::text as circle, l.channel, ol.product_id, a.member_id, ` + lineFigures + `
  from shipments s join order_lines ol on ol.shipment_id = s.id join orders o on o.id = ol.order_id join credits a on a.order_line_id = ol.id
  left join share_links l on l.id = a.link_id
  where s.brand_id = $1 and ` + linePaid + `
)`
	lineFigures = `date_trunc($4, o.paid_at at time zone 'Europe/Paris')::date as step, o.currency,
    case when o.state = 'paid' then ol.total_minor - ol.returned_minor else 0 end as goods,
    coalesce((select sum(e.amount_minor - e.returned_minor) from earnings e join payees y on y.id = e.payee_id and y.member_id = a.member_id
      where e.order_line_id = ol.id and e.shipment_id = ol.shipment_id and e.role in ('commission','margin') and e.state <> 'voided'), 0) as earned`
	linePaid = `o.paid_at >= $2::date::timestamp at time zone 'Europe/Paris' and o.paid_at < ($3::date + 1)::timestamp at time zone 'Europe/Paris'`

	// cuts adds links and lines up by everything there is to cut them by. Clicks are first added up for each link, and for each step.
	cuts = `, sums as (
  select x.id, x.step, sum(x.people) as people, sum(x.visits) as visits
  from (select l.id, date_trunc($4, c.day)::date as step, c.people, c.visits from links l join link_counts c on c.link_id = l.id
    where c.day between $2::date and $3::date) x group by grouping sets ((x.id), (x.step))
)
select k.cut, k.key, '' as currency, sum(s.people)::bigint as people, sum(s.visits)::bigint as visits, 0 as orders, 0 as goods, 0 as earned
from sums s left join links l on l.id = s.id, lateral (values ('total', case when s.id is not null then '' end), ('step', case when s.id is null then s.step::text end),
  ('link', l.id::text), ('circle', l.circle), ('channel', l.channel), ('product', l.product_id::text), ('member', l.member_id::text)) k(cut, key)
where k.key is not null group by 1, 2
union all
select k.cut, k.key, n.currency, 0, 0, count(distinct n.order_id), sum(n.goods)::bigint, sum(n.earned)::bigint
from lines n, lateral (values ('total', ''), ('step', n.step::text), ('link', n.link_id::text), ('circle', n.circle), ('channel', n.channel),
  ('product', n.product_id::text), ('member', n.member_id::text)) k(cut, key)
where k.key is not null group by 1, 2, 3`

	selectMember = `with ` + credits + `, ` + memberLinks + `, ` + memberLines + cuts
	selectBrand  = `with ` + credits + `, ` + brandLinks + `, ` + brandLines + cuts
)

// count asks one of the queries above and folds its answer.
func count(ctx context.Context, q sqlx.QueryerContext, query string, id int64, p Period, linkID int64) (map[string]map[string]Figures, error) {
	unit := "day"
	if p.Monthly {
		unit = "month"
	}
	var parts []part
	err := sqlx.SelectContext(ctx, q, &parts, query, id, p.From.Format(time.DateOnly), p.To.Format(time.DateOnly), unit, linkID)
	if err != nil {
		return nil, fmt.Errorf("count what came: %w", err)
	}
	return fold(parts), nil
}
