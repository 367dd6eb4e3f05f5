package posts

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"relais/internal/fault"
	"relais/internal/groups"
	"relais/internal/i18n"
	"relais/internal/mail"
	"relais/internal/members"
	"relais/internal/postgres"
)

const selectSaid = `select created_at from comments where author_id = $1 order by created_at desc limit $2`

const insertComment = `
insert into comments (post_id, group_id, parent_id, author_id, operation, text, created_at) values ($1, $2, $3, $4, $5, $6, $7)
on conflict (author_id, operation) do nothing returning id`

// Said is what somebody says about a post in a circle.
type Said struct {
	Author    int64
	Handle    string // of the circle
	PostID    int64
	ParentID  int64 // the comment that it answers; 0: of the post
	Operation string
	Text      string
}

// Comment adds a comment or an answer; sent twice it is one. It returns its number. Faults of Look, ErrComment for what cannot be answered,
// ErrAnswers, TooMany, the field text.
func (s *Service) Comment(ctx context.Context, said Said) (int64, error) {
	text, err := Words("text", said.Text, MaxComment)
	if err != nil {
		return 0, err
	}
	if text == "" {
		return 0, fault.Field("text", "posts.comment_missing")
	}
	var id int64
	err = postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		v, err := Look(ctx, tx, said.Author, said.Handle, said.PostID, Speak)
		if err != nil {
			return err
		}
		if err := answerable(ctx, tx, v, said.ParentID); err != nil {
			return err
		}
		if id, err = sent(ctx, tx, said); err != nil || id != 0 {
			return err
		}
		if err := inPace(ctx, tx, said.Author, CommentPaces, selectSaid, s.now()); err != nil {
			return err
		}
		if id, err = sent(ctx, tx, said); err != nil || id != 0 { // by another request, for which this one waited
			return err
		}
		err = tx.GetContext(ctx, &id, insertComment, v.ID, v.Group.ID, orNull(said.ParentID), said.Author, said.Operation, text, s.now())
		if err != nil {
			return postgres.Translate(err)
		}
		return s.tellSaid(ctx, tx, v, said, id)
	})
	if err != nil {
		return 0, fmt.Errorf("comment: %w", err)
	}
	return id, nil
}

// sent is the number of a comment that was sent before; 0: it was not.
func sent(ctx context.Context, tx *sqlx.Tx, said Said) (id int64, err error) {
	err = tx.GetContext(ctx, &id, `select coalesce((select id from comments where author_id = $1 and operation = $2), 0)`, said.Author, said.Operation)
	return id, postgres.Translate(err)
}

// answerable says whether a comment can be answered: it is there, is no answer itself, and has not had enough of them.
func answerable(ctx context.Context, tx *sqlx.Tx, v View, parentID int64) error {
	if parentID == 0 {
		return nil
	}
	parent, err := comment(ctx, tx, v.ID, v.Group.ID, parentID)
	if err != nil {
		return err
	}
	if parent.ParentID != 0 || parent.Gone() {
		return ErrComment
	}
	if _, err := tx.ExecContext(ctx, `select 1 from comments where id = $1 for no key update`, parentID); err != nil {
		return postgres.Translate(err)
	}
	var n int
	if err := tx.GetContext(ctx, &n, `select count(*) from comments where parent_id = $1`, parentID); err != nil {
		return postgres.Translate(err)
	}
	if n >= MaxAnswers {
		return ErrAnswers
	}
	return nil
}

// DeleteComment takes the author's own comment back. Faults of LookAt.
func (s *Service) DeleteComment(ctx context.Context, viewer int64, handle string, postID, commentID int64) error {
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, `select 1 from comments where id = $1 for update`, commentID); err != nil {
			return postgres.Translate(err)
		}
		if _, _, err := LookAt(ctx, tx, viewer, handle, postID, commentID, DeleteComment); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `update comments set deleted_at = $2 where id = $1`, commentID, s.now())
		return postgres.Translate(err)
	})
}

const (
	setReaction = `
insert into reactions (post_id, group_id, member_id, kind, at) values ($1, $2, $3, $4, $5)
on conflict (post_id, group_id, member_id) do update set kind = excluded.kind, at = excluded.at`
	dropReaction = `delete from reactions where post_id = $1 and group_id = $2 and member_id = $3`
)

// React is a member's one reaction to a post in a circle; the empty one takes it back. Faults of Look, the field kind.
func (s *Service) React(ctx context.Context, viewer int64, handle string, postID int64, kind string) error {
	if kind != "" && !slices.Contains(Reactions(), kind) {
		return fault.Field("kind", "posts.reaction_unknown")
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		v, err := Look(ctx, tx, viewer, handle, postID, Speak)
		if err != nil {
			return err
		}
		if kind == "" {
			_, err = tx.ExecContext(ctx, dropReaction, v.ID, v.Group.ID, viewer)
		} else {
			_, err = tx.ExecContext(ctx, setReaction, v.ID, v.Group.ID, viewer, kind, s.now())
		}
		if err != nil || kind == "" {
			return postgres.Translate(err)
		}
		return s.tellReaction(ctx, tx, v, viewer)
	})
}

// told is what letters about posts read.
type told struct {
	Post    Post
	Comment Comment
	Group   groups.Group
	Why     string
}

// tell writes to a member.
func (s *Service) tell(ctx context.Context, tx *sqlx.Tx, memberID int64, template, reference string, data told) error {
	var to struct {
		Email string    `db:"email"`
		Lang  i18n.Lang `db:"lang"`
	}
	if err := tx.GetContext(ctx, &to, `select email, lang from members where id = $1`, memberID); err != nil {
		return fmt.Errorf("write to member %d: %w", memberID, postgres.Translate(err))
	}
	return s.mail.Queue(ctx, tx, mail.Letter{To: to.Email, Lang: to.Lang, Template: template, Reference: reference, Data: data})
}

func audit(ctx context.Context, tx *sqlx.Tx, at time.Time, by int64, action, subject string, detail map[string]any) error {
	return members.Audit(ctx, tx, members.AuditEntry{At: at, ActorID: by, Action: action, Subject: subject, Detail: detail})
}
