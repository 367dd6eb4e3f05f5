package aftersale

import (
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/fault"
	"relais/internal/money"
	"relais/internal/orders"
	"relais/internal/returns"
	"relais/internal/web/page"
)

type returnPage struct {
	Desk
	orders.Page
	Return   returns.Return
	Shipment orders.Shipment
	Form     *page.Form // of the decision, or of the arrival
	Goods    money.Amount
	Delivery money.Amount // goes back too where nothing of the parcel stays with the buyer
	Due      time.Time    // zero: the law sets no day yet
}

// Path is the page of the order.
func (p returnPage) Path() string { return p.Base + "/orders/" + p.Number }

// Total is what goes to the buyer where nothing is kept.
func (p returnPage) Total() money.Amount { return p.sum(p.Goods.Minor + p.Delivery.Minor) }

// Kept is what the brand kept for wear.
func (p returnPage) Kept() money.Amount { return p.sum(p.Return.DeductedMinor) }

func (p returnPage) sum(minor int64) money.Amount { return money.New(minor, p.Currency) }

func (s *Server) returnPage(c echo.Context, d Desk) (returnPage, error) {
	n, err := id(c, "id")
	if err != nil {
		return returnPage{}, err
	}
	p, err := s.orderOf(c, d)
	if err != nil {
		return returnPage{}, err
	}
	rs, err := s.Returns.OfOrder(c.Request().Context(), p.ID, d.BrandID())
	if err != nil {
		return returnPage{}, err
	}
	for _, r := range rs {
		if r.ID != n {
			continue
		}
		data := returnPage{Desk: d, Page: p, Return: r, Form: page.NewForm("restock", "yes")}
		data.Due, _ = r.Due()
		return data, data.work(p)
	}
	return returnPage{}, returns.ErrGone
}

// work finds the parcel of the return and works out what goes back of it.
func (p *returnPage) work(o orders.Page) error {
	for _, sh := range o.Shipments {
		if sh.ID != p.Return.ShipmentID {
			continue
		}
		p.Shipment = sh
		whole := p.Return
		whole.DeductedMinor = 0
		w, err := returns.Wish(whole, sh, false)
		if err != nil {
			return err
		}
		goods, delivery := int64(0), int64(0)
		for _, l := range w.Lines {
			goods += l.Minor
		}
		if len(w.Delivery) > 0 {
			delivery = sh.DeliveryLeft()
		}
		p.Goods, p.Delivery = p.sum(goods), p.sum(delivery)
	}
	return nil
}

// comesBack is one return, with what is to be done about it.
func (s *Server) comesBack(c echo.Context, d Desk) error {
	data, err := s.returnPage(c, d)
	if err != nil {
		return err
	}
	return s.Site.Render(c, data.Form.Status(), "aftersale/return", data)
}

// decide is the answer to a buyer's request.
func (s *Server) decide(c echo.Context, d Desk) error {
	data, err := s.returnPage(c, d)
	if err != nil {
		return err
	}
	data.Form = page.PostedForm(c)
	approve := data.Form.Has("decision", "approve")
	if !approve && !data.Form.Has("decision", "refuse") {
		err = fault.Field("decision", "aftersale.return.choose")
	} else {
		err = s.Returns.Decide(c.Request().Context(), d.BrandID(), data.Return.ID, by(c), approve, data.Form.Raw("answer"))
	}
	key := "aftersale.return.refused"
	if approve {
		key = "aftersale.return.approved"
	}
	return s.afterReturn(c, data, err, key)
}

// receive records that the goods are back, and asks for the money to go to the buyer.
func (s *Server) receive(c echo.Context, d Desk) error {
	data, err := s.returnPage(c, d)
	if err != nil {
		return err
	}
	data.Form = page.PostedForm(c)
	kept := money.New(0, data.Currency)
	if text := data.Form.Get("deducted"); text != "" {
		if kept, err = money.Parse(text, data.Currency); err != nil {
			err = fault.Field("deducted", "fault.amount")
		}
	}
	if err == nil {
		err = s.Returns.Receive(c.Request().Context(), returns.Receipt{BrandID: d.BrandID(), ReturnID: data.Return.ID, By: by(c), DeductedMinor: kept.Minor,
			Answer: data.Form.Raw("answer"), Restock: data.Form.Has("restock", "yes")})
	}
	return s.afterReturn(c, data, err, "aftersale.return.received")
}

func (s *Server) afterReturn(c echo.Context, data returnPage, err error, key string) error {
	if data.Form.Refused(err) {
		return s.Site.Render(c, data.Form.Status(), "aftersale/return", data)
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, key)
	return page.Redirect(c, data.Path())
}
