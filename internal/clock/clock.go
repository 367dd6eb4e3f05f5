// Package clock tells business time: the time that orders, windows, holds and payouts go by.
//
// It is the real time, but in a demo: there an admin can move it ahead, so that a hold of fourteen days can be watched
// ending. It never goes back, as what has happened has happened. Log-ins, jobs and signatures go by the real time.
package clock

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
)

// ErrBack says that business time was to go back, or further ahead at once than a year.
var ErrBack = fault.Field("days", "fault.clock_days")

// Clock is business time. The zero value is not usable; see New.
type Clock struct {
	db    *sqlx.DB
	ahead atomic.Int64 // nanoseconds
	at    atomic.Pointer[time.Time]
}

// At is a clock that stands still where Set puts it: for the demo's past, and for tests.
func At(t time.Time) *Clock {
	c := &Clock{}
	c.Set(t)
	return c
}

// Set puts a clock made by At to another time.
func (c *Clock) Set(t time.Time) {
	t = t.UTC().Truncate(time.Microsecond)
	c.at.Store(&t)
}

// New reads how far ahead business time is kept in the database.
func New(ctx context.Context, db *sqlx.DB) (*Clock, error) {
	c := &Clock{db: db}
	return c, c.load(ctx)
}

func (c *Clock) load(ctx context.Context) error {
	var seconds int64
	if err := c.db.GetContext(ctx, &seconds, `select extract(epoch from ahead)::bigint from demo_clock`); err != nil {
		return fmt.Errorf("read demo clock: %w", err)
	}
	c.ahead.Store(int64(time.Duration(seconds) * time.Second))
	return nil
}

// Now is business time, in UTC and whole microseconds, as the database keeps it.
func (c *Clock) Now() time.Time {
	if t := c.at.Load(); t != nil {
		return *t
	}
	return time.Now().Add(c.Ahead()).UTC().Truncate(time.Microsecond)
}

// Ahead is how far business time is ahead of the real one.
func (c *Clock) Ahead() time.Duration { return time.Duration(c.ahead.Load()) }

// Advance moves business time ahead by whole days, 1 to 365. Only a demo may call it. ErrBack.
func (c *Clock) Advance(ctx context.Context, days int) error {
	if days < 1 || days > 365 {
		return ErrBack
	}
	if t := c.at.Load(); t != nil {
		c.Set(t.AddDate(0, 0, days))
		return nil
	}
	if _, err := c.db.ExecContext(ctx, `update demo_clock set ahead = ahead + make_interval(hours => 24 * $1::int)`, days); err != nil {
		return fmt.Errorf("move demo clock: %w", err)
	}
	return c.load(ctx)
}
