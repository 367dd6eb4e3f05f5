package fediverse

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// Panel is what an owner sees of their own.
type Panel struct {
	Followers  int
	Published  int
	Objects    []Shown
	Deliveries []Delivered
}

// Shown is something published, with how often it was liked and boosted.
type Shown struct {
	Object
	Likes  int `db:"likes"`
	Boosts int `db:"boosts"`
}

// Delivered is one thing told to one server.
type Delivered struct {
	Host      string     `db:"host"`
	Kind      string     `db:"kind"`
	Title     string     `db:"title"` // of what it is about; empty: the actor itself
	State     string     `db:"state"`
	CreatedAt time.Time  `db:"created_at"`
	EndedAt   *time.Time `db:"ended_at"`
}

const selectShown = `
select o.id, o.actor_id, o.ref, o.lang, o.title, o.body, o.path, o.feed_path, o.media_hash, o.media_alt, o.earner, o.tags, o.published_at, o.updated_at, o.deleted_at,
  (select count(*) from fediverse_reactions r where r.object_id = o.id and r.kind = 'like') as likes,
  (select count(*) from fediverse_reactions r where r.object_id = o.id and r.kind = 'announce') as boosts
from fediverse_objects o where o.actor_id = $1 and o.deleted_at is null order by o.published_at desc, o.id desc limit 20`

const selectDelivered = `
select d.host, d.kind, coalesce(o.title, '') as title, d.state, d.created_at, d.ended_at
from fediverse_deliveries d left join fediverse_objects o on o.id = d.object_id where d.actor_id = $1 order by d.id desc limit 20`

// PanelOf is what became of an actor's words: the last twenty of each.
func PanelOf(ctx context.Context, q sqlx.QueryerContext, actorID int64) (p Panel, err error) {
	if p.Followers, err = count(ctx, q, `select count(*) from fediverse_followers where actor_id = $1`, actorID); err != nil {
		return p, err
	}
	if p.Published, err = count(ctx, q, `select count(*) from fediverse_objects where actor_id = $1 and deleted_at is null`, actorID); err != nil {
		return p, err
	}
	if err := sqlx.SelectContext(ctx, q, &p.Objects, selectShown, actorID); err != nil {
		return p, fmt.Errorf("read what is published: %w", err)
	}
	if err := sqlx.SelectContext(ctx, q, &p.Deliveries, selectDelivered, actorID); err != nil {
		return p, fmt.Errorf("read deliveries: %w", err)
	}
	return p, nil
}

// FeedLength is how many things a feed has.
const FeedLength = 50

// FeedOf is the actor of an owner with its newest things. ErrClosed where it is not open to others; was says that it once was.
func FeedOf(ctx context.Context, q sqlx.QueryerContext, o Owner) (a Actor, list []Object, was bool, err error) {
	if a, err = ByOwner(ctx, q, o); err != nil {
		n, failed := count(ctx, q, `select count(*) from fediverse_actors where kind = $1 and coalesce(member_id, brand_id, 0) = $2`, o.Kind, o.ID)
		if failed != nil {
			err = failed
		}
		return a, nil, n > 0, err
	}
	list, err = newest(ctx, q, a.ID, FeedLength, 0)
	return a, list, true, err
}

// Post is an object in words for a feed: where it leads, the word that marks an advertisement (empty: it is none), and its HTML.
func (s *Service) Post(o Object) (link, mark, html string) {
	p := s.post(o, o.FeedPath)
	if p.Label != "" {
		mark = o.Lang.T("federation.tag")
	}
	return p.Link, mark, p.HTML()
}
