package i18n_test

import (
	"math"
	"testing"
	"time"

	"relais/internal/i18n"
	"relais/internal/money"
)

func TestMatch(t *testing.T) {
	for header, want := range map[string]i18n.Lang{
		"":                             i18n.FR,
		"fr-CA,fr;q=0.9,en;q=0.5":      i18n.FR,
		"en-GB,en;q=0.9":               i18n.EN,
		"de-DE,de;q=0.9":               i18n.EN,
		"de;q=0.9,fr;q=0.2":            i18n.FR,
		"es, en;q=0.1":                 i18n.EN,
		"*":                            i18n.EN,
		"not a header ; q=x, ;;":       i18n.FR,
		"fr;q=0.3, en;q=0.9, it;q=1.0": i18n.EN,
	} {
		if got := i18n.Match(header); got != want {
			t.Errorf("Match(%q) = %s, want %s", header, got, want)
		}
	}
}

func TestMoney(t *testing.T) {
	for _, c := range []struct {
		minor    int64
		currency money.Currency
		fr, en   string
	}{
		{123456, "EUR", "1\u202f234,56\u00a0€", "€1,234.56"},
		{0, "EUR", "0,00\u00a0€", "€0.00"},
		{5, "EUR", "0,05\u00a0€", "€0.05"},
		{-1250, "EUR", "\u221212,50\u00a0€", "\u2212€12.50"},
		{100000000, "GBP", "1\u202f000\u202f000,00\u00a0£", "£1,000,000.00"},
		{1999, "USD", "19,99\u00a0$US", "$19.99"},
		{1500, "JPY", "1\u202f500\u00a0¥", "¥1,500"},
		{123456, "HUF", "1\u202f234,56\u00a0HUF", "HUF\u00a01,234.56"},
		{1500, "CHF", "15,00\u00a0CHF", "CHF\u00a015.00"},
		{math.MinInt64, "EUR", "\u221292\u202f233\u202f720\u202f368\u202f547\u202f758,08\u00a0€", "\u2212€92,233,720,368,547,758.08"},
	} {
		amount := money.Amount{Minor: c.minor, Currency: c.currency}
		if got := i18n.FR.Money(amount); got != c.fr {
			t.Errorf("FR.Money(%v) = %q, want %q", amount, got, c.fr)
		}
		if got := i18n.EN.Money(amount); got != c.en {
			t.Errorf("EN.Money(%v) = %q, want %q", amount, got, c.en)
		}
	}
}

func TestNumberAndPercent(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{i18n.FR.Number(1234567), "1\u202f234\u202f567"},
		{i18n.EN.Number(-1234), "\u22121,234"},
		{i18n.EN.Number(999), "999"},
		{i18n.FR.Percent(1250), "12,5\u00a0%"},
		{i18n.FR.Percent(2000), "20\u00a0%"},
		{i18n.EN.Percent(505), "5.05%"},
		{i18n.EN.Percent(-50), "\u22120.5%"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestDates(t *testing.T) {
	late := time.Date(2026, 7, 31, 22, 30, 0, 0, time.UTC) // already the 1st of August in Paris
	for _, c := range []struct{ got, want string }{
		{i18n.FR.Date(late), "1er\u00a0août 2026"},
		{i18n.EN.Date(late), "1\u00a0August 2026"},
		{i18n.FR.DateShort(late), "1er\u00a0août"},
		{i18n.EN.DateShort(late), "1\u00a0Aug"},
		{i18n.FR.MonthShort(late), "août"},
		{i18n.EN.MonthShort(late), "Aug"},
		{i18n.FR.MonthShort(late.AddDate(0, 6, 0)), "janv.\u00a02027"},
		{i18n.EN.MonthShort(late.AddDate(0, 6, 0)), "Jan\u00a02027"},
		{i18n.FR.DateTime(late), "1er\u00a0août 2026 à 00:30"},
		{i18n.EN.DateTime(late), "1\u00a0August 2026 at 00:30"},
		{i18n.FR.Month(late), "août 2026"},
		{i18n.FR.Relative(late, late), "aujourd’hui"},
		{i18n.EN.Relative(late, late.Add(24*time.Hour)), "tomorrow"},
		{i18n.FR.Relative(late, late.AddDate(0, 0, -1)), "hier"},
		{i18n.FR.Relative(late, late.AddDate(0, 0, 14)), "dans 14 jours"},
		{i18n.EN.Relative(late, late.AddDate(0, 0, -3)), "3 days ago"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
	// The clocks go back on 25 October 2026: still one calendar day.
	if got := i18n.Days(time.Date(2026, 10, 24, 21, 30, 0, 0, time.UTC), time.Date(2026, 10, 25, 22, 30, 0, 0, time.UTC)); got != 1 {
		t.Errorf("Days over the change of clocks = %d, want 1", got)
	}
}

func TestPlurals(t *testing.T) {
	for count, want := range map[int]string{0: "il y a 0 jour", 1: "il y a 1 jour", 2: "il y a 2 jours", 1000000: "il y a 1\u202f000\u202f000 jours"} {
		if got := i18n.FR.T("page.day.ago", "Count", count); got != want {
			t.Errorf("Count %d: %q, want %q", count, got, want)
		}
	}
}

// A missing key or argument must not reach a page unnoticed.
func TestMissing(t *testing.T) {
	if _, err := i18n.FR.Lookup("page.no_such_key"); err == nil {
		t.Error("a missing key gave no error")
	}
	if _, err := i18n.FR.Lookup("page.day.ago"); err == nil {
		t.Error("a missing argument gave no error")
	}
	defer func() {
		if recover() == nil {
			t.Error("T of a missing key did not panic in a test")
		}
	}()
	i18n.FR.T("page.no_such_key")
}

func TestArgumentsOfAMessageMayBePointers(t *testing.T) {
	at := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	if got, want := i18n.EN.T("till.earning.terms_text", "Number", "7", "Date", &at), i18n.EN.T("till.earning.terms_text", "Number", "7", "Date", at); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
