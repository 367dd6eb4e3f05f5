package feed

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/ideas"
	"relais/internal/insight"
	"relais/internal/media"
	"relais/internal/posts"
	"relais/internal/posts/photos"
	"relais/internal/stories"
	"relais/internal/web/page"
)

// ownPost is the author's own post that the address names, with where it is.
func (s *Server) ownPost(c echo.Context) (posts.Post, []posts.Place, []posts.Network, error) {
	ctx := c.Request().Context()
	n, err := id(c, "id")
	if err != nil {
		return posts.Post{}, nil, nil, err
	}
	p, err := posts.Own(ctx, s.DB, by(c), n)
	if err != nil {
		return p, nil, nil, err
	}
	there, err := s.placesOf(c, p.ID)
	if err != nil {
		return p, nil, nil, err
	}
	networks, err := posts.NetworksOf(ctx, s.DB, p.ID)
	return p, there, networks, err
}

// placesOf are the circles of the author's own posts, each with a name.
func (s *Server) placesOf(c echo.Context, ids ...int64) ([]posts.Place, error) {
	there, err := posts.Places(c.Request().Context(), s.DB, ids...)
	for i := range there {
		if there[i].Name == "" {
			there[i].Name = page.Lang(c).T("feed.own.left_circle")
		}
	}
	return there, err
}

// mineOnPage is how many posts a page of one's own shows.
const mineOnPage = 20

type minePage struct {
	Posts []mineRow
	Pager *page.Pager
	Empty page.Empty
}

// mineRow is one of the author's posts in their list.
type mineRow struct {
	posts.Post
	When   string
	Places []posts.Place
	Steps  int // networks that are not ticked off
}

// mine lists the author's posts.
func (s *Server) mine(c echo.Context) error {
	ctx, l := c.Request().Context(), page.Lang(c)
	n, err := posts.OwnCount(ctx, s.DB, by(c))
	if err != nil {
		return err
	}
	data := minePage{Pager: page.NewPager(c, mineOnPage, n),
		Empty: page.Empty{Icon: "pencil", Title: l.T("feed.mine.empty"), Text: l.T("feed.mine.empty_text"), URL: "/me/posts/new", Action: l.T("feed.compose")}}
	list, err := posts.OwnPosts(ctx, s.DB, by(c), mineOnPage, data.Pager.Offset())
	if err != nil {
		return err
	}
	ids := make([]int64, len(list))
	for i, p := range list {
		ids[i] = p.ID
	}
	there, err := s.placesOf(c, ids...)
	if err != nil {
		return err
	}
	networks, err := posts.NetworksOf(ctx, s.DB, ids...)
	if err != nil {
		return err
	}
	for _, p := range list {
		row := mineRow{Post: p, When: whenOf(l, p)}
		for _, at := range there {
			if at.PostID == p.ID {
				row.Places = append(row.Places, at)
			}
		}
		for _, n := range networks {
			if n.PostID == p.ID && n.DoneAt == nil && p.State == posts.Published {
				row.Steps++
			}
		}
		data.Posts = append(data.Posts, row)
	}
	return s.Site.Render(c, http.StatusOK, "feed/mine", data)
}

// whenOf says when a post appears, or did.
func whenOf(l i18n.Lang, p posts.Post) string {
	switch {
	case p.State == posts.Scheduled:
		return l.T("feed.own.at", "Time", timeIn(l, *p.PublishAt, p.Zone))
	case p.PublishedAt != nil:
		return l.T("feed.own.since", "Time", l.DateTime(*p.PublishedAt))
	}
	return l.T("feed.own.draft_of", "Time", l.DateTime(p.UpdatedAt))
}

type ownPage struct {
	Post    posts.Post
	Shown   PostView
	When    string
	Places  []posts.Place
	Results []resultRow
	Links   bool // something is attached, so that there is something to count
	Steps   []step
	Left    int // steps not ticked off
	Removed []posts.Place
}

// resultRow is what came of a post in one circle or by one network.
type resultRow struct {
	Name, Icon string
	insight.Figures
	Place *posts.Place
	Code  string
}

// own shows a post to its author: where it is, what came of it, and what is left to do.
func (s *Server) own(c echo.Context) error {
	ctx, l := c.Request().Context(), page.Lang(c)
	p, there, networks, err := s.ownPost(c)
	if err != nil {
		return err
	}
	data := ownPage{Post: p, When: whenOf(l, p), Places: there, Links: p.Attach != posts.Nothing}
	item := posts.Item{Post: p, Places: []posts.Seen{{}}}
	led, err := s.attached(c, []posts.Item{item}, nil)
	if err != nil {
		return err
	}
	data.Shown = s.view(c, item, led)
	results, err := posts.ResultsOf(ctx, s.DB, p, there, networks, s.Now())
	if err != nil {
		return err
	}
	for _, r := range results {
		row := resultRow{Figures: r.Figures, Place: r.Place, Icon: "users"}
		if r.Place != nil {
			row.Name, row.Code = r.Place.Name, r.Place.Code
		} else {
			row.Name, row.Code, row.Icon = l.T("feed.network."+r.Network.Channel), r.Network.Code, "share-2"
		}
		data.Results = append(data.Results, row)
	}
	for _, at := range there {
		if at.RemovedAt != nil {
			data.Removed = append(data.Removed, at)
		}
	}
	for _, n := range networks {
		if n.DoneAt == nil && p.State == posts.Published {
			data.Left++
		}
	}
	return s.Site.Render(c, http.StatusOK, "feed/own", data)
}

func (s *Server) withdraw(c echo.Context) error {
	n, err := id(c, "id")
	if err != nil {
		return err
	}
	if err := s.Posts.Withdraw(c.Request().Context(), by(c), n); err != nil {
		return err
	}
	s.Site.Good(c, "feed.own.withdrawn")
	return page.Redirect(c, fmt.Sprintf("/me/posts/%d", n))
}

func (s *Server) remove(c echo.Context) error {
	n, err := id(c, "id")
	if err != nil {
		return err
	}
	if err := s.Posts.Delete(c.Request().Context(), by(c), n); err != nil {
		return err
	}
	s.Site.Good(c, "feed.own.deleted")
	return page.Redirect(c, "/me/posts")
}

// step is one network of the share queue.
type step struct {
	posts.Network
	Name   string
	Target page.ShareTarget
	Text   string // what the network gets, label included
	Link   string // absolute; empty: nothing is attached
	Whole  string // text and link, to copy
	Alone  bool   // the network takes the link only: the text is to be pasted
}

type queuePage struct {
	Post  posts.Post
	Steps []step
	Done  int
	Photo string // path of the first photograph; empty: none
	Alt   string
	Title string
}

// queue opens each network with everything prepared; steps are ticked off one by one.
func (s *Server) queue(c echo.Context) error {
	p, _, networks, err := s.ownPost(c)
	if err != nil {
		return err
	}
	if p.State != posts.Published || len(networks) == 0 {
		return page.Redirect(c, fmt.Sprintf("/me/posts/%d", p.ID))
	}
	data := queuePage{Post: p}
	if len(p.Photos) > 0 {
		data.Photo, data.Alt = media.PrivateURL(p.Photos[0].Hash, media.Large), p.Photos[0].Alt
	}
	if data.Title, err = s.titleOf(c, p); err != nil {
		return err
	}
	earns := posts.Advertises(p.Attach, p.Text, s.BaseURL)
	if p.Attach == posts.Poll {
		if err := s.polled(c, p, &data, &earns); err != nil {
			return err
		}
	}
	for _, n := range networks {
		one := s.step(p, n, data.Title, earns)
		if one.DoneAt != nil {
			data.Done++
		}
		data.Steps = append(data.Steps, one)
	}
	return s.Site.Render(c, http.StatusOK, "feed/queue", data)
}

// titleOf is what a post leads to, in the language of its author: the subject of a letter.
func (s *Server) titleOf(c echo.Context, p posts.Post) (string, error) {
	if p.Attach == posts.Product {
		cards, err := catalog.Cards(c.Request().Context(), s.DB, p.AuthorLang, s.Now(), p.ProductID)
		if err != nil {
			return "", err
		}
		if len(cards) > 0 {
			return cards[0].Title, nil
		}
	}
	return p.AuthorLang.T("feed.queue.subject", "Name", p.AuthorName), nil
}

// step prepares what a network gets. Everything from which somebody earns begins with the ad label.
func (s *Server) step(p posts.Post, n posts.Network, title string, earns bool) step {
	l := p.AuthorLang
	one := step{Network: n, Name: l.T("feed.network." + n.Channel)}
	label := ""
	if earns {
		label = l.T("feed.queue.label", "Name", p.AuthorName)
	}
	if n.Code != "" {
		one.Link = s.BaseURL + "/r/" + n.Code
	}
	one.Text = posts.Outside(n.Channel, label, p.Text, one.Link)
	one.Whole = one.Text
	if one.Link != "" {
		one.Whole += "\n" + one.Link
	}
	one.Target = page.ShareBy(l, n.Channel, page.ShareLink{URL: one.Link, Title: title, Text: one.Text})
	one.Alone = n.Channel == "facebook" || n.Channel == "linkedin"
	return one
}

// tick marks a step as done, or as not done.
func (s *Server) tick(c echo.Context) error {
	n, err := id(c, "id")
	if err != nil {
		return err
	}
	if err := s.Posts.Tick(c.Request().Context(), by(c), n, c.Param("channel"), c.FormValue("done") == "yes"); err != nil {
		return err
	}
	return page.Redirect(c, fmt.Sprintf("/me/posts/%d/share#s-%s", n, c.Param("channel")))
}

// photograph answers one rendition of a photograph of a post to who reads it, each time anew: what may be looked at changes.
func (s *Server) photograph(c echo.Context) error {
	var viewer int64
	if v := page.ViewerFrom(c); v != nil {
		viewer = v.ID
	}
	name := c.Param("file")
	err := photos.Look(c.Request().Context(), s.DB, viewer, media.HashOf(name))
	if errors.Is(err, fault.NotFound) {
		err = stories.Look(c.Request().Context(), s.DB, viewer, media.HashOf(name))
	}
	if errors.Is(err, fault.NotFound) {
		err = ideas.Look(c.Request().Context(), s.DB, viewer, media.HashOf(name))
	}
	if err != nil {
		return err
	}
	f, err := s.Media.OpenNamed(name)
	if err != nil {
		return err
	}
	defer f.Close()
	h := c.Response().Header()
	h.Set("Cache-Control", "private, no-cache")
	h.Set("Vary", "Cookie")
	h.Set("ETag", `"`+name+`"`)
	h.Set("Content-Type", "image/jpeg")
	http.ServeContent(c.Response(), c.Request(), "", time.Time{}, f)
	return nil
}
