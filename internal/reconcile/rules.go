package reconcile

import (
	"slices"
	"time"

	"relais/internal/debts"
	"relais/internal/ledger"
	"relais/internal/money"
	"relais/internal/payments"
)

// Treatment says what our books should have of a movement at Stripe.
type Treatment string

// The treatments.
const (
	BySource   Treatment = "source"   // a use case books the amount under the object that caused it, and we the fee under the movement
	ByMovement Treatment = "movement" // a use case books amount and fee under the movement itself: disputes
	Ours       Treatment = "ours"     // nobody else books it: this package does, under the movement
	Inside     Treatment = "inside"   // it only moves money between parts of the balance; at most its fee is booked
	Unknown    Treatment = "unknown"  // nobody knows what it is: a person must look
)

// Classify decides by the provider's reporting category how a movement stands in the books. What it does not know for
// certain is Unknown: it becomes a difference, never a guess.
func Classify(m payments.Movement) Treatment {
	if m.Amount.Currency.Valid() != nil {
		return Unknown
	}
	switch m.Category {
	case "charge", "refund", "refund_failure", "transfer", "transfer_reversal":
		if m.Source == "" {
			return Unknown
		}
		return BySource
	case "dispute", "dispute_reversal":
		return ByMovement
	case "payout", "payout_reversal", "topup", "topup_reversal", "fee", "tax", "network_cost":
		return Ours
	case "connect_reserved_funds":
		return Inside
	}
	return Unknown
}

// bookings are the postings that this package makes for a movement, in minor units: its fee, and what nobody else books.
// None: there is nothing to book.
func bookings(m payments.Movement, t Treatment) []ledger.Posting {
	var out []ledger.Posting
	stripe := ledger.Account{Kind: ledger.Stripe}
	add := func(other ledger.Account, minor int64) { // minor: what came into Stripe
		switch {
		case minor > 0:
			out = append(out, ledger.Posting{Source: stripe, Destination: other, Amount: minor})
		case minor < 0:
			out = append(out, ledger.Posting{Source: other, Destination: stripe, Amount: -minor})
		}
	}
	if t == Ours {
		other := ledger.Account{Kind: ledger.Costs}
		if slices.Contains([]string{"payout", "payout_reversal", "topup", "topup_reversal"}, m.Category) {
			other.Kind = ledger.Bank
		}
		add(other, m.Amount.Minor)
	}
	if t != ByMovement && t != Unknown {
		add(ledger.Account{Kind: ledger.Costs}, -m.FeeMinor)
	}
	return out
}

// Kind says how Stripe's books and ours differ, or what in ours is not as it should be.
type Kind string

// The kinds of difference.
const (
	MissingInBooks  Kind = "missing_in_books"  // Stripe moved money, and our books have nothing of it
	MissingAtStripe Kind = "missing_at_stripe" // our books have it, and Stripe moved nothing
	AmountDiffers   Kind = "amount_differs"
	CurrencyDiffers Kind = "currency_differs"
	FeeDiffers      Kind = "fee_differs"      // what Stripe kept is not what our books have as costs
	Twice           Kind = "twice"            // a second transfer for one payout
	UnknownMovement Kind = "unknown_movement" // a kind of movement that nothing here knows
	MovementChanged Kind = "movement_changed" // Stripe lists a movement otherwise than before
	BalanceDiffers  Kind = "balance_differs"  // Stripe's balance is not ours, and no single object explains it
	ClearingOverdue Kind = "clearing_overdue" // money on its way for longer than it may be
	BooksBroken     Kind = "books_broken"     // an invariant of the books does not hold
)

// Kinds are all of them, the gravest first.
func Kinds() []Kind {
	return []Kind{BalanceDiffers, BooksBroken, Twice, MissingInBooks, MissingAtStripe, AmountDiffers, CurrencyDiffers, MovementChanged,
		UnknownMovement, FeeDiffers, ClearingOverdue}
}

// Freezes reports whether payees whom a difference of the kind touches are not paid while it lasts. What Stripe kept, and
// what is only late, is the platform's own matter.
func (k Kind) Freezes() bool { return k != FeeDiffers && k != ClearingOverdue && k != BooksBroken }

// Halts reports whether a difference of the kind stops every scheduled payout run: nobody knows whom it touches.
func (k Kind) Halts() bool { return k == BalanceDiffers || k == BooksBroken }

// byObject are the kinds that the comparison of objects finds, and clears.
func byObject() []Kind {
	return []Kind{MissingInBooks, MissingAtStripe, AmountDiffers, CurrencyDiffers, FeeDiffers, Twice, UnknownMovement}
}

// Pair is what both sides have of one object in one currency, where they do not have the same. Minor units; what came into
// Stripe is positive.
type Pair struct {
	Object   string     `db:"object"`
	Currency string     `db:"currency"`
	Booked   int64      `db:"booked"`
	Moved    int64      `db:"moved"`
	BookedAt *time.Time `db:"booked_at"` // real time of the newest booking; nil: the books have nothing
	MovedAt  *time.Time `db:"moved_at"`  // real time at which we first saw the newest movement; nil: Stripe has none
	Fee      bool       `db:"fee"`       // it is the fee of a movement
	Unknown  bool       `db:"unknown"`   // the movement is of a kind that nothing knows
	Pending  bool       `db:"pending"`   // a refund that Stripe has not ended: it is booked when it succeeds
	Category string     `db:"category"`  // Stripe's, of the movement; empty: it has none
	PayeeID  *int64     `db:"payee_id"`  // who was paid by it
	OrderID  *int64     `db:"order_id"`  // which it belongs to
}

// Grace is how long either side may be behind the other: answers and notices on their way, lists that lag.
const Grace = time.Hour

// Judge says what differs between the two sides of one object, given in every currency in which they do. Younger
// than the grace, and refunds that wait at Stripe, nothing does yet.
func Judge(sides []Pair, now time.Time) []Difference {
	booked := slices.IndexFunc(sides, func(p Pair) bool { return p.MovedAt == nil && p.Booked != 0 })
	moved := slices.IndexFunc(sides, func(p Pair) bool { return p.BookedAt == nil && p.Moved != 0 })
	if booked >= 0 && moved >= 0 { // the same object, each side in a currency of its own
		d := sides[booked].as(CurrencyDiffers)
		d.Found = sides[moved].Moved
		return []Difference{d}
	}
	var out []Difference
	for _, p := range sides {
		if kind, ok := p.kind(now); ok {
			out = append(out, p.as(kind))
		}
	}
	return out
}

func (p Pair) kind(now time.Time) (Kind, bool) {
	young := func(at *time.Time) bool { return at != nil && now.Sub(*at) < Grace }
	switch {
	case p.Booked == p.Moved || p.Pending:
		return "", false
	case p.Unknown:
		return UnknownMovement, true
	case young(p.BookedAt) || young(p.MovedAt):
		return "", false
	case p.Fee:
		return FeeDiffers, true
	case p.MovedAt == nil:
		return MissingAtStripe, true
	case p.BookedAt == nil:
		return MissingInBooks, true
	}
	return AmountDiffers, true
}

func (p Pair) as(k Kind) Difference {
	return Difference{Kind: k, Object: p.Object, Currency: p.Currency, Expected: p.Booked, Found: p.Moved, PayeeID: p.PayeeID, OrderID: p.OrderID}
}

// Apart is how much more Stripe's balance has than our books explain, in minor units: total is Stripe's balance, booked what the books
// say lies there, known the sum over objects of what Stripe moved and the books lack, or the other way with a minus. While a list lags behind the
// balance the books may be right before the list is, so a balance that equals the books needs no explanation.
func Apart(total, booked, known int64) int64 {
	if total == booked {
		return 0
	}
	return total - booked - known
}

// How long the balance may have more or less than the objects explain, for lists lag behind it: the same amount for less time than
// passes between two runs, and another one each time, on a busy platform, for some hours.
const (
	samePatience = 30 * time.Minute
	anyPatience  = 6 * time.Hour
)

// unexplained is what the balance has more than the objects explain, and since when. Real time.
type unexplained struct {
	Apart    int64      `db:"apart_minor"`
	Since    *time.Time `db:"apart_since"` // nil: there is nothing
	Same     time.Time  `db:"same_since"`
	Alarming bool       `db:"alarming"`
}

// next is what is unexplained after another look. An alarm ends only when nothing is unexplained; whoever looks at everything has no patience.
func (u unexplained) next(apart int64, whole bool, now time.Time) unexplained {
	if apart == 0 {
		return unexplained{Same: now}
	}
	n := unexplained{Apart: apart, Since: u.Since, Same: now}
	if n.Since == nil {
		n.Since = &now
	}
	if apart == u.Apart {
		n.Same = u.Same
	}
	n.Alarming = u.Alarming || whole || now.Sub(n.Same) >= samePatience || now.Sub(*n.Since) >= anyPatience
	return n
}

// NeedsTwo reports whether a second person must confirm what explains a difference: of amounts above the limit for writing debts off, and
// of whatever stops payouts.
func NeedsTwo(d Difference) bool {
	return d.Kind.Halts() || debts.NeedsTwo(money.New(max(d.Apart(), -d.Apart()), currency(d.Currency)))
}

// reserveBps is the part of what is owed to others that stays at Stripe for refunds to come, in basis points.
const reserveBps = 500

// Sweepable is what the platform may send to its own bank, in minor units: what is available, without what is owed to others
// and a reserve on it. Never less than nothing.
func Sweepable(available, owed int64) int64 {
	return max(0, available-owed-(owed*reserveBps+9_999)/10_000)
}
