package relay

import (
	"context"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"relais/internal/earnings"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/insight"
	"relais/internal/money"
	"relais/internal/payouts"
	"relais/internal/referrals"
	"relais/internal/storefronts"
	"relais/internal/web/page"
)

// step is something worth doing next.
type step struct {
	Icon, Title, Text, URL, Action string
}

type homePage struct {
	Name  string
	Stats []page.Stat
	Next  []step
	Chart page.Series
	Sales []referrals.SaleOf
	Empty page.Empty
}

// home is what a member sees first: what to do next, how today goes, the last sales.
func (s *Server) home(c echo.Context) error {
	ctx, lang, viewer := c.Request().Context(), page.Lang(c), page.ViewerFrom(c)
	days, err := s.days(ctx, viewer.ID, 0)
	if err != nil {
		return err
	}
	data := homePage{Name: viewer.Name, Chart: peopleChart(lang, days)}
	totals, err := s.totals(ctx, viewer.ID)
	if err != nil {
		return err
	}
	data.Stats = append(dayStats(lang, days), moneyStats(lang, totals)...)
	if data.Sales, err = referrals.Sales(ctx, s.DB, viewer.ID, 0, 5); err != nil {
		return err
	}
	if data.Next, err = s.next(ctx, lang, viewer, totals); err != nil {
		return err
	}
	data.Empty = page.Empty{Icon: "hand-coins", Title: lang.T("relay.sales.empty.title"), Text: lang.T("relay.sales.empty.text"),
		URL: "/products", Action: lang.T("relay.links.empty.action")}
	return s.Site.Render(c, http.StatusOK, "relay/home", data)
}

func dayStats(l i18n.Lang, days []insight.Step) []page.Stat {
	var people, orders int64
	var today insight.Step
	for _, d := range days {
		people, orders, today = people+d.People, orders+d.Orders, d
	}
	return []page.Stat{
		{Label: l.T("relay.stat.today"), Value: l.Number(today.People), Hint: l.T("relay.stat.today_orders", "Count", today.Orders), Icon: "mouse-pointer-click", URL: "/me/links"},
		{Label: l.T("relay.stat.month"), Value: l.Number(people), Hint: l.T("relay.stat.month_orders", "Count", orders), Icon: "users", URL: "/me/links"},
	}
}

// totals is what the member has earned, in each currency; nothing where they never did.
func (s *Server) totals(ctx context.Context, memberID int64) ([]earnings.Total, error) {
	payee, err := earnings.PayeeID(ctx, s.DB, earnings.Owner{MemberID: memberID})
	if errors.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return earnings.Totals(ctx, s.DB, payee)
}

// moneyStats says what is free and what waits, and until when.
func moneyStats(l i18n.Lang, totals []earnings.Total) []page.Stat {
	var free, held []money.Amount
	hint := l.T("relay.stat.held_none")
	for _, t := range totals {
		free, held = append(free, t.Amount(t.Free)), append(held, t.Amount(t.Held))
		if t.NextAt != nil {
			hint = l.T("relay.stat.held_until", "Date", *t.NextAt)
		}
	}
	if len(totals) == 0 {
		free, held = []money.Amount{money.New(0, "EUR")}, []money.Amount{money.New(0, "EUR")}
	}
	return []page.Stat{
		{Label: l.T("relay.stat.free"), Value: amounts(l, free), Hint: l.T("relay.stat.free_hint"), Icon: "wallet", Tone: "good", URL: "/me/earnings"},
		{Label: l.T("relay.stat.held"), Value: amounts(l, held), Hint: hint, Icon: "hourglass", Tone: "wait", URL: "/me/earnings"},
	}
}

// payable says whether somebody who has earned something can be paid.
func (s *Server) payable(ctx context.Context, memberID int64, totals []earnings.Total) (bool, error) {
	if len(totals) == 0 {
		return true, nil // nothing to pay yet
	}
	payee, err := s.Payouts.PayeeOf(ctx, earnings.Owner{MemberID: memberID})
	if err != nil {
		return false, err
	}
	r := payee.Readiness()
	return r != payouts.NoAccount && r != payouts.Unfinished, nil
}

// next is what is worth doing now, the most urgent first, at most three things.
func (s *Server) next(ctx context.Context, l i18n.Lang, viewer *page.Viewer, totals []earnings.Total) ([]step, error) {
	var steps []step
	add := func(name, icon, url string) {
		key := "relay.next." + name
		steps = append(steps, step{Icon: icon, Title: l.T(key + ".title"), Text: l.T(key + ".text"), URL: url, Action: l.T(key + ".action")})
	}
	if !viewer.Confirmed {
		add("confirm", "mail", "/me/settings/security")
	}
	payable, err := s.payable(ctx, viewer.ID, totals)
	if err != nil {
		return nil, err
	}
	if !payable {
		add("payout", "landmark", "/me/payouts")
	}
	listings, err := storefronts.AllListings(ctx, s.DB, viewer.ID, l, s.Now())
	if err != nil {
		return nil, err
	}
	links, err := referrals.LinkCount(ctx, s.DB, viewer.ID)
	if err != nil {
		return nil, err
	}
	front, err := storefronts.ByMember(ctx, s.DB, viewer.ID)
	if err != nil {
		return nil, err
	}
	noted := 0
	for _, p := range listings {
		if p.Note != "" {
			noted++
		}
	}
	switch {
	case len(listings) == 0:
		add("pick", "heart", "/products")
	case links == 0:
		add("share", "share-2", "/me/storefront")
	case noted < len(listings):
		add("note", "pencil", "/me/storefront")
	}
	if front.Title == "" && front.Intro == "" && len(listings) > 0 {
		add("introduce", "store", "/me/storefront")
	}
	if viewer.Picture == "" {
		add("picture", "camera", "/me/settings")
	}
	return steps[:min(3, len(steps))], nil
}
