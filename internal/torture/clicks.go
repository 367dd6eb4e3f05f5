package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	visits "relais/internal/clicks"
	"relais/internal/referrals"
)

// fewestLives is how often Relais lives at least: each kind of failure comes twice.
const fewestLives = 8

// visitors is how many people follow links at the same time.
const visitors = 32

// clickCounts are what happened while people followed links.
type clickCounts struct {
	kills, restarts, stalls int
	meanwhile               int64        // answered while Postgres stood still
	answered, unkept, again atomic.Int64 // 302 with a click, 302 without one, no answer
}

// followed are the tokens that visitors were answered with.
type followed struct {
	mu     sync.Mutex
	tokens []string
}

func (f *followed) add(token string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tokens = append(f.tokens, token)
}

// clicks has people follow share links while Relais is killed, Postgres is restarted at once, and Postgres stands still; then it
// counts: each click that was answered is in the table once.
func clicks(ctx context.Context, s settings, out io.Writer) (err error) {
	fmt.Fprintf(out, "clicks: seed %d\n", s.seed)
	begun := time.Now()
	w, err := open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	var links []string
	for _, m := range w.members {
		for _, circle := range []string{"voisins", "bureau", "famille"} {
			l, err := w.domains.Referrals.Create(ctx, m, referrals.Share{Target: referrals.ToStorefront, Circle: circle})
			if err != nil {
				return fmt.Errorf("make a link: %w", err)
			}
			links = append(links, l.Path())
		}
	}
	var (
		c    clickCounts
		kept followed
	)
	if err := w.besiegeLinks(ctx, s, links, &c, &kept); err != nil {
		return err
	}
	if err := w.emptySpool(ctx); err != nil {
		return err
	}
	missing, twice, err := w.recount(ctx, kept.tokens)
	if err != nil {
		return err
	}
	sums, err := w.recountSums(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "clicks answered      %d in %v\nkill -9              %d\nPostgres stopped     %d\nPostgres stood still %d, and %d were answered meanwhile\nnot answered         %d\nanswered, not kept   %d\nnot in the table     %d\ntwice in the table   %d\nsums by day wrong    %d\n",
		c.answered.Load(), time.Since(begun).Round(time.Second), c.kills, c.restarts, c.stalls, c.meanwhile, c.again.Load(), c.unkept.Load(), missing, twice, sums)
	if missing+twice+sums > 0 || c.unkept.Load() > 0 {
		return fmt.Errorf("of %d answered clicks %d were not kept, %d are not in the table, %d are twice, %d sums are wrong", c.answered.Load(), c.unkept.Load(), missing, twice, sums)
	}
	if c.stalls > 0 && c.meanwhile == 0 {
		return errors.New("nobody was answered while Postgres stood still")
	}
	return nil
}

// besiegeLinks goes on until enough clicks were answered.
func (w *world) besiegeLinks(ctx context.Context, s settings, links []string, c *clickCounts, kept *followed) error {
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	defer func() { cancel(); all.Wait() }()
	for i := range visitors {
		all.Go(func() { w.follow(ctx, rand.New(rand.NewPCG(s.seed, uint64(i))), links, c, kept) })
	}
	random := rand.New(rand.NewPCG(s.seed, 1<<32))
	for n := 0; n < fewestLives || c.answered.Load() < int64(s.clicks); n++ {
		if err := w.liveAmongClicks(ctx, random, n, c); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// liveAmongClicks is one life of Relais, in which Postgres may fail, until it is killed.
func (w *world) liveAmongClicks(ctx context.Context, random *rand.Rand, n int, c *clickCounts) error {
	life, err := w.start("")
	if err != nil {
		return err
	}
	defer life.kill()
	if err := w.ready(ctx, life); err != nil {
		return err
	}
	life.rest(ctx, time.Duration(100+random.IntN(400))*time.Millisecond)
	switch n % 4 {
	case 1:
		if err := w.restartPostgres(ctx); err != nil {
			return err
		}
		c.restarts++
	case 3:
		before := c.answered.Load()
		if err := w.standStill(ctx, life, time.Duration(2000+random.IntN(1000))*time.Millisecond); err != nil {
			return err
		}
		c.stalls, c.meanwhile = c.stalls+1, c.meanwhile+c.answered.Load()-before
	}
	life.rest(ctx, time.Duration(100+random.IntN(900))*time.Millisecond)
	if life.dead() {
		return fmt.Errorf("relais ended by itself; its last words: %s", w.lastWords())
	}
	c.kills++
	return nil
}

// standStill stops every process of Postgres for a while.
func (w *world) standStill(ctx context.Context, life *child, d time.Duration) error {
	pids, err := w.postgresProcesses()
	if err != nil {
		return err
	}
	signal := func(s syscall.Signal) {
		for _, pid := range pids {
			_ = syscall.Kill(pid, s) // one that ended meanwhile needs no signal
		}
	}
	signal(syscall.SIGSTOP)
	life.rest(ctx, d)
	signal(syscall.SIGCONT)
	return nil
}

// postmaster is the first process of the cluster.
func (w *world) postmaster() (int, error) {
	b, err := os.ReadFile(filepath.Join(w.cluster.Dir(), "data", "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(b), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil || pid < 2 {
		return 0, fmt.Errorf("the process of Postgres: %q", first)
	}
	return pid, nil
}

// postgresProcesses is the postmaster of the cluster and its children.
func (w *world) postgresProcesses() ([]int, error) {
	parent, err := w.postmaster()
	if err != nil {
		return nil, err
	}
	pids := []int{parent}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	for _, name := range stats {
		b, err := os.ReadFile(name)
		if err != nil {
			continue // it ended
		}
		_, rest, _ := strings.Cut(string(b), ") ") // state, parent
		fields := strings.Fields(rest)
		if len(fields) > 1 && fields[1] == strconv.Itoa(parent) {
			if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(name))); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids, nil
}

// follow goes on following links, each time as somebody else, until ctx ends.
func (w *world) follow(ctx context.Context, random *rand.Rand, links []string, c *clickCounts, kept *followed) {
	client := &http.Client{Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for ctx.Err() == nil {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.site(links[random.IntN(len(links))]), nil)
		if err != nil {
			return
		}
		r.Header.Set("User-Agent", "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36")
		r.Header.Set("X-Forwarded-For", fmt.Sprintf("10.%d.%d.%d", random.IntN(250), random.IntN(250), 1+random.IntN(250)))
		a, err := client.Do(r)
		if err != nil {
			c.again.Add(1)
			w.pause(ctx, 5*time.Millisecond)
			continue
		}
		_ = a.Body.Close()
		if a.StatusCode != http.StatusFound {
			c.again.Add(1)
			continue
		}
		to, err := url.Parse(a.Header.Get("Location"))
		if err != nil || to.Query().Get("c") == "" {
			c.unkept.Add(1)
			continue
		}
		kept.add(to.Query().Get("c"))
		c.answered.Add(1)
	}
}

// emptySpool lets Relais live until no click waits on disk.
func (w *world) emptySpool(ctx context.Context) error {
	life, err := w.start("")
	if err != nil {
		return err
	}
	defer life.kill()
	if err := w.ready(ctx, life); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	err = poll(ctx, 20*time.Millisecond, func() (bool, error) {
		files, err := filepath.Glob(filepath.Join(w.dir, "spool", "*.jsonl"))
		return len(files) == 0, err
	})
	if err != nil {
		return fmt.Errorf("the spool does not come to an end: %w; relais says: %s", err, w.lastWords())
	}
	return nil
}

const countTokens = `
select count(*) filter (where found = 0) as missing, count(*) filter (where found > 1) as twice
from (select (select count(*) from clicks c where c.token = t.token) as found from unnest(string_to_array($1, ',')) as t(token)) x`

// recount says how many of the tokens are not in the table, and how many are there more than once.
func (w *world) recount(ctx context.Context, tokens []string) (missing, twice int, err error) {
	err = w.owner.QueryRowContext(ctx, countTokens, strings.Join(tokens, ",")).Scan(&missing, &twice)
	return missing, twice, err
}

// recountSums says how many sums of clicks by link and day are not what a recount gives.
func (w *world) recountSums(ctx context.Context) (wrong int, err error) {
	found, err := visits.Check(ctx, w.owner)
	for _, f := range found {
		wrong += int(f.Count)
	}
	return wrong, err
}
