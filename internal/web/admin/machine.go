package admin

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/labstack/echo/v4"

	"relais/internal/jobs"
	"relais/internal/members"
	"relais/internal/postgres"
	"relais/internal/web/page"
	"relais/internal/webhooks"
)

var jobStates = []jobs.State{"", jobs.Parked, jobs.Waiting, jobs.Running, jobs.Done}

type jobsPage struct {
	list
	Stats []page.Stat
	Tabs  []page.Tab
	Rows  []jobs.Entry
	State jobs.State
}

func (s *Server) jobs(c echo.Context) error {
	ctx, l := c.Request().Context(), page.Lang(c)
	n, err := jobs.Stats(ctx, s.DB)
	if err != nil {
		return err
	}
	data := jobsPage{State: jobs.State(c.QueryParam("state"))}
	if !slices.Contains(jobStates, data.State) {
		data.State = ""
	}
	for _, st := range jobStates {
		tab := page.Tab{URL: "/admin/jobs", Label: l.T("admin.all"), Current: st == data.State}
		if st != "" {
			tab.URL, tab.Label = "/admin/jobs?state="+string(st), l.T("admin.jobs.state."+string(st))
		}
		data.Tabs = append(data.Tabs, tab)
	}
	before, err := strconv.ParseInt(c.QueryParam("before"), 10, 64)
	if err != nil || before < 0 {
		before = 0
	}
	rows, err := jobs.List(ctx, s.DB, jobs.Filter{State: data.State, Before: before, Limit: listed + 1})
	if err != nil {
		return err
	}
	if len(rows) > listed {
		rows = rows[:listed]
		data.Older = fmt.Sprintf("/admin/jobs?state=%s&before=%d", data.State, rows[listed-1].ID)
	}
	data.Rows = rows
	parked := ""
	if n.Parked > 0 {
		parked = "wait"
	}
	data.Stats = []page.Stat{
		{Label: l.T("admin.jobs.state.waiting"), Value: l.Number(n.Waiting), Hint: l.T("admin.jobs.failing", "Count", n.Failing), Icon: "hourglass"},
		{Label: l.T("admin.jobs.state.running"), Value: l.Number(n.Running), Icon: "refresh-cw"},
		{Label: l.T("admin.jobs.state.parked"), Value: l.Number(n.Parked), Icon: "triangle-alert", Tone: parked},
		{Label: l.T("admin.jobs.state.done"), Value: l.Number(n.Done), Hint: l.T("admin.jobs.week"), Icon: "circle-check"},
	}
	return s.render(c, "jobs", data)
}

// retry has a job tried now.
func (s *Server) retry(c echo.Context) error {
	job, err := id(c)
	if err != nil {
		return err
	}
	if err = jobs.Retry(c.Request().Context(), s.DB, job); err == nil {
		err = s.log(c, "job retried", fmt.Sprintf("job %d", job))
	}
	return s.done(c, err, "admin.jobs.retried", "/admin/jobs?state=parked")
}

// log writes what the admin did where no use case of a domain does.
func (s *Server) log(c echo.Context, action, subject string) error {
	return postgres.InTx(c.Request().Context(), s.DB, func(tx *sqlx.Tx) error {
		return members.Audit(c.Request().Context(), tx, members.AuditEntry{At: s.Clock(), ActorID: by(c), Action: action, Subject: subject})
	})
}

type webhooksPage struct {
	list
	All, Waiting int
	Rows         []webhooks.Notice
}

func (s *Server) webhooks(c echo.Context) error {
	ctx, data := c.Request().Context(), webhooksPage{list: listOf(c)}
	var err error
	if data.All, data.Waiting, err = s.Webhooks.Tally(ctx); err != nil {
		return err
	}
	rows, err := s.Webhooks.List(ctx, listed+1, data.offset())
	if err != nil {
		return err
	}
	data.Rows = rows[:data.more(c, len(rows))]
	return s.render(c, "webhooks", data)
}

type clockPage struct {
	Business, Real time.Time
	Days           int // business time is ahead
	Steps          []int
}

// steps are how many days the clock can be moved at once: overnight, a week, past a withdrawal period.
var steps = []int{1, 7, 15}

func (s *Server) clock(c echo.Context) error {
	data := clockPage{Business: s.Now(), Real: s.Clock(), Steps: steps}
	data.Days = int(data.Business.Sub(data.Real).Hours()+1) / 24
	return s.render(c, "clock", data)
}

// advance moves the demo's time and does at once what would have happened meanwhile.
func (s *Server) advance(c echo.Context) error {
	days := int(page.PostedForm(c).Int("days", 0))
	err := s.Advance(c.Request().Context(), days)
	if err == nil {
		err = s.log(c, "clock advanced", fmt.Sprintf("days %d", days))
	}
	return s.done(c, err, "admin.clock.moved", "/admin/clock")
}
