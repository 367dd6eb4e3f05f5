// Package ledger keeps the books: who is owed what, and by which movement it came to be so.
//
// An account is a kind, an owner and a currency. A posting moves a positive amount from a source account to a destination
// account; a transaction is postings of one currency under a unique reference. What an account has is what came in less
// what went out, so all accounts of a currency together always have nothing, whatever is posted.
//
//	stripe    the platform's clearing account: negative by what is held at the provider for others and for us
//	fees      what the platform earned
//	vat       the tax in it, owed to the state
//	costs     what the provider kept: negative
//	losses    what nobody will pay: negative
//	bank      what went to the platform's own bank
//	suspense  payments that belong to no order, until they are sent back
//	disputed  payments that buyers' banks took back and have not decided about: negative
//	held      a payee's money that waits for the end of the buyer's rights
//	free      a payee's money that the next payout takes
//	paying    a payee's money on its way out
//	debt      what a payee owes, never above nothing: netted from what they earn next
//
// The life of a sale of 100.00 at 10 % commission and 5 % fee:
//
//	order:42:paid      stripe → held of the brand 85.00, stripe → held of the member 10.00, stripe → fees 5.00
//	earning:7:free     held of the member → free of the member 10.00
//	payout:9:new       free of the member → paying of the member 10.00
//	payout:9:sent      paying of the member → stripe 10.00
//
// and, when the buyer is paid back after that:
//
//	refund:5:1         held of the brand → stripe 85.00, debt of the member → stripe 10.00, fees → stripe 5.00
//	netting:…          free of the member → debt of the member 10.00, once they earn again
//
// and, when a person decides that a share is somebody else's:
//
//	review:3:refused   held of the member → held of the brand 10.00
//	claim:8:granted    free of the brand → held of the member 6.00, debt of the brand → held of the member 4.00
//
// # What holds, and who sees to it
//
// A payee never has less than nothing, and never a debt of less than nothing: Apply decides it on locked balances, a CHECK repeats it. History never changes: the
// tables refuse update, delete and truncate to everybody, postings join only a header of their own database transaction,
// and each header keeps a digest of its content. A reference is posted once: posting it again with the same content
// changes nothing, with other content it is ErrConflict. Balances of payees follow the postings by trigger; accounts of
// the platform have no balance row, because every sale would queue for it, and are summed. Check counts whatever breaks
// any of this.
//
// Balances are locked in order of account before posting ids are given out, so the ids of one payee's postings grow in the
// order in which they were committed: a payout may take "everything up to this posting" and miss nothing.
package ledger

import (
	"strconv"
	"time"

	"relais/internal/fault"
	"relais/internal/money"
)

// Kind is what an account is for.
type Kind string

// The kinds of account. Held, Free, Paying and Debt belong to payees, the others to the platform.
const (
	Stripe   Kind = "stripe"
	Fees     Kind = "fees"
	VAT      Kind = "vat"
	Costs    Kind = "costs"
	Losses   Kind = "losses"
	Bank     Kind = "bank"
	Suspense Kind = "suspense"
	Disputed Kind = "disputed"
	Held     Kind = "held"
	Free     Kind = "free"
	Paying   Kind = "paying"
	Debt     Kind = "debt"
)

// Payee reports whether accounts of this kind belong to payees: they have a balance row, and never less than nothing; a
// debt never more.
func (k Kind) Payee() bool { return k == Held || k == Free || k == Paying || k == Debt }

// Account is one account; with a currency it has a balance.
type Account struct {
	Kind  Kind
	Owner int64 // id of the payee; 0: the platform
}

// String writes the account as the digest of a transaction has it: "held:7".
func (a Account) String() string { return string(a.Kind) + ":" + strconv.FormatInt(a.Owner, 10) }

// Posting moves an amount of minor units, more than 0, from one account to another.
type Posting struct {
	Source, Destination Account
	Amount              int64
}

// Transaction is what happened: its postings are booked together or not at all.
type Transaction struct {
	Reference string         // says what happened and is never used for anything else: "order:42:paid"
	Kind      string         // lower case: "sale", "release", "payout"
	Currency  money.Currency // of all postings
	Postings  []Posting      // at least one; their order has no meaning
	At        time.Time      // business time; not part of the content that a replay is compared by
	Object    string         // id of the provider's object whose movement this books; empty: none, or not known
}

// Posted is what Post answers.
type Posted struct {
	ID         int64
	PostingIDs []int64 // in the order of Transaction.Postings
	Replayed   bool    // the books had it already
}

// Faults of this package.
var (
	// ErrConflict: the reference stands in the books with another content.
	ErrConflict = fault.New(fault.Conflict, "fault.ledger_reference")
	// ErrOverdraft: a payee's account would have less than nothing, or a debt more.
	ErrOverdraft = fault.New(fault.Conflict, "fault.ledger_overdraft")
)
