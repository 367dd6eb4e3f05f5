package pledges

import (
	"context"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"

	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/members"
	"relais/internal/notices"
	"relais/internal/orders"
	"relais/internal/postgres"
	"relais/internal/prose"
	"relais/internal/refunds"
)

// Unmake says that what was launched will not be made, with a reason for those who paid: nobody is charged any more, its product is a draft again, and every order of
// it is paid back whole. The team of its brand may, until it is made. ErrGone, ErrNotReached, the field reason.
func (s *Service) Unmake(ctx context.Context, memberID, brandID, id int64, reason string) error {
	switch reason = prose.Line(reason); {
	case reason == "":
		return fault.Field("reason", "fault.required")
	case utf8.RuneCountInString(reason) > MaxNote:
		return fault.Field("reason", "fault.too_long")
	}
	return s.produce(ctx, memberID, brandID, id, func(tx *sqlx.Tx, c Campaign) error {
		if c.MadeAt != nil {
			return ErrNotReached
		}
		if err := s.halt(ctx, tx, c, reason); err != nil {
			return err
		}
		return members.Audit(ctx, tx, members.AuditEntry{At: s.now(), ActorID: memberID, Action: "launch given up by its brand", Subject: fmt.Sprintf("campaign %d", c.ID),
			Detail: map[string]any{"reason": reason}})
	})
}

const setStopped = `update campaigns set stopped_at = $2, stopped_why = $3 where id = $1`

// halt stops the charges of a campaign that was reached: what is due is released, orders that wait to be paid are cancelled by their next try. Of a launch it gives the
// product back to its brand, and the sweep finds what was paid; why is what its buyers read, empty for the platform.
func (s *Service) halt(ctx context.Context, tx *sqlx.Tx, c Campaign, why string) error {
	if _, err := tx.ExecContext(ctx, patience); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, setStopped, c.ID, s.now(), why); err != nil {
		return postgres.Translate(err)
	}
	_, err := tx.ExecContext(ctx, `update pledges set state = 'released', ended_at = $2, ended_why = $3 where campaign_id = $1 and state = 'due'`, c.ID, s.now(), CalledOff)
	if err != nil || !c.IsLaunch() {
		return postgres.Translate(err)
	}
	if err := s.finish(ctx, tx, c, catalog.Draft); err != nil {
		return err
	}
	return s.tellBrand(ctx, tx, c, "launch_unmade", notices.Args{})
}

// toPayBack are the orders of launches that will not be made whose buyers were not asked to be paid back yet.
const toPayBack = `
select o.id, 0 as turn from campaigns c join pledges p on p.campaign_id = c.id join orders o on o.id = p.order_id
where c.kind = 'launch' and c.stopped_at <= $1 and o.state = 'paid' and not exists (select 1 from refunds r where r.operation = 'unmade:' || o.id)`

// PayBack has the order of a launch that will not be made paid back, all that is left of it, once. What its bank disputes waits until that is decided.
func (s *Service) PayBack(ctx context.Context, orderID int64) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		c, err := campaignWhere(ctx, tx, `c.id = (select campaign_id from pledges where order_id = $1)`, orderID)
		if err != nil || c.StoppedAt == nil || !c.IsLaunch() {
			return err
		}
		o, err := orders.Lock(ctx, tx, orderID)
		if err != nil || o.State != orders.Paid {
			return err
		}
		shipments, err := orders.ShipmentsOf(ctx, tx, orderID)
		if err != nil {
			return err
		}
		q := orders.RefundRequest{OrderID: o.ID, Operation: fmt.Sprintf("unmade:%d", o.ID), Reason: "admin", Note: o.Lang.T("pledges.launch.unmade"), Wish: whole(shipments)}
		if c.StoppedWhy != "" {
			q.Reason, q.Note = "brand", c.StoppedWhy
		}
		_, err = s.orders.AskRefund(ctx, tx, o, q)
		if errors.Is(err, orders.ErrDisputed) || errors.Is(err, orders.ErrNothingLeft) || errors.Is(err, refunds.ErrAsked) {
			return nil
		}
		return err
	})
}

// whole is all that is left of an order; nothing of it goes into a stock.
func whole(shipments []orders.Shipment) (w orders.RefundWish) {
	for _, sh := range shipments {
		for _, l := range sh.Lines {
			if l.Left() > 0 {
				w.Lines = append(w.Lines, orders.RefundLine{LineID: l.ID, Quantity: l.PiecesLeft(), Minor: l.Left()})
			}
		}
		if sh.DeliveryLeft() > 0 {
			w.Delivery = append(w.Delivery, sh.ID)
		}
	}
	return w
}
