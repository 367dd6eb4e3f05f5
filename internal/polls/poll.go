// Package polls is brands that ask their public and are bound by the answer. A poll is about a piece, one that a brand sells or one that is yet to be
// made: up to five questions, each with options, each option with what it does to the price. Who votes sees what their choice costs.
//
//	draft ──▶ open ──▶ decided      at its close, with enough ballots: the brand says by a named day what it did about it
//	            ├────▶ no_quorum    at its close, with too few: nothing is decided, and that is said
//	            └────▶ cancelled    by the brand while the quorum is not reached, or by the platform, with a reason that everybody reads
//
// What was asked stays as it was asked once a poll is open (triggers see to it). No combination of options costs less than the floor that its brand
// named. Everybody has one ballot, with an answer to each question, and nobody of the brand's team has one; the poll says whether it may be changed until
// the close. What was voted so far is read by those who have voted, and by everybody once the poll is over: Shows is the one rule, and a View
// has no results where it says no.
//
// A member who votes has an address that they confirmed, and belonged to the audience before the poll was opened. A ballot in doubt is kept and counted apart, with its reason: of an account
// that is no older than the poll and bought nothing, of an address that voted under another account, or one too many from one network; and of accounts that are blocked when the
// poll closes. Package doubts has the rule. The network is kept as a keyed digest, until the close.
//
// Each question is decided for the option with the most votes; where two are level, or the lead is below the margin that the brand named, both are made.
//
// What comes of it is its pieces: products that the brand names in its answer, or later, or launches from the poll. Each keeps what it cost when it was named; one that is dearer than
// what was decided says why, in public. Those who voted are told when it is launched, and when it is for sale.
package polls

import (
	"time"

	"relais/internal/catalog"
	"relais/internal/doubts"
	"relais/internal/fault"
	"relais/internal/money"
)

// State is where a poll stands.
type State string

// The states of a poll.
const (
	Drafted   State = "draft"
	Open      State = "open"
	Decided   State = "decided"
	NoQuorum  State = "no_quorum"
	Cancelled State = "cancelled"
)

// Audience is who may vote, the team of the brand aside.
type Audience string

// The audiences.
const (
	Everybody Audience = "members"   // every member
	Buyers    Audience = "buyers"    // who bought from the brand
	Followers Audience = "followers" // who follows it
	Circle    Audience = "circle"    // who is in one open circle
)

// Audiences are all of them, in the order in which they are offered.
func Audiences() []Audience { return []Audience{Everybody, Buyers, Followers, Circle} }

// Limits.
const (
	MaxQuestions  = 5
	MinOptions    = 2
	MaxOptions    = 6
	MaxTitle      = 120  // characters, as those below
	MaxText       = 3000 // also of what the brand says it did
	MaxQuestion   = 160
	MaxOption     = 120
	MaxReason     = 500
	MaxDays       = 60  // from opening to close
	MaxAnswerDays = 365 // from the close to the day by which the brand says what it did
	MaxQuorum     = 1_000_000
	MaxMargin     = 50               // per cent of the ballots
	MaxPrice      = catalog.MaxPrice // minor units, of the base, the floor and each effect
	MaxOpen       = 10               // polls that a brand may have open at once
	MaxDrafts     = 30
	MaxPieces     = 5 // that come of one poll
)

// The faults of this package.
var (
	ErrGone       = fault.New(fault.NotFound, "fault.polls.gone")
	ErrMany       = fault.New(fault.Conflict, "fault.polls.many") // MaxOpen or MaxDrafts
	ErrAsked      = fault.New(fault.Conflict, "fault.polls.asked")
	ErrNotOpen    = fault.New(fault.Conflict, "fault.polls.not_open")
	ErrProduct    = fault.Field("product", "fault.polls.product")
	ErrFloor      = fault.Field("floor", "fault.polls.floor")      // some choice costs less
	ErrHighest    = fault.Field("base", "fault.polls.highest")     // some choice costs more than MaxPrice
	ErrCircle     = fault.Field("circle", "fault.polls.circle")    // no open circle of that name
	ErrVoted      = fault.New(fault.Conflict, "fault.polls.voted") // and ballots stay as they are
	ErrTeam       = fault.New(fault.Forbidden, "fault.polls.team")
	ErrUnverified = fault.New(fault.Forbidden, "fault.polls.unverified")
	ErrAudience   = fault.New(fault.Forbidden, "fault.polls.audience")
	ErrAnswered   = fault.New(fault.Conflict, "fault.polls.answered")
	ErrBinds      = fault.New(fault.Conflict, "fault.polls.binds")  // the quorum is reached
	ErrPieces     = fault.New(fault.Conflict, "fault.polls.pieces") // MaxPieces
	ErrDearer     = fault.Field("why", "fault.polls.dearer")        // than was decided, and nobody says why
)

// Poll is what a brand asks.
type Poll struct {
	ID           int64          `db:"id"`
	Code         string         `db:"code"` // of its address /polls/CODE
	BrandID      int64          `db:"brand_id"`
	ProductID    *int64         `db:"product_id"` // nil: a piece yet to be made
	IdeaID       *int64         `db:"idea_id"`
	Title        string         `db:"title"`
	Text         string         `db:"text"`
	MediaID      *int64         `db:"media_id"`
	Currency     money.Currency `db:"currency"`
	BaseMinor    int64          `db:"base_minor"`  // before any choice, VAT included; of a product the price of its cheapest variant at the opening
	FloorMinor   int64          `db:"floor_minor"` // no combination costs less
	Days         int            `db:"days"`
	AnswerDays   int            `db:"answer_days"`
	Quorum       int            `db:"quorum"` // ballots that count
	MarginPct    int            `db:"margin_pct"`
	Changeable   bool           `db:"changeable"`
	Audience     Audience       `db:"audience"`
	GroupID      *int64         `db:"group_id"`
	State        State          `db:"state"`
	CreatedBy    int64          `db:"created_by"`
	CreatedAt    time.Time      `db:"created_at"`
	OpenedAt     *time.Time     `db:"opened_at"`
	OpenedRealAt *time.Time     `db:"opened_real_at"` // real time, as accounts are dated
	ClosesAt     *time.Time     `db:"closes_at"`
	AnswerBy     *time.Time     `db:"answer_by"`
	ClosedAt     *time.Time     `db:"closed_at"`
	EndedWhy     string         `db:"ended_why"`  // of a cancelled one
	StoppedAt    *time.Time     `db:"stopped_at"` // the platform took it off: what it asked is not shown any more
	StoppedWhy   string         `db:"stopped_why"`
	Counted      int            `db:"counted"` // ballots when it closed, those in doubt aside
	Answer       string         `db:"answer"`
	AnsweredAt   *time.Time     `db:"answered_at"`
}

// Path is the address of its page on this site.
func (p Poll) Path() string { return "/polls/" + p.Code }

// Votable says whether a ballot may come at that time.
func (p Poll) Votable(now time.Time) bool { return p.State == Open && now.Before(*p.ClosesAt) }

// Late says whether the brand should have said by then what it did.
func (p Poll) Late(now time.Time) bool {
	return p.State == Decided && p.AnsweredAt == nil && p.StoppedAt == nil && !now.Before(*p.AnswerBy)
}

// NetworkFast is how many ballots of one network count within an hour, of those who bought nothing; NetworkMost how many in all.
func (p Poll) NetworkFast() int { return doubts.MaxNetwork }

// NetworkMost is how many ballots of one network count in all, of those who bought nothing.
func (p Poll) NetworkMost() int { return doubts.MostOfNetwork }

// Base is the price before any choice, and Floor the lowest that any choice may lead to.
func (p Poll) Base() money.Amount { return money.New(p.BaseMinor, p.Currency) }

// Floor is the lowest price that any choice may lead to.
func (p Poll) Floor() money.Amount { return money.New(p.FloorMinor, p.Currency) }

// Question is one question of a poll.
type Question struct {
	ID      int64    `db:"id"`
	Text    string   `db:"text"`
	Options []Option `db:"-"`
}

// Option is one of its answers.
type Option struct {
	ID          int64  `db:"id"`
	QuestionID  int64  `db:"question_id"`
	Text        string `db:"text"`
	EffectMinor int64  `db:"effect_minor"` // on the price
	MediaID     *int64 `db:"media_id"`
	MediaHash   string `db:"media_hash"`
}
