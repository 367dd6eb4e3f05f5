// Package casedesk has the three pages that every report goes through: the form with which a reader reports something (Form, Answer), the desk
// where the platform decides (Desk), and what it hid for its author, who can contest that (Desk.Routes). The packages of ratings, questions, ideas, stories
// and polls hand in what they read and how it is shown; a page of theirs is the shared one with a block of its own:
//
//	report-page    with the block "report-about": what is reported     the dot is the Form
//	case-desk      with the block "case-about": what was reported      the dot is the Case
//	hidden-page    with the block "case-about": what is hidden         the dot is the Case
//
// All are in templates/partials/casedesk.html.
package casedesk

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/postgres"
	"relais/internal/reports"
	"relais/internal/web/page"
)

const (
	casesShown    = 20 // a page
	decidedLately = 20
)

// Desk is the page where the platform decides what was reported of one domain. T is what a report is about.
type Desk[T any] struct {
	Site    *page.Site
	DB      *postgres.DB
	Reports reports.Desk[T]
	Decide  func(context.Context, reports.Decision) error
	Now     func() time.Time // business time
	Page    string           // template, like "ask/queue"
	Path    string           // address of the page; the form of a case is sent to one below it
	Reasons string           // that the keys of reasons begin with, like "opinion.reason."
	Parts   string           // that the keys of parts begin with; empty: what was reported is named by its title
	Keep    string           // key of what keeping it means
	Hide    string           // key of what hiding it means
	// Own is the template of what is hidden, for its author, like "ask/hidden", and Kinds the parts that it can be of; empty where decisions are final.
	Own   string
	Kinds []reports.Part
}

// Routes registers the desk and the pages of what is hidden.
func (d Desk[T]) Routes(e *echo.Echo) {
	e.GET(d.Path, d.Show, page.RequireAdmin)
	e.POST(d.Path+"/:part/:id", d.Judge, page.RequireAdmin)
	if d.Own == "" {
		return
	}
	e.POST(d.Path+"/:part/:id/reopen", d.Reopen, page.RequireAdmin)
	for _, part := range d.Kinds {
		e.GET("/hidden/"+string(part)+"/:id", d.own(part), page.RequireMember)
		e.POST("/hidden/"+string(part)+"/:id", d.own(part), page.RequireMember)
	}
}

func below(part reports.Part, id int64) string { return fmt.Sprintf("%s/%d", part, id) }

// number is that of the address; what is none does not exist.
func number(c echo.Context) (int64, error) {
	id, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil || id <= 0 {
		return 0, fault.New(fault.NotFound, "fault.page_not_found")
	}
	return id, nil
}

// named is what the address of a request names.
func named(c echo.Context) (reports.Part, int64, error) {
	id, err := number(c)
	return reports.Part(c.Param("part")), id, err
}

// deskPage is the desk with what waits, the oldest first, and what was decided last.
type deskPage[T any] struct {
	Desks   []page.Tab // all of them, with how much waits
	Refused *page.Form // a decision about what is not on the desk any more; nil: none
	Cases   []Case[T]
	Decided []line
	Pager   *page.Pager
}

// Case is something reported with the form that decides.
type Case[T any] struct {
	reports.Case[T]
	Action  string // address of the form
	Key     string // of the case on the page
	Said    []line
	Form    *page.Form
	Choices []page.Option
	Yours   bool // the viewer decides nothing about it
	Alone   bool // nor does anybody else
	Own     bool // shown to whose words they are: what else is hidden around them is left out
}

// line is a report with its reason in words; of a decided one also what it is about.
type line struct {
	reports.Report
	Words string
	Again string     // address of the form that reopens it; empty: it cannot be, or not here
	Key   string     // of the case on the page
	Form  *page.Form // that reopens
}

// words are those of a reason.
func (d Desk[T]) words(l i18n.Lang, r reports.Report) string {
	if !r.Reported() {
		return l.T("opinion.reason." + r.Reason)
	}
	return l.T(d.Reasons + r.Reason)
}

// Show answers the desk.
func (d Desk[T]) Show(c echo.Context) error { return d.show(c, refusal[T]{}) }

// refusal is a form that was refused: the decision about a case, what reopens the case of that key, or neither: said at the head.
type refusal[T any] struct {
	form   *page.Form // nil: nothing was
	about  *reports.Case[T]
	reopen string
}

// shown is a case with its form, which is sent to the page of the list that it is on.
func (d Desk[T]) shown(c echo.Context, one reports.Case[T], number int, form *page.Form) (shown Case[T], err error) {
	ctx, l, path := c.Request().Context(), page.Lang(c), below(one.Part, one.ID)
	key := keyOf(one.Part, one.ID)
	shown = Case[T]{Case: one, Action: d.Path + "/" + path + onPage(number) + "#q-" + key, Key: key, Form: form, Choices: Choices(l, d.Keep, d.Hide)}
	for _, r := range one.Reports {
		shown.Said = append(shown.Said, line{Report: r, Words: d.words(l, r)})
	}
	if shown.Yours, err = d.Reports.Excluded(ctx, d.DB, one, page.ViewerFrom(c).ID); err != nil || !shown.Yours {
		return shown, err
	}
	others, err := d.Reports.Deciders(ctx, d.DB, one)
	shown.Alone = len(others) == 0
	return shown, err
}

func keyOf(part reports.Part, id int64) string { return fmt.Sprintf("%s-%d", part, id) }

// onPage is the query of that page of the list.
func onPage(number int) string {
	if number <= 1 {
		return ""
	}
	return "?page=" + strconv.Itoa(number)
}

// waiting is a page of what waits, or the first one where that has nothing any more.
func (d Desk[T]) waiting(c echo.Context) (cases []reports.Case[T], pager *page.Pager, err error) {
	pager = page.NewPager(c, casesShown, 0)
	pager.Path = d.Path // a refused decision was sent to another
	cases, pager.Total, err = d.Reports.Cases(c.Request().Context(), d.DB, casesShown, pager.Offset())
	if err == nil && len(cases) == 0 && pager.Page > 1 {
		pager.Page = 1
		cases, pager.Total, err = d.Reports.Cases(c.Request().Context(), d.DB, casesShown, 0)
	}
	return cases, pager, err
}

// show is the desk; a case whose decision was refused is on the page in any case: first where the list has it elsewhere by now.
func (d Desk[T]) show(c echo.Context, refused refusal[T]) error {
	status := http.StatusOK
	cases, pager, err := d.waiting(c)
	if err != nil {
		return err
	}
	data := deskPage[T]{Pager: pager}
	if data.Desks, err = Desks(c, d.DB); err != nil {
		return err
	}
	if refused.form != nil {
		status = refused.form.Status()
		if refused.about == nil && refused.reopen == "" {
			data.Refused = refused.form
		}
	}
	if about := refused.about; about != nil {
		switch {
		case len(about.Reports) == 0:
			data.Refused = refused.form
		case !slices.ContainsFunc(cases, about.Same):
			cases = slices.Insert(cases, 0, *about)
		}
	}
	for _, one := range cases {
		form := page.NewForm()
		if refused.about != nil && refused.about.Same(one) {
			form = refused.form
		}
		shown, err := d.shown(c, one, pager.Page, form)
		if err != nil {
			return err
		}
		data.Cases = append(data.Cases, shown)
	}
	if data.Decided, err = d.decided(c, data.Cases, refused); err != nil {
		return err
	}
	return d.Site.Render(c, status, d.Page, data)
}

// decided is what was decided last, each case with one form that reopens it, unless it is on the page.
func (d Desk[T]) decided(c echo.Context, cases []Case[T], refused refusal[T]) (list []line, err error) {
	l, seen := page.Lang(c), map[string]bool{}
	for _, one := range cases {
		seen[one.Key] = true
	}
	decided, err := d.Reports.Decided(c.Request().Context(), d.DB, decidedLately)
	if err != nil {
		return nil, err
	}
	for _, r := range decided {
		about := r.Title
		if d.Parts != "" {
			about = l.T(d.Parts + string(r.Part))
		}
		one := line{Report: r, Words: about + " · " + d.words(l, r), Key: keyOf(r.Part, r.Target), Form: page.NewForm()}
		if d.Own != "" && !seen[one.Key] {
			one.Again = d.Path + "/" + below(r.Part, r.Target) + "/reopen"
		}
		if refused.form != nil && refused.reopen == one.Key && !seen[one.Key] {
			one.Form = refused.form
		}
		seen[one.Key] = true
		list = append(list, one)
	}
	return list, nil
}

// Choices are what can be decided: to keep it or to hide it, with the keys of what each means.
func Choices(l i18n.Lang, keep, hide string) []page.Option {
	return []page.Option{
		{Value: "keep", Label: l.T("opinion.queue.keep"), Hint: l.T(keep)},
		{Value: "hide", Label: l.T("opinion.queue.hide"), Hint: l.T(hide)},
	}
}

// Chosen is what was chosen of them. A form without a choice is a fault of its field.
func Chosen(form *page.Form) (hide bool, err error) {
	switch form.Get("do") {
	case "keep":
		return false, nil
	case "hide":
		return true, nil
	}
	return false, fault.Field("do", "fault.required")
}

// Judge ends the reports about the case of this address.
func (d Desk[T]) Judge(c echo.Context) error {
	part, id, err := named(c)
	if err != nil {
		return err
	}
	form := page.PostedForm(c)
	hide, err := Chosen(form)
	if err == nil {
		err = d.Decide(c.Request().Context(), reports.Decision{Part: part, ID: id, By: page.ViewerFrom(c).ID, Hide: hide, Why: form.Raw("why")})
	}
	if form.Refused(err) {
		return d.refuse(c, part, id, form)
	}
	if err != nil {
		return err
	}
	d.Site.Good(c, "opinion.queue.done")
	return page.Redirect(c, d.Path+onPage(page.NewPager(c, casesShown, 0).Page))
}

// refuse is the desk with what is wrong with the decision about a case; where the case was decided in the meantime, it says so.
func (d Desk[T]) refuse(c echo.Context, part reports.Part, id int64, form *page.Form) error {
	about, err := d.Reports.Case(c.Request().Context(), d.DB, part, id)
	if err != nil {
		return err
	}
	if len(about.Reports) == 0 {
		form = page.NewForm()
		form.Refused(reports.ErrDecided)
	}
	return d.show(c, refusal[T]{form: form, about: &about})
}
