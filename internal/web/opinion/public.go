package opinion

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/changes"
	"relais/internal/fault"
	"relais/internal/ratings"
	"relais/internal/reports"
	"relais/internal/storefronts"
	"relais/internal/web/casedesk"
	"relais/internal/web/page"
)

// Entries of a page.
const (
	listSize = 10
	bookSize = 20
	deskSize = 20
)

type productPage struct {
	Product catalog.ProductPage
	Crumbs  []page.Crumb
	Panel   Panel
	Filter  int // stars; 0: all
	Pager   *page.Pager
	Empty   page.Empty
}

// ofProduct is all ratings of a product, the newest first, or those with a number of stars.
func (s *Server) ofProduct(c echo.Context) error {
	ctx, l := c.Request().Context(), page.Lang(c)
	p, err := catalog.BySlug(ctx, s.DB, c.Param("slug"), l, s.Now())
	if err != nil {
		return err
	}
	if !p.Visible {
		return fault.New(fault.NotFound, "fault.page_not_found")
	}
	data := productPage{Product: p}
	if data.Panel, err = PanelOf(c, s.DB, p.ID, ""); err != nil {
		return err
	}
	total := int(data.Panel.Stars.Count)
	if stars, err := strconv.Atoi(c.QueryParam("stars")); err == nil && stars >= 1 && stars <= 5 {
		data.Filter, total = stars, int(data.Panel.Bars[5-stars].Count)
	}
	data.Pager = page.NewPager(c, listSize, total)
	if data.Panel.List, err = ratings.Of(ctx, s.DB, p.ID, data.Filter, listSize, data.Pager.Offset()); err != nil {
		return err
	}
	here := page.TrailOf(c).Product(p.Slug)
	data.Crumbs = []page.Crumb{{URL: here, Label: p.Title}, {Label: l.T("opinion.title")}}
	data.Empty = page.Empty{Icon: "star", Title: l.T("opinion.empty"), Text: l.T("opinion.empty_text"), URL: here, Action: l.T("opinion.to_product")}
	page.Shows(c, changes.Brand(p.BrandID))
	return s.Site.Render(c, http.StatusOK, "opinion/product", data)
}

// FilterURL is this page with the ratings of that number of stars; 0: all.
func (p productPage) FilterURL(stars int) string {
	base := p.Pager.URL(1)
	u, err := url.Parse(base)
	if err != nil {
		return base
	}
	q := u.Query()
	if q.Del("stars"); stars != 0 {
		q.Set("stars", strconv.Itoa(stars))
	}
	u.RawQuery = q.Encode()
	return u.String()
}

type bookPage struct {
	Front storefronts.Storefront
	List  []ratings.Thanks
	Pager *page.Pager
	Empty page.Empty
}

func (s *Server) front(c echo.Context) (storefronts.Storefront, error) {
	return storefronts.ByHandle(c.Request().Context(), s.DB, c.Param("handle"))
}

// reportForm is the form for something that is read.
func (s *Server) reportForm(c echo.Context, part reports.Part) (f casedesk.Form[ratings.Subject], err error) {
	n, err := number(c, "id")
	if err != nil {
		return f, err
	}
	f.Part, f.Reasons = part, casedesk.Reasons(page.Lang(c), "opinion.reason.", ratings.Reasons())
	if f.Subject, err = ratings.About(c.Request().Context(), s.DB, part, n); err != nil {
		return f, err
	}
	if f.Subject.Thanks != nil {
		f.Back = "/@" + f.Subject.Thanks.Handle + "/thanks"
	} else {
		f.Back = "/p/" + f.Subject.Rating.Slug + "/ratings"
	}
	return f, nil
}

// report is what a visitor finds wrong, with an account or without.
func (s *Server) report(c echo.Context) error {
	f, err := s.reportForm(c, reports.Part(c.Param("part")))
	if err != nil {
		return err
	}
	return s.file(c, f, 0)
}

// file answers the form, for a brand where its number is given.
func (s *Server) file(c echo.Context, f casedesk.Form[ratings.Subject], brandID int64) error {
	n, err := number(c, "id")
	if err != nil {
		return err
	}
	said := reports.Complaint{Part: f.Part, ID: n, BrandID: brandID}
	if v := page.ViewerFrom(c); v != nil {
		said.MemberID = v.ID
	}
	return casedesk.Answer(c, s.Site, "opinion/report", f, func(reason, text string) error {
		said.Reason, said.Text = reason, text
		return s.Ratings.Report(c.Request().Context(), said)
	})
}
