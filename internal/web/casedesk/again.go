package casedesk

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"relais/internal/reports"
	"relais/internal/web/page"
)

// Reopen has the platform take up the case of this address again.
func (d Desk[T]) Reopen(c echo.Context) error {
	part, id, err := named(c)
	if err != nil {
		return err
	}
	form := page.PostedForm(c)
	err = d.Reports.Reopen(c.Request().Context(), d.DB, reports.Decision{Part: part, ID: id, By: page.ViewerFrom(c).ID, Why: form.Raw("why")}, d.Now())
	if form.Refused(err) {
		if form.Error(page.Lang(c), "why") == "" { // no matter of the field: said at the head
			return d.show(c, refusal[T]{form: form})
		}
		return d.show(c, refusal[T]{form: form, reopen: keyOf(part, id)})
	}
	if err != nil {
		return err
	}
	d.Site.Good(c, "opinion.queue.reopened")
	return page.Redirect(c, d.Path+"#q-"+keyOf(part, id))
}

// hiddenPage is what the platform hides of the viewer's own words, why, and the form that contests it.
type hiddenPage[T any] struct {
	reports.Hiding[T]
	Case   Case[T] // for the block case-about
	Form   *page.Form
	Action string
	Most   int
}

// own answers what is hidden of the viewer's and, when the form is sent, contests that.
func (d Desk[T]) own(part reports.Part) echo.HandlerFunc {
	return func(c echo.Context) error {
		id, err := number(c)
		if err != nil {
			return err
		}
		form, ctx, viewer := page.NewForm(), c.Request().Context(), page.ViewerFrom(c).ID
		if c.Request().Method == http.MethodPost {
			form = page.PostedForm(c)
			err = d.Reports.Contest(ctx, d.DB, part, id, viewer, form.Raw("text"))
			if err != nil && !form.Refused(err) {
				return err
			}
			if err == nil {
				d.Site.Good(c, "opinion.hidden.contested")
				return page.Redirect(c, reports.HiddenPath(part, id))
			}
		}
		data := hiddenPage[T]{Form: form, Action: reports.HiddenPath(part, id), Most: reports.MaxText}
		if data.Hiding, err = d.Reports.Hidden(ctx, d.DB, part, id, viewer); err != nil {
			return err
		}
		data.Case = Case[T]{Own: true, Case: reports.Case[T]{Part: part, ID: id, Subject: data.Subject}}
		return d.Site.Render(c, form.Status(), d.Own, data)
	}
}
