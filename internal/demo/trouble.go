package demo

import (
	"context"
	"fmt"

	"relais/internal/orders"
)

// Orders that can still go wrong: paid, all of it received, nothing of it back. Those that were paid out first, the oldest first.
const selectTroubled = `
select o.id from orders o where o.state = 'paid' and o.refunded_minor = 0 and not exists (select 1 from returns r where r.order_id = o.id)
  and not exists (select 1 from shipments s where s.order_id = o.id and s.state <> 'delivered')
  and (select count(*) from shipments s where s.order_id = o.id) = 1
  and exists (select 1 from earnings e where e.order_id = o.id and e.role = 'commission')
order by exists (select 1 from earnings e where e.order_id = o.id and e.state = 'free') desc, o.placed_at limit 4`

// trouble is what else happens to money: a brand pays a part back, a bank takes a payment for good that had been paid out, so that
// its relay and its brand owe their shares; another is disputed and waits for an answer; a third bank only asks.
func (m *maker) trouble(ctx context.Context) error {
	var ids []int64
	if err := m.DB.SelectContext(ctx, &ids, selectTroubled); err != nil {
		return fmt.Errorf("find orders that go wrong: %w", err)
	}
	happens := []func(context.Context, orders.Page) error{m.loses, m.disputed("product_not_received", false), m.disputed("general", true), m.rebate}
	for i, id := range ids {
		o, err := m.Orders.ByID(ctx, id)
		if err != nil {
			return err
		}
		if err := happens[i](ctx, o); err != nil {
			return fmt.Errorf("trouble with %s: %w", o.Number, err)
		}
	}
	return m.Jobs.Drain(ctx)
}

// disputed has the buyer's bank take the payment back, or only ask about it.
func (m *maker) disputed(reason string, inquiry bool) func(context.Context, orders.Page) error {
	return func(ctx context.Context, o orders.Page) error {
		id, err := m.Sandbox.OpenDispute(*o.PaymentIntentID, 0, reason, inquiry)
		if err != nil {
			return err
		}
		return m.Disputes.Changed(ctx, id)
	}
}

// loses has the bank take the payment back and keep it.
func (m *maker) loses(ctx context.Context, o orders.Page) error {
	id, err := m.Sandbox.OpenDispute(*o.PaymentIntentID, 0, "fraudulent", false)
	if err != nil {
		return err
	}
	if err := m.Disputes.Changed(ctx, id); err != nil {
		return err
	}
	if err := m.Sandbox.DecideDispute(id, false); err != nil {
		return err
	}
	return m.Disputes.Changed(ctx, id)
}

// rebate has the brand pay a part of the price back, with a word to the buyer.
func (m *maker) rebate(ctx context.Context, o orders.Page) error {
	sh := o.Shipments[0]
	_, err := m.Orders.Refund(ctx, orders.RefundRequest{OrderID: o.ID, BrandID: sh.BrandID, Operation: fmt.Sprintf("demo-rebate-%d", o.ID), Reason: "brand",
		Note: "Un petit défaut sur l’émail : voici un geste. / A small flaw in the glaze: please take this.", Wish: orders.RefundWish{ShipmentID: sh.ID, Minor: o.GoodsMinor / 5}})
	return err
}
