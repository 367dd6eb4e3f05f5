package referrals

import (
	"slices"
	"time"

	"relais/internal/clicks"
)

// Change is one thing that might have been otherwise about a sale. "relay.whatif." + Change is the key of its sentence.
type Change string

// The changes that are tried: first those of others, then those of the member's own.
const (
	WithoutPath    Change = "without_path"    // nobody else's storefront page had been bought from
	WithoutCode    Change = "without_code"    // nobody else's code had been typed
	WithoutLater   Change = "without_later"   // no link of others had been followed after the member's last one
	WithoutEarlier Change = "without_earlier" // no link of others had been followed before the member's first one
	WithoutClicks  Change = "without_clicks"  // no link of others had been followed at all
	Sooner         Change = "sooner"          // the order had been placed some days earlier
	BeforeCheckout Change = "before_checkout" // the member's link had been followed before checkout began
	ToThisProduct  Change = "to_this_product" // the member's link had led to what was bought
	NotBlocked     Change = "not_blocked"     // the member had not been blocked
	NotStaff       Change = "not_staff"       // the member had not been on the brand's team
	WithoutOwn     Change = "without_own"     // what won for the member had not been there: how safe the sale was
)

// WhatIf is a change and what would have followed from it for one member.
type WhatIf struct {
	Change Change
	Days   int   // of Sooner: how many days earlier, at least 1
	Part   int64 // basis points that would have been theirs
	Others bool  // of WithoutOwn: somebody else would have had the rest; false: nobody would
}

// Counterfactual says what would have given a member more of a sale, and, where they won, what of it hung on what won: it decides
// again by the evidence with one thing changed at a time, and keeps what makes a difference. Empty: no single thing would have
// changed it. Other members are not named.
func Counterfactual(e Evidence, memberID int64) []WhatIf {
	now := partOf(e, memberID)
	var list []WhatIf
	try := func(change Change, days int, altered Evidence) {
		if part := partOf(altered, memberID); part > now {
			list = append(list, WhatIf{Change: change, Days: days, Part: part})
		}
	}
	first, last := ownClicks(e, memberID)
	try(WithoutPath, 0, without(e, func(_ int, w Weighed) bool { return w.Rule == ByStorefront && w.MemberID != memberID }))
	try(WithoutCode, 0, without(e, func(_ int, w Weighed) bool { return w.Rule == ByCode && w.MemberID != memberID }))
	if last >= 0 {
		try(WithoutLater, 0, without(e, func(i int, w Weighed) bool { return w.Rule == ByClick && w.MemberID != memberID && i < last }))
		try(WithoutEarlier, 0, without(e, func(i int, w Weighed) bool { return w.Rule == ByClick && w.MemberID != memberID && i > first }))
	} else {
		try(WithoutClicks, 0, without(e, func(_ int, w Weighed) bool { return w.Rule == ByClick && w.MemberID != memberID }))
	}
	tried := map[Change]bool{}
	for i, w := range e.Candidates {
		change, days := mended(e, w)
		if w.MemberID != memberID || change == "" || tried[change] {
			continue
		}
		tried[change] = true // the latest of its kind: the one that was nearest
		if change == Sooner {
			try(change, days, sooner(e, days))
			continue
		}
		altered := without(e, func(int, Weighed) bool { return false })
		altered.Candidates[i].Eligible, altered.Candidates[i].Reason = true, clicks.Counts
		try(change, 0, altered)
	}
	if now == 0 {
		return list
	}
	alone := without(e, func(_ int, w Weighed) bool { return w.MemberID == memberID && w.Won })
	rule, _ := Choose(alone)
	kept := partOf(alone, memberID)
	return append(list, WhatIf{Change: WithoutOwn, Part: kept, Others: kept < whole && rule != ByNone})
}

// mended is what would have made a candidate of the member's own eligible; empty where nothing should have.
func mended(e Evidence, w Weighed) (Change, int) {
	switch w.Reason {
	case Lapsed:
		late := e.At.Sub(w.Until)
		return Sooner, int((late + day - time.Nanosecond) / day)
	case AfterCheckout:
		return BeforeCheckout, 0
	case NotCovered:
		return ToThisProduct, 0
	case Blocked:
		return NotBlocked, 0
	case Staff:
		return NotStaff, 0
	}
	return "", 0
}

// sooner is the evidence as it would have been with the order placed days earlier: what had lapsed since counts, what came since does
// not. A code is typed with the order.
func sooner(e Evidence, days int) Evidence {
	e = without(e, func(int, Weighed) bool { return false })
	e.At = e.At.Add(-time.Duration(days) * day)
	for i := range e.Candidates {
		w := &e.Candidates[i]
		switch {
		case w.Rule != ByCode && w.At.After(e.At):
			w.Eligible, w.Reason = false, AfterCheckout
		case w.Reason == Lapsed && !e.At.After(w.Until):
			w.Eligible, w.Reason = true, clicks.Counts
		}
	}
	return e
}

// ownClicks are the places of the member's first and last eligible click in the evidence, which has the latest first; -1: none.
func ownClicks(e Evidence, memberID int64) (first, last int) {
	first, last = -1, -1
	for i, w := range e.Candidates {
		if w.Rule != ByClick || w.MemberID != memberID || !w.Eligible {
			continue
		}
		if first = i; last < 0 {
			last = i
		}
	}
	return first, last
}

// partOf is what a member gets by the evidence, in basis points.
func partOf(e Evidence, memberID int64) (part int64) {
	_, decided := Choose(e)
	for _, w := range decided.Candidates {
		if w.MemberID == memberID && w.Won {
			part += w.Part
		}
	}
	return part
}

// without is the evidence less the candidates that are named.
func without(e Evidence, named func(i int, w Weighed) bool) Evidence {
	var kept []Weighed
	for i, w := range e.Candidates {
		if !named(i, w) {
			kept = append(kept, w)
		}
	}
	e.Candidates = slices.Clip(kept)
	return e
}
