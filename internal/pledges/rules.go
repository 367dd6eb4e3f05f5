package pledges

import (
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"relais/internal/catalog/steps"
	"relais/internal/fault"
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

// LaunchDraft is a launch as a brand opens it.
type LaunchDraft struct {
	ProductID int64
	Goal      int         // pieces
	Max       int         // pieces; 0: no end
	Steps     steps.Steps // above the goal: People are pieces; none for most
	Days      int         // from now to the deadline
	Expected  time.Time   // any moment of the month in which it is delivered, UTC
	Plan      string      // what happens with the money
	IdeaID    *int64      // from which it came; nil: that of the poll, if any
	Poll      string      // code of the poll from which it came; empty: none
	Why       string      // why its piece is dearer than was decided there
}

// deadline is when a launch opened now ends.
func (d LaunchDraft) deadline(now time.Time) time.Time {
	return now.AddDate(0, 0, d.Days).Truncate(time.Minute)
}

// All are the steps of the campaign: the goal, and those above it.
func (d LaunchDraft) All() steps.Steps { return append(steps.Steps{{People: d.Goal}}, d.Steps...) }

// monthOf is the first day of a moment's month, UTC.
func monthOf(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC) }

// Months are those in which a launch opened now for so many days may promise to deliver.
func Months(now time.Time, days int) []time.Time {
	first := monthOf(now.AddDate(0, 0, days))
	list := make([]time.Time, LaterMonths+1)
	for i := range list {
		list[i] = first.AddDate(0, i, 0)
	}
	return list
}

// Check says what is wrong with a draft, at its fields: product, goal, max, days, expected, plan and those of steps.Field.
func (d LaunchDraft) Check(now time.Time) error {
	var wrong []error
	fail := func(bad bool, err error) {
		if bad {
			wrong = append(wrong, err)
		}
	}
	fail(d.ProductID == 0, fault.Field("product", "fault.required"))
	fail(d.Goal < 1 || d.Goal > MaxUnits, ErrGoal)
	fail(d.Max != 0 && (d.Max < d.Goal || d.Max > MaxUnits), ErrMax)
	fail(len(d.Steps) > steps.Most, fault.Field("steps", "fault.catalog.steps_many"))
	most := MaxUnits
	if d.Max > 0 {
		most = d.Max
	}
	below := steps.Step{People: d.Goal}
	for i, s := range d.Steps {
		fail(s.People <= below.People || s.People > most, fault.Field(steps.Field(i, "people"), "fault.pledges.step_units"))
		switch {
		case s.LessBps < 1 || s.LessBps > steps.MostLessBps:
			fail(true, fault.Field(steps.Field(i, "less"), "fault.catalog.steps_less"))
		case s.LessBps <= below.LessBps:
			fail(true, fault.Field(steps.Field(i, "less"), "fault.catalog.steps_less_rise"))
		}
		below = s
	}
	fail(d.Days < 1 || d.Days > LaunchDays, ErrLaunchDays)
	fail(!slices.Contains(Months(now, min(max(d.Days, 1), LaunchDays)), monthOf(d.Expected)), ErrExpected)
	fail(d.Plan == "", fault.Field("plan", "fault.required"))
	fail(utf8.RuneCountInString(d.Plan) > MaxPlan, fault.Field("plan", "fault.too_long"))
	return fault.Merge(wrong...)
}
