package app

import "context"

// advance moves the clock of a demo ahead and does at once what that makes due, so that whoever moved it sees the effect:
// reservations run out, parcels count as received, refunds are looked at again, earnings come free. It is nil where a
// real Stripe is connected: its time is not ours to move.
func (s *Services) advance() func(ctx context.Context, days int) error {
	if s.Sandbox == nil {
		return nil
	}
	return func(ctx context.Context, days int) error {
		if err := s.Clock.Advance(ctx, days); err != nil {
			return err
		}
		for _, step := range []func(context.Context) error{
			func(context.Context) error { return s.Sandbox.Tick() },
			s.Orders.SweepExpired, s.Orders.SweepDelivered, s.Refunds.Sweep, s.drain, s.Orders.Release, s.drain,
		} {
			if err := step(ctx); err != nil {
				return err
			}
		}
		return nil
	}
}

// drain does the work that waits. A job that fails is tried again later, and seen among the jobs: time has moved all the same.
func (s *Services) drain(ctx context.Context) error {
	_ = s.Jobs.Drain(ctx)
	return ctx.Err()
}
