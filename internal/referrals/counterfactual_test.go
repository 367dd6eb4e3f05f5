package referrals_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"relais/internal/catalog"
	"relais/internal/clicks"
	"relais/internal/referrals"
)

func TestCounterfactual(t *testing.T) {
	split := model(catalog.SplitClick, 7000, ago(300*day))
	first := model(catalog.FirstClick, 0, ago(300*day))
	other := func(c *referrals.Candidate) { c.TargetProductID = candle }
	type cs = []referrals.Candidate
	type ifs = []referrals.WhatIf
	tests := []struct {
		name     string
		terms    []catalog.Terms
		checkout time.Time
		cs       cs
		member   int64
		want     ifs
	}{
		{name: "a later click of another", cs: cs{click(alice, 1, ago(2*day)), click(bruno, 2, ago(day))}, member: alice,
			want: ifs{{Change: referrals.WithoutLater, Part: 10000}}},
		{name: "the winner of two hangs on their click, and another would have had it", cs: cs{click(alice, 1, ago(2*day)), click(bruno, 2, ago(day))}, member: bruno,
			want: ifs{{Change: referrals.WithoutOwn, Others: true}}},
		{name: "alone", cs: cs{click(alice, 1, ago(day))}, member: alice, want: ifs{{Change: referrals.WithoutOwn}}},
		{name: "safe twice", cs: cs{click(alice, 1, ago(2*day)), click(alice, 2, ago(day))}, member: alice, want: ifs{{Change: referrals.WithoutOwn, Part: 10000}}},
		{name: "a storefront of another", cs: cs{click(alice, 1, ago(day)), path(bruno, ago(time.Hour))}, member: alice,
			want: ifs{{Change: referrals.WithoutPath, Part: 10000}}},
		{name: "a code of another", cs: cs{click(alice, 1, ago(day)), code(bruno)}, member: alice, want: ifs{{Change: referrals.WithoutCode, Part: 10000}}},
		{name: "a storefront and a code of others: no single thing", cs: cs{click(alice, 1, ago(day)), code(bruno), path(chloe, ago(time.Hour))}, member: alice},
		{name: "an earlier click, where the first is paid", terms: first, cs: cs{click(alice, 1, ago(day)), click(bruno, 2, ago(2*day))}, member: alice,
			want: ifs{{Change: referrals.WithoutEarlier, Part: 10000}}},
		{name: "two days late", cs: cs{click(alice, 1, ago(31*day+time.Hour))}, member: alice, want: ifs{{Change: referrals.Sooner, Days: 2, Part: 10000}}},
		{name: "a day late to the instant", cs: cs{click(alice, 1, ago(31*day))}, member: alice, want: ifs{{Change: referrals.Sooner, Days: 1, Part: 10000}}},
		{name: "late, and sooner the other had not clicked yet", cs: cs{click(alice, 1, ago(32*day)), click(bruno, 2, ago(day))}, member: alice,
			want: ifs{{Change: referrals.Sooner, Days: 2, Part: 10000}}},
		{name: "late, and sooner the other had clicked already", cs: cs{click(alice, 1, ago(32*day)), click(bruno, 2, ago(10*day))}, member: alice},
		{name: "after checkout began", checkout: ago(time.Hour), cs: cs{click(alice, 1, ago(time.Minute))}, member: alice,
			want: ifs{{Change: referrals.BeforeCheckout, Part: 10000}}},
		{name: "to another product", cs: cs{click(alice, 1, ago(day), other)}, member: alice, want: ifs{{Change: referrals.ToThisProduct, Part: 10000}}},
		{name: "blocked", cs: cs{click(alice, 1, ago(day), func(c *referrals.Candidate) { c.Blocked = true })}, member: alice,
			want: ifs{{Change: referrals.NotBlocked, Part: 10000}}},
		{name: "staff", cs: cs{click(alice, 1, ago(day), func(c *referrals.Candidate) { c.Staff = true })}, member: alice,
			want: ifs{{Change: referrals.NotStaff, Part: 10000}}},
		{name: "repeats and own purchases are nothing to mend", cs: cs{click(alice, 1, ago(day), func(c *referrals.Candidate) { c.Recorded = clicks.Self })}, member: alice},
		{name: "the last of a split", terms: split, cs: cs{click(alice, 1, ago(2*day)), click(bruno, 2, ago(day))}, member: bruno,
			want: ifs{{Change: referrals.WithoutEarlier, Part: 10000}, {Change: referrals.WithoutOwn, Others: true}}},
		{name: "the first of a split", terms: split, cs: cs{click(alice, 1, ago(2*day)), click(bruno, 2, ago(day))}, member: alice,
			want: ifs{{Change: referrals.WithoutLater, Part: 10000}, {Change: referrals.WithoutOwn, Others: true}}},
		{name: "between the two of a split", terms: split, cs: cs{click(alice, 1, ago(3*day)), click(chloe, 3, ago(2*day)), click(bruno, 2, ago(day))}, member: chloe,
			want: ifs{{Change: referrals.WithoutLater, Part: 7000}, {Change: referrals.WithoutEarlier, Part: 3000}}},
		{name: "late for the first of a split", terms: split, cs: cs{click(alice, 1, ago(31*day)), click(bruno, 2, ago(5*day))}, member: alice,
			want: ifs{{Change: referrals.Sooner, Days: 1, Part: 3000}}},
		{name: "a pin after a click of another", cs: cs{pin(alice, ago(50*day)), click(bruno, 1, ago(day))}, member: alice,
			want: ifs{{Change: referrals.WithoutClicks, Part: 10000}}},
		{name: "who was never weighed", cs: cs{click(alice, 1, ago(day))}, member: chloe},
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
			d := referrals.Decide(m, referrals.Buyer{}, line, tt.cs)
			if diff := cmp.Diff(tt.want, referrals.Counterfactual(d.Evidence, tt.member)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A counterfactual changes nothing of the evidence, and promises only what is more than the member has; whatever "without" says is
// what Decide says when those candidates were never there.
func TestCounterfactualProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := draw(t)
		d := referrals.Decide(in.m, in.buyer, in.line, in.cs)
		member := rapid.Int64Range(1, 4).Draw(t, "member")
		part := func(d referrals.Decision) (bps int64) {
			for _, c := range d.Credits {
				if c.MemberID == member {
					bps += c.PartBps
				}
			}
			return bps
		}
		_, before := referrals.Choose(d.Evidence)
		for _, w := range referrals.Counterfactual(d.Evidence, member) {
			if w.Change != referrals.WithoutOwn && (w.Part <= part(d) || w.Part > 10000) || w.Change == referrals.Sooner && w.Days < 1 {
				t.Fatalf("%+v, and the member has %d", w, part(d))
			}
			rule := map[referrals.Change]referrals.Rule{referrals.WithoutPath: referrals.ByStorefront, referrals.WithoutCode: referrals.ByCode}[w.Change]
			if rule == "" {
				continue
			}
			var kept []referrals.Candidate
			for _, c := range in.cs {
				if c.Rule != rule || c.MemberID == member {
					kept = append(kept, c)
				}
			}
			if got := part(referrals.Decide(in.m, in.buyer, in.line, kept)); got != w.Part {
				t.Fatalf("%+v, and decided anew it is %d", w, got)
			}
		}
		if diff := cmp.Diff(before, d.Evidence); diff != "" {
			t.Fatalf("the evidence was changed:\n%s", diff)
		}
	})
}
