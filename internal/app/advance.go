package app

import (
	"context"
	"time"
)

// advance moves the clock of a demo ahead and does at once what that makes due, so that whoever moved it sees the effect:
// reservations run out, group orders end and are charged, who waits for a late launch is told, parcels count as received, refunds are looked at again, reviews end, scheduled posts appear, polls close, earnings come free, the scheduled runs of payouts
// that it passed start, documents are issued, and Stripe's books are held against ours. It is nil where a real Stripe is connected:
// its time is not ours to move.
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
			s.Orders.SweepExpired, s.Pledges.Sweep, s.Orders.SweepDelivered, s.Refunds.Sweep, s.drain, s.Pledges.Sweep, s.drain, s.Backers.Sweep, s.Late.Sweep, s.Reviews.Sweep, s.Posts.Sweep, s.Ideas.Sweep, s.Polls.Sweep, s.drain, s.Orders.Release, s.drain, s.Payouts.Schedule, s.drain,
			func(ctx context.Context) error { return s.Documents.Sweep(ctx, time.Time{}) }, s.Documents.CloseMonths,
			func(ctx context.Context) error { _, err := s.Reconcile.Run(ctx, false); return err }, s.drain,
		} {
			if err := step(ctx); err != nil {
				return err
			}
		}
		return nil
	}
}

// atHand is how long a moved clock waits, in all, for work that the server had taken up by itself.
const atHand = 5 * time.Second

// drain does the work that waits. A job that fails is tried again later, and seen among the jobs: time has moved all the same.
func (s *Services) drain(ctx context.Context) error {
	_ = s.Jobs.DrainBeside(ctx, atHand)
	return ctx.Err()
}
