package feed

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"relais/internal/groups"
	"relais/internal/posts"
	"relais/internal/web/circle"
	"relais/internal/web/page"
)

// actPage asks for a reason: to report something, or to take it down.
type actPage struct {
	Seen    posts.View     // of the one that is shown outside: the post alone
	Outside bool           // to who reports it
	Comment *posts.Comment // nil: the post
	Text    string         // what it is about
	Author  string
	Form    *page.Form
	Action  string // address of this page
	Removal bool
	Reasons []page.Option
}

// subject is what the address names: a post, or a comment on it, for somebody who may do that with it.
func (s *Server) subject(c echo.Context, withPost, withComment posts.Act) (actPage, error) {
	ctx := c.Request().Context()
	data := actPage{Action: c.Request().URL.Path, Reasons: circle.Reasons(page.Lang(c)), Form: page.NewForm(), Removal: withPost == posts.RemovePost}
	n, err := id(c, "id")
	if err != nil {
		return data, err
	}
	if c.Param("comment") == "" {
		data.Seen, err = posts.Look(ctx, s.DB, by(c), c.Param("handle"), n, withPost)
		data.Text, data.Author = data.Seen.Text, data.Seen.AuthorName
	} else {
		m, err := id(c, "comment")
		if err != nil {
			return data, err
		}
		v, one, err := posts.LookAt(ctx, s.DB, by(c), c.Param("handle"), n, m, withComment)
		if err != nil {
			return data, err
		}
		data.Seen, data.Comment, data.Text, data.Author = v, &one, one.Text, one.AuthorName
	}
	return data, err
}

// back is the page of the post.
func (p actPage) back() string { return pathOf(p.Seen.Group.Handle, p.Seen.ID) }

// commentID is that of the comment; 0: the post.
func (p actPage) commentID() int64 {
	if p.Comment == nil {
		return 0
	}
	return p.Comment.ID
}

func (s *Server) askReport(c echo.Context) error {
	data, err := s.subject(c, posts.ReportPost, posts.ReportComment)
	if err != nil {
		return err
	}
	return s.Site.Render(c, http.StatusOK, "feed/act", data)
}

// report puts a post or comment on the desk of those who moderate the circle.
func (s *Server) report(c echo.Context) error {
	data, err := s.subject(c, posts.ReportPost, posts.ReportComment)
	if err != nil {
		return err
	}
	data.Form = page.PostedForm(c)
	err = s.Posts.Report(c.Request().Context(), by(c), c.Param("handle"), data.Seen.ID, data.commentID(), groups.Reason(data.Form.Get("reason")), data.Form.Raw("text"))
	if data.Form.Refused(err) {
		return s.Site.Render(c, data.Form.Status(), "feed/act", data)
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, "feed.report.done")
	return page.Redirect(c, data.back())
}

// shown is the post that the address names, for somebody who reads it outside of its circles.
func (s *Server) shown(c echo.Context) (actPage, error) {
	data := actPage{Action: c.Request().URL.Path, Outside: true, Reasons: circle.Reasons(page.Lang(c)), Form: page.NewForm()}
	n, err := id(c, "id")
	if err != nil {
		return data, err
	}
	data.Seen.Post, err = posts.ShownTo(c.Request().Context(), s.DB, by(c), n)
	data.Text, data.Author = data.Seen.Text, data.Seen.AuthorName
	return data, err
}

func (s *Server) askReportOutside(c echo.Context) error {
	data, err := s.shown(c)
	if err != nil {
		return err
	}
	return s.Site.Render(c, http.StatusOK, "feed/act", data)
}

// reportOutside puts a post on the desks of those who moderate the circles that show it to the viewer, and of the platform.
func (s *Server) reportOutside(c echo.Context) error {
	data, err := s.shown(c)
	if err != nil {
		return err
	}
	data.Form = page.PostedForm(c)
	err = s.Posts.ReportOutside(c.Request().Context(), by(c), data.Seen.ID, groups.Reason(data.Form.Get("reason")), data.Form.Raw("text"))
	if data.Form.Refused(err) {
		return s.Site.Render(c, data.Form.Status(), "feed/act", data)
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, "feed.report.done_outside")
	return page.Redirect(c, "/feed")
}

func (s *Server) askRemove(c echo.Context) error {
	data, err := s.subject(c, posts.RemovePost, posts.RemoveComment)
	if err != nil {
		return err
	}
	return s.Site.Render(c, http.StatusOK, "feed/act", data)
}

// takeDown removes a post or comment from the circle, with a reason that its author reads.
func (s *Server) takeDown(c echo.Context) error {
	data, err := s.subject(c, posts.RemovePost, posts.RemoveComment)
	if err != nil {
		return err
	}
	data.Form = page.PostedForm(c)
	ctx, why := c.Request().Context(), data.Form.Raw("why")
	if data.Comment != nil {
		err = s.Posts.RemoveComment(ctx, by(c), c.Param("handle"), data.Seen.ID, data.Comment.ID, why)
	} else {
		err = s.Posts.RemovePost(ctx, by(c), c.Param("handle"), data.Seen.ID, why)
	}
	if data.Form.Refused(err) {
		return s.Site.Render(c, data.Form.Status(), "feed/act", data)
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, "feed.remove.done")
	return page.Redirect(c, data.back())
}

// historyPage is what a post said before.
type historyPage struct {
	Seen     posts.View
	Versions []posts.Version
}

func (s *Server) history(c echo.Context) error {
	n, err := id(c, "id")
	if err != nil {
		return err
	}
	v, list, err := posts.History(c.Request().Context(), s.DB, by(c), c.Param("handle"), n)
	if err != nil {
		return err
	}
	return s.Site.Render(c, http.StatusOK, "feed/history", historyPage{v, list})
}
