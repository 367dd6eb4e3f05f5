package studio

import (
	"errors"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/designs"
	"relais/internal/fault"
	"relais/internal/money"
	"relais/internal/referrals"
	"relais/internal/storefronts"
	"relais/internal/web/orderform"
	"relais/internal/web/page"
)

// buy is the form that puts the design into the basket, or why it cannot be put there.
type buy struct {
	Trouble  designs.Trouble // NoTrouble: it can be ordered
	Form     *page.Form
	Options  string
	Choice   string
	Variants []page.Option
	Price    money.Amount // of the cheapest variant, with what the design costs and the margin of the storefront
	Relay    string       // whose storefront the visitor came from, and who earns; empty: nobody's
	Margin   money.Amount // of the price, what they put on it
}

// buy offers the piece with the design as it was kept last, at the price that the visitor was shown; nil where the product is not for sale.
func (s *Server) buy(c echo.Context, d designs.Design) (*buy, error) {
	ctx, l := c.Request().Context(), page.Lang(c)
	p, err := catalog.BySlug(ctx, s.DB, d.Slug, l, s.Now())
	if errors.Is(err, fault.NotFound) || err == nil && (len(p.Variants) == 0 || !p.Visible) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	b := &buy{Trouble: d.Trouble(), Options: strings.Join(p.Options, " / ")}
	if err := s.relay(c, &p, b); err != nil {
		return nil, err
	}
	b.Form = page.NewForm("variant", strconv.FormatInt(orderform.Preselected(p), 10))
	b.Variants, b.Choice = orderform.Variants(l, p)
	low := p.Variants[0].Price
	for _, v := range p.Variants {
		if v.Price.Minor < low.Minor {
			low = v.Price
		}
	}
	b.Price = money.New(low.Minor+d.Options().Minor, low.Currency)
	return b, nil
}

// relay puts on the prices what the storefront asks that the visitor came from, and names its member; nothing in one's own, and where it neither lists nor shares the
// product: the basket does not count it either.
func (s *Server) relay(c echo.Context, p *catalog.ProductPage, b *buy) error {
	ctx, from := c.Request().Context(), orderform.TrailOf(c).From
	if from == "" {
		return nil
	}
	f, err := storefronts.ByHandle(ctx, s.DB, from)
	if errors.Is(err, fault.NotFound) || err == nil && f.MemberID == by(c) {
		return nil
	}
	if err != nil {
		return err
	}
	listed, err := storefronts.Listed(ctx, s.DB, f.MemberID, p.ID)
	if err == nil && !listed {
		listed, err = referrals.Shared(ctx, s.DB, f.MemberID, p.ID)
	}
	if err != nil || !listed {
		return err
	}
	asked, err := storefronts.MarginsOf(ctx, s.DB, f.MemberID, p.ID)
	if err != nil {
		return err
	}
	b.Relay, b.Margin = f.MemberName, money.New(0, p.Currency)
	for i := range p.Variants {
		v := &p.Variants[i]
		more := asked[p.ID].On(v.Price, p.Terms.MarginBps)
		v.PriceMinor, v.Price.Minor = v.PriceMinor+more.Minor, v.Price.Minor+more.Minor
		if i == 0 || more.Minor < b.Margin.Minor {
			b.Margin = more
		}
	}
	return nil
}
