package story

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/changes"
	"relais/internal/fault"
	"relais/internal/follows"
	"relais/internal/posts"
	"relais/internal/referrals"
	"relais/internal/reports"
	"relais/internal/storefronts"
	"relais/internal/stories"
	"relais/internal/web/casedesk"
	"relais/internal/web/page"
	"relais/internal/web/preview"
)

// storyPage is a story as it is read, or as its writer previews it.
type storyPage struct {
	stories.Story
	Summary  string
	First    *stories.Photo // at the head, unless the text puts it somewhere
	Blocks   []block
	Rest     []stories.Photo // that the text puts nowhere
	Video    *stories.Video
	Products []page.ProductCard
	Gone     int    // that it shows and that are not for sale
	Pays     bool   // something that it shows brings whoever brought the visitor something or, where nobody is known, its author
	Shares   bool   // or the viewer, if they share it
	Relay    string // who brought the visitor, and earns; empty: nobody known
	Sibling  []stories.Story
	Part     int // which of them it is, from 1
	Previous *stories.Story
	Next     *stories.Story
	Follow   follows.Standing
	Image    string // absolute address of the picture that conversations show
	Preview  bool   // nobody else reads it yet
	Mine     bool   // the viewer tells it
}

// block is a part of the text: its lines with their links, or a photograph.
type block struct {
	stories.Block
	Lines [][]posts.Piece
	Image *stories.Photo
}

// Private says whether its photographs are those of a draft.
func (p storyPage) Private() bool { return p.State != stories.Published }

// story answers a story. An address with other words after the code leads to the one that it has now.
func (s *Server) story(c echo.Context) error {
	told, err := s.public(c)
	if err != nil {
		return err
	}
	if c.Request().URL.Path != told.Path() {
		return c.Redirect(http.StatusFound, referrals.WithClick(told.Path(), c.QueryParam("c")))
	}
	page.Shows(c, changes.Story(told.ID), topic(told))
	data, err := s.read(c, told)
	if err != nil {
		return err
	}
	return s.Site.Render(c, http.StatusOK, "story/story", data)
}

func topic(told stories.Story) string {
	if told.BrandID != 0 {
		return changes.Brand(told.BrandID)
	}
	return changes.Member(told.AuthorID)
}

// read gathers what the page of a story shows.
func (s *Server) read(c echo.Context, told stories.Story) (data storyPage, err error) {
	ctx, viewer := c.Request().Context(), int64(0)
	data = storyPage{Story: told, Summary: stories.Excerpt(told.Body, 280)}
	if v := page.ViewerFrom(c); v != nil {
		viewer = v.ID
		_, team := v.Brand(told.BrandHandle)
		data.Mine = told.BrandID == 0 && v.ID == told.AuthorID || told.BrandID != 0 && team
	}
	data.arrange()
	if told.Video != "" {
		if v, err := stories.ParseVideo(told.Video); err == nil {
			data.Video = &v
		}
	}
	if data.Shares, err = referrals.StoryPays(ctx, s.DB, told.ID, viewer, s.Now()); err != nil {
		return data, err
	}
	if err := s.sold(c, &data); err != nil {
		return data, err
	}
	if err := s.sequence(c, &data); err != nil {
		return data, err
	}
	about, err := s.subject(ctx, told)
	if err != nil {
		return data, err
	}
	data.Image = about.Of(s.BaseURL + told.Path())
	if told.BrandID != 0 {
		data.Follow, err = follows.OfBrand(ctx, s.DB, viewer, told.BrandID, told.BrandHandle)
	} else {
		data.Follow, err = follows.OfMember(ctx, s.DB, viewer, told.AuthorID, told.AuthorHandle)
	}
	return data, err
}

// arrange puts the photographs where the text wants them: the first at the head, and what it does not name after it.
func (p *storyPage) arrange() {
	blocks := stories.Blocks(p.Body)
	placed := stories.Placed(blocks)
	for _, b := range blocks {
		one := block{Block: b}
		for _, line := range b.Lines {
			one.Lines = append(one.Lines, posts.Pieces(line))
		}
		if b.Shape == stories.Picture {
			if b.Photo >= len(p.Photos) {
				continue
			}
			one.Image = &p.Photos[b.Photo]
		}
		p.Blocks = append(p.Blocks, one)
	}
	for i := range p.Photos {
		switch {
		case placed[i]:
		case i == 0:
			p.First = &p.Photos[0]
		default:
			p.Rest = append(p.Rest, p.Photos[i])
		}
	}
}

// sold adds the products that the story shows, each leading to where whoever brought the visitor earns: their storefront where they list it, else
// the product itself with their click. Without a click a member's story leads into their own storefront.
func (s *Server) sold(c echo.Context, data *storyPage) error {
	ctx, l, click := c.Request().Context(), page.Lang(c), c.QueryParam("c")
	relay, err := referrals.RecommenderOf(ctx, s.DB, click, s.Now())
	if err != nil {
		return err
	}
	data.Relay = relay.Name
	if relay.MemberID == 0 && data.BrandID == 0 {
		relay = referrals.Recommended{MemberID: data.AuthorID, Handle: data.AuthorHandle}
	}
	if data.Pays, err = referrals.StoryPays(ctx, s.DB, data.ID, relay.MemberID, s.Now()); err != nil || len(data.Story.Products) == 0 {
		return err
	}
	cards, err := catalog.Cards(ctx, s.DB, l, s.Now(), data.Story.Products...)
	if err != nil {
		return err
	}
	for _, id := range data.Story.Products {
		i := slices.IndexFunc(cards, func(p catalog.ProductCard) bool { return p.ID == id && p.State == catalog.Published })
		if i < 0 {
			data.Gone++
			continue
		}
		p, shown := cards[i], productCard(c, cards[i])
		page.Shows(c, changes.Brand(p.BrandID))
		if relay.MemberID != 0 {
			listing, err := storefronts.ListingBySlug(ctx, s.DB, relay.MemberID, p.Slug, l, s.Now())
			switch {
			case err == nil:
				shown.URL, shown.Price.Now = "/@"+relay.Handle+"/p/"+p.Slug, listing.Price()
			case !errors.Is(err, fault.NotFound):
				return err
			}
		}
		shown.URL = referrals.WithClick(shown.URL, click)
		data.Products = append(data.Products, shown)
	}
	return nil
}

// productCard is a product as its brand sells it.
func productCard(c echo.Context, p catalog.ProductCard) page.ProductCard {
	shown := page.ProductCard{URL: "/p/" + p.Slug, Title: p.Title, Brand: p.BrandName, Photo: p.MediaHash, Alt: p.MediaAlt,
		Price: page.Price{Now: p.From(), From: p.MinMinor < p.MaxMinor}, SoldOut: p.Stock == 0}
	if shown.Alt == "" {
		shown.Alt = p.Title
	}
	if earn := p.Earn(); page.ViewerFrom(c) != nil && earn.Sign() > 0 {
		shown.Earn = &earn
	}
	return shown
}

// sequence adds the other stories of its series.
func (s *Server) sequence(c echo.Context, data *storyPage) (err error) {
	if data.SeriesID == 0 {
		return nil
	}
	if data.Sibling, err = stories.InSeries(c.Request().Context(), s.DB, data.SeriesID); err != nil {
		return err
	}
	at := slices.IndexFunc(data.Sibling, func(one stories.Story) bool { return one.ID == data.ID })
	if at < 0 { // not published yet
		return nil
	}
	data.Part = at + 1
	if at > 0 {
		data.Previous = &data.Sibling[at-1]
	}
	if at+1 < len(data.Sibling) {
		data.Next = &data.Sibling[at+1]
	}
	return nil
}

// subject is what the picture of a story shows; a member who earns by it is named.
func (s *Server) subject(ctx context.Context, told stories.Story) (preview.Subject, error) {
	about := preview.Subject{Lang: told.Lang, Title: told.Title, Photo: told.Cover().Hash}
	if told.BrandID != 0 {
		return about, nil
	}
	pays, err := referrals.StoryPays(ctx, s.DB, told.ID, told.AuthorID, s.Now())
	if pays {
		about.Member = told.AuthorName
	}
	return about, err
}

// card is the picture of a story.
func (s *Server) card(c echo.Context) error {
	told, err := s.public(c)
	if err != nil {
		return err
	}
	about, err := s.subject(c.Request().Context(), told)
	if err != nil {
		return err
	}
	return s.Pictures.Answer(c, about)
}

// report is what a visitor finds wrong with a story, with an account or without.
func (s *Server) report(c echo.Context) error {
	told, err := s.public(c)
	if err != nil {
		return err
	}
	said := reports.Complaint{Part: stories.AStory, ID: told.ID}
	if v := page.ViewerFrom(c); v != nil {
		said.MemberID = v.ID
	}
	f := casedesk.Form[Tile]{Subject: TileOf(told), Back: told.Path(), Reasons: casedesk.Reasons(page.Lang(c), "opinion.reason.", stories.Reasons())}
	return casedesk.Answer(c, s.Site, "story/report", f, func(reason, text string) error {
		said.Reason, said.Text = reason, text
		return s.Stories.Report(c.Request().Context(), said)
	})
}

// queue is where the platform decides.
func (s *Server) queue() casedesk.Desk[stories.Story] {
	return casedesk.Desk[stories.Story]{Site: s.Site, DB: s.DB, Reports: s.Stories.Reports(), Decide: s.Stories.Decide, Now: s.Now, Page: "story/queue", Path: "/admin/stories",
		Own: "story/hidden", Kinds: []reports.Part{stories.AStory},
		Reasons: "opinion.reason.", Keep: "story.queue.keep_hint", Hide: "story.queue.hide_hint"}
}
