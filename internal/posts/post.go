// Package posts is what members write for their circles: once, for all of them, and for networks outside.
//
//	              Save                    Publish, or its time
//	(a form) ─────────────▶ draft ──────────────────────────────▶ published ──▶ deleted
//	                          ▲   schedule / withdraw   ▲             │ edited: the words before are kept
//	                          └────────▶ scheduled ─────┘             ▼ for moderators
//
// A post is in several circles, of both spheres; each is a Place of its own. What members say and feel about it (comments,
// reactions) belongs to the place: what is said in the family is never seen by colleagues, and whoever reads the post in one circle
// is not told of another that they are not a member of. Each place has its own share link where a product, a poll or the author's storefront
// is attached, so that what came of it is seen for each circle; each network outside has one too, and a step in the share queue that
// is ticked off by hand.
//
// What is written in a circle is read in it. Its author may choose to show a post outside too (Where.Outside): in the open circles that it is
// in, those who follow the circle or its author read it (package follows), in the sphere in which they follow; nothing of what is said about
// it, and whoever follows the author is not told in which circle it is.
//
// Whatever somebody can earn from carries the ad label (Advertises). Feeds are in the order of time and of nothing else, and nobody
// counts who has looked at what.
//
// What a moderator removes is gone from that circle only, with a reason that its author reads; who may do what is decided by May.
package posts

import (
	"time"

	"relais/internal/groups"
	"relais/internal/i18n"
)

// Kind is what a post is.
type Kind string

// The kinds.
const (
	Recommendation Kind = "recommendation"
	Question       Kind = "question"
	Story          Kind = "story"
)

// Kinds lists them as forms offer them.
func Kinds() []Kind { return []Kind{Recommendation, Question, Story} }

// State is where a post stands.
type State string

// The states.
const (
	Draft     State = "draft"
	Scheduled State = "scheduled"
	Published State = "published"
	Deleted   State = "deleted"
)

// Attach is what a post leads to.
type Attach string

// What can be attached.
const (
	Nothing    Attach = ""
	Product    Attach = "product"
	Storefront Attach = "storefront" // the author's own
	Poll       Attach = "poll"       // of a brand
)

// Networks are those that a post can be taken to, as channels of share links.
func Networks() []string {
	return []string{"whatsapp", "facebook", "linkedin", "x", "bluesky", "telegram", "mail", "sms", "copy"}
}

// Reactions are what a member can say with one tap.
func Reactions() []string { return []string{"like", "thanks", "tempted", "have"} }

// Limits of what is written.
const (
	MaxText    = 4000
	MaxAlt     = 300
	MaxPhotos  = 4
	MaxGroups  = 50
	MaxComment = 2000
	MaxWhy     = 1000
	MaxAnswers = 100 // to one comment
)

// Content is what an author writes.
type Content struct {
	Kind      Kind
	Text      string
	Attach    Attach
	ProductID int64 // of Product
	PollID    int64 // of Poll
	Photos    []Photo
}

// Photo is a photograph of a post by its content hash.
type Photo struct {
	PostID int64  `db:"post_id" json:"-"`
	Hash   string `db:"hash" json:"hash"`
	Alt    string `db:"alt" json:"alt"`
}

// Post is one post, apart from its places.
type Post struct {
	ID            int64      `db:"id"`
	AuthorID      int64      `db:"author_id"`
	AuthorName    string     `db:"author_name"`
	AuthorHandle  string     `db:"author_handle"`
	AuthorPicture string     `db:"author_picture"`
	AuthorBlocked bool       `db:"author_blocked"` // by the platform: nobody but moderators sees what they wrote
	AuthorLang    i18n.Lang  `db:"author_lang"`
	Kind          Kind       `db:"kind"`
	Text          string     `db:"text"`
	Attach        Attach     `db:"attach"`
	ProductID     int64      `db:"product_id"`
	PollID        int64      `db:"poll_id"`
	State         State      `db:"state"`
	PublishAt     *time.Time `db:"publish_at"`
	Zone          string     `db:"zone"`
	PublishedAt   *time.Time `db:"published_at"`
	EditedAt      *time.Time `db:"edited_at"`
	DeletedAt     *time.Time `db:"deleted_at"`
	Problem       string     `db:"problem"` // why it could not be published when its time came: a message key
	Outside       bool       `db:"outside"` // also for those who follow its author, or an open circle that it is in
	Version       int        `db:"version"`
	CreatedAt     time.Time  `db:"created_at"`
	UpdatedAt     time.Time  `db:"updated_at"`
	Photos        []Photo    `db:"-"`
}

// Content is what the post says.
func (p Post) Content() Content {
	return Content{Kind: p.Kind, Text: p.Text, Attach: p.Attach, ProductID: p.ProductID, PollID: p.PollID, Photos: p.Photos}
}

// Place is a post in a circle, with what its author sees of it.
type Place struct {
	ID          int64         `db:"id"` // what a report is about
	PostID      int64         `db:"post_id"`
	GroupID     int64         `db:"group_id"`
	Handle      string        `db:"handle"`
	Name        string        `db:"name"`   // to an author who left a circle that not everybody knows of: as it was when they wrote there; empty where nobody wrote that down
	Inside      bool          `db:"inside"` // its author is in the circle
	Sphere      groups.Sphere `db:"sphere"`
	LinkID      int64         `db:"link_id"`
	Code        string        `db:"code"` // of the share link; empty where nothing is attached
	PublishedAt *time.Time    `db:"published_at"`
	SkippedAt   *time.Time    `db:"skipped_at"`
	GoneAt      *time.Time    `db:"gone_at"`
	RemovedAt   *time.Time    `db:"removed_at"`
	RemovedWhy  string        `db:"removed_why"`
	Comments    int64         `db:"comments"`
	Reactions   int64         `db:"reactions"`
}

// Live says whether the post is read there.
func (p Place) Live() bool { return p.PublishedAt != nil && p.GoneAt == nil && p.RemovedAt == nil }

// Ended is when the post was not read there any more; nil: it still is.
func (p Place) Ended() *time.Time {
	if p.GoneAt == nil || p.RemovedAt != nil && p.RemovedAt.Before(*p.GoneAt) {
		return p.RemovedAt
	}
	return p.GoneAt
}

// Network is a step of the share queue.
type Network struct {
	PostID  int64      `db:"post_id"`
	Channel string     `db:"channel"`
	LinkID  int64      `db:"link_id"`
	Code    string     `db:"code"`
	DoneAt  *time.Time `db:"done_at"`
}

// Comment is what a member said about a post in a circle.
type Comment struct {
	ID            int64      `db:"id"`
	PostID        int64      `db:"post_id"`
	GroupID       int64      `db:"group_id"`
	ParentID      int64      `db:"parent_id"` // 0: of the post itself
	AuthorID      int64      `db:"author_id"`
	AuthorName    string     `db:"author_name"`
	AuthorHandle  string     `db:"author_handle"`
	AuthorPicture string     `db:"author_picture"`
	AuthorBlocked bool       `db:"author_blocked"`
	Text          string     `db:"text"`
	CreatedAt     time.Time  `db:"created_at"`
	DeletedAt     *time.Time `db:"deleted_at"`
	RemovedAt     *time.Time `db:"removed_at"`
	RemovedWhy    string     `db:"removed_why"`
	Answers       []Comment  `db:"-"`
}

// Gone says whether the words are not there any more, whoever looks.
func (c Comment) Gone() bool { return c.DeletedAt != nil || c.RemovedAt != nil || c.AuthorBlocked }

// Version is what a post said before it was changed.
type Version struct {
	Version int
	Content
	Since *time.Time // when it replaced what was said before; nil: it is the first
	Until time.Time
}
