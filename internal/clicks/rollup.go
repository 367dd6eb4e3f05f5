package clicks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/postgres"
)

// Sums by link and day are in link_counts: link_days, which is rolled, and link_days_fresh, what statements that inserted clicks added
// since. Whoever reads both in one statement has every click that is committed, once.
const (
	rollEach = time.Second // how often what is fresh is rolled; readers see it before
	rollMost = 50_000      // rows that one statement rolls
)

// rollDays takes fresh sums away and adds them where they stay, for each link and for all. Rows that are not committed yet are not
// seen, and stay for the next time.
const rollDays = `
with taken as (
  delete from link_days_fresh where ctid = any(array(select ctid from link_days_fresh limit $1)) returning link_id, day, people, visits
), links as (
  insert into link_days as l (link_id, day, people, visits) select link_id, day, sum(people), sum(visits) from taken group by 1, 2 order by 1, 2
  on conflict (link_id, day) do update set people = l.people + excluded.people, visits = l.visits + excluded.visits
), days as (
  insert into click_days as d (day, people, visits) select day, sum(people), sum(visits) from taken group by 1 order by 1
  on conflict (day) do update set people = d.people + excluded.people, visits = d.visits + excluded.visits
)
select count(*) from taken`

// rolling is the lock of whoever rolls: of several instances one does it at a time.
const rolling = `select pg_try_advisory_xact_lock(hashtextextended('clicks: roll', 0))`

// Roll adds what is fresh to the sums by link and day. While another instance does it there is nothing to do.
func (s *Service) Roll(ctx context.Context) error {
	for {
		rolled := 0
		err := postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
			rolled = 0
			var mine bool
			if err := tx.GetContext(ctx, &mine, rolling); err != nil || !mine {
				return err
			}
			return tx.GetContext(ctx, &rolled, rollDays, rollMost)
		})
		if err != nil {
			return fmt.Errorf("roll up clicks: %w", err)
		}
		if rolled < rollMost {
			return nil
		}
	}
}

// runRolls rolls every rollEach until ctx ends. A database that does not answer is tried again.
func (s *Service) runRolls(ctx context.Context) {
	tick := time.NewTicker(rollEach)
	defer tick.Stop()
	for failing := false; ; {
		err := s.Roll(ctx)
		if err != nil && ctx.Err() == nil && !failing {
			s.log.Warn("clicks are not rolled up", "error", err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Unrolled is how many sums are fresh, and how old the oldest of them is: readers have them, at the price of adding them up.
type Unrolled struct {
	Rows int64         `db:"rows"`
	Lag  time.Duration `db:"-"`
}

const selectUnrolled = `
select count(*) as rows, coalesce(extract(epoch from clock_timestamp() - min(made_at)), 0)::float8 as seconds from link_days_fresh`

// Lag says what is not rolled yet.
func Lag(ctx context.Context, q sqlx.QueryerContext) (Unrolled, error) {
	var row struct {
		Unrolled
		Seconds float64 `db:"seconds"`
	}
	if err := sqlx.GetContext(ctx, q, &row, selectUnrolled); err != nil {
		return Unrolled{}, fmt.Errorf("read what is not rolled: %w", err)
	}
	row.Lag = max(0, time.Duration(row.Seconds*float64(time.Second)))
	return row.Unrolled, nil
}

// Run puts spooled clicks into the table as soon as Postgres takes them, and rolls up those in the table, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	rolled := make(chan struct{})
	go func() {
		defer close(rolled)
		s.runRolls(ctx)
	}()
	var err error
	if s.recorder.spool == nil {
		<-ctx.Done()
	} else {
		err = s.recorder.spool.run(ctx)
	}
	cancel()
	<-rolled
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
