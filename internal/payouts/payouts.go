package payouts

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/crash"
	"relais/internal/earnings"
	"relais/internal/jobs"
	"relais/internal/ledger"
	"relais/internal/mail"
	"relais/internal/payments"
	"relais/internal/postgres"
)

// Service is the use cases of this package.
type Service struct {
	db        *sqlx.DB
	accounts  payments.Accounts
	transfers payments.Transfers
	reversals payments.Reversals
	books     payments.Books
	now       func() time.Time // business time
	clock     func() time.Time // real time: how old a key is at Stripe
	halted    func(context.Context) (bool, error)
	pace      *time.Ticker // one tick for each transfer; nil: as fast as it goes
	baseURL   string
	mail      *mail.Outbox
	log       *slog.Logger
}

// Config is what a Service needs.
type Config struct {
	DB        *sqlx.DB
	Accounts  payments.Accounts
	Transfers payments.Transfers
	Reversals payments.Reversals
	Books     payments.Books
	Now       func() time.Time
	Clock     func() time.Time
	Halted    func(context.Context) (bool, error) // whether scheduled runs must wait, because the books and Stripe's differ; nil: never
	PerSecond int                                 // transfers that this process asks for in a second at most; 0: no limit
	BaseURL   string
	Mail      *mail.Outbox
	Log       *slog.Logger
}

// New makes the Service.
func New(c Config) *Service {
	s := &Service{db: c.DB, accounts: c.Accounts, transfers: c.Transfers, reversals: c.Reversals, books: c.Books, now: c.Now, clock: c.Clock, halted: c.Halted,
		baseURL: c.BaseURL, mail: c.Mail, log: c.Log}
	if c.PerSecond > 0 {
		s.pace = time.NewTicker(time.Second / time.Duration(c.PerSecond))
	}
	return s
}

// The kinds of this package's jobs.
const (
	JobMake     = "payouts.make"     // makes the payouts of a run
	JobSend     = "payouts.send"     // sends the payouts of a run
	JobSchedule = "payouts.schedule" // starts the runs whose day has come, and takes up what lies still
)

type runArgs struct {
	RunID int64 `json:"run_id"`
}

// Register hands the jobs of this package to a runner.
func (s *Service) Register(r *jobs.Runner) {
	r.Handle(JobMake, 5*time.Minute, s.makeJob)
	r.Handle(JobSend, 5*time.Minute, s.deliver)
	r.Handle(JobSchedule, 5*time.Minute, func(ctx context.Context, _ jobs.Work) error { return s.Schedule(ctx) })
	r.Every(JobSchedule, time.Minute, JobSchedule)
}

const updateSent = `
update payouts set state = 'sent', transfer_id = $2, ended_at = $3, last_error = '', next_at = null where id = $1 and state = 'sending'`

func (s *Service) sent(ctx context.Context, p Payout, t payments.Transfer) error {
	if t.Amount != p.Amount || t.Destination != p.Destination {
		return s.park(ctx, p, fmt.Sprintf("transfer %s is %v to %s, not %v to %s", t.ID, t.Amount, t.Destination, p.Amount, p.Destination))
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error { return s.bookSent(ctx, tx, p, t.ID) })
}

// bookSent records the transfer and moves the money out of the books, in the caller's transaction. A second time it changes
// nothing.
func (s *Service) bookSent(ctx context.Context, tx *sqlx.Tx, p Payout, transferID string) error {
	now := s.now()
	first, err := changed(tx.ExecContext(ctx, updateSent, p.ID, transferID, now))
	if err != nil || !first {
		return err
	}
	_, err = ledger.Post(ctx, tx, ledger.Transaction{Reference: fmt.Sprintf("payout:%d:sent", p.ID), Kind: "payout_sent", Currency: p.Amount.Currency, At: now,
		Object: transferID, Postings: []ledger.Posting{{Source: paying(p.PayeeID), Destination: ledger.Account{Kind: ledger.Stripe}, Amount: p.Amount.Minor}}})
	if err != nil {
		return err
	}
	err = s.letterSent(ctx, tx, p)
	crash.At(crash.PayoutRecorded)
	return err
}

const updateFailed = `
update payouts set state = 'failed', failure_code = $2, failure = $3, ended_at = $4, last_error = '', next_at = null where id = $1 and state in ('new','sending')`

// failed puts the money back: it is free again, pays what the payee has come to owe meanwhile, and goes with the next run.
func (s *Service) failed(ctx context.Context, p Payout, code, message string) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error { return s.bookFailed(ctx, tx, p, code, message) })
}

// bookFailed is failed in the caller's transaction. A second time it changes nothing.
func (s *Service) bookFailed(ctx context.Context, tx *sqlx.Tx, p Payout, code, message string) error {
	now := s.now()
	first, err := changed(tx.ExecContext(ctx, updateFailed, p.ID, code, message, now))
	if err != nil || !first {
		return err
	}
	free, debt := ledger.Account{Kind: ledger.Free, Owner: p.PayeeID}, ledger.Account{Kind: ledger.Debt, Owner: p.PayeeID}
	if _, err := ledger.LockAll(ctx, tx, []ledger.Account{free, paying(p.PayeeID), debt}, p.Amount.Currency); err != nil {
		return err // all at once, in one order, as netting needs the debt too
	}
	_, err = ledger.Post(ctx, tx, ledger.Transaction{Reference: fmt.Sprintf("payout:%d:failed", p.ID), Kind: "payout_failed", Currency: p.Amount.Currency, At: now,
		Postings: []ledger.Posting{{Source: paying(p.PayeeID), Destination: free, Amount: p.Amount.Minor}}})
	if err != nil {
		return err
	}
	if _, err := earnings.Net(ctx, tx, p.PayeeID, p.Amount.Currency, fmt.Sprintf("payout:%d:failed", p.ID), now); err != nil {
		return err
	}
	p.FailureCode, p.Failure = code, message
	return s.letterFailed(ctx, tx, p, now)
}

func paying(payeeID int64) ledger.Account { return ledger.Account{Kind: ledger.Paying, Owner: payeeID} }

func changed(r interface{ RowsAffected() (int64, error) }, err error) (bool, error) {
	if err != nil {
		return false, postgres.Translate(err)
	}
	n, err := r.RowsAffected()
	return n == 1, err
}
