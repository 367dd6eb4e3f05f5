// Package reports is what somebody finds wrong with what others wrote (ratings, questions, ideas, stories), and what the platform decides about it.
//
//	          Insert             Decide
//	reader ──────────▶ open ─────────────▶ kept      it stays, or is read again
//	                   ▲  │
//	                   │  └──────────────▶ hidden    nobody reads it but its author, who reads why
//	                   │                     │
//	                   └─────────────────────┘       Reopen: the platform takes it up again, whatever was decided; Contest: its author asks for that
//
// A reporter has one open report about each thing, and all visitors without an account are one. A case is a thing with all that is open about it:
// one decision ends them all, and a report stays as it was decided: what reopens a case is another report about the same thing. Nobody decides about
// their own words, about what concerns their own brand, or about what they reported themselves.
//
// An administrator reopens a case with a reason. Who wrote what is hidden contests that once, in their own words; where that had it shown again and it
// was hidden anew, once more.
//
// Each domain keeps its reports in a table of its own, which Table describes, and reads what they are about itself: Desk puts both together. What a
// decision does to the thing, who else is told and what the log says is the domain's own.
package reports

import (
	"time"

	"relais/internal/fault"
)

// MaxText is the length of what a report or a decision says, in characters.
const MaxText = 1000

// The reasons that no reporter can give.
const (
	Edited    = "edited"    // something hidden was written anew: the platform's own note
	Reopened  = "reopened"  // an administrator takes up again what was decided
	Contested = "contested" // who wrote what is hidden asks to look again
)

// The faults of this package.
var (
	ErrReported = fault.New(fault.Conflict, "fault.report_known")    // the same reporter's report about it is open
	ErrYourOwn  = fault.New(fault.Conflict, "fault.report_your_own") // the thing is theirs, or concerns their own brand, or they reported it
	ErrDecided  = fault.New(fault.Conflict, "fault.report_decided")  // no report about it is open any more

	ErrOpen      = fault.New(fault.Conflict, "fault.report_open")      // it waits for a decision already
	ErrFinal     = fault.New(fault.Conflict, "fault.report_final")     // what was decided of such things is final
	ErrContested = fault.New(fault.Conflict, "fault.report_contested") // its author contested that already
	ErrNotHidden = fault.New(fault.NotFound, "fault.report_shown")     // nothing of theirs is hidden there
)

// Part says what of a domain a report is about, like "question" or "answer".
type Part string

// Outcome is what was decided of a report.
type Outcome string

// The outcomes.
const (
	Open   Outcome = "" // nothing yet
	Kept   Outcome = "kept"
	Hidden Outcome = "hidden"
)

// Complaint is what somebody reports of the thing with that number.
type Complaint struct {
	Part     Part
	ID       int64
	BrandID  int64 // for which its team reports; 0: for none
	MemberID int64 // 0: a visitor without an account
	Reason   string
	Text     string
}

// Report is what somebody found wrong, and what the platform decided. Times are UTC.
type Report struct {
	ID        int64      `db:"id"`
	Part      Part       `db:"part"`
	Target    int64      `db:"target"`    // the number of what it is about, among those of its part
	BrandID   int64      `db:"brand_id"`  // 0: it was not reported for a brand
	MemberID  int64      `db:"member_id"` // 0: a visitor, or the platform itself
	By        string     `db:"by_name"`   // the brand's or the member's name; empty: a visitor, or the platform itself
	Reason    string     `db:"reason"`
	Text      string     `db:"text"`  // of the reporter, of who contests or of the administrator who reopens
	Title     string     `db:"title"` // what it said then, where that is kept
	Body      string     `db:"body"`
	At        time.Time  `db:"at"`
	Decided   Outcome    `db:"decided"`
	DecidedAt *time.Time `db:"decided_at"`
	Why       string     `db:"why"`
}

// Reported says whether it is somebody's report of what they read: neither the platform's own, nor its author's.
func (r Report) Reported() bool {
	return r.Reason != Edited && r.Reason != Reopened && r.Reason != Contested
}

// Case is something that was reported, as its domain reads it, with what is open about it, members first: on the desk at most a hundred reports, in
// a decision all of them.
type Case[T any] struct {
	Part    Part
	ID      int64
	Subject T
	Reports []Report
}

// Same says whether two cases are about the same thing.
func (c Case[T]) Same(other Case[T]) bool { return c.Part == other.Part && c.ID == other.ID }

// Decision is what an administrator decides of something that was reported.
type Decision struct {
	Part Part
	ID   int64
	By   int64
	Hide bool
	Why  string
}

// Outcome is what the reports become.
func (d Decision) Outcome() Outcome {
	if d.Hide {
		return Hidden
	}
	return Kept
}
