package follows

import (
	"context"

	"github.com/jmoiron/sqlx"

	"relais/internal/ledger"
)

var checks = []ledger.Invariant{
	{Name: "follows_circles", Description: "circles that are followed are open and not closed, in their own sphere, and by nobody who is in them or banned",
		Query: `select count(*) from follows f join groups g on g.id = f.group_id
		  where g.visibility <> 'open' or g.closed_at is not null or g.sphere <> f.sphere
		    or exists (select 1 from group_members m where m.group_id = g.id and m.member_id = f.follower_id)
		    or exists (select 1 from group_bans b where b.group_id = g.id and b.member_id = f.follower_id)`},
	{Name: "follows_shown", Description: "what is shown outside of a circle is in an open one, by its author, in the sphere of the circle",
		Query: `select count(*) from post_groups f join posts p on p.id = f.post_id join groups g on g.id = f.group_id
		  where f.shown_by is not null and (not p.outside or f.shown_by <> p.author_id or f.shown_sphere <> g.sphere or g.visibility <> 'open' or g.closed_at is not null)`},
	{Name: "follows_counted", Description: "of what is followed, as many who are not blocked follow as is said",
		Query: `select count(*) from (select f.kind, f.target_id, count(*) as n from follows f join members m on m.id = f.follower_id where m.blocked_at is null group by 1, 2) now
		  full join follow_counts c using (kind, target_id) where coalesce(now.n, 0) <> coalesce(c.followers, 0)`},
	{Name: "follows_guarded", Description: "what ends a follow of a circle, and what counts those who follow, is in place",
		Query: `select count(*) from (values ('group_members', 'follows_joined'), ('group_bans', 'follows_banned'), ('groups', 'follows_closed'),
		    ('follows', 'follows_counted_in'), ('follows', 'follows_counted_out'), ('members', 'follows_blocked')) expected(tab, name)
		  where not exists (select 1 from pg_trigger g where g.tgrelid = expected.tab::regclass and g.tgname = expected.name and g.tgenabled = 'O')`},
}

// Check counts what breaks each invariant of follows.
func Check(ctx context.Context, q sqlx.QueryerContext) ([]ledger.Finding, error) {
	return ledger.Run(ctx, q, checks)
}
