// Package fediverse lets storefronts and brands be followed from elsewhere: by feed readers, and by people on Mastodon and other
// servers that speak ActivityPub. Everything is off until the owner turns it on; what was copied to other servers cannot be called back.
//
// What is public here is what is public on the pages: a storefront's recommendations (its listings that have a note), a brand's new
// products, and what other packages hand to Publish. A recommendation says that somebody earns, and leads through a share link of the
// member's own, so that what it brings is theirs.
//
//	listings, products ── every few seconds, where something changed ──▶ Plan ──▶ Publish, Withdraw
//	                                                                                  │ in one transaction
//	                      objects (outbox, feeds) ◀───────────────────────────────────┼──▶ deliveries, one per inbox of the followers
//	                                                                                  └──▶ one job per server
//	job ── leases the server ── makes the words of what is true now ── signs, posts, in order ── records
//
// A server that does not answer is tried again, ever more seldom, and given up after GiveUp; it is not spoken to again until it speaks
// to us. What comes in is signed by whom it says it is from, has an effect once, and Judge says which. Likes and boosts are counted.
// Replies, and what is not public, are not kept. Members who are open to others can follow people elsewhere too, and read their public
// posts, the newest first.
package fediverse

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/fault"
	"relais/internal/fediverse/courier"
	"relais/internal/fediverse/wire"
	"relais/internal/i18n"
	"relais/internal/pace"
	"relais/internal/referrals"
)

// Kind is whose actor it is.
type Kind string

// The kinds of actors.
const (
	Storefront Kind = "storefront"
	Brand      Kind = "brand"
	site       Kind = "site" // signs what Relais asks other servers for
)

// Owner is a storefront, by its member's number, or a brand.
type Owner struct {
	Kind Kind
	ID   int64
}

// Faults of this package.
var (
	ErrClosed     = fault.New(fault.NotFound, "federation.closed")
	ErrNotOpen    = fault.New(fault.Conflict, "federation.not_open")
	ErrAddress    = fault.Field("address", "federation.address_unknown")
	ErrHere       = fault.Field("address", "federation.address_here")
	ErrSuspended  = fault.Field("address", "federation.address_suspended")
	ErrFollows    = fault.Field("address", "federation.follows_full")
	ErrUnanswered = fault.Field("address", "federation.address_unanswered")
	ErrPace       = &fault.Error{Kind: fault.TooMany, Message: "federation.address_pace", Fields: map[string]string{"address": "federation.address_pace"}}
)

// Actor is who speaks to other servers, with what its owner's pages say of it.
type Actor struct {
	ID        int64      `db:"id"`
	Kind      Kind       `db:"kind"`
	OwnerID   int64      `db:"owner_id"` // member or brand; 0 for the site
	PublicKey string     `db:"public_key"`
	Profile   string     `db:"profile"`
	OpenedAt  time.Time  `db:"opened_at"`
	ClosedAt  *time.Time `db:"closed_at"`
	Blocked   bool       `db:"blocked"` // its owner
	Handle    string     `db:"handle"`
	Name      string     `db:"name"`
	Text      string     `db:"text"`
	Lang      i18n.Lang  `db:"lang"`
	IconHash  string     `db:"icon_hash"`
	ImageHash string     `db:"image_hash"`
}

// Owner is whose actor it is.
func (a Actor) Owner() Owner { return Owner{a.Kind, a.OwnerID} }

// Username is the part before the @. Handles have no dots, so a brand never takes the name of a member.
func (a Actor) Username() string {
	switch a.Kind {
	case Brand:
		return "b." + a.Handle
	case site:
		return siteName
	}
	return a.Handle
}

const siteName = "site.relais"

// Path is the page of the actor's owner.
func (a Actor) Path() string {
	switch a.Kind {
	case Brand:
		return "/b/" + a.Handle
	case Storefront:
		return "/@" + a.Handle
	}
	return "/"
}

// Thing is something public, to be published.
type Thing struct {
	Ref       string         `db:"ref"` // what it is here: "listing:7"; published once at a time
	Lang      i18n.Lang      `db:"lang"`
	Title     string         `db:"title"`
	Body      string         `db:"body"`      // text with lines
	Path      string         `db:"path"`      // where it leads on this site
	FeedPath  string         `db:"feed_path"` // the same in feeds
	MediaHash string         `db:"media_hash"`
	MediaAlt  string         `db:"media_alt"`
	Earner    string         `db:"earner"` // who earns when somebody buys; empty: nobody
	Tags      pq.StringArray `db:"tags"`
	At        time.Time      `db:"published_at"` // zero: now
}

// Object is a thing that was published.
type Object struct {
	Thing
	ID        int64      `db:"id"`
	ActorID   int64      `db:"actor_id"`
	UpdatedAt time.Time  `db:"updated_at"`
	DeletedAt *time.Time `db:"deleted_at"`
}

// Remote is somebody on another server.
type Remote struct {
	ID          int64      `db:"id"`
	URI         string     `db:"uri"`
	Host        string     `db:"host"`
	Kind        string     `db:"kind"`
	Username    string     `db:"username"`
	Name        string     `db:"name"`
	URL         string     `db:"url"`
	Inbox       string     `db:"inbox"`
	SharedInbox string     `db:"shared_inbox"`
	KeyID       string     `db:"key_id"`
	PublicKey   string     `db:"public_key"`
	FetchedAt   time.Time  `db:"fetched_at"`
	GoneAt      *time.Time `db:"gone_at"`
}

// Address is how people write them.
func (r Remote) Address() string { return "@" + r.Username + "@" + r.Host }

// Config is what a Service needs.
type Config struct {
	DB        *sqlx.DB
	Referrals *referrals.Service
	Now       func() time.Time // business time: of what is published
	Clock     func() time.Time // real time: of signatures and servers
	BaseURL   string           // of the site, without a slash at its end
	Secret    []byte           // keys are sealed with one of it
	Local     bool             // development: servers on this machine are spoken to, without TLS
	Client    *http.Client     // nil: one for public addresses only; for tests
	Log       *slog.Logger
}

// Service is the use cases of this package. Create it with New.
type Service struct {
	Config
	site   wire.Site
	host   string // of this site
	rules  wire.Rules
	client *courier.Client
	seal   sealer
	paces  *pace.Buckets
}

// New makes the Service.
func New(c Config) (*Service, error) {
	seal, err := newSealer(c.Secret)
	if err != nil {
		return nil, err
	}
	s := &Service{Config: c, site: wire.Site(c.BaseURL), rules: wire.Rules{Local: c.Local}, seal: seal, paces: pace.New(paced, c.Clock)}
	s.host = hostOf(c.BaseURL)
	s.client = courier.New(s.rules, c.Client)
	return s, nil
}

// Address is how people elsewhere write an actor: @lea@relais.example.
func (s *Service) Address(a Actor) string { return "@" + a.Username() + "@" + s.host }
