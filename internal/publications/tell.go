package publications

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"relais/internal/notices"
)

// about is what notices about a publication have in common. The same revision that is asked for again is told again.
func (s *Service) about(p Publication, e Event, revision int) notices.Notice {
	args := notices.Args{"Title": p.Title, "Brand": p.BrandName, "Name": p.AuthorName, "Rate": Percent(p.RoyaltyBps)}
	if p.Why != "" {
		args["Why"] = p.Why
	}
	return notices.Notice{Kind: notices.Publication, Event: string(e), Subject: fmt.Sprintf("publication:%d:%d:%d", p.ID, revision, p.LastStep), Path: p.Path(), At: s.now(), Args: args}
}

// tellAuthor tells the author of a publication.
func (s *Service) tellAuthor(ctx context.Context, tx *sqlx.Tx, p Publication, e Event, revision int) error {
	n := s.about(p, e, revision)
	n.MemberID = p.AuthorID
	return notices.Tell(ctx, tx, n)
}

// tellTeam tells the team of its brand.
func (s *Service) tellTeam(ctx context.Context, tx *sqlx.Tx, p Publication, e Event, revision int) error {
	n := s.about(p, e, revision)
	n.Kind, n.Path = notices.BrandDesign, p.Desk()
	return notices.TellTeam(ctx, tx, p.BrandID, n)
}

// tellListed tells the author; whose design it varies, of the first revision; and the team, where it was accepted by itself.
func (s *Service) tellListed(ctx context.Context, tx *sqlx.Tx, p Publication, e Event, by *int64) error {
	if err := s.tellAuthor(ctx, tx, p, e, p.Revision); err != nil {
		return err
	}
	if by == nil {
		if err := s.tellTeam(ctx, tx, p, e, p.Revision); err != nil {
			return err
		}
	}
	if p.ParentID == nil || e != List {
		return nil
	}
	parent, err := ByID(ctx, tx, *p.ParentID)
	if err != nil || parent.AuthorID == p.AuthorID {
		return err
	}
	n := s.about(p, "varied", p.Revision)
	n.MemberID, n.Args["Original"], n.Args["Rate"] = parent.AuthorID, parent.Title, Percent(parent.RoyaltyBps)
	return notices.Tell(ctx, tx, n)
}
