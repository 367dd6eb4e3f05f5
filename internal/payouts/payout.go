// Package payouts pays people what has come free: the Stripe account of a payee, the runs, the transfers.
//
//	new ──▶ sending ──▶ sent        new: the money has left the free account, committed before anybody is called
//	 │          ├─────▶ failed      failed: refused for good; the money is back on the free account, with a reason
//	 └──────────┘ parked            sending and parked: nobody knows, and a person decides by what Stripe shows
//
// A payout takes what is on the payee's free account: its range of ledger postings (From, To], of which To is its own
// posting. The entries of the account between the two are its lines: what came free, less what was given back and what paid
// a debt. What the currency cannot transfer is carried to the next one:
//
//	Amount = carried from the payout before + sum of the entries − Carried
//
// A payout that failed gives its range up, so that the next one covers it again; what it took and gave back cancel out.
//
// A run makes its payouts in batches, each one transaction of the ledger: with their locks, a thousand payees are booked at
// once. It keeps where it stands, so that a run that was interrupted goes on from there (Start, make). Then the payouts are
// sent: each row is its own intent and its own place in the queue (deliver), until the run is done, or pauses: because an
// admin said so, or because Stripe refused for a reason that would meet all the others too.
//
// A transfer whose outcome is unknown is never sent under a new key: an answer lost on the way is asked for again under
// the same key, within the day for which Stripe keeps keys; after a 500, which Stripe would replay, transfers are listed by group
// first, once it has been quiet for a minute; after a day without certainty the payout is parked.
package payouts

import (
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

	ErrAskedToday = fault.New(fault.TooMany, "fault.payout_asked_today") // once a day is enough
	ErrNotYet     = fault.New(fault.Conflict, "fault.payout_not_yet")    // nothing of theirs can be paid now: the page says why
	ErrRunState   = fault.New(fault.Conflict, "fault.payout_run_state")  // the run is not in a state for that
	ErrEvidence   = fault.New(fault.Conflict, "fault.payout_evidence")   // Stripe does not show what the admin says
	ErrReason     = fault.Field("reason", "fault.payout_reason")         // ten characters at least
	ErrSettings   = fault.Field("minimum", "fault.payout_settings")      // a minimum or a day out of range
	ErrCadence    = fault.Field("cadence", "fault.payout_cadence")
)

// Payout is one transfer to one payee in one currency.
type Payout struct {
	ID          int64        `db:"id"`
	RunID       int64        `db:"run_id"`
	PayeeID     int64        `db:"payee_id"`
	PayeeName   string       `db:"payee_name"`
	Amount      money.Amount `db:"amount"`
	From        int64        `db:"from_posting"`  // exclusive
	To          int64        `db:"to_posting"`    // inclusive: its own posting
	Destination string       `db:"destination"`   // the Stripe account, pinned
	Carried     int64        `db:"carried_minor"` // stays free for the next one, minor units
	State       State        `db:"state"`
	Key         string       `db:"key"` // random: an id alone may be that of another database at the same Stripe
	Attempt     int          `db:"attempt"`
	FirstSentAt *time.Time   `db:"first_sent_at"` // real time of the first call
	TriedAt     *time.Time   `db:"tried_at"`      // real time of the last call
	NextAt      *time.Time   `db:"next_at"`       // real time before which nobody takes it up; nil: now
	Tries       int          `db:"tries"`         // calls under all keys
	Look        bool         `db:"look"`          // the last answer left open whether it was sent
	LastError   string       `db:"last_error"`    // of the last try, in the provider's words; empty once it ended
	ParkedAt    *time.Time   `db:"parked_at"`     // real time from which on a person has to decide
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
	Blocked          bool       `db:"blocked"`       // the member or the brand is
	FrozenAt         *time.Time `db:"frozen_at"`     // our books and Stripe's differ about them since
	Cadence          *Cadence   `db:"cadence"`       // nil: the platform's
	BrandCountry     *string    `db:"brand_country"` // where the brand is; nil for members
}

// Moved says that a brand now is in another country than its account at Stripe, which can never follow it: another account
// is needed.
func (p Payee) Moved() bool {
	return p.StripeAccountID != nil && p.BrandCountry != nil && p.Country != nil && *p.BrandCountry != *p.Country
}

// Reason is why the payout failed, in one word.
func (p Payout) Reason() FailureReason { return ReasonOf(p.FailureCode) }

// CarriedAmount is what stays free for the next payout.
func (p Payout) CarriedAmount() money.Amount { return money.New(p.Carried, p.Amount.Currency) }

// Unknown says that the payout was asked for and nobody knows yet whether it was sent.
func (p Payout) Unknown() bool { return p.State == Sending && p.LastError != "" }
