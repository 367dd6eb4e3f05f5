// Package postgres is how Relais talks to its one database.
//
// Open gives a pool, InTx runs one transaction (again, when the database asked for that), Translate turns constraint
// violations into faults a person can read, Migrate brings the schema up to date, and StartCluster runs a private
// Postgres for whoever has no server of their own.
//
// Two roles are used everywhere: the owner migrates, the application role (relais_app) reads and writes rows. The limits
// on statements, locks and idle transactions are set on the role, so that they hold through a pooler too.
package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"
)

// DB is a pool of connections.
type DB = sqlx.DB

// Open returns a pool of at most maxOpen connections on url ("postgres://..." or "key=value ..."). It does not connect yet.
// Parameters travel in binary form with the statement, so that no prepared statement outlives a query: a pooler in
// transaction mode may stand between.
func Open(url string, maxOpen int) (*sqlx.DB, error) {
	dsn, err := withParameter(url, "binary_parameters", "yes")
	if err != nil {
		return nil, err
	}
	db, err := sqlx.Open("postgres", dsn)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	db.SetMaxOpenConns(maxOpen)
	db.SetMaxIdleConns(maxOpen)
	db.SetConnMaxLifetime(30 * time.Minute)
	db.SetConnMaxIdleTime(5 * time.Minute)
	return db, nil
}

// OpenHasty is Open for work that begins anew when it is interrupted: its commits do not wait for the disk.
// They reach it in their order, within a second.
func OpenHasty(url string, maxOpen int) (*sqlx.DB, error) {
	dsn, err := withParameter(url, "synchronous_commit", "off")
	if err != nil {
		return nil, err
	}
	return Open(dsn, maxOpen)
}

// withParameter adds one connection parameter in either of the two forms that lib/pq reads.
func withParameter(dsn, key, value string) (string, error) {
	if !strings.HasPrefix(dsn, "postgres://") && !strings.HasPrefix(dsn, "postgresql://") {
		return strings.TrimSpace(dsn + " " + key + "=" + value), nil
	}
	u, err := url.Parse(dsn)
	if err != nil {
		return "", errors.New("the database address is not a postgres:// address") // the parse error would print the password
	}
	q := u.Query()
	q.Set(key, value)
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// txAttempts is how often InTx runs a transaction that the database gave up for the sake of another one.
const txAttempts = 3

// InTx runs fn in one READ COMMITTED transaction and commits it. When the database ended it because of a deadlock or a
// serialization failure the whole of fn runs again, up to three times in all, so fn must have no effect outside of tx.
// Any other error, and a panic, rolls back.
func InTx(ctx context.Context, db *sqlx.DB, fn func(tx *sqlx.Tx) error) error {
	for attempt := 1; ; attempt++ {
		err := once(ctx, db, fn)
		if attempt == txAttempts || pq.As(err, pqerror.TRDeadlockDetected, pqerror.TRSerializationFailure) == nil {
			return err
		}
		pause := time.NewTimer(time.Duration(attempt) * (5*time.Millisecond + rand.N(20*time.Millisecond)))
		select {
		case <-ctx.Done():
			pause.Stop()
			return errors.Join(ctx.Err(), err)
		case <-pause.C:
		}
	}
}

func once(ctx context.Context, db *sqlx.DB, fn func(tx *sqlx.Tx) error) error {
	tx, err := db.BeginTxx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback() // after Commit this does nothing; in a panic it is what ends the transaction
	if err := fn(tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}
