package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"relais/internal/postgres/pgtest"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// configuration points at a migrated database of the test's own.
func configuration(t *testing.T) Config {
	t.Helper()
	db := pgtest.DB(t)
	c, err := readConfig(from(map[string]string{
		"RELAIS_ADDR": "127.0.0.1:0", "RELAIS_DATA_DIR": t.TempDir(),
		"RELAIS_DATABASE_URL": pgtest.URL(t, db), "RELAIS_DATABASE_OWNER_URL": pgtest.OwnerURL(t, db),
	}))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

func TestRunServesAndEndsCleanly(t *testing.T) {
	a, err := New(t.Context(), configuration(t), quiet())
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, name := range []string{"first", "second"} {
		a.services.workers = append(a.services.workers, worker{name, func(ctx context.Context) error {
			<-ctx.Done()
			order = append(order, name) // one ends before the next is told to
			return ctx.Err()
		}})
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	for path, want := range map[string]string{"/healthz": "ok", "/readyz": "ready", "/metrics": "relais_jobs_oldest_seconds 0"} {
		if status, body := get(t, a.URL()+path); status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: %d %.80s", path, status, body)
		}
	}
	if line := a.Ready(); !strings.Contains(line, a.URL()) || strings.Contains(line, "\n") {
		t.Errorf("ready line: %q", line)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("Run: %v", err)
	}
	if got := strings.Join(order, " "); got != "second first" {
		t.Errorf("workers ended in the order %q", got)
	}
	if _, err := http.Get(a.URL() + "/healthz"); err == nil {
		t.Error("it still answers")
	}
}

func TestAWorkerThatEndsStopsTheServer(t *testing.T) {
	a, err := New(t.Context(), configuration(t), quiet())
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	a.services.workers = []worker{{"jobs", func(context.Context) error { return broken }}}
	if err := a.Run(t.Context()); !errors.Is(err, broken) || !strings.Contains(err.Error(), "jobs") {
		t.Errorf("Run: %v", err)
	}
}

func TestATakenPortIsToldInOneLine(t *testing.T) {
	cfg := configuration(t)
	first, err := New(t.Context(), cfg, quiet())
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	cfg.Addr = first.listener.Addr().String()
	_, err = New(t.Context(), cfg, quiet())
	if err == nil || !strings.Contains(err.Error(), "taken by another program") || strings.Contains(err.Error(), "\n") {
		t.Errorf("New: %v", err)
	}
}

func TestReadiness(t *testing.T) {
	a, err := New(t.Context(), configuration(t), quiet())
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	check := func(want int, text string) {
		t.Helper()
		w := httptest.NewRecorder()
		a.handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/readyz", nil))
		if w.Code != want || !strings.Contains(w.Body.String(), text) {
			t.Errorf("readyz: %d %s; want %d %s", w.Code, w.Body, want, text)
		}
	}
	check(http.StatusOK, "ready")
	owner := pgtest.Owner(t, a.services.DB)
	owner.MustExec(`delete from goose_db_version where version_id = 1`)
	check(http.StatusServiceUnavailable, "1 migrations pending")
	a.ops.draining.Store(true)
	check(http.StatusServiceUnavailable, "draining")
	a.ops.draining.Store(false)
	a.services.Close()
	check(http.StatusServiceUnavailable, "does not answer")
	w := httptest.NewRecorder()
	a.handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/healthz", nil))
	if w.Code != http.StatusOK {
		t.Errorf("healthz without a database: %d", w.Code)
	}
}

func TestASchemaThatLacksMigrationsIsRefused(t *testing.T) {
	cfg := configuration(t)
	cfg.Database.OwnerURL = ""
	db := pgtest.DB(t)
	pgtest.Owner(t, db).MustExec(`delete from goose_db_version where version_id = 1`)
	cfg.Database.URL = Secret(pgtest.URL(t, db))
	_, err := Open(t.Context(), cfg, quiet())
	if err == nil || !strings.Contains(err.Error(), "run relais migrate") {
		t.Errorf("Open: %v", err)
	}
}

func TestMetricsAreForThisMachineOnly(t *testing.T) {
	page := local(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "metrics") }))
	for _, c := range []struct {
		remote, header string
		want           int
	}{
		{"127.0.0.1:5000", "", http.StatusOK}, {"[::1]:5000", "", http.StatusOK},
		{"192.0.2.1:5000", "", http.StatusNotFound}, {"127.0.0.1:5000", "X-Forwarded-For", http.StatusNotFound},
		{"nowhere", "", http.StatusNotFound},
	} {
		r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		r.RemoteAddr = c.remote
		if c.header != "" {
			r.Header.Set(c.header, "192.0.2.1")
		}
		w := httptest.NewRecorder()
		page.ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("%+v: %d", c, w.Code)
		}
	}
}
