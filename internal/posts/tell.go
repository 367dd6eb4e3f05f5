package posts

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"relais/internal/groups"
	"relais/internal/i18n"
	"relais/internal/notices"
	"relais/internal/postgres"
)

// in is a notice about a post in a circle. Its title names no circle: it may be read on a screen that others see.
func (s *Service) in(v View, to int64, event, subject string) notices.Notice {
	return notices.Notice{MemberID: to, Kind: notices.Talk, Sphere: notices.Topic(v.Group.Sphere), Event: event, Subject: subject, At: s.now(),
		Path: fmt.Sprintf("/g/%s/p/%d", v.Group.Handle, v.ID), Args: notices.Args{"Circle": v.Group.Name}}
}

const selectCommentedBy = `select c.author_id from comments c join group_members m on m.group_id = c.group_id and m.member_id = c.author_id where c.id = $1`

// tellSaid tells who wrote a post of a comment on it, and who wrote a comment of an answer to it: once each, never of their own words, and
// only who is in the circle still.
func (s *Service) tellSaid(ctx context.Context, tx *sqlx.Tx, v View, said Said, id int64) error {
	subject := fmt.Sprintf("comment:%d", id)
	asked := v.AuthorID
	if said.ParentID != 0 {
		var authors []int64
		if err := tx.SelectContext(ctx, &authors, selectCommentedBy, said.ParentID); err != nil {
			return postgres.Translate(err)
		}
		for _, author := range authors {
			if author == said.Author {
				continue
			}
			if err := notices.Tell(ctx, tx, s.in(v, author, "answer", subject)); err != nil {
				return err
			}
			if author == asked {
				return nil // told as the one who is answered
			}
		}
	}
	inside, err := s.inside(ctx, tx, v, asked)
	if err != nil || !inside || asked == said.Author {
		return err
	}
	return notices.Tell(ctx, tx, s.in(v, asked, "comment", subject))
}

// tellReaction tells who wrote a post that others react to it: once a day and circle, however many do.
func (s *Service) tellReaction(ctx context.Context, tx *sqlx.Tx, v View, by int64) error {
	inside, err := s.inside(ctx, tx, v, v.AuthorID)
	if err != nil || !inside || v.AuthorID == by {
		return err
	}
	return notices.Tell(ctx, tx, s.in(v, v.AuthorID, "reactions", fmt.Sprintf("post:%d:%d:%s", v.ID, v.Group.ID, i18n.Day(s.now()))))
}

// inside says whether somebody is in the circle of a post: of one that they left nobody is told anything.
func (s *Service) inside(ctx context.Context, tx *sqlx.Tx, v View, memberID int64) (bool, error) {
	role, err := groups.RoleOf(ctx, tx, v.Group.ID, memberID)
	return role != groups.None, err
}
