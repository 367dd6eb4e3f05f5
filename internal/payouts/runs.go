package payouts

import (
	"context"
	"errors"
	"time"

	"relais/internal/earnings"
	"relais/internal/fault"
	"relais/internal/money"
	"relais/internal/postgres"
)

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

// RunRow is one run with what became of its payouts in one currency.
type RunRow struct {
	ID        int64          `db:"id"`
	StartedBy string         `db:"started_by"` // a member's name; empty: the schedule or the command line
	StartedAt time.Time      `db:"started_at"`
	EndedAt   *time.Time     `db:"ended_at"`
	Currency  money.Currency `db:"currency"` // EUR where the run made nothing
	Made      int64          `db:"made"`
	Sent      int64          `db:"sent"`
	Failed    int64          `db:"failed"`
	SentMinor int64          `db:"sent_minor"`
}

// Amount is what the run's transfers come to.
func (r RunRow) Amount() money.Amount { return money.New(r.SentMinor, r.Currency) }

const selectRuns = `
select r.id, coalesce(m.name, '') as started_by, r.started_at, r.ended_at, coalesce(p.currency, 'EUR') as currency, count(p.id) as made,
  count(p.id) filter (where p.state = 'sent') as sent, count(p.id) filter (where p.state = 'failed') as failed,
  coalesce(sum(p.amount_minor) filter (where p.state = 'sent'), 0) as sent_minor
from (select id, started_by, started_at, ended_at from payout_runs order by id desc limit $1) r
left join payouts p on p.run_id = r.id left join members m on m.id = r.started_by
group by r.id, m.name, r.started_at, r.ended_at, p.currency order by r.id desc, p.currency`

// Runs is the newest runs, one row for each currency that they paid in.
func (s *Service) Runs(ctx context.Context, limit int) ([]RunRow, error) {
	var rs []RunRow
	err := s.db.SelectContext(ctx, &rs, selectRuns, limit)
	return rs, postgres.Translate(err)
}

// Failures is the newest payouts that Stripe refused. Their money is free again and goes with the next run.
func (s *Service) Failures(ctx context.Context, limit int) ([]Payout, error) {
	var ps []Payout
	err := s.db.SelectContext(ctx, &ps, selectPayout+` where p.state = 'failed' order by p.id desc limit $1`, limit)
	return ps, postgres.Translate(err)
}
