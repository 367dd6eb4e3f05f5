package payouts

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/crash"
	"relais/internal/jobs"
	"relais/internal/money"
	"relais/internal/payments"
	"relais/internal/postgres"
)

const (
	sendFor   = time.Minute // how long one job sends before it lets others have its place
	claimSize = 50          // payouts taken up at once
	parallel  = 8           // calls at a time
)

// deliver is the job that sends a run's payouts, until none can be sent now. It may run several times at once, in several
// processes: each payout is leased to one of them.
func (s *Service) deliver(ctx context.Context, w jobs.Work) error {
	var args runArgs
	if err := w.Decode(&args); err != nil {
		return err
	}
	until := s.clock().Add(sendFor)
	for s.clock().Before(until) {
		payouts, err := s.claim(ctx, args.RunID)
		if err != nil {
			return fmt.Errorf("take up payouts of run %d: %w", args.RunID, err)
		}
		if len(payouts) == 0 {
			break
		}
		short, err := s.covered(ctx, payouts)
		if err == nil && short != "" {
			err = s.pauseItself(ctx, args.RunID, FailFunds, fmt.Sprintf("Stripe can send less in %s than is to be sent next", short))
		} else if err == nil {
			err = s.sendAll(ctx, payouts)
			payouts = nil
		}
		if err := errors.Join(err, s.release(ctx, payouts)); err != nil {
			return fmt.Errorf("send payouts of run %d: %w", args.RunID, err)
		}
	}
	return s.rest(ctx, args.RunID)
}

const claimPayouts = `
update payouts set next_at = $3 where id in (
  select p.id from payouts p where p.run_id = $1 and p.state in ('new','sending') and p.parked_at is null and (p.next_at is null or p.next_at <= $2)
    and (select r.state from payout_runs r where r.id = $1) = 'sending'
  order by p.id limit $4 for update skip locked)
returning id`

// claim leases the next payouts of a run: none where it is paused.
func (s *Service) claim(ctx context.Context, runID int64) ([]Payout, error) {
	now := s.clock()
	var ids []int64
	if err := s.db.SelectContext(ctx, &ids, claimPayouts, runID, now, now.Add(sendLease), claimSize); err != nil || len(ids) == 0 {
		return nil, postgres.Translate(err)
	}
	return payoutsWhere(ctx, s.db, `p.id = any($1) order by p.id`, pq.Array(ids))
}

// release gives payouts back that were leased and not touched.
func (s *Service) release(ctx context.Context, payouts []Payout) error {
	if len(payouts) == 0 {
		return nil
	}
	ids := make([]int64, len(payouts))
	for i, p := range payouts {
		ids[i] = p.ID
	}
	_, err := s.db.ExecContext(ctx, `update payouts set next_at = null where id = any($1) and state in ('new','sending')`, pq.Array(ids))
	return err
}

// covered looks once more whether Stripe can send what was prepared, and names a currency in which it cannot.
func (s *Service) covered(ctx context.Context, payouts []Payout) (short money.Currency, err error) {
	need := map[money.Currency]int64{}
	for _, p := range payouts {
		if p.State == Prepared {
			need[p.Amount.Currency] += p.Amount.Minor
		}
	}
	if len(need) == 0 {
		return "", nil
	}
	available, err := s.transfers.AvailableBalance(ctx)
	if err != nil {
		return "", fmt.Errorf("ask Stripe what can be sent: %w", err)
	}
	for _, a := range available {
		need[a.Currency] -= a.Minor
	}
	for c, minor := range need {
		if minor > 0 {
			return c, nil
		}
	}
	return "", nil
}

// sendAll sends several at a time, and no more once the run has paused itself.
func (s *Service) sendAll(ctx context.Context, payouts []Payout) error {
	var (
		group   sync.WaitGroup
		stopped atomic.Bool
		errs    = make([]error, len(payouts))
		lane    = make(chan struct{}, parallel)
	)
	for i, p := range payouts {
		lane <- struct{}{}
		if stopped.Load() || s.wait(ctx) != nil {
			errs[i] = s.release(context.WithoutCancel(ctx), payouts[i:])
			<-lane
			break
		}
		group.Go(func() {
			defer func() { <-lane }()
			stop, err := s.sendOne(ctx, p)
			if stop {
				stopped.Store(true)
			}
			errs[i] = err
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

// wait keeps to the rate at which transfers may be asked for.
func (s *Service) wait(ctx context.Context) error {
	if s.pace == nil {
		return ctx.Err()
	}
	select {
	case <-s.pace.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// sendOne brings one payout as far as it gets now. stop: the refusal would meet the others too, and the run is paused. An
// error is about us; what Stripe says is recorded on the payout, which is tried again in its time.
func (s *Service) sendOne(ctx context.Context, p Payout) (stop bool, err error) {
	if p.State == Sending && (p.Look || !payments.KeyAlive(p.FirstSentAt, s.clock())) {
		settled, err := s.lookFirst(ctx, &p)
		if err != nil || settled {
			return false, err
		}
	}
	if p.State == Prepared || p.Look { // nobody was called, or nothing came of it
		refused, err := s.refusal(ctx, p)
		if err != nil || refused {
			return false, err
		}
	}
	if p, err = s.called(ctx, p); err != nil || p.State != Sending {
		return false, err
	}
	crash.At(crash.PayoutCalled)
	t, err := s.transfers.Send(ctx, payments.TransferRequest{Reference: fmt.Sprintf("payout-%d-%s-%d", p.ID, p.Key, p.Attempt), Destination: p.Destination,
		Amount: p.Amount, Group: group(p), Metadata: map[string]string{"payout_id": fmt.Sprint(p.ID), "payee_id": fmt.Sprint(p.PayeeID)}})
	crash.At(crash.PayoutAnswered)
	var answer *payments.Error
	switch {
	case err == nil:
		return false, s.sent(ctx, p, t)
	case errors.As(err, &answer) && answer.Outcome == payments.Final:
		return s.refused(ctx, p, answer)
	}
	look := payments.OutcomeOf(err) == payments.LookUp
	return false, s.later(ctx, p, look, err)
}

// group is how a payout's transfers are found at Stripe.
func group(p Payout) string { return fmt.Sprintf("payout_%d_%s", p.ID, p.Key) }

const updateCalled = `
update payouts set state = 'sending', attempt = $3, look = false, first_sent_at = case when attempt = $3 and first_sent_at is not null then first_sent_at else $2 end,
  tried_at = $2, tries = tries + 1 where id = $1 and state in ('new','sending') and attempt = $4 and parked_at is null`

// called commits that the provider may have been called, before it is. After a look-up that found nothing the next call has a
// key of its own.
func (s *Service) called(ctx context.Context, p Payout) (Payout, error) {
	attempt := p.Attempt
	if p.Look {
		attempt++
	}
	first, err := changed(s.db.ExecContext(ctx, updateCalled, p.ID, s.clock(), attempt, p.Attempt))
	if err != nil || !first { // somebody else has brought it on
		return Payout{}, err
	}
	return payoutWhere(ctx, s.db, `p.id = $1`, p.ID)
}

// later records that the outcome is not known, and when to try again: under the same key after a while, or, where the key would only
// repeat the failure, once it has been quiet for long enough to look.
func (s *Service) later(ctx context.Context, p Payout, look bool, cause error) error {
	gap := pause(p.Tries)
	if look {
		gap = payments.QuietTime
	}
	s.log.WarnContext(ctx, "the outcome of a transfer is not known", "payout", p.ID, "attempt", p.Attempt, "look_up", look, "error", cause)
	_, err := s.db.ExecContext(ctx, `update payouts set look = $2, last_error = $3, next_at = $4 where id = $1 and state = 'sending'`,
		p.ID, look, cause.Error(), s.clock().Add(gap))
	return err
}

// lookFirst finds what may have been sent. settled: it was and is recorded, or nobody can know now. Otherwise nothing was,
// and p.Look says that the next call needs a new key.
func (s *Service) lookFirst(ctx context.Context, p *Payout) (settled bool, err error) {
	now := s.clock()
	if !payments.Quiet(p.TriedAt, now) {
		_, err := s.db.ExecContext(ctx, `update payouts set next_at = $2 where id = $1 and state = 'sending'`, p.ID, p.TriedAt.Add(payments.QuietTime))
		return true, err
	}
	found, err := s.transfers.FindTransfers(ctx, group(*p))
	switch {
	case err != nil:
		_, saved := s.db.ExecContext(ctx, `update payouts set last_error = $2, next_at = $3 where id = $1 and state = 'sending'`, p.ID, err.Error(), now.Add(payments.QuietTime))
		return true, saved
	case len(found) > 0:
		return true, s.sent(ctx, *p, found[0])
	case !payments.KeyAlive(p.FirstSentAt, now):
		return true, s.park(ctx, *p, "nothing was found at Stripe, and the key is too old to ask again")
	}
	p.Look = true
	return false, nil
}

func (s *Service) park(ctx context.Context, p Payout, why string) error {
	s.log.ErrorContext(ctx, "payout parked: a person has to decide", "payout", p.ID, "why", why)
	_, err := s.db.ExecContext(ctx, `update payouts set parked_at = $2, next_at = null, last_error = case when last_error = '' then $3 else last_error end
where id = $1 and state = 'sending'`, p.ID, s.clock(), why)
	return err
}

// refusal cancels a payout that nobody was asked for where its payee can no longer be paid, or their account owes Stripe money,
// which would swallow it.
func (s *Service) refusal(ctx context.Context, p Payout) (bool, error) {
	payee, err := payeeWhere(ctx, s.db, `p.id = $1`, p.PayeeID)
	if err != nil {
		return false, err
	}
	if why := Refusal(p, payee); why != "" {
		return true, s.failed(ctx, p, string(why), "")
	}
	held, err := s.reversals.AccountBalance(ctx, p.Destination)
	var answer *payments.Error
	if errors.As(err, &answer) && answer.Outcome == payments.Final {
		_, err := s.refused(ctx, p, answer)
		return true, err
	}
	if err != nil { // nothing was sent, and nothing is
		_, saved := s.db.ExecContext(ctx, `update payouts set last_error = $2, next_at = $3 where id = $1 and state in ('new','sending')`,
			p.ID, err.Error(), s.clock().Add(pause(p.Tries+1)))
		return true, saved
	}
	for _, a := range held {
		if a.Currency == p.Amount.Currency && a.Minor < 0 {
			return true, s.failed(ctx, p, string(FailNegative), fmt.Sprintf("the account has %v", a))
		}
	}
	return false, nil
}

// refused records a definite refusal. Where it is about the payee's account, the account is looked at, so that the next run
// knows; where it is about the platform, the run pauses instead of failing everybody.
func (s *Service) refused(ctx context.Context, p Payout, answer *payments.Error) (stop bool, err error) {
	if err := s.failed(ctx, p, answer.Code, answer.Message); err != nil {
		return false, err
	}
	why := ReasonOf(answer.Code)
	if why.Account() {
		if _, err := s.Refresh(ctx, p.PayeeID); err != nil {
			s.log.ErrorContext(ctx, "look at the account after a refusal", "payee", p.PayeeID, "error", err)
		}
	}
	if why.Platform() {
		return true, s.pauseItself(ctx, p.RunID, why, answer.Message)
	}
	return false, nil
}

const selectRest = `
select count(*) as open, count(*) filter (where parked_at is null) as unparked, min(coalesce(next_at, $2)) filter (where parked_at is null) as next
from payouts where run_id = $1 and state in ('new','sending')`

// rest ends a run of which nothing is open, and else enqueues the next look at it.
func (s *Service) rest(ctx context.Context, runID int64) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		r, err := runWhere(ctx, tx, runID, "for update")
		if err != nil || r.State != SendingRun {
			return err
		}
		var left struct {
			Open     int        `db:"open"`
			Unparked int        `db:"unparked"`
			Next     *time.Time `db:"next"`
		}
		if err := tx.GetContext(ctx, &left, selectRest, runID, s.clock()); err != nil {
			return postgres.Translate(err)
		}
		switch {
		case left.Open == 0:
			_, err := tx.ExecContext(ctx, `update payout_runs set state = 'done', ended_at = $2 where id = $1`, runID, s.now())
			return postgres.Translate(err)
		case left.Unparked > 0:
			return s.enqueueSend(ctx, tx, runID, *left.Next)
		}
		return nil // what is parked waits for a person
	})
}

// enqueueSend has a run's payouts sent at that real time. Several jobs that come to the same second are one.
func (s *Service) enqueueSend(ctx context.Context, tx *sqlx.Tx, runID int64, at time.Time) error {
	key := ""
	if !at.IsZero() {
		key = fmt.Sprintf("%s:%d:%d", JobSend, runID, at.Unix())
	}
	return jobs.Enqueue(ctx, tx, jobs.Job{Kind: JobSend, Args: runArgs{runID}, UniqueKey: key, RunAt: at})
}
