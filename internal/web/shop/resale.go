package shop

import (
	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/storefronts"
)

// resale is what a storefront puts on a product's price, and what becomes of it, on one piece of the cheapest variant.
type resale struct {
	catalog.Resale
	Direct string // path of the product at the brand's own price
}

// resell puts the margin of a storefront on every variant of a product, with the lowest price of 30 days of that storefront, and says what it is;
// nil, and the product as it is, where there is none. Its own member sees the brand's price, as they would pay it.
func (s *Shop) resell(c echo.Context, p *catalog.ProductPage, r *relay) (*resale, error) {
	if p.State == catalog.Launching { // nothing is put on a price before it is sold
		return nil, nil
	}
	low := lowest(*p).Price
	added := r.Margin.On(low, p.Terms.MarginBps)
	if added.Minor == 0 {
		return nil, nil
	}
	shown := &resale{Resale: catalog.PreviewResale(low, added.Minor, p.VATBps, p.Terms.CommissionBps, 0), Direct: "/p/" + p.Slug}
	if r.Self {
		return shown, nil
	}
	ctx := c.Request().Context()
	margins, err := storefronts.MarginHistory(ctx, s.db, r.MemberID, p.ID, p.Currency)
	if err != nil {
		return nil, err
	}
	ids := make([]int64, len(p.Variants))
	for i, v := range p.Variants {
		ids[i] = v.ID
	}
	prices, err := catalog.PriceHistory(ctx, s.db, ids...)
	if err != nil {
		return nil, err
	}
	for i := range p.Variants {
		v := &p.Variants[i]
		more := r.Margin.On(v.Price, p.Terms.MarginBps).Minor
		v.PriceMinor, v.Price = v.PriceMinor+more, money.New(v.Price.Minor+more, v.Price.Currency)
		v.PriorMinor, v.ReductionBps = 0, 0
		if prior, bps, ok := catalog.Reduction(catalog.WithMargins(prices[v.ID], margins), s.now()); ok {
			v.PriorMinor, v.ReductionBps = prior, bps
		}
	}
	return shown, nil
}

// margined puts what a storefront asks on the card of a product.
func margined(shown money.Amount, m storefronts.Margin, p catalog.ProductCard) money.Amount {
	return money.New(shown.Minor+m.On(p.From(), p.MarginBps).Minor, shown.Currency)
}

// adOf says who earns by a storefront, and how much.
func adOf(l i18n.Lang, r *relay, sold *resale) string {
	switch {
	case r == nil:
		return ""
	case sold != nil && sold.Commission.Sign() > 0:
		return l.T("margin.ad", "Name", r.MemberName, "Profit", sold.Profit, "Commission", sold.Commission, "Kept", sold.Kept)
	case sold != nil:
		return l.T("margin.ad_only", "Name", r.MemberName, "Kept", sold.Kept)
	case r.Earn.Sign() > 0:
		return l.T("shop.product.ad", "Name", r.MemberName, "Amount", r.Earn)
	}
	return l.T("shop.product.ad_none", "Name", r.MemberName)
}
