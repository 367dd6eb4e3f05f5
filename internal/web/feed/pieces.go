package feed

import (
	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/follows"
	"relais/internal/money"
	"relais/internal/posts"
	"relais/internal/referrals"
	"relais/internal/storefronts"
	"relais/internal/web/page"
	"relais/internal/web/story"
)

// EntryView is one thing in a feed: a post, a piece, or a story.
type EntryView struct {
	Post  *PostView
	Piece *PieceView
	Story *StoryView
}

// StoryView is a story of a brand or member that the viewer follows; an advertisement where it shows what its brand sells, or what its author
// earns by.
type StoryView struct {
	story.Tile
	Pays bool // something that it shows brings its author something
}

// PieceView is something new of a storefront or brand that the viewer follows. Each is an advertisement: the member has a commission, the
// brand sells what is its own.
type PieceView struct {
	follows.Piece
	Card Card
}

// Path is the address of what is followed.
func (p PieceView) Path() string { return follows.PathOf(p.Owner(), p.Handle) }

// entries prepares a page of a feed. A piece whose product has no price any more is left out.
func (s *Server) entries(c echo.Context, f posts.Feed) ([]EntryView, error) {
	var items []posts.Item
	var pieces []follows.Piece
	for _, e := range f.Entries {
		switch {
		case e.Item != nil:
			items = append(items, *e.Item)
		case e.Piece != nil:
			pieces = append(pieces, *e.Piece)
		}
	}
	led, err := s.attached(c, items, pieces)
	if err != nil {
		return nil, err
	}
	margins := map[storefronts.Shelved]storefronts.Margin{}
	if of := shelved(pieces); len(of) > 0 {
		if margins, err = storefronts.MarginsIn(c.Request().Context(), s.DB, of...); err != nil {
			return nil, err
		}
	}
	var list []EntryView
	for _, e := range f.Entries {
		if e.Story != nil {
			pays, err := referrals.StoryPays(c.Request().Context(), s.DB, e.Story.ID, e.Story.Owner().MemberID, s.Now())
			if err != nil {
				return nil, err
			}
			list = append(list, EntryView{Story: &StoryView{Tile: story.TileOf(*e.Story), Pays: pays}})
		} else if e.Item != nil {
			v := s.excerpt(c, *e.Item, led)
			list = append(list, EntryView{Post: &v})
		} else if p, ok := led.products[e.Piece.ProductID]; ok {
			v := pieceView(*e.Piece, p, margins[storefronts.Shelved{MemberID: e.Piece.MemberID, ProductID: p.ID}])
			list = append(list, EntryView{Piece: &v})
		}
	}
	return list, nil
}

// shelved are the pieces that stand in storefronts, where they may have a margin.
func shelved(pieces []follows.Piece) []storefronts.Shelved {
	var of []storefronts.Shelved
	for _, p := range pieces {
		if p.Owner() == follows.Member {
			of = append(of, storefronts.Shelved{MemberID: p.MemberID, ProductID: p.ProductID})
		}
	}
	return of
}

// pieceView is a piece as it is sold where it was shown: in the storefront with its margin, or by the brand.
func pieceView(piece follows.Piece, p catalog.ProductCard, m storefronts.Margin) PieceView {
	v := PieceView{Piece: piece}
	now := p.From()
	path := "/p/" + p.Slug
	if piece.Owner() == follows.Member {
		path = v.Path() + path
		now = money.New(now.Minor+m.On(now, p.MarginBps).Minor, now.Currency)
	}
	v.Card = Card{URL: path, Title: p.Title, Brand: p.BrandName, Photo: p.MediaHash, Alt: p.MediaAlt,
		Price: &page.Price{Now: now, From: p.MinMinor < p.MaxMinor}}
	return v
}

// cards are the products of posts and pieces, in the viewer's language.
func (s *Server) cards(c echo.Context, items []posts.Item, pieces []follows.Piece) (map[int64]catalog.ProductCard, error) {
	var ids []int64
	for _, i := range items {
		if i.Attach == posts.Product {
			ids = append(ids, i.ProductID)
		}
	}
	for _, p := range pieces {
		ids = append(ids, p.ProductID)
	}
	cards := map[int64]catalog.ProductCard{}
	if len(ids) == 0 {
		return cards, nil
	}
	found, err := catalog.Cards(c.Request().Context(), s.DB, page.Lang(c), s.Now(), ids...)
	for _, p := range found {
		cards[p.ID] = p
	}
	return cards, err
}
