// Package questions is what people ask about a product, in public, and who knows answers.
//
// Any member with a verified address asks. Three kinds of people answer, and a badge says which: the team of the brand, in its name, once; the author
// of a published design about the product that it is; and members who received the product, on the line of an order that package ratings proves it by;
// each member once. Whoever recommends the product and earns from it is labelled, as they were when they wrote or as they are now.
//
//	shown ◀──────▶ hidden      by the platform, after a report, with a reason that its author reads; shown again where it decides anew, because an
//	  │                        administrator reopened the case, its author contested it or, of an answer, wrote it anew (package reports)
//	  ▼
//	deleted                    by its author, for good; of a brand's answer: by its team
//
// An author changes their words within EditMinutes, and the page says so; an answer that is hidden at any time, and it stays hidden until the platform has looked. A brand cannot take a question away, only report it; it may pin one
// answer as its own word. A mark says that an answer helped: each member once, nobody their own.
//
// A question tells the brand's team and who designed the product, and asks at most MostCalled earlier buyers for what they know, each at most once a month, and only those
// who allow that kind of notice; an answer tells who asked. How soon the brand usually answers is in Usually.
package questions

import (
	"time"

	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/posts"
)

// Limits of what people write, in characters.
const (
	MaxTitle   = 200
	MaxDetails = 1000
	MaxBody    = 2000
)

// EditMinutes is how long authors may change what they wrote.
const EditMinutes = 30

// MostCalled is how many earlier buyers are asked about one question.
const MostCalled = 5

// The paces of members: generous to people, narrow to floods.
var (
	askPaces    = []posts.Pace{{Most: 5, Span: 10 * time.Minute}, {Most: 15, Span: 24 * time.Hour}}
	answerPaces = []posts.Pace{{Most: 10, Span: 10 * time.Minute}, {Most: 60, Span: 24 * time.Hour}}
)

// Faults of this package.
var (
	ErrGone        = fault.New(fault.NotFound, "fault.question_gone")
	ErrSignIn      = fault.New(fault.Unauthenticated, "fault.sign_in_first")
	ErrUnconfirmed = fault.New(fault.Forbidden, "fault.question_unconfirmed")
	ErrNotBuyer    = fault.New(fault.Forbidden, "fault.question_not_buyer")
	ErrNotYours    = fault.New(fault.Forbidden, "fault.question_not_yours")
	ErrTooLate     = fault.New(fault.Conflict, "fault.question_too_late")
	ErrAnswered    = fault.New(fault.Conflict, "fault.question_answered")
	ErrOwnMark     = fault.New(fault.Conflict, "fault.question_own_mark")
)

// State says who sees a question or an answer.
type State string

// The states.
const (
	Shown   State = "shown"
	Hidden  State = "hidden"
	Deleted State = "deleted"
)

// Question is what a member asks about a product.
type Question struct {
	ID           int64      `db:"id"`
	ProductID    int64      `db:"product_id"`
	ProductTitle string     `db:"product_title"`
	DesignerID   int64      `db:"designer_id"` // who publishes the design that the product is; 0: it is none
	Slug         string     `db:"slug"`
	BrandID      int64      `db:"brand_id"`
	BrandName    string     `db:"brand_name"`
	BrandHandle  string     `db:"brand_handle"`
	MemberID     int64      `db:"member_id"` // 0: their account is gone
	Name         string     `db:"name"`      // of the member, whole; Author is what is shown
	OfBrand      bool       `db:"of_brand"`  // who asks is on the brand's team
	Lang         i18n.Lang  `db:"lang"`
	Title        string     `db:"title"`
	Details      string     `db:"details"`
	At           time.Time  `db:"at"`
	EditedAt     *time.Time `db:"edited_at"`
	State        State      `db:"state"`
	HiddenWhy    string     `db:"hidden_why"`
	Count        int64      `db:"count"`  // of answers that are shown
	Useful       int64      `db:"useful"` // marks of all of them

	Answers []Answer `db:"-"` // the best first; lists have one at most
}

// Author is the name that is shown; empty: a former member.
func (q Question) Author() string { return shownName(q.Name) }

// Answer is what somebody who knows says.
type Answer struct {
	ID         int64      `db:"id"`
	QuestionID int64      `db:"question_id"`
	ProductID  int64      `db:"product_id"`
	BrandID    int64      `db:"brand_id"`
	BrandName  string     `db:"brand_name"`
	MemberID   int64      `db:"member_id"` // 0: their account is gone
	Name       string     `db:"name"`      // of the member, whole; Author is what is shown
	ByBrand    bool       `db:"by_brand"`
	ByDesigner bool       `db:"by_designer"` // of the published design that the product is
	Earns      bool       `db:"earns"`       // from recommending the product, when it was written or now
	Lang       i18n.Lang  `db:"lang"`
	Body       string     `db:"body"`
	At         time.Time  `db:"at"`
	EditedAt   *time.Time `db:"edited_at"`
	State      State      `db:"state"`
	HiddenWhy  string     `db:"hidden_why"`
	Pinned     bool       `db:"pinned"`
	Helpful    int64      `db:"helpful"` // members whom it helped
	Marked     bool       `db:"marked"`  // by the viewer
}

// Author is the name that is shown: of a brand's answer the brand's; empty: a former member.
func (a Answer) Author() string {
	if a.ByBrand {
		return a.BrandName
	}
	return shownName(a.Name)
}

// Sort is an order of questions.
type Sort string

// The orders. Useful: by how many people the answers helped, the answered ones before the others.
const (
	Useful Sort = "useful"
	Newest Sort = "new"
)
