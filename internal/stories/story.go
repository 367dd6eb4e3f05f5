// Package stories is what brands and members tell at length: words with a simple structure, photographs, a link to a video, and the products
// that it is about. A brand's team tells on the brand's page; a member on their storefront.
//
//	         Save            Publish, or its time              TakeDown
//	Start ─────────▶ draft ──────────────────────▶ published ────────────▶ down
//	                  ▲  │ schedule                  ▲   ◀──── Publish ─────┘
//	                  │  ▼                           │
//	                 scheduled ──────────────────────┘        each of them ──▶ deleted, and forgotten after KeptDays
//
// A draft is read by who writes it: its author or, of a brand, its team; nobody else, its photographs neither. What is changed after it was
// published says so. The platform hides a story after a report (hidden): its author reads why, and nobody else reads the story.
//
// A story has an address of its own, and members make share links to it (referrals.ToStory): such a link covers the products that the story
// showed when it was followed, or shows when the order is placed. So what is taken off a published story is kept with the day.
//
// Whoever follows the brand or member reads of it in the home feed (package posts), at home and, where they opted in, elsewhere (package
// fediverse). Text is rendered by Blocks, whose parts the pages escape; a video is never loaded, only led to.
package stories

import (
	"time"

	"relais/internal/fault"
	"relais/internal/i18n"
)

// Limits of what is written, in characters, and of what is shown.
const (
	MaxTitle    = 120
	MaxBody     = 20_000
	MaxAlt      = 300
	MaxVideo    = 300
	MaxPhotos   = 10
	MaxProducts = 6
	MaxSeries   = 50  // of one owner
	MaxName     = 80  // of a series
	MaxADay     = 20  // that an author publishes
	MaxEdits    = 20  // of published stories, that a member makes within 24 hours
	MaxDrafts   = 100 // of one owner, scheduled ones included
)

// MaxAhead is how far ahead a story can be scheduled.
const MaxAhead = 366 * 24 * time.Hour

// KeptDays is how long the platform can still read what was deleted.
const KeptDays = 90

// The faults of this package.
var (
	ErrGone      = fault.New(fault.NotFound, "story.gone") // also for a stranger, who is not told that it is there
	ErrState     = fault.New(fault.Conflict, "story.not_possible_now")
	ErrMeanwhile = fault.New(fault.Conflict, "story.changed_meanwhile")
	ErrMany      = fault.New(fault.TooMany, "story.too_many_today").Arg("Most", MaxADay)
	ErrEdits     = fault.New(fault.TooMany, "story.too_many_edits").Arg("Most", MaxEdits)
	ErrDrafts    = fault.New(fault.Conflict, "story.too_many_drafts").Arg("Most", MaxDrafts)
	ErrMay       = fault.New(fault.Forbidden, "story.may_not")
)

// Owner is on whose page a story stands: a brand's or, where BrandID is 0, that of a member.
type Owner struct {
	MemberID int64
	BrandID  int64
}

// State is where a story stands.
type State string

// The states.
const (
	Draft     State = "draft"
	Scheduled State = "scheduled"
	Published State = "published"
	Down      State = "down" // taken down by whoever tells it; it can be published again
	Deleted   State = "deleted"
)

// Photo is a photograph of a story by its content hash.
type Photo struct {
	StoryID int64  `db:"story_id"`
	Hash    string `db:"hash"`
	Alt     string `db:"alt"`
}

// Content is what is written. A draft may lack anything.
type Content struct {
	Lang       i18n.Lang
	Title      string
	Body       string
	Video      string // an address, as it is typed; empty: none
	VideoPhoto string // content hash of its picture; empty: none
	Photos     []Photo
	Products   []int64
	SeriesID   int64 // 0: of none
}

// Story is a story with everything that its page shows, but for the products' own words and prices.
type Story struct {
	ID           int64      `db:"id"`
	Code         string     `db:"code"`
	Slug         string     `db:"slug"`
	AuthorID     int64      `db:"author_id"`
	AuthorName   string     `db:"author_name"`
	AuthorHandle string     `db:"author_handle"`
	BrandID      int64      `db:"brand_id"` // 0: its author's own
	BrandName    string     `db:"brand_name"`
	BrandHandle  string     `db:"brand_handle"`
	Picture      string     `db:"picture"` // of the brand or the member; empty: none
	Lang         i18n.Lang  `db:"lang"`
	Title        string     `db:"title"`
	Body         string     `db:"body"`
	Video        string     `db:"video"`
	VideoPhoto   string     `db:"video_photo"`
	SeriesID     int64      `db:"series_id"`
	Series       string     `db:"series"` // its name; empty: of none
	State        State      `db:"state"`
	PublishAt    *time.Time `db:"publish_at"`
	Zone         string     `db:"zone"`
	PublishedAt  *time.Time `db:"published_at"`
	EditedAt     *time.Time `db:"edited_at"`
	HiddenAt     *time.Time `db:"hidden_at"`
	HiddenWhy    string     `db:"hidden_why"`
	Blocked      bool       `db:"blocked"` // whose page it stands on, by the platform
	Problem      string     `db:"problem"` // why it was not published when its time came: a message key
	Version      int        `db:"version"`
	Form         string     `db:"form"` // that wrote it last
	UpdatedAt    time.Time  `db:"updated_at"`

	Photos   []Photo `db:"-"`
	Products []int64 `db:"-"` // that it shows, in their order
}

// Live says whether everybody reads it.
func (s Story) Live() bool { return s.State == Published && s.HiddenAt == nil && !s.Blocked }

// Owner is on whose page it stands.
func (s Story) Owner() Owner {
	if s.BrandID != 0 {
		return Owner{BrandID: s.BrandID}
	}
	return Owner{MemberID: s.AuthorID}
}

// Name is who tells it, as pages say it.
func (s Story) Name() string {
	if s.BrandID != 0 {
		return s.BrandName
	}
	return s.AuthorName
}

// Home is the address of whose page it stands on.
func (s Story) Home() string {
	if s.BrandID != 0 {
		return "/b/" + s.BrandHandle
	}
	return "/@" + s.AuthorHandle
}

// Desk is the address under which its owner writes it.
func (s Story) Desk() string {
	if s.BrandID != 0 {
		return "/brand/" + s.BrandHandle + "/stories"
	}
	return "/me/stories"
}

// Path is its address on this site.
func (s Story) Path() string { return PathOf(s.Code, s.Slug) }

// PathOf is the address of a story.
func PathOf(code, slug string) string {
	if slug == "" {
		return "/stories/" + code
	}
	return "/stories/" + code + "-" + slug
}

// Cover is the photograph that stands for the story; empty: it has none.
func (s Story) Cover() Photo {
	if len(s.Photos) > 0 {
		return s.Photos[0]
	}
	return Photo{Hash: s.VideoPhoto}
}

// Content is what the story says.
func (s Story) Content() Content {
	return Content{Lang: s.Lang, Title: s.Title, Body: s.Body, Video: s.Video, VideoPhoto: s.VideoPhoto, Photos: s.Photos, Products: s.Products, SeriesID: s.SeriesID}
}
