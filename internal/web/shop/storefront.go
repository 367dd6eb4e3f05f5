package shop

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"relais/internal/changes"
	"relais/internal/fediverse"
	"relais/internal/follows"
	"relais/internal/groups"
	"relais/internal/storefronts"
	"relais/internal/web/opinion"
	"relais/internal/web/page"
	"relais/internal/web/preview"
	"relais/internal/web/story"
)

type storefrontPage struct {
	storefronts.Storefront
	Products []page.ProductCard
	Own      bool // the viewer's
	Circles  bool // they chose to be seen in some
	Image    string
	Follow   follows.Standing
	Actor    int64 // by which it can be followed from elsewhere; 0: it cannot
	Empty    page.Empty
	Sections []shelf
	Pinned   *page.ProductCard
	Links    []storefronts.Link
	Break    bool                // it takes no orders now
	Status   *storefronts.Status // of its member, who resells or said so; nil: nothing is said
	Book     opinion.Book
	Stories  story.Shelf
}

func (s *Shop) storefront(c echo.Context) error {
	ctx, lang := c.Request().Context(), page.Lang(c)
	f, err := storefronts.ByHandle(ctx, s.db, c.Param("handle"))
	if err != nil {
		return err
	}
	list, err := storefronts.Listings(ctx, s.db, f.MemberID, lang, s.now())
	if err != nil {
		return err
	}
	data := storefrontPage{Storefront: f}
	if data.Actor, err = fediverse.Followable(ctx, s.db, fediverse.Owner{Kind: fediverse.Storefront, ID: f.MemberID}); err != nil {
		return err
	}
	page.Shows(c, changes.Member(f.MemberID))
	for _, l := range list {
		page.Shows(c, changes.Brand(l.BrandID))
	}
	viewer := viewerOrGuest(c)
	data.Own = viewer == f.MemberID
	if data.Follow, err = follows.OfMember(ctx, s.db, viewer, f.MemberID, f.Handle); err != nil {
		return err
	}
	shown, err := groups.ShownBy(ctx, s.db, f.MemberID, 1)
	if err != nil {
		return err
	}
	data.Circles = len(shown) > 0
	resells := slices.ContainsFunc(list, func(l storefronts.Listing) bool { return l.Added(l.From()).Minor > 0 })
	if data.Status, err = s.statusOf(c, f.MemberID, resells); err != nil {
		return err
	}
	for i, l := range list {
		p := listed(c, f, l)
		p.Eager = i < 2
		data.Products = append(data.Products, p)
	}
	if err := s.arrange(c, &data, list); err != nil {
		return err
	}
	hash := f.CoverHash
	if hash == "" && len(list) > 0 {
		hash = list[0].MediaHash
	}
	data.Image = preview.Subject{Lang: lang, Title: preview.NameOf(f, lang), Photo: hash, Member: f.MemberName}.Of(s.baseURL + f.Path())
	data.Empty = page.Empty{Icon: "store", Title: lang.T("shop.storefront.empty.title", "Name", f.MemberName),
		Text: lang.T("shop.storefront.empty.text"), URL: "/products", Action: lang.T("shop.storefront.empty.action")}
	if data.Own {
		data.Empty.Text = lang.T("shop.storefront.empty.own")
	}
	return s.site.Render(c, http.StatusOK, "shop/storefront", data)
}

// statusOf is what a member says of themselves, where they said so or do what the law wants it said of; nil else.
func (s *Shop) statusOf(c echo.Context, memberID int64, resells bool) (*storefronts.Status, error) {
	said, err := storefronts.StatusOf(c.Request().Context(), s.db, memberID)
	if err != nil || said.At == nil && !resells {
		return nil, err
	}
	return &said, nil
}
