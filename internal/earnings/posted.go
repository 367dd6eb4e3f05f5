package earnings

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/postgres"
)

// Posted is one posting in the ledger that is about an order.
type Posted struct {
	Reference string    `db:"reference"` // of its transaction
	Kind      string    `db:"kind"`
	At        time.Time `db:"at"`
	Object    string    `db:"object"` // the provider's; empty where no money moved there
	From      string    `db:"source"` // account as KIND or KIND:OWNER
	To        string    `db:"destination"`
	Minor     int64     `db:"amount"`
}

const selectPosted = `
with about as (
  select t.id from ledger_transactions t where t.reference = $2
  union select t.id from earnings e join ledger_transactions t on t.reference = 'earning:' || e.id || ':free' where e.order_id = $1
  union select c.transaction_id from clawbacks c join earnings e on e.id = c.earning_id where e.order_id = $1
  union select r.transaction_id from reassignments r join earnings e on e.id = r.from_earning_id where e.order_id = $1 and r.transaction_id is not null
  union select t.id from refunds r cross join generate_series(1, r.booked_times) n join ledger_transactions t on t.reference = 'refund:' || r.id || ':' || n where r.order_id = $1
  union select p.transaction_id from disputes d join ledger_accounts a on a.kind in ('disputed','costs') and a.currency = d.currency
    join ledger_postings p on a.id in (p.source_account_id, p.destination_account_id)
    join ledger_transactions t on t.id = p.transaction_id and starts_with(t.reference, 'dispute:' || d.id || ':') where d.order_id = $1)
select t.reference, t.kind, t.at, coalesce(o.object, '') as object, p.amount,
  s.kind || case when s.payee then ':' || s.owner_id else '' end as source, d.kind || case when d.payee then ':' || d.owner_id else '' end as destination
from about join ledger_transactions t on t.id = about.id join ledger_postings p on p.transaction_id = t.id
join ledger_accounts s on s.id = p.source_account_id join ledger_accounts d on d.id = p.destination_account_id left join ledger_objects o on o.transaction_id = t.id
order by p.id`

// PostedOf is what the ledger holds about an order, oldest first, for the platform's people: sale, releases, shares that passed, refunds, disputes.
func PostedOf(ctx context.Context, q sqlx.QueryerContext, orderID int64) ([]Posted, error) {
	var ps []Posted
	err := sqlx.SelectContext(ctx, q, &ps, selectPosted, orderID, fmt.Sprintf("order:%d:paid", orderID))
	return ps, postgres.Translate(err)
}
