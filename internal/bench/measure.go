package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/labstack/echo/v4"

	"relais/internal/app"
)

// sides are all that is measured in a round.
type sides struct {
	follow, bare302     []load
	single              []load // bare Echo with one INSERT for each click
	product, barePage   []load
	front, bareFront    []load // storefronts
	place, tpcb, sales  []float64
	followed            int64 // links followed, warm-up included
	pageSize, frontSize int64 // bytes of a product page, and of a storefront
	placed              int64
}

const browser = "User-Agent: Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1\r\n" +
	"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\nAccept-Language: fr-FR,fr;q=0.9\r\n" +
	"Sec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Site: cross-site\r\n"

// get appends a browser's request for a path, from the n-th address of the 10.0.0.0/8 network.
func get(buf []byte, host, path, name string, n int64) []byte {
	buf = append(buf, "GET "...)
	buf = append(append(buf, path...), name...)
	buf = append(append(buf, " HTTP/1.1\r\nHost: "...), host...)
	buf = append(append(buf, "\r\n"...), browser...)
	buf = append(buf, "X-Forwarded-For: 10."...)
	buf = append(strconv.AppendInt(buf, n>>16&255, 10), '.')
	buf = append(strconv.AppendInt(buf, n>>8&255, 10), '.')
	return append(strconv.AppendInt(buf, n&255, 10), "\r\n\r\n"...)
}

// measure does all rounds and compares what was answered with what is in the database.
func measure(ctx context.Context, w *world, s settings) (report, error) {
	machine := facts(ctx, w)
	size, err := w.pageSize(ctx, "/p/", w.slugs)
	if err != nil {
		return report{}, err
	}
	frontSize, err := w.pageSize(ctx, "/@", w.handles)
	if err != nil {
		return report{}, err
	}
	bare, err := startBare(w.app, size, frontSize)
	if err != nil {
		return report{}, err
	}
	defer bare.Close()
	m := &sides{pageSize: int64(size), frontSize: int64(frontSize)}
	var visitors atomic.Int64
	if err := m.round(ctx, w, warmUp(s), bare.addr, &visitors); err != nil {
		return report{}, err
	}
	warm := *m
	*m = sides{pageSize: warm.pageSize, frontSize: warm.frontSize, followed: warm.followed, placed: warm.placed}
	for range s.rounds {
		if err := m.round(ctx, w, s, bare.addr, &visitors); err != nil {
			return report{}, err
		}
	}
	if err := w.verify(ctx, m.followed, m.placed); err != nil {
		return report{}, err
	}
	if err := w.sales.verify(ctx); err != nil {
		return report{}, err
	}
	return newReport(machine, s, m), nil
}

// warmUp is a short round: connections open, caches fill, plans are made.
func warmUp(s settings) settings {
	s.span, s.orders, s.profiles = min(s.span, time.Second), max(s.clients, s.orders/10), ""
	return s
}

// round measures every side once, each right after its yardstick.
func (m *sides) round(ctx context.Context, w *world, s settings, bare string, visitors *atomic.Int64) error {
	links := target{status: http.StatusFound, request: func(buf []byte, n int64) []byte {
		return get(buf, w.addr, "/r/", w.codes[n%int64(len(w.codes))], visitors.Add(1))
	}, check: func(_ int, location []byte) bool { return bytes.Contains(location, []byte("c=")) }}
	singles := links
	singles.request = func(buf []byte, n int64) []byte {
		return get(buf, bare, "/single/", w.codes[n%int64(len(w.codes))], visitors.Add(1))
	}
	pages := target{status: http.StatusOK, request: func(buf []byte, n int64) []byte {
		return get(buf, w.addr, "/p/", w.slugs[n%int64(len(w.slugs))], n)
	}}
	fronts := target{status: http.StatusOK, request: func(buf []byte, n int64) []byte {
		return get(buf, w.addr, "/@", w.handles[n%int64(len(w.handles))], n)
	}}
	for _, step := range []struct {
		name string
		to   *[]load
		load target
		addr string
	}{{"bare_302", &m.bare302, links, bare}, {"single_insert", &m.single, singles, bare}, {"share_link_redirect", &m.follow, links, w.addr}, {"bare_page", &m.barePage, pages, bare}, {"product_page", &m.product, pages, w.addr},
		{"bare_front", &m.bareFront, fronts, bare}, {"storefront", &m.front, fronts, w.addr}} {
		step.load.addr = step.addr
		err := s.profiled(step.name, func() error {
			l, err := drive(ctx, step.load, s.connections, s.span)
			*step.to = append(*step.to, l)
			return err
		})
		if err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	m.followed += m.follow[len(m.follow)-1].Answered
	tps, err := w.runTPCB(ctx, s)
	if err != nil {
		return err
	}
	var posted float64
	err = s.profiled("ledger_sale", func() error {
		posted, err = w.sales.post(ctx, s.clients, s.span)
		return err
	})
	m.sales = append(m.sales, posted)
	if err != nil {
		return fmt.Errorf("post sales: %w", err)
	}
	carts, err := w.carts(ctx, s)
	if err != nil {
		return fmt.Errorf("fill carts: %w", err)
	}
	var perSecond float64
	err = s.profiled("place_order", func() error {
		perSecond, err = w.placeAll(ctx, carts, s.clients)
		return err
	})
	m.tpcb, m.place, m.placed = append(m.tpcb, tps), append(m.place, perSecond), m.placed+int64(len(carts))
	return err
}

// profiled runs f, under the processor's profiler when a folder for profiles is given. What came before leaves no garbage to f.
func (s settings) profiled(name string, f func() error) error {
	runtime.GC()
	if s.profiles == "" {
		return f()
	}
	if err := os.MkdirAll(s.profiles, 0o755); err != nil {
		return err
	}
	out, err := os.Create(filepath.Join(s.profiles, name+".pprof"))
	if err != nil {
		return err
	}
	defer out.Close()
	if err := pprof.StartCPUProfile(out); err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
	return f()
}

// verify compares rows with answers.
func (w *world) verify(ctx context.Context, followed, placed int64) error {
	for _, c := range []struct {
		what, query string
		want        int64
	}{
		{"clicks", `select count(*) from clicks where reason <> 'single'`, followed},
		{"clicks that count", `select count(*) from clicks where eligible`, followed},
		{"orders", `select count(*) from orders`, placed},
		{"order lines", `select count(*) from order_lines`, placed * perCart},
		{"pieces sold", `select sum($1::int - stock) from variants`, placed * perCart},
	} {
		var n int64
		args := []any{}
		if c.what == "pieces sold" {
			args = append(args, inStock)
		}
		if err := w.db.GetContext(ctx, &n, c.query, args...); err != nil {
			return fmt.Errorf("count %s: %w", c.what, err)
		}
		if n != c.want {
			return fmt.Errorf("%d %s in the database, but %d were answered for", n, c.what, c.want)
		}
	}
	findings, err := app.Audit(ctx, w.db)
	if err != nil {
		return err
	}
	for _, f := range findings {
		if f.Count != 0 {
			return fmt.Errorf("audit: %s is broken %d times", f.Name, f.Count)
		}
	}
	return nil
}

// insertSingle records a click by itself: the plain way.
const insertSingle = `
insert into clicks (token, link_id, at, day_visitor, eligible, reason, device) select $1, id, now(), $2, false, 'single', 'phone' from share_links where code = $3`

// bare is the yardstick of pages: Echo with nothing before its handlers, which answer from memory; and of clicks, one that commits a row
// for each.
type bare struct {
	server *http.Server
	addr   string
}

func startBare(db *sqlx.DB, size, frontSize int) (*bare, error) {
	e := echo.New()
	e.GET("/r/:code", func(c echo.Context) error {
		return c.Redirect(http.StatusFound, "/@relais-0/p/bol-en-gres-n-0?c=ABCDEFGHIJKLMNOPQRSTUVWXYZ")
	})
	e.GET("/single/:code", func(c echo.Context) error {
		token := rand.Text()
		if _, err := db.ExecContext(c.Request().Context(), insertSingle, token, c.Request().Header.Get("X-Forwarded-For"), c.Param("code")); err != nil {
			return err
		}
		return c.Redirect(http.StatusFound, "/@relais-0/p/bol-en-gres-n-0?c="+token)
	})
	for path, size := range map[string]int{"/p/:slug": size, "/:handle": frontSize} {
		body := bytes.Repeat([]byte("0123456789abcde\n"), size/16+1)[:size]
		e.GET(path, func(c echo.Context) error { return c.HTMLBlob(http.StatusOK, body) })
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b := &bare{addr: l.Addr().String(), server: &http.Server{Handler: e, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 20 * time.Second, IdleTimeout: time.Minute}}
	go func() { _ = b.server.Serve(l) }() // until Close
	return b, nil
}

// Close ends it.
func (b *bare) Close() { _ = b.server.Close() }

// pageSize is how large the pages of those names are on average, in bytes.
func (w *world) pageSize(ctx context.Context, path string, names []string) (int, error) {
	sum := 0
	for _, name := range names {
		size, err := fetch(ctx, w.addr, get(nil, w.addr, path, name, 0))
		if err != nil {
			return 0, fmt.Errorf("read %s%s: %w", path, name, err)
		}
		sum += size
	}
	return sum / len(names), nil
}
