package till

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"relais/internal/i18n"
	"relais/internal/insight"
	"relais/internal/money"
	"relais/internal/referrals"
	"relais/internal/web/page"
)

// mostShown is how many lines of one table a page has; the file has all.
const mostShown = 100

type insightPage struct {
	side
	Tabs   []page.Tab
	Stats  []page.Stat
	Charts []page.Series
	Cuts   []section
	File   string // address of the same for a spreadsheet
	Empty  page.Empty
}

// section is what came, by one thing: by link, by group.
type section struct {
	Name string // link, circle, channel, product, relay: key of its words
	Rows []insightRow
	More int // rows that are in the file only
}

// Folded says whether a long list waits to be opened, so that the short ones are found on a phone.
func (s section) Folded() bool { return len(s.Rows) > 8 && (s.Name == "product" || s.Name == "link") }

// Count is how many lines there are, those in the file only among them.
func (s section) Count() int64 { return int64(len(s.Rows) + s.More) }

// insightRow is one line of a section; what it cannot say is empty.
type insightRow struct {
	Title, URL, Note string
	Avatar           *page.Photo // of a member: hash and name; nil: of none
	insight.Figures
}

// Conversion is orders of a hundred people; empty where nobody came.
func (r insightRow) Conversion(l i18n.Lang) string {
	bps, ok := r.ConversionBps()
	if !ok {
		return ""
	}
	return l.Percent(bps)
}

// insight is what came of recommending in a period: a member's links, or what members brought a brand; never who bought.
func (s *Server) insight(c echo.Context, of side) error {
	l := page.Lang(c)
	r, err := s.report(c.Request().Context(), of, l, c.QueryParam("period"))
	if err != nil {
		return err
	}
	data := insightPage{side: of, Stats: insightStats(l, of, r), File: of.insight() + ".csv?period=" + r.Period.Name}
	for _, name := range insight.Periods() {
		data.Tabs = append(data.Tabs, page.Tab{URL: of.insight() + "?period=" + name, Label: l.T("till.insight.period." + name), Current: name == r.Period.Name})
	}
	data.Cuts = insightCuts(l, of, r)
	for i := range data.Cuts {
		if more := len(data.Cuts[i].Rows) - mostShown; more > 0 {
			data.Cuts[i].Rows, data.Cuts[i].More = data.Cuts[i].Rows[:mostShown], more
		}
	}
	if r.Total.Any() {
		data.Charts = insightCharts(l, of, r)
	}
	data.Empty = page.Empty{Icon: "share-2", Title: l.T("till.insight.empty"), Text: l.T("till.insight.empty_text"), URL: "/me/links", Action: l.T("till.insight.to_links")}
	if of.Brand != nil {
		data.Empty = page.Empty{Icon: "users", Title: l.T("till.relays.empty"), Text: l.T("till.relays.empty_text"), URL: of.Base + "/terms", Action: l.T("till.relays.to_terms")}
	}
	return s.render(c, "insight", data)
}

// insight is the address of the page of a side.
func (of side) insight() string {
	if of.Brand != nil {
		return of.Base + "/relays"
	}
	return of.Base + "/insight"
}

func (s *Server) report(ctx context.Context, of side, l i18n.Lang, period string) (insight.Report, error) {
	p := insight.PeriodOf(period, s.Now())
	if of.Brand != nil {
		return insight.ForBrand(ctx, s.DB, of.Owner.BrandID, p, l)
	}
	return insight.ForMember(ctx, s.DB, of.Owner.MemberID, p, l)
}

// insightStats are the tiles: people, orders, conversion, and what was earned, or sold by a brand, in each currency.
func insightStats(l i18n.Lang, of side, r insight.Report) []page.Stat {
	t := r.Total
	stats := []page.Stat{
		{Label: l.T("till.insight.people"), Value: l.Number(t.People), Hint: l.T("till.insight.visits", "Count", t.Visits), Icon: "users"},
		{Label: l.T("till.insight.orders"), Value: l.Number(t.Orders), Hint: l.T("till.insight.orders_hint"), Icon: "shopping-bag"},
		{Label: l.T("till.insight.conversion"), Value: "—", Hint: l.T("till.insight.conversion_hint"), Icon: "mouse-pointer-click"},
	}
	if bps, ok := t.ConversionBps(); ok {
		stats[2].Value = l.Percent(bps)
	}
	nothing := []money.Amount{money.New(0, "EUR")}
	if of.Brand != nil {
		nothing = []money.Amount{money.New(0, of.Brand.Currency)}
		for _, a := range orElse(t.Goods, nothing) {
			stats = append(stats, page.Stat{Label: l.T("till.insight.goods"), Value: l.Money(a), Hint: l.T("till.insight.goods_hint"), Icon: "store", Tone: "good"})
		}
	}
	for _, a := range orElse(t.Earned, nothing) {
		stats = append(stats, page.Stat{Label: l.T("till.insight.earned"), Value: l.Money(a), Hint: l.T("till.insight.earned_hint"), Icon: "hand-coins", Tone: "good"})
	}
	return stats
}

func orElse(as, other []money.Amount) []money.Amount {
	if len(as) == 0 {
		return other
	}
	return as
}

// insightCharts are people, orders, and for each currency what was earned, by day or month.
func insightCharts(l i18n.Lang, of side, r insight.Report) []page.Series {
	label := l.DateShort
	if r.Period.Monthly {
		label = l.MonthShort
	}
	people, orders := page.Series{Title: l.T("till.insight.people")}, page.Series{Title: l.T("till.insight.orders")}
	for _, st := range r.Steps {
		people.Points = append(people.Points, page.Point{Label: label(st.Start), Value: st.People, Text: l.Number(st.People)})
		orders.Points = append(orders.Points, page.Point{Label: label(st.Start), Value: st.Orders, Text: l.Number(st.Orders)})
	}
	charts := []page.Series{people}
	if r.Total.Orders == 0 {
		return charts
	}
	charts = append(charts, orders)
	sums, title := r.Total.Earned, "till.insight.earned"
	if of.Brand != nil {
		sums, title = r.Total.Goods, "till.insight.goods"
	}
	for i, sum := range sums {
		name := l.T(title)
		if len(sums) > 1 {
			name += " · " + l.Symbol(sum.Currency)
		}
		series := page.Series{Title: name}
		for _, st := range r.Steps {
			of := st.Earned
			if title == "till.insight.goods" {
				of = st.Goods
			}
			a := amountIn(of, sums[i].Currency)
			series.Points = append(series.Points, page.Point{Label: label(st.Start), Value: a.Minor, Text: l.Money(a)})
		}
		charts = append(charts, series)
	}
	return charts
}

func amountIn(as []money.Amount, c money.Currency) money.Amount {
	for _, a := range as {
		if a.Currency == c {
			return a
		}
	}
	return money.New(0, c)
}

// insightCuts are the tables of a side. One that would have a single nameless line says nothing and is left out.
func insightCuts(l i18n.Lang, of side, r insight.Report) (cuts []section) {
	add := func(name string, rows []insightRow) {
		if len(rows) > 0 {
			cuts = append(cuts, section{Name: name, Rows: rows})
		}
	}
	add("relay", relayRows(l, r.Relays))
	if of.Brand == nil {
		add("circle", namedRows(r.Circles, func(name string) string { return name }, l.T("till.insight.no_circle")))
	}
	add("channel", namedRows(r.Channels, func(name string) string { return l.T("relay.channel." + name) }, l.T("relay.channel.any")))
	var products, links []insightRow
	for _, p := range r.Products {
		products = append(products, insightRow{Title: p.Title, URL: "/p/" + p.Slug, Figures: p.Figures})
	}
	add("product", products)
	for _, k := range r.Links {
		links = append(links, linkRow(l, k))
	}
	add("link", links)
	return cuts
}

func relayRows(l i18n.Lang, relays []insight.Relay) (rows []insightRow) {
	for _, r := range relays {
		rows = append(rows, insightRow{Title: r.Name, URL: "/@" + r.Handle, Note: l.T("till.relays.listed", "Count", r.Listed),
			Avatar: &page.Photo{Hash: r.PictureHash, Alt: r.Name}, Figures: r.Figures})
	}
	return rows
}

func namedRows(list []insight.Named, name func(string) string, nameless string) (rows []insightRow) {
	for _, n := range list {
		title := nameless
		if n.Name != "" {
			title = name(n.Name)
		}
		rows = append(rows, insightRow{Title: title, Figures: n.Figures})
	}
	return rows
}

func linkRow(l i18n.Lang, k insight.LinkRow) insightRow {
	if k.ID == 0 {
		return insightRow{Title: l.T("till.insight.direct"), Note: l.T("till.insight.direct_hint"), Figures: k.Figures}
	}
	row := insightRow{URL: "/me/links/" + k.Code, Title: l.T("relay.links.storefront"), Note: l.T("relay.channel.any"), Figures: k.Figures}
	switch k.Target {
	case referrals.ToProduct:
		row.Title = k.ProductTitle
	case referrals.ToBrand:
		row.Title = k.BrandName
	case referrals.ToStory:
		row.Title = l.T("relay.links.story", "Title", k.StoryTitle)
	case referrals.ToPoll:
		row.Title = l.T("relay.links.poll", "Title", k.PollTitle)
	}
	if k.Channel != "" {
		row.Note = l.T("relay.channel." + k.Channel)
	}
	if k.Circle != "" {
		row.Note = k.Circle + " · " + row.Note
	}
	return row
}

// insightCSV is the same as a file: every part of every section, and each day or month.
func (s *Server) insightCSV(c echo.Context, of side) error {
	l := page.Lang(c)
	r, err := s.report(c.Request().Context(), of, l, c.QueryParam("period"))
	if err != nil {
		return err
	}
	cuts := insightCuts(l, of, r)
	var days []insightRow
	for _, st := range r.Steps {
		days = append(days, insightRow{Title: i18n.Day(st.Start), Figures: st.Figures})
	}
	var file bytes.Buffer
	if err := writeInsight(&file, l, append(cuts, section{Name: "step", Rows: days})); err != nil {
		return err
	}
	c.Response().Header().Set("Content-Disposition", `attachment; filename="relais-insight.csv"`)
	c.Response().Header().Set("Cache-Control", "private, no-store")
	return c.Blob(http.StatusOK, "text/csv; charset=utf-8", file.Bytes())
}

// writeInsight writes a line for each part and currency; people and orders are on the first of them.
func writeInsight(w io.Writer, l i18n.Lang, cuts []section) error {
	out, err := newSheet(w, l, "till.insight.csv.", "by", "what", "note", "people", "visits", "orders", "currency", "goods", "earned")
	if err != nil {
		return err
	}
	for _, section := range cuts {
		for _, r := range section.Rows {
			record := []string{l.T("till.insight.by." + section.Name), inert(r.Title), inert(r.Note), strconv.FormatInt(r.People, 10), strconv.FormatInt(r.Visits, 10), strconv.FormatInt(r.Orders, 10), "", "", ""}
			for i := 0; i < max(1, len(r.Earned)); i++ {
				if i < len(r.Earned) {
					copy(record[6:], []string{string(r.Earned[i].Currency), r.Goods[i].Decimal(), r.Earned[i].Decimal()})
				}
				if err := out.Write(record); err != nil {
					return err
				}
				copy(record[3:6], []string{"", "", ""})
			}
		}
	}
	out.Flush()
	return out.Error()
}
