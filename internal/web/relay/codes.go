package relay

import (
	"github.com/labstack/echo/v4"

	"relais/internal/i18n"
	"relais/internal/referrals"
	"relais/internal/web/page"
)

// codeRow is a code as the list shows it.
type codeRow struct {
	referrals.Code
	Sum string // "12,40 €"; empty: nothing yet
}

type codesPage struct {
	Form  *page.Form
	Codes []codeRow
	Full  bool // no more can be on
	Sales []referrals.SaleOf
	Empty page.Empty
}

// codes lists the member's codes with what came of them.
func (s *Server) codes(c echo.Context) error { return s.showCodes(c, page.NewForm()) }

func (s *Server) showCodes(c echo.Context, form *page.Form) error {
	ctx, lang, viewer := c.Request().Context(), page.Lang(c), page.ViewerFrom(c)
	all, err := referrals.Codes(ctx, s.DB, viewer.ID)
	if err != nil {
		return err
	}
	data := codesPage{Form: form, Empty: emptyCodes(lang)}
	on := 0
	for _, k := range all {
		data.Codes = append(data.Codes, codeRow{Code: k, Sum: amounts(lang, k.Earned)})
		if k.DisabledAt == nil {
			on++
		}
	}
	data.Full = on >= referrals.MaxCodes
	if data.Sales, err = referrals.SalesByCode(ctx, s.DB, viewer.ID, 50); err != nil {
		return err
	}
	return s.Site.Render(c, form.Status(), "relay/codes", data)
}

func emptyCodes(l i18n.Lang) page.Empty {
	return page.Empty{Icon: "badge-percent", Title: l.T("relay.codes.empty.title"), Text: l.T("relay.codes.empty.text")}
}

func (s *Server) makeCode(c echo.Context) error {
	form := page.PostedForm(c)
	code, err := s.Referrals.MakeCode(c.Request().Context(), page.ViewerFrom(c).ID, form.Get("code"))
	if form.Refused(err) {
		return s.showCodes(c, form)
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, "relay.codes.made", "Code", code)
	return page.Redirect(c, "/me/codes")
}

func (s *Server) switchCode(c echo.Context) error {
	form, on := page.PostedForm(c), c.FormValue("on") == "yes"
	err := s.Referrals.SwitchCode(c.Request().Context(), page.ViewerFrom(c).ID, c.Param("code"), on)
	if form.Refused(err) {
		return s.showCodes(c, form)
	}
	if err != nil {
		return err
	}
	if on {
		s.Site.Good(c, "relay.codes.is_on")
	} else {
		s.Site.Good(c, "relay.codes.is_off")
	}
	return page.Redirect(c, "/me/codes")
}
