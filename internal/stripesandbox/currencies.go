package stripesandbox

// The currencies that the sandbox takes, as Stripe counts them: in hundredths, or in whole units where the currency has
// no smaller ones.
var currencies = []string{"eur", "usd", "gbp", "chf", "cad", "dkk", "nok", "sek", "pln", "czk", "huf", "isk", "ron", "jpy"}

// smallest are the least amounts that can be paid, in minor units, where they are not 50.
var smallest = map[string]int64{"gbp": 30, "dkk": 250, "nok": 300, "sek": 300, "pln": 200, "czk": 1500, "huf": 17_500, "ron": 200}

func smallestOf(currency string) int64 {
	if least, ok := smallest[currency]; ok {
		return least
	}
	return 50
}

// unitOf is how many of Stripe's minor units make one unit. Iceland's króna has no hundredths, and Stripe counts it in
// them all the same.
func unitOf(currency string) int64 {
	if currency == "jpy" {
		return 1
	}
	return 100
}

// stepOf is what amounts must be a multiple of: everywhere for the króna, and for payouts to a bank for the forint too.
func stepOf(currency string, payout bool) int64 {
	if currency == "isk" || (payout && currency == "huf") {
		return 100
	}
	return 1
}

// whole refuses an amount of hundredths where there are none.
func (f *form) whole(key string, amount int64, currency string, payout bool) {
	if f.err == nil && amount%stepOf(currency, payout) != 0 {
		f.fail(malformed("", key, "Invalid amount: amounts in %s must be a multiple of 100 here, as the currency has no hundredths.", currency))
	}
}
