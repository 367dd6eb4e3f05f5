package publications

import (
	"context"

	"github.com/jmoiron/sqlx"

	"relais/internal/ledger"
)

var checks = []ledger.Invariant{
	{Name: "publications_sold", Description: "what is published is a product of the base's brand, sold as it is, made to a revision that was listed; what is not listed any more is not for sale, and nothing of a design that was taken down is asked for or listed",
		Query: `select (select count(*) from publications p join products b on b.id = p.base_product_id left join products o on o.id = p.product_id
		    where p.product_id is not null and (o.brand_id is distinct from b.brand_id or o.custom_made or o.state = 'launch')
		      or p.state = 'listed' and p.product_id is null or p.state <> 'listed' and o.state = 'published'
		      or p.state in ('asked','listed') and exists (select 1 from publications t where t.design_id = p.design_id and t.state = 'taken_down'))
		  + (select count(*) from order_lines l join publications p on p.product_id = l.product_id where l.design_id is not null
		      and not exists (select 1 from publication_moves m where m.publication_id = p.id and m.kind in ('listed','revision_listed') and m.revision = l.design_revision))`},
	{Name: "publications_asked", Description: "each publication was asked for by the author of its design, who declared their rights, and stands where its last step left it",
		Query: `select (select count(*) from publications p join designs d on d.id = p.design_id where p.author_id <> d.author_id or p.parent_id is distinct from d.varied_from
		      or not exists (select 1 from publication_moves m where m.publication_id = p.id and m.kind = 'asked' and m.by_member_id = p.author_id))
		  + (select count(*) from publications p join lateral (select kind from publication_moves m where m.publication_id = p.id order by id desc limit 1) last on true
		      where p.state <> case when last.kind like 'revision%' then 'listed' else last.kind end)`},
	{Name: "publications_chain", Description: "a variation is younger than what it varies, and all authors of a piece together ask no more than a quarter of its price",
		Query: `with recursive chain as (select id as top, id, parent_id, royalty_bps, 1 as n from publications
		    union all select c.top, p.id, p.parent_id, p.royalty_bps, n + 1 from publications p join chain c on p.id = c.parent_id where n < 50)
		  select (select count(*) from publications where parent_id >= id) + (select count(*) from (select top from chain group by top having sum(royalty_bps) > 2500) above)`},
	{Name: "publication_guards", Description: "the triggers and rights that keep publications as they were asked and decided are there and on",
		Query: `select (select count(*) from (values ('publications', 'publications_move'), ('publication_moves', 'publication_moves_kept'), ('publication_moves', 'publication_moves_no_truncate'),
		      ('products', 'publications_product_kept'), ('base_versions', 'base_versions_no_publication'), ('listings', 'listings_published'), ('designs', 'designs_move')) expected(relation, name)
		    where not exists (select 1 from pg_trigger t where t.tgrelid = to_regclass(expected.relation) and t.tgname = expected.name and t.tgenabled in ('O','A')))
		  + (select count(*) from (values ('publications', 'DELETE, TRUNCATE'), ('publication_moves', 'UPDATE, DELETE, TRUNCATE'), ('publication_settings', 'DELETE, TRUNCATE'), ('publication_reports', 'DELETE, TRUNCATE')) expected(relation, rights)
		    where has_table_privilege('relais_app', expected.relation, expected.rights))`},
}

// Check counts what breaks each invariant of publications.
func Check(ctx context.Context, q sqlx.QueryerContext) ([]ledger.Finding, error) {
	return ledger.Run(ctx, q, checks)
}
