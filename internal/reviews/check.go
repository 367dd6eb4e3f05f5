package reviews

import (
	"context"

	"github.com/jmoiron/sqlx"

	"relais/internal/ledger"
)

// shares are the commission that each review is of and the margin that goes along with it.
const shares = `(select r.id, r.state, r.appeal_state, s.id as earning_id, s.state as share_state, s.moved_minor, s.amount_minor, s.id = e.id as main from reviews r join earnings e on e.id = r.earning_id
  join earnings s on s.id = e.id or s.role = 'margin' and s.shipment_id = e.shipment_id and s.order_line_id = e.order_line_id and s.payee_id = e.payee_id)`

var checks = []ledger.Invariant{
	{Number: "I10", Name: "reviews_hold", Description: "while a commission is reviewed it waits, and not for that afterwards",
		Query: `select count(*) from ` + shares + ` r full join (select earning_id, reference from holds where reason = 'review' and lifted_at is null) h
		  on h.reference = 'review:' || r.id and h.earning_id = r.earning_id where (coalesce(r.state, '') = 'open') <> (h.reference is not null)`},
	{Number: "I10", Name: "reviews_not_free", Description: "no commission is free while somebody looks at it",
		Query: `select count(*) from ` + shares + ` r where r.state = 'open' and r.share_state = 'free'`},
	{Number: "I20", Name: "reviews_decided", Description: "a commission is its brand's exactly where a review refused it and no appeal was granted, and each decision says who and why",
		Query: `select (select count(*) from reviews r join earnings e on e.id = r.earning_id left join earnings k on k.id = r.kept_earning_id
		    where (r.state = 'refused') <> (k.id is not null) or k.from_earning_id is distinct from case when k.id is not null then e.id end
		      or (r.state = 'refused' and r.appeal_state <> 'granted') <> (e.moved_minor = e.amount_minor)
		      or r.state <> 'open' and r.decided_as <> 'time' and (r.why = '' or r.decided_by is null)
		      or r.appeal_state in ('granted','refused') and (r.appeal_why = '' or r.appeal_by is null))
		  + (select count(*) from ` + shares + ` r where not r.main and (r.state = 'refused' and r.appeal_state <> 'granted') <> (r.moved_minor = r.amount_minor))
		  + (select count(*) from earnings k left join reviews r on r.kept_earning_id = k.id left join ` + shares + ` s on s.earning_id = k.from_earning_id and not s.main
		    where k.role = 'kept' and r.id is null and s.id is null)`},
	{Number: "I20", Name: "claims_granted", Description: "each claim that was granted is one commission of its member out of the brand's share of that sale, and each such commission has its claim",
		Query: `select count(*) from (select * from claims where state = 'granted') c full join (select e.*, p.member_id from earnings e join payees p on p.id = e.payee_id
		    where e.role = 'commission' and e.from_earning_id is not null) e on e.id = c.earning_id
		  left join earnings s on s.id = e.from_earning_id left join payees b on b.id = s.payee_id
		  where c.id is null or e.id is null or e.order_line_id <> c.order_line_id or e.member_id <> c.member_id or s.role <> 'sale' or b.brand_id is distinct from c.brand_id or c.why = '' or c.decided_by is null`},
	{Number: "I2", Name: "review_guards", Description: "the triggers and rights that keep decisions and passed shares as they were made are there and on",
		Query: `select (select count(*) from (values ('reviews', 'reviews_move'), ('claims', 'claims_move'), ('reassignments', 'reassignments_append_only'), ('reassignments', 'reassignments_no_truncate'))
		      expected(relation, name) where not exists (select 1 from pg_trigger t where t.tgrelid = to_regclass(expected.relation) and t.tgname = expected.name and t.tgenabled in ('O','A')))
		  + (select count(*) from (values ('reviews', 'DELETE, TRUNCATE'), ('claims', 'DELETE, TRUNCATE'), ('reassignments', 'UPDATE, DELETE, TRUNCATE')) expected(relation, rights)
		    where has_table_privilege('relais_app', expected.relation, expected.rights))`},
}

// Check counts what breaks each invariant of reviews and claims.
func Check(ctx context.Context, q sqlx.QueryerContext) ([]ledger.Finding, error) {
	return ledger.Run(ctx, q, checks)
}
