package support

import (
	"context"

	"github.com/jmoiron/sqlx"

	"relais/internal/ledger"
)

var checks = []ledger.Invariant{
	{Name: "talks_noted", Description: "a conversation is noted exactly where nobody has written to the other side",
		Query: `select count(*) from conversations c where (c.state = 'noted') = exists (select 1 from order_messages m where m.conversation_id = c.id and not m.note)`},
	{Name: "talks_assigned", Description: "a conversation is given to nobody but the team of its brand",
		Query: `select count(*) from conversations c where c.assignee_id is not null and not exists (select 1 from brand_members t where t.brand_id = c.brand_id and t.member_id = c.assignee_id)`},
	{Name: "mail_held", Description: "a mail that was sent on is a message of its side, one that waits or was discarded is none",
		Query: `select count(*) from held_mails h where (h.decided = 'sent') <> exists (select 1 from order_messages m where m.conversation_id = h.conversation_id and m.author = h.side and m.mail_key = h.mail_key)`},
}

// Check counts what breaks each invariant of conversations about orders.
func Check(ctx context.Context, q sqlx.QueryerContext) ([]ledger.Finding, error) {
	return ledger.Run(ctx, q, checks)
}
