package documents

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"time"

	"relais/internal/money"
)

// platformVATBps is France's normal rate (CGI art. 278).
const platformVATBps = 2000

// Treatment is how VAT applies: a rate in basis points, and the key of the mention that explains a rate of nothing.
type Treatment struct {
	Bps     int64
	Mention string // "document.mention." + Mention; empty: none needed
}

// european are the other members of the European Union.
var european = strings.Fields("AT BE BG CY CZ DE DK EE ES FI GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK")

// french says whether a country is France for VAT; Monaco is (Directive 2006/112/EC art. 7).
func french(country string) bool { return country == "FR" || country == "MC" }

// HasVAT says whether a VAT number can be one of that country: it begins with its letters.
func HasVAT(country, number string) bool {
	prefix := country
	switch country {
	case "GR":
		prefix = "EL"
	case "MC":
		prefix = "FR"
	case "CH":
		prefix = "CHE"
	}
	number = strings.ToUpper(strings.NewReplacer(" ", "", ".", "", "-", "").Replace(number))
	return strings.HasPrefix(number, prefix) && len(number) > len(prefix)+5
}

// FeeVAT is the VAT on the platform's fee to a brand. A service to a business is taxed where the business is (Directive
// 2006/112/EC art. 44, CGI art. 259-1): in France at its normal rate; in another country of the Union by the customer, who
// has a VAT number (art. 196, CGI art. 283-2); outside of the Union not by us. Whoever in the Union has no VAT number, or
// is a private person, counts as a consumer and pays French VAT (art. 45, CGI art. 259-2).
func FeeVAT(country, number string, trader bool) Treatment {
	switch {
	case french(country):
		return Treatment{Bps: platformVATBps}
	case !slices.Contains(european, country):
		return Treatment{Mention: "outside_eu"}
	case trader && HasVAT(country, number):
		return Treatment{Mention: "reverse_charge"}
	}
	return Treatment{Bps: platformVATBps}
}

// SaleVAT says whether a seller charges VAT at all, and why not: without a VAT number nobody may (CGI art. 293 B and 283-3),
// and a private person is outside of it.
func SaleVAT(country, number string, trader bool) (charges bool, mention string) {
	switch {
	case !trader:
		return false, "private_seller"
	case HasVAT(country, number):
		return true, ""
	case french(country):
		return false, "franchise_fr"
	case slices.Contains(european, country):
		return false, "franchise_eu"
	}
	return false, "not_registered"
}

// taxed fills in net and VAT of a gross amount at a rate, the net rounded down as on order lines.
func taxed(l Line, gross, bps int64) Line {
	l.VATBps, l.Total, l.Net = bps, gross, money.NetOfVAT(gross, bps)
	l.VAT = l.Total - l.Net
	return l
}

// deliveryBps is the rate of a delivery: that of the goods it brings, the highest where they have several, as a price for
// things of several rates that is not split is taxed at the highest (CGI art. 278-0 A).
func deliveryBps(goods []Line) int64 {
	var most int64
	for _, l := range goods {
		most = max(most, l.VATBps)
	}
	return most
}

// Credited is what a line of an invoice gave back before, in minor units.
type Credited struct{ Net, Total int64 }

// CreditOf is the part of an invoice's line that an amount takes back. It is cumulative: what was taken back in all, this
// included, is the line's net times its part of the line, rounded down, so that a line taken back whole is exactly at
// nothing whatever the steps were.
func CreditOf(line Line, before Credited, amount int64) Line {
	net := mulDiv(line.Net, before.Total+amount, line.Total) - before.Net
	line.Total, line.Net = amount, min(max(net, 0), amount)
	line.VAT = line.Total - line.Net
	return line
}

// mulDiv is a × b / c rounded down, by a product of 128 bits, for 0 <= a, 0 <= b <= c, 0 < c.
func mulDiv(a, b, c int64) int64 {
	high, low := bits.Mul64(uint64(a), uint64(b))
	quotient, _ := bits.Div64(high, low, uint64(c))
	return int64(quotient)
}

// total adds up the lines by rate, the highest first, and over all.
func (c *Content) total() {
	byRate := map[int64]*Tax{}
	c.Taxes, c.Net, c.VAT, c.Total = nil, 0, 0, 0
	for _, l := range c.Lines {
		t := byRate[l.VATBps]
		if t == nil {
			t = &Tax{Bps: l.VATBps}
			byRate[l.VATBps] = t
		}
		t.Net, t.VAT, t.Total = t.Net+l.Net, t.VAT+l.VAT, t.Total+l.Total
		c.Net, c.VAT, c.Total = c.Net+l.Net, c.VAT+l.VAT, c.Total+l.Total
	}
	for _, t := range byRate {
		c.Taxes = append(c.Taxes, *t)
	}
	slices.SortFunc(c.Taxes, func(a, b Tax) int { return cmp.Compare(b.Bps, a.Bps) })
}

// paris names days and months: the platform's legal home.
var paris = mustZone()

func mustZone() *time.Location {
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		panic(err) // i18n embeds the zones
	}
	return zone
}

// year is that of a moment in Paris.
func year(t time.Time) int { return t.In(paris).Year() }

// monthOf is the first midnight, in Paris, of the month of a moment.
func monthOf(t time.Time) time.Time {
	y, m, _ := t.In(paris).Date()
	return time.Date(y, m, 1, 0, 0, 0, 0, paris)
}

// grace is how long after its end a month is closed: what began in it has been committed by then.
const grace = 6 * time.Hour

// monthsToClose are the first midnights of the months that are over now, from the first one on, the closed ones left out.
func monthsToClose(first, now time.Time, closed map[string]bool) []time.Time {
	var due []time.Time
	for m := monthOf(first); !m.AddDate(0, 1, 0).Add(grace).After(now); m = m.AddDate(0, 1, 0) {
		if !closed[m.Format(time.DateOnly)] {
			due = append(due, m)
		}
	}
	return due
}

// brandSeries is what the numbers of a brand's documents begin with: its handle, which never changes. Handles that look like
// the platform's own series give way to the brand's id.
func brandSeries(handle string, brandID int64, k Kind, year int) string {
	name := strings.ToUpper(handle)
	if name == "RELAIS" || strings.HasPrefix(name, "RELAIS-") {
		name = fmt.Sprintf("RELAIS-B%d", brandID)
	}
	if k == CreditNote {
		return fmt.Sprintf("%s-%d-A", name, year)
	}
	return fmt.Sprintf("%s-%d", name, year)
}

// platformSeries are the platform's fee invoices and fee credits.
func platformSeries(k Kind, year int) string {
	if k == FeeCredit {
		return fmt.Sprintf("RELAIS-FA-%d", year)
	}
	return fmt.Sprintf("RELAIS-F-%d", year)
}

// memberSeries are what is issued in a member's name: each member has numbers of their own.
func memberSeries(memberID int64, year int) string {
	return fmt.Sprintf("RELAIS-M%d-%d", memberID, year)
}

// numberOf writes a number: six digits, more once they are used up.
func numberOf(series string, sequence int64) string { return fmt.Sprintf("%s-%06d", series, sequence) }
