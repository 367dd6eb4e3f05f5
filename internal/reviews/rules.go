package reviews

import (
	"strings"
	"time"
	"unicode/utf8"

	"relais/internal/fault"
)

// The terms, in days.
const (
	ReviewDays       = 14 // a review ends by itself
	AppealDays       = 30 // after a refusal
	AppealAnswerDays = 14
	ClaimDays        = 7 // to answer a claim
)

// From where on something is a doubt.
const (
	FastBelow      = 3 * time.Second // from click to order; a form filled in by the browser takes a person longer
	VelocityOrders = 10              // within VelocityTime, through one member, by one browser or with one card
	VelocityTime   = time.Hour
	RefundSales    = 10 // sales of the member within LookBack, before their share says anything
	RefundPercent  = 50 // of them something came back
	RingOrders     = 2  // within LookBack the member bought through the buyer: once is a favour between friends
	LookBack       = 90 * 24 * time.Hour
	LookSales      = 200 // of the member, at most: the last ones
)

// MaxText is how long what people write may be, in characters.
const MaxText = 2000

// Faults of reviews and appeals.
var (
	ErrGone      = fault.New(fault.NotFound, "fault.review_gone")
	ErrYourself  = fault.New(fault.Conflict, "fault.review_yourself") // the decider is the member whose money it is: claims too
	ErrDecided   = fault.New(fault.Conflict, "fault.review_decided")
	ErrNoAppeal  = fault.New(fault.Conflict, "fault.review_no_appeal")      // nothing was refused
	ErrAppealed  = fault.New(fault.Conflict, "fault.review_appealed")       // once is all
	ErrTooLate   = fault.New(fault.Conflict, "fault.review_appeal_late")    // AppealDays are over
	ErrPaidOn    = fault.New(fault.Conflict, "fault.review_paid_on")        // the platform gave the sale to another member's claim
	ErrNotAppeal = fault.New(fault.Conflict, "fault.review_appeal_decided") // no appeal is open
)

// Facts is what is known about how a sale came about. It has no names, addresses or workplaces: sharing them is no doubt.
type Facts struct {
	OwnCard       bool          // the card of the payment has paid for an order of the member's own
	Clicked       bool          // the sale came by a click of which the time is known
	SinceClick    time.Duration // from it to the order
	Mail          string        // the buyer's address
	SameBrowser   int64         // orders through the member in the hour up to this one, by the same browser, this one counted
	SameCard      int64         // the same with the same card
	Sales         int64         // of the member, within LookBack
	SalesBack     int64         // of them, something came back
	BoughtThrough int64         // times the member bought through the buyer, within LookBack
}

// Doubts are the reasons to have a person look at a commission, in a fixed order; none for almost every sale. disposable says whether a mail
// domain is of a service for throw-away addresses.
func Doubts(f Facts, disposable func(domain string) bool) []Doubt {
	var ds []Doubt
	add := func(is bool, d Doubt) {
		if is {
			ds = append(ds, d)
		}
	}
	add(f.OwnCard, Doubt{Reason: Card})
	add(f.Clicked && f.SinceClick >= 0 && f.SinceClick < FastBelow, Doubt{Reason: Fast, Millis: f.SinceClick.Milliseconds()})
	_, domain, _ := strings.Cut(strings.ToLower(strings.TrimSpace(f.Mail)), "@")
	add(domain != "" && disposable(domain), Doubt{Reason: DisposableMail})
	most := max(f.SameBrowser, f.SameCard)
	add(most >= VelocityOrders, Doubt{Reason: Velocity, Count: most})
	add(f.Sales >= RefundSales && f.SalesBack*100 >= f.Sales*RefundPercent, Doubt{Reason: RefundRate, Count: f.SalesBack, Of: f.Sales})
	add(f.BoughtThrough >= RingOrders, Doubt{Reason: Ring, Count: f.BoughtThrough})
	return ds
}

// AtItsEnd is what a review becomes that nobody decided in time: for the member, except where the card is theirs.
func AtItsEnd(ds []Doubt) State {
	for _, d := range ds {
		if d.Reason == Card {
			return Refused
		}
	}
	return Cleared
}

// CanAppeal says whether a refusal may be appealed. Faults: ErrNoAppeal, ErrAppealed, ErrTooLate.
func CanAppeal(r Review, now time.Time) error {
	switch {
	case r.State != Refused || r.DecidedAt == nil:
		return ErrNoAppeal
	case r.AppealState != "":
		return ErrAppealed
	case now.After(r.AppealUntil()):
		return ErrTooLate
	}
	return nil
}

// Words is what somebody wrote, trimmed. A fault of the field where it is empty or longer than MaxText.
func Words(field, text string) (string, error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return "", fault.Field(field, "fault.required")
	case utf8.RuneCountInString(text) > MaxText:
		return "", fault.Field(field, "fault.review_long")
	}
	return text, nil
}
