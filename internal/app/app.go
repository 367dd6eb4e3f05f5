// Package app is Relais as a program: its configuration, the one place where everything is wired, and its life from the
// first listening socket to the last closed one.
//
// New takes the port first, so that a taken one is told before anything is started; then the database, the services, the
// site. Run serves until its context ends, then leaves in the opposite order: it stops being ready, finishes the
// requests under way, then the jobs, then closes the database.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"
)

const (
	drainDelay   = 5 * time.Second // in production: so that a load balancer sees us leaving before we refuse
	shutdownTime = 20 * time.Second
)

// App is a Relais that is ready to run.
type App struct {
	cfg      Config
	log      *slog.Logger
	listener net.Listener
	metrics  net.Listener // nil: no listener of its own
	services *Services
	ops      *ops
}

// New makes everything that Run needs. Its errors are for a person at a terminal: one line with the remedy.
func New(ctx context.Context, cfg Config, log *slog.Logger) (*App, error) {
	for _, name := range cfg.Unknown {
		log.Warn("unknown variable in the environment", "name", name)
	}
	a := &App{cfg: cfg, log: log}
	var err error
	if a.listener, err = listen("RELAIS_ADDR", cfg.Addr); err != nil {
		return nil, err
	}
	if cfg.MetricsAddr != "" {
		if a.metrics, err = listen("RELAIS_METRICS_ADDR", cfg.MetricsAddr); err != nil {
			a.closeListeners()
			return nil, err
		}
	}
	own := "http://" + reachable(a.listener.Addr().String())
	if a.cfg.BaseURL == "" {
		a.cfg.BaseURL = own
	}
	if a.services, err = open(ctx, a.cfg, log, own, true); err != nil {
		a.closeListeners()
		return nil, err
	}
	a.ops = newOps(a.services.data, a.services.Clicks.Spooled)
	return a, nil
}

// listen takes an address, or says who has it.
func listen(variable, addr string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, &taken{addr, variable}
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("%s may not be listened on by this user: choose a port above 1023 with %s", addr, variable)
	case err != nil:
		return nil, fmt.Errorf("listen on %s: %w; set %s", addr, err, variable)
	}
	return l, nil
}

// taken is a port that another program listens on.
type taken struct{ addr, variable string }

func (e *taken) Error() string {
	return fmt.Sprintf("%s is taken by another program: stop that one, or choose another address with %s=127.0.0.1:8090", e.addr, e.variable)
}

// Unwrap tells Beside.
func (e *taken) Unwrap() error { return syscall.EADDRINUSE }

func (a *App) closeListeners() {
	for _, l := range []net.Listener{a.listener, a.metrics} {
		if l != nil {
			_ = l.Close()
		}
	}
}

// URL is the address that people see.
func (a *App) URL() string { return a.cfg.BaseURL }

// Services are the use cases behind the site.
func (a *App) Services() *Services { return a.services }

// Close ends an app that never ran.
func (a *App) Close() {
	a.closeListeners()
	a.services.Close()
}

// Run serves until ctx ends, then finishes what is under way. It returns nil after a clean end.
func (a *App) Run(ctx context.Context) error {
	defer a.Close()
	failed := make(chan error, 2+len(a.services.workers))
	site := a.server(a.handler())
	go func() { failed <- serve(site, a.listener) }()
	servers := []*http.Server{site}
	if a.metrics != nil {
		m := a.server(a.ops.measurements())
		servers = append(servers, m)
		go func() { failed <- serve(m, a.metrics) }()
	}
	stop := a.services.startWorkers(ctx, failed)
	var err error
	select {
	case <-ctx.Done():
		a.drain()
	case err = <-failed:
	}
	return errors.Join(err, shutdown(ctx, servers), stop())
}

func serve(s *http.Server, l net.Listener) error {
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve %s: %w", l.Addr(), err)
	}
	return nil
}

// drain tells whoever sends us requests to send them elsewhere, and gives them time to notice.
func (a *App) drain() {
	a.ops.draining.Store(true)
	a.log.Debug("leaving")
	if a.cfg.Production {
		<-time.After(drainDelay)
	}
}

// shutdown waits for requests under way.
func shutdown(ctx context.Context, servers []*http.Server) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer cancel()
	var errs []error
	for _, s := range servers {
		if err := s.Shutdown(ctx); err != nil {
			errs = append(errs, fmt.Errorf("requests under way were cut: %w", err), s.Close())
		}
	}
	return errors.Join(errs...)
}

// startWorkers starts them in order; the function it returns stops them one by one in the opposite order.
func (s *Services) startWorkers(ctx context.Context, failed chan<- error) (stop func() error) {
	type running struct {
		cancel context.CancelFunc
		done   chan error
	}
	var all []running
	for _, w := range s.workers {
		own, cancel := context.WithCancel(context.WithoutCancel(ctx))
		r := running{cancel, make(chan error, 1)}
		go func() {
			err := w.run(own)
			if own.Err() != nil && errors.Is(err, context.Canceled) {
				err = nil
			}
			if err != nil {
				err = fmt.Errorf("%s: %w", w.name, err)
			}
			if own.Err() == nil {
				failed <- errors.Join(err, fmt.Errorf("%s ended by itself", w.name))
			}
			r.done <- err
		}()
		all = append(all, r)
	}
	return func() error {
		var errs []error
		for i := len(all) - 1; i >= 0; i-- {
			all[i].cancel()
			errs = append(errs, <-all[i].done)
		}
		return errors.Join(errs...)
	}
}

func (a *App) server(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		WriteTimeout:      20 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
	}
}

// handler is the site with the operator's pages beside it.
func (a *App) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", a.ops.healthz)
	mux.HandleFunc("GET /readyz", a.ops.readyz)
	if a.metrics == nil {
		mux.Handle("GET /metrics", local(a.ops.measurements()))
	}
	mux.Handle("/", a.services.site)
	return mux
}

// Ready is the line for the terminal once it serves.
func (a *App) Ready() string {
	return fmt.Sprintf("Relais is ready: %s  (%sdata in %s)", a.cfg.BaseURL, a.services.data.demoDoors(), a.services.data.where())
}
