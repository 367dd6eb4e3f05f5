// Package referrals is about who brought a buyer: share links, codes, the clicks on links, the member whom an account is pinned to,
// and the decision, per order line, of whose the commission is.
//
// A member shares a target (a product, a brand, a story, a poll, their whole storefront) in a circle of theirs through a channel; that is one
// link with a short code. A visit to /r/CODE by a person is a click (package clicks). To people who do not follow links they give a code,
// a word to type at checkout. Who signs up is pinned to the member who brought them.
// When an order is placed, each of its lines is attributed once (Decide) and never again; everything that was weighed is kept with the decision,
// so that a page can say "why this is yours", to who did not get it why not, and to both what would have changed it (Counterfactual).
//
// The rules, in their order:
//
//  1. storefront: the line was added to the cart on somebody's storefront path (/@handle, /@handle/p/slug). In its place, of a line that
//     was promised in a group order, group: whoever opened that.
//  2. code: the buyer typed somebody's code at checkout.
//  3. click: the eligible clicks on links that cover the product, within the window of the terms that were in force
//     when each was clicked. Which of them is paid is the credit model of the terms in force at the sale: the last one (what a
//     brand starts with), the first one, or both, in the parts that the terms say.
//  4. pin: the member to whom the buyer's account was pinned when they signed up, for PinLife.
//  5. none: nobody brought the buyer; the brand keeps the commission.
//
// One stated rule for each conflict:
//
//	conflict                                       | who gets it, or what counts
//	-----------------------------------------------+---------------------------------------------------------------
//	margin of A's storefront                       | A's, while rule 1 decides the line; else it is not asked, nor anybody's
//	storefront path of A, code of B typed          | A: the page that the buyer bought from goes before any other rule
//	storefront path of A, later click on B's link  | A, for the same reason
//	storefront path of the buyer's own storefront  | nobody by rule 1; the next rules decide among the others
//	group order of A, click on B's link            | A: whoever gathers people goes before who told one of them
//	group order of A, promised long before it ends | A: what counts is the moment of the promise
//	own piece in one's own group order             | nobody by rule 1; the next rules decide among the others
//	code of A typed, click on B's link             | A: what the buyer wrote beats any click
//	code of the buyer's own                        | nobody by rule 2; the buyer is told that it does not count
//	code switched off, or of nobody                | refused where it is typed; the order is not placed
//	clicks on links of A, then of B                | last: B. first: A. split: B the last part, A the rest
//	clicks of A, B, then C, split                  | C the last part, A the rest; who is between them has nothing
//	clicks of A, B, A again (not a repeat), split  | A all: the first and the last are theirs
//	clicks of one member only, split               | all theirs
//	the first click not eligible, split            | as if it were not there: only eligible ones are first or last
//	storefront path, code or pin, split            | all to that one: only clicks are split
//	model changed between click and sale           | the model in force at the sale; windows stay those at each click
//	members of a split with different rates        | each at their own rate, of their part
//	two clicks in the same instant                 | the one recorded last (higher number) is the later
//	A, B, A again, all within an hour              | a repeat within the hour does not count, A's click is the first
//	click counts as a repeat of another one        | the one that it repeats stands for it
//	click before the cart line, or after it        | no difference: until checkout begins
//	click after checkout began                     | never counts; checkout begins when its page is first opened for these goods,
//	                                               | and anew when they change
//	sign-up after checkout began                   | its pin does not count for this order
//	window shortened after the click               | the window in force when it was clicked
//	click exactly at the end of its window         | counts: the last instant belongs to it
//	cart line older than the window                | its storefront path has lapsed, as a click would have
//	link switched off after the click              | the click counts: it was good when it was made; later ones are not kept
//	product stopped after the click                | it cannot be bought, so nothing is attributed
//	member blocked before the order                | does not count, by any rule; the next in order does
//	member on the team of the brand                | staff: does not count for that brand's products, by any rule
//	same member, e-mail or payout account          | self: does not count (plus tags and dots do not make another e-mail)
//	same household, address, network, surname      | not self: it counts
//	A brought B, B brings a buyer                  | B: one level only, nobody earns from who they brought but as rule 4 says
//	pinned to A, anything eligible of others       | the others: a pin counts where nothing of rules 1 to 3 does
//	pinned to A, buys on another device, signed in | A: the pin is on the account
//	pinned to A, removed by its holder             | nobody by rule 4, for good
//	token of a click in an address passed on       | counts as that click: who copies the address passes the recommendation on
//	token of a click that we did not make          | ignored
//	link to the brand, product of the brand        | covered; so is a later product of that brand
//	link to a storefront                           | covers what that storefront lists when the order is placed
//	link to a story                                | covers what the story shows when the order is placed, or showed when it was clicked
//	product taken off the story after the click    | covered: it was shown when it was clicked; a later click does not cover it
//	story taken down or hidden after the click     | the click counts, as one on a link that is switched off
//	link to a poll                                 | covers the product that the poll is about, and the one that came of it: what it showed when it
//	                                               | was clicked, or shows when the order is placed; a poll takes nothing off
//	poll taken off by the platform after the click | the click counts, as one on a link that is switched off
//	link to the story of somebody else             | the link's member: who told the story earns by their own links and storefront
//	link to product A, product B bought            | not covered by the click; storefront path, code and pin cover everything
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
	ToStory      Target = "story"
	ToPoll       Target = "poll"
)

// Rule names what decided an attribution.
type Rule string

// The rules, in their order.
const (
	ByGroup      Rule = "group"
	ByStorefront Rule = "storefront"
	ByCode       Rule = "code"
	ByClick      Rule = "click"
	ByPin        Rule = "pin"
	ByNone       Rule = "none"
)

// Reasons of a candidate when an order is placed.
const (
	Blocked       clicks.Reason = "blocked"        // the member's account is blocked
	Staff         clicks.Reason = "staff"          // the member is on the team of the brand
	NotCovered    clicks.Reason = "not_covered"    // the link leads to something else
	AfterCheckout clicks.Reason = "after_checkout" // clicked when the order was already under way
	NoTerms       clicks.Reason = "no_terms"       // the brand offered nothing then
	Lapsed        clicks.Reason = "window"         // too long ago
	PathFirst     clicks.Reason = "path_first"     // eligible, but the line was added from a storefront
	GroupFirst    clicks.Reason = "group_first"    // eligible, but it was promised in a group order
	CodeFirst     clicks.Reason = "code_first"     // eligible, but a code was typed
	ClickFirst    clicks.Reason = "click_first"    // eligible, but a link was followed
	LaterClick    clicks.Reason = "later_click"    // eligible, but there was a later one
	EarlierClick  clicks.Reason = "earlier_click"  // eligible, but there was an earlier one, and the brand pays the first
	BetweenClicks clicks.Reason = "between_clicks" // eligible, but the brand pays the first and the last one
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
	Rule        Rule // any but ByNone
	MemberID    int64
	EmailNormal string
	PayoutID    string
	Blocked     bool
	Staff       bool      // on the team of the line's brand
	At          time.Time // when it was clicked, added to the cart from the storefront, typed, or pinned
	Shared      []time.Time

	// Of a click and, LinkID only, of a pin.
	ClickID         int64
	LinkID          int64
	Target          Target
	TargetProductID int64
	TargetBrandID   int64
	TargetStoryID   int64
	TargetPollID    int64
	Listed          bool          // the member's storefront lists the product
	Shown           bool          // the story or poll that the link leads to shows the product, or did when it was clicked
	Recorded        clicks.Reason // why it did not count when it was made
}

// Weighed is a candidate as the decision saw it. It says nothing about the buyer.
type Weighed struct {
	Rule       Rule          `json:"rule"`
	MemberID   int64         `json:"member"`
	LinkID     int64         `json:"link,omitempty"`
	ClickID    int64         `json:"click,omitempty"`
	At         time.Time     `json:"at"`
	Until      time.Time     `json:"until,omitzero"` // end of its window; zero: it has none
	Eligible   bool          `json:"eligible"`
	Won        bool          `json:"won"`
	Part       int64         `json:"part,omitempty"`       // of the winner: its part in basis points
	Rate       int64         `json:"rate,omitempty"`       // basis points that its member gets of their part, where it is eligible
	LockedFrom time.Time     `json:"locked_from,omitzero"` // the day of sharing whose higher rate was kept
	Reason     clicks.Reason `json:"reason,omitempty"`     // why not; empty for a winner
}

// Evidence is all that was weighed for one order line, in the order in which it is looked at. Choose decides by it alone.
type Evidence struct {
	Candidates []Weighed      `json:"candidates"`
	RateNow    int64          `json:"rate_now"`   // basis points that the terms give at the sale
	Credit     catalog.Credit `json:"credit"`     // whose click is paid, by the terms at the sale
	SplitLast  int64          `json:"split_last"` // the part of the last click, basis points
	At         time.Time      `json:"at"`         // of the sale
}

// Credited is a member who is credited for an order line. Each rate is of the member's part, so the commission is
// price without VAT × RateBps × PartBps. LinkID and ClickID are nil where there is none.
type Credited struct {
	MemberID int64  `db:"member_id"`
	LinkID   *int64 `db:"link_id"`
	ClickID  *int64 `db:"click_id"`
	RateBps  int64  `db:"rate_bps"`
	PartBps  int64  `db:"part_bps"` // those of a line are 10000 together
}

// Decision is who an order line is attributed to, and at which rates.
type Decision struct {
	Rule     Rule
	Credits  []Credited // the last click before the first one; empty for ByNone
	TermsID  int64      // the terms in force at the sale
	Margin   int64      // basis points of the price that those terms let a storefront put on top, at most
	At       time.Time
	Evidence Evidence
}

// CommissionBps is what all credited members get together, in basis points of the price without VAT, rounded up; 0 for nobody.
func (d Decision) CommissionBps() int64 {
	var sum int64
	for _, c := range d.Credits {
		sum += c.RateBps * c.PartBps
	}
	return (sum + whole - 1) / whole
}
