// Package circle has the pages of circles: the directory, one's own, what a circle is and who is in it, invitations, and the desks at which
// reports are decided.
//
//	/groups                    open circles, for everybody
//	/me/groups…                a member's own, of both spheres, for their eyes only
//	/g/:handle…                one circle; who may not know of it gets the same answer as for one that does not exist
//	/g/i/:secret…              an invitation
//	/@handle/circles           the circles in which a member chose to be seen
//	/admin/groups…             reports about circles and their owners, for the platform
//
// Every route is a line of Table, with the rule that stands before it; a matrix (package circletest) tries each with every kind of viewer.
package circle

import (
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"relais/internal/fault"
	"relais/internal/follows"
	"relais/internal/groups"
	"relais/internal/media"
	"relais/internal/postgres"
	"relais/internal/web/page"
)

// Options is what the pages need.
type Options struct {
	Site    *page.Site
	DB      *postgres.DB
	Groups  *groups.Service
	Media   *media.Store
	Now     func() time.Time // business time
	BaseURL string           // without a slash at its end

	// Feed answers /g/:handle for those who are in the circle, with what is written there; nil: they get the page that says what it is.
	Feed func(c echo.Context, circle Circle) error
}

// Server answers the pages. Create it with New.
type Server struct{ Options }

// New returns the server.
func New(o Options) *Server { return &Server{o} }

// Uploads names the routes that take files, with their limit in bytes: for page.Options.Uploads.
func Uploads() map[string]int64 {
	return map[string]int64{"/me/groups": media.MaxBytes + 64<<10, "/g/:handle/settings": media.MaxBytes + 64<<10}
}

// Route is one line of the table.
type Route struct {
	Method, Path string
	Handler      echo.HandlerFunc
}

// Table is every page of this package.
func (s *Server) Table() []Route {
	member := page.RequireMember
	return []Route{
		{"GET", "/groups", s.directory},
		{"GET", "/@:handle/circles", s.shown},

		{"GET", "/me/groups", member(s.mine)},
		{"GET", "/me/groups/new", member(s.showNew)},
		{"POST", "/me/groups", member(s.create)},

		{"GET", "/g/i/:secret", secret(s.invitation)},
		{"POST", "/g/i/:secret", secret(member(s.accept))},
		{"GET", "/g/i/:secret/link", secret(member(s.showLink))},
		{"GET", "/g/i/:secret/stop", secret(s.showStop)},
		{"POST", "/g/i/:secret/stop", secret(s.stop)},

		{"GET", "/g/:handle", s.at(anybody, s.home)},
		{"GET", "/g/:handle/about", s.at(anybody, s.about)},
		{"GET", "/g/:handle/join", member(s.at(anybody, s.showJoin))},
		{"POST", "/g/:handle/join", member(s.at(anybody, s.join))},
		{"POST", "/g/:handle/withdraw", member(s.withdraw)},
		{"GET", "/g/:handle/report", member(s.at(anybody, s.showReport))},
		{"POST", "/g/:handle/report", member(s.at(anybody, s.report))},

		{"GET", "/g/:handle/members", s.at(insiders, s.members)},
		{"GET", "/g/:handle/leave", s.at(insiders, s.showLeave)},
		{"POST", "/g/:handle/leave", member(s.at(insiders, s.leave))},
		{"POST", "/g/:handle/show", member(s.at(insiders, s.show))},
		{"GET", "/g/:handle/invite", s.at(insiders, s.showInvite)},
		{"POST", "/g/:handle/invite/link", member(s.at(insiders, s.makeLink))},
		{"POST", "/g/:handle/invite/mail", member(s.at(insiders, s.mail))},
		{"POST", "/g/:handle/invite/:id/revoke", member(s.at(insiders, s.revoke))},

		{"GET", "/g/:handle/moderation", s.at(moderators, s.moderation)},
		{"POST", "/g/:handle/requests/:id", member(s.at(moderators, s.answer))},
		{"GET", "/g/:handle/reports/:id", s.at(moderators, s.look)},
		{"POST", "/g/:handle/reports/:id", member(s.at(moderators, s.decide))},
		{"GET", "/g/:handle/members/:who", s.at(moderators, s.person)},
		{"POST", "/g/:handle/members/:who/out", member(s.at(moderators, s.putOut))},
		{"POST", "/g/:handle/bans/:id", member(s.at(moderators, s.unban))},

		{"POST", "/g/:handle/members/:who/role", member(s.at(owners, s.setRole))},
		{"GET", "/g/:handle/settings", s.at(owners, s.showSettings)},
		{"POST", "/g/:handle/settings", member(s.at(owners, s.edit))},
		{"POST", "/g/:handle/close", member(s.at(owners, s.close))},

		{"GET", "/admin/groups", page.RequireAdmin(s.adminDesk)},
		{"GET", "/admin/groups/reports/:id", page.RequireAdmin(s.adminLook)},
		{"POST", "/admin/groups/reports/:id", page.RequireAdmin(s.adminDecide)},
	}
}

// Routes registers the pages.
func (s *Server) Routes(e *echo.Echo) {
	for _, r := range s.Table() {
		e.Add(r.Method, r.Path, r.Handler)
	}
}

// secret marks a page whose address is a secret: it is not kept, and no other site learns it.
func secret(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("Referrer-Policy", "same-origin") // not no-referrer: see page.Private
		h.Set("Cache-Control", "private, no-store")
		h.Set("X-Robots-Tag", "noindex")
		return next(c)
	}
}

// Circle is a circle as one viewer has it before them: what the head of its pages shows.
type Circle struct {
	groups.Group
	groups.Standing
	Members int
	Path    string // "/g/handle"
	Viewer  int64  // 0: a guest
	Waiting int    // requests and reports that wait for the viewer; 0 for those who do not moderate
}

// Reads says whether the viewer reads what is written here.
func (c Circle) Reads() bool { return groups.CanRead(c.Group, c.Role) }

// Moderates says whether the viewer decides about requests and reports.
func (c Circle) Moderates() bool { return groups.CanModerate(c.Group, c.Role) }

// Invites says whether the viewer may invite.
func (c Circle) Invites() bool { return groups.CanInvite(c.Group, c.Role) }

// Edits says whether the viewer changes what the circle is.
func (c Circle) Edits() bool { return groups.CanEdit(c.Group, c.Role) }

// Shows says whether memberships of the circle can be shown to everybody.
func (c Circle) Shows() bool { return groups.CanShow(c.Group) }

// Entrance is how the viewer could come in without an invitation.
func (c Circle) Entrance() groups.Entrance { return groups.EntranceOf(c.Group, c.Standing, nil) }

// Rules that stand before a page of a circle that the viewer knows of.
func anybody(groups.Group, groups.Role) error { return nil }

func insiders(g groups.Group, r groups.Role) error {
	if !groups.CanRead(g, r) {
		return groups.ErrMembersOnly
	}
	return nil
}

func moderators(g groups.Group, r groups.Role) error {
	if !groups.CanModerate(g, r) {
		return groups.ErrModerators
	}
	return nil
}

func owners(_ groups.Group, r groups.Role) error {
	if r != groups.Owner {
		return groups.ErrOwnerOnly
	}
	return nil
}

// At is the circle of a route with :handle as the viewer has it; ErrGone for those who may not know of it, and what the rule says for
// those who may. Other packages with pages of a circle begin with it.
func (s *Server) At(c echo.Context, rule func(groups.Group, groups.Role) error) (Circle, error) {
	ctx, viewer := c.Request().Context(), viewerID(c)
	g, err := groups.ByHandle(ctx, s.DB, c.Param("handle"))
	if err != nil {
		return Circle{}, err
	}
	circle := Circle{Group: g, Path: "/g/" + g.Handle, Viewer: viewer}
	if circle.Standing, err = groups.StandingOf(ctx, s.DB, g.ID, viewer); err != nil {
		return Circle{}, err
	}
	if !groups.CanFind(g, circle.Role) {
		return Circle{}, groups.ErrGone
	}
	if err := rule(g, circle.Role); err != nil {
		return Circle{}, err
	}
	if circle.Members, err = groups.Count(ctx, s.DB, g.ID); err != nil {
		return Circle{}, err
	}
	if circle.Moderates() {
		all, err := groups.Todo(ctx, s.DB, viewer, g.ID)
		if err != nil {
			return Circle{}, err
		}
		circle.Waiting = all[g.ID]
	}
	return circle, nil
}

func (s *Server) at(rule func(groups.Group, groups.Role) error, h func(echo.Context, Circle) error) echo.HandlerFunc {
	return func(c echo.Context) error {
		circle, err := s.At(c, rule)
		if err != nil {
			return err
		}
		return h(c, circle)
	}
}

// listed is how many rows a list has that is not paged.
const listed = 50

// viewerID is who looks; 0 for a guest.
func viewerID(c echo.Context) int64 {
	if v := page.ViewerFrom(c); v != nil {
		return v.ID
	}
	return 0
}

// id reads a number in a route; what is none does not exist.
func id(c echo.Context) (int64, error) {
	n, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil || n <= 0 {
		return 0, fault.New(fault.NotFound, "fault.page_not_found")
	}
	return n, nil
}

type aboutPage struct {
	Circle
	Shown      []groups.Person    // who chose to be seen; for those who are not in the circle
	Membership *groups.Membership // the viewer's; nil: they are not in it
	Follow     follows.Standing   // for those who are not in the circle
}

// home is what is written in the circle for those who are in it, and what the circle is for those who are not.
func (s *Server) home(c echo.Context, circle Circle) error {
	if s.Feed != nil && circle.Reads() {
		return s.Feed(c, circle)
	}
	return s.about(c, circle)
}

// about says what the circle is.
func (s *Server) about(c echo.Context, circle Circle) error {
	ctx, data := c.Request().Context(), aboutPage{Circle: circle}
	if circle.Role == groups.None {
		list, err := groups.ShownIn(ctx, s.DB, circle.Group, listed)
		if err != nil {
			return err
		}
		data.Shown = list
		if data.Follow, err = follows.OfCircle(ctx, s.DB, circle.Viewer, circle.Group, circle.Standing); err != nil {
			return err
		}
	} else {
		m, err := groups.MembershipOf(ctx, s.DB, circle.ID, circle.Viewer)
		if err != nil {
			return err
		}
		data.Membership = &m
	}
	return s.Site.Render(c, http.StatusOK, "circle/about", data)
}
