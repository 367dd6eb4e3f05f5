package pledges_test

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"relais/internal/app/apptest"
	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/orders"
	"relais/internal/pledges"
	"relais/internal/stripesandbox"
)

// The main job: opened, joined with cards, reached, charged at the price of the step, delivered, the commission of who opened it on what was
// really paid; the cards are forgotten.
func TestLifeOfAGroupOrder(t *testing.T) {
	c := open(t, 20)
	g := c.opens()
	tokens := map[string]string{}
	for i, who := range []string{"anne", "bruno", "chloe"} {
		tokens[who] = c.joins(g.Code, who, card(i)).Token
		if c.letters("joined", who) != 1 {
			t.Errorf("%s has no letter", who)
		}
	}
	v := c.view(g.Code)
	if step, ok := v.Reached(); v.Now != 3 || !ok || step.LessBps != 1000 || c.stock() != 17 {
		t.Errorf("%d people, %+v, stock %d", v.Now, step, c.stock())
	}
	c.Pass(9)
	c.sweeps()
	for who, token := range tokens {
		p := c.is(token, pledges.Joined)
		if paid, refused := c.charges(p.CustomerID); paid+refused != 0 {
			t.Errorf("%s was charged before the day", who)
		}
	}
	c.Pass(1)
	c.sweeps()
	for who, token := range tokens {
		p := c.is(token, pledges.Ordered)
		// 108.00 and 5.00 of delivery
		if p.Order.State != orders.Paid || p.Order.TotalMinor != 11300 || p.ForgottenAt == nil {
			t.Errorf("%s: %s, %d, forgotten %v", who, p.Order.State, p.Order.TotalMinor, p.ForgottenAt)
		}
		if paid, refused := c.charges(p.CustomerID); paid != 1 || refused != 0 {
			t.Errorf("%s was charged %d times", who, paid)
		}
	}
	// 10 % of 90.00 each
	if held := c.held(c.lea); held != 2700 {
		t.Errorf("who opened it has %d", held)
	}
	if v := c.view(g.Code); v.State != pledges.Reached || v.Ended != 3 || v.LessBps != 1000 || v.Charged != 3 || v.Earned != 2700 || c.stock() != 17 {
		t.Errorf("%+v", v)
	}
	if told := c.Told(c.lea, "together"); len(told) != 1 {
		t.Errorf("told %v", told)
	}
	c.Audit()
}

// Too few: nobody pays, the stock is there again, everybody is told and every card forgotten.
func TestMissed(t *testing.T) {
	c := open(t, 5)
	g := c.opens()
	p := c.joins(g.Code, "anne", card(0))
	c.ends()
	q := c.is(p.Token, pledges.Released)
	if q.EndedWhy != pledges.NotEnough || q.ForgottenAt == nil || c.letters("released", "anne") != 1 || c.stock() != 5 || c.view(g.Code).State != pledges.Missed {
		t.Errorf("%+v, stock %d", q.Pledge, c.stock())
	}
	c.sweeps()
	if c.letters("released", "anne") != 1 || c.stock() != 5 {
		t.Error("told twice, or given back twice")
	}
	c.Pass(31)
	c.sweeps()
	if q := c.see(p.Token); q.Email != "" || q.Street != "" || q.Name != "" {
		t.Errorf("still known: %+v", q.Pledge)
	}
	c.Audit()
}

func TestLeave(t *testing.T) {
	c := open(t, 5)
	g := c.opens()
	a, b := c.joins(g.Code, "anne", card(0)), c.joins(g.Code, "bruno", card(1))
	for range 2 {
		c.must(c.Pledges.Leave(t.Context(), a.Token))
	}
	c.sweeps()
	p := c.is(a.Token, pledges.Left)
	if c.stock() != 4 || p.ForgottenAt == nil || c.letters("left", "anne") != 1 || c.view(g.Code).Now != 1 {
		t.Errorf("stock %d, forgotten %v, %d people", c.stock(), p.ForgottenAt, c.view(g.Code).Now)
	}
	c.Clock.Set(g.Deadline) // the day has come, and nobody has closed it yet
	if err := c.Pledges.Leave(t.Context(), b.Token); !errors.Is(err, pledges.ErrTooLate) {
		t.Errorf("at the deadline: %v", err)
	}
	if _, err := c.Pledges.Join(t.Context(), c.form(g.Code, "chloe")); !errors.Is(err, pledges.ErrOver) {
		t.Errorf("joining at the deadline: %v", err)
	}
	c.sweeps()
	c.is(b.Token, pledges.Released)
	c.Audit()
}

// One person with two addresses or two cards does not reach a step alone.
func TestOnePersonIsOne(t *testing.T) {
	c := open(t, 9)
	g := c.opens()
	c.joins(g.Code, "anne", card(0))
	c.joins(g.Code, "anne.autre", card(0)) // one card
	if now := c.view(g.Code).Now; now != 1 {
		t.Errorf("%d people", now)
	}
	h := c.opens()
	c.joins(h.Code, "anne", card(0))
	c.joins(h.Code, "anne", card(1)) // one address
	if now := c.view(h.Code).Now; now != 1 {
		t.Errorf("%d people", now)
	}
	c.ends()
	if v := c.view(g.Code); v.State != pledges.Missed || c.stock() != 9 {
		t.Errorf("%s, stock %d", v.State, c.stock())
	}
	c.Audit()
}

// What a buyer authorised is the most that is taken, whatever the brand does to its prices; and a price that fell is theirs.
func TestPricesThatChange(t *testing.T) {
	for _, tt := range []struct {
		name      string
		now, want int64
	}{{"raised", 15000, 10800 + 500}, {"lowered", 10000, 9000 + 500}} {
		t.Run(tt.name, func(t *testing.T) {
			c := open(t, 5)
			g := c.opens()
			a := c.joins(g.Code, "anne", card(0))
			c.joins(g.Code, "bruno", card(1))
			_, err := c.DB.Exec(`update variants set price_minor = $2 where id = $1`, c.shop.Variant, tt.now)
			c.must(err)
			c.offer(nil) // the steps stay those of the opening
			c.ends()
			if p := c.is(a.Token, pledges.Ordered); p.Order.State != orders.Paid || p.Order.TotalMinor != tt.want {
				t.Errorf("%s, %d", p.Order.State, p.Order.TotalMinor)
			}
			c.Audit()
		})
	}
}

// A card whose bank wants its owner: told at once, paid by another card on the order's page; the others keep their price.
func TestRefusedAndPaidByHand(t *testing.T) {
	for _, number := range []string{always, "4000000000000341"} {
		c := open(t, 5)
		g := c.opens()
		a, b := c.joins(g.Code, "anne", number), c.joins(g.Code, "bruno", card(1))
		c.ends()
		p := c.is(a.Token, pledges.Ordered)
		if p.Order == nil || p.Order.State != orders.AwaitingPayment || p.Refusals != 1 || p.NextAt != nil || c.letters("refused:1", "anne") != 1 {
			t.Fatalf("%s: %+v", p.Order.State, p.Pledge)
		}
		if q := c.is(b.Token, pledges.Ordered); q.Order.State != orders.Paid || q.Order.TotalMinor != 11300 {
			t.Errorf("the other: %s, %d", q.Order.State, q.Order.TotalMinor)
		}
		c.Pass(1)
		c.sweeps() // not tried again
		if paid, refused := c.charges(p.CustomerID); paid != 0 || refused != 1 {
			t.Errorf("%d paid, %d refused", paid, refused)
		}
		c.Pay(*p.Order, apptest.Good)
		c.sweeps()
		if p = c.is(a.Token, pledges.Ordered); p.Order.State != orders.Paid || p.ForgottenAt == nil || p.Order.TotalMinor != 11300 {
			t.Errorf("%s, forgotten %v", p.Order.State, p.ForgottenAt)
		}
		c.Audit()
	}
}

// A card without money is tried again the next day, and pays.
func TestTriedAgain(t *testing.T) {
	c := open(t, 5)
	g := c.opens()
	a := c.joins(g.Code, "anne", "4000000000009995")
	c.joins(g.Code, "bruno", card(1))
	c.ends()
	p := c.is(a.Token, pledges.Ordered)
	if p.Order.State != orders.AwaitingPayment || p.Refusals != 1 || p.NextAt == nil || !p.NextAt.Equal(p.RefusedAt.Add(pledges.RetryTime)) {
		t.Fatalf("%s: %+v", p.Order.State, p.Pledge)
	}
	_, err := c.Orders.OpenCheckout(t.Context(), *p.OrderID) // a page that its buyer looks at, and leaves
	c.must(err)
	c.must(c.Sandbox.TurnCard(p.CardID, ""))
	c.Pass(1)
	c.sweeps()
	if p = c.is(a.Token, pledges.Ordered); p.Order.State != orders.Paid || p.ForgottenAt == nil {
		t.Errorf("%s, forgotten %v", p.Order.State, p.ForgottenAt)
	}
	if paid, refused := c.charges(p.CustomerID); paid != 1 || refused != 1 {
		t.Errorf("%d paid, %d refused", paid, refused)
	}
	c.Audit()
}

// Nobody pays for a card that stays refused: the order ends, its stock is for sale again, its buyer is told and the others are not touched.
func TestNeverPaid(t *testing.T) {
	c := open(t, 5)
	g := c.opens()
	a := c.joins(g.Code, "anne", "4000000000009995")
	c.joins(g.Code, "bruno", card(1))
	c.ends()
	for range 4 {
		c.Pass(1)
		c.sweeps()
	}
	p := c.is(a.Token, pledges.Ordered)
	if p.Order.State != orders.Expired || p.ForgottenAt == nil || c.stock() != 4 || c.letters("unpaid", "anne") != 1 || p.Refusals != 3 {
		t.Errorf("%s, %d refusals, forgotten %v, stock %d", p.Order.State, p.Refusals, p.ForgottenAt, c.stock())
	}
	if v := c.view(g.Code); v.Charged != 1 || v.Unpaid != 1 || v.Waiting != 0 {
		t.Errorf("%+v", v)
	}
	c.Audit()
}

// A page of payment lives for a day, the order for three: there is another page the next day.
func TestAnotherPageTheNextDay(t *testing.T) {
	c := open(t, 5)
	g := c.opens()
	a := c.joins(g.Code, "anne", "4000000000000341")
	c.joins(g.Code, "bruno", card(1))
	c.ends()
	p := c.is(a.Token, pledges.Ordered)
	first, err := c.Orders.OpenCheckout(t.Context(), *p.OrderID)
	c.must(err)
	c.Pass(1)
	c.sweeps()
	if p = c.see(a.Token); p.Order.State != orders.AwaitingPayment {
		t.Fatalf("it is %s with its page", p.Order.State)
	}
	second, err := c.Orders.OpenCheckout(t.Context(), *p.OrderID)
	c.must(err)
	if first == second {
		t.Error("the page of yesterday")
	}
	c.PayAt(second, apptest.Good)
	c.Settle()
	if p = c.see(a.Token); p.Order.State != orders.Paid {
		t.Errorf("it is %s", p.Order.State)
	}
	c.Audit()
}

// Whatever is lost between us and the provider, each card is charged once.
func TestLostAnswers(t *testing.T) {
	for name, f := range map[string]stripesandbox.Fault{
		"charged, and no answer":    {Effect: true},
		"charged, and an error 500": {Effect: true, Status: http.StatusInternalServerError},
		"not charged, an error 500": {Status: http.StatusInternalServerError},
		"away for a while":          {Status: http.StatusServiceUnavailable, Times: 5},
	} {
		t.Run(name, func(t *testing.T) {
			c := open(t, 5)
			g := c.opens()
			a, b := c.joins(g.Code, "anne", card(0)), c.joins(g.Code, "bruno", card(1))
			f.Method, f.Path = http.MethodPost, "/v1/payment_intents"
			c.must(c.Clock.Advance(t.Context(), 10))
			c.must(c.Pledges.Sweep(t.Context()))
			c.Settle()
			c.Sandbox.Inject(f)
			c.struggles()
			c.Sandbox.ClearFaults()
			c.aWhile()
			c.struggles()
			c.sweeps()
			for _, token := range []string{a.Token, b.Token} {
				p := c.is(token, pledges.Ordered)
				if paid, _ := c.charges(p.CustomerID); paid != 1 || p.Order == nil || p.Order.State != orders.Paid {
					t.Errorf("%d charges, %+v", paid, p.Order)
				}
			}
			c.Audit()
		})
	}
}

// struggles does what is due while calls go wrong: jobs that fail are tried again at once.
func (c *circle) struggles() {
	c.T.Helper()
	for range 4 {
		c.must(c.Pledges.Sweep(c.T.Context()))
		c.must(c.Sandbox.Drain(c.T.Context()))
		_ = c.Jobs.Drain(c.T.Context()) // what fails waits for its next try
		_, err := c.DB.Exec(`update jobs set run_at = clock_timestamp() where done_at is null and parked_at is null`)
		c.must(err)
	}
}

// aWhile lets real time pass since the last call to the provider: its lists are complete.
func (c *circle) aWhile() {
	c.T.Helper()
	_, err := c.DB.Exec(`update pledges set tried_at = tried_at - interval '2 minutes' where tried_at is not null`)
	c.must(err)
}

// A charge of which we never heard, and a buyer who paid on the page in the meantime: one of the two goes back.
func TestPaidTwiceGoesBack(t *testing.T) {
	c := open(t, 5)
	g := c.opens()
	a := c.joins(g.Code, "anne", card(0))
	c.joins(g.Code, "bruno", card(1))
	c.must(c.Clock.Advance(t.Context(), 10))
	c.Sandbox.Inject(stripesandbox.Fault{Method: http.MethodPost, Path: "/v1/payment_intents", Effect: true, Times: 99})
	c.struggles()
	c.Sandbox.ClearFaults()
	p := c.is(a.Token, pledges.Ordered)
	if p.Order.State != orders.AwaitingPayment {
		t.Fatalf("it is %s: the answer was not lost", p.Order.State)
	}
	c.Pay(*p.Order, apptest.Good)
	c.struggles()
	c.aWhile()
	c.struggles()
	c.sweeps()
	o, err := c.Orders.ByID(t.Context(), *p.OrderID)
	c.must(err)
	if o.State != orders.Paid || len(o.Refunds) != 1 || !o.Refunds[0].Stray || o.Refunds[0].Amount.Minor != 11300 || o.Refunds[0].State != "succeeded" {
		t.Errorf("%s, refunds %+v", o.State, o.Refunds)
	}
	c.Audit()
}

// The page for the card is left: the stock is for sale again, and a card that was left in time counts though nobody told us.
func TestPagesForCards(t *testing.T) {
	c := open(t, 5)
	g := c.opens()
	left := c.asks(c.form(g.Code, "anne"))
	_, err := c.Pledges.OpenSetup(t.Context(), left.Token)
	c.must(err)
	never := c.asks(c.form(g.Code, "bruno"))
	kept := c.asks(c.form(g.Code, "chloe"))
	c.CatchNotices(func() { c.keepsQuietly(kept) })
	if c.stock() != 2 {
		t.Errorf("stock %d", c.stock())
	}
	c.Clock.Set(c.Clock.Now().Add(pledges.CardTime))
	c.sweeps()
	c.is(left.Token, pledges.Lapsed)
	c.is(never.Token, pledges.Lapsed)
	c.is(kept.Token, pledges.Joined)
	if c.stock() != 4 {
		t.Errorf("stock %d", c.stock())
	}
	for _, p := range []pledges.Pledge{left, never} {
		if _, err := c.Pledges.OpenSetup(t.Context(), p.Token); !errors.Is(err, pledges.ErrOver) {
			t.Errorf("opened again: %v", err)
		}
	}
	c.Audit()
}

func (c *circle) keepsQuietly(p pledges.Pledge) {
	url, err := c.Pledges.OpenSetup(c.T.Context(), p.Token)
	c.must(err)
	_, err = stripesandbox.Visitor{}.Pay(c.T.Context(), url, stripesandbox.Payer{Email: p.Email, Name: p.Name, Card: card(5)}, c.Clock.Now())
	c.must(err)
}

// Whoever comes back from the page for the card is in at once, whatever became of the provider's notice.
func TestLook(t *testing.T) {
	c := open(t, 5)
	g := c.opens()
	p := c.asks(c.form(g.Code, "anne"))
	c.must(c.Pledges.Look(t.Context(), p.Token)) // no page is open yet
	_, err := c.Pledges.OpenSetup(t.Context(), p.Token)
	c.must(err)
	c.must(c.Pledges.Look(t.Context(), p.Token)) // no card was left there yet
	c.is(p.Token, pledges.Pending)
	c.CatchNotices(func() { c.keepsQuietly(p) })
	for range 2 {
		c.must(c.Pledges.Look(t.Context(), p.Token))
		c.is(p.Token, pledges.Joined)
	}
	if c.letters("joined", "anne") != 1 || c.view(g.Code).Now != 1 {
		t.Errorf("%d letters, %d people", c.letters("joined", "anne"), c.view(g.Code).Now)
	}
	if err := c.Pledges.Look(t.Context(), "nowhere"); !errors.Is(err, pledges.ErrGone) {
		t.Errorf("nobody's: %v", err)
	}
	c.Audit()
}

// The campaign ends while somebody is at the page for their card: they are not charged, and the card is forgotten.
func TestTooLateWithTheCard(t *testing.T) {
	c := open(t, 5)
	g := c.opens()
	late := c.asks(c.form(g.Code, "anne"))
	url, err := c.Pledges.OpenSetup(t.Context(), late.Token)
	c.must(err)
	c.must(c.Pledges.Cancel(t.Context(), c.lea, g.Code))
	_, err = stripesandbox.Visitor{}.Pay(t.Context(), url, stripesandbox.Payer{Email: late.Email, Name: late.Name, Card: card(0)}, c.Clock.Now())
	c.must(err)
	c.Settle()
	c.sweeps()
	if p := c.is(late.Token, pledges.Lapsed); p.ForgottenAt == nil || c.stock() != 5 {
		t.Errorf("forgotten %v, stock %d", p.ForgottenAt, c.stock())
	}
	c.Audit()
}

func TestCancelled(t *testing.T) {
	c := open(t, 5)
	admin := c.Member("admin")
	for _, tt := range []struct {
		name string
		end  func(g pledges.Campaign) error
		why  pledges.Why
		left pledges.Why
	}{
		{"by who opened it", func(g pledges.Campaign) error { return c.Pledges.Cancel(t.Context(), c.lea, g.Code) }, pledges.ByOpener, pledges.CalledOff},
		{"by the platform", func(g pledges.Campaign) error { return c.Pledges.Stop(t.Context(), admin, g.Code, "annonce trompeuse") }, pledges.ByPlatform, pledges.CalledOff},
		{"no longer for sale", func(pledges.Campaign) error {
			c.must(c.Catalog.MoveProduct(t.Context(), c.shop.Owner, c.shop.Brand, c.shop.Product, catalog.Archived))
			c.Clock.Set(c.Clock.Now().AddDate(0, 0, 10))
			return nil
		}, pledges.Unavailable, pledges.Unavailable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := c.opens()
			a, b := c.joins(g.Code, "anne", card(0)), c.joins(g.Code, "bruno", card(1))
			if err := c.Pledges.Cancel(t.Context(), c.shop.Owner, g.Code); !errors.Is(err, pledges.ErrGone) {
				t.Errorf("somebody else: %v", err)
			}
			c.must(tt.end(g))
			c.sweeps()
			for _, token := range []string{a.Token, b.Token} {
				if p := c.is(token, pledges.Released); p.EndedWhy != tt.left || p.ForgottenAt == nil {
					t.Errorf("%+v", p.Pledge)
				}
			}
			if v := c.view(g.Code); v.State != pledges.Cancelled || v.EndedWhy != tt.why || c.stock() != 5 {
				t.Errorf("%s by %s, stock %d", v.State, v.EndedWhy, c.stock())
			}
			if err := c.Pledges.Cancel(t.Context(), c.lea, g.Code); !errors.Is(err, pledges.ErrOver) {
				t.Errorf("again: %v", err)
			}
			c.Audit()
		})
	}
}

// The product is taken off between the deadline and a charge: that one is released, and nobody pays for what they cannot have.
func TestUnavailableAtTheCharge(t *testing.T) {
	c := open(t, 5)
	g := c.opens()
	a, b := c.joins(g.Code, "anne", card(0)), c.joins(g.Code, "bruno", card(1))
	c.must(c.Clock.Advance(t.Context(), 10))
	c.must(c.Pledges.Close(t.Context(), g.ID))
	c.must(c.Pledges.Charge(t.Context(), a.ID))
	c.must(c.Catalog.MoveProduct(t.Context(), c.shop.Owner, c.shop.Brand, c.shop.Product, catalog.Archived))
	c.must(c.Pledges.Charge(t.Context(), b.ID))
	c.sweeps()
	if p := c.is(a.Token, pledges.Ordered); p.Order.State != orders.Paid {
		t.Errorf("%s", p.Order.State)
	}
	if p := c.is(b.Token, pledges.Released); p.EndedWhy != pledges.Unavailable || c.stock() != 4 {
		t.Errorf("%s, stock %d", p.EndedWhy, c.stock())
	}
	c.Audit()
}

func TestFaultsOfTheForms(t *testing.T) {
	c := open(t, 3)
	ctx := t.Context()
	for name, tt := range map[string]struct {
		draft pledges.Draft
		want  error
	}{
		"no day":       {pledges.Draft{ProductID: c.shop.Product}, pledges.ErrDays},
		"too far":      {pledges.Draft{ProductID: c.shop.Product, Days: 31}, pledges.ErrDays},
		"no product":   {pledges.Draft{ProductID: 1 << 40, Days: 5}, pledges.ErrGone},
		"without step": {pledges.Draft{ProductID: c.Shop("verre", 5000, 5).Product, Days: 5}, pledges.ErrNoSteps},
	} {
		if _, err := c.Pledges.Open(ctx, c.lea, tt.draft); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	g := c.opens()
	for name, tt := range map[string]struct {
		change func(*pledges.Joining)
		want   error
		field  string
	}{
		"no consent":       {func(j *pledges.Joining) { j.Consent = false }, fault.Invalid, "consent"},
		"none":             {func(j *pledges.Joining) { j.Quantity = 0 }, fault.Invalid, "quantity"},
		"too many":         {func(j *pledges.Joining) { j.Quantity = 11 }, fault.Invalid, "quantity"},
		"another product":  {func(j *pledges.Joining) { j.VariantID = c.Shop("bois", 100, 5).Variant }, pledges.ErrVariant, "variant"},
		"no variant":       {func(j *pledges.Joining) { j.VariantID = 0 }, pledges.ErrVariant, "variant"},
		"no address":       {func(j *pledges.Joining) { j.Address.Street = "" }, fault.Invalid, "street"},
		"no mail":          {func(j *pledges.Joining) { j.Email = "anne" }, fault.Invalid, "email"},
		"far away":         {func(j *pledges.Joining) { j.Address.Country, j.Address.Postcode = "BE", "1000" }, fault.Invalid, "method"},
		"the price moved":  {func(j *pledges.Joining) { j.SeenMinor = 1 }, orders.ErrPriceMoved, ""},
		"more than there":  {func(j *pledges.Joining) { j.Quantity = 4 }, fault.Conflict, ""},
		"no such campaign": {func(j *pledges.Joining) { j.Code = "nowhere" }, pledges.ErrGone, ""},
	} {
		j := c.form(g.Code, "anne")
		tt.change(&j)
		_, err := c.Pledges.Join(ctx, j)
		var f *fault.Error
		if !errors.Is(err, tt.want) || tt.field != "" && (!errors.As(err, &f) || f.Fields[tt.field] == "") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if c.stock() != 3 {
		t.Errorf("stock %d", c.stock())
	}
	for range pledges.MaxOpen - 1 {
		c.opens()
	}
	if _, err := c.Pledges.Open(ctx, c.lea, pledges.Draft{ProductID: c.shop.Product, Days: 5}); !errors.Is(err, pledges.ErrMany) {
		t.Errorf("one too many: %v", err)
	}
}

// Of two who want the last piece one has it; the same form sent twice at once is one pledge; the campaign ends at the same time, and
// everything that joined is decided.
func TestAtOnce(t *testing.T) {
	c := open(t, 6)
	g := c.opens()
	ctx := t.Context()
	var each sync.WaitGroup
	twice := c.form(g.Code, "anne")
	var made [12]pledges.Pledge
	for i := range made {
		each.Go(func() {
			j := twice
			if i >= 4 {
				j = c.formAt(i, g.Code)
			}
			made[i], _ = c.Pledges.Join(ctx, j)
		})
	}
	each.Wait()
	ids := map[int64]bool{}
	for _, p := range made {
		if p.ID != 0 {
			ids[p.ID] = true
		}
	}
	if len(ids) != 6 || c.stock() != 0 || made[0].ID != made[1].ID || made[0].ID != made[2].ID || made[0].ID != made[3].ID { // all four, or none where others were quicker
		t.Errorf("%d pledges of 6 pieces, stock %d", len(ids), c.stock())
	}
	n := 0
	for i, p := range made {
		if p.ID != 0 && (i == 0 || i >= 4) {
			c.keeps(p, card(n))
			n++
		}
	}
	c.must(c.Clock.Advance(ctx, 10))
	for range 3 {
		each.Go(func() { c.must(c.Pledges.Close(ctx, g.ID)) })
		each.Go(func() { _ = c.Pledges.Leave(ctx, made[0].Token) })
		for _, p := range made {
			if p.ID != 0 {
				each.Go(func() { _ = c.Pledges.Charge(ctx, p.ID) })
			}
		}
	}
	each.Wait()
	c.struggles()
	c.sweeps()
	for id := range ids {
		var token string
		c.must(c.DB.Get(&token, `select token from pledges where id = $1`, id))
		p := c.is(token, pledges.Ordered)
		if paid, _ := c.charges(p.CustomerID); paid != 1 || p.Order.State != orders.Paid || p.Order.TotalMinor != 9600+500 {
			t.Errorf("charged %d times, %s, %d", paid, p.Order.State, p.Order.TotalMinor)
		}
	}
	c.Audit()
}

func (c *circle) formAt(i int, code string) pledges.Joining {
	return pledges.Joining{Code: code, Operation: fmt.Sprintf("at-once-%012d", i), VariantID: c.shop.Variant, Quantity: 1, Email: fmt.Sprintf("p%d@poste.example", i), Consent: true, Lang: "fr",
		Address: orders.Address{Name: "P", Street: "3 rue des Lilas", Postcode: "35000", City: "Rennes", Country: "FR"}}
}

// Who opened it buys for themselves, and earns nothing on that; who had brought them does.
func TestOwnPiece(t *testing.T) {
	c := open(t, 5)
	max := c.Member("max")
	token := c.Follow(c.shop.Product, "lea-phone", max)
	c.Clock.Set(c.Clock.Now().Add(time.Minute))
	g := c.opens()
	j := c.form(g.Code, "lea")
	j.Email, j.MemberID, j.ClickToken, j.Visitor = "lea@relais.example", &c.lea, token, "lea-phone"
	own := c.asks(j)
	c.keeps(own, card(0))
	c.joins(g.Code, "anne", card(1))
	c.ends()
	c.is(own.Token, pledges.Ordered)
	if lea, other := c.held(c.lea), c.held(max); lea != 900 || other != 900 {
		t.Errorf("who opened it has %d, who brought her %d", lea, other)
	}
	c.Audit()
}
