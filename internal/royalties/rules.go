package royalties

import (
	"slices"

	"relais/internal/catalog"
	"relais/internal/earnings"
	"relais/internal/referrals"
)

// whole is everything, in basis points.
const whole = 10_000

// Of is a royalty of nobody yet, for Example: so much of the price without VAT, in basis points, for a design (earnings.Royalty) or an idea
// (earnings.Idea). Set its MemberID where Gather is to join it with others.
func Of(role earnings.Role, bps int64) Royalty {
	return Royalty{Role: role, AgreedBps: bps, RateBps: bps}
}

// author is a royalty with what tells its member from the buyer.
type author struct {
	Royalty
	EmailNormal string `db:"email_normal"`
	PayoutID    string `db:"payout_id"`
}

// others are the royalties of those who are not the buyer.
func others(found []author, b referrals.Buyer) []Royalty {
	var rs []Royalty
	for _, a := range found {
		if !referrals.IsSelf(b, referrals.Candidate{MemberID: a.MemberID, EmailNormal: a.EmailNormal, PayoutID: a.PayoutID}) {
			rs = append(rs, a.Royalty)
		}
	}
	return rs
}

// Gather gives each member one share for each role, at their rates together, where their first one stands: the nearest design.
func Gather(rs []Royalty) []Royalty {
	var out []Royalty
	for _, r := range rs {
		i := slices.IndexFunc(out, func(o Royalty) bool { return o.Role == r.Role && o.MemberID == r.MemberID })
		if i < 0 {
			out = append(out, r)
			continue
		}
		out[i].AgreedBps, out[i].RateBps = out[i].AgreedBps+r.AgreedBps, out[i].RateBps+r.RateBps
	}
	return out
}

// Together is what royalties take together, in basis points.
func Together(rs []Royalty) (bps int64) {
	for _, r := range rs {
		bps += r.RateBps
	}
	return bps
}

// Allowed says whether terms allow the authors of a design their royalties: its own and those of the designs that it varies. ErrTooMuch.
func Allowed(t catalog.Terms, rs []Royalty) error {
	if Together(rs) > t.RoyaltyBps {
		return ErrTooMuch
	}
	return nil
}

// Fit gives royalties the rates that the commissions and the fee of a line leave them, and adds these to what is taken of the line. Terms
// allow no more than there is, but a line can join several versions of them: a commission that its member locked by sharing early, and
// a royalty that was agreed under later terms. Then the royalties are lowered together, in proportion, each rounded down to a basis point, to
// 0 at the least: the commission was shown to whoever brought the buyer, and no order fails for it. The order of the royalties
// stays, those of rate 0 too.
func Fit(rs []Royalty, r earnings.Rates) ([]Royalty, earnings.Rates) {
	taken := r.FeeBps * whole
	for _, c := range r.Credits {
		taken += c.RateBps * c.PartBps
	}
	room := max(0, (whole*whole-taken)/whole)
	fitted, total := slices.Clone(rs), Together(rs)
	r.Royalties = make([]int64, len(fitted))
	for i := range fitted {
		if total > room {
			fitted[i].RateBps = fitted[i].RateBps * room / total
		}
		r.Royalties[i] = fitted[i].RateBps
	}
	return fitted, r
}

// Example works a sale of one piece through, for whoever publishes a design or decides about one: the brand's price, VAT included, sold
// under the terms by one member who has all of the commission, in a storefront with a margin on top of it (0: without), VAT included;
// with the royalties of all authors (Of and Chain, after Gather) and, if the terms give one and the product came of an idea, its author's
// among them. All amounts are minor units, rates basis points. In the Split, Royalties are in the order of those given, Commissions has
// one entry, Sale is what is left to the brand with the VAT in it, and all of it together is priceMinor + marginMinor. As in an
// order, royalties for which there is no room are lowered (Fit). earnings.ErrShares: the price is none, or the commission and the fee
// alone are more than it.
func Example(priceMinor, vatBps, marginMinor int64, t catalog.Terms, rs []Royalty, feeBps int64) (earnings.Split, error) {
	_, rates := Fit(rs, earnings.Rates{Credits: []earnings.Credit{{RateBps: t.CommissionBps, PartBps: whole}}, FeeBps: feeBps})
	return earnings.SplitResale(priceMinor+marginMinor, marginMinor, vatBps, rates)
}
