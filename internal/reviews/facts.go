package reviews

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/postgres"
)

// A commission of a paid order that nobody looked at yet and that still waits; a margin where its member has no commission beside it, else
// it goes along with that (alongside). Those that were granted to a claim were looked at. A royalty is looked at by nobody: how the buyer came does not
// decide it.
const selectWaiting = `
select e.id from earnings e join payees p on p.id = e.payee_id
where (e.role = 'commission' or e.role = 'margin' and not exists (select 1 from earnings c where c.shipment_id = e.shipment_id and c.order_line_id = e.order_line_id
    and c.payee_id = e.payee_id and c.role = 'commission' and c.from_earning_id is null)) and p.member_id is not null and e.from_earning_id is null and e.state in ('held','frozen')
  and not exists (select 1 from reviews r where r.earning_id = e.id)`

// selectFacts is everything that is known of how the sale of one commission came about, up to $2, with what came before since $3; of the member's sales the last $4.
//
// own: the member's own orders, with their account or their address. The click is that of the decision where it was the member's. An order
// is through the member where one of its lines is attributed to them.
const selectFacts = `
with this as (
  select e.order_line_id, p.member_id, m.email_normal, o.id as order_id, o.email, o.email_normal as buyer_email, o.member_id as buyer_id, o.placed_at, o.card_fingerprint,
    c.at as clicked_at, nullif(c.visitor, '') as visitor, c.day_visitor
  from earnings e join payees p on p.id = e.payee_id join members m on m.id = p.member_id join orders o on o.id = e.order_id
  left join attribution_credits a on a.order_line_id = e.order_line_id and a.member_id = m.id
  left join clicks c on c.id = a.click_id and c.at > o.placed_at - interval '91 days' and c.at <= o.placed_at
  where e.id = $1),
through as (
  select distinct o.id, o.card_fingerprint, nullif(c.visitor, '') as visitor, c.day_visitor from this
  join attribution_credits a on a.member_id = this.member_id join attributions d on d.order_line_id = a.order_line_id
  join order_lines l on l.id = a.order_line_id join orders o on o.id = l.order_id
  left join clicks c on c.id = a.click_id and c.at > o.placed_at - interval '91 days' and c.at <= o.placed_at
  where d.decided_at > this.placed_at - interval '1 hour' and d.decided_at <= this.placed_at and o.paid_at is not null and o.placed_at > this.placed_at - interval '1 hour' and o.placed_at <= this.placed_at),
sold as (
  select l.returned_minor > 0 as back from (select distinct e.order_line_id from this join payees y on y.member_id = this.member_id
    join earnings e on e.payee_id = y.id and e.role in ('commission', 'margin') and e.earned_at > $3 and e.earned_at <= $2 order by e.order_line_id desc limit $4) e
  join order_lines l on l.id = e.order_line_id)
select
  exists (select 1 from orders o where o.card_fingerprint = this.card_fingerprint and o.card_fingerprint <> '' and o.id <> this.order_id and o.paid_at is not null
    and (o.member_id = this.member_id or o.email_normal = this.email_normal)) as own_card,
  this.clicked_at, this.placed_at, this.email,
  (select count(distinct t.id) from through t where t.visitor = this.visitor or t.day_visitor = this.day_visitor) as same_browser,
  (select count(distinct t.id) from through t where t.card_fingerprint = this.card_fingerprint and t.card_fingerprint <> '') as same_card,
  (select count(*) from sold) as sales, (select count(*) from sold where back) as sales_back,
  (select count(distinct o.id) from members b join payees y on y.member_id = b.id join earnings e on e.payee_id = y.id and e.role in ('commission', 'margin') and e.earned_at > $3
    join orders o on o.id = e.order_id
    where (b.id = this.buyer_id or b.email_normal = this.buyer_email) and (o.member_id = this.member_id or o.email_normal = this.email_normal)) as bought_through
from this`

// factsOf reads the facts of one commission as they are now.
func factsOf(ctx context.Context, q sqlx.QueryerContext, earningID int64, now time.Time) (Facts, error) {
	var row struct {
		OwnCard       bool       `db:"own_card"`
		ClickedAt     *time.Time `db:"clicked_at"`
		PlacedAt      time.Time  `db:"placed_at"`
		Email         string     `db:"email"`
		SameBrowser   int64      `db:"same_browser"`
		SameCard      int64      `db:"same_card"`
		Sales         int64      `db:"sales"`
		SalesBack     int64      `db:"sales_back"`
		BoughtThrough int64      `db:"bought_through"`
	}
	if err := sqlx.GetContext(ctx, q, &row, selectFacts, earningID, now, now.Add(-LookBack), LookSales); err != nil {
		return Facts{}, fmt.Errorf("read how earning %d came about: %w", earningID, postgres.Translate(err))
	}
	f := Facts{OwnCard: row.OwnCard, Mail: row.Email, SameBrowser: row.SameBrowser, SameCard: row.SameCard, Sales: row.Sales, SalesBack: row.SalesBack, BoughtThrough: row.BoughtThrough}
	if row.ClickedAt != nil {
		f.Clicked, f.SinceClick = true, row.PlacedAt.Sub(*row.ClickedAt)
	}
	return f, nil
}
