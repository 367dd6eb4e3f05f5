package account

import (
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/fault"
	"relais/internal/members"
	"relais/internal/pace"
)

// The pace at which one address may post to these pages. It only keeps floods from costing anything; guessing is
// limited by package members, over all instances.
const (
	every  = time.Second
	burst  = 30
	floods = 50_000 // addresses that are remembered
)

// limited refuses requests of an address that has emptied its bucket.
func (s *Server) limited(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if !s.floods.Allow(c.RealIP(), pace.Pace{Every: every, Burst: burst}) {
			soon := &members.TooSoon{After: time.Second}
			err := fault.New(fault.TooMany, "fault.too_soon").Arg("Count", soon.Seconds()).Because(soon)
			retryAfter(c, err)
			return err
		}
		return next(c)
	}
}
