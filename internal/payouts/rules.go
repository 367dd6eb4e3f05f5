package payouts

import (
	"strings"
	"time"

	"relais/internal/money"
)

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
	Frozen     Readiness = "frozen"     // our books and Stripe's differ about the account: somebody looks at it
)

// Readiness decides whether a transfer to the payee can be made: the capability is what counts; payouts_enabled is
// about the bank, behind the transfer.
func (p Payee) Readiness() Readiness {
	switch {
	case p.Blocked:
		return Blocked
	case p.FrozenAt != nil:
		return Frozen
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

// Wait is why money that is free is not paid by a run: the word of a Readiness, or one of these. Key "payout.wait." + Wait
// has the sentence, and what to do.
type Wait string

// The reasons to wait that are not about the payee's account. No reason: they are paid.
const (
	NoWait        Wait = ""
	OnItsWay      Wait = "on_its_way"     // a payout in this currency has not ended
	BelowMinimum  Wait = "below_minimum"  // not worth a transfer yet
	OnlyOnDemand  Wait = "on_demand"      // they chose to be paid when they ask
	OtherSchedule Wait = "other_schedule" // they are paid by the other scheduled run
	PlatformFunds Wait = "platform_funds" // the platform's balance at Stripe does not reach that far
)

// Kind says what started a run.
type Kind string

// The kinds of run.
const (
	ByHand     Kind = "hand"    // an admin, or the command line: everybody who did not choose on demand
	WeeklyRun  Kind = "weekly"  // the schedule
	MonthlyRun Kind = "monthly" // the schedule
	OnDemand   Kind = "demand"  // one payee asked
)

// Cadence is how often a payee is paid.
type Cadence string

// The cadences.
const (
	Weekly    Cadence = "weekly"
	Monthly   Cadence = "monthly"
	WhenAsked Cadence = "on_demand"
)

// Valid reports whether c is one of the cadences.
func (c Cadence) Valid() bool { return c == Weekly || c == Monthly || c == WhenAsked }

// Settings are what runs go by.
type Settings struct {
	Cadence  Cadence          // of payees who chose none
	Weekday  time.Weekday     // of the weekly run
	MonthDay int              // of the monthly run: 1 to 28
	Since    time.Time        // no run that was due before is made up for; business time
	Minimums map[string]int64 // by currency, in minor units
}

// Minimum is the least that is paid in a currency, in minor units: ten units where nobody set another.
func (s Settings) Minimum(c money.Currency) int64 {
	if least, ok := s.Minimums[string(c)]; ok {
		return least
	}
	least := int64(10)
	for range c.Exponent() {
		least *= 10
	}
	return least
}

// Wait decides whether a run of that kind pays what a payee has free, and if not, why.
func (s Settings) Wait(d Due, k Kind) Wait {
	amount, _ := Payable(d.Amount.Minor, d.Amount.Currency)
	if r := d.Readiness(); r != Ready {
		return Wait(r)
	}
	if d.Live {
		return OnItsWay
	}
	if amount == 0 || d.Amount.Minor < s.Minimum(d.Amount.Currency) {
		return BelowMinimum
	}
	cadence := s.Cadence
	if d.Cadence != nil {
		cadence = *d.Cadence
	}
	switch k {
	case ByHand:
		if d.Cadence != nil && cadence == WhenAsked {
			return OnlyOnDemand
		}
	case WeeklyRun, MonthlyRun:
		if cadence == WhenAsked {
			return OnlyOnDemand
		}
		if string(cadence) != string(k) {
			return OtherSchedule
		}
	}
	return NoWait
}

// step is what a transfer in a currency is a multiple of, in minor units: these currencies have no smaller coins, though
// Stripe counts them in hundredths (Stripe, "Supported currencies", special cases).
func step(c money.Currency) int64 {
	switch c {
	case "HUF", "TWD", "ISK", "UGX":
		return 100
	}
	return 1
}

// Payable splits what is free into what can be transferred and what stays until there is more, in minor units.
func Payable(free int64, c money.Currency) (amount, carried int64) {
	carried = free % step(c)
	return free - carried, carried
}

// dueAt is the hour, in UTC, at which scheduled runs start.
const dueAt = 6

// LastDue is when a run of that kind, weekly or monthly, was due last, and the name of the period that it is for. Ones missed
// before are not made up for: the last one pays what they would have.
func (s Settings) LastDue(k Kind, now time.Time) (at time.Time, period string) {
	now = now.UTC()
	day := time.Date(now.Year(), now.Month(), now.Day(), dueAt, 0, 0, 0, time.UTC)
	if day.After(now) {
		day = day.AddDate(0, 0, -1)
	}
	for k == WeeklyRun && day.Weekday() != s.Weekday || k == MonthlyRun && day.Day() != s.MonthDay {
		day = day.AddDate(0, 0, -1)
	}
	return day, string(k) + ":" + day.Format(time.DateOnly)
}

// Limits of a transfer whose outcome is not known.
const (
	keyForgot  = 25 * time.Hour // after this the key certainly does nothing any more
	sendLease  = 2 * time.Minute
	longestGap = 10 * time.Minute // between two tries under the same key
)

// KeyForgotten says whether a transfer last tried at that real time can no longer come to be by its key.
func KeyForgotten(tried *time.Time, now time.Time) bool {
	return tried != nil && now.Sub(*tried) > keyForgot
}

// pause is how long to wait after that many tries under one key: 5, 10, 20 seconds and so on, up to ten minutes.
func pause(tries int) time.Duration {
	gap := 5 * time.Second
	for range min(tries, 10) - 1 {
		gap *= 2
	}
	return min(gap, longestGap)
}

// Refusal is why a payout that was prepared is not sent after all, before anybody is called. Empty: it is sent.
func Refusal(p Payout, to Payee) FailureReason {
	switch r := to.Readiness(); {
	case r == Blocked:
		return FailBlocked
	case r == Frozen:
		return FailFrozen
	case to.StripeAccountID == nil || *to.StripeAccountID != p.Destination:
		return FailDestination
	case r != Ready:
		return FailNotReady
	}
	return ""
}

// FailureReason says in one word why a payout failed: key "payout.failure." + FailureReason has the sentence, and what to do.
type FailureReason string

// The reasons.
const (
	FailBlocked     FailureReason = "blocked"
	FailFrozen      FailureReason = "frozen"
	FailDestination FailureReason = "destination_changed"
	FailNotReady    FailureReason = "not_ready"
	FailNegative    FailureReason = "account_negative"
	FailGone        FailureReason = "account_gone"
	FailRegion      FailureReason = "region"
	FailFunds       FailureReason = "platform_funds"
	FailSetup       FailureReason = "platform_setup"
	FailNotSent     FailureReason = "not_sent" // a person found that it never went out
	FailOther       FailureReason = "other"    // Stripe's own words say more
)

// ReasonOf is the reason behind a failure's code, which is ours or the provider's.
func ReasonOf(code string) FailureReason {
	switch code {
	case string(FailBlocked), string(FailFrozen), string(FailDestination), string(FailNotReady), string(FailNegative), string(FailNotSent), string(FailGone):
		return FailureReason(code)
	case "insufficient_capabilities_for_transfer":
		return FailNotReady
	case "account_country":
		return FailRegion
	case "balance_insufficient":
		return FailFunds
	case "platform_setup":
		return FailSetup
	}
	return FailOther
}

// Platform says whether the reason is about the platform and not about one payee: the run pauses, as all others would fail too.
func (r FailureReason) Platform() bool { return r == FailFunds || r == FailSetup }

// Account says whether the payee's account should be looked at again after such a refusal.
func (r FailureReason) Account() bool { return r == FailNotReady || r == FailGone || r == FailRegion }
