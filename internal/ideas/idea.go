// Package ideas is what members propose to brands: a member proposes a piece to make, others support it, and a brand that takes ideas answers
// in public once enough do.
//
//	open ──▶ reached ──▶ answered ──▶ made      the brand attached a product of its own
//	 │ │ └──▶ expired     not enough people in time
//	 │ └────▶ withdrawn   by its author
//	 └──────▶ merged      by the brand, into an idea that says the same
//
// What a brand sets (how many, in how many days, and how long it has to answer) is fixed for an idea when it is proposed. Once reached, the brand has
// to answer by a date: yes, not now or no, with a reason that everybody reads. One that does not is shown as late, on the idea and among the
// brand's ideas.
//
// A member supports an idea once, until its brand has answered, and can take that back while it is open. Where two ideas are merged their supporters are united, each counted
// once; the merged one keeps its page, which leads to the other. An idea is never rewritten: people supported what they read. Its author can withdraw it
// while it is open, have its words erased once it is over, and choose at any time whether their name is shown.
//
// What becomes of an idea keeps one thread on its page: the polls, launches and products that stem from it, told by Attach. A product says of
// whose idea it was as long as it is there (From).
//
// Every use case that needs both locks the member first, then the idea, of two the one with the lower number first.
package ideas

import (
	"fmt"
	"time"

	"relais/internal/catalog/slug"
	"relais/internal/fault"
	"relais/internal/i18n"
)

// State is where an idea stands.
type State string

// The states.
const (
	Open      State = "open"
	Reached   State = "reached"
	Answered  State = "answered"
	Made      State = "made"
	Expired   State = "expired"
	Withdrawn State = "withdrawn"
	Merged    State = "merged"
)

// Answer is what a brand says.
type Answer string

// The answers.
const (
	Yes   Answer = "yes"
	Later Answer = "later"
	No    Answer = "no"
)

// Answers are all of them, as forms offer them.
func Answers() []Answer { return []Answer{Yes, Later, No} }

// Limits.
const (
	MaxTitle   = 100 // characters
	MaxText    = 3000
	MaxPhotos  = 4
	MaxComment = 1000
	MaxAnswer  = 2000
	MaxWhy     = 1000

	MinThreshold, MaxThreshold   = 5, 10_000 // supporters
	MinDays, MaxDays             = 14, 180   // for which an idea is open
	MinAnswerDays, MaxAnswerDays = 7, 60     // that the brand has to answer

	MaxProposals = 5              // of a member in 24 hours
	MaxSupports  = 30             // of a member in 24 hours
	MaxComments  = 30             // of a member in 24 hours
	MinAge       = 24 * time.Hour // of an account that supports without having bought anything
	RemindBefore = 3 * 24 * time.Hour
)

// The faults of this package.
var (
	ErrGone       = fault.New(fault.NotFound, "fault.ideas.gone")       // no such idea or comment, or not for who asks
	ErrNotTaken   = fault.New(fault.Conflict, "fault.ideas.not_taken")  // the brand takes no ideas
	ErrOver       = fault.New(fault.Conflict, "fault.ideas.over")       // it is not open any more, or not in a state for that
	ErrYours      = fault.New(fault.Conflict, "fault.ideas.yours")      // nobody supports their own idea
	ErrTeam       = fault.New(fault.Conflict, "fault.ideas.team")       // nor one that their own brand is to answer
	ErrUnverified = fault.New(fault.Conflict, "fault.ideas.unverified") // the e-mail address is not confirmed, or the account is blocked
	ErrNew        = fault.New(fault.Conflict, "fault.ideas.new")        // the account is younger than MinAge and has bought nothing
	ErrPace       = fault.New(fault.TooMany, "fault.ideas.pace")        // more in a day than the limits allow
	ErrProduct    = fault.Field("product", "fault.ideas.product")       // none of the brand that is for sale, or one that stems from an idea already
	ErrThread     = fault.Field("idea", "fault.ideas.thread")           // no idea of the brand that is shown and not over, from which something could stem
	ErrInto       = fault.Field("into", "fault.ideas.into")             // no other idea of the brand that takes it
)

// Settings are what a brand sets for ideas to come.
type Settings struct {
	Taken      bool `db:"taken"`
	Threshold  int  `db:"threshold"`
	Days       int  `db:"days"`
	AnswerDays int  `db:"answer_days"`
}

// FirstSettings are those of a brand that has set nothing.
func FirstSettings() Settings { return Settings{Threshold: 100, Days: 60, AnswerDays: 21} }

// Draft is an idea as a member writes it.
type Draft struct {
	Operation string // one-time value of the form
	Lang      i18n.Lang
	Title     string
	Text      string
	Named     bool    // the author's name is shown
	Photos    []int64 // by their number in media
}

// Idea is one idea.
type Idea struct {
	ID         int64      `db:"id"`
	BrandID    int64      `db:"brand_id"`
	AuthorID   int64      `db:"author_id"`
	Lang       i18n.Lang  `db:"lang"`
	Title      string     `db:"title"` // empty: erased by its author
	Text       string     `db:"text"`
	Named      bool       `db:"named"`
	Threshold  int        `db:"threshold"`
	AnswerDays int        `db:"answer_days"`
	Supporters int        `db:"supporters"`
	State      State      `db:"state"`
	ProposedAt time.Time  `db:"proposed_at"`
	ClosesAt   time.Time  `db:"closes_at"`
	ReachedAt  *time.Time `db:"reached_at"`
	AnswerBy   *time.Time `db:"answer_by"`
	RemindedAt *time.Time `db:"reminded_at"`
	OverdueAt  *time.Time `db:"overdue_at"` // the brand was told that it is late
	Answer     Answer     `db:"answer"`
	AnswerText string     `db:"answer_text"`
	AnsweredAt *time.Time `db:"answered_at"`
	MadeAt     *time.Time `db:"made_at"`
	EndedAt    *time.Time `db:"ended_at"`
	MergedInto int64      `db:"merged_into"` // 0: it was not
	ErasedAt   *time.Time `db:"erased_at"`
	HiddenWhy  string     `db:"hidden_why"` // by the platform; empty: it is shown
}

// Path is the address of its page on this site.
func (i Idea) Path() string { return pathOf(i.ID, i.Title) }

func pathOf(id int64, title string) string {
	if title == "" {
		return fmt.Sprintf("/ideas/%d", id)
	}
	return fmt.Sprintf("/ideas/%d-%s", id, slug.Of(title))
}

// StepKind is what stems from an idea.
type StepKind string

// The kinds of step.
const (
	Poll    StepKind = "poll"
	Launch  StepKind = "launch"
	Product StepKind = "product"
)

// Step is something that stems from an idea. RefID is its number among those of its kind. Title and Path are what the thread shows: those of a poll
// or launch are kept as they are told, those of a product are read where it is.
type Step struct {
	Kind  StepKind  `db:"kind"`
	RefID int64     `db:"ref_id"`
	Title string    `db:"title"`
	Path  string    `db:"path"`
	At    time.Time `db:"at"`
}

// Comment is what a member says about an idea.
type Comment struct {
	ID            int64      `db:"id"`
	IdeaID        int64      `db:"idea_id"`
	AuthorID      int64      `db:"author_id"`
	AuthorName    string     `db:"author_name"`
	AuthorHandle  string     `db:"author_handle"`
	AuthorPicture string     `db:"author_picture"`
	Team          bool       `db:"team"` // its author is on the brand's team
	Lang          i18n.Lang  `db:"lang"`
	Text          string     `db:"text"`
	At            time.Time  `db:"at"`
	ErasedAt      *time.Time `db:"erased_at"`
	HiddenWhy     string     `db:"hidden_why"`
}
