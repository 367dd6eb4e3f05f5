// Package pgtest gives tests a real Postgres.
//
// One throwaway cluster serves a whole run when RELAIS_TEST_POSTGRES holds its owner's address (make test sets it);
// otherwise each test process has its own, which disappears with the process. The schema is migrated once into a template
// database, named after the content of the migrations; each DB is a clone of it. Durability is off, everything else is as
// in production: tests connect as the application's role.
package pgtest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/postgres"
	"relais/migrations"
)

// Env names the variable with the owner's address of a running throwaway cluster.
const Env = "RELAIS_TEST_POSTGRES"

const patience = 2 * time.Minute

// server is the cluster of this process, prepared on first use.
var server = sync.OnceValues(prepare)

type prepared struct {
	owner    string // address of the owner on the maintenance database
	template string
	cluster  *postgres.Cluster // kept: it goes when nobody holds it
}

// DB returns a pool on a fresh clone of the migrated database, connected as the application's role. The clone is dropped
// at the end of the test.
func DB(t testing.TB) *sqlx.DB {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	s, err := server()
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	name, err := s.clone(ctx)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() {
		if err := s.drop(name); err != nil {
			t.Errorf("pgtest: %v", err)
		}
	})
	return open(t, address(s.owner, "relais_app", name))
}

// Owner returns a pool on the same database as db, connected as the owner of the schema.
func Owner(t testing.TB, db *sqlx.DB) *sqlx.DB {
	t.Helper()
	return open(t, OwnerURL(t, db))
}

// URL returns the address of db for the application's role.
func URL(t testing.TB, db *sqlx.DB) string {
	t.Helper()
	return addressOf(t, db, "relais_app")
}

// OwnerURL returns the address of db for the owner of the schema.
func OwnerURL(t testing.TB, db *sqlx.DB) string {
	t.Helper()
	return addressOf(t, db, "")
}

func addressOf(t testing.TB, db *sqlx.DB, role string) string {
	t.Helper()
	s, err := server()
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	var name string
	if err := db.Get(&name, `select current_database()`); err != nil {
		t.Fatalf("pgtest: name of the database: %v", err)
	}
	return address(s.owner, role, name)
}

// common is the database that Tx works in.
var common = sync.OnceValues(func() (*sqlx.DB, error) {
	s, err := server()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	name, err := s.clone(ctx)
	if err != nil {
		return nil, err
	}
	return postgres.Open(address(s.owner, "relais_app", name), 20)
})

// Tx returns a transaction of the application's role that is rolled back at the end of the test. It costs a fraction of
// DB: prefer it for whatever needs neither a commit nor a second connection.
func Tx(t testing.TB) *sqlx.Tx {
	t.Helper()
	db, err := common()
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	tx, err := db.Beginx()
	if err != nil {
		t.Fatalf("pgtest: begin: %v", err)
	}
	t.Cleanup(func() { _ = tx.Rollback() })
	return tx
}

func open(t testing.TB, url string) *sqlx.DB {
	t.Helper()
	db, err := postgres.Open(url, 20)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// prepare finds or starts the cluster and makes the template.
func prepare() (prepared, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	s := prepared{}
	owner := os.Getenv(Env)
	if owner == "" {
		c, err := postgres.StartCluster(ctx, postgres.Options{Throwaway: true})
		if err != nil {
			return prepared{}, err
		}
		s.cluster, owner = c, c.OwnerURL() // never stopped: it ends with this process
	}
	s.owner = address(owner, "", "postgres")
	name, err := templateName()
	if err != nil {
		return prepared{}, err
	}
	s.template = name
	return s, s.makeTemplate(ctx)
}

// templateName changes with the migrations.
func templateName() (string, error) {
	sum := sha256.New()
	err := fs.WalkDir(migrations.FS, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(migrations.FS, path)
		fmt.Fprintf(sum, "%s %d\n%s", path, len(b), b)
		return err
	})
	return "template_" + hex.EncodeToString(sum.Sum(nil)[:8]), err
}

// makeTemplate migrates the template once for all processes that share the cluster.
func (s prepared) makeTemplate(ctx context.Context) error {
	db, err := postgres.Open(s.owner, 2)
	if err != nil {
		return err
	}
	defer db.Close()
	conn, err := db.Connx(ctx)
	if err != nil {
		return fmt.Errorf("connect to the test cluster: %w", err)
	}
	defer conn.Close() // ends the session, and with it the lock
	if _, err := conn.ExecContext(ctx, `select pg_advisory_lock(hashtext('relais template'))`); err != nil {
		return fmt.Errorf("lock the template: %w", err)
	}
	defer conn.ExecContext(ctx, `select pg_advisory_unlock_all()`)
	var exists bool
	if err := conn.GetContext(ctx, &exists, `select exists (select 1 from pg_database where datname = $1)`, s.template); err != nil || exists {
		return err
	}
	unfinished := s.template + "_new"
	for _, stmt := range []string{`drop database if exists ` + pq.QuoteIdentifier(unfinished), `create database ` + pq.QuoteIdentifier(unfinished)} {
		if _, err := conn.ExecContext(ctx, stmt); err != nil {
			return fmt.Errorf("make the template: %w", err)
		}
	}
	if err := migrate(ctx, address(s.owner, "", unfinished)); err != nil {
		return err
	}
	for _, stmt := range patient {
		if _, err := conn.ExecContext(ctx, stmt); err != nil {
			return fmt.Errorf("%s: %w", stmt, err)
		}
	}
	_, err = conn.ExecContext(ctx, `alter database `+pq.QuoteIdentifier(unfinished)+` rename to `+pq.QuoteIdentifier(s.template))
	return err
}

// patient gives the application's role more time than production does: a machine that runs all tests at once, with the
// race detector, is slower than any server, and what we test is not its speed.
var patient = []string{
	`alter role relais_app set statement_timeout = '60s'`,
	`alter role relais_app set lock_timeout = '30s'`,
	`alter role relais_app set idle_in_transaction_session_timeout = '60s'`,
}

func migrate(ctx context.Context, url string) error {
	db, err := postgres.Open(url, 2)
	if err != nil {
		return err
	}
	defer db.Close()
	return postgres.Migrate(ctx, db)
}

func (s prepared) clone(ctx context.Context) (string, error) {
	name := "t_" + strings.ToLower(rand.Text()[:12])
	return name, s.exec(ctx, `create database `+pq.QuoteIdentifier(name)+` template `+pq.QuoteIdentifier(s.template))
}

func (s prepared) drop(name string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return s.exec(ctx, `drop database if exists `+pq.QuoteIdentifier(name)+` with (force)`)
}

func (s prepared) exec(ctx context.Context, stmt string) error {
	db, err := postgres.Open(s.owner, 1)
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, stmt); err != nil {
		return fmt.Errorf("%s: %w", stmt, err)
	}
	return nil
}

// address is owner's address with another database, and another role unless that is empty.
func address(owner, role, database string) string {
	u, err := url.Parse(owner)
	if err != nil {
		return owner // refused by whoever opens it
	}
	u.Path = "/" + database
	if role != "" {
		u.User = nil
		q := u.Query()
		q.Set("user", role)
		u.RawQuery = q.Encode()
	}
	return u.String()
}
