package words_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"relais/internal/stripesandbox/words"
)

func TestMoney(t *testing.T) {
	for _, tt := range []struct {
		minor          int64
		currency       string
		french, inEngl string
	}{
		{123_456, "eur", "1\u202f234,56\u00a0€", "€1,234.56"},
		{-5, "gbp", "-0,05\u00a0£", "-£0.05"},
		{1500, "jpy", "1\u202f500\u00a0JPY", "JPY\u00a01,500"},
		{1500, "isk", "15\u00a0ISK", "ISK\u00a015"},
		{100_000, "huf", "1\u202f000,00\u00a0HUF", "HUF\u00a01,000.00"},
	} {
		if got := words.Money(tt.minor, tt.currency, words.French); got != tt.french {
			t.Errorf("%d %s in French: %q, want %q", tt.minor, tt.currency, got, tt.french)
		}
		if got := words.Money(tt.minor, tt.currency, words.English); got != tt.inEngl {
			t.Errorf("%d %s in English: %q, want %q", tt.minor, tt.currency, got, tt.inEngl)
		}
	}
}

func TestLanguages(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Accept-Language", "de, fr-CA;q=0.8, en;q=0.5")
	if got := words.LanguageOf(r, ""); got != words.French {
		t.Errorf("the browser's language is %q", got)
	}
	if got := words.LanguageOf(r, "en-GB"); got != words.English {
		t.Errorf("the order's language is %q", got)
	}
	if words.Word(words.French, "pay") != "Payer" || words.Word(words.English, "pay") != "Pay" || words.Word(words.English, "no_such") != "no_such" {
		t.Error("a key does not say what it should")
	}
	at := time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC)
	if got := words.Date(at, words.French) + ", " + words.Date(at, words.English); got != "1 août 2026, 1 August 2026" {
		t.Errorf("dates %q", got)
	}
}

func TestCurrencies(t *testing.T) {
	for _, c := range words.Currencies() {
		if step := words.Step(c, false); words.Smallest(c) <= 0 || words.Smallest(c)%step != 0 || words.Unit(c)%step != 0 && step != 100 {
			t.Errorf("%s: smallest %d, unit %d, step %d", c, words.Smallest(c), words.Unit(c), step)
		}
	}
	if words.Step("huf", false) != 1 || words.Step("huf", true) != 100 || words.Step("isk", false) != 100 || words.Unit("jpy") != 1 {
		t.Error("a currency is counted otherwise than Stripe does")
	}
}
