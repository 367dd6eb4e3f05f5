package counter

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/fault"
	"relais/internal/money"
	"relais/internal/orders"
	"relais/internal/pos"
	"relais/internal/storefronts"
	"relais/internal/web/page"
)

type offerPage struct {
	pos.View
	Over   bool // nothing can be bought by this code: its time has passed, it was replaced, or the seller gave it up
	Taken  bool // somebody else pays, or has paid
	Law    pos.Law
	Earner *earner
	Form   *page.Form
	Makers []maker
	Status *storefronts.Status // of the member who sells from their storefront; nil: a brand sells itself
}

// earner is the member who earns a commission.
type earner struct {
	Name   string
	Amount money.Amount // commission and margin
	Margin money.Amount // of the price, what they put on it, VAT included
}

// maker is who sells.
type maker struct{ Name, Handle string }

// markCookie says which browser agreed to a sale.
const markCookie = "counter"

// markOf is the mark of the buyer's browser; fresh: it has none yet, and is given one.
func (s *Server) markOf(c echo.Context) string {
	if cookie, err := c.Cookie(markCookie); err == nil && len(cookie.Value) >= 20 && len(cookie.Value) <= 40 {
		return cookie.Value
	}
	mark := rand.Text()
	c.SetCookie(&http.Cookie{Name: markCookie, Value: mark, Path: "/s/", MaxAge: int((2 * time.Hour).Seconds()), Secure: s.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	return mark
}

// offer is where the code leads: what is bought, from whom, who earns from it, and what the law says of it.
func (s *Server) offer(c echo.Context) error { return s.showOffer(c, page.NewForm()) }

func (s *Server) showOffer(c echo.Context, form *page.Form) error {
	ctx, mark := c.Request().Context(), s.markOf(c)
	view, err := s.Counter.ByToken(ctx, c.Param("token"), page.Lang(c))
	if errors.Is(err, pos.ErrOver) {
		return s.Site.Render(c, http.StatusGone, "counter/offer", offerPage{Over: true, Form: form})
	}
	if err != nil {
		return err
	}
	if view.Order != nil && view.Buyer == mark {
		return page.Redirect(c, "/o/"+view.Order.Token)
	}
	data := offerPage{View: view, Law: view.Law(), Form: form, Taken: view.Order != nil || view.Buyer != "" && view.Buyer != mark,
		Over: view.State != pos.Shown || view.Over(s.Now())}
	status := form.Status()
	if data.Taken || data.Over {
		status = http.StatusGone
	}
	seen := map[int64]bool{}
	for _, l := range view.Lines {
		if !seen[l.BrandID] {
			seen[l.BrandID] = true
			data.Makers = append(data.Makers, maker{l.BrandName, l.BrandHandle})
		}
		if l.RelayName != "" {
			if data.Earner == nil {
				data.Earner = &earner{Name: l.RelayName, Amount: money.New(0, l.Price.Currency), Margin: money.New(0, l.Price.Currency)}
			}
			data.Earner.Amount.Minor += l.Brings().Minor
			data.Earner.Margin.Minor += l.Added().Minor
		}
	}
	if view.BrandID == nil {
		said, err := storefronts.StatusOf(ctx, s.DB, view.SellerID)
		if err != nil {
			return err
		}
		data.Status = &said
	}
	if v := page.ViewerFrom(c); v != nil && !form.Failed() && data.Law.OffPremises {
		form.Set("email", v.Email)
	}
	return s.Site.Render(c, status, "counter/offer", data)
}

// agree makes the order and leads to the page on which it is paid. Sent twice, it leads to the same page twice.
func (s *Server) agree(c echo.Context) error {
	ctx, form := c.Request().Context(), page.PostedForm(c)
	a := pos.Agreement{Token: c.Param("token"), Mark: s.markOf(c), Email: form.Get("email"), Lang: page.Lang(c)}
	if v := page.ViewerFrom(c); v != nil {
		a.MemberID = &v.ID
	}
	o, err := s.Counter.Agree(ctx, a)
	switch {
	case errors.Is(err, pos.ErrOver), errors.Is(err, pos.ErrTaken):
		return s.showOffer(c, page.NewForm())
	case form.Refused(err):
		return s.showOffer(c, form)
	case err != nil:
		return err
	}
	return s.pay(c, o)
}

// pay leads to the provider's page; while the provider is away, to the order, which can be paid from there.
func (s *Server) pay(c echo.Context, o orders.Order) error {
	url, err := s.Orders.OpenCheckout(c.Request().Context(), o.ID)
	if err == nil {
		return c.Redirect(http.StatusSeeOther, url)
	}
	switch {
	case errors.Is(err, orders.ErrOrderOver): // paid or over meanwhile: its page says so
	case errors.Is(c.Request().Context().Err(), context.Canceled):
		return err
	default:
		s.Log.ErrorContext(c.Request().Context(), "open checkout", "id", page.RequestID(c), "order", o.ID, "error", err)
		s.Site.Bad(c, "shop.order.provider_away")
	}
	return page.Redirect(c, "/o/"+o.Token)
}

// wordsOf are the key of what a seller is told of a fault, and the names in it.
func wordsOf(err error) (key string, args []string, told bool) {
	var refused *fault.Error
	if !errors.As(err, &refused) || !errors.Is(err, fault.Conflict) && !errors.Is(err, fault.Invalid) {
		return "", nil, false
	}
	key = refused.Message
	for _, field := range refused.Fields {
		key = field
	}
	for name, value := range refused.Args {
		args = append(args, name, fmt.Sprint(value))
	}
	return key, args, true
}
