package feed

import (
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/fault"
	"relais/internal/follows"
	"relais/internal/groups"
	"relais/internal/members"
	"relais/internal/pace"
	"relais/internal/web/page"
)

// followsPage is what the viewer follows.
type followsPage struct {
	Spheres []page.Tab
	Kinds   []followed
	Empty   page.Empty
}

// followed is what they follow of one kind.
type followed struct {
	Kind follows.Kind
	List []followRow
}

// followRow is one follow with the sphere to which it can be moved; empty for a circle.
type followRow struct {
	follows.Follow
	Other groups.Sphere
}

// sphereOf is the sphere that the address asks for; empty: both.
func sphereOf(c echo.Context) groups.Sphere {
	sphere := groups.Sphere(c.QueryParam("sphere"))
	if sphere != groups.Personal && sphere != groups.Professional {
		return ""
	}
	return sphere
}

// spheres are the tabs of a page that shows one sphere, or both.
func spheres(c echo.Context, path string) []page.Tab {
	var tabs []page.Tab
	l := page.Lang(c)
	for _, s := range append([]groups.Sphere{""}, groups.Spheres()...) {
		t := page.Tab{URL: path, Label: l.T("feed.home.all"), Current: s == sphereOf(c)}
		if s != "" {
			t.URL, t.Label = path+"?sphere="+string(s), l.T("feed.sphere."+string(s))
		}
		tabs = append(tabs, t)
	}
	return tabs
}

// follows lists what the viewer follows, in one sphere or in both.
func (s *Server) follows(c echo.Context) error {
	l := page.Lang(c)
	list, err := follows.Mine(c.Request().Context(), s.DB, by(c), sphereOf(c))
	if err != nil {
		return err
	}
	data := followsPage{Spheres: spheres(c, "/me/follows"),
		Empty: page.Empty{Icon: "store", Title: l.T("follow.mine.empty"), Text: l.T("follow.mine.empty_text"), URL: "/products", Action: l.T("follow.mine.find")}}
	for _, k := range follows.Kinds() {
		of := followed{Kind: k}
		for _, f := range list {
			if f.Kind != k {
				continue
			}
			row := followRow{Follow: f}
			switch {
			case k == follows.Circle: // it stays in its own
			case f.Sphere == groups.Personal:
				row.Other = groups.Professional
			default:
				row.Other = groups.Personal
			}
			of.List = append(of.List, row)
		}
		if len(of.List) > 0 {
			data.Kinds = append(data.Kinds, of)
		}
	}
	return s.Site.Render(c, http.StatusOK, "feed/follows", data)
}

// The pace at which one member may follow and stop: each changes a number that others read.
const (
	every     = 5 * time.Second
	burst     = 40
	followers = 50_000 // members who are remembered
)

// limited refuses a member who has emptied their bucket.
func (s *Server) limited(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if !s.floods.Allow(strconv.FormatInt(by(c), 10), pace.Pace{Every: every, Burst: burst}) {
			soon := &members.TooSoon{After: every}
			c.Response().Header().Set("Retry-After", strconv.Itoa(soon.Seconds()))
			return fault.New(fault.TooMany, "fault.too_soon").Arg("Count", soon.Seconds()).Because(soon)
		}
		return next(c)
	}
}

// follow follows something, or moves a follow to the other sphere.
func (s *Server) follow(c echo.Context) error {
	form := page.PostedForm(c)
	kind, err := follows.ParseKind(form.Get("kind"))
	if err != nil {
		return err
	}
	handle := form.Get("handle")
	if err := s.Follows.Follow(c.Request().Context(), by(c), kind, handle, groups.Sphere(form.Get("sphere"))); err != nil {
		return err
	}
	s.Site.Good(c, "follow.done")
	return page.Redirect(c, page.LocalPath(form.Get("next"), follows.PathOf(kind, handle)))
}

// unfollow ends a follow.
func (s *Server) unfollow(c echo.Context) error {
	form := page.PostedForm(c)
	kind, err := follows.ParseKind(form.Get("kind"))
	if err != nil {
		return err
	}
	if err := s.Follows.Unfollow(c.Request().Context(), by(c), kind, form.Get("handle")); err != nil {
		return err
	}
	s.Site.Good(c, "follow.ended")
	return page.Redirect(c, page.LocalPath(form.Get("next"), "/me/follows"))
}

// exportFollows hands out everything that is kept of what the viewer follows.
func (s *Server) exportFollows(c echo.Context) error {
	record, err := follows.Export(c.Request().Context(), s.DB, by(c))
	if err != nil {
		return err
	}
	c.Response().Header().Set("Content-Disposition", `attachment; filename="relais-follows.json"`)
	return c.JSONPretty(http.StatusOK, record, "  ")
}

// eraseFollows ends all that the viewer follows.
func (s *Server) eraseFollows(c echo.Context) error {
	if err := s.Follows.Forget(c.Request().Context(), by(c)); err != nil {
		return err
	}
	s.Site.Good(c, "follow.data.erased")
	return page.Redirect(c, "/me/follows")
}
