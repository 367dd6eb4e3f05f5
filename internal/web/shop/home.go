package shop

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/changes"
	"relais/internal/polls"
	"relais/internal/storefronts"
	"relais/internal/web/page"
)

type homePage struct {
	Hero        []page.ProductCard // three photographs
	Recommended []page.ProductCard
	Storefronts []storefronts.Window
	Brands      []page.BrandCard
	Polls       []polls.View // that close first
}

func (s *Shop) home(c echo.Context) error {
	ctx, lang, now := c.Request().Context(), page.Lang(c), s.now()
	page.Shows(c, changes.Everything)
	picks, err := storefronts.Recommended(ctx, s.db, 11)
	if err != nil {
		return err
	}
	var data homePage
	if data.Recommended, err = s.recommended(c, picks); err != nil {
		return err
	}
	if len(data.Recommended) == 0 {
		newest, err := catalog.Search(ctx, s.db, catalog.Query{Sort: catalog.Newest, PerPage: 11, Lang: lang, At: now})
		if err != nil {
			return err
		}
		data.Recommended = cards(c, newest.Cards)
	}
	n := min(3, len(data.Recommended))
	data.Hero, data.Recommended = data.Recommended[:n], data.Recommended[n:]
	if data.Storefronts, err = storefronts.Windows(ctx, s.db, 6); err != nil {
		return err
	}
	if data.Polls, err = polls.OpenNow(ctx, s.db, lang, 3, 0); err != nil {
		return err
	}
	if data.Brands, err = s.brandCards(c); err != nil {
		return err
	}
	data.Brands = data.Brands[:min(4, len(data.Brands))]
	return s.site.Render(c, http.StatusOK, "shop/home", data)
}

// recommended are products as a member recommends them: the card leads to that member's storefront.
func (s *Shop) recommended(c echo.Context, picks []storefronts.Pick) ([]page.ProductCard, error) {
	ids := make([]int64, len(picks))
	byProduct := make(map[int64]storefronts.Pick, len(picks))
	for i, p := range picks {
		ids[i], byProduct[p.ProductID] = p.ProductID, p
	}
	list, err := catalog.Cards(c.Request().Context(), s.db, page.Lang(c), s.now(), ids...)
	if err != nil {
		return nil, err
	}
	shown := cards(c, list)
	for i, p := range list {
		pick := byProduct[p.ID]
		shown[i].URL = "/@" + pick.Handle + "/p/" + p.Slug
		shown[i].Note, shown[i].By, shown[i].Price.Now = pick.Note, pick.Name, margined(shown[i].Price.Now, pick.Margin, p)
	}
	return shown, nil
}

// brandCards are the brands that can be seen, with how much each sells and offers.
func (s *Shop) brandCards(c echo.Context) ([]page.BrandCard, error) {
	ctx := c.Request().Context()
	list, err := catalog.Brands(ctx, s.db, page.Lang(c))
	if err != nil {
		return nil, err
	}
	found, err := catalog.Search(ctx, s.db, catalog.Query{PerPage: 1, Lang: page.Lang(c), At: s.now()})
	if err != nil {
		return nil, err
	}
	count := map[string]int{}
	for _, f := range found.Brands {
		count[f.Value] = f.Count
	}
	shown := make([]page.BrandCard, len(list))
	for i, b := range list {
		terms, err := catalog.TermsAt(ctx, s.db, b.ID, 0, s.now())
		if err != nil {
			return nil, err
		}
		shown[i] = brandCard(b, count[b.Handle], terms.CommissionBps)
	}
	return shown, nil
}
