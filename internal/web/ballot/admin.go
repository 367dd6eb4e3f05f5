package ballot

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"relais/internal/fault"
	"relais/internal/polls"
	"relais/internal/web/page"
)

type queuePage struct {
	Rows  []row
	Older string
}

// queue is every poll that was asked, those that were reported first.
func (s *Server) queue(c echo.Context) error {
	pager := page.NewPager(c, listed, 0)
	vs, err := polls.All(c.Request().Context(), s.DB, page.Lang(c), listed+1, pager.Offset())
	if err != nil {
		return err
	}
	var data queuePage
	for _, v := range cut(vs, pager, &data.Older) {
		data.Rows = append(data.Rows, row{v, stageOf(v.Poll, s.Now()), v.Poll.Late(s.Now())})
	}
	return s.Site.Render(c, http.StatusOK, "ballot/queue", data)
}

type judgePage struct {
	polls.View
	Stage   string
	Reports []polls.Report
	Form    *page.Form
	MaxWhy  int
}

// looking is one poll with what was reported, and the form with which the platform decides.
func (s *Server) looking(c echo.Context) error { return s.showLooking(c, page.NewForm()) }

func (s *Server) showLooking(c echo.Context, form *page.Form) error {
	ctx := c.Request().Context()
	v, err := s.Polls.ForPlatform(ctx, c.Param("code"))
	if err != nil {
		return err
	}
	data := judgePage{View: v, Stage: stageOf(v.Poll, s.Now()), Form: form, MaxWhy: polls.MaxReason}
	if data.Reports, err = polls.Reports(ctx, s.DB, v.ID); err != nil {
		return err
	}
	return s.Site.Render(c, max(http.StatusOK, form.Status()), "ballot/judge", data)
}

func (s *Server) judge(c echo.Context) error {
	form, ctx, code := page.PostedForm(c), c.Request().Context(), c.Param("code")
	decide, done := s.Polls.Keep, "ballot.admin.kept"
	if form.Has("do", "stop") {
		decide, done = s.Polls.Stop, "ballot.admin.stopped"
	}
	err := decide(ctx, by(c), code, form.Raw("why"))
	if errors.Is(err, fault.Invalid) && form.Refused(err) {
		return s.showLooking(c, form)
	}
	return s.said(c, err, done, "/admin/polls")
}
