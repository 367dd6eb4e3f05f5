package webhooks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/payments"
	"relais/internal/postgres"
)

// JobFeed is the kind of the job that reads what moved on the platform's balance, soon after a notice says that something did. Package
// reconcile does it.
const JobFeed = "reconcile.feed"

// Notices are asked for again from so long before the newest one known, for they do not appear in order.
const recoverOverlap = 2 * time.Hour

// accountsPerSweep is how many payees' accounts one sweep asks about: those longest not asked about first.
const accountsPerSweep = 200

// selectSwept are the platform and the accounts of payees with whom something was going on in the last days: money sent or on its way, details changed.
// $1: business time.
const selectSwept = `
select '' as account
union all
(select p.stripe_account_id from payees p left join stripe_cursors c on c.list = 'events:' || p.stripe_account_id
  where p.stripe_account_id is not null and (p.checked_at > $1::timestamptz - interval '3 days' or exists (
    select 1 from payouts o where o.payee_id = p.id and (o.state in ('new','sending') or o.ended_at > $1::timestamptz - interval '7 days')))
  order by c.read_at nulls first, p.id limit $2)`

// Recover asks the provider for the notices of the last hours and keeps those that never came exactly as if they had, each with its job. It returns how many
// those were. now is business time. An error about one account keeps no other from being asked about.
func (s *Service) Recover(ctx context.Context, now time.Time) (recovered int64, err error) {
	var accounts []string
	if err := s.db.SelectContext(ctx, &accounts, selectSwept, now, accountsPerSweep); err != nil {
		return 0, fmt.Errorf("accounts to ask about: %w", postgres.Translate(err))
	}
	var failed []error
	for _, account := range accounts {
		n, err := s.recoverFrom(ctx, account, now)
		recovered += n
		if payments.CodeOf(err) == payments.CodeAccountGone { // nobody tells us about it any more
			err = nil
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("notices of %q: %w", account, err))
		}
	}
	return recovered, errors.Join(failed...)
}

// firstSweep is how far back the first sweep of a list goes, from the newest notice that came: as far as Stripe keeps events. Nobody knows
// since when notices got lost before the first sweep came to its end.
const firstSweep = 30 * 24 * time.Hour

const selectCursor = `
select coalesce((select through from stripe_cursors where list = $1),
  coalesce((select max(created) from webhook_events where account = $2), $3::timestamptz) - make_interval(secs => $4))`

const advanceCursor = `
insert into stripe_cursors (list, through, read_at) values ($1, $2, $3)
on conflict (list) do update set through = greatest(stripe_cursors.through, excluded.through), read_at = excluded.read_at`

func (s *Service) recoverFrom(ctx context.Context, account string, now time.Time) (recovered int64, err error) {
	list, endpoint := "events", payments.Platform
	if account != "" {
		list, endpoint = "events:"+account, payments.Connect
	}
	var through time.Time
	if err := s.db.GetContext(ctx, &through, selectCursor, list, account, now, firstSweep.Seconds()); err != nil {
		return 0, postgres.Translate(err)
	}
	newest := through
	err = s.books.RecentEvents(ctx, account, through.Add(-recoverOverlap), func(e payments.Event) error {
		if e.Created.After(newest) {
			newest = e.Created
		}
		return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
			fresh, err := s.keep(ctx, tx, e, endpoint, true)
			if err == nil && fresh {
				recovered++
			}
			return err
		})
	})
	if err != nil {
		return recovered, err
	}
	_, err = s.db.ExecContext(ctx, advanceCursor, list, newest, s.now())
	return recovered, postgres.Translate(err)
}
