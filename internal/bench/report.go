package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// report is what var/bench.json holds.
type report struct {
	At      time.Time `json:"at"`
	Machine machine   `json:"machine"`
	Method  method    `json:"method"`
	Benches []line    `json:"benches"`
}

// machine is where it was measured.
type machine struct {
	CPU        string            `json:"cpu"`
	CPUs       int               `json:"cpus"`
	Memory     string            `json:"memory"`
	Kernel     string            `json:"kernel"`
	Load       string            `json:"load_average_before"`
	Go         string            `json:"go"`
	Postgres   string            `json:"postgres"`
	Durability map[string]string `json:"durability"`
}

// method is how.
type method struct {
	Rounds      int     `json:"rounds"`
	Seconds     float64 `json:"seconds_per_measurement"`
	Connections int     `json:"connections"`
	Clients     int     `json:"order_clients"`
	Orders      int     `json:"orders_per_round"`
	TPCBScale   int     `json:"tpcb_scale"`
	PageBytes   int64   `json:"product_page_bytes"`
	FrontBytes  int64   `json:"storefront_bytes"`
	Followed    int64   `json:"links_followed"`
	Placed      int64   `json:"orders_placed"`
	Earnings    int64   `json:"free_earnings"`    // of a hundredth as many payees
	Clicks      int64   `json:"dashboard_clicks"` // of the busiest member whose dashboard is read
	Posts       int64   `json:"feed_posts"`       // in the database of the home feed
}

// line is one result. Ratio is median over yardstick's median, or the other way round where less is better.
type line struct {
	Name      string  `json:"name"`
	Ratio     float64 `json:"ratio"`
	Goal      float64 `json:"goal"`
	AtMost    bool    `json:"at_most"` // less is better, and the goal must not be exceeded
	Met       bool    `json:"met"`
	Unit      string  `json:"unit"`
	Median    float64 `json:"median"`
	Yardstick struct {
		Name   string    `json:"name"`
		Median float64   `json:"median"`
		Runs   []float64 `json:"runs"`
	} `json:"yardstick"`
	Runs []float64 `json:"runs"`
}

// String is what scripts read.
func (l line) String() string {
	if l.AtMost {
		return fmt.Sprintf("bench %s %.3f (goal at most %.2f)", l.Name, l.Ratio, l.Goal)
	}
	return fmt.Sprintf("bench %s %.3f (goal %.2f)", l.Name, l.Ratio, l.Goal)
}

// compare makes a line of the runs of ours and of the yardstick.
func compare(name string, goal float64, unit string, ours []float64, yardstick string, theirs []float64, lessIsBetter bool) line {
	l := line{Name: name, Goal: goal, Unit: unit, Median: median(ours), Runs: ours}
	l.Yardstick.Name, l.Yardstick.Median, l.Yardstick.Runs = yardstick, median(theirs), theirs
	over, under := l.Median, l.Yardstick.Median
	if lessIsBetter {
		over, under = under, over
	}
	if under > 0 {
		l.Ratio = over / under
	}
	l.Met = l.Ratio >= goal
	return l
}

// atMost makes a line of what takes ours as many times as long as the yardstick: less is better.
func atMost(name string, goal float64, unit string, ours []float64, yardstick string, theirs []float64) line {
	l := compare(name, goal, unit, ours, yardstick, theirs, false)
	l.AtMost, l.Met = true, l.Ratio > 0 && l.Ratio <= goal
	return l
}

// median of the runs; of an even number, the mean of the two in the middle.
func median(runs []float64) float64 {
	if len(runs) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(runs))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

func newReport(m machine, s settings, r *sides) report {
	perSecond := func(l load) float64 { return l.PerSecond }
	p99 := func(l load) float64 { return l.P99 }
	return report{At: time.Now().UTC().Truncate(time.Second), Machine: m,
		Method: method{Rounds: s.rounds, Seconds: s.span.Seconds(), Connections: s.connections, Clients: s.clients, Orders: s.orders,
			TPCBScale: tpcbScale, PageBytes: r.pageSize, FrontBytes: r.frontSize, Followed: r.followed, Placed: r.placed, Earnings: s.earnings, Clicks: s.dashboards, Posts: s.posts},
		Benches: []line{
			compare("share_link_redirect", 0.50, "requests/s", values(r.follow, perSecond), "bare Echo 302", values(r.bare302, perSecond), false),
			compare("share_link_redirect_single", 3, "requests/s", values(r.follow, perSecond), "one INSERT a click", values(r.single, perSecond), false),
			compare("share_link_redirect_p99", 0.50, "ms", values(r.follow, p99), "bare Echo 302", values(r.bare302, p99), true),
			compare("product_page", 0.20, "requests/s", values(r.product, perSecond), "bare Echo page", values(r.barePage, perSecond), false),
			compare("storefront", 0.20, "requests/s", values(r.front, perSecond), "bare Echo page", values(r.bareFront, perSecond), false),
			compare("ledger_sale", 1.00, "transactions/s", r.sales, "pgbench TPC-B", r.tpcb, false),
			compare("place_order", 0.15, "transactions/s", r.place, "pgbench TPC-B", r.tpcb, false),
		}}
}

func values(ls []load, of func(load) float64) []float64 {
	var out []float64
	for _, l := range ls {
		out = append(out, of(l))
	}
	return out
}

// write puts the report into a file.
func (r report) write(name string) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return fmt.Errorf("make the folder of the results: %w", err)
	}
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(b, '\n'), 0o644)
}

// facts asks the machine; what it does not tell stays empty.
func facts(ctx context.Context, w *world) machine {
	m := machine{CPU: field("/proc/cpuinfo", "model name"), CPUs: runtime.NumCPU(), Memory: field("/proc/meminfo", "MemTotal"),
		Go: runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH, Kernel: content("/proc/sys/kernel/osrelease"), Load: content("/proc/loadavg"), Durability: map[string]string{}}
	for _, name := range []string{"fsync", "synchronous_commit", "full_page_writes", "wal_sync_method", "server_version"} {
		var value string
		if err := w.db.GetContext(ctx, &value, `select current_setting($1)`, name); err != nil {
			continue
		}
		if name == "server_version" {
			m.Postgres = value
		} else {
			m.Durability[name] = value
		}
	}
	return m
}

func content(name string) string {
	b, _ := os.ReadFile(name) // only on Linux
	return strings.TrimSpace(string(b))
}

// field is the first value of that name in a file of "name : value" lines.
func field(file, name string) string {
	in := bufio.NewScanner(strings.NewReader(content(file)))
	for in.Scan() {
		if key, value, ok := strings.Cut(in.Text(), ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
