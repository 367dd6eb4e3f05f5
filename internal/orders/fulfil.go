package orders

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/earnings"
	"relais/internal/fault"
	"relais/internal/jobs"
	"relais/internal/postgres"
)

// linesByVariant is all lines of an order in the order of variants, the one order in which stock is locked.
func linesByVariant(shipments []Shipment) []Line {
	var ls []Line
	for _, s := range shipments {
		ls = append(ls, s.Lines...)
	}
	sort.Slice(ls, func(i, j int) bool { return ls[i].VariantID < ls[j].VariantID })
	return ls
}

const selectShipmentOrder = `select order_id from shipments where id = $1 and ($2 = 0 or brand_id = $2)`

// withShipment locks the order of a shipment and hands over both. brandID 0: whichever brand's.
func (s *Service) withShipment(ctx context.Context, brandID, shipmentID int64, do func(tx *sqlx.Tx, o Order, sh Shipment) error) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		var orderID int64
		if err := tx.GetContext(ctx, &orderID, selectShipmentOrder, shipmentID, brandID); err != nil {
			return orFault(err, ErrOrderGone)
		}
		o, err := Lock(ctx, tx, orderID)
		if err != nil {
			return err
		}
		shipments, err := ShipmentsOf(ctx, tx, orderID)
		if err != nil {
			return err
		}
		for _, sh := range shipments {
			if sh.ID == shipmentID {
				return do(tx, o, sh)
			}
		}
		return ErrOrderGone
	})
}

// Ship records that the brand sent a shipment: the buyer is told, the estimates of its earnings count from now.
// ErrNotShippable: sent before, unpaid, or nothing of it is wanted any more. ErrUnmade: the brand has not said of every design that it is made; ErrLaunchUnmade.
func (s *Service) Ship(ctx context.Context, brandID, shipmentID int64, carrier, tracking string) error {
	carrier, tracking = strings.TrimSpace(carrier), strings.TrimSpace(tracking)
	if len(carrier) > 60 {
		return fault.Field("carrier", "fault.too_long")
	}
	if len(tracking) > 300 {
		return fault.Field("tracking", "fault.too_long")
	}
	return s.withShipment(ctx, brandID, shipmentID, func(tx *sqlx.Tx, o Order, sh Shipment) error {
		if o.State != Paid || sh.State != Preparing || sh.ToSend() == 0 {
			return ErrNotShippable
		}
		if slices.ContainsFunc(sh.Lines, func(l Line) bool { return l.Unmade(l.PiecesLeft()) }) {
			return ErrUnmade
		}
		if err := launched(ctx, tx, o); err != nil {
			return err
		}
		now := s.now()
		if _, err := tx.ExecContext(ctx, `update shipments set state = 'shipped', shipped_at = $2, carrier = $3, tracking = $4 where id = $1`,
			sh.ID, now, carrier, tracking); err != nil {
			return postgres.Translate(err)
		}
		if err := earnings.Shipped(ctx, tx, sh.ID, now); err != nil {
			return err
		}
		sh.Carrier, sh.Tracking, sh.ShippedAt = carrier, tracking, &now
		if err := Tell(ctx, tx, o.ID, now, "shipped", map[string]any{"brand": sh.BrandName, "carrier": carrier, "tracking": tracking}); err != nil {
			return err
		}
		return s.letterShipped(ctx, tx, o, sh)
	})
}

// Deliver records that a shipment was received. by is buyer, brand or time. With the last shipment of an order its
// withdrawal period begins (Directive 2011/83/EU art. 9(2)(b)(i)), and the day on which its earnings come free is known, those of
// parcels received before included: the whole order can be withdrawn from until then. ErrNotUnderWay: not sent, received
// before, or refunded; ErrLaunchUnmade.
func (s *Service) Deliver(ctx context.Context, brandID, shipmentID int64, by string) error {
	return s.withShipment(ctx, brandID, shipmentID, func(tx *sqlx.Tx, o Order, sh Shipment) error {
		if sh.State != Shipped || o.State != Paid {
			return ErrNotUnderWay
		}
		if err := launched(ctx, tx, o); err != nil {
			return err
		}
		now := s.now()
		if _, err := tx.ExecContext(ctx, `update shipments set state = 'delivered', delivered_at = $2, delivered_by = $3 where id = $1`, sh.ID, now, by); err != nil {
			return postgres.Translate(err)
		}
		if err := settle(ctx, tx, o.ID, now); err != nil {
			return err
		}
		if err := Tell(ctx, tx, o.ID, now, "delivered", map[string]any{"brand": sh.BrandName, "by": by}); err != nil {
			return err
		}
		return s.letterDelivered(ctx, tx, o, sh)
	})
}

const selectMade = `select exists (select 1 from pledges p join campaigns c on c.id = p.campaign_id where p.order_id = $1 and c.made_at is not null)`

// launched refuses an order of what its brand has not said to be made: nothing of it can be sent, and nothing that it earns comes free.
func launched(ctx context.Context, tx *sqlx.Tx, o Order) error {
	if o.Expected == nil {
		return nil
	}
	var made bool
	err := tx.GetContext(ctx, &made, selectMade, o.ID)
	return cmp.Or(postgres.Translate(err), boolFault(err == nil && !made, ErrLaunchUnmade))
}

// settle fixes the day on which the earnings of an order come free, once all of it that is sent was received: it counts from
// the last receipt, and where nothing is sent any more from now, for what its buyer did not get back. Twice it changes nothing.
func settle(ctx context.Context, tx *sqlx.Tx, orderID int64, now time.Time) error {
	shipments, err := ShipmentsOf(ctx, tx, orderID)
	if err != nil {
		return err
	}
	until, all := WithdrawUntil(shipments)
	received := until.AddDate(0, 0, -WithdrawalDays)
	if !all {
		if slices.ContainsFunc(shipments, func(s Shipment) bool { return s.State != ShipmentCancelled }) {
			return nil
		}
		received = now
	}
	for _, sh := range shipments {
		if err := earnings.Settle(ctx, tx, sh.ID, received); err != nil {
			return err
		}
	}
	return nil
}

const selectArrived = `
select s.id from shipments s join orders o on o.id = s.order_id and o.state = 'paid'
where s.state = 'shipped' and s.shipped_at <= $1 order by s.shipped_at limit 500`

// SweepDelivered enqueues the delivery of every shipment that has been under way for the days after which it counts
// as received.
func (s *Service) SweepDelivered(ctx context.Context) error {
	var ids []int64
	if err := s.db.SelectContext(ctx, &ids, selectArrived, s.now().AddDate(0, 0, -s.autoDays)); err != nil {
		return fmt.Errorf("find arrived shipments: %w", err)
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		for _, id := range ids {
			// A job that found the order charged back has a successor the next day: the dispute may be won after all.
			key := fmt.Sprintf("deliver:%d:%s", id, s.now().UTC().Format(time.DateOnly))
			if err := jobs.Enqueue(ctx, tx, jobs.Job{Kind: JobDeliver, Args: shipmentArgs{id}, UniqueKey: key}); err != nil {
				return err
			}
		}
		return nil
	})
}
