package shop

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"

	"github.com/labstack/echo/v4"

	"relais/internal/carts"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/orders"
	"relais/internal/referrals"
	"relais/internal/web/orderform"
	"relais/internal/web/page"
)

type checkoutPage struct {
	Form      *page.Form
	Countries []page.Option
	Parcels   []checkoutParcel
	Relays    []cartRelay
	Goods     money.Amount
	Shipping  money.Amount
	Total     money.Amount
	Reached   bool   // every brand delivers to the country
	Ready     bool   // nothing has sold out meanwhile
	CodeNote  string // what the code that was typed does; empty: none was, or it is not good
}

// checkoutParcel is what one brand sends, with the ways in which it can reach the chosen country.
type checkoutParcel struct {
	carts.Parcel
	Field   string // of the form
	Choices []page.Option
	Method  carts.Method // the one that counts in the total
	Cost    money.Amount
}

func (s *Shop) checkout(c echo.Context) error {
	cart, err := s.carts.ByID(c.Request().Context(), s.cartFrom(c), viewerID(c), page.Lang(c))
	if err != nil {
		return err
	}
	if !orderable(cart) {
		return page.Redirect(c, "/cart")
	}
	if err := s.carts.BeginCheckout(c.Request().Context(), cart.ID); err != nil {
		return err
	}
	form := page.NewForm("country", "FR", "operation", rand.Text())
	if err := orderform.Prefill(c.Request().Context(), s.db, page.ViewerFrom(c), form); err != nil {
		return err
	}
	return s.showCheckout(c, form, cart)
}

// reviewCheckout shows the page again with what was typed and the total of what was chosen: asked for by a button, or
// by htmx when the country or a method changes.
func (s *Shop) reviewCheckout(c echo.Context) error {
	cart, err := s.carts.ByID(c.Request().Context(), s.cartFrom(c), viewerID(c), page.Lang(c))
	if err != nil {
		return err
	}
	if !orderable(cart) {
		return page.Redirect(c, "/cart")
	}
	return s.showCheckout(c, page.PostedForm(c), cart)
}

func (s *Shop) showCheckout(c echo.Context, form *page.Form, cart carts.Cart) error {
	data := layOut(page.Lang(c), form, cart)
	form.Set("seen", strconv.FormatInt(data.Total.Minor, 10))
	form.Set("designs", carts.Seen(linesOf(cart)))
	var err error
	if data.CodeNote, err = s.codeNote(c, form); err != nil {
		return err
	}
	if page.IsPartial(c) {
		return s.site.Fragment(c, form.Status(), "shop/checkout", "checkout-parts", data)
	}
	return s.site.Render(c, form.Status(), "shop/checkout", data)
}

// codeNote says what the code that was typed does: whom it thanks, or that it is the buyer's own. One that is nobody's is said at the
// field.
func (s *Shop) codeNote(c echo.Context, form *page.Form) (string, error) {
	lang := page.Lang(c)
	typed, err := referrals.FindCode(c.Request().Context(), s.db, form.Get("code"))
	if errors.Is(err, fault.Invalid) {
		if form.Error(lang, "code") == "" {
			form.Refused(err)
		}
		return "", nil
	}
	if err != nil || typed == nil {
		return "", err
	}
	// By the account only: told by the address that is typed, it would tell anybody whose address that is.
	if v := page.ViewerFrom(c); v != nil && typed.Own(referrals.Buyer{MemberID: v.ID}) {
		return lang.T("shop.checkout.code_own"), nil
	}
	return lang.T("shop.checkout.code_of", "Name", typed.Name), nil
}

// layOut computes the page of a cart: for each brand the method chosen, or the cheapest that reaches the country.
func layOut(l i18n.Lang, form *page.Form, cart carts.Cart) checkoutPage {
	country := form.Get("country")
	data := checkoutPage{Form: form, Countries: orderform.Countries(l), Relays: relaysOf(cart), Goods: cart.Goods, Shipping: money.New(0, cart.Goods.Currency),
		Reached: true, Ready: orderable(cart)}
	for _, p := range cart.Parcels {
		shown := checkoutParcel{Parcel: p, Field: fmt.Sprintf("method-%d", p.BrandID)}
		for _, m := range p.Methods {
			if m.Reaches(country) {
				shown.Choices = append(shown.Choices, orderform.Method(l, m, p.Worth))
			}
		}
		m, err := carts.Choose(p.Methods, form.Int(shown.Field, 0), country)
		if err != nil {
			data.Reached = false
		} else {
			shown.Method, shown.Cost = m, money.New(m.Cost(p.Worth.Minor), p.Goods.Currency)
			form.Set(shown.Field, strconv.FormatInt(m.ID, 10))
			data.Shipping.Minor += shown.Cost.Minor
		}
		data.Parcels = append(data.Parcels, shown)
	}
	data.Total = money.New(data.Goods.Minor+data.Shipping.Minor, data.Goods.Currency)
	return data
}

// placeOrder makes the order and leads to the page on which it is paid. Sent twice, it leads to the same page twice.
func (s *Shop) placeOrder(c echo.Context) error {
	ctx, form, lang := c.Request().Context(), page.PostedForm(c), page.Lang(c)
	cart, err := s.carts.ByID(ctx, s.cartFrom(c), viewerID(c), lang)
	if err != nil {
		return err
	}
	o, err := s.orders.Place(ctx, s.placement(c, form, cart))
	if errors.Is(err, carts.ErrEmptyCart) {
		return page.Redirect(c, "/cart")
	}
	if form.Refused(err) {
		if form.Error(lang, "operation") != "" {
			form.Set("operation", rand.Text())
		}
		return s.showCheckout(c, form, cart)
	}
	if err != nil {
		return err
	}
	return s.pay(c, o)
}

// placement is the order as it was typed. Of money it carries only the total that the buyer saw, to be compared.
func (s *Shop) placement(c echo.Context, form *page.Form, cart carts.Cart) orders.Placement {
	p := orders.Placement{
		CartID: s.cartFrom(c), Operation: form.Get("operation"), Email: form.Get("email"), Methods: map[int64]int64{},
		Address: orderform.Address(form), SeenMinor: form.Int("seen", -1), Designs: form.Get("designs"), MemberID: viewerID(c), Visitor: s.visitor(c), Code: form.Get("code"), Lang: page.Lang(c),
	}
	for _, parcel := range cart.Parcels {
		p.Methods[parcel.BrandID] = form.Int(fmt.Sprintf("method-%d", parcel.BrandID), 0)
	}
	return p
}

func linesOf(cart carts.Cart) (ls []carts.Line) {
	for _, p := range cart.Parcels {
		ls = append(ls, p.Lines...)
	}
	return ls
}

// pay leads to the provider's page; while the provider is away, to the order, which can be paid from there.
func (s *Shop) pay(c echo.Context, o orders.Order) error {
	url, err := s.orders.OpenCheckout(c.Request().Context(), o.ID)
	if err == nil {
		return orderform.Leave(c, url)
	}
	switch {
	case errors.Is(err, orders.ErrOrderOver): // paid or over meanwhile: its page says so
	case errors.Is(c.Request().Context().Err(), context.Canceled):
		return err
	default:
		s.log.ErrorContext(c.Request().Context(), "open checkout", "id", page.RequestID(c), "order", o.ID, "error", err)
		s.site.Bad(c, "shop.order.provider_away")
	}
	return page.Redirect(c, "/o/"+o.Token)
}

var errNoOrder = fault.New(fault.NotFound, "fault.order_not_found")
