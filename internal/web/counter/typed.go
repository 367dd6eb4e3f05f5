package counter

import (
	"strconv"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/pos"
	"relais/internal/web/page"
)

func vatOptions(l i18n.Lang) []page.Option {
	var list []page.Option
	for _, bps := range catalog.VATRates() {
		list = append(list, page.Option{Value: strconv.FormatInt(bps, 10), Label: l.Percent(bps)})
	}
	return list
}

// typed answers POST /sell/:id/typed with the fields operation, title, price and vat: an amount for what no catalogue has.
func (s *Server) typed(c echo.Context) error {
	form := page.PostedForm(c)
	data, err := s.read(c)
	if err != nil {
		return err
	}
	if data.Stage != string(pos.Draft) {
		return s.said(c, data.ID, pos.ErrBegun)
	}
	err = s.typeIn(c, data.Sale, form)
	switch {
	case form.Refused(err):
		data.Typed = form
	case err != nil:
		return err
	case !page.IsPartial(c):
		return s.said(c, data.ID, nil)
	default:
		if data, err = s.read(c); err != nil {
			return err
		}
	}
	if err := s.pick(c, &data, ""); err != nil {
		return err
	}
	if page.IsPartial(c) {
		return s.Site.Fragment(c, form.Status(), "counter/pick", "picking", data)
	}
	return s.Site.Render(c, form.Status(), "counter/pick", data)
}

// typeIn reads the form of a typed amount and puts it into the basket.
func (s *Server) typeIn(c echo.Context, sale pos.Sale, form *page.Form) error {
	if sale.BrandID == nil {
		return pos.ErrTypedByBrand
	}
	ctx := c.Request().Context()
	brand, err := catalog.BrandByID(ctx, s.DB, *sale.BrandID)
	if err != nil {
		return err
	}
	t := pos.Typed{Operation: form.Get("operation"), Title: form.Raw("title"), VATBps: form.Int("vat", -1)}
	if price, err := money.Parse(form.Get("price"), brand.Currency); err == nil {
		t.Price = price
	} // else it is no amount: the rule says so at its field
	return s.Counter.Type(ctx, page.ViewerFrom(c).ID, sale.ID, t)
}
