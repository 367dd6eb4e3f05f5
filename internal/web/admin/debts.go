package admin

import (
	"github.com/labstack/echo/v4"

	"relais/internal/debts"
	"relais/internal/fault"
	"relais/internal/money"
	"relais/internal/web/page"
)

type debtsPage struct {
	Debts     []debts.Debt
	WriteOffs []debts.WriteOff
	Reversals []debts.Reversal
	Form      *page.Form // of a write-off that was refused
	Me        int64
}

// debts is who owes what, what is being done about it, and what was given up.
func (s *Server) debts(c echo.Context) error { return s.showDebts(c, page.NewForm()) }

func (s *Server) showDebts(c echo.Context, form *page.Form) (err error) {
	ctx, data := c.Request().Context(), debtsPage{Form: form, Me: by(c)}
	if data.Debts, err = s.Debts.List(ctx); err != nil {
		return err
	}
	if data.WriteOffs, err = s.Debts.WriteOffs(ctx, listed); err != nil {
		return err
	}
	if data.Reversals, err = s.Debts.Reversals(ctx, 0, listed); err != nil {
		return err
	}
	return s.Site.Render(c, form.Status(), "admin/debts", data)
}

// recoverDebt takes a transfer back now, where it is worth it.
func (s *Server) recoverDebt(c echo.Context) error {
	payee, err := id(c)
	if err != nil {
		return err
	}
	currency := money.Currency(page.PostedForm(c).Get("currency"))
	if currency.Valid() != nil {
		return errNotFound
	}
	return s.done(c, s.Debts.Recover(c.Request().Context(), payee, currency), "debts.recovering", "/admin/debts")
}

// writeOff gives a debt up, or asks a second person to; a form that is refused comes back as it was typed.
func (s *Server) writeOff(c echo.Context) error {
	payee, err := id(c)
	if err != nil {
		return err
	}
	form := page.PostedForm(c)
	currency := money.Currency(form.Get("currency"))
	if currency.Valid() != nil {
		return errNotFound
	}
	amount, err := money.Parse(form.Get("amount"), currency)
	if err != nil {
		err = fault.Field("amount", "fault.catalog.price")
	} else {
		err = s.Debts.WriteOff(c.Request().Context(), payee, amount, form.Raw("reason"), by(c))
	}
	if form.Refused(err) {
		form.Set("payee", c.Param("id"))
		return s.showDebts(c, form)
	}
	key := "debts.written_off"
	if debts.NeedsTwo(amount) {
		key = "debts.waits"
	}
	return s.done(c, err, key, "/admin/debts")
}

// decideWriteOff is the second person's word.
func (s *Server) decideWriteOff(c echo.Context) error {
	n, err := id(c)
	if err != nil {
		return err
	}
	approve := page.PostedForm(c).Get("do") == "approve"
	key := "debts.refused"
	if approve {
		key = "debts.written_off"
	}
	return s.done(c, s.Debts.Decide(c.Request().Context(), n, by(c), approve), key, "/admin/debts")
}
