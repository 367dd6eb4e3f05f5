package shop

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"relais/internal/i18n"
	"relais/internal/orders"
	"relais/internal/orders/events"
	"relais/internal/returns"
	"relais/internal/web/orderform"
	"relais/internal/web/page"
)

// happened is an event of an order in words.
type happened struct {
	At   time.Time
	Text string
}

// happenings puts the events of an order into words, newest first.
func happenings(l i18n.Lang, events []events.Event) []happened {
	list := make([]happened, 0, len(events))
	for i := len(events) - 1; i >= 0; i-- {
		if text := events[i].Words(l); text != "" {
			list = append(list, happened{events[i].At, text})
		}
	}
	return list
}

// stagesOf is the way of one shipment, from the order to the end of the withdrawal period, and what of it comes back: rs are the
// returns of the order, of which those of this shipment count.
func stagesOf(l i18n.Lang, o orders.Page, sh orders.Shipment, rs []returns.Return) []page.Stage {
	stages := []page.Stage{{Label: l.T("shop.stage.placed"), At: o.PlacedAt, State: "done"}, paidStage(l, o)}
	if !o.State.WasPaid() && o.State != orders.AwaitingPayment {
		return stages
	}
	coming, all := returnStages(l, sh, rs)
	over := sh.ToSend() == 0 || o.State != orders.Paid && o.State != orders.AwaitingPayment // nothing of it is expected any more
	if sh.ShippedAt == nil {
		stages = append(stages, coming...)
	}
	if o.InPerson() {
		stages = append(stages, handStages(l, o, sh)...)
	} else if sh.ShippedAt != nil || !over && !all {
		stages = append(stages, wayStages(l, sh, over || all)...)
	}
	if sh.ShippedAt != nil {
		stages = append(stages, coming...)
	}
	switch {
	case o.State == orders.ChargedBack:
		stages = append(stages, page.Stage{Label: l.T("aftersale.stage.charged_back"), At: at(o.EndedAt), State: "done"})
	case over && len(coming) == 0:
		stages = append(stages, page.Stage{Label: l.T("order.event.refunded"), At: at(o.EndedAt), State: "done"})
	}
	return stages
}

// handStages is the hand-over of what was bought face to face, and the end of the withdrawal period, where there is one.
func handStages(l i18n.Lang, o orders.Page, sh orders.Shipment) []page.Stage {
	handed := page.Stage{Label: l.T("shop.order.in_person.handed"), State: "next"}
	if sh.DeliveredAt != nil {
		handed.State, handed.At = "done", *sh.DeliveredAt
	}
	if o.WithdrawalDays == 0 || o.State != orders.Paid && o.State != orders.AwaitingPayment {
		return []page.Stage{handed}
	}
	end := page.Stage{Label: l.T("shop.stage.withdrawal_end"), State: "next"}
	if sh.DeliveredAt != nil {
		end.State, end.At = "current", sh.DeliveredAt.AddDate(0, 0, o.WithdrawalDays)
	}
	return []page.Stage{handed, end}
}

// wayStages is the way of a parcel to its buyer; over: whatever may follow is not waited for.
func wayStages(l i18n.Lang, sh orders.Shipment, over bool) []page.Stage {
	shipped := page.Stage{Label: l.T("shop.stage.preparing", "Brand", sh.BrandName), State: "next"}
	received := page.Stage{Label: l.T("shop.stage.received"), Detail: orderform.Days(l, sh.DaysMin, sh.DaysMax), State: "next"}
	end := page.Stage{Label: l.T("shop.stage.withdrawal_end"), Detail: l.T("shop.stage.withdrawal_days", "Count", orders.WithdrawalDays), State: "next"}
	switch sh.State {
	case orders.Preparing:
		shipped.State = "current"
	case orders.Shipped:
		shipped = page.Stage{Label: l.T("shop.stage.shipped"), At: at(sh.ShippedAt), Detail: carrier(sh), State: "done"}
		received.State = "current"
	case orders.Delivered:
		shipped = page.Stage{Label: l.T("shop.stage.shipped"), At: at(sh.ShippedAt), Detail: carrier(sh), State: "done"}
		received = page.Stage{Label: l.T("shop.stage.received"), At: at(sh.DeliveredAt), State: "done"}
		end.State, end.Detail = "current", ""
		end.At = sh.DeliveredAt.AddDate(0, 0, orders.WithdrawalDays)
	}
	right := slices.ContainsFunc(sh.Lines, func(l orders.Line) bool { return !l.CustomMade })
	switch {
	case !over && right:
		return []page.Stage{shipped, received, end}
	case !over:
		return []page.Stage{shipped, received}
	case sh.State == orders.Delivered:
		return []page.Stage{shipped, received}
	}
	return []page.Stage{shipped}
}

// returnStages is what comes back of a shipment, oldest first, and whether nothing of it stays with the buyer.
func returnStages(l i18n.Lang, sh orders.Shipment, rs []returns.Return) (stages []page.Stage, all bool) {
	var coming int64
	for i := len(rs) - 1; i >= 0; i-- { // they come newest first
		r := rs[i]
		if r.ShipmentID != sh.ID || r.State == returns.Withdrawn || r.State == returns.Refused {
			continue
		}
		for _, line := range r.Lines {
			if r.State.Open() {
				coming += line.Quantity
			}
		}
		stages = append(stages, page.Stage{Label: l.T("aftersale.stage." + string(r.Kind)), Detail: pieces(r), At: r.AskedAt, State: "done"})
		refund := page.Stage{Label: l.T("shop.stage.refund"), State: "current"}
		switch {
		case r.State == returns.Asked:
			stages = append(stages, page.Stage{Label: l.T("aftersale.stage.answer", "Brand", sh.BrandName), State: "current"})
			refund.State = "next"
		case r.State == returns.Approved && sh.ShippedAt != nil:
			stages = append(stages, page.Stage{Label: l.T("aftersale.stage.back", "Brand", sh.BrandName), State: "current"})
			refund.State = "next"
		case r.State == returns.Refunded:
			refund = page.Stage{Label: l.T("order.event.refunded"), At: at(r.EndedAt), State: "done"}
		}
		stages = append(stages, refund)
	}
	return stages, coming > 0 && coming >= sh.ToSend()
}

// pieces names what a return is of.
func pieces(r returns.Return) string {
	var list []string
	for _, line := range r.Lines {
		list = append(list, strconv.FormatInt(line.Quantity, 10)+" × "+line.Title)
	}
	return strings.Join(list, ", ")
}

func paidStage(l i18n.Lang, o orders.Page) page.Stage {
	switch {
	case o.PaidAt != nil:
		return page.Stage{Label: l.T("shop.stage.paid"), At: *o.PaidAt, State: "done"}
	case o.State == orders.AwaitingPayment:
		return page.Stage{Label: l.T("shop.stage.to_pay"), State: "current"}
	}
	return page.Stage{Label: l.T("order.event." + string(o.State)), At: at(o.EndedAt), State: "failed"}
}

// carrier names who carries a shipment and its number; a tracking address has its own button.
func carrier(sh orders.Shipment) string {
	number := sh.Tracking
	if isTrackingPage(number) {
		number = ""
	}
	if sh.Carrier != "" && number != "" {
		return sh.Carrier + " · " + number
	}
	return sh.Carrier + number
}

func isTrackingPage(tracking string) bool { return strings.HasPrefix(tracking, "https://") }

func at(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}
