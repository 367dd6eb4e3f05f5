package demo

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"relais/internal/demo/content"
	"relais/internal/follows"
	"relais/internal/groups"
)

// makeFollows has members follow storefronts, brands and open circles, one after the other.
func (m *maker) makeFollows(ctx context.Context) error {
	for i, f := range m.content.Follows {
		m.at(m.now.AddDate(0, 0, -12).Add(time.Duration(i) * 5 * time.Hour))
		kind, name, err := m.followedBy(ctx, f)
		if err != nil {
			return err
		}
		if err := m.Follows.Follow(ctx, m.people[f.Who].id, kind, name, groups.Sphere(f.Sphere)); err != nil {
			return fmt.Errorf("%s follows %s: %w", f.Who, name, err)
		}
	}
	return nil
}

const selectCircle = `select handle from groups where name = $1`

// followedBy is the kind and handle of what somebody follows.
func (m *maker) followedBy(ctx context.Context, f content.Follow) (k follows.Kind, handle string, err error) {
	switch {
	case f.Circle != "":
		err = m.DB.GetContext(ctx, &handle, selectCircle, f.Circle)
		return follows.Circle, handle, err
	case f.Brand != "":
		return follows.Brand, f.Brand, nil
	}
	return follows.Member, cmp.Or(f.Member, f.Who), nil
}
