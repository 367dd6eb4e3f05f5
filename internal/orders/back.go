package orders

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/catalog"
	"relais/internal/earnings"
	"relais/internal/fault"
	"relais/internal/ledger"
	"relais/internal/members"
	"relais/internal/money"
	"relais/internal/postgres"
	"relais/internal/refunds"
)

// Back is money of a paid order that went back to its buyer (a refund, a lost dispute), or came back from there.
type Back struct {
	Items  []refunds.Item
	Undo   bool            // it came back: the items count down
	Lost   bool            // by a dispute
	Change earnings.Change // what is booked, without its order, currency and parts
}

const updateLineReturned = `update order_lines set returned_minor = $2 where id = $1`
const updateDeliveryReturned = `update shipments set returned_minor = $2 where id = $1`

const updateBack = `
update orders set refunded_minor = $2, lost_minor = $3, state = $4, ended_at = case when $4 = 'paid' then null else $5::timestamptz end where id = $1`

// A parcel that has not left and of which nothing is wanted any more is not sent: each line went back whole, or all of its pieces were
// refunded and a part of their price is left, as the bank had taken it before and gave it back afterwards.
const cancelUnwanted = `
update shipments s set state = 'cancelled' where s.order_id = $1 and s.state in ('waiting','preparing')
  and not exists (select 1 from order_lines l where l.shipment_id = s.id and l.returned_minor < l.total_minor
    and l.quantity > coalesce((select sum(i.quantity) from refund_items i join refunds r on r.id = i.refund_id where i.order_line_id = l.id and r.state = 'succeeded'), 0))`

// One that was not sent because the bank had taken all of it is wanted again when the dispute is won; not one whose buyer is owed
// a refund that came back, nor one of which all pieces were refunded.
const reopenWanted = `
update shipments s set state = 'preparing' where s.order_id = $1 and s.state = 'cancelled'
  and exists (select 1 from order_lines l where l.shipment_id = s.id and l.returned_minor < l.total_minor
    and l.quantity > coalesce((select sum(i.quantity) from refund_items i join refunds r on r.id = i.refund_id
      where i.order_line_id = l.id and (r.state not in ('failed','canceled') or r.booked_times > 0)), 0))`

// GoesBack counts what went back of each part of an order, moves the order to where that leaves it, and has its
// beneficiaries give back their share (earnings.Apply). The order must be locked.
func (s *Service) GoesBack(ctx context.Context, tx *sqlx.Tx, o Order, b Back) (Order, error) {
	shipments, err := ShipmentsOf(ctx, tx, o.ID)
	if err != nil {
		return o, err
	}
	c := b.Change
	c.OrderID, c.Currency = o.ID, o.Currency
	for _, item := range b.Items {
		minor := item.Minor
		if b.Undo {
			minor = -minor
		}
		p, err := count(ctx, tx, shipments, item, minor)
		if err != nil {
			return o, fmt.Errorf("%s of order %d: %w", c.Cause, o.ID, err)
		}
		c.Parts = append(c.Parts, p)
		if b.Lost {
			o.LostMinor += minor
		} else {
			o.RefundedMinor += minor
		}
	}
	o.State = StateAfter(o.TotalMinor, o.RefundedMinor, o.LostMinor)
	if _, err := tx.ExecContext(ctx, updateBack, o.ID, o.RefundedMinor, o.LostMinor, o.State, c.At); err != nil {
		return o, fmt.Errorf("%s of order %d: %w", c.Cause, o.ID, postgres.Translate(err))
	}
	follow := cancelUnwanted
	if b.Lost && b.Undo {
		follow = reopenWanted
	}
	if _, err := tx.ExecContext(ctx, follow, o.ID); err != nil {
		return o, postgres.Translate(err)
	}
	// A parcel that is not sent any more is not waited for: with it, all of the order may have been received.
	if err := settle(ctx, tx, o.ID, c.At); err != nil {
		return o, err
	}
	return o, earnings.Apply(ctx, tx, c)
}

// count moves what went back of one part of an order by minor units.
func count(ctx context.Context, tx *sqlx.Tx, shipments []Shipment, item refunds.Item, minor int64) (earnings.Part, error) {
	p := earnings.Part{ShipmentID: item.ShipmentID, OrderLineID: item.OrderLineID}
	query, id := updateDeliveryReturned, item.ShipmentID
	if item.OrderLineID != nil {
		l, ok := lineIn(shipments, *item.OrderLineID)
		if !ok {
			return p, ErrOrderGone
		}
		query, id, p.Total, p.Before = updateLineReturned, l.ID, l.TotalMinor, l.ReturnedMinor
	} else {
		sh, ok := shipmentIn(shipments, item.ShipmentID)
		if !ok {
			return p, ErrOrderGone
		}
		p.Total, p.Before = sh.ShippingMinor, sh.ReturnedMinor
	}
	p.After = p.Before + minor
	_, err := tx.ExecContext(ctx, query, id, p.After)
	return p, postgres.Translate(err)
}

// restock puts pieces that never left or came back whole on sale again, the first time that their refund is made. What was promised in a launch and never left was in no stock.
func restock(ctx context.Context, tx *sqlx.Tx, r refunds.Refund) error {
	if r.BookedTimes > 0 {
		return nil
	}
	var back []struct {
		VariantID int64 `db:"variant_id"`
		Quantity  int   `db:"quantity"`
	}
	// In the order of variants, the one order in which stock is locked, and before any balance.
	err := tx.SelectContext(ctx, &back, `select l.variant_id, sum(i.quantity)::int as quantity from refund_items i join order_lines l on l.id = i.order_line_id
		join orders o on o.id = l.order_id join shipments s on s.id = l.shipment_id
		where i.refund_id = $1 and i.restock and i.quantity > 0 and (o.expected is null or s.shipped_at is not null) group by l.variant_id order by l.variant_id`, r.ID)
	if err != nil {
		return postgres.Translate(err)
	}
	for _, b := range back {
		if err := catalog.GiveBack(ctx, tx, b.VariantID, b.Quantity); err != nil {
			return err
		}
	}
	return nil
}

// RefundAgain pays a refund that failed once more, the same parts, at the wish of a brand (brandID) or the platform (0).
// byTransfer: the platform has paid the buyer from its own bank, and this records it with a note that says how. Faults: those of
// Refund; ErrNotFailed where the refund did not fail or was settled otherwise.
func (s *Service) RefundAgain(ctx context.Context, refundID, brandID, by int64, byTransfer bool, note string) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		var orderID int64
		if err := tx.GetContext(ctx, &orderID, `select order_id from refunds where id = $1`, refundID); err != nil {
			return orFault(err, ErrOrderGone)
		}
		o, err := Lock(ctx, tx, orderID)
		if err != nil {
			return err
		}
		r, err := refunds.ByID(ctx, tx, refundID)
		if err != nil {
			return err
		}
		if !r.State.Refused() || r.Stray || r.Settled == refunds.Otherwise {
			return ErrNotFailed
		}
		q := RefundRequest{OrderID: o.ID, BrandID: brandID, By: by, Operation: refunds.Again(r.ID), Reason: r.Reason, Note: r.Note, ReturnID: r.ReturnID, Wish: wishOf(r)}
		if byTransfer {
			q.Note = note
			err = s.recordTransfer(ctx, tx, o, q)
		} else {
			_, err = s.AskRefund(ctx, tx, o, q)
		}
		if err != nil {
			return err
		}
		return earnings.Lift(ctx, tx, o.ID, owedBy(r), s.now())
	})
}

// OwedNoMore says that a buyer is not owed any more what a refund that failed was to pay: they have it by another way (their bank took it, a
// later refund was of the same), or do without. The earnings go on. By an admin, with a note that says why. ErrNotFailed where the
// refund stands, or nothing of it is owed any more; the field "note".
func (s *Service) OwedNoMore(ctx context.Context, refundID, by int64, note string) error {
	if n := len([]rune(note)); n < 5 || n > 500 {
		return fault.Field("note", "fault.required")
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		r, err := refunds.ByID(ctx, tx, refundID)
		if err != nil {
			return err
		}
		o, err := Lock(ctx, tx, r.OrderID)
		if err != nil {
			return err
		}
		if r, err = refunds.ByID(ctx, tx, refundID); err != nil { // as it is under the lock
			return err
		}
		if !r.State.Refused() || r.Stray || r.Settled != refunds.NotSettled {
			return ErrNotFailed
		}
		now := s.now()
		entry := members.AuditEntry{At: now, ActorID: by, Action: "refund owed no more", Subject: "order " + o.Number, Detail: map[string]any{"refund": r.ID, "note": note}}
		if err := members.Audit(ctx, tx, entry); err != nil {
			return err
		}
		// Of one that was refused at once nothing was held up: the hold that is over all the same says that it is settled.
		if err := earnings.Place(ctx, tx, owedHolds(r, now)...); err != nil {
			return err
		}
		return earnings.Lift(ctx, tx, o.ID, owedBy(r), now)
	})
}

// wishOf asks for the same parts again, each as much as it was. What was put on sale again is not put there twice.
func wishOf(r refunds.Refund) RefundWish {
	w := RefundWish{Again: slices.Clone(r.Items)}
	for i := range w.Again {
		w.Again[i].RefundID = 0
		w.Again[i].Restock = w.Again[i].Restock && r.BookedTimes == 0
	}
	return w
}

// recordTransfer books a refund that was paid from the platform's own bank.
func (s *Service) recordTransfer(ctx context.Context, tx *sqlx.Tx, o Order, q RefundRequest) error {
	if len([]rune(q.Note)) < 5 {
		return fault.Field("note", "fault.required")
	}
	shipments, err := ShipmentsOf(ctx, tx, o.ID)
	if err != nil {
		return err
	}
	items, err := Parts(shipments, q.Wish)
	if err != nil {
		return err
	}
	now := s.now()
	r := refunds.Refund{OrderID: o.ID, Amount: money.New(sum(items), o.Currency), Reason: "bank_transfer", Operation: q.Operation, ReturnID: q.ReturnID, Note: q.Note,
		PaymentIntentID: *o.PaymentIntentID, AskedBy: &q.By, AskedAt: now, Items: items}
	if r, err = refunds.Record(ctx, tx, r); err != nil {
		return err
	}
	if err := restock(ctx, tx, r); err != nil {
		return err
	}
	change := earnings.Change{Cause: earnings.RefundMade, Reference: r.Booking(), RefundID: &r.ID, Counter: ledger.Account{Kind: ledger.Bank}, At: now}
	if o, err = s.GoesBack(ctx, tx, o, Back{Items: r.Items, Change: change}); err != nil {
		return err
	}
	entry := members.AuditEntry{At: now, ActorID: q.By, Action: "refund paid by bank transfer", Subject: "order " + o.Number,
		Detail: map[string]any{"refund": r.ID, "minor": r.Amount.Minor, "currency": o.Currency, "note": q.Note}}
	if err := members.Audit(ctx, tx, entry); err != nil {
		return err
	}
	if err := Tell(ctx, tx, o.ID, now, "refunded", detailOf(r)); err != nil {
		return err
	}
	if s.whenPaid != nil {
		if err := s.whenPaid(ctx, tx, r, now); err != nil {
			return err
		}
	}
	return s.letterRefunded(ctx, tx, o, r)
}

// WhenPaid has f called in the transaction that records a refund which we paid from our own bank: what else ends with it. The refunds
// that the provider makes come by refunds.Outcomes. It is for wiring, once.
func (s *Service) WhenPaid(f func(ctx context.Context, tx *sqlx.Tx, r refunds.Refund, at time.Time) error) {
	s.whenPaid = f
}

// LossParts spreads what a bank took of an order over what is left of its parts, goods and delivery alike, and says what
// exceeds them: a dispute can be of more than the payment, by exchange rates, or of a payment that was refunded in part. What
// is on its way back to the buyer is not left: it may arrive all the same.
func LossParts(shipments []Shipment, minor int64) (items []refunds.Item, excess int64) {
	var weights []int64
	for _, sh := range shipments {
		for _, l := range sh.Lines {
			id := l.ID
			items, weights = append(items, refunds.Item{ShipmentID: sh.ID, OrderLineID: &id}), append(weights, l.Left())
		}
		items, weights = append(items, refunds.Item{ShipmentID: sh.ID}), append(weights, sh.DeliveryLeft())
	}
	var left int64
	for _, w := range weights {
		left += w
	}
	excess = max(0, minor-left)
	kept := items[:0]
	for i, m := range money.Spread(minor-excess, weights) {
		if items[i].Minor = m; m > 0 {
			kept = append(kept, items[i])
		}
	}
	return kept, excess
}
