package launch

import (
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/pledges"
	"relais/internal/pledges/late"
	"relais/internal/web/page"
)

type laterPage struct {
	pledges.View
	Brand     page.BrandRef
	Base      string
	Form      *page.Form
	Months    []page.Option
	MaxReason int
}

// postponing is the form with which a brand moves the month that a launch promised.
func (s *Server) postponing(c echo.Context) error { return s.showPostponing(c, page.NewForm()) }

func (s *Server) showPostponing(c echo.Context, form *page.Form) error {
	brand, v, err := s.launchOf(c)
	if err != nil {
		return err
	}
	moved, err := late.MoveOf(c.Request().Context(), s.DB, v.ID)
	if err != nil {
		return err
	}
	if moved != nil {
		return page.Redirect(c, baseOf(brand))
	}
	if err := late.Movable(v.Campaign, s.Now()); err != nil {
		return s.said(c, brand, err, "")
	}
	data := laterPage{View: v, Brand: brand, Base: baseOf(brand), Form: form, MaxReason: pledges.MaxNote}
	for _, month := range late.Later(*v.Expected, s.Now()) {
		data.Months = append(data.Months, page.Option{Value: month.Format(monthForm), Label: page.Lang(c).Month(month)})
	}
	return s.Site.Render(c, form.Status(), "launch/later", data)
}

// postpone moves it, once and with a reason, and has everybody told who waits.
func (s *Server) postpone(c echo.Context) error {
	brand, v, err := s.launchOf(c)
	if err != nil {
		return err
	}
	form := page.PostedForm(c)
	month, _ := time.Parse(monthForm, form.Get("month")) // what is none is refused
	err = s.Late.Postpone(c.Request().Context(), page.ViewerFrom(c).ID, brand.ID, v.ID, month, form.Raw("reason"))
	l := page.Lang(c)
	if form.Refused(err) && (form.Error(l, "reason") != "" || form.Error(l, "month") != "") {
		return s.showPostponing(c, form)
	}
	return s.said(c, brand, err, "launches.later.done")
}
