package circle

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"relais/internal/groups"
	"relais/internal/web/page"
)

type membersPage struct {
	Circle
	Staff, People []groups.Person
	Pager         *page.Pager
}

// members is who is in the circle, for those who are in it.
func (s *Server) members(c echo.Context, circle Circle) error {
	ctx := c.Request().Context()
	staff, err := groups.Staff(ctx, s.DB, circle.ID)
	if err != nil {
		return err
	}
	data := membersPage{Circle: circle, Staff: staff, Pager: page.NewPager(c, listed, max(0, circle.Members-len(staff)))}
	if data.People, err = groups.Others(ctx, s.DB, circle.ID, listed, data.Pager.Offset()); err != nil {
		return err
	}
	return s.Site.Render(c, http.StatusOK, "circle/members", data)
}

// Below says whether the viewer may remove and ban somebody.
func (c Circle) Below(p groups.Person) bool {
	return groups.Outranks(c.Role, p.Role) && p.MemberID != c.Viewer
}

type personPage struct {
	Circle
	Person groups.Person
	Form   *page.Form
}

// person is somebody in the circle, with what the viewer may do about it.
func (s *Server) person(c echo.Context, circle Circle) error {
	return s.personForm(c, circle, page.NewForm())
}

func (s *Server) personForm(c echo.Context, circle Circle, form *page.Form) error {
	p, err := groups.PersonIn(c.Request().Context(), s.DB, circle.ID, c.Param("who"))
	if err != nil {
		return err
	}
	return s.Site.Render(c, form.Status(), "circle/person", personPage{circle, p, form})
}

// setRole names a moderator, ends that, or hands the circle over.
func (s *Server) setRole(c echo.Context, circle Circle) error {
	ctx, form := c.Request().Context(), page.PostedForm(c)
	p, err := groups.PersonIn(ctx, s.DB, circle.ID, c.Param("who"))
	if err != nil {
		return err
	}
	role, key := groups.Role(form.Get("role")), "group.person.role_done"
	if role == groups.Owner {
		err, key = s.Groups.HandOver(ctx, circle.ID, circle.Viewer, p.MemberID), "group.person.handed_over"
	} else {
		err = s.Groups.SetRole(ctx, circle.ID, circle.Viewer, p.MemberID, role)
	}
	if form.Refused(err) {
		return s.personForm(c, circle, form)
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, key, "Name", p.Name)
	return page.Redirect(c, circle.Path+"/members")
}

// putOut removes somebody from the circle; with ban for good.
func (s *Server) putOut(c echo.Context, circle Circle) error {
	ctx, form := c.Request().Context(), page.PostedForm(c)
	p, err := groups.PersonIn(ctx, s.DB, circle.ID, c.Param("who"))
	if err != nil {
		return err
	}
	err = s.Groups.Remove(ctx, circle.ID, circle.Viewer, p.MemberID, form.Raw("why"), form.Get("ban") == "yes")
	if form.Refused(err) {
		return s.personForm(c, circle, form)
	}
	if err != nil {
		return err
	}
	s.Site.Good(c, "group.person.out_done", "Name", p.Name)
	return page.Redirect(c, circle.Path+"/members")
}

func (s *Server) unban(c echo.Context, circle Circle) error {
	n, err := id(c)
	if err != nil {
		return err
	}
	if err := s.Groups.Unban(c.Request().Context(), circle.ID, circle.Viewer, n); err != nil {
		return err
	}
	s.Site.Good(c, "group.bans.done")
	return page.Redirect(c, circle.Path+"/moderation")
}
