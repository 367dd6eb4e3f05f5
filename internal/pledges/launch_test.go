package pledges_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"relais/internal/app/apptest"
	"relais/internal/carts"
	"relais/internal/catalog"
	"relais/internal/catalog/steps"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/ideas"
	"relais/internal/notices"
	"relais/internal/orders"
	"relais/internal/pledges"
	"relais/internal/referrals"
	"relais/internal/stripesandbox"
)

// launch is a shop whose bowl of 120.00 is a draft that was never sold, with nothing in stock.
func launch(t *testing.T) *circle {
	t.Helper()
	c := open(t, 0)
	c.must(c.Catalog.MoveProduct(t.Context(), c.shop.Owner, c.shop.Brand, c.shop.Product, catalog.Draft))
	return c
}

// plan is a launch of three pieces, from five on 10 % less, at most eight.
func (c *circle) plan() pledges.LaunchDraft {
	return pledges.LaunchDraft{ProductID: c.shop.Product, Goal: 3, Max: 8, Steps: steps.Steps{{People: 5, LessBps: 1000}}, Days: 10,
		Expected: c.Clock.Now().AddDate(0, 3, 0), Plan: "La terre, la cuisson et l’émail."}
}

func (c *circle) launches() pledges.Campaign {
	c.T.Helper()
	campaign, err := c.Pledges.Launch(c.T.Context(), c.shop.Owner, c.shop.Brand, c.plan())
	c.must(err)
	return campaign
}

// backs promises so many pieces with a card.
func (c *circle) backs(code, who, card string, pieces int64) pledges.Pledge {
	c.T.Helper()
	j := c.form(code, who)
	j.Quantity = pieces
	p := c.asks(j)
	c.keeps(p, card)
	return c.is(p.Token, pledges.Joined).Pledge
}

func (c *circle) product() (state catalog.State) {
	c.T.Helper()
	c.must(c.DB.Get(&state, `select state from products where id = $1`, c.shop.Product))
	return state
}

// The main job: promised, reached, charged at the price of the step, made, for sale; the stock is never touched, and nobody earns for having opened it.
func TestLifeOfALaunch(t *testing.T) {
	c := launch(t)
	ctx := t.Context()
	g := c.launches()
	if c.product() != catalog.Launching {
		t.Errorf("the product is %s", c.product())
	}
	tokens := map[string]string{}
	for who, n := range map[string]int64{"anne": 2, "bruno": 1, "chloe": 2} {
		tokens[who] = c.backs(g.Code, who, card(len(tokens)), n).Token
	}
	if v := c.view(g.Code); v.Now != 5 || v.Left() != 3 {
		t.Errorf("%d pieces, %d left", v.Now, v.Left())
	}
	c.ends()
	for who, token := range tokens {
		p := c.is(token, pledges.Ordered)
		if p.Order.State != orders.Paid || p.Order.TotalMinor != 10800*p.Quantity+500 || p.Order.Expected == nil || !p.Order.Expected.Equal(*g.Expected) {
			t.Errorf("%s: %s, %d, expected %v", who, p.Order.State, p.Order.TotalMinor, p.Order.Expected)
		}
		if paid, refused := c.charges(p.CustomerID); paid != 1 || refused != 0 {
			t.Errorf("%s was charged %d times", who, paid)
		}
	}
	if v := c.view(g.Code); v.State != pledges.Reached || v.Ended != 5 || v.LessBps != 1000 || v.Charged != 3 || v.Earned != 0 || c.stock() != 0 {
		t.Errorf("%+v, stock %d", v, c.stock())
	}
	if c.product() != catalog.Launching {
		t.Errorf("before it is made the product is %s", c.product())
	}
	c.Audit()

	for range 2 {
		c.must(c.Pledges.Start(ctx, c.shop.Owner, c.shop.Brand, g.ID))
	}
	for range 2 {
		c.must(c.Pledges.Made(ctx, c.shop.Owner, c.shop.Brand, g.ID))
	}
	c.Settle()
	if v := c.view(g.Code); v.StartedAt == nil || v.MadeAt == nil || c.product() != catalog.Published {
		t.Errorf("%+v, product %s", v, c.product())
	}
	for who := range tokens {
		if c.letters("made", who) != 1 {
			t.Errorf("%s was told %d times that it is for sale", who, c.letters("made", who))
		}
	}
	if _, err := c.Pledges.LaunchOf(ctx, c.shop.Product, i18n.FR); !errors.Is(err, pledges.ErrGone) {
		t.Errorf("still being launched: %v", err)
	}
	c.Audit()
}

// A member who was charged is told in the app too.
func TestABackerIsToldThatItIsForSale(t *testing.T) {
	c := launch(t)
	g := c.launches()
	j := c.form(g.Code, "lea")
	j.MemberID, j.Quantity = &c.lea, 3
	c.keeps(c.asks(j), card(0))
	c.ends()
	c.must(c.Pledges.Made(t.Context(), c.shop.Owner, c.shop.Brand, g.ID))
	c.Settle()
	if told := c.Told(c.lea, notices.Order); fmt.Sprint(told) != "[pledge_joined paid launch_made]" {
		t.Errorf("told %v", told)
	}
}

// Below the goal nobody pays, all are told and forgotten, and the product is a draft again, which can be launched once more.
func TestALaunchIsMissed(t *testing.T) {
	c := launch(t)
	g := c.launches()
	p := c.backs(g.Code, "anne", card(0), 2)
	if err := c.Pledges.Made(t.Context(), c.shop.Owner, c.shop.Brand, g.ID); !errors.Is(err, pledges.ErrNotReached) {
		t.Errorf("made before its end: %v", err)
	}
	c.ends()
	q := c.is(p.Token, pledges.Released)
	if q.EndedWhy != pledges.NotEnough || q.ForgottenAt == nil || c.letters("released", "anne") != 1 || c.stock() != 0 || c.product() != catalog.Draft {
		t.Errorf("%+v, stock %d, product %s", q.Pledge, c.stock(), c.product())
	}
	if v := c.view(g.Code); v.State != pledges.Missed || v.Ended != 2 {
		t.Errorf("%+v", v)
	}
	if told := c.Told(c.shop.Owner, notices.BrandOrder); len(told) != 1 || told[0] != "launch_missed" {
		t.Errorf("the team was told %v", told)
	}
	c.Audit()
	c.launches()
	c.Audit()
}

// A card that is refused and one whose bank wants its owner: as in a group order, with the price kept; who pays by hand is in, who does not changes nothing,
// and no piece appears in a stock that never had it.
func TestALaunchWithRefusedCards(t *testing.T) {
	c := launch(t)
	g := c.launches()
	poor, shy := c.backs(g.Code, "anne", "4000000000000341", 1), c.backs(g.Code, "bruno", always, 1)
	good := c.backs(g.Code, "chloe", card(0), 1)
	c.ends()
	for who, token := range map[string]string{"anne": poor.Token, "bruno": shy.Token} {
		p := c.is(token, pledges.Ordered)
		if p.Order.State != orders.AwaitingPayment || p.Refusals != 1 || c.letters("refused:1", who) != 1 {
			t.Errorf("%s: %s, refused %d times", who, p.Order.State, p.Refusals)
		}
	}
	page, err := c.Orders.OpenCheckout(t.Context(), *c.see(shy.Token).OrderID)
	c.must(err)
	c.PayAt(page, apptest.Good)
	c.Settle()
	c.Pass(4)
	c.sweeps()
	if p := c.see(shy.Token); p.Order.State != orders.Paid || p.Order.TotalMinor != 12500 {
		t.Errorf("paid by hand: %s, %d", p.Order.State, p.Order.TotalMinor)
	}
	if p := c.see(poor.Token); p.Order.State != orders.Expired || c.letters("unpaid", "anne") != 1 || c.stock() != 0 {
		t.Errorf("never paid: %s, stock %d", p.Order.State, c.stock())
	}
	if p := c.see(good.Token); p.Order.State != orders.Paid {
		t.Errorf("the other one: %s", p.Order.State)
	}
	c.Audit()
}

// However many leave a card at once, no more pieces are promised than can be made, and whoever comes too late is told; one that is taken back is there for others. Whoever
// leaves no card keeps nobody out.
func TestTheMaximumIsExact(t *testing.T) {
	c := launch(t)
	g := c.launches() // eight
	const people = 10
	setups, tokens := make([]string, people), make([]string, people)
	for i := range people {
		j := c.form(g.Code, fmt.Sprint("p", i))
		j.Quantity = int64(1 + i%2)
		p := c.asks(j)
		url, err := c.Pledges.OpenSetup(t.Context(), p.Token)
		c.must(err)
		_, err = stripesandbox.Visitor{}.Pay(t.Context(), url, stripesandbox.Payer{Email: p.Email, Name: p.Name, Card: apptest.Good}, c.Clock.Now())
		c.must(err)
		tokens[i] = p.Token
		c.must(c.DB.Get(&setups[i], `select setup_id from pledges where id = $1`, p.ID))
	}
	got := make(chan error, people)
	var all sync.WaitGroup
	for _, setup := range setups {
		all.Go(func() { got <- c.Pledges.SetupChanged(t.Context(), setup) })
	}
	all.Wait()
	close(got)
	for err := range got {
		c.must(err)
	}
	c.Settle()
	c.sweeps()
	var one string
	promised := 0
	for i, token := range tokens {
		p := c.see(token)
		switch p.State {
		case pledges.Joined:
			promised += int(p.Quantity)
			if p.Quantity == 1 {
				one = token
			}
		case pledges.Lapsed:
			if p.EndedWhy != pledges.Full || p.ForgottenAt == nil || c.letters("late", fmt.Sprint("p", i)) != 1 {
				t.Errorf("too late: %+v", p.Pledge)
			}
		default:
			t.Errorf("%s is %s", token, p.State)
		}
	}
	if promised < 7 || promised > 8 {
		t.Errorf("%d pieces of 8 are promised", promised)
	}
	c.Audit()
	c.must(c.Pledges.Leave(t.Context(), one))
	for promised--; promised < 8; promised++ {
		c.backs(g.Code, fmt.Sprint("last", promised), card(promised), 1)
	}
	if _, err := c.Pledges.Join(t.Context(), c.form(g.Code, "toolate")); !errors.Is(err, fault.Invalid) {
		t.Errorf("a ninth: %v", err)
	}
	c.Audit()
}

// One card has ten pieces at most, in a launch too.
func TestOneCardHasTenPieces(t *testing.T) {
	c := launch(t)
	d := c.plan()
	d.Max, d.Steps = 0, nil
	g, err := c.Pledges.Launch(t.Context(), c.shop.Owner, c.shop.Brand, d)
	c.must(err)
	c.backs(g.Code, "anne", card(0), 6)
	j := c.form(g.Code, "again")
	j.Quantity = 5
	p := c.asks(j)
	c.keeps(p, card(0))
	c.is(p.Token, pledges.Lapsed)
	if now := c.view(g.Code).Now; now != 6 {
		t.Errorf("%d pieces", now)
	}
	c.Audit()
}

// Whose link brought a backer earns, and in whose storefront they joined, once they are charged; who opened it does not.
func TestWhoEarnsOfALaunch(t *testing.T) {
	c := launch(t)
	g := c.launches()
	paul, staff := c.Member("paul"), c.shop.Owner
	click := c.Follow(c.shop.Product, "anne", c.lea)
	j := c.form(g.Code, "anne")
	j.ClickToken, j.Quantity = click, 2
	c.keeps(c.asks(j), card(0))
	_, err := c.Storefronts.AddListing(t.Context(), paul, c.shop.Product)
	c.must(err)
	k := c.form(g.Code, "bruno")
	k.ClickToken, k.StorefrontID = click, &paul // the storefront comes before the link
	c.keeps(c.asks(k), card(1))
	c.ends()
	// 10 % of 100.00 each
	if lea, paul := c.held(c.lea), c.held(paul); lea != 2000 || paul != 1000 {
		t.Errorf("the link brought %d, the storefront %d", lea, paul)
	}
	var credits int
	c.must(c.DB.Get(&credits, `select count(*) from attribution_credits where member_id = $1`, staff))
	if credits != 0 {
		t.Error("who opened it is credited")
	}
	sales, err := referrals.Sales(t.Context(), c.DB, c.lea, 0, 5)
	c.must(err)
	if len(sales) != 1 || sales[0].Promised == nil {
		t.Errorf("the sale does not say that it was promised before: %+v", sales)
	}
	c.Audit()
}

// What is being launched is not sold in any other way, and its brand cannot have it sold before it is made.
func TestWhatIsLaunchedIsNotSold(t *testing.T) {
	c := launch(t)
	ctx := t.Context()
	c.launches()
	_, err := c.Carts.Add(ctx, carts.Addition{VariantID: c.shop.Variant, Quantity: 1, Lang: i18n.FR})
	if !errors.Is(err, carts.ErrUnavailable) {
		t.Errorf("put into a basket: %v", err)
	}
	if _, err := c.Pledges.Open(ctx, c.lea, pledges.Draft{ProductID: c.shop.Product, Days: 5}); !errors.Is(err, pledges.ErrGone) {
		t.Errorf("ordered in a group: %v", err)
	}
	for _, state := range []catalog.State{catalog.Published, catalog.Draft, catalog.Archived} {
		if err := c.Catalog.MoveProduct(ctx, c.shop.Owner, c.shop.Brand, c.shop.Product, state); !errors.Is(err, fault.Conflict) {
			t.Errorf("moved to %s: %v", state, err)
		}
	}
	if _, err := c.Pledges.Launch(ctx, c.shop.Owner, c.shop.Brand, c.plan()); !errors.Is(err, fault.Invalid) {
		t.Errorf("launched twice: %v", err)
	}
}

// Only the team opens, ends and makes; what was sold before cannot be launched.
func TestWhoMayLaunch(t *testing.T) {
	c := launch(t)
	ctx := t.Context()
	if _, err := c.Pledges.Launch(ctx, c.lea, c.shop.Brand, c.plan()); !errors.Is(err, pledges.ErrGone) {
		t.Errorf("a stranger opens: %v", err)
	}
	g := c.launches()
	for what, err := range map[string]error{"ends": c.Pledges.End(ctx, c.lea, c.shop.Brand, g.ID), "makes": c.Pledges.Made(ctx, c.lea, c.shop.Brand, g.ID),
		"cancels as a member": c.Pledges.Cancel(ctx, c.shop.Owner, g.Code), "writes a note": c.Pledges.Edit(ctx, c.shop.Owner, g.Code, "Oui")} {
		if !errors.Is(err, pledges.ErrGone) {
			t.Errorf("who may not %s: %v", what, err)
		}
	}
	p := c.backs(g.Code, "anne", card(0), 3)
	c.must(c.Pledges.End(ctx, c.shop.Owner, c.shop.Brand, g.ID))
	c.sweeps()
	c.is(p.Token, pledges.Released)
	if c.product() != catalog.Draft {
		t.Errorf("ended: the product is %s", c.product())
	}
	c.Audit()

	d := open(t, 3)
	d.Paid(d.Recommended(d.shop, d.lea))
	d.must(d.Catalog.MoveProduct(ctx, d.shop.Owner, d.shop.Brand, d.shop.Product, catalog.Draft))
	if _, err := d.Pledges.Launch(ctx, d.shop.Owner, d.shop.Brand, d.plan()); !errors.Is(err, fault.Invalid) {
		t.Errorf("what was sold before: %v", err)
	}
}

// A brand that is blocked sells nothing: before the deadline nobody is charged, after it nobody any more.
func TestALaunchOfABlockedBrand(t *testing.T) {
	for name, after := range map[string]bool{"before the deadline": false, "while cards are charged": true} {
		t.Run(name, func(t *testing.T) {
			c := launch(t)
			g := c.launches()
			a, b := c.backs(g.Code, "anne", "4000000000009995", 2), c.backs(g.Code, "bruno", card(1), 1)
			c.must(c.Clock.Advance(t.Context(), 10))
			if after {
				c.must(c.Pledges.Close(t.Context(), g.ID))
				c.must(c.Pledges.Charge(t.Context(), a.ID))
			}
			c.must(c.Catalog.BlockBrand(t.Context(), c.Member("admin"), c.shop.Brand, true))
			c.Pass(1)
			c.sweeps()
			if p := c.is(b.Token, pledges.Released); p.ForgottenAt == nil || c.letters("released", "bruno") != 1 {
				t.Errorf("%+v", p.Pledge)
			}
			if p := c.see(a.Token); after && (p.State != pledges.Ordered || p.Order.State != orders.Cancelled) || !after && p.State != pledges.Released || c.stock() != 0 {
				t.Errorf("%s, stock %d", p.State, c.stock())
			}
			c.Audit()
		})
	}
}

// The platform stops a launch before and after its deadline.
func TestStopALaunch(t *testing.T) {
	for name, after := range map[string]bool{"before the deadline": false, "while cards are charged": true} {
		t.Run(name, func(t *testing.T) {
			c := launch(t)
			g := c.launches()
			a := c.backs(g.Code, "anne", card(0), 3)
			if after {
				c.must(c.Clock.Advance(t.Context(), 10))
				c.must(c.Pledges.Close(t.Context(), g.ID))
			}
			c.must(c.Pledges.Stop(t.Context(), c.Member("admin"), g.Code, "tromperie"))
			c.sweeps()
			if p := c.is(a.Token, pledges.Released); p.EndedWhy != pledges.CalledOff || p.ForgottenAt == nil {
				t.Errorf("%+v", p.Pledge)
			}
			c.Audit()
		})
	}
}

// What was promised and never left is in no stock when it is paid back; what came back is.
func TestStockOfALaunch(t *testing.T) {
	c := launch(t)
	g := c.launches()
	a, b := c.backs(g.Code, "anne", card(0), 2), c.backs(g.Code, "bruno", card(1), 1)
	c.ends()
	c.must(c.RefundAll(*c.see(a.Token).OrderID, c.shop.Brand))
	c.Settle()
	if c.stock() != 0 {
		t.Errorf("never made, and %d in stock", c.stock())
	}
	c.must(c.Pledges.Made(t.Context(), c.shop.Owner, c.shop.Brand, g.ID))
	order := *c.see(b.Token).OrderID
	c.Deliver(order)
	c.must(c.Withdraw(order, ""))
	c.TakeBack(order)
	c.Settle()
	if c.stock() != 1 {
		t.Errorf("came back, and %d in stock", c.stock())
	}
	c.Audit()
}

// Many backers, each with a card of their own: every one is charged once.
func TestManyBackers(t *testing.T) {
	c := launch(t)
	const backers = 200
	d := c.plan()
	d.Goal, d.Max, d.Steps = backers, backers, nil
	g, err := c.Pledges.Launch(t.Context(), c.shop.Owner, c.shop.Brand, d)
	c.must(err)
	for i := range backers {
		p := c.asks(c.form(g.Code, fmt.Sprint("backer", i)))
		c.keeps(p, apptest.Good)
		_, err := c.DB.Exec(`update pledges set fingerprint = '' where id = $1`, p.ID) // there are not so many cards to try with
		c.must(err)
	}
	c.ends()
	var is struct{ Paid, Charges, Units int }
	c.must(c.DB.Get(&is, `select count(*) filter (where o.state = 'paid') as paid, count(distinct o.payment_intent_id) as charges, sum(p.quantity) as units
		from pledges p join orders o on o.id = p.order_id where p.campaign_id = $1`, g.ID))
	if is.Paid != backers || is.Charges != backers || is.Units != backers {
		t.Errorf("%+v of %d", is, backers)
	}
	c.must(c.Pledges.Made(t.Context(), c.shop.Owner, c.shop.Brand, g.ID))
	c.Settle()
	var told int
	c.must(c.DB.Get(&told, `select count(*) from letters where template = 'pledge_made'`))
	if told != backers {
		t.Errorf("%d of %d were told", told, backers)
	}
	c.Audit()
}

// A launch that stems from an idea is in the thread of it; one of an idea that is not its brand's is refused at its field, and nothing is launched.
func TestLaunchOfAnIdea(t *testing.T) {
	c := launch(t)
	ctx := t.Context()
	lea := c.Member("une-lea")
	c.must(c.Ideas.Set(ctx, c.shop.Owner, c.shop.Brand, ideas.Settings{Taken: true, Threshold: 5, Days: 60, AnswerDays: 21}))
	idea, err := c.Ideas.Propose(ctx, lea, c.shop.Brand, ideas.Draft{Operation: "operation-1", Lang: i18n.FR, Title: "Un bol à anses", Text: "Pour les petits matins."})
	c.must(err)
	none, plan := idea.ID+1000, c.plan()
	plan.IdeaID = &none
	if _, err := c.Pledges.Launch(ctx, c.shop.Owner, c.shop.Brand, plan); !errors.Is(err, ideas.ErrThread) || c.product() != catalog.Draft {
		t.Errorf("of an idea that is not there: %v, %s", err, c.product())
	}
	plan.IdeaID = &idea.ID
	campaign, err := c.Pledges.Launch(ctx, c.shop.Owner, c.shop.Brand, plan)
	c.must(err)
	told, err := ideas.Steps(ctx, c.DB, idea.ID, i18n.FR)
	if err != nil || len(told) != 1 || told[0].Kind != ideas.Launch || told[0].RefID != campaign.ID || told[0].Path != campaign.Path() {
		t.Errorf("%+v, %v", told, err)
	}
	stands := func(want pledges.CampaignState) {
		t.Helper()
		if states, err := pledges.StatesOf(ctx, c.DB, campaign.ID); err != nil || states[campaign.ID] != want {
			t.Errorf("%v, %v; want %s", states, err, want)
		}
	}
	stands(pledges.Open)
	c.backs(campaign.Code, "anne", card(0), 5)
	c.ends()
	stands(pledges.Reached)
	c.must(c.Pledges.Unmake(ctx, c.shop.Owner, c.shop.Brand, campaign.ID, "L’atelier a brûlé."))
	stands(pledges.GivenUp) // and not reached
}

// What was launched from an idea is attached to it by itself once it is made, and not before; its author and those who support it are told once.
func TestAnIdeaBecomesWhatWasLaunched(t *testing.T) {
	c := launch(t)
	ctx := t.Context()
	lea := c.Member("une-lea")
	c.must(c.Ideas.Set(ctx, c.shop.Owner, c.shop.Brand, ideas.Settings{Taken: true, Threshold: 5, Days: 60, AnswerDays: 21}))
	idea, err := c.Ideas.Propose(ctx, lea, c.shop.Brand, ideas.Draft{Operation: "operation-1", Lang: i18n.FR, Title: "Un bol à anses", Text: "Pour les petits matins."})
	c.must(err)
	var fans []int64
	for i := range 5 {
		fans = append(fans, c.Member(fmt.Sprint("soutien-", i)))
	}
	c.DB.MustExec(`update members set created_at = created_at - interval '1 year', email_confirmed_at = email_confirmed_at - interval '1 year'`)
	for _, fan := range fans {
		c.must(c.Ideas.Support(ctx, fan, idea.ID, ""))
	}
	c.must(c.Ideas.Reply(ctx, c.shop.Owner, c.shop.Brand, idea.ID, ideas.Yes, "Oui, avec des anses."))
	terms := catalog.FirstTerms()
	terms.IdeaBps = 200
	_, err = c.Catalog.OfferTerms(ctx, c.shop.Owner, c.shop.Brand, terms)
	c.must(err)
	plan := c.plan()
	plan.IdeaID = &idea.ID
	campaign, err := c.Pledges.Launch(ctx, c.shop.Owner, c.shop.Brand, plan)
	c.must(err)
	c.backs(campaign.Code, "anne", card(0), 3)
	c.ends()
	var shares int
	c.must(c.DB.Get(&shares, `select count(*) from earnings e join payees y on y.id = e.payee_id where e.role = 'idea' and e.rate_bps = 200 and e.amount_minor > 0 and y.member_id = $1`, lea))
	if shares != 1 {
		t.Errorf("the author of the idea has %d shares in what was promised", shares)
	}
	c.Audit()
	became := func() bool {
		t.Helper()
		from, err := ideas.From(ctx, c.DB, ideas.Product, c.shop.Product)
		c.must(err)
		return from != nil && from.ID == idea.ID
	}
	made := func(member int64) (n int) {
		t.Helper()
		c.must(c.DB.Get(&n, `select count(*) from notices where member_id = $1 and kind = 'idea' and event = 'made'`, member))
		return n
	}
	c.must(c.Pledges.Start(ctx, c.shop.Owner, c.shop.Brand, campaign.ID))
	c.Settle()
	if became() || made(lea) != 0 {
		t.Errorf("in production: attached %t, told %d times", became(), made(lea))
	}
	for range 2 {
		c.must(c.Pledges.Made(ctx, c.shop.Owner, c.shop.Brand, campaign.ID))
	}
	c.Settle()
	if !became() || made(lea) != 1 || made(fans[4]) != 1 {
		t.Errorf("made: attached %t, its author was told %d times, who supports it %d times", became(), made(lea), made(fans[4]))
	}
	c.Audit()
}
