// Package insight says what came of recommending: to a member by link, group, channel and product, to a brand by member, channel and
// product; for a period, and for each of its days or months.
//
//	people      clicks that count: a visitor once an hour for a link
//	visits      people, and their further clicks within the hour
//	orders      paid orders that were brought, refunded ones included; one with lines of two links is one of each, and one in the total
//	conversion  orders of a hundred people
//	goods       what was bought of the lines that were brought, VAT included, less what went back
//	earned      commissions of the member on them, or of all members for a brand, less what was given back or voided
//
// Days are those of Paris. Clicks are read from their sums by link and day (package clicks), so that a page costs the same among ten
// thousand clicks and ten million, and has each click from its commit on. A brand never learns what a member calls their groups, and
// nobody who bought.
package insight

import (
	"time"

	"relais/internal/money"
	"relais/internal/referrals"
)

// Figures is what came of something.
type Figures struct {
	People, Visits, Orders int64
	Goods, Earned          []money.Amount // one for each currency in which something was sold, in the order of their codes
}

// Report is what came of a member's links, or of those to a brand, in a period.
type Report struct {
	Period   Period
	Total    Figures
	Steps    []Step    // every day or month of the period
	Links    []LinkRow // a member's only
	Circles  []Named   // a member's only: by their own name for the group; the empty one is links for nobody in particular
	Channels []Named   // one of referrals.Channels
	Products []ProductRow
	Relays   []Relay // a brand's only
}

// Step is a day or a month.
type Step struct {
	Figures
	Start time.Time // its midnight in Paris
}

// LinkRow is a member's link. ID 0 stands for sales that were theirs without a link: somebody came to their storefront directly.
type LinkRow struct {
	Figures
	referrals.Link
}

// Named is a group or a channel.
type Named struct {
	Figures
	Name string
}

// ProductRow is a product: who came by links to it, and what was sold of it by whichever link.
type ProductRow struct {
	Figures
	ID    int64  `db:"id"`
	Slug  string `db:"slug"`
	Title string `db:"title"`
}

// Relay is a member who recommends a brand, as that brand sees them.
type Relay struct {
	Figures
	MemberID    int64  `db:"member_id"`
	Handle      string `db:"handle"`
	Name        string `db:"name"`
	PictureHash string `db:"picture_hash"` // empty: none
	Listed      int64  `db:"listed"`       // of the brand's products, in their storefront
}
