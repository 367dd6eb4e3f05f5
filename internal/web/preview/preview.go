// Package preview is how public pages look where their address is written: in conversations and on networks. Each page that is
// shared has a picture of its own at its address followed by /card.jpg: drawn as package card says, in the language of the page.
//
//	/card.jpg                    the site itself, for pages that show nothing of themselves to strangers
//	/p/slug/card.jpg             a product
//	/b/handle/card.jpg           a brand
//	/@handle/card.jpg            a storefront
//	/@handle/p/slug/card.jpg     a product in a storefront: its price there, who recommends it, and that it is an advertisement
//
// The picture of a share link is at /r/CODE/card.jpg, in the language of whoever shares it (package relay).
package preview

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/media"
	"relais/internal/money"
	"relais/internal/postgres"
	"relais/internal/referrals"
	"relais/internal/storefronts"
	"relais/internal/web/card"
	"relais/internal/web/page"
)

// Subject is what a picture shows.
type Subject struct {
	Lang   i18n.Lang
	Title  string        // of the product, the brand or the storefront
	Price  *money.Amount // including VAT; nil: no price
	From   bool          // the lowest of several
	Photo  string        // content hash; empty: none
	Member string        // who recommends it, and earns by it; empty: nobody
}

// picture is what is drawn of it.
func (s Subject) picture() card.Card {
	p := card.Card{Title: s.Title}
	if s.Member != "" {
		p.By, p.Ad = s.Lang.T("relay.preview.by", "Name", s.Member), s.Lang.T("relay.preview.word")
	}
	if s.Price != nil {
		p.Price = s.Lang.Money(*s.Price)
		if s.From {
			p.Price = s.Lang.T("page.price.from") + " " + p.Price
		}
	}
	return p
}

// Version changes with what the picture shows: messengers keep a picture as long as its address stays.
func (s Subject) Version() string { return card.Key(s.Photo, s.picture()) }

// Of is the address of the picture of the page at an address.
func (s Subject) Of(address string) string {
	return address + "/card.jpg?lang=" + string(s.Lang) + "&v=" + s.Version()
}

// Pictures draws them and keeps those drawn last.
type Pictures struct {
	Cards *card.Cache
	Media *media.Store
}

// Answer answers with a picture.
func (p Pictures) Answer(c echo.Context, s Subject) error {
	etag := `"` + s.Version() + `"`
	h := c.Response().Header()
	h.Set("Cache-Control", "public, max-age=86400")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin") // it is made to be shown elsewhere
	h.Set("ETag", etag)
	if c.Request().Header.Get("If-None-Match") == etag {
		return c.NoContent(http.StatusNotModified)
	}
	open := func() (io.ReadCloser, error) { return p.Media.Open(s.Photo, media.Medium) }
	jpeg, err := p.Cards.Render(s.Photo, open, s.picture())
	if err != nil {
		return fmt.Errorf("draw card of %q: %w", s.Title, err)
	}
	h.Set(echo.HeaderContentLength, strconv.Itoa(len(jpeg)))
	return c.Blob(http.StatusOK, "image/jpeg", jpeg)
}

// Options is what a Server needs.
type Options struct {
	Pictures
	DB  *postgres.DB
	Now func() time.Time // business time
}

// Server answers the pictures of public pages. Create it with New.
type Server struct{ Options }

// New makes the Server.
func New(o Options) *Server { return &Server{o} }

// Routes adds the pictures to the site.
func (s *Server) Routes(e *echo.Echo) {
	for path, subject := range map[string]func(echo.Context, *Subject) error{
		"": s.site, "/p/:slug": s.product, "/b/:handle": s.brand, "/@:handle": s.storefront, "/@:handle/p/:slug": s.listed,
	} {
		e.GET(path+"/card.jpg", func(c echo.Context) error {
			about := Subject{Lang: page.Lang(c)}
			if l, ok := i18n.Parse(c.QueryParam("lang")); ok {
				about.Lang = l
			}
			if err := subject(c, &about); err != nil {
				return err
			}
			return s.Answer(c, about)
		})
	}
}

// Site is what the picture of the site itself shows.
func Site(l i18n.Lang) Subject { return Subject{Lang: l, Title: l.T("page.title")} }

func (s *Server) site(_ echo.Context, about *Subject) error {
	*about = Site(about.Lang)
	return nil
}

func (s *Server) brand(c echo.Context, about *Subject) error {
	b, err := catalog.BrandByHandle(c.Request().Context(), s.DB, c.Param("handle"), about.Lang)
	if err == nil && b.BlockedAt != nil {
		return gone()
	}
	about.Title, about.Photo = b.Name, b.CoverHash
	return err
}

func (s *Server) storefront(c echo.Context, about *Subject) error {
	ctx := c.Request().Context()
	f, err := storefronts.ByHandle(ctx, s.DB, c.Param("handle"))
	if err != nil {
		return err
	}
	about.Title, about.Photo, about.Member = NameOf(f, about.Lang), f.CoverHash, f.MemberName
	if about.Photo != "" {
		return nil
	}
	list, err := storefronts.Listings(ctx, s.DB, f.MemberID, about.Lang, s.Now())
	if len(list) > 0 {
		about.Photo = list[0].MediaHash
	}
	return err
}

// NameOf is the title of a storefront; one without is called by its member's name.
func NameOf(f storefronts.Storefront, l i18n.Lang) string {
	if f.Title != "" {
		return f.Title
	}
	return l.T("page.storefront.title", "Name", f.MemberName)
}

func (s *Server) product(c echo.Context, about *Subject) error {
	_, err := s.card(c, about)
	return err
}

// card fills in a product as its brand sells it.
func (s *Server) card(c echo.Context, about *Subject) (catalog.ProductCard, error) {
	ctx := c.Request().Context()
	p, err := catalog.BySlug(ctx, s.DB, c.Param("slug"), about.Lang, s.Now())
	if err != nil {
		return catalog.ProductCard{}, err
	}
	cards, err := catalog.Cards(ctx, s.DB, about.Lang, s.Now(), p.ID)
	if err != nil {
		return catalog.ProductCard{}, err
	}
	if !p.Visible || len(cards) == 0 {
		return catalog.ProductCard{}, gone()
	}
	about.Product(cards[0])
	return cards[0], nil
}

// Product fills in a product as its brand sells it.
func (s *Subject) Product(p catalog.ProductCard) {
	price := p.From()
	s.Title, s.Price, s.From, s.Photo = p.Title, &price, p.MinMinor < p.MaxMinor, p.MediaHash
}

func (s *Server) listed(c echo.Context, about *Subject) error {
	p, err := s.card(c, about)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	f, err := storefronts.ByHandle(ctx, s.DB, c.Param("handle"))
	if err != nil {
		return err
	}
	about.Member = f.MemberName
	found, err := about.ListedBy(ctx, s.DB, f.MemberID, p, s.Now())
	if err != nil || found {
		return err
	}
	shared, err := referrals.Shared(ctx, s.DB, f.MemberID, p.ID)
	if err == nil && !shared {
		return gone()
	}
	return err
}

// ListedBy puts the price that a member's storefront asks for a product, and says whether it is in that storefront.
func (s *Subject) ListedBy(ctx context.Context, db *postgres.DB, memberID int64, p catalog.ProductCard, at time.Time) (bool, error) {
	l, err := storefronts.ListingBySlug(ctx, db, memberID, p.Slug, s.Lang, at)
	if errors.Is(err, fault.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	price := l.Price()
	s.Price = &price
	return true, nil
}

func gone() error { return fault.New(fault.NotFound, "fault.page_not_found") }
