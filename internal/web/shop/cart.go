package shop

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"relais/internal/carts"
	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/storefronts"
	"relais/internal/web/orderform"
	"relais/internal/web/page"
)

type cartPage struct {
	Cart   carts.Cart
	Ready  bool        // everything can be ordered as it stands
	Relays []cartRelay // who recommended something of it
	Mixed  string      // its currencies, where there are several; empty: one
}

func (s *Shop) cart(c echo.Context) error {
	cart, err := s.carts.ByID(c.Request().Context(), s.cartFrom(c), viewerID(c), page.Lang(c))
	if err != nil {
		return err
	}
	return s.site.Render(c, http.StatusOK, "shop/cart", cartPage{Cart: cart, Ready: orderable(cart), Relays: relaysOf(cart), Mixed: mixed(page.Lang(c), cart)})
}

// mixed names the currencies of a cart that has several.
func mixed(l i18n.Lang, cart carts.Cart) string {
	if len(cart.Others) == 0 {
		return ""
	}
	names := []string{l.T("currency.name." + string(cart.Goods.Currency))}
	for _, c := range cart.Others {
		names = append(names, l.T("currency.name."+string(c)))
	}
	return strings.Join(names, ", ")
}

// orderable says whether a cart can go to the checkout as it stands.
func orderable(cart carts.Cart) bool {
	for _, p := range cart.Parcels {
		for _, l := range p.Lines {
			if !l.Sellable || l.Short() {
				return false
			}
		}
	}
	return len(cart.Parcels) > 0 && len(cart.Others) == 0
}

// cartRelay is a member whose storefront something of a cart was put in from, and what they would earn at today's rate.
type cartRelay struct {
	Name   string
	Amount money.Amount // commission and margin
	Margin money.Amount // of the price, what they put on it, VAT included
}

// relaysOf are the members whose storefronts a cart was filled from.
func relaysOf(cart carts.Cart) []cartRelay {
	var relays []cartRelay
	at := map[string]int{}
	for _, p := range cart.Parcels {
		for _, l := range p.Lines {
			key := l.RelayHandle + " " + string(l.Price.Currency)
			if l.RelayName == "" {
				continue
			}
			if _, ok := at[key]; !ok {
				at[key] = len(relays)
				relays = append(relays, cartRelay{Name: l.RelayName, Amount: money.New(0, l.Price.Currency), Margin: money.New(0, l.Price.Currency)})
			}
			r := &relays[at[key]]
			r.Margin.Minor += l.Added().Minor
			r.Amount.Minor += l.Brings().Minor
		}
	}
	return relays
}

// addToCart answers POST /cart with the fields product (slug), variant, quantity, storefront (handle) and c (the click
// that brought the visitor). The storefront counts only where its member lists or shares the product.
func (s *Shop) addToCart(c echo.Context) error {
	ctx, form := c.Request().Context(), page.PostedForm(c)
	p, err := s.visible(c, form.Get("product"))
	if err != nil {
		return err
	}
	var r *relay
	if handle := form.Get("storefront"); handle != "" {
		if r, err = s.relayOf(c, handle, p); err != nil && !errors.Is(err, fault.NotFound) {
			return err
		}
	}
	err = choose(p, form)
	if err == nil {
		a := carts.Addition{CartID: s.cartFrom(c), VariantID: form.Int("variant", 0), Quantity: form.Int("quantity", 0),
			ClickToken: form.Get("c"), MemberID: viewerID(c), Lang: page.Lang(c), DesignID: orderform.Design(form)}
		if r != nil {
			a.StorefrontID = &r.MemberID
		}
		var id string
		if id, err = s.carts.Add(ctx, a); err == nil {
			s.keepCart(c, id)
			s.site.Good(c, "shop.cart.added", "Title", p.Title)
			return page.Redirect(c, "/cart")
		}
	}
	switch {
	case errors.Is(err, storefronts.ErrAway): // to the page that says until when
		return page.Redirect(c, withClick(r.Path()+"/p/"+p.Slug, form.Get("c")))
	case errors.Is(err, carts.ErrCurrencies): // to the basket, which is to be ordered first
		s.site.Bad(c, carts.ErrCurrencies.Message)
		return page.Redirect(c, "/cart")
	case form.Get("design") != "":
		return orderform.BackToDesign(c, s.site, form, err)
	case form.Refused(err):
		return s.showProduct(c, p, r, form)
	}
	return err
}

// choose checks that the variant asked for is one of the product's.
func choose(p catalog.ProductPage, form *page.Form) error {
	for _, v := range p.Variants {
		if strconv.FormatInt(v.ID, 10) == form.Get("variant") {
			return nil
		}
	}
	return fault.Field("variant", "shop.product.choose_variant")
}

// changeLine answers POST /cart/lines/:variant; quantity 0 takes the line out.
func (s *Shop) changeLine(c echo.Context) error {
	variant, err := strconv.ParseInt(c.Param("variant"), 10, 64)
	if err != nil {
		return fault.New(fault.NotFound, "fault.page_not_found")
	}
	form := page.PostedForm(c)
	err = s.carts.SetLine(c.Request().Context(), s.cartFrom(c), variant, orderform.Design(form), form.Int("quantity", -1))
	if form.Refused(err) {
		s.site.Bad(c, "fault.quantity")
		return page.Redirect(c, "/cart")
	}
	if err != nil {
		return err
	}
	return page.Redirect(c, "/cart")
}
