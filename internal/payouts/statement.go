package payouts

import (
	"context"
	"time"

	"relais/internal/earnings"
	"relais/internal/money"
	"relais/internal/postgres"
)

// LineKind says what a line of a statement is: key "payout.line." + LineKind.
type LineKind string

// The kinds of line.
const (
	Carried   LineKind = "carried_in"  // what the payout before could not transfer
	Earned    LineKind = "earning"     // came free
	GivenBack LineKind = "given_back"  // of an earning, for a refund or a lost dispute
	Restored  LineKind = "restored"    // given back and returned: the refund failed, or the dispute was won
	PassedOn  LineKind = "passed_on"   // of an earning, for a commission that somebody missed
	Netted    LineKind = "netting"     // paid a debt
	Reversed  LineKind = "reversal"    // of a transfer taken back, more than the debt was
	Other     LineKind = "other"       // booked by a person, with the reason in the books
	Forward   LineKind = "carried_out" // what this one could not transfer
)

// Line is one line of a statement. The amounts of all lines sum to the payout.
type Line struct {
	Kind      LineKind          `db:"kind"`
	Amount    money.Amount      `db:"amount"`
	At        time.Time         `db:"at"`
	EarningID *int64            `db:"earning_id"` // of an earning that came free, was given back or passed on
	Cause     string            `db:"cause"`      // of a clawback: refund, refund_failed, dispute_lost, dispute_won
	Reference string            `db:"reference"`  // in the ledger
	Earning   *earnings.Earning `db:"-"`          // where Kind is Earned
}

// Statement is a payout with its lines.
type Statement struct {
	Payout
	Items []earnings.Earning // those that came free, in that order
	Lines []Line             // everything, in the order of the books
}

// What moved the free account in the range of a payout, with what each posting belongs to. Payouts that failed inside the range
// took and gave back the same; they are no lines.
const selectLines = `
with account as (select id from ledger_accounts where kind = 'free' and owner_id = $1 and currency = $2),
legs as (
  select p.id, p.transaction_id, p.amount from ledger_postings p where p.destination_account_id = (select id from account) and p.id > $3 and p.id < $4
  union all
  select p.id, p.transaction_id, -p.amount from ledger_postings p where p.source_account_id = (select id from account) and p.id > $3 and p.id < $4)
select case when e.id is not null then 'earning' when t.kind in ('netting','reversal') then t.kind when r.id is not null then 'passed_on' when c.id is null then 'other'
    when l.amount < 0 then 'given_back' else 'restored' end as kind,
  coalesce(-c.free_minor, l.amount) as "amount.minor", t.currency as "amount.currency", t.at, coalesce(e.id, c.earning_id, r.from_earning_id) as earning_id, coalesce(c.cause, '') as cause, t.reference
from legs l join ledger_transactions t on t.id = l.transaction_id
left join earnings e on e.free_posting_id = l.id and e.payee_id = $1
left join clawbacks c on c.free_posting_id = l.id
left join reassignments r on r.free_posting_id = l.id
where t.kind not in ('payout','payout_failed') order by l.id, c.id`

// StatementOf is the statement of a payout: the sum of its lines is its amount. payeeID as ByID.
func (s *Service) StatementOf(ctx context.Context, payeeID, id int64) (Statement, error) {
	p, err := s.ByID(ctx, payeeID, id)
	if err != nil {
		return Statement{}, err
	}
	st := Statement{Payout: p}
	if st.Items, err = earnings.OfPayout(ctx, s.db, id); err != nil {
		return st, err
	}
	before, err := s.carriedInto(ctx, p)
	if err != nil {
		return st, err
	}
	c := p.Amount.Currency
	if before > 0 {
		st.Lines = append(st.Lines, Line{Kind: Carried, Amount: money.New(before, c), At: p.CreatedAt})
	}
	var lines []Line
	if err := s.db.SelectContext(ctx, &lines, selectLines, p.PayeeID, c, p.From, p.To); err != nil {
		return st, postgres.Translate(err)
	}
	byID := make(map[int64]*earnings.Earning, len(st.Items))
	for i := range st.Items {
		byID[st.Items[i].ID] = &st.Items[i]
	}
	for _, l := range lines {
		if l.Kind == Earned {
			l.Earning = byID[*l.EarningID]
		}
		st.Lines = append(st.Lines, l)
	}
	if p.Carried > 0 {
		st.Lines = append(st.Lines, Line{Kind: Forward, Amount: money.New(-p.Carried, c), At: p.CreatedAt})
	}
	return st, nil
}

const selectCarried = `
select coalesce((select carried_minor from payouts where payee_id = $1 and currency = $2 and to_posting = $3 and state <> 'failed'), 0)`

// carriedInto is what the payout before carried forward, in minor units.
func (s *Service) carriedInto(ctx context.Context, p Payout) (minor int64, err error) {
	err = s.db.GetContext(ctx, &minor, selectCarried, p.PayeeID, p.Amount.Currency, p.From)
	return minor, postgres.Translate(err)
}

// Sum is what the lines come to.
func (st Statement) Sum() (money.Amount, error) {
	sum := money.New(0, st.Amount.Currency)
	var err error
	for _, l := range st.Lines {
		if sum, err = sum.Add(l.Amount); err != nil {
			return sum, err
		}
	}
	return sum, nil
}
