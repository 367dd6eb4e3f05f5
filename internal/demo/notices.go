package demo

import (
	"context"

	"relais/internal/demo/bells"
)

// id is the number of a member.
func (m *maker) id(handle string) int64 { return m.people[handle].id }

// choose has some members say how they want to be told, before anything happens.
func (m *maker) choose(ctx context.Context) error { return bells.Choose(ctx, m.Notices, m.id) }

// readNotices has everybody read what they were told, but for the newest.
func (m *maker) readNotices(ctx context.Context) error {
	return bells.Read(ctx, m.DB, m.Notices, m.content.Members, m.id)
}
