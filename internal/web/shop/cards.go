package shop

import (
	"strings"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/ratings"
	"relais/internal/storefronts"
	"relais/internal/web/page"
)

// card is a product in a list. Members see what recommending it would earn them.
func card(c echo.Context, p catalog.ProductCard) page.ProductCard {
	shown := page.ProductCard{
		URL: "/p/" + p.Slug, Title: p.Title, Brand: p.BrandName, Photo: p.MediaHash, Alt: altOf(p.MediaAlt, p.Title),
		Price: page.Price{Now: p.From(), From: p.MinMinor < p.MaxMinor}, SoldOut: p.Stock == 0 && p.State != catalog.Launching, Launching: p.State == catalog.Launching,
	}
	if p.Ratings >= ratings.MinShown {
		shown.Stars = &page.Stars{Tenths: ratings.Tenths(p.Stars, p.Ratings), Count: p.Ratings}
	}
	if earn := p.Earn(); page.ViewerFrom(c) != nil && earn.Sign() > 0 {
		shown.Earn = &earn
	}
	return shown
}

func cards(c echo.Context, list []catalog.ProductCard) []page.ProductCard {
	shown := make([]page.ProductCard, len(list))
	for i, p := range list {
		shown[i] = card(c, p)
		shown[i].Eager = i < 2
	}
	return shown
}

// listed is a product in a member's storefront; the address keeps the storefront, and the click that brought the visitor.
func listed(c echo.Context, f storefronts.Storefront, l storefronts.Listing) page.ProductCard {
	shown := card(c, l.ProductCard)
	shown.URL, shown.Note = withClick(f.Path()+"/p/"+l.Slug, c.QueryParam("c")), l.Note
	if !shown.Launching { // nothing is put on a price before it is sold
		shown.Price.Now = l.Price()
	}
	return shown
}

func altOf(alt, title string) string {
	if alt == "" {
		return title
	}
	return alt
}

// brandCard is a brand in a list.
func brandCard(b catalog.Brand, products int, commissionBps int64) page.BrandCard {
	return page.BrandCard{URL: "/b/" + b.Handle, Name: b.Name, Tagline: b.Tagline, Logo: b.LogoHash, Cover: b.CoverHash,
		City: cityOf(b.MakerAddress), Products: products, CommissionBps: commissionBps}
}

// cityOf is the last line of a postal address that is not its country, without the postcode: "44000 Nantes" is Nantes.
func cityOf(address string) string {
	lines := strings.FieldsFunc(address, func(r rune) bool { return r == '\n' || r == ',' })
	for i := len(lines) - 1; i >= 0; i-- {
		line := strings.TrimSpace(lines[i])
		code, city, found := strings.Cut(line, " ")
		if found && strings.ContainsAny(code, "0123456789") && len(code) >= 4 && !strings.ContainsAny(city, "0123456789") {
			return city
		}
	}
	return ""
}

// categoryName is a category in words: those that Relais knows are translated, a brand's own stand as they are.
func categoryName(l i18n.Lang, category string) string {
	if key := "shop.category." + strings.ToLower(category); l.Has(key) {
		return l.T(key)
	}
	return category
}

// earnOn is the commission on one piece at this price.
func earnOn(p catalog.ProductPage, price money.Amount) money.Amount {
	return catalog.Preview(price, p.VATBps, p.Terms.CommissionBps, 0).Commission
}
