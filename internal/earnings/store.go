package earnings

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/money"
	"relais/internal/postgres"
)

const insertPayee = `
insert into payees (member_id, brand_id) values (nullif($1::bigint, 0), nullif($2::bigint, 0)) on conflict do nothing`

const selectPayee = `
select id from payees where member_id = nullif($1::bigint, 0) or brand_id = nullif($2::bigint, 0)`

// EnsurePayee finds the payee of a member or brand, and makes it at their first earning.
func EnsurePayee(ctx context.Context, tx *sqlx.Tx, o Owner) (int64, error) {
	if _, err := tx.ExecContext(ctx, insertPayee, o.MemberID, o.BrandID); err != nil {
		return 0, fmt.Errorf("make payee: %w", err)
	}
	return PayeeID(ctx, tx, o)
}

// PayeeID is the payee of a member or brand; fault.NotFound where they never earned anything.
func PayeeID(ctx context.Context, q sqlx.QueryerContext, o Owner) (int64, error) {
	var id int64
	err := sqlx.GetContext(ctx, q, &id, selectPayee, o.MemberID, o.BrandID)
	return id, postgres.Translate(err)
}

const insertEarning = `
insert into earnings (payee_id, order_id, shipment_id, order_line_id, role, amount_minor, currency, base_minor, rate_bps,
  reason, free_at, earned_at, part_bps)
values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,coalesce(nullif($13::integer, 0), 10000))`

func insert(ctx context.Context, tx *sqlx.Tx, e Earning) error {
	_, err := tx.ExecContext(ctx, insertEarning, e.PayeeID, e.OrderID, e.ShipmentID, e.OrderLineID, e.Role, e.Amount.Minor,
		e.Amount.Currency, e.BaseMinor, e.RateBps, e.Reason, e.FreeAt, e.EarnedAt, e.PartBps)
	return postgres.Translate(err)
}

// columns of a stored earning, without what is joined for reading.
const columns = `e.id, e.payee_id, e.order_id, e.shipment_id, e.order_line_id, e.role, e.amount_minor as "amount.minor",
  e.currency as "amount.currency", e.base_minor, e.rate_bps, e.part_bps, e.state, e.reason, e.free_at, e.free_at_known, e.earned_at,
  e.released_at, e.voided_at, e.free_posting_id, e.returned_minor, e.released_minor, e.moved_minor, e.from_earning_id`

// blocked says whether the payee of an earning is blocked by Relais.
const blocked = `exists (select 1 from payees y left join members m on m.id = y.member_id left join brands b on b.id = y.brand_id
  where y.id = e.payee_id and coalesce(m.blocked_at, b.blocked_at) is not null)`

const lockOrder = `select ` + columns + ` from earnings e where e.order_id = $1 order by e.id for update`

func lockByOrder(ctx context.Context, tx *sqlx.Tx, orderID int64) ([]Earning, error) {
	var es []Earning
	err := tx.SelectContext(ctx, &es, lockOrder, orderID)
	return es, postgres.Translate(err)
}

// due earnings, the oldest first, leaving out what another worker has in hand, and those of members and brands who are
// blocked: theirs wait, and come free when the block is lifted.
const lockDue = `select ` + columns + ` from earnings e
where e.state = 'held' and e.free_at_known and e.free_at <= $1 and not ` + blocked + `
order by e.free_at, e.id limit $2 for update skip locked`

func lockDueEarnings(ctx context.Context, tx *sqlx.Tx, now time.Time, limit int) ([]Earning, error) {
	var es []Earning
	err := tx.SelectContext(ctx, &es, lockDue, now, limit)
	return es, postgres.Translate(err)
}

const updateReleased = `
update earnings set state = 'free', reason = 'released', released_at = $2, free_posting_id = $3, released_minor = $4 where id = $1`

// What is voided counts too: its refund may fail after the delivery, and then it has its day like the others.
const updateShipped = `
update earnings set reason = case when state = 'held' then 'awaiting_delivery' else reason end,
  free_at = $2::timestamptz + (free_at - earned_at)
where shipment_id = $1 and state in ('held','frozen','voided') and not free_at_known`

// The hold of a line is that of the terms it was sold under; the delivery cost waits for the longest of its shipment.
const selectToSettle = `
select e.id, coalesce(
    (select t.hold_days from order_lines l join terms t on t.id = l.terms_id where l.id = e.order_line_id),
    (select max(t.hold_days) from order_lines l join terms t on t.id = l.terms_id where l.shipment_id = e.shipment_id)) as hold_days,
  (select withdrawal_days from orders o where o.id = e.order_id) as withdrawal_days
from earnings e where e.shipment_id = $1 and e.state in ('held','frozen','voided') and not e.free_at_known order by e.id for update`

const updateSettled = `
update earnings set free_at = $2, free_at_known = true, reason = case when state <> 'held' then reason when $3 = 0 then 'brand_hold' else 'withdrawal_period' end where id = $1`

// Total is what a payee has in one currency, in minor units. Held, Frozen, Free, Paying and Owed are what their accounts in the
// books have now; Paid is what was sent to them, Returned what they gave back of their earnings over time.
type Total struct {
	Currency money.Currency `db:"currency"`
	Held     int64          `db:"held"`
	Frozen   int64          `db:"frozen"`
	Free     int64          `db:"free"`
	Paying   int64          `db:"paying"`
	Paid     int64          `db:"paid"`
	Owed     int64          `db:"owed"` // what they owe: netted from what comes free next
	Voided   int64          `db:"voided"`
	NextAt   *time.Time     `db:"next_at"` // when the next held earning comes free
}

// Amount pairs one of the sums with its currency.
func (t Total) Amount(minor int64) money.Amount { return money.New(minor, t.Currency) }

const joinPayout = `
left join payouts p on p.payee_id = e.payee_id and p.currency = e.currency and p.state <> 'failed'
  and e.free_posting_id > p.from_posting and e.free_posting_id < p.to_posting`

const shownState = `case when e.state = 'held' and ` + blocked + ` then 'frozen' when e.state = 'free' and p.state = 'sent' then 'paid' when e.state = 'free' and p.id is not null then 'paying' else e.state end`

// shownReason is why an earning waits, as people read it.
const shownReason = `case when e.state = 'held' and ` + blocked + ` then 'blocked' else e.reason end`

const selectTotals = `
select c.currency, coalesce(b.held, 0) - coalesce(e.frozen, 0) as held, coalesce(e.frozen, 0) as frozen, coalesce(b.free, 0) as free,
  coalesce(b.paying, 0) as paying, coalesce(-b.debt, 0) as owed, coalesce(e.voided, 0) as voided, e.next_at,
  coalesce((select sum(p.amount_minor) from payouts p where p.payee_id = $1 and p.currency = c.currency and p.state = 'sent'), 0)::bigint as paid
from (select distinct currency from ledger_accounts where owner_id = $1 and payee) c
left join lateral (select max(l.balance) filter (where a.kind = 'held') as held, max(l.balance) filter (where a.kind = 'free') as free,
    max(l.balance) filter (where a.kind = 'paying') as paying, max(l.balance) filter (where a.kind = 'debt') as debt
  from ledger_accounts a join ledger_balances l on l.account_id = a.id where a.owner_id = $1 and a.payee and a.currency = c.currency) b on true
left join lateral (select sum(x.left_minor) filter (where x.state = 'frozen')::bigint as frozen, sum(x.returned_minor)::bigint as voided,
    min(x.free_at) filter (where x.state = 'held') as next_at
  from (select e.amount_minor - e.moved_minor - e.returned_minor as left_minor, e.returned_minor, e.free_at, ` + shownState + ` as state
    from earnings e` + joinPayout + ` where e.payee_id = $1 and e.currency = c.currency and (e.state <> 'free' or e.returned_minor > 0)) x) e on true
order by c.currency`

// Totals is what a payee has, by currency and state; empty where they never earned anything.
func Totals(ctx context.Context, q sqlx.QueryerContext, payeeID int64) ([]Total, error) {
	var ts []Total
	err := sqlx.SelectContext(ctx, q, &ts, selectTotals, payeeID)
	return ts, postgres.Translate(err)
}

const selectShown = `
select e.id, e.payee_id, e.order_id, e.shipment_id, e.order_line_id, e.role, e.amount_minor as "amount.minor",
  e.currency as "amount.currency", e.base_minor, e.rate_bps, e.part_bps, ` + shownState + ` as state, ` + shownReason + ` as reason, e.free_at,
  e.free_at_known, e.earned_at, e.released_at, e.voided_at, e.free_posting_id, e.returned_minor, e.released_minor, e.moved_minor, e.from_earning_id, p.id as payout_id, p.ended_at as paid_at, o.number as order_number,
  coalesce(l.title, '') as product_title, case when pr.state <> 'typed' then pr.slug else '' end as product_slug, coalesce(l.quantity, 1) as quantity, b.name as brand_name, coalesce(ym.name, b.name) as payee_name,
  coalesce(ym.id, 0) as member_id
from earnings e` + joinPayout + `
join orders o on o.id = e.order_id join shipments s on s.id = e.shipment_id join brands b on b.id = s.brand_id
join payees yp on yp.id = e.payee_id left join members ym on ym.id = yp.member_id
left join order_lines l on l.id = e.order_line_id left join products pr on pr.id = l.product_id`

// Filter chooses earnings of a payee; the zero value is the newest 50.
type Filter struct {
	State  State // a shown state; empty: all
	Before int64 // only ids below; 0: from the newest
	Limit  int   // 0: 50
}

// List is a payee's earnings, newest first.
func List(ctx context.Context, q sqlx.QueryerContext, payeeID int64, f Filter) ([]Earning, error) {
	if f.Limit <= 0 {
		f.Limit = 50
	}
	var es []Earning
	err := sqlx.SelectContext(ctx, q, &es, selectShown+`
where e.payee_id = $1 and ($2 = '' or `+shownState+` = $2) and ($3 = 0 or e.id < $3) order by e.id desc limit $4`,
		payeeID, f.State, f.Before, f.Limit)
	return es, postgres.Translate(err)
}

// ByID is one earning of a payee; fault.NotFound where it is somebody else's.
func ByID(ctx context.Context, q sqlx.QueryerContext, payeeID, id int64) (Earning, error) {
	var e Earning
	err := sqlx.GetContext(ctx, q, &e, selectShown+` where e.payee_id = $1 and e.id = $2`, payeeID, id)
	return e, postgres.Translate(err)
}

// OfOrder is every earning of an order, the brand's first, for its explanation.
func OfOrder(ctx context.Context, q sqlx.QueryerContext, orderID int64) ([]Earning, error) {
	var es []Earning
	err := sqlx.SelectContext(ctx, q, &es, selectShown+` where e.order_id = $1 order by e.shipment_id, e.order_line_id nulls last, e.role desc`, orderID)
	return es, postgres.Translate(err)
}

// OfPayout is the earnings that a payout pays, in the order in which they came free.
func OfPayout(ctx context.Context, q sqlx.QueryerContext, payoutID int64) ([]Earning, error) {
	var es []Earning
	err := sqlx.SelectContext(ctx, q, &es, selectShown+` where p.id = $1 order by e.free_posting_id`, payoutID)
	return es, postgres.Translate(err)
}
