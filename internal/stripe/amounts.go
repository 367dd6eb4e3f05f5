package stripe

import (
	"strings"

	"relais/internal/money"

	stripego "github.com/stripe/stripe-go/v76"
)

// scale is how many of Stripe's minor units make one of ours: 1, but for two currencies that have had no hundredths for
// years, and that Stripe counts in them all the same.
func scale(c money.Currency) int64 {
	if c == "ISK" || c == "UGX" {
		return 100
	}
	return 1
}

func currency(c stripego.Currency) money.Currency { return money.Currency(strings.ToUpper(string(c))) }

// minor is what Stripe is told of minor units of ours.
func minor(units int64, c money.Currency) *int64 { return stripego.Int64(units * scale(c)) }

// units is what Stripe's minor units are in ours.
func units(minor int64, c stripego.Currency) int64 { return minor / scale(currency(c)) }

func amount(minor int64, c stripego.Currency) money.Amount {
	return money.New(units(minor, c), currency(c))
}
