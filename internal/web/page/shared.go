package page

import (
	"bytes"
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/labstack/echo/v4"

	"relais/internal/changes"
)

// sharedPages is how many pages are kept for guests: some 40 KB each.
const sharedPages = 1024

const (
	topicsKey = "page.topics"
	keepKey   = "page.keep"
)

// Shows names what a page shows, for Shared: it is made again when one of the topics changes. A page that names nothing is not kept.
func Shows(c echo.Context, topics ...string) {
	known, _ := c.Get(topicsKey).([]string)
	c.Set(topicsKey, append(known, topics...))
}

// stand takes the place of a click's token in a kept page. Tokens have other letters.
const stand = "stand-in-of-the-click-0001"

var clickToken = regexp.MustCompile(`^[A-Z2-7]{26}$`)

// errNotKept says that a page was answered and is not for others.
var errNotKept = errors.New("not kept")

// kept collects a page instead of answering it.
type kept struct{ body []byte }

// Shared answers a page to guests from memory until something that it shows (Shows) changes. It is for pages that are the same for
// all guests in one language; who is signed in, has something in their basket or a message to read gets their own. With perClick a
// visitor who comes by a share link gets it too: the token of their click is put in its places.
func (s *Site) Shared(perClick bool) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			click, ok := s.sharable(c, perClick)
			if !ok {
				return next(c)
			}
			body, err := s.shared.Get(s.sharedKey(c, click != ""), func() ([]byte, []string, error) { return s.forOthers(c, next, click) })
			if errors.Is(err, errNotKept) {
				return nil
			}
			if err != nil {
				return err
			}
			if click != "" {
				body = bytes.ReplaceAll(body, []byte(stand), []byte(click))
			}
			return respond(c, http.StatusOK, body)
		}
	}
}

// sharable says whether a request may be answered with what another guest gets, and which click brought the visitor.
func (s *Site) sharable(c echo.Context, perClick bool) (click string, ok bool) {
	r := c.Request()
	if s.shared == nil || r.Method != http.MethodGet || ViewerFrom(c) != nil || r.Header.Get("HX-Request") != "" {
		return "", false
	}
	if _, err := c.Cookie(flashCookie); err == nil || s.options.CartCount != nil && s.options.CartCount(c) > 0 {
		return "", false
	}
	if r.URL.RawQuery == "" {
		return "", true
	}
	click, found := strings.CutPrefix(r.URL.RawQuery, "c=")
	return click, perClick && found && clickToken.MatchString(click)
}

// sharedKey is all that makes the pages of two guests different, the business minute among it: prices and terms begin at a time.
func (s *Site) sharedKey(c echo.Context, clicked bool) string {
	key := string(Lang(c)) + s.options.Now().UTC().Format(" 2006-01-02T15:04 ") + c.Request().URL.Path
	if clicked {
		key += " c"
	}
	if asksConsent(c, clicked) {
		key += " asks"
	}
	return key
}

// forOthers makes a page with the stand-in for the click. What is no page, or names no topics, is answered and not kept.
func (s *Site) forOthers(c echo.Context, next echo.HandlerFunc, click string) ([]byte, []string, error) {
	r := c.Request()
	if click != "" {
		clone := r.Clone(r.Context())
		clone.URL.RawQuery = "c=" + stand
		c.SetRequest(clone)
		defer c.SetRequest(r)
	}
	page := &kept{}
	c.Set(keepKey, page)
	err := next(c)
	c.Set(keepKey, nil)
	if err != nil {
		return nil, nil, err
	}
	topics, _ := c.Get(topicsKey).([]string)
	switch {
	case page.body == nil:
		return nil, nil, errNotKept
	case len(topics) == 0:
		if err := respond(c, http.StatusOK, bytes.ReplaceAll(page.body, []byte(stand), []byte(click))); err != nil {
			return nil, nil, err
		}
		return nil, nil, errNotKept
	}
	return page.body, topics, nil
}

// newShared is the cache of a site; nil without a feed of changes.
func newShared(f *changes.Feed) *changes.Cache[[]byte] {
	return changes.NewCache[[]byte](f, sharedPages)
}
