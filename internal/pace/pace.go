// Package pace keeps floods from costing anything: each name (an address, a member, a server) has a bucket of tokens that fills at a pace of
// its own. The buckets are one process's and forgotten with it; what has to hold over all instances is counted in the database.
package pace

import (
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
)

// Pace is how many in the long run, and how many at once.
type Pace struct {
	Every time.Duration // between two
	Burst int
}

// Buckets are those of the names that came last. It is safe for concurrent use.
type Buckets struct {
	clock func() time.Time
	mu    sync.Mutex
	kept  *lru.Cache[string, *rate.Limiter]
}

// New makes Buckets for so many names at most, at least one; clock is real time.
func New(size int, clock func() time.Time) *Buckets {
	kept, err := lru.New[string, *rate.Limiter](size)
	if err != nil {
		panic(err) // only for a size below one
	}
	return &Buckets{clock: clock, kept: kept}
}

// Allow takes a token of a name's bucket, which is full when the name is new; false where none is left. A name keeps the pace that it first
// came with.
func (b *Buckets) Allow(name string, p Pace) bool {
	b.mu.Lock()
	l, ok := b.kept.Get(name)
	if !ok {
		l = rate.NewLimiter(rate.Every(p.Every), p.Burst)
		b.kept.Add(name, l)
	}
	b.mu.Unlock()
	return l.AllowN(b.clock(), 1)
}
