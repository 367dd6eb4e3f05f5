// Package address knows where orders can go: the countries, and what their postcodes look like.
package address

import (
	"slices"
	"unicode"
)

// Countries are those to which orders can be addressed: where Stripe lets a platform in the EU pay out and cards are at
// home (ISO 3166 alpha-2). A brand's delivery methods choose among them.
func Countries() []string {
	return []string{"FR", "BE", "LU", "CH", "DE", "NL", "ES", "IT", "PT", "AT", "IE", "GB", "DK", "SE", "FI", "PL"}
}

// Known says whether orders can go to a country.
func Known(country string) bool { return slices.Contains(Countries(), country) }

// postcodeDigits is how many digits a postcode has, in the countries where it is digits only; 0 elsewhere.
func postcodeDigits(country string) int {
	switch country {
	case "FR", "DE", "ES", "IT", "FI":
		return 5
	case "BE", "LU", "CH", "AT", "DK":
		return 4
	}
	return 0
}

// ValidPostcode says whether a text can be a postcode of the country: the digits that it has there, with spaces, dashes
// or a country's letter among them; elsewhere anything of a postcode's length.
func ValidPostcode(country, postcode string) bool {
	want := postcodeDigits(country)
	if want == 0 {
		return len(postcode) >= 3 && len(postcode) <= 12
	}
	digits := 0
	for _, r := range postcode {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case r != ' ' && r != '-' && !unicode.IsLetter(r):
			return false
		}
	}
	return digits == want
}
