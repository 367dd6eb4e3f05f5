// Package casedesk has the two pages that every report goes through: the form with which a reader reports something (Form, Answer), and the desk
// where the platform decides (Desk). The packages of ratings, questions, ideas and stories hand in what they read and how it is shown; a page of
// theirs is the shared one with a block of its own:
//
//	report-page    with the block "report-about": what is reported     the dot is the Form
//	case-desk      with the block "case-about": what was reported      the dot is the Case
//
// Both are in templates/partials/casedesk.html.
package casedesk

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

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
	Page    string // template, like "ask/queue"
	Path    string // address of the page; the form of a case is sent to one below it
	Reasons string // that the keys of reasons begin with, like "opinion.reason."
	Parts   string // that the keys of parts begin with; empty: what was reported is named by its title
	Keep    string // key of what keeping it means
	Hide    string // key of what hiding it means
	// Below is the address of a case below Path, and Named what the address of a request names; without them it is its part and number (":part/:id").
	Below func(c reports.Case[T]) string
	Named func(c echo.Context) (reports.Part, int64, error)
}

func (d Desk[T]) below(c reports.Case[T]) string {
	if d.Below != nil {
		return d.Below(c)
	}
	return fmt.Sprintf("%s/%d", c.Part, c.ID)
}

func (d Desk[T]) named(c echo.Context) (reports.Part, int64, error) {
	if d.Named != nil {
		return d.Named(c)
	}
	id, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil {
		return "", 0, fault.New(fault.NotFound, "fault.page_not_found")
	}
	return reports.Part(c.Param("part")), id, nil
}

// deskPage is the desk with what waits, the oldest first, and what was decided last.
type deskPage[T any] struct {
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
}

// line is a report with its reason in words; of a decided one also what it is about.
type line struct {
	reports.Report
	Words string
}

// Show answers the desk.
func (d Desk[T]) Show(c echo.Context) error { return d.show(c, nil, nil) }

// shown is a case with its form, which is sent to the page of the list that it is on.
func (d Desk[T]) shown(l i18n.Lang, one reports.Case[T], number int, form *page.Form) Case[T] {
	below := d.below(one)
	key := strings.ReplaceAll(below, "/", "-")
	shown := Case[T]{Case: one, Action: d.Path + "/" + below + onPage(number) + "#q-" + key, Key: key, Form: form, Choices: Choices(l, d.Keep, d.Hide)}
	for _, r := range one.Reports {
		shown.Said = append(shown.Said, line{r, l.T(d.Reasons + r.Reason)})
	}
	return shown
}

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

// show is the desk; refused is the form about a case, which is on the page in any case: first where the list has it elsewhere by now.
func (d Desk[T]) show(c echo.Context, about *reports.Case[T], refused *page.Form) error {
	ctx, l, status := c.Request().Context(), page.Lang(c), http.StatusOK
	cases, pager, err := d.waiting(c)
	if err != nil {
		return err
	}
	data := deskPage[T]{Pager: pager}
	if refused != nil {
		status = refused.Status()
		switch {
		case len(about.Reports) == 0:
			data.Refused = refused
		case !slices.ContainsFunc(cases, about.Same):
			cases = slices.Insert(cases, 0, *about)
		}
	}
	for _, one := range cases {
		form := page.NewForm()
		if refused != nil && about.Same(one) {
			form = refused
		}
		data.Cases = append(data.Cases, d.shown(l, one, pager.Page, form))
	}
	decided, err := d.Reports.Decided(ctx, d.DB, decidedLately)
	if err != nil {
		return err
	}
	for _, r := range decided {
		about := r.Title
		if d.Parts != "" {
			about = l.T(d.Parts + string(r.Part))
		}
		data.Decided = append(data.Decided, line{r, about + " · " + l.T(d.Reasons+r.Reason)})
	}
	return d.Site.Render(c, status, d.Page, data)
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
	part, id, err := d.named(c)
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
	return d.show(c, &about, form)
}
