package gallery

import (
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/earnings"
	"relais/internal/money"
	"relais/internal/publications"
	"relais/internal/royalties"
	"relais/internal/web/page"
)

// share is a line of a worked example.
type share struct {
	Label  string
	Amount money.Amount
	Strong bool
}

// example is a sale of one piece worked through: what the buyer pays, and who has what of it. Nil: there is nothing to sell yet.
type example struct {
	Price  money.Amount // the brand's, of the cheapest variant with what the design costs
	Margin money.Amount // on top of it, as much as the terms allow in round money
	Total  money.Amount
	Shares []share
}

// shares are the royalties of published designs, each of its author.
func shares(list []publications.Publication) (all []royalties.Royalty) {
	for _, p := range list {
		r := royalties.Of(earnings.Royalty, p.RoyaltyBps)
		r.MemberID, r.Name = p.AuthorID, p.AuthorName
		all = append(all, r)
	}
	return all
}

// worked is a sale in another member's storefront with a margin, where the terms allow one, with these royalties; own is whose own page it is, 0: a brand's.
func (s *Server) worked(c echo.Context, p catalog.ProductPage, optionMinor, own int64, all []royalties.Royalty) (*example, error) {
	if len(p.Variants) == 0 {
		return nil, nil
	}
	l, low := page.Lang(c), p.Variants[0].Price
	for _, v := range p.Variants {
		if v.Price.Minor < low.Minor {
			low = v.Price
		}
	}
	price := money.New(low.Minor+optionMinor, low.Currency)
	margin := money.New(catalog.MaxMargin(price.Minor, p.Terms.MarginBps)/2, low.Currency)
	all = royalties.Gather(all)
	split, err := royalties.Example(price.Minor, p.VATBps, margin.Minor, p.Terms, all, s.FeeBps)
	if err != nil {
		return nil, err
	}
	of := func(minor int64) money.Amount { return money.New(minor, low.Currency) }
	e := &example{Price: price, Margin: margin, Total: of(price.Minor + margin.Minor)}
	for i, r := range all {
		label := l.T("publish.example.royalty_own", "Rate", publications.Percent(r.RateBps))
		if r.MemberID != own {
			label = l.T("publish.example.royalty_of", "Name", r.Name, "Rate", publications.Percent(r.RateBps))
		}
		e.Shares = append(e.Shares, share{label, of(split.Royalties[i]), i == 0})
	}
	for _, minor := range split.Commissions {
		e.Shares = append(e.Shares, share{l.T("publish.example.commission", "Rate", publications.Percent(p.Terms.CommissionBps)), of(minor), false})
	}
	if margin.Minor > 0 {
		e.Shares = append(e.Shares, share{l.T("publish.example.margin"), of(split.Margin), false})
	}
	sale := money.NetOfVAT(price.Minor, p.VATBps)
	for _, given := range [][]int64{split.Royalties, split.Commissions, {split.Fee}} {
		for _, minor := range given {
			sale -= minor
		}
	}
	e.Shares = append(e.Shares, share{l.T("publish.example.fee"), of(split.Fee), false}, share{l.T("publish.example.brand", "Brand", p.Brand.Name), of(sale), false},
		share{l.T("publish.example.vat"), of(split.Sale - sale), false})
	return e, nil
}

type publishPage struct {
	publications.Plan
	Product catalog.ProductPage
	Form    *page.Form
	Example *example
	Trouble string // message key: why it cannot be published now; empty: it can
	Most    string // royalty, percent
}

// Path is the page.
func (p publishPage) Path() string { return p.Design.Path() + "/publish" }

// Again says whether it is sold, and a newer revision is asked for here.
func (p publishPage) Again() bool { return p.Open != nil && p.Open.State == publications.Listed }

// rate reads a percentage with two decimals at most as basis points; what is none is more than anything allowed.
func rate(text string) int64 {
	a, err := money.Parse(strings.TrimSuffix(strings.TrimSpace(text), "%"), "EUR") // a currency of two decimals
	if err != nil || a.Minor > math.MaxInt16 {
		return math.MaxInt16
	}
	return a.Minor
}

func (s *Server) publishPage(c echo.Context, form *page.Form) (data publishPage, err error) {
	ctx := c.Request().Context()
	id, err := number(c)
	if err != nil {
		return data, err
	}
	if data.Plan, err = publications.PlanOf(ctx, s.DB, viewer(c), id, s.Now()); err != nil {
		return data, err
	}
	if data.Product, err = catalog.ByID(ctx, s.DB, data.Design.ProductID, page.Lang(c), s.Now()); err != nil {
		return data, err
	}
	data.Form, data.Most = form, publications.Percent(data.Room)
	if data.Err != nil {
		data.Trouble = messageOf(data.Err)
	}
	if form == nil {
		first := min(1000, data.Room)
		data.Form = page.NewForm("title", data.Design.Title, "royalty", publications.Percent(first), "revision", strconv.Itoa(data.Design.Revision), "resell", "yes")
	}
	own := rate(data.Form.Get("royalty"))
	if own <= data.Room {
		mine := royalties.Of(earnings.Royalty, own)
		mine.MemberID = viewer(c)
		all := append([]royalties.Royalty{mine}, shares(data.Before)...)
		data.Example, err = s.worked(c, data.Product, data.Design.Options().Minor, viewer(c), all)
	}
	return data, err
}

func (s *Server) publishing(c echo.Context) error {
	data, err := s.publishPage(c, nil)
	if err != nil {
		return err
	}
	return s.Site.Render(c, http.StatusOK, "gallery/publish", data)
}

// publish asks for what the form says. Asked by script, or by the button that only works the example out, it asks for nothing.
func (s *Server) publish(c echo.Context) error {
	form := page.PostedForm(c)
	data, err := s.publishPage(c, form)
	if err != nil {
		return err
	}
	switch {
	case page.IsPartial(c):
		return s.Site.Fragment(c, http.StatusOK, "gallery/publish", "example", data)
	case form.Get("do") == "look":
		return s.Site.Render(c, http.StatusOK, "gallery/publish", data)
	}
	ctx := c.Request().Context()
	if data.Open != nil {
		err = s.Publications.AskRevision(ctx, viewer(c), data.Open.ID, int(form.Int("revision", 0)), form.Has("rights", "yes"))
	} else {
		_, err = s.Publications.Ask(ctx, viewer(c), publications.Draft{DesignID: data.Design.ID, Revision: int(form.Int("revision", 0)), Lang: page.Lang(c), Title: form.Get("title"), Note: form.Raw("note"),
			RoyaltyBps: rate(form.Get("royalty")), MayVary: form.Has("vary", "yes"), MayResell: form.Has("resell", "yes"), Rights: form.Has("rights", "yes")})
	}
	if form.Refused(err) {
		return s.Site.Render(c, form.Status(), "gallery/publish", data)
	}
	if err != nil {
		return err
	}
	done := "publish.asked"
	if !data.Settings.Review {
		done = "publish.listing"
	}
	s.Site.Good(c, done)
	return page.Redirect(c, "/me/publications")
}
