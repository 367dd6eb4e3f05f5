package feed

import (
	"cmp"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/follows"
	"relais/internal/i18n"
	"relais/internal/media"
	"relais/internal/polls"
	"relais/internal/posts"
	"relais/internal/referrals"
	"relais/internal/web/page"
)

// attached is what the posts and pieces of a page lead to, as the viewer sees it.
type attached struct {
	products map[int64]catalog.ProductCard
	polls    map[int64]polls.View
	pays     map[int64]bool // the polls of posts that bring their authors something, by the number of the post
}

// attached reads it, in the viewer's language.
func (s *Server) attached(c echo.Context, items []posts.Item, pieces []follows.Piece) (a attached, err error) {
	ctx := c.Request().Context()
	if a.products, err = s.cards(c, items, pieces); err != nil {
		return a, err
	}
	var ids []int64
	for _, i := range items {
		if i.Attach == posts.Poll {
			ids = append(ids, i.PollID)
		}
	}
	if a.polls, err = polls.Cards(ctx, s.DB, by(c), page.Lang(c), ids...); err != nil {
		return a, err
	}
	a.pays = map[int64]bool{}
	for _, i := range items {
		if i.Attach != posts.Poll {
			continue
		}
		if a.pays[i.ID], err = referrals.PollPays(ctx, s.DB, i.PollID, i.AuthorID, s.Now()); err != nil {
			return a, err
		}
	}
	return a, nil
}

// PollCard is a poll that a post leads to. How the votes stand is shown as package polls says: to those who voted, and to everybody once it is over.
type PollCard struct {
	polls.View
	URL   string
	Stage string // its state, or "closing" until its votes are counted
	Left  string // how long it is open, in words; empty: it is over
}

// pollCard is nil for a poll that nobody sees any more.
func pollCard(l i18n.Lang, found map[int64]polls.View, id int64, link string, now time.Time) *PollCard {
	v, ok := found[id]
	if !ok {
		return nil
	}
	k := &PollCard{View: v, URL: cmp.Or(link, v.Path()), Stage: string(v.State)}
	if v.State != polls.Open {
		return k
	}
	if !v.Votable(now) {
		k.Stage = "closing"
		return k
	}
	k.Left = l.T("feed.poll.last_day", "Time", l.DateTime(*v.ClosesAt))
	if days := int(v.ClosesAt.Sub(now) / (24 * time.Hour)); days > 0 {
		k.Left = l.T("feed.poll.days", "Count", days)
	}
	return k
}

// polled has the share queue of a post that leads to a poll name it, show its picture where the post has none, and say whether its author earns by it.
func (s *Server) polled(c echo.Context, p posts.Post, data *queuePage, earns *bool) error {
	ctx := c.Request().Context()
	found, err := polls.Cards(ctx, s.DB, 0, p.AuthorLang, p.PollID)
	if err != nil {
		return err
	}
	if v, ok := found[p.PollID]; ok {
		data.Title = v.Title
		if data.Photo == "" && v.Picture != "" {
			data.Photo, data.Alt = media.URL(v.Picture, media.Large), v.Title
		}
	}
	pays, err := referrals.PollPays(ctx, s.DB, p.PollID, p.AuthorID, s.Now())
	*earns = *earns || pays
	return err
}
