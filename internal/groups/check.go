package groups

import (
	"context"

	"github.com/jmoiron/sqlx"

	"relais/internal/ledger"
)

var checks = []ledger.Invariant{
	{Name: "groups_owned", Description: "every circle that is not closed has one owner, whom the platform has not shut out",
		Query: `select count(*) from groups g where g.closed_at is null and (select count(*) from group_members m join members p on p.id = m.member_id
		  where m.group_id = g.id and m.role = 'owner' and p.blocked_at is null) <> 1`},
	{Name: "groups_banned", Description: "nobody is in a circle from which they were banned",
		Query: `select count(*) from group_bans b join group_members m on m.group_id = b.group_id and m.member_id = b.member_id`},
	{Name: "groups_guarded", Description: "the application cannot rewrite the log of circles, and the guards of circles are there",
		Query: `select (select count(*) from unnest(array['UPDATE','DELETE','TRUNCATE']) p where has_table_privilege('relais_app', 'group_log', p))
		  + (select count(*) from (values ('groups', 'DELETE'), ('group_reports', 'DELETE'), ('group_requests', 'DELETE')) r(name, p) where has_table_privilege('relais_app', r.name, r.p))
		  + (select count(*) from (values ('groups', 'groups_move'), ('groups', 'groups_owned'), ('group_members', 'group_members_owned'),
		      ('group_reports', 'group_reports_move'), ('group_log', 'group_log_append_only')) expected(tab, name)
		    where not exists (select 1 from pg_trigger g where g.tgrelid = expected.tab::regclass and g.tgname = expected.name and g.tgenabled = 'O'))`},
}

// Check counts what breaks each invariant of circles.
func Check(ctx context.Context, q sqlx.QueryerContext) ([]ledger.Finding, error) {
	return ledger.Run(ctx, q, checks)
}
