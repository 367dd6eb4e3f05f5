package i18n

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // dates are shown in Paris time on machines without a zone database, too

	"relais/internal/money"
)

// Spaces and signs that the locales use: no line may break inside a number.
const (
	noBreak     = "\u00a0"
	thinNoBreak = "\u202f"
	minus       = "\u2212"
)

// paris is the zone in which days are named: the platform's legal home.
var paris = mustZone("Europe/Paris")

func mustZone(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		panic(err) // embedded by time/tzdata
	}
	return zone
}

// Money writes an amount with its currency: "1 234,56 €" in French, "€1,234.56" in English.
// Spaces do not break; a negative amount carries a true minus sign.
func (l Lang) Money(a money.Amount) string {
	minor, sign := a.Minor, ""
	magnitude := uint64(minor)
	if minor < 0 {
		sign, magnitude = minus, -magnitude
	}
	digits := strconv.FormatUint(magnitude, 10)
	exponent := a.Currency.Exponent()
	if missing := exponent + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	number := l.group(digits[:len(digits)-exponent])
	if exponent > 0 {
		number += l.point() + digits[len(digits)-exponent:]
	}
	symbol := l.Symbol(a.Currency)
	if l == FR {
		return sign + number + noBreak + symbol
	}
	if len(symbol) == 3 && symbol[0] < 0x80 {
		symbol += noBreak // a code, not a sign
	}
	return sign + symbol + number
}

// Symbol is the sign of a currency, or its code where the sign would not be understood: "€", "CHF".
func (l Lang) Symbol(c money.Currency) string {
	switch c {
	case "EUR":
		return "€"
	case "GBP":
		return "£"
	case "USD":
		if l == FR {
			return "$US"
		}
		return "$"
	case "JPY":
		return "¥"
	}
	return string(c)
}

// Number writes a whole number with its thousands apart: "1 234", "1,234".
func (l Lang) Number(n int64) string {
	if n < 0 {
		return minus + l.group(strconv.FormatUint(-uint64(n), 10))
	}
	return l.group(strconv.FormatInt(n, 10))
}

// Percent writes basis points as a percentage with no more decimals than needed: 1250 is "12,5 %" or "12.5%".
func (l Lang) Percent(bps int64) string {
	sign := ""
	if bps < 0 {
		sign, bps = minus, -bps
	}
	text := sign + l.group(strconv.FormatInt(bps/100, 10))
	if rest := bps % 100; rest != 0 {
		text += l.point() + strings.TrimRight(fmt.Sprintf("%02d", rest), "0")
	}
	if l == FR {
		return text + noBreak + "%"
	}
	return text + "%"
}

// Tenths writes a number of tenths with one decimal: "4,6", "4.6".
func (l Lang) Tenths(n int64) string {
	return strconv.FormatInt(n/10, 10) + l.point() + strconv.FormatInt(n%10, 10)
}

func (l Lang) point() string {
	if l == FR {
		return ","
	}
	return "."
}

func (l Lang) group(digits string) string {
	separator := ","
	if l == FR {
		separator = thinNoBreak
	}
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteString(separator)
		}
		b.WriteRune(d)
	}
	return b.String()
}

// Date writes the day in full, in Paris time: "23 novembre 2026", "1er août 2026", "23 November 2026".
func (l Lang) Date(t time.Time) string {
	t = t.In(paris)
	return l.day(t) + noBreak + l.month(t.Month()) + " " + strconv.Itoa(t.Year())
}

// Day writes the day in Paris for machines: "2026-11-23".
func Day(t time.Time) string { return t.In(paris).Format(time.DateOnly) }

// DateShort writes the day without its year: "23 nov.", "23 Nov". For tables and charts.
func (l Lang) DateShort(t time.Time) string {
	t = t.In(paris)
	if l == FR {
		return l.day(t) + noBreak + monthsFRShort[t.Month()-1]
	}
	return t.Format("2" + noBreak + "Jan")
}

// DateTime writes the day and the minute, in Paris time: "23 novembre 2026 à 14:05", "23 November 2026 at 14:05".
func (l Lang) DateTime(t time.Time) string { return l.DateTimeIn(t, paris) }

// DateTimeIn writes the day and the minute in another place's time.
func (l Lang) DateTimeIn(t time.Time, place *time.Location) string {
	at := " at "
	if l == FR {
		at = " à "
	}
	t = t.In(place)
	return l.day(t) + noBreak + l.month(t.Month()) + " " + strconv.Itoa(t.Year()) + at + t.Format("15:04")
}

// Month writes the month and year: "novembre 2026".
func (l Lang) Month(t time.Time) string {
	t = t.In(paris)
	return l.month(t.Month()) + " " + strconv.Itoa(t.Year())
}

// MonthShort writes the month in few letters, with the year in January: "nov.", "janv. 2027", "Nov", "Jan 2027". For charts of a year.
func (l Lang) MonthShort(t time.Time) string {
	t = t.In(paris)
	name := t.Format("Jan")
	if l == FR {
		name = monthsFRShort[t.Month()-1]
	}
	if t.Month() == time.January {
		name += noBreak + strconv.Itoa(t.Year())
	}
	return name
}

// Relative writes the distance in calendar days from now to t: "aujourd’hui", "demain", "dans 3 jours",
// "il y a 12 jours".
func (l Lang) Relative(now, t time.Time) string {
	switch days := Days(now, t); {
	case days == 0:
		return l.T("page.day.today")
	case days == 1:
		return l.T("page.day.tomorrow")
	case days == -1:
		return l.T("page.day.yesterday")
	case days > 1:
		return l.T("page.day.in", "Count", days)
	default:
		return l.T("page.day.ago", "Count", -days)
	}
}

// Days counts the calendar days in Paris from now to t; negative when t lies before.
func Days(now, t time.Time) int {
	noon := func(t time.Time) time.Time {
		y, m, d := t.In(paris).Date()
		return time.Date(y, m, d, 12, 0, 0, 0, time.UTC)
	}
	return int(noon(t).Sub(noon(now)) / (24 * time.Hour))
}

func (l Lang) day(t time.Time) string {
	if l == FR && t.Day() == 1 {
		return "1er"
	}
	return strconv.Itoa(t.Day())
}

func (l Lang) month(m time.Month) string {
	if l == FR {
		return monthsFR[m-1]
	}
	return m.String()
}

var (
	monthsFR = [...]string{"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août",
		"septembre", "octobre", "novembre", "décembre"}
	monthsFRShort = [...]string{"janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août",
		"sept.", "oct.", "nov.", "déc."}
)

// DayStart is the midnight in Paris with which the day of t began: the day that figures are counted by.
func DayStart(t time.Time) time.Time {
	y, m, d := t.In(paris).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, paris)
}
