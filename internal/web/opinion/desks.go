package opinion

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"relais/internal/ratings"
	"relais/internal/reports"
	"relais/internal/web/casedesk"
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
	Reported *reports.Report
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
	data.Pager.Path = base
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

// deskReport is the report of a brand about a rating of a product of theirs; to other brands it does not exist.
func (s *Server) deskReport(c echo.Context) error {
	b := brandOf(c)
	f, err := s.reportForm(c, ratings.PartRating)
	if err == nil && f.Subject.Rating.BrandID != b.ID {
		err = ratings.ErrGone
	}
	if err != nil {
		return err
	}
	f.Brand, f.Words, f.Back = b.Handle, true, "/brand/"+b.Handle+"/ratings#r-"+c.Param("id")
	return s.file(c, f, b.ID)
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
	data.Pager.Path = "/me/guestbook"
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

// queue is where the platform decides.
func (s *Server) queue() casedesk.Desk[ratings.Subject] {
	return casedesk.Desk[ratings.Subject]{Site: s.Site, DB: s.DB, Reports: s.Ratings.Reports(), Decide: s.Ratings.Decide, Now: s.Now, Page: "opinion/queue", Path: "/admin/ratings",
		Own: "opinion/hidden", Kinds: []reports.Part{ratings.PartRating, ratings.PartReply, ratings.PartThanks},
		Reasons: "opinion.reason.", Parts: "opinion.part.", Keep: "opinion.queue.keep_hint", Hide: "opinion.queue.hide_hint"}
}
