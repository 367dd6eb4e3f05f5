package account

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2"
	"github.com/labstack/echo/v4"
	"golang.org/x/time/rate"

	"relais/internal/fault"
	"relais/internal/members"
)

// The pace at which one address may post to these pages. It only keeps floods from costing anything; guessing is
// limited by package members, over all instances.
const (
	pace  = rate.Limit(1) // a second
	burst = 30
)

// floods has a token bucket per address, for the most recent ones.
type floods struct {
	now     func() time.Time
	mu      sync.Mutex
	buckets *lru.Cache[string, *rate.Limiter]
}

func newFloods(now func() time.Time) *floods {
	buckets, err := lru.New[string, *rate.Limiter](50_000)
	if err != nil {
		panic(err) // only for a size below one
	}
	return &floods{now: now, buckets: buckets}
}

// limited refuses requests of an address that has emptied its bucket.
func (f *floods) limited(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if !f.bucket(c.RealIP()).AllowN(f.now(), 1) {
			soon := &members.TooSoon{After: time.Second}
			err := fault.New(fault.TooMany, "fault.too_soon").Arg("Count", soon.Seconds()).Because(soon)
			retryAfter(c, err)
			return err
		}
		return next(c)
	}
}

func (f *floods) bucket(address string) *rate.Limiter {
	f.mu.Lock()
	defer f.mu.Unlock()
	b, ok := f.buckets.Get(address)
	if !ok {
		b = rate.NewLimiter(pace, burst)
		f.buckets.Add(address, b)
	}
	return b
}
