// Package orderform is what the pages share on which something is ordered: which piece, how it is sent and where to, and the way to the provider's page.
package orderform

import (
	"context"
	"net/http"
	"strconv"

	"github.com/jmoiron/sqlx"
	"github.com/labstack/echo/v4"

	"relais/internal/address"
	"relais/internal/carts"
	"relais/internal/catalog"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/orders"
	"relais/internal/orders/lists"
	"relais/internal/web/page"
)

// Prefill writes into a form what a signed-in member told before; nothing for a guest.
func Prefill(ctx context.Context, q sqlx.QueryerContext, v *page.Viewer, form *page.Form) error {
	if v == nil {
		return nil
	}
	form.Set("email", v.Email)
	form.Set("name", v.Name)
	last, err := lists.List(ctx, q, lists.Query{MemberID: v.ID, Limit: 1})
	if err != nil || len(last) == 0 {
		return err
	}
	a := last[0].Address
	for name, value := range map[string]string{"name": a.Name, "street": a.Street, "street2": a.Street2, "postcode": a.Postcode,
		"city": a.City, "country": a.Country, "phone": a.Phone} {
		if value != "" { // what was bought face to face was sent nowhere
			form.Set(name, value)
		}
	}
	return nil
}

// Address is where to send it, as it was typed.
func Address(form *page.Form) orders.Address {
	return orders.Address{Name: form.Get("name"), Street: form.Get("street"), Street2: form.Get("street2"), Postcode: form.Get("postcode"),
		City: form.Get("city"), Country: form.Get("country"), Phone: form.Get("phone")}
}

// Countries are those that somebody can be sent something to.
func Countries(l i18n.Lang) []page.Option {
	var list []page.Option
	for _, code := range address.Countries() {
		list = append(list, page.Option{Value: code, Label: l.T("shop.country." + code)})
	}
	return list
}

// Method is a way of delivery to choose, with what it costs for goods of that worth.
func Method(l i18n.Lang, m carts.Method, goods money.Amount) page.Option {
	cost := m.Cost(goods.Minor)
	o := page.Option{Value: strconv.FormatInt(m.ID, 10), Label: m.Name, Hint: Days(l, m.DaysMin, m.DaysMax), End: l.T("shop.delivery.free")}
	if cost > 0 {
		o.End = l.Money(money.New(cost, goods.Currency))
	}
	return o
}

// Days says how long a delivery takes.
func Days(l i18n.Lang, least, most int) string {
	if least == most {
		return l.T("shop.delivery.day_count", "Count", most)
	}
	return l.T("shop.delivery.days", "Min", least, "Max", most)
}

// Preselected is the first variant that can be bought, or else the first.
func Preselected(p catalog.ProductPage) int64 {
	for _, v := range p.Variants {
		if v.Stock > 0 {
			return v.ID
		}
	}
	return p.Variants[0].ID
}

// manyVariants is from how many variants on a list is better than cards.
const manyVariants = 13

// Variants are the choices of a product: pills where all cost the same, cards with their price where not, a list
// where they are many.
func Variants(l i18n.Lang, p catalog.ProductPage) (list []page.Option, choice string) {
	choice = "pills"
	for _, v := range p.Variants {
		if v.PriceMinor != p.Variants[0].PriceMinor {
			choice = "radio"
		}
	}
	if len(p.Variants) >= manyVariants {
		choice = "select"
	}
	for _, v := range p.Variants {
		o := page.Option{Value: strconv.FormatInt(v.ID, 10), Label: v.Title(), End: l.Money(v.Price), Disabled: v.Stock == 0}
		switch {
		case v.Stock == 0:
			o.Hint = l.T("page.product.sold_out")
		case v.Stock <= 5:
			o.Hint = l.T("shop.product.left", "Count", v.Stock)
		}
		if v.PriorMinor > 0 && choice == "radio" {
			o.Hint += " " + l.T("page.price.lowest", "Amount", v.Prior())
		}
		if choice == "select" {
			o.Label += " · " + o.End
		}
		list = append(list, o)
	}
	return list, choice
}

// Leave leads to the provider's page, which is not ours; htmx must leave the site for it.
func Leave(c echo.Context, url string) error {
	if c.Request().Header.Get("HX-Request") == "true" {
		c.Response().Header().Set("HX-Redirect", url)
		return c.NoContent(http.StatusOK)
	}
	return c.Redirect(http.StatusSeeOther, url)
}
