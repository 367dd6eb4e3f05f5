package opinion

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"relais/internal/fault"
	"relais/internal/ratings"
	"relais/internal/web/page"
)

type deskPage struct {
	Brand   page.BrandRef
	Open    bool // only those without a reply
	List    []deskRating
	Pager   *page.Pager
	Empty   page.Empty
	Tabs    []page.Tab
	Problem *page.Form // a reply that was refused; nil: none
}

// deskRating is a rating with the form of its reply, and what the brand reported about it.
type deskRating struct {
	ratings.Rating
	Form     *page.Form
	Reported *ratings.Report
}

func brandOf(c echo.Context) page.BrandRef {
	b, _ := page.ViewerFrom(c).Brand(c.Param("handle")) // RequireBrand stands before
	return b
}

func (s *Server) desk(c echo.Context) error { return s.showDesk(c, 0, nil) }

// showDesk is what buyers say of a brand's products; form is a refused reply to the rating of that number.
func (s *Server) showDesk(c echo.Context, refused int64, form *page.Form) error {
	ctx, l := c.Request().Context(), page.Lang(c)
	data := deskPage{Brand: brandOf(c), Open: c.QueryParam("show") == "open", Problem: form}
	n, err := ratings.CountOfBrand(ctx, s.DB, data.Brand.ID, data.Open)
	if err != nil {
		return err
	}
	data.Pager = page.NewPager(c, deskSize, n)
	list, err := ratings.OfBrand(ctx, s.DB, data.Brand.ID, data.Open, deskSize, data.Pager.Offset())
	if err != nil {
		return err
	}
	ids := make([]int64, len(list))
	for i, r := range list {
		ids[i] = r.ID
	}
	reported, err := ratings.ReportsOfBrand(ctx, s.DB, data.Brand.ID, ids...)
	if err != nil {
		return err
	}
	for _, r := range list {
		one := deskRating{Rating: r, Form: page.NewForm("reply", r.Reply)}
		if form != nil && r.ID == refused {
			one.Form = form
		}
		if known, ok := reported[r.ID]; ok {
			one.Reported = &known
		}
		data.List = append(data.List, one)
	}
	base := "/brand/" + data.Brand.Handle + "/ratings"
	data.Tabs = []page.Tab{{URL: base, Label: l.T("opinion.desk.all"), Current: !data.Open}, {URL: base + "?show=open", Label: l.T("opinion.desk.open"), Current: data.Open}}
	data.Empty = page.Empty{Icon: "star", Title: l.T("opinion.desk.empty"), Text: l.T("opinion.desk.empty_text"), URL: "/brand/" + data.Brand.Handle + "/orders", Action: l.T("opinion.desk.to_orders")}
	status := http.StatusOK
	if form != nil {
		status = form.Status()
	}
	return s.Site.Render(c, status, "opinion/desk", data)
}

func (s *Server) reply(c echo.Context) error {
	n, err := number(c, "id")
	if err != nil {
		return err
	}
	form, b := page.PostedForm(c), brandOf(c)
	err = s.Ratings.Reply(c.Request().Context(), b.ID, n, page.ViewerFrom(c).ID, form.Raw("reply"))
	if form.Refused(err) {
		return s.showDesk(c, n, form)
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, "opinion.desk.replied")
	return page.Redirect(c, "/brand/"+b.Handle+"/ratings#r-"+id(n))
}

// deskReportPage is the report of a brand about a rating of a product of theirs; to other brands it does not exist.
func (s *Server) deskReportPage(c echo.Context) (reportPage, error) {
	data, err := s.reportPage(c, ratings.PartRating)
	if err != nil {
		return data, err
	}
	b := brandOf(c)
	if data.Subject.Rating.BrandID != b.ID {
		return data, ratings.ErrGone
	}
	data.Brand, data.Back = b.Handle, "/brand/"+b.Handle+"/ratings#r-"+c.Param("id")
	return data, nil
}

func (s *Server) showDeskReport(c echo.Context) error {
	data, err := s.deskReportPage(c)
	if err != nil {
		return err
	}
	return s.Site.Render(c, http.StatusOK, "opinion/report", data)
}

func (s *Server) deskReport(c echo.Context) error {
	data, err := s.deskReportPage(c)
	if err != nil {
		return err
	}
	return s.file(c, data, ratings.Complaint{Part: ratings.PartRating, BrandID: &data.Subject.Rating.BrandID, MemberID: &page.ViewerFrom(c).ID})
}

type ownPage struct {
	List  []ownThanks
	Pager *page.Pager
	Empty page.Empty
}

// ownThanks is an entry with the form of its answer.
type ownThanks struct {
	ratings.Thanks
	Form *page.Form
}

func (s *Server) own(c echo.Context) error { return s.showOwn(c, 0, nil) }

// showOwn is the guest book for its owner; form is a refused answer to the entry of that number.
func (s *Server) showOwn(c echo.Context, refused int64, form *page.Form) error {
	ctx, l, v := c.Request().Context(), page.Lang(c), page.ViewerFrom(c)
	n, err := ratings.BookCount(ctx, s.DB, v.ID, true)
	if err != nil {
		return err
	}
	data := ownPage{Pager: page.NewPager(c, bookSize, n)}
	list, err := ratings.OwnBook(ctx, s.DB, v.ID, bookSize, data.Pager.Offset())
	if err != nil {
		return err
	}
	status := http.StatusOK
	for _, t := range list {
		one := ownThanks{Thanks: t, Form: page.NewForm("answer", t.Answer)}
		if form != nil && t.ID == refused {
			one.Form, status = form, form.Status()
		}
		data.List = append(data.List, one)
	}
	data.Empty = page.Empty{Icon: "heart", Title: l.T("opinion.own.empty"), Text: l.T("opinion.own.empty_text"), URL: "/me/links", Action: l.T("opinion.own.to_links")}
	return s.Site.Render(c, status, "opinion/own", data)
}

func (s *Server) hide(c echo.Context) error {
	n, err := number(c, "id")
	if err != nil {
		return err
	}
	hide := c.FormValue("hide") == "yes"
	if err := s.Ratings.Hide(c.Request().Context(), page.ViewerFrom(c).ID, n, hide); err != nil {
		return err
	}
	s.Site.Good(c, map[bool]string{true: "opinion.own.hidden_done", false: "opinion.own.shown_done"}[hide])
	return page.Redirect(c, "/me/guestbook#t-"+id(n))
}

func (s *Server) answer(c echo.Context) error {
	n, err := number(c, "id")
	if err != nil {
		return err
	}
	form := page.PostedForm(c)
	err = s.Ratings.Answer(c.Request().Context(), page.ViewerFrom(c).ID, n, form.Raw("answer"))
	if form.Refused(err) {
		return s.showOwn(c, n, form)
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, "opinion.own.answered")
	return page.Redirect(c, "/me/guestbook#t-"+id(n))
}

type queuePage struct {
	Cases   []caseForm
	Decided []ratings.Report
	Pager   *page.Pager
}

// caseForm is something reported with the form that decides.
type caseForm struct {
	ratings.Case
	Form    *page.Form
	Choices []page.Option
}

func (s *Server) queue(c echo.Context) error { return s.showQueue(c, ratings.Decision{}, nil) }

// decidedLately is how many decisions the queue shows.
const decidedLately = 20

// showQueue is what was reported and waits, the oldest first; form is a refused decision.
func (s *Server) showQueue(c echo.Context, d ratings.Decision, form *page.Form) error {
	ctx, l := c.Request().Context(), page.Lang(c)
	data := queuePage{Pager: page.NewPager(c, deskSize, 0)}
	cases, total, err := ratings.Cases(ctx, s.DB, deskSize, data.Pager.Offset())
	if err != nil {
		return err
	}
	data.Pager.Total = total
	status := http.StatusOK
	for _, one := range cases {
		f := caseForm{Case: one, Form: page.NewForm(), Choices: []page.Option{
			{Value: "keep", Label: l.T("opinion.queue.keep"), Hint: l.T("opinion.queue.keep_hint")},
			{Value: "hide", Label: l.T("opinion.queue.hide"), Hint: l.T("opinion.queue.hide_hint")}}}
		if form != nil && one.Part == d.Part && one.ID == d.ID {
			f.Form, status = form, form.Status()
		}
		data.Cases = append(data.Cases, f)
	}
	if data.Decided, err = ratings.Decided(ctx, s.DB, decidedLately); err != nil {
		return err
	}
	return s.Site.Render(c, status, "opinion/queue", data)
}

// decide ends the reports about one thing. A form without a choice is a fault of its field.
func (s *Server) decide(c echo.Context) error {
	n, err := number(c, "id")
	if err != nil {
		return err
	}
	form := page.PostedForm(c)
	d := ratings.Decision{Part: ratings.Part(c.Param("part")), ID: n, By: page.ViewerFrom(c).ID, Hide: form.Get("do") == "hide", Why: form.Raw("why")}
	if !d.Hide && form.Get("do") != "keep" {
		err = fault.Field("do", "fault.required")
	} else {
		err = s.Ratings.Decide(c.Request().Context(), d)
	}
	if form.Refused(err) {
		return s.showQueue(c, d, form)
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, "opinion.queue.done")
	return page.Redirect(c, "/admin/ratings")
}
