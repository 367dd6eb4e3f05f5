// Command bench measures, on this machine, what the hot paths of Relais cost beside the plainest thing that could stand in
// their place, and prints the ratios: absolute figures move from machine to machine and from hour to hour, ratios much less.
//
//	share_link_redirect      requests/s of GET /r/CODE, each with a click committed before its answer, over those of a bare Echo 302
//	share_link_redirect_single  the same over a bare Echo 302 that commits one row for each click
//	share_link_redirect_p99  the 99th percentile of the bare 302 over that of GET /r/CODE, from the same runs
//	product_page             requests/s of GET /p/SLUG over those of a bare Echo handler that answers as many bytes
//	storefront               requests/s of GET /@HANDLE over those of a bare Echo handler that answers as many bytes
//	ledger_sale              sales of five parties/s posted by ledger.Post, each in a transaction of its own, over pgbench's TPC-B transactions/s
//	place_order              orders/s of orders.Place over pgbench's TPC-B transactions/s
//	payout_run               seconds in which payouts.Run makes the payouts of 100,000 payees, who have 10,000,000 free earnings,
//	                         over those of a read-only GROUP BY over the same 10,000,000 postings
//	dashboard_10k, _10m_p95  the 95th percentile of insight.ForMember over ninety days of a member of 10,000, and 10,000,000 clicks, over 200 ms
//	dashboard_1m, _10m       the time that it takes for a member of 1,000,000, and 10,000,000 clicks over that for one of 10,000
//	home_feed, _queries      the home feed of a member of 200 circles among 1,000,000 posts over that among 100: the page, and its queries alone
//	home_feed_deep           the eleventh page of it over the first among 100
//
// In every line up to place_order more is better, and 1 is as good as the yardstick. In those after it less is better: the goal is what
// it may be at most.
//
// # Method
//
// The site is the real one, app.New and Run with all middleware, sessions, logging (formatted, then dropped) and background jobs,
// over a new Postgres of its own with fsync and synchronous commit on, filled by the use cases with 4 brands, 40 products and 10
// members. Load comes from the same process, over loopback: 64 keep-alive connections, each with one request at a time, the next
// one sent as soon as the answer is read (closed loop). So generator, site, yardstick and database share the processors, and a
// yardstick that answers at once is limited by the generator too: that is why the generator reads answers with a parser of its own
// that does no more than it must. Both sides get the same requests with a browser's headers. Every followed link comes from an
// address of its own, told as by a trusted proxy, so that every click counts and none falls to the limit per address.
//
// Orders are placed by 8 workers, each in carts of two products filled before the clock starts; pgbench runs on the same
// cluster with as many clients, simple protocol, scale 10.
//
// The books of the payouts lie in a database of their own on the same cluster, written by the owner as the triggers would have
// written them; -earnings N makes them smaller. The run is the real one, up to the commit of its last batch: plan, locks, postings,
// digests, payouts. The sending, which waits for Stripe, is not measured. After each run the payouts must be what was free; then
// the run is taken back.
//
// The dashboards lie in a database of their own too, three members with forty links and five hundred orders each, whose clicks were
// counted by the triggers and rolled up as in life; -clicks N makes them fewer. Their dashboards are read in turn, by the application's
// role, and must have what was written.
//
// The home feeds lie in two databases, one of 100 posts and one of 1,000,000, each post in two of the member's 200 circles; -posts N makes
// them fewer. They are read in turn through the real handlers, with the application's role, and must show a full page.
//
// One measurement of each kind makes a round; rounds follow each other, so that a slow minute hits both sides. A ratio is that of the
// medians over the rounds, after a warm-up that is not counted.
//
// A fast wrong answer is worth nothing: after all rounds the rows are counted. Clicks must be as many as links followed, all of them
// eligible; orders and their lines as many as placed; stock less by what was sold; the audit clean. Any difference fails the command. A goal that is
// missed does not.
//
// Lines "bench NAME RATIO (goal GOAL)" go to standard output; var/bench.json has them with every run and the facts of the machine.
// Run it with make bench. -profile DIR writes a processor profile per measurement there.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// settings are how long and how often to measure.
type settings struct {
	rounds      int
	span        time.Duration // of one measurement
	connections int           // that follow links and read pages
	clients     int           // that place orders, and of pgbench
	orders      int           // placed in one measurement
	earnings    int64         // free, before the run of payouts; 0: no run is measured
	dashboards  int64         // clicks of the busiest member whose dashboard is read; 0: none is
	posts       int64         // in the database of the home feed that is read; 0: none is
	only        bool          // the run of payouts, and nothing else
	onlyBoards  bool          // the dashboards, and nothing else
	onlyFeed    bool          // the home feed, and nothing else
	out         string        // file for the JSON
	profiles    string        // folder; empty: no profiles
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) (err error) {
	s, err := parse(args)
	if err != nil {
		return err
	}
	w, err := newWorld(ctx, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	report := report{}
	if !s.only && !s.onlyBoards && !s.onlyFeed {
		if report, err = measure(ctx, w, s); err != nil {
			return err
		}
	}
	if s.earnings > 0 && !s.onlyBoards && !s.onlyFeed {
		payouts, err := measurePayouts(ctx, w.cluster, s)
		if err != nil {
			return fmt.Errorf("measure payouts: %w", err)
		}
		report.Benches = append(report.Benches, payouts)
	}
	if s.dashboards > 0 && !s.only && !s.onlyFeed {
		boards, err := measureDashboards(ctx, w.cluster, s)
		if err != nil {
			return fmt.Errorf("measure dashboards: %w", err)
		}
		report.Benches = append(report.Benches, boards...)
	}
	if s.posts > 0 && !s.only && !s.onlyBoards {
		feeds, err := measureFeed(ctx, w.cluster, s)
		if err != nil {
			return fmt.Errorf("measure the home feed: %w", err)
		}
		report.Benches = append(report.Benches, feeds...)
	}
	for _, l := range report.Benches {
		fmt.Fprintln(out, l)
	}
	return report.write(s.out)
}

func parse(args []string) (settings, error) {
	s := settings{connections: 64, clients: 8}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.IntVar(&s.rounds, "rounds", 3, "rounds to measure; the medians count")
	f.DurationVar(&s.span, "span", 3*time.Second, "length of one measurement")
	f.IntVar(&s.orders, "orders", 1000, "orders placed in one round")
	f.Int64Var(&s.earnings, "earnings", 10_000_000, "free earnings before the run of payouts, a hundred of each payee; 0: do not measure it")
	f.Int64Var(&s.dashboards, "clicks", 10_000_000, "clicks of the busiest member whose dashboard is read; 0: do not measure it")
	f.Int64Var(&s.posts, "posts", 1_000_000, "posts in the database of the home feed that is read; 0: do not measure it")
	f.BoolVar(&s.onlyFeed, "only-feed", false, "measure the home feed and nothing else")
	f.BoolVar(&s.onlyBoards, "only-dashboards", false, "measure the dashboards and nothing else")
	f.BoolVar(&s.only, "only-payouts", false, "measure the run of payouts and nothing else")
	f.StringVar(&s.out, "json", "var/bench.json", "file for the results")
	f.StringVar(&s.profiles, "profile", "", "folder for processor profiles")
	if err := f.Parse(args); err != nil {
		return s, err
	}
	if s.earnings != 0 && s.earnings < perPayee*1000 {
		return s, fmt.Errorf("at least %d earnings, or none", perPayee*1000)
	}
	if s.dashboards != 0 && s.dashboards < memberLinks*1000 {
		return s, fmt.Errorf("at least %d clicks, or none", memberLinks*1000)
	}
	if s.posts != 0 && s.posts < feedFew*10 {
		return s, fmt.Errorf("at least %d posts, or none", feedFew*10)
	}
	if s.rounds < 1 || s.span < 100*time.Millisecond || s.orders < s.clients {
		return s, fmt.Errorf("at least one round, 100ms and %d orders", s.clients)
	}
	return s, nil
}
