// Package reviews is about doubts: commissions that a person looks at before they are paid, and sales that a member misses.
//
// A sale that came about in an unusual way is never refused in silence. Each doubt has a reason that can be said (Doubts), the commission
// waits, nobody else's share does, and the member is told why and until when. A person decides and says why; where nobody does, the review
// ends by itself, for the member, except where the buyer paid with the member's own card: that is the member by our rules.
//
//	          Decide, or time                     Appeal            DecideAppeal
//	open ─────────────────────▶ cleared      ┌────────────▶ open ───────────────▶ granted    the commission is the member's again
//	  │   hold on the commission             │                 └────────────────▶ refused
//	  └───────────────────────▶ refused ─────┘
//	                            the commission is the brand's, as if nobody had brought the buyer
//
// A margin that the member's storefront put on the price goes the same way as the commission beside it: held, refused, given back.
//
// A friend, a relative, a colleague or somebody of the same household is not the member, and nothing here asks about surnames, addresses or
// workplaces: recommending to them is what Relais is for.
//
// A member may also say that a sale is missing (claims). Its brand or the platform answers within a week, with a reason that the member
// reads. What is granted is the commission, paid by the brand out of its own share of that sale; a margin is of the storefront that the buyer
// paid it in, and no claim moves it. Neither names the buyer to the member.
package reviews

import (
	"fmt"
	"time"

	"relais/internal/money"
)

// Reason is why somebody should look at a commission: "review.doubt." + Reason.
type Reason string

// The reasons of a doubt.
const (
	Card           Reason = "card"            // paid with a card that the member pays their own orders with
	Fast           Reason = "fast"            // ordered in less time after the click than a person needs
	DisposableMail Reason = "disposable_mail" // the buyer's address is of a service for throw-away addresses
	Velocity       Reason = "velocity"        // many orders through the member within an hour, by one browser or card
	RefundRate     Reason = "refund_rate"     // much of what the member sold came back
	Ring           Reason = "ring"            // the buyer earns from what the member buys; said without naming the buyer
)

// Doubt is a reason with what it was counted from.
type Doubt struct {
	Reason Reason `json:"reason"`
	Count  int64  `json:"count,omitempty"`  // velocity: orders; refund_rate: sales of which something came back; ring: purchases the other way
	Of     int64  `json:"of,omitempty"`     // refund_rate: sales
	Millis int64  `json:"millis,omitempty"` // fast: from click to order
}

// State is where a review stands.
type State string

// The states of a review.
const (
	Open    State = "open"
	Cleared State = "cleared"
	Refused State = "refused"
)

// Appeal states.
const (
	AppealOpen    = "open"
	AppealGranted = "granted"
	AppealRefused = "refused"
)

// Who decided, as pages say it.
const (
	ByBrand    = "brand"
	ByPlatform = "platform"
	ByTime     = "time"
)

// Review is one commission that is looked at, or was.
type Review struct {
	ID            int64      `db:"id"`
	EarningID     int64      `db:"earning_id"`
	Doubts        []Doubt    `db:"-"`
	OpenedAt      time.Time  `db:"opened_at"`
	DueAt         time.Time  `db:"due_at"`
	State         State      `db:"state"`
	DecidedAs     string     `db:"decided_as"` // brand, platform or time
	DecidedBy     *int64     `db:"decided_by"`
	DecidedAt     *time.Time `db:"decided_at"`
	Why           string     `db:"why"`
	KeptEarningID *int64     `db:"kept_earning_id"`
	AppealedAt    *time.Time `db:"appealed_at"`
	AppealText    string     `db:"appeal_text"`
	AppealDueAt   *time.Time `db:"appeal_due_at"`
	AppealState   string     `db:"appeal_state"`
	AppealAt      *time.Time `db:"appeal_at"`
	AppealWhy     string     `db:"appeal_why"`

	// What it is about, for pages.
	OrderID      int64        `db:"order_id"`
	OrderNumber  string       `db:"order_number"`
	OrderLineID  int64        `db:"order_line_id"`
	BrandID      int64        `db:"brand_id"`
	BrandName    string       `db:"brand_name"`
	BrandHandle  string       `db:"brand_handle"`
	MemberID     int64        `db:"member_id"`
	MemberName   string       `db:"member_name"`
	MemberHandle string       `db:"member_handle"`
	Title        string       `db:"title"`
	PaidAt       time.Time    `db:"paid_at"`
	Amount       money.Amount `db:"amount"`     // of the commission, and the margin beside it
	Rule         string       `db:"rule"`       // that decided whose the sale is
	ClickedAt    *time.Time   `db:"clicked_at"` // of the click that it came by, where there is one
}

// Hold is the reference of the hold on the commission while the review is open.
func (r Review) Hold() string { return fmt.Sprintf("review:%d", r.ID) }

// AppealUntil is the last moment at which a refusal can be appealed.
func (r Review) AppealUntil() time.Time {
	if r.DecidedAt == nil {
		return time.Time{}
	}
	return r.DecidedAt.AddDate(0, 0, AppealDays)
}

// Appealable says whether the member may appeal now.
func (r Review) Appealable(now time.Time) bool { return CanAppeal(r, now) == nil }

// Late says whether an answer was due: to the appeal.
func (r Review) Late(now time.Time) bool {
	return r.AppealState == AppealOpen && r.AppealDueAt != nil && now.After(*r.AppealDueAt)
}
