package ballot

import (
	"errors"

	"github.com/labstack/echo/v4"

	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/polls"
	"relais/internal/referrals"
	"relais/internal/storefronts"
	"relais/internal/web/page"
	"relais/internal/web/preview"
)

// brought is who brought a visitor to a poll, and where its products are sold so that the click, or the storefront of who brought them, counts.
type brought struct {
	Click  string // token in the address; empty: none
	Relay  string // who earns by what comes of the poll, by their link; empty: nobody, or nobody known
	About  string // address of the product that it is about; empty: none
	Came   []piece
	Shares bool // a link of the viewer's own could bring them something
}

// brought gathers it.
func (s *Server) brought(c echo.Context, v polls.View, viewer int64) (b brought, err error) {
	ctx := c.Request().Context()
	if b.Shares, err = referrals.PollPays(ctx, s.DB, v.ID, viewer, s.Now()); err != nil {
		return b, err
	}
	relay, err := referrals.RecommenderOf(ctx, s.DB, c.QueryParam("c"), s.Now())
	if err != nil {
		return b, err
	}
	if relay.MemberID != 0 {
		b.Click = c.QueryParam("c")
		pays, err := referrals.PollPays(ctx, s.DB, v.ID, relay.MemberID, s.Now())
		if err != nil {
			return b, err
		}
		if pays {
			b.Relay = relay.Name
		}
	}
	if b.About, err = s.soldBy(c, relay, v.ProductSlug); err != nil {
		return b, err
	}
	b.Came, err = s.pieces(c, v, relay)
	return b, err
}

// piece is one that came of a poll, as its page shows it.
type piece struct {
	polls.Piece
	URL     string // empty: neither for sale nor being launched
	Against string // how its price is to what was decided: "as", "less" or "more"
	Today   string // what it costs today, where that is more than was decided and than it was; empty: it is not
}

// pieces are those that came of a poll.
func (s *Server) pieces(c echo.Context, v polls.View, relay referrals.Recommended) (list []piece, err error) {
	low, high, ok := v.Outcome()
	if !ok {
		return nil, nil
	}
	for _, p := range v.Pieces {
		one := piece{Piece: p, Against: polls.Against(p.PriceMinor, low.Minor, high.Minor)}
		if p.NowMinor > max(p.PriceMinor, high.Minor) && p.Slug != "" {
			one.Today = page.Lang(c).Money(p.Now())
		}
		if one.URL, err = s.soldBy(c, relay, p.Slug); err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, nil
}

// soldBy is the address of a product in the storefront of who brought the visitor, where they list it, else at its brand.
func (s *Server) soldBy(c echo.Context, relay referrals.Recommended, slug string) (string, error) {
	switch {
	case slug == "":
		return "", nil
	case relay.MemberID == 0:
		return "/p/" + slug, nil
	}
	_, err := storefronts.ListingBySlug(c.Request().Context(), s.DB, relay.MemberID, slug, page.Lang(c), s.Now())
	switch {
	case err == nil:
		return referrals.WithClick("/@"+relay.Handle+"/p/"+slug, c.QueryParam("c")), nil
	case errors.Is(err, fault.NotFound):
		return referrals.WithClick("/p/"+slug, c.QueryParam("c")), nil
	}
	return "", err
}

// subject is what the picture of a poll shows.
func subject(l i18n.Lang, v polls.View) preview.Subject {
	return preview.Subject{Lang: l, Title: v.Title, Photo: v.Picture}
}

// card is the picture of a poll.
func (s *Server) card(c echo.Context) error {
	l := page.Lang(c)
	if asked, ok := i18n.Parse(c.QueryParam("lang")); ok {
		l = asked
	}
	v, err := s.Polls.ByCode(c.Request().Context(), c.Param("code"), 0, l)
	if err == nil && v.StoppedAt != nil {
		err = polls.ErrGone
	}
	if err != nil {
		return err
	}
	return s.Pictures.Answer(c, subject(l, v))
}
