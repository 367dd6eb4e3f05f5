package fediverse

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/postgres"
)

// MaxFollows is how many people elsewhere a member may follow.
const MaxFollows = 300

const upsertFollow = `
insert into fediverse_follows (actor_id, remote_id, state, asked_at) values ($1, $2, 'asked', now())
on conflict (actor_id, remote_id) do update set state = 'asked', asked_at = now(), answered_at = null where fediverse_follows.state = 'refused'
returning id`

// Follow asks to follow somebody elsewhere by their address (@lea@relais.example), in the name of the member's storefront, which has to be
// open to others. Twice is once; whoever refused is asked again. Faults: ErrNotOpen, and on field address, also ErrPace.
func (s *Service) Follow(ctx context.Context, memberID int64, address string) error {
	a, err := ByOwner(ctx, s.DB, Owner{Storefront, memberID})
	if errors.Is(err, ErrClosed) {
		return ErrNotOpen
	}
	if err != nil {
		return err
	}
	user, host, err := s.rules.Account(address)
	switch {
	case err != nil:
		return ErrAddress
	case host == s.host:
		return ErrHere
	}
	if shut, err := suspended(ctx, s.DB, host); err != nil || shut {
		return errors.Join(err, ErrSuspended)
	}
	if !s.paces.Allow(fmt.Sprintf("member %d", memberID), looksOf()) || !s.paces.Allow("find "+host, looksAt()) {
		return ErrPace
	}
	remote, err := s.find(ctx, user, host)
	if errors.Is(err, context.Canceled) {
		return err
	}
	if err != nil {
		return ErrUnanswered.Because(err)
	}
	return postgres.InTx(ctx, s.DB, func(tx *sqlx.Tx) error {
		n, err := count(ctx, tx, `select count(*) from fediverse_follows where actor_id = $1`, a.ID)
		if err != nil {
			return err
		}
		if n >= MaxFollows {
			return ErrFollows
		}
		var ids []int64
		if err := tx.SelectContext(ctx, &ids, upsertFollow, a.ID, remote.ID); err != nil || len(ids) == 0 {
			return postgres.Translate(err)
		}
		return queueOne(ctx, tx, a.ID, remote.ID, "follow", s.site.Follow(a.ID, ids[0]))
	})
}

// Unfollow ends it, and tells them. Their posts are dropped with the last who follows them. What is not followed is no fault.
func (s *Service) Unfollow(ctx context.Context, memberID, followID int64) error {
	return postgres.InTx(ctx, s.DB, func(tx *sqlx.Tx) error {
		var ids []int64
		err := tx.SelectContext(ctx, &ids, `select f.id from fediverse_follows f join fediverse_actors a on a.id = f.actor_id
			where f.id = $1 and a.kind = 'storefront' and a.member_id = $2 and a.closed_at is null`, followID, memberID)
		if err != nil || len(ids) == 0 {
			return postgres.Translate(err)
		}
		return s.unfollow(ctx, tx, followID)
	})
}

const deleteFollow = `delete from fediverse_follows where id = $1 returning actor_id, remote_id`

const dropPosts = `
delete from fediverse_posts where remote_id = $1 and not exists (select 1 from fediverse_follows where remote_id = $1 and state = 'accepted')`

func (s *Service) unfollow(ctx context.Context, tx *sqlx.Tx, id int64) error {
	var f struct {
		Actor  int64 `db:"actor_id"`
		Remote int64 `db:"remote_id"`
	}
	if err := tx.GetContext(ctx, &f, deleteFollow, id); err != nil {
		return fmt.Errorf("unfollow: %w", err)
	}
	if _, err := tx.ExecContext(ctx, dropPosts, f.Remote); err != nil {
		return fmt.Errorf("drop posts: %w", err)
	}
	return queueOne(ctx, tx, f.Actor, f.Remote, "unfollow", s.site.Follow(f.Actor, id))
}

func (s *Service) unfollowAll(ctx context.Context, tx *sqlx.Tx, actor int64) error {
	var ids []int64
	if err := tx.SelectContext(ctx, &ids, `select id from fediverse_follows where actor_id = $1 order by id for update`, actor); err != nil {
		return fmt.Errorf("read follows: %w", err)
	}
	for _, id := range ids {
		if err := s.unfollow(ctx, tx, id); err != nil {
			return err
		}
	}
	return nil
}

// Followed is somebody elsewhere whom a member follows, or asked to.
type Followed struct {
	Remote
	FollowID int64       `db:"follow_id"`
	State    FollowState `db:"state"`
	AskedAt  time.Time   `db:"asked_at"`
}

const selectFollowed = `
select f.id as follow_id, f.state, f.asked_at, r.id, r.uri, r.host, r.kind, r.username, r.name, r.url
from fediverse_follows f join fediverse_remotes r on r.id = f.remote_id where f.actor_id = $1 order by f.id desc limit $2`

// FollowedBy is whom an actor follows elsewhere, the last asked first.
func FollowedBy(ctx context.Context, q sqlx.QueryerContext, actorID int64) ([]Followed, error) {
	var list []Followed
	if err := sqlx.SelectContext(ctx, q, &list, selectFollowed, actorID, MaxFollows); err != nil {
		return nil, fmt.Errorf("read follows: %w", err)
	}
	return list, nil
}

// Post is a post of somebody elsewhere.
type Post struct {
	ID          int64     `db:"id"`
	Name        string    `db:"name"`
	Username    string    `db:"username"`
	Host        string    `db:"host"`
	Profile     string    `db:"profile"`
	URL         string    `db:"url"`
	HTML        string    `db:"html"` // sanitised
	Warning     string    `db:"warning"`
	Lang        string    `db:"lang"`
	Pictures    int       `db:"pictures"`
	PublishedAt time.Time `db:"published_at"`
}

const selectPosts = `
select p.id, r.name, r.username, r.host, r.url as profile, p.url, p.html, p.warning, p.lang, p.pictures, p.published_at
from fediverse_follows f join fediverse_posts p on p.remote_id = f.remote_id join fediverse_remotes r on r.id = p.remote_id
where f.actor_id = $1 and f.state = 'accepted' and ($2::bigint = 0 or
  (p.published_at, p.id) < (select b.published_at, b.id from fediverse_posts b where b.id = $2))
order by p.published_at desc, p.id desc limit $3`

// Posts are those of whom an actor follows elsewhere, the newest first; before is the number of the post to go on after, or 0.
func Posts(ctx context.Context, q sqlx.QueryerContext, actorID, before int64, limit int) ([]Post, error) {
	var list []Post
	if err := sqlx.SelectContext(ctx, q, &list, selectPosts, actorID, before, limit); err != nil {
		return nil, fmt.Errorf("read posts: %w", err)
	}
	return list, nil
}
