package feed

import (
	"crypto/rand"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"relais/internal/posts"
	"relais/internal/web/page"
)

// pathOf is the address of a post in a circle.
func pathOf(handle string, postID int64) string { return fmt.Sprintf("/g/%s/p/%d", handle, postID) }

// commentsOnPage is how many comments a page shows, each with its answers.
const commentsOnPage = 30

// postPage is a post in a circle.
type postPage struct {
	Seen     posts.View
	Post     PostView
	Comments []commentView
	Count    int
	Pager    *page.Pager
	Form     *page.Form
	Answer   int64  // the comment that the refused form answers; 0: none
	Fresh    string // a new operation
	Removed  bool   // here, by a moderator
	Crumbs   []page.Crumb
}

// commentView is a comment with what the viewer may do.
type commentView struct {
	posts.Comment
	Pieces                    []posts.Piece
	Ad, Mine                  bool
	Delete, Report, Remove    bool
	Why                       bool // the viewer reads why it was removed
	Hidden                    bool // the words are not for the viewer
	Answers                   []commentView
	Path                      string
	Form                      *page.Form // of an answer
	Fresh                     string
	Answerable, AnswersOnPage bool
}

// post shows a post in a circle.
func (s *Server) post(c echo.Context) error { return s.postPage(c, page.NewForm(), 0) }

// postPage shows it with a refused comment, if any.
func (s *Server) postPage(c echo.Context, form *page.Form, answer int64) error {
	ctx, l := c.Request().Context(), page.Lang(c)
	n, err := id(c, "id")
	if err != nil {
		return err
	}
	v, err := posts.Look(ctx, s.DB, by(c), c.Param("handle"), n, posts.See)
	if err != nil {
		return err
	}
	data := postPage{Seen: v, Form: form, Answer: answer, Fresh: rand.Text(), Removed: v.Seat.RemovedAt != nil,
		Crumbs: []page.Crumb{{URL: "/g/" + v.Group.Handle, Label: v.Group.Name}, {Label: l.T("feed.kind." + string(v.Kind))}}}
	led, err := s.attached(c, []posts.Item{v.Item}, nil)
	if err != nil {
		return err
	}
	data.Post = s.view(c, v.Item, led)
	data.Post.Speaks = v.May(posts.Speak)
	if data.Count, err = posts.CommentCount(ctx, s.DB, v.ID, v.Group.ID); err != nil {
		return err
	}
	data.Pager = page.NewPager(c, commentsOnPage, data.Count)
	list, err := posts.Comments(ctx, s.DB, v.ID, v.Group.ID, commentsOnPage, data.Pager.Offset())
	if err != nil {
		return err
	}
	for _, one := range list {
		data.Comments = append(data.Comments, s.commentView(c, v, one, form, answer))
	}
	if answer != 0 {
		data.Form = page.NewForm()
	}
	return s.Site.Render(c, form.Status(), "feed/post", data)
}

// commentView is a comment as the viewer reads it, with its answers.
func (s *Server) commentView(c echo.Context, v posts.View, one posts.Comment, form *page.Form, answer int64) commentView {
	view := commentView{Comment: one, Pieces: posts.Pieces(one.Text), Ad: posts.Advertises(posts.Nothing, one.Text, s.BaseURL), Mine: one.AuthorID == by(c),
		Delete: v.MayWith(posts.DeleteComment, one), Report: v.MayWith(posts.ReportComment, one) && !one.AuthorBlocked, Remove: v.MayWith(posts.RemoveComment, one),
		Hidden: one.Gone(), Path: fmt.Sprintf("%s/comments/%d", pathOf(v.Group.Handle, v.ID), one.ID), Form: page.NewForm(), Fresh: rand.Text(),
		Answerable: v.May(posts.Speak) && one.ParentID == 0 && !one.Gone() && len(one.Answers) < posts.MaxAnswers}
	view.Why = one.RemovedAt != nil && (view.Mine || v.Standing.Moderates)
	if answer == one.ID {
		view.Form, view.AnswersOnPage = form, true
	}
	for _, a := range one.Answers {
		view.Answers = append(view.Answers, s.commentView(c, v, a, form, answer))
	}
	return view
}

// comment adds a comment, or an answer to one.
func (s *Server) comment(c echo.Context) error {
	n, err := id(c, "id")
	if err != nil {
		return err
	}
	form := page.PostedForm(c)
	said := posts.Said{Author: by(c), Handle: c.Param("handle"), PostID: n, ParentID: form.Int("answer", 0), Operation: operation(form), Text: form.Raw("text")}
	made, err := s.Posts.Comment(c.Request().Context(), said)
	if form.Refused(err) {
		return s.postPage(c, form, said.ParentID)
	}
	if err != nil {
		return err
	}
	top := said.ParentID
	if top == 0 {
		top = made
	}
	where, err := s.pageOf(c, n, top)
	if err != nil {
		return err
	}
	return page.Redirect(c, fmt.Sprintf("%s%s#c-%d", pathOf(said.Handle, n), where, made))
}

// pageOf is the query of the page of a post's comments on which a top one stands.
func (s *Server) pageOf(c echo.Context, postID, commentID int64) (string, error) {
	before, err := posts.CommentsBefore(c.Request().Context(), s.DB, c.Param("handle"), postID, commentID)
	if err != nil || before < commentsOnPage {
		return "", err
	}
	return fmt.Sprintf("?page=%d", before/commentsOnPage+1), nil
}

// operation is what makes a form that is sent twice one: drawn when it was shown. A form without one is not ours, and gets its own.
func operation(form *page.Form) string {
	if o := form.Get("operation"); len(o) >= 8 && len(o) <= 64 {
		return o
	}
	return rand.Text()
}

func (s *Server) deleteComment(c echo.Context) error {
	n, err := id(c, "id")
	if err != nil {
		return err
	}
	m, err := id(c, "comment")
	if err != nil {
		return err
	}
	if err := s.Posts.DeleteComment(c.Request().Context(), by(c), c.Param("handle"), n, m); err != nil {
		return err
	}
	s.Site.Good(c, "feed.comment.deleted_done")
	return page.Redirect(c, pathOf(c.Param("handle"), n)+"#comments")
}

// react sets, changes or takes back the viewer's reaction.
func (s *Server) react(c echo.Context) error {
	n, err := id(c, "id")
	if err != nil {
		return err
	}
	form := page.PostedForm(c)
	if err := s.Posts.React(c.Request().Context(), by(c), c.Param("handle"), n, form.Get("kind")); err != nil {
		return err
	}
	if page.IsPartial(c) {
		return s.reactions(c, n)
	}
	return page.Redirect(c, page.LocalPath(form.Get("next"), pathOf(c.Param("handle"), n))+fmt.Sprintf("#p-%d", n))
}

// reactions answers htmx with the row of buttons as it is now.
func (s *Server) reactions(c echo.Context, postID int64) error {
	v, err := posts.Look(c.Request().Context(), s.DB, by(c), c.Param("handle"), postID, posts.See)
	if err != nil {
		return err
	}
	shown := s.view(c, v.Item, attached{})
	shown.Speaks, shown.Back = v.May(posts.Speak), page.LocalPath(c.FormValue("next"), pathOf(v.Group.Handle, v.ID))
	return s.Site.Fragment(c, http.StatusOK, "feed/post", "feed-reactions-alone", shown)
}
