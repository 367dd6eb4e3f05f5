package reviews_test

import (
	"errors"
	"testing"

	"relais/internal/app/apptest"
	"relais/internal/earnings"
	"relais/internal/fault"
	"relais/internal/orders"
	"relais/internal/reviews"
	"relais/internal/stripesandbox"
)

type world struct {
	*apptest.World
	shop      apptest.Shop
	lea, alma int64 // who recommends; the platform
}

func open(t *testing.T) *world {
	t.Helper()
	w := &world{World: apptest.New(t)}
	w.shop, w.lea, w.alma = w.Shop("terre", 12000, 200), w.Member("lea"), w.Member("alma")
	if err := w.Members.Promote(t.Context(), 0, w.alma, true); err != nil {
		t.Fatal(err)
	}
	return w
}

// paid is a bowl for 120.00 in Lea's storefront, paid with a card: 10.00 of commission.
func (w *world) paid(card, email string) orders.Page {
	w.T.Helper()
	o := w.Order(apptest.Purchase{Variant: w.shop.Variant, Storefront: w.lea, Email: email})
	w.Pay(o, card)
	w.Settle()
	p, err := w.Orders.ByID(w.T.Context(), o.ID)
	if err != nil {
		w.T.Fatal(err)
	}
	return p
}

// doubted is a sale paid with the card that Lea paid with before, and its review.
func (w *world) doubted() (orders.Page, reviews.Review) {
	w.T.Helper()
	own := w.Order(apptest.Purchase{Variant: w.shop.Variant, Member: w.lea, Email: "lea@relais.example"})
	w.Pay(own, stripesandbox.SecondCard)
	w.Settle()
	o := w.paid(stripesandbox.SecondCard, "inconnue@poste.example")
	return o, w.opened(1)[0]
}

func (w *world) opened(n int) []reviews.Review {
	w.T.Helper()
	list, err := reviews.Opened(w.T.Context(), w.DB, 0)
	if err != nil || len(list) != n {
		w.T.Fatalf("%d reviews are open, want %d: %+v, %v", len(list), n, list, err)
	}
	return list
}

func (w *world) earning(orderID int64, role earnings.Role) (e earnings.Earning) {
	w.T.Helper()
	es, err := earnings.OfOrder(w.T.Context(), w.DB, orderID)
	if err != nil {
		w.T.Fatal(err)
	}
	for _, x := range es {
		if x.Role == role {
			e = x
		}
	}
	if e.ID == 0 {
		w.T.Fatalf("no %s among %+v", role, es)
	}
	return e
}

func (w *world) is(orderID int64, role earnings.Role, state earnings.State, reason earnings.Reason, left int64) {
	w.T.Helper()
	e := w.earning(orderID, role)
	if e.State != state || e.Reason != reason || e.Left().Minor != left {
		w.T.Errorf("%s is %s (%s) with %d; want %s (%s) with %d", role, e.State, e.Reason, e.Left().Minor, state, reason, left)
	}
}

func (w *world) must(err error) {
	w.T.Helper()
	if err != nil {
		w.T.Fatal(err)
	}
}

// letters counts what was written to somebody by a template.
func (w *world) letters(template, to string, want int) {
	w.T.Helper()
	var n int
	w.must(w.DB.Get(&n, `select count(*) from letters where template = $1 and recipient = $2`, template, to))
	if n != want {
		w.T.Errorf("%d letters %s to %s; want %d", n, template, to, want)
	}
}

func TestOrdinarySalesAreNotDoubted(t *testing.T) {
	w := open(t)
	// The same household: one address, one surname, one delivery, and also the same workplace's mail domain.
	w.paid(apptest.Good, "martin.lebrun@relais.example")
	w.paid(apptest.Good, "anne.lebrun@relais.example")
	w.opened(0)
	w.Audit()
}

func TestOwnCardHoldsTheCommissionOnly(t *testing.T) {
	w := open(t)
	o, r := w.doubted()
	if len(r.Doubts) != 1 || r.Doubts[0].Reason != reviews.Card || r.MemberID != w.lea || r.BrandID != w.shop.Brand || r.Amount.Minor != 1000 {
		t.Errorf("%+v", r)
	}
	w.is(o.ID, earnings.Commission, earnings.Frozen, earnings.Reviewed, 1000)
	w.is(o.ID, earnings.Sale, earnings.Held, earnings.AwaitingShipment, 10500)
	w.letters("review_opened", "lea@relais.example", 1)
	w.Deliver(o.ID)
	w.Pass(13)
	w.is(o.ID, earnings.Commission, earnings.Frozen, earnings.Reviewed, 1000)
	w.Audit()
	// The brand's share comes free in time; the card is the member by our rules, so undecided the commission is the brand's.
	w.Pass(2)
	w.is(o.ID, earnings.Sale, earnings.Free, earnings.Released, 10500)
	w.is(o.ID, earnings.Commission, earnings.Voided, earnings.Reassigned, 0)
	kept := w.earning(o.ID, earnings.Kept)
	if kept.State != earnings.Free || kept.Left().Minor != 1000 || kept.PayeeName != "Maison terre" {
		t.Errorf("%+v", kept)
	}
	w.letters("review_refused", "lea@relais.example", 1)
	w.opened(0)
	w.Audit()
}

func TestUndecidedDoubtsAreForTheMember(t *testing.T) {
	w := open(t)
	o := w.paid(apptest.Good, "quelquun@yopmail.com")
	if r := w.opened(1)[0]; r.Doubts[0].Reason != reviews.DisposableMail {
		t.Errorf("%+v", r)
	}
	w.Deliver(o.ID)
	w.Pass(14)
	w.opened(0)
	w.is(o.ID, earnings.Commission, earnings.Free, earnings.Released, 1000)
	w.letters("review_cleared", "lea@relais.example", 1)
	w.Audit()
}

func TestManyOrdersWithinAnHour(t *testing.T) {
	w := open(t)
	for range 9 {
		w.paid(apptest.Good, "")
	}
	w.opened(0)
	w.paid(apptest.Good, "")
	if r := w.opened(1)[0]; r.Doubts[0] != (reviews.Doubt{Reason: reviews.Velocity, Count: 10}) {
		t.Errorf("%+v", r.Doubts)
	}
	w.Audit()
}

func TestRing(t *testing.T) {
	w := open(t)
	max := w.Member("max")
	buys := func(who int64, email string, through int64) {
		w.Paid(apptest.Purchase{Variant: w.shop.Variant, Member: who, Email: email, Storefront: through})
		w.must(w.Clock.Advance(t.Context(), 1))
	}
	buys(w.lea, "lea@relais.example", max)
	// Cards would tell: only what they buy from each other is looked at here.
	_, err := w.DB.Exec(`update orders set card_fingerprint = null`)
	w.must(err)
	buys(max, "max@relais.example", w.lea)
	w.opened(0)
	_, err = w.DB.Exec(`update orders set card_fingerprint = null`)
	w.must(err)
	buys(w.lea, "lea@relais.example", max) // the second way back is the second time
	_, err = w.DB.Exec(`update orders set card_fingerprint = null`)
	w.must(err)
	buys(max, "max@relais.example", w.lea)
	if r := w.opened(1)[0]; r.MemberID != w.lea || r.Doubts[0] != (reviews.Doubt{Reason: reviews.Ring, Count: 2}) {
		t.Errorf("%+v", r)
	}
	var told int
	w.must(w.DB.Get(&told, `select count(*) from letters where template = 'review_opened' and recipient = 'lea@relais.example'
		and (letters::text like '%dans les deux sens%' or letters::text like '%go both ways%') and letters::text not like '%acheteur et la personne%'`))
	if told != 1 {
		t.Error("the letter names the buyer, or gives no reason")
	}
	w.Audit()
}

// What comes back later makes a doubt of sales that wait.
func TestRefundsOpenReviews(t *testing.T) {
	w := open(t)
	var first []int64
	for i := range 11 {
		o := w.paid("4000000000000077", "") // available at once, so that refunds do not wait for it
		if i < 6 {
			first = append(first, o.ID)
		}
		w.must(w.Clock.Advance(t.Context(), 1))
	}
	w.opened(0)
	for _, id := range first {
		w.must(w.RefundAll(id, 0))
	}
	w.Settle()
	w.must(w.Reviews.Sweep(t.Context()))
	for _, r := range w.opened(5) {
		if r.Doubts[0].Reason != reviews.RefundRate || r.Doubts[0].Count != 6 || r.Doubts[0].Of != 11 {
			t.Errorf("%+v", r.Doubts)
		}
	}
	w.must(w.Reviews.Sweep(t.Context()))
	w.opened(5)
	w.Audit()
}

func TestDecidedByPeople(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	o, r := w.doubted()
	other := w.Shop("verre", 5000, 5)
	brand := reviews.Verdict{BrandID: w.shop.Brand, By: w.shop.Owner, Yes: true, Why: "They share a card at home."}
	if err := w.Reviews.Decide(ctx, r.ID, reviews.Verdict{BrandID: other.Brand, By: other.Owner, Why: "not mine"}); !errors.Is(err, fault.NotFound) {
		t.Errorf("another brand decides: %v", err)
	}
	if err := w.Reviews.Decide(ctx, r.ID, reviews.Verdict{BrandID: w.shop.Brand, By: w.shop.Owner, Why: " "}); !errors.Is(err, fault.Invalid) {
		t.Errorf("without a reason: %v", err)
	}
	w.must(w.Reviews.Decide(ctx, r.ID, brand))
	w.is(o.ID, earnings.Commission, earnings.Held, earnings.AwaitingShipment, 1000)
	if err := w.Reviews.Decide(ctx, r.ID, brand); !errors.Is(err, reviews.ErrDecided) {
		t.Errorf("twice: %v", err)
	}
	if err := w.Reviews.Appeal(ctx, w.lea, r.ID, "why not"); !errors.Is(err, reviews.ErrNoAppeal) {
		t.Errorf("an appeal of what was cleared: %v", err)
	}
	got, err := reviews.OfSale(ctx, w.DB, w.lea, r.OrderLineID)
	w.must(err)
	if got.DecidedAs != reviews.ByBrand || *got.DecidedBy != w.shop.Owner || got.Why != "They share a card at home." {
		t.Errorf("%+v", got)
	}
	var logged int
	w.must(w.DB.Get(&logged, `select count(*) from audit_log where action = 'review cleared' and actor_id = $1`, w.shop.Owner))
	if logged != 1 {
		t.Errorf("%d lines in the log", logged)
	}
	w.Audit()
}

// A refusal, refunds before and after it, and an appeal that is granted after the brand was paid: everybody ends where they should be.
func TestAppealGrantedAfterThePayout(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	o, r := w.doubted()
	w.Onboard(earnings.Owner{BrandID: w.shop.Brand})
	if _, err := w.Refund(o.ID, 0, orders.RefundWish{Lines: []orders.RefundLine{{LineID: r.OrderLineID, Minor: 3333}}}); err != nil {
		t.Fatal(err)
	}
	w.Pass(3)
	w.is(o.ID, earnings.Commission, earnings.Frozen, earnings.Reviewed, 1000-277)
	w.must(w.Reviews.Decide(ctx, r.ID, reviews.Verdict{By: w.alma, Why: "It looks like their own purchase."}))
	w.is(o.ID, earnings.Kept, earnings.Held, earnings.AwaitingShipment, 1000-277)
	w.Audit()
	if _, err := w.Refund(o.ID, 0, orders.RefundWish{Lines: []orders.RefundLine{{LineID: r.OrderLineID, Minor: 1}}}); err != nil {
		t.Fatal(err)
	}
	w.Pass(1)
	w.Deliver(o.ID)
	w.Pass(15)
	w.is(o.ID, earnings.Kept, earnings.Free, earnings.Released, 1000-277)
	run, err := w.Payouts.Run(ctx, 0)
	if err != nil || run.Made != 1 {
		t.Fatalf("%+v, %v", run, err)
	}
	w.Settle()
	for name, err := range map[string]error{"somebody else's": w.Reviews.Appeal(ctx, w.alma, r.ID, "mine"), "without words": w.Reviews.Appeal(ctx, w.lea, r.ID, "")} {
		if err == nil {
			t.Errorf("an appeal of %s was taken", name)
		}
	}
	if err := w.Reviews.DecideAppeal(ctx, r.ID, reviews.Verdict{By: w.alma, Yes: true, Why: "yes"}); !errors.Is(err, reviews.ErrNotAppeal) {
		t.Errorf("nobody appealed: %v", err)
	}
	w.must(w.Reviews.Appeal(ctx, w.lea, r.ID, "My sister borrowed my card and paid me back."))
	if err := w.Reviews.Appeal(ctx, w.lea, r.ID, "again"); !errors.Is(err, reviews.ErrAppealed) {
		t.Errorf("twice: %v", err)
	}
	w.must(w.Reviews.DecideAppeal(ctx, r.ID, reviews.Verdict{By: w.alma, Yes: true, Why: "The sister's order is credible."}))
	w.letters("appeal_granted", "lea@relais.example", 1)
	w.is(o.ID, earnings.Kept, earnings.Paid, earnings.Released, 0)
	e := w.earning(o.ID, earnings.Commission)
	if e.State != earnings.Held || e.Left().Minor != 723 || !e.FreeAtKnown {
		t.Errorf("%+v", e)
	}
	brand, err := w.Payouts.PayeeOf(ctx, earnings.Owner{BrandID: w.shop.Brand})
	w.must(err)
	if got := w.Totals(brand.ID); got.Owed != 723 {
		t.Errorf("the brand owes %+v", got)
	}
	w.Audit()
	w.Pass(1)
	w.is(o.ID, earnings.Commission, earnings.Free, earnings.Released, 723)
	w.must(w.RefundAll(o.ID, 0))
	w.Settle()
	w.Pass(3)
	w.is(o.ID, earnings.Commission, earnings.Free, earnings.Released, 0)
	w.Audit()
	if err := w.Reviews.DecideAppeal(ctx, r.ID, reviews.Verdict{By: w.alma, Why: "no, after all"}); !errors.Is(err, reviews.ErrNotAppeal) {
		t.Errorf("decided twice: %v", err)
	}
}

func TestAppealRefusedAndTooLate(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	_, r := w.doubted()
	w.must(w.Reviews.Decide(ctx, r.ID, reviews.Verdict{BrandID: w.shop.Brand, By: w.shop.Owner, Why: "Their own card."}))
	w.must(w.Reviews.Appeal(ctx, w.lea, r.ID, "It was not me."))
	w.must(w.Clock.Advance(ctx, 15))
	w.must(w.Reviews.Sweep(ctx))
	w.must(w.Reviews.Sweep(ctx))
	w.letters("reviews_late", "alma@relais.example", 1)
	w.must(w.Reviews.DecideAppeal(ctx, r.ID, reviews.Verdict{By: w.alma, Why: "The card is in your name."}))
	w.letters("appeal_refused", "lea@relais.example", 1)
	w.Audit()
	o2 := w.paid(stripesandbox.SecondCard, "autre@poste.example")
	r2 := w.opened(1)[0]
	w.must(w.Reviews.Decide(ctx, r2.ID, reviews.Verdict{By: w.alma, Why: "Again."}))
	w.must(w.Clock.Advance(ctx, 31))
	if err := w.Reviews.Appeal(ctx, w.lea, r2.ID, "late"); !errors.Is(err, reviews.ErrTooLate) {
		t.Errorf("%v", err)
	}
	w.is(o2.ID, earnings.Commission, earnings.Voided, earnings.Reassigned, 0)
	w.Audit()
}

// All of it went back while it was looked at: nothing moves, and a refund that fails afterwards is the brand's.
func TestRefusedAfterTheRefund(t *testing.T) {
	w := open(t)
	own := w.Order(apptest.Purchase{Variant: w.shop.Variant, Member: w.lea, Email: "lea@relais.example"})
	w.Pay(own, "4000000000000077")
	w.Settle()
	o := w.paid("4000000000000077", "x@poste.example")
	r := w.opened(1)[0]
	w.must(w.RefundAll(o.ID, 0))
	w.Settle()
	w.is(o.ID, earnings.Commission, earnings.Voided, earnings.Refunded, 0)
	w.must(w.Reviews.Decide(t.Context(), r.ID, reviews.Verdict{By: w.alma, Why: "Their own card."}))
	w.is(o.ID, earnings.Commission, earnings.Voided, earnings.Reassigned, 0)
	w.is(o.ID, earnings.Kept, earnings.Voided, earnings.Refunded, 0)
	w.Audit()
}
