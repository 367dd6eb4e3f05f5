package groups

import (
	"context"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/postgres"
)

const columns = `g.id, g.handle, g.name, g.description, g.rules, g.sphere, g.visibility, g.admission, g.picture, g.created_by, g.created_at, g.closed_at`

const selectByHandle = `select ` + columns + ` from groups g where g.handle = $1`

// ByHandle returns the circle of that handle, or ErrGone. It says nothing about who may know of it: CanFind does.
func ByHandle(ctx context.Context, q sqlx.QueryerContext, handle string) (Group, error) {
	return one(ctx, q, selectByHandle, handle)
}

const selectByID = `select ` + columns + ` from groups g where g.id = $1`

// ByID returns a circle, or ErrGone.
func ByID(ctx context.Context, q sqlx.QueryerContext, id int64) (Group, error) {
	return one(ctx, q, selectByID, id)
}

func one(ctx context.Context, q sqlx.QueryerContext, query string, arg any) (Group, error) {
	var g Group
	err := postgres.Translate(sqlx.GetContext(ctx, q, &g, query, arg))
	if errors.Is(err, fault.NotFound) {
		return Group{}, ErrGone
	}
	if err != nil {
		return Group{}, fmt.Errorf("read circle: %w", err)
	}
	return g, nil
}

const selectRole = `select role from group_members where group_id = $1 and member_id = $2`

// RoleOf returns what a member is in a circle; None for a stranger and for nobody (memberID 0).
func RoleOf(ctx context.Context, q sqlx.QueryerContext, groupID, memberID int64) (Role, error) {
	var r Role
	err := postgres.Translate(sqlx.GetContext(ctx, q, &r, selectRole, groupID, memberID))
	if errors.Is(err, fault.NotFound) {
		return None, nil
	}
	if err != nil {
		return None, fmt.Errorf("read role in circle %d: %w", groupID, err)
	}
	return r, nil
}

const selectOf = `
select ` + columns + `, m.member_id, m.role, m.joined_at, m.shown from group_members m join groups g on g.id = m.group_id
where m.member_id = $1 order by g.closed_at is not null, lower(g.name), g.id`

// Of returns the circles that a member is in, closed ones last. It is for the member's own eyes: it tells of both spheres.
func Of(ctx context.Context, q sqlx.QueryerContext, memberID int64) ([]Membership, error) {
	var list []Membership
	if err := sqlx.SelectContext(ctx, q, &list, selectOf, memberID); err != nil {
		return nil, fmt.Errorf("read circles of member %d: %w", memberID, postgres.Translate(err))
	}
	return list, nil
}
