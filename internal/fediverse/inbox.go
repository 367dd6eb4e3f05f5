package fediverse

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/fediverse/wire"
	"relais/internal/jobs"
	"relais/internal/members"
	"relais/internal/postgres"
)

// Reasons for which an activity is refused.
var (
	ErrUnproved   = fault.New(fault.Unauthenticated, "federation.refused")
	ErrShutOut    = fault.New(fault.Forbidden, "federation.refused")
	ErrFlood      = fault.New(fault.TooMany, "federation.refused")
	ErrUnreadable = fault.New(fault.Invalid, "federation.refused")
)

// refetch is how long a key is believed before another one is asked for, when a signature does not fit: nobody can have us hammer a
// third server with wrong signatures.
const refetch = 5 * time.Minute

// Receive takes an activity in that was posted to an inbox: it has its effect when this returns nil, and has it once. from is the address
// that it came from. Faults: ErrUnreadable, ErrUnproved (not signed, wrongly, too late, or for the second time), ErrShutOut, ErrFlood.
func (s *Service) Receive(ctx context.Context, r wire.Request, from string) error {
	from = members.Network(from)
	if !s.paces.Allow("address "+from, arrivals()) {
		return ErrFlood
	}
	a, err := s.rules.ParseActivity(r.Body)
	if err != nil {
		return ErrUnreadable.Because(err)
	}
	r.Host = s.host
	sig, err := r.Signature(s.Clock())
	host := s.rules.HostOf(a.Actor)
	switch {
	case err != nil:
		return ErrUnproved.Because(err)
	case s.rules.HostOf(sig.KeyID) != host || host == s.host:
		return ErrUnproved.Because(errors.New("the key is of another server"))
	case s.rules.HostOf(a.ID) != host:
		return ErrUnproved.Because(errors.New("the activity has a name of another server"))
	}
	if shut, err := suspended(ctx, s.DB, host); err != nil || shut {
		return errors.Join(err, ErrShutOut)
	}
	remote, err := s.signedBy(ctx, r, sig, a, from)
	if errors.Is(err, errUnknown) {
		return nil
	}
	if err != nil {
		return err
	}
	if !s.paces.Allow("server "+host, arrivals()) { // only now: nobody else uses it up
		return ErrFlood
	}
	effect := Judge(a, s.site, s.rules)
	return postgres.InTx(ctx, s.DB, func(tx *sqlx.Tx) error {
		fresh, err := see(ctx, tx, sig.Digest())
		if err != nil {
			return err
		}
		if !fresh {
			return ErrUnproved.Because(errors.New("the same request came before"))
		}
		if fresh, err = see(ctx, tx, "activity:"+a.ID); err != nil || !fresh {
			return err // tried again by a server that did not hear our answer
		}
		if err := revive(ctx, tx, host); err != nil {
			return err
		}
		return s.apply(ctx, tx, remote, effect, a.ID)
	})
}

// errUnknown is the farewell of somebody who was never known here.
var errUnknown = errors.New("nobody known")

// signedBy says who signed, which is the actor of the activity: with the key that is known, or else, once, the one that their server has
// now. That one is asked for at a pace of its own, since nobody knows yet who asks us to.
func (s *Service) signedBy(ctx context.Context, r wire.Request, sig wire.Signature, a wire.Activity, from string) (Remote, error) {
	known, err := remoteByURI(ctx, s.DB, a.Actor)
	found := err == nil
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return known, err
	}
	if found && verifies(known, r, sig) {
		return known, nil
	}
	if !found && a.Type == "Delete" && a.Object.ID == a.Actor {
		return known, errUnknown // many servers tell everybody; the actor can no longer be asked for
	}
	if found && s.Clock().Sub(known.FetchedAt) < refetch {
		return known, ErrUnproved.Because(wire.ErrSignature)
	}
	if !s.paces.Allow("fetch for "+from, fetchesFor()) || !s.paces.Allow("fetch "+s.rules.HostOf(a.Actor), fetchesAt()) {
		return known, ErrFlood
	}
	fresh, err := s.fetchActor(ctx, a.Actor)
	if err != nil {
		return known, ErrUnproved.Because(err)
	}
	if !verifies(fresh, r, sig) {
		return known, ErrUnproved.Because(wire.ErrSignature)
	}
	return fresh, nil
}

func verifies(known Remote, r wire.Request, sig wire.Signature) bool {
	key, err := wire.ParseKey(known.PublicKey)
	return err == nil && known.KeyID == sig.KeyID && r.Verify(sig, key) == nil
}

// see notes something that has its effect once, and says whether it is new.
func see(ctx context.Context, tx *sqlx.Tx, digest string) (bool, error) {
	r, err := tx.ExecContext(ctx, `insert into fediverse_seen (digest, at) values ($1, now()) on conflict do nothing`, digest)
	if err != nil {
		return false, fmt.Errorf("note what was seen: %w", postgres.Translate(err))
	}
	n, err := r.RowsAffected()
	return n == 1, err
}

// revive has a server that was given up spoken to again.
func revive(ctx context.Context, tx *sqlx.Tx, host string) error {
	_, err := tx.ExecContext(ctx, `update fediverse_servers set dead_at = null, failures = 0, failing_since = null, not_before = null where host = $1 and dead_at is not null`, host)
	return postgres.Translate(err)
}

// apply does what an activity says. In the transaction that notes it as seen.
func (s *Service) apply(ctx context.Context, tx *sqlx.Tx, from Remote, e Effect, activity string) error {
	exec := func(query string, args ...any) error {
		_, err := tx.ExecContext(ctx, query, args...)
		return postgres.Translate(err)
	}
	switch e.Deed {
	case Follow:
		return s.followed(ctx, tx, from, e.Actor, activity)
	case Unfollow:
		return exec(`delete from fediverse_followers where actor_id = $1 and remote_id = $2`, e.Actor, from.ID)
	case Like, Boost:
		return exec(insertReaction, e.Note, from.ID, e.Deed, activity)
	case Unlike:
		return exec(`delete from fediverse_reactions where object_id = $1 and remote_id = $2 and kind = $3`, e.Note, from.ID, e.URI)
	case Undo:
		return errors.Join(exec(`delete from fediverse_followers where activity = $1 and remote_id = $2`, e.URI, from.ID),
			exec(`delete from fediverse_reactions where activity = $1 and remote_id = $2`, e.URI, from.ID))
	case Block:
		if err := exec(`delete from fediverse_followers where actor_id = $1 and remote_id = $2`, e.Actor, from.ID); err != nil {
			return err
		}
		return s.answered(ctx, tx, from, e.Actor, Block)
	case Accept, Reject:
		return s.answered(ctx, tx, from, e.Actor, e.Deed)
	case Keep, Change:
		return s.keep(ctx, tx, from, e)
	case Forget:
		return exec(`delete from fediverse_posts where uri = $1 and remote_id = $2`, e.URI, from.ID)
	case Refresh:
		return jobs.Enqueue(ctx, tx, jobs.Job{Kind: JobRefresh, Args: refreshing{from.ID}, UniqueKey: "fediverse.refresh:" + activity})
	case Vanish:
		return forgetRemotes(ctx, tx, []int64{from.ID})
	}
	return nil
}

const insertReaction = `
insert into fediverse_reactions (object_id, remote_id, kind, activity, at)
select o.id, $2, $3, $4, now() from fediverse_objects o where o.id = $1 and o.deleted_at is null on conflict do nothing`

const insertFollower = `
insert into fediverse_followers (actor_id, remote_id, activity, at)
select a.id, $2, $3, now() from fediverse_actors a where a.id = $1 and a.closed_at is null and a.kind <> 'site'
on conflict (actor_id, remote_id) do update set activity = excluded.activity`

// followed takes a follower in and says so; whoever follows already is told again.
func (s *Service) followed(ctx context.Context, tx *sqlx.Tx, from Remote, actor int64, activity string) error {
	r, err := tx.ExecContext(ctx, insertFollower, actor, from.ID, activity)
	if err != nil {
		return fmt.Errorf("take a follower in: %w", postgres.Translate(err))
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return err
	}
	return queueOne(ctx, tx, actor, from.ID, "accept", activity)
}

// answered moves our request to follow somebody on.
func (s *Service) answered(ctx context.Context, tx *sqlx.Tx, from Remote, actor int64, d Deed) error {
	var state FollowState
	err := tx.GetContext(ctx, &state, `select state from fediverse_follows where actor_id = $1 and remote_id = $2 for no key update`, actor, from.ID)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read follow: %w", err)
	}
	next, ok := NextFollow(state, d)
	if !ok {
		return nil
	}
	_, err = tx.ExecContext(ctx, `update fediverse_follows set state = $3, answered_at = now() where actor_id = $1 and remote_id = $2`, actor, from.ID, next)
	return postgres.Translate(err)
}

const insertPost = `
insert into fediverse_posts (remote_id, uri, url, html, warning, lang, pictures, published_at, received_at)
select $1, $2, $3, $4, $5, $6, $7, $8, now() where exists (select 1 from fediverse_follows where remote_id = $1 and state = 'accepted')
on conflict (uri) do nothing`

const updatePost = `
update fediverse_posts set url = $3, html = $4, warning = $5, lang = $6, pictures = $7 where uri = $2 and remote_id = $1`

// keep takes a post in that somebody here follows the author of. A date in the future is now.
func (s *Service) keep(ctx context.Context, tx *sqlx.Tx, from Remote, e Effect) error {
	n, now := e.Post, s.Clock()
	at := n.Published
	if at.IsZero() || at.After(now) || at.Before(now.AddDate(-50, 0, 0)) {
		at = now
	}
	args := []any{from.ID, n.ID, n.URL, wire.Clean(n.HTML), wire.Line(n.Warning, 300), n.Lang, n.Pictures}
	query := updatePost
	if e.Deed == Keep {
		query, args = insertPost, append(args, at)
	}
	_, err := tx.ExecContext(ctx, query, args...)
	return postgres.Translate(err)
}

// Incoming makes a wire.Request of what came to an inbox.
func Incoming(r *http.Request, body []byte) wire.Request {
	return wire.Request{Method: r.Method, Target: r.URL.RequestURI(), Header: r.Header, Body: body}
}
