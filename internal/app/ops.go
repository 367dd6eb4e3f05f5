package app

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"relais/internal/postgres"
)

// ops answers the questions of whoever operates Relais: does the process live, may it get requests, what does it measure.
type ops struct {
	db       *sqlx.DB
	metrics  *prometheus.Registry
	draining atomic.Bool
}

func newOps(d *database, spooled func() int) *ops {
	o := &ops{db: d.pages, metrics: prometheus.NewRegistry()}
	o.metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		collectors.NewDBStatsCollector(d.pages.DB, "pages"), collectors.NewDBStatsCollector(d.work.DB, "work"), newQueue(d.work), newDifferences(d.work), newUnrolled(d.work),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "relais_clicks_spooled", Help: "Clicks that wait on disk for Postgres."}, func() float64 { return float64(spooled()) }))
	return o
}

// readyWithin is how long the database may take to answer a readiness check.
const readyWithin = 500 * time.Millisecond

// healthz tells that the process lives, whatever it depends on.
func (o *ops) healthz(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "ok") }

// readyz tells whether requests should come here: the database answers, its schema is ours, and we are not leaving.
func (o *ops) readyz(w http.ResponseWriter, r *http.Request) {
	if o.draining.Load() {
		say(w, http.StatusServiceUnavailable, "draining")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), readyWithin)
	defer cancel()
	pending, err := postgres.Pending(ctx, o.db)
	switch {
	case err != nil:
		say(w, http.StatusServiceUnavailable, "the database does not answer")
	case pending > 0:
		say(w, http.StatusServiceUnavailable, fmt.Sprintf("%d migrations pending", pending))
	default:
		say(w, http.StatusOK, "ready")
	}
}

func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	fmt.Fprintln(w, text)
}

// measurements serves the metrics.
func (o *ops) measurements() http.Handler {
	return promhttp.HandlerFor(o.metrics, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
}

// local lets only callers on this machine through, and nobody who came by a proxy: to the others the page is not there.
func local(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		ip := net.ParseIP(host)
		forwarded := r.Header.Get("X-Forwarded-For") + r.Header.Get("Forwarded") + r.Header.Get("X-Real-Ip") + r.Header.Get("Via")
		if err != nil || ip == nil || !ip.IsLoopback() || forwarded != "" {
			http.NotFound(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}
