package jobs

import (
	"context"

	"github.com/jmoiron/sqlx"

	"relais/internal/ledger"
)

var checks = []ledger.Invariant{
	{Number: "I26", Name: "jobs_fenced", Description: "each job is enqueued once for its key, and only whoever holds its present attempt may end it",
		Query: `select (select count(*) from jobs where leased_until is not null and attempt = 0)
		  + (select count(*) from (values ('jobs_unique_key'), ('jobs_attempt_check'), ('jobs_end_check')) expected(name)
		    where not exists (select 1 from pg_constraint c where c.conrelid = to_regclass('jobs') and c.conname = expected.name and c.convalidated))`},
}

// Check counts what breaks each invariant of jobs.
func Check(ctx context.Context, q sqlx.QueryerContext) ([]ledger.Finding, error) {
	return ledger.Run(ctx, q, checks)
}
