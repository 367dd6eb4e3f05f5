package relay

import (
	"github.com/labstack/echo/v4"

	"relais/internal/earnings"
	"relais/internal/storefronts"
	"relais/internal/web/page"
)

// Values of the field status.
const (
	statusPrivate = "private"
	statusTrader  = "trader"
)

// StatusIn reads what a form says of who acts, a trader or a private person; asked is false where it did not ask.
func StatusIn(form *page.Form) (said storefronts.Status, asked bool) {
	switch form.Get("status") {
	case statusPrivate:
		return storefronts.Status{}, true
	case statusTrader:
		return storefronts.Status{Trader: true, LegalName: form.Get("legal_name"), Address: form.Raw("legal_address"), Registration: form.Get("registration")}, true
	}
	return storefronts.Status{}, false
}

// AskStatus has a form ask who acts, with what was said before, or the default; what was typed stays.
func AskStatus(form *page.Form, said storefronts.Status) {
	if form.Get("status") != "" {
		return
	}
	form.Set("status", statusPrivate)
	if said.Trader {
		form.Set("status", statusTrader)
	}
	form.Set("legal_name", said.LegalName)
	form.Set("legal_address", said.Address)
	form.Set("registration", said.Registration)
}

type statusPage struct {
	storefronts.Status
	Form *page.Form
	Year earnings.Year
}

func (s *Server) showStatus(c echo.Context) error { return s.statusPage(c, page.NewForm()) }

func (s *Server) statusPage(c echo.Context, form *page.Form) error {
	ctx, viewer := c.Request().Context(), page.ViewerFrom(c)
	said, err := storefronts.StatusOf(ctx, s.DB, viewer.ID)
	if err != nil {
		return err
	}
	AskStatus(form, said)
	data := statusPage{Status: said, Form: form}
	if data.Year, err = s.thisYear(ctx, viewer.ID); err != nil {
		return err
	}
	return s.Site.Render(c, form.Status(), "relay/status", data)
}

func (s *Server) setStatus(c echo.Context) error {
	form := page.PostedForm(c)
	said, asked := StatusIn(form)
	if !asked {
		form.Fail("status", "fault.required")
		return s.statusPage(c, form)
	}
	err := s.Storefronts.SayStatus(c.Request().Context(), page.ViewerFrom(c).ID, said)
	if form.Refused(err) {
		return s.statusPage(c, form)
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, "status.saved")
	return page.Redirect(c, "/me/storefront/status")
}
