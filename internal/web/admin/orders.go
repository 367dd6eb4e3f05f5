package admin

import (
	"net/url"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"relais/internal/earnings"
	"relais/internal/money"
	"relais/internal/orders"
	"relais/internal/web/page"
)

var orderStates = []orders.State{"", orders.Paid, orders.AwaitingPayment, orders.Refunded, orders.Expired, orders.Cancelled}

type ordersPage struct {
	list
	Tabs []page.Tab
	Rows []orders.Row
}

func (s *Server) orders(c echo.Context) error {
	l, data := page.Lang(c), ordersPage{list: listOf(c)}
	state := orders.State(c.QueryParam("state"))
	if !slices.Contains(orderStates, state) {
		state = ""
	}
	for _, st := range orderStates {
		tab := page.Tab{URL: "/admin/orders", Label: l.T("admin.all"), Current: st == state}
		if st != "" {
			tab.URL, tab.Label = "/admin/orders?state="+string(st), l.T("order.state."+string(st))
		}
		data.Tabs = append(data.Tabs, tab)
	}
	before, err := strconv.ParseInt(c.QueryParam("before"), 10, 64)
	if err != nil || before < 0 {
		before = 0
	}
	rows, err := s.Orders.List(c.Request().Context(), orders.Query{State: state, Text: data.Search, Before: before, Limit: listed + 1})
	if err != nil {
		return err
	}
	if len(rows) > listed {
		rows = rows[:listed]
		data.Older = "/admin/orders?" + url.Values{"state": {string(state)}, "q": {data.Search}, "before": {strconv.FormatInt(rows[listed-1].ID, 10)}}.Encode()
	}
	data.Rows = rows
	return s.render(c, "orders", data)
}

type orderPage struct {
	orders.Page
	Shares []share
	Fee    money.Amount // what Relais keeps
	Events []event
}

// share is an earning of the order and whose it is.
type share struct {
	earnings.Earning
	Who string
}

type event struct {
	orders.Event
	Text string
}

func (s *Server) readOrder(c echo.Context) (orderPage, error) {
	ctx, l := c.Request().Context(), page.Lang(c)
	p, err := s.Orders.ByNumber(ctx, 0, c.Param("number"))
	if err != nil {
		return orderPage{}, err
	}
	data := orderPage{Page: p}
	relays := map[int64]string{}
	for _, sh := range p.Shipments {
		for _, line := range sh.Lines {
			relays[line.ID] = line.RelayName
		}
	}
	all, err := earnings.OfOrder(ctx, s.DB, p.ID)
	if err != nil {
		return data, err
	}
	rest := p.TotalMinor
	for _, e := range all {
		who := e.BrandName
		if e.Role == earnings.Commission && e.OrderLineID != nil {
			who = relays[*e.OrderLineID]
		}
		data.Shares = append(data.Shares, share{e, who})
		rest -= e.Amount.Minor
	}
	data.Fee = money.New(rest, p.Currency)
	for _, e := range p.Events {
		if text := e.Words(l); text != "" {
			data.Events = append(data.Events, event{e, text})
		}
	}
	return data, nil
}

func (s *Server) order(c echo.Context) error {
	data, err := s.readOrder(c)
	if err != nil {
		return err
	}
	return s.render(c, "order", data)
}

// askRefund shows what a refund means before it is made.
func (s *Server) askRefund(c echo.Context) error {
	data, err := s.readOrder(c)
	if err != nil {
		return err
	}
	if !data.Refundable {
		return page.Redirect(c, "/admin/orders/"+data.Number)
	}
	return s.render(c, "refund", data)
}

func (s *Server) refund(c echo.Context) error {
	p, err := s.Orders.ByNumber(c.Request().Context(), 0, c.Param("number"))
	if err != nil {
		return err
	}
	_, err = s.Orders.Refund(c.Request().Context(), orders.RefundRequest{OrderID: p.ID, By: by(c), Operation: page.PostedForm(c).Get("operation"), Reason: "admin",
		Wish: orders.RefundWish{Minor: orders.Left(p.Shipments)}})
	return s.done(c, err, "admin.orders.refunding", "/admin/orders/"+p.Number)
}
