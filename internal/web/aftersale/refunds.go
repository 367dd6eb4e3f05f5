package aftersale

import (
	"relais/internal/i18n"
	"relais/internal/money"
	"relais/internal/orders"
	"relais/internal/refunds"
)

// Refund is a refund as pages show it.
type Refund struct {
	refunds.Refund
	Shown  money.Amount // all of it, or the brand's part
	Parts  []Part
	Tone   string // good, wait, bad
	Again  bool   // it failed, is not settled, and is all the desk's: it can be paid again
	Redone bool   // it failed, and the same was asked for again
	Ended  bool   // it failed, and its buyer is not owed it any more
}

// Part is what a refund pays back of one line or delivery.
type Part struct {
	Label  string
	Pieces int64
	Amount money.Amount
}

// Refunds are those of an order, newest first, with their parts in words; with a brandID, only what is of that brand.
func Refunds(l i18n.Lang, p orders.Page, brandID int64) []Refund {
	var list []Refund
	for i := len(p.Refunds) - 1; i >= 0; i-- {
		r := Refund{Refund: p.Refunds[i], Shown: p.Refunds[i].Amount, Tone: toneOf(p.Refunds[i].State)}
		foreign := false
		if brandID != 0 {
			r.Shown.Minor = 0
		}
		for _, item := range r.Items {
			part, brand := partOf(l, p, item)
			if brandID != 0 && brand != brandID {
				foreign = true
				continue
			}
			if brandID != 0 {
				r.Shown.Minor += item.Minor
			}
			r.Parts = append(r.Parts, part)
		}
		failed := r.State.Refused() && !r.Stray
		r.Redone, r.Ended = failed && r.Settled == refunds.PaidAgain, failed && r.Settled == refunds.Otherwise
		r.Again = failed && r.Settled == refunds.NotSettled && !foreign && p.State == orders.Paid
		list = append(list, r)
	}
	return list
}

func partOf(l i18n.Lang, p orders.Page, item refunds.Item) (Part, int64) {
	part := Part{Pieces: item.Quantity, Amount: money.New(item.Minor, p.Currency), Label: l.T("shop.checkout.delivery")}
	for _, sh := range p.Shipments {
		if sh.ID != item.ShipmentID {
			continue
		}
		if item.OrderLineID == nil && len(p.Shipments) > 1 {
			part.Label = l.T("shop.checkout.delivery_by", "Brand", sh.BrandName)
		}
		for _, line := range sh.Lines {
			if item.OrderLineID != nil && line.ID == *item.OrderLineID {
				part.Label = line.Title
			}
		}
		return part, sh.BrandID
	}
	return part, 0
}

func toneOf(s refunds.State) string {
	switch {
	case s == refunds.Succeeded:
		return "good"
	case s.Refused():
		return "bad"
	}
	return "wait"
}

// Word is the key of the refund's state in words, for people at a desk.
func (r Refund) Word() string { return "aftersale.state." + string(r.State) }
