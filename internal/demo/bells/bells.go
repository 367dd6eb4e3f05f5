// Package bells has the members of the demo say how they want to be told, and read what they were told.
package bells

import (
	"context"

	"github.com/jmoiron/sqlx"

	"relais/internal/demo/content"
	"relais/internal/notices"
)

// newest is how many notices each member of the demo has not read yet.
const newest = 4

// Who wants what otherwise than at first: sales of a busy relay once a day, and somebody who reads letters of nothing but what is due.
const (
	busy  = "lea"
	quiet = "paul-henri"
)

// Choose has some members say how they want to be told; id is the number of a member by their handle.
func Choose(ctx context.Context, s *notices.Service, id func(handle string) int64) error {
	for handle, how := range map[string]notices.Choice{busy: notices.Daily, quiet: notices.Never} {
		var settings []notices.Setting
		for _, n := range notices.Kinds() {
			if n.Topic == notices.Money && !n.Due && n.Kind != notices.Payout {
				settings = append(settings, notices.Setting{Kind: n.Kind, Mail: how, Push: n.Push, Listed: true})
			}
		}
		if err := s.Save(ctx, id(handle), settings, "Europe/Paris"); err != nil {
			return err
		}
	}
	return nil
}

// Read has all members read what they were told, but for the newest.
func Read(ctx context.Context, q sqlx.QueryerContext, s *notices.Service, all []content.Member, id func(handle string) int64) error {
	for _, m := range all {
		for _, side := range notices.Spheres() {
			list, _, err := notices.List(ctx, q, id(m.Handle), notices.Filter{Side: side})
			if err != nil {
				return err
			}
			if len(list) <= newest {
				continue
			}
			if err := s.MarkAll(ctx, id(m.Handle), list[newest].ID, notices.Filter{Side: side}); err != nil {
				return err
			}
		}
	}
	return nil
}
