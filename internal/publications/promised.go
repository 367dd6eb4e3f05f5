package publications

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/jobs"
	"relais/internal/postgres"
)

// ErrPromised says that a group order goes on: whoever joined it was shown the revision that is sold, and is charged for that one.
var ErrPromised = fault.New(fault.Conflict, "fault.publications.promised")

// promisedAgain is how long a job waits before it looks again, by the real clock.
const promisedAgain = 6 * time.Hour

const selectPromised = `
select exists (select 1 from campaigns c where c.product_id = $1 and (c.state = 'open' or exists (
  select 1 from pledges p left join orders o on o.id = p.order_id where p.campaign_id = c.id and (p.state in ('joined','due') or p.state = 'ordered' and o.state = 'awaiting_payment'))))`

// unpromised keeps a product from having a group order opened until the transaction ends, and is ErrPromised where somebody waits for it as it is sold now.
func unpromised(ctx context.Context, tx *sqlx.Tx, productID int64) error {
	if _, err := tx.ExecContext(ctx, `select 1 from products where id = $1 for update`, productID); err != nil { // one that is being opened refers to it
		return postgres.Translate(err)
	}
	var promised bool
	err := tx.GetContext(ctx, &promised, selectPromised, productID)
	if err == nil && promised {
		err = ErrPromised
	}
	return err
}

// later has a job look again at what was promised.
func (s *Service) later(ctx context.Context, a listArgs) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		var at time.Time
		if err := tx.GetContext(ctx, &at, `select clock_timestamp()`); err != nil {
			return err
		}
		at = at.Add(promisedAgain)
		return jobs.Enqueue(ctx, tx, jobs.Job{Kind: JobList, Args: a, RunAt: at, UniqueKey: fmt.Sprintf("%s:%d:%d:%d", JobList, a.ID, a.Revision, at.Unix()/int64(promisedAgain.Seconds()))})
	})
}
