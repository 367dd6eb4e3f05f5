package demo

import (
	"context"

	"relais/internal/notices"
)

// newest is how many notices each member of the demo has not read yet.
const newest = 4

// choose has some members say how they want to be told, before anything happens: a busy relay of sales once a day, and somebody of nothing but what is due.
func (m *maker) choose(ctx context.Context) error {
	for handle, how := range map[string]notices.Choice{"lea": notices.Daily, "paul-henri": notices.Never} {
		var settings []notices.Setting
		for _, n := range notices.Kinds() {
			if n.Topic == notices.Money && !n.Due && n.Kind != notices.Payout {
				settings = append(settings, notices.Setting{Kind: n.Kind, Mail: how, Push: n.Push, Listed: true})
			}
		}
		if err := m.Notices.Save(ctx, m.people[handle].id, settings, "Europe/Paris"); err != nil {
			return err
		}
	}
	return nil
}

// readNotices has everybody read what they were told, but for the newest.
func (m *maker) readNotices(ctx context.Context) error {
	for _, c := range m.content.Members {
		id := m.people[c.Handle].id
		for _, side := range notices.Spheres() {
			list, _, err := notices.List(ctx, m.DB, id, notices.Filter{Side: side})
			if err != nil {
				return err
			}
			if len(list) <= newest {
				continue
			}
			if err := m.Notices.MarkAll(ctx, id, list[newest].ID, notices.Filter{Side: side}); err != nil {
				return err
			}
		}
	}
	return nil
}
