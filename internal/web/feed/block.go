package feed

import (
	"cmp"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/groups"
	"relais/internal/posts"
	"relais/internal/web/circle"
	"relais/internal/web/page"
)

// Block is a page of a feed as the partial "feed-block" shows it.
type Block struct {
	Entries []EntryView
	Next    string // address of what came before these; empty: nothing did
	Newest  string // address of the beginning, where this is not it; else empty
	Compose string // address of the form for a new post; empty: the viewer may not write here
	Empty   page.Empty
}

// circlePage is the feed of one circle.
type circlePage struct {
	circle.Circle
	Block Block
}

// Circle answers the page of a circle to those who are in it, with what is written there: for circle.Options.
func (s *Server) Circle(c echo.Context, at circle.Circle) error {
	l := page.Lang(c)
	found, err := posts.InGroup(c.Request().Context(), s.DB, at.Viewer, at.ID, posts.ParseCursor(c.QueryParam("before")))
	if err != nil {
		return err
	}
	b, err := s.block(c, found)
	if err != nil {
		return err
	}
	b.Empty = page.Empty{Icon: "message-circle", Title: l.T("feed.circle.empty"), Text: l.T("feed.circle.empty_text")}
	b.Compose = ""
	if groups.CanPost(at.Group, at.Role) {
		b.Compose = "/me/posts/new?group=" + at.Handle
		b.Empty.URL, b.Empty.Action = b.Compose, l.T("feed.compose")
	}
	return s.Site.Render(c, http.StatusOK, "feed/circle", circlePage{at, b})
}

// block shows a page of a feed, whose address is that of the request.
func (s *Server) block(c echo.Context, p posts.Feed) (Block, error) {
	list, err := s.entries(c, p)
	b := Block{Entries: list, Compose: "/me/posts/new"}
	here := func(before string) string {
		query := url.Values{}
		if sphere := c.QueryParam("sphere"); sphere != "" {
			query.Set("sphere", sphere)
		}
		if before != "" {
			query.Set("before", before)
		}
		if len(query) == 0 {
			return c.Request().URL.Path
		}
		return c.Request().URL.Path + "?" + query.Encode()
	}
	if p.Next.ID != 0 {
		b.Next = here(p.Next.String())
	}
	if c.QueryParam("before") != "" {
		b.Newest = here("")
	}
	return b, err
}

// PostView is a post as pages show it.
type PostView struct {
	posts.Item
	Pieces  []posts.Piece
	More    bool // the text is cut: the rest is on the post's own page
	Ad      bool // somebody earns from it
	Card    *Card
	Poll    *PollCard
	Lost    bool   // it led to a poll that nobody sees any more
	Pays    bool   // what it leads to brings its author something
	Mine    bool   // the viewer wrote it
	Back    string // address of the page that shows it
	Choices []Reaction
	Speaks  bool // the viewer may react here
}

// First is the circle by which the post is shown: whose link it has. Shown outside, it has none.
func (p PostView) First() posts.Seen {
	if len(p.Places) == 0 {
		return posts.Seen{}
	}
	return p.Places[0]
}

// Path is the address of the post in its first circle.
func (p PostView) Path() string { return pathOf(p.First().Handle, p.ID) }

// Card is what a post leads to.
type Card struct {
	URL, Title, Brand, Photo, Alt string
	Price                         *page.Price // nil: a storefront
	Gone                          bool        // it is not for sale any more
}

// Reaction is one of the buttons below a post.
type Reaction struct {
	Kind, Icon, Label string
	Count             int64
	Mine              bool
}

// excerptRunes is how much of a text a feed shows.
const excerptRunes = 700

// excerpt is a post in a list: cut where it is long, but for those who have no page with the rest of it.
func (s *Server) excerpt(c echo.Context, item posts.Item, led attached) PostView {
	v := s.view(c, item, led)
	if runes := []rune(item.Text); len(runes) > excerptRunes && len(item.Places) > 0 {
		v.Pieces, v.More = posts.Pieces(string(runes[:excerptRunes-100])+"…"), true
	}
	return v
}

func (s *Server) view(c echo.Context, item posts.Item, led attached) PostView {
	l, viewer := page.Lang(c), page.ViewerFrom(c)
	v := PostView{Item: item, Pieces: posts.Pieces(item.Text), Ad: posts.Advertises(item.Attach, item.Text, s.BaseURL), Mine: viewer.ID == item.AuthorID,
		Back: c.Request().URL.RequestURI(), Speaks: len(item.Places) > 0}
	link := ""
	if code := cmp.Or(v.First().Code, item.Follower.Code); code != "" {
		link = "/r/" + code
	}
	switch item.Attach {
	case posts.Product:
		p, ok := led.products[item.ProductID]
		v.Pays = true
		v.Card = &Card{URL: link, Title: p.Title, Brand: p.BrandName, Photo: p.MediaHash, Alt: p.MediaAlt, Gone: !ok || p.State != catalog.Published && p.State != catalog.Launching}
		if ok {
			v.Card.Price = &page.Price{Now: p.From(), From: p.MinMinor < p.MaxMinor}
		}
	case posts.Storefront:
		v.Pays = true
		v.Card = &Card{URL: link, Title: l.T("page.storefront.title", "Name", item.AuthorName), Brand: "@" + item.AuthorHandle, Photo: item.AuthorPicture}
	case posts.Poll:
		v.Poll = pollCard(l, led.polls, item.PollID, link, s.Now())
		v.Lost = v.Poll == nil
		v.Pays = v.Poll != nil && led.pays[item.ID]
	}
	v.Choices = choices(l.T, v.First())
	return v
}

// reactionIcons are what reactions look like, in the order of posts.Reactions.
var reactionIcons = map[string]string{"like": "heart", "thanks": "handshake", "tempted": "sparkles", "have": "circle-check"}

func choices(t func(string, ...any) string, at posts.Seen) []Reaction {
	var list []Reaction
	for _, k := range posts.Reactions() {
		list = append(list, Reaction{Kind: k, Icon: reactionIcons[k], Label: t("feed.reaction." + k), Count: at.Counts[k], Mine: at.Mine == k})
	}
	return list
}
