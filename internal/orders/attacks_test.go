package orders_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"relais/internal/app/apptest"
	"relais/internal/carts"
	"relais/internal/earnings"
	"relais/internal/orders"
	"relais/internal/orders/lists"
	"relais/internal/payments"
	"relais/internal/stripesandbox"
)

func exec(w *apptest.World, query string, args ...any) {
	w.T.Helper()
	if _, err := w.DB.Exec(query, args...); err != nil {
		w.T.Fatal(err)
	}
}

// hurry runs the jobs although some fail, as time would.
func hurry(w *apptest.World, times int) {
	w.T.Helper()
	for range times {
		_ = w.Jobs.Drain(w.T.Context())
		exec(w, `update jobs set run_at = clock_timestamp() where done_at is null`)
	}
}

func refundStates(w *apptest.World, orderID int64) (states []string) {
	w.T.Helper()
	if err := w.DB.Select(&states, `select state from refunds where order_id = $1 order by id`, orderID); err != nil {
		w.T.Fatal(err)
	}
	return states
}

// A payment was sent back for want of stock. Its notice comes again when the stock is back: the money is gone, so the
// order must not be taken for paid.
func TestPaymentSentBackIsNotAcceptedLater(t *testing.T) {
	w := apptest.New(t)
	shop := w.Shop("terre", 12000, 1)
	o := w.Order(apptest.Purchase{Variant: shop.Variant})
	w.Pay(o, apptest.Good)
	exec(w, `update orders set state = 'expired', ended_at = now() where id = $1`, o.ID)
	w.Settle()
	if got := refundStates(w, o.ID); len(got) != 1 || got[0] != "succeeded" {
		t.Fatalf("refunds: %v", got)
	}
	exec(w, `update variants set stock = 1 where id = $1`, shop.Variant)
	if err := w.Orders.Confirm(t.Context(), *state(w, o.ID).CheckoutID); err != nil {
		t.Fatal(err)
	}
	if got := state(w, o.ID).State; got != orders.Expired {
		t.Errorf("order is %s with a payment that was sent back", got)
	}
	if got := stock(w, shop.Variant); got != 1 {
		t.Errorf("stock is %d", got)
	}
	w.Audit()
}

// Two databases share one account at the provider: a payment page that names our order's id, but another's number, is
// neither a payment of our order nor ours to send back.
func TestCheckoutOfAnotherDatabase(t *testing.T) {
	w := apptest.New(t)
	shop := w.Shop("terre", 12000, 5)
	o := w.Order(apptest.Purchase{Variant: shop.Variant})
	foreign, err := w.Stripe.OpenCheckout(t.Context(), payments.CheckoutRequest{Reference: "of another database", OrderID: strconv.FormatInt(o.ID, 10),
		OrderNumber: "R-OTHER00", Currency: "EUR", SuccessURL: w.URL, CancelURL: w.URL, ExpiresAt: w.Clock.Now().Add(40 * time.Minute),
		Lines: []payments.CheckoutLine{{Name: "Bol", UnitMinor: o.TotalMinor, Quantity: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	w.PayAt(foreign.URL, apptest.Good)
	if err := w.Orders.Confirm(t.Context(), foreign.ID); !errors.Is(err, orders.ErrOrderGone) {
		t.Errorf("confirm: %v, want ErrOrderGone", err)
	}
	if p := state(w, o.ID); p.State != orders.AwaitingPayment || len(refundStates(w, o.ID)) != 0 {
		t.Errorf("order is %s, refunds %v", p.State, refundStates(w, o.ID))
	}
}

// The notice of a payment may come before the answer to the opening of its page was recorded.
func TestPaidBeforeTheCheckoutWasRecorded(t *testing.T) {
	w := apptest.New(t)
	shop := w.Shop("terre", 12000, 5)
	o := w.Order(apptest.Purchase{Variant: shop.Variant})
	w.Pay(o, apptest.Good)
	exec(w, `update orders set checkout_id = null, checkout_url = '' where id = $1`, o.ID)
	w.Settle()
	if got := state(w, o.ID); got.State != orders.Paid || got.CheckoutID == nil {
		t.Errorf("order is %s, checkout %v", got.State, got.CheckoutID)
	}
	w.Audit()
}

// One brand's parcel is received long before the other's. The buyer may withdraw from the whole order until fourteen
// days after the last, so nobody's money comes free before that.
func TestNothingIsFreeWhileTheOrderCanBeWithdrawn(t *testing.T) {
	w := apptest.New(t)
	earth, wood := w.Shop("terre", 12000, 5), w.Shop("bois", 6000, 5)
	o := w.Paid(apptest.Purchase{Variant: earth.Variant}, apptest.Purchase{Variant: wood.Variant})
	deliver := func(i int) {
		sh := o.Shipments[i]
		if err := errors.Join(w.Orders.Ship(t.Context(), sh.BrandID, sh.ID, "", ""), w.Orders.Deliver(t.Context(), 0, sh.ID, "buyer")); err != nil {
			t.Fatal(err)
		}
	}
	deliver(0)
	w.Pass(10)
	deliver(1)
	w.Pass(10)
	if c, err := w.Returns.ChoiceOf(t.Context(), state(w, o.ID)); err != nil || c.Err != nil {
		t.Fatal("the withdrawal period is over on day 10 after the last delivery")
	}
	for _, e := range mustEarnings(w, o.ID) {
		if e.State != earnings.Held || !e.FreeAtKnown {
			t.Errorf("%s of shipment %d is %s, date known %v", e.Role, e.ShipmentID, e.State, e.FreeAtKnown)
		}
	}
	w.Pass(4)
	for _, e := range mustEarnings(w, o.ID) {
		if e.State != earnings.Free {
			t.Errorf("%s of shipment %d is %s after the period", e.Role, e.ShipmentID, e.State)
		}
	}
	w.Audit()
}

func TestLateWithdrawalOfTwoParcels(t *testing.T) {
	w := apptest.New(t)
	earth, wood := w.Shop("terre", 12000, 5), w.Shop("bois", 6000, 5)
	o := w.Paid(apptest.Purchase{Variant: earth.Variant}, apptest.Purchase{Variant: wood.Variant})
	sh := o.Shipments[0]
	if err := errors.Join(w.Orders.Ship(t.Context(), sh.BrandID, sh.ID, "", ""), w.Orders.Deliver(t.Context(), 0, sh.ID, "buyer")); err != nil {
		t.Fatal(err)
	}
	w.Pass(30) // the other brand never sends anything
	if err := w.Withdraw(o.ID, "half of it never came"); err != nil {
		t.Fatal(err)
	}
	if err := w.RefundAll(o.ID, 0); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	if got := state(w, o.ID).State; got != orders.Refunded {
		t.Errorf("order is %s", got)
	}
	w.Audit()
}

func TestNothingIsSentWhileARefundIsUnderWay(t *testing.T) {
	w := apptest.New(t)
	shop := w.Shop("terre", 12000, 5)
	o := w.Paid(apptest.Purchase{Variant: shop.Variant})
	if err := w.RefundAll(o.ID, 0); err != nil {
		t.Fatal(err)
	}
	if err := w.Orders.Ship(t.Context(), shop.Brand, o.Shipments[0].ID, "", ""); !errors.Is(err, orders.ErrNotShippable) {
		t.Errorf("sent although the refund is on its way: %v", err)
	}
	w.Settle()
	if got := stock(w, shop.Variant); got != 5 {
		t.Errorf("stock: %d", got)
	}
}

func TestRefundedOrderIsNotReceived(t *testing.T) {
	w := apptest.New(t)
	shop := w.Shop("terre", 12000, 5)
	o := w.Paid(apptest.Purchase{Variant: shop.Variant})
	if err := w.Orders.Ship(t.Context(), shop.Brand, o.Shipments[0].ID, "", ""); err != nil {
		t.Fatal(err)
	}
	if err := w.RefundAll(o.ID, shop.Brand); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	w.Pass(30)
	var letters int
	if err := w.DB.Get(&letters, `select count(*) from letters where template = 'order_delivered'`); err != nil || letters != 0 {
		t.Errorf("%d letters, %v: nobody is told of a delivery that was refunded", letters, err)
	}
	if err := w.Orders.Deliver(t.Context(), 0, o.Shipments[0].ID, "buyer"); !errors.Is(err, orders.ErrNotUnderWay) {
		t.Errorf("deliver: %v", err)
	}
}

// The provider refunded, nobody heard, and the key expired; or somebody refunded in the provider's own pages. Then it
// answers that nothing is left: the buyer has the money, so the brand must not get it.
func TestRefundThatTheProviderMadeAlready(t *testing.T) {
	w := apptest.New(t)
	shop := w.Shop("terre", 12000, 5)
	o := w.Paid(apptest.Purchase{Variant: shop.Variant})
	_, err := w.Stripe.Refund(t.Context(), payments.RefundRequest{Reference: "by hand", PaymentIntentID: *state(w, o.ID).PaymentIntentID, Amount: o.Total()})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.RefundAll(o.ID, 0); err != nil {
		t.Fatal(err)
	}
	hurry(w, 3)
	w.Settle()
	if got := state(w, o.ID).State; got != orders.Refunded {
		t.Errorf("order is %s, refunds %v", got, refundStates(w, o.ID))
	}
	w.Audit()
}

// A payment that no order keeps goes back, though the provider refuses at first.
func TestStrayPaymentGoesBackInTheEnd(t *testing.T) {
	w := apptest.New(t)
	shop := w.Shop("terre", 12000, 1)
	o := w.Order(apptest.Purchase{Variant: shop.Variant})
	w.Pay(o, apptest.Good)
	exec(w, `update orders set state = 'expired', ended_at = now() where id = $1`, o.ID)
	w.Sandbox.Inject(stripesandbox.Fault{Path: "/v1/refunds", Method: "POST", Status: 400, Code: "refund_not_possible", Message: "not now"})
	w.Settle()
	if got := refundStates(w, o.ID); len(got) != 1 || got[0] != "failed" {
		t.Fatalf("refunds: %v", got)
	}
	w.Audit()
	w.Pass(2)
	if got := refundStates(w, o.ID); len(got) != 1 || got[0] != "succeeded" {
		t.Errorf("refunds two days later: %v", got)
	}
	w.Audit()
}

// A payment that no order keeps, and that its buyer's bank took before it could be sent back, is not owed a second time; where the bank gives it back, it is.
func TestStrayPaymentThatABankTook(t *testing.T) {
	for _, tt := range []struct {
		name   string
		won    []bool // what the bank decides, one after the other
		refund string
	}{
		{"lost", []bool{false}, "failed"},
		{"won", []bool{true}, "succeeded"},
		{"lost, then won after all", []bool{false, true}, "succeeded"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := apptest.New(t)
			shop := w.Shop("terre", 12000, 2)
			w.Paid(apptest.Purchase{Variant: shop.Variant}) // so that there is something at Stripe to send back
			o := w.Order(apptest.Purchase{Variant: shop.Variant})
			w.Pay(o, stripesandbox.FraudCard)
			exec(w, `update orders set state = 'expired', ended_at = now() where id = $1`, o.ID)
			w.Settle()
			var id string
			if err := w.DB.Get(&id, `select stripe_id from disputes`); err != nil {
				t.Fatal(err)
			}
			w.Pass(4)
			if got := refundStates(w, o.ID); len(got) != 1 || got[0] != "failed" {
				t.Fatalf("refunds while the bank has it: %v", got)
			}
			alarms(w)
			for _, won := range tt.won {
				if err := w.Sandbox.DecideDispute(id, won); err != nil {
					t.Fatal(err)
				}
				w.Settle()
				w.Audit()
			}
			w.Pass(3)
			if got := refundStates(w, o.ID); len(got) != 1 || got[0] != tt.refund {
				t.Errorf("refunds: %v, want %s", got, tt.refund)
			}
			nothingLeft(w)
			alarms(w)
			w.Audit()
		})
	}
}

// The bank has decided before we know of the payment at all: the loss is booked first as the platform's, and then taken from what could not be sent back.
func TestStrayPaymentLostBeforeItWasKnown(t *testing.T) {
	w := apptest.New(t)
	shop := w.Shop("terre", 12000, 2)
	w.Paid(apptest.Purchase{Variant: shop.Variant})
	o := w.Order(apptest.Purchase{Variant: shop.Variant})
	w.Pay(o, apptest.Good)
	exec(w, `update orders set state = 'expired', ended_at = now() where id = $1`, o.ID)
	var checkout string
	if err := w.DB.Get(&checkout, `select checkout_id from orders where id = $1`, o.ID); err != nil {
		t.Fatal(err)
	}
	c, err := w.Stripe.Checkout(t.Context(), checkout)
	if err != nil {
		t.Fatal(err)
	}
	id, err := w.Sandbox.OpenDispute(c.PaymentIntentID, 0, "fraudulent", false)
	if err == nil {
		err = w.Sandbox.DecideDispute(id, false)
	}
	if err == nil {
		err = w.Disputes.Changed(t.Context(), id)
	}
	if err != nil {
		t.Fatal(err)
	}
	var excess int64
	if err := w.DB.Get(&excess, `select excess_minor from disputes where stray_refund_id is null and booked = 'lost'`); err != nil || excess != o.TotalMinor {
		t.Fatalf("the platform bears %d of %d, %v", excess, o.TotalMinor, err)
	}
	w.Settle()
	w.Pass(3)
	if err := w.Disputes.Sweep(t.Context()); err != nil { // as every hour
		t.Fatal(err)
	}
	if got := refundStates(w, o.ID); len(got) != 1 || got[0] != "failed" {
		t.Errorf("refunds: %v", got)
	}
	nothingLeft(w)
	alarms(w)
	w.Audit()
}

// nothingLeft fails where something waits to be sent back, or the platform lost something.
func nothingLeft(w *apptest.World) {
	w.T.Helper()
	var is struct{ Suspense, Losses int64 }
	err := w.DB.Get(&is, `select coalesce(sum(minor) filter (where kind = 'suspense'), 0)::bigint as suspense, coalesce(sum(minor) filter (where kind = 'losses'), 0)::bigint as losses from (
		select d.kind, p.amount as minor from ledger_postings p join ledger_accounts d on d.id = p.destination_account_id
		union all select s.kind, -p.amount from ledger_postings p join ledger_accounts s on s.id = p.source_account_id) moves`)
	if err != nil || is.Suspense != 0 || is.Losses != 0 {
		w.T.Errorf("suspense has %d, losses %d, %v", is.Suspense, is.Losses, err)
	}
}

// alarms fails where the comparison with Stripe finds a difference.
func alarms(w *apptest.World) {
	w.T.Helper()
	r, err := w.Reconcile.Run(w.T.Context(), true)
	if err != nil || len(r.Open) > 0 {
		w.T.Errorf("differences: %v, %v", r.Open, err)
	}
}

// The provider repeats a stored 500 for as long as it keeps the key: the order must not be unpayable for that.
func TestCheckoutOpensAfterAFailureOfTheProvider(t *testing.T) {
	w := apptest.New(t)
	shop := w.Shop("terre", 12000, 5)
	for _, effect := range []bool{false, true} {
		o := w.Order(apptest.Purchase{Variant: shop.Variant})
		w.Sandbox.Inject(stripesandbox.Fault{Path: "/v1/checkout/sessions", Method: "POST", Status: 500, Effect: effect})
		if _, err := w.Orders.OpenCheckout(t.Context(), o.ID); err == nil {
			t.Error("no error on a 500")
		}
		w.Pay(o, apptest.Good)
		w.Settle()
		if got := state(w, o.ID).State; got != orders.Paid {
			t.Errorf("order is %s", got)
		}
	}
	w.Audit()
}

// While the page is being opened the order ends: nobody may be led to a page on which a dead order can be paid.
func TestCheckoutOpenedWhileTheOrderEnds(t *testing.T) {
	w := apptest.New(t)
	shop := w.Shop("terre", 12000, 5)
	o := w.Order(apptest.Purchase{Variant: shop.Variant})
	w.BeforeStripe(func() {
		if err := w.Orders.Cancel(t.Context(), o.ID); err != nil {
			t.Error(err)
		}
	})
	if url, err := w.Orders.OpenCheckout(t.Context(), o.ID); !errors.Is(err, orders.ErrOrderOver) {
		t.Errorf("a cancelled order can be paid at %q: %v", url, err)
	}
	if id := state(w, o.ID).CheckoutID; id != nil {
		if c, err := w.Stripe.Checkout(t.Context(), *id); err != nil || c.State == payments.CheckoutOpen {
			t.Errorf("its page is %s, %v", c.State, err)
		}
	}
}

// Two tabs order the same cart: it is one order.
func TestOneCartIsOrderedOnce(t *testing.T) {
	w := apptest.New(t)
	shop := w.Shop("terre", 12000, 50)
	for range 5 {
		cart, err := w.Carts.Add(t.Context(), carts.Addition{VariantID: shop.Variant, Quantity: 1, Lang: "fr"})
		if err != nil {
			t.Fatal(err)
		}
		before := stock(w, shop.Variant)
		results := make(chan error, 4)
		for range cap(results) {
			p := apptest.Placement(cart, "")
			go func() { _, err := w.Orders.Place(t.Context(), p); results <- err }()
		}
		placed := 0
		for range cap(results) {
			if err := <-results; err == nil {
				placed++
			} else if !errors.Is(err, carts.ErrEmptyCart) {
				t.Error(err)
			}
		}
		if left := stock(w, shop.Variant); placed != 1 || before-left != 1 {
			t.Fatalf("%d orders of one cart, %d pieces reserved", placed, before-left)
		}
	}
}

// A brand sees its own part of an order, and not what the buyer may do, bought elsewhere, or is told by others.
func TestBrandSeesItsPartOnly(t *testing.T) {
	w := apptest.New(t)
	earth, wood := w.Shop("terre", 12000, 5), w.Shop("bois", 6000, 5)
	o := w.Paid(apptest.Purchase{Variant: earth.Variant}, apptest.Purchase{Variant: wood.Variant})
	w.Deliver(o.ID)
	p, err := w.Orders.ByNumber(t.Context(), earth.Brand, o.Number)
	if err != nil {
		t.Fatal(err)
	}
	if p.Token != "" || p.CheckoutURL != "" {
		t.Errorf("a brand has the buyer's token %q, page %q", p.Token, p.CheckoutURL)
	}
	for _, sh := range p.Shipments {
		if mine := sh.BrandID == earth.Brand; mine != (len(sh.Lines) == 1) || !mine && sh.Tracking != "" {
			t.Errorf("of the shipment of %s a brand sees %d lines, tracking %q", sh.BrandName, len(sh.Lines), sh.Tracking)
		}
	}
	for _, e := range p.Events {
		if strings.Contains(string(e.Detail), "Maison bois") {
			t.Errorf("a brand reads of another: %s", e.Detail)
		}
	}
	rows, err := lists.List(t.Context(), w.DB, lists.Query{BrandID: earth.Brand})
	if err != nil || len(rows) != 1 || rows[0].Token != "" || rows[0].CheckoutURL != "" {
		t.Errorf("list of a brand: %+v, %v", rows, err)
	}
}

// From the moment a refund is asked for, its earnings wait, however long the provider takes.
func TestNothingComesFreeWhileARefundIsUnderWay(t *testing.T) {
	w := apptest.New(t)
	shop := w.Shop("terre", 12000, 5)
	o := w.Paid(apptest.Purchase{Variant: shop.Variant})
	w.Deliver(o.ID)
	if err := w.RefundAll(o.ID, 0); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Clock.Advance(t.Context(), 30), w.Orders.Release(t.Context())); err != nil {
		t.Fatal(err)
	}
	for _, e := range mustEarnings(w, o.ID) {
		if e.State != earnings.Frozen || e.Reason != earnings.RefundUnderWay {
			t.Errorf("%s is %s, %s", e.Role, e.State, e.Reason)
		}
	}
	w.Settle()
	w.Audit()
}

// Two jobs of one refund overlap: the second finishes while the first waits for the provider's answer.
func TestRefundAnsweredTwice(t *testing.T) {
	w := apptest.New(t)
	shop := w.Shop("terre", 12000, 5)
	o := w.Paid(apptest.Purchase{Variant: shop.Variant})
	if err := w.RefundAll(o.ID, 0); err != nil {
		t.Fatal(err)
	}
	if err := w.Refunds.Changed(t.Context(), *state(w, o.ID).PaymentIntentID, "evt_1"); err != nil {
		t.Fatal(err)
	}
	w.BeforeStripe(func() {
		if err := w.Jobs.Drain(t.Context()); err != nil {
			t.Error(err)
		}
	})
	w.Settle()
	if got := stock(w, shop.Variant); got != 5 || state(w, o.ID).State != orders.Refunded {
		t.Errorf("stock %d, order %s", got, state(w, o.ID).State)
	}
	w.Audit()
}
