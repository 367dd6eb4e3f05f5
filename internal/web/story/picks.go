package story

import (
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/storefronts"
	"relais/internal/web/page"
)

// pick is a product that a story can show.
type pick struct {
	Value, Title, Hint, Photo string
	Checked                   bool
}

// picksShown is how many products are offered besides those that are chosen.
const picksShown = 8

// picks are the products that are chosen, and those that the owner can show: what was searched for, else the newest.
func (s *Server) picks(c echo.Context, d desk, form *page.Form) ([]pick, error) {
	ctx, l := c.Request().Context(), page.Lang(c)
	var list []pick
	add := func(p catalog.ProductCard) {
		value := strconv.FormatInt(p.ID, 10)
		if !slices.ContainsFunc(list, func(have pick) bool { return have.Value == value }) {
			list = append(list, pick{Value: value, Title: p.Title, Hint: p.BrandName + " · " + l.Money(p.From()), Photo: p.MediaHash, Checked: form.Has("products", value)})
		}
	}
	var ids []int64
	for _, value := range form.All("products") {
		if n, err := strconv.ParseInt(value, 10, 64); err == nil {
			ids = append(ids, n)
		}
	}
	if len(ids) > 0 {
		chosen, err := catalog.Cards(ctx, s.DB, l, s.Now(), ids...)
		if err != nil {
			return nil, err
		}
		for _, p := range chosen {
			add(p)
		}
	}
	offered, err := s.offered(c, d, form.Get("q"))
	for _, p := range offered {
		add(p)
	}
	return list, err
}

// offered are products that an owner can show: of a brand its own, of a member those in their storefront.
func (s *Server) offered(c echo.Context, d desk, q string) ([]catalog.ProductCard, error) {
	ctx, l := c.Request().Context(), page.Lang(c)
	if d.Brand != nil {
		query := catalog.Query{Text: q, Brand: d.Brand.Handle, Lang: l, At: s.Now(), PerPage: picksShown, Sort: catalog.Newest}
		if q != "" {
			query.Sort = catalog.Relevance
		}
		found, err := catalog.Search(ctx, s.DB, query)
		return found.Cards, err
	}
	listed, err := storefronts.Listings(ctx, s.DB, d.Owner.MemberID, l, s.Now())
	var found []catalog.ProductCard
	for _, one := range listed {
		if one.Published && len(found) < picksShown && strings.Contains(strings.ToLower(one.Title+" "+one.BrandName), strings.ToLower(q)) {
			found = append(found, one.ProductCard)
		}
	}
	return found, err
}
