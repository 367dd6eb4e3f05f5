package opinion

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"relais/internal/catalog"
	"relais/internal/changes"
	"relais/internal/fault"
	"relais/internal/ratings"
	"relais/internal/storefronts"
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

type reportPage struct {
	Part    ratings.Part
	Subject ratings.Subject
	Form    *page.Form
	Reasons []page.Option
	Action  string
	Back    string
	Brand   string // handle of the brand at whose desk; empty: everybody's page
}

func (s *Server) reportPage(c echo.Context, part ratings.Part) (data reportPage, err error) {
	n, err := number(c, "id")
	if err != nil {
		return data, err
	}
	data = reportPage{Part: part, Form: page.NewForm(), Reasons: reasonOptions(page.Lang(c)), Action: c.Request().URL.Path}
	if !slices.Contains([]ratings.Part{ratings.PartRating, ratings.PartReply, ratings.PartThanks}, data.Part) {
		return data, ratings.ErrGone
	}
	if data.Subject, err = ratings.About(c.Request().Context(), s.DB, data.Part, n); err != nil {
		return data, err
	}
	if data.Subject.Thanks != nil {
		data.Back = "/@" + data.Subject.Thanks.Handle + "/thanks"
	} else {
		data.Back = "/p/" + data.Subject.Rating.Slug + "/ratings"
	}
	return data, nil
}

func (s *Server) showReport(c echo.Context) error {
	data, err := s.reportPage(c, ratings.Part(c.Param("part")))
	if err != nil {
		return err
	}
	return s.Site.Render(c, http.StatusOK, "opinion/report", data)
}

// report takes in what a visitor found wrong, with an account or without.
func (s *Server) report(c echo.Context) error {
	data, err := s.reportPage(c, ratings.Part(c.Param("part")))
	if err != nil {
		return err
	}
	complaint := ratings.Complaint{Part: data.Part}
	if v := page.ViewerFrom(c); v != nil {
		complaint.MemberID = &v.ID
	}
	return s.file(c, data, complaint)
}

// file keeps a report of the page's form.
func (s *Server) file(c echo.Context, data reportPage, complaint ratings.Complaint) error {
	n, err := number(c, "id")
	if err != nil {
		return err
	}
	data.Form = page.PostedForm(c)
	complaint.ID, complaint.Reason, complaint.Text = n, data.Form.Get("reason"), data.Form.Raw("text")
	err = s.Ratings.Report(c.Request().Context(), complaint)
	if data.Form.Refused(err) {
		return s.Site.Render(c, data.Form.Status(), "opinion/report", data)
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, "opinion.report.done")
	return page.Redirect(c, data.Back)
}
