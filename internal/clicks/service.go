package clicks

import (
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jmoiron/sqlx"
)

// minSecret is the least length in bytes of the secret under which visitors are hashed.
const minSecret = 32

// Config is what a Service needs.
type Config struct {
	DB     *sqlx.DB
	Now    func() time.Time // business time: of clicks
	Clock  func() time.Time // real time: of the spool
	Secret []byte           // the master secret, from which the key of visitors' hashes is derived; at least 32 bytes
	Spool  string           // folder for clicks while Postgres does not take them; empty: they fail then
	Months int              // how many months clicks are kept, at least LeastMonths; 0: KeptMonths
	Log    *slog.Logger     // nil: silent
}

// Service is the use cases of this package. It is safe for concurrent use.
type Service struct {
	db       *sqlx.DB
	now      func() time.Time
	key      []byte // of dayVisitor
	recorder *recorder
	kept     int // months
	log      *slog.Logger
}

// New makes the Service.
func New(c Config) (*Service, error) {
	if len(c.Secret) < minSecret {
		return nil, errors.New("the secret for visitors has fewer than 32 bytes")
	}
	key, err := hkdf.Key(sha256.New, c.Secret, nil, "purpose:day visitor", 32)
	if err != nil {
		return nil, fmt.Errorf("derive key of visitors: %w", err)
	}
	if c.Months == 0 {
		c.Months = KeptMonths
	}
	if c.Months < LeastMonths {
		return nil, fmt.Errorf("clicks are kept for %d months; attribution needs %d", c.Months, LeastMonths)
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	r := &recorder{db: c.DB}
	if c.Spool != "" {
		if r.spool, err = openSpool(c.Spool, c.DB, c.Clock, c.Log); err != nil {
			return nil, err
		}
	}
	return &Service{db: c.DB, now: c.Now, key: key, recorder: r, kept: c.Months, log: c.Log}, nil
}

// Spooled is how many clicks wait on disk for Postgres.
func (s *Service) Spooled() int {
	if s.recorder.spool == nil {
		return 0
	}
	return s.recorder.spool.waits()
}
