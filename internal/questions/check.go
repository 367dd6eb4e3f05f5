package questions

import (
	"context"

	"github.com/jmoiron/sqlx"

	"relais/internal/ledger"
)

var checks = []ledger.Invariant{
	{Name: "answers_proven", Description: "each answer of an earlier buyer rests on a line of an order of the product, delivered and paid, by that member; each of a designer on their publication of the product",
		Query: `select count(*) from question_answers a join questions q on q.id = a.question_id left join order_lines l on l.id = a.order_line_id left join orders o on o.id = l.order_id
		  left join shipments s on s.id = l.shipment_id left join publications u on u.id = a.publication_id
		  where not a.by_brand and case when a.publication_id is not null then u.product_id is distinct from q.product_id or a.member_id is not null and a.member_id <> u.author_id else (l.id is null or l.product_id <> q.product_id or o.paid_at is null or s.state <> 'delivered' or a.member_id is not null and o.member_id is not null and a.member_id <> o.member_id) end`},
	{Name: "marks_of_others", Description: "nobody says of their own answer that it helped",
		Query: `select count(*) from question_marks k join question_answers a on a.id = k.answer_id where a.member_id = k.member_id`},
	{Name: "question_guards", Description: "questions and answers keep their authors and proofs, and only their authors or a decision of the platform take them away",
		Query: `select (select count(*) from (values ('questions', 'questions_move'), ('question_answers', 'question_answers_move'), ('question_answers', 'question_answers_designed')) expected(relation, name)
		    where not exists (select 1 from pg_trigger t where t.tgrelid = to_regclass(expected.relation) and t.tgname = expected.name and t.tgenabled in ('O','A')))
		  + (select count(*) from (values ('questions'), ('question_answers'), ('question_reports')) expected(relation) where has_table_privilege('relais_app', expected.relation, 'DELETE, TRUNCATE'))`},
}

// Check counts what breaks each invariant of public questions.
func Check(ctx context.Context, q sqlx.QueryerContext) ([]ledger.Finding, error) {
	return ledger.Run(ctx, q, checks)
}
