package postgres_test

import (
	"database/sql"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/fault"
	"relais/internal/postgres"
	"relais/internal/postgres/pgtest"
)

const newMember = `insert into members (email, email_normal, password_hash, name, handle) values ($1, $1, '', 'Zoé', $2)`

func TestTranslateByConstraint(t *testing.T) {
	cases := []struct {
		name, email, handle string
		kind                fault.Kind
		field               string
	}{
		{"email", "zoe@example.org", "other", fault.Conflict, "email"},
		{"handle", "other@example.org", "zoe", fault.Conflict, "handle"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			tx := pgtest.Tx(t)
			tx.MustExec(newMember, "zoe@example.org", "zoe")
			_, err := tx.Exec(newMember, c.email, c.handle)
			err = postgres.Translate(fmt.Errorf("sign up: %w", err))
			f, ok := errors.AsType[*fault.Error](err)
			if !ok || f.Kind != c.kind || f.Fields[c.field] == "" || pq.As(err) == nil {
				t.Errorf("Translate = %#v; want %s about %s with its cause", err, c.kind, c.field)
			}
		})
	}
}

func TestTranslateTheRest(t *testing.T) {
	tx := pgtest.Tx(t)
	var id int64
	if err := postgres.Translate(tx.Get(&id, `select id from members where id = -1`)); !errors.Is(err, fault.NotFound) || !errors.Is(err, sql.ErrNoRows) {
		t.Errorf("no row: %v", err)
	}
	if err := postgres.Translate(io.EOF); err != io.EOF {
		t.Errorf("another error: %v", err)
	}
	if err := postgres.Translate(nil); err != nil {
		t.Errorf("no error: %v", err)
	}
	twice := `insert into throttles (key, count, window_end) values ('k', 1, now()), ('k', 1, now())`
	if _, err := tx.Exec(twice); !errors.Is(postgres.Translate(err), fault.Conflict) {
		t.Errorf("a unique key without a meaning of its own: %v", err)
	}
	unnamed := pgtest.Tx(t)
	_, err := unnamed.Exec(newMember, "zoe@example.org", "NOT A HANDLE")
	if f, ok := errors.AsType[*fault.Error](postgres.Translate(err)); ok || err == nil {
		t.Errorf("a check that nobody gave a meaning to became %v", f)
	}
}

func TestInTxRunsAgainThreeTimesInAll(t *testing.T) {
	db := pgtest.DB(t)
	fail := `do $$ begin raise exception 'could not serialize' using errcode = '40001'; end $$`
	for _, failures := range []int{0, 2, 3} {
		runs := 0
		err := postgres.InTx(t.Context(), db, func(tx *sqlx.Tx) error {
			runs++
			if runs > failures {
				return nil
			}
			_, err := tx.ExecContext(t.Context(), fail)
			return fmt.Errorf("place order: %w", err)
		})
		if (err == nil) != (failures < 3) || runs != min(failures+1, 3) {
			t.Errorf("%d failures: %d runs, %v", failures, runs, err)
		}
	}
}
