package relay

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/i18n"
	"relais/internal/insight"
	"relais/internal/money"
	"relais/internal/referrals"
	"relais/internal/reviews"
	"relais/internal/web/page"
)

const linksPerPage = 30

// linkRow is a link as the list shows it.
type linkRow struct {
	insight.LinkFigures
	Title   string // what it leads to
	Channel string
	Earned  string // "12,40 €"; empty: nothing yet
}

type linksPage struct {
	Links  []linkRow
	Pager  *page.Pager
	Chart  page.Series
	Missed []referrals.SaleOf
	Empty  page.Empty
}

// links lists the member's links with what came of them.
func (s *Server) links(c echo.Context) error {
	ctx, lang, viewer := c.Request().Context(), page.Lang(c), page.ViewerFrom(c)
	total, err := referrals.LinkCount(ctx, s.DB, viewer.ID)
	if err != nil {
		return err
	}
	data := linksPage{Pager: page.NewPager(c, linksPerPage, total)}
	figures, err := insight.Links(ctx, s.DB, viewer.ID, lang, linksPerPage, data.Pager.Offset())
	if err != nil {
		return err
	}
	for _, f := range figures {
		data.Links = append(data.Links, row(lang, f))
	}
	days, err := s.days(ctx, viewer.ID, 0)
	if err != nil {
		return err
	}
	data.Chart = peopleChart(lang, days)
	if data.Missed, err = referrals.Missed(ctx, s.DB, viewer.ID, 5); err != nil {
		return err
	}
	data.Empty = page.Empty{Icon: "share-2", Title: lang.T("relay.links.empty.title"), Text: lang.T("relay.links.empty.text"),
		URL: "/products", Action: lang.T("relay.links.empty.action")}
	return s.Site.Render(c, http.StatusOK, "relay/links", data)
}

func row(l i18n.Lang, f insight.LinkFigures) linkRow {
	return linkRow{LinkFigures: f, Title: targetTitle(l, f.Link), Channel: channelName(l, f.Link.Channel), Earned: amounts(l, f.Earned)}
}

// targetTitle says what a link leads to.
func targetTitle(l i18n.Lang, link referrals.Link) string {
	switch link.Target {
	case referrals.ToProduct:
		return link.ProductTitle
	case referrals.ToBrand:
		return link.BrandName
	case referrals.ToStory:
		return l.T("relay.links.story", "Title", link.StoryTitle)
	case referrals.ToPoll:
		return l.T("relay.links.poll", "Title", link.PollTitle)
	}
	return l.T("relay.links.storefront")
}

// amounts writes one amount for each currency; empty where there is none.
func amounts(l i18n.Lang, as []money.Amount) string {
	words := make([]string, len(as))
	for i, a := range as {
		words[i] = l.Money(a)
	}
	return strings.Join(words, " + ")
}

// days are the last thirty.
func (s *Server) days(ctx context.Context, memberID, linkID int64) ([]insight.Step, error) {
	return insight.Days(ctx, s.DB, memberID, linkID, insight.PeriodOf("30", s.Now()))
}

func peopleChart(l i18n.Lang, days []insight.Step) page.Series {
	series := page.Series{Title: l.T("relay.chart.people")}
	for _, d := range days {
		series.Points = append(series.Points, page.Point{Label: l.DateShort(d.Start), Value: d.People, Text: l.T("relay.people", "Count", d.People)})
	}
	return series
}

type linkPage struct {
	linkRow
	Sheet page.ShareLink
	Chart page.Series
	Sales []referrals.SaleOf
	Empty page.Empty
}

// link is one link: people, orders, earnings, and each sale with why it is the member's.
func (s *Server) link(c echo.Context) error {
	ctx, lang, viewer := c.Request().Context(), page.Lang(c), page.ViewerFrom(c)
	figures, err := insight.LinkByCode(ctx, s.DB, viewer.ID, c.Param("code"), lang)
	if err != nil {
		return err
	}
	data := linkPage{linkRow: row(lang, figures)}
	days, err := s.days(ctx, viewer.ID, figures.ID)
	if err != nil {
		return err
	}
	data.Chart = peopleChart(lang, days)
	if data.Sales, err = referrals.Sales(ctx, s.DB, viewer.ID, figures.ID, 50); err != nil {
		return err
	}
	data.Sheet = page.ShareLink{URL: s.BaseURL + figures.Path()}
	data.Empty = page.Empty{Icon: "hand-coins", Title: lang.T("relay.sales.empty.title"), Text: lang.T("relay.sales.empty.text")}
	return s.Site.Render(c, http.StatusOK, "relay/link", data)
}

func (s *Server) switchLink(c echo.Context) error {
	code, on := c.Param("code"), c.FormValue("on") == "yes"
	if err := s.Referrals.Switch(c.Request().Context(), page.ViewerFrom(c).ID, code, on); err != nil {
		return err
	}
	if on {
		s.Site.Good(c, "relay.link.is_on")
	} else {
		s.Site.Good(c, "relay.link.is_off")
	}
	return page.Redirect(c, "/me/links/"+code)
}

type salePage struct {
	referrals.Explanation
	Main   referrals.Weighed
	Won    string          // by which rule it is theirs, in a sentence; empty: it is not
	WhatIf []string        // what would have changed it, in sentences
	Review *reviews.Review // of the member's commission, where somebody looked at it
	Claim  *reviews.Claim  // the member's question after this sale
}

// sale explains one sale: why it is the member's, or why not, and what would have changed it.
func (s *Server) sale(c echo.Context) error {
	line, err := strconv.ParseInt(c.Param("line"), 10, 64)
	if err != nil {
		return referrals.ErrNotWeighed
	}
	why, err := referrals.WhyYours(c.Request().Context(), s.DB, page.ViewerFrom(c).ID, line)
	if err != nil {
		return err
	}
	lang := page.Lang(c)
	data := salePage{Explanation: why, Main: why.Main()}
	if data.Review, err = reviews.OfSale(c.Request().Context(), s.DB, page.ViewerFrom(c).ID, line); err != nil {
		return err
	}
	if data.Claim, err = reviews.ClaimOn(c.Request().Context(), s.DB, page.ViewerFrom(c).ID, line); err != nil {
		return err
	}
	if why.Yours {
		data.Won = lang.T("relay.won."+won(why), "Date", data.Main.At)
	}
	for _, w := range why.WhatIf {
		data.WhatIf = append(data.WhatIf, whatIf(lang, w, why.Yours))
	}
	return s.Site.Render(c, http.StatusOK, "relay/sale", data)
}

// won names the sentence that says by which rule a sale is theirs.
func won(e referrals.Explanation) string {
	switch {
	case e.Rule != referrals.ByClick:
		return string(e.Rule)
	case e.Rest() > 0:
		return "click_split"
	case e.Credit == catalog.FirstClick:
		return "click_first"
	}
	return "click"
}

// whatIf is a counterfactual in a sentence, to somebody who has a part of the sale already, or nothing.
func whatIf(l i18n.Lang, w referrals.WhatIf, yours bool) string {
	if w.Change == referrals.WithoutOwn {
		switch {
		case w.Part == 10_000:
			return l.T("relay.whatif.own_same")
		case w.Part > 0:
			return l.T("relay.whatif.own_less", "Part", l.Percent(w.Part))
		case w.Others:
			return l.T("relay.whatif.own_others")
		}
		return l.T("relay.whatif.own_nobody")
	}
	part := ""
	switch {
	case w.Part == 10_000 && yours:
		part = l.T("relay.whatif.whole")
	case w.Part < 10_000:
		part = l.T("relay.whatif.part", "Part", l.Percent(w.Part))
	}
	if w.Change == referrals.Sooner {
		return l.T("relay.whatif.sooner", "Part", part, "Count", w.Days)
	}
	return l.T("relay.whatif."+string(w.Change), "Part", part)
}
