package insight

import (
	"cmp"
	"slices"
	"time"

	"relais/internal/i18n"
	"relais/internal/money"
)

// Period is from one day to another, both included, counted by days or by months.
type Period struct {
	Name     string    // one of Periods
	From, To time.Time // midnights in Paris
	Monthly  bool
}

// Periods are the names of those on offer: so many days, or the present month and the eleven before it.
func Periods() []string { return []string{"7", "30", "90", "year"} }

// PeriodOf is the period of a name that ends today; that of thirty days for a name that is none.
func PeriodOf(name string, now time.Time) Period {
	today := i18n.DayStart(now)
	days := 30
	switch name {
	case "7":
		days = 7
	case "90":
		days = 90
	case "year":
		first := today.AddDate(0, 0, 1-today.Day())
		return Period{Name: name, From: first.AddDate(0, -11, 0), To: today, Monthly: true}
	default:
		name = "30"
	}
	return Period{Name: name, From: today.AddDate(0, 0, 1-days), To: today}
}

// Since is the period from the day of that moment to today, by months where it is long.
func Since(from, now time.Time) Period {
	p := Period{From: i18n.DayStart(from), To: i18n.DayStart(now)}
	p.Monthly = p.To.Sub(p.From) > 92*24*time.Hour
	return p
}

// Starts are the midnights with which the days or months of the period begin, in their order.
func (p Period) Starts() (list []time.Time) {
	for at := p.From; !at.After(p.To); {
		list = append(list, at)
		if p.Monthly {
			at = at.AddDate(0, 1, 0)
		} else {
			at = at.AddDate(0, 0, 1)
		}
	}
	return list
}

// ConversionBps is how many orders came of ten thousand people; false where nobody came.
func (f Figures) ConversionBps() (int64, bool) {
	if f.People == 0 {
		return 0, false
	}
	return f.Orders * 10_000 / f.People, true
}

// Any says whether anything came at all.
func (f Figures) Any() bool { return f.Visits > 0 || f.Orders > 0 }

// part is one line of what the database counts: a part of one cut through everything, in one currency; that of clicks has none.
type part struct {
	Cut      string         `db:"cut"` // total, step, link, circle, channel, product, member
	Key      string         `db:"key"` // number, name or date of the part
	Currency money.Currency `db:"currency"`
	People   int64          `db:"people"`
	Visits   int64          `db:"visits"`
	Orders   int64          `db:"orders"`
	Goods    int64          `db:"goods"`
	Earned   int64          `db:"earned"`
}

// fold joins what belongs together: by cut, then by key.
func fold(parts []part) map[string]map[string]Figures {
	cuts := map[string]map[string]Figures{}
	for _, p := range slices.SortedFunc(slices.Values(parts), func(a, b part) int { return cmp.Compare(a.Currency, b.Currency) }) {
		if cuts[p.Cut] == nil {
			cuts[p.Cut] = map[string]Figures{}
		}
		f := cuts[p.Cut][p.Key]
		f.People, f.Visits, f.Orders = f.People+p.People, f.Visits+p.Visits, f.Orders+p.Orders
		if p.Currency != "" {
			f.Goods, f.Earned = append(f.Goods, money.New(p.Goods, p.Currency)), append(f.Earned, money.New(p.Earned, p.Currency))
		}
		cuts[p.Cut][p.Key] = f
	}
	return cuts
}

// steps are all of a period's, also those on which nothing happened.
func steps(p Period, by map[string]Figures) (list []Step) {
	for _, at := range p.Starts() {
		list = append(list, Step{Figures: by[at.Format(time.DateOnly)], Start: at})
	}
	return list
}

// named are the parts of a cut by name, whoever brought most first.
func named(by map[string]Figures) (list []Named) {
	for name, f := range by {
		list = append(list, Named{f, name})
	}
	slices.SortFunc(list, func(a, b Named) int { return cmp.Or(best(a.Figures, b.Figures), cmp.Compare(a.Name, b.Name)) })
	return list
}

// best compares by what was earned, then by orders, then by people. Amounts of several currencies are compared one by one.
func best(a, b Figures) int {
	for i := range min(len(a.Earned), len(b.Earned)) {
		if a.Earned[i].Currency == b.Earned[i].Currency && a.Earned[i].Minor != b.Earned[i].Minor {
			return cmp.Compare(b.Earned[i].Minor, a.Earned[i].Minor)
		}
	}
	return cmp.Or(cmp.Compare(b.Orders, a.Orders), cmp.Compare(b.People, a.People), cmp.Compare(b.Visits, a.Visits))
}
