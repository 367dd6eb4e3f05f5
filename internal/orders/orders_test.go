package orders_test

import (
	"errors"
	"sync"
	"testing"

	"relais/internal/app/apptest"
	"relais/internal/carts"
	"relais/internal/catalog"
	"relais/internal/earnings"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/orders"
	"relais/internal/refunds"
	"relais/internal/returns"
	"relais/internal/stripesandbox"
)

func stock(w *apptest.World, variant int64) (n int64) {
	w.T.Helper()
	if err := w.DB.GetContext(w.T.Context(), &n, `select stock from variants where id = $1`, variant); err != nil {
		w.T.Fatal(err)
	}
	return n
}

func state(w *apptest.World, orderID int64) orders.Page {
	w.T.Helper()
	p, err := w.Orders.ByID(w.T.Context(), orderID)
	if err != nil {
		w.T.Fatal(err)
	}
	return p
}

// The main job, without its pages: recommended, bought, earned, sent, received, freed, paid.
func TestLifeOfASale(t *testing.T) {
	w := apptest.New(t)
	shop, relay := w.Shop("terre", 12000, 5), w.Member("lea")
	o := w.Paid(apptest.Purchase{Variant: shop.Variant, Quantity: 2, Storefront: relay})
	if got := stock(w, shop.Variant); got != 3 {
		t.Errorf("stock after the sale: %d, want 3", got)
	}
	// 240.00 with VAT is 200.00 without: commission 20.00, fee 10.00, 210.00 left for the brand, and its delivery cost.
	member, brand := w.Onboard(earnings.Owner{MemberID: relay}), w.Onboard(earnings.Owner{BrandID: shop.Brand})
	if got := w.Totals(member); got.Held != 2000 || got.Free != 0 {
		t.Errorf("the relay after the sale: %+v, want 20.00 held", got)
	}
	if got := w.Totals(brand); got.Held != 21000+500 {
		t.Errorf("the brand after the sale: %+v, want 215.00 held", got)
	}
	w.Deliver(o.ID)
	w.Pass(13)
	if got := w.Totals(member); got.Held != 2000 {
		t.Errorf("the relay a day before the end of the hold: %+v", got)
	}
	w.Pass(1)
	if got := w.Totals(member); got.Free != 2000 || got.Held != 0 {
		t.Errorf("the relay after the hold: %+v, want 20.00 free", got)
	}
	report, err := w.Payouts.Run(t.Context(), 0)
	if err != nil || report.Made != 2 {
		t.Fatalf("payout run: %+v, %v", report, err)
	}
	w.Settle()
	if got := w.Totals(member); got.Paid != 2000 || got.Free != 0 || got.Paying != 0 {
		t.Errorf("the relay after the payout: %+v, want 20.00 paid", got)
	}
	if got := w.Totals(brand); got.Paid != 21500 {
		t.Errorf("the brand after the payout: %+v, want 215.00 paid", got)
	}
	w.Audit()
}

func TestRefundBeforeAnythingLeft(t *testing.T) {
	w := apptest.New(t)
	shop, relay := w.Shop("terre", 12000, 5), w.Member("lea")
	o := w.Paid(apptest.Purchase{Variant: shop.Variant, Storefront: relay})
	if err := w.Withdraw(o.ID, "changed my mind"); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	p := state(w, o.ID)
	if p.State != orders.Refunded || p.RefundedMinor != p.TotalMinor || p.Shipments[0].State != orders.ShipmentCancelled {
		t.Errorf("order is %s, refunded %d, shipment %s", p.State, p.RefundedMinor, p.Shipments[0].State)
	}
	if got := stock(w, shop.Variant); got != 5 {
		t.Errorf("stock after the refund: %d, want 5", got)
	}
	for _, e := range mustEarnings(w, o.ID) {
		if e.State != earnings.Voided || e.Reason != earnings.Refunded {
			t.Errorf("%s is %s, %s", e.Role, e.State, e.Reason)
		}
	}
	if err := w.Withdraw(o.ID, ""); !errors.Is(err, returns.ErrNotPaid) {
		t.Errorf("withdrawal after the refund: %v", err)
	}
	w.Audit()
}

func mustEarnings(w *apptest.World, orderID int64) []earnings.Earning {
	w.T.Helper()
	es, err := earnings.OfOrder(w.T.Context(), w.DB, orderID)
	if err != nil || len(es) == 0 {
		w.T.Fatalf("earnings of order %d: %v, %v", orderID, es, err)
	}
	return es
}

func TestWithdrawalAfterDeliveryWaitsForTheGoods(t *testing.T) {
	w := apptest.New(t)
	shop, relay := w.Shop("terre", 12000, 5), w.Member("lea")
	o := w.Paid(apptest.Purchase{Variant: shop.Variant, Storefront: relay})
	w.Deliver(o.ID)
	w.Pass(5)
	if err := w.Withdraw(o.ID, ""); err != nil {
		t.Fatal(err)
	}
	w.Pass(30) // the earnings are frozen: time does not free them
	for _, e := range mustEarnings(w, o.ID) {
		if e.State != earnings.Frozen || e.Reason != earnings.Withdrawal {
			t.Errorf("%s is %s, %s; want frozen", e.Role, e.State, e.Reason)
		}
	}
	w.TakeBack(o.ID)
	if err := w.RefundAll(o.ID, shop.Brand); !errors.Is(err, orders.ErrNothingLeft) {
		t.Errorf("asked twice: %v", err)
	}
	w.Settle()
	if got := state(w, o.ID).State; got != orders.Refunded {
		t.Errorf("order is %s", got)
	}
	w.Audit()
}

func TestRefusedRefundCanBeAskedAgain(t *testing.T) {
	w := apptest.New(t)
	shop := w.Shop("terre", 12000, 5)
	o := w.Paid(apptest.Purchase{Variant: shop.Variant})
	w.Sandbox.Inject(stripesandbox.Fault{Path: "/v1/refunds", Method: "POST", Status: 400, Code: "charge_disputed", Message: "under dispute"})
	if err := w.RefundAll(o.ID, 0); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	p := state(w, o.ID)
	if p.State != orders.Paid || p.LastRefund() == nil || p.LastRefund().State != refunds.Failed {
		t.Fatalf("order is %s, refund %+v", p.State, p.LastRefund())
	}
	for _, e := range mustEarnings(w, o.ID) {
		if e.State != earnings.Held {
			t.Errorf("%s is %s after the refused refund", e.Role, e.State)
		}
	}
	w.Audit()
	if err := w.RefundAll(o.ID, 0); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	if got := state(w, o.ID).State; got != orders.Refunded {
		t.Errorf("order is %s after the second try", got)
	}
	w.Audit()
}

// An answer lost, a 500 with and without effect: one refund each time.
func TestRefundOfUnknownOutcomeHappensOnce(t *testing.T) {
	for name, f := range map[string]stripesandbox.Fault{
		"cut after the effect":  {Effect: true, Times: 2},
		"cut before the effect": {Times: 2},
		"500 after the effect":  {Status: 500, Effect: true},
		"500 before the effect": {Status: 500},
		"429":                   {Status: 429},
		"half an answer":        {Effect: true, Truncate: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := apptest.New(t)
			shop := w.Shop("terre", 12000, 5)
			o := w.Paid(apptest.Purchase{Variant: shop.Variant})
			f.Path, f.Method = "/v1/refunds", "POST"
			w.Sandbox.Inject(f)
			if err := w.RefundAll(o.ID, 0); err != nil {
				t.Fatal(err)
			}
			for range 5 { // the job fails, and waits longer after each failure; here it need not
				_ = w.Jobs.Drain(t.Context())
				if _, err := w.DB.Exec(`update jobs set run_at = clock_timestamp() where done_at is null`); err != nil {
					t.Fatal(err)
				}
				if _, err := w.DB.Exec(`update refunds set tried_at = tried_at - interval '1 minute'`); err != nil {
					t.Fatal(err)
				}
			}
			w.Settle()
			if got := state(w, o.ID).State; got != orders.Refunded {
				t.Errorf("order is %s", got)
			}
			refunds, err := w.Stripe.FindRefunds(t.Context(), *state(w, o.ID).PaymentIntentID)
			if err != nil || len(refunds) != 1 || refunds[0].Amount != o.Total() {
				t.Errorf("refunds at the provider: %+v, %v; want one of %v", refunds, err, o.Total())
			}
			w.Audit()
		})
	}
}

func TestReservationEndsOnce(t *testing.T) {
	w := apptest.New(t)
	shop := w.Shop("terre", 12000, 1)
	o := w.Order(apptest.Purchase{Variant: shop.Variant})
	if got := stock(w, shop.Variant); got != 0 {
		t.Errorf("stock while reserved: %d", got)
	}
	if _, err := w.TryOrder(apptest.Purchase{Variant: shop.Variant}); !errors.Is(err, fault.Invalid) && !errors.Is(err, fault.Conflict) {
		t.Errorf("somebody else wants the last piece: %v", err)
	}
	w.Pass(1)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if err := w.Orders.Expire(t.Context(), o.ID); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := stock(w, shop.Variant); got != 1 {
		t.Errorf("stock after the reservation: %d, want 1", got)
	}
	if got := state(w, o.ID).State; got != orders.Expired {
		t.Errorf("order is %s", got)
	}
	w.Audit()
}

// The page was left open, the reservation ended, and the buyer paid after all.
func TestPaidAfterTheReservation(t *testing.T) {
	for _, taken := range []bool{false, true} {
		w := apptest.New(t)
		shop := w.Shop("terre", 12000, 1)
		o := w.Order(apptest.Purchase{Variant: shop.Variant})
		url, err := w.Orders.OpenCheckout(t.Context(), o.ID)
		if err != nil {
			t.Fatal(err)
		}
		w.PayAt(url, apptest.Good)
		// Nobody heard of the payment before the reservation was ended by hand.
		if _, err := w.DB.Exec(`update orders set state = 'expired', ended_at = now() where id = $1`, o.ID); err != nil {
			t.Fatal(err)
		}
		if !taken {
			if _, err := w.DB.Exec(`update variants set stock = 1 where id = $1`, shop.Variant); err != nil {
				t.Fatal(err)
			}
		}
		w.Settle()
		want := orders.Paid
		if taken {
			want = orders.Expired
		}
		p := state(w, o.ID)
		if p.State != want {
			t.Errorf("taken %v: order is %s, want %s", taken, p.State, want)
		}
		if taken {
			var refunded string
			if err := w.DB.Get(&refunded, `select state from refunds where order_id = $1 and reason = 'no_stock'`, o.ID); err != nil || refunded != "succeeded" {
				t.Errorf("the payment without goods: %q, %v; want sent back", refunded, err)
			}
		}
		w.Audit()
	}
}

func TestSecondPaymentGoesBack(t *testing.T) {
	w := apptest.New(t)
	shop := w.Shop("terre", 12000, 3)
	o := w.Order(apptest.Purchase{Variant: shop.Variant})
	w.Pay(o, apptest.Good)
	w.Settle()
	// A second page for the same order, as a bug or a race would make one.
	second := w.Order(apptest.Purchase{Variant: shop.Variant})
	url, err := w.Orders.OpenCheckout(t.Context(), second.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.DB.Exec(`update orders set checkout_id = null, state = 'cancelled' where id = $1`, second.ID); err != nil {
		t.Fatal(err)
	}
	w.PayAt(url, apptest.Good)
	w.Settle()
	var sentBack []string
	if err := w.DB.Select(&sentBack, `select state from refunds`); err != nil || len(sentBack) != 1 || sentBack[0] != "succeeded" {
		t.Errorf("refunds: %v, %v; want one that succeeded", sentBack, err)
	}
	if got := state(w, o.ID).State; got != orders.Paid {
		t.Errorf("the first order is %s", got)
	}
	w.Audit()
}

func TestPlaceOnce(t *testing.T) {
	w := apptest.New(t)
	shop := w.Shop("terre", 12000, 5)
	cart, err := w.Carts.Add(t.Context(), carts.Addition{VariantID: shop.Variant, Quantity: 1, Lang: "fr"})
	if err != nil {
		t.Fatal(err)
	}
	place := apptest.Placement(cart, "")
	ids := make([]int64, 10)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			o, err := w.Orders.Place(t.Context(), place)
			if err != nil {
				t.Error(err)
			}
			ids[i] = o.ID
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Fatalf("one form made orders %v", ids)
		}
	}
	if got := stock(w, shop.Variant); got != 4 {
		t.Errorf("stock: %d, want 4", got)
	}
}

// Eight buyers want each of the last three pieces.
func TestLastPieces(t *testing.T) {
	w := apptest.New(t)
	shop := w.Shop("terre", 12000, 3)
	ids := make([]string, 8)
	for i := range ids {
		var err error
		if ids[i], err = w.Carts.Add(t.Context(), carts.Addition{VariantID: shop.Variant, Quantity: 1, Lang: "fr"}); err != nil {
			t.Fatal(err)
		}
	}
	placements := make([]orders.Placement, len(ids))
	for i, cart := range ids {
		placements[i] = apptest.Placement(cart, "")
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	sold, refused := 0, 0
	for _, p := range placements {
		wg.Go(func() {
			_, err := w.Orders.Place(t.Context(), p)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				sold++
			case errors.Is(err, fault.Conflict):
				refused++
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if sold != 3 || refused != 5 || stock(w, shop.Variant) != 0 {
		t.Errorf("%d sold, %d refused, %d left", sold, refused, stock(w, shop.Variant))
	}
}

func TestPlaceRefuses(t *testing.T) {
	w := apptest.New(t)
	shop := w.Shop("terre", 12000, 5)
	cart, err := w.Carts.Add(t.Context(), carts.Addition{VariantID: shop.Variant, Quantity: 1, Lang: "fr"})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*orders.Placement)
		field  string
		want   error
	}{
		"no address":         {func(p *orders.Placement) { p.Address.Street = " " }, "street", fault.Invalid},
		"no e-mail":          {func(p *orders.Placement) { p.Email = "anne" }, "email", fault.Invalid},
		"a postcode of four": {func(p *orders.Placement) { p.Address.Postcode = "3500" }, "postcode", fault.Invalid},
		"no such country":    {func(p *orders.Placement) { p.Address.Country = "XX" }, "country", fault.Invalid},
		"no delivery there":  {func(p *orders.Placement) { p.Address.Country, p.Address.Postcode = "BE", "1000" }, "", fault.Invalid},
		"another total":      {func(p *orders.Placement) { p.SeenMinor = 1 }, "", orders.ErrPriceMoved},
		"an empty cart":      {func(p *orders.Placement) { p.CartID = "nobody's" }, "", carts.ErrEmptyCart},
	} {
		p := apptest.Placement(cart, "")
		c.change(&p)
		_, err := w.Orders.Place(t.Context(), p)
		var f *fault.Error
		if !errors.Is(err, c.want) || (c.field != "" && (!errors.As(err, &f) || f.Fields[c.field] == "")) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := stock(w, shop.Variant); got != 5 {
		t.Errorf("stock after refusals: %d, want 5", got)
	}
}

func TestDeclinedThenPaid(t *testing.T) {
	w := apptest.New(t)
	shop := w.Shop("terre", 12000, 5)
	o := w.Order(apptest.Purchase{Variant: shop.Variant})
	w.Pay(o, "4000000000000002")
	w.Settle()
	if got := state(w, o.ID).State; got != orders.AwaitingPayment {
		t.Fatalf("order is %s after a declined card", got)
	}
	w.Pay(o, apptest.Good)
	w.Settle()
	w.Settle()
	if got := state(w, o.ID).State; got != orders.Paid {
		t.Errorf("order is %s", got)
	}
	w.Audit()
}

func TestTwoBrandsTwoRelaysOneCart(t *testing.T) {
	w := apptest.New(t)
	earth, wood := w.Shop("terre", 12000, 5), w.Shop("bois", 6000, 5)
	lea, max := w.Member("lea"), w.Member("max")
	o := w.Paid(apptest.Purchase{Variant: earth.Variant, Storefront: lea}, apptest.Purchase{Variant: wood.Variant, Storefront: max})
	if len(o.Shipments) != 2 || o.TotalMinor != 12000+6000+2*500 {
		t.Fatalf("%d shipments, total %d", len(o.Shipments), o.TotalMinor)
	}
	for member, want := range map[int64]int64{lea: 1000, max: 500} {
		payee, err := w.Payouts.PayeeOf(t.Context(), earnings.Owner{MemberID: member})
		if err != nil {
			t.Fatal(err)
		}
		if got := w.Totals(payee.ID).Held; got != want {
			t.Errorf("member %d has %d held, want %d", member, got, want)
		}
	}
	if err := w.RefundAll(o.ID, earth.Brand+wood.Brand); !errors.Is(err, orders.ErrNothingLeft) && !errors.Is(err, orders.ErrOrderGone) {
		t.Errorf("a brand that sold nothing of it refunds: %v", err)
	}
	if err := w.Orders.Ship(t.Context(), earth.Brand, o.Shipments[0].ID+o.Shipments[1].ID-shipmentOf(o, earth.Brand), "", ""); !errors.Is(err, orders.ErrOrderGone) {
		t.Errorf("a brand sends another's shipment: %v", err)
	}
	w.Audit()
}

func shipmentOf(p orders.Page, brandID int64) int64 {
	for _, s := range p.Shipments {
		if s.BrandID == brandID {
			return s.ID
		}
	}
	return 0
}

func TestOwnStorefrontEarnsNothingAndOwnCardWaits(t *testing.T) {
	w := apptest.New(t)
	shop, lea := w.Shop("terre", 12000, 9), w.Member("lea")
	// Lea buys in her own storefront, as a member and as a guest under her address with a tag.
	w.Paid(apptest.Purchase{Variant: shop.Variant, Storefront: lea, Member: lea, Email: "lea@relais.example"})
	w.Paid(apptest.Purchase{Variant: shop.Variant, Storefront: lea, Email: "lea+moi@relais.example"})
	// A stranger's address, but the card that Lea paid with before.
	w.Paid(apptest.Purchase{Variant: shop.Variant, Storefront: lea, Email: "inconnue@poste.example"})
	payee, err := w.Payouts.PayeeOf(t.Context(), earnings.Owner{MemberID: lea})
	if err != nil {
		t.Fatal(err)
	}
	if got := w.Totals(payee.ID); got.Held != 0 || got.Frozen != 1000 {
		t.Errorf("Lea earned on her own purchases, or what her card paid does not wait: %+v", got)
	}
	w.Audit()
}

func TestLostWebhookIsFoundByTheSweep(t *testing.T) {
	w := apptest.New(t)
	shop := w.Shop("terre", 12000, 5)
	o := w.Order(apptest.Purchase{Variant: shop.Variant})
	w.Sandbox.DropWebhooks(100)
	w.Pay(o, apptest.Good)
	w.Settle()
	if got := state(w, o.ID).State; got != orders.AwaitingPayment {
		t.Fatalf("order is %s although nobody told", got)
	}
	w.Pass(1)
	if got := state(w, o.ID).State; got != orders.Paid {
		t.Errorf("order is %s after the sweep", got)
	}
	w.Audit()
}

func TestWebhooksTwiceAtOnce(t *testing.T) {
	w := apptest.New(t)
	shop := w.Shop("terre", 12000, 5)
	o := w.Order(apptest.Purchase{Variant: shop.Variant})
	w.Sandbox.DuplicateWebhooks(100)
	w.Pay(o, apptest.Good)
	p := state(w, o.ID)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := w.Orders.Confirm(t.Context(), *p.CheckoutID); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	w.Settle()
	if got := mustEarnings(w, o.ID); len(got) != 2 {
		t.Errorf("%d earnings, want sale and delivery", len(got))
	}
	w.Audit()
}

// A line goes back whole before its parcel leaves, and the bank sends the money back after it has arrived: what is earned on the line is
// held again, and has its day like the rest of the parcel.
func TestVoidedEarningsHaveTheirDay(t *testing.T) {
	w := apptest.New(t)
	ctx := t.Context()
	shop, lea := w.Shop("terre", 12000, 9), w.Member("lea")
	second, err := w.Catalog.CreateProduct(ctx, shop.Owner, shop.Brand, catalog.ProductDraft{Lang: i18n.FR, Title: "Tasse", VATBps: 2000,
		Variants: []catalog.VariantDraft{{PriceMinor: 3000, Stock: 5, SKU: "cup"}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Catalog.MoveProduct(ctx, shop.Owner, shop.Brand, second.ID, catalog.Published); err != nil {
		t.Fatal(err)
	}
	var cup int64
	if err := w.DB.Get(&cup, `select id from variants where product_id = $1`, second.ID); err != nil {
		t.Fatal(err)
	}
	o := w.Order(apptest.Purchase{Variant: shop.Variant, Storefront: lea}, apptest.Purchase{Variant: cup, Storefront: lea})
	w.Pay(o, stripesandbox.FailingRefundCard)
	w.Settle()
	w.Pass(3)
	lines := state(w, o.ID).Shipments[0].Lines
	if _, err := w.Refund(o.ID, 0, orders.RefundWish{Lines: []orders.RefundLine{{LineID: lines[1].ID, Minor: lines[1].TotalMinor}}}); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	w.Deliver(o.ID)
	w.Pass(1) // the bank sends it back
	var unknown int
	if err := w.DB.Get(&unknown, `select count(*) from earnings where order_id = $1 and (not free_at_known or state = 'voided')`, o.ID); err != nil || unknown != 0 {
		t.Errorf("%d earnings of a delivered parcel have no day, or are voided, %v", unknown, err)
	}
	w.Audit()
}

// What its brand withdraws stays in the basket, as something that cannot be bought.
func TestABasketWithWhatIsWithdrawn(t *testing.T) {
	w := apptest.New(t)
	shop := w.Shop("terre", 12000, 5)
	cart, err := w.Carts.Add(t.Context(), carts.Addition{VariantID: shop.Variant, Quantity: 1, Lang: i18n.FR})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Catalog.MoveProduct(t.Context(), shop.Owner, shop.Brand, shop.Product, catalog.Draft); err != nil {
		t.Fatal(err)
	}
	seen, err := w.Carts.ByID(t.Context(), cart, nil, i18n.FR)
	if err != nil || len(seen.Parcels) != 1 || seen.Parcels[0].Lines[0].Sellable {
		t.Errorf("%+v, %v", seen, err)
	}
	if _, err := w.Orders.Place(t.Context(), apptest.Placement(cart, "anne@poste.example")); !errors.Is(err, carts.ErrUnavailable) {
		t.Errorf("ordered: %v", err)
	}
}
