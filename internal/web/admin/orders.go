package admin

import (
	"context"
	"net/url"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"relais/internal/earnings"
	"relais/internal/money"
	"relais/internal/orders"
	"relais/internal/orders/events"
	"relais/internal/orders/lists"
	"relais/internal/web/aftersale"
	"relais/internal/web/page"
)

var orderStates = []orders.State{"", orders.Paid, orders.AwaitingPayment, orders.Refunded, orders.ChargedBack, orders.Expired, orders.Cancelled}

type ordersPage struct {
	list
	Tabs []page.Tab
	Rows []lists.Row
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
	rows, err := lists.List(c.Request().Context(), s.DB, lists.Query{State: state, Text: data.Search, Before: before, Limit: listed + 1})
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
	Sold   money.Amount // the fee before anything went back
	Events []event
	Panel  aftersale.Panel
	Posted []earnings.Posted
}

// Returned is what went back to the buyer, by us or by their bank.
func (p orderPage) Returned() money.Amount { return money.New(p.RefundedMinor+p.LostMinor, p.Currency) }

// FeeBack is what Relais gave back of its fee.
func (p orderPage) FeeBack() money.Amount {
	return money.New(p.Sold.Minor-p.Fee.Minor, p.Currency)
}

// Kept is what the order's people and Relais keep.
func (p orderPage) Kept() money.Amount {
	return money.New(p.TotalMinor-p.RefundedMinor-p.LostMinor, p.Currency)
}

// share is an earning of the order and whose it is.
type share struct {
	earnings.Earning
	Who string
}

type event struct {
	events.Event
	Text string
}

func (s *Server) readOrder(c echo.Context) (orderPage, error) {
	ctx, l := c.Request().Context(), page.Lang(c)
	p, err := s.Orders.ByNumber(ctx, 0, c.Param("number"))
	if err != nil {
		return orderPage{}, err
	}
	data := orderPage{Page: p}
	if err := s.share(ctx, &data); err != nil {
		return data, err
	}
	for _, e := range p.Events {
		if text := e.Words(l); text != "" {
			data.Events = append(data.Events, event{e, text})
		}
	}
	if data.Panel, err = s.Aftersale.PanelOf(c, aftersale.Desk{Base: "/admin"}, p); err != nil {
		return data, err
	}
	data.Posted, err = earnings.PostedOf(ctx, s.DB, p.ID)
	return data, err
}

// share reads who earned what of an order, and what of it is left to them; the fee is the rest.
func (s *Server) share(ctx context.Context, data *orderPage) error {
	all, err := earnings.OfOrder(ctx, s.DB, data.ID)
	if err != nil {
		return err
	}
	rest, sold := data.TotalMinor-data.RefundedMinor-data.LostMinor, data.TotalMinor
	for _, e := range all {
		data.Shares = append(data.Shares, share{e, e.PayeeName})
		rest -= e.Left().Minor
		sold -= e.Share()
	}
	data.Fee, data.Sold = money.New(rest, data.Currency), money.New(sold, data.Currency)
	if data.PaidAt == nil {
		data.Fee.Minor, data.Sold.Minor = 0, 0
	}
	return nil
}

func (s *Server) order(c echo.Context) error {
	data, err := s.readOrder(c)
	if err != nil {
		return err
	}
	return s.render(c, "order", data)
}
