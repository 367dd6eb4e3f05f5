// Package royalties is about what a sale pays those who made the piece what it is, and brought nobody: the author of a published design, the
// authors of the designs that it varies, and the author of the idea that the product came of.
//
//	a published design   is a product of its brand's: publications.product_id
//	its royalty          its author's own rate, frozen when it was published, for as long as it is sold
//	one that it varies   earns its author their own rate beside it, and so does what that one varies, to the first
//	an idea              earns its author what the terms give that are in force for the order: terms.idea_bps
//
// Each is of the brand's price without VAT and delivery, as a commission is, and none of a storefront's margin. Of an idea pays the product
// that hangs on its thread, not what others draw on that product. A member who has several parts in one design has one share, at their rates
// together and rounded once. Nobody has a share of what they buy themselves, as package referrals knows them; a member who is blocked has none,
// nor has the author of what the platform took down or hid. What is not given to anybody stays with the brand.
//
// Who has what is decided when an order is placed and frozen with its line (For, Fit, Save): what was published, left or agreed later
// changes nothing about it. When the order is paid each share becomes an earning of its own, of role royalty or idea, which waits, comes free
// and goes back as a commission does; but it stays its author's whatever is decided about who brought the buyer.
package royalties

import (
	"relais/internal/earnings"
	"relais/internal/fault"
)

// Royalty is the share of one member in an order line.
type Royalty struct {
	OrderLineID   int64         `db:"order_line_id"`
	Role          earnings.Role `db:"role"` // earnings.Royalty or earnings.Idea
	MemberID      int64         `db:"member_id"`
	Name          string        `db:"name"`
	Handle        string        `db:"handle"`
	AgreedBps     int64         `db:"agreed_bps"`     // of the price without VAT and delivery, basis points: what was agreed
	RateBps       int64         `db:"rate_bps"`       // of the same: what it is, less than agreed only where the price had no more (Fit)
	Minor         int64         `db:"minor"`          // what it comes to, minor units
	PublicationID *int64        `db:"publication_id"` // of a royalty: the nearest of the member's designs; nil: not published yet
	IdeaID        *int64        `db:"idea_id"`
	Title         string        `db:"title"` // of the design or the idea
}

// Reduced says whether less is paid than was agreed.
func (r Royalty) Reduced() bool { return r.RateBps < r.AgreedBps }

// ErrTooMuch says that the authors of a design ask more together than the terms allow.
var ErrTooMuch = fault.Field("royalty", "fault.royalties.too_much")
