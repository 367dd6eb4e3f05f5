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

func click(member, id int64, at time.Time, change ...func(*referrals.Candidate)) referrals.Candidate {
	c := referrals.Candidate{Rule: referrals.ByClick, MemberID: member, At: at, ClickID: id, LinkID: 100 + id,
		Target: referrals.ToProduct, TargetProductID: soap}
	for _, f := range change {
		f(&c)
	}
	return c
}

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
	shorter := catalog.Terms{ID: 2, BrandID: savonnerie, CommissionBps: 1000, WindowDays: 7, ValidFrom: ago(5 * day)}

	tests := []struct {
		name    string
		buyer   referrals.Buyer
		terms   []catalog.Terms
		cs      []referrals.Candidate
		rule    referrals.Rule
		member  int64
		click   int64
		reasons []clicks.Reason // of the candidates, storefront first, then the latest
	}{
		{name: "nobody", rule: referrals.ByNone},
		{name: "storefront before a later click", cs: []referrals.Candidate{click(bruno, 1, ago(time.Minute)), path(alice, ago(time.Hour))},
			rule: referrals.ByStorefront, member: alice, reasons: []clicks.Reason{"", referrals.PathFirst}},
		{name: "storefront with the click that led there", cs: []referrals.Candidate{path(alice, ago(time.Hour)), click(alice, 5, ago(2*time.Hour))},
			rule: referrals.ByStorefront, member: alice, click: 5, reasons: []clicks.Reason{"", referrals.PathFirst}},
		{name: "storefront with a click that led to another product",
			cs:   []referrals.Candidate{path(alice, ago(time.Hour)), click(alice, 5, ago(2*time.Hour), to(referrals.ToProduct, candle, 0, false))},
			rule: referrals.ByStorefront, member: alice, click: 5, reasons: []clicks.Reason{"", referrals.NotCovered}},
		{name: "own storefront", buyer: referrals.Buyer{MemberID: alice}, cs: []referrals.Candidate{path(alice, ago(time.Hour))},
			rule: referrals.ByNone, reasons: []clicks.Reason{clicks.Self}},
		{name: "own storefront, another's click", buyer: referrals.Buyer{MemberID: alice},
			cs:   []referrals.Candidate{path(alice, ago(time.Hour)), click(bruno, 1, ago(day))},
			rule: referrals.ByClick, member: bruno, click: 1, reasons: []clicks.Reason{clicks.Self, ""}},
		{name: "storefront line older than the window", cs: []referrals.Candidate{path(alice, ago(31*day))},
			rule: referrals.ByNone, reasons: []clicks.Reason{referrals.Lapsed}},
		{name: "last click", cs: []referrals.Candidate{click(alice, 1, ago(2*day)), click(bruno, 2, ago(day)), click(chloe, 3, ago(3*day))},
			rule: referrals.ByClick, member: bruno, click: 2, reasons: []clicks.Reason{"", referrals.LaterClick, referrals.LaterClick}},
		{name: "same instant", cs: []referrals.Candidate{click(alice, 7, ago(day)), click(bruno, 8, ago(day))},
			rule: referrals.ByClick, member: bruno, click: 8, reasons: []clicks.Reason{"", referrals.LaterClick}},
		{name: "repeat does not renew", cs: []referrals.Candidate{click(alice, 1, ago(50*time.Minute)), click(bruno, 2, ago(40*time.Minute)),
			click(alice, 3, ago(30*time.Minute), recorded(clicks.Repeat))},
			rule: referrals.ByClick, member: bruno, click: 2, reasons: []clicks.Reason{clicks.Repeat, "", referrals.LaterClick}},
		{name: "embedded", cs: []referrals.Candidate{click(alice, 1, ago(day), recorded(clicks.Embedded))},
			rule: referrals.ByNone, reasons: []clicks.Reason{clicks.Embedded}},
		{name: "end of the window", cs: []referrals.Candidate{click(alice, 1, ago(30*day))}, rule: referrals.ByClick, member: alice, click: 1, reasons: []clicks.Reason{""}},
		{name: "after the window", cs: []referrals.Candidate{click(alice, 1, ago(30*day+1))}, rule: referrals.ByNone, reasons: []clicks.Reason{referrals.Lapsed}},
		{name: "window of the day of the click", terms: terms(shorter), cs: []referrals.Candidate{click(alice, 1, ago(20*day))},
			rule: referrals.ByClick, member: alice, click: 1, reasons: []clicks.Reason{""}},
		{name: "brand offered nothing then", cs: []referrals.Candidate{click(alice, 1, ago(366*day))}, rule: referrals.ByNone, reasons: []clicks.Reason{referrals.NoTerms}},
		{name: "after checkout began", cs: []referrals.Candidate{click(alice, 1, now.Add(1))}, rule: referrals.ByNone, reasons: []clicks.Reason{referrals.AfterCheckout}},
		{name: "as checkout began", cs: []referrals.Candidate{click(alice, 1, now)}, rule: referrals.ByClick, member: alice, click: 1, reasons: []clicks.Reason{""}},
		{name: "self by account", buyer: referrals.Buyer{MemberID: alice}, cs: []referrals.Candidate{click(alice, 1, ago(day))},
			rule: referrals.ByNone, reasons: []clicks.Reason{clicks.Self}},
		{name: "self by e-mail, as a guest", buyer: referrals.Buyer{Emails: []string{"alice@example.org"}},
			cs: []referrals.Candidate{click(alice, 1, ago(day), email("alice@example.org"))}, rule: referrals.ByNone, reasons: []clicks.Reason{clicks.Self}},
		{name: "self by payout account", buyer: referrals.Buyer{MemberID: bruno, PayoutID: "acct_1"},
			cs: []referrals.Candidate{click(alice, 1, ago(day), payout("acct_1"))}, rule: referrals.ByNone, reasons: []clicks.Reason{clicks.Self}},
		{name: "no payout account is not the same one", buyer: referrals.Buyer{MemberID: bruno},
			cs: []referrals.Candidate{click(alice, 1, ago(day))}, rule: referrals.ByClick, member: alice, click: 1, reasons: []clicks.Reason{""}},
		{name: "a member blocked", cs: []referrals.Candidate{click(alice, 1, ago(day), blocked)}, rule: referrals.ByNone, reasons: []clicks.Reason{referrals.Blocked}},
		{name: "another product", cs: []referrals.Candidate{click(alice, 1, ago(day), to(referrals.ToProduct, candle, 0, false))},
			rule: referrals.ByNone, reasons: []clicks.Reason{referrals.NotCovered}},
		{name: "its brand", cs: []referrals.Candidate{click(alice, 1, ago(day), to(referrals.ToBrand, 0, savonnerie, false))},
			rule: referrals.ByClick, member: alice, click: 1, reasons: []clicks.Reason{""}},
		{name: "another brand", cs: []referrals.Candidate{click(alice, 1, ago(day), to(referrals.ToBrand, 0, savonnerie+1, false))},
			rule: referrals.ByNone, reasons: []clicks.Reason{referrals.NotCovered}},
		{name: "a storefront that lists it", cs: []referrals.Candidate{click(alice, 1, ago(day), to(referrals.ToStorefront, 0, 0, true))},
			rule: referrals.ByClick, member: alice, click: 1, reasons: []clicks.Reason{""}},
		{name: "a storefront that does not", cs: []referrals.Candidate{click(alice, 1, ago(day), to(referrals.ToStorefront, 0, 0, false))},
			rule: referrals.ByNone, reasons: []clicks.Reason{referrals.NotCovered}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			line := referrals.Line{ProductID: soap, BrandID: savonnerie, Terms: tt.terms}
			if line.Terms == nil {
				line.Terms = terms()
			}
			d := referrals.Decide(now, tt.buyer, line, tt.cs)
			if d.Rule != tt.rule || value(d.MemberID) != tt.member || value(d.ClickID) != tt.click {
				t.Errorf("Decide = %s, member %d, click %d; want %s, %d, %d", d.Rule, value(d.MemberID), value(d.ClickID), tt.rule, tt.member, tt.click)
			}
			var reasons []clicks.Reason
			for _, w := range d.Evidence.Candidates {
				reasons = append(reasons, w.Reason)
			}
			if diff := cmp.Diff(tt.reasons, reasons); diff != "" {
				t.Errorf("reasons (-want +got):\n%s", diff)
			}
			if (d.MemberID == nil) != (d.CommissionBps == 0) {
				t.Errorf("commission %d for member %d", d.CommissionBps, value(d.MemberID))
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
	ts := terms(catalog.Terms{ID: 2, BrandID: savonnerie, CommissionBps: 600, WindowDays: 30, ValidFrom: ago(10 * day)})
	c := click(alice, 1, ago(day), func(c *referrals.Candidate) { c.Shared = []time.Time{ago(60 * day), ago(12 * day), ago(2 * day)} })
	d := referrals.Decide(now, referrals.Buyer{}, referrals.Line{ProductID: soap, BrandID: savonnerie, Terms: ts}, []referrals.Candidate{c})
	if d.CommissionBps != 1000 || d.TermsID != 2 || d.Evidence.RateNow != 600 || !d.Evidence.LockedFrom.Equal(ago(12*day)) {
		t.Errorf("got %d bps under terms %d, now %d, locked from %v", d.CommissionBps, d.TermsID, d.Evidence.RateNow, d.Evidence.LockedFrom)
	}
}

// drawn is any order line with any candidates.
type drawn struct {
	buyer referrals.Buyer
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
		line: referrals.Line{ProductID: soap, BrandID: savonnerie},
	}
	for i := range rapid.IntRange(1, 4).Draw(t, "versions") {
		v := catalog.Terms{ID: int64(i + 1), CommissionBps: rapid.Int64Range(0, 8000).Draw(t, "bps"),
			WindowDays: rapid.IntRange(1, 90).Draw(t, "window"), ValidFrom: at.Draw(t, "valid from")}
		if rapid.Bool().Draw(t, "of product") {
			v.ProductID = pointer(rapid.SampledFrom([]int64{soap, candle}).Draw(t, "product"))
		}
		d.line.Terms = append(d.line.Terms, v)
	}
	if rapid.Bool().Draw(t, "path") {
		d.cs = append(d.cs, referrals.Candidate{Rule: referrals.ByStorefront, MemberID: member.Draw(t, "owner"), At: at.Draw(t, "added"),
			EmailNormal: emails.Draw(t, "email"), Shared: rapid.SliceOfN(at, 0, 3).Draw(t, "shared")})
	}
	for i := range rapid.IntRange(0, 6).Draw(t, "clicks") {
		d.cs = append(d.cs, referrals.Candidate{Rule: referrals.ByClick, MemberID: member.Draw(t, "member"), At: at.Draw(t, "clicked"),
			EmailNormal: emails.Draw(t, "email"), PayoutID: payouts.Draw(t, "payout"), Blocked: rapid.Bool().Draw(t, "blocked"),
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
		d := referrals.Decide(now, in.buyer, in.line, in.cs)
		if len(d.Evidence.Candidates) != len(in.cs) {
			t.Fatalf("%d candidates, %d weighed", len(in.cs), len(d.Evidence.Candidates))
		}
		won := 0
		for _, w := range d.Evidence.Candidates {
			if w.Eligible && w.At.After(now) || w.Eligible && w.Until.Before(now) {
				t.Fatalf("eligible outside its window: %+v", w)
			}
			if w.Won {
				won++
				if !w.Eligible || w.Reason != "" || d.MemberID == nil || w.MemberID != *d.MemberID || w.Rule != d.Rule {
					t.Fatalf("winner %+v of %+v", w, d)
				}
			} else if w.Reason == "" {
				t.Fatalf("no reason: %+v", w)
			}
		}
		if (won == 1) != (d.Rule != referrals.ByNone) || won > 1 {
			t.Fatalf("%d winners by rule %s", won, d.Rule)
		}
		if d.MemberID != nil && *d.MemberID == in.buyer.MemberID {
			t.Fatal("a member earns on their own order")
		}
		if d.MemberID != nil && d.CommissionBps < d.Evidence.RateNow || d.CommissionBps > 8000 {
			t.Fatalf("rate %d, now %d", d.CommissionBps, d.Evidence.RateNow)
		}
	})
}

// The order in which candidates are found makes no difference, nor does a candidate who does not win.
func TestDecideDependsOnlyOnTheWinner(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := draw(t)
		d := referrals.Decide(now, in.buyer, in.line, in.cs)
		shuffled := append([]referrals.Candidate(nil), in.cs...)
		rand.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if diff := cmp.Diff(d, referrals.Decide(now, in.buyer, in.line, shuffled)); diff != "" {
			t.Fatalf("another order of candidates (-first +second):\n%s", diff)
		}
		var kept []referrals.Candidate
		for _, c := range in.cs {
			if d.MemberID != nil && c.MemberID == *d.MemberID {
				kept = append(kept, c)
			}
		}
		alone := referrals.Decide(now, in.buyer, in.line, kept)
		if alone.Rule != d.Rule || value(alone.MemberID) != value(d.MemberID) || value(alone.ClickID) != value(d.ClickID) || alone.CommissionBps != d.CommissionBps {
			t.Fatalf("without the losers: %+v; with them: %+v", alone, d)
		}
	})
}

func TestEvidenceSaysNothingOfTheBuyer(t *testing.T) {
	c := click(alice, 1, ago(day), func(c *referrals.Candidate) { c.EmailNormal, c.PayoutID = "secret@example.org", "acct_secret" })
	d := referrals.Decide(now, referrals.Buyer{MemberID: 4711, Emails: []string{"secret@example.org"}, PayoutID: "acct_secret"},
		referrals.Line{ProductID: soap, BrandID: savonnerie, Terms: terms()}, []referrals.Candidate{c})
	b, err := json.Marshal(d.Evidence)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"candidates":[{"rule":"click","member":1,"link":101,"click":1,"at":"2026-03-01T09:00:00Z","until":"2026-03-31T09:00:00Z",` +
		`"eligible":false,"won":false,"reason":"self"}],"rate_now":1000,"rate":0}`
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
		d := referrals.Decide(now, referrals.Buyer{MemberID: buyer, Emails: []string{buyerEmail}}, line, []referrals.Candidate{c})
		if d.MemberID != nil && (buyer != 0 && buyer == member || email != "" && email == buyerEmail) {
			t.Errorf("self-referral paid: %+v", d)
		}
		if d.MemberID == nil && d.CommissionBps != 0 {
			t.Errorf("commission for nobody: %+v", d)
		}
	})
}
