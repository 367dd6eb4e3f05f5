package payouts

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/money"
	"relais/internal/payments"
	"relais/internal/postgres"
)

// Due is a payee with something on their free account.
type Due struct {
	Payee
	Amount  money.Amount `db:"due"`
	Account int64        `db:"account_id"` // the free account in the ledger
	Live    bool         `db:"live"`       // a payout in this currency is on its way
	Oldest  int64        `db:"oldest"`     // the first posting of what is free; 0 unless it was asked for

	Wait Wait `db:"-"` // why the run would not pay them
}

// Accounts are walked in order of their id, a page at a time, so that neither a statement nor our memory grows with their
// number. The oldest posting that a payout has not taken is only looked for where the funds are short.
const selectDue = `
select p.id, p.member_id, p.brand_id, coalesce(b.name, m.name) as name, coalesce(b.contact_email, m.email) as email, coalesce(b.lang, m.lang) as lang,
  p.stripe_account_id, coalesce(p.country, b.country) as country, p.details_submitted, p.transfers_active, p.payouts_enabled, p.disabled_reason, p.checked_at,
  coalesce(b.blocked_at, m.blocked_at) is not null as blocked, p.frozen_at, p.cadence, b.country as brand_country,
  a.balance as "due.minor", a.currency as "due.currency", a.id as account_id,
  exists (select 1 from payouts o where o.payee_id = p.id and o.currency = a.currency and o.state in ('new','sending')) as live,
  case when $3 then coalesce((select min(x.id) from ledger_postings x where x.destination_account_id = a.id and x.id > coalesce(
    (select o.to_posting from payouts o where o.payee_id = p.id and o.currency = a.currency and o.state <> 'failed' order by o.from_posting desc limit 1), 0)), 0)
    else 0 end as oldest
from (select l.account_id, l.balance, a.id, a.owner_id, a.currency from ledger_balances l join ledger_accounts a on a.id = l.account_id and a.kind = 'free'
  where l.balance > 0 and l.account_id > $1 and ($4 = '' or a.currency = $4::char(3)) and ($5::bigint = 0 or a.owner_id = $5) order by l.account_id limit $2) a
join payees p on p.id = a.owner_id left join members m on m.id = p.member_id left join brands b on b.id = p.brand_id order by a.id`

// duePage is how many payees are read at once.
const duePage = 2000

// scope says whose money is looked at.
type scope struct {
	after    int64 // only accounts with a higher id
	limit    int
	oldest   bool           // also say how old the money is
	currency money.Currency // empty: all
	payee    int64          // 0: all
}

func due(ctx context.Context, q sqlx.QueryerContext, o scope) ([]Due, error) {
	var ds []Due
	err := sqlx.SelectContext(ctx, q, &ds, selectDue, o.after, o.limit, o.oldest, string(o.currency), o.payee)
	return ds, postgres.Translate(err)
}

// walk calls each for everybody who has money, with why a run of that kind would not pay them.
func (s *Service) walk(ctx context.Context, o scope, k Kind, rules Settings, each func(Due)) error {
	for o.limit = duePage; ; {
		page, err := due(ctx, s.db, o)
		if err != nil {
			return err
		}
		for _, d := range page {
			d.Wait = rules.Wait(d, k)
			each(d)
			o.after = d.Account
		}
		if len(page) < o.limit {
			return nil
		}
	}
}

// Outlook is what a run would do in one currency.
type Outlook struct {
	Currency money.Currency
	Ready    int          // payees who would be paid if the funds suffice
	Due      money.Amount // what they would get
	Waiting  map[Wait]int // the others, by reason
	Funds    money.Amount // what Stripe can send now, less what is on its way
	Short    bool         // the funds do not suffice: who has waited longest is paid first, as far as they go
	Fits     int          // payees who would be paid now
	FitsDue  money.Amount // what they would get

	cutoff *int64 // the last posting that the funds still pay; nil: all
}

// Waits is how many payees with money are not paid.
func (o Outlook) Waits() int {
	n := o.Ready - o.Fits
	for _, count := range o.Waiting {
		n += count
	}
	return n
}

// Preview is what a run by hand would do now.
type Preview struct {
	Currencies []Outlook
	Rows       []Due // the first payees, with what each would get or why they wait
	More       int   // payees who are not among the rows
	Unasked    bool  // Stripe did not say what it can send: the funds are not known
}

// Ready sums what a run by hand would pay now if the funds suffice, by currency, and counts the payees it would leave out. It
// does not ask Stripe.
func (s *Service) Ready(ctx context.Context) (sums []money.Amount, waiting int, err error) {
	rules, err := s.Settings(ctx)
	if err != nil {
		return nil, 0, err
	}
	all, err := s.outlook(ctx, ByHand, 0, rules, nil)
	for _, o := range all {
		waiting += o.Waits()
		if o.Ready > 0 {
			sums = append(sums, o.Due)
		}
	}
	return sums, waiting, err
}

// Preview looks at everybody who has money, and shows the first rows of them. Nothing changes.
func (s *Service) Preview(ctx context.Context, rows int) (Preview, error) {
	var p Preview
	rules, err := s.Settings(ctx)
	if err != nil {
		return p, err
	}
	if p.Currencies, err = s.outlook(ctx, ByHand, 0, rules, s.funds); payments.CodeOf(err) != "" {
		s.log.WarnContext(ctx, "the preview of payouts goes without the funds", "error", err)
		p.Unasked = true
		p.Currencies, err = s.outlook(ctx, ByHand, 0, rules, nil)
	}
	if err != nil {
		return p, err
	}
	cutoffs, short := map[money.Currency]*int64{}, false
	for _, o := range p.Currencies {
		cutoffs[o.Currency], short = o.cutoff, short || o.Short
	}
	page, err := due(ctx, s.db, scope{limit: rows, oldest: short})
	if err != nil {
		return p, err
	}
	for _, d := range page {
		if d.Wait = rules.Wait(d, ByHand); d.Wait == NoWait && beyond(cutoffs[d.Amount.Currency], d.Oldest) {
			d.Wait = PlatformFunds
		}
		p.Rows = append(p.Rows, d)
	}
	for _, o := range p.Currencies {
		p.More += o.Fits + o.Waits()
	}
	p.More = max(0, p.More-len(p.Rows))
	return p, nil
}

func beyond(cutoff *int64, oldest int64) bool { return cutoff != nil && oldest > *cutoff }

const sumUnderWay = `select currency, coalesce(sum(amount_minor), 0)::bigint as minor from payouts where state in ('new','sending') group by currency`

// funds is what Stripe can send now in each currency, less what was prepared and not sent yet. Never less than nothing.
func (s *Service) funds(ctx context.Context) (map[money.Currency]int64, error) {
	available, err := s.transfers.AvailableBalance(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask Stripe what can be sent: %w", err)
	}
	var promised []money.Amount
	if err := s.db.SelectContext(ctx, &promised, sumUnderWay); err != nil {
		return nil, postgres.Translate(err)
	}
	left := map[money.Currency]int64{}
	for _, a := range available {
		left[a.Currency] += a.Minor
	}
	for _, a := range promised {
		left[a.Currency] -= a.Minor
	}
	for c, minor := range left {
		left[c] = max(0, minor)
	}
	return left, nil
}

// outlook adds up what a run of that kind would pay, in order of currency, and how far the funds go; funds nil: as if they
// went far enough.
func (s *Service) outlook(ctx context.Context, k Kind, payee int64, rules Settings, funds func(context.Context) (map[money.Currency]int64, error)) ([]Outlook, error) {
	by := map[money.Currency]*Outlook{}
	err := s.walk(ctx, scope{payee: payee}, k, rules, func(d Due) {
		o := by[d.Amount.Currency]
		if o == nil {
			o = &Outlook{Currency: d.Amount.Currency, Waiting: map[Wait]int{}}
			by[d.Amount.Currency] = o
		}
		if d.Wait != NoWait {
			o.Waiting[d.Wait]++
			return
		}
		amount, _ := Payable(d.Amount.Minor, d.Amount.Currency)
		o.Ready, o.Due.Minor = o.Ready+1, o.Due.Minor+amount
	})
	if err != nil || len(by) == 0 {
		return nil, err
	}
	var left map[money.Currency]int64
	if funds != nil {
		if left, err = funds(ctx); err != nil {
			return nil, err
		}
	}
	var all []Outlook
	for c, o := range by {
		o.Due.Currency, o.Funds = c, money.New(left[c], c)
		if o.Fits, o.FitsDue = o.Ready, o.Due; funds != nil && o.Due.Minor > left[c] {
			if err := s.ration(ctx, o, k, payee, rules); err != nil {
				return nil, err
			}
		}
		all = append(all, *o)
	}
	slices.SortFunc(all, func(a, b Outlook) int { return cmp.Compare(a.Currency, b.Currency) })
	return all, nil
}

// claim is what a payee would get, and how old their money is.
type claim struct{ oldest, amount int64 }

// ration finds how far short funds go: whoever has waited longest comes first, and the first whose money does not fit ends it, so
// that nobody is passed over for being owed much.
func (s *Service) ration(ctx context.Context, o *Outlook, k Kind, payee int64, rules Settings) error {
	var claims []claim
	err := s.walk(ctx, scope{oldest: true, currency: o.Currency, payee: payee}, k, rules, func(d Due) {
		if d.Wait == NoWait {
			amount, _ := Payable(d.Amount.Minor, d.Amount.Currency)
			claims = append(claims, claim{d.Oldest, amount})
		}
	})
	if err != nil {
		return err
	}
	cutoff, fits, total := ration(claims, o.Funds.Minor)
	o.Short, o.cutoff, o.Fits, o.FitsDue = true, &cutoff, fits, money.New(total, o.Currency)
	return nil
}

// ration takes the oldest claims until one does not fit, and answers with the last posting that is paid, 0 where none is.
func ration(claims []claim, funds int64) (cutoff int64, fits int, total int64) {
	slices.SortFunc(claims, func(a, b claim) int { return cmp.Compare(a.oldest, b.oldest) })
	for _, c := range claims {
		if total+c.amount > funds {
			break
		}
		cutoff, fits, total = c.oldest, fits+1, total+c.amount
	}
	return cutoff, fits, total
}

// Settings reads what runs go by.
func (s *Service) Settings(ctx context.Context) (Settings, error) {
	var row struct {
		Cadence  Cadence   `db:"cadence"`
		Weekday  int       `db:"weekday"`
		MonthDay int       `db:"monthday"`
		Since    time.Time `db:"since"`
	}
	if err := s.db.GetContext(ctx, &row, `select cadence, weekday, monthday, since from payout_schedule`); err != nil {
		return Settings{}, postgres.Translate(err)
	}
	rules := Settings{Cadence: row.Cadence, Weekday: time.Weekday(row.Weekday % 7), MonthDay: row.MonthDay, Since: row.Since, Minimums: map[string]int64{}}
	var least []money.Amount
	if err := s.db.SelectContext(ctx, &least, `select currency, minimum_minor as minor from payout_settings order by currency`); err != nil {
		return rules, postgres.Translate(err)
	}
	for _, m := range least {
		rules.Minimums[string(m.Currency)] = m.Minor
	}
	return rules, nil
}
