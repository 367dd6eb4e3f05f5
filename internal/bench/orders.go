package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"relais/internal/carts"
	"relais/internal/i18n"
	"relais/internal/orders"
)

// perCart is how many products are in a cart, a piece of each.
const perCart = 2

// carts fills as many as there are orders to place: one line from a member's storefront, one from the catalogue.
func (w *world) carts(ctx context.Context, s settings) ([]orders.Placement, error) {
	placements := make([]orders.Placement, s.orders)
	return placements, each(s.orders, s.clients, func(i int) error {
		services, cart := w.site.Services(), ""
		for line := range perCart {
			a := carts.Addition{CartID: cart, VariantID: w.variants[(7*i+len(w.variants)/2*line)%len(w.variants)], Quantity: 1, Lang: i18n.FR}
			if line == 0 {
				a.StorefrontID = &w.members[i%len(w.members)]
			}
			var err error
			if cart, err = services.Carts.Add(ctx, a); err != nil {
				return err
			}
		}
		placements[i] = orders.Placement{CartID: cart, Operation: "bench-operation-" + cart, Email: fmt.Sprintf("acheteuse-%d@poste.example", i), Lang: i18n.FR,
			Address: orders.Address{Name: "Anne Lebrun", Street: "3 rue des Lilas", Postcode: "35000", City: "Rennes", Country: "FR"}}
		return nil
	})
}

// placeAll places the orders, and says how many in a second.
func (w *world) placeAll(ctx context.Context, placements []orders.Placement, clients int) (float64, error) {
	start := time.Now()
	err := each(len(placements), clients, func(i int) error {
		_, err := w.site.Services().Orders.Place(ctx, placements[i])
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("place orders: %w", err)
	}
	return float64(len(placements)) / time.Since(start).Seconds(), nil
}

// each calls f for 0 to n-1 from that many workers; a worker stops at its first error.
func each(n, workers int, f func(i int) error) error {
	var next atomic.Int64
	var group sync.WaitGroup
	errs := make([]error, workers)
	for worker := range workers {
		group.Go(func() {
			for i := next.Add(1) - 1; i < int64(n) && errs[worker] == nil; i = next.Add(1) - 1 {
				errs[worker] = f(int(i))
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

// tpcbScale is pgbench's scale: 100,000 accounts each.
const tpcbScale = 10

// initTPCB makes pgbench's tables in a database of their own on the same cluster.
func (w *world) initTPCB(ctx context.Context) error {
	if _, err := w.db.ExecContext(ctx, `create database tpcb`); err != nil {
		return fmt.Errorf("make the database of pgbench: %w", err)
	}
	_, err := w.pgbench(ctx, "-i", "-q", "-s", strconv.Itoa(tpcbScale))
	return err
}

var tps = regexp.MustCompile(`(?m)^tps = ([0-9.]+)`)

// runTPCB says how many TPC-B transactions pgbench has done in a second.
func (w *world) runTPCB(ctx context.Context, s settings) (float64, error) {
	seconds := max(1, int(s.span.Round(time.Second).Seconds()))
	out, err := w.pgbench(ctx, "-n", "-M", "simple", "-c", strconv.Itoa(s.clients), "-j", "2", "-T", strconv.Itoa(seconds))
	if err != nil {
		return 0, err
	}
	m := tps.FindStringSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("pgbench does not say its tps: %s", out)
	}
	return strconv.ParseFloat(m[1], 64)
}

// pgbench runs the one that came with the Postgres that runs.
func (w *world) pgbench(ctx context.Context, args ...string) (string, error) {
	dir, err := w.programs(ctx)
	if err != nil {
		return "", err
	}
	program := filepath.Join(dir, "pgbench")
	if _, err := os.Stat(program); err != nil {
		return "", fmt.Errorf("no pgbench in %s: install the package that has it beside the server (Debian: postgresql, Fedora: postgresql-contrib), or set PGBIN to another Postgres", dir)
	}
	u, err := url.Parse(w.cluster.OwnerURL())
	if err != nil {
		return "", err
	}
	u.Path = "/tpcb"
	cmd := exec.CommandContext(ctx, program, append(args, u.String())...)
	cmd.Env = []string{"LC_ALL=C.UTF-8"}
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("pgbench %s: %w: %s", args[0], err, strings.TrimSpace(string(out)))
	}
	return string(out), nil
}

// fetch asks once and returns the size of the body.
func fetch(ctx context.Context, addr string, request []byte) (int, error) {
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	if _, err := c.Write(request); err != nil {
		return 0, err
	}
	a, err := readAnswer(bufio.NewReader(c))
	if err == nil && a.status != http.StatusOK {
		err = fmt.Errorf("answers %d", a.status)
	}
	return a.size, err
}
