package main

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"relais/internal/postgres"
)

func TestReadAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		raw    string
		status int
		to     string
		size   int
		bad    bool
	}{
		"redirect":        {raw: "HTTP/1.1 302 Found\r\nLocation: /@lea?c=A\r\nContent-Length: 0\r\n\r\n", status: 302, to: "/@lea?c=A"},
		"with a length":   {raw: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde", status: 200, size: 5},
		"in chunks":       {raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n", status: 200, size: 13},
		"cut":             {raw: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", bad: true},
		"another version": {raw: "HTTP/1.0 200 OK\r\n\r\n", bad: true},
		"no chunk":        {raw: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", bad: true},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := readAnswer(bufio.NewReader(strings.NewReader(c.raw)))
			if c.bad {
				if err == nil {
					t.Fatalf("read as %+v", a)
				}
				return
			}
			if err != nil || a.status != c.status || string(a.location) != c.to || a.size != c.size {
				t.Errorf("%+v, %v", a, err)
			}
		})
	}
}

func TestDriveCountsWhatWasAnswered(t *testing.T) {
	var served atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		served.Add(1)
		if !strings.HasPrefix(r.Header.Get("X-Forwarded-For"), "10.") || !strings.Contains(r.UserAgent(), "iPhone") {
			http.Error(w, "not like a browser", http.StatusBadRequest)
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	defer server.Close()
	to := target{addr: server.Listener.Addr().String(), status: http.StatusNoContent, request: func(buf []byte, n int64) []byte { return get(buf, "site", "/", "x", n) }}
	l, err := drive(t.Context(), to, 4, 50*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if l.Answered == 0 || l.Answered != served.Load() || l.P99 < l.P50 {
		t.Errorf("%+v, but %d were served", l, served.Load())
	}
	to.status = http.StatusOK
	if _, err := drive(t.Context(), to, 1, 50*time.Millisecond); err == nil {
		t.Error("a wrong answer goes unnoticed")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := drive(ended, to, 1, time.Minute); err == nil {
		t.Error("goes on after its context")
	}
}

func TestCompare(t *testing.T) {
	faster := compare("a", 0.5, "requests/s", []float64{10, 90, 30}, "bare", []float64{60, 50, 200}, false)
	if got := faster.String(); got != "bench a 0.500 (goal 0.50)" || !faster.Met {
		t.Errorf("%s, met %t", got, faster.Met)
	}
	slower := compare("b", 0.5, "ms", []float64{10, 30}, "bare", []float64{4, 4}, true)
	if got := slower.String(); got != "bench b 0.200 (goal 0.50)" || slower.Met {
		t.Errorf("%s, met %t", got, slower.Met)
	}
}

func TestAtMost(t *testing.T) {
	if l := atMost("c", 1.5, "s", []float64{3}, "reading", []float64{2}); l.String() != "bench c 1.500 (goal at most 1.50)" || !l.Met {
		t.Errorf("%s, met %t", l, l.Met)
	}
	if l := atMost("c", 1.5, "s", []float64{3.1}, "reading", []float64{2}); l.Met {
		t.Errorf("%s is met", l)
	}
}

// The dashboards in small: what is read is what was written, and the lines are there.
func TestDashboards(t *testing.T) {
	c, err := postgres.StartCluster(t.Context(), postgres.Options{Throwaway: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Stop()
	lines, err := measureDashboards(t.Context(), c, settings{rounds: 1, dashboards: 40_000})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, l := range lines {
		names = append(names, l.Name)
		if l.Ratio <= 0 || !l.AtMost {
			t.Errorf("%s", l)
		}
		t.Log(l, l.Median)
	}
	if diff := cmp.Diff([]string{"dashboard_10k", "dashboard_1m", "dashboard_10m", "dashboard_10m_p95"}, names); diff != "" {
		t.Error(diff)
	}
}

// The home feed in small: its pages are full, and the lines are there.
func TestHomeFeed(t *testing.T) {
	c, err := postgres.StartCluster(t.Context(), postgres.Options{Throwaway: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Stop()
	lines, err := measureFeed(t.Context(), c, settings{rounds: 1, posts: 2000})
	if err != nil {
		t.Fatal(err)
	}
	if len(lines) != 3 || lines[0].Name != "home_feed" {
		t.Errorf("%v", lines)
	}
	for _, l := range lines {
		if l.Ratio <= 0 || !l.AtMost {
			t.Errorf("%s", l)
		}
		t.Log(l, l.Median, l.Yardstick.Median)
	}
}

func TestSettings(t *testing.T) {
	got, err := parse([]string{"-rounds", "5", "-span", "1s"})
	want := settings{rounds: 5, span: time.Second, connections: 64, clients: 8, orders: 1000, earnings: 10_000_000, dashboards: 10_000_000, posts: 1_000_000, out: "var/bench.json"}
	if err != nil || !cmp.Equal(got, want, cmp.AllowUnexported(settings{})) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := parse([]string{"-clicks", "10"}); err == nil {
		t.Error("too few clicks are taken")
	}
	if _, err := parse([]string{"-rounds", "0"}); err == nil {
		t.Error("no round at all is taken")
	}
}
