package debts

import (
	"time"

	"relais/internal/money"
)

// unit is so many whole units of a currency in minor units: 500 cents for 5 EUR, 5 yen for 5 JPY.
func unit(c money.Currency, units int64) int64 {
	for range c.Exponent() {
		units *= 10
	}
	return units
}

// NeedsTwo says whether a write-off takes a second person: above 100 units of the currency.
func NeedsTwo(a money.Amount) bool { return a.Minor > unit(a.Currency, 100) }

// Worthwhile is how much of a transfer to take back for a debt, in minor units: as much as is owed, is left of the transfer and
// lies on the account. 0 where that is less than 5 units of the currency: a small debt is netted in time, and a reversal that
// the account cannot bear is refused.
func Worthwhile(c money.Currency, owed, left, onAccount int64) int64 {
	take := min(owed, left, onAccount)
	if take < unit(c, 5) {
		return 0
	}
	return take
}

// Paid is how what came back is booked: to the debt as far as there still is one, the rest to the payee's free account.
func Paid(back, owed int64) (debt, free int64) {
	debt = min(back, max(owed, 0))
	return debt, back - debt
}

// patience is how long after a refused attempt nobody tries again by itself.
const patience = 7 * 24 * time.Hour
