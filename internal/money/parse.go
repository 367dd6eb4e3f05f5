package money

import (
	"fmt"
	"math"
	"strings"
)

// Parse reads what a person typed: "12", "1234.56", "1 234,56", "1,234.56". The last point or comma is the decimal sign;
// spaces (also the narrow and the unbreakable ones), apostrophes, and points or commas before it separate groups of three digits.
// A single point or comma before three digits could mean either, so it is refused except where the currency's decimals
// settle it. It returns ErrFormat for anything else: signs, letters, more decimals than the currency
// has; ErrOverflow for what 64 bits do not hold; ErrCurrency for a currency that is none.
func Parse(s string, c Currency) (Amount, error) {
	if err := c.Valid(); err != nil {
		return Amount{}, err
	}
	whole, fraction, err := split(strings.TrimSpace(s), c.Exponent())
	if err != nil {
		return Amount{}, fmt.Errorf("%w: %q", err, s)
	}
	var minor int64
	for _, digit := range []byte(whole + fraction) {
		d := int64(digit - '0')
		if minor > (math.MaxInt64-d)/10 {
			return Amount{}, fmt.Errorf("%w: %q", ErrOverflow, s)
		}
		minor = minor*10 + d
	}
	return Amount{minor, c}, nil
}

// split returns the digits before and after the decimal sign, the latter filled up to exponent.
func split(s string, exponent int) (whole, fraction string, err error) {
	whole = s
	if at := strings.LastIndexAny(s, ".,"); at >= 0 && exponent > 0 {
		whole, fraction = s[:at], s[at+1:]
		sign := s[at : at+1]
		switch {
		case strings.Contains(whole, sign):
			whole, fraction = s, "" // the sign occurs before too: it separates groups
		case len(fraction) > exponent || fraction == "":
			return "", "", ErrFormat
		}
	}
	whole, err = ungroup(whole)
	if err != nil || !digits(fraction) {
		return "", "", ErrFormat
	}
	return whole, fraction + strings.Repeat("0", exponent-len(fraction)), nil
}

// separators are the signs that may stand between groups of three digits: space, no-break space, narrow no-break space,
// apostrophes, point, comma.
const separators = " \u00a0\u202f'’.,"

// ungroup removes the separators between groups of three digits; one number uses one separator.
func ungroup(s string) (string, error) {
	at := strings.IndexAny(s, separators)
	if at < 0 {
		if s == "" || !digits(s) {
			return "", ErrFormat
		}
		return s, nil
	}
	separator := string([]rune(s[at:])[0])
	groups := strings.Split(s, separator)
	for i, g := range groups {
		if !digits(g) || (i > 0 && len(g) != 3) || (i == 0 && (len(g) == 0 || len(g) > 3)) {
			return "", ErrFormat
		}
	}
	return strings.Join(groups, ""), nil
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
