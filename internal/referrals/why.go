package referrals

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/money"
)

// ErrNotWeighed says that a member had no part in a sale: there is nothing to explain to them.
var ErrNotWeighed = fault.New(fault.NotFound, "relay.sale_not_found")

// SaleOf is a sale as a member sees it who brought the buyer, or might have. Nothing in it tells who the buyer is.
type SaleOf struct {
	OrderLineID  int64         `db:"order_line_id"`
	Slug         string        `db:"slug"`
	ProductTitle string        `db:"product_title"` // as it was sold
	BrandName    string        `db:"brand_name"`
	Quantity     int64         `db:"quantity"`
	PaidAt       time.Time     `db:"paid_at"`
	Refunded     bool          `db:"refunded"`
	Promised     *time.Time    `db:"promised"` // when its buyer promised to buy it in a launch, by which day's terms and links it was decided; nil: it was bought otherwise
	Yours        bool          `db:"yours"`    // all of it, or a part
	PartBps      int64         `db:"part_bps"` // the member's part of the commission; 10000: all of it
	Rule         Rule          `db:"rule"`
	LinkCode     string        `db:"link_code"` // of the member's own link; empty: none
	Circle       string        `db:"circle"`
	Story        string        `db:"story"` // title of the story that the link leads to; empty: it leads to none
	StoryPath    string        `db:"story_path"`
	Poll         string        `db:"poll"` // title of the poll that the link leads to; empty: it leads to none
	PollPath     string        `db:"poll_path"`
	EarningID    *int64        `db:"earning_id"` // of the member's commission
	Commission   *money.Amount `db:"-"`
	MarginID     *int64        `db:"margin_id"` // of their margin, where their storefront put one on the price
	Margin       *money.Amount `db:"-"`
}

// Earned is the commission and the margin together; nil where there is neither.
func (s SaleOf) Earned() *money.Amount {
	if s.Commission == nil {
		return s.Margin
	}
	sum := *s.Commission
	if s.Margin != nil {
		sum.Minor += s.Margin.Minor
	}
	return &sum
}

// saleRow adds what needs unpacking.
type saleRow struct {
	SaleOf
	Minor    sql.NullInt64  `db:"commission_minor"`
	Currency money.Currency `db:"commission_currency"`
	Margin   sql.NullInt64  `db:"margin_minor"`
	RateBps  int64          `db:"rate_bps"`
	Evidence []byte         `db:"evidence"`
}

func (r saleRow) sale() SaleOf {
	s := r.SaleOf
	if r.Minor.Valid {
		a := money.New(r.Minor.Int64, r.Currency)
		s.Commission = &a
	}
	if r.Margin.Valid {
		a := money.New(r.Margin.Int64, r.Currency)
		s.Margin = &a
	}
	return s
}

const selectSales = `
select a.order_line_id, p.slug, ol.title as product_title, b.name as brand_name, ol.quantity, o.paid_at, o.state = 'refunded' as refunded, case when o.expected is not null then a.decided_at end as promised,
  c.member_id is not null as yours, coalesce(c.part_bps, 0) as part_bps, coalesce(c.rate_bps, 0) as rate_bps, a.rule, coalesce(l.code, '') as link_code, coalesce(l.circle, '') as circle,
  coalesce(st.title, '') as story, coalesce('/stories/' || st.code || '-' || st.slug, '') as story_path, coalesce(po.title, '') as poll, coalesce('/polls/' || po.code, '') as poll_path, e.id as earning_id, e.amount_minor as commission_minor, o.currency as commission_currency, g.id as margin_id, g.amount_minor as margin_minor, a.evidence
from attributions a join order_lines ol on ol.id = a.order_line_id join orders o on o.id = ol.order_id
join products p on p.id = ol.product_id join brands b on b.id = ol.brand_id
left join attribution_credits c on c.order_line_id = a.order_line_id and c.member_id = $1
left join share_links l on l.id = c.link_id and l.member_id = $1
left join stories st on st.id = l.story_id and ` + storyLive + `
left join polls po on po.id = l.poll_id and ` + pollShown + `
left join payees y on y.member_id = $1
left join earnings e on e.order_line_id = ol.id and e.role = 'commission' and e.payee_id = y.id
left join earnings g on g.shipment_id = ol.shipment_id and g.order_line_id = ol.id and g.role = 'margin' and g.payee_id = y.id
where o.paid_at is not null`

// Sales are the last paid sales that a member brought, refunded ones included; linkID 0 means by any link or none.
func Sales(ctx context.Context, q sqlx.QueryerContext, memberID, linkID int64, limit int) ([]SaleOf, error) {
	return sales(ctx, q, ` and c.member_id = $1 and ($2 = 0 or c.link_id = $2) order by o.paid_at desc, ol.id desc limit $3`, memberID, linkID, limit)
}

// Missed are the last paid sales for which a link or storefront of the member was weighed and did not win.
func Missed(ctx context.Context, q sqlx.QueryerContext, memberID int64, limit int) ([]SaleOf, error) {
	return sales(ctx, q, ` and c.member_id is null
  and a.evidence @> jsonb_build_object('candidates', jsonb_build_array(jsonb_build_object('member', $1::bigint)))
  order by o.paid_at desc, ol.id desc limit $2`, memberID, limit)
}

func sales(ctx context.Context, q sqlx.QueryerContext, where string, args ...any) ([]SaleOf, error) {
	var rows []saleRow
	if err := sqlx.SelectContext(ctx, q, &rows, selectSales+where, args...); err != nil {
		return nil, fmt.Errorf("read sales: %w", err)
	}
	list := make([]SaleOf, len(rows))
	for i, r := range rows {
		list[i] = r.sale()
	}
	return list, nil
}

// Explanation says why a sale is a member's, or why it is not.
type Explanation struct {
	SaleOf
	Own    []Weighed // the member's own storefront path, code, clicks and pin, in the order in which they were weighed
	Others int       // how many of other members were weighed
	Rate   int64     // basis points given; 0 where it is not the member's
	Now    int64     // basis points that the terms gave on the day of the sale
	Locked time.Time // the day of sharing whose higher rate was kept; zero: the rate of the day was given
	WhatIf []WhatIf  // what would have changed it
	Credit catalog.Credit
}

// Rest is the part that another member has, in basis points; 0 where nobody shares it.
func (e Explanation) Rest() int64 {
	if !e.Yours {
		return 0
	}
	return whole - e.PartBps
}

// Main is the reason to give first: the winner's, or why the best of the member's own did not win.
func (e Explanation) Main() Weighed {
	for _, w := range e.Own {
		if w.Won {
			return w
		}
	}
	for _, w := range e.Own {
		if w.Eligible {
			return w
		}
	}
	return e.Own[0]
}

// WhyYours explains one sale to a member who brought the buyer or might have. Other members are counted, not named, and
// nothing tells who bought. ErrNotWeighed for anybody else.
func WhyYours(ctx context.Context, q sqlx.QueryerContext, memberID, orderLineID int64) (Explanation, error) {
	var row saleRow
	err := sqlx.GetContext(ctx, q, &row, selectSales+` and a.order_line_id = $2`, memberID, orderLineID)
	if errors.Is(err, sql.ErrNoRows) {
		return Explanation{}, ErrNotWeighed
	}
	if err != nil {
		return Explanation{}, fmt.Errorf("read sale: %w", err)
	}
	var evidence Evidence
	if err := json.Unmarshal(row.Evidence, &evidence); err != nil {
		return Explanation{}, fmt.Errorf("read evidence of line %d: %w", orderLineID, err)
	}
	e := Explanation{SaleOf: row.sale(), Now: evidence.RateNow, Rate: row.RateBps, WhatIf: Counterfactual(evidence, memberID), Credit: evidence.Credit}
	others := map[int64]bool{}
	for _, w := range evidence.Candidates {
		if w.MemberID == memberID {
			e.Own = append(e.Own, w)
		} else {
			others[w.MemberID] = true
		}
	}
	if len(e.Own) == 0 {
		return Explanation{}, ErrNotWeighed
	}
	e.Others = len(others)
	if e.Yours {
		e.Locked = e.Main().LockedFrom
	}
	return e, nil
}
