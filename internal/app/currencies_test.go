package app_test

import (
	"errors"
	"testing"
	"time"

	"relais/internal/app/apptest"
	"relais/internal/carts"
	"relais/internal/earnings"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/orders"
)

// One relay, three brands, three currencies: every sum is of one currency, and yen have no cents anywhere.
func TestSalesInThreeCurrencies(t *testing.T) {
	w := apptest.New(t)
	ctx := t.Context()
	relay := w.Member("lea")
	shops := map[money.Currency]apptest.Shop{"EUR": w.Shop("terre", 12000, 9), "GBP": w.ShopIn("thames", "GBP", "GB", 6000, 9), "JPY": w.ShopIn("sakura", "JPY", "FR", 1201, 9)}
	var yen orders.Page
	for c, s := range shops {
		o := w.Paid(w.Recommended(s, relay))
		if o.Currency != c {
			t.Errorf("an order of %s is in %s", s.Handle, o.Currency)
		}
		w.Deliver(o.ID)
		if c == "JPY" {
			yen = o
		}
	}
	if got := i18n.FR.Money(yen.Total()); got != "1\u202f701\u00a0¥" {
		t.Errorf("the order in yen comes to %s", got)
	}
	_, err := w.TryOrder(w.Recommended(shops["EUR"], relay), w.Recommended(shops["JPY"], relay))
	if !errors.Is(err, carts.ErrCurrencies) {
		t.Errorf("two currencies in one basket: %v", err)
	}
	w.Pass(15)
	payee := w.Onboard(earnings.Owner{MemberID: relay})
	totals, err := earnings.Totals(ctx, w.DB, payee)
	if err != nil || len(totals) != 3 {
		t.Fatalf("totals %+v, %v", totals, err)
	}
	for _, total := range totals { // 10 % of the price without VAT, rounded down to what the currency has
		if want := map[money.Currency]int64{"EUR": 1000, "GBP": 500, "JPY": 100}[total.Currency]; total.Free != want {
			t.Errorf("free in %s: %d, want %d", total.Currency, total.Free, want)
		}
	}
	if _, err := w.Orders.Refund(ctx, orders.RefundRequest{OrderID: yen.ID, Operation: "yen", Reason: "admin", Wish: orders.RefundWish{Minor: 600}}); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	if err := w.Documents.Sweep(ctx, time.Time{}); err != nil {
		t.Fatal(err)
	}
	w.Pass(31)
	if err := w.Documents.CloseMonths(ctx); err != nil {
		t.Fatal(err)
	}
	var documents []string
	if err := w.DB.Select(&documents, `select kind || ' ' || currency || ' ' || total_minor from documents where currency = 'JPY' order by id`); err != nil {
		t.Fatal(err)
	}
	if len(documents) != 4 || documents[0] != "invoice JPY 1701" || documents[1] != "credit_note JPY 600" {
		t.Errorf("documents in yen: %q", documents)
	}
	w.Audit()
}
