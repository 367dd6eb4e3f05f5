package ratings

import (
	"context"

	"github.com/jmoiron/sqlx"

	"relais/internal/ledger"
)

var checks = []ledger.Invariant{
	{Name: "stars_summed", Description: "the stars of each product are those that a recount of its shown ratings gives",
		Query: `select count(*) from product_stars s full join (select product_id, count(*) filter (where stars = 1) as n1, count(*) filter (where stars = 2) as n2,
		    count(*) filter (where stars = 3) as n3, count(*) filter (where stars = 4) as n4, count(*) filter (where stars = 5) as n5
		    from ratings where state = 'shown' group by 1) r using (product_id)
		  where (coalesce(s.n1, 0), coalesce(s.n2, 0), coalesce(s.n3, 0), coalesce(s.n4, 0), coalesce(s.n5, 0))
		    <> (coalesce(r.n1, 0), coalesce(r.n2, 0), coalesce(r.n3, 0), coalesce(r.n4, 0), coalesce(r.n5, 0))`},
	{Name: "ratings_verified", Description: "each rating rests on a line of an order of its product, received and paid by its author, and each entry of a guest book on a line that its owner was credited for",
		Query: `select (select count(*) from ratings r left join order_lines l on l.id = r.order_line_id left join orders o on o.id = l.order_id left join shipments s on s.id = l.shipment_id
		    where l.id is null or l.product_id <> r.product_id or l.brand_id <> r.brand_id or s.state <> 'delivered' or o.paid_at is null
		      or ` + buyerOf + ` <> r.buyer)
		  + (select count(*) from thanks t left join order_lines l on l.id = t.order_line_id left join orders o on o.id = l.order_id
		    where o.id is null or ` + buyerOf + ` <> t.buyer or o.paid_at is null
		      or not exists (select 1 from attribution_credits c where c.order_line_id = t.order_line_id and c.member_id = t.storefront_id))`},
	{Name: "rating_guards", Description: "nobody but the platform's decision takes a rating away, and the sums are kept by the database alone",
		Query: `select (select count(*) from (values ('ratings', 'ratings_move'), ('ratings', 'ratings_sum')) expected(relation, name)
		    where not exists (select 1 from pg_trigger t where t.tgrelid = to_regclass(expected.relation) and t.tgname = expected.name and t.tgenabled in ('O','A')))
		  + (select count(*) from (values ('ratings', 'DELETE, TRUNCATE'), ('thanks', 'DELETE, TRUNCATE'), ('rating_reports', 'DELETE, TRUNCATE'),
		      ('product_stars', 'INSERT, UPDATE, DELETE, TRUNCATE')) expected(relation, rights) where has_table_privilege('relais_app', expected.relation, expected.rights))`},
}

// Check counts what breaks each invariant of ratings and guest books.
func Check(ctx context.Context, q sqlx.QueryerContext) ([]ledger.Finding, error) {
	return ledger.Run(ctx, q, checks)
}
