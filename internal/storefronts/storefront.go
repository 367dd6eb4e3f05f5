// Package storefronts is about a member's own shop at /@handle: what they picked from the catalogue, in their order, each with a
// note of their own and, where the terms of its brand allow one, a margin.
//
// A margin is an amount on top of the brand's price, the same on each variant, at most what the terms allow on the cheapest. Who buys in the
// storefront pays price and margin; search, catalogue and the brand keep the brand's own price, which the storefront shows beside its own.
// Terms or a price that allow less lower it at once (Margin.On), for good (Cap), and its member is told; what was ordered keeps its price.
// It counts only while the member could earn it: not for the team of the brand, not when they buy from themselves (referrals).
//
// Every member has a storefront; its row is made the first time that they change something, until then it is an empty one.
// A listing stays when its product is withdrawn from sale: visitors no longer see it, its owner does, marked, and it comes
// back with the product. Positions are dense, from 0; what is added comes first.
//
// Collections are parts of a storefront with a name; a listing is in one or in none. During its days off a storefront takes no orders: its
// links lead to a page that says until when, and offers the product on its brand's own page with the click that brought the visitor, so that
// the member earns by that click as the rules say. What was put into a basket before keeps the storefront that it came from.
package storefronts

import (
	"strings"
	"time"
	"unicode/utf8"

	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/money"
	"relais/internal/prose"
)

// Limits of a storefront, in characters and listings.
const (
	MaxTitle    = 80
	MaxIntro    = 600
	MaxNote     = 600
	MaxListings = 300
)

// Faults of this package.
var (
	ErrNotFound = fault.New(fault.NotFound, "relay.storefront_not_found")
	ErrProduct  = fault.New(fault.NotFound, "relay.product_not_found")
	ErrFull     = fault.New(fault.Conflict, "relay.storefront_full")
)

// Storefront is the head of a member's shop.
type Storefront struct {
	MemberID    int64     `db:"member_id"`
	Handle      string    `db:"handle"`
	MemberName  string    `db:"member_name"`
	City        string    `db:"city"`
	Bio         string    `db:"bio"`
	PictureHash string    `db:"picture_hash"` // empty: none
	Title       string    `db:"title"`        // empty: the page says the member's name
	Intro       string    `db:"intro"`
	CoverID     *int64    `db:"cover_id"`
	CoverHash   string    `db:"cover_hash"` // empty: none
	UpdatedAt   time.Time `db:"updated_at"` // zero where nothing was ever changed

	Theme     string     `db:"theme"`
	PinnedID  *int64     `db:"pinned_id"`  // the listing that stands first, large; nil: none
	AwayFrom  *time.Time `db:"away_from"`  // first and last day off; nil: none
	AwayUntil *time.Time `db:"away_until"` // at noon, so that it is the same day in Paris
	AwayText  string     `db:"away_text"`
}

// Path is the address of the storefront on this site.
func (s Storefront) Path() string { return "/@" + s.Handle }

// Listing is a product in a storefront: its card, and what the storefront adds. Of one that is not for sale the card has only
// number, address, titles and brand.
type Listing struct {
	catalog.ProductCard
	Published bool // for sale; visitors see no other
	Note      string
	Margin    Margin
	Position  int
	ListedAt  time.Time
}

// Added is what the margin comes to now on a variant at that price of the brand.
func (l Listing) Added(price money.Amount) money.Amount { return l.Margin.On(price, l.MarginBps) }

// Price is what a buyer pays in this storefront for the cheapest variant; From is the brand's price of it.
func (l Listing) Price() money.Amount {
	return money.New(l.MinMinor+l.Added(l.From()).Minor, l.Currency)
}

// clean trims a text and refuses what is too long or cannot be shown: max is in characters, field is where the fault goes.
func clean(field, text string, max int, lines bool) (string, error) {
	text = prose.Lines(text)
	switch {
	case utf8.RuneCountInString(text) > max:
		return "", fault.Field(field, "relay.text_too_long")
	case !prose.Readable(text) || !lines && strings.Contains(text, "\n"):
		return "", fault.Field(field, "relay.text_not_readable")
	}
	return text, nil
}

// reorder moves one product to a position and returns the whole new order; positions beyond either end mean that end.
func reorder(order []int64, productID int64, to int) ([]int64, bool) {
	from := -1
	rest := make([]int64, 0, len(order))
	for i, id := range order {
		if id == productID {
			from = i
			continue
		}
		rest = append(rest, id)
	}
	if from < 0 {
		return order, false
	}
	to = max(0, min(to, len(rest)))
	out := make([]int64, 0, len(order))
	out = append(out, rest[:to]...)
	out = append(out, productID)
	return append(out, rest[to:]...), true
}
