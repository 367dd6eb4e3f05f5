package reports

import (
	"context"

	"github.com/jmoiron/sqlx"

	"relais/internal/ledger"
)

var checks = []ledger.Invariant{
	{Name: "reports_stay", Description: "a report is decided once and stays as it was decided, whatever is decided of the same thing later",
		Query: `select (select count(*) from (values ('rating_reports'), ('question_reports'), ('idea_reports'), ('story_reports'), ('poll_reports'), ('publication_reports')) expected(relation)
		    where not exists (select 1 from pg_trigger t where t.tgrelid = to_regclass(expected.relation) and t.tgname = expected.relation || '_stay' and t.tgenabled in ('O','A'))
		      or has_table_privilege('relais_app', expected.relation, 'DELETE, TRUNCATE'))`},
}

// Check counts what breaks each invariant of reports.
func Check(ctx context.Context, q sqlx.QueryerContext) ([]ledger.Finding, error) {
	return ledger.Run(ctx, q, checks)
}
