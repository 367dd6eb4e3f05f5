package app

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/prometheus/client_golang/prometheus"

	"relais/internal/jobs"
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
