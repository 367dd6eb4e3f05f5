package shop

import (
	"context"
	"errors"
	"math"
	"net/http"

	"github.com/labstack/echo/v4"

	"relais/internal/documents"
	"relais/internal/earnings"
	"relais/internal/fault"
	"relais/internal/money"
	"relais/internal/orders"
	"relais/internal/returns"
	"relais/internal/support"
	"relais/internal/web/aftersale"
	"relais/internal/web/page"
)

type orderPage struct {
	orders.Page
	Parcels   []orderParcel
	Earners   []earner
	Events    []happened
	Payable   bool
	Minutes   int  // left to pay
	Pending   bool // back from the provider's page, and not confirmed yet
	Form      *page.Form
	Messages  []support.Message
	Documents []documents.Document // invoices and credit notes, as they were issued

	Returns      []back
	Money        []aftersale.Refund // newest first
	Choice       returns.Choice
	Withdrawable bool // from something of it
	AllBack      bool // the buyer withdrew from everything that is left
}

// orderParcel is a shipment with its stages.
type orderParcel struct {
	orders.Shipment
	Stages     []page.Stage
	Receivable bool
	Track      string // the tracking address, where it is one
}

// earner is who recommended a line, and what they earn on it.
type earner struct {
	Name, Handle, Title string
	RateBps             int64
	Amount              money.Amount
	Nothing             bool              // nobody earns: bought with the card of who recommends it
	Earning             *earnings.Earning // nil before it is paid
}

func (s *Shop) order(c echo.Context) error {
	ctx := c.Request().Context()
	o, err := s.orders.ByToken(ctx, c.Param("token"))
	if err != nil {
		return err
	}
	back := c.QueryParam("paid") == "1"
	if back && o.CheckoutID != nil && o.PaidAt == nil {
		if err := s.orders.Confirm(ctx, *o.CheckoutID); err != nil {
			// The provider's own message will do it: the page says that it waits.
			s.log.WarnContext(ctx, "confirm order", "id", page.RequestID(c), "order", o.ID, "error", err)
		}
		if o, err = s.orders.ByToken(ctx, o.Token); err != nil {
			return err
		}
	}
	if back && o.State != orders.AwaitingPayment {
		return c.Redirect(http.StatusSeeOther, "/o/"+o.Token)
	}
	return s.showOrder(c, o, page.NewForm(), back)
}

// showOrder answers the page of an order; form is that of the message to a brand.
func (s *Shop) showOrder(c echo.Context, o orders.Page, form *page.Form, back bool) error {
	ctx, lang, now := c.Request().Context(), page.Lang(c), s.now()
	left := o.ExpiresAt.Sub(now)
	data := orderPage{Page: o, Form: form, Pending: back, Minutes: int(math.Ceil(left.Minutes())),
		Payable: o.State == orders.AwaitingPayment && left > 0 && !back, Events: happenings(lang, o.Events)}
	rs, err := s.returns.OfOrder(ctx, o.ID, 0)
	if err != nil {
		return err
	}
	if data.Choice, err = s.returns.ChoiceOf(ctx, o); err != nil {
		return err
	}
	data.Returns, data.Money, data.Withdrawable = backOf(lang, o, rs), aftersale.Refunds(lang, o, 0), data.Choice.Err == nil
	data.AllBack = errors.Is(data.Choice.Err, returns.ErrAgain) && len(rs) > 0
	for _, sh := range o.Shipments {
		p := orderParcel{Shipment: sh, Stages: stagesOf(lang, o, sh, rs), Receivable: sh.State == orders.Shipped && o.State == orders.Paid && !data.AllBack}
		if isTrackingPage(sh.Tracking) {
			p.Track = sh.Tracking
		}
		data.Parcels = append(data.Parcels, p)
	}
	booked, err := earnings.OfOrder(ctx, s.db, o.ID)
	if err != nil {
		return err
	}
	data.Earners = earnersOf(o, booked)
	if data.Documents, err = documents.OfOrder(ctx, s.db, o.ID); err != nil {
		return err
	}
	if data.Messages, err = s.support.Messages(ctx, o.ID, 0); err != nil {
		return err
	}
	return s.site.Render(c, form.Status(), "shop/order", data)
}

// earnersOf explains who recommended what, and what they earn.
func earnersOf(o orders.Page, booked []earnings.Earning) []earner {
	byLine := map[int64]*earnings.Earning{}
	for i, e := range booked {
		if e.Role == earnings.Commission && e.OrderLineID != nil {
			byLine[*e.OrderLineID] = &booked[i]
		}
	}
	var list []earner
	for _, sh := range o.Shipments {
		for _, l := range sh.Lines {
			if l.RelayID == nil {
				continue
			}
			e := earner{Name: l.RelayName, Handle: l.RelayHandle, Title: l.Title, RateBps: l.CommissionBps,
				Amount: money.New(money.Share(l.NetMinor, l.CommissionBps), o.Currency), Earning: byLine[l.ID]}
			e.Nothing = o.PaidAt != nil && e.Earning == nil
			list = append(list, e)
		}
	}
	return list
}

// ofOrder runs a use case on the order of the address and returns to its page. What the buyer cannot do any more is
// said there.
func (s *Shop) ofOrder(c echo.Context, done string, do func(ctx context.Context, o orders.Page) error) error {
	ctx := c.Request().Context()
	o, err := s.orders.ByToken(ctx, c.Param("token"))
	if err != nil {
		return err
	}
	err = do(ctx, o)
	var refused *fault.Error
	switch {
	case err == nil:
		s.site.Good(c, done)
	case errors.Is(err, fault.Conflict) && errors.As(err, &refused):
		s.site.Bad(c, refused.Message)
	default:
		return err
	}
	return page.Redirect(c, "/o/"+o.Token)
}

func (s *Shop) payOrder(c echo.Context) error {
	o, err := s.orders.ByToken(c.Request().Context(), c.Param("token"))
	if err != nil {
		return err
	}
	return s.pay(c, o.Order)
}

func (s *Shop) cancelOrder(c echo.Context) error {
	return s.ofOrder(c, "shop.order.cancelled", func(ctx context.Context, o orders.Page) error {
		if o.State != orders.AwaitingPayment {
			return orders.ErrOrderOver
		}
		return s.orders.Cancel(ctx, o.ID)
	})
}

// receivedShipment answers the buyer's "I received it"; the shipment is one of this order's.
func (s *Shop) receivedShipment(c echo.Context) error {
	id := page.PostedForm(c).Int("shipment", 0)
	return s.ofOrder(c, "shop.order.received", func(ctx context.Context, o orders.Page) error {
		for _, sh := range o.Shipments {
			if sh.ID == id {
				return s.orders.Deliver(ctx, sh.BrandID, sh.ID, "buyer")
			}
		}
		return errNoOrder
	})
}

func (s *Shop) writeToBrand(c echo.Context) error {
	ctx, form := c.Request().Context(), page.PostedForm(c)
	o, err := s.orders.ByToken(ctx, c.Param("token"))
	if err != nil {
		return err
	}
	var member int64
	if id := viewerID(c); id != nil {
		member = *id
	}
	err = s.support.Write(ctx, o.ID, form.Int("brand", 0), support.FromBuyer, member, form.Raw("body"))
	if form.Refused(err) {
		return s.showOrder(c, o, form, false)
	}
	if err != nil {
		return err
	}
	s.site.Good(c, "shop.order.message_sent")
	return page.Redirect(c, "/o/"+o.Token+"#messages")
}
