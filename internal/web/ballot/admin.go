package ballot

import (
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"relais/internal/polls"
	"relais/internal/reports"
	"relais/internal/web/casedesk"
	"relais/internal/web/page"
)

// queue is where the platform decides what was reported.
func (s *Server) queue() casedesk.Desk[polls.View] {
	return casedesk.Desk[polls.View]{Site: s.Site, DB: s.DB, Reports: s.Polls.Reports(), Decide: s.Polls.Decide, Now: s.Now, Page: "ballot/queue", Path: "/admin/polls",
		Own: "ballot/hidden", Kinds: []reports.Part{polls.APoll}, Reasons: "ballot.reason.", Parts: "ballot.part.", Keep: "ballot.queue.keep_hint", Hide: "ballot.queue.hide_hint"}
}

type allPage struct {
	Rows  []row
	Older string
}

// all is every poll that was asked, those that were reported first: the platform takes up what nobody reported.
func (s *Server) all(c echo.Context) error {
	pager := page.NewPager(c, listed, 0)
	vs, err := polls.All(c.Request().Context(), s.DB, page.Lang(c), listed+1, pager.Offset())
	if err != nil {
		return err
	}
	var data allPage
	for _, v := range cut(vs, pager, &data.Older) {
		data.Rows = append(data.Rows, row{v, stageOf(v.Poll, s.Now()), v.Poll.Late(s.Now())})
	}
	return s.Site.Render(c, http.StatusOK, "ballot/all", data)
}

type lookPage struct {
	polls.View
	Stage  string
	Form   *page.Form
	Action string
	MaxWhy int
}

// look is one poll with what it asks, and the form that puts it on the desk.
func (s *Server) look(c echo.Context) error {
	v, err := s.Polls.ForPlatform(c.Request().Context(), c.Param("code"))
	if err != nil {
		return err
	}
	data := lookPage{View: v, Stage: stageOf(v.Poll, s.Now()), Form: page.NewForm(), MaxWhy: reports.MaxText}
	data.Action = "/admin/polls/" + string(polls.APoll) + "/" + strconv.FormatInt(v.ID, 10) + "/reopen"
	return s.Site.Render(c, http.StatusOK, "ballot/look", data)
}
