package reconcile

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/money"
	"relais/internal/postgres"
)

// How long money may be on its way until somebody must look. Keys at Stripe live a day: after 23 hours a transfer whose
// outcome is unknown may not be asked for again. Banks take up to ten days for a refund.
const (
	sendingFor   = 23 * time.Hour
	refundingFor = 10 * 24 * time.Hour
	strayFor     = 2 * 24 * time.Hour
	disputedFor  = 10 * 24 * time.Hour // after the decision
)

// overdue is money that has been on its way, or between two accounts, for longer than it may. $1: real time; $2: business time.
const overdue = `
select 'payout ' || p.id as object, p.currency::text, p.amount_minor as expected_minor, p.payee_id, null::bigint as order_id from payouts p
  where p.state in ('new','sending') and coalesce(p.first_sent_at, case when p.created_at < $2::timestamptz then $1::timestamptz - ($2::timestamptz - p.created_at) end)
    < $1::timestamptz - make_interval(secs => $3)
union all
select 'reversal ' || v.id, v.currency::text, v.amount_minor, v.payee_id, null from reversals v
  where v.state in ('new','sending') and coalesce(v.first_sent_at, $1::timestamptz - ($2::timestamptz - v.asked_at)) < $1::timestamptz - make_interval(secs => $3)
union all
select 'refund ' || r.id, r.currency::text, r.amount_minor, null, r.order_id from refunds r
  where not r.stray and r.state in ('new','pending','requires_action') and r.asked_at < $2::timestamptz - make_interval(secs => $4)
union all
select 'refund ' || r.id, r.currency::text, r.amount_minor, null, r.order_id from refunds r
  where r.stray and r.state <> 'succeeded' and r.asked_at < $2::timestamptz - make_interval(secs => $5) and not exists (
    select 1 from disputes d where d.payment_intent_id = r.payment_intent_id and (d.state in ('needs_response','under_review') or d.stray_refund_id = r.id))
union all
select 'dispute ' || d.id, d.currency::text, d.amount_minor, null, d.order_id from disputes d
  where d.state in ('needs_response','warning_needs_response') and d.due_by < $2::timestamptz
    or d.state = 'won' and d.withdrawn_minor <> 0 and d.decided_at < $2::timestamptz - make_interval(secs => $6)
    or d.state = 'lost' and d.booked = '' and d.decided_at < $2::timestamptz - make_interval(secs => $6)
order by 1`

func (s *Service) overdue(ctx context.Context, q sqlx.QueryerContext) ([]Difference, error) {
	var late []Difference
	err := sqlx.SelectContext(ctx, q, &late, overdue, s.clock(), s.now(), sendingFor.Seconds(), refundingFor.Seconds(), strayFor.Seconds(), disputedFor.Seconds())
	if err != nil {
		return nil, fmt.Errorf("look for what is overdue: %w", postgres.Translate(err))
	}
	for i := range late {
		late[i].Kind = ClearingOverdue
	}
	return late, nil
}

// changes are movements that Stripe lists otherwise than before.
const changes = `
select c.movement_id as object, c.currency::text, m.amount_minor - m.fee_minor as expected_minor, c.amount_minor - c.fee_minor as found_minor,
  (select payee_id from payouts where transfer_id = m.source) as payee_id, (select min(id) from orders where charge_id = m.source) as order_id
from (select distinct on (movement_id) * from stripe_movement_changes order by movement_id, seen_at desc) c join stripe_movements m on m.id = c.movement_id`

func (s *Service) changed(ctx context.Context, q sqlx.QueryerContext) ([]Difference, error) {
	var found []Difference
	if err := sqlx.SelectContext(ctx, q, &found, changes); err != nil {
		return nil, fmt.Errorf("look for changed movements: %w", postgres.Translate(err))
	}
	for i := range found {
		found[i].Kind = MovementChanged
	}
	return found, nil
}

// brokenRules are the invariants of the books that do not hold.
func (s *Service) brokenRules(ctx context.Context) ([]Difference, error) {
	findings, err := s.audit(ctx, s.db)
	if err != nil {
		return nil, err
	}
	var broken []Difference
	for _, f := range findings {
		if f.Count > 0 {
			broken = append(broken, Difference{Kind: BooksBroken, Object: f.Name, Found: f.Count})
		}
	}
	return broken, nil
}

func currency(s string) money.Currency { return money.Currency(s) }
