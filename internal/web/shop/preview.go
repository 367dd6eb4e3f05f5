package shop

import (
	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/catalog/markdown"
	"relais/internal/i18n"
	"relais/internal/media"
	"relais/internal/web/page"
	"relais/internal/web/preview"
)

// elsewhere is how a product looks elsewhere: Open Graph for messengers, JSON-LD for search engines.
type elsewhere struct {
	Canonical string // /p/slug, also in a storefront: one product, one address
	Image     string // absolute address of the picture that conversations show
	Text      string
	Linked    linkedProduct
}

// linkedProduct is schema.org's Product.
type linkedProduct struct {
	Context     string      `json:"@context"`
	Type        string      `json:"@type"`
	Name        string      `json:"name"`
	Description string      `json:"description,omitempty"`
	Image       []string    `json:"image,omitempty"`
	SKU         string      `json:"sku,omitempty"`
	Brand       linkedBrand `json:"brand"`
	Offers      linkedOffer `json:"offers"`

	Rating *linkedRating `json:"aggregateRating,omitempty"` // nil: nobody rated it
}

type linkedRating struct {
	Type   string `json:"@type"`
	Value  string `json:"ratingValue"`
	Count  int64  `json:"ratingCount"`
	Bodies int64  `json:"reviewCount"`
	Best   int    `json:"bestRating"`
	Worst  int    `json:"worstRating"`
}

type linkedBrand struct {
	Type string `json:"@type"`
	Name string `json:"name"`
}

type linkedOffer struct {
	Type         string `json:"@type"`
	URL          string `json:"url"`
	Price        string `json:"price,omitempty"`
	LowPrice     string `json:"lowPrice,omitempty"`
	HighPrice    string `json:"highPrice,omitempty"`
	OfferCount   int    `json:"offerCount,omitempty"`
	Currency     string `json:"priceCurrency"`
	Availability string `json:"availability"`
}

func (s *Shop) elsewhere(p catalog.ProductPage, stars page.Stars) elsewhere {
	v := elsewhere{Canonical: s.baseURL + "/p/" + p.Slug, Text: markdown.Plain(p.Description, 200)}
	l := linkedProduct{Context: "https://schema.org", Type: "Product", Name: p.Title, Description: markdown.Plain(p.Description, 500),
		Brand: linkedBrand{"Brand", p.Brand.Name}}
	for _, photo := range p.Photos {
		l.Image = append(l.Image, s.baseURL+media.URL(photo.Hash, media.Large))
	}
	if stars.Count > 0 {
		l.Rating = &linkedRating{"AggregateRating", i18n.EN.Tenths(stars.Tenths), stars.Count, stars.Count, 5, 1}
	}
	low, high := lowest(p), p.Variants[0]
	for _, variant := range p.Variants {
		if variant.PriceMinor > high.PriceMinor {
			high = variant
		}
	}
	l.Offers = linkedOffer{Type: "Offer", URL: v.Canonical, Currency: string(p.Currency), Availability: "https://schema.org/InStock"}
	switch {
	case p.State == catalog.Launching:
		l.Offers.Availability = "https://schema.org/PreOrder"
	case p.Stock() == 0:
		l.Offers.Availability = "https://schema.org/OutOfStock"
	}
	if low.PriceMinor == high.PriceMinor {
		l.Offers.Price, l.SKU = low.Price.Decimal(), low.SKU
	} else {
		l.Offers.Type, l.Offers.OfferCount = "AggregateOffer", len(p.Variants)
		l.Offers.LowPrice, l.Offers.HighPrice = low.Price.Decimal(), high.Price.Decimal()
	}
	v.Linked = l
	return v
}

// pictureOf is the address of the picture of a product's page, with its price there and who recommends it.
func (s *Shop) pictureOf(c echo.Context, p catalog.ProductPage, r *relay) string {
	price := priceOf(p)
	about, address := preview.Subject{Lang: page.Lang(c), Title: p.Title, Price: &price.Now, From: price.From}, s.baseURL
	if len(p.Photos) > 0 {
		about.Photo = p.Photos[0].Hash
	}
	if r != nil {
		about.Member, address = r.MemberName, address+r.Path()
	}
	return about.Of(address + "/p/" + p.Slug)
}
