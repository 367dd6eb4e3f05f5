package till

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/earnings"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/web/page"
)

type earningsPage struct {
	side
	Debts  bool // there are debts, or were
	Stats  []page.Stat
	Charts []page.Series // one for each currency
	Tabs   []page.Tab
	Rows   []page.Earning
	Older  string
	Empty  page.Empty
	Setup  bool // money is there, and nowhere to pay it to
}

// states are the filters of the list, in the order in which money goes through them.
var states = []earnings.State{"", earnings.Held, earnings.Free, earnings.Paying, earnings.Paid, earnings.Frozen, earnings.Voided}

// earnings is what a payee has, by state, and the list of where it comes from.
func (s *Server) earnings(c echo.Context, of side) error {
	ctx, l := c.Request().Context(), page.Lang(c)
	payee, err := s.Payouts.Look(ctx, of.Owner)
	if err != nil {
		return err
	}
	totals, err := earnings.Totals(ctx, s.DB, payee.ID)
	if err != nil {
		return err
	}
	filter := earnings.Filter{State: stateOf(c.QueryParam("state")), Before: before(c), Limit: listed + 1}
	rows, err := earnings.List(ctx, s.DB, payee.ID, filter)
	if err != nil {
		return err
	}
	data := earningsPage{side: of, Stats: totalStats(l, of, totals), Tabs: stateTabs(l, of, filter.State, totals)}
	more := len(rows) > listed
	for _, e := range rows[:min(len(rows), listed)] {
		data.Rows = append(data.Rows, shown(l, of, e))
		data.Older = older(c, more, e.ID)
	}
	if data.Debts, err = earnings.Indebted(ctx, s.DB, payee.ID); err != nil {
		return err
	}
	data.Setup = len(totals) > 0 && payee.StripeAccountID == nil
	if data.Charts, err = s.months(ctx, l, payee.ID, totals); err != nil {
		return err
	}
	data.Empty = emptyEarnings(l, of, filter.State != "")
	return s.render(c, "earnings", data)
}

func stateOf(text string) earnings.State {
	for _, st := range states {
		if string(st) == text {
			return st
		}
	}
	return ""
}

func emptyEarnings(l i18n.Lang, of side, filtered bool) page.Empty {
	switch {
	case filtered:
		return page.Empty{Icon: "coins", Title: l.T("till.earnings.none_here"), Text: l.T("till.earnings.none_here_text"),
			URL: of.Base + "/earnings", Action: l.T("till.earnings.see_all")}
	case of.Brand != nil:
		return page.Empty{Icon: "coins", Title: l.T("till.earnings.empty"), Text: l.T("till.earnings.empty_brand"),
			URL: of.Base + "/products", Action: l.T("till.earnings.to_products")}
	}
	return page.Empty{Icon: "hand-coins", Title: l.T("till.earnings.empty"), Text: l.T("till.earnings.empty_member"),
		URL: "/products", Action: l.T("till.earnings.find")}
}

// totalStats are the tiles: what waits, what is free, what is on its way, what was paid; four for each currency.
func totalStats(l i18n.Lang, of side, totals []earnings.Total) []page.Stat {
	if len(totals) == 0 {
		totals = []earnings.Total{{Currency: "EUR"}}
	}
	var stats []page.Stat
	for _, t := range totals {
		next := l.T("till.tile.held_none")
		if t.NextAt != nil {
			next = l.T("till.tile.held_next", "Date", *t.NextAt)
		}
		tile := func(state earnings.State, minor int64, hint, icon, tone string) {
			stats = append(stats, page.Stat{Label: l.T("till.tile." + string(state)), Value: l.Money(t.Amount(minor)), Hint: hint, Icon: icon, Tone: tone,
				URL: of.Base + "/earnings?state=" + string(state)})
		}
		tile(earnings.Held, t.Held, next, "hourglass", "wait")
		tile(earnings.Free, t.Free, l.T("till.tile.free_hint"), "wallet", "good")
		tile(earnings.Paying, t.Paying, l.T("till.tile.paying_hint"), "send", "")
		tile(earnings.Paid, t.Paid, l.T("till.tile.paid_hint"), "landmark", "")
		if t.Frozen > 0 {
			tile(earnings.Frozen, t.Frozen, l.T("till.tile.frozen_hint"), "snowflake", "")
		}
		if t.Owed > 0 {
			stats = append(stats, page.Stat{Label: l.T("aftersale.debt.owed"), Value: l.Money(t.Amount(t.Owed)), Hint: l.T("aftersale.debt.owed_hint"), Icon: "undo-2", Tone: "wait",
				URL: of.Base + "/earnings/debts"})
		}
	}
	return stats
}

// stateTabs leave out states in which nothing ever was, but for the one that is shown.
func stateTabs(l i18n.Lang, of side, current earnings.State, totals []earnings.Total) []page.Tab {
	has := map[earnings.State]bool{"": true, earnings.Held: true, earnings.Free: true, earnings.Paid: true, current: true}
	for _, t := range totals {
		has[earnings.Paying] = has[earnings.Paying] || t.Paying > 0
		has[earnings.Frozen] = has[earnings.Frozen] || t.Frozen > 0
		has[earnings.Voided] = has[earnings.Voided] || t.Voided > 0
	}
	var tabs []page.Tab
	for _, st := range states {
		if !has[st] {
			continue
		}
		tab := page.Tab{URL: of.Base + "/earnings", Label: l.T("till.earnings.all"), Current: st == current}
		if st != "" {
			tab.URL, tab.Label = tab.URL+"?state="+string(st), l.T("page.earning.state."+string(st))
		}
		tabs = append(tabs, tab)
	}
	return tabs
}

// shown is an earning as lists have it.
func shown(l i18n.Lang, of side, e earnings.Earning) page.Earning {
	p := page.Earning{Label: label(l, of, e), URL: fmt.Sprintf("%s/earnings/%d", of.Base, e.ID), Amount: e.Left(), State: string(e.State)}
	if e.ReturnedMinor != 0 || e.MovedMinor != 0 {
		p.Was = &e.Amount
	}
	reason := sentence(l.T("earning.reason." + string(e.Reason)))
	switch e.State {
	case earnings.Held:
		p.Reason = reason
		if e.FreeAtKnown {
			p.At = e.FreeAt
		} else {
			p.Reason = l.T("till.earnings.about", "Reason", reason, "Date", e.FreeAt)
		}
	case earnings.Free:
		p.At = at(e.ReleasedAt)
	case earnings.Paid:
		p.At = at(e.PaidAt)
	case earnings.Voided:
		p.At, p.Reason = at(e.VoidedAt), reason
	case earnings.Frozen:
		p.Reason = reason
	}
	return p
}

// label says what an earning is for: the product to a member, with the order to a brand.
func label(l i18n.Lang, of side, e earnings.Earning) string {
	what := e.ProductTitle
	if e.Role == earnings.Delivery {
		what = l.T("earning.role.delivery")
	} else if e.Quantity > 1 {
		what = l.T("till.times", "Count", e.Quantity, "Title", what)
	}
	if e.Role == earnings.Kept || e.Role.Makes() {
		what += " · " + l.T("earning.role."+string(e.Role))
	}
	if of.Brand != nil {
		return e.OrderNumber + " · " + what
	}
	return what + " · " + e.BrandName
}

func at(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

func sentence(text string) string {
	if text == "" {
		return ""
	}
	first := []rune(text)[:1]
	return strings.ToUpper(string(first)) + strings.TrimPrefix(text, string(first))
}

// months are the charts of the last six months, each month with its label, one for each currency in which something was earned.
func (s *Server) months(ctx context.Context, l i18n.Lang, payeeID int64, totals []earnings.Total) ([]page.Series, error) {
	var charts []page.Series
	now := s.Now()
	for _, t := range totals {
		list, err := earnings.Months(ctx, s.DB, payeeID, t.Currency, now.AddDate(0, -5, 1-now.Day()), now)
		if err != nil {
			return nil, err
		}
		chart := page.Series{Title: l.T("till.earnings.chart")}
		if len(totals) > 1 {
			chart.Title = l.T("currency.chart", "Currency", l.T("currency.name."+string(t.Currency)))
		}
		for _, m := range list {
			chart.Points = append(chart.Points, page.Point{Label: l.Month(m.Start), Value: m.Minor, Text: l.Money(money.New(m.Minor, t.Currency))})
		}
		charts = append(charts, chart)
	}
	return charts, nil
}
