package app

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/prometheus/client_golang/prometheus"

	"relais/internal/clicks"
	"relais/internal/jobs"
	"relais/internal/reconcile"
)

// queue measures the jobs whenever somebody looks: how many wait, run and are parked, and how long the oldest that could
// run has been waiting, which is the first thing to rise when work is not done.
type queue struct {
	db           *sqlx.DB
	count, delay *prometheus.Desc
}

func newQueue(db *sqlx.DB) *queue {
	return &queue{db,
		prometheus.NewDesc("relais_jobs", "Jobs by state; failing are those of the waiting that failed before.", []string{"state"}, nil),
		prometheus.NewDesc("relais_jobs_oldest_seconds", "How long the oldest job that could run has been waiting.", nil, nil)}
}

// Describe is part of prometheus.Collector.
func (q *queue) Describe(out chan<- *prometheus.Desc) {
	out <- q.count
	out <- q.delay
}

// Collect is part of prometheus.Collector.
func (q *queue) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	s, err := jobs.Stats(ctx, q.db)
	if err != nil {
		out <- prometheus.NewInvalidMetric(q.count, err)
		return
	}
	for state, n := range map[string]int64{"waiting": s.Waiting, "failing": s.Failing, "running": s.Running, "parked": s.Parked} {
		out <- prometheus.MustNewConstMetric(q.count, prometheus.GaugeValue, float64(n), state)
	}
	out <- prometheus.MustNewConstMetric(q.delay, prometheus.GaugeValue, s.Late)
}

// differences measures whether Stripe's books and ours agree, and how long ago that was last known.
type differences struct {
	db         *sqlx.DB
	now        func() time.Time
	count, age *prometheus.Desc
}

func newDifferences(db *sqlx.DB) *differences {
	return &differences{db, time.Now,
		prometheus.NewDesc("relais_differences", "Open differences with Stripe that nobody has explained, by kind.", []string{"kind"}, nil),
		prometheus.NewDesc("relais_reconciled_seconds", "Time since the last comparison with Stripe that was complete; -1 when there was none.", nil, nil)}
}

// Describe is part of prometheus.Collector.
func (d *differences) Describe(out chan<- *prometheus.Desc) {
	out <- d.count
	out <- d.age
}

// Collect is part of prometheus.Collector.
func (d *differences) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	s, err := reconcile.Stats(ctx, d.db, d.now())
	if err != nil {
		out <- prometheus.NewInvalidMetric(d.count, err)
		return
	}
	for kind, n := range s.ByKind {
		out <- prometheus.MustNewConstMetric(d.count, prometheus.GaugeValue, float64(n), string(kind))
	}
	age := -1.0
	if s.Age >= 0 {
		age = s.Age.Seconds()
	}
	out <- prometheus.MustNewConstMetric(d.age, prometheus.GaugeValue, age)
}

// unrolled measures how far the sums of clicks by day lag behind the clicks.
type unrolled struct {
	db        *sqlx.DB
	rows, lag *prometheus.Desc
}

func newUnrolled(db *sqlx.DB) *unrolled {
	return &unrolled{db,
		prometheus.NewDesc("relais_clicks_unrolled", "Sums of clicks that are not added up by day yet; readers add them.", nil, nil),
		prometheus.NewDesc("relais_clicks_unrolled_seconds", "How old the oldest of them is.", nil, nil)}
}

// Describe is part of prometheus.Collector.
func (u *unrolled) Describe(out chan<- *prometheus.Desc) {
	out <- u.rows
	out <- u.lag
}

// Collect is part of prometheus.Collector.
func (u *unrolled) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	s, err := clicks.Lag(ctx, u.db)
	if err != nil {
		out <- prometheus.NewInvalidMetric(u.rows, err)
		return
	}
	out <- prometheus.MustNewConstMetric(u.rows, prometheus.GaugeValue, float64(s.Rows))
	out <- prometheus.MustNewConstMetric(u.lag, prometheus.GaugeValue, s.Lag.Seconds())
}
