// Package feed has the pages of what members write: the home feed over one's circles, that of each circle, a post in a circle with what
// its members say, and for authors the form, the list of their posts, what came of each, and the share queue for networks outside.
//
//	/feed                      everything in one's circles and of what one follows, in the order of time
//	/feed/posts/ID/report      for who reads a post only because it is shown outside
//	/photos/FILE               a photograph of a post, for who reads that post, or of a story that is not published, for who writes it
//	/me/follows                what one follows, for nobody else; /follow and /unfollow are the buttons of what can be followed
//	/me/posts…                 the author's own, for nobody else
//	/g/HANDLE/p/ID…            a post in a circle; to whoever is not in the circle it does not exist
//
// The page of a circle itself is of package circle; for those who are in it, that has it answered by Server.Circle.
package feed

import (
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/fault"
	"relais/internal/follows"
	"relais/internal/groups"
	"relais/internal/media"
	"relais/internal/pace"
	"relais/internal/postgres"
	"relais/internal/posts"
	"relais/internal/web/page"
)

// Options is what the pages need.
type Options struct {
	Site    *page.Site
	DB      *postgres.DB
	Posts   *posts.Service
	Follows *follows.Service
	Media   *media.Store
	Now     func() time.Time // business time
	Clock   func() time.Time // real time
	BaseURL string           // of the site, without a slash at its end
}

// Server answers the pages. Create it with New.
type Server struct {
	Options
	floods *pace.Buckets // of members
}

// New returns the server.
func New(o Options) *Server { return &Server{Options: o, floods: pace.New(followers, o.Clock)} }

// formBytes is how large the form of a post may be, with its photographs.
const formBytes = posts.MaxPhotos*media.MaxBytes + 256<<10

// Uploads names the routes that take files, with their limit in bytes: for page.Options.Uploads.
func Uploads() map[string]int64 {
	return map[string]int64{"/me/posts": formBytes, "/me/posts/:id": formBytes}
}

// Routes registers the pages.
func (s *Server) Routes(e *echo.Echo) {
	member := page.RequireMember
	e.GET("/feed", s.home, member)
	e.GET("/feed/posts/:id/report", s.askReportOutside, member)
	e.POST("/feed/posts/:id/report", s.reportOutside, member)
	e.GET("/photos/:file", s.photograph)
	e.GET("/me/follows", s.follows, member)
	e.GET("/me/follows/export", s.exportFollows, member)
	e.POST("/me/follows/erase", s.eraseFollows, member)
	e.POST("/follow", s.follow, member, s.limited)
	e.POST("/unfollow", s.unfollow, member, s.limited)
	e.GET("/me/posts", s.mine, member)
	e.GET("/me/posts/new", s.newPost, member)
	e.GET("/me/posts/products", s.products, member)
	e.POST("/me/posts", s.create, member)
	e.GET("/me/posts/:id", s.own, member)
	e.GET("/me/posts/:id/edit", s.edit, member)
	e.POST("/me/posts/:id", s.change, member)
	e.POST("/me/posts/:id/withdraw", s.withdraw, member)
	e.POST("/me/posts/:id/delete", s.remove, member)
	e.GET("/me/posts/:id/share", s.queue, member)
	e.POST("/me/posts/:id/share/:channel", s.tick, member)

	const post = "/g/:handle/p/:id"
	e.GET(post, s.post, member)
	e.GET(post+"/history", s.history, member)
	e.POST(post+"/reaction", s.react, member)
	e.POST(post+"/comments", s.comment, member)
	e.POST(post+"/comments/:comment/delete", s.deleteComment, member)
	for _, at := range []string{post, post + "/comments/:comment"} {
		e.GET(at+"/report", s.askReport, member)
		e.POST(at+"/report", s.report, member)
		e.GET(at+"/remove", s.askRemove, member)
		e.POST(at+"/remove", s.takeDown, member)
	}
}

// id reads a number in a route; what is none does not exist.
func id(c echo.Context, name string) (int64, error) {
	n, err := strconv.ParseInt(c.Param(name), 10, 64)
	if err != nil || n <= 0 {
		return 0, fault.New(fault.NotFound, "fault.page_not_found")
	}
	return n, nil
}

// by is who acts.
func by(c echo.Context) int64 { return page.ViewerFrom(c).ID }

// homePage is the feed over all circles and follows.
type homePage struct {
	Block
	Spheres []page.Tab
	Circles int
	Follows int
}

// home is everything in the circles that the viewer is in and of what they follow, of one sphere or of both.
func (s *Server) home(c echo.Context) error {
	ctx, l, sphere := c.Request().Context(), page.Lang(c), sphereOf(c)
	mine, err := groups.Of(ctx, s.DB, by(c))
	if err != nil {
		return err
	}
	followed, err := follows.Mine(ctx, s.DB, by(c), "")
	if err != nil {
		return err
	}
	found, err := posts.Home(ctx, s.DB, by(c), posts.SourcesOf(mine, followed, sphere), posts.ParseCursor(c.QueryParam("before")))
	if err != nil {
		return err
	}
	data := homePage{Circles: len(mine), Follows: len(followed), Spheres: spheres(c, "/feed")}
	if data.Block, err = s.block(c, found); err != nil {
		return err
	}
	data.Empty = page.Empty{Icon: "users", Title: l.T("feed.home.no_circle"), Text: l.T("feed.home.no_circle_text"), URL: "/groups", Action: l.T("feed.home.find_circle")}
	if len(mine) > 0 {
		data.Empty = page.Empty{Icon: "message-circle", Title: l.T("feed.home.empty"), Text: l.T("feed.home.empty_text"), URL: "/me/posts/new", Action: l.T("feed.compose")}
	}
	return s.Site.Render(c, http.StatusOK, "feed/home", data)
}
