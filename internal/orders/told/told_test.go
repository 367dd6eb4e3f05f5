package told_test

import (
	"fmt"
	"testing"
	"time"

	"relais/internal/app/apptest"
	"relais/internal/money"
	"relais/internal/orders/told"
	"relais/internal/postgres/pgtest"
)

// Who sold is found by the number in the order's operation, without reading the sales of others; what is no number of a sale tells nobody.
func TestAtCounterFindsItsSale(t *testing.T) {
	w := apptest.New(t)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	shop, lea := w.Shop("terre", 12000, 9), w.Member("lea")
	o := w.Order(apptest.Purchase{Variant: shop.Variant})
	w.DB.MustExec(`insert into counter_sales (operation, seller_id, cart_id, place, country, lang, created_at)
		select 'operation-' || n, case n when 34 then $1 else $2::bigint end, 'cart-' || n, 'fair', 'FR', 'fr', now() from generate_series(1, 60) n`, lea, shop.Owner)
	var sale int64
	must(w.DB.Get(&sale, `select id from counter_sales where seller_id = $1`, lea))
	for operation, want := range map[string]int{
		fmt.Sprintf("counter-sale-%012d", sale): 1,
		"counter-sale-000000999999":             0,
		"counter-sale-99999999999999999999":     0,
		"counter-sale-00000000003x":             0,
		"sale-000000000034":                     0,
	} {
		tx, err := pgtest.Owner(t, w.DB).Beginx()
		must(err)
		for _, statement := range []string{`set local session_replication_role = replica`, `update orders set operation = '` + operation + `'`, `set local enable_seqscan = off`} {
			_, err = tx.Exec(statement)
			must(err)
		}
		must(told.AtCounter(t.Context(), tx, told.Order{ID: o.ID, Number: o.Number, InPerson: true, At: time.Now()}, money.New(12000, "EUR")))
		var n, read int
		must(tx.Get(&n, `select count(*) from notices where member_id = $1 and kind = 'counter' and path = $2`, lea, fmt.Sprintf("/sell/%d", sale)))
		must(tx.Get(&read, `select seq_tup_read + coalesce(idx_tup_fetch, 0) from pg_stat_xact_user_tables where relname = 'counter_sales'`))
		if n != want || read > 1 {
			t.Errorf("%s: told %d times; %d sales were read", operation, n, read)
		}
		must(tx.Rollback())
	}
}
