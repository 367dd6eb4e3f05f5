// Command torture kills Relais over and over while people buy, sell, send back and are paid, and while Stripe, the post between
// Stripe and us, and Postgres misbehave; then it lets everything end and looks for a cent that is doubled, lost or stuck.
//
//	people ──HTTP──▶ Relais, the real program: killed with -9 ──▶ Postgres of its own: stopped at once, connections ended
//	   │                          │  ▲                                          ▲
//	   │                          ▼  │ notices lost, doubled, late, shuffled    │
//	   └──clicks of brands──▶ the Stripe sandbox, in this process: 500 with and without effect, cut, halved, 409, 429, 502, 503
//
// A round is a plan of deaths made from the seed: at moments, and at the named steps of package crash at which nothing has died yet. Between two deaths
// time may pass: days of business time by the demo's clock, minutes of real time by moving leases and waits back. Then Stripe and the
// post are themselves again, Relais lives on until nothing is under way, and the oracle holds the sandbox's own lists against our
// rows, without the code under test, and has the audit and the comparison with Stripe say what they find. Anything that is wrong
// fails the command; the time to the first answer after a death is printed and judged by nobody.
//
// The seed makes the plan and the dice. Which call meets which fault depends on the order in which the machine runs things, so that
// the same seed gives the same kind of day and not the same day.
//
// Then, in a world of its own, people follow share links while Relais is killed and Postgres stops or stands still: each click that was
// answered must be in the table once.
//
// With -backers N it does something else instead: so many people back a launch, Relais is killed at each step of its charges, and each of them must have been charged
// at most once and be accounted for.
//
// "make torture" runs it at full size; TestFaults, TestBackers and TestClicks are its small form.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"syscall"
	"time"

	"relais/internal/crash"
)

// settings are how much is to happen.
type settings struct {
	seed    uint64
	kills   int // at least
	faults  int // of the provider, its calls and its notices, at least
	round   int // kills at moments in one round
	rate    int // calls of a thousand that go wrong
	buyers  int
	staff   int
	clicks  int           // answered, at least
	backers int           // of a launch, in place of everything else
	most    time.Duration // no new round after so long
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "torture:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	s := settings{}
	f := flag.NewFlagSet("torture", flag.ContinueOnError)
	f.Uint64Var(&s.seed, "seed", rand.Uint64(), "makes the plan and the dice; 0 to 2^64-1")
	f.IntVar(&s.kills, "kills", 1000, "kills at least")
	f.IntVar(&s.faults, "faults", 10_000, "faults of the provider at least, of calls and of notices")
	f.IntVar(&s.round, "round", 330, "kills at moments in a round; those at named steps come on top")
	f.IntVar(&s.rate, "rate", 600, "calls of a thousand that go wrong")
	f.IntVar(&s.buyers, "buyers", 16, "buyers at the same time")
	f.IntVar(&s.staff, "staff", 4, "others who click at the same time")
	f.IntVar(&s.clicks, "clicks", 100_000, "clicks answered at least, in a part of its own; 0: none")
	f.IntVar(&s.backers, "backers", 0, "people who back a launch that is charged while Relais is killed, in place of everything else; 0: none")
	f.DurationVar(&s.most, "most", 15*time.Minute, "no new round after so long")
	if err := f.Parse(args); err != nil {
		return err
	}
	if s.backers > 0 {
		return backers(ctx, s, out)
	}
	if err := torture(ctx, s, out); err != nil || s.clicks == 0 {
		return err
	}
	return clicks(ctx, s, out)
}

// torture runs rounds until enough has happened, and fails with everything that is wrong after one.
func torture(ctx context.Context, s settings, out io.Writer) (err error) {
	fmt.Fprintf(out, "seed %d\n", s.seed)
	begun := time.Now()
	w, err := open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	w.counts.steps, w.counts.parked = map[string]int{}, map[string]int{}
	random := rand.New(rand.NewPCG(s.seed, 0))
	blows := plan(random, s.round, crash.Points())
	for {
		v, err := w.round(ctx, s, blows, out)
		if err != nil {
			return fmt.Errorf("round %d of seed %d: %w", w.counts.rounds, s.seed, err)
		}
		calls, notices := split(w.sandbox.FaultCounts())
		missed := w.missed()
		kills := min(s.round, max(0, s.kills-w.counts.kills))
		if calls+notices < s.faults {
			kills = max(kills, s.round/3)
		}
		enough := kills == 0 && len(missed) == 0
		if !v.bad() && !enough && time.Since(begun) < s.most {
			blows = plan(random, kills, missed)
			continue
		}
		w.report(out, s, v, time.Since(begun))
		switch {
		case v.bad():
			return fmt.Errorf("after round %d of seed %d:\n%s", w.counts.rounds, s.seed, v.text())
		case !enough:
			return fmt.Errorf("%v were not enough for %d kills, %d faults and the steps %v", s.most, s.kills, s.faults, missed)
		}
		return nil
	}
}

// round is one siege, and what is left of it.
func (w *world) round(ctx context.Context, s settings, blows []blow, out io.Writer) (verdict, error) {
	w.counts.rounds++
	begun := time.Now()
	if err := w.siege(ctx, s, w.counts.rounds, blows); err != nil {
		return verdict{}, fmt.Errorf("siege: %w", err)
	}
	besieged := time.Now()
	left, err := w.settle(ctx)
	if err != nil {
		return verdict{}, fmt.Errorf("settle: %w", err)
	}
	settled := time.Now()
	w.counts.payments = 0
	v, err := w.judge(ctx)
	fmt.Fprintf(out, "round %d: %d deaths in %v, quiet after %v, judged in %v\n", w.counts.rounds, len(blows), besieged.Sub(begun).Round(time.Second),
		settled.Sub(besieged).Round(time.Second), time.Since(settled).Round(time.Second))
	if len(left) > 0 {
		v.other = append(v.other, "not at an end: "+describe(left))
	}
	return v, err
}
