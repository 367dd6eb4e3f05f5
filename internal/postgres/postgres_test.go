package postgres_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jmoiron/sqlx"

	"relais/internal/postgres"
	"relais/internal/postgres/pgtest"
)

func TestTheApplicationRoleOwnsNothing(t *testing.T) {
	db := pgtest.DB(t)
	for _, stmt := range []string{
		`create table mine (id int)`,
		`drop table members`,
		`alter table members add column x int`,
		`update goose_db_version set is_applied = false`,
		`truncate members cascade`,
	} {
		if _, err := db.Exec(stmt); err == nil {
			t.Errorf("relais_app may %s", stmt)
		}
	}
}

func TestSearchForgivesAccents(t *testing.T) {
	tx := pgtest.Tx(t)
	var found bool
	err := tx.Get(&found, `select to_tsvector('public.fr', 'Bougie parfumée à la cire d''abeille') @@ websearch_to_tsquery('public.fr', 'bougies parfumees')`)
	if err != nil || !found {
		t.Errorf("found = %v, %v; want the candle", found, err)
	}
}

func TestNothingIsPendingAfterMigrate(t *testing.T) {
	db := pgtest.DB(t)
	if n, err := postgres.Pending(t.Context(), db); err != nil || n != 0 {
		t.Errorf("Pending = %d, %v; want 0", n, err)
	}
	if err := postgres.Migrate(t.Context(), pgtest.Owner(t, db)); err != nil {
		t.Errorf("migrate again: %v", err)
	}
	owner := pgtest.Owner(t, db)
	if _, err := owner.Exec(`delete from goose_db_version where version_id = (select max(version_id) from goose_db_version)`); err != nil {
		t.Fatal(err)
	}
	if n, err := postgres.Pending(t.Context(), db); err != nil || n != 1 {
		t.Errorf("Pending = %d, %v; want 1", n, err)
	}
}

func TestInTxCommitsAndRollsBack(t *testing.T) {
	db := pgtest.DB(t)
	ctx := t.Context()
	insert := func(tx *sqlx.Tx, key string) error {
		_, err := tx.ExecContext(ctx, `insert into throttles (key, count, window_end) values ($1, 1, now())`, key)
		return err
	}
	refused := errors.New("refused")
	if err := postgres.InTx(ctx, db, func(tx *sqlx.Tx) error { return insert(tx, "kept") }); err != nil {
		t.Fatal(err)
	}
	if err := postgres.InTx(ctx, db, func(tx *sqlx.Tx) error { return errors.Join(insert(tx, "error"), refused) }); !errors.Is(err, refused) {
		t.Errorf("err = %v; want the function's own", err)
	}
	func() {
		defer func() { _ = recover() }()
		_ = postgres.InTx(ctx, db, func(tx *sqlx.Tx) error { panic(insert(tx, "panic")) })
	}()
	var keys []string
	if err := db.Select(&keys, `select key from throttles`); err != nil || len(keys) != 1 || keys[0] != "kept" {
		t.Errorf("rows = %v, %v; want only the committed one", keys, err)
	}
	if n := db.Stats().InUse; n != 0 {
		t.Errorf("%d connections still in use", n)
	}
}

// Two transactions lock the same two rows crosswise: the database ends one of them, and InTx runs it again.
func TestInTxRunsAgainAfterADeadlock(t *testing.T) {
	db := pgtest.DB(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if _, err := db.Exec(`insert into throttles (key, count, window_end) values ('a', 0, now()), ('b', 0, now())`); err != nil {
		t.Fatal(err)
	}
	hasFirst := map[string]chan struct{}{"a": make(chan struct{}), "b": make(chan struct{})}
	runs := make(chan int, 2)
	results := make(chan error, 2)
	work := func(first, second string) {
		attempts := 0
		err := postgres.InTx(ctx, db, func(tx *sqlx.Tx) error {
			attempts++
			if _, err := tx.ExecContext(ctx, `update throttles set count = count + 1 where key = $1`, first); err != nil {
				return err
			}
			if attempts == 1 {
				close(hasFirst[first])
				<-hasFirst[second]
			}
			_, err := tx.ExecContext(ctx, `update throttles set count = count + 1 where key = $1`, second)
			return err
		})
		runs <- attempts
		results <- err
	}
	go work("a", "b")
	go work("b", "a")
	for range 2 {
		if err := <-results; err != nil {
			t.Errorf("InTx: %v", err)
		}
	}
	if total := <-runs + <-runs; total != 3 {
		t.Errorf("%d runs in all; want 3: one of the two ran twice", total)
	}
	var counts []int
	if err := db.Select(&counts, `select count from throttles order by key`); err != nil || counts[0] != 2 || counts[1] != 2 {
		t.Errorf("counts = %v, %v; want 2 and 2", counts, err)
	}
}
