package gallery

import (
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/fault"
	"relais/internal/members"
	"relais/internal/pace"
	"relais/internal/publications"
	"relais/internal/reports"
	"relais/internal/web/casedesk"
	"relais/internal/web/page"
)

type reportPage struct {
	publications.Publication
	Form    *page.Form
	Reasons []page.Option
	Most    int
}

// reportPage is the form about the published design that is sold as the product of the address.
func (s *Server) reportPage(c echo.Context, form *page.Form) (data reportPage, err error) {
	data = reportPage{Form: form, Reasons: casedesk.Reasons(page.Lang(c), "publish.reason.", publications.Reasons()), Most: reports.MaxText}
	data.Publication, err = publications.Sold(c.Request().Context(), s.DB, c.Param("slug"))
	return data, err
}

func (s *Server) showReport(c echo.Context) error {
	data, err := s.reportPage(c, page.NewForm())
	if err != nil {
		return err
	}
	return s.Site.Render(c, http.StatusOK, "gallery/report", data)
}

// The pace at which visitors may report from one address.
const (
	reportEvery = time.Minute
	reportBurst = 10
	reporters   = 20_000 // addresses that are remembered
)

// paced refuses visitors from an address that has emptied its bucket.
func (s *Server) paced(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if viewer(c) == 0 && !s.floods.Allow(c.RealIP(), pace.Pace{Every: reportEvery, Burst: reportBurst}) {
			soon := &members.TooSoon{After: reportEvery}
			c.Response().Header().Set("Retry-After", strconv.Itoa(soon.Seconds()))
			return fault.New(fault.TooMany, "fault.too_soon").Arg("Count", soon.Seconds()).Because(soon)
		}
		return next(c)
	}
}

// report is what anybody says about the rights in a published design, with an account or without.
func (s *Server) report(c echo.Context) error {
	form := page.PostedForm(c)
	data, err := s.reportPage(c, form)
	if err != nil {
		return err
	}
	err = s.Publications.Report(c.Request().Context(), publications.Claim{Email: form.Get("email"), Lang: page.Lang(c),
		Complaint: reports.Complaint{Part: publications.APublication, ID: data.ID, MemberID: viewer(c), Reason: form.Get("reason"), Text: form.Raw("text")}})
	if form.Refused(err) {
		return s.Site.Render(c, form.Status(), "gallery/report", data)
	}
	return s.said(c, err, "publish.report.done", "/p/"+data.Slug)
}

// queue is where the platform decides what was reported.
func (s *Server) queue() casedesk.Desk[publications.Subject] {
	return casedesk.Desk[publications.Subject]{Site: s.Site, DB: s.DB, Reports: publications.Reports(), Decide: s.Publications.Decide, Now: s.Now, Page: "gallery/queue", Path: "/admin/publications",
		Reasons: "publish.reason.", Parts: "publish.part.", Keep: "publish.queue.keep_hint", Hide: "publish.queue.hide_hint"}
}
