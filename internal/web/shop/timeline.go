package shop

import (
	"strings"
	"time"

	"relais/internal/i18n"
	"relais/internal/orders"
	"relais/internal/web/page"
)

// happened is an event of an order in words.
type happened struct {
	At   time.Time
	Text string
}

// happenings puts the events of an order into words, newest first.
func happenings(l i18n.Lang, events []orders.Event) []happened {
	list := make([]happened, 0, len(events))
	for i := len(events) - 1; i >= 0; i-- {
		if text := events[i].Words(l); text != "" {
			list = append(list, happened{events[i].At, text})
		}
	}
	return list
}

// stagesOf is the way of one shipment, from the order to the end of the withdrawal period.
func stagesOf(l i18n.Lang, o orders.Page, sh orders.Shipment, withdrawn *time.Time) []page.Stage {
	stages := []page.Stage{{Label: l.T("shop.stage.placed"), At: o.PlacedAt, State: "done"}, paidStage(l, o)}
	switch {
	case o.State == orders.Refunded || o.State == orders.ChargedBack:
		return append(stages, page.Stage{Label: l.T("order.event.refunded"), At: at(o.EndedAt), State: "done"})
	case o.State == orders.Expired || o.State == orders.Cancelled:
		return stages
	case withdrawn != nil:
		if sh.ShippedAt != nil {
			stages = append(stages, page.Stage{Label: l.T("shop.stage.shipped"), At: *sh.ShippedAt, State: "done"})
		}
		return append(stages, page.Stage{Label: l.T("shop.stage.withdrawn"), At: *withdrawn, State: "current"},
			page.Stage{Label: l.T("shop.stage.refund"), State: "next"})
	}
	shipped := page.Stage{Label: l.T("shop.stage.preparing", "Brand", sh.BrandName), State: "next"}
	received := page.Stage{Label: l.T("shop.stage.received"), Detail: days(l, sh.DaysMin, sh.DaysMax), State: "next"}
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
	return append(stages, shipped, received, end)
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
