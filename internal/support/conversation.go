// Package support is what buyers and brands write to each other about an order: one conversation for each order and brand.
//
//	          the brand writes              either side says so
//	open ◀──────────────────────▶ waiting ────────────────────▶ solved
//	 ▲ the buyer writes                                           │
//	 └──────── a new message opens it again, whosever it is ◀─────┘
//
// open waits for the brand, waiting for the buyer. Each message is a letter to the other side, which is answered on the conversation's page or
// by mail (Receive), never more than MaxMessagesADay from one side. A note is a word of the brand's team to itself: where there are only notes,
// the conversation is noted, and for the buyer there is none.
//
// A clock runs while a buyer's message has no answer: the brand states within how many hours of working days it means to answer, its team is
// reminded before and then (Sweep), and what "usually answers within" says is measured (Speed). Each time that a conversation was solved the
// buyer is asked whether they are pleased; what they say last counts.
//
// Who reads: the buyer, by the token of their order; the brand's team. The platform does only while one side has reported a message of the other
// (Report), until it has decided whether that is hidden.
package support

import (
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/fault"
	"relais/internal/mail"
	"relais/internal/media"
)

// Config is what the Service needs.
type Config struct {
	DB     *sqlx.DB
	Now    func() time.Time // business time
	Mail   *mail.Outbox
	Media  *media.Store // photographs that come by mail
	Domain string       // of the addresses that letters are answered to; empty: they are not answered by mail
}

// Service is the use cases of this package.
type Service struct{ Config }

// New makes the Service.
func New(c Config) *Service { return &Service{c} }

// Side is who writes about an order.
type Side string

// The two sides.
const (
	FromBuyer Side = "buyer"
	FromBrand Side = "brand"
)

// State is where a conversation stands.
type State string

// The states.
const (
	Noted   State = "noted"   // the team has kept notes, and nobody has written
	Open    State = "open"    // the brand is to answer
	Waiting State = "waiting" // the buyer is
	Solved  State = "solved"
)

// Limits.
const (
	MaxMessage      = 4000 // characters of a message
	MaxMessagesADay = 20   // that either side may write in a conversation within 24 hours: each is a letter to the other side
	MaxPhotos       = 4    // of a message
	MaxWords        = 1000 // of what a buyer says in the end, in characters
	MaxTags         = 30   // of a brand
	MaxReplies      = 50   // canned answers of a brand
	MaxHours        = 120  // that a brand may take to answer, of working days
)

// Faults.
var (
	ErrGone            = fault.New(fault.NotFound, "fault.not_found")
	ErrTooManyMessages = fault.New(fault.TooMany, "fault.order_messages")
	ErrNewer           = fault.New(fault.Conflict, "fault.talk_newer")   // somebody has written since
	ErrClosed          = fault.New(fault.Conflict, "fault.talk_closed")  // of an order that was never paid, or of long ago
	ErrRated           = fault.New(fault.Conflict, "fault.talk_rated")   // the buyer has said already, or is not asked
	ErrSolved          = fault.New(fault.Conflict, "fault.talk_solved")  // it is solved
	ErrNotOnTeam       = fault.Field("member", "fault.talk_not_on_team") // nobody of the brand
)

// Conversation is what a buyer and a brand write to each other about an order. ID 0: there is none, not even a note.
type Conversation struct {
	ID           int64          `db:"id"`
	OrderID      int64          `db:"order_id"`
	Number       string         `db:"number"` // of the order
	BuyerName    string         `db:"buyer_name"`
	BrandID      int64          `db:"brand_id"`
	BrandName    string         `db:"brand_name"`
	BrandHandle  string         `db:"brand_handle"`
	AnswerHours  int            `db:"answer_hours"` // within which the brand means to answer, of working days
	State        State          `db:"state"`
	AskedAt      *time.Time     `db:"asked_at"`  // the buyer's oldest message without an answer; nil: all are answered
	DueAt        *time.Time     `db:"due_at"`    // by when the brand means to answer it
	RemindAt     *time.Time     `db:"remind_at"` // when the team is told next that it is due
	LastAt       time.Time      `db:"last_at"`
	SolvedBy     string         `db:"solved_by"` // buyer or brand
	Pleased      *bool          `db:"pleased"`   // what the buyer said in the end; nil: nothing
	PleasedWords string         `db:"pleased_words"`
	PleasedAt    *time.Time     `db:"pleased_at"`
	PleasedAsked *time.Time     `db:"pleased_asked_at"` // last
	AssigneeID   *int64         `db:"assignee_id"`
	Assignee     string         `db:"assignee"` // name
	LastID       int64          `db:"last_id"`  // of its last message, notes included
	LastBody     string         `db:"last_body"`
	LastAuthor   Side           `db:"last_author"` // of the last that is no note
	Tags         pq.StringArray `db:"tags"`
	BuyerKey     string         `db:"buyer_key"`
	BrandKey     string         `db:"brand_key"`
	BuyerMailID  string         `db:"buyer_mail_id"`
	BrandMailID  string         `db:"brand_mail_id"`
}

// Begun says whether somebody has written to the other side. Until then there is no conversation for the buyer.
func (c Conversation) Begun() bool { return c.ID != 0 && c.State != Noted }

// Wrote is when somebody wrote last; zero: nobody has.
func (c Conversation) Wrote() time.Time {
	if !c.Begun() {
		return time.Time{}
	}
	return c.LastAt
}

// Overdue says whether the brand meant to have answered by now.
func (c Conversation) Overdue(now time.Time) bool { return c.DueAt != nil && c.DueAt.Before(now) }

// WasPleased says whether the buyer said that they are pleased.
func (c Conversation) WasPleased() bool { return c.Pleased != nil && *c.Pleased }

// Asks says whether the buyer is asked now whether they are pleased: since it was solved last they have not said.
func (c Conversation) Asks() bool {
	return c.PleasedAsked != nil && (c.PleasedAt == nil || c.PleasedAt.Before(*c.PleasedAsked))
}

// Message is one word of a conversation.
type Message struct {
	ID      int64          `db:"id"`
	At      time.Time      `db:"at"`
	Author  Side           `db:"author"`
	Name    string         `db:"name"` // of who wrote for the brand; empty: by mail, or the buyer
	Body    string         `db:"body"` // empty: photographs alone
	Note    bool           `db:"note"` // for the brand's team alone
	ByMail  bool           `db:"by_mail"`
	From    string         `db:"mail_from"` // the address that the mail gave, for its own side alone
	LeftOut pq.StringArray `db:"left_out"`  // names of what was attached to a mail and is no photograph
	Photos  pq.StringArray `db:"photos"`    // content hashes

	Hidden   bool   `db:"hidden"`   // by the platform: neither body nor photographs are shown
	Reported string `db:"reported"` // by the side that did not write it: waits, kept or hidden; empty: it was not
	Why      string `db:"why"`      // the platform decided so
}

// Draft is a message that somebody wants written.
type Draft struct {
	Side     Side
	MemberID int64 // who writes; 0: a guest, or somebody by mail
	Body     string
	Photos   []int64 // numbers of media that were stored privately; with them the body may be empty
	Note     bool    // FromBrand only
	Seen     *int64  // the last message that its author saw; nil: whatever was written since does not matter

	mail *received
}

// received is what only a mail has.
type received struct {
	messageID, key, from string
	leftOut              []string
}
