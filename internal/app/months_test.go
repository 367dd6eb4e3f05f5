package app_test

import (
	"testing"
	"time"

	"relais/internal/app/apptest"
	"relais/internal/earnings"
)

// feeOf is what the fee documents of a brand come to in a month, in minor units; a credit takes off.
func (e *edge) feeOf(brand int64, month string) (minor int64) {
	e.T.Helper()
	e.ok(e.DB.Get(&minor, `select coalesce(sum(case kind when 'fee_invoice' then total_minor when 'fee_credit' then -total_minor end), 0)::bigint from documents
		where brand_id = $1 and month = $2::date and kind in ('fee_invoice','fee_credit')`, brand, month))
	return minor
}

// A dispute on an order of two brands is lost at the end of a month and won in the first hours of the next, before the month is closed:
// the month gives each brand the fee of its own part back, the next one takes it again.
func TestDisputeTurnsBeforeTheMonthIsClosed(t *testing.T) {
	e := newEdge(t)
	other := e.Shop("verre", 6000, 100)
	e.Onboard(earnings.Owner{BrandID: other.Brand})
	o := e.Order(apptest.Purchase{Variant: e.shop.Variant, Quantity: 2, Storefront: e.relay}, apptest.Purchase{Variant: other.Variant, Storefront: e.relay})
	e.Pay(o, instantCard)
	e.Settle()
	e.Pass(29) // the 31st of March
	d := e.disputed(e.now(o.ID), 0, false)
	e.decided(d, false)
	e.Pass(1)
	e.decided(d, true)
	e.ok(e.Documents.CloseMonths(t.Context()))
	for _, brand := range []int64{e.shop.Brand, other.Brand} {
		if got := e.feeOf(brand, "2026-03-01"); got != 0 {
			t.Errorf("brand %d is asked for %d in March, when all of its sales went back", brand, got)
		}
	}
	e.Pass(30)
	e.ok(e.Documents.CloseMonths(t.Context()))
	for brand, fee := range map[int64]int64{e.shop.Brand: 1000, other.Brand: 250} {
		if got := e.feeOf(brand, "2026-04-01"); got != fee {
			t.Errorf("brand %d is asked for %d in April, want %d", brand, got, fee)
		}
	}
	e.ok(e.Documents.Sweep(t.Context(), time.Time{}))
	e.Audit()
}
