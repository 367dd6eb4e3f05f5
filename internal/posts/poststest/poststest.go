// Package poststest makes circles for tests of posts, past the rules by which people come into them.
package poststest

import (
	"context"
	"testing"

	"github.com/jmoiron/sqlx"

	"relais/internal/groups"
	"relais/internal/postgres"
)

// Circle makes a circle of a sphere and visibility with an owner and members.
func Circle(t testing.TB, db *sqlx.DB, handle string, s groups.Sphere, v groups.Visibility, owner int64, others ...int64) groups.Group {
	t.Helper()
	var g groups.Group
	err := postgres.InTx(context.Background(), db, func(tx *sqlx.Tx) error {
		var id int64
		err := tx.Get(&id, `insert into groups (handle, name, sphere, visibility, created_by, created_at) values ($1, $2, $3, $4, $5, now()) returning id`, handle, "Cercle "+handle, s, v, owner)
		if err != nil {
			return err
		}
		for i, m := range append([]int64{owner}, others...) {
			role := groups.Member
			if i == 0 {
				role = groups.Owner
			}
			if _, err := tx.Exec(`insert into group_members (group_id, member_id, role, joined_at) values ($1, $2, $3, now())`, id, m, role); err != nil {
				return err
			}
		}
		g, err = groups.ByID(context.Background(), tx, id)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// Role gives a member a role in a circle, or none.
func Role(t testing.TB, db *sqlx.DB, groupID, memberID int64, r groups.Role) {
	t.Helper()
	query := `insert into group_members (group_id, member_id, role, joined_at) values ($1, $2, $3, now()) on conflict (group_id, member_id) do update set role = excluded.role`
	args := []any{groupID, memberID, r}
	if r == groups.None {
		query, args = `delete from group_members where group_id = $1 and member_id = $2`, args[:2]
	}
	if _, err := db.Exec(query, args...); err != nil {
		t.Fatal(err)
	}
}

// Close closes a circle.
func Close(t testing.TB, db *sqlx.DB, groupID int64) {
	t.Helper()
	if _, err := db.Exec(`update groups set closed_at = now() where id = $1`, groupID); err != nil {
		t.Fatal(err)
	}
}
