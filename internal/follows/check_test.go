package follows_test

import (
	"crypto/rand"
	"testing"

	"relais/internal/follows"
	"relais/internal/groups"
	"relais/internal/postgres/pgtest"
	"relais/internal/posts"
	"relais/internal/posts/poststest"
)

// Somebody with all rights changes follows behind the program's back: the audit names what they did.
func TestCheckNamesEachCorruption(t *testing.T) {
	w := open(t)
	g := poststest.Circle(t, w.DB, "jardin", groups.Personal, groups.Open, w.zoe)
	w.must(w.follow(follows.Circle, "jardin", ""))
	_, err := w.Posts.Save(t.Context(), w.zoe, 0, rand.Text(), posts.Content{Kind: posts.Story, Text: "Dehors"}, posts.Where{Groups: []int64{g.ID}, Outside: true}, posts.When{Now: true})
	w.must(err)
	owner := pgtest.Owner(t, w.DB)
	for _, c := range []struct{ sql, want string }{
		{``, ""},
		{`insert into group_members (group_id, member_id, role, joined_at) select group_id, follower_id, 'member', now() from follows`, "follows_circles"},
		{`insert into group_bans (group_id, member_id, by_id, at, why) select group_id, follower_id, follower_id, now(), 'x' from follows`, "follows_circles"},
		{`update follows set sphere = 'professional'`, "follows_circles"},
		{`update posts set outside = false`, "follows_shown"},
		{`update post_groups set shown_sphere = 'professional'`, "follows_shown"},
		{`update post_groups set shown_by = (select follower_id from follows)`, "follows_shown"},
		{`delete from follows; delete from follow_counts; update groups set closed_at = now()`, "follows_shown"},
		{`alter table group_bans disable trigger follows_banned`, "follows_guarded"},
		{`update follow_counts set followers = followers + 1`, "follows_counted"},
		{`delete from follow_counts`, "follows_counted"},
		{`update members set blocked_at = now() where id = (select follower_id from follows)`, "follows_counted"},
		{`alter table members disable trigger follows_blocked`, "follows_guarded"},
		{`alter table groups disable trigger follows_closed`, "follows_guarded"},
	} {
		tx, err := owner.Beginx()
		w.must(err)
		_, err = tx.Exec(`set local session_replication_role = replica`)
		w.must(err)
		_, err = tx.Exec(c.sql)
		w.must(err)
		found, err := follows.Check(t.Context(), tx)
		w.must(err)
		for _, f := range found {
			if broken := f.Count != 0; broken != (f.Name == c.want) {
				t.Errorf("%q: %s is broken %d times", c.sql, f.Name, f.Count)
			}
		}
		w.must(tx.Rollback())
	}
}
