package ledger

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"relais/internal/money"
)

// ErrMalformed is a transaction that no books could take. It is a mistake of the program that made it.
var ErrMalformed = errors.New("malformed transaction")

// Validate returns ErrMalformed, with the reason, unless t could be booked on some balances.
func (t Transaction) Validate() error {
	switch {
	case t.Reference == "" || len(t.Reference) > 200:
		return malformed("reference %q", t.Reference)
	case !validKind(t.Kind):
		return malformed("kind %q of %s", t.Kind, t.Reference)
	case t.Currency.Valid() != nil:
		return malformed("currency %q of %s", t.Currency, t.Reference)
	case len(t.Postings) == 0:
		return malformed("%s has no posting", t.Reference)
	case t.At.IsZero():
		return malformed("%s has no time", t.Reference)
	case len(t.Object) > 100:
		return malformed("object of %s", t.Reference)
	}
	for _, p := range t.Postings {
		switch {
		case p.Amount <= 0:
			return malformed("amount %d in %s", p.Amount, t.Reference)
		case p.Source == p.Destination:
			return malformed("from %v to itself in %s", p.Source, t.Reference)
		}
		for _, a := range [...]Account{p.Source, p.Destination} {
			if err := a.validate(); err != nil {
				return fmt.Errorf("%w in %s", err, t.Reference)
			}
		}
	}
	return nil
}

func (a Account) validate() error {
	switch a.Kind {
	case Held, Free, Paying, Debt:
		if a.Owner > 0 {
			return nil
		}
	case Stripe, Fees, VAT, Costs, Losses, Bank, Suspense, Disputed:
		if a.Owner == 0 {
			return nil
		}
	}
	return malformed("account %v", a)
}

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}

func validKind(kind string) bool {
	return kind != "" && len(kind) <= 40 && strings.Trim(kind, "abcdefghijklmnopqrstuvwxyz_") == ""
}

// Apply returns what the accounts have after t; balances is left as it is, and an account that is not in it has nothing.
// It is the only rule on overdrafts: ErrOverdraft when a payee's account would have less than nothing, or their debt more.
// Accounts of the platform may. money.ErrOverflow when 64 bits do not hold a balance.
func Apply(balances map[Account]int64, t Transaction) (map[Account]int64, error) {
	after := maps.Clone(balances)
	if after == nil {
		after = make(map[Account]int64)
	}
	move := func(a Account, amount int64) error {
		sum, err := money.New(after[a], t.Currency).Add(money.New(amount, t.Currency))
		after[a] = sum.Minor
		return err
	}
	for _, p := range t.Postings { // first in, then out: postings of one transaction are simultaneous
		if err := move(p.Destination, p.Amount); err != nil {
			return nil, fmt.Errorf("%s of %s: %w", p.Destination, t.Reference, err)
		}
	}
	for _, p := range t.Postings {
		if err := move(p.Source, -p.Amount); err != nil {
			return nil, fmt.Errorf("%s of %s: %w", p.Source, t.Reference, err)
		}
	}
	for _, p := range t.Postings {
		if p.Source.Kind.Payee() && p.Source.Kind != Debt && after[p.Source] < 0 {
			return nil, fmt.Errorf("%s short of %d %s in %s: %w", p.Source, -after[p.Source], t.Currency, t.Reference, ErrOverdraft)
		}
		if p.Destination.Kind == Debt && after[p.Destination] > 0 {
			return nil, fmt.Errorf("%s paid %d %s too much in %s: %w", p.Destination, after[p.Destination], t.Currency, t.Reference, ErrOverdraft)
		}
	}
	return after, nil
}

// takesNothing says that no balance can refuse t: it takes from no payee, and pays off no debt.
func (t Transaction) takesNothing() bool {
	return !slices.ContainsFunc(t.Postings, func(p Posting) bool {
		return p.Source.Kind.Payee() && p.Source.Kind != Debt || p.Destination.Kind == Debt
	})
}

// canonical returns t's postings in the one order in which they are booked, and where each of them stands in t.
func (t Transaction) canonical() (sorted []Posting, position []int) {
	position = make([]int, len(t.Postings))
	for i := range position {
		position[i] = i
	}
	slices.SortStableFunc(position, func(i, j int) int { return comparePostings(t.Postings[i], t.Postings[j]) })
	sorted = make([]Posting, len(position))
	for i, at := range position {
		sorted[i] = t.Postings[at]
	}
	return sorted, position
}

func comparePostings(a, b Posting) int {
	return cmp.Or(compareAccounts(a.Source, b.Source), compareAccounts(a.Destination, b.Destination), cmp.Compare(a.Amount, b.Amount))
}

func compareAccounts(a, b Account) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Owner, b.Owner))
}

// digest is the SHA-256 of what t means: kind, currency and postings in canonical order. Check computes the same in SQL.
func digest(t Transaction, canonical []Posting) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", t.Kind, t.Currency)
	for _, p := range canonical {
		fmt.Fprintf(&b, "\n%v>%v %d", p.Source, p.Destination, p.Amount)
	}
	sum := sha256.Sum256([]byte(b.String()))
	return sum[:]
}

// accounts returns each account that t touches, once, in order.
func (t Transaction) accounts() []Account {
	all := make([]Account, 0, 2*len(t.Postings))
	for _, p := range t.Postings {
		all = append(all, p.Source, p.Destination)
	}
	slices.SortFunc(all, compareAccounts)
	return slices.Compact(all)
}
