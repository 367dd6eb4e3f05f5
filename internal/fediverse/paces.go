package fediverse

import (
	"net/url"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"

	"relais/internal/fediverse/wire"
)

// The pace at which activities of one server are taken in: a large one passes, a flood is refused before it costs anything.
const (
	pace  = rate.Limit(5) // a second
	burst = 200

	fetches    = rate.Limit(5) // actors of one server that are asked for to prove a signature
	fetchBurst = 100
	fetchesFor = rate.Limit(1) // the same, for whoever posts from one address
	burstFor   = 50

	asks      = rate.Limit(10.0 / 60) // of one member who looks for people elsewhere
	askBurst  = 10
	finds     = rate.Limit(1) // at one server, of all members
	findBurst = 3
)

// paces has a token bucket per server, and per address that activities come from, for the most recent ones.
type paces struct {
	clock   func() time.Time
	mu      sync.Mutex
	buckets *lru.Cache[string, *rate.Limiter]
}

func newPaces(clock func() time.Time) *paces {
	buckets, err := lru.New[string, *rate.Limiter](10_000)
	if err != nil {
		panic(err) // only for a size below one
	}
	return &paces{clock: clock, buckets: buckets}
}

func (p *paces) allow(name string, limit rate.Limit, burst int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	b, ok := p.buckets.Get(name)
	if !ok {
		b = rate.NewLimiter(limit, burst)
		p.buckets.Add(name, b)
	}
	return b.AllowN(p.clock(), 1)
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return wire.Host(u)
}
