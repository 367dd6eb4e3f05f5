package stories_test

import (
	"testing"

	"github.com/jmoiron/sqlx"

	"relais/internal/ledger"
	"relais/internal/orders"
	"relais/internal/postgres/pgtest"
)

type ledgerFinding = ledger.Finding

// orderOf is an order by its number.
func orderOf(w *world, id int64) orders.Order {
	w.T.Helper()
	p, err := w.Orders.ByID(w.T.Context(), id)
	w.must(err)
	return p.Order
}

// owner is a transaction of the role that owns the schema.
func owner(t *testing.T, w *world) *sqlx.Tx {
	t.Helper()
	return pgtest.Owner(t, w.DB).MustBegin()
}
