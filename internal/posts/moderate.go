package posts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/fault"
	"relais/internal/groups"
	"relais/internal/postgres"
)

// subject is a post or comment in a circle, as a desk reads it.
type subject struct {
	PlaceID   int64          `db:"place_id"`
	CommentID int64          `db:"comment_id"` // 0: the post itself
	GroupID   int64          `db:"group_id"`
	Handle    string         `db:"handle"` // of the circle
	PostID    int64          `db:"post_id"`
	AuthorID  int64          `db:"author_id"`
	Author    string         `db:"author"`
	Text      string         `db:"text"`
	RemovedAt *time.Time     `db:"removed_at"`
	DeletedAt *time.Time     `db:"deleted_at"`
	Photos    pq.StringArray `db:"photos"` // hashes of those it has, and of those it had
}

// selectPostSubjects reads the words as the circle read them: what its author wrote after the post was gone there is not its moderators' to read.
const selectPostSubjects = `
select f.id as place_id, 0 as comment_id, f.group_id, g.handle, f.post_id, p.author_id, m.name as author,
  coalesce((select v.text from post_versions v where v.post_id = f.post_id and v.until >= least(f.removed_at, f.gone_at) order by v.version limit 1), p.text) as text,
  f.removed_at, coalesce(p.deleted_at, f.gone_at) as deleted_at,
  array(select x.hash from post_photos n join media x on x.id = n.media_id where n.post_id = p.id
    union select h->>'hash' from post_versions v, jsonb_array_elements(v.photos) h where v.post_id = p.id order by 1) as photos
from post_groups f join groups g on g.id = f.group_id join posts p on p.id = f.post_id join members m on m.id = p.author_id where f.id = any($1)`

const selectCommentSubjects = `
select f.id as place_id, c.id as comment_id, c.group_id, g.handle, c.post_id, c.author_id, m.name as author, c.text, c.removed_at, c.deleted_at, '{}'::text[] as photos
from comments c join post_groups f on f.post_id = c.post_id and f.group_id = c.group_id join groups g on g.id = c.group_id join members m on m.id = c.author_id where c.id = any($1)`

// subjectsOf reads posts by the numbers of their places, or comments by their own.
func subjectsOf(ctx context.Context, q sqlx.QueryerContext, k groups.Kind, ids ...int64) ([]subject, error) {
	query := selectPostSubjects
	if k == groups.AComment {
		query = selectCommentSubjects
	}
	var list []subject
	if err := sqlx.SelectContext(ctx, q, &list, query, pq.Array(ids)); err != nil {
		return nil, fmt.Errorf("read what was reported: %w", postgres.Translate(err))
	}
	return list, nil
}

// Subjects is how the desks of circles read a report on a post or comment, and take it down. A post is reported in one circle: what is
// reported, and removed, is its place there.
func (s *Service) Subjects(k groups.Kind) groups.Subjects {
	return groups.Subjects{
		Describe: func(ctx context.Context, q sqlx.QueryerContext, ids []int64) (map[int64]groups.Subject, error) {
			list, err := subjectsOf(ctx, q, k, ids...)
			known := make(map[int64]groups.Subject, len(list))
			for _, one := range list {
				id, path := one.PlaceID, fmt.Sprintf("/g/%s/p/%d", one.Handle, one.PostID)
				if k == groups.AComment {
					id, path = one.CommentID, fmt.Sprintf("%s#c-%d", path, one.CommentID)
				}
				known[id] = groups.Subject{Title: one.Author, Excerpt: one.Text, URL: path, Gone: one.RemovedAt != nil || one.DeletedAt != nil, Photos: one.Photos}
			}
			return known, err
		},
		Remove: func(ctx context.Context, tx *sqlx.Tx, id, by int64, why string) error {
			err := s.remove(ctx, tx, k, id, by, why)
			if errors.Is(err, ErrDecided) {
				return nil
			}
			return err
		},
	}
}

// reason checks why something is removed.
func reason(why string) (string, error) {
	why, err := Words("why", why, MaxWhy)
	if err == nil && why == "" {
		err = fault.Field("why", "posts.why_missing")
	}
	return why, err
}

// RemovePost takes a post out of a circle, for those who moderate it; its author reads why. Faults of Look, ErrDecided, the field why.
func (s *Service) RemovePost(ctx context.Context, by int64, handle string, postID int64, why string) error {
	return s.moderated(ctx, why, func(tx *sqlx.Tx, why string) error {
		v, err := Look(ctx, tx, by, handle, postID, ReadHistory)
		if err == nil && !v.Standing.Live {
			err = ErrDecided
		} else if err == nil && !v.May(RemovePost) {
			err = ErrForbidden
		}
		if err != nil {
			return err
		}
		if err := s.remove(ctx, tx, groups.APost, v.Seat.ID, by, why); err != nil {
			return err
		}
		return groups.Note(ctx, tx, groups.Deed{GroupID: v.Group.ID, By: by, Whom: v.AuthorID, Action: "post_removed", Subject: fmt.Sprintf("post:%d", v.ID), Why: why}, s.now())
	})
}

// RemoveComment takes a comment down, for those who moderate the circle. Faults of LookAt, ErrDecided, the field why.
func (s *Service) RemoveComment(ctx context.Context, by int64, handle string, postID, commentID int64, why string) error {
	return s.moderated(ctx, why, func(tx *sqlx.Tx, why string) error {
		v, c, err := LookAt(ctx, tx, by, handle, postID, commentID, RemoveComment)
		if err != nil {
			return err
		}
		if err := s.remove(ctx, tx, groups.AComment, c.ID, by, why); err != nil {
			return err
		}
		return groups.Note(ctx, tx, groups.Deed{GroupID: v.Group.ID, By: by, Whom: c.AuthorID, Action: "comment_removed", Subject: fmt.Sprintf("comment:%d", c.ID), Why: why}, s.now())
	})
}

func (s *Service) moderated(ctx context.Context, why string, do func(tx *sqlx.Tx, why string) error) error {
	why, err := reason(why)
	if err != nil {
		return err
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error { return do(tx, why) })
}

const (
	removePost    = `update post_groups set removed_at = $2, removed_by = $3, removed_why = $4 where id = $1 and removed_at is null and gone_at is null and published_at is not null`
	removeComment = `update comments set removed_at = $2, removed_by = $3, removed_why = $4 where id = $1 and removed_at is null and deleted_at is null`
)

// remove writes the removal of a place or comment, tells its author and logs it. The caller has made sure that by may. ErrDecided where
// there is nothing left to remove.
func (s *Service) remove(ctx context.Context, tx *sqlx.Tx, k groups.Kind, id, by int64, why string) error {
	found, err := subjectsOf(ctx, tx, k, id)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return ErrGone
	}
	one := found[0]
	query, template, name := removePost, "post_removed", fmt.Sprintf("place:%d", id)
	if k == groups.AComment {
		query, template, name = removeComment, "comment_removed", fmt.Sprintf("comment:%d", id)
	}
	r, err := tx.ExecContext(ctx, query, id, s.now(), by, why)
	if err != nil {
		return fmt.Errorf("remove %s: %w", name, postgres.Translate(err))
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return errors.Join(ErrDecided, err)
	}
	g, err := groups.ByID(ctx, tx, one.GroupID)
	if err != nil {
		return err
	}
	data := told{Post: Post{ID: one.PostID, Text: one.Text}, Comment: Comment{ID: one.CommentID, PostID: one.PostID, Text: one.Text}, Group: g, Why: why}
	if err := s.tell(ctx, tx, one.AuthorID, template, name+":removed", data); err != nil {
		return err
	}
	return audit(ctx, tx, s.now(), by, string(k)+" removed", name, map[string]any{"why": why, "author": one.AuthorID})
}

// Report puts a post, or a comment on it where commentID is not 0, on the desk of those who decide. Faults of Look and LookAt, and of
// groups.Report.
func (s *Service) Report(ctx context.Context, viewer int64, handle string, postID, commentID int64, why groups.Reason, text string) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		r := groups.Reported{ReporterID: viewer, Reason: why, Text: text}
		if commentID != 0 {
			v, c, err := LookAt(ctx, tx, viewer, handle, postID, commentID, ReportComment)
			if err != nil {
				return err
			}
			r.GroupID, r.Kind, r.SubjectID, r.AboutID = v.Group.ID, groups.AComment, c.ID, c.AuthorID
		} else {
			v, err := Look(ctx, tx, viewer, handle, postID, ReportPost)
			if err != nil {
				return err
			}
			r.GroupID, r.Kind, r.SubjectID, r.AboutID = v.Group.ID, groups.APost, v.Seat.ID, v.AuthorID
		}
		return groups.Report(ctx, tx, r, s.now())
	})
}
