package till

import (
	"github.com/labstack/echo/v4"

	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/orders"
	"relais/internal/orders/lists"
	"relais/internal/web/page"
)

type purchasesPage struct {
	Rows  []lists.Row
	Older string
	Empty page.Empty
}

// purchases is what the member bought while signed in.
func (s *Server) purchases(c echo.Context, of side) error {
	l := page.Lang(c)
	rows, err := lists.List(c.Request().Context(), s.DB, lists.Query{MemberID: of.Owner.MemberID, Before: before(c), Limit: listed + 1})
	if err != nil {
		return err
	}
	data := purchasesPage{Empty: page.Empty{Icon: "shopping-bag", Title: l.T("till.purchases.empty"), Text: l.T("till.purchases.empty_text"),
		URL: "/products", Action: l.T("till.purchases.find")}}
	data.Rows, data.Older = cut(c, rows)
	return s.render(c, "purchases", data)
}

// cut keeps the rows of one page and says where the others are.
func cut(c echo.Context, rows []lists.Row) ([]lists.Row, string) {
	if len(rows) <= listed {
		return rows, ""
	}
	rows = rows[:listed]
	return rows, older(c, true, rows[listed-1].ID)
}

// views are the filters of a brand's orders, what is to do first.
var views = []struct {
	name   string
	choose func(*lists.Query)
	count  func(lists.Count) int64
}{
	{"preparing", func(q *lists.Query) { q.Shipment, q.State = orders.Preparing, orders.Paid }, func(n lists.Count) int64 { return n.Preparing }},
	{"returns", func(q *lists.Query) { q.Returns = true }, func(n lists.Count) int64 { return n.Returns }},
	{"shipped", func(q *lists.Query) { q.Shipment, q.State = orders.Shipped, orders.Paid }, func(n lists.Count) int64 { return n.Shipped }},
	{"delivered", func(q *lists.Query) { q.Shipment, q.State = orders.Delivered, orders.Paid }, func(n lists.Count) int64 { return n.Delivered }},
	{"refunded", func(q *lists.Query) { q.State = orders.Refunded }, func(n lists.Count) int64 { return n.Refunded }},
	{"all", func(*lists.Query) {}, func(n lists.Count) int64 { return n.All }},
}

type ordersPage struct {
	side
	Search string
	View   string
	Tabs   []page.Tab
	Rows   []lists.Row
	Older  string
	Empty  page.Empty
}

// Part is what the brand sold of an order, delivery included.
func (p ordersPage) Part(r lists.Row) money.Amount { return money.New(r.PartMinor, r.Currency) }

// orders lists what the brand sold; without a choice, what is to be sent.
func (s *Server) orders(c echo.Context, of side) error {
	ctx, l := c.Request().Context(), page.Lang(c)
	n, err := lists.CountOf(ctx, s.DB, of.Owner.BrandID)
	if err != nil {
		return err
	}
	data := ordersPage{side: of, Search: page.QueryForm(c).Get("q")}
	query := lists.Query{BrandID: of.Owner.BrandID, Text: data.Search, Before: before(c), Limit: listed + 1}
	data.View = viewOf(c.QueryParam("show"), data.Search != "")
	for _, v := range views {
		count := v.count(n)
		if v.name == data.View {
			v.choose(&query)
		} else if count == 0 && v.name != "preparing" && v.name != "all" {
			continue
		}
		data.Tabs = append(data.Tabs, page.Tab{URL: of.Base + "/orders?show=" + v.name, Current: v.name == data.View,
			Label: l.T("till.orders.show."+v.name) + " " + l.T("till.orders.count", "Number", l.Number(count))})
	}
	rows, err := lists.List(ctx, s.DB, query)
	if err != nil {
		return err
	}
	data.Rows, data.Older = cut(c, rows)
	data.Empty = emptyOrders(l, of, data, n)
	return s.render(c, "orders", data)
}

// viewOf is the view asked for: what is to be sent, or everything where something is searched.
func viewOf(asked string, searching bool) string {
	for _, v := range views {
		if v.name == asked {
			return v.name
		}
	}
	if searching {
		return "all"
	}
	return "preparing"
}

func emptyOrders(l i18n.Lang, of side, data ordersPage, n lists.Count) page.Empty {
	switch {
	case n.All == 0:
		return page.Empty{Icon: "package", Title: l.T("till.orders.empty"), Text: l.T("till.orders.empty_text"), URL: of.Base + "/products", Action: l.T("till.earnings.to_products")}
	case data.Search != "":
		return page.Empty{Icon: "search", Title: l.T("till.orders.not_found"), Text: l.T("till.orders.not_found_text"), URL: of.Base + "/orders?show=all", Action: l.T("till.orders.see_all")}
	case data.View == "preparing":
		return page.Empty{Icon: "package-check", Title: l.T("till.orders.all_sent"), Text: l.T("till.orders.all_sent_text"), URL: of.Base + "/orders?show=all", Action: l.T("till.orders.see_all")}
	}
	return page.Empty{Icon: "package", Title: l.T("till.orders.none_here"), Text: l.T("till.orders.none_here_text"), URL: of.Base + "/orders?show=all", Action: l.T("till.orders.see_all")}
}
