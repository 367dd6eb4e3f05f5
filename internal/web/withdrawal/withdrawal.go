// Package withdrawal has the pages by which a buyer sends something back: the declaration of withdrawal, without an account, of all or a part of an
// order (Directive 2011/83/EU, article 11a), the request for a return without a right to it, and the dated acknowledgements of both.
package withdrawal

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"

	"github.com/labstack/echo/v4"

	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/orders"
	"relais/internal/returns"
	"relais/internal/web/page"
)

// Server answers the pages. Create it with New.
type Server struct {
	site    *page.Site
	orders  *orders.Service
	returns *returns.Service
}

// New returns the server.
func New(site *page.Site, o *orders.Service, r *returns.Service) *Server { return &Server{site, o, r} }

// Routes adds the pages to the site.
func (s *Server) Routes(e *echo.Echo) {
	o := e.Group("/o/:token", page.Private)
	o.GET("/withdraw", s.withdrawal)
	o.POST("/withdraw", s.withdraw)
	o.GET("/return", s.askReturn)
	o.POST("/return", s.sendReturn)
	o.POST("/returns/:id/sent", s.sentBack)
	o.POST("/returns/:id/keep", s.keepsIt)
}

// Back is a return as its buyer sees it: the dated acknowledgement, and what is to be done.
type Back struct {
	returns.Return
	Shipment orders.Shipment
	Currency money.Currency
	ToSend   bool // it is with the buyer and is to be sent back
	Keepable bool // the buyer may still keep it
	Said     string
}

// Kept is what the brand kept for wear.
func (b Back) Kept() money.Amount { return money.New(b.DeductedMinor, b.Currency) }

// Of puts the returns of an order into words, newest first.
func Of(l i18n.Lang, o orders.Page, rs []returns.Return) []Back {
	var list []Back
	for _, r := range rs {
		b := Back{Return: r, Currency: o.Currency}
		for _, sh := range o.Shipments {
			if sh.ID == r.ShipmentID {
				b.Shipment = sh
			}
		}
		left := b.Shipment.ShippedAt != nil
		b.ToSend = r.State == returns.Approved && left
		b.Keepable = r.State == returns.Asked || r.State == returns.Approved && r.Kind == returns.Request
		word := string(r.State)
		if r.State == returns.Approved {
			switch {
			case !left:
				word = "at_once"
			case r.SentAt != nil:
				word = "sent"
			}
		}
		b.Said = l.T("aftersale.buyer.return."+word, "Brand", b.Shipment.BrandName, "Days", returns.RefundDays)
		list = append(list, b)
	}
	return list
}

type withdrawPage struct {
	orders.Page
	Form   *page.Form
	Back   []Back
	Rows   []choiceRow
	Choice returns.Choice
	Check  *check // nil while it is being chosen
	Why    string // key of why it is not possible; empty when it is
}

// choiceRow is a line that can be chosen, or the reason why not.
type choiceRow struct {
	returns.Option
	Brand, Field string
}

// check is what the buyer is about to confirm.
type check struct {
	Parcels []returns.Expected
	Total   money.Amount
	Kept    []returns.Line // its pieces, to be sent again
}

// Sum writes minor units in the currency of the order.
func (p withdrawPage) Sum(minor int64) money.Amount { return money.New(minor, p.Currency) }

// Excluded says whether something cannot be withdrawn from.
func (p withdrawPage) Excluded() bool {
	for _, r := range p.Rows {
		if r.Option.Excluded != "" {
			return true
		}
	}
	return false
}

// withdrawalOf reads the page of an order's withdrawal; form nil: everything is chosen.
func (s *Server) withdrawalOf(c echo.Context, form *page.Form) (withdrawPage, error) {
	ctx := c.Request().Context()
	o, err := s.orders.ByToken(ctx, c.Param("token"))
	if err != nil {
		return withdrawPage{}, err
	}
	data := withdrawPage{Page: o, Form: form}
	rs, err := s.returns.OfOrder(ctx, o.ID, 0)
	if err != nil {
		return data, err
	}
	data.Back = Of(page.Lang(c), o, rs)
	if data.Choice, err = s.returns.ChoiceOf(ctx, o); err != nil {
		return data, err
	}
	if form == nil {
		data.Form = page.NewForm("operation", rand.Text())
	}
	for _, option := range data.Choice.Options {
		row := choiceRow{Option: option, Field: "line-" + strconv.FormatInt(option.Line.ID, 10)}
		for _, sh := range o.Shipments {
			if sh.ID == option.Line.ShipmentID {
				row.Brand = sh.BrandName
			}
		}
		if form == nil {
			data.Form.Set(row.Field, strconv.FormatInt(option.Left, 10))
		}
		data.Rows = append(data.Rows, row)
	}
	data.Why = whyNot(data.Choice.Err)
	return data, nil
}

func whyNot(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, returns.ErrWindowOver):
		return "shop.withdraw.over"
	case errors.Is(err, returns.ErrNoRight):
		return "shop.order.in_person.no_withdrawal"
	case errors.Is(err, returns.ErrCustomMade):
		return "fault.return_custom"
	case errors.Is(err, returns.ErrAgain):
		return "aftersale.buyer.all_back"
	}
	return "shop.withdraw.not_paid"
}

func (s *Server) withdrawal(c echo.Context) error {
	data, err := s.withdrawalOf(c, nil)
	if err != nil {
		return err
	}
	return s.site.Render(c, data.Form.Status(), "withdrawal/withdraw", data)
}

// chosen are the pieces of the form, line by line; right: those that cannot be withdrawn from are left out.
func (p withdrawPage) chosen(right bool) map[int64]int64 {
	chosen := map[int64]int64{}
	for _, r := range p.Rows {
		if text := p.Form.Get(r.Field); text == "" || right && r.Option.Excluded != "" {
			continue
		}
		if n := p.Form.Int(r.Field, -1); n != 0 {
			chosen[r.Line.ID] = n
		}
	}
	return chosen
}

// withdraw takes the declaration in two steps: declared, then confirmed. The page it returns to is the dated acknowledgement.
func (s *Server) withdraw(c echo.Context) error {
	data, err := s.withdrawalOf(c, page.PostedForm(c))
	if err != nil {
		return err
	}
	operation, err := operationOf(data.Form)
	if err == nil {
		err = data.check()
	}
	if data.Form.Get("step") == "confirm" && err == nil {
		d := returns.Declaration{OrderID: data.ID, Chosen: data.chosen(true), Reason: data.Form.Raw("reason"), Operation: operation}
		if err = s.returns.Withdraw(c.Request().Context(), d); err == nil {
			return page.Redirect(c, "/o/"+data.Token+"/withdraw")
		}
	}
	if s.declared(data, operation) { // the same form twice: it is one declaration
		return page.Redirect(c, "/o/"+data.Token+"/withdraw")
	}
	if err != nil || data.Form.Get("step") == "edit" {
		data.Check = nil
	}
	if err != nil && !data.Form.Refused(err) {
		return err
	}
	return s.site.Render(c, data.Form.Status(), "withdrawal/withdraw", data)
}

// declared says whether the form was sent before.
func (s *Server) declared(data withdrawPage, operation string) bool {
	for _, b := range data.Back {
		if operation != "" && data.Form.Get("step") != "edit" && b.Operation == fmt.Sprintf("%s:%d", operation, b.ShipmentID) {
			return true
		}
	}
	return false
}

// operationOf is the one-time value of a form; a form without gets one, and is to be sent again.
func operationOf(f *page.Form) (string, error) {
	operation := f.Get("operation")
	if len(operation) < 16 || len(operation) > 64 {
		f.Set("operation", rand.Text())
		return "", fault.New(fault.Invalid, "fault.form_stale")
	}
	return operation, nil
}

// check works out what the declaration brings back.
func (p *withdrawPage) check() error {
	if p.Choice.Err != nil {
		return p.Choice.Err
	}
	parcels, err := p.Choice.Foresee(p.Shipments, p.chosen(true))
	if err != nil {
		return err
	}
	p.Check = &check{Parcels: parcels, Total: p.Sum(0)}
	for _, e := range parcels {
		p.Check.Total.Minor += e.Goods + e.Delivery
		p.Check.Kept = append(p.Check.Kept, e.Lines...)
	}
	return nil
}

// askReturn is the form by which a buyer asks the brands to take something back, without a right to it.
func (s *Server) askReturn(c echo.Context) error {
	data, err := s.withdrawalOf(c, nil)
	if err != nil {
		return err
	}
	if data.State != orders.Paid || !data.Choice.Askable() {
		return page.Redirect(c, "/o/"+data.Token+"/withdraw")
	}
	if len(data.Rows) > 1 {
		for _, r := range data.Rows {
			data.Form.Set(r.Field, "0")
		}
	}
	return s.site.Render(c, data.Form.Status(), "withdrawal/return", data)
}

// sendReturn sends the request.
func (s *Server) sendReturn(c echo.Context) error {
	data, err := s.withdrawalOf(c, page.PostedForm(c))
	if err != nil {
		return err
	}
	operation, err := operationOf(data.Form)
	if err == nil && data.Form.Get("reason") == "" {
		err = fault.Field("reason", "fault.required")
	}
	if err == nil {
		err = s.returns.Ask(c.Request().Context(), returns.Declaration{OrderID: data.ID, Chosen: data.chosen(false), Reason: data.Form.Raw("reason"), Operation: operation})
	}
	if err != nil && s.declared(data, operation) {
		err = nil
	}
	if data.Form.Refused(err) {
		return s.site.Render(c, data.Form.Status(), "withdrawal/return", data)
	}
	if err != nil {
		return err
	}
	s.site.Good(c, "aftersale.buyer.asked")
	return page.Redirect(c, "/o/"+data.Token+"/withdraw")
}

// sentBack records that the goods are on their way back.
func (s *Server) sentBack(c echo.Context) error {
	form := page.PostedForm(c)
	return s.ofReturn(c, "aftersale.buyer.sent_noted", func(ctx context.Context, r returns.Return) error {
		return s.returns.Sent(ctx, r.ID, form.Get("tracking"))
	})
}

// keepsIt ends a return: the goods stay with the buyer.
func (s *Server) keepsIt(c echo.Context) error {
	return s.ofReturn(c, "aftersale.buyer.kept", func(ctx context.Context, r returns.Return) error { return s.returns.KeepsIt(ctx, r.ID) })
}

// ofReturn runs a use case on a return of the order of the address, and leads back to the acknowledgements.
func (s *Server) ofReturn(c echo.Context, done string, do func(context.Context, returns.Return) error) error {
	ctx := c.Request().Context()
	o, err := s.orders.ByToken(ctx, c.Param("token"))
	if err != nil {
		return err
	}
	rs, err := s.returns.OfOrder(ctx, o.ID, 0)
	if err != nil {
		return err
	}
	for _, r := range rs {
		if strconv.FormatInt(r.ID, 10) != c.Param("id") {
			continue
		}
		var refused *fault.Error
		switch err := do(ctx, r); {
		case err == nil:
			s.site.Good(c, done)
		case errors.Is(err, fault.Conflict) && errors.As(err, &refused):
			s.site.Bad(c, refused.Message)
		default:
			return err
		}
		return page.Redirect(c, "/o/"+o.Token+"/withdraw")
	}
	return returns.ErrGone
}
