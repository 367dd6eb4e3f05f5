package pledges_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"relais/internal/app/apptest"
	"relais/internal/carts"
	"relais/internal/catalog"
	"relais/internal/i18n"
	"relais/internal/orders"
	"relais/internal/pledges"
	"relais/internal/pledges/consent"
	"relais/internal/postgres/pgtest"
	"relais/internal/stripesandbox"
)

// two has Anne and Bruno join with these cards.
func (c *circle) two(code, anne, bruno string) (a, b pledges.Pledge) {
	c.T.Helper()
	return c.joins(code, "anne", anne), c.joins(code, "bruno", bruno)
}

// Somebody orders under the name that the order of a pledge will have: it is another name, and so another order.
func TestNobodyTakesTheOrderOfAPledge(t *testing.T) {
	c := open(t, 50)
	g := c.opens()
	a, _ := c.two(g.Code, card(0), card(1))
	other := c.Shop("orfevre", 99900, 5)
	cart, err := c.Carts.Add(t.Context(), carts.Addition{VariantID: other.Variant, Quantity: 3, Lang: i18n.FR})
	c.must(err)
	squat := apptest.Placement(cart, "mallory@poste.example")
	squat.Operation = fmt.Sprintf("pledge-%012d", a.ID)
	mine, err := c.Orders.Place(t.Context(), squat)
	c.must(err)
	c.ends()
	p := c.is(a.Token, pledges.Ordered)
	if p.Order.ID == mine.ID || p.Order.TotalMinor != 11300 || p.Order.State != orders.Paid || c.stock() != 48 {
		t.Errorf("order of %s at %d, stock %d", p.Order.Email, p.Order.TotalMinor, c.stock())
	}
	reading := apptest.Placement("", "mallory@poste.example")
	reading.Operation = squat.Operation
	if o, err := c.Orders.Place(t.Context(), reading); err != nil || o.ID != mine.ID { // their own, and nobody else's
		t.Errorf("%v, order %d of %s", err, o.ID, o.Email)
	}
	reading.Operation = fmt.Sprintf("pledge-%012d", a.ID+1)
	if o, err := c.Orders.Place(t.Context(), reading); !errors.Is(err, carts.ErrEmptyCart) {
		t.Errorf("%v, order of %s", err, o.Email)
	}
	c.Audit()
}

// Whoever leaves while their card comes in leaves.
func TestLeaveWhileTheCardComesIn(t *testing.T) {
	c := open(t, 5)
	g := c.opens()
	p := c.asks(c.form(g.Code, "anne"))
	c.CatchNotices(func() { c.keepsQuietly(p) })
	for range 2 {
		c.must(c.Pledges.Leave(t.Context(), p.Token))
	}
	c.is(p.Token, pledges.Left)
	q := c.asks(c.form(g.Code, "bruno")) // without a card
	c.must(c.Pledges.Leave(t.Context(), q.Token))
	c.is(q.Token, pledges.Lapsed)
	c.sweeps()
	if c.stock() != 5 || c.see(p.Token).ForgottenAt == nil {
		t.Errorf("stock %d", c.stock())
	}
	c.Audit()
}

// What is wrong with us is no refusal of a bank: it is tried again until it is right, and nobody is told that their card was refused.
func TestOurOwnFaultsAreNoRefusals(t *testing.T) {
	for _, f := range []stripesandbox.Fault{
		{Status: http.StatusUnauthorized, Message: "Invalid API Key provided"}, {Status: http.StatusForbidden, Code: "account_closed"}, {Status: http.StatusBadRequest, Code: "parameter_unknown"},
	} {
		c := open(t, 5)
		g := c.opens()
		a, _ := c.two(g.Code, card(0), card(1))
		c.must(c.Clock.Advance(t.Context(), 10))
		f.Method, f.Path, f.Times = http.MethodPost, "/v1/payment_intents", 99
		c.Sandbox.Inject(f)
		c.struggles()
		if p := c.is(a.Token, pledges.Ordered); p.Refusals != 0 || c.letters("refused:1", "anne") != 0 || p.Order.State != orders.AwaitingPayment {
			t.Errorf("%d: %d refusals, %s", f.Status, p.Refusals, p.Order.State)
		}
		c.Sandbox.ClearFaults()
		c.aWhile()
		c.struggles()
		c.sweeps()
		if p := c.is(a.Token, pledges.Ordered); p.Order.State != orders.Paid {
			t.Errorf("%d: %s in the end", f.Status, p.Order.State)
		}
		c.Audit()
	}
}

// Nobody takes more than ten pieces, whatever address or card they use; somebody who joins in the name of others makes them no fewer.
func TestRoom(t *testing.T) {
	c := open(t, 100)
	g := c.opens()
	mallory := c.Member("mallory")
	ten := c.form(g.Code, "mallory")
	ten.Quantity, ten.MemberID = pledges.MaxQuantity, &mallory
	p := c.asks(ten)
	c.keeps(p, card(0))
	more := c.form(g.Code, "mallory.encore")
	more.MemberID = &mallory
	if _, err := c.Pledges.Join(t.Context(), more); !errors.Is(err, pledges.ErrRoom) {
		t.Errorf("the same account: %v", err)
	}
	again := c.asks(c.form(g.Code, "mallory.autre")) // another address, and the same card
	c.keeps(again, card(0))
	c.is(again.Token, pledges.Lapsed)
	c.sweeps()
	if c.stock() != 90 || c.letters("late", "mallory.autre") != 1 || c.see(again.Token).ForgottenAt == nil {
		t.Errorf("stock %d", c.stock())
	}
	for i, who := range []string{"anne", "bruno", "chloe"} {
		c.joins(g.Code, who, card(i+1))
	}
	for _, who := range []string{"anne", "bruno", "chloe", "david"} {
		c.joins(g.Code, who, card(6))
	}
	if now := c.view(g.Code).Now; now != 5 { // mallory, anne, bruno, chloe, and one who called themselves david
		t.Errorf("%d people", now)
	}
	if err := c.Pledges.End(t.Context(), c.lea, c.shop.Brand, g.ID); !errors.Is(err, pledges.ErrGone) {
		t.Errorf("ended by who is not of the brand: %v", err)
	}
	c.must(c.Pledges.End(t.Context(), c.shop.Owner, c.shop.Brand, g.ID))
	c.sweeps()
	if v := c.view(g.Code); v.State != pledges.Cancelled || v.EndedWhy != pledges.ByBrand || c.stock() != 100 {
		t.Errorf("%s by %s, stock %d", v.State, v.EndedWhy, c.stock())
	}
	c.Audit()
}

// Paid on the page, the notice late, and the card's next try comes: it is not charged as well.
func TestPaidOnThePageIsNotCharged(t *testing.T) {
	c := open(t, 5)
	g := c.opens()
	a, _ := c.two(g.Code, "4000000000009995", card(1))
	c.ends()
	p := c.is(a.Token, pledges.Ordered)
	c.must(c.Sandbox.TurnCard(p.CardID, ""))
	c.Clock.Set(c.Clock.Now().Add(20 * time.Hour))
	c.CatchNotices(func() { c.Pay(*p.Order, apptest.Good) })
	c.Clock.Set(c.Clock.Now().Add(5 * time.Hour))
	c.sweeps()
	o, err := c.Orders.ByID(t.Context(), p.Order.ID)
	c.must(err)
	if paid, _ := c.charges(p.CustomerID); paid != 0 || o.State != orders.Paid || len(o.Refunds) != 0 {
		t.Errorf("the kept card paid %d times, %s, %v", paid, o.State, o.Refunds)
	}
	c.Audit()
}

// The sentence has the hour from which a card may be charged, and is kept.
func TestTheConsentIsKept(t *testing.T) {
	c := open(t, 5)
	g := c.opens()
	a := c.joins(g.Code, "anne", card(0))
	said := c.see(a.Token).Consent
	if said != pledges.Consent(g, a) || !strings.Contains(said, i18n.FR.DateTime(g.Deadline)) || !strings.Contains(said, "125") {
		t.Errorf("%q", said)
	}
	b := c.joins(g.Code, "bruno", card(1))
	// By the clock of another server, its card was left before it was asked for.
	pgtest.Owner(t, c.DB).MustExec(`alter table pledges disable trigger user; update pledges set asked_at = joined_at + interval '1 second' where email_normal like 'bruno%'; alter table pledges enable trigger user`)
	c.ends()
	c.Pass(31) // a bank asks for longer than a pledge knows its person
	c.sweeps()
	p := c.see(a.Token)
	if p.Consent != "" || p.Email != "" {
		t.Errorf("the pledge still knows %q, %q", p.Email, p.Consent)
	}
	kept, err := consent.Of(t.Context(), c.DB, *p.OrderID)
	if err != nil || kept == nil || kept.Words != said || kept.MostMinor != 12500 || !kept.GivenAt.Equal(p.AskedAt) || !kept.CardAt.Equal(*p.JoinedAt) {
		t.Errorf("with the order stands %+v, %v", kept, err)
	}
	if kept, err := consent.Of(t.Context(), c.DB, *c.see(b.Token).OrderID); err != nil || kept == nil || !kept.CardAt.Equal(kept.GivenAt) {
		t.Errorf("of a card that was left before it was asked for: %+v, %v", kept, err)
	}
	for _, forging := range []string{`update order_consents set words = 'Tout.'`, `delete from order_consents`} {
		if _, err := c.DB.Exec(forging); err == nil {
			t.Errorf("done: %s", forging)
		}
	}
	if none, err := consent.Of(t.Context(), c.DB, 0); none != nil || err != nil {
		t.Errorf("of no order: %+v, %v", none, err)
	}
	c.Audit()
}

// Many at once with few connections: each needs one.
func TestManyJoinWithFewConnections(t *testing.T) {
	c := open(t, 100)
	g := c.opens()
	c.DB.SetMaxOpenConns(2)
	defer c.DB.SetMaxOpenConns(20)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var each sync.WaitGroup
	for i := range 12 {
		each.Go(func() {
			if _, err := c.Pledges.Join(ctx, c.formAt(i, g.Code)); err != nil {
				t.Error(err)
			}
		})
	}
	each.Wait()
}

// Until the last minute somebody can join, and pay what is theirs to pay; a call that is made again is the same.
func TestTheLastMinutes(t *testing.T) {
	c := open(t, 100)
	g := c.opens()
	ctx := t.Context()
	slow := c.asks(c.form(g.Code, "slow"))
	c.Clock.Set(c.Clock.Now().Add(pledges.CardTime - time.Minute))
	_, err := c.Pledges.OpenSetup(ctx, slow.Token)
	c.must(err)
	a, _ := c.two(g.Code, "4000000000000341", card(1))
	for i, before := range []time.Duration{29 * time.Minute, 14 * time.Minute, time.Minute} {
		c.Clock.Set(g.Deadline.Add(-before))
		c.joins(g.Code, fmt.Sprintf("late%d", i), card(2+i))
	}
	c.Clock.Set(g.Deadline)
	c.sweeps()
	p := c.is(a.Token, pledges.Ordered)
	first, err := c.Orders.OpenCheckout(ctx, p.Order.ID)
	c.must(err)
	_, err = c.DB.Exec(`update orders set checkout_id = null, checkout_url = '' where id = $1`, p.Order.ID) // as if killed before it was recorded
	c.must(err)
	c.Clock.Set(c.Clock.Now().Add(2 * time.Second))
	if again, err := c.Orders.OpenCheckout(ctx, p.Order.ID); err != nil || again != first {
		t.Errorf("asked again: %v", err)
	}
	c.must(c.Orders.ClosePage(ctx, p.Order.ID))
	c.Clock.Set(p.Order.ExpiresAt.Add(-time.Minute))
	last, err := c.Orders.OpenCheckout(ctx, p.Order.ID)
	c.must(err)
	c.PayAt(last, apptest.Good)
	c.Settle()
	if p = c.see(a.Token); p.Order.State != orders.Paid {
		t.Errorf("it is %s", p.Order.State)
	}
	c.Audit()
}

// A server whose clock is behind does not lose the deadline.
func TestAClockThatIsBehind(t *testing.T) {
	c := open(t, 5)
	g := c.opens()
	c.joins(g.Code, "anne", card(0))
	c.Clock.Set(g.Deadline)
	c.must(c.Pledges.Sweep(t.Context()))
	c.Clock.Set(g.Deadline.Add(-time.Second))
	if err := c.Jobs.Drain(t.Context()); err == nil {
		t.Error("nobody noticed that it was early")
	}
	c.Clock.Set(g.Deadline.Add(time.Second))
	c.struggles()
	if v := c.view(g.Code); v.State != pledges.Missed {
		t.Errorf("it is %s", v.State)
	}
	c.Audit()
}

// The provider is away for half a day: the jobs do not pile up, and afterwards each card is charged.
func TestTheProviderIsAway(t *testing.T) {
	for _, status := range []int{http.StatusServiceUnavailable, http.StatusInternalServerError, http.StatusUnauthorized} {
		t.Run(fmt.Sprint(status), func(t *testing.T) { awayFor(t, status) })
	}
}

func awayFor(t *testing.T, status int) {
	c := open(t, 5)
	g := c.opens()
	c.two(g.Code, card(0), card(1))
	c.Clock.Set(g.Deadline)
	c.must(c.Pledges.Sweep(t.Context()))
	c.must(c.Jobs.Drain(t.Context()))
	c.Sandbox.Inject(stripesandbox.Fault{Path: "/v1/payment_intents", Status: status, Times: 100_000})
	for h := range 4 {
		c.Clock.Set(g.Deadline.Add(time.Duration(4*h)*time.Hour + time.Minute))
		c.struggles()
	}
	var n int
	c.must(c.DB.Get(&n, `select count(*) from jobs where kind = 'pledges.charge'`))
	if n > 2*4 {
		t.Errorf("%d jobs for 2 pledges", n)
	}
	c.Sandbox.ClearFaults()
	c.aWhile()
	c.Clock.Set(g.Deadline.Add(19 * time.Hour))
	c.struggles()
	if v := c.view(g.Code); v.Charged != 2 {
		t.Errorf("%d charged", v.Charged)
	}
	c.Audit()
}

// What was taken back of an earning is not counted as brought.
func TestBroughtWithoutWhatWasTakenBack(t *testing.T) {
	c := open(t, 5)
	g := c.opens()
	a, b := c.two(g.Code, card(0), card(1))
	c.ends()
	p, q := c.is(a.Token, pledges.Ordered), c.is(b.Token, pledges.Ordered)
	c.Deliver(p.Order.ID)
	c.Deliver(q.Order.ID)
	c.Pass(40)
	c.must(c.RefundAll(p.Order.ID, 0))
	c.sweeps()
	if v := c.view(g.Code); v.Earned != 900 {
		t.Errorf("it brought %d", v.Earned)
	}
	c.Audit()
}

// A product that is taken off, or a campaign that the platform stops, ends the orders that wait for another try; nobody is charged any more.
func TestStoppedAfterTheDeadline(t *testing.T) {
	for name, stop := range map[string]func(c *circle, g pledges.Campaign){
		"the product is taken off": func(c *circle, _ pledges.Campaign) {
			c.must(c.Catalog.MoveProduct(c.T.Context(), c.shop.Owner, c.shop.Brand, c.shop.Product, catalog.Archived))
		},
		"the brand is blocked": func(c *circle, _ pledges.Campaign) {
			_, err := c.DB.Exec(`update brands set blocked_at = now() where id = $1`, c.shop.Brand)
			c.must(err)
		},
		"the platform stops it": func(c *circle, g pledges.Campaign) {
			c.must(c.Pledges.Stop(c.T.Context(), c.Member("admin"), g.Code, "tromperie"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := open(t, 5)
			g := c.opens()
			a, b := c.two(g.Code, "4000000000009995", card(1))
			d, e := c.joins(g.Code, "david", card(2)), c.joins(g.Code, "emma", "4000000000000341") // refused for good
			c.must(c.Clock.Advance(t.Context(), 10))
			c.must(c.Pledges.Close(t.Context(), g.ID))
			c.must(c.Pledges.Charge(t.Context(), a.ID))
			c.must(c.Pledges.Charge(t.Context(), e.ID))
			c.must(c.Pledges.Charge(t.Context(), b.ID))
			c.must(c.Sandbox.TurnCard(c.see(a.Token).CardID, ""))
			stop(c, g)
			c.Pass(1)
			c.sweeps()
			for who, token := range map[string]string{"anne": a.Token, "emma": e.Token} {
				if p := c.is(token, pledges.Ordered); p.Order.State != orders.Cancelled || p.ForgottenAt == nil || c.letters("unpaid", who) != 1 {
					t.Errorf("%s, waiting: %s", who, p.Order.State)
				}
			}
			if p := c.is(b.Token, pledges.Ordered); p.Order.State != orders.Paid {
				t.Errorf("paid: %s", p.Order.State)
			}
			c.is(d.Token, pledges.Released)
			if c.stock() != 4 {
				t.Errorf("stock %d", c.stock())
			}
			c.Audit()
		})
	}
}

// Nobody is charged long after the day, when they expect it no more.
func TestFarTooLate(t *testing.T) {
	c := open(t, 5)
	g := c.opens()
	a, _ := c.two(g.Code, card(0), card(1))
	c.Clock.Set(g.Deadline.Add(pledges.GraceTime + time.Hour))
	c.sweeps()
	if p := c.is(a.Token, pledges.Released); p.EndedWhy != pledges.TooLong || c.view(g.Code).EndedWhy != pledges.TooLong || c.stock() != 5 {
		t.Errorf("%s, stock %d", p.EndedWhy, c.stock())
	}
	h := c.opens()
	b, _ := c.two(h.Code, card(0), card(1))
	c.Clock.Set(h.Deadline)
	c.must(c.Pledges.Close(t.Context(), h.ID))
	c.Clock.Set(h.Deadline.Add(pledges.GraceTime + time.Hour)) // closed in time, and charged by nobody
	c.sweeps()
	if p := c.is(b.Token, pledges.Released); p.EndedWhy != pledges.TooLong {
		t.Errorf("%s", p.EndedWhy)
	}
	c.Audit()
}

// A card that comes in too late is forgotten and its owner told; a month later nobody knows who they were.
func TestALateCard(t *testing.T) {
	c := open(t, 5)
	g := c.opens()
	late := c.asks(c.form(g.Code, "anne"))
	c.must(c.Pledges.Cancel(t.Context(), c.lea, g.Code))
	c.keeps(late, card(0))
	c.sweeps()
	if p := c.is(late.Token, pledges.Lapsed); p.ForgottenAt == nil || c.letters("late", "anne") != 1 {
		t.Errorf("forgotten %v, %d letters", p.ForgottenAt, c.letters("late", "anne"))
	}
	c.Pass(31)
	c.sweeps()
	p := c.see(late.Token)
	for what, kept := range map[string]string{"address": p.Email + p.EmailNormal + p.Name + p.Street + p.City + p.Phone, "card": p.Fingerprint + p.CardLast4, "page": p.SetupURL, "visitor": p.Visitor} {
		if kept != "" {
			t.Errorf("%s: %q", what, kept)
		}
	}
	var lines int
	c.must(c.DB.Get(&lines, `select count(*) from cart_lines where cart_id = $1`, p.CartID))
	if lines != 0 {
		t.Error("the cart is kept")
	}
	c.Audit()
}

// Ten pieces are the most of one account, and of one card, also where two come at once.
func TestRoomAtOnce(t *testing.T) {
	c := open(t, 100)
	g := c.opens()
	mallory := c.Member("mallory")
	var each sync.WaitGroup
	var joined atomic.Int64
	for i := range 6 {
		each.Go(func() {
			j := c.formAt(i, g.Code)
			j.Quantity, j.MemberID = 4, &mallory
			if _, err := c.Pledges.Join(t.Context(), j); err == nil {
				joined.Add(1)
			} else if !errors.Is(err, pledges.ErrRoom) {
				t.Error(err)
			}
		})
	}
	each.Wait()
	if joined.Load() != 2 {
		t.Errorf("%d times four pieces of one account", joined.Load())
	}
	h := c.opens()
	var setups []string
	notices := c.CatchNotices(func() {
		for i := range 4 {
			j := c.form(h.Code, fmt.Sprintf("guest%d", i))
			j.Quantity = 4
			p := c.asks(j)
			c.keepsQuietly(p)
			setups = append(setups, *c.see(p.Token).SetupID)
		}
	})
	for _, id := range setups {
		each.Go(func() { c.must(c.Pledges.SetupChanged(t.Context(), id)) })
	}
	each.Wait()
	if v := c.view(h.Code); v.Pieces != 8 {
		t.Errorf("%d pieces of one card", v.Pieces)
	}
	for _, n := range notices {
		c.Hear(n)
	}
	c.sweeps()
	c.Audit()
}

// A page for a card whose address was lost with the answer is nobody's: the provider forgets whoever it is of. One that was made and not recorded is the
// pledge's own.
func TestPagesThatGotLost(t *testing.T) {
	c := open(t, 9)
	g := c.opens()
	ctx := t.Context()
	p := c.asks(c.form(g.Code, "anne"))
	c.Sandbox.Inject(stripesandbox.Fault{Method: http.MethodPost, Path: "/v1/checkout/sessions", Effect: true, Status: http.StatusInternalServerError})
	if _, err := c.Pledges.OpenSetup(ctx, p.Token); err == nil {
		t.Fatal("the answer was not lost")
	}
	c.Sandbox.ClearFaults()
	c.keeps(p, card(0))
	lost := c.lostPages()
	if len(lost) != 1 {
		t.Fatalf("%d pages are open that nobody was shown", len(lost))
	}
	c.must(c.Stripe.ExpireSetup(ctx, lost[0]))
	c.Settle()
	if c.customers() != 1 { // anne's own, until she pays
		t.Errorf("%d customers", c.customers())
	}
	q := c.asks(c.form(g.Code, "bruno"))
	_, err := c.Pledges.OpenSetup(ctx, q.Token)
	c.must(err)
	id := *c.see(q.Token).SetupID
	_, err = c.DB.Exec(`update pledges set setup_id = null, setup_url = '', customer_id = '' where id = $1`, q.ID) // as if killed before it was recorded
	c.must(err)
	c.Clock.Set(c.Clock.Now().Add(pledges.CardTime))
	c.sweeps()
	c.must(c.Stripe.ExpireSetup(ctx, id))
	c.sweeps()
	if r := c.is(q.Token, pledges.Lapsed); r.ForgottenAt == nil || c.customers() != 1 {
		t.Errorf("forgotten %v, %d customers", r.ForgottenAt, c.customers())
	}
	c.is(p.Token, pledges.Joined)
	c.Audit()
}

// Many of which nothing can be done now do not keep the next ones from their turn.
func TestTheNextOnesHaveTheirTurn(t *testing.T) {
	c := open(t, 5)
	g := c.opens()
	a := c.asks(c.form(g.Code, "anne"))
	const many = 320
	c.DB.MustExec(`insert into carts (id, lang, created_at, updated_at) select 'many-' || n, 'fr', now(), now() from generate_series(1, $1) n`, many)
	c.DB.MustExec(`insert into pledges (token, operation, campaign_id, cart_id, variant_id, quantity, email, email_normal, name, street, postcode, city, country, lang, price_minor, method_name,
		shipping_minor, days_min, days_max, most_minor, consent, asked_at, expires_at)
		select 'many-' || n, 'many-' || n, campaign_id, 'many-' || n, variant_id, 1, email, email_normal, name, street, postcode, city, country, lang, price_minor, method_name,
		shipping_minor, days_min, days_max, most_minor, consent, asked_at, expires_at from pledges, generate_series(1, $1) n where id = $2`, many, a.ID)
	c.Clock.Set(c.Clock.Now().Add(pledges.CardTime))
	for range 2 {
		c.must(c.Pledges.Sweep(t.Context()))
	}
	var found int
	c.must(c.DB.Get(&found, `select count(*) from jobs where kind = 'pledges.lapse'`))
	if found != many+1 {
		t.Errorf("%d of %d have a job", found, many+1)
	}
}

// Who opens and ends group orders in a loop is asked to wait: the brand's team is told of each.
func TestOpeningInALoop(t *testing.T) {
	c := open(t, 5)
	for range pledges.MaxDaily {
		c.must(c.Pledges.Cancel(t.Context(), c.lea, c.opens().Code))
	}
	if _, err := c.Pledges.Open(t.Context(), c.lea, pledges.Draft{ProductID: c.shop.Product, Days: 5}); !errors.Is(err, pledges.ErrMany) {
		t.Errorf("one more: %v", err)
	}
	c.Pass(1)
	c.opens()
}

// A refusal whose answer was lost is found, and the bank is not asked a second time.
func TestARefusalThatWasLost(t *testing.T) {
	c := open(t, 5)
	g := c.opens()
	a, _ := c.two(g.Code, "4000000000000341", card(1))
	c.must(c.Clock.Advance(t.Context(), 10))
	c.must(c.Pledges.Close(t.Context(), g.ID))
	c.Sandbox.Inject(stripesandbox.Fault{Method: http.MethodPost, Path: "/v1/payment_intents", Effect: true, Status: http.StatusInternalServerError})
	if err := c.Pledges.Charge(t.Context(), a.ID); err == nil {
		t.Error("the answer was not lost")
	}
	c.Sandbox.ClearFaults()
	c.aWhile()
	c.must(c.Pledges.Charge(t.Context(), a.ID))
	p := c.see(a.Token)
	if paid, refused := c.charges(p.CustomerID); paid != 0 || refused != 1 || p.Refusals != 1 {
		t.Errorf("%d paid, %d refused, %d known", paid, refused, p.Refusals)
	}
	c.Pass(4) // nobody pays
	c.sweeps()
	c.Audit()
}
