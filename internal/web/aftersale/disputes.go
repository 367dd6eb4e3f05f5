package aftersale

import (
	"fmt"
	"math"
	"slices"

	"github.com/labstack/echo/v4"

	"relais/internal/disputes"
	"relais/internal/fault"
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/orders"
	"relais/internal/orders/events"
	"relais/internal/payments"
	"relais/internal/pledges/consent"
	"relais/internal/web/page"
)

// Dispute is a dispute as pages show it.
type Dispute struct {
	disputes.Dispute
	Tone   string // good, wait, bad, note
	Said   string // what the bank says, in words
	Days   int    // left to answer; 0 with Overdue
	Events []page.Stage
}

// Lost is what everybody gave back of the order, with the platform's own loss beside it.
func (d Dispute) Lost() money.Amount { return money.New(d.LostMinor, d.Amount.Currency) }

// Excess is what the platform lost beyond the order.
func (d Dispute) Excess() money.Amount { return money.New(d.ExcessMinor, d.Amount.Currency) }

// Inquiry says whether the bank only asks.
func (d Dispute) Inquiry() bool { return d.State.Inquiry() }

// Sending says whether an answer is on its way.
func (d Dispute) Sending() bool { return d.SubmittedAt != nil && d.Answerable() }

// Writable says whether the draft can still be changed and sent.
func (d Dispute) Writable() bool { return d.SubmittedAt == nil && d.Answerable() }

// Overdue says whether the day on which an answer was due is over.
func (d Dispute) Overdue() bool { return d.Answerable() && d.DueBy != nil && d.Days <= 0 }

// shown puts a dispute into words, with what happened to it on its order.
func (s *Server) shown(l i18n.Lang, d disputes.Dispute, p orders.Page) Dispute {
	shown := Dispute{Dispute: d, Said: l.T("aftersale.bank.other", "Reason", d.Reason)}
	if key := "aftersale.bank." + d.Reason; l.Has(key) {
		shown.Said = l.T(key)
	}
	switch {
	case d.State == payments.DisputeWon, d.State == payments.DisputeWarningClosed:
		shown.Tone = "good"
	case d.State == payments.DisputeLost, d.State == payments.DisputeChargeRefunded:
		shown.Tone = "bad"
	default:
		shown.Tone = "wait"
	}
	if d.DueBy != nil {
		shown.Days = int(math.Ceil(d.DueBy.Sub(s.Now()).Hours() / 24))
	}
	shown.Events = stagesOf(l, d, p.Events)
	return shown
}

// stagesOf is the timeline of a dispute: the events of its order that name it, oldest first.
func stagesOf(l i18n.Lang, d disputes.Dispute, events []events.Event) []page.Stage {
	var stages []page.Stage
	for _, e := range events {
		if about, ok := e.Dispute(); ok && about == d.ID {
			stages = append(stages, page.Stage{Label: e.Words(l), At: e.At, State: "done"})
		}
	}
	if d.State.Open() && len(stages) > 0 {
		stages = append(stages, page.Stage{Label: l.T("aftersale.dispute.next." + string(d.State)), State: "current"})
	}
	return stages
}

type disputesPage struct {
	Desk
	Open []Dispute
	Past []Dispute
}

// disputes lists those of the desk's orders: what waits first.
func (s *Server) disputes(c echo.Context, d Desk) error {
	ds, err := s.Disputes.List(c.Request().Context(), d.BrandID(), false, 500)
	if err != nil {
		return err
	}
	data := disputesPage{Desk: d}
	for _, dispute := range ds {
		shown := s.shown(page.Lang(c), dispute, orders.Page{})
		if dispute.State.Open() {
			data.Open = append(data.Open, shown)
		} else {
			data.Past = append(data.Past, shown)
		}
	}
	slices.SortStableFunc(data.Open, func(a, b Dispute) int { return due(a) - due(b) })
	return s.Site.Render(c, 200, "aftersale/disputes", data)
}

// due sorts what is to be answered before what is not.
func due(d Dispute) int {
	if !d.Answerable() {
		return math.MaxInt32
	}
	return d.Days
}

type disputePage struct {
	Desk
	Dispute Dispute
	Order   *orders.Page // nil: of a payment that no order kept
	Form    *page.Form
	Files   []disputes.File
	Kinds   []page.Option
	Answer  disputes.Answer
	Agreed  *consent.Consent // to be charged later; nil: it was paid at once
	Most    int
}

// Shared says whether the order is also another brand's: giving in is then the platform's to decide.
func (p disputePage) Shared() bool {
	return p.Brand != nil && p.Order != nil && len(Own(*p.Order, p.BrandID())) < len(p.Order.Shipments)
}

// Path is the page of the dispute.
func (p disputePage) Path() string { return fmt.Sprintf("%s/disputes/%d", p.Base, p.Dispute.ID) }

func (s *Server) disputePage(c echo.Context, d Desk) (disputePage, error) {
	ctx, l := c.Request().Context(), page.Lang(c)
	n, err := id(c, "id")
	if err != nil {
		return disputePage{}, err
	}
	found, err := s.Disputes.ByID(ctx, n, d.BrandID())
	if err != nil {
		return disputePage{}, err
	}
	data := disputePage{Desk: d, Most: disputes.MaxFiles}
	var p orders.Page
	if found.OrderID != nil {
		if p, err = s.Orders.ByNumber(ctx, d.BrandID(), found.OrderNumber); err != nil {
			return data, err
		}
		data.Order = &p
		if data.Agreed, err = consent.Of(ctx, s.DB, p.ID); err != nil {
			return data, err
		}
	}
	data.Dispute = s.shown(l, found, p)
	if data.Answer, err = found.Answer(); err != nil {
		return data, err
	}
	if data.Answer == (disputes.Answer{}) && data.Order != nil && found.Answerable() {
		data.Answer = disputes.Draft(l, p, data.Agreed)
	}
	data.Form = formOf(data.Answer)
	for _, kind := range kinds {
		data.Kinds = append(data.Kinds, page.Option{Value: string(kind), Label: l.T("aftersale.file." + string(kind))})
	}
	data.Files, err = s.Disputes.Files(ctx, n)
	return data, err
}

var kinds = []payments.EvidenceKind{payments.EvidenceShipping, payments.EvidenceCommunication, payments.EvidenceReceipt, payments.EvidenceOther}

func formOf(a disputes.Answer) *page.Form {
	return page.NewForm("text", a.Text, "product", a.Product, "customer_name", a.CustomerName, "customer_email", a.CustomerEmail,
		"shipping_address", a.ShippingAddress, "shipping_carrier", a.ShippingCarrier, "shipping_date", a.ShippingDate, "tracking", a.Tracking, "refund_policy", a.RefundPolicy)
}

func answerOf(f *page.Form) disputes.Answer {
	return disputes.Answer{Text: f.Get("text"), Product: f.Get("product"), CustomerName: f.Get("customer_name"), CustomerEmail: f.Get("customer_email"),
		ShippingAddress: f.Get("shipping_address"), ShippingCarrier: f.Get("shipping_carrier"), ShippingDate: f.Get("shipping_date"), Tracking: f.Get("tracking"),
		RefundPolicy: f.Get("refund_policy")}
}

func (s *Server) dispute(c echo.Context, d Desk) error {
	data, err := s.disputePage(c, d)
	if err != nil {
		return err
	}
	return s.Site.Render(c, data.Form.Status(), "aftersale/dispute", data)
}

var errNoFile = fault.Field("file", "fault.dispute_file")
