package fediverse

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/fediverse/courier"
	"relais/internal/fediverse/wire"
	"relais/internal/jobs"
	"relais/internal/postgres"
)

const selectRemote = `
select id, uri, host, kind, username, name, url, inbox, shared_inbox, key_id, public_key, fetched_at, gone_at from fediverse_remotes where `

func remoteByURI(ctx context.Context, q sqlx.QueryerContext, uri string) (Remote, error) {
	var r Remote
	err := sqlx.GetContext(ctx, q, &r, selectRemote+`uri = $1 and gone_at is null`, uri)
	return r, err
}

const insertServer = `insert into fediverse_servers (host, seen_at) values ($1, now()) on conflict do nothing`

const upsertRemote = `
insert into fediverse_remotes (uri, host, kind, username, name, url, inbox, shared_inbox, key_id, public_key, fetched_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
on conflict (uri) do update set kind = excluded.kind, username = excluded.username, name = excluded.name, url = excluded.url, inbox = excluded.inbox,
  shared_inbox = excluded.shared_inbox, key_id = excluded.key_id, public_key = excluded.public_key, fetched_at = excluded.fetched_at, gone_at = null
returning id`

// fetchActor asks an actor's server who they are, and keeps it. The request is signed by the site's own actor, which many servers want.
func (s *Service) fetchActor(ctx context.Context, uri string) (Remote, error) {
	host := s.rules.HostOf(uri)
	if host == "" || host == s.host {
		return Remote{}, wire.ErrMalformed
	}
	if shut, err := suspended(ctx, s.DB, host); err != nil || shut {
		return Remote{}, errors.Join(err, ErrShutOut)
	}
	own, err := s.siteActor(ctx)
	if err != nil {
		return Remote{}, err
	}
	sign, err := s.signer(ctx, own.ID)
	if err != nil {
		return Remote{}, err
	}
	raw, err := s.client.Get(ctx, uri, sign, wire.ActivityJSON, wire.LinkedJSON)
	if err != nil {
		return Remote{}, err
	}
	a, err := s.rules.ParseActor(uri, raw)
	if err != nil {
		return Remote{}, err
	}
	r := Remote{URI: a.ID, Host: host, Kind: a.Kind, Username: a.Username, Name: a.Name, URL: a.URL, Inbox: a.Inbox, SharedInbox: a.SharedInbox,
		KeyID: a.KeyID, PublicKey: a.PublicKey, FetchedAt: s.Clock()}
	err = postgres.InTx(ctx, s.DB, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, insertServer, host); err != nil {
			return postgres.Translate(err)
		}
		return tx.GetContext(ctx, &r.ID, upsertRemote, r.URI, r.Host, r.Kind, r.Username, r.Name, r.URL, r.Inbox, r.SharedInbox, r.KeyID, r.PublicKey, r.FetchedAt)
	})
	if err != nil {
		return Remote{}, fmt.Errorf("keep remote actor: %w", err)
	}
	return r, nil
}

// find asks a server whose an account is (WebFinger), then who that is.
func (s *Service) find(ctx context.Context, user, host string) (Remote, error) {
	address := s.rules.Origin(host) + "/.well-known/webfinger?resource=" + url.QueryEscape("acct:"+user+"@"+host)
	raw, err := s.client.Get(ctx, address, nil, wire.JRD, "application/json")
	if err != nil {
		return Remote{}, err
	}
	uri, err := s.rules.ParseFinger(raw)
	if err != nil {
		return Remote{}, err
	}
	return s.fetchActor(ctx, uri)
}

// JobRefresh asks again who a remote actor is.
const JobRefresh = "fediverse.refresh"

type refreshing struct {
	Remote int64 `json:"remote"`
}

// Refresh is the handler of JobRefresh. Who cannot be reached stays as they were known.
func (s *Service) Refresh(ctx context.Context, w jobs.Work) error {
	var arg refreshing
	if err := w.Decode(&arg); err != nil {
		return err
	}
	var uri string
	if err := s.DB.GetContext(ctx, &uri, `select uri from fediverse_remotes where id = $1`, arg.Remote); err != nil {
		return fmt.Errorf("read remote actor: %w", err)
	}
	_, err := s.fetchActor(ctx, uri)
	switch {
	case errors.Is(err, courier.Status(http.StatusGone)), errors.Is(err, courier.Status(http.StatusNotFound)):
		return postgres.InTx(ctx, s.DB, func(tx *sqlx.Tx) error { return forgetRemotes(ctx, tx, []int64{arg.Remote}) })
	case err != nil:
		s.Log.DebugContext(ctx, "a remote actor was not refreshed", "error", err)
	}
	return nil
}

// forgetRemotes drops all that remote actors did here, and their posts.
func forgetRemotes(ctx context.Context, tx *sqlx.Tx, ids []int64) error {
	for _, statement := range []string{
		`delete from fediverse_followers where remote_id = any($1)`, `delete from fediverse_follows where remote_id = any($1)`,
		`delete from fediverse_posts where remote_id = any($1)`, `delete from fediverse_reactions where remote_id = any($1)`,
		`update fediverse_remotes set gone_at = now(), name = username where id = any($1)`,
	} {
		if _, err := tx.ExecContext(ctx, statement, pq.Array(ids)); err != nil {
			return fmt.Errorf("forget remote actors: %w", postgres.Translate(err))
		}
	}
	return nil
}
