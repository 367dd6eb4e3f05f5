package shop

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"relais/internal/carts"
	"relais/internal/catalog"
	"relais/internal/changes"
	"relais/internal/fault"
	"relais/internal/fediverse"
	"relais/internal/follows"
	"relais/internal/ideas"
	"relais/internal/polls"
	"relais/internal/referrals"
	"relais/internal/stories"
	"relais/internal/support"
	"relais/internal/web/page"
	"relais/internal/web/preview"
	"relais/internal/web/story"
)

func (s *Shop) brands(c echo.Context) error {
	page.Shows(c, changes.Everything)
	list, err := s.brandCards(c)
	if err != nil {
		return err
	}
	return s.site.Render(c, http.StatusOK, "shop/brands", list)
}

type brandPage struct {
	Brand    catalog.Brand
	Terms    catalog.Terms
	City     string
	Products []page.ProductCard
	Pager    *page.Pager
	Delivery []carts.Method
	Follow   follows.Standing
	Polls    []polls.View // that are open
	Actor    int64        // by which it can be followed from elsewhere; 0: it cannot
	Image    string       // absolute address of the picture that conversations show
	Stories  story.Shelf
	Relay    string          // who brought the visitor, and earns; empty: nobody known
	Ideas    bool            // it takes ideas, or took some
	IdeasNow int             // that are open
	Pleased  support.Opinion // of buyers with the brand's answers
}

// FirstBps is the part of the first of several links, in basis points.
func (p brandPage) FirstBps() int64 { return 10_000 - p.Terms.SplitLastBps }

func (s *Shop) brand(c echo.Context) error {
	ctx, lang, now := c.Request().Context(), page.Lang(c), s.now()
	b, err := catalog.BrandByHandle(ctx, s.db, c.Param("handle"), lang)
	if err != nil {
		return err
	}
	page.Shows(c, changes.Brand(b.ID))
	if b.BlockedAt != nil {
		return fault.New(fault.NotFound, "fault.page_not_found")
	}
	terms, err := catalog.TermsAt(ctx, s.db, b.ID, 0, now)
	if err != nil {
		return err
	}
	pager := page.NewPager(c, 24, 0)
	found, err := catalog.Search(ctx, s.db, catalog.Query{Brand: b.Handle, Sort: catalog.Newest, Page: pager.Page, PerPage: pager.Size, Lang: lang, At: now})
	if err != nil {
		return err
	}
	pager.Total = found.Total
	delivery, err := s.delivery(c, b.ID)
	if err != nil {
		return err
	}
	click := c.QueryParam("c")
	relay, err := referrals.Recommender(ctx, s.db, click, now)
	if err != nil {
		return err
	}
	actor, err := fediverse.Followable(ctx, s.db, fediverse.Owner{Kind: fediverse.Brand, ID: b.ID})
	if err != nil {
		return err
	}
	follow, err := follows.OfBrand(ctx, s.db, viewerOrGuest(c), b.ID, b.Handle)
	if err != nil {
		return err
	}
	data := brandPage{Brand: b, Terms: terms, City: cityOf(b.MakerAddress), Pager: pager, Delivery: delivery, Follow: follow, Actor: actor, Relay: relay,
		Image: preview.Subject{Lang: lang, Title: b.Name, Photo: b.CoverHash}.Of(s.baseURL + "/b/" + b.Handle)}
	if err := s.takesPart(c, &data); err != nil {
		return err
	}
	products := cards(c, found.Cards)
	for i := range products {
		products[i].URL = withClick(products[i].URL, click) // the click goes with the visitor into the basket
	}
	data.Products = products
	return s.site.Render(c, http.StatusOK, "shop/brand", data)
}

// takesPart reads what the brand tells, asks and answers.
func (s *Shop) takesPart(c echo.Context, data *brandPage) error {
	ctx, b := c.Request().Context(), data.Brand
	takes, err := ideas.SettingsOf(ctx, s.db, b.ID)
	if err != nil {
		return err
	}
	counts, err := ideas.CountsOf(ctx, s.db, b.ID, s.now())
	if err != nil {
		return err
	}
	data.Ideas, data.IdeasNow = takes.Taken || counts != ideas.Counts{}, counts.Open
	if data.Polls, err = polls.OpenOfBrand(ctx, s.db, page.Lang(c), b.ID); err != nil {
		return err
	}
	if data.Stories, err = story.ShelfOf(c, s.db, stories.Owner{BrandID: b.ID}, "/b/"+b.Handle); err != nil {
		return err
	}
	data.Pleased, err = support.OpinionOf(ctx, s.db, b.ID)
	return err
}
