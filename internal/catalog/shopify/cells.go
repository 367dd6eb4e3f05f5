package shopify

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"relais/internal/money"
)

// signed is a number with a sign and perhaps a unit ("-5 °C", "+2.5"): a value, not a formula.
var signed = regexp.MustCompile(`^[+-]\d+([.,]\d+)?\s?[\p{L}°%]{0,6}$`)

// formula says whether a spreadsheet would take a text for a formula and run it.
func formula(text string) bool {
	return text != "" && strings.ContainsRune("=+-@", rune(text[0])) && !signed.MatchString(text)
}

// most is the longest text, in characters, that each column may hold; what a person types obeys the same.
var most = map[column]int{handle: 255, title: 160, body: 100_000, category: 80, sku: 80, barcode: 60, imageSrc: 2000, imageAlt: 300,
	option1Name: 60, option2Name: 60, option3Name: 60, option1Value: 60, option2Value: 60, option3Value: 60}

// wrongWith judges what every row must obey, whatever it is for.
func (r Record) wrongWith() *reason {
	if r.wrong != nil {
		return r.wrong
	}
	for _, c := range texts {
		if formula(r.get(c)) {
			return because("import.formula", "Column", c.String())
		}
	}
	// A body may begin with a dash; what it must not begin with are the two signs that no prose begins with.
	if b := r.get(body); strings.HasPrefix(b, "=") || strings.HasPrefix(b, "@") {
		return because("import.formula", "Column", body.String())
	}
	for c := range columns {
		if limit, ok := most[c]; ok && utf8.RuneCountInString(r.get(c)) > limit {
			return because("import.too_long", "Column", c.String(), "Limit", limit)
		}
	}
	if r.get(handle) == "" {
		return because("import.no_handle")
	}
	return nil
}

// isVariant says whether a row that is not its product's first carries a variant.
func (r Record) isVariant() bool {
	for _, c := range []column{price, sku, option1Value, option2Value, option3Value} {
		if r.get(c) != "" {
			return true
		}
	}
	return false
}

// amount reads a price above zero, in minor units.
func (r Record) amount(c column, currency money.Currency) (int64, *reason) {
	text := r.get(c)
	if text == "" {
		return 0, because("import.price_missing", "Column", c.String())
	}
	if strings.HasPrefix(text, "-") {
		return 0, because("import.price_negative", "Column", c.String())
	}
	a, err := money.Parse(text, currency)
	switch {
	case err != nil:
		return 0, because("import.price", "Column", c.String(), "Value", clip(text))
	case a.Minor == 0:
		return 0, because("import.price_zero", "Column", c.String())
	case a.Minor > 100_000_000:
		return 0, because("import.price_high", "Column", c.String())
	}
	return a.Minor, nil
}

// whole reads a whole number from zero to limit; an empty cell is the fallback. Shopify counts pieces sold
// without stock as negative: there are none left.
func (r Record) whole(c column, fallback, limit int) (int, *reason) {
	text := r.get(c)
	if text == "" {
		return fallback, nil
	}
	text = strings.TrimSuffix(strings.TrimSuffix(text, ".0"), ".00")
	n, err := strconv.Atoi(text)
	if err != nil || n > limit || n < 0 && c != quantity {
		return 0, because("import.number", "Column", c.String(), "Value", clip(text))
	}
	return max(n, 0), nil
}

// yes reads a truth value; an empty cell is the fallback.
func (r Record) yes(c column, fallback bool) (bool, *reason) {
	switch strings.ToLower(r.get(c)) {
	case "":
		return fallback, nil
	case "true", "yes", "1":
		return true, nil
	case "false", "no", "0":
		return false, nil
	}
	return false, because("import.truth", "Column", c.String(), "Value", clip(r.get(c)))
}

// clip keeps a value short in a report.
func clip(text string) string {
	if runes := []rune(text); len(runes) > 40 {
		return string(runes[:39]) + "…"
	}
	return text
}
