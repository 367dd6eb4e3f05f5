package fediverse

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/jobs"
	"relais/internal/postgres"
)

// JobDeliver sends what waits for one server.
const JobDeliver = "fediverse.deliver"

// work is the arguments of JobDeliver.
type work struct {
	Host string `json:"host"`
}

// One delivery per inbox: servers hand what comes to their shared one to all whom it concerns.
const insertDeliveries = `
insert into fediverse_deliveries (actor_id, host, inbox, kind, object_id, created_at)
select distinct $1::bigint, r.host, coalesce(nullif(r.shared_inbox, ''), r.inbox), $2, nullif($3::bigint, 0), now()
from fediverse_followers f join fediverse_remotes r on r.id = f.remote_id and r.gone_at is null
join fediverse_servers s on s.host = r.host and s.dead_at is null where f.actor_id = $1 returning host`

// queue tells the followers of an actor something, about one of its objects or (0) about itself.
func queue(ctx context.Context, tx *sqlx.Tx, actor int64, kind string, object int64) error {
	var hosts []string
	if err := tx.SelectContext(ctx, &hosts, insertDeliveries, actor, kind, object); err != nil {
		return fmt.Errorf("queue for followers: %w", postgres.Translate(err))
	}
	return send(ctx, tx, hosts)
}

const insertDelivery = `
insert into fediverse_deliveries (actor_id, host, inbox, kind, remote_id, activity, created_at)
select $1, r.host, r.inbox, $3, r.id, $4, now() from fediverse_remotes r where r.id = $2 and r.gone_at is null returning host`

// queueOne tells one remote actor something.
func queueOne(ctx context.Context, tx *sqlx.Tx, actor, remote int64, kind, activity string) error {
	var hosts []string
	if err := tx.SelectContext(ctx, &hosts, insertDelivery, actor, remote, kind, activity); err != nil {
		return fmt.Errorf("queue for one: %w", postgres.Translate(err))
	}
	return send(ctx, tx, hosts)
}

const lockServers = `select host, generation, not_before from fediverse_servers where host = any($1) order by host for no key update`

// server is what send needs to know of one.
type server struct {
	Host       string     `db:"host"`
	Generation int64      `db:"generation"`
	NotBefore  *time.Time `db:"not_before"`
}

// send enqueues a job for each server, unless one waits already. The lock and the generation see to it that a delivery which commits
// while a job is at work is either found by that job or has a job of its own: a job begins a generation, under the same lock, before it
// looks; before it ends it looks once more, under the lock, and begins another one, since the job of its own may have come and gone.
func send(ctx context.Context, tx *sqlx.Tx, hosts []string) error {
	slices.Sort(hosts)
	hosts = slices.Compact(hosts)
	var servers []server
	if err := tx.SelectContext(ctx, &servers, lockServers, pq.Array(hosts)); err != nil {
		return fmt.Errorf("lock servers: %w", err)
	}
	for _, s := range servers {
		j := jobs.Job{Kind: JobDeliver, Args: work{s.Host}, UniqueKey: fmt.Sprintf("%s:%s:%d", JobDeliver, s.Host, s.Generation)}
		if s.NotBefore != nil {
			j.RunAt = *s.NotBefore
		}
		if err := jobs.Enqueue(ctx, tx, j); err != nil {
			return err
		}
	}
	return nil
}
