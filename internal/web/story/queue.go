package story

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"relais/internal/fault"
	"relais/internal/stories"
	"relais/internal/web/page"
)

const (
	queueSize     = 20
	decidedLately = 20
)

// queuePage is what was reported of stories.
type queuePage struct {
	Cases   []caseForm
	Decided []stories.Report
	Pager   *page.Pager
}

// caseForm is a story that was reported, with the form that decides.
type caseForm struct {
	stories.Case
	Form    *page.Form
	Choices []page.Option
}

func (s *Server) queue(c echo.Context) error { return s.showQueue(c, 0, nil) }

// showQueue is what was reported and waits, the oldest first; form is a refused decision about the story of that number.
func (s *Server) showQueue(c echo.Context, refused int64, form *page.Form) error {
	ctx, l := c.Request().Context(), page.Lang(c)
	data, status := queuePage{Pager: page.NewPager(c, queueSize, 0)}, http.StatusOK
	cases, total, err := stories.Cases(ctx, s.DB, queueSize, data.Pager.Offset())
	if err != nil {
		return err
	}
	data.Pager.Total = total
	for _, one := range cases {
		f := caseForm{Case: one, Form: page.NewForm(), Choices: []page.Option{
			{Value: "keep", Label: l.T("opinion.queue.keep"), Hint: l.T("story.queue.keep_hint")},
			{Value: "hide", Label: l.T("opinion.queue.hide"), Hint: l.T("story.queue.hide_hint")}}}
		if form != nil && one.Story.ID == refused {
			f.Form, status = form, form.Status()
		}
		data.Cases = append(data.Cases, f)
	}
	if data.Decided, err = stories.Decided(ctx, s.DB, decidedLately); err != nil {
		return err
	}
	return s.Site.Render(c, status, "story/queue", data)
}

// decide ends the reports about one story. A form without a choice is a fault of its field.
func (s *Server) decide(c echo.Context) error {
	n, err := number(c, "id")
	if err != nil {
		return err
	}
	form := page.PostedForm(c)
	d := stories.Decision{StoryID: n, By: by(c), Hide: form.Get("do") == "hide", Why: form.Raw("why")}
	if !d.Hide && form.Get("do") != "keep" {
		err = fault.Field("do", "fault.required")
	} else {
		err = s.Stories.Decide(c.Request().Context(), d)
	}
	if form.Refused(err) {
		return s.showQueue(c, n, form)
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, "opinion.queue.done")
	return page.Redirect(c, "/admin/stories")
}
