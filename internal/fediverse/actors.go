package fediverse

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"relais/internal/catalog"
	"relais/internal/fault"
	"relais/internal/postgres"
)

const selectActor = `
select a.id, a.kind, coalesce(a.member_id, a.brand_id, 0) as owner_id, a.public_key, a.profile, a.opened_at, a.closed_at,
  m.blocked_at is not null or b.blocked_at is not null as blocked, coalesce(m.handle, b.handle, '') as handle,
  coalesce(nullif(s.title, ''), m.name, b.name, 'Relais') as name, coalesce(nullif(s.intro, ''), m.bio, b.tagline, '') as text,
  coalesce(m.lang, b.lang, 'fr') as lang, coalesce(i.hash, '') as icon_hash, coalesce(c.hash, '') as image_hash
from fediverse_actors a left join members m on m.id = a.member_id left join storefronts s on s.member_id = a.member_id
left join brands b on b.id = a.brand_id
left join media i on i.id = coalesce(m.picture_id, b.logo_id) left join media c on c.id = coalesce(s.cover_id, b.cover_id)
where `

func oneActor(ctx context.Context, q sqlx.QueryerContext, where string, args ...any) (Actor, error) {
	var a Actor
	err := sqlx.GetContext(ctx, q, &a, selectActor+where, args...)
	if errors.Is(err, sql.ErrNoRows) {
		return a, ErrClosed
	}
	if err != nil {
		return a, fmt.Errorf("read actor: %w", err)
	}
	return a, nil
}

// ByOwner is the open actor of a storefront or brand. ErrClosed where it is not open to others, or its owner is blocked.
func ByOwner(ctx context.Context, q sqlx.QueryerContext, o Owner) (Actor, error) {
	a, err := oneActor(ctx, q, `a.kind = $1 and coalesce(a.member_id, a.brand_id, 0) = $2 and a.closed_at is null`, o.Kind, o.ID)
	if err == nil && a.Blocked {
		err = ErrClosed
	}
	return a, err
}

// Followable says whether a storefront or brand is open to others: for the head of its page.
func Followable(ctx context.Context, q sqlx.QueryerContext, o Owner) (actorID int64, err error) {
	a, err := ByOwner(ctx, q, o)
	if errors.Is(err, ErrClosed) {
		err = nil
	}
	return a.ID, err
}

const insertActor = `
insert into fediverse_actors (kind, member_id, brand_id, public_key, private_key, opened_at)
values ($1, case when $1 = 'storefront' then $2::bigint end, case when $1 = 'brand' then $2::bigint end, $3, $4, $5)
on conflict (kind, coalesce(member_id, brand_id, 0)) where closed_at is null do nothing`

// may says whether a member decides about a storefront or brand: NotFound for strangers, Forbidden for a brand's staff.
func may(ctx context.Context, q sqlx.QueryerContext, by int64, o Owner) error {
	if o.Kind == Storefront && by == o.ID {
		return nil
	}
	if o.Kind != Brand {
		return fault.New(fault.NotFound, "fault.page_not_found")
	}
	switch role, err := catalog.Role(ctx, q, o.ID, by); {
	case err != nil:
		return err
	case role == catalog.NoRole:
		return fault.New(fault.NotFound, "fault.page_not_found")
	case role != catalog.Owner:
		return fault.New(fault.Forbidden, "fault.catalog.owner_only")
	}
	return nil
}

// Open makes a storefront or brand followable from elsewhere, with what it has published so far. Who may: the member, the brand's
// owners. Twice is once.
func (s *Service) Open(ctx context.Context, by int64, o Owner) error {
	if err := may(ctx, s.DB, by, o); err != nil {
		return err
	}
	public, sealed, err := s.seal.newKey() // takes a moment: not within the transaction
	if err != nil {
		return err
	}
	return postgres.InTx(ctx, s.DB, func(tx *sqlx.Tx) error {
		if err := may(ctx, tx, by, o); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, insertActor, o.Kind, o.ID, public, sealed, s.Now()); err != nil {
			return fmt.Errorf("open to others: %w", postgres.Translate(err))
		}
		a, err := ByOwner(ctx, tx, o)
		if err != nil {
			return err
		}
		return s.reconcile(ctx, tx, a)
	})
}

// Close ends it: what was published is gone here, and the servers of the followers are asked to forget it. Twice is once.
func (s *Service) Close(ctx context.Context, by int64, o Owner) error {
	return postgres.InTx(ctx, s.DB, func(tx *sqlx.Tx) error {
		if err := may(ctx, tx, by, o); err != nil {
			return err
		}
		a, err := oneActor(ctx, tx, `a.kind = $1 and coalesce(a.member_id, a.brand_id, 0) = $2 and a.closed_at is null for update of a`, o.Kind, o.ID)
		if errors.Is(err, ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		return s.end(ctx, tx, a)
	})
}

// end closes an actor. Those it follows are told too, since their posts no longer have a reader here.
func (s *Service) end(ctx context.Context, tx *sqlx.Tx, a Actor) error {
	if err := s.unfollowAll(ctx, tx, a.ID); err != nil {
		return err
	}
	if err := queue(ctx, tx, a.ID, "gone", 0); err != nil {
		return err
	}
	for _, statement := range []string{
		`update fediverse_actors set closed_at = $2 where id = $1`,
		`update fediverse_objects set deleted_at = $2 where actor_id = $1 and deleted_at is null`,
	} {
		if _, err := tx.ExecContext(ctx, statement, a.ID, s.Now()); err != nil {
			return fmt.Errorf("close actor: %w", err)
		}
	}
	if _, err := tx.ExecContext(ctx, `delete from fediverse_followers where actor_id = $1`, a.ID); err != nil {
		return fmt.Errorf("drop followers: %w", err)
	}
	return nil
}

// siteActor is the actor that signs what the site asks for; it is made the first time.
func (s *Service) siteActor(ctx context.Context) (Actor, error) {
	a, err := ByOwner(ctx, s.DB, Owner{Kind: site})
	if !errors.Is(err, ErrClosed) {
		return a, err
	}
	public, sealed, err := s.seal.newKey()
	if err != nil {
		return a, err
	}
	if _, err := s.DB.ExecContext(ctx, insertActor, site, 0, public, sealed, s.Now()); err != nil {
		return a, fmt.Errorf("make the site's actor: %w", err)
	}
	return ByOwner(ctx, s.DB, Owner{Kind: site})
}
