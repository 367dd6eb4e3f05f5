package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/postgres"
)

// Pools are kept small: Postgres answers faster with few connections that work than with many that wait.
const (
	pageConnections = 20
	workConnections = 10 // for jobs, so that they cannot starve pages
)

// database is the data, opened: two pools of the application's role, and the private cluster when there is one.
type database struct {
	cluster     *postgres.Cluster // nil: a server of somebody else's
	url, owner  string
	pages, work *sqlx.DB
	demo        bool // what is in it is the demo
}

// connect opens the database of the configuration, starting or joining the private cluster.
func connect(ctx context.Context, cfg Config, log *slog.Logger) (*database, error) {
	d := &database{url: cfg.Database.URL.Reveal(), owner: cfg.Database.OwnerURL.Reveal()}
	if d.url == "" {
		c, err := postgres.StartCluster(ctx, postgres.Options{DataDir: cfg.DataDir, Log: log})
		if err != nil {
			return nil, err
		}
		d.cluster, d.url, d.owner = c, c.AppURL(), c.OwnerURL()
	}
	return d, nil
}

// migrate brings the schema up to date when the owner's address is known.
func (d *database) migrate(ctx context.Context) error {
	if d.owner == "" {
		return errors.New("migrations need the schema's owner: set RELAIS_DATABASE_OWNER_URL")
	}
	db, err := postgres.Open(d.owner, 2)
	if err != nil {
		return err
	}
	defer db.Close()
	return postgres.Migrate(ctx, db)
}

// open opens the pools and refuses a schema that is behind this binary.
func (d *database) open(ctx context.Context) error {
	var err error
	if d.pages, err = postgres.Open(d.url, pageConnections); err != nil {
		return err
	}
	if d.work, err = postgres.Open(d.url, workConnections); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	n, err := postgres.Pending(ctx, d.pages)
	if err != nil {
		return fmt.Errorf("the database does not answer: %w; check RELAIS_DATABASE_URL", err)
	}
	if n > 0 {
		return fmt.Errorf("the schema lacks %d migrations: run relais migrate with RELAIS_DATABASE_OWNER_URL set", n)
	}
	return nil
}

func (d *database) close() {
	for _, db := range []*sqlx.DB{d.pages, d.work} {
		if db != nil {
			_ = db.Close()
		}
	}
	if d.cluster != nil {
		d.cluster.Stop()
	}
}

// where says it in words, without secrets.
func (d *database) where() string {
	if d.cluster == nil {
		return "the database of RELAIS_DATABASE_URL"
	}
	return "a private Postgres in " + d.cluster.Dir()
}

// pending asks as whoever may: the owner before the application's role exists.
func (d *database) pending(ctx context.Context) (int, error) {
	url := d.owner
	if url == "" {
		url = d.url
	}
	db, err := postgres.Open(url, 1)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	return postgres.Pending(ctx, db)
}
