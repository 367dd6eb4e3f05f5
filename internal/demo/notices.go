package demo

import (
	"context"
	"fmt"

	"relais/internal/notices"
)

// newest is how many notices each member of the demo has not read yet.
const newest = 4

// Who wants what otherwise than at first: sales of a busy relay once a day, and somebody who reads letters of nothing but what is due.
const (
	busy  = "lea"
	quiet = "paul-henri"
)

// choose has some members say how they want to be told, before anything happens.
func (m *maker) choose(ctx context.Context) error {
	for handle, how := range map[string]notices.Choice{busy: notices.Daily, quiet: notices.Never} {
		p, ok := m.people[handle]
		if !ok {
			return fmt.Errorf("there is no %s", handle)
		}
		var settings []notices.Setting
		for _, n := range notices.Kinds() {
			if n.Topic == notices.Money && !n.Due && n.Kind != notices.Payout {
				settings = append(settings, notices.Setting{Kind: n.Kind, Mail: how, Push: n.Push, Listed: true})
			}
		}
		if err := m.Notices.Save(ctx, p.id, settings, "Europe/Paris"); err != nil {
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
