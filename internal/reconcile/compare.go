package reconcile

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/payments"
	"relais/internal/postgres"
)

// window is what a comparison looks at: objects of which either side got something new, and those that differ already. What
// was equal stays equal while nothing is added to it, for nothing is ever changed.
type window struct {
	SeenSince time.Time `db:"seen_since"` // real time at which movements were seen
	After     int64     `db:"after"`      // transactions of the books with a greater id
}

// differing are the objects of which the two sides have not the same, one row per currency, by object. $1: movements seen since; $2:
// transactions after; $3: the kinds of difference that are about objects.
const differing = `
with touched as materialized (
  select object from stripe_legs where seen_at >= $1
  union select object from ledger_objects where transaction_id > $2
  union select object from differences where resolved_at is null and kind = any($3::text[])),
theirs as (
  select l.object, l.currency::text, sum(l.minor)::bigint as minor, max(l.seen_at) as at, bool_and(l.fee) as fee, bool_or(l.treatment = 'unknown') as strange,
    min(l.movement_id) as movement_id
  from touched join stripe_legs l using (object) group by l.object, l.currency),
ours as (
  select o.object, t.currency::text, sum(case when a.kind = 'stripe' then p.amount else -p.amount end)::bigint as minor, max(t.created_at) as at
  from touched join ledger_objects o using (object) join ledger_transactions t on t.id = o.transaction_id join ledger_postings p on p.transaction_id = t.id
  join ledger_accounts a on a.id = p.source_account_id join ledger_accounts b on b.id = p.destination_account_id
  where 'stripe' in (a.kind, b.kind) group by o.object, t.currency
union all   -- bookings that name no object are compared with nothing
  select t.reference, t.currency::text, sum(case when a.kind = 'stripe' then p.amount else -p.amount end)::bigint, max(t.created_at)
  from ledger_transactions t join ledger_postings p on p.transaction_id = t.id
  join ledger_accounts a on a.id = p.source_account_id join ledger_accounts b on b.id = p.destination_account_id
  where 'stripe' in (a.kind, b.kind) and not exists (select 1 from ledger_objects o where o.transaction_id = t.id)
    and (t.id > $2 or t.reference in (select object from touched)) group by t.reference, t.currency),
apart as (
  select coalesce(ours.object, theirs.object) as object, coalesce(ours.currency, theirs.currency) as currency, coalesce(ours.minor, 0) as booked,
    coalesce(theirs.minor, 0) as moved, ours.at as booked_at, theirs.at as moved_at, coalesce(theirs.fee, false) as fee, coalesce(theirs.strange, false) as unknown,
    coalesce(m.category, '') as category, coalesce(nullif(m.source, ''), ours.object, theirs.object) as source
  from ours full join theirs on theirs.object = ours.object and theirs.currency = ours.currency left join stripe_movements m on m.id = theirs.movement_id
  where coalesce(ours.minor, 0) <> coalesce(theirs.minor, 0))
select object, currency, booked, moved, booked_at, moved_at, fee, unknown, category,
  exists (select 1 from refunds r where r.stripe_id = source and r.state in ('pending','requires_action')) as pending,
  coalesce((select payee_id from payouts where transfer_id = source), (select payee_id from reversals where stripe_id = source)) as payee_id,
  coalesce((select min(id) from orders where charge_id = source), (select order_id from refunds where stripe_id = source),
    (select order_id from disputes where stripe_id = source), (select id from orders where source = 'order:' || id || ':paid')) as order_id
from apart order by object, currency`

// compare judges every object of the window. known is the sum of what moved at Stripe and is not booked, less what is booked and did
// not move, by currency: also of what is too young to be a difference.
func (s *Service) compare(ctx context.Context, q sqlx.QueryerContext, w window) (found []Difference, known map[string]int64, err error) {
	kinds := make([]string, 0, len(byObject()))
	for _, k := range byObject() {
		kinds = append(kinds, string(k))
	}
	rows, err := q.QueryxContext(ctx, differing, w.SeenSince, w.After, pq.Array(kinds))
	if err != nil {
		return nil, nil, fmt.Errorf("compare with Stripe: %w", postgres.Translate(err))
	}
	defer rows.Close()
	known = map[string]int64{}
	now := s.clock()
	var sides []Pair
	judge := func() {
		found, sides = append(found, Judge(sides, now)...), sides[:0]
	}
	for rows.Next() {
		var p Pair
		if err := rows.StructScan(&p); err != nil {
			return nil, nil, fmt.Errorf("compare with Stripe: %w", err)
		}
		known[p.Currency] += p.Moved - p.Booked
		if len(sides) > 0 && sides[0].Object != p.Object {
			judge()
		}
		sides = append(sides, p)
	}
	judge()
	return found, known, postgres.Translate(rows.Err())
}

// booked is what the books say lies at Stripe, by currency.
const booked = `
select a.currency::text, coalesce((select sum(amount) from ledger_postings where source_account_id = a.id), 0)::bigint
  - coalesce((select sum(amount) from ledger_postings where destination_account_id = a.id), 0)::bigint as minor
from ledger_accounts a where a.kind = 'stripe'`

// sides is one look at both sides.
type sides struct {
	Found []Difference
	Funds []fund
	Apart bool // in some currency the balance has more or less than the objects explain
}

// fund is Stripe's balance in one currency beside ours, in minor units.
type fund struct {
	payments.Funds
	Booked int64
	Apart  int64
}

func (f fund) total() int64 { return f.Available + f.Pending + f.Reserved }

// look compares objects and balances of one snapshot of the books with what Stripe says it has.
func (s *Service) look(ctx context.Context, w window, funds []payments.Funds) (sides, error) {
	tx, err := s.db.BeginTxx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return sides{}, fmt.Errorf("compare with Stripe: %w", err)
	}
	defer tx.Rollback()
	var out sides
	var known map[string]int64
	if out.Found, known, err = s.compare(ctx, tx, w); err != nil {
		return out, err
	}
	var sums []struct {
		Currency string `db:"currency"`
		Minor    int64  `db:"minor"`
	}
	if err := tx.SelectContext(ctx, &sums, booked); err != nil {
		return out, fmt.Errorf("sum the account at Stripe: %w", err)
	}
	at := map[string]int{}
	for _, f := range funds {
		at[string(f.Currency)] = len(out.Funds)
		out.Funds = append(out.Funds, fund{Funds: f})
	}
	for _, sum := range sums {
		i, there := at[sum.Currency]
		if !there {
			i = len(out.Funds)
			out.Funds = append(out.Funds, fund{Funds: payments.Funds{Currency: currency(sum.Currency)}})
		}
		out.Funds[i].Booked = sum.Minor
	}
	for i := range out.Funds {
		f := &out.Funds[i]
		f.Apart = Apart(f.total(), f.Booked, known[string(f.Currency)])
		out.Apart = out.Apart || f.Apart != 0
	}
	return out, nil
}

// settle looks at both sides while Stripe's balance stands still, and again, a few times, while it does not or something is
// unexplained: what moves in that moment is no difference. steady false: it never stood still, and nothing is said of balances.
func (s *Service) settle(ctx context.Context, w window, fed *int64) (out sides, steady bool, err error) {
	for range 3 {
		before, err := s.books.Funds(ctx)
		if err != nil {
			return out, false, fmt.Errorf("read the balance at Stripe: %w", err)
		}
		fresh, err := s.Feed(ctx)
		*fed += fresh
		if err != nil {
			return out, false, err
		}
		after, err := s.books.Funds(ctx)
		if err != nil {
			return out, false, fmt.Errorf("read the balance at Stripe: %w", err)
		}
		if out, err = s.look(ctx, w, after); err != nil {
			return out, false, err
		}
		if steady = same(before, after); steady && !out.Apart {
			break
		}
	}
	return out, steady, nil
}

// same reports whether the balances have the same totals; what settles moves only inside them.
func same(a, b []payments.Funds) bool {
	totals := map[string]int64{}
	for _, f := range a {
		totals[string(f.Currency)] += f.Available + f.Pending + f.Reserved
	}
	for _, f := range b {
		totals[string(f.Currency)] -= f.Available + f.Pending + f.Reserved
	}
	for _, t := range totals {
		if t != 0 {
			return false
		}
	}
	return true
}

// Transfers that nothing of ours recorded: how many are looked up in one run, and among how many payouts each.
const (
	lookups    = 20
	candidates = 20
)

// selectCandidates are payouts that a transfer of that amount could be of: those about as old, the nearest first.
const selectCandidates = `
select p.id, p.payee_id, p.key, coalesce(p.transfer_id, '') as transfer_id from payouts p join stripe_movements m on m.source = $1 and m.treatment = 'source'
where p.currency = $2 and p.amount_minor = $3 and p.created_at between m.created - interval '30 days' and m.created + interval '30 days'
order by abs(extract(epoch from p.created_at - m.created)) limit $4`

// attribute asks Stripe whose transfers those are that the books lack. One of a payout that has another transfer was paid twice.
func (s *Service) attribute(ctx context.Context, found []Difference) error {
	asked := 0
	for i := range found {
		d := &found[i]
		if d.Kind != MissingInBooks || !strings.HasPrefix(d.Object, "tr_") {
			continue
		}
		if asked++; asked > lookups {
			return nil
		}
		var of []struct {
			ID       int64  `db:"id"`
			PayeeID  int64  `db:"payee_id"`
			Key      string `db:"key"`
			Transfer string `db:"transfer_id"`
		}
		if err := s.db.SelectContext(ctx, &of, selectCandidates, d.Object, d.Currency, -d.Found, candidates); err != nil {
			return fmt.Errorf("payouts that %s could be of: %w", d.Object, err)
		}
		for _, p := range of {
			sent, err := s.transfers.FindTransfers(ctx, "payout_"+strconv.FormatInt(p.ID, 10)+"_"+p.Key)
			if err != nil {
				return fmt.Errorf("transfers of payout %d: %w", p.ID, err)
			}
			for _, t := range sent {
				if t.ID != d.Object {
					continue
				}
				if d.PayeeID = &p.PayeeID; p.Transfer != "" && p.Transfer != t.ID {
					d.Kind = Twice
				}
			}
		}
	}
	return nil
}
