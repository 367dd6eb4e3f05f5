package groups_test

import (
	"testing"

	"relais/internal/groups"
	"relais/internal/postgres/pgtest"
)

// Somebody with all rights changes circles behind the program's back: the audit names what they did.
func TestCheckNamesEachCorruption(t *testing.T) {
	w := open(t)
	g := w.circle(groups.Private, groups.Free, "mona", "anna")
	w.must(w.Remove(t.Context(), g.ID, w.id("olga"), w.id("anna"), "Insultes.", true))
	owner := pgtest.Owner(t, w.db)
	for _, c := range []struct{ sql, want string }{
		{``, ""},
		{`delete from group_members where role = 'owner'`, "groups_owned"},
		{`update members set blocked_at = now()`, "groups_owned"},
		{`insert into group_members (group_id, member_id, role, joined_at) select group_id, member_id, 'member', now() from group_bans`, "groups_banned"},
		{`grant delete on group_log to relais_app`, "groups_guarded"},
		{`grant delete on group_reports to relais_app`, "groups_guarded"},
		{`alter table group_log disable trigger group_log_append_only`, "groups_guarded"},
		{`alter table group_members disable trigger group_members_owned`, "groups_guarded"},
	} {
		tx, err := owner.Beginx()
		w.must(err)
		_, err = tx.Exec(`set local session_replication_role = replica`)
		w.must(err)
		_, err = tx.Exec(c.sql)
		w.must(err)
		found, err := groups.Check(t.Context(), tx)
		w.must(err)
		for _, f := range found {
			if broken := f.Count != 0; broken != (f.Name == c.want) {
				t.Errorf("%q: %s is broken %d times", c.sql, f.Name, f.Count)
			}
		}
		w.must(tx.Rollback())
	}
}
