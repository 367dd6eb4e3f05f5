package posts

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"relais/internal/groups"
	"relais/internal/postgres"
)

// View is a post in a circle as a viewer reads it, with what they may do.
type View struct {
	Item
	Group    groups.Group
	Seat     Seen // the circle
	Standing Standing
}

// May says whether the viewer may do that with the post.
func (v View) May(a Act) bool { return May(a, v.Standing) }

// MayWith says whether the viewer may do that with a comment on it.
func (v View) MayWith(a Act, c Comment) bool {
	s := v.Standing
	s.Commenter, s.CommentGone = c.AuthorID, c.DeletedAt != nil || c.RemovedAt != nil
	return May(a, s)
}

// Look is a post in a circle for somebody who may do that with it. Faults: groups.ErrGone for whoever may not know of the circle, as where
// there is none; groups.ErrMembersOnly for who knows of it and does not read it; ErrGone where there is no such post there, or not for them; ErrForbidden for what they may not do with what
// they read.
func Look(ctx context.Context, q sqlx.QueryerContext, viewer int64, handle string, postID int64, a Act) (View, error) {
	g, err := groups.ByHandle(ctx, q, handle)
	if err != nil {
		return View{}, err
	}
	role, err := groups.RoleOf(ctx, q, g.ID, viewer)
	if err != nil {
		return View{}, err
	}
	switch {
	case !groups.CanFind(g, role):
		return View{}, groups.ErrGone
	case !groups.CanRead(g, role): // whatever is there, or not
		return View{}, groups.ErrMembersOnly
	}
	v, err := look(ctx, q, g, role, viewer, postID)
	switch {
	case err != nil:
		return View{}, err
	case !v.May(See):
		return View{}, ErrGone
	case !v.May(a):
		return View{}, ErrForbidden
	}
	return v, nil
}

const selectOwner = `select coalesce((select member_id from group_members where group_id = $1 and role = 'owner'), 0)`

// look reads a post in a circle with the standing of a viewer, whatever that allows.
func look(ctx context.Context, q sqlx.QueryerContext, g groups.Group, role groups.Role, viewer, postID int64) (View, error) {
	list, err := postsWhere(ctx, q, `where p.id = $1 and exists (select 1 from post_groups f where f.post_id = p.id and f.group_id = $2 and f.published_at is not null)`, postID, g.ID)
	if err != nil {
		return View{}, err
	}
	if len(list) == 0 {
		return View{}, ErrGone
	}
	p := list[0]
	there, err := places(ctx, q, []int64{p.ID}, false, []int64{g.ID})
	if err != nil {
		return View{}, err
	}
	seen, err := seenOf(ctx, q, viewer, []int64{p.ID}, []int64{g.ID})
	if err != nil {
		return View{}, err
	}
	v := View{Item: Item{Post: p, At: *there[0].PublishedAt}, Group: g, Seat: Seen{Place: there[0]}}
	if len(seen[p.ID]) > 0 {
		v.Seat = seen[p.ID][0]
	}
	v.Places = []Seen{v.Seat}
	if err := v.readThere(ctx, q); err != nil {
		return View{}, err
	}
	var owner int64
	if err := sqlx.GetContext(ctx, q, &owner, selectOwner, g.ID); err != nil {
		return View{}, fmt.Errorf("read owner of circle %d: %w", g.ID, postgres.Translate(err))
	}
	v.Standing = Standing{Viewer: viewer, Reads: groups.CanRead(g, role), Posts: groups.CanPost(g, role), Moderates: groups.CanModerate(g, role),
		Owner: owner, Author: p.AuthorID, AuthorBlocked: p.AuthorBlocked, Live: v.Seat.Live() && p.State == Published, Published: true}
	return v, nil
}

// readThere has the view say what the circle read: where the post is not any more, the words are those of then, whatever its author wrote
// since; and that it was edited is said where it was since it came there.
func (v *View) readThere(ctx context.Context, q sqlx.QueryerContext) error {
	if end := v.Seat.Ended(); end != nil {
		was, err := wordsAt(ctx, q, v.ID, *end)
		if err != nil {
			return err
		}
		if was != nil {
			v.Kind, v.Text, v.Attach, v.ProductID, v.PollID, v.Photos, v.EditedAt = was.Kind, was.Text, was.Attach, was.ProductID, was.PollID, was.Photos, was.Since
		}
	}
	v.EditedAt = editedSince(v.EditedAt, v.Seat.PublishedAt)
	return nil
}

// editedSince is when a post was edited; nil where it was so only before it came.
func editedSince(edited, came *time.Time) *time.Time {
	if edited == nil || came == nil || !edited.After(*came) {
		return nil
	}
	return edited
}

const commentColumns = `
select c.id, c.post_id, c.group_id, coalesce(c.parent_id, 0) as parent_id, c.author_id, m.name as author_name, m.handle as author_handle, coalesce(x.hash, '') as author_picture,
  m.blocked_at is not null as author_blocked, c.text, c.created_at, c.deleted_at, c.removed_at, c.removed_why
from comments c join members m on m.id = c.author_id left join media x on x.id = m.picture_id
`

func commentsWhere(ctx context.Context, q sqlx.QueryerContext, where string, args ...any) ([]Comment, error) {
	var list []Comment
	if err := sqlx.SelectContext(ctx, q, &list, commentColumns+where, args...); err != nil {
		return nil, fmt.Errorf("read comments: %w", postgres.Translate(err))
	}
	return list, nil
}

// CommentCount is how many comments a post has in a circle, answers left out.
func CommentCount(ctx context.Context, q sqlx.QueryerContext, postID, groupID int64) (int, error) {
	var n int
	err := sqlx.GetContext(ctx, q, &n, `select count(*) from comments where post_id = $1 and group_id = $2 and parent_id is null`, postID, groupID)
	if err != nil {
		return 0, fmt.Errorf("count comments: %w", postgres.Translate(err))
	}
	return n, nil
}

// Comments are those on a post in a circle in the order in which they came, each with its answers.
func Comments(ctx context.Context, q sqlx.QueryerContext, postID, groupID int64, limit, offset int) ([]Comment, error) {
	list, err := commentsWhere(ctx, q, `where c.post_id = $1 and c.group_id = $2 and c.parent_id is null order by c.id limit $3 offset $4`, postID, groupID, limit, offset)
	if err != nil {
		return nil, err
	}
	ids := make([]int64, len(list))
	for i, c := range list {
		ids[i] = c.ID
	}
	answers, err := commentsWhere(ctx, q, `where c.parent_id = any($1) order by c.id`, pq.Array(ids))
	for _, a := range answers {
		i := slices.Index(ids, a.ParentID)
		list[i].Answers = append(list[i].Answers, a)
	}
	return list, err
}

// comment is one on a post in a circle; ErrComment where there is none.
func comment(ctx context.Context, q sqlx.QueryerContext, postID, groupID, id int64) (Comment, error) {
	list, err := commentsWhere(ctx, q, `where c.id = $1 and c.post_id = $2 and c.group_id = $3`, id, postID, groupID)
	if err != nil {
		return Comment{}, err
	}
	if len(list) == 0 {
		return Comment{}, ErrComment
	}
	return list[0], nil
}

// LookAt is a comment on a post in a circle for somebody who may do that with it. Faults as of Look, and ErrComment.
func LookAt(ctx context.Context, q sqlx.QueryerContext, viewer int64, handle string, postID, commentID int64, a Act) (View, Comment, error) {
	v, err := Look(ctx, q, viewer, handle, postID, See)
	if err != nil {
		return v, Comment{}, err
	}
	c, err := comment(ctx, q, v.ID, v.Group.ID, commentID)
	switch {
	case err != nil:
		return v, c, err
	case c.Gone() && !v.Standing.Moderates:
		return v, c, ErrComment
	case c.DeletedAt != nil || c.RemovedAt != nil:
		return v, c, ErrDecided
	case !v.MayWith(a, c):
		return v, c, ErrForbidden
	}
	return v, c, nil
}

// History is what a post said before in the circle, while it was there: for those who moderate it.
func History(ctx context.Context, q sqlx.QueryerContext, viewer int64, handle string, postID int64) (View, []Version, error) {
	v, err := Look(ctx, q, viewer, handle, postID, ReadHistory)
	if err != nil {
		return v, nil, err
	}
	list, err := versions(ctx, q, v.Seat.Place)
	return v, list, err
}

const selectBefore = `
select count(*) from comments c join groups g on g.id = c.group_id where g.handle = $1 and c.post_id = $2 and c.parent_id is null and c.id < $3`

// CommentsBefore is how many comments on a post in a circle stand before one.
func CommentsBefore(ctx context.Context, q sqlx.QueryerContext, handle string, postID, commentID int64) (int, error) {
	var n int
	if err := sqlx.GetContext(ctx, q, &n, selectBefore, handle, postID, commentID); err != nil {
		return 0, fmt.Errorf("count comments: %w", postgres.Translate(err))
	}
	return n, nil
}
