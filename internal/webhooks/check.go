package webhooks

import (
	"context"

	"github.com/jmoiron/sqlx"

	"relais/internal/ledger"
)

var checks = []ledger.Invariant{
	{Number: "I18", Name: "notices_kept", Description: "each notice that is acted on is kept, once, and cannot be taken away",
		Query: `select (select count(*) from jobs j where j.kind = 'webhooks.event' and not exists (select 1 from webhook_events e where e.id = j.args->>'event_id'))
		  + (select count(*) from (select id from webhook_events group by id having count(*) > 1) twice)
		  + (select count(*) where has_table_privilege('relais_app', 'webhook_events', 'DELETE, TRUNCATE'))`},
}

// Check counts what breaks each invariant of notices.
func Check(ctx context.Context, q sqlx.QueryerContext) ([]ledger.Finding, error) {
	return ledger.Run(ctx, q, checks)
}
