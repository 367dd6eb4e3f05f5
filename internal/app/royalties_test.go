package app_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"relais/internal/app/apptest"
	"relais/internal/catalog"
	"relais/internal/catalog/steps"
	"relais/internal/earnings"
	"relais/internal/i18n"
	"relais/internal/notices"
	"relais/internal/orders"
	"relais/internal/pledges"
	"relais/internal/postgres/pgtest"
	"relais/internal/royalties"
	"relais/internal/stripesandbox"
)

// drawn is a world in which a shop sells a bowl at 120.00 that three members drew one after the other, each varying the one before, and that came of
// the idea of a fourth: royalties of 5 %, 3 % and 2 %, 1 % for the idea. Its storefront asks a margin of 10.01.
type drawn struct {
	*resold
	ada, bea, cid, dan int64 // who drew it, whom she varies, whom he varies, whose idea it was
}

func newDrawn(t *testing.T) *drawn {
	d := &drawn{resold: newResold(t)}
	d.ada, d.bea, d.cid, d.dan = d.Member("ada"), d.Member("bea"), d.Member("cid"), d.Member("dan")
	first := d.Published(0, d.cid, 200, 0)
	second := d.Published(0, d.bea, 300, first)
	d.Published(d.shop.Product, d.ada, 500, second)
	d.CameOf(d.shop, d.dan)
	d.give(catalog.TermsDraft{CommissionBps: 1000, MarginBps: 2000, RoyaltyBps: 1000, IdeaBps: 100})
	return d
}

func (d *drawn) give(t catalog.TermsDraft) {
	d.T.Helper()
	first := catalog.FirstTerms()
	t.HoldDays, t.WindowDays = first.HoldDays, first.WindowDays
	if _, err := d.Catalog.OfferTerms(d.T.Context(), d.shop.Owner, d.shop.Brand, t); err != nil {
		d.T.Fatal(err)
	}
}

// A sale with everything to the cent, and refunds in parts until nothing is left: 3 × (120.00 + 10.01) with 20 % VAT, all rates of 300.00.
func TestRoyaltiesSoldAndRefunded(t *testing.T) {
	d := newDrawn(t)
	sale := d.Recommended(d.shop, d.lea)
	sale.Quantity = 3
	o := d.sell(sale)
	l := o.Shipments[0].Lines[0]
	d.wants(o.ID, map[string]int64{"sale": 39003 - 3000 - 1500 - 2502 - 3300, "commission:lea": 3000, "margin:lea": 2502, "royalty:ada": 1500, "royalty:bea": 900, "royalty:cid": 600, "idea:dan": 300, "delivery": 500})
	d.Audit()
	if _, err := d.Refund(o.ID, 0, orders.RefundWish{Lines: []orders.RefundLine{{LineID: l.ID, Quantity: 1}}}); err != nil {
		t.Fatal(err)
	}
	d.Settle()
	d.wants(o.ID, map[string]int64{"sale": 28701 - 9567, "commission:lea": 2000, "margin:lea": 2502 - 834, "royalty:ada": 1000, "royalty:bea": 600, "royalty:cid": 400, "idea:dan": 200, "delivery": 500})
	d.Audit()
	d.Deliver(o.ID)
	d.Pass(15)
	d.Audit()
	if _, err := d.Refund(o.ID, 0, orders.RefundWish{Lines: []orders.RefundLine{{LineID: l.ID, Minor: 7}}}); err != nil {
		t.Fatal(err)
	}
	d.Settle()
	d.Audit()
	if _, err := d.Refund(o.ID, 0, orders.RefundWish{Minor: o.TotalMinor - 13001 - 7}); err != nil {
		t.Fatal(err)
	}
	d.Settle()
	d.wants(o.ID, map[string]int64{})
	d.Audit()
}

// A commission that two members share stands beside the royalties; one of the two drew the piece, and has both. Without a margin.
func TestRoyaltiesBesideASharedCommission(t *testing.T) {
	d := newDrawn(t)
	d.give(catalog.TermsDraft{CommissionBps: 1000, RoyaltyBps: 1000, IdeaBps: 100, Credit: catalog.SplitClick, SplitLastBps: 7000})
	click := d.Follow(d.shop.Product, "a friend", d.noe, d.ada)
	o := d.sell(apptest.Purchase{Variant: d.shop.Variant, Click: click, Visitor: "a friend"})
	d.wants(o.ID, map[string]int64{"sale": 12000 - 1000 - 500 - 1100, "commission:noe": 300, "commission:ada": 700, "royalty:ada": 500, "royalty:bea": 300, "royalty:cid": 200, "idea:dan": 100, "delivery": 500})
	if got := d.Told(d.ada, notices.Royalty); !slices.Equal(got, []string{"made"}) {
		t.Errorf("who drew it is told %v", got)
	}
	if got := d.Told(d.ada, notices.Sale); !slices.Equal(got, []string{"made"}) {
		t.Errorf("and who brought it %v", got)
	}
	if got := d.Told(d.dan, notices.Royalty); !slices.Equal(got, []string{"idea"}) {
		t.Errorf("whose idea it was is told %v", got)
	}
	var letters []string
	if err := d.DB.Select(&letters, `select recipient from letters where template = 'royalty_earned' order by 1`); err != nil || !slices.Equal(letters, []string{"ada@relais.example", "bea@relais.example", "cid@relais.example", "dan@relais.example"}) {
		t.Errorf("letters to %v, %v", letters, err)
	}
	d.Audit()
}

// Who drew several of the designs has one share, rounded once: 5 % and 2 % of 0.99 net are 0.06, where apart they would be 0.04 and 0.01.
func TestRoyaltiesOfOneMember(t *testing.T) {
	d := &drawn{resold: newResold(t)}
	d.ada, d.bea = d.Member("ada"), d.Member("bea")
	first := d.Published(0, d.ada, 200, 0)
	second := d.Published(0, d.bea, 300, first)
	d.Published(d.shop.Product, d.ada, 500, second)
	if _, err := d.DB.Exec(`update variants set price_minor = 119 where id = $1`, d.shop.Variant); err != nil {
		t.Fatal(err)
	}
	o := d.sell(apptest.Purchase{Variant: d.shop.Variant})
	d.wants(o.ID, map[string]int64{"sale": 119 - 4 - 6 - 2, "royalty:ada": 6, "royalty:bea": 2, "delivery": 500})
	l := o.Shipments[0].Lines[0]
	if len(l.Royalties) != 2 || l.Royalties[0].RateBps != 700 || l.Royalties[0].Title != l.Royalties[1].Title && *l.Royalties[0].PublicationID <= *l.Royalties[1].PublicationID {
		t.Errorf("%+v", l.Royalties)
	}
	d.Audit()
}

// Nobody has a royalty of what they buy themselves, by account or by address; nor the blocked, nor the author of what was taken down or hidden. The
// others keep theirs, and the brand has the rest.
func TestRoyaltiesOfNobody(t *testing.T) {
	d := newDrawn(t)
	all := map[string]int64{"royalty:ada": 500, "royalty:bea": 300, "royalty:cid": 200, "idea:dan": 100}
	check := func(name string, p apptest.Purchase, without ...string) {
		t.Helper()
		p.Variant = d.shop.Variant
		o := d.sell(p)
		want, sale := maps.Clone(all), int64(12000-500-1100)
		for _, w := range without {
			sale += want[w]
			delete(want, w)
		}
		want["sale"], want["delivery"] = sale, 500
		if got := d.left(o.ID); !maps.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	check("a stranger", apptest.Purchase{})
	check("who drew it", apptest.Purchase{Member: d.ada, Email: "elsewhere@poste.example"}, "royalty:ada")
	check("a guest with the address of who is varied", apptest.Purchase{Email: "Bea+bol@relais.example"}, "royalty:bea")
	check("whose idea it was", apptest.Purchase{Member: d.dan}, "idea:dan")
	for _, statement := range []string{`update members set blocked_at = now() where handle = 'bea'`, `update ideas set hidden_why = 'copied'`} {
		if _, err := d.DB.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	check("one is blocked, and the idea hidden", apptest.Purchase{}, "royalty:bea", "idea:dan")
	d.Audit()
}

// A product is of one idea: where its launch stemmed from another one, which was hidden while the product was attached and is shown again, the terms still pay one author.
func TestOneIdeaOfAProduct(t *testing.T) {
	d := newDrawn(t)
	if _, err := pgtest.Owner(t, d.DB).Exec(`with other as (insert into ideas (brand_id, author_id, operation, lang, title, text, named, threshold, answer_days, supporters, state, proposed_at, closes_at)
			values ($1, $2, 'another idea', 'fr', 'Un bol', 'Pour la soupe.', true, 5, 7, 0, 'open', now(), now() + interval '20 days') returning id)
		insert into campaigns (kind, code, product_id, brand_id, opened_by, terms_id, steps, currency, opened_at, deadline, expected, plan, idea_id)
		select 'launch', 'abcdefghij', $3, $1, $4, (select max(id) from terms where brand_id = $1), '[{"people": 1, "less_bps": 0}]', 'EUR', now(), now() + interval '10 days', '2031-01-01', 'La terre.', id from other`,
		d.shop.Brand, d.Member("eve"), d.shop.Product, d.shop.Owner); err != nil {
		t.Fatal(err)
	}
	var ideas []string
	o := d.sell(apptest.Purchase{Variant: d.shop.Variant})
	for who := range d.left(o.ID) {
		if strings.HasPrefix(who, "idea:") {
			ideas = append(ideas, who)
		}
	}
	if !slices.Equal(ideas, []string{"idea:dan"}) {
		t.Errorf("the ideas of %v have a share", ideas)
	}
}

// A commission that was locked by sharing early joins a royalty that was agreed later: the order is placed, the commission kept, and the royalties lowered
// together to what is left of the price.
func TestRoyaltiesMakeRoomForALockedCommission(t *testing.T) {
	d := newDrawn(t)
	d.give(catalog.TermsDraft{CommissionBps: 8000})
	click := d.Follow(d.shop.Product, "a friend", d.noe)
	if _, err := d.DB.Exec(`update share_links set created_at = created_at + interval '1 second'`); err != nil {
		t.Fatal(err)
	}
	d.Pass(1)
	d.give(catalog.TermsDraft{CommissionBps: 1000, RoyaltyBps: 2500, IdeaBps: 1000})
	d.Pass(1)
	d.Agreed(d.ada, 2000)
	o := d.sell(apptest.Purchase{Variant: d.shop.Variant, Click: click})
	l := o.Shipments[0].Lines[0]
	// Agreed: 20 + 3 + 2 + 10 = 35 %; 80 % and 5 % leave 15 %.
	d.wants(o.ID, map[string]int64{"sale": 12000 - 8000 - 500 - 857 - 128 - 85 - 428, "commission:noe": 8000, "royalty:ada": 857, "royalty:bea": 128, "royalty:cid": 85, "idea:dan": 428, "delivery": 500})
	if r := l.Royalties[0]; !r.Reduced() || r.AgreedBps != 2000 || r.RateBps != 857 {
		t.Errorf("%+v", r)
	}
	d.Audit()
}

// A lost dispute takes royalties back as everything else, and one that is won after all gives them again; while it is open they wait.
func TestRoyaltiesInDispute(t *testing.T) {
	d := newDrawn(t)
	o := d.sell(apptest.Purchase{Variant: d.shop.Variant})
	id, err := d.Sandbox.OpenDispute(*o.PaymentIntentID, 0, "fraudulent", false)
	if err != nil {
		t.Fatal(err)
	}
	d.Settle()
	var frozen int
	if err := d.DB.Get(&frozen, `select count(*) from earnings where order_id = $1 and role in ('royalty','idea') and state = 'frozen' and reason = 'dispute'`, o.ID); err != nil || frozen != 4 {
		t.Errorf("%d wait, %v", frozen, err)
	}
	if err := d.Sandbox.DecideDispute(id, false); err != nil {
		t.Fatal(err)
	}
	d.Settle()
	d.wants(o.ID, map[string]int64{})
	d.Audit()
}

// A royalty comes free with the commission and is paid to its author's account, or waits for one; it is in the month's statement and counts towards the thresholds
// of the law. A refund after it was paid leaves a debt.
func TestRoyaltiesPaidOut(t *testing.T) {
	d := newDrawn(t)
	payee := d.Onboard(earnings.Owner{MemberID: d.ada})
	sale := d.Recommended(d.shop, d.lea)
	sale.Quantity = 3
	o := d.sell(sale)
	d.Deliver(o.ID)
	d.Pass(15)
	if _, err := d.Payouts.Run(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	d.Settle()
	if got := d.Totals(payee); got.Paid != 1500 {
		t.Errorf("her royalty: %+v", got)
	}
	bea, err := earnings.PayeeID(t.Context(), d.DB, earnings.Owner{MemberID: d.bea})
	if err != nil {
		t.Fatal(err)
	}
	if got := d.Totals(bea); got.Free != 900 || got.Paid != 0 {
		t.Errorf("without an account: %+v", got)
	}
	year, err := earnings.Since(t.Context(), d.DB, d.ada, o.PlacedAt.AddDate(0, -1, 0))
	if err != nil || year.Sales != 1 || year.Minor != 1500 {
		t.Errorf("her year: %+v, %v", year, err)
	}
	d.sell(sale) // so that there is money to refund from
	if err := d.RefundAll(o.ID, 0); err != nil {
		t.Fatal(err)
	}
	d.Settle()
	d.wants(o.ID, map[string]int64{})
	if got := d.Totals(payee); got.Voided != 1500 || got.Held != 1500 {
		t.Errorf("after the refund: %+v", got)
	}
	d.Audit()
}

// What is sold face to face or in a group order pays its authors too, of the price that is paid.
func TestRoyaltiesHoweverItIsSold(t *testing.T) {
	d := newDrawn(t)
	ctx := t.Context()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	faceToFace(t, d.World, d.shop)
	var order int64
	ok(d.DB.Get(&order, `select order_id from counter_sales`))
	d.wants(order, map[string]int64{"sale": 12000 - 500 - 1100, "royalty:ada": 500, "royalty:bea": 300, "royalty:cid": 200, "idea:dan": 100})
	d.give(catalog.TermsDraft{CommissionBps: 1000, RoyaltyBps: 1000, IdeaBps: 100, Steps: steps.Steps{{People: 2, LessBps: 1000}}})
	g, err := d.Pledges.Open(ctx, d.lea, pledges.Draft{ProductID: d.shop.Product, Days: 3})
	ok(err)
	for buyer, card := range map[string]string{"ami1@poste.example": apptest.Good, "ami2@poste.example": stripesandbox.SecondCard} {
		o := apptest.Placement("", buyer)
		p, err := d.Pledges.Join(ctx, pledges.Joining{Code: g.Code, Operation: o.Operation, VariantID: d.shop.Variant, Quantity: 1, Email: o.Email, Address: o.Address, Consent: true, Lang: i18n.FR})
		ok(err)
		address, err := d.Pledges.OpenSetup(ctx, p.Token)
		ok(err)
		d.PayAt(address, card)
	}
	d.Settle()
	d.Pass(3)
	ok(d.Pledges.Sweep(ctx))
	d.Settle()
	ok(d.DB.Get(&order, `select max(order_id) from pledges`))
	// 10 % less is 108.00, 90.00 net.
	d.wants(order, map[string]int64{"sale": 10800 - 900 - 450 - 990, "commission:lea": 900, "royalty:ada": 450, "royalty:bea": 270, "royalty:cid": 180, "idea:dan": 90, "delivery": 500})
	d.Audit()
}

// Royalties of a line are written once, with it: nobody of the application changes, adds or takes one away, and none is of another amount or more
// than there is.
func TestRoyaltiesAreFrozen(t *testing.T) {
	d := newDrawn(t)
	waiting := d.Order(apptest.Purchase{Variant: d.shop.Variant})
	paid := d.sell(apptest.Purchase{Variant: d.shop.Variant})
	line := `(select id from order_lines where order_id = $1)`
	add := func(rate, minor string) string {
		return `insert into order_line_royalties (order_line_id, role, member_id, agreed_bps, rate_bps, minor, publication_id) select ` + line + `, 'royalty', m.id, ` + rate + `, ` + rate + `, ` + minor + `, p.id
			from members m, (select max(id) as id from publications) p where m.handle = 'noe'`
	}
	for name, c := range map[string]struct {
		order int64
		sql   string
	}{
		"changed":            {waiting.ID, `update order_line_royalties set minor = minor + 1 where order_line_id = ` + line},
		"deleted":            {waiting.ID, `delete from order_line_royalties where order_line_id = ` + line},
		"of another amount":  {waiting.ID, add("100", "101")},
		"more than there is": {waiting.ID, add("9000", "9000")},
		"none at all":        {waiting.ID, add("0", "0")},
		"after it was paid":  {paid.ID, add("100", "100")},
	} {
		if _, err := d.DB.Exec(c.sql, c.order); err == nil {
			t.Errorf("a royalty %s is accepted", name)
		}
	}
	if _, err := d.DB.Exec(add("100", "100"), waiting.ID); err != nil {
		t.Errorf("one that fits: %v", err)
	}
	if _, err := d.DB.Exec(`insert into terms (brand_id, commission_bps, royalty_bps, idea_bps, hold_days, window_days, valid_from) values ($1, 6000, 2000, 1, 14, 30, now())`, d.shop.Brand); err == nil {
		t.Error("terms that give more than 80 % are accepted")
	}
}

// Chain is what a design that varies another one would pay its authors.
func TestRoyaltyChain(t *testing.T) {
	d := newDrawn(t)
	var publication int64
	if err := d.DB.Get(&publication, `select id from publications where product_id = $1`, d.shop.Product); err != nil {
		t.Fatal(err)
	}
	rs, err := royalties.Chain(t.Context(), d.DB, publication)
	if err != nil || len(rs) != 3 || royalties.Together(rs) != 1000 || rs[0].MemberID != d.ada || rs[1].Name != "Bea" || rs[2].RateBps != 200 {
		t.Errorf("%+v, %v", rs, err)
	}
}
