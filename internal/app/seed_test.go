package app

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"relais/internal/demo"
)

func TestDemoIsMadeOnceAndItsBooksHold(t *testing.T) {
	cfg := configuration(t)
	cfg.demoDays = 40
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
	told := 0
	if err := Seed(t.Context(), cfg, log, func(percent int) { told = max(told, percent) }); err != nil {
		t.Fatal(err)
	}
	if told != 100 {
		t.Errorf("progress ended at %d %%", told)
	}
	data, err := connect(t.Context(), cfg, log)
	if err != nil {
		t.Fatal(err)
	}
	defer data.close()
	if err := data.open(t.Context()); err != nil {
		t.Fatal(err)
	}
	findings, err := Audit(t.Context(), data.pages)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		if f.Count != 0 {
			t.Errorf("%s is broken %d times", f.Name, f.Count)
		}
	}
	for what, query := range states {
		var n int
		if err := data.pages.GetContext(t.Context(), &n, query); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		t.Logf("%-40s %d", what, n)
		if n == 0 {
			t.Errorf("no %s", what)
		}
	}
	if state, err := demo.Look(t.Context(), data.pages); err != nil || state != demo.Done {
		t.Errorf("the database holds %s, %v", state, err)
	}
	again := func() error { return Seed(t.Context(), cfg, quiet(), func(int) {}) }
	if err := again(); !errors.Is(err, demo.ErrNotEmpty) {
		t.Errorf("a second demo: %v", err)
	}
	if err := os.Remove(filepath.Join(cfg.DataDir, "sandbox.journal")); err != nil {
		t.Fatal(err)
	}
	if err := again(); !errors.Is(err, demo.ErrNotEmpty) {
		t.Errorf("a second demo without the journal: %v", err)
	}
}

func TestInterruptedDemoIsNotTakenForAWholeOne(t *testing.T) {
	cfg := configuration(t)
	data, err := connect(t.Context(), cfg, quiet())
	if err != nil {
		t.Fatal(err)
	}
	defer data.close()
	if err := data.open(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := data.pages.ExecContext(t.Context(), `insert into seeds (name, started_at) values ('demo', now())`); err != nil {
		t.Fatal(err)
	}
	_, err = New(t.Context(), cfg, quiet())
	if !errors.Is(err, demo.ErrUnfinished) || !strings.Contains(err.Error(), "RELAIS_DATA_DIR") {
		t.Errorf("a server starts on half a demo: %v", err)
	}
}

func TestDemoIsNeverMadeInProduction(t *testing.T) {
	cfg := configuration(t)
	cfg.Production = true
	if err := Seed(t.Context(), cfg, quiet(), func(int) {}); err == nil {
		t.Error("it was made")
	}
	cfg.Production, cfg.Stripe.Key = false, "sk_test_somebody"
	if err := Seed(t.Context(), cfg, quiet(), func(int) {}); err == nil {
		t.Error("it was made with a Stripe key")
	}
}

// states are what every page needs something of.
var states = map[string]string{
	"brands":                      `select count(*) from brands`,
	"products":                    `select count(*) from products where state = 'published'`,
	"listings":                    `select count(*) from listings where note <> ''`,
	"share links":                 `select count(*) from share_links`,
	"clicks":                      `select count(*) from clicks where eligible`,
	"repeats":                     `select count(*) from clicks where reason = 'repeat'`,
	"carts":                       `select count(*) from cart_lines`,
	"orders":                      `select count(*) from orders`,
	"orders of members":           `select count(*) from orders where member_id is not null`,
	"orders to be paid":           `select count(*) from orders where state = 'awaiting_payment'`,
	"orders that expired":         `select count(*) from orders where state = 'expired'`,
	"orders cancelled":            `select count(*) from orders where state = 'cancelled'`,
	"orders refunded":             `select count(*) from orders where state = 'refunded'`,
	"orders withdrawn, goods out": `select count(*) from returns where kind = 'withdrawal' and state = 'approved'`,
	"orders of two brands":        `select count(*) from (select 1 from shipments group by order_id having count(*) > 1) x`,
	"shipments to send":           `select count(*) from shipments where state = 'preparing'`,
	"shipments under way":         `select count(*) from shipments where state = 'shipped'`,
	"received by buyer":           `select count(*) from shipments where delivered_by = 'buyer'`,
	"received by brand":           `select count(*) from shipments where delivered_by = 'brand'`,
	"received by time":            `select count(*) from shipments where delivered_by = 'time'`,
	"sales by storefront":         `select count(*) from attributions where rule = 'storefront'`,
	"sales by click":              `select count(*) from attributions where rule = 'click'`,
	"sales by code":               `select count(*) from attributions where rule = 'code'`,
	"sales by pin":                `select count(*) from attributions where rule = 'pin'`,
	"sales shared by two":         `select count(*) from (select 1 from attribution_credits group by order_line_id having count(*) = 2) x`,
	"sales by nobody":             `select count(*) from attributions where rule = 'none'`,
	"earnings held":               `select count(*) from earnings where state = 'held'`,
	"earnings paid or free":       `select count(*) from earnings where state = 'free'`,
	"earnings frozen":             `select count(*) from earnings where state = 'frozen'`,
	"earnings voided":             `select count(*) from earnings where state = 'voided'`,
	"payouts sent":                `select count(*) from payouts where state = 'sent'`,
	"payouts failed":              `select count(*) from payouts where state = 'failed'`,
	"payees without an account":   `select count(*) from payees where stripe_account_id is null`,
	"payees unfinished":           `select count(*) from payees where stripe_account_id is not null and not details_submitted`,
	"terms replaced":              `select count(*) from terms where product_id is null and commission_bps <> 1000`,
	"messages of buyers":          `select count(*) from order_messages where author = 'buyer'`,
	"messages of brands":          `select count(*) from order_messages where author = 'brand'`,
	"notices of money":            `select count(*) from notices where topic = 'money' and read_at is not null`,
	"notices of orders":           `select count(*) from notices where topic = 'orders'`,
	"notices of brands":           `select count(*) from notices where topic = 'brand'`,
	"notices not read":            `select count(*) from notices where read_at is null`,
	"kinds of notices (eight)":    `select count(*) from (select 1 from notices having count(distinct kind) >= 8) x`,
	"choices of notices":          `select count(*) from notice_settings`,
	"letters":                     `select count(*) from letters`,
	"refunds in part":             `select count(*) from orders where state = 'paid' and refunded_minor > 0`,
	"disputes to answer":          `select count(*) from disputes where state = 'needs_response'`,
	"inquiries":                   `select count(*) from disputes where state = 'warning_needs_response'`,
	"disputes lost":               `select count(*) from disputes where booked = 'lost'`,
	"invoices":                    `select count(*) from documents where kind = 'invoice'`,
	"credit notes":                `select count(*) from documents where kind = 'credit_note'`,
}
