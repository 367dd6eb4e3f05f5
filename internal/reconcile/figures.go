package reconcile

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/money"
	"relais/internal/postgres"
)

// RunRow is one reconciliation. All times are real.
type RunRow struct {
	ID          int64      `db:"id"`
	Whole       bool       `db:"whole"`
	StartedAt   time.Time  `db:"started_at"`
	EndedAt     *time.Time `db:"ended_at"`
	Movements   int64      `db:"movements"`
	Recovered   int64      `db:"recovered"`
	Differences int64      `db:"differences"`
	Error       string     `db:"error"`
}

const selectRun = `select id, whole, started_at, ended_at, movements, recovered, differences, error from reconcile_runs `

// LastRun is the newest run that has ended, nil where there was none.
func (s *Service) LastRun(ctx context.Context) (*RunRow, error) {
	return runWhere(ctx, s.db, `where ended_at is not null order by id desc limit 1`)
}

func lastGood(ctx context.Context, q sqlx.QueryerContext) (*RunRow, error) {
	return runWhere(ctx, q, `where ended_at is not null and error = '' order by started_at desc limit 1`)
}

func runWhere(ctx context.Context, q sqlx.QueryerContext, where string) (*RunRow, error) {
	var r RunRow
	err := sqlx.GetContext(ctx, q, &r, selectRun+where)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &r, postgres.Translate(err)
}

// Figures is one currency at Stripe, as it was last read, beside what the books say now. Minor units.
type Figures struct {
	Currency  money.Currency `db:"currency"`
	Available int64          `db:"available_minor"`
	Pending   int64          `db:"pending_minor"`
	Reserved  int64          `db:"reserved_minor"`
	Apart     int64          `db:"apart_minor"`
	ReadAt    *time.Time     `db:"read_at"` // business time; nil: Stripe was never asked
	Booked    int64          `db:"stripe"`  // minus the sum of our account stripe
	Held      int64          `db:"held"`
	Free      int64          `db:"free"`
	Paying    int64          `db:"paying"`
	Debt      int64          `db:"debt"` // not above 0
	Fees      int64          `db:"fees"`
	VAT       int64          `db:"vat"`
	Costs     int64          `db:"costs"`  // not above 0
	Losses    int64          `db:"losses"` // not above 0
	Disputed  int64          `db:"disputed"`
	Suspense  int64          `db:"suspense"`
	Bank      int64          `db:"bank"` // less than 0 by what lies at our bank
}

// Total is what the platform has at Stripe.
func (f Figures) Total() int64 { return f.Available + f.Pending + f.Reserved }

// Owed is what belongs to others: payees, buyers whose money is on its way back, the state.
func (f Figures) Owed() int64 { return f.Held + f.Free + f.Paying + f.Suspense + f.VAT }

// Sweepable is what may go to our own bank now.
func (f Figures) Sweepable() int64 { return Sweepable(f.Available, f.Owed()) }

// selectFigures sums payees' accounts by their balances, and the platform's by their postings.
const selectFigures = `
with sums as (
  select a.kind, a.currency, coalesce(sum(b.balance), 0) as minor from ledger_accounts a join ledger_balances b on b.account_id = a.id group by 1, 2
union all
  select a.kind, a.currency, coalesce((select sum(amount) from ledger_postings where destination_account_id = a.id), 0)
    - coalesce((select sum(amount) from ledger_postings where source_account_id = a.id), 0) from ledger_accounts a where not a.payee),
books as (
  select currency, coalesce(-sum(minor) filter (where kind = 'stripe'), 0)::bigint as stripe, coalesce(sum(minor) filter (where kind = 'held'), 0)::bigint as held,
    coalesce(sum(minor) filter (where kind = 'free'), 0)::bigint as free, coalesce(sum(minor) filter (where kind = 'paying'), 0)::bigint as paying,
    coalesce(sum(minor) filter (where kind = 'debt'), 0)::bigint as debt, coalesce(sum(minor) filter (where kind = 'fees'), 0)::bigint as fees,
    coalesce(sum(minor) filter (where kind = 'vat'), 0)::bigint as vat, coalesce(sum(minor) filter (where kind = 'costs'), 0)::bigint as costs,
    coalesce(sum(minor) filter (where kind = 'losses'), 0)::bigint as losses, coalesce(sum(minor) filter (where kind = 'disputed'), 0)::bigint as disputed,
    coalesce(sum(minor) filter (where kind = 'suspense'), 0)::bigint as suspense, coalesce(sum(minor) filter (where kind = 'bank'), 0)::bigint as bank
  from sums group by currency)
select coalesce(f.currency, b.currency)::text as currency, coalesce(available_minor, 0) as available_minor, coalesce(pending_minor, 0) as pending_minor,
  coalesce(reserved_minor, 0) as reserved_minor, coalesce(apart_minor, 0) as apart_minor, read_at, coalesce(stripe, 0) as stripe, coalesce(held, 0) as held,
  coalesce(free, 0) as free, coalesce(paying, 0) as paying, coalesce(debt, 0) as debt, coalesce(fees, 0) as fees, coalesce(vat, 0) as vat, coalesce(costs, 0) as costs,
  coalesce(losses, 0) as losses, coalesce(disputed, 0) as disputed, coalesce(suspense, 0) as suspense, coalesce(bank, 0) as bank
from stripe_funds f full join books b using (currency) order by coalesce(f.currency, b.currency)`

// Figures is what lies at Stripe beside the books, one row per currency.
func (s *Service) Figures(ctx context.Context) ([]Figures, error) {
	var fs []Figures
	if err := s.db.SelectContext(ctx, &fs, selectFigures); err != nil {
		return nil, fmt.Errorf("figures at Stripe and in the books: %w", postgres.Translate(err))
	}
	return fs, nil
}

// Month is what the platform earned and paid in one month, in Paris, in one currency. Minor units; what it paid is less than 0.
type Month struct {
	Start    time.Time      `db:"start"` // its first moment in UTC of the calendar's month
	Currency money.Currency `db:"currency"`
	Fees     int64          `db:"fees"` // without the tax in them
	VAT      int64          `db:"vat"`  // owed to the state: no revenue
	Costs    int64          `db:"costs"`
	Losses   int64          `db:"losses"`
}

// Net is what is left to the platform.
func (m Month) Net() int64 { return m.Fees + m.Costs + m.Losses }

const selectMonths = `
select date_trunc('month', t.at at time zone 'Europe/Paris') at time zone 'UTC' as start, t.currency::text,
  coalesce(sum(l.minor) filter (where l.kind = 'fees'), 0)::bigint as fees, coalesce(sum(l.minor) filter (where l.kind = 'vat'), 0)::bigint as vat,
  coalesce(sum(l.minor) filter (where l.kind = 'costs'), 0)::bigint as costs, coalesce(sum(l.minor) filter (where l.kind = 'losses'), 0)::bigint as losses
from ledger_transactions t join lateral (
  select a.kind, case when p.destination_account_id = a.id then p.amount else -p.amount end as minor from ledger_postings p
  join ledger_accounts a on a.id in (p.source_account_id, p.destination_account_id) and a.kind in ('fees','vat','costs','losses') where p.transaction_id = t.id) l on true
where t.at >= $1 group by 1, 2 order by 1 desc, 2`

// Months is the platform's revenue by month since that time, the newest first.
func (s *Service) Months(ctx context.Context, since time.Time) ([]Month, error) {
	var ms []Month
	if err := s.db.SelectContext(ctx, &ms, selectMonths, since); err != nil {
		return nil, fmt.Errorf("revenue by month: %w", postgres.Translate(err))
	}
	return ms, nil
}
