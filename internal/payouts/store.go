package payouts

import (
	"context"
	"errors"

	"github.com/jmoiron/sqlx"

	"relais/internal/earnings"
	"relais/internal/fault"
	"relais/internal/postgres"
)

const selectPayee = `
select p.id, p.member_id, p.brand_id, coalesce(b.name, m.name) as name, coalesce(b.contact_email, m.email) as email, coalesce(b.lang, m.lang) as lang,
  p.stripe_account_id, coalesce(p.country, b.country) as country, p.details_submitted, p.transfers_active, p.payouts_enabled, p.disabled_reason, p.account_key, p.checked_at,
  coalesce(b.blocked_at, m.blocked_at) is not null as blocked, p.frozen_at, p.cadence, b.country as brand_country
from payees p left join members m on m.id = p.member_id left join brands b on b.id = p.brand_id`

func payeeWhere(ctx context.Context, q sqlx.QueryerContext, where string, args ...any) (Payee, error) {
	var p Payee
	err := sqlx.GetContext(ctx, q, &p, selectPayee+` where `+where, args...)
	if err = postgres.Translate(err); errors.Is(err, fault.NotFound) {
		err = ErrNotFound
	}
	return p, err
}

const selectPayout = `
select p.id, p.run_id, p.payee_id, coalesce(b.name, m.name) as payee_name, p.amount_minor as "amount.minor", p.currency as "amount.currency",
  p.from_posting, p.to_posting, p.destination, p.carried_minor, p.state, p.key, p.attempt, p.first_sent_at, p.tried_at, p.next_at, p.tries, p.look,
  p.last_error, p.parked_at, p.transfer_id, p.failure_code, p.failure, p.created_at, p.ended_at
from payouts p join payees y on y.id = p.payee_id left join members m on m.id = y.member_id left join brands b on b.id = y.brand_id`

func payoutWhere(ctx context.Context, q sqlx.QueryerContext, where string, args ...any) (Payout, error) {
	var p Payout
	err := sqlx.GetContext(ctx, q, &p, selectPayout+` where `+where, args...)
	if err = postgres.Translate(err); errors.Is(err, fault.NotFound) {
		err = ErrNotFound
	}
	return p, err
}

func payoutsWhere(ctx context.Context, q sqlx.QueryerContext, where string, args ...any) ([]Payout, error) {
	var ps []Payout
	err := sqlx.SelectContext(ctx, q, &ps, selectPayout+` where `+where, args...)
	return ps, postgres.Translate(err)
}

// PayeeOf is the payee of a member or brand, made when they first come to be paid.
func (s *Service) PayeeOf(ctx context.Context, o earnings.Owner) (Payee, error) {
	var id int64
	err := postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) (err error) {
		id, err = earnings.EnsurePayee(ctx, tx, o)
		return err
	})
	if err != nil {
		return Payee{}, err
	}
	return payeeWhere(ctx, s.db, `p.id = $1`, id)
}

// ByID is one payout of a payee, ErrNotFound where it is somebody else's; payeeID 0: whoever's.
func (s *Service) ByID(ctx context.Context, payeeID, id int64) (Payout, error) {
	return payoutWhere(ctx, s.db, `p.id = $1 and ($2 = 0 or p.payee_id = $2)`, id, payeeID)
}

// List is the newest payouts of a payee; payeeID 0: of everybody.
func (s *Service) List(ctx context.Context, payeeID int64, limit int) ([]Payout, error) {
	return payoutsWhere(ctx, s.db, `$1 = 0 or p.payee_id = $1 order by p.id desc limit $2`, payeeID, limit)
}

// Look is the payee of a member or brand without making one: an empty Payee where they never earned anything, whose
// Readiness is NoAccount.
func (s *Service) Look(ctx context.Context, o earnings.Owner) (Payee, error) {
	id, err := earnings.PayeeID(ctx, s.db, o)
	if errors.Is(err, fault.NotFound) {
		return Payee{}, nil
	}
	if err != nil {
		return Payee{}, err
	}
	return payeeWhere(ctx, s.db, `p.id = $1`, id)
}
