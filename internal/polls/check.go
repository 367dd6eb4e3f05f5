package polls

import (
	"context"

	"github.com/jmoiron/sqlx"

	"relais/internal/ledger"
)

var checks = []ledger.Invariant{
	{Name: "polls_counted", Description: "what a poll that is over says of its votes is what its ballots give, those in doubt aside",
		Query: `select (select count(*) from polls p where p.closed_at is not null and p.counted <> (select count(*) from poll_ballots b where b.poll_id = p.id and b.doubt = ''))
		  + (select count(*) from poll_outcomes r where r.votes <> (select count(*) from poll_choices c join poll_ballots b on b.id = c.ballot_id and b.doubt = '' where c.option_id = r.option_id))
		  + (select count(*) from polls p join poll_questions q on q.poll_id = p.id join poll_options o on o.question_id = q.id
		    where (p.closed_at is not null) <> exists (select 1 from poll_outcomes r where r.option_id = o.id))`},
	{Name: "polls_answered", Description: "each ballot answers every question of its poll",
		Query: `select count(*) from poll_ballots b where (select count(*) from poll_choices c where c.ballot_id = b.id) <> (select count(*) from poll_questions q where q.poll_id = b.poll_id)`},
	{Name: "polls_floor", Description: "no combination of what a poll asks costs less than its floor",
		Query: `select count(*) from polls p where p.state <> 'draft'
		  and p.base_minor + (select coalesce(sum(low), 0) from (select min(o.effect_minor) as low from poll_questions q join poll_options o on o.question_id = q.id where q.poll_id = p.id group by q.id) l) < p.floor_minor`},
	{Name: "polls_pieces", Description: "what came of a poll is of its brand, and of a poll that was decided",
		Query: `select count(*) from poll_pieces x join polls p on p.id = x.poll_id join products r on r.id = x.product_id where r.brand_id <> p.brand_id or p.state <> 'decided'`},
	{Name: "polls_guarded", Description: "what keeps polls as they were asked, and ballots until the close, is there and on",
		Query: `select (select count(*) from (values ('polls', 'polls_move'), ('poll_questions', 'poll_questions_asked'), ('poll_options', 'poll_options_asked'), ('poll_ballots', 'poll_ballots_voting'), ('poll_choices', 'poll_choices_voting'), ('poll_pieces', 'poll_pieces_move')) expected(relation, name)
		    where not exists (select 1 from pg_trigger t where t.tgrelid = to_regclass(expected.relation) and t.tgname = expected.name and t.tgenabled in ('O','A')))
		  + (select count(*) from (values ('poll_ballots', 'DELETE, TRUNCATE'), ('poll_outcomes', 'UPDATE, DELETE, TRUNCATE'), ('poll_choices', 'UPDATE, TRUNCATE'), ('polls', 'TRUNCATE'), ('poll_moves', 'INSERT, UPDATE, DELETE, TRUNCATE'), ('poll_pieces', 'UPDATE, DELETE, TRUNCATE')) expected(relation, rights)
		    where has_table_privilege('relais_app', expected.relation, expected.rights))`},
}

// Check counts what breaks each invariant of polls.
func Check(ctx context.Context, q sqlx.QueryerContext) ([]ledger.Finding, error) {
	return ledger.Run(ctx, q, checks)
}
