package casedesk

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"relais/internal/i18n"
	"relais/internal/reports"
	"relais/internal/web/page"
)

// Form is the page on which somebody reports something. T is what it shows of it.
type Form[T any] struct {
	Part    reports.Part
	Subject T
	Back    string // address of the page that it is on
	Brand   string // handle of the brand at whose desk; empty: everybody's page
	Words   bool   // a reason alone is not enough
	Reasons []page.Option
	Form    *page.Form
	Action  string
}

// Reasons are the reasons to choose from; key is what their keys begin with.
func Reasons(l i18n.Lang, key string, reasons []string) []page.Option {
	list := []page.Option{{Label: l.T("opinion.report.choose")}}
	for _, r := range reasons {
		list = append(list, page.Option{Value: r, Label: l.T(key + r)})
	}
	return list
}

// Answer shows the form by that template and, when it is sent, hands what it says to file. The address of the request is its own.
func Answer[T any](c echo.Context, site *page.Site, template string, f Form[T], file func(reason, text string) error) error {
	f.Form, f.Action = page.NewForm(), c.Request().URL.Path
	if c.Request().Method != http.MethodPost {
		return site.Render(c, http.StatusOK, template, f)
	}
	f.Form = page.PostedForm(c)
	err := file(f.Form.Get("reason"), f.Form.Raw("text"))
	if f.Form.Refused(err) {
		return site.Render(c, f.Form.Status(), template, f)
	}
	if err != nil {
		return err
	}
	site.Good(c, "opinion.report.done")
	return page.Redirect(c, f.Back)
}
