// Package money holds amounts as whole minor units (cents) together with their currency, and the few rules by which they
// are added and shared. There is no floating point in it, and no rounding that is not named.
//
// Rounding: Share and NetOfVAT round down to the minor unit; what is left belongs to whoever the caller says takes the
// rest, so that the parts of a price are the price.
package money

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strconv"
)

// Sentinels of this package. They are mistakes of a program or of an input, not sentences for a person.
var (
	ErrCurrency = errors.New("not a currency")
	ErrMixed    = errors.New("amounts of different currencies")
	ErrOverflow = errors.New("amount out of range")
	ErrFormat   = errors.New("not an amount")
)

// Currency is an ISO 4217 code in capitals.
type Currency string

// exponents are the currencies whose minor unit is not a hundredth (ISO 4217).
var exponents = map[Currency]int{
	"BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0, "UYI": 0,
	"VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
	"BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
	"CLF": 4, "UYW": 4,
}

// Exponent returns how many decimals an amount has.
func (c Currency) Exponent() int {
	if e, ok := exponents[c]; ok {
		return e
	}
	return 2
}

// Valid returns ErrCurrency unless c has the form of a code: three capitals.
func (c Currency) Valid() error {
	if len(c) != 3 {
		return fmt.Errorf("%w: %q", ErrCurrency, string(c))
	}
	for i := range len(c) {
		if c[i] < 'A' || c[i] > 'Z' {
			return fmt.Errorf("%w: %q", ErrCurrency, string(c))
		}
	}
	return nil
}

// Amount is a number of minor units of a currency, negative for what is owed the other way.
type Amount struct {
	Minor    int64    `db:"minor"`
	Currency Currency `db:"currency"`
}

// New returns an amount of minor units.
func New(minor int64, c Currency) Amount { return Amount{minor, c} }

// Add returns a + b, ErrMixed for two currencies, ErrOverflow past 64 bits.
func (a Amount) Add(b Amount) (Amount, error) {
	if a.Currency != b.Currency {
		return Amount{}, fmt.Errorf("%w: %s and %s", ErrMixed, a.Currency, b.Currency)
	}
	sum := a.Minor + b.Minor
	if (sum > a.Minor) != (b.Minor > 0) {
		return Amount{}, ErrOverflow
	}
	return Amount{sum, a.Currency}, nil
}

// Sub returns a - b, with the errors of Add.
func (a Amount) Sub(b Amount) (Amount, error) {
	if a.Currency != b.Currency {
		return Amount{}, fmt.Errorf("%w: %s and %s", ErrMixed, a.Currency, b.Currency)
	}
	difference := a.Minor - b.Minor
	if (difference < a.Minor) != (b.Minor > 0) {
		return Amount{}, ErrOverflow
	}
	return Amount{difference, a.Currency}, nil
}

// Mul returns a times a quantity, ErrOverflow past 64 bits.
func (a Amount) Mul(quantity int64) (Amount, error) {
	product := a.Minor * quantity
	if a.Minor != 0 && (product/a.Minor != quantity || (a.Minor == -1 && quantity == math.MinInt64)) {
		return Amount{}, ErrOverflow
	}
	return Amount{product, a.Currency}, nil
}

// Neg returns -a. The one amount without a counterpart, math.MinInt64, panics: nothing in Relais can reach it, as Parse
// and the ledger's rules refuse it.
func (a Amount) Neg() Amount {
	if a.Minor == math.MinInt64 {
		panic("money: negation out of range")
	}
	return Amount{-a.Minor, a.Currency}
}

// IsZero reports whether there is nothing.
func (a Amount) IsZero() bool { return a.Minor == 0 }

// Sign is -1, 0 or 1.
func (a Amount) Sign() int {
	switch {
	case a.Minor < 0:
		return -1
	case a.Minor > 0:
		return 1
	}
	return 0
}

// String writes a for logs and exports: "1234.50 EUR". People read what i18n writes.
func (a Amount) String() string { return a.Decimal() + " " + string(a.Currency) }

// Decimal writes the number alone, with a point and all decimals of the currency: "1234.50".
func (a Amount) Decimal() string {
	sign, minor := "", uint64(a.Minor)
	if a.Minor < 0 {
		sign, minor = "-", -minor
	}
	exponent := a.Currency.Exponent()
	digits := strconv.FormatUint(minor, 10)
	if exponent == 0 {
		return sign + digits
	}
	for len(digits) <= exponent {
		digits = "0" + digits
	}
	point := len(digits) - exponent
	return sign + digits[:point] + "." + digits[point:]
}

// wholeBps is everything, in basis points.
const wholeBps = 10_000

// Share returns bps basis points of base, rounded down. It panics unless base >= 0 and 0 <= bps <= 10000: both are
// checked where they enter.
func Share(base, bps int64) int64 {
	if base < 0 || bps < 0 || bps > wholeBps {
		panic(fmt.Sprintf("money: share of %d bps of %d", bps, base))
	}
	return mulDiv(base, bps, wholeBps)
}

// Proportion returns the share of amount that part is of total, rounded down. It panics unless amount >= 0 and
// 0 <= part <= total and total > 0.
func Proportion(amount, part, total int64) int64 {
	if amount < 0 || part < 0 || part > total || total <= 0 {
		panic(fmt.Sprintf("money: %d of %d of %d", part, total, amount))
	}
	return mulDiv(amount, part, total)
}

// Spread shares an amount among weights by largest remainder: the parts sum to the amount, and none exceeds its weight. It
// panics unless every weight >= 0 and 0 <= amount <= their sum.
func Spread(amount int64, weights []int64) []int64 {
	var sum int64
	for _, w := range weights {
		if w < 0 || sum > math.MaxInt64-w {
			panic(fmt.Sprintf("money: spread over %d", weights))
		}
		sum += w
	}
	if amount < 0 || amount > sum {
		panic(fmt.Sprintf("money: spread %d over %d", amount, sum))
	}
	parts := make([]int64, len(weights))
	if amount == 0 {
		return parts
	}
	rests, order, left := make([]uint64, len(weights)), make([]int, len(weights)), amount
	for i, w := range weights {
		high, low := bits.Mul64(uint64(amount), uint64(w))
		quotient, rest := bits.Div64(high, low, uint64(sum))
		parts[i], rests[i], order[i] = int64(quotient), rest, i
		left -= parts[i]
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(rests[j], rests[i]) })
	for _, i := range order[:left] {
		parts[i]++
	}
	return parts
}

// NetOfVAT returns what is left of a price that includes VAT at vatBps basis points, rounded down. It panics unless both
// are >= 0.
func NetOfVAT(gross, vatBps int64) int64 {
	if gross < 0 || vatBps < 0 || vatBps > math.MaxInt64-wholeBps {
		panic(fmt.Sprintf("money: net of %d bps VAT of %d", vatBps, gross))
	}
	return mulDiv(gross, wholeBps, wholeBps+vatBps)
}

// mulDiv returns floor(a*b/c) by a product of 128 bits, for 0 <= a, 0 <= b <= c, 0 < c: the result is at most a.
func mulDiv(a, b, c int64) int64 {
	high, low := bits.Mul64(uint64(a), uint64(b))
	quotient, _ := bits.Div64(high, low, uint64(c))
	return int64(quotient)
}
