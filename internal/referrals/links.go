package referrals

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"

	"relais/internal/changes"
	"relais/internal/clicks"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/postgres"
	"relais/internal/storefronts"
)

// MaxLinks is how many links a member may have.
const MaxLinks = 5000

// ErrManyLinks says that a member has MaxLinks already.
var ErrManyLinks = fault.New(fault.Conflict, "relay.links_full")

// ErrNoLink says that there is no link with that code, or not of that member.
var ErrNoLink = fault.New(fault.NotFound, "relay.link_not_found")

// Link is a share link with what it leads to.
type Link struct {
	ID        int64     `db:"id"`
	Code      string    `db:"code"`
	MemberID  int64     `db:"member_id"`
	Target    Target    `db:"target"`
	ProductID int64     `db:"product_id"` // 0 unless it leads to a product
	BrandID   int64     `db:"brand_id"`   // 0 unless it leads to a brand
	StoryID   int64     `db:"story_id"`   // 0 unless it leads to a story
	PollID    int64     `db:"poll_id"`    // 0 unless it leads to a poll
	SellerID  int64     `db:"seller_id"`  // the brand, or that of the product, story or poll; 0 for a storefront and the story of a member
	Channel   string    `db:"channel"`    // through which it is shared; one of Channels
	Circle    string    `db:"circle"`     // the member's own name for the group, or that of the circle on Relais
	GroupID   int64     `db:"group_id"`   // of the circle on Relais that it was shared in; 0: none
	CreatedAt time.Time `db:"created_at"`
	Disabled  bool      `db:"disabled"` // switched off, or its member blocked
	Listed    bool      `db:"listed"`   // not of a circle, nor of a design that its author keeps to themselves, or its product stands in the member's storefront

	Handle       string    `db:"handle"` // of the member
	MemberName   string    `db:"member_name"`
	MemberLang   i18n.Lang `db:"member_lang"`
	ProductSlug  string    `db:"product_slug"`
	ProductTitle string    `db:"product_title"`
	ForSale      bool      `db:"for_sale"` // what it leads to can be shown
	BrandHandle  string    `db:"brand_handle"`
	BrandName    string    `db:"brand_name"`
	StoryCode    string    `db:"story_code"`
	StorySlug    string    `db:"story_slug"`
	StoryTitle   string    `db:"story_title"`
	PollCode     string    `db:"poll_code"`
	PollTitle    string    `db:"poll_title"`

	StoryAuthorID int64 `db:"story_author_id"`
}

// Path is the short address of the link on this site.
func (l Link) Path() string { return "/r/" + l.Code }

// Landing is the path that a visitor is sent to. token is that of their click; empty where none was recorded. A link that is
// switched off leads to what it led to, without the member; one of a circle to the product itself where the member's storefront, which
// everybody reads, does not have it: the click says who brought the visitor.
func (l Link) Landing(token string) string {
	path := "/@" + l.Handle
	switch {
	case l.Disabled && l.Target == ToProduct && l.ForSale:
		return "/p/" + l.ProductSlug
	case l.Target == ToProduct && l.ForSale && !l.Listed:
		path = "/p/" + l.ProductSlug
	case l.Target == ToBrand && l.ForSale:
		path = "/b/" + l.BrandHandle
	case l.Target == ToStory && l.ForSale:
		path = "/stories/" + l.StoryCode + "-" + l.StorySlug
	case l.Target == ToPoll && l.ForSale:
		path = "/polls/" + l.PollCode
	case l.Disabled:
		return "/"
	case l.Target == ToProduct && l.ForSale:
		path += "/p/" + l.ProductSlug
	}
	if l.Disabled {
		return path
	}
	return WithClick(path, token)
}

// WithClick keeps the click that brought a visitor, by its token, in an address of this site without a query.
func WithClick(path, token string) string {
	if token == "" || len(token) > clicks.MaxToken {
		return path
	}
	return path + "?c=" + url.QueryEscape(token)
}

// Channels are the ways of sharing that a link can be made for; the empty one is a link for anything.
func Channels() []string {
	return []string{"", "whatsapp", "telegram", "facebook", "linkedin", "x", "bluesky", "mail", "sms", "copy", "qr", "feed", "fediverse"}
}

// InCircle is the channel of links that are shared in a circle on Relais. No form offers it: a post makes them.
const InCircle = "relais"

// Automatic says whether links of a channel are made by Relais itself, where a storefront can be followed from elsewhere: nobody
// chooses it.
func Automatic(channel string) bool { return channel == "feed" || channel == "fediverse" }

// Share is what a member asks a link for.
type Share struct {
	Target    Target
	ProductID int64  // of ToProduct
	BrandID   int64  // of ToBrand
	StoryID   int64  // of ToStory
	PollID    int64  // of ToPoll
	Channel   string // one of Channels, or InCircle
	Circle    string // the member's own name for the group, or that of the circle; at most 80 characters
	GroupID   int64  // the circle, of InCircle
}

const selectLink = `
select l.id, l.code, l.member_id, l.target, coalesce(l.product_id, 0) as product_id, coalesce(l.brand_id, 0) as brand_id, coalesce(l.story_id, 0) as story_id, coalesce(l.poll_id, 0) as poll_id, coalesce(b.id, 0) as seller_id, l.channel,
  l.circle, coalesce(l.group_id, 0) as group_id, l.created_at, l.disabled_at is not null or m.blocked_at is not null as disabled,
  l.group_id is null and not exists (select 1 from publications k where k.product_id = l.product_id and not k.may_resell and k.author_id <> l.member_id)
    or exists (select 1 from listings i where i.member_id = l.member_id and i.product_id = l.product_id) as listed, m.handle, m.name as member_name,
  m.lang as member_lang, coalesce(p.slug, '') as product_slug, coalesce(p.title, '') as product_title,
  coalesce(b.blocked_at is null and (p.id is null or p.state in ('published','launch')), true) and (st.id is null or ` + storyLive + `) and (po.id is null or ` + pollShown + `) as for_sale,
  coalesce(b.handle, '') as brand_handle, coalesce(b.name, '') as brand_name, coalesce(st.code, '') as story_code, coalesce(st.slug, '') as story_slug, coalesce(st.author_id, 0) as story_author_id, coalesce(st.title, '') as story_title,
  coalesce(po.code, '') as poll_code, case when ` + pollShown + ` then po.title else '' end as poll_title
from share_links l join members m on m.id = l.member_id
left join products p on p.id = l.product_id left join stories st on st.id = l.story_id left join polls po on po.id = l.poll_id
left join brands b on b.id = coalesce(l.brand_id, p.brand_id, st.brand_id, po.brand_id)
where `

func linkWhere(ctx context.Context, q sqlx.QueryerContext, where string, args ...any) (Link, error) {
	var l Link
	err := sqlx.GetContext(ctx, q, &l, selectLink+where, args...)
	if errors.Is(err, sql.ErrNoRows) {
		return l, ErrNoLink
	}
	if err != nil {
		return l, fmt.Errorf("read link: %w", err)
	}
	return l, nil
}

const insertLink = `
insert into share_links (code, member_id, target, product_id, brand_id, channel, circle, created_at, group_id, story_id, poll_id)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict do nothing`

// whereShare finds the one link of a member for the same target, channel and circle. A circle on Relais keeps it when it is renamed.
const whereShare = `l.member_id = $1 and l.target = $2 and l.product_id is not distinct from $3
  and l.brand_id is not distinct from $4 and l.channel = $5 and l.group_id is not distinct from $7 and l.story_id is not distinct from $8 and l.poll_id is not distinct from $9 and (l.circle = $6 or l.group_id is not null)`

// Create makes the member's link for a target, channel and circle; asked again it gives the same link, switched on if it was off.
// Sharing a product lists it in the member's storefront too, but for what is shared in a circle, which stays there, and a design that its author keeps to their own storefront. Faults: what is shared is not for sale (NotFound), fields channel
// and circle, storefronts.ErrFull, ErrManyLinks, of a story ErrStory, ErrStoryPaysNothing, and of a poll ErrPoll.
func (s *Service) Create(ctx context.Context, memberID int64, sh Share) (Link, error) {
	var link Link
	err := postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) (err error) {
		link, err = s.CreateIn(ctx, tx, memberID, sh)
		return err
	})
	if err != nil {
		return Link{}, fmt.Errorf("create link: %w", err)
	}
	s.noticed(ctx)
	return link, nil
}

// CreateIn is Create within a transaction of the caller's.
func (s *Service) CreateIn(ctx context.Context, tx *sqlx.Tx, memberID int64, sh Share) (Link, error) {
	if err := sh.check(); err != nil {
		return Link{}, err
	}
	if err := s.list(ctx, tx, memberID, sh); err != nil {
		return Link{}, err
	}
	return s.insert(ctx, tx, memberID, sh)
}

// check cleans the circle and refuses what no form of ours sends.
func (sh *Share) check() error {
	sh.Circle = strings.Join(strings.Fields(sh.Circle), " ")
	if !utf8.ValidString(sh.Circle) || utf8.RuneCountInString(sh.Circle) > 80 || strings.ContainsFunc(sh.Circle, unicode.IsControl) {
		return fault.Field("circle", "relay.circle_invalid")
	}
	if !slices.Contains(Channels(), sh.Channel) && sh.Channel != InCircle || (sh.Channel == InCircle) != (sh.GroupID != 0) {
		return fault.Field("channel", "relay.channel_unknown")
	}
	of := *sh
	switch sh.Target {
	case ToProduct:
		of.ProductID = 0
	case ToBrand:
		of.BrandID = 0
	case ToStory:
		of.StoryID = 0
	case ToPoll:
		of.PollID = 0
	}
	known := slices.Contains([]Target{ToProduct, ToBrand, ToStorefront, ToStory, ToPoll}, sh.Target) && (sh.Target == ToStorefront || of != *sh)
	if !known || of.ProductID != 0 || of.BrandID != 0 || of.StoryID != 0 || of.PollID != 0 {
		return fault.New(fault.NotFound, "relay.product_not_found")
	}
	return nil
}

// keptByAuthor says of product $1 that it is a published design which its author keeps to their own storefront, not that of $2.
const keptByAuthor = `exists (select 1 from publications k where k.product_id = $1 and not k.may_resell and k.author_id <> $2)`

// list puts a shared product into the storefront, or sees to it that the brand may be shared.
func (s *Service) list(ctx context.Context, tx *sqlx.Tx, memberID int64, sh Share) error {
	switch sh.Target {
	case ToProduct:
		var forSale bool
		err := tx.GetContext(ctx, &forSale, `select exists (select 1 from products p join brands b on b.id = p.brand_id
			where p.id = $1 and p.state in ('published','launch') and b.blocked_at is null)`, sh.ProductID)
		if err != nil {
			return fmt.Errorf("read product: %w", err)
		}
		if !forSale {
			return storefronts.ErrProduct
		}
		if sh.Channel == InCircle {
			return nil // who is not in the circle does not learn of it
		}
		var kept bool
		if err := tx.GetContext(ctx, &kept, `select `+keptByAuthor, sh.ProductID, memberID); err != nil || kept {
			return err
		}
		_, err = storefronts.Add(ctx, tx, memberID, sh.ProductID, s.now())
		return err
	case ToBrand:
		var open bool
		err := tx.GetContext(ctx, &open, `select exists (select 1 from brands where id = $1 and blocked_at is null)`, sh.BrandID)
		if err != nil {
			return fmt.Errorf("read brand: %w", err)
		}
		if !open {
			return fault.New(fault.NotFound, "relay.brand_not_found")
		}
	case ToStory:
		return storyShared(ctx, tx, sh.StoryID, memberID, s.now())
	case ToPoll:
		return pollShared(ctx, tx, sh.PollID)
	}
	return nil
}

// codeTries is how often a code that exists already is drawn anew; at 62^8 codes once is rare enough.
const codeTries = 3

func (s *Service) insert(ctx context.Context, tx *sqlx.Tx, memberID int64, sh Share) (Link, error) {
	product, brand, group, story, poll := orNull(sh.ProductID), orNull(sh.BrandID), orNull(sh.GroupID), orNull(sh.StoryID), orNull(sh.PollID)
	for range codeTries {
		if n, err := LinkCount(ctx, tx, memberID); err != nil || n >= MaxLinks {
			return s.existing(ctx, tx, memberID, sh, err)
		}
		_, err := tx.ExecContext(ctx, insertLink, newCode(), memberID, sh.Target, product, brand, sh.Channel, sh.Circle, s.now(), group, story, poll)
		if err != nil {
			return Link{}, postgres.Translate(err)
		}
		link, err := linkWhere(ctx, tx, whereShare, memberID, sh.Target, product, brand, sh.Channel, sh.Circle, group, story, poll)
		if errors.Is(err, ErrNoLink) {
			continue // the code was taken, so nothing was inserted
		}
		if err != nil || !link.Disabled {
			return link, err
		}
		if _, err := tx.ExecContext(ctx, `update share_links set disabled_at = null where id = $1`, link.ID); err != nil {
			return Link{}, fmt.Errorf("switch link on: %w", err)
		}
		return linkWhere(ctx, tx, `l.id = $1`, link.ID)
	}
	return Link{}, fault.New(fault.Unavailable, "relay.try_again")
}

// existing is the link that a member who may make no more has for the same already.
func (s *Service) existing(ctx context.Context, tx *sqlx.Tx, memberID int64, sh Share, err error) (Link, error) {
	if err != nil {
		return Link{}, err
	}
	link, err := linkWhere(ctx, tx, whereShare, memberID, sh.Target, orNull(sh.ProductID), orNull(sh.BrandID), sh.Channel, sh.Circle, orNull(sh.GroupID), orNull(sh.StoryID), orNull(sh.PollID))
	if errors.Is(err, ErrNoLink) {
		return Link{}, ErrManyLinks
	}
	return link, err
}

func orNull(id int64) *int64 {
	if id == 0 {
		return nil
	}
	return &id
}

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// newCode is 8 random characters of base62, each as likely as any other.
func newCode() string {
	code := make([]byte, 0, 8)
	for len(code) < cap(code) {
		var b [16]byte
		_, _ = rand.Read(b[:]) // never fails
		for _, x := range b {
			if x < 4*62 && len(code) < cap(code) {
				code = append(code, base62[x%62])
			}
		}
	}
	return string(code)
}

// ByCode is the link with a code, from memory until something of it changes, or while Postgres does not answer. ErrNoLink where there is
// none.
func (s *Service) ByCode(ctx context.Context, code string) (Link, error) {
	if len(code) < 6 || len(code) > 12 || strings.Trim(code, base62) != "" {
		return Link{}, ErrNoLink
	}
	known, ok := s.links.Known(code)
	if ok && s.clock().UnixNano() < s.away.Load() {
		return known, nil
	}
	wait := patience
	if !ok {
		wait = longPatience
	}
	link, err := s.links.Get(code, func() (Link, []string, error) {
		l, err := postgres.Within(ctx, wait, func(ctx context.Context) (Link, error) { return linkWhere(ctx, s.db, `l.code = $1`, code) })
		return l, []string{changes.Member(l.MemberID), changes.Brand(l.SellerID), changes.Story(l.StoryID), changes.Member(l.StoryAuthorID)}, err
	})
	if err != nil && !errors.Is(err, ErrNoLink) && ok {
		s.away.Store(s.clock().Add(patience).UnixNano()) // the next ones need not wait for it
		return known, nil
	}
	return link, err
}

// noticed has what this instance changed known to it at once.
func (s *Service) noticed(ctx context.Context) {
	if s.changes != nil {
		_ = s.changes.Poll(ctx) // else it is within a moment
	}
}

// LinkCount is how many links a member has made.
func LinkCount(ctx context.Context, q sqlx.QueryerContext, memberID int64) (int, error) {
	var n int
	if err := sqlx.GetContext(ctx, q, &n, `select count(*) from share_links where member_id = $1`, memberID); err != nil {
		return 0, fmt.Errorf("count links: %w", err)
	}
	return n, nil
}

// Circles are the names that a member gave to their groups, the last used first.
func Circles(ctx context.Context, q sqlx.QueryerContext, memberID int64) ([]string, error) {
	var cs []string
	err := sqlx.SelectContext(ctx, q, &cs, `select circle from share_links where member_id = $1 and circle <> '' and group_id is null group by circle order by max(id) desc limit 20`, memberID)
	if err != nil {
		return nil, fmt.Errorf("read circles: %w", err)
	}
	return cs, nil
}

// Own is a member's own link by its code, read afresh. ErrNoLink also where it is somebody else's.
func (s *Service) Own(ctx context.Context, memberID int64, code string) (Link, error) {
	return linkWhere(ctx, s.db, `l.code = $1 and l.member_id = $2`, code, memberID)
}

// Switch turns a member's link off or on. What was clicked before it was turned off still counts. Twice is once.
func (s *Service) Switch(ctx context.Context, memberID int64, code string, on bool) error {
	var at *time.Time
	if !on {
		now := s.now()
		at = &now
	}
	res, err := s.db.ExecContext(ctx, `update share_links set disabled_at = $3 where code = $1 and member_id = $2`, code, memberID, at)
	if err != nil {
		return fmt.Errorf("switch link: %w", err)
	}
	s.noticed(ctx)
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return ErrNoLink
	}
	return nil
}
