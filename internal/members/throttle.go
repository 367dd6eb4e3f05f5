package members

import (
	"context"
	"fmt"
	"maps"
	"math"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/fault"
	"relais/internal/postgres"
	"relais/internal/token"
)

// limit says how often something may be tried: a few times freely, then each time after a longer pause. There is no
// number of tries after which nothing goes any more, since an enemy could reach it in somebody else's name.
type limit struct {
	free   int           // tries without a pause
	first  time.Duration // the pause after those
	most   time.Duration // each pause is twice the one before, up to this; at most window
	window time.Duration // after so long without a try, all is forgotten
}

// The limits. Many people share an address (a school, a mobile network), so addresses have wider limits.
var (
	loginHere    = limit{free: 5, first: 15 * time.Second, most: 15 * time.Minute, window: 15 * time.Minute}
	loginAccount = limit{free: 30, first: 5 * time.Second, most: 30 * time.Second, window: 15 * time.Minute}
	loginAddress = limit{free: 60, first: 5 * time.Second, most: 5 * time.Minute, window: 15 * time.Minute}
	letterTo     = limit{free: 3, first: 2 * time.Minute, most: time.Hour, window: time.Hour}
	letterFrom   = limit{free: 20, first: 30 * time.Second, most: 30 * time.Minute, window: time.Hour}
)

// pause is how long to wait after the count-th try before the next one.
func (l limit) pause(count int) time.Duration {
	if count < l.free {
		return 0
	}
	pause := float64(l.first) * math.Pow(2, float64(count-l.free))
	return time.Duration(min(pause, float64(l.most)))
}

// wait is how long from now the next try must wait. The window's end tells when the last try was.
func (l limit) wait(count int, windowEnd, now time.Time) time.Duration {
	if !windowEnd.After(now) {
		return 0
	}
	last := windowEnd.Add(-l.window)
	return max(0, last.Add(l.pause(count)).Sub(now))
}

// next is the count after one more try.
func (l limit) next(count int, windowEnd, now time.Time) int {
	if !windowEnd.After(now) {
		return 1
	}
	return count + 1
}

// TooSoon is the cause of a TooMany fault: when the next try may come.
type TooSoon struct{ After time.Duration }

// Error says how long to wait, in whole seconds.
func (e *TooSoon) Error() string { return fmt.Sprintf("too soon, wait %d s", e.Seconds()) }

// Seconds is the pause in whole seconds, rounded up: the value of the Retry-After header.
func (e *TooSoon) Seconds() int { return int(math.Ceil(e.After.Seconds())) }

// try counts one try against each limit, or none and returns a TooMany fault when one of them says wait.
// It commits by itself: what fails afterwards has still been tried.
func (s *Service) try(ctx context.Context, limits map[string]limit) error {
	now := s.now()
	keys := slices.Sorted(maps.Keys(limits))
	var longest time.Duration
	err := postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		longest = 0
		rows, err := lockThrottles(ctx, tx, keys, now)
		if err != nil {
			return err
		}
		for i, r := range rows {
			l := limits[r.Key]
			longest = max(longest, l.wait(r.Count, r.WindowEnd, now))
			rows[i].Count, rows[i].WindowEnd = l.next(r.Count, r.WindowEnd, now), now.Add(l.window)
		}
		if longest > 0 {
			return nil
		}
		return setThrottles(ctx, tx, rows)
	})
	if err != nil {
		return fmt.Errorf("count a try: %w", err)
	}
	if longest > 0 {
		soon := &TooSoon{After: longest}
		return fault.New(fault.TooMany, "fault.too_soon").Arg("Count", soon.Seconds()).Because(soon)
	}
	return nil
}

const (
	forgetSQL   = `delete from throttles where key = $1`
	giveBackSQL = `update throttles set count = greatest(count - 1, 0) where key = any($1)`
)

// forgive takes back tries after one succeeded: all of one key, and one of each other key.
func (s *Service) forgive(ctx context.Context, all string, others map[string]limit) error {
	if _, err := s.db.ExecContext(ctx, forgetSQL, all); err != nil {
		return fmt.Errorf("forget tries: %w", err)
	}
	if len(others) == 0 {
		return nil
	}
	keys := slices.Sorted(maps.Keys(others))
	if _, err := s.db.ExecContext(ctx, giveBackSQL, pq.Array(keys)); err != nil {
		return fmt.Errorf("give back tries: %w", err)
	}
	return nil
}

type throttle struct {
	Key       string    `db:"key"`
	Count     int       `db:"count"`
	WindowEnd time.Time `db:"window_end"`
}

const makeThrottlesSQL = `
	insert into throttles (key, count, window_end)
	select key, 0, $2 from unnest($1::text[]) key order by key collate "C"
	on conflict (key) do nothing`

const lockThrottlesSQL = `
	select key, count, window_end from throttles where key = any($1)
	order by key collate "C" for update`

// lockThrottles returns the rows of those keys, which are sorted, in that order; missing ones are made first.
func lockThrottles(ctx context.Context, tx *sqlx.Tx, keys []string, now time.Time) ([]throttle, error) {
	if _, err := tx.ExecContext(ctx, makeThrottlesSQL, pq.Array(keys), now); err != nil {
		return nil, fmt.Errorf("make throttles: %w", err)
	}
	var rows []throttle
	if err := tx.SelectContext(ctx, &rows, lockThrottlesSQL, pq.Array(keys)); err != nil {
		return nil, fmt.Errorf("lock throttles: %w", err)
	}
	return rows, nil
}

const setThrottlesSQL = `
	update throttles t set count = n.count, window_end = n.window_end
	from unnest($1::text[], $2::integer[], $3::timestamptz[]) n(key, count, window_end) where t.key = n.key`

func setThrottles(ctx context.Context, tx *sqlx.Tx, rows []throttle) error {
	keys, counts, ends := make([]string, len(rows)), make([]int64, len(rows)), make([]string, len(rows))
	for i, r := range rows {
		keys[i], counts[i], ends[i] = r.Key, int64(r.Count), r.WindowEnd.UTC().Format(time.RFC3339Nano)
	}
	if _, err := tx.ExecContext(ctx, setThrottlesSQL, pq.Array(keys), pq.Array(counts), pq.Array(ends)); err != nil {
		return fmt.Errorf("set throttles: %w", err)
	}
	return nil
}

// throttleKey names a limit without storing what it limits in the clear.
func throttleKey(kind string, parts ...string) string {
	return kind + ":" + token.Hash(strings.Join(parts, "\n"))[:32]
}

// Network reduces an IP address to what one customer has of it: all of an IPv4, 64 bits of an IPv6.
func Network(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return "unknown"
	}
	addr = addr.Unmap().WithZone("")
	if addr.Is6() {
		prefix, err := addr.Prefix(64)
		if err == nil {
			return prefix.String()
		}
	}
	return addr.String()
}
