package reviews

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jmoiron/sqlx"

	"relais/internal/postgres"
)

const selectReview = `
select r.id, r.earning_id, r.doubts, r.opened_at, r.due_at, r.state, r.decided_as, r.decided_by, r.decided_at, r.why, r.kept_earning_id, r.appealed_at, r.appeal_text,
  r.appeal_due_at, r.appeal_state, r.appeal_at, r.appeal_why, e.order_id, o.number as order_number, l.id as order_line_id, b.id as brand_id, b.name as brand_name,
  b.handle as brand_handle, m.id as member_id, m.name as member_name, m.handle as member_handle, l.title, o.paid_at, e.amount_minor + coalesce(g.amount_minor, 0) as "amount.minor", e.currency as "amount.currency", case when k.member_id is null then 'none' else a.rule end as rule, c.at as clicked_at
from reviews r join earnings e on e.id = r.earning_id join order_lines l on l.id = e.order_line_id join orders o on o.id = e.order_id
join brands b on b.id = l.brand_id join payees p on p.id = e.payee_id join members m on m.id = p.member_id
left join earnings g on g.shipment_id = e.shipment_id and g.order_line_id = e.order_line_id and g.payee_id = e.payee_id and g.role = 'margin' and g.id <> e.id
left join attributions a on a.order_line_id = l.id left join attribution_credits k on k.order_line_id = l.id and k.member_id = m.id
left join clicks c on c.id = k.click_id and c.at > o.placed_at - interval '91 days' and c.at <= o.placed_at`

type reviewRow struct {
	Review
	Doubted []byte `db:"doubts"`
}

func selectReviews(ctx context.Context, q sqlx.QueryerContext, where string, args ...any) ([]Review, error) {
	var rows []reviewRow
	if err := sqlx.SelectContext(ctx, q, &rows, selectReview+" "+where, args...); err != nil {
		return nil, fmt.Errorf("read reviews: %w", postgres.Translate(err))
	}
	list := make([]Review, len(rows))
	for i, r := range rows {
		list[i] = r.Review
		if err := json.Unmarshal(r.Doubted, &list[i].Doubts); err != nil {
			return nil, fmt.Errorf("read the doubts of review %d: %w", r.ID, err)
		}
	}
	return list, nil
}

func one(list []Review, err error) (Review, error) {
	if err == nil && len(list) == 0 {
		err = ErrGone
	}
	if err != nil {
		return Review{}, err
	}
	return list[0], nil
}

// ByID is one review of a brand's sales; brandID 0: whichever brand's. ErrGone.
func ByID(ctx context.Context, q sqlx.QueryerContext, brandID, id int64) (Review, error) {
	return one(selectReviews(ctx, q, `where r.id = $1 and ($2 = 0 or b.id = $2)`, id, brandID))
}

// OfEarning is the review of a commission or margin, or of the one that a brand's share was kept of, or nil.
func OfEarning(ctx context.Context, q sqlx.QueryerContext, earningID int64) (*Review, error) {
	return first(selectReviews(ctx, q, `where r.earning_id in (select c.id from earnings x left join earnings f on f.id = x.from_earning_id and x.role = 'kept'
  join earnings c on c.shipment_id = x.shipment_id and c.order_line_id = x.order_line_id and c.payee_id = coalesce(f.payee_id, x.payee_id) and c.from_earning_id is null
  where x.id = $1)`, earningID))
}

const selectAlongside = `
select g.id from earnings e join earnings g on g.shipment_id = e.shipment_id and g.order_line_id = e.order_line_id and g.payee_id = e.payee_id
where e.id = $1 and g.role = 'margin' and g.id <> e.id`

// alongside is the member's margin on the line whose commission is reviewed; 0 where there is none. Whatever becomes of the commission becomes
// of it: both are of one sale, and of one member.
func alongside(ctx context.Context, q sqlx.QueryerContext, earningID int64) (int64, error) {
	var ids []int64
	if err := sqlx.SelectContext(ctx, q, &ids, selectAlongside, earningID); err != nil || len(ids) == 0 {
		return 0, postgres.Translate(err)
	}
	return ids[0], nil
}

// OfSale is the review of a member's commission on an order line, or nil.
func OfSale(ctx context.Context, q sqlx.QueryerContext, memberID, orderLineID int64) (*Review, error) {
	return first(selectReviews(ctx, q, `where m.id = $1 and l.id = $2 order by r.id desc limit 1`, memberID, orderLineID))
}

func first(list []Review, err error) (*Review, error) {
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}

// Listed is how many of each kind a queue shows.
const Listed = 100

// Opened are the reviews that wait for a decision, the one that ends first before the others; brandID 0: of every brand.
func Opened(ctx context.Context, q sqlx.QueryerContext, brandID int64) ([]Review, error) {
	return selectReviews(ctx, q, `where r.state = 'open' and ($1 = 0 or b.id = $1) order by r.due_at, r.id limit $2`, brandID, Listed)
}

// Appealed are the appeals that wait for the platform, the oldest first.
func Appealed(ctx context.Context, q sqlx.QueryerContext) ([]Review, error) {
	return selectReviews(ctx, q, `where r.appeal_state = 'open' order by r.appeal_due_at, r.id limit $1`, Listed)
}

// Ended are the reviews that were decided last.
func Ended(ctx context.Context, q sqlx.QueryerContext, brandID int64) ([]Review, error) {
	return selectReviews(ctx, q, `where r.state <> 'open' and r.appeal_state <> 'open' and ($1 = 0 or b.id = $1) order by coalesce(r.appeal_at, r.decided_at) desc, r.id desc limit 30`, brandID)
}

const insertReview = `
insert into reviews (earning_id, doubts, opened_at, due_at) values ($1, $2, $3, $4) on conflict on constraint reviews_earning_key do nothing returning id`

const updateDecided = `
update reviews set state = $2, decided_as = $3, decided_by = nullif($4::bigint, 0), decided_at = $5, why = $6, kept_earning_id = nullif($7::bigint, 0) where id = $1`

const updateAppealed = `
update reviews set appealed_at = $2, appeal_text = $3, appeal_due_at = $4, appeal_state = 'open' where id = $1`

const updateAppealDecided = `
update reviews set appeal_state = $2, appeal_by = $3, appeal_at = $4, appeal_why = $5 where id = $1`
