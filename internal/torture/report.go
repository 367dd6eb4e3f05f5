package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"relais/internal/crash"
)

// counts are what happened in a run.
type counts struct {
	kills, restarts, backends, paused                         int
	steps                                                     map[string]int // kills by named step
	parked                                                    map[string]int // jobs that an admin had tried again, by kind
	heals                                                     []time.Duration
	requests, bought, paid, clicks                            atomic.Int64
	payments, transfers, refunds, reversals, disputes, rounds int
}

// split says how many calls went wrong, and how many notices did.
func split(faults map[string]int) (calls, notices int) {
	for kind, n := range faults {
		if strings.HasPrefix(kind, "webhook") {
			notices += n
		} else {
			calls += n
		}
	}
	return calls, notices
}

// report prints what happened as a table.
func (w *world) report(out io.Writer, s settings, v verdict, took time.Duration) {
	c := &w.counts
	faults := w.sandbox.FaultCounts()
	calls, notices := split(faults)
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name string, value any) { fmt.Fprintf(t, "%s\t%v\n", name, value) }
	row("seed", s.seed)
	row("rounds", c.rounds)
	row("took", took.Round(time.Second))
	steps := 0
	for _, n := range c.steps {
		steps += n
	}
	row("kill -9", fmt.Sprintf("%d, %d of them at %d of %d named steps", c.kills, steps, len(c.steps), len(crash.Points())))
	if missed := w.missed(); len(missed) > 0 {
		row("  steps that no life came to", strings.Join(missed, " "))
	}
	row("Postgres stopped at once", c.restarts)
	row("connections ended", c.backends)
	row("faults of the provider", fmt.Sprintf("%d: %d of calls, %d of notices", calls+notices, calls, notices))
	for _, kind := range slices.Sorted(maps.Keys(faults)) {
		row("  "+kind, faults[kind])
	}
	row("payments", c.payments)
	row("refunds", c.refunds)
	row("transfers", c.transfers)
	row("reversals", c.reversals)
	row("disputes", c.disputes)
	row("pages answered", c.requests.Load())
	row("other clicks that went through", c.clicks.Load())
	row("runs that paused, jobs that parked", fmt.Sprintf("%d, %v", c.paused, c.parked))
	row("from start to first answer", fmt.Sprintf("p50 %v, p99 %v", quantile(c.heals, 50), quantile(c.heals, 99)))
	row("doubled", v.doubles)
	row("lost", v.losses)
	row("stuck", v.stuck)
	row("otherwise wrong", len(v.other))
	_ = t.Flush()
}

// missed are the named steps at which nothing died.
func (w *world) missed() (steps []string) {
	for _, step := range crash.Points() {
		if w.counts.steps[step] == 0 {
			steps = append(steps, step)
		}
	}
	return steps
}

// quantile is the time within which so many of a hundred were.
func quantile(ds []time.Duration, percent int) time.Duration {
	if len(ds) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(ds))
	return sorted[min(len(sorted)*percent/100, len(sorted)-1)].Round(time.Millisecond)
}
