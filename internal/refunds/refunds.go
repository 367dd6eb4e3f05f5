package refunds

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/crash"
	"relais/internal/fault"
	"relais/internal/jobs"
	"relais/internal/payments"
	"relais/internal/postgres"
)

// Outcomes are what follows from a refund. They are called with the order's row locked, in the transaction that records what
// the provider said, once for each outcome.
type Outcomes interface {
	// RefundMade: the buyer has the money. The refund is to be booked.
	RefundMade(ctx context.Context, tx *sqlx.Tx, r Refund, at time.Time) error
	// RefundCameBack: it had been made and booked, and the buyer's bank sent it back. The buyer is owed it again.
	RefundCameBack(ctx context.Context, tx *sqlx.Tx, r Refund, at time.Time) error
	// RefundRefused: it was not made and will not be.
	RefundRefused(ctx context.Context, tx *sqlx.Tx, r Refund, at time.Time) error
	// RefundFound: somebody made one at the provider itself. The answer is it as a refund of ours, with its parts.
	RefundFound(ctx context.Context, tx *sqlx.Tx, orderID int64, f payments.Refund, at time.Time) (Refund, error)
}

// Service is the use cases of this package.
type Service struct {
	db       *sqlx.DB
	pay      payments.Checkouts
	now      func() time.Time // business time
	clock    func() time.Time // real time: how old a key is at the provider
	outcomes Outcomes
	log      *slog.Logger
}

// Config is what a Service needs.
type Config struct {
	DB       *sqlx.DB
	Payments payments.Checkouts
	Now      func() time.Time
	Clock    func() time.Time // real time
	Outcomes Outcomes
	Log      *slog.Logger
}

// New makes the Service.
func New(c Config) *Service {
	return &Service{db: c.DB, pay: c.Payments, now: c.Now, clock: c.Clock, outcomes: c.Outcomes, log: c.Log}
}

// The kinds of job of this package.
const (
	JobCarryOut = "refunds.carry_out" // carry out one refund, or look at it again
	JobSweep    = "refunds.sweep"     // find refunds that the bank has not finished
)

type args struct {
	RefundID int64 `json:"refund_id"`
}

// lease is longer than any call to the provider with its retry.
const lease = 2 * time.Minute

// Register hands the jobs of this package to a runner.
func (s *Service) Register(r *jobs.Runner) {
	r.Handle(JobCarryOut, lease, s.carryOut)
	r.Handle(JobSweep, lease, func(ctx context.Context, _ jobs.Work) error { return s.Sweep(ctx) })
	r.Every(JobSweep, time.Hour, JobSweep)
}

// carryOut is the job of a refund: commit that the provider may have been asked, ask, record the answer. One that was made
// is looked at again: it may have come back.
func (s *Service) carryOut(ctx context.Context, w jobs.Work) error {
	var a args
	if err := w.Decode(&a); err != nil {
		return err
	}
	r, err := ByID(ctx, s.db, a.RefundID)
	if err != nil || r.State.Refused() {
		return err
	}
	if r.State == Succeeded {
		return s.look(ctx, r)
	}
	if _, err := s.db.ExecContext(ctx, `update refunds set state = 'sending' where id = $1 and state = 'new'`, r.ID); err != nil {
		return err
	}
	answer, err := s.atProvider(ctx, r)
	crash.At(crash.RefundAnswered)
	var refused *payments.Error
	switch {
	case err == nil:
		return s.answered(ctx, r, answer)
	case errors.As(err, &refused) && refused.Outcome == payments.Final:
		return s.answered(ctx, r, payments.Refund{State: payments.RefundFailed, FailureReason: refused.Message})
	case errors.As(err, &refused) && refused.Outcome == payments.LookUp:
		// The key is spent: the next run looks for the refund first, and asks under a new key only if there is none.
		if _, err := s.db.ExecContext(ctx, spendKey, r.ID, r.Attempt); err != nil {
			return err
		}
	}
	return fmt.Errorf("refund %d: %w", r.ID, err)
}

// look reads a refund that was made: its bank may have sent it back since.
func (s *Service) look(ctx context.Context, r Refund) error {
	f, err := s.find(ctx, r, false)
	if err != nil || f.ID == "" {
		return err
	}
	if state := State(f.State); state.Refused() {
		return s.answered(ctx, r, f)
	}
	return nil
}

const spendKey = `update refunds set attempt = attempt + 1, first_sent_at = null where id = $1 and attempt = $2`

const updateTried = `
update refunds set tried_at = $3, first_sent_at = coalesce(first_sent_at, $3) where id = $1 and attempt = $2`

// errTooSoon says that a refund which the provider does not list may have been made all the same.
var errTooSoon = errors.New("the last call was a moment ago, and lists lag: a new key has to wait")

// atProvider finds the refund if the provider has it, and else asks for it. Under a new key it is asked for only when lists are
// certain to be complete.
func (s *Service) atProvider(ctx context.Context, r Refund) (payments.Refund, error) {
	forgotten := !payments.KeyAlive(r.FirstSentAt, s.clock())
	if r.StripeID != nil || r.Attempt > 1 && r.FirstSentAt == nil || forgotten {
		f, err := s.find(ctx, r, false)
		switch {
		case err != nil || f.ID != "":
			return f, err
		case !payments.Quiet(r.TriedAt, s.clock()):
			return f, errTooSoon
		}
	}
	if forgotten {
		if _, err := s.db.ExecContext(ctx, spendKey, r.ID, r.Attempt); err != nil {
			return payments.Refund{}, postgres.Translate(err)
		}
		r.Attempt++
	}
	if _, err := s.db.ExecContext(ctx, updateTried, r.ID, r.Attempt, s.clock()); err != nil {
		return payments.Refund{}, postgres.Translate(err)
	}
	crash.At(crash.RefundSending)
	why := payments.RefundRequested
	if r.Reason == "second_payment" {
		why = payments.RefundDuplicate
	}
	answer, err := s.pay.Refund(ctx, payments.RefundRequest{Reference: fmt.Sprintf("%s%d", r.reference(), r.Attempt),
		PaymentIntentID: r.PaymentIntentID, Amount: r.Amount, OrderID: fmt.Sprint(r.OrderID), Reason: why})
	if code := payments.CodeOf(err); code == payments.CodeAlreadyRefunded || code == payments.CodeRefundTooLarge {
		// The buyer may have the money: by a call of ours whose key has expired since, or by hand in the provider's own pages.
		if f, look := s.find(ctx, r, true); look != nil || f.ID != "" {
			return f, look
		}
	}
	return answer, err
}

// find looks for the refund at the provider: the one recorded, or one that carries our reference and did not fail; with
// any, also one of the same amount that was made in the provider's own pages and that we have not recorded. No ID where there is none.
func (s *Service) find(ctx context.Context, r Refund, any bool) (payments.Refund, error) {
	found, err := s.pay.FindRefunds(ctx, r.PaymentIntentID)
	if err != nil {
		return payments.Refund{}, err
	}
	for _, f := range found {
		if r.StripeID != nil && *r.StripeID == f.ID || r.StripeID == nil && !State(f.State).Refused() && r.ours(f) {
			return f, nil
		}
	}
	if !any {
		return payments.Refund{}, nil
	}
	for _, f := range found {
		if !foreign(f) || State(f.State).Refused() || f.Amount != r.Amount {
			continue
		}
		var taken bool
		if err := s.db.GetContext(ctx, &taken, `select exists (select 1 from refunds where stripe_id = $1)`, f.ID); err != nil || !taken {
			return f, err
		}
	}
	return payments.Refund{}, nil
}

const lockRefundOrder = `select 1 from orders where id = $1 for update`

const updateAnswered = `
update refunds set state = $2, stripe_id = coalesce(nullif($3, ''), stripe_id), failure = $4,
  ended_at = case when $2 in ('succeeded','failed','canceled') then $5::timestamptz end, booked = $6, booked_times = booked_times + $7 where id = $1`

// answered records what the provider said, with everything that follows, in one transaction; a second time it changes
// nothing.
func (s *Service) answered(ctx context.Context, r Refund, answer payments.Refund) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, lockRefundOrder, r.OrderID); err != nil {
			return err
		}
		r, err := ByID(ctx, tx, r.ID)
		if err != nil {
			return err
		}
		state := State(answer.State)
		if r.State.Refused() || r.State == state {
			return nil
		}
		now, was := s.now(), r
		made, back := state == Succeeded && !r.Booked, state.Refused() && r.Booked
		booked, times := r.Booked, 0
		if made || back {
			booked, times = made, 1
		}
		if _, err := tx.ExecContext(ctx, updateAnswered, r.ID, state, answer.ID, answer.FailureReason, now, booked, times); err != nil {
			return postgres.Translate(err)
		}
		r.State, r.Failure = state, answer.FailureReason
		if answer.ID != "" {
			r.StripeID = &answer.ID
		}
		r.BookedTimes = was.BookedTimes
		switch {
		case made:
			err = s.outcomes.RefundMade(ctx, tx, r, now)
		case back:
			err = s.outcomes.RefundCameBack(ctx, tx, r, now)
		case state.Refused():
			err = s.outcomes.RefundRefused(ctx, tx, r, now)
		} // pending, requires_action: the webhook or the sweep looks at it again
		crash.At(crash.RefundRecorded)
		return err
	})
}

const selectOpen = `select id from refunds where state in ('pending','requires_action') order by id limit 500`

// A payment that no order keeps is owed to its buyer whatever the provider answered: it is tried again, under a new key, once
// a day, ten times. Then it stays in suspense and on the order's page. While their bank asks it back, and once it has it, there is nothing to send.
// Whoever books that the bank took it holds its order: it is looked at once that is locked, by a statement of its own that sees what was committed meanwhile.
const (
	selectStray = `
select id, order_id from refunds where stray and state in ('failed','canceled') and attempt <= 10 and ended_at <= $1 order by id`

	retryStray = `
update refunds set state = 'new', attempt = attempt + 1, first_sent_at = null, tried_at = null, stripe_id = null, ended_at = null
where id = $2 and stray and state in ('failed','canceled') and attempt <= 10 and ended_at <= $1 and not exists (
  select 1 from disputes d where d.payment_intent_id = refunds.payment_intent_id and (d.state in ('needs_response','under_review') or d.stray_refund_id = refunds.id))`
)

// Sweep enqueues another look at every refund that the bank has not finished, once an hour each, and another try of every
// payment that was to go back by itself and was refused.
func (s *Service) Sweep(ctx context.Context) error {
	var ids []int64
	if err := s.db.SelectContext(ctx, &ids, selectOpen); err != nil {
		return fmt.Errorf("find open refunds: %w", err)
	}
	now := s.now()
	hour := now.UTC().Format("2006010215")
	var strays []struct {
		ID      int64 `db:"id"`
		OrderID int64 `db:"order_id"`
	}
	if err := s.db.SelectContext(ctx, &strays, selectStray, now.Add(-24*time.Hour)); err != nil {
		return fmt.Errorf("find payments that did not go back: %w", err)
	}
	var failed []error
	for _, r := range strays {
		failed = append(failed, postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error { return again(ctx, tx, r.ID, r.OrderID, now, hour) }))
	}
	failed = append(failed, postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error { return lookAgain(ctx, tx, ids, hour) }))
	return errors.Join(failed...)
}

// again has a payment that no order keeps sent back once more, if the bank did not ask for it or take it meanwhile.
func again(ctx context.Context, tx *sqlx.Tx, id, orderID int64, now time.Time, hour string) error {
	if _, err := tx.ExecContext(ctx, lockRefundOrder, orderID); err != nil {
		return err
	}
	result, err := tx.ExecContext(ctx, retryStray, now.Add(-24*time.Hour), id)
	if err != nil {
		return fmt.Errorf("send refund %d again: %w", id, postgres.Translate(err))
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return err
	}
	return lookAgain(ctx, tx, []int64{id}, hour)
}

// lookAgain enqueues a job for each refund, once under that key.
func lookAgain(ctx context.Context, tx *sqlx.Tx, ids []int64, key string) error {
	for _, id := range ids {
		if err := jobs.Enqueue(ctx, tx, jobs.Job{Kind: JobCarryOut, Args: args{id}, UniqueKey: fmt.Sprintf("refund:%d:%s", id, key)}); err != nil {
			return err
		}
	}
	return nil
}

const selectOfPayment = `
select id from refunds where payment_intent_id = $1 and state in ('new','sending','pending','requires_action','succeeded')`

// Changed looks again at the refunds of a payment, and takes in those that somebody made at the provider itself; the
// provider said that something changed. eventID names its notice: one notice is one look.
func (s *Service) Changed(ctx context.Context, paymentIntentID, eventID string) error {
	if paymentIntentID == "" {
		return nil
	}
	if err := s.adopt(ctx, paymentIntentID); err != nil {
		return err
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		var ids []int64
		if err := tx.SelectContext(ctx, &ids, selectOfPayment, paymentIntentID); err != nil {
			return err
		}
		return lookAgain(ctx, tx, ids, eventID)
	})
}

const selectPaidBy = `select id from orders where payment_intent_id = $1`

// adopt makes refunds of ours of those that carry no reference of ours: somebody made them in the provider's own pages.
func (s *Service) adopt(ctx context.Context, paymentIntentID string) error {
	var orderID int64
	if err := postgres.Translate(s.db.GetContext(ctx, &orderID, selectPaidBy, paymentIntentID)); err != nil {
		if errors.Is(err, fault.NotFound) {
			return nil // of a stray payment, or of nobody's
		}
		return err
	}
	found, err := s.pay.FindRefunds(ctx, paymentIntentID)
	if err != nil {
		return err
	}
	for _, f := range found {
		if !foreign(f) || State(f.State).Refused() {
			continue
		}
		if err := s.adoptOne(ctx, orderID, f); err != nil {
			return fmt.Errorf("take in refund %s: %w", f.ID, err)
		}
	}
	return nil
}

func (s *Service) adoptOne(ctx context.Context, orderID int64, f payments.Refund) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, lockRefundOrder, orderID); err != nil {
			return err
		}
		// One of ours may have found it already: by its amount, when ours was refused as too much.
		var known bool
		if err := tx.GetContext(ctx, &known, `select exists (select 1 from refunds where stripe_id = $1
			or order_id = $2 and state in ('new','sending') and amount_minor = $3)`, f.ID, orderID, f.Amount.Minor); err != nil || known {
			return err
		}
		r, err := s.outcomes.RefundFound(ctx, tx, orderID, f, s.now())
		if err != nil {
			return err
		}
		r.State, r.StripeID, r.Operation = Pending, &f.ID, "outside:"+f.ID
		if r, err = put(ctx, tx, r); err != nil {
			return err
		}
		return lookAgain(ctx, tx, []int64{r.ID}, "found")
	})
}
