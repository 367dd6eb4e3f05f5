package groups

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"relais/internal/notices"
	"relais/internal/postgres"
)

// about is a notice about a circle, told in its sphere. Its title names no circle, as subjects of letters do not: a screen that opens before
// colleagues must not tell of the family.
func (s *Service) about(g Group, k notices.Kind, event, subject, path string) notices.Notice {
	return notices.Notice{Kind: k, Sphere: notices.Topic(g.Sphere), Event: event, Subject: subject, At: s.now(), Path: path, Args: notices.Args{"Circle": g.Name}}
}

// tellPlace tells somebody what became of their own place in a circle. Who is not in it any more is led to their own circles.
func (s *Service) tellPlace(ctx context.Context, tx *sqlx.Tx, g Group, memberID int64, event, subject string, written bool) error {
	path := "/g/" + g.Handle
	if event == "removed" || event == "banned" || event == "declined" || event == "invited" {
		path = "/me/groups"
	}
	n := s.about(g, notices.Circle, event, subject, path)
	n.MemberID, n.Written = memberID, written
	return notices.Tell(ctx, tx, n)
}

const selectDesk = `
select member_id from group_members where group_id = $1 and role in ('owner','moderator') and member_id <> $2 and member_id <> $3 order by member_id`

// tellDesk tells those who moderate a circle that something waits for them, but for the two whom it is about.
func tellDesk(ctx context.Context, tx *sqlx.Tx, groupID int64, n notices.Notice, by, about int64) error {
	var desk []int64
	if err := tx.SelectContext(ctx, &desk, selectDesk, groupID, by, about); err != nil {
		return fmt.Errorf("find who moderates circle %d: %w", groupID, postgres.Translate(err))
	}
	return notices.TellAll(ctx, tx, desk, n)
}

const selectInvited = `select id from members where email_normal = $1 and email_confirmed_at is not null`

// tellInvited tells the member of an address that an invitation is in their letters; the notice has no secret in it.
func (s *Service) tellInvited(ctx context.Context, tx *sqlx.Tx, g Group, address, subject string) error {
	var members []int64
	if err := tx.SelectContext(ctx, &members, selectInvited, address); err != nil {
		return postgres.Translate(err)
	}
	for _, m := range members {
		if err := s.tellPlace(ctx, tx, g, m, "invited", subject, true); err != nil {
			return err
		}
	}
	return nil
}
