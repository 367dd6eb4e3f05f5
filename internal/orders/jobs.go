package orders

import (
	"context"
	"errors"
	"time"

	"relais/internal/jobs"
)

// The kinds of job of this package.
const (
	JobExpire         = "orders.expire"          // one reservation is over
	JobDeliver        = "orders.deliver"         // one shipment counts as received
	JobRelease        = "orders.release"         // free the earnings whose day has come
	JobSweepExpired   = "orders.sweep_expired"   // find reservations that are over
	JobSweepDelivered = "orders.sweep_delivered" // find shipments that count as received
)

type orderArgs struct {
	OrderID int64 `json:"order_id"`
}

type shipmentArgs struct {
	ShipmentID int64 `json:"shipment_id"`
}

// lease is longer than any call to the provider with its retry.
const lease = 2 * time.Minute

// Register hands the jobs of this package to a runner.
func (s *Service) Register(r *jobs.Runner) {
	r.Handle(JobExpire, lease, func(ctx context.Context, w jobs.Work) error {
		var a orderArgs
		if err := w.Decode(&a); err != nil {
			return err
		}
		return s.Expire(ctx, a.OrderID)
	})
	r.Handle(JobDeliver, lease, func(ctx context.Context, w jobs.Work) error {
		var a shipmentArgs
		if err := w.Decode(&a); err != nil {
			return err
		}
		if err := s.Deliver(ctx, 0, a.ShipmentID, "time"); !errors.Is(err, ErrNotUnderWay) {
			return err
		}
		return nil
	})
	r.Handle(JobSweepExpired, lease, func(ctx context.Context, _ jobs.Work) error { return s.SweepExpired(ctx) })
	r.Handle(JobSweepDelivered, lease, func(ctx context.Context, _ jobs.Work) error { return s.SweepDelivered(ctx) })
	r.Handle(JobRelease, 10*time.Minute, func(ctx context.Context, _ jobs.Work) error { return s.Release(ctx) })
	r.Every(JobSweepExpired, time.Minute, JobSweepExpired)
	r.Every(JobSweepDelivered, 5*time.Minute, JobSweepDelivered)
	r.Every(JobRelease, 5*time.Minute, JobRelease)
}
