package app_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"relais/internal/app/apptest"
	"relais/internal/catalog"
	"relais/internal/earnings"
	"relais/internal/i18n"
	"relais/internal/notices"
	"relais/internal/referrals"
	"relais/internal/reviews"
	"relais/internal/stripesandbox"
	"relais/internal/support"
)

// told is what a member was told, oldest first, as "kind.event"; each reads well in both languages.
func told(w *apptest.World, memberID int64) []string {
	w.T.Helper()
	list, _, err := notices.List(w.T.Context(), w.DB, memberID, notices.Filter{})
	if err != nil {
		w.T.Fatal(err)
	}
	out := []string{}
	for _, n := range list {
		out = append(out, string(n.Kind)+"."+n.Event)
		for _, l := range i18n.Langs() {
			words := n.Title(l) + "\n" + n.Text(l)
			if n.Title(l) == l.T("notice.unknown") || n.Text(l) == "" || strings.Contains(words, "{{") || strings.Contains(words, "…") || strings.Contains(words, "  ") {
				w.T.Errorf("%s.%s in %s: %q", n.Kind, n.Event, l, words)
			}
		}
	}
	slices.Reverse(out)
	return out
}

func (e *edge) told(what string, memberID int64, want ...string) {
	e.T.Helper()
	if diff := cmp.Diff(want, told(e.World, memberID)); diff != "" {
		e.T.Errorf("%s (-want +told):\n%s", what, diff)
	}
}

// A sale from its payment to its payout, and what is taken back of it: each of those whom it concerns is told once, however often jobs run.
func TestEverybodyIsToldOfASale(t *testing.T) {
	e := newEdge(t)
	w, ctx := e.World, t.Context()
	zoe, lea := w.Member("zoe"), w.Member("suzanne")
	w.Onboard(earnings.Owner{MemberID: lea})
	shop := w.Shop("osier", 12000, 4)
	w.Onboard(earnings.Owner{BrandID: shop.Brand})
	p := w.Paid(apptest.Purchase{Variant: shop.Variant, Storefront: lea, Member: zoe, Quantity: 2, Email: "zoe@relais.example"})
	e.told("the relay", lea, "sale.made")
	e.told("the buyer", zoe, "order.paid")
	e.told("the team", shop.Owner, "brand_order.placed", "brand_stock.low")
	e.ok(w.Support.Write(ctx, p.ID, shop.Brand, support.Draft{Side: support.FromBuyer, MemberID: zoe, Body: "Bonjour"}))
	e.ok(w.Support.Write(ctx, p.ID, shop.Brand, support.Draft{Side: support.FromBrand, MemberID: shop.Owner, Body: "Bonjour à vous"}))
	e.freed(p.ID)
	e.told("the buyer", zoe, "order.paid", "message.written", "order.shipped", "order.delivered")
	e.told("the relay", lea, "sale.made", "free.came")
	e.paidOut()
	e.told("the relay", lea, "sale.made", "free.came", "payout.sent")
	e.told("the team", shop.Owner, "brand_order.placed", "brand_stock.low", "brand_message.written", "brand_payout.sent")
	e.refunds(p, pieces(p, 1))
	e.told("the relay", lea, "sale.made", "free.came", "payout.sent", "back.refund")
	e.told("the buyer", zoe, "order.paid", "message.written", "order.shipped", "order.delivered", "order.refunded")
	w.Settle()
	e.told("the relay again", lea, "sale.made", "free.came", "payout.sent", "back.refund")

	// The letters of money went out at once; the one that can be ended says how.
	letters := map[string]string{}
	rows := []struct {
		Template    string `db:"template"`
		Unsubscribe string `db:"unsubscribe"`
	}{}
	e.ok(w.DB.SelectContext(ctx, &rows, `select template, unsubscribe from letters where recipient in ('suzanne@relais.example', 'zoe@relais.example')`))
	for _, r := range rows {
		letters[r.Template] = r.Unsubscribe
	}
	for template, ends := range map[string]bool{"relay_earned": true, "payout_sent": true, "notice": true, "order_message": false} {
		got, written := letters[template]
		if !written || (got != "") != ends {
			t.Errorf("letter %s: written %v, ends by %q", template, written, got)
		}
	}
	e.look()
}

// Who wants their sales in a digest gets no letter of each; who has ended letters has the list.
func TestALetterGoesAsItWasChosen(t *testing.T) {
	e := newEdge(t)
	w, ctx := e.World, t.Context()
	lea := w.Member("suzanne")
	shop := w.Shop("osier", 12000, 50)
	letters := func(template string) (n int) {
		e.ok(w.DB.GetContext(ctx, &n, `select count(*) from letters where recipient = 'suzanne@relais.example' and template = $1`, template))
		return n
	}
	for _, choice := range []notices.Choice{notices.Daily, notices.Never} {
		e.ok(w.Notices.Save(ctx, lea, []notices.Setting{{Kind: notices.Sale, Mail: choice}}, "Europe/Paris"))
		w.Paid(apptest.Purchase{Variant: shop.Variant, Storefront: lea})
	}
	e.told("all the same", lea, "sale.made", "sale.made")
	if n := letters("relay_earned") + letters("notice"); n != 0 {
		t.Errorf("%d letters at once", n)
	}
}

func TestWhoIsWaitedForIsTold(t *testing.T) {
	e := newEdge(t)
	w, ctx := e.World, t.Context()
	zoe, lea := w.Member("zoe"), w.Member("suzanne")
	shop := w.Shop("osier", 12000, 50)
	p := w.Paid(apptest.Purchase{Variant: shop.Variant, Storefront: lea, Member: zoe, Email: "zoe@relais.example"})
	w.Deliver(p.ID)
	e.ok(w.Withdraw(p.ID, ""))
	d := e.disputed(w.Paid(apptest.Purchase{Variant: shop.Variant, Storefront: lea}), 0, false)
	e.decided(d, false)
	_, err := w.Reviews.Ask(ctx, reviews.Asked{MemberID: zoe, Brand: shop.Handle, OrderNumber: p.Number, Shared: "talk", Text: "Ma voisine"})
	e.ok(err)
	got := told(w, shop.Owner)
	for _, want := range []string{"brand_return.withdrawal", "brand_dispute.dispute_opened", "brand_dispute.dispute_lost", "brand_claim.asked"} {
		if !slices.Contains(got, want) {
			t.Errorf("the team was not told of %s: %v", want, got)
		}
	}
	if got := told(w, lea); !slices.Contains(got, "back.dispute_lost") {
		t.Errorf("the relay was told %v", got)
	}
	if got := told(w, zoe); !slices.Contains(got, "order.return_asked") {
		t.Errorf("the buyer was told %v", got)
	}
}

func TestWhoSharesABrandIsToldOfItsTerms(t *testing.T) {
	w := apptest.New(t)
	shop, other := w.Shop("osier", 12000, 50), w.Shop("verre", 5000, 50)
	lea, noe, max := w.Member("lea"), w.Member("noe"), w.Member("max")
	for m, s := range map[int64]apptest.Shop{lea: shop, noe: shop, max: other} {
		if _, err := w.Referrals.Create(t.Context(), m, referrals.Share{Target: referrals.ToProduct, ProductID: s.Product}); err != nil {
			t.Fatal(err)
		}
	}
	for _, bps := range []int64{1500, 1500, 800} {
		d := catalog.FirstTerms()
		d.CommissionBps = bps
		if _, err := w.Catalog.OfferTerms(t.Context(), shop.Owner, shop.Brand, d); err != nil {
			t.Fatal(err)
		}
		w.Settle()
	}
	for m, want := range map[int64][]string{lea: {"terms.raised", "terms.lowered"}, noe: {"terms.raised", "terms.lowered"}, max: {}, shop.Owner: {}} {
		if diff := cmp.Diff(want, told(w, m)); diff != "" {
			t.Errorf("member %d (-want +told):\n%s", m, diff)
		}
	}
	list, _, err := notices.List(t.Context(), w.DB, lea, notices.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	if text := list[0].Title(i18n.FR) + list[0].Text(i18n.FR); !strings.Contains(text, "8\u00a0%") || !strings.Contains(text, "15\u00a0%") || list[0].Path != "/b/osier" {
		t.Errorf("%q leads to %s", text, list[0].Path)
	}
}

func TestReviewsAreTold(t *testing.T) {
	w := apptest.New(t)
	lea := w.Member("lea")
	shop := w.Shop("osier", 12000, 50)
	own := w.Order(apptest.Purchase{Variant: shop.Variant, Member: lea, Email: "lea@relais.example"})
	w.Pay(own, stripesandbox.SecondCard)
	w.Settle()
	o := w.Order(apptest.Purchase{Variant: shop.Variant, Storefront: lea, Email: "other@poste.example"})
	w.Pay(o, stripesandbox.SecondCard)
	w.Settle()
	var id int64
	if err := w.DB.GetContext(t.Context(), &id, `select id from reviews`); err != nil {
		t.Fatal(err)
	}
	if err := w.Reviews.Decide(t.Context(), id, reviews.Verdict{BrandID: shop.Brand, By: shop.Owner, Yes: true, Why: "C’est en ordre."}); err != nil {
		t.Fatal(err)
	}
	got := told(w, lea)
	for _, want := range []string{"sale.made", "review.opened", "review.cleared"} {
		if !slices.Contains(got, want) {
			t.Errorf("not told of %s: %v", want, got)
		}
	}
	var paths []string
	if err := w.DB.SelectContext(t.Context(), &paths, `select distinct path from notices where kind = 'review'`); err != nil || len(paths) != 1 || paths[0] != fmt.Sprintf("/me/reviews/%d", id) {
		t.Errorf("%v, %v", paths, err)
	}
}
