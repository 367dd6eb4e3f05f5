package circle

import (
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"relais/internal/groups"
	"relais/internal/members"
	"relais/internal/web/page"
)

const perPage = 24

type directoryPage struct {
	Found  []groups.Found
	Pager  *page.Pager
	Search string
	Sphere groups.Sphere
	Tabs   []page.Tab
	Empty  page.Empty
}

// directory finds open circles.
func (s *Server) directory(c echo.Context) error {
	ctx, l, form := c.Request().Context(), page.Lang(c), page.QueryForm(c)
	data := directoryPage{Pager: page.NewPager(c, perPage, 0), Search: form.Get("q")}
	for _, sphere := range groups.Spheres() {
		if form.Get("sphere") == string(sphere) {
			data.Sphere = sphere
		}
	}
	if r := []rune(data.Search); len(r) > groups.MaxName {
		data.Search = string(r[:groups.MaxName])
	}
	var err error
	data.Found, data.Pager.Total, err = groups.Directory(ctx, s.DB, groups.Query{Words: data.Search, Sphere: data.Sphere, Viewer: viewerID(c)}, perPage, data.Pager.Offset())
	if err != nil {
		return err
	}
	for _, sphere := range append([]groups.Sphere{""}, groups.Spheres()...) {
		query := url.Values{}
		if sphere != "" {
			query.Set("sphere", string(sphere))
		}
		if data.Search != "" {
			query.Set("q", data.Search)
		}
		tab := page.Tab{URL: "/groups", Label: l.T("group.sphere.all"), Current: data.Sphere == sphere}
		if sphere != "" {
			tab.Label = l.T("group.sphere." + string(sphere))
		}
		if len(query) > 0 {
			tab.URL += "?" + query.Encode()
		}
		data.Tabs = append(data.Tabs, tab)
	}
	data.Empty = page.Empty{Icon: "users", Title: l.T("group.directory.none"), Text: l.T("group.directory.none_text"), URL: "/me/groups/new", Action: l.T("group.new.title")}
	return s.Site.Render(c, http.StatusOK, "circle/directory", data)
}

type shownPage struct {
	Member  members.Member
	Circles []groups.Membership
	Own     bool
}

// shown lists the circles in which a member chose to be seen by everybody.
func (s *Server) shown(c echo.Context) error {
	ctx := c.Request().Context()
	m, err := members.ByHandle(ctx, s.DB, c.Param("handle"))
	if err != nil {
		return err
	}
	data := shownPage{Member: m, Own: m.ID == viewerID(c)}
	if data.Circles, err = groups.ShownBy(ctx, s.DB, m.ID, listed); err != nil {
		return err
	}
	if m.BlockedAt != nil || m.EmailConfirmedAt == nil {
		return groups.ErrGone
	}
	return s.Site.Render(c, http.StatusOK, "circle/shown", data)
}

type joinPage struct {
	Circle
	Form *page.Form
	Mark string // of the rules that are shown
}

func (s *Server) showJoin(c echo.Context, circle Circle) error {
	switch circle.Entrance() {
	case groups.Inside:
		return page.Redirect(c, circle.Path)
	case groups.Shut:
		return groups.ErrBanned
	}
	return s.joinForm(c, circle, page.NewForm())
}

func (s *Server) joinForm(c echo.Context, circle Circle, form *page.Form) error {
	return s.Site.Render(c, form.Status(), "circle/join", joinPage{circle, form, groups.RulesMark(circle.Group)})
}

func accepted(form *page.Form) groups.Accepted {
	return groups.Accepted{Yes: form.Get("accept") == "yes", Mark: form.Get("mark")}
}

func (s *Server) join(c echo.Context, circle Circle) error {
	form := page.PostedForm(c)
	j, err := s.Groups.Join(c.Request().Context(), circle.ID, circle.Viewer, accepted(form), form.Raw("text"))
	if form.Refused(err) {
		form.Set("accept")
		return s.joinForm(c, circle, form)
	}
	if err != nil {
		return err
	}
	return s.came(c, j)
}

// came leads on somebody who is in now, or waits.
func (s *Server) came(c echo.Context, j groups.Joined) error {
	if j.How == groups.Waiting {
		s.Site.Good(c, "group.join.asked", "Name", j.Group.Name)
		return page.Redirect(c, "/me/groups")
	}
	s.Site.Good(c, "group.join.done", "Name", j.Group.Name)
	return page.Redirect(c, "/g/"+j.Group.Handle)
}

// withdraw takes back one's own request. It says nothing of the circle, which may be private.
func (s *Server) withdraw(c echo.Context) error {
	ctx := c.Request().Context()
	g, err := groups.ByHandle(ctx, s.DB, c.Param("handle"))
	if err != nil {
		return err
	}
	st, err := groups.StandingOf(ctx, s.DB, g.ID, viewerID(c))
	if err != nil {
		return err
	}
	if st.RequestID == 0 && !groups.CanFind(g, st.Role) {
		return groups.ErrGone
	}
	if err := s.Groups.Withdraw(ctx, g.ID, viewerID(c)); err != nil {
		return err
	}
	s.Site.Good(c, "group.join.withdrawn")
	return page.Redirect(c, "/me/groups")
}

// invitationPage shows the name, the sphere, who invites and the rules, and nothing more of a circle.
type invitationPage struct {
	Name, Rules string
	Sphere      groups.Sphere
	Visibility  groups.Visibility
	Inviter     string
	Here        string // path of this page
	Entrance    groups.Entrance
	Form        *page.Form
	Mark        string
}

func (s *Server) invitation(c echo.Context) error { return s.invitationForm(c, page.NewForm()) }

func (s *Server) invitationForm(c echo.Context, form *page.Form) error {
	i, g, how, err := s.Groups.Invited(c.Request().Context(), c.Param("secret"), viewerID(c))
	if err != nil {
		return err
	}
	if how == groups.Inside {
		return page.Redirect(c, "/g/"+g.Handle)
	}
	data := invitationPage{Name: g.Name, Rules: g.Rules, Sphere: g.Sphere, Visibility: g.Visibility, Inviter: i.InviterName,
		Here: groups.Path(c.Param("secret")), Entrance: how, Form: form, Mark: groups.RulesMark(g)}
	return s.Site.Render(c, form.Status(), "circle/invitation", data)
}

func (s *Server) accept(c echo.Context) error {
	form := page.PostedForm(c)
	j, err := s.Groups.Accept(c.Request().Context(), c.Param("secret"), viewerID(c), accepted(form), form.Raw("text"))
	if form.Refused(err) {
		form.Set("accept")
		return s.invitationForm(c, form)
	}
	if err != nil {
		return err
	}
	return s.came(c, j)
}

type stopPage struct{ Here string }

// showStop asks whether nobody shall write to this address any more: looking at a link, as mail scanners do, does nothing.
func (s *Server) showStop(c echo.Context) error {
	if err := s.Groups.CanStop(c.Request().Context(), c.Param("secret")); err != nil {
		return err
	}
	return s.Site.Render(c, http.StatusOK, "circle/stop", stopPage{groups.Path(c.Param("secret")) + "/stop"})
}

func (s *Server) stop(c echo.Context) error {
	if err := s.Groups.Stop(c.Request().Context(), c.Param("secret")); err != nil {
		return err
	}
	s.Site.Good(c, "group.stop.done")
	return page.Redirect(c, "/")
}
