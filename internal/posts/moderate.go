package posts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/groups"
	"relais/internal/postgres"
)

// Subject is a post or comment in a circle that somebody reported, as a desk reads it.
type Subject struct {
	Kind      groups.Kind
	GroupID   int64
	PostID    int64
	CommentID int64 // 0: the post itself
	AuthorID  int64
	Author    string
	Text      string
	Photos    []Photo
	At        time.Time
	EditedAt  *time.Time
	Gone      string // "", "removed", "deleted"
	Path      string // of its page in the circle
}

// SubjectOf reads what a report in a circle is about: for who decides there, whether or not others still see it. ErrGone, ErrComment.
func SubjectOf(ctx context.Context, q sqlx.QueryerContext, groupID int64, k groups.Kind, id int64) (Subject, error) {
	g, err := groups.ByID(ctx, q, groupID)
	if err != nil {
		return Subject{}, err
	}
	s := Subject{Kind: k, GroupID: groupID, PostID: id}
	if k == groups.AComment {
		list, err := commentsWhere(ctx, q, `where c.id = $1 and c.group_id = $2`, id, groupID)
		if err != nil {
			return s, err
		}
		if len(list) == 0 {
			return s, ErrComment
		}
		c := list[0]
		s.PostID, s.CommentID, s.AuthorID, s.Author, s.Text, s.At = c.PostID, c.ID, c.AuthorID, c.AuthorName, c.Text, c.CreatedAt
		s.Gone, s.Path = gone(c.RemovedAt, c.DeletedAt), fmt.Sprintf("/g/%s/p/%d#c-%d", g.Handle, c.PostID, c.ID)
		return s, nil
	}
	v, err := look(ctx, q, g, groups.None, 0, id)
	if err != nil {
		return s, err
	}
	s.AuthorID, s.Author, s.Text, s.Photos, s.At, s.EditedAt = v.AuthorID, v.AuthorName, v.Text, v.Photos, v.At, v.EditedAt
	deleted := v.DeletedAt
	if deleted == nil {
		deleted = v.Seat.GoneAt
	}
	s.Gone, s.Path = gone(v.Seat.RemovedAt, deleted), fmt.Sprintf("/g/%s/p/%d", g.Handle, v.ID)
	return s, nil
}

func gone(removed, deleted *time.Time) string {
	switch {
	case removed != nil:
		return "removed"
	case deleted != nil:
		return "deleted"
	}
	return ""
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
		return s.remove(ctx, tx, v.Group, groups.APost, v.ID, by, why)
	})
}

// RemoveComment takes a comment down, for those who moderate the circle. Faults of LookAt, ErrDecided, the field why.
func (s *Service) RemoveComment(ctx context.Context, by int64, handle string, postID, commentID int64, why string) error {
	return s.moderated(ctx, why, func(tx *sqlx.Tx, why string) error {
		v, c, err := LookAt(ctx, tx, by, handle, postID, commentID, RemoveComment)
		if err != nil {
			return err
		}
		return s.remove(ctx, tx, v.Group, groups.AComment, c.ID, by, why)
	})
}

func (s *Service) moderated(ctx context.Context, why string, do func(tx *sqlx.Tx, why string) error) error {
	why, err := reason(why)
	if err != nil {
		return err
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error { return do(tx, why) })
}

// Remove takes down what a report in a circle is about, in the transaction that decides the report. The caller has made sure that by may
// decide: a moderator of the circle, or the platform. What is gone already stays as it is. Faults: ErrGone, ErrComment, the field why.
func (s *Service) Remove(ctx context.Context, tx *sqlx.Tx, groupID int64, k groups.Kind, id, by int64, why string) error {
	why, err := reason(why)
	if err != nil {
		return err
	}
	g, err := groups.ByID(ctx, tx, groupID)
	if err != nil {
		return err
	}
	err = s.remove(ctx, tx, g, k, id, by, why)
	if errors.Is(err, ErrDecided) {
		return nil
	}
	return err
}

const (
	removePost    = `update post_groups set removed_at = $3, removed_by = $4, removed_why = $5 where post_id = $1 and group_id = $2 and removed_at is null and gone_at is null and published_at is not null`
	removeComment = `update comments set removed_at = $3, removed_by = $4, removed_why = $5 where id = $1 and group_id = $2 and removed_at is null and deleted_at is null`
)

// remove writes the removal, tells the author and logs it. ErrDecided where there is nothing left to remove.
func (s *Service) remove(ctx context.Context, tx *sqlx.Tx, g groups.Group, k groups.Kind, id, by int64, why string) error {
	subject, err := SubjectOf(ctx, tx, g.ID, k, id)
	if err != nil {
		return err
	}
	query, template, name := removePost, "post_removed", fmt.Sprintf("post:%d:group:%d", subject.PostID, g.ID)
	if k == groups.AComment {
		query, template, name = removeComment, "comment_removed", fmt.Sprintf("comment:%d", id)
	}
	r, err := tx.ExecContext(ctx, query, id, g.ID, s.now(), by, why)
	if err != nil {
		return fmt.Errorf("remove %s: %w", name, postgres.Translate(err))
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return errors.Join(ErrDecided, err)
	}
	data := told{Post: Post{ID: subject.PostID, Text: subject.Text}, Comment: Comment{ID: subject.CommentID, PostID: subject.PostID, Text: subject.Text}, Group: g, Why: why}
	if err := s.tell(ctx, tx, subject.AuthorID, template, name+":removed", data); err != nil {
		return err
	}
	return audit(ctx, tx, s.now(), by, string(k)+" removed", name, map[string]any{"why": why, "author": subject.AuthorID})
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
			r.GroupID, r.Kind, r.SubjectID, r.AboutID = v.Group.ID, groups.APost, v.ID, v.AuthorID
		}
		return groups.Report(ctx, tx, r, s.now())
	})
}
