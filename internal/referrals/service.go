package referrals

import (
	"fmt"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/jmoiron/sqlx"
)

const (
	linksKept = 4096
	patience  = time.Second     // how long a link that is in memory already waits for Postgres
	cacheTime = 5 * time.Second // how long a link may be answered after it was switched off on another machine
)

// Config is what a Service needs.
type Config struct {
	DB    *sqlx.DB
	Now   func() time.Time // business time: of links
	Clock func() time.Time // real time: of the cache
}

// Service is the use cases of this package. It is safe for concurrent use.
type Service struct {
	db    *sqlx.DB
	now   func() time.Time
	clock func() time.Time
	links *lru.Cache[string, keptLink]
}

// keptLink is a link in memory, and until when it may be answered from there.
type keptLink struct {
	link  Link
	until time.Time
}

// New makes the Service.
func New(c Config) (*Service, error) {
	links, err := lru.New[string, keptLink](linksKept)
	if err != nil {
		return nil, fmt.Errorf("make cache of links: %w", err)
	}
	return &Service{db: c.DB, now: c.Now, clock: c.Clock, links: links}, nil
}
