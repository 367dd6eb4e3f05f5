package posts

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"relais/internal/groups"
	"relais/internal/postgres"
)

// selectShown are the places of a post by which somebody reads it who is not in their circles.
const selectShown = `
select f.id, f.group_id, p.author_id from post_groups f join posts p on p.id = f.post_id and p.state = 'published'
join members m on m.id = p.author_id and m.blocked_at is null join groups g on g.id = f.group_id and g.visibility = 'open' and g.closed_at is null
where f.post_id = $1 and p.author_id <> $2 and f.shown_by is not null and f.published_at is not null and f.removed_at is null and f.gone_at is null
  and exists (select 1 from follows w where w.follower_id = $2 and (w.group_id = f.group_id or w.member_id = f.shown_by and w.sphere = f.shown_sphere))
  and not exists (select 1 from group_members i where i.group_id = f.group_id and i.member_id = $2)
order by f.id`

// shownPlace is one of them.
type shownPlace struct {
	ID       int64 `db:"id"`
	GroupID  int64 `db:"group_id"`
	AuthorID int64 `db:"author_id"`
}

func shownTo(ctx context.Context, q sqlx.QueryerContext, viewer, postID int64) ([]shownPlace, error) {
	var there []shownPlace
	if err := sqlx.SelectContext(ctx, q, &there, selectShown, postID, viewer); err != nil {
		return nil, fmt.Errorf("read where post %d is shown: %w", postID, postgres.Translate(err))
	}
	if len(there) == 0 {
		return nil, ErrGone
	}
	return there, nil
}

// ShownTo is a post of somebody else for who follows its author or an open circle of it, and is in none of those: as far as it is shown outside.
// ErrGone where it is not.
func ShownTo(ctx context.Context, q sqlx.QueryerContext, viewer, postID int64) (Post, error) {
	if _, err := shownTo(ctx, q, viewer, postID); err != nil {
		return Post{}, err
	}
	list, err := postsWhere(ctx, q, `where p.id = $1`, postID)
	if err != nil || len(list) == 0 {
		return Post{}, err
	}
	return list[0], nil
}

// ReportOutside puts a post before those who moderate each circle that shows it to a follower, and before the platform. Where it is taken out
// there, it is not shown any more. Faults: ErrGone, and those of groups.Report.
func (s *Service) ReportOutside(ctx context.Context, viewer, postID int64, why groups.Reason, text string) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		there, err := shownTo(ctx, tx, viewer, postID)
		if err != nil {
			return err
		}
		for _, at := range there {
			r := groups.Reported{GroupID: at.GroupID, Kind: groups.APost, SubjectID: at.ID, AboutID: at.AuthorID, ReporterID: viewer, Reason: why, Text: text, Outside: true}
			if err := groups.Report(ctx, tx, r, s.now()); err != nil {
				return err
			}
		}
		return nil
	})
}
