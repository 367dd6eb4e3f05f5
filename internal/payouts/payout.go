// Package payouts pays people what has come free: the Stripe account of a payee, the runs, the transfers.
//
//	new ──▶ sending ──▶ sent        new: the money has left the free account, committed before anybody is called
//	            └─────▶ failed      failed: refused for good; the money is back on the free account, with a reason
//
// A payout takes everything on the payee's free account: its range of ledger postings (From, To], of which To is its
// own posting, leaves the account at zero, and the releases inside the range are its items. A payout that failed gives
// its range up, so that the next one covers it again; what it took and gave back cancel out.
//
// A transfer whose outcome is unknown is never sent under a new key: an answer lost on the way is asked for again under
// the same key, within the day for which Stripe keeps keys; after a 500, which Stripe would replay, transfers are listed by group
// first; after a day without certainty the job stops and waits for a person.
package payouts

import (
	"strings"
	"time"

	"relais/internal/fault"
	"relais/internal/money"
)

// State is where a payout stands.
type State string

// The states of a payout.
const (
	Prepared State = "new"
	Sending  State = "sending"
	Sent     State = "sent"
	Failed   State = "failed"
)

// The faults of this package.
var (
	ErrNotFound = fault.New(fault.NotFound, "fault.payout_not_found")
	ErrCountry  = fault.Field("country", "fault.country")
	ErrSetUp    = fault.New(fault.Unavailable, "fault.stripe_setup") // Stripe refused the platform itself: its operator must act
)

// Payout is one transfer to one payee in one currency.
type Payout struct {
	ID          int64        `db:"id"`
	RunID       int64        `db:"run_id"`
	PayeeID     int64        `db:"payee_id"`
	PayeeName   string       `db:"payee_name"`
	Amount      money.Amount `db:"amount"`
	From        int64        `db:"from_posting"` // exclusive
	To          int64        `db:"to_posting"`   // inclusive: its own posting
	Destination string       `db:"destination"`  // the Stripe account, pinned
	State       State        `db:"state"`
	Key         string       `db:"key"` // random: an id alone may be that of another database at the same Stripe
	Attempt     int          `db:"attempt"`
	FirstSentAt *time.Time   `db:"first_sent_at"` // real time of the first call
	TransferID  *string      `db:"transfer_id"`
	FailureCode string       `db:"failure_code"`
	Failure     string       `db:"failure"`
	CreatedAt   time.Time    `db:"created_at"`
	EndedAt     *time.Time   `db:"ended_at"`
}

// Payee is who can be paid, with what Stripe said of their account when it was last asked.
type Payee struct {
	ID               int64      `db:"id"`
	MemberID         *int64     `db:"member_id"`
	BrandID          *int64     `db:"brand_id"`
	Name             string     `db:"name"`
	Email            string     `db:"email"`
	Lang             string     `db:"lang"`
	StripeAccountID  *string    `db:"stripe_account_id"`
	Country          *string    `db:"country"`
	DetailsSubmitted bool       `db:"details_submitted"`
	TransfersActive  bool       `db:"transfers_active"`
	PayoutsEnabled   bool       `db:"payouts_enabled"`
	DisabledReason   string     `db:"disabled_reason"`
	AccountKey       string     `db:"account_key"` // our reference for opening the account; another one after it failed or the account is gone
	CheckedAt        *time.Time `db:"checked_at"`
	Blocked          bool       `db:"blocked"` // the member or the brand is
}

// Readiness says in one word whether a payee can be paid, and if not, what is missing: key "payee." + Readiness.
type Readiness string

// The readiness of a payee.
const (
	Ready      Readiness = "ready"
	NoAccount  Readiness = "no_account" // nothing set up yet
	Unfinished Readiness = "unfinished" // onboarding begun and not finished
	Checking   Readiness = "checking"   // Stripe is looking at the details
	Restricted Readiness = "restricted" // Stripe wants something more
	Blocked    Readiness = "blocked"    // by Relais
)

// Readiness decides whether a transfer to the payee can be made: the capability is what counts; payouts_enabled is
// about the bank, behind the transfer.
func (p Payee) Readiness() Readiness {
	switch {
	case p.Blocked:
		return Blocked
	case p.StripeAccountID == nil:
		return NoAccount
	case !p.DetailsSubmitted:
		return Unfinished
	case p.TransfersActive && !strings.HasPrefix(p.DisabledReason, "rejected."):
		return Ready
	case p.DisabledReason != "":
		return Restricted
	default:
		return Checking
	}
}

// keyLife is how long a transfer may be asked for again under its key. Stripe keeps keys for at least 24 hours.
const keyLife = 23 * time.Hour

// KeyAlive says whether a transfer first asked for at that real time may still be asked for under the same key.
func KeyAlive(first *time.Time, now time.Time) bool { return first == nil || now.Sub(*first) < keyLife }
