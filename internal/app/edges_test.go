package app_test

import (
	"testing"

	"relais/internal/app/apptest"
	"relais/internal/catalog"
	"relais/internal/earnings"
	"relais/internal/money"
	"relais/internal/orders"
	"relais/internal/payments"
	"relais/internal/refunds"
	"relais/internal/returns"
	"relais/internal/stripesandbox"
)

const (
	instantCard = "4000000000000077" // available at once
	slowRefund  = "4000000000007726" // refunds are pending at first
	lateFailure = "4000000000005126" // refunds come back later
)

// edge is a world with one brand and one relay who can be paid, and Stripe's balance filled by an order of nobody's.
type edge struct {
	*lives
	shop          apptest.Shop
	relay         int64
	brand, member int64 // payees
}

func newEdge(t *testing.T) *edge {
	t.Helper()
	e := &edge{lives: &lives{World: apptest.New(t)}}
	e.Sandbox.ChargeFees(150, 25)
	e.shop, e.relay = e.Shop("terre", 12000, 1000), e.Member("lea")
	e.brand, e.member = e.Onboard(earnings.Owner{BrandID: e.shop.Brand}), e.Onboard(earnings.Owner{MemberID: e.relay})
	other := e.Shop("autre", 90000, 1000)
	o := e.Order(apptest.Purchase{Variant: other.Variant, Quantity: 5})
	e.Pay(o, instantCard)
	e.Settle()
	return e
}

// sold is an order of so many pieces at 120.00 and delivery at 5.00, brought by the relay: 100.00 net, commission 10.00, fee 5.00, 105.00 to the brand.
func (e *edge) sold(pieces int64, card string) orders.Page {
	e.T.Helper()
	o := e.Order(apptest.Purchase{Variant: e.shop.Variant, Quantity: pieces, Storefront: e.relay})
	e.Pay(o, card)
	e.Settle()
	return e.now(o.ID)
}

func (e *edge) now(id int64) orders.Page {
	e.T.Helper()
	p, err := e.Orders.ByID(e.T.Context(), id)
	e.ok(err)
	return p
}

func (e *edge) ok(err error) {
	e.T.Helper()
	if err != nil {
		e.T.Fatal(err)
	}
}

// freed has an order received and its hold end.
func (e *edge) freed(id int64) {
	e.T.Helper()
	e.Deliver(id)
	e.Pass(15)
}

func (e *edge) paidOut() {
	e.T.Helper()
	_, err := e.Payouts.Run(e.T.Context(), 0)
	e.ok(err)
	e.Settle()
}

// pieces is the wish for so many pieces of an order's first line.
func pieces(p orders.Page, n int64) orders.RefundWish {
	return orders.RefundWish{Lines: []orders.RefundLine{{LineID: p.Shipments[0].Lines[0].ID, Quantity: n, Restock: true}}}
}

func (e *edge) refunds(p orders.Page, w orders.RefundWish) refunds.Refund {
	e.T.Helper()
	r, err := e.Refund(p.ID, 0, w)
	e.ok(err)
	e.Settle()
	return e.refundNow(r.ID)
}

func (e *edge) refundNow(id int64) refunds.Refund {
	e.T.Helper()
	r, err := refunds.ByID(e.T.Context(), e.DB, id)
	e.ok(err)
	return r
}

func (e *edge) disputed(p orders.Page, minor int64, inquiry bool) string {
	e.T.Helper()
	id, err := e.Sandbox.OpenDispute(*p.PaymentIntentID, minor, "fraudulent", inquiry)
	e.ok(err)
	e.Settle()
	return id
}

func (e *edge) decided(id string, won bool) {
	e.T.Helper()
	e.ok(e.Sandbox.DecideDispute(id, won))
	e.Settle()
}

// are fails where a payee has something else: held, frozen, free, paid, owed.
func (e *edge) are(what string, payee int64, want ...int64) {
	e.T.Helper()
	t := e.Totals(payee)
	got := []int64{t.Held, t.Frozen, t.Free, t.Paid, t.Owed}
	for i := range want {
		if got[i] != want[i] {
			e.T.Errorf("%s: payee %d has held, frozen, free, paid, owed %d, want %d", what, payee, got, want)
			return
		}
	}
}

func TestPartialThenFullRefund(t *testing.T) {
	e := newEdge(t)
	p := e.sold(3, instantCard)
	e.refunds(p, pieces(p, 1))
	e.are("a third went back", e.member, 2000)
	e.refunds(p, orders.RefundWish{Minor: 7001})
	e.look()
	e.ok(e.RefundAll(p.ID, 0))
	e.Settle()
	e.are("all went back", e.member, 0, 0, 0, 0, 0)
	if p = e.now(p.ID); p.State != orders.Refunded || p.RefundedMinor != p.TotalMinor {
		t.Errorf("%s, %d of %d", p.State, p.RefundedMinor, p.TotalMinor)
	}
	e.look()
}

func TestRefundAfterPayoutIsNettedFromTheNextEarnings(t *testing.T) {
	e := newEdge(t)
	p := e.sold(2, instantCard)
	e.freed(p.ID)
	e.paidOut()
	e.are("paid out", e.member, 0, 0, 0, 2000, 0)
	e.refunds(p, pieces(p, 1))
	e.are("half went back", e.member, 0, 0, 0, 2000, 1000)
	e.look()
	next := e.sold(3, instantCard)
	e.freed(next.ID)
	e.are("netted", e.member, 0, 0, 2000, 2000, 0)
	e.look()
	e.paidOut()
	e.are("paid the rest", e.member, 0, 0, 0, 4000, 0)
	e.look()
}

func TestRefundThatFailsLate(t *testing.T) {
	for _, released := range []bool{false, true} {
		e := newEdge(t)
		p := e.sold(2, lateFailure)
		if released {
			e.freed(p.ID)
			e.paidOut()
		}
		r := e.refunds(p, orders.RefundWish{Lines: pieces(p, 1).Lines, Delivery: []int64{p.Shipments[0].ID}})
		if r.State != refunds.Succeeded {
			t.Fatalf("the refund is %s", r.State)
		}
		e.look()
		e.Pass(1) // the bank sends it back
		if r = e.refundNow(r.ID); r.State != refunds.Failed || e.now(p.ID).RefundedMinor != 0 {
			t.Fatalf("the refund is %s, the order refunded %d", r.State, e.now(p.ID).RefundedMinor)
		}
		if released {
			e.are("what came back paid the debt", e.member, 0, 0, 0, 2000, 0)
		} else {
			e.are("it waits while the buyer is owed", e.member, 0, 2000)
			e.freed(p.ID)
			e.are("however long", e.member, 0, 2000, 0)
		}
		e.look()
		e.ok(e.Orders.RefundAgain(t.Context(), r.ID, 0, e.shop.Owner, true, "SEPA of today"))
		if got := e.now(p.ID).RefundedMinor; got != 12500 {
			t.Errorf("paid again %d", got)
		}
		e.Pass(1)
		if !released {
			e.are("the rest came free", e.member, 0, 0, 1000)
		}
		e.look()
	}
}

// What failed is paid again by its parts, not by all that is left of them.
func TestRefundAgainIsOfTheSameParts(t *testing.T) {
	e := newEdge(t)
	p := e.sold(1, lateFailure)
	r := e.refunds(p, orders.RefundWish{Minor: 12200}) // 120.00 of goods, 2.00 of delivery
	e.Pass(1)
	e.ok(e.Orders.RefundAgain(t.Context(), r.ID, 0, e.shop.Owner, true, "SEPA of today"))
	if got := e.now(p.ID).RefundedMinor; got != 12200 {
		t.Errorf("paid again %d of 12200", got)
	}
	e.look()
}

// A refund that is refused when it is tried again leaves its buyer owed the money.
func TestRefundAgainRefusedStaysOwed(t *testing.T) {
	e := newEdge(t)
	p := e.sold(2, lateFailure)
	r := e.refunds(p, pieces(p, 1))
	e.Pass(1)
	e.Sandbox.Inject(stripesandbox.Fault{Method: "POST", Path: "/v1/refunds", Status: 400, Code: "charge_not_refundable"})
	e.ok(e.Orders.RefundAgain(t.Context(), r.ID, 0, e.shop.Owner, false, ""))
	e.Settle()
	e.freed(p.ID)
	e.are("still owed", e.member, 0, 2000, 0)
	e.look()
}

// A refund that waits at the bank is not shown as done, and what it is of waits with it.
func TestPendingRefund(t *testing.T) {
	for _, end := range []struct {
		state        string
		held, frozen int64
	}{{"succeeded", 1000, 0}, {"failed", 2000, 0}, {"canceled", 2000, 0}, {"requires_action", 0, 2000}} {
		e := newEdge(t)
		p := e.sold(2, slowRefund)
		r := e.refunds(p, pieces(p, 1))
		if r.State != refunds.Pending || e.now(p.ID).RefundedMinor != 0 {
			t.Errorf("%s, %d refunded", r.State, e.now(p.ID).RefundedMinor)
		}
		e.are("pending", e.member, 0, 2000)
		e.look()
		e.ok(e.Sandbox.SetRefundState(*r.StripeID, end.state, "declined"))
		e.Settle()
		if r = e.refundNow(r.ID); string(r.State) != end.state {
			t.Errorf("%s at Stripe, %s here", end.state, r.State)
		}
		e.are(end.state, e.member, end.held, end.frozen)
		e.look()
	}
}

// A refund in Stripe's own pages is taken in, once, however often we are told.
func TestRefundMadeInStripesPages(t *testing.T) {
	e := newEdge(t)
	p := e.sold(1, instantCard)
	e.Sandbox.DuplicateWebhooks(20)
	_, err := e.Stripe.Refund(t.Context(), payments.RefundRequest{Reference: "by-hand", PaymentIntentID: *p.PaymentIntentID, Amount: money.New(6000, "EUR")})
	e.ok(err)
	e.Settle()
	if p = e.now(p.ID); p.RefundedMinor != 6000 || len(p.Refunds) != 1 || p.Refunds[0].Reason != "outside" {
		t.Errorf("%d refunded by %+v", p.RefundedMinor, p.Refunds)
	}
	e.are("half", e.member, 500)
	e.look()
}

// What a buyer was paid from our own bank ends their return, and what is left of the line goes on.
func TestRefundPaidByTransferEndsItsReturn(t *testing.T) {
	e := newEdge(t)
	p := e.sold(2, lateFailure)
	e.Deliver(p.ID)
	e.ok(e.Returns.Withdraw(t.Context(), returns.Declaration{OrderID: p.ID, Chosen: map[int64]int64{p.Shipments[0].Lines[0].ID: 1}}))
	e.TakeBack(p.ID)
	e.Settle()
	e.Pass(1)
	failed := e.now(p.ID).LastRefund()
	if failed.State != refunds.Failed {
		t.Fatalf("the refund is %s", failed.State)
	}
	e.ok(e.Orders.RefundAgain(t.Context(), failed.ID, 0, e.shop.Owner, true, "SEPA of today"))
	rs, err := e.Returns.OfOrder(t.Context(), p.ID, 0)
	if err != nil || rs[0].State != returns.Refunded {
		t.Errorf("the return is %s, %v", rs[0].State, err)
	}
	e.Pass(15)
	e.are("the other piece came free", e.member, 0, 0, 1000)
	e.look()
}

func TestWithdrawalOfSomePieces(t *testing.T) {
	e := newEdge(t)
	early := e.sold(3, instantCard)
	line := early.Shipments[0].Lines[0].ID
	e.ok(e.Returns.Withdraw(t.Context(), returns.Declaration{OrderID: early.ID, Chosen: map[int64]int64{line: 1}}))
	e.Settle()
	if early = e.now(early.ID); early.RefundedMinor != 12000 || early.Shipments[0].ToSend() != 2 {
		t.Errorf("before sending: %d refunded, %d to send", early.RefundedMinor, early.Shipments[0].ToSend())
	}
	late := e.sold(2, instantCard)
	e.Deliver(late.ID)
	line = late.Shipments[0].Lines[0].ID
	e.ok(e.Returns.Withdraw(t.Context(), returns.Declaration{OrderID: late.ID, Chosen: map[int64]int64{line: 1}}))
	if err := e.Returns.Withdraw(t.Context(), returns.Declaration{OrderID: late.ID, Chosen: map[int64]int64{line: 2}}); err == nil {
		t.Error("more comes back than was left")
	}
	rs, err := e.Returns.OfOrder(t.Context(), late.ID, 0)
	e.ok(err)
	e.ok(e.Returns.Receive(t.Context(), returns.Receipt{BrandID: e.shop.Brand, ReturnID: rs[0].ID, By: e.shop.Owner, DeductedMinor: 2000, Answer: "it was used"}))
	e.Settle()
	if got := e.now(late.ID).RefundedMinor; got != 10000 {
		t.Errorf("after delivery, with 20.00 kept: %d", got)
	}
	e.look()
}

func TestReturnRefused(t *testing.T) {
	e := newEdge(t)
	p := e.sold(1, instantCard)
	e.freedButFor(p.ID)
	e.ok(e.Returns.Ask(t.Context(), returns.Declaration{OrderID: p.ID, Reason: "too blue"}))
	rs, err := e.Returns.OfOrder(t.Context(), p.ID, 0)
	e.ok(err)
	e.are("it waits for the brand's answer", e.member, 0, 1000)
	e.ok(e.Returns.Decide(t.Context(), e.shop.Brand, rs[0].ID, e.shop.Owner, false, "the period is over"))
	e.Pass(15)
	e.are("and came free", e.member, 0, 0, 1000)
	e.look()
}

// freedButFor has an order received, and its hold run for ten days.
func (e *edge) freedButFor(id int64) {
	e.Deliver(id)
	e.Pass(10)
}

// While the bank has the money, a buyer may still declare their withdrawal; nothing is paid back before the bank has decided.
func TestWithdrawalDuringADispute(t *testing.T) {
	e := newEdge(t)
	p := e.sold(1, instantCard)
	d := e.disputed(p, 0, false)
	e.ok(e.Withdraw(p.ID, ""))
	e.Settle()
	if len(e.now(p.ID).Refunds) != 0 {
		t.Error("a refund was asked while the bank has the money")
	}
	e.decided(d, true)
	e.TakeBack(p.ID)
	e.Settle()
	if got := e.now(p.ID).State; got != orders.Refunded {
		t.Errorf("after the dispute was won the order is %s", got)
	}
	e.look()
}

// The bank takes a part of the price, the buyer withdraws from what was never sent and is paid the rest by transfer, and the bank gives its
// part back: nobody sends the parcel any more, so nobody waits for it.
func TestWithdrawalBetweenALostDisputeAndItsEnd(t *testing.T) {
	for _, wonFirst := range []bool{true, false} {
		e := newEdge(t)
		p := e.sold(1, instantCard)
		d := e.disputed(p, 14, false)
		e.decided(d, false)
		e.ok(e.Withdraw(p.ID, ""))
		e.Settle()
		failed := e.now(p.ID).LastRefund()
		if failed.State != refunds.Failed { // Stripe refunds nothing that was charged back
			t.Fatalf("the refund is %s", failed.State)
		}
		if wonFirst {
			e.decided(d, true)
		}
		e.ok(e.Orders.RefundAgain(t.Context(), failed.ID, 0, e.shop.Owner, true, "SEPA of today"))
		if !wonFirst {
			e.decided(d, true)
		}
		e.look()
		e.Pass(60)
		p = e.now(p.ID)
		if state := p.Shipments[0].State; state != orders.ShipmentCancelled {
			t.Errorf("won first %v: the parcel is %s", wonFirst, state)
		}
		for _, payee := range []int64{e.member, e.brand} {
			if got := e.Totals(payee); got.Held != 0 || got.Frozen != 0 {
				t.Errorf("won first %v: %d held and %d frozen for ever", wonFirst, got.Held, got.Frozen)
			}
		}
		e.look()
	}
}

// Nothing comes free while a member is blocked, and everything that was due afterwards.
func TestMemberBlockedInMidHold(t *testing.T) {
	e := newEdge(t)
	p := e.sold(1, instantCard)
	e.Deliver(p.ID)
	e.ok(e.Members.Block(t.Context(), e.shop.Owner, e.relay, true))
	e.Pass(20)
	e.are("blocked", e.member, 0, 1000, 0)
	e.are("the brand is not", e.brand, 0, 0, 11000)
	e.ok(e.Members.Block(t.Context(), e.shop.Owner, e.relay, false))
	e.Pass(1)
	e.are("unblocked", e.member, 0, 0, 1000)
	e.look()
}

// One to three cents, rates that leave nothing: nobody has less than nothing, and a refund of each piece ends at exactly that.
func TestTinyPrices(t *testing.T) {
	e := newEdge(t)
	for _, price := range []int64{1, 2, 3} {
		shop := e.Shop("sou"+string(rune('a'+price)), price, 50)
		o := e.Order(apptest.Purchase{Variant: shop.Variant, Quantity: 7, Storefront: e.relay})
		e.Pay(o, instantCard)
		e.Settle()
		p := e.now(o.ID)
		for range 7 {
			e.refunds(p, pieces(p, 1))
			e.look()
		}
	}
}

// What is sold goes by the terms that it was sold under.
func TestCountryAndHoldChangedInMidHold(t *testing.T) {
	e := newEdge(t)
	p := e.sold(1, instantCard)
	e.Deliver(p.ID)
	if _, err := e.DB.Exec(`update brands set country = 'BE' where id = $1`, e.shop.Brand); err != nil {
		t.Fatal(err)
	}
	terms := catalog.FirstTerms()
	terms.CommissionBps, terms.HoldDays = 5000, 60
	_, err := e.Catalog.OfferTerms(t.Context(), e.shop.Owner, e.shop.Brand, terms)
	e.ok(err)
	e.Pass(15)
	e.are("the old rate after the old days", e.member, 0, 0, 1000)
	e.paidOut()
	e.are("paid", e.brand, 0, 0, 0, 11000)
	e.look()
}

func TestTwoBrandsTwoSharersRefundOfOne(t *testing.T) {
	e := newEdge(t)
	other, noe := e.Shop("bleu", 6000, 10), e.Member("noe")
	o := e.Order(apptest.Purchase{Variant: e.shop.Variant, Storefront: e.relay}, apptest.Purchase{Variant: other.Variant, Quantity: 2, Storefront: noe})
	e.Pay(o, instantCard)
	e.Settle()
	p := e.now(o.ID)
	before := e.Totals(e.brand)
	mine := p
	if mine.Shipments[0].BrandID != e.shop.Brand {
		mine.Shipments = mine.Shipments[1:]
	}
	if _, err := e.Refund(p.ID, other.Brand, pieces(mine, 1)); err == nil {
		t.Error("a brand refunded another's goods")
	}
	e.ok(e.RefundAll(p.ID, other.Brand))
	e.Settle()
	e.are("the sharer of the other brand", e.member, 1000)
	if e.Totals(e.brand).Held != before.Held {
		t.Errorf("the other brand had %+v, and has %+v", before, e.Totals(e.brand))
	}
	second, err := e.Payouts.PayeeOf(t.Context(), earnings.Owner{MemberID: noe})
	e.ok(err)
	e.are("the sharer of what was refunded", second.ID, 0, 0, 0, 0, 0)
	e.look()
}

// A refund of what a payout is taking: the payout goes as it was, and what is owed is netted; failed, it pays the debt first.
func TestRefundWhileThePayoutIsInFlight(t *testing.T) {
	for _, sent := range []bool{true, false} {
		e := newEdge(t)
		p := e.sold(2, instantCard)
		e.freed(p.ID)
		_, err := e.Payouts.Run(t.Context(), 0)
		e.ok(err)
		e.Sandbox.Inject(stripesandbox.Fault{Method: "POST", Path: "/v1/transfers", Times: 20, Status: 429})
		_, err = e.Refund(p.ID, 0, pieces(p, 1))
		e.ok(err)
		_ = e.Jobs.Drain(t.Context()) // the transfers are refused for now
		e.Sandbox.ClearFaults()
		if got := e.Totals(e.member); got.Paying != 2000 || got.Owed != 1000 {
			t.Fatalf("in flight: %+v", got)
		}
		if !sent {
			var account string
			e.ok(e.DB.Get(&account, `select stripe_account_id from payees where id = $1`, e.member))
			e.ok(e.Sandbox.RestrictAccount(account))
		}
		if _, err := e.DB.Exec(`with soon as (update payouts set next_at = now() where next_at is not null) update jobs set run_at = now() where done_at is null and parked_at is null`); err != nil {
			t.Fatal(err)
		}
		e.Settle()
		if sent {
			e.are("sent", e.member, 0, 0, 0, 2000, 1000)
		} else {
			e.are("failed", e.member, 0, 0, 1000, 0, 0)
		}
		e.look()
	}
}
