package payouts

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/jobs"
	"relais/internal/ledger"
	"relais/internal/mail"
	"relais/internal/members"
	"relais/internal/money"
	"relais/internal/payments"
	"relais/internal/postgres"
)

// Service is the use cases of this package.
type Service struct {
	db        *sqlx.DB
	accounts  payments.Accounts
	transfers payments.Transfers
	now       func() time.Time // business time
	clock     func() time.Time // real time: how old a key is at Stripe
	baseURL   string
	mail      *mail.Outbox
	log       *slog.Logger
}

// Config is what a Service needs.
type Config struct {
	DB        *sqlx.DB
	Accounts  payments.Accounts
	Transfers payments.Transfers
	Now       func() time.Time
	Clock     func() time.Time
	BaseURL   string
	Mail      *mail.Outbox
	Log       *slog.Logger
}

// New makes the Service.
func New(c Config) *Service {
	return &Service{db: c.DB, accounts: c.Accounts, transfers: c.Transfers, now: c.Now, clock: c.Clock, baseURL: c.BaseURL, mail: c.Mail, log: c.Log}
}

// JobSend is the kind of the job that sends one payout.
const JobSend = "payouts.send"

type sendArgs struct {
	PayoutID int64 `json:"payout_id"`
}

// Register hands the jobs of this package to a runner.
func (s *Service) Register(r *jobs.Runner) { r.Handle(JobSend, 2*time.Minute, s.send) }

// Due is a payee with something on their free account.
type Due struct {
	Payee
	Amount money.Amount `db:"due"`
	Live   bool         `db:"live"` // a payout in this currency is on its way
}

const selectDue = `
select p.id, p.member_id, p.brand_id, coalesce(b.name, m.name) as name, coalesce(b.contact_email, m.email) as email, coalesce(b.lang, m.lang) as lang,
  p.stripe_account_id, p.country, p.details_submitted, p.transfers_active, p.payouts_enabled, p.disabled_reason, p.checked_at,
  coalesce(b.blocked_at, m.blocked_at) is not null as blocked, l.balance as "due.minor", a.currency as "due.currency",
  exists (select 1 from payouts o where o.payee_id = p.id and o.currency = a.currency and o.state in ('new','sending')) as live
from ledger_balances l join ledger_accounts a on a.id = l.account_id and a.kind = 'free' join payees p on p.id = a.owner_id
left join members m on m.id = p.member_id left join brands b on b.id = p.brand_id
where l.balance > 0 order by l.balance desc, p.id`

// Preview is who would be paid now, and who would not and why (Readiness).
func (s *Service) Preview(ctx context.Context) ([]Due, error) {
	var ds []Due
	err := s.db.SelectContext(ctx, &ds, selectDue)
	return ds, postgres.Translate(err)
}

// Report is what a run did.
type Report struct {
	RunID   int64
	Made    int
	Waiting int // payees with money who cannot be paid yet, or whose last payout is on its way
}

// Run makes a payout for every payee who is ready and has money on their free account, and enqueues its sending. The
// intent and the ledger's posting are committed here, before anybody is called. by 0: the schedule or the command line. An error
// about one payee keeps no other from being paid; all are returned, joined.
func (s *Service) Run(ctx context.Context, by int64) (Report, error) {
	var r Report
	due, err := s.Preview(ctx)
	if err != nil {
		return r, fmt.Errorf("run payouts: %w", err)
	}
	if r.RunID, err = s.begin(ctx, by); err != nil {
		return r, fmt.Errorf("run payouts: %w", err)
	}
	var failed []error
	for _, d := range due {
		if d.Readiness() != Ready || d.Live {
			r.Waiting++
			continue
		}
		made, err := s.make(ctx, r.RunID, d)
		if err != nil { // the others are paid all the same
			failed = append(failed, fmt.Errorf("pay payee %d: %w", d.ID, err))
		}
		if made {
			r.Made++
		}
	}
	_, err = s.db.ExecContext(ctx, `update payout_runs set ended_at = $2 where id = $1`, r.RunID, s.now())
	return r, errors.Join(append(failed, err)...)
}

// begin opens a run and writes who did it into the log.
func (s *Service) begin(ctx context.Context, by int64) (id int64, err error) {
	return id, postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		now := s.now()
		err := tx.GetContext(ctx, &id, `insert into payout_runs (started_by, started_at) values (nullif($1::bigint, 0), $2) returning id`, by, now)
		if err != nil {
			return err
		}
		return members.Audit(ctx, tx, members.AuditEntry{At: now, ActorID: by, Action: "payouts run", Subject: fmt.Sprintf("run %d", id)})
	})
}

const selectWatermark = `
select coalesce(max(to_posting), 0) from payouts where payee_id = $1 and currency = $2 and state <> 'failed'`

const selectLive = `select exists (select 1 from payouts where payee_id = $1 and currency = $2 and state in ('new','sending'))`

const insertPayout = `
insert into payouts (id, run_id, payee_id, currency, amount_minor, from_posting, to_posting, destination, created_at)
overriding system value values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`

// make takes what is on the free account, under its lock: two runs at once make one payout.
func (s *Service) make(ctx context.Context, runID int64, d Due) (made bool, err error) {
	account := ledger.Account{Kind: ledger.Free, Owner: d.ID}
	return made, postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		made = false
		balance, err := ledger.Lock(ctx, tx, account, d.Amount.Currency)
		if err != nil {
			return err
		}
		var live bool
		if err := tx.GetContext(ctx, &live, selectLive, d.ID, d.Amount.Currency); err != nil || live || balance <= 0 {
			return err
		}
		var id, from int64
		if err := tx.GetContext(ctx, &from, selectWatermark, d.ID, d.Amount.Currency); err != nil {
			return err
		}
		if err := tx.GetContext(ctx, &id, `select nextval(pg_get_serial_sequence('payouts', 'id'))`); err != nil {
			return err
		}
		now := s.now()
		posted, err := ledger.Post(ctx, tx, ledger.Transaction{Reference: fmt.Sprintf("payout:%d:new", id), Kind: "payout", Currency: d.Amount.Currency, At: now,
			Postings: []ledger.Posting{{Source: account, Destination: ledger.Account{Kind: ledger.Paying, Owner: d.ID}, Amount: balance}}})
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, insertPayout, id, runID, d.ID, d.Amount.Currency, balance, from, posted.PostingIDs[0], *d.StripeAccountID, now)
		if err != nil {
			return postgres.Translate(err)
		}
		made = true
		return jobs.Enqueue(ctx, tx, jobs.Job{Kind: JobSend, Args: sendArgs{id}, UniqueKey: fmt.Sprintf("payout:%d", id), MaxAttempts: 30})
	})
}

// ErrUnknown says that nobody knows whether a transfer was made, and that its key is too old to ask again.
var ErrUnknown = errors.New("the outcome of the transfer is unknown and its key has expired: look it up at Stripe")

// send is the job of a payout: commit that the provider may have been called, call, record.
func (s *Service) send(ctx context.Context, w jobs.Work) error {
	var args sendArgs
	if err := w.Decode(&args); err != nil {
		return err
	}
	p, err := s.claim(ctx, args.PayoutID)
	if err != nil || (p.State != Sending) {
		return err
	}
	transfer, err := s.transfer(ctx, p)
	var refused *payments.Error
	switch {
	case err == nil:
		return s.sent(ctx, p, transfer)
	case errors.As(err, &refused) && refused.Outcome == payments.Final:
		return s.refused(ctx, p, refused)
	case errors.As(err, &refused) && refused.Outcome == payments.LookUp:
		if _, err := s.db.ExecContext(ctx, `update payouts set attempt = attempt + 1 where id = $1 and attempt = $2 and state = 'sending'`, p.ID, p.Attempt); err != nil {
			return err
		}
	}
	return fmt.Errorf("send payout %d: %w", p.ID, err)
}

const claimPayout = `
update payouts p set state = 'sending', first_sent_at = coalesce(first_sent_at, $2) where id = $1 and state in ('new','sending')`

func (s *Service) claim(ctx context.Context, id int64) (Payout, error) {
	if _, err := s.db.ExecContext(ctx, claimPayout, id, s.clock()); err != nil {
		return Payout{}, postgres.Translate(err)
	}
	return payoutWhere(ctx, s.db, `p.id = $1`, id)
}

// transfer looks for the transfer where its key may be spent, and else asks for it.
func (s *Service) transfer(ctx context.Context, p Payout) (payments.Transfer, error) {
	group := fmt.Sprintf("payout_%d_%s", p.ID, p.Key)
	alive := KeyAlive(p.FirstSentAt, s.clock())
	if p.Attempt > 1 || !alive {
		found, err := s.transfers.FindTransfers(ctx, group)
		if err != nil {
			return payments.Transfer{}, err
		}
		if len(found) > 0 {
			return found[0], nil
		}
		if !alive {
			return payments.Transfer{}, ErrUnknown
		}
	}
	return s.transfers.Send(ctx, payments.TransferRequest{Reference: fmt.Sprintf("payout-%d-%s-%d", p.ID, p.Key, p.Attempt), Destination: p.Destination, Amount: p.Amount,
		Group: group, Metadata: map[string]string{"payout_id": fmt.Sprint(p.ID), "payee_id": fmt.Sprint(p.PayeeID)}})
}

const updateSent = `update payouts set state = 'sent', transfer_id = $2, ended_at = $3 where id = $1 and state = 'sending'`

func (s *Service) sent(ctx context.Context, p Payout, t payments.Transfer) error {
	return s.ended(ctx, p, ledger.Account{Kind: ledger.Stripe}, "sent", func(tx *sqlx.Tx, now time.Time) (bool, error) {
		if t.Amount != p.Amount || t.Destination != p.Destination {
			return false, fmt.Errorf("transfer %s is %v to %s, not %v to %s", t.ID, t.Amount, t.Destination, p.Amount, p.Destination)
		}
		return changed(tx.ExecContext(ctx, updateSent, p.ID, t.ID, now))
	})
}

const updateFailed = `
update payouts set state = 'failed', failure_code = $2, failure = $3, ended_at = $4 where id = $1 and state = 'sending'`

func (s *Service) failed(ctx context.Context, p Payout, refused *payments.Error) error {
	p.FailureCode, p.Failure = refused.Code, refused.Message
	return s.ended(ctx, p, ledger.Account{Kind: ledger.Free, Owner: p.PayeeID}, "failed", func(tx *sqlx.Tx, now time.Time) (bool, error) {
		return changed(tx.ExecContext(ctx, updateFailed, p.ID, refused.Code, refused.Message, now))
	})
}

// refused records a refusal. Where it is about the payee's account, the account is looked at, so that the next run knows.
func (s *Service) refused(ctx context.Context, p Payout, refused *payments.Error) error {
	if err := s.failed(ctx, p, refused); err != nil {
		return err
	}
	switch refused.Code {
	case payments.CodeAccountGone, payments.CodeNotReady, payments.CodeRegion:
		if _, err := s.Refresh(ctx, p.PayeeID); err != nil {
			s.log.ErrorContext(ctx, "look at the account after a refusal", "payee", p.PayeeID, "error", err)
		}
	}
	return nil
}

// ended records how a payout ended and moves its money on, in one transaction. A second time it changes nothing.
func (s *Service) ended(ctx context.Context, p Payout, to ledger.Account, how string, record func(*sqlx.Tx, time.Time) (bool, error)) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		now := s.now()
		first, err := record(tx, now)
		if err != nil || !first {
			return err
		}
		_, err = ledger.Post(ctx, tx, ledger.Transaction{Reference: fmt.Sprintf("payout:%d:%s", p.ID, how), Kind: "payout_" + how, Currency: p.Amount.Currency, At: now,
			Postings: []ledger.Posting{{Source: ledger.Account{Kind: ledger.Paying, Owner: p.PayeeID}, Destination: to, Amount: p.Amount.Minor}}})
		if err != nil {
			return err
		}
		return s.letterEnded(ctx, tx, p, how)
	})
}

func changed(r interface{ RowsAffected() (int64, error) }, err error) (bool, error) {
	if err != nil {
		return false, postgres.Translate(err)
	}
	n, err := r.RowsAffected()
	return n == 1, err
}
