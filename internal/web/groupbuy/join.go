package groupbuy

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"relais/internal/carts"
	"relais/internal/catalog"
	"relais/internal/catalog/steps"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/pledges"
	"relais/internal/referrals"
	"relais/internal/storefronts"
	"relais/internal/web/orderform"
	"relais/internal/web/page"
	"relais/internal/web/tally"
)

type joinPage struct {
	pledges.View
	W         string // where its words begin
	Back      string // to where it is shown
	Product   catalog.ProductPage
	Form      *page.Form
	Ad        string
	Variants  []page.Option
	Choice    string // how variants are chosen: pills, radio or select
	Single    int64  // the only variant; 0: there are several
	Countries []page.Option
	Methods   []page.Option // that reach the chosen country

	Variant  string // of the chosen one, in words; empty where there is only one
	Quantity int64
	Goods    money.Amount // at today's price
	Shipping money.Amount
	Most     money.Amount // that may be taken
	Ladder   []tally.Rung // what would be taken at each step, delivery included
	Consent  string
	InStock  bool // there is a piece to promise
	Ready    bool // it can be sent to that country
}

func (s *Server) joining(c echo.Context) error {
	form := page.NewForm("country", "FR", "quantity", "1", "operation", rand.Text(), "c", c.QueryParam("c"), "from", c.QueryParam("from"))
	if err := orderform.Prefill(c.Request().Context(), s.DB, page.ViewerFrom(c), form); err != nil {
		return err
	}
	return s.showJoining(c, form)
}

// review shows the page again with what was typed, and what may be taken for what was chosen: asked for by a button, or by htmx when that changes.
func (s *Server) review(c echo.Context) error { return s.showJoining(c, page.PostedForm(c)) }

func (s *Server) showJoining(c echo.Context, form *page.Form) error {
	ctx, l := c.Request().Context(), page.Lang(c)
	v, err := s.Pledges.ByCode(ctx, c.Param("code"), l)
	if err != nil {
		return err
	}
	p, err := s.productOf(c, v)
	if err != nil {
		return err
	}
	if !v.Joinable(s.Now()) || !p.Visible {
		return page.Redirect(c, v.Path())
	}
	earns, err := s.earns(ctx, v.OpenedBy, v.BrandID)
	if err != nil {
		return err
	}
	methods, err := s.Carts.Delivery(ctx, v.BrandID, l)
	if err != nil {
		return err
	}
	data := joinPage{View: v, W: tally.Words(v.Campaign), Back: v.Path(), Product: p, Form: form, Ad: adOf(l, v, earns), Countries: orderform.Countries(l), InStock: p.Stock() > 0}
	if v.IsLaunch() { // what is yet to be made is in no stock
		data.InStock = v.Left() != 0
		for i := range data.Product.Variants {
			data.Product.Variants[i].Stock = pledges.MaxUnits
		}
	}
	front, err := s.front(ctx, form.Get("from"), v)
	if err != nil {
		return err
	}
	if front != nil {
		data.Back, data.Ad = front.Path()+v.Path(), l.T("shop.product.ad", "Name", front.MemberName, "Amount", catalog.Preview(v.PriceAt(0), p.VATBps, p.Terms.CommissionBps, 0).Commission)
	}
	data.layOut(l, methods)
	if page.IsPartial(c) {
		return s.Site.Fragment(c, form.Status(), "groupbuy/join", "join-parts", data)
	}
	return s.Site.Render(c, form.Status(), "groupbuy/join", data)
}

// layOut works out what may be taken for what was chosen. A consent to another amount than the page showed is none.
func (d *joinPage) layOut(l i18n.Lang, methods []carts.Method) {
	d.Variants, d.Choice = orderform.Variants(l, d.Product)
	v := d.chosen()
	if len(d.Product.Variants) == 1 {
		d.Single = v.ID
	} else {
		d.Variant = v.Title()
	}
	d.Quantity = d.pieces(v.Stock)
	d.Goods = money.New(v.PriceMinor*d.Quantity, d.Currency)
	d.Shipping = money.New(0, d.Currency)
	for _, m := range methods {
		if m.Reaches(d.Form.Get("country")) {
			d.Methods = append(d.Methods, orderform.Method(l, m, d.Goods))
		}
	}
	m, err := carts.Choose(methods, d.Form.Int("method", 0), d.Form.Get("country"))
	if d.Ready = err == nil; d.Ready {
		d.Form.Set("method", strconv.FormatInt(m.ID, 10))
		d.Shipping.Minor = m.Cost(d.Goods.Minor)
	}
	d.Most = money.New(d.Goods.Minor+d.Shipping.Minor, d.Currency)
	d.Ladder = tally.Ladder(d.Campaign, d.Now, func(less int64) money.Amount {
		return money.New(steps.Price(v.PriceMinor, less)*d.Quantity+d.Shipping.Minor, d.Currency)
	})
	d.Consent = pledges.Consent(d.Campaign, pledges.Pledge{MostMinor: d.Most.Minor, Lang: l})
	if seen := strconv.FormatInt(d.Most.Minor, 10); d.Form.Get("seen") != seen {
		d.Form.Set("seen", seen)
		d.Form.Set("consent")
	}
}

// chosen is the variant that was chosen, or else the first that can be had.
func (d *joinPage) chosen() catalog.VariantView {
	find := func(id int64) int {
		return slices.IndexFunc(d.Product.Variants, func(v catalog.VariantView) bool { return v.ID == id })
	}
	i := find(d.Form.Int("variant", 0))
	if i < 0 {
		i = find(orderform.Preselected(d.Product))
		d.Form.Set("variant", strconv.FormatInt(d.Product.Variants[i].ID, 10))
	}
	return d.Product.Variants[i]
}

// pieces is how many were chosen of so many, as far as it can be.
func (d *joinPage) pieces(stock int) int64 {
	n := d.Form.Int("quantity", 0)
	switch {
	case d.Form.Failed() || !d.InStock:
	case n < 1 || n > pledges.MaxQuantity:
		d.Form.Fail("quantity", "fault.pledges.quantity")
	case !d.IsLaunch() && n > int64(stock):
		d.Form.Fail("quantity", "fault.out_of_stock")
	case d.IsLaunch() && d.Max > 0 && n > int64(d.Left()):
		d.Form.Fail("quantity", "launches.join.few")
	}
	return min(max(n, 1), pledges.MaxQuantity)
}

// join makes the promise and leads to the page on which its card is left. Sent twice, it leads to the same page twice.
func (s *Server) join(c echo.Context) error {
	form, l, ctx := page.PostedForm(c), page.Lang(c), c.Request().Context()
	v, err := s.Pledges.ByCode(ctx, c.Param("code"), l)
	if err != nil {
		return err
	}
	typed := s.typed(c, form)
	front, err := s.front(ctx, form.Get("from"), v)
	if err != nil {
		return err
	}
	if front != nil {
		typed.StorefrontID = &front.MemberID
	}
	p, err := s.Pledges.Join(ctx, typed)
	switch {
	case errors.Is(err, pledges.ErrOver):
		return s.said(c, err, "", v.Path())
	case errors.Is(err, storefronts.ErrAway): // to the page that says until when
		return page.Redirect(c, front.Path()+v.Path())
	}
	if form.Refused(err) {
		if form.Error(l, "operation") != "" {
			form.Set("operation", rand.Text())
		}
		return s.showJoining(c, form)
	}
	if err != nil {
		return err
	}
	return s.toCard(c, p.Token)
}

// front is the storefront in which a launch is joined, where it lists or shares the product; nil: in none.
func (s *Server) front(ctx context.Context, handle string, v pledges.View) (*storefronts.Storefront, error) {
	if handle == "" || !v.IsLaunch() {
		return nil, nil
	}
	f, err := storefronts.ByHandle(ctx, s.DB, handle)
	if errors.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	listed, err := storefronts.Listed(ctx, s.DB, f.MemberID, v.ProductID)
	if err == nil && !listed {
		listed, err = referrals.Shared(ctx, s.DB, f.MemberID, v.ProductID)
	}
	if err != nil || !listed {
		return nil, err
	}
	return &f, nil
}

// typed is the promise as it was typed. Of money it carries only the most that its buyer saw, to be compared.
func (s *Server) typed(c echo.Context, form *page.Form) pledges.Joining {
	j := pledges.Joining{Code: c.Param("code"), Operation: form.Get("operation"), VariantID: form.Int("variant", 0), Quantity: form.Int("quantity", 0), Email: form.Get("email"),
		Address: orderform.Address(form), MethodID: form.Int("method", 0), Visitor: s.Visitor(c), ClickToken: form.Get("c"), SeenMinor: form.Int("seen", -1),
		Consent: form.Has("consent", "yes"), Lang: page.Lang(c)}
	if v := page.ViewerFrom(c); v != nil {
		j.MemberID = &v.ID
	}
	return j
}

// toCard leads to the provider's page for the card; while the provider is away, to the page of the pledge, from which it can be opened.
func (s *Server) toCard(c echo.Context, token string) error {
	ctx := c.Request().Context()
	url, err := s.Pledges.OpenSetup(ctx, token)
	switch {
	case err == nil:
		return orderform.Leave(c, url)
	case errors.Is(err, pledges.ErrGone), errors.Is(ctx.Err(), context.Canceled):
		return err
	case errors.Is(err, pledges.ErrOver): // in, or over meanwhile: its page says so
	default:
		s.Log.ErrorContext(ctx, "open setup", "id", page.RequestID(c), "error", err)
		s.Site.Bad(c, "together.provider_away")
	}
	return page.Redirect(c, "/pledge/"+token)
}
