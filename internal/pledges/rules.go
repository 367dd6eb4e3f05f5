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

// People counts the persons behind pledges: those that share an address, an account or a card are one, also by way of a third.
func People(ps []Person) int {
	parent := map[string]string{}
	var find func(string) string
	find = func(k string) string {
		up, known := parent[k]
		if !known {
			parent[k] = k
			return k
		}
		if up == k {
			return k
		}
		root := find(up)
		parent[k] = root
		return root
	}
	roots := make([]string, len(ps))
	for i, p := range ps {
		self := fmt.Sprintf("pledge:%d", i)
		for kind, value := range map[string]string{"mail:": p.Email, "card:": p.Card, "member:": ifSet(p.MemberID)} {
			if value != "" {
				parent[find(self)] = find(kind + value)
			}
		}
		roots[i] = self
	}
	people := map[string]bool{}
	for _, self := range roots {
		people[find(self)] = true
	}
	return len(people)
}

func ifSet(id int64) string {
	if id == 0 {
		return ""
	}
	return fmt.Sprint(id)
}

// Unit is the price of one piece when it is charged, minor units with VAT: the lower of the brand's prices of the day of joining and of today, less
// the step that was reached.
func Unit(shownMinor, todayMinor, lessBps int64) int64 {
	return steps.Price(min(shownMinor, todayMinor), lessBps)
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
