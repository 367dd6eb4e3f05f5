package till

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"relais/internal/earnings"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/payouts"
	"relais/internal/web/page"
)

type payoutsPage struct {
	side
	Payee     payouts.Payee
	Readiness payouts.Readiness
	Tone      string // of the account's card
	Form      *page.Form
	Countries []page.Option
	Free      string // what the next payout will pay, in words
	Rows      []payouts.Payout
	Empty     page.Empty

	Rules       payouts.Settings
	Waits       []payouts.Due  // what is free, and why it waits
	Minimums    []money.Amount // of the currencies that they have money in
	CanAsk      bool           // something of theirs can be paid now
	CadenceForm *page.Form
	Cadences    []page.Option
	Bank        []payouts.BankPayout
	Returned    *payouts.BankPayout // the bank sent the newest one back
}

// tones say how urgent a state of the account is.
var tones = map[payouts.Readiness]string{payouts.Ready: "good", payouts.NoAccount: "wait", payouts.Unfinished: "wait",
	payouts.Checking: "note", payouts.Restricted: "bad", payouts.Blocked: "bad", payouts.Frozen: "bad"}

func (s *Server) payoutsPage(c echo.Context, of side) (payoutsPage, error) {
	ctx, l := c.Request().Context(), page.Lang(c)
	data := payoutsPage{side: of}
	var err error
	if data.Payee, err = s.Payouts.Look(ctx, of.Owner); err != nil {
		return data, err
	}
	data.Readiness = data.Payee.Readiness()
	data.Tone = tones[data.Readiness]
	country := "FR"
	if of.Brand != nil {
		country = of.Brand.Country
	}
	data.Form = page.NewForm("country", country)
	for _, code := range payouts.Countries {
		data.Countries = append(data.Countries, page.Option{Value: code, Label: countryName(l, code)})
	}
	totals, err := earnings.Totals(ctx, s.DB, data.Payee.ID)
	if err != nil {
		return data, err
	}
	var free []money.Amount
	for _, t := range totals {
		if t.Free > 0 {
			free = append(free, t.Amount(t.Free))
		}
	}
	data.Free = amounts(l, free...)
	if err := s.paying(ctx, l, &data); err != nil {
		return data, err
	}
	data.Empty = page.Empty{Icon: "landmark", Title: l.T("till.payouts.empty"), Text: l.T("till.payouts.empty_text"),
		URL: of.Base + "/earnings", Action: l.T("till.payouts.to_earnings")}
	return data, err
}

// paying reads when and how a payee is paid, and what was paid.
func (s *Server) paying(ctx context.Context, l i18n.Lang, data *payoutsPage) error {
	var err error
	if data.Rules, err = s.Payouts.Settings(ctx); err != nil || data.Payee.ID == 0 { // to the lists, 0 is everybody
		return err
	}
	if data.Rows, err = s.Payouts.List(ctx, data.Payee.ID, 200); err != nil {
		return err
	}
	if data.Waits, err = s.Payouts.Waits(ctx, data.Payee.ID); err != nil {
		return err
	}
	for _, d := range data.Waits {
		data.CanAsk = data.CanAsk || d.Wait == payouts.NoWait
		data.Minimums = append(data.Minimums, money.New(data.Rules.Minimum(d.Amount.Currency), d.Amount.Currency))
	}
	if data.Bank, err = s.Payouts.AtBank(ctx, data.Payee.ID, 20); err != nil {
		return err
	}
	if len(data.Bank) > 0 && data.Bank[0].State == "failed" {
		data.Returned = &data.Bank[0]
	}
	chosen := ""
	if data.Payee.Cadence != nil {
		chosen = string(*data.Payee.Cadence)
	}
	data.CadenceForm = page.NewForm("cadence", chosen)
	data.Cadences = []page.Option{{Label: l.T("payout.cadence.platform", "Cadence", l.T("payout.cadence."+string(data.Rules.Cadence)))}}
	for _, cadence := range []payouts.Cadence{payouts.Weekly, payouts.Monthly, payouts.WhenAsked} {
		data.Cadences = append(data.Cadences, page.Option{Value: string(cadence), Label: l.T("payout.cadence." + string(cadence))})
	}
	return nil
}

// chooseCadence says how often whoever owns the payee is paid.
func (s *Server) chooseCadence(c echo.Context, of side) error {
	return s.asBoss(c, of, "till.pay.saved", func(ctx context.Context, payee int64) error {
		return s.Payouts.ChooseCadence(ctx, payee, payouts.Cadence(page.PostedForm(c).Get("cadence")))
	})
}

// payNow asks for a payout of what is free.
func (s *Server) payNow(c echo.Context, of side) error {
	return s.asBoss(c, of, "till.pay.asked", func(ctx context.Context, payee int64) error {
		return s.Payouts.PayNow(ctx, page.ViewerFrom(c).ID, payee)
	})
}

// another forgets the account at Stripe, so that another one can be connected.
func (s *Server) another(c echo.Context, of side) error {
	return s.asBoss(c, of, "till.pay.reconnected", s.Payouts.Forget)
}

// asBoss does something with the payee of a side for somebody who may say where its money goes, and leads back to the payouts.
func (s *Server) asBoss(c echo.Context, of side, done string, do func(context.Context, int64) error) error {
	if !of.Boss {
		return errBossOnly
	}
	ctx := c.Request().Context()
	payee, err := s.somePayeeID(ctx, of)
	if err != nil {
		return err
	}
	var refused *fault.Error
	switch err := do(ctx, payee); {
	case err == nil:
		s.Site.Good(c, done)
	case errors.As(err, &refused) && (refused.Kind == fault.Conflict || refused.Kind == fault.TooMany || refused.Kind == fault.Invalid):
		s.Site.Bad(c, refused.Message)
	default:
		return err
	}
	return page.Redirect(c, of.Base+"/payouts")
}

// countryName is a country in words; its code where we have none.
func countryName(l i18n.Lang, code string) string {
	name, err := l.Lookup("shop.country." + code)
	if err != nil {
		return code
	}
	return name
}

// payouts says where the money goes, what is missing for that, and what was paid.
func (s *Server) payouts(c echo.Context, of side) error {
	data, err := s.payoutsPage(c, of)
	if err != nil {
		return err
	}
	return s.render(c, "payouts", data)
}

var errBossOnly = fault.New(fault.Forbidden, "fault.catalog.owner_only")

// onboard leads to Stripe, which asks for the details of whoever is paid; for the first time with a country.
func (s *Server) onboard(c echo.Context, of side) error {
	if !of.Boss {
		return errBossOnly
	}
	form := page.PostedForm(c)
	payee, err := s.Payouts.PayeeOf(c.Request().Context(), of.Owner)
	if err != nil {
		return err
	}
	link, err := s.onboarding(c, of, payee.ID, form.Get("country"))
	if form.Refused(err) {
		data, err := s.payoutsPage(c, of)
		if err != nil {
			return err
		}
		data.Form = form
		return s.Site.Render(c, form.Status(), "till/payouts", data)
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, link)
}

func (s *Server) onboarding(c echo.Context, of side, payeeID int64, country string) (string, error) {
	account := s.BaseURL + of.Base + "/payouts/account/"
	return s.Payouts.Onboard(c.Request().Context(), payeeID, country, account+"return", account+"refresh")
}

// onboarded is where Stripe leads back to: finished or not, which only Stripe's own answer tells.
func (s *Server) onboarded(c echo.Context, of side) error {
	payee, err := s.somePayeeID(c.Request().Context(), of)
	if err != nil {
		return err
	}
	p, err := s.Payouts.Refresh(c.Request().Context(), payee)
	if err != nil {
		return err
	}
	if r := p.Readiness(); r == payouts.Ready {
		s.Site.Good(c, "till.account.done")
	} else {
		s.Site.Note(c, "till.ready."+string(r)+".title")
	}
	return page.Redirect(c, of.Base+"/payouts")
}

// onboardAgain is where Stripe leads when its address was too old: to a new one.
func (s *Server) onboardAgain(c echo.Context, of side) error {
	if !of.Boss {
		return errBossOnly
	}
	payee, err := s.Payouts.Look(c.Request().Context(), of.Owner)
	if err != nil {
		return err
	}
	if payee.StripeAccountID == nil {
		return page.Redirect(c, of.Base+"/payouts")
	}
	link, err := s.onboarding(c, of, payee.ID, "")
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, link)
}

// dashboard leads to Stripe's own pages about the account: bank, documents, what arrived there.
func (s *Server) dashboard(c echo.Context, of side) error {
	if !of.Boss {
		return errBossOnly
	}
	payee, err := s.somePayeeID(c.Request().Context(), of)
	if err != nil {
		return err
	}
	link, err := s.Payouts.Dashboard(c.Request().Context(), payee)
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, link)
}

type statementPage struct {
	side
	payouts.Statement
	Payee payouts.Payee
	Lines []statementLine
	Sum   money.Amount
}

// statementLine is a line of the books as statements have it.
type statementLine struct {
	payouts.Line
	Label string
}

// lineLabel says what a line is: of an earning, what was sold.
func lineLabel(l i18n.Lang, of side, line payouts.Line) string {
	if line.Earning != nil {
		return label(l, of, *line.Earning)
	}
	text := l.T("payout.line." + string(line.Kind))
	if line.Cause != "" {
		text += " (" + l.T("payout.line_cause."+line.Cause) + ")"
	}
	return text
}

// statement itemises a payout: as a page, or as a file where the address ends in .csv.
func (s *Server) statement(c echo.Context, of side) error {
	ctx, l := c.Request().Context(), page.Lang(c)
	text, csv := strings.CutSuffix(c.Param("id"), ".csv")
	id, err := number(text)
	if err != nil {
		return err
	}
	payee, err := s.Payouts.Look(ctx, of.Owner)
	if err != nil {
		return err
	}
	if payee.ID == 0 { // to the query, 0 is everybody
		return payouts.ErrNotFound
	}
	st, err := s.Payouts.StatementOf(ctx, payee.ID, id)
	if err != nil {
		return err
	}
	data := statementPage{side: of, Statement: st, Payee: payee}
	for _, line := range st.Lines {
		data.Lines = append(data.Lines, statementLine{line, lineLabel(l, of, line)})
	}
	if data.Sum, err = st.Sum(); err != nil {
		return fmt.Errorf("sum statement %d: %w", id, err)
	}
	if !csv {
		return s.render(c, "statement", data)
	}
	var file bytes.Buffer
	if err := writeStatement(&file, l, data); err != nil {
		return err
	}
	c.Response().Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="relais-%d.csv"`, id))
	c.Response().Header().Set("Cache-Control", "private, no-store")
	return c.Blob(http.StatusOK, "text/csv; charset=utf-8", file.Bytes())
}
