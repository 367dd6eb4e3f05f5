package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"relais/internal/postgres"
	"relais/internal/stripesandbox"
)

// blow is one death of Relais and what happens around it. A list of them, made from the seed, is the plan of a round.
type blow struct {
	crashAt string        // the step; empty: at a moment
	after   time.Duration // from when it answers until it is killed
	days    int           // of business time that pass before it lives again; 0: it lives again at once
	minutes int           // of real time that pass with them
	stir    bool          // what comes every hour comes now
	restart bool          // Postgres stops at once, and starts again, while it lives
	backend bool          // one connection to Postgres is ended while it lives
}

// plan makes the blows of a round: so many kills at moments, and these named steps, in an order of their own.
func plan(random *rand.Rand, kills int, steps []string) []blow {
	var bs []blow
	for range kills {
		bs = append(bs, blow{after: time.Duration(30+random.IntN(300)) * time.Millisecond})
	}
	for _, step := range steps {
		passes := 1
		if group, _, _ := strings.Cut(step, "."); slices.Contains([]string{"jobs", "orders", "refunds", "webhooks"}, group) { // these come often
			passes += random.IntN(2)
		}
		bs = append(bs, blow{crashAt: fmt.Sprintf("%s:%d", step, passes), after: 15 * time.Second, stir: true})
	}
	random.Shuffle(len(bs), func(i, j int) { bs[i], bs[j] = bs[j], bs[i] })
	for i := range bs {
		b := &bs[i]
		if random.IntN(4) == 0 {
			b.days, b.minutes = 1, 3+random.IntN(9)
		}
		if random.IntN(12) == 0 { // a hold ends
			b.days, b.minutes = 6+random.IntN(10), 3+random.IntN(9)
		}
		switch group, _, _ := strings.Cut(b.crashAt, "."); group {
		case "earnings", "payouts", "debts": // there must be something to free, and to pay
			b.days, b.minutes = 16, 12
		case "pledges": // group orders end
			b.days, b.minutes = 2, 12
		case "orders": // and something to end
			b.days, b.minutes = 1, 12
		}
		b.stir = b.stir || random.IntN(4) == 0
		b.restart = i == len(bs)/2
		b.backend = random.IntN(4) == 0
	}
	return bs
}

// siege lets people buy, sell and pay out while Relais dies as planned, and Stripe and the post behave as badly as they can.
func (w *world) siege(ctx context.Context, s settings, round int, blows []blow) error {
	random := rand.New(rand.NewPCG(s.seed, uint64(round)))
	w.sandbox.ChaosWebhooks(stripesandbox.ChaosWebhookOptions{Seed: random.Uint64(), Lose: 250, Duplicate: 450, Delay: 400, MostDelay: time.Second, Reorder: 450})
	w.sandbox.LagLists(5 * time.Second)
	people, leave := context.WithCancel(ctx)
	var all sync.WaitGroup
	defer func() { leave(); all.Wait() }()
	for i := range s.buyers {
		own := rand.New(rand.NewPCG(random.Uint64(), uint64(i)))
		all.Go(func() { w.buy(people, own) })
	}
	for i := range s.staff {
		own := rand.New(rand.NewPCG(random.Uint64(), uint64(i)))
		all.Go(func() { w.work(people, own) })
	}
	all.Go(func() { _ = w.sandbox.Run(people) })
	all.Go(func() { w.watch(people) })
	for _, b := range blows {
		rate := s.rate
		switch { // or hardly anything would come that far
		case strings.HasPrefix(b.crashAt, "reconcile."):
			rate = 0
		case b.crashAt != "":
			rate /= 10
		}
		w.sandbox.Chaos(stripesandbox.ChaosOptions{Seed: random.Uint64(), Rate: rate, MostDelay: 150 * time.Millisecond})
		if err := w.strike(ctx, b, random); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// mostReady is how many jobs may be ready before people wait.
const mostReady = 150

const selectReady = `select count(*) from jobs where done_at is null and parked_at is null and run_at <= clock_timestamp()`

// watch has people wait while there is more work than is done.
func (w *world) watch(ctx context.Context) {
	_ = poll(ctx, 200*time.Millisecond, func() (bool, error) {
		var n int
		if w.owner.GetContext(ctx, &n, selectReady) == nil { // else Postgres is away for a moment
			w.behind.Store(n > mostReady)
		}
		return false, nil
	})
}

// strike lets Relais live once, until it dies.
func (w *world) strike(ctx context.Context, b blow, random *rand.Rand) error {
	step, _, _ := strings.Cut(b.crashAt, ":")
	if strings.HasPrefix(step, "pledges.") {
		_ = w.ripen(ctx, random) // what the provider refuses now is left
	}
	if b.days > 0 {
		if err := w.pass(ctx, b.days, b.minutes); err != nil {
			return err
		}
	}
	born := time.Now()
	c, err := w.start(b.crashAt)
	if err != nil {
		return err
	}
	defer c.kill()
	if err := w.ready(ctx, c); err != nil && !errors.Is(err, errDied) {
		return err
	} else if err == nil {
		w.counts.heals = append(w.counts.heals, time.Since(born))
	}
	if b.stir {
		if err := w.stir(ctx, b.crashAt != "", false); err != nil {
			return err
		}
	}
	if b.restart {
		if err := w.restartPostgres(ctx); err != nil {
			return err
		}
	}
	if b.backend {
		if err := w.endBackend(ctx); err != nil {
			return err
		}
	}
	if step != "" {
		w.provoke(ctx, step)
		w.hasten(ctx, c, step, b.after)
	} else {
		c.rest(ctx, b.after)
	}
	switch {
	case b.crashAt != "" && c.dead():
		w.counts.steps[step]++
		w.counts.kills++
	case c.dead():
		return fmt.Errorf("relais ended by itself; its last words: %s", w.lastWords())
	default:
		w.counts.kills++
	}
	return nil
}

// provoke has people do, a few times, what leads to a step. What is refused is left.
func (w *world) provoke(ctx context.Context, step string) {
	group, _, _ := strings.Cut(step, ".")
	lead := map[string][]act{"refunds": {w.refundPart, w.refundPart, w.refundAll}, "disputes": {w.dispute, w.decide}, "payouts": {w.free, w.goOn, w.startRun},
		"debts": {w.owe}, "pledges": {w.gather, w.gather}, "pos": {w.agreeOnce, w.sellAtReader}}[group]
	random := rand.New(rand.NewPCG(1, 1))
	for range 2 {
		for _, do := range lead {
			_ = do(ctx, random)
		}
	}
}

const hastenJobs = `
update jobs set run_at = run_at - interval '1 day' where kind like $1 and done_at is null and parked_at is null and leased_until is null and run_at > clock_timestamp() - interval '1 hour'`

// hasten has the jobs that lead to a step done before all others, until Relais has died of it or so much time is over.
func (w *world) hasten(ctx context.Context, c *child, step string, most time.Duration) {
	group, _, _ := strings.Cut(step, ".")
	kinds := map[string]string{"earnings": "orders.release", "disputes": "webhooks.%", "pos": "webhooks.%", "jobs": "%"}[group]
	if kinds == "" {
		kinds = group + ".%"
	}
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	_ = poll(ctx, 100*time.Millisecond, func() (bool, error) { // what the database refuses now it takes the next time
		_, _ = w.owner.ExecContext(ctx, hastenJobs, kinds)
		if group == "debts" { // a debt comes to be by a refund, which is done by then
			_, _ = w.owner.ExecContext(ctx, hastenJobs, "refunds.%")
			_ = w.recover(ctx, nil)
		}
		return c.dead(), nil
	})
}

// restartPostgres stops Postgres at once, as its crash would, and starts it again.
func (w *world) restartPostgres(ctx context.Context) error {
	pid, err := w.postmaster()
	if err != nil {
		return err
	}
	if err := syscall.Kill(pid, syscall.SIGQUIT); err != nil {
		return err
	}
	w.cluster.Stop() // waits for its end
	w.cluster, err = postgres.StartCluster(ctx, postgres.Options{DataDir: w.dir})
	if err == nil {
		w.counts.restarts++
	}
	return err
}

const endOne = `
select count(pg_terminate_backend(pid)) from (select pid from pg_stat_activity where usename = 'relais_app' order by random() limit 1) one`

// endBackend ends one of the application's connections.
func (w *world) endBackend(ctx context.Context) error {
	var n int
	if err := w.owner.GetContext(ctx, &n, endOne); err != nil {
		return err
	}
	w.counts.backends += n
	return nil
}

// Real time is not ours to move; what goes by it is moved back instead: the leases of jobs and payouts, and the waits of both.
var older = []string{
	`update jobs set run_at = run_at - make_interval(mins => $1), leased_until = leased_until - make_interval(mins => $1) where done_at is null and parked_at is null`,
	`update payouts set next_at = next_at - make_interval(mins => $1), tried_at = tried_at - make_interval(mins => $1),
	   first_sent_at = first_sent_at - make_interval(mins => $1) where state in ('new','sending')`,
	`update reversals set first_sent_at = first_sent_at - make_interval(mins => $1), tried_at = tried_at - make_interval(mins => $1) where state in ('new','sending')`,
	`update pledges set first_sent_at = first_sent_at - make_interval(mins => $1), tried_at = tried_at - make_interval(mins => $1) where state = 'ordered' and told_at is null`,
	`update refunds set first_sent_at = first_sent_at - make_interval(mins => $1), tried_at = tried_at - make_interval(mins => $1) where state in ('new','sending')`,
}

// pass lets time pass while Relais is dead and nobody does anything: days of business time, minutes of real time.
func (w *world) pass(ctx context.Context, days, minutes int) error {
	w.gate.Lock()
	defer w.gate.Unlock()
	// What a dead caller asked for is answered by then.
	if err := poll(ctx, 5*time.Millisecond, func() (bool, error) { return w.calls.Load() == 0, nil }); err != nil {
		return err
	}
	for _, statement := range older {
		if _, err := w.owner.ExecContext(ctx, statement, minutes); err != nil {
			return fmt.Errorf("let time pass: %w", err)
		}
	}
	return w.domains.Clock.Advance(ctx, days)
}
