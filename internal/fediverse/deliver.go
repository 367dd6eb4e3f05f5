package fediverse

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/fediverse/courier"
	"relais/internal/fediverse/wire"
	"relais/internal/jobs"
	"relais/internal/postgres"
)

const (
	deliverLease = 3 * time.Minute // of the job
	serverLease  = 2 * time.Minute
	runTime      = 75 * time.Second // after which a run ends, and another follows
	runLength    = 50               // deliveries of one run
)

// delivery is one activity for one inbox.
type delivery struct {
	ID       int64  `db:"id"`
	ActorID  int64  `db:"actor_id"`
	Inbox    string `db:"inbox"`
	Kind     string `db:"kind"`
	ObjectID int64  `db:"object_id"`
	RemoteID int64  `db:"remote_id"`
	Activity string `db:"activity"`
	Attempts int    `db:"attempts"`
}

// Deliver sends what waits for a server, in its order, and stops at the first failure. It is the handler of JobDeliver. One job at a
// time speaks to a server; a job that died and is run again takes its own lease up.
func (s *Service) Deliver(ctx context.Context, w jobs.Work) error {
	var arg work
	if err := w.Decode(&arg); err != nil {
		return err
	}
	waiting, err := s.lease(ctx, w.ID, arg.Host)
	if err != nil || waiting == nil {
		return err
	}
	deadline, reached, trouble := s.Clock().Add(runTime), false, error(nil)
	for _, d := range waiting {
		result, err := s.deliver(ctx, d)
		if ctx.Err() != nil {
			return ctx.Err() // we stop, it did not fail
		}
		if result == Again {
			trouble = errors.Join(err, errFailing)
			break
		}
		reached = true
		if err := s.record(ctx, d, result, err); err != nil {
			return err
		}
		if !s.Clock().Before(deadline) {
			break
		}
	}
	return s.release(ctx, w, arg.Host, reached, trouble)
}

// errFailing marks that a server did not answer.
var errFailing = errors.New("the server did not take it")

const leaseServer = `
update fediverse_servers set leased_by = $2, leased_until = $3, generation = generation + 1
where host = $1 and (leased_until is null or leased_until < $4 or leased_by = $2) and (not_before is null or not_before <= $4::timestamptz + interval '5 seconds') and dead_at is null`

const selectWaiting = `
select id, actor_id, inbox, kind, coalesce(object_id, 0) as object_id, coalesce(remote_id, 0) as remote_id, activity, attempts
from fediverse_deliveries where host = $1 and state = 'waiting' order by id limit $2`

// lease takes the server for this job; nil where another job has it, it is not its time (the clocks of database and program may differ a
// little), or it was given up.
func (s *Service) lease(ctx context.Context, job int64, host string) (waiting []delivery, err error) {
	now := s.Clock()
	err = postgres.InTx(ctx, s.DB, func(tx *sqlx.Tx) error {
		waiting = nil
		r, err := tx.ExecContext(ctx, leaseServer, host, job, now.Add(serverLease), now)
		if err != nil {
			return fmt.Errorf("lease server: %w", err)
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return err
		}
		waiting = []delivery{}
		return tx.SelectContext(ctx, &waiting, selectWaiting, host, runLength)
	})
	return waiting, err
}

// deliver makes the words of one delivery, signs and posts them.
func (s *Service) deliver(ctx context.Context, d delivery) (Result, error) {
	said, err := s.words(ctx, d)
	if errors.Is(err, errNothing) {
		return dropped, nil
	}
	if err != nil {
		return Again, err
	}
	sign, err := s.signer(ctx, d.ActorID)
	if errors.Is(err, errSealed) {
		return Refused, err
	}
	if err != nil {
		return Again, err
	}
	body, err := json.Marshal(said)
	if err != nil {
		return Refused, fmt.Errorf("write activity: %w", err)
	}
	status, err := s.client.Post(ctx, d.Inbox, body, sign)
	if err == nil {
		return Sent, nil
	}
	return ResultOf(status), err
}

// signer signs with the key of an actor. A key that was sealed with a secret of the past is replaced: others ask for the new one when a
// signature does not fit.
func (s *Service) signer(ctx context.Context, actor int64) (courier.Signer, error) {
	for range 2 {
		var sealed []byte
		if err := s.DB.GetContext(ctx, &sealed, `select coalesce(private_key, '') from fediverse_actors where id = $1`, actor); err != nil {
			return nil, fmt.Errorf("read key: %w", err)
		}
		key, err := s.seal.open(sealed)
		if err == nil {
			return func(r wire.Request) error { return r.Sign(s.site.Key(actor), key, s.Clock()) }, nil
		}
		public, fresh, err := s.seal.newKey()
		if err != nil {
			return nil, err
		}
		if _, err := s.DB.ExecContext(ctx, replaceKey, actor, public, fresh, sealed); err != nil {
			return nil, fmt.Errorf("replace key: %w", err)
		}
	}
	return nil, errSealed
}

const replaceKey = `update fediverse_actors set public_key = $2, private_key = $3 where id = $1 and private_key = $4 and closed_at is null`

const dropped Result = "dropped" // no longer true

const updateDelivery = `
update fediverse_deliveries set state = $2, attempts = attempts + 1, error = $3, ended_at = case when $2 <> 'waiting' then now() end where id = $1 and state = 'waiting'`

// record writes down how a delivery ended. One that was denied is tried a few times: the other side may not have our key yet.
func (s *Service) record(ctx context.Context, d delivery, result Result, cause error) error {
	if result == Denied {
		if result = Again; d.Attempts+1 >= mostDenials {
			result = Refused
		}
	}
	if _, err := s.DB.ExecContext(ctx, updateDelivery, d.ID, result, said(cause)); err != nil {
		return fmt.Errorf("record delivery: %w", err)
	}
	if result == Refused && errors.Is(cause, courier.Status(http.StatusGone)) && d.RemoteID != 0 {
		_, err := s.DB.ExecContext(ctx, `update fediverse_remotes set gone_at = now() where id = $1`, d.RemoteID)
		return postgres.Translate(err)
	}
	return nil
}

func said(err error) string {
	if err == nil {
		return ""
	}
	return wire.Line(err.Error(), 300)
}

// health is how a server fared so far.
type health struct {
	Failures     int        `db:"failures"`
	FailingSince *time.Time `db:"failing_since"`
	Denied       bool       `db:"denied"` // what waits first was denied before
	Waiting      bool       `db:"waiting"`
}

const lockServer = `select failures, failing_since from fediverse_servers where host = $1 for no key update`

// A statement of its own: one that waited for the lock would not see what committed meanwhile.
const selectLeft = `
select coalesce((select attempts > 0 from fediverse_deliveries where host = $1 and state = 'waiting' order by id limit 1), false) as denied,
  exists (select 1 from fediverse_deliveries where host = $1 and state = 'waiting') as waiting`

// lockHealth locks a server and says how it fared, and what waits for it now. sql.ErrNoRows where it is no longer known.
func lockHealth(ctx context.Context, tx *sqlx.Tx, host string) (h health, err error) {
	if err := tx.GetContext(ctx, &h, lockServer, host); err != nil {
		return h, err
	}
	return h, tx.GetContext(ctx, &h, selectLeft, host)
}

const releaseServer = `
update fediverse_servers set leased_by = null, leased_until = null, generation = generation + 1, failures = $2, failing_since = $3, not_before = $4, dead_at = $5, error = $6,
  ok_at = case when $7 then $8 else ok_at end where host = $1`

// release ends the run: it says how the server fared, and has another job follow while anything waits.
func (s *Service) release(ctx context.Context, w jobs.Work, host string, reached bool, trouble error) error {
	now := s.Clock()
	return postgres.InTx(ctx, s.DB, func(tx *sqlx.Tx) error {
		h, err := lockHealth(ctx, tx, host)
		if errors.Is(err, sql.ErrNoRows) {
			return w.Done(ctx, tx)
		}
		if err != nil {
			return fmt.Errorf("lock server: %w", err)
		}
		var before, dead *time.Time
		switch {
		case trouble != nil:
			h.Failures++
			if h.FailingSince == nil || reached {
				h.FailingSince, h.Failures = &now, 1
			}
			pause := now.Add(Pause(h.Failures))
			if before = &pause; Dead(*h.FailingSince, now) {
				dead, before = &now, nil
			}
		default:
			h.Failures, h.FailingSince = 0, nil
			if h.Denied {
				pause := now.Add(firstPause)
				before = &pause
			}
		}
		if _, err := tx.ExecContext(ctx, releaseServer, host, h.Failures, h.FailingSince, before, dead, said(trouble), reached, now); err != nil {
			return fmt.Errorf("release server: %w", err)
		}
		switch {
		case dead != nil:
			if err := giveUp(ctx, tx, host, said(trouble)); err != nil {
				return err
			}
		case h.Waiting:
			if err := send(ctx, tx, []string{host}); err != nil {
				return err
			}
		}
		return w.Done(ctx, tx)
	})
}

// giveUp ends what waits for a server.
func giveUp(ctx context.Context, tx *sqlx.Tx, host, why string) error {
	_, err := tx.ExecContext(ctx, `update fediverse_deliveries set state = 'given_up', ended_at = now(), error = $2 where host = $1 and state = 'waiting'`, host, why)
	return postgres.Translate(err)
}
