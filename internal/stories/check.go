package stories

import (
	"context"

	"github.com/jmoiron/sqlx"

	"relais/internal/ledger"
)

var checks = []ledger.Invariant{
	{Name: "story_links_cover", Description: "each commission that a click on the link to a story decided is on a product that the story showed at the click or when the order was placed",
		Query: `select count(*) from attributions a join attribution_credits c on c.order_line_id = a.order_line_id join share_links l on l.id = c.link_id
		  join order_lines ol on ol.id = a.order_line_id join orders o on o.id = ol.order_id
		  cross join lateral (select min((w->>'at')::timestamptz) as at from jsonb_array_elements(a.evidence->'candidates') w where (w->>'click')::bigint = c.click_id) k
		  where a.rule = 'click' and l.story_id is not null
		    and not exists (select 1 from story_products t where t.story_id = l.story_id and t.product_id = ol.product_id
		      and (t.tagged_at <= o.placed_at and (t.off_at is null or t.off_at >= o.placed_at) or t.tagged_at <= k.at and t.off_at > k.at))`},
	{Name: "story_guards", Description: "what a published story showed is not forgotten, and whose and when it was stays",
		Query: `select (select count(*) from (values ('stories', 'stories_move'), ('story_products', 'story_products_kept'), ('story_products', 'story_products_typed')) expected(relation, name)
		    where not exists (select 1 from pg_trigger t where t.tgrelid = to_regclass(expected.relation) and t.tgname = expected.name and t.tgenabled in ('O','A')))
		  + (select count(*) from (values ('stories', 'DELETE, TRUNCATE'), ('story_reports', 'DELETE, TRUNCATE'), ('story_products', 'TRUNCATE')) expected(relation, rights)
		    where has_table_privilege('relais_app', expected.relation, expected.rights))`},
}

// Check counts what breaks each invariant of stories.
func Check(ctx context.Context, q sqlx.QueryerContext) ([]ledger.Finding, error) {
	return ledger.Run(ctx, q, checks)
}
