package pledges_test

import (
	"errors"
	"testing"

	"relais/internal/app/apptest"
	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/notices"
	"relais/internal/orders"
	"relais/internal/pledges"
)

// sized has the piece in two sizes, and returns what the form of the product would send back.
func (c *circle) sized() (d catalog.ProductDraft, large int64) {
	c.T.Helper()
	d = catalog.ProductDraft{Title: "Bol", VATBps: 2000, Options: []string{"Taille"}, Variants: []catalog.VariantDraft{
		{ID: c.shop.Variant, Values: []string{"S"}, PriceMinor: 12000}, {Values: []string{"L"}, PriceMinor: 12000}}}
	c.must(c.Catalog.EditProduct(c.T.Context(), c.shop.Owner, c.shop.Brand, c.shop.Product, d))
	c.must(c.DB.Get(&large, `select id from variants where product_id = $1 and id <> $2`, c.shop.Product, c.shop.Variant))
	d.Variants[1].ID = large
	return d, large
}

// backsSize promises so many pieces of a variant.
func (c *circle) backsSize(code, who, card string, variant, pieces int64) pledges.Pledge {
	c.T.Helper()
	j := c.form(code, who)
	j.VariantID, j.Quantity = variant, pieces
	p := c.asks(j)
	c.keeps(p, card)
	return p
}

// What was promised to stays what it was until the launch is over; its price and stock may change, and nobody pays more for it.
func TestWhatIsPromisedStays(t *testing.T) {
	c := launch(t)
	d, _ := c.sized()
	g := c.launches()
	p := c.backs(g.Code, "anne", card(0), 3)
	edit := func(d catalog.ProductDraft) error {
		return c.Catalog.EditProduct(t.Context(), c.shop.Owner, c.shop.Brand, c.shop.Product, d)
	}
	less, custom := d, d
	less.Variants = d.Variants[1:]
	yes := true
	custom.CustomMade = &yes
	for when, then := range map[string]func(){"open": func() {}, "reached": c.ends} {
		then()
		for what, d := range map[string]catalog.ProductDraft{"a variant dropped": less, "made to wishes": custom} {
			if err := edit(d); !errors.Is(err, fault.Invalid) {
				t.Errorf("%s while %s: %v", what, when, err)
			}
		}
	}
	d.Variants[0].PriceMinor, d.Variants[0].Stock = 15000, 4
	c.must(edit(d))
	if o := c.see(p.Token).Order; o.GoodsMinor != 36000 {
		t.Errorf("paid %d", o.GoodsMinor)
	}
	c.must(c.Pledges.Made(t.Context(), c.shop.Owner, c.shop.Brand, g.ID))
	c.must(edit(less))
	c.Audit()
}

// Pieces that cannot be ordered at the end count for nothing: neither for the goal nor for a step.
func TestWhatCannotBeOrderedDoesNotCount(t *testing.T) {
	for name, is := range map[string]struct {
		others int64
		state  pledges.CampaignState
	}{"below the goal": {2, pledges.Missed}, "above it": {4, pledges.Reached}} {
		t.Run(name, func(t *testing.T) {
			c := launch(t)
			_, large := c.sized()
			g := c.launches()
			gone := c.backsSize(g.Code, "anne", card(0), large, 3)
			other := c.backsSize(g.Code, "bruno", card(1), c.shop.Variant, is.others)
			c.DB.MustExec(`update variants set active = false where id = $1`, large) // nothing of this program does it
			c.ends()
			v := c.view(g.Code)
			if v.State != is.state || v.Ended != int(is.others) || v.LessBps != 0 {
				t.Errorf("%s, %d pieces, %d less", v.State, v.Ended, v.LessBps)
			}
			if p := c.is(gone.Token, pledges.Released); p.EndedWhy != pledges.NotOffered || c.letters("released", "anne") != 1 {
				t.Errorf("%+v", p.Pledge)
			}
			if p := c.see(other.Token); (p.State == pledges.Ordered) != (is.state == pledges.Reached) {
				t.Errorf("the other one is %s", p.State)
			}
			c.Audit()
		})
	}
}

// Nothing is sent, and so nothing comes free, before the brand says that it is made; and it is not made while cards are charged, nor once the platform stopped it.
func TestNothingIsSentBeforeItIsMade(t *testing.T) {
	c := launch(t)
	ctx := t.Context()
	g := c.launches()
	p := c.backs(g.Code, "anne", card(0), 3)
	made := func() error { return c.Pledges.Made(ctx, c.shop.Owner, c.shop.Brand, g.ID) }
	c.must(c.Clock.Advance(ctx, 10))
	c.must(c.Pledges.Close(ctx, g.ID))
	if err := made(); !errors.Is(err, pledges.ErrCharging) {
		t.Errorf("made while a pledge is due: %v", err)
	}
	c.sweeps()
	o, err := c.Orders.ByID(ctx, *c.see(p.Token).OrderID)
	c.must(err)
	ship := func() error { return c.Orders.Ship(ctx, c.shop.Brand, o.Shipments[0].ID, "Colissimo", "6A1") }
	if err := ship(); !errors.Is(err, orders.ErrLaunchUnmade) {
		t.Errorf("sent before it is made: %v", err)
	}
	c.DB.MustExec(`update shipments set state = 'shipped', shipped_at = now() where id = $1`, o.Shipments[0].ID)
	if err := c.Orders.Deliver(ctx, 0, o.Shipments[0].ID, "buyer"); !errors.Is(err, orders.ErrLaunchUnmade) {
		t.Errorf("received before it is made: %v", err)
	}
	c.DB.MustExec(`update shipments set state = 'preparing', shipped_at = null where id = $1`, o.Shipments[0].ID)
	c.Audit()
	c.must(made())
	c.must(ship())
	c.Audit()
}

// The team of the brand does not fill its own goal: not with its accounts, its addresses or its cards.
func TestTheTeamCannotJoin(t *testing.T) {
	c := launch(t)
	ctx := t.Context()
	g := c.launches()
	var email string
	c.must(c.DB.Get(&email, `select email from members where id = $1`, c.shop.Owner))
	account, address := c.form(g.Code, "anne"), c.form(g.Code, "anne")
	account.MemberID, address.Email = &c.shop.Owner, email
	for what, j := range map[string]pledges.Joining{"account": account, "address": address} {
		if _, err := c.Pledges.Join(ctx, j); !errors.Is(err, pledges.ErrTeam) {
			t.Errorf("by its %s: %v", what, err)
		}
	}
	other := c.Shop("orfevre", 5000, 3)
	buys := apptest.Purchase{Variant: other.Variant}
	o := c.Paid(buys)
	c.DB.MustExec(`update orders set member_id = $2 where id = $1`, o.ID, c.shop.Owner)
	p := c.asks(c.form(g.Code, "bruno"))
	c.keeps(p, apptest.Good) // with which the owner paid
	c.sweeps()
	if p := c.is(p.Token, pledges.Lapsed); p.EndedWhy != pledges.OfTeam || p.ForgottenAt == nil || c.letters("late", "bruno") != 1 {
		t.Errorf("%+v", p.Pledge)
	}
	if now := c.view(g.Code).Now; now != 0 {
		t.Errorf("%d pieces", now)
	}
	c.backs(g.Code, "chloe", card(1), 1)
	c.Audit()
}

// A promise without a card keeps nobody out.
func TestNobodyIsKeptOutWithoutACard(t *testing.T) {
	c := launch(t)
	g := c.launches() // eight
	j := c.form(g.Code, "blocker")
	j.Quantity = 8
	blocker := c.asks(j)
	c.backs(g.Code, "anne", card(0), 5)
	c.keeps(blocker, card(1))
	c.sweeps()
	if p := c.is(blocker.Token, pledges.Lapsed); p.EndedWhy != pledges.Full || c.letters("late", "blocker") != 1 {
		t.Errorf("%+v", p.Pledge)
	}
	if v := c.view(g.Code); v.Left() != 3 {
		t.Errorf("%d left", v.Left())
	}
	c.Audit()
}

// A payment that comes when its order has expired is kept: nothing of a launch was ever in stock.
func TestALatePaymentOfALaunch(t *testing.T) {
	c := launch(t)
	g := c.launches()
	c.backs(g.Code, "bruno", card(0), 2)
	p := c.backs(g.Code, "anne", "4000000000000341", 1)
	c.ends()
	id := *c.see(p.Token).OrderID
	page, err := c.Orders.OpenCheckout(t.Context(), id)
	c.must(err)
	c.PayAt(page, apptest.Good)
	c.DB.MustExec(`update orders set state = 'expired', ended_at = now() where id = $1`, id)
	c.Settle()
	if o := c.see(p.Token).Order; o.State != orders.Paid || c.stock() != 0 {
		t.Errorf("%s, stock %d", o.State, c.stock())
	}
	c.Audit()
}

// A launch that was reached and will not be made: nobody is charged any more, whoever paid is paid back whole and once, also who pays late, and all are told.
func TestALaunchThatIsNotMade(t *testing.T) {
	for name, platform := range map[string]bool{"given up by its brand": false, "stopped by the platform, long after": true} {
		t.Run(name, func(t *testing.T) {
			c := launch(t)
			ctx := t.Context()
			g := c.launches()
			paid, poor := c.backs(g.Code, "anne", card(0), 2), c.backs(g.Code, "bruno", "4000000000000341", 1)
			c.ends()
			if platform {
				c.Pass(20)
				c.sweeps()
				c.must(c.Pledges.Stop(ctx, c.Member("admin"), g.Code, "rien ne vient"))
			} else {
				if err := c.Pledges.Unmake(ctx, c.shop.Owner, c.shop.Brand, g.ID, " "); !errors.Is(err, fault.Invalid) {
					t.Errorf("without a reason: %v", err)
				}
				if err := c.Pledges.Unmake(ctx, c.lea, c.shop.Brand, g.ID, "non"); !errors.Is(err, pledges.ErrGone) {
					t.Errorf("by a stranger: %v", err)
				}
				c.must(c.Pledges.Unmake(ctx, c.shop.Owner, c.shop.Brand, g.ID, "L’atelier a brûlé."))
			}
			c.sweeps()
			o := c.see(paid.Token).Order
			if o.State != orders.Refunded || o.RefundedMinor != o.TotalMinor || c.stock() != 0 || c.product() != catalog.Draft {
				t.Errorf("%s, %d of %d back, stock %d, product %s", o.State, o.RefundedMinor, o.TotalMinor, c.stock(), c.product())
			}
			if p := c.see(poor.Token); p.Order.State.WasPaid() || c.letters("unpaid", "bruno") != 1 {
				t.Errorf("not paid yet, and now %s", p.Order.State)
			}
			c.must(c.Pledges.PayBack(ctx, o.ID))
			var asked int
			c.must(c.DB.Get(&asked, `select count(*) from refunds where order_id = $1`, o.ID))
			if asked != 1 {
				t.Errorf("asked %d times", asked)
			}
			if told := c.Told(c.shop.Owner, notices.BrandOrder); told[len(told)-1] != "launch_unmade" {
				t.Errorf("the team was told %v", told)
			}
			for what, err := range map[string]error{"made": c.Pledges.Made(ctx, c.shop.Owner, c.shop.Brand, g.ID), "started": c.Pledges.Start(ctx, c.shop.Owner, c.shop.Brand, g.ID),
				"given up again": c.Pledges.Unmake(ctx, c.shop.Owner, c.shop.Brand, g.ID, "non")} {
				if !errors.Is(err, pledges.ErrNotReached) {
					t.Errorf("%s: %v", what, err)
				}
			}
			c.Audit()
		})
	}
}
