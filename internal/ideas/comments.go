package ideas

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"relais/internal/i18n"
	"relais/internal/postgres"
	"relais/internal/prose"
)

const insertComment = `
insert into idea_comments (idea_id, author_id, operation, lang, text, at) values ($1, $2, $3, $4, $5, $6) on conflict (author_id, operation) do nothing`

const countComments = `select count(*) from idea_comments where author_id = $1 and at > $2`

// Comment says something about an idea that is not over. A second time with the same operation it changes nothing. ErrGone, ErrOver, ErrUnverified, ErrPace, the
// field text.
func (s *Service) Comment(ctx context.Context, memberID, id int64, operation string, lang i18n.Lang, text string) error {
	text, err := prose.Words("text", text, MaxComment, false)
	if err != nil {
		return err
	}
	return postgres.InTx(ctx, s.db, func(tx *sqlx.Tx) error {
		if err := person(ctx, tx, memberID); err != nil {
			return err
		}
		if err := s.inPace(ctx, tx, memberID, countComments, MaxComments); err != nil {
			return err
		}
		i, err := lock(ctx, tx, id)
		switch {
		case err != nil:
			return err
		case !i.Shown():
			return ErrGone
		case i.EndedAt != nil:
			return ErrOver
		}
		_, err = tx.ExecContext(ctx, insertComment, id, memberID, operation, lang, text, s.now())
		return postgres.Translate(err)
	})
}

const eraseComment = `update idea_comments set text = '', erased_at = $4 where id = $1 and idea_id = $2 and author_id = $3 and erased_at is null`

// EraseComment takes the words of a comment away, for its author. Where there is none of theirs it changes nothing.
func (s *Service) EraseComment(ctx context.Context, memberID, id, commentID int64) error {
	_, err := s.db.ExecContext(ctx, eraseComment, commentID, id, memberID, s.now())
	return postgres.Translate(err)
}

const selectComments = `
select c.id, c.idea_id, c.author_id, m.name as author_name, m.handle as author_handle, coalesce(p.hash, '') as author_picture, c.lang, c.text, c.at, c.erased_at, c.hidden_why,
  exists (select 1 from brand_members t where t.brand_id = i.brand_id and t.member_id = c.author_id) as team
from idea_comments c join ideas i on i.id = c.idea_id join members m on m.id = c.author_id left join media p on p.id = m.picture_id
where `

const readable = `c.erased_at is null and c.hidden_why = '' and m.blocked_at is null`

// Comments are what everybody reads about an idea and those that were merged into it, the newest first, and how many there are in all.
func Comments(ctx context.Context, q sqlx.QueryerContext, id int64, limit, offset int) (list []Comment, total int, err error) {
	err = sqlx.SelectContext(ctx, q, &list, selectComments+`c.idea_id in (select idea_tree($1)) and (c.idea_id = $1 or i.hidden_why = '') and `+readable+` order by c.id desc limit $2 offset $3`, id, limit, offset)
	if err == nil {
		err = sqlx.GetContext(ctx, q, &total, `select count(*) from idea_comments c join ideas i on i.id = c.idea_id join members m on m.id = c.author_id where c.idea_id in (select idea_tree($1)) and (c.idea_id = $1 or i.hidden_why = '') and `+readable, id)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read comments on idea %d: %w", id, postgres.Translate(err))
	}
	return list, total, nil
}

// CommentOf is one of them. ErrGone.
func CommentOf(ctx context.Context, q sqlx.QueryerContext, id, commentID int64) (c Comment, err error) {
	err = sqlx.GetContext(ctx, q, &c, selectComments+`c.id = $1 and c.idea_id = $2 and `+readable, commentID, id)
	return c, orGone(err)
}
