package ideas

import (
	"context"

	"github.com/jmoiron/sqlx"

	"relais/internal/ledger"
)

var checks = []ledger.Invariant{
	{Name: "ideas_counted", Description: "each idea has as many supporters as a recount gives, those in doubt aside, none of them its author, and one that was reached has enough",
		Query: `select (select count(*) from ideas i where i.supporters <> (select count(*) from idea_supports s where s.idea_id = i.id and s.doubt = '') or i.reached_at is not null and i.supporters < i.threshold)
		  + (select count(*) from idea_supports s join ideas i on i.id = s.idea_id where s.member_id = i.author_id)`},
	{Name: "ideas_made", Description: "an idea is made exactly where a product of its brand stems from it, or from one that was merged into it",
		Query: `select (select count(*) from ideas i left join (select distinct idea_root(idea_id) as id from idea_steps where kind = 'product') s on s.id = i.id where (i.state = 'made') <> (s.id is not null))
		  + (select count(*) from idea_steps s join ideas i on i.id = s.idea_id left join products p on p.id = s.ref_id where s.kind = 'product' and p.brand_id is distinct from i.brand_id)`},
	{Name: "idea_guards", Description: "the triggers and rights that keep ideas as they were supported and answered are there and on",
		Query: `select (select count(*) from (values ('ideas', 'ideas_move'), ('idea_supports', 'idea_supports_move')) expected(relation, name)
		    where not exists (select 1 from pg_trigger t where t.tgrelid = to_regclass(expected.relation) and t.tgname = expected.name and t.tgenabled in ('O','A')))
		  + (select count(*) from (values ('ideas', 'DELETE, TRUNCATE'), ('idea_supports', 'UPDATE, TRUNCATE'), ('idea_moves', 'INSERT, UPDATE, DELETE, TRUNCATE'),
		      ('idea_comments', 'DELETE, TRUNCATE'), ('idea_reports', 'DELETE, TRUNCATE'), ('idea_steps', 'UPDATE, DELETE, TRUNCATE')) expected(relation, rights)
		    where has_table_privilege('relais_app', expected.relation, expected.rights))`},
}

// Check counts what breaks each invariant of ideas.
func Check(ctx context.Context, q sqlx.QueryerContext) ([]ledger.Finding, error) {
	return ledger.Run(ctx, q, checks)
}
