package reviews_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"relais/internal/app/apptest"
	"relais/internal/earnings"
	"relais/internal/fault"
	"relais/internal/orders"
	"relais/internal/reviews"
	"relais/internal/stripesandbox"
)

// bought is a bowl that nobody is known to have brought.
func (w *world) bought() orders.Page {
	return w.Paid(apptest.Purchase{Variant: w.shop.Variant})
}

func (w *world) asked(number string) reviews.Asked {
	return reviews.Asked{MemberID: w.lea, Brand: w.shop.Handle, OrderNumber: number, Shared: "talk", Text: "I told her on Sunday."}
}

func (w *world) ask(number string) int64 {
	w.T.Helper()
	id, err := w.Reviews.Ask(w.T.Context(), w.asked(number))
	w.must(err)
	return id
}

func (w *world) sales(claimID int64) []reviews.Sale {
	w.T.Helper()
	c, err := reviews.ClaimByID(w.T.Context(), w.DB, 0, claimID)
	w.must(err)
	list, err := reviews.SalesFor(w.T.Context(), w.DB, c, w.Clock.Now())
	w.must(err)
	return list
}

func TestClaimGrantedWhileHeld(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	o := w.bought()
	id := w.ask(o.Number)
	w.letters("claim_brand", "terre@marque.example", 1)
	sales := w.sales(id)
	if len(sales) != 1 || sales[0].Commission().Minor != 1000 || sales[0].Rule != "none" || sales[0].HolderName != "" || sales[0].Clicks != 0 || sales[0].LeftMinor != 11500 || sales[0].Has || sales[0].Own {
		t.Fatalf("%+v", sales)
	}
	brand := reviews.Verdict{BrandID: w.shop.Brand, By: w.shop.Owner, Yes: true, Why: "The buyer told us so."}
	w.must(w.Reviews.Answer(ctx, id, 0, brand))
	if err := w.Reviews.Answer(ctx, id, 0, brand); !errors.Is(err, reviews.ErrAnswered) {
		t.Errorf("twice: %v", err)
	}
	w.is(o.ID, earnings.Commission, earnings.Held, earnings.AwaitingShipment, 1000)
	w.is(o.ID, earnings.Sale, earnings.Held, earnings.AwaitingShipment, 10500)
	w.letters("claim_granted", "lea@relais.example", 1)
	w.Audit()
	c, err := reviews.ClaimByID(ctx, w.DB, w.shop.Brand, id)
	w.must(err)
	if c.State != reviews.ClaimGranted || c.Granted.Minor != 1000 || c.DecidedAs != reviews.ByBrand || c.Why != "The buyer told us so." {
		t.Errorf("%+v", c)
	}
	// What goes back of it afterwards, goes back of both.
	if _, err := w.Refund(o.ID, 0, orders.RefundWish{Lines: []orders.RefundLine{{LineID: *c.OrderLineID, Minor: 3333}}}); err != nil {
		t.Fatal(err)
	}
	w.Pass(3)
	w.is(o.ID, earnings.Commission, earnings.Held, earnings.AwaitingShipment, 1000-277)
	w.Audit()
	w.must(w.RefundAll(o.ID, 0))
	w.Pass(3)
	w.is(o.ID, earnings.Commission, earnings.Voided, earnings.Refunded, 0)
	w.is(o.ID, earnings.Sale, earnings.Voided, earnings.Refunded, 0)
	w.Audit()
}

// The brand was paid already: its free account gives first, the rest is its debt.
func TestClaimGrantedAfterThePayout(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	o := w.bought()
	payee := w.Onboard(earnings.Owner{BrandID: w.shop.Brand})
	w.Deliver(o.ID)
	w.Pass(15)
	if _, err := w.Payouts.Run(ctx, 0); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	w.must(w.Reviews.Answer(ctx, w.ask(o.Number), 0, reviews.Verdict{By: w.alma, Yes: true, Why: "Her link was broken that day."}))
	if got := w.Totals(payee); got.Owed != 1000 {
		t.Errorf("%+v", got)
	}
	w.Audit()
	w.Pass(1)
	w.is(o.ID, earnings.Commission, earnings.Free, earnings.Released, 1000)
	w.Audit()
	// With money on its free account, that goes first, and the statement says so.
	o2 := w.bought()
	w.Deliver(o2.ID)
	w.Pass(15)
	w.must(w.Reviews.Answer(ctx, w.ask(o2.Number), 0, reviews.Verdict{By: w.alma, Yes: true, Why: "The same again."}))
	w.Audit()
	if _, err := w.Payouts.Run(ctx, 0); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	ps, err := w.Payouts.List(ctx, payee, 10)
	w.must(err)
	st, err := w.Payouts.StatementOf(ctx, payee, ps[0].ID)
	w.must(err)
	passed := 0
	for _, l := range st.Lines {
		if l.Kind == "passed_on" && l.Amount.Minor == -1000 && l.EarningID != nil {
			passed++
		}
	}
	if sum, err := st.Sum(); err != nil || sum != st.Amount || passed != 1 {
		t.Errorf("%d lines of %+v sum to %v, %v", passed, st.Lines, sum, err)
	}
	w.Audit()
}

func TestClaimsThatCannotBeGranted(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	yes := reviews.Verdict{By: w.alma, Yes: true, Why: "yes"}
	max := w.Member("max")

	taken := w.Paid(apptest.Purchase{Variant: w.shop.Variant, Storefront: max})
	id := w.ask(taken.Number)
	if err := w.Reviews.Answer(ctx, id, 0, yes); !errors.Is(err, reviews.ErrOthers) {
		t.Errorf("another member has it: %v", err)
	}
	w.must(w.Reviews.Answer(ctx, id, 0, reviews.Verdict{BrandID: w.shop.Brand, By: w.shop.Owner, Yes: true, Why: "On top."}))
	w.Audit()

	own := w.Order(apptest.Purchase{Variant: w.shop.Variant, Member: w.lea, Email: "lea@relais.example"})
	w.Pay(own, stripesandbox.SecondCard)
	w.Settle()
	if err := w.Reviews.Answer(ctx, w.ask(own.Number), 0, yes); !errors.Is(err, reviews.ErrOwn) {
		t.Errorf("her own purchase: %v", err)
	}

	back := w.bought()
	id = w.ask(back.Number)
	if _, err := w.Refund(back.ID, 0, orders.RefundWish{Minor: 100}); err != nil {
		t.Fatal(err)
	}
	w.Pass(3)
	if err := w.Reviews.Answer(ctx, id, 0, yes); !errors.Is(err, reviews.ErrReturned) {
		t.Errorf("a part of it went back: %v", err)
	}

	id = w.ask("R-NOSUCH")
	if err := w.Reviews.Answer(ctx, id, 0, yes); !errors.Is(err, reviews.ErrNoSale) {
		t.Errorf("no such sale: %v", err)
	}
	if err := w.Reviews.Answer(ctx, id, sales(w, id, back), yes); !errors.Is(err, reviews.ErrNoSale) {
		t.Errorf("a sale that was not meant: %v", err)
	}
	w.must(w.Reviews.Answer(ctx, id, 0, reviews.Verdict{By: w.alma, Why: "There is no order of that number."}))
	w.letters("claim_refused", "lea@relais.example", 1)

	if err := w.Reviews.Answer(ctx, w.ask(w.Paid(w.Recommended(w.shop, w.lea)).Number), 0, yes); !errors.Is(err, reviews.ErrHasIt) {
		t.Errorf("she has it: %v", err)
	}
	w.Audit()
}

func sales(w *world, _ int64, p orders.Page) int64 { return p.Shipments[0].Lines[0].ID }

func TestClaimsAreLimited(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	o := w.bought()
	id := w.ask(o.Number)
	var f *fault.Error
	if _, err := w.Reviews.Ask(ctx, w.asked(o.Number)); !errors.As(err, &f) || f.Fields["number"] != "fault.claim_again" {
		t.Errorf("twice: %v", err)
	}
	// The answer is the same whether there is such an order, and also after it was answered.
	unknown := w.ask("R-NOSUCH")
	w.must(w.Reviews.Answer(ctx, unknown, 0, reviews.Verdict{By: w.alma, Why: "There is no order of that number."}))
	if _, err := w.Reviews.Ask(ctx, w.asked("r-nosuch ")); !errors.As(err, &f) || f.Fields["number"] != "fault.claim_again" {
		t.Errorf("twice what there is not: %v", err)
	}
	// By the day, it is the decider who says which sale was meant.
	a := w.asked("")
	a.Day = "2026-03-02"
	byDay, err := w.Reviews.Ask(ctx, a)
	w.must(err)
	if got := w.sales(byDay); len(got) != 1 || got[0].OrderNumber != o.Number {
		t.Errorf("%+v", got)
	}
	w.must(w.Reviews.Answer(ctx, id, 0, reviews.Verdict{By: w.alma, Yes: true, Why: "yes"}))
	if err := w.Reviews.Answer(ctx, byDay, o.Shipments[0].Lines[0].ID, reviews.Verdict{By: w.alma, Yes: true, Why: "again"}); !errors.Is(err, reviews.ErrHasIt) {
		t.Errorf("one sale twice: %v", err)
	}
	for _, n := range []string{"R-AAAA", "R-BBBB"} {
		w.ask(n)
	}
	if _, err := w.Reviews.Ask(ctx, w.asked("R-DDDD")); !errors.Is(err, reviews.ErrTooMany) {
		t.Errorf("the sixth of a day: %v", err)
	}
	w.must(w.Clock.Advance(ctx, 8))
	w.must(w.Reviews.Sweep(ctx))
	w.letters("reviews_late", "alma@relais.example", 1)
	w.Audit()
}

// Several people decide at once: one of them does, the others are told, and nothing moves twice.
func TestDecidedAtOnce(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	_, r := w.doubted()
	claim := w.ask(w.bought().Number)
	var wg sync.WaitGroup
	var decided, answered atomic.Int64
	for range 4 {
		wg.Go(func() {
			switch err := w.Reviews.Decide(ctx, r.ID, reviews.Verdict{By: w.alma, Why: "their own card"}); {
			case err == nil:
				decided.Add(1)
			case !errors.Is(err, reviews.ErrDecided):
				t.Error(err)
			}
		})
		wg.Go(func() {
			switch err := w.Reviews.Answer(ctx, claim, 0, reviews.Verdict{BrandID: w.shop.Brand, By: w.shop.Owner, Yes: true, Why: "yes"}); {
			case err == nil:
				answered.Add(1)
			case !errors.Is(err, reviews.ErrAnswered):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if decided.Load() != 1 || answered.Load() != 1 {
		t.Errorf("decided %d times, answered %d times", decided.Load(), answered.Load())
	}
	w.Audit()
}

// A sale that was answered by its day and is asked after by its number tells no more than a number that there is not.
func TestClaimsByDayThenByNumber(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	o := w.bought()
	a := w.asked("")
	a.Day = "2026-03-02"
	byDay, err := w.Reviews.Ask(ctx, a)
	w.must(err)
	w.must(w.Reviews.Answer(ctx, byDay, o.Shipments[0].Lines[0].ID, reviews.Verdict{By: w.alma, Yes: true, Why: "yes"}))
	again := w.ask(o.Number)
	w.ask("R-NOSUCH")
	if err := w.Reviews.Answer(ctx, again, o.Shipments[0].Lines[0].ID, reviews.Verdict{By: w.alma, Yes: true, Why: "again"}); !errors.Is(err, reviews.ErrHasIt) {
		t.Errorf("one sale twice: %v", err)
	}
	w.must(w.Reviews.Answer(ctx, again, 0, reviews.Verdict{By: w.alma, Why: "This was answered."}))
	w.Audit()
}

// On a busy day the sale that was meant can be granted also where the page lists others; one of another day or brand cannot.
func TestClaimsOfABusyDay(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	other := w.Paid(apptest.Purchase{Variant: w.Shop("verre", 5000, 5).Variant})
	for range 50 {
		w.Order(apptest.Purchase{Variant: w.shop.Variant})
	}
	_, err := w.DB.Exec(`update orders set paid_at = placed_at where paid_at is null`) // enough to be listed
	w.must(err)
	w.Clock.Set(w.Clock.Now().Add(time.Hour))
	meant := w.bought() // after 50 others
	w.Clock.Set(w.Clock.Now().Add(time.Hour))
	w.Follow(w.shop.Product, "", w.lea)
	clicked := w.bought()
	w.must(w.Clock.Advance(ctx, 1))
	later := w.bought()
	a := w.asked("")
	a.Day = "2026-03-02"
	id, err := w.Reviews.Ask(ctx, a)
	w.must(err)
	if list := w.sales(id); len(list) != 50 || list[0].OrderNumber != clicked.Number || list[0].Clicks != 1 || list[1].Clicks != 0 {
		t.Errorf("%d are listed, and not first what she had a click before: %+v", len(list), list[0])
	}
	yes := reviews.Verdict{BrandID: w.shop.Brand, By: w.shop.Owner, Yes: true, Why: "yes"}
	for name, o := range map[string]orders.Page{"another brand's": other, "another day's": later} {
		if err := w.Reviews.Answer(ctx, id, sales(w, 0, o), yes); !errors.Is(err, reviews.ErrNoSale) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.must(w.Reviews.Answer(ctx, id, sales(w, 0, meant), yes))
	w.is(meant.ID, earnings.Commission, earnings.Held, earnings.AwaitingShipment, 1000)
}
