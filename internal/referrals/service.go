package referrals

import (
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/changes"
)

const (
	linksKept    = 4096
	patience     = time.Second      // how long a link that is in memory already waits for Postgres
	longPatience = 10 * time.Second // how long one that is not: there is nothing else to answer with
)

// Config is what a Service needs.
type Config struct {
	DB      *sqlx.DB
	Now     func() time.Time // business time: of links
	Clock   func() time.Time // real time
	Changes *changes.Feed    // nil: links are read from the database each time
}

// Service is the use cases of this package. It is safe for concurrent use.
type Service struct {
	db      *sqlx.DB
	now     func() time.Time
	clock   func() time.Time
	changes *changes.Feed
	links   *changes.Cache[Link]
	away    atomic.Int64 // until when Postgres is not asked for links that are known: real time, nanoseconds since 1970
}

// New makes the Service.
func New(c Config) *Service {
	return &Service{db: c.DB, now: c.Now, clock: c.Clock, changes: c.Changes, links: changes.NewCache[Link](c.Changes, linksKept)}
}
