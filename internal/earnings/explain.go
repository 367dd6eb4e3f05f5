package earnings

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/money"
	"relais/internal/postgres"
)

// Explanation is an earning with everything that its amount and its date follow from. It names no buyer.
type Explanation struct {
	Earning
	VariantTitle    string     `db:"variant_title"`
	PriceMinor      int64      `db:"price_minor"`      // per piece, including VAT; of a delivery: its cost
	TotalMinor      int64      `db:"total_minor"`      // of the line, including VAT
	NetMinor        int64      `db:"net_minor"`        // of the brand's price, without VAT, rounded down: the base of both rates
	MarginMinor     int64      `db:"margin_minor"`     // of the line, VAT included: what the storefront put on the brand's price
	MarginNetMinor  int64      `db:"margin_net_minor"` // of it, without VAT, rounded down: the member's
	VATBps          int64      `db:"vat_bps"`
	CommissionBps   int64      `db:"commission_bps"` // of all credited members together, rounded up; 0 where nobody brought the buyer
	FeeBps          int64      `db:"fee_bps"`
	CommissionMinor int64      `db:"commission_minor"` // of the same line, whoever's
	RoyaltyMinor    int64      `db:"royalty_minor"`    // royalties and ideas of the same line, whoever's
	AgreedBps       int64      `db:"agreed_bps"`       // of a royalty or an idea: the rate that was agreed, more than RateBps only where the price had no more
	MadeTitle       string     `db:"made_title"`       // of a royalty or an idea: the design or idea; empty: its words are gone
	TermsID         int64      `db:"terms_id"`         // 0: delivery
	TermsFrom       *time.Time `db:"terms_from"`
	HoldDays        int        `db:"hold_days"` // after receipt
	ShippedAt       *time.Time `db:"shipped_at"`
	DeliveredAt     *time.Time `db:"delivered_at"`
	InPerson        bool       `db:"in_person"`     // sold face to face: handed over, not sent
	PartReturned    int64      `db:"part_returned"` // of the line, or of the delivery cost, went back to its buyer, minor units
}

// FeeMinor is what Relais keeps of the line, in minor units.
func (x Explanation) FeeMinor() int64 { return money.Share(x.NetMinor, x.FeeBps) }

// BrandMinor is the brand's own price of the line, without the margin of a storefront, in minor units.
func (x Explanation) BrandMinor() int64 { return x.TotalMinor - x.MarginMinor }

// VATMinor is the tax in the brand's price of the line, in minor units.
func (x Explanation) VATMinor() int64 { return x.BrandMinor() - x.NetMinor }

// MarginVATMinor is the tax in the margin, in minor units.
func (x Explanation) MarginVATMinor() int64 { return x.MarginMinor - x.MarginNetMinor }

const selectExplained = `
select e.id, e.payee_id, e.order_id, e.shipment_id, e.order_line_id, e.role, e.amount_minor as "amount.minor",
  e.currency as "amount.currency", e.base_minor, e.rate_bps, e.part_bps, ` + shownState + ` as state, ` + shownReason + ` as reason, e.free_at,
  e.free_at_known, e.earned_at, e.released_at, e.voided_at, e.free_posting_id, e.returned_minor, e.released_minor, e.moved_minor, e.from_earning_id, p.id as payout_id, p.ended_at as paid_at, o.number as order_number,
  coalesce(l.title, '') as product_title, case when pr.state <> 'typed' then pr.slug else '' end as product_slug, coalesce(l.quantity, 1) as quantity, b.name as brand_name, coalesce(ym.name, b.name) as payee_name,
  coalesce(l.variant_title, '') as variant_title, coalesce(l.price_minor, s.shipping_minor) as price_minor,
  coalesce(l.total_minor, s.shipping_minor) as total_minor, coalesce(l.net_minor, s.shipping_minor) as net_minor,
  coalesce(l.margin_minor * l.quantity, 0) as margin_minor, coalesce(l.margin_net_minor, 0) as margin_net_minor, coalesce(l.vat_bps, 0) as vat_bps, coalesce(l.commission_bps, 0) as commission_bps, coalesce(l.fee_bps, 0) as fee_bps,
  coalesce((select sum(c.amount_minor) from earnings c where c.order_line_id = e.order_line_id and c.role = 'commission' and c.from_earning_id is null), 0) as commission_minor,
  coalesce((select sum(c.amount_minor) from earnings c where c.order_line_id = e.order_line_id and c.role in ('royalty','idea')), 0) as royalty_minor,
  coalesce(made.agreed_bps, 0) as agreed_bps, coalesce(made.title, '') as made_title,
  coalesce(t.id, 0) as terms_id, t.valid_from as terms_from,
  coalesce(t.hold_days, (select max(h.hold_days) from order_lines x join terms h on h.id = x.terms_id where x.shipment_id = e.shipment_id)) as hold_days,
  s.shipped_at, s.delivered_at, o.place <> 'distance' as in_person, coalesce(l.returned_minor, s.returned_minor) as part_returned
from earnings e` + joinPayout + `
join orders o on o.id = e.order_id join shipments s on s.id = e.shipment_id join brands b on b.id = s.brand_id
join payees yp on yp.id = e.payee_id left join members ym on ym.id = yp.member_id
left join order_lines l on l.id = e.order_line_id left join products pr on pr.id = l.product_id left join terms t on t.id = l.terms_id
left join lateral (select r.agreed_bps, coalesce(n.title, i.title) as title from order_line_royalties r left join publications n on n.id = r.publication_id left join ideas i on i.id = r.idea_id
  where r.order_line_id = e.order_line_id and r.role = e.role and r.member_id = yp.member_id) made on true
where e.payee_id = $1 and e.id = $2`

// Explain is one earning of a payee with where its amount and its date come from; fault.NotFound where it is
// somebody else's.
func Explain(ctx context.Context, q sqlx.QueryerContext, payeeID, id int64) (Explanation, error) {
	var x Explanation
	err := sqlx.GetContext(ctx, q, &x, selectExplained, payeeID, id)
	return x, postgres.Translate(err)
}

// Month is what a payee earned in one month in Paris, in minor units, without what was voided.
type Month struct {
	Start time.Time `db:"start"` // its first midnight in Paris
	Minor int64     `db:"minor"`
}

const selectMonths = `
select m at time zone 'Europe/Paris' as start, coalesce(sum(e.amount_minor - e.moved_minor - e.returned_minor), 0) as minor
from generate_series(date_trunc('month', $3::timestamptz at time zone 'Europe/Paris'), $4::timestamptz at time zone 'Europe/Paris', interval '1 month') m
left join earnings e on e.payee_id = $1 and e.currency = $2 and e.state <> 'voided'
  and e.earned_at >= m at time zone 'Europe/Paris' and e.earned_at < (m + interval '1 month') at time zone 'Europe/Paris'
group by m order by m`

// Months is what a payee earned in one currency in each month from one moment to another, months without anything too.
func Months(ctx context.Context, q sqlx.QueryerContext, payeeID int64, c money.Currency, from, to time.Time) ([]Month, error) {
	var ms []Month
	if err := sqlx.SelectContext(ctx, q, &ms, selectMonths, payeeID, c, from, to); err != nil {
		return nil, fmt.Errorf("sum months of payee %d: %w", payeeID, err)
	}
	return ms, nil
}
