package app_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"relais/internal/app/apptest"
	"relais/internal/carts"
	"relais/internal/catalog"
	"relais/internal/earnings"
	"relais/internal/fault"
	"relais/internal/money"
	"relais/internal/notices"
	"relais/internal/orders"
	"relais/internal/reviews"
	"relais/internal/storefronts"
	"relais/internal/stripesandbox"
)

// resold is a world in which a shop allows a margin of 20 % on its bowl of 120.00, and Lea asks 10.01 more.
type resold struct {
	*apptest.World
	shop     apptest.Shop
	lea, noe int64
}

func newResold(t *testing.T) *resold {
	r := &resold{World: apptest.New(t)}
	r.shop, r.lea, r.noe = r.Shop("maison", 12000, 1000), r.Member("lea"), r.Member("noe")
	r.allow(2000)
	r.ask(r.lea, 1001)
	return r
}

func (r *resold) allow(bps int64) {
	r.T.Helper()
	terms := catalog.FirstTerms()
	terms.MarginBps = bps
	if _, err := r.Catalog.OfferTerms(r.T.Context(), r.shop.Owner, r.shop.Brand, terms); err != nil {
		r.T.Fatal(err)
	}
}

func (r *resold) ask(member, minor int64) {
	r.T.Helper()
	if err := r.Storefronts.SetMargin(r.T.Context(), member, r.shop.Product, money.New(minor, "EUR")); err != nil {
		r.T.Fatal(err)
	}
}

// sell has a purchase paid with a card whose money is there at once, so that refunds do not wait for it.
func (r *resold) sell(p apptest.Purchase) orders.Page {
	r.T.Helper()
	o := r.Order(p)
	r.Pay(o, "4000000000000077")
	r.Settle()
	full, err := r.Orders.ByID(r.T.Context(), o.ID)
	if err != nil {
		r.T.Fatal(err)
	}
	return full
}

// cancel ends an order that nobody pays.
func (r *resold) cancel(o orders.Order) {
	r.T.Helper()
	if err := r.Orders.Cancel(r.T.Context(), o.ID); err != nil {
		r.T.Fatal(err)
	}
}

// left is what is left of each share of an order: "role:handle" of a member, else the role, in minor units; nothings are left out.
func (r *resold) left(orderID int64) map[string]int64 {
	r.T.Helper()
	es, err := earnings.OfOrder(r.T.Context(), r.DB, orderID)
	if err != nil {
		r.T.Fatal(err)
	}
	got := map[string]int64{}
	for _, e := range es {
		key := string(e.Role)
		if e.MemberID != 0 {
			key += ":" + strings.ToLower(e.PayeeName)
		}
		if e.Left().Minor != 0 {
			got[key] += e.Left().Minor
		}
	}
	return got
}

func (r *resold) wants(orderID int64, want map[string]int64) {
	r.T.Helper()
	if got := r.left(orderID); !maps.Equal(got, want) {
		r.T.Errorf("order %d leaves %v, want %v", orderID, got, want)
	}
}

// A sale with a margin to the cent, and refunds in parts until nothing is left of it: 3 × (120.00 + 10.01) with 20 % VAT.
// Commission 10 % and fee 5 % of 300.00; of the margin of 30.03 its member has 25.02 and the brand, who owes it, the VAT.
func TestMarginSoldAndRefunded(t *testing.T) {
	r := newResold(t)
	sale := r.Recommended(r.shop, r.lea)
	sale.Quantity = 3
	o := r.sell(sale)
	if o.GoodsMinor != 39003 || o.TotalMinor != 39503 {
		t.Fatalf("goods %d, total %d", o.GoodsMinor, o.TotalMinor)
	}
	l := o.Shipments[0].Lines[0]
	if l.PriceMinor != 13001 || l.MarginMinor != 1001 || l.NetMinor != 30000 || l.MarginNetMinor != 2502 {
		t.Errorf("line %+v", l)
	}
	r.wants(o.ID, map[string]int64{"sale": 39003 - 3000 - 1500 - 2502, "commission:lea": 3000, "margin:lea": 2502, "delivery": 500})
	r.Audit()
	// A third of the line went back: each has given a third, rounded down.
	if _, err := r.Refund(o.ID, 0, orders.RefundWish{Lines: []orders.RefundLine{{LineID: l.ID, Quantity: 1}}}); err != nil {
		t.Fatal(err)
	}
	r.Settle()
	r.wants(o.ID, map[string]int64{"sale": 32001 - 10667, "commission:lea": 2000, "margin:lea": 2502 - 834, "delivery": 500})
	r.Deliver(o.ID)
	r.Pass(15)
	r.Audit()
	// After it came free: a sum, then all that is left, to exactly nothing.
	if _, err := r.Refund(o.ID, 0, orders.RefundWish{Lines: []orders.RefundLine{{LineID: l.ID, Minor: 7}}}); err != nil {
		t.Fatal(err)
	}
	r.Settle()
	r.Audit()
	if _, err := r.Refund(o.ID, 0, orders.RefundWish{Minor: o.TotalMinor - 13001 - 7}); err != nil {
		t.Fatal(err)
	}
	r.Settle()
	r.wants(o.ID, map[string]int64{})
	r.Audit()
}

// Each purchase at a storefront with a margin: what it costs, and who has which share of it.
func TestWhoseMargin(t *testing.T) {
	r := newResold(t)
	ctx := t.Context()
	if _, err := r.Referrals.MakeCode(ctx, r.noe, "noe-10"); err != nil {
		t.Fatal(err)
	}
	with, without := map[string]int64{"commission:lea": 1000, "margin:lea": 834}, map[string]int64{}
	for _, c := range []struct {
		name  string
		buy   apptest.Purchase
		goods int64
		want  map[string]int64
	}{
		{"a friend in the storefront", apptest.Purchase{Storefront: r.lea}, 13001, with},
		{"a code of another: the storefront goes first, margin and all", apptest.Purchase{Storefront: r.lea, Code: "noe-10"}, 13001, with},
		{"by a link, not in the storefront", apptest.Purchase{Click: r.Follow(r.shop.Product, "", r.lea)}, 12000, map[string]int64{"commission:lea": 1000}},
		{"in the storefront of one without a margin", apptest.Purchase{Storefront: r.noe}, 12000, map[string]int64{"commission:noe": 1000}},
		{"by herself, signed in", apptest.Purchase{Storefront: r.lea, Member: r.lea, Email: "lea@relais.example"}, 12000, without},
		{"by herself as a guest, with her address", apptest.Purchase{Storefront: r.lea, Email: "Lea+moi@relais.example"}, 12000, without},
		{"by herself, thanking another by code", apptest.Purchase{Storefront: r.lea, Email: "lea@relais.example", Code: "noe-10"}, 12000, map[string]int64{"commission:noe": 1000}},
	} {
		c.buy.Variant = r.shop.Variant
		o := r.Paid(c.buy)
		got := r.left(o.ID)
		delete(got, "sale")
		delete(got, "delivery")
		if o.GoodsMinor != c.goods || !maps.Equal(got, c.want) {
			t.Errorf("%s: goods %d, shares %v; want %d, %v", c.name, o.GoodsMinor, got, c.goods, c.want)
		}
	}
	r.Audit()
}

// A guest saw the price with the margin and typed the reseller's own address: they pay less than they saw, never more, and the order says why.
// A total that differs for any other reason is still refused.
func TestMarginWaivedIsLess(t *testing.T) {
	r := newResold(t)
	ctx := t.Context()
	cart := func() string {
		id, err := r.Carts.Add(ctx, carts.Addition{VariantID: r.shop.Variant, Quantity: 2, StorefrontID: &r.lea, Lang: "fr"})
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	shown, err := r.Carts.ByID(ctx, cart(), nil, "fr")
	if err != nil || shown.Goods.Minor != 26002 {
		t.Fatalf("%+v, %v", shown, err)
	}
	own, err := r.Carts.ByID(ctx, shown.ID, &r.lea, "fr")
	if err != nil || own.Goods.Minor != 24000 {
		t.Errorf("she sees %s, %v", own.Goods, err)
	}
	p := apptest.Placement(shown.ID, "lea@relais.example")
	p.SeenMinor = 26502
	o, err := r.Orders.Place(ctx, p)
	if err != nil || o.TotalMinor != 24500 {
		t.Fatalf("total %d, %v", o.TotalMinor, err)
	}
	full, err := r.Orders.ByID(ctx, o.ID)
	if err != nil {
		t.Fatal(err)
	}
	told := false
	for _, e := range full.Events {
		told = told || e.Kind == "margin_waived" && strings.Contains(e.Words("fr"), "Lea")
	}
	if !told {
		t.Error("the order does not say why it is cheaper")
	}
	r.cancel(o)
	r.ask(r.lea, 1500) // while somebody has it in their cart
	p = apptest.Placement(cart(), "")
	p.SeenMinor = 26502
	if _, err := r.Orders.Place(ctx, p); !errors.Is(err, orders.ErrPriceMoved) {
		t.Errorf("a margin that was raised meanwhile: %v", err)
	}
	p.SeenMinor = 27500
	if o, err = r.Orders.Place(ctx, p); err != nil || o.TotalMinor != 27500 {
		t.Fatalf("confirmed: %d, %v", o.TotalMinor, err)
	}
	r.cancel(o)
	r.Audit()
}

// What a margin may be, and who may have one.
func TestMarginAllowed(t *testing.T) {
	r := newResold(t)
	ctx := t.Context()
	set := func(member, minor int64, c money.Currency) error {
		return r.Storefronts.SetMargin(ctx, member, r.shop.Product, money.New(minor, c))
	}
	for _, c := range []struct {
		name string
		err  error
		key  string
	}{
		{"the most", set(r.noe, 2400, "EUR"), ""},
		{"nothing", set(r.noe, 0, "EUR"), ""},
		{"a cent more than the most", set(r.noe, 2401, "EUR"), "relay.margin_above"},
		{"less than nothing", set(r.noe, -1, "EUR"), "relay.margin_above"},
		{"another currency", set(r.noe, 100, "GBP"), "relay.margin_currency"},
		{"the brand's own team", set(r.shop.Owner, 100, "EUR"), "relay.margin_staff"},
	} {
		var f *fault.Error
		if got := errors.As(c.err, &f); got != (c.key != "") || got && f.Fields["margin"] != c.key {
			t.Errorf("%s: %v", c.name, c.err)
		}
	}
	r.allow(0)
	if err := set(r.noe, 1, "EUR"); !errors.Is(err, storefronts.ErrNoMargin) {
		t.Errorf("no margin is allowed: %v", err)
	}
	r.Audit()
}

// price has the brand ask another price.
func (r *resold) price(minor int64) {
	r.T.Helper()
	err := r.Catalog.EditProduct(r.T.Context(), r.shop.Owner, r.shop.Brand, r.shop.Product, catalog.ProductDraft{Lang: "fr", Title: "Bol", VATBps: 2000,
		Variants: []catalog.VariantDraft{{ID: r.shop.Variant, PriceMinor: minor, Stock: 1000, StockSeen: 1000}}})
	if err != nil {
		r.T.Fatal(err)
	}
}

// Terms or a price that allow less lower the margin from that moment on, before the job that writes it down has run and after; the member
// reads why, in a letter and in their storefront; what was ordered keeps its price, and raising the most again brings nothing back.
func TestMarginLowered(t *testing.T) {
	r := newResold(t)
	ctx := t.Context()
	before := r.Order(r.Recommended(r.shop, r.lea))
	goods := func() int64 {
		t.Helper()
		o := r.Order(r.Recommended(r.shop, r.lea))
		r.cancel(o)
		return o.GoodsMinor
	}
	lowered := func(why storefronts.Why, from, to int64) {
		t.Helper()
		r.Settle()
		ms, err := storefronts.MarginsOf(ctx, r.DB, r.lea, r.shop.Product)
		if m := ms[r.shop.Product]; err != nil || m.Minor != to || m.CutWhy == nil || *m.CutWhy != why || *m.CutFrom != from {
			t.Errorf("margin %+v, %v", ms[r.shop.Product], err)
		}
		var letters int
		if err := r.DB.Get(&letters, `select count(*) from letters where template = 'margin_cut' and recipient = 'lea@relais.example'`); err != nil {
			t.Fatal(err)
		}
		if letters == 0 {
			t.Error("nobody told her")
		}
	}
	r.allow(500) // 6.00 on 120.00
	if got := goods(); got != 12600 {
		t.Errorf("new terms: %d", got)
	}
	lowered(storefronts.CutByTerms, 1001, 600)
	if told := r.Told(r.lea, notices.Margin); !slices.Equal(told, []string{"lowered"}) {
		t.Errorf("she was told %q", told)
	}
	r.allow(2000)
	r.Settle()
	if got := goods(); got != 12600 {
		t.Errorf("terms raised again: %d", got)
	}
	r.price(2000) // 20 % of it are 4.00
	if got := goods(); got != 2400 {
		t.Errorf("new price: %d", got)
	}
	lowered(storefronts.CutByPrice, 600, 400)
	r.price(12000)
	if got := goods(); got != 12400 {
		t.Errorf("price raised again: %d", got)
	}
	r.Pay(before, apptest.Good)
	r.Settle()
	got := r.left(before.ID)
	if got["margin:lea"] != 834 {
		t.Errorf("an order from before: %v", got)
	}
	r.ask(r.lea, 100)
	ms, err := storefronts.MarginsOf(ctx, r.DB, r.lea, r.shop.Product)
	if err != nil || ms[r.shop.Product].CutAt != nil {
		t.Errorf("a new margin still says that it was lowered: %+v, %v", ms, err)
	}
	if err := r.Storefronts.RemoveListing(ctx, r.lea, r.shop.Product); err != nil {
		t.Fatal(err)
	}
	if got := goods(); got != 12000 {
		t.Errorf("taken out of the storefront: %d", got)
	}
	r.Audit()
}

// Whoever joins the brand's team, or is blocked, asks no margin any more, and nobody pays it.
func TestMarginOfThoseWhoMayNot(t *testing.T) {
	r := newResold(t)
	ctx := t.Context()
	if _, err := r.DB.Exec(`insert into brand_members (brand_id, member_id, role) values ($1, $2, 'staff')`, r.shop.Brand, r.lea); err != nil {
		t.Fatal(err)
	}
	o := r.Paid(r.Recommended(r.shop, r.lea))
	r.wants(o.ID, map[string]int64{"sale": 11500, "delivery": 500})
	r.ask(r.noe, 500)
	cart, err := r.Carts.Add(ctx, carts.Addition{VariantID: r.shop.Variant, Quantity: 1, StorefrontID: &r.noe, Lang: "fr"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.DB.Exec(`update members set blocked_at = now() where id = $1`, r.noe); err != nil {
		t.Fatal(err)
	}
	if c, err := r.Carts.ByID(ctx, cart, nil, "fr"); err != nil || c.Goods.Minor != 12000 {
		t.Errorf("of one who is blocked: %+v, %v", c.Goods, err)
	}
	r.Audit()
}

// A commission that is looked at takes the margin beside it along: held, refused to the brand, given back on appeal. A claim on the sale moves
// the commission only.
func TestMarginReviewed(t *testing.T) {
	r := newResold(t)
	ctx := t.Context()
	r.Pay(r.Order(apptest.Purchase{Variant: r.shop.Variant, Member: r.lea, Email: "lea@relais.example"}), stripesandbox.SecondCard)
	r.Settle()
	o := r.Order(r.Recommended(r.shop, r.lea))
	r.Pay(o, stripesandbox.SecondCard)
	r.Settle()
	open, err := reviews.Opened(ctx, r.DB, 0)
	if err != nil || len(open) != 1 || open[0].Amount.Minor != 1834 {
		t.Fatalf("%+v, %v", open, err)
	}
	r.Deliver(o.ID)
	r.Pass(1)
	var frozen int
	if err := r.DB.Get(&frozen, `select count(*) from earnings where order_id = $1 and role in ('commission','margin') and state = 'frozen'`, o.ID); err != nil || frozen != 2 {
		t.Errorf("%d shares wait, %v", frozen, err)
	}
	r.Audit()
	if err := r.Reviews.Decide(ctx, open[0].ID, reviews.Verdict{BrandID: r.shop.Brand, By: r.shop.Owner, Why: "her own card"}); err != nil {
		t.Fatal(err)
	}
	kept := map[string]int64{"sale": 13001 - 1000 - 500 - 834, "kept": 1834, "delivery": 500}
	r.wants(o.ID, kept)
	r.Audit()
	claim, err := r.Reviews.Ask(ctx, reviews.Asked{MemberID: r.noe, Brand: r.shop.Handle, OrderNumber: o.Number, Shared: "talk", Text: "I told her."})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Reviews.Answer(ctx, claim, 0, reviews.Verdict{BrandID: r.shop.Brand, By: r.shop.Owner, Yes: true, Why: "so she did"}); err != nil {
		t.Fatal(err)
	}
	kept["sale"], kept["commission:noe"] = kept["sale"]-1000, 1000
	r.wants(o.ID, kept)
	if err := r.Reviews.Appeal(ctx, r.lea, open[0].ID, "my sister has that card"); err != nil {
		t.Fatal(err)
	}
	admin := r.Member("admin")
	if err := r.Reviews.DecideAppeal(ctx, open[0].ID, reviews.Verdict{By: admin, Yes: true, Why: "so it is"}); err != nil {
		t.Fatal(err)
	}
	delete(kept, "kept")
	kept["commission:lea"], kept["margin:lea"] = 1000, 834
	r.wants(o.ID, kept)
	r.Audit()
}

// A dispute that is lost takes the margin back in proportion, to exactly nothing; one that is won gives it back. Paid out before, it is owed.
func TestMarginDisputed(t *testing.T) {
	r := newResold(t)
	ctx := t.Context()
	r.Onboard(earnings.Owner{MemberID: r.lea})
	o := r.sell(r.Recommended(r.shop, r.lea))
	r.Deliver(o.ID)
	r.Pass(15)
	if run, err := r.Payouts.Run(ctx, 0); err != nil || run.Made != 1 {
		t.Fatalf("%+v, %v", run, err)
	}
	r.Settle()
	var paid int64
	if err := r.DB.Get(&paid, `select sum(amount_minor)::bigint from payouts where state = 'sent'`); err != nil || paid != 1834 {
		t.Errorf("paid out %d, %v", paid, err)
	}
	id, err := r.Sandbox.OpenDispute(*o.PaymentIntentID, 0, "fraudulent", false)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Sandbox.DecideDispute(id, false); err != nil {
		t.Fatal(err)
	}
	r.Settle()
	r.wants(o.ID, map[string]int64{})
	var owed int64
	if err := r.DB.Get(&owed, `select coalesce(sum(debt_minor), 0)::bigint from clawbacks c join payees p on p.id = c.payee_id where p.member_id = $1`, r.lea); err != nil || owed != 1834 {
		t.Errorf("owed %d, %v", owed, err)
	}
	r.Audit()
}

// The invoice taxes all that was paid, as the brand sells all of it; the statement of the month names margin and commission, each on its line.
func TestMarginOnDocuments(t *testing.T) {
	r := newResold(t)
	ctx := t.Context()
	o := r.sell(r.Recommended(r.shop, r.lea))
	r.Deliver(o.ID)
	r.Pass(15)
	if err := r.Documents.Sweep(ctx, apptest.Start); err != nil {
		t.Fatal(err)
	}
	r.Pass(30)
	if err := r.Documents.CloseMonths(ctx); err != nil {
		t.Fatal(err)
	}
	var lines []struct {
		Kind  string `db:"kind"`
		Net   int64  `db:"net_minor"`
		VAT   int64  `db:"vat_minor"`
		Total int64  `db:"total_minor"`
	}
	if err := r.DB.Select(&lines, `select d.kind, l.net_minor, l.vat_minor, l.total_minor from documents d join document_lines l on l.document_id = d.id
		where d.kind in ('invoice','statement') order by d.kind, l.position`); err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(lines)
	// The brand of these tests has no VAT number, so its invoice charges none: the whole price is one amount.
	if got != "[{invoice 13001 0 13001} {invoice 500 0 500} {statement 1000 0 1000} {statement 834 0 834}]" {
		t.Error(got)
	}
	var content string
	if err := r.DB.Get(&content, `select content from documents where kind = 'statement'`); err != nil || !strings.Contains(content, "marge de 10,01") {
		t.Errorf("%s, %v", content, err)
	}
	r.Audit()
}
