package debts

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/crash"
	"relais/internal/earnings"
	"relais/internal/jobs"
	"relais/internal/ledger"
	"relais/internal/members"
	"relais/internal/money"
	"relais/internal/payments"
	"relais/internal/postgres"
)

// Service is the use cases of this package.
type Service struct {
	db    *sqlx.DB
	pay   payments.Reversals
	now   func() time.Time // business time
	clock func() time.Time // real time: how old a key is at Stripe
	log   *slog.Logger
}

// New makes the Service.
func New(db *sqlx.DB, pay payments.Reversals, now, clock func() time.Time, log *slog.Logger) *Service {
	return &Service{db: db, pay: pay, now: now, clock: clock, log: log}
}

// The kinds of job of this package.
const (
	JobSweep   = "debts.sweep"   // take transfers back where it is worth it
	JobReverse = "debts.reverse" // carry out one reversal
)

type args struct {
	ReversalID int64 `json:"reversal_id"`
}

// Register hands the jobs of this package to a runner.
func (s *Service) Register(r *jobs.Runner) {
	r.Handle(JobSweep, 10*time.Minute, func(ctx context.Context, _ jobs.Work) error { return s.Sweep(ctx) })
	r.Handle(JobReverse, 2*time.Minute, s.reverse)
	r.Every(JobSweep, time.Hour, JobSweep)
}

const selectToRecover = `
select a.owner_id as payee_id, a.currency from ledger_accounts a join ledger_balances b on b.account_id = a.id
where a.kind = 'debt' and b.balance < 0
  and not exists (select 1 from reversals r where r.payee_id = a.owner_id and r.currency = a.currency and (r.state in ('new','sending') or r.state = 'failed' and r.ended_at > $1))
order by b.balance limit 200`

// Sweep takes transfers back for the largest debts, where it is worth it and was not refused in the last week.
func (s *Service) Sweep(ctx context.Context) error {
	var rows []struct {
		PayeeID  int64          `db:"payee_id"`
		Currency money.Currency `db:"currency"`
	}
	if err := s.db.SelectContext(ctx, &rows, selectToRecover, s.now().Add(-patience)); err != nil {
		return postgres.Translate(err)
	}
	var failed []error
	for _, r := range rows {
		if err := s.Recover(ctx, r.PayeeID, r.Currency); err != nil && !errors.Is(err, ErrNothing) && !errors.Is(err, ErrUnderWay) {
			failed = append(failed, fmt.Errorf("recover from payee %d: %w", r.PayeeID, err))
		}
	}
	return errors.Join(failed...)
}

// transfer is one that was sent, with what is left of it.
type transfer struct {
	PayoutID    int64  `db:"id"`
	TransferID  string `db:"transfer_id"`
	Destination string `db:"destination"`
	Left        int64  `db:"left_minor"`
}

// The account that a transfer went to must still be the payee's: from another nothing is taken.
const selectTransfer = `
select p.id, p.transfer_id, p.destination, p.amount_minor - coalesce((select sum(r.amount_minor) from reversals r where r.payout_id = p.id and r.state <> 'failed'), 0) as left_minor
from payouts p join payees y on y.id = p.payee_id and y.stripe_account_id = p.destination
where p.payee_id = $1 and p.currency = $2 and p.state = 'sent'
order by left_minor desc, p.id desc limit 1`

const insertReversal = `
insert into reversals (payee_id, payout_id, amount_minor, currency, asked_at) values ($1, $2, $3, $4, $5) returning id`

// Recover takes as much of a payee's largest transfer back as pays their debt, if that is worth it: the intent is committed
// here, the job calls Stripe. ErrNothing, ErrUnderWay.
func (s *Service) Recover(ctx context.Context, payeeID int64, c money.Currency) error {
	var t transfer
	if err := s.db.GetContext(ctx, &t, selectTransfer, payeeID, c); err != nil {
		return ErrNothing.Because(err)
	}
	lies, err := s.pay.AccountBalance(ctx, t.Destination)
	if payments.CodeOf(err) == payments.CodeAccountGone {
		return ErrNothing.Because(err)
	}
	if err != nil {
		return err
	}
	var onAccount int64
	for _, a := range lies {
		if a.Currency == c {
			onAccount = a.Minor
		}
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		balance, err := ledger.Lock(ctx, tx, ledger.Account{Kind: ledger.Debt, Owner: payeeID}, c)
		if err != nil {
			return err
		}
		take := Worthwhile(c, -balance, t.Left, onAccount)
		if take == 0 {
			return ErrNothing
		}
		var live bool
		if err := tx.GetContext(ctx, &live, `select exists (select 1 from reversals where payee_id = $1 and currency = $2 and state in ('new','sending'))`, payeeID, c); err != nil {
			return err
		}
		if live {
			return ErrUnderWay
		}
		var id int64
		if err := tx.GetContext(ctx, &id, insertReversal, payeeID, t.PayoutID, take, c, s.now()); err != nil {
			return postgres.Translate(err)
		}
		return jobs.Enqueue(ctx, tx, jobs.Job{Kind: JobReverse, Args: args{id}, UniqueKey: fmt.Sprintf("reversal:%d", id), MaxAttempts: 30})
	})
}

const updateSending = `update reversals set state = 'sending' where id = $1 and state = 'new'`

const updateTried = `
update reversals set tried_at = $3, first_sent_at = coalesce(first_sent_at, $3) where id = $1 and attempt = $2 and state = 'sending'`

// reverse is the job of a reversal: commit that Stripe may have been called, call, record.
func (s *Service) reverse(ctx context.Context, w jobs.Work) error {
	var in args
	if err := w.Decode(&in); err != nil {
		return err
	}
	if _, err := s.db.ExecContext(ctx, updateSending, in.ReversalID); err != nil {
		return postgres.Translate(err)
	}
	r, err := s.reversal(ctx, in.ReversalID)
	if err != nil || r.State != Sending {
		return err
	}
	made, err := s.atStripe(ctx, r)
	crash.At(crash.ReversalAnswered)
	var refused *payments.Error
	switch {
	case err == nil:
		return s.done(ctx, r, made)
	case errors.As(err, &refused) && refused.Outcome == payments.Final:
		return s.refused(ctx, r, refused)
	case errors.As(err, &refused) && refused.Outcome == payments.LookUp:
		if _, err := s.db.ExecContext(ctx, `update reversals set attempt = attempt + 1, first_sent_at = null where id = $1 and attempt = $2 and state = 'sending'`, r.ID, r.Attempt); err != nil {
			return err
		}
	}
	return fmt.Errorf("reversal %d: %w", r.ID, err)
}

// reference is our idempotency key, without the number of the attempt.
func (r Reversal) reference() string { return fmt.Sprintf("reversal-%d-%s-", r.ID, r.Key) }

// errUnknown says that nobody knows whether a reversal was made, and that its key is too old to ask again.
var errUnknown = errors.New("the outcome of the reversal is unknown and its key has expired: look it up at Stripe")

// errTooSoon says that a reversal which Stripe does not list may have been made all the same.
var errTooSoon = errors.New("the last call was a moment ago, and lists lag: a new key has to wait")

// atStripe looks for the reversal where its key may be spent, and else asks for it.
func (s *Service) atStripe(ctx context.Context, r Reversal) (payments.Reversal, error) {
	alive := payments.KeyAlive(r.FirstSentAt, s.clock())
	if r.Attempt > 1 && r.FirstSentAt == nil || !alive {
		found, err := s.pay.FindReversals(ctx, r.TransferID)
		if err != nil {
			return payments.Reversal{}, err
		}
		for _, f := range found {
			if strings.HasPrefix(f.Reference, r.reference()) {
				return f, nil
			}
		}
		switch {
		case !alive:
			return payments.Reversal{}, errUnknown
		case !payments.Quiet(r.TriedAt, s.clock()):
			return payments.Reversal{}, errTooSoon
		}
	}
	if _, err := s.db.ExecContext(ctx, updateTried, r.ID, r.Attempt, s.clock()); err != nil {
		return payments.Reversal{}, postgres.Translate(err)
	}
	crash.At(crash.ReversalSending)
	return s.pay.Reverse(ctx, payments.ReversalRequest{Reference: fmt.Sprintf("%s%d", r.reference(), r.Attempt), TransferID: r.TransferID, Amount: r.Amount,
		Metadata: map[string]string{"payout_id": fmt.Sprint(r.PayoutID), "payee_id": fmt.Sprint(r.PayeeID)}})
}

const updateDone = `update reversals set state = 'done', stripe_id = $2, ended_at = $3 where id = $1 and state = 'sending'`

// done books what came back, in the commit that records it. A second time it changes nothing.
func (s *Service) done(ctx context.Context, r Reversal, made payments.Reversal) error {
	if made.Amount != r.Amount {
		return fmt.Errorf("reversal %s is of %v, not of %v", made.ID, made.Amount, r.Amount)
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		now, c := s.now(), r.Amount.Currency
		result, err := tx.ExecContext(ctx, updateDone, r.ID, made.ID, now)
		if err != nil {
			return postgres.Translate(err)
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return err
		}
		debt, free := ledger.Account{Kind: ledger.Debt, Owner: r.PayeeID}, ledger.Account{Kind: ledger.Free, Owner: r.PayeeID}
		balances, err := ledger.LockAll(ctx, tx, []ledger.Account{debt, free}, c)
		if err != nil {
			return err
		}
		toDebt, toFree := Paid(r.Amount.Minor, -balances[debt])
		t := ledger.Transaction{Reference: fmt.Sprintf("reversal:%d", r.ID), Kind: "reversal", Currency: c, At: now, Object: made.ID}
		for to, minor := range map[ledger.Account]int64{debt: toDebt, free: toFree} {
			if minor > 0 {
				t.Postings = append(t.Postings, ledger.Posting{Source: ledger.Account{Kind: ledger.Stripe}, Destination: to, Amount: minor})
			}
		}
		_, err = ledger.Post(ctx, tx, t)
		return err
	})
}

const updateFailed = `update reversals set state = 'failed', failure_code = $2, failure = $3, ended_at = $4 where id = $1 and state = 'sending'`

// refused leaves the debt as it is: it is netted in time.
func (s *Service) refused(ctx context.Context, r Reversal, why *payments.Error) error {
	_, err := s.db.ExecContext(ctx, updateFailed, r.ID, why.Code, why.Message, s.now())
	return postgres.Translate(err)
}

const insertWriteOff = `
insert into write_offs (payee_id, currency, amount_minor, reason, asked_by, asked_at, needs_two) values ($1, $2, $3, $4, $5, $6, $7) returning id`

// WriteOff decides that a part of a debt will not be paid. Up to the limit (NeedsTwo) it is booked at once; above, it waits
// for a second person. It is written into the log of who did what. Faults: ErrTooMuch, ErrReason; fault.Conflict
// where one waits already.
func (s *Service) WriteOff(ctx context.Context, payeeID int64, a money.Amount, reason string, by int64) error {
	reason = strings.TrimSpace(reason)
	if n := len([]rune(reason)); n < 10 || n > 1000 {
		return ErrReason
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		owed, err := lockOwed(ctx, tx, payeeID, a.Currency)
		if err != nil {
			return err
		}
		if a.Minor <= 0 || a.Minor > owed {
			return ErrTooMuch
		}
		now, two := s.now(), NeedsTwo(a)
		w := WriteOff{PayeeID: payeeID, Amount: a, AskedBy: by}
		err = tx.GetContext(ctx, &w.ID, insertWriteOff, payeeID, a.Currency, a.Minor, reason, by, now, two)
		if err != nil {
			return postgres.Translate(err)
		}
		if err := s.audit(ctx, tx, "write-off asked", w, by, reason); err != nil || two {
			return err
		}
		return s.book(ctx, tx, w, by, now)
	})
}

func lockOwed(ctx context.Context, tx *sqlx.Tx, payeeID int64, c money.Currency) (int64, error) {
	if payeeID <= 0 || c.Valid() != nil {
		return 0, ErrGone
	}
	balance, err := ledger.Lock(ctx, tx, ledger.Account{Kind: ledger.Debt, Owner: payeeID}, c)
	return -balance, err
}

func (s *Service) audit(ctx context.Context, tx *sqlx.Tx, action string, w WriteOff, by int64, reason string) error {
	return members.Audit(ctx, tx, members.AuditEntry{At: s.now(), ActorID: by, Action: action, Subject: fmt.Sprintf("payee %d", w.PayeeID),
		Detail: map[string]any{"write_off": w.ID, "minor": w.Amount.Minor, "currency": w.Amount.Currency, "reason": reason}})
}

const updateDecided = `update write_offs set state = $2, decided_by = $3, decided_at = $4 where id = $1`

// book takes the debt off the payee and onto the platform's losses.
func (s *Service) book(ctx context.Context, tx *sqlx.Tx, w WriteOff, by int64, now time.Time) error {
	if _, err := tx.ExecContext(ctx, updateDecided, w.ID, Booked, by, now); err != nil {
		return postgres.Translate(err)
	}
	_, err := ledger.Post(ctx, tx, ledger.Transaction{Reference: fmt.Sprintf("write_off:%d", w.ID), Kind: "write_off", Currency: w.Amount.Currency, At: now,
		Postings: []ledger.Posting{{Source: ledger.Account{Kind: ledger.Losses}, Destination: ledger.Account{Kind: ledger.Debt, Owner: w.PayeeID}, Amount: w.Amount.Minor}}})
	return err
}

// Decide is the second person's word on a write-off that waits. Who asked may take it back, and not approve it. ErrGone,
// ErrDecided, ErrSame; ErrTooMuch where the debt has shrunk since.
func (s *Service) Decide(ctx context.Context, id, by int64, approve bool) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		var w WriteOff
		if err := tx.GetContext(ctx, &w, selectWriteOff+` where w.id = $1 for update of w`, id); err != nil {
			return ErrGone.Because(err)
		}
		switch {
		case w.State != Waiting:
			return ErrDecided
		case approve && w.AskedBy == by:
			return ErrSame
		}
		now := s.now()
		if !approve {
			if err := s.audit(ctx, tx, "write-off refused", w, by, w.Reason); err != nil {
				return err
			}
			_, err := tx.ExecContext(ctx, updateDecided, id, Rejected, by, now)
			return postgres.Translate(err)
		}
		owed, err := lockOwed(ctx, tx, w.PayeeID, w.Amount.Currency)
		if err != nil {
			return err
		}
		if w.Amount.Minor > owed {
			return ErrTooMuch
		}
		if err := s.audit(ctx, tx, "write-off approved", w, by, w.Reason); err != nil {
			return err
		}
		return s.book(ctx, tx, w, by, now)
	})
}

// Owed is what a payee owes in a currency, in minor units.
func (s *Service) Owed(ctx context.Context, payeeID int64, c money.Currency) (int64, error) {
	return earnings.Owed(ctx, s.db, payeeID, c)
}
