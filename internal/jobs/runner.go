package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/crash"
)

// Options of a Runner. Zero values choose the defaults.
type Options struct {
	Workers int           // jobs at the same time; 4
	Poll    time.Duration // how often to look when nobody calls Wake; 500 ms
	Grace   time.Duration // how long Run lets work finish when it is told to stop; 20 s
	// Now is for tests that move the clock: what the runner takes for the time. Nil: the database's clock.
	Now func() time.Time
}

// Runner leases jobs and runs them. Register everything before Run or Drain.
type Runner struct {
	db       *sqlx.DB
	log      *slog.Logger
	options  Options
	handlers map[string]registered
	periodic periodic
	wake     chan struct{}
	hand     hand
}

type registered struct {
	lease   time.Duration
	handler Handler
}

// periodic is what Every was told, as the columns of a query.
type periodic struct {
	names, kinds []string
	seconds      []int64
}

// New returns a runner on db. It handles no kind yet, except for deleting its own old jobs.
func New(db *sqlx.DB, log *slog.Logger, o Options) *Runner {
	if o.Workers == 0 {
		o.Workers = 4
	}
	if o.Poll == 0 {
		o.Poll = 500 * time.Millisecond
	}
	if o.Grace == 0 {
		o.Grace = 20 * time.Second
	}
	r := &Runner{db: db, log: log, options: o, handlers: make(map[string]registered), wake: make(chan struct{}, 1)}
	r.Handle(purgeKind, time.Minute, r.purge)
	r.Every(purgeKind, time.Hour, purgeKind)
	return r
}

// Handle has h do the jobs of a kind. The lease is longer than h ever takes: when it is over h's context ends and others
// may take the job. Registering a kind twice is a mistake of the wiring and panics.
func (r *Runner) Handle(kind string, lease time.Duration, h Handler) {
	if _, twice := r.handlers[kind]; twice || lease < time.Second {
		panic(fmt.Sprintf("jobs: kind %q registered twice, or with a lease of %v", kind, lease))
	}
	r.handlers[kind] = registered{lease, h}
}

// Every enqueues a job of a kind, without arguments, once per period (whole seconds) over all processes. While the one before
// is not over the next is not enqueued.
func (r *Runner) Every(name string, period time.Duration, kind string) {
	if period < time.Second {
		panic(fmt.Sprintf("jobs: period %v of %q", period, name))
	}
	p := &r.periodic
	p.names, p.kinds, p.seconds = append(p.names, name), append(p.kinds, kind), append(p.seconds, int64(period.Seconds()))
}

// Wake has the runner look for work now. Call it after committing a transaction that enqueued something; it never blocks.
func (r *Runner) Wake() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run works until ctx ends, then takes no more jobs, lets the running ones finish within the grace period, cancels what is
// left, and returns. A database that does not answer is logged and tried again. An error is a mistake of the wiring.
func (r *Runner) Run(ctx context.Context) error {
	for i, kind := range r.periodic.kinds {
		if _, ok := r.handlers[kind]; !ok {
			return fmt.Errorf("jobs: nobody handles %q, which %q enqueues", kind, r.periodic.names[i])
		}
	}
	working, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	var running sync.WaitGroup
	slots := make(chan struct{}, r.options.Workers)
	tick := time.NewTicker(r.options.Poll)
	defer tick.Stop()
	r.enqueuePeriodic(ctx)
	for ctx.Err() == nil {
		r.hand.take()
		for _, w := range r.claimLogged(ctx, cap(slots)-len(slots)) {
			slots <- struct{}{}
			r.hand.take()
			running.Go(func() {
				defer func() { r.hand.lay(); <-slots; r.Wake() }()
				_ = r.work(working, w)
			})
		}
		r.hand.lay()
		select {
		case <-ctx.Done():
		case <-r.wake:
		case <-tick.C:
			r.enqueuePeriodic(ctx)
		}
	}
	r.finish(&running, cancel)
	return nil
}

// finish waits for the running work, and cancels it after the grace period.
func (r *Runner) finish(running *sync.WaitGroup, cancel context.CancelFunc) {
	finished := make(chan struct{})
	go func() { running.Wait(); close(finished) }()
	grace := time.NewTimer(r.options.Grace)
	defer grace.Stop()
	select {
	case <-finished:
	case <-grace.C:
		cancel()
		<-finished
	}
}

// Drain runs, one after the other in this goroutine, every job that is ready now and whatever those enqueue, until nothing
// is ready; for seeding and tests. Failed jobs wait for their next attempt as always; their errors are returned, joined.
func (r *Runner) Drain(ctx context.Context) error {
	var failed []error
	for {
		works, err := r.claim(ctx, 1)
		if err != nil {
			return errors.Join(append(failed, err)...)
		}
		if len(works) == 0 {
			return errors.Join(failed...)
		}
		if err := r.work(ctx, works[0]); err != nil {
			failed = append(failed, fmt.Errorf("job %d, %s: %w", works[0].ID, works[0].Kind, err))
		}
	}
}

// DrainBeside is Drain while Run goes on: it returns when nothing that Run took up is in its hand either, or has waited for that so long in all. The errors
// are of the jobs that it ran itself.
func (r *Runner) DrainBeside(ctx context.Context, most time.Duration) error {
	waiting, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	var failed error
	for {
		since := r.hand.seen()
		failed = errors.Join(failed, r.Drain(ctx))
		if r.hand.still(waiting, since) || waiting.Err() != nil {
			return failed
		}
	}
}

// claimLogged leases up to n jobs. While the database does not answer there are none.
func (r *Runner) claimLogged(ctx context.Context, n int) []Work {
	if n == 0 {
		return nil
	}
	works, err := r.claim(ctx, n)
	if err != nil && ctx.Err() == nil {
		r.log.Error("look for jobs", "err", err)
	}
	return works
}

// work runs one job and records how it ended. It returns the handler's error.
func (r *Runner) work(ctx context.Context, w Work) error {
	log := r.log.With("job", w.ID, "kind", w.Kind, "attempt", w.Attempt)
	var err error
	if w.Attempt-w.forgiven > w.maxAttempts {
		err = errAbandoned // it never came to an end, so nobody recorded that
	} else {
		err = r.call(ctx, w)
	}
	// How it ended is recorded even while everything stops.
	recording, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err == nil {
		crash.At(crash.JobWorked)
		if _, recordErr := w.complete(recording, r.db); recordErr != nil {
			log.Error("record a job as done: it will run again", "err", recordErr)
			return nil
		}
		log.Debug("job done")
		return nil
	}
	if errors.Is(err, ErrLeaseLost) {
		log.Warn("job lost to another lease")
		return err
	}
	pause, park := next(w, rand.Float64())
	if ctx.Err() != nil && !park {
		pause = 0 // we stop, it did not fail
	}
	if recordErr := r.recordFailure(recording, w, err, pause, park); recordErr != nil {
		log.Error("record a failed job: it will run again when its lease is over", "err", errors.Join(err, recordErr))
		return err
	}
	if park {
		log.Error("job parked: it waits to be tried again by hand", "err", err)
	} else {
		log.Warn("job failed", "err", err, "again_in", pause)
	}
	return err
}

var errAbandoned = errors.New("abandoned on every attempt: the process died or the lease ran out")

// call runs the handler with a context that ends before the lease does, and turns a panic into an error.
func (r *Runner) call(ctx context.Context, w Work) (err error) {
	crash.At(crash.JobClaimed)
	h := r.handlers[w.Kind]
	ctx, cancel := context.WithTimeout(ctx, h.lease-h.lease/10)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return h.handler(ctx, w)
}

// kinds returns what this runner handles, with the leases in milliseconds. Jobs of other kinds stay for other binaries.
func (r *Runner) kinds() (kinds []string, leases []int64) {
	for kind := range r.handlers {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	for _, kind := range kinds {
		leases = append(leases, r.handlers[kind].lease.Milliseconds())
	}
	return kinds, leases
}

// now is the time that tests set; nil: the database knows.
func (r *Runner) now() *time.Time {
	if r.options.Now == nil {
		return nil
	}
	t := r.options.Now()
	return &t
}
