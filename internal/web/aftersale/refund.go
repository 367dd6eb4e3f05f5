package aftersale

import (
	"crypto/rand"
	"errors"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"relais/internal/earnings"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/orders"
	"relais/internal/orders/foresee"
	"relais/internal/refunds"
	"relais/internal/web/page"
)

type refundPage struct {
	Desk
	orders.Page
	Form    *page.Form
	Parcels []orders.Shipment // that the desk may refund of
	Left    money.Amount
	Preview *preview // nil while it is being chosen
}

// preview is what a refund will be, with who gives back how much.
type preview struct {
	Amount money.Amount
	Parts  []Part
	Gives  []give
	Fee    money.Amount
	Late   bool   // some of it was available or paid out already
	Kept   []kept // the form, to be sent again
	Moved  bool   // it is not what was shown before
}

type give struct {
	Who, Role string
	Amount    money.Amount
}

type kept struct{ Name, Value string }

// Sum writes minor units in the currency of the order.
func (p refundPage) Sum(minor int64) money.Amount { return money.New(minor, p.Currency) }

// Path is the page of the order.
func (p refundPage) Path() string { return p.Base + "/orders/" + p.Number }

func (s *Server) refundPage(c echo.Context, d Desk) (refundPage, error) {
	p, err := s.orderOf(c, d)
	if err != nil {
		return refundPage{}, err
	}
	data := refundPage{Desk: d, Page: p, Parcels: Own(p, d.BrandID())}
	data.Left = data.Sum(orders.Left(data.Parcels))
	return data, nil
}

// askRefund shows what can be chosen.
func (s *Server) askRefund(c echo.Context, d Desk) error {
	data, err := s.refundPage(c, d)
	if err != nil {
		return err
	}
	if !data.Refundable {
		return page.Redirect(c, data.Path())
	}
	data.Form = page.NewForm("operation", rand.Text())
	for _, sh := range data.Parcels {
		for _, l := range sh.Lines {
			data.Form.Set(lineField(l.ID), "0")
			if sh.ShippedAt == nil {
				data.Form.Set(restockField(l.ID), "yes")
			}
		}
	}
	return s.Site.Render(c, data.Form.Status(), "aftersale/refund", data)
}

func lineField(id int64) string     { return "line-" + strconv.FormatInt(id, 10) }
func restockField(id int64) string  { return "restock-" + strconv.FormatInt(id, 10) }
func deliveryField(id int64) string { return "delivery-" + strconv.FormatInt(id, 10) }

// wishOf reads what was chosen. Faults on the fields of lines and of the sum.
func wishOf(f *page.Form, parcels []orders.Shipment, currency money.Currency) (orders.RefundWish, error) {
	var w orders.RefundWish
	for _, sh := range parcels {
		for _, l := range sh.Lines {
			pieces := int64(0)
			if f.Get(lineField(l.ID)) != "" {
				pieces = f.Int(lineField(l.ID), -1)
			}
			if pieces != 0 {
				w.Lines = append(w.Lines, orders.RefundLine{LineID: l.ID, Quantity: pieces, Restock: f.Has(restockField(l.ID), "yes")})
			}
		}
		if f.Has(deliveryField(sh.ID), "yes") {
			w.Delivery = append(w.Delivery, sh.ID)
		}
	}
	if len(parcels) == 1 {
		w.ShipmentID = parcels[0].ID
	} else {
		w.ShipmentID = f.Int("shipment", 0)
	}
	text := f.Get("amount")
	if text == "" {
		return w, nil
	}
	a, err := money.Parse(text, currency)
	if err != nil {
		return w, fault.Field("amount", "fault.amount")
	}
	w.Minor = a.Minor
	return w, nil
}

// refund shows what was chosen with what it costs each, then asks for it.
func (s *Server) refund(c echo.Context, d Desk) error {
	data, err := s.refundPage(c, d)
	if err != nil {
		return err
	}
	data.Form = page.PostedForm(c)
	if err = refunds.ErrAsked; !data.asked() {
		err = s.foresee(c, &data)
	}
	if err == nil && data.Form.Get("step") == "confirm" && !data.Preview.Moved {
		if err = s.askFor(c, data); err == nil {
			s.Site.Good(c, "aftersale.refund.asked", "Amount", page.Lang(c).Money(data.Preview.Amount))
			return page.Redirect(c, data.Path())
		}
	}
	if errors.Is(err, refunds.ErrAsked) { // the same form twice: it is one refund
		s.Site.Note(c, "aftersale.refund.once")
		return page.Redirect(c, data.Path())
	}
	if err != nil || data.Form.Get("step") == "edit" {
		data.Preview = nil
	}
	if err != nil && !data.Form.Refused(err) {
		return err
	}
	return s.Site.Render(c, data.Form.Status(), "aftersale/refund", data)
}

// asked says whether the form was confirmed before: then nothing may be left to refund, and nothing is wrong.
func (p refundPage) asked() bool {
	operation := "form:" + p.Form.Get("operation")
	return slices.ContainsFunc(p.Refunds, func(r refunds.Refund) bool { return r.Operation == operation })
}

// foresee works out the preview; ErrDisputed and the like are told before anything is confirmed.
func (s *Server) foresee(c echo.Context, data *refundPage) error {
	operation := data.Form.Get("operation")
	if len(operation) < 16 || len(operation) > 64 {
		data.Form.Set("operation", rand.Text())
		return fault.New(fault.Invalid, "fault.form_stale")
	}
	if data.Disputed {
		return orders.ErrDisputed
	}
	if len([]rune(data.Form.Get("note"))) > 500 {
		return fault.Field("note", "fault.too_long")
	}
	w, err := wishOf(data.Form, data.Parcels, data.Currency)
	if err != nil {
		return err
	}
	es, err := earnings.OfOrder(c.Request().Context(), s.DB, data.ID)
	if err != nil {
		return err
	}
	f, err := foresee.Of(data.Parcels, es, w)
	if err != nil {
		return err
	}
	data.Preview = previewOf(page.Lang(c), *data, f)
	seen := data.Form.Int("seen", -1)
	data.Preview.Moved = seen >= 0 && seen != f.Minor
	return nil
}

// who is the payee of an earning by name. The author of an idea may not show theirs, and is named by no one.
func who(l i18n.Lang, e earnings.Earning) string {
	if e.Role == earnings.Idea {
		return l.T("royalties.idea_author")
	}
	return e.PayeeName
}

func previewOf(l i18n.Lang, data refundPage, f foresee.Refund) *preview {
	p := &preview{Amount: data.Sum(f.Minor), Fee: data.Sum(f.FeeMinor)}
	for _, item := range f.Items {
		part, _ := partOf(l, data.Page, item)
		p.Parts = append(p.Parts, part)
	}
	for _, g := range f.Gives {
		p.Gives = append(p.Gives, give{Who: who(l, g.Earning), Role: string(g.Earning.Role), Amount: data.Sum(g.Give)})
		p.Late = p.Late || g.Earning.FreePostingID != nil
	}
	names := []string{"operation", "amount", "shipment", "note"}
	for _, sh := range data.Parcels {
		names = append(names, deliveryField(sh.ID))
		for _, line := range sh.Lines {
			names = append(names, lineField(line.ID), restockField(line.ID))
		}
	}
	for _, name := range names {
		if value := data.Form.Raw(name); value != "" {
			p.Kept = append(p.Kept, kept{name, value})
		}
	}
	return p
}

func (s *Server) askFor(c echo.Context, data refundPage) error {
	w, err := wishOf(data.Form, data.Parcels, data.Currency)
	if err != nil {
		return err
	}
	_, err = s.Orders.Refund(c.Request().Context(), orders.RefundRequest{OrderID: data.ID, BrandID: data.BrandID(), By: by(c),
		Operation: "form:" + data.Form.Get("operation"), Reason: data.reason(), Note: data.Form.Get("note"), Wish: w})
	return err
}

type refundedPage struct {
	Desk
	orders.Page
	Refund Refund
	Form   *page.Form
}

// Path is the page of the order.
func (p refundedPage) Path() string { return p.Base + "/orders/" + p.Number }

func (s *Server) refundedPage(c echo.Context, d Desk) (refundedPage, error) {
	n, err := id(c, "id")
	if err != nil {
		return refundedPage{}, err
	}
	p, err := s.orderOf(c, d)
	if err != nil {
		return refundedPage{}, err
	}
	for _, r := range Refunds(page.Lang(c), p, d.BrandID()) {
		if r.ID == n {
			return refundedPage{Desk: d, Page: p, Refund: r, Form: page.NewForm()}, nil
		}
	}
	return refundedPage{}, errNotFound
}

// refunded is one refund: what it is of, where it stands, and what to do where it failed.
func (s *Server) refunded(c echo.Context, d Desk) error {
	data, err := s.refundedPage(c, d)
	if err != nil {
		return err
	}
	return s.Site.Render(c, data.Form.Status(), "aftersale/refunded", data)
}

// refundAgain pays a refund that failed once more; or, for the platform, records that it was paid by bank transfer, or that its
// buyer is not owed it any more.
func (s *Server) refundAgain(c echo.Context, d Desk) error {
	data, err := s.refundedPage(c, d)
	if err != nil {
		return err
	}
	data.Form = page.PostedForm(c)
	ctx, key, note := c.Request().Context(), "aftersale.refund.again_asked", data.Form.Get("note")
	switch answer := data.Form.Get("by"); {
	case d.Brand != nil || answer == "" && !data.Form.Has("settle", "yes"):
		err = s.Orders.RefundAgain(ctx, data.Refund.ID, d.BrandID(), by(c), false, "")
	case answer == "transfer":
		key = "aftersale.refund.recorded"
		err = s.Orders.RefundAgain(ctx, data.Refund.ID, 0, by(c), true, note)
	case answer == "otherwise":
		key = "aftersale.refund.ended"
		err = s.Orders.OwedNoMore(ctx, data.Refund.ID, by(c), note)
	default:
		err = fault.Field("by", "aftersale.refund.choose")
	}
	switch {
	case errors.Is(err, refunds.ErrAsked) || errors.Is(err, orders.ErrNotFailed):
		s.Site.Note(c, "aftersale.refund.once")
		return page.Redirect(c, data.Path())
	case data.Form.Refused(err):
		return s.Site.Render(c, data.Form.Status(), "aftersale/refunded", data)
	case err != nil:
		return err
	}
	s.Site.Good(c, key)
	return page.Redirect(c, data.Path())
}
