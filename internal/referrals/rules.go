package referrals

import (
	"cmp"
	"slices"
	"time"

	"relais/internal/catalog"
	"relais/internal/clicks"
)

// RateLock is how long after sharing a member keeps the rate of that day.
const RateLock = 30 * 24 * time.Hour

// PinLife is how long after sign-up a pin counts: a year, in which a new customer's first season of buying lies. Without an end,
// whoever came first would hold a rent on people whom others serve since.
const PinLife = 365 * day

const day = 24 * time.Hour

// whole is everything, in basis points.
const whole = 10_000

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
	if c.Rule != ByClick {
		return true
	}
	switch c.Target {
	case ToProduct:
		return c.TargetProductID == l.ProductID
	case ToBrand:
		return c.TargetBrandID == l.BrandID
	case ToStorefront:
		return c.Listed
	case ToStory, ToPoll:
		return c.Shown
	}
	return false
}

// Moment is when a sale happens: the order is placed at At, and its checkout began at Checkout, at the latest then.
type Moment struct {
	At       time.Time
	Checkout time.Time
}

// Decide attributes one line of an order. The order of candidates does not matter. It never fails: where nobody is
// eligible the rule is ByNone. The package comment states each rule.
func Decide(m Moment, b Buyer, l Line, candidates []Candidate) Decision {
	cs := slices.Clone(candidates)
	slices.SortStableFunc(cs, firstInOrder)
	terms, _ := catalog.Choose(l.Terms, l.ProductID, m.At)
	e := Evidence{Candidates: make([]Weighed, len(cs)), RateNow: terms.CommissionBps, Credit: terms.Credit, SplitLast: terms.SplitLastBps, At: m.At}
	for i, c := range cs {
		w := weigh(m, b, l, c)
		if w.Eligible {
			w.Rate, w.LockedFrom = rate(m.At, l, c.Shared, terms.CommissionBps)
		}
		e.Candidates[i] = w
	}
	d := Decision{TermsID: terms.ID, Margin: terms.MarginBps, At: m.At}
	d.Rule, d.Evidence = Choose(e)
	for _, w := range d.Evidence.Candidates {
		if w.Won {
			d.Credits = append(d.Credits, credited(w, d.Evidence.Candidates))
		}
	}
	return d
}

// place is where a rule stands in their order.
func place(r Rule) int { return slices.Index([]Rule{ByGroup, ByStorefront, ByCode, ByClick, ByPin}, r) }

// firstInOrder puts candidates in the order of their rules, then the latest, then the highest number first.
func firstInOrder(a, b Candidate) int {
	return cmp.Or(cmp.Compare(place(a.Rule), place(b.Rule)), b.At.Compare(a.At), cmp.Compare(b.ClickID, a.ClickID),
		cmp.Compare(b.MemberID, a.MemberID), cmp.Compare(b.LinkID, a.LinkID))
}

// weigh says whether one candidate is eligible, or the first reason why not.
func weigh(m Moment, b Buyer, l Line, c Candidate) Weighed {
	w := Weighed{Rule: c.Rule, MemberID: c.MemberID, LinkID: c.LinkID, ClickID: c.ClickID, At: c.At}
	terms, offered := catalog.Choose(l.Terms, l.ProductID, c.At)
	switch c.Rule {
	case ByStorefront, ByClick:
		if offered {
			w.Until = c.At.Add(time.Duration(terms.WindowDays) * day)
		}
	case ByPin:
		w.Until = c.At.Add(PinLife)
		_, offered = catalog.Choose(l.Terms, l.ProductID, m.At)
	}
	guarded := c.Rule == ByClick || c.Rule == ByPin // the others are of the checkout itself
	switch {
	case c.Recorded != clicks.Counts:
		w.Reason = c.Recorded
	case IsSelf(b, c):
		w.Reason = clicks.Self
	case c.Blocked:
		w.Reason = Blocked
	case c.Staff:
		w.Reason = Staff
	case c.At.After(m.At) || guarded && c.At.After(m.Checkout):
		w.Reason = AfterCheckout
	case !offered:
		w.Reason = NoTerms
	case !w.Until.IsZero() && m.At.After(w.Until):
		w.Reason = Lapsed
	case !Covers(c, l):
		w.Reason = NotCovered
	default:
		w.Eligible = true
	}
	return w
}

// Choose says by which rule a line is decided, and marks in the evidence who wins which part and why the other eligible candidates
// do not. It reads who is eligible, of which rule and member, and the credit model; what was marked before makes no difference.
func Choose(e Evidence) (Rule, Evidence) {
	ws := slices.Clone(e.Candidates)
	e.Candidates = ws
	var eligible []int // of the first rule that has any, the latest first
	for i, w := range ws {
		if w.Eligible && (len(eligible) == 0 || ws[eligible[0]].Rule == w.Rule) {
			eligible = append(eligible, i)
		}
	}
	if len(eligible) == 0 {
		return ByNone, e
	}
	rule := ws[eligible[0]].Rule
	why := map[Rule]clicks.Reason{ByGroup: GroupFirst, ByStorefront: PathFirst, ByCode: CodeFirst, ByClick: ClickFirst}[rule]
	for i := range ws {
		ws[i].Won, ws[i].Part = false, 0
		if ws[i].Eligible {
			ws[i].Reason = why
		}
	}
	last, first := eligible[0], eligible[len(eligible)-1]
	if rule == ByClick {
		for _, i := range eligible {
			ws[i].Reason = passedOver(e.Credit)
		}
	}
	win := func(i int, part int64) { ws[i].Won, ws[i].Part, ws[i].Reason = true, part, clicks.Counts }
	switch {
	case rule == ByClick && e.Credit == catalog.FirstClick:
		win(first, whole)
	case rule == ByClick && e.Credit == catalog.SplitClick && ws[first].MemberID != ws[last].MemberID:
		win(last, e.SplitLast)
		win(first, whole-e.SplitLast)
	default:
		win(last, whole)
	}
	return rule, e
}

// passedOver is why an eligible click does not win among clicks.
func passedOver(c catalog.Credit) clicks.Reason {
	switch c {
	case catalog.FirstClick:
		return EarlierClick
	case catalog.SplitClick:
		return BetweenClicks
	}
	return LaterClick
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

// credited is a winner with the link and the click to show for it: the click itself, the link of the sign-up or, of a storefront path
// or a code, the member's latest click that this buyer made, whatever product it led to.
func credited(winner Weighed, all []Weighed) Credited {
	c := Credited{MemberID: winner.MemberID, RateBps: winner.Rate, PartBps: winner.Part}
	from := winner
	if winner.Rule == ByGroup || winner.Rule == ByStorefront || winner.Rule == ByCode {
		i := slices.IndexFunc(all, func(w Weighed) bool {
			return w.Rule == ByClick && w.MemberID == winner.MemberID && (w.Eligible || w.Reason == NotCovered)
		})
		if i < 0 {
			return c
		}
		from = all[i]
	}
	c.LinkID, c.ClickID = orNull(from.LinkID), orNull(from.ClickID)
	return c
}
