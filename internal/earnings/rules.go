package earnings

import (
	"time"

	"relais/internal/fault"
	"relais/internal/money"
)

// ErrShares says that the shares of a line exceed its price; the terms that allow it must not be saved.
var ErrShares = fault.New(fault.Invalid, "fault.shares_exceed_price")

// Credit is a member who brought the buyer of a line: the rate that they get of the price without VAT, and the part of the line
// that counts as theirs, both in basis points.
type Credit struct {
	MemberID         int64
	RateBps, PartBps int64
}

// whole is everything, in basis points.
const whole = 10_000

// CommissionOf is the commission of one credited member, minor units: what is left without VAT × rate × part, rounded down once.
func CommissionOf(net, rateBps, partBps int64) int64 {
	return money.Proportion(net, rateBps*partBps, whole*whole)
}

// Rates are what is taken of the brand's price of a line without VAT.
type Rates struct {
	Credits   []Credit // who brought its buyer; none: nobody did, or their part stays with the brand
	Royalties []int64  // of each who has one for what the piece is, basis points; none: nobody has
	FeeBps    int64    // of the platform, basis points
}

// Split is how the price of one order line is shared, in minor units. Sale + the Commissions + the Royalties + Fee + Margin is the price,
// exactly.
type Split struct {
	Net         int64   // the brand's price without VAT: the base of all rates
	Margin      int64   // of the storefront's margin, what is left without VAT
	Commissions []int64 // in the order of the credits
	Royalties   []int64 // in the order of their rates
	Fee         int64
	Sale        int64
}

// SplitResale shares the price of a line that was bought in a storefront with a margin, which is part of total: the brand's price as
// SplitLine does, so that no rate is of the margin; of the margin its member has what is left without VAT, rounded down, and the brand
// the VAT, which it owes. ErrShares also where a margin is no part of the price, or more than one member or none would have it.
func SplitResale(total, margin, vatBps int64, r Rates) (Split, error) {
	if margin < 0 || margin >= total || margin > 0 && len(r.Credits) != 1 {
		return Split{}, ErrShares
	}
	s, err := SplitLine(total-margin, vatBps, r)
	if err != nil {
		return Split{}, err
	}
	s.Margin = money.NetOfVAT(margin, vatBps)
	s.Sale += margin - s.Margin
	return s, nil
}

// SplitLine shares the price of a line, which includes VAT and is after discount, in minor units. Commissions, royalties and
// platform fee are taken of the price without VAT, each rounded down; the brand has what is left, VAT included.
// ErrShares: the rates leave the brand less than nothing, or the parts are more than the whole.
func SplitLine(total, vatBps int64, r Rates) (Split, error) {
	if total <= 0 || vatBps < 0 || !r.fit() {
		return Split{}, ErrShares
	}
	s := Split{Net: money.NetOfVAT(total, vatBps)}
	s.Fee = money.Share(s.Net, r.FeeBps)
	s.Sale = total - s.Fee
	for _, c := range r.Credits {
		commission := CommissionOf(s.Net, c.RateBps, c.PartBps)
		s.Commissions = append(s.Commissions, commission)
		s.Sale -= commission // it stays 0 or more: together the rates take at most the net price
	}
	for _, bps := range r.Royalties {
		royalty := money.Share(s.Net, bps)
		s.Royalties = append(s.Royalties, royalty)
		s.Sale -= royalty
	}
	return s, nil
}

// fit says whether each rate and part is one, and whether they take no more than there is.
func (r Rates) fit() bool {
	if r.FeeBps < 0 || r.FeeBps > whole {
		return false
	}
	parts, rates := int64(0), r.FeeBps*whole
	for _, c := range r.Credits {
		if c.RateBps < 0 || c.RateBps > whole || c.PartBps <= 0 || c.PartBps > whole {
			return false
		}
		parts, rates = parts+c.PartBps, rates+c.RateBps*c.PartBps
	}
	for _, bps := range r.Royalties {
		if bps < 0 || bps > whole {
			return false
		}
		rates += bps * whole
	}
	return parts <= whole && rates <= whole*whole
}

// FreeAt is the moment at which an earning comes free: the hold, in days, after delivery. Directive 2011/83/EU art. 9
// gives the buyer 14 days from receipt, so terms allow no shorter hold.
func FreeAt(delivered time.Time, holdDays int) time.Time { return delivered.AddDate(0, 0, holdDays) }

// HoldDays is for how many days after receipt what an order earned waits: those of the terms, which have the 14 days of withdrawal in
// them, less those that its buyer does not have (0 to 14: bought face to face in a shop or on a stand).
func HoldDays(termsDays, withdrawalDays int) int {
	return max(0, termsDays-(withdrawalIn-withdrawalDays))
}

const withdrawalIn = 14

// Expected is the estimate of FreeAt while nothing is delivered: sent within daysMax of the order, taken as
// delivered autoDays after that at the latest.
func Expected(from time.Time, daysMax, holdDays int) time.Time {
	return from.AddDate(0, 0, daysMax+holdDays)
}

// Netting is how much of a debt (a balance of 0 or less) the free money pays, in minor units.
func Netting(free, debt int64) int64 { return max(0, min(free, -debt)) }

// Returned is what a beneficiary has given back in all of a share, when so much of the whole has gone back to its buyer:
// the share in proportion, rounded down. It is cumulative, so that many small refunds cost as much as one large one, and at
// the end it is the share exactly; the platform takes what rounding leaves. Largest remainder would not do: with it a
// further refund can give somebody money (it is the Alabama paradox).
func Returned(share, returned, total int64) int64 { return money.Proportion(share, returned, total) }

// Taken says from which of a payee's accounts an amount comes, in minor units; negative amounts go there. They sum to it.
type Taken struct {
	Held, Free, Debt int64
}

// TakeBack decides where what a payee gives back comes from: while the earning waits, from their held account, where it
// lies; once it was released, from what they have free, and the rest is owed. A negative amount comes back the same way, to
// the held or the free account, and never lowers a debt by itself: Net does.
func TakeBack(released bool, give, free int64) Taken {
	switch {
	case !released:
		return Taken{Held: give}
	case give < 0:
		return Taken{Free: give}
	default:
		fromFree := min(give, max(free, 0))
		return Taken{Free: fromFree, Debt: give - fromFree}
	}
}
