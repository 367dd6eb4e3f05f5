package clock_test

import (
	"errors"
	"testing"
	"time"

	"relais/internal/clock"
	"relais/internal/postgres/pgtest"
)

func TestAdvanceIsKeptAndNeverGoesBack(t *testing.T) {
	db := pgtest.DB(t)
	c, err := clock.New(t.Context(), db)
	if err != nil || c.Ahead() != 0 {
		t.Fatalf("a new clock is %v ahead, %v", c.Ahead(), err)
	}
	for _, days := range []int{1, 15} {
		if err := c.Advance(t.Context(), days); err != nil {
			t.Fatal(err)
		}
	}
	for _, days := range []int{0, -1, 366} {
		if err := c.Advance(t.Context(), days); !errors.Is(err, clock.ErrBack) {
			t.Errorf("by %d days: %v", days, err)
		}
	}
	again, err := clock.New(t.Context(), db)
	if err != nil || again.Ahead() != 16*24*time.Hour || again.Ahead() != c.Ahead() {
		t.Errorf("after a restart the clock is %v ahead, %v", again.Ahead(), err)
	}
}

func TestAtStandsStill(t *testing.T) {
	start := time.Date(2026, 3, 2, 9, 0, 0, 123, time.FixedZone("", 3600))
	c := clock.At(start)
	if got := c.Now(); !got.Equal(start.Truncate(time.Microsecond)) || got.Location() != time.UTC {
		t.Errorf("stands at %v", got)
	}
	if err := c.Advance(t.Context(), 2); err != nil || !c.Now().Equal(start.Truncate(time.Microsecond).AddDate(0, 0, 2)) {
		t.Errorf("two days later: %v, %v", c.Now(), err)
	}
}
