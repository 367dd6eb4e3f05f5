package words

// Currencies are those that the sandbox takes, as Stripe writes them, in the order in which it shows them.
func Currencies() []string {
	return []string{"eur", "usd", "gbp", "chf", "cad", "dkk", "nok", "sek", "pln", "czk", "huf", "isk", "ron", "jpy"}
}

// smallest are the least amounts that can be paid, in minor units, where they are not 50.
var smallest = map[string]int64{"gbp": 30, "dkk": 250, "nok": 300, "sek": 300, "pln": 200, "czk": 1500, "huf": 17_500, "isk": 100, "ron": 200}

// Smallest is the least amount that a buyer can pay, in minor units.
func Smallest(currency string) int64 {
	if least, ok := smallest[currency]; ok {
		return least
	}
	return 50
}

// Unit is how many of Stripe's minor units make one unit. Iceland's króna has no hundredths, and Stripe counts it in
// them all the same.
func Unit(currency string) int64 {
	if currency == "jpy" {
		return 1
	}
	return 100
}

// Step is what amounts must be a multiple of: everywhere for the króna, and for payouts to a bank for the forint too.
func Step(currency string, payout bool) int64 {
	if currency == "isk" || (payout && currency == "huf") {
		return 100
	}
	return 1
}
