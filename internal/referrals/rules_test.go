package referrals_test

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"relais/internal/catalog"
	"relais/internal/clicks"
	"relais/internal/referrals"
)

const day = 24 * time.Hour

var now = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// moment is a sale now, whose checkout was opened at once.
var moment = referrals.Moment{At: now, Checkout: now}

const (
	alice, bruno, chloe = int64(1), int64(2), int64(3)
	soap, candle        = int64(10), int64(11)
	savonnerie          = int64(20)
)

func ago(d time.Duration) time.Time { return now.Add(-d) }

func pointer(i int64) *int64 { return &i }

// terms: 10 % and 30 days for the brand since a year ago.
func terms(more ...catalog.Terms) []catalog.Terms {
	return append([]catalog.Terms{{ID: 1, BrandID: savonnerie, CommissionBps: 1000, WindowDays: 30, ValidFrom: ago(365 * day)}}, more...)
}

func path(member int64, at time.Time) referrals.Candidate {
	return referrals.Candidate{Rule: referrals.ByStorefront, MemberID: member, At: at}
}

func group(member int64, at time.Time) referrals.Candidate {
	return referrals.Candidate{Rule: referrals.ByGroup, MemberID: member, At: at}
}

func click(member, id int64, at time.Time, change ...func(*referrals.Candidate)) referrals.Candidate {
	c := referrals.Candidate{Rule: referrals.ByClick, MemberID: member, At: at, ClickID: id, LinkID: 100 + id,
		Target: referrals.ToProduct, TargetProductID: soap}
	for _, f := range change {
		f(&c)
	}
	return c
}

func code(member int64) referrals.Candidate {
	return referrals.Candidate{Rule: referrals.ByCode, MemberID: member, At: now}
}

func pin(member int64, at time.Time) referrals.Candidate {
	return referrals.Candidate{Rule: referrals.ByPin, MemberID: member, At: at, LinkID: 200 + member}
}

// change returns a candidate with something changed.
func change(c referrals.Candidate, f func(*referrals.Candidate)) referrals.Candidate {
	f(&c)
	return c
}

// model is the terms of every test with another credit model since a time.
func model(c catalog.Credit, lastBps int64, since time.Time) []catalog.Terms {
	return terms(catalog.Terms{ID: 9, BrandID: savonnerie, CommissionBps: 1000, WindowDays: 30, ValidFrom: since, Credit: c, SplitLastBps: lastBps})
}

// credit is who gets which part, by which click.
type credit struct{ Member, Part, Click int64 }

func whole(member, click int64) []credit { return []credit{{member, 10000, click}} }

func TestDecide(t *testing.T) {
	recorded := func(r clicks.Reason) func(*referrals.Candidate) {
		return func(c *referrals.Candidate) { c.Recorded = r }
	}
	to := func(target referrals.Target, product, brand int64, listed bool) func(*referrals.Candidate) {
		return func(c *referrals.Candidate) {
			c.Target, c.TargetProductID, c.TargetBrandID, c.Listed = target, product, brand, listed
		}
	}
	email := func(e string) func(*referrals.Candidate) { return func(c *referrals.Candidate) { c.EmailNormal = e } }
	payout := func(p string) func(*referrals.Candidate) { return func(c *referrals.Candidate) { c.PayoutID = p } }
	blocked := func(c *referrals.Candidate) { c.Blocked = true }
	staff := func(c *referrals.Candidate) { c.Staff = true }
	shorter := catalog.Terms{ID: 2, BrandID: savonnerie, CommissionBps: 1000, WindowDays: 7, ValidFrom: ago(5 * day)}
	first, split := model(catalog.FirstClick, 0, ago(300*day)), model(catalog.SplitClick, 7000, ago(300*day))
	type cs = []referrals.Candidate
	type why = []clicks.Reason

	tests := []struct {
		name     string
		buyer    referrals.Buyer
		terms    []catalog.Terms
		checkout time.Time // zero: when the order is placed
		cs       []referrals.Candidate
		rule     referrals.Rule
		credits  []credit
		reasons  []clicks.Reason // of the candidates, in the order of the rules, then the latest first
	}{
		{name: "nobody", rule: referrals.ByNone},

		// Rule 1, the storefront path.
		{name: "storefront before a later click", cs: cs{click(bruno, 1, ago(time.Minute)), path(alice, ago(time.Hour))},
			rule: referrals.ByStorefront, credits: whole(alice, 0), reasons: why{"", referrals.PathFirst}},
		{name: "storefront before a code", cs: cs{code(bruno), path(alice, ago(time.Hour))},
			rule: referrals.ByStorefront, credits: whole(alice, 0), reasons: why{"", referrals.PathFirst}},
		{name: "storefront before everything else", cs: cs{pin(chloe, ago(day)), click(bruno, 1, ago(time.Minute)), code(bruno), path(alice, ago(time.Hour))},
			rule: referrals.ByStorefront, credits: whole(alice, 0), reasons: why{"", referrals.PathFirst, referrals.PathFirst, referrals.PathFirst}},
		{name: "storefront with the click that led there", cs: cs{path(alice, ago(time.Hour)), click(alice, 5, ago(2*time.Hour))},
			rule: referrals.ByStorefront, credits: whole(alice, 5), reasons: why{"", referrals.PathFirst}},
		{name: "storefront with a click that led to another product",
			cs:   cs{path(alice, ago(time.Hour)), click(alice, 5, ago(2*time.Hour), to(referrals.ToProduct, candle, 0, false))},
			rule: referrals.ByStorefront, credits: whole(alice, 5), reasons: why{"", referrals.NotCovered}},
		{name: "own storefront", buyer: referrals.Buyer{MemberID: alice}, cs: cs{path(alice, ago(time.Hour))},
			rule: referrals.ByNone, reasons: why{clicks.Self}},
		{name: "own storefront, another's click", buyer: referrals.Buyer{MemberID: alice},
			cs:   cs{path(alice, ago(time.Hour)), click(bruno, 1, ago(day))},
			rule: referrals.ByClick, credits: whole(bruno, 1), reasons: why{clicks.Self, ""}},
		{name: "own storefront, another's code", buyer: referrals.Buyer{MemberID: alice}, cs: cs{path(alice, ago(time.Hour)), code(bruno)},
			rule: referrals.ByCode, credits: whole(bruno, 0), reasons: why{clicks.Self, ""}},
		{name: "storefront line older than the window", cs: cs{path(alice, ago(31*day))},
			rule: referrals.ByNone, reasons: why{referrals.Lapsed}},
		{name: "storefront of a member blocked, another's click", cs: cs{change(path(alice, ago(time.Hour)), blocked), click(bruno, 1, ago(day))},
			rule: referrals.ByClick, credits: whole(bruno, 1), reasons: why{referrals.Blocked, ""}},
		{name: "storefront, where clicks are split", terms: split, cs: cs{path(alice, ago(time.Hour)), click(bruno, 1, ago(day)), click(chloe, 2, ago(2*day))},
			rule: referrals.ByStorefront, credits: whole(alice, 0), reasons: why{"", referrals.PathFirst, referrals.PathFirst}},

		// Rule 1 of a group order.
		{name: "group order before everything else", cs: cs{pin(chloe, ago(day)), click(bruno, 1, ago(time.Minute)), code(bruno), group(alice, ago(time.Hour))},
			rule: referrals.ByGroup, credits: whole(alice, 0), reasons: why{"", referrals.GroupFirst, referrals.GroupFirst, referrals.GroupFirst}},
		{name: "group order with the click that led there", cs: cs{group(alice, ago(time.Hour)), click(alice, 5, ago(2*time.Hour))},
			rule: referrals.ByGroup, credits: whole(alice, 5), reasons: why{"", referrals.GroupFirst}},
		{name: "own piece in one's own group order, another's click", buyer: referrals.Buyer{MemberID: alice}, cs: cs{group(alice, ago(time.Hour)), click(bruno, 1, ago(day))},
			rule: referrals.ByClick, credits: whole(bruno, 1), reasons: why{clicks.Self, ""}},
		{name: "group order of a member blocked since", cs: cs{change(group(alice, ago(time.Hour)), blocked)},
			rule: referrals.ByNone, reasons: why{referrals.Blocked}},
		{name: "group order of the brand's own team", cs: cs{change(group(alice, ago(time.Hour)), staff), code(bruno)},
			rule: referrals.ByCode, credits: whole(bruno, 0), reasons: why{referrals.Staff, ""}},

		// Rule 2, the code.
		{name: "code before a later click of another", cs: cs{click(bruno, 1, ago(time.Second)), code(alice)},
			rule: referrals.ByCode, credits: whole(alice, 0), reasons: why{"", referrals.CodeFirst}},
		{name: "code and link of one member", cs: cs{click(alice, 1, ago(day)), code(alice)},
			rule: referrals.ByCode, credits: whole(alice, 1), reasons: why{"", referrals.CodeFirst}},
		{name: "code covers what its member never shared", cs: cs{code(alice)}, rule: referrals.ByCode, credits: whole(alice, 0), reasons: why{""}},
		{name: "code typed after checkout began", checkout: ago(time.Hour), cs: cs{code(alice)}, rule: referrals.ByCode, credits: whole(alice, 0), reasons: why{""}},
		{name: "own code", buyer: referrals.Buyer{MemberID: alice}, cs: cs{code(alice)}, rule: referrals.ByNone, reasons: why{clicks.Self}},
		{name: "own code as a guest", buyer: referrals.Buyer{Emails: []string{"a@x.org"}}, cs: cs{change(code(alice), email("a@x.org"))},
			rule: referrals.ByNone, reasons: why{clicks.Self}},
		{name: "own code, another's click", buyer: referrals.Buyer{MemberID: alice}, cs: cs{code(alice), click(bruno, 1, ago(day))},
			rule: referrals.ByClick, credits: whole(bruno, 1), reasons: why{clicks.Self, ""}},
		{name: "code of staff, another's click", cs: cs{change(code(alice), staff), click(bruno, 1, ago(day))},
			rule: referrals.ByClick, credits: whole(bruno, 1), reasons: why{referrals.Staff, ""}},
		{name: "code, where clicks are split", terms: split, cs: cs{code(alice), click(bruno, 1, ago(day)), click(chloe, 2, ago(2*day))},
			rule: referrals.ByCode, credits: whole(alice, 0), reasons: why{"", referrals.CodeFirst, referrals.CodeFirst}},

		// Rule 3, clicks: the last one.
		{name: "last click", cs: cs{click(alice, 1, ago(2*day)), click(bruno, 2, ago(day)), click(chloe, 3, ago(3*day))},
			rule: referrals.ByClick, credits: whole(bruno, 2), reasons: why{"", referrals.LaterClick, referrals.LaterClick}},
		{name: "same instant", cs: cs{click(alice, 7, ago(day)), click(bruno, 8, ago(day))},
			rule: referrals.ByClick, credits: whole(bruno, 8), reasons: why{"", referrals.LaterClick}},
		{name: "repeat does not renew", cs: cs{click(alice, 1, ago(50*time.Minute)), click(bruno, 2, ago(40*time.Minute)),
			click(alice, 3, ago(30*time.Minute), recorded(clicks.Repeat))},
			rule: referrals.ByClick, credits: whole(bruno, 2), reasons: why{clicks.Repeat, "", referrals.LaterClick}},
		{name: "embedded", cs: cs{click(alice, 1, ago(day), recorded(clicks.Embedded))},
			rule: referrals.ByNone, reasons: why{clicks.Embedded}},
		{name: "link switched off after the click", cs: cs{click(alice, 1, ago(day)), click(alice, 2, ago(time.Hour), recorded(clicks.Disabled))},
			rule: referrals.ByClick, credits: whole(alice, 1), reasons: why{clicks.Disabled, ""}},
		{name: "end of the window", cs: cs{click(alice, 1, ago(30*day))}, rule: referrals.ByClick, credits: whole(alice, 1), reasons: why{""}},
		{name: "after the window", cs: cs{click(alice, 1, ago(30*day+1))}, rule: referrals.ByNone, reasons: why{referrals.Lapsed}},
		{name: "window of the day of the click", terms: terms(shorter), cs: cs{click(alice, 1, ago(20*day))},
			rule: referrals.ByClick, credits: whole(alice, 1), reasons: why{""}},
		{name: "brand offered nothing then", cs: cs{click(alice, 1, ago(366*day))}, rule: referrals.ByNone, reasons: why{referrals.NoTerms}},
		{name: "after the order", cs: cs{click(alice, 1, now.Add(1))}, rule: referrals.ByNone, reasons: why{referrals.AfterCheckout}},
		{name: "as the order is placed", cs: cs{click(alice, 1, now)}, rule: referrals.ByClick, credits: whole(alice, 1), reasons: why{""}},
		{name: "after checkout began", checkout: ago(time.Hour), cs: cs{click(alice, 1, ago(time.Minute)), click(bruno, 2, ago(day))},
			rule: referrals.ByClick, credits: whole(bruno, 2), reasons: why{referrals.AfterCheckout, ""}},
		{name: "as checkout began", checkout: ago(time.Hour), cs: cs{click(alice, 1, ago(time.Hour))}, rule: referrals.ByClick, credits: whole(alice, 1), reasons: why{""}},
		{name: "self by account", buyer: referrals.Buyer{MemberID: alice}, cs: cs{click(alice, 1, ago(day))},
			rule: referrals.ByNone, reasons: why{clicks.Self}},
		{name: "self by e-mail, as a guest", buyer: referrals.Buyer{Emails: []string{"alice@example.org"}},
			cs: cs{click(alice, 1, ago(day), email("alice@example.org"))}, rule: referrals.ByNone, reasons: why{clicks.Self}},
		{name: "self by payout account", buyer: referrals.Buyer{MemberID: bruno, PayoutID: "acct_1"},
			cs: cs{click(alice, 1, ago(day), payout("acct_1"))}, rule: referrals.ByNone, reasons: why{clicks.Self}},
		{name: "no payout account is not the same one", buyer: referrals.Buyer{MemberID: bruno},
			cs: cs{click(alice, 1, ago(day))}, rule: referrals.ByClick, credits: whole(alice, 1), reasons: why{""}},
		{name: "a member blocked", cs: cs{click(alice, 1, ago(day), blocked)}, rule: referrals.ByNone, reasons: why{referrals.Blocked}},
		{name: "a member blocked, another's earlier click", cs: cs{click(alice, 1, ago(day), blocked), click(bruno, 2, ago(2*day))},
			rule: referrals.ByClick, credits: whole(bruno, 2), reasons: why{referrals.Blocked, ""}},
		{name: "staff of the brand", cs: cs{click(alice, 1, ago(day), staff), click(bruno, 2, ago(2*day))},
			rule: referrals.ByClick, credits: whole(bruno, 2), reasons: why{referrals.Staff, ""}},
		{name: "another product", cs: cs{click(alice, 1, ago(day), to(referrals.ToProduct, candle, 0, false))},
			rule: referrals.ByNone, reasons: why{referrals.NotCovered}},
		{name: "its brand", cs: cs{click(alice, 1, ago(day), to(referrals.ToBrand, 0, savonnerie, false))},
			rule: referrals.ByClick, credits: whole(alice, 1), reasons: why{""}},
		{name: "another brand", cs: cs{click(alice, 1, ago(day), to(referrals.ToBrand, 0, savonnerie+1, false))},
			rule: referrals.ByNone, reasons: why{referrals.NotCovered}},
		{name: "a storefront that lists it", cs: cs{click(alice, 1, ago(day), to(referrals.ToStorefront, 0, 0, true))},
			rule: referrals.ByClick, credits: whole(alice, 1), reasons: why{""}},
		{name: "a storefront that does not", cs: cs{click(alice, 1, ago(day), to(referrals.ToStorefront, 0, 0, false))},
			rule: referrals.ByNone, reasons: why{referrals.NotCovered}},

		// Rule 3, clicks: the first one.
		{name: "first click", terms: first, cs: cs{click(alice, 1, ago(2*day)), click(bruno, 2, ago(day)), click(chloe, 3, ago(3*day))},
			rule: referrals.ByClick, credits: whole(chloe, 3), reasons: why{referrals.EarlierClick, referrals.EarlierClick, ""}},
		{name: "the first click that is eligible", terms: first, cs: cs{click(alice, 1, ago(2*day)), click(chloe, 3, ago(31*day)), click(bruno, 2, ago(day))},
			rule: referrals.ByClick, credits: whole(alice, 1), reasons: why{referrals.EarlierClick, "", referrals.Lapsed}},
		{name: "first, in the same instant", terms: first, cs: cs{click(alice, 7, ago(day)), click(bruno, 8, ago(day))},
			rule: referrals.ByClick, credits: whole(alice, 7), reasons: why{referrals.EarlierClick, ""}},
		{name: "model changed to first since the clicks", terms: model(catalog.FirstClick, 0, ago(time.Hour)), cs: cs{click(alice, 1, ago(2*day)), click(bruno, 2, ago(day))},
			rule: referrals.ByClick, credits: whole(alice, 1), reasons: why{referrals.EarlierClick, ""}},
		{name: "model that begins after the sale", terms: model(catalog.FirstClick, 0, now.Add(1)), cs: cs{click(alice, 1, ago(2*day)), click(bruno, 2, ago(day))},
			rule: referrals.ByClick, credits: whole(bruno, 2), reasons: why{"", referrals.LaterClick}},

		// Rule 3, clicks: split.
		{name: "split", terms: split, cs: cs{click(alice, 1, ago(2*day)), click(bruno, 2, ago(day))},
			rule: referrals.ByClick, credits: []credit{{bruno, 7000, 2}, {alice, 3000, 1}}, reasons: why{"", ""}},
		{name: "split with somebody between", terms: split, cs: cs{click(alice, 1, ago(3*day)), click(chloe, 3, ago(2*day)), click(bruno, 2, ago(day))},
			rule: referrals.ByClick, credits: []credit{{bruno, 7000, 2}, {alice, 3000, 1}}, reasons: why{"", referrals.BetweenClicks, ""}},
		{name: "split of one click", terms: split, cs: cs{click(alice, 1, ago(day))}, rule: referrals.ByClick, credits: whole(alice, 1), reasons: why{""}},
		{name: "split of clicks of one member", terms: split, cs: cs{click(alice, 1, ago(3*day)), click(alice, 2, ago(day))},
			rule: referrals.ByClick, credits: whole(alice, 2), reasons: why{"", referrals.BetweenClicks}},
		{name: "split, first and last of one member", terms: split, cs: cs{click(alice, 1, ago(3*day)), click(bruno, 2, ago(2*day)), click(alice, 3, ago(day))},
			rule: referrals.ByClick, credits: whole(alice, 3), reasons: why{"", referrals.BetweenClicks, referrals.BetweenClicks}},
		{name: "split, the first not eligible", terms: split, cs: cs{click(chloe, 3, ago(31*day)), click(alice, 1, ago(2*day)), click(bruno, 2, ago(day))},
			rule: referrals.ByClick, credits: []credit{{bruno, 7000, 2}, {alice, 3000, 1}}, reasons: why{"", "", referrals.Lapsed}},
		{name: "split, the last one the buyer's own", buyer: referrals.Buyer{MemberID: bruno}, terms: split, cs: cs{click(alice, 1, ago(2*day)), click(bruno, 2, ago(day))},
			rule: referrals.ByClick, credits: whole(alice, 1), reasons: why{clicks.Self, ""}},

		// Rule 4, the pin.
		{name: "pin", cs: cs{pin(alice, ago(100*day))}, rule: referrals.ByPin, credits: whole(alice, 0), reasons: why{""}},
		{name: "pin on another device: no click, no path", buyer: referrals.Buyer{MemberID: bruno}, cs: cs{pin(alice, ago(100*day))},
			rule: referrals.ByPin, credits: whole(alice, 0), reasons: why{""}},
		{name: "pin, last instant", cs: cs{pin(alice, ago(referrals.PinLife))}, rule: referrals.ByPin, credits: whole(alice, 0), reasons: why{""}},
		{name: "pin, over", cs: cs{pin(alice, ago(referrals.PinLife+1))}, rule: referrals.ByNone, reasons: why{referrals.Lapsed}},
		{name: "pin older than the brand's terms", terms: terms()[:1], cs: cs{pin(alice, ago(364*day))}, rule: referrals.ByPin, credits: whole(alice, 0), reasons: why{""}},
		{name: "pin after any click", cs: cs{pin(alice, ago(day)), click(bruno, 1, ago(29*day))},
			rule: referrals.ByClick, credits: whole(bruno, 1), reasons: why{"", referrals.ClickFirst}},
		{name: "pin after a code", cs: cs{pin(alice, ago(day)), code(bruno)}, rule: referrals.ByCode, credits: whole(bruno, 0), reasons: why{"", referrals.CodeFirst}},
		{name: "pin where the click has lapsed", cs: cs{pin(alice, ago(40*day)), click(bruno, 1, ago(31*day))},
			rule: referrals.ByPin, credits: whole(alice, 0), reasons: why{referrals.Lapsed, ""}},
		{name: "pin to self", buyer: referrals.Buyer{MemberID: alice}, cs: cs{pin(alice, ago(day))}, rule: referrals.ByNone, reasons: why{clicks.Self}},
		{name: "pin to a member blocked", cs: cs{change(pin(alice, ago(day)), blocked)}, rule: referrals.ByNone, reasons: why{referrals.Blocked}},
		{name: "pin to the brand's staff", cs: cs{change(pin(alice, ago(day)), staff)}, rule: referrals.ByNone, reasons: why{referrals.Staff}},
		{name: "signed up after checkout began", checkout: ago(time.Hour), cs: cs{pin(alice, ago(time.Minute))}, rule: referrals.ByNone, reasons: why{referrals.AfterCheckout}},
		{name: "one level only: whoever brought the recommender is no candidate", cs: cs{click(bruno, 1, ago(day))},
			rule: referrals.ByClick, credits: whole(bruno, 1), reasons: why{""}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			line := referrals.Line{ProductID: soap, BrandID: savonnerie, Terms: tt.terms}
			if line.Terms == nil {
				line.Terms = terms()
			}
			m := moment
			if !tt.checkout.IsZero() {
				m.Checkout = tt.checkout
			}
			d := referrals.Decide(m, tt.buyer, line, tt.cs)
			var credits []credit
			for _, c := range d.Credits {
				credits = append(credits, credit{c.MemberID, c.PartBps, value(c.ClickID)})
				if c.RateBps != 1000 {
					t.Errorf("rate %d for member %d", c.RateBps, c.MemberID)
				}
			}
			if diff := cmp.Diff(tt.credits, credits); d.Rule != tt.rule || diff != "" {
				t.Errorf("Decide = %s, not %s; credits (-want +got):\n%s", d.Rule, tt.rule, diff)
			}
			var reasons []clicks.Reason
			for _, w := range d.Evidence.Candidates {
				reasons = append(reasons, w.Reason)
			}
			if diff := cmp.Diff(tt.reasons, reasons); diff != "" {
				t.Errorf("reasons (-want +got):\n%s", diff)
			}
		})
	}
}

func value(p *int64) int64 {
	if p == nil {
		return 0
	}
	return *p
}

func TestLockedRate(t *testing.T) {
	for _, tt := range []struct {
		name           string
		nowBps, shared int64
		at             time.Time
		want           int64
	}{
		{"lowered since", 800, 1200, ago(29 * day), 1200},
		{"lowered since, last instant", 800, 1200, ago(30 * day), 1200},
		{"lowered since, too long ago", 800, 1200, ago(30*day + 1), 800},
		{"raised since", 1200, 800, ago(day), 1200},
		{"shared in the future", 800, 1200, now.Add(1), 800},
	} {
		if got := referrals.LockedRate(now, tt.nowBps, tt.at, tt.shared); got != tt.want {
			t.Errorf("%s: LockedRate = %d; want %d", tt.name, got, tt.want)
		}
	}
}

func TestDecideLocksTheRate(t *testing.T) {
	ts := terms(catalog.Terms{ID: 2, BrandID: savonnerie, CommissionBps: 600, WindowDays: 30, ValidFrom: ago(10 * day), Credit: catalog.SplitClick, SplitLastBps: 7000})
	early := click(alice, 1, ago(2*day), func(c *referrals.Candidate) { c.Shared = []time.Time{ago(60 * day), ago(12 * day), ago(2 * day)} })
	late := click(bruno, 2, ago(day), func(c *referrals.Candidate) { c.Shared = []time.Time{ago(5 * day)} })
	d := referrals.Decide(moment, referrals.Buyer{}, referrals.Line{ProductID: soap, BrandID: savonnerie, Terms: ts}, []referrals.Candidate{early, late})
	want := []referrals.Credited{{MemberID: bruno, LinkID: pointer(102), ClickID: pointer(2), RateBps: 600, PartBps: 7000},
		{MemberID: alice, LinkID: pointer(101), ClickID: pointer(1), RateBps: 1000, PartBps: 3000}}
	if diff := cmp.Diff(want, d.Credits); diff != "" {
		t.Errorf("each at their own rate (-want +got):\n%s", diff)
	}
	if d.CommissionBps() != 720 || d.TermsID != 2 || d.Evidence.RateNow != 600 || !d.Evidence.Candidates[1].LockedFrom.Equal(ago(12*day)) {
		t.Errorf("got %d bps under terms %d, evidence %+v", d.CommissionBps(), d.TermsID, d.Evidence)
	}
}

// drawn is any order line with any candidates.
type drawn struct {
	buyer referrals.Buyer
	m     referrals.Moment
	line  referrals.Line
	cs    []referrals.Candidate
}

func draw(t *rapid.T) drawn {
	member := rapid.Int64Range(1, 4)
	emails := rapid.SampledFrom([]string{"", "a@x.org", "b@x.org"})
	payouts := rapid.SampledFrom([]string{"", "acct_1", "acct_2"})
	at := rapid.Custom(func(t *rapid.T) time.Time {
		return ago(time.Duration(rapid.Int64Range(-2, 95).Draw(t, "days")) * day)
	})
	d := drawn{
		buyer: referrals.Buyer{MemberID: rapid.Int64Range(0, 4).Draw(t, "buyer"), PayoutID: payouts.Draw(t, "payout"),
			Emails: rapid.SliceOfN(emails, 0, 2).Draw(t, "emails")},
		m:    referrals.Moment{At: now, Checkout: ago(time.Duration(rapid.Int64Range(0, 3).Draw(t, "checkout")) * day)},
		line: referrals.Line{ProductID: soap, BrandID: savonnerie},
	}
	for i := range rapid.IntRange(1, 4).Draw(t, "versions") {
		v := catalog.Terms{ID: int64(i + 1), CommissionBps: rapid.Int64Range(0, 8000).Draw(t, "bps"),
			WindowDays: rapid.IntRange(1, 90).Draw(t, "window"), ValidFrom: at.Draw(t, "valid from")}
		v.Credit = rapid.SampledFrom([]catalog.Credit{catalog.LastClick, catalog.FirstClick, catalog.SplitClick, catalog.SplitClick}).Draw(t, "credit")
		v.SplitLastBps = map[catalog.Credit]int64{catalog.LastClick: 10000, catalog.SplitClick: rapid.Int64Range(1, 9999).Draw(t, "split")}[v.Credit]
		if rapid.Bool().Draw(t, "of product") {
			v.ProductID = pointer(rapid.SampledFrom([]int64{soap, candle}).Draw(t, "product"))
		}
		d.line.Terms = append(d.line.Terms, v)
	}
	if rapid.Bool().Draw(t, "path") {
		d.cs = append(d.cs, referrals.Candidate{Rule: referrals.ByStorefront, MemberID: member.Draw(t, "owner"), At: at.Draw(t, "added"),
			EmailNormal: emails.Draw(t, "email"), Shared: rapid.SliceOfN(at, 0, 3).Draw(t, "shared")})
	}
	for _, rule := range []referrals.Rule{referrals.ByCode, referrals.ByPin} {
		if rapid.IntRange(0, 3).Draw(t, "of rule") == 0 {
			c := referrals.Candidate{Rule: rule, MemberID: member.Draw(t, "of member"), At: now, EmailNormal: emails.Draw(t, "email"), Blocked: rapid.Bool().Draw(t, "blocked")}
			if rule == referrals.ByPin {
				c.At = at.Draw(t, "pinned")
			}
			d.cs = append(d.cs, c)
		}
	}
	for i := range rapid.IntRange(0, 6).Draw(t, "clicks") {
		d.cs = append(d.cs, referrals.Candidate{Rule: referrals.ByClick, MemberID: member.Draw(t, "member"), At: at.Draw(t, "clicked"),
			EmailNormal: emails.Draw(t, "email"), PayoutID: payouts.Draw(t, "payout"), Blocked: rapid.Bool().Draw(t, "blocked"), Staff: rapid.IntRange(0, 4).Draw(t, "staff") == 0,
			ClickID: int64(i + 1), LinkID: rapid.Int64Range(1, 4).Draw(t, "link"), Shared: []time.Time{at.Draw(t, "shared")},
			Target:          rapid.SampledFrom([]referrals.Target{referrals.ToProduct, referrals.ToBrand, referrals.ToStorefront}).Draw(t, "target"),
			TargetProductID: rapid.SampledFrom([]int64{soap, candle}).Draw(t, "target product"), TargetBrandID: savonnerie,
			Listed: rapid.Bool().Draw(t, "listed"), Recorded: rapid.SampledFrom([]clicks.Reason{"", "", "", clicks.Repeat, clicks.Embedded}).Draw(t, "recorded")})
	}
	return d
}

func TestDecideProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := draw(t)
		d := referrals.Decide(in.m, in.buyer, in.line, in.cs)
		if len(d.Evidence.Candidates) != len(in.cs) {
			t.Fatalf("%d candidates, %d weighed", len(in.cs), len(d.Evidence.Candidates))
		}
		won := 0
		for _, w := range d.Evidence.Candidates {
			if w.Eligible && (w.At.After(now) || !w.Until.IsZero() && w.Until.Before(now)) {
				t.Fatalf("eligible outside its window: %+v", w)
			}
			if w.Eligible && w.Rule == referrals.ByClick && w.At.After(in.m.Checkout) {
				t.Fatalf("clicked after checkout began: %+v", w)
			}
			if w.Won {
				won++
				if !w.Eligible || w.Reason != "" || w.Rule != d.Rule || w.Part <= 0 {
					t.Fatalf("winner %+v of %+v", w, d)
				}
			} else if w.Reason == "" || w.Part != 0 {
				t.Fatalf("no reason: %+v", w)
			}
		}
		most := 1
		if d.Rule == referrals.ByClick && d.Evidence.Credit == catalog.SplitClick {
			most = 2
		}
		if (won > 0) != (d.Rule != referrals.ByNone) || won > most || won != len(d.Credits) {
			t.Fatalf("%d winners by rule %s, %d credits", won, d.Rule, len(d.Credits))
		}
		parts := int64(0)
		for _, c := range d.Credits {
			parts += c.PartBps
			if c.RateBps < d.Evidence.RateNow || c.RateBps > 8000 {
				t.Fatalf("rate %d, now %d", c.RateBps, d.Evidence.RateNow)
			}
			for _, one := range in.cs { // nothing of whoever is credited is the buyer's, unless their e-mail or account differs by candidate
				if one.MemberID == c.MemberID && one.MemberID == in.buyer.MemberID {
					t.Fatal("a member earns on their own order")
				}
			}
		}
		if len(d.Credits) > 0 && parts != 10000 || len(d.Credits) == 2 && d.Credits[0].MemberID == d.Credits[1].MemberID || d.CommissionBps() > 8000 {
			t.Fatalf("credits %+v", d.Credits)
		}
	})
}

// Nobody who is the buyer, is blocked, or is on the brand's team wins, whatever else is weighed.
func TestDecideNeverPaysWhoMayNot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := draw(t)
		barred := rapid.Int64Range(1, 4).Draw(t, "barred")
		how := rapid.SampledFrom([]string{"self", "blocked", "staff"}).Draw(t, "how")
		for i := range in.cs {
			if in.cs[i].MemberID == barred {
				in.cs[i].Blocked, in.cs[i].Staff = how == "blocked", how == "staff"
			}
		}
		if how == "self" {
			in.buyer.MemberID = barred
		}
		for _, c := range referrals.Decide(in.m, in.buyer, in.line, in.cs).Credits {
			if c.MemberID == barred {
				t.Fatalf("%s wins", how)
			}
		}
	})
}

// The order in which candidates are found makes no difference, and deciding again gives the same. A candidate who neither wins nor
// gives a winner their link makes none either: also with first and split, as only a winner is first or last.
func TestDecideDependsOnlyOnTheWinners(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := draw(t)
		d := referrals.Decide(in.m, in.buyer, in.line, in.cs)
		shuffled := append([]referrals.Candidate(nil), in.cs...)
		rand.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if diff := cmp.Diff(d, referrals.Decide(in.m, in.buyer, in.line, shuffled)); diff != "" {
			t.Fatalf("another order of candidates (-first +second):\n%s", diff)
		}
		rule, again := referrals.Choose(d.Evidence)
		if diff := cmp.Diff(d.Evidence, again); diff != "" || rule != d.Rule {
			t.Fatalf("chosen again by the evidence (-first +second):\n%s", diff)
		}
		if len(in.cs) == 0 {
			return
		}
		i := rapid.IntRange(0, len(in.cs)-1).Draw(t, "left out")
		for _, c := range d.Credits {
			if c.MemberID == in.cs[i].MemberID {
				return
			}
		}
		without := referrals.Decide(in.m, in.buyer, in.line, append(append([]referrals.Candidate(nil), in.cs[:i]...), in.cs[i+1:]...))
		if diff := cmp.Diff(d.Credits, without.Credits); diff != "" || d.Rule != without.Rule {
			t.Fatalf("without a loser (-with +without):\n%s", diff)
		}
	})
}

func TestEvidenceSaysNothingOfTheBuyer(t *testing.T) {
	c := click(alice, 1, ago(day), func(c *referrals.Candidate) { c.EmailNormal, c.PayoutID = "secret@example.org", "acct_secret" })
	d := referrals.Decide(moment, referrals.Buyer{MemberID: 4711, Emails: []string{"secret@example.org"}, PayoutID: "acct_secret"},
		referrals.Line{ProductID: soap, BrandID: savonnerie, Terms: terms()}, []referrals.Candidate{c})
	b, err := json.Marshal(d.Evidence)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"candidates":[{"rule":"click","member":1,"link":101,"click":1,"at":"2026-03-01T09:00:00Z","until":"2026-03-31T09:00:00Z",` +
		`"eligible":false,"won":false,"reason":"self"}],"rate_now":1000,"credit":"","split_last":0,"at":"2026-03-02T09:00:00Z"}`
	if string(b) != want {
		t.Errorf("evidence = %s\nwant %s", b, want)
	}
}

func FuzzDecide(f *testing.F) {
	f.Add(int64(1), int64(2), int64(3600), "a@x.org", "b@x.org", int64(30), int64(1000), uint8(0))
	f.Fuzz(func(t *testing.T, buyer, member, seconds int64, buyerEmail, email string, window, bps int64, target uint8) {
		targets := []referrals.Target{referrals.ToProduct, referrals.ToBrand, referrals.ToStorefront, "other"}
		line := referrals.Line{ProductID: soap, BrandID: savonnerie, Terms: []catalog.Terms{{ID: 1, CommissionBps: bps, WindowDays: int(window % 91)}}}
		c := referrals.Candidate{Rule: referrals.ByClick, MemberID: member, EmailNormal: email, At: now.Add(-time.Duration(seconds%(1<<30)) * time.Second),
			ClickID: 1, LinkID: 1, Target: targets[int(target)%len(targets)], TargetProductID: soap}
		d := referrals.Decide(moment, referrals.Buyer{MemberID: buyer, Emails: []string{buyerEmail}}, line, []referrals.Candidate{c})
		if len(d.Credits) > 0 && (buyer != 0 && buyer == member || email != "" && email == buyerEmail) {
			t.Errorf("self-referral paid: %+v", d)
		}
		if len(d.Credits) == 0 && d.CommissionBps() != 0 {
			t.Errorf("commission for nobody: %+v", d)
		}
	})
}
