package clicks

import (
	"context"
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
	Log    *slog.Logger     // nil: silent
}

// Service is the use cases of this package. It is safe for concurrent use.
type Service struct {
	db       *sqlx.DB
	now      func() time.Time
	key      []byte // of dayVisitor
	recorder *recorder
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
	r := &recorder{db: c.DB}
	if c.Spool != "" {
		log := c.Log
		if log == nil {
			log = slog.New(slog.DiscardHandler)
		}
		if r.spool, err = openSpool(c.Spool, c.DB, c.Clock, log); err != nil {
			return nil, err
		}
	}
	return &Service{db: c.DB, now: c.Now, key: key, recorder: r}, nil
}

// Run puts spooled clicks into the table as soon as Postgres takes them, until ctx ends. One that was given no spool has nothing to do.
func (s *Service) Run(ctx context.Context) error {
	if s.recorder.spool == nil {
		<-ctx.Done()
		return nil
	}
	return s.recorder.spool.run(ctx)
}

// Spooled is how many clicks wait on disk for Postgres.
func (s *Service) Spooled() int {
	if s.recorder.spool == nil {
		return 0
	}
	return s.recorder.spool.waits()
}
