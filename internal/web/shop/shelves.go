package shop

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/changes"
	"relais/internal/storefronts"
	"relais/internal/stories"
	"relais/internal/web/opinion"
	"relais/internal/web/page"
	"relais/internal/web/story"
)

// shelf is a part of a storefront: a collection, or what is in none, which has no name where there are no collections.
type shelf struct {
	ID          int64
	Name, Intro string
	Products    []page.ProductCard
}

// arrange puts the listings of a storefront, whose cards are in data.Products, where its owner wants them: the pinned one first and large,
// then the collections with something in them, then the rest.
func (s *Shop) arrange(c echo.Context, data *storefrontPage, list []storefronts.Listing) (err error) {
	ctx := c.Request().Context()
	data.Break = data.Away(s.now())
	if data.Links, err = storefronts.Links(ctx, s.db, data.MemberID); err != nil {
		return err
	}
	if data.Book, err = opinion.BookOf(c, s.db, data.MemberID, data.Handle); err != nil {
		return err
	}
	if data.Stories, err = story.ShelfOf(c, s.db, stories.Owner{MemberID: data.MemberID}, data.Path()); err != nil {
		return err
	}
	collections, err := storefronts.Collections(ctx, s.db, data.MemberID)
	if err != nil {
		return err
	}
	in, err := storefronts.Shelves(ctx, s.db, data.MemberID)
	if err != nil {
		return err
	}
	at, rest := map[int64]*shelf{}, &shelf{}
	for _, one := range collections {
		at[one.ID] = &shelf{ID: one.ID, Name: one.Name, Intro: one.Intro}
	}
	for i, l := range list {
		where, found := at[in[l.ID]]
		switch {
		case data.PinnedID != nil && *data.PinnedID == l.ID:
			data.Pinned = &data.Products[i]
			continue
		case !found:
			where = rest
		}
		where.Products = append(where.Products, data.Products[i])
	}
	for _, one := range collections {
		if sh := at[one.ID]; len(sh.Products) > 0 {
			data.Sections = append(data.Sections, *sh)
		}
	}
	if len(rest.Products) > 0 {
		if len(data.Sections) > 0 {
			rest.Name = page.Lang(c).T("front.rest")
		}
		data.Sections = append(data.Sections, *rest)
	}
	return nil
}

// awayPage is what a product in a storefront that has days off leads to.
type awayPage struct {
	Front   storefronts.Storefront
	Product catalog.ProductPage
	Card    page.ProductCard
	Own     string // the product on its brand's own page, with the click that brought the visitor
	Clicked bool   // the member earns by that click, as the rules say
	Self    bool
	Image   string // absolute address of the picture that conversations show
}

// away says until when a storefront takes no orders, and offers the product at its brand.
func (s *Shop) away(c echo.Context, p catalog.ProductPage, r *relay) error {
	cards, err := catalog.Cards(c.Request().Context(), s.db, page.Lang(c), s.now(), p.ID)
	if err != nil {
		return err
	}
	click := c.QueryParam("c")
	data := awayPage{Front: r.Storefront, Product: p, Own: withClick("/p/"+p.Slug, click), Clicked: click != "", Self: r.Self, Image: s.pictureOf(c, p, r)}
	for _, one := range cards {
		data.Card = card(c, one)
		data.Card.URL = data.Own
	}
	page.Shows(c, changes.Member(r.MemberID), changes.Brand(p.BrandID))
	return s.site.Render(c, http.StatusOK, "shop/away", data)
}
