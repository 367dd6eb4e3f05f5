package till

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"relais/internal/earnings"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/orders"
	"relais/internal/orders/events"
	"relais/internal/support"
	"relais/internal/web/aftersale"
	"relais/internal/web/page"
)

type orderPage struct {
	side
	orders.Page
	Shipment  orders.Shipment // the brand's own
	Splits    []split
	Total     split // of the lines and the delivery
	Delivery  split
	Royalties bool // somebody has one of the brand's part
	Earnings  []page.Earning
	Events    []event
	Talk      support.Conversation // ID 0: nobody has written yet
	Late      bool                 // the brand meant to have answered by now
	Country   string
	TrackURL  string // where the tracking is an address
	Ship      *page.Form
	Shippable bool
	Mine      bool // something of the brand's part can be refunded
	Panel     aftersale.Panel
	Returned  money.Amount // of the brand's part, went back to the buyer
}

// split is who keeps what of a line, after what went back to the buyer.
type split struct {
	orders.Line
	Sold, Returned, Commission, Royalty, Fee, Brand money.Amount
}

// event is something that happened, in words.
type event struct {
	events.Event
	Text string
}

// readOrder reads an order of the brand that was paid, with the brand's part of it.
func (s *Server) readOrder(c echo.Context, of side) (orderPage, error) {
	ctx, l := c.Request().Context(), page.Lang(c)
	p, err := s.Orders.ByNumber(ctx, of.Owner.BrandID, c.Param("number"))
	if err != nil {
		return orderPage{}, err
	}
	if p.PaidAt == nil {
		return orderPage{}, orders.ErrOrderGone
	}
	data := orderPage{side: of, Page: p, Ship: page.NewForm(), Country: countryName(l, p.Country)}
	for _, sh := range p.Shipments {
		if sh.BrandID == of.Owner.BrandID {
			data.Shipment = sh
		}
	}
	for _, e := range p.Events {
		if text := e.Words(l); text != "" {
			data.Events = append(data.Events, event{e, text})
		}
	}
	data.Shippable = p.State == orders.Paid && data.Shipment.ToSend() > 0 && data.Shipment.State == orders.Preparing
	data.Mine = p.Refundable
	if data.Panel, err = s.Aftersale.PanelOf(c, aftersale.Desk{Base: of.Base, Brand: of.Brand}, p); err != nil {
		return data, err
	}
	if strings.HasPrefix(data.Shipment.Tracking, "https://") {
		data.TrackURL = data.Shipment.Tracking
	}
	talks, err := support.OfOrder(ctx, s.DB, p.ID, of.Owner.BrandID)
	if err != nil {
		return data, err
	}
	data.Talk = talks[of.Owner.BrandID]
	data.Late = data.Talk.Overdue(s.Now())
	return data, s.explainOrder(ctx, l, &data)
}

// explainOrder says who keeps what of the brand's part, read from the earnings that were booked and what was given back of them.
func (s *Server) explainOrder(ctx context.Context, l i18n.Lang, data *orderPage) error {
	payee, err := s.payeeID(ctx, data.side)
	if err != nil {
		return err
	}
	all, err := earnings.OfOrder(ctx, s.DB, data.ID)
	if err != nil {
		return err
	}
	brand, commission, royalty := map[int64]int64{}, map[int64]int64{}, map[int64]int64{}
	for _, e := range all {
		if e.PayeeID == payee {
			data.Earnings = append(data.Earnings, shown(l, data.side, e))
		}
		switch {
		case e.OrderLineID == nil:
		case e.Role.Brings():
			commission[*e.OrderLineID] += e.Left().Minor
		case e.Role.Makes():
			royalty[*e.OrderLineID] += e.Left().Minor
		case e.PayeeID == payee:
			brand[*e.OrderLineID] += e.Left().Minor
		}
	}
	data.divide(brand, commission, royalty)
	return nil
}

// divide fills the table: of each line what was paid, what went back, and who keeps the rest. What neither brand nor members keep is
// the fee.
func (p *orderPage) divide(brand, commission, royalty map[int64]int64) {
	sum := func(minor int64) money.Amount { return money.New(minor, p.Currency) }
	row := func(l orders.Line, sold, back, relay, author, own int64) split {
		return split{Line: l, Sold: sum(sold), Returned: sum(back), Commission: sum(relay), Royalty: sum(author), Fee: sum(sold - back - relay - author - own), Brand: sum(own)}
	}
	sh := p.Shipment
	sold, back, relays, authors, own := sh.ShippingMinor, sh.ReturnedMinor, int64(0), int64(0), sh.ShippingMinor-sh.ReturnedMinor
	p.Delivery = row(orders.Line{}, sold, back, 0, 0, own)
	for _, line := range sh.Lines {
		p.Royalties = p.Royalties || len(line.Royalties) > 0
		p.Splits = append(p.Splits, row(line, line.TotalMinor, line.ReturnedMinor, commission[line.ID], royalty[line.ID], brand[line.ID]))
		sold, back, relays, authors, own = sold+line.TotalMinor, back+line.ReturnedMinor, relays+commission[line.ID], authors+royalty[line.ID], own+brand[line.ID]
	}
	p.Total = row(orders.Line{}, sold, back, relays, authors, own)
	p.Returned = sum(back)
}

// order is one order as the brand that sold it sees it.
func (s *Server) order(c echo.Context, of side) error {
	data, err := s.readOrder(c, of)
	if err != nil {
		return err
	}
	return s.render(c, "order", data)
}

// slip is what goes into the parcel: what is inside and for whom, no prices.
func (s *Server) slip(c echo.Context, of side) error {
	data, err := s.readOrder(c, of)
	if err != nil {
		return err
	}
	return s.render(c, "slip", data)
}

// ship records that the parcel has left.
func (s *Server) ship(c echo.Context, of side) error {
	data, err := s.readOrder(c, of)
	if err != nil {
		return err
	}
	data.Ship = page.PostedForm(c)
	err = s.Orders.Ship(c.Request().Context(), of.Owner.BrandID, data.Shipment.ID, data.Ship.Get("carrier"), data.Ship.Get("tracking"))
	if errors.Is(err, fault.Invalid) && data.Ship.Refused(err) {
		return s.Site.Render(c, data.Ship.Status(), "till/order", data)
	}
	return s.done(c, data, err, "till.order.shipped")
}

// received records that the buyer has the parcel, where the brand knows.
func (s *Server) received(c echo.Context, of side) error {
	data, err := s.readOrder(c, of)
	if err != nil {
		return err
	}
	err = s.Orders.Deliver(c.Request().Context(), of.Owner.BrandID, data.Shipment.ID, "brand")
	return s.done(c, data, err, "till.order.received")
}

func (p orderPage) path() string { return fmt.Sprintf("%s/orders/%s", p.Base, p.Number) }

// done leads back to the order and says what was done, or why it was not: somebody may have been quicker.
func (s *Server) done(c echo.Context, data orderPage, err error, key string) error {
	var refused *fault.Error
	switch {
	case err == nil:
		s.Site.Good(c, key)
	case errors.As(err, &refused) && refused.Kind == fault.Conflict:
		s.Site.Bad(c, refused.Message)
	default:
		return err
	}
	return c.Redirect(http.StatusSeeOther, data.path())
}
