package follows

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/groups"
	"relais/internal/postgres"
)

// Service is the use cases of this package. Create it with New.
type Service struct {
	db  *sqlx.DB
	now func() time.Time // business time
}

// New makes the Service.
func New(db *sqlx.DB, now func() time.Time) *Service { return &Service{db: db, now: now} }

const (
	lockFollower = `select blocked_at is not null from members where id = $1 for no key update`
	countFollows = `
select count(*) from follows where follower_id = $1
  and row(member_id, brand_id, group_id) is distinct from row(nullif($2::bigint, 0), nullif($3::bigint, 0), nullif($4::bigint, 0))`

	// A circle is held as it is until the follow is there: whoever closes it, or bans the follower, finds it.
	lockCircle   = `select 1 from groups where id = $1 for share`
	insertFollow = `
insert into follows (follower_id, member_id, brand_id, group_id, sphere, at) values ($1, nullif($2::bigint, 0), nullif($3::bigint, 0), nullif($4::bigint, 0), $5, $6)
on conflict on constraint follows_once do update set sphere = excluded.sphere where follows.sphere <> excluded.sphere`
)

// Follow has a member follow something, or changes the sphere in which they do; twice is once. Faults: ErrGone and groups.ErrGone for what is
// not there, or not for them; ErrSelf, ErrInside, groups.ErrBanned, ErrFull, Forbidden for who is blocked, the field sphere.
func (s *Service) Follow(ctx context.Context, followerID int64, k Kind, handle string, asked groups.Sphere) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		var blocked bool
		if err := tx.GetContext(ctx, &blocked, lockFollower, followerID); err != nil {
			return postgres.Translate(err)
		}
		if blocked {
			return fault.New(fault.Forbidden, "follow.gone")
		}
		t, own, err := s.target(ctx, tx, followerID, k, handle)
		if err != nil {
			return err
		}
		sphere, err := SphereOf(k, own, asked)
		if err != nil {
			return err
		}
		var n int
		if err := tx.GetContext(ctx, &n, countFollows, followerID, t.member, t.brand, t.circle); err != nil {
			return postgres.Translate(err)
		}
		if n >= Most {
			return ErrFull
		}
		if _, err := tx.ExecContext(ctx, insertFollow, followerID, t.member, t.brand, t.circle, sphere, s.now()); err != nil {
			return fmt.Errorf("follow: %w", postgres.Translate(err))
		}
		return nil
	})
}

// target is what a follow leads to: one of the numbers, the others are 0.
type target struct{ member, brand, circle int64 }

const (
	selectMember = `select id from members where handle = $1 and blocked_at is null`
	selectBrand  = `select id from brands where handle = $1 and blocked_at is null`
)

// target finds what a member may follow; sphere is a circle's own.
func (s *Service) target(ctx context.Context, tx *sqlx.Tx, followerID int64, k Kind, handle string) (t target, sphere groups.Sphere, err error) {
	switch k {
	case Member:
		if t.member, err = idOf(ctx, tx, selectMember, handle); err == nil && t.member == followerID {
			err = ErrSelf
		}
	case Brand:
		t.brand, err = idOf(ctx, tx, selectBrand, handle)
	case Circle:
		return s.circle(ctx, tx, followerID, handle)
	default:
		err = ErrGone
	}
	return t, sphere, err
}

func (s *Service) circle(ctx context.Context, tx *sqlx.Tx, followerID int64, handle string) (target, groups.Sphere, error) {
	g, err := groups.ByHandle(ctx, tx, handle)
	if err != nil {
		return target{}, "", err
	}
	if _, err := tx.ExecContext(ctx, lockCircle, g.ID); err != nil {
		return target{}, "", postgres.Translate(err)
	}
	if g, err = groups.ByID(ctx, tx, g.ID); err != nil { // as it is now that it is locked
		return target{}, "", err
	}
	standing, err := groups.StandingOf(ctx, tx, g.ID, followerID)
	if err != nil {
		return target{}, "", err
	}
	return target{circle: g.ID}, g.Sphere, MayFollow(g, standing)
}

func idOf(ctx context.Context, q sqlx.QueryerContext, query, handle string) (int64, error) {
	var id int64
	err := postgres.Translate(sqlx.GetContext(ctx, q, &id, query, handle))
	if errors.Is(err, fault.NotFound) {
		err = ErrGone
	}
	return id, err
}

const deleteFollow = `
delete from follows f where f.follower_id = $1 and case $2
  when 'member' then f.member_id = (select id from members where handle = $3)
  when 'brand' then f.brand_id = (select id from brands where handle = $3)
  when 'circle' then f.group_id = (select id from groups where handle = $3) end`

// Unfollow ends a follow. Without one it does nothing, whatever is there or not.
func (s *Service) Unfollow(ctx context.Context, followerID int64, k Kind, handle string) error {
	if _, err := s.db.ExecContext(ctx, deleteFollow, followerID, k, handle); err != nil {
		return fmt.Errorf("unfollow: %w", postgres.Translate(err))
	}
	return nil
}

// Forget is the free function in a transaction of its own.
func (s *Service) Forget(ctx context.Context, memberID int64) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error { return Forget(ctx, tx, memberID) })
}
