package circle

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"relais/internal/fault"
	"relais/internal/groups"
	"relais/internal/i18n"
	"relais/internal/posts/photos"
	"relais/internal/web/page"
)

type reportPage struct {
	Circle
	About   *groups.Person // nil: the circle
	Form    *page.Form
	Reasons []page.Option
}

// showReport is the form with which a circle, or somebody in it (?member=handle), is reported.
func (s *Server) showReport(c echo.Context, circle Circle) error {
	return s.reportForm(c, circle, page.NewForm("member", c.QueryParam("member")))
}

func (s *Server) whom(c echo.Context, circle Circle, form *page.Form) (*groups.Person, error) {
	who := form.Get("member")
	if who == "" {
		return nil, nil
	}
	if !circle.Reads() {
		return nil, groups.ErrMembersOnly
	}
	p, err := groups.PersonIn(c.Request().Context(), s.DB, circle.ID, who)
	return &p, err
}

func (s *Server) reportForm(c echo.Context, circle Circle, form *page.Form) error {
	about, err := s.whom(c, circle, form)
	if err != nil {
		return err
	}
	return s.Site.Render(c, form.Status(), "circle/report", reportPage{circle, about, form, Reasons(page.Lang(c))})
}

// Reasons are the choices of a report's form.
func Reasons(l i18n.Lang) []page.Option {
	var list []page.Option
	for _, r := range groups.Reasons() {
		list = append(list, page.Option{Value: string(r), Label: l.T("group.reason." + string(r))})
	}
	return list
}

func (s *Server) report(c echo.Context, circle Circle) error {
	form := page.PostedForm(c)
	about, err := s.whom(c, circle, form)
	if err != nil {
		return err
	}
	var memberID int64
	if about != nil {
		memberID = about.MemberID
	}
	err = s.Groups.ReportGroup(c.Request().Context(), circle.ID, circle.Viewer, memberID, groups.Reason(form.Get("reason")), form.Raw("text"))
	if form.Refused(err) {
		return s.reportForm(c, circle, form)
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, "group.report.sent")
	return page.Redirect(c, circle.Path+"/about")
}

type moderationPage struct {
	Circle
	Requests   []groups.Request
	Open, Past []groups.ReportRow
	Bans       []groups.Ban
	Log        []groups.Entry
	Older      string
	Base       string // path below which the reports lie
	Empty      page.Empty
}

const logPage = 30

// moderation is what waits for those who moderate, and what was done.
func (s *Server) moderation(c echo.Context, circle Circle) (err error) {
	ctx, l := c.Request().Context(), page.Lang(c)
	data := moderationPage{Circle: circle, Base: circle.Path + "/reports",
		Empty: page.Empty{Icon: "shield-check", Title: l.T("group.desk.none"), Text: l.T("group.desk.none_text"), URL: circle.Path, Action: l.T("group.back")}}
	if data.Requests, err = groups.Requests(ctx, s.DB, circle.ID, listed); err != nil {
		return err
	}
	if data.Open, err = s.Groups.Reports(ctx, groups.ByCircle, circle.ID, groups.StateOpen, listed); err != nil {
		return err
	}
	if data.Past, err = s.Groups.Reports(ctx, groups.ByCircle, circle.ID, groups.StateDecided, listed); err != nil {
		return err
	}
	if data.Bans, err = groups.Bans(ctx, s.DB, circle.ID, listed); err != nil {
		return err
	}
	pager := page.NewPager(c, logPage, 0)
	if data.Log, err = groups.Log(ctx, s.DB, circle.ID, logPage+1, pager.Offset()); err != nil {
		return err
	}
	if len(data.Log) > logPage {
		data.Log, data.Older = data.Log[:logPage], pager.URL(pager.Page+1)
	}
	return s.Site.Render(c, http.StatusOK, "circle/moderation", data)
}

// answer lets in somebody who asked, or does not.
func (s *Server) answer(c echo.Context, circle Circle) error {
	n, err := id(c)
	if err != nil {
		return err
	}
	yes := c.FormValue("do") == "yes"
	if err := s.Groups.Answer(c.Request().Context(), circle.ID, circle.Viewer, n, yes); err != nil {
		return err
	}
	key := "group.desk.declined"
	if yes {
		key = "group.desk.let_in"
	}
	s.Site.Good(c, key)
	return page.Redirect(c, circle.Path+"/moderation")
}

// lookPage is one report, at the circle's desk or at the platform's (Circle nil).
type lookPage struct {
	Circle  *Circle
	Report  groups.ReportRow
	Form    *page.Form
	Choices []page.Option
	May     bool // the viewer may decide
	Here    string
	Photos  []string // of what was reported, that whoever decides may look at
}

func (s *Server) lookPage(c echo.Context, circle *Circle, form *page.Form) (lookPage, error) {
	n, err := id(c)
	if err != nil {
		return lookPage{}, err
	}
	l, desk, group, role := page.Lang(c), groups.ByPlatform, int64(0), groups.None
	if circle != nil {
		desk, group, role = groups.ByCircle, circle.ID, circle.Role
	}
	r, err := s.Groups.ReportByID(c.Request().Context(), desk, group, n)
	if err != nil {
		return lookPage{}, err
	}
	data := lookPage{Circle: circle, Report: r, Form: form, Here: c.Request().URL.Path, May: groups.CanDecide(desk, viewerID(c), r.AboutID, role, r.AboutRole)}
	for _, d := range groups.Decisions(desk, r.Kind) {
		data.Choices = append(data.Choices, page.Option{Value: string(d), Label: l.T("group.decision." + string(d)), Hint: l.T("group.decision_hint." + string(d))})
	}
	for _, hash := range r.Subject.Photos {
		err := photos.Look(c.Request().Context(), s.DB, viewerID(c), hash)
		if err == nil {
			data.Photos = append(data.Photos, hash)
		} else if !errors.Is(err, fault.NotFound) {
			return data, err
		}
	}
	return data, nil
}

func (s *Server) look(c echo.Context, circle Circle) error {
	data, err := s.lookPage(c, &circle, page.NewForm())
	if err != nil {
		return err
	}
	return s.Site.Render(c, http.StatusOK, "circle/look", data)
}

func (s *Server) decide(c echo.Context, circle Circle) error {
	return s.decideAt(c, &circle, groups.Verdict{Desk: groups.ByCircle, GroupID: circle.ID}, circle.Path+"/moderation")
}

func (s *Server) decideAt(c echo.Context, circle *Circle, v groups.Verdict, back string) error {
	data, err := s.lookPage(c, circle, page.PostedForm(c))
	if err != nil {
		return err
	}
	v.By, v.Decision, v.Why = viewerID(c), groups.Decision(data.Form.Get("decision")), data.Form.Raw("why")
	err = s.Groups.Decide(c.Request().Context(), data.Report.ID, v)
	if data.Form.Refused(err) {
		return s.Site.Render(c, data.Form.Status(), "circle/look", data)
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, "group.desk.decided")
	return page.Redirect(c, back)
}

type adminPage struct {
	Open, Past []groups.ReportRow
	Base       string
}

// adminDesk is what the platform decides about: circles, and their owners.
func (s *Server) adminDesk(c echo.Context) (err error) {
	ctx, data := c.Request().Context(), adminPage{Base: "/admin/groups/reports"}
	if data.Open, err = s.Groups.Reports(ctx, groups.ByPlatform, 0, groups.StateOpen, listed); err != nil {
		return err
	}
	if data.Past, err = s.Groups.Reports(ctx, groups.ByPlatform, 0, groups.StateDecided, listed); err != nil {
		return err
	}
	return s.Site.Render(c, http.StatusOK, "circle/admin", data)
}

func (s *Server) adminLook(c echo.Context) error {
	data, err := s.lookPage(c, nil, page.NewForm())
	if err != nil {
		return err
	}
	return s.Site.Render(c, http.StatusOK, "circle/look", data)
}

func (s *Server) adminDecide(c echo.Context) error {
	return s.decideAt(c, nil, groups.Verdict{Desk: groups.ByPlatform}, "/admin/groups")
}
