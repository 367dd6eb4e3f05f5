package insight

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/referrals"
)

// LinkFigures is a link with what came of it since it was made.
type LinkFigures struct {
	referrals.Link
	People int64          `db:"people"`
	Orders int64          `db:"orders"`
	Earned []money.Amount // one for each currency
}

const linkColumns = `
select l.id, l.code, l.member_id, l.target, coalesce(l.product_id, 0) as product_id, coalesce(l.brand_id, 0) as brand_id, coalesce(l.story_id, 0) as story_id, coalesce(l.poll_id, 0) as poll_id, coalesce(b.id, 0) as seller_id,
  l.channel, l.circle, coalesce(l.group_id, 0) as group_id, l.created_at, l.disabled_at is not null or m.blocked_at is not null as disabled, m.handle, m.name as member_name,
  m.lang as member_lang, coalesce(p.slug, '') as product_slug, coalesce(t.title, p.title, '') as product_title,
  coalesce(b.blocked_at is null and (p.id is null or p.state in ('published','launch')), true) as for_sale,
  coalesce(b.handle, '') as brand_handle, coalesce(b.name, '') as brand_name, coalesce(st.title, '') as story_title, case when po.stopped_at is null then coalesce(po.title, '') else '' end as poll_title`

const linkTables = `
from share_links l join members m on m.id = l.member_id
left join products p on p.id = l.product_id left join product_translations t on t.product_id = p.id and t.lang = $2
left join brands b on b.id = coalesce(l.brand_id, p.brand_id) left join stories st on st.id = l.story_id left join polls po on po.id = l.poll_id
where l.member_id = $1`

const selectLinks = linkColumns + linkTables

const selectLinkFigures = `with ` + credits + linkColumns + `,
  (select coalesce(sum(c.people), 0) from link_counts c where c.link_id = l.id)::bigint as people,
  (select count(distinct ol.order_id) from credits a join order_lines ol on ol.id = a.order_line_id
    join orders o on o.id = ol.order_id where a.link_id = l.id and a.member_id = l.member_id and o.paid_at is not null) as orders` + linkTables

// Links are a member's links with their figures, the newest first, with product titles in that language where translated.
func Links(ctx context.Context, q sqlx.QueryerContext, memberID int64, lang i18n.Lang, limit, offset int) ([]LinkFigures, error) {
	var ls []LinkFigures
	err := sqlx.SelectContext(ctx, q, &ls, selectLinkFigures+` order by l.id desc limit $3 offset $4`, memberID, lang, limit, offset)
	if err != nil {
		return nil, fmt.Errorf("read links: %w", err)
	}
	return ls, addEarned(ctx, q, memberID, ls)
}

// LinkByCode is one link of a member with its figures. ErrNoLink also where it is somebody else's.
func LinkByCode(ctx context.Context, q sqlx.QueryerContext, memberID int64, code string, lang i18n.Lang) (LinkFigures, error) {
	var ls []LinkFigures
	if err := sqlx.SelectContext(ctx, q, &ls, selectLinkFigures+` and l.code = $3`, memberID, lang, code); err != nil {
		return LinkFigures{}, fmt.Errorf("read link: %w", err)
	}
	if len(ls) == 0 {
		return LinkFigures{}, referrals.ErrNoLink
	}
	return ls[0], addEarned(ctx, q, memberID, ls)
}

const selectEarned = `with ` + credits + `
select a.link_id, e.currency, sum(e.amount_minor - e.returned_minor) as minor
from credits a join order_lines ol on ol.id = a.order_line_id join payees y on y.member_id = a.member_id
join earnings e on e.order_line_id = ol.id and e.shipment_id = ol.shipment_id and e.payee_id = y.id and e.role in ('commission','margin') and e.state <> 'voided'
where a.member_id = $1 and a.link_id = any($2) group by a.link_id, e.currency order by e.currency`

func addEarned(ctx context.Context, q sqlx.QueryerContext, memberID int64, ls []LinkFigures) error {
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
	if err := sqlx.SelectContext(ctx, q, &rows, selectEarned, memberID, pq.Array(ids)); err != nil {
		return fmt.Errorf("read earnings of links: %w", err)
	}
	for _, r := range rows {
		l := &ls[at[r.LinkID]]
		l.Earned = append(l.Earned, money.New(r.Minor, r.Currency))
	}
	return nil
}
