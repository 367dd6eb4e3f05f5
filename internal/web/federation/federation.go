// Package federation answers other servers and feed readers (WebFinger, NodeInfo, actors, inboxes, feeds), and has the pages on which
// somebody opens their storefront or brand to them, follows people elsewhere, and on which admins see how it goes with other servers.
//
// Documents have addresses of their own (/fediverse/actors/7), which never change; a browser that asks for one is led to the page.
package federation

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/fault"
	"relais/internal/fediverse"
	"relais/internal/fediverse/wire"
	"relais/internal/media"
	"relais/internal/postgres"
	"relais/internal/web/page"
)

// Options is what a Server needs.
type Options struct {
	DB        *postgres.DB
	Site      *page.Site
	Fediverse *fediverse.Service
	Media     *media.Store
	Now       func() time.Time // business time
	BaseURL   string           // without a slash at its end
	Log       *slog.Logger
}

// Server answers the pages of this package. Create it with New.
type Server struct{ Options }

// New makes the Server.
func New(o Options) *Server { return &Server{o} }

// Routes adds them to the site.
func (s *Server) Routes(e *echo.Echo) {
	e.GET("/.well-known/webfinger", s.finger)
	e.GET("/.well-known/nodeinfo", s.nodes)
	e.GET("/nodeinfo/2.1", s.node)
	e.GET("/fediverse/actors/:id", s.actor)
	e.GET("/fediverse/actors/:id/outbox", s.outbox)
	e.GET("/fediverse/actors/:id/followers", s.followers)
	e.GET("/fediverse/actors/:id/following", s.following)
	e.GET("/fediverse/notes/:id", s.note)
	e.POST("/fediverse/actors/:id/inbox", s.inbox)
	e.POST("/fediverse/inbox", s.inbox)
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		for _, form := range []string{"atom", "rss"} {
			e.Add(method, "/@:handle/feed."+form, s.feed(fediverse.Storefront, form))
			e.Add(method, "/b/:handle/feed."+form, s.feed(fediverse.Brand, form))
		}
	}
	member := page.RequireMember
	e.GET("/me/storefront/followers", s.mine, member)
	e.POST("/me/storefront/followers", s.switchMine, member)
	e.GET("/me/following/remote", s.remote, member)
	e.POST("/me/following/remote", s.follow, member)
	e.POST("/me/following/remote/:id/stop", s.unfollow, member)
	e.GET("/brand/:handle/followers", s.ofBrand, page.RequireBrand)
	e.POST("/brand/:handle/followers", s.switchBrand, page.RequireBrand)
	e.GET("/admin/fediverse", s.servers, page.RequireAdmin)
	e.POST("/admin/fediverse", s.suspend, page.RequireAdmin)
	e.POST("/admin/fediverse/lift", s.lift, page.RequireAdmin)
}

// document answers with JSON of a type. Nobody's page has a right to read it with the viewer's cookies, as none is looked at.
func document(c echo.Context, status int, kind string, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set("Cache-Control", "public, max-age=60")
	h.Set("Access-Control-Allow-Origin", "*")
	h.Add("Vary", "Accept")
	return c.Blob(status, kind, body)
}

// refusal answers a machine: the status, and no page. What is our own fault goes to the log as always.
func refusal(c echo.Context, err error) error {
	status := page.StatusOf(err)
	if status == http.StatusInternalServerError {
		return err
	}
	return c.JSON(status, map[string]any{"error": http.StatusText(status)})
}

func (s *Server) finger(c echo.Context) error {
	d, err := s.Fediverse.Finger(c.Request().Context(), c.QueryParam("resource"))
	if err != nil {
		return refusal(c, err)
	}
	return document(c, http.StatusOK, wire.JRD, d)
}

func (s *Server) nodes(c echo.Context) error {
	return document(c, http.StatusOK, "application/json", s.Fediverse.Nodes())
}

func (s *Server) node(c echo.Context) error {
	d, err := s.Fediverse.Node(c.Request().Context())
	if err != nil {
		return err
	}
	return document(c, http.StatusOK, `application/json; profile="http://nodeinfo.diaspora.software/ns/schema/2.1#"`, d)
}

// number reads the number of the route; what is none does not exist.
func number(c echo.Context, name string) (int64, error) {
	n, err := strconv.ParseInt(c.Param(name), 10, 64)
	if err != nil || n <= 0 {
		return 0, fault.New(fault.NotFound, "fault.page_not_found")
	}
	return n, nil
}

// answer gives machines the document, and leads people to the page.
func (s *Server) answer(c echo.Context, a fediverse.Answer, err error) error {
	switch {
	case err != nil:
		return refusal(c, err)
	case a.Gone:
		return document(c, http.StatusGone, wire.ActivityJSON, a.Document)
	case strings.HasPrefix(c.Request().Header.Get("Accept"), "text/html"):
		c.Response().Header().Add("Vary", "Accept")
		return c.Redirect(http.StatusFound, a.Page)
	}
	return document(c, http.StatusOK, wire.ActivityJSON, a.Document)
}

func (s *Server) actor(c echo.Context) error {
	id, err := number(c, "id")
	if err != nil {
		return refusal(c, err)
	}
	a, err := s.Fediverse.ActorDocument(c.Request().Context(), id)
	return s.answer(c, a, err)
}

func (s *Server) note(c echo.Context) error {
	id, err := number(c, "id")
	if err != nil {
		return refusal(c, err)
	}
	a, err := s.Fediverse.NoteDocument(c.Request().Context(), id)
	return s.answer(c, a, err)
}

func (s *Server) outbox(c echo.Context) error {
	id, err := number(c, "id")
	if err != nil {
		return refusal(c, err)
	}
	n, err := strconv.Atoi(c.QueryParam("page"))
	if err != nil || n < 1 || n > 10_000 {
		n = 0
	}
	d, err := s.Fediverse.Outbox(c.Request().Context(), id, n)
	return s.answer(c, fediverse.Answer{Document: d, Page: "/"}, err)
}

func (s *Server) followers(c echo.Context) error {
	id, err := number(c, "id")
	if err != nil {
		return refusal(c, err)
	}
	d, err := s.Fediverse.Followers(c.Request().Context(), id)
	return s.answer(c, fediverse.Answer{Document: d, Page: "/"}, err)
}

func (s *Server) following(c echo.Context) error {
	id, err := number(c, "id")
	if err != nil {
		return refusal(c, err)
	}
	d, err := s.Fediverse.Following(c.Request().Context(), id)
	return s.answer(c, fediverse.Answer{Document: d, Page: "/"}, err)
}

// inbox takes in what another server posts, to one of us or to all. Why something is refused is for the log only.
func (s *Server) inbox(c echo.Context) error {
	r := c.Request()
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if kind != wire.ActivityJSON && kind != "application/ld+json" {
		return c.JSON(http.StatusUnsupportedMediaType, map[string]any{"error": http.StatusText(http.StatusUnsupportedMediaType)})
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Response(), r.Body, wire.MaxBody))
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return c.JSON(http.StatusRequestEntityTooLarge, map[string]any{"error": http.StatusText(http.StatusRequestEntityTooLarge)})
	}
	if err != nil {
		return refusal(c, fediverse.ErrUnreadable)
	}
	err = s.Fediverse.Receive(r.Context(), fediverse.Incoming(r, body), c.RealIP())
	if err != nil {
		s.Log.DebugContext(r.Context(), "activity refused", "id", page.RequestID(c), "error", err)
		return refusal(c, err)
	}
	return c.NoContent(http.StatusAccepted)
}
