package posts

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"relais/internal/fault"
	"relais/internal/prose"
)

// The faults of this package.
var (
	ErrGone      = fault.New(fault.NotFound, "posts.gone")
	ErrComment   = fault.New(fault.NotFound, "posts.comment_gone")
	ErrNotYours  = fault.New(fault.NotFound, "posts.gone") // a stranger is not told that it is there
	ErrForbidden = fault.New(fault.Forbidden, "posts.not_yours_to_do")
	ErrDecided   = fault.New(fault.Conflict, "posts.removed_already")
	ErrPublished = fault.New(fault.Conflict, "posts.published_already")
	ErrAnswers   = fault.New(fault.Conflict, "posts.answers_full")
)

// Act is what somebody wants to do with a post in a circle, or with a comment there.
type Act string

// The acts.
const (
	See           Act = "see"
	Speak         Act = "speak" // comment, answer, react
	ReportPost    Act = "report_post"
	RemovePost    Act = "remove_post"
	ReadHistory   Act = "read_history"
	DeleteComment Act = "delete_comment"
	ReportComment Act = "report_comment"
	RemoveComment Act = "remove_comment"
)

// Acts lists them.
func Acts() []Act {
	return []Act{See, Speak, ReportPost, RemovePost, ReadHistory, DeleteComment, ReportComment, RemoveComment}
}

// Standing is all that decides what a viewer may do with a post in a circle.
type Standing struct {
	Viewer        int64 // 0: a guest
	Reads         bool  // the circle's feed: groups.CanRead
	Posts         bool  // in the circle: groups.CanPost
	Moderates     bool  // the circle: groups.CanModerate
	Owner         int64 // of the circle, about whose words the platform decides
	Author        int64 // of the post
	AuthorBlocked bool  // by the platform
	Live          bool  // published there, and neither taken out nor removed
	Published     bool  // it was there: live, removed or taken out
	Commenter     int64 // author of the comment; 0: it is about the post
	CommentGone   bool
}

// May says whether a viewer may do that.
func May(a Act, s Standing) bool {
	there := s.Live && !s.AuthorBlocked
	comment := s.Commenter != 0 && !s.CommentGone
	switch a {
	case See: // what was removed is read on by moderators; and by its author, on their own page
		return s.Reads && there || s.Moderates && s.Published
	case Speak:
		return s.Posts && there
	case ReportPost:
		return s.Viewer != 0 && s.Reads && there && s.Viewer != s.Author
	case ReadHistory:
		return s.Moderates && s.Published
	case RemovePost: // one's own is deleted, not removed
		return s.Moderates && s.Live && s.Author != s.Viewer && s.Author != s.Owner
	case DeleteComment:
		return s.Reads && there && comment && s.Viewer == s.Commenter && s.Viewer != 0
	case ReportComment:
		return s.Viewer != 0 && s.Reads && there && comment && s.Viewer != s.Commenter
	case RemoveComment:
		return s.Moderates && s.Published && comment && s.Commenter != s.Viewer && s.Commenter != s.Owner
	}
	return false
}

// Clean is a text without space around it and with one kind of line break; at most one empty line in a row.
func Clean(text string) string {
	return breaks.ReplaceAllString(prose.Lines(text), "\n\n")
}

var breaks = regexp.MustCompile(`\n[ \t]*\n(?:[ \t]*\n)+`)

// Words checks a text of a field: readable, and at most so many characters.
func Words(field, text string, most int) (string, error) {
	text = Clean(text)
	switch {
	case !prose.Readable(text):
		return "", fault.Field(field, "posts.not_readable")
	case utf8.RuneCountInString(text) > most:
		return "", fault.Field(field, "posts.too_long").Arg("Most", most)
	}
	return text, nil
}

// Tidy checks what an author wrote, as far as it goes: a draft may lack anything.
func Tidy(c Content) (Content, error) {
	var err error
	if c.Text, err = Words("text", c.Text, MaxText); err != nil {
		return c, err
	}
	if !slices.Contains(Kinds(), c.Kind) {
		return c, fault.Field("kind", "posts.kind_unknown")
	}
	if (c.Attach == Product) != (c.ProductID > 0) || (c.Attach == Poll) != (c.PollID > 0) || !slices.Contains([]Attach{Nothing, Product, Storefront, Poll}, c.Attach) {
		return c, fault.Field("attach", "posts.attach_unknown")
	}
	if len(c.Photos) > MaxPhotos {
		return c, fault.Field("photo", "posts.too_many_photos").Arg("Most", MaxPhotos)
	}
	c.Photos = slices.Clone(c.Photos)
	for i := range c.Photos {
		alt, err := Words("alt", strings.Join(strings.Fields(c.Photos[i].Alt), " "), MaxAlt)
		if err != nil {
			return c, err
		}
		c.Photos[i].Alt = alt
	}
	return c, nil
}

// Ready says what a post lacks to be published.
func Ready(c Content, circles int, networks []string) error {
	if c.Text == "" {
		return fault.Field("text", "posts.text_missing")
	}
	if circles+len(networks) == 0 {
		return fault.Field("groups", "posts.nowhere")
	}
	needsLink := func(n string) bool { return n == "facebook" || n == "linkedin" }
	if c.Attach == Nothing && slices.ContainsFunc(networks, needsLink) {
		return fault.Field("networks", "posts.needs_link")
	}
	return nil
}

// Changed says whether an edit changes what readers see.
func Changed(before, after Content) bool {
	photo := func(a, b Photo) bool { return a.Hash == b.Hash && a.Alt == b.Alt }
	return before.Kind != after.Kind || before.Text != after.Text || before.Attach != after.Attach || before.ProductID != after.ProductID || before.PollID != after.PollID ||
		!slices.EqualFunc(before.Photos, after.Photos, photo)
}

// Zones are the time zones that a form offers; one that it does not can be typed by the page's script.
func Zones() []string {
	return []string{"Europe/Paris", "Europe/London", "Europe/Lisbon", "Europe/Athens", "Europe/Helsinki", "Atlantic/Reykjavik", "America/Montreal", "America/New_York",
		"America/Chicago", "America/Denver", "America/Los_Angeles", "America/Guadeloupe", "America/Martinique", "America/Cayenne", "Africa/Abidjan", "Africa/Dakar",
		"Africa/Casablanca", "Africa/Tunis", "Africa/Kinshasa", "Indian/Reunion", "Indian/Mayotte", "Asia/Dubai", "Asia/Tokyo", "Pacific/Noumea", "Pacific/Tahiti", "UTC"}
}

// MaxAhead is how far ahead a post can be scheduled.
const MaxAhead = 366 * 24 * time.Hour

// local is how a browser sends a date and a time.
const local = "2006-01-02T15:04"

// Moment reads a date and time as a form sends it, in a zone. It lies ahead, and not too far.
func Moment(typed, zone string, now time.Time) (time.Time, error) {
	place, err := time.LoadLocation(zone)
	if err != nil || zone == "" || zone == "Local" {
		return time.Time{}, fault.Field("zone", "posts.zone_unknown")
	}
	at, err := time.ParseInLocation(local, strings.TrimSpace(typed), place)
	switch {
	case err != nil:
		return time.Time{}, fault.Field("at", "posts.time_unknown")
	case !at.After(now):
		return time.Time{}, fault.Field("at", "posts.time_past")
	case at.Sub(now) > MaxAhead:
		return time.Time{}, fault.Field("at", "posts.time_far")
	}
	return at, nil
}

// Typed is a moment as a form shows it, in a zone.
func Typed(at time.Time, zone string) string {
	place, err := time.LoadLocation(zone)
	if err != nil {
		place = time.UTC
	}
	return at.In(place).Format(local)
}

// Pace is how often something may be done: at most Most within Span.
type Pace struct {
	Most int
	Span time.Duration
}

// The paces of members: generous to people, narrow to floods.
var (
	PostPaces    = []Pace{{5, 10 * time.Minute}, {20, 24 * time.Hour}}
	EditPaces    = []Pace{{10, 10 * time.Minute}, {40, 24 * time.Hour}} // of what is published already
	CommentPaces = []Pace{{10, time.Minute}, {60, time.Hour}}
)

// Wait is how long after now the next one has to wait, given when the last ones were, the newest first.
func Wait(paces []Pace, last []time.Time, now time.Time) time.Duration {
	var longest time.Duration
	for _, p := range paces {
		if len(last) >= p.Most {
			longest = max(longest, last[p.Most-1].Add(p.Span).Sub(now))
		}
	}
	return longest
}

// Piece is a part of a text: words, or a link.
type Piece struct {
	Text string
	URL  string // http or https; empty: words
}

var address = regexp.MustCompile(`https?://[^\s<>"«»“”]+`)

// Pieces finds the links in a text. What ends a sentence is not part of one.
func Pieces(text string) []Piece {
	var out []Piece
	at := 0
	for _, m := range address.FindAllStringIndex(text, -1) {
		raw := text[m[0]:m[1]]
		raw = strings.TrimRight(raw, ".,;:!?…'’*_")
		if strings.HasSuffix(raw, ")") && !strings.Contains(raw, "(") {
			raw = strings.TrimRight(raw, ").,;:!?…")
		}
		u, err := url.Parse(raw)
		if err != nil || u.Host == "" || u.User != nil {
			continue
		}
		if m[0] > at {
			out = append(out, Piece{Text: text[at:m[0]]})
		}
		out = append(out, Piece{Text: raw, URL: raw})
		at = m[0] + len(raw)
	}
	if at < len(text) {
		out = append(out, Piece{Text: text[at:]})
	}
	return out
}

// Advertises says whether somebody earns from a text or from what is attached to it: a product, a storefront, or a link of ours that
// names who recommends, at this site. Whether a poll brings its author anything is another question: referrals.PollPays.
func Advertises(a Attach, text, baseURL string) bool {
	if a == Product || a == Storefront {
		return true
	}
	ours, err := url.Parse(baseURL)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(Pieces(text), func(p Piece) bool {
		u, err := url.Parse(p.URL)
		return err == nil && p.URL != "" && strings.EqualFold(u.Host, ours.Host) && (strings.HasPrefix(u.Path, "/r/") || strings.HasPrefix(u.Path, "/@"))
	})
}
