package referrals

import (
	"slices"
	"time"

	"relais/internal/catalog"
	"relais/internal/clicks"
)

// RateLock is how long after sharing a member keeps the rate of that day.
const RateLock = 30 * 24 * time.Hour

// maxWindow is the longest window that terms may give; older clicks need not be looked at.
const maxWindow = 90 * 24 * time.Hour

const day = 24 * time.Hour

// LockedRate is what a member gets who shared at that time, in basis points: the higher of the rate now and the rate then, if
// then is no more than RateLock ago.
func LockedRate(now time.Time, nowBps int64, shared time.Time, sharedBps int64) int64 {
	if shared.After(now) || now.Sub(shared) > RateLock {
		return nowBps
	}
	return max(nowBps, sharedBps)
}

// IsSelf says whether a candidate is the buyer: the same member, the same normalised e-mail, the same payout account. Nothing
// else makes two people one.
func IsSelf(b Buyer, c Candidate) bool {
	return b.MemberID != 0 && b.MemberID == c.MemberID ||
		c.EmailNormal != "" && slices.Contains(b.Emails, c.EmailNormal) ||
		c.PayoutID != "" && b.PayoutID == c.PayoutID
}

// Covers says whether what a candidate shared includes the product of the line.
func Covers(c Candidate, l Line) bool {
	if c.Rule == ByStorefront {
		return true
	}
	switch c.Target {
	case ToProduct:
		return c.TargetProductID == l.ProductID
	case ToBrand:
		return c.TargetBrandID == l.BrandID
	case ToStorefront:
		return c.Listed
	}
	return false
}

// Decide attributes one line of an order placed now. The order of candidates does not matter. It never fails: where nobody is
// eligible the rule is ByNone. The package comment states each rule.
func Decide(now time.Time, b Buyer, l Line, candidates []Candidate) Decision {
	cs := slices.Clone(candidates)
	slices.SortStableFunc(cs, latestFirst)
	weighed := make([]Weighed, len(cs))
	winner := -1
	for i, c := range cs {
		weighed[i] = weigh(now, b, l, c)
		if !weighed[i].Eligible {
			continue
		}
		if winner < 0 {
			winner = i
			weighed[i].Won = true
			continue
		}
		weighed[i].Reason = LaterClick
		if cs[winner].Rule == ByStorefront {
			weighed[i].Reason = PathFirst
		}
	}
	terms, _ := catalog.Choose(l.Terms, l.ProductID, now)
	d := Decision{Rule: ByNone, TermsID: terms.ID, At: now, Evidence: Evidence{Candidates: weighed, RateNow: terms.CommissionBps}}
	if winner < 0 {
		return d
	}
	w := cs[winner]
	d.Rule, d.MemberID = w.Rule, &w.MemberID
	d.CommissionBps, d.Evidence.LockedFrom = rate(now, l, w.Shared, terms.CommissionBps)
	d.Evidence.Rate = d.CommissionBps
	d.LinkID, d.ClickID = origin(w, cs, weighed)
	return d
}

// latestFirst puts storefront paths before clicks, then the latest, then the highest number.
func latestFirst(a, b Candidate) int {
	if a.Rule != b.Rule {
		if a.Rule == ByStorefront {
			return -1
		}
		return 1
	}
	if c := b.At.Compare(a.At); c != 0 {
		return c
	}
	return int(max(-1, min(1, b.ClickID-a.ClickID)))
}

// weigh says whether one candidate is eligible, or the first reason why not.
func weigh(now time.Time, b Buyer, l Line, c Candidate) Weighed {
	w := Weighed{Rule: c.Rule, MemberID: c.MemberID, LinkID: c.LinkID, ClickID: c.ClickID, At: c.At}
	terms, offered := catalog.Choose(l.Terms, l.ProductID, c.At)
	if offered {
		w.Until = c.At.Add(time.Duration(terms.WindowDays) * day)
	}
	switch {
	case c.Recorded != clicks.Counts:
		w.Reason = c.Recorded
	case IsSelf(b, c):
		w.Reason = clicks.Self
	case c.Blocked:
		w.Reason = Blocked
	case c.At.After(now):
		w.Reason = AfterCheckout
	case !offered:
		w.Reason = NoTerms
	case now.After(w.Until):
		w.Reason = Lapsed
	case !Covers(c, l):
		w.Reason = NotCovered
	default:
		w.Eligible = true
	}
	return w
}

// rate is the best of the rate now and of those locked by sharing, with the day of sharing whose rate was kept.
func rate(now time.Time, l Line, shared []time.Time, nowBps int64) (bps int64, lockedFrom time.Time) {
	bps = nowBps
	for _, at := range shared {
		then, ok := catalog.Choose(l.Terms, l.ProductID, at)
		if !ok {
			continue
		}
		if r := LockedRate(now, nowBps, at, then.CommissionBps); r > bps {
			bps, lockedFrom = r, at
		}
	}
	return bps, lockedFrom
}

// origin is the link and the click to show for a decision: the click itself or, of a storefront path, the member's latest click
// that this buyer made, whatever product it led to.
func origin(winner Candidate, cs []Candidate, weighed []Weighed) (linkID, clickID *int64) {
	if winner.Rule == ByClick {
		return &winner.LinkID, &winner.ClickID
	}
	for i, c := range cs {
		good := weighed[i].Eligible || weighed[i].Reason == NotCovered
		if c.Rule == ByClick && c.MemberID == winner.MemberID && good {
			return &c.LinkID, &c.ClickID
		}
	}
	return nil, nil
}
