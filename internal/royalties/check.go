package royalties

import (
	"context"

	"github.com/jmoiron/sqlx"

	"relais/internal/ledger"
)

var checks = []ledger.Invariant{
	{Number: "I6", Name: "royalties_earned", Description: "each royalty of a paid line that comes to anything is one earning of its member, of the same base, rate and amount, and nobody has another",
		Query: `select count(*) from (select r.order_line_id, r.role, r.member_id, r.rate_bps, r.minor, l.net_minor from order_line_royalties r join order_lines l on l.id = r.order_line_id
		    join orders o on o.id = l.order_id and o.state in ('paid','refunded','charged_back') where r.minor > 0) r
		  full join (select e.*, p.member_id from earnings e join payees p on p.id = e.payee_id where e.role in ('royalty','idea')) e
		    on e.order_line_id = r.order_line_id and e.role = r.role and e.member_id = r.member_id
		  where r.order_line_id is null or e.id is null or e.amount_minor <> r.minor or e.base_minor <> r.net_minor or e.rate_bps <> r.rate_bps
		    or e.part_bps <> 10000 or e.moved_minor <> 0 or e.from_earning_id is not null`},
	{Number: "I6", Name: "royalty_amounts", Description: "each royalty is the net price times its rate, rounded down, and with commission and fee they take no more than there is",
		Query: `select (select count(*) from order_line_royalties r join order_lines l on l.id = r.order_line_id where r.minor <> div(l.net_minor::numeric * r.rate_bps, 10000))
		  + (select count(*) from order_lines l where l.commission_bps + l.fee_bps + (select coalesce(sum(r.rate_bps), 0) from order_line_royalties r where r.order_line_id = l.id) > 10000)`},
	{Number: "I6", Name: "royalty_rates", Description: "each royalty is its author's at the rates of their designs, or of their idea, on whose thread the product or its launch is, at that of the terms",
		Query: `with recursive chain as (
		    select r.order_line_id, r.member_id, p.id, p.parent_id, p.author_id, p.royalty_bps, r.agreed_bps, p.royalty_bps as least from order_line_royalties r join publications p on p.id = r.publication_id
		    union all select c.order_line_id, c.member_id, p.id, p.parent_id, p.author_id, p.royalty_bps, c.agreed_bps, c.least from chain c join publications p on p.id = c.parent_id and p.id < c.id)
		  select (select count(*) from (select 1 from chain group by order_line_id, member_id
		      having max(id) filter (where author_id = member_id) <> max(id) or max(agreed_bps) > sum(royalty_bps) filter (where author_id = member_id) or max(agreed_bps) < max(least)) x)
		  + (select count(*) from order_line_royalties r where r.role = 'royalty' and not exists (select 1 from publications p where p.id = r.publication_id and p.author_id = r.member_id))
		  + (select count(*) from (select from order_line_royalties where role = 'idea' group by order_line_id having count(*) > 1) x)
		  + (select count(*) from order_line_royalties r join order_lines l on l.id = r.order_line_id join terms t on t.id = l.terms_id join ideas i on i.id = r.idea_id where r.role = 'idea'
		      and (i.author_id <> r.member_id or r.agreed_bps <> t.idea_bps or not exists (select 1 from idea_steps s where s.kind = 'product' and s.ref_id = l.product_id and i.id in (select idea_line(s.idea_id)))
        and not exists (select 1 from campaigns c where c.kind = 'launch' and c.product_id = l.product_id and i.id in (select idea_line(c.idea_id)))))`},
	{Name: "royalties_of_others", Description: "nobody has a royalty of what they bought themselves",
		Query: `select count(*) from order_line_royalties r join order_lines l on l.id = r.order_line_id join orders o on o.id = l.order_id where o.member_id = r.member_id`},
	{Name: "royalties_guards", Description: "the trigger and the rights that keep royalties as they were ordered are there and on",
		Query: `select (select count(*) from (values ('order_line_royalties_move')) v(name) where not exists (select 1 from pg_trigger g
		      where g.tgname = v.name and g.tgrelid = 'order_line_royalties'::regclass and g.tgenabled in ('O','A')))
		  + (select count(*) from (values ('UPDATE, DELETE, TRUNCATE')) v(rights) where has_table_privilege('relais_app', 'order_line_royalties', v.rights))`},
}

// Check counts what breaks each invariant of royalties.
func Check(ctx context.Context, q sqlx.QueryerContext) ([]ledger.Finding, error) {
	return ledger.Run(ctx, q, checks)
}
