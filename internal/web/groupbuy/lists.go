package groupbuy

import (
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog/steps"
	"relais/internal/money"
	"relais/internal/pledges"
	"relais/internal/pledges/late"
	"relais/internal/web/page"
	"relais/internal/web/tally"
)

// listed is how many rows of a list a page has.
const listed = 30

// cut keeps a page's rows, of which one too many was asked for, and says where the rest is.
func cut[T any](rows []T, p *page.Pager, older *string) []T {
	if len(rows) > listed {
		rows, *older = rows[:listed], p.URL(p.Page+1)
	}
	return rows
}

// row is a group order in a list.
type row struct {
	pledges.View
	Stage string
	Step  *steps.Step // that is reached, or was
	Late  int         // of a launch: months, the one that runs included; 0: it is not late
}

// Words are where its words begin.
func (r row) Words() string { return tally.Words(r.Campaign) }

// Expected is what its pieces bring at the step, at the price of the cheapest variant, without delivery; nil: no step is reached.
func (r row) Expected() *money.Amount {
	if r.Step == nil {
		return nil
	}
	one := r.PriceAt(r.Step.LessBps)
	all := money.New(one.Minor*int64(r.Pieces), one.Currency)
	return &all
}

func rowsOf(vs []pledges.View, now time.Time) []row {
	var list []row
	for _, v := range vs {
		r := row{View: v, Stage: tally.Stage(v.Campaign, now), Late: late.Months(v.Campaign, now)}
		if step, ok := v.Reached(); ok && v.State != pledges.Cancelled {
			r.Step = &step
		}
		list = append(list, r)
	}
	return list
}

// promise is a pledge in the list of its member.
type promise struct {
	pledges.Page
	Stage string
}

// Waits says whether its card may still be charged.
func (p promise) Waits() bool {
	return p.Stage == pledgeJoined || p.Stage == pledgeCounting || p.Stage == pledgeCharging
}

type minePage struct {
	Opened []row
	Joined []promise
	Older  string
	Empty  page.Empty
}

// mine is what a member opened and what they joined.
func (s *Server) mine(c echo.Context) error {
	ctx, l, now, pager, id := c.Request().Context(), page.Lang(c), s.Now(), page.NewPager(c, listed, 0), page.ViewerFrom(c).ID
	data := minePage{Empty: page.Empty{Icon: "users", Title: l.T("together.mine.empty.title"), Text: l.T("together.mine.empty.text"), URL: "/products", Action: l.T("together.mine.empty.action")}}
	opened, err := s.Pledges.OpenedBy(ctx, id, l, listed+1, pager.Offset())
	if err != nil {
		return err
	}
	made, err := s.Pledges.MadeBy(ctx, id, l, listed+1, pager.Offset())
	if err != nil {
		return err
	}
	data.Opened = rowsOf(cut(opened, pager, &data.Older), now)
	for _, p := range cut(made, pager, &data.Older) {
		data.Joined = append(data.Joined, promise{p, pledgeStage(p, now)})
	}
	return s.Site.Render(c, http.StatusOK, "groupbuy/mine", data)
}

type listPage struct {
	Brand page.BrandRef // of the platform's list: none
	Rows  []row
	Older string
	Empty page.Empty
}

// ofBrand is the group orders for the products of a brand. Their addresses are not shown: they are for whom they are given to.
func (s *Server) ofBrand(c echo.Context) error {
	l, pager := page.Lang(c), page.NewPager(c, listed, 0)
	brand, _ := page.ViewerFrom(c).Brand(c.Param("handle"))
	vs, err := s.Pledges.OfBrand(c.Request().Context(), brand.ID, l, listed+1, pager.Offset())
	if err != nil {
		return err
	}
	data := listPage{Brand: brand, Empty: page.Empty{Icon: "users", Title: l.T("together.brand.empty.title"), Text: l.T("together.brand.empty.text"),
		URL: "/brand/" + brand.Handle + "/terms", Action: l.T("together.brand.empty.action")}}
	data.Rows = rowsOf(cut(vs, pager, &data.Older), s.Now())
	return s.Site.Render(c, http.StatusOK, "groupbuy/brand", data)
}

// endOfBrand ends a group order for its brand, which may do so until the deadline.
func (s *Server) endOfBrand(c echo.Context) error {
	brand, _ := page.ViewerFrom(c).Brand(c.Param("handle"))
	id, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil {
		return pledges.ErrGone
	}
	err = s.Pledges.End(c.Request().Context(), page.ViewerFrom(c).ID, brand.ID, id)
	return s.said(c, err, "together.brand.ended", "/brand/"+brand.Handle+"/together")
}

// all is every group order and launch, for the platform.
func (s *Server) all(c echo.Context) error {
	pager := page.NewPager(c, listed, 0)
	vs, err := s.Pledges.List(c.Request().Context(), page.Lang(c), listed+1, pager.Offset())
	if err != nil {
		return err
	}
	var data listPage
	data.Rows = rowsOf(cut(vs, pager, &data.Older), s.Now())
	return s.Site.Render(c, http.StatusOK, "groupbuy/admin", data)
}

type stopPage struct {
	pledges.View
	W    string // where its words begin
	Form *page.Form
}

// stopping is the form with which the platform ends a group order or a launch.
func (s *Server) stopping(c echo.Context) error { return s.showStopping(c, page.NewForm()) }

func (s *Server) showStopping(c echo.Context, form *page.Form) error {
	v, err := s.Pledges.ByCode(c.Request().Context(), c.Param("code"), page.Lang(c))
	if err != nil {
		return err
	}
	if !v.Stoppable(s.Now()) {
		return page.Redirect(c, "/admin/together")
	}
	return s.Site.Render(c, form.Status(), "groupbuy/stop", stopPage{v, tally.Words(v.Campaign), form})
}

func (s *Server) stop(c echo.Context) error {
	form := page.PostedForm(c)
	err := s.Pledges.Stop(c.Request().Context(), page.ViewerFrom(c).ID, c.Param("code"), form.Get("reason"))
	if form.Refused(err) && form.Error(page.Lang(c), "reason") != "" {
		return s.showStopping(c, form)
	}
	return s.said(c, err, "together.admin.stopped", "/admin/together")
}
