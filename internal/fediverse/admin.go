package fediverse

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/fault"
	"relais/internal/fediverse/wire"
	"relais/internal/jobs"
	"relais/internal/members"
	"relais/internal/postgres"
)

// ServerRow is another server as the platform's admins see it.
type ServerRow struct {
	Host         string     `db:"host"`
	OkAt         *time.Time `db:"ok_at"`
	Failures     int        `db:"failures"`
	FailingSince *time.Time `db:"failing_since"`
	NotBefore    *time.Time `db:"not_before"`
	DeadAt       *time.Time `db:"dead_at"`
	Error        string     `db:"error"`
	Followers    int        `db:"followers"` // of ours, there
	Followed     int        `db:"followed"`  // there, by ours
	Waiting      int        `db:"waiting"`   // deliveries
}

const selectServers = `
select s.host, s.ok_at, s.failures, s.failing_since, s.not_before, s.dead_at, s.error,
  (select count(*) from fediverse_followers f join fediverse_remotes r on r.id = f.remote_id where r.host = s.host) as followers,
  (select count(*) from fediverse_follows f join fediverse_remotes r on r.id = f.remote_id where r.host = s.host) as followed,
  (select count(*) from fediverse_deliveries d where d.host = s.host and d.state = 'waiting') as waiting
from fediverse_servers s where $1 = '' or position(lower($1) in s.host) > 0
order by s.dead_at is not null desc, s.failures desc, s.ok_at desc nulls last, s.host limit $2 offset $3`

// Servers are the other servers whose name has the query in it, those in trouble first.
func Servers(ctx context.Context, q sqlx.QueryerContext, query string, limit, offset int) ([]ServerRow, error) {
	var rows []ServerRow
	if err := sqlx.SelectContext(ctx, q, &rows, selectServers, query, limit, offset); err != nil {
		return nil, fmt.Errorf("read servers: %w", err)
	}
	return rows, nil
}

// Suspension is a domain with which nothing is exchanged.
type Suspension struct {
	Domain string    `db:"domain"`
	Reason string    `db:"reason"`
	By     string    `db:"by"`
	At     time.Time `db:"at"`
}

// mostSuspensions is how many domains may be suspended: each is looked at with every activity.
const mostSuspensions = 5000

// Suspensions are all of them, the last first.
func Suspensions(ctx context.Context, q sqlx.QueryerContext, limit int) ([]Suspension, error) {
	var list []Suspension
	err := sqlx.SelectContext(ctx, q, &list, `select s.domain, s.reason, m.name as by, s.at from fediverse_suspensions s join members m on m.id = s.by order by s.at desc, s.domain limit $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("read suspensions: %w", err)
	}
	return list, nil
}

// A host is shut out with its own name, with or without port, or with that of any domain above it.
const selectSuspended = `select exists (select 1 from fediverse_suspensions where domain = any($1))`

// suspended says whether nothing is exchanged with a server.
func suspended(ctx context.Context, q sqlx.QueryerContext, host string) (shut bool, err error) {
	if err = sqlx.GetContext(ctx, q, &shut, selectSuspended, pq.Array(domains(host))); err != nil {
		err = fmt.Errorf("look for suspensions: %w", err)
	}
	return shut, err
}

// domains are the names by which a host could be suspended.
func domains(host string) []string {
	names := []string{host}
	u, err := url.Parse("//" + host)
	if err != nil {
		return names
	}
	for name := u.Hostname(); ; {
		names = append(names, name)
		_, rest, found := strings.Cut(name, ".")
		if !found {
			return names
		}
		name = rest
	}
}

// Suspend has nothing exchanged with a domain, and those below it, from now on; what came from there is dropped. The actor is an admin.
// Faults on the fields domain and reason. Twice changes the reason.
func (s *Service) Suspend(ctx context.Context, actorID int64, domain, reason string) error {
	domain = strings.ToLower(strings.TrimSpace(domain))
	reason = wire.Line(reason, 300)
	u, err := url.Parse("//" + domain)
	switch {
	case err != nil || u.Host != domain || u.Hostname() == "" || len(domain) > 255 || strings.ContainsAny(domain, " @/") || domain == s.host:
		return fault.Field("domain", "federation.domain_unknown")
	case reason == "":
		return fault.Field("reason", "federation.reason_missing")
	}
	return postgres.InTx(ctx, s.DB, func(tx *sqlx.Tx) error {
		n, err := count(ctx, tx, `select count(*) from fediverse_suspensions`)
		if err == nil && n >= mostSuspensions {
			err = fault.Field("domain", "federation.suspensions_full")
		}
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `insert into fediverse_suspensions (domain, reason, by, at) values ($1, $2, $3, now()) on conflict (domain) do update set reason = excluded.reason`, domain, reason, actorID)
		if err != nil {
			return postgres.Translate(err)
		}
		var hosts []string
		if err := tx.SelectContext(ctx, &hosts, `select host from fediverse_servers order by host`); err != nil {
			return fmt.Errorf("read servers: %w", err)
		}
		for _, host := range hosts {
			if !wire.Covers(domain, host) {
				continue
			}
			if err := dropHost(ctx, tx, host, reason); err != nil {
				return err
			}
		}
		return members.Audit(ctx, tx, members.AuditEntry{At: s.Now(), ActorID: actorID, Action: "domain suspended", Subject: "domain " + domain})
	})
}

func dropHost(ctx context.Context, tx *sqlx.Tx, host, reason string) error {
	var ids []int64
	if err := tx.SelectContext(ctx, &ids, `select id from fediverse_remotes where host = $1 order by id`, host); err != nil {
		return fmt.Errorf("read remote actors: %w", err)
	}
	return errors.Join(forgetRemotes(ctx, tx, ids), giveUp(ctx, tx, host, reason))
}

// Lift ends a suspension. Who followed before has to ask again. Twice is once.
func (s *Service) Lift(ctx context.Context, actorID int64, domain string) error {
	return postgres.InTx(ctx, s.DB, func(tx *sqlx.Tx) error {
		r, err := tx.ExecContext(ctx, `delete from fediverse_suspensions where domain = $1`, domain)
		if err != nil {
			return postgres.Translate(err)
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return err
		}
		return members.Audit(ctx, tx, members.AuditEntry{At: s.Now(), ActorID: actorID, Action: "domain unsuspended", Subject: "domain " + domain})
	})
}

// JobSweep drops what nobody needs any longer; enqueued every hour.
const JobSweep = "fediverse.sweep"

// Each statement is bounded, as the next hour has the rest.
var sweeps = []string{
	`delete from fediverse_seen where digest in (select digest from fediverse_seen where at < now() - case when digest like 'signature:%' then interval '3 hours' else interval '30 days' end limit 20000)`,
	`delete from fediverse_deliveries where id in (select id from fediverse_deliveries where ended_at < now() - interval '30 days' limit 20000)`,
	`delete from fediverse_posts where id in (select p.id from fediverse_posts p where p.published_at < now() - interval '90 days' or not exists (
	   select 1 from fediverse_follows f where f.remote_id = p.remote_id and f.state = 'accepted') limit 20000)`,
	`update fediverse_actors set private_key = null where private_key is not null and closed_at is not null and not exists (
	   select 1 from fediverse_deliveries d where d.actor_id = fediverse_actors.id and d.state = 'waiting')`,
	`delete from fediverse_remotes r where r.fetched_at < now() - interval '30 days' and r.id in (select r.id from fediverse_remotes r
	   where not exists (select 1 from fediverse_followers where remote_id = r.id) and not exists (select 1 from fediverse_follows where remote_id = r.id)
	   and not exists (select 1 from fediverse_reactions where remote_id = r.id) and not exists (select 1 from fediverse_deliveries where remote_id = r.id)
	   and not exists (select 1 from fediverse_posts where remote_id = r.id) limit 20000)`,
}

// A server for which something waits and no job does: its job was parked, or purged.
const selectStuck = `
select distinct s.host from fediverse_servers s join fediverse_deliveries d on d.host = s.host and d.state = 'waiting'
where d.created_at < now() - interval '1 hour' and s.dead_at is null and coalesce(s.not_before, now()) <= now() - interval '10 minutes' and coalesce(s.leased_until, now()) <= now() limit 100`

// Sweep is the handler of JobSweep.
func (s *Service) Sweep(ctx context.Context, _ jobs.Work) error {
	for _, statement := range sweeps {
		if _, err := s.DB.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("sweep: %w", err)
		}
	}
	return postgres.InTx(ctx, s.DB, func(tx *sqlx.Tx) error {
		var hosts []string
		if err := tx.SelectContext(ctx, &hosts, selectStuck); err != nil {
			return fmt.Errorf("look for stuck servers: %w", err)
		}
		if _, err := tx.ExecContext(ctx, `update fediverse_servers set generation = generation + 1 where host = any($1)`, pq.Array(hosts)); err != nil {
			return postgres.Translate(err)
		}
		return send(ctx, tx, hosts)
	})
}

// Register hands the jobs of this package to the runner.
func (s *Service) Register(r *jobs.Runner) {
	r.Handle(JobDeliver, deliverLease, s.Deliver)
	r.Handle(JobRefresh, time.Minute, s.Refresh)
	r.Handle(JobSweep, 2*time.Minute, s.Sweep)
	r.Every(JobSweep, time.Hour, JobSweep)
}
