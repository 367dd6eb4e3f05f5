package pledges

import (
	"fmt"
	"time"

	"relais/internal/catalog/steps"
	"relais/internal/payments"
)

// Person is what tells one person of a campaign from another.
type Person struct {
	Email    string `db:"email_normal"`
	MemberID int64  `db:"member_id"` // 0: a guest
	Card     string `db:"fingerprint"`
}

// People counts the persons behind pledges: as many as there are accounts or, of guests, addresses, but not more than there are cards. So nobody is
// two by another address or another card alone, and nobody who joins can make others fewer.
func People(ps []Person) int {
	who, cards := map[string]bool{}, map[string]bool{}
	for i, p := range ps {
		if p.MemberID != 0 {
			who[fmt.Sprintf("member:%d", p.MemberID)] = true
		} else {
			who["mail:"+p.Email] = true
		}
		if p.Card != "" {
			cards["card:"+p.Card] = true
		} else { // the provider does not say
			cards[fmt.Sprintf("pledge:%d", i)] = true
		}
	}
	return min(len(who), len(cards))
}

// Unit is the price of one piece when it is charged, minor units with VAT: the lower of the brand's prices of the day of joining and of today, less
// the step that was reached.
func Unit(shownMinor, todayMinor, lessBps int64) int64 {
	return steps.Price(min(shownMinor, todayMinor), lessBps)
}

// Declined says whether a refusal is the word of the card's bank, or of the card itself; every other one is about us.
func Declined(code string) bool {
	return code == payments.CodeCardDeclined || code == payments.CodeAuthentication || code == payments.CodeCardGone
}

// Tries says whether a pledge whose order waits to be paid is charged now.
func (p Pledge) Tries(now time.Time) bool {
	return p.Refusals == 0 || p.NextAt != nil && !p.NextAt.After(now)
}

// NextTry is when a card that was refused is tried again by itself, if it is: while its order waits, and where the bank's word lets us. The
// zero time: not any more.
func NextTry(code, decline string, now, until time.Time) time.Time {
	next := now.Add(RetryTime)
	if !payments.MayRetry(code, decline) || !next.Before(until) {
		return time.Time{}
	}
	return next
}

// Refusal is a reason for which a bank refuses a card that a person can do something about.
type Refusal string

// The reasons.
const (
	NotThere Refusal = "authentication" // it wants its owner to confirm
	NoMoney  Refusal = "funds"          // or a limit is reached
	Expired  Refusal = "expired"
	Blocked  Refusal = "blocked"
	Unsaid   Refusal = "other" // banks mostly give no reason
)

// Refusal is why the card was refused last.
func (p Pledge) Refusal() Refusal {
	switch p.RefusedCode {
	case payments.CodeAuthentication:
		return NotThere
	case "insufficient_funds", "withdrawal_count_limit_exceeded", "card_velocity_exceeded":
		return NoMoney
	case "expired_card":
		return Expired
	case "lost_card", "stolen_card", "pickup_card", "restricted_card", "revocation_of_authorization", "revocation_of_all_authorizations":
		return Blocked
	}
	return Unsaid
}
