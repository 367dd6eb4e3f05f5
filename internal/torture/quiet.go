package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"relais/internal/jobs"
	"relais/internal/stripesandbox"
)

// selectUnfinished is what is still under way, each with how often. Refunds and disputes that a bank has not finished are not.
const selectUnfinished = `
select what, count(*) as number, min(example) as example from (
  select 'job ' || kind as what, coalesce(nullif(last_error, ''), args::text) as example from jobs where done_at is null
  union all select 'payout ' || state || case when parked_at is null then '' else ', parked' end, last_error from payouts where state in ('new','sending')
  union all select 'run ' || state, id || ' ' || paused_reason from payout_runs where state <> 'done'
  union all select 'refund ' || state, id::text from refunds where state in ('new','sending')
  union all select 'reversal ' || state, id::text from reversals where state in ('new','sending')
  union all select 'payment at a reader ' || state, id::text from reader_payments where state in ('new','open','at_reader') or loose
  union all select 'notice', id || ' ' || type from webhook_events where handled_at is null
  union all select 'campaign past its deadline', id::text from campaigns where state = 'open' and deadline < $1
  union all select 'pledge ' || p.state, p.id::text from pledges p left join orders o on o.id = p.order_id where p.state = 'due' or p.state = 'pending' and p.expires_at < $1
    or p.told_at is null and (p.state = 'released' or o.state <> 'awaiting_payment') or p.customer_id <> '' and p.forgotten_at is null and (p.told_at is not null or p.state in ('left','lapsed'))
  union all select 'order past its time', id::text from orders where state = 'awaiting_payment' and expires_at < $1) u
group by what order by what`

type unfinished struct {
	What    string `db:"what"`
	Number  int64  `db:"number"`
	Example string `db:"example"`
}

// longestLease is after how many minutes nobody who died has a job any more; that of the comparison with Stripe is the longest.
const longestLease = 35

// settle lets everything end: Stripe and the post are themselves again, and Relais lives, each time a while longer ahead. It returns
// what has not ended all the same.
func (w *world) settle(ctx context.Context) (left []unfinished, err error) {
	w.sandbox.Chaos(stripesandbox.ChaosOptions{})
	w.sandbox.ChaosWebhooks(stripesandbox.ChaosWebhookOptions{})
	w.sandbox.LagLists(0)
	w.sandbox.ClearFaults()
	for life := range 12 {
		days := 1
		if life == 0 {
			days = 3
		}
		if err := w.pass(ctx, days, longestLease); err != nil {
			return nil, err
		}
		if err := w.live(ctx); err != nil {
			return nil, err
		}
		if left, err = w.unfinished(ctx); err != nil || len(left) == 0 && life > 1 {
			return nil, err
		}
	}
	return left, nil
}

// live is a quiet life: notices arrive, what comes every hour comes, an admin has parked jobs and paused runs go on.
func (w *world) live(ctx context.Context) error {
	c, err := w.start("")
	if err != nil {
		return err
	}
	defer c.kill()
	if err := w.ready(ctx, c); err != nil {
		return err
	}
	for range 2 {
		if err := w.sandbox.Tick(); err != nil {
			return err
		}
		if err := w.sandbox.Drain(ctx); err != nil {
			return err
		}
		if err := w.attend(ctx); err != nil {
			return err
		}
		if err := w.stir(ctx, true, true); err != nil {
			return err
		}
		if err := w.idle(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// attend is an admin who has parked jobs tried again and resumes runs.
func (w *world) attend(ctx context.Context) error {
	parked, err := jobs.List(ctx, w.shared, jobs.Filter{State: jobs.Parked, Limit: 1000})
	if err != nil {
		return err
	}
	for _, j := range parked {
		w.counts.parked[j.Kind]++
		if err := jobs.Retry(ctx, w.shared, j.ID); err != nil {
			return err
		}
	}
	var runs []int64
	if err := w.owner.SelectContext(ctx, &runs, `select id from payout_runs where state = 'paused'`); err != nil {
		return err
	}
	for _, id := range runs {
		w.counts.paused++
		if err := w.domains.Payouts.Resume(ctx, 0, id); err != nil {
			return err
		}
	}
	return nil
}

const selectBusy = `
select coalesce(bool_or(done_at is null and parked_at is null and (run_at <= clock_timestamp() or leased_until > clock_timestamp())), false) as busy,
  coalesce(sum(attempt), 0)::bigint as attempts from jobs`

// patience is how long nobody may take up a job while there are some.
const patience = 2 * time.Minute

// idle waits until no job can be done now.
func (w *world) idle(ctx context.Context, c *child) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	still := time.AfterFunc(patience, func() { cancel(errors.New("no job was taken up for a while")) })
	defer still.Stop()
	var now, before struct {
		Busy     bool  `db:"busy"`
		Attempts int64 `db:"attempts"`
	}
	err := poll(ctx, 50*time.Millisecond, func() (bool, error) {
		if c.dead() {
			return false, fmt.Errorf("relais ended by itself; its last words: %s", w.lastWords())
		}
		err := w.owner.GetContext(ctx, &now, selectBusy)
		if now.Attempts != before.Attempts {
			before = now
			still.Reset(patience)
		}
		return !now.Busy, err
	})
	if err != nil {
		err = errors.Join(err, context.Cause(ctx))
		left, look := w.unfinished(context.WithoutCancel(ctx))
		return errors.Join(fmt.Errorf("work does not come to an end: %w: %s; relais says: %s", err, describe(left), w.lastWords()), look)
	}
	return nil
}

func (w *world) unfinished(ctx context.Context) (left []unfinished, err error) {
	return left, w.owner.SelectContext(ctx, &left, selectUnfinished, w.domains.Clock.Now())
}

func describe(left []unfinished) string {
	var b strings.Builder
	for _, u := range left {
		fmt.Fprintf(&b, "%d of %s (%.300s); ", u.Number, u.What, u.Example)
	}
	return b.String()
}
