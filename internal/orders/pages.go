package orders

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"relais/internal/earnings"
	"relais/internal/orders/events"
	"relais/internal/refunds"
)

// Page is everything about one order, as its pages show it.
type Page struct {
	Order
	Shipments     []Shipment
	Events        []events.Event
	Refunds       []refunds.Refund // oldest first, those of stray payments too
	WithdrawUntil time.Time        // end of the withdrawal period
	WindowBegun   bool             // everything was received, so WithdrawUntil is known
	Refundable    bool             // something is left that can be paid back
	Disputed      bool             // the buyer's bank has the money: nothing can be paid back now
}

// LastRefund is the newest refund of the order's own payment; nil without one.
func (p Page) LastRefund() *refunds.Refund {
	for i := range slices.Backward(p.Refunds) {
		if !p.Refunds[i].Stray {
			return &p.Refunds[i]
		}
	}
	return nil
}

// RefundOpen says whether money is on its way back to the buyer now.
func (p Page) RefundOpen() bool {
	return slices.ContainsFunc(p.Refunds, func(r refunds.Refund) bool { return r.State.Open() })
}

// Release frees the earnings whose day has come.
func (s *Service) Release(ctx context.Context) error {
	_, err := earnings.ReleaseDue(ctx, s.db, s.now())
	return err
}

// ByToken is the order whose page the token opens; ErrOrderGone.
func (s *Service) ByToken(ctx context.Context, token string) (Page, error) {
	return s.page(ctx, `token = $1`, token)
}

// ByID is an order; for the platform's admins and the use cases above this package.
func (s *Service) ByID(ctx context.Context, id int64) (Page, error) {
	return s.page(ctx, `id = $1`, id)
}

// ByNumber is an order of which a brand has a shipment, as that brand may see it; ErrOrderGone where it has none. brandID 0:
// whosever and whole, for the platform's admins.
func (s *Service) ByNumber(ctx context.Context, brandID int64, number string) (Page, error) {
	p, err := s.page(ctx, `number = $1 and ($2 = 0 or exists (select 1 from shipments where order_id = orders.id and brand_id = $2))`, number, brandID)
	if err != nil || brandID == 0 {
		return p, err
	}
	p.only(brandID)
	return p, nil
}

// only takes out what one of several brands has no business to know: the key to the buyer's own page, and what the buyer
// bought from others and how it travels.
func (p *Page) only(brandID int64) {
	p.Token, p.CheckoutURL, p.CheckoutID = "", "", nil
	others := map[string]bool{}
	for i := range p.Shipments {
		if sh := &p.Shipments[i]; sh.BrandID != brandID {
			others[sh.BrandName] = true
			sh.Lines, sh.Carrier, sh.Tracking = nil, "", ""
		}
	}
	p.Refunds = slices.DeleteFunc(p.Refunds, func(r refunds.Refund) bool {
		return !slices.ContainsFunc(r.Items, func(i refunds.Item) bool {
			sh, ok := shipmentIn(p.Shipments, i.ShipmentID)
			return ok && sh.BrandID == brandID
		})
	})
	p.Refundable = p.Refundable && Left(ofBrand(p.Shipments, brandID)) > 0
	p.Events = slices.DeleteFunc(p.Events, func(e events.Event) bool {
		var about struct {
			Brand string `json:"brand"`
		}
		return json.Unmarshal(e.Detail, &about) == nil && others[about.Brand]
	})
}

func (s *Service) page(ctx context.Context, where string, args ...any) (Page, error) {
	o, err := orderWhere(ctx, s.db, where, args...)
	if err != nil {
		return Page{}, err
	}
	p := Page{Order: o}
	if p.Shipments, err = ShipmentsOf(ctx, s.db, o.ID); err != nil {
		return Page{}, err
	}
	if err := s.db.SelectContext(ctx, &p.Events, `select at, kind, detail from order_events where order_id = $1 order by id`, o.ID); err != nil {
		return Page{}, fmt.Errorf("read order events: %w", err)
	}
	if p.Refunds, err = refunds.OfOrder(ctx, s.db, o.ID); err != nil {
		return Page{}, err
	}
	if err := s.db.GetContext(ctx, &p.Disputed, selectUnderDispute, o.ID); err != nil {
		return Page{}, fmt.Errorf("read disputes: %w", err)
	}
	p.WithdrawUntil, p.WindowBegun = WithdrawUntil(p.Shipments)
	p.WindowBegun = p.WindowBegun && o.WithdrawalDays > 0
	p.Refundable = o.State == Paid && !p.Disputed && Left(p.Shipments) > 0
	return p, nil
}
