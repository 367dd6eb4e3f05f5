package admin

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/money"
	"relais/internal/payouts"
	"relais/internal/web/page"
)

// payoutRoutes registers the pages about payouts.
func (s *Server) payoutRoutes(e *echo.Echo) {
	admin := page.RequireAdmin
	e.GET("/admin/payouts", s.payouts, admin)
	e.POST("/admin/payouts/run", s.runPayouts, admin)
	e.POST("/admin/payouts/settings", s.configurePayouts, admin)
	e.GET("/admin/payouts/runs/:id", s.run, admin)
	e.POST("/admin/payouts/runs/:id/pause", s.pauseRun, admin)
	e.POST("/admin/payouts/runs/:id/resume", s.resumeRun, admin)
	e.POST("/admin/payouts/:id/look", s.lookAgain, admin)
	e.POST("/admin/payouts/:id/settle", s.settlePayout, admin)
}

type payoutsPage struct {
	payouts.Preview
	Outlooks []outlook
	Any      bool   // a run would pay somebody
	Sure     string // what is asked before it does
	Ready    string // what a run would send now
	Runs     []payouts.RunRow
	Failures []payouts.Payout
	Parked   []payouts.Payout
	Form     *page.Form
	Cadences []page.Option
	Weekdays []page.Option
	Minimums []minimum
}

// outlook is one currency of the preview, with its waiting payees by reason.
type outlook struct {
	payouts.Outlook
	Reasons []reason
}

type reason struct {
	Wait  payouts.Wait
	Count int
}

// minimum is a currency's field in the settings.
type minimum struct {
	Currency money.Currency
	Field    string
}

// payouts is what the next run would do, what the last ones did, what failed, what nobody knows, and the settings.
func (s *Server) payouts(c echo.Context) error {
	rules, err := s.Payouts.Settings(c.Request().Context())
	if err != nil {
		return err
	}
	form := page.NewForm("cadence", string(rules.Cadence), "weekday", strconv.Itoa(int(rules.Weekday)), "monthday", strconv.Itoa(rules.MonthDay))
	for code, minor := range rules.Minimums {
		form.Set("minimum_"+code, money.New(minor, money.Currency(code)).Decimal())
	}
	data, err := s.payoutsPage(c, form, rules)
	if err != nil {
		return err
	}
	return s.render(c, "payouts", data)
}

func (s *Server) payoutsPage(c echo.Context, form *page.Form, rules payouts.Settings) (payoutsPage, error) {
	ctx, l := c.Request().Context(), page.Lang(c)
	data := payoutsPage{Form: form}
	var err error
	if data.Preview, err = s.Payouts.Preview(ctx, 2*listed); err != nil {
		return data, err
	}
	var ready []money.Amount
	for _, o := range data.Currencies {
		data.Outlooks = append(data.Outlooks, outlookOf(o))
		if o.Fits > 0 {
			ready = append(ready, o.FitsDue)
		}
	}
	data.Ready, data.Any = sums(l, ready), len(ready) > 0
	if data.Runs, err = s.Payouts.Runs(ctx, 20); err != nil {
		return data, err
	}
	if data.Failures, err = s.Payouts.Failures(ctx, 20); err != nil {
		return data, err
	}
	if data.Parked, err = s.Payouts.Parked(ctx, listed); err != nil {
		return data, err
	}
	for _, cadence := range []payouts.Cadence{payouts.Weekly, payouts.Monthly, payouts.WhenAsked} {
		data.Cadences = append(data.Cadences, page.Option{Value: string(cadence), Label: l.T("payout.cadence." + string(cadence))})
	}
	for _, day := range []time.Weekday{1, 2, 3, 4, 5, 6, 0} {
		data.Weekdays = append(data.Weekdays, page.Option{Value: strconv.Itoa(int(day)), Label: l.T("payout.weekday." + strconv.Itoa(int(day)))})
	}
	for code := range rules.Minimums {
		data.Minimums = append(data.Minimums, minimum{money.Currency(code), "minimum_" + code})
	}
	slices.SortFunc(data.Minimums, func(a, b minimum) int { return strings.Compare(string(a.Currency), string(b.Currency)) })
	return data, nil
}

// outlookOf puts the reasons to wait in order, the most frequent first.
func outlookOf(o payouts.Outlook) outlook {
	out := outlook{Outlook: o}
	for wait, n := range o.Waiting {
		out.Reasons = append(out.Reasons, reason{wait, n})
	}
	if left := o.Ready - o.Fits; left > 0 {
		out.Reasons = append(out.Reasons, reason{payouts.PlatformFunds, left})
	}
	sort.Slice(out.Reasons, func(i, j int) bool {
		a, b := out.Reasons[i], out.Reasons[j]
		return a.Count > b.Count || a.Count == b.Count && a.Wait < b.Wait
	})
	return out
}

// runPayouts begins a run for everybody who can be paid; its page shows how it goes.
func (s *Server) runPayouts(c echo.Context) error {
	run, err := s.Payouts.Start(c.Request().Context(), by(c))
	if err != nil {
		return err
	}
	s.Site.Good(c, "admin.payouts.started_run")
	return page.Redirect(c, fmt.Sprintf("/admin/payouts/runs/%d", run))
}

// configurePayouts changes minimums and schedule.
func (s *Server) configurePayouts(c echo.Context) error {
	ctx, form := c.Request().Context(), page.PostedForm(c)
	rules, err := s.Payouts.Settings(ctx)
	if err != nil {
		return err
	}
	to := payouts.Settings{Cadence: payouts.Cadence(form.Get("cadence")), Weekday: time.Weekday(form.Int("weekday", -1)),
		MonthDay: int(form.Int("monthday", 0)), Minimums: map[string]int64{}}
	for code := range rules.Minimums {
		least, err := money.Parse(form.Get("minimum_"+code), money.Currency(code))
		if err != nil {
			least.Minor = 0 // refused below
		}
		to.Minimums[code] = least.Minor
	}
	err = s.Payouts.Configure(ctx, by(c), to)
	if form.Refused(err) {
		data, err := s.payoutsPage(c, form, rules)
		if err != nil {
			return err
		}
		return s.Site.Render(c, form.Status(), "admin/payouts", data)
	}
	return s.done(c, err, "admin.payouts.configured", "/admin/payouts")
}

type runPage struct {
	payouts.RunPage
	State   payouts.State // of the rows that are shown; empty: all
	Tabs    []page.Tab
	Percent int64 // of the payouts that have ended
	Path    string
	Why     payouts.FailureReason // it paused itself; empty: an admin did
	Words   string                // Stripe's or the admin's
}

// run shows a run while it goes, and what became of each payout.
func (s *Server) run(c echo.Context) error {
	n, err := id(c)
	if err != nil {
		return err
	}
	l, data := page.Lang(c), runPage{State: payouts.State(c.QueryParam("state")), Path: fmt.Sprintf("/admin/payouts/runs/%d", n)}
	states := []payouts.State{"", payouts.Failed, payouts.Sending, payouts.Prepared, payouts.Sent}
	if !slices.Contains(states, data.State) {
		data.State = ""
	}
	if data.RunPage, err = s.Payouts.RunByID(c.Request().Context(), n, data.State, 2*listed); err != nil {
		return err
	}
	var all, over int64
	for _, count := range data.Counts {
		all += count.Number
		if count.State == payouts.Sent || count.State == payouts.Failed {
			over += count.Number
		}
	}
	if all > 0 {
		data.Percent = 100 * over / all
	}
	for _, st := range states {
		tab := page.Tab{URL: data.Path, Label: l.T("admin.all"), Current: st == data.State}
		if st != "" {
			tab.URL, tab.Label = data.Path+"?state="+string(st), l.T("payout.state."+string(st))
		}
		data.Tabs = append(data.Tabs, tab)
	}
	data.Words = data.PausedReason
	if why, words, split := strings.Cut(data.PausedReason, ": "); split && payouts.FailureReason(why).Platform() && data.PausedBy == "" {
		data.Why, data.Words = payouts.FailureReason(why), words
	}
	return s.render(c, "payoutrun", data)
}

func (s *Server) pauseRun(c echo.Context) error {
	n, err := id(c)
	if err == nil {
		err = s.Payouts.Pause(c.Request().Context(), by(c), n, page.PostedForm(c).Get("reason"))
	}
	return s.done(c, err, "admin.payouts.paused", fmt.Sprintf("/admin/payouts/runs/%d", n))
}

func (s *Server) resumeRun(c echo.Context) error {
	n, err := id(c)
	if err == nil {
		err = s.Payouts.Resume(c.Request().Context(), by(c), n)
	}
	return s.done(c, err, "admin.payouts.resumed", fmt.Sprintf("/admin/payouts/runs/%d", n))
}

// lookAgain asks Stripe about a payout of which nobody knows whether it was sent.
func (s *Server) lookAgain(c echo.Context) error {
	n, err := id(c)
	if err != nil {
		return err
	}
	found, err := s.Payouts.LookAgain(c.Request().Context(), by(c), n)
	if err == nil && !found {
		s.Site.Note(c, "admin.payouts.not_found")
		return page.Redirect(c, "/admin/payouts")
	}
	return s.done(c, err, "admin.payouts.found", "/admin/payouts")
}

// settlePayout records what an admin found out, if Stripe shows the same.
func (s *Server) settlePayout(c echo.Context) error {
	n, err := id(c)
	if err != nil {
		return err
	}
	ctx, form := c.Request().Context(), page.PostedForm(c)
	if form.Get("how") == "sent" {
		err = s.Payouts.RecordSent(ctx, by(c), n, form.Get("transfer"), form.Get("reason"))
	} else {
		err = s.Payouts.RecordNotSent(ctx, by(c), n, form.Get("reason"))
	}
	return s.done(c, err, "admin.payouts.settled", "/admin/payouts")
}
