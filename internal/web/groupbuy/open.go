package groupbuy

import (
	"errors"
	"strconv"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/catalog/steps"
	"relais/internal/fault"
	"relais/internal/money"
	"relais/internal/pledges"
	"relais/internal/storefronts"
	"relais/internal/web/page"
	"relais/internal/web/tally"
)

// firstDays is for how long a group order runs if nobody says otherwise.
const firstDays = 10

type openPage struct {
	catalog.ProductPage
	Form     *page.Form
	Lowest   money.Amount // brand's price of the cheapest variant
	Several  bool         // others cost more
	Ladder   []tally.Rung
	Examples []tally.Rung // the first and the last: what it earns
	Earns    bool
	Days     []page.Option
	Back     string // path of the product's page, in the storefront from which they came
	From     string // the handle of that; empty: none
	FromName string
	MaxNote  int
}

func (s *Server) opening(c echo.Context) error {
	return s.showOpening(c, page.NewForm("days", strconv.Itoa(firstDays), "from", c.QueryParam("from")))
}

// showOpening is the form with which a group order is opened.
func (s *Server) showOpening(c echo.Context, form *page.Form) error {
	ctx, l := c.Request().Context(), page.Lang(c)
	p, err := s.visible(c)
	if err != nil {
		return err
	}
	data := openPage{ProductPage: p, Form: form, MaxNote: pledges.MaxNote, Back: "/p/" + p.Slug}
	data.Lowest, data.Several = cheapest(p)
	data.Ladder = tally.Ladder(pledges.Campaign{Steps: p.Terms.Steps, State: pledges.Open}, 0, func(less int64) money.Amount { return money.New(steps.Price(data.Lowest.Minor, less), p.Currency) })
	for i, r := range data.Ladder {
		r.Earn = catalog.Preview(r.Price, p.VATBps, p.Terms.CommissionBps, 0).Commission
		r.All = money.New(r.Earn.Minor*int64(r.People), p.Currency)
		if i == 0 || i == len(data.Ladder)-1 {
			data.Examples = append(data.Examples, r)
		}
	}
	if data.Earns, err = s.earns(ctx, page.ViewerFrom(c).ID, p.BrandID); err != nil {
		return err
	}
	for n := 1; n <= pledges.MaxDays; n++ {
		end := s.Now().AddDate(0, 0, n)
		data.Days = append(data.Days, page.Option{Value: strconv.Itoa(n), Label: l.T("together.open.until", "Count", n, "Date", l.DateShort(end))})
	}
	front, err := storefronts.ByHandle(ctx, s.DB, form.Get("from"))
	if err == nil {
		data.From, data.FromName, data.Back = front.Handle, front.MemberName, front.Path()+data.Back
	} else if !errors.Is(err, fault.NotFound) {
		return err
	}
	return s.Site.Render(c, form.Status(), "groupbuy/open", data)
}

// visible is the product of the address, if it can be bought together.
func (s *Server) visible(c echo.Context) (catalog.ProductPage, error) {
	p, err := catalog.BySlug(c.Request().Context(), s.DB, c.Param("slug"), page.Lang(c), s.Now())
	switch {
	case err != nil:
		return p, err
	case !p.Visible:
		return p, fault.New(fault.NotFound, "fault.page_not_found")
	case len(p.Terms.Steps) == 0:
		return p, pledges.ErrNoSteps
	}
	return p, nil
}

func (s *Server) open(c echo.Context) error {
	form := page.PostedForm(c)
	p, err := s.visible(c)
	if err != nil {
		return err
	}
	campaign, err := s.Pledges.Open(c.Request().Context(), page.ViewerFrom(c).ID, pledges.Draft{ProductID: p.ID, Days: int(form.Int("days", 0)), Note: form.Raw("note")})
	if form.Refused(err) {
		return s.showOpening(c, form)
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, "together.open.done")
	return page.Redirect(c, campaign.Path())
}
