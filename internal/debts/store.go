package debts

import (
	"context"

	"github.com/jmoiron/sqlx"

	"relais/internal/ledger"
	"relais/internal/postgres"
)

const selectReversal = `
select r.id, r.payee_id, r.payout_id, p.transfer_id, r.amount_minor as "amount.minor", r.currency as "amount.currency", r.key, r.state, r.attempt, r.first_sent_at, r.tried_at,
  r.failure_code, r.failure, r.asked_at, r.ended_at from reversals r join payouts p on p.id = r.payout_id`

func (s *Service) reversal(ctx context.Context, id int64) (r Reversal, err error) {
	return r, postgres.Translate(s.db.GetContext(ctx, &r, selectReversal+` where r.id = $1`, id))
}

// Reversals is the newest transfers taken back, of a payee or, with payeeID 0, of all.
func (s *Service) Reversals(ctx context.Context, payeeID int64, limit int) ([]Reversal, error) {
	var rs []Reversal
	err := s.db.SelectContext(ctx, &rs, selectReversal+` where $1 = 0 or r.payee_id = $1 order by r.id desc limit $2`, payeeID, limit)
	return rs, postgres.Translate(err)
}

const selectDebts = `
select a.owner_id as payee_id, coalesce(b.name, m.name) as payee_name, y.brand_id is not null as brand, -l.balance as "amount.minor", a.currency as "amount.currency",
  greatest((select max(c.at) from clawbacks c where c.payee_id = a.owner_id and c.currency = a.currency and c.debt_minor > 0),
    (select max(r.at) from reassignments r where r.from_payee_id = a.owner_id and r.currency = a.currency and r.debt_minor > 0)) as since,
  exists (select 1 from reversals r where r.payee_id = a.owner_id and r.currency = a.currency and r.state in ('new','sending')) as reversing,
  coalesce((select r.failure from reversals r where r.payee_id = a.owner_id and r.currency = a.currency and r.state = 'failed' order by r.id desc limit 1), '') as tried
from ledger_accounts a join ledger_balances l on l.account_id = a.id join payees y on y.id = a.owner_id
left join brands b on b.id = y.brand_id left join members m on m.id = y.member_id
where a.kind = 'debt' and l.balance < 0 order by a.currency, l.balance, a.owner_id`

// List is every debt, by currency, the largest first.
func (s *Service) List(ctx context.Context) ([]Debt, error) {
	var ds []Debt
	err := s.db.SelectContext(ctx, &ds, selectDebts)
	return ds, postgres.Translate(err)
}

const selectWriteOff = `
select w.id, w.payee_id, coalesce(b.name, m.name) as payee_name, w.amount_minor as "amount.minor", w.currency as "amount.currency", w.reason, w.state, w.asked_by, a.name as asked_name,
  w.asked_at, w.decided_by, w.decided_at, w.needs_two
from write_offs w join payees y on y.id = w.payee_id left join brands b on b.id = y.brand_id left join members m on m.id = y.member_id join members a on a.id = w.asked_by`

// WriteOffs is the newest write-offs, those that wait first.
func (s *Service) WriteOffs(ctx context.Context, limit int) ([]WriteOff, error) {
	var ws []WriteOff
	err := s.db.SelectContext(ctx, &ws, selectWriteOff+` order by w.state = 'waiting' desc, w.id desc limit $1`, limit)
	return ws, postgres.Translate(err)
}

var checks = []ledger.Invariant{
	{Number: "I14", Name: "reversals_posted", Description: "each reversal that was made is booked once, with its object at Stripe, and no other is",
		Query: `select count(*) from reversals r full join ledger_transactions t on t.reference = 'reversal:' || r.id
		  left join ledger_objects o on o.transaction_id = t.id
		  where (t.kind = 'reversal' or t.id is null) and (r.id is null or (r.state = 'done') <> (t.id is not null) or r.state = 'done' and (o.object is distinct from r.stripe_id
		    or r.amount_minor <> (select sum(p.amount) from ledger_postings p where p.transaction_id = t.id)))`},
	{Number: "I14", Name: "reversals_within", Description: "no transfer is taken back beyond what it was",
		Query: `select count(*) from payouts p where p.amount_minor < (select coalesce(sum(r.amount_minor), 0) from reversals r where r.payout_id = p.id and r.state <> 'failed')`},
	{Number: "I3", Name: "write_offs_posted", Description: "each write-off that was booked stands in the books once, decided by two people where it takes two",
		Query: `select count(*) from write_offs w full join ledger_transactions t on t.reference = 'write_off:' || w.id
		  where (t.kind = 'write_off' or t.id is null) and (w.id is null or (w.state = 'booked') <> (t.id is not null) or w.state = 'booked' and (w.needs_two and w.decided_by = w.asked_by
		    or w.amount_minor <> (select sum(p.amount) from ledger_postings p where p.transaction_id = t.id)))`},
}

// Check counts what breaks each invariant of debts.
func Check(ctx context.Context, q sqlx.QueryerContext) ([]ledger.Finding, error) {
	return ledger.Run(ctx, q, checks)
}
