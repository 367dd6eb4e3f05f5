// Package ratings is what buyers say afterwards: a rating of a product that they received, and thanks in the guest book of the member who
// recommended it to them. (Package reviews is something else: commissions that a person looks at.)
//
// Only a purchase opens the way, with an account or without: the line of an order that was received and not paid back, found through the
// order's own page. Whoever gains by the sale may not rate it: the brand's team, who was credited for the line, who lists the product.
//
//	shown ◀────────▶ hidden       by the platform, after a report, with a reason that its author reads
//	  │  ▲             ▲
//	  ▼  │ written     │ stays hidden when it is written anew, and the platform looks again
//	withdrawn  anew, by its author
//
// A brand answers a rating once, and reports it with a reason; it cannot take it away. The guest book is its owner's: they hide an entry and
// answer it, and the page says so. How many of each number of stars a product has is kept by a trigger; Check recounts it.
//
// Some days after everything of an order was received, its buyer gets one letter that asks, and none once they said that they want none.
package ratings

import (
	"time"

	"relais/internal/fault"
	"relais/internal/i18n"
)

// Limits of what people write, in characters, and of what they send.
const (
	MaxTitle  = 100
	MaxBody   = 3000
	MaxName   = 40
	MaxReply  = 2000
	MaxThanks = 400
	MaxPhotos = 4
)

// MinShown is from how many ratings on the cards of a product show stars: fewer say little.
const MinShown = 3

// InviteDays is how long after the last receipt of an order its buyer is asked.
const InviteDays = 7

// Faults of this package.
var (
	ErrGone         = fault.New(fault.NotFound, "fault.rating_gone")
	ErrNotReceived  = fault.New(fault.Conflict, "fault.rating_not_received")
	ErrPaidBack     = fault.New(fault.Conflict, "fault.rating_paid_back")
	ErrInterested   = fault.New(fault.Conflict, "fault.rating_interested")
	ErrNotThankable = fault.New(fault.Conflict, "fault.thanks_not_yours")
)

// State says who sees a rating or an entry of a guest book.
type State string

// The states. Removed is of guest books: hidden by the platform, and not by the owner.
const (
	Shown     State = "shown"
	Hidden    State = "hidden"
	Removed   State = "removed"
	Withdrawn State = "withdrawn"
)

// Rating is what one buyer says of one product.
type Rating struct {
	ID            int64      `db:"id"`
	ProductID     int64      `db:"product_id"`
	BrandID       int64      `db:"brand_id"`
	BrandName     string     `db:"brand_name"`
	BrandHandle   string     `db:"brand_handle"`
	ProductTitle  string     `db:"product_title"`
	Slug          string     `db:"slug"`
	OrderLineID   int64      `db:"order_line_id"`
	Lang          i18n.Lang  `db:"lang"`
	Stars         int        `db:"stars"`
	Title         string     `db:"title"`
	Body          string     `db:"body"`
	Name          string     `db:"name"`
	Relayed       bool       `db:"relayed"`     // bought through somebody who earned from it
	Recommends    bool       `db:"recommends"`  // its author lists the product in a storefront now
	ReceivedAt    time.Time  `db:"received_at"` // the day of the experience
	At            time.Time  `db:"at"`
	EditedAt      *time.Time `db:"edited_at"`
	State         State      `db:"state"`
	HiddenWhy     string     `db:"hidden_why"`
	Reply         string     `db:"reply"`
	ReplyAt       *time.Time `db:"reply_at"`
	ReplyEditedAt *time.Time `db:"reply_edited_at"`
	ReplyHidden   bool       `db:"reply_hidden"`

	Photos []Photo `db:"-"`
}

// ReplyShown says whether the public reads the brand's reply.
func (r Rating) ReplyShown() bool { return r.Reply != "" && !r.ReplyHidden }

// Photo is a photograph of a rating.
type Photo struct {
	RatingID int64  `db:"rating_id"`
	MediaID  int64  `db:"media_id"`
	Hash     string `db:"hash"`
}

// Draft is what a buyer writes. Photos are kept by their number in media; what is not among them is taken away.
type Draft struct {
	OrderID int64
	LineID  int64
	Lang    i18n.Lang
	Stars   int
	Title   string
	Body    string
	Name    string
	Photos  []int64
}

// Thanks is an entry of a guest book.
type Thanks struct {
	ID           int64      `db:"id"`
	StorefrontID int64      `db:"storefront_id"`
	Handle       string     `db:"handle"`     // of the storefront
	OwnerName    string     `db:"owner_name"` // its owner
	Lang         i18n.Lang  `db:"lang"`
	Name         string     `db:"name"`
	Body         string     `db:"body"`
	At           time.Time  `db:"at"`
	EditedAt     *time.Time `db:"edited_at"`
	State        State      `db:"state"`
	RemovedWhy   string     `db:"removed_why"`
	Answer       string     `db:"answer"`
	AnsweredAt   *time.Time `db:"answered_at"`
}
