package groups_test

import (
	"testing"

	"relais/internal/groups"
	"relais/internal/postgres/pgtest"
)

func TestRoleOfStranger(t *testing.T) {
	db := pgtest.DB(t)
	if r, err := groups.RoleOf(t.Context(), db, 1, 1); r != groups.None || err != nil {
		t.Fatalf("role of a stranger: %q, %v", r, err)
	}
}
