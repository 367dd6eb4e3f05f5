// Package referrals is about who brought a buyer: share links, the clicks on them, and the decision, per order line,
// of whose the commission is.
//
// A member shares a target (a product, a brand, their whole storefront) in a circle of theirs through a channel; that is one
// link with a short code. A visit to /r/CODE by a person is a click (package clicks).
// When an order is placed, each of its lines is attributed once (Decide) and never again; everything that was weighed is kept with the decision,
// so that a page can say "why this is yours" and, to who did not get it, why not.
//
// The rules, in their order:
//
//  1. storefront: the line was added to the cart on somebody's storefront path (/@handle, /@handle/p/slug).
//  2. click: the last eligible click on a link that covers the product, within the window of the terms that were in force
//     when it was clicked.
//  3. none: nobody brought the buyer; the brand keeps the commission.
//
// One stated rule for each conflict:
//
//	conflict                                       | who gets it, or what counts
//	-----------------------------------------------+---------------------------------------------------------------
//	storefront path of A, later click on B's link  | A: the page that the buyer bought from goes before any click
//	storefront path of the buyer's own storefront  | nobody by rule 1; rule 2 decides among the others
//	clicks on links of A, then of B                | B: the last one
//	two clicks in the same instant                 | the one recorded last (higher number)
//	A, B, A again, all within an hour              | B: a repeat within the hour does not count, A's click is the first
//	click counts as a repeat of another one        | the one that it repeats stands for it
//	click before the cart line, or after it        | no difference: until checkout begins
//	click after checkout began                     | never counts
//	window shortened after the click               | the window in force when it was clicked
//	click exactly at the end of its window         | counts: the last instant belongs to it
//	cart line older than the window                | its storefront path has lapsed, as a click would have
//	link switched off after the click              | the click counts: it was good when it was made
//	member blocked before the order                | does not count
//	same member, e-mail or payout account          | self: does not count (plus tags and dots do not make another e-mail)
//	same household, address, network, surname      | not self: it counts
//	link to the brand, product of the brand        | covered; so is a later product of that brand
//	link to a storefront                           | covers what that storefront lists when the order is placed
//	link to product A, product B bought            | not covered by the click; the storefront path may still bring it
//	commission lowered after the link was made     | the higher rate, for 30 days after the link was made
//	commission raised                              | the new rate, at once
package referrals

import (
	"time"

	"relais/internal/catalog"
	"relais/internal/clicks"
)

// Target says what a link leads to.
type Target string

// The targets of a link.
const (
	ToProduct    Target = "product"
	ToBrand      Target = "brand"
	ToStorefront Target = "storefront"
)

// Rule names what decided an attribution.
type Rule string

// The rules, in their order.
const (
	ByStorefront Rule = "storefront"
	ByClick      Rule = "click"
	ByNone       Rule = "none"
)

// Reasons of a candidate when an order is placed.
const (
	Blocked       clicks.Reason = "blocked"        // the member's account is blocked
	NotCovered    clicks.Reason = "not_covered"    // the link leads to something else
	AfterCheckout clicks.Reason = "after_checkout" // clicked when the order was already under way
	NoTerms       clicks.Reason = "no_terms"       // the brand offered nothing then
	Lapsed        clicks.Reason = "window"         // too long ago
	PathFirst     clicks.Reason = "path_first"     // eligible, but the line was added from a storefront
	LaterClick    clicks.Reason = "later_click"    // eligible, but there was a later one
)

// Buyer is who places an order, as far as telling self from others needs it.
type Buyer struct {
	MemberID int64    // 0: a guest
	Emails   []string // normalised: that of the order and that of the account
	PayoutID string   // the payout account of the buyer's own earnings; empty: none known
}

// Line is one line of the order.
type Line struct {
	ProductID int64
	BrandID   int64
	Terms     []catalog.Terms // every version that its brand ever offered
}

// Candidate is somebody who may have brought the buyer of a line.
type Candidate struct {
	Rule        Rule // ByStorefront or ByClick
	MemberID    int64
	EmailNormal string
	PayoutID    string
	Blocked     bool
	At          time.Time // when it was clicked, or added to the cart from the storefront
	Shared      []time.Time

	// Of a click only.
	ClickID         int64
	LinkID          int64
	Target          Target
	TargetProductID int64
	TargetBrandID   int64
	Listed          bool          // the member's storefront lists the product
	Recorded        clicks.Reason // why it did not count when it was made
}

// Weighed is a candidate as the decision saw it. It says nothing about the buyer.
type Weighed struct {
	Rule     Rule          `json:"rule"`
	MemberID int64         `json:"member"`
	LinkID   int64         `json:"link,omitempty"`
	ClickID  int64         `json:"click,omitempty"`
	At       time.Time     `json:"at"`
	Until    time.Time     `json:"until,omitzero"` // end of its window
	Eligible bool          `json:"eligible"`
	Won      bool          `json:"won"`
	Reason   clicks.Reason `json:"reason,omitempty"` // why not; empty for the winner
}

// Evidence is all that was weighed for one order line.
type Evidence struct {
	Candidates []Weighed `json:"candidates"`
	RateNow    int64     `json:"rate_now"`             // basis points that the terms give at the sale
	Rate       int64     `json:"rate"`                 // basis points given
	LockedFrom time.Time `json:"locked_from,omitzero"` // the day of sharing whose higher rate was kept
}

// Decision is who an order line is attributed to, and at which rate. MemberID, LinkID and ClickID are nil where there is none.
type Decision struct {
	Rule          Rule
	MemberID      *int64
	LinkID        *int64
	ClickID       *int64
	CommissionBps int64 // basis points of the price without VAT; 0 for nobody
	TermsID       int64 // the terms in force at the sale
	At            time.Time
	Evidence      Evidence
}
