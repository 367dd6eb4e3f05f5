package app_test

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"relais/internal/app/apptest"
	"relais/internal/earnings"
	"relais/internal/fault"
	"relais/internal/money"
	"relais/internal/orders"
	"relais/internal/payments"
	"relais/internal/returns"
	"relais/internal/stripesandbox"
)

// Worlds of TestLivesOfOrdersInWorlds, and orders that live in each of them.
const (
	worlds       = 5
	livesInWorld = 12
	stepsInWorld = 70
)

// bothT is a testing.TB whose failures are those of a rapid check, which prints its seed and looks for a shorter one.
type bothT struct {
	testing.TB
	rapid *rapid.T
}

func (t bothT) Helper()                           {}
func (t bothT) Error(args ...any)                 { t.rapid.Error(args...) }
func (t bothT) Errorf(format string, args ...any) { t.rapid.Errorf(format, args...) }
func (t bothT) Fatal(args ...any)                 { t.rapid.Fatal(args...) }
func (t bothT) Fatalf(format string, args ...any) { t.rapid.Fatalf(format, args...) }
func (t bothT) FailNow()                          { t.rapid.FailNow() }
func (t bothT) Logf(format string, args ...any)   { t.rapid.Logf(format, args...) }
func (t bothT) Cleanup(f func())                  { t.rapid.Cleanup(f) }

// checks has rapid make so many checks of this test only.
func checks(t *testing.T, n int) {
	t.Helper()
	f := flag.Lookup("rapid.checks")
	if f.Value.String() != f.DefValue {
		return // whoever runs the tests wants another number
	}
	if err := flag.Set("rapid.checks", fmt.Sprint(n)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = flag.Set("rapid.checks", f.DefValue) })
}

// Random lives of orders over a real Postgres and a local Stripe, many in one world, so that their payees are the same people:
// whatever happens in whatever order, the books hold, they are Stripe's, and everybody has their share to the cent. This counts
// 60 lives; TestLivesOfOrders counts many more, in memory.
func TestLivesOfOrdersInWorlds(t *testing.T) {
	checks(t, worlds)
	rapid.Check(t, func(r *rapid.T) {
		l := newLives(bothT{t, r}, r)
		for i := range stepsInWorld {
			if i%20 == 10 {
				l.look()
			}
			l.step()
		}
		l.look()
		l.end()
		l.look()
		l.nothingWaits()
	})
}

// lives are orders of a world, and who sells and recommends in it.
type lives struct {
	*apptest.World
	r       *rapid.T
	shops   []apptest.Shop
	relays  []int64
	orders  []int64
	open    map[string]bool // disputes
	blocked map[int64]bool
	n       int
}

func newLives(t testing.TB, r *rapid.T) *lives {
	l := &lives{World: apptest.New(t), r: r, open: map[string]bool{}, blocked: map[int64]bool{}}
	l.Sandbox.ChargeFees(150, 25)
	for i, price := range []int64{12000, 999, 3} {
		l.shops = append(l.shops, l.Shop(fmt.Sprintf("maison%d", i), price, 1000))
		l.Onboard(earnings.Owner{BrandID: l.shops[i].Brand})
	}
	l.Sharing(l.shops[0], 7000)
	l.Sharing(l.shops[1], 3333)
	for _, name := range []string{"lea", "noe"} {
		l.relays = append(l.relays, l.Member(name))
	}
	l.Onboard(earnings.Owner{MemberID: l.relays[0]})
	l.ownCards()
	return l
}

var cardsOfLives = []string{apptest.Good, apptest.Good, "4000000000000077", "4000000000007726", "4000000000005126", stripesandbox.SecondCard, stripesandbox.SecondCard}

// step is one thing that happens. What cannot be now is refused with a fault, and changes nothing.
func (l *lives) step() {
	var can []func()
	if len(l.orders) < livesInWorld {
		can = append(can, l.buy, l.buy)
	}
	if len(l.orders) > 0 {
		can = append(can, l.ship, l.deliver, l.refund, l.refund, l.refundSum, l.withdraw, l.request, l.takeBack, l.dispute, l.decide, l.bank, l.again, l.outside, l.judge, l.appeal, l.claim)
	}
	can = append(can, l.pass, l.pass, l.payOut, l.restrict, l.block)
	i := rapid.IntRange(0, len(can)-1).Draw(l.r, "what")
	can[i]()
	if rapid.IntRange(0, 3).Draw(l.r, "told") > 0 {
		l.Settle()
	}
}

func (l *lives) int(from, to int64, name string) int64 {
	return rapid.Int64Range(from, to).Draw(l.r, name)
}

// refused lets a fault pass and fails on anything else.
func (l *lives) refused(what string, err error) {
	l.r.Logf("%s: %v", what, err)
	var f *fault.Error
	if err != nil && !errors.As(err, &f) {
		l.T.Fatalf("%s: %v", what, err)
	}
}

func (l *lives) page() orders.Page {
	p, err := l.Orders.ByID(l.T.Context(), rapid.SampledFrom(l.orders).Draw(l.r, "order"))
	l.refused("read order", err)
	return p
}

func (l *lives) buy() {
	var ps []apptest.Purchase
	l.n++
	visitor := fmt.Sprintf("visitor-%d", l.n)
	for range l.int(1, 3, "parcels") {
		shop := rapid.SampledFrom(l.shops).Draw(l.r, "shop")
		p := apptest.Purchase{Variant: shop.Variant, Quantity: l.int(1, 4, "pieces"), Visitor: visitor}
		switch i := l.int(0, 5, "relay"); {
		case i < 2:
			p.Storefront = l.relays[i]
		case i < 5: // one after the other: they share it, where the brand has them share
			p.Click = l.Follow(shop.Product, visitor, l.relays...)
		}
		ps = append(ps, p)
	}
	o := l.Order(ps...)
	l.Pay(o, rapid.SampledFrom(cardsOfLives).Draw(l.r, "card"))
	l.orders = append(l.orders, o.ID)
}

func (l *lives) ship() {
	sh := rapid.SampledFrom(l.page().Shipments).Draw(l.r, "parcel")
	l.refused("ship", l.Orders.Ship(l.T.Context(), sh.BrandID, sh.ID, "Colissimo", "6A"))
}

func (l *lives) deliver() {
	for _, sh := range l.page().Shipments {
		l.refused("deliver", l.Orders.Deliver(l.T.Context(), 0, sh.ID, "buyer"))
	}
}

func (l *lives) refund() {
	p := l.page()
	sh := rapid.SampledFrom(p.Shipments).Draw(l.r, "parcel")
	line := rapid.SampledFrom(sh.Lines).Draw(l.r, "line")
	w := orders.RefundWish{Lines: []orders.RefundLine{{LineID: line.ID, Quantity: l.int(0, 2, "pieces"), Restock: true}}}
	if rapid.Bool().Draw(l.r, "money") {
		w.Lines[0].Minor = l.int(1, line.TotalMinor, "minor")
	}
	if rapid.Bool().Draw(l.r, "delivery") {
		w.Delivery = []int64{sh.ID}
	}
	_, err := l.Refund(p.ID, 0, w)
	l.refused("refund", err)
}

func (l *lives) refundSum() {
	p := l.page()
	_, err := l.Refund(p.ID, 0, orders.RefundWish{Minor: l.int(1, p.TotalMinor, "minor")})
	l.refused("refund a sum", err)
}

// chosen are some pieces of an order.
func (l *lives) chosen(p orders.Page) map[int64]int64 {
	sh := rapid.SampledFrom(p.Shipments).Draw(l.r, "parcel")
	line := rapid.SampledFrom(sh.Lines).Draw(l.r, "line")
	return map[int64]int64{line.ID: l.int(1, line.Quantity, "pieces")}
}

func (l *lives) withdraw() {
	d := returns.Declaration{OrderID: l.page().ID}
	if rapid.Bool().Draw(l.r, "some") {
		p, err := l.Orders.ByID(l.T.Context(), d.OrderID)
		l.refused("read order", err)
		d.Chosen = l.chosen(p)
	}
	l.refused("withdraw", l.Returns.Withdraw(l.T.Context(), d))
}

func (l *lives) request() {
	p := l.page()
	l.refused("request", l.Returns.Ask(l.T.Context(), returns.Declaration{OrderID: p.ID, Chosen: l.chosen(p)}))
}

// takeBack moves a return on: decided, kept, or received with something kept of it.
func (l *lives) takeBack() {
	rs, err := l.Returns.OfOrder(l.T.Context(), l.page().ID, 0)
	l.refused("read returns", err)
	if len(rs) == 0 {
		return
	}
	r, ctx := rapid.SampledFrom(rs).Draw(l.r, "return"), l.T.Context()
	switch l.int(0, 4, "move") {
	case 0:
		l.refused("decide", l.Returns.Decide(ctx, r.BrandID, r.ID, l.shops[0].Owner, rapid.Bool().Draw(l.r, "yes"), "for a reason"))
	case 1:
		l.refused("keep", l.Returns.KeepsIt(ctx, r.ID))
	default:
		l.refused("receive", l.Returns.Receive(ctx, returns.Receipt{BrandID: r.BrandID, ReturnID: r.ID, By: l.shops[0].Owner, DeductedMinor: l.int(0, 200, "kept"),
			Answer: "it was used", Restock: true}))
	}
}

// dispute has the buyer's bank take some of a payment, all of it or more than it was, or ask about it.
func (l *lives) dispute() {
	p := l.page()
	if p.PaymentIntentID == nil {
		return
	}
	id, err := l.Sandbox.OpenDispute(*p.PaymentIntentID, l.int(1, p.TotalMinor*5/4, "minor"), "fraudulent", rapid.Bool().Draw(l.r, "inquiry"))
	if err == nil { // else there is one already
		l.open[id] = true
	}
}

func (l *lives) decide() {
	if len(l.open) == 0 {
		return
	}
	ids := make([]string, 0, len(l.open))
	for id := range l.open {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	id := ids[int(l.int(0, int64(len(ids)-1), "dispute"))]
	if l.int(0, 3, "how") == 0 {
		_ = l.Sandbox.EscalateInquiry(id) // or it is none
		return
	}
	_ = l.Sandbox.DecideDispute(id, rapid.Bool().Draw(l.r, "won")) // or it was decided so
}

// bank moves a refund that is under way, or sends one back that was made.
func (l *lives) bank() {
	for _, f := range l.page().Refunds {
		if f.StripeID != nil {
			_ = l.Sandbox.SetRefundState(*f.StripeID, rapid.SampledFrom([]string{"succeeded", "failed", "canceled", "requires_action"}).Draw(l.r, "state"), "declined")
		}
	}
}

// again pays a refund that failed once more, by the same way or from the platform's bank.
func (l *lives) again() {
	for _, f := range l.page().Refunds {
		if f.State.Refused() && !f.Stray {
			l.refused("refund again", l.Orders.RefundAgain(l.T.Context(), f.ID, 0, l.shops[0].Owner, rapid.Bool().Draw(l.r, "by transfer"), "SEPA of today"))
		}
	}
}

// outside refunds in Stripe's own pages.
func (l *lives) outside() {
	p := l.page()
	if p.PaymentIntentID == nil {
		return
	}
	l.n++
	_, err := l.Stripe.Refund(l.T.Context(), payments.RefundRequest{Reference: fmt.Sprintf("by-hand-%d", l.n), PaymentIntentID: *p.PaymentIntentID,
		Amount: money.New(l.int(1, p.TotalMinor, "minor"), p.Currency)})
	var refusal *payments.Error
	if err != nil && !errors.As(err, &refusal) {
		l.T.Fatalf("refund outside: %v", err)
	}
}

func (l *lives) pass() { l.Pass(int(l.int(1, 12, "days"))) }

func (l *lives) payOut() {
	_, err := l.Payouts.Run(l.T.Context(), 0)
	l.refused("payouts", err)
}

// restrict has Stripe refuse transfers to a payee for now, so that payouts fail.
func (l *lives) restrict() {
	var accounts []string
	if err := l.DB.Select(&accounts, `select stripe_account_id from payees where stripe_account_id is not null order by id`); err != nil {
		l.T.Fatal(err)
	}
	account := rapid.SampledFrom(accounts).Draw(l.r, "account")
	change := l.Sandbox.RestrictAccount
	if rapid.Bool().Draw(l.r, "restore") {
		change = l.Sandbox.RestoreAccount
	}
	if err := change(account); err != nil {
		l.T.Fatal(err)
	}
}

func (l *lives) block() {
	m := rapid.SampledFrom(l.relays).Draw(l.r, "member")
	l.blocked[m] = !l.blocked[m]
	l.refused("block", l.Members.Block(l.T.Context(), l.shops[0].Owner, m, l.blocked[m]))
}

// end brings everything to its end: what banks decide, what is on its way, what is owed, and then time.
func (l *lives) end() {
	ctx := l.T.Context()
	l.Settle()
	for id := range l.open {
		_ = l.Sandbox.DecideDispute(id, true)
	}
	for m, is := range l.blocked {
		if is {
			l.refused("unblock", l.Members.Block(ctx, l.shops[0].Owner, m, false))
		}
	}
	l.Settle()
	for range 3 { // what fails late fails once
		for _, id := range l.orders {
			l.finish(id)
		}
		l.Pass(1)
	}
	l.Pass(20)
	l.Pass(20)
}

// finish ends what people and banks have still to do about an order.
func (l *lives) finish(id int64) {
	ctx := l.T.Context()
	p, err := l.Orders.ByID(ctx, id)
	l.refused("read order", err)
	for _, f := range p.Refunds {
		switch {
		case f.State.Open() && f.StripeID != nil:
			_ = l.Sandbox.SetRefundState(*f.StripeID, "succeeded", "")
		case f.State.Refused() && !f.Stray:
			if err := l.Orders.RefundAgain(ctx, f.ID, 0, l.shops[0].Owner, true, "SEPA of today"); err != nil { // paid again, or their bank took it
				l.refused("pay by transfer", err)
				l.refused("owed no more", l.Orders.OwedNoMore(ctx, f.ID, l.shops[0].Owner, "They have it by their bank."))
			}
		}
	}
	l.Settle()
	rs, err := l.Returns.OfOrder(ctx, id, 0)
	l.refused("read returns", err)
	for _, r := range rs {
		if r.State == returns.Asked {
			l.refused("refuse", l.Returns.Decide(ctx, r.BrandID, r.ID, l.shops[0].Owner, false, "no"))
		}
		l.refused("receive", l.Returns.Receive(ctx, returns.Receipt{BrandID: r.BrandID, ReturnID: r.ID, By: l.shops[0].Owner}))
	}
	for _, sh := range p.Shipments {
		l.refused("ship", l.Orders.Ship(ctx, sh.BrandID, sh.ID, "Colissimo", "6A"))
	}
	l.Settle()
}

// story is what happened to an order, and where its parcels are.
func (l *lives) story(orderID int64) (text string) {
	var lines []string
	err := l.DB.Select(&lines, `select at::text || ' ' || kind || ' ' || detail::text from order_events where order_id = $1
		union all select '~ parcel ' || id || ' ' || state || ' sent ' || coalesce(shipped_at::text, '') || ' received ' || coalesce(delivered_at::text, '') || ' back ' || returned_minor
			from shipments where order_id = $1
		union all select '~ line ' || id || ' of ' || shipment_id || ': ' || quantity || ' at ' || price_minor || ', back ' || returned_minor from order_lines where order_id = $1
		union all select '~ order ' || state || ' ' || total_minor || ' refunded ' || refunded_minor || ' lost ' || lost_minor from orders where id = $1 order by 1`, orderID)
	if err != nil {
		l.T.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

// nothingWaits fails where money is stuck after everything has come to its end.
func (l *lives) nothingWaits() {
	var stuck []struct {
		ID, Order int64
		State     string
		Reason    string
	}
	err := l.DB.Select(&stuck, `select e.id, e.order_id as "order", e.state, e.reason from earnings e where e.state in ('held','frozen')
		and not exists (select 1 from returns r where r.order_id = e.order_id and r.state in ('asked','approved','received')) order by e.id`)
	if err != nil {
		l.T.Fatal(err)
	}
	for _, e := range stuck {
		l.T.Errorf("earning %d of order %d is %s for ever: %s\n%s", e.ID, e.Order, e.State, e.Reason, l.story(e.Order))
	}
	var open int
	if err := l.DB.Get(&open, `select count(*) from refunds where state in ('new','sending')`); err != nil || open > 0 {
		l.T.Errorf("%d refunds were never answered, %v", open, err)
	}
}
