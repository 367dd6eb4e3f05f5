package postgres

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"relais/migrations"
)

// Migrate applies the pending migrations as the owner. Several processes may call it at once: a session lock lets one
// work and the others wait, so ownerDB must be a direct connection, not one through a pooler.
func Migrate(ctx context.Context, ownerDB *sqlx.DB) error {
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 120))
	if err != nil {
		return fmt.Errorf("migration lock: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectPostgres, ownerDB.DB, migrations.FS,
		goose.WithSessionLocker(locker), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

const applied = `select version_id from (
	select distinct on (version_id) version_id, is_applied from goose_db_version order by version_id, id desc) newest
	where is_applied`

// Pending returns how many migrations of this binary the database lacks. It only reads, so the application role may ask.
func Pending(ctx context.Context, db *sqlx.DB) (int, error) {
	p, err := goose.NewProvider(goose.DialectPostgres, db.DB, migrations.FS, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return 0, fmt.Errorf("read migrations: %w", err)
	}
	var versions []int64
	err = db.SelectContext(ctx, &versions, applied)
	if err != nil && pq.As(err, pqerror.UndefinedTable) == nil {
		return 0, fmt.Errorf("read applied migrations: %w", err)
	}
	done := make(map[int64]bool, len(versions))
	for _, v := range versions {
		done[v] = true
	}
	pending := 0
	for _, s := range p.ListSources() {
		if !done[s.Version] {
			pending++
		}
	}
	return pending, nil
}
